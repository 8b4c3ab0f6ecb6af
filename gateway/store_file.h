/* The state directory and the files in it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Makes dir with what is missing above it, for its owner only. 0, or a negated
 * errno value. */
int state_dir_make(const char *dir);
/* Takes the directory for this process. The descriptor that holds it, to be
 * closed; -EWOULDBLOCK: another process has it; or a negated errno value. */
int state_dir_lock(const char *dir);
/* Makes an empty file for its owner only, if there is none. 0, 1: there was an
 * empty one; or negative. */
int state_file_make(const char *path);
/* Renames the database, with the files that SQLite keeps beside it, to
 * PATH.corrupt-TIME (and a number if that is taken), which is put in aside. 0,
 * or a negated errno value. */
int state_file_set_aside(const char *path, uint64_t now_s, char *aside,
			 size_t n);
