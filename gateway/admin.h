/* The administrator's interface: HTTP with JSON on a Unix socket, for stoxctl
 * and other programs. Who may connect is a matter of the socket's mode (0660);
 * what comes in is checked all the same. */
#pragma once

#include "gateway/vitals.h"

struct admin;

struct admin_cfg {
	struct loop *loop;
	struct core *core;
	struct users *users; /* NULL: nobody logs in here */
	const char *path;    /* of the socket */
	void (*vitals)(void *user, struct vitals *v);
	/* Reads the configuration again: 0, or negative when it is refused. A
	 * line each on what was refused, or on what waits for a restart. */
	int (*reload)(void *user, struct buf *said);
	/* All that a reload sets off has happened. */
	bool (*settled)(void *user);
	void *user;
};

/* Makes the socket, and its folder if that is missing. A socket that nobody
 * answers is replaced. 0, or negative with a line for the administrator in why:
 * -EADDRINUSE when another daemon answers there. */
int admin_new(const struct admin_cfg *cfg, struct admin **out, char why[256]);
/* Removes the socket. Not inside a request. NULL is fine. */
void admin_free(struct admin *a);
