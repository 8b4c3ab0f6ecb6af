/* A device goes from one leg of its user to another: it takes a nickname of its
 * own, and the user's other devices keep theirs (RFC 7701 §7.1). */
#include "gateway/leg_priv.h"

size_t leg_n_devices(const struct leg *l)
{
	return l->n_devices;
}

const struct device *leg_device(const struct leg *l, uint64_t seat)
{
	const struct leg_seat *ls = leg_find_seat(l, seat);

	return ls && !ls->observer ? &ls->device : NULL;
}

/* --- what it is told --- */

/* Both rosters are of one room, but not of one moment. */
struct move {
	struct leg *from, *to;
	struct leg_seat *ls;
	uint64_t op;
	const struct occupant *old, *self; /* what it was, and is */
};

static void tell(struct move *m, enum seat_ev_type type,
		 const struct occupant *who, unsigned changed)
{
	struct seat_ev ev = {.type = type, .who = who, .changed = changed};

	if (type == SEAT_OCCUPANT_LEFT)
		ev.reason.code = REASON_LEFT;
	if (m->ls->seat && m->ls->wants & SEAT_WANTS_ROSTER)
		leg_tell_one(m->ls, &ev, 0);
}

/* The name that it had stays with others, or goes with it. */
static void tell_old(struct move *m)
{
	bool stays = leg_occ_by_nick(m->to, m->old->nick) != NULL;
	struct seat_ev ev = {
	    .type = stays ? SEAT_OCCUPANT_CHANGED : SEAT_OCCUPANT_LEFT,
	    .who = m->old,
	    .changed = stays ? CHANGED_DEVICES : 0,
	    .device = m->ls->device.seat,
	    .reason.code = stays ? REASON_OK : REASON_LEFT,
	};

	if (m->ls->seat && m->ls->wants & SEAT_WANTS_ROSTER)
		leg_tell_one(m->ls, &ev, m->op);
}

static void tell_others(struct move *m)
{
	const struct occupant *who, *now;
	size_t it = 0;
	unsigned changed;

	while ((who = leg_next(m->from, &it))) {
		if (who == m->old || str_eq(who->nick, m->self->nick))
			continue;
		now = leg_by_nick(m->to, who->nick);
		changed = now ? leg_differences(who, now) : 0;
		if (!now)
			tell(m, SEAT_OCCUPANT_LEFT, who, 0);
		else if (changed)
			tell(m, SEAT_OCCUPANT_CHANGED, now, changed);
	}
	it = 0;
	while ((who = leg_next(m->to, &it)))
		if (who != m->self && !leg_occ_by_nick(m->from, who->nick))
			tell(m, SEAT_OCCUPANT_JOINED, who, 0);
}

static void tell_new(struct move *m, struct str old_nick)
{
	bool known = leg_occ_by_nick(m->from, m->self->nick) != NULL;
	struct seat_ev ev = {
	    .type = known ? SEAT_OCCUPANT_CHANGED : SEAT_OCCUPANT_JOINED,
	    .who = m->self,
	    .changed = known ? CHANGED_DEVICES : 0,
	    .device = m->ls->device.seat,
	    .old_nick = old_nick,
	};

	if (m->ls->seat && m->ls->wants & SEAT_WANTS_ROSTER)
		leg_tell_one(m->ls, &ev, m->op);
}

static void tell_subject(struct move *m)
{
	struct seat_ev ev = {
	    .type = SEAT_SUBJECT_SET,
	    .subject = &m->to->subject,
	};

	if (m->ls->seat && m->ls->wants & SEAT_WANTS_SUBJECT &&
	    !str_eq(m->from->subject.text, m->to->subject.text))
		leg_tell_one(m->ls, &ev, 0);
}

/* --- the move --- */

static void take_commands(struct leg *from, struct leg_seat *ls, struct leg *to)
{
	struct leg_cmd *q, *next;

	for (q = STAILQ_FIRST(&from->queue); q; q = next) {
		next = STAILQ_NEXT(q, link);
		if (q->by != ls)
			continue;
		STAILQ_REMOVE(&from->queue, q, leg_cmd, link);
		STAILQ_INSERT_TAIL(&to->queue, q, link);
		leg_drain_later(to);
	}
}

static void change_leg(struct leg *from, struct leg_seat *ls, struct leg *to)
{
	TAILQ_REMOVE(&from->seats, ls, link);
	from->n_devices--;
	leg_show_devices(from);
	ls->leg = to;
	ls->seat->back = to;
	TAILQ_INSERT_TAIL(&to->seats, ls, link);
	to->n_devices++;
	leg_show_devices(to);
	take_commands(from, ls, to);
}

/* A command from inside these events waits, as the contract has it: until
 * the last of them. */
static void tell_all(struct move *m)
{
	struct str old_nick = m->old->nick;

	tell_old(m);
	tell_others(m);
	tell_new(m, old_nick);
	tell_subject(m);
}

bool leg_move(struct leg *from, uint64_t seat, struct leg *to, uint64_t op)
{
	struct move m = {.from = from, .to = to, .op = op};
	struct seat_ev left = {.type = SEAT_OCCUPANT_CHANGED,
			       .changed = CHANGED_DEVICES,
			       .device = seat};

	leg_settle(from);
	leg_settle(to);
	m.ls = leg_find_seat(from, seat);
	if (!m.ls || m.ls->observer || !from->open || !to->open)
		return false;
	change_leg(from, m.ls, to);
	m.old = left.who = leg_self(from);
	m.self = leg_self(to);
	if (!m.old || !m.self)
		return true;
	if (from->n_devices)
		leg_tell(from, SEAT_WANTS_ROSTER, &left, NULL);
	tell_all(&m);
	return true;
}
