/* The database file. Everything here may block; only one thread at a time may
 * use a db. */
#pragma once

#include "gateway/store_batch.h"

struct db;

/* Opens dir/STORE_FILE and makes what is missing. 0, or negative with a line in
 * why. Set aside: the new path of a file that could not be used, and what was
 * wrong with it; else "". empty: there was a file of no octets, which was taken
 * as new. now_s: Unix time, for that name. */
struct db_aside {
	char path[512], why[128];
	bool empty;
};
int db_open(const char *dir, uint64_t now_s, struct db **out,
	    struct db_aside *aside, char why[256]);
void db_close(struct db *db); /* NULL is fine */
/* Writes a batch in one transaction, all or nothing; sets err and why. */
void db_write(struct db *db, struct batch *b);
/* A table's rows by key; cells are good until fn returns. 0, or SQLite's code.
 */
int db_each(struct db *db, enum row_table table,
	    void (*fn)(void *user, const struct cell *row), void *user);
/* One statement with the values of its parameters; fn gets each row of
 * n_columns (at most STORE_COLUMNS_MAX), false: no more. 0, or SQLite's code.
 */
int db_ask(struct db *db, const char *sql, const struct cell *params,
	   unsigned n_params, unsigned n_columns,
	   bool (*fn)(void *user, const struct cell *row), void *user);
