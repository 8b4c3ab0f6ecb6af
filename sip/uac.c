#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/blob.h"
#include "sip/sip_priv.h"

/* A request of ours that has no outcome yet. */
struct sending {
	struct sipproc *p;
	uint64_t req, dlg;
	nta_outgoing_t *orq;
	sip_method_t method;
	/* The message, where it went over the connection that the peer had
	 * made: if that breaks, the target is tried. */
	struct blob *again, *shared;
};

void uac_outcome(struct sipproc *p, uint64_t dlg, uint64_t req, int status,
		 const char *phrase)
{
	struct port_msg m = port_msg(PORT_RESPONSE);

	m.dlg = dlg;
	m.req = req;
	m.status = status;
	m.number[PORT_OURS] = 1;
	m.f[PORT_F_REASON] = str_z(phrase);
	sipproc_report(p, &m);
}

static void sending_free(struct sending *s)
{
	struct dialog *d = dialog_get(s->p, s->dlg);
	struct sipproc *p = s->p;

	table_del(p->sends, s->req);
	nta_outgoing_destroy(s->orq);
	blob_unref(s->again);
	blob_unref(s->shared);
	if (d) {
		d->sends--;
		d->inviting -= s->method == sip_method_invite;
		dialog_maybe_free(d);
	}
	free(s);
	sipproc_maybe_done(p);
}

const char *uac_why(nta_outgoing_t *orq, int status)
{
	msg_t *request = nta_outgoing_getrequest(orq);
	int error = status == 503 ? msg_errno(request) : 0;

	msg_destroy(request);
	if (error == EPROTO) /* tlsfix.c */
		return "TLS Handshake or Certificate Failed";
	return error ? su_strerror(error) : sip_status_phrase(status);
}

static void report_response(struct sending *s, int status, const sip_t *sip)
{
	if (nta_sip_is_internal(sip))
		uac_outcome(s->p, s->dlg, s->req, status,
			    uac_why(s->orq, status));
	else
		sipproc_report_sip(s->p, PORT_RESPONSE, s->dlg, s->req, sip);
}

static void refresh(struct dialog *d, const sip_t *sip)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};

	nta_leg_client_reroute(d->leg, NULL, sip->sip_contact, 0);
	dialog_report(d, nta_leg_get_seq(d->leg),
		      value_uri(home, sip->sip_contact->m_url));
	su_home_deinit(home);
}

static void transmit(struct dialog *d, const struct port_msg *m, bool direct);

static bool try_target(struct sending *s, struct dialog *d)
{
	struct blob *again = s->again, *shared = s->shared;
	struct port_msg m;

	s->again = s->shared = NULL;
	if (!again || port_decode(blob_str(again), &m) < 0) {
		blob_unref(again);
		blob_unref(shared);
		return false;
	}
	m.shared = shared;
	d->sends++; /* keeps the dialog while the old transaction goes */
	sending_free(s);
	transmit(d, &m, false);
	d->sends--;
	dialog_maybe_free(d);
	blob_unref(again);
	blob_unref(shared);
	return true;
}

static int on_response(void *user, nta_outgoing_t *orq, sip_t const *sip)
{
	struct sending *s = user;
	struct dialog *d = dialog_get(s->p, s->dlg);
	int status =
	    sip ? sip->sip_status->st_status : nta_outgoing_status(orq);
	bool success = status / 100 == 2;

	if (status < 200)
		return 0;
	if (d && nta_sip_is_internal(sip) && status == 503 && try_target(s, d))
		return 0;
	if (d && success && s->method == sip_method_invite)
		invite_ack(d, orq);
	if (d && success && s->method != sip_method_bye &&
	    guard_contact(sip->sip_contact))
		refresh(d, sip);
	report_response(s, status, sip);
	sending_free(s);
	return 0;
}

/* It may be long: it is copied once. */
static int add_body(msg_t *msg, const struct port_msg *m)
{
	struct str piece[PORT_PIECES];
	size_t n = port_body(m, piece);
	sip_payload_t *body;
	char *to;

	if (!n)
		return 0;
	body = sip_payload_create(msg_home(msg), NULL, (isize_t)n);
	if (!body)
		return -1;
	to = body->pl_data;
	for (unsigned i = 0; i < PORT_PIECES; i++) {
		if (piece[i].n)
			memcpy(to, piece[i].p, piece[i].n);
		to += piece[i].n;
	}
	return msg_header_insert(msg, NULL, (msg_header_t *)body);
}

static nta_outgoing_t *create(struct sending *s, struct dialog *d,
			      const struct port_msg *m, bool direct)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	char *method = value_z(home, m->f[PORT_F_METHOD]);
	struct port_msg state;
	struct str contact = m->f[PORT_F_CONTACT];
	const char *ident = NULL;
	char expires[24];
	msg_t *msg = nta_msg_create(s->p->agent, 0);
	nta_outgoing_t *orq = NULL;

	if (port_decode(blob_str(d->state), &state) < 0)
		abort(); /* it is our own encoding */
	if (!contact.n)
		contact = state.f[PORT_F_CONTACT];
	if (!direct)
		ident = sipproc_listener(s->p, state.f[PORT_F_LISTEN]);
	snprintf(expires, sizeof expires, "%lld", (long long)m->expires);
	if (sip_add_tl(
		msg, sip_object(msg), SIPTAG_USER_AGENT_STR(s->p->agent_name),
		TAG_IF(s->method != sip_method_bye,
		       SIPTAG_CONTACT_STR(value_z(home, contact))),
		SIPTAG_EVENT_STR(value_z(home, m->f[PORT_F_EVENT])),
		SIPTAG_SUBSCRIPTION_STATE_STR(
		    value_z(home, m->f[PORT_F_SUB_STATE])),
		TAG_IF(m->expires >= 0, SIPTAG_EXPIRES_STR(expires)),
		TAG_IF(
		    s->method == sip_method_invite &&
			!value_has_header(m->f[PORT_F_HEADERS], STR("Allow")),
		    SIPTAG_ALLOW_STR(SIP_ALLOW)),
		TAG_IF(
		    !value_has_header(m->f[PORT_F_HEADERS], STR("Supported")),
		    SIPTAG_SUPPORTED_STR(SIP_SUPPORTED)),
		SIPTAG_HEADER_STR(value_z(home, m->f[PORT_F_HEADERS])),
		SIPTAG_CONTENT_TYPE_STR(value_z(home, m->f[PORT_F_TYPE])),
		TAG_END()) >= 0 &&
	    add_body(msg, m) == 0 &&
	    nta_msg_request_complete(msg, d->leg, s->method, method, NULL) >= 0)
		orq = nta_outgoing_mcreate(
		    s->p->agent, on_response, s,
		    direct ? NULL : URL_STRING_MAKE(d->hop), msg,
		    TAG_IF(direct, NTATAG_TPORT(d->tport)),
		    TAG_IF(ident, TPTAG_IDENT(ident)), TAG_END());
	else
		msg_destroy(msg);
	su_home_deinit(home);
	return orq;
}

static void transmit(struct dialog *d, const struct port_msg *m, bool direct)
{
	struct sipproc *p = d->p;
	struct sending *s = mem_new(sizeof(*s));
	struct buf b = BUF_INIT(PORT_BODY_MAX);
	char *method = str_dup(m->f[PORT_F_METHOD]);

	s->p = p;
	s->req = m->req;
	s->dlg = d->id;
	s->method = sip_method_code(method);
	free(method);
	if (direct) {
		port_encode(&b, m);
		s->again = b.err ? NULL : blob_new(buf_str(&b));
		s->shared = m->shared ? blob_ref(m->shared) : NULL;
		buf_done(&b);
	}
	dialog_report(d, nta_leg_get_seq(d->leg) + 1, STR_NONE);
	s->orq = create(s, d, m, direct);
	if (!s->orq) {
		uac_outcome(p, d->id, m->req, 503, "Cannot Be Sent");
		blob_unref(s->again);
		blob_unref(s->shared);
		free(s);
		return;
	}
	dialog_goes_by(d, s->orq);
	table_put(p->sends, s->req, s);
	d->sends++;
	d->inviting += s->method == sip_method_invite;
}

bool uac_is_direct(const struct dialog *d)
{
	return d->tport && !d->routed && tport_is_clear_to_send(d->tport);
}

void uac_transmit(struct dialog *d, const struct port_msg *m)
{
	transmit(d, m, uac_is_direct(d));
}

void uac_send(struct sipproc *p, const struct port_msg *m)
{
	struct dialog *d = dialog_get(p, m->dlg);

	if (!d || d->dead || d->forgotten) {
		uac_outcome(p, m->dlg, m->req, SIP_481_NO_CALL);
		return;
	}
	if (!table_get(p->sends, m->req) && !hold(d, m))
		uac_transmit(d, m);
}

void uac_close(struct sipproc *p)
{
	struct sending *s;

	TABLE_FOREACH (p->sends, it, s)
		sending_free(s);
}
