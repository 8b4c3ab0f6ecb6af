#include "msrp/assembly.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

struct segment {
	TAILQ_ENTRY(segment) link;
	uint64_t start;
	struct buf data;
};

static uint64_t end_of(const struct segment *s)
{
	return s->start + s->data.n;
}

void msrp_assembly_init(struct msrp_assembly *a, size_t max)
{
	*a = (struct msrp_assembly){.max = max};
	TAILQ_INIT(&a->segments);
}

static void drop(struct msrp_assembly *a, struct segment *s)
{
	TAILQ_REMOVE(&a->segments, s, link);
	a->n--;
	buf_done(&s->data);
	free(s);
}

void msrp_assembly_done(struct msrp_assembly *a)
{
	struct segment *s;

	while ((s = TAILQ_FIRST(&a->segments)))
		drop(a, s);
}

/* The segment that octet `at` falls in or right behind, made if there is none.
 */
static struct segment *segment_at(struct msrp_assembly *a, uint64_t at)
{
	struct segment *s, *before = NULL;

	TAILQ_FOREACH (s, &a->segments, link) {
		if (s->start > at)
			break;
		if (at <= end_of(s))
			return s;
		before = s;
	}
	if (a->n == MSRP_SEGMENTS_MAX)
		return NULL;
	s = mem_new(sizeof(*s));
	s->start = at;
	buf_init(&s->data, a->max);
	if (before)
		TAILQ_INSERT_AFTER(&a->segments, before, s, link);
	else
		TAILQ_INSERT_HEAD(&a->segments, s, link);
	a->n++;
	return s;
}

/* What the segment has grown into becomes part of it. */
static void swallow(struct msrp_assembly *a, struct segment *s)
{
	struct segment *next;

	while ((next = TAILQ_NEXT(s, link)) && next->start <= end_of(s)) {
		size_t known = (size_t)(end_of(s) - next->start);

		buf_add(&s->data, str_from(buf_str(&next->data), known));
		drop(a, next);
	}
}

int msrp_assembly_add(struct msrp_assembly *a, uint64_t at, struct str data)
{
	struct segment *s;
	size_t over;

	if (data.n == 0)
		return 0;
	if (at > a->max || data.n > a->max - at)
		return ERR_TOO_BIG;
	s = segment_at(a, at);
	if (!s)
		return ERR_FULL;
	over = (size_t)(end_of(s) - at);
	if (over > data.n)
		over = data.n;
	if (over)
		memcpy(s->data.p + (at - s->start), data.p, over);
	buf_add(&s->data, str_from(data, over));
	swallow(a, s);
	return 0;
}

void msrp_assembly_end(struct msrp_assembly *a, uint64_t total)
{
	a->has_total = true;
	a->total = total;
}

bool msrp_assembly_complete(const struct msrp_assembly *a)
{
	const struct segment *s = TAILQ_FIRST(&a->segments);

	if (!a->has_total)
		return false;
	return a->total == 0 || (s && s->start == 0 && s->data.n >= a->total);
}

struct str msrp_assembly_data(const struct msrp_assembly *a)
{
	const struct segment *s = TAILQ_FIRST(&a->segments);

	return s && a->total ? str_of(s->data.p, (size_t)a->total) : STR_NONE;
}

size_t msrp_assembly_loose(const struct msrp_assembly *a)
{
	const struct segment *s;
	size_t n = 0;

	TAILQ_FOREACH (s, &a->segments, link)
		if (s->start > 0)
			n += s->data.n;
	return n;
}

struct str msrp_assembly_start(const struct msrp_assembly *a)
{
	const struct segment *s = TAILQ_FIRST(&a->segments);

	return s && s->start == 0 ? buf_str(&s->data) : STR_NONE;
}

struct str msrp_assembly_next(struct msrp_assembly *a, uint64_t done)
{
	struct segment *s;

	while ((s = TAILQ_FIRST(&a->segments)) && end_of(s) <= done)
		drop(a, s);
	if (!s || s->start > done)
		return STR_NONE;
	return str_from(buf_str(&s->data), (size_t)(done - s->start));
}
