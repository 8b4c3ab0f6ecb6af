/* An MSRP endpoint on a clock of the test's own, and peers that are nothing but
 * octets on bufferevent pairs. Shared by the tests of msrp/. */
#pragma once

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/buf.h"
#include "base/err.h"
#include "msrp/msrp.h"
#include "tests/lib/step.h"

/* {A} of the test vectors */
#define PEER_PATH "msrp://192.0.2.7:9/a1;tcp"

struct world {
	uint64_t now_ms;
	struct loop *loop;
	struct msrp *msrp;
};

/* One session and what its owner was told, a line each. */
struct seat {
	struct world *w;
	struct msrp_session *s;
	struct buf told;
	int reply; /* to each message; 0: none, see tx */
	bool free_in_callback;
	msrp_tx tx; /* the last */
};

struct peer {
	struct world *w;
	struct bufferevent *bev;
	struct buf got;
	bool closed;
};

static inline uint64_t world_clock(void *user)
{
	const struct world *w = user;

	return w->now_ms;
}

static inline void world_init_limits(struct world *w, struct msrp_limits limits)
{
	struct clock clock = {world_clock, world_clock, w};
	struct msrp_cfg cfg = {
	    .n_listen = 1, .host = STR("s.example"), .limits = limits};
	struct listen_spec spec;
	char why[256];

	*w = (struct world){.now_ms = 1000000};
	assert_int_equal(listen_spec_parse(STR("tcp:127.0.0.1:0"), &spec), 0);
	w->loop = loop_new(NULL, &clock);
	cfg.loop = w->loop;
	cfg.listen = &spec;
	assert_int_equal(msrp_new(&cfg, &w->msrp, why), 0);
}

static inline void world_init(struct world *w)
{
	world_init_limits(w, (struct msrp_limits){0});
}

static inline void world_done(struct world *w)
{
	msrp_free(w->msrp);
	loop_settle(w->loop);
	loop_free(w->loop);
}

/* Time goes on, through every timer that falls due. */
static inline void world_wait(struct world *w, uint64_t ms)
{
	step_time(w->loop, &w->now_ms, ms);
}

static inline void seat_maybe_free(struct seat *seat)
{
	if (!seat->free_in_callback)
		return;
	msrp_session_free(seat->s);
	seat->s = NULL;
}

static inline void seat_bound(void *user)
{
	struct seat *seat = user;

	buf_addz(&seat->told, "bound\n");
}

static inline void seat_message(void *user, msrp_tx tx,
				const struct msrp_message *m)
{
	struct seat *seat = user;

	buf_addf(&seat->told, "message %.*s %.*s %zu ", STR_ARG(m->message_id),
		 STR_ARG(m->content_type), m->body.n);
	buf_add(&seat->told, m->body);
	buf_addc(&seat->told, '\n');
	seat->tx = tx;
	if (seat->reply)
		msrp_session_reply(seat->s, tx, seat->reply, "");
	seat_maybe_free(seat);
}

static inline void seat_nickname(void *user, msrp_tx tx,
				 const struct msrp_nickname *n)
{
	struct seat *seat = user;

	if (n->bad)
		buf_addz(&seat->told, "nick bad\n");
	else
		buf_addf(&seat->told, "nick <%.*s>%s%.*s\n", STR_ARG(n->text),
			 n->room.n ? " in " : "", STR_ARG(n->room));
	msrp_session_reply(seat->s, tx, n->bad ? 424 : 200, "");
}

static inline void seat_sent(void *user, uint64_t cookie, int status)
{
	struct seat *seat = user;

	buf_addf(&seat->told, "sent %u %d\n", (unsigned)cookie, status);
	seat_maybe_free(seat);
}

static inline void seat_writable(void *user)
{
	struct seat *seat = user;

	buf_addz(&seat->told, "writable\n");
	seat_maybe_free(seat);
}

static inline void seat_closed(void *user, enum msrp_closed why)
{
	static const char *const names[] = {"lost", "unbound", "failed", "slow",
					    "abuse"};
	struct seat *seat = user;

	buf_addf(&seat->told, "closed %s\n", names[why]);
	seat_maybe_free(seat);
}

static const struct msrp_session_ops seat_ops = {
    .bound = seat_bound,
    .message = seat_message,
    .nickname = seat_nickname,
    .sent = seat_sent,
    .writable = seat_writable,
    .closed = seat_closed,
};

static inline void seat_init_path(struct seat *seat, struct world *w,
				  const char *path)
{
	struct msrp_session_cfg cfg = {
	    .peer_path = str_z(path),
	    .peer_sends = true,
	    .ops = &seat_ops,
	    .user = seat,
	};

	*seat = (struct seat){.w = w, .reply = 200};
	buf_init(&seat->told, SIZE_MAX / 2);
	assert_int_equal(msrp_session_new(w->msrp, &cfg, &seat->s), 0);
}

static inline void seat_init(struct seat *seat, struct world *w)
{
	seat_init_path(seat, w, PEER_PATH);
}

static inline void seat_done(struct seat *seat)
{
	msrp_session_free(seat->s);
	buf_done(&seat->told);
}

/* Exactly this was told since the last look. */
static inline void seat_told(struct seat *seat, const char *want)
{
	assert_string_equal(buf_z(&seat->told), want);
	buf_clear(&seat->told);
}

static inline void peer_event(struct bufferevent *bev, short what, void *user)
{
	struct peer *p = user;

	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		p->closed = true;
}

static inline void peer_init_from(struct peer *p, struct world *w,
				  const char *address)
{
	struct bufferevent *pair[2];
	struct addr from;

	*p = (struct peer){.w = w};
	buf_init(&p->got, SIZE_MAX / 2);
	assert_int_equal(addr_parse(str_z(address), &from), 0);
	assert_int_equal(bufferevent_pair_new(loop_base(w->loop), 0, pair), 0);
	p->bev = pair[1];
	bufferevent_setcb(p->bev, NULL, NULL, peer_event, p);
	bufferevent_enable(p->bev, EV_READ | EV_WRITE);
	msrp_accept(w->msrp, pair[0], false, &from);
}

static inline void peer_init(struct peer *p, struct world *w)
{
	peer_init_from(p, w, "192.0.2.7:9");
}

static inline void peer_done(struct peer *p)
{
	bufferevent_free(p->bev);
	buf_done(&p->got);
}

/* Writes text with {S} (the seat's URI), {A} (the peer's path) and {H} (both
 * headers) replaced. */
static inline void expand(struct buf *b, const struct seat *seat,
			  struct str text)
{
	struct str own = seat && seat->s ? msrp_session_uri(seat->s) : STR_NONE;

	while (text.n) {
		if (str_starts(text, STR("{S}"))) {
			buf_add(b, own);
		} else if (str_starts(text, STR("{A}"))) {
			buf_addz(b, PEER_PATH);
		} else if (str_starts(text, STR("{H}"))) {
			buf_addf(b, "To-Path: %.*s\r\nFrom-Path: %s\r\n",
				 STR_ARG(own), PEER_PATH);
		} else {
			buf_addc(b, *text.p);
			text = str_from(text, 1);
			continue;
		}
		text = str_from(text, 3);
	}
}

static inline void peer_sends(struct peer *p, const struct seat *seat,
			      struct str text)
{
	struct buf b = BUF_INIT(SIZE_MAX / 2);

	expand(&b, seat, text);
	bufferevent_write(p->bev, b.p, b.n);
	buf_done(&b);
	loop_settle(p->w->loop);
}

static inline void peer_says(struct peer *p, const struct seat *seat,
			     const char *text)
{
	peer_sends(p, seat, str_z(text));
}

static inline struct str peer_got(struct peer *p)
{
	struct evbuffer *in = bufferevent_get_input(p->bev);
	size_t n;

	loop_settle(p->w->loop);
	while ((n = evbuffer_get_length(in))) {
		evbuffer_remove(in, buf_space(&p->got, n), n);
		p->got.n += n;
		loop_settle(p->w->loop);
	}
	return buf_str(&p->got);
}

/* Does the text match, '~' standing for 16 alphanumerics? */
static inline bool matches(struct str got, struct str want)
{
	size_t i = 0;

	for (size_t j = 0; j < want.n; j++) {
		if (want.p[j] != '~') {
			if (i == got.n || got.p[i++] != want.p[j])
				return false;
			continue;
		}
		for (int k = 0; k < 16; k++, i++)
			if (i == got.n || !isalnum((unsigned char)got.p[i]))
				return false;
	}
	return i == got.n;
}

/* Exactly this came back since the last look. */
static inline void peer_hears(struct peer *p, const struct seat *seat,
			      const char *want)
{
	struct buf b = BUF_INIT(SIZE_MAX / 2);
	struct str got = peer_got(p);

	expand(&b, seat, str_z(want));
	if (!matches(got, buf_str(&b)))
		fail_msg("got:\n%.*s\nwant:\n%.*s", STR_ARG(got), (int)b.n,
			 b.n ? b.p : "");
	buf_done(&b);
	buf_clear(&p->got);
}

/* The octets of the n-th (from 0) '~' of a pattern that `got` matches. */
static inline struct str wild(struct str got, const char *want,
			      const struct seat *seat, unsigned n)
{
	struct buf b = BUF_INIT(SIZE_MAX / 2);
	size_t at = 0;

	expand(&b, seat, str_z(want));
	assert_true(matches(got, buf_str(&b)));
	for (size_t j = 0; j < b.n; j++) {
		if (b.p[j] == '~' && n-- == 0)
			break;
		at += b.p[j] == '~' ? 16 : 1;
	}
	buf_done(&b);
	return str_of(got.p + at, 16);
}

#define OK(tid)                                                                \
	"MSRP " tid " 200 OK\r\nTo-Path: {A}\r\nFrom-Path: {S}\r\n-------" tid \
	"$\r\n"
#define BIND                                                                   \
	"MSRP t1aa SEND\r\n{H}Message-ID: m100\r\nByte-Range: 1-0/0\r\n"       \
	"-------t1aa$\r\n"

#define SEND(tid, headers, body, flag)                                         \
	"MSRP " tid " SEND\r\n{H}" headers                                     \
	"Content-Type: text/plain\r\n\r\n" body "\r\n-------" tid flag "\r\n"
#define ERROR(tid, line)                                                       \
	"MSRP " tid " " line                                                   \
	"\r\nTo-Path: {A}\r\nFrom-Path: {S}\r\n-------" tid "$\r\n"

/* A world with one seat bound to one peer. */
struct room {
	struct world w;
	struct seat a;
	struct peer p;
};

static inline void room_init_limits(struct room *r, struct msrp_limits limits)
{
	world_init_limits(&r->w, limits);
	seat_init(&r->a, &r->w);
	peer_init(&r->p, &r->w);
	peer_says(&r->p, &r->a, BIND);
	peer_hears(&r->p, &r->a, OK("t1aa"));
	seat_told(&r->a, "bound\n");
}

static inline void room_init(struct room *r)
{
	room_init_limits(r, (struct msrp_limits){0});
}

static inline void room_done(struct room *r)
{
	seat_done(&r->a);
	peer_done(&r->p);
	world_done(&r->w);
}

static inline void room_says(struct room *r, const char *text)
{
	peer_says(&r->p, &r->a, text);
}

static inline void room_hears(struct room *r, const char *want)
{
	peer_hears(&r->p, &r->a, want);
}
