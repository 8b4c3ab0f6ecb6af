#include "gateway/service.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "gateway/core.h"
#include "sip/child.h"
#include "xmpp/stream.h"

#define STOP_TIMEOUT_MS 5000 /* COMP-13 */

struct service;

struct link {
	struct service *s;
	const struct domain_config *domain;
	struct xmpp_link *xmpp;
	bool was_up, closed;
};

struct service {
	struct loop *loop;
	struct log log;
	const struct config *config;
	struct core core;
	struct sip_child *sip;
	struct link *links;
	size_t n_links;
	bool ready, stopping, sip_stopped;
	int status;
	struct timer stop_timer, poll_timer;
};

/* --- where the core's output goes --- */

static void sip_send(void *user, const struct port_msg *m)
{
	struct service *s = user;

	if (s->sip)
		sip_child_send(s->sip, m);
}

static uint64_t sip_request_id(void *user)
{
	struct service *s = user;

	return sip_child_req(s->sip);
}

static int xmpp_send(void *user, struct str domain, struct str text)
{
	struct service *s = user;

	for (size_t i = 0; i < s->n_links; i++)
		if (str_ieq(domain, str_z(s->links[i].domain->name)))
			return xmpp_link_send(s->links[i].xmpp, text);
	return ERR_GONE;
}

/* --- component streams --- */

static void link_up(void *user)
{
	struct link *l = user;
	bool again = l->was_up;

	l->was_up = true;
	front_xmpp_link_up(l->s->core.front_xmpp, str_z(l->domain->name),
			   again);
}

static void link_down(void *user, const char *why)
{
	struct link *l = user;

	(void)why; /* the stream has logged it */
	front_xmpp_link_down(l->s->core.front_xmpp, str_z(l->domain->name));
}

static void link_stanza(void *user, const struct xnode *stanza)
{
	struct link *l = user;
	const struct domain_config *to = l->domain, *named;
	struct jid jid;

	/* ejabberd may send what is for one of our domains on another's stream
	 */
	if (jid_split(x_attr(stanza, "to"), &jid) == 0 &&
	    (named = back_local_domain(l->s->core.back, jid.domain)))
		to = named;
	front_xmpp_stanza(l->s->core.front_xmpp, str_z(to->name), stanza);
}

static const struct xmpp_link_ops link_ops = {link_up, link_down, link_stanza};

static void start_links(struct service *s)
{
	const struct config *c = s->config;

	s->links = mem_new_array(c->n_domains + 1, sizeof(*s->links));
	for (size_t i = 0; i < c->n_domains; i++) {
		const struct domain_config *d = &c->domains[i];
		struct link *l = &s->links[s->n_links];

		if (!*d->secret)
			continue;
		if (d->rooms != ROOMS_LOCAL) {
			log_warn(
			    &s->log, "domain.unserved",
			    "domain=%s why=\"only local rooms are served yet\"",
			    d->name);
			continue;
		}
		s->n_links++;
		l->s = s;
		l->domain = d;
		l->xmpp = xmpp_link_new(&(struct xmpp_link_cfg){
		    .loop = s->loop,
		    .server = c->xmpp.server,
		    .domain = d->name,
		    .secret = d->secret,
		    .max_stanza = c->xmpp.max_stanza,
		    .max_queue = c->xmpp.max_queue,
		    .ops = &link_ops,
		    .user = l,
		});
	}
}

/* --- the SIP process --- */

static void sip_event(void *user, const struct port_msg *m)
{
	struct service *s = user;

	front_sip_event(s->core.front_sip, m);
}

static void sip_ready(void *user, bool first)
{
	struct service *s = user;

	if (first) {
		start_links(s);
		s->ready = true;
		log_info(&s->log, "ready", "version=%s", STOX_VERSION);
		sd_notify(0, "READY=1");
	}
}

static void sip_failed(void *user, const char *why)
{
	struct service *s = user;

	fprintf(stderr, "stoxd: %s\n", why);
	s->status = 1;
	loop_stop(s->loop);
}

static const struct sip_child_ops sip_ops = {sip_event, sip_ready, sip_failed};

static int start_sip(struct service *s, const char *program)
{
	struct buf listen = BUF_INIT(65536);

	for (size_t i = 0; i < s->config->sip.n_listen; i++) {
		const struct listen_spec *l = &s->config->sip.listen[i];
		bool v6 = strchr(l->host, ':') != NULL;

		buf_addf(&listen, "%s%s:%s%s%s:%u", i ? " " : "",
			 transport_name(l->transport), v6 ? "[" : "", l->host,
			 v6 ? "]" : "", l->port);
	}
	s->sip = sip_child_new(&(struct sip_child_cfg){
	    .loop = s->loop,
	    .program = program,
	    .listen = buf_z(&listen),
	    .host = s->config->sip.host,
	    .agent = "stoxd/" STOX_VERSION,
	    .log_level = (int)s->config->log_level,
	    .max_dialogs = (uint32_t)(s->config->limits.dialogs +
				      s->config->limits.subscriptions),
	    .ops = &sip_ops,
	    .user = s,
	});
	buf_done(&listen);
	return s->sip ? 0 : -errno;
}

/* --- the end --- */

static void stopped(struct service *s)
{
	for (size_t i = 0; i < s->n_links; i++)
		if (!s->links[i].closed)
			return;
	if (s->sip_stopped)
		loop_stop(s->loop);
}

static void sip_stopped(void *user)
{
	struct service *s = user;

	s->sip_stopped = true;
	stopped(s);
}

static void link_closed(void *user)
{
	struct link *l = user;

	l->closed = true;
	stopped(l->s);
}

static void stop_sip(void *user)
{
	struct service *s = user;

	if (front_sip_busy(s->core.front_sip) &&
	    timer_pending(&s->stop_timer)) {
		timer_set(s->loop, &s->poll_timer, 20, stop_sip, s);
		return;
	}
	sip_child_stop(s->sip, sip_stopped, s);
}

static void stop_timeout(void *user)
{
	struct service *s = user;

	log_warn(&s->log, "stop.timeout", "busy=%d",
		 front_sip_busy(s->core.front_sip));
	loop_stop(s->loop);
}

static void on_signal(evutil_socket_t sig, short what, void *user)
{
	struct service *s = user;

	(void)what;
	if (s->stopping || !s->ready) {
		loop_stop(s->loop);
		return;
	}
	s->stopping = true;
	log_info(&s->log, "stop", "signal=%d", (int)sig);
	sd_notify(0, "STOPPING=1");
	timer_set(s->loop, &s->stop_timer, STOP_TIMEOUT_MS, stop_timeout, s);
	core_shutdown(&s->core);
	for (size_t i = 0; i < s->n_links; i++)
		xmpp_link_close(s->links[i].xmpp, link_closed, &s->links[i]);
	stop_sip(s);
}

/* What can be reloaded so far is nothing; a hang-up must not end the rooms. */
static void on_hangup(evutil_socket_t sig, short what, void *user)
{
	struct service *s = user;

	(void)sig;
	(void)what;
	log_info(&s->log, "reload", "what=nothing");
}

/* A descriptor per participant: all that the system lets us have. */
static void raise_limits(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

int service_run(const struct config *config, const char *program)
{
	struct service s = {.config = config};
	struct core_io io = {sip_send, sip_request_id, xmpp_send, &s};
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	struct event *event[3];
	char why[256];

	raise_limits();
	signal(SIGPIPE, SIG_IGN);
	log_init(&s.log, config->log_level, "stoxd");
	s.loop = loop_new(&s.log, NULL);
	if (core_init(&s.core, s.loop, config, &io, why) < 0) {
		fprintf(stderr, "stoxd: %s\n", why);
		loop_free(s.loop);
		return 1;
	}
	for (size_t i = 0; i < 3; i++) {
		event[i] = evsignal_new(loop_base(s.loop), signals[i],
					i < 2 ? on_signal : on_hangup, &s);
		event_add(event[i], NULL);
	}
	if (start_sip(&s, program) < 0) {
		fprintf(stderr, "stoxd: %s: %s\n", program, strerror(errno));
		s.status = 1;
	} else {
		loop_run(s.loop);
	}
	timer_cancel(s.loop, &s.stop_timer);
	timer_cancel(s.loop, &s.poll_timer);
	core_done(&s.core);
	for (size_t i = 0; i < s.n_links; i++)
		xmpp_link_free(s.links[i].xmpp);
	free(s.links);
	sip_child_free(s.sip);
	for (size_t i = 0; i < 3; i++)
		event_free(event[i]);
	if (s.status == 0)
		log_info(&s.log, "stopped", "status=0");
	loop_free(s.loop);
	return s.status;
}
