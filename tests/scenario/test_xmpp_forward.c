/* Queries between XMPP occupants go through the room, which hides who asks. */
#include "heard.h"

#define DOMAIN                                                                 \
	"domain \"chat.test\" { secret = \"x\" rooms = local lock = false "    \
	"notify-interval = 0 }\n"
#define VCARD "<vCard xmlns='vcard-temp'/>"

static int setup(void **state)
{
	struct scene *s = scene_new(DOMAIN);

	join(s, ANN, "Ann");
	join(s, BEN, "Ben");
	xmpp_drop(s);
	*state = s;
	return 0;
}

static void ask(struct scene *s, const char *from, const char *nick,
		const char *type, const char *id, const char *payload)
{
	xmpp_put(s,
		 "<iq from='%s' to='r@chat.test/%s' type='%s' id='%s'>%s</iq>",
		 from, nick, type, id, payload);
}

static const char *attr(struct scene *s, const struct xnode *n,
			const char *name)
{
	struct str v = x_attr(n, name);

	return v.n ? arena_dup(s->arena, v).p : "";
}

static void answer(struct scene *s, const char *from, const struct xnode *asked,
		   const char *type, const char *payload)
{
	xmpp_put(s, "<iq from='%s' to='%s' type='%s' id='%s'>%s</iq>", from,
		 attr(s, asked, "from"), type, attr(s, asked, "id"), payload);
}

/* IQ-4, COMP-4 */
static void test_there_and_back(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;

	ask(s, ANN, "Ben", "set", "q1", "<q xmlns='urn:q'><a b='c'/>t</q>");
	n = xmpp_take(s, BEN);
	assert_true(x_is(n, "iq", NULL));
	assert_string_equal(attr(s, n, "from"), "r@chat.test/Ann");
	assert_string_equal(attr(s, n, "type"), "set");
	assert_string_not_equal(attr(s, n, "id"), "q1");
	assert_non_null(x_child(x_child(n, "q", "urn:q"), "a", "urn:q"));
	answer(s, BEN, n, "result", "<q xmlns='urn:q'>yes</q>");
	assert_true(xmpp_none(s, BEN));
	n = xmpp_take(s, ANN);
	assert_string_equal(attr(s, n, "from"), "r@chat.test/Ben");
	assert_string_equal(attr(s, n, "type"), "result");
	assert_string_equal(attr(s, n, "id"), "q1");
	assert_string_equal(xmpp_text(s, n, "q"), "yes");
	assert_true(xmpp_none(s, ANN));
}

/* IQ-4: an error keeps what it says, but not whose it is. */
static void test_error(void **state)
{
	struct scene *s = *state;
	const struct xnode *n, *e;

	ask(s, ANN, "Ben", "get", "q1", "<q xmlns='urn:q'/>");
	n = xmpp_take(s, BEN);
	answer(s, BEN, n, "error",
	       "<q xmlns='urn:q'/><error type='auth' by='" BEN "'>"
	       "<forbidden xmlns='" NS_STANZAS "'/><mine xmlns='urn:m'/>"
	       "</error>");
	n = xmpp_take(s, ANN);
	assert_string_equal(attr(s, n, "type"), "error");
	assert_string_equal(attr(s, n, "from"), "r@chat.test/Ben");
	e = x_child(n, "error", NULL);
	assert_string_equal(attr(s, e, "type"), "auth");
	assert_string_equal(attr(s, e, "by"), "");
	assert_non_null(x_child(e, "forbidden", NS_STANZAS));
	assert_non_null(x_child(e, "mine", "urn:m"));
}

/* IQ-4: pictures are at the server. IQ-7: others' are not to be changed. */
static void test_vcard(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;

	ask(s, ANN, "Ben", "get", "v", VCARD);
	n = xmpp_take(s, "ben@x.test");
	assert_string_equal(attr(s, n, "from"), "r@chat.test/Ann");
	/* nobody else may answer, not even he */
	answer(s, BEN, n, "result", VCARD);
	assert_true(xmpp_none(s, ANN));
	answer(s, "ben@x.test", n, "result",
	       "<vCard xmlns='vcard-temp'><FN>B</FN></vCard>");
	n = xmpp_take(s, ANN);
	assert_string_equal(attr(s, n, "from"), "r@chat.test/Ben");
	assert_string_equal(
	    xmpp_text(s, x_child(n, "vCard", "vcard-temp"), "FN"), "B");

	ask(s, ANN, "Ben", "set", "v", VCARD);
	assert_heard(s, ANN, "iq error cancel/not-allowed id=v\n");
	assert_true(xmpp_none(s, BEN));
}

/* IQ-4: the client that was active last. */
static void test_latest_device(void **state)
{
	struct scene *s = *state;

	join(s, "ben@x.test/9", "Ben");
	scene_run(s, 1000);
	say(s, BEN, "m", "hi");
	xmpp_drop(s);
	ask(s, ANN, "Ben", "get", "q", "<q xmlns='urn:q'/>");
	assert_true(xmpp_none(s, "ben@x.test/9"));
	assert_false(xmpp_none(s, BEN));
	scene_run(s, 1000);
	say(s, "ben@x.test/9", "m", "hi");
	xmpp_drop(s);
	ask(s, ANN, "Ben", "get", "q", "<q xmlns='urn:q'/>");
	assert_true(xmpp_none(s, BEN));
	assert_false(xmpp_none(s, "ben@x.test/9"));
}

/* IQ-4: 30 s */
static void test_no_answer(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;

	ask(s, ANN, "Ben", "get", "q", "<q xmlns='urn:q'/>");
	n = xmpp_take(s, BEN);
	scene_run(s, 10000);
	ask(s, ANN, "Ben", "get", "r", "<q xmlns='urn:q'/>");
	xmpp_take(s, BEN);
	scene_run(s, 19999);
	assert_heard(s, ANN, "");
	scene_run(s, 1);
	assert_heard(s, ANN, "iq error wait/remote-server-timeout id=q\n");
	answer(s, BEN, n, "result", "");
	assert_heard(s, ANN, "");
	scene_run(s, 10000);
	assert_heard(s, ANN, "iq error wait/remote-server-timeout id=r\n");
}

/* Many may wait, not any number; one answer makes room for one. */
static void test_limit(void **state)
{
	struct scene *s = *state;
	const struct xnode *n = NULL;

	for (int i = 0; i < 1000; i++) {
		ask(s, ANN, "Ben", "get", "q", "<q xmlns='urn:q'/>");
		n = xmpp_take(s, BEN);
	}
	assert_heard(s, ANN, "");
	ask(s, ANN, "Ben", "get", "q", "<q xmlns='urn:q'/>");
	assert_heard(s, ANN, "iq error wait/resource-constraint id=q\n");
	answer(s, BEN, n, "result", "");
	assert_heard(s, ANN, "iq result id=q\n");
	ask(s, ANN, "Ben", "get", "q", "<q xmlns='urn:q'/>");
	assert_heard(s, ANN, "");
	assert_false(xmpp_none(s, BEN));
}

/* IQ-7: who or what has no client has a name, or a description. */
static void test_no_client(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	const struct xnode *n;

	sip_user_join(&u, s, "eve", "sip:r@chat.test", "a=chatroom\r\n");
	xmpp_drop(s);
	ask(s, ANN, "eve", "get", "v", VCARD);
	n = x_child(xmpp_take(s, ANN), "vCard", "vcard-temp");
	assert_string_equal(xmpp_text(s, n, "FN"), "eve");
	ask(s, ANN, "eve", "set", "v", VCARD);
	assert_heard(s, ANN, "iq error cancel/not-allowed id=v\n");
	xmpp_put(s, "<iq from='" ANN
		    "' to='r@chat.test' type='get' id='v'>" VCARD "</iq>");
	n = x_child(xmpp_take(s, ANN), "vCard", "vcard-temp");
	assert_non_null(n);
	assert_null(n->children);
	xmpp_put(s, "<iq from='" ANN
		    "' to='r@chat.test' type='set' id='v'>" VCARD "</iq>");
	assert_heard(s, ANN, "iq error cancel/not-allowed id=v\n");
	sip_user_done(&u);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_there_and_back), TEST(test_error),     TEST(test_vcard),
	    TEST(test_latest_device),  TEST(test_no_answer), TEST(test_limit),
	    TEST(test_no_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
