/* What the files of the store share. */
#pragma once

#include "gateway/store.h"
#include "gateway/store_row.h"

/* history: may be dropped when too much waits. */
void store_add(struct store *s, enum op_kind kind, enum row_table table,
	       unsigned n, const struct cell *cells, bool history);
/* As store_each, for rows. */
void store_rows(struct store *s, enum row_table table,
		void (*fn)(void *user, const struct cell *row), void *user);
