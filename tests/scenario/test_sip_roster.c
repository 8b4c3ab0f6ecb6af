/* What rosters tell of those who made somebody go, and of where a room is found
 * from. */
#include "heard.h"
#include "watcher.h"

#include <stdio.h>

#define ROOM   "sip:r@chat.test"
#define DOMAIN "rooms = local lock = no notify-interval = 0 }\n"

static int setup(void **state)
{
	*state = scene_new("domain \"chat.test\" { secret = \"x\" " DOMAIN);
	return 0;
}

static int setup_sip_only(void **state)
{
	*state = scene_new("domain \"chat.test\" { " DOMAIN);
	return 0;
}

/* Somebody watches; the first document. */
static struct str watched(struct scene *s)
{
	struct str text;

	watch(s, 0, "");
	shown(s, &text);
	return text;
}

static void refer(struct sip_user *u, const char *to, const char *referred_by)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	sip_user_request(u, &m, "REFER");
	m.f[PORT_F_REFER_TO] = str_z(to);
	m.f[PORT_F_REFERRED_BY] = str_z(referred_by);
	m.f[PORT_F_HEADERS] = STR("Refer-Sub: false\r\n");
	scene_sip_event(u->s, &m);
	assert_int_equal(scene_sip(u->s, PORT_ANSWER, NULL).status, 200);
}

/* The roster tells of somebody who was removed, by this URI; then it deletes
 * him. */
static void removed_by(struct scene *s, const char *by)
{
	struct str text;
	struct confinfo_doc doc = shown(s, &text);
	const struct confinfo_endpoint *e = &doc.users->user.endpoints[0];

	assert_null(doc.users->next);
	assert_true(str_eq(e->disconnection_method, STR("booted")));
	assert_string_equal(arena_dup(s->arena, e->left.by).p, by);
	assert_true(str_search(text, STR("<when>")) <
		    str_search(text, STR("<reason>")));
	assert_true(!*by || str_search(text, STR("</reason><by>")) > 0);
	doc = shown(s, &text);
	assert_int_equal(doc.users->user.state, CONFINFO_DELETED);
}

/* EVENT-22: by Referred-By, if that is the requester himself. */
static void test_referred_by(void **state)
{
	static const struct {
		const char *referred_by, *by;
	} cases[] = {
	    {"", "sip:alice@sip.test"},
	    {"\"A\" <sips:alice@SIP.test;x=y>;cid=1", "sips:alice@SIP.test"},
	    {"<sip:carol@sip.test>", "sip:alice@sip.test"},
	    {"no address", "sip:alice@sip.test"},
	};
	struct scene *s = *state;
	struct sip_user a, b;
	struct port_msg bye;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	watched(s);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str text;

		sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
		shown(s, &text);
		refer(&a, "<sip:bob@sip.test;method=BYE>",
		      cases[i].referred_by);
		bye = scene_sip(s, PORT_SEND, "BYE");
		scene_sip_response(s, &bye, 200);
		removed_by(s, cases[i].by);
		sip_user_done(&b);
	}
	sip_user_done(&a);
}

static void join_anonymously(struct sip_user *u, struct scene *s,
			     const char *name)
{
	struct port_msg m = port_msg(PORT_REQUEST), a;
	struct str body;

	sip_user_init(u, s, name, ROOM);
	m.new_dialog = true;
	sip_user_request(u, &m, "INVITE");
	m.f[PORT_F_PRIVACY] = STR("id");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(u, "a=chatroom\r\n");
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.status, 200);
	body = a.f[PORT_F_BODY];
	body = str_from(body, (size_t)str_search(body, STR("a=path:")) + 7);
	u->path = str_split(&body, '\r');
	sip_user_ack(u);
	sip_user_bind(u);
}

/* EVENT-22, EVENT-24: one without a name has none here, whatever he says of
 * himself; nor as the one who invites. */
static void test_anonymous(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct port_msg bye;
	struct str text;

	join_anonymously(&a, s, "alice");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	watched(s);
	refer(&a, "<sip:bob@sip.test;method=BYE>", "<sip:alice@sip.test>");
	bye = scene_sip(s, PORT_SEND, "BYE");
	scene_sip_response(s, &bye, 200);
	removed_by(s, "sip:anonymous1@anonymous.invalid");
	refer(&a, "<sip:carol@sip.test>", "<sip:alice@sip.test>");
	assert_true(has(shown(s, &text).users->user.endpoints[0].referred.by,
			"sip:anonymous1@anonymous.invalid"));
	assert_false(has(text, "alice"));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* EVENT-22: who cancels an invitation is named, too. */
static void test_cancelled(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct str text;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	watched(s);
	refer(&a, "<sip:bob@sip.test>", "");
	scene_sip(s, PORT_DIAL, NULL);
	shown(s, &text);
	refer(&a, "<sip:bob@sip.test;method=BYE>", "");
	scene_sip(s, PORT_HANG_UP, NULL);
	removed_by(s, "sip:alice@sip.test");
	sip_user_done(&a);
}

static void moderate(struct scene *s, const char *what)
{
	xmpp_put(s,
		 "<iq from='" ANN "' to='r@chat.test' type='set' id='k'>"
		 "<query xmlns='http://jabber.org/protocol/muc#admin'>"
		 "<item nick='bob' %s/></query></iq>",
		 what);
}

static void remove_as_administrator(struct scene *s)
{
	struct room *r = rooms_find(s->core.rooms, STR("r@chat.test"));
	const struct occupant *o;
	size_t it = 0;

	do
		o = room_roster(r, &it);
	while (o && o->world != WORLD_SIP);
	assert_non_null(o);
	assert_int_equal(room_remove(r, o->id, STR("why")), REASON_OK);
}

/* EVENT-22: an XMPP moderator by the address that he has for SIP users, whether
 * he kicks or bans; the administrator by none. */
static void test_from_elsewhere(void **state)
{
	struct scene *s = *state;
	struct sip_user b;
	struct port_msg bye;
	struct str text;

	join(s, ANN, "Ann");
	watched(s);
	for (int i = 0; i < 3; i++) {
		sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
		shown(s, &text);
		if (i == 0)
			remove_as_administrator(s);
		else
			moderate(s, i == 1 ? "role='none'"
					   : "affiliation='outcast'");
		bye = scene_sip(s, PORT_SEND, "BYE");
		scene_sip_response(s, &bye, 200);
		removed_by(s, i ? "sip:r@chat.test;gr=Ann" : "");
		sip_user_done(&b);
	}
}

/* EVENT-23: without a component the room has no address for XMPP users. */
static void test_uris(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct str text;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	text = watched(s);
	assert_true(has(text, "<uri>" ROOM "</uri>"));
	assert_true(has(text, "<uri>xmpp:r@chat.test</uri>"));
	sip_user_done(&a);
}

static void test_no_component(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct str text;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	text = watched(s);
	assert_true(has(text, "<uri>" ROOM "</uri>"));
	assert_false(has(text, "xmpp:"));
	sip_user_done(&a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scene_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_referred_by),
	    TEST(test_anonymous),
	    TEST(test_cancelled),
	    TEST(test_from_elsewhere),
	    TEST(test_uris),
	    cmocka_unit_test_setup_teardown(test_no_component, setup_sip_only,
					    scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
