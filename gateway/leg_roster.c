/* The occupants of a leg's room, as its protocol learns of them. */
#include <stdlib.h>

#include "base/mem.h"
#include "gateway/leg_priv.h"

static void occ_free(void *p)
{
	struct leg_occ *o = p;

	free(o->text);
	free(o);
}

struct leg_occ *leg_occ_by_nick(const struct leg *l, struct str nick)
{
	return table_get_str(l->by_nick, nick);
}

const struct occupant *leg_by_nick(const struct leg *l, struct str nick)
{
	const struct leg_occ *o = leg_occ_by_nick(l, nick);

	return o ? &o->pub : NULL;
}

const struct occupant *leg_by_id(const struct leg *l, uint64_t id)
{
	const struct leg_occ *o = id ? table_get(l->by_id, id) : NULL;

	return o ? &o->pub : NULL;
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
			return &o->pub;
	}
	return NULL;
}

/* --- one occupant's value --- */

static size_t octets_of(const struct occupant *like)
{
	size_t n = like->nick.n + like->display.n + like->user.n +
		   like->sip_uri.n + like->jid.n + like->stable_id.n +
		   like->presence.show.n + like->presence.status.n +
		   like->presence.payload.n;

	for (const struct device *d = like->devices; d; d = d->next)
		n += sizeof(*d) + d->label.n;
	return n;
}

static const struct device *copy_devices(struct device *to, char **text,
					 const struct device *from, size_t *n,
					 uint64_t owner)
{
	struct device *first = from ? to : NULL;

	for (*n = 0; from; from = from->next, to++, ++*n) {
		*to = *from;
		if (!to->seat)
			to->seat = owner;
		to->label = str_pack(text, from->label);
		to->next = from->next ? to + 1 : NULL;
	}
	return first;
}

static size_t count_devices(const struct device *d)
{
	size_t n = 0;

	for (; d; d = d->next)
		n++;
	return n;
}

/* pub becomes like `like`; what it pointed to stays until the turn ends, for
 * handlers up the stack still show it. */
static void take_value(struct leg *l, struct leg_occ *o,
		       const struct occupant *like)
{
	char *block = mem_new(octets_of(like));
	size_t n = count_devices(like->devices);
	char *to = block + n * sizeof(struct device);
	struct occupant *p = &o->pub;
	struct occupant was = *p;

	*p = *like;
	p->id = was.id;
	p->active_ms = was.active_ms;
	p->since_ms = like->since_ms ? like->since_ms : was.since_ms;
	p->nick = str_pack(&to, like->nick);
	p->display = str_pack(&to, like->display);
	p->user = str_pack(&to, like->user);
	p->sip_uri = str_pack(&to, like->sip_uri);
	p->jid = str_pack(&to, like->jid);
	p->stable_id = str_pack(&to, like->stable_id);
	p->presence.show = str_pack(&to, like->presence.show);
	p->presence.status = str_pack(&to, like->presence.status);
	p->presence.payload = str_pack(&to, like->presence.payload);
	p->devices = copy_devices((struct device *)block, &to, like->devices,
				  &p->n_devices, p->id);
	l->octets += octets_of(p);
	l->octets -= octets_of(&was);
	if (o->text)
		defer_free(l->cfg.loop, o->text, free);
	o->text = block;
}

/* b is what is said now. */
static bool same_devices(const struct device *a, const struct device *b)
{
	for (; a && b; a = a->next, b = b->next)
		if ((b->seat && a->seat != b->seat) ||
		    !str_eq(a->label, b->label) ||
		    a->private_messages != b->private_messages ||
		    a->muted != b->muted || a->held != b->held)
			return false;
	return !a && !b;
}

static bool same_person(const struct occupant *a, const struct occupant *b)
{
	return a->world == b->world && a->nick_chosen == b->nick_chosen &&
	       str_eq(a->display, b->display) && str_eq(a->user, b->user) &&
	       str_eq(a->sip_uri, b->sip_uri) && str_eq(a->jid, b->jid) &&
	       str_eq(a->stable_id, b->stable_id);
}

unsigned leg_differences(const struct occupant *a, const struct occupant *b)
{
	unsigned changed = 0;

	if (!presence_eq(&a->presence, &b->presence))
		changed |= CHANGED_PRESENCE;
	if (a->role != b->role || a->affiliation != b->affiliation)
		changed |= CHANGED_ROLE;
	if (!same_devices(a->devices, b->devices) || !same_person(a, b))
		changed |= CHANGED_DEVICES;
	return changed;
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
	o->pub.id = ++*l->cfg.last_id;
	o->pub.since_ms = loop_wall_ms(l->cfg.loop);
	take_value(l, o, like);
	o->place = l->n_places;
	l->occs[l->n_places++] = o;
	l->n_occs++;
	table_put(l->by_id, o->pub.id, o);
	table_put_str(l->by_nick, o->pub.nick, o);
	return o;
}

/* Its nickname, old or new, is the key under which it is found. */
static void renew(struct leg *l, struct leg_occ *o, const struct occupant *now)
{
	table_del_str(l->by_nick, o->pub.nick);
	take_value(l, o, now);
	table_put_str(l->by_nick, o->pub.nick, o);
}

static void take_out(struct leg *l, struct leg_occ *o)
{
	table_del(l->by_id, o->pub.id);
	table_del_str(l->by_nick, o->pub.nick);
	l->occs[o->place] = NULL;
	l->octets -= octets_of(&o->pub);
	l->n_occs--;
	defer_free(l->cfg.loop, o, occ_free);
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

	if (o && o->pub.id == l->self)
		p.devices = o->pub.devices;
	return p;
}

/* May he become (o NULL: come) like that? The user himself always may. */
static bool has_room(const struct leg *l, const struct leg_occ *o,
		     const struct occupant *like)
{
	size_t octets = l->octets - (o ? octets_of(&o->pub) : 0);

	if (str_eq(like->user, l->key))
		return true;
	if (!o && l->n_occs >= l->cfg.max_occupants)
		return false;
	return !l->cfg.max_octets ||
	       octets + octets_of(like) <= l->cfg.max_octets;
}

static const struct occupant *change(struct leg *l, struct leg_occ *o,
				     const struct occupant *like,
				     const struct leg_cause *cause)
{
	struct occupant now = with_devices(l, o, like);
	struct seat_ev ev = {.type = SEAT_OCCUPANT_CHANGED, .who = &o->pub};

	o->stale = false;
	if (!has_room(l, o, &now))
		return &o->pub;
	ev.changed = leg_differences(&o->pub, &now);
	if (ev.changed) {
		renew(l, o, &now);
	} else if (cause && cause->op) {
		ev.changed = CHANGED_PRESENCE;
	}
	if (ev.changed)
		leg_tell(l, SEAT_WANTS_ROSTER, &ev, cause);
	return &o->pub;
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
	ev.who = &o->pub;
	leg_tell(l, SEAT_WANTS_ROSTER, &ev, cause);
	return &o->pub;
}

void leg_remove(struct leg *l, struct str nick, const struct leg_cause *cause)
{
	struct seat_ev ev = {.type = SEAT_OCCUPANT_LEFT};
	struct leg_occ *o;

	leg_settle(l);
	o = leg_occ_by_nick(l, nick);
	if (!o)
		return;
	ev.who = &o->pub;
	take_out(l, o);
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
	ev.who = &o->pub;
	ev.old_nick = o->pub.nick;
	now = o->pub;
	now.nick = new;
	renew(l, o, &now);
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
	now = o->pub;
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
		if (o->pub.id != l->self &&
		    !(there && there(user, o->pub.nick)))
			leg_remove(l, o->pub.nick, &cause);
	}
}

size_t leg_roster_unheard(const struct leg *l, size_t *heard)
{
	size_t n = 0;

	*heard = 0;
	for (size_t i = 0; i < l->n_places; i++) {
		const struct leg_occ *o = l->occs[i];

		if (!o || o->pub.id == l->self)
			continue;
		if (o->stale)
			n++;
		else
			++*heard;
	}
	return n;
}
