#include "tests/lib/certs.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert(e);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

static X509 *certificate(struct certs *c, EVP_PKEY *key, const char *cn)
{
	X509 *x = X509_new();

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ++c->serial);
	X509_gmtime_adj(X509_getm_notBefore(x), -7200);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	return x;
}

static void write_certificate(const char *file, X509 *x)
{
	FILE *f = fopen(file, "w");

	assert(f && PEM_write_X509(f, x));
	fclose(f);
}

void certs_init(struct certs *c)
{
	*c = (struct certs){0};
	snprintf(c->folder, sizeof(c->folder), "/tmp/stox-certs-XXXXXX");
	if (!mkdtemp(c->folder))
		abort();
	snprintf(c->ca, sizeof(c->ca), "%s/ca.pem", c->folder);
	c->ca_key = EVP_EC_gen("P-256");
	c->ca_cert = certificate(c, c->ca_key, "Test authority");
	extend(c->ca_cert, c->ca_cert, NID_basic_constraints,
	       "critical,CA:TRUE");
	X509_sign(c->ca_cert, c->ca_key, EVP_sha256());
	write_certificate(c->ca, c->ca_cert);
}

void certs_done(struct certs *c)
{
	DIR *d = opendir(c->folder);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (*e->d_name != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	rmdir(c->folder);
	EVP_PKEY_free(c->ca_key);
	X509_free(c->ca_cert);
}

void certs_fingerprint(X509 *x, char text[128])
{
	unsigned char octets[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	int at = sprintf(text, "sha-256 ");

	X509_digest(x, EVP_sha256(), octets, &n);
	for (unsigned i = 0; i < n; i++)
		at += sprintf(text + at, "%s%02X", i ? ":" : "", octets[i]);
}

void certs_make(struct certs *c, const char *name, const struct cert_wish *w,
		struct cert *out)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = certificate(c, key, name);
	FILE *f;

	if (w->expired)
		X509_gmtime_adj(X509_getm_notAfter(x), -3600);
	if (!w->self_signed)
		X509_set_issuer_name(x, X509_get_subject_name(c->ca_cert));
	if (w->names)
		extend(x, w->self_signed ? x : c->ca_cert, NID_subject_alt_name,
		       w->names);
	X509_sign(x, w->self_signed ? key : c->ca_key, EVP_sha256());
	snprintf(out->file, sizeof(out->file), "%s/%s.pem", c->folder, name);
	snprintf(out->key, sizeof(out->key), "%s/%s.key", c->folder, name);
	write_certificate(out->file, x);
	f = fopen(out->key, "w");
	assert(f && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL));
	fclose(f);
	certs_fingerprint(x, out->fingerprint);
	X509_free(x);
	EVP_PKEY_free(key);
}
