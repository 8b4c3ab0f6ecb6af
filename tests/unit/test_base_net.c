#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/net.h"

static void check_addr(const char *in, const char *text, uint16_t port)
{
	struct addr a;
	char z[ADDR_TEXT_MAX];

	assert_int_equal(addr_parse(str_z(in), &a), 0);
	assert_string_equal(addr_text(&a, z), text);
	assert_int_equal(addr_port(&a), port);
}

static void addresses_as_text_and_back(void **state)
{
	static const char *const bad[] = {
	    "",
	    "127.0.0.1",
	    "127.0.0.1:",
	    "127.0.0.1:x",
	    ":80",
	    "[::1]",
	    "::1:80",
	    "[127.0.0.1]:80",
	    "localhost:80",
	    "127.0.0.1:65536",
	    "[::1:80",
	    "[]:80",
	    "1.2.3.256:1",
	};
	struct addr a;

	(void)state;
	check_addr("127.0.0.1:5347", "127.0.0.1:5347", 5347);
	check_addr("[::1]:5347", "[::1]:5347", 5347);
	check_addr("[0:0::1]:0", "[::1]:0", 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(addr_parse(str_z(bad[i]), &a), ERR_SYNTAX);
	assert_int_equal(addr_parse(STR("1.2.3.4\0:80"), &a), ERR_SYNTAX);
}

static void listen_specs(void **state)
{
	struct listen_spec spec;

	(void)state;
	assert_int_equal(listen_spec_parse(STR("tcp:127.0.0.1:2855"), &spec),
			 0);
	assert_int_equal(spec.transport, TRANSPORT_TCP);
	assert_string_equal(spec.host, "127.0.0.1");
	assert_int_equal(spec.port, 2855);
	assert_int_equal(addr_port(&spec.addr), 2855);
	assert_int_equal(listen_spec_parse(STR("tls:[::1]:2856"), &spec), 0);
	assert_string_equal(transport_name(spec.transport), "tls");
	assert_string_equal(spec.host, "::1");
	assert_int_equal(listen_spec_parse(STR("udp:0.0.0.0:5060"), &spec), 0);
	assert_string_equal(transport_name(spec.transport), "udp");
	assert_int_equal(listen_spec_parse(STR("sctp:1.2.3.4:1"), &spec),
			 ERR_SYNTAX);
	assert_int_equal(listen_spec_parse(STR("tcp"), &spec), ERR_SYNTAX);
	assert_int_equal(listen_spec_parse(STR("tcp:host:1"), &spec),
			 ERR_SYNTAX);
	assert_int_equal(spec.port, 5060); /* untouched on failure */
}

static bool same(const char *a, const char *b)
{
	struct addr x, y;

	assert_int_equal(addr_parse(str_z(a), &x), 0);
	assert_int_equal(addr_parse(str_z(b), &y), 0);
	return addr_same_host(&x, &y);
}

static void hosts_compare_without_port(void **state)
{
	struct addr none = {0};

	(void)state;
	assert_true(same("10.0.0.1:1", "10.0.0.1:2"));
	assert_false(same("10.0.0.1:1", "10.0.0.2:1"));
	assert_true(same("[::ffff:10.0.0.1]:1", "10.0.0.1:2"));
	assert_true(same("[fe80::1]:1", "[fe80:0::1]:1"));
	assert_false(same("[::1]:1", "127.0.0.1:1"));
	assert_false(addr_same_host(&none, &none));
}

static bool has(const char *block, const char *host)
{
	struct cidr c;
	struct addr a;

	assert_int_equal(cidr_parse(str_z(block), &c), 0);
	assert_int_equal(addr_parse(str_z(host), &a), 0);
	return cidr_has(&c, &a);
}

static void address_blocks(void **state)
{
	static const char *const bad[] = {
	    "",	       "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1",
	    "::1/129", "10.0.0/8",    "[::1]/128", "::ffff:10.0.0.0/95"};
	struct cidr c;

	(void)state;
	assert_true(has("10.0.0.0/8", "10.255.1.2:5060"));
	assert_false(has("10.0.0.0/8", "11.0.0.1:5060"));
	assert_true(has("192.168.4.0/22", "192.168.7.255:1"));
	assert_false(has("192.168.4.0/22", "192.168.8.0:1"));
	assert_true(has("127.0.0.1", "127.0.0.1:9"));
	assert_false(has("127.0.0.1", "127.0.0.2:9"));
	assert_true(has("0.0.0.0/0", "1.2.3.4:1"));
	assert_false(has("0.0.0.0/0", "[2001:db8::1]:1"));
	assert_true(has("::1/128", "[::1]:1"));
	assert_true(has("2001:db8::/33", "[2001:db8:7fff::1]:1"));
	assert_false(has("2001:db8::/33", "[2001:db8:8000::1]:1"));
	assert_true(has("10.0.0.0/8", "[::ffff:10.1.2.3]:1"));
	assert_true(has("::ffff:10.0.0.0/104", "10.1.2.3:1"));
	assert_false(has("::/0", "10.1.2.3:1"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(cidr_parse(str_z(bad[i]), &c), ERR_SYNTAX);
}

static void listens(void **state)
{
	struct addr a, bound = {0};
	int fd, client;

	(void)state;
	assert_int_equal(addr_parse(STR("127.0.0.1:0"), &a), 0);
	fd = net_listen_tcp(&a, 16);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	bound.len = sizeof(bound.in6);
	assert_int_equal(getsockname(fd, &bound.sa, &bound.len), 0);
	assert_true(addr_port(&bound) != 0);
	assert_int_equal(net_listen_tcp(&bound, 16), -EADDRINUSE);
	client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(client, &bound.sa, bound.len), 0);
	close(client);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses_as_text_and_back),
	    cmocka_unit_test(listen_specs),
	    cmocka_unit_test(hosts_compare_without_port),
	    cmocka_unit_test(address_blocks),
	    cmocka_unit_test(listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
