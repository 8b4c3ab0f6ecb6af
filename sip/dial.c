/* Requests of ours that make a dialog: INVITE (RFC 3261 §13.2), SUBSCRIBE and
 * REFER, whose first NOTIFY may come before their response (RFC 6665 §4.1.2.4,
 * §4.4.1). */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sip/sip_priv.h"

/* One that has no outcome yet. */
struct dialling {
	struct sipproc *p;
	uint64_t req, dlg;
	nta_outgoing_t *orq;
	nta_leg_t *early; /* hears NOTIFYs; NULL: there can be none */
	sip_method_t method;
	bool no_dialog; /* a REFER without a subscription (RFC 4488) */
	char *contact;	/* our header value: the dialog's later ones have it */
	char *uri, *route;    /* whom it is for, and by which way, or "" */
	char *name;	      /* its place in sipproc.own */
	su_timer_t *patience; /* until there is a first response; or NULL */
};

static void dialling_free(struct dialling *dl)
{
	struct sipproc *p = dl->p;

	table_del(p->dials, dl->req);
	if (table_get_str(p->own, str_z(dl->name)) == dl)
		table_del_str(p->own, str_z(dl->name));
	su_timer_destroy(dl->patience);
	nta_outgoing_destroy(dl->orq);
	nta_leg_destroy(dl->early);
	free(dl->contact);
	free(dl->uri);
	free(dl->route);
	free(dl->name);
	free(dl);
	sipproc_maybe_done(p);
}

static void on_silence(struct sipproc *p, su_timer_t *t, struct sipproc *arg)
{
	struct dialling *dl = (void *)arg;
	(void)t;

	if (nta_outgoing_status(dl->orq) >= 100) /* it keeps a 100 to itself */
		return;
	uac_outcome(p, dl->dlg, dl->req, SIP_408_REQUEST_TIMEOUT);
	dialling_free(dl);
}

static void wait_for(struct dialling *dl, uint32_t ms)
{
	dl->patience = su_timer_create(su_root_task(dl->p->root), ms);
	su_timer_set(dl->patience, on_silence, (void *)dl);
}

static bool routes_ok(const sip_t *sip)
{
	for (const sip_record_route_t *rr = sip->sip_record_route; rr;
	     rr = rr->r_next)
		if (!guard_target(rr->r_url))
			return false;
	return true;
}

/* In the order in which they are used, which is the received one for whom the
 * request came to (RFC 3261 §12.1). */
static struct str route_set(su_home_t *home, const sip_t *sip)
{
	const char *route = "";

	for (const sip_record_route_t *rr = sip->sip_record_route; rr;
	     rr = rr->r_next) {
		const char *one = value_of(home, rr).p, *comma;

		comma = *route ? ", " : "";
		route = sip->sip_request
			    ? su_sprintf(home, "%s%s%s", route, comma, one)
			    : su_sprintf(home, "%s%s%s", one, comma, route);
	}
	return str_z(route);
}

/* The dialog that this 2xx or NOTIFY makes. */
static struct dialog *make_dialog(struct dialling *dl, const sip_t *sip)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	struct port_msg m = port_msg(PORT_DIALOG);
	bool notify = sip->sip_request != NULL;
	const sip_from_t *local = notify ? sip->sip_to : sip->sip_from;
	const sip_to_t *remote = notify ? sip->sip_from : sip->sip_to;
	struct dialog *d;

	if (!guard_contact(sip->sip_contact) || !remote->a_tag ||
	    !routes_ok(sip))
		return NULL;
	m.dlg = dl->dlg;
	m.cseq = nta_outgoing_cseq(dl->orq);
	m.number[0] = m.cseq;
	m.number[1] = notify ? sip->sip_cseq->cs_seq : 0;
	m.f[PORT_F_CALL_ID] = str_z(sip->sip_call_id->i_id);
	m.f[PORT_F_LOCAL] = value_of(home, local);
	m.f[PORT_F_REMOTE] = value_of(home, remote);
	m.f[PORT_F_ROUTE] = route_set(home, sip);
	m.f[PORT_F_TARGET] = value_uri(home, sip->sip_contact->m_url);
	m.f[PORT_F_CONTACT] = str_z(dl->contact);
	if (dialog_same_host(str_z(dl->uri), m.f[PORT_F_TARGET]))
		m.f[PORT_F_PEER] = str_z(dl->route);
	d = dialog_new(dl->p, &m);
	if (d)
		sipproc_report(dl->p, &m);
	su_home_deinit(home);
	return d;
}

/* Callback of nta: a request that has the tag of one of ours. Of several
 * notifiers (forking) the first one counts. */
static int on_early(void *user, nta_leg_t *leg, nta_incoming_t *irq,
		    sip_t const *sip)
{
	struct dialling *dl = user;
	struct dialog *d = dialog_get(dl->p, dl->dlg);
	struct refusal r;

	guard_check(&r, sip, true);
	if (r.status) {
		uas_refuse(dl->p, irq, r.status, r.phrase, r.headers);
		return 0;
	}
	if (!d && sip->sip_request->rq_method == sip_method_notify)
		d = make_dialog(dl, sip);
	if (!d || !dialog_is_with(d, sip->sip_from->a_tag)) {
		uas_refuse(dl->p, irq, SIP_481_NO_CALL, NULL);
		return 0;
	}
	return uas_inside(d, leg, irq, sip);
}

/* A 2xx has come: is its dialog there, if it has one? */
static bool established(struct dialling *dl, const sip_t *sip)
{
	struct dialog *d = dialog_get(dl->p, dl->dlg);

	if (dl->no_dialog || d)
		return true;
	d = make_dialog(dl, sip);
	if (d && dl->method == sip_method_invite)
		invite_ack(d, dl->orq);
	/* a REFER's outcome counts even where nothing can follow it */
	return d || dl->method == sip_method_refer;
}

static int on_response(void *user, nta_outgoing_t *orq, sip_t const *sip)
{
	struct dialling *dl = user;
	int status =
	    sip ? sip->sip_status->st_status : nta_outgoing_status(orq);

	if (status < 200) {
		if (status > 100 && !nta_sip_is_internal(sip))
			sipproc_report_sip(dl->p, PORT_PROGRESS, dl->dlg,
					   dl->req, sip);
		return 0;
	}
	if (nta_sip_is_internal(sip)) {
		uac_outcome(dl->p, dl->dlg, dl->req, status,
			    uac_why(orq, status));
	} else if (status >= 300 || established(dl, sip)) {
		sipproc_report_sip(dl->p, PORT_RESPONSE, dl->dlg, dl->req, sip);
	} else {
		uac_outcome(dl->p, dl->dlg, dl->req, 502, "Bad Dialog");
	}
	dialling_free(dl);
	return 0;
}

/* A URI that nta can send to, or NULL. */
static url_t *target(su_home_t *home, struct str uri)
{
	char *z = value_z(home, uri);
	url_t *u = z ? url_make(home, z) : NULL;

	return u && guard_target(u) ? u : NULL;
}

/* Gives the request its Call-ID, From tag and CSeq, those of an earlier one if
 * the core says so; the dialog's own leg is made of them with the answer. */
static nta_leg_t *leg_new(su_home_t *home, struct dialling *dl,
			  const struct port_msg *m)
{
	bool hears = dl->method != sip_method_invite && !dl->no_dialog;
	char cseq[16];
	nta_leg_t *leg;

	snprintf(cseq, sizeof cseq, "%u", m->cseq);
	leg = nta_leg_tcreate(
	    dl->p->agent, hears ? on_early : NULL, hears ? dl : NULL,
	    SIPTAG_CALL_ID_STR(value_z(home, m->f[PORT_F_CALL_ID])),
	    TAG_IF(m->cseq, SIPTAG_CSEQ_STR(cseq)),
	    SIPTAG_FROM_STR(value_z(home, m->f[PORT_F_FROM])),
	    SIPTAG_TO_STR(value_z(home, m->f[PORT_F_TO])), TAG_END());
	if (leg)
		nta_leg_tag(leg, NULL);
	if (hears)
		dl->early = leg;
	return leg;
}

static nta_outgoing_t *create(struct dialling *dl, const struct port_msg *m)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	url_t *to = target(home, m->f[PORT_F_RURI]);
	url_t *route = target(home, m->f[PORT_F_ROUTE]);
	struct str headers = m->f[PORT_F_HEADERS];
	nta_outgoing_t *orq = NULL;
	nta_leg_t *leg;
	char expires[24];

	if (!to || (m->f[PORT_F_ROUTE].n && !route))
		goto out;
	leg = leg_new(home, dl, m);
	if (!leg)
		goto out;
	snprintf(expires, sizeof expires, "%lld", (long long)m->expires);
	orq = nta_outgoing_tcreate(
	    leg, on_response, dl, (url_string_t *)route, dl->method,
	    sip_method_name(dl->method, NULL), (url_string_t *)to,
	    SIPTAG_USER_AGENT_STR(dl->p->agent_name),
	    SIPTAG_CONTACT_STR(dl->contact), SIPTAG_ALLOW_STR(SIP_ALLOW),
	    TAG_IF(!value_has_header(headers, STR("Supported")),
		   SIPTAG_SUPPORTED_STR(SIP_SUPPORTED)),
	    SIPTAG_ALLOW_EVENTS_STR(SIP_ALLOW_EVENTS),
	    SIPTAG_EVENT_STR(value_z(home, m->f[PORT_F_EVENT])),
	    TAG_IF(m->expires >= 0, SIPTAG_EXPIRES_STR(expires)),
	    SIPTAG_HEADER_STR(value_z(home, headers)),
	    SIPTAG_CONTENT_TYPE_STR(value_z(home, m->f[PORT_F_TYPE])),
	    TAG_IF(m->f[PORT_F_BODY].n, SIPTAG_PAYLOAD(sip_payload_create(
					    home, m->f[PORT_F_BODY].p,
					    (isize_t)m->f[PORT_F_BODY].n))),
	    TAG_END());
	if (leg != dl->early)
		nta_leg_destroy(leg);
out:
	su_home_deinit(home);
	return orq;
}

static sip_method_t method_of(const struct port_msg *m)
{
	if (str_eq(m->f[PORT_F_METHOD], STR("REFER")))
		return sip_method_refer;
	if (str_eq(m->f[PORT_F_METHOD], STR("SUBSCRIBE")))
		return sip_method_subscribe;
	return sip_method_invite;
}

/* Has a block of header lines this one? */
static bool has_line(struct str headers, struct str line)
{
	while (headers.n)
		if (str_ieq(str_trim(str_split(&headers, '\n')), line))
			return true;
	return false;
}

/* The Call-ID, and our tag of it: a request has these only from us. */
static char *name_of(const sip_t *sip)
{
	struct buf b = BUF_INIT(SIZE_MAX);

	buf_addz(&b, sip->sip_from->a_tag ? sip->sip_from->a_tag : "");
	buf_addc(&b, ' ');
	buf_addz(&b, sip->sip_call_id->i_id);
	return buf_take(&b, NULL);
}

void dial(struct sipproc *p, const struct port_msg *m)
{
	struct dialling *dl;
	msg_t *request;

	if (table_get(p->dials, m->req))
		return;
	dl = mem_new(sizeof(*dl));
	dl->p = p;
	dl->req = m->req;
	dl->dlg = m->dlg;
	dl->method = method_of(m);
	dl->no_dialog = dl->method == sip_method_refer &&
			has_line(m->f[PORT_F_HEADERS], STR("Refer-Sub: false"));
	dl->contact = str_dup(m->f[PORT_F_CONTACT]);
	dl->uri = str_dup(m->f[PORT_F_RURI]);
	dl->route = str_dup(m->f[PORT_F_ROUTE]);
	dl->orq = create(dl, m);
	if (!dl->orq) {
		uac_outcome(p, m->dlg, m->req, 503, "Cannot Be Sent");
		nta_leg_destroy(dl->early);
		free(dl->contact);
		free(dl->uri);
		free(dl->route);
		free(dl);
		return;
	}
	table_put(p->dials, dl->req, dl);
	request = nta_outgoing_getrequest(dl->orq);
	dl->name = name_of(sip_object(request));
	msg_destroy(request);
	table_put_str(p->own, str_z(dl->name), dl);
	if (m->number[0])
		wait_for(dl, m->number[0]);
}

bool dial_is_own(const struct sipproc *p, const sip_t *sip)
{
	char *name = name_of(sip);
	bool own = table_get_str(p->own, str_z(name)) != NULL;

	free(name);
	return own;
}

void dial_hang_up(struct sipproc *p, uint64_t req)
{
	struct dialling *dl = table_get(p->dials, req);

	if (dl && dl->method == sip_method_invite)
		nta_outgoing_cancel(dl->orq);
}

void dial_close(struct sipproc *p)
{
	struct dialling *dl;

	TABLE_FOREACH (p->dials, it, dl)
		dialling_free(dl);
}
