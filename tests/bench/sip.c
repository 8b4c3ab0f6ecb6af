#include "tests/bench/sip.h"

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "tests/bench/daemon.h"
#include "tests/bench/measure.h"
#include "tests/bench/tcp.h"

#define ANSWER_MS 30000
#define ROOM_URI  "sip:" BENCH_ROOM "%u@" BENCH_DOMAIN

struct answer {
	unsigned status;
	unsigned user; /* out of the Call-ID */
	struct str start_line, headers, body, cseq;
};

void sip_open(struct sip *s, uint16_t port)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	s->have = 0;
	s->also = NULL;
	s->notifies = s->notify_octets = 0;
	s->fd = tcp_connect(port);
	if (getsockname(s->fd, (struct sockaddr *)&a, &n) < 0)
		err(1, "getsockname");
	s->port = ntohs(a.sin_port);
}

void sip_close(struct sip *s)
{
	close(s->fd);
}

static void copy(char *out, size_t size, struct str s, const char *what)
{
	if (s.n == 0 || s.n >= size)
		errx(1, "SIP: no %s to be had in an answer", what);
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
}

/* The value of the first header of this name (which ends in a colon). */
static struct str header(struct str headers, struct str name)
{
	struct str line;

	while (headers.n) {
		line = str_trim_space(str_split(&headers, '\n'));
		if (str_istarts(line, name))
			return str_trim(str_from(line, name.n));
	}
	return STR_NONE;
}

/* What stands between the first `from` and the next octet `to` (or the end). */
static struct str between(struct str s, struct str from, char to)
{
	ptrdiff_t i = str_search(s, from);
	struct str rest;

	if (i < 0)
		return STR_NONE;
	rest = str_from(s, (size_t)i + from.n);
	return str_split(&rest, to);
}

/* One request; method's own headers and body come last. */
static void request(struct sip *s, const struct call *c, const char *method,
		    const char *rest)
{
	char out[2048];
	int n = snprintf(
	    out, sizeof(out),
	    "%s %s SIP/2.0\r\n"
	    "Via: SIP/2.0/TCP 127.0.0.1:%u;branch=z9hG4bK%s%u.%u;rport\r\n"
	    "Max-Forwards: 70\r\n"
	    "From: <sip:u%u@bench.example>;tag=f%u\r\n"
	    "To: <" ROOM_URI ">%s%s\r\n"
	    "Call-ID: %u@bench.example\r\n"
	    "CSeq: %u %s\r\n"
	    "Contact: <sip:u%u@127.0.0.1:%u;transport=tcp>\r\n"
	    "%s",
	    method, c->target, s->port, method, c->user, c->cseq, c->user,
	    c->user, c->room, c->tag[0] ? ";tag=" : "", c->tag, c->user,
	    c->cseq, method, c->user, s->port, rest);

	if (n < 0 || (size_t)n >= sizeof(out))
		errx(1, "SIP: request too long");
	tcp_write(s->fd, out, (size_t)n);
}

static void invite(struct sip *s, struct call *c)
{
	char sdp[600], rest[800];
	int n;

	snprintf(c->own_path, sizeof(c->own_path),
		 "%s://127.0.0.1:2855/bench%06u;tcp", c->tls ? "msrps" : "msrp",
		 c->user);
	snprintf(c->target, sizeof(c->target), ROOM_URI, c->room);
	c->tag[0] = '\0';
	c->cseq = 1;
	c->subscribed = false;
	n = snprintf(sdp, sizeof(sdp),
		     "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
		     "c=IN IP4 127.0.0.1\r\nt=0 0\r\n"
		     "m=message 2855 %s *\r\n"
		     "a=accept-types:message/cpim\r\n"
		     "a=accept-wrapped-types:text/plain\r\n"
		     "a=setup:active\r\n"
		     "a=chatroom:nickname private-messages\r\n"
		     "a=path:%s\r\n",
		     c->tls ? "TCP/TLS/MSRP" : "TCP/MSRP", c->own_path);
	snprintf(rest, sizeof(rest),
		 "Content-Type: application/sdp\r\n"
		 "Content-Length: %d\r\n\r\n%s",
		 n, sdp);
	request(s, c, "INVITE", rest);
}

/* The first whole message of the buffer, or false. *used gets its length. */
static bool whole(const struct sip *s, struct answer *a, size_t *used)
{
	struct str in = str_of(s->in, s->have), length;
	ptrdiff_t i = str_search(in, STR("\r\n\r\n"));
	uint64_t n;

	if (i < 0)
		return false;
	a->headers = str_of(in.p, (size_t)i + 2);
	length = header(a->headers, STR("Content-Length:"));
	if (length.n == 0)
		length = header(a->headers, STR("l:"));
	if (str_u64(length, sizeof(s->in), &n) < 0)
		errx(1, "SIP: no Content-Length");
	*used = a->headers.n + 2 + (size_t)n;
	a->body = str_of(in.p + a->headers.n + 2, (size_t)n);
	return *used <= in.n;
}

static void parse(struct answer *a)
{
	struct str rest = a->headers, line, id;
	uint64_t n;

	a->start_line = str_trim_space(str_split(&rest, '\n'));
	line = a->start_line;
	if (!str_starts(line, STR("SIP/2.0 ")))
		errx(1, "SIP: the focus sent %.*s", STR_ARG(line));
	str_split(&line, ' ');
	if (str_u64(str_split(&line, ' '), 699, &n) < 0)
		errx(1, "SIP: bad status line");
	a->status = (unsigned)n;
	id = header(a->headers, STR("Call-ID:"));
	if (id.n == 0)
		id = header(a->headers, STR("i:"));
	if (str_u64(str_split(&id, '@'), UINT32_MAX, &n) < 0)
		errx(1, "SIP: an answer to nothing");
	a->user = (unsigned)n;
	a->cseq = header(a->headers, STR("CSeq:"));
}

/* 200 to a NOTIFY: what has to be equal is copied from it. */
static void answer_notify(struct sip *s, struct str headers)
{
	static const char *const same[] = {
	    "Via:", "From:", "To:", "Call-ID:", "CSeq:"};
	char out[4096];
	size_t n = (size_t)snprintf(out, sizeof(out), "SIP/2.0 200 OK\r\n");

	while (headers.n) {
		struct str line = str_split(&headers, '\n');

		for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
			if (str_istarts(line, str_z(same[i])) &&
			    n + line.n + 1 < sizeof(out))
				n += (size_t)sprintf(out + n, "%.*s\n",
						     STR_ARG(line));
	}
	if (n + 30 > sizeof(out))
		errx(1, "SIP: a NOTIFY with long headers");
	n += (size_t)sprintf(out + n, "Content-Length: 0\r\n\r\n");
	tcp_write(s->fd, out, n);
}

/* Takes the first message, which is whole, off the buffer's front. */
static void drop(struct sip *s, size_t used)
{
	s->have -= used;
	memmove(s->in, s->in + used, s->have);
}

/* Is the next whole message one of the focus' own requests? Then it has been
 * answered. */
static bool served(struct sip *s, const struct answer *a, size_t used)
{
	if (!str_starts(a->headers, STR("NOTIFY ")))
		return false;
	s->notifies++;
	s->notify_octets += used;
	answer_notify(s, a->headers);
	drop(s, used);
	return true;
}

/* Reads more; false: nothing came in time. */
static bool more(struct sip *s, int ms)
{
	struct pollfd p[2] = {
	    {.fd = s->fd, .events = POLLIN},
	    {.fd = s->also ? s->also_fd : -1, .events = POLLIN},
	};
	ssize_t n;

	if (s->have == sizeof(s->in))
		errx(1, "SIP: an answer that does not end");
	if (poll(p, 2, ms) <= 0)
		return false;
	if (p[1].revents)
		s->also(s->user);
	if (!p[0].revents)
		return true;
	n = read(s->fd, s->in + s->have, sizeof(s->in) - s->have);
	if (n <= 0)
		errx(1, "SIP: connection lost");
	s->have += (size_t)n;
	return true;
}

/* Waits for the next answer and gives it to handle. */
static void answer(struct sip *s,
		   bool (*handle)(struct sip *, struct answer *, void *),
		   void *user, unsigned *left)
{
	struct answer a;
	size_t used;

	for (;;) {
		if (!whole(s, &a, &used)) {
			if (!more(s, ANSWER_MS))
				errx(1, "SIP: no answer, %u outstanding",
				     *left);
		} else if (!served(s, &a, used)) {
			break;
		}
	}
	parse(&a);
	if (handle(s, &a, user))
		(*left)--;
	drop(s, used);
}

void sip_idle(struct sip *s, uint64_t ns)
{
	uint64_t end = now_ns() + ns, now;
	struct answer a;
	size_t used;

	for (;;) {
		if (!whole(s, &a, &used)) {
			now = now_ns();
			if (!more(s, now < end ? (int)((end - now) / 1000000)
					       : 0) &&
			    now >= end)
				return;
		} else if (!served(s, &a, used)) {
			errx(1, "SIP: the focus sent %.*s", 60, s->in);
		}
	}
}

struct batch {
	struct call *calls;
	unsigned n;
};

static bool joined(struct sip *s, struct answer *a, void *user)
{
	struct batch *b = user;
	struct call *c = NULL;
	struct str to, contact;

	if (a->status < 200)
		return false;
	if (a->status >= 300)
		errx(1, "SIP: %.*s", STR_ARG(a->start_line));
	for (unsigned i = 0; i < b->n; i++)
		if (b->calls[i].user == a->user)
			c = &b->calls[i];
	if (!c)
		errx(1, "SIP: an answer to nothing");
	to = header(a->headers, STR("To:"));
	copy(c->tag, sizeof(c->tag), between(to, STR(";tag="), ';'), "tag");
	contact = header(a->headers, STR("Contact:"));
	copy(c->target, sizeof(c->target), between(contact, STR("<"), '>'),
	     "Contact");
	copy(c->path, sizeof(c->path),
	     str_trim_space(between(a->body, STR("a=path:"), '\n')), "path");
	request(s, c, "ACK", "Content-Length: 0\r\n\r\n");
	return true;
}

void sip_join(struct sip *s, struct call *calls, unsigned n)
{
	struct batch b = {calls, n};
	unsigned left = n;

	for (unsigned i = 0; i < n; i++)
		invite(s, &calls[i]);
	while (left)
		answer(s, joined, &b, &left);
}

static bool subscribed(struct sip *s, struct answer *a, void *user)
{
	(void)s;
	(void)user;
	if (a->status != 200)
		errx(1, "SIP: SUBSCRIBE got %.*s", STR_ARG(a->start_line));
	return str_ends(a->cseq, STR("SUBSCRIBE"));
}

static void subscribe(struct sip *s, struct call *calls, unsigned n, bool on)
{
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++) {
		if (calls[i].subscribed == on)
			continue;
		calls[i].subscribed = on;
		calls[i].cseq++;
		request(s, &calls[i], "SUBSCRIBE",
			on ? "Event: conference\r\nExpires: 3600\r\n"
			     "Content-Length: 0\r\n\r\n"
			   : "Event: conference\r\nExpires: 0\r\n"
			     "Content-Length: 0\r\n\r\n");
		left++;
	}
	while (left)
		answer(s, subscribed, NULL, &left);
}

void sip_subscribe(struct sip *s, struct call *calls, unsigned n)
{
	subscribe(s, calls, n, true);
}

static bool left_room(struct sip *s, struct answer *a, void *user)
{
	(void)s;
	(void)user;
	if (a->status != 200)
		errx(1, "SIP: BYE got %.*s", STR_ARG(a->start_line));
	return str_ends(a->cseq, STR("BYE"));
}

void sip_leave(struct sip *s, struct call *calls, unsigned n)
{
	unsigned left = n;

	subscribe(s, calls, n, false);
	for (unsigned i = 0; i < n; i++) {
		calls[i].cseq++;
		request(s, &calls[i], "BYE", "Content-Length: 0\r\n\r\n");
	}
	while (left)
		answer(s, left_room, NULL, &left);
}
