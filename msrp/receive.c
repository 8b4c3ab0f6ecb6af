#include <stdlib.h>

#include "base/mem.h"
#include "msrp/conn_priv.h"
#include "msrp/receive_priv.h"
#include "msrp/session_priv.h"
#include "msrp/nickname.h"

static struct msrp_incoming *find(struct msrp_session *s, struct str message_id)
{
	struct msrp_incoming *in;

	TAILQ_FOREACH (in, &s->incomings, link)
		if (str_eq(str_of(in->message_id, in->id_n), message_id))
			return in;
	return NULL;
}

void receive_drop(struct msrp_incoming *in)
{
	struct msrp_session *s = in->session;

	if (in->conn->rx.in == in)
		in->conn->rx.in = NULL;
	TAILQ_REMOVE(&s->incomings, in, link);
	s->n_incoming--;
	inflow_lost(in);
	msrp_assembly_done(&in->data);
	free(in->content_type);
	free(in->report_to);
	blob_unref(in->entity);
	free(in);
}

void receive_clear(struct msrp_session *s)
{
	struct msrp_incoming *in;

	timer_cancel(s->m->loop, &s->chunk_timer);
	while ((in = TAILQ_FIRST(&s->incomings)))
		receive_drop(in);
	answer_clear(s);
}

void receive_leave(struct msrp_session *s, const struct msrp_conn *c)
{
	struct msrp_incoming *in;

	TAILQ_FOREACH (in, &s->incomings, link)
		if (in->conn == c)
			inflow_move(in, s->conn);
	answer_leave(s, c);
}

void receive_give_up(struct msrp_incoming *in)
{
	in->refused = true;
	msrp_assembly_done(&in->data);
	inflow_lost(in);
}

void receive_forget(struct msrp_conn *c)
{
	if (c->rx.in && c->rx.in->refused)
		receive_drop(c->rx.in);
}

/* Chunk timer (RFC 7701 §6.1): what is incomplete and silent for too long. */
static void on_chunk_timer(void *user)
{
	struct msrp_session *s = user;
	unsigned most = s->m->limits.chunk_timer_ms;
	uint64_t now = loop_now_ms(s->m->loop), next = most;
	struct msrp_incoming *in, *after;

	for (in = TAILQ_FIRST(&s->incomings); in; in = after) {
		uint64_t silent;

		if (!conn_is_read(in->conn))
			in->last_ms = now;
		silent = now - in->last_ms;
		after = TAILQ_NEXT(in, link);
		if (silent < most) {
			if (most - silent < next)
				next = most - silent;
		} else if (in->refused) {
			receive_drop(in);
		} else {
			in->last_ms = now;
			inflow_report(in, 413);
			receive_give_up(in);
		}
	}
	if (s->n_incoming)
		timer_set(s->m->loop, &s->chunk_timer, next, on_chunk_timer, s);
}

/* The headers of the first octets rule the message (conference MSRP-36). */
static void take_headers(struct msrp_incoming *in, const struct msrp_head *h)
{
	free(in->content_type);
	free(in->report_to);
	in->content_type = str_dup(h->content_type);
	in->report_to = str_dup(h->from_path);
	in->success_report = h->success_report;
	in->failure_report = h->failure_report;
}

static struct msrp_incoming *start(struct msrp_conn *c)
{
	const struct msrp_head *h = &c->parser.head;
	struct msrp_session *s = c->rx.session;
	struct msrp_incoming *in = mem_new(sizeof(*in));

	in->session = s;
	in->conn = c;
	msrp_assembly_init(&in->data, s->max_message);
	in->id_n = h->message_id.n;
	memcpy(in->message_id, h->message_id.p, h->message_id.n);
	take_headers(in, h);
	in->last_ms = loop_now_ms(s->m->loop);
	TAILQ_INSERT_TAIL(&s->incomings, in, link);
	s->n_incoming++;
	if (!timer_pending(&s->chunk_timer))
		timer_set(s->m->loop, &s->chunk_timer,
			  s->m->limits.chunk_timer_ms, on_chunk_timer, s);
	return in;
}

void receive_too_big(struct msrp_conn *c)
{
	c->m->stats.limits_hit++;
	if (c->rx.in)
		receive_give_up(c->rx.in);
	c->rx.slice = STR_NONE;
	request_refuse(c, 413, "Message too big");
}

void receive_head(struct msrp_conn *c)
{
	const struct msrp_head *h = &c->parser.head;
	struct msrp_session *s = c->rx.session;
	struct msrp_incoming *in =
	    h->has_message_id ? find(s, h->message_id) : NULL;

	c->rx.in = in;
	if (in)
		inflow_move(in, c);
	if (in && in->refused)
		request_refuse(c, 413, "Message was given up");
	else if (in && !h->range.present)
		request_refuse(c, 400, "Byte-Range is missing");
	else if (h->range.has_total && h->range.total > s->max_message)
		receive_too_big(c);
	else if (h->content_type.n && !s->peer_sends) {
		if (in)
			receive_give_up(in);
		request_refuse(c, 403, "Not allowed to send");
	} else if (in && h->range.start == 1 && h->content_type.n && !in->ops)
		take_headers(in, h);
}

bool receive_too_loose(const struct msrp_session *s)
{
	const struct msrp_incoming *in;
	size_t n = 0;

	TAILQ_FOREACH (in, &s->incomings, link)
		n += msrp_assembly_loose(&in->data);
	return n > MSRP_LOOSE_MAX;
}

static void keep(struct msrp_conn *c, struct str data)
{
	const struct msrp_head *h = &c->parser.head;
	uint64_t at = h->range.start - 1 + c->rx.got - data.n;

	if (!c->rx.in)
		c->rx.in = start(c);
	if (c->rx.in->ops)
		inflow_data(c, at, data);
	else if (msrp_assembly_add(&c->rx.in->data, at, data) ||
		 receive_too_loose(c->rx.session))
		receive_too_big(c);
	else
		inflow_offer(c);
}

void receive_keep(struct msrp_conn *c)
{
	struct str slice = c->rx.slice;

	c->rx.slice = STR_NONE;
	if (slice.n && c->rx.session && !c->rx.swallow)
		keep(c, slice);
}

void receive_body(struct msrp_conn *c, struct str data)
{
	const struct msrp_head *h = &c->parser.head;

	if (h->content_type.n == 0) {
		request_refuse(c, 400, "Content-Type is missing");
		return;
	}
	if (!h->has_message_id) {
		request_refuse(c, 400, "Message-ID is missing");
		return;
	}
	if (h->range.start - 1 + c->rx.got + data.n >
	    c->rx.session->max_message) {
		receive_too_big(c);
		return;
	}
	receive_keep(c);
	if (c->rx.swallow || !c->rx.session)
		return;
	c->rx.got += data.n;
	if (c->rx.in)
		keep(c, data);
	else
		c->rx.slice = data;
}

/* 200 to the request at hand, if it asks for one. */
static void accepted(struct msrp_conn *c)
{
	const struct msrp_head *h = &c->parser.head;
	struct str to = h->from_path;

	if (h->failure_report == MSRP_FAILURE_YES)
		conn_respond(c, h->tid, str_split(&to, ' '),
			     c->rx.session->uri.raw, 200, STR("OK"));
}

static void bodiless(struct msrp_conn *c)
{
	const struct msrp_head *h = &c->parser.head;

	accepted(c);
	if (h->success_report && h->has_message_id)
		conn_report(c, h->from_path, c->rx.session->uri.raw,
			    h->message_id, 0, 200, NULL);
}

static void deliver(struct msrp_conn *c, const struct msrp_incoming *in,
		    struct str body)
{
	const struct msrp_head *h = &c->parser.head;
	struct msrp_session *s = c->rx.session;
	struct msrp_message m = {
	    .message_id = h->message_id,
	    .content_type = in ? str_z(in->content_type) : h->content_type,
	    .body = body,
	    .success_report = in ? in->success_report : h->success_report,
	    .failure_report = h->failure_report,
	};
	msrp_tx tx = ++c->m->next_tx;

	if (!answer_has_room(c))
		return;
	answer_remember(c, tx, m.success_report, body.n);
	if (s->ops->message)
		s->ops->message(s->user, tx, &m);
}

/* A chunk has come in and the message is still not whole. */
static void wait_for_more(struct msrp_conn *c)
{
	struct msrp_session *s = c->rx.session;
	struct msrp_incoming *in = c->rx.in, *other;

	in->answered = true;
	if (s->n_incoming <= s->m->limits.max_incomplete) {
		accepted(c);
		return;
	}
	/* names of messages given up make way first */
	TAILQ_FOREACH (other, &s->incomings, link)
		if (other->refused)
			break;
	if (other) {
		receive_drop(other);
		accepted(c);
		return;
	}
	c->m->stats.limits_hit++;
	receive_drop(in);
	request_refuse(c, 413, "Too many incomplete messages");
}

static void chunk(struct msrp_conn *c, char flag)
{
	struct msrp_session *s = c->rx.session;
	const struct msrp_head *h = &c->parser.head;
	struct msrp_incoming *in;

	receive_keep(c);
	if (c->rx.swallow || c->rx.session != s)
		return;
	if (!c->rx.in)
		c->rx.in = start(c);
	in = c->rx.in;
	in->last_ms = loop_now_ms(s->m->loop);
	if (flag == '$')
		msrp_assembly_end(&in->data, h->range.start - 1 + c->rx.got);
	if (in->ops) {
		if (!inflow_end(c))
			wait_for_more(c);
		return;
	}
	if (!msrp_assembly_complete(&in->data)) {
		wait_for_more(c);
		return;
	}
	/* out of the session first: the owner may free that in his callback */
	TAILQ_REMOVE(&s->incomings, in, link);
	s->n_incoming--;
	c->rx.in = NULL;
	deliver(c, in, msrp_assembly_data(&in->data));
	msrp_assembly_done(&in->data);
	free(in->content_type);
	free(in->report_to);
	blob_unref(in->entity);
	free(in);
}

/* Given up by its sender. */
static void abandoned(struct msrp_conn *c)
{
	if (c->rx.in)
		receive_drop(c->rx.in);
	if (c->rx.session)
		accepted(c);
}

void receive_end(struct msrp_conn *c, char flag)
{
	const struct msrp_head *h = &c->parser.head;
	struct msrp_session *s = c->rx.session;

	if (s->ops->flow && c->rx.slice.n > MSRP_LONG) {
		receive_keep(c);
		if (c->rx.swallow || c->rx.session != s)
			return;
	}
	if (flag == '#') {
		abandoned(c);
	} else if (h->content_type.n == 0 && !c->rx.in) {
		bodiless(c);
	} else if (!h->has_message_id) {
		request_refuse(c, 400, "Message-ID is missing");
	} else if (flag == '$' && h->range.start == 1 && !c->rx.in) {
		deliver(c, NULL, c->rx.slice);
	} else {
		chunk(c, flag);
	}
}

void receive_nickname(struct msrp_conn *c)
{
	struct msrp_session *s = c->rx.session;
	char text[MSRP_NICKNAME_MAX];
	struct msrp_nickname nick = {0};
	msrp_tx tx = ++c->m->next_tx;

	if (!s->ops->nickname) {
		request_refuse(c, 501, "No nicknames here");
		return;
	}
	if (!answer_has_room(c))
		return;
	nick.bad = msrp_nickname_parse(&c->parser.head, text, &nick) != 0;
	answer_remember(c, tx, false, 0);
	s->ops->nickname(s->user, tx, &nick);
}
