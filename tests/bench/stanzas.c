/* What stanzas cost stoxd: a message to a room of XMPP users, a join into it,
 * and the memory of an occupant. docs/BENCH.md says how to read what this
 * prints. */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/component.h"
#include "tests/bench/daemon.h"
#include "tests/bench/measure.h"
#include "tests/bench/options.h"
#include "tests/bench/tcp.h"

#define WINDOW_MAX 64
#define ROUNDS_MAX 31
#define NEWCOMERS  20
#define ROOMY	   10000 /* occupants in all, when memory is measured */

struct options {
	struct list occupants, windows;
	double seconds;
	unsigned rounds, body;
	bool memory;
	unsigned port, server; /* of a real server and its process; 0: this
				* program is the server */
	const char *stoxd;
};

struct stage {
	const struct options *o;
	struct daemon daemon;
	struct component users;
	int listener;
	uint64_t *last; /* number of the last message, of each user */
	unsigned n_users;
	uint64_t presences, subjects; /* that came */
	uint64_t sent, done, delivered;
	struct {
		uint64_t sent_ns;
		unsigned left;
	} flight[WINDOW_MAX];
	struct hist latency;
};

static const char usage[] =
    "usage: stanzas [--n LIST] [--window LIST] [--seconds S] [--rounds R]\n"
    "               [--body OCTETS] [--memory] [--port P --server PID]\n"
    "               [--quick] [--stoxd PROGRAM]\n"
    "Lists are numbers with commas between: occupants, messages in flight. "
    "The\n"
    "port is that of a real server, which has both components.\n";

static void parse_options(struct options *o, int argc, char **argv)
{
	bool quick = false;
	const struct bench_option known[] = {
	    {"n", OPTION_LIST, &o->occupants, 5000},
	    {"window", OPTION_LIST, &o->windows, WINDOW_MAX},
	    {"seconds", OPTION_REAL, &o->seconds, 0},
	    {"rounds", OPTION_NUMBER, &o->rounds, 0},
	    {"body", OPTION_NUMBER, &o->body, 0},
	    {"memory", OPTION_FLAG, &o->memory, 0},
	    {"port", OPTION_NUMBER, &o->port, 0},
	    {"server", OPTION_NUMBER, &o->server, 0},
	    {"quick", OPTION_FLAG, &quick, 0},
	    {"stoxd", OPTION_TEXT, &o->stoxd, 0},
	    {0}};

	*o = (struct options){.occupants = {{100, 500}, 2},
			      .windows = {{1, 16}, 2},
			      .seconds = 2,
			      .rounds = 5,
			      .body = 100,
			      .stoxd = "build/stoxd"};
	if (!options_parse(known, argc, argv) || o->rounds < 1 ||
	    o->rounds > ROUNDS_MAX || o->seconds <= 0 || o->body > 60000)
		options_refuse(usage);
	if (quick) {
		o->occupants = (struct list){{10}, 1};
		o->windows = (struct list){{4}, 1};
		o->seconds = 0.2;
		o->rounds = 1;
	}
}

/* --- what comes --- */

static unsigned user_of(const struct stage *s, struct str to)
{
	uint64_t user;

	to = str_from(to, 1);
	if (str_u64(str_split(&to, '@'), s->n_users, &user) < 0 ||
	    user == s->n_users)
		errx(1, "a stanza to nobody");
	return (unsigned)user;
}

static void got_copy(struct stage *s, unsigned user, uint64_t number)
{
	unsigned place = number % WINDOW_MAX;

	if (number != s->last[user] + 1 || number > s->sent)
		errx(1, "user %u got message %ju after %ju", user,
		     (uintmax_t)number, (uintmax_t)s->last[user]);
	s->last[user] = number;
	s->delivered++;
	if (--s->flight[place].left)
		return;
	s->done = number;
	hist_add(&s->latency, (now_ns() - s->flight[place].sent_ns) / 1000, 1);
}

static void got(void *user, struct str text)
{
	struct stage *s = user;
	struct str id;
	uint64_t number;

	if (str_eq(component_attr(text, "type"), STR("error")))
		errx(1, "an error: %.*s", STR_ARG(text));
	if (str_starts(text, STR("<presence"))) {
		s->presences++;
		return;
	}
	if (!str_starts(text, STR("<message")))
		return;
	id = component_attr(text, "id");
	if (str_starts(id, STR("n")) &&
	    str_u64(str_from(id, 1), UINT64_MAX, &number) == 0)
		got_copy(s, user_of(s, component_attr(text, "to")), number);
	else
		s->subjects++;
}

/* --- coming and going --- */

static void send_presence(struct stage *s, unsigned user, unsigned room,
			  bool leaves)
{
	char text[400];
	int n = snprintf(
	    text, sizeof(text),
	    "<presence from='u%u@" BENCH_USERS "/bench' to='" BENCH_ROOM
	    "%u@" BENCH_DOMAIN "/User %u'%s>%s</presence>",
	    user, room, user, leaves ? " type='unavailable'" : "",
	    leaves ? "" : "<x xmlns='http://jabber.org/protocol/muc'/>");

	component_send(&s->users, text, (size_t)n);
}

static void await(struct stage *s, uint64_t presences, uint64_t subjects)
{
	while (s->presences < presences || s->subjects < subjects)
		component_read(&s->users, got, s);
	if (s->presences != presences || s->subjects != subjects)
		errx(1, "%ju presences, not %ju", (uintmax_t)s->presences,
		     (uintmax_t)presences);
}

/* Users join a room of so many, one after the other. */
static void join(struct stage *s, unsigned first, unsigned n, unsigned room,
		 unsigned there)
{
	for (unsigned i = 0; i < n; i++) {
		send_presence(s, first + i, room, false);
		await(s, s->presences + 2 * (there + i) + 1, s->subjects + 1);
	}
}

/* ... and leave it, the last first. */
static void leave(struct stage *s, unsigned first, unsigned n, unsigned room,
		  unsigned there)
{
	for (unsigned i = n; i-- > 0;) {
		send_presence(s, first + i, room, true);
		await(s, s->presences + there--, s->subjects);
	}
}

/* --- messages --- */

static void send_message(struct stage *s)
{
	char text[61000];
	unsigned place = ++s->sent % WINDOW_MAX;
	int n =
	    snprintf(text, sizeof(text),
		     "<message from='u0@" BENCH_USERS "/bench' to='" BENCH_ROOM
		     "0@" BENCH_DOMAIN "' type='groupchat' id='n%ju'>"
		     "<body>%0*u</body></message>",
		     (uintmax_t)s->sent, (int)s->o->body, 0);

	s->flight[place].sent_ns = now_ns();
	s->flight[place].left = s->n_users;
	component_send(&s->users, text, (size_t)n);
}

/* One run's figures. */
struct figures {
	double per_cpu_s, server_per_cpu_s, per_s, octets, p50_us, p99_us;
};

static struct figures run(struct stage *s, unsigned window)
{
	uint64_t cpu = daemon_cpu_ns(&s->daemon), octets = s->users.octets;
	uint64_t server = s->o->server ? proc_cpu_ns(s->o->server) : 0;
	uint64_t start = now_ns();
	uint64_t end = start + (uint64_t)(s->o->seconds * 1e9);
	double n, took;

	s->delivered = 0;
	hist_clear(&s->latency);
	do {
		while (s->sent - s->done < window)
			send_message(s);
		component_read(&s->users, got, s);
	} while (now_ns() < end);
	while (s->done < s->sent)
		component_read(&s->users, got, s);
	took = (double)(now_ns() - start);
	cpu = daemon_cpu_ns(&s->daemon) - cpu;
	if (s->o->server)
		server = proc_cpu_ns(s->o->server) - server;
	n = (double)s->delivered;
	return (struct figures){
	    .per_cpu_s = n / ((double)cpu / 1e9),
	    .server_per_cpu_s = server ? n / ((double)server / 1e9) : 0,
	    .per_s = n / (took / 1e9),
	    .octets = (double)(s->users.octets - octets) / n,
	    .p50_us = (double)hist_at(&s->latency, 0.5),
	    .p99_us = (double)hist_at(&s->latency, 0.99),
	};
}

static void measure_messages(struct stage *s, unsigned window)
{
	struct figures f[ROUNDS_MAX];

	for (unsigned i = 0; i < s->o->rounds; i++)
		f[i] = run(s, window);
#define MEDIAN(field)                                                          \
	median_of(f, s->o->rounds, sizeof(*f), offsetof(struct figures, field))
	printf("stanzas occupants=%u window=%u per_cpu_s=%.0f "
	       "server_per_cpu_s=%.0f per_s=%.0f octets=%.0f p50_ms=%.2f "
	       "p99_ms=%.2f\n",
	       s->n_users, window, MEDIAN(per_cpu_s), MEDIAN(server_per_cpu_s),
	       MEDIAN(per_s), MEDIAN(octets), MEDIAN(p50_us) / 1e3,
	       MEDIAN(p99_us) / 1e3);
#undef MEDIAN
	fflush(stdout);
}

/* --- joins --- */

struct rates {
	double join, leave;
};

static double presences_per_cpu_s(struct stage *s, unsigned there, bool leaves)
{
	uint64_t cpu = daemon_cpu_ns(&s->daemon), before = s->presences;

	if (leaves)
		leave(s, there, NEWCOMERS, 0, there + NEWCOMERS);
	else
		join(s, there, NEWCOMERS, 0, there);
	cpu = daemon_cpu_ns(&s->daemon) - cpu;
	return (double)(s->presences - before) / ((double)cpu / 1e9);
}

static void measure_joins(struct stage *s, unsigned there)
{
	struct rates r[ROUNDS_MAX];

	for (unsigned i = 0; i < s->o->rounds; i++) {
		r[i].join = presences_per_cpu_s(s, there, false);
		r[i].leave = presences_per_cpu_s(s, there, true);
	}
	printf("stanzas occupants=%u joins: presences_per_cpu_s=%.0f "
	       "leaves: presences_per_cpu_s=%.0f\n",
	       there,
	       median_of(r, s->o->rounds, sizeof(*r),
			 offsetof(struct rates, join)),
	       median_of(r, s->o->rounds, sizeof(*r),
			 offsetof(struct rates, leave)));
	fflush(stdout);
}

/* --- the whole --- */

static void got_answer(void *user, struct str text)
{
	bool *up = user;

	if (str_eq(component_attr(text, "type"), STR("result")))
		*up = true;
}

/* Until stoxd answers behind the server. */
static void await_up(struct stage *s)
{
	static const char ask[] =
	    "<iq from='u0@" BENCH_USERS "/bench' to='" BENCH_DOMAIN "' "
	    "type='get' id='up'><query "
	    "xmlns='http://jabber.org/protocol/disco#info'/></iq>";
	bool up = false;

	while (!up) {
		component_send(&s->users, ask, sizeof(ask) - 1);
		component_read(&s->users, got_answer, &up);
		usleep(20000);
	}
}

static void open_stage(struct stage *s, const struct options *o, unsigned seats)
{
	*s = (struct stage){.o = o, .listener = -1, .n_users = seats};
	s->last = calloc(seats, sizeof(*s->last));
	if (!s->last)
		err(1, "memory");
	s->daemon.component_port = (uint16_t)o->port;
	s->daemon.secret = BENCH_SECRET;
	if (o->port)
		component_connect(&s->users, (uint16_t)o->port);
	else
		s->listener = tcp_listen(&s->daemon.component_port);
	daemon_start(&s->daemon, o->stoxd, seats);
	if (o->port)
		await_up(s);
	else
		component_accept(&s->users, s->listener);
}

static int close_stage(struct stage *s)
{
	int status;

	component_close(&s->users);
	status = daemon_stop(&s->daemon);
	if (s->listener >= 0)
		close(s->listener);
	free(s->last);
	return status;
}

static int measure_room(const struct options *o, unsigned n)
{
	struct stage s;

	open_stage(&s, o, n + NEWCOMERS);
	join(&s, 0, n, 0, 0);
	measure_joins(&s, n);
	s.n_users = n;
	for (unsigned i = 0; i < o->windows.n; i++)
		measure_messages(&s, o->windows.v[i]);
	return close_stage(&s);
}

static int measure_memory(const struct options *o, unsigned n)
{
	struct stage s;
	uint64_t few, many, sip;
	unsigned first = n > 100 ? n : 100, there = 0;

	open_stage(&s, o, ROOMY);
	for (; there < first; there += n)
		join(&s, there, n, there / n, 0);
	daemon_rss(&s.daemon, &few, &sip);
	for (; there + n <= ROOMY; there += n)
		join(&s, there, n, there / n, 0);
	daemon_rss(&s.daemon, &many, &sip);
	printf("stanzas rooms_of=%u occupants=%u octets_per_occupant=%.0f\n", n,
	       there, ((double)many - (double)few) / (there - first));
	fflush(stdout);
	return close_stage(&s);
}

int main(int argc, char **argv)
{
	struct options o;
	int status = 0;

	parse_options(&o, argc, argv);
	for (unsigned i = 0; i < o.occupants.n; i++)
		status |= o.memory ? measure_memory(&o, o.occupants.v[i])
				   : measure_room(&o, o.occupants.v[i]);
	printf("stanzas verified=%s\n", status == 0 ? "yes" : "no");
	return status == 0 ? 0 : 1;
}
