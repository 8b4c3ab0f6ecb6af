/* A file on its way from a SIP user. */
#include "gateway/front_sip_message.h"
#include "gateway/front_sip_private.h"
#include "gateway/front_sip_transfer_priv.h"

#include "base/err.h"
#include "msrp/cpim.h"

/* --- what is said of it --- */

struct call *transfer_speaker(struct call *c)
{
	struct call *o;

	if (seat_in_room(&c->seat))
		return c;
	TAILQ_FOREACH (o, &c->f->calls, link)
		if (str_eq(o->room, c->room) && seat_in_room(&o->seat) &&
		    same_person(o, c))
			return o;
	return NULL;
}

static void put_head(struct buf *b, const struct call *by)
{
	struct cpim_out m = {
	    .from = {by->display, by->uri},
	    .to = {STR_NONE, by->room_uri},
	    .content_type = STR("text/plain"),
	};

	cpim_write(b, &m);
}

/* To everybody, for nobody has had it. The MSRP status owed. */
static int say(struct transfer *t, struct str url)
{
	struct call *by = transfer_speaker(t->call);
	struct seat_cmd cmd = {.type = SEAT_SAY};
	struct buf head = BUF_INIT(16384);
	bool said;

	if (!by)
		return 403;
	put_head(&head, by);
	cmd.msg =
	    file_message(by, buf_str(&head), url, buf_str(&t->name), t->came);
	buf_done(&head);
	if (!cmd.msg)
		return 413;
	seat_command(&by->seat, &cmd);
	file_unless_said(by, cmd.msg, url);
	said = cmd.msg->author != 0;
	message_unref(cmd.msg);
	return said ? 200 : 403;
}

void transfer_tell(struct transfer *t, const char *why)
{
	struct call *by = transfer_speaker(t->call);
	struct buf b = BUF_INIT(4096);

	if (by) {
		buf_addf(&b, "The file \"%.*s\" was not passed on: %s.",
			 STR_ARG(buf_str(&t->name)), why);
		call_notice(by, buf_z(&b));
	}
	buf_done(&b);
}

/* --- what it holds --- */

static void timeout(void *user)
{
	transfer_over(user);
}

/* The answer is still to be written. */
static void linger(struct transfer *t)
{
	timer_set(t->call->f->loop, &t->timer, BIND_TIMEOUT_MS, timeout, t);
}

static void on_kept(void *user, int err, struct str url)
{
	struct transfer *t = user;
	struct msrp_incoming *in = t->in;
	int status = err ? 413 : 200;

	t->filing = NULL;
	t->in = NULL;
	if (err == 0)
		status = say(t, url);
	if (in)
		msrp_incoming_refuse(in, (unsigned)status, "Can't be kept");
	else if (t->tx && t->session)
		msrp_session_reply(t->session, t->tx, status,
				   status == 200 ? "" : "Can't be kept");
	if (t->session)
		linger(t);
}

static void hold(void *user, bool on)
{
	struct transfer *t = user;

	if (t->in)
		msrp_incoming_hold(t->in, on);
}

/* Its content begins. False: it can't be kept, or it is a second one. */
static bool begin(struct transfer *t, struct str type, bool has_size,
		  uint64_t size)
{
	struct call *c = t->call;

	if (t->stream)
		return false;
	t->stream = stream_new(&(struct stream_source){
	    .loop = c->f->loop,
	    .window = c->f->cfg.config->msrp.max_send_queue,
	    .hold = hold,
	    .user = t,
	});
	t->filing = filing_new(&(struct filing_cfg){
	    .files = c->f->cfg.files,
	    .about = {.room = c->room,
		      .user = c->user,
		      .type = *t->type ? str_z(t->type) : mime_type(type),
		      .name = buf_str(&t->name)},
	    .stream = t->stream,
	    .has_size = has_size,
	    .size = size,
	    .done = on_kept,
	    .user = t,
	});
	t->check = t->filing ? file_check_new(&t->offered) : NULL;
	return t->filing;
}

static void put(struct transfer *t, struct str data)
{
	t->came += data.n;
	file_check_add(t->check, data);
	stream_put(t->stream, data);
}

/* All of it has come. 0: the answer follows; else the status owed. */
static int complete(struct transfer *t)
{
	const char *what = file_check_end(t->check);
	char why[64];

	if (!t->filing)
		return 413;
	if (!what) {
		stream_finish(t->stream);
		return 0;
	}
	filing_drop(t->filing);
	t->filing = NULL;
	snprintf(why, sizeof(why), "its %s is not what its offer said", what);
	transfer_tell(t, why);
	linger(t);
	return 400;
}

/* --- its session --- */

static void on_data(void *user, struct str data)
{
	put(user, data);
}

static int on_end(void *user, msrp_tx tx)
{
	struct transfer *t = user;

	t->in = NULL;
	t->tx = tx;
	return complete(t);
}

/* He gave it up, or has gone: it may be begun anew. */
static void on_lost(void *user)
{
	struct transfer *t = user;

	t->in = NULL;
	transfer_drop_file(t);
	t->came = 0;
}

static const struct msrp_incoming_ops incoming_ops = {
    .data = on_data,
    .end = on_end,
    .lost = on_lost,
};

static void on_flow(void *user, struct msrp_incoming *in,
		    const struct msrp_message *m)
{
	struct transfer *t = user;

	if (!begin(t, m->content_type, m->has_total, m->total)) {
		msrp_incoming_refuse(in, 413, "Can't be kept");
		return;
	}
	t->in = in;
	msrp_incoming_take(in, &incoming_ops, t);
	put(t, m->body);
}

static void on_message(void *user, msrp_tx tx, const struct msrp_message *m)
{
	struct transfer *t = user;
	int status;

	if (!begin(t, m->content_type, true, m->body.n)) {
		msrp_session_reply(t->session, tx, 413, "Can't be kept");
		return;
	}
	t->tx = tx;
	put(t, m->body);
	if (!t->filing)
		return; /* on_kept() has answered */
	status = complete(t);
	if (status)
		msrp_session_reply(t->session, tx, status,
				   "Not the file that was offered");
}

static void on_bound(void *user)
{
	struct transfer *t = user;

	t->bound = true;
	timer_cancel(t->call->f->loop, &t->timer);
}

static void on_closed(void *user, enum msrp_closed why)
{
	struct transfer *t = user;

	(void)why;
	if (t->filing && !t->in) /* all of it is here */
		return;
	transfer_over(t);
}

const struct msrp_session_ops transfer_session_ops = {
    .bound = on_bound,
    .message = on_message,
    .flow = on_flow,
    .closed = on_closed,
};
