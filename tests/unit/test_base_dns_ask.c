/* The resolver with scripted servers and our own clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/dns.h"
#include "base/log.h"
#include "base/mem.h"
#include "tests/lib/dns_server.h"
#include "tests/lib/step.h"

#define SERVERS 2

struct bed {
	struct log log;
	uint64_t mono;
	struct loop *loop;
	struct dns_server *server[SERVERS];
	struct dns *dns;
	char files[2][64]; /* resolv.conf and hosts */
	/* the last answer */
	unsigned told;
	enum dns_status status;
	size_t n;
	char text[8][300]; /* of the records */
};

static uint64_t clock_now(void *user)
{
	return ((struct bed *)user)->mono;
}

static void write_file(char path[64], const char *text)
{
	FILE *f;

	strcpy(path, "/tmp/stox-dns-XXXXXX");
	f = fdopen(mkstemp(path), "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	struct bed *b = mem_new(sizeof(*b));
	struct clock clock = {clock_now, clock_now, b};
	struct addr servers[SERVERS];

	log_init(&b->log, LOG_ERROR, "test");
	b->mono = 5000;
	b->loop = loop_new(&b->log, &clock);
	for (size_t i = 0; i < SERVERS; i++) {
		b->server[i] = dns_server_new(b->loop);
		servers[i] = b->server[i]->addr;
	}
	write_file(b->files[0], "nameserver 127.0.0.1\n");
	write_file(b->files[1], "10.9.9.9 here.test\n");
	b->dns = dns_new(&(struct dns_cfg){.loop = b->loop,
					   .servers = servers,
					   .n_servers = SERVERS,
					   .resolv_conf = b->files[0],
					   .hosts = b->files[1],
					   .limits = {.entries = 3}});
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	dns_free(b->dns);
	for (size_t i = 0; i < SERVERS; i++) {
		if (b->server[i])
			dns_server_free(b->server[i]);
	}
	loop_free(b->loop);
	unlink(b->files[0]);
	unlink(b->files[1]);
	free(b);
	return 0;
}

static void later(struct bed *b, uint64_t ms)
{
	step_time(b->loop, &b->mono, ms);
}

static void tell(struct bed *b, enum dns_status status, size_t n)
{
	b->told++;
	b->status = status;
	b->n = n;
}

static void on_srv(void *user, const struct dns_answer *a)
{
	struct bed *b = user;

	tell(b, a->status, a->n);
	for (size_t i = 0; i < a->n && i < 8; i++)
		snprintf(b->text[i], sizeof(b->text[i]), "%.*s",
			 STR_ARG(a->record[i].srv.target));
}

static void on_naptr(void *user, const struct dns_answer *a)
{
	struct bed *b = user;

	tell(b, a->status, a->n);
	for (size_t i = 0; i < a->n && i < 8; i++)
		snprintf(b->text[i], sizeof(b->text[i]), "%.*s",
			 STR_ARG(a->record[i].naptr.service));
}

static void put_address(struct bed *b, size_t i, const struct addr *a)
{
	if (i < 8)
		addr_text(a, b->text[i]);
}

static void on_address(void *user, const struct dns_answer *a)
{
	struct bed *b = user;

	tell(b, a->status, a->n);
	for (size_t i = 0; i < a->n; i++)
		put_address(b, i, &a->record[i].addr);
}

static void on_lookup(void *user, enum dns_status status,
		      const struct addr *addr, size_t n)
{
	struct bed *b = user;

	tell(b, status, n);
	for (size_t i = 0; i < n; i++)
		put_address(b, i, &addr[i]);
}

/* The outcome must be there after ms, and not before. */
static void asks(struct bed *b, const char *name, enum dns_type type,
		 enum dns_status status, uint64_t ms)
{
	unsigned told = b->told;

	dns_ask(b->dns, str_z(name), type,
		type == DNS_SRV	    ? on_srv
		: type == DNS_NAPTR ? on_naptr
				    : on_address,
		b);
	assert_int_equal(b->told, told);
	if (ms) {
		later(b, ms - 1);
		assert_int_equal(b->told, told);
		later(b, 1);
	}
	loop_settle(b->loop);
	assert_int_equal(b->told, told + 1);
	assert_int_equal(b->status, status);
}

static unsigned asked(const struct bed *b)
{
	return b->server[0]->n_udp + b->server[1]->n_udp;
}

static void test_found(void **state)
{
	struct bed *b = *state;

	dns_server_host(b->server[0], "a.test", "10.0.0.1");
	asks(b, "A.test.", DNS_A, DNS_FOUND, 0);
	assert_int_equal(b->n, 1);
	assert_string_equal(b->text[0], "10.0.0.1:0");
	/* kept for its 300 s */
	asks(b, "a.test", DNS_A, DNS_FOUND, 0);
	assert_int_equal(asked(b), 1);
	later(b, 299999);
	asks(b, "a.test", DNS_A, DNS_FOUND, 0);
	assert_int_equal(asked(b), 1);
	later(b, 1);
	asks(b, "a.test", DNS_A, DNS_FOUND, 0);
	assert_int_equal(asked(b), 2);
}

/* DNS-9 */
static void test_limits_of_keeping(void **state)
{
	struct bed *b = *state;

	dns_server_host(b->server[0], "short.test", "10.0.0.1");
	b->server[0]->records->ttl = 0;
	asks(b, "short.test", DNS_A, DNS_FOUND, 0);
	later(b, 29999);
	asks(b, "short.test", DNS_A, DNS_FOUND, 0);
	assert_int_equal(asked(b), 1);
	dns_server_host(b->server[0], "long.test", "10.0.0.1");
	b->server[0]->records->next->ttl = 0x7fffffff;
	asks(b, "long.test", DNS_A, DNS_FOUND, 0);
	later(b, 3600000);
	asks(b, "long.test", DNS_A, DNS_FOUND, 0);
	assert_int_equal(asked(b), 3);
	/* three at most: the one used longest ago goes */
	asks(b, "x.test", DNS_A, DNS_NO_NAME, 0);
	asks(b, "y.test", DNS_A, DNS_NO_NAME, 0);
	asks(b, "z.test", DNS_A, DNS_NO_NAME, 0);
	assert_int_equal(asked(b), 6);
	asks(b, "y.test", DNS_A, DNS_NO_NAME, 0);
	assert_int_equal(asked(b), 6);
	asks(b, "long.test", DNS_A, DNS_FOUND, 0);
	assert_int_equal(asked(b), 7);
}

/* DNS-9: what is not there, by the SOA's minimum, five minutes at most. */
static void test_nothing_is_kept_too(void **state)
{
	struct bed *b = *state;

	dns_server_host(b->server[0], "a.test", "10.0.0.1");
	asks(b, "none.test", DNS_A, DNS_NO_NAME, 0);
	asks(b, "a.test", DNS_AAAA, DNS_NO_DATA, 0);
	later(b, 59999);
	asks(b, "none.test", DNS_A, DNS_NO_NAME, 0);
	asks(b, "a.test", DNS_AAAA, DNS_NO_DATA, 0);
	assert_int_equal(asked(b), 2);
	later(b, 1);
	asks(b, "none.test", DNS_A, DNS_NO_NAME, 0);
	assert_int_equal(asked(b), 3);
	b->server[0]->negative_s = 800;
	asks(b, "long.test", DNS_A, DNS_NO_NAME, 0);
	later(b, 299999);
	asks(b, "long.test", DNS_A, DNS_NO_NAME, 0);
	assert_int_equal(asked(b), 4);
	later(b, 1);
	asks(b, "long.test", DNS_A, DNS_NO_NAME, 0);
	assert_int_equal(asked(b), 5);
	b->server[0]->forgets_soa = true;
	asks(b, "other.test", DNS_A, DNS_NO_NAME, 0);
	asks(b, "other.test", DNS_A, DNS_NO_NAME, 0);
	assert_int_equal(asked(b), 7);
}

/* DNS-9: what can't be known, 30 s; an old answer is better than none for an
 * hour. */
static void test_stale(void **state)
{
	struct bed *b = *state;

	dns_server_host(b->server[0], "a.test", "10.0.0.1");
	asks(b, "a.test", DNS_A, DNS_FOUND, 0);
	b->server[0]->status = b->server[1]->status = 2; /* SERVFAIL */
	later(b, 300000);
	asks(b, "a.test", DNS_A, DNS_FOUND, 0);
	assert_int_equal(asked(b), 5); /* each twice, in vain */
	asks(b, "a.test", DNS_A, DNS_FOUND, 0);
	assert_int_equal(asked(b), 5);
	later(b, 30000);
	asks(b, "a.test", DNS_A, DNS_FOUND, 0);
	assert_int_equal(asked(b), 9);
	later(b, 3570000);
	asks(b, "a.test", DNS_A, DNS_FAILED, 0);
	assert_int_equal(asked(b), 13);
	later(b, 29999);
	asks(b, "a.test", DNS_A, DNS_FAILED, 0);
	assert_int_equal(asked(b), 13);
	b->server[0]->status = 0;
	later(b, 1);
	asks(b, "a.test", DNS_A, DNS_FOUND, 0);
}

static void test_next_server(void **state)
{
	struct bed *b = *state;

	b->server[0]->silent = true;
	dns_server_host(b->server[1], "a.test", "10.0.0.1");
	dns_server_host(b->server[1], "b.test", "10.0.0.2");
	asks(b, "a.test", DNS_A, DNS_FOUND, 1000);
	/* the one that answered is asked first */
	asks(b, "b.test", DNS_A, DNS_FOUND, 0);
	assert_int_equal(b->server[0]->n_udp, 1);
	/* each twice, a second each */
	b->server[1]->silent = true;
	asks(b, "c.test", DNS_A, DNS_FAILED, 4000);
	assert_int_equal(b->server[0]->n_udp, 3);
	assert_int_equal(b->server[1]->n_udp, 4);
}

static void test_refusing_servers(void **state)
{
	struct bed *b = *state;

	dns_server_host(b->server[1], "a.test", "10.0.0.1");
	b->server[0]->status = 5;
	asks(b, "a.test", DNS_A, DNS_FOUND, 0);
	dns_reload(b->dns, &b->server[0]->addr, 1);
	asks(b, "a.test", DNS_A, DNS_FAILED, 0);
	b->server[0]->status = 0;
	b->server[0]->refers = true;
	dns_reload(b->dns, &b->server[0]->addr, 1);
	asks(b, "a.test", DNS_A, DNS_FAILED, 0);
}

static void test_nobody_there(void **state)
{
	struct bed *b = *state;

	dns_server_host(b->server[1], "a.test", "10.0.0.1");
	dns_server_free(b->server[0]);
	b->server[0] = NULL;
	dns_ask(b->dns, STR("a.test"), DNS_A, on_address, b);
	/* refused at once by the system, without a wait */
	loop_settle(b->loop);
	assert_int_equal(b->told, 1);
	assert_int_equal(b->status, DNS_FOUND);
}

static void test_plain_server(void **state)
{
	struct bed *b = *state;

	b->server[0]->plain = b->server[1]->plain = true;
	dns_server_host(b->server[0], "a.test", "10.0.0.1");
	asks(b, "a.test", DNS_A, DNS_FOUND, 0);
	assert_int_equal(asked(b), 3);
}

static void test_tcp(void **state)
{
	struct bed *b = *state;
	char host[32];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(host, sizeof(host), "10.0.1.%u", i);
		dns_server_host(b->server[0], "many.test", host);
	}
	b->server[0]->truncates = true;
	asks(b, "many.test", DNS_A, DNS_FOUND, 0);
	assert_int_equal(b->n, 100);
	assert_int_equal(b->server[0]->n_tcp, 1);
	assert_string_equal(b->text[7], "10.0.1.7:0");
	/* it does not answer there: the other server is asked, again over TCP
	 */
	b->server[0]->silent = false;
	dns_server_host(b->server[1], "b.test", "10.0.0.1");
	b->server[0]->status = 2;
	b->server[1]->truncates = true;
	asks(b, "b.test", DNS_A, DNS_FOUND, 0);
	assert_int_equal(b->server[0]->n_tcp, 2);
	assert_int_equal(b->server[1]->n_tcp, 1);
}

static void test_forged(void **state)
{
	struct bed *b = *state;

	b->server[0]->forged_first = true;
	dns_server_host(b->server[0], "a.test", "10.0.0.1");
	asks(b, "a.test", DNS_A, DNS_FOUND, 0);
	assert_int_equal(asked(b), 1);
	assert_string_equal(b->text[0], "10.0.0.1:0");
}

static void test_aliases(void **state)
{
	struct bed *b = *state;

	b->server[0]->forgets_soa = true;
	dns_server_alias(b->server[0], "a.test", "b.test");
	dns_server_alias(b->server[0], "b.test", "c.test");
	dns_server_host(b->server[0], "c.test", "10.0.0.3");
	b->server[0]->records->ttl = 40;
	asks(b, "a.test", DNS_A, DNS_FOUND, 0);
	assert_int_equal(asked(b), 3);
	/* as long as the shortest of them */
	later(b, 40000);
	asks(b, "a.test", DNS_A, DNS_FOUND, 0);
	assert_int_equal(asked(b), 6);
	/* in circles */
	dns_server_alias(b->server[0], "x.test", "y.test");
	dns_server_alias(b->server[0], "y.test", "x.test");
	asks(b, "x.test", DNS_A, DNS_FAILED, 0);
}

static void test_shared(void **state)
{
	struct bed *b = *state;
	struct dns_query *q[3];

	dns_server_host(b->server[0], "a.test", "10.0.0.1");
	for (int i = 0; i < 3; i++)
		q[i] = dns_ask(b->dns, STR("a.test"), DNS_A, on_address, b);
	dns_cancel(q[1]);
	loop_settle(b->loop);
	assert_int_equal(b->told, 2);
	assert_int_equal(asked(b), 1);
	/* one that nobody waits for any more is given up */
	b->server[0]->silent = true;
	dns_cancel(dns_ask(b->dns, STR("b.test"), DNS_A, on_address, b));
	q[0] = dns_ask(b->dns, STR("c.test"), DNS_A, on_address, b);
	later(b, 10);
	dns_cancel(q[0]);
	dns_cancel(dns_ask(b->dns, STR("a.test"), DNS_A, on_address, b));
	later(b, 10000);
	assert_int_equal(b->told, 2);
	assert_int_equal(asked(b), 2);
	dns_cancel(NULL);
	/* these are dropped with the resolver */
	dns_ask(b->dns, STR("a.test"), DNS_A, on_address, b);
	dns_ask(b->dns, STR("d.test"), DNS_A, on_address, b);
	dns_ask(b->dns, STR("d.test"), DNS_A, on_address, b);
}

static void test_names_that_are_none(void **state)
{
	struct bed *b = *state;

	asks(b, "no name", DNS_A, DNS_NO_NAME, 0);
	asks(b, "", DNS_SRV, DNS_NO_NAME, 0);
	asks(b, "x7.invalid", DNS_A, DNS_NO_NAME, 0);
	assert_int_equal(asked(b), 0);
}

/* DNS-6: by priority, then by chance as the weights say; anew for each who
 * asks, also where the answer was kept. */
static void test_srv(void **state)
{
	unsigned first[2] = {0, 0};
	struct bed *b = *state;

	dns_server_srv(b->server[0], "_sip._udp.test", 20, 0, 1, "last.test");
	dns_server_srv(b->server[0], "_sip._udp.test", 10, 10, 1, "ten.test");
	dns_server_srv(b->server[0], "_sip._udp.test", 10, 90, 1, "most.test");
	dns_server_srv(b->server[0], "_sip._udp.test", 10, 0, 1, "rare.test");
	dns_server_srv(b->server[0], "_sip._udp.test", 5, 0, 1, "best.test");
	for (int i = 0; i < 400; i++) {
		asks(b, "_sip._udp.test", DNS_SRV, DNS_FOUND, 0);
		assert_int_equal(b->n, 5);
		assert_string_equal(b->text[0], "best.test");
		assert_string_equal(b->text[4], "last.test");
		first[0] += strcmp(b->text[1], "most.test") == 0;
		first[1] += strcmp(b->text[1], "ten.test") == 0;
	}
	/* some 356 and 40 of 400 */
	assert_true(first[0] > 300);
	assert_in_range(first[1], 5, 99);
	assert_int_equal(asked(b), 1);
	/* the service is not there, which is for the asker to see */
	dns_server_srv(b->server[0], "_sips._tcp.test", 0, 0, 0, "");
	asks(b, "_sips._tcp.test", DNS_SRV, DNS_FOUND, 0);
	assert_string_equal(b->text[0], "");
}

static void test_naptr(void **state)
{
	struct bed *b = *state;

	dns_server_naptr(b->server[0], "a.test", 20, 1, "s", "SIP+D2U", "");
	dns_server_naptr(b->server[0], "a.test", 10, 9, "s", "SIP+D2T", "");
	dns_server_naptr(b->server[0], "a.test", 10, 2, "s", "SIPS+D2T", "");
	asks(b, "a.test", DNS_NAPTR, DNS_FOUND, 0);
	assert_string_equal(b->text[0], "SIPS+D2T");
	assert_string_equal(b->text[1], "SIP+D2T");
	assert_string_equal(b->text[2], "SIP+D2U");
}

static void looks_up(struct bed *b, const char *host, enum dns_status status)
{
	unsigned told = b->told;

	dns_lookup(b->dns, str_z(host), on_lookup, b);
	assert_int_equal(b->told, told);
	loop_settle(b->loop);
	assert_int_equal(b->told, told + 1);
	assert_int_equal(b->status, status);
}

static void test_lookup(void **state)
{
	struct bed *b = *state;

	dns_server_host(b->server[0], "a.test", "127.0.0.1");
	dns_server_host(b->server[0], "a.test", "127.0.0.2");
	dns_server_host(b->server[0], "a.test", "::1");
	dns_server_host(b->server[0], "six.test", "::1");
	dns_server_srv(b->server[0], "srv.test", 0, 0, 0, "a.test");
	looks_up(b, "a.test", DNS_FOUND);
	assert_int_equal(b->n, 3);
	looks_up(b, "six.test", DNS_FOUND);
	assert_string_equal(b->text[0], "[::1]:0");
	looks_up(b, "10.0.0.9", DNS_FOUND);
	assert_string_equal(b->text[0], "10.0.0.9:0");
	looks_up(b, "[2001:db8::1]", DNS_FOUND);
	assert_string_equal(b->text[0], "[2001:db8::1]:0");
	looks_up(b, "none.test", DNS_NO_NAME);
	looks_up(b, "srv.test", DNS_NO_DATA);
	assert_int_equal(b->n, 0);
	b->server[0]->status = b->server[1]->status = 2;
	looks_up(b, "fail.test", DNS_FAILED);
	dns_lookup_cancel(dns_lookup(b->dns, STR("b.test"), on_lookup, b));
	dns_lookup_cancel(dns_lookup(b->dns, STR("::1"), on_lookup, b));
	dns_lookup_cancel(NULL);
	loop_settle(b->loop);
	assert_int_equal(b->told, 7);
}

static void test_hosts_file(void **state)
{
	struct bed *b = *state;
	FILE *f;

	looks_up(b, "Here.test", DNS_FOUND);
	assert_int_equal(b->n, 1);
	assert_string_equal(b->text[0], "10.9.9.9:0");
	asks(b, "here.test", DNS_AAAA, DNS_NO_DATA, 0);
	assert_int_equal(asked(b), 0);
	asks(b, "here.test", DNS_SRV, DNS_NO_NAME, 0);
	assert_int_equal(asked(b), 1);
	f = fopen(b->files[1], "w");
	assert_non_null(f);
	fputs("10.9.9.8 here.test\n", f);
	fclose(f);
	dns_reload(b->dns, NULL, 0);
	looks_up(b, "here.test", DNS_FOUND);
	assert_string_equal(b->text[0], "10.9.9.8:0");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_found),
	    TEST(test_limits_of_keeping),
	    TEST(test_stale),
	    TEST(test_nothing_is_kept_too),
	    TEST(test_next_server),
	    TEST(test_refusing_servers),
	    TEST(test_nobody_there),
	    TEST(test_plain_server),
	    TEST(test_tcp),
	    TEST(test_forged),
	    TEST(test_aliases),
	    TEST(test_shared),
	    TEST(test_names_that_are_none),
	    TEST(test_srv),
	    TEST(test_naptr),
	    TEST(test_lookup),
	    TEST(test_hosts_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
