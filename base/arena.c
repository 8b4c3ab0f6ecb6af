#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

/* Blocks grow, since many arenas hold a few strings only. */
#define BLOCK_FIRST 512
#define BLOCK_BYTES 4096

struct block {
	struct block *next;
	size_t n, room;
	alignas(max_align_t) char p[];
};

struct arena {
	size_t max, used;
	struct block *top;
};

struct arena *arena_new(size_t max)
{
	struct arena *a = mem_new(sizeof(*a));

	a->max = max;
	return a;
}

static void free_blocks(struct block *b)
{
	while (b) {
		struct block *next = b->next;

		free(b);
		b = next;
	}
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	free_blocks(a->top);
	free(a);
}

void arena_reset(struct arena *a)
{
	if (a->top) {
		free_blocks(a->top->next);
		a->top->next = NULL;
		a->top->n = 0;
	}
	a->used = 0;
}

static struct block *add_block(struct arena *a, size_t n)
{
	size_t whole = BLOCK_FIRST, room;
	struct block *b;

	if (a->top)
		whole = (a->top->room + sizeof(*b)) * 2;
	if (whole > BLOCK_BYTES)
		whole = BLOCK_BYTES;
	room = whole - sizeof(*b);
	if (room < n)
		room = n;
	b = mem_resize(NULL, sizeof(*b) + room);
	b->n = 0;
	b->room = room;
	/* one large object does not end the filling of the block in use */
	if (a->top && room - n < a->top->room - a->top->n) {
		b->next = a->top->next;
		a->top->next = b;
	} else {
		b->next = a->top;
		a->top = b;
	}
	return b;
}

static char *take(struct arena *a, size_t n, size_t align)
{
	struct block *b = a->top;
	size_t pad = b ? -b->n & (align - 1) : 0;
	char *p;

	if (n > a->max - a->used)
		return NULL;
	if (!b || b->room - b->n < pad || n > b->room - b->n - pad) {
		b = add_block(a, n);
		pad = 0;
	}
	p = b->p + b->n + pad;
	b->n += pad + n;
	/* padding counts as far as it fits: many small pieces stay limited */
	a->used += n;
	a->used += pad < a->max - a->used ? pad : a->max - a->used;
	return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
	char *p = take(a, n, alignof(max_align_t));

	if (p)
		memset(p, 0, n);
	return p;
}

struct str arena_dup(struct arena *a, struct str s)
{
	char *p = s.n < SIZE_MAX ? take(a, s.n + 1, 1) : NULL;

	if (!p)
		return STR_NONE;
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return str_of(p, s.n);
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = n < 0 ? NULL : take(a, (size_t)n + 1, 1);
	if (!p)
		return STR_NONE;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return str_of(p, (size_t)n);
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
