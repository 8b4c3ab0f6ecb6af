/* The seats of a leg, what they are told, and what they command. Whatever
 * changes the leg first lets the event that is under way reach all seats: so
 * there is never more than one, and what it shows stays as it is. */
#include "gateway/leg_priv.h"

#include <stdlib.h>

#include "base/mem.h"
#include "conference/seat_cmd.h"

static const struct seat_back_ops seat_ops;

struct leg *leg_new(const struct leg_cfg *cfg, const struct seat_join *join)
{
	struct leg *l = mem_new(sizeof(*l));
	char *to = mem_new(join->room.n + join->user.n);

	l->cfg = *cfg;
	l->text = to;
	l->room = str_pack(&to, join->room);
	l->key = str_pack(&to, join->user);
	l->world = join->world;
	TAILQ_INIT(&l->seats);
	STAILQ_INIT(&l->queue);
	l->by_id = table_new();
	l->by_nick = table_new();
	if (cfg->bridged)
		bridged_add(cfg->bridged, l->world, l->key, l->room);
	return l;
}

void *leg_user(const struct leg *l)
{
	return l->cfg.user;
}

struct str leg_key(const struct leg *l)
{
	return l->key;
}

struct leg_seat *leg_find_seat(const struct leg *l, uint64_t id)
{
	struct leg_seat *ls;

	TAILQ_FOREACH (ls, &l->seats, link)
		if (ls->device.seat == id && ls->seat)
			return ls;
	return NULL;
}

/* --- events --- */

static void detach(struct leg_seat *ls)
{
	struct seat *s = ls->seat;

	ls->seat = NULL;
	s->back_ops = NULL;
	s->back = NULL;
	s->back_data = NULL;
}

static bool hears(const struct leg_seat *ls, const struct leg_delivery *d)
{
	if (!ls->seat)
		return false;
	if (d->ends || d->one)
		return true;
	return ls->told && (!d->wants || ls->wants & d->wants);
}

/* A handler may look at its event after a call further up the stack has gone on
 * with the delivery: each has a copy. */
static void run(struct leg_delivery *d)
{
	struct seat_ev ev = *d->ev;

	while (d->next) {
		struct leg_seat *ls = d->next;
		struct seat *s = ls->seat;

		d->next = d->one ? NULL : TAILQ_NEXT(ls, link);
		if (!hears(ls, d))
			continue;
		ev.own_op = ls->device.seat == d->seat ? d->op : 0;
		if (d->ends)
			detach(ls);
		s->front_ops->event(s->front, &ev);
	}
}

void leg_settle(struct leg *l)
{
	if (l->current)
		run(l->current);
}

static void deliver(struct leg *l, struct leg_delivery *d,
		    struct leg_seat *first)
{
	struct leg_delivery *before = l->current;

	d->next = first;
	l->current = d;
	run(d);
	l->current = before;
}

void leg_tell(struct leg *l, unsigned wants, struct seat_ev *ev,
	      const struct leg_cause *cause)
{
	struct leg_delivery d = {.ev = ev, .wants = wants};

	if (!l->open)
		return;
	if (cause) {
		d.seat = cause->seat;
		d.op = cause->op;
		ev->reason = cause->reason;
	}
	deliver(l, &d, TAILQ_FIRST(&l->seats));
}

void leg_tell_one(struct leg_seat *ls, struct seat_ev *ev, uint64_t op)
{
	struct leg_delivery d = {
	    .ev = ev, .seat = ls->device.seat, .op = op, .one = true};

	deliver(ls->leg, &d, ls);
}

static void tell_joined(struct leg *l, struct leg_seat *ls, bool created,
			bool renamed)
{
	struct seat_ev ev = {
	    .type = SEAT_JOINED,
	    .who = ls->observer ? NULL : leg_self(l),
	    .device = ls->device.seat,
	    .created = created && !ls->observer,
	    .renamed = renamed && !ls->observer,
	};

	ls->told = true;
	leg_tell_one(ls, &ev, 0);
}

static void tell_subject(struct leg *l, struct leg_seat *ls)
{
	struct seat_ev ev = {
	    .type = SEAT_SUBJECT_SET,
	    .subject = &l->subject,
	    .delayed = true,
	};

	if (ls->wants & SEAT_WANTS_SUBJECT)
		leg_tell_one(ls, &ev, 0);
}

bool leg_opened(struct leg *l, struct str self, bool created, bool renamed)
{
	struct leg_seat *ls;
	struct leg_occ *o;

	leg_settle(l);
	o = leg_occ_by_nick(l, self);
	if (!o)
		return false;
	l->self = o->value->pub.id;
	leg_show_devices(l);
	l->open = true;
	TAILQ_FOREACH (ls, &l->seats, link)
		if (ls->seat && !ls->told)
			tell_joined(l, ls, created, renamed);
	return true;
}

void leg_result(struct leg *l, uint64_t seat, uint64_t op, struct reason why,
		struct message *m)
{
	struct leg_seat *ls = op ? leg_find_seat(l, seat) : NULL;
	struct seat_ev ev = {.type = SEAT_RESULT, .msg = m, .reason = why};

	leg_settle(l);
	if (ls)
		leg_tell_one(ls, &ev, op);
}

void leg_result_unsure(struct leg *l, uint64_t seat, uint64_t op,
		       struct message *m)
{
	struct leg_seat *ls = op ? leg_find_seat(l, seat) : NULL;
	struct seat_ev ev = {.type = SEAT_RESULT, .msg = m, .unsure = true};

	leg_settle(l);
	if (ls)
		leg_tell_one(ls, &ev, op);
}

void leg_undelivered(struct leg *l, uint64_t seat, struct str client_id,
		     struct str to_nick, struct reason why)
{
	struct leg_seat *ls = leg_find_seat(l, seat);
	struct seat_ev ev = {.type = SEAT_UNDELIVERED,
			     .client_id = client_id,
			     .to_nick = to_nick,
			     .reason = why};

	leg_settle(l);
	if (ls)
		leg_tell_one(ls, &ev, 0);
}

/* --- seats come and go --- */

void leg_attach(struct leg *l, const struct seat_join *join, struct seat *seat)
{
	struct leg_seat *ls = mem_new(sizeof(*ls));
	struct seat_ev ev = {.type = SEAT_OCCUPANT_CHANGED,
			     .changed = CHANGED_DEVICES};

	leg_settle(l);
	ls->leg = l;
	ls->seat = seat;
	ls->wants = join->wants;
	ls->observer = join->observer;
	ls->label = str_dup(join->device);
	ls->device = (struct device){
	    .seat = ++*l->cfg.last_id,
	    .label = str_of(ls->label, join->device.n),
	    .private_messages =
		join->private_messages || join->world == WORLD_XMPP,
	};
	seat->id = ls->device.seat;
	seat->back_ops = &seat_ops;
	seat->back = l;
	seat->back_data = ls;
	TAILQ_INSERT_TAIL(&l->seats, ls, link);
	if (!ls->observer) {
		l->n_devices++;
		leg_show_devices(l);
		ev.who = leg_self(l);
		ev.device = seat->id;
		if (ev.who)
			leg_tell(l, SEAT_WANTS_ROSTER, &ev, NULL);
	}
	if (l->open) {
		tell_joined(l, ls, false, false);
		tell_subject(l, ls);
	}
}

static void seat_free(void *p)
{
	struct leg_seat *ls = p;

	free(ls->label);
	free(ls);
}

static void drop_seat(struct leg_seat *ls)
{
	struct leg *l = ls->leg;

	TAILQ_REMOVE(&l->seats, ls, link);
	if (!ls->observer)
		l->n_devices--;
	defer_free(l->cfg.loop, ls, seat_free);
}

static void device_left(struct leg *l, struct leg_seat *ls,
			const struct seat_cmd *cmd)
{
	struct seat_ev ev = {.type = SEAT_OCCUPANT_CHANGED,
			     .changed = CHANGED_DEVICES,
			     .device = ls->device.seat};

	drop_seat(ls);
	if (ls->observer)
		return;
	if (!l->n_devices) {
		l->cfg.ops->left(l, cmd);
		return;
	}
	leg_show_devices(l);
	ev.who = leg_self(l);
	if (ev.who)
		leg_tell(l, SEAT_WANTS_ROSTER, &ev, NULL);
	if (l->cfg.ops->device_left && !l->gone)
		l->cfg.ops->device_left(l, ev.device);
}

static void device_changed(struct leg *l, struct leg_seat *ls,
			   const struct seat_cmd *cmd)
{
	struct device *d = &ls->device;
	struct seat_ev ev = {.type = SEAT_OCCUPANT_CHANGED,
			     .who = leg_self(l),
			     .changed = CHANGED_DEVICES,
			     .device = d->seat};
	struct leg_cause cause = {.seat = d->seat, .op = cmd->op};
	bool same = d->muted == cmd->muted && d->held == cmd->held &&
		    d->private_messages == cmd->private_messages;

	d->muted = cmd->muted;
	d->held = cmd->held;
	d->private_messages = cmd->private_messages;
	leg_show_devices(l);
	if (ev.who && !same)
		leg_tell(l, SEAT_WANTS_ROSTER, &ev, &cause);
	leg_result(l, d->seat, cmd->op, (struct reason){0}, NULL);
}

/* --- commands --- */

/* As in a local room: his result comes first. */
static void remove_oneself(struct leg *l, struct leg_seat *ls,
			   const struct seat_cmd *cmd)
{
	leg_result(l, ls->device.seat, cmd->op, (struct reason){0}, NULL);
	if (!l->gone)
		l->cfg.ops->left(l, cmd);
}

static void execute(struct leg *l, struct leg_seat *ls,
		    const struct seat_cmd *cmd)
{
	if (l->gone)
		return;
	if (cmd->type == SEAT_LEAVE)
		device_left(l, ls, cmd);
	else if (!l->open || ls->observer)
		leg_result(l, ls->device.seat, cmd->op,
			   (struct reason){.code = REASON_NOT_JOINED},
			   cmd->msg);
	else if (cmd->type == SEAT_KICK && l->self && cmd->target == l->self)
		remove_oneself(l, ls, cmd);
	else if (cmd->type == SEAT_PRESENCE &&
		 presence_size(&cmd->presence) > PRESENCE_MAX)
		leg_result(l, ls->device.seat, cmd->op,
			   (struct reason){.code = REASON_TOO_BIG}, NULL);
	else if (cmd->type == SEAT_DEVICE)
		device_changed(l, ls, cmd);
	else
		l->cfg.ops->command(l, ls->device.seat, cmd);
}

static void queued_free(struct leg_cmd *q)
{
	seat_cmd_free(q->cmd);
	free(q);
}

static void on_drain(void *user)
{
	struct leg *l = user;
	struct leg_cmd *q;

	while ((q = STAILQ_FIRST(&l->queue))) {
		STAILQ_REMOVE_HEAD(&l->queue, link);
		execute(l, q->by, seat_cmd_of(q->cmd));
		queued_free(q);
	}
}

void leg_drain_later(struct leg *l)
{
	defer(l->cfg.loop, &l->drain, on_drain, l);
}

static void on_command(struct seat *s, const struct seat_cmd *cmd)
{
	struct leg_seat *ls = s->back_data;
	struct leg *l = ls->leg;
	struct leg_cmd *q;

	if (cmd->type == SEAT_LEAVE)
		detach(ls);
	if (!l->current && STAILQ_EMPTY(&l->queue)) {
		execute(l, ls, cmd);
		return;
	}
	q = mem_new(sizeof(*q));
	q->by = ls;
	q->cmd = seat_cmd_copy(cmd);
	STAILQ_INSERT_TAIL(&l->queue, q, link);
	leg_drain_later(l);
}

/* --- the end --- */

static void forget_commands(struct leg *l)
{
	struct leg_cmd *q;

	while ((q = STAILQ_FIRST(&l->queue))) {
		STAILQ_REMOVE_HEAD(&l->queue, link);
		queued_free(q);
	}
}

void leg_ended(struct leg *l, struct reason why)
{
	struct seat_ev ev = {.type = SEAT_ENDED, .reason = why};
	struct leg_delivery d = {.ev = &ev, .ends = true};

	leg_settle(l);
	deliver(l, &d, TAILQ_FIRST(&l->seats));
	forget_commands(l);
	while (!TAILQ_EMPTY(&l->seats))
		drop_seat(TAILQ_FIRST(&l->seats));
	l->open = false;
	leg_roster_clear(l);
}

static void leg_release(void *p)
{
	struct leg *l = p;

	forget_commands(l);
	free(l->occs);
	table_free(l->by_id);
	table_free(l->by_nick);
	free(l->subject_text);
	free(l->info_text);
	free(l->text);
	free(l);
}

void leg_free(struct leg *l)
{
	if (!l || l->gone)
		return;
	leg_ended(l, (struct reason){.code = REASON_LEFT});
	l->gone = true;
	if (l->cfg.bridged)
		bridged_remove(l->cfg.bridged, l->world, l->key, l->room);
	defer_cancel(l->cfg.loop, &l->drain);
	defer_free(l->cfg.loop, l, leg_release);
}

/* --- what seats may look at --- */

static const struct occupant *on_roster(struct seat *s, size_t *it)
{
	const struct leg *l = s->back;

	return l->open ? leg_next(l, it) : NULL;
}

static const struct occupant *on_by_id(struct seat *s, uint64_t id)
{
	return leg_by_id(s->back, id);
}

static const struct occupant *on_by_nick(struct seat *s, struct str nick)
{
	return leg_by_nick(s->back, nick);
}

static const struct occupant *on_by_user(struct seat *s, struct str user)
{
	const struct leg *l = s->back;
	const struct occupant *o = leg_self(l);
	size_t it = 0;

	if (o && str_eq(o->user, user))
		return o;
	while (user.n && (o = leg_next(l, &it)))
		if (str_eq(o->user, user))
			return o;
	return NULL;
}

static void on_info(struct seat *s, struct room_info *out)
{
	const struct leg *l = s->back;

	*out = l->info;
	out->address = l->room;
	out->subject = l->subject;
	out->n_occupants = l->n_occs;
}

static const struct seat_back_ops seat_ops = {
    .command = on_command,
    .roster = on_roster,
    .by_id = on_by_id,
    .by_nick = on_by_nick,
    .by_user = on_by_user,
    .info = on_info,
};
