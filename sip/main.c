/* stoxd-sip: the SIP process. It parses strangers' bytes, holds no room, runs
 * without privileges and lives and dies with the stoxd that started it. */
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sofia-sip/su_log.h>

#include "sip/sip_priv.h"

#include "base/mem.h"

#define NOBODY 65534

#if defined(__SANITIZE_ADDRESS__)
#define LEAK_CHECK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEAK_CHECK 1
#endif
#endif

#ifdef LEAK_CHECK
/* sofia-sip loses some 200 octets of names with each TLS server it meets. To be
 * found by name they need ASAN_OPTIONS=fast_unwind_on_malloc=0. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:X509V3_EXT_d2i\nleak:i2v_GENERAL_NAMES\n";
}
#endif

extern su_log_t nta_log[], tport_log[];

static bool is_port(int fd)
{
	int type;
	socklen_t n = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 &&
	       type == SOCK_SEQPACKET;
}

static void ignore_signals(void)
{
	/* A terminal sends them to the whole group; the core decides. */
	static const int ignored[] = {SIGPIPE, SIGHUP, SIGINT, SIGQUIT,
				      SIGTERM};

	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
}

static void close_inherited(int port)
{
	if (port > 3)
		close_range(3, (unsigned)port - 1, 0);
	close_range((unsigned)port + 1, ~0U, 0);
}

static void raise_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

void drop_privileges(void)
{
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 ||
			       setuid(NOBODY) < 0))
		perror("stoxd-sip: cannot give up root");
#ifdef LEAK_CHECK
	/* The leak check reads its own process, which this change forbade. */
	prctl(PR_SET_DUMPABLE, 1);
#endif
	/* After a change of user, which clears it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void library_log(const struct log *log)
{
	unsigned level = log->level >= LOG_TRACE ? 7 : 0;

	su_log_set_level(su_log_default, level);
	su_log_set_level(nta_log, level);
	su_log_set_level(tport_log, level);
}

static void tables_free(struct sipproc *p)
{
	table_free(p->dialogs);
	table_free(p->initial);
	table_free(p->requests);
	table_free(p->sends);
	table_free(p->dials);
	table_free(p->own);
	free(p->agent_name);
	free(p->host);
	free(p->listen);
	free(p->certificate);
	free(p->key);
	free(p->ca);
}

static int run(int fd)
{
	struct sipproc *p = mem_new(sizeof(*p));
	int r = 1;

	log_init(&p->log, LOG_INFO, "stoxd-sip");
	library_log(&p->log);
	port_end_init(&p->port, fd);
	p->dialogs = table_new();
	p->initial = table_new();
	p->requests = table_new();
	p->sends = table_new();
	p->dials = table_new();
	p->own = table_new();
	TAILQ_INIT(&p->dead);
	TAILQ_INIT(&p->held);
	TAILQ_INIT(&p->waiting);
	TAILQ_INIT(&p->unacked);
	su_init();
	p->root = su_root_create(p);
	if (p->root && commands_open(p) == 0) {
		su_root_run(p->root);
		port_end_flush(&p->port);
		sipproc_close(p);
		commands_close(p);
		r = 0;
	}
	su_root_destroy(p->root);
	su_deinit();
	port_end_done(&p->port);
	tables_free(p);
	free(p);
	return r;
}

int main(int argc, char **argv)
{
	char *end = NULL;
	long fd = argc == 2 ? strtol(argv[1], &end, 10) : -1;

	if (fd < 3 || fd > 1023 || *end || !is_port((int)fd)) {
		fprintf(stderr, "stoxd-sip belongs to stoxd, which starts it; "
				"there is nothing to run by hand.\n");
		return 2;
	}
	ignore_signals();
	close_inherited((int)fd);
	spare_open();
	raise_descriptors();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return run((int)fd);
}
