/* The focus invites: REFER without a method, and who comes of it. */
#include "refer.h"

#include <stdio.h>

#define ROOM REFER_ROOM

static int setup(void **state)
{
	*state = scene_new_local("");
	return 0;
}

static int setup_route(void **state)
{
	*state =
	    scene_new_local("route = \"sip:127.0.0.9:5060;transport=tcp\"");
	return 0;
}

/* The next NOTIFY: its state and its fragment; answered 200. */
static void told(struct scene *s, const char *state, const char *fragment)
{
	struct port_msg n = scene_sip(s, PORT_SEND, "NOTIFY");

	assert_true(has(n.f[PORT_F_HEADERS], state));
	assert_string_equal(arena_dup(s->arena, n.f[PORT_F_BODY]).p, fragment);
	scene_sip_response(s, &n, 200);
}

static void told_at_last(struct scene *s, const char *fragment)
{
	scene_run(s, 1000);
	told(s, "terminated;reason=noresource", fragment);
}

/* FOCUS-21, FOCUS-25, FOCUS-30, FOCUS-50, SDP-6, SDP-9, SDP-15 */
static void test_invite(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct port_msg d, m;
	struct str sdp;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	assert_int_equal(refer_status(&a, "<sip:bob@sip.test;transport=tcp>"),
			 200);
	told(s, "active;expires=200", "SIP/2.0 100 Trying\r\n");
	d = scene_sip(s, PORT_DIAL, NULL);
	assert_true(
	    str_eq(d.f[PORT_F_RURI], STR("sip:bob@sip.test;transport=tcp")));
	assert_true(
	    str_eq(d.f[PORT_F_ROUTE], STR("sip:10.0.0.6;transport=tcp")));
	assert_true(str_eq(d.f[PORT_F_FROM], STR("<" ROOM ">")));
	assert_true(str_eq(d.f[PORT_F_TO], STR("<sip:bob@sip.test>")));
	assert_true(
	    str_starts(d.f[PORT_F_CONTACT], STR("<" ROOM ">;isfocus;")));
	assert_true(
	    has(d.f[PORT_F_HEADERS], "Referred-By: <sip:alice@sip.test>\r\n"));
	assert_true(has(d.f[PORT_F_HEADERS], "Subject: r@chat.test\r\n"));
	assert_false(has(d.f[PORT_F_HEADERS], "P-Asserted-Identity"));
	sdp = d.f[PORT_F_BODY];
	assert_true(has(sdp, "a=accept-types:message/cpim\r\n"));
	assert_true(has(sdp, "a=setup:actpass\r\n"));
	assert_true(has(sdp, "a=chatroom:nickname private-messages\r\n"));

	m = port_msg(PORT_PROGRESS);
	m.req = d.req;
	m.dlg = d.dlg;
	m.status = 180;
	m.f[PORT_F_REASON] = STR("Ringing");
	scene_sip_event(s, &m);
	scene_run(s, 1000);
	told(s, "active", "SIP/2.0 180 Ringing\r\n");
	m = sip_user_called(&b, s, "bob", ROOM, &d);
	scene_sip_event(s, &m);
	told_at_last(s, "SIP/2.0 200 OK\r\n");

	sip_user_bind(&b);
	assert_int_equal(msrp_say(&b, ROOM, "here I am"), 200);
	assert_true(has(msrp_cpim(&a), "here I am"));
	sip_user_bye(&b);
	assert_false(scene_sip_none(s, PORT_FORGET, NULL));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* FOCUS-30, FOCUS-50: what the REFER says goes on unchanged; a trusted next hop
 * learns who we are */
static void test_route_and_headers(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct port_msg d, m;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	m = refer(&a, "<sip:bob@sip.test>;method=INVITE");
	m.f[PORT_F_REFERRED_BY] = STR("<sip:al@sip.test>;cid=\"1@x\"");
	m.f[PORT_F_SUBJECT] = STR("tea");
	assert_int_equal(scene_sip_request(s, &m).status, 200);
	d = scene_sip(s, PORT_DIAL, NULL);
	assert_true(
	    str_eq(d.f[PORT_F_ROUTE], STR("sip:127.0.0.9:5060;transport=tcp")));
	assert_true(has(d.f[PORT_F_HEADERS],
			"Referred-By: <sip:al@sip.test>;cid=\"1@x\"\r\n"));
	assert_true(has(d.f[PORT_F_HEADERS], "Subject: tea\r\n"));
	assert_true(
	    has(d.f[PORT_F_HEADERS], "P-Asserted-Identity: <" ROOM ">\r\n"));
	m = refer(&a, "<sip:carol@sip.test>");
	m.f[PORT_F_PRIVACY] = STR("id");
	assert_int_equal(scene_sip_request(s, &m).status, 200);
	d = scene_sip(s, PORT_DIAL, NULL);
	assert_false(has(d.f[PORT_F_HEADERS], "Referred-By"));
	sip_user_done(&a);
}

/* FOCUS-21, FOCUS-51: refusals come back; an answer that is no chat is ended;
 * who is there is not invited again; 180 s are enough */
static void test_outcomes(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct port_msg d, m;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	refer_status(&a, "<sip:bob@sip.test>");
	told(s, "active", "SIP/2.0 100 Trying\r\n");
	d = scene_sip(s, PORT_DIAL, NULL);
	m = port_msg(PORT_RESPONSE);
	m.req = d.req;
	m.dlg = d.dlg;
	m.status = 486;
	m.f[PORT_F_REASON] = STR("Busy\r\nEvil: 1");
	scene_sip_event(s, &m);
	told_at_last(s, "SIP/2.0 486 Busy  Evil: 1\r\n");

	refer_status(&a, "<sip:bob@sip.test>");
	told(s, "active", "SIP/2.0 100 Trying\r\n");
	d = scene_sip(s, PORT_DIAL, NULL);
	m = sip_user_called(&b, s, "bob", ROOM, &d);
	m.f[PORT_F_BODY] = STR("v=0\r\nm=audio 9 RTP/AVP 0\r\n");
	scene_sip_event(s, &m);
	m = scene_sip(s, PORT_SEND, "BYE");
	assert_true(m.dlg == d.dlg);
	scene_sip_response(s, &m, 200);
	told_at_last(s, "SIP/2.0 488 Not Acceptable Here\r\n");

	assert_int_equal(refer_status(&a, "<sip:alice@sip.test>"), 200);
	told(s, "active", "SIP/2.0 100 Trying\r\n");
	told_at_last(s, "SIP/2.0 200 OK\r\n");
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));

	refer_status(&a, "<sip:bob@sip.test>");
	told(s, "active", "SIP/2.0 100 Trying\r\n");
	d = scene_sip(s, PORT_DIAL, NULL);
	scene_run(s, 179000);
	assert_true(scene_sip_none(s, PORT_HANG_UP, NULL));
	scene_run(s, 1000);
	m = scene_sip(s, PORT_HANG_UP, NULL);
	assert_true(m.req == d.req);
	told_at_last(s, "SIP/2.0 408 Request Timeout\r\n");
	/* his answer crossed the CANCEL */
	m = sip_user_called(&b, s, "bob", ROOM, &d);
	scene_sip_event(s, &m);
	m = scene_sip(s, PORT_SEND, "BYE");
	assert_true(m.dlg == d.dlg);
	scene_sip_response(s, &m, 200);
	assert_false(scene_sip_none(s, PORT_FORGET, NULL));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* FOCUS-11: the room's end cancels who is being invited. FOCUS-33: who is not
 * in the room invites nobody. */
static void test_room_ends(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct port_msg d, m;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	b = a;
	b.name = "bob";
	b.dlg = ++s->ids;
	b.cseq = 0;
	m = refer(&b, "<sip:carol@sip.test>");
	m.new_dialog = true;
	assert_int_equal(scene_sip_request(s, &m).status, 403);
	assert_int_equal(refer_status(&a, "<" ROOM ">"), 403);
	assert_int_equal(refer_status(&a, "<sip:bob@sip.test>"), 200);
	told(s, "active", "SIP/2.0 100 Trying\r\n");
	d = scene_sip(s, PORT_DIAL, NULL);
	sip_user_bye(&a);
	m = scene_sip(s, PORT_HANG_UP, NULL);
	assert_true(m.req == d.req);
	scene_sip_response(s, &d, 487);
	told_at_last(s, "SIP/2.0 410 Gone\r\n");
	sip_user_done(&a);
}

/* FOCUS-22, FOCUS-23: whom a moderator removes while his telephone still rings
 * is rung no longer; others may not */
static void test_removed_while_called(void **state)
{
	struct scene *s = *state;
	struct sip_user a, c;
	struct port_msg d;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&c, s, "carol", ROOM, "a=chatroom\r\n");
	assert_int_equal(refer_status(&c, "<sip:bob@sip.test>"), 200);
	told(s, "active", "SIP/2.0 100 Trying\r\n");
	d = scene_sip(s, PORT_DIAL, NULL);
	assert_int_equal(refer_status(&c, "<sip:bob@sip.test;method=BYE>"),
			 403);
	assert_true(scene_sip_none(s, PORT_HANG_UP, NULL));
	assert_int_equal(refer_status(&a, "<sip:bob@sip.test;method=BYE>"),
			 200);
	assert_true(scene_sip(s, PORT_HANG_UP, NULL).req == d.req);
	scene_sip_response(s, &d, 487);
	told(s, "active", "SIP/2.0 100 Trying\r\n");
	told_at_last(s, "SIP/2.0 487 Request Terminated\r\n");
	told_at_last(s, "SIP/2.0 200 OK\r\n");
	assert_int_equal(refer_status(&a, "<sip:bob@sip.test;method=BYE>"),
			 200);
	told(s, "active", "SIP/2.0 100 Trying\r\n");
	told_at_last(s, "SIP/2.0 404 Not Found\r\n");
	sip_user_done(&a);
	sip_user_done(&c);
}

/* Shutting down hangs up, too. */
static void test_shutdown(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct port_msg d;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	refer_status(&a, "<sip:bob@sip.test>");
	d = scene_sip(s, PORT_DIAL, NULL);
	core_shutdown(&s->core);
	assert_true(scene_sip(s, PORT_HANG_UP, NULL).req == d.req);
	scene_sip_response(s, &d, 487);
	sip_user_done(&a);
}

/* Whoever rings already is not called again; all who asked are told. */
static void test_asked_for_twice(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct port_msg d, m;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	assert_int_equal(refer_status(&a, "<sip:bob@sip.test>"), 200);
	told(s, "active;expires=200", "SIP/2.0 100 Trying\r\n");
	d = scene_sip(s, PORT_DIAL, NULL);
	a.cseq++;
	assert_int_equal(refer_status(&a, "<sip:bob@SIP.test;transport=tcp>"),
			 200);
	told(s, "active;expires=200", "SIP/2.0 100 Trying\r\n");
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	m = sip_user_called(&b, s, "bob", ROOM, &d);
	scene_sip_event(s, &m);
	scene_run(s, 1000);
	told(s, "terminated;reason=noresource", "SIP/2.0 200 OK\r\n");
	told(s, "terminated;reason=noresource", "SIP/2.0 200 OK\r\n");
	sip_user_done(&a);
	sip_user_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_invite, setup, scene_teardown),
	    cmocka_unit_test_setup_teardown(test_route_and_headers, setup_route,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_outcomes, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_room_ends, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_removed_while_called, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_shutdown, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_asked_for_twice, setup,
					    scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
