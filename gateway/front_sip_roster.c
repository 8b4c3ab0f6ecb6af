/* The roster as a subscriber has to be told it: what changed since he last was,
 * and the document that says so (RFC 4575). */
#include <stdlib.h>

#include "gateway/front_sip_priv.h"

#include "base/mem.h"
#include "mapping/roster.h"

/* --- what changed --- */

void roster_stale(struct subscription *s)
{
	for (size_t i = 0; i < s->n_dirty; i++)
		free(s->dirty[i].entity);
	s->n_dirty = 0;
	s->need_full = true;
}

static void mark(struct subscription *s, uint64_t id, char *take_entity)
{
	if (s->need_full) {
		free(take_entity);
		return;
	}
	for (size_t i = 0; i < s->n_dirty; i++)
		if (id ? s->dirty[i].id == id
		       : s->dirty[i].entity &&
			     strcmp(s->dirty[i].entity, take_entity) == 0) {
			free(take_entity);
			return;
		}
	if (s->n_dirty == SUBSCRIPTION_DIRTY_MAX) {
		free(take_entity);
		roster_stale(s);
		return;
	}
	if (s->n_dirty % 8 == 0)
		s->dirty =
		    mem_resize(s->dirty, (s->n_dirty + 8) * sizeof(*s->dirty));
	s->dirty[s->n_dirty++] = (struct dirty_user){id, take_entity};
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

static void mark_gone(struct subscription *s, const struct occupant *o)
{
	for (size_t i = 0; i < s->n_dirty; i++)
		if (s->dirty[i].id == o->id) {
			s->dirty[i--] = s->dirty[--s->n_dirty];
			break;
		}
	mark(s, 0, entity_of(s, o));
}

/* An XMPP user's nickname is in his entity: the old one goes, a new one comes.
 */
static void mark_renamed(struct subscription *s, const struct seat_ev *ev)
{
	struct occupant old = *ev->who;

	old.nick = ev->old_nick;
	if (old.world == WORLD_XMPP && !str_eq(old.nick, ev->who->nick))
		mark(s, 0, entity_of(s, &old));
	mark(s, ev->who->id, NULL);
}

bool roster_changed(struct subscription *s, const struct seat_ev *ev)
{
	switch (ev->type) {
	case SEAT_OCCUPANT_JOINED:
		mark(s, ev->who->id, NULL);
		return true;
	case SEAT_OCCUPANT_CHANGED:
		if (ev->changed & CHANGED_NICK)
			mark_renamed(s, ev);
		else
			mark(s, ev->who->id, NULL);
		return true;
	case SEAT_OCCUPANT_LEFT:
		mark_gone(s, ev->who);
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

void roster_told(struct subscription *s)
{
	roster_stale(s); /* frees what was marked */
	s->need_full = false;
	s->description = false;
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
	if (map_occupant_to_confinfo(o, &cfg, a, &u) == 0)
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

static void write_partial(struct subscription *s, struct buf *b,
			  struct arena *a, struct str entity)
{
	confinfo_begin(b, entity, s->version, CONFINFO_PARTIAL);
	put_room(s, b, entity, s->description);
	if (s->n_dirty)
		confinfo_users_begin(b, CONFINFO_PARTIAL);
	for (size_t i = 0; i < s->n_dirty; i++) {
		struct dirty_user *d = &s->dirty[i];
		const struct occupant *o;

		if (d->entity && !back_again(s, d->entity)) {
			struct confinfo_user gone = {.entity = str_z(d->entity),
						     .state = CONFINFO_DELETED};

			confinfo_user(b, &gone);
		} else if (!d->entity && (o = seat_by_id(&s->seat, d->id))) {
			put_user(s, b, a, o);
		}
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
