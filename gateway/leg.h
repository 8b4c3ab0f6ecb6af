/* A leg: what one user has of a room that lives elsewhere. It keeps the roster,
 * the subject and the room's properties as the protocol learns them, and gives
 * them to the seats that look at it: the user's devices and observers (SIP
 * subscriptions). To front ends it is a room like any other
 * (conference/seat.h); what they command it hands to its protocol.
 *
 * Events reach all seats of the leg in one order. A command given from inside
 * an event waits until the turn of the loop ends: no command runs inside a
 * leg_ function. */
#pragma once

#include "base/loop.h"
#include "conference/seat.h"
#include "gateway/bridged.h"

struct leg;
struct leg_values;

struct leg_ops {
	/* What a device of an open leg wants: neither SEAT_LEAVE nor
	 * SEAT_DEVICE. seat: its id, for leg_result() and struct leg_cause. */
	void (*command)(struct leg *leg, uint64_t seat,
			const struct seat_cmd *cmd);
	/* The user's last device has left, from a leg that is open or not yet;
	 * cmd: its SEAT_LEAVE. Or he has removed himself: cmd is that
	 * SEAT_KICK, and the leg's seats, which are still there, get
	 * SEAT_ENDED. Say goodbye; the leg may be freed here, and if not is of
	 * use to nobody but observers. */
	void (*left)(struct leg *leg, const struct seat_cmd *cmd);
	/* One of several devices has left. May be NULL. */
	void (*device_left)(struct leg *leg, uint64_t seat);
};

struct leg_cfg {
	struct loop *loop;
	const struct leg_ops *ops;
	void *user;	   /* the protocol's own record of the leg */
	uint64_t *last_id; /* of occupants and seats: all legs count on */
	/* of legs that hear the same of a room; NULL: each knows for itself */
	struct leg_values *values;
	size_t max_occupants;	 /* more are not shown */
	size_t max_octets;	 /* of what is known of those; 0: any number */
	struct bridged *bridged; /* that counts it; NULL: nobody does */
};

/* For join->user in join->room, in join->world; no seat yet. */
struct leg *leg_new(const struct leg_cfg *cfg, const struct seat_join *join);
/* Seats that are still there get SEAT_ENDED (REASON_LEFT). NULL is fine. May be
 * called in any of its callbacks. */
void leg_free(struct leg *l);
void *leg_user(const struct leg *l);	 /* cfg->user */
struct str leg_key(const struct leg *l); /* join->user */

/* A seat of the leg's user: a device, or (join->observer) one that only
 * watches. In an open leg it gets SEAT_JOINED and the subject at once, else
 * when the leg opens. */
void leg_attach(struct leg *l, const struct seat_join *join, struct seat *seat);

/* A device of an open leg goes to another one, open too, that its user has in
 * the same room under another name, and hears in what they differ: then, as
 * SEAT_NICK promises, that it has another name now. It keeps its id, and what
 * it has commanded and was not executed yet goes with it; results of the rest
 * are lost. False: it has left. */
bool leg_move(struct leg *from, uint64_t seat, struct leg *to, uint64_t op);
size_t leg_n_devices(const struct leg *l); /* seats but for observers */
/* NULL: there is no such device. */
const struct device *leg_device(const struct leg *l, uint64_t seat);

/* The room has let the user in under this nickname, which leg_put() has put
 * into the roster: all seats get SEAT_JOINED. Again (after a rejoin): only the
 * nickname counts. False: there is no such occupant. */
bool leg_opened(struct leg *l, struct str self, bool created, bool renamed);
/* NULL: not open, or not in the roster at present. */
const struct occupant *leg_self(const struct leg *l);

/* Whose command brought about what is told, and why; zeroed: nobody's of this
 * leg, no reason. */
struct leg_cause {
	uint64_t seat, op;
	struct reason reason;
};

/* The roster; before the leg is open nobody is told. Occupants are known by
 * their nickname, octet by octet (NICK-4). cause may be NULL. */

/* This is what like->nick is like now: all but id, active_ms and, of the user
 * himself, the devices (his seats are those; of others those without a seat get
 * the occupant's id for one). since_ms 0: now, or as before.
 * Tells SEAT_OCCUPANT_JOINED, or SEAT_OCCUPANT_CHANGED if anything differs or
 * cause has an op. NULL: there are too many; one of whom too much is said stays
 * as he was. The leg's own user (join->user) always has a place. */
const struct occupant *leg_put(struct leg *l, const struct occupant *like,
			       const struct leg_cause *cause);
/* He is called new from now on (CHANGED_NICK); whoever had that name is gone.
 * An equal name is told too, if cause has an op. False: there is no old. */
bool leg_rename(struct leg *l, struct str old, struct str new,
		const struct leg_cause *cause);
/* SEAT_OCCUPANT_LEFT, by cause->reason. Unknown: nothing. */
void leg_remove(struct leg *l, struct str nick, const struct leg_cause *cause);
/* A new roster comes: begin; then leg_put() for each; then end, which removes
 * those of whom nothing was heard, unless there() (NULL: of nobody) is true of
 * them. Never the user himself. */
void leg_roster_begin(struct leg *l);
void leg_roster_end(struct leg *l, enum reason_code why,
		    bool (*there)(void *user, struct str nick), void *user);
/* How many others have not been heard of, so far; *heard: how many have. */
size_t leg_roster_unheard(const struct leg *l, size_t *heard);
const struct occupant *leg_by_nick(const struct leg *l, struct str nick);
const struct occupant *leg_by_id(const struct leg *l, uint64_t id);
const struct occupant *leg_next(const struct leg *l, size_t *it);

/* Stamps m as a room does (author: that nickname's occupant, or one of this
 * name who is not there; serial; id, if it has none; time: time_ms, or 0: now)
 * and tells it to the seats, with cause's op to its sender. nick empty: the
 * room itself speaks. False: its arena is full. */
bool leg_message(struct leg *l, struct message *m, struct str nick,
		 uint64_t time_ms, bool delayed, const struct leg_cause *cause);
/* s is copied. delayed: on joining. */
void leg_subject(struct leg *l, const struct subject *s, bool delayed,
		 const struct leg_cause *cause);
/* The one that was told last; empty before. */
const struct subject *leg_topic(const struct leg *l);
/* What seat_info() tells, but for address, n_occupants and subject, which the
 * leg knows. Copied. changed: CHANGED_* of SEAT_ROOM_CHANGED, 0: it is not
 * told. */
void leg_info(struct leg *l, const struct room_info *info, unsigned changed);
/* SEAT_RESULT, if op is not 0. */
void leg_result(struct leg *l, uint64_t seat, uint64_t op, struct reason why,
		struct message *m);
/* The same, REASON_OK, for want of an answer: leg_undelivered() may follow. */
void leg_result_unsure(struct leg *l, uint64_t seat, uint64_t op,
		       struct message *m);
/* SEAT_UNDELIVERED; to_nick empty: it was for the room. */
void leg_undelivered(struct leg *l, uint64_t seat, struct str client_id,
		     struct str to_nick, struct reason why);
/* All seats get SEAT_ENDED; the leg is not open any more and its roster empty.
 * ops->left is not called for that. Take the leg out of your tables first: a
 * handler may join again. */
void leg_ended(struct leg *l, struct reason why);
