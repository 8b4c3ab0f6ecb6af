/* Who may come in, and who says too much. */
#include "scene.h"

#define ROOM "sip:r@chat.test"

static int with_config(void **state, const char *config)
{
	*state = scene_new(config);
	return 0;
}

static int setup_lists(void **state)
{
	return with_config(
	    state, "domain \"chat.test\" { secret = \"x\" rooms = local\n"
		   " lock = no\n"
		   " factory = \"new\" allow = {\"@sip.test\", \"u@x.test\", "
		   "\"v@x.test\"}\n"
		   " deny = {\"mallory@sip.test\", \"V@x.test\"} }\n"
		   "room \"staff@chat.test\" { allow = {\"@x.test\", "
		   "\"alice@sip.test\"} }\n");
}

static int setup_flood(void **state)
{
	return with_config(state,
			   "limits { message-rate = 2 message-burst = 5 }\n"
			   "domain \"chat.test\" { rooms = local }\n");
}

static int invited(struct scene *s, const char *name, const char *room)
{
	struct sip_user u;
	int status;

	sip_user_init(&u, s, name, room);
	status = sip_user_invite(&u, sip_user_offer(&u, ""));
	sip_user_done(&u);
	return status;
}

static struct port_msg subscribe(struct scene *s, struct sip_user *u,
				 bool in_call)
{
	struct port_msg m = port_msg(PORT_REQUEST);
	uint64_t dlg = u->dlg;

	if (!in_call)
		u->dlg = ++s->ids;
	m.new_dialog = !in_call;
	sip_user_request(u, &m, "SUBSCRIBE");
	u->dlg = dlg;
	m.f[PORT_F_EVENT] = STR("conference");
	scene_sip_event(s, &m);
	return m;
}

static int subscribed(struct scene *s, struct sip_user *u, bool in_call)
{
	subscribe(s, u, in_call);
	return scene_sip(s, PORT_ANSWER, NULL).status;
}

/* deny wins, by the domain's list and by the room's; XMPP users alike */
static void test_lists(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	const struct xnode *p;

	assert_int_equal(invited(s, "mallory", ROOM), 403);
	assert_int_equal(invited(s, "mallory", "sip:new@chat.test"), 403);
	assert_int_equal(invited(s, "alice", "sip:new@chat.test"), 200);
	assert_int_equal(invited(s, "alice", ROOM), 200);
	assert_int_equal(invited(s, "bob", ROOM), 200);
	assert_int_equal(invited(s, "alice", "sip:staff@chat.test"), 200);
	assert_int_equal(invited(s, "bob", "sip:staff@chat.test"), 403);

	sip_user_init(&u, s, "mallory", "sip:staff@chat.test");
	assert_int_equal(subscribed(s, &u, false), 403);
	sip_user_done(&u);
	sip_user_init(&u, s, "alice", "sip:staff@chat.test");
	assert_int_equal(subscribed(s, &u, false), 200);
	sip_user_done(&u);

	xmpp_join(s, "u@x.test/1", "una");
	for (int i = 0; i < 2; i++) {
		const char *jid = i ? "v@x.test/1" : "w@y.test/1";

		xmpp_put(s,
			 "<presence from='%s' to='r@chat.test/n' id='j'><x "
			 "xmlns='http://jabber.org/protocol/muc'/></presence>",
			 jid);
		p = xmpp_take(s, jid);
		assert_true(str_eq(x_attr(p, "type"), STR("error")));
		assert_non_null(x_child(x_child(p, "error", NULL), "forbidden",
					"urn:ietf:params:xml:ns:"
					"xmpp-stanzas"));
	}
}

/* Who hides is still on the list. */
static void test_hidden(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m = port_msg(PORT_REQUEST);

	sip_user_init(&u, s, "mallory", ROOM);
	m.new_dialog = true;
	sip_user_request(&u, &m, "INVITE");
	m.f[PORT_F_PRIVACY] = STR("id");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&u, "");
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_ANSWER, NULL).status, 403);
	/* nobody knows who this is, so he is not among the allowed */
	m.f[PORT_F_FROM] = STR("<sip:anonymous@anonymous.invalid>;tag=1");
	m.dlg = ++s->ids;
	m.req = ++s->ids;
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_ANSWER, NULL).status, 403);
	sip_user_done(&u);
}

/* Who is no longer allowed when the file is read again has to go, whatever name
 * he hides behind, and so has who only watches. */
static void test_reload(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b, w;
	const struct xnode *p;
	struct port_msg m;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	xmpp_join(s, "u@x.test/1", "una");
	sip_user_init(&w, s, "wanda", ROOM);
	w.dlg = ++s->ids;
	subscribe(s, &w, false);
	scene_sip(s, PORT_ANSWER, NULL);
	scene_answer_notifies(s);
	xmpp_drop(s);
	scene_reload(s, "domain \"chat.test\" { secret = \"x\" rooms = local\n"
			" deny = {\"sip:bob@sip.test\", \"u@x.test\", "
			"\"wanda@sip.test\"} }\n");
	p = xmpp_take(s, "u@x.test/1");
	assert_true(str_eq(x_attr(p, "from"), STR("r@chat.test/una")));
	assert_true(x_has_status(p, "301") && x_has_status(p, "110"));
	m = scene_sip(s, PORT_SEND, "BYE");
	assert_int_equal(m.dlg, b.dlg);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	m = scene_sip(s, PORT_SEND, "NOTIFY");
	assert_true(has(m.f[PORT_F_HEADERS], "terminated;reason=rejected"));
	assert_int_equal(msrp_say(&a, ROOM, "left alone"), 200);
	sip_user_done(&a);
	sip_user_done(&b);
	sip_user_done(&w);
}

static void plug(struct sip_user *u)
{
	sip_user_bind(u);
}

static void drain(struct sip_user *u)
{
	while (msrp_take(u).n)
		;
}

/* ABN-9: all devices of a user together; nicknames count as well */
static void test_flood(void **state)
{
	struct scene *s = *state;
	struct sip_user a, second, b;
	struct port_msg bye;
	struct str response;

	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:nickname\r\n");
	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:nickname\r\n");
	sip_user_init(&second, s, "alice", ROOM);
	strcpy(second.own_path, "msrp://10.0.0.5:9/second;tcp");
	second.ids = 100; /* message ids of its own */
	assert_int_equal(sip_user_invite(&second, sip_user_offer(&second, "")),
			 200);
	sip_user_ack(&second);
	plug(&second);

	drain(&a);
	drain(&second);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(msrp_say(i % 2 ? &a : &second, ROOM, "hello"),
				 200);
		drain(&a);
		drain(&second);
	}
	assert_int_equal(msrp_nickname(&a, "\"Ally\""), 200);
	assert_int_equal(msrp_nickname(&a, "\"Elly\""), 403);
	msrp_request(&a, "SEND",
		     "Message-ID: f1\r\nByte-Range: 1-2/2\r\n"
		     "Content-Type: text/plain\r\n\r\nno\r\n");
	response = msrp_take(&a);
	assert_true(has(response, " 403 sent too much at a time\r\n"));
	drain(&b);
	assert_int_equal(msrp_say(&b, ROOM, "others may"), 200);
	drain(&a);

	scene_run(s, 1000); /* two more */
	drain(&a);
	assert_int_equal(msrp_nickname(&a, "\"Elly\""), 200);
	assert_int_equal(msrp_nickname(&a, "\"Illy\""), 200);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	for (int i = 0; i < 5; i++)
		assert_int_equal(msrp_nickname(&a, "\"Olly\""), 403);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	assert_int_equal(msrp_nickname(&a, "\"Olly\""), 403);
	bye = scene_sip(s, PORT_SEND, "BYE");
	assert_int_equal(bye.dlg, a.dlg);
	assert_true(has(bye.f[PORT_F_HEADERS], "sent too much at a time"));
	sip_user_done(&a);
	sip_user_done(&second);
	sip_user_done(&b);
}

#define TEST(f, with) cmocka_unit_test_setup_teardown(f, with, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_lists, setup_lists),
	    TEST(test_hidden, setup_lists),
	    TEST(test_reload, setup_lists),
	    TEST(test_flood, setup_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
