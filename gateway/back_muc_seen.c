/* What the room said last, to be known again in its history (S2X-38). */
#include "gateway/back_muc_priv.h"

#include <stdlib.h>

#include "base/mem.h"

/* How many messages are known again: so many, and more while the oldest is
 * younger than that, twice what two clocks may differ. */
#define SEEN_FIRST 16
#define SEEN_MIN   256
#define SEEN_MAX   4096
#define SEEN_MS	   20000

bool seen_has_lately(const struct seen *s, uint64_t mark, size_t n)
{
	size_t at = s->oldest;

	for (size_t i = 0; i < s->n && i < n; i++) {
		at = at ? at - 1 : s->n - 1;
		if (s->list[at].mark == mark)
			return true;
	}
	return false;
}

bool seen_has(const struct seen *s, uint64_t mark)
{
	return seen_has_lately(s, mark, s->n);
}

/* A busy room repeats all that it said since a while before the last. */
static bool is_too_few(const struct seen *s, uint64_t now)
{
	if (s->n < s->max)
		return false;
	return s->max < SEEN_MIN ||
	       (s->max < SEEN_MAX && now - s->list[s->oldest].at_ms < SEEN_MS);
}

static void resize(struct seen *s, size_t max)
{
	struct seen more = {.max = max, .n = s->n};

	more.list = mem_new_array(max, sizeof(*more.list));
	for (size_t i = 0; i < s->n; i++)
		more.list[i] = s->list[(s->oldest + i) % s->n];
	free(s->list);
	*s = more;
}

void seen_add(struct seen *s, uint64_t mark, uint64_t now_ms)
{
	size_t at = s->n;

	if (is_too_few(s, now_ms))
		resize(s, s->max ? 2 * s->max : SEEN_FIRST);
	if (s->n < s->max) {
		s->n++;
	} else {
		at = s->oldest;
		s->oldest = (s->oldest + 1) % s->n;
	}
	s->list[at].mark = mark;
	s->list[at].at_ms = now_ms;
}

void seen_copy(struct seen *to, const struct seen *from)
{
	*to = *from;
	to->list = NULL;
	if (!from->max)
		return;
	to->list = mem_new_array(from->max, sizeof(*to->list));
	memcpy(to->list, from->list, from->n * sizeof(*to->list));
}

void seen_done(struct seen *s)
{
	free(s->list);
}
