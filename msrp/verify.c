#include <stdlib.h>

#include <event2/bufferevent_ssl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/log.h"
#include "base/mem.h"
#include "msrp/conn_priv.h"
#include "msrp/session_priv.h"

/* The certificate's own hash of this kind; false: it can't be computed. */
static bool hash_of(X509 *x, const char *name, struct msrp_fingerprint *out)
{
	EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);
	unsigned n = 0;

	*out = (struct msrp_fingerprint){.hash = name};
	if (md)
		X509_digest(x, md, out->octets, &n);
	EVP_MD_free(md);
	out->n = n;
	return n > 0;
}

static const char *check_fingerprints(X509 *x, const struct msrp_session *s)
{
	struct msrp_fingerprint own;

	for (size_t i = 0; i < s->n_fingerprints; i++)
		if (hash_of(x, s->fingerprints[i].hash, &own) &&
		    msrp_fingerprint_eq(&own, &s->fingerprints[i]))
			return NULL;
	return "the certificate does not match a=fingerprint";
}

/* A name or address of the certificate's SubjectAltName; its common name does
 * not count. */
static bool names(X509 *x, struct str host)
{
	bool v6 = host.n > 2 && host.p[0] == '[';
	char *z = str_dup(v6 ? str_of(host.p + 1, host.n - 2) : host);
	bool ok = X509_check_ip_asc(x, z, 0) == 1 ||
		  X509_check_host(x, z, 0,
				  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
				      X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
				  NULL) == 1;

	free(z);
	return ok;
}

static const char *check_name(SSL *ssl, X509 *x, const struct msrp_session *s)
{
	long result = SSL_get_verify_result(ssl);
	struct msrp_uri uri;

	if (result != X509_V_OK)
		return X509_verify_cert_error_string(result);
	if (msrp_uri_parse(s->peer_uri, &uri) || !names(x, uri.host))
		return "the certificate does not name the host of the URI";
	return NULL;
}

const char *verify_peer(const struct msrp_conn *c, const struct msrp_session *s)
{
	bool named = c->outgoing && c->m->verify == MSRP_VERIFY_STRICT;
	SSL *ssl;
	X509 *x;

	if (!c->secure || c->m->verify == MSRP_VERIFY_NONE ||
	    (!named && s->n_fingerprints == 0))
		return NULL;
	ssl = bufferevent_openssl_get_ssl(c->bev);
	x = ssl ? SSL_get0_peer_certificate(ssl) : NULL;
	if (!x)
		return "it shows no certificate";
	return s->n_fingerprints ? check_fingerprints(x, s)
				 : check_name(ssl, x, s);
}

void verify_expect(struct msrp_session *s, struct str fingerprints)
{
	struct msrp_fingerprint f[MSRP_FINGERPRINTS_MAX];
	size_t n = 0;

	if (s->relayed || !s->secure)
		return;
	while (fingerprints.n && n < MSRP_FINGERPRINTS_MAX)
		if (msrp_fingerprint_parse(str_split(&fingerprints, '\n'),
					   &f[n]) == 0)
			n++;
	if (n == 0)
		return;
	s->fingerprints = mem_new_array(n, sizeof(*f));
	memcpy(s->fingerprints, f, n * sizeof(*f));
	s->n_fingerprints = n;
}

void verify_log(const struct msrp_conn *c, const char *why)
{
	char text[ADDR_TEXT_MAX];

	log_warn(loop_log(c->m->loop), "msrp.untrusted",
		 "conn=%u peer=%s why=\"%s\"", c->id, addr_text(&c->peer, text),
		 why);
}

void verify_failed(struct msrp_conn *c, struct msrp_session *s, const char *why)
{
	verify_log(c, why);
	session_closed(s, MSRP_CLOSED_UNTRUSTED);
	if (c->n_live == 0)
		conn_finish(c);
}
