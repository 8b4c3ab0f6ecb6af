/* Files that SIP users send to rooms, kept in state-dir/files so that XMPP
 * users can fetch them by a link: what there is, whose and how much of it, and
 * until when. All writing is done on a thread of its own. */
#pragma once

#include "base/loop.h"
#include "gateway/config.h"
#include "gateway/files_disk.h"

struct files;
struct file_in;

/* Reads what an earlier run has kept. 0, or negative with a line in why.
 * config (its `files` section) and loop are borrowed. */
int files_open(struct loop *loop, const struct config *config,
	       struct files **out, char why[256]);
/* What still comes in is lost. NULL is fine. */
void files_close(struct files *f);

struct files_stats {
	size_t files, coming;
	uint64_t bytes;	  /* of those that are kept or still come in */
	uint64_t kept;	  /* since the start: that came whole, */
	uint64_t refused; /* that were too big or met a quota, */
	uint64_t failed;  /* that the disk did not take, */
	uint64_t served;  /* that were fetched */
};
struct files_stats files_stats(const struct files *f);

/* --- one that comes in --- */

struct file_ops {
	/* What was put is written. */
	void (*more)(void *user);
	/* After file_finish: 0 and the link, or what the disk said (then maybe
	 * before that). The file_in is gone. */
	void (*done)(void *user, int err, struct str url);
};

/* About a file: its time is set by file_begin. known: its size is. 0; or
 * ERR_TOO_BIG, ERR_FULL (a quota, or too many at once). */
int file_begin(struct files *f, const struct file_head *about, bool known,
	       uint64_t size, const struct file_ops *ops, void *user,
	       struct file_in **out);
/* More of it, copied; at first, and whenever `more` has been told. Errors are
 * those of file_begin, and it stays for file_drop. */
int file_put(struct file_in *in, struct str data);
/* That was all. Not while something is being written. */
void file_finish(struct file_in *in);
/* It will not be whole: no callback follows. NULL is fine. */
void file_drop(struct file_in *in);

/* --- those that are kept --- */

struct kept_file {
	char token[FILE_TOKEN + 1];
	struct file_head head;
	size_t head_n; /* octets in front of its content */
	uint64_t size;
	char text[]; /* of head */
};
/* NULL: there is none. Lives until the loop's next turn. */
const struct kept_file *files_find(const struct files *f, struct str token);
/* Opens it for reading, and counts it as served if `serve`: a descriptor, or a
 * negated errno value. */
int files_read(struct files *f, const struct kept_file *k, bool serve);
/* Its link. */
void files_url(const struct files *f, const struct kept_file *k,
	       struct buf *out);
/* Nobody has been told this link: its file goes. */
void files_forget(struct files *f, struct str url);
/* Waits until the disk has done what it was told; for tests. */
void files_settle(struct files *f);
