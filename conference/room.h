/* Local rooms: order, roster, fan-out. A room's events reach all its seats in one order, in
 * the turn of the loop in which their cause came in. */
#pragma once

#include "base/loop.h"
#include "conference/seat.h"

struct rooms;
struct room;

/* The policy of the domain that a room belongs to; copied. 0 = the default in brackets. */
struct room_policy {
	bool persistent;       /* stays when empty */
	bool public;           /* listed */
	bool private_messages; /* allowed */
	bool nicknames;        /* users may choose them */
	size_t max_occupants;  /* [10000] */
	size_t history;        /* messages kept; SIZE_MAX: none [50] */
	size_t history_bytes;  /* octets kept [1048576] */
	unsigned lock_ms;      /* a locked room is destroyed after [900000] */
};

struct rooms *rooms_new(struct loop *loop, size_t max_rooms);
/* All seats get SEAT_ENDED (REASON_SHUTDOWN). */
void rooms_free(struct rooms *rs);
void rooms_shutdown(struct rooms *rs);

/* By address "name@domain" (prepared). NULL: none. A locked room is found. */
struct room *rooms_find(struct rooms *rs, struct str address);
struct room *rooms_next(struct rooms *rs, size_t *it); /* *it from 0 */
size_t rooms_count(const struct rooms *rs);

/* Joins, or creates and joins, the room join->room: fills seat and raises SEAT_JOINED,
 * history and subject before it returns REASON_OK; others hear of it first. Any
 * other reason: nothing has changed. An observer can't create a room. policy is that of a
 * room to be made.
 *
 * A SIP user's further device joins his occupant (found by user), an XMPP user's one if
 * user and nickname are the same. */
enum reason_code rooms_join(struct rooms *rs, const struct room_policy *policy,
			    const struct seat_join *join, struct seat *seat);

void room_info(const struct room *r, struct room_info *out);
const struct occupant *room_roster(const struct room *r, size_t *it);
const struct occupant *room_by_nick(const struct room *r, struct str nick);
