/* Who is who: what XMPP users learn of SIP users, and what a name is good for.
 */
#include "heard.h"

#include <stdio.h>

#define ROOM "sip:r@chat.test"
#define CYD  "cyd@x.test/3"

static int setup(void **state)
{
	struct scene *s = scene_new("domain \"sip.test\" { users = sip }\n"
				    "domain \"chat.test\" { secret = \"x\" "
				    "rooms = local lock = no "
				    "notify-interval = 0 }\n");

	join(s, ANN, "Ann");
	join(s, BEN, "Ben");
	xmpp_drop(s);
	*state = s;
	return 0;
}

static const struct xnode *item(const struct xnode *presence)
{
	return x_child(x_child(presence, "x", NS_MUC_USER), "item", NULL);
}

static struct str roster(struct sip_user *u)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	sip_user_request(u, &m, "SUBSCRIBE");
	m.expires = 0;
	m.f[PORT_F_EVENT] = STR("conference");
	scene_sip_event(u->s, &m);
	assert_int_equal(scene_sip(u->s, PORT_ANSWER, NULL).status, 200);
	m = scene_sip(u->s, PORT_SEND, "NOTIFY");
	scene_sip_response(u->s, &m, 200);
	return m.f[PORT_F_BODY];
}

/* PRIV-3, ADDR-11: his URI as he wrote it for SIP; for XMPP his nickname, and
 * for the moderator his JID, in which case doesn't count. */
static void test_sip_user(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	const struct xnode *p;
	struct buf b = BUF_INIT(65536);

	sip_user_join(&u, s, "Alice", ROOM, "a=chatroom\r\n");
	p = xmpp_take(s, ANN);
	assert_true(str_eq(x_attr(p, "from"), STR("r@chat.test/Alice")));
	assert_true(str_eq(x_attr(item(p), "jid"), STR("alice@sip.test")));
	p = xmpp_take(s, BEN);
	assert_true(str_eq(x_attr(p, "from"), STR("r@chat.test/Alice")));
	x_write(&b, p, STR(NS_CLIENT));
	assert_false(has(buf_str(&b), "sip.test"));
	assert_true(has(roster(&u), "entity=\"sip:Alice@sip.test\""));
	buf_done(&b);
	sip_user_done(&u);
}

/* NICK-16, NICK-17: an owner's name makes nobody an owner. */
static void test_borrowed_name(void **state)
{
	struct scene *s = *state;
	const struct xnode *p;

	xmpp_put(s, "<presence from='" ANN "' to='r@chat.test/Ann' "
		    "type='unavailable'/>");
	scene_run(s, 60000);
	xmpp_drop(s);
	xmpp_put(s, "<presence from='" CYD "' to='r@chat.test/Cyd'><x "
		    "xmlns='" NS_MUC "'/><nick xmlns='http://jabber.org/"
		    "protocol/nick'>Ben</nick></presence>");
	p = xmpp_take(s, BEN);
	assert_true(str_eq(x_attr(p, "from"), STR("r@chat.test/Cyd")));
	xmpp_put(s, "<presence from='" CYD "' to='r@chat.test/Ann'/>");
	xmpp_take(s, BEN);
	p = xmpp_take(s, BEN);
	assert_true(str_eq(x_attr(p, "from"), STR("r@chat.test/Ann")));
	assert_true(str_eq(x_attr(item(p), "affiliation"), STR("none")));
	xmpp_drop(s);
	xmpp_put(s, "<iq from='" CYD "' to='r@chat.test' type='set' id='k'>"
		    "<query xmlns='" NS_MUC_ADMIN "'><item nick='Ben' "
		    "role='none'/></query></iq>");
	assert_heard(s, CYD, "iq error auth/forbidden id=k\n");
	assert_heard(s, BEN, "");
}

/* ERR-11: one SIP user's client refuses it; that is not the sender's affair. */
static void test_refused_copy(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct str frame, id;

	sip_user_join(&u, s, "alice", ROOM, "a=chatroom\r\n");
	scene_run(s, 61000); /* a copy that asks for its response */
	xmpp_drop(s);
	say(s, ANN, "m", "hi");
	assert_heard(s, ANN, "groupchat Ann body='hi' id=m\n");
	frame = msrp_take(&u);
	assert_true(has(frame, "hi"));
	str_split(&frame, ' ');
	id = str_split(&frame, ' ');
	msrp_put(&u, arena_printf(s->arena,
				  "MSRP %.*s 413 no\r\nTo-Path: %.*s\r\n"
				  "From-Path: %s\r\n-------%.*s$\r\n",
				  STR_ARG(id), STR_ARG(u.path), u.own_path,
				  STR_ARG(id)));
	scene_run(s, 60000);
	assert_heard(s, ANN, "");
	sip_user_done(&u);
}

static void see_no_secret(void *user, const struct xnode *stanza)
{
	struct buf b = BUF_INIT(65536);

	(void)user;
	x_write(&b, stanza, STR(NS_CLIENT));
	assert_false(has(buf_str(&b), "10.0.0.5"));
	assert_false(has(buf_str(&b), "Secret"));
	assert_false(has(buf_str(&b), "asserted"));
	buf_done(&b);
}

/* PRIV-4: what the SIP signalling says of a client stays there. */
static void test_signalling(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	struct sip_user u, other;
	struct str doc;

	sip_user_join(&other, s, "bob", ROOM, "a=chatroom\r\n");
	sip_user_init(&u, s, "alice", ROOM);
	m.new_dialog = true;
	sip_user_request(&u, &m, "INVITE");
	m.f[PORT_F_CALL_ID] = STR("SecretCall@10.0.0.5");
	m.f[PORT_F_USER_AGENT] = STR("SecretAgent/1.0");
	m.f[PORT_F_CONTACT] = STR("sip:Secret@10.0.0.5:5062;transport=tcp");
	m.f[PORT_F_IDENTITY] = STR("<sip:alice@sip.test>\n"
				   "<tel:+1asserted>");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&u, "a=chatroom\r\n");
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_ANSWER, NULL).status, 200);
	sip_user_ack(&u);
	doc = roster(&other);
	assert_true(has(doc, "sip:alice@sip.test"));
	assert_false(has(doc, "Secret"));
	assert_false(has(doc, "asserted"));
	sip_user_bye(&u);
	assert_true(xmpp_each(s, see_no_secret, NULL));
	sip_user_done(&u);
	sip_user_done(&other);
}

/* ADDR-27: towards SIP a display name is the quoted nickname; one of a SIP user
 * is his nickname for a start, and nothing else comes of it. */
static void test_display_names(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	struct sip_user u;
	const struct xnode *p;

	sip_user_init(&u, s, "eve", ROOM);
	m.new_dialog = true;
	sip_user_request(&u, &m, "INVITE");
	m.f[PORT_F_FROM] = STR("\"Ann\" <sip:eve@sip.test>;tag=1");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&u, "a=chatroom\r\n");
	scene_sip_event(s, &m);
	m = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(m.status, 200);
	sip_user_ack(&u);
	p = xmpp_take(s, ANN);
	assert_false(str_eq(x_attr(p, "from"), STR("r@chat.test/Ann")));
	assert_true(str_eq(x_attr(item(p), "jid"), STR("eve@sip.test")));
	assert_true(str_eq(x_attr(item(p), "affiliation"), STR("none")));
	sip_user_bye(&u);
	sip_user_done(&u);

	sip_user_join(&u, s, "alice", ROOM, "a=chatroom\r\n");
	join(s, CYD, "a&quot;, &lt;b&gt; \\");
	say(s, CYD, "m", "hi");
	assert_true(has(msrp_cpim(&u),
			"From: \"a\\\", <b> \\\\\" "
			"<sip:r@chat.test;gr=a%22%2C%20%3Cb%3E%20%5C>\r\n"));
	sip_user_done(&u);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_sip_user),      TEST(test_borrowed_name),
	    TEST(test_refused_copy),  TEST(test_signalling),
	    TEST(test_display_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
