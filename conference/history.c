/* The last messages of a room, for those who come later. */
#include <stdlib.h>

#include "base/mem.h"
#include "conference/room_priv.h"

void history_init(struct history *h)
{
	TAILQ_INIT(&h->list);
}

static void drop(struct history *h, struct past *p)
{
	TAILQ_REMOVE(&h->list, p, link);
	h->n--;
	h->bytes -= p->bytes;
	message_unref(p->msg);
	free(p);
}

static void drop_oldest(struct history *h)
{
	drop(h, TAILQ_FIRST(&h->list));
}

void history_remove(struct room *r, struct past *p)
{
	drop(&r->history, p);
}

void history_done(struct history *h)
{
	while (h->n)
		drop_oldest(h);
}

static size_t message_bytes(const struct message *m)
{
	size_t n = arena_used(m->arena);

	for (int world = 0; world < WORLDS; world++)
		n += blob_str(m->form[world]).n;
	return n;
}

bool history_add(struct room *r, struct message *m)
{
	struct history *h = &r->history;
	size_t bytes = message_bytes(m);
	struct past *p;

	if (r->policy.history == SIZE_MAX || bytes > r->policy.history_bytes)
		return false;
	while (h->n >= r->policy.history ||
	       h->bytes + bytes > r->policy.history_bytes)
		drop_oldest(h);
	p = mem_new(sizeof(*p));
	p->msg = message_ref(m);
	p->bytes = bytes;
	TAILQ_INSERT_TAIL(&h->list, p, link);
	h->n++;
	h->bytes += bytes;
	return true;
}

uint64_t room_history_first(const struct room *r)
{
	const struct past *p = TAILQ_FIRST(&r->history.list);

	return p ? p->msg->serial : 0;
}

/* The oldest message that the joiner wants; NULL: none. */
static const struct past *first_wanted(const struct history *h,
				       const struct history_wish *wish)
{
	const struct past *first = NULL, *p;
	size_t n = wish->has_max_messages ? wish->max_messages : SIZE_MAX;

	if (wish->none)
		return NULL;
	TAILQ_FOREACH_REVERSE(p, &h->list, past_list, link)
	{
		if (n-- == 0)
			break;
		if (wish->has_since && p->msg->time_ms < wish->since_ms)
			break;
		first = p;
	}
	return first;
}

void history_tell(struct room *r, struct seat_rec *rec,
		  const struct history_wish *wish)
{
	const struct past *p = first_wanted(&r->history, wish);

	for (; p; p = TAILQ_NEXT(p, link)) {
		struct seat_ev ev = {
		    .type = SEAT_MESSAGE,
		    .msg = p->msg,
		    .delayed = true,
		};

		room_tell_one(r, rec, &ev, 0);
	}
}
