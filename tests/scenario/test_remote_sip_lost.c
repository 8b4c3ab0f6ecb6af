/* The MSRP connection to a SIP conference elsewhere breaks, or its focus starts
 * again: XMPP users stay in the room where that can be mended (X2S-31). */
#include "focus_lost.h"

#include <stdlib.h>

#include "gateway/back_sip.h"

/* By a re-INVITE: what was under way has failed, what she says meanwhile
 * arrives, once and in its order, and the whole list is asked for. */
static void test_session(void **state)
{
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;

	focus_joined(&f, s);
	focus_user_chats(s, "lost");
	focus_hears(&f, "SEND");
	focus_lost(&f);
	assert_string_equal(focus_error(s, "lost"),
			    "wait/recipient-unavailable");
	focus_user_chats(s, "one");
	focus_user_chats(s, "two");
	m = focus_asked_again(&f);
	focus_takes_back(&f, &m);
	assert_true(xmpp_none(s, JULIET));
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
	focus_replies(&f, focus_hears(&f, "one"), "200 OK");
	focus_user_hears(s, "JuliC", "one");
	focus_replies(&f, focus_hears(&f, "two"), "200 OK");
	focus_user_hears(s, "JuliC", "two");
	m = scene_sip(s, PORT_SEND, "SUBSCRIBE");
	assert_true(m.dlg == f.watch && m.expires == 3600);
	focus_answers(&f, &m, 200, STR_NONE, STR_NONE, "");
	focus_notifies(&f, "full", "<users>" FOCUS_JULIET "</users>");
	assert_true(focus_is_gone(focus_shown(s, "presence", "Romeo")));
	assert_int_equal(focus_says(&f, "<sip:ann@sip.test>", FOCUS_ROOM,
				    "\r\nContent-Type: text/plain\r\n\r\nhi"),
			 200);
	assert_string_equal(xmpp_text(s, xmpp_take(s, JULIET), "body"), "hi");
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* One that breaks again at once is not mended for ever. */
static void test_flapping(void **state)
{
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;
	unsigned n;

	focus_joined(&f, s);
	for (n = 0; n < 30; n++) {
		focus_drops(&f);
		if (focus_waits(s, PORT_SEND, "INVITE", 11000) < 0)
			break;
		m = focus_asked_again(&f);
		focus_takes_back(&f, &m);
		focus_binds(&f);
		focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
	}
	assert_in_range(n, 8, 15);
	focus_is_out(s);
	focus_done(&f);
}

/* She may leave, or be sent away, meanwhile. */
static void test_leaves_meanwhile(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	struct focus f;

	focus_joined(&f, s);
	focus_lost(&f);
	focus_asked_again(&f);
	xmpp_put(s, "<presence from='" JULIET
		    "' to='r@conf.test/JuliC' type='unavailable'/>");
	assert_true(focus_is_gone(focus_shown(s, "presence", "JuliC")));
	scene_sip(s, PORT_SEND, "BYE");
	focus_done(&f);
	xmpp_drop(s);
	focus_joined(&f, s);
	focus_lost(&f);
	focus_asked_again(&f);
	focus_user_chats(s, "early");
	m.dlg = f.invite.dlg;
	m.f[PORT_F_METHOD] = STR("BYE");
	m.f[PORT_F_SIP_REASON] = STR("SIP;cause=503");
	scene_sip_event(s, &m);
	assert_string_equal(focus_error(s, "early"),
			    "wait/recipient-unavailable");
	assert_true(x_has_status(focus_shown(s, "presence", "JuliC"), "332"));
	scene_run(s, 60000);
	assert_true(scene_sip_none(s, PORT_SEND, "INVITE"));
	focus_done(&f);
}

/* The focus's own re-INVITE, which is taken. */
static void offers_session(struct focus *f)
{
	struct scene *s = f->u.s;
	struct port_msg m = port_msg(PORT_REQUEST), ack = port_msg(PORT_ACK);

	m.dlg = ack.dlg = f->invite.dlg;
	m.cseq = 50;
	m.f[PORT_F_METHOD] = STR("INVITE");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = focus_sdp(f, FOCUS_SDP);
	m = scene_sip_request(s, &m);
	assert_int_equal(m.status, 200);
	f->u.path = scene_path(m.f[PORT_F_BODY]);
	scene_sip_event(s, &ack);
}

/* The focus may be quicker, with a session of its own. */
static void test_their_offer(void **state)
{
	struct scene *s = *state;
	struct port_msg a;
	struct focus f;

	focus_joined(&f, s);
	focus_lost(&f);
	a = focus_asked_again(&f);
	scene_sip_response(s, &a, 491);
	offers_session(&f);
	scene_run(s, 5000);
	assert_true(scene_sip_none(s, PORT_SEND, "INVITE"));
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
	focus_user_chats(s, "still here");
	focus_replies(&f, focus_hears(&f, "still here"), "200 OK");
	focus_user_hears(s, "JuliC", "still here");
	scene_run(s, 20000);
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* It may move the session while the last one works: what was on its way there
 * is told as lost. */
static void test_other_session(void **state)
{
	struct scene *s = *state;
	struct focus f;

	focus_joined(&f, s);
	focus_user_chats(s, "lost");
	focus_hears(&f, "SEND");
	snprintf(f.u.own_path, sizeof(f.u.own_path),
		 "msrp://10.0.0.5:9/other;tcp");
	offers_session(&f);
	assert_string_equal(focus_error(s, "lost"),
			    "wait/recipient-unavailable");
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
	focus_user_chats(s, "still here");
	focus_replies(&f, focus_hears(&f, "still here"), "200 OK");
	focus_user_hears(s, "JuliC", "still here");
	focus_done(&f);
}

/* --- a new call --- */

#define AT(time, text)                                                         \
	"DateTime: " time "\r\n\r\nContent-Type: text/plain\r\n\r\n" text
#define OLD "2026-01-01T00:00:00Z"

/* A focus that has forgotten all: 481 to the re-INVITE. What she has heard
 * before, and what she said, isn't told again. */
static void test_call(void **state)
{
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;

	focus_joined(&f, s);
	assert_int_equal(focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM,
				    AT(OLD, "known")),
			 200);
	xmpp_drop(s);
	focus_lost(&f);
	m = focus_asked_again(&f);
	scene_sip_response(s, &m, 481);
	focus_user_chats(s, "held");
	focus_called_anew(&f);
	focus_comes_in(&f);
	assert_int_equal(focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM,
				    AT(OLD, "known")),
			 200);
	assert_int_equal(focus_says(&f, "<sip:juliet@x.test;gr=balcony>",
				    FOCUS_ROOM, AT(OLD, "mine")),
			 200);
	assert_int_equal(focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM,
				    AT(OLD, "missed")),
			 200);
	focus_notifies(&f, "full",
		       "<users>" FOCUS_ROMEO FOCUS_JULIET FOCUS_USER(
			   "sip:ben@sip.test", "Ben") "</users>");
	assert_false(focus_is_gone(focus_shown(s, "presence", "Ben")));
	focus_user_hears(s, "Romeo", "missed");
	focus_replies(&f, focus_hears(&f, "held"), "200 OK");
	focus_user_hears(s, "JuliC", "held");
	assert_true(xmpp_none(s, JULIET));
	scene_run(s, 60000);
	assert_true(xmpp_none(s, JULIET));
	assert_int_equal(back_sip_stats(s->core.back_sip).legs, 1);
	focus_done(&f);
}

/* 481 to the refresh of the session, or of the subscription. */
static void test_forgotten(void **state)
{
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;

	focus_joined(&f, s);
	scene_run(s, 3541000);
	xmpp_drop(s); /* whether she is still there */
	m = scene_sip(s, PORT_SEND, "SUBSCRIBE");
	focus_refuses(&f, &m, 481);
	focus_subscribed(&f);
	m = scene_sip(s, PORT_SEND, "INVITE");
	scene_sip_response(s, &m, 481);
	m = scene_sip(s, PORT_SEND, "SUBSCRIBE");
	assert_int_equal(m.expires, 0);
	focus_called_anew(&f);
	focus_comes_in(&f);
	focus_notifies(&f, "full",
		       "<users>" FOCUS_ROMEO FOCUS_JULIET "</users>");
	focus_user_chats(s, "again");
	focus_replies(&f, focus_hears(&f, "again"), "200 OK");
	focus_user_hears(s, "JuliC", "again");
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* The focus forgets her while she comes in: that join has failed. */
static void test_forgotten_early(void **state)
{
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;

	focus_asked(&f, s, JULIET, "JuliC");
	focus_lets_in(&f, FOCUS_SDP);
	focus_subscribed(&f);
	focus_notifies(&f, "full", "<unreadable>");
	m = scene_sip(s, PORT_SEND, "SUBSCRIBE");
	focus_refuses(&f, &m, 481);
	m = scene_sip(s, PORT_SEND, "INVITE");
	scene_sip_response(s, &m, 481);
	assert_string_equal(focus_error(s, "j1"), "wait/recipient-unavailable");
	assert_int_equal(back_sip_stats(s->core.back_sip).legs, 0);
	focus_done(&f);
}

/* kill -9 of the daemon: the next one ends what it finds of her call, and a
 * NOTIFY of her subscription gets 481, upon which the focus drops it
 * (RFC 6665 §4.1.3, SEED0-4). */
static void test_killed(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	struct focus f;

	focus_joined(&f, s);
	scene_kill(s);
	scene_start(s, (uint64_t[]){f.invite.dlg, f.watch}, 2);
	m.f[PORT_F_EVENT] = STR("conference");
	m.f[PORT_F_SUB_STATE] = STR("active;expires=3600");
	assert_int_equal(focus_requests(&f, f.watch, &m, "NOTIFY"), 481);
	for (int i = 0; i < 2; i++) {
		m = scene_sip(s, PORT_SEND, "BYE");
		scene_sip_response(s, &m, m.dlg == f.watch ? 481 : 200);
		/* what comes now the SIP process answers so */
		assert_true(scene_sip(s, PORT_FORGET, NULL).dlg == m.dlg);
	}
	assert_true(scene_sip_none(s, PORT_SEND, NULL));
	focus_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOCUS_TEST(test_session),	       FOCUS_TEST(test_flapping),
	    FOCUS_TEST(test_leaves_meanwhile), FOCUS_TEST(test_their_offer),
	    FOCUS_TEST(test_other_session),    FOCUS_TEST(test_call),
	    FOCUS_TEST(test_forgotten),	       FOCUS_TEST(test_forgotten_early),
	    FOCUS_TEST(test_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
