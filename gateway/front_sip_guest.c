#include "gateway/front_sip_guest.h"
#include "gateway/front_sip_call.h"

#include <stdlib.h>

#include "gateway/front_sip_watch.h"

#include "base/mem.h"

struct guest {
	TAILQ_ENTRY(guest) link;
	struct watched_room *room;
	char *entity, *by;
	uint64_t id, since_ms;
	bool alerting;
	unsigned calls; /* on their way to him */
};

struct guests {
	struct table *by_seat; /* calls in a room */
	uint64_t last_id;
};

struct guests *guests_new(void)
{
	struct guests *g = mem_new(sizeof(*g));

	g->by_seat = table_new();
	return g;
}

void guests_free(struct guests *g)
{
	table_free(g->by_seat);
	free(g);
}

static void view(const struct guest *g, struct guest_view *out)
{
	*out = (struct guest_view){
	    .entity = str_z(g->entity),
	    .alerting = g->alerting,
	    .by = str_z(g->by),
	    .since_ms = g->since_ms,
	    .id = g->id,
	};
}

bool guest_next(const struct watched_room *w, size_t *it,
		struct guest_view *out)
{
	const struct guest *g = TAILQ_FIRST(&w->guests);

	for (size_t i = 0; g && i < *it; i++)
		g = TAILQ_NEXT(g, link);
	if (!g)
		return false;
	(*it)++;
	view(g, out);
	return true;
}

bool guest_find(const struct watched_room *w, const char *entity,
		struct guest_view *out)
{
	const struct guest *g;

	TAILQ_FOREACH (g, &w->guests, link)
		if (strcmp(g->entity, entity) == 0) {
			view(g, out);
			return true;
		}
	return false;
}

/* --- what becomes of them --- */

static void tell(const struct guest *g, const struct roster_failure *why)
{
	struct guest_view now;

	view(g, &now);
	watch_guest(g->room, &now, why);
}

static struct guest *find(struct watched_room *r, struct str entity)
{
	struct guest *g;

	TAILQ_FOREACH (g, &r->guests, link)
		if (str_eq(entity, str_z(g->entity)))
			break;
	return g;
}

void guest_called(struct call *c)
{
	struct guests *all = c->f->guests;
	struct watched_room *r = watch_room(c->f, c->room, STR_NONE);
	struct guest *g = find(r, c->uri);

	if (!g) {
		g = mem_new(sizeof(*g));
		g->room = r;
		g->entity = str_dup(c->uri);
		g->by = str_dup(c->invited_by);
		g->id = ++all->last_id;
		g->since_ms = loop_wall_ms(c->f->loop);
		TAILQ_INSERT_TAIL(&r->guests, g, link);
	}
	g->calls++;
	c->guest = g;
	tell(g, NULL);
}

void guest_rings(struct call *c)
{
	struct guest *g = c->guest;

	if (!g || g->alerting)
		return;
	g->alerting = true;
	tell(g, NULL);
}

/* why NULL: he is in the room. */
static void over(struct call *c, const struct roster_failure *why)
{
	struct guest *g = c->guest;
	struct watched_room *r;

	c->guest = NULL;
	if (!g || --g->calls)
		return;
	r = g->room;
	TAILQ_REMOVE(&r->guests, g, link);
	if (why)
		tell(g, why);
	watch_release(r);
	free(g->entity);
	free(g->by);
	free(g);
}

void guest_failed(struct call *c, int status, struct str phrase)
{
	struct roster_failure why = {
	    .method =
		status == 486 || status == 600 ? STR("busy") : STR("failed"),
	    .status = status,
	    .text = phrase,
	};

	over(c, &why);
}

void guest_removed(struct call *c, struct str by)
{
	struct roster_failure why = {
	    .method = STR("booted"),
	    .status = 487,
	    .text = STR("Request Terminated"),
	    .by = by,
	};

	over(c, &why);
}

void guest_joined(struct call *c)
{
	over(c, NULL);
	c->joined_ms = loop_wall_ms(c->f->loop);
	c->listed_seat = c->seat.id;
	table_put(c->f->guests->by_seat, c->listed_seat, c);
}

void guest_unlist(struct call *c)
{
	if (c->listed_seat)
		table_del(c->f->guests->by_seat, c->listed_seat);
	c->listed_seat = 0;
	guest_failed(c, 487, STR("Request Terminated"));
}

const struct call *guest_call(const struct front_sip *f, uint64_t seat)
{
	return table_get(f->guests->by_seat, seat);
}
