/* What the files of the store share. */
#pragma once

#include <sys/queue.h>

#include "gateway/store.h"
#include "gateway/store_row.h"

/* history: may be dropped when too much waits. */
void store_add(struct store *s, enum op_kind kind, enum row_table table,
	       unsigned n, const struct cell *cells, bool history);
/* As store_each, for rows. */
void store_rows(struct store *s, enum row_table table,
		void (*fn)(void *user, const struct cell *row), void *user);

struct db;

#define STORE_JOBS_MAX 64

/* Something else that the store's thread does, after what was changed before.
 */
struct store_job {
	STAILQ_ENTRY(store_job) link;
	/* On the store's thread: may only look at the job and the database. */
	void (*work)(struct store_job *job, struct db *db);
	/* On the loop's: the job is its owner's again. */
	void (*done)(struct store_job *job);
};
/* 0; ERR_FULL: STORE_JOBS_MAX are under way, and this one stays its owner's. */
int store_do(struct store *s, struct store_job *job);
