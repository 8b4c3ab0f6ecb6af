#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

void buf_init(struct buf *b, size_t max)
{
	*b = BUF_INIT(max);
}

void buf_done(struct buf *b)
{
	free(b->p);
	*b = BUF_INIT(b->max);
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->err = 0;
}

/* One octet more than room is always allocated: the NUL of buf_z and of printf.
 */
char *buf_space(struct buf *b, size_t n)
{
	size_t room;

	if (b->err)
		return NULL;
	if (n > b->max - b->n) {
		b->err = ERR_TOO_BIG;
		return NULL;
	}
	if (b->p && n <= b->room - b->n)
		return b->p + b->n;
	room = b->room < b->max / 2 ? b->room * 2 : b->max;
	if (room < 64)
		room = b->max < 64 ? b->max : 64;
	if (room < b->n + n)
		room = b->n + n;
	b->p = mem_resize(b->p, room + 1);
	b->room = room;
	return b->p + b->n;
}

void buf_add(struct buf *b, struct str s)
{
	char *p = buf_space(b, s.n);

	if (!p || s.n == 0)
		return;
	memcpy(p, s.p, s.n);
	b->n += s.n;
}

void buf_addz(struct buf *b, const char *z)
{
	buf_add(b, str_z(z));
}

void buf_addc(struct buf *b, char c)
{
	char *p = buf_space(b, 1);

	if (!p)
		return;
	*p = c;
	b->n++;
}

void buf_addu(struct buf *b, uint64_t v)
{
	char digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	buf_add(b, str_of(digits + i, sizeof(digits) - i));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	if (b->err)
		return;
	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->err = ERR_SYNTAX;
		return;
	}
	p = buf_space(b, (size_t)n);
	if (!p)
		return;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

const char *buf_z(struct buf *b)
{
	if (!b->p)
		return "";
	b->p[b->n] = '\0';
	return b->p;
}

char *buf_take(struct buf *b, size_t *n)
{
	char *p = NULL;

	if (b->err) {
		buf_done(b);
		return NULL;
	}
	p = b->p ? b->p : mem_new(1);
	p[b->n] = '\0';
	if (n)
		*n = b->n;
	b->p = NULL;
	buf_done(b);
	return p;
}
