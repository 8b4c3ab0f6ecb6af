#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "msrp/conn_priv.h"
#include "msrp/msrp_priv.h"
#include "msrp/send_priv.h"
#include "msrp/session_priv.h"

#define BACKLOG 1024
/* Out of descriptors: others may be closed meanwhile. */
#define ACCEPT_AGAIN_MS 1000
/* The last octets of an id count, the others are random (83 bits, anew after
 * each full count): RFC 4975 §7.1 wants 64. */
#define ID_COUNTED 2
#define ID_EACH	   62

void msrp_id(struct msrp *m, char id[MSRP_ID])
{
	static const char alphanumerics[] = "0123456789"
					    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					    "abcdefghijklmnopqrstuvwxyz";

	if (m->id_left == 0) {
		random_ident(m->id, MSRP_ID - ID_COUNTED);
		m->id_left = ID_EACH * ID_EACH;
	}
	m->id_left--;
	memcpy(id, m->id, MSRP_ID - ID_COUNTED);
	id[MSRP_ID - 2] = alphanumerics[m->id_left / ID_EACH];
	id[MSRP_ID - 1] = alphanumerics[m->id_left % ID_EACH];
}

static void adopt(struct msrp *m, struct bufferevent *take_bev, bool secure,
		  const struct addr *peer)
{
	struct msrp_conn *c = conn_new(m, take_bev, secure, peer);
	char text[ADDR_TEXT_MAX];

	m->stats.accepted++;
	log_debug(loop_log(m->loop), "msrp.accept", "conn=%u peer=%s tls=%d",
		  c->id, addr_text(peer, text), secure);
}

void msrp_accept(struct msrp *m, struct bufferevent *take_bev, bool secure,
		 const struct addr *peer)
{
	if (m->n_conns >= m->limits.max_connections) {
		m->stats.limits_hit++;
		bufferevent_free(take_bev);
		return;
	}
	adopt(m, take_bev, secure, peer);
}

static void on_accept(struct evconnlistener *ev, evutil_socket_t fd,
		      struct sockaddr *sa, int len, void *user)
{
	struct listener *l = user;
	struct msrp *m = l->m;
	struct bufferevent *bev = NULL;
	struct addr peer = {.len = (socklen_t)len};

	(void)ev;
	memcpy(&peer.in6, sa, (size_t)len);
	if (m->n_conns >= m->limits.max_connections)
		m->stats.limits_hit++;
	else if (l->secure)
		bev = tls_accept(m, (int)fd);
	else
		bev = bufferevent_socket_new(loop_base(m->loop), fd,
					     BEV_OPT_CLOSE_ON_FREE);
	if (bev)
		adopt(m, bev, l->secure, &peer);
	else
		close((int)fd);
}

static void accept_again(void *user)
{
	struct msrp *m = user;

	for (size_t i = 0; i < m->n_listeners; i++)
		evconnlistener_enable(m->listeners[i].ev);
}

static void on_accept_error(struct evconnlistener *ev, void *user)
{
	struct listener *l = user;
	struct msrp *m = l->m;

	log_warn(loop_log(m->loop), "msrp.accept_failed", "error=%d", errno);
	evconnlistener_disable(ev);
	timer_set(m->loop, &m->accept_again, ACCEPT_AGAIN_MS, accept_again, m);
}

bool listen_full(const struct msrp *m)
{
	int fd;

	if (m->n_conns >= m->limits.max_connections ||
	    timer_pending(&m->accept_again))
		return true;
	/* the process' limit and the system's */
	fd = eventfd(0, EFD_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static int listen_one(struct msrp *m, struct listener *l,
		      const struct listen_spec *spec, char why[256])
{
	struct addr real = {.len = sizeof(real.in6)};
	char text[ADDR_TEXT_MAX];
	int fd = net_listen_tcp(&spec->addr, BACKLOG);

	if (fd < 0) {
		snprintf(why, 256, "msrp listen %s:%s: %.100s",
			 transport_name(spec->transport),
			 addr_text(&spec->addr, text), err_text(fd));
		return fd;
	}
	l->m = m;
	l->secure = spec->transport == TRANSPORT_TLS;
	snprintf(l->host, sizeof(l->host),
		 strchr(spec->host, ':') ? "[%s]" : "%s", spec->host);
	getsockname(fd, &real.sa, &real.len);
	l->port = addr_port(&real);
	/* backlog 0: it listens already */
	l->ev = evconnlistener_new(
	    loop_base(m->loop), on_accept, l,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!l->ev) {
		close(fd);
		snprintf(why, 256, "msrp listen: out of memory");
		return -ENOMEM;
	}
	evconnlistener_set_error_cb(l->ev, on_accept_error);
	return 0;
}

static void or_default(size_t *limit, size_t value)
{
	if (*limit == 0)
		*limit = value;
}

static void or_default_ms(unsigned *limit, unsigned value)
{
	if (*limit == 0)
		*limit = value;
}

static void set_limits(struct msrp_limits *l)
{
	or_default(&l->max_message, 10485760);
	or_default(&l->max_incomplete, 8);
	or_default(&l->max_connections, 20000);
	or_default(&l->max_send_bytes, 1048576);
	or_default(&l->max_reports, 64);
	or_default_ms(&l->first_request_ms, 30000);
	or_default_ms(&l->open_chunk_ms, 60000);
	or_default_ms(&l->chunk_timer_ms, 540000);
	or_default_ms(&l->response_ms, 30000);
}

static int start(struct msrp *m, const struct msrp_cfg *cfg, char why[256])
{
	int err;

	for (size_t i = 0; i < cfg->n_listen; i++) {
		const struct listen_spec *spec = &cfg->listen[i];

		if (spec->transport == TRANSPORT_TLS && !m->server_tls) {
			err = tls_load(m, &cfg->tls, why);
			if (err)
				return err;
		}
		err = listen_one(m, &m->listeners[i], spec, why);
		if (err)
			return err;
		m->n_listeners++;
	}
	return 0;
}

int msrp_new(const struct msrp_cfg *cfg, struct msrp **out, char why[256])
{
	struct msrp *m;
	int err;

	if (cfg->host.n >= sizeof(m->host)) {
		snprintf(why, 256, "msrp host is too long");
		return ERR_TOO_BIG;
	}
	m = mem_new(sizeof(*m));
	m->loop = cfg->loop;
	m->limits = cfg->limits;
	set_limits(&m->limits);
	if (cfg->host.n)
		memcpy(m->host, cfg->host.p, cfg->host.n);
	m->port[false] = cfg->port;
	m->port[true] = cfg->tls_port;
	TAILQ_INIT(&m->conns);
	m->sessions = table_new();
	m->listeners = mem_new_array(cfg->n_listen, sizeof(*m->listeners));
	err = start(m, cfg, why);
	if (err) {
		msrp_free(m);
		return err;
	}
	*out = m;
	return 0;
}

void msrp_free(struct msrp *m)
{
	struct msrp_conn *c;

	if (!m)
		return;
	timer_cancel(m->loop, &m->accept_again);
	for (size_t i = 0; i < m->n_listeners; i++)
		evconnlistener_free(m->listeners[i].ev);
	while ((c = TAILQ_FIRST(&m->conns)))
		conn_lost(c, MSRP_CLOSED_LOST);
	conn_out_free(m);
	whole_unref(m->whole);
	tls_free(m);
	table_free(m->sessions);
	free(m->listeners);
	free(m);
}

int msrp_reload_tls(struct msrp *m, const struct msrp_tls *tls, char why[256])
{
	return m->server_tls ? tls_load(m, tls, why) : 0;
}

struct str msrp_fingerprints(const struct msrp *m)
{
	return buf_str(&m->fingerprints);
}

uint16_t msrp_port(const struct msrp *m, bool secure)
{
	for (size_t i = 0; i < m->n_listeners; i++)
		if (m->listeners[i].secure == secure)
			return m->listeners[i].port;
	return 0;
}

struct msrp_load msrp_load(const struct msrp *m)
{
	struct msrp_load load = {m->n_conns, table_count(m->sessions), 0};
	const struct msrp_session *s;
	const struct msrp_conn *c;

	TABLE_FOREACH (m->sessions, it, s)
		load.queued_bytes += s->queued;
	TAILQ_FOREACH (c, &m->conns, link)
		load.queued_bytes += c->out.n;
	return load;
}

const struct msrp_stats *msrp_stats(const struct msrp *m)
{
	return &m->stats;
}
