#include "sip/child.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/blob.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "sip/keeper.h"

extern char **environ;

#define SOCKET_BYTES   (1 << 20)
#define CHILD_FD       3 /* its end of the socketpair, in the process */
#define PING_MS	       5000
#define SILENCE_MS     15000
#define QUICK_DEATH_MS 2000
#define BACKOFF_MIN_MS 50
#define BACKOFF_MAX_MS 1000
#define STOP_MS	       4000 /* the process allows itself 2 s */
#define REAP_MS	       5
#define SHARED_FEW     1024 /* octets that are not worth a PORT_BLOB */
#define READ_MAX       256  /* messages a turn, so that others get theirs */

struct sip_child {
	struct loop *loop;
	struct log *log;
	const struct sip_child_ops *ops;
	void *user;
	char *program, *listen, *host, *agent;
	char *certificate, *key, *ca; /* files of TLS */
	enum sip_verify verify;
	uint64_t tls_sum; /* of what the process has read */
	int log_level;
	uint32_t max_dialogs;

	int pid; /* 0 = none */
	struct port_end end;
	struct event *in, *out;
	bool up; /* this process has reported ready */
	uint64_t started_ms, heard_ms;
	uint32_t generation;
	struct timer ping;  /* the watchdog */
	struct timer reap;  /* waits for the process to be gone */
	struct timer timer; /* of a restart or a stop */

	bool listening; /* some process has reported ready */
	char *why;	/* the first one could not, because */
	uint64_t backoff_ms;
	struct keeper keeper;
	struct blob *lent[PORT_BLOBS]; /* what this process has to share */
	unsigned next_lent;
	uint32_t last_req;
	uint64_t restarts, resent;

	bool renewing; /* the process is ending to make room for the next */
	bool stopping;
	void (*done)(void *user);
	void *done_user;
};

static void start(void *user);
static void lost(struct sip_child *c, const char *why);

static void watch_output(struct sip_child *c)
{
	if (c->end.head)
		event_add(c->out, NULL);
	else
		event_del(c->out);
}

/* Queues towards the process; a dead one shows at the next read. */
static void put(struct sip_child *c, const struct port_msg *m)
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
	put(c, &m);
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

static void put_shared(struct sip_child *c, const struct port_msg *m)
{
	struct buf body = BUF_INIT(PORT_BODY_MAX);
	struct port_msg out = *m;

	if (m->shared->n < SHARED_FEW)
		port_join(&out, &body);
	else
		out.number[PORT_SHARED] = lent(c, m->shared);
	put(c, &out);
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
		lost(c, "silent");
		return;
	}
	struct port_msg m = port_msg(PORT_PING);
	put(c, &m);
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
			lost(c, r == ERR_GONE ? "ended" : "incomprehensible");
			return;
		}
		got(c, &m);
	}
}

static void first_start_failed(struct sip_child *c)
{
	char z[512];

	if (!c->why) {
		snprintf(z, sizeof z, "%s: cannot be started", c->program);
		c->why = strdup(z);
	}
	c->ops->failed(c->user, c->why ? c->why : "out of memory");
}

static void on_stopped(void *user)
{
	struct sip_child *c = user;
	if (c->done)
		c->done(c->done_user);
}

static void reaped(struct sip_child *c)
{
	uint64_t delay;

	c->pid = 0;
	c->renewing = false;
	if (c->stopping) {
		timer_set(c->loop, &c->timer, 0, on_stopped, c);
		return;
	}
	if (!c->listening) {
		first_start_failed(c);
		return;
	}
	if (loop_now_ms(c->loop) - c->started_ms >= QUICK_DEATH_MS)
		c->backoff_ms = 0;
	delay = c->backoff_ms;
	c->backoff_ms = delay ? delay * 2 : BACKOFF_MIN_MS;
	if (c->backoff_ms > BACKOFF_MAX_MS)
		c->backoff_ms = BACKOFF_MAX_MS;
	c->restarts++;
	timer_set(c->loop, &c->timer, delay, start, c);
}

/* The next process can't bind before this one is entirely gone. */
static void on_reap(void *user)
{
	struct sip_child *c = user;
	int status, r = waitpid(c->pid, &status, WNOHANG);

	if (r == 0) {
		timer_set(c->loop, &c->reap, REAP_MS, on_reap, c);
		return;
	}
	if (r == c->pid && status != 0 && c->listening)
		log_warn(c->log, "sip.ended", "pid=%d status=%#x", c->pid,
			 (unsigned)status);
	reaped(c);
}

static void close_port(struct sip_child *c)
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

/* An INVITE of ours ends with the process that sent it: its transaction can't
 * be taken over. If it was just answered, the next process ends the dialog. */
static void fail_dials(struct sip_child *c)
{
	struct port_msg m = port_msg(PORT_RESPONSE);
	struct port_msg bye = port_msg(PORT_SEND);

	m.status = 503;
	m.f[PORT_F_REASON] = STR("Service Unavailable");
	bye.f[PORT_F_METHOD] = STR("BYE");
	while (keeper_take_dial(&c->keeper, &m.dlg, &m.req)) {
		if (keeper_has(&c->keeper, m.dlg)) {
			bye.dlg = m.dlg;
			bye.req = sip_child_req(c);
			sip_child_send(c, &bye);
			keeper_forget(&c->keeper, m.dlg);
		}
		c->ops->event(c->user, &m);
	}
}

static void lost(struct sip_child *c, const char *why)
{
	if (!c->stopping && c->listening && !c->renewing)
		log_error(c->log, "sip.lost", "pid=%d why=%s dialogs=%zu",
			  c->pid, why, keeper_dialogs(&c->keeper));
	close_port(c);
	if (!c->stopping) {
		kill(c->pid, SIGKILL);
		fail_dials(c);
	}
	on_reap(c);
}

static int spawn(struct sip_child *c, int fd)
{
	char z[16];
	char *argv[] = {(char *)(uintptr_t)c->program, z, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	pid_t pid;
	int r;

	snprintf(z, sizeof z, "%d", CHILD_FD);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, fd, CHILD_FD);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	r = posix_spawn(&pid, c->program, &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	if (!r)
		c->pid = pid;
	return -r;
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
	put(c, &m);
	keeper_seed(&c->keeper, &c->end);
	m = port_msg(PORT_START);
	put(c, &m);
}

/* 0 or a negated errno value. */
static int launch(struct sip_child *c)
{
	int fds[2], bytes = SOCKET_BYTES, r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	r = spawn(c, fds[1]);
	close(fds[1]);
	if (r < 0) {
		close(fds[0]);
		return r;
	}
	port_end_init(&c->end, fds[0]);
	c->in = event_new(loop_base(c->loop), fds[0], EV_READ | EV_PERSIST,
			  on_readable, c);
	c->out = event_new(loop_base(c->loop), fds[0], EV_WRITE | EV_PERSIST,
			   on_writable, c);
	event_add(c->in, NULL);
	c->generation = (c->generation + 1) & 0x7fffffff;
	c->started_ms = c->heard_ms = loop_now_ms(c->loop);
	timer_set(c->loop, &c->ping, PING_MS, on_ping, c);
	introduce(c);
	return 0;
}

static void start(void *user)
{
	struct sip_child *c = user;
	int r = launch(c);

	if (r < 0) {
		log_error(c->log, "sip.start", "program=%s err=%s", c->program,
			  err_text(r));
		timer_set(c->loop, &c->timer, BACKOFF_MAX_MS, start, c);
	}
}

/* Dialogs of an earlier run. Their ids must not come again, however fast that
 * run has used generations up or the clock was set back. */
static void take_seeds(struct sip_child *c, const struct sip_child_cfg *cfg)
{
	uint32_t highest;

	if (c->ops->keep)
		c->keeper.store =
		    (struct keeper_store){c->ops->keep, c->ops->drop, c->user};
	for (size_t i = 0; i < cfg->n_seeds; i++)
		if (keeper_add(&c->keeper, cfg->seeds[i]) < 0)
			log_warn(c->log, "sip.seed", "why=unreadable");
	highest = keeper_generation(&c->keeper);
	if (highest > c->generation)
		c->generation = highest;
}

static void take(char **to, const char *from)
{
	free(*to);
	*to = str_dup(str_z(from));
}

static void take_tls(struct sip_child *c, const struct sip_tls *tls)
{
	take(&c->certificate, tls->certificate);
	take(&c->key, tls->key);
	take(&c->ca, tls->ca);
	c->verify = tls->verify;
}

struct sip_child *sip_child_new(const struct sip_child_cfg *cfg)
{
	uint32_t salt = (uint32_t)(loop_wall_ms(cfg->loop) / 1000);
	struct sip_child *c;

	if (access(cfg->program, X_OK) < 0)
		return NULL;
	c = mem_new(sizeof(*c));
	c->loop = cfg->loop;
	c->log = loop_log(cfg->loop);
	c->program = str_dup(str_z(cfg->program));
	c->listen = str_dup(str_z(cfg->listen));
	c->host = str_dup(str_z(cfg->host));
	c->agent = str_dup(str_z(cfg->agent));
	take_tls(c, &cfg->tls);
	c->log_level = cfg->log_level;
	c->max_dialogs = cfg->max_dialogs;
	c->ops = cfg->ops;
	c->user = cfg->user;
	c->end.fd = -1;
	/* Ids of an earlier run of the daemon never come again: a generation
	 * starts at the second of its birth (31 bits, bit 63 is the core's). */
	c->generation = salt & 0x7fffffff;
	keeper_init(&c->keeper, c->loop);
	take_seeds(c, cfg);
	int r = launch(c);
	if (r < 0) {
		sip_child_free(c);
		errno = -r;
		return NULL;
	}
	return c;
}

static void kill_now(struct sip_child *c)
{
	close_port(c);
	if (c->pid) {
		kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
		c->pid = 0;
	}
}

static void stop_late(void *user)
{
	struct sip_child *c = user;

	log_warn(c->log, "sip.stop", "pid=%d slow to stop, killed", c->pid);
	kill(c->pid, SIGKILL); /* and its end is seen as any other */
	if (c->end.fd >= 0)
		lost(c, "slow to stop");
}

/* It had its time to finish what was open. */
static void renew_late(void *user)
{
	struct sip_child *c = user;

	if (c->end.fd >= 0)
		lost(c, "slow to stop");
}

int sip_child_reload_tls(struct sip_child *c, const struct sip_tls *tls,
			 char why[256])
{
	struct port_msg m = port_msg(PORT_STOP);

	if (!strstr(c->listen, "tls:"))
		return 0;
	if (sip_tls_check(tls, why) < 0)
		return -EINVAL;
	take_tls(c, tls);
	/* one that is not up yet, or gone, is followed by the next anyway */
	if (c->stopping || c->renewing || !c->up ||
	    sip_tls_sum(tls) == c->tls_sum)
		return 0;
	log_info(c->log, "sip.restart",
		 "pid=%d dialogs=%zu why=\"new files of "
		 "TLS\"",
		 c->pid, keeper_dialogs(&c->keeper));
	c->renewing = true;
	c->backoff_ms = 0;
	put(c, &m);
	timer_set(c->loop, &c->timer, STOP_MS, renew_late, c);
	return 0;
}

void sip_child_stop(struct sip_child *c, void (*done)(void *user), void *user)
{
	struct port_msg m = port_msg(PORT_STOP);

	if (c->stopping)
		return;
	c->stopping = true;
	c->done = done;
	c->done_user = user;
	if (c->end.fd < 0 || !done) {
		timer_cancel(c->loop, &c->reap);
		kill_now(c);
		timer_set(c->loop, &c->timer, 0, on_stopped, c);
		return;
	}
	put(c, &m);
	timer_set(c->loop, &c->timer, STOP_MS, stop_late, c);
}

void sip_child_keep_none(struct sip_child *c)
{
	keeper_clear_store(&c->keeper);
}

void sip_child_free(struct sip_child *c)
{
	if (!c)
		return;
	timer_cancel(c->loop, &c->timer);
	timer_cancel(c->loop, &c->reap);
	kill_now(c);
	keeper_done(&c->keeper);
	forget_lent(c);
	free(c->program);
	free(c->listen);
	free(c->host);
	free(c->agent);
	free(c->certificate);
	free(c->key);
	free(c->ca);
	free(c->why);
	free(c);
}

void sip_child_send(struct sip_child *c, const struct port_msg *m)
{
	assert(m->type == PORT_ANSWER || m->type == PORT_SEND ||
	       m->type == PORT_DIAL || m->type == PORT_HANG_UP ||
	       m->type == PORT_FORGET);
	if (m->type == PORT_SEND || m->type == PORT_DIAL)
		keeper_send(&c->keeper, m);
	else if (m->type == PORT_FORGET)
		keeper_forget(&c->keeper, m->dlg);
	else if (m->type == PORT_ANSWER && m->req >> 32 != c->generation)
		return;
	if (c->up && m->shared)
		put_shared(c, m);
	else if (c->up)
		put(c, m);
}

void sip_child_adjust(struct sip_child *c, int log_level, uint32_t max_dialogs)
{
	struct port_msg m = port_msg(PORT_CONFIG);

	c->log_level = log_level;
	c->max_dialogs = max_dialogs;
	m.number[0] = c->generation;
	m.number[1] = max_dialogs;
	m.number[3] = (uint32_t)log_level;
	if (c->up)
		put(c, &m);
}

uint64_t sip_child_req(struct sip_child *c)
{
	return UINT64_C(1) << 63 | (uint64_t)c->generation << 32 |
	       ++c->last_req;
}

int sip_child_pid(const struct sip_child *c)
{
	return c->pid;
}

const char *sip_child_listen(const struct sip_child *c)
{
	return c->listen;
}

struct sip_child_stats sip_child_stats(const struct sip_child *c)
{
	return (struct sip_child_stats){
	    .restarts = c->restarts,
	    .dialogs = keeper_dialogs(&c->keeper),
	    .tombstones = keeper_tombstones(&c->keeper),
	    .resent = c->resent,
	};
}
