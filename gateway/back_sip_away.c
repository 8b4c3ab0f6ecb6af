/* The MSRP connection to a switch has broken, or the focus knows our call no
 * more, or says nothing (it is starting again, maybe). The user stays in the
 * room for a while (limits { leg-away }): we ask for a new session by
 * re-INVITE, or for a new call where the old one is gone, again and again, and
 * what he says meanwhile waits. What was under way has failed, for nobody knows
 * whether it arrived. */
#include <stdlib.h>

#include "base/random.h"
#include "gateway/back_sip_priv.h"
#include "mapping/reason.h"
#include "msrp/cpim.h"

/* Before each attempt, the last one from then on. A focus that starts again
 * needs some seconds; and its SIP connection may break a moment after this one,
 * with what we sent on it. */
static const unsigned wait_ms[] = {200, 1000, 2000, 4000, 8000};
#define WAITS	   (sizeof(wait_ms) / sizeof(wait_ms[0]))
#define ATTEMPT_MS 10000 /* as long as ABN-1 gives a caller, for each step */
#define SOON_MS	   30000 /* lost again within that: it goes on with waiting */
#define SPREAD_MS  2000	 /* of those who may come again at one moment */

static void attempt(void *user);

static void give_up(struct bs_leg *l, struct str why)
{
	struct buf text = BUF_INIT(1024);

	buf_addz(&text, "connection to the conference lost");
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
	struct bs_leg *l = user;

	give_up(l, l->away.why ? str_z(l->away.why) : STR_NONE);
}

/* Not all who were in a room at the same moment. */
static uint64_t next_wait_ms(struct bs_away *a)
{
	unsigned n = a->attempt < WAITS ? a->attempt : WAITS - 1;
	uint64_t ms = wait_ms[n];

	a->attempt++;
	return ms * 3 / 4 + random_u64() % (ms / 2 + 1);
}

static void next_attempt(struct bs_leg *l, struct str why)
{
	bs_keep(&l->away.why, why);
	timer_set(l->b->loop, &l->away.timer, next_wait_ms(&l->away), attempt,
		  l);
}

/* May the same be granted in a while? */
static bool may_pass(int status)
{
	switch (status) {
	case 408:
	case 480:
	case 491:
	case 500:
	case 502:
	case 503:
	case 504:
		return true;
	}
	return false;
}

void bs_away_refused(struct bs_leg *l, const struct port_msg *m)
{
	if (may_pass(m->status))
		bs_away_failed(l, m->f[PORT_F_REASON]);
	else
		give_up(l, m->f[PORT_F_REASON]);
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
	bs_away_goes_on(l);
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
	else if (m->status == 481 || m->status == 408) /* RFC 3261 §12.2.1.2 */
		bs_call_anew(l, m->status == 408);
	else
		bs_call_refused(l, m);
}

/* --- attempts --- */

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

/* What was known of the call and its subscription goes. */
static void drop_call(struct bs_leg *l, bool bye)
{
	bs_know(l, l->seen, UINT64_MAX);
	bs_know_dated(l);
	bs_drop_heard(l); /* it is said again to the next session */
	bs_watch_end(l);
	bs_document_drop(l);
	l->watch = (struct bs_watch){0};
	bs_refer_end(l);
	timer_cancel(l->b->loop, &l->timer);
	bs_timer_stop(l);
	bs_session_drop(l);
	bs_call_end(l, (struct reason){.code = REASON_LOST}, bye);
	l->away.asked = false;
	l->named = l->renamed = false;
	l->names_tried = 0;
	l->state = BS_CALLING;
	fail_sent(l); /* a NICKNAME */
}

void bs_away_failed(struct bs_leg *l, struct str why)
{
	if (l->state != BS_OPEN || l->away.asked)
		drop_call(l, true);
	if (!l->ended)
		next_attempt(l, why);
}

static void on_silence(void *user)
{
	bs_away_failed(user, STR("no answer"));
}

void bs_away_goes_on(struct bs_leg *l)
{
	if (l->away.on)
		timer_set(l->b->loop, &l->away.timer, ATTEMPT_MS, on_silence,
			  l);
}

static void call_again(struct bs_leg *l)
{
	struct port_msg m = port_msg(PORT_SEND);

	bs_away_goes_on(l);
	if (bs_sdp_offer(l) != REASON_OK) {
		next_attempt(l, STR_NONE);
	} else if (l->state == BS_OPEN) {
		l->away.asked = true;
		bs_timer_ask(l, &m, on_outcome);
	} else {
		bs_call_begin(l);
	}
}

/* ERR-7 */
static void attempt(void *user)
{
	struct bs_leg *l = user;
	uint64_t blocked_ms = bs_blocked_ms(l);

	if (!blocked_ms) {
		call_again(l);
		return;
	}
	timer_set(l->b->loop, &l->away.timer,
		  blocked_ms + random_u64() % SPREAD_MS, attempt, l);
}

/* --- away, and back --- */

static void begin(struct bs_leg *l)
{
	struct bs_away *a = &l->away;
	uint64_t now = loop_now_ms(l->b->loop);
	uint64_t may_ms = l->b->cfg.config->limits.leg_away_s * 1000ull;

	log_info(l->b->log, "back_sip.away", "room=%s user=%s", LOGQ(l->room),
		 LOGQ(l->user));
	a->on = true;
	a->asked = false;
	a->since_ms = now;
	if (!a->back_ms || now - a->back_ms >= SOON_MS) {
		a->attempt = 0;
		a->spent_ms = 0;
	}
	bs_timer_stop(l);
	if (may_ms <= a->spent_ms) {
		on_limit(l);
		return;
	}
	timer_set(l->b->loop, &a->limit, may_ms - a->spent_ms, on_limit, l);
	fail_sent(l);
}

void bs_lost(struct bs_leg *l)
{
	l->bound = false;
	if (l->away.on) {
		bs_away_failed(l, STR_NONE);
	} else if (l->state != BS_OPEN) { /* nobody is in the room yet */
		give_up(l, STR_NONE);
	} else {
		begin(l);
		if (!l->ended)
			next_attempt(l, STR_NONE);
	}
}

void bs_away_offered(struct bs_leg *l, bool fresh)
{
	l->away.asked = false;
	if (l->away.on)
		bs_away_goes_on(l);
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
	a->spent_ms += a->back_ms - a->since_ms;
	bs_know_nothing(l);
	timer_cancel(l->b->loop, &a->timer);
	timer_cancel(l->b->loop, &a->limit);
	bs_say_held(l);
}

void bs_call_anew(struct bs_leg *l, bool bye)
{
	struct bs_away *a = &l->away;
	bool first = !a->on;

	if (first && l->state != BS_OPEN) { /* nobody is in the room yet */
		bs_end_code(l, REASON_LOST, "the call is gone");
		return;
	}
	if (first)
		begin(l);
	if (l->ended)
		return;
	drop_call(l, bye);
	if (l->ended)
		return;
	if (first && a->attempt) {
		next_attempt(l, STR_NONE);
	} else {
		a->attempt++;
		attempt(l);
	}
}
