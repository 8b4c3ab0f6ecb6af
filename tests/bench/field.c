#include "tests/bench/field.h"

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/frame.h"
#include "tests/bench/tcp.h"

#define SECOND	 1000000000ull
#define DRAIN_S	 30
#define FLIGHT	 256 /* messages of a room whose sending time is kept */
#define REPORT_S 60

struct field_member {
	int fd;
	uint64_t last; /* number of the last message got */
	char *part;    /* begin of a frame whose rest is to come */
	size_t part_n;
};

struct field_room {
	struct message message;
	uint64_t sent, answered;
	uint64_t sent_ns[FLIGHT];
};

static void *need(void *p)
{
	if (!p)
		err(1, "memory");
	return p;
}

struct field *field_new(unsigned rooms, unsigned people,
			const struct call *calls)
{
	struct field *f = need(calloc(1, sizeof(*f)));

	f->rooms = rooms;
	f->people = people;
	f->n = rooms * people;
	f->calls = calls;
	f->members = need(calloc(f->n, sizeof(*f->members)));
	f->room = need(calloc(rooms, sizeof(*f->room)));
	f->ep = epoll_create1(EPOLL_CLOEXEC);
	if (f->ep < 0)
		err(1, "epoll_create1");
	for (unsigned i = 0; i < rooms; i++)
		message_init(&f->room[i].message, &calls[i * people]);
	return f;
}

void field_free(struct field *f)
{
	for (unsigned i = 0; i < f->n; i++) {
		close(f->members[i].fd);
		free(f->members[i].part);
	}
	close(f->ep);
	free(f->members);
	free(f->room);
	free(f);
}

void field_add(struct field *f, unsigned i, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = i};

	f->members[i].fd = fd;
	if (epoll_ctl(f->ep, EPOLL_CTL_ADD, fd, &e) < 0)
		err(1, "epoll_ctl");
}

const struct message *field_message(const struct field *f, unsigned room)
{
	return &f->room[room].message;
}

static void keep_copy(struct field *f, const struct frame *frame)
{
	if (frame->all.n > sizeof(f->copy_text))
		errx(1, "a copy of %zu octets", frame->all.n);
	memcpy(f->copy_text, frame->all.p, frame->all.n);
	f->copy = str_of(f->copy_text, frame->all.n);
	f->copy_body = str_of(f->copy_text + (frame->body.p - frame->all.p),
			      frame->body.n);
}

static void got_copy(struct field *f, unsigned i, uint64_t number, uint64_t now)
{
	struct field_room *r = &f->room[i / f->people];
	struct field_member *m = &f->members[i];

	if (number != m->last + 1 || number > r->sent)
		errx(1, "member %u got message %ju after %ju", i,
		     (uintmax_t)number, (uintmax_t)m->last);
	m->last = number;
	f->delivered++;
	if (r->sent - number < FLIGHT)
		hist_add(&f->latency,
			 (now - r->sent_ns[number % FLIGHT]) / 1000, 1);
}

static void got_frame(struct field *f, unsigned i, const struct frame *frame,
		      uint64_t now)
{
	struct field_room *r = &f->room[i / f->people];
	bool talks = i % f->people == 0;
	char answer[600];
	uint64_t number;

	if (talks && str_eq(frame->method, STR("200"))) {
		r->answered++;
		return;
	}
	number = str_eq(frame->method, STR("SEND"))
		     ? message_match(&r->message, frame->body)
		     : 0;
	if (talks || number == 0 || frame->flag != '$')
		errx(1, "member %u got MSRP %.*s: %.*s", i,
		     STR_ARG(frame->method), STR_ARG(frame->body));
	if (!f->copy.n)
		keep_copy(f, frame);
	got_copy(f, i, number, now);
	if (frame_wants_answer(frame))
		tcp_write(f->members[i].fd, answer,
			  frame_answer(answer, sizeof(answer), frame,
				       f->calls[i].own_path));
}

static void keep_rest(struct field_member *m, struct str rest)
{
	m->part_n = rest.n;
	if (rest.n == 0)
		return;
	m->part = need(realloc(m->part, rest.n));
	memcpy(m->part, rest.p, rest.n);
}

static void readable(struct field *f, unsigned i)
{
	struct field_member *m = &f->members[i];
	uint64_t now;
	struct frame frame;
	struct str rest;
	ssize_t n;

	if (m->part_n)
		memcpy(f->in, m->part, m->part_n);
	n = recv(m->fd, f->in + m->part_n, sizeof(f->in) - m->part_n,
		 MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		errx(1, "member %u lost its connection", i);
	now = now_ns();
	rest = str_of(f->in, m->part_n + (size_t)n);
	while ((n = frame_read(rest, &frame)) > 0) {
		got_frame(f, i, &frame, now);
		rest = str_from(rest, (size_t)n);
	}
	if (n < 0 || rest.n > sizeof(f->in) / 2)
		errx(1, "member %u got what is no MSRP", i);
	keep_rest(m, rest);
}

static void turn(struct field *f, int ms)
{
	struct epoll_event e[256];
	int n = epoll_wait(f->ep, e, 256, ms);

	for (int i = 0; i < n; i++)
		readable(f, e[i].data.u32);
}

static void say(struct field *f, unsigned room)
{
	struct field_room *r = &f->room[room];

	message_number(&r->message, ++r->sent);
	r->sent_ns[r->sent % FLIGHT] = now_ns();
	tcp_write(f->members[room * f->people].fd, r->message.bytes,
		  r->message.n);
	f->sent++;
}

static bool all_there(const struct field *f)
{
	for (unsigned i = 0; i < f->rooms; i++)
		if (f->room[i].answered < f->room[i].sent)
			return false;
	return f->delivered == f->sent * (f->people - 1);
}

static void drain(struct field *f)
{
	uint64_t end = now_ns() + DRAIN_S * SECOND;

	for (; !all_there(f); turn(f, 100))
		if (now_ns() > end)
			errx(1, "%ju of %ju copies came",
			     (uintmax_t)f->delivered,
			     (uintmax_t)(f->sent * (f->people - 1)));
}

void field_run(struct field *f, double rate, double seconds,
	       void (*every_minute)(void *user), void *user)
{
	uint64_t start = now_ns(), now;
	uint64_t end = start + (uint64_t)(seconds * 1e9);
	uint64_t report = start + REPORT_S * SECOND;

	f->sent = f->delivered = 0;
	hist_clear(&f->latency);
	while ((now = now_ns()) < end) {
		uint64_t due = (uint64_t)((double)(now - start) / 1e9 * rate);

		while (f->sent < due)
			say(f, (unsigned)(f->sent % f->rooms));
		turn(f, 1);
		if (every_minute && now >= report) {
			every_minute(user);
			report += REPORT_S * SECOND;
		}
	}
	f->took_s = (double)(now_ns() - start) / 1e9;
	drain(f);
}
