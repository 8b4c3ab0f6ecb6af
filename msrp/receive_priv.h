/* What comes in: requests, messages that are not complete, and what the owner
 * has still to answer. */
#pragma once

#include "msrp/assembly.h"
#include "msrp/frame.h"
#include "msrp/msrp_priv.h"

/* Requests of a peer that its owner has not answered yet: as many as a fast one
 * sends while a disk writes. */
#define MSRP_UNANSWERED_MAX 1000
/* Octets of his messages that came before those in front of them; over one
 * connection that happens only where he wants it. */
#define MSRP_LOOSE_MAX 4194304
/* Of the body of what is no SEND: none needs one, but reports may have one. */
#define MSRP_OTHER_BODY_MAX 10240

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

/* answer.c */
/* Notes who waits for the answer to the open request. NULL: nobody does. */
struct unanswered *answer_remember(struct msrp_conn *c, msrp_tx tx,
				   bool success_report, uint64_t size);
/* May the owner be given one more request to answer? If not, it is refused. */
bool answer_has_room(struct msrp_conn *c);
void answer_clear(struct msrp_session *s);
/* Answers to what came on c go nowhere. */
void answer_leave(struct msrp_session *s, const struct msrp_conn *c);

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
