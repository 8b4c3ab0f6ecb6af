/* TLS of the SIP process: its certificate, and a new one. */
#include <openssl/ssl.h>

#include "tests/lib/certs.h"
#include "tests/unit/sip_bed.h"

#define LISTEN "tcp:127.0.0.1:0 tls:127.0.0.1:0"

static struct sip_tls with(const struct certs *certs, const struct cert *cert)
{
	return (struct sip_tls){
	    .certificate = cert->file, .key = cert->key, .ca = certs->ca};
}

/* Connects, says OPTIONS, reads its answer: the fingerprint of who answered,
 * or "" if the handshake failed. */
static void ask(uint16_t port, int max_version, char fingerprint[128])
{
	static const char options[] =
	    "OPTIONS sip:chat.test SIP/2.0\r\n"
	    "Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKo\r\n"
	    "From: <sip:a@b>;tag=1\r\nTo: <sip:chat.test>\r\n"
	    "Call-ID: o\r\nCSeq: 1 FOO\r\nContent-Length: 0\r\n\r\n";
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char got[1024] = "";
	X509 *x;

	*fingerprint = '\0';
	SSL_set_min_proto_version(ssl, 0);
	SSL_set_max_proto_version(ssl, max_version);
	SSL_set_fd(ssl, fd);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	if (SSL_connect(ssl) == 1) {
		SSL_write(ssl, options, (int)sizeof options - 1);
		SSL_read(ssl, got, sizeof got - 1);
		assert_ptr_equal(strstr(got, "SIP/2.0 "), got);
		x = SSL_get1_peer_certificate(ssl);
		certs_fingerprint(x, fingerprint);
		X509_free(x);
	}
	SSL_free(ssl);
	close(fd);
	SSL_CTX_free(ctx);
}

struct tls_bed {
	struct bed bed;
	struct certs certs;
	struct cert cert;
	struct sip_tls tls;
};

static int setup(void **state)
{
	struct tls_bed *t = calloc(1, sizeof(*t));

	certs_init(&t->certs);
	certs_make(&t->certs, "a", &(struct cert_wish){0}, &t->cert);
	t->tls = with(&t->certs, &t->cert);
	bed_start_tls(&t->bed, bed_program(), LISTEN, &t->tls);
	assert_int_equal(t->bed.ready, 1);
	assert_true(t->bed.tcp && t->bed.tls);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct tls_bed *t = *state;

	bed_done(&t->bed);
	certs_done(&t->certs);
	free(t);
	return 0;
}

/* SIP-1: TLS 1.2 and later. (That sofia-sip's connections leave nothing behind
 * is the leak sanitizer's finding at the process' end.) */
static void test_versions(void **state)
{
	struct tls_bed *t = *state;
	char shown[128];

	ask(t->bed.tls, TLS1_3_VERSION, shown);
	assert_string_equal(shown, t->cert.fingerprint);
	ask(t->bed.tls, TLS1_2_VERSION, shown);
	assert_string_equal(shown, t->cert.fingerprint);
	ask(t->bed.tls, TLS1_1_VERSION, shown);
	assert_string_equal(shown, "");
}

/* A new certificate: dialogs stay. */
static void test_restart(void **state)
{
	struct tls_bed *t = *state;
	struct bed *b = &t->bed;
	const struct port_msg *m;
	struct peer p;
	struct call c = {&p, "stays", "ft", ""};
	char shown[128], why[256] = "";
	uint64_t dlg;
	int pid;

	peer_open(&p, b, true);
	dlg = call_establish(&c, "");
	certs_make(&t->certs, "a", &(struct cert_wish){0}, &t->cert);
	assert_true(sip_child_settled(b->child));
	assert_int_equal(sip_child_reload_tls(b->child, &t->tls, why), 0);
	assert_false(sip_child_settled(b->child));
	assert_int_equal(sip_child_reload_tls(b->child, &t->tls, why), 0);
	while (b->ready < 2)
		bed_turn(b);
	assert_true(sip_child_settled(b->child));
	ask(b->tls, TLS1_3_VERSION, shown);
	assert_string_equal(shown, t->cert.fingerprint);
	pid = sip_child_pid(b->child); /* it has read these files */
	assert_int_equal(sip_child_reload_tls(b->child, &t->tls, why), 0);
	core_settle(b);
	assert_int_equal(sip_child_pid(b->child), pid);
	peer_close(&p);
	peer_open(&p, b, true);
	call_say(&c, "BYE", 2, NULL, NULL);
	m = core_asked(b, "BYE");
	assert_true(m->dlg == dlg);
	core_forget(b, dlg);
	peer_close(&p);
}

/* What can't be used changes nothing. */
static void test_restart_refused(void **state)
{
	struct tls_bed *t = *state;
	struct bed *b = &t->bed;
	int pid = sip_child_pid(b->child);
	struct cert other;
	struct sip_tls bad;
	char shown[128], why[256] = "";

	certs_make(&t->certs, "b", &(struct cert_wish){0}, &other);
	bad = with(&t->certs, &other);
	bad.key = t->cert.key;
	assert_true(sip_child_reload_tls(b->child, &bad, why) < 0);
	assert_non_null(strstr(why, t->cert.key));
	bad.key = "";
	assert_true(sip_child_reload_tls(b->child, &bad, why) < 0);
	bad = t->tls;
	bad.ca = "/nonexistent";
	assert_true(sip_child_reload_tls(b->child, &bad, why) < 0);
	assert_non_null(strstr(why, "/nonexistent"));
	ask(b->tls, TLS1_3_VERSION, shown);
	assert_string_equal(shown, t->cert.fingerprint);
	assert_int_equal(sip_child_pid(b->child), pid);
}

/* A start without a certificate fails and says why. */
static void test_no_certificate(void **state)
{
	struct sip_tls none = {.certificate = "/nonexistent/a", .key = "/x"};
	struct bed b;

	(void)state;
	bed_start_tls(&b, bed_program(), LISTEN, &none);
	assert_int_equal(b.ready, 0);
	assert_non_null(strstr(b.failed, "tls /nonexistent/a"));
	bed_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_versions, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_restart_refused, setup,
					    teardown),
	    cmocka_unit_test(test_no_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
