/* A session: what it has to send, what it gets, and who its peer is. */
#pragma once

#include "msrp/fingerprint.h"
#include "msrp/receive_priv.h"
#include "msrp/send_priv.h"

enum session_state {
	SESSION_IDLE,	    /* waiting for the request that binds it */
	SESSION_CONNECTING, /* we connect */
	SESSION_BOUND,
	SESSION_CLOSED,
};

struct msrp_session {
	/* what each message sent looks at stands together */
	struct msrp *m;
	struct msrp_conn *conn;
	enum session_state state;
	bool dying; /* freed by its owner, its queue still being written */
	bool relayed, congested, is_ready, secure, peer_sends, peer_is_switch;
	bool lagging; /* congested until all is written */
	unsigned n_transactions;
	size_t peer_max_size, max_message;
	/* of a SEND, from the transaction id to the middle of the Message-ID */
	struct str send_head;
	struct outgoings queue;
	struct outgoings flows; /* whose octets still come */
	unsigned n_flows;
	size_t queued;	   /* octets of bodies in the queue */
	uint64_t mark_off; /* where its last frame ends in the output */
	uint64_t rendered; /* octets it has put there, since it was empty */

	TAILQ_ENTRY(msrp_session) link; /* of its connection */
	TAILQ_ENTRY(msrp_session) inlet_link;
	struct msrp_conn
	    *inlet; /* its peer's relay speaks here, too; or NULL */
	TAILQ_ENTRY(msrp_session) ready; /* has something to send */
	const struct msrp_session_ops *ops;
	void *user;
	struct msrp_uri uri;
	struct str paths; /* To-Path and From-Path of our requests, rendered */
	struct str peer_path;
	struct str peer_uri;		       /* the leftmost */
	struct msrp_fingerprint *fingerprints; /* one of them is to match */
	size_t n_fingerprints;
	char *late_head; /* send_head, where the path came late */
	char id_prefix[MSRP_ID / 2];
	struct incomings incomings;
	unsigned n_incoming;
	struct timer chunk_timer;
	struct unanswereds unanswereds;
	unsigned n_unanswered;
	struct unanswereds unreported; /* answered, the report is held */
	unsigned n_unreported;
	struct transactions transactions;
	struct awaiting reports; /* of success, that are wanted */
	struct awaiting taken;	 /* answered 200, and may fail still */
	unsigned timeouts;
	uint64_t congested_ms; /* since when */
	struct timer response_timer;
	struct deferred start;
	struct addr *addrs; /* to be connected to */
	size_t n_addrs, next_addr;
	char text[]; /* URI, paths */
};

/* connect.c */
/* Its connection came to nothing: is there another address to try? */
bool connect_next(struct msrp_session *s);

/* session.c */
struct msrp_session *session_find(struct msrp *m, const struct msrp_uri *uri);
/* The connection is there: for a session that connected out. */
void session_connected(struct msrp_session *s);
/* Ends the session's use of its connection and tells its owner. */
void session_closed(struct msrp_session *s, enum msrp_closed why);
/* The queue of one that its owner has freed is written. */
void session_bury(struct msrp_session *s);

/* verify.c */
/* May s use c as far as TLS tells who the peer is? NULL, or why not. */
const char *verify_peer(const struct msrp_conn *c,
			const struct msrp_session *s);
/* Reads the values of a=fingerprint into s. */
void verify_expect(struct msrp_session *s, struct str fingerprints);
void verify_log(const struct msrp_conn *c, const char *why);
/* Ends s, and c if nobody else uses it: the peer of c is not that of s. */
void verify_failed(struct msrp_conn *c, struct msrp_session *s,
		   const char *why);
