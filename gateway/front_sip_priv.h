/* Shared by the files of the SIP front end. */
#pragma once

#include "base/table.h"
#include "gateway/front_sip.h"
#include "gateway/front_sip_guest.h"
#include "gateway/hops.h"
#include "gateway/kept.h"
#include "gateway/reach.h"
#include "sip/confinfo.h"
#include "sip/sdp.h"

struct auth;
struct call;
struct cpim;
struct dialog_name;
struct dialog_names;
struct guest;
struct guests;
struct invitees;
struct talker;
struct transfers;
struct watched_room;

/* A SIP dialog with its usages (RFC 5057): a call, subscriptions, or both. The
 * SIP process is told to forget it when nothing uses it any more. */
struct dialog {
	struct front_sip *f;
	uint64_t id;
	struct call *call; /* NULL: none, or over */
	TAILQ_HEAD(, subscription) subscriptions;
	TAILQ_HEAD(, referral) referrals;
	unsigned requests; /* ours that await a response */
	uint64_t dial;	   /* one of them: the INVITE that is to make it */
	bool answered;	   /* the SIP process knows it as a dialog */
	bool reported;	   /* and has told its identifiers */
	struct dialog_name *names;
	bool silent; /* after a restart: it ends without a BYE */
	char *owner; /* who has begun it, a header value; NULL: not known */
	struct addr peer; /* and from where */
	bool has_peer;
};

/* Our requests that await their response, by id. */
struct request {
	uint64_t id;
	struct dialog *dialog;
	struct subscription
	    *subscription;   /* of a NOTIFY; NULL: it ended meanwhile */
	uint64_t invitation; /* of a REFER: whose outcome it is; or 0 */
	TAILQ_ENTRY(request) link;
};

/* A saved call or subscription that waits for front_sip_restored. */
struct saved {
	uint64_t dlg, order;
	enum kept_kind kind;
	char *key;
	struct blob *value;
};

struct front_sip {
	struct front_sip_cfg cfg;
	struct loop *loop;
	struct log *log;
	struct table *dialogs;
	TAILQ_HEAD(, request) requests;
	struct table *requests_by_id;
	TAILQ_HEAD(, call) calls;
	struct table *unconfirmed; /* calls by the INVITE that they answered */
	struct table *senders;	   /* by user and device */
	TAILQ_HEAD(, sender) idle_senders;
	size_t n_idle_senders;
	struct dialog_names *names;
	struct guests *guests;
	struct hops *hops;
	struct table *watched; /* rooms, by name */
	struct auth *auth;
	struct table *talkers;	 /* by user */
	struct table *referrals; /* by id */
	uint64_t last_referral;
	uint64_t last_upload;
	size_t n_calls, n_subscriptions;
	bool stopping;
	struct front_sip_stats stats;
	/* after a restart */
	struct saved *saved;
	size_t n_saved;
	uint64_t *returning; /* dialogs whose peers are still to be asked */
	size_t n_returning, next_returning;
	struct timer return_timer;
	uint64_t last_order;   /* of a call */
	uint64_t refused[400]; /* by status, from 300 */
};

#define CALL_IDENTITIES_MAX 4
#define CALL_HELD_MAX	    64
#define CALL_HELD_BYTES	    262144
#define ACK_TIMEOUT_MS	    32000 /* 64*T1, FOCUS-5 */
#define BIND_TIMEOUT_MS	    30000 /* ABN-2 */
#define LOST_TIMEOUT_MS	    10000 /* ABN-1 */
#define PROBE_INTERVAL_MS   60000 /* CHAT-19 */
#define RETURN_TIMEOUT_MS   32000 /* SEED0-4 */

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

/* At whose wish somebody is called: who is told of it, here or (invitation) by
 * the other front end; 0: nobody. */
struct dial_asker {
	struct dial_asker *next;
	uint64_t referral, invitation;
};

#define CALL_RECEIPTS_MAX 32
#define RECEIPT_MS	  600000 /* BODY-21 */

/* A private message of somebody who wants to know that it has arrived. */
struct receipt {
	uint64_t cookie; /* 0: none */
	uint64_t author, at_ms;
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
	bool old; /* of the history */
};

struct held_subscribe {
	TAILQ_ENTRY(held_subscribe) link;
	struct buf request; /* port_encode()d */
};

/* RFC 4028. Off while its timer is idle. */
struct session_timer {
	uint32_t interval_s, min_se_s;
	bool ours;	    /* we are the refresher */
	bool peer_supports; /* the peer knows of timers */
	bool update;	    /* the peer takes UPDATE */
	uint64_t request;   /* our refresh that awaits its response, or 0 */
	uint64_t deadline_ms;
	struct timer timer; /* the next refresh, or the deadline */
};

/* The INVITE usage: one device of one SIP user in one room. */
struct call {
	struct front_sip *f;
	struct dialog *dialog;
	TAILQ_ENTRY(call) link;
	struct arena *arena; /* the strings below */
	struct str room;     /* "name@domain" */
	struct str room_uri; /* "sip:name@domain" */
	struct str dialled;  /* the room as this user wrote it */
	struct str contact;  /* our Contact header value */
	struct str uri, display,
	    user; /* his address, name, uri_key of the address */
	struct str identity[CALL_IDENTITIES_MAX]; /* keys that his CPIM From may
						     have */
	size_t n_identities;
	struct str device;  /* his Contact */
	unsigned anonymous; /* his number, or 0: he goes by his own name */
	struct str invite;  /* Call-ID, From tag and CSeq */
	struct sender *sender;
	struct talker *talker; /* NULL: he has not said anything yet */
	/* negotiated; the peer's strings are slices of `lists` */
	struct sdp_media peer;
	char *lists;
	bool takes_all;		   /* any wrapped type */
	bool takes_plain;	   /* text/plain */
	bool plain;		   /* a client without CPIM */
	bool connect_out;	   /* the answer made us the active side */
	struct reach *connecting;  /* whose host is being resolved */
	bool offered;		   /* `answer` is an offer, its answer is due */
	bool pathless;		   /* the session does not know its peer yet */
	struct invitees *invitees; /* of his INVITE; NULL: none */
	bool founds;		   /* the factory has named a room for it */
	uint64_t replaces; /* the dialog that this call takes over, or 0 */
	struct receipt *receipts; /* CALL_RECEIPTS_MAX, a ring; or NULL */
	uint64_t n_receipts;	  /* so far */
	struct parcel *parcels;	  /* likewise */
	uint64_t n_parcels;
	struct dial_asker *askers; /* invited: are told what comes of it */
	struct guest *guest;   /* invited: how the rosters show it until then */
	bool invited;	       /* we have called him */
	struct str invited_by; /* at whose wish, or empty */
	uint64_t joined_ms;    /* wall clock */
	uint64_t listed_seat;  /* under which the rosters find it, or 0 */
	char *answer;	       /* our last SDP */
	char *peer_origin;     /* o= of the offer it answers */
	uint64_t sdp_id, sdp_version;
	uint32_t invite_cseq;
	struct msrp_session *session; /* NULL: the media line is refused */
	bool bound;
	bool lost; /* the session was bound, or was to be, and is no more */
	struct seat seat;
	bool confirmed; /* joined, or tried to */
	bool waits;	/* for its room, with the INVITE in `waiting` */
	struct buf waiting;
	struct timer
	    timer; /* awaits, in turn: ACK, binding, re-INVITE after loss */
	struct session_timer session_timer;
	TAILQ_HEAD(, upload) uploads; /* long messages that come in */
	bool courier; /* brings files alone, and is in no room itself */
	struct transfers *transfers; /* files offered; NULL: none */
	TAILQ_HEAD(, turn) turns;    /* front_sip_turn.h */
	size_t n_turns, turn_octets;
	TAILQ_HEAD(, held_message) held; /* until the session is bound */
	size_t n_held, held_bytes;
	TAILQ_HEAD(, held_subscribe) subscribes; /* until the room is there */
	uint64_t order;	  /* among those kept; 0: not kept yet */
	uint64_t kept;	  /* a hash of what is kept, 0: nothing */
	uint64_t renewal; /* the re-INVITE after a restart, or 0 */
	bool returned;	  /* he has been here before a restart */
	bool welcomed;
	bool utf8_only;	   /* his client bears nothing else (CPIM-22) */
	uint64_t skipped;  /* messages lost to congestion, not yet told */
	uint64_t probe_ms; /* last copy with Failure-Report yes */
};

/* The subscription usage (RFC 6665). Its seat is there for the rules about who
 * may watch; what happens it hears from the room's `watched`. */
struct subscription {
	struct front_sip *f;
	struct dialog *dialog;
	TAILQ_ENTRY(subscription) link;
	struct watched_room *watched;
	TAILQ_ENTRY(subscription) watch_link;
	struct seat seat;
	char *room, *event_id; /* "name@domain"; the Event's id, NULL = none */
	char *user;	       /* the subscriber's key, or "" */
	enum reason_code refused; /* by its room, at the start */
	char *contact;
	uint32_t version;
	uint32_t kept_version; /* a restart goes on from here; 0: not kept */
	bool full_only;	       /* EVENT-34 */
	bool outsiders;	       /* may watch: it outlives his stay (EVENT-26) */
	bool in_flight, need_full;
	bool unfinished; /* its peer has been told half of somebody's leaving */
	bool returning;	 /* after a restart: not told anything yet */
	const char *ended; /* reason of the last NOTIFY, still to be sent */
	bool final_sent;
	/* Up to which turn of `watched` its peer has been told, and was before
	 * his last document (of which `told_before` itself, if it was full). */
	uint64_t told, told_before;
	uint64_t began; /* the turn of his last full document */
	bool parts;	/* long documents don't get to him */
	bool was_long;	/* the last one */
	uint64_t expires_at_ms, last_ms;
	unsigned interval_ms;
	unsigned failures; /* NOTIFYs in a row that were refused */
	struct timer expiry;
};

#define REFERRAL_EXPIRES_S 200 /* longer than an INVITE may take */

/* The subscription that a REFER makes: its sender is told what came of it (RFC
 * 3515 §2.4.4). */
struct referral {
	struct front_sip *f;
	uint64_t id;
	struct dialog *dialog;
	TAILQ_ENTRY(referral) link;
	uint32_t cseq;	  /* of the REFER: the Event's id */
	int status, told; /* of what was asked for: now, and in a NOTIFY */
	char phrase[64];
	const char *ended; /* Subscription-State's reason; NULL: goes on */
	uint64_t request;  /* the NOTIFY that awaits its response, or 0 */
	uint64_t expires_at_ms, last_ms;
	struct timer pace, expiry;
};

/* Set in the operation ids of what a REFER asks of the room; the rest is the
 * referral's id. */
#define OP_REFER (1ull << 62)
/* ... an invitation that the REFER asked for: the rest is a referral's id */
#define OP_INVITE (1ull << 60)

/* front_sip.c */
struct answer {
	int status;
	const char *phrase; /* NULL: the status's own */
	struct str contact, headers, type, body;
	int64_t expires; /* -1: none */
};
#define ANSWER(code) ((struct answer){.status = (code), .expires = -1})
#define BUSY_RETRY   "Retry-After: 30\r\n" /* goes with a 503 */
void front_sip_answer(struct front_sip *f, const struct port_msg *req,
		      const struct answer *a);
/* Refuses and says so in the log. */
void front_sip_refuse(struct front_sip *f, const struct port_msg *req,
		      int status, const char *why);
/* The same with this answer. */
void front_sip_refuse_with(struct front_sip *f, const struct port_msg *req,
			   const struct answer *a, const char *why);
/* Sends a request in a dialog; returns its id. */
uint64_t dialog_send(struct dialog *d, struct subscription *s,
		     const struct port_msg *m);
struct dialog *dialog_new(struct front_sip *f, uint64_t id);
/* Forgets and frees the dialog if nothing uses it. */
void dialog_release(struct dialog *d);
/* "name@domain" of a Request-URI at one of our local-room domains: 200, or the
 * status owed. */
int front_sip_room(struct front_sip *f, struct str uri, struct arena *a,
		   struct str *room);
/* The key of a user's address without its parameters; empty for no such URI. */
struct str user_key(struct arena *a, struct str uri);

/* front_sip_admit.c */
/* Checks all of the INVITE that needs no session, and fills in who calls and
 * where: 200, or the status owed and why. */
int call_check(struct call *c, const struct port_msg *m, const char **why);
/* How he comes into the room. */
struct seat_join call_join(const struct call *c);
/* The room as the user wrote it: the To header, if it means the same room,
 * since that is what his client compares with (CPIM-17). */
struct str call_dialled(struct call *c, const struct port_msg *m);
/* The address without parameters: the roster's key and what others write to. */
struct str bare_uri(struct arena *a, struct str uri);
/* The room's URI as our Contact value, with the port of the URI by which the
 * room was dialled. */
struct str call_contact(struct call *c, struct str dialled);

/* front_sip_call.c */
struct call *call_new(struct front_sip *f, struct dialog *d);
/* Offer and answer are complete: joins, and connects if that is our part. */
void call_established(struct call *c, bool late);
void call_invite(struct front_sip *f, struct dialog *d,
		 const struct port_msg *m);
void call_update(struct call *c, const struct port_msg *m);
/* The INVITE m is answered 200. */
void call_accept(struct call *c, const struct port_msg *m);
/* The ACK, or (408) that none came (FOCUS-5). */
void call_ack(struct call *c, const struct port_msg *m);
void call_cancelled(struct front_sip *f, const struct port_msg *m);
/* The room and the MSRP session are there: join (once). */
void call_confirm(struct call *c);
/* The peer's BYE, or the end of its dialog. */
void call_ended(struct call *c, enum reason_code code, struct str text);
/* We end it: leaves the room, BYE with a Reason header. */
void call_bye(struct call *c, enum reason_code code, struct str text);
/* The call that has been answered for this room but is not in it yet, or NULL.
 */
struct call *call_joining(struct front_sip *f, struct str room);

/* front_sip_wait.c */
/* Does his room live elsewhere? */
bool call_is_bridged(const struct call *c);
/* front_sip_loop.c: may an INVITE into such a room be translated? 200, or the
 * status to refuse it with. */
int call_way(struct call *c, const struct port_msg *m, const char **why);
/* Joins such a room; the INVITE m is answered by what comes of it. */
void call_wait(struct call *c, const struct port_msg *m);
/* SEAT_JOINED, and SEAT_ENDED, of a call that waits. */
void call_let_in(struct call *c);
void call_kept_out(struct call *c, const struct reason *why);

/* front_sip_keep.c */
struct kept_key {
	struct buf text;
};
#define KEPT_KEY_INIT ((struct kept_key){BUF_INIT(PORT_BODY_MAX)})
/* Under which a call (event_id NULL) or subscription is kept; k owns it. */
struct str kept_key(struct kept_key *k, uint64_t dlg, const char *event_id);
/* What is kept of a call in its room, if it has changed. */
void call_keep(struct call *c);
/* Likewise after a change of nickname, which all devices share. */
void call_keep_nick(struct call *c);
void call_unkeep(struct call *c);
void subscription_keep(struct subscription *s);
/* Before a document goes out. */
void subscription_keep_version(struct subscription *s);
void subscription_unkeep(struct subscription *s);

/* front_sip_restore.c */
/* The response to the re-INVITE after a restart. */
void call_renewed(struct call *c, const struct port_msg *m);
void restore_free(struct front_sip *f);

/* front_sip_body.c */
/* The value of a header among PORT_F_HEADERS; empty if it is absent. */
struct str further_header(struct str lines, const char *name);
/* The session description in the body of an INVITE or ACK, alone or in a
 * multipart/mixed (SIP-4), empty if there is none: 200, or the status owed. */
int invite_sdp(const struct port_msg *m, struct str *sdp);
struct sip_body {
	struct str sdp;
	bool has_list;
	struct str list; /* resource-lists: whom the request means (RFC 5366) */
	struct str list_id; /* its Content-ID, or empty */
};
/* Likewise all that an INVITE's or REFER's body holds for us. */
int sip_body(const struct port_msg *m, struct sip_body *out);

/* front_sip_list.c */
/* Keeps the INVITE's list of people to invite, if it has one: 200, or the
 * status owed. */
int invitees_read(struct call *c, const struct port_msg *m);
/* Invites them, once: their inviter is in the room. */
void invitees_dial(struct call *c);
void invitees_free(struct invitees *i);

/* front_sip_private.c */
/* Gives a caller who asks for it a name that is not his own (RFC 3323 §4.2):
 * 200, or the status owed and why. possible: the room allows it. */
int call_privacy(struct call *c, const struct port_msg *m, bool possible,
		 const char **why);
/* The occupant with this user_key, or with this anonymous address, or NULL. */
const struct occupant *user_in_room(struct seat *s, struct str key);
/* Likewise, or one who came with this among his addresses (CHAT-23); seen from
 * the caller's room. */
const struct occupant *user_called(struct call *by, struct str key);
/* Of one who hides his name: the key that he has with it. Empty: he does not
 * hide, or nobody knows. */
struct str account_behind(struct str user);
/* Is this the subscriber's key, under his name or without one? */
bool is_subscriber(const struct subscription *s, struct str user);
/* The subscriber in his room, as who he subscribed (other false), or under his
 * other name: hidden if that is not. NULL: he is not there. */
const struct occupant *subscriber_inside(struct subscription *s, bool other);
/* Is it the key of one who hides his name? */
bool is_hidden(struct str user);
/* The key of whom a request vouches for; empty: nobody. */
struct str request_user(const struct dialog *d, const struct port_msg *m,
			struct arena *a);
/* Does From name nobody (RFC 3323 §4.1.1.3)? *uri: what it says instead. */
bool from_is_nobody(struct str from, struct arena *a, struct str *uri);
/* Do both come from the same user, under his name or without one? */
bool same_person(const struct call *a, const struct call *b);
/* Is this key one of the names that the caller gave? */
bool call_has_identity(const struct call *c, struct str key);
/* Is it his, whose key this is? */
bool is_of_person(const struct call *c, struct str user);

/* front_sip_replaces.c */
/* Which call the INVITE takes over, if any: 200, or the status owed and why. */
int replaces_read(struct call *c, const struct port_msg *m, const char **why);
/* The new call is in the room: the old one ends. */
void replaces_done(struct call *c);

/* front_sip_auth.c */
struct auth *auth_new(void);
void auth_free(struct auth *a); /* NULL is fine */
/* The dialog that this request begins, and whose it is. */
struct dialog *dialog_begin(struct front_sip *f, const struct port_msg *m);
/* May the request go on? PORT_F_IDENTITY then holds whom it comes from, unless
 * From does or nobody cares; else it has been answered. Strings live in a. */
bool auth_admit(struct front_sip *f, struct port_msg *m, struct arena *a);

/* front_sip_flood.c */
/* Counts a message or nickname of his; false: it is one too many. */
bool call_may_say(struct call *c);
/* It has been refused. Ends the call of one who goes on. */
void call_said_too_much(struct call *c);
/* The call is over. */
void talker_release(struct call *c);

/* front_sip_timer.c */
/* Answers a session interval that is too short: 422 with Min-SE (RFC 4028 §9).
 */
bool session_timer_refuses(struct front_sip *f, const struct port_msg *m);
/* Agrees with the INVITE or UPDATE m that is about to be answered 2xx, adds
 * what the answer says of it, and starts anew. */
void session_timer_answer(struct call *c, const struct port_msg *m,
			  struct buf *headers);
/* The outcome of our refresh: the call may be over afterwards. */
void session_timer_response(struct call *c, const struct port_msg *m);
void session_timer_stop(struct call *c);
/* One that ran before a restart starts anew. */
void session_timer_resume(struct call *c);
/* What a re-INVITE of ours says of a running timer. */
void session_timer_offer(const struct call *c, struct buf *headers);

/* front_sip_sdp.c */
/* Reads an offer, makes or keeps the MSRP session and writes the answer: 200
 * with c->answer set, or the status owed and nothing changed. */
int call_offer(struct call *c, struct str offer);
/* Where the peer leaves the offer to us: as above, and c->offered until its
 * answer comes. */
int call_own_offer(struct call *c);
/* Reads that answer; false: it is not usable. */
bool call_answer(struct call *c, struct str answer);
/* The configuration of the room's domain. */
const struct domain_config *call_domain(const struct call *c);
/* Does the peer want content (SDP-19)? */
bool call_receives(const struct call *c);

/* Keeps what the peer's media line says beyond its SDP. plain: a client without
 * CPIM. */
void call_keep_peer(struct call *c, const struct sdp_media *m, bool plain);
/* What the peer last said of its device goes to the seat: private messages,
 * hold. */
void call_tell_seat(struct call *c);

/* front_sip_connect.c */
/* Resolves its host, then connects to its addresses in turn. */
void call_connect(struct call *c);
void call_connect_cancel(struct call *c); /* before that */

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

/* front_sip_session.c */
extern const struct msrp_session_ops call_msrp_ops;
void call_seat_event(void *front, const struct seat_ev *ev);
/* Tells him why the room or the service ends his stay. */
void call_farewell(struct call *c, enum reason_code code, struct str text);
/* The session is bound and knows its peer. */
void call_ready(struct call *c);

/* front_sip_plain.c */
/* The CPIM entity that says what a plain client said. */
void plain_wrap(const struct call *c, const struct msrp_message *in,
		struct buf *out);
/* What a plain client gets of a message: "<nick> text", or NULL: nothing. */
struct blob *plain_render(const struct message *m);

/* front_sip_sender.c */
struct sender *sender_of(struct front_sip *f, struct str user,
			 struct str device);
void sender_release(struct front_sip *f, struct sender *s);
/* Was a message of this id accepted from it? */
bool sender_has_sent(const struct sender *s, struct str message_id);
void sender_note(struct sender *s, struct str message_id);
void senders_free(struct front_sip *f);

/* front_sip_roster.c */
/* The next document: full, partial, or of a room that is gone (EVENT-28). b: as
 * m's body goes, which m does not know yet. */
void roster_write(struct subscription *s, struct buf *b, struct port_msg *m);
/* Is there something to tell? */
bool roster_behind(const struct subscription *s);

/* front_sip_farewell.c */
/* How a call to a guest, or somebody's stay, came to its end. */
struct roster_failure {
	struct str method; /* "failed", "busy", "booted", "departed" */
	int status;
	struct str text;
	struct str by; /* a URI, or empty */
};
/* The user as one who has just gone, with his endpoints (EVENT-22): XML. */
char *farewell_of(struct watched_room *w, const struct occupant *o,
		  struct str entity, bool contacts,
		  const struct roster_failure *why);
char *farewell_of_guest(struct watched_room *w, const struct guest_view *g,
			const struct roster_failure *why);
/* A guest as a user who is being called. */
void farewell_put_guest(struct buf *b, const struct guest_view *g);
/* The room's roster says how those came in whom it has called. */
void farewell_decorate(struct front_sip *f, const struct occupant *o,
		       struct arena *a, struct confinfo_user *u);

/* front_sip_options.c */
void options_request(struct front_sip *f, const struct port_msg *m);

/* front_sip_receipt.c */
/* The cookie under which a success report is wanted; 0: it is not. */
uint64_t receipt_await(struct call *c, const struct message *m);
void call_on_reported(void *user, uint64_t cookie);
/* The other way: an XMPP user is asked for a receipt of this message if its
 * author wants a report (report) or a notification. Before it is said. */
void receipt_ask(struct call *c, msrp_tx tx, struct message *m, bool report);
/* What the room says of that message. */
void receipt_note(struct call *c, msrp_tx tx, enum reason_code code);
/* A message for this user that may be a receipt. */
void receipt_came(struct call *c, const struct message *m);
void receipts_free(struct call *c);

/* front_sip_dial.c */
struct dial_wish {
	struct str room; /* "name@domain" */
	struct str uri;	 /* whom to invite, and its user_key() */
	struct str user;
	struct str dialled; /* the room, as who asks for it has written it */
	struct str referred_by; /* header value, may be empty */
	struct str by; /* the URI of who asks, for rosters; may be empty */
	struct str subject;
	struct str history;  /* resource-lists: who else is invited, or empty */
	uint64_t referral;   /* who is told, or 0 */
	uint64_t invitation; /* of the other front end, which is told; or 0 */
	struct str jid;	     /* an XMPP user: he gets a message; else empty */
	/* how many hops the request may make for which this is done; 0: it was
	 * none of SIP's */
	unsigned hops;
};
/* Invites somebody into a room (RFC 4353 §5.2). Who is being called already is
 * not called again: what comes of it is told to all who have asked. */
void dial_out(struct front_sip *f, const struct dial_wish *w);
/* Asks somebody to come by himself (FOCUS-45). Of the wish: room, uri, dialled,
 * referred_by, and invitation, which hears how the REFER is answered. */
void dial_refer(struct front_sip *f, const struct dial_wish *w);
void dial_progress(struct front_sip *f, const struct port_msg *m);
/* Those at whose wish he is called are told: a SIP status. */
void dial_tell(struct call *c, int status, struct str phrase);
/* The outcome of d->dial. */
void dial_response(struct dialog *d, const struct port_msg *m);
/* Ends a call that is still being made. */
void dial_give_up(struct call *c, enum reason_code code);
/* Likewise all to this user for this room, since somebody (a URI, or empty)
 * wants it; false: there are none. */
bool dial_cancel(struct front_sip *f, struct str room, struct str user,
		 struct str by);

/* front_sip_invite.c */
/* Whom the URI means, in the arena: uri and user, of an XMPP user his jid.
 * False: nobody. */
bool invite_read(struct front_sip *f, struct arena *a, struct str uri,
		 struct dial_wish *out);
/* May the call's user invite him (w->user, w->jid) by the room's rules? */
bool invite_allowed(struct call *by, const struct dial_wish *w);
/* Lets him in where only members may come, then calls him, or sends an XMPP
 * user his invitation; by_refer: asks him to call. */
void invite_go(struct call *by, const struct dial_wish *w, bool by_refer);
/* A room elsewhere has been asked to invite somebody, or has refused. */
void invite_done(struct front_sip *f, uint64_t referral, enum reason_code why);

/* front_sip_refer.c */
void refer_request(struct front_sip *f, struct dialog *d,
		   const struct port_msg *m);
/* SUBSCRIBE to the event package "refer": only a REFER makes a subscription. */
void refer_subscribe(struct front_sip *f, struct dialog *d,
		     const struct port_msg *m);

/* front_sip_referral.c */
/* later: its first NOTIFY waits for a referral_tell() or referral_end(). */
struct referral *referral_new(struct dialog *d, uint32_t cseq, bool later);
/* The one whose Event has this id, or NULL. */
struct referral *referral_find(struct dialog *d, struct str event_id);
/* What has come of it, by its id (0 or gone: nobody wants to know): a SIP
 * status; from 200 on it is the last. phrase empty: the status's own. */
void referral_tell(struct front_sip *f, uint64_t id, int status,
		   struct str phrase);
/* A SUBSCRIBE refreshes it, or ends it (0 seconds). */
void referral_refresh(struct referral *r, unsigned expires);
/* Ends with a last NOTIFY; why is the Subscription-State's reason. */
void referral_end(struct referral *r, const char *why);
/* If request was a NOTIFY of a referral of this dialog. */
void referral_response(struct dialog *d, uint64_t request,
		       const struct port_msg *m);
void referral_free(struct referral *r);

/* front_sip_subscribe.c */
void subscription_request(struct front_sip *f, struct dialog *d,
			  const struct port_msg *m);
/* Is it one of sip { full-rosters }, by its User-Agent or Server? */
bool client_is_listed(const struct front_sip *f, const struct port_msg *m);
/* A subscription of an earlier run; NULL: it has expired. */
struct subscription *subscription_restore(struct dialog *d,
					  const struct kept_subscription *k);
/* Its first document after that. */
void subscription_renew(struct subscription *s);

/* front_sip_notify.c */
void subscription_response(struct subscription *s, const struct port_msg *m);
/* Sends the whole roster at once, or after the NOTIFY in flight. */
void subscription_tell(struct subscription *s);
/* Ends with a last NOTIFY; why is the Subscription-State's reason. */
void subscription_end(struct subscription *s, const char *why);
void subscription_leave_seat(struct subscription *s);
void subscription_free(struct subscription *s);
