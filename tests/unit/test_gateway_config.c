/* The configuration: what is taken, and the one line for what is not. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/config.h"

/* Loads this text; what went to standard error is in said, less the file's
 * name. */
static int load(const char *text, struct config **out, char said[512])
{
	char name[] = "/tmp/stox-config-XXXXXX";
	FILE *f = fdopen(mkstemp(name), "w"), *err = tmpfile();
	int keep = dup(STDERR_FILENO), r;
	size_t n;

	assert_non_null(f);
	assert_non_null(err);
	fputs(text, f);
	fclose(f);
	fflush(stderr);
	dup2(fileno(err), STDERR_FILENO);
	r = config_load(name, out);
	fflush(stderr);
	dup2(keep, STDERR_FILENO);
	close(keep);
	rewind(err);
	n = fread(said, 1, 511, err);
	said[n] = '\0';
	fclose(err);
	unlink(name);
	if (n > strlen(name))
		memmove(said, said + strlen(name), n - strlen(name) + 1);
	return r;
}

/* DESIGN's example: every key of the contract */
static void test_contract(void **state)
{
	struct config *c;
	char said[512];

	(void)state;
	assert_int_equal(
	    load("state-dir = \"/var/lib/stoxd\"\n"
		 "control = \"/run/stoxd/control.sock\"\n"
		 "metrics = \"127.0.0.1:9190\"\n"
		 "log-level = \"debug\"\n"
		 "sip { listen = {\"udp:127.0.0.1:5060\", "
		 "\"tcp:127.0.0.1:5060\", "
		 "\"tls:127.0.0.1:5061\"} trust = {\"127.0.0.0/8\", \"::1\"} "
		 "host = \"gw.example.org\" realm = \"example.org\" }\n"
		 "msrp { listen = {\"tcp:127.0.0.1:2855\"} host = "
		 "\"chat.example.org\" verify = fingerprint }\n"
		 "tls { certificate = \"/dev/null\" key = \"/dev/null\" "
		 "ca = \"/dev/null\" ciphers = \"AES128-SHA\" }\n"
		 "xmpp { server = \"127.0.0.1:5347\" }\n"
		 "dns { servers = {\"127.0.0.1:53\"} }\n"
		 "domain \"Chat.Example.org\" { secret = \"s1\" rooms = local "
		 "create = xmpp factory = \"conference\" persistent = yes "
		 "invite-by = refer own-copies = no copies = yes welcome = "
		 "\"hello\" }\n"
		 "domain \"conf.example.net\" { secret = \"s2\" rooms = sip "
		 "route = "
		 "\"sip:10.0.0.7:5060;transport=tcp\" }\n"
		 "domain \"example.org\" { secret = \"s3\" users = sip }\n"
		 "domain \"sip.example.com\" { secret = \"s4\" users = foreign "
		 "}\n"
		 "domain \"muc.example.com\" { rooms = xmpp }\n"
		 "domain \"*\" { rooms = discover }\n",
		 &c, said),
	    0);
	assert_string_equal(said, "");
	assert_int_equal(c->log_level, LOG_DEBUG);
	assert_int_equal(c->sip.n_listen, 3);
	assert_int_equal(c->sip.verify, SIP_VERIFY_STRICT);
	assert_int_equal(c->msrp.verify, MSRP_VERIFY_FINGERPRINT);
	assert_string_equal(c->tls.ciphers, "AES128-SHA");
	assert_int_equal(c->dns.n_servers, 1);
	assert_int_equal(addr_port(&c->dns.servers[0]), 53);
	assert_int_equal(c->n_domains, 6);
	const struct domain_config *d =
	    config_domain(c, STR("chat.EXAMPLE.org."));
	assert_non_null(d);
	assert_string_equal(d->name, "chat.example.org");
	assert_int_equal(d->rooms, ROOMS_LOCAL);
	assert_int_equal(d->create, CREATE_XMPP);
	assert_true(d->policy.persistent && d->lock && d->policy.public);
	assert_true(d->invite_by_refer && d->copies_confirmed);
	assert_false(d->own_copies);
	assert_string_equal(d->welcome, "hello");
	assert_int_equal(c->sip.n_full_rosters, 3);
	assert_string_equal(c->sip.full_rosters[2], "SylkServer");
	assert_null(config_domain(c, STR("*")));
	assert_null(config_domain(c, STR("other.test")));
	struct addr a;
	addr_parse(STR("127.3.2.1:9"), &a);
	assert_true(config_trusts(c, &a));
	addr_parse(STR("[::1]:9"), &a);
	assert_true(config_trusts(c, &a));
	addr_parse(STR("10.0.0.1:9"), &a);
	assert_false(config_trusts(c, &a));
	config_free(c);
}

static void test_nothing_is_trusted_by_default(void **state)
{
	struct config *c;
	struct addr a;
	char said[512];

	(void)state;
	assert_int_equal(load("", &c, said), 0);
	addr_parse(STR("127.0.0.1:9"), &a);
	assert_false(config_trusts(c, &a));
	assert_int_equal(c->n_domains, 0);
	assert_true(str_eq(config_realm(c), STR("stoxd")));
	config_free(c);
}

static void test_realm(void **state)
{
	static const char *const rows[][2] = {
	    {"domain \"B.test\" { rooms = local }\n", "b.test"},
	    {"sip { host = \"h.test\" }\ndomain \"b.test\" { rooms = local "
	     "}\n",
	     "h.test"},
	    {"sip { host = \"h.test\" realm = \"our users\" }\n", "our users"},
	};
	struct config *c;
	char said[512];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(load(rows[i][0], &c, said), 0);
		assert_true(str_eq(config_realm(c), str_z(rows[i][1])));
		config_free(c);
	}
}

static void test_errors(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
	    {"log-level = \"info\"\nfoo = 1\n", ":2: no such option 'foo'\n"},
	    {"log-level = \"loud\"\n", ":1: log-level: 'loud' is none of "
				       "error, warn, info, debug, trace\n"},
	    {"sip { listen = {\"udp:127.0.0.1:x\"} }\n",
	     ":1: listen: 'udp:127.0.0.1:x' is not udp:ADDRESS:PORT, "
	     "tcp:ADDRESS:PORT or tls:ADDRESS:PORT\n"},
	    {"msrp {\n\tlisten = {\"udp:127.0.0.1:1\"}\n}\n",
	     ":2: listen: 'udp:127.0.0.1:1' is not tcp:ADDRESS:PORT or "
	     "tls:ADDRESS:PORT\n"},
	    {"sip {\n trust = {\"10.0.0.0/99\"} }\n",
	     ":2: trust: '10.0.0.0/99' is no address or address block\n"},
	    {"sip { realm = \"a\\\"b\" }\n",
	     ":1: realm: 'a\"b' is too long, or has quotes, backslashes or "
	     "controls in it\n"},
	    {"sip { digest = \"none\" }\n",
	     ":1: digest: 'none' is none of any, sha-256, md5\n"},
	    {"files { listen = \"127.0.0.1:80\" }\n",
	     ":1: files: listen needs a base-url\n"},
	    {"files { base-url = \"https://a.test/f\" }\n",
	     ":1: files: base-url needs a listen\n"},
	    {"files { base-url = \"ftp://a.test/\" }\n",
	     ":1: base-url: 'ftp://a.test/' is no http or https URL\n"},
	    {"files { base-url = \"http://a.test/?x\" }\n",
	     ":1: base-url: 'http://a.test/?x' is no http or https URL\n"},
	    {"files { listen = \"example.org:80\" }\n",
	     ":1: listen: 'example.org:80' is not ADDRESS:PORT with a numeric "
	     "address\n"},
	    {"files { max-size = 0 }\n",
	     ":1: max-size: 0 is no number of octets\n"},
	    {"files { keep = -1 }\n", ":1: keep: -1 is no number of days from "
				      "0 to 36500\n"},
	    {"files { max-connections = 0 }\n",
	     ":1: max-connections: must be from 1 to 10000\n"},
	    {"limits { sip-burst = 0 }\n",
	     ":1: sip-burst: must be at least 1\n"},
	    {"limits { message-rate = -1 }\n",
	     ":1: message-rate: -1 is out of range\n"},
	    {"limits { join-rate = -1 }\n",
	     ":1: join-rate: -1 is out of range\n"},
	    {"limits { join-burst = 0 }\n",
	     ":1: join-burst: must be at least 1\n"},
	    {"control = \"/0123456789012345678901234567890123456789012345678"
	     "901234567890123456789012345678901234567890123456789012345678\"\n",
	     ":1: control: the name is too long for a socket\n"},
	    {"xmpp { server = \"localhost:5347\" }\n",
	     ":1: server: 'localhost:5347' is not ADDRESS:PORT with a numeric "
	     "address\n"},
	    {"xmpp { max-stanza = 500 }\n",
	     ":1: max-stanza: must be at least 10000\n"},
	    {"limits { reports = 10001 }\n",
	     ":1: reports: must be 1 to 10000\n"},
	    {"limits { invitations = 0 }\n",
	     ":1: invitations: must be at least 1\n"},
	    {"limits { document-queue = -1 }\n",
	     ":1: document-queue: -1 is out of range\n"},
	    {"limits { catch-up = 0 }\n", ":1: catch-up: must be at least 1\n"},
	    {"files { queue = 0 }\n", ":1: queue: 0 is no number of octets\n"},
	    {"limits { leg-document = 65535 }\n",
	     ":1: leg-document: must be 65536 to 7340032\n"},
	    {"limits { leg-document = 7340033 }\n",
	     ":1: leg-document: must be 65536 to 7340032\n"},
	    {"limits {\n\n rooms = 0 }\n", ":3: rooms: must be at least 1\n"},
	    {"domain \"a.b\" {\n rooms = loca }\n",
	     ":2: rooms: 'loca' is none of local, sip, xmpp, discover\n"},
	    {"domain \"a.b\" {\n invite-by = phone }\n",
	     ":2: invite-by: 'phone' is none of invite, refer\n"},
	    {"domain \"a.b\" {\n types = \"text/plain html\" }\n",
	     ":2: types: 'html' is no content type\n"},
	    {"domain \"a.b\" {\n copies = no }\n",
	     ":2: copies: 'no' is none of partial, yes\n"},
	    {"domain \"a.b\" {\n route = \"10.0.0.7\" }\n",
	     ":2: route: '10.0.0.7' is no SIP URI\n"},
	    {"domain \"a.b\" {\n rooms = local\n history = abc\n}\n",
	     ":3: invalid integer value for option 'history'\n"},
	    {"domain \"a.b\" {\n rooms = local\n archive = 40000\n}\n",
	     ":3: archive: 40000 is no number of days from 0 to 36500\n"},
	    {"domain \"a.b\" {\n rooms = local\n archive-messages = 0\n}\n",
	     ":3: archive-messages: must be at least 1\n"},
	    {"domain \"a.b\" {\n rooms = local persistent = maybe\n}\n",
	     ":2: invalid boolean value for option 'persistent'\n"},
	    {"domain \"a.b\" { rooms = local }\ndomain \"a.b\" { rooms = local "
	     "}\n",
	     ":2: found duplicate title 'a.b'\n"},
	    {"domain \"a.b\" { rooms = local }\n\ndomain \"A.B\" { rooms = "
	     "xmpp "
	     "}\n",
	     ":3: domain: 'A.B' has a section already\n"},
	    {"domain \"b\u00fccher.test\" { rooms = local }\n"
	     "domain \"xn--bcher-kva.test\" { rooms = local }\n",
	     ":2: domain: 'xn--bcher-kva.test' has a section already\n"},
	    {"domain \"a b\" { rooms = local }\n",
	     ":1: domain: 'a b' is no domain name\n"},
	    {"domain \"a.b\" { secret = \"x\" }\n",
	     ":1: domain \"a.b\" has neither rooms nor users\n"},
	    {"domain \"a.b\" { rooms = local\n deny = {\"bob\"} }\n",
	     ":2: deny: 'bob' is not USER@DOMAIN, @DOMAIN or a SIP "
	     "URI\n"},
	    {"domain \"a.b\" { rooms = local\n outcasts = {\"bob\"} }\n",
	     ":2: outcasts: 'bob' is not USER@DOMAIN, @DOMAIN or a SIP "
	     "URI\n"},
	    {"domain \"a.b\" { rooms = sip\n nick-conflict = \"fight\" }\n",
	     ":2: nick-conflict: 'fight' is none of error, rename\n"},
	    {"domain \"a.b\" { rooms = sip\n credentials = "
	     "{\"* u geheim\", \"u geheim\"} }\n",
	     ":2: credentials: entry 2 is not \"WHO USERNAME PASSWORD\", with "
	     "USER@DOMAIN, @DOMAIN or * for WHO\n"},
	    {"domain \"a.b\" { rooms = local\n nick-scope = \"world\" }\n",
	     ":2: nick-scope: 'world' is none of room, domain\n"},
	    {"domain \"a.b\" { rooms = local\n quarantine = 1000001 }\n",
	     ":2: quarantine: 1000001 is out of range\n"},
	    {"domain \"a.b\" { rooms = sip\n visitors = all }\n",
	     ":2: visitors: 'all' is none of any, sip, xmpp, none\n"},
	    {"domain \"a.b\" { rooms = sip\n max-legs = -1 }\n",
	     ":2: max-legs: -1 is out of range\n"},
	    {"limits {\n user-legs = -1 }\n",
	     ":2: user-legs: -1 is out of range\n"},
	    {"limits {\n leg-away = -1 }\n",
	     ":2: leg-away: -1 is out of range\n"},
	    {"limits {\n leg-away = 1000001 }\n",
	     ":2: leg-away: 1000001 is out of range\n"},
	    {"domain \"*\" { rooms = discover\n"
	     " deny-domains = {\"a.b\", \"*.a b\"} }\n",
	     ":2: deny-domains: '*.a b' is no domain name, nor *.DOMAIN\n"},
	    {"domain \"a.b\" {\n rooms = sip\n allow-domains = {\"c.d\"} }\n",
	     ":3: domain \"a.b\": allow-domains and deny-domains belong into "
	     "domain \"*\"\n"},
	    {"domain \"*\" { rooms = local }\n",
	     ":1: domain \"*\" has no secret and no local rooms\n"},
	    {"domain \"a.b\" {\n rooms = local\n",
	     ":3: the file ends inside a section\n"},
	    {"tls {\n certificate = \"/nonexistent/x\" }\n",
	     ":2: certificate: /nonexistent/x: No such file or directory\n"},
	    {"msrp { listen = {\"tls:127.0.0.1:1\"} }\n",
	     ":1: listen: 'tls:127.0.0.1:1' needs tls { certificate, key }\n"},
	    {"sip {\n listen = {\"tls:127.0.0.1:2\"}\n}\n",
	     ":3: listen: 'tls:127.0.0.1:2' needs tls { certificate, key }\n"},
	    {"dns {\n servers = {\"[::1]:1\", \"[::1]:2\", \"[::1]:3\", "
	     "\"[::1]:4\", \"[::1]:5\", \"[::1]:6\", \"[::1]:7\", "
	     "\"[::1]:8\", \"[::1]:9\"} }\n",
	     ":2: servers: at most 8\n"},
	    {"msrp { verify = maybe }\n",
	     ":1: verify: 'maybe' is none of strict, fingerprint, none\n"},
	    {"domain \"a.b\" {\n users = all }\n",
	     ":2: users: 'all' is none of sip, foreign\n"},
	    {"room \"r@a.b\" {\n nick-scope = world }\n",
	     ":2: nick-scope: 'world' is none of room, domain\n"},
	    {"sip { verify = off }\n",
	     ":1: verify: 'off' is none of strict, chain, none\n"},
	};
	struct config *c;
	char said[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_true(load(rows[i].text, &c, said) < 0);
		assert_string_equal(said, rows[i].said);
	}
}

/* The policy of a domain, and a room that differs from it. */
/* Which domains "*" opens; names are prepared. */
static void test_others(void **state)
{
	struct config *c;
	char said[512];
	const struct domain_config *d;

	(void)state;
	assert_int_equal(
	    load("domain \"*\" { rooms = discover visitors = sip\n"
		 " max-legs = 7 allow-domains = {\"*.A.test\", "
		 "\"xn--bcher-kva.test\"}\n"
		 " deny-domains = {\"x.a.test\", \"*.y.a.test\"} }\n"
		 "domain \"XN--mnchen-3ya.test.\" { rooms = xmpp }\n"
		 "limits { legs = 5 user-legs = 0 }\n",
		 &c, said),
	    0);
	d = config_other_domains(c);
	assert_true(config_opens(d, STR("b.a.test")));
	assert_true(config_opens(d, STR("y.a.test")));
	assert_true(config_opens(d, STR("b\xc3\xbc"
					"cher.test")));
	assert_false(config_opens(d, STR("a.test")));
	assert_false(config_opens(d, STR("aa.test")));
	assert_false(config_opens(d, STR("x.a.test")));
	assert_false(config_opens(d, STR("z.y.a.test")));
	assert_int_equal(d->visitors, CREATE_SIP);
	assert_int_equal(d->max_legs, 7);
	assert_int_equal(c->limits.legs, 5);
	assert_int_equal(c->limits.user_legs, 0);
	/* ADDR-23 */
	assert_non_null(config_domain(c, STR("m\xc3\xbc"
					     "nchen.test")));
	config_free(c);
}

static void test_rooms(void **state)
{
	const struct room_policy *p;
	const struct room_config *r;
	struct config *c;
	char said[512];

	(void)state;
	assert_int_equal(
	    load("domain \"chat.test\" { rooms = local moderated = true "
		 "history = 0 archive = 0 quarantine = 5 admins = "
		 "{\"Ops@x.test\"} "
		 "outcasts = {\"@spam.test\", \"sip:eve@Y.test\"} "
		 "reserved-nicks = {\"root\"} password = \"open\" }\n"
		 "room \"Lobby@CHAT.test\" { name = \"The lobby\" "
		 "subject = \"Hello\" moderated = no password = \"\" "
		 "members = {\"ann@x.test\"} owners = {\"ben@x.test\"} "
		 "nick-scope = domain archive = 7 archive-messages = 9 }\n",
		 &c, said),
	    0);
	assert_string_equal(said, "");
	p = config_policy(c, STR("other@chat.test"));
	assert_true(p->moderated && !p->persistent && !p->nicks_of_domain);
	assert_true(p->public && p->nicknames && p->private_messages);
	assert_true(p->history == SIZE_MAX && p->archive_days == UINT_MAX);
	assert_int_equal(p->archive_messages, 100000);
	assert_int_equal(p->quarantine_ms, 5000);
	assert_int_equal(p->n_fixed, 3);
	assert_int_equal(p->n_reserved_nicks, 1);
	assert_true(str_eq(p->password, STR("open")));
	r = config_room(c, STR("lobby@chat.test"));
	assert_non_null(r);
	assert_true(str_eq(r->subject, STR("Hello")));
	p = config_policy(c, STR("lobby@chat.test"));
	assert_true(!p->moderated && p->persistent && p->nicks_of_domain);
	assert_true(str_eq(p->title, STR("The lobby")));
	assert_true(p->archive_days == 7 && p->archive_messages == 9);
	assert_int_equal(p->password.n, 0);
	assert_int_equal(p->quarantine_ms, 5000);
	assert_int_equal(p->n_reserved_nicks, 1);
	assert_int_equal(p->n_fixed, 5);
	assert_true(p->fixed[0].affiliation == AFF_OUTCAST &&
		    str_eq(p->fixed[0].user, STR("@spam.test")));
	assert_true(str_eq(p->fixed[1].user, STR("sip:eve@y.test")));
	assert_true(p->fixed[2].affiliation == AFF_OWNER &&
		    str_eq(p->fixed[2].user, STR("ops@x.test")));
	assert_null(config_policy(c, STR("lobby@elsewhere.test")));
	config_free(c);
}

static void test_bad_rooms(void **state)
{
	static const char *const names[] = {"lobby", "@chat.test", "l@x.test",
					    "l@conf.test", "a b@chat.test"};
	char text[256], said[512], want[256];
	struct config *c;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(text, sizeof(text),
			 "domain \"chat.test\" { rooms = local }\n"
			 "domain \"conf.test\" { rooms = sip }\n"
			 "room \"%s\" { }\n",
			 names[i]);
		snprintf(want, sizeof(want),
			 ": room: '%s' is no room of a domain with local "
			 "rooms, nor of one of XMPP servers\n",
			 names[i]);
		assert_true(load(text, &c, said) < 0);
		assert_non_null(strstr(said, want + 1));
	}
	assert_true(load("domain \"chat.test\" { rooms = local }\n"
			 "room \"a@chat.test\" { }\n"
			 "room \"A@chat.test\" { }\n",
			 &c, said) < 0);
	assert_non_null(strstr(said, "has a section already"));
}

/* What is meant but can't be is said. */
static void test_files_past_messages(void **state)
{
	static const char kept[] = "listen = \"127.0.0.1:0\" base-url = "
				   "\"https://a.test/f\" ";
	static const char warning[] =
	    ":1: warning: files { max-size } is more than msrp { max-message "
	    "}: files that come as messages may have 10485760 octets, only "
	    "those offered in a line of their own (RFC 5547) more\n";
	static const struct {
		const char *files, *msrp;
		bool warns;
	} rows[] = {
	    {"max-size = 20000000", "", true},
	    {"max-size = 20000000", "msrp { max-message = 10485760 }", true},
	    {"max-size = 20000000", "msrp { max-message = 20000000 }", false},
	    {"max-size = 5000", "", false},
	    {"", "", false}, /* the defaults */
	};
	char text[512], said[512];
	struct config *c;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(text, sizeof(text), "%s files { %s%s }\n",
			 rows[i].msrp, kept, rows[i].files);
		assert_int_equal(load(text, &c, said), 0);
		assert_string_equal(said, rows[i].warns ? warning : "");
		config_free(c);
	}
	assert_int_equal(load("files { max-size = 20000000 }\n", &c, said), 0);
	assert_string_equal(said, "");
	config_free(c);
}

/* Where SIP users have their names, and where they only seem to. */
static void test_no_names_for_sip_users(void **state)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
	    {"domain \"m.test\" { rooms = xmpp }\n",
	     ":1: warning: domain \"m.test\": SIP users cannot enter its "
	     "rooms: no domain with users = sip or foreign and a secret names "
	     "them in XMPP\n"},
	    {"domain \"m.test\" { rooms = xmpp visitors = none }\n", ""},
	    {"domain \"m.test\" { rooms = xmpp }\n"
	     "domain \"u.test\" { users = sip secret = \"x\" }\n",
	     ""},
	    {"domain \"u.test\" { users = sip secret = \"x\" rooms = local }\n",
	     ":1: warning: domain \"u.test\": its users cannot enter rooms of "
	     "XMPP servers while it has rooms itself\n"},
	    {"domain \"a.test\" { users = foreign secret = \"x\" }\n"
	     "domain \"b.test\" { users = foreign secret = \"x\" }\n",
	     ":2: warning: domain \"b.test\": only the first domain with users "
	     "= foreign counts\n"},
	};
	char said[512];
	struct config *c;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(load(rows[i].text, &c, said), 0);
		assert_string_equal(said, rows[i].said);
		config_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_contract),
	    cmocka_unit_test(test_files_past_messages),
	    cmocka_unit_test(test_no_names_for_sip_users),
	    cmocka_unit_test(test_nothing_is_trusted_by_default),
	    cmocka_unit_test(test_realm),
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_others),
	    cmocka_unit_test(test_rooms),
	    cmocka_unit_test(test_bad_rooms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
