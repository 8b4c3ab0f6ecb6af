#include "gateway/store_db.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/err.h"
#include "base/mem.h"
#include "gateway/store.h"
#include "gateway/store_file.h"

#define WHY_MAX	 256
#define WHAT_MAX 128
/* How long an administrator's look into the file may hold up a write, which is
 * tried again anyway. */
#define BUSY_MS	   250
#define STATEMENTS (STORE_COLUMNS_MAX + 2) /* put, trim, delete by 1..n */
#define SQL_MAX	   512

struct db {
	sqlite3 *sqlite;
	int lock_fd;
	sqlite3_stmt *statements[ROW_TABLES][STATEMENTS];
};

static int run(struct db *db, const char *sql)
{
	return sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL);
}

/* The first column of the first row: 0 and a copy in text, or SQLite's code. */
static int ask(struct db *db, const char *sql, char *text, size_t n)
{
	sqlite3_stmt *s;
	int rc = sqlite3_prepare_v2(db->sqlite, sql, -1, &s, NULL);

	*text = '\0';
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW && sqlite3_column_text(s, 0))
		snprintf(text, n, "%s",
			 (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* --- opening --- */

static int migrate(struct db *db, unsigned from)
{
	char sql[64];
	int rc = run(db, "BEGIN IMMEDIATE");

	for (unsigned v = from; rc == SQLITE_OK && v < STORE_VERSION; v++)
		rc = run(db, row_migrations[v]);
	if (rc == SQLITE_OK) {
		snprintf(sql, sizeof(sql), "PRAGMA user_version=%d; COMMIT",
			 STORE_VERSION);
		rc = run(db, sql);
	}
	return rc;
}

/* True: the file's content is at fault, and the start goes on without it. What
 * is wrong is in why. */
static bool content_is_bad(int rc)
{
	return rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB ||
	       rc == SQLITE_ERROR; /* tables that are not ours */
}

static int check_version(struct db *db, char why[WHAT_MAX])
{
	char text[64];
	uint64_t version = 0;
	int rc = ask(db, "PRAGMA user_version", text, sizeof(text));

	if (rc != SQLITE_OK)
		return rc;
	if (str_u64(str_z(text), INT_MAX, &version) < 0 ||
	    version > STORE_VERSION) {
		snprintf(why, WHAT_MAX, "schema version %s is not known", text);
		return SQLITE_CORRUPT;
	}
	return version < STORE_VERSION ? migrate(db, (unsigned)version)
				       : SQLITE_OK;
}

static int prepare_file(struct db *db, char why[WHAT_MAX])
{
	char text[WHAT_MAX];
	int rc;

	sqlite3_busy_timeout(db->sqlite, BUSY_MS);
	rc = ask(db, "PRAGMA quick_check(1)", text, sizeof(text));
	if (rc == SQLITE_OK && strcmp(text, "ok") != 0) {
		snprintf(why, WHAT_MAX, "%s", text);
		return SQLITE_CORRUPT;
	}
	if (rc == SQLITE_OK)
		rc = ask(db, "PRAGMA journal_mode=WAL", text, sizeof(text));
	if (rc == SQLITE_OK)
		rc = run(db, "PRAGMA synchronous=NORMAL");
	return rc == SQLITE_OK ? check_version(db, why) : rc;
}

static void close_file(struct db *db)
{
	for (size_t t = 0; t < ROW_TABLES; t++)
		for (size_t i = 0; i < STATEMENTS; i++)
			sqlite3_finalize(db->statements[t][i]);
	sqlite3_close(db->sqlite);
	db->sqlite = NULL;
}

/* SQLite's code; anything else than 0 leaves the file closed. */
static int open_file(struct db *db, const char *path, char why[WHAT_MAX])
{
	int rc = sqlite3_open_v2(path, &db->sqlite,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX,
				 NULL);

	*why = '\0';
	if (rc == SQLITE_OK)
		rc = prepare_file(db, why);
	if (rc == SQLITE_OK)
		return rc;
	if (!*why)
		snprintf(why, WHAT_MAX, "%s",
			 db->sqlite ? sqlite3_errmsg(db->sqlite)
				    : sqlite3_errstr(rc));
	close_file(db);
	return rc;
}

static int open_or_set_aside(struct db *db, const char *path, uint64_t now_s,
			     struct db_aside *aside, char why[WHY_MAX])
{
	char what[WHAT_MAX];
	int err = state_file_make(path), rc;

	if (err < 0) {
		snprintf(why, WHY_MAX, "%s: %s", path, err_text(err));
		return err;
	}
	aside->empty = aside->empty || err > 0;
	rc = open_file(db, path, what);
	if (content_is_bad(rc) && !*aside->path) {
		err = state_file_set_aside(path, now_s, aside->path,
					   sizeof(aside->path));
		if (err == 0) {
			snprintf(aside->why, sizeof(aside->why), "%s", what);
			return open_or_set_aside(db, path, now_s, aside, why);
		}
	}
	if (rc != SQLITE_OK)
		snprintf(why, WHY_MAX, "%s: %s", path, what);
	return rc == SQLITE_OK ? 0 : ERR_STATE;
}

static int lock_dir(struct db *db, const char *dir, char why[WHY_MAX])
{
	int err = state_dir_make(dir);

	if (err == 0)
		err = db->lock_fd = state_dir_lock(dir);
	if (err == -EWOULDBLOCK)
		snprintf(why, WHY_MAX, "state-dir %s: in use by another stoxd",
			 dir);
	else if (err < 0)
		snprintf(why, WHY_MAX, "state-dir %s: %s", dir, err_text(err));
	return err < 0 ? err : 0;
}

int db_open(const char *dir, uint64_t now_s, struct db **out,
	    struct db_aside *aside, char why[256])
{
	struct db *db = mem_new(sizeof(*db));
	char path[PATH_MAX];
	int err, n;

	*aside = (struct db_aside){0};
	db->lock_fd = -1;
	err = lock_dir(db, dir, why);
	if (err == 0) {
		n = snprintf(path, sizeof(path), "%s/" STORE_FILE, dir);
		if (n < 0 || (size_t)n >= sizeof(path)) {
			snprintf(why, WHY_MAX,
				 "state-dir: the path is too long");
			err = -ENAMETOOLONG;
		} else {
			err = open_or_set_aside(db, path, now_s, aside, why);
		}
	}
	if (err < 0)
		db_close(db);
	else
		*out = db;
	return err;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	close_file(db);
	if (db->lock_fd >= 0)
		close(db->lock_fd);
	free(db);
}

/* --- writing --- */

/* "?,?,?" or "key=? AND ..." */
static void add_cells(char sql[SQL_MAX], const struct op *op)
{
	const struct table_def *t = &row_tables[op->table];
	size_t n = strlen(sql);

	for (unsigned i = 0; i < op->n; i++) {
		const char *sep = i == 0	       ? ""
				  : op->kind == OP_PUT ? ","
						       : " AND ";

		if (op->kind == OP_PUT)
			n += (size_t)snprintf(sql + n, SQL_MAX - n, "%s?", sep);
		else
			n += (size_t)snprintf(
			    sql + n, SQL_MAX - n, "%s%s%s?", sep, t->columns[i],
			    op->kind == OP_TRIM && i == 1 ? "<=" : "=");
	}
}

static sqlite3_stmt *statement(struct db *db, const struct op *op)
{
	size_t i = op->kind == OP_PUT ? 0 : op->kind == OP_TRIM ? 1 : 1 + op->n;
	sqlite3_stmt **s = &db->statements[op->table][i];
	const char *name = row_tables[op->table].name;
	char sql[SQL_MAX];

	if (*s)
		return *s;
	snprintf(sql, sizeof(sql),
		 op->kind == OP_PUT ? "REPLACE INTO %s VALUES ("
				    : "DELETE FROM %s WHERE (",
		 name);
	add_cells(sql, op);
	strcat(sql, ")");
	sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, s,
			   NULL);
	return *s;
}

static int bind(sqlite3_stmt *s, int i, const struct cell *c)
{
	const char *p = c->s.n ? c->s.p : "";

	switch (c->type) {
	case CELL_NULL:
		return sqlite3_bind_null(s, i);
	case CELL_INT:
		return sqlite3_bind_int64(s, i, c->n);
	case CELL_TEXT:
		return sqlite3_bind_text64(s, i, p, c->s.n, SQLITE_STATIC,
					   SQLITE_UTF8);
	case CELL_BLOB:
		return sqlite3_bind_blob64(s, i, p, c->s.n, SQLITE_STATIC);
	}
	abort();
}

static int write_op(struct db *db, const struct op *op)
{
	sqlite3_stmt *s = statement(db, op);
	int rc = s ? SQLITE_OK : sqlite3_errcode(db->sqlite);

	for (unsigned i = 0; rc == SQLITE_OK && i < op->n; i++)
		rc = bind(s, (int)i + 1, &op->cells[i]);
	if (rc == SQLITE_OK) {
		sqlite3_step(s);
		rc = sqlite3_reset(s); /* has the step's error */
	}
	return rc;
}

void db_write(struct db *db, struct batch *b)
{
	const struct op *op;
	int rc = run(db, "BEGIN IMMEDIATE");

	TAILQ_FOREACH (op, &b->ops, link) {
		if (rc != SQLITE_OK)
			break;
		rc = write_op(db, op);
	}
	if (rc == SQLITE_OK)
		rc = run(db, "COMMIT");
	b->err = rc;
	if (rc != SQLITE_OK) {
		snprintf(b->why, sizeof(b->why), "%s",
			 sqlite3_errmsg(db->sqlite));
		if (!sqlite3_get_autocommit(db->sqlite))
			run(db, "ROLLBACK");
	}
}

/* --- reading --- */

static void read_cell(sqlite3_stmt *s, int i, struct cell *c)
{
	*c = (struct cell){.type = CELL_NULL};
	switch (sqlite3_column_type(s, i)) {
	case SQLITE_INTEGER:
		*c = cell_int(sqlite3_column_int64(s, i));
		break;
	case SQLITE_TEXT:
		c->type = CELL_TEXT;
		c->s.p = (const char *)sqlite3_column_text(s, i);
		c->s.n = (size_t)sqlite3_column_bytes(s, i);
		break;
	case SQLITE_BLOB:
		c->type = CELL_BLOB;
		c->s.p = sqlite3_column_blob(s, i);
		c->s.n = (size_t)sqlite3_column_bytes(s, i);
		break;
	}
}

static sqlite3_stmt *select_all(struct db *db, const struct table_def *t)
{
	char sql[SQL_MAX], *end = sql + sizeof(sql), *to = sql;
	sqlite3_stmt *s = NULL;

	to += snprintf(to, (size_t)(end - to), "SELECT ");
	for (unsigned i = 0; i < t->n_columns; i++)
		to += snprintf(to, (size_t)(end - to), "%s%s", i ? "," : "",
			       t->columns[i]);
	to += snprintf(to, (size_t)(end - to), " FROM %s ORDER BY ", t->name);
	for (unsigned i = 0; i < t->n_keys; i++)
		to += snprintf(to, (size_t)(end - to), "%s%s", i ? "," : "",
			       t->columns[i]);
	sqlite3_prepare_v2(db->sqlite, sql, -1, &s, NULL);
	return s;
}

int db_each(struct db *db, enum row_table table,
	    void (*fn)(void *user, const struct cell *row), void *user)
{
	const struct table_def *t = &row_tables[table];
	sqlite3_stmt *s = select_all(db, t);
	struct cell row[STORE_COLUMNS_MAX];

	if (!s)
		return sqlite3_errcode(db->sqlite);
	while (sqlite3_step(s) == SQLITE_ROW) {
		for (unsigned i = 0; i < t->n_columns; i++)
			read_cell(s, (int)i, &row[i]);
		fn(user, row);
	}
	return sqlite3_finalize(s);
}

int db_ask(struct db *db, const char *sql, const struct cell *params,
	   unsigned n_params, unsigned n_columns,
	   bool (*fn)(void *user, const struct cell *row), void *user)
{
	struct cell row[STORE_COLUMNS_MAX];
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db->sqlite, sql, -1, &s, NULL);

	for (unsigned i = 0; rc == SQLITE_OK && i < n_params; i++)
		rc = bind(s, (int)i + 1, &params[i]);
	if (rc == SQLITE_OK)
		while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
			for (unsigned i = 0; i < n_columns; i++)
				read_cell(s, (int)i, &row[i]);
			if (!fn(user, row))
				break;
		}
	sqlite3_finalize(s);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}
