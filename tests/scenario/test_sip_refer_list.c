/* One REFER for several people (RFC 5368), and one that names a call (RFC
 * 4538). */
#include "scene.h"

#include <stdio.h>

#define ROOM "sip:r@chat.test"

static int setup(void **state)
{
	*state = scene_new_local("");
	return 0;
}

#define LIST(entries)                                                          \
	"<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\" "     \
	"xmlns:cp=\"urn:ietf:params:xml:ns:copycontrol\"><list>" entries       \
	"</list></resource-lists>"

static struct port_msg refer(struct sip_user *u, const char *cid,
			     const char *list)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	sip_user_request(u, &m, "REFER");
	m.f[PORT_F_REFER_TO] = str_z(cid);
	m.f[PORT_F_REQUIRE] = STR("multiple-refer, norefersub");
	m.f[PORT_F_HEADERS] = STR("Refer-Sub: false\r\n"
				  "Content-Disposition: recipient-list\r\n"
				  "Content-ID: <cn35@sip.test>\r\n");
	m.f[PORT_F_TYPE] = STR("application/resource-lists+xml");
	m.f[PORT_F_BODY] = str_z(list);
	return m;
}

static int status_of(struct sip_user *u, const char *cid, const char *list)
{
	struct port_msg m = refer(u, cid, list);

	return scene_sip_request(u->s, &m).status;
}

#define CID "<cid:cn35%40sip.test>"

/* FOCUS-29: each is invited once and may know of the others as far as the list
 * says; no subscription comes of it */
static void test_invite_all(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct port_msg m, d;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	m = refer(&a, CID,
		  LIST("<entry uri=\"sip:bob@sip.test\" cp:copyControl=\"to\"/>"
		       "<entry uri=\"sip:carol@sip.test\"/>"
		       "<entry uri=\"sip:bob@sip.test\"/>"));
	m = scene_sip_request(s, &m);
	assert_int_equal(m.status, 200);
	assert_true(has(m.f[PORT_F_HEADERS], "Refer-Sub: false\r\n"));
	d = scene_sip(s, PORT_DIAL, NULL);
	assert_true(str_eq(d.f[PORT_F_RURI], STR("sip:bob@sip.test")));
	assert_true(
	    has(d.f[PORT_F_HEADERS], "Referred-By: <sip:alice@sip.test>"));
	assert_true(
	    has(d.f[PORT_F_BODY], "recipient-list-history;handling=optional"));
	assert_true(has(d.f[PORT_F_BODY], "uri=\"sip:bob@sip.test\""));
	assert_false(has(d.f[PORT_F_BODY], "carol"));
	d = scene_sip(s, PORT_DIAL, NULL);
	assert_true(str_eq(d.f[PORT_F_RURI], STR("sip:carol@sip.test")));
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	scene_run(s, 2000);
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	sip_user_done(&a);
}

/* FOCUS-29: entries with method=BYE remove; his own comes last; all or nothing
 */
static void test_remove_all(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b, c;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	sip_user_join(&c, s, "carol", ROOM, "a=chatroom\r\n");
	assert_int_equal(
	    status_of(&b, CID,
		      LIST("<entry uri=\"sip:bob@sip.test?method=BYE\"/>"
			   "<entry uri=\"sip:carol@sip.test?method=BYE\"/>")),
	    403);
	assert_int_equal(
	    status_of(&a, CID,
		      LIST("<entry uri=\"sip:dan@sip.test\"/>"
			   "<entry uri=\"sip:x@sip.test?method=MESSAGE\"/>")),
	    403);
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	assert_int_equal(
	    status_of(&a, CID,
		      LIST("<entry uri=\"sip:alice@sip.test?method=BYE\"/>"
			   "<entry uri=\"sip:bob@sip.test?method=BYE\"/>"
			   "<entry uri=\"sip:nobody@sip.test;method=BYE\"/>")),
	    200);
	assert_true(scene_sip(s, PORT_SEND, "BYE").dlg == b.dlg);
	assert_true(scene_sip(s, PORT_SEND, "BYE").dlg == a.dlg);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	sip_user_done(&a);
	sip_user_done(&b);
	sip_user_done(&c);
}

/* FOCUS-29: what Refer-To points to must be there, and be a list */
static void test_bad_lists(void **state)
{
	struct scene *s = *state;
	struct sip_user a;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	assert_int_equal(status_of(&a, "<cid:other@sip.test>",
				   LIST("<entry uri=\"sip:b@sip.test\"/>")),
			 400);
	assert_int_equal(status_of(&a, CID, ""), 400);
	assert_int_equal(status_of(&a, CID, "<resource-lists>"), 400);
	assert_int_equal(status_of(&a, CID, LIST("")), 400);
	assert_int_equal(
	    status_of(&a, CID, LIST("<entry uri=\"mailto:b@sip.test\"/>")),
	    403);
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	sip_user_done(&a);
}

/* FOCUS-31: a REFER of its own that names the requester's call asks as he is in
 * the room; one that names no call, or somebody else's, says nothing */
static void test_target_dialog(void **state)
{
	struct scene *s = *state;
	struct sip_user a, hidden, out;
	struct port_msg m = port_msg(PORT_REQUEST);
	static const char *const names[] = {
	    "Target-Dialog: c1;remote-tag=his;local-tag=other\r\n",
	    "Target-Dialog: c1;local-tag=ours\r\n",
	    "Target-Dialog: c0;remote-tag=his;local-tag=ours\r\n",
	    "Target-Dialog: c1;remote-tag=his;local-tag=ours\r\n",
	};

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	m.dlg = a.dlg;
	m.f[PORT_F_CALL_ID] = STR("c0");
	m.f[PORT_F_LOCAL] = STR("<" ROOM ">;tag=ours");
	m.f[PORT_F_REMOTE] = STR("<sip:alice@sip.test>;tag=his");
	m.type = PORT_DIALOG;
	scene_sip_event(s, &m);

	sip_user_init(&hidden, s, "hidden", ROOM);
	m = port_msg(PORT_REQUEST);
	m.new_dialog = true;
	sip_user_request(&hidden, &m, "INVITE");
	m.f[PORT_F_PRIVACY] = STR("id");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&hidden, "a=chatroom\r\n");
	assert_int_equal(scene_sip_request(s, &m).status, 200);
	sip_user_ack(&hidden);
	m = port_msg(PORT_DIALOG);
	m.dlg = hidden.dlg;
	m.f[PORT_F_CALL_ID] = STR("c1");
	m.f[PORT_F_LOCAL] = STR("<" ROOM ">;tag=ours");
	m.f[PORT_F_REMOTE] = STR("<sip:hidden@sip.test>;tag=his");
	scene_sip_event(s, &m);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		sip_user_init(&out, s, "hidden", ROOM);
		m = port_msg(PORT_REQUEST);
		m.new_dialog = true;
		sip_user_request(&out, &m, "REFER");
		m.f[PORT_F_REFER_TO] = STR("<sip:dan@sip.test>");
		m.f[PORT_F_HEADERS] = str_z(names[i]);
		assert_int_equal(scene_sip_request(s, &m).status,
				 i == 3 ? 200 : 403);
		sip_user_done(&out);
	}
	m = scene_sip(s, PORT_DIAL, NULL);
	assert_false(has(m.f[PORT_F_HEADERS], "sip:hidden"));
	sip_user_done(&a);
	sip_user_done(&hidden);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scene_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_invite_all),
	    TEST(test_remove_all),
	    TEST(test_bad_lists),
	    TEST(test_target_dialog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
