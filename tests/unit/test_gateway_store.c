/* What outlives the process. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <dirent.h>
#include <sqlite3.h>

#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "gateway/store.h"
#include "tests/lib/folder.h"

struct world {
	char dir[64], path[96], why[256];
	char log_lines[8192];
	struct log log;
	struct loop *loop;
	struct store *store;
	uint64_t now_ms;
	/* what a walk found */
	char found[4096];
};

static uint64_t now(void *user)
{
	return ((struct world *)user)->now_ms;
}

static void sink(void *user, enum log_level level, const char *line)
{
	struct world *w = user;
	size_t n = strlen(w->log_lines);

	(void)level;
	snprintf(w->log_lines + n, sizeof(w->log_lines) - n, "%s\n", line);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct clock clock = {now, now, w};

	w->now_ms = 1700000000000;
	strcpy(w->dir, "/tmp/stox-store.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/" STORE_FILE, w->dir);
	log_init(&w->log, LOG_INFO, "test");
	w->log.sink = sink;
	w->log.user = w;
	w->loop = loop_new(&w->log, &clock);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	store_close(w->store);
	loop_free(w->loop);
	folder_remove(w->dir);
	free(w);
	return 0;
}

static void open_store(struct world *w)
{
	assert_int_equal(store_open(w->dir, w->loop, &w->store, w->why), 0);
}

static void reopen(struct world *w)
{
	store_close(w->store);
	open_store(w);
}

static void note(void *user, struct str key, struct str value)
{
	struct world *w = user;
	size_t n = strlen(w->found);

	snprintf(w->found + n, sizeof(w->found) - n, "%.*s=%.*s;", STR_ARG(key),
		 STR_ARG(value));
}

static const char *all(struct world *w, enum store_table table)
{
	w->found[0] = '\0';
	store_each(w->store, table, note, w);
	return w->found;
}

/* Files in the directory whose names hold this. */
static unsigned files(struct world *w, const char *part)
{
	DIR *d = opendir(w->dir);
	struct dirent *e;
	unsigned n = 0;

	while ((e = readdir(d)))
		n += strstr(e->d_name, part) != NULL;
	closedir(d);
	return n;
}

static void put(struct world *w, const char *key, const char *value)
{
	store_put(w->store, STORE_DIALOGS, str_z(key), str_z(value));
}

/* SEED0-2: what was put is there after a restart, in its table, by key. */
static void keeps_values(void **state)
{
	struct world *w = *state;

	open_store(w);
	put(w, "b", "2");
	put(w, "a", "1");
	store_put(w->store, STORE_SUBSCRIPTIONS, STR("a"), STR("s"));
	store_put(w->store, STORE_CALLS, STR("c"), STR(""));
	store_put(w->store, STORE_OCCUPANTS, STR("o\0p"), STR("\0x"));
	reopen(w);
	assert_string_equal(all(w, STORE_DIALOGS), "a=1;b=2;");
	assert_string_equal(all(w, STORE_SUBSCRIPTIONS), "a=s;");
	assert_string_equal(all(w, STORE_CALLS), "c=;");
}

static void note_binary(void *user, struct str key, struct str value)
{
	bool *right = user;

	*right = str_eq(key, STR("o\0p")) && str_eq(value, STR("\0x"));
}

static void keeps_every_octet(void **state)
{
	struct world *w = *state;
	bool right = false;

	open_store(w);
	store_put(w->store, STORE_OCCUPANTS, STR("o\0p"), STR("\0x"));
	reopen(w);
	store_each(w->store, STORE_OCCUPANTS, note_binary, &right);
	assert_true(right);
}

static void last_value_counts(void **state)
{
	struct world *w = *state;
	struct store_stats st;

	open_store(w);
	put(w, "a", "1");
	put(w, "b", "1");
	put(w, "a", "2");
	store_delete(w->store, STORE_DIALOGS, STR("b"));
	put(w, "c", "1");
	store_delete(w->store, STORE_DIALOGS, STR("c"));
	put(w, "c", "3");
	store_flush(w->store);
	store_stats(w->store, &st);
	assert_int_equal(st.written, 3); /* a, b and c once each */
	assert_int_equal(st.batches, 1);
	assert_int_equal(st.waiting, 0);
	reopen(w);
	assert_string_equal(all(w, STORE_DIALOGS), "a=2;c=3;");
	store_delete(w->store, STORE_DIALOGS, STR("a"));
	reopen(w);
	assert_string_equal(all(w, STORE_DIALOGS), "c=3;");
}

/* A second connection sees what is committed: no more than STORE_BATCH_MS
 * after the change the transaction begins. */
static void writes_by_itself(void **state)
{
	struct world *w = *state;
	struct store_stats st;

	open_store(w);
	put(w, "a", "1");
	loop_settle(w->loop);
	store_stats(w->store, &st);
	assert_int_equal(st.batches, 0);
	assert_true(st.waiting > 0);
	assert_int_equal(loop_next_timer(w->loop), w->now_ms + STORE_BATCH_MS);
	w->now_ms += STORE_BATCH_MS;
	while (st.batches == 0) { /* the thread's own time */
		loop_settle(w->loop);
		store_stats(w->store, &st);
	}
	assert_int_equal(st.waiting, 0);
}

/* What can't wait is written at the end of the turn, with what waits; of the
 * next turns, when that has been. */
static void hurries(void **state)
{
	struct world *w = *state;
	struct store_stats st;

	open_store(w);
	put(w, "a", "1");
	store_put_soon(w->store, STORE_OCCUPANTS, STR("b"), STR("1"));
	loop_settle(w->loop);
	store_put_soon(w->store, STORE_OCCUPANTS, STR("c"), STR("1"));
	do { /* the thread's own time, none of the clock's */
		loop_settle(w->loop);
		store_stats(w->store, &st);
	} while (st.written < 3);
	assert_true(st.batches <= 2);
	put(w, "a", "2");
	assert_int_equal(loop_next_timer(w->loop), w->now_ms + STORE_BATCH_MS);
	loop_settle(w->loop);
	store_stats(w->store, &st);
	assert_int_equal(st.written, 3);
	reopen(w);
	assert_string_equal(all(w, STORE_OCCUPANTS), "b=1;c=1;");
}

static void note_user(void *user, const struct store_user *u)
{
	struct world *w = user;
	size_t n = strlen(w->found);

	snprintf(w->found + n, sizeof(w->found) - n, "%.*s %.*s %.*s %.*s;",
		 STR_ARG(u->address), STR_ARG(u->realm), STR_ARG(u->md5),
		 STR_ARG(u->sha256));
}

static void keeps_users(void **state)
{
	struct world *w = *state;
	struct store_user u = {STR("bob@example.org"), STR("example.org"),
			       STR("m1"), STR("s1")};

	open_store(w);
	store_user_put(w->store, &u);
	u.realm = STR("other");
	store_user_put(w->store, &u);
	u.address = STR("al@example.org");
	store_user_put(w->store, &u);
	reopen(w);
	store_users(w->store, note_user, w);
	assert_string_equal(w->found, "al@example.org other m1 s1;"
				      "bob@example.org example.org m1 s1;"
				      "bob@example.org other m1 s1;");
	store_user_delete(w->store, STR("bob@example.org"), STR("other"));
	reopen(w);
	w->found[0] = '\0';
	store_users(w->store, note_user, w);
	assert_string_equal(w->found, "al@example.org other m1 s1;"
				      "bob@example.org example.org m1 s1;");
}

static void is_for_its_owner_only(void **state)
{
	struct world *w = *state;
	char deep[128];
	struct stat st;

	open_store(w);
	put(w, "a", "1");
	store_flush(w->store);
	assert_int_equal(stat(w->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(deep, sizeof(deep), "%s-wal", w->path);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	store_close(w->store);
	w->store = NULL;
	/* what is missing is made */
	snprintf(deep, sizeof(deep), "%s/not/yet", w->dir);
	assert_int_equal(store_open(deep, w->loop, &w->store, w->why), 0);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void keeps_nothing_without_a_directory(void **state)
{
	struct world *w = *state;
	struct store_stats st;

	assert_int_equal(store_open("", w->loop, &w->store, w->why), 0);
	assert_null(w->store);
	store_limit(NULL, 1);
	put(w, "a", "1");
	store_delete(NULL, STORE_DIALOGS, STR("a"));
	store_user_put(NULL, &(struct store_user){.address = STR("a@b")});
	store_user_delete(NULL, STR("a@b"), STR("b"));
	store_flush(NULL);
	store_stats(NULL, &st);
	assert_int_equal(st.waiting, 0);
	assert_string_equal(all(w, STORE_DIALOGS), "");
	store_users(NULL, note_user, w);
}

static void names_a_directory_it_cannot_use(void **state)
{
	struct world *w = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/file", w->dir);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_true(store_open(path, w->loop, &w->store, w->why) < 0);
	assert_non_null(strstr(w->why, path));
	assert_non_null(strstr(w->why, "Not a directory"));
	snprintf(path, sizeof(path), "%s/file/below", w->dir);
	assert_true(store_open(path, w->loop, &w->store, w->why) < 0);
	assert_non_null(strstr(w->why, path));
	assert_true(store_open("/proc/stoxd", w->loop, &w->store, w->why) < 0);
	assert_non_null(strstr(w->why, "/proc/stoxd"));
	/* a database that can't be opened and is not at fault itself */
	assert_int_equal(mkdir(w->path, 0700), 0);
	assert_true(store_open(w->dir, w->loop, &w->store, w->why) < 0);
	assert_non_null(strstr(w->why, w->path));
	assert_null(w->store);
}

static void is_one_process_own(void **state)
{
	struct world *w = *state;
	struct store *second;

	open_store(w);
	assert_true(store_open(w->dir, w->loop, &second, w->why) < 0);
	assert_non_null(strstr(w->why, w->dir));
	assert_non_null(strstr(w->why, "another stoxd"));
	assert_null(second);
	reopen(w);
}

/* --- SEED0-7, V-SEED0-5: what can't be read is set aside --- */

static void fill(struct world *w)
{
	open_store(w);
	for (int i = 0; i < 500; i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%03d", i);
		put(w, key, "a value of some length, so that it takes pages");
	}
	store_close(w->store);
	w->store = NULL;
}

static void is_set_aside(struct world *w)
{
	open_store(w);
	assert_string_equal(all(w, STORE_DIALOGS), "");
	assert_int_equal(files(w, "stoxd.db.corrupt-20231114T221320Z"), 1);
	assert_non_null(strstr(w->log_lines, "store.corrupt"));
	assert_non_null(strstr(w->log_lines, "set-aside="));
	/* the new one is as good as any */
	put(w, "a", "1");
	reopen(w);
	assert_string_equal(all(w, STORE_DIALOGS), "a=1;");
}

static void sets_a_truncated_file_aside(void **state)
{
	struct world *w = *state;

	fill(w);
	assert_int_equal(truncate(w->path, 9000), 0);
	is_set_aside(w);
}

static void sets_a_cut_header_aside(void **state)
{
	struct world *w = *state;

	fill(w);
	assert_int_equal(truncate(w->path, 50), 0);
	is_set_aside(w);
}

static void write_at(struct world *w, long offset, const char *text)
{
	FILE *f = fopen(w->path, offset ? "r+" : "w");

	fseek(f, offset, SEEK_SET);
	for (int i = 0; i < 100; i++)
		fputs(text, f);
	fclose(f);
}

static void sets_garbage_aside(void **state)
{
	struct world *w = *state;

	write_at(w, 0, "this is no database at all, is it? ");
	is_set_aside(w);
}

static void sets_a_damaged_page_aside(void **state)
{
	struct world *w = *state;

	fill(w);
	write_at(w, 4096, "this is no page of a database. ");
	is_set_aside(w);
}

static void run_sql(struct world *w, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void sets_a_later_version_aside(void **state)
{
	struct world *w = *state;

	fill(w);
	run_sql(w, "PRAGMA user_version=999");
	is_set_aside(w);
	assert_non_null(strstr(w->log_lines, "version 999"));
}

/* A database from before there were archives. */
static void takes_an_earlier_version_over(void **state)
{
	struct world *w = *state;

	fill(w);
	run_sql(w, "DROP TABLE archive; DROP TABLE heard; "
		   "PRAGMA user_version=2");
	open_store(w);
	assert_true(strlen(all(w, STORE_DIALOGS)) > 0);
	store_close(w->store);
	w->store = NULL;
	run_sql(w, "INSERT INTO archive VALUES ('r','i',0,'','','','','',7)");
	assert_null(strstr(w->log_lines, "set-aside"));
}

static void sets_a_strange_database_aside(void **state)
{
	struct world *w = *state;

	run_sql(w, "CREATE TABLE rooms (x)");
	is_set_aside(w);
}

static void sets_aside_twice_in_a_second(void **state)
{
	struct world *w = *state;

	write_at(w, 0, "garbage ");
	open_store(w);
	store_close(w->store);
	write_at(w, 0, "garbage ");
	open_store(w);
	assert_int_equal(files(w, ".corrupt-20231114T221320Z"), 2);
	assert_int_equal(files(w, ".corrupt-20231114T221320Z.1"), 1);
}

/* As an earlier start leaves it that found the disk full: no damage, and not
 * worth a file set aside, but said. */
static void takes_an_empty_file(void **state)
{
	struct world *w = *state;

	close(open(w->path, O_CREAT | O_WRONLY, 0600));
	open_store(w);
	assert_non_null(strstr(w->log_lines, "store.empty"));
	assert_int_equal(files(w, "stoxd.db.corrupt"), 0);
	*w->log_lines = '\0';
	put(w, "a", "1");
	reopen(w);
	assert_string_equal(all(w, STORE_DIALOGS), "a=1;");
	assert_string_equal(w->log_lines, "");
}

/* --- a disk that does not take it --- */

struct lock {
	sqlite3 *db;
};

static void hold(struct world *w, struct lock *l)
{
	assert_int_equal(sqlite3_open(w->path, &l->db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(l->db, "BEGIN IMMEDIATE", NULL, NULL, NULL),
	    SQLITE_OK);
}

static void let_go(struct lock *l)
{
	assert_int_equal(sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(l->db);
}

/* What could not be written waits, newer values first, and is tried again. */
static void tries_again(void **state)
{
	struct world *w = *state;
	struct store_stats st;
	struct lock l;

	open_store(w);
	hold(w, &l);
	put(w, "a", "1");
	put(w, "b", "1");
	store_flush(w->store);
	put(w, "a", "2");
	store_delete(w->store, STORE_DIALOGS, STR("c"));
	store_flush(w->store);
	store_stats(w->store, &st);
	assert_int_equal(st.failed, 2);
	assert_int_equal(st.written, 0);
	/* one line for both */
	assert_non_null(strstr(w->log_lines, "store.fail"));
	assert_null(
	    strstr(strstr(w->log_lines, "store.fail") + 1, "store.fail"));
	let_go(&l);
	store_flush(w->store);
	assert_non_null(strstr(w->log_lines, "store.recover"));
	store_stats(w->store, &st);
	assert_int_equal(st.waiting, 0);
	reopen(w);
	assert_string_equal(all(w, STORE_DIALOGS), "a=2;b=1;");
}

/* The file may grow no further, as on a full disk. */
static void outlives_a_full_disk(void **state)
{
	struct world *w = *state;
	struct rlimit before, tight;
	struct store_stats st;
	char *big = malloc(1u << 20);

	memset(big, 'x', 1u << 20);
	signal(SIGXFSZ, SIG_IGN);
	open_store(w);
	put(w, "a", "1");
	store_flush(w->store);
	getrlimit(RLIMIT_FSIZE, &before);
	tight = before;
	tight.rlim_cur = 200000;
	setrlimit(RLIMIT_FSIZE, &tight);
	store_put(w->store, STORE_DIALOGS, STR("big"), str_of(big, 1u << 20));
	store_flush(w->store);
	setrlimit(RLIMIT_FSIZE, &before);
	store_stats(w->store, &st);
	assert_int_equal(st.failed, 1);
	assert_non_null(strstr(w->log_lines, "store.fail"));
	store_flush(w->store);
	store_stats(w->store, &st);
	assert_int_equal(st.waiting, 0);
	store_delete(w->store, STORE_DIALOGS, STR("big"));
	reopen(w);
	assert_string_equal(all(w, STORE_DIALOGS), "a=1;");
	free(big);
}

/* Values by key coalesce; more keys than twice the limit are dropped. */
static void waits_within_its_limit(void **state)
{
	struct world *w = *state;
	struct store_stats st;
	char key[16];

	open_store(w);
	store_limit(w->store, 10000);
	for (int i = 0; i < 10000; i++)
		put(w, "a", "1");
	store_stats(w->store, &st);
	assert_int_equal(st.dropped, 0);
	for (int i = 0; i < 10000; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		put(w, key, "1");
	}
	store_stats(w->store, &st);
	assert_true(st.dropped > 9000);
	assert_true(st.waiting <= 20000);
	assert_non_null(strstr(w->log_lines, "store.drop times=1"));
	store_flush(w->store);
	put(w, "later", "1");
	store_stats(w->store, &st);
	assert_true(st.waiting > 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(keeps_values),
	    T(keeps_every_octet),
	    T(last_value_counts),
	    T(writes_by_itself),
	    T(hurries),
	    T(keeps_users),
	    T(is_for_its_owner_only),
	    T(keeps_nothing_without_a_directory),
	    T(names_a_directory_it_cannot_use),
	    T(is_one_process_own),
	    T(sets_a_truncated_file_aside),
	    T(sets_a_cut_header_aside),
	    T(sets_garbage_aside),
	    T(sets_a_damaged_page_aside),
	    T(sets_a_later_version_aside),
	    T(takes_an_earlier_version_over),
	    T(sets_a_strange_database_aside),
	    T(sets_aside_twice_in_a_second),
	    T(takes_an_empty_file),
	    T(tries_again),
	    T(outlives_a_full_disk),
	    T(waits_within_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
