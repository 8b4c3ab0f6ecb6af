/* What outlives the process: one SQLite database in the state directory.
 *
 * Changes are collected (of one key the last one counts) and written by a
 * thread of the store's own, a transaction at a time, begun at most
 * STORE_BATCH_MS after the first change. A disk that is full, slow or read-only
 * stops nobody: changes wait, and are tried again.
 *
 * Every function but store_open takes NULL for a store that keeps nothing. */
#pragma once

#include "base/str.h"

struct loop;
struct store;

#define STORE_FILE     "stoxd.db"
#define STORE_BATCH_MS 200

/* Values that their owner serialises himself, by key. */
enum store_table {
	STORE_DIALOGS,
	STORE_CALLS,
	STORE_SUBSCRIPTIONS,
	STORE_OCCUPANTS,
	STORE_HEARD,
	STORE_TABLES
};

struct store_stats {
	uint64_t written; /* changes */
	uint64_t batches; /* transactions */
	uint64_t failed;  /* transactions, to be tried again */
	uint64_t dropped; /* changes lost because too many waited */
	size_t waiting;	  /* octets of changes that are not written yet */
};

/* Opens the database in dir, which is made when it is missing; dir "": nothing
 * is kept, *out is NULL. A file that is no database, is damaged, or was
 * written by a later version is set aside under a new name, which is logged.
 * 0, or negative with a line for the administrator in why: the directory can't
 * be used, or another process has it. */
int store_open(const char *dir, struct loop *loop, struct store **out,
	       char why[256]);
/* Octets of changes that may wait; past them history is dropped, past twice as
 * many everything. From the start: 64 MiB. */
void store_limit(struct store *s, size_t max_bytes);
/* Blocks until all changes are written or have failed once more. */
void store_flush(struct store *s);
/* The same, then ends the thread. Before its loop. NULL is fine. */
void store_close(struct store *s);
void store_stats(const struct store *s, struct store_stats *out);

void store_put(struct store *s, enum store_table table, struct str key,
	       struct str value);
/* The same, written as soon as it can be: what is told at once of this change
 * may be all that anybody hears of us. */
void store_put_soon(struct store *s, enum store_table table, struct str key,
		    struct str value);
void store_delete(struct store *s, enum store_table table, struct str key);
/* All of a table, by key; strings are good until fn returns. Only before the
 * loop runs; fn may put and delete, which this walk does not see. */
void store_each(struct store *s, enum store_table table,
		void (*fn)(void *user, struct str key, struct str value),
		void *user);

/* A SIP user who logs in by digest (RFC 8760). */
struct store_user {
	struct str address; /* "user@domain" */
	struct str realm;   /* one row for each of his realms */
	/* HA1 in hex: with the user part, a space, with the whole address */
	struct str md5, sha256;
};
void store_user_put(struct store *s, const struct store_user *user);
void store_user_delete(struct store *s, struct str address, struct str realm);
/* As store_each. */
void store_users(struct store *s,
		 void (*fn)(void *user, const struct store_user *row),
		 void *user);
