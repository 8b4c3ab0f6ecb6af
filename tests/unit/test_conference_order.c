/* One order of events for everybody, also when handlers act themselves. */
#include <stdio.h>

#include "tests/lib/room_play.h"
#include "tests/unit/conference_stage.h"

static bool hears(const struct seat_ev *ev, const char *body)
{
	return ev->type == SEAT_MESSAGE && !ev->delayed &&
	       str_eq(ev->msg->parts[0].body, str_z(body));
}

static void answer(struct fake_seat *f, const struct seat_ev *ev)
{
	struct stage *s = f->user;

	if (hears(ev, "ping")) {
		f->then = NULL;
		say(s, 0, 0, "pong");
		nick(s, 0, 5, "Annie");
		/* not yet: everybody hears "ping" first */
		assert_non_null(who(s, "Ann"));
	}
}

static void three_seats(struct stage *s)
{
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	enter(s, 2, sip_join("sip:cat@x", "Cat"));
	for (int i = 0; i < SEATS; i++)
		s->seat[i].user = s;
	forget(s);
}

/* CHAT-20: one order for the recipients of both sides. */
static void test_command_inside_event(void **state)
{
	struct stage *s = *state;
	const char *all = "Cat: ping\nAnn: pong\n"
			  "~ Annie nick=Annie (was Ann)\n";

	three_seats(s);
	s->seat[0].then = answer;
	say(s, 2, 0, "ping");
	heard(s, 0,
	      "Cat: ping\nAnn: pong\n~ Annie nick=Annie (was Ann) op=5\n"
	      "= REASON_OK op=5\n");
	heard(s, 1, all);
	heard(s, 2, all);
}

static void join_inside(struct fake_seat *f, const struct seat_ev *ev)
{
	struct stage *s = f->user;

	if (!hears(ev, "ping"))
		return;
	f->then = NULL;
	say(s, 0, 0, "before");
	assert_int_equal(enter(s, 3, xmpp_join("dan@x", "Dan")), REASON_OK);
	assert_true(seat_in_room(&s->seat[3].seat));
	say(s, 0, 0, "after");
}

static void test_join_inside_event(void **state)
{
	struct stage *s = *state;
	const char *all = "Cat: ping\nAnn: before\n+ Dan\nAnn: after\n";

	three_seats(s);
	s->seat[0].then = join_inside;
	say(s, 2, 6, "ping");
	heard(s, 0, all);
	heard(s, 1, all);
	heard(s, 2,
	      "Cat: ping op=6\n= REASON_OK op=6\nAnn: before\n+ Dan\n"
	      "Ann: after\n");
	heard(s, 3,
	      "joined Dan\nCat: ping (delayed)\nAnn: before (delayed)\n"
	      "subject '' by  (delayed)\nAnn: after\n");
}

static void check_own_op(struct fake_seat *f, const struct seat_ev *ev)
{
	struct stage *s = f->user;

	if (!hears(ev, "ping"))
		return;
	f->then = NULL;
	assert_int_equal(ev->own_op, 6);
	enter(s, 3, xmpp_join("dan@x", "Dan"));
	/* the others have heard it meanwhile; this one still has its own */
	assert_int_equal(ev->own_op, 6);
	assert_true(str_eq(ev->msg->nick, STR("Ann")));
}

static void test_event_stays_ours(void **state)
{
	struct stage *s = *state;

	three_seats(s);
	s->seat[0].then = check_own_op;
	say(s, 0, 6, "ping");
	assert_null(s->seat[0].then);
	heard(s, 2, "Ann: ping\n+ Dan\n");
}

static void two_join_inside(struct fake_seat *f, const struct seat_ev *ev)
{
	struct stage *s = f->user;
	int i = (int)(f - s->seat);

	if (!hears(ev, "ping"))
		return;
	f->then = NULL;
	assert_int_equal(
	    enter(s, i + 3,
		  i ? xmpp_join("eve@x", "Eve") : xmpp_join("dan@x", "Dan")),
	    REASON_OK);
	say(s, i, 0, "done");
}

/* The second join is asked for while the first lets the event go out. */
static void test_joins_inside_one_another(void **state)
{
	struct stage *s = *state;

	three_seats(s);
	s->seat[0].then = two_join_inside;
	s->seat[1].then = two_join_inside;
	say(s, 2, 0, "ping");
	heard(s, 2, "Cat: ping\n+ Dan\n+ Eve\nBen: done\nAnn: done\n");
	heard(s, 3,
	      "joined Dan\nCat: ping (delayed)\nsubject '' by  (delayed)\n"
	      "+ Eve\nBen: done\nAnn: done\n");
	heard(s, 4,
	      "joined Eve\nCat: ping (delayed)\nsubject '' by  (delayed)\n"
	      "Ben: done\nAnn: done\n");
}

static void leave_inside(struct fake_seat *f, const struct seat_ev *ev)
{
	struct stage *s = f->user;

	if (!hears(ev, "ping"))
		return;
	f->then = NULL;
	say(s, 1, 4, "last words");
	leave(s, 1);
	assert_false(seat_in_room(&s->seat[1].seat));
	assert_non_null(who(s, "Ben")); /* his turn to go comes */
}

static void test_leave_inside_event(void **state)
{
	struct stage *s = *state;
	const char *all = "Cat: ping\nBen: last words\n- Ben REASON_LEFT\n";

	three_seats(s);
	s->seat[0].then = leave_inside;
	say(s, 2, 0, "ping");
	heard(s, 0, all);
	heard(s, 1, "");
	heard(s, 2, all);
}

static void destroy_inside(struct fake_seat *f, const struct seat_ev *ev)
{
	struct stage *s = f->user;

	if (!hears(ev, "ping"))
		return;
	f->then = NULL;
	command(s, 0, (struct seat_cmd){.type = SEAT_DESTROY});
	say(s, 1, 3, "too late");
	/* the room ends before this join's turn: it makes a new one */
	assert_int_equal(enter(s, 3, xmpp_join("dan@x", "Dan")), REASON_OK);
}

static void test_room_ends_inside_event(void **state)
{
	struct stage *s = *state;
	const char *all = "Cat: ping\nended REASON_ROOM_GONE\n";

	three_seats(s);
	s->seat[0].then = destroy_inside;
	say(s, 2, 0, "ping");
	for (int i = 0; i < 3; i++)
		heard(s, i, all);
	heard(s, 3, "joined Dan created\nsubject '' by  (delayed)\n");
}

static void shutdown_inside(struct fake_seat *f, const struct seat_ev *ev)
{
	struct stage *s = f->user;

	if (hears(ev, "ping"))
		rooms_shutdown(s->rooms);
}

static void test_shutdown_inside_event(void **state)
{
	struct stage *s = *state;

	three_seats(s);
	s->seat[0].then = shutdown_inside;
	say(s, 2, 7, "ping");
	heard(s, 1, "Cat: ping\nended REASON_SHUTDOWN\n");
	heard(s, 2,
	      "Cat: ping op=7\n= REASON_OK op=7\nended REASON_SHUTDOWN\n");
}

static void rejoin(struct fake_seat *f, const struct seat_ev *ev)
{
	struct stage *s = f->user;

	if (ev->type == SEAT_ENDED)
		enter(s, (int)(f - s->seat),
		      f == &s->seat[0] ? xmpp_join("ann@x", "Ann")
				       : xmpp_join("ben@x", "Ben"));
}

static void test_rejoin_when_ended(void **state)
{
	struct stage *s = *state;

	three_seats(s);
	s->seat[0].then = rejoin;
	s->seat[1].then = rejoin;
	command(s, 0, (struct seat_cmd){.type = SEAT_DESTROY});
	heard(s, 0,
	      "ended REASON_ROOM_GONE\njoined Ann created\n"
	      "subject '' by  (delayed)\n+ Ben\n");
	heard(s, 1,
	      "ended REASON_ROOM_GONE\njoined Ben\n"
	      "subject '' by  (delayed)\n");
	heard(s, 2, "ended REASON_ROOM_GONE\n");
}

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x * UINT64_C(0x2545f4914f6cdd1d) >> 32;
}

static void test_random_play(void **state)
{
	static uint8_t data[20000];

	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15);

		for (size_t i = 0; i < sizeof(data); i++)
			data[i] = (uint8_t)next_random(&x);
		room_play(data, sizeof(data));
	}
}

/* Five thousand occupants: each hears each message once, holes are closed. */
static void test_crowd(void **state)
{
	struct stage *s = *state;
	struct fake_seat *crowd = calloc(5000, sizeof(*crowd));
	char name[32];

	assert_non_null(crowd);
	for (int i = 0; i < 5000; i++) {
		struct seat_join join;

		snprintf(name, sizeof(name), "u%d@x", i);
		join = xmpp_join(name, name);
		join.wants = SEAT_WANTS_MESSAGES;
		fake_seat_init(&crowd[i]);
		assert_int_equal(
		    rooms_join(s->rooms, &s->policy, &join, &crowd[i].seat),
		    REASON_OK);
		fake_seat_heard(&crowd[i]);
	}
	for (int i = 1; i < 5000; i++)
		if (i % 3)
			seat_command(&crowd[i].seat,
				     &(struct seat_cmd){.type = SEAT_LEAVE});
	loop_settle(s->loop);
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	say(s, 0, 0, "hi");
	for (int i = 0; i < 5000; i++) {
		const char *z = fake_seat_heard(&crowd[i]);

		assert_string_equal(z, i % 3 ? "" : "Ann: hi\n");
	}
	rooms_shutdown(s->rooms);
	for (int i = 0; i < 5000; i++)
		fake_seat_done(&crowd[i]);
	free(crowd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STAGE_TEST(test_command_inside_event),
	    STAGE_TEST(test_join_inside_event),
	    STAGE_TEST(test_event_stays_ours),
	    STAGE_TEST(test_joins_inside_one_another),
	    STAGE_TEST(test_leave_inside_event),
	    STAGE_TEST(test_room_ends_inside_event),
	    STAGE_TEST(test_shutdown_inside_event),
	    STAGE_TEST(test_rejoin_when_ended),
	    STAGE_TEST(test_crowd),
	    cmocka_unit_test(test_random_play),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
