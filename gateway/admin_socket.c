#include "gateway/admin_socket.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 16

static int fail(const char *path, const char *what, int err, char why[256])
{
	snprintf(why, 256, "control %.150s: %s", path,
		 what ? what : strerror(err));
	return -err;
}

static int make_folder(const char *path, char why[256])
{
	char copy[108];
	const char *folder;

	snprintf(copy, sizeof(copy), "%s", path);
	folder = dirname(copy);
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return fail(folder, NULL, errno, why);
	return 0;
}

/* What is left of a daemon that is no more goes away. */
static int clear_place(const struct sockaddr_un *sa, char why[256])
{
	const char *path = sa->sun_path;
	struct stat st;
	int fd, err;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : fail(path, NULL, errno, why);
	if (!S_ISSOCK(st.st_mode))
		return fail(path, "is there and no socket", EEXIST, why);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(path, NULL, errno, why);
	err = connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) < 0 ? errno
									: 0;
	close(fd);
	if (err == 0 || err == EAGAIN)
		return fail(path, "in use by another daemon", EADDRINUSE, why);
	if (err != ECONNREFUSED)
		return fail(path, NULL, err, why);
	return unlink(path) < 0 ? fail(path, NULL, errno, why) : 0;
}

int admin_socket_open(struct admin_socket *s, const char *path, char why[256])
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct stat st;
	mode_t mask;
	int fd, r;

	s->path[0] = '\0';
	if (strlen(path) >= sizeof(sa.sun_path))
		return fail(path, "the name is too long", ENAMETOOLONG, why);
	strcpy(sa.sun_path, path);
	if ((r = make_folder(path, why)) < 0 || (r = clear_place(&sa, why)) < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(path, NULL, errno, why);
	mask = umask(0117);
	r = bind(fd, (const struct sockaddr *)&sa, sizeof(sa));
	umask(mask);
	if (r < 0 || listen(fd, BACKLOG) < 0 || lstat(path, &st) < 0) {
		r = fail(path, NULL, errno, why);
		close(fd);
		return r;
	}
	strcpy(s->path, path);
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	return fd;
}

void admin_socket_remove(struct admin_socket *s)
{
	struct stat st;

	if (*s->path && lstat(s->path, &st) == 0 && st.st_dev == s->dev &&
	    st.st_ino == s->ino)
		unlink(s->path);
	s->path[0] = '\0';
}
