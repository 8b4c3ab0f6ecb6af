/* What a server asks for is answered with credentials that can be read. */
#include <assert.h>

#include "sip/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(1u << 20);
	struct buf b = BUF_INIT(1u << 20);
	struct digest_reply r = {.username = STR("u"),
				 .password = STR("p"),
				 .method = STR("INVITE"),
				 .uri = STR("sip:r@x"),
				 .cnonce = STR("c"),
				 .nc = 1};
	struct digest_credentials c;
	struct digest_asked asked;

	if (size <= 65536 &&
	    digest_asked_parse(str_of((const char *)data, size), a, &asked) ==
		0) {
		digest_authorize(&b, &asked, &r);
		assert(b.err == 0);
		assert(str_find(buf_str(&b), '\n') < 0);
		if (asked.qop)
			assert(digest_credentials_parse(buf_str(&b), a, &c) ==
			       0);
	}
	buf_done(&b);
	arena_free(a);
	return 0;
}
