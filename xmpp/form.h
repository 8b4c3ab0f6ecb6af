/* Data forms (XEP-0004), read from a stanza's tree and written as text. Pure.
 */
#pragma once

#include "xmpp/stanza.h"

/* What a submitted form may have. */
#define FORM_FIELDS_MAX 64
#define FORM_VALUES_MAX 256 /* of all fields together */

struct form_field {
	struct str var;
	const struct str *values;
	size_t n_values;
};

struct form {
	struct str type;      /* "submit", "cancel", "form", "result" */
	struct str form_type; /* the field FORM_TYPE (XEP-0068); or empty */
	const struct form_field *fields; /* the others that have a name */
	size_t n_fields;
};

/* The <x xmlns='jabber:x:data'/>; strings live in the tree or the arena. 0,
 * ERR_SYNTAX (x is none, or of another type, or a field stands there twice),
 * ERR_TOO_BIG. */
int form_read(const struct xnode *x, struct arena *a, struct form *out);
/* NULL: the form has no such field. */
const struct form_field *form_field(const struct form *f, const char *var);
/* The field's first value; empty if there is none. */
struct str form_value(const struct form *f, const char *var);
/* *out as the field says, untouched if the form has none. ERR_SYNTAX: it says
 * neither. */
int form_bool(const struct form *f, const char *var, bool *out);

/* Writing: begin, any of the others, end. form_type NULL: none. */
void form_begin(struct buf *b, const char *type, const char *form_type);
void form_end(struct buf *b);

/* A field with one value, or none if that is empty. type ("text-single",
 * "text-private", "boolean", ..) and label may be NULL. */
void form_put(struct buf *b, const char *var, const char *type,
	      const char *label, struct str value);
void form_put_bool(struct buf *b, const char *var, const char *label, bool v);
void form_put_number(struct buf *b, const char *var, const char *type,
		     const char *label, size_t v);
/* Field by field: open, values and options, close. */
void form_field_open(struct buf *b, const char *var, const char *type,
		     const char *label);
void form_put_value(struct buf *b, struct str value);
void form_put_option(struct buf *b, const char *label, struct str value);
void form_field_close(struct buf *b);
