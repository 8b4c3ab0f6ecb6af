#include "xmpp/stream.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "xmpp/stream_priv.h"

#define STANZA_MAX_DEFAULT 65536
#define QUEUE_MAX_DEFAULT  16777216
/* A tree takes more memory than its text. */
#define TREE_FACTOR 16

#define TICK_MS	      1000 /* for libstrophe's own time-outs */
#define BACKOFF_MS    1000
#define BACKOFF_LONG  30000 /* after an error that lasts */
#define BACKOFF_MAX   60000
#define KEEPALIVE_MS  60000
#define IDLE_MS	      120000
#define PING_WAIT_MS  30000
#define DOWN_QUEUE_MS 60000
#define DOWN_QUEUE    1000
#define CLOSE_MS      5000

static void start(void *user);

/* Bad XML is reported here and nowhere else: libstrophe tells the server and
 * then waits for it to hang up. */
static void on_strophe_log(void *user, xmpp_log_level_t level, const char *area,
			   const char *text)
{
	struct xmpp_link *l = user;

	(void)level;
	if (str_starts(str_z(text), STR("parse error")))
		l->garbled = true;
	if (log_on(l->log, LOG_TRACE))
		log_write(l->log, LOG_TRACE, "xmpp.wire",
			  "domain=%s area=%s text=%s", l->domain, area,
			  LOGQ(str_z(text)));
}

/* Stanzas in */

static bool is_our_ping(struct xmpp_link *l, const struct xnode *n)
{
	return x_is(n, "iq", NS_CLIENT) &&
	       str_eq(x_attr(n, "id"), str_z(l->ping_id)) &&
	       (!x_has_attr(n, "from") ||
		str_eq(x_attr(n, "from"), str_z(l->domain)));
}

/* RFC 6120 §13.12; errors and results are never answered. */
static void refuse(struct xmpp_link *l, xmpp_stanza_t *stanza)
{
	const char *name = xmpp_stanza_get_name(stanza);
	const char *type = xmpp_stanza_get_type(stanza);
	const char *from = xmpp_stanza_get_from(stanza);
	struct buf b = BUF_INIT(8192);

	l->stats.stanzas_refused++;
	if (!from || (type && (strcmp(type, "error") == 0 ||
			       strcmp(type, "result") == 0)))
		return;
	x_open(&b, name, str_z(xmpp_stanza_get_to(stanza)), str_z(from),
	       STR("error"), str_z(xmpp_stanza_get_id(stanza)));
	buf_addc(&b, '>');
	x_put_error(&b, (struct stanza_error){"modify", "policy-violation"},
		    STR_NONE, STR_NONE);
	buf_addz(&b, "</");
	buf_addz(&b, name);
	buf_addc(&b, '>');
	if (!b.err)
		xmpp_link_send(l, buf_str(&b));
	buf_done(&b);
}

static int on_stanza(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *user)
{
	struct xmpp_link *l = user;
	const struct xnode *n;
	size_t size;

	l->unparsed = 0;
	if (l->freed || conn != l->conn || l->phase != UP)
		return 1;
	l->heard_ms = loop_now_ms(l->loop);
	l->ping_sent = false;
	l->stats.stanzas_in++;
	arena_reset(l->arena);
	n = stream_tree(l->arena, stanza, &size);
	if (!n || size > l->cfg.max_stanza)
		refuse(l, stanza);
	else if (!is_our_ping(l, n))
		l->cfg.ops->stanza(l->cfg.user, n);
	return 1;
}

/* Stanzas out */

static size_t waiting(const struct xmpp_link *l)
{
	return l->out.n + l->handed;
}

static void drop_queue(struct xmpp_link *l)
{
	if (l->out.n)
		l->stats.dropped++;
	buf_clear(&l->out);
	l->down_calls = 0;
}

/* The queue's length that libstrophe tells leaves out a partly written head: a
 * space behind the real text shows when that is through. */
static void hand_over(struct xmpp_link *l)
{
	/* it looks for a NUL, whatever the length says */
	xmpp_send_raw(l->conn, buf_z(&l->out), l->out.n);
	xmpp_send_raw(l->conn, " ", 1);
	l->stats.bytes_out += l->out.n;
	l->handed = l->out.n;
	buf_clear(&l->out);
	xmpp_run_once(l->ctx, 0);
}

void stream_flush(void *user)
{
	struct xmpp_link *l = user;

	if ((l->phase != UP && l->phase != CLOSING) || l->ended)
		return;
	if (l->handed && xmpp_conn_send_queue_len(l->conn) == 0)
		l->handed = 0;
	if (!l->handed && l->out.n) {
		hand_over(l);
		if (!l->ended && xmpp_conn_send_queue_len(l->conn) == 0)
			l->handed = 0;
	}
	if (l->handed && !l->ended)
		event_add(l->writable, NULL);
	if (l->phase == CLOSING && !waiting(l) && !l->ended) {
		xmpp_disconnect(l->conn);
		xmpp_run_once(l->ctx, 0);
	}
}

int xmpp_link_send(struct xmpp_link *l, struct str text)
{
	if (l->phase == CLOSING || l->freed)
		return ERR_GONE;
	if (text.n > l->cfg.max_queue - waiting(l)) {
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
	buf_add(&l->out, text);
	if (l->phase == UP)
		defer(l->loop, &l->flush, stream_flush, l);
	return 0;
}

/* Keeping alive (COMP-9) */

void stream_end(struct xmpp_link *l, const char *why)
{
	snprintf(l->why, sizeof(l->why), "%s", why);
	xmpp_conn_release(l->conn); /* reports the end by itself */
	l->conn = NULL;
	assert(l->ended);
}

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
		stream_end(l, "no answer to a ping");
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

static void on_up(struct xmpp_link *l)
{
	l->phase = UP;
	l->backoff_ms = 0;
	l->stats.connects++;
	l->heard_ms = loop_now_ms(l->loop);
	l->ping_sent = false;
	if (l->heard_ms - l->down_ms > DOWN_QUEUE_MS)
		drop_queue(l);
	l->down_calls = 0;
	xmpp_handler_add(l->conn, on_stanza, NULL, NULL, NULL, l);
	timer_set(l->loop, &l->keepalive, KEEPALIVE_MS, on_keepalive, l);
	defer(l->loop, &l->flush, stream_flush, l);
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

	timer_cancel(l->loop, &l->close_timer);
	l->done = NULL;
	if (done)
		done(l->done_user);
}

/* After libstrophe has returned: its objects may go and others be told. */
static void after_end(void *user)
{
	struct xmpp_link *l = user;
	bool was_up = l->phase == UP;
	uint64_t delay_ms;

	stream_close_watch(l);
	stream_hold_descriptor(l);
	timer_cancel(l->loop, &l->tick);
	timer_cancel(l->loop, &l->keepalive);
	if (l->conn)
		xmpp_conn_release(l->conn);
	l->conn = NULL;
	if (l->ctx)
		xmpp_ctx_free(l->ctx);
	l->ctx = NULL;
	if (l->handed)
		l->stats.dropped++;
	l->handed = 0;
	if (l->phase == CLOSING) {
		finish(l);
		return;
	}
	l->phase = WAITING;
	if (was_up)
		l->down_ms = loop_now_ms(l->loop);
	delay_ms = next_delay(l);
	if (!was_up)
		log_warn(l->log, "xmpp.connect_failed",
			 "domain=%s retry_ms=%llu why=%s", l->domain,
			 (unsigned long long)delay_ms, LOGQ(str_z(l->why)));
	timer_set(l->loop, &l->retry, delay_ms, start, l);
	if (was_up)
		l->cfg.ops->down(l->cfg.user, l->why);
}

static void on_end(struct xmpp_link *l, int error,
		   const xmpp_stream_error_t *stream_error)
{
	l->ended = true;
	l->lasting = stream_error && stream_error_lasts(stream_error);
	if (stream_error)
		snprintf(l->why, sizeof(l->why), "%s%s%s",
			 stream_error_name(stream_error),
			 stream_error->text ? ": " : "",
			 stream_error->text ? stream_error->text : "");
	else if (!l->why[0])
		snprintf(l->why, sizeof(l->why), "%s",
			 error			  ? err_text(-error)
			 : l->phase == CONNECTING ? "connection failed"
						  : "connection lost");
	/* libstrophe has closed its descriptor: ours must not outlive the turn
	 * in libevent */
	stream_close_watch(l);
	defer(l->loop, &l->after, after_end, l);
}

void stream_event(xmpp_conn_t *conn, xmpp_conn_event_t event, int error,
		  xmpp_stream_error_t *stream_error, void *user)
{
	struct xmpp_link *l = user;

	(void)conn;
	if (l->freed)
		return;
	switch (event) {
	case XMPP_CONN_CONNECT:
		if (l->phase == CONNECTING)
			on_up(l);
		break;
	case XMPP_CONN_DISCONNECT:
	case XMPP_CONN_FAIL:
		if (!l->ended)
			on_end(l, error, stream_error);
		break;
	case XMPP_CONN_RAW_CONNECT:
		break;
	}
}

static void on_tick(void *user)
{
	struct xmpp_link *l = user;

	timer_set(l->loop, &l->tick, TICK_MS, on_tick, l);
	stream_pump(l);
}

static void start(void *user)
{
	struct xmpp_link *l = user;

	l->phase = CONNECTING;
	l->ended = false;
	l->garbled = false;
	l->why[0] = '\0';
	l->unparsed = 0;
	l->ctx = xmpp_ctx_new(NULL, &l->strophe_log);
	l->conn = l->ctx ? xmpp_conn_new(l->ctx) : NULL;
	if (!l->conn)
		abort();
	xmpp_conn_set_flags(l->conn, XMPP_CONN_FLAG_DISABLE_TLS);
	xmpp_conn_set_jid(l->conn, l->domain);
	xmpp_conn_set_pass(l->conn, l->secret);
	l->ended = true; /* so far nothing has begun */
	if (stream_connect(l) < 0) {
		if (!l->ended)
			on_end(l, 0, NULL);
		return;
	}
	timer_set(l->loop, &l->tick, TICK_MS, on_tick, l);
}

struct xmpp_link *xmpp_link_new(const struct xmpp_link_cfg *cfg)
{
	struct xmpp_link *l = mem_new(sizeof(*l));

	xmpp_initialize();
	l->cfg = *cfg;
	l->loop = cfg->loop;
	l->log = loop_log(cfg->loop);
	l->domain = str_dup(str_z(cfg->domain));
	l->secret = str_dup(str_z(cfg->secret));
	if (!l->cfg.max_stanza)
		l->cfg.max_stanza = STANZA_MAX_DEFAULT;
	if (!l->cfg.max_queue)
		l->cfg.max_queue = QUEUE_MAX_DEFAULT;
	l->strophe_log = (xmpp_log_t){on_strophe_log, l};
	l->fd = l->watch_fd = l->reserve_fd = -1;
	l->arena = arena_new(l->cfg.max_stanza * TREE_FACTOR);
	buf_init(&l->out, l->cfg.max_queue);
	l->down_ms = loop_now_ms(l->loop);
	start(l);
	return l;
}

static void free_link(void *p)
{
	struct xmpp_link *l = p;

	stream_close_watch(l);
	if (l->conn)
		xmpp_conn_release(l->conn);
	if (l->ctx)
		xmpp_ctx_free(l->ctx);
	if (l->reserve_fd >= 0)
		close(l->reserve_fd);
	arena_free(l->arena);
	buf_done(&l->out);
	free(l->domain);
	free(l->secret);
	free(l);
}

void xmpp_link_free(struct xmpp_link *l)
{
	if (!l || l->freed)
		return;
	l->freed = true;
	stream_close_watch(l);
	timer_cancel(l->loop, &l->tick);
	timer_cancel(l->loop, &l->retry);
	timer_cancel(l->loop, &l->keepalive);
	timer_cancel(l->loop, &l->close_timer);
	defer_cancel(l->loop, &l->flush);
	defer_cancel(l->loop, &l->after);
	/* maybe called by libstrophe itself, through us */
	defer_free(l->loop, l, free_link);
}

static void on_close_timer(void *user)
{
	struct xmpp_link *l = user;

	if (l->conn && !l->ended)
		stream_end(l, "closed");
	else
		finish(l);
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
	timer_set(l->loop, &l->close_timer, CLOSE_MS, on_close_timer, l);
	if (up)
		defer(l->loop, &l->flush, stream_flush, l);
	else if (!l->ended || !l->conn)
		defer(l->loop, &l->after, after_end, l);
}

bool xmpp_link_is_up(const struct xmpp_link *l)
{
	return l->phase == UP && !l->ended;
}

struct xmpp_link_stats xmpp_link_stats(const struct xmpp_link *l)
{
	struct xmpp_link_stats stats = l->stats;

	stats.queued_bytes = waiting(l);
	return stats;
}
