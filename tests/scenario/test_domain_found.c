/* How it is found which world a domain is of: by the configuration, the DNS,
 * and what the domain itself says (section DNS). */
#include "domains.h"

#include "xmpp/stanza.h"

/* What the domain answers to the query that its records leave open. */
static void says(struct scene *s, const char *domain, const char *rest)
{
	const struct xnode *iq = xmpp_take(s, domain);

	assert_true(x_is(iq, "iq", NS_CLIENT));
	xmpp_put(s, "<iq from='%s' to='rd.test' id='%.*s' %s</iq>", domain,
		 STR_ARG(x_attr(iq, "id")), rest);
	scene_run(s, 10);
}

#define NOT_FOUND                                                              \
	"type='error'><error type='cancel'><remote-server-not-found "          \
	"xmlns='" NS_STANZAS "'/></error>"
#define CHAT_SERVICE                                                           \
	"type='result'><query xmlns='" NS_DISCO_INFO                           \
	"'><identity category='conference' type='text'/></query>"

/* DNS-1: what the configuration says is not asked; answers are remembered. */
static void test_order(void **state)
{
	struct scene *s = *state;
	unsigned asked;

	speaks_xmpp(s, "x.test");
	asked = s->dns->n_udp;
	assert_int_equal(refused(s, "al", "sip:r@s.test"), 404);
	assert_int_equal(s->dns->n_udp, asked);
	enters(s, "al", "sip:r@x.test", "r@x.test", "al\\40sip.test@ud.test/");
	assert_true(s->dns->n_udp > asked);
	asked = s->dns->n_udp;
	enters(s, "bo", "sip:q@x.test", "q@x.test", "bo\\40sip.test@ud.test/");
	assert_int_equal(s->dns->n_udp, asked);
}

/* DNS-2: SIP's records mean that the domain is not ours to reach. ADDR-12,
 * ADDR-13: who goes there, by his own domain's stream or by that of all others.
 */
static void test_sip_to_xmpp(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct port_msg m = port_msg(PORT_REQUEST);

	speaks_xmpp(s, "x.test");
	speaks_sip(s, "f.test");
	speaks_sip(s, "both.test");
	speaks_xmpp(s, "both.test");
	enters(s, "al", "sip:r@x.test", "r@x.test", "al\\40sip.test@ud.test/");
	/* ADDR-29: by one of our names */
	enters(s, "bo", "sip:r%40x.test@gh.test", "r@x.test",
	       "bo\\40sip.test@ud.test/");
	enters(s, "bo", "sip:q%25x.test@rd.test", "q@x.test",
	       "bo\\40sip.test@ud.test/");
	assert_int_equal(refused(s, "al", "sip:r@f.test"), 404);
	assert_int_equal(refused(s, "al", "sip:r@both.test"), 404);
	/* ADDR-12: of a domain that is ours */
	sip_user_init(&u, s, "al", "sip:r@x.test");
	m.new_dialog = true;
	sip_user_request(&u, &m, "INVITE");
	m.f[PORT_F_FROM] = STR("<sip:romeo@S.test.>;tag=1");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&u, "");
	scene_sip_event(s, &m);
	assert_true(str_starts(x_attr(xmpp_take(s, "r@x.test"), "from"),
			       STR("romeo@s.test/")));
	/* ADDR-13: a port of its own */
	m.req = ++s->ids;
	m.dlg = ++s->ids;
	m.f[PORT_F_FROM] = STR("<sip:romeo@f.test:5070>;tag=1");
	scene_sip_event(s, &m);
	assert_true(str_starts(x_attr(xmpp_take(s, "r@x.test"), "from"),
			       STR("romeo\\40f.test\\3a5070@ud.test/")));
	sip_user_done(&u);
}

/* DNS-3: RFC 3263 finds the server. ADDR-15: an XMPP user whose domain does not
 * route to us. DNS-7: the next target after 503, a transport error (503 too)
 * and silence, of which all but the last have little; another answer is the
 * outcome. */
static void test_xmpp_to_sip(void **state)
{
	struct scene *s = *state;
	struct port_msg m;

	speaks_sip(s, "conf.test");
	joins(s, "juliet@far.test/b", "r\\40conf.test@rd.test");
	m = dials(s, "sip:r@conf.test", "sip:10.0.0.7:5070;transport=tcp");
	assert_true(has(m.f[PORT_F_FROM], "<sip:juliet%40far.test@gh.test"));
	scene_sip_response(s, &m, 503);
	m = dials(s, "sip:r@conf.test", "sip:10.0.0.8:5070;transport=tcp");
	assert_int_equal(m.number[0], 5000);
	scene_sip_response(s, &m, 408);
	m = dials(s, "sip:r@conf.test", "sip:10.0.0.9:5080;transport=tcp");
	assert_int_equal(m.number[0], 0);
	assert_true(xmpp_none(s, "juliet@far.test/b"));
	scene_sip_response(s, &m, 403);
	is_refused(s, "juliet@far.test/b", "auth", "forbidden");
	joins(s, "juliet@far.test/b", "r%conf.test@rd.test");
	m = dials(s, "sip:r@conf.test", "sip:10.0.0.7:5070;transport=tcp");
	scene_sip_response(s, &m, 404);
	is_refused(s, "juliet@far.test/b", "cancel", "item-not-found");
	/* an XMPP domain needs no gateway */
	speaks_xmpp(s, "x.test");
	joins(s, "juliet@far.test/b", "r\\40x.test@rd.test");
	is_refused(s, "juliet@far.test/b", "cancel", "item-not-found");
}

/* DNS-4: an address alone is used for SIP, which was wanted first. DNS-5: `.`
 * means no. */
static void test_addresses(void **state)
{
	struct scene *s = *state;

	dns_server_host(s->dns, "host.test", "10.0.0.5");
	joins(s, "j@far.test/b", "r\\40host.test@rd.test");
	says(s, "host.test", NOT_FOUND);
	dials(s, "sip:r@host.test", "sip:10.0.0.5");
	dns_server_srv(s->dns, "_sip._udp.no.test", 0, 0, 0, "");
	dns_server_host(s->dns, "no.test", "10.0.0.5");
	joins(s, "k@far.test/b", "r\\40no.test@rd.test");
	says(s, "no.test", NOT_FOUND);
	is_refused(s, "k@far.test/b", "cancel", "remote-server-not-found");
}

/* DNS-8: RFC 3861's records come last, and tell where the hosts are. */
static void test_im(void **state)
{
	struct scene *s = *state;
	struct port_msg m;

	dns_server_srv(s->dns, "_im._sip.talk.test", 1, 1, 5070, "a.test");
	dns_server_srv(s->dns, "_im._sip.talk.test", 2, 1, 5080, "b.test");
	dns_server_host(s->dns, "a.test", "10.0.0.7");
	dns_server_host(s->dns, "b.test", "10.0.0.9");
	joins(s, "juliet@far.test/b", "r\\40talk.test@rd.test");
	m = dials(s, "sip:r@talk.test", "sip:10.0.0.7:5070;transport=tcp");
	scene_sip_response(s, &m, 503);
	dials(s, "sip:r@talk.test", "sip:10.0.0.9:5080;transport=tcp");
	dns_server_srv(s->dns, "_im._xmpp.im.test", 1, 1, 5269, "h.test");
	enters(s, "al", "sip:r@im.test", "r@im.test", "al\\40sip.test@ud.test");
}

/* DNS-10: nothing there is 404, not known is 504, either way. */
static void test_nowhere(void **state)
{
	struct scene *s = *state;
	struct sip_user u;

	calls(&u, s, "al", "sip:r@none.test");
	says(s, "none.test", NOT_FOUND);
	assert_int_equal(is_answered(s), 404);
	sip_user_done(&u);
	joins(s, "j@far.test/b", "r\\40none.test@rd.test");
	is_refused(s, "j@far.test/b", "cancel", "remote-server-not-found");
	s->dns->status = 2; /* SERVFAIL */
	calls(&u, s, "al", "sip:r@dead.test");
	scene_run(s, 60000);
	assert_int_equal(is_answered(s), 504);
	sip_user_done(&u);
	xmpp_drop(s);
	joins(s, "j@far.test/b", "r\\40dead.test@rd.test");
	scene_run(s, 60000);
	says(s, "dead.test", NOT_FOUND); /* too late */
	is_refused(s, "j@far.test/b", "wait", "remote-server-timeout");
}

/* ERR-12: nobody waits for an answer while no stream is up. */
static void test_streams_down(void **state)
{
	static const char *const domains[] = {"s.test", "ud.test", "rd.test"};
	struct scene *s = *state;
	struct sip_user u;

	for (size_t i = 0; i < sizeof(domains) / sizeof(*domains); i++)
		core_link_down(&s->core, str_z(domains[i]));
	calls(&u, s, "al", "sip:r@muc.test");
	assert_int_equal(is_answered(s), 503);
	sip_user_done(&u);
	core_link_up(&s->core, STR("rd.test"), true);
	calls(&u, s, "al", "sip:r@muc.test");
	says(s, "muc.test", NOT_FOUND);
	assert_int_equal(is_answered(s), 404);
	sip_user_done(&u);
}

/* DNS-11: its own answer is proof. */
static void test_asked(void **state)
{
	struct scene *s = *state;
	struct sip_user u;

	calls(&u, s, "al", "sip:r@muc.test");
	says(s, "muc.test", CHAT_SERVICE);
	assert_true(x_is(xmpp_take(s, "r@muc.test"), "iq", NS_CLIENT));
	sip_user_done(&u);
	/* and remembered */
	enters(s, "bo", "sip:q@muc.test", "q@muc.test",
	       "bo\\40sip.test@ud.test/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_order, setup_open),	     T(test_sip_to_xmpp, setup_open),
	    T(test_xmpp_to_sip, setup_open), T(test_addresses, setup_open),
	    T(test_im, setup_open),	     T(test_nowhere, setup_open),
	    T(test_asked, setup_open),	     T(test_streams_down, setup_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
