/* What it costs stoxd when somebody joins a room whose people watch its roster.
 * docs/BENCH.md says how to read what this prints. */
#include <err.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"
#include "tests/bench/bind.h"
#include "tests/bench/daemon.h"
#include "tests/bench/measure.h"
#include "tests/bench/sip.h"
#include "tests/bench/tcp.h"

#define RATES_MAX 8
#define LINKS	  4
#define BATCH	  16 /* calls on their way at once */
#define SECOND	  1000000000ull

struct options {
	unsigned subscribers, joins;
	unsigned rate[RATES_MAX]; /* joins per second; 0: as fast as it goes */
	unsigned n_rates;
	unsigned interval_s; /* between two NOTIFYs of a subscription */
	double rest_s;	     /* in which idle CPU time is measured */
	const char *stoxd;
};

struct stage {
	struct daemon daemon;
	struct sip *link; /* LINKS of them */
	struct call *calls;
	int *fd; /* of each call's MSRP session */
};

static const char usage[] =
    "usage: joins [--subscribers N] [--joins N] [--rates LIST]\n"
    "             [--interval S] [--quick] [--stoxd PROGRAM]\n"
    "Rates are joins per second, with commas between; 0: as fast as it goes.\n"
    "The interval is the rooms' notify-interval.\n";

static void parse_rates(struct options *o, const char *text)
{
	struct str rest = str_z(text);
	uint64_t v;

	for (o->n_rates = 0; rest.n; o->rate[o->n_rates++] = (unsigned)v)
		if (o->n_rates == RATES_MAX ||
		    str_u64(str_split(&rest, ','), 100000, &v) < 0)
			errx(2, "%s: not a list of numbers", text);
}

static void parse_options(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
	    {"subscribers", required_argument, NULL, 's'},
	    {"joins", required_argument, NULL, 'j'},
	    {"rates", required_argument, NULL, 'r'},
	    {"interval", required_argument, NULL, 'i'},
	    {"quick", no_argument, NULL, 'q'},
	    {"stoxd", required_argument, NULL, 'p'},
	    {NULL, 0, NULL, 0}};
	int opt;

	*o = (struct options){.subscribers = 500,
			      .joins = 500,
			      .rate = {0, 100, 20},
			      .n_rates = 3,
			      .interval_s = 5,
			      .rest_s = 2,
			      .stoxd = "build/stoxd"};
	while ((opt = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (opt == 's') {
			o->subscribers = (unsigned)atoi(optarg);
		} else if (opt == 'j') {
			o->joins = (unsigned)atoi(optarg);
		} else if (opt == 'r') {
			parse_rates(o, optarg);
		} else if (opt == 'i') {
			o->interval_s = (unsigned)atoi(optarg);
		} else if (opt == 'p') {
			o->stoxd = optarg;
		} else if (opt == 'q') {
			o->subscribers = 5;
			o->joins = 20;
			o->n_rates = 1;
			o->interval_s = 0;
			o->rest_s = 0.2;
		} else {
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (optind != argc || o->joins == 0 || o->n_rates == 0) {
		fputs(usage, stderr);
		exit(2);
	}
}

static uint64_t notifies(const struct stage *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < LINKS; i++)
		n += s->link[i].notifies;
	return n;
}

static uint64_t notify_octets(const struct stage *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < LINKS; i++)
		n += s->link[i].notify_octets;
	return n;
}

/* Answers what comes until so much time has passed. */
static void idle(struct stage *s, uint64_t ns)
{
	uint64_t end = now_ns() + ns;

	do
		for (unsigned i = 0; i < LINKS; i++)
			sip_idle(&s->link[i], SECOND / 1000);
	while (now_ns() < end);
}

/* Until no NOTIFY has come for longer than the pace allows: everybody has been
 * told everything. */
static void settle(struct stage *s, const struct options *o)
{
	uint64_t before;

	do {
		before = notifies(s);
		idle(s, (uint64_t)((o->interval_s + o->rest_s / 2) * SECOND));
	} while (notifies(s) > before);
}

static void join(struct stage *s, unsigned first, unsigned n, bool subscribe)
{
	struct sip *link = &s->link[first / BATCH % LINKS];

	for (unsigned k = first; k < first + n; k++)
		s->calls[k].user = k;
	sip_join(link, s->calls + first, n);
	for (unsigned k = first; k < first + n; k++)
		s->fd[k] = bind_session(s->daemon.msrp_port, &s->calls[k]).fd;
	if (subscribe)
		sip_subscribe(link, s->calls + first, n);
}

static void join_fast(struct stage *s, unsigned first, unsigned n,
		      bool subscribe)
{
	for (unsigned i = first, batch; i < first + n; i += batch) {
		batch = BATCH - i % BATCH;
		if (batch > first + n - i)
			batch = first + n - i;
		join(s, i, batch, subscribe);
	}
}

static void join_paced(struct stage *s, unsigned first, unsigned n,
		       bool subscribe, unsigned rate)
{
	uint64_t start = now_ns();

	for (unsigned i = 0; i < n; i++) {
		uint64_t due = start + i * SECOND / rate;

		while (now_ns() < due)
			idle(s, SECOND / 1000);
		join(s, first + i, 1, subscribe);
	}
}

static void leave(struct stage *s, unsigned first, unsigned n)
{
	for (unsigned i = first, batch; i < first + n; i += batch) {
		batch = BATCH - i % BATCH;
		if (batch > first + n - i)
			batch = first + n - i;
		sip_leave(&s->link[i / BATCH % LINKS], s->calls + i, batch);
	}
	for (unsigned i = first; i < first + n; i++)
		close(s->fd[i]);
}

/* What n people cost who come at this rate, until the last subscriber knows of
 * the last of them; then they go. What stoxd does anyway in that time is taken
 * off. */
static void measure(struct stage *s, const struct options *o, unsigned rate,
		    bool subscribe)
{
	uint64_t cpu = daemon_cpu_ns(&s->daemon), start = now_ns();
	uint64_t told = notifies(s), octets = notify_octets(s), took;
	double n = o->joins, idle_cpu; /* a second's */

	idle(s, (uint64_t)(o->rest_s * SECOND));
	idle_cpu = (double)(daemon_cpu_ns(&s->daemon) - cpu) / o->rest_s;
	cpu = daemon_cpu_ns(&s->daemon);
	start = now_ns();
	if (rate)
		join_paced(s, o->subscribers, o->joins, subscribe, rate);
	else
		join_fast(s, o->subscribers, o->joins, subscribe);
	took = now_ns() - start;
	settle(s, o);
	cpu = daemon_cpu_ns(&s->daemon) - cpu -
	      (uint64_t)(idle_cpu * (double)(now_ns() - start) / 1e9);
	told = notifies(s) - told;
	octets = notify_octets(s) - octets;
	printf("joins subscribers=%u rate=%u subscribe=%s joins=%u "
	       "joins_per_s=%.0f cpu_us_per_join=%.0f joins_per_cpu_s=%.0f "
	       "notifies_per_join=%.2f notify_octets_per_join=%.0f "
	       "octets_per_notify=%.0f cpu_us_per_notify=%.1f\n",
	       o->subscribers, rate, subscribe ? "yes" : "no", o->joins,
	       n / ((double)took / 1e9), (double)cpu / 1e3 / n,
	       n / ((double)cpu / 1e9), (double)told / n, (double)octets / n,
	       told ? (double)octets / (double)told : 0,
	       told ? (double)cpu / 1e3 / (double)told : 0);
	fflush(stdout);
	leave(s, o->subscribers, o->joins);
	settle(s, o);
}

int main(int argc, char **argv)
{
	struct options o;
	struct stage s = {0};
	char interval[40];
	unsigned all;
	int status;

	parse_options(&o, argc, argv);
	all = o.subscribers + o.joins;
	tcp_raise_limit(all + 100);
	s.link = calloc(LINKS, sizeof(*s.link));
	s.calls = calloc(all, sizeof(*s.calls));
	s.fd = calloc(all, sizeof(*s.fd));
	if (!s.link || !s.calls || !s.fd)
		err(1, "memory");
	snprintf(interval, sizeof(interval), "notify-interval = %u",
		 o.interval_s);
	s.daemon.domain_more = interval;
	daemon_start(&s.daemon, o.stoxd, all);
	for (unsigned i = 0; i < LINKS; i++)
		sip_open(&s.link[i], s.daemon.sip_port);
	join_fast(&s, 0, o.subscribers, true);
	settle(&s, &o);
	for (unsigned i = 0; i < o.n_rates; i++) {
		measure(&s, &o, o.rate[i], false);
		measure(&s, &o, o.rate[i], true);
	}
	leave(&s, 0, o.subscribers);
	idle(&s, SECOND);
	for (unsigned i = 0; i < LINKS; i++)
		sip_close(&s.link[i]);
	status = daemon_stop(&s.daemon);
	free(s.link);
	free(s.calls);
	free(s.fd);
	printf("joins verified=%s\n", status == 0 ? "yes" : "no");
	return status == 0 ? 0 : 1;
}
