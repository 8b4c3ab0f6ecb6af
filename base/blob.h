/* Immutable bytes with several owners: a body fanned out to many seats. */
#pragma once

#include "base/str.h"

struct blob {
	unsigned refs;
	size_t n;
	char p[];
};

struct blob *blob_new(struct str s); /* one reference, the caller's */
struct blob *blob_ref(struct blob *b);
void blob_unref(struct blob *b); /* NULL is fine */
static inline struct str blob_str(const struct blob *b)
{
	return b ? str_of(b->p, b->n) : STR_NONE;
}
