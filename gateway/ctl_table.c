/* Tables for people, with columns as wide as they have to be. */
#include "gateway/ctl_priv.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"

#define CELL_MAX 65536

struct ctl_table {
	size_t columns, n, room;
	char **cell; /* row by row */
};

struct ctl_table *ctl_table_new(size_t columns, const char *const *head)
{
	struct ctl_table *t = mem_new(sizeof(*t));

	t->columns = columns;
	for (; head && *head; head++)
		ctl_table_cell(t, *head);
	return t;
}

/* Controls, and marks that change the direction of writing. */
static bool disturbs(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) ||
	       (cp >= 0x200e && cp <= 0x200f) ||
	       (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

void ctl_clean(struct buf *out, struct str text)
{
	size_t i = 0;

	while (i < text.n) {
		size_t from = i;
		int32_t cp = utf8_next(text, &i);

		if (cp < 0)
			i = from + 1;
		if (cp == '\n' || cp == '\t')
			buf_addc(out, ' ');
		else if (cp < 0 || disturbs((uint32_t)cp))
			buf_addc(out, '?');
		else
			buf_add(out, str_of(text.p + from, i - from));
	}
}

void ctl_table_cell(struct ctl_table *t, const char *text)
{
	struct buf b = BUF_INIT(CELL_MAX);

	if (t->n == t->room) {
		t->room = t->room ? t->room * 2 : 64;
		t->cell = mem_resize(t->cell, t->room * sizeof(*t->cell));
	}
	ctl_clean(&b, str_z(text));
	t->cell[t->n++] = str_dup(b.n ? buf_str(&b) : STR("-"));
	buf_done(&b);
}

void ctl_table_cellf(struct ctl_table *t, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ctl_table_cell(t, text);
}

static size_t width(const char *z)
{
	return utf8_width(str_z(z));
}

static size_t column_width(const struct ctl_table *t, size_t column)
{
	size_t most = 0;

	for (size_t i = column; i < t->n; i += t->columns)
		if (width(t->cell[i]) > most)
			most = width(t->cell[i]);
	return most;
}

void ctl_table_print(struct ctl_table *t, FILE *out)
{
	size_t *widths = mem_new_array(t->columns, sizeof(*widths));

	for (size_t i = 0; i + 1 < t->columns; i++)
		widths[i] = column_width(t, i);
	for (size_t i = 0; i < t->n; i++) {
		size_t column = i % t->columns;
		bool last = column + 1 == t->columns;
		size_t pad = last ? 0 : widths[column] - width(t->cell[i]) + 2;

		fprintf(out, "%s%*s%s", t->cell[i], (int)pad, "",
			last ? "\n" : "");
		free(t->cell[i]);
	}
	free(widths);
	free(t->cell);
	free(t);
}
