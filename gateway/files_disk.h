/* Kept files on the disk: one each, under its token, its description in front
 * of its content. What is still coming in has a name of its own, so that after
 * a crash it can be told apart. On whatever thread; no state. */
#pragma once

#include <stdio.h>
#include <sys/types.h>

#include "base/buf.h"
#include "gateway/files_name.h"

#define FILE_HEAD_MAX 16384

/* Of a file in a folder. */
struct file_head {
	struct str room;  /* "name@domain" */
	struct str user;  /* who sent it: his key */
	struct str type;  /* "image/png" */
	struct str name;  /* as file_name_clean() has it */
	uint64_t time_ms; /* wall clock, when it began to come */
};

/* The description, as it stands in front. */
void file_head_write(struct buf *b, const struct file_head *h);
/* Its octets, 0: more is needed, or ERR_SYNTAX. Slices of in. */
ptrdiff_t file_head_read(struct str in, struct file_head *out);

/* What the disk is to do next for one file: done by disk_do(). */
struct disk_job {
	enum {
		DISK_WRITE,  /* what is in `data`, into a new file if fd < 0 */
		DISK_FINISH, /* all of it has come: from now on it is kept */
		DISK_DROP,   /* what came of it goes */
		DISK_REMOVE, /* one that was kept goes */
	} what;
	int folder; /* descriptor */
	int fd;	    /* of what comes in, or -1 */
	char token[FILE_TOKEN + 1];
	struct buf data;
	int err; /* 0, or a negated errno value */
};
void disk_do(struct disk_job *j);

/* Makes the folder if it is missing: its descriptor, or a negated errno value.
 */
int disk_folder(const char *path);
/* Shows what the folder holds, and removes what came in no further; a file that
 * is none of ours is left alone. 0, or a negated errno value. */
int disk_scan(int folder,
	      void (*see)(void *user, const char *token,
			  const struct file_head *h, size_t head_n,
			  uint64_t size),
	      void *user);
