#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/err.h"
#include "base/net.h"
#include "base/random.h"
#include "sip/sip_priv.h"

#define ABANDONED_S 180 /* what the core has not answered by then */
#define UNACKED_S   40	/* nta's 32 s, and not told by it */
#define PORT_BUSY   (2 * PORT_BODY_MAX)

static bool makes_dialog(sip_method_t method)
{
	return method == sip_method_invite || method == sip_method_subscribe ||
	       method == sip_method_refer;
}

void uas_refuse(struct sipproc *p, nta_incoming_t *irq, int status,
		const char *phrase, const char *headers)
{
	nta_incoming_treply(
	    irq, status, phrase, SIPTAG_SERVER_STR(p->agent_name),
	    TAG_IF(headers && *headers, SIPTAG_HEADER_STR(headers)), TAG_END());
	nta_incoming_destroy(irq);
}

void uas_request_free(struct request *r)
{
	struct dialog *d = dialog_get(r->p, r->dlg);

	if (r->answered) {
		TAILQ_REMOVE(&r->p->unacked, r, link);
	} else {
		TAILQ_REMOVE(&r->p->waiting, r, link);
		table_del(r->p->requests, r->req);
	}
	if (d && d->invite == r)
		d->invite = NULL;
	if (r->tport)
		tport_unref(r->tport);
	nta_incoming_bind(r->irq, NULL, NULL);
	nta_incoming_destroy(r->irq);
	free(r);
}

/* Where it came from, as the core's trust rules want it. */
static void fill_source(su_home_t *home, struct port_msg *m,
			nta_incoming_t *irq, tport_t *tport)
{
	msg_t *msg = nta_incoming_getrequest(irq);
	su_sockaddr_t *su = msg_addr(msg);
	struct addr a = {.len = sizeof a.in6};
	char z[ADDR_TEXT_MAX];

	memcpy(&a.in6, su, sizeof su->su_sin6);
	if (su->su_family == AF_INET)
		a.len = sizeof a.in;
	m->f[PORT_F_PEER] = str_z(su_strdup(home, addr_text(&a, z)));
	msg_destroy(msg);
	if (tport)
		m->f[PORT_F_TRANSPORT] = str_z(tport_name(tport)->tpn_proto);
}

static void hand_over(struct request *r, const sip_t *sip)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	struct port_msg m = port_msg(PORT_REQUEST);

	m.dlg = r->dlg;
	m.req = r->req;
	m.new_dialog = r->new_dialog;
	values_fill(home, sip, &m);
	fill_source(home, &m, r->irq, r->tport);
	sipproc_report(r->p, &m);
	su_home_deinit(home);
}

static struct request *request_new(struct sipproc *p, nta_incoming_t *irq,
				   const sip_t *sip)
{
	struct request *r = mem_new(sizeof(*r));

	r->p = p;
	r->req = sipproc_id(p);
	r->irq = irq;
	r->tport = nta_incoming_transport(p->agent, irq, NULL);
	r->method = sip->sip_request->rq_method;
	r->cseq = sip->sip_cseq->cs_seq;
	r->until = su_now();
	r->until.tv_sec += ABANDONED_S;
	table_put(p->requests, r->req, r);
	TAILQ_INSERT_TAIL(&p->waiting, r, link);
	if (r->method == sip_method_invite)
		nta_incoming_bind(irq, invite_followed, r);
	return r;
}

/* Too busy, or about to end? */
static bool overloaded(struct sipproc *p, sip_method_t method, bool inside)
{
	if (p->stopping && method != sip_method_bye)
		return true;
	if (table_count(p->requests) >= p->max_requests ||
	    p->port.queued > PORT_BUSY)
		return true;
	return !inside && makes_dialog(method) &&
	       table_count(p->dialogs) >= p->max_dialogs;
}

/* Checks common to all requests: 0, or the status that it was refused with. */
static int refused(struct sipproc *p, nta_incoming_t *irq, const sip_t *sip,
		   bool inside)
{
	struct refusal r;

	guard_check(&r, sip, inside);
	if (r.status) {
		uas_refuse(p, irq, r.status, r.phrase, r.headers);
		return r.status;
	}
	if (overloaded(p, sip->sip_request->rq_method, inside)) {
		uas_refuse(p, irq, SIP_503_SERVICE_UNAVAILABLE,
			   "Retry-After: 5\r\n");
		return 503;
	}
	return 0;
}

/* A request of a dialog's beginning, sent again to a process that did not see
 * it. */
static void repeated(struct dialog *d, nta_incoming_t *irq, const sip_t *sip)
{
	struct request *r;

	if (d->dead) {
		uas_refuse(d->p, irq, SIP_481_NO_CALL, NULL);
		return;
	}
	nta_incoming_tag(irq, dialog_tag(d));
	dialog_came_by(d, irq);
	r = request_new(d->p, irq, sip);
	r->dlg = d->id;
	if (r->method == sip_method_invite)
		d->invite = r;
	hand_over(r, sip);
}

int uas_outside(void *user, nta_leg_t *leg, nta_incoming_t *irq,
		sip_t const *sip)
{
	struct sipproc *p = user;
	struct dialog *d;
	struct request *r;
	(void)leg;

	if (sip->sip_request->rq_method == sip_method_ack) {
		nta_incoming_destroy(irq);
		return 0;
	}
	if (refused(p, irq, sip, false))
		return 0;
	d = dialog_by_first(p, sip);
	if (d && makes_dialog(sip->sip_request->rq_method)) {
		repeated(d, irq, sip);
		return 0;
	}
	if (dial_is_own(p, sip)) { /* RFC 3261 §16.3 */
		uas_refuse(p, irq, SIP_482_LOOP_DETECTED, NULL);
		return 0;
	}
	nta_incoming_tag(irq, NULL);
	r = request_new(p, irq, sip);
	r->new_dialog = true;
	r->dlg = sipproc_id(p);
	hand_over(r, sip);
	return 0;
}

void uas_tell_refused(struct dialog *d, int status)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	m.dlg = d->id;
	m.req = sipproc_id(d->p);
	m.status = status;
	m.f[PORT_F_METHOD] = STR("NOTIFY");
	sipproc_report(d->p, &m);
}

static void inside_dead(struct dialog *d, nta_incoming_t *irq, const sip_t *sip)
{
	if (sip->sip_request->rq_method == sip_method_bye)
		uas_refuse(d->p, irq, SIP_200_OK, NULL);
	else
		uas_refuse(d->p, irq, SIP_481_NO_CALL, NULL);
}

int uas_inside(void *user, nta_leg_t *leg, nta_incoming_t *irq,
	       sip_t const *sip)
{
	struct dialog *d = user;
	struct sipproc *p = d->p;
	sip_method_t method = sip->sip_request->rq_method;
	struct request *r;
	char headers[64];
	int status;
	(void)leg;

	if (method == sip_method_ack) {
		invite_stray_ack(d, sip);
		nta_incoming_destroy(irq);
		return 0;
	}
	if (d->dead) {
		inside_dead(d, irq, sip);
		return 0;
	}
	status = refused(p, irq, sip, true);
	if (status) {
		if (method == sip_method_notify)
			uas_tell_refused(d, status);
		return 0;
	}
	if (method == sip_method_bye && d->hung_up) {
		/* the core may not have forgotten it yet */
		uas_refuse(p, irq, SIP_481_NO_CALL, NULL);
		return 0;
	}
	status = invite_crosses(d, sip);
	if (status) {
		snprintf(headers, sizeof headers, "Retry-After: %d\r\n",
			 (int)(random_u64() % 11));
		uas_refuse(p, irq, status, NULL,
			   status == 500 ? headers : NULL);
		return 0;
	}
	dialog_came_by(d, irq);
	r = request_new(p, irq, sip);
	r->dlg = d->id;
	hand_over(r, sip);
	if (method == sip_method_invite)
		d->invite = r;
	if (method == sip_method_bye) {
		/* The core has no say in it (RFC 3261 §15.1.2). */
		d->hung_up = true;
		nta_incoming_treply(irq, SIP_200_OK,
				    SIPTAG_SERVER_STR(p->agent_name),
				    TAG_END());
		uas_request_free(r);
	}
	return 0;
}

/* The new dialog's state: what the request says and what the answer adds. */
static int make_dialog(struct request *r, const struct port_msg *answer)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	msg_t *msg = nta_incoming_getrequest(r->irq);
	const sip_t *sip = sip_object(msg);
	struct port_msg m = port_msg(PORT_DIALOG);
	sip_to_t *to = sip_to_dup(home, sip->sip_to);
	const char *route = "";
	struct dialog *d;

	sip_to_tag(home, to, nta_incoming_gettag(r->irq));
	for (const sip_record_route_t *rr = sip->sip_record_route; rr;
	     rr = rr->r_next)
		route = su_sprintf(home, "%s%s%s", route, *route ? ", " : "",
				   value_of(home, rr).p);
	m.dlg = r->dlg;
	m.cseq = r->cseq;
	m.number[0] = 1;
	m.number[1] = r->cseq;
	m.f[PORT_F_CALL_ID] = str_z(sip->sip_call_id->i_id);
	m.f[PORT_F_LOCAL] = value_of(home, to);
	m.f[PORT_F_REMOTE] = value_of(home, sip->sip_from);
	m.f[PORT_F_ROUTE] = str_z(route);
	m.f[PORT_F_TARGET] = value_uri(home, sip->sip_contact->m_url);
	m.f[PORT_F_CONTACT] = answer->f[PORT_F_CONTACT];
	if (r->tport && tport_ident(r->tport))
		m.f[PORT_F_LISTEN] = str_z(tport_ident(r->tport));
	d = dialog_new(r->p, &m);
	if (d) {
		dialog_came_by(d, r->irq);
		sipproc_report(r->p, &m);
	}
	su_home_deinit(home);
	msg_destroy(msg);
	return d ? 0 : ERR_UNSUPPORTED;
}

static bool refreshes_target(sip_method_t method)
{
	return makes_dialog(method) || method == sip_method_update ||
	       method == sip_method_notify;
}

/* In a dialog: the peer's new target and CSeq, before the answer allows them.
 */
static void refresh(struct dialog *d, struct request *r, int status)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	msg_t *msg = nta_incoming_getrequest(r->irq);
	const sip_t *sip = sip_object(msg);
	struct str target = STR_NONE;

	if (status / 100 == 2 && refreshes_target(r->method) &&
	    guard_contact(sip->sip_contact)) {
		nta_leg_server_route(d->leg, NULL, sip->sip_contact);
		target = value_uri(home, sip->sip_contact->m_url);
	}
	dialog_report(d, nta_leg_get_seq(d->leg), target);
	su_home_deinit(home);
	msg_destroy(msg);
}

static int reply(struct request *r, const struct port_msg *m)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	struct str headers = m->f[PORT_F_HEADERS];
	bool full =
	    r->method == sip_method_invite || r->method == sip_method_options;
	char expires[24];
	int ret;

	snprintf(expires, sizeof expires, "%lld", (long long)m->expires);
	ret = nta_incoming_treply(
	    r->irq, m->status, value_z(home, m->f[PORT_F_REASON]),
	    SIPTAG_SERVER_STR(r->p->agent_name),
	    SIPTAG_CONTACT_STR(value_z(home, m->f[PORT_F_CONTACT])),
	    TAG_IF(full && !value_has_header(headers, STR("Allow")),
		   SIPTAG_ALLOW_STR(SIP_ALLOW)),
	    TAG_IF(full && !value_has_header(headers, STR("Supported")),
		   SIPTAG_SUPPORTED_STR(SIP_SUPPORTED)),
	    TAG_IF(full && !value_has_header(headers, STR("Allow-Events")),
		   SIPTAG_ALLOW_EVENTS_STR(SIP_ALLOW_EVENTS)),
	    TAG_IF(m->expires >= 0 &&
		       !value_has_header(headers, STR("Expires")),
		   SIPTAG_EXPIRES_STR(expires)),
	    SIPTAG_HEADER_STR(value_z(home, headers)),
	    SIPTAG_CONTENT_TYPE_STR(value_z(home, m->f[PORT_F_TYPE])),
	    TAG_IF(m->f[PORT_F_BODY].n, SIPTAG_PAYLOAD(sip_payload_create(
					    home, m->f[PORT_F_BODY].p,
					    (isize_t)m->f[PORT_F_BODY].n))),
	    TAG_END());
	su_home_deinit(home);
	return ret;
}

static void answered(struct request *r)
{
	struct dialog *d = dialog_get(r->p, r->dlg);

	r->answered = true;
	r->until = su_now();
	r->until.tv_sec += UNACKED_S;
	TAILQ_REMOVE(&r->p->waiting, r, link);
	TAILQ_INSERT_TAIL(&r->p->unacked, r, link);
	table_del(r->p->requests, r->req);
	if (d && d->invite == r)
		d->invite = NULL;
}

void uas_answer(struct sipproc *p, const struct port_msg *m)
{
	struct request *r = table_get(p->requests, m->req);
	struct dialog *d;

	if (!r) /* cancelled or given up meanwhile */
		return;
	if (m->status < 200) {
		reply(r, m);
		return;
	}
	d = dialog_get(p, r->dlg);
	if (d) {
		refresh(d, r, m->status);
	} else if (r->new_dialog && makes_dialog(r->method) &&
		   m->status / 100 == 2 && make_dialog(r, m) < 0) {
		nta_incoming_treply(r->irq, 400, "Bad Dialog",
				    SIPTAG_SERVER_STR(p->agent_name),
				    TAG_END());
		uas_request_free(r);
		return;
	}
	int failed = reply(r, m);
	if (failed || r->method != sip_method_invite || m->status >= 300)
		uas_request_free(r);
	else
		answered(r); /* its ACK is still to come */
	sipproc_maybe_done(p);
}

void uas_sweep(struct sipproc *p)
{
	su_time_t now = su_now();
	struct request *r;

	while ((r = TAILQ_FIRST(&p->waiting)) &&
	       su_time_cmp(r->until, now) <= 0) {
		log_warn(&p->log, "sip.unanswered", "req=%llx dlg=%llx",
			 (unsigned long long)r->req,
			 (unsigned long long)r->dlg);
		uas_request_free(r); /* nta answers 500 */
	}
	while ((r = TAILQ_FIRST(&p->unacked)) &&
	       su_time_cmp(r->until, now) <= 0)
		invite_followed(r, r->irq, NULL);
}

void uas_close(struct sipproc *p)
{
	while (!TAILQ_EMPTY(&p->waiting))
		uas_request_free(TAILQ_FIRST(&p->waiting));
	while (!TAILQ_EMPTY(&p->unacked))
		uas_request_free(TAILQ_FIRST(&p->unacked));
}
