/* The loop on a clock that the test moves. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "base/loop.h"
#include "base/str.h"

/* What ran, in order, as letters. */
struct world {
	struct loop *loop;
	uint64_t mono_ms, wall_ms;
	char ran[256];
	size_t n;
};

struct actor {
	struct world *w;
	char name;
	struct timer timer;
	struct deferred deferred;
};

#define ACTOR(world, letter)                                                   \
	{                                                                      \
		.w = (world), .name = (letter)                                 \
	}

static uint64_t mono(void *user)
{
	return ((struct world *)user)->mono_ms;
}

static uint64_t wall(void *user)
{
	return ((struct world *)user)->wall_ms;
}

static void world_init(struct world *w)
{
	struct clock clock = {mono, wall, w};

	*w = (struct world){.mono_ms = 1000, .wall_ms = 5000000};
	w->loop = loop_new(NULL, &clock);
}

static void note(struct world *w, char c)
{
	assert_true(w->n < sizeof(w->ran) - 1);
	w->ran[w->n++] = c;
}

static void act(void *user)
{
	struct actor *a = user;

	note(a->w, a->name);
}

static void step(struct world *w, uint64_t ms)
{
	w->mono_ms += ms;
	w->wall_ms += ms;
	loop_settle(w->loop);
}

static void set(struct actor *a, uint64_t delay_ms)
{
	timer_set(a->w->loop, &a->timer, delay_ms, act, a);
}

static void timers_run_in_order(void **state)
{
	struct world w;
	struct actor a = ACTOR(&w, 'a'), b = ACTOR(&w, 'b'), c = ACTOR(&w, 'c'),
		     d = ACTOR(&w, 'd');

	(void)state;
	world_init(&w);
	assert_true(loop_next_timer(w.loop) == UINT64_MAX);
	set(&a, 30);
	set(&b, 10);
	set(&c, 20);
	set(&d, 10); /* b's time, but later */
	assert_int_equal(loop_next_timer(w.loop), 1010);
	assert_true(timer_pending(&a.timer));
	step(&w, 9);
	assert_string_equal(w.ran, "");
	step(&w, 1);
	assert_string_equal(w.ran, "bd");
	assert_false(timer_pending(&b.timer));
	step(&w, 100);
	assert_string_equal(w.ran, "bdca");
	step(&w, 100);
	assert_string_equal(w.ran, "bdca");
	loop_free(w.loop);
}

static void timers_are_cancelled_and_set_again(void **state)
{
	struct world w;
	struct actor a = ACTOR(&w, 'a'), b = ACTOR(&w, 'b');

	(void)state;
	world_init(&w);
	timer_cancel(w.loop, &a.timer);
	set(&a, 10);
	set(&b, 20);
	timer_cancel(w.loop, &a.timer);
	assert_false(timer_pending(&a.timer));
	assert_int_equal(loop_next_timer(w.loop), 1020);
	set(&b, 50); /* moves it */
	step(&w, 20);
	assert_string_equal(w.ran, "");
	set(&b, 5);
	step(&w, 5);
	assert_string_equal(w.ran, "b");
	set(&b, UINT64_MAX); /* as good as never, and no overflow */
	step(&w, 1000000);
	assert_string_equal(w.ran, "b");
	timer_cancel(w.loop, &b.timer);
	loop_free(w.loop);
}

struct rival {
	struct actor a, *other;
};

static void cancel_other(void *user)
{
	struct rival *r = user;

	note(r->a.w, r->a.name);
	timer_cancel(r->a.w->loop, &r->other->timer);
}

static void a_due_timer_may_be_cancelled_by_another(void **state)
{
	struct world w;
	struct actor b = ACTOR(&w, 'b');
	struct rival a = {ACTOR(&w, 'a'), &b};

	(void)state;
	world_init(&w);
	timer_set(w.loop, &a.a.timer, 5, cancel_other, &a);
	set(&b, 5);
	step(&w, 10);
	assert_string_equal(w.ran, "a");
	loop_free(w.loop);
}

#define MANY 2000

struct many {
	struct timer timers[MANY];
	uint64_t due_ms[MANY], last_ms;
	int ran;
};

struct one {
	struct many *many;
	size_t i;
};

static void check_order(void *user)
{
	struct one *one = user;
	uint64_t due_ms = one->many->due_ms[one->i];

	assert_true(due_ms >= one->many->last_ms);
	one->many->last_ms = due_ms;
	one->many->ran++;
}

static void many_timers_keep_their_order(void **state)
{
	struct world w;
	struct many *many = calloc(1, sizeof(*many));
	static struct one ones[MANY];
	uint64_t x = 1;
	int cancelled = 0;

	(void)state;
	world_init(&w);
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < MANY; i++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			many->due_ms[i] = 1000 + (x >> 33) % 5000;
			ones[i] = (struct one){many, i};
			timer_set(w.loop, &many->timers[i],
				  many->due_ms[i] - 1000, check_order,
				  &ones[i]);
		}
	}
	for (size_t i = 0; i < MANY; i += 7, cancelled++)
		timer_cancel(w.loop, &many->timers[i]);
	step(&w, 5000);
	assert_int_equal(many->ran, MANY - cancelled);
	free(many);
	loop_free(w.loop);
}

static void look_at_the_clock(void *user)
{
	struct actor *a = user;
	uint64_t mono_ms = loop_now_ms(a->w->loop);
	uint64_t wall_ms = loop_wall_ms(a->w->loop);

	a->w->mono_ms += 100;
	a->w->wall_ms += 100;
	assert_int_equal(loop_now_ms(a->w->loop), mono_ms);
	assert_int_equal(loop_wall_ms(a->w->loop), wall_ms);
	act(a);
}

static void time_stands_still_within_a_turn(void **state)
{
	struct world w;
	struct actor a = ACTOR(&w, 'a');

	(void)state;
	world_init(&w);
	assert_int_equal(loop_now_ms(w.loop), 1000);
	assert_int_equal(loop_wall_ms(w.loop), 5000000);
	timer_set(w.loop, &a.timer, 0, look_at_the_clock, &a);
	loop_settle(w.loop);
	assert_string_equal(w.ran, "a");
	assert_int_equal(loop_now_ms(w.loop), 1100);
	assert_int_equal(loop_wall_ms(w.loop), 5000100);
	loop_free(w.loop);
}

static void act_and_defer(void *user)
{
	struct actor *a = user;

	note(a->w, a->name);
	a->name++;
	if (a->name <= 'C')
		defer(a->w->loop, &a->deferred, act_and_defer, a);
}

static void deferred_work_ends_the_turn(void **state)
{
	struct world w;
	struct actor a = ACTOR(&w, 'A'), x = ACTOR(&w, 'x'), y = ACTOR(&w, 'y'),
		     z = ACTOR(&w, 'z');

	(void)state;
	world_init(&w);
	timer_set(w.loop, &a.timer, 0, act_and_defer, &a);
	set(&x, 0);
	defer(w.loop, &y.deferred, act, &y);
	defer(w.loop, &y.deferred, act, &y); /* once */
	defer(w.loop, &z.deferred, act, &z);
	defer_cancel(w.loop, &z.deferred);
	defer_cancel(w.loop, &z.deferred);
	loop_settle(w.loop);
	assert_string_equal(w.ran, "AxyBC");
	loop_free(w.loop);
}

static void free_noting(void *p)
{
	struct actor *a = p;

	note(a->w, 'f');
	free(a);
}

static void close_actor(void *user)
{
	struct actor *a = user;

	defer_free(a->w->loop, a, free_noting);
	defer(a->w->loop, &a->deferred, act, a);
}

static struct actor *actor_new(struct world *w, char name)
{
	struct actor *a = calloc(1, sizeof(*a));

	*a = (struct actor){.w = w, .name = name};
	return a;
}

static void memory_goes_last(void **state)
{
	struct world w;
	struct actor *a, *b;

	(void)state;
	world_init(&w);
	a = actor_new(&w, 'a');
	timer_set(w.loop, &a->timer, 0, close_actor, a);
	loop_settle(w.loop);
	assert_string_equal(w.ran, "af");
	b = actor_new(&w, 'b');
	defer_free(w.loop, b, free_noting);
	loop_free(w.loop); /* frees what waits */
	assert_string_equal(w.ran, "aff");
	loop_free(NULL);
}

struct relay {
	struct world *w;
	char name;
	int in, out;
	struct event *event;
	struct timer timer;
};

static void pass_on(void *user)
{
	struct relay *r = user;

	assert_int_equal(write(r->out, &r->name, 1), 1);
}

static void on_read(evutil_socket_t fd, short what, void *user)
{
	struct relay *r = user;
	char c;

	(void)what;
	assert_int_equal(read(fd, &c, 1), 1);
	note(r->w, c);
	if (r->out >= 0)
		timer_set(r->w->loop, &r->timer, 0, pass_on, r);
}

static void relay_init(struct relay *r, struct world *w, char name, int in,
		       int out)
{
	*r = (struct relay){w, name, in, out, NULL, {0}};
	r->event =
	    event_new(loop_base(w->loop), in, EV_READ | EV_PERSIST, on_read, r);
	event_add(r->event, NULL);
}

/* A descriptor wakes a timer which wakes a descriptor: settling follows. */
static void settling_follows_descriptors_and_timers(void **state)
{
	struct world w;
	struct relay a, b;
	int first[2], second[2];

	(void)state;
	world_init(&w);
	assert_int_equal(pipe(first), 0);
	assert_int_equal(pipe(second), 0);
	relay_init(&a, &w, 'a', first[0], second[1]);
	relay_init(&b, &w, 'b', second[0], -1);
	loop_settle(w.loop);
	assert_string_equal(w.ran, "");
	assert_int_equal(write(first[1], "12", 2), 2);
	loop_settle(w.loop);
	assert_int_equal(w.n, 4);
	assert_null(strchr(w.ran, 'b'));
	event_free(a.event);
	event_free(b.event);
	for (int i = 0; i < 2; i++) {
		close(first[i]);
		close(second[i]);
	}
	loop_free(w.loop);
}

static void stop(void *user)
{
	loop_stop(user);
}

static void on_signal(evutil_socket_t fd, short what, void *user)
{
	(void)fd;
	(void)what;
	loop_stop(user);
}

static void raise_usr1(void *user)
{
	(void)user;
	raise(SIGUSR1);
}

/* On the system's clock: libevent's timer stands for the head of the heap, and
 * a loop with nothing to wait for waits all the same. */
static void running_ends_when_stopped(void **state)
{
	struct loop *loop = loop_new(NULL, NULL);
	struct event *usr1;
	struct timer soon = {0}, late = {0};
	struct deferred deferred = {0};
	uint64_t start_ms = loop_now_ms(loop);

	(void)state;
	timer_set(loop, &late, 3600000, stop, loop);
	timer_set(loop, &soon, 2, stop, loop);
	loop_run(loop);
	assert_false(timer_pending(&soon));
	assert_true(timer_pending(&late));
	assert_true(loop_now_ms(loop) >= start_ms + 2);
	timer_cancel(loop, &late);

	usr1 = evsignal_new(loop_base(loop), SIGUSR1, on_signal, loop);
	event_add(usr1, NULL);
	defer(loop, &deferred, raise_usr1, NULL);
	loop_run(loop);
	event_free(usr1);

	defer(loop, &deferred, stop, loop);
	loop_run(loop);
	assert_true(loop_wall_ms(loop) > 1500000000000);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(timers_run_in_order),
	    cmocka_unit_test(timers_are_cancelled_and_set_again),
	    cmocka_unit_test(a_due_timer_may_be_cancelled_by_another),
	    cmocka_unit_test(many_timers_keep_their_order),
	    cmocka_unit_test(time_stands_still_within_a_turn),
	    cmocka_unit_test(deferred_work_ends_the_turn),
	    cmocka_unit_test(memory_goes_last),
	    cmocka_unit_test(settling_follows_descriptors_and_timers),
	    cmocka_unit_test(running_ends_when_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
