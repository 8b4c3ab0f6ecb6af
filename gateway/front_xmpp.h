/* The front end of XMPP users: the room service of our local-room domains
 * (XEP-0045). Every full JID in a room holds a seat. Stanzas come in as trees
 * and go out as text; where the rooms live is the join function's business. */
#pragma once

#include "base/loop.h"
#include "conference/room.h"
#include "conference/seat.h"
#include "gateway/invitation.h"
#include "gateway/kept.h"
#include "mapping/addr.h"
#include "xmpp/stanza.h"

struct archive;
struct config;
struct front_xmpp;

struct front_xmpp_domain {	   /* one local room domain with a stream */
	const char *domain, *name; /* "chat.example.org", human-readable */
};

/* Borrowed pointers; 0 = the default in brackets. */
struct front_xmpp_cfg {
	struct loop *loop;
	const struct config *config; /* how much users may send; NULL: any */
	struct rooms *rooms;	     /* the directory, for disco */
	/* Names of domains; one that is not listed goes by its address. */
	const struct front_xmpp_domain *domains;
	size_t n_domains;
	/* Joins through the back end, which fills policy and stable ids. */
	enum reason_code (*join)(void *user, struct seat_join *join,
				 struct seat *seat);
	bool (*may_create)(void *user, struct str domain);
	/* Does the room live on another server? May be NULL. */
	bool (*elsewhere)(void *user, struct str room);
	/* What the configuration says of the room; false: of no such domain. */
	bool (*policy)(void *user, struct str room, struct room_policy *out);
	const struct map_domains *(*domain_names)(void *user);
	/* May he enter the room, as far as that can be told (X313 §6.1.2)? */
	enum reason_code (*admits)(void *user, struct seat_join *join);
	struct archive *archive; /* NULL: there is none */
	/* Stanzas out, whole, as text, on the stream of `domain`. */
	int (*send)(void *user, struct str domain, struct str text);
	/* Invitations; each may be NULL (there are no SIP users, and everybody
	 * may invite). sip_user: is this JID one of a SIP user? Then his URI,
	 * or, if he has none, a stanza error's condition. let_in:
	 * back_local_invite, or back_local_count_invite of a room elsewhere.
	 * invite: one to a SIP user, to: his URI. answered: what is said to one
	 * of a SIP user. */
	bool (*sip_user)(void *user, struct str jid, struct buf *uri,
			 const char **condition);
	enum reason_code (*let_in)(void *user, struct str room,
				   const struct occupant *by, struct str key);
	void (*invite)(void *user, const struct invitation *i);
	void (*answered)(void *user, const struct invitation_answer *a);
	void *user;
	struct keep keep;      /* who is in which room: KEPT_OCCUPANT */
	unsigned ping_idle_ms; /* silent occupants are pinged after [900000] */
	unsigned link_lost_ms; /* occupants outlive their stream for [60000] */
	size_t max_sessions;   /* full JIDs in rooms [100000] */
	size_t max_answer;     /* octets of one [262144] */
	size_t max_message;    /* octets of a message's strings [262144] */
};

struct front_xmpp *front_xmpp_new(const struct front_xmpp_cfg *cfg);
/* Seats leave without a word to their users: use front_xmpp_shutdown before.
 * NULL is fine. */
void front_xmpp_free(struct front_xmpp *f);
/* Other names of domains. */
void front_xmpp_set_domains(struct front_xmpp *f,
			    const struct front_xmpp_domain *domains, size_t n);
/* A message to all as its receivers get it: what follows "<message" and its
 * address; empty: nothing. Lives with the message. */
struct str front_xmpp_stanza_of(struct str room, struct message *m);
/* A stanza from the stream of `domain`; the tree may go when this returns. */
void front_xmpp_stanza(struct front_xmpp *f, struct str domain,
		       const struct xnode *stanza);
/* An occupant of an earlier run: as soon as the stream of his domain is up he
 * is told that he is out (status 332), so that his client joins again. */
void front_xmpp_restore(struct front_xmpp *f, struct str key, struct str value);
/* again: the stream was up before; every occupant of the domain is pinged, for
 * he may have gone meanwhile (COMP-10, X2S-34). */
void front_xmpp_link_up(struct front_xmpp *f, struct str domain, bool again);
/* Unless the stream is up again in time, all occupants who came by it leave
 * (REASON_LOST). */
void front_xmpp_link_down(struct front_xmpp *f, struct str domain);
/* Sends the invitation of a SIP user who may invite; to: a JID, prepared; id:
 * is named in what is answered. REASON_OVERLOAD (no stream), REASON_NO_ROOM. */
enum reason_code front_xmpp_invite(struct front_xmpp *f,
				   const struct invitation *i);
/* A full JID of `by` asks a SIP user himself into a room that is served here
 * (XEP-0249): i->room, prepared; i->to: the SIP user's bare JID; by and id are
 * not read. He is called as if the room had been asked to; or the error that is
 * owed to the sender. */
struct stanza_error front_xmpp_direct_invite(struct front_xmpp *f,
					     struct str by,
					     const struct invitation *i);
/* What a SIP user whom one of ours has invited says: a final SIP status. */
void front_xmpp_invited(struct front_xmpp *f, uint64_t id, int status,
			struct str phrase);
/* Tells every occupant that the service goes (status 332) and takes his seat
 * away; refuses what comes in after that. */
void front_xmpp_shutdown(struct front_xmpp *f);

struct front_xmpp_stats {
	size_t sessions;
	uint64_t joins, refused, messages_in, stanzas_out, ghosts, unsent;
	uint64_t flooders;	       /* removed for sending too much */
	uint64_t refused_for[REASONS]; /* refused, by reason */
};
struct front_xmpp_stats front_xmpp_stats(const struct front_xmpp *f);
