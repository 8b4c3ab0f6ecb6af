/* The contract of seats: several at once, and what is done inside an event. */
#include "ours.h"

static void test_two_devices(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	join(b, 1);
	heard_by(b, 0);
	kind->say(b, "Ann", "hi");
	settle(b);
	assert_heard(b, 0, "Ann: hi\n");
	assert_heard(b, 1, "Ann: hi\n");
	say(b, 0, "hello");
	settle(b);
	assert_heard(b, 0, "Ro: hello op=1\n= REASON_OK op=1\n");
	assert_heard(b, 1, "Ro: hello\n");
	assert_int_equal(kind->heard(b, NULL, "hello"), 1);
	leave(b, 0);
	settle(b);
	assert_true(kind->sees(b, "Ro"));
	assert_heard(b, 1, "");
	say(b, 1, "me again");
	settle(b);
	assert_heard(b, 1, "Ro: me again op=1\n= REASON_OK op=1\n");
	leave(b, 1);
	settle(b);
	assert_false(kind->sees(b, "Ro"));
}

static struct {
	unsigned n;
	uint64_t op, device, who;
	char old[16];
} moved;

static void note_move(struct ours *o, const struct seat_ev *ev)
{
	(void)o;
	if (!ev->old_nick.n || ev->changed & CHANGED_NICK)
		return;
	moved.n++;
	moved.op = ev->own_op;
	moved.device = ev->device;
	moved.who = ev->who->id;
	snprintf(moved.old, sizeof(moved.old), "%.*s", STR_ARG(ev->old_nick));
}

/* NICK-10: of an XMPP user's clients only the one that asks has the new name,
 * and is told so by one event. */
static void test_one_moves(void **state)
{
	struct bed *b = *state;
	uint64_t seat;

	if (kind->world != WORLD_XMPP)
		return;
	join(b, 0);
	join(b, 1);
	heard_by(b, 0);
	moved.n = 0;
	b->ours[1].then = note_move;
	seat = b->ours[1].fake.seat.id;
	say(b, 1, "a last word");
	with_text(b, 1, SEAT_NICK, "Rob");
	settle(b);
	assert_int_equal(moved.n, 1);
	assert_int_equal(moved.op, 2);
	assert_int_equal(moved.device, seat);
	assert_int_equal(b->ours[1].fake.seat.id, seat);
	assert_int_equal(moved.who, id_of(b, 1, "Rob"));
	assert_string_equal(moved.old, "Ro");
	assert_true(kind->sees(b, "Ro") && kind->sees(b, "Rob"));
	assert_non_null(seat_by_nick(&b->ours[0].fake.seat, STR("Rob")));
	assert_non_null(seat_by_nick(&b->ours[1].fake.seat, STR("Ro")));
	assert_int_equal(b->ours[1].n_due, 0);
	heard_by(b, 0);
	heard_by(b, 1);
	say(b, 0, "I am Ro");
	settle(b);
	assert_heard(b, 0, "Ro: I am Ro op=1\n= REASON_OK op=1\n");
	assert_heard(b, 1, "Ro: I am Ro\n");
	say(b, 1, "I am not");
	settle(b);
	assert_heard(b, 0, "Rob: I am not\n");
	assert_heard(b, 1, "Rob: I am not op=3\n= REASON_OK op=3\n");
	/* and back, where he is one again */
	with_text(b, 1, SEAT_NICK, "Ro");
	settle(b);
	assert_int_equal(moved.n, 2);
	assert_true(kind->sees(b, "Ro"));
	assert_false(kind->sees(b, "Rob"));
	heard_by(b, 0);
	heard_by(b, 1);
	leave(b, 0);
	say(b, 1, "still here");
	settle(b);
	assert_int_equal(kind->heard(b, NULL, "still here"), 1);
}

/* Somebody else's name: all stay as they are. */
static void test_none_moves(void **state)
{
	struct bed *b = *state;

	if (kind->world != WORLD_XMPP)
		return;
	join(b, 0);
	join(b, 1);
	heard_by(b, 0);
	with_text(b, 1, SEAT_NICK, "Ann");
	settle(b);
	assert_heard(b, 1, "= REASON_NICK_TAKEN op=1\n");
	assert_heard(b, 0, "");
	say(b, 1, "still Ro");
	settle(b);
	assert_heard(b, 0, "Ro: still Ro\n");
	/* and who leaves before he has it */
	with_text(b, 1, SEAT_NICK, "Rob");
	leave(b, 1);
	settle(b);
	assert_false(kind->sees(b, "Rob"));
	assert_true(kind->sees(b, "Ro"));
}

/* One who only looks. */
static void test_observer(void **state)
{
	struct bed *b = *state;
	struct seat_join j = wish(b, 1);

	join(b, 0);
	j.observer = true;
	j.wants = SEAT_WANTS_ROSTER | SEAT_WANTS_SUBJECT;
	assert_int_equal(enter(b, 1, &j), REASON_OK);
	settle(b);
	assert_true(str_starts(str_z(heard_by(b, 1)), STR("joined -\n")));
	assert_non_null(seat_by_nick(&b->ours[1].fake.seat, STR("Ro")));
	kind->say(b, "Ann", "hi");
	kind->enter(b, "Cat");
	settle(b);
	assert_heard(b, 1, "+ Cat\n");
	assert_heard(b, 0, "Ann: hi\n+ Cat\n");
	say(b, 1, "may I?");
	settle(b);
	assert_heard(b, 1, "= REASON_NOT_JOINED op=1\n");
	assert_int_equal(kind->heard(b, NULL, "may I?"), 0);
	leave(b, 1);
	kind->go(b, "Cat", "");
	settle(b);
	assert_heard(b, 1, "");
	assert_heard(b, 0, "- Cat REASON_LEFT\n");
}

/* Everybody hears everything in one order. */
static void test_one_order(void **state)
{
	struct bed *b = *state;
	char text[16];

	join(b, 0);
	join(b, 1);
	heard_by(b, 0);
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "%d", i);
		if (i % 3 == 0)
			kind->say(b, "Ann", text);
		else
			say(b, i % 3 - 1, text);
		if (i % 5 == 0)
			kind->settle(b);
	}
	settle(b);
	for (int i = 0; i < 2; i++) {
		struct str log = buf_str(&b->ours[i].fake.log), line;
		int n = 0;

		while (log.n) {
			line = str_split(&log, '\n');
			n += str_starts(line, STR("Ro: ")) ||
			     str_starts(line, STR("Ann: "));
		}
		assert_int_equal(n, 20);
	}
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "%d", i);
		assert_int_equal(kind->heard(b, NULL, text), i % 3 ? 1 : 0);
	}
}

static void say_too(struct ours *o, const struct seat_ev *ev)
{
	if (ev->type != SEAT_MESSAGE || o->n_then)
		return;
	o->n_then++;
	say(o->bed, (int)(o - o->bed->ours), "me too");
}

/* What is done inside an event comes after it, for all. */
static void test_inside_event(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	join(b, 1);
	heard_by(b, 0);
	b->ours[0].then = say_too;
	kind->say(b, "Ann", "I like tea");
	settle(b);
	assert_heard(b, 0,
		     "Ann: I like tea\nRo: me too op=1\n= REASON_OK op=1\n");
	assert_heard(b, 1, "Ann: I like tea\nRo: me too\n");
}

static void go_away(struct ours *o, const struct seat_ev *ev)
{
	if (ev->type == SEAT_MESSAGE)
		leave(o->bed, (int)(o - o->bed->ours));
}

static void test_leave_inside_event(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	b->ours[0].then = go_away;
	kind->say(b, "Ann", "go!");
	kind->say(b, "Ann", "now!");
	settle(b);
	assert_heard(b, 0, "Ann: go!\n");
	assert_false(kind->sees(b, "Ro"));
}

static void come_back(struct ours *o, const struct seat_ev *ev)
{
	struct seat_join j = wish(o->bed, 1);

	if (ev->type == SEAT_ENDED)
		assert_int_equal(enter(o->bed, 1, &j), REASON_OK);
}

/* The seat is free when SEAT_ENDED comes, and its holder may join again there.
 */
static void test_rejoin_inside_event(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	b->ours[0].then = come_back;
	kind->kick(b, "Ro", "");
	settle(b);
	assert_true(b->ours[0].over);
	assert_true(b->ours[1].in && !b->ours[1].over);
	assert_true(kind->sees(b, "Ro"));
	say(b, 1, "back");
	settle(b);
	assert_int_equal(kind->heard(b, NULL, "back"), 1);
}

int contract_order(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_two_devices),	   TEST(test_observer),
	    TEST(test_one_moves),	   TEST(test_none_moves),
	    TEST(test_one_order),	   TEST(test_inside_event),
	    TEST(test_leave_inside_event), TEST(test_rejoin_inside_event),
	};

	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}
