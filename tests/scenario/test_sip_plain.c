/* Clients of text/plain in a room that lets them in. */
#include "scene.h"

#define ROOM "sip:r@chat.test"
#define CHAT "a=chatroom:nickname private-messages\r\n"

static int setup(void **state)
{
	*state =
	    scene_new("domain \"chat.test\" { secret = \"x\" rooms = local "
		      "lock = no plain-clients = yes }\n");
	return 0;
}

static int setup_default(void **state)
{
	*state =
	    scene_new("domain \"chat.test\" { secret = \"x\" rooms = local "
		      "}\n");
	return 0;
}

static struct str plain_offer(struct sip_user *u)
{
	return arena_printf(u->s->arena,
			    "v=0\r\no=- %u 1 IN IP4 10.0.0.5\r\ns=-\r\n"
			    "c=IN IP4 10.0.0.5\r\nt=0 0\r\n"
			    "m=message 9 TCP/MSRP *\r\n"
			    "a=accept-types:text/plain\r\na=path:%s\r\n"
			    "a=setup:active\r\n",
			    ++u->ids, u->own_path);
}

static void join(struct sip_user *u, struct scene *s, const char *name)
{
	sip_user_init(u, s, name, ROOM);
	assert_int_equal(sip_user_invite(u, plain_offer(u)), 200);
	sip_user_ack(u);
	sip_user_bind(u);
}

static int say(struct sip_user *u, const char *type, const char *text)
{
	msrp_request(u, "SEND",
		     arena_printf(u->s->arena,
				  "Message-ID: p%u\r\nByte-Range: 1-%zu/%zu\r\n"
				  "Content-Type: %s\r\n\r\n%s\r\n",
				  ++u->ids, strlen(text), strlen(text), type,
				  text)
			 .p);
	return msrp_status(u);
}

/* X-16 without the key: SDP-5 */
static void test_refused(void **state)
{
	struct sip_user u;

	sip_user_init(&u, *state, "alice", ROOM);
	assert_int_equal(sip_user_invite(&u, plain_offer(&u)), 488);
	sip_user_done(&u);
}

/* */
static void test_plain_client(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct str frame;

	sip_user_join(&b, s, "bob", ROOM, CHAT);
	join(&a, s, "alice");
	assert_true(has(a.sdp, "a=accept-types:text/plain\r\n"));
	assert_false(has(a.sdp, "message/cpim"));
	assert_false(has(a.sdp, "private-messages"));
	frame = msrp_take(&a); /* where he is */
	assert_true(has(frame, "Content-Type: text/plain\r\n\r\nThis is the "));

	assert_int_equal(say(&a, "text/plain", "hi all"), 200);
	frame = msrp_cpim(&b);
	assert_true(has(frame, "From: alice <sip:alice@sip.test>\r\n") ||
		    has(frame, "From: \"alice\" <sip:alice@sip.test>\r\n"));
	assert_true(has(frame, "To: <" ROOM ">\r\n"));
	assert_true(has(frame, "Content-Type: text/plain\r\n\r\nhi all"));

	assert_int_equal(msrp_say(&b, ROOM, "hello\r\nAlice"), 200);
	frame = msrp_take(&a);
	assert_true(has(frame, "Content-Type: text/plain\r\n\r\n"
			       "<bob> hello\r\nAlice\r\n-------"));
	assert_int_equal(msrp_say(&b, "sip:alice@sip.test", "psst"), 428);
	assert_int_equal(say(&a, "text/html", "<b>x</b>"), 415);
	assert_int_equal(say(&a, "text/plain", "bad \xff"), 400);
	assert_int_equal(msrp_take(&b).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* other types are not for him; XMPP users' words are */
static void test_types(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&b, s, "bob", ROOM, CHAT "a=accept-wrapped-types:*\r\n");
	join(&a, s, "alice");
	msrp_take(&a);
	msrp_request(&b, "SEND",
		     "Message-ID: png\r\nContent-Type: message/cpim\r\n\r\n"
		     "From: <sip:bob@sip.test>\r\nTo: <" ROOM ">\r\n\r\n"
		     "Content-Type: image/png\r\n\r\nPNG\r\n");
	assert_int_equal(msrp_status(&b), 200);
	assert_int_equal(msrp_take(&a).n, 0);
	xmpp_join(s, "u@x.test/1", "una");
	xmpp_put(s, "%s",
		 "<message from='u@x.test/1' to='r@chat.test' type='groupchat' "
		 "id='m1'><body>from afar</body></message>");
	assert_true(has(msrp_take(&a), "\r\n\r\n<una> from afar\r\n"));
	xmpp_drop(s);
	assert_int_equal(
	    say(&a, "text/plain;charset=utf-8", "gr\xc3\xbc\xc3\x9f"), 200);
	while (!*xmpp_text(s, xmpp_take(s, "u@x.test/1"), "body"))
		;
	sip_user_done(&a);
	sip_user_done(&b);
}

/* X-16, FOCUS-55: his description stays plain when we refresh or offer */
static void test_later_offers(void **state)
{
	struct scene *s = *state;
	struct port_msg m, ok = port_msg(PORT_RESPONSE);
	struct sip_user a;
	struct str first;

	join(&a, s, "alice");
	first = a.sdp;
	assert_int_equal(sip_user_invite(&a, STR_NONE), 200);
	assert_true(str_eq(a.sdp, first));
	sip_user_ack_with(&a, plain_offer(&a));
	scene_run(s, 900000);
	m = scene_sip(s, PORT_SEND, "INVITE");
	assert_true(str_eq(m.f[PORT_F_BODY], first));
	ok.dlg = m.dlg;
	ok.req = m.req;
	ok.status = 200;
	ok.f[PORT_F_TYPE] = STR("application/sdp");
	ok.f[PORT_F_BODY] = plain_offer(&a);
	scene_sip_event(s, &ok);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	sip_user_done(&a);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_refused, setup_default,
					    scene_teardown),
	    TEST(test_plain_client),
	    TEST(test_types),
	    TEST(test_later_offers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
