/* Who gets to which domains, and how many: lists, limits and loops. */
#include "domains.h"

static int setup_closed(void **state)
{
	return with_domains(state, "domain \"muc.test\" { rooms = xmpp }\n"
				   "domain \"conf.test\" { rooms = sip }\n");
}

static int setup_lists(void **state)
{
	return with_domains(
	    state,
	    "domain \"*\" { rooms = discover\n"
	    " allow-domains = {\"*.x.test\", \"B\xc3\x9c"
	    "CHER.test\"}\n"
	    " deny-domains = {\"bad.x.test\"} }\n"
	    "domain \"muc.test\" { rooms = xmpp allow = {\"@sip.test\"}\n"
	    " deny = {\"mallory@sip.test\"} }\n"
	    "domain \"conf.test\" { rooms = sip deny = {\"@evil.test\"}\n"
	    " route = \"sip:10.0.0.9;transport=tcp\" }\n"
	    "domain \"one.test\" { rooms = discover visitors = sip }\n"
	    "domain \"two.test\" { rooms = discover visitors = xmpp }\n");
}

static int setup_limits(void **state)
{
	return with_domains(
	    state, "limits { legs = 5 user-legs = 2 }\n"
		   "domain \"muc.test\" { rooms = xmpp max-legs = 3 }\n"
		   "domain \"conf.test\" { rooms = sip\n"
		   " route = \"sip:10.0.0.9;transport=tcp\" }\n");
}

static int status_of(struct scene *s, struct port_msg *m, const char *ruri,
		     const char *from, const char *headers)
{
	m->dlg = ++s->ids;
	m->req = ++s->ids;
	m->f[PORT_F_RURI] = str_z(ruri);
	m->f[PORT_F_TO] = arena_printf(s->arena, "<%s>", ruri);
	m->f[PORT_F_FROM] = str_z(from);
	m->f[PORT_F_HEADERS] = str_z(headers);
	scene_sip_event(s, m);
	scene_run(s, 10);
	return scene_sip_none(s, PORT_ANSWER, NULL)
		   ? 0
		   : scene_sip(s, PORT_ANSWER, NULL).status;
}

#define AL "<sip:al@sip.test>;tag=1"

/* ADDR-28: Max-Forwards, and users of ours who come back, by which way ever.
 * ADDR-22: sips: is never translated. */
static void test_loops(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST), a;
	struct sip_user u;

	speaks_xmpp(s, "x.test");
	speaks_sip(s, "conf.test");
	sip_user_init(&u, s, "al", "sip:r@x.test");
	m.new_dialog = true;
	sip_user_request(&u, &m, "INVITE");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&u, "");
	assert_int_equal(
	    status_of(s, &m, "sip:r@x.test", AL, "Max-Forwards: 0\r\n"), 483);
	/* to a room here it has come far enough */
	assert_int_equal(
	    status_of(s, &m, "sip:r@rd.test", AL, "Max-Forwards: 0\r\n"), 200);
	assert_int_equal(
	    status_of(s, &m, "sip:r@x.test", AL, "Max-Forwards: 1\r\n"), 0);
	assert_int_equal(status_of(s, &m, "sip:r@x.test",
				   "<sip:j%40far.test@gh.test>;tag=1", ""),
			 482);
	m.dlg = ++s->ids;
	m.req = ++s->ids;
	m.f[PORT_F_RURI] = STR("sips:r@x.test");
	m.f[PORT_F_FROM] = STR(AL);
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.status, 480);
	assert_true(has(a.f[PORT_F_HEADERS], "Warning: 380 "));
	assert_int_equal(status_of(s, &m, "sips:r@rd.test", AL, ""), 200);
	sip_user_done(&u);

	/* by way of another gateway, or one of our own proxies */
	joins(s, "j\\40far.test\\40gh.test@ud.other.test/b",
	      "r\\40conf.test@rd.test");
	is_refused(s, "j\\40far.test\\40gh.test@ud.other.test/b", "modify",
		   "not-acceptable");
	joins(s, "al\\40sip.test@ud.test/b", "r\\40conf.test@rd.test");
	is_refused(s, "al\\40sip.test@ud.test/b", "modify", "not-acceptable");
	/* the INVITE has come back to us */
	joins(s, "j@far.test/b", "r\\40conf.test@rd.test");
	m = dials(s, "sip:r@conf.test", "sip:10.0.0.7:5070;transport=tcp");
	scene_sip_response(s, &m, 482);
	is_refused(s, "j@far.test/b", "modify", "not-acceptable");
}

/* Only configured domains are reachable, unless "*" opens the rest. */
static void test_closed(void **state)
{
	struct scene *s = *state;

	speaks_xmpp(s, "x.test");
	speaks_sip(s, "f.test");
	assert_int_equal(refused(s, "al", "sip:r@x.test"), 404);
	joins(s, "j@far.test/b", "r\\40f.test@rd.test");
	is_refused(s, "j@far.test/b", "cancel", "item-not-found");
	assert_int_equal(s->dns->n_udp, 0);
	enters(s, "al", "sip:r@muc.test", "r@muc.test", "al\\40sip.test@");
	assert_int_equal(s->dns->n_udp, 0);
	assert_int_equal(refused(s, "al", "sip:r@conf.test"), 404);
}

/* DNS-3, DNS-4, ADDR-24: an address in the place of a domain is SIP's, and no
 * name server is asked for it. */
static void test_addresses(void **state)
{
	struct scene *s = *state;

	s->dns->silent = true;
	assert_int_equal(refused(s, "al", "sip:r@192.0.2.1"), 404);
	assert_int_equal(refused(s, "al", "sip:r@[::1]"), 404);
	joins(s, "j@far.test/b", "r\\40192.0.2.1@rd.test");
	dials(s, "sip:r@192.0.2.1", "");
	/* written like this it has no form */
	joins(s, "k@far.test/b", "r\\40[\\3a\\3a1]@rd.test");
	is_refused(s, "k@far.test/b", "cancel", "item-not-found");
	assert_int_equal(s->dns->n_udp, 0);
}

static void test_lists(void **state)
{
	struct scene *s = *state;

	speaks_xmpp(s, "muc.x.test");
	speaks_xmpp(s, "bad.x.test");
	speaks_xmpp(s, "x.test");
	speaks_xmpp(s, "xn--bcher-kva.test");
	enters(s, "al", "sip:r@muc.x.test", "r@muc.x.test", "al\\40sip.test@");
	enters(s, "al", "sip:r@xn--bcher-kva.test",
	       "r@b\xc3\xbc"
	       "cher.test",
	       "al\\40sip.test@");
	assert_int_equal(refused(s, "al", "sip:r@bad.x.test"), 404);
	assert_int_equal(refused(s, "al", "sip:r@x.test"), 404);
	assert_int_equal(refused(s, "al", "sip:r@y.test"), 404);
	/* by whom */
	enters(s, "al", "sip:r@muc.test", "r@muc.test", "al\\40sip.test@");
	assert_int_equal(refused(s, "mallory", "sip:r@muc.test"), 403);
	joins(s, "eve@evil.test/b", "r\\40conf.test@rd.test");
	is_refused(s, "eve@evil.test/b", "auth", "forbidden");
	joins(s, "j@far.test/b", "r\\40conf.test@rd.test");
	scene_sip(s, PORT_DIAL, NULL);
	/* by which side; nobody is asked in vain */
	speaks_xmpp(s, "one.test");
	speaks_xmpp(s, "two.test");
	speaks_sip(s, "one.test");
	assert_int_equal(refused(s, "al", "sip:r@two.test"), 403);
	joins(s, "j@far.test/b", "r\\40one.test@rd.test");
	is_refused(s, "j@far.test/b", "auth", "forbidden");
}

/* ERR-12: how many rooms elsewhere at a time: of a user, of a domain, of all.
 * Who has left makes room. */
static void test_limits(void **state)
{
	struct scene *s = *state;
	struct sip_user first;
	struct port_msg m;

	/* one user, whatever his client's name is */
	joins(s, "z@far.test/1", "r\\40conf.test@rd.test");
	joins(s, "z@far.test/2", "q\\40conf.test@rd.test");
	joins(s, "z@far.test/3", "p\\40conf.test@rd.test");
	is_refused(s, "z@far.test/3", "wait", "resource-constraint");
	for (int i = 0; i < 2; i++) {
		m = scene_sip(s, PORT_DIAL, NULL);
		scene_sip_response(s, &m, 403);
	}
	calls(&first, s, "al", "sip:r@muc.test");
	xmpp_take(s, "r@muc.test");
	enters(s, "al", "sip:q@muc.test", "q@muc.test", "al\\40sip.test@");
	sip_user_done(&first);
	calls(&first, s, "al", "sip:p@muc.test");
	m = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(m.status, 503);
	assert_true(has(m.f[PORT_F_HEADERS], "Retry-After: "));
	enters(s, "bo", "sip:r@muc.test", "r@muc.test", "bo\\40sip.test@");
	assert_int_equal(refused(s, "cy", "sip:r@muc.test"), 503);
	joins(s, "j@far.test/b", "r\\40conf.test@rd.test");
	m = scene_sip(s, PORT_DIAL, NULL);
	joins(s, "k@far.test/b", "r\\40conf.test@rd.test");
	scene_sip(s, PORT_DIAL, NULL);
	joins(s, "l@far.test/b", "r\\40conf.test@rd.test");
	is_refused(s, "l@far.test/b", "wait", "resource-constraint");
	scene_sip_response(s, &m, 403);
	scene_run(s, 10);
	joins(s, "l@far.test/b", "r\\40conf.test@rd.test");
	scene_sip(s, PORT_DIAL, NULL);
	sip_user_done(&first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_loops, setup_open),	   T(test_closed, setup_closed),
	    T(test_lists, setup_lists),	   T(test_limits, setup_limits),
	    T(test_addresses, setup_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
