#include "tests/bench/relay.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/tcp.h"
#include "tests/bench/wire.h"

#define BATCH 64 /* messages that one read may bring */

/* Everything is of a fixed length and stands at a fixed place. */
struct plan {
	const struct message *in;
	char *frame; /* of frame_n octets */
	size_t frame_n, body, end_tid, tid_n;
	struct wire *wire; /* room after room: the sender, then n receivers */
	unsigned n, rooms;
	struct inlet *inlets; /* of each room */
	uint64_t tid;
	char *out;
};

/* What has come from a sender and is no whole message yet. */
struct inlet {
	char bytes[BATCH * sizeof(struct message)];
	size_t have;
};

/* One frame for one receiver at p: body from the message, a new id. */
static void put_frame(struct plan *p, char *out, const char *message)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t tid = ++p->tid;

	memcpy(out, p->frame, p->frame_n);
	memcpy(out + p->body, message + p->in->body, MESSAGE_BODY);
	for (size_t i = 0; i < p->tid_n && i < 16; i++, tid >>= 4)
		out[5 + i] = digits[tid & 15];
	memcpy(out + p->end_tid, out + 5, p->tid_n);
}

static size_t put_answer(char *out, const char *tid)
{
	static const char text[] =
	    "MSRP m00000000000 200 OK\r\n"
	    "To-Path: msrp://127.0.0.1:2855/bench000000;tcp\r\n"
	    "From-Path: msrp://127.0.0.1:2855/bench000000;tcp\r\n"
	    "-------m00000000000$\r\n";
	size_t n = sizeof(text) - 1;

	memcpy(out, text, n);
	memcpy(out + 5, tid, MESSAGE_TID_N);
	memcpy(out + n - 3 - MESSAGE_TID_N, tid, MESSAGE_TID_N);
	return n;
}

static void fan_out(struct plan *p, struct wire *wire, const char *bytes,
		    size_t messages)
{
	size_t at = 0;

	for (unsigned r = 1; r <= p->n; r++) {
		for (size_t i = 0; i < messages; i++)
			put_frame(p, p->out + i * p->frame_n,
				  bytes + i * p->in->n);
		wire_write(&wire[r], p->out, messages * p->frame_n);
	}
	for (size_t i = 0; i < messages; i++)
		at += put_answer(p->out + at,
				 bytes + i * p->in->n + p->in->tid[0]);
	wire_write(&wire[0], p->out, at);
}

/* False when the sender has gone. */
static bool from_sender(struct plan *p, unsigned room)
{
	struct wire *wire = p->wire + room * (p->n + 1);
	struct inlet *in = &p->inlets[room];
	size_t max = BATCH * p->in->n, messages;
	ssize_t n = wire_read(wire, in->bytes + in->have, max - in->have);

	if (n < 0 && errno == EAGAIN)
		return true;
	if (n <= 0)
		return false;
	in->have += (size_t)n;
	messages = in->have / p->in->n;
	fan_out(p, wire, in->bytes, messages);
	in->have -= messages * p->in->n;
	memmove(in->bytes, in->bytes + messages * p->in->n, in->have);
	return true;
}

static void accept_all(struct plan *p, const struct relay_plan *how,
		       int listener, int ep)
{
	struct epoll_event e = {.events = EPOLLIN};

	for (unsigned i = 0; i < p->rooms * (p->n + 1); i++) {
		p->wire[i] = wire_accept(listener, how->certificate, how->key);
		e.data.u32 = i;
		if (epoll_ctl(ep, EPOLL_CTL_ADD, p->wire[i].fd, &e) < 0)
			err(1, "relay: epoll_ctl");
	}
}

static _Noreturn void run(struct plan *p, const struct relay_plan *how,
			  int listener)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e[64];
	int n;

	p->wire = calloc(p->rooms * (p->n + 1), sizeof(*p->wire));
	p->inlets = calloc(p->rooms, sizeof(*p->inlets));
	p->out = malloc(BATCH * (p->frame_n + 200));
	if (ep < 0 || !p->wire || !p->inlets || !p->out)
		err(1, "relay");
	accept_all(p, how, listener, ep);
	while ((n = epoll_wait(ep, e, 64, -1)) > 0)
		for (int i = 0; i < n; i++) /* receivers only leave */
			if (e[i].data.u32 % (p->n + 1) != 0 ||
			    !from_sender(p, e[i].data.u32 / (p->n + 1)))
				_exit(0);
	_exit(0);
}

static struct plan *plan_new(const struct relay_plan *how)
{
	struct plan *p = calloc(1, sizeof(*p));
	struct str copy = how->copy;

	if (!p)
		err(1, "relay");
	p->in = how->message;
	p->frame = malloc(copy.n);
	if (!p->frame)
		err(1, "relay");
	memcpy(p->frame, copy.p, copy.n);
	p->frame_n = copy.n;
	p->body = (size_t)(how->body.p - copy.p);
	p->tid_n = (size_t)((const char *)memchr(copy.p + 5, ' ', copy.n - 5) -
			    copy.p - 5);
	p->end_tid = copy.n - 3 - p->tid_n;
	p->n = how->receivers;
	p->rooms = how->rooms;
	return p;
}

void relay_start(struct relay *r, const struct relay_plan *how)
{
	int listener = tcp_listen(&r->port);

	r->pid = fork();
	if (r->pid < 0)
		err(1, "fork");
	if (r->pid != 0) {
		close(listener);
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(listener, 3);
	close_range(4, ~0u, 0); /* the bench's sockets stay the bench's */
	run(plan_new(how), how, 3);
}

void relay_wait(struct relay *r)
{
	if (waitpid(r->pid, NULL, 0) != r->pid)
		err(1, "waitpid");
}
