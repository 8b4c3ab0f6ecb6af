/* The occupants and their devices. The room owns both; what leaves is freed at
 * the end of the turn, since events and handlers up the stack still show it. */
#include <stdlib.h>

#include "base/mem.h"
#include "conference/affil_priv.h"
#include "conference/nick_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

void roster_init(struct room *r)
{
	TAILQ_INIT(&r->recs);
	r->by_id = table_new();
	r->by_key = table_new();
	r->by_user = table_new();
}

static void rec_free(void *p)
{
	struct seat_rec *rec = p;

	free(rec->label);
	free(rec->presence_text);
	free(rec->person_text);
	free(rec);
}

static void occ_free(void *p)
{
	struct occ *o = p;

	nick_free(&o->nick);
	free(o->identity);
	free(o);
}

void roster_done(struct room *r)
{
	struct seat_rec *rec;

	while ((rec = TAILQ_FIRST(&r->recs))) {
		TAILQ_REMOVE(&r->recs, rec, link);
		rec_free(rec);
	}
	for (size_t i = 0; i < r->n_places; i++)
		if (r->occs[i])
			occ_free(r->occs[i]);
	free(r->occs);
	table_free(r->by_id);
	table_free(r->by_key);
	table_free(r->by_user);
}

void roster_tidy(struct room *r)
{
	size_t n = 0;

	if ((r->n_places - r->n_occs) * TIDY_SHARE <= r->n_places)
		return;
	for (size_t i = 0; i < r->n_places; i++) {
		struct occ *o = r->occs[i];

		if (!o)
			continue;
		o->place = n;
		r->occs[n++] = o;
	}
	r->n_places = n;
}

struct occ *roster_by_id(const struct room *r, uint64_t id)
{
	return id ? table_get(r->by_id, id) : NULL;
}

struct occ *roster_by_key(const struct room *r, struct str key)
{
	return table_get_str(r->by_key, key);
}

struct occ *roster_by_user(const struct room *r, struct str user)
{
	return table_get_str(r->by_user, user);
}

static void copy_identity(struct occ *o, const struct occupant *like,
			  const struct person *who)
{
	struct occupant *p = &o->pub;
	bool hides = !str_eq(who->account, like->user);
	char *to = mem_new(like->user.n + like->sip_uri.n + like->jid.n +
			   like->stable_id.n + like->display.n +
			   (hides ? who->account.n + who->jid.n : 0));

	o->identity = to;
	p->world = like->world;
	p->user = str_pack(&to, like->user);
	p->sip_uri = str_pack(&to, like->sip_uri);
	p->jid = str_pack(&to, like->jid);
	p->stable_id = str_pack(&to, like->stable_id);
	p->display = str_pack(&to, like->display);
	o->person.user = p->user;
	o->person.account = hides ? str_pack(&to, who->account) : p->user;
	o->person.jid = hides ? str_pack(&to, who->jid) : p->jid;
}

bool occ_same_user(const struct occ *a, const struct occ *b)
{
	return a->pub.world == b->pub.world && str_eq(a->pub.user, b->pub.user);
}

static void link_user(struct room *r, struct occ *o)
{
	struct occ *first = roster_by_user(r, o->pub.user);

	if (!first) {
		table_put_str(r->by_user, o->pub.user, o);
		return;
	}
	while (first->same_user)
		first = first->same_user;
	first->same_user = o;
}

static void unlink_user(struct room *r, struct occ *o)
{
	struct occ *first = roster_by_user(r, o->pub.user);

	if (first == o) {
		table_del_str(r->by_user, o->pub.user);
		if (o->same_user)
			table_put_str(r->by_user, o->same_user->pub.user,
				      o->same_user);
	} else {
		while (first->same_user != o)
			first = first->same_user;
		first->same_user = o->same_user;
	}
	o->same_user = NULL;
}

static void link_place(struct room *r, struct occ *o)
{
	if (r->n_places == r->room_places) {
		r->room_places = r->room_places ? r->room_places * 2 : 16;
		r->occs =
		    mem_resize(r->occs, r->room_places * sizeof(*r->occs));
	}
	o->place = r->n_places;
	r->occs[r->n_places++] = o;
}

static void set_nick(struct room *r, struct occ *o, struct nick take_nick)
{
	o->nick = take_nick;
	o->pub.nick = o->nick.text;
	quarantine_release(r, o->nick.key);
	table_put_str(r->by_key, o->nick.key, o);
	scope_hold(r, o);
}

struct occ *roster_add(struct room *r, const struct occupant *like,
		       const struct person *who, struct nick take_nick,
		       bool chosen)
{
	struct occ *o = mem_new(sizeof(*o));

	copy_identity(o, like, who);
	o->pub.id = ++r->rooms->last_id;
	o->pub.nick_chosen = chosen;
	o->pub.since_ms = loop_wall_ms(r->loop);
	o->pub.affiliation = affil_of(r, &o->person);
	o->pub.role = role_given(r, o->pub.affiliation);
	set_nick(r, o, take_nick);
	table_put(r->by_id, o->pub.id, o);
	link_user(r, o);
	link_place(r, o);
	r->n_occs++;
	return o;
}

void roster_remove(struct room *r, struct occ *o)
{
	table_del(r->by_id, o->pub.id);
	scope_release(r, o);
	table_del_str(r->by_key, o->nick.key);
	unlink_user(r, o);
	r->occs[o->place] = NULL;
	r->n_occs--;
	defer_free(r->loop, o, occ_free);
	room_tidy_later(r);
}

void roster_rename(struct room *r, struct occ *o, struct nick take_nick)
{
	scope_release(r, o);
	table_del_str(r->by_key, o->nick.key);
	room_retire(r, o->nick.block);
	set_nick(r, o, take_nick);
}

static void copy_person(struct seat_rec *rec, const struct seat_join *join)
{
	struct person who = person_of(join);
	char *to = mem_new(who.user.n + who.account.n + who.jid.n);

	rec->own = join->own;
	rec->person_text = to;
	rec->person.user = str_pack(&to, who.user);
	rec->person.account = str_pack(&to, who.account);
	rec->person.jid = str_pack(&to, who.jid);
}

struct seat_rec *rec_new(struct room *r, const struct seat_join *join,
			 struct seat *seat)
{
	struct seat_rec *rec = mem_new(sizeof(*rec));

	rec->room = r;
	rec->seat = seat;
	rec->label = str_dup(join->device);
	rec->device.label = str_of(rec->label, join->device.n);
	rec->device.seat = ++r->rooms->last_id;
	rec->device.private_messages =
	    join->private_messages || join->world == WORLD_XMPP;
	if (join->observer)
		copy_person(rec, join);
	TAILQ_INSERT_TAIL(&r->recs, rec, link);
	seat->id = rec->device.seat;
	seat->back_ops = &room_seat_ops;
	seat->back = r;
	seat->back_data = rec;
	return rec;
}

void rec_remove(struct room *r, struct seat_rec *rec)
{
	TAILQ_REMOVE(&r->recs, rec, link);
	defer_free(r->loop, rec, rec_free);
	room_tidy_later(r);
}

void occ_add_device(struct occ *o, struct seat_rec *rec)
{
	struct seat_rec *last = o->devices;

	rec->occ = o;
	rec->next = NULL;
	rec->device.next = NULL;
	o->pub.n_devices++;
	if (!last) {
		o->devices = rec;
		o->pub.devices = &rec->device;
		return;
	}
	while (last->next)
		last = last->next;
	last->next = rec;
	last->device.next = &rec->device;
}

void occ_remove_device(struct occ *o, struct seat_rec *rec)
{
	struct seat_rec *before = o->devices;

	o->pub.n_devices--;
	if (before == rec) {
		o->devices = rec->next;
		o->pub.devices = rec->device.next;
		return;
	}
	while (before->next != rec)
		before = before->next;
	before->next = rec->next;
	before->device.next = rec->device.next;
}
