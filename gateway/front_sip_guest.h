/* Guests: whom the focus has called and who is not in the room yet. The rosters
 * show them (RFC 4575 §5.7.2), and how those came in who are there. */
#pragma once

#include "base/arena.h"

struct call;
struct front_sip;
struct guests;
struct watched_room;

struct guest_view {
	struct str entity; /* his address */
	uint64_t id;
	bool alerting;	   /* else dialing-out */
	struct str by;	   /* at whose wish, or empty */
	uint64_t since_ms; /* wall clock */
};

struct guests *guests_new(void);
/* After the calls and the subscriptions. */
void guests_free(struct guests *g);
/* The room's guests one by one, *it from 0. */
bool guest_next(const struct watched_room *w, size_t *it,
		struct guest_view *out);
/* The one of this address. */
bool guest_find(const struct watched_room *w, const char *entity,
		struct guest_view *out);

/* A dial-out starts, rings, fails with this status, or its user is in. */
void guest_called(struct call *c);
void guest_rings(struct call *c);
void guest_failed(struct call *c, int status, struct str phrase);
/* Its INVITE is cancelled, since somebody (a URI, or empty) wants it. */
void guest_removed(struct call *c, struct str by);
/* Any call that is in the room. */
void guest_joined(struct call *c);
/* The call is over. */
void guest_unlist(struct call *c);
/* The call that holds this seat, or NULL (an XMPP user's). */
const struct call *guest_call(const struct front_sip *f, uint64_t seat);
