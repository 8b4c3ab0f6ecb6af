/* A growing byte buffer with a largest size given at birth. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

#include "base/str.h"

/* Invariant: n <= room <= max. The first failure (the limit: ERR_TOO_BIG)
 * sticks in err and later additions do nothing, so an encoder reads straight
 * down and checks err once. */
struct buf {
	char *p;
	size_t n, room, max;
	int err;
};

#define BUF_INIT(limit) ((struct buf){NULL, 0, 0, (limit), 0})

void buf_init(struct buf *b, size_t max);
/* Frees the bytes; the buffer is empty and may be used again. */
void buf_done(struct buf *b);
/* Forgets the content and the error, keeps the memory. */
void buf_clear(struct buf *b);
void buf_add(struct buf *b, struct str s);
void buf_addz(struct buf *b, const char *z);
void buf_addc(struct buf *b, char c);
void buf_addu(struct buf *b, uint64_t v);
void buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Room for n more octets at the end, to be filled by the caller and counted by
 * b->n += used. NULL (and err set) over the limit. */
char *buf_space(struct buf *b, size_t n);
/* Removes all octets past n. */
static inline void buf_cut(struct buf *b, size_t n)
{
	if (n < b->n)
		b->n = n;
}
static inline struct str buf_str(const struct buf *b)
{
	return str_of(b->p, b->n);
}
/* Terminated by NUL (not counted in n); "" for an empty buffer. Valid until the
 * next change. */
const char *buf_z(struct buf *b);
/* Gives the bytes away as a malloc'd, NUL-terminated block (NULL on err); the
 * buffer is empty afterwards. */
char *buf_take(struct buf *b, size_t *n);
