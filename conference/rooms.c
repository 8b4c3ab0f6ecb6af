/* All rooms, by address; how a join finds or makes one. */
#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "conference/affil_priv.h"
#include "conference/command_priv.h"
#include "conference/nick_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

struct rooms *rooms_new(struct loop *loop, size_t max_rooms)
{
	struct rooms *rs = mem_new(sizeof(*rs));

	rs->loop = loop;
	rs->max_rooms = max_rooms;
	rs->by_address = table_new();
	scope_init(&rs->scope);
	return rs;
}

void rooms_shutdown(struct rooms *rs)
{
	struct room *r;
	size_t it = 0;

	rs->closed = true;
	/* from the start each time: handlers may end other rooms */
	while ((r = table_next(rs->by_address, &it))) {
		room_end_now(r, REASON_SHUTDOWN);
		it = 0;
	}
}

void rooms_free(struct rooms *rs)
{
	if (!rs)
		return;
	rooms_shutdown(rs);
	scope_done(&rs->scope);
	table_free(rs->by_address);
	free(rs);
}

struct room *rooms_find(struct rooms *rs, struct str address)
{
	return table_get_str(rs->by_address, address);
}

struct room *rooms_next(struct rooms *rs, size_t *it)
{
	return table_next(rs->by_address, it);
}

void rooms_limit(struct rooms *rs, size_t max_rooms)
{
	rs->max_rooms = max_rooms;
}

size_t rooms_count(const struct rooms *rs)
{
	return table_count(rs->by_address);
}

static bool within_limits(const struct seat_join *j)
{
	if (j->room.n == 0 || j->room.n > IDENTITY_MAX)
		return false;
	if (!j->observer && j->user.n == 0)
		return false;
	return j->user.n <= IDENTITY_MAX && j->sip_uri.n <= IDENTITY_MAX &&
	       j->jid.n <= IDENTITY_MAX && j->stable_id.n <= IDENTITY_MAX &&
	       j->display.n <= IDENTITY_MAX && j->account.n <= IDENTITY_MAX &&
	       j->account_jid.n <= IDENTITY_MAX &&
	       j->device.n <= IDENTITY_MAX &&
	       presence_size(&j->presence) <= PRESENCE_MAX;
}

static enum reason_code may_create(const struct rooms *rs,
				   const struct seat_join *join)
{
	if (join->observer)
		return REASON_NO_ROOM;
	if (!join->may_create)
		return REASON_MAY_NOT_CREATE;
	return rooms_count(rs) < rs->max_rooms ? REASON_OK : REASON_OVERLOAD;
}

static struct room *create(struct rooms *rs, const struct room_policy *policy,
			   const struct seat_join *join)
{
	struct room *r = room_new(rs, join->room, policy);

	room_set_owner(r, person_of(join).account);
	affil_founder(r, join);
	if (join->wants_lock)
		room_lock(r);
	return r;
}

/* The room may end before the join's turn comes, and then the next one of this
 * address is tried. */
static enum reason_code join_some_room(struct rooms *rs,
				       const struct room_policy *policy,
				       struct join_task *join)
{
	struct task task;
	struct room *r;

	do {
		r = rooms_find(rs, join->join->room);
		join->created = !r;
		task = (struct task){.run = room_join, .arg = join};
		if (!r) {
			enum reason_code code = may_create(rs, join->join);

			if (code != REASON_OK)
				return code;
			r = create(rs, policy, join->join);
		}
		room_run_task(r, &task);
		if (rs->closed && !task.done)
			return REASON_SHUTDOWN;
	} while (!task.done);
	if (join->created && task.reason != REASON_OK)
		room_drop(r); /* nobody ever came */
	return task.reason;
}

enum reason_code rooms_join(struct rooms *rs, const struct room_policy *policy,
			    const struct seat_join *join, struct seat *seat)
{
	struct join_task task = {.join = join, .seat = seat};
	enum reason_code code;

	assert(!seat_in_room(seat));
	if (rs->closed)
		return REASON_SHUTDOWN;
	code = within_limits(join) ? join_some_room(rs, policy, &task)
				   : REASON_BAD_REQUEST;
	if (code != REASON_OK)
		log_info(loop_log(rs->loop), "room.refuse",
			 "room=%s user=%s reason=\"%s\"", LOGQ(join->room),
			 LOGQ(join->user), reason_text(code));
	return code;
}

enum reason_code rooms_create(struct rooms *rs, struct str address,
			      const struct room_policy *policy)
{
	struct room *r = rooms_find(rs, address);

	if (rs->closed)
		return REASON_SHUTDOWN;
	if (!address.n || address.n > IDENTITY_MAX)
		return REASON_BAD_REQUEST;
	if (r)
		return room_configure(r, policy);
	if (rooms_count(rs) >= rs->max_rooms)
		return REASON_OVERLOAD;
	r = room_new(rs, address, policy);
	r->expected = true;
	r->configured = true;
	return REASON_OK;
}
