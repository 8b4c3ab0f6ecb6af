/* The MSRP session with a switch: bound, named, lost (RFC 7702 §5.1, §5.2,
 * RFC 7701 §7). */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "gateway/back_sip_priv.h"
#include "mapping/nick.h"
#include "mapping/reason.h"

/* Of one leg that wait for an answer, each as long as MSRP's requests: nobody
 * types as much. */
#define OPS_MAX	  256
#define NAMES_MAX 9 /* nick2 to nick9 (NICK-7) */

struct bs_op *bs_op_new(struct bs_leg *l, uint64_t seat, uint64_t op,
			struct message *msg, struct str nick)
{
	struct bs_op *o;

	if (l->n_ops == OPS_MAX)
		return NULL;
	o = mem_new(sizeof(*o));
	o->id = ++l->b->last_op;
	o->seat = seat;
	o->op = op;
	o->msg = msg ? message_ref(msg) : NULL;
	o->nick = str_dup(nick);
	TAILQ_INSERT_TAIL(&l->ops, o, link);
	l->n_ops++;
	return o;
}

void bs_op_free(struct bs_leg *l, struct bs_op *o)
{
	TAILQ_REMOVE(&l->ops, o, link);
	l->n_ops--;
	l->held -= o->octets;
	message_unref(o->msg);
	free(o->nick);
	free(o);
}

void bs_op_pass(struct bs_leg *l, struct bs_op *o, struct bs_leg *to)
{
	TAILQ_REMOVE(&l->ops, o, link);
	l->n_ops--;
	l->held -= o->octets;
	TAILQ_INSERT_TAIL(&to->ops, o, link);
	to->n_ops++;
	to->held += o->octets;
}

void bs_op_fail(struct bs_leg *l, struct bs_op *o, enum reason_code why)
{
	struct bs_op was = *o;

	if (was.msg)
		message_ref(was.msg);
	bs_op_free(l, o);
	leg_result(l->leg, was.seat, was.op, (struct reason){.code = why},
		   was.msg);
	message_unref(was.msg);
}

/* --- the nickname of a join --- */

static void named(struct bs_leg *l)
{
	l->state = BS_WATCHING;
	bs_watch_begin(l);
}

static void ask_name(struct bs_leg *l, struct str nick)
{
	struct buf value = BUF_INIT(MSRP_NICKNAME_VALUE_MAX);
	struct bs_op *o = bs_op_new(l, 0, 0, NULL, nick);
	int err = ERR_CONGESTED;

	map_use_nickname(&value, nick);
	if (o)
		err = msrp_session_nickname(l->session, buf_str(&value), o->id);
	buf_done(&value);
	if (err == 0)
		return;
	if (o)
		bs_op_free(l, o);
	if (l->state == BS_OPEN) /* he has it, as far as we know */
		return;
	bs_end_code(l, err == ERR_CONGESTED ? REASON_OVERLOAD : REASON_BAD_NICK,
		    "");
}

/* NICK-7 */
static bool try_another(struct bs_leg *l)
{
	const struct domain_config *dom = bs_domain(l);
	struct buf nick = BUF_INIT(2048);

	if (!dom || !dom->rename_joiner || l->moving ||
	    l->names_tried >= NAMES_MAX - 1)
		return false;
	l->names_tried++;
	l->renamed = true;
	buf_addf(&nick, "%s%u", l->nick, l->names_tried + 1);
	ask_name(l, buf_str(&nick));
	buf_done(&nick);
	return true;
}

/* NICK-9: a switch that knows no nicknames does no harm. */
static void on_join_name(struct bs_leg *l, struct str nick, int status)
{
	if (status == 200) {
		l->named = true;
		bs_set_nick(l, nick);
		named(l);
	} else if (status == 501) {
		named(l);
	} else if (status == 425 && try_another(l)) {
		return;
	} else if (status == 425 && l->away.on) {
		/* maybe by what the focus knows of us still */
		bs_away_failed(l, STR("nickname taken"));
	} else {
		bs_end_code(l, map_msrp_to_reason(status, true), "");
	}
}

static void on_new_name(struct bs_leg *l, const struct bs_op *o, int status)
{
	struct leg_cause cause = {.seat = o->seat, .op = o->op};
	struct reason why = {.code = map_msrp_to_reason(status, true)};
	char *old = str_dup(str_z(l->nick));

	if (status == 200) {
		l->named = true;
		free(l->old_nick);
		l->old_nick = str_dup(str_z(old));
		bs_set_nick(l, str_z(o->nick));
		bs_roster_make_room(l, str_z(l->nick));
		leg_rename(l->leg, str_z(old), str_z(o->nick), &cause);
	}
	free(old);
	if (!l->ended)
		leg_result(l->leg, o->seat, o->op, why, NULL);
}

void bs_name(struct bs_leg *l)
{
	l->state = BS_NAMING;
	if (l->peer.chatroom && l->peer.nickname)
		ask_name(l, str_z(l->nick));
	else
		named(l);
}

/* --- the session --- */

static void on_bound(void *user)
{
	struct bs_leg *l = user;

	l->bound = true;
	l->bound_ms = loop_now_ms(l->b->loop);
	if (l->state == BS_CONNECTING || l->state == BS_NAMING) {
		timer_cancel(l->b->loop, &l->timer);
		bs_away_goes_on(l);
		bs_name(l);
		return;
	}
	if (l->named) /* after a restart of the focus */
		ask_name(l, str_z(l->nick));
	if (l->ended || !l->away.on)
		return;
	if (!l->watch.refused)
		bs_watch_again(l);
	bs_back(l);
}

static struct bs_op *find_op(struct bs_leg *l, uint64_t id)
{
	struct bs_op *o;

	TAILQ_FOREACH (o, &l->ops, link)
		if (o->id == id)
			return o;
	return NULL;
}

static void on_sent(void *user, uint64_t cookie, int status)
{
	struct bs_leg *l = user;
	struct bs_op *o = find_op(l, cookie);
	struct bs_op was;

	if (!o)
		return;
	was = *o;
	was.msg = o->msg ? message_ref(o->msg) : NULL;
	was.nick = str_dup(str_z(o->nick));
	bs_op_free(l, o);
	if (was.msg)
		bs_said(l, &was, status);
	else if (l->state == BS_NAMING)
		on_join_name(l, str_z(was.nick), status);
	else if (was.op || was.seat)
		on_new_name(l, &was, status);
	message_unref(was.msg);
	free(was.nick);
	if (!l->ended)
		bs_move_go_on(l);
}

/* X2S-31: the user is out, and is told so by 333, unless that can be mended. */
static void on_closed(void *user, enum msrp_closed why)
{
	struct bs_leg *l = user;

	l->bound = false;
	l->b->stats.lost++;
	switch (why) {
	case MSRP_CLOSED_UNTRUSTED:
		bs_end_code(l, REASON_UNTRUSTED, "");
		break;
	case MSRP_CLOSED_SLOW:
		bs_end_code(l, REASON_SLOW, "");
		break;
	case MSRP_CLOSED_LOST:
	case MSRP_CLOSED_UNBOUND:
		bs_lost(l);
		break;
	case MSRP_CLOSED_FAILED:
	case MSRP_CLOSED_ABUSE:
		bs_end_code(l, REASON_LOST, "MSRP connection lost");
		break;
	}
}

const struct msrp_session_ops bs_msrp_ops = {
    .bound = on_bound,
    .message = bs_on_message,
    .flow = bs_on_flow,
    .sent = on_sent,
    .undelivered = bs_on_undelivered,
    .reported = bs_on_reported,
    .closed = on_closed,
};
