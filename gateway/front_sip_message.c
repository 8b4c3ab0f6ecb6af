/* The MSRP switch: CPIM messages into the seat, events of the seat into MSRP.
 */
#include <stdlib.h>

#include "gateway/front_sip_draft.h"
#include "gateway/front_sip_priv.h"

#include "base/mem.h"
#include "base/rfc3339.h"
#include "mapping/message.h"
#include "mapping/reason.h"
#include "mapping/roster.h"
#include "msrp/cpim.h"

/* --- from the user --- */

static void reply(struct call *c, msrp_tx tx, int status, const char *comment)
{
	if (status != 200)
		log_debug(c->f->log, "msrp.refuse",
			  "room=%s seat=%llu status=%d", LOGQ(c->room),
			  (unsigned long long)c->seat.id, status);
	if (c->session)
		msrp_session_reply(c->session, tx, status, comment);
}

static bool own_identity(struct call *c, struct arena *a, struct str uri)
{
	struct str key = user_key(a, uri);
	const struct occupant *o;

	for (size_t i = 0; i < c->n_identities; i++)
		if (key.n && str_eq(key, c->identity[i]))
			return true;
	o = draft_occupant(c, uri);
	return o && o->world == WORLD_SIP && str_eq(o->user, c->user);
}

/* Whom To names: the room (*to = 0) or an occupant. 200, or 404. */
static int find_target(struct call *c, struct arena *a, struct str uri,
		       uint64_t *to)
{
	struct buf room = BUF_INIT(4096), nick = BUF_INIT(4096);
	const struct occupant *o = NULL;
	int status, found = 404;

	*to = 0;
	if (map_sip_to_room(uri, &room, &nick, &status) >= 0 &&
	    str_eq(buf_str(&room), c->room)) {
		if (!nick.n)
			found = 200;
		else
			o = seat_by_nick(&c->seat, buf_str(&nick));
	} else {
		o = user_in_room(&c->seat, user_key(a, uri));
		if (!o)
			o = draft_occupant(c, uri);
	}
	if (o) {
		*to = o->id;
		found = 200;
	}
	buf_done(&room);
	buf_done(&nick);
	return found;
}

/* CHAT-13's order after the top type: 200 with m filled, or the status owed. */
static int read_message(struct call *c, struct message *m, struct str body)
{
	static const struct map_message_cfg map = {0};
	struct cpim cpim;
	int status;

	m->form[WORLD_SIP] = blob_new(body);
	body = blob_str(m->form[WORLD_SIP]);
	if (cpim_parse(body, m->arena, &cpim) < 0)
		return 400;
	if (cpim.n_from != 1 || !own_identity(c, m->arena, cpim.from.uri))
		return 403;
	if (cpim.n_to > 1 || cpim.n_cc)
		return 403;
	if (cpim.n_to == 0)
		return 404;
	status = find_target(c, m->arena, cpim.to.uri, &m->to);
	if (status != 200)
		return status;
	m->private = m->to != 0;
	m->form_type[WORLD_SIP] = mime_type(cpim.content_type);
	return map_cpim_to_message(&cpim, &map, m);
}

static int read_plain(struct call *c, struct message *m,
		      const struct msrp_message *in)
{
	struct buf b = BUF_INIT(in->body.n + 32768);
	int status = 413;

	plain_wrap(c, in, &b);
	if (!b.err)
		status = read_message(c, m, buf_str(&b));
	buf_done(&b);
	return status;
}

static bool takes_from(const struct call *c, struct str type)
{
	return str_ieq(type, STR("message/cpim")) ||
	       (c->plain && str_ieq(type, STR("text/plain")));
}

static void on_message(void *user, msrp_tx tx, const struct msrp_message *in)
{
	struct call *c = user;
	struct str type = mime_type(in->content_type);
	struct seat_cmd cmd = {.type = SEAT_SAY, .op = tx};
	struct message *m;
	int status;

	c->f->stats.messages_in++;
	call_confirm(c);
	if (str_ieq(type, STR("text/x-msrp-heartbeat"))) {
		reply(c, tx, 200, "");
		return;
	}
	if (!takes_from(c, type)) {
		reply(c, tx, 415, "message/cpim only");
		return;
	}
	if (!seat_in_room(&c->seat)) {
		reply(c, tx, 403, "not in the room");
		return;
	}
	if (sender_has_sent(c->sender, in->message_id)) {
		reply(c, tx, 200, "");
		return;
	}
	m = message_new(in->body.n * 2 + 65536);
	m->client_id = arena_dup(m->arena, in->message_id);
	if (str_ieq(type, STR("text/plain")))
		status = read_plain(c, m, in);
	else
		status = read_message(c, m, in->body);
	if (status != 200) {
		reply(c, tx, status, "");
	} else if (map_is_subject(m) && !m->private) {
		cmd.type = SEAT_SUBJECT;
		cmd.msg = m;
		cmd.text = m->subject;
		seat_command(&c->seat, &cmd);
	} else {
		cmd.msg = m;
		seat_command(&c->seat, &cmd);
	}
	message_unref(m);
}

/* Operation ids are transactions'; a NICKNAME's has this bit, to tell its
 * result. */
#define OP_NICKNAME (1ull << 63)

static void on_nickname(void *user, msrp_tx tx, const struct msrp_nickname *n)
{
	struct call *c = user;
	struct seat_cmd cmd = {
	    .type = SEAT_NICK, .op = tx | OP_NICKNAME, .text = n->text};

	call_confirm(c);
	if (n->bad || (n->room.n && !draft_room_ours(c, n->room)))
		reply(c, tx, 424, "");
	else if (!seat_in_room(&c->seat))
		reply(c, tx, 403, "not in the room");
	else
		seat_command(&c->seat, &cmd);
}

static void on_result(struct call *c, const struct seat_ev *ev)
{
	bool nickname = (ev->own_op & OP_NICKNAME) != 0;
	enum reason_code code = ev->reason.code;

	if (!nickname && ev->own_op & OP_REFER) {
		referral_tell(c->f, ev->own_op & ~OP_REFER,
			      map_reason_to_sip(code), STR_NONE);
		return;
	}
	if (!c->session || !ev->own_op)
		return;
	if (code == REASON_OK && ev->msg)
		sender_note(c->sender, ev->msg->client_id);
	reply(c, ev->own_op & ~OP_NICKNAME,
	      nickname ? map_reason_to_nickname(code)
		       : map_reason_to_send(code),
	      code == REASON_OK ? "" : reason_text(code));
}

/* --- to the user --- */

void call_drop_held(struct call *c)
{
	struct held_message *h;

	while ((h = TAILQ_FIRST(&c->held))) {
		TAILQ_REMOVE(&c->held, h, link);
		blob_unref(h->body);
		free(h);
	}
	c->n_held = 0;
	c->held_bytes = 0;
}

/* Until the session is bound (CHAT-5); what does not fit is counted and told.
 */
static void hold(struct call *c, struct blob *body)
{
	struct held_message *h;

	if (c->n_held >= CALL_HELD_MAX ||
	    c->held_bytes + body->n > CALL_HELD_BYTES) {
		c->skipped++;
		return;
	}
	h = mem_new(sizeof(*h));
	h->body = blob_ref(body);
	TAILQ_INSERT_TAIL(&c->held, h, link);
	c->n_held++;
	c->held_bytes += body->n;
}

static int send_now(struct call *c, struct blob *body)
{
	uint64_t now = loop_now_ms(c->f->loop);
	bool probe = now - c->probe_ms >= PROBE_INTERVAL_MS;
	struct msrp_out out = {
	    .content_type = c->plain ? STR("text/plain") : STR("message/cpim"),
	    .body = body,
	    .failure_report = probe ? MSRP_FAILURE_YES : MSRP_FAILURE_PARTIAL,
	};
	int err = msrp_session_send(c->session, &out);

	if (probe && err == 0)
		c->probe_ms = now;
	return err;
}

static void deliver(struct call *c, struct blob *body)
{
	if (!c->session)
		return;
	if (!c->bound || c->pathless) {
		hold(c, body);
		return;
	}
	if (send_now(c, body) == 0) {
		c->f->stats.messages_out++;
		return;
	}
	c->f->stats.messages_skipped++;
	c->skipped++;
}

void call_notice(struct call *c, const char *text)
{
	struct buf b = BUF_INIT(65536);
	char time[RFC3339_MAX];
	struct cpim_out m = {
	    .from = {STR_NONE, c->dialled},
	    .to = {STR_NONE, c->dialled},
	    .datetime = str_z(rfc3339_millis(loop_wall_ms(c->f->loop), time)),
	    .content_type = STR("text/plain;charset=utf-8"),
	    .body = str_z(text),
	};
	struct blob *body;

	if (c->plain)
		buf_addz(&b, text);
	else
		cpim_write(&b, &m);
	body = blob_new(buf_str(&b));
	deliver(c, body);
	blob_unref(body);
	buf_done(&b);
}

/* One notice per episode of congestion (CHAT-21). */
static void tell_skipped(struct call *c)
{
	char text[128];

	if (!c->skipped)
		return;
	snprintf(text, sizeof(text),
		 "%llu message%s could not be delivered to you: your "
		 "connection is too slow.",
		 (unsigned long long)c->skipped, c->skipped == 1 ? "" : "s");
	c->skipped = 0;
	call_notice(c, text);
}

void call_flush(struct call *c)
{
	struct held_message *h;

	while ((h = TAILQ_FIRST(&c->held))) {
		TAILQ_REMOVE(&c->held, h, link);
		c->n_held--;
		c->held_bytes -= h->body->n;
		deliver(c, h->body);
		blob_unref(h->body);
		free(h);
	}
	tell_skipped(c);
}

/* The CPIM entity for a message that came from the other world, to this
 * address. */
static struct blob *render(struct call *c, const struct message *m,
			   struct str to)
{
	static const struct map_message_cfg map = {0};
	struct buf b = BUF_INIT(m->n_parts ? 1u << 24 : 65536);
	struct occupant author = {
	    .world = m->world, .nick = m->nick, .sip_uri = m->sip_uri};
	struct buf from = BUF_INIT(8192);
	struct blob *out = NULL;

	map_occupant_entity(&from, c->room, &author);
	if (map_message_to_cpim(&b, m,
				(struct cpim_addr){m->nick, buf_str(&from)},
				(struct cpim_addr){STR_NONE, to}, &map) &&
	    !b.err)
		out = blob_new(buf_str(&b));
	buf_done(&from);
	buf_done(&b);
	return out;
}

/* History tells when a message was said even where its author did not (a copy
 * on its way is never changed, CPIM-9; this one is told anew). */
static struct blob *with_date(const struct message *m)
{
	struct str raw = blob_str(m->form[WORLD_SIP]);
	struct arena *a = arena_new(raw.n * 2 + 65536);
	struct buf b = BUF_INIT(raw.n + 128);
	char time[RFC3339_MAX];
	struct blob *out = NULL;
	struct cpim cpim;

	if (cpim_parse(raw, a, &cpim) == 0 && !cpim.datetime.n) {
		buf_addf(&b, "DateTime: %s\r\n",
			 rfc3339_millis(m->time_ms, time));
		buf_add(&b, raw);
		out = blob_new(buf_str(&b));
	}
	buf_done(&b);
	arena_free(a);
	return out ? out : blob_ref(m->form[WORLD_SIP]);
}

/* Is this type among those that the user's client takes (CHAT-18)? Nearly all
 * messages are of the one type that his lists were searched for already. */
static bool takes(struct call *c, struct str type)
{
	if (c->takes_all || (c->takes_plain && str_eq(type, STR("text/plain"))))
		return true;
	return sdp_takes(&c->peer, type);
}

/* The wrapped type in which SIP users get a message; empty: none of it is for
 * them. */
static struct str sip_type(const struct message *m)
{
	static const struct map_message_cfg map = {0};

	return m->world == WORLD_SIP ? m->form_type[WORLD_SIP]
				     : map_message_sip_type(m, &map);
}

/* What holds nothing for SIP users is as good as shown. */
bool call_takes(void *front, const struct message *m)
{
	struct str type = sip_type(m);

	return !type.n || takes(front, type);
}

static void send_message(struct call *c, const struct seat_ev *ev)
{
	struct message *m = ev->msg;
	struct str type;
	struct blob *body;

	/* of his own he gets what he wrote to himself (CHAT-36) */
	if ((ev->own_op && !m->private) || !call_receives(c))
		return;
	type = sip_type(m);
	if (!type.n || !takes(c, type))
		return;
	if (c->plain) {
		body = plain_render(m);
	} else if (m->world == WORLD_SIP) {
		body =
		    ev->delayed ? with_date(m) : blob_ref(m->form[WORLD_SIP]);
	} else if (!m->private && str_eq(c->dialled, c->room_uri)) {
		if (!m->form[WORLD_SIP])
			m->form[WORLD_SIP] = render(c, m, c->room_uri);
		body = blob_ref(m->form[WORLD_SIP]);
	} else {
		body = render(c, m, m->private ? c->uri : c->dialled);
	}
	if (!body)
		return;
	deliver(c, body);
	blob_unref(body);
}

void call_seat_event(void *front, const struct seat_ev *ev)
{
	struct call *c = front;

	switch (ev->type) {
	case SEAT_MESSAGE:
		send_message(c, ev);
		break;
	case SEAT_RESULT:
		on_result(c, ev);
		break;
	case SEAT_ENDED:
		call_bye(c, ev->reason.code, ev->reason.text);
		break;
	case SEAT_JOINED:
	case SEAT_OCCUPANT_JOINED:
	case SEAT_OCCUPANT_CHANGED:
	case SEAT_OCCUPANT_LEFT:
	case SEAT_SUBJECT_SET:
	case SEAT_ROOM_CHANGED:
		break; /* told by the notifier */
	}
}

/* --- the session --- */

/* RFC 7701 §11: a client that knows nothing of chat rooms is told where it is.
 */
static void welcome_unaware(struct call *c)
{
	struct buf b = BUF_INIT(16384);
	const struct occupant *o;
	size_t it = 0, n = 0;

	buf_addf(&b,
		 "This is the chat room %.*s. Everybody in it reads what you "
		 "write. Here are: ",
		 STR_ARG(c->room_uri));
	while ((o = seat_roster(&c->seat, &it)) && n++ < 50)
		buf_addf(&b, "%s%.*s", n > 1 ? ", " : "", STR_ARG(o->nick));
	buf_addz(&b, o ? ", and others." : ".");
	if (!b.err)
		call_notice(c, buf_z(&b));
	buf_done(&b);
}

void call_ready(struct call *c)
{
	c->probe_ms = loop_now_ms(c->f->loop);
	if (c->confirmed)
		timer_cancel(c->f->loop, &c->timer);
	call_confirm(c);
	if (!seat_in_room(&c->seat))
		return;
	if (!c->peer.chatroom)
		welcome_unaware(c);
	call_flush(c);
}

static void on_bound(void *user)
{
	struct call *c = user;

	c->bound = true;
	if (!c->pathless) /* else its peer has not answered our offer */
		call_ready(c);
}

static void on_writable(void *user)
{
	tell_skipped(user);
}

static void lost_timeout(void *user)
{
	call_bye(user, REASON_LOST, STR("MSRP connection lost"));
}

static void on_closed(void *user, enum msrp_closed why)
{
	struct call *c = user;

	c->bound = false;
	c->lost = true;
	switch (why) {
	case MSRP_CLOSED_LOST:
	case MSRP_CLOSED_UNBOUND:
		/* a re-INVITE may bring it back (ABN-1) */
		timer_set(c->f->loop, &c->timer, LOST_TIMEOUT_MS, lost_timeout,
			  c);
		break;
	case MSRP_CLOSED_FAILED:
	case MSRP_CLOSED_ABUSE:
		call_bye(c, REASON_LOST, STR("MSRP session failed"));
		break;
	case MSRP_CLOSED_SLOW:
		call_bye(c, REASON_SLOW, STR_NONE);
		break;
	}
}

const struct msrp_session_ops call_msrp_ops = {
    .bound = on_bound,
    .message = on_message,
    .nickname = on_nickname,
    .writable = on_writable,
    .closed = on_closed,
};
