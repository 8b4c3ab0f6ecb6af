/* A random walk of SIP and XMPP users through a few rooms: what should be (the
 * model), and what their clients have been told. */
#pragma once

#include "scene.h"

#include "conference/room.h"

#define WALK_SIP_USERS 4 /* the first ones */
#define WALK_USERS     8
#define WALK_ROOMS     2
#define WALK_NICK_MAX  64
#define WALK_SAID_MAX  10000
#define WALK_KEPT_MAX  1000 /* nicknames of those who left */
#define WALK_HISTORY   50   /* messages, as the configuration has it */
#define WALK_NICK_MS   60000
#define WALK_SDP       "a=chatroom:nickname private-messages\r\n"
#define WALK_TRAIL     30 /* actions that are told of a failure */

/* Somebody in a room, as a client shows him. */
struct walk_line {
	char nick[WALK_NICK_MAX];
	char entity[256]; /* SIP: of the roster */
	enum role role;
	enum affiliation affiliation; /* SIP: AFF_ADMIN stands for more, too */
};

struct walk_view {
	struct walk_line line[2 * WALK_USERS];
	size_t n;
	size_t count; /* SIP: of the conference state */
	char subject[32];
};

/* One user in one room. */
struct walk_seat {
	struct walk *w;
	int user, room;
	/* the model */
	bool in;
	char nick[WALK_NICK_MAX];
	bool nick_chosen;
	enum role role;
	size_t due;	  /* the next message that he has to hear */
	size_t history;	  /* so many were said before he came */
	char private[32]; /* that he has to hear; or empty */
	/* the client */
	bool inside;
	char own_nick[WALK_NICK_MAX]; /* XMPP */
	bool refused;		      /* the last thing he asked for */
	struct walk_view view;
	struct sip_user call;
	char path[256]; /* of the call, at stoxd */
	uint64_t watch; /* dialog of his subscription, or 0 */
	uint32_t version;
};

struct walk_said {
	char text[16];
	int user;
	char nick[WALK_NICK_MAX];
};

struct walk_room {
	struct str address; /* "r@chat.test" */
	const char *uri;
	enum affiliation affiliation[WALK_USERS];
	struct walk_said *said;
	size_t n_said;
	char subject[32];
	struct {
		char key[WALK_NICK_MAX];
		int user;
		uint64_t until_ms;
	} kept[WALK_KEPT_MAX];
	size_t n_kept;
};

struct walk {
	struct scene *s;
	uint64_t seed, dice;
	unsigned step, texts;
	struct walk_room room[WALK_ROOMS];
	struct walk_seat seat[WALK_ROOMS][WALK_USERS];
	char trail[WALK_TRAIL][160];
	bool done;
};

const char *walk_name(int user); /* "alice" */
const char *walk_jid(int user);	 /* full; of XMPP users */
static inline bool walk_is_sip(int user)
{
	return user < WALK_SIP_USERS;
}

unsigned walk_pick(struct walk *w, unsigned below);
/* What is done in this step, for the report of a failure. */
void walk_note(struct walk *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A text for element content or attributes. */
const char *walk_escaped(struct walk *w, const char *text);
/* All is quiet, and stoxd has done what the user asked for, or refused it. */
void walk_expect(struct walk_seat *t, bool done);
/* The seed and what was done last. */
void walk_print(const struct walk *w);

/* --- the model (walk_model.c) --- */

/* May this user take the nickname now? */
bool model_nick_free(const struct walk_seat *t, const char *nick);
void model_rename(struct walk_seat *t, const char *nick);
/* A SIP user chooses none. */
void model_derive(struct walk_seat *t);
/* nick: NULL, of a SIP user. */
void model_join(struct walk_seat *t, const char *nick);
void model_leave(struct walk_seat *t);
void model_say(struct walk_seat *t, const char *text);
/* His role after his affiliation has changed. */
void model_affiliate(struct walk_seat *t, enum affiliation a);
struct walk_seat *model_by_nick(struct walk *w, int room, const char *nick);

/* --- what moderators and the administrator do (walk_moderate.c) --- */

void walk_kick(struct walk_seat *t);
void walk_give_role(struct walk_seat *t);
void walk_affiliate(struct walk_seat *t);

/* --- what clients are told (walk_seen.c) --- */

/* Takes all that stoxd sends, answers what wants an answer, until it is quiet.
 */
void walk_settle(struct walk *w);
/* A user's address, as this one knows it. */
void walk_address(const struct walk_seat *t, int user, const char *nick,
		  char z[256]);
/* Makes a user watch the room's roster. */
void walk_watch(struct walk_seat *t);
/* All clients against the model. */
void walk_check(struct walk *w);
