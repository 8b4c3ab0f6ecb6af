/* A link against a scripted XEP-0114 server on a loopback socket. The clock is
 * the test's; only the octets of the sockets are waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "xmpp/stream.h"

#define STREAM_ID "3BF96&amp;&quot;D32"
/* SHA-1 of 3BF96&"D32s3cret */
#define HASH "63eb6f7a6f872e3da543c56d52482938d98b9077"

struct fixture {
	uint64_t now_ms;
	struct log log;
	struct loop *loop;
	struct xmpp_link *link;
	int listener, peer; /* the server's */
	struct addr addr;
	char in[1 << 16]; /* what the server has read */
	size_t in_n;
	unsigned ups, downs, closed;
	char why[200];
	struct buf stanzas; /* what was handed up, as text */
	char last_log[512];
	bool free_in_stanza;
};

static uint64_t now(void *user)
{
	return ((struct fixture *)user)->now_ms;
}

static void on_log(void *user, enum log_level level, const char *line)
{
	struct fixture *f = user;

	if (level <= LOG_WARN)
		snprintf(f->last_log, sizeof(f->last_log), "%s", line);
}

static void on_up(void *user)
{
	((struct fixture *)user)->ups++;
}

static void on_down(void *user, const char *why)
{
	struct fixture *f = user;

	f->downs++;
	snprintf(f->why, sizeof(f->why), "%s", why);
}

static void on_stanza(void *user, const struct xnode *n)
{
	struct fixture *f = user;

	x_write(&f->stanzas, n, STR(NS_CLIENT));
	if (f->free_in_stanza) {
		xmpp_link_free(f->link);
		f->link = NULL;
	}
}

static void on_closed(void *user)
{
	((struct fixture *)user)->closed++;
}

static const struct xmpp_link_ops ops = {on_up, on_down, on_stanza};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	struct clock clock = {now, now, f};

	f->now_ms = 1000000;
	log_init(&f->log, LOG_INFO, "test");
	f->log.sink = on_log;
	f->log.user = f;
	f->loop = loop_new(&f->log, &clock);
	buf_init(&f->stanzas, 1 << 20);
	assert_int_equal(addr_parse(STR("127.0.0.1:0"), &f->addr), 0);
	f->listener = net_listen_tcp(&f->addr, 4);
	assert_true(f->listener >= 0);
	f->addr.len = sizeof(f->addr.in6);
	getsockname(f->listener, &f->addr.sa, &f->addr.len);
	f->peer = -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	xmpp_link_free(f->link);
	loop_free(f->loop);
	buf_done(&f->stanzas);
	if (f->peer >= 0)
		close(f->peer);
	if (f->listener >= 0)
		close(f->listener);
	test_free(f);
	return 0;
}

static void open_link(struct fixture *f, const char *secret)
{
	struct xmpp_link_cfg cfg = {.loop = f->loop,
				    .server = f->addr,
				    .domain = "rd.test",
				    .secret = secret,
				    .max_stanza = 10000,
				    .ops = &ops,
				    .user = f};

	f->link = xmpp_link_new(&cfg);
}

/* Lets octets flow until the condition holds; fails after some 5 s. */
static bool turn(struct fixture *f, unsigned *left)
{
	struct pollfd p = {f->peer >= 0 ? f->peer : f->listener, POLLIN, 0};

	assert_true((*left)-- > 0);
	loop_settle(f->loop);
	if (poll(&p, 1, 1) <= 0)
		return true;
	if (f->peer < 0) {
		f->peer = accept(f->listener, NULL, NULL);
		assert_true(f->peer >= 0);
	} else if (f->in_n < sizeof(f->in) - 1) {
		ssize_t n = recv(f->peer, f->in + f->in_n,
				 sizeof(f->in) - 1 - f->in_n, MSG_DONTWAIT);

		if (n > 0)
			f->in_n += (size_t)n;
		if (n == 0) {
			close(f->peer);
			f->peer = -1;
		}
		f->in[f->in_n] = '\0';
	}
	return true;
}

#define UNTIL(f, condition)                                                    \
	for (unsigned left_ = 5000; !(condition) && turn((f), &left_);)

static void expect(struct fixture *f, const char *text)
{
	UNTIL(f, strstr(f->in, text));
}

static void forget(struct fixture *f)
{
	f->in_n = 0;
	f->in[0] = '\0';
}

static void server_sends(struct fixture *f, const char *text)
{
	size_t n = strlen(text);

	assert_int_equal(send(f->peer, text, n, MSG_NOSIGNAL), n);
}

static void greet(struct fixture *f)
{
	expect(f, "<stream:stream");
	server_sends(f, "<?xml version='1.0'?><stream:stream "
			"xmlns='jabber:component:accept' "
			"xmlns:stream='http://etherx.jabber.org/streams' "
			"from='rd.test' id='" STREAM_ID "'>");
	expect(f, "</handshake>");
}

static void bring_up(struct fixture *f)
{
	unsigned ups = f->ups;

	greet(f);
	server_sends(f, "<handshake/>");
	UNTIL(f, f->ups > ups);
	forget(f);
}

static void step(struct fixture *f, uint64_t ms)
{
	f->now_ms += ms;
	loop_settle(f->loop);
}

/* COMP-1, COMP-2, COMP-3: the stream's header, the hash over the unescaped id,
 * nothing before the server's handshake. */
static void test_handshake(void **state)
{
	struct fixture *f = *state;

	open_link(f, "s3cret");
	xmpp_link_send(f->link, STR("<early/>"));
	greet(f);
	assert_non_null(strstr(f->in, "xmlns='jabber:component:accept'"));
	assert_non_null(
	    strstr(f->in, "xmlns:stream='http://etherx.jabber.org/streams'"));
	assert_non_null(strstr(f->in, "to='rd.test'"));
	assert_non_null(strstr(f->in, ">" HASH "</handshake>"));
	for (int i = 0; i < 5; i++)
		loop_settle(f->loop);
	assert_null(strstr(f->in, "<early/>"));
	assert_false(xmpp_link_is_up(f->link));
	server_sends(f, "<handshake/>");
	expect(f, "<early/>");
	assert_true(xmpp_link_is_up(f->link));
	assert_int_equal(f->ups, 1);
}

static void test_stanzas_in(void **state)
{
	struct fixture *f = *state;

	open_link(f, "s3cret");
	bring_up(f);
	server_sends(f, "<message from='a@x.test/b' to='rd.test' "
			"xml:lang='de'><body>x &amp; y</body>"
			"<x xmlns='urn:x'><y/></x></message>"
			"<iq from='a@x.test' to='rd.test' type='get' id='1'>");
	UNTIL(f, f->stanzas.n);
	server_sends(f, "<ping xmlns='urn:xmpp:ping'/></iq>");
	UNTIL(f, strstr(buf_z(&f->stanzas), "</iq>"));
	assert_non_null(strstr(buf_z(&f->stanzas), "xml:lang='de'"));
	assert_non_null(strstr(buf_z(&f->stanzas),
			       "<body>x &amp; y</body><x xmlns='urn:x'>"
			       "<y/></x></message><iq "));
	assert_non_null(
	    strstr(buf_z(&f->stanzas), "><ping xmlns='urn:xmpp:ping'/></iq>"));
	assert_int_equal(xmpp_link_stats(f->link).stanzas_in, 2);
}

/* A prefixed attribute is not the one without prefix that the server vouches
 * for. */
static void test_prefixed_attributes(void **state)
{
	struct fixture *f = *state;

	open_link(f, "s3cret");
	bring_up(f);
	server_sends(f, "<message xmlns:p='urn:p' from='a@x.test' "
			"p:from='evil@x.test' to='rd.test'/>");
	UNTIL(f, f->stanzas.n);
	assert_null(strstr(buf_z(&f->stanzas), "evil"));
}

static void test_stanzas_out(void **state)
{
	struct fixture *f = *state;
	size_t total = 0;
	char text[1000];

	open_link(f, "s3cret");
	bring_up(f);
	memset(text, 'x', sizeof(text));
	memcpy(text, "<a>", 3);
	memcpy(text + sizeof(text) - 4, "</a>", 4);
	/* far over what a socket takes at once */
	for (int i = 0; i < 16000; i++)
		assert_int_equal(
		    xmpp_link_send(f->link, str_of(text, sizeof(text))), 0);
	assert_int_equal(
	    xmpp_link_send(f->link, str_of(f->in, sizeof(f->in) * 12)),
	    ERR_CONGESTED);
	assert_int_equal(xmpp_link_send(f->link, STR("<last/>")), 0);
	for (unsigned left = 50000; left; left--) {
		bool last = strstr(f->in, "<last/>");

		total += f->in_n;
		if (last)
			break;
		/* the tail stays, so that <last/> is found across reads */
		forget(f);
		assert_true(turn(f, &left));
	}
	assert_true(total >= 16000 * sizeof(text) + 7);
	assert_int_equal(xmpp_link_stats(f->link).dropped, 1);
}

/* COMP-6: one second and some, doubled; the count starts again after success.
 */
static void test_refused_connect(void **state)
{
	struct fixture *f = *state;
	uint64_t want = 1000;

	close(f->listener);
	f->listener = -1;
	open_link(f, "s3cret");
	for (int i = 0; i < 9; i++) {
		uint64_t wait, at;

		UNTIL(f, strstr(f->last_log, "xmpp.connect_failed"));
		at = loop_next_timer(f->loop);
		wait = at - f->now_ms;
		assert_true(wait >= want && wait < want + want / 5);
		f->last_log[0] = '\0';
		step(f, wait);
		want = want * 2 < 60000 ? want * 2 : 60000;
	}
	assert_int_equal(f->ups + f->downs, 0);
}

/* COMP-6: errors that an administrator must mend begin at 30 s and are logged.
 */
static void test_wrong_secret(void **state)
{
	struct fixture *f = *state;
	uint64_t wait;

	open_link(f, "wrong");
	greet(f);
	assert_null(strstr(f->in, HASH));
	server_sends(f, "<stream:error><not-authorized xmlns="
			"'urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns="
			"'urn:ietf:params:xml:ns:xmpp-streams'>no</text>"
			"</stream:error></stream:stream>");
	close(f->peer);
	f->peer = -1;
	UNTIL(f, strstr(f->last_log, "xmpp.connect_failed"));
	assert_non_null(strstr(f->last_log, "not-authorized"));
	wait = loop_next_timer(f->loop) - f->now_ms;
	assert_true(wait >= 30000 && wait < 36000);
	assert_int_equal(f->ups, 0);
}

/* COMP-11: what is sent while the link is down is kept for 60 s. */
static void test_reconnect(void **state)
{
	struct fixture *f = *state;

	open_link(f, "s3cret");
	bring_up(f);
	close(f->peer);
	f->peer = -1;
	UNTIL(f, f->downs == 1);
	assert_false(xmpp_link_is_up(f->link));
	assert_int_equal(xmpp_link_send(f->link, STR("<kept/>")), 0);
	for (int i = 1; i < 1000; i++)
		assert_int_equal(xmpp_link_send(f->link, STR("<m/>")), 0);
	assert_int_equal(xmpp_link_send(f->link, STR("<m/>")), ERR_CONGESTED);
	forget(f);
	step(f, 1200);
	greet(f);
	server_sends(f, "<handshake/>");
	expect(f, "<kept/>");
	assert_int_equal(f->ups, 2);
	assert_int_equal(xmpp_link_stats(f->link).connects, 2);
}

/* Descriptors beyond what select() can take. */
static void test_many_descriptors(void **state)
{
	struct fixture *f = *state;
	struct rlimit limit;
	int fds[1200], n = 0;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < 2048) {
		limit.rlim_cur = 2048;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			skip(); /* valgrind keeps some for itself */
	}
	open_link(f, "s3cret");
	bring_up(f);
	while (n < 1200 && (fds[n] = open("/dev/null", O_RDONLY)) >= 0)
		n++;
	assert_int_equal(n, 1200);
	close(f->peer);
	f->peer = -1;
	UNTIL(f, f->downs == 1);
	forget(f);
	step(f, 1200);
	bring_up(f);
	assert_int_equal(f->ups, 2);
	while (n > 0)
		close(fds[--n]);
}

static void test_down_too_long(void **state)
{
	struct fixture *f = *state;

	open_link(f, "s3cret");
	bring_up(f);
	close(f->peer);
	close(f->listener);
	f->peer = f->listener = -1;
	UNTIL(f, f->downs == 1);
	assert_int_equal(xmpp_link_send(f->link, STR("<m/>")), 0);
	step(f, 60001);
	assert_int_equal(xmpp_link_send(f->link, STR("<m/>")), ERR_GONE);
	assert_int_equal(f->downs, 1);
}

/* COMP-9 */
static void test_keepalive(void **state)
{
	struct fixture *f = *state;

	open_link(f, "s3cret");
	bring_up(f);
	step(f, 60000);
	UNTIL(f, f->in_n > 0);
	assert_string_equal(f->in + strspn(f->in, " "), "");
	step(f, 60000);
	expect(f, "<ping xmlns='urn:xmpp:ping'/></iq>");
	/* the server routes it back: the link lives, nobody hears of it */
	server_sends(f, strchr(f->in, '<'));
	UNTIL(f, xmpp_link_stats(f->link).stanzas_in == 1);
	assert_int_equal(f->stanzas.n, 0);
	step(f, 30000);
	forget(f);
	step(f, 60000);
	step(f, 60000);
	expect(f, "<ping xmlns='urn:xmpp:ping'/></iq>");
	assert_int_equal(f->downs, 0);
	step(f, 30000);
	UNTIL(f, f->downs == 1);
	assert_string_equal(f->why, "no answer to a ping");
}

/* COMP-8 */
static void test_large_stanza(void **state)
{
	struct fixture *f = *state;
	static char text[30000];

	open_link(f, "s3cret");
	bring_up(f);
	memset(text, 'x', 10000);
	text[10000] = '\0';
	server_sends(f, "<message from='a@x.test' to='rd.test' id='7'><body>");
	server_sends(f, text);
	server_sends(f, "</body></message>"
			"<message from='a@x.test' to='rd.test'/>");
	expect(f, "</error></message>");
	assert_non_null(strstr(f->in, "<message from='rd.test' to='a@x.test' "
				      "type='error' id='7'><error "
				      "type='modify'><policy-violation"));
	UNTIL(f, f->stanzas.n);
	assert_int_equal(xmpp_link_stats(f->link).stanzas_refused, 1);
	/* one that does not end takes the stream with it */
	memset(text, 'x', sizeof(text) - 1);
	server_sends(f, "<message from='a@x.test' to='rd.test'><body>");
	for (size_t n = 0; n + sizeof(text) < 1050000; n += sizeof(text)) {
		server_sends(f, text);
		step(f, 0);
	}
	assert_int_equal(f->downs, 0);
	server_sends(f, text);
	server_sends(f, text);
	expect(f, "<policy-violation xmlns="
		  "'urn:ietf:params:xml:ns:xmpp-streams'/>");
	UNTIL(f, f->downs == 1);
}

/* COMP-15 */
static void test_large_error_is_not_answered(void **state)
{
	struct fixture *f = *state;
	static char text[10100];

	open_link(f, "s3cret");
	bring_up(f);
	memset(text, 'x', 10000);
	server_sends(f, "<message from='a@x.test' to='rd.test' type='error'>"
			"<body>");
	server_sends(f, text);
	server_sends(f, "</body></message>"
			"<message from='a@x.test' to='rd.test'/>");
	UNTIL(f, f->stanzas.n);
	xmpp_link_send(f->link, STR("<end/>"));
	expect(f, "<end/>");
	assert_null(strstr(f->in, "policy-violation"));
}

static void test_deep_stanza(void **state)
{
	struct fixture *f = *state;

	open_link(f, "s3cret");
	bring_up(f);
	server_sends(f, "<message from='a@x.test' to='rd.test'>");
	for (int i = 0; i < 100; i++)
		server_sends(f, "<a>");
	for (int i = 0; i < 100; i++)
		server_sends(f, "</a>");
	server_sends(f, "</message>");
	expect(f, "<policy-violation ");
	assert_int_equal(f->stanzas.n, 0);
}

/* COMP-7: bad XML ends the stream and a new one follows. */
static void test_hostile_xml(void **state)
{
	struct fixture *f = *state;

	open_link(f, "s3cret");
	bring_up(f);
	server_sends(f, "<message from='a@x.test'><body>&evil;</oops>");
	expect(f, "<stream:error>");
	UNTIL(f, f->downs == 1);
	assert_string_equal(f->why, "what the server sent: restricted-xml");
	forget(f);
	UNTIL(f, f->peer < 0);
	step(f, 1200);
	bring_up(f);
	assert_int_equal(f->ups, 2);
}

/* COMP-13: what is queued goes out before the stream's end. */
static void test_close(void **state)
{
	struct fixture *f = *state;

	open_link(f, "s3cret");
	bring_up(f);
	xmpp_link_send(f->link, STR("<bye/>"));
	xmpp_link_close(f->link, on_closed, f);
	assert_int_equal(xmpp_link_send(f->link, STR("<late/>")), ERR_GONE);
	expect(f, "<bye/></stream:stream>");
	assert_int_equal(f->closed, 0);
	server_sends(f, "</stream:stream>");
	UNTIL(f, f->closed == 1);
	step(f, 10000);
	assert_int_equal(f->closed, 1);
	assert_int_equal(f->downs, 0);
}

static void test_close_in_vain(void **state)
{
	struct fixture *f = *state;

	open_link(f, "s3cret");
	bring_up(f);
	xmpp_link_close(f->link, on_closed, f);
	expect(f, "</stream:stream>");
	step(f, 5000);
	UNTIL(f, f->closed == 1);
}

static void test_close_before_up(void **state)
{
	struct fixture *f = *state;

	open_link(f, "s3cret");
	expect(f, "<stream:stream");
	xmpp_link_close(f->link, on_closed, f);
	UNTIL(f, f->closed == 1);
}

static void test_close_while_waiting(void **state)
{
	struct fixture *f = *state;

	close(f->listener);
	f->listener = -1;
	open_link(f, "s3cret");
	UNTIL(f, strstr(f->last_log, "xmpp.connect_failed"));
	xmpp_link_close(f->link, on_closed, f);
	UNTIL(f, f->closed == 1);
	step(f, 100000);
	assert_int_equal(f->closed, 1);
}

static void test_free_inside_a_callback(void **state)
{
	struct fixture *f = *state;

	open_link(f, "s3cret");
	bring_up(f);
	f->free_in_stanza = true;
	server_sends(f, "<message from='a@x.test' to='rd.test'/>"
			"<message from='a@x.test' to='rd.test'/>");
	UNTIL(f, !f->link);
	loop_settle(f->loop);
	assert_int_equal(f->downs, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_handshake),
	    TEST(test_stanzas_in),
	    TEST(test_prefixed_attributes),
	    TEST(test_stanzas_out),
	    TEST(test_refused_connect),
	    TEST(test_wrong_secret),
	    TEST(test_reconnect),
	    TEST(test_many_descriptors),
	    TEST(test_down_too_long),
	    TEST(test_keepalive),
	    TEST(test_large_stanza),
	    TEST(test_large_error_is_not_answered),
	    TEST(test_deep_stanza),
	    TEST(test_hostile_xml),
	    TEST(test_close),
	    TEST(test_close_in_vain),
	    TEST(test_close_before_up),
	    TEST(test_close_while_waiting),
	    TEST(test_free_inside_a_callback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
