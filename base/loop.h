/* The loop of one thread: descriptors by libevent, timers by a heap of our own,
 * and the only clock. Tests put their own clock under it and step. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct event_base;
struct log;
struct loop;

/* A clock: both in milliseconds. mono never goes back; wall is Unix time. */
struct clock {
	uint64_t (*mono_ms)(void *user);
	uint64_t (*wall_ms)(void *user);
	void *user;
};

/* Embedded in its owner; zeroed = not set. Cancel it before its owner goes. */
struct timer {
	uint64_t at_ms;
	size_t slot; /* in the heap, from 1; 0 = not set */
	void (*fn)(void *user);
	void *user;
	uint64_t order; /* equal times run in the order they were set */
};

/* Work for the end of the present turn of the loop: flushing what was queued,
 * freeing what may not be freed inside its own callback. Embedded; zeroed =
 * idle. */
struct deferred {
	TAILQ_ENTRY(deferred) link;
	bool queued;
	void (*fn)(void *user);
	void *user;
};

/* clock NULL: the system's; else copied. The log is borrowed. */
struct loop *loop_new(struct log *log, const struct clock *clock);
/* NULL is fine. Runs the frees that wait; timers and deferred work are dropped.
 */
void loop_free(struct loop *loop);
struct event_base *loop_base(struct loop *loop);
struct log *loop_log(struct loop *loop);

/* The time as of the start of this turn of the loop. */
uint64_t loop_now_ms(struct loop *loop);
uint64_t loop_wall_ms(struct loop *loop);

/* (Re)sets the timer to run fn(user) in delay_ms. */
void timer_set(struct loop *loop, struct timer *t, uint64_t delay_ms,
	       void (*fn)(void *user), void *user);
void timer_cancel(struct loop *loop, struct timer *t); /* idle is fine */
static inline bool timer_pending(const struct timer *t)
{
	return t->slot != 0;
}

/* Runs fn(user) once at the end of this turn; queued already: nothing. */
void defer(struct loop *loop, struct deferred *d, void (*fn)(void *user),
	   void *user);
void defer_cancel(struct loop *loop, struct deferred *d);
/* Frees p at the end of this turn, after the deferred work, by free_fn. */
void defer_free(struct loop *loop, void *p, void (*free_fn)(void *p));

/* Turns until loop_stop. One turn: wait, run the ready descriptors, then the
 * due timers, then the deferred work (which may defer more: same turn).
 * loop_stop is for the loop's own thread: callbacks, timers, signal events. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* For tests: runs turns without waiting until nothing is ready or due. */
void loop_settle(struct loop *loop);
/* For tests: when the next timer is due, as mono ms; UINT64_MAX = none. */
uint64_t loop_next_timer(struct loop *loop);
