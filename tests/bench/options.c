#include "tests/bench/options.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static void list_parse(struct list *l, const char *text, unsigned max)
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

static void set(const struct bench_option *o, const char *value)
{
	switch (o->kind) {
	case OPTION_FLAG:
		*(bool *)o->to = true;
		break;
	case OPTION_NUMBER:
		*(unsigned *)o->to = (unsigned)atoi(value);
		break;
	case OPTION_REAL:
		*(double *)o->to = atof(value);
		break;
	case OPTION_TEXT:
		*(const char **)o->to = value;
		break;
	case OPTION_LIST:
		list_parse(o->to, value, o->max);
		break;
	}
}

bool options_parse(const struct bench_option *known, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const struct bench_option *o = known;

		if (strncmp(argv[i], "--", 2) != 0)
			return false;
		while (o->name && strcmp(argv[i] + 2, o->name) != 0)
			o++;
		if (!o->name || (o->kind != OPTION_FLAG && ++i == argc))
			return false;
		set(o, argv[i]);
	}
	return true;
}

void options_refuse(const char *usage)
{
	fputs(usage, stderr);
	exit(2);
}
