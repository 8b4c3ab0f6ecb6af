/* Calls: the INVITE, its offer and answer, the MSRP session and the stay in the
 * room. */
#pragma once

#include "gateway/front_sip_priv.h"
#include "sip/sdp.h"

struct guest;
struct invitees;
struct parcel;
struct receipt;
struct sender;
struct talker;
struct transfers;

#define CALL_IDENTITIES_MAX 4
#define ACK_TIMEOUT_MS	    32000 /* 64*T1, FOCUS-5 */
#define BIND_TIMEOUT_MS	    30000 /* ABN-2 */
#define LOST_TIMEOUT_MS	    10000 /* ABN-1 */
#define RETURN_TIMEOUT_MS   32000 /* SEED0-4 */

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
	uint64_t replaces;  /* the dialog that this call takes over, or 0 */
	size_t max_reports; /* of limits, when the call began */
	struct receipt *receipts; /* so many, a ring; or NULL */
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
	size_t turn_octets;
	TAILQ_HEAD(, held_message) held; /* until the session is bound */
	size_t n_held, held_bytes;
	TAILQ_HEAD(, held_subscribe) subscribes; /* until the room is there */
	uint64_t order;	  /* among those kept; 0: not kept yet */
	uint64_t kept;	  /* a hash of what is kept, 0: nothing */
	uint64_t renewal; /* the re-INVITE after a restart, or 0 */
	bool returned;	  /* he has been here before a restart */
	struct str nick;  /* ... under this name, */
	bool nick_chosen; /* which he has until the room says otherwise */
	bool welcomed;
	bool utf8_only;	   /* his client bears nothing else (CPIM-22) */
	uint64_t skipped;  /* messages lost to congestion, not yet told */
	uint64_t probe_ms; /* last copy with Failure-Report yes */
};

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

/* front_sip_replaces.c */
/* Which call the INVITE takes over, if any: 200, or the status owed and why. */
int replaces_read(struct call *c, const struct port_msg *m, const char **why);
/* The new call is in the room: the old one ends. */
void replaces_done(struct call *c);

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
/* How long to wait, by chance, when both ends have asked at once and the call
 * is the peer's (RFC 3261 §14.1). Never 0: his request is to come first. */
uint64_t call_glare_ms(void);

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

/* front_sip_session.c */
extern const struct msrp_session_ops call_msrp_ops;
void call_seat_event(void *front, const struct seat_ev *ev);
/* Tells him why the room or the service ends his stay. */
void call_farewell(struct call *c, enum reason_code code, struct str text);
/* The session is bound and knows its peer. */
void call_ready(struct call *c);
