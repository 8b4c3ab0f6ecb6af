/* What a test has dealt with of its input. */
#pragma once

#include <string.h>

#include "base/buf.h"

/* Removes n octets from the front, of which there are as many. */
static inline void buf_drop(struct buf *b, size_t n)
{
	if (n)
		memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}
