/* Many rooms at a steady pace: what a delivery costs, how long it takes and how
 * much memory a participant needs. docs/BENCH.md says how to read what this
 * prints. */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bind.h"
#include "tests/bench/daemon.h"
#include "tests/bench/field.h"
#include "tests/bench/options.h"
#include "tests/bench/relay.h"
#include "tests/bench/tcp.h"

#define LINKS	   4
#define BATCH	   16 /* calls on their way at once */
#define ROUNDS_MAX 31

struct options {
	unsigned rooms, people; /* of each room */
	double rate;		/* messages per second, into all rooms */
	double seconds;
	unsigned rounds;
	bool alone; /* without the relay */
	const char *stoxd;
};

/* One run's figures. */
struct figures {
	double cpu_us, user_us; /* of a delivery */
	double share;		/* of a CPU */
	double p50_us, p99_us;
};

struct stage {
	struct options o;
	struct daemon daemon;
	struct relay relay;
	uint64_t rss[2];  /* of both processes, with nobody there */
	struct sip *link; /* LINKS of them */
	struct call *calls;
	struct field *stoxd, *bare;
	unsigned n;
};

static const char usage[] =
    "usage: rooms [--rooms N] [--people N] [--rate N] [--seconds S]\n"
    "             [--rounds R] [--alone] [--quick] [--stoxd PROGRAM]\n"
    "The rate is messages per second into all rooms together. Alone: without\n"
    "the bare relay.\n";

static void parse_options(struct options *o, int argc, char **argv)
{
	bool quick = false;
	const struct bench_option known[] = {
	    {"rooms", OPTION_NUMBER, &o->rooms, 0},
	    {"people", OPTION_NUMBER, &o->people, 0},
	    {"rate", OPTION_REAL, &o->rate, 0},
	    {"seconds", OPTION_REAL, &o->seconds, 0},
	    {"rounds", OPTION_NUMBER, &o->rounds, 0},
	    {"alone", OPTION_FLAG, &o->alone, 0},
	    {"quick", OPTION_FLAG, &quick, 0},
	    {"stoxd", OPTION_TEXT, &o->stoxd, 0},
	    {0}};

	*o = (struct options){.rooms = 200,
			      .people = 20,
			      .rate = 1000,
			      .seconds = 4,
			      .rounds = 5,
			      .stoxd = "build/stoxd"};
	if (!options_parse(known, argc, argv) || o->rooms == 0 ||
	    o->people < 2 || o->rate <= 0 || o->seconds <= 0 || o->rounds < 1 ||
	    o->rounds > ROUNDS_MAX)
		options_refuse(usage);
	if (quick) {
		o->rooms = 3;
		o->people = 4;
		o->rate = 200;
		o->seconds = 0.5;
		o->rounds = 1;
	}
}

/* --- coming and going --- */

static unsigned batch_at(const struct stage *s, unsigned i)
{
	return s->n - i < BATCH ? s->n - i : BATCH;
}

static void join_all(struct stage *s)
{
	int *fd = calloc(s->n, sizeof(*fd));
	unsigned i, k, batch;

	if (!fd)
		err(1, "memory");

	for (i = 0; i < LINKS; i++)
		sip_open(&s->link[i], s->daemon.sip_port);
	for (i = 0; i < s->n; i += batch) {
		batch = batch_at(s, i);
		for (k = i; k < i + batch; k++) {
			s->calls[k].user = k;
			s->calls[k].room = k / s->o.people;
		}
		sip_join(&s->link[i / BATCH % LINKS], s->calls + i, batch);
		for (k = i; k < i + batch; k++)
			fd[k] =
			    bind_session(s->daemon.msrp_port, &s->calls[k]).fd;
		if (i == 0)
			daemon_rss(&s->daemon, &s->rss[0], &s->rss[1]);
	}
	s->stoxd = field_new(s->o.rooms, s->o.people, s->calls);
	for (i = 0; i < s->n; i++)
		field_add(s->stoxd, i, fd[i]);
	free(fd);
}

static void leave_all(struct stage *s)
{
	unsigned i, batch;

	for (i = 0; i < s->n; i += batch) {
		batch = batch_at(s, i);
		sip_leave(&s->link[i / BATCH % LINKS], s->calls + i, batch);
	}
	for (i = 0; i < LINKS; i++)
		sip_close(&s->link[i]);
	field_free(s->stoxd);
}

/* The relay gets as many connections, in the same pattern. */
static void relay_all(struct stage *s)
{
	struct relay_plan plan = {
	    .message = field_message(s->stoxd, 0),
	    .copy = s->stoxd->copy,
	    .body = s->stoxd->copy_body,
	    .receivers = s->o.people - 1,
	    .rooms = s->o.rooms,
	};

	relay_start(&s->relay, &plan);
	s->bare = field_new(s->o.rooms, s->o.people, s->calls);
	for (unsigned i = 0; i < s->n; i++)
		field_add(s->bare, i, tcp_connect(s->relay.port));
	field_run(s->bare, 3 * s->o.rooms, 1, NULL, NULL);
}

/* --- figures --- */

static void print_memory(void *stage)
{
	const struct stage *s = stage;
	unsigned later = s->n > BATCH ? s->n - BATCH : 1;
	uint64_t core, sip;

	daemon_rss(&s->daemon, &core, &sip);
	printf("rooms memory core_mib=%.1f sip_mib=%.1f "
	       "core_bytes_per_seat=%.0f sip_bytes_per_seat=%.0f\n",
	       (double)core / 1048576, (double)sip / 1048576,
	       ((double)core - (double)s->rss[0]) / later,
	       ((double)sip - (double)s->rss[1]) / later);
	fflush(stdout);
}

static void used(const struct stage *s, const struct field *f, uint64_t *cpu,
		 uint64_t *user)
{
	if (f == s->stoxd) {
		*cpu = daemon_cpu_ns(&s->daemon);
		*user = daemon_user_ns(&s->daemon);
	} else {
		*cpu = proc_cpu_ns(s->relay.pid);
		*user = proc_user_ns(s->relay.pid);
	}
}

static struct figures measure(struct stage *s, struct field *f)
{
	uint64_t cpu[2], user[2];
	double copies;

	used(s, f, &cpu[0], &user[0]);
	field_run(f, s->o.rate, s->o.seconds, print_memory, s);
	used(s, f, &cpu[1], &user[1]);
	copies = (double)f->delivered;
	return (struct figures){
	    .cpu_us = (double)(cpu[1] - cpu[0]) / 1e3 / copies,
	    .user_us = (double)(user[1] - user[0]) / 1e3 / copies,
	    .share = (double)(cpu[1] - cpu[0]) / 1e9 / f->took_s,
	    .p50_us = (double)hist_at(&f->latency, 0.5),
	    .p99_us = (double)hist_at(&f->latency, 0.99),
	};
}

#define MEDIAN(f, member)                                                      \
	median_of(f, s->o.rounds, sizeof(struct figures),                      \
		  offsetof(struct figures, member))

static void print(const struct stage *s, const char *target,
		  const struct figures *f)
{
	printf("rooms rooms=%u people=%u rate=%g target=%s "
	       "cpu_us_per_delivery=%.2f user_us_per_delivery=%.2f "
	       "cpu_share=%.2f p50_us=%.0f p99_us=%.0f\n",
	       s->o.rooms, s->o.people, s->o.rate, target, MEDIAN(f, cpu_us),
	       MEDIAN(f, user_us), MEDIAN(f, share), MEDIAN(f, p50_us),
	       MEDIAN(f, p99_us));
}

/* The two take turns, so that both see the same machine. */
static void compare(struct stage *s)
{
	struct figures bare[ROUNDS_MAX], stoxd[ROUNDS_MAX];
	double ratio[ROUNDS_MAX];

	for (unsigned i = 0; i < s->o.rounds; i++) {
		if (s->bare)
			bare[i] = measure(s, s->bare);
		stoxd[i] = measure(s, s->stoxd);
		ratio[i] = s->bare ? bare[i].cpu_us / stoxd[i].cpu_us : 0;
	}
	if (s->bare)
		print(s, "relay", bare);
	print(s, "stoxd", stoxd);
	if (s->bare)
		printf("rooms rooms=%u people=%u rate=%g ratio=%.2f rounds=%u "
		       "seconds=%g\n",
		       s->o.rooms, s->o.people, s->o.rate,
		       median_of(ratio, s->o.rounds, sizeof(double), 0),
		       s->o.rounds, s->o.seconds);
}

static struct stage *stage_new(int argc, char **argv)
{
	struct stage *s = calloc(1, sizeof(*s));

	if (!s)
		err(1, "memory");
	parse_options(&s->o, argc, argv);
	s->n = s->o.rooms * s->o.people;
	tcp_raise_limit(2 * s->n + 100);
	s->link = calloc(LINKS, sizeof(*s->link));
	s->calls = calloc(s->n, sizeof(*s->calls));
	if (!s->link || !s->calls)
		err(1, "memory");
	return s;
}

int main(int argc, char **argv)
{
	struct stage *s = stage_new(argc, argv);
	int status;

	daemon_start(&s->daemon, s->o.stoxd, s->n);
	join_all(s);
	print_memory(s);
	field_run(s->stoxd, 3 * s->o.rooms, 1, NULL, NULL); /* warms up */
	if (!s->o.alone)
		relay_all(s);
	compare(s);
	print_memory(s);
	if (s->bare) {
		field_free(s->bare);
		relay_wait(&s->relay);
	}
	leave_all(s);
	status = daemon_stop(&s->daemon);
	free(s->link);
	free(s->calls);
	free(s);
	printf("rooms verified=%s\n", status == 0 ? "yes" : "no");
	return status == 0 ? 0 : 1;
}
