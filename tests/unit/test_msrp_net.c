/* MSRP over real sockets on loopback: TCP and TLS, accepting and connecting
 * out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include "base/buf.h"
#include "msrp/msrp.h"
#include "tests/lib/certs.h"
#include "tests/lib/step.h"
#include "tests/lib/valgrind.h"

/* One who can prove that he is at 127.0.0.1. */
static struct msrp_tls localhost(struct certs *certs)
{
	static struct cert cert;

	certs_make(certs, "localhost",
		   &(struct cert_wish){.names = "IP:127.0.0.1"}, &cert);
	return (struct msrp_tls){
	    .certificate = cert.file, .key = cert.key, .ca = certs->ca};
}

struct side {
	struct loop *loop;
	struct msrp *msrp;
	struct msrp_session *s;
	struct buf got; /* bodies */
	unsigned bound, closed, sent_ok;
	enum msrp_closed why;
};

static void on_bound(void *user)
{
	struct side *side = user;

	side->bound++;
}

static void on_message(void *user, msrp_tx tx, const struct msrp_message *m)
{
	struct side *side = user;

	buf_add(&side->got, m->body);
	msrp_session_reply(side->s, tx, 200, "");
}

static void on_sent(void *user, uint64_t cookie, int status)
{
	struct side *side = user;

	assert_int_equal(cookie, 1);
	assert_int_equal(status, 200);
	side->sent_ok++;
	loop_stop(side->loop);
}

static void on_closed(void *user, enum msrp_closed why)
{
	struct side *side = user;

	side->closed++;
	side->why = why;
	loop_stop(side->loop);
}

static const struct msrp_session_ops ops = {
    .bound = on_bound,
    .message = on_message,
    .sent = on_sent,
    .closed = on_closed,
};

static void side_init(struct side *side, struct loop *loop, bool secure,
		      const struct msrp_tls *tls, const char *address)
{
	struct listen_spec spec;
	struct msrp_cfg cfg = {.loop = loop, .listen = &spec, .n_listen = 1};
	char why[256], text[64];

	*side = (struct side){.loop = loop};
	buf_init(&side->got, SIZE_MAX / 2);
	snprintf(text, sizeof(text), "%s:%s:0", secure ? "tls" : "tcp",
		 address);
	assert_int_equal(listen_spec_parse(str_z(text), &spec), 0);
	if (tls)
		cfg.tls = *tls;
	assert_int_equal(msrp_new(&cfg, &side->msrp, why), 0);
	assert_true(msrp_port(side->msrp, secure) > 0);
	assert_int_equal(msrp_port(side->msrp, !secure), 0);
}

static void side_join(struct side *side, bool secure, struct str path)
{
	struct msrp_session_cfg cfg = {
	    .secure = secure,
	    .peer_path = path,
	    .peer_sends = true,
	    .ops = &ops,
	    .user = side,
	};

	assert_int_equal(msrp_session_new(side->msrp, &cfg, &side->s), 0);
}

static void side_done(struct side *side)
{
	msrp_session_free(side->s);
	msrp_free(side->msrp);
	buf_done(&side->got);
}

static struct blob *noise(size_t n)
{
	char *p = malloc(n);
	struct blob *b;

	for (size_t i = 0; i < n; i++)
		p[i] = (char)(i * 31 + i / 251);
	b = blob_new(str_of(p, n));
	free(p);
	return b;
}

static void send_noise(struct side *from, struct side *to, size_t n)
{
	struct blob *body = noise(n);
	struct msrp_out out = {
	    .content_type = STR("application/octet-stream"),
	    .body = body,
	    .cookie = 1,
	};
	unsigned before = from->sent_ok;

	buf_clear(&to->got);
	assert_int_equal(msrp_session_send(from->s, &out), 0);
	while (from->sent_ok == before)
		step_run(from->loop);
	assert_int_equal(to->got.n, n);
	assert_memory_equal(to->got.p, body->p, n);
	blob_unref(body);
}

static void bind_both(struct side *caller, struct side *callee)
{
	struct msrp_uri uri;
	struct addr to;

	assert_int_equal(msrp_uri_parse(msrp_session_uri(callee->s), &uri), 0);
	assert_int_equal(addr_parse_host(uri.host, uri.port, &to), 0);
	msrp_session_connect_to(caller->s, &to, 1);
	for (int i = 0; i < 1000 && !(caller->bound && callee->bound); i++) {
		struct timer step = {0};

		timer_set(caller->loop, &step, 5, (void (*)(void *))loop_stop,
			  caller->loop);
		loop_run(caller->loop);
		timer_cancel(caller->loop, &step);
	}
	assert_int_equal(caller->bound, 1);
	assert_int_equal(callee->bound, 1);
}

/* Two endpoints talk, both ways, short and long (MSRP-72: the caller binds the
 * session with a SEND that has no body). */
static void talk(bool secure, const char *address)
{
	struct loop *loop = loop_new(NULL, NULL);
	struct certs certs;
	struct msrp_tls tls;
	struct side caller, callee;

	certs_init(&certs);
	tls = localhost(&certs);
	side_init(&caller, loop, secure, &tls, address);
	side_init(&callee, loop, secure, &tls, address);
	side_join(&callee, secure,
		  secure ? STR("msrps://127.0.0.1:9/x;tcp")
			 : STR("msrp://127.0.0.1:9/x;tcp"));
	side_join(&caller, secure, msrp_session_uri(callee.s));
	bind_both(&caller, &callee);
	send_noise(&caller, &callee, 2);
	send_noise(&caller, &callee, 60000);
	send_noise(&caller, &callee, 3000000);
	assert_int_equal(msrp_stats(caller.msrp)->requests_out, 4);
	msrp_session_free(caller.s);
	caller.s = NULL;
	msrp_free(caller.msrp);
	caller.msrp = NULL;
	step_run(loop);
	assert_int_equal(callee.closed, 1);
	assert_int_equal(callee.why, MSRP_CLOSED_LOST);
	side_done(&caller);
	side_done(&callee);
	loop_settle(loop);
	loop_free(loop);
	certs_done(&certs);
}

static void test_tcp(void **state)
{
	(void)state;
	talk(false, "127.0.0.1");
}

static void test_tcp_ipv6(void **state)
{
	(void)state;
	talk(false, "[::1]");
}

/* MSRP-75 */
static void test_tls(void **state)
{
	(void)state;
	talk(true, "127.0.0.1");
}

/* MSRP-77: a session agreed with TLS is not served over plain TCP */
static void test_tls_session_over_tcp(void **state)
{
	struct loop *loop = loop_new(NULL, NULL);
	struct bufferevent *pair[2];
	struct certs certs;
	struct msrp_tls tls;
	struct side a;
	struct addr from;
	struct evbuffer *in;
	struct str uri;
	char got[64] = "";

	(void)state;
	certs_init(&certs);
	tls = localhost(&certs);
	side_init(&a, loop, true, &tls, "127.0.0.1");
	side_join(&a, true, STR("msrps://127.0.0.1:9/x;tcp"));
	assert_int_equal(addr_parse(STR("127.0.0.1:9"), &from), 0);
	assert_int_equal(bufferevent_pair_new(loop_base(loop), 0, pair), 0);
	bufferevent_enable(pair[1], EV_READ | EV_WRITE);
	msrp_accept(a.msrp, pair[0], false, &from);
	uri = msrp_session_uri(a.s);
	evbuffer_add_printf(bufferevent_get_output(pair[1]),
			    "MSRP t1 SEND\r\nTo-Path: %.*s\r\n"
			    "From-Path: msrps://127.0.0.1:9/x;tcp\r\n"
			    "-------t1$\r\n",
			    STR_ARG(uri));
	loop_settle(loop);
	in = bufferevent_get_input(pair[1]);
	evbuffer_remove(in, got, sizeof(got) - 1);
	assert_ptr_equal(strstr(got, "MSRP t1 481 "), got);
	assert_int_equal(a.bound, 0);
	bufferevent_free(pair[1]);
	side_done(&a);
	loop_settle(loop);
	loop_free(loop);
	certs_done(&certs);
}

/* Connecting out where nobody listens, and nowhere. */
static void test_unbound(void **state)
{
	struct addr to;
	struct loop *loop = loop_new(NULL, NULL);

	(void)state;
	assert_int_equal(addr_parse(STR("127.0.0.1:1"), &to), 0);
	for (size_t n = 0; n < 2; n++) {
		struct side a;

		side_init(&a, loop, false, NULL, "127.0.0.1");
		side_join(&a, false, STR("msrp://127.0.0.1:1/x;tcp"));
		msrp_session_connect_to(a.s, &to, n);
		assert_int_equal(a.closed, 0); /* never inside the call */
		step_run(loop);
		assert_int_equal(a.closed, 1);
		assert_int_equal(a.why, MSRP_CLOSED_UNBOUND);
		assert_int_equal(a.bound, 0);
		side_done(&a);
	}
	loop_settle(loop);
	loop_free(loop);
}

static void test_configuration_errors(void **state)
{
	struct loop *loop = loop_new(NULL, NULL);
	struct listen_spec spec;
	struct msrp_cfg cfg = {.loop = loop, .listen = &spec, .n_listen = 1};
	struct side a;
	struct msrp *m;
	char why[256] = "", text[64];

	(void)state;
	side_init(&a, loop, false, NULL, "127.0.0.1");
	snprintf(text, sizeof(text), "tcp:127.0.0.1:%u",
		 msrp_port(a.msrp, false));
	assert_int_equal(listen_spec_parse(str_z(text), &spec), 0);
	assert_true(msrp_new(&cfg, &m, why) < 0);
	assert_non_null(strstr(why, text));
	assert_int_equal(listen_spec_parse(STR("tls:127.0.0.1:0"), &spec), 0);
	assert_true(msrp_new(&cfg, &m, why) < 0);
	cfg.tls.certificate = cfg.tls.key = "/nonexistent";
	assert_true(msrp_new(&cfg, &m, why) < 0);
	assert_non_null(strstr(why, "/nonexistent"));
	side_done(&a);
	loop_settle(loop);
	loop_free(loop);
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void turn_for(struct loop *loop, unsigned ms)
{
	struct timer end = {0};

	timer_set(loop, &end, ms, (void (*)(void *))loop_stop, loop);
	loop_run(loop);
	timer_cancel(loop, &end);
}

/* ABN-15: no descriptor is left: nobody spins, no further session is agreed
 * (its INVITE gets 503), those that are there go on, and when there are
 * descriptors again all is well. */
static void test_no_descriptors(void **state)
{
	struct loop *loop;
	struct side caller, callee;
	struct msrp_session *more;
	struct msrp_session_cfg cfg = {.peer_path =
					   STR("msrp://127.0.0.1:9/x;tcp")};
	struct rlimit was, low;
	uint64_t accepted;
	clock_t cpu;
	int fd;

	(void)state;
	skip_under_valgrind();
	loop = loop_new(NULL, NULL);
	side_init(&caller, loop, false, NULL, "127.0.0.1");
	side_init(&callee, loop, false, NULL, "127.0.0.1");
	side_join(&callee, false, STR("msrp://127.0.0.1:9/x;tcp"));
	side_join(&caller, false, msrp_session_uri(callee.s));
	bind_both(&caller, &callee);
	accepted = msrp_stats(callee.msrp)->accepted;
	fd = connect_to(msrp_port(callee.msrp, false));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	low = (struct rlimit){(rlim_t)fd + 1, was.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	cpu = clock();
	turn_for(loop, 300);
	assert_true(clock() - cpu < CLOCKS_PER_SEC / 10);
	assert_int_equal(msrp_stats(callee.msrp)->accepted, accepted);
	assert_true(msrp_session_new(callee.msrp, &cfg, &more) < 0);
	send_noise(&caller, &callee, 5000);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	for (int i = 0; i < 40; i++)
		if (msrp_stats(callee.msrp)->accepted == accepted)
			turn_for(loop, 100);
	assert_int_equal(msrp_stats(callee.msrp)->accepted, accepted + 1);
	assert_int_equal(msrp_session_new(callee.msrp, &cfg, &more), 0);
	msrp_session_free(more);
	close(fd);
	side_done(&caller);
	side_done(&callee);
	loop_settle(loop);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tcp),
	    cmocka_unit_test(test_tcp_ipv6),
	    cmocka_unit_test(test_tls),
	    cmocka_unit_test(test_tls_session_over_tcp),
	    cmocka_unit_test(test_unbound),
	    cmocka_unit_test(test_configuration_errors),
	    cmocka_unit_test(test_no_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
