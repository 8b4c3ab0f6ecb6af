/* The history of what is read can be read again, and names nobody else. */
#include <assert.h>

#include "sip/lists.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(4u << 20);
	struct buf b = BUF_INIT(4u << 20);
	struct uri_list l, again;

	if (list_parse(str_of((const char *)data, size), a, &l) == 0 &&
	    list_write_history(&b, &l)) {
		assert(b.err == 0);
		if (b.n <= LIST_BYTES_MAX) {
			assert(list_parse(buf_str(&b), a, &again) == 0);
			assert(again.n > 0 && again.n <= l.n);
		}
	}
	buf_done(&b);
	arena_free(a);
	return 0;
}
