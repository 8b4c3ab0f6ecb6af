/* What the worst stanzas within the limit cost a component stream: processor
 * time from the first octet read to the callback (or the refusal), during which
 * the loop does nothing else. The server's side is in the same thread, and
 * silent meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/net.h"
#include "tests/bench/measure.h"
#include "xmpp/stream.h"

#define LIMIT	   65536 /* the default of xmpp { max-stanza } */
#define ROUNDS_MAX 64

/* A stanza of LIMIT octets: what goes before ('*': thirty thousand octets), a
 * piece as often as it fits ('%': its number), what closes each piece, what
 * goes behind. */
struct shape {
	const char *name, *before, *piece, *closing, *behind;
};

static const struct shape shapes[] = {
    {"long text", "<body>", "x", "", "</body>"},
    {"newlines", "<body>", "\n", "", "</body>"},
    {"entities", "<body>", "&lt;", "", "</body>"},
    {"character references", "<body>", "&#9;", "", "</body>"},
    {"CDATA sections", "<body>", "<![CDATA[]]>", "", "</body>"},
    {"empty children", "", "<a/>", "", ""},
    {"children with text", "", "<a>x</a>", "", ""},
    {"children of many names", "", "<a%/>", "", ""},
    {"children with xmlns", "", "<a xmlns='b'/>", "", ""},
    {"many attributes", "<x", " a%=''", "", "/>"},
    {"children with attributes", "", "<a a='' b='' c='' d=''/>", "", ""},
    {"entities in an attribute", "<x a='", "&lt;", "", "'/>"},
    {"newlines in an attribute", "<x a='", "\n", "", "'/>"},
    {"prefixes declared", "<x", " xmlns:a%='u'", "", "/>"},
    {"prefixed children", "<x xmlns:p='u'>", "<p:a/>", "", "</x>"},
    {"long namespace, children", "<x xmlns:p='*'>", "<p:a/>", "", "</x>"},
    {"long namespace, attributes", "<x xmlns:p='*'>", "<b p:a=''/>", "",
     "</x>"},
    {"long default namespace", "<x xmlns='*'>", "<a/>", "", "</x>"},
    {"deep", "", "<a>", "</a>", ""},
    {"deep with xmlns", "", "<a xmlns='%'>", "</a>", ""},
};

struct bench {
	struct log log;
	struct loop *loop;
	struct xmpp_link *link;
	struct addr addr;
	int listener, peer;
	unsigned ups, downs, stanzas;
};

static size_t put(char *out, const char *z, size_t number)
{
	size_t n = 0;

	for (; *z; z++) {
		if (*z == '%') {
			n += (size_t)sprintf(out + n, "%zu", number);
		} else if (*z == '*') {
			memset(out + n, 'u', 30000);
			n += 30000;
		} else {
			out[n++] = *z;
		}
	}
	return n;
}

static size_t build(const struct shape *s, char *out)
{
	static const char head[] = "<message from='a@x.test/b' id='1' "
				   "to='r@rd.test' type='groupchat'>";
	static const char tail[] = "</message>";
	size_t n = put(out, head, 0), pieces = 0, end;

	n += put(out + n, s->before, 0);
	end = LIMIT - strlen(s->behind) - strlen(tail) - strlen(s->piece) - 8;
	while (n + (pieces + 1) * strlen(s->closing) < end)
		n += put(out + n, s->piece, pieces++);
	while (*s->closing && pieces--)
		n += put(out + n, s->closing, 0);
	n += put(out + n, s->behind, 0);
	return n + put(out + n, tail, 0);
}

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

static void fail(const char *what)
{
	fprintf(stderr, "stall: %s\n", what);
	exit(1);
}

static void serve(struct bench *b, const char *text, size_t n)
{
	if (write(b->peer, text, n) != (ssize_t)n)
		fail("the socket does not take a stanza at once");
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
		fail("address");
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

static void measure(struct bench *b, const struct shape *s, unsigned rounds)
{
	static char text[2 * LIMIT];
	double ms[ROUNDS_MAX], most = 0;
	size_t n = build(s, text);
	unsigned stanzas = b->stanzas;

	for (unsigned i = 0; i < rounds; i++) {
		ms[i] = once(b, text, n);
		most = ms[i] > most ? ms[i] : most;
	}
	if (b->downs)
		fail("a stanza within the limit ended the stream");
	printf("stall shape=\"%s\" octets=%zu ms=%.2f most_ms=%.2f end=%s\n",
	       s->name, n, median_of(ms, rounds, sizeof(*ms), 0), most,
	       b->stanzas == stanzas ? "refused" : "taken");
}

int main(int argc, char **argv)
{
	struct bench b = {.listener = -1};
	unsigned rounds = argc > 1 && !strcmp(argv[1], "--quick") ? 1 : 15;

	open_stream(&b);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		measure(&b, &shapes[i], rounds);
	xmpp_link_free(b.link);
	loop_free(b.loop);
	close(b.peer);
	close(b.listener);
	return 0;
}
