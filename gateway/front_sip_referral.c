/* The subscription that a REFER makes (RFC 3515 §2.4.4): one NOTIFY at once,
 * then at most one a second, the last with the final status. */
#include <stdlib.h>

#include "gateway/front_sip_refer.h"

#include "base/mem.h"
#include "mapping/reason.h"

#define INTERVAL_MS 1000

static const char *phrase_of(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} known[] = {
	    {100, "Trying"},
	    {200, "OK"},
	    {403, "Forbidden"},
	    {404, "Not Found"},
	    {408, "Request Timeout"},
	    {410, "Gone"},
	    {480, "Temporarily Unavailable"},
	    {486, "Busy Here"},
	    {487, "Request Terminated"},
	    {488, "Not Acceptable Here"},
	    {501, "Not Implemented"},
	    {503, "Service Unavailable"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].status == status)
			return known[i].phrase;
	return status < 300 ? "OK" : "Failed";
}

static void free_memory(void *p)
{
	free(p);
}

void referral_free(struct referral *r)
{
	timer_cancel(r->f->loop, &r->pace);
	timer_cancel(r->f->loop, &r->expiry);
	table_del(r->f->referrals, r->id);
	TAILQ_REMOVE(&r->dialog->referrals, r, link);
	defer_free(r->f->loop, r, free_memory);
}

static void notify_now(struct referral *r)
{
	struct port_msg m = port_msg(PORT_SEND);
	struct buf headers = BUF_INIT(256), body = BUF_INIT(256);
	uint64_t now = loop_now_ms(r->f->loop);
	unsigned left = r->expires_at_ms > now
			    ? (unsigned)((r->expires_at_ms - now) / 1000)
			    : 0;

	timer_cancel(r->f->loop, &r->pace);
	buf_addf(&headers, "Event: refer;id=%u\r\n", r->cseq);
	if (r->ended)
		buf_addf(&headers,
			 "Subscription-State: terminated;reason=%s\r\n",
			 r->ended);
	else
		buf_addf(&headers, "Subscription-State: active;expires=%u\r\n",
			 left);
	buf_addf(&body, "SIP/2.0 %d %s\r\n", r->status, r->phrase);
	m.f[PORT_F_METHOD] = STR("NOTIFY");
	m.f[PORT_F_HEADERS] = buf_str(&headers);
	m.f[PORT_F_TYPE] = STR("message/sipfrag;version=2.0");
	m.f[PORT_F_BODY] = buf_str(&body);
	r->told = r->status;
	r->last_ms = now;
	r->f->stats.notifies++;
	r->request = dialog_send(r->dialog, NULL, &m);
	buf_done(&headers);
	buf_done(&body);
}

static void pace_due(void *user)
{
	notify_now(user);
}

static void notify_soon(struct referral *r)
{
	uint64_t since = loop_now_ms(r->f->loop) - r->last_ms;

	if (r->request || r->told == r->status || timer_pending(&r->pace))
		return;
	timer_set(r->f->loop, &r->pace,
		  since >= INTERVAL_MS ? 0 : INTERVAL_MS - since, pace_due, r);
}

static void set_status(struct referral *r, int status, struct str phrase)
{
	struct buf b = BUF_INIT(sizeof(r->phrase) - 1);

	r->status = status;
	map_phrase(&b, phrase.n ? phrase : str_z(phrase_of(status)));
	if (b.err) {
		buf_clear(&b);
		buf_addz(&b, phrase_of(status));
	}
	snprintf(r->phrase, sizeof(r->phrase), "%.*s", STR_ARG(buf_str(&b)));
	buf_done(&b);
}

void referral_tell(struct front_sip *f, uint64_t id, int status,
		   struct str phrase)
{
	struct referral *r = id ? table_get(f->referrals, id) : NULL;

	if (!r || r->ended || status == r->status)
		return;
	set_status(r, status, phrase);
	if (status >= 200)
		r->ended = "noresource";
	notify_soon(r);
}

void referral_end(struct referral *r, const char *why)
{
	if (!r->ended)
		r->ended = why;
	notify_now(r); /* the last one waits for nothing */
}

static void expired(void *user)
{
	struct referral *r = user;

	if (!r->ended)
		referral_end(r, "timeout");
}

static void live(struct referral *r, unsigned expires)
{
	if (expires > REFERRAL_EXPIRES_S)
		expires = REFERRAL_EXPIRES_S;
	r->expires_at_ms = loop_now_ms(r->f->loop) + expires * 1000ull;
	timer_set(r->f->loop, &r->expiry, expires * 1000ull, expired, r);
}

struct referral *referral_new(struct dialog *d, uint32_t cseq, bool later)
{
	struct front_sip *f = d->f;
	struct referral *r = mem_new(sizeof(*r));

	r->f = f;
	r->id = ++f->last_referral;
	r->dialog = d;
	r->cseq = cseq;
	TAILQ_INSERT_TAIL(&d->referrals, r, link);
	table_put(f->referrals, r->id, r);
	set_status(r, 100, STR_NONE);
	live(r, REFERRAL_EXPIRES_S);
	if (!later)
		notify_now(r);
	return r;
}

struct referral *referral_find(struct dialog *d, struct str event_id)
{
	struct referral *r;
	uint64_t id;

	if (str_u64(event_id, UINT32_MAX, &id) < 0)
		return NULL;
	TAILQ_FOREACH (r, &d->referrals, link)
		if (r->cseq == id && !(r->ended && r->told == r->status))
			return r;
	return NULL;
}

void referral_refresh(struct referral *r, unsigned expires)
{
	if (!expires) {
		referral_end(r, "timeout");
		return;
	}
	live(r, expires);
	notify_now(r);
}

void referral_response(struct dialog *d, uint64_t request,
		       const struct port_msg *m)
{
	struct referral *r;

	TAILQ_FOREACH (r, &d->referrals, link)
		if (r->request == request)
			break;
	if (!r)
		return;
	r->request = 0;
	if (m->status >= 300 || (r->ended && r->told == r->status))
		referral_free(r);
	else
		notify_soon(r);
}
