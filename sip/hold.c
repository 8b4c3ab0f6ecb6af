/* Requests that wait until a connection has room. The library refuses what its
 * queue of a connection does not hold, which would look as if the peer were
 * gone; and it is a proxy's queue, say, that takes the NOTIFYs of thousands. */
#include <stdlib.h>

#include "base/blob.h"
#include "base/mem.h"
#include "sip/sip_priv.h"

#define QUEUE_MOST 200 /* messages on a connection; the rest is for answers */
#define RETRY_MS   20
#define PATIENCE_S 32 /* 64*T1, as if it had been sent */

struct held {
	TAILQ_ENTRY(held) link;
	uint64_t dlg, req;
	struct blob *msg, *shared;
	su_time_t until;
};

/* The connection that the dialog's next request will go by, if any is known. */
static bool is_full(const struct dialog *d)
{
	const tport_t *tp = uac_is_direct(d) ? d->tport : d->route;

	return tp && tport_queuelen(tp) >= QUEUE_MOST;
}

static void held_free(struct sipproc *p, struct held *h)
{
	struct dialog *d = dialog_get(p, h->dlg);

	TAILQ_REMOVE(&p->held, h, link);
	if (d) {
		d->held--;
		d->sends--;
		dialog_maybe_free(d);
	}
	blob_unref(h->msg);
	blob_unref(h->shared);
	free(h);
}

static void send_now(struct sipproc *p, struct dialog *d, struct held *h)
{
	struct port_msg m;

	if (port_decode(blob_str(h->msg), &m) < 0)
		abort(); /* it is our own encoding */
	m.shared = h->shared;
	uac_transmit(d, &m);
	held_free(p, h);
}

static void on_retry(struct sipproc *magic, su_timer_t *t, struct sipproc *p);

static void retry_later(struct sipproc *p)
{
	if (!TAILQ_EMPTY(&p->held))
		su_timer_set(p->retry, on_retry, p);
}

/* In the order of their coming, so that a dialog's keep theirs. */
static void on_retry(struct sipproc *magic, su_timer_t *t, struct sipproc *p)
{
	su_time_t now = su_now();
	struct held *h, *next;
	struct dialog *d;
	(void)magic;
	(void)t;

	for (h = TAILQ_FIRST(&p->held); h; h = next) {
		next = TAILQ_NEXT(h, link);
		d = dialog_get(p, h->dlg);
		if (d && !is_full(d)) {
			send_now(p, d, h);
		} else if (!d || su_time_cmp(h->until, now) <= 0) {
			uac_outcome(p, h->dlg, h->req, SIP_408_REQUEST_TIMEOUT);
			held_free(p, h);
		}
	}
	retry_later(p);
}

bool hold(struct dialog *d, const struct port_msg *m)
{
	struct buf b = BUF_INIT(PORT_BODY_MAX);
	struct held *h;

	if (!d->held && !is_full(d))
		return false;
	h = mem_new(sizeof(*h));
	port_encode(&b, m);
	h->dlg = m->dlg;
	h->req = m->req;
	h->msg = blob_new(buf_str(&b));
	h->shared = m->shared ? blob_ref(m->shared) : NULL;
	h->until = su_now();
	h->until.tv_sec += PATIENCE_S;
	buf_done(&b);
	d->held++;
	d->sends++;
	if (!d->p->retry)
		d->p->retry =
		    su_timer_create(su_root_task(d->p->root), RETRY_MS);
	if (TAILQ_EMPTY(&d->p->held))
		su_timer_set(d->p->retry, on_retry, d->p);
	TAILQ_INSERT_TAIL(&d->p->held, h, link);
	return true;
}

void hold_close(struct sipproc *p)
{
	su_timer_destroy(p->retry);
	while (!TAILQ_EMPTY(&p->held))
		held_free(p, TAILQ_FIRST(&p->held));
}
