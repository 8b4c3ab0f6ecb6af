/* The contract of seats: coming in. */
#include "ours.h"

static void test_join(void **state)
{
	struct bed *b = *state;
	struct seat *seat = &b->ours[0].fake.seat;
	struct seat_join j = wish(b, 0);
	const struct occupant *self;
	struct room_info info;

	assert_int_equal(enter(b, 0, &j), REASON_OK);
	assert_true(seat_in_room(seat));
	settle(b);
	assert_heard(b, 0,
		     words(b, "joined Ro\nsubject 'tea' by %s (delayed)\n",
			   kind->subject_by));
	self = seat_by_nick(seat, STR("Ro"));
	assert_non_null(self);
	assert_true(str_eq(self->user, j.user));
	assert_ptr_equal(seat_by_user(seat, j.user), self);
	assert_int_equal(self->n_devices, 1);
	assert_int_equal(self->devices->seat, seat->id);
	assert_non_null(seat_by_nick(seat, STR("Ann")));
	assert_non_null(seat_by_nick(seat, STR("Ben")));
	assert_null(seat_by_nick(seat, STR("Cat")));
	assert_null(seat_by_id(seat, 1u << 30));
	assert_null(seat_by_user(seat, STR("nobody")));
	seat_info(seat, &info);
	assert_true(str_eq(info.address, str_z(kind->room)));
	assert_int_equal(info.n_occupants, 3);
	assert_true(str_eq(info.subject.text, STR("tea")));
	assert_true(kind->sees(b, "Ro"));
}

/* A refusal is the return value, or the only event; the seat is free. */
static void test_refused(void **state)
{
	struct bed *b = *state;
	int n = 0;

	for (int why = REASON_BAD_REQUEST; why < REASONS; why++) {
		struct seat_join j = wish(b, 0);
		enum reason_code due = kind->refuse(b, why), got;

		if (due == REASON_OK)
			continue;
		if (due == REASON_NICK_TAKEN && kind->world == WORLD_XMPP)
			j.nick = STR("Ann");
		got = enter(b, 0, &j);
		settle(b);
		if (got == REASON_OK) {
			const char *z = heard_by(b, 0);

			if (b->ours[0].in || !b->ours[0].over)
				fail_msg("%s: came in, %s", reason(due), z);
			if (!str_starts(str_z(z), str_z(words(b, "ended %s",
							      reason(due)))))
				fail_msg("%s instead of %s", z, reason(due));
		} else {
			assert_int_equal(got, due);
			assert_heard(b, 0, "");
		}
		assert_false(seat_in_room(&b->ours[0].fake.seat));
		assert_false(kind->sees(b, "Ro"));
		ours_done(&b->ours[0]);
		ours_init(b, 0);
		n++;
	}
	kind->refuse(b, REASON_OK);
	join(b, 0);
	assert_true(n >= 3);
}

static void test_bad_wishes(void **state)
{
	struct bed *b = *state;
	char *big = calloc(1, 100000);
	struct seat_join j;

	memset(big, 'x', 99999);
	j = wish(b, 0);
	j.nick = str_z(big);
	if (enter(b, 0, &j) == REASON_OK) {
		settle(b);
		assert_true(b->ours[0].over || b->ours[0].in);
	} else {
		assert_heard(b, 0, "");
	}
	free(big);
	assert_true(kind->sees(b, "Ann"));
}

/* What is asked of a seat that waits is answered, and the rest goes on. */
static void test_before_joined(void **state)
{
	struct bed *b = *state;
	struct seat_join j = wish(b, 0);
	bool waits;

	assert_int_equal(enter(b, 0, &j), REASON_OK);
	waits = !b->ours[0].in;
	if (waits) {
		size_t it = 0;

		assert_null(seat_roster(&b->ours[0].fake.seat, &it));
		with_text(b, 0, SEAT_NICK, "Rob");
		assert_heard(b, 0, "= REASON_NOT_JOINED op=1\n");
		say(b, 0, "early");
		assert_heard(b, 0, "= REASON_NOT_JOINED op=2\n");
	}
	settle(b);
	assert_true(b->ours[0].in);
	assert_int_equal(kind->heard(b, NULL, "early"), 0);
	assert_true(kind->sees(b, "Ro"));
}

static void test_leave_before_joined(void **state)
{
	struct bed *b = *state;
	struct seat_join j = wish(b, 0);

	assert_int_equal(enter(b, 0, &j), REASON_OK);
	heard_by(b, 0);
	leave(b, 0);
	assert_false(seat_in_room(&b->ours[0].fake.seat));
	settle(b);
	assert_heard(b, 0, "");
	assert_false(kind->sees(b, "Ro"));
	/* and he may come again */
	j = wish(b, 1);
	assert_int_equal(enter(b, 1, &j), REASON_OK);
	settle(b);
	assert_true(b->ours[1].in);
}

/* What was said before comes before the subject, and before all else. */
static void test_history(void **state)
{
	struct bed *b = *state;
	struct seat_join j = wish(b, 0);

	kind->history(b, "once upon a time");
	assert_int_equal(enter(b, 0, &j), REASON_OK);
	settle(b);
	assert_heard(b, 0,
		     words(b,
			   "joined Ro\nAnn: once upon a time (delayed)\n"
			   "subject 'tea' by %s (delayed)\n",
			   kind->subject_by));
}

int contract_join(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_join),
	    TEST(test_refused),
	    TEST(test_bad_wishes),
	    TEST(test_before_joined),
	    TEST(test_leave_before_joined),
	    TEST(test_history),
	};

	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}
