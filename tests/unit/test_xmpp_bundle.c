/* Several streams of one domain against a scripted server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "xmpp/bundle.h"

#define STREAMS 3
#define USERS	40

struct peer {
	int fd;
	struct buf in;
};

struct fixture {
	uint64_t now_ms;
	struct log log;
	char last_log[512];
	struct loop *loop;
	struct addr addr;
	int listener;
	struct peer peer[8]; /* in the order of their coming */
	size_t peers;
	struct xmpp_bundle *bundle;
	unsigned ups, downs, stanzas, closed;
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
	(void)why;
	((struct fixture *)user)->downs++;
}

static void on_stanza(void *user, const struct xnode *n)
{
	(void)n;
	((struct fixture *)user)->stanzas++;
}

static void on_closed(void *user)
{
	((struct fixture *)user)->closed++;
}

static int setup(void **state)
{
	static const struct xmpp_link_ops ops = {on_up, on_down, on_stanza};
	struct fixture *f = test_calloc(1, sizeof(*f));
	struct clock clock = {now, now, f};

	f->now_ms = 1000000;
	log_init(&f->log, LOG_INFO, "test");
	f->log.sink = on_log;
	f->log.user = f;
	f->loop = loop_new(&f->log, &clock);
	assert_int_equal(addr_parse(STR("127.0.0.1:0"), &f->addr), 0);
	f->listener = net_listen_tcp(&f->addr, 16);
	assert_true(f->listener >= 0);
	f->addr.len = sizeof(f->addr.in6);
	getsockname(f->listener, &f->addr.sa, &f->addr.len);
	f->bundle = xmpp_bundle_new(&(struct xmpp_link_cfg){.loop = f->loop,
							    .server = f->addr,
							    .domain = "rd.test",
							    .secret = "s",
							    .ops = &ops,
							    .user = f},
				    STREAMS);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	xmpp_bundle_free(f->bundle);
	loop_free(f->loop);
	for (size_t i = 0; i < f->peers; i++) {
		if (f->peer[i].fd >= 0)
			close(f->peer[i].fd);
		buf_done(&f->peer[i].in);
	}
	close(f->listener);
	test_free(f);
	return 0;
}

static void read_peer(struct peer *p)
{
	char in[65536];
	ssize_t n;

	while (p->fd >= 0 &&
	       (n = recv(p->fd, in, sizeof(in), MSG_DONTWAIT)) > 0)
		buf_add(&p->in, str_of(in, (size_t)n));
}

static void turn(struct fixture *f, unsigned *left)
{
	assert_true((*left)-- > 0);
	loop_settle(f->loop);
	poll(NULL, 0, 1);
	for (size_t i = 0; i < f->peers; i++)
		read_peer(&f->peer[i]);
}

/* Lets octets flow until the condition holds; fails after some 5 s. */
#define UNTIL(f, condition)                                                    \
	for (unsigned left_ = 5000; !(condition);)                             \
	turn((f), &left_)

static bool has(struct fixture *f, size_t i, const char *text)
{
	return strstr(buf_z(&f->peer[i].in), text);
}

static void say(struct fixture *f, size_t i, const char *text)
{
	size_t n = strlen(text);

	assert_int_equal(send(f->peer[i].fd, text, n, MSG_NOSIGNAL), n);
}

/* One more connection comes; returns which. */
static size_t take(struct fixture *f)
{
	size_t i = f->peers;

	f->peer[i].fd = -1;
	buf_init(&f->peer[i].in, 1 << 26);
	UNTIL(f, (f->peer[i].fd = accept(f->listener, NULL, NULL)) >= 0);
	f->peers++;
	UNTIL(f, has(f, i, "<stream:stream"));
	say(f, i,
	    "<stream:stream xmlns='jabber:component:accept' "
	    "xmlns:stream='http://etherx.jabber.org/streams' id='1'>");
	UNTIL(f, has(f, i, "</handshake>"));
	buf_clear(&f->peer[i].in);
	return i;
}

/* Sends back what the streams asked of themselves: on this one. */
static void answer(struct fixture *f, size_t by)
{
	for (size_t i = 0; i < f->peers; i++) {
		struct buf *in = &f->peer[i].in;

		if (!strstr(buf_z(in), "urn:xmpp:ping"))
			continue;
		say(f, by, strstr(buf_z(in), "<iq"));
		buf_clear(in);
	}
}

static void bring_up(struct fixture *f)
{
	for (unsigned n = 1; n <= STREAMS; n++) {
		say(f, take(f), "<handshake/>");
		UNTIL(f, xmpp_bundle_streams_up(f->bundle) == n);
		for (unsigned left = 50; f->ups < n;) {
			turn(f, &left);
			answer(f, 0);
		}
	}
	assert_int_equal(f->downs, 0);
	assert_int_equal(f->stanzas, 0);
}

/* One message to each; which stream each took. */
static void spread(struct fixture *f, size_t at[USERS])
{
	char text[128];
	size_t found;

	for (size_t i = 0; i < f->peers; i++)
		buf_clear(&f->peer[i].in);
	for (size_t u = 0; u < USERS; u++) {
		snprintf(text, sizeof(text),
			 "<message from='r@rd.test/&apos;' "
			 "to='u%zu@x.test/%d'>%zu</message>",
			 u, rand(), u);
		assert_int_equal(xmpp_bundle_send(f->bundle, str_z(text)), 0);
	}
	for (size_t u = 0; u < USERS; u++) {
		snprintf(text, sizeof(text), ">%zu<", u);
		found = f->peers;
		for (unsigned left = 5000; found == f->peers; turn(f, &left))
			for (size_t i = 0; i < f->peers; i++)
				if (has(f, i, text))
					found = i;
		at[u] = found;
	}
}

static void hang_up(struct fixture *f, size_t i)
{
	unsigned n = xmpp_bundle_streams_up(f->bundle);

	close(f->peer[i].fd);
	f->peer[i].fd = -1;
	UNTIL(f, xmpp_bundle_streams_up(f->bundle) == n - 1);
}

/* COMP-5: a user's stanzas take one stream, and all streams have users. */
static void test_one_stream_per_user(void **state)
{
	struct fixture *f = *state;
	size_t first[USERS], then[USERS], share[STREAMS] = {0};

	bring_up(f);
	spread(f, first);
	spread(f, then);
	assert_memory_equal(first, then, sizeof(first));
	for (size_t u = 0; u < USERS; u++)
		share[first[u]]++;
	for (size_t i = 0; i < STREAMS; i++)
		assert_true(share[i] > 0);
}

/* COMP-5: one goes and comes back alone; only its users move, and back not
 * before the server has passed on what the others were given. */
static void test_one_lost(void **state)
{
	struct fixture *f = *state;
	size_t before[USERS], during[USERS], after[USERS], again;
	unsigned ups;

	bring_up(f);
	spread(f, before);
	ups = f->ups;
	hang_up(f, 1);
	assert_int_equal(f->ups, ups + 1);
	assert_int_equal(f->downs, 0);
	assert_true(xmpp_bundle_is_up(f->bundle));
	spread(f, during);
	for (size_t u = 0; u < USERS; u++)
		assert_true(before[u] == 1 ? during[u] != 1
					   : during[u] == before[u]);
	f->now_ms += 1200;
	again = take(f);
	say(f, again, "<handshake/>");
	UNTIL(f, has(f, 0, "urn:xmpp:ping") && has(f, 2, "urn:xmpp:ping"));
	say(f, again, strstr(buf_z(&f->peer[0].in), "<iq"));
	UNTIL(f, xmpp_bundle_stats(f->bundle).stanzas_in > 0);
	spread(f, after);
	assert_memory_equal(during, after, sizeof(after));
	f->now_ms += 5001;
	UNTIL(f, f->ups == ups + 2);
	spread(f, after);
	for (size_t u = 0; u < USERS; u++)
		assert_int_equal(after[u], before[u] == 1 ? again : before[u]);
	assert_int_equal(f->stanzas, 0);
}

/* COMP-5, COMP-11: what waited in one that breaks goes by another, whole and in
 * order. */
static void test_queue_moves(void **state)
{
	struct fixture *f = *state;
	static char text[100000];
	size_t at[USERS], u = 0, last = 0;
	const char *p;

	bring_up(f);
	spread(f, at);
	while (at[u] != 1)
		u++;
	for (unsigned i = 0; i < 100; i++) {
		memset(text, 'x', sizeof(text) - 1);
		memcpy(text + snprintf(text, 100, "<m to='u%zu@x.test' n='%u'>",
				       u, i),
		       "x", 1);
		memcpy(text + sizeof(text) - 5, "</m>", 4);
		assert_int_equal(xmpp_bundle_send(f->bundle, str_z(text)), 0);
	}
	loop_settle(f->loop);
	loop_settle(f->loop);
	for (size_t i = 0; i < f->peers; i++)
		buf_clear(&f->peer[i].in);
	hang_up(f, 1);
	UNTIL(f, has(f, 0, "n='99'") || has(f, 2, "n='99'"));
	u = has(f, 0, "n='99'") ? 0 : 2;
	UNTIL(f, str_ends(buf_str(&f->peer[u].in), STR("</m>")));
	p = buf_z(&f->peer[u].in);
	assert_memory_equal(p, "<m to=", 6);
	for (; (p = strstr(p, " n='")); p += 4) {
		size_t n = strtoul(p + 4, NULL, 10);

		assert_true(!last || n == last + 1);
		last = n;
	}
	assert_int_equal(last, 99);
}

/* COMP-5: the domain is down when all are; what comes then goes by the first
 * that is back. */
static void test_all_lost(void **state)
{
	struct fixture *f = *state;
	size_t i;

	bring_up(f);
	for (i = 0; i < STREAMS; i++) {
		assert_int_equal(f->downs, 0);
		hang_up(f, i);
	}
	assert_int_equal(f->downs, 1);
	assert_false(xmpp_bundle_is_up(f->bundle));
	for (i = 0; i < 1000; i++)
		assert_int_equal(
		    xmpp_bundle_send(f->bundle, STR("<m to='u@x.test'/>")), 0);
	assert_int_equal(xmpp_bundle_send(f->bundle, STR("<m to='u@x.test'/>")),
			 ERR_CONGESTED);
	f->now_ms += 1200;
	i = take(f);
	say(f, i, "<handshake/>");
	UNTIL(f, f->peer[i].in.n == 1000 * strlen("<m to='u@x.test'/>"));
	assert_int_equal(f->downs, 1);
}

/* COMP-5, COMP-6: a server that takes one only. */
static void test_conflict(void **state)
{
	struct fixture *f = *state;

	say(f, take(f), "<handshake/>");
	UNTIL(f, f->ups == 1);
	say(f, take(f),
	    "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-"
	    "streams'/></stream:error></stream:stream>");
	UNTIL(f, strstr(f->last_log, "conflict (the server takes no further "
				     "connection of this domain)"));
	assert_int_equal(f->downs, 0);
	assert_int_equal(xmpp_bundle_streams_up(f->bundle), 1);
	xmpp_bundle_send(f->bundle, STR("<m to='u@x.test'/>"));
	UNTIL(f, has(f, 0, "<m to='u@x.test'/>"));
}

/* COMP-9: a sign of life may come back by another stream. */
static void test_keepalive(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	for (size_t i = 0; i < STREAMS; i++)
		buf_clear(&f->peer[i].in);
	f->now_ms += 60000;
	loop_settle(f->loop);
	f->now_ms += 60000;
	UNTIL(f,
	      has(f, 0, "</iq>") && has(f, 1, "</iq>") && has(f, 2, "</iq>"));
	answer(f, 2);
	UNTIL(f, xmpp_bundle_stats(f->bundle).stanzas_in >= 3 + STREAMS);
	f->now_ms += 30000;
	loop_settle(f->loop);
	assert_int_equal(xmpp_bundle_streams_up(f->bundle), STREAMS);
	assert_int_equal(f->stanzas, 0);
}

static void test_close(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	xmpp_bundle_send(f->bundle, STR("<m to='u@x.test'/>"));
	xmpp_bundle_close(f->bundle, on_closed, f);
	for (size_t i = 0; i < STREAMS; i++) {
		assert_int_equal(f->closed, 0);
		UNTIL(f, has(f, i, "</stream:stream>"));
		say(f, i, "</stream:stream>");
	}
	UNTIL(f, f->closed == 1);
	assert_int_equal(f->downs, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_one_stream_per_user),
	    TEST(test_one_lost),
	    TEST(test_queue_moves),
	    TEST(test_all_lost),
	    TEST(test_conflict),
	    TEST(test_keepalive),
	    TEST(test_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
