/* All rooms, by address; how a join finds or makes one. */
#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "conference/room_priv.h"

struct rooms *rooms_new(struct loop *loop, size_t max_rooms)
{
	struct rooms *rs = mem_new(sizeof(*rs));

	rs->loop = loop;
	rs->max_rooms = max_rooms;
	rs->by_address = table_new();
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
	       j->display.n <= IDENTITY_MAX && j->device.n <= IDENTITY_MAX &&
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

	r->owner_z = str_dup(join->user);
	r->owner = str_of(r->owner_z, join->user.n);
	if (join->wants_lock)
		room_lock(r);
	table_put_str(rs->by_address, r->address, r);
	return r;
}

/* The room may end before the join's turn comes, and then the next one of this
 * address is tried. */
static enum reason_code join_some_room(struct rooms *rs,
				       const struct room_policy *policy,
				       struct join_task *task)
{
	struct room *r;

	do {
		r = rooms_find(rs, task->join->room);
		task->created = !r;
		task->ran = false;
		if (!r) {
			enum reason_code code = may_create(rs, task->join);

			if (code != REASON_OK)
				return code;
			r = create(rs, policy, task->join);
		}
		room_join_in_order(r, task);
		if (rs->closed && !task->done)
			return REASON_SHUTDOWN;
	} while (!task->done);
	if (task->created && task->reason != REASON_OK)
		room_drop(r); /* nobody ever came */
	return task->reason;
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
