/* The core's end of the port: what goes to the SIP process, what comes from it,
 * and whether it is still alive. */
#include "sip/child_priv.h"

#include <stdlib.h>

#include <event2/event.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

#define PING_MS	   5000
#define SILENCE_MS 15000
#define SHARED_FEW 1024 /* octets that are not worth a PORT_BLOB */
#define READ_MAX   256	/* messages a turn, so that others get theirs */

static void watch_output(struct sip_child *c)
{
	if (c->end.head)
		event_add(c->out, NULL);
	else
		event_del(c->out);
}

void child_put(struct sip_child *c, const struct port_msg *m)
{
	int r = port_end_send(&c->end, m);
	if (r < 0 && r != ERR_GONE)
		log_error(c->log, "sip.port", "err=%s type=%d", err_name(r),
			  m->type);
	watch_output(c);
}

/* --- what many requests share --- */

static void lend(struct sip_child *c, unsigned place, struct blob *b)
{
	struct port_msg m = port_msg(PORT_BLOB);

	blob_unref(c->lent[place]);
	c->lent[place] = b ? blob_ref(b) : NULL;
	m.number[0] = place;
	m.f[PORT_F_BODY] = blob_str(b);
	child_put(c, &m);
}

/* Its place, from 1. */
static unsigned lent(struct sip_child *c, struct blob *b)
{
	unsigned place;

	for (place = 0; place < PORT_BLOBS; place++)
		if (c->lent[place] == b)
			return place + 1;
	place = c->next_lent++ % PORT_BLOBS;
	lend(c, place, b);
	return place + 1;
}

/* Nobody but us has these any more. */
static void take_back(struct sip_child *c)
{
	for (unsigned place = 0; place < PORT_BLOBS; place++)
		if (c->lent[place] && c->lent[place]->refs == 1)
			lend(c, place, NULL);
}

static void forget_lent(struct sip_child *c)
{
	for (unsigned place = 0; place < PORT_BLOBS; place++) {
		blob_unref(c->lent[place]);
		c->lent[place] = NULL;
	}
}

void child_put_shared(struct sip_child *c, const struct port_msg *m)
{
	struct buf body = BUF_INIT(PORT_BODY_MAX);
	struct port_msg out = *m;

	if (m->shared->n < SHARED_FEW)
		port_join(&out, &body);
	else
		out.number[PORT_SHARED] = lent(c, m->shared);
	child_put(c, &out);
	buf_done(&body);
}

static void on_writable(evutil_socket_t fd, short what, void *user)
{
	struct sip_child *c = user;
	(void)fd;
	(void)what;
	port_end_flush(&c->end);
	watch_output(c);
}

static void on_ping(void *user)
{
	struct sip_child *c = user;
	uint64_t now = loop_now_ms(c->loop);

	if (now - c->heard_ms >= SILENCE_MS) {
		child_lost(c, "silent");
		return;
	}
	struct port_msg m = port_msg(PORT_PING);
	child_put(c, &m);
	take_back(c);
	timer_set(c->loop, &c->ping, PING_MS, on_ping, c);
}

/* The process is up: what was asked for meanwhile goes out, in order. */
static void now_ready(struct sip_child *c, const struct port_msg *m)
{
	bool first = !c->listening;

	free(c->listen);
	c->listen = str_dup(m->f[PORT_F_LISTEN]);
	c->listening = true;
	c->up = true;
	c->resent += keeper_resend(&c->keeper, &c->end);
	watch_output(c);
	log_info(c->log, "sip.ready", "pid=%d listen=%s dialogs=%zu", c->pid,
		 LOGQ(str_z(c->listen)), keeper_dialogs(&c->keeper));
	c->ops->ready(c->user, first);
}

static void got(struct sip_child *c, const struct port_msg *m)
{
	switch (m->type) {
	case PORT_READY:
		now_ready(c, m);
		break;
	case PORT_FAILED:
		if (c->listening)
			log_error(c->log, "sip.failed", "why=%s",
				  LOGQ(m->f[PORT_F_REASON]));
		free(c->why);
		c->why = str_dup(m->f[PORT_F_REASON]);
		break;
	case PORT_DIALOG:
		keeper_dialog(&c->keeper, m);
		c->ops->event(c->user, m);
		break;
	case PORT_RESPONSE:
		/* Answered twice only if two processes sent it. */
		if (keeper_answered(&c->keeper, m->req))
			c->ops->event(c->user, m);
		break;
	case PORT_REQUEST:
	case PORT_CANCEL:
	case PORT_ACK:
	case PORT_PROGRESS:
		c->ops->event(c->user, m);
		break;
	case PORT_PONG:
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
		log_error(c->log, "sip.port", "unexpected type=%d", m->type);
		break;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *user)
{
	struct sip_child *c = user;
	struct port_msg m;
	(void)fd;
	(void)what;

	c->heard_ms = loop_now_ms(c->loop);
	for (int i = 0; i < READ_MAX; i++) {
		int r = port_end_recv(&c->end, &m);
		if (r == 0)
			return;
		if (r < 0) {
			child_lost(c, r == ERR_GONE ? "ended"
						    : "incomprehensible");
			return;
		}
		got(c, &m);
	}
}

static void introduce(struct sip_child *c)
{
	struct port_msg m = port_msg(PORT_CONFIG);
	const char verify = (char)('0' + c->verify);
	struct sip_tls tls = {c->certificate, c->key, c->ca, c->verify};

	m.number[0] = c->generation;
	m.number[1] = c->max_dialogs;
	m.number[3] = (uint32_t)c->log_level;
	m.f[PORT_F_LISTEN] = str_z(c->listen);
	m.f[PORT_F_HOST] = str_z(c->host);
	m.f[PORT_F_AGENT] = str_z(c->agent);
	m.f[PORT_F_CERTIFICATE] = str_z(c->certificate);
	m.f[PORT_F_KEY] = str_z(c->key);
	m.f[PORT_F_CA] = str_z(c->ca);
	m.f[PORT_F_VERIFY] = str_of(&verify, 1);
	c->tls_sum = sip_tls_sum(&tls);
	child_put(c, &m);
	keeper_seed(&c->keeper, &c->end);
	m = port_msg(PORT_START);
	child_put(c, &m);
}

void child_port_open(struct sip_child *c, int fd)
{
	port_end_init(&c->end, fd);
	c->in = event_new(loop_base(c->loop), fd, EV_READ | EV_PERSIST,
			  on_readable, c);
	c->out = event_new(loop_base(c->loop), fd, EV_WRITE | EV_PERSIST,
			   on_writable, c);
	event_add(c->in, NULL);
	c->heard_ms = loop_now_ms(c->loop);
	timer_set(c->loop, &c->ping, PING_MS, on_ping, c);
	introduce(c);
}

void child_port_close(struct sip_child *c)
{
	c->up = false;
	forget_lent(c);
	timer_cancel(c->loop, &c->ping);
	if (c->in)
		event_free(c->in);
	if (c->out)
		event_free(c->out);
	c->in = c->out = NULL;
	port_end_done(&c->end);
}
