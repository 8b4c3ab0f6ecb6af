/* REFER to the focus: who is removed, by whom, and what the asker is told. */
#include "refer.h"

#include <stdio.h>

#define ROOM REFER_ROOM

static int setup(void **state)
{
	*state = scene_new_local("");
	return 0;
}

static void outside(struct sip_user *u)
{
	u->dlg = ++u->s->ids;
	u->cseq = 0;
}

/* The next NOTIFY of a refer subscription says this; answered 200. */
static void told(struct scene *s, uint64_t dlg, unsigned cseq,
		 const char *state, const char *fragment)
{
	struct port_msg n = scene_sip(s, PORT_SEND, "NOTIFY");
	char event[64];

	assert_true(n.dlg == dlg);
	snprintf(event, sizeof(event), "Event: refer;id=%u\r\n", cseq);
	assert_true(has(n.f[PORT_F_HEADERS], event));
	assert_true(has(n.f[PORT_F_HEADERS], state));
	assert_true(
	    str_eq(n.f[PORT_F_TYPE], STR("message/sipfrag;version=2.0")));
	assert_string_equal(arena_dup(s->arena, n.f[PORT_F_BODY]).p, fragment);
	scene_sip_response(s, &n, 200);
}

#define ENDS "Subscription-State: terminated;reason=noresource\r\n"

/* The BYE that removes a user from this dialog. */
static void removed(struct scene *s, uint64_t dlg, const char *reason)
{
	struct port_msg bye = scene_sip(s, PORT_SEND, "BYE");

	assert_true(bye.dlg == dlg);
	assert_true(has(bye.f[PORT_F_HEADERS], reason));
	scene_sip_response(s, &bye, 200);
}

/* V-FOCUS-2, FOCUS-22, FOCUS-25, FOCUS-26, FOCUS-32: all dialogs of the user,
 * the parameter in either place; others may not */
static void test_remove(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b, b2, c;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	sip_user_join(&b2, s, "bob", ROOM, "a=chatroom\r\n");
	sip_user_join(&c, s, "carol", ROOM, "a=chatroom\r\n");
	assert_int_equal(refer_status(&c, "<sip:bob@sip.test;method=BYE>"),
			 403);
	assert_int_equal(refer_status(&c, "<sip:alice@sip.test>;method=BYE"),
			 403);
	assert_true(scene_sip_none(s, PORT_SEND, NULL));

	assert_int_equal(refer_status(&a, "<sip:bob@sip.test;method=BYE>"),
			 200);
	removed(s, b.dlg, "Reason: SIP;cause=403;");
	removed(s, b2.dlg, "Reason: SIP;cause=403;");
	told(s, a.dlg, 2, "Subscription-State: active;expires=200\r\n",
	     "SIP/2.0 100 Trying\r\n");
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	scene_run(s, 1000);
	told(s, a.dlg, 2, ENDS, "SIP/2.0 200 OK\r\n");

	a.cseq++;
	assert_int_equal(refer_status(&a, "<sip:carol@sip.test>;method=BYE"),
			 200);
	removed(s, c.dlg, "Reason: SIP;cause=403;");
	assert_int_equal(msrp_say(&a, ROOM, "still here"), 200);
	sip_user_done(&a);
	sip_user_done(&b);
	sip_user_done(&b2);
	sip_user_done(&c);
}

/* FOCUS-22: in a dialog of its own, too; everybody may remove himself */
static void test_outside(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b, out;
	struct port_msg m, r;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	out = b;
	outside(&out);
	m = refer(&out, "<sip:bob@sip.test;method=BYE>");
	m.new_dialog = true;
	r = scene_sip_request(s, &m);
	assert_int_equal(r.status, 200);
	assert_true(str_eq(r.f[PORT_F_CONTACT], STR("<" ROOM ">;isfocus")));
	removed(s, b.dlg, "Reason: SIP;cause=200;");
	told(s, out.dlg, 1, "active", "SIP/2.0 100 Trying\r\n");
	scene_run(s, 1000);
	assert_true(scene_sip_none(s, PORT_FORGET, NULL) == false);
	told(s, out.dlg, 1, ENDS, "SIP/2.0 200 OK\r\n");
	/* a stranger's word counts for nothing */
	outside(&out);
	m = refer(&out, "<sip:bob@sip.test;method=BYE>");
	m.new_dialog = true;
	m.f[PORT_F_PEER] = STR("10.9.9.9:5060");
	assert_int_equal(scene_sip_request(s, &m).status, 401);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* FOCUS-23, FOCUS-33: who is not there gets the same answer, for those who may
 * know the NOTIFY tells; the owner ends the room */
static void test_absent_and_room(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	assert_int_equal(refer_status(&b, "<sip:dan@sip.test;method=BYE>"),
			 403);
	assert_int_equal(refer_status(&a, "<sip:dan@sip.test;method=BYE>"),
			 200);
	told(s, a.dlg, 2, "active", "SIP/2.0 100 Trying\r\n");
	scene_run(s, 1000);
	told(s, a.dlg, 2, ENDS, "SIP/2.0 404 Not Found\r\n");
	assert_int_equal(refer_status(&b, "<" ROOM ";method=BYE>"), 403);
	a.cseq++;
	assert_int_equal(refer_status(&a, "<" ROOM ";method=BYE>"), 200);
	removed(s, a.dlg, "Reason: SIP;cause=410;");
	removed(s, b.dlg, "Reason: SIP;cause=410;");
	told(s, a.dlg, 3, "active", "SIP/2.0 100 Trying\r\n");
	scene_run(s, 1000);
	told(s, a.dlg, 3, ENDS, "SIP/2.0 200 OK\r\n");
	sip_user_done(&a);
	sip_user_done(&b);
}

/* FOCUS-20, FOCUS-24, V-FOCUS-3 */
static void test_refused(void **state)
{
	struct scene *s = *state;
	struct sip_user a;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	assert_int_equal(refer_status(&a, NULL), 400);
	assert_int_equal(refer_status(&a, "<sip:b@sip.test;method=BYE>\n"
					  "<sip:c@sip.test;method=BYE>"),
			 400);
	assert_int_equal(refer_status(&a, "<sip:b@sip.test"), 400);
	assert_int_equal(refer_status(&a, "<sip:b@sip.test;method=MESSAGE>"),
			 403);
	assert_int_equal(refer_status(&a, "<http://sip.test/;method=BYE>"),
			 403);
	assert_int_equal(refer_status(&a, "<" ROOM ">"), 403);
	assert_true(scene_sip_none(s, PORT_SEND, NULL));
	sip_user_done(&a);
}

/* V-FOCUS-3, FOCUS-28 */
static void test_no_subscription(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct port_msg m, r;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	m = refer(&a, "<sip:bob@sip.test;method=BYE>");
	m.f[PORT_F_REQUIRE] = STR("norefersub");
	m.f[PORT_F_HEADERS] = STR("X-Other: 1\r\nRefer-Sub: false\r\n");
	r = scene_sip_request(s, &m);
	assert_int_equal(r.status, 200);
	assert_true(has(r.f[PORT_F_HEADERS], "Refer-Sub: false\r\n"));
	removed(s, b.dlg, "Reason: SIP;cause=403;");
	scene_run(s, 5000);
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* FOCUS-27 */
static void test_subscribe(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct port_msg m;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	m = refer(&a, NULL);
	m.f[PORT_F_METHOD] = STR("SUBSCRIBE");
	m.f[PORT_F_EVENT] = STR("refer;id=2");
	m.expires = 60;
	assert_int_equal(scene_sip_request(s, &m).status, 403);
	assert_int_equal(refer_status(&a, "<sip:bob@sip.test;method=BYE>"),
			 200);
	told(s, a.dlg, 2, "active", "SIP/2.0 100 Trying\r\n");
	m.expires = 0;
	assert_int_equal(scene_sip_request(s, &m).status, 200);
	told(s, a.dlg, 2, "terminated;reason=", "SIP/2.0 200 OK\r\n");
	assert_int_equal(scene_sip_request(s, &m).status, 403);
	scene_run(s, 5000);
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	removed(s, b.dlg, "Reason: SIP;cause=403;");
	sip_user_done(&a);
	sip_user_done(&b);
}

/* V-FOCUS-2 across the worlds: his client shows 307, the rest see him go */
static void test_xmpp_occupant(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	const struct xnode *p;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	xmpp_join(s, "juliet@x.test/1", "Juliet");
	xmpp_join(s, "romeo@x.test/1", "Romeo");
	xmpp_drop(s);
	assert_int_equal(refer_status(&a, "<" ROOM ";gr=Juliet;method=BYE>"),
			 200);
	p = xmpp_take(s, "juliet@x.test/1");
	assert_true(str_eq(x_attr(p, "type"), STR("unavailable")));
	assert_true(x_has_status(p, "307"));
	assert_true(x_has_status(p, "110"));
	p = xmpp_take(s, "romeo@x.test/1");
	assert_true(str_eq(x_attr(p, "type"), STR("unavailable")));
	assert_true(str_eq(x_attr(p, "from"), STR("r@chat.test/Juliet")));
	assert_true(x_has_status(p, "307"));
	assert_false(x_has_status(p, "110"));
	sip_user_done(&a);
}

/* A call that ends takes nothing from its refer subscription; a NOTIFY that
 * fails ends it. */
static void test_failed_notify(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct port_msg n;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	assert_int_equal(refer_status(&a, "<sip:bob@sip.test;method=BYE>"),
			 200);
	sip_user_bye(&a);
	n = scene_sip(s, PORT_SEND, "NOTIFY");
	scene_sip_response(s, &n, 481);
	scene_run(s, 5000);
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	n = scene_sip(s, PORT_FORGET, NULL);
	assert_true(n.dlg == a.dlg);
	sip_user_done(&a);
	sip_user_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_remove, setup, scene_teardown),
	    cmocka_unit_test_setup_teardown(test_outside, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_absent_and_room, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_refused, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_no_subscription, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_subscribe, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_xmpp_occupant, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_failed_notify, setup,
					    scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
