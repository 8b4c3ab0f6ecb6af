/* Names of hosts: where stoxd connects for MSRP. */
#include "callee.h"

#include <stdlib.h>

#include "base/dns.h"
#include "base/mem.h"
#include "tests/lib/dns_server.h"

#define ROOM "sip:r@chat.test"
#define DOMAIN                                                                 \
	"domain \"chat.test\" { secret = \"x\" rooms = local lock = no }\n"

struct bed {
	struct scene *s;
	struct dns_server *dns;
	struct sip_user a;
	struct callee c;
};

static int setup(void **state)
{
	struct bed *b = mem_new(sizeof(*b));

	b->s = scene_new(DOMAIN);
	b->dns = dns_server_new(b->s->loop);
	dns_reload(b->s->core.dns, &b->dns->addr, 1);
	sip_user_init(&b->a, b->s, "alice", ROOM);
	callee_listen(&b->c, &b->a);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	callee_done(&b->c);
	sip_user_done(&b->a);
	dns_server_free(b->dns);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
