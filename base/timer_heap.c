#include "base/timer_heap.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

void timer_heap_done(struct timer_heap *h)
{
	free(h->slots);
	*h = (struct timer_heap){0};
}

static bool before(const struct timer *a, const struct timer *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void place(struct timer_heap *h, size_t i, struct timer *t)
{
	h->slots[i] = t;
	t->slot = i + 1;
}

/* Moves t, which belongs in the hole at i or above it. */
static void sift_up(struct timer_heap *h, size_t i, struct timer *t)
{
	while (i > 0 && before(t, h->slots[(i - 1) / 2])) {
		place(h, i, h->slots[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(h, i, t);
}

/* Moves t, which belongs in the hole at i or below it. */
static void sift_down(struct timer_heap *h, size_t i, struct timer *t)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < h->n &&
		    before(h->slots[child + 1], h->slots[child]))
			child++;
		if (child >= h->n || !before(h->slots[child], t))
			break;
		place(h, i, h->slots[child]);
		i = child;
	}
	place(h, i, t);
}

static void sift(struct timer_heap *h, size_t i, struct timer *t)
{
	if (i > 0 && before(t, h->slots[(i - 1) / 2]))
		sift_up(h, i, t);
	else
		sift_down(h, i, t);
}

void timer_heap_put(struct timer_heap *h, struct timer *t)
{
	t->order = ++h->orders;
	if (t->slot) {
		assert(t->slot <= h->n && h->slots[t->slot - 1] == t);
		sift(h, t->slot - 1, t);
		return;
	}
	if (h->n == h->room) {
		h->room = h->room ? h->room * 2 : 64;
		h->slots = mem_resize(h->slots, h->room * sizeof(*h->slots));
	}
	h->n++;
	sift_up(h, h->n - 1, t);
}

void timer_heap_remove(struct timer_heap *h, struct timer *t)
{
	size_t hole = t->slot - 1;
	struct timer *last;

	if (t->slot == 0)
		return;
	assert(t->slot <= h->n && h->slots[hole] == t);
	t->slot = 0;
	last = h->slots[--h->n];
	if (last != t)
		sift(h, hole, last);
}
