/* The documents that tell subscribers a room's roster (RFC 4575): all of it, or
 * who has changed since they were told. What several of them get is written
 * once, as a sheet; a subscriber's own element, where it differs, is cut out of
 * it and written anew. */
#include "gateway/front_sip_private.h"
#include "gateway/front_sip_sheet.h"

#include "mapping/roster.h"

#define USER_OCTETS 300 /* of one who is there, about */
/* What a document may be longer for telling how people went, which a full one
 * does not. */
#define GONE_OCTETS 32768

/* Of the users in one document where long ones don't get through: proxies take
 * 16 KB, and UDP loses what is in too many pieces. */
#define PART_OCTETS 10000

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
	const struct watched_user *u = roster_first(w, r);
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
		roster_put_user(d->w, b, u, &d->range, d->view, is_own(d, u));
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
			roster_put_user(d->w, b, u, &d->range, d->view,
					is_own(d, u));
	}
	d->to = d->w->turn;
}

static bool in_parts(const struct document *d)
{
	return d->s->parts && !d->s->full_only;
}

/* Is anything that the sheet says of those who are gone different for him? */
static bool has_own_farewell(struct document *d, const struct sheet *sheet)
{
	struct watched_user *u;

	if (!sheet->farewells)
		return false;
	for (u = roster_first(d->w, &d->range); u; u = TAILQ_NEXT(u, link))
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
	sheet = roster_sheet(d->w, d->view, &d->range);
	if (!sheet || has_own_farewell(d, sheet))
		return false;
	m->shared = sheet->text;
	m->number[PORT_BEFORE] = (uint32_t)b->n;
	for (unsigned i = 0; i < 2; i++) {
		struct watched_user *own = d->own[i];

		if (!own || own->turn > sheet->to)
			continue;
		sheet_cut(sheet, own, m);
		if (m->number[PORT_HOLE])
			roster_put_user(d->w, b, own, &d->range, d->view, true);
	}
	put_users(d, b, roster_since(d->w, sheet->to));
	return true;
}

static void put_document(struct document *d, struct buf *b, struct str entity,
			 struct port_msg *m)
{
	struct watched_user *first = roster_first(d->w, &d->range);
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
	for (u = roster_since(d->w, d->s->told); u; u = TAILQ_NEXT(u, link))
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
