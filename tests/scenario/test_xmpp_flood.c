/* XMPP users who send too much (ERR-12). */
#include "heard.h"

#define BEN2 "ben@x.test/other"

static int setup(void **state)
{
	struct scene *s = scene_new(
	    "limits { message-rate = 2 message-burst = 5\n"
	    " join-rate = 1 join-burst = 3 }\n"
	    "domain \"chat.test\" { secret = \"x\" rooms = local lock = false "
	    "notify-interval = 0 }\n");

	join(s, ANN, "Ann");
	join(s, BEN, "Ben");
	xmpp_drop(s);
	*state = s;
	return 0;
}

static struct front_xmpp_stats stats(struct scene *s)
{
	return front_xmpp_stats(s->core.front_xmpp);
}

/* The next stanza to this user: is it this error with these words? */
static void assert_refused(struct scene *s, const char *jid, const char *kind,
			   const char *from, const char *id)
{
	const struct xnode *n = xmpp_take(s, jid);
	const struct xnode *e = x_child(n, "error", NULL);

	assert_true(x_is(n, kind, NULL));
	assert_true(str_eq(x_attr(n, "type"), STR("error")));
	assert_true(str_eq(x_attr(n, "from"), str_z(from)));
	assert_true(str_eq(x_attr(n, "id"), str_z(id)));
	assert_true(str_eq(x_attr(e, "type"), STR("wait")));
	assert_non_null(x_child(e, "resource-constraint", NS_STANZAS));
	assert_string_equal(xmpp_text(s, e, "text"), "sent too much at a time");
}

static void said(struct scene *s, const char *jid, unsigned times)
{
	while (times--)
		say(s, jid, "m", "hello");
	xmpp_drop(s);
}

/* ERR-12: all that others hear counts, of all devices and in all rooms; the
 * others go on. */
static void test_messages(void **state)
{
	struct scene *s = *state;

	join(s, BEN2, "Ben");
	said(s, BEN, 2);
	said(s, BEN2, 2);
	xmpp_put(s, "<presence from='" BEN "' to='r@chat.test/Ben'><show>away"
		    "</show></presence>");
	xmpp_drop(s);
	say(s, BEN, "m6", "too much");
	assert_refused(s, BEN, "message", "r@chat.test", "m6");
	xmpp_put(s, "<message from='" BEN2 "' to='r@chat.test' id='s' "
		    "type='groupchat'><subject>new</subject></message>");
	assert_refused(s, BEN2, "message", "r@chat.test", "s");
	xmpp_put(s, "<message from='" BEN "' to='r@chat.test/Ann' id='p' "
		    "type='chat'><body>psst</body></message>");
	assert_refused(s, BEN, "message", "r@chat.test/Ann", "p");
	/* from the nickname that he keeps (NICK-11) */
	xmpp_put(s, "<presence from='" BEN "' to='r@chat.test/Benny' id='n'/>");
	assert_refused(s, BEN, "presence", "r@chat.test/Ben", "n");
	assert_heard(s, ANN, "");
	assert_int_equal(stats(s).refused_for[REASON_FLOOD], 4);
	say(s, ANN, "a", "I may");
	assert_false(xmpp_none(s, BEN));
	xmpp_drop(s);
	scene_run(s, 1000); /* two more */
	said(s, BEN, 2);
	say(s, BEN, "m9", "too much");
	assert_refused(s, BEN, "message", "r@chat.test", "m9");
}

/* Is the next thing that this user hears that Ben was removed, and why? */
static void assert_removed(struct scene *s, const char *jid)
{
	const struct xnode *n = xmpp_take(s, jid);
	const struct xnode *item =
	    x_child(x_child(n, "x", NS_MUC_USER), "item", NULL);

	assert_true(str_eq(x_attr(n, "from"), STR("r@chat.test/Ben")));
	assert_true(str_eq(x_attr(n, "type"), STR("unavailable")));
	assert_true(x_has_status(n, "307"));
	assert_int_equal(x_has_status(n, "110"), strcmp(jid, BEN) == 0);
	assert_string_equal(xmpp_text(s, item, "reason"),
			    "sent too much at a time");
}

/* ABN-9: who goes on is removed, and may come back when he is calm */
static void test_removal(void **state)
{
	struct scene *s = *state;

	said(s, BEN, 5 + 5);
	assert_int_equal(stats(s).sessions, 2);
	say(s, BEN, "last", "still here");
	assert_refused(s, BEN, "message", "r@chat.test", "last");
	assert_removed(s, BEN);
	assert_removed(s, ANN);
	assert_int_equal(stats(s).sessions, 1);
	assert_int_equal(stats(s).flooders, 1);
	scene_run(s, 5000);
	join(s, BEN, "Ben");
	xmpp_drop(s);
	said(s, BEN, 4);
	say(s, BEN, "m", "hello again");
	assert_false(xmpp_none(s, ANN));
}

/* Queries are counted apart, and nobody is removed for them. */
static void test_queries(void **state)
{
	struct scene *s = *state;

	for (int i = 0; i < 20; i++)
		xmpp_put(s, "<iq from='" BEN "' to='r@chat.test' type='get' "
			    "id='q'><query xmlns='" NS_DISCO_INFO "'/></iq>");
	xmpp_drop(s);
	for (int i = 0; i < 20; i++) {
		xmpp_put(s, "<iq from='" BEN "' to='r@chat.test' type='get' "
			    "id='q6'><query xmlns='" NS_DISCO_INFO "'/></iq>");
		assert_refused(s, BEN, "iq", "r@chat.test", "q6");
	}
	/* what others wait for is no query */
	xmpp_put(s, "<iq from='" BEN "' to='r@chat.test' type='result' "
		    "id='x'/>");
	assert_heard(s, BEN, "");
	say(s, BEN, "m", "hello");
	assert_false(xmpp_none(s, ANN));
	assert_int_equal(stats(s).sessions, 2);
}

/* Joins and resyncs of one user; he keeps the seat that he has. Leaving is
 * always granted. */
static void test_joins(void **state)
{
	struct scene *s = *state;

	join(s, BEN, "Ben");
	join(s, BEN, "Ben");
	xmpp_drop(s);
	join(s, BEN, "Ben");
	assert_refused(s, BEN, "presence", "r@chat.test/Ben", "j");
	assert_heard(s, ANN, "");
	assert_int_equal(stats(s).sessions, 2);
	xmpp_put(s, "<presence from='" BEN "' to='r@chat.test/Ben' "
		    "type='unavailable'/>");
	assert_int_equal(stats(s).sessions, 1);
	xmpp_drop(s);
	join(s, BEN, "Ben");
	assert_refused(s, BEN, "presence", "r@chat.test/Ben", "j");
	scene_run(s, 1000);
	join(s, BEN, "Ben");
	assert_int_equal(stats(s).sessions, 2);
}

/* Who has no seat is answered and refused alike. */
static void test_outsider(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;

	for (int i = 0; i < 5; i++) {
		say(s, "zoe@x.test/1", "m", "hello");
		n = x_child(xmpp_take(s, "zoe@x.test/1"), "error", NULL);
		assert_non_null(x_child(n, "not-acceptable", NS_STANZAS));
	}
	for (int i = 0; i < 20; i++) {
		say(s, "zoe@x.test/1", "m6", "hello");
		assert_refused(s, "zoe@x.test/1", "message", "r@chat.test",
			       "m6");
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_messages), TEST(test_removal),  TEST(test_queries),
	    TEST(test_joins),	 TEST(test_outsider),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
