/* DNS messages as octets, and the files beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/dns_codec.h"
#include "base/dns_files.h"
#include "base/err.h"

/* "example.com", as it stands in a question and is pointed to by c0 0c */
#define EXAMPLE		    "\7example\3com\0"
#define HEAD(flags, an, ns) "\x12\x34" flags "\0\1\0" an "\0" ns "\0\0" EXAMPLE
#define QUESTION(type)	    "\0" type "\0\1"
#define TTL(s)		    "\0\0\0" s

static struct dns_reply got;
static struct arena *arena;

static int read_as(struct str bytes, enum dns_type type)
{
	char *exact = malloc(bytes.n);
	int err;

	assert_non_null(exact);
	memcpy(exact, bytes.p, bytes.n);
	arena_free(arena);
	arena = arena_new(DNS_RECORDS_BYTES);
	err = dns_read_reply(str_of(exact, bytes.n), "example.com", type,
			     0x1234, arena, &got);
	free(exact);
	return err;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	arena = NULL;
	return 0;
}

static void host_is(size_t i, const char *text)
{
	char z[ADDR_TEXT_MAX];

	assert_string_equal(addr_text(&got.answer.record[i].addr, z), text);
}

static void test_names(void **state)
{
	char z[DNS_NAME_MAX + 1], longest[256];

	(void)state;
	assert_true(dns_name(STR("Example.COM."), z));
	assert_string_equal(z, "example.com");
	assert_true(dns_name(STR("_sip._udp.xn--nxasmq6b"), z));
	assert_false(dns_name(STR(""), z));
	assert_false(dns_name(STR("."), z));
	assert_false(dns_name(STR("a..b"), z));
	assert_false(dns_name(STR(".a"), z));
	assert_false(dns_name(STR("a b"), z));
	assert_false(dns_name(STR("a\\.b"), z));
	assert_false(dns_name(STR("caf\xc3\xa9.test"), z));
	assert_false(dns_name(STR("a\0b"), z));
	memset(longest, 'a', sizeof(longest));
	assert_true(dns_name(str_of(longest, 63), z));
	assert_false(dns_name(str_of(longest, 64), z));
	for (size_t i = 50; i < sizeof(longest); i += 50)
		longest[i] = '.';
	assert_true(dns_name(str_of(longest, 253), z));
	assert_false(dns_name(str_of(longest, 255), z));
}

static void test_query(void **state)
{
	struct buf b = BUF_INIT(512);

	(void)state;
	dns_put_query(&b, "example.com", DNS_AAAA, 0x1234, false);
	assert_true(
	    str_eq(buf_str(&b),
		   STR("\x12\x34\1\0\0\1\0\0\0\0\0\0" EXAMPLE "\0\x1c\0\1")));
	buf_clear(&b);
	dns_put_query(&b, "example.com", DNS_A, 0x1234, true);
	/* and an OPT record for 1232 octets */
	assert_true(str_ends(buf_str(&b), STR("\0\0\x29\x04\xd0\0\0\0\0\0\0")));
	buf_done(&b);
}

static void test_addresses(void **state)
{
	(void)state;
	assert_int_equal(
	    read_as(STR(HEAD("\x81\x80", "\2", "\0")
			    QUESTION("\1") "\xc0\x0c\0\1\0\1" TTL(
				"\x2a") "\0\4\x7f\0\0\1"
					"\xc0\x0c\0\1\0\1" TTL(
					    "\x21") "\0\4\x0a\1\2\3"),
		    DNS_A),
	    0);
	assert_int_equal(got.kind, DNS_REPLY_ANSWER);
	assert_int_equal(got.answer.status, DNS_FOUND);
	assert_int_equal(got.answer.n, 2);
	assert_int_equal(got.answer.ttl_s, 0x21);
	host_is(0, "127.0.0.1:0");
	host_is(1, "10.1.2.3:0");
	assert_int_equal(
	    read_as(STR(HEAD("\x81\x80", "\1", "\0")
			    QUESTION("\x1c") "\xc0\x0c\0\x1c\0\1" TTL(
				"\x2a") "\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0"
					"\0\0\1"),
		    DNS_AAAA),
	    0);
	host_is(0, "[2001:db8::1]:0");
}

static void test_srv(void **state)
{
	(void)state;
	/* the second record's target holds a space: it can't be meant */
	assert_int_equal(
	    read_as(STR(HEAD("\x81\x80", "\3", "\0")
			    QUESTION("\x21") "\xc0\x0c\0\x21\0\1" TTL(
				"\x2a") "\0\x0a\0\1\0\2\x13\xc4\1A\xc0\x0c"
					"\xc0\x0c\0\x21\0\1" TTL(
					    "\x2a") "\0\x0a\0\1\0\2\x13\xc4\1 "
						    "\xc0\x0c"
						    "\xc0\x0c\0\x21\0\1" TTL(
							"\x2a") "\0\7\0\0\0\0\0"
								"\0\0"),
		    DNS_SRV),
	    0);
	assert_int_equal(got.answer.n, 2);
	assert_int_equal(got.answer.record[0].srv.priority, 1);
	assert_int_equal(got.answer.record[0].srv.weight, 2);
	assert_int_equal(got.answer.record[0].srv.port, 5060);
	assert_true(
	    str_eq(got.answer.record[0].srv.target, STR("a.example.com")));
	assert_int_equal(got.answer.record[1].srv.target.n, 0);
}

static void test_naptr(void **state)
{
	const struct dns_record *r;

	(void)state;
	assert_int_equal(
	    read_as(STR(HEAD("\x81\x80", "\1", "\0")
			    QUESTION("\x23") "\xc0\x0c\0\x23\0\1" TTL(
				"\x2a") "\0\x14\0\1\0\2\1s"
					"\7SIP+D2U\0\4_sip\xc0\x0c"),
		    DNS_NAPTR),
	    0);
	r = got.answer.record;
	assert_int_equal(got.answer.n, 1);
	assert_int_equal(r->naptr.order, 1);
	assert_int_equal(r->naptr.preference, 2);
	assert_true(str_eq(r->naptr.flags, STR("s")));
	assert_true(str_eq(r->naptr.service, STR("SIP+D2U")));
	assert_int_equal(r->naptr.regexp.n, 0);
	assert_true(str_eq(r->naptr.replacement, STR("_sip.example.com")));
}

#define ALIAS "\xc0\x0c\0\5\0\1" TTL("\x0a") "\0\4\1b\xc0\x0c"

static void test_aliases(void **state)
{
	(void)state;
	assert_int_equal(
	    read_as(STR(HEAD("\x81\x80", "\2", "\0") QUESTION("\1") ALIAS
			"\1b\xc0\x0c\0\1\0\1" TTL("\x2a") "\0\4\x7f\0\0\1"),
		    DNS_A),
	    0);
	assert_int_equal(got.answer.n, 1);
	assert_int_equal(got.answer.ttl_s, 10);
	/* only the alias: its target is asked for */
	assert_int_equal(
	    read_as(STR(HEAD("\x81\x80", "\1", "\0") QUESTION("\1") ALIAS),
		    DNS_A),
	    0);
	assert_int_equal(got.kind, DNS_REPLY_ALIAS);
	assert_string_equal(got.alias, "b.example.com");
	assert_int_equal(got.alias_ttl_s, 10);
	/* an alias of itself */
	assert_int_equal(
	    read_as(STR(HEAD("\x81\x80", "\1", "\0") QUESTION(
			"\1") "\xc0\x0c\0\5\0\1" TTL("\x0a") "\0\2\xc0\x0c"),
		    DNS_A),
	    0);
	assert_int_equal(got.kind, DNS_REPLY_REFUSED);
	/* an address of somebody else is no answer */
	assert_int_equal(
	    read_as(
		STR(HEAD("\x81\x80", "\1", "\0") QUESTION(
		    "\1") "\1b\xc0\x0c\0\1\0\1" TTL("\x2a") "\0\4\x7f\0\0\1"),
		DNS_A),
	    0);
	assert_int_equal(got.answer.status, DNS_NO_DATA);
}

#define SOA                                                                    \
	"\xc0\x0c\0\6\0\1" TTL("\x3c") "\0\x18\xc0\x0c\xc0\x0c"                \
				       "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4"      \
				       "\0\0\0\x1e"

static void test_nothing(void **state)
{
	(void)state;
	assert_int_equal(
	    read_as(STR(HEAD("\x81\x83", "\0", "\1") QUESTION("\1") SOA),
		    DNS_A),
	    0);
	assert_int_equal(got.answer.status, DNS_NO_NAME);
	assert_int_equal(got.answer.ttl_s, 30);
	assert_int_equal(
	    read_as(STR(HEAD("\x81\x80", "\0", "\1") QUESTION("\1") SOA),
		    DNS_A),
	    0);
	assert_int_equal(got.answer.status, DNS_NO_DATA);
	assert_int_equal(
	    read_as(STR(HEAD("\x81\x83", "\0", "\0") QUESTION("\1")), DNS_A),
	    0);
	assert_int_equal(got.answer.status, DNS_NO_NAME);
	assert_int_equal(got.answer.ttl_s, 0);
	/* other servers in place of an answer */
	assert_int_equal(
	    read_as(STR(HEAD("\x81\x00", "\0", "\1") QUESTION(
			"\1") "\xc0\x0c\0\2\0\1" TTL("\x2a") "\0\2\xc0\x0c"),
		    DNS_A),
	    0);
	assert_int_equal(got.kind, DNS_REPLY_REFUSED);
	assert_int_equal(
	    read_as(STR(HEAD("\x81\x82", "\0", "\0") QUESTION("\1")), DNS_A),
	    0);
	assert_int_equal(got.kind, DNS_REPLY_REFUSED);
	assert_int_equal(
	    read_as(STR(HEAD("\x83\x80", "\1", "\0") QUESTION("\1") "\xc0"),
		    DNS_A),
	    0);
	assert_int_equal(got.kind, DNS_REPLY_TRUNCATED);
}

static void test_hostile(void **state)
{
	static const char whole[] = HEAD("\x81\x80", "\1", "\0")
	    QUESTION("\1") "\xc0\x0c\0\1\0\1" TTL("\x2a") "\0\4\x7f\0\0\1";
	const size_t n = sizeof(whole) - 1;
	char bent[sizeof(whole)];

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_int_not_equal(read_as(str_of(whole, i), DNS_A), 0);
	assert_int_equal(read_as(str_of(whole, n), DNS_A), 0);
	/* another id, question, type; no reply at all */
	assert_int_equal(read_as(str_of(whole, n), DNS_AAAA), ERR_STATE);
	for (size_t i = 0; i < 25; i++) {
		memcpy(bent, whole, sizeof(bent));
		bent[i] ^= (char)(i == 2 ? 0x80 : 1);
		if (i < 2 || i == 2 || i == 5 || i >= 12)
			assert_int_equal(read_as(str_of(bent, n), DNS_A),
					 ERR_STATE);
		else
			read_as(str_of(bent, n), DNS_A);
	}
	/* a name that points to itself, and more records than there are */
	assert_int_equal(
	    read_as(STR(HEAD("\x81\x80", "\1", "\0") QUESTION(
			"\1") "\xc0\x1d\0\1\0\1" TTL("\x2a") "\0\4\x7f\0\0\1"),
		    DNS_A),
	    ERR_SYNTAX);
	assert_int_equal(
	    read_as(STR(HEAD("\x81\x80", "\xff", "\0") QUESTION("\1")), DNS_A),
	    ERR_SYNTAX);
	/* an address of three octets */
	read_as(STR(HEAD("\x81\x80", "\1", "\0") QUESTION(
		    "\1") "\xc0\x0c\0\1\0\1" TTL("\x2a") "\0\3\x7f\0\0"),
		DNS_A);
	assert_int_equal(got.answer.n, 0);
}

static void test_files(void **state)
{
	struct addr servers[4];
	struct dns_hosts *h;
	const struct dns_host *it = NULL;
	const struct addr *a;
	char z[ADDR_TEXT_MAX];
	size_t n = dns_read_resolv_conf(
	    STR("# nameserver 10.0.0.9\nsearch example.org\n"
		"nameserver 10.0.0.1\n nameserver\t::1 # ours\n"
		"nameserver fe80::1%lo\nnameserver name\nnameserver\n"
		"nameserver 10.0.0.2\r\nnameserver 10.0.0.3"),
	    servers, 4);

	(void)state;
	assert_int_equal(n, 4);
	assert_string_equal(addr_text(&servers[0], z), "10.0.0.1:53");
	assert_string_equal(addr_text(&servers[1], z), "[::1]:53");
	assert_string_equal(addr_text(&servers[2], z), "[fe80::1]:53");
	assert_int_not_equal(servers[2].in6.sin6_scope_id, 0);
	assert_string_equal(addr_text(&servers[3], z), "10.0.0.2:53");

	h = dns_hosts_read(STR("127.0.0.1 localhost\n"
			       "10.0.0.5\tA.Example.org a # b.example.org\n"
			       "junk c\n2001:db8::5 a.example.org\n"));
	a = dns_hosts_next(h, "a.example.org", &it);
	assert_string_equal(addr_text(a, z), "10.0.0.5:0");
	a = dns_hosts_next(h, "a.example.org", &it);
	assert_string_equal(addr_text(a, z), "[2001:db8::5]:0");
	assert_null(dns_hosts_next(h, "a.example.org", &it));
	it = NULL;
	assert_null(dns_hosts_next(h, "b.example.org", &it));
	assert_null(dns_hosts_next(h, "c", &it));
	dns_hosts_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),     cmocka_unit_test(test_query),
	    cmocka_unit_test(test_addresses), cmocka_unit_test(test_srv),
	    cmocka_unit_test(test_naptr),     cmocka_unit_test(test_aliases),
	    cmocka_unit_test(test_nothing),   cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
