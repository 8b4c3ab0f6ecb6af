/* Rooms that outlive the process: what they tell is written to the store, and a
 * start makes them again. */
#pragma once

#include "conference/room.h"

struct persist;
struct archive;
struct store;

struct persist_cfg {
	struct loop *loop;
	struct store *store; /* NULL: nothing is kept */
	struct rooms *rooms;
	struct archive *archive; /* NULL: none */
	/* The configuration's settings for a room; false: not ours (such a room
	 * is left as it is in the store). */
	bool (*policy)(void *user, struct str address, struct room_policy *out);
	void *user;
};

/* Makes the rooms of the store again, then watches them. One that is not
 * persistent waits a minute for its people (SEED0-6). */
struct persist *persist_new(const struct persist_cfg *cfg);
/* The process is about to end: who leaves now is not gone for good, and no room
 * ends. */
void persist_stop(struct persist *p);
/* After the rooms. NULL is fine. */
void persist_free(struct persist *p);
