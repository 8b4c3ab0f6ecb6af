/* Shared by the files of the back end for SIP conferences. */
#pragma once

#include "base/table.h"
#include "gateway/back_sip.h"
#include "gateway/back_sip_note.h"
#include "gateway/leg.h"
#include "gateway/reach.h"
#include "gateway/sip_words.h"
#include "gateway/uac.h"
#include "msrp/msrp.h"
#include "sip/confinfo.h"

struct bs_leg;
struct bs_dialog;
struct bs_move;
struct cpim;
TAILQ_HEAD(bs_moves, bs_move);
TAILQ_HEAD(bs_legs, bs_leg);
TAILQ_HEAD(bs_dialogs, bs_dialog);
TAILQ_HEAD(bs_ops, bs_op);
TAILQ_HEAD(bs_heard_list, bs_heard);
TAILQ_HEAD(bs_documents, bs_document);
TAILQ_HEAD(bs_users, bs_user);

struct back_sip {
	struct back_sip_cfg cfg;
	struct loop *loop;
	struct log *log;
	struct uac *uac;
	struct bs_legs legs;
	struct table *by_key;  /* of legs */
	struct table *dialogs; /* id -> bs_dialog */
	struct table *blocked; /* room -> bs_block */
	uint64_t last_id;      /* of occupants and seats */
	uint64_t last_op;
	struct bs_documents documents; /* that are read by and by */
	struct bs_document *document;  /* the one that is being read */
	size_t documents_octets;
	struct timer reading;
	struct back_sip_stats stats;
	bool stopping;
};

enum bs_use { BS_CALL, BS_WATCH, BS_REFER };

/* A dialog of ours, or the request that may make one. It outlives its leg until
 * its last request has an outcome. */
struct bs_dialog {
	TAILQ_ENTRY(bs_dialog) link; /* of the leg's REFERs */
	struct back_sip *b;
	struct bs_leg *leg; /* NULL: gone */
	enum bs_use use;
	uint64_t id;
	uint64_t request; /* that is under way, as uac_send() names it */
	bool made;
	bool over;	     /* of a subscription: its last NOTIFY has come */
	struct timer timer;  /* until that comes */
	char *target;	     /* the peer's Contact */
	char *name;	     /* of a call: Target-Dialog's value */
	char *domain, *user; /* for credentials */
	uint64_t invitation; /* of a REFER: whose outcome is to be told */
	uint64_t seat, op;   /* likewise, who waits for its acceptance */
	char *refer_to;
	bool inside; /* of a REFER: has been sent in the call's dialog */
};

/* How far a join has come. */
enum bs_state {
	BS_CALLING,    /* INVITE */
	BS_CONNECTING, /* MSRP */
	BS_NAMING,     /* NICKNAME */
	BS_WATCHING,   /* SUBSCRIBE, the first NOTIFY */
	BS_OPEN,
};

/* Session timer (RFC 4028), as in an INVITE of ours. */
struct bs_timer {
	struct timer timer;
	uint32_t interval_s, min_se_s; /* 0: none runs */
	bool ours, update;
	uint64_t deadline_ms;
};

/* The subscription to the conference's events. */
struct bs_watch {
	struct timer timer; /* refreshes, or tries again */
	struct timer again; /* asks for the whole list */
	bool inside;	    /* in the call's dialog */
	bool refused;	    /* there is none to be had */
	bool has_version, waits_full;
	uint32_t version;
	uint64_t asked_ms; /* for the whole list again */
	unsigned asked;	   /* how often, in vain */
};

/* Where a user is there: an endpoint of his. */
struct bs_endpoint {
	struct bs_endpoint *next;
	char *entity;
	bool inside;
};

/* Where a user stands while a document is read. */
enum bs_place {
	BS_KNOWN,   /* he is in the leg as far as he is to be shown */
	BS_DOUBTED, /* a whole list has not named him yet */
	BS_FRESH,   /* what it says of him has been merged */
	BS_NAMED,   /* he has a name */
	BS_PLACES
};

/* What the documents have said of a user, merged. */
struct bs_user {
	TAILQ_ENTRY(bs_user) link;
	enum bs_place place;
	bool deleted; /* the document says so */
	char *key, *entity;
	char *nickname, *display, *aor, *show, *status; /* NULL: none */
	char *name; /* as an XMPP resource; NULL: not asked for yet */
	enum role role;
	enum affiliation affiliation;
	struct bs_endpoint *endpoints;
	char *shown;	   /* his name in the leg; NULL: he is not there */
	struct reason why; /* he is going; slices of the document */
};

/* The MSRP connection is lost, or the call: back_sip_away.c. */
struct bs_away {
	struct timer timer; /* the next attempt, or the end of this one */
	struct timer limit; /* the end of all */
	bool on;
	bool asked; /* a re-INVITE has no outcome yet */
	unsigned attempt;
	uint64_t since_ms, back_ms; /* back_ms 0: he never was away */
	uint64_t spent_ms; /* away, of what he may; but for this time */
	char *why;	   /* the last attempt has failed; NULL: no words */
};

/* What the conference said last, as hashes: a ring. */
#define BS_SEEN 128
struct bs_seen {
	uint64_t mark[BS_SEEN], at_ms[BS_SEEN];
	unsigned next;
};

/* One occupant of ours in one conference. */
struct bs_leg {
	TAILQ_ENTRY(bs_leg) link;
	struct back_sip *b;
	struct leg *leg;
	struct arena *arena;
	/* in the arena */
	struct str room, domain, room_uri, user, from, contact;
	struct str from_value, to_value; /* of headers */
	char *key, *nick;		 /* nick: wanted, then own */
	bool named;	/* the conference has granted it by NICKNAME */
	char *old_nick; /* before that, which lists may still have */
	bool renamed;
	unsigned names_tried;
	char *show, *status; /* his presence */
	enum bs_state state;
	bool ended;
	struct timer timer; /* of the step at hand */

	struct bs_dialog *call, *watcher; /* watcher: a dialog of its own */
	struct bs_dialogs refers;
	struct bs_dialog *referring; /* a REFER in the call's dialog, which has
					no outcome yet */
	struct bs_timer session_timer;

	struct msrp_session *session;
	struct reach *reach;
	uint64_t sdp_id, sdp_version;
	char *sdp;    /* our last description */
	char *answer; /* the peer's; `peer` has slices of it */
	struct sdp_media peer;
	bool bound;
	uint64_t bound_ms;
	struct bs_away away;
	struct bs_moves moves;	/* of devices that are to leave it */
	struct bs_move *moving; /* of the one that it was made for */

	struct bs_ops ops;
	size_t n_ops;
	size_t held;		    /* octets of those that wait */
	struct timer overdue;	    /* one of them has waited too long */
	struct bs_heard_list heard; /* before it was open */
	size_t n_heard, heard_octets;
	/* NULL: nothing. known: what is no news to its user */
	struct bs_seen *seen, *known;
	uint64_t known_until_ms;
	struct bs_notes awaited, owed; /* receipts, of theirs and of ours */
	struct bs_notes sent;	       /* what may have failed after all */

	struct bs_watch watch;
	struct table *users; /* by key -> bs_user */
	struct bs_users placed[BS_PLACES];
	size_t n_documents;	/* that wait */
	size_t octets;		/* of what is known of those */
	struct table *by_shown; /* by the nickname they have in leg */
	struct bs_user *self;	/* in the roster; NULL: not seen yet */
	enum role role;
	enum affiliation affiliation;
	char *subject, *title;
};

/* A command whose outcome MSRP tells. */
struct bs_op {
	TAILQ_ENTRY(bs_op) link;
	uint64_t id; /* cookie */
	uint64_t seat, op;
	struct message *msg; /* NULL: a NICKNAME */
	char *nick;	     /* wanted; of a private message: whom it is for */
	uint64_t mark;	     /* of what was sent: bs_mark() */
	bool held;	     /* not sent yet: he is away, or about to move */
	size_t octets;	     /* of one that is held */
	uint64_t since_ms;   /* likewise: when it was said */
};

/* --- back_sip.c --- */

const struct domain_config *bs_domain(const struct bs_leg *l);
/* One for this join, and the offer of its call. REASON_OK, or why not. */
enum reason_code bs_leg_begin(struct back_sip *b, const struct seat_join *join,
			      struct bs_leg **out);
/* The one of this user in this room under this nickname. */
struct bs_leg *bs_leg_find(const struct back_sip *b,
			   const struct seat_join *join);
/* Under this nickname from now on. */
void bs_set_nick(struct bs_leg *l, struct str nick);
/* It is over. bye: the focus has to be told. The leg goes at the end of the
 * turn. */
void bs_end(struct bs_leg *l, struct reason why, bool bye);
void bs_end_code(struct bs_leg *l, enum reason_code code, const char *text);
/* The conference is not asked again before that (ERR-7). */
void bs_block(struct bs_leg *l, struct reason why);
/* For how long not; 0: it may be. */
uint64_t bs_blocked_ms(const struct bs_leg *l);
/* The refusal, with what is left of its time. */
struct reason bs_blocked_why(const struct bs_leg *l);
void bs_unblock_all(struct back_sip *b);
/* All that was waited for is there: the user is in the room. */
void bs_open(struct bs_leg *l);

/* --- back_sip_address.c --- */

/* room_uri, from and contact (X2S-5). REASON_OK, REASON_BAD_REQUEST: such a
 * user can't be told to SIP. */
enum reason_code bs_fill_addresses(struct bs_leg *l,
				   const struct seat_join *join);

/* --- back_sip_dialog.c --- */

struct bs_dialog *bs_dialog_new(struct bs_leg *l, enum bs_use use);
/* Out of the tables; the SIP process forgets it if it knew it. */
void bs_dialog_free(struct bs_dialog *d);
/* Callbacks get the back end and a message of the dialog: NULL, it has gone
 * meanwhile. */
struct bs_dialog *bs_dialog_of(void *back_sip, const struct port_msg *m);
/* The dialog whose request m is the response to; NULL: it has gone, or m tells
 * of progress only. */
struct bs_dialog *bs_dialog_responded(void *back_sip, const struct port_msg *m);
/* A request that begins the dialog: m has METHOD, RURI, HEADERS, EVENT,
 * expires, TYPE, BODY, and if it is sent again CALL_ID, FROM and cseq; the rest
 * is the leg's. */
void bs_dialog_begin(struct bs_dialog *d, struct port_msg *m, uac_fn *fn);
/* One within it; returns what names it. */
uint64_t bs_dialog_send(struct bs_dialog *d, struct port_msg *m, uac_fn *fn);
/* The 2xx m has made it. */
void bs_dialog_made(struct bs_dialog *d, const struct port_msg *m);
/* Ends it with this method (BYE, SUBSCRIBE with Expires 0). */
void bs_dialog_end(struct bs_dialog *d, struct port_msg *m);
/* Is the focus' Contact one that finds this very dialog (X2S-6)? */
bool bs_has_gruu(const struct bs_leg *l);
void bs_answer(struct back_sip *b, const struct port_msg *request, int status,
	       const struct port_msg *more);

/* --- back_sip_call.c --- */

void bs_call_begin(struct bs_leg *l);
/* A final response but 2xx to an INVITE of the leg: it ends, or tries again if
 * its user has been in the room. */
void bs_call_refused(struct bs_leg *l, const struct port_msg *m);
/* Ends the call, established or not. */
void bs_call_end(struct bs_leg *l, struct reason why, bool bye);
/* A request of the focus in the call's dialog but NOTIFY. */
void bs_call_request(struct bs_leg *l, const struct port_msg *m);
void bs_call_ack(struct bs_leg *l, const struct port_msg *m);

/* --- back_sip_timer.c --- */

/* The 2xx to our INVITE or to a refresh agrees on it. */
void bs_timer_response(struct bs_leg *l, const struct port_msg *m);
/* Their refresh m is about to be answered with these headers. False: it has
 * been refused. */
bool bs_timer_answer(struct bs_leg *l, const struct port_msg *m,
		     struct buf *headers);
void bs_timer_stop(struct bs_leg *l);
/* A re-INVITE with l->sdp, and the timer that is wanted. */
void bs_timer_ask(struct bs_leg *l, struct port_msg *m, uac_fn *fn);
/* Does the focus know the call still? */
void bs_timer_probe(struct bs_leg *l);

/* --- back_sip_sdp.c --- */

/* Octets of a message that we take: no stanza can hold more (BODY-27). */
size_t bs_max_size(const struct bs_leg *l);
/* The offer of our INVITE, with a new session for it. REASON_OK, or why not. */
enum reason_code bs_sdp_offer(struct bs_leg *l);
/* The answer to it; then the session is connected to. */
bool bs_sdp_answer(struct bs_leg *l, struct str sdp);
/* A later offer of theirs: 200 with l->sdp as the answer, or the status owed.
 * *fresh: the session is another one. */
int bs_sdp_reoffer(struct bs_leg *l, struct str sdp, bool *fresh);
/* Connects, where the peer waits for it. */
void bs_connect(struct bs_leg *l);
/* There is no session any more. */
void bs_session_drop(struct bs_leg *l);

/* --- back_sip_session.c --- */

extern const struct msrp_session_ops bs_msrp_ops;
/* Asks for the nickname that the leg is to have. */
void bs_name(struct bs_leg *l);
/* NULL: too many are waiting. */
struct bs_op *bs_op_new(struct bs_leg *l, uint64_t seat, uint64_t op,
			struct message *msg, struct str nick);
void bs_op_free(struct bs_leg *l, struct bs_op *o);
/* Another leg's from now on. */
void bs_op_pass(struct bs_leg *l, struct bs_op *o, struct bs_leg *to);
/* It is over, for this reason: its seat is told. */
void bs_op_fail(struct bs_leg *l, struct bs_op *o, enum reason_code why);

/* --- back_sip_away.c --- */

/* The session's connection is lost. */
void bs_lost(struct bs_leg *l);
/* The focus has had our answer to an offer of its own. fresh: which has put
 * another session in the place of the last one. */
void bs_away_offered(struct bs_leg *l, bool fresh);
/* There is a connection again. */
void bs_back(struct bs_leg *l);
/* He is away: what is tried has come one step further; it has failed, for a
 * reason that the focus gives or (m) by this response. */
void bs_away_goes_on(struct bs_leg *l);
void bs_away_failed(struct bs_leg *l, struct str why);
void bs_away_refused(struct bs_leg *l, const struct port_msg *m);
/* The call is gone: one more, under the same name, if its user has been in the
 * room. bye: the focus may know it still. */
void bs_call_anew(struct bs_leg *l, bool bye);

/* --- back_sip_seen.c --- */

/* Of a message, by what it says of itself: author, time if it has one, text. */
uint64_t bs_mark(const struct cpim *c);
void bs_note_seen(struct bs_leg *l, uint64_t mark);
/* All that is noted there (NULL: nothing) is no news in l, until then. */
void bs_know(struct bs_leg *l, const struct bs_seen *from, uint64_t until_ms);
/* But what was noted before that; what does not say when it was written, for
 * the same again may be another one. */
void bs_know_since(struct bs_leg *l, uint64_t since_ms);
void bs_know_dated(struct bs_leg *l);
void bs_know_nothing(struct bs_leg *l);
/* Each is known once. */
bool bs_knows(struct bs_leg *l, uint64_t mark);

/* --- back_sip_move.c --- */

/* One of the leg's devices wants this name for itself, or one that its user has
 * in another leg. REASON_OK: its result comes. */
enum reason_code bs_move_begin(struct bs_leg *l, uint64_t seat, uint64_t op,
			       struct str nick);
/* It is on its way, and what it says waits. */
bool bs_move_holds(const struct bs_leg *l, uint64_t seat);
/* l is about to open, for a device that has still something under way. */
bool bs_move_waits(struct bs_leg *l);
/* l is open: its device comes, and what it has heard elsewhere is known. */
void bs_move_done(struct bs_leg *l);
/* Something that was under way has an outcome. */
void bs_move_go_on(struct bs_leg *l);
void bs_move_left(struct bs_leg *l, uint64_t seat);
/* The leg is over, for this reason. */
void bs_move_end(struct bs_leg *l, struct reason why);

/* --- back_sip_heard.c --- */

void bs_on_message(void *leg, msrp_tx tx, const struct msrp_message *in);
/* One that is too long is refused as soon as that is known. */
void bs_on_flow(void *leg, struct msrp_incoming *in,
		const struct msrp_message *m);
/* Tells what was heard before the room was open: what is old, then the rest. */
void bs_tell_old(struct bs_leg *l);
void bs_tell_heard(struct bs_leg *l);
void bs_drop_heard(struct bs_leg *l);

/* --- back_sip_command.c --- */

extern const struct leg_ops bs_leg_ops;
void bs_said(struct bs_leg *l, struct bs_op *o, int status);
/* What was said while he was away. */
void bs_say_held(struct bs_leg *l);

/* --- back_sip_watch.c --- */

void bs_watch_begin(struct bs_leg *l);
void bs_watch_end(struct bs_leg *l);
/* The whole list is wanted again. */
void bs_watch_again(struct bs_leg *l);
/* It has come. */
void bs_watch_whole(struct bs_leg *l);
/* It was wanted so often that we do with what comes. */
bool bs_watch_gave_up(const struct bs_leg *l);
/* A NOTIFY of a subscription that we have ended. */
void bs_watch_last(struct bs_dialog *d, const struct port_msg *m);
/* A NOTIFY in either dialog. */
void bs_watch_notify(struct bs_leg *l, struct bs_dialog *d,
		     const struct port_msg *m);

/* --- back_sip_document.c --- */

/* Is there room for one of n octets more? */
bool bs_document_fits(const struct bs_leg *l, size_t n);
/* It is read, or will be after those before it. What can't be read, or does not
 * follow what came before, is asked for again. */
void bs_document_take(struct bs_leg *l, struct str text);
/* Does the next part of those that wait; the loop calls it. */
void bs_document_part(void *back_sip);
/* The leg is over, or its call: what has not been shown will not be. */
void bs_document_drop(struct bs_leg *l);

/* --- back_sip_roster.c --- */

/* A document's users are taken in these steps, each so many at a time; false:
 * there is no more to be done in this one.
 *
 * Merges what they say; a document that names all users begins with
 * bs_roster_doubt(). n: the first that has not been merged. */
void bs_roster_doubt(struct bs_leg *l);
/* The document goes, wherever its users stand. */
void bs_roster_stop(struct bs_leg *l);
bool bs_roster_merge(struct bs_leg *l, const struct confinfo_user_node **n,
		     bool whole, size_t most);
/* Removes those of whom there is doubt. */
bool bs_roster_drop(struct bs_leg *l, size_t most);
/* Finds names for them, then which of them is our own user. */
bool bs_roster_name(struct bs_leg *l, size_t most);
void bs_roster_find_self(struct bs_leg *l);
/* Shows the others, in the document's order. */
bool bs_roster_show(struct bs_leg *l, size_t most);
void bs_roster_texts(struct bs_leg *l, const struct confinfo_doc *doc);
/* This name is our user's now: who had it is shown under another. */
void bs_roster_make_room(struct bs_leg *l, struct str nick);
/* Our own occupant, as far as we know him. */
void bs_roster_put_self(struct bs_leg *l, const struct leg_cause *cause);
/* The nickname under which the user of this URI is in the leg; empty: nobody
 * of the roster. */
struct str bs_roster_nick(const struct bs_leg *l, struct str uri);
void bs_roster_free(struct bs_leg *l);

/* --- back_sip_user.c --- */

struct bs_user *bs_user_new(struct bs_leg *l, struct str entity);
void bs_user_place(struct bs_leg *l, struct bs_user *u, enum bs_place to);
void bs_user_free(struct bs_leg *l, struct bs_user *u);
/* By his URI; NULL: he is not known. */
struct bs_user *bs_user_find(const struct bs_leg *l, struct str uri);
/* What a document says of him, in full or in part (RFC 4575 §4.6). */
void bs_user_merge(struct bs_leg *l, struct bs_user *u,
		   const struct confinfo_user *in, bool full);
/* Is he in the room, and not only called or gone? */
bool bs_user_is_there(const struct bs_user *u);
/* Is there room for what it says of him (limits { leg-roster })? */
bool bs_user_fits(const struct bs_leg *l, const struct confinfo_user *in);
/* His name as an XMPP resource (NICK-13); empty: he has none. */
struct str bs_user_name(struct bs_leg *l, struct bs_user *u);
/* His bare JID, or empty. */
void bs_user_jid(const struct bs_leg *l, const struct bs_user *u,
		 struct buf *out);
/* NULL if empty; false: it was so. */
bool bs_keep(char **to, struct str s);

/* --- back_sip_refer.c --- */

void bs_refer(struct bs_leg *l, uint64_t seat, const struct seat_cmd *cmd);
/* The leg is over, or its call. */
void bs_refer_end(struct bs_leg *l);
void bs_refer_notify(struct bs_dialog *d, const struct port_msg *m);
