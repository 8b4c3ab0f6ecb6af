/* A SIP user's INVITE that comes again, in his dialog or because its answer was
 * lost, and what becomes of a call that is not completed. */
#include "sip_room.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>

/* FOCUS-5, ABN-2, ABN-1: no ACK, no session, a lost session */
static void test_timeouts(void **state)
{
	struct scene *s = *state;
	struct sip_user a = stranger(s, "alice"), b = stranger(s, "bob"), c;
	struct port_msg m;

	assert_int_equal(sip_user_invite(&a, sip_user_offer(&a, "")), 200);
	scene_run(s, 31000);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	scene_run(s, 1000);
	m = scene_sip(s, PORT_SEND, "BYE");
	assert_int_equal(m.dlg, a.dlg);
	scene_sip_response(s, &m, 200);
	assert_int_equal(scene_sip(s, PORT_FORGET, NULL).dlg, a.dlg);

	assert_int_equal(sip_user_invite(&b, sip_user_offer(&b, "")), 200);
	sip_user_ack(&b);
	scene_run(s, 30000);
	assert_int_equal(scene_sip(s, PORT_SEND, "BYE").dlg, b.dlg);

	sip_user_join(&c, s, "carol", ROOM, "a=chatroom\r\n");
	bufferevent_flush(c.msrp, EV_WRITE, BEV_FINISHED);
	sip_user_done(&c);
	scene_run(s, 9000);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	scene_run(s, 1000);
	m = scene_sip(s, PORT_SEND, "BYE");
	assert_int_equal(m.dlg, c.dlg);
	assert_true(has(m.f[PORT_F_HEADERS], "Reason: SIP;cause="));
}

/* V-SDP-7, SDP-17, SDP-18, FOCUS-9: re-INVITE */
static void test_reinvite(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct str offer, first, path;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:private-messages\r\n");
	first = b.sdp;
	path = b.path;
	/* the same session with other tokens: a new version, the same path */
	offer = sip_user_offer(&b, "");
	assert_int_equal(sip_user_invite(&b, offer), 200);
	assert_true(str_eq(b.path, path));
	assert_false(str_eq(b.sdp, first));
	sip_user_ack(&b);
	assert_int_equal(msrp_say(&a, "sip:bob@sip.test", "x"), 428);
	/* the very same offer: the very same answer */
	first = b.sdp;
	assert_int_equal(sip_user_invite(&b, offer), 200);
	assert_true(str_eq(b.sdp, first));
	/* one that can't be accepted changes nothing */
	assert_int_equal(
	    sip_user_invite(&b, STR("v=0\r\no=- 9 9 IN IP4 1.1.1.1\r\n"
				    "m=message 9 TCP/MSRP *\r\n"
				    "a=accept-types:text/plain\r\n"
				    "a=path:msrp://1.1.1.1:9/x;tcp\r\n")),
	    488);
	assert_int_equal(msrp_say(&b, ROOM, "still here"), 200);
	assert_true(has(msrp_cpim(&a), "still here"));
	/* another path: another session */
	snprintf(b.own_path, sizeof(b.own_path), "msrp://10.0.0.5:9/bob2;tcp");
	assert_int_equal(
	    sip_user_invite(&b, sip_user_offer(&b, "a=chatroom\r\n")), 200);
	sip_user_ack(&b);
	assert_false(str_eq(b.path, path));
	sip_user_connect(&b);
	b.in.n = 0;
	msrp_request(&b, "SEND", "Message-ID: bind\r\n");
	assert_int_equal(msrp_status(&b), 200);
	assert_int_equal(msrp_say(&a, ROOM, "welcome back"), 200);
	assert_true(has(msrp_cpim(&b), "welcome back"));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* SDP-18: a re-INVITE that overtakes the connection leaves the session as it
 * is. */
static void test_reinvite_before_binding(void **state)
{
	struct scene *s = *state;
	struct sip_user a = stranger(s, "alice");
	struct str path;

	assert_int_equal(
	    sip_user_invite(&a, sip_user_offer(&a, "a=chatroom\r\n")), 200);
	sip_user_ack(&a);
	path = a.path;
	assert_int_equal(
	    sip_user_invite(&a, sip_user_offer(&a, "a=chatroom:nickname\r\n")),
	    200);
	sip_user_ack(&a);
	assert_true(str_eq(a.path, path));
	sip_user_bind(&a);
	sip_user_done(&a);
}

/* A retransmitted INVITE after the SIP process was replaced gets its old
 * answer. */
static void test_invite_again_after_restart(void **state)
{
	struct scene *s = *state;
	struct sip_user a = stranger(s, "alice");
	struct str offer = sip_user_offer(&a, "");
	struct str first;

	assert_int_equal(sip_user_invite(&a, offer), 200);
	first = a.sdp;
	a.cseq--; /* the same CSeq once more */
	assert_int_equal(sip_user_invite(&a, offer), 200);
	assert_true(str_eq(a.sdp, first));
}

/* The same INVITE under a new dialog: its answer died with a SIP process. And
 * no ACK at all (FOCUS-5). */
static void test_lost_answer(void **state)
{
	struct scene *s = *state;
	struct sip_user a = stranger(s, "alice"), b;
	struct port_msg m = port_msg(PORT_ACK);
	struct str offer = sip_user_offer(&a, "");

	assert_int_equal(sip_user_invite(&a, offer), 200);
	b = a;
	b.dlg = ++s->ids;
	b.cseq = 0;
	assert_int_equal(sip_user_invite(&b, offer), 200);
	assert_int_equal(scene_sip(s, PORT_FORGET, NULL).dlg, a.dlg);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	m.dlg = b.dlg;
	m.status = 408;
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_SEND, "BYE").dlg, b.dlg);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_timeouts),
	    TEST(test_reinvite),
	    TEST(test_reinvite_before_binding),
	    TEST(test_invite_again_after_restart),
	    TEST(test_lost_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
