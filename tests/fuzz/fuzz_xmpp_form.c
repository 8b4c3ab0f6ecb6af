/* A form of a stranger, read, written and read again: the same fields. */
#include <stdlib.h>

#include "tests/lib/xmlin.h"
#include "xmpp/form.h"

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void write_form(struct buf *b, const struct form *f)
{
	form_begin(b, "submit", NULL);
	for (size_t i = 0; i < f->n_fields; i++) {
		const struct form_field *field = &f->fields[i];

		buf_addz(b, "<field");
		x_put_attr(b, "var", field->var);
		buf_addc(b, '>');
		for (size_t v = 0; v < field->n_values; v++)
			form_put_value(b, field->values[v]);
		form_field_close(b);
	}
	form_end(b);
}

static void check_same(struct arena *a, const struct form *f)
{
	struct buf once = BUF_INIT(1 << 24), twice = BUF_INIT(1 << 24);
	struct form again;

	write_form(&once, f);
	check(form_read(xmlin_parse(a, buf_str(&once)), a, &again) == 0);
	check(again.n_fields == f->n_fields);
	for (size_t i = 0; i < f->n_fields; i++)
		check(again.fields[i].n_values == f->fields[i].n_values);
	write_form(&twice, &again);
	check(str_eq(buf_str(&once), buf_str(&twice)));
	buf_done(&once);
	buf_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(1 << 24);
	struct str text = str_of((const char *)data, size);
	bool any = true;
	struct form f;

	if (size < 65536 && form_read(xmlin_parse(a, text), a, &f) == 0) {
		check(f.n_fields <= FORM_FIELDS_MAX);
		form_bool(&f, "b", &any);
		form_value(&f, "b");
		check_same(a, &f);
	}
	arena_free(a);
	return 0;
}
