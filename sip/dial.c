/* INVITEs of ours that make a dialog (RFC 3261 §13.2), and REFERs that make
 * none. */
#include <stdlib.h>

#include "base/mem.h"
#include "sip/sip_priv.h"

/* One that has no outcome yet. */
struct dialling {
	struct sipproc *p;
	uint64_t req, dlg;
	nta_outgoing_t *orq;
	sip_method_t method;
	char *contact; /* our header value: the dialog's later ones have it */
};

static void dialling_free(struct dialling *dl)
{
	struct sipproc *p = dl->p;

	table_del(p->dials, dl->req);
	nta_outgoing_destroy(dl->orq);
	free(dl->contact);
	free(dl);
	sipproc_maybe_done(p);
}

static void report_progress(struct dialling *dl, const sip_t *sip)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	struct port_msg m = port_msg(PORT_PROGRESS);

	values_fill(home, sip, &m);
	m.dlg = dl->dlg;
	m.req = dl->req;
	sipproc_report(dl->p, &m);
	su_home_deinit(home);
}

static bool routes_ok(const sip_t *sip)
{
	for (const sip_record_route_t *rr = sip->sip_record_route; rr;
	     rr = rr->r_next)
		if (!guard_target(rr->r_url))
			return false;
	return true;
}

/* The dialog of this 2xx; as for one that was made by the peer, its state has
 * the route set in the order in which it is used (RFC 3261 §12.1.2). */
static struct dialog *make_dialog(struct dialling *dl, const sip_t *sip)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	struct port_msg m = port_msg(PORT_DIALOG);
	const char *route = "";
	struct dialog *d = NULL;

	if (!guard_contact(sip->sip_contact) || !sip->sip_to->a_tag ||
	    !routes_ok(sip))
		return NULL;
	for (const sip_record_route_t *rr = sip->sip_record_route; rr;
	     rr = rr->r_next)
		route = su_sprintf(home, "%s%s%s", value_of(home, rr).p,
				   *route ? ", " : "", route);
	m.dlg = dl->dlg;
	m.cseq = nta_outgoing_cseq(dl->orq);
	m.number[0] = m.cseq;
	m.f[PORT_F_CALL_ID] = str_z(sip->sip_call_id->i_id);
	m.f[PORT_F_LOCAL] = value_of(home, sip->sip_from);
	m.f[PORT_F_REMOTE] = value_of(home, sip->sip_to);
	m.f[PORT_F_ROUTE] = str_z(route);
	m.f[PORT_F_TARGET] = value_uri(home, sip->sip_contact->m_url);
	m.f[PORT_F_CONTACT] = str_z(dl->contact);
	d = dialog_new(dl->p, &m);
	if (d)
		sipproc_report(dl->p, &m);
	su_home_deinit(home);
	return d;
}

static int on_response(void *user, nta_outgoing_t *orq, sip_t const *sip)
{
	struct dialling *dl = user;
	int status =
	    sip ? sip->sip_status->st_status : nta_outgoing_status(orq);
	struct dialog *d;

	if (status < 200) {
		if (status > 100 && !nta_sip_is_internal(sip))
			report_progress(dl, sip);
		return 0;
	}
	if (nta_sip_is_internal(sip)) {
		uac_outcome(dl->p, dl->dlg, dl->req, status,
			    sip_status_phrase(status));
	} else if (status >= 300 || dl->method != sip_method_invite) {
		uac_response(dl->p, dl->dlg, dl->req, sip);
	} else if ((d = make_dialog(dl, sip))) {
		invite_ack(d, orq);
		uac_response(dl->p, dl->dlg, dl->req, sip);
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

static nta_outgoing_t *create(struct dialling *dl, const struct port_msg *m)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	url_t *to = target(home, m->f[PORT_F_RURI]);
	url_t *route = target(home, m->f[PORT_F_ROUTE]);
	struct str headers = m->f[PORT_F_HEADERS];
	nta_outgoing_t *orq = NULL;
	nta_leg_t *leg;

	if (!to || (m->f[PORT_F_ROUTE].n && !route))
		goto out;
	/* gives the INVITE its Call-ID, From tag and CSeq; the dialog's own leg
	 * is made of them with the answer */
	leg = nta_leg_tcreate(dl->p->agent, NULL, NULL,
			      SIPTAG_FROM_STR(value_z(home, m->f[PORT_F_FROM])),
			      SIPTAG_TO_STR(value_z(home, m->f[PORT_F_TO])),
			      TAG_END());
	if (!leg)
		goto out;
	nta_leg_tag(leg, NULL);
	orq = nta_outgoing_tcreate(
	    leg, on_response, dl, (url_string_t *)route, dl->method,
	    dl->method == sip_method_invite ? "INVITE" : "REFER",
	    (url_string_t *)to, SIPTAG_USER_AGENT_STR(dl->p->agent_name),
	    SIPTAG_CONTACT_STR(dl->contact), SIPTAG_ALLOW_STR(SIP_ALLOW),
	    TAG_IF(!value_has_header(headers, STR("Supported")),
		   SIPTAG_SUPPORTED_STR(SIP_SUPPORTED)),
	    SIPTAG_ALLOW_EVENTS_STR(SIP_ALLOW_EVENTS),
	    SIPTAG_HEADER_STR(value_z(home, headers)),
	    SIPTAG_CONTENT_TYPE_STR(value_z(home, m->f[PORT_F_TYPE])),
	    TAG_IF(m->f[PORT_F_BODY].n, SIPTAG_PAYLOAD(sip_payload_create(
					    home, m->f[PORT_F_BODY].p,
					    (isize_t)m->f[PORT_F_BODY].n))),
	    TAG_END());
	nta_leg_destroy(leg);
out:
	su_home_deinit(home);
	return orq;
}

void dial(struct sipproc *p, const struct port_msg *m)
{
	struct dialling *dl;

	if (table_get(p->dials, m->req))
		return;
	dl = mem_new(sizeof(*dl));
	dl->p = p;
	dl->req = m->req;
	dl->dlg = m->dlg;
	dl->method = str_eq(m->f[PORT_F_METHOD], STR("REFER"))
			 ? sip_method_refer
			 : sip_method_invite;
	dl->contact = str_dup(m->f[PORT_F_CONTACT]);
	dl->orq = create(dl, m);
	if (!dl->orq) {
		uac_outcome(p, m->dlg, m->req, 503, "Cannot Be Sent");
		free(dl->contact);
		free(dl);
		return;
	}
	table_put(p->dials, dl->req, dl);
}

void dial_hang_up(struct sipproc *p, uint64_t req)
{
	struct dialling *dl = table_get(p->dials, req);

	if (dl)
		nta_outgoing_cancel(dl->orq);
}

void dial_close(struct sipproc *p)
{
	struct dialling *dl;

	TABLE_FOREACH (p->dials, it, dl)
		dialling_free(dl);
}
