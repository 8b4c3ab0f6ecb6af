#include "base/bucket.h"

bool bucket_take(struct bucket *b, unsigned rate, unsigned burst,
		 uint64_t now_ms)
{
	uint64_t size = burst * 1000ull;
	uint64_t passed = now_ms - b->at_ms;

	/* what flows in is at most what is missing; and no product overflows */
	if (passed > b->used / rate)
		b->used = 0;
	else
		b->used -= passed * rate;
	b->at_ms = now_ms;
	if (b->used + 1000 > size)
		return false;
	b->used += 1000;
	return true;
}

bool bucket_is_full(const struct bucket *b, unsigned rate, uint64_t now_ms)
{
	return rate == 0 || now_ms - b->at_ms > b->used / rate;
}
