/* What the files of the remote MUCs' back end share. */
#pragma once

#include "base/table.h"
#include "gateway/back_muc.h"
#include "mapping/echo.h"
#include "xmpp/muc_said.h"

#define UUID_MAX  37 /* with its NUL */
#define CAPS_MAX  64
#define CLOCKS_MS 10000 /* of two servers may differ so much */

/* A message on its way: to the room, until its echo comes; to one occupant,
 * until no error can be expected any more. */
struct sending {
	TAILQ_ENTRY(sending) link;
	struct proxy *proxy;
	struct message *msg; /* NULL: let go of */
	size_t octets;
	uint64_t seat, op; /* op 0: its sender has his answer */
	uint64_t at_ms;
	uint64_t late_ms; /* it is lost, or no error is waited for any more */
	char id[UUID_MAX];
	char *client_id;
	bool private;
	bool held;    /* not sent yet: he is not in the room */
	bool again;   /* sent a second time */
	bool suspect; /* sent before he was out of the room */
};

enum query_kind {
	QUERY_INFO,   /* disco#info of the room */
	QUERY_UNLOCK, /* the empty form of a new room */
	QUERY_PING,
	QUERY_CAUGHT_UP, /* a ping behind the presence of proxy_catch_up() */
	QUERY_OCCUPANTS,
	QUERY_ARCHIVE,
	QUERY_ADMIN, /* a command of a seat */
};

struct query {
	TAILQ_ENTRY(query) link;
	enum query_kind kind;
	char id[UUID_MAX];
	uint64_t seat, op;
	uint64_t due_ms; /* when no answer is waited for any more */
};

/* A change of nickname or subject, of which there is one at a time. */
struct wish {
	bool open;
	bool seen; /* the change, but not yet that it was granted */
	uint64_t seat, op, at_ms;
	char id[UUID_MAX];
	struct buf text;  /* the nickname; the subject */
	unsigned variant; /* of the nickname that we call him by; 0: he said it
			     himself */
};

enum proxy_phase {
	PROXY_ASKING,	/* what sort of room it is */
	PROXY_JOINING,	/* its presence is out */
	PROXY_CREATING, /* in a room that it has made, which is locked yet */
	PROXY_IN,
	PROXY_AWAY, /* out of the room against its will, will come again */
};

/* The messages that were heard last, as hashes: a ring. */
struct seen {
	struct {
		uint64_t mark, at_ms;
	} * list;
	size_t n, max, oldest;
};

struct heard;
struct roll;
TAILQ_HEAD(roll_list, proxy);

/* Proxies are found by room and leg_key(), by room and bare JID, by JID. */
enum { BY_USER, BY_BARE, BY_JID, BY_COUNT };

/* One device in one room. */
struct proxy {
	TAILQ_ENTRY(proxy) link;
	struct proxy *same[BY_COUNT]; /* the next under one hash */
	struct back_muc *b;
	struct leg *leg;
	char *text;
	struct str key;			    /* room, NUL, jid */
	struct str room, jid, bare, domain; /* domain: the stream's */
	enum proxy_phase phase;
	bool ended;	  /* nobody finds it any more */
	bool joined;	  /* was in the room before */
	bool returning;	  /* our last run left him in the room */
	bool crowded;	  /* it holds more than we show, as we have logged */
	bool doubt;	  /* is he still? His stream was down */
	bool catching_up; /* until he has what he missed then; says nothing */
	struct catch_up *catch_up; /* what is kept until then; may be NULL */
	struct roll *roll; /* he waits for the list of occupants; or NULL */
	TAILQ_ENTRY(proxy) roll_link;
	bool roll_asked;
	struct buf nick;    /* the one he has, or tries to get */
	struct buf wanted;  /* the one before any variant */
	struct buf derived; /* what we call him who has not chosen any */
	char *password;
	bool no_history;
	size_t max_history;
	char join_id[UUID_MAX];
	unsigned variant; /* of wanted, or else of derived, from 1 */
	unsigned plainer; /* how often derived was made plainer, and is used */
	unsigned attempt; /* to come again */
	bool created;
	unsigned codes;	    /* of the room's properties, as last told */
	struct timer limit; /* of joining, or until the next attempt */
	struct timer due;   /* the next of what is below */
	struct timer idle;  /* silence */
	struct timer lost;  /* the stream is down */
	TAILQ_HEAD(, sending) sendings; /* oldest first */
	size_t queued;			/* octets of those */
	struct echoes *echoes;
	TAILQ_HEAD(, query) queries;
	struct wish nick_wish, subject_wish;
	bool subject_told;   /* since joining: history is over */
	struct seen seen;    /* what the room said last */
	struct heard *heard; /* ... to all of ours there; NULL: not kept */
	uint64_t last_ms;    /* wall clock: when it said so */
	uint64_t entered_ms; /* likewise: when he came in at first */
	uint64_t broken_ms;  /* when his stream was last; 0: it never was */
	struct buf presence; /* show and status, as text of a stanza */
};

/* What disco#info has told of a room, for a while (S2X-4). */
struct known_room {
	char *room;
	uint64_t at_ms;
	bool password, stable_ids, archive;
	struct room_info info;
	char *name;
};

/* The unavailable presence of who left while his stream was down. */
struct farewell {
	TAILQ_ENTRY(farewell) link;
	char *domain, *stanza;
};

struct back_muc {
	struct back_muc_cfg cfg;
	struct loop *loop;
	struct log *log;
	struct table *proxies;	       /* by key */
	struct table *whose[BY_COUNT]; /* by a hash of room and name */
	TAILQ_HEAD(, proxy) list;
	TAILQ_HEAD(, farewell) farewells;
	struct table *rooms; /* known_room by address */
	struct table *rolls; /* by room */
	struct table *down;  /* streams that are down, by domain */
	struct table *heard; /* by room */
	struct timer forget; /* what is kept of rooms without anybody */
	struct invited_list *invited;
	struct gone_list *gone;
	uint64_t last_id, seed;
	uint64_t mark_seed;	   /* of struct seen; outlives us */
	struct leg_values *values; /* all its legs' */
	bool stopping;		   /* nobody joins any more */
	char caps[64];	     /* the hash of what a proxy can do (XEP-0115) */
	struct arena *arena; /* of the stanza being read */
	struct buf out;
	struct back_muc_stats stats;
};

/* --- back_muc.c --- */

/* Empties b->out and writes "<name from=.. to=room[/nick] type=.. id=..". */
struct buf *muc_begin(struct proxy *p, const char *name, struct str nick,
		      const char *type, const char *id);
void muc_send(struct proxy *p);
/* The same; without a stream it waits for the next one. */
void muc_send_surely(struct proxy *p);
/* As muc_begin and muc_send for a stanza that answers one. */
struct buf *muc_answer(struct back_muc *b, const struct muc_said *in,
		       const char *name, const char *type);
void muc_answered(struct back_muc *b, const struct muc_said *in);
/* The error that a stanza owes. */
void muc_error(struct back_muc *b, const struct muc_said *in, const char *name,
	       struct stanza_error e);
extern const struct stanza_error muc_unavailable;
/* A private message from a room has not been taken. For service-unavailable
 * from somebody in a room, which S2X-35 has, Prosody and ejabberd put him out
 * as a ghost (XEP-0045 §18.1.2) and tell the author nothing; this they pass on.
 */
extern const struct stanza_error muc_not_taken;
/* May our users enter rooms there, as the configuration has it? */
bool muc_reaches(const struct back_muc *b, struct str room);
void muc_uuid(char z[UUID_MAX]);

/* --- back_muc_proxy.c --- */

/* Written to the empty buffer: under which a proxy is found. */
struct str muc_key(struct str room, struct str jid, struct buf *key);
struct proxy *muc_proxy(const struct back_muc *b, struct str room,
			struct str jid);
/* One of this user's (a bare JID, or leg_key()) in the room, but not this one;
 * or NULL. */
struct proxy *muc_proxy_of(const struct back_muc *b, struct str room,
			   struct str user, const struct proxy *but);
/* Is there any of this JID, in whatever room? */
bool muc_is_proxy(const struct back_muc *b, struct str jid);
/* Another of p's user in its room, after `after` (NULL: the first). */
struct proxy *muc_sibling(const struct proxy *p, const struct proxy *after);
/* The user's bare JID and, behind a slash, a resource that no other device of
 * his has in this room. NULL: we have no component that could speak for him. */
const struct domain_config *
muc_make_jid(struct back_muc *b, const struct seat_join *join, struct buf *out);
struct proxy *proxy_new(struct back_muc *b, const struct seat_join *join,
			struct str jid);
void proxy_free(struct proxy *p);
/* Ends it for its seats; the room is not told. */
void proxy_end(struct proxy *p, struct reason why);
/* Tells the room that he goes; text may be empty. */
void proxy_goodbye(struct proxy *p, struct str text);
void proxy_notice(struct proxy *p, const char *text); /* as the room */

/* --- back_muc_seen.c --- */

bool seen_has(const struct seen *s, uint64_t mark);
/* The same of the last n, the latest first. */
bool seen_has_lately(const struct seen *s, uint64_t mark, size_t n);
void seen_add(struct seen *s, uint64_t mark, uint64_t now_ms);
void seen_copy(struct seen *to, const struct seen *from);
void seen_done(struct seen *s);

/* --- back_muc_heard.c --- */

/* He is on his way into his room. If an earlier run left him there he goes on
 * with what was heard then. */
void proxy_keep_heard(struct proxy *p, const struct seat_join *join);
/* He is in. */
void proxy_entered(struct proxy *p);
/* He has heard this, said at that time of the wall clock. */
void proxy_has_heard(struct proxy *p, uint64_t mark, uint64_t said_ms);
void proxy_leave_heard(struct proxy *p);

/* --- back_muc_gone.c --- */

/* Keys as struct proxy has. */
struct gone_list *gone_new(struct loop *loop);
void gone_free(struct gone_list *l);
void gone_note(struct gone_list *l, struct str key);
bool gone_lately(struct gone_list *l, struct str key);
void gone_heard(struct gone_list *l, struct str key); /* he is out */

/* --- back_muc_join.c --- */

#define NICK_VARIANTS 5 /* of a nickname that is taken, S2X-7 */
#define NICK_PLAINER  3 /* of one that the room doesn't take at all */

/* Begins to come in, under the nicknames that the join wants. */
void proxy_start(struct proxy *p, const struct seat_join *join);
void proxy_ask(struct proxy *p);
/* The stream on which it last asked to come in is gone. */
void proxy_repeat(struct proxy *p);
void proxy_info_answered(struct proxy *p, const struct muc_said *in);
void proxy_unlocked(struct proxy *p, bool ok);
/* He is in still: the history since what he heard last is asked for, which
 * brings what the room said while his stream was down, where the room gives it
 * to who is in it (XEP-0045 §17.3). */
void proxy_catch_up(struct proxy *p);
/* He himself is there, in a room that he was joining. */
void proxy_arrived(struct proxy *p, const struct muc_said *in);
void proxy_refused(struct proxy *p, const struct muc_said *in);
/* He was in, and is out: comes again (S2X-22), or ends it for this reason. */
void proxy_come_again(struct proxy *p, enum reason_code why, bool at_once);

/* --- back_muc_known.c --- */

/* NULL: nothing. */
struct known_room *muc_known(const struct back_muc *b, struct str room);
/* The same, if it is not too old to come in by. */
const struct known_room *muc_known_lately(const struct back_muc *b,
					  struct str room);
/* Reads the answer to disco#info; NULL: it is no room's. */
const struct known_room *muc_learn(struct back_muc *b, struct str room,
				   const struct xnode *query);
void muc_forget_rooms(struct back_muc *b);

/* --- back_muc_catch.c --- */

/* What the room says from now on is kept until it has told its history, unless
 * there is no room for it. Again: that history is asked for once more. */
void proxy_hold(struct proxy *p);
/* The same when he has come in again and gets the history unasked. */
void proxy_hold_history(struct proxy *p);
/* False: it is to be told now. */
bool proxy_keep(struct proxy *p, const struct muc_said *in, uint64_t mark);
/* Tells what is kept; then nothing is any more. */
void proxy_unhold(struct proxy *p);
/* He is out, for some seconds: as above, unless the archive has yet to tell
 * what comes before it. */
void proxy_unhold_out(struct proxy *p);
void proxy_drop_kept(struct proxy *p);
/* Tells him that something may be missing here. */
void proxy_notice_gap(struct proxy *p);
/* The history has this message, and its place: what is kept of it goes. */
void proxy_history_has(struct proxy *p, uint64_t mark);
/* One of it was heard before the break: it goes back far enough. */
void proxy_history_known(struct proxy *p);
/* One that was not. True: it is kept, too, for the room has an archive, which
 * will tell what was before it. Else the user hears that something may be
 * missing. */
bool proxy_history_waits(struct proxy *p, const struct muc_said *in,
			 uint64_t mark);
/* The subject has come, which is behind the history. */
void proxy_history_over(struct proxy *p);
/* The ping behind proxy_catch_up() is answered. */
void proxy_history_answered(struct proxy *p);
void proxy_caught_up(struct proxy *p);
/* One of the archive's messages: is it what was asked for? */
bool proxy_has_asked(const struct proxy *p, const struct muc_said *in);
/* It has told a page, by this query. in NULL: it has not answered. */
void proxy_archive_answered(struct proxy *p, struct str id,
			    const struct muc_said *in);

/* --- back_muc_archive.c --- */

#define ARCHIVE_PAGE 100 /* messages that are asked for at a time */
/* Asks the room's archive for what was said since then, and after this message
 * if it is given (XEP-0313). id: of the query, which its messages name. */
void proxy_ask_archive(struct proxy *p, uint64_t since_ms, struct str after,
		       char id[UUID_MAX]);
/* What the answer says. False: it failed. *last empty: that was all. */
bool archive_read_answer(const struct muc_said *in, struct arena *a,
			 struct str *last);

/* --- back_muc_roll.c --- */

/* If some of his roster were not heard of since the break, asks whether they
 * are there still. */
void proxy_check_roster(struct proxy *p);
void proxy_leave_roll(struct proxy *p);
/* in NULL: no answer came. */
void proxy_occupants_answered(struct proxy *asker, const struct muc_said *in);

/* --- back_muc_roster.c --- */

void proxy_on_presence(struct proxy *p, const struct muc_said *in);

/* --- back_muc_said.c --- */

void proxy_on_message(struct proxy *p, const struct muc_said *in);
/* One to all, or a subject: what is not kept, or was. */
void proxy_tell(struct proxy *p, const struct muc_said *in);
void proxy_on_status(struct proxy *p, unsigned codes);
void proxy_tell_info(struct proxy *p, unsigned changed);

/* --- back_muc_send.c --- */

void proxy_say(struct proxy *p, uint64_t seat, const struct seat_cmd *cmd);
/* In the room: what was held goes out. */
void proxy_send_held(struct proxy *p);
/* The room's history is over: what it does not have never came there. */
void proxy_lose_suspects(struct proxy *p);
void proxy_suspect_all(struct proxy *p);
/* The echo of x came in this stanza. */
void proxy_echoed(struct proxy *p, struct sending *x,
		  const struct muc_said *in);
/* An error about one; false: it was none of his. */
bool proxy_unsaid(struct proxy *p, const struct muc_said *in);
/* echoes_new's: too many are on their way. */
void proxy_echo_lost(void *user, void *data);
/* The room will never have them: their senders are told. */
void proxy_fail_sendings(struct proxy *p);
void proxy_drop_sendings(struct proxy *p);
void proxy_watch_due(struct proxy *p); /* sets the timer */

/* --- back_muc_command.c --- */

extern const struct leg_ops muc_leg_ops;
void wish_done(struct proxy *p, struct wish *w, enum reason_code why);
/* The nickname that is wished for: another spelling is tried, or it is over. */
void proxy_nick_refused(struct proxy *p, enum reason_code why);

/* --- back_muc_iq.c --- */

/* A query to the room with this id, as begun by muc_begin. */
struct query *query_new(struct proxy *p, enum query_kind kind);
void proxy_on_reply(struct proxy *p, const struct muc_said *in);
/* kind: what the answer is for, QUERY_PING or QUERY_CAUGHT_UP. */
void proxy_ping(struct proxy *p, enum query_kind kind);
/* Those that are too old have failed; which may end the proxy. */
void proxy_expire_queries(struct proxy *p, uint64_t now_ms);
uint64_t proxy_queries_due(const struct proxy *p); /* UINT64_MAX: none is */
/* The room has said something: it is asked only when it is silent. */
void proxy_heard(struct proxy *p);
void proxy_drop_queries(struct proxy *p);
/* Their stream is gone, and they with it. */
void proxy_drop_pings(struct proxy *p);
void muc_on_iq(struct back_muc *b, const struct muc_said *in);
void muc_caps(char ver[CAPS_MAX]);
void muc_put_caps(struct back_muc *b, struct buf *out);

/* --- back_muc_invite.c --- */

struct invited_list *invited_new(void);
void invited_free(struct invited_list *l);
void muc_on_invite(struct back_muc *b, const struct muc_said *in);
/* The password that an invitation to this user brought; empty: none. */
struct str muc_invited_password(const struct back_muc *b, struct str room,
				struct str bare);
enum reason_code proxy_invite(struct proxy *p, const struct seat_cmd *cmd);
void proxy_on_decline(struct proxy *p, const struct muc_said *in);
/* A stanza of an invitation came back; false: it was none. */
bool proxy_invite_bounced(struct proxy *p, const struct muc_said *in);
