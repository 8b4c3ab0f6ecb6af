#include "gateway/service.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "gateway/keep_store.h"
#include "gateway/service_priv.h"
#include "gateway/users.h"

#define STOP_TIMEOUT_MS 5000 /* COMP-13 */
/* Peers that have not answered by then won't: over UDP a request has been sent
 * three times. */
#define STOP_SILENCE_MS 1600
#define SAID_MAX	65536

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

	return links_send(s->links, domain, text);
}

/* --- the SIP process --- */

static void sip_event(void *user, const struct port_msg *m)
{
	struct service *s = user;

	if (m->type == PORT_RESPONSE)
		s->answered_ms = loop_now_ms(s->loop);
	core_sip_event(&s->core, m);
}

static void sip_ready(void *user, bool first)
{
	struct service *s = user;

	if (first) {
		core_restored(&s->core);
		links_update(s->links);
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

static void sip_keep(void *user, uint64_t dlg, struct str state)
{
	struct service *s = user;
	struct keep keep = keep_in_store(s->store);
	char z[KEPT_ID_CHARS + 1];

	keep_put(&keep, KEPT_DIALOG, kept_dialog_key(z, dlg), state);
}

static void sip_drop(void *user, uint64_t dlg)
{
	struct service *s = user;
	struct keep keep = keep_in_store(s->store);
	char z[KEPT_ID_CHARS + 1];

	keep_drop(&keep, KEPT_DIALOG, kept_dialog_key(z, dlg));
}

static const struct sip_child_ops sip_ops = {
    .event = sip_event,
    .ready = sip_ready,
    .failed = sip_failed,
    .keep = sip_keep,
    .drop = sip_drop,
};

uint32_t service_max_dialogs(const struct config *c)
{
	return (uint32_t)(c->limits.dialogs + c->limits.subscriptions);
}

/* With the dialogs of the run before. */
static int start_sip(struct service *s, const char *program)
{
	struct buf listen = BUF_INIT(65536);
	struct seeds seeds;

	for (size_t i = 0; i < s->config->sip.n_listen; i++) {
		const struct listen_spec *l = &s->config->sip.listen[i];
		bool v6 = strchr(l->host, ':') != NULL;

		buf_addf(&listen, "%s%s:%s%s%s:%u", i ? " " : "",
			 transport_name(l->transport), v6 ? "[" : "", l->host,
			 v6 ? "]" : "", l->port);
	}
	restore_from_store(s->store, &s->core, &seeds);
	s->sip = sip_child_new(&(struct sip_child_cfg){
	    .loop = s->loop,
	    .program = program,
	    .listen = buf_z(&listen),
	    .host = s->config->sip.host,
	    .agent = "stoxd/" STOX_VERSION,
	    .log_level = (int)s->config->log_level,
	    .max_dialogs = service_max_dialogs(s->config),
	    .seeds = seeds.seed,
	    .n_seeds = seeds.n,
	    .tls = core_sip_tls(s->config),
	    .ops = &sip_ops,
	    .user = s,
	});
	seeds_done(&seeds);
	buf_done(&listen);
	return s->sip ? 0 : -errno;
}

/* --- the end --- */

static void stopped(struct service *s)
{
	if (s->sip_stopped && s->links_closed)
		loop_stop(s->loop);
}

static void sip_stopped(void *user)
{
	struct service *s = user;

	s->sip_stopped = true;
	stopped(s);
}

static void links_closed(void *user)
{
	struct service *s = user;

	s->links_closed = true;
	stopped(s);
}

static void stop_sip(void *user)
{
	struct service *s = user;
	bool busy = core_sip_busy(&s->core);
	bool silent = loop_now_ms(s->loop) >= s->answered_ms + STOP_SILENCE_MS;

	if (busy && !silent && timer_pending(&s->stop_timer)) {
		timer_set(s->loop, &s->poll_timer, 20, stop_sip, s);
		return;
	}
	if (busy)
		log_info(&s->log, "stop.unanswered", "after_ms=%d",
			 STOP_SILENCE_MS);
	sip_child_stop(s->sip, sip_stopped, s);
}

static void stop_timeout(void *user)
{
	struct service *s = user;

	log_warn(&s->log, "stop.timeout", "busy=%d", core_sip_busy(&s->core));
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
	s->answered_ms = loop_now_ms(s->loop);
	core_shutdown(&s->core);
	sip_child_keep_none(s->sip);
	links_close(s->links, links_closed, s);
	stop_sip(s);
}

static void on_hangup(evutil_socket_t sig, short what, void *user)
{
	struct service *s = user;
	struct buf said = BUF_INIT(SAID_MAX);

	(void)sig;
	(void)what;
	service_reload(s, &said);
	buf_done(&said);
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

static int open_store(struct service *s, struct core_io *io, char why[256])
{
	int err = store_open(s->config->state_dir, s->loop, &s->store, why);

	store_limit(s->store, s->config->limits.store_queue);
	io->keep = keep_in_store(s->store);
	if (err == 0)
		s->users = users_new(s->store, config_realm(s->config));
	io->users = s->users;
	io->store = s->store;
	return err;
}

static int open_files(struct service *s, struct core_io *io, char why[256])
{
	int err;

	if (!*s->config->files.listen)
		return 0;
	err = files_open(s->loop, s->config, &s->files, why);
	if (err == 0)
		err = files_http_new(s->loop, s->config, s->files,
				     &s->files_http, why);
	io->files = s->files;
	return err;
}

/* All but the SIP process: 0, or negative with a line in why. */
static int open_all(struct service *s, char why[256])
{
	struct core_io io = {.sip_send = sip_send,
			     .sip_request_id = sip_request_id,
			     .xmpp_send = xmpp_send,
			     .user = s};
	int err = open_store(s, &io, why);

	if (err == 0)
		err = open_files(s, &io, why);
	if (err < 0)
		return err;
	err = core_init(&s->core, s->loop, s->config, &io, why);
	return err < 0 ? err : service_control_open(s, why);
}

static void close_all(struct service *s)
{
	timer_cancel(s->loop, &s->stop_timer);
	timer_cancel(s->loop, &s->poll_timer);
	service_control_close(s);
	core_done(&s->core);
	files_http_free(s->files_http);
	files_close(s->files);
	users_free(s->users);
	store_close(s->store);
	links_free(s->links);
	sip_child_free(s->sip);
}

int service_run(const struct config *config, const char *program)
{
	struct service s = {.config = &s.live.now};
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	struct event *event[3];
	char why[256];

	raise_limits();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* the store hears of it as of a full disk */
	log_init(&s.log, config->log_level, "stoxd");
	live_config_init(&s.live, config);
	s.loop = loop_new(&s.log, NULL);
	s.links = links_new(s.loop, &s.core);
	for (size_t i = 0; i < 3; i++) {
		event[i] = evsignal_new(loop_base(s.loop), signals[i],
					i < 2 ? on_signal : on_hangup, &s);
		event_add(event[i], NULL);
	}
	if (open_all(&s, why) < 0) {
		fprintf(stderr, "stoxd: %s\n", why);
		s.status = 1;
	} else if (start_sip(&s, program) < 0) {
		fprintf(stderr, "stoxd: %s: %s\n", program, strerror(errno));
		s.status = 1;
	} else {
		loop_run(s.loop);
	}
	close_all(&s);
	for (size_t i = 0; i < 3; i++)
		event_free(event[i]);
	if (s.status == 0)
		log_info(&s.log, "stopped", "status=0");
	loop_free(s.loop);
	live_config_done(&s.live);
	return s.status;
}
