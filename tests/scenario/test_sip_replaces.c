/* A call moves to another device: INVITE with Replaces (RFC 3891). */
#include "scene.h"

#include <stdio.h>

#define ROOM "sip:r@chat.test"

static int setup(void **state)
{
	*state = scene_new_local("");
	return 0;
}

/* The SIP process tells of a dialog: "<name>-call", our tag, his tag. */
static void report(struct sip_user *u, const char *call_id)
{
	struct port_msg m = port_msg(PORT_DIALOG);

	m.dlg = u->dlg;
	m.f[PORT_F_CALL_ID] = str_z(call_id);
	m.f[PORT_F_LOCAL] = STR("<" ROOM ">;tag=ours");
	m.f[PORT_F_REMOTE] = STR("<sip:x@sip.test>;tag=his");
	scene_sip_event(u->s, &m);
}

/* His other device; the status of its INVITE. */
static int take_over(struct sip_user *u, struct scene *s, const char *name,
		     const char *room, const char *replaces)
{
	struct port_msg m = port_msg(PORT_REQUEST), a;

	sip_user_init(u, s, name, room);
	m.new_dialog = true;
	sip_user_request(u, &m, "INVITE");
	m.f[PORT_F_CONTACT] = arena_printf(s->arena, "sip:%s@10.0.0.77", name);
	m.f[PORT_F_REPLACES] = str_z(replaces);
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(u, "a=chatroom\r\n");
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.req, m.req);
	if (a.status == 200) {
		struct str body = a.f[PORT_F_BODY];

		body = str_from(body, (size_t)str_search(body, STR("a=path:")));
		body = str_from(body, 7);
		u->path = str_split(&body, '\r');
	}
	return a.status;
}

#define ALICE "alice-call;to-tag=ours;from-tag=his"

/* FOCUS-6: the same user's other device takes the call over; he stays who he is
 * for everybody else */
static void test_taken_over(void **state)
{
	struct scene *s = *state;
	struct sip_user a, a2, b;
	struct port_msg bye;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	report(&a, "alice-call");
	assert_int_equal(msrp_nickname(&a, "\"Ann\""), 200);
	xmpp_join(s, "ben@x.test/1", "Ben");
	xmpp_drop(s);
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	xmpp_drop(s);

	assert_int_equal(take_over(&a2, s, "alice", ROOM, ALICE), 200);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	sip_user_ack(&a2);
	bye = scene_sip(s, PORT_SEND, "BYE");
	assert_true(bye.dlg == a.dlg);
	assert_true(has(bye.f[PORT_F_HEADERS], "Reason: SIP;cause=200;"));
	scene_sip_response(s, &bye, 200);
	assert_true(xmpp_none(s, "ben@x.test/1")); /* nobody came or went */
	sip_user_bind(&a2);
	assert_int_equal(msrp_say(&a2, ROOM, "on the road"), 200);
	assert_true(has(msrp_cpim(&b), "on the road"));
	assert_string_equal(xmpp_text(s, xmpp_take(s, "ben@x.test/1"), "body"),
			    "on the road");
	/* just over (RFC 3891 §3), and half a minute later unknown */
	sip_user_done(&a);
	assert_int_equal(take_over(&a, s, "alice", ROOM, ALICE), 603);
	sip_user_done(&a);
	scene_run(s, 33000);
	assert_int_equal(take_over(&a, s, "alice", ROOM, ALICE), 481);
	sip_user_done(&a);
	sip_user_done(&a2);
	sip_user_done(&b);
}

/* FOCUS-6: others may not, nor one that comes too late, in another room or for
 * no call; the old call is as it was */
static void test_refused(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b, x;
	static const struct {
		const char *user, *room, *replaces;
		int status;
	} rows[] = {
	    {"bob", ROOM, ALICE, 403},
	    {"alice", ROOM, ALICE ";early-only", 486},
	    {"alice", "sip:other@chat.test", ALICE, 481},
	    {"alice", ROOM, "alice-call;to-tag=his;from-tag=ours", 481},
	    {"alice", ROOM, "other-call;to-tag=ours;from-tag=his", 481},
	    {"alice", ROOM, "alice-call;to-tag=ours", 400},
	};

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	report(&a, "alice-call");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(take_over(&x, s, rows[i].user, rows[i].room,
					   rows[i].replaces),
				 rows[i].status);
		sip_user_done(&x);
	}
	/* an offer that is no chat leaves the old call alone, too */
	assert_true(scene_sip_none(s, PORT_SEND, NULL));
	assert_int_equal(msrp_say(&a, ROOM, "still me"), 200);
	assert_true(has(msrp_cpim(&b), "still me"));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* FOCUS-6: whom we are calling may come from another device of his, early-only
 * or not; the ringing ends and who asked for him is told 200 */
static void test_early(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct port_msg m = port_msg(PORT_REQUEST), d, n;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_request(&a, &m, "REFER");
	m.f[PORT_F_REFER_TO] = STR("<sip:bob@sip.test>");
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_ANSWER, NULL).status, 200);
	d = scene_sip(s, PORT_DIAL, NULL);
	m = port_msg(PORT_PROGRESS);
	m.req = d.req;
	m.dlg = d.dlg;
	m.status = 180;
	m.f[PORT_F_CALL_ID] = STR("dial");
	m.f[PORT_F_FROM_TAG] = STR("ours");
	m.f[PORT_F_TO_TAG] = STR("his");
	scene_sip_event(s, &m);
	assert_int_equal(
	    take_over(&b, s, "carol", ROOM, "dial;to-tag=ours;from-tag=his"),
	    403);
	sip_user_done(&b);
	assert_int_equal(take_over(&b, s, "bob", ROOM,
				   "dial;to-tag=ours;from-tag=his;early-only"),
			 200);
	sip_user_ack(&b);
	m = scene_sip(s, PORT_HANG_UP, NULL);
	assert_true(m.req == d.req);
	scene_sip_response(s, &d, 487);
	n = scene_sip(s, PORT_SEND, "NOTIFY");
	scene_sip_response(s, &n, 200);
	scene_run(s, 1000);
	n = scene_sip(s, PORT_SEND, "NOTIFY");
	assert_true(has(n.f[PORT_F_BODY], "SIP/2.0 200 OK"));
	scene_sip_response(s, &n, 200);
	sip_user_bind(&b);
	sip_user_done(&a);
	sip_user_done(&b);
}

static int setup_one(void **state)
{
	*state = scene_new("domain \"chat.test\" { rooms = local "
			   "one-device = yes notify-interval = 0 }\n");
	return 0;
}

/* FOCUS-6, CHAT-4: where a second device is refused, one may still take the
 * place of the first; the room lives on though he is alone in it */
static void test_one_device(void **state)
{
	struct scene *s = *state;
	struct sip_user a, a2;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	report(&a, "alice-call");
	assert_int_equal(msrp_say(&a, ROOM, "remember"), 200);
	assert_int_equal(take_over(&a2, s, "alice", ROOM, ""), 403);
	sip_user_done(&a2);
	assert_int_equal(take_over(&a2, s, "alice", ROOM, ALICE), 200);
	sip_user_ack(&a2);
	assert_true(scene_sip(s, PORT_SEND, "BYE").dlg == a.dlg);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	sip_user_bind(&a2);
	assert_true(has(msrp_cpim(&a2), "remember"));
	assert_int_equal(msrp_say(&a2, ROOM, "moved"), 200);
	sip_user_done(&a);
	sip_user_done(&a2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scene_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_taken_over),
	    TEST(test_refused),
	    TEST(test_early),
	    cmocka_unit_test_setup_teardown(test_one_device, setup_one,
					    scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
