/* Who comes from outside sip { trust }. */
#include "scene.h"

#define ROOM	 "sip:r@chat.test"
#define STRANGER "192.0.2.7:5060"

static int with_config(void **state, const char *config)
{
	struct scene *s = scene_new(config);

	assert_int_equal(users_set(s->users, STR("alice@sip.test"), STR("a")),
			 0);
	assert_int_equal(users_set(s->users, STR("bob@sip.test"), STR("b")), 0);
	assert_int_equal(users_set(s->users, STR("bob@other.test"), STR("c")),
			 0);
	*state = s;
	return 0;
}

static int setup(void **state)
{
	return with_config(state,
			   "sip { realm = \"the realm\" }\n"
			   "limits { auth-failures = 3 sip-burst = 20 }\n"
			   "domain \"chat.test\" { rooms = local }\n");
}

static int setup_sha256(void **state)
{
	return with_config(state, "sip { digest = sha-256 }\n"
				  "domain \"chat.test\" { rooms = local }\n");
}

static int setup_bridge(void **state)
{
	return with_config(
	    state, "domain \"sip.test\" { users = sip secret = \"x\" }\n"
		   "domain \"muc.test\" { rooms = xmpp }\n");
}

/* --- a stranger's client --- */

static struct port_msg request(struct sip_user *u, const char *method)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	m.new_dialog = u->cseq == 0;
	sip_user_request(u, &m, method);
	m.f[PORT_F_PEER] = STR(STRANGER);
	if (strcmp(method, "INVITE") == 0) {
		m.f[PORT_F_TYPE] = STR("application/sdp");
		m.f[PORT_F_BODY] = sip_user_offer(u, "a=chatroom:nickname\r\n");
	} else if (strcmp(method, "SUBSCRIBE") == 0) {
		m.f[PORT_F_EVENT] = STR("conference");
	}
	return m;
}

static struct port_msg answer(struct scene *s, struct port_msg *m)
{
	struct port_msg a;

	scene_sip_event(s, m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.req, m->req);
	m->req = ++s->ids; /* sent again it is another request */
	m->cseq++;
	return a;
}

static struct str param(struct str headers, const char *name)
{
	ptrdiff_t at = str_search(headers, str_z(name));

	assert_true(at >= 0);
	headers = str_from(headers, (size_t)at + strlen(name) + 2);
	return str_split(&headers, '"');
}

/* Answers a 401's challenge. */
static void log_in(struct scene *s, struct port_msg *m, struct port_msg c,
		   enum digest_algorithm a, const char *name,
		   const char *password, unsigned nc)
{
	struct str headers = c.f[PORT_F_HEADERS];
	struct digest_credentials d = {
	    .algorithm = a,
	    .realm = param(headers, "realm"),
	    .nonce = param(headers, "nonce"),
	    .uri = m->f[PORT_F_RURI],
	    .cnonce = STR("abc"),
	    .nc_text = arena_printf(s->arena, "%08x", nc),
	};
	char ha1[DIGEST_HEX_MAX], response[DIGEST_HEX_MAX];

	assert_int_equal(c.status, 401);
	digest_ha1(a, str_z(name), d.realm, str_z(password), ha1);
	digest_response(&d, ha1, m->f[PORT_F_METHOD], response);
	m->f[PORT_F_AUTHORIZATION] = arena_printf(
	    s->arena,
	    "Digest username=\"%s\", realm=\"%.*s\", nonce=\"%.*s\", "
	    "uri=\"%.*s\", response=\"%s\", algorithm=%s, cnonce=\"abc\", "
	    "qop=auth, nc=%08x",
	    name, STR_ARG(d.realm), STR_ARG(d.nonce), STR_ARG(d.uri), response,
	    digest_name(a), nc);
}

/* The answer to the request with these credentials. */
static struct port_msg with(struct scene *s, struct port_msg *m,
			    enum digest_algorithm a, const char *name,
			    const char *password)
{
	m->f[PORT_F_AUTHORIZATION] = STR_NONE;
	log_in(s, m, answer(s, m), a, name, password, 1);
	return answer(s, m);
}

/* The answer has made the dialog, and he is in the room. */
static void enter(struct sip_user *u, struct port_msg a, uint32_t cseq)
{
	assert_int_equal(a.status, 200);
	u->cseq = cseq;
	u->path = scene_path(a.f[PORT_F_BODY]);
	sip_user_ack(u);
	sip_user_bind(u);
}

static void join(struct sip_user *u, struct scene *s, const char *name,
		 const char *password)
{
	struct port_msg m;

	sip_user_init(u, s, name, ROOM);
	m = request(u, "INVITE");
	enter(u, with(s, &m, DIGEST_SHA256, name, password), m.cseq - 1);
}

/* --- the tests --- */

/* FOCUS-60, FOCUS-61, V-FOCUS-8, EVENT-2, FOCUS-63: whatever a stranger says of
 * himself */
static void test_challenged(void **state)
{
	static const char *const methods[] = {"INVITE", "SUBSCRIBE", "REFER",
					      "OPTIONS"};
	struct scene *s = *state;
	struct sip_user u;

	for (size_t i = 0; i < 4; i++) {
		struct port_msg m, a;
		struct str h;

		sip_user_init(&u, s, "alice", ROOM);
		m = request(&u, methods[i]);
		m.f[PORT_F_IDENTITY] = STR("<sip:alice@sip.test>");
		m.f[PORT_F_HEADERS] =
		    STR("P-Preferred-Identity: <sip:alice@sip.test>\r\n");
		a = answer(s, &m);
		assert_int_equal(a.status, 401);
		h = a.f[PORT_F_HEADERS];
		assert_true(
		    str_starts(h, STR("WWW-Authenticate: Digest realm=\"the "
				      "realm\", nonce=\"")));
		assert_true(
		    str_search(h, STR("algorithm=SHA-256, qop=\"auth\"")) <
		    str_search(h, STR("algorithm=MD5, qop=\"auth\"")));
		assert_false(has(h, "stale"));
		assert_false(has(h, "Proxy-Authenticate"));
		sip_user_done(&u);
	}
	sip_user_init(&u, s, "alice", "sip:127.0.0.1:5060");
	struct port_msg m = request(&u, "OPTIONS");
	assert_int_equal(answer(s, &m).status, 200);
	sip_user_done(&u);
}

/* FOCUS-60: either algorithm, either form of the name */
static void test_let_in(void **state)
{
	static const struct {
		const char *user, *from, *name, *password;
	} cases[] = {
	    {"alice", "<sip:alice@sip.test>;tag=1", "alice", "a"},
	    {"bob", "<sip:bob@SIP.test>;tag=1", "bob", "b"},
	    {"bob", "<sip:bob@other.test>;tag=1", "bob", "c"},
	    {"bob", "<sips:bob@other.test>;tag=1", "bob@other.test", "c"},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < 8; i++) {
		struct sip_user u;
		struct port_msg m;

		sip_user_init(&u, s, cases[i / 2].user, ROOM);
		m = request(&u, "INVITE");
		m.f[PORT_F_FROM] = str_z(cases[i / 2].from);
		m.f[PORT_F_IDENTITY] = STR("<sip:mallory@sip.test>");
		enter(&u,
		      with(s, &m, i % 2 ? DIGEST_SHA256 : DIGEST_MD5,
			   cases[i / 2].name, cases[i / 2].password),
		      m.cseq - 1);
		sip_user_bye(&u);
		sip_user_done(&u);
	}
}

/* FOCUS-63: the room sees the account, whatever the headers say */
static void test_identity(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m, n;

	join(&u, s, "alice", "a");
	m = request(&u, "SUBSCRIBE");
	assert_int_equal(answer(s, &m).status, 200);
	n = scene_sip(s, PORT_SEND, "NOTIFY");
	assert_true(
	    has(n.f[PORT_F_BODY], "<user entity=\"sip:alice@sip.test\""));
	assert_int_equal(msrp_say(&u, ROOM, "hello"), 200);
	sip_user_done(&u);
}

/* FOCUS-62: somebody else's From; wrong passwords and unknown users are not
 * told apart */
static void test_refused(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m;

	sip_user_init(&u, s, "bob", ROOM);
	m = request(&u, "INVITE");
	assert_int_equal(with(s, &m, DIGEST_MD5, "alice", "a").status, 403);
	assert_int_equal(with(s, &m, DIGEST_MD5, "bob", "c").status, 401);
	assert_int_equal(with(s, &m, DIGEST_MD5, "nobody", "c").status, 401);
	m.f[PORT_F_AUTHORIZATION] = STR("Digest username=\"bob\",=");
	assert_int_equal(answer(s, &m).status, 400);
	m.f[PORT_F_AUTHORIZATION] = STR("Basic Ym9iOmI=");
	assert_int_equal(answer(s, &m).status, 401);
	m.f[PORT_F_AUTHORIZATION] = STR_NONE;
	log_in(s, &m, answer(s, &m), DIGEST_MD5, "bob", "b", 1);
	m.f[PORT_F_RURI] = STR("sip:other@chat.test"); /* as a proxy may do */
	assert_int_equal(answer(s, &m).status, 200);
	sip_user_done(&u);
}

/* What is not offered does not count. */
static void test_sha256_only(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m, c;

	sip_user_init(&u, s, "alice", ROOM);
	m = request(&u, "INVITE");
	c = answer(s, &m);
	assert_false(has(c.f[PORT_F_HEADERS], "MD5"));
	assert_int_equal(with(s, &m, DIGEST_MD5, "alice", "a").status, 401);
	assert_int_equal(with(s, &m, DIGEST_SHA256, "alice", "a").status, 200);
	sip_user_done(&u);
}

/* FOCUS-62: each count once; an old nonce is stale, not wrong */
static void test_nonce(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m, c, a;

	sip_user_init(&u, s, "alice", "sip:nobody@chat.test");
	m = request(&u, "SUBSCRIBE");
	c = answer(s, &m);
	for (unsigned nc = 1; nc < 4; nc++) {
		log_in(s, &m, c, DIGEST_SHA256, "alice", "a", nc);
		assert_int_equal(answer(s, &m).status, 404);
	}
	a = answer(s, &m); /* a replay */
	assert_int_equal(a.status, 401);
	assert_true(has(a.f[PORT_F_HEADERS], "stale=true"));
	log_in(s, &m, c, DIGEST_SHA256, "alice", "a", 2);
	a = answer(s, &m);
	assert_true(has(a.f[PORT_F_HEADERS], "stale=true"));
	log_in(s, &m, a, DIGEST_SHA256, "alice", "a", 1);
	assert_int_equal(answer(s, &m).status, 404);

	log_in(s, &m, a, DIGEST_SHA256, "alice", "a", 2);
	scene_run(s, 400000);
	a = answer(s, &m);
	assert_true(has(a.f[PORT_F_HEADERS], "stale=true"));
	log_in(s, &m, c, DIGEST_SHA256, "alice", "wrong", 9);
	a = answer(s, &m);
	assert_int_equal(a.status, 401);
	assert_false(has(a.f[PORT_F_HEADERS], "stale=true"));
	sip_user_done(&u);
}

/* Who guesses passwords waits; others don't. */
static void test_guessing(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m, a;

	sip_user_init(&u, s, "alice", ROOM);
	m = request(&u, "INVITE");
	log_in(s, &m, answer(s, &m), DIGEST_MD5, "alice", "x", 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(answer(s, &m).status, 401);
	a = answer(s, &m);
	assert_int_equal(a.status, 503);
	assert_true(has(a.f[PORT_F_HEADERS], "Retry-After: 61\r\n"));
	m.f[PORT_F_PEER] = STR("[2001:db8::1]:5060");
	assert_int_equal(answer(s, &m).status, 401);
	scene_run(s, 61000);
	m.f[PORT_F_PEER] = STR(STRANGER);
	m.f[PORT_F_AUTHORIZATION] = STR_NONE;
	assert_int_equal(with(s, &m, DIGEST_MD5, "alice", "a").status, 200);
	sip_user_done(&u);
}

/* ABN-9: too many requests of one address */
static void test_flood(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m, a;

	sip_user_init(&u, s, "alice", ROOM);
	m = request(&u, "SUBSCRIBE");
	for (int i = 0; i < 20; i++)
		assert_int_equal(answer(s, &m).status, 401);
	a = answer(s, &m);
	assert_int_equal(a.status, 503);
	assert_true(has(a.f[PORT_F_HEADERS], "Retry-After: 1\r\n"));
	m.f[PORT_F_PEER] = STR("192.0.2.8:5060");
	assert_int_equal(answer(s, &m).status, 401);
	m.f[PORT_F_PEER] = STR(STRANGER);
	scene_run(s, 1000);
	assert_int_equal(answer(s, &m).status, 401);
	sip_user_done(&u);
}

/* FOCUS-60: a dialog is its user's, from where he made it or as himself */
static void test_in_dialog(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m;

	join(&u, s, "alice", "a");
	m = request(&u, "INVITE");
	assert_int_equal(answer(s, &m).status, 200);
	m = request(&u, "UPDATE");
	assert_int_equal(answer(s, &m).status, 200);

	m = request(&u, "INVITE");
	m.f[PORT_F_PEER] = STR("198.51.100.1:5060");
	assert_int_equal(with(s, &m, DIGEST_MD5, "alice", "b").status, 401);
	assert_int_equal(with(s, &m, DIGEST_MD5, "bob", "b").status, 403);
	m.f[PORT_F_FROM] = STR("<sip:bob@sip.test>;tag=1");
	assert_int_equal(with(s, &m, DIGEST_MD5, "bob", "b").status, 403);
	assert_int_equal(with(s, &m, DIGEST_MD5, "alice", "a").status, 200);
	m = request(&u, "UPDATE"); /* he has moved */
	m.f[PORT_F_PEER] = STR("198.51.100.1:5061");
	assert_int_equal(answer(s, &m).status, 200);
	m = request(&u, "UPDATE");
	assert_int_equal(answer(s, &m).status, 401);

	m = port_msg(PORT_REQUEST); /* never challenged */
	sip_user_request(&u, &m, "BYE");
	m.f[PORT_F_PEER] = STR("203.0.113.1:5060");
	scene_sip_event(s, &m);
	assert_true(scene_sip_none(s, PORT_ANSWER, NULL));
	assert_false(scene_sip_none(s, PORT_FORGET, NULL));
	sip_user_done(&u);
}

/* In a subscription's dialog From may not become somebody else. */
static void test_from_changes(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct port_msg m;

	sip_user_join(&a, s, "alice", ROOM, ""); /* the owner, trusted */
	sip_user_init(&b, s, "bob", ROOM);
	m = request(&b, "SUBSCRIBE");
	assert_int_equal(with(s, &m, DIGEST_MD5, "bob", "b").status, 200);
	m = request(&b, "REFER");
	m.f[PORT_F_FROM] = STR("<sip:alice@sip.test>;tag=1");
	m.f[PORT_F_REFER_TO] = STR("<" ROOM ";method=BYE>");
	assert_int_equal(answer(s, &m).status, 403);
	m.f[PORT_F_PEER] = STR("127.0.0.1:5060"); /* nor by way of the proxy */
	assert_int_equal(answer(s, &m).status, 403);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* FOCUS-64: who hides logs in, and is hidden */
static void test_anonymous(void **state)
{
	struct scene *s = *state;
	struct sip_user u, b;
	struct port_msg m, n;

	sip_user_init(&u, s, "alice", ROOM);
	m = request(&u, "INVITE");
	m.f[PORT_F_FROM] =
	    STR("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1");
	m.f[PORT_F_PRIVACY] = STR("id");
	enter(&u, with(s, &m, DIGEST_MD5, "alice", "a"), m.cseq - 1);
	/* a name that several have doesn't say who it is */
	sip_user_init(&b, s, "bob", ROOM);
	m = request(&b, "INVITE");
	m.f[PORT_F_FROM] = STR("<sip:anonymous@anonymous.invalid>;tag=1");
	assert_int_equal(with(s, &m, DIGEST_MD5, "bob", "b").status, 401);
	enter(&b, with(s, &m, DIGEST_MD5, "bob@sip.test", "b"), m.cseq - 1);

	m = request(&b, "SUBSCRIBE");
	assert_int_equal(answer(s, &m).status, 200);
	n = scene_sip(s, PORT_SEND, "NOTIFY");
	assert_true(has(n.f[PORT_F_BODY], "sip:anonymous1@anonymous.invalid"));
	assert_true(has(n.f[PORT_F_BODY], "sip:anonymous2@anonymous.invalid"));
	assert_false(has(n.f[PORT_F_BODY], "alice@sip"));
	assert_false(has(n.f[PORT_F_BODY], "bob@sip"));
	sip_user_done(&u);
	sip_user_done(&b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, scene_teardown)

/* S2X-3: a room elsewhere hears nothing of a stranger. */
static void test_bridge(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m;

	sip_user_init(&u, s, "alice", "sip:r@muc.test");
	m = request(&u, "INVITE");
	m.f[PORT_F_FROM] = STR("<sip:bob@sip.test>;tag=1");
	assert_int_equal(with(s, &m, DIGEST_SHA256, "alice", "a").status, 403);
	assert_true(xmpp_none(s, "r@muc.test"));
	m.f[PORT_F_FROM] = STR("<sip:alice@sip.test>;tag=1");
	m.f[PORT_F_AUTHORIZATION] = STR_NONE;
	log_in(s, &m, answer(s, &m), DIGEST_SHA256, "alice", "a", 1);
	assert_true(xmpp_none(s, "r@muc.test"));
	scene_sip_event(s, &m);
	assert_true(
	    str_eq(x_attr(xmpp_take(s, "r@muc.test"), "type"), STR("get")));
	sip_user_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_challenged),
	    TEST(test_let_in),
	    TEST(test_identity),
	    TEST(test_refused),
	    cmocka_unit_test_setup_teardown(test_sha256_only, setup_sha256,
					    scene_teardown),
	    TEST(test_nonce),
	    TEST(test_guessing),
	    TEST(test_flood),
	    TEST(test_in_dialog),
	    TEST(test_from_changes),
	    TEST(test_anonymous),
	    cmocka_unit_test_setup_teardown(test_bridge, setup_bridge,
					    scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
