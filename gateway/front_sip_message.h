/* Messages of calls: from their users, to them, and what comes of them. */
#pragma once

#include "gateway/front_sip_call.h"

struct cpim;

/* What a call keeps until its MSRP session is there, which takes a client a
 * second: a welcome and the beginning of what is said. */
#define CALL_HELD_MAX	  64
#define CALL_HELD_BYTES	  262144
#define PROBE_INTERVAL_MS 60000 /* CHAT-19 */

/* What a device has sent lately: a message that it sends again, maybe in a new
 * session, is acknowledged and not told twice (MSRP-39). Outlives its calls for
 * a while. */
struct sender {
	char *key;
	unsigned calls;
	uint64_t *seen; /* hashes of Message-IDs, a ring once it is full */
	size_t n, next;
	TAILQ_ENTRY(sender) link; /* of the idle ones */
};

#define RECEIPT_MS 600000 /* BODY-21 */

/* A private message of an XMPP user to this device, who hears if it fails, and
 * that it has arrived if he wants to. */
struct receipt {
	uint64_t cookie; /* 0: none, or its author has heard of it */
	uint64_t author, author_seat, at_ms;
	bool wanted;
	bool open;    /* it has not been answered yet */
	char id[128]; /* its client_id */
	size_t id_n;
};

/* One of this user's to an XMPP user, who is asked for a receipt. */
struct parcel {
	msrp_tx tx; /* 0: none */
	uint64_t to, at_ms;
	struct message *msg; /* until the room has it, then the id alone */
	struct blob *head;   /* its CPIM entity, if that wants a notification */
	char id[128];	     /* message.id */
	size_t id_n;
};

struct held_message {
	TAILQ_ENTRY(held_message) link;
	struct blob *body;
	bool old;	  /* of the history */
	uint64_t receipt; /* receipt_await()'s */
};

/* front_sip_message.c */
void call_on_message(void *call, msrp_tx tx, const struct msrp_message *in);
void call_on_nickname(void *call, msrp_tx tx, const struct msrp_nickname *n);
/* Does it send messages of this type? */
bool call_takes_from(const struct call *c, struct str type);
/* From, To and whom that means (CHAT-13): 200 with m's audience and wrapped
 * type, or the status owed. */
int call_check_head(struct call *c, struct message *m, const struct cpim *cpim);
/* What a REPORT on a private message carries: its From and To (RFC 7701 §6.2).
 * NULL: they are too long. */
struct blob *call_report_entity(struct str message);
/* The outcome of a command of the call's own seat. */
void call_on_result(struct call *c, const struct seat_ev *ev);

/* front_sip_deliver.c */
void call_deliver(struct call *c, const struct seat_ev *message);
bool call_takes(void *front, const struct message *m);
/* A text from the room itself (CPIM-17). */
void call_notice(struct call *c, const char *text);
/* A message/cpim entity with this content, whatever he takes in private; not if
 * his client does not take the type. */
void call_send_control(struct call *c, struct str type, struct blob *body);
/* How many messages the user has missed, if he has not been told. */
void call_tell_skipped(struct call *c);
void call_flush(struct call *c);
void call_drop_held(struct call *c);

/* front_sip_plain.c */
/* The CPIM entity that says what a plain client said. */
void plain_wrap(const struct call *c, const struct msrp_message *in,
		struct buf *out);
/* What a plain client gets of a message: "<nick> text", or NULL: nothing. */
struct blob *plain_render(const struct message *m);

/* front_sip_sender.c */
struct sender *sender_of(const struct call *c);
void sender_release(struct front_sip *f, struct sender *s);
/* Was a message of this id accepted from it? */
bool sender_has_sent(const struct sender *s, struct str message_id);
void sender_note(struct sender *s, struct str message_id);
void senders_free(struct front_sip *f);

/* front_sip_flood.c */
/* Counts a message or nickname of his; false: it is one too many. */
bool call_may_say(struct call *c);
/* It has been refused. Ends the call of one who goes on. */
void call_said_too_much(struct call *c);
/* The call is over. */
void talker_release(struct call *c);

/* front_sip_receipt.c */
/* The cookie under which its fate is to be known; 0: nobody's business. */
uint64_t receipt_await(struct call *c, const struct message *m);
/* Is a success report wanted? */
bool receipt_wanted(const struct call *c, uint64_t cookie);
/* It has failed (BODY-21, X2S-40): its author is told, unless another device of
 * this user has it. */
void receipt_failed(struct call *c, uint64_t cookie, enum reason_code why);
/* The session is over: so is what it has not answered. */
void receipts_lost(struct call *c);
void call_on_sent(void *user, uint64_t cookie, int status);
void call_on_undelivered(void *user, uint64_t cookie, int status);
void call_on_reported(void *user, uint64_t cookie);
/* The other way: an XMPP user is asked for a receipt of this message if its
 * author wants a report (report) or a notification. Before it is said. */
void receipt_ask(struct call *c, msrp_tx tx, struct message *m, bool report);
/* What the room says of that message. */
void receipt_note(struct call *c, msrp_tx tx, enum reason_code code);
/* A message for this user that may be a receipt. */
void receipt_came(struct call *c, const struct message *m);
void receipts_free(struct call *c);
