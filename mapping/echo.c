#include "mapping/echo.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "base/nfc.h"
#include "base/table.h"

struct echo {
	TAILQ_ENTRY(echo) link, open_link;
	void *data; /* NULL: closed, only the id is known still */
	uint64_t at_ms, body;
	char *text;
	struct str id, nick;
};

struct echoes {
	uint64_t seed;
	void (*lost)(void *user, void *data);
	void *user;
	TAILQ_HEAD(echo_list, echo) list; /* oldest first */
	struct echo_list open;		  /* those of them that are, likewise */
	struct table *ids;		  /* NULL: none so far */
	size_t n;
};

struct echoes *echoes_new(uint64_t seed, void (*lost)(void *user, void *data),
			  void *user)
{
	struct echoes *e = mem_new(sizeof(*e));

	e->seed = seed;
	e->lost = lost;
	e->user = user;
	TAILQ_INIT(&e->list);
	TAILQ_INIT(&e->open);
	return e;
}

static void *close_echo(struct echoes *e, struct echo *x)
{
	void *data = x->data;

	if (data)
		TAILQ_REMOVE(&e->open, x, open_link);
	x->data = NULL;
	return data;
}

static void forget(struct echoes *e, struct echo *x)
{
	close_echo(e, x);
	if (table_get_str(e->ids, x->id) == x)
		table_del_str(e->ids, x->id);
	TAILQ_REMOVE(&e->list, x, link);
	e->n--;
	free(x->text);
	free(x);
}

void echoes_free(struct echoes *e)
{
	if (!e)
		return;
	while (!TAILQ_EMPTY(&e->list))
		forget(e, TAILQ_FIRST(&e->list));
	table_free(e->ids);
	free(e);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Lines end in LF, no white space at the end, NFC (REFL-12). */
static uint64_t hash_of(const struct echoes *e, struct str body)
{
	struct buf lines = BUF_INIT(SIZE_MAX / 2), b = BUF_INIT(SIZE_MAX / 2);
	ptrdiff_t cr;
	uint64_t h;

	while (body.n && is_blank(body.p[body.n - 1]))
		body.n--;
	while ((cr = str_find(body, '\r')) >= 0) {
		buf_add(&lines, str_of(body.p, (size_t)cr));
		buf_addc(&lines, '\n');
		body = str_from(body, (size_t)cr + 1);
		if (body.n && *body.p == '\n')
			body = str_from(body, 1);
	}
	buf_add(&lines, body);
	nfc_add(&b, buf_str(&lines));
	h = str_hash(buf_str(&b), e->seed);
	buf_done(&lines);
	buf_done(&b);
	return h;
}

/* One that is open no longer, and whose owner is told so. */
static void lose(struct echoes *e, struct echo *x)
{
	void *data = close_echo(e, x);

	if (data && e->lost)
		e->lost(e->user, data);
}

void echo_add(struct echoes *e, struct str id, struct str nick, struct str body,
	      uint64_t now_ms, void *data)
{
	struct echo *x = mem_new(sizeof(*x)), *old;
	char *to = mem_new(id.n + nick.n);

	x->text = to;
	x->id = str_pack(&to, id);
	x->nick = str_pack(&to, nick);
	x->body = hash_of(e, body);
	x->at_ms = now_ms;
	x->data = data;
	TAILQ_INSERT_TAIL(&e->list, x, link);
	if (data)
		TAILQ_INSERT_TAIL(&e->open, x, open_link);
	if (!e->ids)
		e->ids = table_new();
	table_put_str(e->ids, x->id, x);
	if (++e->n <= ECHO_MAX)
		return;
	old = TAILQ_FIRST(&e->list);
	lose(e, old);
	forget(e, old);
}

static bool is_old(const struct echo *x, uint64_t age_ms, uint64_t now_ms)
{
	return now_ms >= x->at_ms + age_ms;
}

static struct echo *by_id(const struct echoes *e, struct str id,
			  uint64_t now_ms)
{
	struct echo *x = id.n && e->ids ? table_get_str(e->ids, id) : NULL;

	return x && !is_old(x, ECHO_ID_MS, now_ms) ? x : NULL;
}

bool echo_knows(const struct echoes *e, struct str id, uint64_t now_ms)
{
	return by_id(e, id, now_ms);
}

/* The oldest open one that is known by more than its id; body NULL: any. */
static struct echo *oldest(struct echoes *e, const uint64_t *body,
			   uint64_t now_ms)
{
	struct echo *x;

	TAILQ_FOREACH (x, &e->open, open_link)
		if (!is_old(x, ECHO_BODY_MS, now_ms) &&
		    (!body || *body == x->body))
			return x;
	return NULL;
}

/* REFL-2: under that nickname he speaks, or spoke when he said it. */
static bool is_own_nick(const struct echo *x, const struct echo_seen *seen,
			const struct echo_context *c)
{
	return str_eq(seen->nick, c->nick) || str_eq(seen->nick, x->nick);
}

/* Keys 1 and 2 (REFL-3). */
static struct echo *match_id(struct echoes *e, const struct echo_seen *seen,
			     const struct echo_context *c, uint64_t now_ms)
{
	struct echo *x = by_id(e, seen->origin_id, now_ms);

	if (!x)
		x = by_id(e, seen->id, now_ms);
	return x && is_own_nick(x, seen, c) ? x : NULL;
}

/* Keys 3 and 4 (REFL-4, REFL-5): only where no id says whose it is. */
static struct echo *match_text(struct echoes *e, const struct echo_seen *seen,
			       const struct echo_context *c, uint64_t now_ms)
{
	uint64_t body;
	struct echo *x;

	if (TAILQ_EMPTY(&e->open) || seen->delayed || c->known_id ||
	    echo_knows(e, seen->id, now_ms) ||
	    echo_knows(e, seen->origin_id, now_ms))
		return NULL;
	body = hash_of(e, seen->body);
	x = oldest(e, &body, now_ms);
	if (!x && c->rewrites && !c->other_device && !seen->origin_id.n)
		x = oldest(e, NULL, now_ms);
	return x && is_own_nick(x, seen, c) ? x : NULL;
}

enum echo_verdict echo_match(struct echoes *e, const struct echo_seen *seen,
			     const struct echo_context *c, uint64_t now_ms,
			     void **data)
{
	struct echo *x = match_id(e, seen, c, now_ms);

	*data = NULL;
	if (x && !x->data && seen->delayed)
		return ECHO_AGAIN;
	if (!x || !x->data)
		x = match_text(e, seen, c, now_ms);
	if (!x)
		return ECHO_NONE;
	*data = close_echo(e, x);
	return ECHO_OWN;
}

void *echo_failed(struct echoes *e, struct str id, uint64_t now_ms)
{
	struct echo *x = id.n ? by_id(e, id, now_ms) : oldest(e, NULL, now_ms);

	return x ? close_echo(e, x) : NULL;
}

void echo_close(struct echoes *e, const void *data)
{
	struct echo *x, *next;

	for (x = TAILQ_FIRST(&e->open); x; x = next) {
		next = TAILQ_NEXT(x, open_link);
		if (x->data == data)
			close_echo(e, x);
	}
}

uint64_t echo_expire(struct echoes *e, uint64_t now_ms)
{
	struct echo *x, *next;

	for (x = TAILQ_FIRST(&e->list); x; x = next) {
		next = TAILQ_NEXT(x, link);
		if (is_old(x, ECHO_BODY_MS, now_ms))
			lose(e, x);
		if (is_old(x, ECHO_ID_MS, now_ms))
			forget(e, x);
	}
	x = TAILQ_FIRST(&e->open);
	return x ? x->at_ms + ECHO_BODY_MS - now_ms : 0;
}
