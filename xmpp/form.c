#include "xmpp/form.h"

#include "base/err.h"

#define FORM_TYPE "FORM_TYPE"

static bool is_form_type(struct str type)
{
	return str_eq(type, STR("submit")) || str_eq(type, STR("cancel")) ||
	       str_eq(type, STR("form")) || str_eq(type, STR("result"));
}

static size_t count_values(const struct xnode *field)
{
	const struct xnode *v = x_child(field, "value", NS_XDATA);
	size_t n = 0;

	for (; v; v = x_next(v, "value", NS_XDATA))
		n++;
	return n;
}

static int read_field(const struct xnode *n, struct arena *a,
		      struct form_field *out, size_t *left)
{
	size_t count = count_values(n);
	const struct xnode *v = x_child(n, "value", NS_XDATA);
	struct str *values;

	if (count > *left)
		return ERR_TOO_BIG;
	*left -= count;
	values = arena_alloc(a, (count + 1) * sizeof(*values));
	if (!values)
		return ERR_TOO_BIG;
	for (size_t i = 0; v; v = x_next(v, "value", NS_XDATA))
		values[i++] = x_text(v, a);
	*out = (struct form_field){x_attr(n, "var"), values, count};
	return 0;
}

static const struct form_field *find(const struct form_field *fields, size_t n,
				     struct str var)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(fields[i].var, var))
			return &fields[i];
	return NULL;
}

/* Fields without a name only explain the others (XEP-0004 §3.3). */
static int read_fields(const struct xnode *x, struct arena *a,
		       struct form_field *fields, struct form *out)
{
	const struct xnode *n = x_child(x, "field", NS_XDATA);
	size_t left = FORM_VALUES_MAX;

	for (; n; n = x_next(n, "field", NS_XDATA)) {
		struct form_field f;
		int err;

		if (!x_attr(n, "var").n)
			continue;
		err = read_field(n, a, &f, &left);
		if (err < 0)
			return err;
		if (str_eq(f.var, STR(FORM_TYPE))) {
			out->form_type = f.n_values ? f.values[0] : STR_NONE;
			continue;
		}
		if (find(fields, out->n_fields, f.var))
			return ERR_SYNTAX;
		if (out->n_fields == FORM_FIELDS_MAX)
			return ERR_TOO_BIG;
		fields[out->n_fields++] = f;
	}
	return 0;
}

int form_read(const struct xnode *x, struct arena *a, struct form *out)
{
	struct form form = {.type = x_attr(x, "type")};
	struct form_field *fields;
	int err;

	if (!x_is(x, "x", NS_XDATA) || !is_form_type(form.type))
		return ERR_SYNTAX;
	fields = arena_alloc(a, FORM_FIELDS_MAX * sizeof(*fields));
	if (!fields)
		return ERR_TOO_BIG;
	form.fields = fields;
	err = read_fields(x, a, fields, &form);
	if (err == 0)
		*out = form;
	return err;
}

const struct form_field *form_field(const struct form *f, const char *var)
{
	return find(f->fields, f->n_fields, str_z(var));
}

struct str form_value(const struct form *f, const char *var)
{
	const struct form_field *field = form_field(f, var);

	return field && field->n_values ? field->values[0] : STR_NONE;
}

int form_bool(const struct form *f, const char *var, bool *out)
{
	struct str v = str_trim_space(form_value(f, var));

	if (!form_field(f, var))
		return 0;
	if (str_eq(v, STR("1")) || str_eq(v, STR("true")))
		*out = true;
	else if (str_eq(v, STR("0")) || str_eq(v, STR("false")))
		*out = false;
	else
		return ERR_SYNTAX;
	return 0;
}

void form_begin(struct buf *b, const char *type, const char *form_type)
{
	buf_addz(b, "<x xmlns='" NS_XDATA "'");
	x_put_attr(b, "type", str_z(type));
	buf_addc(b, '>');
	if (form_type)
		form_put(b, FORM_TYPE, "hidden", NULL, str_z(form_type));
}

void form_end(struct buf *b)
{
	buf_addz(b, "</x>");
}

void form_field_open(struct buf *b, const char *var, const char *type,
		     const char *label)
{
	buf_addz(b, "<field");
	x_put_attr(b, "var", str_z(var));
	x_put_attr(b, "type", str_z(type));
	x_put_attr(b, "label", str_z(label));
	buf_addc(b, '>');
}

void form_put_value(struct buf *b, struct str value)
{
	x_put_text(b, "value", value);
}

void form_put_option(struct buf *b, const char *label, struct str value)
{
	buf_addz(b, "<option");
	x_put_attr(b, "label", str_z(label));
	buf_addc(b, '>');
	form_put_value(b, value);
	buf_addz(b, "</option>");
}

void form_field_close(struct buf *b)
{
	buf_addz(b, "</field>");
}

void form_put(struct buf *b, const char *var, const char *type,
	      const char *label, struct str value)
{
	form_field_open(b, var, type, label);
	if (value.n)
		form_put_value(b, value);
	form_field_close(b);
}

void form_put_bool(struct buf *b, const char *var, const char *label, bool v)
{
	form_put(b, var, "boolean", label, v ? STR("1") : STR("0"));
}

void form_put_number(struct buf *b, const char *var, const char *type,
		     const char *label, size_t v)
{
	form_field_open(b, var, type, label);
	buf_addz(b, "<value>");
	buf_addu(b, v);
	buf_addz(b, "</value>");
	form_field_close(b);
}
