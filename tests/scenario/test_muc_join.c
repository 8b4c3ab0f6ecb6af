/* How SIP users come into remote MUC rooms. */
#include "muc_peer.h"

/* S2X-4, S2X-5, S2X-6, S2X-8: nothing is told before the room has let him in.
 */
static void test_join(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	static struct muc_user u;
	size_t it = 0;

	muc_knock(&u, s, MUC_RO);
	n = xmpp_take(s, MUC_ROOM);
	assert_true(str_starts(x_attr(n, "from"), STR("ro@sip.test/sip-")));
	xmpp_drop(s);
	muc_user_done(&u);
	muc_knock(&u, s, MUC_RO);
	muc_answer_info(&u, "<feature var='muc_membersonly'/>");
	n = muc_take(&u, MUC_OWN);
	assert_true(str_eq(n->name, STR("presence")));
	muc_has(&u, n, "<history maxstanzas='20'/>");
	muc_has(&u, n, "http://jabber.org/protocol/caps");
	muc_present(&u, "Ann", "moderator", "");
	muc_heard(&u, "");
	muc_present(&u, "Ro", "participant", MUC_SELF);
	muc_heard(&u, "joined Ro\n");
	assert_non_null(seat_roster(&u.seat.seat, &it));
	muc_says(&u, "message", MUC_ROOM "/Zoe",
		 "type='groupchat'><body>old</body><delay xmlns='" NS_DELAY
		 "' from='" MUC_ROOM "' stamp='2020-01-01T00:00:00Z'/>");
	muc_subject(&u, "tea");
	muc_says(&u, "message", MUC_ANN, "type='groupchat'><body>hello</body>");
	muc_heard(&u, "Zoe: old (delayed)\n"
		      "subject 'tea' by Ann (delayed)\n"
		      "Ann: hello\n");
	muc_user_done(&u);
	n = xmpp_take(s, MUC_OWN);
	assert_true(str_eq(x_attr(n, "type"), STR("unavailable")));
}

/* S2X-4: what disco says is remembered, so the next one joins at once. */
static void test_known_room(void **state)
{
	struct scene *s = *state;
	static struct muc_user u, v;
	struct seat_join join;

	muc_join(&u, s, MUC_RO);
	muc_user_init(&v, s, "sip:al@sip.test");
	join = muc_wish(&v);
	assert_int_equal(muc_enter(&v, &join), REASON_OK);
	assert_true(muc_none(&v, MUC_ROOM));
	muc_take(&v, MUC_OWN);
	muc_user_done(&v);
	xmpp_drop(s);
	scene_run(s, 600000);
	muc_user_init(&v, s, "sip:al@sip.test");
	assert_int_equal(muc_enter(&v, &join), REASON_OK);
	muc_take(&v, MUC_ROOM);
	muc_user_done(&v);
	muc_user_done(&u);
}

static void info_error(struct muc_user *u, const char *condition)
{
	muc_take(u, MUC_ROOM);
	muc_refuses(u, "iq", MUC_ROOM, "cancel", condition);
}

/* S2X-4: no such room, no room at all, no password. */
static void test_no_room(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_knock(&u, s, MUC_RO);
	info_error(&u, "item-not-found");
	muc_heard(&u, "ended REASON_NO_ROOM\n");
	muc_user_done(&u);
	muc_knock(&u, s, MUC_RO);
	muc_take(&u, MUC_ROOM);
	muc_says(&u, "iq", MUC_ROOM,
		 "type='result' id='%s'><query xmlns='" NS_DISCO_INFO "'>"
		 "<identity category='account' type='registered'/></query>",
		 u.last);
	muc_heard(&u, "ended REASON_NO_ROOM\n");
	muc_user_done(&u);
	muc_knock(&u, s, MUC_RO);
	info_error(&u, "remote-server-timeout");
	muc_heard(&u, "ended REASON_TIMEOUT\n");
	muc_user_done(&u);
	muc_knock(&u, s, MUC_RO);
	info_error(&u, "forbidden");
	muc_take(&u, MUC_OWN);
	muc_user_done(&u);
}

/* S2X-11: 403 at once, or when the room says so; a password that is known goes
 * with the join. */
static void test_password(void **state)
{
	struct scene *s = *state;
	struct seat_join join;
	static struct muc_user u;

	muc_knock(&u, s, MUC_RO);
	muc_answer_info(&u, "<feature var='muc_passwordprotected'/>");
	muc_heard(&u, "ended REASON_PASSWORD Room password required\n");
	muc_user_done(&u);
	muc_user_init(&u, s, MUC_RO);
	join = muc_wish(&u);
	join.password = STR("se<ret");
	assert_int_equal(muc_enter(&u, &join), REASON_OK);
	muc_has(&u, muc_take(&u, MUC_OWN), "<password>se&lt;ret</password>");
	muc_refuses_join(&u, "Ro", "auth", "not-authorized");
	muc_heard(&u, "ended REASON_PASSWORD Room password required\n");
	muc_user_done(&u);
}

/* S2X-7: up to five variants. */
static void test_conflict(void **state)
{
	struct scene *s = *state;
	char nick[16] = "Ro", to[64];
	static struct muc_user u;

	muc_knock(&u, s, MUC_RO);
	muc_answer_info(&u, "");
	for (int i = 1; i <= 6; i++) {
		if (i > 1)
			snprintf(nick, sizeof(nick), "Ro %d", i);
		snprintf(to, sizeof(to), MUC_ROOM "/%s", nick);
		muc_take(&u, to);
		muc_refuses_join(&u, nick, "cancel", "conflict");
	}
	muc_heard(&u, "ended REASON_NICK_TAKEN\n");
	muc_user_done(&u);
	muc_knock(&u, s, MUC_RO);
	muc_take(&u, MUC_OWN);
	muc_refuses_join(&u, "Ro", "cancel", "conflict");
	muc_take(&u, MUC_ROOM "/Ro 2");
	muc_present(&u, "Ro 2", "participant", MUC_SELF);
	muc_heard(&u, "joined Ro 2 renamed\n");
	muc_user_done(&u);
}

static void knock_as(struct muc_user *u, struct scene *s, const char *display)
{
	struct seat_join join;

	muc_user_init(u, s, MUC_RO);
	join = muc_wish(u);
	join.display = str_z(display);
	assert_int_equal(muc_enter(u, &join), REASON_OK);
}

static int setup_passwords(void **state)
{
	*state = scene_new(
	    "domain \"sip.test\" { users = sip secret = \"x\" }\n"
	    "domain \"muc.test\" { rooms = xmpp password = \"all's\" }\n"
	    "room \"r@muc.test\" { password = \"pw\" }\n");
	return 0;
}

/* S2X-11: the configuration knows the password of a room, or that of all. */
static void test_configured_password(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;
	struct seat_join join;

	muc_user_init(&u, s, MUC_RO);
	join = muc_wish(&u);
	assert_int_equal(muc_enter(&u, &join), REASON_OK);
	muc_answer_info(&u, "<feature var='muc_passwordprotected'/>");
	muc_has(&u, muc_take(&u, MUC_OWN), "<password>pw</password>");
	muc_user_done(&u);
	xmpp_drop(s);
	join.room = STR("other@muc.test");
	assert_int_equal(muc_enter(&u, &join), REASON_OK);
	muc_take(&u, "other@muc.test");
	muc_says(&u, "iq", "other@muc.test",
		 "type='result' id='%s'><query xmlns='" NS_DISCO_INFO
		 "'><identity category='conference' type='text'/></query>",
		 u.last);
	muc_has(&u, muc_take(&u, "other@muc.test/Ro"),
		"<password>all's</password>");
	muc_user_done(&u);
}

/* S2X-6: a display name that the server or the room doesn't take keeps nobody
 * out. */
static void test_plainer_nick(void **state)
{
	static const char heart[] = "Zo\u00eb \U0001f600";
	struct scene *s = *state;
	static struct muc_user u;

	knock_as(&u, s, heart);
	muc_answer_info(&u, "");
	muc_take(&u, MUC_ROOM "/Zo\u00eb \U0001f600");
	muc_refuses_join(&u, heart, "modify", "jid-malformed");
	muc_take(&u, MUC_ROOM "/Zo\u00eb");
	muc_refuses_join(&u, "Zo\u00eb", "cancel", "conflict");
	muc_take(&u, MUC_ROOM "/Zo\u00eb 2");
	muc_present(&u, "Zo\u00eb 2", "participant", MUC_SELF);
	muc_heard(&u, "joined Zo\u00eb 2 renamed\n");
	muc_user_done(&u);
	/* nothing of it is plain */
	knock_as(&u, s, "\U0001f600");
	muc_take(&u, MUC_ROOM "/\U0001f600");
	muc_refuses_join(&u, "\U0001f600", "modify", "not-acceptable");
	muc_take(&u, MUC_ROOM "/ro");
	muc_present(&u, "ro", "participant", MUC_SELF);
	muc_heard(&u, "joined ro renamed\n");
	muc_user_done(&u);
}

/* S2X-8: refusals are told as reasons of their own, silence after 25 s. */
static void test_refused(void **state)
{
	static const struct {
		const char *type, *condition, *heard;
	} rows[] = {
	    {"auth", "forbidden", "ended REASON_BANNED\n"},
	    {"auth", "registration-required", "ended REASON_MEMBERS_ONLY\n"},
	    {"wait", "service-unavailable", "ended REASON_FULL\n"},
	    {"cancel", "not-allowed", "ended REASON_NOT_ALLOWED\n"},
	    {"cancel", "item-not-found", "ended REASON_NO_ROOM\n"},
	};
	struct scene *s = *state;
	static struct muc_user u;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		muc_knock(&u, s, MUC_RO);
		if (i == 0)
			muc_answer_info(&u, "");
		muc_take(&u, MUC_OWN);
		muc_refuses_join(&u, "Ro", rows[i].type, rows[i].condition);
		muc_heard(&u, rows[i].heard);
		muc_user_done(&u);
	}
	muc_knock(&u, s, MUC_RO);
	muc_take(&u, MUC_OWN);
	scene_run(s, 24999);
	muc_heard(&u, "");
	scene_run(s, 1);
	muc_heard(&u, "ended REASON_NO_ANSWER\n");
	muc_leaves(&u);
	muc_user_done(&u);
}

/* S2X-10: a room that he has made by accident is given up. */
static void test_may_not_create(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_knock(&u, s, MUC_RO);
	muc_answer_info(&u, "");
	muc_take(&u, MUC_OWN);
	muc_present(&u, "Ro", "moderator", MUC_SELF "<status code='201'/>");
	muc_heard(&u, "ended REASON_NO_ROOM\n");
	muc_has(&u, muc_take(&u, MUC_ROOM), "type='cancel'");
	muc_leaves(&u);
	muc_user_done(&u);
}

/* S2X-10, S2X-4: where he may, an empty form opens it before he is told. */
static void test_create(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_knock(&u, s, MUC_RO);
	info_error(&u, "item-not-found");
	muc_take(&u, MUC_OWN);
	muc_present(&u, "Ro", "moderator", MUC_SELF "<status code='201'/>");
	muc_heard(&u, "");
	muc_has(&u, muc_take(&u, MUC_ROOM), "type='submit'");
	muc_says(&u, "iq", MUC_ROOM, "type='result' id='%s'>", u.last);
	muc_heard(&u, "joined Ro created\n");
	muc_user_done(&u);
}

/* S2X-12: what the gateway has to warn of is known on joining, and told when it
 * changes. */
static void test_statuses(void **state)
{
	struct scene *s = *state;
	struct room_info info;
	static struct muc_user u;

	muc_knock(&u, s, MUC_RO);
	muc_answer_info(&u, "<feature var='muc_moderated'/>");
	muc_take(&u, MUC_OWN);
	muc_present(&u, "Ro", "participant",
		    MUC_SELF "<status code='100'/><status code='170'/>");
	seat_info(&u.seat.seat, &info);
	assert_true(info.non_anonymous && info.logged && info.moderated);
	assert_true(str_eq(info.name, STR("Tea")));
	muc_heard(&u, "joined Ro\n");
	muc_says(&u, "message", MUC_ROOM,
		 "type='groupchat'><x xmlns='" NS_MUC_USER "'>"
		 "<status code='171'/><status code='173'/></x>");
	muc_heard(&u, "room\n");
	seat_info(&u.seat.seat, &info);
	assert_false(info.non_anonymous || info.logged);
	muc_says(&u, "message", MUC_ROOM,
		 "type='groupchat'><x xmlns='" NS_MUC_USER "'>"
		 "<status code='171'/></x>");
	muc_heard(&u, "");
	muc_user_done(&u);
}

/* S2X-16, ADDR-18: a second device has a JID of its own, which does not tell
 * its address, and tries the same name. */
static void test_two_devices(void **state)
{
	struct scene *s = *state;
	static struct muc_user u, v;
	struct seat_join join;

	muc_join(&u, s, MUC_RO);
	muc_user_init(&v, s, MUC_RO);
	join = muc_wish(&v);
	join.device = STR("<sip:ro@192.0.2.2;gr>");
	join.display = STR("Another");
	assert_int_equal(muc_enter(&v, &join), REASON_OK);
	muc_take(&v, MUC_OWN);
	assert_string_not_equal(u.jid, v.jid);
	assert_null(strstr(v.jid, "192.0.2.2"));
	muc_user_done(&v);
	xmpp_drop(s);
	/* and one that calls twice */
	muc_user_init(&v, s, MUC_RO);
	join.device = STR("sip:ro@192.0.2.1");
	assert_int_equal(muc_enter(&v, &join), REASON_OK);
	muc_take(&v, MUC_OWN);
	assert_string_not_equal(u.jid, v.jid);
	muc_user_done(&v);
	muc_user_done(&u);
}

/* Subscriptions look at what the user's device has. */
static void test_observer(void **state)
{
	struct scene *s = *state;
	static struct muc_user u, w;
	struct seat_join join;

	muc_user_init(&w, s, MUC_RO);
	join = muc_wish(&w);
	join.observer = true;
	assert_int_equal(muc_enter(&w, &join), REASON_NOT_JOINED);
	muc_knock(&u, s, MUC_RO);
	assert_int_equal(muc_enter(&w, &join), REASON_OK);
	muc_answer_info(&u, "");
	muc_take(&u, MUC_OWN);
	muc_heard(&w, "");
	muc_admit(&u);
	muc_heard(&w, "joined -\nsubject 'tea' by Ann (delayed)\n");
	muc_user_done(&u);
	muc_heard(&w, "ended REASON_LEFT\n");
	muc_user_done(&w);
}

static void test_strangers(void **state)
{
	struct scene *s = *state;
	struct seat_join join;
	static struct muc_user u;

	muc_user_init(&u, s, "sip:zoe@elsewhere.test");
	join = muc_wish(&u);
	assert_int_equal(muc_enter(&u, &join), REASON_FORBIDDEN);
	assert_false(seat_in_room(&u.seat.seat));
	muc_user_done(&u);
	core_link_down(&s->core, STR("sip.test"));
	muc_user_init(&u, s, MUC_RO);
	join = muc_wish(&u);
	assert_int_equal(muc_enter(&u, &join), REASON_OVERLOAD);
	core_link_up(&s->core, STR("sip.test"), true);
	assert_int_equal(muc_enter(&u, &join), REASON_OK);
	muc_user_done(&u);
}

static void test_own_jid_is_self(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_knock(&u, s, MUC_RO);
	muc_answer_info(&u, "");
	muc_take(&u, MUC_OWN);
	muc_says(&u, "presence", MUC_OWN,
		 "><x xmlns='" NS_MUC_USER "'><item affiliation='none' "
		 "role='participant' jid='%s'/></x>",
		 u.jid);
	muc_heard(&u, "joined Ro\n");
	muc_user_done(&u);
}

/* After our own start people come back before the stream is there, and a stream
 * may break while they are on their way in. */
static void test_joins_before_stream(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_knock(&u, s, MUC_RO);
	muc_take(&u, MUC_ROOM);
	core_link_up(&s->core, STR("sip.test"), false);
	muc_answer_info(&u, "");
	muc_take(&u, MUC_OWN);
	core_link_down(&s->core, STR("sip.test"));
	core_link_up(&s->core, STR("sip.test"), true);
	muc_take(&u, MUC_OWN);
	muc_admit(&u);
	muc_heard(&u, "joined Ro\nsubject 'tea' by Ann (delayed)\n");
	muc_user_done(&u);
}

/* A device comes again before the room has told it that it left. */
static void test_quick_return(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_knock(&u, s, MUC_RO);
	muc_answer_info(&u, "");
	muc_take(&u, MUC_OWN);
	muc_gone(&u, "Ro", MUC_NO_ROLE MUC_SELF);
	muc_heard(&u, "");
	muc_admit(&u);
	muc_heard(&u, "joined Ro\nsubject 'tea' by Ann (delayed)\n");
	muc_user_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MUC_TEST(test_join),
	    MUC_TEST(test_known_room),
	    MUC_TEST(test_no_room),
	    MUC_TEST(test_password),
	    MUC_TEST(test_conflict),
	    MUC_TEST(test_plainer_nick),
	    cmocka_unit_test_setup_teardown(test_configured_password,
					    setup_passwords, scene_teardown),
	    MUC_TEST(test_refused),
	    MUC_TEST(test_may_not_create),
	    MUC_CREATING(test_create),
	    MUC_TEST(test_statuses),
	    MUC_TEST(test_two_devices),
	    MUC_TEST(test_observer),
	    MUC_TEST(test_strangers),
	    MUC_TEST(test_own_jid_is_self),
	    MUC_TEST(test_joins_before_stream),
	    MUC_TEST(test_quick_return),
	};

	return cmocka_run_group_tests_name("muc_join", tests, NULL, NULL);
}
