#include "tests/bench/bridge_stage.h"

#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bind.h"
#include "tests/bench/frame.h"
#include "tests/bench/measure.h"
#include "tests/bench/message.h"
#include "tests/bench/tcp.h"

#define IN_SIZE	  16384
#define STALL_MS  30000
#define POLL_MAX  130 /* SIP users of whom messages are read */
#define SIP_USERS "bench.example"

/* --- the parts --- */

#define SECRET "secret = \"" BENCH_SECRET "\""

static void write_domains(enum far_kind kind, uint16_t focus_port, char *out,
			  size_t size)
{
	if (kind == FAR_SIP)
		snprintf(out, size,
			 "domain \"" BENCH_DOMAIN "\" { rooms = sip " SECRET
			 " route = \"sip:127.0.0.1:%u;transport=tcp\" }\n",
			 focus_port);
	else
		snprintf(out, size,
			 "domain \"" SIP_USERS "\" { users = sip " SECRET " }\n"
			 "domain \"" BENCH_DOMAIN "\" { rooms = xmpp }\n");
}

static void *need(void *p)
{
	if (!p)
		err(1, "memory");
	return p;
}

static void said(void *user, unsigned guest, struct str body);
static void meanwhile(void *user);

static void open_ends(struct stage *s)
{
	const struct setup *w = &s->setup;

	s->calls = need(calloc(w->sip_users + 1, sizeof(*s->calls)));
	s->sip_end = need(calloc(w->sip_users + 1, sizeof(*s->sip_end)));
	s->xmpp_end = need(calloc(w->xmpp_users + 1, sizeof(*s->xmpp_end)));
	memset(s->pad, 'x', 88);
	tcp_raise_limit(w->sip_users + w->xmpp_users + 200);
}

static void open_link(struct stage *s)
{
	if (s->setup.kind == FAR_MUC) {
		s->muc = (struct muc){
		    .roster = s->setup.roster, .said = said, .user = s};
		muc_open(&s->muc, s->listener, s->setup.sip_users);
	} else if (s->setup.kind == FAR_SIP) {
		component_accept(&s->users, s->listener);
	}
}

static int link_fd(const struct stage *s)
{
	return s->setup.kind == FAR_MUC ? s->muc.link.fd : s->users.fd;
}

void stage_open(struct stage *s)
{
	const struct setup *w = &s->setup;
	unsigned seats = w->sip_users + w->xmpp_users;
	char config[500];

	open_ends(s);
	s->listener = -1;
	if (w->kind == FAR_SIP)
		daemon_start(&s->focus, w->stoxd, seats);
	s->daemon.component_port = w->port;
	s->daemon.secret = BENCH_SECRET;
	if (w->kind == FAR_SERVER)
		component_connect(&s->users, w->port);
	else
		s->listener = tcp_listen(&s->daemon.component_port);
	write_domains(w->kind, s->focus.sip_port, config, sizeof(config));
	s->daemon.domains = config;
	s->daemon.keeps = w->keeps;
	daemon_start(&s->daemon, w->stoxd, 4 * seats);
	open_link(s);
	sip_open(&s->sip,
		 w->kind == FAR_SIP ? s->focus.sip_port : s->daemon.sip_port);
	s->sip.also_fd = link_fd(s);
	s->sip.also = meanwhile;
	s->sip.user = s;
}

static void close_end(struct end *e)
{
	if (e->have)
		wire_close(&e->wire);
	free(e->have);
}

int stage_close(struct stage *s)
{
	int bad;

	sip_close(&s->sip);
	for (unsigned i = 0; i < s->setup.sip_users; i++)
		close_end(&s->sip_end[i]);
	bad = daemon_stop(&s->daemon);
	if (s->setup.kind == FAR_SIP)
		bad |= daemon_stop(&s->focus);
	if (s->setup.kind == FAR_MUC)
		muc_close(&s->muc);
	else
		component_close(&s->users);
	if (s->listener >= 0)
		close(s->listener);
	free(s->calls);
	free(s->sip_end);
	free(s->xmpp_end);
	return bad;
}

/* --- what comes --- */

static bool read_number(struct str s, struct str mark, uint64_t *out)
{
	ptrdiff_t at = str_search(s, mark);
	struct str text;

	if (at < 0)
		return false;
	text = str_from(s, (size_t)at + mark.n);
	text.n = text.n < MESSAGE_TID_N - 1 ? text.n : MESSAGE_TID_N - 1;
	return str_u64(text, UINT64_MAX, out) == 0;
}

static void note(struct stage *s, struct end *e, bool sip, unsigned at,
		 uint64_t number)
{
	if (number <= e->last)
		errx(1, "%s user %u got message %ju after %ju",
		     sip ? "SIP" : "XMPP", at, (uintmax_t)number,
		     (uintmax_t)e->last);
	e->last = number;
	s->came(s->user, sip, at, false, number);
}

/* FAR_MUC's */
static void said(void *user, unsigned guest, struct str body)
{
	struct stage *s = user;
	uint64_t number;

	if (!read_number(body, STR("m"), &number))
		errx(1, "MUC: user %u said %.*s", guest, STR_ARG(body));
	note(s, &s->xmpp_end[0], false, guest, number);
}

static void on_stanza(void *user, struct str text)
{
	struct str to = str_from(component_attr(text, "to"), 1);
	struct stage *s = user;
	uint64_t at, number;

	if (str_eq(component_attr(text, "type"), STR("error")))
		errx(1, "an error: %.*s", STR_ARG(text));
	if (!str_starts(text, STR("<message")))
		return;
	if (str_u64(str_split(&to, '@'), s->setup.xmpp_users - 1, &at) < 0)
		errx(1, "a stanza to nobody: %.*s", STR_ARG(text));
	if (read_number(text, STR("<body>m"), &number))
		note(s, &s->xmpp_end[at], false, (unsigned)at, number);
	else if (str_search(text, STR("<subject")) >= 0)
		s->xmpp_end[at].in = true;
}

static void meanwhile(void *user)
{
	struct stage *s = user;

	if (s->setup.kind == FAR_MUC)
		muc_read(&s->muc);
	else
		component_read(&s->users, on_stanza, s);
}

static void on_frame(struct stage *s, unsigned at, const struct frame *f)
{
	struct end *e = &s->sip_end[at];
	char answer[600];
	uint64_t number;
	size_t n;

	if (str_eq(f->method, STR("200"))) {
		if (str_u64(str_from(f->tid, 1), UINT64_MAX, &number) == 0)
			s->came(s->user, true, at, true, number);
		return;
	}
	if (!str_eq(f->method, STR("SEND")))
		errx(1, "SIP user %u got MSRP %.*s", at, STR_ARG(f->method));
	if (read_number(f->body, STR("\r\n\r\nm"), &number))
		note(s, e, true, at, number);
	if (frame_wants_answer(f)) {
		n = frame_answer(answer, sizeof(answer), f,
				 s->calls[at].own_path);
		wire_write(&e->wire, answer, n);
	}
}

static void read_wire(struct stage *s, unsigned at)
{
	struct end *e = &s->sip_end[at];
	struct frame f;
	struct str rest;
	ssize_t n =
	    wire_read(&e->wire, e->have + e->n_have, IN_SIZE - e->n_have);

	if (n <= 0)
		errx(1, "SIP user %u lost his connection", at);
	rest = str_of(e->have, e->n_have + (size_t)n);
	while ((n = frame_read(rest, &f)) > 0) {
		on_frame(s, at, &f);
		rest = str_from(rest, (size_t)n);
	}
	if (n < 0 || rest.n == IN_SIZE)
		errx(1, "SIP user %u got what is no MSRP", at);
	if (rest.n)
		memmove(e->have, rest.p, rest.n);
	e->n_have = rest.n;
}

bool stage_turn(struct stage *s, int ms)
{
	struct pollfd p[POLL_MAX];
	unsigned who[POLL_MAX];
	nfds_t n = 2;
	int got;

	p[0] = (struct pollfd){.fd = link_fd(s), .events = POLLIN};
	p[1] = (struct pollfd){.fd = s->sip.fd, .events = POLLIN};
	for (unsigned i = 0; i < s->setup.sip_users && n < POLL_MAX; i++) {
		if (!s->sip_end[i].have)
			continue;
		who[n] = i;
		p[n++] = (struct pollfd){.fd = s->sip_end[i].wire.fd,
					 .events = POLLIN};
	}
	got = poll(p, n, ms);
	if (got <= 0)
		return false;
	for (nfds_t i = 2; i < n; i++)
		if (p[i].revents)
			read_wire(s, who[i]);
	if (p[0].revents)
		meanwhile(s);
	if (p[1].revents)
		sip_idle(&s->sip, 0);
	return true;
}

void stage_idle(struct stage *s, uint64_t ns)
{
	uint64_t end = now_ns() + ns, now;

	while ((now = now_ns()) < end)
		stage_turn(s, (int)((end - now) / 1000000) + 1);
}

/* --- coming in --- */

void stage_join_sip(struct stage *s, unsigned first, unsigned n, unsigned room)
{
	uint16_t port =
	    s->setup.kind == FAR_SIP ? s->focus.msrp_port : s->daemon.msrp_port;

	for (unsigned i = first; i < first + n; i++)
		s->calls[i] = (struct call){.user = i, .room = room};
	sip_join(&s->sip, &s->calls[first], n);
	for (unsigned i = first; i < first + n; i++) {
		s->sip_end[i].wire = bind_session(port, &s->calls[i]);
		s->sip_end[i].have = need(malloc(IN_SIZE));
	}
}

void stage_watch(struct stage *s, unsigned first, unsigned n)
{
	sip_subscribe(&s->sip, &s->calls[first], n);
}

void stage_join_xmpp(struct stage *s, unsigned first, unsigned n, unsigned room)
{
	char text[400];

	for (unsigned i = first; i < first + n; i++) {
		int len = snprintf(text, sizeof(text),
				   "<presence from='u%u@" BENCH_USERS
				   "/bench' to='" BENCH_ROOM "%u@" BENCH_DOMAIN
				   "/User %u'>"
				   "<x xmlns='http://jabber.org/protocol/muc'>"
				   "<history maxstanzas='0'/></x></presence>",
				   i, room, i);

		component_send(&s->users, text, (size_t)len);
	}
	for (unsigned i = first; i < first + n; i++)
		while (!s->xmpp_end[i].in)
			if (!stage_turn(s, STALL_MS))
				errx(1, "XMPP user %u does not come in", i);
}

/* --- what goes --- */

void stage_send_sip(struct stage *s, unsigned from, uint64_t number)
{
	struct message m;

	message_init(&m, &s->calls[from]);
	message_number(&m, number);
	wire_write(&s->sip_end[from].wire, m.bytes, m.n);
}

void stage_send_xmpp(struct stage *s, unsigned from, unsigned room,
		     uint64_t number)
{
	char text[1000], id[40];
	int n;

	snprintf(id, sizeof(id), "n%ju", (uintmax_t)number);
	if (s->setup.kind == FAR_MUC) {
		snprintf(text, sizeof(text), "<body>m%011ju%s</body>",
			 (uintmax_t)number, s->pad);
		muc_say(&s->muc, room, id, text);
		return;
	}
	n = snprintf(text, sizeof(text),
		     "<message from='u%u@" BENCH_USERS "/bench' to='" BENCH_ROOM
		     "%u@" BENCH_DOMAIN "' type='groupchat' id='%s'>"
		     "<body>m%011ju%s</body></message>",
		     from, room, id, (uintmax_t)number, s->pad);
	component_send(&s->users, text, (size_t)n);
}
