/* Messages that a session has still to send. Those that are there as a whole
 * go before those whose octets still come, which take turns. */
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "msrp/conn_priv.h"
#include "msrp/msrp_priv.h"
#include "msrp/send_priv.h"
#include "msrp/session_priv.h"

void outgoing_message_id(struct msrp_session *s, char id[MSRP_ID])
{
	msrp_id(s->m, id);
	memcpy(id, s->id_prefix, sizeof(s->id_prefix));
}

static bool can_go_on(const struct msrp_outgoing *o)
{
	return o->body || o->has_data || o->ended || o->aborted;
}

struct msrp_outgoing *outgoing_next(const struct msrp_session *s)
{
	struct msrp_outgoing *o = TAILQ_FIRST(&s->queue);

	if (o)
		return o;
	TAILQ_FOREACH (o, &s->flows, link)
		if (can_go_on(o))
			break;
	return o;
}

uint64_t outgoing_waits(const struct msrp_session *s,
			const struct msrp_outgoing *self)
{
	const struct msrp_outgoing *o = TAILQ_FIRST(&s->queue);
	uint64_t since = o && o != self ? o->since_ms : UINT64_MAX;

	TAILQ_FOREACH (o, &s->flows, link)
		if (o != self && can_go_on(o) && o->since_ms < since)
			since = o->since_ms;
	return since;
}

void outgoing_ready(struct msrp_session *s)
{
	bool is_ready = outgoing_next(s) != NULL;

	if (s->is_ready && !is_ready)
		TAILQ_REMOVE(&s->conn->ready, s, ready);
	else if (!s->is_ready && is_ready)
		TAILQ_INSERT_TAIL(&s->conn->ready, s, ready);
	s->is_ready = is_ready;
}

static struct msrp_outgoing *make(struct msrp_session *s,
				  struct str content_type,
				  enum msrp_failure_report failure_report)
{
	struct msrp_outgoing *o = mem_new(sizeof(*o) + content_type.n);

	o->session = s;
	outgoing_message_id(s, o->message_id);
	o->failure_report = failure_report;
	o->since_ms = loop_now_ms(s->m->loop);
	o->type_n = content_type.n;
	memcpy(o->content_type, content_type.p, content_type.n);
	return o;
}

static void enqueue(struct msrp_session *s, const struct msrp_out *m)
{
	struct msrp_outgoing *o = make(s, m->content_type, m->failure_report);

	o->body = m->body ? blob_ref(m->body) : blob_new(STR_NONE);
	o->has_total = true;
	o->total = o->body->n;
	o->cookie = m->cookie;
	o->success_report = m->success_report;
	if (m->success_report && m->cookie)
		awaited_add(s, &s->reports, o->message_id, m->cookie);
	TAILQ_INSERT_TAIL(&s->queue, o, link);
	s->queued += o->body->n;
	outgoing_ready(s);
}

void outgoing_add(struct msrp_session *s, const struct msrp_out *m)
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

void outgoing_rotate(struct msrp_outgoing *o)
{
	struct msrp_session *s = o->session;

	o->since_ms = loop_now_ms(s->m->loop);
	if (!o->body) {
		TAILQ_REMOVE(&s->flows, o, link);
		TAILQ_INSERT_TAIL(&s->flows, o, link);
	}
	if (s->is_ready) /* behind the other sessions */
		TAILQ_REMOVE(&s->conn->ready, s, ready);
	s->is_ready = false;
	outgoing_ready(s);
}

void outgoing_discard(struct msrp_outgoing *o)
{
	struct msrp_session *s = o->session;

	if (o->body) {
		TAILQ_REMOVE(&s->queue, o, link);
		s->queued -= o->body->n - (size_t)o->sent;
		blob_unref(o->body);
	} else {
		TAILQ_REMOVE(&s->flows, o, link);
		s->n_flows--;
	}
	free(o);
	if (s->is_ready)
		TAILQ_REMOVE(&s->conn->ready, s, ready);
	s->is_ready = false;
	if (s->conn)
		outgoing_ready(s);
}

void outgoing_done(struct msrp_outgoing *o, bool whole)
{
	const struct msrp_outgoing_ops *ops = o->ops;
	void *user = o->user;

	outgoing_discard(o);
	if (ops)
		ops->done(user, whole);
}

static struct msrp_outgoing *find(struct outgoings *list, struct str message_id)
{
	struct msrp_outgoing *o;

	TAILQ_FOREACH (o, list, link)
		if (str_eq(str_of(o->message_id, MSRP_ID), message_id))
			break;
	return o;
}

uint64_t outgoing_refused(struct msrp_session *s, struct str message_id)
{
	struct msrp_outgoing *o = find(&s->queue, message_id);
	uint64_t cookie;

	if (!o)
		o = find(&s->flows, message_id);
	if (!o)
		return 0;
	cookie = o->cookie;
	if (s->conn->tx.message == o) {
		o->aborted = true;
		conn_kick(s->conn);
	} else {
		outgoing_done(o, false);
	}
	return cookie;
}

void outgoing_clear_flows(struct msrp_session *s)
{
	struct msrp_outgoing *o;

	while ((o = TAILQ_FIRST(&s->flows))) {
		chunk_break(s, o);
		outgoing_done(o, false);
	}
}

void outgoing_clear(struct msrp_session *s)
{
	struct msrp_outgoing *o;

	outgoing_clear_flows(s);
	chunk_break(s, NULL);
	while ((o = TAILQ_FIRST(&s->queue)))
		outgoing_discard(o);
}

void outgoing_congested(struct msrp_session *s)
{
	if (!s->congested) {
		s->conn->n_congested++;
		s->congested_ms = loop_now_ms(s->m->loop);
	}
	s->congested = true;
	s->m->stats.congested++;
	conn_watch(s->conn);
}

/* --- for the supplier of a long message --- */

int msrp_session_flow(struct msrp_session *s, const struct msrp_flow *m,
		      struct msrp_outgoing **out)
{
	struct msrp_outgoing *o;

	if (s->dying || s->state != SESSION_BOUND || !s->send_head.n)
		return ERR_STATE;
	if (m->has_total && s->peer_max_size && m->total > s->peer_max_size)
		return ERR_TOO_BIG;
	if (s->congested || s->n_flows == MSRP_FLOWS_MAX) {
		outgoing_congested(s);
		return ERR_CONGESTED;
	}
	o = make(s, m->content_type, m->failure_report);
	o->ops = m->ops;
	o->user = m->user;
	o->has_total = m->has_total;
	o->total = m->total;
	TAILQ_INSERT_TAIL(&s->flows, o, link);
	s->n_flows++;
	*out = o;
	return 0;
}

static void kick(struct msrp_outgoing *o)
{
	outgoing_ready(o->session);
	conn_kick(o->session->conn);
}

void msrp_outgoing_more(struct msrp_outgoing *o)
{
	if (!o->has_data && o->session->conn->tx.message != o)
		o->since_ms = loop_now_ms(o->session->m->loop);
	o->has_data = true;
	kick(o);
}

void msrp_outgoing_end(struct msrp_outgoing *o)
{
	o->ended = true;
	kick(o);
}

void msrp_outgoing_abort(struct msrp_outgoing *o, bool slow)
{
	struct msrp_session *s = o->session;

	if (slow) {
		s->lagging = true;
		outgoing_congested(s);
	}
	if (o->sent && s->conn->tx.message != o) {
		/* between two chunks: one more says it */
		o->ops = NULL;
		o->aborted = true;
		kick(o);
		return;
	}
	/* in the output as it stands; what follows is of others */
	chunk_break(s, o);
	outgoing_discard(o);
	conn_kick(s->conn);
}
