#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <sofia-sip/nta_tag.h>
#include <sofia-sip/tport_tag.h>

#include "base/err.h"
#include "base/net.h"
#include "base/scan.h"
#include "sip/sip_priv.h"

#define UDP_MTU	      1300 /* RFC 3261 §18.1.1 */
#define TCP_QUEUE     1000
#define TCP_PARTIAL_S 60
#define PORT_TRIES    25 /* of 20 ms */
#define TLS_DEPTH     10 /* certificates up to the root */

uint64_t sipproc_id(struct sipproc *p)
{
	return (uint64_t)p->generation << 32 | ++p->count;
}

int sipproc_open(struct sipproc *p)
{
	if (!firstline_open(&p->firstline))
		return ERR_FULL;
	longbody_allow(p);
	p->agent = nta_agent_create(
	    p->root, (url_string_t *)-1, NULL, NULL, NTATAG_UA(1),
	    NTATAG_MCLASS(p->firstline.messages),
	    /* readfix.c and guard.c look for bad headers */
	    NTATAG_BAD_REQ_MASK(0),
	    NTATAG_BAD_RESP_MASK(FIRSTLINE_RESPONSE_MASK), NTATAG_MERGE_482(1),
	    NTATAG_MAXSIZE(SIP_HEAD_MAX), NTATAG_UDP_MTU(UDP_MTU),
	    NTATAG_CLIENT_RPORT(1),
	    NTATAG_MAX_PROCEEDING((unsigned)p->max_requests), TAG_END());
	if (!p->agent)
		return ERR_FULL;
	p->outside = nta_leg_tcreate(p->agent, uas_outside, p,
				     NTATAG_NO_DIALOG(1), TAG_END());
	return p->outside ? 0 : ERR_FULL;
}

/* nta hides why a bind fails, so it is tried before. */
static int try_bind(const struct listen_spec *l)
{
	bool udp = l->transport == TRANSPORT_UDP;
	int one = 1, r = 0;
	int fd = socket(l->addr.sa.sa_family,
			(udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (!udp)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (l->addr.sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
	if (bind(fd, &l->addr.sa, l->addr.len) < 0 ||
	    (!udp && listen(fd, 1) < 0))
		r = -errno;
	close(fd);
	return r;
}

/* After a crash the process before us may hold the port for another moment. */
static int wait_for_port(const struct listen_spec *l)
{
	static const struct timespec pause = {.tv_nsec = 20000000};
	int r = 0;

	for (unsigned tries = 0; tries < PORT_TRIES; tries++) {
		r = try_bind(l);
		if (r != -EADDRINUSE)
			break;
		nanosleep(&pause, NULL);
	}
	return r;
}

static unsigned tls_policy(enum sip_verify v)
{
	switch (v) {
	case SIP_VERIFY_STRICT:
		return TPTLS_VERIFY_SUBJECTS_OUT;
	case SIP_VERIFY_CHAIN:
		return TPTLS_VERIFY_OUT;
	case SIP_VERIFY_NONE:
		break;
	}
	return TPTLS_VERIFY_NONE;
}

static void put_host(struct buf *b, const char *host)
{
	bool bare_v6 = strchr(host, ':') && *host != '[';

	buf_addf(b, bare_v6 ? "[%s]" : "%s", host);
}

/* In sofia's words: what stands in our Via, and after maddr where to listen. It
 * knows TLS by the scheme, the others by the parameter. */
static void put_listener(const struct sipproc *p, const struct listen_spec *l,
			 struct buf *b)
{
	bool tls = l->transport == TRANSPORT_TLS;
	bool named = p->host && *p->host;

	buf_addz(b, tls ? "sips:" : "sip:");
	put_host(b, named ? p->host : l->host);
	buf_addf(b, ":%u", l->port);
	if (!tls)
		buf_addf(b, ";transport=%s", transport_name(l->transport));
	if (named) {
		buf_addz(b, ";maddr=");
		put_host(b, l->host);
	}
}

static int add_listener(struct sipproc *p, const struct listen_spec *l)
{
	struct buf b = BUF_INIT(1024);
	bool tls = l->transport == TRANSPORT_TLS;
	int r = wait_for_port(l);

	if (r < 0)
		return r;
	put_listener(p, l, &b);
	buf_addc(&b, '\0');
	if (b.err) {
		buf_done(&b);
		return ERR_TOO_BIG;
	}
	r = nta_agent_add_tport(
	    p->agent, URL_STRING_MAKE(b.p), TPTAG_IDENT(l->host),
	    TPTAG_QUEUESIZE(TCP_QUEUE), TPTAG_TIMEOUT(TCP_PARTIAL_S * 1000),
	    TPTAG_PONG2PING(1), TAG_IF(tls, TPTAG_CERTIFICATE(p->tls_folder)),
	    TPTAG_TLS_VERSION(0),
	    TPTAG_TLS_VERIFY_POLICY(tls_policy(p->verify)),
	    TPTAG_TLS_VERIFY_DEPTH(TLS_DEPTH), TAG_END());
	if (r < 0)
		r = errno ? -errno : ERR_UNSUPPORTED;
	buf_done(&b);
	return r < 0 ? r : 0;
}

static tport_t *first_listener(struct sipproc *p)
{
	tport_t *tp = nta_agent_tports(p->agent);
	return tp ? tport_primaries(tp) : NULL;
}

const char *sipproc_listener(struct sipproc *p, struct str host)
{
	for (tport_t *tp = first_listener(p); tp; tp = tport_next(tp))
		if (tport_ident(tp) && str_eq(str_z(tport_ident(tp)), host))
			return tport_ident(tp);
	return NULL;
}

static void report_ready(struct sipproc *p)
{
	struct port_msg m = port_msg(PORT_READY);
	struct buf b = BUF_INIT(65536);

	for (tport_t *tp = first_listener(p); tp; tp = tport_next(tp)) {
		tp_name_t const *n = tport_name(tp);
		bool bare_v6 = strchr(n->tpn_host, ':') && *n->tpn_host != '[';
		buf_addf(&b, bare_v6 ? "%s%s:[%s]:%s" : "%s%s:%s:%s",
			 b.n ? " " : "", n->tpn_proto, n->tpn_host,
			 n->tpn_port);
	}
	m.f[PORT_F_LISTEN] = buf_str(&b);
	sipproc_report(p, &m);
	buf_done(&b);
}

static void report_failed(struct sipproc *p, struct str spec, const char *why)
{
	struct port_msg m = port_msg(PORT_FAILED);
	struct buf b = BUF_INIT(4096);

	buf_addf(&b, "sip listen %.*s: %s", STR_ARG(spec), why);
	m.f[PORT_F_REASON] = buf_str(&b);
	sipproc_report(p, &m);
	buf_done(&b);
	su_root_break(p->root);
}

void sipproc_start(struct sipproc *p)
{
	struct str rest = str_z(p->listen);

	while (rest.n) {
		struct str spec = str_split(&rest, ' ');
		struct listen_spec l;
		const char *why = NULL;
		char tls_why[256];
		int r;

		if (!spec.n)
			continue;
		if (listen_spec_parse(spec, &l) < 0)
			why = "not understood";
		else if (l.transport == TRANSPORT_TLS &&
			 tls_open(p, tls_why) < 0)
			why = tls_why;
		else if ((r = add_listener(p, &l)) < 0)
			why = err_text(r);
		if (why) {
			tls_close(p);
			report_failed(p, spec, why);
			return;
		}
	}
	tls_close(p);
	drop_privileges();
	report_ready(p);
}

void sipproc_maybe_done(struct sipproc *p)
{
	if (p->stopping && !table_count(p->sends) && TAILQ_EMPTY(&p->held) &&
	    !table_count(p->dials) && !table_count(p->requests))
		su_root_break(p->root);
}

void sipproc_close(struct sipproc *p)
{
	struct dialog *d;

	if (!p->agent)
		return;
	uas_close(p);
	hold_close(p);
	uac_close(p);
	dial_close(p);
	TABLE_FOREACH (p->dialogs, it, d)
		dialog_free(d);
	nta_agent_destroy(p->agent);
	p->agent = NULL;
	firstline_close(&p->firstline);
}
