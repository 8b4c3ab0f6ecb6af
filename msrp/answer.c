/* What a session's owner has still to answer, and reports of what he took. */
#include <stdlib.h>

#include "base/mem.h"
#include "msrp/conn_priv.h"
#include "msrp/receive_priv.h"
#include "msrp/session_priv.h"

static void forget_report(struct msrp_session *s, struct unanswered *u)
{
	TAILQ_REMOVE(&s->unreported, u, link);
	s->n_unreported--;
	blob_unref(u->entity);
	free(u);
}

void answer_clear(struct msrp_session *s)
{
	struct unanswered *u;

	while ((u = TAILQ_FIRST(&s->unanswereds))) {
		TAILQ_REMOVE(&s->unanswereds, u, link);
		s->n_unanswered--;
		blob_unref(u->entity);
		free(u);
	}
	while ((u = TAILQ_FIRST(&s->unreported)))
		forget_report(s, u);
}

void answer_leave(struct msrp_session *s, const struct msrp_conn *c)
{
	struct unanswered *u;

	TAILQ_FOREACH (u, &s->unanswereds, link)
		if (u->conn == c)
			u->conn = NULL;
}

static struct str pack(char **p, struct str s)
{
	struct str out = str_of(*p, s.n);

	if (s.n)
		memcpy(*p, s.p, s.n);
	*p += s.n;
	return out;
}

struct unanswered *answer_remember(struct msrp_conn *c, msrp_tx tx,
				   bool success_report, uint64_t size)
{
	const struct msrp_head *h = &c->parser.head;
	struct msrp_session *s = c->rx.session;
	struct str path = h->from_path, reply_to = h->from_path;
	struct unanswered *u;
	char *p;

	if (h->method == MSRP_SEND) {
		if (h->failure_report == MSRP_FAILURE_NO && !success_report)
			return NULL;
		reply_to = str_split(&path, ' ');
	}
	u = mem_new(sizeof(*u) + h->tid.n + h->message_id.n + h->from_path.n +
		    reply_to.n);
	p = u->text;
	u->conn = c;
	u->tx = tx;
	u->tid = pack(&p, h->tid);
	u->message_id = pack(&p, h->message_id);
	u->reply_to = pack(&p, reply_to);
	u->report_to = pack(&p, h->from_path);
	u->size = size;
	u->success_report = success_report;
	u->failure_report =
	    h->method == MSRP_SEND ? h->failure_report : MSRP_FAILURE_YES;
	TAILQ_INSERT_TAIL(&s->unanswereds, u, link);
	s->n_unanswered++;
	return u;
}

bool answer_has_room(struct msrp_conn *c)
{
	if (c->rx.session->n_unanswered < MSRP_UNANSWERED_MAX)
		return true;
	c->m->stats.limits_hit++;
	request_refuse(c, 413, "Too many requests at once");
	return false;
}

static struct unanswered *find_unanswered(const struct unanswereds *all,
					  msrp_tx tx)
{
	struct unanswered *u;

	TAILQ_FOREACH (u, all, link)
		if (u->tx == tx)
			break;
	return u;
}

void msrp_session_report_with(struct msrp_session *s, msrp_tx tx,
			      struct blob *entity)
{
	struct unanswered *u = find_unanswered(&s->unanswereds, tx);

	if (!u)
		return;
	blob_unref(u->entity);
	u->entity = blob_ref(entity);
}

void msrp_session_hold_report(struct msrp_session *s, msrp_tx tx)
{
	struct unanswered *u = find_unanswered(&s->unanswereds, tx);

	if (u)
		u->held = true;
}

static void hold_report(struct msrp_session *s, struct unanswered *u)
{
	if (s->n_unreported == MSRP_HELD_REPORTS)
		forget_report(s, TAILQ_FIRST(&s->unreported));
	TAILQ_INSERT_TAIL(&s->unreported, u, link);
	s->n_unreported++;
}

void msrp_session_report(struct msrp_session *s, msrp_tx tx)
{
	struct unanswered *early = find_unanswered(&s->unanswereds, tx);
	struct unanswered *u = find_unanswered(&s->unreported, tx);

	if (early)
		early->held = false;
	if (!u)
		return;
	if (s->conn)
		conn_report(s->conn, u->report_to, s->uri.raw, u->message_id,
			    u->size, 200, u->entity);
	forget_report(s, u);
}

void msrp_session_watch(struct msrp_session *s, msrp_tx tx)
{
	struct unanswered *u = find_unanswered(&s->unanswereds, tx);

	if (u)
		u->watched =
		    u->message_id.n && u->failure_report != MSRP_FAILURE_NO;
}

void msrp_session_undelivered(struct msrp_session *s, struct str message_id,
			      int status)
{
	struct unanswered *u;

	TAILQ_FOREACH (u, &s->unreported, link)
		if (u->watched && str_eq(u->message_id, message_id))
			break;
	if (!u)
		return;
	if (s->conn)
		conn_report(s->conn, u->report_to, s->uri.raw, u->message_id,
			    u->size, (unsigned)status, u->entity);
	forget_report(s, u);
}

void msrp_session_reply(struct msrp_session *s, msrp_tx tx, int status,
			const char *comment)
{
	struct unanswered *u = find_unanswered(&s->unanswereds, tx);
	struct str text = str_z(comment);
	bool ok = status >= 200 && status < 300;

	if (!u)
		return;
	TAILQ_REMOVE(&s->unanswereds, u, link);
	s->n_unanswered--;
	if (ok && text.n == 0)
		text = STR("OK");
	if (u->conn && (u->failure_report == MSRP_FAILURE_YES ||
			(u->failure_report == MSRP_FAILURE_PARTIAL && !ok)))
		conn_respond(u->conn, u->tid, u->reply_to, s->uri.raw,
			     (unsigned)status, text);
	if (!ok)
		s->m->stats.refused++;
	if (ok && u->success_report && u->message_id.n && u->held) {
		hold_report(s, u);
		return;
	}
	if (ok && u->success_report && u->message_id.n)
		conn_report(u->conn ? u->conn : s->conn, u->report_to,
			    s->uri.raw, u->message_id, u->size, 200, u->entity);
	if (ok && u->watched) {
		hold_report(s, u);
		return;
	}
	blob_unref(u->entity);
	free(u);
}
