/* One of several clients of a user takes another nickname, and only that one
 * (NICK-10): it gets a call of its own, under the new name, and leaves the one
 * that it shares when that is open. Until then it stays where it is. */
#include <stdlib.h>

#include "base/mem.h"
#include "gateway/back.h"
#include "gateway/back_sip_priv.h"

#define BOTH_MS 10000 /* what one session had may come by the other */

struct bs_move {
	TAILQ_ENTRY(bs_move) link; /* of from */
	struct bs_leg *from, *to;
	uint64_t seat, op;
	bool ready; /* the new call is open but for that */
};

static struct bs_move *move_of(const struct bs_leg *l, uint64_t seat)
{
	struct bs_move *m;

	TAILQ_FOREACH (m, &l->moves, link)
		if (m->seat == seat)
			return m;
	return NULL;
}

static void move_free(struct bs_move *m)
{
	TAILQ_REMOVE(&m->from->moves, m, link);
	m->to->moving = NULL;
	free(m);
}

bool bs_move_holds(const struct bs_leg *l, uint64_t seat)
{
	const struct bs_move *m = move_of(l, seat);

	return m && m->ready;
}

/* --- the other call --- */

static void drop(struct bs_leg *l)
{
	bs_end(l, (struct reason){.code = REASON_LEFT}, true);
}

/* His, as he is in `from`; its strings are borrowed. */
static struct seat_join join_of(const struct bs_leg *from, uint64_t seat,
				struct str nick)
{
	const struct device *d = leg_device(from->leg, seat);

	return (struct seat_join){
	    .room = from->room,
	    .world = WORLD_XMPP,
	    .user = from->user,
	    .jid = from->user,
	    .device = d ? d->label : STR_NONE,
	    .nick = nick,
	    .presence = {.show = str_z(from->show),
			 .status = str_z(from->status)},
	};
}

static enum reason_code call(struct bs_leg *from, const struct seat_join *join,
			     struct bs_leg **out)
{
	struct back_sip *b = from->b;
	enum reason_code why;

	if (back_is_full(b->cfg.config, b->cfg.bridged, join) ||
	    b->stats.legs >= b->cfg.config->limits.dialogs)
		return REASON_OVERLOAD;
	why = bs_leg_begin(b, join, out);
	if (why == REASON_OK)
		bs_call_begin(*out);
	return why;
}

/* --- from one to the other --- */

/* What he said while he was held, in the new room: people have other ids. */
static void say_there(struct bs_leg *from, struct bs_leg *to, uint64_t seat)
{
	struct bs_op *o, *next;
	const struct occupant *whom;

	for (o = TAILQ_FIRST(&from->ops); o; o = next) {
		next = TAILQ_NEXT(o, link);
		if (o->seat != seat || !o->held)
			continue;
		if (o->msg->private) {
			whom = leg_by_id(from->leg, o->msg->to);
			whom = whom ? leg_by_nick(to->leg, whom->nick) : NULL;
			o->msg->to = whom ? whom->id : 0;
		}
		bs_op_pass(from, o, to);
	}
	bs_say_held(to);
}

static void go(struct bs_leg *from, struct bs_leg *to, uint64_t seat,
	       uint64_t op)
{
	bool same = str_eq(str_z(from->nick), str_z(to->nick));

	/* the conference has one name for all sessions of a user */
	if (same || !leg_move(from->leg, seat, to->leg, op)) {
		leg_result(from->leg, seat, op, (struct reason){0}, NULL);
		if (!leg_n_devices(to->leg))
			drop(to);
		return;
	}
	say_there(from, to, seat);
	if (!to->ended)
		leg_result(to->leg, seat, op, (struct reason){0}, NULL);
	if (!from->ended && !leg_n_devices(from->leg))
		drop(from);
}

/* What he has asked for there is answered there. */
static bool is_busy(const struct bs_leg *l, uint64_t seat)
{
	const struct bs_op *o;

	TAILQ_FOREACH (o, &l->ops, link)
		if (o->seat == seat && !o->held)
			return true;
	return false;
}

bool bs_move_waits(struct bs_leg *to)
{
	struct bs_move *m = to->moving;

	if (!m)
		return false;
	m->ready = true;
	return is_busy(m->from, m->seat);
}

void bs_move_done(struct bs_leg *to)
{
	struct bs_move *m = to->moving, was;

	if (!m)
		return;
	was = *m;
	move_free(m);
	bs_know(to, was.from->seen, loop_now_ms(to->b->loop) + BOTH_MS);
	go(was.from, was.to, was.seat, was.op);
}

void bs_move_go_on(struct bs_leg *from)
{
	struct bs_move *m = TAILQ_FIRST(&from->moves);

	while (m && !from->ended)
		if (m->ready && !is_busy(from, m->seat)) {
			bs_open(m->to);
			m = TAILQ_FIRST(&from->moves);
		} else {
			m = TAILQ_NEXT(m, link);
		}
}

/* --- begin and end --- */

enum reason_code bs_move_begin(struct bs_leg *l, uint64_t seat, uint64_t op,
			       struct str nick)
{
	struct seat_join join = join_of(l, seat, nick);
	struct bs_leg *to = bs_leg_find(l->b, &join);
	enum reason_code why;
	struct bs_move *m;

	if (move_of(l, seat))
		return REASON_TIMEOUT;
	if (to) { /* he has that name, too */
		if (to->state != BS_OPEN || to->away.on || is_busy(l, seat))
			return REASON_TIMEOUT;
		go(l, to, seat, op);
		return REASON_OK;
	}
	why = call(l, &join, &to);
	if (why != REASON_OK)
		return why;
	m = mem_new(sizeof(*m));
	*m = (struct bs_move){.from = l, .to = to, .seat = seat, .op = op};
	TAILQ_INSERT_TAIL(&l->moves, m, link);
	to->moving = m;
	return REASON_OK;
}

void bs_move_left(struct bs_leg *from, uint64_t seat)
{
	struct bs_move *m = move_of(from, seat);
	struct bs_leg *to = m ? m->to : NULL;

	if (!m)
		return;
	move_free(m);
	if (!leg_n_devices(to->leg))
		drop(to);
}

void bs_move_end(struct bs_leg *l, struct reason why)
{
	struct bs_move *m = l->moving, was;

	if (m) {
		was = *m;
		move_free(m);
		leg_result(was.from->leg, was.seat, was.op, why, NULL);
		if (!was.from->ended)
			bs_say_held(was.from);
	}
	while ((m = TAILQ_FIRST(&l->moves)))
		bs_move_left(l, m->seat);
}
