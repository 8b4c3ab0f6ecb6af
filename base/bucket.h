/* A token bucket: so many at once, so many per second in the long run. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Zeroed = full. */
struct bucket {
	uint64_t used; /* thousandths of a token */
	uint64_t at_ms;
};

/* Takes a token; false: there is none. rate per second and burst from 1 to
 * 4000000000; now_ms never goes back. */
bool bucket_take(struct bucket *b, unsigned rate, unsigned burst,
		 uint64_t now_ms);
/* Is nothing of it taken (any more)? rate 0: nothing ever counts. */
bool bucket_is_full(const struct bucket *b, unsigned rate, uint64_t now_ms);
