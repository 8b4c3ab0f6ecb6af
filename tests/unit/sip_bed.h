/* A bed for the tests of the SIP process: the real stoxd-sip under sip_child, a
 * core that only notes what it is told, and a SIP peer that says what the test
 * says. */
#pragma once

#include <errno.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <event2/util.h>

#include "base/blob.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/net.h"
#include "sip/child.h"
#include "tests/lib/drop.h"

#define BED_PATIENCE_MS 20000 /* a sanitised process on a busy machine */

struct told {
	TAILQ_ENTRY(told) link;
	struct blob *bytes;
	struct port_msg m;
};

struct bed {
	struct log log;
	struct loop *loop;
	struct sip_child *child;
	struct timer patience;
	bool late;
	unsigned ready; /* how often */
	char *failed;
	bool stopped, complained;
	TAILQ_HEAD(, told) told; /* not taken yet */
	TAILQ_HEAD(, told) taken;
	unsigned branch;
	uint64_t skipped_ms; /* by which the core's clock is ahead */
	unsigned peers; /* open; a failed test leaves them on a gone stack */
	uint16_t udp, tcp, tls; /* where the process listens */
};

struct said {
	TAILQ_ENTRY(said) link;
	char z[];
};

struct peer {
	struct bed *bed;
	int fd;
	bool tcp, closed;
	struct event *ev;
	struct buf in;
	TAILQ_HEAD(, said) inbox;
	TAILQ_HEAD(, said) read;
	struct addr self;
};

/* One dialog as its peer sees it. */
struct call {
	struct peer *peer;
	const char *id, *tag;
	char to_tag[64];
};

static inline void bed_late(void *user)
{
	struct bed *b = user;
	b->late = true;
	loop_stop(b->loop);
}

/* Until something happens. */
static inline void bed_turn(struct bed *b)
{
	b->late = false;
	timer_set(b->loop, &b->patience, BED_PATIENCE_MS, bed_late, b);
	loop_run(b->loop);
	timer_cancel(b->loop, &b->patience);
	if (b->late)
		fail_msg("nothing happened");
}

static inline void bed_event(void *user, const struct port_msg *m)
{
	struct bed *b = user;
	struct buf bytes = BUF_INIT(PORT_BODY_MAX);
	struct told *t;

	if (m->type == PORT_DIALOG) /* the keeper's business */
		return;
	t = calloc(1, sizeof(*t));
	assert_non_null(t);
	port_encode(&bytes, m);
	t->bytes = blob_new(buf_str(&bytes));
	buf_done(&bytes);
	assert_int_equal(port_decode(blob_str(t->bytes), &t->m), 0);
	TAILQ_INSERT_TAIL(&b->told, t, link);
	loop_stop(b->loop);
}

static inline void bed_ready(void *user, bool first)
{
	struct bed *b = user;
	const char *z = sip_child_listen(b->child), *p;

	assert_int_equal(first, b->ready == 0);
	b->ready++;
	p = strstr(z, "udp:127.0.0.1:");
	b->udp = (uint16_t)(p ? atoi(p + 14) : 0);
	p = strstr(z, "tcp:127.0.0.1:");
	b->tcp = (uint16_t)(p ? atoi(p + 14) : 0);
	p = strstr(z, "tls:127.0.0.1:");
	b->tls = (uint16_t)(p ? atoi(p + 14) : 0);
	loop_stop(b->loop);
}

static inline void bed_failed(void *user, const char *why)
{
	struct bed *b = user;
	b->failed = strdup(why);
	loop_stop(b->loop);
}

static inline void bed_stopped(void *user)
{
	struct bed *b = user;
	b->stopped = true;
	loop_stop(b->loop);
}

/* build/stoxd-sip, seen from build/tests/ where the tests are. */
static inline const char *bed_program(void)
{
	static char z[4096];
	ssize_t n = readlink("/proc/self/exe", z, sizeof z - 32);
	char *slash;

	assert_true(n > 0);
	z[n] = '\0';
	slash = strrchr(z, '/');
	strcpy(slash, "/../stoxd-sip");
	return z;
}

/* Deaths by SIGKILL (9) are intended; another end than exit 0 is a finding of
 * the sanitizers. */
static inline void bed_log(void *user, enum log_level level, const char *line)
{
	struct bed *b = user;
	(void)level;
	if (strstr(line, "sip.ended") && !strstr(line, "status=0x9")) {
		fprintf(stderr, "%s\n", line);
		b->complained = true;
	}
}

static inline uint64_t bed_mono(void *user)
{
	struct bed *b = user;
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 +
	       b->skipped_ms;
}

static inline uint64_t bed_wall(void *user)
{
	(void)user;
	return (uint64_t)time(NULL) * 1000;
}

static inline void bed_start_tls(struct bed *b, const char *program,
				 const char *listen, const struct sip_tls *tls)
{
	static const struct sip_child_ops ops = {
	    .event = bed_event, .ready = bed_ready, .failed = bed_failed};
	struct sip_child_cfg cfg = {
	    .program = program,
	    .listen = listen,
	    .host = "",
	    .agent = "stoxd/test",
	    .log_level = LOG_ERROR,
	    .ops = &ops,
	    .user = b,
	};

	if (tls)
		cfg.tls = *tls;

	struct clock clock = {bed_mono, bed_wall, b};

	*b = (struct bed){0};
	log_init(&b->log, LOG_WARN, "test");
	b->log.sink = bed_log;
	b->log.user = b;
	b->loop = loop_new(&b->log, &clock);
	TAILQ_INIT(&b->told);
	TAILQ_INIT(&b->taken);
	cfg.loop = b->loop;
	b->child = sip_child_new(&cfg);
	if (!b->child)
		return;
	while (!b->ready && !b->failed)
		bed_turn(b);
}

static inline void bed_start(struct bed *b, const char *program,
			     const char *listen)
{
	bed_start_tls(b, program, listen, NULL);
}

static inline int bed_setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	bed_start(b, bed_program(), "udp:127.0.0.1:0 tcp:127.0.0.1:0");
	assert_int_equal(b->ready, 1);
	assert_true(b->udp && b->tcp);
	*state = b;
	return 0;
}

static inline void told_free(struct told *t)
{
	blob_unref(t->bytes);
	free(t);
}

static inline void bed_done(struct bed *b)
{
	struct told *t;

	if (b->child && sip_child_pid(b->child) && !b->peers) {
		sip_child_stop(b->child, bed_stopped, b);
		while (!b->stopped)
			bed_turn(b);
	}
	sip_child_free(b->child);
	while ((t = TAILQ_FIRST(&b->told))) {
		TAILQ_REMOVE(&b->told, t, link);
		told_free(t);
	}
	while ((t = TAILQ_FIRST(&b->taken))) {
		TAILQ_REMOVE(&b->taken, t, link);
		told_free(t);
	}
	free(b->failed);
	loop_free(b->loop);
	assert_false(b->complained);
}

static inline int bed_teardown(void **state)
{
	bed_done(*state);
	free(*state);
	return 0;
}

/* The next thing the core is told; it must be of this type. Lives as long as
 * the bed. */
static inline const struct port_msg *core_told(struct bed *b,
					       enum port_type type)
{
	struct told *t;

	while (!(t = TAILQ_FIRST(&b->told)))
		bed_turn(b);
	TAILQ_REMOVE(&b->told, t, link);
	TAILQ_INSERT_TAIL(&b->taken, t, link);
	assert_int_equal(t->m.type, type);
	return &t->m;
}

static inline const struct port_msg *core_asked(struct bed *b,
						const char *method)
{
	const struct port_msg *m = core_told(b, PORT_REQUEST);
	assert_true(str_eq(m->f[PORT_F_METHOD], str_z(method)));
	return m;
}

static inline void core_answer(struct bed *b, const struct port_msg *to,
			       int status, const char *headers,
			       const char *body)
{
	struct port_msg m = port_msg(PORT_ANSWER);

	m.req = to->req;
	m.dlg = to->dlg;
	m.status = status;
	m.f[PORT_F_CONTACT] = STR("<sip:room@127.0.0.1>;isfocus");
	m.f[PORT_F_HEADERS] = str_z(headers);
	m.f[PORT_F_BODY] = str_z(body);
	if (body)
		m.f[PORT_F_TYPE] = STR("application/sdp");
	sip_child_send(b->child, &m);
}

static inline uint64_t core_send(struct bed *b, uint64_t dlg,
				 const char *method, const char *headers,
				 const char *body)
{
	struct port_msg m = port_msg(PORT_SEND);

	m.dlg = dlg;
	m.req = sip_child_req(b->child);
	m.f[PORT_F_METHOD] = str_z(method);
	m.f[PORT_F_HEADERS] = str_z(headers);
	m.f[PORT_F_BODY] = str_z(body);
	if (body)
		m.f[PORT_F_TYPE] = STR("text/plain");
	sip_child_send(b->child, &m);
	return m.req;
}

static inline const struct port_msg *core_outcome(struct bed *b, uint64_t req,
						  int status)
{
	const struct port_msg *m = core_told(b, PORT_RESPONSE);
	assert_true(m->req == req);
	assert_int_equal(m->status, status);
	return m;
}

/* Until the process has read all that was sent to it. */
static inline void core_settle(struct bed *b)
{
	core_outcome(b, core_send(b, UINT64_MAX, "INFO", NULL, NULL), 481);
}

static inline void core_forget_now(struct bed *b, uint64_t dlg)
{
	struct port_msg m = port_msg(PORT_FORGET);
	m.dlg = dlg;
	sip_child_send(b->child, &m);
}

static inline void core_forget(struct bed *b, uint64_t dlg)
{
	core_forget_now(b, dlg);
	core_settle(b);
}

static inline void peer_keep(struct peer *p, struct str message)
{
	struct said *s = malloc(sizeof(*s) + message.n + 1);

	assert_non_null(s);
	memcpy(s->z, message.p, message.n);
	s->z[message.n] = '\0';
	TAILQ_INSERT_TAIL(&p->inbox, s, link);
	loop_stop(p->bed->loop);
}

/* Takes whole messages out of a stream (RFC 3261 §18.3). */
static inline void peer_split(struct peer *p)
{
	for (;;) {
		struct str in = buf_str(&p->in);
		ptrdiff_t end = str_search(in, STR("\r\n\r\n"));
		ptrdiff_t at = str_search(in, STR("Content-Length: "));
		if (end < 0)
			return;
		size_t n = (size_t)end + 4;
		if (at >= 0 && at < end)
			n += strtoul(in.p + at + 16, NULL, 10);
		if (in.n < n)
			return;
		peer_keep(p, str_of(in.p, n));
		buf_drop(&p->in, n);
	}
}

static inline void peer_readable(evutil_socket_t fd, short what, void *user)
{
	struct peer *p = user;
	char z[65536];
	ssize_t n = recv(fd, z, sizeof z, 0);
	(void)what;

	if (n <= 0) {
		p->closed = true;
		event_del(p->ev);
		loop_stop(p->bed->loop);
	} else if (p->tcp) {
		buf_add(&p->in, str_of(z, (size_t)n));
		peer_split(p);
	} else {
		peer_keep(p, str_of(z, (size_t)n));
	}
}

static inline void peer_take(struct peer *p, struct bed *b, bool tcp, int fd)
{
	*p = (struct peer){.bed = b, .tcp = tcp, .fd = fd};
	TAILQ_INIT(&p->inbox);
	TAILQ_INIT(&p->read);
	buf_init(&p->in, 1u << 20);
	p->self.len = sizeof p->self.in6;
	getsockname(fd, &p->self.sa, &p->self.len);
	evutil_make_socket_nonblocking(fd);
	p->ev = event_new(loop_base(b->loop), fd, EV_READ | EV_PERSIST,
			  peer_readable, p);
	event_add(p->ev, NULL);
	b->peers++;
}

static inline void peer_accept(struct peer *p, struct bed *b, int listener)
{
	peer_take(p, b, true, accept(listener, NULL, NULL));
}

static inline void peer_open_at(struct peer *p, struct bed *b, bool tcp,
				struct addr to)
{
	int fd = socket(to.sa.sa_family, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	if (tcp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1},
			   sizeof(int));
	assert_int_equal(connect(fd, &to.sa, to.len), 0);
	peer_take(p, b, tcp, fd);
}

static inline void peer_open(struct peer *p, struct bed *b, bool tcp)
{
	struct addr to;
	char z[64];

	snprintf(z, sizeof z, "127.0.0.1:%u", tcp ? b->tcp : b->udp);
	assert_int_equal(addr_parse(str_z(z), &to), 0);
	peer_open_at(p, b, tcp, to);
}

static inline void peer_close(struct peer *p)
{
	struct said *s;

	p->bed->peers--;
	event_free(p->ev);
	close(p->fd);
	buf_done(&p->in);
	while ((s = TAILQ_FIRST(&p->inbox))) {
		TAILQ_REMOVE(&p->inbox, s, link);
		free(s);
	}
	while ((s = TAILQ_FIRST(&p->read))) {
		TAILQ_REMOVE(&p->read, s, link);
		free(s);
	}
}

static inline void peer_say(struct peer *p, struct str message)
{
	assert_int_equal(send(p->fd, message.p, message.n, MSG_NOSIGNAL),
			 message.n);
}

/* The next message but 100 Trying, living as long as the peer. */
static inline const char *peer_hears(struct peer *p)
{
	struct said *s;

	for (;;) {
		while (!(s = TAILQ_FIRST(&p->inbox))) {
			assert_false(p->closed);
			bed_turn(p->bed);
		}
		TAILQ_REMOVE(&p->inbox, s, link);
		TAILQ_INSERT_TAIL(&p->read, s, link);
		if (strncmp(s->z, "SIP/2.0 100", 11) != 0)
			return s->z;
	}
}

static inline const char *peer_hears_start(struct peer *p, const char *start)
{
	const char *z = peer_hears(p);
	if (strncmp(z, start, strlen(start)) != 0)
		fail_msg("wanted %s, heard %s", start, z);
	return z;
}

/* A header's value, in one of a few static places. */
static inline const char *header(const char *message, const char *name)
{
	static char places[8][2048];
	static unsigned turn;
	char *z = places[turn++ % 8], start[80];
	const char *p, *end;

	snprintf(start, sizeof start, "\r\n%s: ", name);
	p = strstr(message, start);
	if (!p)
		return "";
	p += strlen(start);
	end = strstr(p, "\r\n");
	snprintf(z, 2048, "%.*s", (int)(end - p), p);
	return z;
}

/* A request of the peer. extra: header lines; Contact is among them or absent.
 */
static inline void call_say_as(struct call *c, const char *method,
			       unsigned cseq, const char *branch,
			       const char *extra, const char *body)
{
	struct buf b = BUF_INIT(1u << 20);
	char self[ADDR_TEXT_MAX];

	addr_text(&c->peer->self, self);
	buf_addf(&b, "%s sip:room@127.0.0.1 SIP/2.0\r\n", method);
	buf_addf(&b, "Via: SIP/2.0/%s %s;branch=z9hG4bK%s;rport\r\n",
		 c->peer->tcp ? "TCP" : "UDP", self, branch);
	buf_addf(
	    &b, "Max-Forwards: 0\r\nFrom: \"A\" <sip:a@example.org>;tag=%s\r\n",
	    c->tag);
	buf_addf(&b, "To: <sip:room@127.0.0.1>%s%s\r\n",
		 *c->to_tag ? ";tag=" : "", c->to_tag);
	buf_addf(&b, "Call-ID: %s\r\nCSeq: %u %s\r\n", c->id, cseq, method);
	buf_addf(&b, "%sContent-Length: %zu\r\n\r\n%s", extra ? extra : "",
		 body ? strlen(body) : 0, body ? body : "");
	assert_int_equal(b.err, 0);
	peer_say(c->peer, buf_str(&b));
	buf_done(&b);
}

static inline void call_say(struct call *c, const char *method, unsigned cseq,
			    const char *extra, const char *body)
{
	char branch[32];
	snprintf(branch, sizeof branch, "%s%u", c->id, ++c->peer->bed->branch);
	call_say_as(c, method, cseq, branch, extra, body);
}

static inline const char *call_contact(struct call *c)
{
	static char z[160];
	char self[ADDR_TEXT_MAX];
	snprintf(z, sizeof z, "Contact: <sip:a@%s%s>\r\n",
		 addr_text(&c->peer->self, self),
		 c->peer->tcp ? ";transport=tcp" : "");
	return z;
}

static inline void call_learn_tag(struct call *c, const char *response)
{
	const char *tag = strstr(header(response, "To"), ";tag=");
	assert_non_null(tag);
	snprintf(c->to_tag, sizeof c->to_tag, "%s", tag + 5);
}

/* The peer's answer to a request it heard. */
static inline void peer_answer(struct peer *p, const char *request, int status,
			       const char *extra, const char *body)
{
	struct buf b = BUF_INIT(65536);

	buf_addf(&b, "SIP/2.0 %d Whatever\r\n", status);
	buf_addf(&b, "Via: %s\r\n", header(request, "Via"));
	buf_addf(&b, "From: %s\r\n", header(request, "From"));
	buf_addf(&b, "To: %s\r\n", header(request, "To"));
	buf_addf(&b, "Call-ID: %s\r\n", header(request, "Call-ID"));
	buf_addf(&b, "CSeq: %s\r\n", header(request, "CSeq"));
	buf_addf(&b, "%sContent-Length: %zu\r\n\r\n%s", extra ? extra : "",
		 body ? strlen(body) : 0, body ? body : "");
	peer_say(p, buf_str(&b));
	buf_done(&b);
}

/* INVITE, 200, ACK: the dialog's id. */
static inline uint64_t call_establish(struct call *c, const char *routes)
{
	const struct port_msg *m;
	char extra[2048];

	snprintf(extra, sizeof extra, "%s%s", routes, call_contact(c));
	call_say(c, "INVITE", 1, extra, NULL);
	m = core_asked(c->peer->bed, "INVITE");
	assert_true(m->new_dialog);
	core_answer(c->peer->bed, m, 200, NULL, "v=0\r\n");
	call_learn_tag(c, peer_hears_start(c->peer, "SIP/2.0 200"));
	call_say(c, "ACK", 1, NULL, NULL);
	assert_true(core_told(c->peer->bed, PORT_ACK)->dlg == m->dlg);
	return m->dlg;
}

/* kill -9, and the next process is up. */
static inline void bed_kill(struct bed *b)
{
	unsigned ready = b->ready;

	assert_int_equal(kill(sip_child_pid(b->child), SIGKILL), 0);
	while (b->ready == ready)
		bed_turn(b);
}

/* A request of the core's outside a dialog, which goes to this peer, whoever it
 * is for. */
static inline struct port_msg dial_at(struct bed *b, const struct peer *p)
{
	static char route[128];
	struct port_msg m = port_msg(PORT_DIAL);
	char self[ADDR_TEXT_MAX];

	snprintf(route, sizeof route, "sip:%s%s", addr_text(&p->self, self),
		 p->tcp ? ";transport=tcp" : "");
	m.dlg = sip_child_req(b->child);
	m.req = sip_child_req(b->child);
	m.f[PORT_F_ROUTE] = str_z(route);
	return m;
}
