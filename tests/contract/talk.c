/* The contract of seats: what is said and heard. */
#include "ours.h"

static void test_say(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	say(b, 0, "hello");
	settle(b);
	assert_heard(b, 0, "Ro: hello op=1\n= REASON_OK op=1\n");
	assert_int_equal(kind->heard(b, NULL, "hello"), 1);
	/* the same again is a message of its own */
	say(b, 0, "hello");
	say(b, 0, "hello");
	settle(b);
	assert_heard(b, 0,
		     "Ro: hello op=2\n= REASON_OK op=2\n"
		     "Ro: hello op=3\n= REASON_OK op=3\n");
	assert_int_equal(kind->heard(b, NULL, "hello"), 3);
}

static struct {
	uint64_t author, to, serial, time_ms;
	enum world world;
	bool has_id;
} last;

static void note_message(struct ours *o, const struct seat_ev *ev)
{
	if (ev->type != SEAT_MESSAGE)
		return;
	(void)o;
	last.author = ev->msg->author;
	last.to = ev->msg->to;
	last.serial = ev->msg->serial;
	last.time_ms = ev->msg->time_ms;
	last.world = ev->msg->world;
	last.has_id = ev->msg->id.n > 0;
}

/* A message is stamped: who, when, in which place. */
static void test_hear(void **state)
{
	struct bed *b = *state;
	const struct occupant *ann;
	uint64_t serial;

	join(b, 0);
	b->ours[0].then = note_message;
	kind->say(b, "Ann", "hi");
	settle(b);
	assert_heard(b, 0, "Ann: hi\n");
	ann = seat_by_id(&b->ours[0].fake.seat, last.author);
	assert_non_null(ann);
	assert_true(str_eq(ann->nick, STR("Ann")));
	assert_true(last.world == ann->world && last.has_id);
	assert_in_range(last.time_ms, b->s->wall - 5000, b->s->wall);
	serial = last.serial;
	kind->say(b, "Ben", "hi");
	settle(b);
	assert_heard(b, 0, "Ben: hi\n");
	assert_true(last.serial > serial);
	serial = last.serial;
	say(b, 0, "hi");
	settle(b);
	assert_int_equal(last.author, id_of(b, 0, "Ro"));
	assert_true(last.serial > serial);
}

static void test_mute(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	kind->mute(b);
	settle(b);
	heard_by(b, 0);
	say(b, 0, "mmm");
	settle(b);
	assert_heard(b, 0,
		     words(b, "= %s op=1\n", reason(kind->promised.mute)));
	assert_int_equal(kind->heard(b, NULL, "mmm"), 0);
}

static void test_whisper(void **state)
{
	struct bed *b = *state;
	uint64_t ben;

	join(b, 0);
	ben = id_of(b, 0, "Ben");
	whisper(b, 0, id_of(b, 0, "Ann"), "psst");
	settle(b);
	assert_heard(b, 0, "= REASON_OK op=1\n");
	assert_int_equal(kind->heard(b, "Ann", "psst"), 1);
	assert_int_equal(kind->heard(b, NULL, "psst"), 0);
	b->ours[0].then = note_message;
	kind->whisper(b, "Ann", "yes?");
	settle(b);
	assert_heard(b, 0, "Ann: yes? (private)\n");
	assert_int_equal(last.to, id_of(b, 0, "Ro"));
	assert_int_equal(last.serial, 0);
	whisper(b, 0, 123456, "who?");
	settle(b);
	assert_heard(b, 0, "= REASON_NO_OCCUPANT op=2\n");
	kind->go(b, "Ben", "");
	settle(b);
	heard_by(b, 0);
	whisper(b, 0, ben, "still there?");
	settle(b);
	assert_int_equal(kind->heard(b, "Ben", "still there?"), 0);
	assert_int_equal(b->ours[0].n_due, 0);
}

/* What was said before one leaves is said. */
static void test_last_words(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	say(b, 0, "farewell");
	leave(b, 0);
	settle(b);
	assert_int_equal(kind->heard(b, NULL, "farewell"), 1);
}

int contract_talk(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_say),	TEST(test_hear),       TEST(test_mute),
	    TEST(test_whisper), TEST(test_last_words),
	};

	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}
