/* From a stream into a file, a piece at a time. */
#include <stdlib.h>

#include "gateway/front_sip_file.h"

#include "base/err.h"
#include "base/mem.h"

struct filing {
	struct file_in *file;
	struct stream_listener listener;
	size_t skip;
	size_t given; /* octets of the piece that is being written */
	bool busy, whole;
	void (*done)(void *user, int err, struct str url);
	void *user;
};

static void end(struct filing *k, int err, struct str url)
{
	stream_leave(&k->listener);
	k->done(k->user, err, url);
	free(k);
}

static void fail(struct filing *k, int err)
{
	file_drop(k->file);
	end(k, err, STR_NONE);
}

/* The next octets of the file itself. */
static struct str next_piece(struct filing *k)
{
	bool hyphens;
	struct str s = stream_peek(&k->listener, &hyphens);

	while (s.n && k->skip) {
		size_t n = s.n < k->skip ? s.n : k->skip;

		k->skip -= n;
		stream_took(&k->listener, n);
		s = stream_peek(&k->listener, &hyphens);
	}
	return s;
}

static void go_on(struct filing *k)
{
	struct str s;
	int err;

	if (k->busy)
		return;
	s = next_piece(k);
	if (s.n) {
		err = file_put(k->file, s);
		if (err < 0) {
			fail(k, err);
			return;
		}
		k->given = s.n;
		k->busy = true;
	} else if (k->whole) {
		k->busy = true;
		file_finish(k->file);
	}
}

static void on_written(void *user)
{
	struct filing *k = user;

	k->busy = false;
	stream_took(&k->listener, k->given);
	go_on(k);
}

static void on_kept(void *user, int err, struct str url)
{
	end(user, err, url);
}

static const struct file_ops file_ops = {
    .more = on_written,
    .done = on_kept,
};

static void on_more(void *user)
{
	go_on(user);
}

static void on_ended(void *user, enum stream_end how)
{
	struct filing *k = user;

	if (how != STREAM_WHOLE) {
		fail(k, ERR_CONGESTED);
		return;
	}
	k->whole = true;
	go_on(k);
}

static const struct stream_listener_ops listener_ops = {
    .more = on_more,
    .ended = on_ended,
};

struct filing *filing_new(const struct filing_cfg *cfg)
{
	struct filing *k = mem_new(sizeof(*k));

	k->skip = cfg->skip;
	k->done = cfg->done;
	k->user = cfg->user;
	if (file_begin(cfg->files, &cfg->about, cfg->has_size, cfg->size,
		       &file_ops, k, &k->file) < 0) {
		free(k);
		return NULL;
	}
	if (stream_listen(cfg->stream, &k->listener, &listener_ops, k) < 0) {
		file_drop(k->file);
		free(k);
		return NULL;
	}
	return k;
}

void filing_drop(struct filing *k)
{
	if (!k)
		return;
	stream_leave(&k->listener);
	file_drop(k->file);
	free(k);
}
