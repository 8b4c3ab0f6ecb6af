/* How much of the machine's own speed is left when stoxd hands one message to
 * everybody in a room. docs/BENCH.md says how to read what this prints. */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bind.h"
#include "tests/bench/crowd.h"
#include "tests/bench/daemon.h"
#include "tests/bench/frame.h"
#include "tests/bench/options.h"
#include "tests/bench/relay.h"
#include "tests/bench/sip.h"
#include "tests/bench/tcp.h"
#include "tests/lib/certs.h"

#define ROUNDS_MAX 31
#define SIP_LINKS  4
#define SIP_BATCH  16 /* calls on their way at once */

struct options {
	struct list receivers, windows;
	double seconds;
	unsigned rounds;
	bool tls;
	const char *stoxd;
};

/* One run's figures. */
struct figures {
	double per_cpu_s, per_s, p50_us, p99_us, per_read, octets;
};

struct stage {
	struct daemon daemon;
	struct relay relay;
	struct certs certs;
	struct cert cert;
	struct sip *sip;    /* SIP_LINKS of them */
	struct call *calls; /* receivers + 1 */
	struct crowd stoxd, bare;
};

static const char usage[] =
    "usage: fanout [--n LIST] [--window LIST] [--seconds S] [--rounds R]\n"
    "              [--tls] [--quick] [--stoxd PROGRAM]\n"
    "Lists are numbers with commas between: receivers, messages in flight.\n";

static void parse_options(struct options *o, int argc, char **argv)
{
	bool quick = false;
	const struct bench_option known[] = {
	    {"n", OPTION_LIST, &o->receivers, 20000},
	    {"window", OPTION_LIST, &o->windows, CROWD_WINDOW},
	    {"seconds", OPTION_REAL, &o->seconds, 0},
	    {"rounds", OPTION_NUMBER, &o->rounds, 0},
	    {"tls", OPTION_FLAG, &o->tls, 0},
	    {"quick", OPTION_FLAG, &quick, 0},
	    {"stoxd", OPTION_TEXT, &o->stoxd, 0},
	    {0}};

	*o = (struct options){.receivers = {{10, 50, 500, 5000}, 4},
			      .windows = {{1, 16}, 2},
			      .seconds = 2,
			      .rounds = 5,
			      .stoxd = "build/stoxd"};
	if (!options_parse(known, argc, argv) || o->seconds <= 0 ||
	    o->rounds < 1 || o->rounds > ROUNDS_MAX)
		options_refuse(usage);
	if (quick) {
		o->receivers = (struct list){{10}, 1};
		o->seconds = 0.2;
		o->rounds = 1;
	}
}

/* Members from first to n (0: the sender). */
static void join(struct stage *s, unsigned first, unsigned n)
{
	struct sip *link;
	unsigned i, k, batch;

	for (i = first; i <= n; i += batch) {
		link = &s->sip[i / SIP_BATCH % SIP_LINKS];
		batch = n + 1 - i < SIP_BATCH ? n + 1 - i : SIP_BATCH;
		for (k = i; k < i + batch; k++) {
			s->calls[k].user = k;
			s->calls[k].tls = s->daemon.certificate != NULL;
		}
		sip_join(link, s->calls + i, batch);
		for (k = i; k < i + batch; k++)
			crowd_add(
			    &s->stoxd, k,
			    bind_session(s->daemon.msrp_port, &s->calls[k]),
			    s->calls[k].own_path);
	}
}

static void leave_all(struct stage *s, unsigned n)
{
	unsigned i, batch;

	for (i = 0; i <= n; i += batch) {
		batch = n + 1 - i < SIP_BATCH ? n + 1 - i : SIP_BATCH;
		sip_leave(&s->sip[i / SIP_BATCH % SIP_LINKS], s->calls + i,
			  batch);
	}
	for (i = 0; i < SIP_LINKS; i++)
		sip_close(&s->sip[i]);
}

static void open_stage(struct stage *s, const struct options *o, unsigned n)
{
	uint64_t core[2], sip[2], seats = n + 1;
	unsigned few = n < SIP_BATCH ? n / 2 : SIP_BATCH - 1;

	crowd_init(&s->stoxd, n);
	crowd_init(&s->bare, n);
	s->calls = calloc(seats, sizeof(*s->calls));
	s->sip = calloc(SIP_LINKS, sizeof(*s->sip));
	if (!s->calls || !s->sip)
		err(1, "memory");
	if (o->tls) {
		struct cert_wish wish = {.names = "IP:127.0.0.1",
					 .self_signed = true};

		certs_init(&s->certs);
		certs_make(&s->certs, "bench", &wish, &s->cert);
		s->daemon.certificate = s->cert.file;
		s->daemon.key = s->cert.key;
	}
	daemon_start(&s->daemon, o->stoxd, n + 1);
	for (unsigned i = 0; i < SIP_LINKS; i++)
		sip_open(&s->sip[i], s->daemon.sip_port);
	join(s, 0, few);
	daemon_rss(&s->daemon, &core[0], &sip[0]);
	join(s, few + 1, n);
	daemon_rss(&s->daemon, &core[1], &sip[1]);
	printf("memory n=%u core_bytes_per_seat=%.0f sip_bytes_per_seat=%.0f\n",
	       n, ((double)core[1] - (double)core[0]) / (n - few),
	       ((double)sip[1] - (double)sip[0]) / (n - few));
	message_init(&s->stoxd.message, &s->calls[0]);
	crowd_run(&s->stoxd, 1, 50000000); /* warms up, and shows a copy */

	s->bare.message = s->stoxd.message;
	relay_start(&s->relay,
		    &(struct relay_plan){
			.message = &s->stoxd.message,
			.copy = str_of(s->stoxd.copy, s->stoxd.copy_n),
			.body = s->stoxd.copy_body,
			.receivers = n,
			.rooms = 1,
			.certificate = s->daemon.certificate,
			.key = s->daemon.key,
		    });
	for (unsigned i = 0; i <= n; i++)
		crowd_add(&s->bare, i, wire_connect(s->relay.port, o->tls),
			  s->calls[i].own_path);
	crowd_run(&s->bare, 1, 50000000);
}

/* Returns false if stoxd did not end as it should. */
static bool close_stage(struct stage *s, unsigned n)
{
	crowd_done(&s->bare);
	relay_wait(&s->relay);
	leave_all(s, n);
	crowd_done(&s->stoxd);
	free(s->calls);
	free(s->sip);
	if (s->daemon.certificate)
		certs_done(&s->certs);
	return daemon_stop(&s->daemon) == 0;
}

static uint64_t used_ns(const struct stage *s, const struct crowd *c)
{
	return c == &s->stoxd ? daemon_cpu_ns(&s->daemon)
			      : proc_cpu_ns(s->relay.pid);
}

static struct figures measure(struct stage *s, struct crowd *c, unsigned window,
			      double seconds)
{
	uint64_t cpu = used_ns(s, c), start = now_ns();
	double copies;

	crowd_run(c, window, (uint64_t)(seconds * 1e9));
	cpu = used_ns(s, c) - cpu;
	copies = (double)c->delivered;
	return (struct figures){
	    .per_cpu_s = copies / ((double)(cpu ? cpu : 1) / 1e9),
	    .per_s = copies / ((double)(now_ns() - start) / 1e9),
	    .p50_us = (double)hist_at(&c->latency, 0.5),
	    .p99_us = (double)hist_at(&c->latency, 0.99),
	    .per_read = copies / (double)c->reads,
	    .octets = (double)c->octets / copies,
	};
}

#define MEDIAN(f, rounds, member)                                              \
	median_of(f, rounds, sizeof(struct figures),                           \
		  offsetof(struct figures, member))

static void print(const char *target, unsigned n, unsigned window,
		  const struct figures *f, unsigned rounds)
{
	printf("fanout n=%u window=%u target=%s deliveries_per_cpu_s=%.0f "
	       "deliveries_per_s=%.0f p50_us=%.0f p99_us=%.0f "
	       "copies_per_read=%.1f frame_bytes=%.0f\n",
	       n, window, target, MEDIAN(f, rounds, per_cpu_s),
	       MEDIAN(f, rounds, per_s), MEDIAN(f, rounds, p50_us),
	       MEDIAN(f, rounds, p99_us), MEDIAN(f, rounds, per_read),
	       MEDIAN(f, rounds, octets));
}

/* The two take turns, so that both see the same machine; each round gives one
 * ratio. */
static void compare(struct stage *s, const struct options *o, unsigned n,
		    unsigned window)
{
	struct figures bare[ROUNDS_MAX], stoxd[ROUNDS_MAX];
	double ratio[ROUNDS_MAX], least = 1e9, most = 0;
	unsigned i;

	for (i = 0; i < o->rounds; i++) {
		bare[i] = measure(s, &s->bare, window, o->seconds);
		stoxd[i] = measure(s, &s->stoxd, window, o->seconds);
		ratio[i] = stoxd[i].per_cpu_s / bare[i].per_cpu_s;
	}
	for (i = 0; i < o->rounds; i++) {
		least = ratio[i] < least ? ratio[i] : least;
		most = ratio[i] > most ? ratio[i] : most;
	}
	print("relay", n, window, bare, o->rounds);
	print("stoxd", n, window, stoxd, o->rounds);
	printf("fanout n=%u window=%u ratio=%.2f ratio_min=%.2f "
	       "ratio_max=%.2f rounds=%u seconds=%g\n",
	       n, window, median_of(ratio, o->rounds, sizeof(double), 0), least,
	       most, o->rounds, o->seconds);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct options o;
	struct stage *s = calloc(1, sizeof(*s));
	bool good = true;
	unsigned i, w, n;

	if (!s)
		err(1, "memory");
	parse_options(&o, argc, argv);
	for (i = 0; i < o.receivers.n; i++) {
		n = o.receivers.v[i];
		tcp_raise_limit(2 * n + 100);
		open_stage(s, &o, n);
		for (w = 0; w < o.windows.n; w++)
			compare(s, &o, n, o.windows.v[w]);
		good = close_stage(s, n) && good;
		memset(s, 0, sizeof(*s));
	}
	free(s);
	printf("fanout verified=%s\n", good ? "yes" : "no");
	return good ? 0 : 1;
}
