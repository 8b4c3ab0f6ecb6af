/* The contract of seats: names, subject and presence, and others who come and
 * go. */
#include "ours.h"

static void test_nick(void **state)
{
	struct bed *b = *state;
	uint64_t id;

	join(b, 0);
	id = id_of(b, 0, "Ro");
	with_text(b, 0, SEAT_NICK, "Roland");
	settle(b);
	assert_heard(b, 0,
		     "~ Roland nick=Roland (was Ro) op=1\n"
		     "= REASON_OK op=1\n");
	assert_int_equal(id_of(b, 0, "Roland"), id);
	assert_true(kind->sees(b, "Roland"));
	assert_false(kind->sees(b, "Ro"));
	with_text(b, 0, SEAT_NICK, "Ann");
	settle(b);
	assert_heard(b, 0, "= REASON_NICK_TAKEN op=2\n");
	assert_int_equal(id_of(b, 0, "Roland"), id);
	say(b, 0, "still me");
	settle(b);
	assert_heard(b, 0, "Roland: still me op=3\n= REASON_OK op=3\n");
	with_text(b, 0, SEAT_NICK, "");
	settle(b);
	heard_by(b, 0);
	assert_int_equal(b->ours[0].n_due, 0);
}

static void test_bad_nick(void **state)
{
	static const char *const bad[] = {"   ", "a\tb", "x\xff", "a\r\nb: c"};
	struct bed *b = *state;

	join(b, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		with_text(b, 0, SEAT_NICK, bad[i]);
		settle(b);
		assert_heard(b, 0,
			     words(b, "= REASON_BAD_NICK op=%zu\n", i + 1));
	}
	assert_true(kind->sees(b, "Ro"));
}

static void test_subject(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	kind->subject(b, "cake");
	settle(b);
	assert_heard(b, 0,
		     words(b, "subject 'cake' by %s\n", kind->subject_by));
	with_text(b, 0, SEAT_SUBJECT, "rum & \"<x>\"");
	settle(b);
	if (kind->promised.subject == REASON_OK) {
		assert_heard(b, 0,
			     "subject 'rum & \"<x>\"' by Ro op=1\n"
			     "= REASON_OK op=1\n");
		kind->hush(b);
		settle(b);
		heard_by(b, 0);
		with_text(b, 0, SEAT_SUBJECT, "gin");
		settle(b);
		assert_heard(b, 0, "= REASON_FORBIDDEN op=2\n");
	} else {
		assert_heard(
		    b, 0,
		    words(b, "= %s op=1\n", reason(kind->promised.subject)));
	}
	kind->subject(b, "");
	settle(b);
	assert_heard(b, 0, words(b, "subject '' by %s\n", kind->subject_by));
}

static void test_presence(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	command(b, 0,
		(struct seat_cmd){
		    .type = SEAT_PRESENCE,
		    .presence = {.show = STR("away"), .status = STR("<out>")},
		});
	settle(b);
	assert_heard(b, 0, "~ Ro presence=away/<out> op=1\n= REASON_OK op=1\n");
	command(b, 0,
		(struct seat_cmd){.type = SEAT_DEVICE,
				  .private_messages = true,
				  .held = true});
	settle(b);
	heard_by(b, 0);
	assert_int_equal(b->ours[0].n_due, 0);
}

static void test_others(void **state)
{
	struct bed *b = *state;
	uint64_t cat;

	join(b, 0);
	kind->enter(b, "Cat");
	settle(b);
	assert_heard(b, 0, "+ Cat\n");
	cat = id_of(b, 0, "Cat");
	kind->rename(b, "Cat", "Kit");
	settle(b);
	assert_heard(b, 0, "~ Kit nick=Kit (was Cat)\n");
	assert_int_equal(id_of(b, 0, "Kit"), cat);
	kind->show(b, "Kit", "away", "at tea");
	settle(b);
	assert_heard(b, 0, "~ Kit presence=away/at tea\n");
	kind->say(b, "Kit", "bye");
	kind->go(b, "Kit", "tired");
	settle(b);
	assert_heard(b, 0, "Kit: bye\n- Kit REASON_LEFT tired\n");
	kind->kick(b, "Ben", "spam");
	settle(b);
	assert_heard(b, 0,
		     kind->tells_actor ? "- Ben REASON_KICKED spam by Ann\n"
				       : "- Ben REASON_KICKED spam\n");
	/* somebody of the same name is somebody else */
	kind->enter(b, "Cat");
	settle(b);
	assert_heard(b, 0, "+ Cat\n");
	assert_int_not_equal(id_of(b, 0, "Cat"), cat);
}

int contract_change(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_nick),	 TEST(test_bad_nick), TEST(test_subject),
	    TEST(test_presence), TEST(test_others),
	};

	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}
