/* What users want of a conference: say something, change their nickname (RFC
 * 7702 §5.5, §5.6). */
#include <stdlib.h>

#include "base/err.h"
#include "base/precis.h"
#include "gateway/back_sip_priv.h"
#include "mapping/message.h"
#include "mapping/nick.h"
#include "mapping/reason.h"
#include "msrp/cpim.h"

#define NICK_MAX 1023
#define HELD_MS	 30000 /* as a SEND waits for its answer (X2S-40) */

static void result(struct bs_leg *l, uint64_t seat, const struct seat_cmd *cmd,
		   enum reason_code code)
{
	leg_result(l->leg, seat, cmd->op, (struct reason){.code = code},
		   cmd->msg);
}

/* --- messages --- */

/* Everybody in XMPP hears it when the switch has accepted it (X2S-37); a
 * private one goes to its addressee alone. */
static void reflect(struct bs_leg *l, struct message *m, uint64_t seat,
		    uint64_t op)
{
	struct leg_cause cause = {.seat = seat, .op = op};

	if (!m->private)
		leg_message(l->leg, m, str_z(l->nick), m->time_ms, false,
			    &cause);
	if (!l->ended)
		leg_result(l->leg, seat, op, (struct reason){0}, m);
}

/* X2S-40: after table C the leg may have ended, too. */
void bs_said(struct bs_leg *l, struct bs_op *o, int status)
{
	struct reason why = {.code = map_msrp_to_reason(status, false)};

	if (status == 200) {
		l->b->stats.messages_out++;
		bs_note_seen(l, o->mark);
		bs_sent_note(l, o->id, o->seat, o->msg, o->nick);
		reflect(l, o->msg, o->seat, o->op);
	} else {
		leg_result(l->leg, o->seat, o->op, why, o->msg);
	}
}

/* Whom it is for; empty: nobody who is there. */
static struct str addressee(struct bs_leg *l, const struct message *m)
{
	const struct occupant *o;

	if (!m->private)
		return l->room_uri;
	o = leg_by_id(l->leg, m->to);
	return o ? o->sip_uri : STR_NONE;
}

static enum reason_code send_entity(struct bs_leg *l, uint64_t seat,
				    uint64_t op, struct message *m,
				    struct str entity)
{
	const struct occupant *to =
	    m->private ? leg_by_id(l->leg, m->to) : NULL;
	struct blob *body = blob_new(entity);
	struct bs_op *o = bs_op_new(l, seat, op, m, to ? to->nick : STR_NONE);
	struct msrp_out out = {
	    .content_type = STR("message/cpim"),
	    .body = body,
	    .cookie = o ? o->id : 0,
	    .success_report = bs_receipt_wanted(m),
	};
	int err = o ? msrp_session_send(l->session, &out) : ERR_CONGESTED;
	struct cpim c;

	if (err == 0 && cpim_parse(entity, m->arena, &c) == 0)
		o->mark = bs_mark(&c);
	if (err == 0 && out.success_report)
		bs_receipt_await(l, o->id, m);
	blob_unref(body);
	if (err < 0 && o)
		bs_op_free(l, o);
	switch (err) {
	case 0:
		return REASON_OK;
	case ERR_TOO_BIG: /* BODY-28 */
		return REASON_TOO_BIG;
	case ERR_CONGESTED:
		return REASON_OVERLOAD;
	default:
		return REASON_LOST;
	}
}

static void await_overdue(struct bs_leg *l);

static void on_overdue(void *user)
{
	struct bs_leg *l = user;
	uint64_t now = loop_now_ms(l->b->loop);
	struct bs_op *o, *next;

	for (o = TAILQ_FIRST(&l->ops); o && !l->ended; o = next) {
		next = TAILQ_NEXT(o, link);
		if (o->held && now - o->since_ms >= HELD_MS)
			bs_op_fail(l, o, REASON_TIMEOUT);
	}
	if (!l->ended)
		await_overdue(l);
}

static void await_overdue(struct bs_leg *l)
{
	uint64_t now = loop_now_ms(l->b->loop), oldest = UINT64_MAX;
	const struct bs_op *o;

	TAILQ_FOREACH (o, &l->ops, link)
		if (o->held && o->since_ms < oldest)
			oldest = o->since_ms;
	if (oldest == UINT64_MAX)
		return;
	oldest += HELD_MS;
	timer_set(l->b->loop, &l->overdue, oldest > now ? oldest - now : 0,
		  on_overdue, l);
}

/* ERR-12: no more than a conference elsewhere may keep waiting, and not for
 * longer than the answer to a SEND may take. */
static enum reason_code hold(struct bs_leg *l, uint64_t seat, uint64_t op,
			     struct message *m, uint64_t since_ms)
{
	size_t octets = arena_used(m->arena);
	struct bs_op *o;

	if (l->held + octets > l->b->cfg.config->limits.leg_queue)
		return REASON_OVERLOAD;
	o = bs_op_new(l, seat, op, m, STR_NONE);
	if (!o)
		return REASON_OVERLOAD;
	o->held = true;
	o->octets = octets;
	o->since_ms = since_ms;
	l->held += octets;
	await_overdue(l);
	return REASON_OK;
}

/* Does the focus want to be sent anything at present? */
static bool listens(const struct bs_leg *l)
{
	return l->peer.direction == SDP_SENDRECV ||
	       l->peer.direction == SDP_RECVONLY;
}

/* X2S-36, X2S-49 */
static enum reason_code say(struct bs_leg *l, uint64_t seat, uint64_t op,
			    struct message *m, uint64_t since_ms)
{
	struct map_message_cfg map = {.room_elsewhere = true};
	struct str type = map_message_sip_type(m, &map), to;
	struct buf b = BUF_INIT(1u << 24);
	enum reason_code code = REASON_TOO_BIG;

	if (l->away.on || bs_move_holds(l, seat))
		return hold(l, seat, op, m, since_ms);
	if (m->private && !(l->peer.chatroom && l->peer.private_messages))
		return REASON_PRIVATE_OFF;
	to = addressee(l, m);
	if (!to.n)
		return REASON_NO_OCCUPANT;
	if (m->private && m->receipt_of.n)
		bs_receipt_came(l, m);
	if (!type.n) { /* nothing of it is for SIP users (X2S-45) */
		reflect(l, m, seat, op);
		return REASON_OK;
	}
	if (!listens(l)) /* RFC 3264 §8.4 */
		return REASON_ON_HOLD;
	if (!sdp_takes(&l->peer, type))
		return REASON_BAD_TYPE;
	m->time_ms = loop_wall_ms(l->b->loop);
	if (map_message_to_cpim(&b, m, (struct cpim_addr){STR_NONE, l->from},
				(struct cpim_addr){STR_NONE, to}, &map) &&
	    !b.err)
		code = send_entity(l, seat, op, m, buf_str(&b));
	buf_done(&b);
	return code;
}

static void on_say(struct bs_leg *l, uint64_t seat, const struct seat_cmd *cmd)
{
	enum reason_code code =
	    say(l, seat, cmd->op, cmd->msg, loop_now_ms(l->b->loop));

	if (code != REASON_OK && !l->ended)
		result(l, seat, cmd, code);
}

/* Of those up to this id. */
static struct bs_op *next_held(const struct bs_leg *l, uint64_t until)
{
	struct bs_op *o;

	TAILQ_FOREACH (o, &l->ops, link)
		if (o->held && o->id <= until)
			return o;
	return NULL;
}

/* One that must wait still, or again, comes behind the others. */
void bs_say_held(struct bs_leg *l)
{
	const struct bs_op *last = TAILQ_LAST(&l->ops, bs_ops);
	uint64_t until = last ? last->id : 0;
	struct bs_op *o, was;
	enum reason_code code;

	while (!l->ended && (o = next_held(l, until))) {
		was = *o;
		message_ref(was.msg);
		bs_op_free(l, o);
		code = say(l, was.seat, was.op, was.msg, was.since_ms);
		if (code != REASON_OK && !l->ended)
			leg_result(l->leg, was.seat, was.op,
				   (struct reason){.code = code}, was.msg);
		message_unref(was.msg);
	}
}

/* --- nickname, presence --- */

/* Has he another leg under that name? */
static bool has_other(const struct bs_leg *l, struct str nick)
{
	struct seat_join j = {.room = l->room, .user = l->user, .nick = nick};
	const struct bs_leg *other = bs_leg_find(l->b, &j);

	return other && other != l;
}

static enum reason_code ask_nick(struct bs_leg *l, uint64_t seat, uint64_t op,
				 struct str nick)
{
	struct buf value = BUF_INIT(MSRP_NICKNAME_VALUE_MAX);
	struct bs_op *o;
	int err;

	if (l->away.on)
		return REASON_TIMEOUT;
	if (!l->peer.chatroom || !l->peer.nickname)
		return REASON_NICK_OFF;
	if (leg_n_devices(l->leg) > 1 || has_other(l, nick))
		return bs_move_begin(l, seat, op, nick);
	o = bs_op_new(l, seat, op, NULL, nick);
	if (!o)
		return REASON_OVERLOAD;
	map_use_nickname(&value, nick);
	err = msrp_session_nickname(l->session, buf_str(&value), o->id);
	buf_done(&value);
	if (err == 0)
		return REASON_OK;
	bs_op_free(l, o);
	if (err == ERR_CONGESTED)
		return REASON_OVERLOAD;
	return err == ERR_STATE ? REASON_LOST : REASON_BAD_NICK;
}

static void on_nick(struct bs_leg *l, uint64_t seat, const struct seat_cmd *cmd)
{
	struct buf nick = BUF_INIT(NICK_MAX);

	if (precis_nickname(&nick, cmd->text) < 0) { /* NICK-1 */
		result(l, seat, cmd, REASON_BAD_NICK);
	} else if (str_eq(buf_str(&nick), str_z(l->nick))) {
		result(l, seat, cmd, REASON_OK);
	} else {
		enum reason_code code =
		    ask_nick(l, seat, cmd->op, buf_str(&nick));

		if (code != REASON_OK)
			result(l, seat, cmd, code);
	}
	buf_done(&nick);
}

/* A focus takes no presence of its participants: it is for the user's own
 * devices. */
static void on_presence(struct bs_leg *l, uint64_t seat,
			const struct seat_cmd *cmd)
{
	struct leg_cause cause = {.seat = seat, .op = cmd->op};

	free(l->show);
	free(l->status);
	l->show = str_dup(cmd->presence.show);
	l->status = str_dup(cmd->presence.status);
	bs_roster_put_self(l, &cause);
	if (!l->ended)
		result(l, seat, cmd, REASON_OK);
}

static void on_command(struct leg *leg, uint64_t seat,
		       const struct seat_cmd *cmd)
{
	struct bs_leg *l = leg_user(leg);

	switch (cmd->type) {
	case SEAT_SAY:
		on_say(l, seat, cmd);
		break;
	case SEAT_NICK:
		on_nick(l, seat, cmd);
		break;
	case SEAT_PRESENCE:
		on_presence(l, seat, cmd);
		break;
	case SEAT_INVITE:
		if (l->away.on)
			result(l, seat, cmd, REASON_TIMEOUT);
		else
			bs_refer(l, seat, cmd);
		break;
	case SEAT_SUBJECT: /* X2S-47 */
		result(l, seat, cmd, REASON_FORBIDDEN);
		break;
	case SEAT_UNLOCK:
		result(l, seat, cmd, REASON_OK);
		break;
	case SEAT_DESTROY: /* ADM-19 */
	case SEAT_KICK:
	case SEAT_AFFILIATION:
	case SEAT_ROLE:
	case SEAT_MODERATE:
	case SEAT_CONFIGURE:
	case SEAT_ASK_VOICE:
		result(l, seat, cmd, REASON_NOT_ALLOWED);
		break;
	case SEAT_DEVICE:
	case SEAT_LEAVE:
		break; /* the leg's own */
	}
}

static void on_left(struct leg *leg, const struct seat_cmd *cmd)
{
	struct reason why = {.code = cmd->code, .text = cmd->text};

	if (why.code == REASON_OK)
		why.code = REASON_LEFT;
	bs_end(leg_user(leg), why, true);
}

static void on_device_left(struct leg *leg, uint64_t seat)
{
	bs_move_left(leg_user(leg), seat);
}

const struct leg_ops bs_leg_ops = {on_command, on_left, on_device_left};
