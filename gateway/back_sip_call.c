/* The call to a focus: INVITE and its outcome, its requests, BYE (RFC 7702
 * §5.1, §5.8). */
#include <stdlib.h>

#include "base/mem.h"
#include "gateway/back_sip_priv.h"
#include "mapping/reason.h"
#include "msrp/cpim.h"

#define ANSWER_MS 32000 /* X2S-20 */
#define BIND_MS	  32000

static void invite(struct bs_leg *l, const struct port_msg *refusal);

/* --- refusals --- */

static void put_text(struct buf *b, const struct port_msg *m, unsigned retry_s)
{
	/* where nobody answered, the reason says more than its phrase */
	if (!m->number[PORT_OURS])
		map_phrase(b, m->f[PORT_F_REASON]);
	if (retry_s)
		buf_addf(b, "%sretry after %u s", b->n ? ": " : "", retry_s);
}

/* A room as XMPP writes it, anything else as it is. */
static void put_venue(struct buf *b, struct str contact)
{
	int status;

	buf_addz(b, "xmpp:");
	if (map_sip_to_room(contact, b, NULL, &status) >= 0)
		return;
	buf_clear(b);
	buf_add(b, contact);
}

/* Table A, with the new address, and when to come again (ERR-5, ERR-6, ERR-7).
 */
void bs_call_refused(struct bs_leg *l, const struct port_msg *m)
{
	struct buf text = BUF_INIT(8192), venue = BUF_INIT(8192);
	struct reason why = {
	    .code = sip_refusal(m),
	    .retry_s = sip_retry_after(m),
	};

	if (m->status == 301 || m->status == 302)
		put_venue(&venue, m->f[PORT_F_CONTACT]);
	put_text(&text, m, why.retry_s);
	why.venue = buf_str(&venue);
	why.text = buf_str(&text);
	log_info(l->b->log, "back_sip.refused",
		 "room=%s user=%s status=%d why=%s", LOGQ(l->room),
		 LOGQ(l->user), m->status, LOGQ(m->f[PORT_F_REASON]));
	if (why.retry_s)
		bs_block(l, why);
	if (l->away.on)
		bs_away_refused(l, m);
	else
		bs_end(l, why, false);
	buf_done(&text);
	buf_done(&venue);
}

/* RFC 4028 §7.3: once, with the interval that is wanted. */
static bool try_longer(struct bs_leg *l, const struct port_msg *m)
{
	struct bs_timer *t = &l->session_timer;

	if (m->status != 422 || sip_min_se(m) <= t->min_se_s)
		return false;
	t->min_se_s = sip_min_se(m);
	if (t->interval_s < t->min_se_s)
		t->interval_s = t->min_se_s;
	invite(l, m);
	return true;
}

/* --- the answer --- */

static void no_session(void *user)
{
	bs_end_code(user, REASON_TIMEOUT, "no MSRP connection");
}

static void answered(struct bs_leg *l, const struct port_msg *m)
{
	struct back_sip *b = l->b;

	if (!str_ieq(mime_type(m->f[PORT_F_TYPE]), STR("application/sdp")) ||
	    !bs_sdp_answer(l, m->f[PORT_F_BODY])) {
		bs_end_code(l, REASON_NOT_ACCEPTED, "no usable answer");
		return;
	}
	bs_timer_response(l, m);
	bs_away_goes_on(l);
	l->state = BS_CONNECTING;
	timer_set(b->loop, &l->timer, BIND_MS, no_session, l);
	bs_connect(l);
}

static void bye(struct bs_dialog *d, struct reason why)
{
	struct port_msg m = port_msg(PORT_SEND);
	struct buf header = BUF_INIT(4096);

	m.f[PORT_F_METHOD] = STR("BYE");
	if (why.code != REASON_OK) {
		buf_addz(&header, "Reason: ");
		sip_reason(&header, map_reason_to_sip(why.code),
			   why.text.n ? why.text
				      : str_z(reason_text(why.code)));
		buf_addz(&header, "\r\n");
	}
	m.f[PORT_F_HEADERS] = buf_str(&header);
	bs_dialog_end(d, &m);
	buf_done(&header);
}

static void on_outcome(void *user, const struct port_msg *m)
{
	struct bs_dialog *d = bs_dialog_responded(user, m);
	struct bs_leg *l = d ? d->leg : NULL;

	if (!d)
		return;
	if (m->status / 100 == 2) {
		bs_dialog_made(d, m);
		if (l)
			answered(l, m);
		else /* it crossed our CANCEL (X2S-19) */
			bye(d, (struct reason){.code = REASON_LEFT});
		return;
	}
	if (l && try_longer(l, m))
		return;
	if (l)
		l->call = NULL;
	bs_dialog_free(d);
	if (l)
		bs_call_refused(l, m);
}

/* --- INVITE --- */

static void no_answer(void *user)
{
	struct bs_leg *l = user;

	bs_end(l, (struct reason){.code = REASON_TIMEOUT}, true);
}

/* Again after a refusal, or (NULL) for the first time. The second one has the
 * Call-ID of the first (RFC 3261 §8.1.3.5). */
static void invite(struct bs_leg *l, const struct port_msg *refusal)
{
	struct port_msg m = port_msg(PORT_DIAL);
	struct buf headers = BUF_INIT(512);

	if (refusal && refusal->f[PORT_F_CALL_ID].n) {
		m.cseq = refusal->cseq;
		m.f[PORT_F_CALL_ID] = refusal->f[PORT_F_CALL_ID];
		m.f[PORT_F_FROM] = refusal->f[PORT_F_FROM];
	}
	sip_put_timer_wish(&headers, l->session_timer.interval_s,
			   REFRESHER_NONE, l->session_timer.min_se_s);
	m.f[PORT_F_RURI] = l->room_uri;
	m.f[PORT_F_HEADERS] = buf_str(&headers);
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = str_z(l->sdp);
	bs_dialog_begin(l->call, &m, on_outcome);
	buf_done(&headers);
}

void bs_call_begin(struct bs_leg *l)
{
	l->call = bs_dialog_new(l, BS_CALL);
	l->session_timer.interval_s = SIP_SESSION_S;
	l->session_timer.min_se_s = SIP_MIN_SE_S;
	timer_set(l->b->loop, &l->timer, ANSWER_MS, no_answer, l);
	invite(l, NULL);
}

void bs_call_end(struct bs_leg *l, struct reason why, bool say)
{
	struct bs_dialog *d = l->call;

	l->call = NULL;
	if (!d)
		return;
	d->leg = NULL;
	if (!d->made)
		uac_hang_up(l->b->uac, d->request); /* its outcome ends it */
	else if (say)
		bye(d, why);
	else
		bs_dialog_free(d);
}

/* --- what the focus wants --- */

/* X2S-31 */
static void on_bye(struct bs_leg *l, const struct port_msg *m)
{
	struct str text = STR_NONE;
	int cause = sip_reason_read(m->f[PORT_F_SIP_REASON], &text);
	struct buf clean = BUF_INIT(1024);
	struct reason why = {.code = map_bye_to_reason(cause)};

	map_phrase(&clean, text);
	why.text = buf_str(&clean);
	bs_end(l, why, false);
	buf_done(&clean);
}

static void on_reinvite(struct bs_leg *l, const struct port_msg *m)
{
	struct port_msg more = port_msg(PORT_ANSWER);
	struct buf headers = BUF_INIT(512);
	bool offer = m->f[PORT_F_BODY].n > 0, fresh = false;
	int status = 200;

	if (offer &&
	    !str_ieq(mime_type(m->f[PORT_F_TYPE]), STR("application/sdp")))
		status = 415;
	else if (offer)
		status = bs_sdp_reoffer(l, m->f[PORT_F_BODY], &fresh);
	if (status != 200) {
		if (status == 415) /* RFC 3261 §21.4.13 */
			more.f[PORT_F_HEADERS] =
			    STR("Accept: application/sdp\r\n");
		bs_answer(l->b, m, status, &more);
	} else if (bs_timer_answer(l, m, &headers)) {
		more.f[PORT_F_HEADERS] = buf_str(&headers);
		more.f[PORT_F_CONTACT] = l->contact;
		more.f[PORT_F_TYPE] = STR("application/sdp");
		more.f[PORT_F_BODY] = str_z(l->sdp);
		bs_answer(l->b, m, 200, &more);
		bs_away_offered(l, fresh);
	}
	buf_done(&headers);
}

static void on_update(struct bs_leg *l, const struct port_msg *m)
{
	struct port_msg more = port_msg(PORT_ANSWER);
	struct buf headers = BUF_INIT(512);

	if (m->f[PORT_F_BODY].n) {
		bs_answer(l->b, m, 488, NULL);
	} else if (bs_timer_answer(l, m, &headers)) {
		more.f[PORT_F_HEADERS] = buf_str(&headers);
		more.f[PORT_F_CONTACT] = l->contact;
		bs_answer(l->b, m, 200, &more);
	}
	buf_done(&headers);
}

void bs_call_request(struct bs_leg *l, const struct port_msg *m)
{
	struct port_msg more = port_msg(PORT_ANSWER);
	struct str method = m->f[PORT_F_METHOD];

	if (str_eq(method, STR("BYE"))) {
		on_bye(l, m); /* the SIP process has answered it */
	} else if (str_eq(method, STR("INVITE"))) {
		on_reinvite(l, m);
	} else if (str_eq(method, STR("UPDATE"))) {
		on_update(l, m);
	} else if (str_eq(method, STR("OPTIONS"))) {
		bs_answer(l->b, m, 200, NULL);
	} else if (str_eq(method, STR("REFER"))) {
		bs_answer(l->b, m, 603, NULL);
	} else {
		more.f[PORT_F_HEADERS] = STR("Allow: " SIP_ALLOW "\r\n");
		bs_answer(l->b, m, 405, &more);
	}
}

void bs_call_ack(struct bs_leg *l, const struct port_msg *m)
{
	if (m->status == 408) /* RFC 3261 §14.2 */
		bs_call_anew(l, true);
	else if (l->state != BS_CALLING && l->session && !l->bound && !l->reach)
		bs_connect(l);
}
