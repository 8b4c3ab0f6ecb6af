/* Local rooms: order, roster, fan-out.
 *
 * A room's events reach all its seats in one order, that of the calls which
 * caused them, before the outermost of those calls returns. Handlers may call
 * anything but rooms_free: seat_command on any seat runs after the event at
 * hand has reached everybody; rooms_join lets that event, and the commands that
 * wait behind it, go out first, so that inside an event the handlers of other
 * seats (and of the same one) are called before it returns. A joiner hears of
 * exactly what comes after his join. Occupants, subjects and strings that an
 * event shows stay in memory until the end of the loop's turn, though they may
 * no longer be current.
 *
 * A room whose last occupant has left ends with the loop's turn, unless it is
 * persistent: who joins in the same turn finds it as it was. Its observers get
 * SEAT_ENDED (REASON_ROOM_GONE). */
#pragma once

#include "base/loop.h"
#include "conference/seat.h"

struct rooms;
struct room;

/* The policy of the domain that a room belongs to; copied. 0 = the default in
 * brackets. */
struct room_policy {
	bool persistent;       /* stays when empty */
	bool public;	       /* listed */
	bool private_messages; /* allowed */
	bool nicknames;	       /* users may choose them */
	size_t max_occupants;  /* [10000] */
	size_t history;	       /* messages kept; SIZE_MAX: none [50] */
	size_t history_bytes;  /* octets kept [1048576] */
	unsigned lock_ms;      /* a locked room is destroyed after [900000] */
};

struct rooms *rooms_new(struct loop *loop, size_t max_rooms);
/* All seats get SEAT_ENDED (REASON_SHUTDOWN) and further joins the same reason.
 */
void rooms_shutdown(struct rooms *rs);
/* The same, then frees it. Not inside an event; before its loop. NULL is fine.
 */
void rooms_free(struct rooms *rs);

/* By address "name@domain" (prepared). NULL: none. A locked room is found. */
struct room *rooms_find(struct rooms *rs, struct str address);
struct room *rooms_next(struct rooms *rs, size_t *it); /* *it from 0 */
size_t rooms_count(const struct rooms *rs);

/* Joins, or creates and joins, the room join->room: fills seat (which is in no
 * room) and raises SEAT_JOINED, history (SEAT_WANTS_MESSAGES) and the subject
 * (SEAT_WANTS_SUBJECT, even if empty) before it returns REASON_OK; others hear
 * of it first. On return the seat may be out again already, if a handler made
 * it leave or closed the room. Any other reason: nothing has changed. policy is
 * that of a room to be made; who makes one is its owner whenever he is in it.
 *
 * A SIP user's further device joins his occupant (found by user), an XMPP
 * user's one if user and nickname are the same; others then hear
 * SEAT_OCCUPANT_CHANGED with CHANGED_DEVICES. An observer can't create a room,
 * is in no roster and gets SEAT_JOINED with who NULL and nothing else on
 * joining.
 *
 * REASON_BAD_REQUEST (an identity is missing or over 4096 octets, presence over
 * 16384), REASON_NO_ROOM (observer), REASON_MAY_NOT_CREATE, REASON_OVERLOAD
 * (too many rooms), REASON_LOCKED, REASON_BAD_NICK, REASON_NICK_TAKEN (in use,
 * or of one who left within the last minute), REASON_NICK_OFF (SIP),
 * REASON_FULL, REASON_SHUTDOWN. */
enum reason_code rooms_join(struct rooms *rs, const struct room_policy *policy,
			    const struct seat_join *join, struct seat *seat);

void room_info(const struct room *r, struct room_info *out);
/* Occupants in the order they came, *it from 0; NULL at the end. Nothing may
 * join or leave on the way. */
const struct occupant *room_roster(const struct room *r, size_t *it);
/* By any form of the nickname; NULL: nobody. */
const struct occupant *room_by_nick(const struct room *r, struct str nick);
