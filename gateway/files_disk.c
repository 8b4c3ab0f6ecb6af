#include "gateway/files_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

#define MAGIC  "stoxd file 1\n"
#define COMING ".part"

/* --- the description --- */

static void put(struct buf *b, const char *key, struct str v)
{
	buf_addz(b, key);
	for (size_t i = 0; i < v.n; i++)
		buf_addc(b, (unsigned char)v.p[i] < 0x20 ? ' ' : v.p[i]);
	buf_addc(b, '\n');
}

void file_head_write(struct buf *b, const struct file_head *h)
{
	buf_addz(b, MAGIC);
	put(b, "room=", h->room);
	put(b, "user=", h->user);
	put(b, "type=", h->type);
	put(b, "name=", h->name);
	buf_addz(b, "time=");
	buf_addu(b, h->time_ms);
	buf_addz(b, "\n\n");
}

static bool take(struct str line, struct str key, struct str *out)
{
	if (!str_starts(line, key))
		return false;
	*out = str_from(line, key.n);
	return true;
}

ptrdiff_t file_head_read(struct str in, struct file_head *out)
{
	ptrdiff_t end = str_search(in, STR("\n\n"));
	struct file_head h = {.time_ms = 0};
	struct str rest = in, time = STR_NONE;

	if (in.n >= sizeof(MAGIC) - 1 && !str_starts(in, STR(MAGIC)))
		return ERR_SYNTAX;
	if (end < 0)
		return in.n < FILE_HEAD_MAX ? 0 : ERR_SYNTAX;
	rest.n = (size_t)end;
	str_split(&rest, '\n');
	while (rest.n) {
		struct str line = str_split(&rest, '\n');

		if (!take(line, STR("room="), &h.room) &&
		    !take(line, STR("user="), &h.user) &&
		    !take(line, STR("type="), &h.type) &&
		    !take(line, STR("name="), &h.name))
			take(line, STR("time="), &time);
	}
	if (!h.room.n || !h.name.n || str_u64(time, INT64_MAX, &h.time_ms) < 0)
		return ERR_SYNTAX;
	*out = h;
	return end + 2;
}

/* --- one file --- */

static const char *coming_name(const struct disk_job *j,
			       char z[FILE_TOKEN + sizeof(COMING)])
{
	snprintf(z, FILE_TOKEN + sizeof(COMING), "%s" COMING, j->token);
	return z;
}

static int write_all(struct disk_job *j)
{
	char name[FILE_TOKEN + sizeof(COMING)];
	struct str rest = buf_str(&j->data);

	if (j->fd < 0)
		j->fd = openat(j->folder, coming_name(j, name),
			       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (j->fd < 0)
		return -errno;
	while (rest.n) {
		ssize_t n = write(j->fd, rest.p, rest.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		rest = str_from(rest, (size_t)n);
	}
	return 0;
}

/* A disk may say only now that it is full. */
static int finish(struct disk_job *j)
{
	char name[FILE_TOKEN + sizeof(COMING)];
	int err = j->fd < 0 ? write_all(j) : 0;

	if (!err && fdatasync(j->fd) < 0)
		err = -errno;
	if (j->fd >= 0 && close(j->fd) < 0 && !err)
		err = -errno;
	j->fd = -1;
	if (!err &&
	    renameat(j->folder, coming_name(j, name), j->folder, j->token) < 0)
		err = -errno;
	return err;
}

static void drop(struct disk_job *j)
{
	char name[FILE_TOKEN + sizeof(COMING)];

	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
	unlinkat(j->folder, coming_name(j, name), 0);
}

void disk_do(struct disk_job *j)
{
	j->err = 0;
	switch (j->what) {
	case DISK_WRITE:
		j->err = write_all(j);
		buf_clear(&j->data);
		break;
	case DISK_FINISH:
		j->err = finish(j);
		break;
	case DISK_DROP:
		drop(j);
		break;
	case DISK_REMOVE:
		if (unlinkat(j->folder, j->token, 0) < 0)
			j->err = -errno;
		break;
	}
}

/* --- the folder --- */

int disk_folder(const char *path)
{
	int fd;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

struct scanning {
	int folder;
	void (*see)(void *user, const char *token, const struct file_head *h,
		    size_t head_n, uint64_t size);
	void *user;
};

static void look_at(const struct scanning *s, const char *token)
{
	int fd = openat(s->folder, token, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *p = malloc(FILE_HEAD_MAX);
	struct file_head h;
	struct stat st;
	ssize_t n;
	ptrdiff_t head;

	if (fd >= 0 && p && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		n = pread(fd, p, FILE_HEAD_MAX, 0);
		head = n > 0 ? file_head_read(str_of(p, (size_t)n), &h) : 0;
		if (head > 0 && st.st_size >= head)
			s->see(s->user, token, &h, (size_t)head,
			       (uint64_t)(st.st_size - head));
	}
	free(p);
	if (fd >= 0)
		close(fd);
}

int disk_scan(int folder,
	      void (*see)(void *user, const char *token,
			  const struct file_head *h, size_t head_n,
			  uint64_t size),
	      void *user)
{
	struct scanning s = {folder, see, user};
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (!d) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return err;
	}
	while ((e = readdir(d))) {
		struct str name = str_z(e->d_name);
		struct str token =
		    str_of(name.p, name.n < FILE_TOKEN ? name.n : FILE_TOKEN);

		if (!file_is_token(token))
			continue;
		if (name.n == FILE_TOKEN)
			look_at(&s, e->d_name);
		else if (str_eq(str_from(name, FILE_TOKEN), STR(COMING)))
			unlinkat(folder, e->d_name, 0);
	}
	closedir(d);
	return 0;
}
