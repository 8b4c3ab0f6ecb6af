/* One XEP-0114 component stream on the core's loop: connects, reconnects with
 * back-off, keeps alive, hands stanzas up as trees and takes them as text. */
#pragma once

#include "base/loop.h"
#include "base/net.h"
#include "xmpp/stanza.h"

struct xmpp_link;

struct xmpp_link_ops {
	void (*up)(void *user);
	/* The stream that was up is down (it reconnects by itself); why for
	 * the log. Attempts that fail are logged here. */
	void (*down)(void *user, const char *why);
	/* A stanza; the tree lives until the callback returns. */
	void (*stanza)(void *user, const struct xnode *stanza);
};

struct xmpp_link_cfg {
	struct loop *loop;
	struct addr server; /* numeric */
	const char *domain, *secret;
	size_t max_stanza; /* received; larger is a policy-violation [65536] */
	size_t max_queue;  /* octets unsent [16777216] */
	const struct xmpp_link_ops *ops;
	void *user;
};

/* Starts connecting. NULL is never returned. */
struct xmpp_link *xmpp_link_new(const struct xmpp_link_cfg *cfg);
/* Ends callbacks and frees; what is queued is lost (use _close first). */
void xmpp_link_free(struct xmpp_link *l);
/* Flushes for at most 5 s, ends the stream and calls done once. */
void xmpp_link_close(struct xmpp_link *l, void (*done)(void *user), void *user);
bool xmpp_link_is_up(const struct xmpp_link *l);
/* Queues one stanza or several, whole, as text; written in one batch at the end
 * of the loop turn. While the link is down up to 1000 calls within 60 s are
 * kept for the reconnect (COMP-11). 0, ERR_CONGESTED (over max_queue), ERR_GONE
 * (down too long). */
int xmpp_link_send(struct xmpp_link *l, struct str text);

/* What waits and was not wholly written, call by call; take gets all of it
 * that is not too old, and the link forgets it. For a link that is down. */
void xmpp_link_unsent(struct xmpp_link *l,
		      void (*take)(void *user, struct str text), void *user);
/* Is it this link's own sign of life, which came back by another stream? Then
 * the link is alive, and the stanza nobody else's (COMP-9). */
bool xmpp_link_is_sign(struct xmpp_link *l, const struct xnode *stanza);

struct xmpp_link_stats {
	uint64_t connects, stanzas_in, stanzas_refused, bytes_out, dropped;
	size_t queued_bytes; /* at this moment */
};
struct xmpp_link_stats xmpp_link_stats(const struct xmpp_link *l);
