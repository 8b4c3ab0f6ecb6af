#include "base/mem.h"

#include <stdlib.h>

void *mem_new(size_t n)
{
	return mem_new_array(n ? n : 1, 1);
}

void *mem_new_array(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (!p)
		abort();
	return p;
}

void *mem_resize(void *p, size_t n)
{
	void *q = realloc(p, n ? n : 1);

	if (!q)
		abort();
	return q;
}
