/* What of a room's messages all of ours there have heard, as the next run finds
 * it after this one was killed: its proxies go on from there as after a break
 * of the stream (S2X-38). Written when the room speaks after a while, else five
 * times a second; so what came last in a busy room may come twice. */
#include "gateway/back_muc_priv.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

#define KEEP_MS	   200
#define LATE_MS	   1000	 /* who has not heard by then will not */
#define FORGET_MS  60000 /* by then who comes back is on his way */
#define COMING_MAX 64
#define LATELY	   256 /* one that is noted twice takes a place, no more */

/* A message that not all of ours have heard, for all we know. */
struct coming {
	uint64_t mark, said_ms, at_ms;
	unsigned left; /* who have not */
};

struct heard {
	struct back_muc *b;
	char *room;
	unsigned n_proxies;
	struct seen told;
	uint64_t last_ms; /* wall clock: when the last of those was said */
	struct coming coming[COMING_MAX]; /* the oldest first */
	size_t n_coming;
	bool changed; /* since it was written, if it ever was: */
	bool kept;
	uint64_t kept_ms;
	struct timer timer;
	struct deferred write;
};

static struct heard *heard_new(struct back_muc *b, struct str room)
{
	struct heard *h = mem_new(sizeof(*h));

	h->b = b;
	h->room = str_dup(room);
	table_put_str(b->heard, str_z(h->room), h);
	return h;
}

static void heard_free(struct heard *h)
{
	timer_cancel(h->b->loop, &h->timer);
	defer_cancel(h->b->loop, &h->write);
	table_del_str(h->b->heard, str_z(h->room));
	seen_done(&h->told);
	free(h->room);
	free(h);
}

static void drop(struct heard *h)
{
	if (h->kept)
		keep_drop(&h->b->cfg.keep, KEPT_HEARD, str_z(h->room));
	heard_free(h);
}

void back_muc_keep_no_more(struct back_muc *b)
{
	struct proxy *p;
	struct heard *h;

	b->cfg.keep = (struct keep){0};

	TAILQ_FOREACH (p, &b->list, link)
		p->heard = NULL;
	TABLE_FOREACH (b->heard, it, h)
		heard_free(h);
	timer_cancel(b->loop, &b->forget);
}

/* --- writing --- */

static void write_it(struct heard *h)
{
	const struct seen *s = &h->told;
	struct buf marks = BUF_INIT(KEPT_BYTES_MAX);
	struct buf value = BUF_INIT(2 * KEPT_BYTES_MAX);
	struct kept_heard k = {.seed = h->b->mark_seed, .last_ms = h->last_ms};

	for (size_t i = 0; i < s->n; i++)
		kept_put_mark(&marks, s->list[(s->oldest + i) % s->n].mark);
	k.marks = buf_str(&marks);
	kept_heard_write(&value, &k);
	keep_put(&h->b->cfg.keep, KEPT_HEARD, str_z(h->room), buf_str(&value));
	buf_done(&marks);
	buf_done(&value);
	h->changed = false;
	h->kept = true;
	h->kept_ms = loop_now_ms(h->b->loop);
}

/* All have heard the first one that comes, or it is no use to wait. */
static void take_first(struct heard *h)
{
	const struct coming *c = &h->coming[0];

	/* before any, it is when the first of us came in */
	if (!h->told.n || c->said_ms > h->last_ms)
		h->last_ms = c->said_ms;
	seen_add(&h->told, c->mark, loop_now_ms(h->b->loop));
	h->changed = true;
	memmove(h->coming, h->coming + 1, --h->n_coming * sizeof(h->coming[0]));
}

static void on_timer(void *user);

static void wake_at(struct heard *h, uint64_t at_ms)
{
	uint64_t now = loop_now_ms(h->b->loop);

	if (!timer_pending(&h->timer) || h->timer.at_ms > at_ms)
		timer_set(h->b->loop, &h->timer, at_ms > now ? at_ms - now : 0,
			  on_timer, h);
}

static void write_later(void *user)
{
	struct heard *h = user;
	uint64_t due = h->kept ? h->kept_ms + KEEP_MS : 0;

	if (h->changed && loop_now_ms(h->b->loop) >= due)
		write_it(h);
	if (h->changed)
		wake_at(h, due);
	else if (h->n_coming)
		wake_at(h, h->coming[0].at_ms + LATE_MS);
}

static void on_timer(void *user)
{
	struct heard *h = user;
	uint64_t now = loop_now_ms(h->b->loop);

	while (h->n_coming && now - h->coming[0].at_ms >= LATE_MS)
		take_first(h);
	write_later(h);
}

/* --- hearing --- */

static struct coming *find(struct heard *h, uint64_t mark)
{
	for (size_t i = 0; i < h->n_coming; i++)
		if (h->coming[i].mark == mark)
			return &h->coming[i];
	return NULL;
}

static void add(struct heard *h, uint64_t mark, uint64_t said_ms)
{
	if (h->n_coming == COMING_MAX)
		take_first(h);
	h->coming[h->n_coming++] = (struct coming){
	    .mark = mark,
	    .said_ms = said_ms,
	    .at_ms = loop_now_ms(h->b->loop),
	    .left = h->n_proxies - 1,
	};
}

void proxy_has_heard(struct proxy *p, uint64_t mark, uint64_t said_ms)
{
	struct heard *h = p->heard;
	struct coming *c = h ? find(h, mark) : NULL;

	if (c && c->left)
		c->left--;
	else if (c || !h || seen_has_lately(&h->told, mark, LATELY))
		return;
	else
		add(h, mark, said_ms);
	while (h->n_coming && !h->coming[0].left)
		take_first(h);
	defer(h->b->loop, &h->write, write_later, h);
}

void proxy_entered(struct proxy *p)
{
	struct heard *h = p->heard;

	if (!h || h->kept)
		return;
	if (!h->last_ms)
		h->last_ms = p->entered_ms;
	h->changed = true;
	defer(h->b->loop, &h->write, write_later, h);
}

/* --- whose it is --- */

void proxy_keep_heard(struct proxy *p, const struct seat_join *join)
{
	struct back_muc *b = p->b;
	struct heard *h = table_get_str(b->heard, p->room);

	if (!b->cfg.keep.keep)
		return;
	if (!h)
		h = heard_new(b, p->room);
	h->n_proxies++;
	p->heard = h;
	if (!join->returning || !join->since_ms || !h->kept)
		return;
	seen_copy(&p->seen, &h->told);
	p->last_ms = h->last_ms;
	p->entered_ms = join->since_ms;
}

void proxy_leave_heard(struct proxy *p)
{
	struct heard *h = p->heard;

	p->heard = NULL;
	if (h && --h->n_proxies == 0)
		drop(h);
}

/* --- the run before --- */

static void forget(void *user)
{
	struct back_muc *b = user;
	struct heard *h;

	TABLE_FOREACH (b->heard, it, h)
		if (!h->n_proxies)
			drop(h);
}

void back_muc_restore(struct back_muc *b, struct str key, struct str value)
{
	uint64_t now = loop_now_ms(b->loop);
	struct kept_heard k;
	struct heard *h;
	int err = kept_heard_read(value, &k);

	if (err == 0 && !table_count(b->heard))
		b->mark_seed = k.seed;
	if (err < 0 || k.seed != b->mark_seed || !k.last_ms) {
		log_warn(b->log, "muc.restore", "room=%s why=%s", LOGQ(key),
			 LOGQ(str_z(err < 0 ? err_name(err) : "unusable")));
		keep_drop(&b->cfg.keep, KEPT_HEARD, key);
		return;
	}
	h = heard_new(b, key);
	h->kept = true;
	h->kept_ms = now;
	h->last_ms = k.last_ms;
	for (size_t i = 0; i < k.marks.n / KEPT_MARK; i++)
		seen_add(&h->told, kept_mark(&k, i), now);
	timer_set(b->loop, &b->forget, FORGET_MS, forget, b);
}
