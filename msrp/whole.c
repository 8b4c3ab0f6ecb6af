/* Messages that leave in one piece. Most go to many sessions at once: what
 * their frames have in common is written and searched for hyphens only once.
 * A receiver's own frame is put together when his connection is flushed, so
 * that a room's whole output passes through a few octets of memory. */
#include <stdlib.h>

#include "base/mem.h"
#include "msrp/conn_priv.h"
#include "msrp/msrp_priv.h"
#include "msrp/send_priv.h"
#include "msrp/session_priv.h"

#define HALF (MSRP_ID / 2)

struct whole {
	unsigned refs;
	struct blob *body;
	bool hyphens; /* the body has what an end-line begins with */
	bool success_report;
	enum msrp_failure_report failure_report;
	struct str type; /* in text */
	/* what follows the Message-ID, up to the end-line's transaction id */
	struct buf text;
};

void whole_unref(struct whole *w)
{
	if (!w || --w->refs)
		return;
	blob_unref(w->body);
	buf_done(&w->text);
	free(w);
}

static struct whole *render(const struct msrp_out *m)
{
	struct whole *w = mem_new(sizeof(*w));
	struct str body = blob_str(m->body);
	struct msrp_frame f = {
	    .success_report = m->success_report,
	    .failure_report = m->failure_report,
	    .range = {true, body.n <= MSRP_CHUNK_WHOLE, true, 1, body.n,
		      body.n},
	    .content_type = m->content_type,
	};
	size_t head;

	w->refs = 1;
	w->body = m->body ? blob_ref(m->body) : NULL;
	w->hyphens = str_search(body, STR("-------")) >= 0;
	w->success_report = m->success_report;
	w->failure_report = m->failure_report;
	buf_init(&w->text, MSRP_OUT_MAX);
	msrp_put_details(&w->text, &f);
	head = w->text.n;
	buf_add(&w->text, body);
	buf_addz(&w->text, "\r\n-------");
	if (m->content_type.n) /* CRLF CRLF comes after it */
		w->type = str_of(w->text.p + head - 4 - m->content_type.n,
				 m->content_type.n);
	return w;
}

static bool is_of(const struct whole *w, const struct msrp_out *m)
{
	return w && w->body == m->body &&
	       w->failure_report == m->failure_report &&
	       w->success_report == m->success_report &&
	       str_eq(w->type, m->content_type);
}

/* The last one is kept, with its body: the next receiver is often of the same
 * message. */
static struct whole *whole_of(struct msrp *m, const struct msrp_out *out)
{
	if (!is_of(m->whole, out)) {
		whole_unref(m->whole);
		m->whole = render(out);
	}
	return m->whole;
}

static char *put(char *to, const char *p, size_t n)
{
	memcpy(to, p, n);
	return to + n;
}

/* The Message-ID's second half is the transaction id's. */
static size_t frame_size(const struct msrp_session *s, const struct whole *w)
{
	return 5 + MSRP_ID + s->send_head.n + HALF + 2 + w->text.n + MSRP_ID +
	       3;
}

static void put_frame(struct buf *b, const struct msrp_session *s,
		      const struct whole *w, const char tid[MSRP_ID])
{
	size_t n = frame_size(s, w);
	char *p = buf_space(b, n);

	if (!p)
		return;
	p = put(p, "MSRP ", 5);
	p = put(p, tid, MSRP_ID);
	p = put(p, s->send_head.p, s->send_head.n);
	p = put(p, tid + HALF, HALF);
	p = put(p, "\r\n", 2);
	p = put(p, w->text.p, w->text.n);
	p = put(p, tid, MSRP_ID);
	put(p, "$\r\n", 3);
	b->n += n;
}

static void pick_tid(struct msrp *m, const struct whole *w, char tid[MSRP_ID])
{
	if (w->hyphens)
		chunk_tid(m, blob_str(w->body), tid);
	else
		msrp_id(m, tid);
}

void whole_put_out(struct msrp_conn *c, struct buf *out)
{
	for (unsigned i = 0; i < c->n_due; i++) {
		struct due *d = &c->due[i];
		char tid[MSRP_ID];

		pick_tid(c->m, d->message, tid);
		put_frame(out, d->session, d->message, tid);
		whole_unref(d->message);
	}
	c->n_due = 0;
	c->due_bytes = 0;
}

void whole_drop(struct msrp_conn *c)
{
	while (c->n_due)
		whole_unref(c->due[--c->n_due].message);
	c->due_bytes = 0;
}

static void send_later(struct msrp_session *s, struct whole *w)
{
	struct msrp_conn *c = s->conn;

	if (c->n_due == MSRP_DUE_MAX)
		conn_out(c);
	w->refs++;
	c->due[c->n_due++] = (struct due){w, s};
	c->due_bytes += frame_size(s, w);
}

static void send_answered(struct msrp_session *s, const struct whole *w,
			  const struct msrp_out *m)
{
	struct transaction t = {
	    .cookie = m->cookie,
	    .last = true,
	    .silence_ends = m->failure_report == MSRP_FAILURE_YES,
	};

	pick_tid(s->m, w, t.tid);
	memcpy(t.message_id, s->id_prefix, HALF);
	memcpy(t.message_id + HALF, t.tid + HALF, HALF);
	put_frame(conn_out(s->conn), s, w, t.tid);
	t.end_off = conn_put_off(s->conn);
	transact_add(s, &t);
	if (m->success_report && m->cookie)
		awaited_add(s, &s->reports, t.message_id, m->cookie);
}

void whole_send(struct msrp_session *s, const struct msrp_out *m)
{
	struct whole *w = whole_of(s->m, m);
	uint64_t before = conn_put_off(s->conn);

	if (m->failure_report == MSRP_FAILURE_YES ||
	    (m->failure_report == MSRP_FAILURE_PARTIAL && m->cookie))
		send_answered(s, w, m);
	else
		send_later(s, w);
	s->m->stats.requests_out++;
	chunk_account(s, before);
}
