#include <stdlib.h>

#include "base/mem.h"
#include "msrp/conn_priv.h"
#include "msrp/msrp_priv.h"
#include "msrp/send_priv.h"
#include "msrp/session_priv.h"

/* How much of a body is put out between two looks at what else waits. */
#define SLICE_SHARED 4096
#define SLICE_ALONE  16384
/* A chunk on a shared connection is bound to be interrupted: no use in looking
 * further ahead for its transaction id. */
#define CHUNK_SHARED 65536
/* How long others may wait for a chunk on an unshared connection: many clients
 * end a session whose messages come in several chunks. */
#define CONTROL_WAIT_MS 1000
/* How long an open chunk waits for its octets. */
#define STALLED_MS 1000
#define HYPHENS	   7

static struct str id_str(const char id[MSRP_ID])
{
	return str_of(id, MSRP_ID);
}

void chunk_tid(struct msrp *m, struct str body, char tid[MSRP_ID])
{
	static const struct str hyphens = {"-------", 7};
	ptrdiff_t at;
	struct str rest;

again:
	msrp_id(m, tid);
	rest = body;
	while ((at = str_search(rest, hyphens)) >= 0) {
		rest = str_from(rest, (size_t)at);
		if (str_starts(str_from(rest, hyphens.n), id_str(tid)))
			goto again;
		rest = str_from(rest, 1);
	}
}

void chunk_account(struct msrp_session *s, uint64_t before)
{
	struct msrp_conn *c = s->conn;

	if (s->mark_off <= conn_taken_off(c))
		s->rendered = 0;
	s->rendered += conn_put_off(c) - before;
	s->mark_off = conn_put_off(c);
}

static void expect_answer(struct msrp_session *s, const char tid[MSRP_ID],
			  const char message_id[MSRP_ID],
			  enum msrp_failure_report failure_report,
			  uint64_t cookie, bool last)
{
	struct transaction t = {
	    .cookie = cookie,
	    .end_off = conn_put_off(s->conn),
	    .last = last,
	    .silence_ends = failure_report == MSRP_FAILURE_YES,
	};

	memcpy(t.tid, tid, sizeof(t.tid));
	memcpy(t.message_id, message_id, sizeof(t.message_id));
	transact_add(s, &t);
}

void chunk_bodiless(struct msrp_session *s)
{
	struct buf *b = conn_control(s->conn);
	char tid[MSRP_ID], message_id[MSRP_ID];
	struct msrp_frame f = {
	    .tid = {tid, sizeof(tid)},
	    .method = STR("SEND"),
	    .paths = s->paths,
	    .message_id = {message_id, sizeof(message_id)},
	    .range = {true, true, true, 1, 0, 0},
	};

	msrp_id(s->m, tid);
	outgoing_message_id(s, message_id);
	msrp_put_head(b, &f);
	msrp_put_end(b, f.tid, false, '$');
	s->m->stats.requests_out++;
	expect_answer(s, tid, message_id, MSRP_FAILURE_YES, 0, true);
	conn_kick(s->conn);
}

void chunk_nickname(struct msrp_session *s, struct str value, uint64_t cookie)
{
	struct buf *b = conn_control(s->conn);
	char tid[MSRP_ID], id[MSRP_ID];
	struct msrp_frame f = {
	    .tid = {tid, sizeof(tid)},
	    .method = STR("NICKNAME"),
	    .paths = s->paths,
	};

	msrp_id(s->m, tid);
	outgoing_message_id(s, id); /* none is sent; no message is its like */
	msrp_put_head(b, &f);
	buf_addf(b, "Use-Nickname: %.*s\r\n", STR_ARG(value));
	msrp_put_end(b, f.tid, false, '$');
	s->m->stats.requests_out++;
	expect_answer(s, tid, id, MSRP_FAILURE_YES, cookie, true);
	conn_kick(s->conn);
}

/* Is the message more than this one chunk? Then an error for any of them ends
 * it. */
static bool in_parts(const struct msrp_outgoing *o, const struct sending *tx,
		     char flag)
{
	return flag == '+' || o->sent > tx->done;
}

static bool is_noted(const struct msrp_session *s,
		     const struct msrp_outgoing *o, const struct sending *tx,
		     char flag)
{
	if (flag == '#' || o->failure_report == MSRP_FAILURE_NO)
		return false;
	if (o->failure_report == MSRP_FAILURE_YES || o->cookie)
		return true;
	return in_parts(o, tx, flag) &&
	       s->n_transactions < MSRP_CHUNKS_NOTED_MAX;
}

static void close_chunk(struct msrp_conn *c, char flag)
{
	struct msrp_session *s = c->tx.session;
	struct msrp_outgoing *o = c->tx.message;
	uint64_t before = conn_put_off(c);

	msrp_put_end(conn_out(c), id_str(c->tx.tid), true, flag);
	chunk_account(s, before);
	if (is_noted(s, o, &c->tx, flag))
		expect_answer(s, c->tx.tid, o->message_id, o->failure_report,
			      o->cookie, flag == '$');
	timer_cancel(c->m->loop, &c->stalled);
	c->tx.message = NULL;
	c->tx.session = NULL;
	if (flag == '+')
		outgoing_rotate(o);
	else
		outgoing_done(o, flag == '$');
	if (s->dying && !s->is_ready && s->conn)
		session_bury(s);
}

void chunk_break(struct msrp_session *s, const struct msrp_outgoing *o)
{
	struct msrp_conn *c = s->conn;

	if (!c || c->tx.session != s || (o && c->tx.message != o))
		return;
	if (!c->dead) {
		msrp_put_end(conn_out(c), id_str(c->tx.tid), true, '#');
		conn_kick(c);
	}
	timer_cancel(c->m->loop, &c->stalled);
	c->tx.session = NULL;
	c->tx.message = NULL;
}

/* Octets that this chunk may have. */
static size_t capacity(const struct msrp_conn *c, const struct msrp_session *s,
		       size_t left)
{
	if (s->relayed && left > MSRP_CHUNK_RELAY)
		return MSRP_CHUNK_RELAY;
	if (c->n_live > 1 && left > CHUNK_SHARED)
		return CHUNK_SHARED;
	return left;
}

static struct msrp_range range_of(const struct msrp_outgoing *o, size_t left)
{
	/* nothing may be left where the end came late */
	bool has_end =
	    o->body ? left <= MSRP_CHUNK_WHOLE : o->ended && !o->has_data;

	return (struct msrp_range){
	    .present = true,
	    .start = o->sent + 1,
	    .has_end = has_end,
	    .end = o->sent + (o->body ? left : 0),
	    .has_total = o->has_total,
	    .total = o->total,
	};
}

static void open_chunk(struct msrp_conn *c, struct msrp_session *s)
{
	struct msrp_outgoing *o = outgoing_next(s);
	size_t left = o->body ? o->body->n - (size_t)o->sent : SIZE_MAX;
	uint64_t before = conn_put_off(c);
	struct msrp_frame f = {
	    .tid = {c->tx.tid, MSRP_ID},
	    .method = STR("SEND"),
	    .paths = s->paths,
	    .message_id = {o->message_id, MSRP_ID},
	    .success_report = o->success_report,
	    .failure_report = o->failure_report,
	    .range = range_of(o, left),
	    .content_type = {o->content_type, o->type_n},
	};

	c->tx.session = s;
	c->tx.message = o;
	c->tx.star = left > MSRP_CHUNK_WHOLE;
	c->tx.done = 0;
	c->tx.since_ms = loop_now_ms(c->m->loop);
	c->tx.cap = capacity(c, s, left);
	o->matched = 0;
	if (o->body)
		chunk_tid(c->m, str_of(o->body->p + o->sent, c->tx.cap),
			  c->tx.tid);
	else
		msrp_id(c->m, c->tx.tid);
	msrp_put_head(conn_out(c), &f);
	c->m->stats.requests_out++;
	chunk_account(s, before);
}

static bool others_ready(const struct msrp_conn *c,
			 const struct msrp_session *s)
{
	const struct msrp_session *first = TAILQ_FIRST(&c->ready);

	return (first && first != s) || (s->is_ready && TAILQ_NEXT(s, ready));
}

/* Who waits, and may the chunk end here (conference MSRP-34)? A short one may
 * only if its octets come too slowly to make others wait for more of them. */
static bool interrupted(const struct msrp_conn *c)
{
	const struct msrp_session *s = c->tx.session;
	const struct msrp_outgoing *o = c->tx.message;
	uint64_t since = UINT64_MAX, now = loop_now_ms(c->m->loop);
	bool early = c->tx.done < MSRP_CHUNK_WHOLE, others = false;

	if (!c->tx.star || (early && o->body))
		return false;
	if (!o->body)
		since = outgoing_waits(s, o);
	if (c->ctl.n && c->ctl_ms < since)
		since = c->ctl_ms;
	if (c->n_live > 1)
		others = others_ready(c, s);
	if (early && others && c->tx.since_ms < since)
		since = c->tx.since_ms;
	if (c->n_live > 1 && !early)
		return others || since != UINT64_MAX;
	return since != UINT64_MAX && now - since >= CONTROL_WAIT_MS;
}

/* Octets matched of seven hyphens and the tid once c has followed them. */
static unsigned match(unsigned matched, char c, const char tid[MSRP_ID])
{
	if (matched >= HYPHENS && c == tid[matched - HYPHENS])
		return matched + 1;
	if (c != '-')
		return 0;
	if (matched > HYPHENS)
		return 1;
	return matched == HYPHENS ? HYPHENS : matched + 1;
}

/* How much of data may stand in the open chunk: not the last octet of what
 * would be its end-line but for the CRLF before it (MSRP-15). */
static size_t before_mark(struct msrp_outgoing *o, const char tid[MSRP_ID],
			  struct str data)
{
	for (size_t i = 0; i < data.n; i++) {
		o->matched = match(o->matched, data.p[i], tid);
		if (o->matched == HYPHENS + MSRP_ID)
			return i;
	}
	return data.n;
}

static void put(struct msrp_conn *c, struct str data)
{
	uint64_t before = conn_put_off(c);

	buf_add(conn_out(c), data);
	chunk_account(c->tx.session, before);
	c->tx.done += data.n;
	c->tx.message->sent += data.n;
}

/* Looked at again when the source has stood still for too long. */
static void on_stalled(void *user)
{
	struct msrp_conn *c = user;

	if (c->tx.message) {
		close_chunk(c, '+');
		conn_kick(c);
	}
}

/* The next octets of a message that still comes; false: there are none now. */
static bool feed_flow(struct msrp_conn *c, size_t most)
{
	struct msrp_session *s = c->tx.session;
	struct msrp_outgoing *o = c->tx.message;
	bool hyphens = true;
	struct str data = o->ops->peek(o->user, &hyphens);
	size_t n = data.n < most ? data.n : most;

	if (data.n == 0) {
		o->has_data = false;
		outgoing_ready(s);
		if (o->ended) {
			close_chunk(c, '$');
			return true;
		}
		if (!timer_pending(&c->stalled))
			timer_set(c->m->loop, &c->stalled, STALLED_MS,
				  on_stalled, c);
		return false;
	}
	timer_cancel(c->m->loop, &c->stalled);
	if (s->peer_max_size && o->sent + n > s->peer_max_size) {
		o->aborted = true;
		return true;
	}
	data.n = n;
	if (hyphens || o->matched)
		data.n = before_mark(o, c->tx.tid, data);
	put(c, data);
	o->ops->took(o->user, data.n);
	if (data.n < n)
		close_chunk(c, '+');
	return true;
}

static void feed_body(struct msrp_conn *c, size_t most)
{
	struct msrp_session *s = c->tx.session;
	struct msrp_outgoing *o = c->tx.message;

	put(c, str_of(o->body->p + o->sent, most));
	s->queued -= most;
	if (o->sent == o->body->n)
		close_chunk(c, '$');
}

/* False: the open chunk has to wait for more. */
static bool feed(struct msrp_conn *c)
{
	size_t n = c->n_live > 1 ? SLICE_SHARED : SLICE_ALONE;
	const struct msrp_outgoing *o = c->tx.message;
	bool fed = true;

	if (o->aborted) {
		close_chunk(c, '#');
		return true;
	}
	if (interrupted(c)) {
		close_chunk(c, '+');
		return true;
	}
	if (n > c->tx.cap - c->tx.done)
		n = c->tx.cap - c->tx.done;
	if (o->body)
		feed_body(c, n);
	else
		fed = feed_flow(c, n);
	if (c->tx.message && c->tx.done == c->tx.cap)
		close_chunk(c, '+');
	return fed;
}

void chunk_fill(struct msrp_conn *c)
{
	while (conn_unsent(c) < MSRP_OUT_HIGH && !c->out.err && !c->dead) {
		struct msrp_session *s = TAILQ_FIRST(&c->ready);

		if (c->tx.message) {
			if (!feed(c))
				return;
		} else if (c->ctl.n) {
			buf_add(conn_out(c), buf_str(&c->ctl));
			buf_done(&c->ctl);
		} else if (s) {
			open_chunk(c, s);
		} else {
			return;
		}
	}
}
