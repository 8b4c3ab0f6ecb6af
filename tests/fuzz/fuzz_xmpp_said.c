/* Whatever a room says is read without harm, and what it is said to be holds.
 */
#include <stdlib.h>

#include "tests/lib/xmlin.h"
#include "xmpp/muc_said.h"

static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(1 << 24);
	const struct xnode *n;
	struct muc_said in;

	n = size < 65536 ? xmlin_parse(a, str_of((const char *)data, size))
			 : NULL;
	if (n && muc_said_read(n, a, &in) == 0) {
		check(in.from.domain.n && in.to.domain.n);
		check(in.kind != SAID_IQ || (in.payload && in.id.n));
		check(in.kind != SAID_NOTICE || !in.from.resource.n);
		check(in.kind != SAID_STATUS || in.codes);
		check(in.error.type && in.error.condition);
	}
	arena_free(a);
	return 0;
}
