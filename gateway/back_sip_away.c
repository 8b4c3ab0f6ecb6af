/* The MSRP connection to a switch has broken, or the focus knows our call no
 * more (it has started again, maybe). The user stays in the room for a while:
 * we ask for a new session by re-INVITE, or for a new call where the old one is
 * gone, and what he says meanwhile waits. What was under way has failed, for
 * nobody knows whether it arrived. */
#include "gateway/back_sip_priv.h"
#include "mapping/reason.h"
#include "msrp/cpim.h"

/* Before each attempt. A focus that starts again needs some seconds; and its
 * SIP connection may break a moment after this one, with what we sent on it. */
static const unsigned wait_ms[] = {200, 1000, 2000, 4000};
#define ATTEMPTS   (sizeof(wait_ms) / sizeof(wait_ms[0]))
#define ATTEMPT_MS 10000 /* as long as ABN-1 gives a caller */
#define SOON_MS	   30000 /* lost again within that: it goes on with waiting */

static void attempt(void *user);

static void give_up(struct bs_leg *l, struct str why)
{
	struct buf text = BUF_INIT(1024);

	buf_addz(&text, "MSRP connection lost");
	if (why.n) {
		buf_addz(&text, ": ");
		map_phrase(&text, why);
	}
	bs_end(l, (struct reason){.code = REASON_LOST, .text = buf_str(&text)},
	       true);
	buf_done(&text);
}

static void on_limit(void *user)
{
	give_up(user, STR_NONE);
}

static void next_attempt(struct bs_leg *l, struct str why)
{
	struct bs_away *a = &l->away;

	if (a->attempt == ATTEMPTS)
		give_up(l, why);
	else
		timer_set(l->b->loop, &a->timer, wait_ms[a->attempt++], attempt,
			  l);
}

/* --- re-INVITE --- */

static void connect_again(struct bs_leg *l, const struct port_msg *m)
{
	if (!str_ieq(mime_type(m->f[PORT_F_TYPE]), STR("application/sdp")) ||
	    !bs_sdp_answer(l, m->f[PORT_F_BODY])) {
		give_up(l, STR("no usable answer"));
		return;
	}
	bs_timer_response(l, m);
	bs_connect(l);
}

static void on_outcome(void *user, const struct port_msg *m)
{
	struct bs_dialog *d = bs_dialog_of(user, m);
	struct bs_leg *l = d ? d->leg : NULL;

	if (!l || m->type != PORT_RESPONSE || !l->away.asked)
		return;
	l->away.asked = false;
	if (!l->away.on) /* the focus was quicker, by an INVITE of its own */
		return;
	if (m->status / 100 == 2)
		connect_again(l, m);
	else if (m->status == 481)
		bs_call_anew(l);
	else if (m->status == 408 || m->status == 491 || m->status / 100 == 5)
		next_attempt(l, m->f[PORT_F_REASON]);
	else
		give_up(l, m->f[PORT_F_REASON]);
}

static void attempt(void *user)
{
	struct bs_leg *l = user;
	struct port_msg m = port_msg(PORT_SEND);

	timer_set(l->b->loop, &l->away.timer, ATTEMPT_MS, on_limit, l);
	if (bs_sdp_offer(l) != REASON_OK) {
		next_attempt(l, STR_NONE);
		return;
	}
	l->away.asked = true;
	bs_timer_ask(l, &m, on_outcome);
}

/* --- away, and back --- */

/* Nobody knows whether it was said. */
static void fail_sent(struct bs_leg *l)
{
	struct bs_op *o, *next;

	for (o = TAILQ_FIRST(&l->ops); o && !l->ended; o = next) {
		next = TAILQ_NEXT(o, link);
		if (!o->held)
			bs_op_fail(l, o, REASON_LOST);
	}
	if (!l->ended)
		bs_move_go_on(l);
}

static void begin(struct bs_leg *l)
{
	struct bs_away *a = &l->away;
	uint64_t now = loop_now_ms(l->b->loop);

	log_info(l->b->log, "back_sip.away", "room=%s user=%s", LOGQ(l->room),
		 LOGQ(l->user));
	a->on = true;
	a->asked = false;
	if (!a->back_ms || now - a->back_ms >= SOON_MS) {
		a->attempt = 0;
		a->anew = false;
	}
	bs_timer_stop(l);
	fail_sent(l);
}

void bs_lost(struct bs_leg *l)
{
	bool again = l->away.on;

	l->bound = false;
	if (l->state != BS_OPEN) {
		give_up(l, STR_NONE);
		return;
	}
	if (!again)
		begin(l);
	if (!l->ended)
		next_attempt(l, STR_NONE);
}

void bs_away_offered(struct bs_leg *l, bool fresh)
{
	if (l->away.on)
		timer_set(l->b->loop, &l->away.timer, ATTEMPT_MS, on_limit, l);
	else if (fresh)
		fail_sent(l);
}

void bs_back(struct bs_leg *l)
{
	struct bs_away *a = &l->away;

	if (!a->on)
		return;
	log_info(l->b->log, "back_sip.back", "room=%s user=%s", LOGQ(l->room),
		 LOGQ(l->user));
	a->on = false;
	a->back_ms = loop_now_ms(l->b->loop);
	bs_know_nothing(l);
	timer_cancel(l->b->loop, &a->timer);
	bs_say_held(l);
}

/* --- a new call --- */

void bs_call_anew(struct bs_leg *l)
{
	struct bs_away *a = &l->away;

	if (l->state != BS_OPEN) { /* nobody is in the room yet */
		bs_end_code(l, REASON_LOST, "the call is gone");
		return;
	}
	if (!a->on)
		begin(l);
	if (l->ended)
		return;
	if (a->anew) {
		give_up(l, STR_NONE);
		return;
	}
	a->anew = true;
	bs_know(l, l->seen, UINT64_MAX);
	bs_know_dated(l);
	bs_watch_end(l);
	bs_document_drop(l);
	l->watch = (struct bs_watch){0};
	bs_refer_end(l);
	if (l->call)
		bs_dialog_free(l->call);
	l->call = NULL;
	l->named = l->renamed = false;
	l->names_tried = 0;
	l->state = BS_CALLING;
	timer_set(l->b->loop, &a->timer, ATTEMPT_MS, on_limit, l);
	if (bs_sdp_offer(l) == REASON_OK)
		bs_call_begin(l);
	else
		give_up(l, STR_NONE);
}
