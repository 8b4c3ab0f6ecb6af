/* Several clients of one XMPP user in a SIP conference elsewhere, of which one
 * takes another nickname (NICK-10). */
#include "focus.h"

#include <stdlib.h>

#define PHONE "juliet@x.test/phone"
#define HERS  "sip:juliet@x.test;gr=balcony"
#define OTHER "sip:juliet@x.test;gr=phone"

#define NAMED(uri, nick)                                                       \
	"<user entity='" uri "' xcon:nickname='" nick "' state='full'>"        \
	"<endpoint entity='" uri "'><status>connected</status></endpoint>"     \
	"</user>"
#define BOTH                                                                   \
	"<conference-description><subject>Today in Verona</subject>"           \
	"</conference-description><users>" FOCUS_ROMEO                         \
	NAMED(HERS, "JuliC") NAMED(OTHER, "Jule") "</users>"

/* Juliet on her balcony, and by her phone under the same name. */
static void both_in(struct focus *f, struct scene *s)
{
	focus_joined(f, s);
	xmpp_put(s, "<presence from='" PHONE "' to='r@conf.test/JuliC' id='j2'>"
		    "<x xmlns='" NS_MUC "'/></presence>");
	xmpp_drop(s);
}

static void wants(struct scene *s, const char *nick)
{
	xmpp_put(s, "<presence from='" PHONE "' to='r@conf.test/%s' id='n1'/>",
		 nick);
}

/* The INVITE that the phone gets for itself. */
static void phone_calls(struct focus *g, struct scene *s)
{
	*g = (struct focus){.s = s, .cseq = 10};
	g->invite = scene_sip(s, PORT_DIAL, NULL);
	assert_true(has(g->invite.f[PORT_F_FROM], OTHER));
	sip_user_init(&g->u, s, "switch2", FOCUS_ROOM);
	g->u.dlg = g->invite.dlg;
	g->u.path = scene_path(g->invite.f[PORT_F_BODY]);
}

static void phone_named(struct focus *g, const char *status)
{
	focus_accepts(g, FOCUS_SDP);
	focus_binds(g);
	focus_replies(g, focus_hears(g, "\"Jule\""), status);
}

/* The next stanza to the phone: presence from this occupant. */
static const struct xnode *phone_sees(struct scene *s, const char *nick)
{
	const struct xnode *n = xmpp_take(s, PHONE);
	struct str want = arena_printf(s->arena, "r@conf.test/%s", nick);

	assert_true(x_is(n, "presence", NS_CLIENT));
	if (!str_eq(x_attr(n, "from"), want))
		fail_msg("%.*s", STR_ARG(x_attr(n, "from")));
	return n;
}

static bool has_self(const struct xnode *n)
{
	return x_has_status(n, "110");
}

/* The phone has the new name: by 303, under the id of its request; whose the
 * old one is comes after that. */
static void phone_is_told(struct scene *s)
{
	const struct xnode *n = phone_sees(s, "JuliC");

	assert_true(focus_is_gone(n) && has_self(n) && x_has_status(n, "303"));
	assert_true(str_eq(x_attr(focus_item(n), "nick"), STR("Jule")));
	n = phone_sees(s, "Jule");
	assert_true(!focus_is_gone(n) && has_self(n));
	assert_true(str_eq(x_attr(n, "id"), STR("n1")));
	n = phone_sees(s, "JuliC");
	assert_true(!focus_is_gone(n) && !has_self(n));
	assert_true(xmpp_none(s, PHONE));
}

static void in_both(struct focus *f, struct focus *g, struct scene *s)
{
	both_in(f, s);
	wants(s, "Jule");
	phone_calls(g, s);
	phone_named(g, "200 OK");
	focus_subscribed(g);
	focus_notifies(g, "full", BOTH);
	phone_is_told(s);
	xmpp_drop(s);
}

static void test_one_moves(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f, g;

	both_in(&f, s);
	wants(s, "Jule");
	phone_calls(&g, s);
	phone_named(&g, "200 OK");
	focus_subscribed(&g);
	assert_true(xmpp_none(s, PHONE) && xmpp_none(s, JULIET));
	focus_notifies(&g, "full", BOTH);
	phone_is_told(s);
	assert_true(xmpp_none(s, JULIET));
	focus_notifies(&f, "full", BOTH);
	n = focus_shown(s, "presence", "Jule");
	assert_false(focus_is_gone(n) || has_self(n));
	assert_true(xmpp_none(s, JULIET) && xmpp_none(s, PHONE));
	/* each speaks for itself, and hears what its own session brings */
	xmpp_put(s,
		 "<message from='" PHONE "' to='r@conf.test' type='groupchat'"
		 " id='m1'><body>I</body></message>");
	assert_true(msrp_take(&f.u).n == 0);
	focus_replies(&g, focus_hears(&g, "From: <" OTHER ">"), "200 OK");
	n = xmpp_take(s, PHONE);
	assert_true(str_eq(x_attr(n, "from"), STR("r@conf.test/Jule")));
	assert_true(xmpp_none(s, JULIET));
	/* and leaves alone */
	xmpp_put(s, "<presence from='" PHONE
		    "' to='r@conf.test/Jule' type='unavailable'/>");
	assert_true(scene_sip(s, PORT_SEND, "BYE").dlg == g.invite.dlg);
	assert_true(xmpp_none(s, JULIET));
	focus_done(&g);
	focus_done(&f);
}

/* NICK-11: refused by the switch, by the focus, or for want of an answer: from
 * the name that it has still. */
static void test_refused(void **state)
{
	static const struct {
		const char *status, *error;
	} tests[] = {
	    {"425 Taken", "conflict"},
	    {"424 Bad", "jid-malformed"},
	    {"403 No", "not-acceptable"},
	    {NULL, "forbidden"},
	};
	struct scene *s = *state;
	const struct xnode *n, *e;
	struct focus f, g;

	both_in(&f, s);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		wants(s, "Jule");
		phone_calls(&g, s);
		if (tests[i].status)
			phone_named(&g, tests[i].status);
		else
			focus_refuses(&g, &g.invite, 403);
		n = phone_sees(s, "JuliC");
		assert_true(str_eq(x_attr(n, "type"), STR("error")));
		assert_true(str_eq(x_attr(n, "id"), STR("n1")));
		e = x_child(n, "error", NS_CLIENT);
		assert_non_null(x_child(e, tests[i].error, NULL));
		assert_true(xmpp_none(s, PHONE) && xmpp_none(s, JULIET));
		focus_done(&g);
	}
	focus_user_says(s, "", "groupchat", "m1", "<body>both</body>");
	focus_replies(&f, focus_hears(&f, "both"), "200 OK");
	assert_string_equal(xmpp_text(s, xmpp_take(s, PHONE), "body"), "both");
	focus_done(&f);
}

/* What it said before counts where it was, what it says on its way is said
 * under the new name, and nothing is heard twice or not at all. */
static void test_on_its_way(void **state)
{
#define AT(text)                                                               \
	"DateTime: 2026-11-21T10:00:00Z\r\n\r\nContent-Type: text/plain\r\n"   \
	"\r\n" text
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f, g;
	struct str sent;

	both_in(&f, s);
	xmpp_put(s,
		 "<message from='" PHONE "' to='r@conf.test' type='groupchat'"
		 " id='m1'><body>before</body></message>");
	sent = focus_hears(&f, "before");
	wants(s, "Jule");
	phone_calls(&g, s);
	phone_named(&g, "200 OK");
	focus_subscribed(&g);
	assert_int_equal(
	    focus_says(&g, "<sip:romeo@sip.test>", FOCUS_ROOM, AT("by both")),
	    200);
	assert_int_equal(focus_says(&g, "<sip:romeo@sip.test>", FOCUS_ROOM,
				    AT("by the new one")),
			 200);
	focus_notifies(&g, "full", BOTH);
	assert_true(xmpp_none(s, PHONE)); /* something is under way */
	xmpp_put(s,
		 "<message from='" PHONE "' to='r@conf.test' type='groupchat'"
		 " id='m2'><body>meanwhile</body></message>");
	assert_int_equal(
	    focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM, AT("by both")),
	    200);
	assert_string_equal(xmpp_text(s, xmpp_take(s, PHONE), "body"),
			    "by both");
	assert_int_equal(
	    focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM, AT("late")),
	    200);
	assert_string_equal(xmpp_text(s, xmpp_take(s, PHONE), "body"), "late");
	focus_replies(&f, sent, "200 OK");
	n = xmpp_take(s, PHONE);
	assert_true(str_eq(x_attr(n, "from"), STR("r@conf.test/JuliC")));
	assert_string_equal(xmpp_text(s, n, "body"), "before");
	phone_sees(s, "JuliC");
	phone_sees(s, "Jule");
	phone_sees(s, "JuliC");
	assert_string_equal(xmpp_text(s, xmpp_take(s, PHONE), "body"),
			    "by the new one");
	focus_replies(&g, focus_hears(&g, "meanwhile"), "200 OK");
	n = xmpp_take(s, PHONE);
	assert_true(str_eq(x_attr(n, "from"), STR("r@conf.test/Jule")));
	assert_int_equal(
	    focus_says(&g, "<sip:romeo@sip.test>", FOCUS_ROOM, AT("late")),
	    200);
	assert_true(xmpp_none(s, PHONE));
	/* that was the one; the same again is another */
	assert_int_equal(
	    focus_says(&g, "<sip:romeo@sip.test>", FOCUS_ROOM, AT("late")),
	    200);
	assert_string_equal(xmpp_text(s, xmpp_take(s, PHONE), "body"), "late");
	assert_true(msrp_take(&f.u).n == 0);
	focus_done(&g);
	focus_done(&f);
}

/* The conference has one name for all her sessions: then all have it. */
static void test_one_name(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f, g;

	both_in(&f, s);
	wants(s, "Jule");
	phone_calls(&g, s);
	phone_named(&g, "200 OK");
	focus_subscribed(&g);
	focus_notifies(&f, "full",
		       "<users>" FOCUS_ROMEO NAMED(HERS, "Jule") "</users>");
	n = phone_sees(s, "JuliC");
	assert_true(focus_is_gone(n) && x_has_status(n, "303"));
	assert_true(has_self(phone_sees(s, "Jule")));
	focus_shown(s, "presence", "JuliC");
	assert_true(has_self(focus_shown(s, "presence", "Jule")));
	focus_notifies(&g, "full",
		       "<users>" FOCUS_ROMEO NAMED(HERS, "Jule") "</users>");
	n = phone_sees(s, "Jule");
	assert_true(str_eq(x_attr(n, "id"), STR("n1")) && has_self(n));
	assert_true(scene_sip(s, PORT_SEND, "BYE").dlg == g.invite.dlg);
	focus_user_says(s, "", "groupchat", "m1", "<body>both</body>");
	focus_replies(&f, focus_hears(&f, "both"), "200 OK");
	assert_string_equal(xmpp_text(s, xmpp_take(s, PHONE), "body"), "both");
	focus_done(&g);
	focus_done(&f);
}

/* Back to the name of the other client: they share a call again. */
static void test_together_again(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f, g;

	in_both(&f, &g, s);
	focus_notifies(&f, "full", BOTH);
	xmpp_drop(s);
	wants(s, "JuliC");
	n = phone_sees(s, "Jule");
	assert_true(focus_is_gone(n) && x_has_status(n, "303") && has_self(n));
	n = phone_sees(s, "JuliC");
	assert_true(has_self(n) && str_eq(x_attr(n, "id"), STR("n1")));
	phone_sees(s, "Jule");
	assert_true(scene_sip(s, PORT_SEND, "BYE").dlg == g.invite.dlg);
	focus_notifies(&f, "full",
		       "<users>" FOCUS_ROMEO NAMED(HERS, "JuliC") "</users>");
	assert_true(focus_is_gone(phone_sees(s, "Jule")));
	assert_true(focus_is_gone(focus_shown(s, "presence", "Jule")));
	assert_true(xmpp_none(s, JULIET) && xmpp_none(s, PHONE));
	focus_done(&g);
	focus_done(&f);
}

/* It leaves, or all are sent away, before the new call is there. */
static void test_given_up(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	struct focus f, g;

	both_in(&f, s);
	wants(s, "Jule");
	phone_calls(&g, s);
	xmpp_put(s, "<presence from='" PHONE
		    "' to='r@conf.test/JuliC' type='unavailable'/>");
	assert_true(scene_sip(s, PORT_HANG_UP, NULL).dlg == g.invite.dlg);
	focus_refuses(&g, &g.invite, 487);
	focus_done(&g);
	assert_true(xmpp_none(s, JULIET));
	xmpp_put(s, "<presence from='" PHONE "' to='r@conf.test/JuliC' id='j2'>"
		    "<x xmlns='" NS_MUC "'/></presence>");
	xmpp_drop(s);
	wants(s, "Jule");
	phone_calls(&g, s);
	phone_named(&g, "200 OK");
	m.dlg = f.invite.dlg;
	m.f[PORT_F_METHOD] = STR("BYE");
	scene_sip_event(s, &m);
	assert_true(focus_is_gone(focus_shown(s, "presence", "JuliC")));
	assert_true(scene_sip(s, PORT_SEND, "BYE").dlg == g.invite.dlg);
	focus_done(&g);
	focus_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOCUS_TEST(test_one_moves),	 FOCUS_TEST(test_refused),
	    FOCUS_TEST(test_on_its_way), FOCUS_TEST(test_one_name),
	    FOCUS_TEST(test_given_up),	 FOCUS_TEST(test_together_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
