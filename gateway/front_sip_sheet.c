/* Users of rosters as they are written, once per change and kind of reader, and
 * the sheets of what several readers get. */
#include "gateway/front_sip_sheet.h"

#include <stdlib.h>

#include "gateway/front_sip_guest.h"
#include "gateway/front_sip_private.h"

#include "base/mem.h"
#include "mapping/roster.h"

#define SHEET_MAX (4u << 20)

/* --- users --- */

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

void roster_put_user(struct watched_room *w, struct buf *b,
		     struct watched_user *u, const struct range *r,
		     unsigned view, bool own)
{
	if (!u->gone && (r->full || u->turn > r->told))
		buf_add(b, text_of(w, u, view, own));
	else if (u->gone && !r->full)
		put_gone(b, u, r, shows_contacts(u, view, own));
}

/* The first user who has changed since that turn, or NULL. */
struct watched_user *roster_since(struct watched_room *w, uint64_t turn)
{
	struct watched_user *u = TAILQ_LAST(&w->users, watched_users), *first;

	for (first = NULL; u && u->turn > turn;
	     u = TAILQ_PREV(u, watched_users, link))
		first = u;
	return first;
}

struct watched_user *roster_first(struct watched_room *w, const struct range *r)
{
	return roster_since(w, r->full ? 0 : r->before);
}

/* --- sheets --- */

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
	for (u = roster_first(w, r); u; u = TAILQ_NEXT(u, link)) {
		size_t at = b.n;

		roster_put_user(w, &b, u, r, view, false);
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
	struct watched_user *u = roster_since(w, s->to);
	size_t n = 0;

	for (; u; u = TAILQ_NEXT(u, link))
		n++;
	return n * 8 > s->n_places + 8;
}

struct sheet *roster_sheet(struct watched_room *w, unsigned view,
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

/* Cuts out of the sheet what it says of this user. */
void sheet_cut(const struct sheet *sheet, const struct watched_user *u,
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
