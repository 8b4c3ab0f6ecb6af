/* By which address SIP users know XMPP users (PRIV-2). */
#include "moderation.h"

#define ROOM "sip:r@chat.test"

static int setup_open(void **state)
{
	*state = scene_new(ROOMS("non-anonymous = yes"));
	join(*state, ANN, "Ann");
	xmpp_drop(*state);
	return 0;
}

static int setup_closed(void **state)
{
	*state = scene_new(ROOMS(""));
	join(*state, ANN, "Ann");
	xmpp_drop(*state);
	return 0;
}

static void enter(struct sip_user *u, struct scene *s)
{
	sip_user_join(u, s, "alice", ROOM, "a=chatroom:private-messages\r\n");
	xmpp_drop(s);
}

static void whisper(struct scene *s)
{
	xmpp_put(s, "<message from='" ANN "' to='r@chat.test/alice' "
		    "type='chat' id='p'><body>psst</body></message>");
}

#define HIS	"sip:ann@x.test"
#define IN_ROOM "sip:r@chat.test;gr=Ann"

/* PRIV-2: where all see addresses, it is his own in the roster, as author of
 * messages to all and to one, and as whom a private message is for. */
static void test_shown(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct str text;

	enter(&u, s);
	roster_watched(s);
	say(s, ANN, "m", "hi");
	assert_true(has(msrp_cpim(&u), "From: \"Ann\" <" HIS ">\r\n"));
	xmpp_drop(s);
	whisper(s);
	text = msrp_cpim(&u);
	assert_true(has(text, "From: \"Ann\" <" HIS ">\r\n"));
	assert_true(has(text, "To: <sip:alice@sip.test>\r\n"));
	assert_int_equal(msrp_say(&u, HIS, "psst"), 200);
	assert_true(has(str_z(heard(s, ANN)), "chat alice body='psst'"));
	assert_int_equal(msrp_say(&u, IN_ROOM, "psst"), 200);
	assert_true(has(str_z(heard(s, ANN)), "chat alice body='psst'"));
	assert_int_equal(msrp_say(&u, "sip:ben@x.test", "psst"), 404);
	sip_user_done(&u);
}

static void test_roster_shown(void **state)
{
	struct scene *s = *state;
	struct str text;

	roster_watched(s);
	join(s, BEN, "Ben");
	text = roster_shown(s);
	assert_true(has(text, "entity=\"sip:ben@x.test\""));
	assert_true(has(text, "<uri>xmpp:ben@x.test</uri>"));
	assert_false(has(text, "gr=Ben"));
	/* the same user under a second name is somebody else in the roster */
	join(s, "ben@x.test/3", "Benny");
	text = roster_shown(s);
	assert_true(has(text, "entity=\"sip:r@chat.test;gr=Benny\""));
	assert_false(has(text, "entity=\"sip:ben@x.test\""));
	/* a nickname is no part of his address */
	join(s, BEN, "Ken");
	text = roster_shown(s);
	assert_true(has(text, "entity=\"sip:ben@x.test\""));
	assert_true(has(text, "Ken"));
	assert_false(has(text, "deleted"));
}

/* In a semi-anonymous room nothing tells who he is, nor whether he is there. */
static void test_hidden(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct str text;

	enter(&u, s);
	roster_watched(s);
	join(s, BEN, "Ben");
	text = roster_shown(s);
	assert_true(has(text, "entity=\"sip:r@chat.test;gr=Ben\""));
	assert_false(has(text, "x.test"));
	say(s, ANN, "m", "hi");
	text = msrp_cpim(&u);
	assert_true(has(text, "From: \"Ann\" <" IN_ROOM ">\r\n"));
	assert_false(has(text, "x.test"));
	xmpp_drop(s);
	whisper(s);
	assert_true(has(msrp_cpim(&u), "From: \"Ann\" <" IN_ROOM ">\r\n"));
	assert_int_equal(msrp_say(&u, HIS, "psst"), 404);
	assert_heard(s, ANN, "");
	assert_int_equal(msrp_say(&u, IN_ROOM, "psst"), 200);
	sip_user_done(&u);
}

static void change(struct scene *s, bool non_anonymous)
{
	struct room *r = rooms_find(s->core.rooms, STR("r@chat.test"));
	struct room_policy p = *room_policy(r);

	p.non_anonymous = non_anonymous;
	assert_int_equal(room_configure(r, &p), REASON_OK);
}

/* What was said before addresses were shown, or while they were, is told to
 * newcomers by the rule of both times. */
static void test_changed(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct str text;

	roster_watched(s);
	say(s, ANN, "m", "first");
	change(s, true);
	text = roster_shown(s);
	assert_true(has(text, "entity=\"sip:r@chat.test;gr=Ann\" "
			      "state=\"deleted\""));
	assert_true(has(text, "entity=\"" HIS "\""));
	say(s, ANN, "m", "second");
	enter(&u, s);
	text = msrp_cpim(&u);
	assert_true(has(text, "first"));
	assert_true(has(text, "From: \"Ann\" <" IN_ROOM ">\r\n"));
	text = msrp_cpim(&u);
	assert_true(has(text, "second"));
	assert_true(has(text, "From: \"Ann\" <" HIS ">\r\n"));
	sip_user_done(&u);
	change(s, false);
	scene_answer_notifies(s);
	sip_user_join(&u, s, "bob", ROOM, "a=chatroom\r\n");
	for (int i = 0; i < 2; i++)
		assert_true(
		    has(msrp_cpim(&u), "From: \"Ann\" <" IN_ROOM ">\r\n"));
	sip_user_done(&u);
}

#define TEST(fn, setup)                                                        \
	cmocka_unit_test_setup_teardown(fn, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_shown, setup_open),
	    TEST(test_roster_shown, setup_open),
	    TEST(test_hidden, setup_closed),
	    TEST(test_changed, setup_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
