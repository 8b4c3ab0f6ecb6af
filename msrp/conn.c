#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "msrp/conn_priv.h"
#include "msrp/msrp_priv.h"
#include "msrp/receive_priv.h"
#include "msrp/send_priv.h"
#include "msrp/session_priv.h"

/* A peer whose host is gone is noticed after this long (conference ABN-3). */
#define DEAD_PEER_MS  90000
#define STALL_LOOK_MS 10000
/* What libevent reads at once, and what we read beside it. */
#define READ_PIECE 4096
#define READ_MORE  32768

static void free_conn(void *p)
{
	struct msrp_conn *c = p;

	tls_close(c->bev);
	bufferevent_flush(c->bev, EV_WRITE, BEV_FINISHED);
	bufferevent_free(c->bev);
	msrp_parser_done(&c->parser);
	buf_done(&c->out);
	buf_done(&c->ctl);
	free(c->name);
	free(c);
}

void conn_lost(struct msrp_conn *c, enum msrp_closed why)
{
	struct loop *loop = c->m->loop;
	struct msrp_session *s;

	if (c->dead)
		return;
	c->dead = true;
	whole_drop(c);
	log_debug(loop_log(loop), "msrp.close", "conn=%u why=%d", c->id,
		  (int)why);
	bufferevent_disable(c->bev, EV_READ | EV_WRITE);
	bufferevent_setcb(c->bev, NULL, NULL, NULL, NULL);
	timer_cancel(loop, &c->life);
	timer_cancel(loop, &c->chunk);
	timer_cancel(loop, &c->stall);
	timer_cancel(loop, &c->stalled);
	defer_cancel(loop, &c->flush);
	while ((s = TAILQ_FIRST(&c->inlets)))
		inlet_detach(s);
	while ((s = TAILQ_FIRST(&c->sessions)))
		session_closed(s, c->connecting ? MSRP_CLOSED_UNBOUND : why);
	TAILQ_REMOVE(&c->m->conns, c, link);
	c->m->n_conns--;
	defer_free(loop, c, free_conn);
}

static void on_life(void *user)
{
	conn_lost(user, MSRP_CLOSED_LOST);
}

static void set_life(struct msrp_conn *c, unsigned ms)
{
	timer_set(c->m->loop, &c->life, ms, on_life, c);
}

void conn_finish(struct msrp_conn *c)
{
	struct msrp_session *s;

	if (c->dead || c->draining)
		return;
	c->draining = true;
	while ((s = TAILQ_FIRST(&c->inlets)))
		inlet_detach(s);
	while ((s = TAILQ_FIRST(&c->sessions)))
		session_closed(s, MSRP_CLOSED_ABUSE);
	set_life(c, MSRP_DRAIN_MS);
	conn_kick(c);
}

/* An open request must go on (conference ABN-8). */
static void on_chunk(void *user)
{
	struct msrp_conn *c = user;
	uint64_t silent = loop_now_ms(c->m->loop) - c->last_read_ms;
	unsigned most = c->m->limits.open_chunk_ms;

	if (!conn_is_read(c))
		silent = 0;
	else if (!c->rx.open &&
		 evbuffer_get_length(bufferevent_get_input(c->bev)) == 0)
		return;
	if (silent >= most)
		conn_lost(c, MSRP_CLOSED_LOST);
	else
		timer_set(c->m->loop, &c->chunk, most - silent, on_chunk, c);
}

/* Those whose queues have not got shorter for all this time (CHAT-21). */
static void end_congested(struct msrp_conn *c, uint64_t now)
{
	struct msrp_session *s, *next;

	/* an owner may free sessions in here; their memory outlives the turn */
	for (s = TAILQ_FIRST(&c->sessions); s; s = next) {
		next = TAILQ_NEXT(s, link);
		if (s->conn == c && s->congested &&
		    now - s->congested_ms >= MSRP_STALL_MS)
			session_closed(s, MSRP_CLOSED_SLOW);
	}
}

static void on_stall(void *user)
{
	struct msrp_conn *c = user;
	uint64_t taken = conn_taken_off(c), now = loop_now_ms(c->m->loop);

	if (c->n_congested == 0 && !c->paused)
		return;
	if (taken != c->stall_off) {
		c->stall_off = taken;
		c->stall_ms = now;
	} else if (now - c->stall_ms >= MSRP_STALL_MS) {
		conn_lost(c, MSRP_CLOSED_SLOW);
		return;
	}
	end_congested(c, now);
	if (!c->dead)
		timer_set(c->m->loop, &c->stall, STALL_LOOK_MS, on_stall, c);
}

void conn_watch(struct msrp_conn *c)
{
	if (timer_pending(&c->stall))
		return;
	c->stall_off = conn_taken_off(c);
	c->stall_ms = loop_now_ms(c->m->loop);
	timer_set(c->m->loop, &c->stall, STALL_LOOK_MS, on_stall, c);
}

void conn_read_or_wait(struct msrp_conn *c)
{
	if (c->dead)
		return;
	if (!conn_is_read(c)) {
		bufferevent_disable(c->bev, EV_READ);
		return;
	}
	c->last_read_ms = loop_now_ms(c->m->loop);
	bufferevent_enable(c->bev, EV_READ);
	/* what is in its buffer already brings no event by itself */
	bufferevent_trigger(c->bev, EV_READ,
			    BEV_TRIG_IGNORE_WATERMARKS |
				BEV_TRIG_DEFER_CALLBACKS);
}

static void on_event_of_frame(struct msrp_conn *c, const struct msrp_event *ev)
{
	switch (ev->type) {
	case MSRP_HEAD:
		request_head(c);
		break;
	case MSRP_BODY:
		request_body(c, ev->data);
		break;
	case MSRP_END:
		request_end(c, ev->flag);
		break;
	case MSRP_MORE:
		break;
	}
}

static void bad_frame(struct msrp_conn *c, ptrdiff_t err)
{
	if (err == ERR_TOO_BIG) {
		c->m->stats.limits_hit++;
		request_too_big(c);
	} else {
		conn_lost(c, MSRP_CLOSED_ABUSE);
	}
}

static bool overfull(const struct msrp_conn *c)
{
	return conn_unsent(c) + c->ctl.n > MSRP_OUT_PAUSE;
}

/* Tells the frames in `in`; returns how much of it is used up. */
static size_t read_frames(struct msrp_conn *c, struct str in)
{
	size_t used = 0;

	while (!c->dead && !c->draining && conn_is_read(c)) {
		struct msrp_event ev;
		ptrdiff_t n =
		    msrp_parser_next(&c->parser, str_from(in, used), &ev);

		if (n < 0) {
			bad_frame(c, n);
			break;
		}
		if (ev.type == MSRP_MORE)
			break;
		used += (size_t)n;
		on_event_of_frame(c, &ev);
		if (!c->dead && overfull(c)) {
			c->paused = true;
			conn_read_or_wait(c);
			conn_watch(c);
		}
	}
	return used;
}

/* A bufferevent takes no more than READ_PIECE octets in a turn. Of a sender who
 * has more to say some of it is taken now, so that a burst of messages leaves
 * in one write to each receiver. Bounded: the others have their turn too. */
static void read_on(struct msrp_conn *c, struct evbuffer *input)
{
	struct evbuffer_iovec space;
	ssize_t n;

	if (c->fd < 0 || evbuffer_get_length(input) < READ_PIECE)
		return;
	/* the bufferevent keeps others from writing into its input */
	evbuffer_unfreeze(input, 0);
	if (evbuffer_reserve_space(input, READ_MORE, &space, 1) == 1) {
		n = recv(c->fd, space.iov_base, READ_MORE, MSG_DONTWAIT);
		/* the end and errors are still there for the bufferevent */
		space.iov_len = n > 0 ? (size_t)n : 0;
		evbuffer_commit_space(input, &space, 1);
	}
	evbuffer_freeze(input, 0);
}

static void on_read(struct bufferevent *bev, void *user)
{
	struct msrp_conn *c = user;
	struct evbuffer *input = bufferevent_get_input(bev);
	size_t n, used;

	if (!conn_is_read(c) && !c->draining)
		return;
	read_on(c, input);
	n = evbuffer_get_length(input);
	if (c->draining) {
		evbuffer_drain(input, n);
		return;
	}
	c->m->stats.bytes_in += n - c->unread;
	c->last_read_ms = loop_now_ms(c->m->loop);
	used =
	    read_frames(c, str_of((const char *)evbuffer_pullup(input, -1), n));
	if (c->dead)
		return;
	receive_keep(c);
	if (c->dead)
		return;
	evbuffer_drain(input, used);
	c->unread = n - used;
	if (n == used)
		msrp_parser_trim(&c->parser);
	if ((c->rx.open || n > used) && !timer_pending(&c->chunk))
		timer_set(c->m->loop, &c->chunk, c->m->limits.open_chunk_ms,
			  on_chunk, c);
}

static void on_write(struct bufferevent *bev, void *user)
{
	(void)bev;
	conn_flush(user);
}

static void set_option(int fd, int level, int name, int value)
{
	/* only comfort: without it loss is noticed later */
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

static void take_descriptor(struct msrp_conn *c)
{
	int fd = (int)bufferevent_getfd(c->bev);

	if (fd < 0)
		return;
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, DEAD_PEER_MS);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	if (!bufferevent_openssl_get_ssl(c->bev))
		c->fd = fd;
}

static void connected(struct msrp_conn *c)
{
	struct msrp_session *s, *next;

	c->connecting = false;
	take_descriptor(c);
	timer_cancel(c->m->loop, &c->life);
	if (c->n_live == 0)
		set_life(c, MSRP_LINGER_MS);
	/* an owner may free sessions in here; their memory outlives the turn */
	for (s = TAILQ_FIRST(&c->sessions); s; s = next) {
		next = TAILQ_NEXT(s, link);
		if (s->conn == c)
			session_connected(s);
	}
}

static void log_tls_failure(struct msrp_conn *c, struct bufferevent *bev)
{
	const char *why = tls_failure(bev);
	char text[ADDR_TEXT_MAX];

	if (why)
		log_debug(loop_log(c->m->loop), "msrp.tls_failed",
			  "conn=%u peer=%s why=\"%s\"", c->id,
			  addr_text(&c->peer, text), why);
}

static void on_event(struct bufferevent *bev, short what, void *user)
{
	struct msrp_conn *c = user;

	if ((what & BEV_EVENT_ERROR) && c->secure)
		log_tls_failure(c, bev);
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		conn_lost(c, MSRP_CLOSED_LOST);
	else if ((what & BEV_EVENT_CONNECTED) && c->connecting)
		connected(c);
}

struct msrp_conn *conn_new(struct msrp *m, struct bufferevent *take_bev,
			   bool secure, const struct addr *peer)
{
	struct msrp_conn *c = mem_new(sizeof(*c));

	c->m = m;
	c->id = ++m->next_conn;
	c->bev = take_bev;
	c->fd = -1;
	c->secure = secure;
	c->peer = *peer;
	TAILQ_INIT(&c->sessions);
	TAILQ_INIT(&c->inlets);
	TAILQ_INIT(&c->ready);
	msrp_parser_init(&c->parser);
	buf_init(&c->out, MSRP_OUT_MAX);
	buf_init(&c->ctl, MSRP_OUT_MAX);
	TAILQ_INSERT_TAIL(&m->conns, c, link);
	m->n_conns++;
	m->stats.connections++;
	take_descriptor(c);
	bufferevent_setcb(take_bev, on_read, on_write, on_event, c);
	bufferevent_setwatermark(take_bev, EV_WRITE, MSRP_OUT_HIGH / 4, 0);
	bufferevent_enable(take_bev, EV_READ | EV_WRITE);
	set_life(c, m->limits.first_request_ms);
	return c;
}

static struct msrp_conn *find(struct msrp *m, const struct addr *peer,
			      bool secure, struct str name)
{
	struct msrp_conn *c;

	TAILQ_FOREACH (c, &m->conns, link)
		if (c->outgoing && c->secure == secure && !c->draining &&
		    !c->dead && addr_port(&c->peer) == addr_port(peer) &&
		    addr_same_host(&c->peer, peer) &&
		    str_ieq(str_z(c->name), name))
			return c;
	return NULL;
}

struct msrp_conn *conn_to(struct msrp *m, const struct addr *peer, bool secure,
			  struct str name, unsigned ms)
{
	struct msrp_conn *c = find(m, peer, secure, name);
	struct bufferevent *bev;

	if (c)
		return c;
	bev = secure ? tls_connect(m, name)
		     : bufferevent_socket_new(loop_base(m->loop), -1,
					      BEV_OPT_CLOSE_ON_FREE);
	if (!bev)
		return NULL;
	c = conn_new(m, bev, secure, peer);
	c->outgoing = c->connecting = true;
	c->name = str_dup(name);
	set_life(c, ms);
	if (bufferevent_socket_connect(bev, &c->peer.sa, (int)c->peer.len))
		conn_lost(c, MSRP_CLOSED_UNBOUND);
	return c->dead ? NULL : c;
}

void conn_used(struct msrp_conn *c)
{
	c->n_live++;
	if (!c->connecting)
		timer_cancel(c->m->loop, &c->life);
}

void conn_attach(struct msrp_conn *c, struct msrp_session *s)
{
	s->conn = c;
	TAILQ_INSERT_TAIL(&c->sessions, s, link);
	conn_used(c);
}

static void no_longer_live(struct msrp_conn *c)
{
	if (--c->n_live == 0 && !c->dead && !c->draining && !c->connecting)
		set_life(c, MSRP_LINGER_MS);
}

static void leave_rx(struct msrp_conn *c, const struct msrp_session *s)
{
	if (c->rx.session != s)
		return;
	c->rx.session = NULL;
	c->rx.in = NULL;
	c->rx.slice = STR_NONE;
}

void conn_left(struct msrp_conn *c, const struct msrp_session *s)
{
	leave_rx(c, s);
	no_longer_live(c);
}

void conn_detach(struct msrp_session *s)
{
	struct msrp_conn *c = s->conn;

	inlet_detach(s);
	if (!c)
		return;
	leave_rx(c, s);
	if (c->n_due)
		conn_out(c);
	TAILQ_REMOVE(&c->sessions, s, link);
	s->conn = NULL;
	if (s->congested)
		c->n_congested--;
	s->congested = false;
	if (!s->dying)
		no_longer_live(c);
}

void conn_forget(struct msrp_session *s)
{
	inlet_detach(s);
	conn_left(s->conn, s);
}
