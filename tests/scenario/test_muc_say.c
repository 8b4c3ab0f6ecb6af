/* What a SIP user says in a remote MUC and what the room makes of it: every
 * message once, and its sender hears what has become of it. */
#include "muc_peer.h"

/* S2X-27, S2X-28, 15.4-1: id and origin-id are one; the answer comes with the
 * echo, after the message's own place in the room's order. */
static void test_say(void **state)
{
	static struct muc_user u;
	const struct xnode *n;

	muc_join(&u, *state, MUC_RO);
	muc_say(&u, 1, "ok & <so>");
	n = muc_take_said(&u);
	muc_has(&u, n, "<body>ok &amp; &lt;so&gt;</body>");
	assert_true(str_eq(x_attr(x_child(n, "origin-id", NS_SID), "id"),
			   str_z(u.last)));
	muc_heard(&u, "");
	muc_says(&u, "message", MUC_ANN,
		 "type='groupchat'><body>before</body>");
	muc_echo(&u, u.last, "ok &amp; &lt;so&gt;");
	muc_heard(&u, "Ann: before\n"
		      "Ro: ok & <so> op=1\n"
		      "= REASON_OK op=1\n");
	muc_user_done(&u);
}

/* 15.4-2, -3 and -5, REFL-6: whatever of it the room has changed, and as often
 * as it was said. */
static void test_repeats(void **state)
{
	static struct muc_user u;

	muc_join(&u, *state, MUC_RO);
	muc_say(&u, 1, "ok");
	muc_say(&u, 2, "ok");
	muc_echo(&u, "room-1", "ok");
	muc_echo(&u, "room-2", "ok");
	muc_heard(&u, "Ro: ok op=1\n= REASON_OK op=1\n"
		      "Ro: ok op=2\n= REASON_OK op=2\n");
	muc_echo(&u, "room-3", "ok");
	muc_heard(&u, "Ro: ok\n");
	muc_says(&u, "message", MUC_ANN,
		 "type='groupchat' id='%s'><body>ok</body>", u.last);
	muc_heard(&u, "Ann: ok\n");
	muc_user_done(&u);
}

/* 15.4-10, S2X-28, S2X-29: 200 after 10 s; what comes after that. */
static void test_late(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_say(&u, 1, "a");
	muc_take_said(&u);
	scene_run(s, 9999);
	muc_heard(&u, "");
	scene_run(s, 1);
	muc_heard(&u, "= REASON_OK op=1\n");
	scene_run(s, 2000);
	muc_refuses(&u, "message", MUC_ROOM, "auth", "forbidden");
	muc_heard(&u, "undelivered a REASON_FORBIDDEN\n");
	muc_say(&u, 2, "b");
	muc_take_said(&u);
	scene_run(s, 15000);
	muc_echo(&u, u.last, "b");
	muc_heard(&u, "= REASON_OK op=2\n");
	/* one that never comes */
	muc_say(&u, 3, "c");
	muc_take_said(&u);
	scene_run(s, 59999);
	muc_heard(&u, "= REASON_OK op=3\n");
	scene_run(s, 1);
	muc_heard(&u, "undelivered c REASON_TIMEOUT\n");
	muc_user_done(&u);
}

/* S2X-29: the end comes before the room's echo does. */
static void test_end_before_echo(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_say(&u, 1, "a");
	scene_run(s, 10000);
	muc_heard(&u, "= REASON_OK op=1\n");
	muc_say(&u, 2, "b");
	muc_says(&u, "presence", MUC_OWN,
		 "type='unavailable'><x xmlns='" NS_MUC_USER "'><item "
		 "affiliation='none' role='none'/><status code='110'/>"
		 "<status code='307'/></x>");
	muc_heard(&u, "undelivered a REASON_TIMEOUT\n"
		      "= REASON_TIMEOUT op=2\n"
		      "ended REASON_KICKED\n");
	muc_user_done(&u);
}

/* S2X-29, S2X-44: errors in time are the answer. */
static void test_refused(void **state)
{
	static const struct {
		const char *type, *condition, *heard;
	} rows[] = {
	    {"auth", "forbidden", "= REASON_FORBIDDEN op=1\n"},
	    {"modify", "bad-request", "= REASON_BAD_REQUEST op=1\n"},
	    {"modify", "policy-violation", "= REASON_TOO_BIG op=1\n"},
	    {"wait", "resource-constraint", "= REASON_TIMEOUT op=1\n"},
	};
	static struct muc_user u;

	muc_join(&u, *state, MUC_RO);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		muc_say(&u, 1, "x");
		muc_take_said(&u);
		muc_refuses(&u, "message", MUC_ROOM, rows[i].type,
			    rows[i].condition);
		muc_heard(&u, rows[i].heard);
	}
	muc_present(&u, "Ro", "visitor", MUC_SELF);
	muc_heard(&u, "~ Ro role=1\n");
	muc_say(&u, 2, "x");
	muc_heard(&u, "= REASON_NO_VOICE op=2\n");
	assert_true(muc_none(&u, MUC_ROOM));
	muc_user_done(&u);
}

/* S2X-30: who wants no answer gets none, but failures all the same. */
static void test_no_answer_wanted(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_say(&u, 0, "a");
	muc_take_said(&u);
	muc_echo(&u, u.last, "a");
	muc_heard(&u, "");
	muc_say(&u, 0, "b");
	muc_take_said(&u);
	muc_refuses(&u, "message", MUC_ROOM, "auth", "forbidden");
	muc_heard(&u, "undelivered b REASON_FORBIDDEN\n");
	muc_user_done(&u);
}

/* S2X-32: not in the room: he comes again, it is said once more; the second
 * time his leg is over. */
static void test_not_in(void **state)
{
	static struct muc_user u;
	char id[128];

	muc_join(&u, *state, MUC_RO);
	muc_say(&u, 1, "a");
	muc_take_said(&u);
	snprintf(id, sizeof(id), "%s", u.last);
	muc_refuses(&u, "message", MUC_ROOM, "modify", "not-acceptable");
	muc_heard(&u, "");
	muc_take(&u, MUC_OWN);
	muc_admit(&u);
	muc_take_said(&u);
	assert_string_equal(u.last, id);
	muc_heard(&u, "subject 'tea' by Ann (delayed)\n");
	muc_echo(&u, u.last, "a");
	muc_heard(&u, "Ro: a op=1\n= REASON_OK op=1\n");
	muc_say(&u, 2, "b");
	muc_take_said(&u);
	muc_refuses(&u, "message", MUC_ROOM, "cancel", "item-not-found");
	muc_take(&u, MUC_OWN);
	muc_admit(&u);
	muc_take_said(&u);
	fake_seat_heard(&u.seat);
	muc_refuses(&u, "message", MUC_ROOM, "modify", "not-acceptable");
	muc_heard(&u, "= REASON_NOT_JOINED op=2\nended REASON_LOST\n");
	muc_user_done(&u);
}

/* REFL-9, 15.4-7: what his other device says is a message for this one. */
static void test_other_device(void **state)
{
	struct scene *s = *state;
	static struct muc_user a, b;
	struct seat_join join;

	muc_join(&a, s, MUC_RO);
	muc_user_init(&b, s, MUC_RO);
	join = muc_wish(&b);
	join.device = STR("sip:ro@192.0.2.2");
	muc_enter(&b, &join);
	muc_take(&b, MUC_OWN);
	muc_admit(&b);
	fake_seat_heard(&b.seat);
	muc_say(&a, 1, "ok");
	muc_say(&b, 2, "ok");
	muc_take_said(&a);
	muc_take_said(&b);
	muc_echo(&a, b.last, "ok");
	muc_heard(&a, "Ro: ok\n");
	muc_echo(&b, b.last, "ok");
	muc_heard(&b, "Ro: ok op=2\n= REASON_OK op=2\n");
	muc_user_done(&a);
	muc_user_done(&b);
}

/* BODY-12, BODY-27, BODY-29: what no stanza can carry. */
static void test_types(void **state)
{
	static struct muc_user u;
	struct seat_cmd cmd = {.type = SEAT_SAY, .op = 1};
	static char big[60001];

	muc_join(&u, *state, MUC_RO);
	cmd.msg = message_new(1000);
	message_add_part(cmd.msg, STR("image/png"), STR_NONE, STR("x"));
	seat_command(&u.seat.seat, &cmd);
	muc_heard(&u, "= REASON_BAD_TYPE op=1\n");
	message_unref(cmd.msg);
	memset(big, '<', sizeof(big) - 1);
	cmd.msg = message_new(100000);
	message_add_part(cmd.msg, STR("text/plain"), STR_NONE, str_z(big));
	seat_command(&u.seat.seat, &cmd);
	muc_heard(&u, "= REASON_TOO_BIG op=1\n");
	message_unref(cmd.msg);
	cmd.msg = message_new(1000);
	seat_command(&u.seat.seat, &cmd);
	muc_heard(&u, "= REASON_OK op=1\n");
	message_unref(cmd.msg);
	assert_true(muc_none(&u, MUC_ROOM));
	muc_user_done(&u);
}

/* 15.4-9: renamed between message and echo. */
static void test_renamed_meanwhile(void **state)
{
	static struct muc_user u;
	char id[128];

	muc_join(&u, *state, MUC_RO);
	muc_say(&u, 1, "ok");
	muc_take_said(&u);
	snprintf(id, sizeof(id), "%s", u.last);
	muc_command(&u, SEAT_NICK, 2, "Rm");
	muc_take(&u, MUC_ROOM "/Rm");
	muc_present(&u, "Rm", "participant", MUC_SELF);
	fake_seat_heard(&u.seat);
	muc_echo(&u, id, "ok");
	muc_heard(&u, "Ro: ok op=1\n= REASON_OK op=1\n");
	muc_user_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MUC_TEST(test_say),		 MUC_TEST(test_repeats),
	    MUC_TEST(test_late),	 MUC_TEST(test_end_before_echo),
	    MUC_TEST(test_refused),	 MUC_TEST(test_no_answer_wanted),
	    MUC_TEST(test_not_in),	 MUC_TEST(test_renamed_meanwhile),
	    MUC_TEST(test_other_device), MUC_TEST(test_types),
	};

	return cmocka_run_group_tests_name("muc_say", tests, NULL, NULL);
}
