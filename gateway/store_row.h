/* The tables of the store and their rows, as its files know them. */
#pragma once

#include <sys/queue.h>

#include "base/str.h"

#define STORE_COLUMNS_MAX 18

/* The first tables are those of enum store_table. */
enum row_table {
	ROW_DIALOGS,
	ROW_CALLS,
	ROW_SUBSCRIPTIONS,
	ROW_OCCUPANTS,
	ROW_HEARD,
	ROW_USERS,
	ROW_ROOMS,
	ROW_SETTINGS,
	ROW_AFFILIATIONS,
	ROW_NICKNAMES,
	ROW_HISTORY,
	ROW_PARTS,
	ROW_ARCHIVE,
	ROW_TABLES
};

struct table_def {
	const char *name;
	/* names, in order; the key is the first n_keys */
	const char *columns[STORE_COLUMNS_MAX];
	unsigned n_columns, n_keys;
};
extern const struct table_def row_tables[ROW_TABLES];
/* What brings the database from version i to i + 1 (its user_version). */
extern const char *const row_migrations[];
#define STORE_VERSION 4

enum cell_type { CELL_NULL, CELL_INT, CELL_TEXT, CELL_BLOB };
struct cell {
	enum cell_type type;
	int64_t n;
	struct str s;
};
static inline struct cell cell_int(int64_t n)
{
	return (struct cell){.type = CELL_INT, .n = n};
}
static inline struct cell cell_text(struct str s)
{
	return (struct cell){.type = CELL_TEXT, .s = s};
}
static inline struct cell cell_blob(struct str s)
{
	return (struct cell){.type = CELL_BLOB, .s = s};
}

enum op_kind {
	OP_PUT,	   /* a whole row; replaces the one of this key */
	OP_DELETE, /* all rows that begin with these cells */
	/* all rows with this first cell and the second up to this one */
	OP_TRIM
};

struct op {
	TAILQ_ENTRY(op) link;
	enum op_kind kind;
	enum row_table table;
	unsigned n; /* cells */
	size_t bytes;
	struct str key; /* the same for operations of which the last counts */
	struct cell cells[];
};
TAILQ_HEAD(op_list, op);
