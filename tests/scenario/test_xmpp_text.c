/* What SIP users may write and XML may not hold never reaches the stream. */
#include "heard.h"

static int setup(void **state)
{
	struct scene *s = scene_new("domain \"chat.test\" { secret = \"x\" "
				    "rooms = local lock = false }\n");

	join(s, ANN, "Ann");
	xmpp_drop(s);
	*state = s;
	return 0;
}

/* RFC 6120 §11.1, XML 1.0 §2.2: each forbidden character becomes U+FFFD, what
 * is no UTF-8 is refused or becomes it; nothing else changes. */
static void test_characters(void **state)
{
	static const struct {
		const char *said, *read;
	} cases[] = {
	    {"a\tb\nc", "a\tb\nc"},
	    {"<&>'\"]]>", "<&>'\"]]>"},
	    {"&#1;&evil;<!-- -->", "&#1;&evil;<!-- -->"},
	    {"</body></message><message>", "</body></message><message>"},
	    {"\x7f\xc2\x85", "\x7f\xc2\x85"},
	    {"\x01\x08\x0b\x0c\x0e\x1b\x1f",
	     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
	     "\xef\xbf\xbd\xef\xbf\xbd"},
	    {"x\xef\xbf\xbey\xef\xbf\xbfz", "x\xef\xbf\xbdy\xef\xbf\xbdz"},
	};
	struct scene *s = *state;
	struct sip_user bob;

	sip_user_join(&bob, s, "bob", "sip:r@chat.test", "a=chatroom\r\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		xmpp_drop(s);
		assert_int_equal(
		    msrp_say(&bob, "sip:r@chat.test", cases[i].said), 200);
		assert_string_equal(xmpp_text(s, xmpp_take(s, ANN), "body"),
				    cases[i].read);
		assert_true(xmpp_none(s, ANN));
	}
	sip_user_done(&bob);
}

static void test_no_utf8(void **state)
{
	static const char *const said[] = {"\xff", "\xc0\xaf", "\xed\xa0\x80",
					   "\xf4\x90\x80\x80", "a\xe2\x82"};
	struct scene *s = *state;
	struct sip_user bob;

	sip_user_join(&bob, s, "bob", "sip:r@chat.test", "a=chatroom\r\n");
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		xmpp_drop(s);
		if (msrp_say(&bob, "sip:r@chat.test", said[i]) != 200)
			assert_true(xmpp_none(s, ANN));
		else
			assert_true(
			    has(str_z(xmpp_text(s, xmpp_take(s, ANN), "body")),
				"\xef\xbf\xbd"));
	}
	sip_user_done(&bob);
}

/* Nicknames: refused, or as XML can hold them. */
static void test_nicknames(void **state)
{
	struct scene *s = *state;
	struct sip_user bob;
	static const char *const bad[] = {"\x01", "\xef\xbf\xbe", "\xff"};

	sip_user_join(&bob, s, "bob", "sip:r@chat.test",
		      "a=chatroom:nickname\r\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_not_equal(
		    msrp_nickname(&bob,
				  arena_printf(s->arena, "\"%s\"", bad[i]).p),
		    200);
	xmpp_drop(s);
	assert_int_equal(msrp_nickname(&bob, "\"<&>'\""), 200);
	assert_true(
	    has(str_z(heard(s, ANN)), "presence <&>' none/participant"));
	sip_user_done(&bob);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_characters),
	    TEST(test_no_utf8),
	    TEST(test_nicknames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
