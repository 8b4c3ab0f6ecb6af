/* What the room itself says to SIP users, and who gets copies of what. */
#include "scene.h"

#include <stdio.h>

#define ROOM "sip:r@chat.test"

static int setup(void **state)
{
	*state = scene_new_local("");
	return 0;
}

static int setup_welcome(void **state)
{
	*state = scene_new_local("welcome = \"Be kind here.\"");
	return 0;
}

static int setup_copies(void **state)
{
	*state = scene_new_local("own-copies = no copies = yes");
	return 0;
}

static void is_notice(struct sip_user *u, const char *uri, const char *text)
{
	struct str cpim = msrp_cpim(u);
	char line[128];

	snprintf(line, sizeof(line), "From: <%s>\r\n", uri);
	assert_true(has(cpim, line));
	snprintf(line, sizeof(line), "To: <%s>\r\n", uri);
	assert_true(has(cpim, line));
	assert_true(has(cpim, "DateTime: 2026-"));
	assert_true(has(cpim, "Content-Type: text/plain;charset=utf-8\r\n"));
	assert_true(has(cpim, text));
}

/* CPIM-17: the welcome comes first, from the room as he dialled it; once,
 * though his session be made anew */
static void test_welcome(void **state)
{
	struct scene *s = *state;
	struct sip_user a;

	sip_user_join(&a, s, "alice", "sip:r@chat.test;transport=tcp",
		      "a=chatroom\r\n");
	is_notice(&a, "sip:r@chat.test;transport=tcp", "Be kind here.");
	assert_int_equal(msrp_take(&a).n, 0);
	snprintf(a.own_path, sizeof(a.own_path), "msrp://10.0.0.5:9/new;tcp");
	assert_int_equal(
	    sip_user_invite(&a, sip_user_offer(&a, "a=chatroom\r\n")), 200);
	sip_user_ack(&a);
	sip_user_bind(&a);
	assert_int_equal(msrp_take(&a).n, 0);
	sip_user_done(&a);
}

/* CHAT-3: who does not know chat rooms is told where he is and who is there,
 * when his session is bound and not before */
static void test_unaware(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct str cpim;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	assert_int_equal(msrp_take(&a).n, 0);
	sip_user_init(&b, s, "bob", ROOM);
	assert_int_equal(sip_user_invite(&b, sip_user_offer(&b, "")), 200);
	sip_user_ack(&b);
	sip_user_connect(&b);
	assert_int_equal(msrp_take(&b).n, 0);
	msrp_request(&b, "SEND", "Message-ID: bind\r\nByte-Range: 1-0/0\r\n");
	assert_int_equal(msrp_status(&b), 200);
	cpim = msrp_cpim(&b);
	assert_true(has(cpim, "chat room sip:r@chat.test"));
	assert_true(has(cpim, "alice"));
	assert_true(has(cpim, "bob"));
	sip_user_done(&a);
	sip_user_done(&b);
}

static void remove_bob(struct sip_user *by)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	sip_user_request(by, &m, "REFER");
	m.f[PORT_F_REFER_TO] = STR("<sip:bob@sip.test;method=BYE>");
	m.f[PORT_F_HEADERS] = STR("Refer-Sub: false\r\n");
	scene_sip_event(by->s, &m);
	assert_int_equal(scene_sip(by->s, PORT_ANSWER, NULL).status, 200);
}

/* CPIM-17: who is removed is told so before the BYE; so are all at the room's
 * end and at the service's */
static void test_last_words(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	struct sip_user a, b, c, d;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	sip_user_join(&c, s, "carol", ROOM, "a=chatroom\r\n");
	remove_bob(&a);
	is_notice(&b, ROOM, "removed by a moderator");
	m = scene_sip(s, PORT_SEND, "BYE");
	assert_true(m.dlg == b.dlg);
	m = port_msg(PORT_REQUEST);
	sip_user_request(&a, &m, "REFER");
	m.f[PORT_F_REFER_TO] = STR("<" ROOM ";method=BYE>");
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_ANSWER, NULL).status, 200);
	is_notice(&a, ROOM, "the room was closed");
	is_notice(&c, ROOM, "the room was closed");

	sip_user_join(&d, s, "dan", "sip:q@chat.test", "a=chatroom\r\n");
	core_shutdown(&s->core);
	is_notice(&d, "sip:q@chat.test", "the service is shutting down");
	sip_user_done(&a);
	sip_user_done(&b);
	sip_user_done(&c);
	sip_user_done(&d);
}

/* SDP-19, CPIM-17: who takes no content gets no notice either */
static void test_held(void **state)
{
	struct scene *s = *state;
	struct sip_user a;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\na=sendonly\r\n");
	assert_int_equal(msrp_take(&a).n, 0);
	sip_user_done(&a);
}

/* CHAT-10: his other devices get what he says, never the one that said it */
static void test_own_devices(void **state)
{
	struct scene *s = *state;
	struct sip_user a, a2;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&a2, s, "alice", ROOM, "a=chatroom\r\n");
	assert_int_equal(msrp_say(&a, ROOM, "hello"), 200);
	assert_true(has(msrp_cpim(&a2), "hello"));
	assert_int_equal(msrp_take(&a).n, 0);
	sip_user_done(&a);
	sip_user_done(&a2);
}

/* CHAT-10, CHAT-19: both as the domain's keys want it */
static void test_keys(void **state)
{
	struct scene *s = *state;
	struct sip_user a, a2, b;
	struct str frame;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&a2, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(msrp_say(&a, ROOM, "hello"), 200);
		frame = msrp_take(&b);
		assert_true(has(frame, "hello"));
		assert_false(has(frame, "Failure-Report: partial"));
		assert_false(has(frame, "Success-Report"));
	}
	assert_int_equal(msrp_take(&a2).n, 0);
	assert_int_equal(msrp_say(&b, ROOM, "hi alice"), 200);
	assert_true(has(msrp_cpim(&a2), "hi alice"));
	sip_user_done(&a);
	sip_user_done(&a2);
	sip_user_done(&b);
}

int main(void)
{
#define WITH(name, setup)                                                      \
	cmocka_unit_test_setup_teardown(name, setup, scene_teardown)
	const struct CMUnitTest tests[] = {
	    WITH(test_welcome, setup_welcome), WITH(test_unaware, setup),
	    WITH(test_last_words, setup),      WITH(test_held, setup),
	    WITH(test_own_devices, setup),     WITH(test_keys, setup_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
