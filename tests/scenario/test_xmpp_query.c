/* XMPP users and strangers ask a room service: discovery, pings, other iqs. */
#include "heard.h"

#include <stdio.h>

#define DOMAIN                                                                 \
	"domain \"chat.test\" { secret = \"x\" rooms = local lock = false "    \
	"notify-interval = 0 }\n"
#define CYD   "cyd@x.test/3"
#define INFO  "<query xmlns='" NS_DISCO_INFO "'/>"
#define ITEMS "<query xmlns='" NS_DISCO_ITEMS "'/>"
#define PING  "<ping xmlns='" NS_PING "'/>"

static int setup(void **state)
{
	struct scene *s = scene_new(DOMAIN);

	join(s, ANN, "Ann");
	join(s, BEN, "Ben");
	xmpp_drop(s);
	*state = s;
	return 0;
}

static const struct xnode *ask(struct scene *s, const char *from,
			       const char *to, const char *type,
			       const char *payload)
{
	const struct xnode *n;

	xmpp_put(s, "<iq from='%s' to='%s' type='%s' id='q'>%s</iq>", from, to,
		 type, payload);
	n = xmpp_take(s, from);
	assert_true(x_is(n, "iq", NULL));
	assert_true(str_eq(x_attr(n, "id"), STR("q")));
	assert_true(str_eq(x_attr(n, "from"), str_z(to)));
	assert_true(xmpp_none(s, from));
	return n;
}

static void assert_result(struct scene *s, const char *from, const char *to,
			  const char *payload)
{
	assert_true(str_eq(x_attr(ask(s, from, to, "get", payload), "type"),
			   STR("result")));
}

static void assert_error(struct scene *s, const char *from, const char *to,
			 const char *payload, const char *type,
			 const char *condition)
{
	const struct xnode *n = ask(s, from, to, "get", payload);
	const struct xnode *e = x_child(n, "error", NULL);

	assert_true(str_eq(x_attr(n, "type"), STR("error")));
	assert_true(str_eq(x_attr(e, "type"), str_z(type)));
	assert_non_null(x_child(e, condition, NS_STANZAS));
}

static bool has_feature(const struct xnode *iq, const char *var)
{
	const struct xnode *n =
	    x_child(x_child(iq, "query", NULL), "feature", NULL);

	for (; n; n = x_next(n, "feature", NULL))
		if (str_eq(x_attr(n, "var"), str_z(var)))
			return true;
	return false;
}

/* DISCO-1, DISCO-15, IQ-2 */
static void test_service(void **state)
{
	struct scene *s = *state;
	const struct xnode *n = ask(s, CYD, "chat.test", "get", INFO);

	assert_true(has_feature(n, NS_MUC));
	assert_result(s, CYD, "chat.test", PING);
	assert_error(s, CYD, "chat.test",
		     "<query xmlns='" NS_DISCO_INFO "' node='n'/>", "cancel",
		     "item-not-found");
	n = ask(s, CYD, "chat.test", "get",
		"<query xmlns='" NS_DISCO_ITEMS "' node='n'/>");
	assert_true(str_eq(x_attr(x_child(n, "query", NS_DISCO_ITEMS), "node"),
			   STR("n")));
	/* IQ-1 */
	assert_error(s, CYD, "chat.test", "<q xmlns='urn:q'/>", "cancel",
		     "service-unavailable");
}

/* ADM-20: the service is administered where it runs. */
static void test_no_commands(void **state)
{
	struct scene *s = *state;
	static const char *const tos[] = {"chat.test", "r@chat.test"};

	for (int i = 0; i < 2; i++) {
		assert_false(
		    has_feature(ask(s, ANN, tos[i], "get", INFO),
				"http://jabber.org/protocol/commands"));
		assert_error(s, ANN, tos[i],
			     "<command xmlns='http://jabber.org/protocol/"
			     "commands' node='http://jabber.org/protocol/"
			     "admin#announce'/>",
			     "cancel", "service-unavailable");
		assert_error(s, ANN, tos[i],
			     "<query xmlns='" NS_DISCO_ITEMS
			     "' node='http://jabber.org/protocol/commands'/>",
			     "cancel", "item-not-found");
	}
}

/* PRIV-6: presence reaches only those who are there, and in this room. */
static void see_none(void *user, const struct xnode *stanza)
{
	const char *const *jids = user;
	struct str to = x_attr(stanza, "to");
	bool known = false;

	for (; *jids; jids++)
		known = known || str_eq(to, str_z(*jids));
	assert_true(known);
}

static void test_presence_stays_inside(void **state)
{
	struct scene *s = *state;
	const char *inside[] = {ANN, BEN, NULL};
	struct sip_user u;

	xmpp_put(s, "<presence from='" CYD "' to='other@chat.test/Cyd'><x "
		    "xmlns='" NS_MUC "'/></presence>");
	xmpp_put(s, "<presence from='ann@x.test/other' to='r@chat.test' "
		    "type='subscribe'/>");
	xmpp_drop(s);
	sip_user_join(&u, s, "alice", "sip:r@chat.test", "a=chatroom\r\n");
	xmpp_put(s, "<presence from='" ANN "' to='r@chat.test/Ann'>"
		    "<show>away</show></presence>");
	xmpp_put(s, "<presence from='" CYD "' to='r@chat.test/Ann' "
		    "type='probe'/>");
	sip_user_bye(&u);
	assert_true(xmpp_each(s, see_none, inside));
	sip_user_done(&u);
}

/* DISCO-2 */
static void test_room_list(void **state)
{
	struct scene *s = *state;
	const struct xnode *q, *item, *set;

	q = x_child(ask(s, CYD, "chat.test", "get", ITEMS), "query", NULL);
	item = x_child(q, "item", NULL);
	assert_true(str_eq(x_attr(item, "jid"), STR("r@chat.test")));
	assert_true(str_eq(x_attr(item, "name"), STR("r")));
	assert_null(x_next(item, "item", NULL));
	assert_null(x_child(q, "set", NULL));

	for (int i = 0; i < 149; i++)
		xmpp_put(s,
			 "<presence from='" ANN "' to='r%d@chat.test/A'>"
			 "<x xmlns='" NS_MUC "'/></presence>",
			 i);
	xmpp_drop(s);
	q = x_child(ask(s, CYD, "chat.test", "get", ITEMS), "query", NULL);
	set = x_child(q, "set", "http://jabber.org/protocol/rsm");
	assert_string_equal(xmpp_text(s, set, "count"), "150");
	char next[400];

	snprintf(next, sizeof(next),
		 "<query xmlns='" NS_DISCO_ITEMS "'><set xmlns='http://"
		 "jabber.org/protocol/rsm'><after>%s</after></set></query>",
		 xmpp_text(s, set, "last"));
	q = x_child(ask(s, CYD, "chat.test", "get", next), "query", NULL);
	size_t n = 0;

	for (item = x_child(q, "item", NULL); item;
	     item = x_next(item, "item", NULL))
		n++;
	assert_int_equal(n, 50);
	assert_error(s, CYD, "chat.test",
		     "<query xmlns='" NS_DISCO_ITEMS "'><set xmlns='http://"
		     "jabber.org/protocol/rsm'><after>x</after></set></query>",
		     "cancel", "item-not-found");
}

/* DISCO-3, DISCO-7, DISCO-8, DISCO-11, DISCO-12 */
static void test_room(void **state)
{
	struct scene *s = *state;
	const struct xnode *n = ask(s, CYD, "r@chat.test", "get", INFO), *q;

	assert_true(has_feature(n, NS_SID));
	assert_true(has_feature(n, "muc_temporary"));
	assert_error(s, CYD, "none@chat.test", INFO, "cancel",
		     "item-not-found");
	q = x_child(ask(s, CYD, "r@chat.test", "get", ITEMS), "query", NULL);
	assert_null(q->children);
	assert_result(s, CYD, "r@chat.test", PING);
	q = x_child(ask(s, CYD, "r@chat.test", "get",
			"<query xmlns='" NS_DISCO_INFO
			"' node='x-roomuser-item'/>"),
		    "query", NULL);
	assert_true(str_eq(x_attr(q, "node"), STR("x-roomuser-item")));
	assert_null(q->children);
	assert_error(s, CYD, "r@chat.test",
		     "<query xmlns='" NS_DISCO_INFO "' node='http://jabber."
		     "org/protocol/muc#traffic'/>",
		     "cancel", "service-unavailable");
	assert_error(s, CYD, "r@chat.test", "<q xmlns='urn:q'/>", "cancel",
		     "service-unavailable");
	assert_error(s, CYD, "r@chat.test", "<query xmlns='" NS_MUC_OWNER "'/>",
		     "auth", "forbidden");
}

/* IQ-3, IQ-6, DISCO-9 */
static void test_occupant(void **state)
{
	struct scene *s = *state;

	assert_result(s, ANN, "r@chat.test/Ann", PING);
	assert_error(s, CYD, "r@chat.test/Ann", PING, "cancel",
		     "not-acceptable");
	assert_error(s, CYD, "none@chat.test/Ann", PING, "cancel",
		     "not-acceptable");
	assert_error(s, ANN, "r@chat.test/Cyd", PING, "cancel",
		     "item-not-found");
	assert_error(s, CYD, "r@chat.test/Ann", INFO, "modify", "bad-request");
	assert_error(s, CYD, "r@chat.test/Ann", ITEMS, "modify", "bad-request");
	assert_error(s, CYD, "r@chat.test/Ann", "<q xmlns='urn:q'/>", "cancel",
		     "not-acceptable");
}

/* DISCO-10, IQ-5 */
static void test_sip_user(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	const struct xnode *n;

	sip_user_join(&u, s, "eve", "sip:r@chat.test", "a=chatroom\r\n");
	xmpp_drop(s);
	n = ask(s, ANN, "r@chat.test/eve", "get", INFO);
	n = x_child(x_child(n, "query", NULL), "identity", NULL);
	assert_true(str_eq(x_attr(n, "category"), STR("client")));
	assert_true(str_eq(x_attr(n, "type"), STR("phone")));
	assert_result(s, ANN, "r@chat.test/eve", PING);
	n = ask(s, ANN, "r@chat.test/eve", "get",
		"<vCard xmlns='vcard-temp'/>");
	assert_string_equal(xmpp_text(s, x_child(n, "vCard", NULL), "FN"),
			    "eve");
	n = ask(s, ANN, "r@chat.test/eve", "get",
		"<query xmlns='jabber:iq:version'/>");
	assert_string_equal(xmpp_text(s, x_child(n, "query", NULL), "name"),
			    "stoxd");
	assert_error(s, ANN, "r@chat.test/eve", "<q xmlns='urn:q'/>", "cancel",
		     "service-unavailable");
	sip_user_done(&u);
}

/* ERR-13: what is for no address is refused in the domain's name. */
static void test_no_address(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;

	xmpp_put(s, "<message from='" ANN "' to='@chat.test' id='m' "
		    "type='groupchat'><body>hi</body></message>");
	n = xmpp_take(s, ANN);
	assert_true(str_eq(x_attr(n, "from"), STR("chat.test")));
	xmpp_put(s, "<message from='" ANN "' to='@chat.test' id='m'/>");
	assert_heard(s, ANN, "error - modify/jid-malformed id=m\n");
	xmpp_put(s, "<iq from='" ANN "' to='r@chat.test/' id='q' type='get'>"
		    "<ping xmlns='urn:xmpp:ping'/></iq>");
	assert_heard(s, ANN, "iq error modify/jid-malformed id=q\n");
	xmpp_put(s, "<presence from='" ANN "' to='@chat.test/x' id='p'/>");
	assert_heard(s, ANN, "presence - error modify/jid-malformed id=p\n");
	xmpp_put(s, "<presence from='" ANN "' to='@chat.test/x' "
		    "type='unavailable'/>");
	xmpp_put(s, "<iq from='" ANN "' to='@chat.test' id='r' type='result'"
		    "/>");
	xmpp_put(s, "<message from='" ANN "' to='@chat.test' type='error'/>");
	xmpp_put(s, "<message from='@x.test' to='@chat.test'/>");
	assert_heard(s, ANN, "");
}

/* IQ-9, COMP-14 */
static void test_bad_iq(void **state)
{
	struct scene *s = *state;

	assert_error(s, ANN, "r@chat.test", "", "modify", "bad-request");
	assert_error(s, ANN, "r@chat.test", "<a/><b/>", "modify",
		     "bad-request");
	xmpp_put(s, "<iq from='" ANN "' to='r@chat.test' type='get'>" PING
		    "</iq>");
	assert_heard(s, ANN, "iq error modify/bad-request\n");
	xmpp_put(s, "<iq from='" ANN "' to='r@chat.test' type='result' "
		    "id='unknown'/>");
	assert_heard(s, ANN, "");
}

/* COMP-15 */
static void test_errors_are_not_answered(void **state)
{
	struct scene *s = *state;
	static const char *const kinds[] = {"iq", "message", "presence"};
	static const char *const tos[] = {"chat.test", "r@chat.test",
					  "r@chat.test/Ann", "no@chat.test",
					  "no@chat.test/x"};

	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 5; k++)
			xmpp_put(s,
				 "<%s from='" CYD "' to='%s' type='error' "
				 "id='e'><error type='modify'><bad-request "
				 "xmlns='" NS_STANZAS "'/></error></%s>",
				 kinds[i], tos[k], kinds[i]);
	assert_heard(s, CYD, "");
	assert_heard(s, ANN, "");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_service),
	    TEST(test_no_commands),
	    TEST(test_presence_stays_inside),
	    TEST(test_room_list),
	    TEST(test_room),
	    TEST(test_occupant),
	    TEST(test_sip_user),
	    TEST(test_no_address),
	    TEST(test_bad_iq),
	    TEST(test_errors_are_not_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
