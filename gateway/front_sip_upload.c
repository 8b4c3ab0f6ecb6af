/* Long messages from a user: told to the room when their headers are there,
 * then passed on as they come. */
#include <stdlib.h>

#include "gateway/front_sip_file.h"
#include "gateway/front_sip_long.h"
#include "gateway/front_sip_message.h"
#include "gateway/front_sip_turn.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "conference/stream.h"
#include "mapping/message.h"
#include "mapping/reason.h"
#include "msrp/cpim.h"

#define PLAIN_HEAD_MAX 32768

struct upload {
	TAILQ_ENTRY(upload) link; /* of its call */
	struct call *call;
	struct msrp_incoming *in; /* NULL: it has ended */
	struct stream *stream;
	uint64_t number;
	/* until it is told: as it will be, and what has come of it */
	struct opening *waiting;
	struct buf early;
	bool is_text; /* must be UTF-8 */
	struct utf8_pieces utf8;
	char *message_id;
	/* its content is being kept; the message and the name of the file, if
	 * it is, or was and failed */
	struct filing *filing;
	struct message *msg;
	struct str head; /* the beginning of its entity */
	struct buf name;
	uint64_t came; /* octets of the file */
	bool ended;    /* all of it has come, the answer is due */
	msrp_tx tx;
};

/* The message as the room is told of it, and its beginning. */
struct opening {
	struct message *m;
	struct str head;  /* the CPIM entity up to its content */
	struct str rest;  /* what there is of that */
	struct cpim cpim; /* of the head */
};

static void hold(void *user, bool on)
{
	struct upload *u = user;

	if (u->in)
		msrp_incoming_hold(u->in, on);
}

static void wait_no_more(struct upload *u)
{
	if (!u->waiting)
		return;
	message_unref(u->waiting->m);
	free(u->waiting);
	u->waiting = NULL;
	buf_done(&u->early);
}

static void free_upload(struct upload *u)
{
	TAILQ_REMOVE(&u->call->uploads, u, link);
	filing_drop(u->filing);
	message_unref(u->msg);
	wait_no_more(u);
	buf_done(&u->name);
	stream_unref(u->stream);
	free(u->message_id);
	free(u);
}

static void give_up(struct upload *u)
{
	stream_abort(u->stream);
	free_upload(u);
}

static void refuse(struct upload *u, unsigned status, const char *comment)
{
	struct msrp_incoming *in = u->in;

	give_up(u);
	msrp_incoming_refuse(in, status, comment);
}

static void on_data(void *user, struct str data)
{
	struct upload *u = user;

	u->came += data.n;
	if (u->is_text && !utf8_goes_on(&u->utf8, data)) {
		refuse(u, 400, "Text is not UTF-8");
	} else if (u->waiting) {
		buf_add(&u->early, data);
		if (u->early.err)
			refuse(u, 413, "");
	} else {
		stream_put(u->stream, data);
	}
}

/* To XMPP users: where it is, or what it was. */
static void say_link(struct upload *u, struct str url)
{
	struct call *c = u->call;
	struct seat_cmd cmd = {.type = SEAT_SAY};

	if (url.n)
		cmd.msg =
		    file_message(c, u->head, url, buf_str(&u->name), u->came);
	if (!cmd.msg) {
		cmd.msg = message_new(8192);
		message_add_part(cmd.msg, u->msg->parts[0].type, STR_NONE,
				 STR_NONE);
		cmd.msg->no_store = true;
		cmd.msg->has_size = true;
		cmd.msg->size = u->came;
	}
	cmd.msg->is_link = true;
	cmd.msg->private = u->msg->private;
	cmd.msg->to = u->msg->to;
	seat_command(&c->seat, &cmd);
	file_unless_said(c, cmd.msg, url);
	message_unref(cmd.msg);
}

static void on_kept(void *user, int err, struct str url)
{
	struct upload *u = user;
	struct call *c = u->call;

	u->filing = NULL;
	if (!u->ended)
		return; /* the rest still goes to SIP users */
	say_link(u, err ? STR_NONE : url);
	if (c->session)
		msrp_session_reply(c->session, u->tx, 200, "");
	free_upload(u);
}

/* All of it has come and been told: 200, or 0: the answer comes later. */
static int finish(struct upload *u)
{
	sender_note(u->call->sender, str_z(u->message_id));
	stream_finish(u->stream);
	if (u->filing)
		return 0;
	if (u->msg)
		say_link(u, STR_NONE);
	free_upload(u);
	return 200;
}

static int on_end(void *user, msrp_tx tx)
{
	struct upload *u = user;

	if (u->utf8.n) {
		give_up(u);
		return 400;
	}
	u->in = NULL;
	u->tx = tx;
	u->ended = true;
	return u->waiting ? 0 : finish(u);
}

static void on_lost(void *user)
{
	give_up(user);
}

static const struct msrp_incoming_ops upload_ops = {
    .data = on_data,
    .end = on_end,
    .lost = on_lost,
};

/* What a device sends again is acknowledged and not told again (MSRP-39). */
static void ignore_data(void *user, struct str data)
{
	(void)user;
	(void)data;
}

static int ignore_end(void *user, msrp_tx tx)
{
	(void)user;
	(void)tx;
	return 200;
}

static void ignore_lost(void *user)
{
	(void)user;
}

static const struct msrp_incoming_ops again_ops = {
    .data = ignore_data,
    .end = ignore_end,
    .lost = ignore_lost,
};

/* The head of what a client without CPIM says. */
static int open_plain(struct call *c, const struct msrp_message *in,
		      struct opening *o)
{
	struct msrp_message empty = {.content_type = in->content_type};
	struct buf b = BUF_INIT(PLAIN_HEAD_MAX);
	int status = 413;

	plain_wrap(c, &empty, &b);
	o->head = arena_dup(o->m->arena, buf_str(&b));
	o->rest = in->body;
	if (!b.err && cpim_parse_head(o->head, o->m->arena, &o->cpim) > 0)
		status = 200;
	buf_done(&b);
	return status;
}

/* 0: more is needed. */
static int open_cpim(const struct msrp_message *in, struct opening *o)
{
	/* the message outlives the octets */
	struct str head = in->body;
	ptrdiff_t n = cpim_parse_head(head, o->m->arena, &o->cpim);

	if (n <= 0)
		return n ? 400 : 0;
	o->head = arena_dup(o->m->arena, str_of(head.p, (size_t)n));
	o->rest = str_from(head, (size_t)n);
	return cpim_parse_head(o->head, o->m->arena, &o->cpim) > 0 ? 200 : 413;
}

/* In CHAT-13's order: 200, the status owed, or 0: more is needed. */
static int read_head(struct call *c, const struct msrp_message *in,
		     struct opening *o)
{
	struct message *m = o->m;
	int status = c->plain ? open_plain(c, in, o) : open_cpim(in, o);

	if (status == 200)
		status = call_check_head(c, m, &o->cpim);
	if (status != 200)
		return status;
	if (str_find(m->form_type[WORLD_SIP], '/') <= 0)
		return 400;
	if (message_add_part(m, o->cpim.content_type, STR_NONE, STR_NONE))
		return 413;
	m->no_store = true;
	m->has_total = in->has_total;
	m->total = in->total + (o->head.n + o->rest.n - in->body.n);
	m->has_size = in->has_total && m->total >= o->head.n;
	m->size = m->has_size ? m->total - o->head.n : 0;
	return 200;
}

/* CPIM-14 */
static bool must_be_utf8(struct str type)
{
	struct str charset = mime_param(type, STR("charset"));

	return str_istarts(type, STR("text/")) &&
	       (charset.n == 0 || str_ieq(charset, STR("utf-8")) ||
		str_ieq(charset, STR("utf8")));
}

static struct upload *start(struct call *c, struct msrp_incoming *in,
			    const struct opening *o)
{
	struct upload *u = mem_new(sizeof(*u));
	struct stream_source source = {
	    .loop = c->f->loop,
	    .window = c->f->cfg.config->msrp.max_send_queue,
	    .hold = hold,
	    .user = u,
	};

	u->call = c;
	u->in = in;
	u->stream = stream_new(&source);
	u->number = ++c->f->last_upload;
	u->is_text = must_be_utf8(o->cpim.content_type);
	u->message_id = str_dup(o->m->client_id);
	TAILQ_INSERT_TAIL(&c->uploads, u, link);
	return u;
}

static struct upload *find(struct call *c, uint64_t number)
{
	struct upload *u;

	TAILQ_FOREACH (u, &c->uploads, link)
		if (u->number == number)
			break;
	return u;
}

/* So that XMPP users can have it too. */
static void keep(struct upload *u, const struct opening *o)
{
	struct call *c = u->call;

	if (!file_is_wanted(c, o->m, o->cpim.content_type))
		return;
	buf_init(&u->name, 1024);
	u->filing = filing_new(&(struct filing_cfg){
	    .files = c->f->cfg.files,
	    .about = file_about(c, &o->cpim, &u->name),
	    .stream = u->stream,
	    .skip = o->head.n,
	    .has_size = o->m->has_size,
	    .size = o->m->size,
	    .done = on_kept,
	    .user = u,
	});
	if (!u->filing)
		return;
	u->head = o->head;
	u->msg = message_ref(o->m);
	o->m->link_follows = true;
}

/* CHAT-34 */
static void prepare_report(struct msrp_incoming *in, const struct opening *o)
{
	struct blob *entity;

	if (!o->m->private)
		return;
	entity = call_report_entity(o->head);
	if (entity)
		msrp_incoming_report_with(in, entity);
	blob_unref(entity);
}

/* The room hears of it. NULL: it has been refused. */
static struct upload *say(struct upload *u, const struct opening *o)
{
	struct call *c = u->call;
	uint64_t number = u->number;
	struct seat_cmd cmd = {
	    .type = SEAT_SAY, .op = OP_UPLOAD | number, .msg = o->m};

	keep(u, o);
	o->m->stream = stream_ref(u->stream);
	seat_command(&c->seat, &cmd);
	u = find(c, number);
	if (u)
		stream_put(u->stream, o->head);
	return u;
}

/* Its sender is not read from meanwhile, that it does not grow. */
static void put_off(struct upload *u, const struct opening *o)
{
	u->waiting = mem_new(sizeof(*u->waiting));
	*u->waiting = *o;
	message_ref(o->m);
	buf_init(&u->early, u->call->f->cfg.config->msrp.max_send_queue);
	msrp_incoming_hold(u->in, true);
}

static void begin(struct call *c, struct msrp_incoming *in,
		  const struct opening *o)
{
	struct upload *u = start(c, in, o);

	msrp_incoming_take(in, &upload_ops, u);
	prepare_report(in, o);
	if (turn_waits(c, u->number))
		put_off(u, o);
	else
		u = say(u, o);
	if (u && o->rest.n)
		on_data(u, o->rest);
}

void upload_go_on(struct call *c, uint64_t number)
{
	struct upload *u = find(c, number);
	struct msrp_incoming *in = u ? u->in : NULL;
	struct opening o;
	struct buf early;
	msrp_tx tx;

	if (!u)
		return;
	o = *u->waiting;
	early = u->early;
	tx = u->tx;
	buf_init(&u->early, 0);
	message_ref(o.m);
	wait_no_more(u);
	if (in)
		msrp_incoming_hold(in, false);
	u = say(u, &o);
	if (u && early.n)
		stream_put(u->stream, buf_str(&early));
	if (u && !in && finish(u) && c->session)
		msrp_session_reply(c->session, tx, 200, "");
	buf_done(&early);
	message_unref(o.m);
}

/* What need not be read to be refused: 200, or the status owed. */
static int check(struct call *c, const struct msrp_message *in,
		 const char **comment)
{
	call_confirm(c);
	if (!call_takes_from(c, mime_type(in->content_type))) {
		*comment = "message/cpim only";
		return 415;
	}
	if (!seat_in_room(&c->seat)) {
		*comment = "not in the room";
		return 403;
	}
	return 200;
}

void call_on_flow(void *user, struct msrp_incoming *in,
		  const struct msrp_message *m)
{
	struct call *c = user;
	const char *comment = "";
	int status = check(c, m, &comment);
	struct opening o;
	bool flood;

	if (status != 200) {
		msrp_incoming_refuse(in, (unsigned)status, comment);
		return;
	}
	if (sender_has_sent(c->sender, m->message_id)) {
		msrp_incoming_take(in, &again_ops, NULL);
		return;
	}
	o = (struct opening){.m = message_new(131072)};
	o.m->client_id = arena_dup(o.m->arena, m->message_id);
	status = read_head(c, m, &o);
	flood = status == 200 && !call_may_say(c);
	if (flood) {
		msrp_incoming_refuse(in, 403, reason_text(REASON_FLOOD));
	} else if (status == 200) {
		c->f->stats.messages_in++;
		begin(c, in, &o);
	} else if (status) {
		msrp_incoming_refuse(in, (unsigned)status, "");
	}
	message_unref(o.m);
	if (flood)
		call_said_too_much(c);
}

void upload_result(struct call *c, uint64_t number, enum reason_code code)
{
	struct upload *u = find(c, number);

	if (!u || code == REASON_OK)
		return;
	if (!u->ended) {
		refuse(u, (unsigned)map_reason_to_send(code),
		       reason_text(code));
		return;
	}
	if (c->session)
		msrp_session_reply(c->session, u->tx, map_reason_to_send(code),
				   reason_text(code));
	give_up(u);
}

void uploads_drop(struct call *c)
{
	struct upload *u;

	while ((u = TAILQ_FIRST(&c->uploads)))
		give_up(u);
}
