/* One source, many listeners, none of them slowed for long by another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "conference/stream.h"
#include "tests/lib/step.h"

#define WINDOW 200000
#define PART   10000

struct play {
	uint64_t now_ms;
	struct loop *loop;
	struct stream *stream;
	bool held;
	unsigned holds;
	size_t put;
};

struct reader {
	struct stream_listener l;
	size_t got;
	unsigned wakes;
	bool ended, reads_on;
	enum stream_end how;
};

static uint64_t clock_ms(void *user)
{
	const struct play *p = user;

	return p->now_ms;
}

static void on_hold(void *user, bool hold)
{
	struct play *p = user;

	assert_true(p->held != hold);
	p->held = hold;
	p->holds++;
}

static void play_init(struct play *p)
{
	struct clock clock = {clock_ms, clock_ms, p};
	struct stream_source source = {
	    .window = WINDOW, .hold = on_hold, .user = p};

	*p = (struct play){.now_ms = 5000};
	p->loop = loop_new(NULL, &clock);
	source.loop = p->loop;
	p->stream = stream_new(&source);
}

static void play_done(struct play *p)
{
	stream_unref(p->stream);
	loop_settle(p->loop);
	loop_free(p->loop);
}

static void pass_time(struct play *p, uint64_t ms)
{
	step_time(p->loop, &p->now_ms, ms);
}

/* Octet i of every body here. */
static char octet(size_t i)
{
	return (char)(i * 7 + i / 251);
}

static void put(struct play *p, size_t n)
{
	char *data = malloc(n);

	for (size_t i = 0; i < n; i++)
		data[i] = octet(p->put + i);
	p->put += n;
	stream_put(p->stream, str_of(data, n));
	free(data);
}

static void take(struct reader *r, size_t n)
{
	bool hyphens;
	struct str s;

	while (n && (s = stream_peek(&r->l, &hyphens)).n) {
		if (s.n > n)
			s.n = n;
		for (size_t i = 0; i < s.n; i++)
			assert_int_equal(s.p[i], octet(r->got + i));
		stream_took(&r->l, s.n);
		r->got += s.n;
		n -= s.n;
	}
}

static void on_more(void *user)
{
	struct reader *r = user;

	r->wakes++;
	if (r->reads_on)
		take(r, SIZE_MAX);
}

static void on_ended(void *user, enum stream_end how)
{
	struct reader *r = user;

	assert_false(r->ended);
	r->ended = true;
	r->how = how;
}

static const struct stream_listener_ops ops = {
    .more = on_more,
    .ended = on_ended,
};

static void listen_in(struct play *p, struct reader *r, bool reads_on)
{
	*r = (struct reader){.reads_on = reads_on};
	assert_int_equal(stream_listen(p->stream, &r->l, &ops, r), 0);
}

static void test_one(void **state)
{
	struct play p;
	struct reader r;
	bool hyphens;

	(void)state;
	play_init(&p);
	listen_in(&p, &r, false);
	assert_int_equal(stream_peek(&r.l, &hyphens).n, 0);
	put(&p, 10);
	put(&p, 100000);
	assert_int_equal(r.wakes, 1);
	take(&r, 50000);
	put(&p, 1);
	assert_int_equal(r.wakes, 1);
	stream_finish(p.stream);
	assert_true(r.ended);
	assert_int_equal(r.how, STREAM_WHOLE);
	take(&r, SIZE_MAX);
	assert_int_equal(r.got, 100011);
	assert_int_equal(p.holds, 0);
	stream_leave(&r.l);
	stream_leave(&r.l);
	play_done(&p);
}

/* What all have read is kept no longer, and nothing is kept for nobody. */
static void test_memory(void **state)
{
	struct play p;
	struct reader r[3];

	(void)state;
	play_init(&p);
	for (int i = 0; i < 3; i++)
		listen_in(&p, &r[i], i < 2);
	for (int i = 0; i < 1000; i++) {
		put(&p, PART);
		take(&r[2], PART);
		assert_true(stream_kept(p.stream) <= 40000);
	}
	for (int i = 0; i < 3; i++)
		stream_leave(&r[i].l);
	put(&p, PART);
	assert_int_equal(stream_kept(p.stream), 0);
	assert_int_equal(stream_listen(p.stream, &r[0].l, &ops, &r[0]),
			 ERR_STATE);
	play_done(&p);
}

/* Where all are slow the source waits for them. */
static void test_all_slow(void **state)
{
	struct play p;
	struct reader r[2];

	(void)state;
	play_init(&p);
	listen_in(&p, &r[0], false);
	listen_in(&p, &r[1], false);
	for (int i = 0; i < 200; i++) {
		while (!p.held)
			put(&p, PART);
		assert_true(stream_kept(p.stream) <= WINDOW + PART);
		pass_time(&p, 10000);
		take(&r[0], 90000);
		take(&r[1], 90000);
		assert_false(p.held);
	}
	stream_abort(p.stream);
	assert_int_equal(r[0].how, STREAM_ABORTED);
	assert_int_equal(r[1].how, STREAM_ABORTED);
	play_done(&p);
}

/* ABN-11, V-ABN-6: one alone holds the others up for two seconds in all. */
static void test_one_slow(void **state)
{
	struct play p;
	struct reader r[3];
	uint64_t begin, waited = 0;

	(void)state;
	play_init(&p);
	for (int i = 0; i < 3; i++)
		listen_in(&p, &r[i], i < 2);
	for (int i = 0; i < 10000 && !r[2].ended; i++) {
		put(&p, PART);
		begin = p.now_ms;
		while (p.held) {
			pass_time(&p, 50);
			if (p.now_ms - begin >= 500)
				take(&r[2], 70000);
		}
		waited += p.now_ms - begin;
	}
	assert_true(r[2].ended);
	assert_int_equal(r[2].how, STREAM_SLOW);
	assert_null(r[2].l.stream);
	assert_true(waited >= 1500 && waited <= 2500);
	assert_false(r[0].ended || r[1].ended);
	assert_int_equal(r[0].got, p.put);
	assert_false(p.held);
	stream_finish(p.stream);
	stream_leave(&r[0].l);
	stream_leave(&r[1].l);
	play_done(&p);
}

/* Who reads nothing holds them up for less than a second. */
static void test_one_dead(void **state)
{
	struct play p;
	struct reader r[3];

	(void)state;
	play_init(&p);
	for (int i = 0; i < 3; i++)
		listen_in(&p, &r[i], i < 2);
	while (!p.held)
		put(&p, PART);
	pass_time(&p, STREAM_HOLD_MS - 50);
	assert_false(r[2].ended);
	pass_time(&p, 100);
	assert_true(r[2].ended);
	assert_false(p.held);
	stream_abort(p.stream);
	play_done(&p);
}

/* Who reads nothing at all is no majority for ever. */
static void test_dead_majority(void **state)
{
	struct play p;
	struct reader r[3];

	(void)state;
	play_init(&p);
	for (int i = 0; i < 3; i++)
		listen_in(&p, &r[i], i == 0);
	while (!p.held)
		put(&p, PART);
	pass_time(&p, STREAM_STALL_MS - 200);
	assert_false(r[1].ended);
	pass_time(&p, 400);
	assert_true(r[1].ended && r[2].ended);
	assert_false(p.held);
	stream_abort(p.stream);
	play_done(&p);
}

/* The rest is kept for those who still read, not for who does not. */
static void test_after_the_end(void **state)
{
	struct play p;
	struct reader r[2];

	(void)state;
	play_init(&p);
	listen_in(&p, &r[0], false);
	listen_in(&p, &r[1], false);
	put(&p, 100000);
	stream_finish(p.stream);
	r[0].ended = r[1].ended = false;
	pass_time(&p, 100000);
	take(&r[0], 1);
	pass_time(&p, 60000);
	assert_false(r[0].ended);
	assert_true(r[1].ended);
	assert_int_equal(r[1].how, STREAM_SLOW);
	stream_leave(&r[0].l);
	play_done(&p);
}

static bool flagged(const char *const *parts, size_t n)
{
	struct play p;
	struct reader r;
	bool any = false, hyphens = false;
	struct str s;

	play_init(&p);
	listen_in(&p, &r, false);
	for (size_t i = 0; i < n; i++) {
		stream_put(p.stream, str_z(parts[i]));
		while ((s = stream_peek(&r.l, &hyphens)).n) {
			any = any || hyphens;
			stream_took(&r.l, s.n);
		}
	}
	stream_leave(&r.l);
	play_done(&p);
	return any;
}

/* MSRP-15: a run of seven is seen wherever it is cut. */
static void test_hyphens(void **state)
{
	static const char *const none[] = {"a-b", "c---d", "--e"};
	static const char *const whole[] = {"ab-------cd"};
	static const char *const cut[] = {"ab---", "----cd"};
	static const char *const bits[] = {"-", "-", "-----", "x"};

	(void)state;
	assert_false(flagged(none, 3));
	assert_true(flagged(whole, 1));
	assert_true(flagged(cut, 2));
	assert_true(flagged(bits, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one),
	    cmocka_unit_test(test_memory),
	    cmocka_unit_test(test_all_slow),
	    cmocka_unit_test(test_one_slow),
	    cmocka_unit_test(test_one_dead),
	    cmocka_unit_test(test_dead_majority),
	    cmocka_unit_test(test_after_the_end),
	    cmocka_unit_test(test_hyphens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
