#include "tests/bench/list.h"

#include <err.h>
#include <stddef.h>

#include "base/str.h"

void list_parse(struct list *l, const char *text, unsigned max)
{
	struct str rest = str_z(text);
	uint64_t v;

	for (l->n = 0; rest.n; l->v[l->n++] = (unsigned)v)
		if (l->n == LIST_MAX ||
		    str_u64(str_split(&rest, ','), max, &v) < 0 || v == 0)
			errx(2, "%s: not a list of numbers up to %u", text,
			     max);
	if (l->n == 0)
		errx(2, "an empty list");
}
