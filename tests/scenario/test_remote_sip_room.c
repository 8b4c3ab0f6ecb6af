/* What XMPP users see and may do in a SIP conference elsewhere: its roster, its
 * subject, and what they ask it. */
#include "focus.h"

/* X2S-47; ADM-19 */
static void test_not_hers(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	focus_user_says(s, "", "groupchat", "s1", "<subject>New</subject>");
	n = xmpp_take(s, JULIET);
	assert_true(str_eq(x_attr(n, "type"), STR("error")));
	assert_string_equal(xmpp_text(s, n, "subject"), "New");
	assert_non_null(
	    x_child(x_child(n, "error", NS_CLIENT), "forbidden", NULL));
	xmpp_put(s, "<iq from='" JULIET "' to='r@conf.test' type='set' "
		    "id='k1'><query xmlns='" NS_MUC_ADMIN
		    "'><item nick='Romeo' role='none'/></query></iq>");
	assert_string_equal(focus_error(s, "k1"), "cancel/not-allowed");
	focus_done(&f);
}

/* Who is inside may ask what the room is; we know little of it. */
static void test_asked(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	xmpp_put(s, "<iq from='" JULIET "' to='r@conf.test' type='get' "
		    "id='d1'><query xmlns='" NS_DISCO_INFO "'/></iq>");
	n = xmpp_take(s, JULIET);
	assert_true(str_eq(x_attr(n, "type"), STR("result")));
	n = x_child(x_child(n, "query", NS_DISCO_INFO), "identity", NULL);
	assert_true(str_eq(x_attr(n, "category"), STR("conference")));
	focus_done(&f);
}

/* X2S-18: partial documents, each by its version; a gap asks for all again */
static void test_roster(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct port_msg m;
	struct focus f;

	focus_joined(&f, s);
	focus_notifies(&f, "partial",
		       "<users state='partial'>" FOCUS_USER("sip:ben@sip.test",
							    "Ben") "</users>");
	n = focus_shown(s, "presence", "Ben");
	assert_false(focus_is_gone(n));
	focus_notifies(&f, "partial",
		       "<users state='partial'><user entity='sip:ben@sip.test' "
		       "state='partial'><roles><entry>moderator</entry>"
		       "</roles></user></users>");
	n = focus_shown(s, "presence", "Ben");
	assert_true(str_eq(x_attr(focus_item(n), "role"), STR("moderator")));
	/* NICK-13, another name */
	focus_notifies(&f, "partial",
		       "<users state='partial'><user entity='sip:ben@sip.test' "
		       "state='partial' xcon:nickname='Benvolio'/></users>");
	n = focus_shown(s, "presence", "Ben");
	assert_true(focus_is_gone(n) && x_has_status(n, "303"));
	focus_shown(s, "presence", "Benvolio");
	/* old ones count for nothing */
	f.version -= 2;
	focus_notifies(&f, "partial",
		       "<users state='partial'>" FOCUS_USER("sip:x@sip.test",
							    "X") "</users>");
	f.version++;
	assert_true(xmpp_none(s, JULIET));
	/* X2S-32: how he went */
	focus_notifies(
	    &f, "partial",
	    "<users state='partial'><user entity='sip:ben@sip.test' "
	    "state='deleted'><endpoint entity='sip:ben@sip.test' "
	    "state='deleted'><status>disconnected</status>"
	    "<disconnection-method>booted</disconnection-method>"
	    "<disconnection-info><reason>rude</reason></disconnection-info>"
	    "</endpoint></user></users>");
	n = focus_shown(s, "presence", "Benvolio");
	assert_true(focus_is_gone(n) && x_has_status(n, "307"));
	/* a gap */
	f.version += 3;
	focus_notifies(&f, "partial",
		       "<users state='partial'>" FOCUS_USER("sip:y@sip.test",
							    "Y") "</users>");
	assert_true(xmpp_none(s, JULIET));
	m = scene_sip(s, PORT_SEND, "SUBSCRIBE");
	assert_true(m.dlg == f.watch);
	focus_answers(&f, &m, 200, STR_NONE, STR_NONE, "");
	focus_notifies(&f, "full",
		       "<users>" FOCUS_JULIET FOCUS_USER("sip:y@sip.test",
							 "Y") "</users>");
	n = focus_shown(s, "presence", "Romeo");
	assert_true(focus_is_gone(n));
	focus_shown(s, "presence", "Y");
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* Two of one name, one who is still being called, one who has gone, and a
 * document that is none. */
static void test_odd_roster(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	focus_notifies(&f, "full",
		       "<users>" FOCUS_ROMEO FOCUS_JULIET FOCUS_USER(
			   "sip:romeo@other.test",
			   "Romeo") "<user "
				    "entity='sip:z@sip.test'><display-text>Z</"
				    "display-text>"
				    "<endpoint "
				    "entity='sip:z'><status>dialing-out</"
				    "status></endpoint>"
				    "</user></users>");
	n = focus_shown(s, "presence", "Romeo 2");
	assert_false(focus_is_gone(n));
	assert_true(xmpp_none(s, JULIET));
	focus_notifies(&f, "partial",
		       "<users state='partial'><user entity='sip:z@sip.test' "
		       "state='partial'><endpoint entity='sip:z' "
		       "state='partial'><status>connected</status></endpoint>"
		       "</user></users>");
	focus_shown(s, "presence", "Z");
	focus_notifies(&f, "partial",
		       "<users state='partial'><user entity='sip:z@sip.test' "
		       "state='partial'><endpoint entity='sip:z' "
		       "state='partial'><status>disconnected</status>"
		       "</endpoint></user></users>");
	assert_true(focus_is_gone(focus_shown(s, "presence", "Z")));
	m.f[PORT_F_EVENT] = STR("conference");
	m.f[PORT_F_SUB_STATE] = STR("active");
	m.f[PORT_F_TYPE] = STR("application/conference-info+xml");
	m.f[PORT_F_BODY] = STR("<conference-info");
	assert_int_equal(focus_requests(&f, f.watch, &m, "NOTIFY"), 200);
	scene_sip(s, PORT_SEND, "SUBSCRIBE");
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* X2S-48 */
static void test_subject(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	focus_notifies(&f, "partial",
		       "<conference-description><subject>Swords</subject>"
		       "</conference-description>");
	n = focus_shown(s, "message", "");
	assert_string_equal(xmpp_text(s, n, "subject"), "Swords");
	assert_null(x_child(n, "body", NS_CLIENT));
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* RFC 6665 §4.1.2, §4.1.3: it is refreshed, made anew where it was lost, and
 * let go of where there is none. */
static void test_subscription(void **state)
{
	struct scene *s = *state;
	struct port_msg m, n = port_msg(PORT_REQUEST);
	struct focus f;

	focus_joined(&f, s);
	scene_run(s, 3541000);
	xmpp_drop(s); /* whether she is still there */
	m = scene_sip(s, PORT_SEND, "SUBSCRIBE");
	assert_true(m.dlg == f.watch && m.expires == 3600);
	focus_refuses(&f, &m, 481);
	focus_subscribed(&f);
	f.version = 0;
	focus_notifies(&f, "full",
		       "<users>" FOCUS_ROMEO FOCUS_JULIET "</users>");
	assert_true(xmpp_none(s, JULIET));
	n.f[PORT_F_EVENT] = STR("conference");
	n.f[PORT_F_SUB_STATE] = STR("terminated;reason=deactivated");
	assert_int_equal(focus_requests(&f, f.watch, &n, "NOTIFY"), 200);
	scene_run(s, 2100);
	focus_subscribed(&f);
	n.f[PORT_F_SUB_STATE] = STR("terminated;reason=rejected");
	assert_int_equal(focus_requests(&f, f.watch, &n, "NOTIFY"), 200);
	assert_true(xmpp_none(s, JULIET));
	scene_run(s, 100000);
	assert_true(scene_sip_none(s, PORT_DIAL, "SUBSCRIBE"));
	n.f[PORT_F_EVENT] = STR("presence");
	assert_int_equal(focus_requests(&f, f.invite.dlg, &n, "NOTIFY"), 489);
	focus_done(&f);
}

static bool offers(const struct xnode *query, const char *feature)
{
	const struct xnode *n = x_child(query, "feature", NULL);

	while (n && !str_eq(x_attr(n, "var"), str_z(feature)))
		n = x_next(n, "feature", NULL);
	return n != NULL;
}

/* Only what can be had: nobody registers or moderates there by us (X2S-47: nor
 * sets the subject). */
static void test_disco(void **state)
{
	struct scene *s = *state;
	const struct xnode *q;
	struct focus f;

	for (int inside = 0; inside < 2; inside++) {
		if (inside)
			focus_joined(&f, s);
		xmpp_put(s, "<iq type='get' id='d' from='" JULIET
			    "' to='r@conf.test'><query xmlns='" NS_DISCO_INFO
			    "'/></iq>");
		q = x_child(xmpp_take(s, JULIET), "query", NS_DISCO_INFO);
		assert_true(offers(q, NS_MUC));
		assert_true(offers(q, "muc_persistent"));
		assert_false(offers(q, NS_REGISTER));
		assert_false(offers(q, "urn:xmpp:message-moderate:1"));
	}
	focus_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOCUS_TEST(test_roster),  FOCUS_TEST(test_odd_roster),
	    FOCUS_TEST(test_disco),   FOCUS_TEST(test_subscription),
	    FOCUS_TEST(test_subject), FOCUS_TEST(test_not_hers),
	    FOCUS_TEST(test_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
