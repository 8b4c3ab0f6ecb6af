#include "sip/digest_priv.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

const char *digest_name(enum digest_algorithm a)
{
	static const char *const names[DIGEST_ALGORITHMS] = {
	    [DIGEST_MD5] = "MD5", [DIGEST_SHA256] = "SHA-256"};

	return names[a];
}

/* --- arithmetic --- */

void digest_hash(enum digest_algorithm a, const struct str *part, size_t n,
		 char hex[DIGEST_HEX_MAX])
{
	static const char digits[] = "0123456789abcdef";
	const EVP_MD *md = a == DIGEST_MD5 ? EVP_md5() : EVP_sha256();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool ok = ctx && EVP_DigestInit_ex(ctx, md, NULL) == 1;

	for (size_t i = 0; i < n; i++)
		ok = ok && (i == 0 || EVP_DigestUpdate(ctx, ":", 1) == 1) &&
		     EVP_DigestUpdate(ctx, part[i].p, part[i].n) == 1;
	if (!ok || EVP_DigestFinal_ex(ctx, out, &len) != 1)
		len = 0;
	EVP_MD_CTX_free(ctx);
	for (unsigned i = 0; i < len; i++) {
		*hex++ = digits[out[i] >> 4];
		*hex++ = digits[out[i] & 15];
	}
	*hex = '\0';
}

void digest_ha1(enum digest_algorithm a, struct str username, struct str realm,
		struct str password, char hex[DIGEST_HEX_MAX])
{
	digest_hash(a, (struct str[]){username, realm, password}, 3, hex);
}

void digest_response(const struct digest_credentials *c, const char *ha1,
		     struct str method, char hex[DIGEST_HEX_MAX])
{
	char ha2[DIGEST_HEX_MAX];

	digest_hash(c->algorithm, (struct str[]){method, c->uri}, 2, ha2);
	digest_hash(c->algorithm,
		    (struct str[]){str_z(ha1), c->nonce, c->nc_text, c->cnonce,
				   STR("auth"), str_z(ha2)},
		    6, hex);
}

bool digest_verify(const struct digest_credentials *c, const char *ha1,
		   struct str method)
{
	char want[DIGEST_HEX_MAX];
	size_t n;

	digest_response(c, ha1, method, want);
	n = strlen(want);
	return n && c->response.n == n &&
	       CRYPTO_memcmp(want, c->response.p, n) == 0;
}

/* --- challenge --- */

void digest_put_quoted(struct buf *b, struct str s)
{
	buf_addc(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			buf_addc(b, '\\');
		buf_addc(b, c < ' ' || c == 0x7f ? ' ' : (char)c);
	}
	buf_addc(b, '"');
}

void digest_challenge(struct buf *b, unsigned algorithms, struct str realm,
		      struct str nonce, bool stale)
{
	for (int a = DIGEST_ALGORITHMS - 1; a >= 0; a--) {
		if (!(algorithms & DIGEST_BIT(a)))
			continue;
		buf_addz(b, "WWW-Authenticate: Digest realm=");
		digest_put_quoted(b, realm);
		buf_addz(b, ", nonce=");
		digest_put_quoted(b, nonce);
		buf_addf(b, ", algorithm=%s, qop=\"auth\"%s\r\n",
			 digest_name((enum digest_algorithm)a),
			 stale ? ", stale=true" : "");
	}
}
