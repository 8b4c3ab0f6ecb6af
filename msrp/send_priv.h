/* What goes out: messages, their chunks, and what may come back for them. */
#pragma once

#include "msrp/frame.h"
#include "msrp/msrp_priv.h"

/* RFC 4975 §7.1.1: a longer chunk has `*` for its end and can be interrupted.
 */
#define MSRP_CHUNK_WHOLE 2048
/* Relays stop at 10240 octets (conference MSRP-33). */
#define MSRP_CHUNK_RELAY 10000
/* Longer messages always take their turns through the session's queue. */
#define MSRP_DIRECT_MAX 65536
/* Our own unanswered requests in a session, and how many chunks of which only
 * an error is told may be among them. */
#define MSRP_TRANSACTIONS_MAX 4096
#define MSRP_CHUNKS_NOTED_MAX 1024
/* Messages to one session whose octets still come. */
#define MSRP_FLOWS_MAX 64
/* Whole messages that wait for the end of the turn as they are. */
#define MSRP_DUE_MAX 16

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

/* A message of ours that a REPORT may tell of. */
struct awaited {
	TAILQ_ENTRY(awaited) link;
	char message_id[MSRP_ID];
	uint64_t cookie;
};
TAILQ_HEAD(awaiteds, awaited);

struct awaiting {
	struct awaiteds list;
	size_t n;
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

/* transact.c */
void transact_add(struct msrp_session *s, const struct transaction *t);
void transact_response(struct msrp_conn *c, const struct msrp_head *h,
		       const struct msrp_path *to);
void transact_report(struct msrp_session *s, const struct msrp_head *h);
void transact_clear(struct msrp_session *s);

/* awaited.c */
void awaiting_init(struct awaiting *w);
void awaited_add(const struct msrp_session *s, struct awaiting *w,
		 const char message_id[MSRP_ID], uint64_t cookie);
/* False: its peer has not taken it so far, or long ago; nobody is told. */
bool awaited_failed(struct msrp_session *s, struct str message_id, int status);
void awaited_reported(struct msrp_session *s, struct str message_id);
void awaited_clear(struct msrp_session *s);
