#include <errno.h>
#include <stdio.h>

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "msrp/msrp_priv.h"

static const char *reason(void)
{
	unsigned long e = ERR_peek_last_error();
	const char *text = e ? ERR_reason_error_string(e) : NULL;

	return text ? text : "unknown error";
}

static SSL_CTX *context(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (!ctx)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
				     SSL_OP_IGNORE_UNEXPECTED_EOF);
	return ctx;
}

static int load(SSL_CTX *ctx, const struct msrp_cfg *cfg, char why[256])
{
	const char *bad = NULL;

	if (!cfg->certificate || !cfg->key) {
		snprintf(why, 256, "msrp tls needs a certificate and a key");
		return -EINVAL;
	}
	if (SSL_CTX_use_certificate_chain_file(ctx, cfg->certificate) != 1)
		bad = cfg->certificate;
	else if (SSL_CTX_use_PrivateKey_file(ctx, cfg->key, SSL_FILETYPE_PEM) !=
		 1)
		bad = cfg->key;
	if (!bad)
		return 0;
	snprintf(why, 256, "msrp tls %.180s: %.60s", bad, reason());
	ERR_clear_error();
	return -EINVAL;
}

int msrp_tls_new(struct msrp *m, const struct msrp_cfg *cfg, char why[256])
{
	m->server_tls = context(TLS_server_method());
	m->client_tls = context(TLS_client_method());
	if (!m->server_tls || !m->client_tls) {
		snprintf(why, 256, "msrp tls: %.60s", reason());
		ERR_clear_error();
		return -EINVAL;
	}
	/* SSL_CTX_use_PrivateKey_file refuses a key that does not fit */
	return load(m->server_tls, cfg, why);
}

void msrp_tls_free(struct msrp *m)
{
	SSL_CTX_free(m->server_tls);
	SSL_CTX_free(m->client_tls);
}

static struct bufferevent *stream(struct msrp *m, SSL_CTX *ctx, int fd,
				  enum bufferevent_ssl_state state)
{
	SSL *ssl = ctx ? SSL_new(ctx) : NULL;
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

struct bufferevent *msrp_tls_accept(struct msrp *m, int fd)
{
	return stream(m, m->server_tls, fd, BUFFEREVENT_SSL_ACCEPTING);
}

struct bufferevent *msrp_tls_connect(struct msrp *m)
{
	return stream(m, m->client_tls, -1, BUFFEREVENT_SSL_CONNECTING);
}

void msrp_tls_close(struct bufferevent *bev)
{
	SSL *ssl = bufferevent_openssl_get_ssl(bev);

	if (!ssl)
		return;
	if (SSL_is_init_finished(ssl)) {
		SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN);
		SSL_shutdown(ssl);
	}
	while (bufferevent_get_openssl_error(bev))
		;
	ERR_clear_error();
}
