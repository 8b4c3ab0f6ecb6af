/* People are invited into a SIP conference elsewhere (RFC 7702 §5.7). */
#include "focus.h"

static void invite(struct scene *s, const char *to)
{
	xmpp_put(s,
		 "<message from='" JULIET "' to='r@conf.test' id='i1'>"
		 "<x xmlns='" NS_MUC_USER "'><invite to='%s'><reason>come"
		 "</reason></invite></x></message>",
		 to);
}

/* She invites Benvolio: the REFER that the focus gets. */
static struct port_msg refer(struct scene *s)
{
	invite(s, "benvolio@x.test");
	return scene_sip(s, PORT_DIAL, "REFER");
}

/* Who has declined; the reason must be this. */
static struct str declined(struct scene *s, const char *reason)
{
	const struct xnode *n = xmpp_take(s, JULIET), *d;

	d = x_child(x_child(n, "x", NS_MUC_USER), "decline", NULL);
	assert_non_null(d);
	assert_string_equal(xmpp_text(s, d, "reason"), reason);
	return x_attr(d, "from");
}

static void progress(struct focus *f, uint64_t dlg, const char *state,
		     const char *fragment)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	m.f[PORT_F_EVENT] = STR("refer");
	m.f[PORT_F_SUB_STATE] = str_z(state);
	m.f[PORT_F_TYPE] = STR("message/sipfrag;version=2.0");
	m.f[PORT_F_BODY] = str_z(fragment);
	assert_int_equal(focus_requests(f, dlg, &m, "NOTIFY"), 200);
}

/* RFC 7702 examples 22 to 24; X2S-52: out of the dialog, with Target-Dialog */
static void test_invited(void **state)
{
	struct scene *s = *state;
	struct port_msg r;
	struct focus f;

	focus_joined(&f, s);
	r = refer(s);
	assert_true(str_eq(r.f[PORT_F_RURI], STR(FOCUS_DEVICE)));
	assert_true(
	    has(r.f[PORT_F_HEADERS], "Refer-To: <sip:benvolio@x.test>\r\n"));
	assert_true(has(r.f[PORT_F_HEADERS],
			"Target-Dialog: call1;local-tag=ours;"
			"remote-tag=theirs\r\n"));
	assert_true(has(r.f[PORT_F_HEADERS],
			"Referred-By: <sip:juliet@x.test;gr=balcony>\r\n"));
	focus_answers(&f, &r, 200, STR_NONE, STR_NONE, "");
	progress(&f, r.dlg, "active;expires=60", "SIP/2.0 100 Trying\r\n");
	progress(&f, r.dlg, "terminated;reason=noresource",
		 "SIP/2.0 200 OK\r\n");
	assert_true(scene_sip(s, PORT_FORGET, NULL).dlg == r.dlg);
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* It is taken. */
static struct port_msg refer_accepted(struct focus *f)
{
	struct port_msg r = refer(f->s);

	focus_answers(f, &r, 202, STR_NONE, STR_NONE, "");
	return r;
}

/* X2S-55 */
static void test_outcomes(void **state)
{
	struct scene *s = *state;
	struct port_msg r;
	struct focus f;

	focus_joined(&f, s);
	r = refer_accepted(&f);
	progress(&f, r.dlg, "terminated;reason=noresource",
		 "SIP/2.0 603 Not today\r\n");
	assert_true(str_eq(declined(s, "Not today"), STR("benvolio@x.test")));
	r = refer_accepted(&f);
	progress(&f, r.dlg, "terminated;reason=noresource",
		 "SIP/2.0 404 Not Found\r\n");
	assert_string_equal(focus_error(s, "i1"), "cancel/item-not-found");
	r = refer(s);
	focus_refuses(&f, &r, 486);
	declined(s, "Sorry");
	r = refer(s);
	focus_refuses(&f, &r, 501);
	assert_string_equal(focus_error(s, "i1"),
			    "cancel/feature-not-implemented");
	invite(s, "not a jid");
	assert_string_equal(focus_error(s, "i1"), "modify/jid-malformed");
	focus_done(&f);
}

/* It is refused, and goes out again in the call's dialog. */
static struct port_msg refer_inside(struct focus *f)
{
	struct port_msg r = refer(f->s);

	focus_refuses(f, &r, 481);
	return scene_sip(f->s, PORT_SEND, "REFER");
}

/* X2S-52: a focus that takes it in the call's dialog only */
static void test_inside(void **state)
{
	struct scene *s = *state;
	struct port_msg r;
	struct focus f;

	focus_joined(&f, s);
	r = refer_inside(&f);
	assert_true(r.dlg == f.invite.dlg);
	assert_true(
	    has(r.f[PORT_F_HEADERS], "Refer-To: <sip:benvolio@x.test>\r\n"));
	focus_answers(&f, &r, 200, STR_NONE, STR_NONE, "");
	progress(&f, r.dlg, "active", "SIP/2.0 180 Ringing\r\n");
	progress(&f, r.dlg, "terminated", "SIP/2.0 486 Busy Here\r\n");
	declined(s, "Busy Here");
	/* and one that does not take it at all */
	r = refer(s);
	focus_refuses(&f, &r, 403);
	r = scene_sip(s, PORT_SEND, "REFER");
	focus_refuses(&f, &r, 403);
	assert_string_equal(focus_error(s, "i1"), "auth/forbidden");
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* The last NOTIFY may come before the response. */
static void test_overtaken(void **state)
{
	struct scene *s = *state;
	struct port_msg r;
	struct focus f;

	focus_joined(&f, s);
	r = refer(s);
	progress(&f, r.dlg, "terminated", "SIP/2.0 603 Not today\r\n");
	declined(s, "Not today");
	focus_answers(&f, &r, 202, STR_NONE, STR_NONE, "");
	assert_true(scene_sip(s, PORT_FORGET, NULL).dlg == r.dlg);
	r = refer_inside(&f);
	progress(&f, r.dlg, "terminated", "SIP/2.0 486 Busy Here\r\n");
	declined(s, "Busy Here");
	focus_answers(&f, &r, 202, STR_NONE, STR_NONE, "");
	/* there is room for the next one */
	r = refer_inside(&f);
	focus_refuses(&f, &r, 403);
	assert_string_equal(focus_error(s, "i1"), "auth/forbidden");
	focus_done(&f);
}

/* A focus that never tells what came of it is not waited for. */
static void test_silent(void **state)
{
	struct scene *s = *state;
	struct port_msg r;
	struct focus f;

	focus_joined(&f, s);
	r = refer_accepted(&f);
	scene_run(s, 290000);
	progress(&f, r.dlg, "active;expires=60", "SIP/2.0 180 Ringing\r\n");
	scene_run(s, 290000);
	assert_true(scene_sip_none(s, PORT_FORGET, NULL));
	scene_run(s, 11000);
	assert_true(scene_sip(s, PORT_FORGET, NULL).dlg == r.dlg);
	focus_done(&f);
}

/* She has left before the outcome. */
static void test_left(void **state)
{
	struct scene *s = *state;
	struct port_msg r;
	struct focus f;

	focus_joined(&f, s);
	r = refer(s);
	xmpp_put(s, "<presence from='" JULIET
		    "' to='r@conf.test/JuliC' type='unavailable'/>");
	focus_answers(&f, &r, 200, STR_NONE, STR_NONE, "");
	assert_true(scene_sip(s, PORT_FORGET, NULL).dlg == r.dlg);
	focus_done(&f);
}

static int setup_gateway(void **state)
{
	*state = scene_new(FOCUS_DOMAIN("") "sip { host = \"gw.test\" }\n"
					    "limits { invite-burst = 2 }\n");
	return 0;
}

/* Whom SIP knows only by an address of ours, the focus could not call: the room
 * invites him in XMPP (X2S-53), and tells what he answers (X2S-56). So many
 * invitations, as into rooms of ours. */
static void test_xmpp_invitee(void **state)
{
	struct scene *s = *state;
	const struct xnode *m, *i;
	struct focus f;

	focus_joined(&f, s);
	invite(s, "nurse@x.test");
	m = xmpp_take(s, "nurse@x.test");
	assert_true(str_eq(x_attr(m, "from"), STR("r@conf.test")));
	i = x_child(x_child(m, "x", NS_MUC_USER), "invite", NULL);
	assert_true(str_eq(x_attr(i, "from"), STR("juliet@x.test")));
	assert_string_equal(xmpp_text(s, i, "reason"), "come");
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	xmpp_put(s, "<message from='nurse@x.test/r' to='r@conf.test'>"
		    "<x xmlns='" NS_MUC_USER "'><decline to='juliet@x.test'>"
		    "<reason>Late</reason></decline></x></message>");
	assert_true(str_eq(declined(s, "Late"), STR("nurse@x.test")));
	invite(s, "nurse@x.test");
	xmpp_take(s, "nurse@x.test");
	invite(s, "nurse@x.test");
	assert_string_equal(focus_error(s, "i1"), "wait/resource-constraint");
	focus_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOCUS_TEST(test_invited),
	    FOCUS_TEST(test_outcomes),
	    FOCUS_TEST(test_inside),
	    FOCUS_TEST(test_overtaken),
	    FOCUS_TEST(test_silent),
	    FOCUS_TEST(test_left),
	    cmocka_unit_test_setup_teardown(test_xmpp_invitee, setup_gateway,
					    scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
