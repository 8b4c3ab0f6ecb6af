/* sofia has one limit for a message, and a long head costs it time squared. So
 * that limit is a head's; only the body of a NOTIFY within a dialog of ours may
 * be longer: it tells who is in a conference (RFC 4575). */
#include <stddef.h>

#include "sip/sip_priv.h"

#include <sofia-sip/msg_mclass.h>
#include <sofia-sip/sip_parser.h>

static struct sipproc *owner(msg_t *msg)
{
	return (struct sipproc *)((uintptr_t)firstline_of(msg) -
				  offsetof(struct sipproc, firstline));
}

/* The dialog that a NOTIFY of this head belongs to, or is about to make. */
static nta_leg_t *leg_of(struct sipproc *p, const sip_t *sip)
{
	if (!sip->sip_request || !sip->sip_call_id || !sip->sip_from ||
	    !sip->sip_to || sip->sip_request->rq_method != sip_method_notify ||
	    !sip->sip_to->a_tag)
		return NULL;
	return nta_leg_by_dialog(p->agent, NULL, sip->sip_call_id,
				 sip->sip_from->a_tag, NULL, sip->sip_to->a_tag,
				 NULL);
}

/* One that no message of the port can hold: it is answered 413, and the
 * connection is of no use any more. */
static void tell(nta_leg_t *leg)
{
	struct dialog *d = nta_leg_magic(leg, uas_inside);

	if (d)
		uas_tell_refused(d, 413);
}

static issize_t read_body(msg_t *msg, msg_pub_t *pub, char b[], isize_t n,
			  int eos)
{
	sip_t *sip = (sip_t *)pub;
	size_t length =
	    sip->sip_content_length ? sip->sip_content_length->l_length : 0;
	bool body = sip->sip_flags & MSG_FLG_BODY;
	nta_leg_t *leg = NULL;
	issize_t r;

	if (body && length > SIP_HEAD_MAX)
		leg = leg_of(owner(msg), sip);
	if (leg && length > PORT_NOTIFY_MAX)
		tell(leg);
	if (!leg || length > PORT_NOTIFY_MAX)
		return sip_extract_body(msg, sip, b, n, eos);
	msg_maxsize(msg, SIP_HEAD_MAX + PORT_NOTIFY_MAX);
	r = sip_extract_body(msg, sip, b, n, eos);
	/* what follows it on the connection begins with a head */
	msg_maxsize(msg, SIP_HEAD_MAX);
	return r;
}

void longbody_allow(struct sipproc *p)
{
	p->firstline.messages->mc_extract_body = read_body;
}
