/* What is said between XMPP users and a SIP conference elsewhere (RFC 7702
 * §5.4, §5.5). */
#include "focus.h"

#include <stdlib.h>

static const char *stable_id(struct scene *s, const struct xnode *n)
{
	const struct xnode *id = x_child(n, "occupant-id", NULL);

	assert_non_null(id);
	return arena_dup(s->arena, x_attr(id, "id")).p;
}

/* X2S-39: all have ids that stay the same when they come again. */
static void test_stable_ids(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;
	const char *id;

	focus_joined(&f, s);
	assert_int_equal(focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM,
				    FOCUS_PLAIN("hi")),
			 200);
	id = stable_id(s, focus_shown(s, "message", "Romeo"));
	focus_notifies(&f, "full", "<users>" FOCUS_JULIET "</users>");
	assert_string_equal(stable_id(s, focus_shown(s, "presence", "Romeo")),
			    id);
	focus_notifies(&f, "full",
		       "<users>" FOCUS_ROMEO FOCUS_JULIET "</users>");
	n = focus_shown(s, "presence", "Romeo");
	assert_string_equal(stable_id(s, n), id);
	focus_user_says(s, "", "groupchat", "m1", "<body>x</body>");
	focus_replies(&f, focus_hears(&f, "SEND"), "200 OK");
	assert_string_not_equal(
	    stable_id(s, focus_shown(s, "message", "JuliC")), id);
	focus_done(&f);
}

/* RFC 7702 examples 12 to 15; X2S-36, X2S-37, BODY-22: her own comes back after
 * the 200, not before, and once */
static void test_say(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;
	struct str frame;

	focus_joined(&f, s);
	focus_user_says(s, "", "groupchat", "m1", "<body>Who knows?</body>");
	frame = focus_hears(&f, "Content-Type: message/cpim\r\n");
	assert_true(has(frame, "From: <sip:juliet@x.test;gr=balcony>\r\n"));
	assert_true(has(frame, "To: <" FOCUS_ROOM ">\r\n"));
	assert_true(has(frame, "DateTime: 2026-"));
	assert_true(has(frame, "\r\n\r\nWho knows?\r\n-------"));
	assert_false(has(frame, "Failure-Report"));
	assert_true(xmpp_none(s, JULIET));
	focus_replies(&f, frame, "200 OK");
	n = focus_shown(s, "message", "JuliC");
	assert_true(str_eq(x_attr(n, "id"), STR("m1")));
	assert_true(str_eq(x_attr(n, "type"), STR("groupchat")));
	assert_string_equal(xmpp_text(s, n, "body"), "Who knows?");
	assert_non_null(x_child(n, "stanza-id", NULL));
	assert_true(xmpp_none(s, JULIET));
	/* nothing of it is for SIP users: X2S-45 */
	focus_user_says(
	    s, "", "groupchat", "m2",
	    "<composing xmlns='http://jabber.org/protocol/chatstates'/>");
	n = focus_shown(s, "message", "JuliC");
	assert_true(str_eq(x_attr(n, "id"), STR("m2")));
	assert_int_equal(msrp_take(&f.u).n, 0);
	focus_done(&f);
}

/* X2S-40, table C; ERR-10: silence */
static void test_not_said(void **state)
{
	static const struct {
		const char *status, *error;
	} tests[] = {
	    {"403 No", "auth/forbidden"},
	    {"404 No", "cancel/item-not-found"},
	    {"408 No", "wait/remote-server-timeout"},
	    {"413 No", "modify/policy-violation"},
	    {"415 No", "modify/not-acceptable"},
	    {"423 No", "modify/bad-request"},
	    {"501 No", "cancel/feature-not-implemented"},
	};
	struct scene *s = *state;
	struct focus f;

	focus_joined(&f, s);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		focus_user_says(s, "", "groupchat", "m1", "<body>x</body>");
		focus_replies(&f, focus_hears(&f, "SEND"), tests[i].status);
		assert_string_equal(focus_error(s, "m1"), tests[i].error);
		assert_true(xmpp_none(s, JULIET));
	}
	focus_user_says(s, "", "groupchat", "m2", "<body>x</body>");
	focus_hears(&f, "SEND");
	scene_run(s, 30100);
	assert_string_equal(focus_error(s, "m2"), "wait/remote-server-timeout");
	focus_done(&f);
}

/* BODY-28: more than the conference takes */
static void test_too_long(void **state)
{
	struct scene *s = *state;
	struct focus f;
	struct str text;
	char *a = malloc(3000);

	memset(a, 'a', 2999);
	a[2999] = '\0';
	text = arena_printf(s->arena, "<body>%s</body>", a);
	free(a);
	focus_asked(&f, s, JULIET, "JuliC");
	focus_lets_in(&f, FOCUS_SDP "a=max-size:1000\r\n");
	focus_subscribed(&f);
	focus_notifies(&f, "full", "<users>" FOCUS_JULIET "</users>");
	xmpp_drop(s);
	focus_user_says(s, "", "groupchat", "m1", text.p);
	assert_string_equal(focus_error(s, "m1"), "modify/policy-violation");
	focus_done(&f);
}

/* What the switch sends: X2S-44; by whom is told by the roster. BODY-12: other
 * types are refused with 415. */
static void test_heard(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	assert_int_equal(focus_says(&f, "\"Anybody\" <sip:romeo@sip.test>",
				    FOCUS_ROOM, FOCUS_PLAIN("hi\r\nall")),
			 200);
	n = focus_shown(s, "message", "Romeo");
	assert_string_equal(xmpp_text(s, n, "body"), "hi\nall");
	assert_true(str_eq(x_attr(n, "type"), STR("groupchat")));
	assert_int_equal(focus_says(&f, "<" FOCUS_ROOM ";gr=Ben>", FOCUS_ROOM,
				    FOCUS_PLAIN("not listed")),
			 200);
	focus_shown(s, "message", "Ben");
	/* the list has his address of record (RFC 4575 §5.6) */
	assert_int_equal(focus_says(&f, "<sip:romeo@sip.test;gr=orchard>",
				    FOCUS_ROOM, FOCUS_PLAIN("by a client")),
			 200);
	focus_shown(s, "message", "Romeo");
	assert_int_equal(focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM,
				    "\r\nContent-Type: image/png\r\n\r\nxyz"),
			 415);
	assert_int_equal(focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM,
				    FOCUS_PLAIN("\xc3\x28")),
			 400);
	msrp_request(&f.u, "SEND",
		     "Message-ID: p\r\nByte-Range: 1-1/1\r\nContent-Type: "
		     "text/plain\r\n\r\nx\r\n");
	assert_int_equal(msrp_status(&f.u), 415);
	msrp_request(&f.u, "NICKNAME", "Use-Nickname: \"x\"\r\n");
	assert_int_equal(msrp_status(&f.u), 501);
	assert_true(xmpp_none(s, JULIET));
	/* BODY-30 */
	assert_int_equal(
	    focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM,
		       "DateTime: 2026-01-02T03:04:05Z\r\n" FOCUS_PLAIN("old")),
	    200);
	n = focus_shown(s, "message", "Romeo");
	assert_true(str_eq(x_attr(x_child(n, "delay", NS_DELAY), "stamp"),
			   STR("2026-01-02T03:04:05Z")));
	focus_done(&f);
}

/* BODY-27: what no stanza can hold is refused by the first chunk that tells; a
 * bit less is tried. */
static void test_no_stanza(void **state)
{
	struct scene *s = *state;
	struct focus f;
	char *a = malloc(70001);
	struct str text;

	focus_joined(&f, s);
	assert_true(has(f.invite.f[PORT_F_BODY], "a=max-size:61440\r\n"));
	memset(a, 'a', 70000);
	a[70000] = '\0';
	msrp_request(&f.u, "SEND",
		     arena_printf(s->arena,
				  "Message-ID: long\r\nByte-Range: "
				  "1-70000/99999\r\nContent-Type: "
				  "message/cpim\r\n\r\n%s\r\n",
				  a)
			 .p);
	assert_int_equal(msrp_status(&f.u), 413);
	memset(a, '&', 20000); /* five octets each in XML */
	a[20000] = '\0';
	text = arena_printf(s->arena, FOCUS_PLAIN("%s"), a);
	free(a);
	assert_int_equal(
	    focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM, text.p), 413);
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* RFC 7702 examples 16 to 18; X2S-49, X2S-50 */
static void test_private(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;
	struct str frame;

	focus_joined(&f, s);
	focus_user_says(s, "/Romeo", "chat", "p1", "<body>Romeo!</body>");
	frame = focus_hears(&f, "To: <sip:romeo@sip.test>\r\n");
	assert_true(has(frame, "From: <sip:juliet@x.test;gr=balcony>\r\n"));
	focus_replies(&f, frame, "200 OK");
	assert_true(xmpp_none(s, JULIET));
	focus_user_says(s, "/Nobody", "chat", "p2", "<body>?</body>");
	assert_string_equal(focus_error(s, "p2"), "cancel/item-not-found");
	focus_user_says(s, "/Romeo", "chat", "p3", "<body>?</body>");
	focus_replies(&f, focus_hears(&f, "SEND"), "428 No");
	assert_string_equal(focus_error(s, "p3"), "cancel/service-unavailable");
	assert_int_equal(focus_says(&f, "<sip:romeo@sip.test>",
				    "sip:juliet@x.test;gr=balcony",
				    FOCUS_PLAIN("Juliet!")),
			 200);
	n = focus_shown(s, "message", "Romeo");
	assert_true(str_eq(x_attr(n, "type"), STR("chat")));
	assert_non_null(x_child(n, "x", NS_MUC_USER));
	focus_done(&f);
}

/* RFC 3264 §8.4: who puts us on hold is sent nothing, and she hears so. */
static void test_on_hold(void **state)
{
	struct scene *s = *state;
	struct focus f;

	focus_asked(&f, s, JULIET, "JuliC");
	focus_lets_in(&f, FOCUS_SDP "a=sendonly\r\n");
	focus_subscribed(&f);
	focus_notifies(&f, "full",
		       "<users>" FOCUS_ROMEO FOCUS_JULIET "</users>");
	xmpp_drop(s);
	focus_user_says(s, "", "groupchat", "m1", "<body>x</body>");
	assert_string_equal(focus_error(s, "m1"), "wait/recipient-unavailable");
	focus_user_says(s, "/Romeo", "chat", "p1", "<body>x</body>");
	assert_string_equal(focus_error(s, "p1"), "wait/recipient-unavailable");
	assert_true(msrp_take(&f.u).n == 0);
	focus_done(&f);
}

static void test_no_private(void **state)
{
	struct scene *s = *state;
	struct focus f;

	focus_asked(&f, s, JULIET, "JuliC");
	focus_lets_in(&f, "a=setup:active\r\na=chatroom:nickname\r\n"
			  "a=accept-wrapped-types:*\r\n");
	focus_subscribed(&f);
	focus_notifies(&f, "full",
		       "<users>" FOCUS_ROMEO FOCUS_JULIET "</users>");
	xmpp_drop(s);
	focus_user_says(s, "/Romeo", "chat", "p1", "<body>Romeo!</body>");
	assert_string_equal(focus_error(s, "p1"), "auth/forbidden");
	focus_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOCUS_TEST(test_stable_ids), FOCUS_TEST(test_say),
	    FOCUS_TEST(test_not_said),	 FOCUS_TEST(test_too_long),
	    FOCUS_TEST(test_heard),	 FOCUS_TEST(test_no_stanza),
	    FOCUS_TEST(test_private),	 FOCUS_TEST(test_no_private),
	    FOCUS_TEST(test_on_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
