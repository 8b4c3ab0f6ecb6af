/* Several streams of one component domain, for servers that share a component's
 * load over them (ejabberd): to the owner they are one link. Each reconnects
 * alone. What goes to one user takes one stream, so that he gets it in order;
 * when that goes down, his stanzas move to another, those that wait first. */
#pragma once

#include "xmpp/stream.h"

#define XMPP_BUNDLE_MAX 16

struct xmpp_bundle;

/* As xmpp_link_new, with n streams (1 to XMPP_BUNDLE_MAX). ops: up and down are
 * of the first and the last of them; up once more where one of several was lost
 * or is back: what the server had given to it may be lost. */
struct xmpp_bundle *xmpp_bundle_new(const struct xmpp_link_cfg *cfg,
				    unsigned n);
void xmpp_bundle_free(struct xmpp_bundle *b); /* NULL is fine */
void xmpp_bundle_close(struct xmpp_bundle *b, void (*done)(void *user),
		       void *user);
bool xmpp_bundle_is_up(const struct xmpp_bundle *b);
/* As xmpp_link_send; all stanzas of a call go to one user. */
int xmpp_bundle_send(struct xmpp_bundle *b, struct str text);
unsigned xmpp_bundle_streams(const struct xmpp_bundle *b);
/* How many of them are up. */
unsigned xmpp_bundle_streams_up(const struct xmpp_bundle *b);
/* Of all streams together. */
struct xmpp_link_stats xmpp_bundle_stats(const struct xmpp_bundle *b);
