#include <errno.h>
#include <stdio.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/str.h"
#include "sip/child.h"

static bool given(const char *z)
{
	return z && *z;
}

/* The file that can't be used, or NULL. */
static const char *bad_file(SSL_CTX *ctx, const struct sip_tls *tls)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, tls->certificate) != 1)
		return tls->certificate;
	/* refuses a key that does not fit, too */
	if (SSL_CTX_use_PrivateKey_file(ctx, tls->key, SSL_FILETYPE_PEM) != 1)
		return tls->key;
	if (given(tls->ca) && SSL_CTX_load_verify_file(ctx, tls->ca) != 1)
		return tls->ca;
	return NULL;
}

int sip_tls_check(const struct sip_tls *tls, char why[256])
{
	const char *bad, *reason;
	SSL_CTX *ctx;

	if (!given(tls->certificate) || !given(tls->key)) {
		snprintf(why, 256, "tls needs a certificate and a key");
		return -EINVAL;
	}
	ctx = SSL_CTX_new(TLS_method());
	bad = ctx ? bad_file(ctx, tls) : "context";
	reason = ERR_reason_error_string(ERR_peek_last_error());
	if (bad)
		snprintf(why, 256, "tls %.180s: %.60s", bad,
			 reason ? reason : "unknown error");
	ERR_clear_error();
	SSL_CTX_free(ctx);
	return bad ? -EINVAL : 0;
}

/* 0 for a file that can't be read. */
static uint64_t file_sum(const char *file, uint64_t sum)
{
	char block[4096];
	size_t n;
	FILE *f = given(file) ? fopen(file, "r") : NULL;

	if (!f)
		return 0;
	while ((n = fread(block, 1, sizeof block, f)) > 0)
		sum = str_hash(str_of(block, n), sum);
	explicit_bzero(block, sizeof block);
	fclose(f);
	return sum;
}

uint64_t sip_tls_sum(const struct sip_tls *tls)
{
	const char *files[] = {tls->certificate, tls->key, tls->ca};
	uint64_t sum = (uint64_t)tls->verify;

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		sum = file_sum(files[i], sum + i + 1);
	return sum;
}
