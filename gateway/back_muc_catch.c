/* Catching up after a break: what the room says meanwhile is kept until its
 * history has been read, so that all reaches the user in the room's order
 * (S2X-38). */
#include "gateway/back_muc_priv.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

/* Of silence, after which the history of a room is over that never tells its
 * subject. */
#define SETTLE_MS 2000

/* Lives in the arena. */
struct held {
	TAILQ_ENTRY(held) link;
	struct muc_said in;
	uint64_t mark;
};

struct catch_up {
	TAILQ_HEAD(, held) list;
	struct arena *arena;
	struct timer settle;
	uint64_t since_ms;    /* as of the wall clock */
	unsigned pages;	      /* of the room's archive, asked for so far */
	char query[UUID_MAX]; /* for the last one */
	bool full;	      /* nothing more is kept */
	bool lost;	      /* ... nor told */
	bool overlap;	      /* the history goes back to what he has heard */
	bool subject;	      /* which ends it */
	bool pong;	      /* the service has answered behind it */
};

static void on_settled(void *user)
{
	proxy_caught_up(user);
}

static void wait_for_silence(struct proxy *p)
{
	timer_set(p->b->loop, &p->catch_up->settle, SETTLE_MS, on_settled, p);
}

void proxy_hold(struct proxy *p)
{
	struct catch_up *c = p->catch_up;

	if (!c) {
		c = p->catch_up = mem_new(sizeof(*c));
		TAILQ_INIT(&c->list);
		c->arena = arena_new(p->b->cfg.config->limits.leg_queue);
	} else if (c->full && TAILQ_EMPTY(&c->list)) {
		arena_reset(c->arena);
		c->full = false;
	}
	c->since_ms = p->last_ms;
	c->pages = 0;
	c->overlap = !p->seen.n;
	c->subject = c->pong = false;
	timer_cancel(p->b->loop, &c->settle);
}

void proxy_hold_history(struct proxy *p)
{
	proxy_hold(p);
	wait_for_silence(p);
}

/* --- what is kept --- */

static size_t text_length(const struct muc_said *in, struct arena *a)
{
	return x_text(x_child(in->stanza, "body", NS_CLIENT), a).n;
}

/* False: there is no room left for it. */
static bool keep(struct proxy *p, const struct muc_said *in, uint64_t mark)
{
	struct catch_up *c = p->catch_up;
	const struct xnode *copy = x_copy(c->arena, in->stanza);
	struct held *h = copy ? arena_alloc(c->arena, sizeof(*h)) : NULL;

	if (!h || muc_said_read(copy, c->arena, &h->in) < 0 ||
	    text_length(&h->in, c->arena) != text_length(in, p->b->arena) ||
	    h->in.subject.n != in->subject.n)
		return false;
	h->mark = mark;
	TAILQ_INSERT_TAIL(&c->list, h, link);
	return true;
}

static void tell_those(struct proxy *p, struct catch_up *c, bool delayed)
{
	struct held *h, *next;

	for (h = TAILQ_FIRST(&c->list); h; h = next) {
		next = TAILQ_NEXT(h, link);
		if (h->in.delayed != delayed)
			continue;
		TAILQ_REMOVE(&c->list, h, link);
		proxy_tell(p, &h->in);
	}
}

/* The history first. */
static void tell_kept(struct proxy *p, struct catch_up *c)
{
	tell_those(p, c, true);
	tell_those(p, c, false);
}

bool proxy_keep(struct proxy *p, const struct muc_said *in, uint64_t mark)
{
	struct catch_up *c = p->catch_up;

	if (!c || c->full || keep(p, in, mark))
		return c && !c->full;
	log_info(p->b->log, "muc.catch_up_full", "room=%s jid=%s",
		 LOGQ(p->room), LOGQ(p->jid));
	c->full = true;
	if (p->phase == PROXY_IN) {
		p->catch_up = NULL; /* they are not kept again */
		tell_kept(p, c);
		p->catch_up = c;
	} else {
		c->lost = true;
	}
	return false;
}

static void release(struct proxy *p, struct catch_up *c)
{
	timer_cancel(p->b->loop, &c->settle);
	arena_free(c->arena);
	free(c);
}

static bool has_archive(const struct proxy *p)
{
	const struct known_room *k = muc_known(p->b, p->room);

	return k && k->archive;
}

void proxy_notice_gap(struct proxy *p)
{
	proxy_notice(p, "The connection to the room was lost for a while. "
			"Messages may be missing here.");
}

void proxy_unhold(struct proxy *p)
{
	struct catch_up *c = p->catch_up;

	if (!c)
		return;
	p->catch_up = NULL;
	tell_kept(p, c);
	if (c->lost)
		proxy_notice_gap(p);
	release(p, c);
}

void proxy_unhold_out(struct proxy *p)
{
	const struct catch_up *c = p->catch_up;

	if (c && has_archive(p) && (c->pages || !c->overlap))
		return;
	proxy_unhold(p);
}

void proxy_drop_kept(struct proxy *p)
{
	if (p->catch_up)
		release(p, p->catch_up);
	p->catch_up = NULL;
}

/* --- the history --- */

void proxy_history_has(struct proxy *p, uint64_t mark)
{
	struct catch_up *c = p->catch_up;
	struct held *h;

	if (!c)
		return;
	if (timer_pending(&c->settle))
		wait_for_silence(p);
	TAILQ_FOREACH (h, &c->list, link)
		if (h->mark == mark) {
			TAILQ_REMOVE(&c->list, h, link);
			return;
		}
}

void proxy_history_known(struct proxy *p)
{
	if (p->catch_up)
		p->catch_up->overlap = true;
}

bool proxy_history_waits(struct proxy *p, const struct muc_said *in,
			 uint64_t mark)
{
	struct catch_up *c = p->catch_up;

	if (!c || c->overlap)
		return false;
	if (has_archive(p) && proxy_keep(p, in, mark))
		return true;
	c->overlap = true;
	proxy_notice_gap(p);
	return false;
}

void proxy_history_over(struct proxy *p)
{
	struct catch_up *c = p->catch_up;

	if (c)
		c->subject = true;
	if (!p->catching_up || (c && c->pong))
		proxy_caught_up(p);
}

void proxy_history_answered(struct proxy *p)
{
	struct catch_up *c = p->catch_up;

	if (!c || c->subject) {
		proxy_caught_up(p);
		return;
	}
	c->pong = true;
	wait_for_silence(p);
}

static void go_on(struct proxy *p)
{
	bool was = p->catching_up;

	proxy_unhold(p);
	p->catching_up = false;
	/* echoes would have come before */
	proxy_lose_suspects(p);
	proxy_send_held(p);
	if (was)
		proxy_check_roster(p);
}

void proxy_caught_up(struct proxy *p)
{
	struct catch_up *c = p->catch_up;

	/* he is out again, and gets a history when he is in; or the archive's
	 * answer is waited for */
	if (p->phase != PROXY_IN || (c && c->pages))
		return;
	if (c && !c->overlap && has_archive(p)) {
		c->overlap = true;
		c->pages = 1;
		timer_cancel(p->b->loop, &c->settle);
		proxy_ask_archive(p, c->since_ms, STR_NONE, c->query);
	} else {
		go_on(p);
	}
}

/* --- the archive --- */

bool proxy_has_asked(const struct proxy *p, const struct muc_said *in)
{
	const struct catch_up *c = p->catch_up;

	return c && c->pages && str_eq(in->query, str_z(c->query));
}

void proxy_archive_answered(struct proxy *p, struct str id,
			    const struct muc_said *in)
{
	struct catch_up *c = p->catch_up;
	struct str last = STR_NONE;
	bool ok = in && archive_read_answer(in, p->b->arena, &last);

	if (p->phase != PROXY_IN || !c || !c->pages ||
	    !str_eq(id, str_z(c->query)))
		return;
	if (last.n &&
	    c->pages * ARCHIVE_PAGE < p->b->cfg.config->limits.catch_up) {
		c->pages++;
		proxy_ask_archive(p, c->since_ms, last, c->query);
		return;
	}
	if (!ok || last.n)
		proxy_notice_gap(p);
	go_on(p);
}
