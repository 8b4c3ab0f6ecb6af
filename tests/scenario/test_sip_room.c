/* SIP users in a local room: how they come in, what they are called, how they
 * go. */
#include "sip_room.h"

#include <stdio.h>

/* V-SDP-1, V-FOCUS-1, FOCUS-1, SDP-6, SDP-9, SDP-15 */
static void test_invite_is_answered(void **state)
{
	struct scene *s = *state;
	struct sip_user u = stranger(s, "alice");
	struct port_msg m = port_msg(PORT_REQUEST), a;

	m.dlg = u.dlg;
	m.req = 77;
	m.cseq = 1;
	m.new_dialog = true;
	m.f[PORT_F_METHOD] = STR("INVITE");
	m.f[PORT_F_RURI] = STR("sip:r@chat.test");
	m.f[PORT_F_FROM] = STR("<sip:alice@sip.test>;tag=1");
	m.f[PORT_F_TO] = STR("<sip:r@chat.test>");
	m.f[PORT_F_CONTACT] = STR("sip:alice@10.0.0.5");
	m.f[PORT_F_PEER] = STR("127.0.0.1:5099");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&u, "");
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.req, 77);
	assert_int_equal(a.status, 200);
	assert_true(
	    str_starts(a.f[PORT_F_CONTACT], STR("<sip:r@chat.test>;isfocus")));
	assert_true(has(a.f[PORT_F_BODY], " TCP/MSRP *\r\n"));
	assert_true(has(a.f[PORT_F_BODY], "a=accept-types:message/cpim\r\n"));
	assert_true(has(a.f[PORT_F_BODY], "a=accept-wrapped-types:"));
	assert_true(has(a.f[PORT_F_BODY], "a=setup:passive\r\n"));
	assert_true(
	    has(a.f[PORT_F_BODY], "a=chatroom:nickname private-messages\r\n"));
	assert_true(has(a.f[PORT_F_BODY], "a=path:msrp://127.0.0.1:"));
}

/* V-SDP-2, SDP-2, SDP-5: 488; V-SDP-5, SDP-13: refused line by line */
static void test_offers(void **state)
{
	struct scene *s = *state;
	struct sip_user u = stranger(s, "alice");
	char sdp[1024];

	snprintf(
	    sdp, sizeof(sdp),
	    "v=0\r\nm=message 9 TCP/MSRP *\r\na=accept-types:text/plain\r\n"
	    "a=path:%s\r\n",
	    u.own_path);
	assert_int_equal(sip_user_invite(&u, str_z(sdp)), 488);
	u = stranger(s, "bob");
	assert_int_equal(
	    sip_user_invite(&u, STR("v=0\r\nm=message 9 TCP/MSRP *\r\n"
				    "a=accept-types:message/cpim\r\n")),
	    488);
	u = stranger(s, "carol");
	snprintf(
	    sdp, sizeof(sdp),
	    "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\n"
	    "m=audio 4000 RTP/AVP 0\r\n"
	    "m=message 9 TCP/MSRP *\r\na=accept-types:*\r\na=path:%s\r\n",
	    u.own_path);
	assert_int_equal(sip_user_invite(&u, str_z(sdp)), 200);
	ptrdiff_t audio = str_search(u.sdp, STR("m=audio 0 RTP/AVP 0"));
	assert_true(audio > 0);
	assert_true(str_search(u.sdp, STR("m=message ")) > audio);
	assert_false(has(u.sdp, "m=message 0 "));
}

/* FOCUS-2: domains and rooms that are not ours, peers that are not trusted */
static void test_refusals(void **state)
{
	struct scene *s = *state;
	struct sip_user u = stranger(s, "alice");
	struct port_msg m = port_msg(PORT_REQUEST), a;

	u.room = STR("sip:r@elsewhere.test");
	assert_int_equal(sip_user_invite(&u, sip_user_offer(&u, "")), 404);
	u = stranger(s, "alice");
	u.room = STR("sip:chat.test");
	assert_int_equal(sip_user_invite(&u, sip_user_offer(&u, "")), 404);
	m.dlg = ++s->ids;
	m.req = ++s->ids;
	m.new_dialog = true;
	m.f[PORT_F_METHOD] = STR("INVITE");
	m.f[PORT_F_RURI] = STR(ROOM);
	m.f[PORT_F_FROM] = STR("<sip:alice@sip.test>;tag=1");
	m.f[PORT_F_PEER] = STR("10.9.9.9:5060");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&u, "");
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.status, 401);
	/* a body that is no SDP */
	m.req = ++s->ids;
	m.f[PORT_F_PEER] = STR("127.0.0.1:5060");
	m.f[PORT_F_TYPE] = STR("text/plain");
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.status, 415);
	assert_true(has(a.f[PORT_F_HEADERS], "Accept: application/sdp"));
}

static int setup_no_create(void **state)
{
	return with_config(
	    state, "domain \"chat.test\" { rooms = local create = none }\n");
}

/* V-FOCUS-1, FOCUS-2 */
static void test_create_none(void **state)
{
	struct sip_user u = stranger(*state, "alice");

	assert_int_equal(sip_user_invite(&u, sip_user_offer(&u, "")), 404);
}

static int setup_no_private(void **state)
{
	return with_config(state, "domain \"chat.test\" { rooms = local "
				  "private-messages = no nicknames = no }\n");
}

/* CHAT-33, CHAT-41 and what the SDP says of both (SDP-15) */
static void test_switched_off(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:private-messages\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:private-messages\r\n");
	assert_true(has(a.sdp, "a=chatroom\r\n"));
	assert_int_equal(msrp_say(&a, "sip:bob@sip.test", "secret"), 403);
	assert_int_equal(msrp_nickname(&a, "\"Ann\""), 403);
	assert_int_equal(msrp_take(&b).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* V-CHAT-6, V-CHAT-7, CHAT-40, CHAT-42, CHAT-43, CHAT-45 */
static void test_nicknames(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:nickname\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:nickname\r\n");
	assert_int_equal(msrp_nickname(&a, "\"Ann\""), 200);
	assert_int_equal(msrp_nickname(&b, "\" ANN \""), 425);
	assert_int_equal(msrp_nickname(&b, "Ben Z"), 200);
	assert_int_equal(msrp_nickname(&b, "\"  \""), 424);
	assert_int_equal(msrp_nickname(&b, "\"open"), 424);
	assert_int_equal(msrp_nickname(&b, "\"\""), 200);
	msrp_request(&b, "NICKNAME", "");
	assert_int_equal(msrp_status(&b), 424);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* CHAT-5 and history (a copy of the archive tells its time): nothing is lost to
 * a joiner who is slow to bind */
static void test_history_and_hold(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b = stranger(s, "bob");
	struct str first;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	assert_int_equal(msrp_say(&a, ROOM, "before"), 200);
	assert_int_equal(
	    sip_user_invite(&b, sip_user_offer(&b, "a=chatroom\r\n")), 200);
	sip_user_ack(&b);
	assert_int_equal(msrp_say(&a, ROOM, "between"), 200);
	sip_user_bind(&b);
	first = msrp_cpim(&b);
	assert_true(has(first, "before"));
	assert_true(has(first, "DateTime: 20"));
	assert_true(has(msrp_cpim(&b), "between"));
	assert_int_equal(msrp_take(&b).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* FOCUS-10: BYE ends the session; the dialog is forgotten */
static void test_bye(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	sip_user_bye(&a);
	assert_int_equal(scene_sip(s, PORT_FORGET, NULL).dlg, a.dlg);
	assert_int_equal(msrp_say(&b, ROOM, "alone"), 200);
	msrp_request(&a, "SEND", "Message-ID: late\r\n");
	assert_int_equal(msrp_status(&a), 481);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* OPTIONS of a room, of the server, of what we don't have (SIP-5) */
static void test_options(void **state)
{
	static const struct {
		const char *uri;
		int status;
	} rows[] = {{"sip:r@chat.test", 200},
		    {"sip:127.0.0.1:5060", 200},
		    {"sip:r@elsewhere.test", 404}};
	struct scene *s = *state;

	for (size_t i = 0; i < 3; i++) {
		struct port_msg m = port_msg(PORT_REQUEST), a;

		m.dlg = ++s->ids;
		m.req = ++s->ids;
		m.new_dialog = true;
		m.f[PORT_F_METHOD] = STR("OPTIONS");
		m.f[PORT_F_RURI] = str_z(rows[i].uri);
		m.f[PORT_F_PEER] = STR("127.0.0.1:5060");
		scene_sip_event(s, &m);
		a = scene_sip(s, PORT_ANSWER, NULL);
		assert_int_equal(a.status, rows[i].status);
	}
}

/* The clean end: BYE with a reason, then nothing is let in. */
static void test_shutdown(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct port_msg m;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	core_shutdown(&s->core);
	m = scene_sip(s, PORT_SEND, "BYE");
	assert_true(has(m.f[PORT_F_HEADERS], "cause=503"));
	assert_true(front_sip_busy(s->core.front_sip));
	scene_sip_response(s, &m, 200);
	assert_false(front_sip_busy(s->core.front_sip));
	sip_user_done(&a);
	a = stranger(s, "bob");
	assert_int_equal(sip_user_invite(&a, sip_user_offer(&a, "")), 503);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_invite_is_answered),
	    TEST(test_offers),
	    TEST(test_refusals),
	    cmocka_unit_test_setup_teardown(test_create_none, setup_no_create,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_switched_off, setup_no_private,
					    scene_teardown),
	    TEST(test_nicknames),
	    TEST(test_history_and_hold),
	    TEST(test_bye),
	    TEST(test_options),
	    TEST(test_shutdown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
