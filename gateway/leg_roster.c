/* The occupants of a leg's room, as its protocol learns of them. */
#include <stdlib.h>

#include "base/mem.h"
#include "gateway/leg_priv.h"

struct leg_occ *leg_occ_by_nick(const struct leg *l, struct str nick)
{
	return table_get_str(l->by_nick, nick);
}

const struct occupant *leg_by_nick(const struct leg *l, struct str nick)
{
	const struct leg_occ *o = leg_occ_by_nick(l, nick);

	return o ? &o->value->pub : NULL;
}

const struct occupant *leg_by_id(const struct leg *l, uint64_t id)
{
	const struct leg_occ *o = id ? table_get(l->by_id, id) : NULL;

	return o ? &o->value->pub : NULL;
}

const struct occupant *leg_self(const struct leg *l)
{
	return leg_by_id(l, l->self);
}

const struct occupant *leg_next(const struct leg *l, size_t *it)
{
	while (*it < l->n_places) {
		const struct leg_occ *o = l->occs[(*it)++];

		if (o)
			return &o->value->pub;
	}
	return NULL;
}

/* --- one occupant's value --- */

struct asking {
	const struct leg *leg;
	const struct leg_occ *occ; /* NULL: one who comes */
};

/* Who stays keeps his id. Who comes gets none that somebody has or had here:
 * those were given before the last one left. */
static bool may_have(const void *user, uint64_t id)
{
	const struct asking *a = user;

	if (a->occ)
		return id == a->occ->value->pub.id;
	return id > a->leg->spent_ids && !table_get(a->leg->by_id, id);
}

/* Seats are the leg's own. */
static bool is_sharable(const struct occupant *like, uint64_t id)
{
	for (const struct device *d = like->devices; d; d = d->next)
		if (d->seat && d->seat != id)
			return false;
	return !like->since_ms || id;
}

/* o NULL: for one who comes. */
static struct leg_value *value_for(struct leg *l, const struct leg_occ *o,
				   const struct occupant *like)
{
	const struct occupant *was = o ? &o->value->pub : NULL;
	struct occupant now = *like;
	struct leg_values *shared =
	    is_sharable(like, was ? was->id : 0) ? l->cfg.values : NULL;
	struct asking a = {l, o};
	struct leg_value *v =
	    leg_value_find(shared, l->room, like, may_have, &a);

	if (v)
		return v;
	now.id = was ? was->id : ++*l->cfg.last_id;
	now.active_ms = was ? was->active_ms : 0;
	if (!now.since_ms)
		now.since_ms = was ? was->since_ms : loop_wall_ms(l->cfg.loop);
	return leg_value_new(shared, l->room, &now);
}

/* What was said of him before stays until the turn ends, for handlers up the
 * stack still show it. */
static void take_value(struct leg *l, struct leg_occ *o,
		       const struct occupant *like)
{
	struct leg_value *v = value_for(l, o->value ? o : NULL, like);

	l->octets += leg_value_octets(&v->pub);
	if (o->value) {
		l->octets -= leg_value_octets(&o->value->pub);
		defer_free(l->cfg.loop, o->value, leg_value_unref);
	}
	o->value = v;
}

/* --- the list --- */

static void tidy(struct leg *l)
{
	size_t n = 0;

	if ((l->n_places - l->n_occs) * 2 <= l->n_places)
		return;
	for (size_t i = 0; i < l->n_places; i++) {
		struct leg_occ *o = l->occs[i];

		if (!o)
			continue;
		o->place = n;
		l->occs[n++] = o;
	}
	l->n_places = n;
}

static struct leg_occ *add(struct leg *l, const struct occupant *like)
{
	struct leg_occ *o = mem_new(sizeof(*o));

	tidy(l);
	if (l->n_places == l->room_places) {
		l->room_places = l->room_places ? l->room_places * 2 : 16;
		l->occs =
		    mem_resize(l->occs, l->room_places * sizeof(*l->occs));
	}
	take_value(l, o, like);
	o->place = l->n_places;
	l->occs[l->n_places++] = o;
	l->n_occs++;
	table_put(l->by_id, o->value->pub.id, o);
	table_put_str(l->by_nick, o->value->pub.nick, o);
	return o;
}

/* Its nickname, old or new, is the key under which it is found. */
static void renew(struct leg *l, struct leg_occ *o, const struct occupant *now)
{
	table_del_str(l->by_nick, o->value->pub.nick);
	take_value(l, o, now);
	table_put_str(l->by_nick, o->value->pub.nick, o);
}

static void take_out(struct leg *l, struct leg_occ *o)
{
	table_del(l->by_id, o->value->pub.id);
	table_del_str(l->by_nick, o->value->pub.nick);
	l->occs[o->place] = NULL;
	l->octets -= leg_value_octets(&o->value->pub);
	l->n_occs--;
	defer_free(l->cfg.loop, o->value, leg_value_unref);
	defer_free(l->cfg.loop, o, free);
}

void leg_roster_clear(struct leg *l)
{
	for (size_t i = 0; i < l->n_places; i++)
		if (l->occs[i])
			take_out(l, l->occs[i]);
	l->n_places = 0;
	l->self = 0;
}

/* --- what the protocol says of it --- */

/* Of the user himself the devices are his seats, whatever is said of him. */
static struct occupant with_devices(const struct leg *l,
				    const struct leg_occ *o,
				    const struct occupant *like)
{
	struct occupant p = *like;

	if (o && o->value->pub.id == l->self)
		p.devices = o->value->pub.devices;
	return p;
}

/* May he become (o NULL: come) like that? The user himself always may. */
static bool has_room(const struct leg *l, const struct leg_occ *o,
		     const struct occupant *like)
{
	size_t octets = l->octets - (o ? leg_value_octets(&o->value->pub) : 0);

	if (str_eq(like->user, l->key))
		return true;
	if (!o && l->n_occs >= l->cfg.max_occupants)
		return false;
	return !l->cfg.max_octets ||
	       octets + leg_value_octets(like) <= l->cfg.max_octets;
}

static const struct occupant *change(struct leg *l, struct leg_occ *o,
				     const struct occupant *like,
				     const struct leg_cause *cause)
{
	struct occupant now = with_devices(l, o, like);
	struct seat_ev ev = {.type = SEAT_OCCUPANT_CHANGED};

	o->stale = false;
	if (!has_room(l, o, &now))
		return &o->value->pub;
	ev.changed = leg_differences(&o->value->pub, &now);
	if (ev.changed) {
		renew(l, o, &now);
	} else if (cause && cause->op) {
		ev.changed = CHANGED_PRESENCE;
	}
	ev.who = &o->value->pub;
	if (ev.changed)
		leg_tell(l, SEAT_WANTS_ROSTER, &ev, cause);
	return &o->value->pub;
}

const struct occupant *leg_put(struct leg *l, const struct occupant *like,
			       const struct leg_cause *cause)
{
	struct seat_ev ev = {.type = SEAT_OCCUPANT_JOINED};
	struct leg_occ *o;

	leg_settle(l);
	o = leg_occ_by_nick(l, like->nick);
	if (o)
		return change(l, o, like, cause);
	if (!has_room(l, NULL, like))
		return NULL;
	o = add(l, like);
	ev.who = &o->value->pub;
	leg_tell(l, SEAT_WANTS_ROSTER, &ev, cause);
	return &o->value->pub;
}

void leg_remove(struct leg *l, struct str nick, const struct leg_cause *cause)
{
	struct seat_ev ev = {.type = SEAT_OCCUPANT_LEFT};
	struct leg_occ *o;

	leg_settle(l);
	o = leg_occ_by_nick(l, nick);
	if (!o)
		return;
	ev.who = &o->value->pub;
	take_out(l, o);
	l->spent_ids = *l->cfg.last_id;
	leg_tell(l, SEAT_WANTS_ROSTER, &ev, cause);
}

bool leg_rename(struct leg *l, struct str old, struct str new,
		const struct leg_cause *cause)
{
	struct seat_ev ev = {.type = SEAT_OCCUPANT_CHANGED,
			     .changed = CHANGED_NICK};
	struct leg_cause gone = {.reason = {.code = REASON_LEFT}};
	struct occupant now;
	struct leg_occ *o;

	leg_settle(l);
	o = leg_occ_by_nick(l, old);
	if (!o)
		return false;
	if (!str_eq(old, new))
		leg_remove(l, new, &gone);
	else if (!cause || !cause->op)
		return true;
	ev.old_nick = o->value->pub.nick;
	now = o->value->pub;
	now.nick = new;
	renew(l, o, &now);
	ev.who = &o->value->pub;
	leg_tell(l, SEAT_WANTS_ROSTER, &ev, cause);
	return true;
}

void leg_show_devices(struct leg *l)
{
	struct leg_occ *o = l->self ? table_get(l->by_id, l->self) : NULL;
	struct device *list;
	struct leg_seat *ls;
	struct occupant now;
	size_t n = 0;

	if (!o)
		return;
	list = mem_new_array(l->n_devices + 1, sizeof(*list));
	TAILQ_FOREACH (ls, &l->seats, link) {
		if (ls->observer)
			continue;
		list[n] = ls->device;
		list[n].next = NULL;
		if (n)
			list[n - 1].next = &list[n];
		n++;
	}
	now = o->value->pub;
	now.devices = n ? list : NULL;
	renew(l, o, &now);
	free(list);
}

void leg_roster_begin(struct leg *l)
{
	leg_settle(l);
	for (size_t i = 0; i < l->n_places; i++)
		if (l->occs[i])
			l->occs[i]->stale = true;
}

void leg_roster_end(struct leg *l, enum reason_code why,
		    bool (*there)(void *user, struct str nick), void *user)
{
	struct leg_cause cause = {.reason = {.code = why}};

	for (size_t i = 0; i < l->n_places; i++) {
		struct leg_occ *o = l->occs[i];

		if (!o || !o->stale)
			continue;
		o->stale = false;
		if (o->value->pub.id != l->self &&
		    !(there && there(user, o->value->pub.nick)))
			leg_remove(l, o->value->pub.nick, &cause);
	}
}

size_t leg_roster_unheard(const struct leg *l, size_t *heard)
{
	size_t n = 0;

	*heard = 0;
	for (size_t i = 0; i < l->n_places; i++) {
		const struct leg_occ *o = l->occs[i];

		if (!o || o->value->pub.id == l->self)
			continue;
		if (o->stale)
			n++;
		else
			++*heard;
	}
	return n;
}
