/* Who a TLS peer is: certificates, names and fingerprints, over real sockets on
 * loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/ssl.h>

#include "base/buf.h"
#include "msrp/fingerprint.h"
#include "msrp/msrp.h"
#include "tests/lib/certs.h"
#include "tests/lib/step.h"

#define OTHER                                                                  \
	"sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"             \
	"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"

/* --- an endpoint with one session --- */

struct side {
	struct loop *loop;
	struct msrp *msrp;
	struct msrp_session *s;
	unsigned bound, closed;
	enum msrp_closed why;
};

static void on_bound(void *user)
{
	struct side *side = user;

	side->bound++;
	loop_stop(side->loop);
}

static void on_closed(void *user, enum msrp_closed why)
{
	struct side *side = user;

	side->closed++;
	side->why = why;
	loop_stop(side->loop);
}

static const struct msrp_session_ops ops = {.bound = on_bound,
					    .closed = on_closed};

static struct msrp_tls with(const struct certs *certs, const struct cert *cert)
{
	return (struct msrp_tls){
	    .certificate = cert->file, .key = cert->key, .ca = certs->ca};
}

static void side_init(struct side *side, struct loop *loop, struct msrp_tls tls,
		      const char *host)
{
	struct listen_spec spec;
	struct msrp_cfg cfg = {.loop = loop,
			       .listen = &spec,
			       .n_listen = 1,
			       .host = str_z(host),
			       .tls = tls};
	char why[256];

	*side = (struct side){.loop = loop};
	assert_int_equal(listen_spec_parse(STR("tls:127.0.0.1:0"), &spec), 0);
	if (msrp_new(&cfg, &side->msrp, why) < 0)
		fail_msg("%s", why);
}

static void side_join(struct side *side, struct str path,
		      const char *fingerprints)
{
	struct msrp_session_cfg cfg = {
	    .secure = true,
	    .peer_path = path,
	    .peer_fingerprints = str_z(fingerprints),
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
}

/* --- a caller who connects to a callee --- */

struct meeting {
	struct loop *loop;
	struct certs certs;
	struct cert caller_cert, callee_cert;
	struct side caller, callee;
};

struct terms {
	struct cert_wish callee; /* what the callee shows */
	const char *callee_host; /* what he is called in his URI */
	enum msrp_verify verify;
	/* NULL: none; "good": as it is; else verbatim */
	const char *callee_fingerprint, *caller_fingerprint;
};

static const char *fingerprint(const char *wish, const struct cert *cert)
{
	return wish && strcmp(wish, "good") == 0 ? cert->fingerprint : wish;
}

static void meet(struct meeting *m, const struct terms *t)
{
	struct msrp_tls tls;
	struct addr to;
	char text[64];

	m->loop = loop_new(NULL, NULL);
	certs_init(&m->certs);
	certs_make(&m->certs, "callee", &t->callee, &m->callee_cert);
	certs_make(&m->certs, "caller",
		   &(struct cert_wish){.self_signed = true}, &m->caller_cert);
	side_init(&m->callee, m->loop, with(&m->certs, &m->callee_cert),
		  t->callee_host);
	tls = with(&m->certs, &m->caller_cert);
	tls.verify = t->verify;
	side_init(&m->caller, m->loop, tls, "");
	side_join(&m->callee, STR("msrps://127.0.0.1:9/x;tcp"),
		  fingerprint(t->caller_fingerprint, &m->caller_cert));
	side_join(&m->caller, msrp_session_uri(m->callee.s),
		  fingerprint(t->callee_fingerprint, &m->callee_cert));
	snprintf(text, sizeof(text), "127.0.0.1:%u",
		 msrp_port(m->callee.msrp, true));
	assert_int_equal(addr_parse(str_z(text), &to), 0);
	msrp_session_connect_to(m->caller.s, &to, 1);
	step_run(m->loop);
}

static void part(struct meeting *m)
{
	side_done(&m->caller);
	side_done(&m->callee);
	loop_settle(m->loop);
	loop_free(m->loop);
	certs_done(&m->certs);
}

static void meets(struct terms t)
{
	struct meeting m;

	meet(&m, &t);
	assert_int_equal(m.caller.closed, 0);
	assert_int_equal(m.caller.bound, 1);
	if (!m.callee.bound)
		step_run(m.loop);
	assert_int_equal(m.callee.bound, 1);
	assert_int_equal(m.callee.closed, 0);
	part(&m);
}

/* The caller refuses, and nothing was said. */
static void refuses(struct terms t)
{
	struct meeting m;

	meet(&m, &t);
	assert_int_equal(m.caller.bound, 0);
	assert_int_equal(m.caller.closed, 1);
	assert_int_equal(m.caller.why, MSRP_CLOSED_UNTRUSTED);
	loop_settle(m.loop);
	assert_int_equal(msrp_stats(m.caller.msrp)->requests_out, 0);
	assert_int_equal(m.callee.bound, 0);
	part(&m);
}

/* MSRP-75: the chain to an authority, and a name of SubjectAltName, which may
 * be an address */
static void test_names(void **state)
{
	(void)state;
	meets((struct terms){.callee = {.names = "IP:127.0.0.1"},
			     .callee_host = "127.0.0.1"});
	meets((struct terms){.callee = {.names = "DNS:b.test,DNS:a.test"},
			     .callee_host = "A.test"});
	meets((struct terms){.callee = {.names = "DNS:*.b.test"},
			     .callee_host = "a.b.test"});
	refuses((struct terms){.callee = {.names = "DNS:b.test"},
			       .callee_host = "a.test"});
	refuses((struct terms){.callee = {.names = "DNS:*.b.test"},
			       .callee_host = "a.c.b.test"});
	refuses((struct terms){.callee = {.names = "IP:127.0.0.2"},
			       .callee_host = "127.0.0.1"});
	/* the common name, "callee", does not count */
	refuses((struct terms){.callee_host = "callee"});
}

/* MSRP-75 */
static void test_chain(void **state)
{
	(void)state;
	refuses((struct terms){
	    .callee = {.names = "DNS:a.test", .self_signed = true},
	    .callee_host = "a.test"});
	refuses(
	    (struct terms){.callee = {.names = "DNS:a.test", .expired = true},
			   .callee_host = "a.test"});
}

/* MSRP-75, MSRP-76: the fingerprint stands in for chain and name, and must
 * match whatever they say */
static void test_fingerprint_of_callee(void **state)
{
	(void)state;
	meets((struct terms){.callee = {.self_signed = true},
			     .callee_host = "127.0.0.1",
			     .callee_fingerprint = "good"});
	meets((struct terms){.callee = {.self_signed = true},
			     .callee_host = "127.0.0.1",
			     .verify = MSRP_VERIFY_FINGERPRINT,
			     .callee_fingerprint = "good"});
	refuses((struct terms){.callee = {.names = "IP:127.0.0.1"},
			       .callee_host = "127.0.0.1",
			       .callee_fingerprint = OTHER});
	refuses((struct terms){.callee = {.names = "IP:127.0.0.1"},
			       .callee_host = "127.0.0.1",
			       .verify = MSRP_VERIFY_FINGERPRINT,
			       .callee_fingerprint = OTHER});
}

/* MSRP-75: the laxer settings */
static void test_lax(void **state)
{
	struct cert_wish own = {.self_signed = true, .expired = true};

	(void)state;
	meets((struct terms){.callee = own,
			     .callee_host = "a.test",
			     .verify = MSRP_VERIFY_FINGERPRINT});
	meets((struct terms){.callee = own,
			     .callee_host = "a.test",
			     .verify = MSRP_VERIFY_NONE,
			     .callee_fingerprint = OTHER});
}

/* MSRP-76: who connects to us shows the certificate of his fingerprint, one of
 * several of the same hash */
static void test_fingerprint_of_caller(void **state)
{
	struct terms t = {.callee = {.names = "IP:127.0.0.1"},
			  .callee_host = "127.0.0.1",
			  .caller_fingerprint = "good"};
	struct meeting m;

	(void)state;
	meets(t);
	t.caller_fingerprint = OTHER;
	meet(&m, &t);
	while (!m.callee.closed || !m.caller.closed)
		step_run(m.loop);
	assert_int_equal(m.callee.bound, 0);
	assert_int_equal(m.callee.why, MSRP_CLOSED_UNTRUSTED);
	assert_int_equal(m.caller.why, MSRP_CLOSED_FAILED); /* 481 */
	part(&m);
}

/* --- a caller that is nothing but a TLS stream --- */

struct stream {
	struct loop *loop;
	SSL_CTX *ctx;
	struct bufferevent *bev;
	struct buf got;
	bool closed;
};

static void on_read(struct bufferevent *bev, void *user)
{
	struct stream *t = user;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t n = evbuffer_get_length(in);

	evbuffer_remove(in, buf_space(&t->got, n), n);
	t->got.n += n;
}

static void on_event(struct bufferevent *bev, short what, void *user)
{
	struct stream *t = user;

	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) {
		t->closed = true;
		loop_stop(t->loop);
	}
}

static void stream_open(struct stream *t, struct loop *loop, uint16_t port)
{
	char text[64];
	struct addr to;
	SSL *ssl;

	*t = (struct stream){.loop = loop};
	buf_init(&t->got, 65536);
	t->ctx = SSL_CTX_new(TLS_client_method());
	ssl = SSL_new(t->ctx);
	t->bev = bufferevent_openssl_socket_new(loop_base(loop), -1, ssl,
						BUFFEREVENT_SSL_CONNECTING,
						BEV_OPT_CLOSE_ON_FREE);
	bufferevent_openssl_set_allow_dirty_shutdown(t->bev, 1);
	bufferevent_setcb(t->bev, on_read, NULL, on_event, t);
	bufferevent_enable(t->bev, EV_READ | EV_WRITE);
	snprintf(text, sizeof(text), "127.0.0.1:%u", port);
	assert_int_equal(addr_parse(str_z(text), &to), 0);
	bufferevent_socket_connect(t->bev, &to.sa, (int)to.len);
}

static void stream_done(struct stream *t)
{
	bufferevent_free(t->bev);
	SSL_CTX_free(t->ctx);
	buf_done(&t->got);
}

static void stream_binds(struct stream *t, struct str uri)
{
	struct buf b = BUF_INIT(4096);

	buf_addf(&b,
		 "MSRP t1aa SEND\r\nTo-Path: %.*s\r\n"
		 "From-Path: msrps://127.0.0.1:9/x;tcp\r\n"
		 "Message-ID: m100\r\nByte-Range: 1-0/0\r\n-------t1aa$\r\n",
		 STR_ARG(uri));
	bufferevent_write(t->bev, b.p, b.n);
	buf_done(&b);
}

/* MSRP-76: no certificate where one is due: 481, and the connection goes */
static void test_caller_without_certificate(void **state)
{
	struct loop *loop = loop_new(NULL, NULL);
	struct certs certs;
	struct cert cert;
	struct side a;
	struct stream t;

	(void)state;
	certs_init(&certs);
	certs_make(&certs, "a", &(struct cert_wish){.self_signed = true},
		   &cert);
	side_init(&a, loop, with(&certs, &cert), "");
	side_join(&a, STR("msrps://127.0.0.1:9/x;tcp"), OTHER);
	stream_open(&t, loop, msrp_port(a.msrp, true));
	stream_binds(&t, msrp_session_uri(a.s));
	while (!a.closed || !t.closed)
		step_run(loop);
	assert_int_equal(a.why, MSRP_CLOSED_UNTRUSTED);
	assert_true(str_starts(buf_str(&t.got), STR("MSRP t1aa 481 ")));
	stream_done(&t);
	side_done(&a);
	/* no fingerprint, or one behind a relay: it need not show any */
	side_init(&a, loop, with(&certs, &cert), "");
	side_join(&a, STR("msrps://r.test:9/r;tcp msrps://127.0.0.1:9/x;tcp"),
		  OTHER);
	stream_open(&t, loop, msrp_port(a.msrp, true));
	stream_binds(&t, msrp_session_uri(a.s));
	step_run(loop);
	assert_int_equal(a.bound, 1);
	stream_done(&t);
	side_done(&a);
	loop_settle(loop);
	loop_free(loop);
	certs_done(&certs);
}

/* MSRP-76, RFC 8122 §6.2: the connection came before the answer that has the
 * fingerprint */
static void test_late_fingerprint(void **state)
{
	struct loop *loop = loop_new(NULL, NULL);
	struct str path = STR("msrps://127.0.0.1:9/x;tcp");
	struct certs certs;
	struct cert cert;
	struct side a;
	struct stream t;

	(void)state;
	certs_init(&certs);
	certs_make(&certs, "a", &(struct cert_wish){.self_signed = true},
		   &cert);
	side_init(&a, loop, with(&certs, &cert), "");
	side_join(&a, STR_NONE, NULL);
	stream_open(&t, loop, msrp_port(a.msrp, true));
	stream_binds(&t, msrp_session_uri(a.s));
	step_run(loop);
	assert_int_equal(a.bound, 1);
	assert_int_equal(msrp_session_set_path(a.s, path, STR(OTHER)), -EACCES);
	stream_done(&t);
	side_done(&a);
	loop_settle(loop);
	loop_free(loop);
	certs_done(&certs);
}

/* MSRP-77: neither older versions nor suites without forward secrecy, unless
 * the administrator wants them */
static void test_versions(void **state)
{
	static const struct {
		int max_version;
		const char *offered, *allowed;
		bool ok;
	} rows[] = {
	    {TLS1_3_VERSION, "ALL", "", true},
	    {TLS1_2_VERSION, "ECDHE+AESGCM", "", true},
	    {TLS1_2_VERSION, "AES128-SHA", "", false},
	    {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", "", false},
	    {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA",
	     true},
	    {TLS1_1_VERSION, "ALL:@SECLEVEL=0", "", false},
	};
	struct loop *loop = loop_new(NULL, NULL);
	struct certs certs;
	struct cert cert;

	(void)state;
	certs_init(&certs);
	certs_make(&certs, "a", &(struct cert_wish){.self_signed = true},
		   &cert);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct msrp_tls tls = with(&certs, &cert);
		struct side a;
		struct stream t;
		SSL *ssl;

		tls.ciphers = rows[i].allowed;
		side_init(&a, loop, tls, "");
		side_join(&a, STR("msrps://127.0.0.1:9/x;tcp"), NULL);
		stream_open(&t, loop, msrp_port(a.msrp, true));
		ssl = bufferevent_openssl_get_ssl(t.bev);
		SSL_set_min_proto_version(ssl, 0);
		SSL_set_max_proto_version(ssl, rows[i].max_version);
		assert_true(SSL_set_cipher_list(ssl, rows[i].offered));
		stream_binds(&t, msrp_session_uri(a.s));
		step_run(loop);
		assert_int_equal(a.bound, rows[i].ok);
		assert_int_equal(t.closed, !rows[i].ok);
		stream_done(&t);
		side_done(&a);
	}
	loop_settle(loop);
	loop_free(loop);
	certs_done(&certs);
}

/* MSRP-76: our own certificate */
static void test_own_fingerprint(void **state)
{
	struct loop *loop = loop_new(NULL, NULL);
	struct certs certs;
	struct cert own, issued;
	struct side a;
	char why[256];
	struct msrp_tls tls;

	(void)state;
	certs_init(&certs);
	certs_make(&certs, "own", &(struct cert_wish){.self_signed = true},
		   &own);
	certs_make(&certs, "issued", &(struct cert_wish){0}, &issued);
	side_init(&a, loop, with(&certs, &own), "");
	assert_true(str_eq(msrp_fingerprints(a.msrp), str_z(own.fingerprint)));
	tls = with(&certs, &issued);
	assert_int_equal(msrp_reload_tls(a.msrp, &tls, why), 0);
	assert_int_equal(msrp_fingerprints(a.msrp).n, 0);
	msrp_free(a.msrp);
	loop_settle(loop);
	loop_free(loop);
	certs_done(&certs);
}

static void peer_fingerprint(struct stream *t, struct buf *b)
{
	X509 *x =
	    SSL_get1_peer_certificate(bufferevent_openssl_get_ssl(t->bev));
	struct msrp_fingerprint f = {.hash = "sha-256", .n = 32};

	buf_clear(b);
	X509_digest(x, EVP_sha256(), f.octets, NULL);
	msrp_fingerprint_write(b, &f);
	X509_free(x);
}

/* A renewed certificate is shown from then on; a session that is there goes on,
 * and what can't be read changes nothing. */
static void test_reload(void **state)
{
	struct loop *loop = loop_new(NULL, NULL);
	struct buf shown = BUF_INIT(4096);
	struct certs certs;
	struct cert first, second;
	struct side a, b;
	struct stream t, u;
	struct msrp_tls tls;
	char why[256] = "";

	(void)state;
	certs_init(&certs);
	certs_make(&certs, "a", &(struct cert_wish){.self_signed = true},
		   &first);
	tls = with(&certs, &first);
	side_init(&a, loop, tls, "");
	side_join(&a, STR("msrps://127.0.0.1:9/x;tcp"), NULL);
	stream_open(&t, loop, msrp_port(a.msrp, true));
	stream_binds(&t, msrp_session_uri(a.s));
	step_run(loop);
	certs_make(&certs, "a", &(struct cert_wish){.self_signed = true},
		   &second);
	assert_int_equal(truncate(second.key, 0), 0);
	assert_true(msrp_reload_tls(a.msrp, &tls, why) < 0);
	assert_non_null(strstr(why, second.key));
	assert_true(
	    str_eq(msrp_fingerprints(a.msrp), str_z(first.fingerprint)));
	certs_make(&certs, "a", &(struct cert_wish){.self_signed = true},
		   &second);
	assert_int_equal(msrp_reload_tls(a.msrp, &tls, why), 0);
	b = (struct side){.loop = loop, .msrp = a.msrp};
	side_join(&b, STR("msrps://127.0.0.1:9/y;tcp"), NULL);
	stream_open(&u, loop, msrp_port(a.msrp, true));
	stream_binds(&u, msrp_session_uri(b.s));
	step_run(loop);
	peer_fingerprint(&t, &shown);
	assert_string_equal(buf_z(&shown), first.fingerprint);
	peer_fingerprint(&u, &shown);
	assert_string_equal(buf_z(&shown), second.fingerprint);
	assert_int_equal(a.closed, 0);
	assert_int_equal(a.bound + b.bound, 2);
	stream_done(&t);
	stream_done(&u);
	msrp_session_free(b.s);
	side_done(&a);
	buf_done(&shown);
	loop_settle(loop);
	loop_free(loop);
	certs_done(&certs);
}

/* RFC 8122 §5 */
static void test_fingerprint_text(void **state)
{
	struct msrp_fingerprint a, b;
	struct buf text = BUF_INIT(4096);

	(void)state;
	assert_int_equal(msrp_fingerprint_parse(STR(OTHER), &a), 0);
	assert_int_equal(a.n, 32);
	msrp_fingerprint_write(&text, &a);
	assert_string_equal(buf_z(&text), OTHER);
	buf_done(&text);
	assert_int_equal(
	    msrp_fingerprint_parse(STR(" SHA-1 00:11:22:33:44:55:66:77:88:99:aa"
				       ":bb:cc:dd:ee:ff:00:11:22:33 "),
				   &b),
	    0);
	assert_int_equal(b.octets[15], 0xff);
	assert_false(msrp_fingerprint_eq(&a, &b));
	assert_true(msrp_fingerprint_parse(STR("md5 00:11"), &b) < 0);
	assert_true(msrp_fingerprint_parse(STR("sha-256 00:11"), &b) < 0);
	assert_true(
	    msrp_fingerprint_parse(STR("sha-1 00:11:22:33:44:55:66:77:88:99:aa"
				       ":bb:cc:dd:ee:ff:00:11:22-33"),
				   &b) < 0);
	assert_true(msrp_fingerprint_parse(STR_NONE, &b) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_chain),
	    cmocka_unit_test(test_fingerprint_of_callee),
	    cmocka_unit_test(test_lax),
	    cmocka_unit_test(test_fingerprint_of_caller),
	    cmocka_unit_test(test_caller_without_certificate),
	    cmocka_unit_test(test_late_fingerprint),
	    cmocka_unit_test(test_versions),
	    cmocka_unit_test(test_own_fingerprint),
	    cmocka_unit_test(test_reload),
	    cmocka_unit_test(test_fingerprint_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
