/* Small allocations of our own: they abort when memory is exhausted. What a
 * peer can size has a limit of its own before it comes here. */
#pragma once

#include <stddef.h>

/* n zeroed octets (n 0: a block that may be freed). free() them. */
void *mem_new(size_t n);
/* count zeroed objects of size octets each. */
void *mem_new_array(size_t count, size_t size);
/* As realloc; octets past the old size are not zeroed. */
void *mem_resize(void *p, size_t n);
