/* A new room may be locked until its owner accepts its configuration (XEP-0045
 * §10.1). */
#include "base/log.h"
#include "conference/command_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

static void never_unlocked(void *user)
{
	struct room *r = user;

	log_info(loop_log(r->loop), "room.lock_timeout", "room=%s",
		 LOGQ(r->address));
	room_end_now(r, REASON_ROOM_GONE);
}

void room_lock(struct room *r)
{
	r->locked = true;
	timer_set(r->loop, &r->lock_timer, r->policy.lock_ms, never_unlocked,
		  r);
}

void lock_open(struct room *r)
{
	struct seat_ev ev = {.type = SEAT_ROOM_CHANGED};

	if (!r->locked)
		return;
	r->locked = false;
	timer_cancel(r->loop, &r->lock_timer);
	room_note(r, ROOM_SETTINGS);
	room_tell(r, AUDIENCE_ALL, &ev, NULL, 0);
}

enum reason_code room_unlock(struct room *r, struct seat_rec *rec)
{
	if (rec->occ->pub.affiliation != AFF_OWNER)
		return REASON_FORBIDDEN;
	lock_open(r);
	return REASON_OK;
}
