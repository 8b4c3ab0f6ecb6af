/* A focus is killed and comes back within a while, or doesn't: XMPP users stay
 * in the room meanwhile (limits { leg-away }, X2S-31). */
#include "focus_lost.h"

#include "gateway/back_sip.h"

/* How long the nth attempt may wait. */
static int base_ms(int n)
{
	if (n == 0)
		return 200;
	return n < 4 ? 500 << n : 8000;
}

static void in_time(int ms, int base)
{
	/* the steps of focus_waits(), and what passed before it */
	assert_in_range(ms, base * 3 / 4 - 20, base * 5 / 4 + 20);
}

static void refused_as(struct focus *f, const struct port_msg *m, int status)
{
	focus_answers(f, m, status, STR_NONE, STR_NONE, "");
}

/* A focus that is there no more is asked again and again, always a while later,
 * for a minute; what she says is not kept for so long. */
static void test_attempts(void **state)
{
	static const int statuses[] = {503, 491, 480, 500, 504, 502};
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;
	int n, ms, all = 0;

	focus_joined(&f, s);
	focus_drops(&f);
	scene_run(s, 10); /* until it is seen */
	focus_user_chats(s, "early");
	for (n = 0; n < 100; n++) {
		ms = focus_waits(s, PORT_SEND, "INVITE", 11000);
		if (ms < 0)
			break;
		in_time(ms, base_ms(n));
		all += ms;
		if (all < 29000)
			assert_true(xmpp_none(s, JULIET));
		m = focus_asked_again(&f);
		refused_as(&f, &m, statuses[n % 6]);
	}
	assert_in_range(n, 8, 15);
	assert_string_equal(focus_error(s, "early"),
			    "wait/remote-server-timeout");
	focus_is_out(s);
	assert_true(has(scene_sip(s, PORT_SEND, "BYE").f[PORT_F_HEADERS],
			"Reason: SIP;cause=480"));
	assert_int_equal(back_sip_stats(s->core.back_sip).legs, 0);
	focus_done(&f);
}

/* It knows the call no more. */
static void forgets_call(struct focus *f)
{
	struct port_msg m = focus_asked_again(f);

	refused_as(f, &m, 481);
	focus_called_anew(f);
}

/* It is back, and knows nobody: she is called anew, which is refused still, and
 * then taken. Who has not come back is gone; what she said arrives once, but
 * for what waited too long. */
static void test_returns(void **state)
{
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;

	focus_joined(&f, s);
	focus_lost(&f);
	focus_user_chats(s, "early");
	for (int i = 0; i < 3; i++) {
		m = focus_asked_again(&f);
		refused_as(&f, &m, 503);
		assert_true(focus_waits(s, PORT_SEND, "INVITE", 6000) >= 0);
	}
	focus_user_chats(s, "held");
	forgets_call(&f);
	for (int i = 0; i < 2; i++) {
		focus_refuses(&f, &f.invite, i ? 480 : 503);
		assert_true(focus_waits(s, PORT_DIAL, NULL, 11000) >= 0);
		focus_called(&f);
	}
	focus_comes_in(&f);
	assert_true(xmpp_none(s, JULIET));
	focus_notifies(&f, "partial", "<users></users>"); /* of nothing */
	m = scene_sip(s, PORT_SEND, "SUBSCRIBE");
	focus_answers(&f, &m, 200, STR_NONE, STR_NONE, "");
	focus_notifies(&f, "full",
		       "<users>" FOCUS_JULIET FOCUS_USER("sip:ben@sip.test",
							 "Ben") "</users>");
	assert_true(focus_is_gone(focus_shown(s, "presence", "Romeo")));
	assert_false(focus_is_gone(focus_shown(s, "presence", "Ben")));
	focus_replies(&f, focus_hears(&f, "early"), "200 OK");
	focus_user_hears(s, "JuliC", "early");
	focus_replies(&f, focus_hears(&f, "held"), "200 OK");
	focus_user_hears(s, "JuliC", "held");
	scene_run(s, 60000);
	assert_true(xmpp_none(s, JULIET));
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	assert_int_equal(back_sip_stats(s->core.back_sip).legs, 1);
	focus_done(&f);
}

/* Its new list can't be had: nobody is there whom we don't know to be. */
static void test_no_list(void **state)
{
	struct scene *s = *state;
	struct focus f;

	focus_joined(&f, s);
	focus_lost(&f);
	forgets_call(&f);
	focus_lets_in(&f, FOCUS_SDP);
	f.subscribe = scene_sip(s, PORT_DIAL, "SUBSCRIBE");
	focus_refuses(&f, &f.subscribe, 489);
	assert_true(focus_is_gone(focus_shown(s, "presence", "Romeo")));
	assert_true(xmpp_none(s, JULIET));
	focus_user_chats(s, "still here");
	focus_replies(&f, focus_hears(&f, "still here"), "200 OK");
	focus_user_hears(s, "JuliC", "still here");
	focus_done(&f);
}

/* A refusal that lasts is the end at once, of a re-INVITE and of a new call. */
static void test_for_good(void **state)
{
	static const int statuses[] = {403, 404, 410, 486, 488,
				       501, 600, 603, 604};
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;

	for (size_t i = 0; i < 2 * sizeof(statuses) / sizeof(*statuses); i++) {
		focus_joined(&f, s);
		focus_lost(&f);
		focus_user_chats(s, "early");
		m = focus_asked_again(&f);
		if (i % 2) {
			refused_as(&f, &m, 481);
			focus_called_anew(&f);
			m = f.invite;
		}
		refused_as(&f, &m, statuses[i / 2]);
		assert_string_equal(focus_error(s, "early"),
				    "wait/recipient-unavailable");
		focus_is_out(s);
		assert_int_equal(scene_sip_none(s, PORT_SEND, "BYE"), i % 2);
		if (i % 2 == 0)
			scene_sip(s, PORT_SEND, "BYE");
		focus_done(&f);
		scene_run(s, 100);
		xmpp_drop(s);
	}
	assert_int_equal(back_sip_stats(s->core.back_sip).legs, 0);
}

/* She was in the room; the re-INVITE after her connection has broken. */
static struct port_msg asked_after_break(struct focus *f, struct scene *s)
{
	focus_joined(f, s);
	focus_lost(f);
	return focus_asked_again(f);
}

/* An answer that is of no use, too. */
static void test_no_answer_for_us(void **state)
{
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;

	m = asked_after_break(&f, s);
	focus_answers(&f, &m, 200, STR("text/plain"), STR("?"), "");
	focus_is_out(s);
	scene_sip(s, PORT_SEND, "BYE");
	focus_done(&f);
}

/* ERR-7: it says when it may be asked again. Others are not let in before,
 * either. */
static void test_retry_after(void **state)
{
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;
	int ms;

	m = asked_after_break(&f, s);
	focus_answers(&f, &m, 503, STR_NONE, STR_NONE, "Retry-After: 20\r\n");
	xmpp_put(s, "<presence from='romeo@x.test/o' to='r@conf.test/R' "
		    "id='j2'><x xmlns='" NS_MUC "'/></presence>");
	scene_run(s, 10);
	assert_true(str_eq(x_attr(xmpp_take(s, "romeo@x.test/o"), "type"),
			   STR("error")));
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	ms = focus_waits(s, PORT_SEND, "INVITE", 23000);
	assert_in_range(ms, 19900, 22100);
	m = focus_asked_again(&f);
	focus_takes_back(&f, &m);
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
	focus_user_chats(s, "still here");
	focus_replies(&f, focus_hears(&f, "still here"), "200 OK");
	focus_user_hears(s, "JuliC", "still here");
	/* longer than she may be away */
	scene_run(s, 31000);
	xmpp_drop(s);
	focus_lost(&f);
	m = focus_asked_again(&f);
	focus_answers(&f, &m, 480, STR_NONE, STR_NONE, "Retry-After: 90\r\n");
	ms = focus_waits(s, PORT_SEND, "BYE", 61000);
	assert_in_range(ms, 59700, 60000);
	assert_true(scene_sip_none(s, PORT_SEND, "INVITE"));
	focus_is_out(s);
	focus_done(&f);
}

/* Nobody answers: the call is given up, and others are tried, to the end. What
 * comes of them later is put right. */
static void test_silence(void **state)
{
	struct scene *s = *state;
	struct port_msg m, last;
	struct focus f;
	int n, ms;

	focus_joined(&f, s);
	focus_lost(&f);
	focus_asked_again(&f);
	ms = focus_waits(s, PORT_SEND, "BYE", 11000);
	assert_in_range(ms, 9900, 10100);
	scene_sip(s, PORT_SEND, "BYE");
	assert_true(focus_waits(s, PORT_DIAL, NULL, 2000) >= 0);
	last = scene_sip(s, PORT_DIAL, NULL);
	for (n = 0; n < 10; n++) {
		ms = focus_waits(s, PORT_HANG_UP, NULL, 11000);
		m = scene_sip(s, PORT_HANG_UP, NULL);
		assert_true(m.dlg == last.dlg && m.req == last.req);
		if (focus_waits(s, PORT_DIAL, NULL, 11000) < 0)
			break;
		assert_in_range(ms, 9900, 10100);
		if (n == 0) /* it has crossed our CANCEL */
			focus_answers(&f, &last, 200, STR("application/sdp"),
				      focus_sdp(&f, FOCUS_SDP), "");
		else
			focus_refuses(&f, &last, n % 2 ? 487 : 408);
		assert_int_equal(scene_sip_none(s, PORT_SEND, "BYE"), n > 0);
		if (n == 0)
			scene_sip(s, PORT_SEND, "BYE");
		last = scene_sip(s, PORT_DIAL, NULL);
	}
	assert_in_range(n, 2, 4);
	focus_is_out(s);
	focus_refuses(&f, &last, 408);
	assert_int_equal(back_sip_stats(s->core.back_sip).legs, 0);
	focus_done(&f);
}

/* It accepts, and then nobody is there. */
static void test_no_switch(void **state)
{
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;
	int ms;

	m = asked_after_break(&f, s);
	focus_takes_back(&f, &m);
	ms = focus_waits(s, PORT_SEND, "INVITE", 13000);
	assert_in_range(ms, 10500, 11600);
	forgets_call(&f);
	focus_accepts(&f, FOCUS_SDP);
	ms = focus_waits(s, PORT_SEND, "BYE", 13000);
	assert_in_range(ms, 9900, 10100);
	assert_true(focus_waits(s, PORT_DIAL, NULL, 5000) >= 0);
	focus_called(&f);
	/* the switch is lost while it asks for her name, which is another's */
	focus_accepts(&f, FOCUS_SDP);
	focus_binds(&f);
	focus_hears(&f, "NICKNAME");
	focus_drops(&f);
	assert_true(focus_waits(s, PORT_DIAL, NULL, 11000) >= 0);
	focus_called(&f);
	focus_accepts(&f, FOCUS_SDP);
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "NICKNAME"), "425 Taken");
	assert_true(focus_waits(s, PORT_DIAL, NULL, 11000) >= 0);
	focus_called(&f);
	focus_comes_in(&f);
	focus_notifies(&f, "full",
		       "<users>" FOCUS_ROMEO FOCUS_JULIET "</users>");
	focus_user_chats(s, "back");
	focus_replies(&f, focus_hears(&f, "back"), "200 OK");
	focus_user_hears(s, "JuliC", "back");
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* The connection is there, but nobody answers what she says. */
static void test_unanswered(void **state)
{
	static const char *const ids[] = {"one", "two", "three"};
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;

	focus_joined(&f, s);
	for (int i = 0; i < 3; i++) {
		assert_true(scene_sip_none(s, PORT_SEND, "INVITE"));
		focus_user_chats(s, ids[i]);
		focus_hears(&f, ids[i]);
		scene_run(s, 30100);
		assert_string_equal(focus_error(s, ids[i]),
				    "wait/remote-server-timeout");
	}
	assert_true(focus_waits(s, PORT_SEND, "INVITE", 300) >= 0);
	m = focus_asked_again(&f);
	focus_takes_back(&f, &m);
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
	focus_user_chats(s, "back");
	focus_replies(&f, focus_hears(&f, "back"), "200 OK");
	focus_user_hears(s, "JuliC", "back");
	focus_done(&f);
}

/* The session is not refreshed any more: the focus has gone without a word. */
static void test_expired(void **state)
{
	struct scene *s = *state;
	struct focus f;
	int ms;

	focus_asked(&f, s, JULIET, "JuliC");
	for (int i = 0; i < 2; i++) {
		struct port_msg m = port_msg(PORT_RESPONSE);

		m.f[PORT_F_SESSION_EXPIRES] = STR("90;refresher=uas");
		m.dlg = f.invite.dlg;
		m.req = f.invite.req;
		m.status = 200;
		m.f[PORT_F_CONTACT] = STR(FOCUS_DEVICE);
		m.f[PORT_F_TYPE] = STR("application/sdp");
		m.f[PORT_F_BODY] = focus_sdp(&f, FOCUS_SDP);
		scene_sip_event(s, &m);
		focus_binds(&f);
		focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
		focus_subscribed(&f);
		focus_notifies(&f, "full", "<users>" FOCUS_JULIET "</users>");
		xmpp_drop(s);
		if (i)
			break;
		ms = focus_waits(s, PORT_SEND, "BYE", 91000);
		assert_in_range(ms, 58000, 61000);
		scene_sip(s, PORT_SEND, "BYE");
		assert_true(xmpp_none(s, JULIET));
		focus_called(&f);
	}
	focus_user_chats(s, "still here");
	focus_replies(&f, focus_hears(&f, "still here"), "200 OK");
	focus_user_hears(s, "JuliC", "still here");
	focus_done(&f);
}

/* An iq of hers; the type of its answer. */
static struct str asks(struct scene *s, const char *to, const char *query)
{
	xmpp_put(s,
		 "<iq from='" JULIET "' to='r@conf.test%s' type='get' "
		 "id='q'>%s</iq>",
		 to, query);
	return x_attr(xmpp_take(s, JULIET), "type");
}

/* What she does meanwhile is answered, or undone in time; she can leave. */
static void test_meanwhile(void **state)
{
	struct scene *s = *state;
	struct focus f;
	int ms;

	focus_joined(&f, s);
	focus_lost(&f);
	focus_asked_again(&f);
	for (int i = 0; i < 2; i++) {
		xmpp_put(s, "<presence from='" JULIET
			    "' to='r@conf.test/Other' id='n'/>");
		assert_string_equal(focus_error(s, "n"),
				    "wait/remote-server-timeout");
		xmpp_put(s, "<message from='" JULIET "' to='r@conf.test' "
			    "id='i'><x xmlns='" NS_MUC_USER "'><invite "
			    "to='ben@sip.test'/></x></message>");
		assert_string_equal(focus_error(s, "i"),
				    "wait/remote-server-timeout");
		assert_true(
		    str_eq(asks(s, "/JuliC", "<ping xmlns='urn:xmpp:ping'/>"),
			   STR("result")));
		assert_true(
		    str_eq(asks(s, "", "<query xmlns='" NS_DISCO_ITEMS "'/>"),
			   STR("result")));
		xmpp_put(s, "<presence from='" JULIET
			    "' to='r@conf.test/JuliC'><show>away</show>"
			    "</presence>");
		assert_non_null(x_child(focus_shown(s, "presence", "JuliC"),
					"show", NS_CLIENT));
		/* now a new call is tried */
		if (i == 0) {
			assert_true(focus_waits(s, PORT_DIAL, NULL, 13000) >=
				    0);
			scene_sip(s, PORT_SEND, "BYE");
			scene_sip(s, PORT_DIAL, NULL);
		}
	}
	focus_user_chats(s, "in vain");
	focus_user_says(s, "/Romeo", "chat", "private", "<body>p</body>");
	for (ms = 0; ms < 40000 && xmpp_none(s, JULIET); ms += 10)
		scene_run(s, 10);
	assert_in_range(ms, 29900, 30100);
	assert_string_equal(focus_error(s, "in vain"),
			    "wait/remote-server-timeout");
	assert_string_equal(focus_error(s, "private"),
			    "wait/remote-server-timeout");
	xmpp_put(s, "<presence from='" JULIET
		    "' to='r@conf.test/JuliC' type='unavailable'/>");
	assert_true(focus_is_gone(focus_shown(s, "presence", "JuliC")));
	assert_int_equal(back_sip_stats(s->core.back_sip).legs, 0);
	while (focus_waits(s, PORT_HANG_UP, NULL, 0) >= 0)
		scene_sip(s, PORT_HANG_UP, NULL);
	while (focus_waits(s, PORT_DIAL, NULL, 0) >= 0)
		scene_sip(s, PORT_DIAL, NULL);
	scene_run(s, 60000);
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	focus_done(&f);
}

/* The administrator says how long. */
static void test_limit(void **state)
{
	struct scene *s = *state;
	struct focus f;
	int ms;

	scene_reload(s, "limits { leg-away = 5 }\n" FOCUS_DOMAIN(""));
	focus_joined(&f, s);
	focus_lost(&f);
	focus_asked_again(&f);
	ms = focus_waits(s, PORT_SEND, "BYE", 11000);
	assert_in_range(ms, 4700, 5000);
	focus_is_out(s);
	focus_done(&f);
	scene_reload(s, "limits { leg-away = 0 }\n" FOCUS_DOMAIN(""));
	focus_joined(&f, s);
	focus_user_chats(s, "under way");
	focus_drops(&f);
	assert_string_equal(focus_error(s, "under way"),
			    "wait/recipient-unavailable");
	focus_is_out(s);
	assert_true(scene_sip_none(s, PORT_SEND, "INVITE"));
	focus_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOCUS_TEST(test_attempts),	       FOCUS_TEST(test_returns),
	    FOCUS_TEST(test_no_list),	       FOCUS_TEST(test_for_good),
	    FOCUS_TEST(test_retry_after),      FOCUS_TEST(test_silence),
	    FOCUS_TEST(test_no_switch),	       FOCUS_TEST(test_expired),
	    FOCUS_TEST(test_meanwhile),	       FOCUS_TEST(test_limit),
	    FOCUS_TEST(test_no_answer_for_us), FOCUS_TEST(test_unanswered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
