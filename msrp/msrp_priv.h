/* What the files of msrp/ share: the endpoint, its connections and sessions.
 *
 *   listen.c     the endpoint: listeners, accepting
 *   tls.c        TLS contexts and streams
 *   verify.c     is a TLS peer who he should be
 *   fingerprint.c  certificates' hashes in SDP
 *   conn.c       one stream: life, reading, the timers
 *   output.c     one stream: answers, reports, flushing
 *   whole.c      messages that go out in one piece
 *   outgoing.c   messages that wait for their chunks
 *   chunk.c      chunks that go out
 *   request.c    a received request: whose is it, may it be
 *   receive.c    a received SEND: chunks, messages, answers
 *   inflow.c     received messages that are passed on as they come
 *   inlet.c      where a relay speaks to us on a connection of its own
 *   transact.c   what comes back for what we sent
 *   connect.c    a session that connects to its peer
 *   session.c    the public face of a session
 */
#pragma once

#include <sys/queue.h>

#include "msrp/assembly.h"
#include "msrp/fingerprint.h"
#include "msrp/frame.h"
#include "msrp/msrp.h"

/* What stays unsent in a connection before further chunks wait in their
 * sessions. */
#define MSRP_OUT_HIGH 65536
/* A peer with this many octets of answers unread is not read any more. */
#define MSRP_OUT_PAUSE 262144
/* Beyond this nothing more can be queued at all. */
#define MSRP_OUT_MAX 4194304
/* RFC 4975 §7.1.1: a longer chunk has `*` for its end and can be interrupted.
 */
#define MSRP_CHUNK_WHOLE 2048
/* Relays stop at 10240 octets (conference MSRP-33). */
#define MSRP_CHUNK_RELAY 10000
/* Longer messages always take their turns through the session's queue. */
#define MSRP_DIRECT_MAX 65536
#define MSRP_LINGER_MS	5000
#define MSRP_DRAIN_MS	1000
#define MSRP_STALL_MS	120000
/* Requests of a peer that its owner has not answered yet. */
#define MSRP_UNANSWERED_MAX 1000
/* Our own unanswered requests in a session, and how many chunks of which only
 * an error is told may be among them. */
#define MSRP_TRANSACTIONS_MAX 4096
#define MSRP_CHUNKS_NOTED_MAX 1024
/* Messages to one session whose octets still come. */
#define MSRP_FLOWS_MAX	    64
#define MSRP_LOOSE_MAX	    4194304
#define MSRP_OTHER_BODY_MAX 10240
#define MSRP_REPORT_MAX	    8192 /* octets of the body of one of ours */
/* Whole messages that wait for the end of the turn as they are. */
#define MSRP_DUE_MAX 16

/* Output buffers that no connection needs now: how many are kept, and octets.
 */
#define MSRP_SPARE_MAX	 1024
#define MSRP_SPARE_BYTES 8388608

#define MSRP_ID 16 /* octets of a transaction or Message-ID of ours */

struct msrp_conn;
struct ssl_ctx_st; /* OpenSSL's headers and base/err.h share a name */
TAILQ_HEAD(conns, msrp_conn);
TAILQ_HEAD(sessions, msrp_session);

struct listener {
	struct msrp *m;
	struct evconnlistener *ev;
	bool secure;
	uint16_t port;
	char host[72]; /* as in a URI */
};

struct msrp {
	struct loop *loop;
	struct msrp_limits limits;
	struct msrp_stats stats;
	struct listener *listeners;
	size_t n_listeners;
	struct timer accept_again;
	struct ssl_ctx_st *server_tls, *client_tls;
	enum msrp_verify verify;
	struct buf fingerprints; /* of our own certificate */
	struct table *sessions;	 /* by session-id */
	struct conns conns;
	size_t n_conns;
	unsigned next_conn;
	uint64_t next_tx;
	char host[256];	      /* advertised; empty: the listener's */
	uint16_t port[2];     /* likewise, plain and secure; 0 */
	char id[MSRP_ID + 1]; /* what the next ids begin with */
	unsigned id_left;
	struct whole *whole;		  /* the last one sent, or NULL */
	struct buf spare[MSRP_SPARE_MAX]; /* allocated, empty */
	size_t n_spare, spare_bytes;
};

/* 16 alphanumerics that no other id of this endpoint has, nearly all of them
 * random. */
void msrp_id(struct msrp *m, char id[MSRP_ID]);

/* A message that a session still has to send, whole or in part. */
struct msrp_outgoing {
	TAILQ_ENTRY(msrp_outgoing) link;
	struct msrp_session *session;
	struct blob *body;		     /* or else: */
	const struct msrp_outgoing_ops *ops; /* its octets still come */
	void *user;
	bool has_data, ended; /* of such a one */
	unsigned matched; /* octets of the open chunk's end-line just sent */
	char message_id[MSRP_ID];
	uint64_t cookie;
	uint64_t since_ms; /* waits since */
	uint64_t sent;	   /* octets of the body in chunks so far */
	bool has_total;
	uint64_t total;
	enum msrp_failure_report failure_report;
	bool success_report;
	bool aborted;
	size_t type_n;
	char content_type[];
};
TAILQ_HEAD(outgoings, msrp_outgoing);

/* A request of ours that may yet be answered. */
struct transaction {
	TAILQ_ENTRY(transaction) link;
	char tid[MSRP_ID], message_id[MSRP_ID];
	uint64_t cookie;  /* of the message */
	uint64_t end_off; /* where in the connection's output it ends */
	uint64_t due_ms;
	bool last;	   /* it completes the message */
	bool silence_ends; /* no answer is failure; else it is success */
};
TAILQ_HEAD(transactions, transaction);

/* A message of ours whose success is to be reported. */
struct awaited {
	TAILQ_ENTRY(awaited) link;
	char message_id[MSRP_ID];
	uint64_t cookie;
};
TAILQ_HEAD(awaiteds, awaited);

/* A message that comes in and is not complete. */
struct msrp_incoming {
	TAILQ_ENTRY(msrp_incoming) link;
	struct msrp_session *session;
	struct msrp_conn *conn; /* that its last chunk came on */
	struct msrp_assembly data;
	uint64_t last_ms;
	const struct msrp_incoming_ops *ops; /* passed on; NULL: collected */
	void *user;
	uint64_t done; /* octets passed on */
	bool held;     /* holds its connection */
	bool answered; /* a chunk of it may have had its 200 */
	bool refused;  /* its data is gone; what still comes gets 413 */
	bool has_total;
	uint64_t total; /* announced */
	bool success_report;
	enum msrp_failure_report failure_report;
	size_t id_n;
	char message_id[MSRP_TID_MAX];
	char *content_type, *report_to;
	struct blob *entity; /* of a REPORT; NULL: none */
};
TAILQ_HEAD(incomings, msrp_incoming);

/* A received request that its session's owner has still to answer. */
struct unanswered {
	TAILQ_ENTRY(unanswered) link;
	struct msrp_conn *conn; /* where it came from; NULL: gone */
	msrp_tx tx;
	struct str tid, message_id, reply_to, report_to; /* in text */
	uint64_t size;
	bool success_report;
	bool held;    /* its report comes later than its answer */
	bool watched; /* a report of failure may */
	enum msrp_failure_report failure_report;
	struct blob *entity; /* of a REPORT; NULL: none */
	char text[];
};
TAILQ_HEAD(unanswereds, unanswered);

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
	struct awaiteds awaiteds;
	unsigned n_awaited;
	unsigned timeouts;
	uint64_t congested_ms; /* since when */
	struct timer response_timer;
	struct deferred start;
	struct addr *addrs; /* to be connected to */
	size_t n_addrs, next_addr;
	char text[]; /* URI, paths */
};

/* The request that is being received. */
struct receiving {
	bool open;    /* between head and end */
	bool swallow; /* answered, or of nobody's interest */
	bool bound;   /* by this request, and the owner is still to be told */
	struct msrp_session *session;
	struct msrp_incoming *in; /* once octets had to be kept */
	struct str slice;	  /* octets of the body still in the input */
	uint64_t got;		  /* octets of the body so far */
};

/* A whole message that is still to be put out. */
struct due {
	struct whole *message;
	struct msrp_session *session;
};

/* The SEND of ours that is being written. */
struct sending {
	struct msrp_outgoing *message; /* NULL: none */
	struct msrp_session *session;
	char tid[MSRP_ID];
	size_t done, cap; /* octets of the body in this chunk, and at most */
	uint64_t since_ms;
	bool star; /* may be interrupted */
};

struct msrp_conn {
	/* what each message sent looks at stands together */
	struct msrp *m;
	bool dead;	 /* no more callbacks; memory goes when the turn ends */
	bool draining;	 /* closes when all is written */
	bool paused;	 /* not read: it does not read our answers */
	unsigned n_held; /* not read: messages that hold it */
	bool secure, outgoing, connecting;
	bool spilled; /* the bufferevent was given what the socket refused */
	unsigned n_due;
	size_t due_bytes;
	uint64_t out_off; /* octets ever flushed out of `out` */
	struct buf out;	  /* to be written at the end of the turn */
	struct sending tx;
	struct timer stalled; /* the open chunk has nothing to send */
	struct deferred flush;
	struct due due[MSRP_DUE_MAX]; /* to be written behind `out` */

	TAILQ_ENTRY(msrp_conn) link;
	unsigned id;
	int fd; /* for writing past the bufferevent; -1: it may not be */
	struct bufferevent *bev;
	struct addr peer;
	char *name; /* outgoing, TLS: the host that was asked for, or "" */
	struct msrp_parser parser;
	struct receiving rx;
	unsigned bad;	    /* refused requests while no session uses it */
	struct timer life;  /* first request, connecting, lingering, draining */
	struct timer chunk; /* an open request is silent */
	size_t unread;	    /* octets of the input seen but not yet used */
	uint64_t last_read_ms;
	struct timer stall; /* the peer does not read */
	uint64_t stall_off, stall_ms;
	struct sessions sessions;
	struct sessions inlets; /* that only hear here */
	unsigned n_live;	/* of both, not dying */
	unsigned n_congested;
	struct buf ctl;	       /* answers waiting for the open chunk's end */
	uint64_t ctl_ms;       /* since when */
	struct sessions ready; /* of sessions with a queue */
};

/* listen.c */
/* Would a connection that is made now find no place (ABN-15)? */
bool listen_full(const struct msrp *m);

/* tls.c */
/* Also in place of what there is: 0, or negative and nothing changed. */
int tls_load(struct msrp *m, const struct msrp_tls *tls, char why[256]);
void tls_free(struct msrp *m);
struct bufferevent *tls_accept(struct msrp *m, int fd);
/* name: the host to ask for (SNI), empty: none. */
struct bufferevent *tls_connect(struct msrp *m, struct str name);
/* Sends the closing alert and empties OpenSSL's queue of errors. */
void tls_close(struct bufferevent *bev);
/* Why the stream failed, or NULL. Empties the queue, too. */
const char *tls_failure(struct bufferevent *bev);

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

/* conn.c */
struct msrp_conn *conn_new(struct msrp *m, struct bufferevent *take_bev,
			   bool secure, const struct addr *peer);
/* Connects out, for at most `ms`, or gives the connection that already leads
 * there. NULL if that is impossible at once. */
struct msrp_conn *conn_to(struct msrp *m, const struct addr *peer, bool secure,
			  struct str name, unsigned ms);
/* Ends the connection; its sessions are closed. */
void conn_lost(struct msrp_conn *c, enum msrp_closed why);
/* Writes what is queued, reads nothing more, closes. */
void conn_finish(struct msrp_conn *c);
void conn_attach(struct msrp_conn *c, struct msrp_session *s);
/* s leaves its connection, which lingers if it was the last. */
void conn_detach(struct msrp_session *s);
/* The owner has let go of s, which may stay until its queue is written. */
void conn_forget(struct msrp_session *s);
/* One more session uses c, and one less. */
void conn_used(struct msrp_conn *c);
void conn_left(struct msrp_conn *c, const struct msrp_session *s);

/* The peer may have stopped reading: watches whether it goes on. */
void conn_watch(struct msrp_conn *c);
/* Reads or does not, as c->paused and c->n_held say now. */
void conn_read_or_wait(struct msrp_conn *c);
static inline bool conn_is_read(const struct msrp_conn *c)
{
	return !c->paused && !c->n_held;
}

/* output.c */
/* Octets given to this connection and not yet taken by the system. */
size_t conn_unsent(const struct msrp_conn *c);
/* What goes out at the end of the turn, the whole messages that are due in it;
 * with memory from those who need none now. */
struct buf *conn_out(struct msrp_conn *c);
void conn_out_free(struct msrp *m);
/* Where answers and reports go: behind an open chunk. Call conn_kick
 * afterwards. */
struct buf *conn_control(struct msrp_conn *c);
void conn_kick(struct msrp_conn *c);
/* At the end of a turn, and when the peer took something: writes what can be.
 */
void conn_flush(void *conn);
/* Where in all of the output the next octet goes, and how far the system took
 * it. */
uint64_t conn_put_off(const struct msrp_conn *c);
uint64_t conn_taken_off(const struct msrp_conn *c);
/* A response, with our URI (RFC 4975 §7.2). */
void conn_respond(struct msrp_conn *c, struct str tid, struct str to_path,
		  struct str from_path, unsigned status, struct str comment);
/* REPORT on the first `size` octets of a message (RFC 4975 §7.1.3), with a
 * message/cpim entity or NULL. */
void conn_report(struct msrp_conn *c, struct str to_path, struct str from_path,
		 struct str message_id, uint64_t size, unsigned status,
		 const struct blob *entity);

/* whole.c */
/* What the frames of one message have in common. */
struct whole;
void whole_unref(struct whole *w); /* NULL is fine */
/* Sends a message in one frame, after all that the connection has to write. */
void whole_send(struct msrp_session *s, const struct msrp_out *m);
/* Writes what is due; for conn_out. */
void whole_put_out(struct msrp_conn *c, struct buf *out);
void whole_drop(struct msrp_conn *c);

/* outgoing.c */
/* Has the session something to write now? Keeps its place among those who do.
 */
void outgoing_ready(struct msrp_session *s);
/* The id of a message of this session. */
void outgoing_message_id(struct msrp_session *s, char id[MSRP_ID]);
/* Sends a message as soon as its turn has come. */
void outgoing_add(struct msrp_session *s, const struct msrp_out *m);
/* The one whose turn it is, or NULL. */
struct msrp_outgoing *outgoing_next(const struct msrp_session *s);
/* Since when another one than o waits; UINT64_MAX: none does. */
uint64_t outgoing_waits(const struct msrp_session *s,
			const struct msrp_outgoing *o);
/* Behind the others of its kind. */
void outgoing_rotate(struct msrp_outgoing *o);
/* Forgets it, without a word to who it is from. */
void outgoing_discard(struct msrp_outgoing *o);
/* Forgets it; who still supplies it hears that. */
void outgoing_done(struct msrp_outgoing *o, bool whole);
/* The peer wants no more of this message: ends it with `#` or drops it. Gives
 * its cookie; 0 if it is not in the queue. */
uint64_t outgoing_refused(struct msrp_session *s, struct str message_id);
/* Drops all; an open chunk ends with `#`. */
void outgoing_clear(struct msrp_session *s);
/* Likewise those whose octets still come. */
void outgoing_clear_flows(struct msrp_session *s);
/* Until the queue is shorter, nothing new is taken. */
void outgoing_congested(struct msrp_session *s);

/* chunk.c */
/* Of a tid for which the end-line occurs nowhere in the body (RFC 4975 §7.1).
 */
void chunk_tid(struct msrp *m, struct str body, char tid[MSRP_ID]);
/* Octets put out for s since `before` count as pending until they are taken. */
void chunk_account(struct msrp_session *s, uint64_t before);
/* Puts chunks into the output up to MSRP_OUT_HIGH. */
void chunk_fill(struct msrp_conn *c);
/* The SEND without body that binds a session (RFC 4975 §5.4). */
void chunk_bodiless(struct msrp_session *s);
/* NICKNAME with this Use-Nickname (RFC 7701 §7.1). */
void chunk_nickname(struct msrp_session *s, struct str value, uint64_t cookie);
/* The open chunk, if it is of this session (and message, if not NULL), ends
 * with `#` at once. */
void chunk_break(struct msrp_session *s, const struct msrp_outgoing *o);

/* request.c */
void request_head(struct msrp_conn *c);
void request_body(struct msrp_conn *c, struct str data);
void request_end(struct msrp_conn *c, char flag);
/* The head was over a limit. */
void request_too_big(struct msrp_conn *c);
/* Answers the open request with an error as its Failure-Report allows; its rest
 * is swallowed. */
void request_refuse(struct msrp_conn *c, unsigned status, const char *comment);

/* receive.c */
void receive_head(struct msrp_conn *c);
void receive_body(struct msrp_conn *c, struct str data);
void receive_end(struct msrp_conn *c, char flag);
/* Keeps octets of the body that are about to leave the input. */
void receive_keep(struct msrp_conn *c);
void receive_nickname(struct msrp_conn *c);
/* Notes who waits for the answer. NULL: nobody does. */
struct unanswered *receive_remember(struct msrp_conn *c, msrp_tx tx,
				    bool success_report, uint64_t size);
void receive_clear(struct msrp_session *s);
/* The open request's message is over a limit. */
void receive_too_big(struct msrp_conn *c);
/* Out of the session, with its data; who takes it as it comes hears it. */
void receive_drop(struct msrp_incoming *in);
/* Its octets go; its name stays for a while, so that the rest of it meets a 413
 * and does not look like a new message with a gap in front. */
void receive_give_up(struct msrp_incoming *in);
/* The open request, which was refused, was its message's last one. */
void receive_forget(struct msrp_conn *c);
/* Octets beyond gaps are over the session's limit. */
bool receive_too_loose(const struct msrp_session *s);

/* s hears no more on c, but goes on. */
void receive_leave(struct msrp_session *s, const struct msrp_conn *c);

/* inlet.c */
/* May the request at hand on c, which is not the connection of s, be one of s?
 */
bool inlet_may(const struct msrp_conn *c, const struct msrp_session *s);
/* A request to s is coming in beside its own connection. */
bool inlet_is_busy(const struct msrp_session *s);
void inlet_attach(struct msrp_conn *c, struct msrp_session *s);
void inlet_detach(struct msrp_session *s);

/* inflow.c */
/* Its chunks come on c now, which it holds if it held another. */
void inflow_move(struct msrp_incoming *in, struct msrp_conn *c);
/* Offers the open request's message to its owner if it is a long one. */
void inflow_offer(struct msrp_conn *c);
/* Octets found at `at` of the open request's message, which is passed on. */
void inflow_data(struct msrp_conn *c, uint64_t at, struct str data);
/* A chunk of it has ended; true: the message is complete, answered and gone. */
bool inflow_end(struct msrp_conn *c);
/* Tells its owner that it is lost, once. */
void inflow_lost(struct msrp_incoming *in);
/* A failure after the 200 (RFC 4975 §7.1.4). */
void inflow_report(const struct msrp_incoming *in, unsigned status);

/* transact.c */
void transact_add(struct msrp_session *s, const struct transaction *t);
void transact_response(struct msrp_conn *c, const struct msrp_head *h,
		       const struct msrp_path *to);
void transact_report(struct msrp_session *s, const struct msrp_head *h);
void transact_clear(struct msrp_session *s);

/* awaited.c */
void awaited_add(struct msrp_session *s, const char message_id[MSRP_ID],
		 uint64_t cookie);
void awaited_reported(struct msrp_session *s, struct str message_id);
void awaited_clear(struct msrp_session *s);

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
