/* Nicknames at the border of the two worlds; the profiles are in base/precis.h.
 * Pure. */
#pragma once

#include "base/buf.h"

struct confinfo_user;

/* The name under which a SIP conference's roster shows a user (RFC 7702 §7,
 * NICK-13): xcon:nickname, else display-text, else gr, else the user part. Not
 * yet enforced. Nothing is added if the entity has no user part either. */
void map_roster_name(struct buf *out, const struct confinfo_user *u);

/* The value of Use-Nickname, quoted (RFC 7701 §7.1, NICK-14). */
void map_use_nickname(struct buf *out, struct str nick);

/* A nickname for a SIP user who has not chosen one (RFC 7702 §6.1, S2X-6): his
 * display name, else the user part of his URI, else "sip-" and the last four
 * digits of number; enforced. */
void map_temp_nick(struct buf *out, struct str display, struct str uri,
		   unsigned number);

/* The same for a room that has refused that one, as servers do whose idea of
 * what a JID may hold is older (XEP-0045 §17.1, RFC 3920's resourceprep takes
 * no emoji): without what such a server may not know, else the
 * user part of his address, else "sip-" and digits. */
void map_plain_nick(struct buf *out, struct str refused, struct str user,
		    unsigned number);
