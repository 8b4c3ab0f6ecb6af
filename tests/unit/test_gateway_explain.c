/* What stoxctl domain says of domains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gateway/explain.h"

#define CONFIG                                                                 \
	"sip { listen = {\"udp:0.0.0.0:5060\", \"tcp:192.0.2.7:5070\", "       \
	"\"udp:[::1]:5090\"} host = \"gw.test\" }\n"                           \
	"xmpp { server = \"127.0.0.1:5348\" max-stanza = 70000 }\n"            \
	"domain \"rd.test\" { secret = \"hush\" rooms = local }\n"             \
	"domain \"ud.test\" { secret = \"hush\" users = foreign }\n"           \
	"domain \"s.test\" { secret = \"hush\" users = sip }\n"                \
	"domain \"conf.test\" { rooms = sip }\n"                               \
	"domain \"muc.test\" { rooms = xmpp }\n"

struct bed {
	struct config *config;
	struct back_local *local;
	struct back *door;
	struct explain e;
	struct buf out;
};

static struct bed *bed_new(const char *config)
{
	char name[] = "/tmp/stox-explain-XXXXXX", why[CONFIG_WHY_MAX];
	FILE *f = fdopen(mkstemp(name), "w");
	struct bed *b = mem_new(sizeof(*b));

	assert_non_null(f);
	fputs(config, f);
	fclose(f);
	assert_int_equal(config_read(name, &b->config, why), 0);
	unlink(name);
	b->local = back_local_new(b->config, NULL, NULL);
	b->door = back_new(
	    &(struct back_cfg){.config = b->config, .local = b->local});
	b->e = (struct explain){
	    .config = b->config,
	    .names = back_local_domains(b->local),
	    .door = b->door,
	};
	buf_init(&b->out, 65536);
	return b;
}

static void bed_free(struct bed *b)
{
	buf_done(&b->out);
	back_free(b->door);
	back_local_free(b->local);
	config_free(b->config);
	free(b);
}

static void of(struct bed *b, const char *domain, enum speaks speaks)
{
	b->e.domain = str_z(domain);
	b->e.speaks = speaks;
}

static void enters(struct bed *b, enum world world, enum back_kind kind,
		   const char *why)
{
	buf_clear(&b->out);
	assert_int_equal(explain_rooms(&b->e, world, &b->out), kind);
	if (!strstr(buf_z(&b->out), why))
		fail_msg("\"%s\" lacks \"%s\"", buf_z(&b->out), why);
}

static void is_called(struct bed *b, enum world his, const char *name)
{
	buf_clear(&b->out);
	explain_user(&b->e, his, &b->out);
	assert_string_equal(buf_z(&b->out), name);
}

static const char *advice(struct bed *b, const char *key)
{
	const struct advice *a = explain_advice;

	while (strcmp(a->key, key) != 0)
		a++;
	buf_clear(&b->out);
	a->write(&b->e, &b->out);
	return buf_z(&b->out);
}

static void advises(struct bed *b, const char *key, const char *line)
{
	if (!strstr(advice(b, key), line))
		fail_msg("\"%s\" lacks \"%s\"", buf_z(&b->out), line);
}

static void test_configured(void **state)
{
	struct bed *b = bed_new(CONFIG);

	(void)state;
	of(b, "rd.test", SPEAKS_NEITHER);
	enters(b, WORLD_SIP, BACK_LOCAL, "rooms = local in domain");
	enters(b, WORLD_XMPP, BACK_LOCAL, "rooms = local in domain");
	/* what the configuration says counts, whatever the DNS has */
	of(b, "conf.test", SPEAKS_XMPP);
	enters(b, WORLD_SIP, BACK_NONE, "need no gateway");
	enters(b, WORLD_XMPP, BACK_SIP, "they join ROOM\\40conf.test@rd.test");
	of(b, "muc.test", SPEAKS_SIP);
	enters(b, WORLD_SIP, BACK_MUC, "they call sip:ROOM@muc.test where");
	enters(b, WORLD_SIP, BACK_MUC, "or sip:ROOM%40muc.test@rd.test");
	assert_null(strstr(buf_z(&b->out), "no name"));
	enters(b, WORLD_XMPP, BACK_NONE, "XMPP users need no gateway");
	of(b, "s.test", SPEAKS_SIP);
	enters(b, WORLD_SIP, BACK_NONE, "has no rooms");
	is_called(b, WORLD_SIP, "user@s.test");
	is_called(b, WORLD_XMPP, "sip:user@s.test");
	bed_free(b);
}

/* Only configured domains are reached, unless "*" opens the rest. */
static void test_others(void **state)
{
	struct bed *b = bed_new(CONFIG);

	(void)state;
	of(b, "far.test", SPEAKS_XMPP);
	enters(b, WORLD_SIP, BACK_NONE, "there is no domain \"*\"");
	is_called(b, WORLD_SIP, "user\\40far.test@ud.test");
	is_called(b, WORLD_XMPP, "sip:user%40far.test@gw.test");
	assert_string_equal(advice(b, "stoxd"),
			    "domain \"far.test\" { rooms = xmpp }\n");
	bed_free(b);
	b = bed_new(CONFIG "domain \"*\" { rooms = discover }\n");
	of(b, "far.test", SPEAKS_XMPP);
	enters(b, WORLD_SIP, BACK_MUC, "(rooms = discover in domain \"*\")");
	enters(b, WORLD_XMPP, BACK_NONE, "speaks XMPP itself");
	of(b, "far.test", SPEAKS_SIP);
	enters(b, WORLD_XMPP, BACK_SIP, "ROOM\\40far.test@rd.test");
	enters(b, WORLD_SIP, BACK_NONE, "speaks SIP itself");
	enters(b, WORLD_SIP, BACK_NONE,
	       "unless a section of its own has rooms "
	       "= xmpp");
	of(b, "192.0.2.7", SPEAKS_SIP);
	enters(b, WORLD_XMPP, BACK_SIP, "an address in place of a name");
	of(b, "far.test", SPEAKS_NEITHER);
	enters(b, WORLD_SIP, BACK_NONE, "does not exist");
	of(b, "far.test", SPEAKS_UNKNOWN);
	enters(b, WORLD_SIP, BACK_NONE, "asked again");
	b->e.speaks = SPEAKS_SIP;
	b->e.waits = true;
	enters(b, WORLD_XMPP, BACK_NONE, "asked again");
	bed_free(b);
}

/* ADDR-23: U-labels for XMPP, A-labels for SIP and the DNS. */
static void test_idn(void **state)
{
	struct bed *b = bed_new("domain \"b\xc3\xbc"
				"cher.test\" { rooms = xmpp }\n"
				"domain \"rd.test\" { rooms = local }\n"
				"sip { listen = {\"udp:127.0.0.1:5060\"} }\n");

	(void)state;
	of(b,
	   "b\xc3\xbc"
	   "cher.test",
	   SPEAKS_NEITHER);
	enters(b, WORLD_SIP, BACK_MUC, "sip:ROOM@xn--bcher-kva.test ");
	enters(b, WORLD_SIP, BACK_MUC, "sip:ROOM%40xn--bcher-kva.test@rd.test");
	enters(b, WORLD_SIP, BACK_MUC, "but they have no name in XMPP");
	is_called(b, WORLD_XMPP, "sip:user@xn--bcher-kva.test");
	advises(b, "dns", "_sip._udp.xn--bcher-kva.test. ");
	advises(b, "dns", "stoxd listens on the loopback");
	advises(b, "kamailio", "\"xn--bcher-kva.test\"");
	bed_free(b);
}

static void test_advice(void **state)
{
	struct bed *b = bed_new(CONFIG);

	(void)state;
	of(b, "rd.test", SPEAKS_NEITHER);
	advises(b, "dns", "_sip._udp.rd.test. 3600 IN SRV 0 0 5060 gw.test.\n");
	advises(b, "dns", "_sip._tcp.rd.test. 3600 IN SRV 0 0 5070 gw.test.\n");
	advises(b, "dns", "_xmpp-server._tcp.rd.test. ");
	advises(b, "prosody", "component_ports = { 5348 }");
	advises(b, "prosody", "Component \"rd.test\"\n");
	advises(b, "prosody", "component_stanza_size_limit = 70000");
	advises(b, "ejabberd", "port: 5348\n");
	advises(b, "ejabberd", "max_stanza_size: 70000");
	advises(b, "ejabberd", "global_routes: false\n");
	advises(b, "ejabberd", "\"rd.test\":\n");
	advises(b, "kamailio", "$rd == \"rd.test\"");
	advises(b, "kamailio", "sip:192.0.2.7:5070;transport=tcp");
	assert_null(strstr(advice(b, "prosody"), "hush"));
	of(b, "conf.test", SPEAKS_SIP);
	assert_string_equal(advice(b, "dns"), "");
	assert_string_equal(advice(b, "kamailio"), "");
	advises(b, "stoxd", "domain \"conf.test\" { secret");
	of(b, "s.test", SPEAKS_SIP);
	advises(b, "dns", "the SIP proxy of its users");
	advises(b, "dns", "_xmpp-server._tcp.s.test. ");
	bed_free(b);
}

static bool way(struct bed *b, const char *domain, enum speaks speaks)
{
	of(b, domain, speaks);
	buf_clear(&b->out);
	return explain_way(&b->e, &b->out);
}

/* Whose address is looked up for the INVITE of an XMPP user. */
static void test_way(void **state)
{
	struct bed *b =
	    bed_new(CONFIG "domain \"r.test\" { rooms = sip route = "
			   "\"sip:proxy.test;transport=tcp\" }\n"
			   "domain \"n.test\" { rooms = sip route = "
			   "\"sip:192.0.2.9\" }\n"
			   "domain \"*\" { rooms = discover }\n");

	(void)state;
	assert_true(way(b, "conf.test", SPEAKS_NEITHER));
	assert_string_equal(buf_z(&b->out), "sip:conf.test");
	assert_true(way(b, "r.test", SPEAKS_NEITHER));
	assert_string_equal(buf_z(&b->out), "sip:proxy.test;transport=tcp");
	assert_true(way(b,
			"b\xc3\xbc"
			"cher.test",
			SPEAKS_SIP));
	assert_string_equal(buf_z(&b->out), "sip:xn--bcher-kva.test");
	assert_false(way(b, "far.test", SPEAKS_XMPP));
	assert_false(way(b, "far.test", SPEAKS_UNKNOWN));
	assert_false(way(b, "rd.test", SPEAKS_SIP));
	/* an address */
	assert_false(way(b, "n.test", SPEAKS_SIP));
	assert_false(way(b, "192.0.2.7", SPEAKS_SIP));
	bed_free(b);
}

static void test_way_found(void **state)
{
	struct bed *b = bed_new(CONFIG);
	struct location l[3] = {
	    {.transport = "udp"}, {.transport = "tcp"}, {.transport = ""}};
	struct discovered s = {.what = "INVITE", .waits = true};

	(void)state;
	addr_parse(STR("192.0.2.1:5062"), &l[0].addr);
	addr_parse(STR("192.0.2.7:5070"), &l[1].addr);
	addr_parse(STR("[2001:db8::1]:0"), &l[2].addr);
	explain_way_found(&b->e, DNS_FOUND, l, 3, &s);
	assert_string_equal(s.records,
			    "udp 192.0.2.1:5062; "
			    "tcp 192.0.2.7:5070 (stoxd itself: a loop); "
			    "[2001:db8::1]");
	assert_string_equal(discovered_text(&s), "found");
	explain_way_found(&b->e, DNS_NO_NAME, NULL, 0, &s);
	assert_string_equal(s.records, "");
	assert_string_equal(discovered_text(&s), "no such name");
	bed_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_configured), cmocka_unit_test(test_others),
	    cmocka_unit_test(test_idn),	       cmocka_unit_test(test_advice),
	    cmocka_unit_test(test_way),	       cmocka_unit_test(test_way_found),
	};

	return cmocka_run_group_tests_name("gateway_explain", tests, NULL,
					   NULL);
}
