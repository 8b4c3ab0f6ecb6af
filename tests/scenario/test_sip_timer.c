/* Session timers (RFC 4028) of SIP users in a local room. */
#include "scene.h"

#define ROOM   "sip:r@chat.test"
#define DOMAIN "domain \"chat.test\" { secret = \"x\" rooms = local }\n"

static int setup(void **state)
{
	*state = scene_new(DOMAIN);
	return 0;
}

/* What an INVITE or UPDATE says of timers. */
struct wish {
	const char *method, *supported, *expires, *min_se, *headers;
};

static struct port_msg ask(struct sip_user *u, struct wish w)
{
	struct port_msg m = port_msg(PORT_REQUEST), a;

	m.new_dialog = u->cseq == 0;
	sip_user_request(u, &m, w.method);
	m.f[PORT_F_SUPPORTED] = str_z(w.supported);
	m.f[PORT_F_SESSION_EXPIRES] = str_z(w.expires);
	m.f[PORT_F_MIN_SE] = str_z(w.min_se);
	m.f[PORT_F_HEADERS] = str_z(w.headers);
	if (str_eq(str_z(w.method), STR("INVITE"))) {
		m.f[PORT_F_TYPE] = STR("application/sdp");
		m.f[PORT_F_BODY] = sip_user_offer(u, NULL);
	}
	scene_sip_event(u->s, &m);
	a = scene_sip(u->s, PORT_ANSWER, NULL);
	assert_int_equal(a.req, m.req);
	if (a.status == 200 && a.f[PORT_F_BODY].n) {
		struct str body = a.f[PORT_F_BODY];

		u->sdp = body;
		body = str_from(body,
				(size_t)str_search(body, STR("a=path:")) + 7);
		u->path = str_split(&body, '\r');
	}
	return a;
}

/* Alice is in, with these wishes. */
static struct port_msg join(struct sip_user *u, struct scene *s, struct wish w)
{
	struct port_msg a;

	sip_user_init(u, s, "alice", ROOM);
	w.method = "INVITE";
	a = ask(u, w);
	assert_int_equal(a.status, 200);
	sip_user_ack(u);
	sip_user_bind(u);
	return a;
}

static void respond(struct scene *s, const struct port_msg *sent, int status,
		    const char *expires, const char *min_se)
{
	struct port_msg m = port_msg(PORT_RESPONSE);

	m.dlg = sent->dlg;
	m.req = sent->req;
	m.status = status;
	m.f[PORT_F_SESSION_EXPIRES] = str_z(expires);
	m.f[PORT_F_MIN_SE] = str_z(min_se);
	scene_sip_event(s, &m);
}

static bool no_bye(struct scene *s)
{
	return scene_sip_none(s, PORT_SEND, "BYE");
}

/* V-FOCUS-4, FOCUS-53 */
static void test_too_short(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg a;

	sip_user_init(&u, s, "alice", ROOM);
	a = ask(&u, (struct wish){"INVITE", "timer", "60", "", ""});
	assert_int_equal(a.status, 422);
	assert_true(has(a.f[PORT_F_HEADERS], "Min-SE: 90\r\n"));
	u.dlg = ++s->ids;
	u.cseq = 0;
	a = ask(&u,
		(struct wish){"INVITE", "timer", "1800;refresher=uac", "", ""});
	assert_int_equal(a.status, 200);
	assert_true(has(a.f[PORT_F_HEADERS],
			"Session-Expires: 1800;refresher=uac\r\n"));
	assert_true(has(a.f[PORT_F_HEADERS], "Require: timer\r\n"));
	/* in the dialog, too */
	sip_user_ack(&u);
	a = ask(&u, (struct wish){"UPDATE", "timer", "89", "", ""});
	assert_int_equal(a.status, 422);
	a = ask(&u, (struct wish){"INVITE", "timer", "10", "", ""});
	assert_int_equal(a.status, 422);
	sip_user_done(&u);
}

struct agreement {
	const char *supported, *expires, *min_se;
	const char *value; /* "": none */
	bool require;
};

/* FOCUS-54 */
static void test_agreement(void **state)
{
	static const struct agreement table[] = {
	    {"timer", "600", "", "600;refresher=uac", true},
	    {"100rel, Timer", "90;refresher=uas", "", "90;refresher=uas",
	     false},
	    {"timer", " 7200 ; Refresher = UAC", "", "7200;refresher=uac",
	     true},
	    {"timer", "", "", "1800;refresher=uac", true},
	    {"timer", "", "3600", "3600;refresher=uac", true},
	    {"timer", "soon", "", "1800;refresher=uac", true},
	    /* a proxy's wish for a client that knows no timers */
	    {"", "600", "", "600;refresher=uas", false},
	    {"", "", "", "1800;refresher=uas", false},
	    {"", "60", "", "", false},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const struct agreement *t = &table[i];
		struct sip_user u;
		struct port_msg a;
		struct str headers;

		sip_user_init(&u, s, "alice", ROOM);
		a = ask(&u, (struct wish){"INVITE", t->supported, t->expires,
					  t->min_se, ""});
		assert_int_equal(a.status, 200);
		headers = a.f[PORT_F_HEADERS];
		if (*t->value)
			assert_true(
			    has(headers, arena_printf(s->arena,
						      "Session-Expires: %s\r\n",
						      t->value)
					     .p));
		else
			assert_false(has(headers, "Session-Expires"));
		assert_int_equal(has(headers, "Require: timer"), t->require);
		sip_user_done(&u);
	}
}

/* FOCUS-56: the peer is to refresh, does so once, and then never again */
static void test_peer_refreshes(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg a, m;

	join(&u, s, (struct wish){.supported = "timer", .expires = "300"});
	scene_run(s, 250000);
	assert_true(no_bye(s));
	a = ask(&u,
		(struct wish){"UPDATE", "timer", "300;refresher=uac", "", ""});
	assert_int_equal(a.status, 200);
	assert_true(has(a.f[PORT_F_HEADERS],
			"Session-Expires: 300;refresher=uac\r\n"
			"Require: timer\r\n"));
	scene_run(s, 267999);
	assert_true(no_bye(s));
	scene_run(s, 1);
	m = scene_sip(s, PORT_SEND, "BYE");
	assert_int_equal(m.dlg, u.dlg);
	assert_true(has(m.f[PORT_F_HEADERS], "Reason: SIP;cause=408"));
	assert_true(scene_sip_none(s, PORT_SEND, "UPDATE"));
	sip_user_done(&u);
}

/* FOCUS-56: of a short interval a third is left */
static void test_short_interval(void **state)
{
	struct scene *s = *state;
	struct sip_user u;

	join(&u, s, (struct wish){.supported = "timer", .expires = "90"});
	scene_run(s, 59999);
	assert_true(no_bye(s));
	scene_run(s, 1);
	scene_sip(s, PORT_SEND, "BYE");
	sip_user_done(&u);
}

/* FOCUS-55, FOCUS-52: our refresh by UPDATE, at half time each */
static void test_we_refresh(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m;

	join(&u, s,
	     (struct wish){.supported = "timer",
			   .expires = "1800;refresher=uas",
			   .min_se = "120",
			   .headers = "Allow: INVITE, ACK, UPDATE\r\n"});
	for (int i = 0; i < 2; i++) {
		scene_run(s, 899999);
		assert_true(scene_sip_none(s, PORT_SEND, "UPDATE"));
		scene_run(s, 1);
		m = scene_sip(s, PORT_SEND, "UPDATE");
		assert_int_equal(m.dlg, u.dlg);
		assert_int_equal(m.f[PORT_F_BODY].n, 0);
		assert_true(has(m.f[PORT_F_HEADERS],
				"Session-Expires: 1800;refresher=uac\r\n"));
		assert_true(has(m.f[PORT_F_HEADERS], "Min-SE: 120\r\n"));
		respond(s, &m, 200, "1800;refresher=uac", "");
	}
	/* the peer takes over */
	scene_run(s, 900000);
	m = scene_sip(s, PORT_SEND, "UPDATE");
	respond(s, &m, 200, "1800;refresher=uas", "");
	scene_run(s, 1767999);
	assert_true(scene_sip_none(s, PORT_SEND, "UPDATE"));
	assert_true(no_bye(s));
	scene_run(s, 1);
	scene_sip(s, PORT_SEND, "BYE");
	sip_user_done(&u);
}

/* FOCUS-56: a 2xx without Session-Expires switches the timer off */
static void test_switched_off(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m;

	join(&u, s,
	     (struct wish){.supported = "timer",
			   .expires = "90;refresher=uas",
			   .headers = "Allow: INVITE\r\nAllow: UPDATE\r\n"});
	scene_run(s, 45000);
	m = scene_sip(s, PORT_SEND, "UPDATE");
	respond(s, &m, 200, "", "");
	scene_run(s, 10000000);
	assert_true(no_bye(s));
	assert_true(scene_sip_none(s, PORT_SEND, "UPDATE"));
	sip_user_done(&u);
}

/* FOCUS-55: no UPDATE: re-INVITE with the same o=; a peer that knows no timers
 * is asked again all the same */
static void test_refresh_by_invite(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m;

	join(&u, s, (struct wish){.headers = "Allow: INVITE, ACK, BYE\r\n"});
	for (int i = 0; i < 2; i++) {
		scene_run(s, 900000);
		m = scene_sip(s, PORT_SEND, "INVITE");
		assert_true(str_eq(m.f[PORT_F_TYPE], STR("application/sdp")));
		assert_true(str_eq(m.f[PORT_F_BODY], u.sdp));
		respond(s, &m, 200, "", "");
	}
	msrp_take(&u); /* the words for clients that know no chat rooms */
	assert_int_equal(msrp_say(&u, ROOM, "still here"), 200);
	assert_true(no_bye(s));
	sip_user_done(&u);
}

/* FOCUS-55: an UPDATE that is promised but not known */
static void test_update_unknown(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m;

	join(&u, s, (struct wish){.headers = "Allow: UPDATE\r\n"});
	scene_run(s, 900000);
	m = scene_sip(s, PORT_SEND, "UPDATE");
	respond(s, &m, 501, "", "");
	m = scene_sip(s, PORT_SEND, "INVITE");
	respond(s, &m, 200, "", "");
	assert_true(no_bye(s));
	sip_user_done(&u);
}

/* FOCUS-55: 408 and 481 end the call */
static void refresh_fails(struct scene *s, int status)
{
	struct sip_user u;
	struct port_msg m;

	join(&u, s, (struct wish){.headers = "Allow: UPDATE\r\n"});
	scene_run(s, 900000);
	m = scene_sip(s, PORT_SEND, "UPDATE");
	respond(s, &m, status, "", "");
	assert_int_equal(scene_sip(s, PORT_SEND, "BYE").dlg, u.dlg);
	sip_user_done(&u);
}

static void test_refresh_fails(void **state)
{
	refresh_fails(*state, 408);
	refresh_fails(*state, 481);
}

/* RFC 4028 §10: other errors are tried again until the session expires; 422
 * raises the interval, 491 is a matter of a moment */
static void test_refresh_again(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m;
	int tries = 0;

	join(&u, s,
	     (struct wish){.expires = "600", .headers = "Allow: UPDATE\r\n"});
	scene_run(s, 300000);
	m = scene_sip(s, PORT_SEND, "UPDATE");
	respond(s, &m, 422, "", "1000");
	m = scene_sip(s, PORT_SEND, "UPDATE");
	assert_true(has(m.f[PORT_F_HEADERS],
			"Session-Expires: 1000;refresher=uac\r\n"
			"Min-SE: 1000\r\n"));
	respond(s, &m, 491, "", "");
	scene_run(s, 2000);
	m = scene_sip(s, PORT_SEND, "UPDATE");
	respond(s, &m, 200, "1000;refresher=uac", "");
	scene_run(s, 500000);
	while (no_bye(s)) {
		if (!scene_sip_none(s, PORT_SEND, "UPDATE")) {
			m = scene_sip(s, PORT_SEND, "UPDATE");
			respond(s, &m, 503, "", "");
			tries++;
		}
		scene_run(s, 1000);
	}
	assert_in_range(tries, 2, 10);
	sip_user_done(&u);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_too_short),	  TEST(test_agreement),
	    TEST(test_peer_refreshes),	  TEST(test_short_interval),
	    TEST(test_we_refresh),	  TEST(test_switched_off),
	    TEST(test_refresh_by_invite), TEST(test_update_unknown),
	    TEST(test_refresh_fails),	  TEST(test_refresh_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
