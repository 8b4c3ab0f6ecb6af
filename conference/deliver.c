/* Events on their way to seats. A command puts its events in line when all that
 * it changes is changed; then they go out one by one, each to all who hear it,
 * before the next command runs. A handler that must have the room at rest (a
 * join inside an event) finishes the deliveries that are under way up the
 * stack, which then find nothing left to do. */
#include <stdlib.h>

#include "base/mem.h"
#include "conference/command_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

enum target { TO_AUDIENCE, TO_ONE, TO_PRIVATE, TO_ENDED, TO_ONE_ENDED };

struct delivery {
	TAILQ_ENTRY(delivery) link;
	struct seat_ev ev;
	enum target target;
	const struct audience *audience;
	size_t next, end;     /* in the audience */
	struct seat_rec *rec; /* the next one, unless of an audience */
	const struct seat *own;
	uint64_t op;	/* for own */
	unsigned users; /* calls of room_deliver that hold it */
	bool done;
};

void audience_add(struct room *r, enum audience_kind kind, struct seat_rec *rec)
{
	struct audience *a = &r->audience[kind];

	if (a->n == a->room) {
		a->room = a->room ? a->room * 2 : 16;
		a->seats = mem_resize(a->seats, a->room * sizeof(*a->seats));
	}
	a->seats[a->n++] = rec->seat;
	rec->place[kind] = a->n;
}

void audience_remove(struct room *r, struct seat_rec *rec)
{
	for (int kind = 0; kind < AUDIENCES; kind++) {
		if (!rec->place[kind])
			continue;
		r->audience[kind].seats[rec->place[kind] - 1] = NULL;
		r->audience[kind].holes++;
		rec->place[kind] = 0;
	}
}

void audience_tidy(struct room *r)
{
	for (int kind = 0; kind < AUDIENCES; kind++) {
		struct audience *a = &r->audience[kind];
		size_t n = 0;

		if (a->holes * TIDY_SHARE <= a->n)
			continue;
		for (size_t i = 0; i < a->n; i++) {
			struct seat_rec *rec;

			if (!a->seats[i])
				continue;
			a->seats[n++] = a->seats[i];
			rec = a->seats[i]->back_data;
			rec->place[kind] = n;
		}
		a->n = n;
		a->holes = 0;
	}
}

void rec_detach(struct seat_rec *rec)
{
	struct seat *s = rec->seat;

	audience_remove(rec->room, rec);
	rec->seat = NULL;
	s->back_ops = NULL;
	s->back = NULL;
	s->back_data = NULL;
}

static struct delivery_list *line(struct room *r, enum target target)
{
	if (!r->held)
		return &r->outbox;
	return target == TO_ENDED || target == TO_ONE_ENDED ? &r->held->ended
							    : &r->held->others;
}

static struct delivery *put(struct room *r, enum target target,
			    const struct seat_ev *ev)
{
	struct delivery *d = mem_new(sizeof(*d));

	d->target = target;
	d->ev = *ev;
	d->ev.number = ++r->rooms->last_event;
	if (d->ev.msg)
		message_ref(d->ev.msg);
	TAILQ_INSERT_TAIL(line(r, target), d, link);
	return d;
}

void room_tell(struct room *r, enum audience_kind kind,
	       const struct seat_ev *ev, const struct seat_rec *own,
	       uint64_t op)
{
	const struct audience *a = &r->audience[kind];
	struct delivery *d;

	if (a->n == a->holes)
		return;
	d = put(r, TO_AUDIENCE, ev);
	d->audience = a;
	d->end = a->n;
	d->own = own ? own->seat : NULL;
	d->op = op;
}

void room_tell_one(struct room *r, struct seat_rec *rec,
		   const struct seat_ev *ev, uint64_t op)
{
	struct delivery *d;

	if (!rec->seat)
		return;
	d = put(r, TO_ONE, ev);
	d->rec = rec;
	d->own = rec->seat;
	d->op = op;
}

void room_tell_private(struct room *r, struct occ *to, const struct seat_ev *ev,
		       const struct seat_rec *own, uint64_t op)
{
	struct delivery *d = put(r, TO_PRIVATE, ev);

	d->rec = to->devices;
	d->own = own->seat;
	d->op = op;
}

void room_result(struct room *r, struct seat_rec *rec,
		 const struct seat_cmd *cmd, enum reason_code code)
{
	struct seat_ev ev = {
	    .type = SEAT_RESULT, .msg = cmd->msg, .reason = {.code = code}};

	if (cmd->op)
		room_tell_one(r, rec, &ev, cmd->op);
}

void room_tell_one_ended(struct room *r, struct seat_rec *rec,
			 struct reason why)
{
	struct seat_ev ev = {.type = SEAT_ENDED, .reason = why};

	put(r, TO_ONE_ENDED, &ev)->rec = rec;
}

void room_tell_ended(struct room *r, struct reason why)
{
	struct seat_ev ev = {.type = SEAT_ENDED, .reason = why};
	const struct audience *a = &r->audience[AUDIENCE_ALL];
	struct delivery *d;

	if (a->n == a->holes)
		return;
	d = put(r, TO_ENDED, &ev);
	d->audience = a;
	d->end = a->n;
}

void room_hold(struct room *r, struct held *h)
{
	TAILQ_INIT(&h->ended);
	TAILQ_INIT(&h->others);
	r->held = h;
}

void room_release(struct room *r, struct seat_rec *rec,
		  const struct seat_cmd *cmd, enum reason_code code)
{
	struct held *h = r->held;

	r->held = NULL;
	if (!rec->ended)
		TAILQ_CONCAT(&r->outbox, &h->ended, link);
	room_result(r, rec, cmd, code);
	TAILQ_CONCAT(&r->outbox, &h->ended, link);
	TAILQ_CONCAT(&r->outbox, &h->others, link);
}

static struct seat *next_in_audience(struct delivery *d)
{
	while (d->next < d->end) {
		struct seat *s = d->audience->seats[d->next++];

		if (s)
			return s;
	}
	return NULL;
}

static struct seat *next_private(struct delivery *d)
{
	while (d->rec) {
		struct seat_rec *rec = d->rec;

		d->rec = rec->next;
		if (device_is_private(rec, d->ev.msg))
			return rec->seat;
	}
	return NULL;
}

static struct seat *next_one(struct delivery *d)
{
	struct seat_rec *rec = d->rec;

	d->rec = NULL;
	return rec ? rec->seat : NULL;
}

static struct seat *next_one_ended(struct delivery *d)
{
	struct seat *s = next_one(d);

	if (s)
		rec_detach(s->back_data);
	return s;
}

static struct seat *next_ended(struct delivery *d)
{
	struct seat *s = next_in_audience(d);

	if (s)
		rec_detach(s->back_data);
	return s;
}

static struct seat *next_seat(struct delivery *d)
{
	switch (d->target) {
	case TO_AUDIENCE:
		return next_in_audience(d);
	case TO_ONE:
		return next_one(d);
	case TO_PRIVATE:
		return next_private(d);
	case TO_ENDED:
		return next_ended(d);
	case TO_ONE_ENDED:
		return next_one_ended(d);
	}
	return NULL;
}

/* own_op differs from seat to seat and a handler may look at its event after a
 * nested call has gone on with the delivery: each call has a copy. */
static void run(struct delivery *d)
{
	struct seat_ev ev = d->ev;
	struct seat *s;

	while ((s = next_seat(d))) {
		ev.own_op = s == d->own ? d->op : 0;
		s->front_ops->event(s->front, &ev);
	}
}

void room_deliver(struct room *r)
{
	struct delivery *d;

	while ((d = TAILQ_FIRST(&r->outbox))) {
		d->users++;
		run(d);
		if (!d->done) {
			d->done = true;
			TAILQ_REMOVE(&r->outbox, d, link);
		}
		if (--d->users == 0) {
			message_unref(d->ev.msg);
			free(d);
		}
	}
}
