/* The roster as a subscriber has to be told it: what changed since he last was,
 * and the document that says so (RFC 4575). */
#include <stdlib.h>

#include "gateway/front_sip_priv.h"

#include "base/mem.h"
#include "mapping/reason.h"
#include "mapping/roster.h"

/* --- what changed --- */

static void forget(struct dirty_user *d)
{
	free(d->entity);
	free(d->farewell);
}

void roster_stale(struct subscription *s)
{
	for (size_t i = 0; i < s->n_dirty; i++)
		forget(&s->dirty[i]);
	s->n_dirty = 0;
	s->need_full = true;
}

void roster_free(struct subscription *s)
{
	roster_stale(s);
	free(s->dirty);
	s->dirty = NULL;
}

/* The entry that is marked already for the same user, or NULL. */
static struct dirty_user *marked(struct subscription *s,
				 const struct dirty_user *d)
{
	for (size_t i = 0; i < s->n_dirty; i++) {
		struct dirty_user *old = &s->dirty[i];

		if (d->id ? old->id == d->id
			  : old->entity && strcmp(old->entity, d->entity) == 0)
			return old;
	}
	return NULL;
}

/* Takes the strings. */
static void mark(struct subscription *s, struct dirty_user d)
{
	struct dirty_user *old;

	if (s->need_full) {
		forget(&d);
		return;
	}
	old = marked(s, &d);
	if (old) {
		forget(old);
		*old = d;
		return;
	}
	if (s->n_dirty == SUBSCRIPTION_DIRTY_MAX) {
		forget(&d);
		roster_stale(s);
		return;
	}
	if (s->n_dirty % 8 == 0)
		s->dirty =
		    mem_resize(s->dirty, (s->n_dirty + 8) * sizeof(*s->dirty));
	s->dirty[s->n_dirty++] = d;
}

static void mark_user(struct subscription *s, const struct occupant *o)
{
	mark(s, (struct dirty_user){.id = o->id});
}

static char *entity_of(const struct subscription *s, const struct occupant *o)
{
	struct buf b = BUF_INIT(16384);
	char *z;

	map_occupant_entity(&b, str_z(s->room), o);
	z = str_dup(buf_str(&b));
	buf_done(&b);
	return z;
}

/* Who leaves by himself is deleted; of others it is told first what happened
 * (EVENT-22). */
static void mark_gone(struct subscription *s, const struct seat_ev *ev)
{
	const struct occupant *o = ev->who;
	enum reason_code code = ev->reason.code;
	struct roster_failure why = {
	    .method = map_reason_to_disconnection(code),
	    .status = map_reason_to_sip(code),
	    .text =
		ev->reason.text.n ? ev->reason.text : str_z(reason_text(code)),
	};
	struct dirty_user d = {.entity = entity_of(s, o)};

	for (size_t i = 0; i < s->n_dirty; i++)
		if (s->dirty[i].id == o->id) {
			s->dirty[i--] = s->dirty[--s->n_dirty];
			break;
		}
	if (code != REASON_LEFT && !s->full_only)
		d.farewell = farewell_of(s, o, &why);
	mark(s, d);
}

void roster_guest(struct subscription *s, const struct guest_view *g,
		  const struct roster_failure *why)
{
	struct dirty_user d = {.entity = str_dup(g->entity)};

	if (why && !s->full_only)
		d.farewell = farewell_of_guest(s, g, why);
	mark(s, d);
	if (!s->full_only)
		subscription_changed(s);
}

/* An XMPP user's nickname is in his entity: the old one goes, a new one comes.
 */
static void mark_renamed(struct subscription *s, const struct seat_ev *ev)
{
	struct occupant old = *ev->who;

	old.nick = ev->old_nick;
	if (old.world == WORLD_XMPP && !str_eq(old.nick, ev->who->nick))
		mark(s, (struct dirty_user){.entity = entity_of(s, &old)});
	mark_user(s, ev->who);
}

bool roster_changed(struct subscription *s, const struct seat_ev *ev)
{
	switch (ev->type) {
	case SEAT_OCCUPANT_JOINED:
		mark_user(s, ev->who);
		return true;
	case SEAT_OCCUPANT_CHANGED:
		if (ev->changed & CHANGED_NICK)
			mark_renamed(s, ev);
		else
			mark_user(s, ev->who);
		return true;
	case SEAT_OCCUPANT_LEFT:
		mark_gone(s, ev);
		return true;
	case SEAT_SUBJECT_SET:
	case SEAT_ROOM_CHANGED:
		s->description = true;
		return true;
	case SEAT_JOINED:
	case SEAT_MESSAGE:
	case SEAT_RESULT:
	case SEAT_ENDED:
		break;
	}
	return false;
}

bool roster_told(struct subscription *s)
{
	bool partial = !s->need_full && !s->full_only;
	size_t kept = 0;

	for (size_t i = 0; i < s->n_dirty; i++) {
		struct dirty_user d = s->dirty[i];

		if (!partial || !d.farewell) {
			forget(&d);
			continue;
		}
		free(d.farewell); /* the next document deletes him */
		d.farewell = NULL;
		s->dirty[kept++] = d;
	}
	s->n_dirty = kept;
	s->need_full = false;
	s->description = false;
	return kept > 0;
}

/* --- documents --- */

static void put_user(struct subscription *s, struct buf *b, struct arena *a,
		     const struct occupant *o)
{
	struct map_roster_cfg cfg = {.room = str_z(s->room),
				     .name_in_display = s->full_only,
				     .show_contacts = shows_contacts(s, o)};
	struct confinfo_user u;

	arena_reset(a);
	if (map_occupant_to_confinfo(o, &cfg, a, &u) < 0)
		return;
	farewell_decorate(s, o, a, &u);
	confinfo_user(b, &u);
}

static void put_room(struct subscription *s, struct buf *b, struct str entity,
		     bool description)
{
	struct room_info info;
	struct confinfo_room r;
	struct buf xmpp = BUF_INIT(8192);

	seat_info(&s->seat, &info);
	buf_addf(&xmpp, "xmpp:%s", s->room);
	r = (struct confinfo_room){
	    .entity = entity,
	    .display_text = info.name,
	    .subject = info.subject.text,
	    .xmpp_uri = buf_str(&xmpp),
	    .max_users = info.max_occupants,
	    .user_count = info.n_occupants,
	    .locked = info.locked,
	};
	if (description)
		confinfo_description(b, &r);
	confinfo_conference_state(b, &r);
	buf_done(&xmpp);
}

/* Is one of this address in the room, maybe by himself meanwhile? */
static bool has_come(struct subscription *s, struct arena *a,
		     const char *entity)
{
	const struct occupant *o;

	arena_reset(a);
	o = seat_by_user(&s->seat, user_key(a, str_z(entity)));
	return o && o->world == WORLD_SIP && str_eq(o->sip_uri, str_z(entity));
}

static void put_guests(struct subscription *s, struct buf *b, struct arena *a)
{
	struct guest_view g;
	size_t it = 0;

	while (guest_next(s, &it, &g))
		if (!has_come(s, a, g.entity.p))
			farewell_put_guest(b, &g);
}

static void write_full(struct subscription *s, struct buf *b, struct arena *a,
		       struct str entity)
{
	const struct occupant *o;
	size_t it = 0;

	confinfo_begin(b, entity, s->version, CONFINFO_FULL);
	put_room(s, b, entity, true);
	confinfo_users_begin(b, CONFINFO_FULL);
	while ((o = seat_roster(&s->seat, &it)))
		put_user(s, b, a, o);
	if (!s->full_only) /* which would show them as if they were here */
		put_guests(s, b, a);
	confinfo_users_end(b);
	confinfo_end(b);
}

/* Someone with this entity may be back already: then he is written, not
 * deleted. */
static bool back_again(struct subscription *s, const char *entity)
{
	for (size_t i = 0; i < s->n_dirty; i++) {
		const struct occupant *o =
		    s->dirty[i].id ? seat_by_id(&s->seat, s->dirty[i].id)
				   : NULL;
		char *z = o ? entity_of(s, o) : NULL;
		bool same = z && strcmp(z, entity) == 0;

		free(z);
		if (same)
			return true;
	}
	return false;
}

/* A user who goes by his address: a guest, or somebody who is gone. */
static void put_absent(struct subscription *s, struct buf *b, struct arena *a,
		       const struct dirty_user *d)
{
	struct confinfo_user gone = {.entity = str_z(d->entity),
				     .state = CONFINFO_DELETED};
	struct guest_view g;

	if (back_again(s, d->entity) || has_come(s, a, d->entity))
		return;
	if (guest_find(s, d->entity, &g))
		farewell_put_guest(b, &g);
	else if (d->farewell)
		buf_addz(b, d->farewell);
	else
		confinfo_user(b, &gone);
}

static void write_partial(struct subscription *s, struct buf *b,
			  struct arena *a, struct str entity)
{
	confinfo_begin(b, entity, s->version, CONFINFO_PARTIAL);
	put_room(s, b, entity, s->description);
	if (s->n_dirty)
		confinfo_users_begin(b, CONFINFO_PARTIAL);
	for (size_t i = 0; i < s->n_dirty; i++) {
		const struct dirty_user *d = &s->dirty[i];
		const struct occupant *o;

		if (d->entity)
			put_absent(s, b, a, d);
		else if ((o = seat_by_id(&s->seat, d->id)))
			put_user(s, b, a, o);
	}
	if (s->n_dirty)
		confinfo_users_end(b);
	confinfo_end(b);
}

/* The room is gone: so says the root (EVENT-28). */
static void write_deleted(struct subscription *s, struct buf *b,
			  struct str entity)
{
	confinfo_begin(b, entity, s->version, CONFINFO_DELETED);
	confinfo_end(b);
}

void roster_write(struct subscription *s, struct buf *b)
{
	struct buf entity = BUF_INIT(8192);
	struct arena *a = arena_new(1u << 20);

	s->version++;
	map_room_to_sip(&entity, str_z(s->room), STR_NONE);
	if (!seat_in_room(&s->seat))
		write_deleted(s, b, buf_str(&entity));
	else if (s->need_full || s->full_only)
		write_full(s, b, a, buf_str(&entity));
	else
		write_partial(s, b, a, buf_str(&entity));
	arena_free(a);
	buf_done(&entity);
}
