/* A random walk of SIP and XMPP users through a few rooms: what should be (the
 * model), and what their clients have been told. */
#pragma once

#include "scene.h"

#include "conference/room.h"

#define WALK_SIP_USERS 4 /* the first ones */
#define WALK_USERS     8
#define WALK_DEVICES   2 /* of each user */
#define WALK_ROOMS     2
#define WALK_PEOPLE    (WALK_USERS * WALK_DEVICES)
#define WALK_NICK_MAX  64
#define WALK_SAID_MAX  10000
#define WALK_KEPT_MAX  1000 /* nicknames of those who left */
#define WALK_GONE_MAX  64   /* people in one step */
#define WALK_MAX_USERS 10000
#define WALK_HISTORY   50 /* messages, as the configuration has it */
#define WALK_HELD      32 /* messages for one whose connection is lost */
#define WALK_NICK_MS   60000
#define WALK_LOST_MS   10000
#define WALK_SDP       "a=chatroom:nickname private-messages\r\n"
#define WALK_SEATS     (WALK_ROOMS * WALK_PEOPLE)
#define WALK_TRAIL     40 /* actions that are told of a failure */
#define WALK_DESTROYED 1  /* in place of a status code */

/* --- what should be --- */

/* Somebody in a room: a SIP user, or an XMPP user under one nickname. */
struct walk_occ {
	bool used;
	int user;
	char nick[WALK_NICK_MAX];
	bool nick_chosen;
	enum affiliation affiliation;
	enum role role;
	bool role_set;	   /* by somebody, not by the room's rules */
	uint64_t asked_ms; /* for a voice; or 0 */
};

struct walk_said {
	char text[16];
	const struct walk_seat *by; /* when he said it */
	int user;
	char nick[WALK_NICK_MAX];
};

struct walk_rules {
	bool members_only, moderated, persistent, subject_by_moderators,
	    no_invites;
	char password[16]; /* empty: none */
	unsigned max_users;
};

struct walk_room {
	struct str address; /* "r@chat.test" */
	const char *uri;
	bool exists;
	struct walk_rules rules;
	enum affiliation affiliation[WALK_USERS];
	struct walk_occ occ[WALK_PEOPLE];
	struct walk_said *said;
	size_t n_said;
	char subject[32];
	struct {
		char nick[WALK_NICK_MAX];
		int user;
		uint64_t until_ms;
	} kept[WALK_KEPT_MAX];
	size_t n_kept;
	/* who went in this step, and the status of their presence */
	struct {
		char nick[WALK_NICK_MAX];
		int code;
	} gone[WALK_GONE_MAX];
	size_t n_gone;
	unsigned invited[WALK_USERS]; /* XMPP users' invitations to come */
};

/* --- what clients show --- */

struct walk_line {
	char nick[WALK_NICK_MAX];
	char entity[256]; /* SIP: of the roster */
	enum role role;
	enum affiliation affiliation; /* SIP: AFF_ADMIN stands for more, too */
};

struct walk_view {
	struct walk_line line[2 * WALK_PEOPLE];
	size_t n;
	size_t count; /* SIP: of the conference state */
	char subject[32];
};

/* One device of a user in one room. */
struct walk_seat {
	struct walk *w;
	int user, room, device;
	/* the model */
	struct walk_occ *occ;	  /* NULL: he isn't in */
	size_t due;		  /* the next message that he has to hear */
	size_t history;		  /* so many were said before he came */
	struct walk_said private; /* that he has to hear; or empty */
	unsigned asked;		  /* requests for voice that he has to see */
	uint64_t lost_until_ms;	  /* SIP: without a connection until then */
	/* the client */
	bool inside;
	char own_nick[WALK_NICK_MAX]; /* XMPP */
	bool refused;		      /* the last thing he asked for */
	const char *condition;	      /* XMPP: of the error, if it matters */
	struct walk_view view;
	struct sip_user call;
	char path[256]; /* of the call, at stoxd */
	uint64_t watch; /* dialog of his subscription, or 0 */
	uint32_t version;
};

struct walk {
	struct scene *s;
	uint64_t seed, dice;
	unsigned step, texts;
	struct walk_room room[WALK_ROOMS];
	struct walk_seat seat[WALK_SEATS];
	char trail[WALK_TRAIL][200];
	bool done;
};

const char *walk_name(int user);		 /* "alice" */
const char *walk_jid(const struct walk_seat *t); /* full; of XMPP users */
const char *walk_bare(struct walk *w, int user); /* as XMPP names him */
static inline bool walk_is_sip(int user)
{
	return user < WALK_SIP_USERS;
}

static inline struct walk_room *walk_room(const struct walk_seat *t)
{
	return &t->w->room[t->room];
}

#define WALK_EACH_SEAT(t, w)                                                   \
	for (struct walk_seat *t = (w)->seat; t < (w)->seat + WALK_SEATS; t++)
#define WALK_EACH_OCC(o, r)                                                    \
	for (struct walk_occ *o = (r)->occ; o < (r)->occ + WALK_PEOPLE; o++)   \
		if (o->used)

static inline struct walk_seat *walk_seat(struct walk *w, int room, int user,
					  int device)
{
	return &w->seat[(room * WALK_USERS + user) * WALK_DEVICES + device];
}

unsigned walk_pick(struct walk *w, unsigned below);
/* What is done in this step, for the report of a failure. */
void walk_note(const struct walk_seat *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
#define WALK_IN_VAIN(done) ((done) ? "" : ", in vain")
/* A text for element content or attributes. */
const char *walk_escaped(struct walk *w, const char *text);
/* All is quiet, and stoxd has done what the user asked for, or refused it. */
void walk_expect(struct walk_seat *t, bool done);
/* The seed and what was done last. */
void walk_print(const struct walk *w);
/* A stanza of his to the room, or to somebody in it ("/nick"). */
#define walk_put(t, fmt, ...)                                                  \
	xmpp_put((t)->w->s, fmt, walk_jid(t), STR_ARG(walk_room(t)->address),  \
		 __VA_ARGS__)

/* --- the model (walk_model.c) --- */

/* Nobody else has it, nor had it just now. */
bool model_nick_free(const struct walk_seat *t, const char *nick);
struct walk_occ *model_by_nick(struct walk_room *r, const char *nick);
/* His only one, if he is a SIP user. */
struct walk_occ *model_of_user(struct walk_room *r, int user);
/* May he join? nick: NULL, of a SIP user. */
enum reason_code model_admits(const struct walk_seat *t, const char *nick,
			      const char *password);
void model_join(struct walk_seat *t, const char *nick);
/* He hears so many old messages, and what comes after. */
void model_listen(struct walk_seat *t, size_t history);
/* May an XMPP user's device take this nickname? */
bool model_may_rename(const struct walk_seat *t, const char *nick);
void model_rename(struct walk_seat *t, const char *nick);
/* A SIP user chooses none. */
void model_derive(struct walk_seat *t);
/* A device goes, or a person with all devices. */
void model_leave(struct walk_seat *t, enum reason_code why);
void model_expel(struct walk_seat *any, struct walk_occ *o,
		 enum reason_code why);
void model_say(struct walk_seat *t, const char *text);
void model_said(struct walk_said *m, const struct walk_seat *t,
		const char *text);
size_t model_devices(const struct walk_seat *any, const struct walk_occ *o);
size_t model_count(struct walk_room *r);
enum affiliation model_affiliation(const struct walk_seat *t);
/* What follows of a change of the list of affiliations, or of the rules. */
void model_review(struct walk *w, int room, enum reason_code not_member);
void model_configure(struct walk *w, int room, const struct walk_rules *rules);
void model_destroy(struct walk *w, int room);
/* What happens without anybody's doing: lost devices go, and empty rooms. */
void model_tidy(struct walk *w);

/* --- what people do --- */

/* test_walk.c: of XMPP users; a call that is to be, and its session when it is
 * there */
const char *walk_pick_nick(struct walk *w);
void walk_put_presence(struct walk_seat *t, const char *nick, const char *attr,
		       const char *inside);
/* With a password and the wish for so much history. */
void walk_put_join(struct walk_seat *t, const char *nick, const char *password,
		   size_t history);
void walk_call_init(struct walk_seat *t);
void walk_begin_msrp(struct walk_seat *t);

/* walk_talk.c */
void walk_rename(struct walk_seat *t);
void walk_say(struct walk_seat *t);
void walk_whisper(struct walk_seat *t);
void walk_set_subject(struct walk_seat *t);
/* walk_moderate.c: moderators of both worlds and the administrator */
void walk_kick(struct walk_seat *t);
void walk_give_role(struct walk_seat *t);
void walk_affiliate(struct walk_seat *t);
void walk_ask_voice(struct walk_seat *t);
void walk_answer_voice(struct walk_seat *t);
/* walk_owner.c */
void walk_configure(struct walk_seat *t);
void walk_destroy(struct walk_seat *t);
void walk_invite(struct walk_seat *t);
/* A SIP user's REFER to this URI with this method; a moment passes. */
void walk_refer(struct walk_seat *t, const char *to, bool allowed);
struct room *walk_real_room(const struct walk_seat *t);

/* --- what clients are told (walk_seen.c, walk_seen_sip.c) --- */

/* Takes all that stoxd sends, answers what wants an answer, until it is quiet.
 */
void walk_settle(struct walk *w);
/* The same after some time. */
void walk_pass(struct walk *w, uint64_t ms);
/* A user's address, as this one knows it. */
void walk_address(const struct walk_seat *t, int user, const char *nick,
		  char z[256]);
/* Makes a user watch the room's roster. */
void walk_watch(struct walk_seat *t);
bool walk_take_sip(struct walk *w);
bool walk_take_msrp(struct walk *w);
void walk_hear(struct walk_seat *t, struct str from, struct str text);
void walk_next_due(struct walk_seat *t);
struct walk_line *walk_line(struct walk_view *v, struct str nick,
			    struct str entity);
struct walk_line *walk_add_line(struct walk_seat *t);
/* All clients against the model. */
void walk_check(struct walk *w);

#define walk_wrong(t, ...)                                                     \
	do {                                                                   \
		print_error("%s/%d in %.*s: ", walk_name((t)->user),           \
			    (t)->device + 1, STR_ARG(walk_room(t)->address));  \
		fail_msg(__VA_ARGS__);                                         \
	} while (0)

#define WALK_COPY(array, s) snprintf(array, sizeof(array), "%.*s", STR_ARG(s))
