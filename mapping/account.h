/* How administrators name users: one way of writing for both worlds. Pure. */
#pragma once

#include "base/buf.h"

/* "user@domain": the SIP user sip:user@domain, the XMPP user user@domain and
 * whoever is seen there under that name. "@domain": all users of it. With sip:,
 * sips: or tel: SIP users alone, and "sip:@domain" those of a domain. Appends
 * the key of conference/room.h (struct room_affiliation) to out. ERR_SYNTAX,
 * ERR_PREPARE, ERR_UTF8. */
int map_account(struct buf *out, struct str in);
