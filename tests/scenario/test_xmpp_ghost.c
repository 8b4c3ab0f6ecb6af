/* XMPP users who vanish: bounced stanzas, silence, a lost stream. */
#include "heard.h"

#include <stdio.h>

#define DOMAIN                                                                 \
	"domain \"chat.test\" { secret = \"x\" rooms = local lock = false "    \
	"notify-interval = 0 }\n"

static int setup(void **state)
{
	struct scene *s = scene_new(DOMAIN);

	join(s, ANN, "Ann");
	join(s, BEN, "Ben");
	xmpp_drop(s);
	*state = s;
	return 0;
}

static void bounce(struct scene *s, const char *kind, const char *id,
		   const char *condition)
{
	xmpp_put(s,
		 "<%s from='" BEN "' to='r@chat.test' type='error' id='%s'>"
		 "<error type='cancel'><%s xmlns='" NS_STANZAS "'/></error>"
		 "</%s>",
		 kind, id, condition, kind);
}

/* The id of the ping that Ben has just got. */
static const char *ping_id(struct scene *s)
{
	const struct xnode *n = xmpp_take(s, BEN);

	assert_true(x_is(n, "iq", NULL));
	assert_true(str_eq(x_attr(n, "type"), STR("get")));
	assert_true(str_eq(x_attr(n, "from"), STR("r@chat.test")));
	assert_non_null(x_child(n, "ping", NS_PING));
	return arena_dup(s->arena, x_attr(n, "id")).p;
}

static void answer(struct scene *s, const char *id)
{
	xmpp_put(s,
		 "<iq from='" BEN "' to='r@chat.test' type='result' "
		 "id='%s'/>",
		 id);
}

static bool is_in(struct scene *s)
{
	return front_xmpp_stats(s->core.front_xmpp).sessions == 2;
}

#define GONE "presence Ben unavailable none/none jid=ben@x.test/2 [333]\n"

/* X2S-33 */
static void test_bounces(void **state)
{
	static const char *const fatal[] = {
	    "gone",	"item-not-found",	   "recipient-unavailable",
	    "redirect", "remote-server-not-found", "remote-server-timeout"};
	struct scene *s = *state;

	bounce(s, "message", "m", "bad-request");
	bounce(s, "presence", "m", "service-unavailable");
	assert_true(is_in(s));
	for (size_t i = 0; i < sizeof(fatal) / sizeof(*fatal); i++) {
		bounce(s, i % 2 ? "message" : "presence", "m", fatal[i]);
		assert_false(is_in(s));
		assert_heard(s, ANN, GONE);
		join(s, BEN, "Ben");
		xmpp_drop(s);
	}
}

/* X2S-33: service-unavailable to a message may mean it; a ping tells. */
static void test_doubtful_bounce(void **state)
{
	struct scene *s = *state;
	const char *id;

	bounce(s, "message", "m", "service-unavailable");
	id = ping_id(s);
	answer(s, id);
	bounce(s, "message", "m", "service-unavailable");
	id = ping_id(s);
	bounce(s, "iq", id, "service-unavailable");
	assert_false(is_in(s));
	assert_heard(s, ANN, GONE);
}

/* X2S-34 */
static void test_silence(void **state)
{
	struct scene *s = *state;
	const char *id;

	scene_run(s, 899999);
	assert_heard(s, BEN, "");
	scene_run(s, 1);
	id = ping_id(s);
	/* never answered one: it may only not know what a ping is */
	bounce(s, "iq", id, "service-unavailable");
	assert_true(is_in(s));
	scene_run(s, 900000);
	answer(s, ping_id(s));
	scene_run(s, 450000);
	say(s, BEN, "m", "here");
	xmpp_drop(s);
	scene_run(s, 450000);
	assert_heard(s, BEN, "");
	scene_run(s, 450000);
	id = ping_id(s);
	assert_true(is_in(s));
	/* no answer decides nothing */
	scene_run(s, 900000);
	id = ping_id(s);
	assert_true(is_in(s));
	xmpp_drop(s);
	bounce(s, "iq", id, "service-unavailable");
	assert_false(is_in(s));
	assert_heard(s, ANN, GONE);
}

/* COMP-10 */
static void test_link_back_in_time(void **state)
{
	struct scene *s = *state;

	front_xmpp_link_down(s->core.front_xmpp, STR("chat.test"));
	scene_run(s, 59999);
	assert_true(is_in(s));
	front_xmpp_link_up(s->core.front_xmpp, STR("chat.test"), true);
	bounce(s, "iq", ping_id(s), "item-not-found");
	assert_false(is_in(s));
	assert_non_null(strstr(heard(s, ANN), GONE));
	/* the others stay */
	scene_run(s, 60000);
	assert_int_equal(front_xmpp_stats(s->core.front_xmpp).sessions, 1);
}

static void test_link_lost(void **state)
{
	struct scene *s = *state;
	struct sip_user u;

	sip_user_join(&u, s, "eve", "sip:r@chat.test", "a=chatroom\r\n");
	front_xmpp_link_down(s->core.front_xmpp, STR("chat.test"));
	scene_run(s, 60000);
	assert_int_equal(front_xmpp_stats(s->core.front_xmpp).sessions, 0);
	assert_non_null(rooms_find(s->core.rooms, STR("r@chat.test")));
	sip_user_done(&u);
}

/* X2S-31: the stream did not take what was for them, so what they show is no
 * longer right: they are told that they are out, once there is room for it, and
 * their clients come back. Others stay. */
static void test_stream_full(void **state)
{
	struct scene *s = *state;
	unsigned before;
	struct sip_user u;

	sip_user_join(&u, s, "eve", "sip:r@chat.test", "a=chatroom\r\n");
	before = (unsigned)front_xmpp_stats(s->core.front_xmpp).sessions;
	xmpp_drop(s);
	s->xmpp_full = true;
	assert_int_equal(msrp_say(&u, "sip:r@chat.test", "lost"), 200);
	scene_run(s, 1999);
	s->xmpp_full = false;
	join(s, "cyd@x.test/3", "Cyd");
	xmpp_drop(s);
	scene_run(s, 1);
	assert_int_equal(before, 2);
	assert_non_null(strstr(heard(s, ANN), "[110 333]"));
	assert_non_null(strstr(heard(s, BEN), "[110 333]"));
	assert_int_equal(front_xmpp_stats(s->core.front_xmpp).sessions, 1);
	xmpp_drop(s);
	join(s, ANN, "Ann");
	assert_non_null(strstr(heard(s, ANN), "body='lost'"));
	sip_user_done(&u);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_bounces),	  TEST(test_doubtful_bounce),
	    TEST(test_silence),	  TEST(test_link_back_in_time),
	    TEST(test_link_lost), TEST(test_stream_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
