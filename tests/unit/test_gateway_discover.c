/* Which protocol a domain speaks, with a scripted name server and our own
 * clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/err.h"
#include "gateway/discover.h"
#include "gateway/probe.h"
#include "tests/lib/dns_server.h"
#include "tests/lib/step.h"
#include "tests/lib/xmlin.h"

struct bed {
	struct log log;
	uint64_t mono;
	struct loop *loop;
	struct dns_server *server;
	struct dns *dns;
	struct discover *d;
	bool link;	/* there is a stream for queries */
	int no_link;	/* why not */
	char asked[64]; /* the id of the last query */
	unsigned n_asked;
	/* the last answer */
	unsigned told;
	enum speaks speaks;
	struct discovered step[16];
	size_t n_steps;
};

static uint64_t clock_now(void *user)
{
	return ((struct bed *)user)->mono;
}

static int ask(void *user, struct str domain, struct str id)
{
	struct bed *b = user;

	(void)domain;
	snprintf(b->asked, sizeof(b->asked), "%.*s", STR_ARG(id));
	b->n_asked += b->link;
	return b->link ? 0 : b->no_link;
}

static int setup(void **state)
{
	struct bed *b = mem_new(sizeof(*b));
	struct clock clock = {clock_now, clock_now, b};

	log_init(&b->log, LOG_ERROR, "test");
	b->no_link = ERR_UNSUPPORTED;
	b->mono = 5000;
	b->loop = loop_new(&b->log, &clock);
	b->server = dns_server_new(b->loop);
	b->dns = dns_new(&(struct dns_cfg){.loop = b->loop,
					   .servers = &b->server->addr,
					   .n_servers = 1,
					   .resolv_conf = "/dev/null",
					   .hosts = "/dev/null"});
	b->d = discover_new(&(struct discover_cfg){
	    .loop = b->loop, .dns = b->dns, .ask = ask, .user = b, .max = 2});
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	discover_free(b->d);
	dns_free(b->dns);
	dns_server_free(b->server);
	loop_free(b->loop);
	free(b);
	return 0;
}

static void later(struct bed *b, uint64_t ms)
{
	step_time(b->loop, &b->mono, ms);
}

static void on_found(void *user, enum speaks speaks,
		     const struct discovered *step, size_t n)
{
	struct bed *b = user;

	b->told++;
	b->speaks = speaks;
	b->n_steps = n;
	memcpy(b->step, step, n * sizeof(*step));
}

static void begin(struct bed *b, const char *domain)
{
	unsigned told = b->told;

	assert_non_null(discover(b->d, str_z(domain), on_found, b));
	assert_int_equal(b->told, told); /* never from within */
	loop_settle(b->loop);
}

static void is(struct bed *b, const char *domain, enum speaks speaks)
{
	unsigned told = b->told;

	begin(b, domain);
	assert_int_equal(b->told, told + 1);
	assert_int_equal(b->speaks, speaks);
}

static void srv(struct bed *b, const char *name, const char *target)
{
	dns_server_srv(b->server, name, 1, 1, 5060, target);
}

/* DNS-1, DNS-2, DNS-3: SIP's records, then XMPP's. */
static void test_records(void **state)
{
	struct bed *b = *state;

	dns_server_naptr(b->server, "naptr.test", 1, 1, "s", "SIP+D2T",
			 "_sip._tcp.naptr.test");
	srv(b, "_sips._tcp.tls.test", "h.test");
	srv(b, "_sip._tcp.tcp.test", "h.test");
	srv(b, "_sip._udp.udp.test", "h.test");
	srv(b, "_xmpp-server._tcp.xmpp.test", "h.test");
	srv(b, "_sip._udp.both.test", "h.test");
	srv(b, "_xmpp-server._tcp.both.test", "h.test");
	dns_server_naptr(b->server, "phone.test", 1, 1, "u", "E2U+sip", "");
	is(b, "naptr.test", SPEAKS_SIP);
	is(b, "tls.test", SPEAKS_SIP);
	is(b, "tcp.test", SPEAKS_SIP);
	is(b, "udp.test", SPEAKS_SIP);
	is(b, "xmpp.test", SPEAKS_XMPP);
	is(b, "both.test", SPEAKS_SIP);
	assert_string_equal(b->step[3].name, "_sip._udp.both.test");
	assert_string_equal(b->step[3].records, "1 1 5060 h.test.");
	assert_string_equal(discovered_text(&b->step[3]), "found");
	assert_string_equal(b->step[2].records, "");
	is(b, "phone.test", SPEAKS_NEITHER);
	is(b, "nothing.test", SPEAKS_NEITHER);
}

/* DNS-4: an address alone is SIP's, the last thing that is asked for. */
static void test_address(void **state)
{
	struct bed *b = *state;

	dns_server_host(b->server, "host.test", "10.0.0.9");
	dns_server_host(b->server, "six.test", "::9");
	is(b, "host.test", SPEAKS_SIP);
	assert_string_equal(b->step[b->n_steps - 2].what, "A");
	assert_string_equal(b->step[b->n_steps - 2].records, "10.0.0.9");
	is(b, "six.test", SPEAKS_SIP);
	assert_string_equal(b->step[b->n_steps - 1].records, "[::9]");
}

/* An address in the place of a name is nothing to ask anybody about. */
static void test_literal(void **state)
{
	struct bed *b = *state;

	b->link = true;
	b->server->silent = true;
	is(b, "192.0.2.1", SPEAKS_SIP);
	is(b, "[::1]", SPEAKS_SIP);
	assert_int_equal(b->n_steps, 0);
	assert_int_equal(b->server->n_udp, 0);
	assert_int_equal(b->n_asked, 0);
}

/* DNS-5: `.` stands for no such service, and then no address counts. */
static void test_refused(void **state)
{
	struct bed *b = *state;

	srv(b, "_sip._tcp.closed.test", ".");
	for (int i = 0; i < 20; i++)
		srv(b, "_sip._tcp.many.test", "a-long-name-of-a-host.test");
	dns_server_host(b->server, "closed.test", "10.0.0.9");
	is(b, "closed.test", SPEAKS_NEITHER);
	assert_string_equal(discovered_text(&b->step[2]),
			    "no such service here");
	is(b, "many.test", SPEAKS_SIP);
	assert_true(str_ends(str_z(b->step[2].records), STR(".test.; ...")));
	srv(b, "_sip._tcp.half.test", ".");
	srv(b, "_xmpp-server._tcp.half.test", "h.test");
	is(b, "half.test", SPEAKS_XMPP);
}

/* DNS-8: RFC 3861's names come after all others. */
static void test_im(void **state)
{
	struct bed *b = *state;

	srv(b, "_im._sip.a.test", "h.test");
	srv(b, "_pres._xmpp.b.test", "h.test");
	srv(b, "_im._sip.c.test", "h.test");
	srv(b, "_xmpp-server._tcp.c.test", "h.test");
	is(b, "a.test", SPEAKS_SIP);
	is(b, "b.test", SPEAKS_XMPP);
	is(b, "c.test", SPEAKS_XMPP);
}

/* DNS-10: no server that tells is another thing than no such name. */
static void test_failure(void **state)
{
	struct bed *b = *state;

	b->server->status = 2; /* SERVFAIL */
	begin(b, "x.test");
	later(b, 60000);
	assert_int_equal(b->told, 1);
	assert_int_equal(b->speaks, SPEAKS_UNKNOWN);
	b->server->status = 0;
	later(b, 60000);
	is(b, "x.test", SPEAKS_NEITHER);
}

static void answer(struct bed *b, const char *iq)
{
	struct arena *a = arena_new(65536);
	enum discover_reply reply;
	const struct xnode *n = xmlin_parse(a, str_z(iq));

	assert_non_null(n);
	assert_true(probe_read(n, &reply));
	assert_true(
	    discover_answer(b->d, str_z(b->asked), x_attr(n, "from"), reply));
	arena_free(a);
	loop_settle(b->loop);
}

/* While our streams are down it is not known, and nobody waits for that. */
static void test_unasked(void **state)
{
	struct bed *b = *state;

	b->no_link = ERR_GONE;
	dns_server_host(b->server, "muc.test", "10.0.0.5");
	is(b, "muc.test", SPEAKS_UNKNOWN);
	assert_true(b->step[b->n_steps - 1].unasked);
	assert_string_equal(discovered_text(&b->step[b->n_steps - 1]),
			    "not asked: no component stream is up");
	b->no_link = ERR_UNSUPPORTED;
	is(b, "muc.test", SPEAKS_SIP);
}

/* DNS-11: what its records leave open the domain itself tells. */
static void test_query(void **state)
{
	struct bed *b = *state;

	b->link = true;
	begin(b, "muc.test");
	assert_int_equal(b->told, 0);
	assert_int_equal(b->n_asked, 1);
	/* nobody else can answer for it */
	assert_false(discover_answer(b->d, str_z(b->asked), STR("evil.test"),
				     DISCOVER_CONFERENCE));
	answer(b, "<iq type='result' from='muc.test'><query "
		  "xmlns='http://jabber.org/protocol/disco#info'><identity "
		  "category='conference' type='text'/></query></iq>");
	assert_int_equal(b->speaks, SPEAKS_XMPP);
	is(b, "muc.test", SPEAKS_XMPP); /* known for a while */
	assert_int_equal(b->n_asked, 1);
	later(b, 601000);
	begin(b, "muc.test");
	assert_int_equal(b->n_asked, 2);
	answer(b, "<iq type='error' from='muc.test'><error type='cancel'>"
		  "<remote-server-not-found "
		  "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
	assert_int_equal(b->speaks, SPEAKS_NEITHER);
	/* a service of another sort is not what people look for */
	begin(b, "users.test");
	answer(b, "<iq type='result' from='users.test'><query "
		  "xmlns='http://jabber.org/protocol/disco#info'><identity "
		  "category='server' type='im'/></query></iq>");
	assert_int_equal(b->speaks, SPEAKS_NEITHER);
}

static void test_silence(void **state)
{
	struct bed *b = *state;

	b->link = true;
	dns_server_host(b->server, "host.test", "10.0.0.9");
	begin(b, "host.test");
	assert_int_equal(b->told, 0);
	later(b, 11000);
	assert_int_equal(b->speaks, SPEAKS_SIP);
	begin(b, "gone.test");
	later(b, 11000);
	assert_int_equal(b->speaks, SPEAKS_UNKNOWN);
}

static void test_limits(void **state)
{
	struct bed *b = *state;
	struct discovery *q[2];

	b->server->silent = true;
	q[0] = discover(b->d, STR("a.test"), on_found, b);
	q[1] = discover(b->d, STR("b.test"), on_found, b);
	assert_null(discover(b->d, STR("c.test"), on_found, b));
	discover_cancel(q[0]);
	discover_cancel(q[1]);
	b->server->silent = false;
	later(b, 60000);
	assert_int_equal(b->told, 0);
	is(b, "not a domain", SPEAKS_NEITHER);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_records), T(test_address), T(test_literal), T(test_refused),
	    T(test_im),	     T(test_failure), T(test_unasked), T(test_query),
	    T(test_silence), T(test_limits),
	};

	return cmocka_run_group_tests_name("gateway_discover", tests, NULL,
					   NULL);
}
