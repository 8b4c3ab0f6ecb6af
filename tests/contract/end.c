/* The contract of seats: the end, and what comes after it. */
#include "ours.h"

static void test_kicked(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	kind->kick(b, "Ro", "spam");
	settle(b);
	assert_heard(b, 0,
		     kind->tells_actor ? "ended REASON_KICKED spam by Ann\n"
				       : "ended REASON_KICKED spam\n");
	assert_false(seat_in_room(&b->ours[0].fake.seat));
	assert_false(kind->sees(b, "Ro"));
	join(b, 1);
}

static void test_closed(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	kind->close(b, "over");
	settle(b);
	assert_heard(b, 0, "ended REASON_ROOM_GONE over\n");
}

static void test_shutdown(void **state)
{
	struct bed *b = *state;
	struct seat_join j = wish(b, 1);
	enum reason_code got;

	join(b, 0);
	kind->shut_down(b);
	loop_settle(b->s->loop);
	assert_heard(b, 0, "ended REASON_SHUTDOWN\n");
	got = enter(b, 1, &j);
	settle(b);
	if (got == REASON_OK) /* it had to look for the room first */
		assert_heard(b, 1, "ended REASON_SHUTDOWN\n");
	else
		assert_int_equal(got, REASON_SHUTDOWN);
}

static void test_leave(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	leave(b, 0);
	assert_false(seat_in_room(&b->ours[0].fake.seat));
	kind->say(b, "Ann", "gone?");
	settle(b);
	assert_heard(b, 0, "");
	assert_false(kind->sees(b, "Ro"));
	join(b, 1);
	assert_true(kind->sees(b, "Ro"));
}

/* Whatever the room still says to the one who has left, the next has a seat of
 * his own, though he is the same. */
static void test_come_back_at_once(void **state)
{
	struct bed *b = *state;
	struct seat_join j = wish(b, 0);

	join(b, 0);
	with_text(b, 0, SEAT_NICK, "Roland");
	leave(b, 0);
	assert_int_equal(enter(b, 1, &j), REASON_OK);
	settle(b);
	assert_true(b->ours[1].in && !b->ours[1].over);
	assert_non_null(seat_by_nick(&b->ours[1].fake.seat, STR("Ro")));
	assert_true(kind->sees(b, "Ro"));
	assert_false(kind->sees(b, "Roland"));
}

/* Nobody's seat answers by itself. */
static void test_after_the_end(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	kind->kick(b, "Ro", "");
	settle(b);
	heard_by(b, 0);
	b->ours[0].over = false;
	say(b, 0, "hello?");
	assert_heard(b, 0, "= REASON_NOT_JOINED op=1\n");
	with_text(b, 0, SEAT_NICK, "Rob");
	assert_heard(b, 0, "= REASON_NOT_JOINED op=2\n");
	settle(b);
	assert_int_equal(kind->heard(b, NULL, "hello?"), 0);
}

/* Seats that are in a room when all ends (the sanitizers look at the rest). */
static void test_memory(void **state)
{
	struct bed *b = *state;
	struct seat_join j = wish(b, 3);

	join(b, 0);
	join(b, 1);
	say(b, 0, "under way");
	with_text(b, 1, SEAT_NICK, "Rob");
	assert_int_equal(enter(b, 3, &j), REASON_OK);
}

int contract_end(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_kicked),
	    TEST(test_closed),
	    TEST(test_shutdown),
	    TEST(test_leave),
	    TEST(test_come_back_at_once),
	    TEST(test_after_the_end),
	    TEST(test_memory),
	};

	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}
