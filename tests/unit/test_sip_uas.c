/* What the SIP process refuses by itself: none of it reaches the core. */
#include "tests/unit/sip_bed.h"

static struct peer peer;

static int open_peer(void **state)
{
	bed_setup(state);
	peer_open(&peer, *state, false);
	return 0;
}

static int close_peer(void **state)
{
	struct bed *b = *state;

	/* nothing above reached the core, and the process still works */
	struct call c = {&peer, "alive", "ft", ""};
	call_say(&c, "OPTIONS", 1, NULL, NULL);
	const struct port_msg *m = core_asked(b, "OPTIONS");
	assert_true(str_eq(m->f[PORT_F_CALL_ID], STR("alive")));
	core_answer(b, m, 200, NULL, NULL);
	peer_hears_start(&peer, "SIP/2.0 200");
	assert_int_equal(sip_child_stats(b->child).restarts, 0);
	peer_close(&peer);
	return bed_teardown(state);
}

/* A request line and header lines besides the mandatory ones. */
static const char *say(const char *method, const char *uri, const char *version,
		       const char *from, const char *to, const char *extra)
{
	static unsigned n;
	struct buf b = BUF_INIT(65536);
	char self[ADDR_TEXT_MAX];

	n++;
	buf_addf(&b, "%s %s %s\r\n", method, uri, version);
	buf_addf(&b, "Via: SIP/2.0/UDP %s;branch=z9hG4bKu%u\r\n",
		 addr_text(&peer.self, self), n);
	buf_addf(&b, "From: %s\r\nTo: %s\r\nCall-ID: u%u\r\nCSeq: 1 %s\r\n",
		 from, to, n, method);
	buf_addf(&b, "Max-Forwards: 70\r\n%sContent-Length: 0\r\n\r\n", extra);
	peer_say(&peer, buf_str(&b));
	buf_done(&b);
	return peer_hears(&peer);
}

#define CONTACT "Contact: <sip:a@127.0.0.1>\r\n"

static const char *request(const char *method, const char *extra)
{
	return say(method, "sip:room@127.0.0.1", "SIP/2.0",
		   "<sip:a@example.org>;tag=1", "<sip:room@127.0.0.1>", extra);
}

static void is(const char *response, int status)
{
	char want[32];
	snprintf(want, sizeof want, "SIP/2.0 %d ", status);
	if (strncmp(response, want, strlen(want)) != 0)
		fail_msg("wanted %d, got %s", status, response);
}

/* SIP-3: 405 (unknown: 501) with Allow. SIP-8: PUBLISH gets 405. */
static void refuses_methods(void **state)
{
	const char *z;
	(void)state;

	z = request("PUBLISH", "Event: presence\r\n");
	is(z, 405);
	assert_non_null(strstr(header(z, "Allow"), "INVITE"));
	assert_string_equal(header(z, "Server"), "stoxd/test");
	is(request("REGISTER", CONTACT), 405);
	z = request("DANCE", "");
	is(z, 501);
	assert_non_null(strstr(header(z, "Allow"), "INVITE"));
}

/* SIP-6 */
static void refuses_requests_without_dialog(void **state)
{
	static const char *const methods[] = {"BYE", "UPDATE", "NOTIFY", "INFO",
					      "CANCEL"};
	(void)state;

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		is(request(methods[i], CONTACT), 481);
	is(say("INVITE", "sip:room@127.0.0.1", "SIP/2.0",
	       "<sip:a@example.org>;tag=1", "<sip:room@127.0.0.1>;tag=2",
	       CONTACT),
	   481);
	is(say("SUBSCRIBE", "sip:room@127.0.0.1", "SIP/2.0",
	       "<sip:a@example.org>;tag=1", "<sip:room@127.0.0.1>;tag=2",
	       CONTACT "Event: conference\r\n"),
	   481);
}

/* FOCUS-7, SIP-8: Require: 100rel and others get 420. */
static void refuses_extensions(void **state)
{
	const char *z;
	(void)state;

	z = request("INVITE", CONTACT "Require: 100rel\r\n");
	is(z, 420);
	assert_string_equal(header(z, "Unsupported"), "100rel");
	z = request("INVITE", CONTACT
		    "Require: timer, precondition\r\nRequire: join\r\n");
	is(z, 420);
	assert_string_equal(header(z, "Unsupported"), "precondition, join");
}

/* FOCUS-6: 400 for Replaces twice, in another request than INVITE,
 * or beside Join. */
static void refuses_replaces(void **state)
{
	static const char *const bad[] = {
	    "Replaces: a;to-tag=1;from-tag=2\r\n"
	    "Replaces: b;to-tag=1;from-tag=2\r\n",
	    "Replaces: a;to-tag=1;from-tag=2\r\nJoin: "
	    "c;to-tag=1;from-tag=2\r\n",
	};
	char extra[256];
	(void)state;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		snprintf(extra, sizeof extra, CONTACT "%s", bad[i]);
		is(request("INVITE", extra), 400);
	}
	is(request("SUBSCRIBE", CONTACT "Event: conference\r\n"
					"Replaces: a;to-tag=1;from-tag=2\r\n"),
	   400);
}

/* SIP-3: 416 for schemes, 505 for versions, 415 for encodings. */
static void refuses_schemes_versions_encodings(void **state)
{
	const char *z;
	(void)state;

	is(say("INVITE", "tel:+1234", "SIP/2.0", "<sip:a@example.org>;tag=1",
	       "<tel:+1234>", CONTACT),
	   416);
	is(say("INVITE", "mailto:a@b", "SIP/2.0", "<sip:a@example.org>;tag=1",
	       "<sip:room@127.0.0.1>", CONTACT),
	   416);
	is(say("INVITE", "sip:room@127.0.0.1", "SIP/3.0",
	       "<sip:a@example.org>;tag=1", "<sip:room@127.0.0.1>", CONTACT),
	   505);
	z = request("INVITE", CONTACT "Content-Encoding: gzip\r\n");
	is(z, 415);
	assert_string_equal(header(z, "Accept-Encoding"), "identity");
}

/* SIP-3: 400 for what is mandatory or malformed; also what crashes the library.
 */
static void refuses_bad_addresses(void **state)
{
	static const char *const extras[] = {
	    "",
	    "Contact: *\r\n",
	    "Contact: <tel:1>\r\n",
	    "Contact: <mailto:a@b>\r\n",
	    "Contact: <foo:bar>\r\n",
	    "Contact: <sip:>\r\n",
	    "Contact: <sip:a@b:99999>\r\n",
	    "Contact: <sip:a@b:x>\r\n",
	    "Contact: <sip:a@127.0.0.1;lrx>\r\n",
	    "Contact: <sip:a@127.0.0.1;maddrx>\r\n",
	    CONTACT CONTACT,
	    "Contact: <sip:a@127.0.0.1>, <sip:b@127.0.0.1>\r\n",
	    CONTACT "Record-Route: <foo:bar;lr>\r\n",
	    CONTACT "Record-Route: <sip:h;lr>, <sip:h;lrx>\r\n",
	    CONTACT "Record-Route: <tel:1>\r\n",
	};
	(void)state;

	for (size_t i = 0; i < sizeof extras / sizeof *extras; i++) {
		is(request("INVITE", extras[i]), 400);
		is(request("SUBSCRIBE", extras[i]), 400);
	}
	is(say("INVITE", "sip:room@127.0.0.1", "SIP/2.0", "<sip:a@b>",
	       "<sip:room@127.0.0.1>", CONTACT),
	   400);
	is(say("INVITE", "sip:room@127.0.0.1", "SIP/2.0", "<foo:a>;tag=1",
	       "<sip:room@127.0.0.1>", CONTACT),
	   400);
	is(say("INVITE", "sip:room@127.0.0.1", "SIP/2.0", "<sip:a@b>;tag=1",
	       "<foo:bar>", CONTACT),
	   400);
}

/* A re-INVITE with a target that can't be used leaves the old one. */
static void keeps_the_target(void **state)
{
	struct bed *b = *state;
	struct call c = {&peer, "target", "ft", ""};
	const char *z;
	uint64_t dlg, req;

	dlg = call_establish(&c, "");
	call_say_as(&c, "INVITE", 2, "x", "Contact: <tel:1>\r\n", NULL);
	is(peer_hears(&peer), 400);
	call_say_as(&c, "ACK", 2, "x", NULL, NULL);
	call_say(&c, "PUBLISH", 3, NULL, NULL);
	is(peer_hears(&peer), 405);
	call_say(&c, "INFO", 4, "Require: nothing\r\n", NULL);
	is(peer_hears(&peer), 420);
	req = core_send(b, dlg, "INVITE", NULL, NULL);
	z = peer_hears_start(&peer, "INVITE sip:a@127.0.0.1");
	peer_answer(&peer, z, 200, "Contact: <tel:1>\r\n", NULL);
	core_outcome(b, req, 200);
	peer_hears_start(&peer, "ACK sip:a@127.0.0.1");
	req = core_send(b, dlg, "BYE", NULL, NULL);
	z = peer_hears_start(&peer, "BYE sip:a@127.0.0.1");
	peer_answer(&peer, z, 481, NULL, NULL);
	core_outcome(b, req, 481);
}

/* SIP-3: the same request by another way gets 482. */
static void refuses_merged_requests(void **state)
{
	struct bed *b = *state;
	struct call c = {&peer, "merged", "ft", ""};
	const struct port_msg *m;

	call_say_as(&c, "OPTIONS", 1, "one", NULL, NULL);
	m = core_asked(b, "OPTIONS");
	call_say_as(&c, "OPTIONS", 1, "two", NULL, NULL);
	is(peer_hears(&peer), 482);
	core_answer(b, m, 200, NULL, NULL);
	is(peer_hears(&peer), 200);
}

/* A proxy's connection carries many people's requests: as many of them as wait
 * to be read, none is lost. */
static void reads_many_requests_at_once(void **state)
{
	struct bed *b = *state;
	struct buf all = BUF_INIT(1u << 20);
	struct peer proxy;
	unsigned n;

	peer_open(&proxy, b, true);
	kill(sip_child_pid(b->child), SIGSTOP);
	for (n = 0; all.n < 300000; n++)
		buf_addf(&all,
			 "PUBLISH sip:r@127.0.0.1 SIP/2.0\r\n"
			 "Via: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKmany%u\r\n"
			 "From: <sip:a@example.org>;tag=%u\r\n"
			 "To: <sip:r@127.0.0.1>\r\nCall-ID: many%u\r\n"
			 "CSeq: 1 PUBLISH\r\nMax-Forwards: 70\r\n"
			 "Subject: %0200u\r\nContent-Length: 0\r\n\r\n",
			 n, n, n, n);
	peer_say(&proxy, buf_str(&all));
	kill(sip_child_pid(b->child), SIGCONT);
	while (n--)
		is(peer_hears(&proxy), 405);
	assert_false(proxy.closed);
	peer_close(&proxy);
	buf_done(&all);
}

static void ignores_garbage(void **state)
{
	static const char *const garbage[] = {
	    "\r\n\r\n",
	    "x",
	    "INVITE",
	    "INVITE sip:a SIP/2.0\r\n\r\n",
	    "SIP/2.0 200 OK\r\n\r\n",
	    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\n"
	    "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\n"
	    "Call-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
	};
	struct call c = {&peer, "sync", "ft", ""};
	const char *z;
	(void)state;

	for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++)
		peer_say(&peer, str_z(garbage[i]));
	call_say(&c, "BYE", 1, NULL, NULL);
	do
		z = peer_hears(&peer);
	while (strcmp(header(z, "Call-ID"), "sync") != 0);
	is(z, 481);
}

#define IN_BED(f) cmocka_unit_test_setup_teardown(f, open_peer, close_peer)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_BED(refuses_methods),
	    IN_BED(refuses_requests_without_dialog),
	    IN_BED(refuses_extensions),
	    IN_BED(refuses_replaces),
	    IN_BED(refuses_schemes_versions_encodings),
	    IN_BED(refuses_bad_addresses),
	    IN_BED(keeps_the_target),
	    IN_BED(refuses_merged_requests),
	    IN_BED(reads_many_requests_at_once),
	    IN_BED(ignores_garbage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
