#include "xmpp/stream.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "xmpp/stream_priv.h"

#define STANZA_MAX_DEFAULT 65536
#define QUEUE_MAX_DEFAULT  16777216

#define BACKOFF_MS    1000
#define BACKOFF_LONG  30000 /* after an error that lasts */
#define BACKOFF_MAX   60000
#define PATIENCE_MS   15000 /* with a server that doesn't accept us */
#define KEEPALIVE_MS  60000
#define IDLE_MS	      120000
#define PING_WAIT_MS  30000
#define DOWN_QUEUE_MS 60000
#define DOWN_QUEUE    1000
#define CLOSE_MS      5000

static void start(void *user);

/* Stanzas out */

/* Our end of the stream, unless it would stand inside a stanza. */
static void say_end(struct xmpp_link *l, const char *condition)
{
	struct buf b = BUF_INIT(512);

	if (l->closed || l->written < l->wire.text.n)
		return;
	if (condition)
		buf_addf(&b,
			 "<stream:error><%s xmlns="
			 "'urn:ietf:params:xml:ns:xmpp-streams'/>"
			 "</stream:error>",
			 condition);
	buf_addz(&b, "</stream:stream>");
	stream_write(l, buf_str(&b));
	buf_done(&b);
	l->closed = true;
}

/* 0 if all is written. */
static int write_waiting(struct xmpp_link *l)
{
	while (stream_waiting(l)) {
		ssize_t n;

		if (l->written == l->wire.text.n) {
			struct outbox done = l->wire;

			outbox_clear(&done);
			l->wire = l->out;
			l->out = done;
			l->written = 0;
		}
		n = stream_write(l,
				 str_from(buf_str(&l->wire.text), l->written));
		if (n <= 0)
			return n < 0 ? (int)n : 1;
		l->written += (size_t)n;
		l->stats.bytes_out += (uint64_t)n;
	}
	outbox_clear(&l->wire);
	l->written = 0;
	return 0;
}

void stream_flush(void *user)
{
	struct xmpp_link *l = user;
	int err;

	if ((l->phase != UP && l->phase != CLOSING) || l->ended)
		return;
	err = write_waiting(l);
	if (err < 0)
		stream_end(l, NULL, err_text(err));
	else if (err > 0)
		stream_await_room(l);
	else if (l->phase == CLOSING)
		say_end(l, NULL);
}

static void drop_queue(struct xmpp_link *l)
{
	if (l->out.n)
		l->stats.dropped++;
	outbox_clear(&l->out);
	l->down_calls = 0;
}

int xmpp_link_send(struct xmpp_link *l, struct str text)
{
	if (l->phase == CLOSING || l->freed)
		return ERR_GONE;
	if (text.n > l->cfg.max_queue - stream_waiting(l)) {
		l->stats.dropped++;
		return ERR_CONGESTED;
	}
	if (l->phase != UP) {
		bool late = loop_now_ms(l->loop) - l->down_ms > DOWN_QUEUE_MS;

		if (late || l->down_calls == DOWN_QUEUE) {
			l->stats.dropped++;
			return late ? ERR_GONE : ERR_CONGESTED;
		}
		l->down_calls++;
	}
	outbox_add(&l->out, text);
	if (l->phase == UP)
		defer(l->loop, &l->flush, stream_flush, l);
	return 0;
}

void xmpp_link_unsent(struct xmpp_link *l,
		      void (*take)(void *user, struct str text), void *user)
{
	struct outbox all = l->out;
	size_t at = 0;

	if (loop_now_ms(l->loop) - l->down_ms > DOWN_QUEUE_MS) {
		drop_queue(l);
		return;
	}
	l->out = (struct outbox){0};
	outbox_init(&l->out, l->cfg.max_queue);
	l->down_calls = 0;
	for (size_t i = 0; i < all.n; at = all.ends[i++])
		take(user, str_of(all.text.p + at, all.ends[i] - at));
	outbox_done(&all);
}

/* Keeping alive (COMP-9) */

static void send_ping(struct xmpp_link *l)
{
	struct buf b = BUF_INIT(4096);

	random_ident(l->ping_id, sizeof(l->ping_id) - 1);
	x_open(&b, "iq", str_z(l->domain), str_z(l->domain), STR("get"),
	       str_z(l->ping_id));
	buf_addz(&b, "><ping xmlns='" NS_PING "'/></iq>");
	xmpp_link_send(l, buf_str(&b));
	buf_done(&b);
	l->ping_sent = true;
}

static void on_keepalive(void *user)
{
	struct xmpp_link *l = user;
	uint64_t silent_ms = loop_now_ms(l->loop) - l->heard_ms;

	if (l->ping_sent) {
		stream_end(l, NULL, "no answer to a ping");
		return;
	}
	if (silent_ms >= IDLE_MS) {
		send_ping(l);
		timer_set(l->loop, &l->keepalive, PING_WAIT_MS, on_keepalive,
			  l);
		return;
	}
	xmpp_link_send(l, STR(" "));
	timer_set(l->loop, &l->keepalive, KEEPALIVE_MS, on_keepalive, l);
}

/* The connection's life */

void stream_up(struct xmpp_link *l)
{
	l->phase = UP;
	l->backoff_ms = 0;
	l->stats.connects++;
	l->heard_ms = loop_now_ms(l->loop);
	l->ping_sent = false;
	if (l->heard_ms - l->down_ms > DOWN_QUEUE_MS)
		drop_queue(l);
	l->down_calls = 0;
	timer_cancel(l->loop, &l->patience);
	timer_set(l->loop, &l->keepalive, KEEPALIVE_MS, on_keepalive, l);
	defer(l->loop, &l->flush, stream_flush, l);
	log_info(l->log, "xmpp.up", "domain=%s", l->domain);
	l->cfg.ops->up(l->cfg.user);
}

static uint64_t next_delay(struct xmpp_link *l)
{
	uint64_t least = l->lasting ? BACKOFF_LONG : BACKOFF_MS;

	l->backoff_ms = l->backoff_ms ? l->backoff_ms * 2 : least;
	if (l->backoff_ms < least)
		l->backoff_ms = least;
	if (l->backoff_ms > BACKOFF_MAX)
		l->backoff_ms = BACKOFF_MAX;
	return l->backoff_ms + random_u64() % (l->backoff_ms / 5);
}

static void finish(struct xmpp_link *l)
{
	void (*done)(void *user) = l->done;

	l->done = NULL;
	if (done)
		done(l->done_user);
}

/* Its callbacks have returned: others may be told. */
static void after_end(void *user)
{
	struct xmpp_link *l = user;
	bool was_up = l->phase == UP;
	uint64_t delay_ms;

	stream_close(l);
	timer_cancel(l->loop, &l->patience);
	timer_cancel(l->loop, &l->keepalive);
	if (l->phase == CLOSING) {
		finish(l);
		return;
	}
	stream_take_back(l);
	l->phase = WAITING;
	if (was_up)
		l->down_ms = loop_now_ms(l->loop);
	delay_ms = next_delay(l);
	log_warn(l->log, was_up ? "xmpp.down" : "xmpp.connect_failed",
		 "domain=%s retry_ms=%llu why=%s", l->domain,
		 (unsigned long long)delay_ms, LOGQ(str_z(l->why)));
	timer_set(l->loop, &l->retry, delay_ms, start, l);
	if (was_up)
		l->cfg.ops->down(l->cfg.user, l->why);
}

void stream_end(struct xmpp_link *l, const char *condition, const char *why)
{
	if (l->ended || l->freed)
		return;
	l->ended = true;
	snprintf(l->why, sizeof(l->why), "%s", why);
	if (l->fd >= 0)
		say_end(l, condition);
	stream_close(l);
	defer(l->loop, &l->after, after_end, l);
}

static void on_patience(void *user)
{
	stream_end(user, NULL, "no answer from the server");
}

static void start(void *user)
{
	struct xmpp_link *l = user;
	int err;

	l->phase = CONNECTING;
	l->ended = l->closed = l->lasting = false;
	reader_restart(l->reader);
	timer_set(l->loop, &l->patience, PATIENCE_MS, on_patience, l);
	err = stream_connect(l);
	if (err < 0)
		stream_end(l, NULL, err_text(err));
}

struct xmpp_link *xmpp_link_new(const struct xmpp_link_cfg *cfg)
{
	struct xmpp_link *l = mem_new(sizeof(*l));

	l->cfg = *cfg;
	l->loop = cfg->loop;
	l->log = loop_log(cfg->loop);
	l->domain = str_dup(str_z(cfg->domain));
	l->secret = str_dup(str_z(cfg->secret));
	if (!l->cfg.max_stanza)
		l->cfg.max_stanza = STANZA_MAX_DEFAULT;
	if (!l->cfg.max_queue)
		l->cfg.max_queue = QUEUE_MAX_DEFAULT;
	l->fd = -1;
	l->reader = reader_new(l->cfg.max_stanza);
	outbox_init(&l->out, l->cfg.max_queue);
	outbox_init(&l->wire, l->cfg.max_queue);
	l->down_ms = loop_now_ms(l->loop);
	start(l);
	return l;
}

static void free_link(void *p)
{
	struct xmpp_link *l = p;

	reader_free(l->reader);
	outbox_done(&l->out);
	outbox_done(&l->wire);
	free(l->domain);
	free(l->secret);
	free(l);
}

void xmpp_link_free(struct xmpp_link *l)
{
	if (!l || l->freed)
		return;
	l->freed = true;
	stream_close(l);
	timer_cancel(l->loop, &l->retry);
	timer_cancel(l->loop, &l->patience);
	timer_cancel(l->loop, &l->keepalive);
	defer_cancel(l->loop, &l->flush);
	defer_cancel(l->loop, &l->after);
	/* maybe called from a callback of its own */
	defer_free(l->loop, l, free_link);
}

static void on_close_timer(void *user)
{
	stream_end(user, NULL, "closed");
}

void xmpp_link_close(struct xmpp_link *l, void (*done)(void *user), void *user)
{
	bool up = l->phase == UP && !l->ended;

	if (l->phase == CLOSING)
		return;
	l->done = done;
	l->done_user = user;
	l->phase = CLOSING;
	timer_cancel(l->loop, &l->retry);
	timer_cancel(l->loop, &l->keepalive);
	timer_set(l->loop, &l->patience, CLOSE_MS, on_close_timer, l);
	if (up)
		defer(l->loop, &l->flush, stream_flush, l);
	else
		defer(l->loop, &l->after, after_end, l);
}

bool xmpp_link_is_up(const struct xmpp_link *l)
{
	return l->phase == UP && !l->ended;
}

struct xmpp_link_stats xmpp_link_stats(const struct xmpp_link *l)
{
	struct xmpp_link_stats stats = l->stats;

	stats.queued_bytes = stream_waiting(l);
	return stats;
}
