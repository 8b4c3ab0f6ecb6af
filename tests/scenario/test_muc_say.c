/* What is said between SIP users and a remote MUC: every message once, and its
 * sender hears what has become of it. */
#include "muc_peer.h"

#define RO  "sip:ro@sip.test"
#define OWN MUC_ROOM "/Ro"
#define ANN MUC_ROOM "/Ann"

static int setup(void **state)
{
	*state = scene_new(MUC_CONFIG);
	return 0;
}

static int teardown(void **state)
{
	scene_free(*state);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* What he said goes to the room; its id is remembered. */
static const struct xnode *taken(struct muc_user *u)
{
	const struct xnode *n = muc_take(u, MUC_ROOM);

	assert_true(str_eq(x_attr(n, "type"), STR("groupchat")));
	return n;
}

static void echo(struct muc_user *u, const char *id, const char *body)
{
	muc_says(u, "message", OWN,
		 "type='groupchat' id='%s'><body>%s</body>"
		 "<stanza-id xmlns='" NS_SID "' by='" MUC_ROOM "' id='s-%s'/>",
		 id, body, id);
}

static void refuse(struct muc_user *u, const char *from, const char *type,
		   const char *condition)
{
	muc_says(u, "message", from,
		 "type='error' id='%s'><error type='%s'><%s xmlns='" NS_STANZAS
		 "'/></error>",
		 u->last, type, condition);
}

/* S2X-27, S2X-28, 15.4-1: id and origin-id are one; the answer comes with the
 * echo, after the message's own place in the room's order. */
static void test_say(void **state)
{
	static struct muc_user u;
	const struct xnode *n;

	muc_join(&u, *state, RO);
	muc_say(&u, 1, "ok & <so>");
	n = taken(&u);
	muc_has(&u, n, "<body>ok &amp; &lt;so&gt;</body>");
	assert_true(str_eq(x_attr(x_child(n, "origin-id", NS_SID), "id"),
			   str_z(u.last)));
	muc_heard(&u, "");
	muc_says(&u, "message", MUC_ROOM "/Ann",
		 "type='groupchat'><body>before</body>");
	echo(&u, u.last, "ok &amp; &lt;so&gt;");
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

	muc_join(&u, *state, RO);
	muc_say(&u, 1, "ok");
	muc_say(&u, 2, "ok");
	echo(&u, "room-1", "ok");
	echo(&u, "room-2", "ok");
	muc_heard(&u, "Ro: ok op=1\n= REASON_OK op=1\n"
		      "Ro: ok op=2\n= REASON_OK op=2\n");
	echo(&u, "room-3", "ok");
	muc_heard(&u, "Ro: ok\n");
	muc_says(&u, "message", MUC_ROOM "/Ann",
		 "type='groupchat' id='%s'><body>ok</body>", u.last);
	muc_heard(&u, "Ann: ok\n");
	muc_user_done(&u);
}

/* 15.4-10, S2X-28, S2X-29: 200 after 10 s; what comes after that. */
static void test_late(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, RO);
	muc_say(&u, 1, "a");
	taken(&u);
	scene_run(s, 9999);
	muc_heard(&u, "");
	scene_run(s, 1);
	muc_heard(&u, "= REASON_OK op=1\n");
	scene_run(s, 2000);
	refuse(&u, MUC_ROOM, "auth", "forbidden");
	muc_heard(&u, "undelivered a REASON_FORBIDDEN\n");
	muc_say(&u, 2, "b");
	taken(&u);
	scene_run(s, 15000);
	echo(&u, u.last, "b");
	muc_heard(&u, "= REASON_OK op=2\n");
	/* one that never comes */
	muc_say(&u, 3, "c");
	taken(&u);
	scene_run(s, 59999);
	muc_heard(&u, "= REASON_OK op=3\n");
	scene_run(s, 1);
	muc_heard(&u, "undelivered c REASON_TIMEOUT\n");
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

	muc_join(&u, *state, RO);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		muc_say(&u, 1, "x");
		taken(&u);
		refuse(&u, MUC_ROOM, rows[i].type, rows[i].condition);
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

	muc_join(&u, s, RO);
	muc_say(&u, 0, "a");
	taken(&u);
	echo(&u, u.last, "a");
	muc_heard(&u, "");
	muc_say(&u, 0, "b");
	taken(&u);
	refuse(&u, MUC_ROOM, "auth", "forbidden");
	muc_heard(&u, "undelivered b REASON_FORBIDDEN\n");
	muc_user_done(&u);
}

/* S2X-32: not in the room: he comes again, it is said once more; the second
 * time his leg is over. */
static void test_not_in(void **state)
{
	static struct muc_user u;
	char id[128];

	muc_join(&u, *state, RO);
	muc_say(&u, 1, "a");
	taken(&u);
	snprintf(id, sizeof(id), "%s", u.last);
	refuse(&u, MUC_ROOM, "modify", "not-acceptable");
	muc_heard(&u, "");
	muc_take(&u, OWN);
	muc_admit(&u);
	taken(&u);
	assert_string_equal(u.last, id);
	muc_heard(&u, "subject 'tea' by Ann (delayed)\n");
	echo(&u, u.last, "a");
	muc_heard(&u, "Ro: a op=1\n= REASON_OK op=1\n");
	muc_say(&u, 2, "b");
	taken(&u);
	refuse(&u, MUC_ROOM, "cancel", "item-not-found");
	muc_take(&u, OWN);
	muc_admit(&u);
	taken(&u);
	fake_seat_heard(&u.seat);
	refuse(&u, MUC_ROOM, "modify", "not-acceptable");
	muc_heard(&u, "= REASON_NOT_JOINED op=2\nended REASON_LOST\n");
	muc_user_done(&u);
}

static void away(struct muc_user *u)
{
	muc_says(u, "presence", OWN,
		 "type='unavailable'><x xmlns='" NS_MUC_USER "'>"
		 "<item affiliation='none' role='none'/>"
		 "<status code='110'/><status code='332'/></x>");
}

/* 15.4-11, S2X-22: the room restarts. What it has said is there once, what it
 * never had is told, what was said meanwhile goes out. */
static void test_restart(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;
	char first[128];

	muc_join(&u, s, RO);
	muc_say(&u, 1, "kept");
	taken(&u);
	snprintf(first, sizeof(first), "%s", u.last);
	muc_say(&u, 2, "lost");
	taken(&u);
	away(&u);
	muc_say(&u, 3, "meanwhile");
	assert_true(muc_none(&u, MUC_ROOM));
	scene_run(s, 5000);
	muc_take(&u, OWN);
	muc_present(&u, "Ann", "moderator", "");
	muc_present(&u, "Ro", "participant", MUC_SELF);
	taken(&u);
	muc_heard(&u, "");
	muc_says(
	    &u, "message", OWN,
	    "type='groupchat' id='%s'><body>kept</body><delay xmlns='" NS_DELAY
	    "' from='" MUC_ROOM "' stamp='2026-10-14T17:46:40Z'/>",
	    first);
	muc_heard(&u, "Ro: kept op=1\n= REASON_OK op=1\n");
	muc_subject(&u, "tea");
	muc_heard(&u, "subject 'tea' by Ann (delayed)\n"
		      "= REASON_TIMEOUT op=2\n");
	echo(&u, u.last, "meanwhile");
	muc_heard(&u, "Ro: meanwhile op=3\n= REASON_OK op=3\n");
	/* history once more: it was heard */
	muc_says(
	    &u, "message", OWN,
	    "type='groupchat' id='%s'><body>kept</body><delay xmlns='" NS_DELAY
	    "' from='" MUC_ROOM "' stamp='2026-10-14T17:46:40Z'/>",
	    first);
	muc_heard(&u, "");
	muc_user_done(&u);
}

static void pong(struct muc_user *u)
{
	muc_has(u, muc_take(u, OWN), "urn:xmpp:ping");
	muc_says(u, "iq", OWN, "type='result' id='%s'>", u->last);
}

/* While the stream is down what he says waits, and is told when it was too
 * long. */
static void test_stream_down(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, RO);
	/* what has no echo when the room answers again never came there */
	muc_whisper(&u, 4, "Ann", "psst");
	muc_take(&u, MUC_ROOM "/Ann");
	scene_run(s, 1000);
	muc_heard(&u, "= REASON_OK op=4\n");
	muc_say(&u, 2, "lost");
	taken(&u);
	core_link_down(&s->core, STR("sip.test"));
	muc_say(&u, 1, "a");
	assert_true(muc_none(&u, MUC_ROOM));
	core_link_up(&s->core, STR("sip.test"), true);
	pong(&u);
	muc_has(&u, muc_take(&u, OWN), "<history since='");
	muc_heard(&u, "");
	assert_true(muc_none(&u, MUC_ROOM));
	pong(&u);
	muc_heard(&u, "= REASON_TIMEOUT op=2\n");
	taken(&u);
	echo(&u, u.last, "a");
	muc_heard(&u, "Ro: a op=1\n= REASON_OK op=1\n");
	muc_user_done(&u);
}

/* As history, of the room's messages the one with this stanza-id. */
static void past(struct muc_user *u, const char *from, const char *id,
		 const char *body)
{
	muc_says(u, "message", from,
		 "type='groupchat' id='%s'><body>%s</body>"
		 "<stanza-id xmlns='" NS_SID "' by='" MUC_ROOM "' id='s-%s'/>"
		 "<delay xmlns='" NS_DELAY "' stamp='2026-10-14T17:46:40Z'/>",
		 id, body, id);
}

/* S2X-38, REFL-8, COMP-12: who is in the room still when his stream is up again
 * gets what was said meanwhile, each message once; of the rest that a room
 * tells who joins again he hears nothing. */
static void test_catch_up(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;
	char first[128], second[128];

	muc_join(&u, s, RO);
	muc_says(&u, "message", ANN,
		 "type='groupchat' id='1'><body>yes</body>"
		 "<stanza-id xmlns='" NS_SID "' by='" MUC_ROOM "' id='s-1'/>");
	muc_say(&u, 1, "heard");
	taken(&u);
	snprintf(first, sizeof(first), "%s", u.last);
	echo(&u, first, "heard");
	muc_heard(&u, "Ann: yes\nRo: heard op=1\n= REASON_OK op=1\n");
	muc_say(&u, 2, "kept");
	taken(&u);
	snprintf(second, sizeof(second), "%s", u.last);
	muc_say(&u, 3, "lost");
	taken(&u);
	core_link_down(&s->core, STR("sip.test"));
	core_link_up(&s->core, STR("sip.test"), true);
	pong(&u);
	muc_has(&u, muc_take(&u, OWN), "<history since='");
	muc_present(&u, "Ann", "moderator", "");
	muc_present(&u, "Ro", "participant", MUC_SELF);
	past(&u, ANN, "1", "yes");
	past(&u, OWN, first, "heard");
	past(&u, ANN, "2", "yes");
	past(&u, OWN, second, "kept");
	muc_heard(&u, "Ann: yes (delayed)\n"
		      "Ro: kept op=2\n= REASON_OK op=2\n");
	muc_subject(&u, "tea");
	muc_heard(&u, "");
	pong(&u);
	muc_heard(&u, "= REASON_TIMEOUT op=3\n");
	muc_subject(&u, "tea");
	muc_heard(&u, "subject 'tea' by Ann\n");
	muc_user_done(&u);
}

/* In a busy room, too, where the history is long. */
static void test_catch_up_busy(void **state)
{
	enum { MANY = 1000 };
	struct scene *s = *state;
	static struct muc_user u;
	char id[16];

	muc_join(&u, s, RO);
	for (int i = 0; i < MANY; i++) {
		snprintf(id, sizeof(id), "%d", i);
		muc_says(&u, "message", ANN,
			 "type='groupchat' id='%s'><body>%s</body><stanza-id "
			 "xmlns='" NS_SID "' by='" MUC_ROOM "' id='s-%s'/>",
			 id, id, id);
		fake_seat_heard(&u.seat);
	}
	core_link_down(&s->core, STR("sip.test"));
	core_link_up(&s->core, STR("sip.test"), true);
	pong(&u);
	muc_take(&u, OWN);
	for (int i = 0; i <= MANY; i++) {
		snprintf(id, sizeof(id), "%d", i);
		past(&u, ANN, id, id);
	}
	muc_heard(&u, "Ann: 1000 (delayed)\n");
	pong(&u);
	muc_user_done(&u);
}

/* A subject that was changed meanwhile is told; presence is an update, not the
 * whole roster, which some services don't send again. */
static void test_catch_up_changes(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, RO);
	muc_present(&u, "Ben", "participant", "");
	muc_heard(&u, "+ Ben\n");
	core_link_down(&s->core, STR("sip.test"));
	core_link_up(&s->core, STR("sip.test"), true);
	pong(&u);
	muc_take(&u, OWN);
	muc_present(&u, "Cat", "participant", "");
	muc_present(&u, "Ro", "participant", MUC_SELF);
	muc_subject(&u, "coffee");
	pong(&u);
	muc_heard(&u, "+ Cat\nsubject 'coffee' by Ann\n");
	muc_user_done(&u);
}

/* Who changes his nickname just then gets it: the presence goes to that one. */
static void test_catch_up_renamed(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, RO);
	core_link_down(&s->core, STR("sip.test"));
	core_link_up(&s->core, STR("sip.test"), true);
	muc_command(&u, SEAT_NICK, 7, "Rob");
	muc_take(&u, MUC_ROOM "/Rob");
	pong(&u);
	assert_true(muc_none(&u, OWN));
	muc_says(&u, "presence", OWN,
		 "type='unavailable'><x xmlns='" NS_MUC_USER "'><item "
		 "affiliation='none' role='participant' nick='Rob'/>"
		 "<status code='303'/>" MUC_SELF "</x>");
	muc_present(&u, "Rob", "participant", MUC_SELF);
	muc_has(&u, muc_take(&u, MUC_ROOM "/Rob"), "<history since='");
	fake_seat_heard(&u.seat);
	muc_user_done(&u);
}

/* A service that does not answer in time does not keep him from speaking. */
static void test_catch_up_silent(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, RO);
	core_link_down(&s->core, STR("sip.test"));
	core_link_up(&s->core, STR("sip.test"), true);
	muc_take(&u, OWN);
	muc_say(&u, 1, "a");
	assert_true(muc_none(&u, MUC_ROOM));
	scene_run(s, 30000);
	taken(&u);
	muc_user_done(&u);
}

/* S2X-33 */
static void test_private(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	static struct muc_user u;

	muc_join(&u, s, RO);
	muc_whisper(&u, 1, "Ann", "psst");
	n = muc_take(&u, MUC_ROOM "/Ann");
	assert_true(str_eq(x_attr(n, "type"), STR("chat")));
	muc_has(&u, n, "<x xmlns='" NS_MUC_USER "'/>");
	scene_run(s, 999);
	muc_heard(&u, "");
	scene_run(s, 1);
	muc_heard(&u, "= REASON_OK op=1\n");
	refuse(&u, MUC_ROOM "/Ann", "cancel", "item-not-found");
	muc_heard(&u, "undelivered psst REASON_NO_OCCUPANT\n");
	muc_whisper(&u, 2, "Ann", "psst");
	muc_take(&u, MUC_ROOM "/Ann");
	refuse(&u, MUC_ROOM "/Ann", "cancel", "service-unavailable");
	muc_heard(&u, "= REASON_NO_PRIVATE op=2\n");
	muc_whisper(&u, 3, "Zoe", "psst");
	muc_heard(&u, "= REASON_NO_OCCUPANT op=3\n");
	muc_user_done(&u);
}

/* S2X-35, S2X-36, S2X-26: who may write to him, and where. */
static void test_incoming(void **state)
{
	struct scene *s = *state;
	struct seat_cmd no_private = {.type = SEAT_DEVICE};
	static struct muc_user u;

	muc_join(&u, s, RO);
	muc_says(&u, "message", MUC_ROOM "/Ann",
		 "type='chat' id='p'><body>psst</body><x xmlns='" NS_MUC_USER
		 "'/>");
	muc_heard(&u, "Ann: psst (private)\n");
	muc_says(&u, "message", MUC_ROOM, "><body>be nice</body>");
	muc_heard(&u, ": be nice\n");
	muc_says(&u, "message", "eve@x.test/1",
		 "type='chat' id='e'><body>spam</body>");
	muc_heard(&u, "");
	muc_has(&u, muc_take(&u, "eve@x.test/1"), "service-unavailable");
	seat_command(&u.seat.seat, &no_private);
	fake_seat_heard(&u.seat);
	muc_says(&u, "message", MUC_ROOM "/Ann",
		 "type='chat' id='p'><body>psst</body>");
	muc_heard(&u, "");
	muc_has(&u, muc_take(&u, MUC_ROOM "/Ann"), "service-unavailable");
	muc_put(s, "sip.test",
		"<message from='" MUC_ROOM "/Ann' to='gone@sip.test/sip-1' "
		"type='groupchat' id='g'><body>x</body></message>");
	muc_has(&u, xmpp_take(s, MUC_ROOM "/Ann"), "service-unavailable");
	muc_put(s, "sip.test",
		"<presence from='" MUC_ROOM "/Ann' "
		"to='gone@sip.test/sip-1'/>");
	assert_true(xmpp_none(s, MUC_ROOM "/Ann"));
	muc_user_done(&u);
}

/* S2X-45, DISCO-13, DISCO-14 */
static void test_queries(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, RO);
	muc_says(&u, "presence", "eve@x.test", "type='subscribe' id='s'>");
	assert_true(str_eq(x_attr(xmpp_take(s, "eve@x.test"), "type"),
			   STR("unsubscribed")));
	muc_says(&u, "presence", "eve@x.test", "type='probe'>");
	assert_true(xmpp_none(s, "eve@x.test"));
	muc_says(&u, "iq", MUC_ROOM "/Ann",
		 "type='get' id='q'><query xmlns='" NS_DISCO_INFO "'/>");
	muc_has(&u, xmpp_take(s, MUC_ROOM "/Ann"), "category='client'");
	muc_says(&u, "iq", MUC_ROOM "/Ann",
		 "type='get' id='q'><query xmlns='" NS_DISCO_INFO
		 "' node='urn:stoxd:proxy#L4DJ4SWDU4UzkqwWamt6GABsgMI='/>");
	muc_has(&u, xmpp_take(s, MUC_ROOM "/Ann"), "jabber:x:conference");
	muc_says(&u, "iq", MUC_ROOM "/Ann",
		 "type='get' id='q'><query xmlns='" NS_DISCO_INFO
		 "' node='x'/>");
	muc_has(&u, xmpp_take(s, MUC_ROOM "/Ann"), "item-not-found");
	muc_says(&u, "iq", MUC_ROOM "/Ann",
		 "type='get' id='q'><ping xmlns='" NS_PING "'/>");
	assert_true(str_eq(x_attr(xmpp_take(s, MUC_ROOM "/Ann"), "type"),
			   STR("result")));
	muc_put(s, "sip.test",
		"<iq from='eve@x.test/1' to='ro@sip.test' type='get' id='q'>"
		"<query xmlns='" NS_DISCO_INFO "'/></iq>");
	muc_has(&u, xmpp_take(s, "eve@x.test/1"), "service-unavailable");
	muc_put(s, "sip.test",
		"<iq from='eve@x.test/1' to='ro@sip.test' type='get' id='q'>"
		"<query xmlns='" NS_DISCO_ITEMS "'/></iq>");
	assert_true(str_eq(x_attr(xmpp_take(s, "eve@x.test/1"), "type"),
			   STR("result")));
	muc_user_done(&u);
}

/* REFL-9, 15.4-7: what his other device says is a message for this one. */
static void test_other_device(void **state)
{
	struct scene *s = *state;
	static struct muc_user a, b;
	struct seat_join join;

	muc_join(&a, s, RO);
	muc_user_init(&b, s, RO);
	join = muc_wish(&b);
	join.device = STR("sip:ro@192.0.2.2");
	muc_enter(&b, &join);
	muc_take(&b, OWN);
	muc_admit(&b);
	fake_seat_heard(&b.seat);
	muc_say(&a, 1, "ok");
	muc_say(&b, 2, "ok");
	taken(&a);
	taken(&b);
	echo(&a, b.last, "ok");
	muc_heard(&a, "Ro: ok\n");
	echo(&b, b.last, "ok");
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

	muc_join(&u, *state, RO);
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

/* S2X-17 to S2X-19, NICK-12 */
static void test_nick(void **state)
{
	static const struct {
		const char *type, *condition, *heard;
	} rows[] = {
	    {"cancel", "conflict", "= REASON_NICK_TAKEN op=5\n"},
	    {"modify", "not-acceptable", "= REASON_FORBIDDEN op=5\n"},
	    {"modify", "jid-malformed", "= REASON_BAD_NICK op=5\n"},
	};
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, RO);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		muc_command(&u, SEAT_NICK, 5, "Romeo");
		muc_take(&u, MUC_ROOM "/Romeo");
		muc_says(&u, "presence", i ? OWN : MUC_ROOM "/Romeo",
			 "type='error' id='%s'><error type='%s'><%s "
			 "xmlns='" NS_STANZAS "'/></error>",
			 u.last, rows[i].type, rows[i].condition);
		muc_heard(&u, rows[i].heard);
	}
	muc_command(&u, SEAT_NICK, 6, "Romeo");
	muc_take(&u, MUC_ROOM "/Romeo");
	scene_run(s, 10000);
	muc_heard(&u, "= REASON_TIMEOUT op=6\n");
	muc_command(&u, SEAT_NICK, 7, "Romeo");
	muc_take(&u, MUC_ROOM "/Romeo");
	muc_says(&u, "presence", OWN,
		 "type='unavailable'><x xmlns='" NS_MUC_USER "'><item "
		 "affiliation='none' role='participant' nick='Romeo'/>"
		 "<status code='303'/><status code='110'/></x>");
	muc_heard(&u, "~ Romeo nick=Romeo (was Ro) op=7\n");
	muc_present(&u, "Romeo", "participant", MUC_SELF);
	muc_heard(&u, "= REASON_OK op=7\n");
	muc_command(&u, SEAT_NICK, 8, "Romeo");
	muc_heard(&u, "~ Romeo nick=Romeo (was Romeo) op=8\n"
		      "= REASON_OK op=8\n");
	muc_command(&u, SEAT_NICK, 9, "   ");
	muc_heard(&u, "= REASON_BAD_NICK op=9\n");
	muc_command(&u, SEAT_NICK, 10, "");
	muc_take(&u, OWN);
	muc_present(&u, "Ro the 2nd", "participant",
		    MUC_SELF "<status code='210'/>");
	muc_heard(&u, "~ Ro the 2nd nick=Ro the 2nd (was Romeo) op=10\n"
		      "= REASON_OK op=10\n");
	muc_user_done(&u);
}

/* 15.4-9: renamed between message and echo. */
static void test_renamed_meanwhile(void **state)
{
	static struct muc_user u;
	char id[128];

	muc_join(&u, *state, RO);
	muc_say(&u, 1, "ok");
	taken(&u);
	snprintf(id, sizeof(id), "%s", u.last);
	muc_command(&u, SEAT_NICK, 2, "Rm");
	muc_take(&u, MUC_ROOM "/Rm");
	muc_present(&u, "Rm", "participant", MUC_SELF);
	fake_seat_heard(&u.seat);
	echo(&u, id, "ok");
	muc_heard(&u, "Ro: ok op=1\n= REASON_OK op=1\n");
	muc_user_done(&u);
}

/* S2X-37 */
static void test_subject(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, RO);
	muc_subject(&u, "cake");
	muc_heard(&u, "subject 'cake' by Ann\n");
	muc_command(&u, SEAT_SUBJECT, 3, "jam");
	muc_has(&u, muc_take(&u, MUC_ROOM), "<subject>jam</subject>");
	muc_says(&u, "message", OWN,
		 "type='groupchat' id='%s'><subject>jam</subject>", u.last);
	muc_heard(&u, "subject 'jam' by Ro op=3\n= REASON_OK op=3\n");
	muc_command(&u, SEAT_SUBJECT, 4, "salt");
	muc_take(&u, MUC_ROOM);
	refuse(&u, MUC_ROOM, "auth", "forbidden");
	muc_heard(&u, "= REASON_FORBIDDEN op=4\n");
	muc_command(&u, SEAT_SUBJECT, 5, "salt");
	scene_run(s, 10000);
	muc_heard(&u, "= REASON_TIMEOUT op=5\n");
	muc_user_done(&u);
}

static void answer_iq(struct muc_user *u, const char *condition)
{
	if (condition)
		muc_says(u, "iq", MUC_ROOM,
			 "type='error' id='%s'><error type='auth'><%s "
			 "xmlns='" NS_STANZAS "'/></error>",
			 u->last, condition);
	else
		muc_says(u, "iq", MUC_ROOM, "type='result' id='%s'>", u->last);
}

/* S2X-41: a kick is a muc#admin query; other deeds of moderators and owners
 * likewise. */
static void test_moderation(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;
	struct seat_cmd cmd = {
	    .type = SEAT_KICK, .op = 1, .text = STR("flood")};
	const struct xnode *n;

	muc_join(&u, s, RO);
	cmd.target = seat_by_nick(&u.seat.seat, STR("Ann"))->id;
	seat_command(&u.seat.seat, &cmd);
	n = muc_take(&u, MUC_ROOM);
	muc_has(&u, n, "<item role='none' nick='Ann'><reason>flood</reason>");
	muc_has(&u, n, NS_MUC_ADMIN);
	answer_iq(&u, NULL);
	muc_heard(&u, "= REASON_OK op=1\n");
	seat_command(&u.seat.seat, &cmd);
	muc_take(&u, MUC_ROOM);
	answer_iq(&u, "forbidden");
	muc_heard(&u, "= REASON_FORBIDDEN op=1\n");
	seat_command(&u.seat.seat, &cmd);
	scene_run(s, 30000);
	muc_heard(&u, "= REASON_TIMEOUT op=1\n");
	xmpp_drop(s);
	cmd.target = 999;
	seat_command(&u.seat.seat, &cmd);
	muc_heard(&u, "= REASON_NO_OCCUPANT op=1\n");
	cmd = (struct seat_cmd){.type = SEAT_AFFILIATION,
				.op = 2,
				.affiliation = AFF_OUTCAST,
				.text = STR("ann@x.test")};
	seat_command(&u.seat.seat, &cmd);
	muc_has(&u, muc_take(&u, MUC_ROOM),
		"<item affiliation='outcast' jid='ann@x.test'");
	cmd = (struct seat_cmd){.type = SEAT_DESTROY,
				.op = 3,
				.text = STR("moved"),
				.venue = STR("n@muc.test")};
	seat_command(&u.seat.seat, &cmd);
	muc_has(&u, muc_take(&u, MUC_ROOM),
		"<destroy jid='n@muc.test'><reason>moved</reason>");
	muc_command(&u, SEAT_ASK_VOICE, 4, "");
	muc_heard(&u, "= REASON_UNSUPPORTED op=4\n");
	muc_user_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_say),
	    TEST(test_repeats),
	    TEST(test_late),
	    TEST(test_refused),
	    TEST(test_no_answer_wanted),
	    TEST(test_not_in),
	    TEST(test_restart),
	    TEST(test_stream_down),
	    TEST(test_catch_up),
	    TEST(test_catch_up_busy),
	    TEST(test_catch_up_changes),
	    TEST(test_catch_up_renamed),
	    TEST(test_catch_up_silent),
	    TEST(test_private),
	    TEST(test_incoming),
	    TEST(test_queries),
	    TEST(test_other_device),
	    TEST(test_types),
	    TEST(test_nick),
	    TEST(test_renamed_meanwhile),
	    TEST(test_subject),
	    TEST(test_moderation),
	};

	return cmocka_run_group_tests_name("muc_say", tests, NULL, NULL);
}
