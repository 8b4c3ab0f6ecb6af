/* Invitations between XMPP and SIP users, and what those say who got them. */
#include "heard.h"

#include <stdio.h>

#define ROOM "sip:r@chat.test"
#define CYD  "cyd@x.test"

static int with_config(void **state, const char *more)
{
	char config[1024];

	snprintf(config, sizeof(config),
		 "domain \"sip.test\" { users = sip }\n"
		 "domain \"chat.test\" { secret = \"x\" rooms = local "
		 "lock = no notify-interval = 0 %s }\n",
		 more);
	*state = scene_new(config);
	join(*state, ANN, "Ann");
	join(*state, BEN, "Ben");
	xmpp_drop(*state);
	return 0;
}

static int setup(void **state)
{
	return with_config(state, "");
}

static int setup_open(void **state)
{
	return with_config(state,
			   "non-anonymous = yes password = \"hush-hush\"");
}

static void invite(struct scene *s, const char *by, const char *to,
		   const char *inside)
{
	xmpp_put(s,
		 "<message from='%s' to='r@chat.test' id='i'><x "
		 "xmlns='" NS_MUC_USER "'><invite to='%s'>%s</invite></x>"
		 "</message>",
		 by, to, inside);
}

static void decline(struct scene *s, const char *from, const char *to,
		    const char *reason)
{
	xmpp_put(s,
		 "<message from='%s' to='r@chat.test' id='d'><x "
		 "xmlns='" NS_MUC_USER "'><decline to='%s'><reason>%s</reason>"
		 "</decline></x></message>",
		 from, to, reason);
}

static const struct xnode *user_x(const struct xnode *m)
{
	return x_child(m, "x", NS_MUC_USER);
}

static const char *attr(struct scene *s, const struct xnode *n,
			const char *name)
{
	struct str v = x_attr(n, name);

	return v.n ? arena_dup(s->arena, v).p : "";
}

/* The next stanza to him is a decline of this person's. */
static void assert_declined(struct scene *s, const char *to, const char *by,
			    const char *reason)
{
	const struct xnode *m = xmpp_take(s, to);
	const struct xnode *d = x_child(user_x(m), "decline", NULL);

	assert_string_equal(attr(s, m, "from"), "r@chat.test");
	assert_non_null(d);
	assert_string_equal(attr(s, d, "from"), by);
	assert_string_equal(xmpp_text(s, d, "reason"), reason);
}

static int setup_limited(void **state)
{
	return with_config(state, "} limits { invite-rate = 2 "
				  "invite-burst = 3");
}

/* So many invitations, then some a minute, of either world; another's are not
 * counted. */
static void test_too_many(void **state)
{
	struct scene *s = *state;

	for (int i = 0; i < 3; i++) {
		invite(s, ANN, CYD, "");
		xmpp_take(s, CYD);
	}
	assert_heard(s, ANN, "");
	invite(s, ANN, CYD, "");
	assert_heard(s, ANN, "error - wait/resource-constraint id=i\n");
	invite(s, ANN, "zoe@sip.test", "");
	assert_heard(s, ANN, "error - wait/resource-constraint id=i\n");
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	assert_true(xmpp_none(s, CYD));
	invite(s, BEN, CYD, "");
	xmpp_take(s, CYD);
	scene_run(s, 30000);
	invite(s, ANN, "zoe@sip.test", "");
	assert_heard(s, ANN, "");
	scene_sip(s, PORT_DIAL, NULL);
	invite(s, ANN, CYD, "");
	assert_heard(s, ANN, "error - wait/resource-constraint id=i\n");
}

/* X2S-53, X2S-56, COMP-4: to an XMPP user through the room, and his decline. */
static void test_xmpp_user(void **state)
{
	struct scene *s = *state;
	const struct xnode *m, *i;

	invite(s, ANN, CYD,
	       "<reason>come &lt;in&gt;</reason><continue thread='t1'/>");
	assert_heard(s, ANN, "");
	m = xmpp_take(s, CYD);
	assert_string_equal(attr(s, m, "from"), "r@chat.test");
	i = x_child(user_x(m), "invite", NULL);
	assert_string_equal(attr(s, i, "from"), "r@chat.test/Ann");
	assert_string_equal(attr(s, i, "to"), "");
	assert_string_equal(xmpp_text(s, i, "reason"), "come <in>");
	assert_string_equal(attr(s, x_child(i, "continue", NULL), "thread"),
			    "t1");
	assert_null(x_child(user_x(m), "password", NULL));

	decline(s, CYD "/7", "r@chat.test/Ben", "not his");
	assert_heard(s, CYD "/7", "error - cancel/item-not-found id=d\n");
	decline(s, CYD "/7", "r@chat.test/Ann", "no time");
	assert_declined(s, ANN, CYD, "no time");
	/* once is enough */
	decline(s, CYD "/7", "r@chat.test/Ann", "no time");
	assert_heard(s, CYD "/7", "error - cancel/item-not-found id=d\n");
	assert_heard(s, ANN, "");
}

/* X2S-53: real addresses and the password, where they are known anyway. */
static void test_open_room(void **state)
{
	struct scene *s = *state;
	const struct xnode *m, *i;

	join_as(s, ANN, "Ann", "<password>hush-hush</password>");
	join_as(s, BEN, "Ben", "<password>hush-hush</password>");
	xmpp_drop(s);
	invite(s, ANN, "CYD@X.test/full", "");
	m = xmpp_take(s, CYD "/full");
	i = x_child(user_x(m), "invite", NULL);
	assert_string_equal(attr(s, i, "from"), "ann@x.test");
	assert_string_equal(xmpp_text(s, user_x(m), "password"), "hush-hush");
	decline(s, CYD "/full", "ann@x.test", "");
	assert_declined(s, ANN, CYD, "");
}

/* X2S-56: for a day. The inviter is told where he is, or else at home. */
static void test_late_decline(void **state)
{
	struct scene *s = *state;

	invite(s, ANN, CYD, "");
	invite(s, BEN, CYD, "");
	xmpp_put(s, "<presence from='" ANN "' to='r@chat.test/Ann' "
		    "type='unavailable'/>");
	xmpp_drop(s);
	decline(s, CYD, "r@chat.test/Ann", "");
	assert_declined(s, "ann@x.test", CYD, "");
	scene_run(s, 86400000);
	xmpp_drop(s);
	decline(s, CYD, "r@chat.test/Ben", "");
	assert_heard(s, CYD, "error - cancel/item-not-found id=d\n");
	assert_heard(s, BEN, "");
}

static int setup_one(void **state)
{
	return with_config(state, "} limits { invitations = 1");
}

/* limits { invitations }; of the same two people one is remembered. */
static void test_forgotten(void **state)
{
	struct scene *s = *state;

	invite(s, ANN, CYD, "");
	invite(s, BEN, CYD, "");
	xmpp_drop(s);
	decline(s, CYD, "r@chat.test/Ann", "");
	assert_heard(s, CYD, "error - cancel/item-not-found id=d\n");
	invite(s, BEN, CYD, "");
	xmpp_drop(s);
	decline(s, CYD, "r@chat.test/Ben", "");
	assert_declined(s, BEN, CYD, "");
	decline(s, CYD, "r@chat.test/Ben", "");
	assert_heard(s, CYD, "error - cancel/item-not-found id=d\n");
}

/* X2S-54, X2S-55: whom nobody can invite, who may not, whom no one knows. */
static void test_refused(void **state)
{
	struct scene *s = *state;
	const struct xnode *m;

	invite(s, CYD "/1", "dee@x.test", "");
	assert_heard(s, CYD "/1", "error - cancel/not-acceptable id=i\n");
	invite(s, ANN, "", "");
	assert_heard(s, ANN, "error - modify/jid-malformed id=i\n");
	invite(s, ANN, "x.test", "");
	assert_heard(s, ANN, "error - modify/jid-malformed id=i\n");
	invite(s, ANN, "r@chat.test/Ben", "");
	assert_heard(s, ANN, "error - cancel/item-not-found id=i\n");

	invite(s, ANN, CYD, "");
	m = xmpp_take(s, CYD);
	xmpp_put(s,
		 "<message from='" CYD "' to='r@chat.test' type='error' "
		 "id='%s'><error type='cancel'><service-unavailable "
		 "xmlns='" NS_STANZAS "'/></error></message>",
		 attr(s, m, "id"));
	assert_heard(s, ANN, "error - cancel/item-not-found id=i\n");
}

/* X2S-54: several at once. */
static void test_several(void **state)
{
	struct scene *s = *state;

	xmpp_put(s, "<message from='" ANN "' to='r@chat.test' id='i'><x "
		    "xmlns='" NS_MUC_USER "'><invite to='" CYD "'/>"
		    "<invite to='@'/><invite to='dee@x.test'/></x></message>");
	assert_non_null(user_x(xmpp_take(s, CYD)));
	assert_non_null(user_x(xmpp_take(s, "dee@x.test")));
	assert_heard(s, ANN, "error - modify/jid-malformed id=i\n");
}

static void set_policy(struct scene *s, bool invites)
{
	struct room *r = rooms_find(s->core.rooms, STR("r@chat.test"));
	struct room_policy p = *room_policy(r);

	p.members_only = true;
	p.invites = invites;
	room_set_affiliation(r, STR("ben@x.test"), AFF_MEMBER, STR_NONE,
			     STR_NONE);
	assert_int_equal(room_configure(r, &p), REASON_OK);
	xmpp_drop(s);
}

static enum affiliation affiliation(struct scene *s, const char *user)
{
	return room_affiliation_of(
	    rooms_find(s->core.rooms, STR("r@chat.test")), str_z(user), NULL);
}

/* X2S-54: where only members may come the invited becomes one; nobody else
 * does. */
static void test_members_only(void **state)
{
	struct scene *s = *state;

	invite(s, ANN, CYD, "");
	assert_int_equal(affiliation(s, CYD), AFF_NONE);
	set_policy(s, false);
	invite(s, BEN, CYD, "");
	assert_heard(s, BEN, "error - auth/forbidden id=i\n");
	assert_int_equal(affiliation(s, CYD), AFF_NONE);
	invite(s, ANN, CYD, "");
	assert_int_equal(affiliation(s, CYD), AFF_MEMBER);
	set_policy(s, true);
	invite(s, BEN, "dee@x.test", "");
	assert_int_equal(affiliation(s, "dee@x.test"), AFF_MEMBER);
	invite(s, BEN, "bob@sip.test", "");
	assert_int_equal(affiliation(s, "sip:bob@sip.test"), AFF_MEMBER);
	room_set_affiliation(rooms_find(s->core.rooms, STR("r@chat.test")),
			     STR("eve@x.test"), AFF_OUTCAST, STR_NONE,
			     STR_NONE);
	xmpp_drop(s);
	invite(s, ANN, "eve@x.test", "");
	assert_heard(s, ANN, "error - auth/forbidden id=i\n");
	assert_int_equal(affiliation(s, "eve@x.test"), AFF_OUTCAST);
}

/* --- SIP users --- */

static void responds(struct scene *s, const struct port_msg *dial, int status,
		     const char *phrase)
{
	struct port_msg m = port_msg(PORT_RESPONSE);

	m.dlg = dial->dlg;
	m.req = dial->req;
	m.status = status;
	m.f[PORT_F_REASON] = str_z(phrase);
	scene_sip_event(s, &m);
}

/* X2S-55, X2S-58, X2S-59: the focus calls him, and his no is a decline. */
static void test_sip_user(void **state)
{
	struct scene *s = *state;
	struct port_msg d;

	invite(s, ANN, "bob@sip.test", "<reason>come in</reason>");
	d = scene_sip(s, PORT_DIAL, NULL);
	assert_true(str_eq(d.f[PORT_F_TO], STR("<sip:bob@sip.test>")));
	assert_true(str_eq(d.f[PORT_F_FROM], STR("<" ROOM ">")));
	assert_true(
	    has(d.f[PORT_F_HEADERS], "Referred-By: <" ROOM ";gr=Ann>\r\n"));
	assert_true(has(d.f[PORT_F_HEADERS], "Subject: come in\r\n"));
	invite(s, BEN, "bob@sip.test", "");
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	assert_heard(s, ANN, "");
	responds(s, &d, 486, "Busy Here");
	assert_declined(s, ANN, "bob@sip.test", "Busy Here");
	scene_run(s, 60000);
	xmpp_drop(s);

	invite(s, BEN, "bob@sip.test", "");
	d = scene_sip(s, PORT_DIAL, NULL);
	responds(s, &d, 404, "Not Found");
	assert_heard(s, BEN, "error - cancel/item-not-found id=i\n");
	assert_heard(s, ANN, "");
}

/* X2S-59: who is in the room is not called. X2S-58: the password stays here. */
static void test_sip_user_inside(void **state)
{
	struct scene *s = *state;
	struct sip_user b;

	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	xmpp_drop(s);
	invite(s, ANN, "bob@sip.test", "");
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	assert_heard(s, ANN, "");
	sip_user_done(&b);
}

/* He takes the call. */
static void accepts(struct sip_user *u, struct scene *s,
		    const struct port_msg *dial)
{
	struct port_msg m = sip_user_called(u, s, "bob", ROOM, dial);

	scene_sip_event(s, &m);
	sip_user_connect(u);
	msrp_request(u, "SEND", "Message-ID: b\r\nByte-Range: 1-0/0\r\n");
	assert_int_equal(msrp_status(u), 200);
}

/* X2S-58: whom the room calls needs no password, and is not sent it. */
static void test_sip_user_comes(void **state)
{
	struct scene *s = *state;
	struct port_msg d;
	struct sip_user b;

	join_as(s, ANN, "Ann", "<password>hush-hush</password>");
	xmpp_drop(s);
	invite(s, ANN, "bob@sip.test", "");
	d = scene_sip(s, PORT_DIAL, NULL);
	assert_false(has(d.f[PORT_F_HEADERS], "hush-hush"));
	assert_false(has(d.f[PORT_F_BODY], "hush-hush"));
	accepts(&b, s, &d);
	assert_true(
	    str_eq(x_attr(xmpp_take(s, ANN), "from"), STR("r@chat.test/bob")));
	assert_heard(s, ANN, "");
	sip_user_done(&b);
}

static int refer(const struct sip_user *u, const char *to)
{
	struct port_msg m = port_msg(PORT_REQUEST);
	struct scene *s = u->s;

	m.dlg = u->dlg;
	m.cseq = u->cseq + 1;
	m.req = ++s->ids;
	m.f[PORT_F_METHOD] = STR("REFER");
	m.f[PORT_F_RURI] = STR(ROOM);
	m.f[PORT_F_FROM] =
	    arena_printf(s->arena, "<sip:%s@sip.test>;tag=1", u->name);
	m.f[PORT_F_PEER] = STR("127.0.0.1:5099");
	m.f[PORT_F_SUBJECT] = STR("lunch");
	m.f[PORT_F_REFER_TO] = str_z(to);
	scene_sip_event(s, &m);
	return scene_sip(s, PORT_ANSWER, NULL).status;
}

static void told(struct scene *s, const char *fragment)
{
	struct port_msg n;

	scene_run(s, 1000);
	n = scene_sip(s, PORT_SEND, "NOTIFY");
	assert_string_equal(arena_dup(s->arena, n.f[PORT_F_BODY]).p, fragment);
	scene_sip_response(s, &n, 200);
}

/* X2S-53, X2S-56: a SIP user's REFER is an XMPP user's invitation. */
static void test_by_refer(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	const struct xnode *m, *i;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	xmpp_drop(s);
	assert_int_equal(refer(&a, "<xmpp:cyd@x.test>"), 200);
	m = xmpp_take(s, CYD);
	assert_string_equal(attr(s, m, "from"), "r@chat.test");
	i = x_child(user_x(m), "invite", NULL);
	assert_string_equal(attr(s, i, "from"), "r@chat.test/alice");
	assert_string_equal(xmpp_text(s, i, "reason"), "lunch");
	told(s, "SIP/2.0 100 Trying\r\n");
	told(s, "SIP/2.0 200 OK\r\n");
	decline(s, CYD "/1", "r@chat.test/alice", "busy");
	assert_true(has(msrp_cpim(&a),
			"cyd@x.test has declined your invitation: busy."));
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));

	/* xmpp: of a SIP user */
	assert_int_equal(refer(&a, "<xmpp:bob@sip.test>"), 200);
	assert_true(str_eq(scene_sip(s, PORT_DIAL, NULL).f[PORT_F_TO],
			   STR("<sip:bob@sip.test>")));
	sip_user_done(&a);
}

/* X2S-54 of a SIP user. */
static void test_refer_members_only(void **state)
{
	struct scene *s = *state;
	struct sip_user a;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	room_set_affiliation(rooms_find(s->core.rooms, STR("r@chat.test")),
			     STR("sip:alice@sip.test"), AFF_MEMBER, STR_NONE,
			     STR_NONE);
	set_policy(s, false);
	assert_int_equal(refer(&a, "<xmpp:cyd@x.test>"), 403);
	assert_true(xmpp_none(s, CYD));
	set_policy(s, true);
	assert_int_equal(refer(&a, "<xmpp:cyd@x.test>"), 200);
	assert_false(xmpp_none(s, CYD));
	assert_int_equal(affiliation(s, CYD), AFF_MEMBER);
	assert_int_equal(refer(&a, "<sip:bob@sip.test>"), 200);
	assert_int_equal(affiliation(s, "sip:bob@sip.test"), AFF_MEMBER);
	sip_user_done(&a);
}

static void invite_directly(struct scene *s, const char *by, const char *to,
			    const char *room)
{
	xmpp_put(s,
		 "<message from='%s' to='%s' id='i'><x "
		 "xmlns='jabber:x:conference' jid='%s' reason='tea' "
		 "password='never'/></message>",
		 by, to, room);
}

/* X2S-57, X2S-59: a direct invitation of one who is in the room is as good as
 * the room's; nobody else makes us call people. */
static void test_direct(void **state)
{
	struct scene *s = *state;
	struct port_msg m;

	invite_directly(s, ANN, "zoe@sip.test", "R@chat.test");
	m = scene_sip(s, PORT_DIAL, NULL);
	assert_true(str_eq(m.f[PORT_F_TO], STR("<sip:zoe@sip.test>")));
	assert_true(
	    has(m.f[PORT_F_HEADERS], "Referred-By: <sip:r@chat.test;gr=Ann>"));
	assert_false(has(m.f[PORT_F_HEADERS], "never"));
	invite(s, ANN, "zoe@sip.test", "");
	invite_directly(s, BEN, "zoe@sip.test/phone", "r@chat.test");
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	assert_heard(s, ANN, "");
	assert_heard(s, BEN, "");

	invite_directly(s, CYD "/1", "max@sip.test", "r@chat.test");
	assert_heard(s, CYD "/1", "error - cancel/not-acceptable id=i\n");
	invite_directly(s, ANN, "max@sip.test", "q@chat.test");
	assert_heard(s, ANN, "error - cancel/item-not-found id=i\n");
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
}

/* What such a one says is told to who has invited him. */
static void test_direct_declined(void **state)
{
	struct scene *s = *state;
	struct port_msg m;

	invite_directly(s, ANN, "zoe@sip.test", "r@chat.test");
	m = scene_sip(s, PORT_DIAL, NULL);
	responds(s, &m, 603, "Decline");
	assert_declined(s, ANN, "zoe@sip.test", "Decline");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_xmpp_user),
	    cmocka_unit_test_setup_teardown(test_open_room, setup_open,
					    scene_teardown),
	    TEST(test_late_decline),
	    cmocka_unit_test_setup_teardown(test_forgotten, setup_one,
					    scene_teardown),
	    TEST(test_refused),
	    cmocka_unit_test_setup_teardown(test_too_many, setup_limited,
					    scene_teardown),
	    TEST(test_several),
	    TEST(test_members_only),
	    TEST(test_sip_user),
	    TEST(test_sip_user_inside),
	    cmocka_unit_test_setup_teardown(test_sip_user_comes, setup_open,
					    scene_teardown),
	    TEST(test_direct),
	    TEST(test_direct_declined),
	    TEST(test_by_refer),
	    TEST(test_refer_members_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
