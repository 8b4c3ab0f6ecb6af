/* What passes through the room untouched, what each session takes, and what a
 * name is worth. */
#include "heard.h"

#include <stdio.h>

#include "conference/room_priv.h"
#include "sip/confinfo.h"

#define ROOM "sip:r@chat.test"

static int setup(void **state)
{
	*state = scene_new_local("");
	return 0;
}

/* SEND of this entity, To and From written by him; the status. */
static int send_entity(struct sip_user *u, const char *entity)
{
	msrp_send_cpim(u, NULL, "", str_z(entity));
	return msrp_status(u);
}

/* Joins with this User-Agent and these identities, asserted by his proxy. */
static void join_as_client(struct sip_user *u, struct scene *s,
			   const char *name, const char *agent,
			   const char *identities, const char *extra)
{
	struct port_msg m = port_msg(PORT_REQUEST);
	struct str sdp;

	sip_user_init(u, s, name, ROOM);
	m.new_dialog = true;
	sip_user_request(u, &m, "INVITE");
	m.f[PORT_F_USER_AGENT] = str_z(agent);
	m.f[PORT_F_IDENTITY] = str_z(identities);
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(u, extra);
	scene_sip_event(s, &m);
	m = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(m.status, 200);
	sdp = m.f[PORT_F_BODY];
	sdp = str_from(sdp, (size_t)str_search(sdp, STR("a=path:")) + 7);
	u->path = str_split(&sdp, '\r');
	sip_user_ack(u);
	sip_user_bind(u);
}

#define ALICE "From: <sip:alice@sip.test>\r\nTo: <" ROOM ">\r\n"

static const char *const opaque[] = {
    ALICE "\r\nContent-Type: multipart/mixed;boundary=b\r\n\r\n--b\r\n"
	  "Content-Type: text/plain\r\n\r\nx\r\n--b--\r\n",
    ALICE "\r\nContent-Type: multipart/signed;boundary=b;"
	  "protocol=\"application/pkcs7-signature\"\r\n\r\n--b\r\n\r\nx\r\n"
	  "--b\r\nContent-Type: application/pkcs7-signature\r\n\r\n\x01\x02"
	  "\r\n--b--\r\n",
    ALICE "\r\nContent-Type: application/pkcs7-mime\r\n\r\n\x30\x82\xff",
    ALICE "\r\nContent-Type: message/cpim\r\n\r\n"
	  "From: <im:other@x.test>\r\n\r\nContent-Type: text/plain\r\n\r\nhi",
};

/* CPIM-13, CPIM-12: what is in several parts, signed, encrypted or wrapped
 * again passes as it is */
static void test_opaque(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM,
		      "a=accept-wrapped-types:*\r\na=chatroom\r\n");
	for (size_t i = 0; i < sizeof(opaque) / sizeof(*opaque); i++) {
		assert_int_equal(send_entity(&a, opaque[i]), 200);
		assert_true(str_eq(msrp_cpim(&b), str_z(opaque[i])));
	}
	sip_user_done(&a);
	sip_user_done(&b);
}

/* CPIM-21, CPIM-11: headers are known by their names and namespace, in any
 * order; what is unknown or required is let pass */
static void test_headers(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	static const char good[] =
	    "NS: x <urn:example:x>\r\nx.Thing: 1\r\nRequire: x.Thing\r\n"
	    "Subject: tea\r\nDateTime: 2026-11-21T10:00:00Z\r\n"
	    "To: <" ROOM ">\r\nFrom: <sip:alice@sip.test>\r\n\r\n"
	    "Content-Type: text/plain\r\n\r\nhi";

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	assert_int_equal(send_entity(&a, good), 200);
	assert_true(str_eq(msrp_cpim(&b), str_z(good)));
	assert_int_equal(send_entity(&a, ALICE
				     "cc: <sip:bob@sip.test>\r\n\r\n"
				     "Content-Type: text/plain\r\n\r\nhi"),
			 403);
	assert_int_equal(msrp_take(&b).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
}

#define COMPOSING                                                              \
	"\r\nContent-Type: application/im-iscomposing+xml\r\n\r\n"             \
	"<isComposing xmlns=\"urn:ietf:params:xml:ns:im-iscomposing\">"        \
	"<state>active</state></isComposing>"

/* CPIM-18, CHAT-2: typing notices go to those who take them, as each session
 * has said, and never into the history */
static void test_composing(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b, c, d;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM,
		      "a=accept-wrapped-types:text/plain "
		      "application/im-iscomposing+xml\r\na=chatroom\r\n");
	sip_user_join(&c, s, "carol", ROOM,
		      "a=accept-wrapped-types:text/plain\r\na=chatroom\r\n");
	assert_int_equal(send_entity(&a, ALICE COMPOSING), 200);
	assert_true(has(msrp_cpim(&b), "<state>active</state>"));
	assert_int_equal(msrp_take(&c).n, 0);
	assert_int_equal(msrp_say(&a, ROOM, "done"), 200);
	assert_true(has(msrp_cpim(&b), "done"));
	assert_true(has(msrp_cpim(&c), "done"));
	sip_user_join(&d, s, "dan", ROOM, "a=chatroom\r\n");
	assert_true(has(msrp_cpim(&d), "done"));
	assert_int_equal(msrp_take(&d).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
	sip_user_done(&c);
	sip_user_done(&d);
}

/* CHAT-1, CHAT-2: each dialog has a session with a URI of its own, though both
 * be of one user */
static void test_sessions(void **state)
{
	struct scene *s = *state;
	struct sip_user a, a2;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&a2, s, "alice", "sip:q@chat.test", "a=chatroom\r\n");
	assert_false(str_eq(a.path, a2.path));
	/* the other room is not reached by this session */
	assert_int_equal(msrp_say(&a, "sip:q@chat.test", "hi"), 404);
	assert_int_equal(msrp_take(&a2).n, 0);
	sip_user_done(&a);
	sip_user_done(&a2);
}

/* CHAT-6: the focus answers at once; a file travels as a message */
static void test_no_ringing(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_init(&a, s, "alice", ROOM);
	/* takes the first answer there is: no 180 */
	assert_int_equal(
	    sip_user_invite(&a, sip_user_offer(&a, "a=chatroom\r\n")), 200);
	sip_user_ack(&a);
	sip_user_bind(&a);
	sip_user_join(&b, s, "bob", ROOM,
		      "a=accept-wrapped-types:*\r\na=chatroom\r\n");
	assert_int_equal(send_entity(&a,
				     ALICE "\r\nContent-Type: image/png\r\n"
					   "Content-Disposition: attachment;"
					   "filename=\"x.png\"\r\n\r\n\x89PNG"),
			 200);
	assert_true(has(msrp_cpim(&b), "filename=\"x.png\""));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* CHAT-46, CHAT-50: a nickname is asked for, and it is no address and no right
 */
static void test_nickname(void **state)
{
	struct scene *s = *state;
	struct sip_user a, a2, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:nickname\r\n");
	sip_user_join(&b, s, "bob", ROOM,
		      "a=chatroom:nickname private-messages\r\n");
	assert_int_equal(msrp_nickname(&a, "\"Ann\""), 200);
	sip_user_join(&a2, s, "alice", ROOM, "a=chatroom:nickname\r\n");
	assert_int_equal(msrp_nickname(&a2, "\"Ann\""), 200);
	assert_int_equal(msrp_nickname(&b, "\"Ann\""), 425);
	/* the nickname of another as an address of his own, as a target, as
	 * whoever asks */
	assert_int_equal(msrp_nickname(&b, "\"alice\""), 200);
	assert_int_equal(
	    send_entity(&b, "From: <sip:alice@sip.test>\r\nTo: <" ROOM ">\r\n"
			    "\r\nContent-Type: text/plain\r\n\r\nhi"),
	    403);
	assert_int_equal(msrp_say(&b, "sip:Ann@sip.test", "hi"), 404);
	assert_int_equal(msrp_take(&a).n, 0);
	sip_user_done(&a);
	sip_user_done(&a2);
	sip_user_done(&b);
}

/* CHAT-23: both of the addresses that a trusted peer asserts are his own, and
 * others reach him by either */
static void test_two_identities(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	static const char *const from[] = {"sip:al@sip.test", "tel:+15550100"};

	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:private-messages\r\n");
	join_as_client(&a, s, "alice", "",
		       "\"Al\" <sip:al@sip.test>\n<tel:+1-555-0100>",
		       "a=chatroom:private-messages\r\n");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    send_entity(&a, arena_printf(s->arena,
						 "From: <%s>\r\nTo: <" ROOM
						 ">\r\n\r\nContent-Type: "
						 "text/plain\r\n\r\nhi %d",
						 from[i], i)
					.p),
		    200);
		assert_true(has(msrp_cpim(&b), from[i]));
	}
	/* what From alone said counts for nothing */
	assert_int_equal(msrp_say(&a, ROOM, "hi"), 403);
	assert_int_equal(msrp_say(&b, "sip:al@sip.test", "you there?"), 200);
	assert_true(has(msrp_cpim(&a), "you there?"));
	assert_int_equal(msrp_say(&b, "tel:+15550100", "phone?"), 200);
	assert_true(has(msrp_cpim(&a), "phone?"));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* CHAT-22: who has no voice gets 403, still hears, and the roster says recvonly
 */
static void test_muted(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	struct sip_user a, b;
	struct room *r;
	struct str text;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	m.new_dialog = true;
	m.dlg = ++s->ids;
	m.req = ++s->ids;
	m.f[PORT_F_METHOD] = STR("SUBSCRIBE");
	m.f[PORT_F_RURI] = STR(ROOM);
	m.f[PORT_F_FROM] = STR("<sip:alice@sip.test>;tag=1");
	m.f[PORT_F_PEER] = STR("127.0.0.1:5099");
	m.f[PORT_F_EVENT] = STR("conference");
	scene_sip_event(s, &m);
	scene_answer_notifies(s);

	r = rooms_find(s->core.rooms, STR("r@chat.test"));
	assert_int_equal(
	    room_set_role(r, roster_by_user(r, STR("sip:bob@sip.test"))->pub.id,
			  ROLE_VISITOR, STR_NONE),
	    REASON_OK);
	assert_int_equal(msrp_say(&b, ROOM, "let me"), 403);
	assert_int_equal(msrp_take(&a).n, 0);
	assert_int_equal(msrp_say(&a, ROOM, "no"), 200);
	assert_true(has(msrp_cpim(&b), "no"));
	scene_run(s, 0);
	m = scene_sip(s, PORT_SEND, "NOTIFY");
	text = m.f[PORT_F_BODY];
	assert_true(has(text, "<user entity=\"sip:bob@sip.test\""));
	assert_true(has(text, "<status>recvonly</status>"));
	sip_user_done(&a);
	sip_user_done(&b);
}

static int setup_types(void **state)
{
	*state = scene_new("domain \"chat.test\" { rooms = local types = "
			   "\"text/plain image/*\" nicknames = no "
			   "private-messages = no }\n");
	return 0;
}

/* CPIM-16, SDP-6, DRAFT-6: the answer names the types that the room lets
 * through; of others the sender hears 415, before anything about him or To
 * (CHAT-13) */
static void test_allowed_types(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	assert_true(has(a.sdp, "a=accept-types:message/cpim\r\n"));
	assert_true(
	    has(a.sdp, "a=accept-wrapped-types:text/plain image/*\r\n"));
	assert_true(has(a.sdp, "a=chatroom\r\n"));
	sip_user_join(&b, s, "bob", ROOM,
		      "a=accept-wrapped-types:*\r\na=chatroom\r\n");
	assert_int_equal(send_entity(&a, ALICE "\r\nContent-Type: text/html"
					       "\r\n\r\n<p>hi</p>"),
			 415);
	assert_int_equal(
	    send_entity(&a, "From: <sip:bob@sip.test>\r\n\r\nContent-Type: "
			    "video/mp4\r\n\r\nx"),
	    415);
	assert_int_equal(msrp_take(&b).n, 0);
	assert_int_equal(
	    send_entity(&a, ALICE "\r\nContent-Type: Image/PNG\r\n\r\nx"), 200);
	assert_true(has(msrp_cpim(&b), "Image/PNG"));
	assert_int_equal(msrp_say(&a, ROOM, "hi"), 200);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* CPIM-22: a client that would end its session over octets that are no UTF-8
 * does not get them; a private one is refused (CHAT-35) */
static void test_utf8_only(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	static const char to_bob[] =
	    "From: <sip:alice@sip.test>\r\nTo: <sip:bob@sip.test>\r\n\r\n"
	    "Content-Type: image/png\r\n\r\n\x89PNG";

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:private-messages\r\n");
	join_as_client(&b, s, "bob", "Blink 6.0 (Linux)", "",
		       "a=accept-wrapped-types:*\r\n"
		       "a=chatroom:private-messages\r\n");
	assert_int_equal(send_entity(&a, ALICE "\r\nContent-Type: image/png"
					       "\r\n\r\n\x89PNG"),
			 200);
	assert_int_equal(msrp_take(&b).n, 0);
	assert_int_equal(send_entity(&a, ALICE "\r\nContent-Type: image/svg+xml"
					       "\r\n\r\n<svg/>"),
			 200);
	assert_true(has(msrp_cpim(&b), "<svg/>"));
	assert_int_equal(send_entity(&a, to_bob), 415);
	assert_int_equal(msrp_take(&b).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scene_teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_allowed_types, setup_types,
					    scene_teardown),
	    TEST(test_utf8_only),
	    TEST(test_opaque),
	    TEST(test_headers),
	    TEST(test_composing),
	    TEST(test_sessions),
	    TEST(test_no_ringing),
	    TEST(test_nickname),
	    TEST(test_two_identities),
	    TEST(test_muted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
