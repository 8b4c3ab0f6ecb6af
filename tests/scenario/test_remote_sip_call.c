/* How the call into a SIP conference elsewhere goes on, and how it ends (RFC
 * 7702 §5.8). */
#include "focus.h"

/* ERR-9: 481 ends the leg, too */
static void test_session_gone(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	focus_user_says(s, "", "groupchat", "m1", "<body>x</body>");
	focus_replies(&f, focus_hears(&f, "SEND"), "481 No such session");
	assert_string_equal(focus_error(s, "m1"), "wait/recipient-unavailable");
	n = focus_shown(s, "presence", "JuliC");
	assert_true(focus_is_gone(n) && x_has_status(n, "333"));
	scene_sip(s, PORT_SEND, "BYE");
	focus_done(&f);
}

/* X2S-31 */
static void test_ended(void **state)
{
	static const struct {
		const char *reason, *status, *text;
	} tests[] = {
	    {"", "307", ""},
	    {"SIP;cause=403;text=\"rude\"", "307", "rude"},
	    {"SIP;cause=503;text=\"maintenance\"", "332", ""},
	    {"SIP;cause=481", "333", ""},
	    {"SIP;cause=408", "333", ""},
	};
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		struct port_msg m = port_msg(PORT_REQUEST);

		focus_joined(&f, s);
		m.dlg = f.invite.dlg;
		m.f[PORT_F_METHOD] = STR("BYE");
		m.f[PORT_F_SIP_REASON] = str_z(tests[i].reason);
		scene_sip_event(s, &m);
		n = focus_shown(s, "presence", "JuliC");
		assert_true(focus_is_gone(n) && x_has_status(n, "110"));
		assert_true(x_has_status(n, tests[i].status));
		if (*tests[i].text)
			assert_string_equal(
			    xmpp_text(s, focus_item(n), "reason"),
			    tests[i].text);
		assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
		focus_done(&f);
		scene_run(s, 100);
		xmpp_drop(s);
	}
}

/* RFC 7702 examples 25, 26; X2S-29: BYE, and the subscription ends, which the
 * focus notifies (RFC 6665 §4.1.2.3). */
static void test_leaves(void **state)
{
	struct port_msg last = port_msg(PORT_REQUEST), m;
	struct scene *s = *state;
	struct focus f;

	focus_joined(&f, s);
	xmpp_put(s, "<presence from='" JULIET
		    "' to='r@conf.test/JuliC' type='unavailable'/>");
	assert_true(focus_is_gone(focus_shown(s, "presence", "JuliC")));
	m = scene_sip(s, PORT_SEND, "SUBSCRIBE");
	assert_true(m.dlg == f.watch && m.expires == 0);
	scene_sip_response(s, &m, 200);
	last.f[PORT_F_EVENT] = STR("conference");
	last.f[PORT_F_SUB_STATE] = STR("terminated;reason=timeout");
	assert_int_equal(focus_requests(&f, f.watch, &last, "NOTIFY"), 200);
	assert_true(scene_sip(s, PORT_FORGET, NULL).dlg == f.watch);
	m = scene_sip(s, PORT_SEND, "BYE");
	assert_true(m.dlg == f.invite.dlg);
	scene_sip_response(s, &m, 200);
	assert_true(scene_sip(s, PORT_FORGET, NULL).dlg == f.invite.dlg);
	focus_user_says(s, "", "groupchat", "m1", "<body>x</body>");
	assert_string_equal(focus_error(s, "m1"), "cancel/not-acceptable");
	focus_done(&f);
}

/* One that does not, and one that does so before its 200. */
static void test_last_notify(void **state)
{
	struct port_msg last = port_msg(PORT_REQUEST), m;
	struct scene *s = *state;
	struct focus f;

	last.f[PORT_F_EVENT] = STR("conference");
	last.f[PORT_F_SUB_STATE] = STR("terminated");
	for (int early = 0; early < 2; early++) {
		focus_joined(&f, s);
		xmpp_put(s, "<presence from='" JULIET
			    "' to='r@conf.test/JuliC' type='unavailable'/>");
		m = scene_sip(s, PORT_SEND, "BYE");
		scene_sip_response(s, &m, 200);
		scene_sip(s, PORT_FORGET, NULL);
		m = scene_sip(s, PORT_SEND, "SUBSCRIBE");
		if (early)
			assert_int_equal(
			    focus_requests(&f, f.watch, &last, "NOTIFY"), 200);
		assert_true(scene_sip_none(s, PORT_FORGET, NULL));
		scene_sip_response(s, &m, 200);
		assert_true(scene_sip_none(s, PORT_FORGET, NULL) == !early);
		if (!early)
			scene_run(s, 32000);
		assert_true(scene_sip(s, PORT_FORGET, NULL).dlg == f.watch);
		focus_done(&f);
		xmpp_drop(s);
	}
}

/* RFC 4028: as the 200 says; it is refreshed, and its end ends the call. */
static void test_session_timer(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_RESPONSE), r;
	const struct xnode *n;
	struct focus f;

	focus_asked(&f, s, JULIET, "JuliC");
	assert_true(has(f.invite.f[PORT_F_HEADERS], "Session-Expires: 1800"));
	m.dlg = f.invite.dlg;
	m.req = f.invite.req;
	m.status = 422;
	m.cseq = 7;
	m.f[PORT_F_MIN_SE] = STR("2000");
	m.f[PORT_F_CALL_ID] = STR("call1");
	m.f[PORT_F_FROM] = STR("<sip:juliet@x.test>;tag=ours");
	scene_sip_event(s, &m);
	f.invite = scene_sip(s, PORT_DIAL, NULL);
	assert_int_equal(f.invite.cseq, 7);
	assert_true(str_eq(f.invite.f[PORT_F_CALL_ID], STR("call1")));
	assert_true(has(f.invite.f[PORT_F_FROM], "tag=ours"));
	assert_true(has(f.invite.f[PORT_F_HEADERS], "Session-Expires: 2000"));
	m.req = f.invite.req;
	m.status = 200;
	m.f[PORT_F_SESSION_EXPIRES] = STR("2000;refresher=uac");
	m.f[PORT_F_CONTACT] = STR(FOCUS_DEVICE);
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_HEADERS] = STR("Allow: INVITE, UPDATE\r\n");
	m.f[PORT_F_BODY] = focus_sdp(&f, FOCUS_SDP);
	scene_sip_event(s, &m);
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
	focus_subscribed(&f);
	focus_notifies(&f, "full", "<users>" FOCUS_JULIET "</users>");
	xmpp_drop(s);
	scene_run(s, 1000100);
	xmpp_drop(s); /* whether she is still there */
	r = scene_sip(s, PORT_SEND, "UPDATE");
	assert_true(
	    has(r.f[PORT_F_HEADERS], "Session-Expires: 2000;refresher=uac"));
	scene_sip_response(s, &r, 405);
	r = scene_sip(s, PORT_SEND, "INVITE");
	assert_true(has(r.f[PORT_F_BODY], "a=chatroom:"));
	scene_sip_response(s, &r, 408); /* she is called anew */
	scene_sip(s, PORT_SEND, "BYE");
	r = scene_sip(s, PORT_DIAL, NULL);
	focus_refuses(&f, &r, 404);
	n = focus_shown(s, "presence", "JuliC");
	assert_true(focus_is_gone(n) && x_has_status(n, "333"));
	focus_done(&f);
}

/* A focus that has started again re-INVITEs with another path, and she stays.
 */
static void test_reinvite(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	struct port_msg a, ack = port_msg(PORT_ACK);
	struct focus f;

	focus_joined(&f, s);
	/* the same session: nothing changes */
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = focus_sdp(&f, FOCUS_SDP);
	m.f[PORT_F_SESSION_EXPIRES] = STR("1800;refresher=uac");
	m.f[PORT_F_SUPPORTED] = STR("timer");
	assert_int_equal(focus_requests(&f, f.invite.dlg, &m, "INVITE"), 200);
	focus_user_says(s, "", "groupchat", "m1", "<body>x</body>");
	focus_replies(&f, focus_hears(&f, "SEND"), "200 OK");
	focus_shown(s, "message", "JuliC");
	/* another one */
	snprintf(f.u.own_path, sizeof(f.u.own_path),
		 "msrp://10.0.0.5:9/again;tcp");
	m.type = PORT_REQUEST;
	m.req = ++s->ids;
	m.cseq++;
	m.f[PORT_F_BODY] = focus_sdp(&f, FOCUS_SDP);
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.status, 200);
	f.u.path = scene_path(a.f[PORT_F_BODY]);
	ack.dlg = f.invite.dlg;
	scene_sip_event(s, &ack);
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
	focus_user_says(s, "", "groupchat", "m2", "<body>y</body>");
	focus_replies(&f, focus_hears(&f, "SEND"), "200 OK");
	focus_shown(s, "message", "JuliC");
	m.f[PORT_F_BODY] = STR("v=0\r\nm=audio 1 RTP/AVP 0\r\n");
	assert_int_equal(focus_requests(&f, f.invite.dlg, &m, "INVITE"), 488);
	m.f[PORT_F_TYPE] = STR("text/plain");
	m.req = ++s->ids;
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.status, 415);
	assert_true(has(a.f[PORT_F_HEADERS], "Accept: application/sdp"));
	m.f[PORT_F_BODY] = m.f[PORT_F_TYPE] = STR_NONE;
	assert_int_equal(focus_requests(&f, f.invite.dlg, &m, "UPDATE"), 200);
	assert_int_equal(focus_requests(&f, f.invite.dlg, &m, "OPTIONS"), 200);
	assert_int_equal(focus_requests(&f, f.invite.dlg, &m, "REFER"), 603);
	assert_int_equal(focus_requests(&f, f.invite.dlg, &m, "INFO"), 405);
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* Everybody is told, and every conference left. */
static void test_shutdown(void **state)
{
	struct scene *s = *state;
	struct focus f;
	struct port_msg m;

	focus_joined(&f, s);
	core_shutdown(&s->core);
	assert_true(x_has_status(focus_shown(s, "presence", "JuliC"), "332"));
	assert_true(core_sip_busy(&s->core));
	m = scene_sip(s, PORT_SEND, "SUBSCRIBE");
	scene_sip_response(s, &m, 200);
	m = scene_sip(s, PORT_SEND, "BYE");
	scene_sip_response(s, &m, 200);
	assert_false(core_sip_busy(&s->core));
	focus_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOCUS_TEST(test_session_timer), FOCUS_TEST(test_reinvite),
	    FOCUS_TEST(test_leaves),	    FOCUS_TEST(test_last_notify),
	    FOCUS_TEST(test_ended),	    FOCUS_TEST(test_session_gone),
	    FOCUS_TEST(test_shutdown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
