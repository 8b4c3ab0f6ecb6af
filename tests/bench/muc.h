/* A scripted MUC service for a stoxd whose XMPP server it plays, too: rooms
 * whose occupants never change, and of which it knows only the users that
 * stoxd brings (uN@bench.example). */
#pragma once

#include <stdbool.h>

#include "tests/bench/component.h"

struct muc_guest {
	char *jid;  /* of his proxy; NULL: not in */
	char *nick; /* as he wanted it */
	unsigned room;
};

struct muc {
	struct component link;
	unsigned roster; /* occupants who are there before anybody comes */
	unsigned n;	 /* guests there may be */
	struct muc_guest *guests;
	unsigned inside;
	/* One of them says something to his room, of so many characters; the
	 * echo goes out when this returns. */
	void (*said)(void *user, unsigned guest, struct str body);
	void *user;
};

/* Accepts stoxd's stream; the rest of *m is set. */
void muc_open(struct muc *m, int listener, unsigned guests);
void muc_close(struct muc *m);
/* Reads once, and answers. */
void muc_read(struct muc *m);
/* An occupant (of no guest's) says this body to all guests in the room. */
void muc_say(struct muc *m, unsigned room, const char *id, const char *body);
