#include "base/blob.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

struct blob *blob_new(struct str s)
{
	struct blob *b = mem_resize(NULL, sizeof(*b) + s.n);

	b->refs = 1;
	b->n = s.n;
	if (s.n)
		memcpy(b->p, s.p, s.n);
	return b;
}

struct blob *blob_ref(struct blob *b)
{
	assert(b->refs > 0);
	b->refs++;
	return b;
}

void blob_unref(struct blob *b)
{
	if (!b)
		return;
	assert(b->refs > 0);
	if (--b->refs == 0)
		free(b);
}
