/* What goes wrong: full rooms and servers, silence, crossing requests, media
 * that is turned off or aimed at others. */
#include "callee.h"

#include <stdio.h>

#include <event2/bufferevent.h>

#define ROOM "sip:r@chat.test"

static int with_config(void **state, const char *more, const char *limits)
{
	char config[512];

	snprintf(config, sizeof(config),
		 "domain \"chat.test\" { secret = \"x\" rooms = local "
		 "notify-interval = 0 %s }\n%s",
		 more, limits);
	*state = scene_new(config);
	return 0;
}

static int setup(void **state)
{
	return with_config(state, "lock = no", "");
}

static int setup_full(void **state)
{
	return with_config(state, "lock = no max-occupants = 1", "");
}

static int setup_lock(void **state)
{
	return with_config(state, "", "");
}

static int setup_few(void **state)
{
	return with_config(state, "lock = no",
			   "limits { dialogs = 2 subscriptions = 1 }\n");
}

/* His INVITE's answer. */
static struct port_msg invite(struct sip_user *u, struct scene *s,
			      const char *name)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	sip_user_init(u, s, name, ROOM);
	m.new_dialog = true;
	sip_user_request(u, &m, "INVITE");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(u, "a=chatroom\r\n");
	scene_sip_event(s, &m);
	return scene_sip(s, PORT_ANSWER, NULL);
}

/* FOCUS-4: a full room is 486, at the INVITE already */
static void test_full(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	assert_int_equal(invite(&b, s, "bob").status, 486);
	assert_int_equal(msrp_say(&a, ROOM, "alone"), 200);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* FOCUS-4: a room that its maker has not opened yet is 403 */
static void test_locked(void **state)
{
	struct scene *s = *state;
	struct sip_user b;

	xmpp_put(s, "<presence from='ann@x.test/1' to='r@chat.test/Ann'>"
		    "<x xmlns='" NS_MUC "'/></presence>");
	assert_int_equal(invite(&b, s, "bob").status, 403);
	sip_user_done(&b);
}

/* FOCUS-4, ABN-15: what does not fit is 503 with Retry-After; the rooms go on
 */
static void test_overload(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b, c;
	struct port_msg m;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	m = invite(&c, s, "carol");
	assert_int_equal(m.status, 503);
	assert_true(has(m.f[PORT_F_HEADERS], "Retry-After: "));
	assert_int_equal(msrp_say(&a, ROOM, "still fine"), 200);
	assert_true(has(msrp_cpim(&b), "still fine"));
	sip_user_done(&c);
	sip_user_bye(&b);
	assert_int_equal(invite(&c, s, "carol").status, 200);
	sip_user_done(&a);
	sip_user_done(&b);
	sip_user_done(&c);
}

static void closed(struct bufferevent *bev, short what, void *user)
{
	(void)bev;
	if (what & BEV_EVENT_EOF)
		*(bool *)user = true;
}

/* V-ABN-5: a connection that says nothing for 30 s is closed; a call without a
 * session for 30 s gets BYE */
static void test_silence(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	bool gone = false;

	sip_user_init(&a, s, "alice", ROOM);
	sip_user_connect(&a);
	bufferevent_setcb(a.msrp, NULL, NULL, closed, &gone);
	scene_run(s, 29000);
	assert_false(gone);
	scene_run(s, 1000);
	assert_true(gone);
	assert_int_equal(invite(&b, s, "bob").status, 200);
	sip_user_ack(&b);
	scene_run(s, 29000);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	scene_run(s, 1000);
	assert_true(scene_sip(s, PORT_SEND, "BYE").dlg == b.dlg);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* SDP-20: port 0 in a re-offer ends the session, not the dialog: he stays in
 * the room, and another re-offer brings the chat back */
static void test_no_media(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct str offer;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	offer = arena_printf(s->arena,
			     "v=0\r\no=- 99 2 IN IP4 10.0.0.5\r\ns=-\r\n"
			     "c=IN IP4 10.0.0.5\r\nt=0 0\r\n"
			     "m=message 0 TCP/MSRP *\r\n"
			     "a=accept-types:message/cpim\r\na=path:%s\r\n",
			     a.own_path);
	assert_int_equal(sip_user_invite(&a, offer), 200);
	assert_true(has(a.sdp, "m=message 0 TCP/MSRP"));
	sip_user_ack(&a);
	/* the session is over: its URI names nothing (481) */
	msrp_request(&a, "SEND", "Message-ID: late\r\nByte-Range: 1-0/0\r\n");
	assert_int_equal(msrp_status(&a), 481);
	scene_run(s, 60000);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	assert_int_equal(msrp_say(&b, ROOM, "are you there?"), 200);

	assert_int_equal(
	    sip_user_invite(&a, sip_user_offer(&a, "a=chatroom\r\n")), 200);
	sip_user_ack(&a);
	sip_user_bind(&a);
	assert_int_equal(msrp_say(&b, ROOM, "back"), 200);
	assert_true(has(msrp_cpim(&a), "back"));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* The status that this user's SUBSCRIBE gets. */
static int watch_as(struct scene *s, const char *from, uint64_t *dlg)
{
	struct port_msg m = port_msg(PORT_REQUEST);
	int status;

	m.new_dialog = true;
	m.dlg = *dlg = ++s->ids;
	m.req = ++s->ids;
	m.f[PORT_F_METHOD] = STR("SUBSCRIBE");
	m.f[PORT_F_RURI] = STR(ROOM);
	m.f[PORT_F_FROM] = str_z(from);
	m.f[PORT_F_PEER] = STR("127.0.0.1:5099");
	m.f[PORT_F_EVENT] = STR("conference");
	scene_sip_event(s, &m);
	status = scene_sip(s, PORT_ANSWER, NULL).status;
	scene_answer_notifies(s);
	return status;
}

static uint64_t watch(struct scene *s)
{
	uint64_t dlg;

	assert_int_equal(watch_as(s, "<sip:alice@sip.test>;tag=1", &dlg), 200);
	return dlg;
}

/* However many watch from outside, those inside see who is there. */
static void test_full_of_watchers(void **state)
{
	static const char eve[] = "<sip:eve@sip.test>;tag=1";
	struct scene *s = *state;
	struct sip_user a;
	uint64_t dlg;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	assert_int_equal(watch_as(s, eve, &dlg), 200);
	assert_int_equal(watch_as(s, eve, &dlg), 486);
	watch(s);
	sip_user_done(&a);
}

static void bye(struct sip_user *u)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	sip_user_request(u, &m, "BYE");
	scene_sip_event(u->s, &m);
}

static unsigned notifies(struct scene *s)
{
	unsigned n = 0;

	scene_run(s, 0);
	for (; !scene_sip_none(s, PORT_SEND, "NOTIFY"); n++) {
		struct port_msg m = scene_sip(s, PORT_SEND, "NOTIFY");

		scene_sip_response(s, &m, 200);
		scene_run(s, 0);
	}
	return n;
}

/* ABN-12: his BYE crosses ours; his BYE comes while his re-INVITE is answered
 * and not acknowledged: one notification, and the dialog is forgotten */
static void test_crossing(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b, c;
	struct port_msg ours;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	watch(s);
	assert_int_equal(
	    sip_user_invite(&b, sip_user_offer(&b, "a=chatroom\r\n")), 200);
	bye(&b);
	sip_user_ack(&b);
	assert_int_equal(notifies(s), 1);
	assert_true(scene_sip(s, PORT_FORGET, NULL).dlg == b.dlg);
	assert_true(scene_sip_none(s, PORT_SEND, NULL));

	/* no session in time: our BYE, and his at that moment */
	assert_int_equal(invite(&c, s, "carol").status, 200);
	sip_user_ack(&c);
	assert_int_equal(notifies(s), 1);
	scene_run(s, 30000);
	ours = scene_sip(s, PORT_SEND, "BYE");
	bye(&c);
	scene_sip_response(s, &ours, 481);
	assert_int_equal(notifies(s), 2); /* disconnected, deleted */
	assert_true(scene_sip(s, PORT_FORGET, NULL).dlg == c.dlg);
	assert_true(scene_sip_none(s, PORT_SEND, NULL));
	sip_user_done(&a);
	sip_user_done(&b);
	sip_user_done(&c);
}

/* ABN-13: we connect where an offer says once; who does not want it is not
 * asked again */
static void test_third_party(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct callee c;
	struct str offer;

	sip_user_init(&a, s, "alice", ROOM);
	callee_listen(&c, &a);
	offer = arena_printf(s->arena,
			     "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
			     "c=IN IP4 127.0.0.1\r\nt=0 0\r\n"
			     "m=message %u TCP/MSRP *\r\n"
			     "a=accept-types:message/cpim\r\na=path:%s\r\n"
			     "a=setup:passive\r\n",
			     c.port, a.own_path);
	assert_int_equal(sip_user_invite(&a, offer), 200);
	sip_user_ack(&a);
	assert_true(callee_called(&c, s));
	close(c.fd);
	c.fd = -1;
	/* the loop hears of it from the kernel */
	for (int i = 0; i < 100 && scene_sip_none(s, PORT_SEND, "BYE"); i++) {
		struct pollfd wait = {.fd = c.listener, .events = POLLIN};

		poll(&wait, 1, 1);
		scene_run(s, 1000);
		assert_false(callee_called(&c, s));
	}
	assert_true(scene_sip(s, PORT_SEND, "BYE").dlg == a.dlg);
	assert_false(callee_called(&c, s));
	callee_done(&c);
	sip_user_done(&a);
}

int main(void)
{
#define WITH(name, setup)                                                      \
	cmocka_unit_test_setup_teardown(name, setup, scene_teardown)
	const struct CMUnitTest tests[] = {
	    WITH(test_full, setup_full),
	    WITH(test_full_of_watchers, setup_full),
	    WITH(test_locked, setup_lock),
	    WITH(test_overload, setup_few),
	    WITH(test_silence, setup),
	    WITH(test_no_media, setup),
	    WITH(test_crossing, setup),
	    WITH(test_third_party, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
