/* Many rooms at a steady pace: what a delivery costs, how long it takes and how
 * much memory a participant needs. docs/BENCH.md says how to read what this
 * prints. */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/bind.h"
#include "tests/bench/daemon.h"
#include "tests/bench/frame.h"
#include "tests/bench/measure.h"
#include "tests/bench/message.h"
#include "tests/bench/sip.h"
#include "tests/bench/tcp.h"

#define SECOND	 1000000000ull
#define LINKS	 4
#define BATCH	 16 /* calls on their way at once */
#define IN_SIZE	 (64 * 1024)
#define DRAIN_S	 30
#define FLIGHT	 256 /* messages of a room whose sending time is kept */
#define REPORT_S 60

struct options {
	unsigned rooms, people; /* of each room */
	unsigned rate;		/* messages per second, into all rooms */
	double seconds;
	const char *stoxd;
};

struct member {
	int fd;
	uint64_t last; /* number of the last message got */
	char *part;    /* begin of a frame whose rest is to come */
	size_t part_n;
};

/* Its first member talks, the others listen. */
struct room {
	struct message message;
	uint64_t sent, answered;
	uint64_t sent_ns[FLIGHT];
};

struct stage {
	struct options o;
	struct daemon daemon;
	struct sip *link; /* LINKS of them */
	struct call *calls;
	struct member *members; /* room after room */
	struct room *rooms;
	unsigned n;
	int ep;
	uint64_t sent, delivered;
	struct hist latency;
	char in[IN_SIZE];
};

static const char usage[] =
    "usage: rooms [--rooms N] [--people N] [--rate N] [--seconds S] [--quick]\n"
    "             [--stoxd PROGRAM]\n"
    "The rate is messages per second into all rooms together.\n";

static void parse_options(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
	    {"rooms", required_argument, NULL, 'r'},
	    {"people", required_argument, NULL, 'n'},
	    {"rate", required_argument, NULL, 'm'},
	    {"seconds", required_argument, NULL, 's'},
	    {"quick", no_argument, NULL, 'q'},
	    {"stoxd", required_argument, NULL, 'p'},
	    {NULL, 0, NULL, 0}};
	int opt;

	*o = (struct options){.rooms = 200,
			      .people = 20,
			      .rate = 1000,
			      .seconds = 10,
			      .stoxd = "build/stoxd"};
	while ((opt = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (opt == 'r')
			o->rooms = (unsigned)atoi(optarg);
		else if (opt == 'n')
			o->people = (unsigned)atoi(optarg);
		else if (opt == 'm')
			o->rate = (unsigned)atoi(optarg);
		else if (opt == 's')
			o->seconds = atof(optarg);
		else if (opt == 'p')
			o->stoxd = optarg;
		else if (opt == 'q')
			*o = (struct options){3, 4, 200, 0.5, o->stoxd};
		else
			o->rooms = 0;
	}
	if (optind != argc || o->rooms == 0 || o->people < 2 || o->rate == 0 ||
	    o->seconds <= 0) {
		fputs(usage, stderr);
		exit(2);
	}
}

/* --- coming and going --- */

static unsigned batch_at(const struct stage *s, unsigned i)
{
	return s->n - i < BATCH ? s->n - i : BATCH;
}

static void join_all(struct stage *s)
{
	struct epoll_event e = {.events = EPOLLIN};
	unsigned i, k, batch;

	for (i = 0; i < LINKS; i++)
		sip_open(&s->link[i], s->daemon.sip_port);
	for (i = 0; i < s->n; i += batch) {
		batch = batch_at(s, i);
		for (k = i; k < i + batch; k++) {
			s->calls[k].user = k;
			s->calls[k].room = k / s->o.people;
		}
		sip_join(&s->link[i / BATCH % LINKS], s->calls + i, batch);
		for (k = i; k < i + batch; k++) {
			s->members[k].fd =
			    bind_session(s->daemon.msrp_port, &s->calls[k]);
			e.data.u32 = k;
			if (epoll_ctl(s->ep, EPOLL_CTL_ADD, s->members[k].fd,
				      &e) < 0)
				err(1, "epoll_ctl");
		}
	}
	for (i = 0; i < s->o.rooms; i++)
		message_init(&s->rooms[i].message, &s->calls[i * s->o.people]);
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
	for (i = 0; i < s->n; i++) {
		close(s->members[i].fd);
		free(s->members[i].part);
	}
}

/* --- messages --- */

static void got_copy(struct stage *s, unsigned i, uint64_t number, uint64_t now)
{
	struct room *r = &s->rooms[i / s->o.people];
	struct member *m = &s->members[i];

	if (number != m->last + 1 || number > r->sent)
		errx(1, "member %u got message %ju after %ju", i,
		     (uintmax_t)number, (uintmax_t)m->last);
	m->last = number;
	s->delivered++;
	if (r->sent - number < FLIGHT)
		hist_add(&s->latency,
			 (now - r->sent_ns[number % FLIGHT]) / 1000, 1);
}

static void got_frame(struct stage *s, unsigned i, const struct frame *f,
		      uint64_t now)
{
	struct room *r = &s->rooms[i / s->o.people];
	bool talks = i % s->o.people == 0;
	char answer[600];
	uint64_t number;

	if (talks && str_eq(f->method, STR("200"))) {
		r->answered++;
		return;
	}
	number = str_eq(f->method, STR("SEND"))
		     ? message_match(&r->message, f->body)
		     : 0;
	if (talks || number == 0 || f->flag != '$')
		errx(1, "member %u got MSRP %.*s: %.*s", i, STR_ARG(f->method),
		     STR_ARG(f->body));
	got_copy(s, i, number, now);
	if (frame_wants_answer(f))
		tcp_write(s->members[i].fd, answer,
			  frame_answer(answer, sizeof(answer), f,
				       s->calls[i].own_path));
}

static void keep_rest(struct member *m, struct str rest)
{
	m->part_n = rest.n;
	if (rest.n == 0)
		return;
	m->part = realloc(m->part, rest.n);
	if (!m->part)
		err(1, "memory");
	memcpy(m->part, rest.p, rest.n);
}

static void readable(struct stage *s, unsigned i)
{
	struct member *m = &s->members[i];
	uint64_t now;
	struct frame f;
	struct str rest;
	ssize_t n;

	if (m->part_n)
		memcpy(s->in, m->part, m->part_n);
	n = recv(m->fd, s->in + m->part_n, IN_SIZE - m->part_n, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		errx(1, "member %u lost its connection", i);
	now = now_ns();
	rest = str_of(s->in, m->part_n + (size_t)n);
	while ((n = frame_read(rest, &f)) > 0) {
		got_frame(s, i, &f, now);
		rest = str_from(rest, (size_t)n);
	}
	if (n < 0 || rest.n > IN_SIZE / 2)
		errx(1, "member %u got what is no MSRP", i);
	keep_rest(m, rest);
}

static void turn(struct stage *s, int ms)
{
	struct epoll_event e[256];
	int n = epoll_wait(s->ep, e, 256, ms);

	for (int i = 0; i < n; i++)
		readable(s, e[i].data.u32);
}

static void say(struct stage *s, unsigned room)
{
	struct room *r = &s->rooms[room];

	message_number(&r->message, ++r->sent);
	r->sent_ns[r->sent % FLIGHT] = now_ns();
	tcp_write(s->members[room * s->o.people].fd, r->message.bytes,
		  r->message.n);
	s->sent++;
}

static bool all_there(const struct stage *s)
{
	uint64_t answered = 0;

	for (unsigned i = 0; i < s->o.rooms; i++)
		answered += s->rooms[i].answered;
	return s->delivered == s->sent * (s->o.people - 1) &&
	       answered == s->sent;
}

static void print_memory(const struct stage *s, const uint64_t before[2])
{
	uint64_t core, sip;

	daemon_rss(&s->daemon, &core, &sip);
	printf("rooms memory core_mib=%.1f sip_mib=%.1f "
	       "core_bytes_per_seat=%.0f sip_bytes_per_seat=%.0f\n",
	       (double)core / 1048576, (double)sip / 1048576,
	       ((double)core - (double)before[0]) / s->n,
	       ((double)sip - (double)before[1]) / s->n);
	fflush(stdout);
}

/* Sends at the rate, room by room, whatever the answers do. */
static void run(struct stage *s, const uint64_t before[2])
{
	uint64_t start = now_ns(), cpu = daemon_cpu_ns(&s->daemon), now;
	uint64_t end = start + (uint64_t)(s->o.seconds * 1e9);
	uint64_t report = start + REPORT_S * SECOND;
	double took;

	while ((now = now_ns()) < end) {
		uint64_t due =
		    (uint64_t)((double)(now - start) / 1e9 * s->o.rate);

		while (s->sent < due)
			say(s, (unsigned)(s->sent % s->o.rooms));
		turn(s, 1);
		if (now >= report) {
			print_memory(s, before);
			report += REPORT_S * SECOND;
		}
	}
	took = (double)(now_ns() - start) / 1e9;
	for (end = now_ns() + DRAIN_S * SECOND; !all_there(s); turn(s, 100))
		if (now_ns() > end)
			errx(1, "%ju of %ju copies came",
			     (uintmax_t)s->delivered,
			     (uintmax_t)(s->sent * (s->o.people - 1)));
	cpu = daemon_cpu_ns(&s->daemon) - cpu;
	printf("rooms rooms=%u people=%u rate=%u seconds=%.1f "
	       "messages_per_s=%.0f deliveries_per_s=%.0f "
	       "deliveries_per_cpu_s=%.0f cpu_us_per_delivery=%.2f "
	       "cpu_share=%.2f p50_us=%ju p99_us=%ju\n",
	       s->o.rooms, s->o.people, s->o.rate, took, (double)s->sent / took,
	       (double)s->delivered / took,
	       (double)s->delivered / ((double)cpu / 1e9),
	       (double)cpu / 1e3 / (double)s->delivered,
	       (double)cpu / 1e9 / took, (uintmax_t)hist_at(&s->latency, 0.5),
	       (uintmax_t)hist_at(&s->latency, 0.99));
}

static struct stage *stage_new(int argc, char **argv)
{
	struct stage *s = calloc(1, sizeof(*s));

	if (!s)
		err(1, "memory");
	parse_options(&s->o, argc, argv);
	s->n = s->o.rooms * s->o.people;
	tcp_raise_limit(s->n + 100);
	s->link = calloc(LINKS, sizeof(*s->link));
	s->calls = calloc(s->n, sizeof(*s->calls));
	s->members = calloc(s->n, sizeof(*s->members));
	s->rooms = calloc(s->o.rooms, sizeof(*s->rooms));
	s->ep = epoll_create1(EPOLL_CLOEXEC);
	if (!s->link || !s->calls || !s->members || !s->rooms || s->ep < 0)
		err(1, "memory");
	return s;
}

static void stage_free(struct stage *s)
{
	close(s->ep);
	free(s->link);
	free(s->calls);
	free(s->members);
	free(s->rooms);
	free(s);
}

int main(int argc, char **argv)
{
	struct stage *s = stage_new(argc, argv);
	uint64_t before[2];
	int status;

	daemon_start(&s->daemon, s->o.stoxd, s->n);
	daemon_rss(&s->daemon, &before[0], &before[1]);
	join_all(s);
	print_memory(s, before);
	run(s, before);
	print_memory(s, before);
	leave_all(s);
	status = daemon_stop(&s->daemon);
	stage_free(s);
	printf("rooms verified=%s\n", status == 0 ? "yes" : "no");
	return status == 0 ? 0 : 1;
}
