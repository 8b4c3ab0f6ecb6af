/* The roster of a remote MUC for SIP users, whom they invite to it and remove.
 */
#include "muc_guest.h"

static int setup_discover(void **state)
{
	struct scene *s = scene_new(
	    "domain \"sip.test\" { users = sip secret = \"x\" }\n"
	    "domain \"muc.test\" { rooms = discover notify-interval = 0 }\n");

	s->dns->knows_all = false;
	dns_server_srv(s->dns, "_xmpp-server._tcp.muc.test", 1, 1, 5269,
		       "h.test");
	*state = s;
	return 0;
}

/* The body of the next NOTIFY of the roster, which is answered. */
static struct str roster(struct guest *g)
{
	struct scene *s = g->sip.s;
	struct port_msg n;
	struct str body;

	scene_run(s, 5000);
	n = scene_sip(s, PORT_SEND, "NOTIFY");
	body = arena_dup(s->arena, n.f[PORT_F_BODY]);
	scene_sip_response(s, &n, 200);
	return body;
}

/* S2X-13, S2X-14, S2X-15: a full document, then what changes; a new nickname is
 * a user who goes and another who comes. */
static void test_roster(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	static struct guest g;
	struct str doc;

	guest_joins(&g, s);
	sip_user_request(&g.sip, &m, "SUBSCRIBE");
	m.f[PORT_F_EVENT] = STR("conference");
	m.expires = 600;
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_ANSWER, NULL).status, 200);
	doc = roster(&g);
	assert_true(has(doc, "state=\"full\""));
	assert_true(has(doc, "<user entity=\"" GUEST_ANN "\""));
	assert_true(has(doc, "<user entity=\"" GUEST_ROOM ";gr=ro\""));
	assert_true(has(doc, "nickname"));
	muc_says(&g.muc, "presence", MUC_ANN,
		 "type='unavailable'><x xmlns='" NS_MUC_USER "'><item "
		 "affiliation='none' role='moderator' nick='Anna'/>"
		 "<status code='303'/></x>");
	muc_present(&g.muc, "Anna", "moderator", "");
	doc = roster(&g);
	assert_true(
	    has(doc, "<user entity=\"" GUEST_ANN "\" state=\"deleted\"") ||
	    !has(doc, "<user entity=\"" GUEST_ANN "\""));
	assert_true(has(doc, "<user entity=\"" GUEST_ROOM ";gr=Anna\""));
	muc_says(&g.muc, "presence", MUC_ROOM "/Anna", "type='unavailable'>");
	doc = roster(&g);
	assert_false(has(doc, "gr=Anna\" state=\"full\""));
	guest_done(&g);
}

static int refer(struct guest *g, const char *to)
{
	struct port_msg m = port_msg(PORT_REQUEST), a;

	sip_user_request(&g->sip, &m, "REFER");
	m.f[PORT_F_REFER_TO] = str_z(to);
	m.f[PORT_F_SUBJECT] = STR("tea");
	scene_sip_event(g->sip.s, &m);
	a = scene_sip(g->sip.s, PORT_ANSWER, NULL);
	return a.status;
}

static void told(struct scene *s, const char *state, const char *fragment)
{
	struct port_msg n = scene_sip(s, PORT_SEND, "NOTIFY");

	assert_true(has(n.f[PORT_F_HEADERS], state));
	assert_true(has(n.f[PORT_F_BODY], fragment));
	scene_sip_response(s, &n, 200);
}

/* S2X-39, S2X-40: the room invites; the REFER's user hears 100 and no more. */
static void test_invite(void **state)
{
	struct scene *s = *state;
	static struct guest g;
	const struct xnode *n;

	guest_joins(&g, s);
	assert_int_equal(refer(&g, "<xmpp:bob@x.test>"), 200);
	n = muc_take(&g.muc, MUC_ROOM);
	muc_has(&g.muc, n, "<invite to='bob@x.test'><reason>tea</reason>");
	told(s, "terminated;reason=noresource", "SIP/2.0 100 Trying");
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	guest_done(&g);
}

/* S2X-13, S2X-14, DNS-2: the roster of a room whose domain has to be found,
 * again for the subscription: it comes as soon as that is guest_done. */
static void test_found_roster(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	static struct guest g;

	guest_joins(&g, s);
	m.new_dialog = true;
	m.dlg = ++s->ids;
	m.req = ++s->ids;
	m.expires = 600;
	m.f[PORT_F_METHOD] = STR("SUBSCRIBE");
	m.f[PORT_F_RURI] = STR(GUEST_ROOM);
	m.f[PORT_F_FROM] = STR("<sip:ro@sip.test>;tag=1");
	m.f[PORT_F_PEER] = STR("127.0.0.1:5099");
	m.f[PORT_F_EVENT] = STR("conference");
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_ANSWER, NULL).status, 200);
	m = scene_sip(s, PORT_SEND, "NOTIFY");
	scene_sip_response(s, &m, 200);
	scene_run(s, 10);
	m = scene_sip(s, PORT_SEND, "NOTIFY");
	assert_true(has(m.f[PORT_F_BODY], GUEST_ANN));
	assert_true(has(m.f[PORT_F_BODY], GUEST_ROOM ";gr=ro"));
	guest_done(&g);
}

/* S2X-41: BYE is a kick, if he is a moderator. */
static void test_kick(void **state)
{
	struct scene *s = *state;
	static struct guest g;

	guest_joins(&g, s);
	assert_int_equal(refer(&g, "<" GUEST_ANN ";method=BYE>"), 403);
	muc_present(&g.muc, "ro", "moderator", MUC_SELF);
	assert_int_equal(refer(&g, "<" GUEST_ANN ";method=BYE>"), 200);
	muc_has(&g.muc, muc_take(&g.muc, MUC_ROOM),
		"<item role='none' nick='Ann'");
	muc_says(&g.muc, "iq", MUC_ROOM, "type='result' id='%s'>", g.muc.last);
	told(s, "Subscription-State: active", "SIP/2.0 100 Trying");
	scene_run(s, 1000);
	told(s, "terminated;reason=noresource", "SIP/2.0 200 OK");
	assert_int_equal(refer(&g, "<" GUEST_ANN ";method=INFO>"), 403);
	guest_done(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MUC_TEST(test_roster),
	    cmocka_unit_test_setup_teardown(test_found_roster, setup_discover,
					    scene_teardown),
	    MUC_TEST(test_invite),
	    MUC_TEST(test_kick),
	};

	return cmocka_run_group_tests_name("muc_sip_roster", tests, NULL, NULL);
}
