/* What the worst stanzas within the limit cost: processor time during which the
 * loop does nothing else. First of a component stream, from the first octet
 * read to the callback (or the refusal); the server's side is in the same
 * thread, and silent meanwhile. Then of the core, which gets each as a message
 * to a room with XMPP and SIP users, as a private one, a presence and a query.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/net.h"
#include "tests/bench/measure.h"
#include "tests/bench/worst.h"
#include "tests/scenario/scene.h"
#include "xmpp/reader.h"
#include "xmpp/stream.h"

#define ROUNDS_MAX 64

struct bench {
	struct log log;
	struct loop *loop;
	struct xmpp_link *link;
	struct addr addr;
	int listener, peer;
	unsigned ups, downs, stanzas;
};

static void on_up(void *user)
{
	((struct bench *)user)->ups++;
}

static void on_down(void *user, const char *why)
{
	fprintf(stderr, "stall: down: %s\n", why);
	((struct bench *)user)->downs++;
}

static void on_stanza(void *user, const struct xnode *stanza)
{
	(void)stanza;
	((struct bench *)user)->stanzas++;
}

static void give_up(const char *what)
{
	fprintf(stderr, "stall: %s\n", what);
	exit(1);
}

static void serve(struct bench *b, const char *text, size_t n)
{
	if (write(b->peer, text, n) != (ssize_t)n)
		give_up("the socket does not take a stanza at once");
}

static void expect(struct bench *b, const char *text)
{
	static char in[4096];
	size_t n = 0;

	while (!strstr(in, text)) {
		ssize_t got;

		loop_settle(b->loop);
		got = recv(b->peer, in + n, sizeof(in) - 1 - n, MSG_DONTWAIT);
		if (got > 0)
			n += (size_t)got;
		in[n] = '\0';
	}
}

static void open_stream(struct bench *b)
{
	static const struct xmpp_link_ops ops = {on_up, on_down, on_stanza};
	static const char header[] =
	    "<?xml version='1.0'?><stream:stream "
	    "xmlns='jabber:component:accept' "
	    "xmlns:stream='http://etherx.jabber.org/streams' from='rd.test' "
	    "id='1'>";
	int size = 1 << 20;

	log_init(&b->log, LOG_WARN, "stall");
	b->loop = loop_new(&b->log, NULL);
	if (addr_parse(STR("127.0.0.1:0"), &b->addr) < 0)
		give_up("address");
	b->listener = net_listen_tcp(&b->addr, 4);
	b->addr.len = sizeof(b->addr.in6);
	getsockname(b->listener, &b->addr.sa, &b->addr.len);
	b->link = xmpp_link_new(&(struct xmpp_link_cfg){.loop = b->loop,
							.server = b->addr,
							.domain = "rd.test",
							.secret = "s",
							.ops = &ops,
							.user = b});
	loop_settle(b->loop);
	while ((b->peer = accept(b->listener, NULL, NULL)) < 0)
		loop_settle(b->loop);
	setsockopt(b->peer, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	expect(b, "<stream:stream");
	serve(b, header, strlen(header));
	expect(b, "</handshake>");
	serve(b, "<handshake/>", strlen("<handshake/>"));
	while (!b->ups)
		loop_settle(b->loop);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Milliseconds for one stanza. */
static double once(struct bench *b, const char *text, size_t n)
{
	char answer[65536];
	unsigned stanzas = b->stanzas;
	uint64_t refused = xmpp_link_stats(b->link).stanzas_refused, begin;

	serve(b, text, n);
	begin = cpu_ns();
	while (b->stanzas == stanzas && !b->downs &&
	       xmpp_link_stats(b->link).stanzas_refused == refused)
		loop_settle(b->loop);
	begin = cpu_ns() - begin;
	while (recv(b->peer, answer, sizeof(answer), MSG_DONTWAIT) > 0)
		;
	return (double)begin / 1e6;
}

static void print(const char *part, const char *name, size_t octets,
		  const double *ms, unsigned rounds, const char *end)
{
	double most = 0;

	for (unsigned i = 0; i < rounds; i++)
		most = ms[i] > most ? ms[i] : most;
	printf("stall part=%s shape=\"%s\" octets=%zu ms=%.2f most_ms=%.2f "
	       "end=%s\n",
	       part, name, octets, median_of(ms, rounds, sizeof(*ms), 0), most,
	       end);
}

static void measure_stream(struct bench *b, size_t shape, unsigned rounds)
{
	static char text[2 * WORST_LIMIT];
	double ms[ROUNDS_MAX];
	size_t n = worst_build(shape,
			       "<message from='a@x.test/b' id='1' "
			       "to='r@rd.test' type='groupchat'>",
			       "</message>", text);
	unsigned stanzas = b->stanzas;

	for (unsigned i = 0; i < rounds; i++)
		ms[i] = once(b, text, n);
	if (b->downs)
		give_up("a stanza within the limit ended the stream");
	print("stream", worst_name(shape), n, ms, rounds,
	      b->stanzas == stanzas ? "refused" : "taken");
}

static void streams(unsigned rounds)
{
	struct bench b = {.listener = -1};

	open_stream(&b);
	for (size_t i = 0; i < worst_count; i++)
		measure_stream(&b, i, rounds);
	xmpp_link_free(b.link);
	loop_free(b.loop);
	close(b.peer);
	close(b.listener);
}

/* The core's turn for a stanza, the output's included. */
static void measure_core(struct scene *s, const char *part, size_t shape,
			 const char *head, const char *tail, unsigned rounds)
{
	static char text[2 * WORST_LIMIT];
	static const char header[] =
	    "<stream:stream xmlns='jabber:component:accept' "
	    "xmlns:stream='http://etherx.jabber.org/streams' id='1'>";
	double ms[ROUNDS_MAX];
	size_t n = worst_build(shape, head, tail, text);
	struct reader *r = reader_new(WORST_LIMIT);
	struct str in = str_z(header);

	if (reader_next(r, &in) != READER_OPENED)
		give_up("header");
	in = str_of(text, n);
	if (reader_next(r, &in) != READER_STANZA) {
		reader_free(r);
		return; /* the core does not see it */
	}
	for (unsigned i = 0; i < rounds; i++) {
		uint64_t begin = cpu_ns();

		front_xmpp_stanza(s->core.front_xmpp, STR("chat.test"),
				  reader_root(r));
		loop_settle(s->loop);
		ms[i] = (double)(cpu_ns() - begin) / 1e6;
		xmpp_drop(s);
		s->mono += 100000;
	}
	reader_free(r);
	print(part, worst_name(shape), n, ms, rounds, "taken");
}

#define FROM "from='ann@x.test/1' to='r@chat.test"

static void core(unsigned rounds)
{
	struct scene *s = scene_new("domain \"chat.test\" { rooms = local\n"
				    " secret = \"x\"\n lock = false }\n");
	struct sip_user bob;

	xmpp_join(s, "ann@x.test/1", "Ann");
	xmpp_join(s, "eve@x.test/1", "Eve");
	sip_user_join(&bob, s, "bob", "sip:r@chat.test", "");
	xmpp_drop(s);
	for (size_t i = 0; i < worst_count; i++) {
		measure_core(s, "message", i,
			     "<message id='1' type='groupchat' " FROM "'>",
			     "</message>", rounds);
		measure_core(s, "private", i,
			     "<message id='1' type='chat' " FROM "/Eve'>",
			     "</message>", rounds);
		measure_core(s, "xhtml", i,
			     "<message id='1' type='groupchat' " FROM
			     "'><body>x</body><html xmlns="
			     "'http://jabber.org/protocol/xhtml-im'><body "
			     "xmlns='http://www.w3.org/1999/xhtml'>",
			     "</body></html></message>", rounds);
		measure_core(s, "presence", i,
			     "<presence id='1' " FROM "/Ann'>", "</presence>",
			     rounds);
		measure_core(s, "iq", i, "<iq id='1' type='get' " FROM "/Eve'>",
			     "</iq>", rounds);
		measure_core(s, "admin", i,
			     "<iq id='1' type='set' " FROM "'><query xmlns="
			     "'http://jabber.org/protocol/muc#admin'>",
			     "</query></iq>", rounds);
		measure_core(s, "owner", i,
			     "<iq id='1' type='set' " FROM "'><query xmlns="
			     "'http://jabber.org/protocol/muc#owner'>"
			     "<x xmlns='jabber:x:data' type='submit'>",
			     "</x></query></iq>", rounds);
	}
	sip_user_done(&bob);
	scene_free(s);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 && !strcmp(argv[1], "--quick") ? 1 : 15;

	streams(rounds);
	core(rounds);
	return 0;
}
