#include "gateway/front_sip_transfer.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "gateway/front_sip_file.h"
#include "msrp/cpim.h"

#define TRANSFERS_MAX 8 /* of a call */

struct transfer {
	TAILQ_ENTRY(transfer) link;
	struct call *call;
	char *offer; /* selector and id, to know it again */
	char *type;
	struct buf name;
	struct sdp_file_line line;
	bool connects, started, bound;
	struct msrp_session *session; /* NULL: it is over */
	struct timer timer;
	struct msrp_incoming *in; /* a long one that comes */
	struct stream *stream;	  /* NULL: nothing has come */
	struct filing *filing;
	uint64_t came;
	msrp_tx tx; /* the answer that is due, or 0 */
};

struct transfers {
	TAILQ_HEAD(, transfer) all;
	size_t n;
	struct sdp_file_line lines[TRANSFERS_MAX];
};

/* --- the end of one --- */

static void stop(struct transfer *t)
{
	timer_cancel(t->call->f->loop, &t->timer);
	filing_drop(t->filing);
	t->filing = NULL;
	if (t->session)
		msrp_session_free(t->session);
	t->session = NULL;
	stream_unref(t->stream);
	t->stream = NULL;
}

static void free_transfer(struct transfer *t)
{
	stop(t);
	TAILQ_REMOVE(&t->call->transfers->all, t, link);
	t->call->transfers->n--;
	buf_done(&t->name);
	free(t->offer);
	free(t->type);
	free(t);
}

void transfers_free(struct call *c)
{
	struct transfer *t;

	if (!c->transfers)
		return;
	while ((t = TAILQ_FIRST(&c->transfers->all)))
		free_transfer(t);
	free(c->transfers);
	c->transfers = NULL;
}

static void end_call_for_files(void *user)
{
	call_bye(user, REASON_LEFT, STR_NONE);
}

/* A call that was made for files alone ends with them; its peer has some time
 * to say so himself. */
static void is_over(struct transfer *t)
{
	struct call *c = t->call;

	stop(t);
	TAILQ_FOREACH (t, &c->transfers->all, link)
		if (t->session)
			return;
	if (c->courier && c->confirmed)
		timer_set(c->f->loop, &c->timer, BIND_TIMEOUT_MS,
			  end_call_for_files, c);
}

static void timeout(void *user)
{
	is_over(user);
}

/* --- what it holds --- */

/* The same user's place in the room. */
static struct call *speaker(struct call *c)
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
	struct call *by = speaker(t->call);
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
	if (t->session) /* the answer is still to be written */
		timer_set(t->call->f->loop, &t->timer, BIND_TIMEOUT_MS, timeout,
			  t);
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
	return t->filing != NULL;
}

static void put(struct transfer *t, struct str data)
{
	t->came += data.n;
	stream_put(t->stream, data);
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
	stream_finish(t->stream);
	return t->filing ? 0 : 413;
}

/* He gave it up, or has gone: it may be begun anew. */
static void on_lost(void *user)
{
	struct transfer *t = user;

	t->in = NULL;
	filing_drop(t->filing);
	t->filing = NULL;
	stream_unref(t->stream);
	t->stream = NULL;
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

	if (!begin(t, m->content_type, true, m->body.n)) {
		msrp_session_reply(t->session, tx, 413, "Can't be kept");
		return;
	}
	t->tx = tx;
	put(t, m->body);
	if (t->stream)
		stream_finish(t->stream);
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
	is_over(t);
}

static const struct msrp_session_ops session_ops = {
    .bound = on_bound,
    .message = on_message,
    .flow = on_flow,
    .closed = on_closed,
};

/* --- its line --- */

static char *offer_of(const struct sdp_media *m)
{
	struct buf b = BUF_INIT(SDP_BYTES_MAX * 2);
	char *out;

	buf_add(&b, m->file_selector);
	buf_addc(&b, '\n');
	buf_add(&b, m->file_transfer_id);
	out = str_dup(buf_str(&b));
	buf_done(&b);
	return out;
}

static struct transfer *find(struct call *c, size_t line)
{
	struct transfer *t;

	if (!c->transfers)
		return NULL;
	TAILQ_FOREACH (t, &c->transfers->all, link)
		if (t->line.line == line)
			return t;
	return NULL;
}

static bool is_same(const struct transfer *t, const struct sdp_media *m)
{
	char *offer = offer_of(m);
	bool same = strcmp(offer, t->offer) == 0;

	free(offer);
	return same;
}

static struct msrp_session *new_session(struct transfer *t,
					const struct sdp_media *m, bool secure)
{
	struct call *c = t->call;
	struct buf fingerprints = BUF_INIT(4096);
	struct msrp_session *s = NULL;
	struct msrp_session_cfg cfg = {
	    .secure = secure,
	    .peer_path = m->path,
	    .max_message = c->f->cfg.config->files.max_size,
	    .peer_sends = true,
	    .ops = &session_ops,
	    .user = t,
	};

	for (size_t i = 0; i < m->n_fingerprints; i++) {
		buf_add(&fingerprints, m->fingerprint[i]);
		buf_addc(&fingerprints, '\n');
	}
	cfg.peer_fingerprints = buf_str(&fingerprints);
	if (msrp_session_new(c->f->cfg.msrp, &cfg, &s) < 0)
		s = NULL;
	buf_done(&fingerprints);
	return s;
}

static void describe(struct transfer *t, const struct sdp_media *m)
{
	struct call *c = t->call;
	struct msrp_uri u = {0};

	msrp_uri_parse(msrp_session_uri(t->session), &u);
	t->line.port = u.port;
	t->line.path = msrp_session_uri(t->session);
	t->line.setup = sdp_answer_setup(m->setup);
	t->line.max_size = c->f->cfg.config->files.max_size;
	if (u.secure)
		t->line.fingerprints = msrp_fingerprints(c->f->cfg.msrp);
	t->connects = t->line.setup == SDP_SETUP_ACTIVE;
}

static void add(struct call *c, const struct sdp_media *m, size_t line,
		bool secure)
{
	struct transfer *t = mem_new(sizeof(*t));
	struct buf name = BUF_INIT(SDP_BYTES_MAX);
	struct sdp_file about;

	t->call = c;
	t->line.line = line;
	t->offer = offer_of(m);
	sdp_read_file(m, &name, &about);
	t->type = str_dup(about.type);
	buf_init(&t->name, 1024);
	file_name_clean(&t->name, buf_str(&name), about.type);
	buf_done(&name);
	TAILQ_INSERT_TAIL(&c->transfers->all, t, link);
	c->transfers->n++;
	if (!about.has_size || about.size <= c->f->cfg.config->files.max_size)
		t->session = new_session(t, m, secure);
	if (!t->session) {
		free_transfer(t);
		return;
	}
	describe(t, m);
	timer_set(c->f->loop, &t->timer, BIND_TIMEOUT_MS + ACK_TIMEOUT_MS,
		  timeout, t);
}

static bool is_push(const struct call *c, const struct sdp_media *m,
		    bool *secure)
{
	const struct domain_config *dom = call_domain(c);

	return sdp_media_is_push(m, secure) &&
	       msrp_port(c->f->cfg.msrp, *secure) != 0 &&
	       (*secure || !dom || !dom->force_tls);
}

int transfers_offer(struct call *c, const struct sdp *offer)
{
	bool away = false, secure;

	if (!c->f->cfg.files)
		return 200;
	for (size_t i = 0; i < offer->n_media; i++) {
		const struct sdp_media *m = &offer->media[i];
		struct transfer *t = find(c, i);
		bool push = is_push(c, m, &secure);

		if (t && push && is_same(t, m))
			continue;
		if (t)
			free_transfer(t);
		if (!push)
			continue;
		if (!c->transfers) {
			c->transfers = mem_new(sizeof(*c->transfers));
			TAILQ_INIT(&c->transfers->all);
		}
		if (!speaker(c))
			away = true;
		else if (c->transfers->n < TRANSFERS_MAX)
			add(c, m, i, secure);
	}
	return away ? 403 : 200;
}

void transfers_describe(const struct call *c, struct sdp_local *local)
{
	struct transfer *t;

	if (!c->transfers)
		return;
	local->files = c->transfers->lines;
	TAILQ_FOREACH (t, &c->transfers->all, link)
		if (t->session)
			c->transfers->lines[local->n_files++] = t->line;
}

size_t transfers_count(const struct call *c)
{
	return c->transfers ? c->transfers->n : 0;
}

void transfers_start(struct call *c)
{
	struct transfer *t;

	if (!c->transfers)
		return;
	TAILQ_FOREACH (t, &c->transfers->all, link) {
		if (t->session && t->connects && !t->started)
			msrp_session_connect(t->session);
		t->started = true;
	}
}
