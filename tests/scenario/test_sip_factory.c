/* Rooms that a conference factory makes, and whom their makers invite. */
#include "scene.h"

#include <stdio.h>

#define FACTORY "sip:conference@chat.test"

static int setup(void **state)
{
	*state =
	    scene_new("domain \"chat.test\" { secret = \"x\" rooms = local "
		      "create = none factory = \"Conference\" "
		      "lock = no notify-interval = 0 }\n");
	return 0;
}

/* The room that his INVITE to the factory made: the URI in the Contact. */
static struct str made(struct sip_user *u, struct scene *s, const char *name)
{
	struct port_msg m = port_msg(PORT_REQUEST), a;
	struct str contact, uri;

	sip_user_init(u, s, name, FACTORY);
	m.new_dialog = true;
	sip_user_request(u, &m, "INVITE");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(u, "a=chatroom\r\n");
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.status, 200);
	contact = a.f[PORT_F_CONTACT];
	assert_true(has(contact, "@chat.test>;isfocus;"));
	str_split(&contact, '<');
	uri = str_split(&contact, '>');
	u->path =
	    str_from(a.f[PORT_F_BODY],
		     (size_t)str_search(a.f[PORT_F_BODY], STR("a=path:")) + 7);
	u->path = str_split(&u->path, '\r');
	sip_user_ack(u);
	sip_user_bind(u);
	return uri;
}

/* FOCUS-3: a room of his own each time, under a name that only he knows; others
 * join it by that, and nobody joins the factory */
static void test_factory(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b, c;
	struct str first, second;
	const char *room;

	first = made(&a, s, "alice");
	second = made(&b, s, "bob");
	assert_false(str_eq(first, second));
	assert_int_equal(first.n, strlen("sip:@chat.test") + 32);
	room = arena_dup(s->arena, first).p;
	sip_user_join(&c, s, "carol", room, "a=chatroom\r\n");
	assert_int_equal(msrp_say(&c, room, "found it"), 200);
	assert_true(has(msrp_cpim(&a), "found it"));
	assert_int_equal(msrp_take(&b).n, 0);
	xmpp_put(s, "<presence from='j@x.test/1' to='conference@chat.test/J'>"
		    "<x xmlns='" NS_MUC "'/></presence>");
	assert_true(
	    str_eq(x_attr(xmpp_take(s, "j@x.test/1"), "type"), STR("error")));
	sip_user_done(&a);
	sip_user_done(&b);
	sip_user_done(&c);
}

/* SIP-5: whether lists are taken is asked of the factory (RFC 5366 §5) */
static void test_options(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST), a;
	struct sip_user u;

	sip_user_init(&u, s, "alice", FACTORY);
	m.new_dialog = true;
	sip_user_request(&u, &m, "OPTIONS");
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.status, 200);
	assert_true(str_eq(a.f[PORT_F_CONTACT], STR("<" FACTORY ">;isfocus")));
	assert_true(has(a.f[PORT_F_BODY], "m=message 0 TCP/MSRP *\r\n"
					  "a=accept-types:message/cpim\r\n"));
	assert_true(
	    has(a.f[PORT_F_BODY], "a=chatroom:nickname private-messages\r\n"));
	assert_false(has(a.f[PORT_F_BODY], "a=path"));
	sip_user_done(&u);
}

#define LIST                                                                   \
	"<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\" "     \
	"xmlns:cp=\"urn:ietf:params:xml:ns:copycontrol\"><list>"               \
	"<entry uri=\"sip:bob@sip.test\" cp:copyControl=\"to\"/>"              \
	"<entry uri=\"sip:carol@sip.test\"/>"                                  \
	"<entry uri=\"sip:carol@sip.test\"/>"                                  \
	"<entry uri=\"sip:alice@sip.test\" cp:copyControl=\"cc\"/>"            \
	"</list></resource-lists>"

/* An INVITE with his offer and this list: the status. */
static int invite_with(struct sip_user *u, const char *disposition,
		       const char *list)
{
	struct port_msg m = port_msg(PORT_REQUEST), a;
	struct scene *s = u->s;

	m.new_dialog = true;
	sip_user_request(u, &m, "INVITE");
	m.f[PORT_F_REQUIRE] = STR("recipient-list-invite");
	m.f[PORT_F_SUBJECT] = STR("lunch");
	m.f[PORT_F_TYPE] = STR("multipart/mixed;boundary=\"b1\"");
	m.f[PORT_F_BODY] = arena_printf(
	    s->arena,
	    "--b1\r\nContent-Type: application/sdp\r\n\r\n%.*s\r\n--b1\r\n"
	    "Content-Type: application/resource-lists+xml\r\n"
	    "Content-Disposition: %s\r\n\r\n%s\r\n--b1--\r\n",
	    STR_ARG(sip_user_offer(u, "a=chatroom\r\n")), disposition, list);
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	return a.status;
}

/* He is invited, to a room that the first to be asked about is put into. */
static void invited(struct scene *s, const char *uri, struct str *room)
{
	struct port_msg d = scene_sip(s, PORT_DIAL, NULL);
	struct str body = d.f[PORT_F_BODY];

	assert_true(str_eq(d.f[PORT_F_RURI], str_z(uri)));
	if (!room->n)
		*room = d.f[PORT_F_FROM];
	assert_true(str_eq(d.f[PORT_F_FROM], *room));
	assert_true(
	    has(d.f[PORT_F_HEADERS], "Referred-By: <sip:alice@sip.test>\r\n"));
	assert_true(has(d.f[PORT_F_HEADERS], "Subject: lunch\r\n"));
	assert_true(str_starts(d.f[PORT_F_TYPE], STR("multipart/mixed;")));
	assert_true(has(body, "Content-Type: application/sdp\r\n\r\nv=0\r\n"));
	assert_true(has(body, "Content-Disposition: recipient-list-history;"
			      "handling=optional\r\n"));
	assert_true(has(body, "<entry uri=\"sip:bob@sip.test\" "
			      "cp:copyControl=\"to\"/><entry "
			      "uri=\"sip:alice@sip.test\" "
			      "cp:copyControl=\"cc\"/></list>"));
	assert_false(has(body, "carol"));
}

/* V-FOCUS-6, FOCUS-40, FOCUS-41, FOCUS-44: at the factory, once each, the
 * inviter not at all, when he is in; bcc is not told */
static void test_list_at_factory(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct str room = STR_NONE;

	sip_user_init(&a, s, "alice", FACTORY);
	assert_int_equal(invite_with(&a, "recipient-list", LIST), 200);
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	sip_user_ack(&a);
	invited(s, "sip:bob@sip.test", &room);
	invited(s, "sip:carol@sip.test", &room);
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	sip_user_bye(&a); /* nobody is left to be called for */
	scene_sip(s, PORT_HANG_UP, NULL);
	scene_sip(s, PORT_HANG_UP, NULL);
	sip_user_done(&a);
}

/* FOCUS-41: at a room, too. FOCUS-42: what is refused. */
static void test_list_at_room(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct str room = made(&a, s, "alice"), from = STR_NONE;
	struct buf many = BUF_INIT(65536);

	sip_user_init(&b, s, "alice", arena_dup(s->arena, room).p);
	assert_int_equal(invite_with(&b, "uri-list", LIST), 200);
	sip_user_ack(&b);
	invited(s, "sip:bob@sip.test", &from);
	assert_true(has(from, arena_dup(s->arena, room).p));
	invited(s, "sip:carol@sip.test", &from);
	sip_user_done(&b);

	sip_user_init(&b, s, "dan", FACTORY);
	assert_int_equal(invite_with(&b, "recipient-list", "<no"), 400);
	sip_user_done(&b);
	sip_user_init(&b, s, "dan", FACTORY);
	assert_int_equal(invite_with(&b, "recipient-list", ""), 400);
	sip_user_done(&b);
	sip_user_init(&b, s, "dan", FACTORY);
	assert_int_equal(
	    invite_with(&b, "recipient-list", "<!DOCTYPE x []>" LIST), 400);
	sip_user_done(&b);
	buf_addz(&many, "<resource-lists xmlns=\"urn:ietf:params:xml:ns:"
			"resource-lists\"><list>");
	for (int i = 0; i < 101; i++)
		buf_addf(&many, "<entry uri=\"sip:u%d@x\"/>", i);
	buf_addz(&many, "</list></resource-lists>");
	sip_user_init(&b, s, "dan", FACTORY);
	assert_int_equal(invite_with(&b, "recipient-list", buf_z(&many)), 413);
	sip_user_done(&b);
	buf_done(&many);
	sip_user_done(&a);
}

/* What is on a list goes into a request line: without headers, and only if it
 * is an address. */
static void test_odd_entries(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct port_msg d;

	sip_user_init(&a, s, "alice", FACTORY);
	assert_int_equal(
	    invite_with(
		&a, "recipient-list",
		"<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-"
		"lists\"><list>"
		"<entry uri=\"sip:eve@sip.test&#13;&#10;Evil: 1\"/>"
		"<entry uri=\"sip:e&gt;ve@sip.test\"/>"
		"<entry uri=\"mailto:bob@sip.test\"/>"
		"<entry uri=\"sip:bob@sip.test;transport=tcp;method=BYE?"
		"Subject=x\"/>"
		"</list></resource-lists>"),
	    200);
	sip_user_ack(&a);
	d = scene_sip(s, PORT_DIAL, NULL);
	assert_true(
	    str_eq(d.f[PORT_F_RURI], STR("sip:bob@sip.test;transport=tcp")));
	assert_true(str_eq(d.f[PORT_F_TYPE], STR("application/sdp")));
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	sip_user_done(&a);
}

static int setup_refer(void **state)
{
	*state = scene_new("domain \"chat.test\" { rooms = local "
			   "invite-by = refer }\n");
	return 0;
}

/* FOCUS-45: by the domain's option people on the list are asked to call, each
 * once; what they answer is all the same */
static void test_asked_to_call(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct port_msg d;

	sip_user_init(&a, s, "alice", "sip:r@chat.test");
	assert_int_equal(invite_with(&a, "recipient-list", LIST), 200);
	sip_user_ack(&a);
	d = scene_sip(s, PORT_DIAL, "REFER");
	assert_true(str_eq(d.f[PORT_F_RURI], STR("sip:bob@sip.test")));
	assert_true(str_eq(d.f[PORT_F_FROM], STR("<sip:r@chat.test>")));
	assert_true(has(d.f[PORT_F_HEADERS],
			"Refer-To: <sip:r@chat.test>\r\n"
			"Referred-By: <sip:alice@sip.test>\r\n"
			"Refer-Sub: false\r\n"));
	scene_sip_response(s, &d, 405);
	d = scene_sip(s, PORT_DIAL, "REFER");
	assert_true(str_eq(d.f[PORT_F_RURI], STR("sip:carol@sip.test")));
	scene_sip_response(s, &d, 200);
	scene_sip(s, PORT_DIAL, "REFER"); /* alice has put herself there */
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	sip_user_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_factory, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_options, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_list_at_factory, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_list_at_room, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_odd_entries, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_asked_to_call, setup_refer,
					    scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
