/* The back end of rooms hosted here: puts the domain's policy and the users'
 * stable ids between the front ends and conference/. */
#pragma once

#include "conference/room.h"
#include "gateway/config.h"
#include "mapping/addr.h"

struct back_local;

/* Borrows all; the log hears whom a list keeps out. */
struct back_local *back_local_new(const struct config *cfg, struct rooms *rooms,
				  struct log *log);
/* The content of cfg has changed. */
void back_local_reconfigure(struct back_local *b);
void back_local_free(struct back_local *b);

/* The local-room domain of this name, or NULL. */
const struct domain_config *back_local_domain(const struct back_local *b,
					      struct str domain);
/* The settings that the configuration has for this room; false: it is of no
 * domain of ours. */
/* How domains are called in the other world; good until the next
 * back_local_reconfigure. */
const struct map_domains *back_local_domains(const struct back_local *b);
bool back_local_policy(const struct back_local *b, struct str room,
		       struct room_policy *out);
/* XEP-0421: the same for a user whenever he is in this room of the domain,
 * telling nobody who he is; in hex. */
struct str back_local_stable_id(const struct back_local *b,
				const struct domain_config *d, struct str room,
				struct str user, char hex[41]);
/* May a user of this world bring a room of this domain into being (FOCUS-2,
 * X2S-12)? */
bool back_local_may_create(const struct back_local *b, struct str domain,
			   enum world world);
/* Does the room exist, or may a user of this world create it? REASON_OK,
 * REASON_NO_ROOM.
 */
enum reason_code back_local_reachable(const struct back_local *b,
				      struct str room, enum world world);
/* The settings of the room, or of one that would be made under this name. NULL:
 * no domain of ours. */
const struct room_policy *back_local_settings(const struct back_local *b,
					      struct str room);
/* May he come, as far as that can be told without his nickname? A room that is
 * not there: unless its domain bans him. Its jid and account_jid are used and
 * emptied. */
enum reason_code back_local_admits(const struct back_local *b,
				   struct seat_join *join);
/* Do these lists let him go to a room that lives elsewhere? Logs if not. */
bool back_local_lets(const struct back_local *b, const struct access *a,
		     const struct seat_join *join);
/* Makes the rooms of the configuration and has all others follow it: at the
 * start, after rooms were restored, and when it was read again. */
void back_local_apply(struct back_local *b);
/* Joins join->room; fills may_create, stable_id and, for SIP users, jid and
 * account_jid. */
enum reason_code back_local_join(struct back_local *b, struct seat_join *join,
				 struct seat *seat);
/* Likewise a room that its domain's factory has named: this user makes it,
 * whatever the domain's `create` says. */
enum reason_code back_local_found(struct back_local *b, struct seat_join *join,
				  struct seat *seat);
/* Is it the JID of a SIP user? Then his URI, or *condition: the stanza error
 * for one who has none. */
bool back_local_sip_user(const struct back_local *b, struct str jid,
			 struct buf *uri, const char **condition);
/* An xmpp: URI of such a user; false: of anybody else. */
bool back_local_sip_uri(const struct back_local *b, struct str uri,
			struct buf *out);
/* The bare JID of the XMPP user whom a URI names, xmpp: or in SIP's form;
 * false: it names somebody else. */
bool back_local_jid(const struct back_local *b, struct str uri,
		    struct buf *out);
/* May this occupant invite the user of this key (a bare JID or uri_key())?
 * REASON_NO_ROOM, REASON_BANNED (the invited), REASON_FORBIDDEN: only members
 * may come and only admins invite (XEP-0045 §9.5). */
enum reason_code back_local_may_invite(const struct back_local *b,
				       struct str room,
				       const struct occupant *by,
				       struct str key);
/* The same, and where only members may come, he becomes one. REASON_FLOOD: he
 * has invited too many. */
enum reason_code back_local_invite(struct back_local *b, struct str room,
				   const struct occupant *by, struct str key,
				   uint64_t now_ms);
/* Counts one into a room elsewhere, which itself decides who may invite.
 * REASON_OK, REASON_FLOOD. */
enum reason_code back_local_count_invite(struct back_local *b,
					 const struct occupant *by,
					 uint64_t now_ms);
/* Is this the address of its domain's factory (RFC 4353 §5.1)? No room is ever
 * made of it. */
bool back_local_is_factory(const struct back_local *b, struct str room);
/* May a room of ours have this address? */
bool back_local_is_name(const struct back_local *b, struct str room);
/* A fresh room address of the same domain, which nobody can guess. */
struct str back_local_new_address(const struct back_local *b,
				  struct str factory, struct arena *a);
