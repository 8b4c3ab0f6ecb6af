/* How XMPP users come into a SIP conference elsewhere (RFC 7702 §5.3). */
#include "focus.h"

static int setup_rename(void **state)
{
	*state = scene_new(
	    FOCUS_DOMAIN("nick-conflict = rename from-resource = no"));
	return 0;
}

static int setup_login(void **state)
{
	*state =
	    scene_new(FOCUS_DOMAIN("credentials = {\"* gateway sesame\"}"));
	return 0;
}

static int setup_small(void **state)
{
	*state = scene_new(
	    FOCUS_DOMAIN("}\nlimits { leg-roster = 400 leg-occupants = 4"));
	return 0;
}

/* RFC 7702 examples 1 to 11; X2S-5, X2S-6: INVITE, bodiless SEND, NICKNAME and
 * SUBSCRIBE in this order; X2S-17: the roster is the first NOTIFY; X2S-14,
 * X2S-16, X2S-23 */
static void test_join(void **state)
{
	struct scene *s = *state;
	struct focus f;
	struct str sdp, frame;
	const struct xnode *n;

	focus_asked(&f, s, JULIET, "JuliC");
	assert_true(str_eq(f.invite.f[PORT_F_RURI], STR(FOCUS_ROOM)));
	assert_true(str_eq(f.invite.f[PORT_F_TO], STR("<" FOCUS_ROOM ">")));
	assert_true(str_eq(f.invite.f[PORT_F_FROM],
			   STR("<sip:juliet@x.test;gr=balcony>")));
	assert_true(str_eq(f.invite.f[PORT_F_ROUTE],
			   STR("sip:10.0.0.9:5060;transport=tcp")));
	assert_true(has(f.invite.f[PORT_F_CONTACT], ";gr=balcony>"));
	sdp = f.invite.f[PORT_F_BODY];
	assert_true(has(sdp, "TCP/MSRP *\r\n"));
	assert_true(has(sdp, "a=accept-types:message/cpim"));
	assert_true(has(sdp, "a=accept-wrapped-types:text/plain text/html"));
	assert_true(has(sdp, "a=chatroom:nickname private-messages\r\n"));
	assert_true(has(sdp, "a=setup:actpass\r\n"));
	assert_true(has(sdp, "a=path:msrp://127.0.0.1:"));
	assert_true(xmpp_none(s, JULIET));

	focus_accepts(&f, FOCUS_SDP);
	assert_true(scene_sip_none(s, PORT_DIAL, "SUBSCRIBE"));
	focus_binds(&f);
	frame = focus_hears(&f, "NICKNAME");
	assert_true(has(frame, "Use-Nickname: \"JuliC\"\r\n"));
	assert_true(scene_sip_none(s, PORT_DIAL, "SUBSCRIBE"));
	focus_replies(&f, frame, "200 OK");
	focus_subscribed(&f);
	assert_true(str_eq(f.subscribe.f[PORT_F_RURI], STR(FOCUS_DEVICE)));
	assert_true(str_eq(f.subscribe.f[PORT_F_EVENT], STR("conference")));
	assert_true(f.subscribe.dlg != f.invite.dlg);
	assert_true(xmpp_none(s, JULIET));
	/* said before, and now, while she was on her way */
	assert_int_equal(focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM,
				    "DateTime: 2026-01-01T00:00:00Z\r\n\r\n"
				    "Content-Type: text/plain\r\n\r\nearlier"),
			 200);
	assert_int_equal(focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM,
				    "\r\nContent-Type: text/plain\r\n\r\nnow"),
			 200);
	focus_notifies(
	    &f, "full",
	    "<conference-description><subject>Today in Verona</subject>"
	    "</conference-description><users>" FOCUS_ROMEO FOCUS_USER(
		"sip:r@conf.test;gr=Ben", "Ben") FOCUS_JULIET "</users>");
	n = focus_shown(s, "presence", "Romeo");
	assert_true(str_eq(x_attr(focus_item(n), "role"), STR("participant")));
	focus_shown(s, "presence", "Ben");
	n = focus_shown(s, "presence", "JuliC");
	assert_true(x_has_status(n, "110"));
	assert_false(x_has_status(n, "210"));
	assert_true(str_eq(x_attr(n, "id"), STR("j1")));
	n = xmpp_take(s, JULIET);
	assert_string_equal(xmpp_text(s, n, "body"), "earlier");
	assert_non_null(x_child(n, "delay", NS_DELAY));
	n = xmpp_take(s, JULIET);
	assert_string_equal(xmpp_text(s, n, "subject"), "Today in Verona");
	n = xmpp_take(s, JULIET);
	assert_string_equal(xmpp_text(s, n, "body"), "now");
	assert_true(str_eq(x_attr(n, "from"), STR("r@conf.test/Romeo")));
	assert_null(x_child(n, "delay", NS_DELAY));
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* X2S-17: a focus that tells nobody who is there */
static void test_no_roster(void **state)
{
	struct scene *s = *state;
	struct focus f;
	const struct xnode *n;

	focus_asked(&f, s, JULIET, "JuliC");
	focus_lets_in(&f, FOCUS_SDP);
	focus_subscribed(&f);
	scene_run(s, 4900);
	assert_true(xmpp_none(s, JULIET));
	scene_run(s, 200);
	n = focus_shown(s, "presence", "JuliC");
	assert_true(x_has_status(n, "110"));
	xmpp_take(s, JULIET); /* the subject */
	focus_notifies(&f, "full",
		       "<users>" FOCUS_ROMEO FOCUS_JULIET "</users>");
	focus_shown(s, "presence", "Romeo");
	focus_done(&f);
}

/* A focus without NICKNAME (NICK-9), without the event package, whose name for
 * her is her own. */
static void test_plain_focus(void **state)
{
	struct scene *s = *state;
	struct port_msg sub;
	const struct xnode *n;
	struct focus f;

	focus_asked(&f, s, JULIET, "JuliC");
	focus_accepts(&f, "a=setup:active\r\n");
	focus_binds(&f);
	sub = scene_sip(s, PORT_DIAL, "SUBSCRIBE");
	focus_refuses(&f, &sub, 489);
	n = focus_shown(s, "presence", "JuliC");
	assert_true(x_has_status(n, "110"));
	xmpp_take(s, JULIET);
	assert_int_equal(focus_says(&f, "\"Ben\" <sip:ben@sip.test>",
				    FOCUS_ROOM,
				    "\r\nContent-Type: text/plain\r\n\r\nhi"),
			 200);
	n = xmpp_take(s, JULIET);
	assert_true(str_eq(x_attr(n, "from"), STR("r@conf.test/Ben")));
	/* of the room itself */
	assert_int_equal(
	    focus_says(&f, "<" FOCUS_ROOM ">", FOCUS_ROOM,
		       "\r\nContent-Type: text/plain\r\n\r\nwelcome"),
	    200);
	n = xmpp_take(s, JULIET);
	assert_true(str_eq(x_attr(n, "from"), STR("r@conf.test")));
	xmpp_put(s, "<presence from='" JULIET
		    "' to='r@conf.test/Other' id='n1'/>");
	assert_string_equal(focus_error(s, "n1"), "cancel/not-acceptable");
	focus_done(&f);
}

/* NICK-8, NICK-9: the roster has another name for her */
static void test_roster_name(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_asked(&f, s, JULIET, "JuliC");
	focus_accepts(&f, FOCUS_SDP);
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "NICKNAME"), "501 Unknown");
	focus_subscribed(&f);
	focus_notifies(&f, "full",
		       "<users>" FOCUS_USER("sip:juliet@x.test;gr=balcony",
					    "Juliet C") "</users>");
	n = focus_shown(s, "presence", "Juliet C");
	assert_true(x_has_status(n, "110"));
	assert_true(x_has_status(n, "210"));
	focus_done(&f);
}

/* RFC 7702 examples 19 to 21; NICK-9: 425, 424, 403 */
static void test_nick_refused(void **state)
{
	static const struct {
		const char *status, *error;
	} tests[] = {
	    {"425 Nickname usage failed", "cancel/conflict"},
	    {"424 Malformed nickname", "modify/jid-malformed"},
	    {"403 Forbidden", "cancel/not-acceptable"},
	};
	struct scene *s = *state;
	struct port_msg bye;
	struct focus f;

	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		focus_asked(&f, s, JULIET, "JuliC");
		focus_accepts(&f, FOCUS_SDP);
		focus_binds(&f);
		focus_replies(&f, focus_hears(&f, "NICKNAME"), tests[i].status);
		assert_string_equal(focus_error(s, "j1"), tests[i].error);
		bye = scene_sip(s, PORT_SEND, "BYE");
		assert_true(bye.dlg == f.invite.dlg);
		scene_sip_response(s, &bye, 200);
		scene_sip(s, PORT_FORGET, NULL);
		assert_true(scene_sip_none(s, PORT_DIAL, "SUBSCRIBE"));
		focus_done(&f);
	}
}

/* NICK-7; X2S-5: no gr= where the domain has it so */
static void test_renamed(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct str frame;
	struct focus f;

	focus_asked(&f, s, JULIET, "JuliC");
	assert_true(
	    str_eq(f.invite.f[PORT_F_FROM], STR("<sip:juliet@x.test>")));
	focus_accepts(&f, FOCUS_SDP);
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "\"JuliC\""), "425 Taken");
	focus_replies(&f, focus_hears(&f, "\"JuliC2\""), "425 Taken");
	frame = focus_hears(&f, "\"JuliC3\"");
	focus_replies(&f, frame, "200 OK");
	focus_subscribed(&f);
	focus_notifies(
	    &f, "full",
	    "<users>" FOCUS_USER("sip:juliet@x.test", "JuliC3") "</users>");
	n = focus_shown(s, "presence", "JuliC3");
	assert_true(x_has_status(n, "110"));
	assert_true(x_has_status(n, "210"));
	focus_done(&f);
}

/* ERR-1, X2S-12, X2S-13, X2S-20: what a focus answers, and silence */
static void test_refused(void **state)
{
	static const struct {
		int status;
		const char *error;
	} tests[] = {
	    {404, "cancel/item-not-found"},
	    {403, "auth/forbidden"},
	    {401, "auth/not-authorized"},
	    {407, "auth/registration-required"},
	    {486, "wait/recipient-unavailable"},
	    {488, "modify/not-acceptable"},
	    {500, "cancel/internal-server-error"},
	    {502, "cancel/remote-server-not-found"},
	    {504, "wait/remote-server-timeout"},
	    {603, "cancel/recipient-unavailable"},
	    {301, "cancel/gone"},
	    {302, "modify/redirect"},
	};
	struct scene *s = *state;
	struct focus f;

	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		focus_asked(&f, s, JULIET, "JuliC");
		focus_refuses(&f, &f.invite, tests[i].status);
		assert_string_equal(focus_error(s, "j1"), tests[i].error);
		focus_done(&f);
	}
	focus_asked(&f, s, JULIET, "JuliC");
	scene_run(s, 31900);
	assert_true(xmpp_none(s, JULIET));
	scene_run(s, 200);
	assert_string_equal(focus_error(s, "j1"), "wait/remote-server-timeout");
	assert_true(scene_sip(s, PORT_HANG_UP, NULL).req == f.invite.req);
	focus_refuses(&f, &f.invite, 487);
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* ERR-1, DNS-10: what comes of it when nobody has answered: the host has no
 * address, or can't be connected to, ... */
static void test_unreachable(void **state)
{
	static const struct {
		int status;
		const char *error;
	} tests[] = {
	    {404, "cancel/remote-server-not-found"},
	    {408, "wait/remote-server-timeout"},
	    {502, "cancel/internal-server-error"},
	    {503, "wait/remote-server-timeout"},
	    {504, "wait/remote-server-timeout"},
	};
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_RESPONSE);
	struct focus f;

	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		focus_asked(&f, s, JULIET, "JuliC");
		m.dlg = f.invite.dlg;
		m.req = f.invite.req;
		m.status = tests[i].status;
		m.number[PORT_OURS] = 1;
		m.f[PORT_F_REASON] = STR("Service Unavailable");
		scene_sip_event(s, &m);
		assert_string_equal(focus_error(s, "j1"), tests[i].error);
		focus_done(&f);
	}
}

/* ERR-6: where the room is now */
static void test_moved(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_RESPONSE);
	const struct xnode *n;
	struct focus f;

	for (int i = 0; i < 2; i++) {
		focus_asked(&f, s, JULIET, "JuliC");
		m.dlg = f.invite.dlg;
		m.req = f.invite.req;
		m.status = i ? 410 : 301;
		m.f[PORT_F_CONTACT] =
		    i ? STR_NONE : STR("sip:new@other.test;transport=tcp");
		scene_sip_event(s, &m);
		n = x_child(xmpp_take(s, JULIET), "error", NS_CLIENT);
		assert_true(str_eq(x_attr(n, "type"), STR("cancel")));
		assert_string_equal(xmpp_text(s, n, "gone"),
				    i ? "" : "xmpp:new@other.test");
		focus_done(&f);
	}
}

/* ERR-7: it is not asked again before the time that it has given. */
static void test_retry_after(void **state)
{
	struct scene *s = *state;
	struct focus f;

	focus_asked(&f, s, JULIET, "JuliC");
	focus_answers(&f, &f.invite, 503, STR_NONE, STR_NONE,
		      "Retry-After: 60\r\n");
	assert_string_equal(focus_error(s, "j1"), "wait/internal-server-error");
	xmpp_put(s, "<presence from='" JULIET "' to='r@conf.test/J' id='j2'>"
		    "<x xmlns='" NS_MUC "'/></presence>");
	scene_run(s, 10);
	assert_string_equal(focus_error(s, "j2"), "wait/internal-server-error");
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	focus_done(&f);
	scene_run(s, 60000);
	focus_asked(&f, s, JULIET, "JuliC");
	focus_done(&f);
}

/* X2S-19: CANCEL, and BYE if a 200 has crossed it */
static void test_left_early(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct port_msg bye;
	struct focus f;

	for (int crossed = 0; crossed < 2; crossed++) {
		focus_asked(&f, s, JULIET, "JuliC");
		xmpp_put(s, "<presence from='" JULIET
			    "' to='r@conf.test/JuliC' type='unavailable'/>");
		n = focus_shown(s, "presence", "JuliC");
		assert_true(focus_is_gone(n) && x_has_status(n, "110"));
		scene_sip(s, PORT_HANG_UP, NULL);
		if (!crossed) {
			focus_refuses(&f, &f.invite, 487);
			assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
		} else {
			focus_accepts(&f, FOCUS_SDP);
			bye = scene_sip(s, PORT_SEND, "BYE");
			scene_sip_response(s, &bye, 200);
			scene_sip(s, PORT_FORGET, NULL);
		}
		assert_true(xmpp_none(s, JULIET));
		focus_done(&f);
	}
}

/* An answer that is no use, and one that nobody connects by */
static void test_no_session(void **state)
{
	struct scene *s = *state;
	struct focus f;

	focus_asked(&f, s, JULIET, "JuliC");
	focus_answers(&f, &f.invite, 200, STR("application/sdp"),
		      STR("v=0\r\nm=audio 9 RTP/AVP 0\r\n"), "");
	assert_string_equal(focus_error(s, "j1"), "modify/not-acceptable");
	scene_sip(s, PORT_SEND, "BYE");
	focus_done(&f);
	focus_asked(&f, s, JULIET, "JuliC");
	focus_accepts(&f, FOCUS_SDP);
	scene_run(s, 32100);
	assert_string_equal(focus_error(s, "j1"), "wait/remote-server-timeout");
	scene_sip(s, PORT_SEND, "BYE");
	focus_done(&f);
}

/* The domain's credentials, for INVITE and BYE */
static void test_login(void **state)
{
	static const char ask[] =
	    "WWW-Authenticate: Digest realm=\"conf\", nonce=\"n\", "
	    "algorithm=SHA-256, qop=\"auth\"\r\n";
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;

	focus_asked(&f, s, JULIET, "JuliC");
	focus_answers(&f, &f.invite, 401, STR_NONE, STR_NONE, ask);
	m = scene_sip(s, PORT_DIAL, NULL);
	assert_true(has(m.f[PORT_F_HEADERS],
			"Authorization: Digest username=\"gateway\", "
			"realm=\"conf\""));
	assert_false(has(m.f[PORT_F_HEADERS], "sesame"));
	assert_true(m.dlg == f.invite.dlg);
	f.invite = m;
	focus_lets_in(&f, FOCUS_SDP);
	m = scene_sip(s, PORT_DIAL, "SUBSCRIBE");
	focus_answers(&f, &m, 401, STR_NONE, STR_NONE, ask);
	focus_subscribed(&f);
	focus_notifies(&f, "full", "<users>" FOCUS_JULIET "</users>");
	focus_shown(s, "presence", "JuliC");
	xmpp_put(s, "<presence from='" JULIET
		    "' to='r@conf.test/JuliC' type='unavailable'/>");
	m = scene_sip(s, PORT_SEND, "BYE");
	assert_true(str_eq(m.f[PORT_F_RURI], STR(FOCUS_DEVICE)));
	focus_answers(&f, &m, 401, STR_NONE, STR_NONE, ask);
	m = scene_sip(s, PORT_SEND, "BYE");
	assert_true(has(m.f[PORT_F_HEADERS], "Authorization: Digest "));
	scene_sip_response(s, &m, 200);
	focus_done(&f);
}

/* X2S-6: a focus that takes no SUBSCRIBE but in the call's dialog */
static void test_subscribe_inside(void **state)
{
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;

	focus_asked(&f, s, JULIET, "JuliC");
	focus_lets_in(&f, FOCUS_SDP);
	m = scene_sip(s, PORT_DIAL, "SUBSCRIBE");
	focus_refuses(&f, &m, 481);
	m = scene_sip(s, PORT_SEND, "SUBSCRIBE");
	assert_true(m.dlg == f.invite.dlg);
	focus_answers(&f, &m, 200, STR_NONE, STR_NONE, "");
	f.watch = m.dlg;
	focus_notifies(&f, "full",
		       "<users>" FOCUS_ROMEO FOCUS_JULIET "</users>");
	focus_shown(s, "presence", "Romeo");
	focus_shown(s, "presence", "JuliC");
	focus_done(&f);
}

/* What a conference makes us remember is bounded, in octets and in people. */
static void test_limits(void **state)
{
	struct scene *s = *state;
	static struct focus f;
	char user[1000], name[501] = "";

	memset(name, 'x', sizeof(name) - 1);
	focus_joined(&f, s);
	snprintf(user, sizeof(user),
		 "<users state='partial'><user "
		 "entity='sip:a@b.test'><display-text>%s"
		 "</display-text></user></users>",
		 name);
	focus_notifies(&f, "partial", user);
	assert_true(xmpp_none(s, JULIET));
	focus_notifies(&f, "partial",
		       "<users state='partial'>" FOCUS_USER("sip:a@b.test", "A")
			   FOCUS_USER("sip:c@b.test", "C")
			       FOCUS_USER("sip:d@b.test", "D") "</users>");
	focus_shown(s, "presence", "A");
	while (!xmpp_none(s, JULIET))
		assert_false(str_search(x_attr(xmpp_take(s, JULIET), "from"),
					STR("/D")) >= 0);
	focus_done(&f);
}

#define TEST_IN(f, in) cmocka_unit_test_setup_teardown(f, in, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOCUS_TEST(test_join),
	    FOCUS_TEST(test_no_roster),
	    FOCUS_TEST(test_plain_focus),
	    FOCUS_TEST(test_roster_name),
	    FOCUS_TEST(test_nick_refused),
	    TEST_IN(test_renamed, setup_rename),
	    FOCUS_TEST(test_refused),
	    FOCUS_TEST(test_unreachable),
	    FOCUS_TEST(test_moved),
	    FOCUS_TEST(test_retry_after),
	    FOCUS_TEST(test_left_early),
	    FOCUS_TEST(test_no_session),
	    TEST_IN(test_login, setup_login),
	    FOCUS_TEST(test_subscribe_inside),
	    TEST_IN(test_limits, setup_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
