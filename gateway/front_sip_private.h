/* Who callers and subscribers are, also those who hide their names. */
#pragma once

#include "gateway/front_sip_priv.h"

/* Gives a caller who asks for it a name that is not his own (RFC 3323 §4.2):
 * 200, or the status owed and why. possible: the room allows it. */
int call_privacy(struct call *c, const struct port_msg *m, bool possible,
		 const char **why);
/* The occupant with this user_key, or with this anonymous address, or NULL. */
const struct occupant *user_in_room(struct seat *s, struct str key);
/* Likewise, or one who came with this among his addresses (CHAT-23); seen from
 * the caller's room. */
const struct occupant *user_called(struct call *by, struct str key);
/* Of one who hides his name: the key that he has with it. Empty: he does not
 * hide, or nobody knows. */
struct str account_behind(struct str user);
/* Is this the subscriber's key, under his name or without one? */
bool is_subscriber(const struct subscription *s, struct str user);
/* The subscriber in his room, as who he subscribed (other false), or under his
 * other name: hidden if that is not. NULL: he is not there. */
const struct occupant *subscriber_inside(struct subscription *s, bool other);
/* Is it the key of one who hides his name? */
bool is_hidden(struct str user);
/* The key of whom a request vouches for; empty: nobody. */
struct str request_user(const struct dialog *d, const struct port_msg *m,
			struct arena *a);
/* Does From name nobody (RFC 3323 §4.1.1.3)? *uri: what it says instead. */
bool from_is_nobody(struct str from, struct arena *a, struct str *uri);
/* Do both come from the same user, under his name or without one? */
bool same_person(const struct call *a, const struct call *b);
/* Is this key one of the names that the caller gave? */
bool call_has_identity(const struct call *c, struct str key);
/* Is it his, whose key this is? */
bool is_of_person(const struct call *c, struct str user);
