/* Session timers (RFC 4028): a call whose peer has vanished without a BYE ends,
 * and every call shows the proxies on its way that it is still there. */
#include "gateway/front_sip_call.h"
#include "gateway/front_sip_keep.h"
#include "gateway/sip_words.h"

#include "base/err.h"
#include "base/random.h"

#define RETRY_LEAST_S 10

/* --- the clock --- */

static void refresh(void *user);

static void expired(void *user)
{
	call_bye(user, REASON_TIMEOUT, STR("session expired"));
}

static void arm(struct call *c)
{
	struct session_timer *t = &c->session_timer;
	uint64_t lasts_ms = sip_timer_ms(t->interval_s);

	t->request = 0;
	t->deadline_ms = loop_now_ms(c->f->loop) + lasts_ms;
	if (t->ours)
		timer_set(c->f->loop, &t->timer, t->interval_s * 1000ull / 2,
			  refresh, c);
	else
		timer_set(c->f->loop, &t->timer, lasts_ms, expired, c);
}

static uint64_t left_ms(struct call *c)
{
	uint64_t now = loop_now_ms(c->f->loop);
	uint64_t deadline = c->session_timer.deadline_ms;

	return deadline > now ? deadline - now : 0;
}

/* FOCUS-55. The session description of a re-INVITE is the one that we sent
 * last, so nothing else changes. */
static void refresh(void *user)
{
	struct call *c = user;
	struct session_timer *t = &c->session_timer;
	struct port_msg m = port_msg(PORT_SEND);
	struct buf headers = BUF_INIT(256);

	sip_put_timer_wish(&headers, t->interval_s, REFRESHER_UAC, t->min_se_s);
	m.f[PORT_F_METHOD] = t->update ? STR("UPDATE") : STR("INVITE");
	m.f[PORT_F_HEADERS] = buf_str(&headers);
	if (!t->update) {
		m.f[PORT_F_TYPE] = STR("application/sdp");
		m.f[PORT_F_BODY] = str_z(c->answer);
	}
	timer_set(c->f->loop, &t->timer, left_ms(c), expired, c);
	t->request = dialog_send(c->dialog, NULL, &m);
	buf_done(&headers);
}

void session_timer_resume(struct call *c)
{
	if (c->session_timer.interval_s)
		arm(c);
}

void session_timer_offer(const struct call *c, struct buf *headers)
{
	const struct session_timer *t = &c->session_timer;

	if (t->interval_s)
		sip_put_timer_wish(headers, t->interval_s,
				   t->ours ? REFRESHER_UAC : REFRESHER_UAS,
				   t->min_se_s);
}

void session_timer_stop(struct call *c)
{
	timer_cancel(c->f->loop, &c->session_timer.timer);
	c->session_timer.request = 0;
}

/* --- the peer's requests --- */

bool session_timer_refuses(struct front_sip *f, const struct port_msg *m)
{
	struct answer a = ANSWER(422);
	enum refresher who;
	uint32_t seconds;

	if (!sip_session_expires(m, &seconds, &who) ||
	    seconds >= SIP_MIN_SE_S || !sip_supports_timer(m))
		return false;
	a.headers = STR("Min-SE: 90\r\n");
	front_sip_answer(f, m, &a);
	return true;
}

void session_timer_answer(struct call *c, const struct port_msg *m,
			  struct buf *headers)
{
	struct session_timer *t = &c->session_timer;
	enum refresher who = REFRESHER_NONE;
	uint32_t seconds;

	sip_note_update(m, &t->update);
	t->min_se_s = sip_min_se(m);
	t->peer_supports = sip_supports_timer(m);
	if (!sip_session_expires(m, &seconds, &who))
		seconds =
		    t->min_se_s > SIP_SESSION_S ? t->min_se_s : SIP_SESSION_S;
	if (seconds < SIP_MIN_SE_S) {
		/* A proxy's wish that its client can't be told to raise. */
		session_timer_stop(c);
		return;
	}
	if (!t->peer_supports)
		who = REFRESHER_UAS;
	else if (who == REFRESHER_NONE)
		who = REFRESHER_UAC;
	t->interval_s = seconds;
	t->ours = who == REFRESHER_UAS;
	sip_put_timer(headers, seconds, who);
	arm(c);
}

/* --- the responses to ours --- */

uint64_t call_glare_ms(void)
{
	return 10 + random_u64() % 200 * 10;
}

static void refreshed(struct call *c, const struct port_msg *m)
{
	struct session_timer *t = &c->session_timer;
	enum refresher who = REFRESHER_NONE;
	uint32_t seconds;

	if (m->f[PORT_F_BODY].n && c->session && !c->lost &&
	    !call_answer(c, m->f[PORT_F_BODY])) {
		call_bye(c, REASON_UNSUPPORTED, STR("no usable answer"));
		return;
	}
	sip_note_update(m, &t->update);
	if (sip_session_expires(m, &seconds, &who) && seconds >= SIP_MIN_SE_S) {
		t->interval_s = seconds;
		t->ours = who != REFRESHER_UAS;
		arm(c);
	} else if (t->peer_supports) {
		session_timer_stop(c);
	} else { /* for our benefit alone, RFC 4028 §7.2 */
		arm(c);
	}
	call_keep(c);
}

/* The session lives on until its deadline; meanwhile we try again. */
static void try_later(struct call *c, const struct port_msg *m)
{
	struct session_timer *t = &c->session_timer;
	uint64_t left = left_ms(c), asked = sip_min_se(m);

	if (m->status == 422 && asked > t->min_se_s) {
		t->min_se_s = (uint32_t)asked;
		if (t->interval_s < t->min_se_s)
			t->interval_s = t->min_se_s;
		refresh(c);
	} else if (t->update && (m->status == 405 || m->status == 501)) {
		t->update = false;
		refresh(c);
	} else if (m->status == 491) {
		timer_set(c->f->loop, &t->timer, call_glare_ms(), refresh, c);
	} else if (left >= RETRY_LEAST_S * 1000) {
		timer_set(c->f->loop, &t->timer, left / 2, refresh, c);
	}
}

void session_timer_response(struct call *c, const struct port_msg *m)
{
	c->session_timer.request = 0;
	if (m->status / 100 == 2)
		refreshed(c, m);
	else if (m->status == 408 || m->status == 481)
		call_bye(c, REASON_TIMEOUT, STR("session expired"));
	else
		try_later(c, m);
}
