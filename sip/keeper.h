/* What the core keeps of the SIP process so that its next incarnation can go
 * on: each dialog's last report, ended dialogs for 32 s, requests without an
 * outcome. */
#pragma once

#include <sys/queue.h>

#include "base/loop.h"
#include "base/table.h"
#include "sip/port.h"

struct keeper_dialog;
struct keeper_send;

/* Where dialogs are kept for the next run of the whole daemon, too; put NULL:
 * nowhere. */
struct keeper_store {
	/* An encoded PORT_DIALOG, its local CSeq ahead of what was reported:
	 * told when anything but that CSeq has changed, or it comes near. */
	void (*put)(void *user, uint64_t dlg, struct str state);
	void (*drop)(void *user, uint64_t dlg);
	void *user;
};

TAILQ_HEAD(keeper_dialogs, keeper_dialog);
TAILQ_HEAD(keeper_sends, keeper_send);

struct keeper {
	struct loop *loop;
	struct keeper_store store;
	struct table *dialogs;	    /* id -> keeper_dialog, ended ones too */
	struct table *sends;	    /* req -> keeper_send */
	struct keeper_sends order;  /* of sending */
	struct keeper_dialogs dead; /* the longest dead first */
	size_t n_dead;
	struct timer sweep;
};

void keeper_init(struct keeper *k, struct loop *loop);
void keeper_done(struct keeper *k);

/* A dialog of an earlier run, as it was put into the store. Its CSeq goes on by
 * the time since then, so that a run whose own state never reached the store
 * does not count. 0, ERR_SYNTAX. */
int keeper_add(struct keeper *k, struct str state);
/* Takes all dialogs out of the store, and puts nothing into it any more. */
void keeper_clear_store(struct keeper *k);
/* The highest generation in the ids of its dialogs. */
uint32_t keeper_generation(const struct keeper *k);
/* A PORT_DIALOG came. */
void keeper_dialog(struct keeper *k, const struct port_msg *m);
/* The core sends a PORT_SEND or PORT_DIAL; kept until it has an outcome. */
void keeper_send(struct keeper *k, const struct port_msg *m);
/* An outcome came: was it still owed? */
bool keeper_answered(struct keeper *k, uint64_t req);
/* Takes out a PORT_DIAL without an outcome; false: there is none. */
bool keeper_take_dial(struct keeper *k, uint64_t *dlg, uint64_t *req);
/* Is this dialog known, and not over? */
bool keeper_has(const struct keeper *k, uint64_t dlg);
/* The dialog has ended; kept as a tombstone for 32 s (64*T1). */
void keeper_forget(struct keeper *k, uint64_t dlg);

/* Gives a new process all dialogs and tombstones. */
void keeper_seed(struct keeper *k, struct port_end *e);
/* Sends again what has no outcome, in order; returns how many. */
size_t keeper_resend(struct keeper *k, struct port_end *e);

size_t keeper_dialogs(const struct keeper *k);
size_t keeper_tombstones(const struct keeper *k);
