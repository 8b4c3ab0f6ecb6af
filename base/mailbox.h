/* Values from the core's thread to one worker thread and back: what takes long
 * (a disk) is done there while the loop goes on. A value is handed over whole:
 * only one thread at a time may look at it. */
#pragma once

#include <stddef.h>

struct loop;
struct mailbox;

struct mailbox_cfg {
	struct loop *loop;
	const char *name; /* of the thread, at most 15 octets */
	size_t max;	  /* values that may be under way at a time */
	/* On the worker's thread, one value at a time, in the order they were
	 * sent. */
	void (*work)(void *user, void *value);
	/* On the loop's thread, in the same order: the value is back. May call
	 * mailbox_send. */
	void (*done)(void *user, void *value);
	void *user;
};

/* Starts the thread, on which all signals are blocked. 0, or a negated errno
 * value. */
int mailbox_new(const struct mailbox_cfg *cfg, struct mailbox **out);
/* 0; ERR_FULL: max values are under way, and this one stays the caller's. */
int mailbox_send(struct mailbox *m, void *value);
/* Values sent and not back yet. */
size_t mailbox_count(const struct mailbox *m);
/* Blocks until the worker has done all that was sent, then gives the values
 * back. Not inside done. */
void mailbox_wait(struct mailbox *m);
/* The same, then ends the thread. Before its loop. NULL is fine. */
void mailbox_free(struct mailbox *m);
