#include <stdlib.h>

#include "gateway/front_sip_asked.h"
#include "gateway/front_sip_dial.h"
#include "gateway/front_sip_guest.h"
#include "gateway/front_sip_keep.h"
#include "gateway/front_sip_message.h"
#include "gateway/front_sip_name.h"
#include "gateway/front_sip_refer.h"
#include "gateway/front_sip_subscription.h"
#include "gateway/hops.h"

#include "base/mem.h"
#include "base/uri.h"
#include "msrp/cpim.h"
#include "mapping/reason.h"

static void response(struct front_sip *f, const struct port_msg *m);

static void nowhere(void *user, const struct port_msg *m)
{
	response(user, m);
}

static void to_process(void *user, const struct port_msg *m)
{
	struct front_sip *f = user;

	f->cfg.send(f->cfg.user, m);
}

struct front_sip *front_sip_new(const struct front_sip_cfg *cfg)
{
	struct front_sip *f = mem_new(sizeof(*f));

	f->cfg = *cfg;
	f->loop = cfg->loop;
	f->log = loop_log(cfg->loop);
	f->dialogs = table_new();
	f->requests_by_id = table_new();
	TAILQ_INIT(&f->requests);
	TAILQ_INIT(&f->calls);
	f->unconfirmed = table_new();
	f->senders = table_new();
	TAILQ_INIT(&f->idle_senders);
	f->referrals = table_new();
	f->names = dialog_names_new(f->loop);
	f->guests = guests_new();
	f->watched = table_new();
	f->auth = auth_new();
	f->talkers = table_new();
	f->hops = hops_new(&(struct hops_cfg){
	    .loop = f->loop,
	    .dns = cfg->dns,
	    .config = cfg->config,
	    .send = to_process,
	    .answer = nowhere,
	    .user = f,
	});
	return f;
}

/* --- answers and requests --- */

void front_sip_answer(struct front_sip *f, const struct port_msg *req,
		      const struct answer *a)
{
	struct port_msg m = port_msg(PORT_ANSWER);

	m.req = req->req;
	m.dlg = req->dlg;
	m.status = a->status;
	m.expires = a->expires;
	if (a->phrase)
		m.f[PORT_F_REASON] = str_z(a->phrase);
	m.f[PORT_F_CONTACT] = a->contact;
	m.f[PORT_F_HEADERS] = a->headers;
	m.f[PORT_F_TYPE] = a->type;
	m.f[PORT_F_BODY] = a->body;
	f->cfg.send(f->cfg.user, &m);
}

void front_sip_refuse(struct front_sip *f, const struct port_msg *req,
		      int status, const char *why)
{
	struct answer a = ANSWER(status);

	if (status == 503)
		a.headers = STR(BUSY_RETRY);
	front_sip_refuse_with(f, req, &a, why);
}

void front_sip_refuse_with(struct front_sip *f, const struct port_msg *req,
			   const struct answer *a, const char *why)
{
	int status = a->status;

	f->stats.refused++;
	if (status >= 300 && status < 700)
		f->refused[status - 300]++;
	log_info(
	    f->log, "sip.refuse",
	    "dlg=%llx method=%.*s peer=%.*s from=%s uri=%s status=%d why=%s",
	    (unsigned long long)req->dlg, STR_ARG(req->f[PORT_F_METHOD]),
	    STR_ARG(req->f[PORT_F_PEER]), LOGQ(req->f[PORT_F_FROM]),
	    LOGQ(req->f[PORT_F_RURI]), status, LOGQ(str_z(why)));
	front_sip_answer(f, req, a);
}

struct dialog *dialog_new(struct front_sip *f, uint64_t id)
{
	struct dialog *d = mem_new(sizeof(*d));

	d->f = f;
	d->id = id;
	TAILQ_INIT(&d->subscriptions);
	TAILQ_INIT(&d->referrals);
	table_put(f->dialogs, id, d);
	return d;
}

void dialog_release(struct dialog *d)
{
	struct front_sip *f = d->f;

	if (d->call || d->requests || d->asked ||
	    !TAILQ_EMPTY(&d->subscriptions) || !TAILQ_EMPTY(&d->referrals))
		return;
	if (d->answered) {
		struct port_msg m = port_msg(PORT_FORGET);

		m.dlg = d->id;
		f->cfg.send(f->cfg.user, &m);
	}
	table_del(f->dialogs, d->id);
	dialog_names_drop(d);
	free(d->owner);
	free(d);
}

uint64_t dialog_send(struct dialog *d, struct subscription *s,
		     const struct port_msg *m)
{
	struct front_sip *f = d->f;
	struct request *r = mem_new(sizeof(*r));
	struct port_msg out = *m;

	r->id = f->cfg.request_id(f->cfg.user);
	r->dialog = d;
	r->subscription = s;
	d->requests++;
	TAILQ_INSERT_TAIL(&f->requests, r, link);
	table_put(f->requests_by_id, r->id, r);
	out.dlg = d->id;
	out.req = r->id;
	if (out.type == PORT_DIAL)
		hops_send(f->hops, &out);
	else
		f->cfg.send(f->cfg.user, &out);
	return r->id;
}

static void response(struct front_sip *f, const struct port_msg *m)
{
	struct request *r = table_del(f->requests_by_id, m->req);
	struct dialog *d;

	if (!r)
		return;
	d = r->dialog;
	TAILQ_REMOVE(&f->requests, r, link);
	if (r->subscription)
		subscription_response(r->subscription, m);
	else if (d->call && d->call->session_timer.request == r->id)
		session_timer_response(d->call, m);
	else if (d->call && d->call->renewal == r->id)
		call_renewed(d->call, m);
	else if (d->dial == r->id)
		dial_response(d, m);
	if (d->asked)
		asked_response(d, m);
	referral_response(d, r->id, m);
	free(r);
	d->requests--; /* it has kept the dialog so far */
	dialog_release(d);
}

/* --- addresses --- */

struct str user_key(struct arena *a, struct str uri)
{
	struct buf key = BUF_INIT(4096);
	ptrdiff_t at = str_find(uri, '@');
	struct str rest = str_from(uri, at < 0 ? 0 : (size_t)at);
	struct str out = STR_NONE;

	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] == ';' || rest.p[i] == '?') {
			uri.n -= rest.n - i;
			break;
		}
	if (uri_key(&key, uri) == 0)
		out = arena_dup(a, buf_str(&key));
	buf_done(&key);
	return out;
}

int front_sip_room(struct front_sip *f, struct str uri, struct arena *a,
		   struct str *room)
{
	struct buf out = BUF_INIT(4096), nick = BUF_INIT(4096);
	struct buf native = BUF_INIT(8192);
	enum back_kind kind;
	int status = 404;

	if (map_sip_to_room(uri, &out, &nick, &status) >= 0) {
		kind =
		    back_find(f->cfg.door, buf_str(&out), WORLD_SIP, &native);
		/* a room of ours goes by its own name (ADDR-28) */
		*room =
		    arena_dup(a, buf_str(kind == BACK_LOCAL ? &native : &out));
		status = nick.n || !room->n || kind == BACK_NONE ? 404 : 200;
	}
	buf_done(&native);
	buf_done(&out);
	buf_done(&nick);
	return status;
}

/* --- requests --- */

static void invite(struct front_sip *f, const struct port_msg *m)
{
	struct dialog *d = table_get(f->dialogs, m->dlg);

	if (d && d->call)
		call_update(d->call, m);
	else if (d)
		front_sip_refuse(f, m, 488, "a call can't join a subscription");
	else
		call_invite(f, dialog_begin(f, m), m);
}

static void bye(struct front_sip *f, const struct port_msg *m)
{
	struct dialog *d = table_get(f->dialogs, m->dlg);

	/* what the peer says of it: Reason: SIP;cause=200;text="Bye all" (RFC
	 * 3326) */
	if (d && d->call)
		call_ended(d->call, REASON_LEFT,
			   mime_param(m->f[PORT_F_SIP_REASON], STR("text")));
}

/* UPDATE without an offer refreshes the dialog; one with an offer belongs in a
 * re-INVITE here (RFC 3311 §5.2). */
static void update(struct front_sip *f, const struct port_msg *m)
{
	struct dialog *d = table_get(f->dialogs, m->dlg);
	struct answer a = ANSWER(200);
	struct buf headers = BUF_INIT(256);

	if (!d || !d->call) {
		front_sip_refuse(f, m, 481, "no call in this dialog");
	} else if (m->f[PORT_F_BODY].n) {
		front_sip_refuse(f, m, 488, "an offer goes into a re-INVITE");
	} else if (!session_timer_refuses(f, m)) {
		session_timer_answer(d->call, m, &headers);
		a.contact = d->call->contact;
		a.headers = buf_str(&headers);
		front_sip_answer(f, m, &a);
		call_keep(d->call);
	}
	buf_done(&headers);
}

static void subscribe(struct front_sip *f, const struct port_msg *m)
{
	struct dialog *d = table_get(f->dialogs, m->dlg);
	struct str event = m->f[PORT_F_EVENT];

	if (str_ieq(str_trim(str_split(&event, ';')), STR("refer")))
		refer_subscribe(f, d, m);
	else
		subscription_request(f, d, m);
}

static void notify(struct front_sip *f, const struct port_msg *m)
{
	struct dialog *d = table_get(f->dialogs, m->dlg);
	struct str event = m->f[PORT_F_EVENT];

	if (!d || !d->asked) /* RFC 6665 §4.1.3 */
		front_sip_refuse(f, m, 481, "no such subscription");
	else if (!str_ieq(str_trim(str_split(&event, ';')), STR("refer")))
		front_sip_refuse(f, m, 489, "not subscribed to that");
	else
		asked_notified(d, m);
}

static void not_allowed(struct front_sip *f, const struct port_msg *m)
{
	struct answer a = ANSWER(405);

	a.headers = STR("Allow: " SIP_ALLOW "\r\n");
	front_sip_answer(f, m, &a);
}

static void dispatch(struct front_sip *f, const struct port_msg *m)
{
	struct str method = m->f[PORT_F_METHOD];

	if (str_eq(method, STR("INVITE")))
		invite(f, m);
	else if (str_eq(method, STR("SUBSCRIBE")))
		subscribe(f, m);
	else if (str_eq(method, STR("REFER")))
		refer_request(f, table_get(f->dialogs, m->dlg), m);
	else if (str_eq(method, STR("OPTIONS")))
		options_request(f, m);
	else if (str_eq(method, STR("UPDATE")))
		update(f, m);
	else if (str_eq(method, STR("NOTIFY")))
		notify(f, m);
	else
		not_allowed(f, m);
}

static void request(struct front_sip *f, const struct port_msg *m)
{
	struct port_msg known = *m;
	struct arena *a;

	if (str_eq(m->f[PORT_F_METHOD], STR("BYE"))) {
		bye(f, m); /* the SIP process has answered it */
		return;
	}
	if (f->stopping) {
		front_sip_refuse(f, m, 503, "shutting down");
		return;
	}
	a = arena_new(4u << 20);
	if (auth_admit(f, &known, a))
		dispatch(f, &known);
	arena_free(a);
}

void front_sip_event(struct front_sip *f, const struct port_msg *m)
{
	struct dialog *d;

	switch (m->type) {
	case PORT_REQUEST:
		request(f, m);
		break;
	case PORT_CANCEL:
		call_cancelled(f, m);
		break;
	case PORT_ACK:
		d = table_get(f->dialogs, m->dlg);
		if (d && d->call)
			call_ack(d->call, m);
		break;
	case PORT_RESPONSE:
		if (!hops_response(f->hops, m))
			response(f, m);
		break;
	case PORT_PROGRESS:
		dial_progress(f, m);
		break;
	case PORT_DIALOG:
		d = table_get(f->dialogs, m->dlg);
		if (d)
			dialog_reported(d, m);
		break;
	case PORT_CONFIG:
	case PORT_SEED:
	case PORT_TOMBSTONE:
	case PORT_START:
	case PORT_ANSWER:
	case PORT_SEND:
	case PORT_DIAL:
	case PORT_HANG_UP:
	case PORT_FORGET:
	case PORT_BLOB:
	case PORT_PING:
	case PORT_STOP:
	case PORT_READY:
	case PORT_FAILED:
	case PORT_PONG:
		break; /* the child's keeper handles these */
	}
}

/* --- the end --- */

void front_sip_shutdown(struct front_sip *f)
{
	struct dialog *d;
	struct call *c, *next;

	f->stopping = true;
	for (c = TAILQ_FIRST(&f->calls); c; c = next) {
		next = TAILQ_NEXT(c, link);
		call_farewell(c, REASON_SHUTDOWN, STR_NONE);
		call_bye(c, REASON_SHUTDOWN, STR_NONE);
	}
	TABLE_FOREACH (f->dialogs, it, d) {
		struct subscription *s, *after;
		struct referral *r;

		for (s = TAILQ_FIRST(&d->subscriptions); s; s = after) {
			after = TAILQ_NEXT(s, link);
			subscription_end(s, "deactivated");
		}
		TAILQ_FOREACH (r, &d->referrals, link)
			referral_end(r, "deactivated");
	}
}

bool front_sip_busy(const struct front_sip *f)
{
	return !TAILQ_EMPTY(&f->requests);
}

void front_sip_free(struct front_sip *f)
{
	struct dialog *d;
	struct request *r;

	if (!f)
		return;
	f->cfg.keep = (struct keep){0};
	timer_cancel(f->loop, &f->return_timer);
	restore_free(f);
	free(f->returning);
	while ((r = TAILQ_FIRST(&f->requests))) {
		TAILQ_REMOVE(&f->requests, r, link);
		r->dialog->requests--;
		free(r);
	}
	TABLE_FOREACH (f->dialogs, it, d) {
		struct subscription *s;

		d->answered = false; /* nobody is left to forget it */
		d->requests++;	     /* keeps it for the next line */
		if (d->call)
			call_ended(d->call, REASON_SHUTDOWN, STR_NONE);
		while ((s = TAILQ_FIRST(&d->subscriptions)))
			subscription_free(s);
		while (!TAILQ_EMPTY(&d->referrals))
			referral_free(TAILQ_FIRST(&d->referrals));
		asked_free(d);
		d->requests = 0;
		dialog_release(d);
	}
	/* what was still told of those ends, in dialogs that are gone */
	while ((r = TAILQ_FIRST(&f->requests))) {
		TAILQ_REMOVE(&f->requests, r, link);
		free(r);
	}
	hops_free(f->hops);
	senders_free(f);
	dialog_names_free(f->names);
	guests_free(f->guests);
	table_free(f->watched);
	auth_free(f->auth);
	table_free(f->talkers);
	table_free(f->unconfirmed);
	table_free(f->referrals);
	table_free(f->dialogs);
	table_free(f->requests_by_id);
	free(f);
}

uint64_t front_sip_refused(const struct front_sip *f, int status)
{
	return status >= 300 && status < 700 ? f->refused[status - 300] : 0;
}

struct front_sip_stats front_sip_stats(const struct front_sip *f)
{
	struct front_sip_stats s = f->stats;

	s.calls = f->n_calls;
	s.subscriptions = f->n_subscriptions;
	return s;
}
