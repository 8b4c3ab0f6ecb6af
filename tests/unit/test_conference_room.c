/* A room's life: who makes it, who comes and goes, what they are told, its end.
 */
#include "tests/unit/conference_stage.h"

/* X2S-14: the others hear of a joiner before he hears of himself, then comes
 * the history, then the subject. */
static void test_join_order(void **state)
{
	struct stage *s = *state;

	assert_int_equal(enter(s, 0, xmpp_join("ann@x", "Ann")), REASON_OK);
	heard(s, 0, "joined Ann created\nsubject '' by  (delayed)\n");
	say(s, 0, 0, "one");
	say(s, 0, 0, "two");
	command(s, 0, (struct seat_cmd){SEAT_SUBJECT, .text = STR("tea")});
	heard(s, 0, "Ann: one\nAnn: two\nsubject 'tea' by Ann\n");

	assert_int_equal(enter(s, 1, sip_join("sip:ben@x", "Ben")), REASON_OK);
	heard(s, 0, "+ Ben\n");
	heard(s, 1,
	      "joined Ben\nAnn: one (delayed)\nAnn: two (delayed)\n"
	      "subject 'tea' by Ann (delayed)\n");
	say(s, 1, 0, "three");
	heard(s, 0, "Ben: three\n");
	heard(s, 1, "Ben: three\n");
}

static void note_first(struct fake_seat *f, const struct seat_ev *ev)
{
	struct stage *s = f->user;

	(void)ev;
	/* the joiner has not heard anything yet, but is in the roster */
	assert_int_equal(s->seat[1].log.n, 0);
	assert_non_null(who(s, "Ben"));
	f->then = NULL;
}

static void test_others_hear_first(void **state)
{
	struct stage *s = *state;

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	s->seat[0].then = note_first;
	s->seat[0].user = s;
	enter(s, 1, xmpp_join("ben@x", "Ben"));
	assert_null(s->seat[0].then);
}

static void test_identity_shown(void **state)
{
	struct stage *s = *state;
	struct seat_join join = sip_join("sip:ben@x", "Ben B");
	const struct occupant *o;
	size_t it = 0;

	join.jid = STR("ben\\40x@gw");
	join.stable_id = STR("stable-1");
	join.device = STR("sip:ben@10.0.0.1");
	enter(s, 0, join);
	o = seat_roster(&s->seat[0].seat, &it);
	assert_true(str_eq(o->user, STR("sip:ben@x")));
	assert_true(str_eq(o->jid, STR("ben\\40x@gw")));
	assert_true(str_eq(o->stable_id, STR("stable-1")));
	assert_true(str_eq(o->display, STR("Ben B")));
	assert_true(str_eq(o->devices->label, STR("sip:ben@10.0.0.1")));
	assert_int_equal(o->devices->seat, s->seat[0].seat.id);
	assert_true(o->devices->private_messages);
	assert_int_equal(o->affiliation, AFF_OWNER);
	assert_int_equal(o->role, ROLE_MODERATOR);
	assert_null(seat_roster(&s->seat[0].seat, &it));
	assert_ptr_equal(seat_by_id(&s->seat[0].seat, o->id), o);
	assert_null(seat_by_id(&s->seat[0].seat, o->id + 7));
	assert_ptr_equal(seat_by_user(&s->seat[0].seat, STR("sip:ben@x")), o);
	assert_ptr_equal(seat_by_nick(&s->seat[0].seat, STR(" BEN  b")), o);
	assert_null(seat_by_nick(&s->seat[0].seat, STR("ben")));
}

static void test_seat_in_no_room(void **state)
{
	struct stage *s = *state;
	struct room_info info;
	size_t it = 0;

	nick(s, 0, 7, "Ann");
	heard(s, 0, "= REASON_NOT_JOINED op=7\n");
	nick(s, 0, 0, "Ann");
	leave(s, 0);
	heard(s, 0, "");
	assert_null(seat_roster(&s->seat[0].seat, &it));
	assert_null(seat_by_id(&s->seat[0].seat, 1));
	seat_info(&s->seat[0].seat, &info);
	assert_int_equal(info.address.n, 0);
}

/* Nothing comes into being without the right to it.
 */
static void test_may_create(void **state)
{
	struct stage *s = *state;
	struct seat_join join = xmpp_join("ann@x", "Ann");

	join.may_create = false;
	assert_int_equal(enter(s, 0, join), REASON_MAY_NOT_CREATE);
	join.may_create = true;
	join.observer = true;
	assert_int_equal(enter(s, 0, join), REASON_NO_ROOM);
	join.observer = false;
	join.nick = STR("\t");
	assert_int_equal(enter(s, 0, join), REASON_BAD_NICK);
	join.nick = STR_NONE;
	assert_int_equal(enter(s, 0, join), REASON_BAD_NICK);
	join.nick = STR("Ann");
	join.user = STR_NONE;
	assert_int_equal(enter(s, 0, join), REASON_BAD_REQUEST);
	assert_int_equal(rooms_count(s->rooms), 0);
	assert_false(seat_in_room(&s->seat[0].seat));
	heard(s, 0, "");
	loop_settle(s->loop);

	join.user = STR("ann@x");
	assert_int_equal(enter(s, 0, join), REASON_OK);
	join = xmpp_join("ben@x", "Ben");
	join.may_create = false;
	assert_int_equal(enter(s, 1, join), REASON_OK);
	assert_int_equal(rooms_count(s->rooms), 1);
}

static void test_limits(void **state)
{
	struct stage *s = *state;
	struct seat_join join = xmpp_join("ann@x", "Ann");
	char big[5000];

	memset(big, 'a', sizeof(big));
	join.user = str_of(big, sizeof(big));
	assert_int_equal(enter(s, 0, join), REASON_BAD_REQUEST);

	s->policy.max_occupants = 2;
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, xmpp_join("ben@x", "Ben"));
	assert_int_equal(enter(s, 2, xmpp_join("cat@x", "Cat")), REASON_FULL);
	assert_int_equal(enter(s, 2, sip_join("sip:c@x", "C")), REASON_FULL);
	/* a further device takes no place */
	assert_int_equal(enter(s, 2, xmpp_join("ben@x", "Ben")), REASON_OK);

	join = (struct seat_join){.room = ROOM, .observer = true};
	for (int i = 3; i < 7; i++)
		assert_int_equal(enter(s, i, join), REASON_OK);
	assert_int_equal(enter(s, 7, join), REASON_FULL);
	for (int i = 3; i < 7; i++)
		leave(s, i);

	for (char c = 'a'; c < 'h'; c++) {
		join = xmpp_join("ann@x", "Ann");
		join.room = str_of(&c, 1);
		assert_int_equal(enter(s, 3 + c - 'a', join), REASON_OK);
	}
	join.room = STR("one too many");
	assert_int_equal(enter(s, 12, join), REASON_OVERLOAD);
	assert_int_equal(rooms_count(s->rooms), 8);
}

static void test_devices_are_limited(void **state)
{
	struct stage *s = *state;
	struct fake_seat device[33];
	struct seat_join join = sip_join("sip:ben@x", "Ben");

	for (int i = 0; i < 33; i++) {
		fake_seat_init(&device[i]);
		assert_int_equal(
		    rooms_join(s->rooms, &s->policy, &join, &device[i].seat),
		    i < 32 ? REASON_OK : REASON_FULL);
	}
	rooms_shutdown(s->rooms);
	for (int i = 0; i < 33; i++)
		fake_seat_done(&device[i]);
}

static void test_devices_of_one_user(void **state)
{
	struct stage *s = *state;
	struct seat_join join = sip_join("sip:ben@x", "Benny");
	const struct occupant *o;

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	forget(s);
	join.private_messages = false;
	assert_int_equal(enter(s, 2, join), REASON_OK);
	heard(s, 0, "~ Ben devices=2\n");
	heard(s, 1, "~ Ben devices=2\n");
	heard(s, 2, "joined Ben\nsubject '' by  (delayed)\n");
	o = who(s, "Ben");
	assert_int_equal(o->devices->seat, s->seat[1].seat.id);
	assert_int_equal(o->devices->next->seat, s->seat[2].seat.id);
	assert_false(o->devices->next->private_messages);
	assert_null(o->devices->next->next);

	leave(s, 1);
	heard(s, 0, "~ Ben devices=1\n");
	heard(s, 1, "");
	heard(s, 2, "~ Ben devices=1\n");
	assert_int_equal(who(s, "Ben")->devices->seat, s->seat[2].seat.id);
	leave(s, 2);
	heard(s, 0, "- Ben REASON_LEFT\n");
}

/* X2S-25: one bare JID under one nickname is one occupant. */
static void test_xmpp_sessions_of_one_user(void **state)
{
	struct stage *s = *state;

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	assert_int_equal(enter(s, 1, xmpp_join("ann@x", "ANN")), REASON_OK);
	heard(s, 1, "joined Ann renamed\nsubject '' by  (delayed)\n");
	assert_int_equal(who(s, "ann")->n_devices, 2);
	/* under another nickname he is a second one */
	assert_int_equal(enter(s, 2, xmpp_join("ann@x", "Annie")), REASON_OK);
	assert_int_equal(who(s, "ann")->n_devices, 2);
	assert_int_equal(who(s, "annie")->n_devices, 1);
	assert_ptr_equal(seat_by_user(&s->seat[0].seat, STR("ann@x")),
			 who(s, "ann"));
	forget(s);
	leave(s, 0);
	heard(s, 1, "~ Ann devices=1\n");
	heard(s, 2, "~ Ann devices=1\n");
	leave(s, 1);
	heard(s, 2, "- Ann REASON_LEFT\n");
	assert_ptr_equal(seat_by_user(&s->seat[2].seat, STR("ann@x")),
			 who(s, "annie"));
}

static void test_leave_with_reason(void **state)
{
	struct stage *s = *state;

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	forget(s);
	command(s, 1,
		(struct seat_cmd){SEAT_LEAVE, .op = 5, .code = REASON_LOST,
				  .text = STR("connection reset")});
	assert_false(seat_in_room(&s->seat[1].seat));
	heard(s, 0, "- Ben REASON_LOST connection reset\n");
	heard(s, 1, "");
}

/* X2S-35: the last one leaves a room that is not kept: it is gone. */
static void test_empty_room_ends(void **state)
{
	struct stage *s = *state;
	struct seat_join watch = {.room = ROOM,
				  .observer = true,
				  .wants = WANTS_ALL,
				  .user = STR("sip:w@x")};

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	say(s, 0, 0, "old");
	assert_int_equal(enter(s, 1, watch), REASON_OK);
	leave(s, 0);
	heard(s, 1, "joined -\n- Ann REASON_LEFT\n");
	assert_non_null(rooms_find(s->rooms, ROOM));
	loop_settle(s->loop);
	assert_null(rooms_find(s->rooms, ROOM));
	heard(s, 1, "ended REASON_ROOM_GONE\n");
	assert_false(seat_in_room(&s->seat[1].seat));

	enter(s, 2, sip_join("sip:ben@x", "Ben"));
	heard(s, 2, "joined Ben created\nsubject '' by  (delayed)\n");
}

static void test_persistent_room_stays(void **state)
{
	struct stage *s = *state;

	s->policy.persistent = true;
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	say(s, 0, 0, "old");
	command(s, 0, (struct seat_cmd){SEAT_SUBJECT, .text = STR("tea")});
	leave(s, 0);
	stage_pass(s, 100000);
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	heard(s, 1,
	      "joined Ben\nAnn: old (delayed)\n"
	      "subject 'tea' by Ann (delayed)\n");
	assert_int_equal(who(s, "Ben")->affiliation, AFF_NONE);
	assert_int_equal(who(s, "Ben")->role, ROLE_PARTICIPANT);
	/* who made it is its owner when he is back */
	enter(s, 0, xmpp_join("ann@x", "Annie"));
	assert_int_equal(who(s, "Annie")->affiliation, AFF_OWNER);
	assert_int_equal(who(s, "Annie")->role, ROLE_MODERATOR);
}

static void test_observer(void **state)
{
	struct stage *s = *state;
	struct seat_join watch = {.room = ROOM,
				  .observer = true,
				  .wants =
				      SEAT_WANTS_ROSTER | SEAT_WANTS_SUBJECT};
	struct room_info info;

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	say(s, 0, 0, "one");
	forget(s);
	enter(s, 1, watch);
	heard(s, 1, "joined -\n");
	heard(s, 0, "");
	seat_info(&s->seat[1].seat, &info);
	assert_int_equal(info.n_occupants, 1);
	enter(s, 2, sip_join("sip:ben@x", "Ben"));
	say(s, 2, 0, "two");
	command(s, 0, (struct seat_cmd){SEAT_SUBJECT, .text = STR("tea")});
	heard(s, 1, "+ Ben\nsubject 'tea' by Ann\n");
	say(s, 1, 3, "not mine");
	heard(s, 1, "= REASON_NOT_JOINED op=3\n");
	leave(s, 1);
	leave(s, 2);
	heard(s, 1, "");
}

static void test_wants(void **state)
{
	struct stage *s = *state;
	struct seat_join join = sip_join("sip:ben@x", "Ben");

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	say(s, 0, 0, "one");
	join.wants = 0;
	enter(s, 1, join);
	say(s, 0, 0, "two");
	command(s, 0, (struct seat_cmd){SEAT_SUBJECT, .text = STR("tea")});
	enter(s, 2, sip_join("sip:c@x", "Cat"));
	heard(s, 1, "joined Ben\n");
	say(s, 1, 4, "mine");
	heard(s, 1, "= REASON_OK op=4\n");
}

/* A locked room: its owner alone, and a quarter of an hour. */
static void test_lock(void **state)
{
	struct stage *s = *state;
	struct seat_join join = xmpp_join("ann@x", "Ann");
	struct room_info info;

	join.wants_lock = true;
	enter(s, 0, join);
	seat_info(&s->seat[0].seat, &info);
	assert_true(info.locked);
	assert_int_equal(enter(s, 1, xmpp_join("ben@x", "Ben")), REASON_LOCKED);
	join.observer = true;
	join.user = join.jid = STR("ben@x");
	assert_int_equal(enter(s, 1, join), REASON_LOCKED);
	assert_int_equal(enter(s, 1, xmpp_join("ann@x", "Ann")), REASON_OK);
	forget(s);
	command(s, 0, (struct seat_cmd){SEAT_UNLOCK, .op = 1});
	heard(s, 0, "room\n= REASON_OK op=1\n");
	heard(s, 1, "room\n");
	command(s, 1, (struct seat_cmd){SEAT_UNLOCK, .op = 2});
	heard(s, 1, "= REASON_OK op=2\n");
	assert_int_equal(enter(s, 2, xmpp_join("ben@x", "Ben")), REASON_OK);
	command(s, 2, (struct seat_cmd){SEAT_UNLOCK, .op = 3});
	heard(s, 2,
	      "joined Ben\nsubject '' by  (delayed)\n"
	      "= REASON_FORBIDDEN op=3\n");
	stage_pass(s, 900000);
	heard(s, 0, "+ Ben\n");
	assert_non_null(rooms_find(s->rooms, ROOM));
}

static void test_lock_runs_out(void **state)
{
	struct stage *s = *state;
	struct seat_join join = xmpp_join("ann@x", "Ann");

	s->policy.persistent = true;
	join.wants_lock = true;
	enter(s, 0, join);
	forget(s);
	stage_pass(s, 899999);
	heard(s, 0, "");
	stage_pass(s, 1);
	heard(s, 0, "ended REASON_ROOM_GONE\n");
	assert_int_equal(rooms_count(s->rooms), 0);
	/* leaving it locked ends it as well, though it would be kept */
	enter(s, 0, join);
	leave(s, 0);
	loop_settle(s->loop);
	assert_int_equal(rooms_count(s->rooms), 0);
}

static void test_destroy(void **state)
{
	struct stage *s = *state;
	struct seat_cmd destroy = {SEAT_DESTROY, .op = 9, .text = STR("late")};

	s->policy.persistent = true;
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	forget(s);
	command(s, 1, destroy);
	heard(s, 1, "= REASON_FORBIDDEN op=9\n");
	command(s, 0, destroy);
	heard(s, 0, "= REASON_OK op=9\nended REASON_ROOM_GONE late\n");
	heard(s, 1, "ended REASON_ROOM_GONE late\n");
	assert_false(seat_in_room(&s->seat[0].seat));
	assert_int_equal(rooms_count(s->rooms), 0);
	/* a new one at once */
	assert_int_equal(enter(s, 0, xmpp_join("ben@x", "Ben")), REASON_OK);
	heard(s, 0, "joined Ben created\nsubject '' by  (delayed)\n");
}

static void test_shutdown(void **state)
{
	struct stage *s = *state;
	struct seat_join other = xmpp_join("ann@x", "Ann");

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	other.room = STR("coffee@rooms.example");
	enter(s, 1, other);
	forget(s);
	rooms_shutdown(s->rooms);
	heard(s, 0, "ended REASON_SHUTDOWN\n");
	heard(s, 1, "ended REASON_SHUTDOWN\n");
	assert_int_equal(enter(s, 2, other), REASON_SHUTDOWN);
	assert_int_equal(rooms_count(s->rooms), 0);
}

static void test_subject(void **state)
{
	struct stage *s = *state;
	struct message *m = text_message("");
	struct seat_cmd cmd = {SEAT_SUBJECT, .op = 4, .msg = m};
	struct room_info info;
	char big[8193];

	m->client_id = STR("id-1");
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	forget(s);
	cmd.text = STR("tea & cake");
	command(s, 1, cmd);
	message_unref(m);
	heard(s, 0, "subject 'tea & cake' by Ben\n");
	heard(s, 1, "subject 'tea & cake' by Ben op=4\n= REASON_OK op=4\n");
	seat_info(&s->seat[0].seat, &info);
	assert_true(str_eq(info.subject.text, STR("tea & cake")));
	assert_true(str_eq(info.subject.id, STR("id-1")));
	assert_int_equal(info.subject.time_ms, s->wall_ms);
	memset(big, 'x', sizeof(big));
	command(s, 1,
		(struct seat_cmd){SEAT_SUBJECT, .op = 5,
				  .text = str_of(big, sizeof(big))});
	heard(s, 1, "= REASON_TOO_BIG op=5\n");
	command(s, 0, (struct seat_cmd){.type = SEAT_SUBJECT});
	heard(s, 1, "subject '' by Ann\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STAGE_TEST(test_join_order),
	    STAGE_TEST(test_others_hear_first),
	    STAGE_TEST(test_identity_shown),
	    STAGE_TEST(test_seat_in_no_room),
	    STAGE_TEST(test_may_create),
	    STAGE_TEST(test_limits),
	    STAGE_TEST(test_devices_are_limited),
	    STAGE_TEST(test_devices_of_one_user),
	    STAGE_TEST(test_xmpp_sessions_of_one_user),
	    STAGE_TEST(test_leave_with_reason),
	    STAGE_TEST(test_empty_room_ends),
	    STAGE_TEST(test_persistent_room_stays),
	    STAGE_TEST(test_observer),
	    STAGE_TEST(test_wants),
	    STAGE_TEST(test_lock),
	    STAGE_TEST(test_lock_runs_out),
	    STAGE_TEST(test_destroy),
	    STAGE_TEST(test_shutdown),
	    STAGE_TEST(test_subject),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
