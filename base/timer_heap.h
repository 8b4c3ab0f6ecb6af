/* The loop's timers: a binary heap, earliest first. For base/loop.c alone. */
#pragma once

#include "base/loop.h"

struct timer_heap {
	struct timer **slots; /* slots[0] is the first: timer.slot is from 1 */
	size_t n, room;
	uint64_t orders; /* given out so far */
};

void timer_heap_done(struct timer_heap *h);
/* Puts the timer where its at_ms belongs, whether it was in before or not. */
void timer_heap_put(struct timer_heap *h, struct timer *t);
void timer_heap_remove(struct timer_heap *h,
		       struct timer *t); /* idle is fine */
static inline struct timer *timer_heap_first(const struct timer_heap *h)
{
	return h->n ? h->slots[0] : NULL;
}
static inline size_t timer_heap_count(const struct timer_heap *h)
{
	return h->n;
}
