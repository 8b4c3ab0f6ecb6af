#include "base/loop.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include <event2/event.h>

#include "base/mem.h"
#include "base/timer_heap.h"

/* libevent waits at most this long at a time. */
#define WAIT_MAX_MS 3600000

struct doomed {
	STAILQ_ENTRY(doomed) link;
	void *p;
	void (*free_fn)(void *p);
};

struct loop {
	struct event_base *base;
	struct event *wake;  /* the head of the heap, for libevent */
	uint64_t wake_at_ms; /* what wake is set to; UINT64_MAX: not set */
	struct log *log;
	struct clock clock;
	bool in_turn, sampled, stop;
	uint64_t now_ms, wall_ms;
	struct timer_heap timers;
	TAILQ_HEAD(, deferred) deferred;
	STAILQ_HEAD(, doomed) doomed;
};

static uint64_t clock_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t system_mono_ms(void *user)
{
	(void)user;
	return clock_ms(CLOCK_MONOTONIC);
}

static uint64_t system_wall_ms(void *user)
{
	(void)user;
	return clock_ms(CLOCK_REALTIME);
}

static void on_wake(evutil_socket_t fd, short what, void *user)
{
	struct loop *loop = user;

	(void)fd;
	(void)what;
	loop->wake_at_ms = UINT64_MAX;
}

struct loop *loop_new(struct log *log, const struct clock *clock)
{
	struct loop *loop = mem_new(sizeof(*loop));
	struct event_config *config = event_config_new();

	if (!config)
		abort();
	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	loop->base = event_base_new_with_config(config);
	event_config_free(config);
	if (!loop->base)
		abort();
	loop->wake = evtimer_new(loop->base, on_wake, loop);
	if (!loop->wake)
		abort();
	loop->wake_at_ms = UINT64_MAX;
	loop->log = log;
	loop->clock =
	    clock ? *clock
		  : (struct clock){system_mono_ms, system_wall_ms, NULL};
	TAILQ_INIT(&loop->deferred);
	STAILQ_INIT(&loop->doomed);
	return loop;
}

static bool run_doomed(struct loop *loop)
{
	struct doomed *d = STAILQ_FIRST(&loop->doomed);

	if (!d)
		return false;
	STAILQ_REMOVE_HEAD(&loop->doomed, link);
	d->free_fn(d->p);
	free(d);
	return true;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	while (run_doomed(loop))
		;
	event_free(loop->wake);
	event_base_free(loop->base);
	timer_heap_done(&loop->timers);
	free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

struct log *loop_log(struct loop *loop)
{
	return loop->log;
}

/* Outside a turn time goes on; within one it stands still from the first look.
 */
static void sample(struct loop *loop)
{
	if (loop->in_turn && loop->sampled)
		return;
	loop->now_ms = loop->clock.mono_ms(loop->clock.user);
	loop->wall_ms = loop->clock.wall_ms(loop->clock.user);
	loop->sampled = true;
}

uint64_t loop_now_ms(struct loop *loop)
{
	sample(loop);
	return loop->now_ms;
}

uint64_t loop_wall_ms(struct loop *loop)
{
	sample(loop);
	return loop->wall_ms;
}

void timer_set(struct loop *loop, struct timer *t, uint64_t delay_ms,
	       void (*fn)(void *user), void *user)
{
	uint64_t now_ms = loop_now_ms(loop);

	t->fn = fn;
	t->user = user;
	/* past the end of time is never, which UINT64_MAX stands for */
	t->at_ms =
	    delay_ms < UINT64_MAX - now_ms ? now_ms + delay_ms : UINT64_MAX - 1;
	timer_heap_put(&loop->timers, t);
}

void timer_cancel(struct loop *loop, struct timer *t)
{
	timer_heap_remove(&loop->timers, t);
}

void defer(struct loop *loop, struct deferred *d, void (*fn)(void *user),
	   void *user)
{
	if (d->queued)
		return;
	d->queued = true;
	d->fn = fn;
	d->user = user;
	TAILQ_INSERT_TAIL(&loop->deferred, d, link);
}

void defer_cancel(struct loop *loop, struct deferred *d)
{
	if (!d->queued)
		return;
	d->queued = false;
	TAILQ_REMOVE(&loop->deferred, d, link);
}

void defer_free(struct loop *loop, void *p, void (*free_fn)(void *p))
{
	struct doomed *d = mem_new(sizeof(*d));

	d->p = p;
	d->free_fn = free_fn;
	STAILQ_INSERT_TAIL(&loop->doomed, d, link);
}

uint64_t loop_next_timer(struct loop *loop)
{
	struct timer *t = timer_heap_first(&loop->timers);

	return t ? t->at_ms : UINT64_MAX;
}

/* A callback that sets its own timer to "now" waits for the next turn, so that
 * descriptors get theirs. */
static bool run_timers(struct loop *loop)
{
	size_t most = timer_heap_count(&loop->timers);
	bool ran = false;
	uint64_t now_ms;

	if (most == 0)
		return false;
	now_ms = loop_now_ms(loop);
	while (most-- && loop_next_timer(loop) <= now_ms) {
		struct timer *t = timer_heap_first(&loop->timers);

		timer_heap_remove(&loop->timers, t);
		t->fn(t->user);
		ran = true;
	}
	return ran;
}

static bool run_deferred(struct loop *loop)
{
	bool ran = false;

	do {
		struct deferred *d;

		while ((d = TAILQ_FIRST(&loop->deferred))) {
			defer_cancel(loop, d);
			d->fn(d->user);
			ran = true;
		}
	} while (run_doomed(loop));
	return ran;
}

static bool has_work(struct loop *loop)
{
	if (!TAILQ_EMPTY(&loop->deferred) || !STAILQ_EMPTY(&loop->doomed))
		return true;
	return timer_heap_first(&loop->timers) &&
	       loop_next_timer(loop) <= loop_now_ms(loop);
}

/* libevent's one timer stands for the head of the heap. A head that went away
 * only costs one idle turn, so an earlier wake is left as it is. */
static void set_wake(struct loop *loop)
{
	uint64_t at_ms = loop_next_timer(loop), wait_ms;
	struct timeval tv;

	if (at_ms >= loop->wake_at_ms)
		return;
	wait_ms = at_ms - loop_now_ms(loop);
	if (wait_ms > WAIT_MAX_MS)
		wait_ms = WAIT_MAX_MS;
	tv.tv_sec = (time_t)(wait_ms / 1000);
	tv.tv_usec = (suseconds_t)(wait_ms % 1000 * 1000);
	evtimer_add(loop->wake, &tv);
	loop->wake_at_ms = at_ms;
}

/* True if anything ran. */
static bool turn(struct loop *loop, bool wait)
{
	int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;
	bool ran;

	if (!wait || has_work(loop))
		flags |= EVLOOP_NONBLOCK;
	else
		set_wake(loop);
	loop->in_turn = true;
	loop->sampled = false; /* after the wait, at the first look */
	event_base_get_max_events(loop->base, EVENT_BASE_COUNT_ACTIVE, 1);
	if (event_base_loop(loop->base, flags) < 0)
		abort(); /* epoll itself failed: nobody would be heard again */
	ran = event_base_get_max_events(loop->base, EVENT_BASE_COUNT_ACTIVE,
					0) > 0;
	ran |= run_timers(loop);
	ran |= run_deferred(loop);
	loop->in_turn = false;
	return ran;
}

void loop_run(struct loop *loop)
{
	assert(!loop->in_turn);
	while (!loop->stop)
		turn(loop, true);
	loop->stop = false;
}

void loop_stop(struct loop *loop)
{
	loop->stop = true;
}

void loop_settle(struct loop *loop)
{
	assert(!loop->in_turn);
	while (turn(loop, false))
		;
}
