/* Messages that are too long to be collected: their octets are passed on in
 * order, as they come; only what comes before its turn is kept. */
#include "msrp/conn_priv.h"
#include "msrp/receive_priv.h"
#include "msrp/session_priv.h"

/* An owner who has not made up his mind by then never will. */
#define UNDECIDED_MAX (2 * MSRP_LONG)

static void set_hold(struct msrp_incoming *in, bool hold)
{
	struct msrp_conn *c = in->conn;

	if (in->held == hold)
		return;
	in->held = hold;
	c->n_held += hold ? 1 : -1u;
	conn_read_or_wait(c);
}

void inflow_move(struct msrp_incoming *in, struct msrp_conn *c)
{
	bool held = in->held;

	if (in->conn == c)
		return;
	set_hold(in, false);
	in->conn = c;
	set_hold(in, held);
}

void inflow_lost(struct msrp_incoming *in)
{
	const struct msrp_incoming_ops *ops = in->ops;

	set_hold(in, false);
	in->ops = NULL;
	if (ops)
		ops->lost(in->user);
}

void inflow_report(const struct msrp_incoming *in, unsigned status)
{
	struct msrp_session *s = in->session;
	uint64_t came = in->done;

	if (!in->answered || in->refused ||
	    in->failure_report == MSRP_FAILURE_NO)
		return;
	if (!came)
		came = msrp_assembly_start(&in->data).n;
	conn_report(in->conn, str_z(in->report_to), s->uri.raw,
		    str_of(in->message_id, in->id_n), came, status, in->entity);
}

void msrp_incoming_take(struct msrp_incoming *in,
			const struct msrp_incoming_ops *ops, void *user)
{
	in->ops = ops;
	in->user = user;
}

void msrp_incoming_report_with(struct msrp_incoming *in, struct blob *entity)
{
	blob_unref(in->entity);
	in->entity = blob_ref(entity);
}

void msrp_incoming_hold(struct msrp_incoming *in, bool hold)
{
	if (in->ops)
		set_hold(in, hold);
}

void msrp_incoming_refuse(struct msrp_incoming *in, unsigned status,
			  const char *comment)
{
	struct msrp_conn *c = in->conn;
	bool open = c->rx.in == in && c->rx.open && !c->rx.swallow;

	in->ops = NULL;
	if (!open)
		inflow_report(in, status);
	in->session->m->stats.refused += !open;
	receive_give_up(in);
	if (open)
		request_refuse(c, status, comment);
}

/* True: the message is still there and taken. */
static bool pass(struct msrp_conn *c, struct msrp_incoming *in, struct str data)
{
	in->done += data.n;
	in->ops->data(in->user, data);
	return c->rx.in == in && in->ops;
}

static void pass_kept(struct msrp_conn *c, struct msrp_incoming *in)
{
	struct str next;

	do
		next = msrp_assembly_next(&in->data, in->done);
	while (next.n && pass(c, in, next));
}

static bool is_long(const struct msrp_incoming *in, struct str start)
{
	return start.n > MSRP_LONG || (in->has_total && in->total > MSRP_LONG);
}

void inflow_offer(struct msrp_conn *c)
{
	const struct msrp_head *h = &c->parser.head;
	struct msrp_session *s = c->rx.session;
	struct msrp_incoming *in = c->rx.in;
	struct msrp_message m = {
	    .message_id = h->message_id,
	    .content_type = str_z(in->content_type),
	    .body = msrp_assembly_start(&in->data),
	    .success_report = in->success_report,
	    .failure_report = in->failure_report,
	};

	if (h->range.has_total) {
		in->has_total = true;
		in->total = h->range.total;
	}
	if (!s->ops->flow || !m.body.n || !is_long(in, m.body))
		return;
	m.has_total = in->has_total;
	m.total = in->total;
	s->ops->flow(s->user, in, &m);
	if (c->rx.in != in || in->refused)
		return;
	if (in->ops) {
		in->done = m.body.n;
		pass_kept(c, in);
	} else if (m.body.n > UNDECIDED_MAX) {
		receive_too_big(c);
	}
}

void inflow_data(struct msrp_conn *c, uint64_t at, struct str data)
{
	struct msrp_incoming *in = c->rx.in;

	if (at > in->done) {
		if (msrp_assembly_add(&in->data, at, data) ||
		    receive_too_loose(in->session))
			receive_too_big(c);
		return;
	}
	/* what was passed on stays as it was (conference MSRP-30) */
	data = str_from(data, (size_t)(in->done - at));
	if (data.n && pass(c, in, data))
		pass_kept(c, in);
}

static void answer(struct msrp_conn *c, unsigned status)
{
	const struct msrp_head *h = &c->parser.head;
	struct str to = h->from_path;

	if (status != 200)
		request_refuse(c, status, "");
	else if (h->failure_report == MSRP_FAILURE_YES)
		conn_respond(c, h->tid, str_split(&to, ' '),
			     c->rx.session->uri.raw, 200, STR("OK"));
}

/* The owner answers later. */
static void put_off(struct msrp_conn *c, msrp_tx tx)
{
	struct msrp_incoming *in = c->rx.in;
	struct unanswered *u =
	    answer_remember(c, tx, in->success_report, in->done);

	if (u)
		u->entity = in->entity ? blob_ref(in->entity) : NULL;
}

bool inflow_end(struct msrp_conn *c)
{
	struct msrp_session *s = c->rx.session;
	struct msrp_incoming *in = c->rx.in;
	const struct msrp_incoming_ops *ops = in->ops;
	unsigned status;
	msrp_tx tx;

	if (!in->data.has_total || in->done < in->data.total)
		return false;
	set_hold(in, false);
	in->ops = NULL;
	tx = ++c->m->next_tx;
	status = (unsigned)ops->end(in->user, tx);
	if (c->rx.in != in) /* the session has ended with it */
		return true;
	if (status)
		answer(c, status);
	else
		put_off(c, tx);
	if (status == 200 && in->success_report)
		conn_report(c, str_z(in->report_to), s->uri.raw,
			    str_of(in->message_id, in->id_n), in->done, 200,
			    in->entity);
	receive_drop(in);
	return true;
}
