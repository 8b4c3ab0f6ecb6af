#include <malloc.h>
#include <stdlib.h>

#include "base/blob.h"
#include "base/err.h"
#include "sip/sip_priv.h"

/* Where the core sets none; its limits { dialogs } is what counts. */
#define DIALOGS_MAX  100000
#define REQUESTS_MAX 10000
#define READ_MAX     256 /* messages a turn: the network waits meanwhile */
#define LAST_CALL_MS 500
#define SWEEP_MS     4000
#define TRIM_SWEEPS  15 /* every minute */

static void watch(struct sipproc *p, bool writing)
{
	if (p->writing == writing)
		return;
	p->writing = writing;
	su_root_eventmask(p->root, p->wait_index, p->port.fd,
			  writing ? SU_WAIT_IN | SU_WAIT_OUT : SU_WAIT_IN);
}

static void reported(struct sipproc *p, int r)
{
	if (r == ERR_GONE)
		su_root_break(p->root);
	else if (r < 0)
		log_error(&p->log, "sip.port", "err=%s", err_name(r));
	watch(p, p->port.head != NULL);
}

void sipproc_report(struct sipproc *p, const struct port_msg *m)
{
	reported(p, port_end_send(&p->port, m));
}

void sipproc_report_sip(struct sipproc *p, enum port_type type, uint64_t dlg,
			uint64_t req, const sip_t *sip)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	struct port_msg m = port_msg(type);

	values_fill(home, sip, &m);
	m.dlg = dlg;
	m.req = req;
	sipproc_report(p, &m);
	su_home_deinit(home);
}

void sipproc_report_encoded(struct sipproc *p, const struct blob *m)
{
	reported(p, port_end_pass(&p->port, blob_str(m)));
}

/* One line at a time, whatever comes. */
static void log_dropped(struct sipproc *p)
{
	if (p->firstline.dropped)
		log_warn(
		    &p->log, "sip.dropped", "messages=%u last=\"%s\" peer=%s",
		    p->firstline.dropped, p->firstline.what, p->firstline.peer);
	p->firstline.dropped = 0;
}

static void on_sweep(struct sipproc *p, su_timer_t *t, struct sipproc *arg)
{
	(void)p;
	(void)t;
	dialog_sweep(arg);
	uas_sweep(arg);
	log_dropped(arg);
	/* A burst of calls leaves its transactions, which nta frees 32 s later,
	 * all over the heap. */
	if (++arg->sweeps % TRIM_SWEEPS == 0)
		malloc_trim(0);
}

static void on_last_call(struct sipproc *p, su_timer_t *t, struct sipproc *arg)
{
	(void)p;
	(void)t;
	su_root_break(arg->root);
}

static void adjust(struct sipproc *p, const struct port_msg *m)
{
	p->max_dialogs = m->number[1] ? m->number[1] : DIALOGS_MAX;
	p->max_requests = m->number[2] ? m->number[2] : REQUESTS_MAX;
	p->log.level =
	    m->number[3] <= LOG_TRACE ? (enum log_level)m->number[3] : LOG_INFO;
	library_log(&p->log);
}

static void configure(struct sipproc *p, const struct port_msg *m)
{
	uint64_t verify;

	p->generation = m->number[0];
	adjust(p, m);
	p->listen = str_dup(m->f[PORT_F_LISTEN]);
	p->host = str_dup(m->f[PORT_F_HOST]);
	p->agent_name = str_dup(m->f[PORT_F_AGENT]);
	p->certificate = str_dup(m->f[PORT_F_CERTIFICATE]);
	p->key = str_dup(m->f[PORT_F_KEY]);
	p->ca = str_dup(m->f[PORT_F_CA]);
	if (str_u64(m->f[PORT_F_VERIFY], SIP_VERIFY_NONE, &verify) == 0)
		p->verify = (enum sip_verify)verify;
	if (sipproc_open(p) < 0) {
		log_error(&p->log, "sip.agent", "cannot be made");
		su_root_break(p->root);
		return;
	}
	p->sweep = su_timer_create(su_root_task(p->root), SWEEP_MS);
	su_timer_run(p->sweep, on_sweep, p);
}

static void seed(struct sipproc *p, const struct port_msg *m)
{
	if (!dialog_get(p, m->dlg) && !dialog_new(p, m))
		log_error(&p->log, "sip.seed", "dlg=%llx not taken",
			  (unsigned long long)m->dlg);
}

static void pong(struct sipproc *p, const struct port_msg *m)
{
	struct port_msg answer = port_msg(PORT_PONG);
	answer.req = m->req;
	sipproc_report(p, &answer);
}

static void stop(struct sipproc *p)
{
	p->stopping = true;
	p->last_call = su_timer_create(su_root_task(p->root), LAST_CALL_MS);
	su_timer_set(p->last_call, on_last_call, p);
	sipproc_maybe_done(p);
}

static void forget(struct sipproc *p, uint64_t dlg)
{
	struct dialog *d = dialog_get(p, dlg);
	if (d && !d->dead)
		dialog_forget(d);
}

static void keep_blob(struct sipproc *p, const struct port_msg *m)
{
	struct str body = m->f[PORT_F_BODY];
	struct blob **place = &p->blobs[m->number[0] % PORT_BLOBS];

	blob_unref(*place);
	*place = body.n ? blob_new(body) : NULL;
}

static void send_request(struct sipproc *p, const struct port_msg *m)
{
	struct port_msg whole = *m;

	if (m->number[PORT_SHARED])
		whole.shared =
		    p->blobs[(m->number[PORT_SHARED] - 1) % PORT_BLOBS];
	if (m->number[PORT_SHARED] && !whole.shared)
		uac_outcome(p, m->dlg, m->req, 503, "Cannot Be Sent");
	else
		uac_send(p, &whole);
}

static void obey(struct sipproc *p, const struct port_msg *m)
{
	if (!p->agent && m->type != PORT_CONFIG)
		return;
	switch (m->type) {
	case PORT_CONFIG:
		if (p->agent)
			adjust(p, m);
		else
			configure(p, m);
		break;
	case PORT_SEED:
	case PORT_TOMBSTONE:
		seed(p, m);
		break;
	case PORT_START:
		sipproc_start(p);
		break;
	case PORT_ANSWER:
		uas_answer(p, m);
		break;
	case PORT_SEND:
		send_request(p, m);
		break;
	case PORT_DIAL:
		dial(p, m);
		break;
	case PORT_HANG_UP:
		dial_hang_up(p, m->req);
		break;
	case PORT_FORGET:
		forget(p, m->dlg);
		break;
	case PORT_BLOB:
		keep_blob(p, m);
		break;
	case PORT_PING:
		pong(p, m);
		break;
	case PORT_STOP:
		stop(p);
		break;
	case PORT_READY:
	case PORT_FAILED:
	case PORT_REQUEST:
	case PORT_CANCEL:
	case PORT_ACK:
	case PORT_DIALOG:
	case PORT_RESPONSE:
	case PORT_PROGRESS:
	case PORT_PONG:
		break;
	}
}

static int on_port(struct sipproc *magic, su_wait_t *w, struct sipproc *p)
{
	struct port_msg m;
	int r = 0;
	(void)magic;
	(void)w;

	if (p->writing)
		watch(p, port_end_flush(&p->port) == 1);
	for (int i = 0; i < READ_MAX; i++) {
		r = port_end_recv(&p->port, &m);
		if (r <= 0)
			break;
		obey(p, &m);
	}
	if (r < 0) /* the core is gone, or talks nonsense */
		su_root_break(p->root);
	return 0;
}

int commands_open(struct sipproc *p)
{
	if (su_wait_create(&p->wait, p->port.fd, SU_WAIT_IN) < 0)
		return -errno;
	p->wait_index = su_root_register(p->root, &p->wait, on_port, p, 0);
	return p->wait_index < 0 ? -errno : 0;
}

void commands_close(struct sipproc *p)
{
	su_root_deregister(p->root, p->wait_index);
	for (unsigned i = 0; i < PORT_BLOBS; i++)
		blob_unref(p->blobs[i]);
	su_timer_destroy(p->sweep);
	su_timer_destroy(p->last_call);
}
