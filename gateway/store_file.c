#include "gateway/store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_FILE "stoxd.lock"
#define TRIES_MAX 1000 /* names for files set aside in one second */

int state_dir_make(const char *dir)
{
	char path[PATH_MAX];
	struct stat st;
	size_t n = strlen(dir);

	if (n >= sizeof(path))
		return -ENAMETOOLONG;
	memcpy(path, dir, n + 1);
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		path[i] = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return -errno;
		if (i < n)
			path[i] = '/';
	}
	if (stat(dir, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int state_dir_lock(const char *dir)
{
	char path[PATH_MAX];
	int fd, n;

	n = snprintf(path, sizeof(path), "%s/" LOCK_FILE, dir);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int state_file_make(const char *path)
{
	struct stat st;
	bool empty = stat(path, &st) == 0 && st.st_size == 0;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return empty;
}

/* A name that nothing has. */
static int find_name(const char *path, uint64_t now_s, char *aside, size_t n)
{
	time_t t = (time_t)now_s;
	char stamp[32];
	struct tm tm;
	int len;

	gmtime_r(&t, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	for (unsigned i = 0; i < TRIES_MAX; i++) {
		if (i == 0)
			len = snprintf(aside, n, "%s.corrupt-%s", path, stamp);
		else
			len = snprintf(aside, n, "%s.corrupt-%s.%u", path,
				       stamp, i);
		if (len < 0 || (size_t)len >= n)
			return -ENAMETOOLONG;
		if (access(aside, F_OK) < 0)
			return 0;
	}
	return -EEXIST;
}

int state_file_set_aside(const char *path, uint64_t now_s, char *aside,
			 size_t n)
{
	/* the database last: while it is there, the next start does it again */
	static const char *const suffixes[] = {"-wal", "-shm", ""};
	char from[PATH_MAX], to[PATH_MAX];
	int err = find_name(path, now_s, aside, n);

	for (size_t i = 0; err == 0 && i < 3; i++) {
		int a = snprintf(from, sizeof(from), "%s%s", path, suffixes[i]);
		int b = snprintf(to, sizeof(to), "%s%s", aside, suffixes[i]);

		if (a < 0 || b < 0 || (size_t)a >= sizeof(from) ||
		    (size_t)b >= sizeof(to))
			err = -ENAMETOOLONG;
		else if (rename(from, to) < 0 && errno != ENOENT)
			err = -errno;
	}
	return err;
}
