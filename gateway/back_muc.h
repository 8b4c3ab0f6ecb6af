/* The back end of rooms in remote MUC services (RFC 7702 §6): a SIP user's
 * device is an occupant there under a JID of its own, his proxy, which speaks
 * by the component of his domain. */
#pragma once

#include "gateway/config.h"
#include "gateway/invitation.h"
#include "gateway/kept.h"
#include "gateway/leg.h"
#include "mapping/addr.h"
#include "xmpp/stanza.h"

struct back_muc;

/* All is borrowed. */
struct back_muc_cfg {
	struct loop *loop;
	const struct config *config;
	const struct map_domains *(*domain_names)(void *user);
	struct bridged *bridged; /* counts the legs */
	/* which of the domains that the configuration leaves open are XMPP's;
	 * NULL: none */
	struct discover *discover;
	/* Stanzas out, whole, as text, on the stream of `domain`; as
	 * xmpp_link_send. */
	int (*send)(void *user, struct str domain, struct str text);
	/* A room elsewhere invites a SIP user: i->to is his URI, i->by the
	 * inviter, WORLD_SIP with the URI by which SIP users know him.
	 * What he says comes by back_muc_invited(). NULL: nobody is called. */
	void (*invite)(void *user, const struct invitation *i);
	/* Likewise, by a direct invitation of this full JID, to a room that is
	 * no MUC elsewhere; i->to: his bare JID. The error owed for it, of
	 * type NULL: none. May be NULL. */
	struct stanza_error (*invite_here)(void *user, struct str by,
					   const struct invitation *i);
	void *user;
	struct keep keep; /* what rooms were heard to say: KEPT_HEARD */
};

struct back_muc *back_muc_new(const struct back_muc_cfg *cfg);
void back_muc_free(struct back_muc *b); /* without a word; NULL is fine */

/* A value kept by an earlier run, before anybody joins. */
void back_muc_restore(struct back_muc *b, struct str key, struct str value);

/* A seat in join->room, "name@domain". REASON_OK: it is taken, and SEAT_JOINED
 * or SEAT_ENDED comes later. An observer's needs a device of join->user there
 * (REASON_NOT_JOINED). REASON_FORBIDDEN: none of our components can speak for
 * this user; REASON_OVERLOAD: its stream is down. */
enum reason_code back_muc_join(struct back_muc *b, const struct seat_join *join,
			       struct seat *seat);
/* A stanza to a domain of SIP users, from its stream; the tree may go when this
 * returns. */
void back_muc_stanza(struct back_muc *b, struct str domain,
		     const struct xnode *stanza);
/* Every proxy of the domain asks whether it is still in its room (COMP-12), and
 * if so for what was said meanwhile; or asks once more to come in. */
void back_muc_link_up(struct back_muc *b, struct str domain);
/* Unless the stream is up again within a minute, its legs end. */
void back_muc_link_down(struct back_muc *b, struct str domain);
/* Is the stream of this domain known to be down? */
bool back_muc_is_down(const struct back_muc *b, struct str domain);
/* What a SIP user said to a room's invitation: a final SIP status. False: it
 * was none of ours. */
bool back_muc_invited(struct back_muc *b, uint64_t id, int status,
		      struct str phrase);
/* The content of the configuration has changed: those leave whose users have no
 * component of ours any more, or whose rooms can't be reached. */
void back_muc_reconfigure(struct back_muc *b);
/* All leave, and say why; seats get SEAT_ENDED. No more joins. */
void back_muc_shutdown(struct back_muc *b);
/* What is kept stays as it is, whoever leaves from now on. */
void back_muc_keep_no_more(struct back_muc *b);

struct back_muc_stats {
	size_t legs, open; /* those whose user is in his room */
	uint64_t joins, refused, rejoins;
	uint64_t messages_in, messages_out, echoes, undelivered;
};
struct back_muc_stats back_muc_stats(const struct back_muc *b);
