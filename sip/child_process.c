/* The SIP process as a process: its start, its end, and the next one. */
#include "sip/child_priv.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

extern char **environ;

#define SOCKET_BYTES   (1 << 20)
#define CHILD_FD       3 /* its end of the socketpair, in the process */
#define QUICK_DEATH_MS 2000
#define BACKOFF_MIN_MS 50
#define BACKOFF_MAX_MS 1000
#define REAP_MS	       5

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

int child_launch(struct sip_child *c)
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
	c->generation = (c->generation + 1) & 0x7fffffff;
	c->started_ms = loop_now_ms(c->loop);
	child_port_open(c, fds[0]);
	return 0;
}

static void start(void *user)
{
	struct sip_child *c = user;
	int r = child_launch(c);

	if (r < 0) {
		log_error(c->log, "sip.start", "program=%s err=%s", c->program,
			  err_text(r));
		timer_set(c->loop, &c->timer, BACKOFF_MAX_MS, start, c);
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

void child_stopped_soon(struct sip_child *c)
{
	timer_set(c->loop, &c->timer, 0, on_stopped, c);
}

static void reaped(struct sip_child *c)
{
	uint64_t delay;

	c->pid = 0;
	c->renewing = false;
	if (c->stopping) {
		child_stopped_soon(c);
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

/* An INVITE of ours ends with the process that sent it: its transaction can't
 * be taken over. If it was just answered, the next process ends the dialog. */
static void fail_dials(struct sip_child *c)
{
	struct port_msg m = port_msg(PORT_RESPONSE);
	struct port_msg bye = port_msg(PORT_SEND);

	m.status = 503;
	m.number[PORT_OURS] = 1;
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

void child_lost(struct sip_child *c, const char *why)
{
	if (!c->stopping && c->listening && !c->renewing)
		log_error(c->log, "sip.lost", "pid=%d why=%s dialogs=%zu",
			  c->pid, why, keeper_dialogs(&c->keeper));
	child_port_close(c);
	if (!c->stopping) {
		kill(c->pid, SIGKILL);
		fail_dials(c);
	}
	on_reap(c);
}

void child_kill(struct sip_child *c)
{
	child_port_close(c);
	if (c->pid) {
		kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
		c->pid = 0;
	}
}
