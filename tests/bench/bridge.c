/* What the bridges cost stoxd: a message that crosses them each way, the time
 * that takes compared with a direct way to the same room, and the memory of a
 * user whose room is elsewhere. docs/BENCH.md says how to read what this
 * prints.
 */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bridge_stage.h"
#include "tests/bench/measure.h"
#include "tests/bench/options.h"

#define WINDOW_MAX 64
#define ROUNDS_MAX 31
#define NATIVES	   2 /* people of the far world in the room */
#define BATCH	   50
#define STALL_MS   30000

struct options {
	struct list legs, windows, rosters;
	unsigned few, many; /* legs between which memory is measured */
	double seconds;
	unsigned rounds;
	bool memory, watch, has_kind, keeps;
	enum far_kind kind;
	uint16_t port;
	const char *stoxd;
};

struct bench {
	const struct options *o;
	struct stage s;
	unsigned legs, natives;
	bool from_sip;
	uint64_t sent, done;
	struct {
		uint64_t sent_ns;
		unsigned left;
	} flight[WINDOW_MAX];
	struct hist direct, across;
};

static const char *const far_names[] = {"muc", "server", "sip"};

static const char usage[] =
    "usage: bridge [--far muc|sip] [--port P] [--legs LIST] [--window LIST]\n"
    "              [--seconds S] [--rounds R] [--state] [--quick]\n"
    "              [--stoxd PROGRAM]\n"
    "       bridge --memory [--far muc|sip] [--roster LIST] [--count LIST]\n"
    "              [--watch]\n"
    "Lists are numbers with commas between: users who are taken to one room,\n"
    "messages in flight, occupants, legs before and after. The port is that "
    "of\n"
    "a real server for components, which has the rooms. --state: what calls\n"
    "need after a crash is written to the disk.\n";

static enum far_kind parse_kind(const char *text)
{
	if (!strcmp(text, "muc"))
		return FAR_MUC;
	if (!strcmp(text, "sip"))
		return FAR_SIP;
	errx(2, "%s: neither muc nor sip", text);
}

static void quick(struct options *o)
{
	o->legs = (struct list){{3}, 1};
	o->windows = (struct list){{4}, 1};
	o->seconds = 0.2;
	o->rounds = 1;
}

static void parse_options(struct options *o, int argc, char **argv)
{
	bool is_quick = false;
	unsigned port = 0;
	const char *far = NULL;
	struct list count = {{100, 2000}, 2};
	const struct bench_option known[] = {
	    {"far", OPTION_TEXT, &far, 0},
	    {"port", OPTION_NUMBER, &port, 0},
	    {"legs", OPTION_LIST, &o->legs, 100},
	    {"window", OPTION_LIST, &o->windows, WINDOW_MAX},
	    {"seconds", OPTION_REAL, &o->seconds, 0},
	    {"rounds", OPTION_NUMBER, &o->rounds, 0},
	    {"memory", OPTION_FLAG, &o->memory, 0},
	    {"roster", OPTION_LIST, &o->rosters, 1000},
	    {"count", OPTION_LIST, &count, 10000},
	    {"watch", OPTION_FLAG, &o->watch, 0},
	    {"state", OPTION_FLAG, &o->keeps, 0},
	    {"quick", OPTION_FLAG, &is_quick, 0},
	    {"stoxd", OPTION_TEXT, &o->stoxd, 0},
	    {0}};

	*o = (struct options){.legs = {{1, 20}, 2},
			      .windows = {{1, 16}, 2},
			      .rosters = {{20, 200}, 2},
			      .seconds = 2,
			      .rounds = 5,
			      .stoxd = "build/stoxd"};
	if (!options_parse(known, argc, argv))
		options_refuse(usage);
	o->few = count.v[0];
	o->many = count.v[count.n - 1];
	o->port = (uint16_t)port;
	o->has_kind = far || port;
	if (port)
		o->kind = FAR_SERVER;
	else if (far)
		o->kind = parse_kind(far);
	if (is_quick)
		quick(o);
	if (o->rounds < 1 || o->rounds > ROUNDS_MAX || o->seconds <= 0 ||
	    o->few >= o->many)
		options_refuse(usage);
}

/* --- messages --- */

/* How many copies of one message are to come. */
static unsigned copies(const struct bench *b)
{
	switch (b->s.setup.kind) {
	case FAR_MUC: /* to the service, which shows it to the others */
		return b->from_sip ? 1 + 1 + b->legs - 1 : b->legs;
	case FAR_SERVER:
		return b->from_sip ? 1 + b->natives + b->legs - 1
				   : b->natives + b->legs;
	case FAR_SIP:
		break;
	}
	return b->from_sip ? 1 + b->natives - 1 + b->legs
			   : b->natives + b->legs;
}

static void came(void *user, bool sip, unsigned at, bool answer,
		 uint64_t number)
{
	struct bench *b = user;
	unsigned place = number % WINDOW_MAX;
	bool natives_sip = b->s.setup.kind == FAR_SIP;
	uint64_t us = (now_ns() - b->flight[place].sent_ns) / 1000;

	if (number > b->sent || number + WINDOW_MAX <= b->sent ||
	    b->flight[place].left == 0)
		errx(1, "%s user %u got message %ju", sip ? "SIP" : "XMPP", at,
		     (uintmax_t)number);
	if (!answer && sip != b->from_sip)
		hist_add(&b->across, us, 1);
	else if (!answer && sip == natives_sip)
		hist_add(&b->direct, us, 1);
	if (--b->flight[place].left == 0)
		b->done++;
}

static void send_one(struct bench *b)
{
	unsigned place = ++b->sent % WINDOW_MAX;

	b->flight[place].sent_ns = now_ns();
	b->flight[place].left = copies(b);
	if (b->from_sip)
		stage_send_sip(&b->s, 0, b->sent);
	else
		stage_send_xmpp(&b->s, 0, 0, b->sent);
}

static void turn(struct bench *b)
{
	if (!stage_turn(&b->s, STALL_MS))
		errx(1, "stalled: %ju sent, %ju arrived everywhere",
		     (uintmax_t)b->sent, (uintmax_t)b->done);
}

struct figures {
	double cpu_us, per_s;
};

static struct figures run(struct bench *b, unsigned window)
{
	uint64_t cpu = daemon_cpu_ns(&b->s.daemon), start = now_ns();
	uint64_t end = start + (uint64_t)(b->o->seconds * 1e9);
	uint64_t before = b->sent, took;
	double n;

	do {
		while (b->sent - b->done < window)
			send_one(b);
		turn(b);
	} while (now_ns() < end);
	while (b->done < b->sent)
		turn(b);
	took = now_ns() - start;
	n = (double)(b->sent - before);
	return (struct figures){
	    .cpu_us = (double)(daemon_cpu_ns(&b->s.daemon) - cpu) / 1e3 / n,
	    .per_s = n / ((double)took / 1e9),
	};
}

static double ms_at(const struct hist *h, double share)
{
	return (double)hist_at(h, share) / 1e3;
}

/* Between people of the room's own world, as last measured. */
static void print_ratio(const struct bench *b)
{
	if (b->direct.total)
		printf(" direct: p50_ms=%.2f p99_ms=%.2f ratio: p50=%.2f "
		       "p99=%.2f",
		       ms_at(&b->direct, 0.5), ms_at(&b->direct, 0.99),
		       ms_at(&b->across, 0.5) / ms_at(&b->direct, 0.5),
		       ms_at(&b->across, 0.99) / ms_at(&b->direct, 0.99));
}

static void measure(struct bench *b, bool from_sip, unsigned window)
{
	struct figures f[ROUNDS_MAX];
	double cpu;

	b->from_sip = from_sip;
	if (from_sip == (b->s.setup.kind == FAR_SIP))
		hist_clear(&b->direct);
	hist_clear(&b->across);
	for (unsigned i = 0; i < b->o->rounds; i++)
		f[i] = run(b, window);
	cpu = median_of(f, b->o->rounds, sizeof(*f),
			offsetof(struct figures, cpu_us));
	printf("bridge far=%s from=%s legs=%u window=%u "
	       "messages_per_cpu_s=%.0f copies_per_cpu_s=%.0f per_s=%.0f "
	       "across: p50_ms=%.2f p99_ms=%.2f",
	       far_names[b->s.setup.kind], from_sip ? "sip" : "xmpp", b->legs,
	       window, 1e6 / cpu, b->legs * 1e6 / cpu,
	       median_of(f, b->o->rounds, sizeof(*f),
			 offsetof(struct figures, per_s)),
	       ms_at(&b->across, 0.5), ms_at(&b->across, 0.99));
	print_ratio(b);
	printf("\n");
	fflush(stdout);
}

static struct bench *bench_new(const struct options *o, struct setup setup)
{
	struct bench *b = calloc(1, sizeof(*b));

	if (!b)
		err(1, "memory");
	b->o = o;
	b->s.setup = setup;
	b->s.setup.stoxd = o->stoxd;
	b->s.setup.port = o->port;
	b->s.setup.keeps = o->keeps;
	b->s.came = came;
	b->s.user = b;
	stage_open(&b->s);
	return b;
}

static int bench_free(struct bench *b)
{
	int bad = stage_close(&b->s);

	free(b);
	return bad;
}

static int measure_room(const struct options *o, enum far_kind kind,
			unsigned legs)
{
	bool far_sip = kind == FAR_SIP;
	struct bench *b =
	    bench_new(o, (struct setup){.kind = kind,
					.sip_users = far_sip ? NATIVES : legs,
					.xmpp_users = far_sip ? legs : NATIVES,
					.roster = NATIVES});

	b->legs = legs;
	b->natives = NATIVES;
	if (kind != FAR_MUC && !far_sip)
		stage_join_xmpp(&b->s, 0, NATIVES, 0);
	stage_join_sip(&b->s, 0, far_sip ? NATIVES : legs, 0);
	if (far_sip)
		stage_join_xmpp(&b->s, 0, legs, 0);
	stage_idle(&b->s, 500000000);
	for (unsigned i = 0; i < o->windows.n; i++) {
		measure(b, far_sip, o->windows.v[i]);
		measure(b, !far_sip, o->windows.v[i]);
	}
	return bench_free(b);
}

/* --- memory --- */

/* Until there are so many legs; in rooms of so many, if they themselves are the
 * roster. */
static void fill(struct bench *b, unsigned from, unsigned to, unsigned roster)
{
	bool far_sip = b->s.setup.kind == FAR_SIP;
	unsigned n;

	for (unsigned i = from; i < to; i += n) {
		n = far_sip ? roster - i % roster : BATCH;
		n = n < BATCH ? n : BATCH;
		n = n < to - i ? n : to - i;
		if (far_sip)
			stage_join_xmpp(&b->s, i, n, i / roster);
		else
			stage_join_sip(&b->s, i, n, 0);
		if (!far_sip && b->o->watch)
			stage_watch(&b->s, i, n);
	}
	/* what is told late: rosters (notify-interval) */
	stage_idle(&b->s, far_sip || b->o->watch ? 7000000000 : 500000000);
}

static int measure_memory(const struct options *o, enum far_kind kind,
			  unsigned roster)
{
	bool far_sip = kind == FAR_SIP;
	unsigned few = far_sip && o->few < roster ? roster : o->few;
	struct bench *b =
	    bench_new(o, (struct setup){.kind = kind,
					.sip_users = far_sip ? 0 : o->many,
					.xmpp_users = far_sip ? o->many : 0,
					.roster = roster - 1});
	uint64_t core, sip, core_few, sip_few;

	fill(b, 0, few, roster);
	daemon_rss(&b->s.daemon, &core_few, &sip_few);
	fill(b, few, o->many, roster);
	daemon_rss(&b->s.daemon, &core, &sip);
	printf("bridge far=%s roster=%u legs=%u-%u octets_per_leg=%.0f "
	       "octets_per_occupant=%.0f sip_process_octets_per_leg=%.0f\n",
	       far_names[kind], roster, few, o->many,
	       ((double)core - (double)core_few) / (o->many - few),
	       ((double)core - (double)core_few) / (o->many - few) / roster,
	       ((double)sip - (double)sip_few) / (o->many - few));
	fflush(stdout);
	return bench_free(b);
}

int main(int argc, char **argv)
{
	struct options o;
	int bad = 0;

	parse_options(&o, argc, argv);
	for (enum far_kind k = FAR_MUC; k <= FAR_SIP; k++) {
		const struct list *l = o.memory ? &o.rosters : &o.legs;

		if (o.has_kind ? k != o.kind : k == FAR_SERVER)
			continue;
		for (unsigned i = 0; i < l->n; i++)
			bad |= o.memory ? measure_memory(&o, k, l->v[i])
					: measure_room(&o, k, l->v[i]);
	}
	printf("bridge verified=%s\n", bad == 0 ? "yes" : "no");
	return bad == 0 ? 0 : 1;
}
