/* Values to the worker's thread and back. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/mailbox.h"

#define VALUES 1000

struct value {
	unsigned n;
	unsigned long square;
	int signals_blocked;
};

struct world {
	struct loop *loop;
	struct mailbox *mailbox;
	struct value values[VALUES];
	unsigned sent, back;
	size_t wanted; /* stop the loop when so many are back */
	pthread_mutex_t gate;
};

static void work(void *user, void *value)
{
	struct world *w = user;
	struct value *v = value;
	sigset_t set;

	/* held by a test that wants the worker to be slow */
	pthread_mutex_lock(&w->gate);
	pthread_mutex_unlock(&w->gate);
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	v->signals_blocked = sigismember(&set, SIGTERM);
	v->square = (unsigned long)v->n * v->n;
}

static void done(void *user, void *value)
{
	struct world *w = user;
	struct value *v = value;

	assert_int_equal(v->n, w->back); /* in order */
	assert_int_equal(v->square, (unsigned long)v->n * v->n);
	assert_int_equal(v->signals_blocked, 1);
	w->back++;
	if (w->back == w->wanted)
		loop_stop(w->loop);
}

static int send_next(struct world *w)
{
	struct value *v = &w->values[w->sent];
	int err;

	v->n = w->sent;
	err = mailbox_send(w->mailbox, v);
	if (err == 0)
		w->sent++;
	return err;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	pthread_mutex_init(&w->gate, NULL);
	w->loop = loop_new(NULL, NULL);
	assert_int_equal(0, mailbox_new(&(struct mailbox_cfg){.loop = w->loop,
							      .name = "test",
							      .max = 3,
							      .work = work,
							      .done = done,
							      .user = w},
					&w->mailbox));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	mailbox_free(w->mailbox);
	assert_int_equal(w->back, w->sent);
	loop_free(w->loop);
	pthread_mutex_destroy(&w->gate);
	free(w);
	return 0;
}

static void comes_back_through_the_loop(void **state)
{
	struct world *w = *state;

	w->wanted = 2;
	send_next(w);
	send_next(w);
	loop_run(w->loop);
	assert_int_equal(w->back, 2);
	assert_int_equal(mailbox_count(w->mailbox), 0);
}

static void keeps_order_over_many(void **state)
{
	struct world *w = *state;

	while (w->sent < VALUES)
		if (send_next(w) == ERR_FULL)
			mailbox_wait(w->mailbox);
	mailbox_wait(w->mailbox);
	assert_int_equal(w->back, VALUES);
}

static void is_full_at_its_limit(void **state)
{
	struct world *w = *state;

	pthread_mutex_lock(&w->gate);
	for (int i = 0; i < 3; i++)
		assert_int_equal(send_next(w), 0);
	assert_int_equal(send_next(w), ERR_FULL);
	assert_int_equal(mailbox_count(w->mailbox), 3);
	pthread_mutex_unlock(&w->gate);
	mailbox_wait(w->mailbox);
	assert_int_equal(w->back, 3);
	assert_int_equal(send_next(w), 0);
}

/* What was worked but not yet given back counts as under way. */
static void counts_until_it_is_back(void **state)
{
	struct world *w = *state;

	send_next(w);
	assert_int_equal(mailbox_count(w->mailbox), 1);
	mailbox_wait(w->mailbox);
	assert_int_equal(mailbox_count(w->mailbox), 0);
	/* the wake-up that is left finds nothing to give back */
	loop_settle(w->loop);
	assert_int_equal(w->back, 1);
}

/* teardown: what waits is worked and given back before the thread ends */
static void finishes_before_the_end(void **state)
{
	struct world *w = *state;

	send_next(w);
	send_next(w);
	send_next(w);
}

static void null_is_fine(void **state)
{
	(void)state;
	mailbox_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(comes_back_through_the_loop, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(keeps_order_over_many, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(is_full_at_its_limit, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(counts_until_it_is_back, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(finishes_before_the_end, setup,
					    teardown),
	    cmocka_unit_test(null_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
