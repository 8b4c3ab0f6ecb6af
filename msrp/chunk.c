#include <stdlib.h>

#include "base/mem.h"
#include "msrp/msrp_priv.h"

/* How much of a body is put out between two looks at what else waits. */
#define SLICE_SHARED 4096
#define SLICE_ALONE  16384
/* A chunk on a shared connection is bound to be interrupted: no use in looking
 * further ahead for its transaction id. */
#define CHUNK_SHARED 65536
/* How long an answer may wait for a chunk on an unshared connection. */
#define CONTROL_WAIT_MS 1000

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

static void pick_message_id(struct msrp_session *s, char id[MSRP_ID])
{
	msrp_id(s->m, id);
	memcpy(id, s->id_prefix, sizeof(s->id_prefix));
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
	pick_message_id(s, message_id);
	msrp_put_head(b, &f);
	msrp_put_end(b, f.tid, false, '$');
	s->m->stats.requests_out++;
	expect_answer(s, tid, message_id, MSRP_FAILURE_YES, 0, true);
	conn_kick(s->conn);
}

static void ready(struct msrp_session *s, bool is_ready)
{
	if (s->is_ready && !is_ready)
		TAILQ_REMOVE(&s->conn->ready, s, ready);
	else if (!s->is_ready && is_ready)
		TAILQ_INSERT_TAIL(&s->conn->ready, s, ready);
	s->is_ready = is_ready;
}

static void enqueue(struct msrp_session *s, const struct msrp_out *m)
{
	struct outgoing *o = mem_new(sizeof(*o) + m->content_type.n);

	o->body = m->body ? blob_ref(m->body) : blob_new(STR_NONE);
	pick_message_id(s, o->message_id);
	o->cookie = m->cookie;
	o->failure_report = m->failure_report;
	o->success_report = m->success_report;
	o->type_n = m->content_type.n;
	memcpy(o->content_type, m->content_type.p, m->content_type.n);
	TAILQ_INSERT_TAIL(&s->queue, o, link);
	s->queued += o->body->n;
	ready(s, true);
}

void chunk_message(struct msrp_session *s, const struct msrp_out *m)
{
	const struct msrp_conn *c = s->conn;
	struct str body = blob_str(m->body);
	size_t most = s->relayed ? MSRP_CHUNK_RELAY : MSRP_DIRECT_MAX;

	if (TAILQ_EMPTY(&s->queue) && !c->tx.message && body.n <= most &&
	    conn_unsent(c) < MSRP_OUT_HIGH)
		whole_send(s, m);
	else
		enqueue(s, m);
	conn_kick(s->conn);
}

/* Is the message more than this one chunk? Then an error for any of them ends
 * it. */
static bool in_parts(const struct outgoing *o, const struct sending *tx,
		     char flag)
{
	return flag == '+' || o->sent > tx->done;
}

static void discard(struct msrp_session *s, struct outgoing *o)
{
	TAILQ_REMOVE(&s->queue, o, link);
	s->queued -= o->body->n - o->sent;
	blob_unref(o->body);
	free(o);
}

static void close_chunk(struct msrp_conn *c, char flag)
{
	struct msrp_session *s = c->tx.session;
	struct outgoing *o = c->tx.message;
	uint64_t before = conn_put_off(c);
	bool answered = o->failure_report != MSRP_FAILURE_NO;

	msrp_put_end(conn_out(c), id_str(c->tx.tid), true, flag);
	chunk_account(s, before);
	if (flag != '#' && answered &&
	    (o->failure_report == MSRP_FAILURE_YES || o->cookie ||
	     in_parts(o, &c->tx, flag)))
		expect_answer(s, c->tx.tid, o->message_id, o->failure_report,
			      o->cookie, flag == '$');
	c->tx.message = NULL;
	c->tx.session = NULL;
	if (flag != '+')
		discard(s, o);
	ready(s, false); /* behind the others */
	ready(s, !TAILQ_EMPTY(&s->queue));
	if (s->dying && !s->is_ready)
		session_bury(s);
}

static void open_chunk(struct msrp_conn *c, struct msrp_session *s)
{
	struct outgoing *o = TAILQ_FIRST(&s->queue);
	size_t left = o->body->n - o->sent;
	uint64_t before = conn_put_off(c);
	struct msrp_frame f = {
	    .tid = {c->tx.tid, MSRP_ID},
	    .method = STR("SEND"),
	    .paths = s->paths,
	    .message_id = {o->message_id, MSRP_ID},
	    .success_report = o->success_report,
	    .failure_report = o->failure_report,
	    .range = {true, left <= MSRP_CHUNK_WHOLE, true, o->sent + 1,
		      o->body->n, o->body->n},
	    .content_type = {o->content_type, o->type_n},
	};

	c->tx.session = s;
	c->tx.message = o;
	c->tx.star = left > MSRP_CHUNK_WHOLE;
	c->tx.done = 0;
	c->tx.cap = left;
	if (s->relayed && left > MSRP_CHUNK_RELAY)
		c->tx.cap = MSRP_CHUNK_RELAY;
	else if (c->n_live > 1 && left > CHUNK_SHARED)
		c->tx.cap = CHUNK_SHARED;
	chunk_tid(c->m, str_of(o->body->p + o->sent, c->tx.cap), c->tx.tid);
	msrp_put_head(conn_out(c), &f);
	c->m->stats.requests_out++;
	chunk_account(s, before);
}

/* Conference MSRP-34: who waits, and may the chunk end here? */
static bool interrupted(const struct msrp_conn *c)
{
	const struct msrp_session *s = c->tx.session;
	bool shared = c->n_live > 1;

	if (!c->tx.star || c->tx.done < MSRP_CHUNK_WHOLE)
		return false;
	if (shared)
		return c->ctl.n || TAILQ_FIRST(&c->ready) != s ||
		       TAILQ_NEXT(s, ready);
	return c->ctl.n &&
	       loop_now_ms(c->m->loop) - c->ctl_ms >= CONTROL_WAIT_MS;
}

static void feed(struct msrp_conn *c)
{
	struct msrp_session *s = c->tx.session;
	struct outgoing *o = c->tx.message;
	size_t n = c->n_live > 1 ? SLICE_SHARED : SLICE_ALONE;
	uint64_t before = conn_put_off(c);

	if (o->aborted) {
		close_chunk(c, '#');
		return;
	}
	if (interrupted(c)) {
		close_chunk(c, '+');
		return;
	}
	if (n > c->tx.cap - c->tx.done)
		n = c->tx.cap - c->tx.done;
	buf_add(conn_out(c), str_of(o->body->p + o->sent, n));
	chunk_account(s, before);
	c->tx.done += n;
	o->sent += n;
	s->queued -= n;
	if (o->sent == o->body->n)
		close_chunk(c, '$');
	else if (c->tx.done == c->tx.cap)
		close_chunk(c, '+');
}

void chunk_fill(struct msrp_conn *c)
{
	while (conn_unsent(c) < MSRP_OUT_HIGH && !c->out.err) {
		struct msrp_session *s = TAILQ_FIRST(&c->ready);

		if (c->tx.message) {
			feed(c);
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

uint64_t chunk_abort(struct msrp_session *s, struct str message_id)
{
	struct outgoing *o;
	uint64_t cookie;

	TAILQ_FOREACH (o, &s->queue, link)
		if (str_eq(id_str(o->message_id), message_id))
			break;
	if (!o)
		return 0;
	cookie = o->cookie;
	if (s->conn->tx.message == o) {
		o->aborted = true;
		conn_kick(s->conn);
		return cookie;
	}
	discard(s, o);
	ready(s, !TAILQ_EMPTY(&s->queue));
	return cookie;
}

void chunk_clear(struct msrp_session *s)
{
	struct msrp_conn *c = s->conn;
	struct outgoing *o;

	if (c && c->tx.session == s) {
		if (!c->dead) {
			msrp_put_end(conn_out(c), id_str(c->tx.tid), true, '#');
			conn_kick(c);
		}
		c->tx.session = NULL;
		c->tx.message = NULL;
	}
	if (c)
		ready(s, false);
	while ((o = TAILQ_FIRST(&s->queue)))
		discard(s, o);
}
