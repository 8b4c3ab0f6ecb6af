#include "base/str.h"
#include "sip/sip_priv.h"

static void report_ack(struct sipproc *p, uint64_t dlg, uint32_t cseq,
		       const sip_t *sip)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	struct port_msg m = port_msg(PORT_ACK);

	if (sip)
		values_fill(home, sip, &m);
	else
		m.status = 408;
	m.dlg = dlg;
	m.cseq = cseq;
	sipproc_report(p, &m);
	su_home_deinit(home);
}

int invite_followed(struct request *r, nta_incoming_t *irq, sip_t const *sip)
{
	if (sip && sip->sip_request->rq_method == sip_method_cancel) {
		if (r->answered)
			return 0;
		nta_incoming_treply(irq, SIP_487_REQUEST_CANCELLED,
				    SIPTAG_SERVER_STR(r->p->agent_name),
				    TAG_END());
		sipproc_report_sip(r->p, PORT_CANCEL, r->dlg, r->req, sip);
		uas_request_free(r);
		return 0;
	}
	if (!r->answered) /* sending the final response failed */
		return 0;
	report_ack(r->p, r->dlg, r->cseq, sip);
	uas_request_free(r);
	return 0;
}

void invite_stray_ack(struct dialog *d, const sip_t *sip)
{
	/* Of this process's own INVITEs nta knows all ACKs that count. */
	if (!d->dead && d->key)
		report_ack(d->p, d->id, sip->sip_cseq->cs_seq, sip);
}

void invite_ack(struct dialog *d, nta_outgoing_t *orq)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	bool direct =
	    d->tport && !d->routed && tport_is_clear_to_send(d->tport);
	nta_outgoing_t *ack;

	ack = nta_outgoing_tcreate(
	    d->leg, NULL, NULL, direct ? NULL : URL_STRING_MAKE(d->hop),
	    SIP_METHOD_ACK, NULL,
	    SIPTAG_CSEQ(
		sip_cseq_create(home, nta_outgoing_cseq(orq), SIP_METHOD_ACK)),
	    TAG_IF(direct, NTATAG_TPORT(d->tport)), TAG_END());
	nta_outgoing_destroy(ack); /* nta repeats it as often as it must */
	su_home_deinit(home);
}

int invite_crosses(const struct dialog *d, const sip_t *sip)
{
	sip_method_t method = sip->sip_request->rq_method;

	if (method != sip_method_invite &&
	    !(method == sip_method_update && sip->sip_payload))
		return 0;
	if (d->invite)
		return 500;
	return d->inviting ? 491 : 0;
}
