/* The nickname that a NICKNAME request asks for (RFC 7701 §7.1). Pure. */
#pragma once

#include "base/buf.h"
#include "msrp/frame.h"
#include "msrp/msrp.h"

#define MSRP_NICKNAME_MAX 1023

/* Unquotes Use-Nickname, or else reads the draft's Set-Nickname (conference
 * DRAFT-1), into text; out->text is a slice of it, out->room one of the head.
 * Unquoted values are read, as Blink sends them. ERR_MISSING; ERR_SYNTAX,
 * ERR_TOO_BIG, ERR_UTF8 for a value that the owner answers with 424. */
int msrp_nickname_parse(const struct msrp_head *h, char text[MSRP_NICKNAME_MAX],
			struct msrp_nickname *out);

/* Takes the draft's URI of a nickname apart, sip:nick%40room@host: appends the
 * nick decoded; *room is "room@host" as written, or "host" of a room without a
 * name. ERR_SYNTAX. */
int msrp_nickname_uri(struct str uri, struct buf *nick, struct str *room);
