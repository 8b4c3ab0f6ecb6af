#include "conference/stream.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

#define PIECE 32768

static const struct str run = {"-------", 7};

/* Where a listener reads, or what stands before such a place, stays. */
struct stream_piece {
	TAILQ_ENTRY(stream_piece) link;
	uint64_t start;
	size_t n;
	unsigned readers; /* listeners who are at it */
	bool hyphens;
	char p[PIECE];
};
TAILQ_HEAD(pieces, stream_piece);
TAILQ_HEAD(listeners, stream_listener);

struct stream {
	unsigned refs;
	struct stream_source source;
	struct pieces pieces;
	struct listeners listeners;
	size_t n_listeners;
	uint64_t end; /* octets that came */
	bool over, held;
	unsigned last;	   /* hyphens that the last octets are */
	uint64_t grace_ms; /* what is left to the slower half */
	uint64_t hold_ms;  /* likewise of the present hold */
	struct timer tick;
};

struct stream *stream_new(const struct stream_source *source)
{
	struct stream *s = mem_new(sizeof(*s));

	s->refs = 1;
	s->source = *source;
	s->grace_ms = STREAM_GRACE_MS;
	TAILQ_INIT(&s->pieces);
	TAILQ_INIT(&s->listeners);
	return s;
}

struct stream *stream_ref(struct stream *s)
{
	s->refs++;
	return s;
}

static void drop_piece(struct stream *s, struct stream_piece *p)
{
	TAILQ_REMOVE(&s->pieces, p, link);
	free(p);
}

void stream_unref(struct stream *s)
{
	struct stream_piece *p;

	if (!s || --s->refs)
		return;
	timer_cancel(s->source.loop, &s->tick);
	while ((p = TAILQ_FIRST(&s->pieces)))
		drop_piece(s, p);
	free(s);
}

static uint64_t first_kept(const struct stream *s)
{
	const struct stream_piece *p = TAILQ_FIRST(&s->pieces);

	return p ? p->start : s->end;
}

size_t stream_kept(const struct stream *s)
{
	return (size_t)(s->end - first_kept(s));
}

static size_t lag(const struct stream *s, const struct stream_listener *l)
{
	return (size_t)(s->end - l->at);
}

static bool is_behind(const struct stream *s, const struct stream_listener *l)
{
	return lag(s, l) >= s->source.window / 2;
}

/* --- holding the source, and cutting off who makes it necessary --- */

static void on_tick(void *user);

static void set_tick(struct stream *s)
{
	if (timer_pending(&s->tick))
		return;
	if (s->over && s->n_listeners)
		timer_set(s->source.loop, &s->tick, STREAM_LINGER_MS / 8,
			  on_tick, s);
	else if (s->held)
		timer_set(s->source.loop, &s->tick, STREAM_TICK_MS, on_tick, s);
}

static void set_hold(struct stream *s, bool hold)
{
	if (s->held == hold || s->over)
		return;
	s->held = hold;
	s->hold_ms = STREAM_HOLD_MS;
	timer_cancel(s->source.loop, &s->tick);
	set_tick(s);
	s->source.hold(s->source.user, hold);
}

/* With some distance between the two, so that it does not flutter. */
static void judge_hold(struct stream *s)
{
	size_t kept = stream_kept(s), window = s->source.window;

	if (kept >= window && s->n_listeners)
		set_hold(s, true);
	else if (kept <= window / 4 * 3 || !s->n_listeners)
		set_hold(s, false);
}

static void trim(struct stream *s)
{
	struct stream_piece *p;

	while ((p = TAILQ_FIRST(&s->pieces)) && !p->readers &&
	       (!s->n_listeners || TAILQ_NEXT(p, link)))
		drop_piece(s, p);
}

static void take_out(struct stream_listener *l)
{
	struct stream *s = l->stream;

	TAILQ_REMOVE(&s->listeners, l, link);
	s->n_listeners--;
	if (l->piece)
		l->piece->readers--;
	l->piece = NULL;
	l->stream = NULL;
	trim(s);
}

void stream_leave(struct stream_listener *l)
{
	struct stream *s = l->stream;

	if (!s)
		return;
	take_out(l);
	judge_hold(s);
	stream_unref(s);
}

static void cut(struct stream_listener *l, enum stream_end how)
{
	struct stream *s = l->stream;

	take_out(l);
	l->ops->ended(l->user, how);
	stream_unref(s);
}

/* Is l to be cut off? grace: the minority that holds the message up has some
 * left, or is none. */
static bool is_too_slow(const struct stream *s, const struct stream_listener *l,
			bool grace)
{
	uint64_t idle = loop_now_ms(s->source.loop) - l->moved_ms;

	if (s->over)
		return idle >= STREAM_LINGER_MS;
	if (!is_behind(s, l))
		return false;
	return !grace || idle >= STREAM_STALL_MS;
}

static void spend(uint64_t *ms)
{
	*ms -= *ms < STREAM_TICK_MS ? *ms : STREAM_TICK_MS;
}

/* The message was held for a tick. False: by fewer than half, and for too long.
 */
static bool has_grace(struct stream *s)
{
	const struct stream_listener *l;
	size_t behind = 0;

	TAILQ_FOREACH (l, &s->listeners, link)
		behind += is_behind(s, l);
	if (!s->held || behind * 2 > s->n_listeners)
		return true;
	spend(&s->grace_ms);
	spend(&s->hold_ms);
	return s->grace_ms && s->hold_ms;
}

static void on_tick(void *user)
{
	struct stream *s = stream_ref(user);
	struct stream_listener *l, *next;
	bool grace = has_grace(s);

	for (l = TAILQ_FIRST(&s->listeners); l; l = next) {
		next = TAILQ_NEXT(l, link);
		if (is_too_slow(s, l, grace))
			cut(l, STREAM_SLOW);
	}
	judge_hold(s);
	set_tick(s);
	stream_unref(s);
}

/* --- the source --- */

/* Runs of hyphens that reach over an octet range's edges count for it. */
static bool has_run(struct stream *s, struct str data)
{
	bool found = str_search(data, run) >= 0;
	size_t head = 0, tail = 0;

	while (head < data.n && data.p[head] == '-')
		head++;
	while (tail < data.n && data.p[data.n - 1 - tail] == '-')
		tail++;
	found = found || (s->last && s->last + head >= run.n);
	if (tail == data.n)
		tail += s->last;
	s->last = tail < run.n ? (unsigned)tail : (unsigned)run.n;
	/* it may go on in what comes next */
	return found || s->last;
}

static void add(struct stream *s, struct str data)
{
	while (data.n) {
		struct stream_piece *p = TAILQ_LAST(&s->pieces, pieces);
		struct str part;

		if (!p || p->n == PIECE) {
			p = mem_new(sizeof(*p));
			p->start = s->end;
			TAILQ_INSERT_TAIL(&s->pieces, p, link);
		}
		part = data;
		if (part.n > PIECE - p->n)
			part.n = PIECE - p->n;
		memcpy(p->p + p->n, part.p, part.n);
		p->hyphens = has_run(s, part) || p->hyphens;
		p->n += part.n;
		s->end += part.n;
		data = str_from(data, part.n);
	}
}

static void enter(struct stream_listener *l, struct stream_piece *p)
{
	if (l->piece)
		l->piece->readers--;
	if (p)
		p->readers++;
	l->piece = p;
}

static void wake(struct stream *s)
{
	struct stream_listener *l, *next;

	for (l = TAILQ_FIRST(&s->listeners); l; l = next) {
		next = TAILQ_NEXT(l, link);
		if (!l->starving)
			continue;
		if (!l->piece)
			enter(l, TAILQ_FIRST(&s->pieces));
		l->starving = false;
		l->moved_ms = loop_now_ms(s->source.loop);
		l->ops->more(l->user);
	}
}

void stream_put(struct stream *s, struct str data)
{
	if (s->over)
		return;
	stream_ref(s);
	add(s, data);
	wake(s);
	trim(s);
	judge_hold(s);
	stream_unref(s);
}

static void finish(struct stream *s, enum stream_end how)
{
	struct stream_listener *l, *next;

	if (s->over)
		return;
	stream_ref(s);
	s->over = true;
	timer_cancel(s->source.loop, &s->tick);
	for (l = TAILQ_FIRST(&s->listeners); l; l = next) {
		next = TAILQ_NEXT(l, link);
		if (how == STREAM_WHOLE)
			l->ops->ended(l->user, how);
		else
			cut(l, how);
	}
	set_tick(s);
	stream_unref(s);
}

void stream_finish(struct stream *s)
{
	finish(s, STREAM_WHOLE);
}

void stream_abort(struct stream *s)
{
	finish(s, STREAM_ABORTED);
}

/* --- listeners --- */

int stream_listen(struct stream *s, struct stream_listener *l,
		  const struct stream_listener_ops *ops, void *user)
{
	if (s->over || first_kept(s) != 0)
		return ERR_STATE;
	*l = (struct stream_listener){
	    .stream = stream_ref(s),
	    .ops = ops,
	    .user = user,
	    .moved_ms = loop_now_ms(s->source.loop),
	    .starving = true,
	};
	TAILQ_INSERT_TAIL(&s->listeners, l, link);
	s->n_listeners++;
	if (s->end)
		wake(s);
	return 0;
}

/* The piece that holds the octet it reads next, or NULL. */
static struct stream_piece *piece_of(struct stream_listener *l)
{
	struct stream_piece *p = l->piece, *next;

	if (!p || l->at < p->start + PIECE)
		return p;
	next = TAILQ_NEXT(p, link);
	if (next) {
		enter(l, next);
		trim(l->stream);
	}
	return next;
}

struct str stream_peek(struct stream_listener *l, bool *hyphens)
{
	struct stream_piece *p = l->stream ? piece_of(l) : NULL;
	size_t at = p ? (size_t)(l->at - p->start) : 0;

	l->starving = !p || at == p->n;
	if (l->starving)
		return STR_NONE;
	*hyphens = p->hyphens;
	return str_of(p->p + at, p->n - at);
}

void stream_took(struct stream_listener *l, size_t n)
{
	struct stream *s = l->stream;

	if (!s)
		return;
	l->at += n;
	l->moved_ms = loop_now_ms(s->source.loop);
	piece_of(l);
	judge_hold(s);
}
