/* How SIP users come into remote MUC rooms, stay there and leave. */
#include "muc_peer.h"

#include <stdlib.h>

#define RO "sip:ro@sip.test"

static int setup(void **state)
{
	*state = scene_new(MUC_CONFIG);
	return 0;
}

static int setup_creating(void **state)
{
	*state =
	    scene_new("domain \"sip.test\" { users = sip secret = \"x\" }\n"
		      "domain \"muc.test\" { rooms = xmpp "
		      "create = sip }\n");
	return 0;
}

static int teardown(void **state)
{
	scene_free(*state);
	return 0;
}

#define TEST(f)	    cmocka_unit_test_setup_teardown(f, setup, teardown)
#define CREATING(f) cmocka_unit_test_setup_teardown(f, setup_creating, teardown)

static void enter(struct muc_user *u, struct scene *s)
{
	struct seat_join join;

	muc_user_init(u, s, RO);
	join = muc_wish(u);
	assert_int_equal(muc_enter(u, &join), REASON_OK);
}

static void refuse_join(struct muc_user *u, const char *nick, const char *type,
			const char *condition)
{
	char from[256];

	snprintf(from, sizeof(from), MUC_ROOM "/%s", nick);
	muc_says(u, "presence", from,
		 "type='error' id='%s'><x xmlns='" NS_MUC "'/>"
		 "<error type='%s'><%s xmlns='" NS_STANZAS "'/></error>",
		 u->last, type, condition);
}

/* S2X-4, S2X-5, S2X-6, S2X-8: nothing is told before the room has let him in.
 */
static void test_join(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	static struct muc_user u;
	size_t it = 0;

	enter(&u, s);
	n = xmpp_take(s, MUC_ROOM);
	assert_true(str_starts(x_attr(n, "from"), STR("ro@sip.test/sip-")));
	xmpp_drop(s);
	muc_user_done(&u);
	enter(&u, s);
	muc_answer_info(&u, "<feature var='muc_membersonly'/>");
	n = muc_take(&u, MUC_ROOM "/Ro");
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
	muc_says(&u, "message", MUC_ROOM "/Ann",
		 "type='groupchat'><body>hello</body>");
	muc_heard(&u, "Zoe: old (delayed)\n"
		      "subject 'tea' by Ann (delayed)\n"
		      "Ann: hello\n");
	muc_user_done(&u);
	n = xmpp_take(s, MUC_ROOM "/Ro");
	assert_true(str_eq(x_attr(n, "type"), STR("unavailable")));
}

/* S2X-4: what disco says is remembered, so the next one joins at once. */
static void test_known_room(void **state)
{
	struct scene *s = *state;
	static struct muc_user u, v;
	struct seat_join join;

	muc_join(&u, s, RO);
	muc_user_init(&v, s, "sip:al@sip.test");
	join = muc_wish(&v);
	assert_int_equal(muc_enter(&v, &join), REASON_OK);
	assert_true(muc_none(&v, MUC_ROOM));
	muc_take(&v, MUC_ROOM "/Ro");
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
	muc_says(
	    u, "iq", MUC_ROOM,
	    "type='error' id='%s'><error type='cancel'><%s xmlns='" NS_STANZAS
	    "'/></error>",
	    u->last, condition);
}

/* S2X-4: no such room, no room at all, no password. */
static void test_no_room(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	enter(&u, s);
	info_error(&u, "item-not-found");
	muc_heard(&u, "ended REASON_NO_ROOM\n");
	muc_user_done(&u);
	enter(&u, s);
	muc_take(&u, MUC_ROOM);
	muc_says(&u, "iq", MUC_ROOM,
		 "type='result' id='%s'><query xmlns='" NS_DISCO_INFO "'>"
		 "<identity category='account' type='registered'/></query>",
		 u.last);
	muc_heard(&u, "ended REASON_NO_ROOM\n");
	muc_user_done(&u);
	enter(&u, s);
	info_error(&u, "remote-server-timeout");
	muc_heard(&u, "ended REASON_NO_ANSWER\n");
	muc_user_done(&u);
	enter(&u, s);
	info_error(&u, "forbidden");
	muc_take(&u, MUC_ROOM "/Ro");
	muc_user_done(&u);
}

/* S2X-11: 403 at once, or when the room says so; a password that is known goes
 * with the join. */
static void test_password(void **state)
{
	struct scene *s = *state;
	struct seat_join join;
	static struct muc_user u;

	enter(&u, s);
	muc_answer_info(&u, "<feature var='muc_passwordprotected'/>");
	muc_heard(&u, "ended REASON_PASSWORD Room password required\n");
	muc_user_done(&u);
	muc_user_init(&u, s, RO);
	join = muc_wish(&u);
	join.password = STR("se<ret");
	assert_int_equal(muc_enter(&u, &join), REASON_OK);
	muc_has(&u, muc_take(&u, MUC_ROOM "/Ro"),
		"<password>se&lt;ret</password>");
	refuse_join(&u, "Ro", "auth", "not-authorized");
	muc_heard(&u, "ended REASON_PASSWORD Room password required\n");
	muc_user_done(&u);
}

/* S2X-7: up to five variants. */
static void test_conflict(void **state)
{
	struct scene *s = *state;
	char nick[16] = "Ro", to[64];
	static struct muc_user u;

	enter(&u, s);
	muc_answer_info(&u, "");
	for (int i = 1; i <= 6; i++) {
		if (i > 1)
			snprintf(nick, sizeof(nick), "Ro %d", i);
		snprintf(to, sizeof(to), MUC_ROOM "/%s", nick);
		muc_take(&u, to);
		refuse_join(&u, nick, "cancel", "conflict");
	}
	muc_heard(&u, "ended REASON_NICK_TAKEN\n");
	muc_user_done(&u);
	enter(&u, s);
	muc_take(&u, MUC_ROOM "/Ro");
	refuse_join(&u, "Ro", "cancel", "conflict");
	muc_take(&u, MUC_ROOM "/Ro 2");
	muc_present(&u, "Ro 2", "participant", MUC_SELF);
	muc_heard(&u, "joined Ro 2 renamed\n");
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
	    {"modify", "not-acceptable", "ended REASON_NOT_ACCEPTED\n"},
	};
	struct scene *s = *state;
	static struct muc_user u;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enter(&u, s);
		if (i == 0)
			muc_answer_info(&u, "");
		muc_take(&u, MUC_ROOM "/Ro");
		refuse_join(&u, "Ro", rows[i].type, rows[i].condition);
		muc_heard(&u, rows[i].heard);
		muc_user_done(&u);
	}
	enter(&u, s);
	muc_take(&u, MUC_ROOM "/Ro");
	scene_run(s, 24999);
	muc_heard(&u, "");
	scene_run(s, 1);
	muc_heard(&u, "ended REASON_NO_ANSWER\n");
	assert_true(str_eq(x_attr(muc_take(&u, MUC_ROOM "/Ro"), "type"),
			   STR("unavailable")));
	muc_user_done(&u);
}

/* S2X-10: a room that he has made by accident is given up. */
static void test_may_not_create(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	enter(&u, s);
	muc_answer_info(&u, "");
	muc_take(&u, MUC_ROOM "/Ro");
	muc_present(&u, "Ro", "moderator", MUC_SELF "<status code='201'/>");
	muc_heard(&u, "ended REASON_NO_ROOM\n");
	muc_has(&u, muc_take(&u, MUC_ROOM), "type='cancel'");
	assert_true(str_eq(x_attr(muc_take(&u, MUC_ROOM "/Ro"), "type"),
			   STR("unavailable")));
	muc_user_done(&u);
}

/* S2X-10, S2X-4: where he may, an empty form opens it before he is told. */
static void test_create(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	enter(&u, s);
	info_error(&u, "item-not-found");
	muc_take(&u, MUC_ROOM "/Ro");
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

	enter(&u, s);
	muc_answer_info(&u, "<feature var='muc_moderated'/>");
	muc_take(&u, MUC_ROOM "/Ro");
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

	muc_join(&u, s, RO);
	muc_user_init(&v, s, RO);
	join = muc_wish(&v);
	join.device = STR("<sip:ro@192.0.2.2;gr>");
	join.display = STR("Another");
	assert_int_equal(muc_enter(&v, &join), REASON_OK);
	muc_take(&v, MUC_ROOM "/Ro");
	assert_string_not_equal(u.jid, v.jid);
	assert_null(strstr(v.jid, "192.0.2.2"));
	muc_user_done(&v);
	xmpp_drop(s);
	/* and one that calls twice */
	muc_user_init(&v, s, RO);
	join.device = STR("sip:ro@192.0.2.1");
	assert_int_equal(muc_enter(&v, &join), REASON_OK);
	muc_take(&v, MUC_ROOM "/Ro");
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

	muc_user_init(&w, s, RO);
	join = muc_wish(&w);
	join.observer = true;
	assert_int_equal(muc_enter(&w, &join), REASON_NOT_JOINED);
	enter(&u, s);
	assert_int_equal(muc_enter(&w, &join), REASON_OK);
	muc_answer_info(&u, "");
	muc_take(&u, MUC_ROOM "/Ro");
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
	muc_user_init(&u, s, RO);
	join = muc_wish(&u);
	assert_int_equal(muc_enter(&u, &join), REASON_OVERLOAD);
	core_link_up(&s->core, STR("sip.test"), true);
	assert_int_equal(muc_enter(&u, &join), REASON_OK);
	muc_user_done(&u);
}

static void gone(struct muc_user *u, const char *nick, const char *inner)
{
	char from[256];

	snprintf(from, sizeof(from), MUC_ROOM "/%s", nick);
	muc_says(u, "presence", from,
		 "type='unavailable'><x xmlns='" NS_MUC_USER "'>%s</x>", inner);
}

#define ITEM "<item affiliation='none' role='none'/>"
#define KICK                                                                   \
	"<item affiliation='none' role='none'><actor nick='Ann'/>"             \
	"<reason>flood</reason></item><status code='307'/>"

/* S2X-23 */
static void test_others_go(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, RO);
	muc_present(&u, "A", "participant", "");
	muc_present(&u, "B", "participant", "");
	muc_present(&u, "C", "participant", "");
	muc_present(&u, "D", "participant", "");
	muc_heard(&u, "+ A\n+ B\n+ C\n+ D\n");
	gone(&u, "A", KICK);
	gone(&u, "B", ITEM "<status code='301'/>");
	gone(&u, "C", ITEM "<status code='333'/><status code='307'/>");
	muc_says(&u, "presence", MUC_ROOM "/D",
		 "type='unavailable'><status>bye</status>"
		 "<x xmlns='" NS_MUC_USER "'>" ITEM "</x>");
	muc_heard(&u, "- A REASON_KICKED flood by Ann\n"
		      "- B REASON_BANNED\n"
		      "- C REASON_LOST\n"
		      "- D REASON_LEFT bye\n");
	gone(&u, "Ann",
	     "<item affiliation='none' role='none' nick='Anna'/>"
	     "<status code='303'/>");
	muc_present(&u, "Anna", "moderator", "");
	muc_heard(&u, "~ Anna nick=Anna (was Ann)\n");
	muc_user_done(&u);
}

/* S2X-21 */
static void test_removed(void **state)
{
	static const struct {
		const char *inner, *heard;
	} rows[] = {
	    {MUC_SELF KICK, "ended REASON_KICKED flood by Ann\n"},
	    {MUC_SELF ITEM "<status code='301'/>", "ended REASON_BANNED\n"},
	    {MUC_SELF ITEM "<status code='321'/>", "ended REASON_NOT_MEMBER\n"},
	    {MUC_SELF ITEM "<status code='322'/>",
	     "ended REASON_MEMBERS_ONLY\n"},
	    {ITEM MUC_SELF "<destroy jid='n@muc.test'><reason>moved</reason>"
			   "</destroy>",
	     "ended REASON_ROOM_GONE moved to n@muc.test\n"},
	    {ITEM MUC_SELF, "ended REASON_LOST\n"},
	};
	struct scene *s = *state;
	static struct muc_user u;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enter(&u, s);
		if (i == 0)
			muc_answer_info(&u, "");
		muc_take(&u, MUC_ROOM "/Ro");
		muc_admit(&u);
		fake_seat_heard(&u.seat);
		gone(&u, "Ro", rows[i].inner);
		muc_heard(&u, rows[i].heard);
		assert_true(muc_none(&u, MUC_ROOM "/Ro"));
		muc_user_done(&u);
	}
}

static void test_own_jid_is_self(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	enter(&u, s);
	muc_answer_info(&u, "");
	muc_take(&u, MUC_ROOM "/Ro");
	muc_says(&u, "presence", MUC_ROOM "/Ro",
		 "><x xmlns='" NS_MUC_USER "'><item affiliation='none' "
		 "role='participant' jid='%s'/></x>",
		 u.jid);
	muc_heard(&u, "joined Ro\n");
	muc_user_done(&u);
}

/* S2X-22: after 5, 15 and 60 s, then it is over; the roster's difference is
 * told. */
static void test_rejoin(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	static struct muc_user u;

	muc_join(&u, s, RO);
	muc_says(&u, "message", MUC_ROOM "/Ann",
		 "type='groupchat'><body>one</body>"
		 "<stanza-id xmlns='" NS_SID "' by='" MUC_ROOM "' id='s1'/>");
	muc_heard(&u, "Ann: one\n");
	gone(&u, "Ro", ITEM MUC_SELF "<status code='332'/>");
	muc_heard(&u, "");
	scene_run(s, 4999);
	assert_true(muc_none(&u, MUC_ROOM "/Ro"));
	scene_run(s, 1);
	n = muc_take(&u, MUC_ROOM "/Ro");
	muc_has(&u, n, "<history since='");
	muc_present(&u, "Ben", "participant", "");
	muc_present(&u, "Ro", "participant", MUC_SELF);
	muc_heard(&u, "+ Ben\n- Ann REASON_LOST\n");
	/* S2X-38: of the history only what is new */
	muc_says(&u, "message", MUC_ROOM "/Ann",
		 "type='groupchat'><body>one</body>"
		 "<stanza-id xmlns='" NS_SID "' by='" MUC_ROOM "' id='s1'/>"
		 "<delay xmlns='" NS_DELAY "' stamp='2026-10-14T17:46:40Z'/>");
	muc_says(&u, "message", MUC_ROOM "/Ann",
		 "type='groupchat'><body>two</body>"
		 "<stanza-id xmlns='" NS_SID "' by='" MUC_ROOM "' id='s2'/>"
		 "<delay xmlns='" NS_DELAY "' stamp='2026-10-14T17:46:41Z'/>");
	muc_heard(&u, "Ann: two (delayed)\n");
	gone(&u, "Ro",
	     ITEM MUC_SELF "<status code='333'/><status code='307'/>");
	scene_run(s, 5000);
	muc_take(&u, MUC_ROOM "/Ro");
	scene_run(s, 25000); /* silence */
	muc_take(&u, MUC_ROOM "/Ro");
	scene_run(s, 15000);
	muc_take(&u, MUC_ROOM "/Ro");
	scene_run(s, 25000);
	muc_take(&u, MUC_ROOM "/Ro");
	scene_run(s, 60000);
	muc_take(&u, MUC_ROOM "/Ro");
	muc_heard(&u, "");
	scene_run(s, 25000);
	muc_heard(&u, "ended REASON_NO_ANSWER\n");
	muc_user_done(&u);
}

/* S2X-21: a room's end, told to its occupant without 110 as in XEP-0045 §10.9.
 */
static void test_destroyed(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, RO);
	gone(&u, "Ro", ITEM "<destroy><reason>over</reason></destroy>");
	muc_heard(&u, "ended REASON_ROOM_GONE over\n");
	muc_user_done(&u);
}

/* S2X-10, S2X-22: of those who come back after a restart the first makes the
 * room; the others find it locked, and come in before he says anything. */
static void test_rejoin_made(void **state)
{
	struct scene *s = *state;
	static struct muc_user u, v;
	struct seat_join join;

	muc_join(&u, s, RO);
	muc_user_init(&v, s, "sip:ben@sip.test");
	join = muc_wish(&v);
	join.display = STR("Ben");
	assert_int_equal(muc_enter(&v, &join), REASON_OK);
	muc_take(&v, MUC_ROOM "/Ben");
	muc_present(&v, "Ben", "participant", MUC_SELF);
	gone(&u, "Ro", ITEM MUC_SELF "<status code='332'/>");
	gone(&v, "Ben", ITEM MUC_SELF "<status code='332'/>");
	muc_say(&u, 1, "first");
	scene_run(s, 5000);
	muc_take(&u, MUC_ROOM "/Ro");
	muc_take(&v, MUC_ROOM "/Ben");
	muc_present(&u, "Ro", "moderator", MUC_SELF "<status code='201'/>");
	refuse_join(&v, "Ben", "cancel", "item-not-found");
	assert_true(muc_none(&v, MUC_ROOM "/Ben"));
	muc_has(&u, muc_take(&u, MUC_ROOM), "type='submit'");
	muc_says(&u, "iq", MUC_ROOM, "type='result' id='%s'>", u.last);
	muc_take(&v, MUC_ROOM "/Ben");
	muc_has(&u, muc_take(&u, MUC_ROOM), "<body>first</body>");
	muc_user_done(&u);
	muc_user_done(&v);
}

/* S2X-22: still locked after a restart; banned meanwhile. */
static void test_rejoin_refused(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, RO);
	gone(&u, "Ro", ITEM MUC_SELF "<status code='332'/>");
	scene_run(s, 5000);
	muc_take(&u, MUC_ROOM "/Ro");
	refuse_join(&u, "Ro", "cancel", "item-not-found");
	muc_heard(&u, "");
	scene_run(s, 15000);
	muc_take(&u, MUC_ROOM "/Ro");
	refuse_join(&u, "Ro", "cancel", "conflict");
	muc_take(&u, MUC_ROOM "/Ro 2");
	refuse_join(&u, "Ro 2", "auth", "forbidden");
	muc_heard(&u, "ended REASON_BANNED\n");
	muc_user_done(&u);
}

/* S2X-24, and S2X-22 where the answer is that he is not in the room. */
static void test_self_ping(void **state)
{
	static const char *const joined[] = {
	    "service-unavailable", "feature-not-implemented", "item-not-found"};
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, RO);
	scene_run(s, 899999);
	assert_true(muc_none(&u, MUC_ROOM "/Ro"));
	scene_run(s, 1);
	muc_has(&u, muc_take(&u, MUC_ROOM "/Ro"), "urn:xmpp:ping");
	muc_says(&u, "iq", MUC_ROOM "/Ro", "type='result' id='%s'>", u.last);
	for (size_t i = 0; i < 3; i++) {
		scene_run(s, 900000);
		muc_take(&u, MUC_ROOM "/Ro");
		muc_says(&u, "iq", MUC_ROOM "/Ro",
			 "type='error' id='%s'><error type='cancel'><%s "
			 "xmlns='" NS_STANZAS "'/></error>",
			 u.last, joined[i]);
		assert_true(muc_none(&u, MUC_ROOM "/Ro"));
	}
	scene_run(s, 900000);
	muc_take(&u, MUC_ROOM "/Ro");
	scene_run(s, 30000); /* no answer: it asks again soon */
	scene_run(s, 60000);
	muc_take(&u, MUC_ROOM "/Ro");
	muc_says(&u, "iq", MUC_ROOM "/Ro",
		 "type='error' id='%s'><error type='cancel'><not-acceptable "
		 "xmlns='" NS_STANZAS "'/></error>",
		 u.last);
	muc_has(&u, muc_take(&u, MUC_ROOM "/Ro"), "<history since=");
	muc_admit(&u);
	muc_heard(&u, "subject 'tea' by Ann (delayed)\n");
	muc_user_done(&u);
}

/* S2X-25: an error that answers nothing. */
static void test_presence_error(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, RO);
	muc_says(&u, "presence", MUC_ROOM "/Ro",
		 "type='error'><error type='cancel'><item-not-found "
		 "xmlns='" NS_STANZAS "'/></error>");
	scene_run(s, 5000);
	muc_take(&u, MUC_ROOM "/Ro");
	muc_admit(&u);
	muc_heard(&u, "subject 'tea' by Ann (delayed)\n");
	muc_user_done(&u);
}

/* S2X-20 */
static void test_leave(void **state)
{
	struct scene *s = *state;
	struct seat_cmd cmd = {.type = SEAT_LEAVE, .text = STR("tired")};
	const struct xnode *n;
	static struct muc_user u;

	muc_join(&u, s, RO);
	seat_command(&u.seat.seat, &cmd);
	n = muc_take(&u, MUC_ROOM "/Ro");
	assert_true(str_eq(x_attr(n, "type"), STR("unavailable")));
	muc_has(&u, n, "<status>tired</status>");
	muc_user_done(&u);
	muc_user_init(&u, s, RO);
	enter(&u, s);
	muc_take(&u, MUC_ROOM "/Ro");
	muc_admit(&u);
	cmd = (struct seat_cmd){.type = SEAT_LEAVE, .code = REASON_LOST};
	seat_command(&u.seat.seat, &cmd);
	muc_has(&u, muc_take(&u, MUC_ROOM "/Ro"),
		"<status>connection lost</status>");
	muc_user_done(&u);
}

/* The stream of his domain goes down and comes again (COMP-12), or does not.
 * The server may have started again and know nothing of the room. */
static void test_stream(void **state)
{
	static const char *const out[] = {"not-acceptable", "item-not-found"};
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, RO);
	for (size_t i = 0; i < 2; i++) {
		core_link_down(&s->core, STR("sip.test"));
		scene_run(s, 30000);
		core_link_up(&s->core, STR("sip.test"), true);
		muc_has(&u, muc_take(&u, MUC_ROOM "/Ro"), "urn:xmpp:ping");
		muc_says(&u, "iq", MUC_ROOM "/Ro",
			 "type='error' id='%s'><error type='cancel'><%s "
			 "xmlns='" NS_STANZAS "'/></error>",
			 u.last, out[i]);
		muc_has(&u, muc_take(&u, MUC_ROOM "/Ro"), "<history since=");
		muc_admit(&u);
		fake_seat_heard(&u.seat);
	}
	core_link_down(&s->core, STR("sip.test"));
	scene_run(s, 60000);
	muc_heard(&u, "ended REASON_NO_ANSWER\n");
	muc_user_done(&u);
}

/* After our own start people come back before the stream is there, and a stream
 * may break while they are on their way in. */
static void test_joins_before_stream(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	enter(&u, s);
	muc_take(&u, MUC_ROOM);
	core_link_up(&s->core, STR("sip.test"), false);
	muc_answer_info(&u, "");
	muc_take(&u, MUC_ROOM "/Ro");
	core_link_down(&s->core, STR("sip.test"));
	core_link_up(&s->core, STR("sip.test"), true);
	muc_take(&u, MUC_ROOM "/Ro");
	muc_admit(&u);
	muc_heard(&u, "joined Ro\nsubject 'tea' by Ann (delayed)\n");
	muc_user_done(&u);
}

/* S2X-20: who leaves while the stream is down, or comes back to his room after
 * our restart and is gone before it knows, stays nowhere. */
static void test_no_ghost(void **state)
{
	struct scene *s = *state;
	struct seat_join join;
	static struct muc_user u;

	muc_join(&u, s, RO);
	core_link_down(&s->core, STR("sip.test"));
	muc_user_done(&u);
	assert_true(muc_none(&u, MUC_ROOM "/Ro"));
	core_link_up(&s->core, STR("sip.test"), true);
	muc_has(&u, muc_take(&u, MUC_ROOM "/Ro"), "unavailable");
	scene_run(s, 600000); /* what is known of the room is old */
	muc_join(&u, s, RO);
	core_link_down(&s->core, STR("sip.test"));
	scene_run(s, 60000);
	muc_heard(&u, "ended REASON_NO_ANSWER\n");
	core_link_up(&s->core, STR("sip.test"), true);
	muc_has(&u, muc_take(&u, MUC_ROOM "/Ro"), "unavailable");
	muc_user_done(&u);
	scene_run(s, 600000);
	muc_user_init(&u, s, RO);
	join = muc_wish(&u);
	join.returning = true;
	join.nick = STR("Old");
	assert_int_equal(muc_enter(&u, &join), REASON_OK);
	muc_take(&u, MUC_ROOM);
	muc_user_done(&u);
	muc_has(&u, muc_take(&u, MUC_ROOM "/Old"), "unavailable");
}

/* A device comes again before the room has told it that it left. */
static void test_quick_return(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	enter(&u, s);
	muc_answer_info(&u, "");
	muc_take(&u, MUC_ROOM "/Ro");
	gone(&u, "Ro", ITEM MUC_SELF);
	muc_heard(&u, "");
	muc_admit(&u);
	muc_heard(&u, "joined Ro\nsubject 'tea' by Ann (delayed)\n");
	muc_user_done(&u);
}

/* The configuration is read again without the rooms' domain. */
static void test_reload(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, RO);
	core_reconfigure(&s->core);
	muc_heard(&u, "");
	for (size_t i = 0; i < s->config->n_domains; i++)
		if (s->config->domains[i].rooms == ROOMS_XMPP)
			s->config->domains[i].rooms = ROOMS_NONE;
	core_reconfigure(&s->core);
	muc_heard(&u, "ended REASON_SHUTDOWN\n");
	assert_true(str_eq(x_attr(muc_take(&u, MUC_ROOM "/Ro"), "type"),
			   STR("unavailable")));
	muc_user_done(&u);
}

/* COMP-13 */
static void test_shutdown(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, RO);
	core_shutdown(&s->core);
	muc_heard(&u, "ended REASON_SHUTDOWN\n");
	assert_true(str_eq(x_attr(muc_take(&u, MUC_ROOM "/Ro"), "type"),
			   STR("unavailable")));
	muc_user_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_join),
	    TEST(test_known_room),
	    TEST(test_no_room),
	    TEST(test_password),
	    TEST(test_conflict),
	    TEST(test_refused),
	    TEST(test_may_not_create),
	    CREATING(test_create),
	    TEST(test_statuses),
	    TEST(test_two_devices),
	    TEST(test_observer),
	    TEST(test_strangers),
	    TEST(test_others_go),
	    TEST(test_removed),
	    TEST(test_own_jid_is_self),
	    TEST(test_rejoin),
	    TEST(test_destroyed),
	    TEST(test_rejoin_refused),
	    CREATING(test_rejoin_made),
	    TEST(test_self_ping),
	    TEST(test_presence_error),
	    TEST(test_leave),
	    TEST(test_stream),
	    TEST(test_joins_before_stream),
	    TEST(test_quick_return),
	    TEST(test_no_ghost),
	    TEST(test_reload),
	    TEST(test_shutdown),
	};

	return cmocka_run_group_tests_name("muc_join", tests, NULL, NULL);
}
