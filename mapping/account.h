/* How administrators name users: one way of writing for both worlds. Pure. */
#pragma once

#include "mapping/addr.h"

/* "user@domain": the SIP user sip:user@domain, the XMPP user user@domain and
 * whoever is seen there under that name. "@domain": all users of it. With sip:,
 * sips: or tel: SIP users alone, and "sip:@domain" those of a domain. Appends
 * the key of conference/room.h (struct room_affiliation) to out. ERR_SYNTAX,
 * ERR_PREPARE, ERR_UTF8. */
int map_account(struct buf *out, struct str in);

/* The same of a JID, without its resource, as XMPP users name people: one below
 * FOREIGN is the SIP user of that address, a mere domain all its users. */
int map_jid_to_account(const struct map_domains *d, struct str jid,
		       struct buf *out);
/* The other way: what XMPP users are shown. A SIP user who has no JID gets the
 * one that stands for users of every kind; a domain of SIP users its name.
 * ERR_SYNTAX for a telephone number without. */
int map_account_to_jid(const struct map_domains *d, struct str key,
		       struct buf *out);
/* Is this somebody whom only SIP reaches? */
bool map_is_sip_user(const struct map_domains *d, struct str key);
