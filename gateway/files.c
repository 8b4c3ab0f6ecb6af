#include "gateway/files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "gateway/files_quota.h"

#define COMING_MAX 256	/* at once */
#define JOBS_MAX   1024 /* of the disk; one for each that comes, and removals */
#define PUT_MAX	   (64u << 20)
#define EXPIRY_MS  3600000
#define DAY_MS	   86400000ull
#define KEY_MAX	   8192
#define HEAD_VALUE 3072 /* octets of a room's or user's name */

/* One that is kept, or comes in. */
struct entry {
	struct account account;
	struct kept_file file; /* last: it has a tail */
};

struct files {
	struct loop *loop;
	const struct config *config;
	int folder;
	struct mailbox *mailbox;
	struct table *by_token; /* entries */
	struct quotas quotas;
	size_t n_coming;
	TAILQ_HEAD(, file_in) coming;
	struct timer expiry;
	struct files_stats stats;
};

struct file_in {
	struct disk_job job; /* first: what the mailbox carries */
	TAILQ_ENTRY(file_in) link;
	struct files *files;
	struct entry *entry; /* NULL: it is kept, or a removal */
	const struct file_ops *ops;
	void *user;
	bool busy, dropped, removal;
	uint64_t came;
};

/* --- entries --- */

static struct entry *entry_new(const struct file_head *h)
{
	struct entry *e =
	    mem_new(sizeof(*e) + h->room.n + h->user.n + h->type.n + h->name.n);
	char *p = e->file.text;

	e->file.head = (struct file_head){
	    .room = str_pack(&p, h->room),
	    .user = str_pack(&p, h->user),
	    .type = str_pack(&p, h->type),
	    .name = str_pack(&p, h->name),
	    .time_ms = h->time_ms,
	};
	return e;
}

static void put_entry(struct files *f, struct entry *e)
{
	table_put_str(f->by_token, str_z(e->file.token), e);
	f->stats.files++;
}

static void on_scan(void *user, const char *token, const struct file_head *h,
		    size_t head_n, uint64_t size)
{
	struct files *f = user;
	struct entry *e = entry_new(h);

	memcpy(e->file.token, token, FILE_TOKEN);
	e->file.head_n = head_n;
	e->file.size = size;
	account_open(&f->quotas, &e->account, &e->file.head);
	account_charge(&f->quotas, &e->account, size);
	put_entry(f, e);
}

/* --- the disk --- */

static void work(void *user, void *value)
{
	(void)user;
	disk_do(value);
}

static void free_in(struct file_in *in)
{
	struct files *f = in->files;

	if (!in->removal) {
		TAILQ_REMOVE(&f->coming, in, link);
		f->n_coming--;
	}
	if (in->entry) {
		account_close(&f->quotas, &in->entry->account);
		free(in->entry);
	}
	buf_done(&in->job.data);
	free(in);
}

/* The mailbox has a place for each that comes in. */
static void tell_disk(struct file_in *in, int what)
{
	in->job.what = what;
	in->busy = true;
	if (mailbox_send(in->files->mailbox, &in->job) < 0)
		abort();
}

static void failed(struct file_in *in)
{
	struct files *f = in->files;

	f->stats.failed++;
	log_error(loop_log(f->loop), "files.write", "room=%s why=%s",
		  LOGQ(in->entry->file.head.room), err_text(in->job.err));
	in->dropped = true;
	in->ops->done(in->user, in->job.err, STR_NONE);
}

static void kept(struct file_in *in)
{
	struct files *f = in->files;
	struct entry *e = in->entry;
	struct buf url = BUF_INIT(65536);

	in->entry = NULL;
	account_give_back(&f->quotas, &e->account, e->account.bytes - in->came);
	e->file.size = in->came;
	put_entry(f, e);
	f->stats.kept++;
	log_info(loop_log(f->loop), "files.keep",
		 "room=%s user=%s type=%s name=%s size=%llu",
		 LOGQ(e->file.head.room), LOGQ(e->file.head.user),
		 LOGQ(e->file.head.type), LOGQ(e->file.head.name),
		 (unsigned long long)in->came);
	files_url(f, &e->file, &url);
	in->ops->done(in->user, 0, buf_str(&url));
	buf_done(&url);
	free_in(in);
}

static void removed(struct file_in *in)
{
	if (in->job.err < 0 && in->job.err != -ENOENT)
		log_warn(loop_log(in->files->loop), "files.remove", "why=%s",
			 err_text(in->job.err));
	free_in(in);
}

static void done(void *user, void *value)
{
	struct file_in *in = value;

	(void)user;
	in->busy = false;
	if (in->job.what == DISK_REMOVE) {
		removed(in);
		return;
	}
	if (in->job.what == DISK_DROP) {
		free_in(in);
		return;
	}
	if (in->job.err < 0 && !in->dropped)
		failed(in);
	if (in->dropped && in->job.what == DISK_FINISH && !in->job.err)
		tell_disk(in, DISK_REMOVE); /* nobody has its link */
	else if (in->dropped)
		tell_disk(in, DISK_DROP);
	else if (in->job.what == DISK_FINISH)
		kept(in);
	else
		in->ops->more(in->user);
}

/* --- one that comes in --- */

static bool fits(struct str s)
{
	return s.n <= HEAD_VALUE;
}

static int refuse(struct files *f, const struct file_head *h, int err)
{
	f->stats.refused++;
	log_info(loop_log(f->loop), "files.refuse", "room=%s user=%s why=%s",
		 LOGQ(h->room), LOGQ(h->user),
		 err == ERR_TOO_BIG ? "too big" : "quota");
	return err;
}

int file_begin(struct files *f, const struct file_head *about, bool known,
	       uint64_t size, const struct file_ops *ops, void *user,
	       struct file_in **out)
{
	struct file_head h = *about;
	struct file_in *in;
	struct entry *e;
	int err;

	h.time_ms = loop_wall_ms(f->loop);
	if (f->n_coming == COMING_MAX || !fits(h.room) || !fits(h.user) ||
	    !fits(h.type) || !fits(h.name))
		return refuse(f, &h, ERR_FULL);
	e = entry_new(&h);
	account_open(&f->quotas, &e->account, &e->file.head);
	err = account_may_grow(&f->quotas, &e->account, known ? size : 0);
	if (err < 0) {
		account_close(&f->quotas, &e->account);
		free(e);
		return refuse(f, &h, err);
	}
	if (known)
		account_charge(&f->quotas, &e->account, size);
	random_ident(e->file.token, FILE_TOKEN);
	in = mem_new(sizeof(*in));
	in->files = f;
	in->entry = e;
	in->ops = ops;
	in->user = user;
	in->job.folder = f->folder;
	in->job.fd = -1;
	memcpy(in->job.token, e->file.token, sizeof(in->job.token));
	buf_init(&in->job.data, PUT_MAX);
	file_head_write(&in->job.data, &e->file.head);
	e->file.head_n = in->job.data.n;
	TAILQ_INSERT_TAIL(&f->coming, in, link);
	f->n_coming++;
	*out = in;
	return 0;
}

/* More than was announced is charged as it comes. */
static int charge_for(struct file_in *in, size_t n)
{
	struct account *a = &in->entry->account;
	uint64_t more = in->came + n > a->bytes ? in->came + n - a->bytes : 0;
	int err = account_may_grow(&in->files->quotas, a, more);

	if (err < 0)
		return refuse(in->files, &in->entry->file.head, err);
	account_charge(&in->files->quotas, a, more);
	in->came += n;
	return 0;
}

int file_put(struct file_in *in, struct str data)
{
	int err = charge_for(in, data.n);

	if (err < 0)
		return err;
	buf_add(&in->job.data, data);
	if (in->job.data.err)
		return ERR_TOO_BIG;
	tell_disk(in, DISK_WRITE);
	return 0;
}

void file_finish(struct file_in *in)
{
	tell_disk(in, DISK_FINISH);
}

void file_drop(struct file_in *in)
{
	if (!in)
		return;
	in->dropped = true;
	if (!in->busy)
		tell_disk(in, DISK_DROP);
}

/* --- those that are kept --- */

const struct kept_file *files_find(const struct files *f, struct str token)
{
	const struct entry *e = table_get_str(f->by_token, token);

	return e ? &e->file : NULL;
}

int files_read(struct files *f, const struct kept_file *k, bool serve)
{
	int fd = openat(f->folder, k->token, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && serve)
		f->stats.served++;
	return fd < 0 ? -errno : fd;
}

static void put_base(const struct files *f, struct buf *out)
{
	struct str base = str_z(f->config->files.base_url);

	while (str_ends(base, STR("/")))
		base.n--;
	buf_add(out, base);
	buf_addc(out, '/');
}

void files_url(const struct files *f, const struct kept_file *k,
	       struct buf *out)
{
	put_base(f, out);
	buf_addz(out, k->token);
	buf_addc(out, '/');
	file_percent(out, k->head.name);
}

static bool is_old(const struct files *f, const struct entry *e)
{
	uint64_t keep_ms = f->config->files.keep_days * DAY_MS;
	uint64_t now = loop_wall_ms(f->loop);

	return keep_ms && now > e->file.head.time_ms &&
	       now - e->file.head.time_ms >= keep_ms;
}

/* False: the disk has enough to do. */
static bool expire(struct files *f, struct entry *e)
{
	struct file_in *in;

	if (mailbox_count(f->mailbox) + COMING_MAX >= JOBS_MAX)
		return false;
	in = mem_new(sizeof(*in));
	in->files = f;
	in->removal = true;
	in->job.folder = f->folder;
	in->job.fd = -1;
	memcpy(in->job.token, e->file.token, sizeof(in->job.token));
	table_del_str(f->by_token, str_z(e->file.token));
	f->stats.files--;
	account_close(&f->quotas, &e->account);
	free(e);
	tell_disk(in, DISK_REMOVE);
	return true;
}

static void on_expiry(void *user)
{
	struct files *f = user;
	struct entry *e;
	bool more = false;
	size_t n = 0;

	TABLE_FOREACH (f->by_token, it, e) {
		if (!is_old(f, e))
			continue;
		more = !expire(f, e);
		if (more)
			break;
		n++;
	}
	if (n)
		log_info(loop_log(f->loop), "files.expire", "files=%zu", n);
	timer_set(f->loop, &f->expiry, more ? 1000 : EXPIRY_MS, on_expiry, f);
}

void files_forget(struct files *f, struct str url)
{
	struct buf base = BUF_INIT(65536);
	struct str token = STR_NONE;
	struct entry *e;

	put_base(f, &base);
	if (str_starts(url, buf_str(&base)))
		token = str_from(url, base.n);
	buf_done(&base);
	if (token.n > FILE_TOKEN)
		token.n = FILE_TOKEN;
	e = table_get_str(f->by_token, token);
	if (e) /* if the disk has too much to do it goes with its time */
		(void)expire(f, e);
}

/* --- the whole --- */

static int start(struct files *f, char why[256])
{
	struct mailbox_cfg box = {
	    .loop = f->loop,
	    .name = "stoxd-files",
	    .max = JOBS_MAX,
	    .work = work,
	    .done = done,
	    .user = f,
	};
	struct buf path = BUF_INIT(KEY_MAX);
	int err;

	buf_addf(&path, "%s/files", f->config->state_dir);
	f->folder = disk_folder(buf_z(&path));
	err = f->folder < 0 ? f->folder : disk_scan(f->folder, on_scan, f);
	if (err == 0)
		err = mailbox_new(&box, &f->mailbox);
	if (err < 0)
		snprintf(why, 256, "files %.150s: %s", buf_z(&path),
			 err_text(err));
	buf_done(&path);
	return err;
}

int files_open(struct loop *loop, const struct config *config,
	       struct files **out, char why[256])
{
	struct files *f = mem_new(sizeof(*f));
	int err;

	f->loop = loop;
	f->config = config;
	f->folder = -1;
	f->by_token = table_new();
	quotas_init(&f->quotas, config);
	TAILQ_INIT(&f->coming);
	err = start(f, why);
	if (err < 0) {
		files_close(f);
		return err;
	}
	on_expiry(f);
	*out = f;
	return 0;
}

void files_settle(struct files *f)
{
	while (mailbox_count(f->mailbox))
		mailbox_wait(f->mailbox);
}

void files_close(struct files *f)
{
	struct file_in *in, *next;
	struct entry *e;

	if (!f)
		return;
	timer_cancel(f->loop, &f->expiry);
	for (in = TAILQ_FIRST(&f->coming); in; in = next) {
		next = TAILQ_NEXT(in, link);
		file_drop(in);
	}
	if (f->mailbox)
		files_settle(f);
	mailbox_free(f->mailbox);
	TABLE_FOREACH (f->by_token, it, e) {
		account_close(&f->quotas, &e->account);
		free(e);
	}
	table_free(f->by_token);
	quotas_done(&f->quotas);
	if (f->folder >= 0)
		close(f->folder);
	free(f);
}

struct files_stats files_stats(const struct files *f)
{
	struct files_stats s = {0};

	if (!f)
		return s;
	s = f->stats;
	s.coming = f->n_coming;
	s.bytes = f->quotas.bytes;
	return s;
}
