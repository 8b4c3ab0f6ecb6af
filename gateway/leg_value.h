/* What is known of an occupant, shared by the legs of a room that hear the same
 * of him: with many users in one room each leg would have a roster of its own
 * of equal values. A value is not changed but for pub.active_ms; who hears
 * otherwise takes another one. */
#pragma once

#include "conference/model.h"

struct leg_values;

struct leg_value {
	struct occupant pub; /* strings and devices are its own */
	unsigned refs;
	/* private to leg_value.c; all NULL for one that is not shared */
	struct leg_values *set;
	struct leg_value *next, *before;
	uint64_t key;
};

struct leg_values *leg_values_new(void);
/* Values that are still referenced stay. NULL is fine. */
void leg_values_free(struct leg_values *s);

/* A shared one of the room that is like this and has an id that the leg may
 * have, with a reference; or NULL. */
struct leg_value *leg_value_find(struct leg_values *s, struct str room,
				 const struct occupant *like,
				 bool (*may)(const void *user, uint64_t id),
				 const void *user);
/* A copy of like, with its id, which devices without a seat get too; one
 * reference. s NULL: not to be shared. */
struct leg_value *leg_value_new(struct leg_values *s, struct str room,
				const struct occupant *like);
void leg_value_unref(void *value);

/* The octets of its strings and devices. */
size_t leg_value_octets(const struct occupant *o);
/* The bits of CHANGED_* that say what differs; b is what is said now. */
unsigned leg_differences(const struct occupant *a, const struct occupant *b);
