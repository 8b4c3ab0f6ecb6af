#include "tests/bench/daemon.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/measure.h"
#include "tests/bench/tcp.h"

#define START_MS 30000

static void in_dir(const struct daemon *d, const char *name, char *out,
		   size_t size)
{
	snprintf(out, size, "%s/%s", d->dir, name);
}

static void write_config(const struct daemon *d, unsigned seats)
{
	char path[100];
	FILE *f;

	in_dir(d, "stoxd.conf", path, sizeof(path));
	f = fopen(path, "we");
	if (!f)
		err(1, "%s", path);
	fprintf(f,
		"log-level = \"warn\"\n"
		"state-dir = \"%s\"\n"
		"control = \"\"\n"
		"metrics = \"\"\n"
		"sip { listen = {\"tcp:127.0.0.1:%u\"}\n"
		"      trust = {\"127.0.0.1\"} }\n"
		"msrp { listen = {\"%s:127.0.0.1:%u\"}\n"
		"       max-connections = %u }\n"
		"limits { dialogs = %u message-rate = 0 join-rate = 0 }\n",
		d->keeps ? d->dir : "", d->sip_port,
		d->certificate ? "tls" : "tcp", d->msrp_port, seats + 100,
		seats + 100);
	if (d->domains)
		fputs(d->domains, f);
	else
		fprintf(f,
			"domain \"" BENCH_DOMAIN
			"\" { rooms = local create = any\n"
			"       history = 0 lock = no max-occupants = %u\n"
			"       secret = \"%s\" %s }\n",
			seats + 100, d->component_port ? d->secret : "",
			d->domain_more ? d->domain_more : "");
	if (d->component_port)
		fprintf(f, "xmpp { server = \"127.0.0.1:%u\" }\n",
			d->component_port);
	if (d->certificate)
		fprintf(f, "tls { certificate = \"%s\" key = \"%s\" }\n",
			d->certificate, d->key);
	if (fclose(f) != 0)
		err(1, "%s", path);
}

static int notify_socket(const struct daemon *d)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	in_dir(d, "notify", a.sun_path, sizeof(a.sun_path));
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		err(1, "%s", a.sun_path);
	return fd;
}

static _Noreturn void run_stoxd(const struct daemon *d, const char *program)
{
	char conf[100], path[100];
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	in_dir(d, "notify", path, sizeof(path));
	setenv("NOTIFY_SOCKET", path, 1);
	in_dir(d, "log", path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		_exit(126);
	in_dir(d, "stoxd.conf", conf, sizeof(conf));
	execl(program, program, "-c", conf, (char *)NULL);
	fprintf(stderr, "%s: %s\n", program, strerror(errno));
	_exit(127);
}

static _Noreturn void give_up(const struct daemon *d, const char *why)
{
	char path[100], line[400];
	FILE *f;

	in_dir(d, "log", path, sizeof(path));
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		fputs(line, stderr);
	if (f)
		fclose(f);
	errx(1, "stoxd: %s (see %s)", why, d->dir);
}

static void await_ready(const struct daemon *d, int notify)
{
	struct pollfd p = {.fd = notify, .events = POLLIN};
	uint64_t end = now_ns() + START_MS * (uint64_t)1000000;
	char text[1000];
	ssize_t n;

	while (now_ns() < end) {
		if (waitpid(d->pid, NULL, WNOHANG) == d->pid)
			give_up(d, "ended at once");
		if (poll(&p, 1, 100) <= 0)
			continue;
		n = recv(notify, text, sizeof(text) - 1, 0);
		text[n > 0 ? n : 0] = '\0';
		if (strstr(text, "READY=1"))
			return;
	}
	kill(d->pid, SIGTERM);
	give_up(d, "not ready in time");
}

void daemon_start(struct daemon *d, const char *program, unsigned seats)
{
	int notify;

	snprintf(d->dir, sizeof(d->dir), "/tmp/fanout.XXXXXX");
	if (!mkdtemp(d->dir))
		err(1, "%s", d->dir);
	d->sip_port = tcp_free_port();
	d->msrp_port = tcp_free_port();
	write_config(d, seats);
	notify = notify_socket(d);
	d->pid = fork();
	if (d->pid < 0)
		err(1, "fork");
	if (d->pid == 0)
		run_stoxd(d, program);
	await_ready(d, notify);
	close(notify);
}

static void remove_dir(const struct daemon *d)
{
	static const char *const files[] = {
	    "stoxd.conf", "notify",	  "log",	 "stoxd.db",
	    "stoxd.lock", "stoxd.db-wal", "stoxd.db-shm"};
	char path[100];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		in_dir(d, files[i], path, sizeof(path));
		unlink(path);
	}
	rmdir(d->dir);
}

int daemon_stop(struct daemon *d)
{
	int status;

	kill(d->pid, SIGTERM);
	if (waitpid(d->pid, &status, 0) != d->pid)
		err(1, "waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		remove_dir(d);
	else
		warnx("stoxd ended with status %#x, its log is in %s",
		      (unsigned)status, d->dir);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static pid_t sip_process(const struct daemon *d)
{
	pid_t child;

	return proc_children(d->pid, &child, 1) ? child : -1;
}

uint64_t daemon_cpu_ns(const struct daemon *d)
{
	return proc_cpu_ns(d->pid) + proc_cpu_ns(sip_process(d));
}

uint64_t daemon_user_ns(const struct daemon *d)
{
	return proc_user_ns(d->pid) + proc_user_ns(sip_process(d));
}

void daemon_rss(const struct daemon *d, uint64_t *core, uint64_t *sip)
{
	*core = proc_rss(d->pid);
	*sip = proc_rss(sip_process(d));
}
