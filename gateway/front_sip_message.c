/* From the user: CPIM messages and nicknames into the seat. */
#include "gateway/front_sip_dial.h"
#include "gateway/front_sip_draft.h"
#include "gateway/front_sip_keep.h"
#include "gateway/front_sip_long.h"
#include "gateway/front_sip_message.h"
#include "gateway/front_sip_private.h"
#include "gateway/front_sip_refer.h"
#include "gateway/front_sip_turn.h"

#include "mapping/message.h"
#include "mapping/reason.h"
#include "msrp/cpim.h"

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

/* An XMPP user by his own address, where the room shows it (PRIV-2). */
static const struct occupant *by_address(struct call *c, struct arena *a,
					 struct str uri)
{
	const struct occupant *o = NULL;
	struct buf jid = BUF_INIT(8192);
	struct room_info info;
	size_t it = 0;

	seat_info(&c->seat, &info);
	if (!info.non_anonymous)
		return NULL;
	if (back_local_jid(c->f->cfg.back, uri, &jid))
		o = seat_by_user(&c->seat, buf_str(&jid));
	buf_done(&jid);
	uri = o ? uri : bare_uri(a, uri);
	while (!o && (o = seat_roster(&c->seat, &it)))
		if (o->world != WORLD_XMPP || !str_eq(o->sip_uri, uri))
			o = NULL;
	return o;
}

/* A room of ours that he dialled as one elsewhere is called both (ADDR-28). */
static bool is_his_room(const struct call *c, struct str room)
{
	struct buf dialled = BUF_INIT(4096);
	int status;
	bool is = str_eq(room, c->room);

	if (!is && map_sip_to_room(c->dialled, &dialled, NULL, &status) >= 0)
		is = str_eq(room, buf_str(&dialled));
	buf_done(&dialled);
	return is;
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
	    is_his_room(c, buf_str(&room))) {
		if (!nick.n)
			found = 200;
		else
			o = seat_by_nick(&c->seat, buf_str(&nick));
	} else {
		o = user_called(c, user_key(a, uri));
		if (!o)
			o = draft_occupant(c, uri);
		if (!o)
			o = by_address(c, a, uri);
	}
	if (o) {
		*to = o->id;
		found = 200;
	}
	buf_done(&room);
	buf_done(&nick);
	return found;
}

/* Does the room's domain let content of this type through (CPIM-16)? */
static bool allowed_type(const struct call *c, struct str type)
{
	const struct domain_config *dom = call_domain(c);
	struct sdp_media ours = {.accept_types = STR("message/cpim")};

	if (!dom)
		return true;
	ours.accept_wrapped = str_z(dom->types);
	return sdp_takes(&ours, type);
}

int call_check_head(struct call *c, struct message *m, const struct cpim *cpim)
{
	int status;

	if (!allowed_type(c, cpim->content_type))
		return 415;
	if (cpim->n_from != 1 || !own_identity(c, m->arena, cpim->from.uri))
		return 403;
	if (cpim->n_to > 1 || cpim->n_cc)
		return 403;
	if (cpim->n_to == 0)
		return 404;
	status = find_target(c, m->arena, cpim->to.uri, &m->to);
	m->private = m->to != 0;
	m->form_type[WORLD_SIP] = mime_type(cpim->content_type);
	return status;
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
	status = call_check_head(c, m, &cpim);
	if (status != 200)
		return status;
	return map_cpim_to_message(&cpim, &map, m);
}

struct blob *call_report_entity(struct str message)
{
	struct arena *a = arena_new(65536);
	struct buf b = BUF_INIT(32768);
	struct blob *out = NULL;
	struct cpim c;

	if (cpim_parse_head(message, a, &c) > 0) {
		struct cpim_out report = {
		    .from = c.from,
		    .to = c.to,
		    .content_type = STR("text/plain"),
		};

		cpim_write(&b, &report);
		if (!b.err)
			out = blob_new(buf_str(&b));
	}
	buf_done(&b);
	arena_free(a);
	return out;
}

/* CHAT-34 */
static void prepare_report(struct call *c, msrp_tx tx, const struct message *m,
			   const struct msrp_message *in)
{
	struct blob *entity;

	if (!m->private || !in->success_report)
		return;
	entity = call_report_entity(blob_str(m->form[WORLD_SIP]));
	if (entity)
		msrp_session_report_with(c->session, tx, entity);
	blob_unref(entity);
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

bool call_takes_from(const struct call *c, struct str type)
{
	return str_ieq(type, STR("message/cpim")) ||
	       (c->plain && str_ieq(type, STR("text/plain")));
}

/* Refuses who says too much; the call may be over. */
static bool floods(struct call *c, msrp_tx tx)
{
	if (call_may_say(c))
		return false;
	reply(c, tx, 403, reason_text(REASON_FLOOD));
	call_said_too_much(c);
	return true;
}

void call_on_message(void *user, msrp_tx tx, const struct msrp_message *in)
{
	struct call *c = user;
	struct str type = mime_type(in->content_type);
	struct seat_cmd cmd = {.type = SEAT_SAY, .op = tx};
	struct message *m;
	int status;

	c->f->stats.messages_in++;
	call_confirm(c);
	if (floods(c, tx))
		return;
	if (str_ieq(type, STR("text/x-msrp-heartbeat"))) {
		reply(c, tx, 200, "");
		return;
	}
	if (!call_takes_from(c, type)) {
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
	} else {
		if (map_is_subject(m) && !m->private) {
			cmd.type = SEAT_SUBJECT;
		} else {
			prepare_report(c, tx, m, in);
			receipt_ask(c, tx, m, in->success_report);
		}
		cmd.msg = m;
		turn_take(c, &cmd);
	}
	message_unref(m);
}

/* Operation ids are transactions'; a NICKNAME's has this bit, to tell its
 * result. */
#define OP_NICKNAME (1ull << 63)

void call_on_nickname(void *user, msrp_tx tx, const struct msrp_nickname *n)
{
	struct call *c = user;
	struct seat_cmd cmd = {
	    .type = SEAT_NICK, .op = tx | OP_NICKNAME, .text = n->text};

	call_confirm(c);
	if (floods(c, tx))
		return;
	if (n->bad || (n->room.n && !draft_room_ours(c, n->room)))
		reply(c, tx, 424, "");
	else if (!seat_in_room(&c->seat))
		reply(c, tx, 403, "not in the room");
	else
		seat_command(&c->seat, &cmd);
}

void call_on_result(struct call *c, const struct seat_ev *ev)
{
	bool nickname = (ev->own_op & OP_NICKNAME) != 0;
	enum reason_code code = ev->reason.code;

	if (!nickname && ev->own_op & OP_REFER) {
		referral_tell(c->f, ev->own_op & ~OP_REFER,
			      map_reason_to_sip(code), STR_NONE);
		return;
	}
	if (!nickname && ev->own_op & OP_INVITE) {
		invite_done(c->f, ev->own_op & ~OP_INVITE, code);
		return;
	}
	if (!nickname && ev->own_op & OP_UPLOAD) {
		upload_result(c, ev->own_op & ~OP_UPLOAD, code);
		return;
	}
	if (!c->session || !ev->own_op)
		return;
	if (code == REASON_OK && ev->msg)
		sender_note(c->sender, ev->msg->client_id);
	if (ev->unsure)
		msrp_session_watch(c->session, ev->own_op);
	if (!nickname)
		receipt_note(c, ev->own_op, code);
	reply(c, ev->own_op & ~OP_NICKNAME,
	      nickname ? map_reason_to_nickname(code)
		       : map_reason_to_send(code),
	      code == REASON_OK ? "" : reason_text(code));
	if (nickname && code == REASON_OK)
		call_keep_nick(c);
}
