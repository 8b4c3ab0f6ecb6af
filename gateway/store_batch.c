#include "gateway/store_batch.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/table.h"

struct batch *batch_new(void)
{
	struct batch *b = mem_new(sizeof(*b));

	TAILQ_INIT(&b->ops);
	b->by_key = table_new();
	return b;
}

static void unlink_op(struct batch *b, struct op *op)
{
	table_del_str(b->by_key, op->key);
	TAILQ_REMOVE(&b->ops, op, link);
	b->n--;
	b->bytes -= op->bytes;
}

static void count_op(struct batch *b, struct op *op)
{
	table_put_str(b->by_key, op->key, op);
	b->n++;
	b->bytes += op->bytes;
}

void batch_free(struct batch *b)
{
	struct op *op;

	if (!b)
		return;
	while ((op = TAILQ_FIRST(&b->ops))) {
		TAILQ_REMOVE(&b->ops, op, link);
		free(op);
	}
	table_free(b->by_key);
	free(b);
}

/* Its type, number and length, so that no two lists of cells look alike. */
#define CELL_KEY_BYTES (1 + 2 * sizeof(uint64_t))

static unsigned key_cells(enum op_kind kind, enum row_table table, unsigned n)
{
	switch (kind) {
	case OP_PUT:
		return row_tables[table].n_keys;
	case OP_DELETE:
		return n;
	case OP_TRIM:
		return 1; /* trims go forward: the last is the farthest */
	}
	abort();
}

size_t op_bytes(enum op_kind kind, enum row_table table, unsigned n,
		const struct cell *cells)
{
	size_t bytes =
	    sizeof(struct op) + 3 + n * (sizeof(struct cell) + CELL_KEY_BYTES);

	for (unsigned i = 0; i < n; i++)
		bytes += cells[i].s.n;
	for (unsigned i = 0; i < key_cells(kind, table, n); i++)
		bytes += cells[i].s.n; /* once more in the key */
	return bytes;
}

static char *put(char *to, const void *p, size_t n)
{
	if (n)
		memcpy(to, p, n);
	return to + n;
}

static char *put_key(char *to, enum op_kind kind, enum row_table table,
		     unsigned n, const struct cell *cells)
{
	*to++ = kind == OP_TRIM;
	*to++ = (char)table;
	*to++ = (char)n;
	for (unsigned i = 0; i < n; i++) {
		uint64_t len = cells[i].s.n;

		*to++ = (char)cells[i].type;
		to = put(to, &cells[i].n, sizeof(cells[i].n));
		to = put(to, &len, sizeof(len));
		to = put(to, cells[i].s.p, cells[i].s.n);
	}
	return to;
}

static struct op *op_new(enum op_kind kind, enum row_table table, unsigned n,
			 const struct cell *cells)
{
	size_t bytes = op_bytes(kind, table, n, cells);
	struct op *op = mem_resize(NULL, bytes);
	char *to = (char *)&op->cells[n], *key;

	op->kind = kind;
	op->table = table;
	op->n = n;
	op->bytes = bytes;
	for (unsigned i = 0; i < n; i++) {
		op->cells[i] = cells[i];
		op->cells[i].s.p = to;
		to = put(to, cells[i].s.p, cells[i].s.n);
	}
	key = to;
	to = put_key(to, kind, table, key_cells(kind, table, n), op->cells);
	op->key = str_of(key, (size_t)(to - key));
	return op;
}

void batch_add(struct batch *b, enum op_kind kind, enum row_table table,
	       unsigned n, const struct cell *cells)
{
	struct op *op = op_new(kind, table, n, cells);
	struct op *old = table_get_str(b->by_key, op->key);

	if (old) {
		unlink_op(b, old);
		free(old);
	}
	TAILQ_INSERT_TAIL(&b->ops, op, link);
	count_op(b, op);
}

void batch_prepend(struct batch *b, struct batch *take_older)
{
	struct op *op;

	while ((op = TAILQ_LAST(&take_older->ops, op_list))) {
		unlink_op(take_older, op);
		if (table_get_str(b->by_key, op->key)) {
			free(op);
			continue;
		}
		TAILQ_INSERT_HEAD(&b->ops, op, link);
		count_op(b, op);
	}
	batch_free(take_older);
}
