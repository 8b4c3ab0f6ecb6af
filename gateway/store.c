#include "gateway/store_priv.h"

#include <assert.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mailbox.h"
#include "base/mem.h"
#include "gateway/store_db.h"

#define WAITING_MAX  (64u << 20)
#define RETRY_MS     1000
#define LOG_EVERY_MS 60000

_Static_assert((int)STORE_TABLES == (int)ROW_USERS,
	       "generic tables come first");

/* A fault that may come a thousand times a second: logged at once, then once in
 * a while with how often it came. */
struct fault {
	bool logged;
	uint64_t at_ms, times;
};

struct store {
	struct loop *loop;
	struct db *db; /* the worker's while a batch is under way */
	struct mailbox *mailbox;
	struct batch *waiting, *under_way;
	struct store_job write;	       /* of the batch under way */
	STAILQ_HEAD(, store_job) jobs; /* that wait for a batch to be sent */
	size_t n_jobs;		       /* and those under way */
	struct timer timer;
	struct deferred send;
	size_t max_bytes;
	bool failing, hurries;
	struct fault write_fault, drop_fault;
	struct store_stats stats;
};

/* Is it time for a line? Then *times is how many it stands for. */
static bool fault_is_due(struct store *s, struct fault *f, uint64_t *times)
{
	uint64_t now = loop_now_ms(s->loop);

	f->times++;
	if (f->logged && now - f->at_ms < LOG_EVERY_MS)
		return false;
	*times = f->times;
	*f = (struct fault){.logged = true, .at_ms = now};
	return true;
}

/* --- on the worker's thread --- */

static void work(void *user, void *value)
{
	struct store *s = user;
	struct store_job *job = value;

	job->work(job, s->db);
}

static struct store *store_of(struct store_job *write)
{
	return (struct store *)(void *)((char *)write -
					offsetof(struct store, write));
}

static void write_batch(struct store_job *job, struct db *db)
{
	db_write(db, store_of(job)->under_way);
}

/* --- on the loop's --- */

static void send_batch(void *user)
{
	struct store *s = user;

	if (s->under_way || s->waiting->n == 0)
		return;
	s->hurries = false;
	timer_cancel(s->loop, &s->timer);
	s->under_way = s->waiting;
	s->waiting = batch_new();
	(void)mailbox_send(s->mailbox, &s->write); /* there is a place for it */
}

/* A job finds what was changed before it, unless that can't be written. */
static void send_jobs(struct store *s)
{
	struct store_job *job;

	if (s->waiting->n && !s->failing) {
		if (s->under_way)
			return;
		send_batch(s);
	}
	while ((job = STAILQ_FIRST(&s->jobs))) {
		STAILQ_REMOVE_HEAD(&s->jobs, link);
		(void)mailbox_send(s->mailbox, job);
	}
}

int store_do(struct store *s, struct store_job *job)
{
	if (s->n_jobs == STORE_JOBS_MAX)
		return ERR_FULL;
	s->n_jobs++;
	STAILQ_INSERT_TAIL(&s->jobs, job, link);
	send_jobs(s);
	return 0;
}

/* At the end of the turn, so that what a turn changes is written together. */
static void send_later(void *user)
{
	struct store *s = user;

	defer(s->loop, &s->send, send_batch, s);
}

static void failed(struct store *s, struct batch *b)
{
	uint64_t times;

	s->stats.failed++;
	s->failing = true;
	if (fault_is_due(s, &s->write_fault, &times))
		log_error(loop_log(s->loop), "store.fail",
			  "times=%llu waiting=%zu why=%s",
			  (unsigned long long)times,
			  s->waiting->bytes + b->bytes, LOGQ(str_z(b->why)));
	batch_prepend(s->waiting, b);
	send_jobs(s);
	timer_set(s->loop, &s->timer, RETRY_MS, send_later, s);
}

static void written(struct store *s, struct batch *b)
{
	s->stats.written += b->n;
	s->stats.batches++;
	batch_free(b);
	if (s->failing)
		log_info(loop_log(s->loop), "store.recover", "waiting=%zu",
			 s->waiting->bytes);
	s->failing = false;
	s->write_fault = (struct fault){0};
	send_jobs(s);
	if (s->waiting->n && !s->under_way &&
	    (s->hurries || !timer_pending(&s->timer)))
		send_later(s);
}

static void batch_done(struct store_job *job)
{
	struct store *s = store_of(job);
	struct batch *b = s->under_way;

	s->under_way = NULL;
	if (b->err)
		failed(s, b);
	else
		written(s, b);
}

static void done(void *user, void *value)
{
	struct store *s = user;
	struct store_job *job = value;

	if (job != &s->write)
		s->n_jobs--;
	job->done(job);
}

static void log_aside(struct store *s, const char *dir,
		      const struct db_aside *aside)
{
	if (*aside->path)
		log_error(loop_log(s->loop), "store.corrupt",
			  "state-dir=%s set-aside=%s why=%s", LOGQ(str_z(dir)),
			  LOGQ(str_z(aside->path)), LOGQ(str_z(aside->why)));
	if (aside->empty)
		log_warn(loop_log(s->loop), "store.empty", "state-dir=%s",
			 LOGQ(str_z(dir)));
}

int store_open(const char *dir, struct loop *loop, struct store **out,
	       char why[256])
{
	struct store *s;
	struct db_aside aside;
	int err;

	*out = NULL;
	if (!*dir)
		return 0;
	s = mem_new(sizeof(*s));
	s->loop = loop;
	s->max_bytes = WAITING_MAX;
	err = db_open(dir, loop_wall_ms(loop) / 1000, &s->db, &aside, why);
	log_aside(s, dir, &aside);
	if (err == 0) {
		err = mailbox_new(
		    &(struct mailbox_cfg){
			.loop = loop,
			.name = "store",
			.max = 1 + STORE_JOBS_MAX,
			.work = work,
			.done = done,
			.user = s,
		    },
		    &s->mailbox);
		if (err < 0)
			snprintf(why, 256, "store thread: %s", err_text(err));
	}
	if (err < 0) {
		db_close(s->db);
		free(s);
		return err;
	}
	s->waiting = batch_new();
	s->write = (struct store_job){.work = write_batch, .done = batch_done};
	STAILQ_INIT(&s->jobs);
	*out = s;
	return 0;
}

void store_limit(struct store *s, size_t max_bytes)
{
	if (s)
		s->max_bytes = max_bytes;
}

void store_flush(struct store *s)
{
	if (!s)
		return;
	mailbox_wait(s->mailbox);
	send_batch(s);
	while (mailbox_count(s->mailbox))
		mailbox_wait(s->mailbox);
}

void store_close(struct store *s)
{
	if (!s)
		return;
	store_flush(s);
	if (s->waiting->n)
		log_error(loop_log(s->loop), "store.lost",
			  "changes=%zu why=\"could not be written\"",
			  s->waiting->n);
	timer_cancel(s->loop, &s->timer);
	defer_cancel(s->loop, &s->send);
	mailbox_free(s->mailbox);
	db_close(s->db);
	batch_free(s->waiting);
	free(s);
}

static size_t bytes_waiting(const struct store *s)
{
	return s->waiting->bytes + (s->under_way ? s->under_way->bytes : 0);
}

void store_stats(const struct store *s, struct store_stats *out)
{
	*out = (struct store_stats){0};
	if (!s)
		return;
	*out = s->stats;
	out->waiting = bytes_waiting(s);
}

/* Is there room for it? What has a key of its own coalesces and is bounded by
 * what it describes; history is not, so it gives way first. */
static bool has_room(struct store *s, size_t bytes, bool history)
{
	size_t max = history ? s->max_bytes : 2 * s->max_bytes;
	uint64_t times;

	if (bytes_waiting(s) + bytes <= max)
		return true;
	s->stats.dropped++;
	if (fault_is_due(s, &s->drop_fault, &times))
		log_warn(loop_log(s->loop), "store.drop",
			 "times=%llu waiting=%zu why=\"the disk is too slow\"",
			 (unsigned long long)times, bytes_waiting(s));
	return false;
}

void store_add(struct store *s, enum op_kind kind, enum row_table table,
	       unsigned n, const struct cell *cells, bool history)
{
	if (!s || !has_room(s, op_bytes(kind, table, n, cells), history))
		return;
	batch_add(s->waiting, kind, table, n, cells);
	if (!timer_pending(&s->timer))
		timer_set(s->loop, &s->timer, STORE_BATCH_MS, send_later, s);
}

void store_rows(struct store *s, enum row_table table,
		void (*fn)(void *user, const struct cell *row), void *user)
{
	int rc;

	if (!s)
		return;
	assert(!s->under_way); /* the database is ours */
	rc = db_each(s->db, table, fn, user);
	if (rc != 0)
		log_error(loop_log(s->loop), "store.read", "table=%s code=%d",
			  row_tables[table].name, rc);
}

/* --- the generic tables --- */

void store_put(struct store *s, enum store_table table, struct str key,
	       struct str value)
{
	store_add(s, OP_PUT, (enum row_table)table, 2,
		  (struct cell[]){cell_blob(key), cell_blob(value)}, false);
}

void store_put_soon(struct store *s, enum store_table table, struct str key,
		    struct str value)
{
	store_put(s, table, key, value);
	if (!s)
		return;
	s->hurries = true;
	if (!s->under_way && !s->failing)
		send_later(s);
}

void store_delete(struct store *s, enum store_table table, struct str key)
{
	store_add(s, OP_DELETE, (enum row_table)table, 1,
		  (struct cell[]){cell_blob(key)}, false);
}

struct each_call {
	void (*fn)(void *user, struct str key, struct str value);
	void *user;
};

static void each_row(void *user, const struct cell *row)
{
	const struct each_call *call = user;

	call->fn(call->user, row[0].s, row[1].s);
}

void store_each(struct store *s, enum store_table table,
		void (*fn)(void *user, struct str key, struct str value),
		void *user)
{
	struct each_call call = {fn, user};

	store_rows(s, (enum row_table)table, each_row, &call);
}
