/* SIP users who take part without their name. */
#include "scene.h"

#define ROOM   "sip:r@chat.test"
#define ANON   "sip:anonymous@anonymous.invalid"
#define DOMAIN "domain \"chat.test\" { secret = \"x\" rooms = local lock = no "

static int with_config(void **state, const char *config)
{
	*state = scene_new(config);
	return 0;
}

static int setup(void **state)
{
	return with_config(state, DOMAIN "}\n");
}

static int setup_foreign(void **state)
{
	return with_config(state,
			   DOMAIN "}\ndomain \"ud.test\" { users = foreign }\n"
				  "sip { host = \"gw.test\" }\n");
}

static int setup_known_only(void **state)
{
	return with_config(state, DOMAIN "anonymous = false }\n");
}

/* The answer to an INVITE with this Privacy, From and P-Asserted-Identity
 * (NULL: as without). */
static struct port_msg invite(struct sip_user *u, const char *privacy,
			      const char *from, const char *identity)
{
	struct port_msg m = port_msg(PORT_REQUEST), a;
	struct str body;

	m.new_dialog = true;
	sip_user_request(u, &m, "INVITE");
	m.f[PORT_F_PRIVACY] = str_z(privacy);
	if (from)
		m.f[PORT_F_FROM] = str_z(from);
	m.f[PORT_F_IDENTITY] = str_z(identity);
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] =
	    sip_user_offer(u, "a=chatroom:nickname private-messages\r\n");
	scene_sip_event(u->s, &m);
	a = scene_sip(u->s, PORT_ANSWER, NULL);
	body = a.f[PORT_F_BODY];
	if (a.status == 200) {
		body = str_from(body,
				(size_t)str_search(body, STR("a=path:")) + 7);
		u->path = str_split(&body, '\r');
	}
	return a;
}

static void join(struct sip_user *u, struct scene *s, const char *name,
		 const char *privacy, const char *from, const char *identity)
{
	sip_user_init(u, s, name, ROOM);
	assert_int_equal(invite(u, privacy, from, identity).status, 200);
	sip_user_ack(u);
	sip_user_bind(u);
}

/* SEND with this CPIM From. */
static int say_as(struct sip_user *u, const char *from, const char *to,
		  const char *text)
{
	msrp_send_cpim(u, NULL, "",
		       arena_printf(u->s->arena,
				    "From: <%s>\r\nTo: <%s>\r\n\r\n"
				    "Content-Type: text/plain\r\n\r\n%s",
				    from, to, text));
	return msrp_status(u);
}

/* The full roster as this user, or (in_call) as this call, gets it. */
static struct str roster(struct scene *s, struct sip_user *u, bool in_call)
{
	struct port_msg m = port_msg(PORT_REQUEST);
	uint64_t dlg = u->dlg;

	if (!in_call)
		u->dlg = ++s->ids;
	m.new_dialog = !in_call;
	sip_user_request(u, &m, "SUBSCRIBE");
	u->dlg = dlg;
	m.expires = 0;
	m.f[PORT_F_EVENT] = STR("conference");
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_ANSWER, NULL).status, 200);
	m = scene_sip(s, PORT_SEND, "NOTIFY");
	scene_sip_response(s, &m, 200);
	return m.f[PORT_F_BODY];
}

/* V-FOCUS-7, FOCUS-64, FOCUS-65, EVENT-24, CHAT-30 */
static void test_privacy_id(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct str doc, copy;

	sip_user_join(&b, s, "bob", ROOM,
		      "a=chatroom:nickname private-messages\r\n");
	join(&a, s, "alice", "id", NULL, "");
	doc = roster(s, &b, true);
	assert_true(
	    has(doc, "<user entity=\"sip:anonymous1@anonymous.invalid\""));
	assert_true(has(doc, "<display-text>Anonymous1</display-text>"));
	assert_false(has(doc, "alice"));
	assert_false(has(doc, "Alice"));

	assert_int_equal(say_as(&a, "sip:alice@sip.test", ROOM, "no"), 403);
	assert_int_equal(say_as(&a, ANON, ROOM, "no"), 403);
	assert_int_equal(
	    say_as(&a, "sip:anonymous1@anonymous.invalid", ROOM, "hello"), 200);
	copy = msrp_cpim(&b);
	assert_true(has(copy, "From: <sip:anonymous1@anonymous.invalid>"));
	assert_true(has(copy, "hello"));

	assert_int_equal(say_as(&b, "sip:bob@sip.test",
				"sip:anonymous1@anonymous.invalid", "psst"),
			 200);
	assert_true(has(msrp_cpim(&a), "psst"));
	assert_int_equal(say_as(&b, "sip:bob@sip.test",
				"sip:anonymous2@anonymous.invalid", "psst"),
			 404);
	assert_int_equal(
	    say_as(&b, "sip:bob@sip.test", "sip:alice@sip.test", "there?"),
	    404);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* FOCUS-66, FOCUS-64: two whose From names nobody are two people; the address
 * that they share is nobody's; each may use it in his own messages (FOCUS-65)
 */
static void test_anonymous_from(void **state)
{
	struct scene *s = *state;
	const char *from = "\"Anonymous\" <" ANON ">;tag=1";
	struct sip_user a, b, c;
	struct str doc;

	join(&a, s, "alice", "", from, "");
	join(&b, s, "bob", "", from, "");
	sip_user_join(&c, s, "carol", ROOM,
		      "a=chatroom:nickname private-messages\r\n");
	doc = roster(s, &c, true);
	assert_true(has(doc, "entity=\"sip:anonymous1@anonymous.invalid\""));
	assert_true(has(doc, "entity=\"sip:anonymous2@anonymous.invalid\""));
	assert_false(has(doc, "\"" ANON "\""));
	assert_int_equal(say_as(&c, "sip:carol@sip.test", ANON, "whom?"), 404);
	assert_int_equal(say_as(&c, "sip:carol@sip.test",
				"sip:anonymous2@anonymous.invalid", "you"),
			 200);
	assert_int_equal(msrp_take(&a).n, 0);
	assert_true(has(msrp_cpim(&b), "you"));
	assert_int_equal(say_as(&a, ANON, ROOM, "one of two"), 200);
	assert_true(has(msrp_cpim(&b), "one of two"));
	sip_user_done(&a);
	sip_user_done(&b);
	sip_user_done(&c);
}

/* FOCUS-64: who is known to the proxy is one person on all his devices, and
 * somebody else than under his name */
static void test_devices(void **state)
{
	struct scene *s = *state;
	struct sip_user phone, laptop, open;
	struct str doc;

	join(&phone, s, "phone", "id", "<" ANON ">;tag=1", "<sip:al@x.test>");
	join(&laptop, s, "laptop", "user;id", NULL, "<sip:al@x.test>");
	join(&open, s, "open", "none", NULL, "<sip:al@x.test>");
	doc = roster(s, &open, true);
	assert_true(has(doc, "entity=\"sip:anonymous1@anonymous.invalid\""));
	assert_false(has(doc, "anonymous2"));
	assert_true(has(doc, "entity=\"sip:al@x.test\""));
	assert_true(has(doc, "<user-count>2</user-count>"));
	/* his number is free again when he is gone */
	sip_user_bye(&phone);
	sip_user_bye(&laptop);
	sip_user_done(&laptop);
	join(&laptop, s, "other", "id", NULL, "");
	assert_true(has(roster(s, &open, true),
			"entity=\"sip:anonymous1@anonymous.invalid\""));
	sip_user_done(&phone);
	sip_user_done(&laptop);
	sip_user_done(&open);
}

/* EVENT-25: devices go by their Contact for their owner and for moderators, but
 * nobody else sees that of a private user */
static void test_contacts(void **state)
{
	struct scene *s = *state;
	struct sip_user owner, b, hidden;
	struct str doc;

	sip_user_join(&owner, s, "owner", ROOM, "a=chatroom:nickname\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:nickname\r\n");
	join(&hidden, s, "hidden", "id", NULL, "");

	doc = roster(s, &b, true);
	assert_true(has(doc, "<endpoint entity=\"sip:bob@10.0.0.5\""));
	assert_false(has(doc, "sip:owner@10.0.0.5"));
	assert_false(has(doc, "hidden@"));
	doc = roster(s, &b, false);
	assert_true(has(doc, "<endpoint entity=\"sip:bob@10.0.0.5\""));
	doc = roster(s, &hidden, true);
	assert_true(has(doc, "<endpoint entity=\"sip:hidden@10.0.0.5\""));
	assert_false(has(doc, "sip:bob@10.0.0.5"));
	doc = roster(s, &owner, true);
	assert_true(has(doc, "sip:owner@10.0.0.5"));
	assert_true(has(doc, "sip:bob@10.0.0.5"));
	assert_false(has(doc, "hidden@"));
	sip_user_done(&owner);
	sip_user_done(&b);
	sip_user_done(&hidden);
}

/* PRIV-5: XMPP users see a private user as everybody does, and the owner gets a
 * JID that is nobody's. */
static void test_xmpp_side(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	const struct xnode *p;

	xmpp_join(s, "u@x.test/1", "una");
	join(&a, s, "alice", "id", NULL, "");
	p = xmpp_take(s, "u@x.test/1");
	assert_true(str_eq(x_attr(p, "from"), STR("r@chat.test/Anonymous1")));
	p = x_child(x_child(p, "x", NS_MUC_USER), "item", NULL);
	assert_true(str_eq(x_attr(p, "affiliation"), STR("none")));
	assert_true(str_eq(x_attr(p, "jid"),
			   STR("anonymous1\\40anonymous.invalid@ud.test")));
	sip_user_done(&a);
}

/* FOCUS-67: what can't be had and is critical; the phrase names it */
static void test_critical(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct port_msg m;

	sip_user_init(&a, s, "alice", ROOM);
	m = invite(&a, "id;x-cloak;critical", NULL, "");
	assert_int_equal(m.status, 500);
	assert_true(has(m.f[PORT_F_REASON], "x-cloak"));
	assert_false(has(m.f[PORT_F_REASON], "id"));
	a.dlg = ++s->ids;
	assert_int_equal(invite(&a, "x-cloak", NULL, "").status, 200);
	a.dlg = ++s->ids;
	assert_int_equal(invite(&a, "id;critical", NULL, "").status, 200);
	sip_user_done(&a);
}

static void test_known_only(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct port_msg m;

	sip_user_init(&a, s, "alice", ROOM);
	m = invite(&a, "user;id;critical", NULL, "");
	assert_int_equal(m.status, 500);
	assert_true(str_ends(m.f[PORT_F_REASON], STR(": user id")));
	a.dlg = ++s->ids;
	assert_int_equal(invite(&a, "id", NULL, "").status, 403);
	a.dlg = ++s->ids;
	assert_int_equal(invite(&a, "", "<" ANON ">;tag=1", "").status, 403);
	a.dlg = ++s->ids;
	assert_int_equal(invite(&a, "none", NULL, "").status, 200);
	sip_user_done(&a);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_privacy_id),
	    TEST(test_anonymous_from),
	    TEST(test_devices),
	    TEST(test_contacts),
	    cmocka_unit_test_setup_teardown(test_xmpp_side, setup_foreign,
					    scene_teardown),
	    TEST(test_critical),
	    cmocka_unit_test_setup_teardown(test_known_only, setup_known_only,
					    scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
