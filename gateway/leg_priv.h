/* What the files of the leg share. */
#pragma once

#include "base/table.h"
#include "gateway/leg.h"
#include "gateway/leg_value.h"

struct seat_cmd_copy;

struct leg_seat {
	TAILQ_ENTRY(leg_seat) link;
	struct seat *seat; /* NULL: it has left */
	struct leg *leg;
	unsigned wants;
	bool observer, told; /* SEAT_JOINED */
	struct device device;
	char *label;
};
TAILQ_HEAD(leg_seats, leg_seat);

struct leg_occ {
	struct leg_value *value;
	size_t place; /* in the leg's occs */
	bool stale;   /* nothing heard since leg_roster_begin() */
};

struct leg_cmd {
	STAILQ_ENTRY(leg_cmd) link;
	struct leg_seat *by;
	struct seat_cmd_copy *cmd;
};

/* One event on its way; at most one is not at its end. */
struct leg_delivery {
	const struct seat_ev *ev;
	struct leg_seat *next;
	unsigned wants; /* of those who hear it; 0: of all */
	uint64_t seat, op;
	bool one;  /* for next alone */
	bool ends; /* the seats are free after it */
};

struct leg {
	struct leg_cfg cfg;
	char *text;
	struct str room, key;
	enum world world;
	struct leg_seats seats;
	size_t n_devices;
	bool open, gone;
	struct leg_occ **occs; /* with holes; in the order of coming */
	size_t n_places, room_places, n_occs;
	size_t octets; /* of what is known of them */
	struct table *by_id, *by_nick;
	uint64_t self;	    /* an occupant's id */
	uint64_t spent_ids; /* the highest that was given when one left */
	uint64_t serial;
	struct subject subject;
	char *subject_text;
	struct room_info info;
	char *info_text;
	struct leg_delivery *current;
	STAILQ_HEAD(, leg_cmd) queue;
	struct deferred drain;
};

/* leg_roster.c */
struct leg_occ *leg_occ_by_nick(const struct leg *l, struct str nick);
void leg_roster_clear(struct leg *l);
/* The user's own seats are his occupant's devices. */
void leg_show_devices(struct leg *l);

/* leg.c */
/* To all that want it (SEAT_WANTS_*; 0: to all that have joined). */
void leg_tell(struct leg *l, unsigned wants, struct seat_ev *ev,
	      const struct leg_cause *cause);
/* To one seat, whose operation it is; 0: of none. */
void leg_tell_one(struct leg_seat *ls, struct seat_ev *ev, uint64_t op);
/* NULL: none, or it has left. */
struct leg_seat *leg_find_seat(const struct leg *l, uint64_t id);
/* What waits is executed at the end of the turn. */
void leg_drain_later(struct leg *l);
/* What is under way reaches everybody first: before anything changes. */
void leg_settle(struct leg *l);
