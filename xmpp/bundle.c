#include "xmpp/bundle.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"

/* A server that does not send our query back holds nobody up for longer. */
#define FENCE_MS 5000

#define ID_CHARS 20

/* One stream. Before a stream that comes up is used, a query to ourselves goes
 * out on every other one: once these are back the server has passed on what was
 * sent before, and nothing can overtake it. */
struct strand {
	struct xmpp_bundle *all;
	struct xmpp_link *link;
	unsigned index;
	bool up, used;
	uint32_t behind; /* streams whose query is not yet back */
	char id[ID_CHARS + 1];
	struct timer fence;
};

struct xmpp_bundle {
	struct xmpp_link_cfg cfg;
	char *domain;
	unsigned n, closing;
	/* While none is up: whose queue is used. It went down last. */
	struct strand *holder;
	void (*done)(void *user);
	void *done_user;
	struct strand strand[XMPP_BUNDLE_MAX];
};

static unsigned count(const struct xmpp_bundle *b, bool used)
{
	unsigned n = 0;

	for (unsigned i = 0; i < b->n; i++)
		n += used ? b->strand[i].used : b->strand[i].up;
	return n;
}

/* --- which stream --- */

/* Our own stanzas all have a receiver, quote with ', and have none unescaped
 * inside a value. */
static struct str receiver(struct str text)
{
	static const char to[] = " to='";
	size_t n = sizeof(to) - 1;
	const char *p = memmem(text.p, text.n, to, n);
	struct str value;
	ptrdiff_t i;

	if (!p)
		return STR_NONE;
	value = str_from(text, (size_t)(p - text.p) + n);
	i = str_find(value, '\'');
	if (i >= 0)
		value.n = (size_t)i;
	i = str_find(value, '/');
	if (i >= 0)
		value.n = (size_t)i;
	return value;
}

/* Where one goes or comes, only its share moves. */
static struct strand *choose(struct xmpp_bundle *b, struct str text)
{
	struct str to = b->n > 1 ? receiver(text) : STR_NONE;
	struct strand *best = NULL;
	uint64_t most = 0;

	for (unsigned i = 0; i < b->n; i++) {
		struct strand *s = &b->strand[i];
		uint64_t weight;

		if (!s->used)
			continue;
		weight = b->n > 1 ? str_hash(to, i) : 0;
		if (!best || weight > most) {
			best = s;
			most = weight;
		}
	}
	return best ? best : b->holder;
}

int xmpp_bundle_send(struct xmpp_bundle *b, struct str text)
{
	return xmpp_link_send(choose(b, text)->link, text);
}

static void send_again(void *user, struct str text)
{
	xmpp_bundle_send(user, text);
}

/* --- one comes up --- */

static void use(struct strand *s)
{
	struct xmpp_bundle *b = s->all;
	bool first = count(b, true) == 0;

	timer_cancel(b->cfg.loop, &s->fence);
	s->used = true;
	s->behind = 0;
	if (first && b->holder != s)
		xmpp_link_unsent(b->holder->link, send_again, b);
	b->cfg.ops->up(b->cfg.user);
}

static void on_fence(void *user)
{
	use(user);
}

static void ask(struct strand *s, struct strand *other)
{
	struct buf text = BUF_INIT(8192), id = BUF_INIT(64);

	buf_addf(&id, "%s-%u", s->id, other->index);
	x_open(&text, "iq", str_z(s->all->domain), str_z(s->all->domain),
	       STR("get"), buf_str(&id));
	buf_addz(&text, "><ping xmlns='" NS_PING "'/></iq>");
	if (xmpp_link_send(other->link, buf_str(&text)) == 0)
		s->behind |= 1u << other->index;
	buf_done(&text);
	buf_done(&id);
}

static void on_up(void *user)
{
	struct strand *s = user;
	struct xmpp_bundle *b = s->all;

	s->up = true;
	if (count(b, true) == 0) {
		use(s);
		return;
	}
	random_ident(s->id, ID_CHARS);
	for (unsigned i = 0; i < b->n; i++)
		if (b->strand[i].used)
			ask(s, &b->strand[i]);
	timer_set(b->cfg.loop, &s->fence, FENCE_MS, on_fence, s);
}

/* The queries of `other` that s waits for are back, or will never be. */
static void passed(struct strand *s, const struct strand *other)
{
	if (s->used || !s->behind)
		return;
	s->behind &= ~(1u << other->index);
	if (!s->behind)
		use(s);
}

/* --- one goes down --- */

static void on_down(void *user, const char *why)
{
	struct strand *s = user;
	struct xmpp_bundle *b = s->all;
	bool used = s->used, others;

	s->up = s->used = false;
	s->behind = 0;
	timer_cancel(b->cfg.loop, &s->fence);
	others = count(b, true) > 0;
	if (used && !others)
		b->holder = s;
	for (unsigned i = 0; i < b->n; i++)
		if (b->strand[i].up)
			passed(&b->strand[i], s);
	if (count(b, true) == 0) {
		if (used)
			b->cfg.ops->down(b->cfg.user, why);
		return;
	}
	xmpp_link_unsent(s->link, send_again, b);
	if (used && others)
		b->cfg.ops->up(b->cfg.user);
}

/* --- stanzas --- */

/* A query of ours that has come back? */
static bool is_query(struct xmpp_bundle *b, const struct xnode *n)
{
	struct str id = x_attr(n, "id");

	for (unsigned i = 0; i < b->n; i++) {
		struct strand *s = &b->strand[i];

		if (xmpp_link_is_sign(s->link, n))
			return true;
		if (id.n < ID_CHARS + 2 ||
		    !str_eq(str_of(id.p, ID_CHARS), str_z(s->id)))
			continue;
		for (unsigned k = 0; k < b->n; k++)
			if ((unsigned)atoi(id.p + ID_CHARS + 1) == k)
				passed(s, &b->strand[k]);
		return true;
	}
	return false;
}

static void on_stanza(void *user, const struct xnode *stanza)
{
	struct strand *s = user;
	struct xmpp_bundle *b = s->all;

	if (b->n > 1 && x_is(stanza, "iq", NS_CLIENT) &&
	    str_eq(x_attr(stanza, "from"), str_z(b->domain)) &&
	    is_query(b, stanza))
		return;
	b->cfg.ops->stanza(b->cfg.user, stanza);
}

static const struct xmpp_link_ops strand_ops = {on_up, on_down, on_stanza};

/* --- all of them --- */

struct xmpp_bundle *xmpp_bundle_new(const struct xmpp_link_cfg *cfg, unsigned n)
{
	struct xmpp_bundle *b = mem_new(sizeof(*b));
	struct xmpp_link_cfg one = *cfg;

	assert(n > 0 && n <= XMPP_BUNDLE_MAX);
	b->cfg = *cfg;
	b->domain = str_dup(str_z(cfg->domain));
	b->n = n;
	b->holder = &b->strand[0];
	one.ops = &strand_ops;
	for (unsigned i = 0; i < n; i++) {
		b->strand[i].all = b;
		b->strand[i].index = i;
		one.user = &b->strand[i];
		b->strand[i].link = xmpp_link_new(&one);
	}
	return b;
}

static void free_bundle(void *p)
{
	struct xmpp_bundle *b = p;

	free(b->domain);
	free(b);
}

void xmpp_bundle_free(struct xmpp_bundle *b)
{
	if (!b)
		return;
	for (unsigned i = 0; i < b->n; i++) {
		timer_cancel(b->cfg.loop, &b->strand[i].fence);
		xmpp_link_free(b->strand[i].link);
	}
	/* maybe called from a callback of a stream */
	defer_free(b->cfg.loop, b, free_bundle);
}

static void on_closed(void *user)
{
	struct xmpp_bundle *b = ((struct strand *)user)->all;

	if (--b->closing == 0)
		b->done(b->done_user);
}

void xmpp_bundle_close(struct xmpp_bundle *b, void (*done)(void *user),
		       void *user)
{
	b->done = done;
	b->done_user = user;
	b->closing = b->n;
	for (unsigned i = 0; i < b->n; i++) {
		timer_cancel(b->cfg.loop, &b->strand[i].fence);
		xmpp_link_close(b->strand[i].link, on_closed, &b->strand[i]);
	}
}

bool xmpp_bundle_is_up(const struct xmpp_bundle *b)
{
	for (unsigned i = 0; i < b->n; i++)
		if (xmpp_link_is_up(b->strand[i].link))
			return true;
	return false;
}

unsigned xmpp_bundle_streams(const struct xmpp_bundle *b)
{
	return b->n;
}

unsigned xmpp_bundle_streams_up(const struct xmpp_bundle *b)
{
	return count(b, false);
}

struct xmpp_link_stats xmpp_bundle_stats(const struct xmpp_bundle *b)
{
	struct xmpp_link_stats sum = {0};

	for (unsigned i = 0; i < b->n; i++) {
		struct xmpp_link_stats s = xmpp_link_stats(b->strand[i].link);

		sum.connects += s.connects;
		sum.stanzas_in += s.stanzas_in;
		sum.stanzas_refused += s.stanzas_refused;
		sum.bytes_out += s.bytes_out;
		sum.dropped += s.dropped;
		sum.queued_bytes += s.queued_bytes;
	}
	return sum;
}
