/* Names of hosts: where stoxd connects for MSRP, and sends its INVITEs. */
#include "callee.h"

#include <stdlib.h>

#include "base/mem.h"

#define ROOM "sip:r@chat.test"
#define SIP                                                                    \
	"sip { listen = {\"udp:127.0.0.1:5060\", \"tcp:127.0.0.1:5060\"} }\n"
#define CHAT "domain \"chat.test\" { secret = \"x\" rooms = local lock = no }\n"
#define TLS                                                                    \
	"sip { listen = {\"udp:127.0.0.1:5060\", \"tcp:127.0.0.1:5060\", "     \
	"\"tls:127.0.0.1:5061\"} }\n"                                          \
	"tls { certificate = \"/dev/null\" key = \"/dev/null\" }\n"

struct bed {
	struct scene *s;
	struct dns_server *dns; /* the scene's */
	struct sip_user a;
	struct callee c;
};

static int begin(void **state, const char *config)
{
	struct bed *b = mem_new(sizeof(*b));

	b->s = scene_new(config);
	b->dns = b->s->dns;
	b->dns->knows_all = false;
	sip_user_init(&b->a, b->s, "alice", ROOM);
	callee_listen(&b->c, &b->a);
	*state = b;
	return 0;
}

static int setup(void **state)
{
	return begin(state, SIP CHAT);
}

static int setup_tls(void **state)
{
	return begin(state, TLS CHAT);
}

static int teardown(void **state)
{
	struct bed *b = *state;

	callee_done(&b->c);
	sip_user_done(&b->a);
	scene_free(b->s);
	free(b);
	return 0;
}

/* Alice offers to be connected to at this host; the port is hers. */
static int offers(struct bed *b, const char *path_host, const char *c_host,
		  const char *more_path, const char *lines)
{
	struct sip_user *u = &b->a;

	snprintf(u->own_path, sizeof(u->own_path), "msrp://%s:%u/a1;tcp%s",
		 path_host, b->c.port, more_path);
	return sip_user_invite(
	    u, arena_printf(b->s->arena,
			    "v=0\r\no=- %u 1 IN IP4 10.0.0.5\r\ns=-\r\n"
			    "c=IN IP4 %s\r\nt=0 0\r\n"
			    "m=message %u TCP/MSRP *\r\n"
			    "a=accept-types:message/cpim\r\n"
			    "a=accept-wrapped-types:*\r\na=chatroom\r\n"
			    "a=path:%s\r\na=setup:passive\r\n%s",
			    ++u->ids, c_host, b->c.port, u->own_path, lines));
}

static void is_connected(struct bed *b)
{
	char to_path[160];

	sip_user_ack(&b->a);
	assert_true(callee_called(&b->c, b->s));
	snprintf(to_path, sizeof(to_path), "To-Path: %s\r\n", b->a.own_path);
	assert_true(has(callee_hears(&b->c, b->s, "$\r\n"), to_path));
	sip_user_bye(&b->a);
}

static void is_ended(struct bed *b, const char *cause, const char *text)
{
	struct port_msg bye;

	sip_user_ack(&b->a);
	assert_false(callee_called(&b->c, b->s));
	bye = scene_sip(b->s, PORT_SEND, "BYE");
	assert_true(has(bye.f[PORT_F_HEADERS], cause));
	assert_true(has(bye.f[PORT_F_HEADERS], text));
	scene_sip_response(b->s, &bye, 200);
}

/* MSRP-74: a name is resolved by A and AAAA; what is further right stays as it
 * is. SDP-12: its address is the one of c=. */
static void test_name(void **state)
{
	struct bed *b = *state;

	dns_server_host(b->dns, "client.test", "127.0.0.1");
	assert_int_equal(offers(b, "Client.test", "127.0.0.1",
				" msrp://x7.invalid:9/y;ws", ""),
			 200);
	is_connected(b);
	/* A, AAAA and no SRV */
	assert_int_equal(b->dns->n_udp, 2);
}

/* MSRP-74, ABN-13: each address in its turn. */
static void test_several_addresses(void **state)
{
	struct bed *b = *state;

	dns_server_host(b->dns, "client.test", "127.0.0.77");
	dns_server_host(b->dns, "client.test", "127.0.0.78");
	dns_server_host(b->dns, "client.test", "127.0.0.1");
	assert_int_equal(offers(b, "client.test", "client.test", "", ""), 200);
	is_connected(b);
}

static void test_all_addresses_fail(void **state)
{
	struct bed *b = *state;

	dns_server_host(b->dns, "client.test", "127.0.0.77");
	dns_server_host(b->dns, "client.test", "127.0.0.77");
	assert_int_equal(offers(b, "client.test", "client.test", "", ""), 200);
	sip_user_ack(&b->a);
	scene_run(b->s, 9000);
	assert_true(scene_sip_none(b->s, PORT_SEND, "BYE"));
	scene_run(b->s, 2000);
	scene_sip(b->s, PORT_SEND, "BYE");
}

static void test_no_such_name(void **state)
{
	struct bed *b = *state;

	assert_int_equal(offers(b, "none.test", "none.test", "", ""), 200);
	is_ended(b, "cause=480", "no such name");
}

static void test_dns_fails(void **state)
{
	struct bed *b = *state;

	b->dns->silent = true;
	assert_int_equal(offers(b, "a.test", "a.test", "", ""), 200);
	sip_user_ack(&b->a);
	scene_run(b->s, 1999);
	assert_true(scene_sip_none(b->s, PORT_SEND, "BYE"));
	scene_run(b->s, 1);
	is_ended(b, "cause=480", "no answer from the name servers");
}

/* SDP-12: c= is another host than the path's. */
static void test_other_host(void **state)
{
	struct bed *b = *state;

	dns_server_host(b->dns, "client.test", "127.0.0.1");
	assert_int_equal(offers(b, "client.test", "192.0.2.1", "", ""), 200);
	is_ended(b, "Reason: SIP", "c= does not name the host");
	dns_server_host(b->dns, "same.test", "127.0.0.1");
	dns_server_host(b->dns, "other.test", "192.0.2.1");
	assert_int_equal(offers(b, "client.test", "other.test", "", ""), 200);
	is_ended(b, "Reason: SIP", "c= does not name the host");
	assert_int_equal(offers(b, "127.0.0.1", "same.test", "", ""), 200);
	is_connected(b);
}

static void test_unknown_host_in_c(void **state)
{
	struct bed *b = *state;

	assert_int_equal(offers(b, "127.0.0.1", "none.test", "", ""), 200);
	is_ended(b, "Reason: SIP", "no such name");
}

/* SDP-11: a=msrp-cema with a name in c= */
static void test_cema(void **state)
{
	struct bed *b = *state;

	dns_server_host(b->dns, "relay.test", "127.0.0.1");
	assert_int_equal(
	    offers(b, "198.51.100.7", "relay.test", "", "a=msrp-cema\r\n"),
	    200);
	is_connected(b);
}

/* He goes, or comes by himself, while his name is being looked for. */
static void test_meanwhile(void **state)
{
	struct bed *b = *state;

	b->dns->silent = true;
	assert_int_equal(offers(b, "a.test", "a.test", "", ""), 200);
	sip_user_ack(&b->a);
	scene_run(b->s, 10);
	sip_user_bye(&b->a);
	scene_run(b->s, 60000);
	assert_int_equal(b->dns->n_udp, 2);
	assert_true(scene_sip_none(b->s, PORT_SEND, "BYE"));
	/* the last one is asking when all ends */
	sip_user_done(&b->a);
	sip_user_init(&b->a, b->s, "bob", ROOM);
	assert_int_equal(offers(b, "b.test", "b.test", "", ""), 200);
	sip_user_ack(&b->a);
}

/* --- INVITEs of ours --- */

static void dials(struct bed *b, const char *uri)
{
	struct port_msg m = port_msg(PORT_REQUEST);
	struct sip_user *u = &b->a;

	if (!u->msrp)
		sip_user_join(u, b->s, "alice", ROOM, "a=chatroom\r\n");
	m.dlg = u->dlg;
	m.cseq = ++u->cseq;
	m.req = ++b->s->ids;
	m.f[PORT_F_METHOD] = STR("REFER");
	m.f[PORT_F_RURI] = STR(ROOM);
	m.f[PORT_F_FROM] = STR("<sip:alice@sip.test>;tag=1");
	m.f[PORT_F_PEER] = STR("127.0.0.1:5099");
	m.f[PORT_F_REFER_TO] = str_z(uri);
	scene_sip_event(b->s, &m);
	assert_int_equal(scene_sip(b->s, PORT_ANSWER, NULL).status, 200);
}

/* The INVITE goes there, whoever answers. */
static struct port_msg goes_to(struct bed *b, const char *route)
{
	struct port_msg m = scene_sip(b->s, PORT_DIAL, NULL);

	assert_true(str_eq(m.f[PORT_F_ROUTE], str_z(route)));
	assert_true(str_starts(m.f[PORT_F_RURI], STR("sip:")));
	return m;
}

static void answers(struct bed *b, const char *route, int status)
{
	struct port_msg m = goes_to(b, route);

	scene_sip_response(b->s, &m, status);
}

/* What came of it, as the one hears who asked for it. */
static void is_told(struct bed *b, const char *fragment)
{
	scene_run(b->s, 1000);
	for (int i = 0; i < 3; i++) {
		struct port_msg m = scene_sip(b->s, PORT_SEND, "NOTIFY");

		scene_sip_response(b->s, &m, 200);
		scene_run(b->s, 1000);
		if (has(m.f[PORT_F_BODY], fragment))
			return;
	}
	fail();
}

/* SIP-2: SRV records, several hosts, addresses; 503 and silence go on to the
 * next one, anything else is the outcome. */
static void test_dial_srv(void **state)
{
	struct bed *b = *state;

	dns_server_srv(b->dns, "_sip._tcp.sip.test", 2, 0, 5070, "b.test");
	dns_server_srv(b->dns, "_sip._tcp.sip.test", 1, 0, 5080, "a.test");
	dns_server_host(b->dns, "a.test", "127.0.0.2");
	dns_server_host(b->dns, "a.test", "127.0.0.3");
	dns_server_host(b->dns, "b.test", "127.0.0.4");
	dials(b, "<sip:bob@sip.test>");
	answers(b, "sip:127.0.0.2:5080;transport=tcp", 503);
	answers(b, "sip:127.0.0.3:5080;transport=tcp", 408);
	answers(b, "sip:127.0.0.4:5070;transport=tcp", 503);
	assert_true(scene_sip_none(b->s, PORT_DIAL, NULL));
	is_told(b, "SIP/2.0 503");
	dials(b, "<sip:bob@sip.test>");
	answers(b, "sip:127.0.0.2:5080;transport=tcp", 486);
	assert_true(scene_sip_none(b->s, PORT_DIAL, NULL));
	is_told(b, "SIP/2.0 486");
}

/* SIP-2: the transport by NAPTR, by the URI, or none but the address; with a
 * port no SRV. */
static void test_dial_transports(void **state)
{
	struct bed *b = *state;

	dns_server_naptr(b->dns, "n.test", 1, 1, "s", "SIPS+D2T",
			 "_sips.n.test");
	dns_server_naptr(b->dns, "n.test", 1, 2, "s", "SIP+D2T", "here.n.test");
	dns_server_srv(b->dns, "here.n.test", 1, 0, 5070, "a.test");
	dns_server_srv(b->dns, "_sip._udp.n.test", 1, 0, 5090, "a.test");
	dns_server_host(b->dns, "a.test", "127.0.0.2");
	dials(b, "<sip:bob@n.test>");
	goes_to(b, "sip:127.0.0.2:5070;transport=tcp");
	dials(b, "<sip:carol@n.test;transport=udp>");
	goes_to(b, "sip:127.0.0.2:5090;transport=udp");
	dials(b, "<sip:bob@a.test>");
	goes_to(b, "sip:127.0.0.2");
	dials(b, "<sip:carol@a.test:99;transport=tcp>");
	goes_to(b, "sip:127.0.0.2:99;transport=tcp");
	/* TLS wants the name, which the SIP process resolves */
	dials(b, "<sips:dan@a.test>");
	assert_int_equal(scene_sip(b->s, PORT_DIAL, NULL).f[PORT_F_ROUTE].n, 0);
}

/* DNS-3, RFC 5922 §7.1: what only speaks TLS is reached by it, under the name
 * of the domain, wherever its records lead. */
static void test_dial_tls(void **state)
{
	struct bed *b = *state;

	dns_server_srv(b->dns, "_sips._tcp.s.test", 1, 0, 5071, "a.test");
	dns_server_srv(b->dns, "_sips._tcp.s.test", 2, 0, 5072, "six.test");
	dns_server_naptr(b->dns, "n.test", 1, 1, "s", "SIPS+D2T", "tls.n.test");
	dns_server_naptr(b->dns, "n.test", 1, 2, "s", "SIP+D2T", "tcp.n.test");
	dns_server_srv(b->dns, "tls.n.test", 1, 0, 5073, "a.test");
	dns_server_srv(b->dns, "tcp.n.test", 1, 0, 5074, "a.test");
	dns_server_srv(b->dns, "_sips._tcp.both.test", 1, 0, 5075, "a.test");
	dns_server_srv(b->dns, "_sip._tcp.both.test", 1, 0, 5076, "a.test");
	dns_server_host(b->dns, "a.test", "127.0.0.2");
	dns_server_host(b->dns, "six.test", "::2");
	dials(b, "<sip:bob@S.test>");
	/* as where the certificate is wrong */
	answers(b, "sip:S.test:5071;maddr=127.0.0.2;transport=tls", 503);
	answers(b, "sip:S.test:5072;maddr=[::2];transport=tls", 503);
	assert_true(scene_sip_none(b->s, PORT_DIAL, NULL));
	is_told(b, "SIP/2.0 503");
	/* the domain's order, or where it has none the one of the SIP URI */
	dials(b, "<sip:bob@n.test>");
	answers(b, "sip:n.test:5073;maddr=127.0.0.2;transport=tls", 503);
	is_told(b, "SIP/2.0 503");
	dials(b, "<sip:bob@both.test>");
	goes_to(b, "sip:127.0.0.2:5076;transport=tcp");
	assert_true(scene_sip_none(b->s, PORT_DIAL, NULL));
}

static void leads_nowhere(struct bed *b, const char *to)
{
	dials(b, to);
	is_told(b, "SIP/2.0 404 No Such Host");
}

/* Nothing goes in clear where the records name TLS alone: neither where they
 * lead nowhere nor where we speak none. */
static void only_tls(struct bed *b)
{
	dns_server_srv(b->dns, "_sips._tcp.x.test", 0, 0, 0, "");
	dns_server_naptr(b->dns, "n.test", 1, 1, "s", "SIPS+D2T", "no.n.test");
	dns_server_host(b->dns, "x.test", "127.0.0.2");
	dns_server_host(b->dns, "n.test", "127.0.0.2");
	leads_nowhere(b, "<sip:bob@x.test>");
	leads_nowhere(b, "<sip:bob@n.test>");
	assert_true(scene_sip_none(b->s, PORT_DIAL, NULL));
}

static void test_dial_only_tls(void **state)
{
	only_tls(*state);
}

static void test_dial_without_tls(void **state)
{
	struct bed *b = *state;

	dns_server_srv(b->dns, "_sips._tcp.s.test", 1, 0, 5071, "a.test");
	dns_server_host(b->dns, "a.test", "127.0.0.2");
	dns_server_host(b->dns, "s.test", "127.0.0.2");
	leads_nowhere(b, "<sip:bob@s.test>");
	only_tls(b);
	/* clear is offered as well */
	dns_server_naptr(b->dns, "m.test", 1, 1, "s", "SIPS+D2T", "tls.m.test");
	dns_server_srv(b->dns, "_sip._udp.m.test", 1, 0, 5070, "a.test");
	dials(b, "<sip:bob@m.test>");
	goes_to(b, "sip:127.0.0.2:5070;transport=udp");
}

/* DNS-5: no service here, or its hosts are not there: no address is tried. */
static void test_dial_refused_service(void **state)
{
	struct bed *b = *state;

	dns_server_srv(b->dns, "_sip._udp.sip.test", 0, 0, 0, "");
	dns_server_srv(b->dns, "_sip._udp.x.test", 0, 0, 5060, "none.test");
	dns_server_host(b->dns, "sip.test", "127.0.0.2");
	dns_server_host(b->dns, "x.test", "127.0.0.2");
	leads_nowhere(b, "<sip:bob@sip.test>");
	leads_nowhere(b, "<sip:bob@x.test>");
	assert_true(scene_sip_none(b->s, PORT_DIAL, NULL));
}

/* No such name is 404; if that can't be known, 504. */
static void test_dial_nowhere(void **state)
{
	struct bed *b = *state;

	leads_nowhere(b, "<sip:bob@none.test>");
	b->dns->status = 2;
	dials(b, "<sip:bob@other.test>");
	is_told(b, "SIP/2.0 504 ");
	assert_true(scene_sip_none(b->s, PORT_DIAL, NULL));
}

/* The room ends while the name is being looked for. */
static void test_dial_given_up(void **state)
{
	struct bed *b = *state;

	dials(b, "<sip:bob@10.0.0.9>"); /* joins first */
	scene_sip(b->s, PORT_DIAL, NULL);
	b->dns->silent = true;
	dials(b, "<sip:bob@slow.test>");
	sip_user_bye(&b->a);
	scene_run(b->s, 60000);
	assert_true(scene_sip_none(b->s, PORT_DIAL, NULL));
	/* the other one only */
	scene_sip(b->s, PORT_HANG_UP, NULL);
	assert_true(scene_sip_none(b->s, PORT_HANG_UP, NULL));
	is_told(b, "SIP/2.0 410 Gone");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_name),
	    TEST(test_several_addresses),
	    TEST(test_no_such_name),
	    TEST(test_all_addresses_fail),
	    TEST(test_dns_fails),
	    TEST(test_other_host),
	    TEST(test_unknown_host_in_c),
	    TEST(test_cema),
	    TEST(test_meanwhile),
	    TEST(test_dial_srv),
	    TEST(test_dial_transports),
	    cmocka_unit_test_setup_teardown(test_dial_tls, setup_tls, teardown),
	    cmocka_unit_test_setup_teardown(test_dial_only_tls, setup_tls,
					    teardown),
	    TEST(test_dial_without_tls),
	    TEST(test_dial_refused_service),
	    TEST(test_dial_nowhere),
	    TEST(test_dial_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
