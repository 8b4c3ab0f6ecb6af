/* The nickname that a NICKNAME request asks for (RFC 7701 §7.1). Pure. */
#pragma once

#include "msrp/frame.h"

#define MSRP_NICKNAME_MAX 1023

/* Unquotes Use-Nickname, or else reads the draft's Set-Nickname (conference
 * DRAFT-1), into text; *out is a slice of it, empty to give the nickname up.
 * Unquoted values are read, as Blink sends them. ERR_MISSING; ERR_SYNTAX,
 * ERR_TOO_BIG, ERR_UTF8 for a value that the owner answers with 424. */
int msrp_nickname_parse(const struct msrp_head *h, char text[MSRP_NICKNAME_MAX],
			struct str *out);
