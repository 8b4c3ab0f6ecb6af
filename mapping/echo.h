/* Own echoes: a room sends each message back to who said it, and a SIP user
 * must not get his own (RFC 7702 §6.3.1). Each message is remembered until its
 * echo comes, known by its id or, where the room changes ids, by its text; what
 * the user says on another device, or anybody else says, is no echo. Pure: time
 * is passed in. */
#pragma once

#include "base/buf.h"

/* How long a message is known by its id, and by its text or place; how many are
 * remembered of one proxy. */
#define ECHO_ID_MS   600000
#define ECHO_BODY_MS 60000
#define ECHO_MAX     256

struct echoes;

/* lost: a message whose echo did not come in time, or that the next ones have
 * driven out: ECHO_BODY_MS after echo_add(), unless it was closed. seed: for
 * hashes. */
struct echoes *echoes_new(uint64_t seed, void (*lost)(void *user, void *data),
			  void *user);
void echoes_free(struct echoes *e); /* without calling lost; NULL is fine */

/* A message under this id (our origin-id) and nickname is being sent. data:
 * what the caller wants back, never NULL. */
void echo_add(struct echoes *e, struct str id, struct str nick, struct str body,
	      uint64_t now_ms, void *data);
/* Was this id ours within ECHO_ID_MS? */
bool echo_knows(const struct echoes *e, struct str id, uint64_t now_ms);

/* A groupchat message from the room, as its stanza says. */
struct echo_seen {
	struct str nick;	  /* the sender's */
	struct str id, origin_id; /* may be empty */
	struct str body;
	bool delayed; /* it has a <delay/> */
};

/* What is known beyond the proxy's own messages. */
struct echo_context {
	struct str nick;   /* the user's at present */
	bool known_id;	   /* one of the two ids is another device's (REFL-9) */
	bool rewrites;	   /* the room may change id and text (no stable_id) */
	bool other_device; /* the nickname has other sessions */
};

enum echo_verdict {
	ECHO_NONE,  /* somebody's message: show it */
	ECHO_OWN,   /* *data is that message's; it is closed now */
	ECHO_AGAIN, /* one whose echo came before, as history after a rejoin;
		     *data NULL */
};
enum echo_verdict echo_match(struct echoes *e, const struct echo_seen *seen,
			     const struct echo_context *c, uint64_t now_ms,
			     void **data);
/* An error stanza with this id came, or with none: the message it is about, or
 * NULL; it is closed (REFL-11). */
void *echo_failed(struct echoes *e, struct str id, uint64_t now_ms);
/* Closes that of this data: nothing more is told of it. */
void echo_close(struct echoes *e, const void *data);
/* Lets go of what is too old; returns when to call again, in ms from now, or 0:
 * nothing is waited for. */
uint64_t echo_expire(struct echoes *e, uint64_t now_ms);
