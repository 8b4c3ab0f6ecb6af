/* Private messages to SIP users of a local room that do not arrive: the XMPP
 * user who said one hears so (X2S-40). */
#include "heard.h"

#include <event2/bufferevent.h>
#include <event2/event.h>

#define ROOM "sip:r@chat.test"

static int setup(void **state)
{
	struct scene *s = scene_new("domain \"chat.test\" { secret = \"x\" "
				    "rooms = local lock = no "
				    "notify-interval = 0 }\n");

	join(s, ANN, "Ann");
	xmpp_drop(s);
	*state = s;
	return 0;
}

/* id "": without one. */
static struct str whispered(struct scene *s, struct sip_user *u, const char *id)
{
	struct str frame;

	xmpp_put(s,
		 "<message from='" ANN "' to='r@chat.test/alice' type='chat' "
		 "%s%s%s><body>psst</body></message>",
		 *id ? "id='" : "", id, *id ? "'" : "");
	frame = msrp_take(u);
	assert_true(has(frame, "psst"));
	return frame;
}

static void reports(struct sip_user *u, struct str frame, const char *status)
{
	struct str id = str_from(
	    frame, (size_t)str_search(frame, STR("Message-ID: ")) + 12);

	id = str_split(&id, '\r');
	msrp_put(u, arena_printf(u->s->arena,
				 "MSRP rep0 REPORT\r\nTo-Path: %.*s\r\n"
				 "From-Path: %s\r\nMessage-ID: %.*s\r\n"
				 "Byte-Range: 1-4/4\r\nStatus: 000 %s\r\n"
				 "-------rep0$\r\n",
				 STR_ARG(u->path), u->own_path, STR_ARG(id),
				 status));
}

static void assert_failed(struct scene *s, const char *id,
			  const char *condition)
{
	const struct xnode *n = xmpp_take(s, ANN);

	assert_true(str_eq(x_attr(n, "type"), STR("error")));
	assert_true(str_eq(x_attr(n, "id"), str_z(id)));
	assert_true(str_eq(x_attr(n, "from"), STR("r@chat.test/alice")));
	n = x_child(n, "error", NS_CLIENT);
	assert_non_null(n);
	assert_non_null(x_child(n, condition, NULL));
}

/* By the response, and by a REPORT after it; each is told once. */
static void test_refused(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct str frame;

	sip_user_join(&u, s, "alice", ROOM, "a=chatroom:private-messages\r\n");
	xmpp_drop(s);
	msrp_reply(&u, whispered(s, &u, "p1"), "415 No");
	assert_failed(s, "p1", "not-acceptable");
	frame = whispered(s, &u, "p2");
	msrp_reply(&u, frame, "200 OK");
	assert_heard(s, ANN, "");
	reports(&u, frame, "413 No");
	assert_failed(s, "p2", "policy-violation");
	reports(&u, frame, "413 No");
	assert_heard(s, ANN, "");
	msrp_reply(&u, whispered(s, &u, ""), "415 No");
	assert_failed(s, "", "not-acceptable");
	sip_user_done(&u);
}

/* No answer in 30 s; a connection that breaks before it. */
static void test_silence(void **state)
{
	struct scene *s = *state;
	struct sip_user u;

	sip_user_join(&u, s, "alice", ROOM, "a=chatroom:private-messages\r\n");
	xmpp_drop(s);
	whispered(s, &u, "p1");
	scene_run(s, 30100);
	assert_failed(s, "p1", "remote-server-timeout");
	whispered(s, &u, "p2");
	bufferevent_flush(u.msrp, EV_WRITE, BEV_FINISHED);
	loop_settle(s->loop);
	assert_failed(s, "p2", "recipient-unavailable");
	sip_user_done(&u);
}

/* One device that takes it is enough. */
static void test_other_device(void **state)
{
	struct scene *s = *state;
	struct sip_user u, other;
	struct str frame;

	sip_user_join(&u, s, "alice", ROOM, "a=chatroom:private-messages\r\n");
	sip_user_join(&other, s, "alice", ROOM,
		      "a=chatroom:private-messages\r\n");
	xmpp_drop(s);
	frame = whispered(s, &u, "p1");
	msrp_reply(&other, msrp_take(&other), "200 OK");
	msrp_reply(&u, frame, "415 No");
	assert_heard(s, ANN, "");
	frame = whispered(s, &u, "p2");
	msrp_reply(&u, frame, "415 No");
	assert_heard(s, ANN, "");
	msrp_reply(&other, msrp_take(&other), "415 No");
	assert_failed(s, "p2", "not-acceptable");
	assert_heard(s, ANN, "");
	sip_user_done(&other);
	sip_user_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_refused, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_silence, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_other_device, setup,
					    scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
