/* The MSRP connection to a SIP conference elsewhere breaks, or its focus starts
 * again: XMPP users stay in the room where that can be mended (X2S-31). */
#include "focus.h"

#include <stdlib.h>

#include "gateway/back_sip.h"

static void say(struct scene *s, const char *id)
{
	xmpp_put(s,
		 "<message from='" JULIET "' to='r@conf.test' type='groupchat' "
		 "id='%s'><body>%s</body></message>",
		 id, id);
}

static void hears(struct scene *s, const char *nick, const char *text)
{
	assert_string_equal(
	    xmpp_text(s, focus_shown(s, "message", nick), "body"), text);
}

/* She is told that she is out, by 333 and no 307, and the focus hears BYE. */
static void is_out(struct scene *s)
{
	const struct xnode *n = focus_shown(s, "presence", "JuliC");

	assert_true(focus_is_gone(n) && x_has_status(n, "333"));
	assert_false(x_has_status(n, "307"));
}

/* Our next re-INVITE; its session is the one that the switch is to use. */
static struct port_msg asked_again(struct focus *f)
{
	struct port_msg m = scene_sip(f->s, PORT_SEND, "INVITE");
	struct str body = m.f[PORT_F_BODY], old = f->u.path;

	assert_true(m.dlg == f->invite.dlg);
	body = str_from(body, (size_t)str_search(body, STR("a=path:")) + 7);
	f->u.path = str_split(&body, '\r');
	assert_false(str_eq(f->u.path, old));
	return m;
}

static void drops(struct focus *f)
{
	focus_drops(f);
	scene_run(f->s, 210);
}

static void accepts(struct focus *f, const struct port_msg *invite)
{
	snprintf(f->u.own_path, sizeof(f->u.own_path),
		 "msrp://10.0.0.5:9/again%u;tcp", ++f->u.ids);
	focus_answers(f, invite, 200, STR("application/sdp"),
		      focus_sdp(f, FOCUS_SDP), "");
}

/* By a re-INVITE: what was under way has failed, what she says meanwhile
 * arrives, once and in its order, and the whole list is asked for. */
static void test_session(void **state)
{
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;

	focus_joined(&f, s);
	say(s, "lost");
	focus_hears(&f, "SEND");
	drops(&f);
	assert_string_equal(focus_error(s, "lost"),
			    "wait/recipient-unavailable");
	say(s, "one");
	say(s, "two");
	m = asked_again(&f);
	accepts(&f, &m);
	assert_true(xmpp_none(s, JULIET));
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
	focus_replies(&f, focus_hears(&f, "one"), "200 OK");
	hears(s, "JuliC", "one");
	focus_replies(&f, focus_hears(&f, "two"), "200 OK");
	hears(s, "JuliC", "two");
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

/* It is tried four times, each a while after the other. */
static void test_attempts(void **state)
{
	static const unsigned wait_ms[] = {200, 1000, 2000, 4000};
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;

	focus_joined(&f, s);
	focus_drops(&f);
	scene_run(s, 10); /* until it is seen */
	say(s, "early");
	for (int i = 0; i < 4; i++) {
		scene_run(s, wait_ms[i] - 100);
		assert_true(scene_sip_none(s, PORT_SEND, "INVITE"));
		scene_run(s, 100);
		m = asked_again(&f);
		assert_true(xmpp_none(s, JULIET));
		scene_sip_response(s, &m, i % 2 ? 491 : 503);
	}
	assert_string_equal(focus_error(s, "early"),
			    "wait/recipient-unavailable");
	is_out(s);
	assert_true(has(scene_sip(s, PORT_SEND, "BYE").f[PORT_F_HEADERS],
			"Reason: SIP;cause=480"));
	focus_done(&f);
}

/* The focus says no, says nothing, or accepts and then isn't there. */
static void test_refused(void **state)
{
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;

	for (int how = 0; how < 4; how++) {
		focus_joined(&f, s);
		drops(&f);
		m = asked_again(&f);
		if (how == 0)
			scene_sip_response(s, &m, 403);
		else if (how == 1)
			focus_answers(&f, &m, 200, STR("text/plain"), STR("?"),
				      "");
		else if (how == 2)
			accepts(&f, &m);
		if (how >= 2) {
			scene_run(s, 9800);
			assert_true(xmpp_none(s, JULIET));
			scene_run(s, 300);
		}
		is_out(s);
		scene_sip(s, PORT_SEND, "BYE");
		focus_done(&f);
		scene_run(s, 100);
		xmpp_drop(s);
	}
}

/* One that breaks again at once is not mended for ever. */
static void test_flapping(void **state)
{
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;
	unsigned n;

	focus_joined(&f, s);
	for (n = 0; n < 10; n++) {
		focus_drops(&f);
		scene_run(s, 4000);
		if (scene_sip_none(s, PORT_SEND, "INVITE"))
			break;
		m = asked_again(&f);
		accepts(&f, &m);
		focus_binds(&f);
		focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
	}
	assert_int_equal(n, 4);
	is_out(s);
	focus_done(&f);
}

/* She may leave, or be sent away, meanwhile. */
static void test_leaves_meanwhile(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	struct focus f;

	focus_joined(&f, s);
	drops(&f);
	asked_again(&f);
	xmpp_put(s, "<presence from='" JULIET
		    "' to='r@conf.test/JuliC' type='unavailable'/>");
	assert_true(focus_is_gone(focus_shown(s, "presence", "JuliC")));
	scene_sip(s, PORT_SEND, "BYE");
	focus_done(&f);
	xmpp_drop(s);
	focus_joined(&f, s);
	drops(&f);
	asked_again(&f);
	say(s, "early");
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
	struct str body;

	m.dlg = ack.dlg = f->invite.dlg;
	m.cseq = 50;
	m.f[PORT_F_METHOD] = STR("INVITE");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = focus_sdp(f, FOCUS_SDP);
	m = scene_sip_request(s, &m);
	assert_int_equal(m.status, 200);
	body = m.f[PORT_F_BODY];
	body = str_from(body, (size_t)str_search(body, STR("a=path:")) + 7);
	f->u.path = str_split(&body, '\r');
	scene_sip_event(s, &ack);
}

/* The focus may be quicker, with a session of its own. */
static void test_their_offer(void **state)
{
	struct scene *s = *state;
	struct port_msg a;
	struct focus f;

	focus_joined(&f, s);
	drops(&f);
	a = asked_again(&f);
	scene_sip_response(s, &a, 491);
	offers_session(&f);
	scene_run(s, 5000);
	assert_true(scene_sip_none(s, PORT_SEND, "INVITE"));
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
	say(s, "still here");
	focus_replies(&f, focus_hears(&f, "still here"), "200 OK");
	hears(s, "JuliC", "still here");
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
	say(s, "lost");
	focus_hears(&f, "SEND");
	snprintf(f.u.own_path, sizeof(f.u.own_path),
		 "msrp://10.0.0.5:9/other;tcp");
	offers_session(&f);
	assert_string_equal(focus_error(s, "lost"),
			    "wait/recipient-unavailable");
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
	say(s, "still here");
	focus_replies(&f, focus_hears(&f, "still here"), "200 OK");
	hears(s, "JuliC", "still here");
	focus_done(&f);
}

/* --- a new call --- */

#define AT(time, text)                                                         \
	"DateTime: " time "\r\n\r\nContent-Type: text/plain\r\n\r\n" text
#define OLD "2026-01-01T00:00:00Z"

/* The new INVITE, whose dialog is another; the old one is forgotten. */
static void called_anew(struct focus *f)
{
	struct str body;

	while (scene_sip(f->s, PORT_FORGET, NULL).dlg != f->invite.dlg)
		; /* of subscriptions */
	f->invite = scene_sip(f->s, PORT_DIAL, NULL);
	f->u.dlg = f->invite.dlg;
	body = f->invite.f[PORT_F_BODY];
	body = str_from(body, (size_t)str_search(body, STR("a=path:")) + 7);
	f->u.path = str_split(&body, '\r');
}

static void comes_in(struct focus *f)
{
	focus_accepts(f, FOCUS_SDP);
	focus_binds(f);
	focus_replies(f, focus_hears(f, "\"JuliC\""), "200 OK");
	focus_subscribed(f);
	f->version = 0;
}

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
	drops(&f);
	m = asked_again(&f);
	scene_sip_response(s, &m, 481);
	say(s, "held");
	called_anew(&f);
	comes_in(&f);
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
	hears(s, "Romeo", "missed");
	focus_replies(&f, focus_hears(&f, "held"), "200 OK");
	hears(s, "JuliC", "held");
	assert_true(xmpp_none(s, JULIET));
	scene_run(s, 60000);
	assert_true(xmpp_none(s, JULIET));
	assert_int_equal(back_sip_stats(s->core.back_sip).legs, 1);
	focus_done(&f);
}

/* That is tried once, and what the focus says to it is no refusal of a join. */
static void test_call_refused(void **state)
{
	static const int statuses[] = {404, 503, 486};
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;

	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		focus_joined(&f, s);
		drops(&f);
		m = asked_again(&f);
		scene_sip_response(s, &m, 481);
		called_anew(&f);
		focus_refuses(&f, &f.invite, statuses[i]);
		is_out(s);
		assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
		focus_done(&f);
		scene_run(s, 100);
		xmpp_drop(s);
	}
	assert_int_equal(back_sip_stats(s->core.back_sip).legs, 0);
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
	called_anew(&f);
	comes_in(&f);
	focus_notifies(&f, "full",
		       "<users>" FOCUS_ROMEO FOCUS_JULIET "</users>");
	say(s, "again");
	focus_replies(&f, focus_hears(&f, "again"), "200 OK");
	hears(s, "JuliC", "again");
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
	focus_accepts(&f, FOCUS_SDP);
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOCUS_TEST(test_session),	       FOCUS_TEST(test_attempts),
	    FOCUS_TEST(test_refused),	       FOCUS_TEST(test_flapping),
	    FOCUS_TEST(test_leaves_meanwhile), FOCUS_TEST(test_their_offer),
	    FOCUS_TEST(test_other_session),    FOCUS_TEST(test_call),
	    FOCUS_TEST(test_call_refused),     FOCUS_TEST(test_forgotten),
	    FOCUS_TEST(test_forgotten_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
