/* Changes that wait to be written, in order, of one key only the last. */
#pragma once

#include "gateway/store_row.h"

struct table;

struct batch {
	struct op_list ops;
	struct table *by_key;
	size_t n, bytes;
	/* what became of it */
	int err; /* SQLite's code; 0: written */
	char why[128];
};

struct batch *batch_new(void);
void batch_free(struct batch *b); /* NULL is fine */
/* The octets that this operation would take. */
size_t op_bytes(enum op_kind kind, enum row_table table, unsigned n,
		const struct cell *cells);
void batch_add(struct batch *b, enum op_kind kind, enum row_table table,
	       unsigned n, const struct cell *cells);
/* Puts what is in older, but for what b has newer, before b's own; frees older.
 */
void batch_prepend(struct batch *b, struct batch *take_older);
