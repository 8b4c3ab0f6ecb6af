/* Invitations between SIP users and remote MUC rooms. */
#include "muc_peer.h"

static void invite(struct muc_user *u, uint64_t op, const char *whom)
{
	struct seat_cmd cmd = {.type = SEAT_INVITE,
			       .op = op,
			       .text = str_z(whom),
			       .reason = STR("tea")};

	seat_command(&u->seat.seat, &cmd);
}

/* S2X-39 (the room's side), S2X-40, S2X-41 */
static void test_out(void **state)
{
	static const struct {
		const char *whom, *jid;
	} rows[] = {
	    {"bob@x.test", "to='bob@x.test'"},
	    {"sip:bob@muc.test", "to='bob@muc.test'"},
	    {"xmpp:bob@x.test", "to='bob@x.test'"},
	    {"sip:al@sip.test", "to='al@sip.test'"},
	    {"sip:al@sip.test;gr=home", "to='al@sip.test'"},
	};
	static struct muc_user u;
	const struct xnode *n;

	muc_join(&u, *state, MUC_RO);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		invite(&u, 1, rows[i].whom);
		n = muc_take(&u, MUC_ROOM);
		assert_false(x_has_attr(n, "type"));
		muc_has(&u, n, rows[i].jid);
		muc_has(&u, n, "<reason>tea</reason>");
		muc_heard(&u, "= REASON_OK op=1\n");
	}
	invite(&u, 2, "mailto:x");
	muc_heard(&u, "= REASON_BAD_REQUEST op=2\n");
	muc_user_done(&u);
}

static int setup_discover(void **state)
{
	struct scene *s =
	    scene_new(MUC_CONFIG "domain \"ud.test\" { users = foreign secret "
				 "= \"x\" }\n"
				 "domain \"*\" { rooms = discover }\n");

	s->dns->knows_all = false;
	dns_server_srv(s->dns, "_xmpp-server._tcp.x.test", 1, 1, 5269,
		       "h.test");
	dns_server_srv(s->dns, "_sip._tcp.f.test", 1, 1, 5060, "h.test");
	*state = s;
	return 0;
}

/* DNS-1, RFC 7702 example 42: a user of a domain that the DNS knows as XMPP's
 * is invited by his own address, one of a SIP domain by ours. */
static void test_out_to_discovered(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	invite(&u, 1, "sip:bob@X.test");
	muc_heard(&u, "= REASON_OK op=1\n");
	scene_run(s, 10);
	muc_has(&u, muc_take(&u, MUC_ROOM), "to='bob@x.test'");
	muc_says(&u, "message", MUC_ROOM,
		 "><x xmlns='" NS_MUC_USER "'><decline from='bob@x.test/1'>"
		 "</decline></x>");
	muc_heard(&u, ": bob@x.test has declined your invitation.\n");
	invite(&u, 2, "sip:bob@f.test");
	muc_heard(&u, "= REASON_OK op=2\n");
	scene_run(s, 10);
	muc_has(&u, muc_take(&u, MUC_ROOM), "to='bob\\40f.test@ud.test'");
	/* who leaves meanwhile invites nobody */
	invite(&u, 3, "sip:bob@z.test");
	muc_heard(&u, "= REASON_OK op=3\n");
	muc_user_done(&u);
	xmpp_drop(s);
	scene_run(s, 60000);
	assert_true(xmpp_none(s, MUC_ROOM));
}

/* S2X-42 */
static void test_outcome(void **state)
{
	static struct muc_user u;

	muc_join(&u, *state, MUC_RO);
	invite(&u, 0, "bob@x.test");
	muc_take(&u, MUC_ROOM);
	muc_says(&u, "message", MUC_ROOM,
		 "><x xmlns='" NS_MUC_USER "'><decline from='bob@x.test/1'>"
		 "<reason>busy</reason></decline></x>");
	muc_heard(&u, ": bob@x.test has declined your invitation: busy.\n");
	/* nobody has invited him */
	muc_says(&u, "message", MUC_ROOM,
		 "><x xmlns='" NS_MUC_USER "'><decline from='eve@x.test/1'>"
		 "</decline></x>");
	muc_heard(&u, "");
	invite(&u, 0, "carl@x.test");
	muc_take(&u, MUC_ROOM);
	muc_refuses(&u, "message", MUC_ROOM, "cancel", "item-not-found");
	muc_heard(&u, ": carl@x.test could not be invited: item-not-found.\n");
	muc_user_done(&u);
}

static void invited(struct scene *s, const char *room, const char *by)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "<message from='%s' to='ro@sip.test'><x xmlns='" NS_MUC_USER
		 "'><invite from='%s'><reason>tea</reason></invite>"
		 "<password>pw</password></x></message>",
		 room, by);
	muc_put(s, "sip.test", text);
}

/* S2X-43: the SIP user is asked to call; no is passed on, silence is not. */
static void test_in(void **state)
{
	struct scene *s = *state;
	struct port_msg m;
	const struct xnode *n;
	static struct muc_user u;

	muc_user_init(&u, s, MUC_RO);
	invited(s, MUC_ROOM, "ann@x.test/1");
	m = scene_sip(s, PORT_DIAL, "REFER");
	assert_true(has(m.f[PORT_F_RURI], "sip:ro@sip.test"));
	scene_sip_response(s, &m, 603);
	n = xmpp_take(s, MUC_ROOM);
	muc_has(&u, n, "<decline to='ann@x.test'");
	assert_true(str_eq(x_attr(n, "from"), STR("ro@sip.test")));
	/* at once again: he has said no */
	invited(s, MUC_ROOM, "ann@x.test/1");
	assert_true(scene_sip_none(s, PORT_DIAL, "REFER"));
	scene_run(s, 60000);
	invited(s, MUC_ROOM, "ann@x.test/1");
	m = scene_sip(s, PORT_DIAL, "REFER");
	scene_sip_response(s, &m, 480);
	assert_true(xmpp_none(s, MUC_ROOM));
	muc_user_done(&u);
}

static void notify(struct scene *s, const struct port_msg *refer,
		   const char *event, const char *state, const char *body,
		   int status)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	m.f[PORT_F_METHOD] = STR("NOTIFY");
	m.dlg = refer->dlg;
	m.f[PORT_F_PEER] = STR("127.0.0.1:5070");
	m.f[PORT_F_EVENT] = str_z(event);
	m.f[PORT_F_SUB_STATE] = str_z(state);
	m.f[PORT_F_TYPE] = STR("message/sipfrag;version=2.0");
	m.f[PORT_F_BODY] = str_z(body);
	assert_int_equal(scene_sip_request(s, &m).status, status);
}

/* S2X-43, RFC 3515 §2.4.4: his client took the REFER, then he says no. */
static void test_in_by_fragment(void **state)
{
	static const struct {
		const char *fragment;
		const char *room_hears; /* NULL: nothing */
	} rows[] = {
	    {"SIP/2.0 603 Decline\r\n", "<decline to='ann@x.test'"},
	    {"SIP/2.0 486 Busy Here\r\n", "<decline to='ann@x.test'"},
	    {"SIP/2.0 200 OK\r\n", NULL},
	    {"SIP/2.0 503 Service Unavailable\r\n", NULL},
	    {"", NULL},
	    {"nonsense", NULL},
	};
	struct scene *s = *state;
	static struct muc_user u;
	struct port_msg m;

	muc_user_init(&u, s, MUC_RO);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		invited(s, MUC_ROOM, "ann@x.test/1");
		m = scene_sip(s, PORT_DIAL, "REFER");
		/* even before the response */
		notify(s, &m, "refer", "active;expires=60",
		       "SIP/2.0 100 Trying\r\n", 200);
		scene_sip_response(s, &m, 202);
		assert_true(xmpp_none(s, MUC_ROOM));
		notify(s, &m, "conference", "active", "", 489);
		notify(s, &m, "refer;id=1", "terminated;reason=noresource",
		       rows[i].fragment, 200);
		if (rows[i].room_hears)
			muc_has(&u, xmpp_take(s, MUC_ROOM), rows[i].room_hears);
		assert_true(xmpp_none(s, MUC_ROOM));
		assert_int_equal(scene_sip(s, PORT_FORGET, NULL).dlg, m.dlg);
		notify(s, &m, "refer", "active", "SIP/2.0 603 No\r\n", 481);
		scene_run(s, 60000);
	}
	muc_user_done(&u);
}

/* A client that says nothing more is not waited for for ever. */
static void test_in_by_silence(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;
	struct port_msg m;

	muc_user_init(&u, s, MUC_RO);
	invited(s, MUC_ROOM, "ann@x.test/1");
	m = scene_sip(s, PORT_DIAL, "REFER");
	scene_sip_response(s, &m, 200);
	scene_run(s, 299000);
	assert_true(scene_sip_none(s, PORT_FORGET, NULL));
	notify(s, &m, "refer", "active", "SIP/2.0 180 Ringing\r\n", 200);
	scene_run(s, 299000);
	assert_true(scene_sip_none(s, PORT_FORGET, NULL));
	scene_run(s, 1000);
	assert_int_equal(scene_sip(s, PORT_FORGET, NULL).dlg, m.dlg);
	assert_true(xmpp_none(s, MUC_ROOM));
	/* and what ends unanswered goes with the scene */
	invited(s, MUC_ROOM, "ann@x.test/1");
	m = scene_sip(s, PORT_DIAL, "REFER");
	scene_sip_response(s, &m, 202);
	muc_user_done(&u);
}

/* S2X-42: who of ours wanted him hears why he could not be called; his refusal
 * comes by the room. */
static void test_to_each_other(void **state)
{
	static const struct {
		const char *by;
		int status;
		const char *heard;
	} rows[] = {
	    {"ro@sip.test", 404,
	     ": sip:al@sip.test could not be invited: 404.\n"},
	    {MUC_OWN, 408, ": sip:al@sip.test could not be invited: 408.\n"},
	    {MUC_ANN, 503, ""},
	    {"ro@sip.test", 200, ""},
	};
	struct scene *s = *state;
	static struct muc_user u;
	struct port_msg m;

	muc_join(&u, s, MUC_RO);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];

		scene_run(s, 60000);
		xmpp_drop(s);
		invite(&u, 0, "sip:al@sip.test");
		muc_take(&u, MUC_ROOM);
		muc_heard(&u, "");
		snprintf(text, sizeof(text),
			 "<message from='" MUC_ROOM "' to='al@sip.test'>"
			 "<x xmlns='" NS_MUC_USER "'><invite from='%s'/></x>"
			 "</message>",
			 rows[i].by);
		muc_put(s, "sip.test", text);
		m = scene_sip(s, PORT_DIAL, "REFER");
		scene_sip_response(s, &m, rows[i].status);
		muc_heard(&u, rows[i].heard);
		assert_true(xmpp_none(s, MUC_ROOM));
	}
	muc_user_done(&u);
}

/* Whose address can't be written in XMPP. */
static void test_out_in_vain(void **state)
{
	static struct muc_user u;

	muc_join(&u, *state, MUC_RO);
	invite(&u, 1, "sip:bob@other.test");
	muc_heard(&u, "= REASON_BAD_REQUEST op=1\n");
	assert_true(xmpp_none(*state, MUC_ROOM));
	muc_user_done(&u);
}

static int setup_no_name(void **state)
{
	*state = scene_new(MUC_CONFIG "domain \"*\" { rooms = discover }\n");
	((struct scene *)*state)->dns->knows_all = false;
	return 0;
}

static void test_out_to_unknown(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	invite(&u, 1, "sip:bob@other.test");
	muc_heard(&u, "= REASON_OK op=1\n");
	scene_run(s, 15000);
	muc_heard(&u, ": sip:bob@other.test could not be invited: no XMPP "
		      "address leads to him.\n");
	muc_user_done(&u);
}

/* S2X-43: rooms that hide addresses name the inviter's nickname. */
static void test_in_by_nickname(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;
	struct port_msg m;

	muc_user_init(&u, s, MUC_RO);
	invited(s, MUC_ROOM, MUC_ROOM "/Ann B");
	m = scene_sip(s, PORT_DIAL, "REFER");
	assert_true(has(m.f[PORT_F_HEADERS],
			"Referred-By: <sip:r@muc.test;gr=Ann%20B>"));
	scene_sip_response(s, &m, 486);
	muc_has(&u, xmpp_take(s, MUC_ROOM), "<decline to='" MUC_ROOM "/Ann B'");
	muc_user_done(&u);
}

/* Rooms that he can't reach, or is in, call nobody. */
static void test_in_vain(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	invited(s, "r@far.test", "ann@x.test/1");
	assert_true(scene_sip_none(s, PORT_DIAL, "REFER"));
	invited(s, "muc.test", "ann@x.test/1");
	assert_true(scene_sip_none(s, PORT_DIAL, "REFER"));
	muc_join(&u, s, MUC_RO);
	invited(s, MUC_ROOM, "ann@x.test/1");
	assert_true(scene_sip_none(s, PORT_DIAL, "REFER"));
	muc_user_done(&u);
}

/* S2X-11: the password that an invitation brought. */
static void test_password(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;
	struct seat_join join;

	invited(s, MUC_ROOM, "ann@x.test/1");
	muc_user_init(&u, s, MUC_RO);
	join = muc_wish(&u);
	assert_int_equal(muc_enter(&u, &join), REASON_OK);
	muc_answer_info(&u, "<feature var='muc_passwordprotected'/>");
	muc_has(&u, muc_take(&u, MUC_OWN), "<password>pw</password>");
	muc_user_done(&u);
	xmpp_drop(s);
	scene_run(s, 3600000);
	assert_int_equal(muc_enter(&u, &join), REASON_OK);
	muc_answer_info(&u, "<feature var='muc_passwordprotected'/>");
	muc_heard(&u, "ended REASON_PASSWORD Room password required\n");
}

/* XEP-0249: from somebody himself. */
static void test_direct(void **state)
{
	struct scene *s = *state;

	muc_put(s, "sip.test",
		"<message from='ann@x.test/1' to='ro@sip.test'>"
		"<x xmlns='jabber:x:conference' jid='" MUC_ROOM "'/>"
		"</message>");
	scene_sip(s, PORT_DIAL, "REFER");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MUC_TEST(test_out),
	    cmocka_unit_test_setup_teardown(test_out_to_discovered,
					    setup_discover, scene_teardown),
	    MUC_TEST(test_outcome),
	    MUC_TEST(test_in),
	    MUC_TEST(test_in_by_fragment),
	    MUC_TEST(test_in_by_silence),
	    MUC_TEST(test_to_each_other),
	    MUC_TEST(test_out_in_vain),
	    cmocka_unit_test_setup_teardown(test_out_to_unknown, setup_no_name,
					    scene_teardown),
	    MUC_TEST(test_in_by_nickname),
	    MUC_TEST(test_in_vain),
	    MUC_TEST(test_password),
	    MUC_TEST(test_direct),
	};

	return cmocka_run_group_tests_name("muc_invite", tests, NULL, NULL);
}
