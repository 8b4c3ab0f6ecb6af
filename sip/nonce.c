#include "sip/nonce.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

/* A nonce: its number, when it was given, and an HMAC over both and the realm;
 * 16, 16 and 32 hex digits. */
#define MAC_BYTES 16

/* The last use of the nonce whose number modulo the size is the slot's. */
struct used {
	uint64_t number;
	uint32_t nc;
};

struct nonces {
	unsigned char key[NONCE_KEY_BYTES];
	uint64_t life_ms;
	uint64_t given; /* numbers, from 1 */
	size_t n_used;
	struct used used[];
};

struct nonces *nonces_new(const unsigned char key[NONCE_KEY_BYTES],
			  uint64_t life_ms, size_t max)
{
	struct nonces *n = mem_new(sizeof(*n) + max * sizeof(n->used[0]));

	memcpy(n->key, key, NONCE_KEY_BYTES);
	n->life_ms = life_ms;
	n->n_used = max;
	return n;
}

void nonces_free(struct nonces *n)
{
	if (n)
		OPENSSL_cleanse(n->key, sizeof(n->key));
	free(n);
}

static void put_nonce(const struct nonces *n, struct str realm, uint64_t number,
		      uint64_t at_ms, char out[NONCE_TEXT_MAX])
{
	unsigned char key[EVP_MAX_MD_SIZE], mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	snprintf(out, NONCE_TEXT_MAX, "%016llx%016llx",
		 (unsigned long long)number, (unsigned long long)at_ms);
	/* the realm has its own key, so that no two texts run together */
	if (!HMAC(EVP_sha256(), n->key, NONCE_KEY_BYTES,
		  (const unsigned char *)realm.p, realm.n, key, &len) ||
	    !HMAC(EVP_sha256(), key, (int)len, (const unsigned char *)out, 32,
		  mac, NULL))
		abort(); /* no memory */
	for (size_t i = 0; i < MAC_BYTES; i++)
		snprintf(out + 32 + 2 * i, 3, "%02x", mac[i]);
}

void nonce_write(struct nonces *n, struct str realm, uint64_t now_ms,
		 char out[NONCE_TEXT_MAX])
{
	put_nonce(n, realm, ++n->given, now_ms, out);
}

static bool hex_u64(struct str s, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*out = v;
	return true;
}

bool nonce_use(struct nonces *n, struct str realm, uint64_t now_ms,
	       struct str nonce, uint32_t nc)
{
	char own[NONCE_TEXT_MAX];
	uint64_t number, at_ms;
	struct used *u;

	if (nonce.n != NONCE_TEXT_MAX - 1 ||
	    !hex_u64(str_of(nonce.p, 16), &number) ||
	    !hex_u64(str_of(nonce.p + 16, 16), &at_ms))
		return false;
	put_nonce(n, realm, number, at_ms, own);
	if (CRYPTO_memcmp(own, nonce.p, nonce.n) != 0)
		return false;
	if (now_ms - at_ms > n->life_ms)
		return false;
	/* a younger one in the slot: this one may have been used before */
	u = &n->used[number % n->n_used];
	if (u->number > number || (u->number == number && nc <= u->nc) ||
	    nc == 0)
		return false;
	u->number = number;
	u->nc = nc;
	return true;
}
