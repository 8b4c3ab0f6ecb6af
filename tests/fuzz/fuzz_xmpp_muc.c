/* A stanza is classified, written, read and written again: the same text. */
#include <stdlib.h>

#include "tests/lib/xmlin.h"
#include "xmpp/muc.h"

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_meaning(const struct xnode *stanza, struct arena *a)
{
	struct muc_in in;

	if (muc_classify(stanza, a, 1795251600000, &in) < 0)
		return;
	check(in.from.domain.n && in.to.domain.n);
	check(in.kind != MUC_IQ || (in.payload && in.id.n));
	check(in.kind != MUC_SUBJECT || !in.to.resource.n);
	check(in.kind != MUC_PRIVATE || in.to.resource.n);
	check(in.error.type && in.error.condition);
	check(in.kind != MUC_BAD_MESSAGE || in.error.condition[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(1 << 24);
	struct buf once = BUF_INIT(1 << 24), twice = BUF_INIT(1 << 24);
	const struct xnode *n;

	n = size < 65536 ? xmlin_parse(a, str_of((const char *)data, size))
			 : NULL;
	if (n) {
		check_meaning(n, a);
		x_write(&once, n, STR(NS_CLIENT));
		n = xmlin_parse(a, buf_str(&once));
		check(n);
		x_write(&twice, n, STR(NS_CLIENT));
		check(!twice.err && str_eq(buf_str(&once), buf_str(&twice)));
	}
	buf_done(&once);
	buf_done(&twice);
	arena_free(a);
	return 0;
}
