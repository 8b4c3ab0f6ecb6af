#include "gateway/front_sip_watch.h"
#include "gateway/front_sip_guest.h"
#include "gateway/front_sip_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mapping/reason.h"
#include "mapping/roster.h"

/* A URI, escaped: longer than any that a room lets in. */
#define ENTITY_MAX 16384
#define GONE_MAX   4096 /* kept for those who are told late */
#define GONE_FEW   64

/* --- users --- */

static struct str entity_of(struct watched_room *w, const struct occupant *o,
			    struct buf *b)
{
	struct room_info info;

	if (o->world == WORLD_SIP)
		return o->sip_uri;
	seat_info(&w->seat, &info);
	map_occupant_entity(b, str_z(w->name), o, info.non_anonymous);
	return buf_str(b);
}

static void forget_texts(struct watched_user *u)
{
	for (unsigned v = 0; v < VIEWS; v++) {
		blob_unref(u->text[v]);
		u->text[v] = NULL;
	}
	for (unsigned i = 0; i < 2; i++) {
		free(u->farewell[i]);
		u->farewell[i] = NULL;
	}
}

static void user_free(struct watched_room *w, struct watched_user *u)
{
	TAILQ_REMOVE(&w->users, u, link);
	table_del_str(w->by_entity, str_z(u->entity));
	table_del(w->by_id, u->id);
	if (u->gone)
		w->n_gone--;
	else
		w->n_users--;
	forget_texts(u);
	free(u->entity);
	free(u->user);
	free(u);
}

/* The user of this entity, as one who has changed just now. */
static struct watched_user *touch(struct watched_room *w, struct str entity)
{
	struct watched_user *u = table_get_str(w->by_entity, entity);

	if (u) {
		roster_forget(w, u->turn);
		forget_texts(u);
		TAILQ_REMOVE(&w->users, u, link);
		w->n_gone -= u->gone;
		w->n_users += u->gone;
		u->gone = false;
	} else {
		u = mem_new(sizeof(*u));
		u->entity = str_dup(entity);
		table_put_str(w->by_entity, str_z(u->entity), u);
		w->n_users++;
	}
	u->turn = ++w->turn;
	TAILQ_INSERT_TAIL(&w->users, u, link);
	return u;
}

static void set_id(struct watched_room *w, struct watched_user *u, uint64_t id)
{
	if (u->id)
		table_del(w->by_id, u->id);
	u->id = id;
	if (id)
		table_put(w->by_id, id, u);
}

static void set_gone(struct watched_room *w, struct watched_user *u)
{
	set_id(w, u, 0);
	u->gone = true;
	w->n_users--;
	w->n_gone++;
}

/* Has somebody else this address? Another nickname of the same XMPP user, say.
 */
static bool is_taken(struct watched_room *w, struct str entity, uint64_t id)
{
	const struct watched_user *u = table_get_str(w->by_entity, entity);

	return u && u->id && u->id != id;
}

/* His entity is a new one if his name is part of it, or if the room shows
 * addresses now, or no longer. */
static void touch_occupant(struct watched_room *w, const struct occupant *o)
{
	struct buf b = BUF_INIT(ENTITY_MAX);
	struct str entity = entity_of(w, o, &b);
	struct watched_user *old = table_get(w->by_id, o->id), *u;

	if (is_taken(w, entity, o->id)) {
		buf_clear(&b);
		map_room_to_sip(&b, str_z(w->name), o->nick);
		entity = buf_str(&b);
	}
	if (old && !str_eq(str_z(old->entity), entity))
		set_gone(w, touch(w, str_z(old->entity)));
	u = touch(w, entity);
	set_id(w, u, o->id);
	free(u->user);
	u->user = str_dup(o->user);
	w->shown = w->turn;
	buf_done(&b);
}

struct watched_user *watch_find(struct watched_room *w,
				const struct occupant *o)
{
	return table_get(w->by_id, o->id);
}

/* The gone ones of whom all have been told; of too many the oldest, which
 * costs a late subscriber a full document. */
static void tidy(struct watched_room *w)
{
	uint64_t told = w->turn;
	struct watched_user *u, *next;
	struct subscription *s;

	if (w->n_gone < GONE_FEW || w->n_gone < 2 * w->n_gone_kept)
		return;
	TAILQ_FOREACH (s, &w->watchers, watch_link)
		if (!s->need_full && s->told_before < told)
			told = s->told_before;
	for (u = TAILQ_FIRST(&w->users); u; u = next) {
		next = TAILQ_NEXT(u, link);
		if (!u->gone || (u->turn > told && w->n_gone <= GONE_MAX))
			continue;
		w->forgotten = u->turn;
		user_free(w, u);
	}
	w->n_gone_kept = w->n_gone;
}

/* --- what happens in the room --- */

/* The URI of who made him go, or empty: the administrator, or nobody. */
static struct str remover(struct watched_room *w, const struct reason *why,
			  struct buf *b)
{
	const struct occupant *o =
	    why->actor.n ? seat_by_nick(&w->seat, why->actor) : NULL;

	if (why->by.n || !o)
		return why->by;
	return entity_of(w, o, b);
}

/* Who leaves by himself is deleted; of others it is told first what happened
 * (EVENT-22). */
static void left(struct watched_room *w, const struct seat_ev *ev)
{
	struct watched_user *u = watch_find(w, ev->who);
	enum reason_code code = ev->reason.code;
	struct buf by = BUF_INIT(ENTITY_MAX);
	struct roster_failure why = {
	    .method = map_reason_to_disconnection(code),
	    .status = map_reason_to_sip(code),
	    .text =
		ev->reason.text.n ? ev->reason.text : str_z(reason_text(code)),
	};
	struct guest_view g;

	if (!u)
		return;
	u = touch(w, str_z(u->entity));
	w->shown = w->turn;
	set_id(w, u, 0);
	if (guest_find(w, u->entity, &g))
		return;
	set_gone(w, u);
	why.by = remover(w, &ev->reason, &by);
	for (unsigned i = 0; i < 2 && code != REASON_LEFT; i++)
		u->farewell[i] =
		    farewell_of(w, ev->who, str_z(u->entity), i > 0, &why);
	buf_done(&by);
}

static void touch_all(struct watched_room *w)
{
	const struct occupant *o;
	size_t it = 0;

	while ((o = seat_roster(&w->seat, &it)))
		touch_occupant(w, o);
}

/* EVENT-26 */
static void end_subscriptions_of(struct watched_room *w, struct str user)
{
	struct subscription *s;

	TAILQ_FOREACH (s, &w->watchers, watch_link)
		if (!s->outsiders && is_subscriber(s, user))
			subscription_end(s, "rejected");
}

static void event(void *front, const struct seat_ev *ev)
{
	struct watched_room *w = front;

	switch (ev->type) {
	case SEAT_OCCUPANT_CHANGED:
		touch_occupant(w, ev->who);
		break;
	case SEAT_OCCUPANT_JOINED:
		touch_occupant(w, ev->who);
		break;
	case SEAT_OCCUPANT_LEFT:
		left(w, ev);
		end_subscriptions_of(w, ev->who->user);
		break;
	case SEAT_SUBJECT_SET:
	case SEAT_ROOM_CHANGED:
		if (ev->changed & CHANGED_ANONYMITY)
			touch_all(w);
		w->described = w->shown = ++w->turn;
		break;
	case SEAT_JOINED:
		if (w->entering)
			return; /* enter() looks round */
		touch_all(w);
		w->described = w->shown = ++w->turn;
		break;
	case SEAT_MESSAGE:
	case SEAT_VOICE_ASKED:
	case SEAT_RESULT:
	case SEAT_UNDELIVERED:
	case SEAT_ENDED:
		return;
	}
	tidy(w);
	watch_changed(w);
}

void watch_guest(struct watched_room *w, const struct guest_view *g,
		 const struct roster_failure *why)
{
	struct watched_user *u = table_get_str(w->by_entity, g->entity);

	if (!seat_in_room(&w->seat) || (u && u->id))
		return; /* he has come by himself meanwhile */
	u = touch(w, g->entity);
	if (why) {
		set_gone(w, u);
		for (unsigned i = 0; i < 2; i++)
			u->farewell[i] = farewell_of_guest(w, g, why);
	}
	tidy(w);
	watch_changed(w);
}

/* --- rooms --- */

static struct watched_room *make_watched(struct front_sip *f, struct str key,
					 size_t name_n)
{
	struct watched_room *w = mem_new(sizeof(*w));

	w->f = f;
	w->name = str_dup(key);
	w->user = w->name + name_n + 1;
	TAILQ_INIT(&w->watchers);
	TAILQ_INIT(&w->guests);
	TAILQ_INIT(&w->users);
	w->by_entity = table_new();
	w->by_id = table_new();
	table_put_str(f->watched, str_of(w->name, key.n), w);
	return w;
}

struct watched_room *watch_room(struct front_sip *f, struct str name,
				struct str user)
{
	struct buf key = BUF_INIT(2 * ENTITY_MAX);
	struct watched_room *w;

	buf_add(&key, name);
	buf_addc(&key, '\0');
	if (back_find(f->cfg.door, name, WORLD_SIP, NULL) != BACK_LOCAL)
		buf_add(&key, user);
	w = table_get_str(f->watched, buf_str(&key));
	if (!w)
		w = make_watched(f, buf_str(&key), name.n);
	buf_done(&key);
	return w;
}

static void unlist(struct watched_room *w)
{
	size_t n = strlen(w->name) + 1 + strlen(w->user);

	table_del_str(w->f->watched, str_of(w->name, n));
}

static void forget_users(struct watched_room *w)
{
	while (!TAILQ_EMPTY(&w->users))
		user_free(w, TAILQ_FIRST(&w->users));
	roster_forget_all(w);
}

static void leave(struct watched_room *w)
{
	struct seat_cmd cmd = {.type = SEAT_LEAVE, .code = REASON_LEFT};

	if (seat_in_room(&w->seat))
		seat_command(&w->seat, &cmd);
	timer_cancel(w->f->loop, &w->tick);
	forget_users(w);
}

static void free_memory(void *p)
{
	free(p);
}

void watch_release(struct watched_room *w)
{
	if (!TAILQ_EMPTY(&w->watchers))
		return;
	leave(w);
	if (!TAILQ_EMPTY(&w->guests))
		return;
	unlist(w);
	table_free(w->by_entity);
	table_free(w->by_id);
	free(w->name);
	defer_free(w->f->loop, w, free_memory); /* it may be in its event */
}

static const struct seat_front_ops seat_ops = {.event = event};

static void enter(struct watched_room *w)
{
	struct seat_join join = {
	    .room = str_z(w->name),
	    .world = WORLD_SIP,
	    .wants = SEAT_WANTS_ROSTER | SEAT_WANTS_SUBJECT,
	    .user = str_z(w->user),
	    .observer = true,
	    .own = true,
	};
	enum reason_code why;
	struct guest_view g;
	size_t it = 0;

	forget_users(w); /* of a room of this name that has ended */
	w->seat.front_ops = &seat_ops;
	w->seat.front = w;
	w->entering = true;
	why = back_join(w->f->cfg.door, &join, &w->seat);
	w->entering = false;
	if (why != REASON_OK)
		return;
	touch_all(w);
	while (guest_next(w, &it, &g))
		watch_guest(w, &g, NULL);
}

void watch_add(struct subscription *s)
{
	struct watched_room *w =
	    watch_room(s->f, str_z(s->room), str_z(s->user));

	s->watched = w;
	TAILQ_INSERT_TAIL(&w->watchers, s, watch_link);
	w->armed = false;
	if (seat_in_room(&s->seat) && !seat_in_room(&w->seat))
		enter(w);
}

void watch_remove(struct subscription *s)
{
	TAILQ_REMOVE(&s->watched->watchers, s, watch_link);
	watch_release(s->watched);
	s->watched = NULL;
}
