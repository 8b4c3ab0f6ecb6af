/* What outlives the process of dialogs, calls, subscriptions and occupants:
 * values that their owners write, and read back after a restart. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "conference/model.h"
#include "sip/sdp.h"

enum kept_kind {
	KEPT_DIALOG,	   /* by id: an encoded PORT_DIALOG */
	KEPT_CALL,	   /* by its dialog's id */
	KEPT_SUBSCRIPTION, /* by its dialog's id and the Event's id */
	KEPT_OCCUPANT,	   /* by room and full JID: one of XMPP's */
	KEPT_HEARD,	   /* by room: what our users there have heard */
	KEPT_KINDS
};

/* Where values are kept. Both copy what they are given; the latest value of a
 * key counts. keep NULL: nothing is kept. */
struct keep {
	void (*keep)(void *user, enum kept_kind kind, struct str key,
		     struct str value);
	void (*drop)(void *user, enum kept_kind kind, struct str key);
	void *user;
};
void keep_put(const struct keep *k, enum kept_kind kind, struct str key,
	      struct str value);
void keep_drop(const struct keep *k, enum kept_kind kind, struct str key);

/* The key of a dialog, which those of its call and subscriptions begin with. */
#define KEPT_ID_CHARS 16
struct str kept_dialog_key(char z[KEPT_ID_CHARS + 1], uint64_t dlg);
/* The id of a key that begins so; 0: it does not. */
uint64_t kept_dialog_id(struct str key);

#define KEPT_BYTES_MAX	    1048576u
#define KEPT_IDENTITIES_MAX 16

struct kept_call {
	uint64_t order; /* calls come back in this order */
	struct str room, dialled, contact;
	struct str uri, display, user, device;
	size_t n_identities;
	struct str identity[KEPT_IDENTITIES_MAX];
	uint64_t anonymous;
	struct str nick;
	bool nick_chosen;
	bool invited; /* we have called him, */
	struct str invited_by;
	uint64_t joined_ms; /* wall clock */
	struct str sdp;	    /* our last one; empty: none */
	uint64_t sdp_id, sdp_version;
	bool media; /* there is a session to be renewed */
	bool plain;
	/* what the peer takes and wants; no path, no address */
	struct sdp_media peer;
	uint64_t interval_s, min_se_s; /* RFC 4028; 0: no timer */
	bool ours, peer_supports, update;
};

struct kept_subscription {
	struct str room, event_id, user, contact;
	uint64_t version;    /* no document had a higher one */
	uint64_t expires_ms; /* wall clock */
	bool full_only;
};

struct kept_occupant {
	struct str room, jid, nick, stable_id;
	enum affiliation affiliation;
};

/* Of a room in a remote MUC service. */
#define KEPT_MARK 8 /* octets */
struct kept_heard {
	uint64_t seed;	  /* of the marks */
	uint64_t last_ms; /* wall clock: when it spoke last */
	struct str marks; /* of messages, the oldest first */
};

void kept_call_write(struct buf *b, const struct kept_call *c);
void kept_subscription_write(struct buf *b, const struct kept_subscription *s);
void kept_occupant_write(struct buf *b, const struct kept_occupant *o);
void kept_heard_write(struct buf *b, const struct kept_heard *h);
/* Slices of in. 0; ERR_SYNTAX, ERR_TOO_BIG, and ERR_UNSUPPORTED for what
 * another version of this program has written. */
int kept_call_read(struct str in, struct kept_call *c);
int kept_subscription_read(struct str in, struct kept_subscription *s);
int kept_occupant_read(struct str in, struct kept_occupant *o);
int kept_heard_read(struct str in, struct kept_heard *h);
/* One of the marks: written at the end of b; the i-th. */
void kept_put_mark(struct buf *b, uint64_t mark);
uint64_t kept_mark(const struct kept_heard *h, size_t i);
