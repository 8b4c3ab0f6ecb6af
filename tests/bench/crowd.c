#include "tests/bench/crowd.h"

#include <assert.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tests/bench/frame.h"

#define STALL_MS 30000
#define IN_SIZE	 (256 * 1024)

static void *need(void *p)
{
	if (!p)
		err(1, "memory");
	return p;
}

void crowd_init(struct crowd *c, unsigned receivers)
{
	memset(c, 0, sizeof(*c));
	c->n = receivers;
	c->member = need(calloc(receivers + 1, sizeof(*c->member)));
	c->in = need(malloc(IN_SIZE));
	c->out = need(malloc(CROWD_WINDOW * sizeof(c->message.bytes)));
	c->ep = epoll_create1(EPOLL_CLOEXEC);
	if (c->ep < 0)
		err(1, "epoll_create1");
}

void crowd_done(struct crowd *c)
{
	for (unsigned i = 0; i <= c->n; i++) {
		wire_close(&c->member[i].wire);
		free(c->member[i].part);
	}
	close(c->ep);
	free(c->member);
	free(c->in);
	free(c->out);
}

void crowd_add(struct crowd *c, unsigned i, struct wire wire,
	       const char *own_path)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = i};

	c->member[i].wire = wire;
	c->member[i].own_path = own_path;
	if (epoll_ctl(c->ep, EPOLL_CTL_ADD, wire.fd, &e) < 0)
		err(1, "epoll_ctl");
}

static void send_more(struct crowd *c, unsigned window)
{
	uint64_t now = now_ns();
	size_t n = 0;

	while (c->sent - c->done < window) {
		message_number(&c->message, ++c->sent);
		c->flight[c->sent % CROWD_WINDOW].sent_ns = now;
		c->flight[c->sent % CROWD_WINDOW].left = c->n;
		memcpy(c->out + n, c->message.bytes, c->message.n);
		n += c->message.n;
	}
	if (n)
		wire_write(&c->member[0].wire, c->out, n);
}

static void keep_copy(struct crowd *c, const struct frame *f)
{
	if (f->all.n > sizeof(c->copy))
		errx(1, "a copy of %zu octets", f->all.n);
	memcpy(c->copy, f->all.p, f->all.n);
	c->copy_n = f->all.n;
	c->copy_body = str_of(c->copy + (f->body.p - f->all.p), f->body.n);
}

static void got_copy(struct crowd *c, struct member *m, const struct frame *f,
		     uint64_t number, uint64_t now)
{
	uint64_t sent_ns = c->flight[number % CROWD_WINDOW].sent_ns;

	if (number != m->last + 1 || number > c->sent)
		errx(1, "receiver %zu got message %ju after %ju",
		     (size_t)(m - c->member), (uintmax_t)number,
		     (uintmax_t)m->last);
	m->last = number;
	c->delivered++;
	c->octets += f->all.n;
	if (c->copy_n == 0)
		keep_copy(c, f);
	hist_add(&c->latency, (now - sent_ns) / 1000, 1);
	if (--c->flight[number % CROWD_WINDOW].left == 0)
		c->done = number;
}

static void got_frame(struct crowd *c, struct member *m, const struct frame *f,
		      uint64_t now)
{
	bool sender = m == c->member;
	char answer[600];
	uint64_t number;
	size_t n;

	if (!str_eq(f->method, STR("SEND"))) {
		if (sender && str_eq(f->method, STR("200")))
			c->answered++;
		else
			errx(1, "got MSRP %.*s", STR_ARG(f->method));
		return;
	}
	number = message_match(&c->message, f->body);
	if (number && (sender || f->flag != '$'))
		errx(1, "the sender got a copy, or one was cut");
	if (number)
		got_copy(c, m, f, number, now);
	if (frame_wants_answer(f)) {
		n = frame_answer(answer, sizeof(answer), f, m->own_path);
		wire_write(&m->wire, answer, n);
	}
}

/* What is left of a frame waits for its rest in the member's own buffer. */
static void keep_rest(struct member *m, struct str rest)
{
	m->part_n = rest.n;
	if (rest.n == 0)
		return;
	m->part = need(realloc(m->part, rest.n));
	memcpy(m->part, rest.p, rest.n);
}

static void readable(struct crowd *c, struct member *m)
{
	uint64_t now, before = c->delivered;
	struct frame f;
	struct str rest;
	ssize_t n;

	if (m->part_n)
		memcpy(c->in, m->part, m->part_n);
	n = wire_read(&m->wire, c->in + m->part_n, IN_SIZE - m->part_n);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		errx(1, "member %zu lost its connection",
		     (size_t)(m - c->member));
	now = now_ns();
	rest = str_of(c->in, m->part_n + (size_t)n);
	while ((n = frame_read(rest, &f)) > 0) {
		got_frame(c, m, &f, now);
		rest = str_from(rest, (size_t)n);
	}
	if (n < 0 || rest.n > IN_SIZE / 2)
		errx(1, "member %zu got what is no MSRP",
		     (size_t)(m - c->member));
	keep_rest(m, rest);
	c->reads += c->delivered > before;
}

static void turn(struct crowd *c)
{
	struct epoll_event e[256];
	int n = epoll_wait(c->ep, e, 256, STALL_MS);

	if (n == 0)
		errx(1, "stalled: %ju sent, %ju arrived everywhere",
		     (uintmax_t)c->sent, (uintmax_t)c->done);
	for (int i = 0; i < n; i++)
		readable(c, &c->member[e[i].data.u32]);
}

void crowd_run(struct crowd *c, unsigned window, uint64_t ns)
{
	uint64_t end = now_ns() + ns, first = c->sent;

	assert(window <= CROWD_WINDOW);
	c->delivered = c->octets = c->reads = c->answered = 0;
	hist_clear(&c->latency);
	do {
		send_more(c, window);
		turn(c);
	} while (now_ns() < end);
	while (c->done < c->sent || c->answered < c->sent - first)
		turn(c);
	if (c->delivered != (c->sent - first) * c->n)
		errx(1, "%ju copies of %ju messages for %u receivers",
		     (uintmax_t)c->delivered, (uintmax_t)(c->sent - first),
		     c->n);
}
