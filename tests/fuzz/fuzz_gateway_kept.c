/* Kept values: what can be read is written as the same again. */
#include <assert.h>

#include "gateway/kept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_of((const char *)data, size);
	struct buf b = BUF_INIT(4u << 20), again = BUF_INIT(4u << 20);
	struct kept_subscription subscription;
	struct kept_occupant occupant;
	struct kept_call call;
	struct kept_heard heard;

	if (kept_call_read(in, &call) == 0) {
		kept_call_write(&b, &call);
		assert(kept_call_read(buf_str(&b), &call) == 0);
		kept_call_write(&again, &call);
		assert(str_eq(buf_str(&b), buf_str(&again)));
	}
	buf_clear(&b);
	if (kept_subscription_read(in, &subscription) == 0) {
		kept_subscription_write(&b, &subscription);
		assert(kept_subscription_read(buf_str(&b), &subscription) == 0);
	}
	buf_clear(&b);
	if (kept_occupant_read(in, &occupant) == 0) {
		kept_occupant_write(&b, &occupant);
		assert(kept_occupant_read(buf_str(&b), &occupant) == 0);
	}
	buf_clear(&b);
	if (kept_heard_read(in, &heard) == 0) {
		for (size_t i = 0; i < heard.marks.n / KEPT_MARK; i++)
			kept_mark(&heard, i);
		kept_heard_write(&b, &heard);
		assert(kept_heard_read(buf_str(&b), &heard) == 0);
	}
	kept_dialog_id(in);
	buf_done(&b);
	buf_done(&again);
	return 0;
}
