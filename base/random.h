/* Unpredictable bytes and identifiers. */
#pragma once

#include "base/str.h"

/* From the kernel; aborts if it has none. */
void random_bytes(void *p, size_t n);
uint64_t random_u64(void);
/* n characters of A-Z a-z 0-9 (5.95 bits each) and a NUL: z holds n + 1. The
 * first is a letter. */
void random_ident(char *z, size_t n);
