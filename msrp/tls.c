#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "msrp/conn_priv.h"
#include "msrp/msrp_priv.h"
#include "msrp/session_priv.h"

/* Of TLS 1.2 what keeps past sessions secret when a key is lost; the suite that
 * RFC 4975 §14.2 mandates does not (MSRP-77). TLS 1.3 has nothing else. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM"

static const char *reason(void)
{
	unsigned long e = ERR_peek_last_error();
	const char *text = e ? ERR_reason_error_string(e) : NULL;

	return text ? text : "unknown error";
}

static bool given(const char *z)
{
	return z && *z;
}

/* Who connects to us is asked for his certificate and may have none, or one of
 * his own making: verify.c looks at it (RFC 8122 §6.2). */
static int any_certificate(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

static SSL_CTX *context(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (!ctx)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
				     SSL_OP_CIPHER_SERVER_PREFERENCE |
				     SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* each connection shows its certificate anew */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	return ctx;
}

/* The file or list that can't be used, or NULL. */
static const char *fill(SSL_CTX *ctx, const struct msrp_tls *tls)
{
	const char *ciphers = given(tls->ciphers) ? tls->ciphers : CIPHERS;

	if (SSL_CTX_set_cipher_list(ctx, ciphers) != 1)
		return ciphers;
	if (SSL_CTX_use_certificate_chain_file(ctx, tls->certificate) != 1)
		return tls->certificate;
	/* refuses a key that does not fit, too */
	if (SSL_CTX_use_PrivateKey_file(ctx, tls->key, SSL_FILETYPE_PEM) != 1)
		return tls->key;
	if (!given(tls->ca))
		return SSL_CTX_set_default_verify_paths(ctx) == 1 ? NULL : "ca";
	return SSL_CTX_load_verify_locations(ctx, tls->ca, NULL) == 1 ? NULL
								      : tls->ca;
}

static SSL_CTX *load(const SSL_METHOD *method, const struct msrp_tls *tls,
		     char why[256])
{
	SSL_CTX *ctx = context(method);
	const char *bad = ctx ? fill(ctx, tls) : "context";

	if (!bad)
		return ctx;
	snprintf(why, 256, "msrp tls %.180s: %.60s", bad, reason());
	ERR_clear_error();
	SSL_CTX_free(ctx);
	return NULL;
}

static void add_fingerprint(struct buf *b, X509 *x, const char *name,
			    const EVP_MD *hash)
{
	struct msrp_fingerprint f = {.hash = name};
	unsigned n = 0;

	X509_digest(x, hash, f.octets, &n);
	f.n = n;
	if (b->n)
		buf_addc(b, '\n');
	msrp_fingerprint_write(b, &f);
}

/* RFC 8122 §5.1: SHA-256, and what the certificate is signed with if that is
 * stronger. */
static void own_fingerprints(struct buf *b, SSL_CTX *ctx)
{
	X509 *x = SSL_CTX_get0_certificate(ctx);
	int hash = NID_undef;

	buf_clear(b);
	if (!x || !(X509_get_extension_flags(x) & EXFLAG_SS))
		return;
	add_fingerprint(b, x, "sha-256", EVP_sha256());
	X509_get_signature_info(x, &hash, NULL, NULL, NULL);
	if (hash == NID_sha384)
		add_fingerprint(b, x, "sha-384", EVP_sha384());
	else if (hash == NID_sha512)
		add_fingerprint(b, x, "sha-512", EVP_sha512());
}

int tls_load(struct msrp *m, const struct msrp_tls *tls, char why[256])
{
	SSL_CTX *server, *client;

	if (!given(tls->certificate) || !given(tls->key)) {
		snprintf(why, 256, "msrp tls needs a certificate and a key");
		return -EINVAL;
	}
	server = load(TLS_server_method(), tls, why);
	client = server ? load(TLS_client_method(), tls, why) : NULL;
	if (!client) {
		SSL_CTX_free(server);
		return -EINVAL;
	}
	SSL_CTX_set_verify(server, SSL_VERIFY_PEER, any_certificate);
	tls_free(m);
	m->server_tls = server;
	m->client_tls = client;
	m->verify = tls->verify;
	buf_init(&m->fingerprints, 4096);
	own_fingerprints(&m->fingerprints, server);
	return 0;
}

void tls_free(struct msrp *m)
{
	SSL_CTX_free(m->server_tls);
	SSL_CTX_free(m->client_tls);
	buf_done(&m->fingerprints);
}

static struct bufferevent *stream(struct msrp *m, SSL *ssl, int fd,
				  enum bufferevent_ssl_state state)
{
	struct bufferevent *bev;

	if (!ssl)
		return NULL;
	bev = bufferevent_openssl_socket_new(loop_base(m->loop), fd, ssl, state,
					     BEV_OPT_CLOSE_ON_FREE);
	if (!bev) {
		SSL_free(ssl);
		return NULL;
	}
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

struct bufferevent *tls_accept(struct msrp *m, int fd)
{
	return stream(m, SSL_new(m->server_tls), fd, BUFFEREVENT_SSL_ACCEPTING);
}

struct bufferevent *tls_connect(struct msrp *m, struct str name)
{
	SSL *ssl = SSL_new(m->client_tls);
	char *z = str_dup(name);

	if (ssl && name.n)
		SSL_set_tlsext_host_name(ssl, z);
	free(z);
	return stream(m, ssl, -1, BUFFEREVENT_SSL_CONNECTING);
}

const char *tls_failure(struct bufferevent *bev)
{
	unsigned long e, last = 0;

	while ((e = bufferevent_get_openssl_error(bev)))
		last = e;
	return last ? ERR_reason_error_string(last) : NULL;
}

void tls_close(struct bufferevent *bev)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);

	if (!ssl)
		return;
	if (SSL_is_init_finished(ssl)) {
		SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN);
		SSL_shutdown(ssl);
	}
	tls_failure(bev);
	ERR_clear_error();
}
