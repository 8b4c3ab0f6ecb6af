/* What an XMPP user says in a SIP conference elsewhere, when its switch takes
 * it first and reports that it has failed then (RFC 4975 §7.1.2; X2S-40). */
#include "focus.h"

static struct str message_id(struct str frame)
{
	ptrdiff_t at = str_search(frame, STR("Message-ID: "));

	assert_true(at >= 0);
	frame = str_from(frame, (size_t)at + strlen("Message-ID: "));
	return str_split(&frame, '\r');
}

static void reports(struct focus *f, struct str frame, const char *status)
{
	msrp_put(&f->u, arena_printf(f->s->arena,
				     "MSRP rep0 REPORT\r\nTo-Path: %.*s\r\n"
				     "From-Path: %s\r\nMessage-ID: %.*s\r\n"
				     "Byte-Range: 1-4/4\r\nStatus: 000 %s\r\n"
				     "-------rep0$\r\n",
				     STR_ARG(f->u.path), f->u.own_path,
				     STR_ARG(message_id(frame)), status));
}

/* She says something that is taken. */
static struct str said(struct focus *f, const char *to, const char *id)
{
	struct str frame;

	focus_user_says(f->s, to, *to ? "chat" : "groupchat", id,
			"<body>psst</body>");
	frame = focus_hears(f, "psst");
	focus_replies(f, frame, "200 OK");
	if (!*to)
		focus_shown(f->s, "message", "JuliC");
	return frame;
}

/* Once, and by the REPORT's status. */
static void test_failed(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct str frame;
	struct focus f;

	focus_joined(&f, s);
	frame = said(&f, "", "m1");
	reports(&f, frame, "403 No");
	assert_string_equal(focus_error(s, "m1"), "auth/forbidden");
	reports(&f, frame, "403 No");
	assert_true(xmpp_none(s, JULIET));
	frame = said(&f, "", "m2");
	reports(&f, frame, "200 OK");
	assert_true(xmpp_none(s, JULIET));
	/* whom it was for may have left since */
	frame = said(&f, "/Romeo", "p1");
	focus_notifies(&f, "full", "<users>" FOCUS_JULIET "</users>");
	xmpp_drop(s);
	reports(&f, frame, "408 Gone");
	n = xmpp_take(s, JULIET);
	assert_true(str_eq(x_attr(n, "type"), STR("error")));
	assert_true(str_eq(x_attr(n, "id"), STR("p1")));
	assert_true(str_eq(x_attr(n, "from"), STR("r@conf.test/Romeo")));
	n = x_child(n, "error", NS_CLIENT);
	assert_non_null(x_child(n, "remote-server-timeout", NULL));
	focus_done(&f);
}

/* Before the response: one error. */
static void test_before(void **state)
{
	struct scene *s = *state;
	struct str frame;
	struct focus f;

	focus_joined(&f, s);
	focus_user_says(s, "", "groupchat", "m1", "<body>psst</body>");
	frame = focus_hears(&f, "psst");
	reports(&f, frame, "413 No");
	assert_string_equal(focus_error(s, "m1"), "modify/policy-violation");
	focus_replies(&f, frame, "200 OK");
	reports(&f, frame, "413 No");
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* Of a message of long ago, or with 64 behind it, nobody is told. */
static void test_forgotten(void **state)
{
	struct scene *s = *state;
	struct str first, frame = STR_NONE;
	struct focus f;

	focus_joined(&f, s);
	first = said(&f, "", "m0");
	for (int i = 1; i <= 64; i++)
		frame = said(&f, "", "m1");
	reports(&f, first, "403 No");
	assert_true(xmpp_none(s, JULIET));
	scene_run(s, 600100);
	xmpp_drop(s);
	reports(&f, frame, "403 No");
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

static int setup_few(void **state)
{
	*state = scene_new(FOCUS_DOMAIN("") "limits { reports = 2 }\n");
	return 0;
}

static void test_limit(void **state)
{
	struct scene *s = *state;
	struct str first, second, third;
	struct focus f;

	focus_joined(&f, s);
	first = said(&f, "", "m1");
	second = said(&f, "", "m2");
	third = said(&f, "", "m3");
	reports(&f, first, "403 No");
	assert_true(xmpp_none(s, JULIET));
	reports(&f, third, "403 No");
	assert_string_equal(focus_error(s, "m3"), "auth/forbidden");
	reports(&f, second, "403 No");
	assert_string_equal(focus_error(s, "m2"), "auth/forbidden");
	focus_done(&f);
}

/* 481: her message, then her place in the room */
static void test_session_gone(void **state)
{
	struct scene *s = *state;
	struct str frame;
	struct focus f;

	focus_joined(&f, s);
	frame = said(&f, "", "m1");
	reports(&f, frame, "481 Gone");
	assert_string_equal(focus_error(s, "m1"), "wait/recipient-unavailable");
	assert_true(focus_is_gone(xmpp_take(s, JULIET)));
	focus_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOCUS_TEST(test_failed),
	    FOCUS_TEST(test_before),
	    FOCUS_TEST(test_forgotten),
	    cmocka_unit_test_setup_teardown(test_limit, setup_few,
					    scene_teardown),
	    FOCUS_TEST(test_session_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
