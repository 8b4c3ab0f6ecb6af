/* What becomes of a REFER of ours: who is asked to come into a room may say so
 * later than his client answers, by the subscription that the REFER makes (RFC
 * 3515 §2.4.4). */
#include "gateway/front_sip_asked.h"

#include <stdlib.h>

#include "base/mem.h"
#include "gateway/sip_words.h"

struct asked {
	uint64_t invitation;
	struct timer timer;
};

void asked_new(struct dialog *d, uint64_t invitation)
{
	d->asked = mem_new(sizeof(*d->asked));
	d->asked->invitation = invitation;
}

void asked_free(struct dialog *d)
{
	if (!d->asked)
		return;
	timer_cancel(d->f->loop, &d->asked->timer);
	free(d->asked);
	d->asked = NULL;
}

static void over(void *user)
{
	struct dialog *d = user;

	asked_free(d);
	dialog_release(d);
}

static void await(struct dialog *d)
{
	d->answered = true;
	timer_set(d->f->loop, &d->asked->timer, SIP_REFER_SILENCE_MS, over, d);
}

void asked_response(struct dialog *d, const struct port_msg *m)
{
	const struct front_sip_cfg *cfg = &d->f->cfg;

	if (!d->asked) /* a NOTIFY was quicker */
		return;
	if (m->status / 100 == 2)
		await(d);
	cfg->invited(cfg->user, d->asked->invitation, m->status,
		     m->f[PORT_F_REASON]);
	if (m->status / 100 != 2)
		asked_free(d); /* the response's reader releases the dialog */
}

void asked_notified(struct dialog *d, const struct port_msg *m)
{
	const struct front_sip_cfg *cfg = &d->f->cfg;
	struct str phrase = STR_NONE;
	int status = sip_fragment(m->f[PORT_F_BODY], &phrase);
	struct answer a = ANSWER(200);

	front_sip_answer(d->f, m, &a);
	await(d);
	if (status >= 200)
		cfg->invited(cfg->user, d->asked->invitation, status, phrase);
	if (sip_is_last(m))
		over(d);
}
