/* The component streams: one or several for each domain of the configuration
 * that has a secret and rooms of its own. What comes in on them goes to the
 * core's XMPP front end. */
#pragma once

#include "gateway/core.h"
#include "xmpp/bundle.h"

struct links;

/* Without any stream. Borrows both. */
struct links *links_new(struct loop *loop, struct core *core);
/* At once; what is queued is lost. NULL is fine. */
void links_free(struct links *ls);
/* Makes the streams what core->config wants: starts those of new domains,
 * closes those of domains that are gone, and does both where the secret has
 * changed, or the number of streams. */
void links_update(struct links *ls);
/* As xmpp_bundle_send, on a stream of this domain; ERR_GONE: it has none. */
int links_send(struct links *ls, struct str domain, struct str text);
/* Flushes and ends all, then calls done once (at once if there is none). No
 * stream is started after that. */
void links_close(struct links *ls, void (*done)(void *user), void *user);

struct link_state {
	const char *domain; /* good until the streams change */
	bool up;
	unsigned streams, streams_up; /* `connections`, and those up */
	struct xmpp_link_stats stats;
};
/* One after the other, *it from 0; false at the end. */
bool links_next(const struct links *ls, size_t *it, struct link_state *out);
