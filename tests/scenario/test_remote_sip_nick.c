/* Nicknames in a SIP conference elsewhere, and several clients under one (RFC
 * 7702 §5.6). */
#include "focus.h"

/* NICK-10, NICK-11; RFC 7702 §5.6 */
static void test_nick(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	xmpp_put(s, "<presence from='" JULIET
		    "' to='r@conf.test/CapuletGirl' id='n1'/>");
	focus_replies(&f, focus_hears(&f, "Use-Nickname: \"CapuletGirl\""),
		      "200 OK");
	n = focus_shown(s, "presence", "JuliC");
	assert_true(focus_is_gone(n) && x_has_status(n, "303"));
	assert_true(x_has_status(n, "110"));
	assert_true(str_eq(x_attr(focus_item(n), "nick"), STR("CapuletGirl")));
	n = focus_shown(s, "presence", "CapuletGirl");
	assert_true(x_has_status(n, "110"));
	/* a NOTIFY that has the old name, then one with the new */
	focus_notifies(&f, "partial",
		       "<users state='partial'><user "
		       "entity='sip:juliet@x.test;gr=balcony' state='partial' "
		       "xcon:nickname='JuliC'/></users>");
	assert_true(xmpp_none(s, JULIET));
	focus_notifies(&f, "partial",
		       "<users state='partial'><user "
		       "entity='sip:juliet@x.test;gr=balcony' state='partial' "
		       "xcon:nickname='CapuletGirl'/></users>");
	assert_true(xmpp_none(s, JULIET));
	xmpp_put(s, "<presence from='" JULIET
		    "' to='r@conf.test/Romeo' id='n2'/>");
	focus_replies(&f, focus_hears(&f, "Use-Nickname: \"Romeo\""),
		      "425 Taken");
	n = xmpp_take(s, JULIET);
	assert_true(str_eq(x_attr(n, "from"), STR("r@conf.test/CapuletGirl")));
	assert_true(str_eq(x_attr(n, "id"), STR("n2")));
	assert_non_null(
	    x_child(x_child(n, "error", NS_CLIENT), "conflict", NULL));
	focus_done(&f);
}

/* A conference whose users are called by their nicknames tells the list before
 * it answers. */
static void test_nick_in_list_first(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	xmpp_put(s, "<presence from='" JULIET
		    "' to='r@conf.test/CapuletGirl' id='n1'/>");
	scene_run(s, 10);
	focus_notifies(&f, "partial",
		       "<users state='partial'><user "
		       "entity='sip:juliet@x.test;gr=balcony' state='deleted'/>"
		       "<user entity='sip:r@conf.test;gr=CapuletGirl' "
		       "state='full' xcon:nickname='CapuletGirl'/></users>");
	focus_replies(&f, focus_hears(&f, "Use-Nickname: \"CapuletGirl\""),
		      "200 OK");
	focus_shown(s, "presence", "CapuletGirl");
	assert_true(focus_is_gone(focus_shown(s, "presence", "CapuletGirl")));
	n = focus_shown(s, "presence", "JuliC");
	assert_true(focus_is_gone(n) && x_has_status(n, "303"));
	n = focus_shown(s, "presence", "CapuletGirl");
	assert_true(x_has_status(n, "110"));
	assert_true(xmpp_none(s, JULIET));
	/* and once more, the other way round */
	xmpp_put(s,
		 "<presence from='" JULIET "' to='r@conf.test/Ju' id='n2'/>");
	focus_replies(&f, focus_hears(&f, "Use-Nickname: \"Ju\""), "200 OK");
	assert_true(focus_is_gone(focus_shown(s, "presence", "CapuletGirl")));
	focus_shown(s, "presence", "Ju");
	focus_notifies(&f, "partial",
		       "<users state='partial'><user "
		       "entity='sip:r@conf.test;gr=CapuletGirl' "
		       "state='deleted'/><user entity='sip:r@conf.test;gr=Ju' "
		       "state='full' xcon:nickname='Ju'/></users>");
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* A name that the switch gives her, and somebody is shown by */
static void test_nick_of_another(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	xmpp_put(s, "<presence from='" JULIET
		    "' to='r@conf.test/Romeo' id='n1'/>");
	focus_replies(&f, focus_hears(&f, "Use-Nickname: \"Romeo\""), "200 OK");
	assert_true(focus_is_gone(focus_shown(s, "presence", "Romeo")));
	focus_shown(s, "presence", "Romeo 2");
	n = focus_shown(s, "presence", "JuliC");
	assert_true(focus_is_gone(n) && x_has_status(n, "303"));
	n = focus_shown(s, "presence", "Romeo");
	assert_true(x_has_status(n, "110"));
	focus_done(&f);
}

/* X2S-25, X2S-26: two clients under one nickname have one place there */
static void test_two_devices(void **state)
{
	static const char phone[] = "juliet@x.test/phone";
	struct scene *s = *state;
	struct focus f;

	focus_joined(&f, s);
	xmpp_put(s,
		 "<presence from='%s' to='r@conf.test/JuliC' id='j2'>"
		 "<x xmlns='" NS_MUC "'/></presence>",
		 phone);
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	while (!x_child(xmpp_take(s, phone), "subject", NS_CLIENT))
		;
	xmpp_drop(s);
	focus_user_says(s, "", "groupchat", "m1", "<body>both</body>");
	focus_replies(&f, focus_hears(&f, "SEND"), "200 OK");
	focus_shown(s, "message", "JuliC");
	assert_string_equal(xmpp_text(s, xmpp_take(s, phone), "body"), "both");
	xmpp_put(s,
		 "<presence from='%s' to='r@conf.test/JuliC' "
		 "type='unavailable'/>",
		 phone);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	xmpp_drop(s);
	xmpp_put(s, "<presence from='" JULIET "' to='r@conf.test/JuliC' "
		    "type='unavailable'><status>O, look!</status></presence>");
	assert_true(has(scene_sip(s, PORT_SEND, "BYE").f[PORT_F_HEADERS],
			"text=\"O, look!\""));
	focus_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOCUS_TEST(test_nick),
	    FOCUS_TEST(test_nick_of_another),
	    FOCUS_TEST(test_nick_in_list_first),
	    FOCUS_TEST(test_two_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
