/* What is read of credentials can be written and read again. */
#include <assert.h>

#include "sip/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(struct buf *b, const char *name, struct str s)
{
	buf_addf(b, ",%s=\"", name);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addc(b, '\\');
		buf_addc(b, s.p[i]);
	}
	buf_addc(b, '"');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(1u << 20);
	struct buf b = BUF_INIT(1u << 20);
	struct digest_credentials c, again;
	char hex[DIGEST_HEX_MAX];

	if (size <= 65536 &&
	    digest_credentials_parse(str_of((const char *)data, size), a, &c) ==
		0) {
		buf_addf(&b, "Digest qop=auth,nc=%08x,algorithm=%s", c.nc,
			 c.algorithm == DIGEST_MD5 ? "MD5" : "SHA-256");
		put(&b, "username", c.username);
		put(&b, "realm", c.realm);
		put(&b, "nonce", c.nonce);
		put(&b, "uri", c.uri);
		put(&b, "response", c.response);
		put(&b, "cnonce", c.cnonce);
		assert(digest_credentials_parse(buf_str(&b), a, &again) == 0);
		assert(str_eq(again.username, c.username));
		assert(str_eq(again.uri, c.uri));
		assert(again.nc == c.nc);
		digest_ha1(c.algorithm, c.username, c.realm, STR("p"), hex);
		digest_verify(&c, hex, STR("INVITE"));
	}
	buf_done(&b);
	arena_free(a);
	return 0;
}
