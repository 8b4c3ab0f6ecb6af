/* The documents that tell subscribers a room's roster (RFC 4575): all of it, or
 * who has changed since they were told. What several of them get is written
 * once, as a sheet; a subscriber's own element, where it differs, is cut out of
 * it and written anew. */
#include <stdlib.h>

#include "gateway/front_sip_guest.h"
#include "gateway/front_sip_private.h"
#include "gateway/front_sip_watch.h"

#include "base/mem.h"
#include "mapping/roster.h"

#define SHEET_MAX   (4u << 20)
#define USER_OCTETS 300 /* of one who is there, about */
/* What a document may be longer for telling how people went, which a full one
 * does not. */
#define GONE_OCTETS 32768

/* Of the users in one document where long ones don't get through: proxies take
 * 16 KB, and UDP loses what is in too many pieces. */
#define PART_OCTETS 10000

/* Which users a document has. */
struct range {
	bool full;
	/* partial: up to where its reader has been told, and up to where
	 * before that */
	uint64_t told, before;
};

struct place {
	uint64_t turn;
	size_t at;
};

struct sheet {
	unsigned view;
	struct range range;
	uint64_t to; /* the turn that it was written in */
	struct blob *text;
	struct place *places; /* of users, as they follow each other */
	size_t n_places;
	bool farewells; /* has some */
};

/* --- users --- */

static struct blob *blob_of(struct buf *b)
{
	struct blob *blob = b->err ? NULL : blob_new(buf_str(b));

	buf_done(b);
	return blob;
}

/* PRIV-1, PRIV-2: who may see an XMPP user's address. Of rooms elsewhere we
 * know only those that were shown to us. */
static bool shows_jids(struct watched_room *w, unsigned view)
{
	struct room_info info;

	seat_info(&w->seat, &info);
	return info.non_anonymous || view & VIEW_CONTACTS || *w->user;
}

static void put_occupant(struct watched_room *w, struct buf *b,
			 const struct watched_user *u, const struct occupant *o,
			 unsigned view)
{
	struct map_roster_cfg cfg = {
	    .entity = str_z(u->entity),
	    .show_jid = shows_jids(w, view),
	    .name_in_display = view & VIEW_NAMES,
	    .show_contacts = view & VIEW_CONTACTS,
	    .elsewhere = *w->user,
	};
	struct arena *a = arena_new(1u << 20);
	struct confinfo_user out;

	if (map_occupant_to_confinfo(o, &cfg, a, &out) == 0) {
		farewell_decorate(w->f, o, a, &out);
		confinfo_user(b, &out);
	}
	arena_free(a);
}

static struct blob *written(struct watched_room *w,
			    const struct watched_user *u, unsigned view)
{
	const struct occupant *o = seat_by_id(&w->seat, u->id);
	struct buf b = BUF_INIT(SHEET_MAX);
	struct guest_view g;

	if (o)
		put_occupant(w, &b, u, o, view);
	else if (!u->id && guest_find(w, u->entity, &g))
		farewell_put_guest(&b, &g);
	return blob_of(&b);
}

/* own: for this user himself. */
static bool shows_contacts(const struct watched_user *u, unsigned view,
			   bool own)
{
	return own || (view & VIEW_CONTACTS &&
		       !(u->user && is_hidden(str_z(u->user))));
}

static struct str text_of(struct watched_room *w, struct watched_user *u,
			  unsigned asked, bool own)
{
	unsigned view = asked & ~VIEW_CONTACTS;

	if (shows_contacts(u, asked, own))
		view |= VIEW_CONTACTS;
	/* names are for those who would take a guest for one who is there */
	if (view & VIEW_NAMES && !u->id)
		return STR_NONE;
	if (!u->text[view])
		u->text[view] = written(w, u, view);
	return blob_str(u->text[view]);
}

static void put_gone(struct buf *b, const struct watched_user *u,
		     const struct range *r, bool contacts)
{
	struct confinfo_user gone = {.entity = str_z(u->entity),
				     .state = CONFINFO_DELETED};

	if (u->farewell[contacts] && u->turn > r->told)
		buf_addz(b, u->farewell[contacts]);
	else if (u->farewell[contacts] || u->turn > r->told)
		confinfo_user(b, &gone);
}

static void put_user(struct watched_room *w, struct buf *b,
		     struct watched_user *u, const struct range *r,
		     unsigned view, bool own)
{
	if (!u->gone && (r->full || u->turn > r->told))
		buf_add(b, text_of(w, u, view, own));
	else if (u->gone && !r->full)
		put_gone(b, u, r, shows_contacts(u, view, own));
}

/* The first user who has changed since that turn, or NULL. */
static struct watched_user *first_since(struct watched_room *w, uint64_t turn)
{
	struct watched_user *u = TAILQ_LAST(&w->users, watched_users), *first;

	for (first = NULL; u && u->turn > turn;
	     u = TAILQ_PREV(u, watched_users, link))
		first = u;
	return first;
}

static struct watched_user *first_of(struct watched_room *w,
				     const struct range *r)
{
	return first_since(w, r->full ? 0 : r->before);
}

/* --- sheets --- */

static void sheet_free(struct sheet *s)
{
	if (!s)
		return;
	blob_unref(s->text);
	free(s->places);
	free(s);
}

static bool sheet_has(const struct sheet *s, uint64_t turn)
{
	return turn <= s->to && (s->range.full || turn > s->range.before);
}

static void drop_sheet(struct watched_room *w, size_t i)
{
	sheet_free(w->sheets[i]);
	w->sheets[i] = NULL;
}

void roster_forget(struct watched_room *w, uint64_t turn)
{
	for (size_t i = 0; i < SHEETS; i++)
		if (w->sheets[i] && sheet_has(w->sheets[i], turn))
			drop_sheet(w, i);
}

void roster_forget_all(struct watched_room *w)
{
	for (size_t i = 0; i < SHEETS; i++)
		drop_sheet(w, i);
}

static void add_place(struct sheet *s, uint64_t turn, size_t at)
{
	if (s->n_places % 64 == 0)
		s->places = mem_resize(s->places,
				       (s->n_places + 64) * sizeof(*s->places));
	s->places[s->n_places++] = (struct place){turn, at};
}

static struct sheet *sheet_new(struct watched_room *w, unsigned view,
			       const struct range *r)
{
	struct sheet *s = mem_new(sizeof(*s));
	struct buf b = BUF_INIT(SHEET_MAX);
	struct watched_user *u;

	s->view = view;
	s->range = *r;
	s->to = w->turn;
	for (u = first_of(w, r); u; u = TAILQ_NEXT(u, link)) {
		size_t at = b.n;

		put_user(w, &b, u, r, view, false);
		if (b.n > at)
			add_place(s, u->turn, at);
		s->farewells = s->farewells || (!r->full && u->farewell[0]);
	}
	s->text = blob_of(&b);
	if (!s->text) {
		sheet_free(s);
		return NULL;
	}
	return s;
}

static bool same_range(const struct range *a, const struct range *b)
{
	return a->full == b->full &&
	       (a->full || (a->told == b->told && a->before == b->before));
}

/* Too much has happened since for it to be worth its name. */
static bool outgrown(struct watched_room *w, const struct sheet *s)
{
	struct watched_user *u = first_since(w, s->to);
	size_t n = 0;

	for (; u; u = TAILQ_NEXT(u, link))
		n++;
	return n * 8 > s->n_places + 8;
}

static struct sheet *sheet_for(struct watched_room *w, unsigned view,
			       const struct range *r)
{
	struct sheet *s;
	size_t i;

	for (i = 0; i < SHEETS; i++)
		if ((s = w->sheets[i]) && s->view == view &&
		    same_range(&s->range, r)) {
			if (!outgrown(w, s))
				return s;
			break;
		}
	if (i == SHEETS)
		i = w->next_sheet++ % SHEETS;
	drop_sheet(w, i);
	return w->sheets[i] = sheet_new(w, view, r);
}

/* --- documents --- */

struct document {
	struct subscription *s;
	struct watched_room *w;
	struct range range;
	unsigned view;
	struct watched_user *own[2]; /* he himself, under either name */
	uint64_t to;		     /* the turn of the last one it has */
};

static bool is_own(const struct document *d, const struct watched_user *u)
{
	return u == d->own[0] || u == d->own[1] ||
	       (u->gone && u->user && is_subscriber(d->s, str_z(u->user)));
}

/* Does a partial document spare more than it has to say of those who are gone?
 */
static bool partial_is_smaller(struct watched_room *w, const struct range *r)
{
	const struct watched_user *u = first_of(w, r);
	size_t spared = w->n_users, gone = 0;

	for (; u; u = TAILQ_NEXT(u, link)) {
		if (!u->gone)
			spared -= u->turn > r->told;
		else if (u->farewell[0] && u->turn > r->told)
			gone += strlen(u->farewell[0]);
		else if (u->farewell[0] || u->turn > r->told)
			gone += strlen(u->entity) + sizeof("<user entity=\"\""
							   " state=\"deleted\""
							   "/>");
	}
	return gone <= spared * USER_OCTETS + GONE_OCTETS;
}

static void choose_range(struct document *d)
{
	const struct subscription *s = d->s;
	/* who was gone by then he has not heard of */
	uint64_t known = s->told_before > s->began ? s->told_before : s->began;

	d->range = (struct range){.told = s->told, .before = s->told_before};
	d->range.full = s->need_full || s->full_only ||
			known < d->w->forgotten ||
			(!s->parts && !partial_is_smaller(d->w, &d->range));
}

static void choose_view(struct document *d)
{
	const struct occupant *o;

	if (d->s->full_only)
		d->view |= VIEW_NAMES;
	for (unsigned i = 0; i < 2; i++) {
		o = subscriber_inside(d->s, i > 0);
		if (!o)
			continue;
		d->own[i] = watch_find(d->w, o);
		if (o->role == ROLE_MODERATOR &&
		    str_eq(o->user, str_z(d->s->user)))
			d->view |= VIEW_CONTACTS;
	}
}

/* As its domain's component, if it has one, makes it reachable. */
static void put_xmpp_uri(struct document *d, struct buf *b)
{
	const struct front_sip *f = d->s->f;
	const struct domain_config *domain =
	    back_domain(f->cfg.door, str_z(d->s->room));
	struct buf room = BUF_INIT(8192);
	enum back_kind kind =
	    back_find(f->cfg.door, str_z(d->s->room), WORLD_SIP, &room);

	if (kind != BACK_LOCAL || *domain->secret)
		buf_addf(b, "xmpp:%.*s", STR_ARG(buf_str(&room)));
	buf_done(&room);
}

static void put_room(struct document *d, struct buf *b, struct str entity,
		     bool description)
{
	struct room_info info;
	struct confinfo_room r;
	struct buf xmpp = BUF_INIT(8192);

	seat_info(&d->s->seat, &info);
	put_xmpp_uri(d, &xmpp);
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

static void put_users(struct document *d, struct buf *b,
		      struct watched_user *first)
{
	for (struct watched_user *u = first; u; u = TAILQ_NEXT(u, link))
		put_user(d->w, b, u, &d->range, d->view, is_own(d, u));
}

/* As many of them as go into one part. */
static void put_part(struct document *d, struct buf *b,
		     struct watched_user *first)
{
	size_t begin = b->n;

	for (struct watched_user *u = first; u; u = TAILQ_NEXT(u, link)) {
		if (b->n - begin > PART_OCTETS)
			return;
		d->to = u->turn;
		if (!u->gone || u->turn > d->s->began)
			put_user(d->w, b, u, &d->range, d->view, is_own(d, u));
	}
	d->to = d->w->turn;
}

static bool in_parts(const struct document *d)
{
	return d->s->parts && !d->s->full_only;
}

/* Cuts out of the sheet what it says of this user. */
static void cut(const struct sheet *sheet, const struct watched_user *u,
		struct port_msg *m)
{
	size_t low = 0, high = sheet->n_places, end;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (sheet->places[mid].turn < u->turn)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == sheet->n_places || sheet->places[low].turn != u->turn)
		return;
	end = low + 1 < sheet->n_places ? sheet->places[low + 1].at
					: sheet->text->n;
	m->number[PORT_HOLE_AT] = (uint32_t)sheet->places[low].at;
	m->number[PORT_HOLE] = (uint32_t)(end - sheet->places[low].at);
}

/* Is anything that the sheet says of those who are gone different for him? */
static bool has_own_farewell(struct document *d, const struct sheet *sheet)
{
	struct watched_user *u;

	if (!sheet->farewells)
		return false;
	for (u = first_of(d->w, &d->range); u; u = TAILQ_NEXT(u, link))
		if (u->gone && u->farewell[0] && is_own(d, u))
			return true;
	return false;
}

/* The users from a sheet, but for the reader himself. False: there is none for
 * him. */
static bool put_sheet(struct document *d, struct buf *b, struct port_msg *m)
{
	struct sheet *sheet;

	if (TAILQ_FIRST(&d->w->watchers) ==
		TAILQ_LAST(&d->w->watchers, watchers) ||
	    (d->own[0] && d->own[1]))
		return false;
	sheet = sheet_for(d->w, d->view, &d->range);
	if (!sheet || has_own_farewell(d, sheet))
		return false;
	m->shared = sheet->text;
	m->number[PORT_BEFORE] = (uint32_t)b->n;
	for (unsigned i = 0; i < 2; i++) {
		struct watched_user *own = d->own[i];

		if (!own || own->turn > sheet->to)
			continue;
		cut(sheet, own, m);
		if (m->number[PORT_HOLE])
			put_user(d->w, b, own, &d->range, d->view, true);
	}
	put_users(d, b, first_since(d->w, sheet->to));
	return true;
}

static void put_document(struct document *d, struct buf *b, struct str entity,
			 struct port_msg *m)
{
	struct watched_user *first = first_of(d->w, &d->range);
	enum confinfo_state state =
	    d->range.full ? CONFINFO_FULL : CONFINFO_PARTIAL;

	confinfo_begin(b, entity, d->s->version, state);
	put_room(d, b, entity, d->range.full || d->s->told < d->w->described);
	if (d->range.full || first) {
		confinfo_users_begin(b, state);
		if (in_parts(d))
			put_part(d, b, first);
		else if (!put_sheet(d, b, m))
			put_users(d, b, first);
		confinfo_users_end(b);
	}
	confinfo_end(b);
}

/* What the document says of those who are gone may want another one. */
static bool wants_another(struct document *d)
{
	const struct watched_user *u;

	if (d->range.full)
		return false;
	for (u = first_since(d->w, d->s->told); u; u = TAILQ_NEXT(u, link))
		if (u->gone && u->farewell[0])
			return true;
	return false;
}

static void note_told(struct document *d)
{
	struct subscription *s = d->s;

	s->unfinished = wants_another(d);
	if (d->range.full)
		s->began = d->w->turn;
	if (d->range.full || d->to < s->told) {
		s->told_before = d->to;
	} else {
		s->told_before = s->told;
	}
	if (d->range.full || d->to > s->told)
		s->told = d->to;
	s->need_full = false;
}

void roster_write(struct subscription *s, struct buf *b, struct port_msg *m)
{
	struct document d = {.s = s, .w = s->watched, .to = s->watched->turn};
	struct buf entity = BUF_INIT(8192);

	s->version++;
	map_room_to_sip(&entity, str_z(s->room), STR_NONE);
	if (seat_in_room(&s->seat)) {
		choose_range(&d);
		choose_view(&d);
		put_document(&d, b, buf_str(&entity), m);
	} else { /* the room is gone: so says the root (EVENT-28) */
		d.range.full = true;
		confinfo_begin(b, buf_str(&entity), s->version,
			       CONFINFO_DELETED);
		confinfo_end(b);
	}
	note_told(&d);
	buf_done(&entity);
}

bool roster_in_parts(const struct subscription *s)
{
	return s->parts && !s->full_only && s->told < s->began;
}

bool roster_behind(const struct subscription *s)
{
	const struct watched_room *w = s->watched;

	return s->need_full || s->unfinished ||
	       s->told < (s->full_only ? w->shown : w->turn);
}
