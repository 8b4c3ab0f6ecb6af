/* Session timers of calls to a focus (RFC 4028): one that has vanished without
 * a BYE is noticed, and it sees that we are still there. */
#include "base/random.h"
#include "gateway/back_sip_priv.h"

#define RETRY_LEAST_MS 10000

static void refresh(void *user);

/* RFC 4028 §10 */
static void expired(void *user)
{
	bs_call_anew(user, true);
}

static void arm(struct bs_leg *l)
{
	struct bs_timer *t = &l->session_timer;
	uint64_t lasts_ms = sip_timer_ms(t->interval_s);

	t->deadline_ms = loop_now_ms(l->b->loop) + lasts_ms;
	if (t->ours)
		timer_set(l->b->loop, &t->timer, t->interval_s * 1000ull / 2,
			  refresh, l);
	else
		timer_set(l->b->loop, &t->timer, lasts_ms, expired, l);
}

static uint64_t left_ms(const struct bs_leg *l)
{
	uint64_t now = loop_now_ms(l->b->loop);

	return l->session_timer.deadline_ms > now
		   ? l->session_timer.deadline_ms - now
		   : 0;
}

/* It lives on until its deadline; meanwhile we try again. */
static void try_later(struct bs_leg *l, const struct port_msg *m)
{
	struct bs_timer *t = &l->session_timer;
	uint64_t left = left_ms(l);

	if (m->status == 422 && sip_min_se(m) > t->min_se_s) {
		t->min_se_s = sip_min_se(m);
		if (t->interval_s < t->min_se_s)
			t->interval_s = t->min_se_s;
		refresh(l);
	} else if (t->update && (m->status == 405 || m->status == 501)) {
		t->update = false;
		refresh(l);
	} else if (m->status == 491) { /* RFC 3261 §14.1 */
		timer_set(l->b->loop, &t->timer, 2100 + random_u64() % 1900,
			  refresh, l);
	} else if (left >= RETRY_LEAST_MS) {
		timer_set(l->b->loop, &t->timer, left / 2, refresh, l);
	} else {
		timer_set(l->b->loop, &t->timer, left, expired, l);
	}
}

static void on_refreshed(void *user, const struct port_msg *m)
{
	struct bs_dialog *d = bs_dialog_of(user, m);

	if (m->type != PORT_RESPONSE || !d || !d->leg || d->leg->away.on)
		return;
	if (m->status / 100 == 2)
		bs_timer_response(d->leg, m);
	else if (m->status == 481 || m->status == 408)
		bs_call_anew(d->leg, m->status == 408);
	else
		try_later(d->leg, m);
}

static void ask(struct bs_leg *l, struct port_msg *m, uac_fn *fn)
{
	struct bs_timer *t = &l->session_timer;
	struct buf headers = BUF_INIT(256);

	sip_put_timer_wish(&headers,
			   t->interval_s ? t->interval_s : SIP_SESSION_S,
			   REFRESHER_UAC, t->min_se_s);
	m->f[PORT_F_HEADERS] = buf_str(&headers);
	bs_dialog_send(l->call, m, fn);
	buf_done(&headers);
}

void bs_timer_ask(struct bs_leg *l, struct port_msg *m, uac_fn *fn)
{
	m->f[PORT_F_METHOD] = STR("INVITE");
	m->f[PORT_F_TYPE] = STR("application/sdp");
	m->f[PORT_F_BODY] = str_z(l->sdp);
	ask(l, m, fn);
}

void bs_timer_probe(struct bs_leg *l)
{
	struct port_msg m = port_msg(PORT_SEND);

	m.f[PORT_F_METHOD] = STR("UPDATE");
	if (l->session_timer.update)
		ask(l, &m, on_refreshed);
	else /* the session description is the one that we sent last */
		bs_timer_ask(l, &m, on_refreshed);
}

static void refresh(void *user)
{
	struct bs_leg *l = user;

	timer_set(l->b->loop, &l->session_timer.timer, left_ms(l), expired, l);
	bs_timer_probe(l);
}

void bs_timer_response(struct bs_leg *l, const struct port_msg *m)
{
	struct bs_timer *t = &l->session_timer;
	enum refresher who = REFRESHER_NONE;
	uint32_t seconds;

	sip_note_update(m, &t->update);
	if (!sip_session_expires(m, &seconds, &who) || seconds < SIP_MIN_SE_S) {
		bs_timer_stop(l);
		return;
	}
	t->interval_s = seconds;
	t->ours = who != REFRESHER_UAS;
	arm(l);
}

bool bs_timer_answer(struct bs_leg *l, const struct port_msg *m,
		     struct buf *headers)
{
	struct bs_timer *t = &l->session_timer;
	struct port_msg more = port_msg(PORT_ANSWER);
	enum refresher who = REFRESHER_NONE;
	uint32_t seconds;

	sip_note_update(m, &t->update);
	if (!sip_session_expires(m, &seconds, &who))
		return true;
	if (seconds < SIP_MIN_SE_S && sip_supports_timer(m)) {
		more.f[PORT_F_HEADERS] = STR("Min-SE: 90\r\n");
		bs_answer(l->b, m, 422, &more);
		return false;
	}
	if (seconds < SIP_MIN_SE_S)
		return true;
	t->interval_s = seconds;
	t->ours = who == REFRESHER_UAS || !sip_supports_timer(m);
	sip_put_timer(headers, seconds,
		      t->ours ? REFRESHER_UAS : REFRESHER_UAC);
	arm(l);
	return true;
}

void bs_timer_stop(struct bs_leg *l)
{
	timer_cancel(l->b->loop, &l->session_timer.timer);
	l->session_timer.interval_s = 0;
}
