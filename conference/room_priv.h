/* The local room, which all its files know. See order.c for how commands, joins
 * and events follow each other, roster.c for who owns what. */
#pragma once

#include "conference/affil_priv.h"
#include "conference/nick_priv.h"
#include "conference/roster_priv.h"

#define SUBJECT_MAX	 8192
#define QUARANTINE_MS	 60000
#define MAX_OCCUPANTS	 10000
#define HISTORY_MESSAGES 50
#define HISTORY_BYTES	 1048576
#define ARCHIVE_DAYS	 30
#define ARCHIVE_MESSAGES 100000
#define LOCK_MS		 900000
#define OBSERVERS_PER_PLACE                                                    \
	2 /* a subscription for each device of most people */

struct delivery;
struct queued;
TAILQ_HEAD(delivery_list, delivery);
STAILQ_HEAD(queued_list, queued);
TAILQ_HEAD(rec_list, seat_rec);

struct held {
	struct delivery_list ended, others;
};

struct past {
	TAILQ_ENTRY(past) link;
	struct message *msg;
	size_t bytes;
};
TAILQ_HEAD(past_list, past);

struct history {
	struct past_list list; /* oldest first */
	size_t n, bytes;
};

struct rooms {
	struct loop *loop;
	struct table *by_address;
	struct scope scope;
	const struct rooms_watch *watch;
	void *watch_user;
	size_t max_rooms;
	uint64_t last_id; /* of seats and occupants */
	uint64_t last_event;
	bool closed;
};

struct room {
	struct rooms *rooms;
	struct loop *loop;
	struct str address;
	char *address_z;
	struct room_policy policy; /* defaults filled in; in policy_block */
	struct room_policy *policy_block;
	bool configured;  /* not the configuration's policy */
	struct str owner; /* the account of who made it; may be empty */
	char *owner_z;
	struct affils fixed, granted;
	struct nick *reserved;
	size_t n_reserved;
	struct table *reserved_by_key; /* NULL: no words */
	bool locked;
	bool expected; /* nobody has come yet: it is kept so long */
	bool lingers;  /* its people may come back: likewise */
	struct timer linger_timer;
	unsigned noted; /* ROOM_*, for the watcher */
	struct deferred note;
	bool gone; /* every seat is ended or about to be; freed with the turn */
	struct timer lock_timer;
	struct deferred tidy;
	/* order.c */
	bool running;
	struct delivery_list outbox;
	struct held *held; /* NULL: events go into the outbox */
	struct queued_list queue;
	struct audience audience[AUDIENCES];
	/* roster.c */
	struct rec_list recs;
	struct occ **occs; /* in the order they came, with holes */
	size_t n_places, room_places;
	size_t n_occs, n_observers;
	struct table *by_id, *by_key, *by_user;
	uint64_t presence_turn;
	struct quarantine quarantine;
	struct history history;
	uint64_t serial;
	struct subject subject;
	char *subject_block;
};

/* Frees a block of strings at the end of the turn: a handler up the stack may
 * still read them. NULL is fine. */
void room_retire(struct room *r, char *block);

/* room.c */
/* It is found from now on. */
struct room *room_new(struct rooms *rs, struct str address,
		      const struct room_policy *policy);
void room_free(void *room); /* at once: nothing of it is in use */
/* The room is found no more; its memory goes with the turn. */
void room_drop(struct room *r);
/* Drops it, and its seats will hear SEAT_ENDED. */
void room_end(struct room *r, struct reason why);
/* The same from outside a command: all have heard it on return. */
void room_end_now(struct room *r, enum reason_code code);
void room_tidy_later(struct room *r);
/* Who made the room has left it (RFC 7701 §4.1). */
void room_founder_left(struct room *r, const struct occ *o);
void room_set_owner(struct room *r, struct str account);
extern const struct seat_back_ops room_seat_ops;

/* order.c */
/* What somebody outside wants done, who needs the answer at once. */
struct task {
	enum reason_code (*run)(struct room *r, void *arg);
	void *arg;
	bool ran;
	bool done; /* ran, and reason is set: the room was still there */
	enum reason_code reason;
};
struct join_task {
	const struct seat_join *join;
	struct seat *seat;
	bool created;
};
void room_command(struct seat *s, const struct seat_cmd *cmd);
/* Runs the task after what is waiting and returns when all have heard of it.
 * task->done false: the room ended before. */
void room_run_task(struct room *r, struct task *task);
/* The same in short: REASON_NO_ROOM if it ended before. */
enum reason_code room_task(struct room *r,
			   enum reason_code (*run)(struct room *r, void *arg),
			   void *arg);
/* Runs what waits and delivers it. */
void room_run(struct room *r);

/* deliver.c */
void audience_add(struct room *r, enum audience_kind kind,
		  struct seat_rec *rec);
void audience_remove(struct room *r, struct seat_rec *rec);
void audience_tidy(struct room *r);
/* The seat hears nothing from now on and may be freed by its holder. */
void rec_detach(struct seat_rec *rec);
/* Puts an event in line. own: the seat that asked (may be NULL), which gets op
 * as own_op. Strings in ev must live as long as the command that runs. */
void room_tell(struct room *r, enum audience_kind kind,
	       const struct seat_ev *ev, const struct seat_rec *own,
	       uint64_t op);
void room_tell_one(struct room *r, struct seat_rec *rec,
		   const struct seat_ev *ev, uint64_t op);
/* The occupant's devices that take private messages. */
void room_tell_private(struct room *r, struct occ *to, const struct seat_ev *ev,
		       const struct seat_rec *own, uint64_t op);
void room_result(struct room *r, struct seat_rec *rec,
		 const struct seat_cmd *cmd, enum reason_code code);
/* SEAT_ENDED to one seat, which is detached before it hears it. */
void room_tell_one_ended(struct room *r, struct seat_rec *rec,
			 struct reason why);
/* SEAT_ENDED to all seats, each detached before it hears it. */
void room_tell_ended(struct room *r, struct reason why);
/* Until the release, events wait aside; then they are put in line as
 * SEAT_MODERATE has it, with the command's result. Nothing is delivered in
 * between. */
void room_hold(struct room *r, struct held *h);
void room_release(struct room *r, struct seat_rec *rec,
		  const struct seat_cmd *cmd, enum reason_code code);
/* Until nothing is in line, however deep in handlers we are. */
void room_deliver(struct room *r);

/* policy.c; one block, free() it */
struct room_policy *policy_copy(const struct room_policy *from);
void policy_set(struct room *r, const struct room_policy *policy);
/* Its owner's or administrator's own. */
void room_set_own_policy(struct room *r, const struct room_policy *policy);

/* state.c */
/* Something that outlives the process has changed: ROOM_*. */
void room_note(struct room *r, unsigned what);
void room_note_affiliation(struct room *r,
			   const struct room_affiliation *entry);
void room_note_nick(struct room *r, struct str key, struct str user,
		    uint64_t until_ms);
void room_note_message(struct room *r, struct message *m);
void room_note_said(struct room *r, struct message *m);
/* serial: that of the message taken back; 0: not in the history. */
void room_note_retracted(struct room *r, struct message *by, uint64_t serial);
void room_note_end(struct room *r);

/* history.c */
void history_init(struct history *h);
void history_done(struct history *h);
/* False: it is not kept. */
bool history_add(struct room *r, struct message *m);
void history_remove(struct room *r, struct past *p);
void history_tell(struct room *r, struct seat_rec *rec,
		  const struct history_wish *wish);
