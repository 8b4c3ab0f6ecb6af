#include <stdlib.h>

#include "base/mem.h"
#include "msrp/conn_priv.h"
#include "msrp/msrp_priv.h"
#include "msrp/send_priv.h"
#include "msrp/session_priv.h"

/* Unanswered requests in a row after which the peer counts as gone (ABN-3). */
#define TIMEOUTS_MAX 3

static struct str tid_of(const struct transaction *t)
{
	return str_of(t->tid, MSRP_ID);
}

static struct str message_id_of(const struct transaction *t)
{
	return str_of(t->message_id, MSRP_ID);
}

static void drop(struct msrp_session *s, struct transaction *t)
{
	TAILQ_REMOVE(&s->transactions, t, link);
	s->n_transactions--;
	free(t);
	if (s->congested)
		conn_kick(s->conn);
}

void transact_clear(struct msrp_session *s)
{
	struct transaction *t;

	timer_cancel(s->m->loop, &s->response_timer);
	while ((t = TAILQ_FIRST(&s->transactions)))
		drop(s, t);
}

static void outcome(struct msrp_session *s, uint64_t cookie, int status)
{
	if (cookie && s->ops->sent)
		s->ops->sent(s->user, cookie, status);
}

/* Its peer has taken it, or the last of it. */
static void taken(struct msrp_session *s, const struct transaction *t)
{
	if (t->cookie && s->ops->undelivered)
		awaited_add(s, &s->taken, t->message_id, t->cookie);
	outcome(s, t->cookie, 200);
}

/* The message has failed: nothing more of it goes out, no answer matters. */
static void failed(struct msrp_session *s, struct str message_id,
		   uint64_t cookie, int status)
{
	struct transaction *t, *next;
	uint64_t queued = outgoing_refused(s, message_id);

	for (t = TAILQ_FIRST(&s->transactions); t; t = next) {
		next = TAILQ_NEXT(t, link);
		if (str_eq(message_id_of(t), message_id))
			drop(s, t);
	}
	if (!awaited_failed(s, message_id, status))
		outcome(s, cookie ? cookie : queued, status);
}

static bool over(const struct msrp_session *s)
{
	return s->dying || s->state != SESSION_BOUND;
}

static void on_response_timer(void *user)
{
	struct msrp_session *s = user;
	uint64_t now = loop_now_ms(s->m->loop);
	struct transaction *t;

	while ((t = TAILQ_FIRST(&s->transactions)) && t->due_ms <= now) {
		struct transaction was = *t;

		if (t->end_off > conn_taken_off(s->conn) ||
		    !conn_is_read(s->conn)) {
			/* time runs from the last octet's leaving, and not
			 * while we would not read the answer */
			TAILQ_REMOVE(&s->transactions, t, link);
			t->due_ms = now + s->m->limits.response_ms;
			TAILQ_INSERT_TAIL(&s->transactions, t, link);
			continue;
		}
		drop(s, t);
		if (was.silence_ends) {
			s->timeouts++;
			failed(s, message_id_of(&was), was.cookie, 408);
		} else if (was.last) {
			taken(s, &was);
		}
		if (over(s))
			return;
		if (s->timeouts >= TIMEOUTS_MAX) {
			session_closed(s, MSRP_CLOSED_LOST);
			return;
		}
	}
	if (t)
		timer_set(s->m->loop, &s->response_timer, t->due_ms - now,
			  on_response_timer, s);
}

void transact_add(struct msrp_session *s, const struct transaction *t)
{
	struct transaction *copy;
	unsigned ms = s->m->limits.response_ms;

	if (s->dying)
		return;
	copy = mem_new(sizeof(*copy));
	*copy = *t;
	copy->due_ms = loop_now_ms(s->m->loop) + ms;
	TAILQ_INSERT_TAIL(&s->transactions, copy, link);
	s->n_transactions++;
	if (!timer_pending(&s->response_timer))
		timer_set(s->m->loop, &s->response_timer, ms, on_response_timer,
			  s);
}

/* What a status means for a message of ours (RFC 4975 §10, conference MSRP-57,
 * -58): the session ends with 481 and 506. */
static void judge(struct msrp_session *s, struct str message_id,
		  uint64_t cookie, unsigned status)
{
	failed(s, message_id, cookie, (int)status);
	if ((status == 481 || status == 506) && !over(s))
		session_closed(s, MSRP_CLOSED_FAILED);
}

void transact_response(struct msrp_conn *c, const struct msrp_head *h,
		       const struct msrp_path *to)
{
	struct msrp_session *s = session_find(c->m, &to->uri[0]);
	struct transaction *t, was;

	if (!s || s->conn != c || s->state != SESSION_BOUND)
		return;
	s->timeouts = 0;
	TAILQ_FOREACH (t, &s->transactions, link)
		if (str_eq(tid_of(t), h->tid))
			break;
	if (!t && c->tx.session == s && h->status >= 300 &&
	    str_eq(str_of(c->tx.tid, MSRP_ID), h->tid)) {
		/* the chunk is still being written */
		judge(s, str_of(c->tx.message->message_id, MSRP_ID), 0,
		      h->status);
		return;
	}
	if (!t) {
		/* of a message whose success is not reported nothing is kept */
		if (h->status == 481 || h->status == 506)
			session_closed(s, MSRP_CLOSED_FAILED);
		return;
	}
	was = *t;
	drop(s, t);
	if (h->status >= 300)
		judge(s, message_id_of(&was), was.cookie, h->status);
	else if (was.last)
		taken(s, &was);
}

static bool report_ends(const struct msrp_session *s, unsigned status)
{
	if (s->peer_is_switch)
		return status == 481 || status == 506;
	return status != 413 && status != 415;
}

/* RFC 4975 §7.3.2. Our Message-IDs are known by their first half, which is the
 * session's own. */
void transact_report(struct msrp_session *s, const struct msrp_head *h)
{
	struct str own = str_of(s->id_prefix, sizeof(s->id_prefix));
	struct transaction *t;
	uint64_t cookie = 0;

	if (!str_starts(h->message_id, own))
		return;
	if (h->report_status < 300) {
		awaited_reported(s, h->message_id);
		return;
	}
	TAILQ_FOREACH (t, &s->transactions, link)
		if (str_eq(message_id_of(t), h->message_id))
			cookie = t->cookie;
	failed(s, h->message_id, cookie, (int)h->report_status);
	if (report_ends(s, h->report_status) && !over(s))
		session_closed(s, MSRP_CLOSED_FAILED);
}
