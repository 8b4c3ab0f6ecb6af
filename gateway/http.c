#include "gateway/http.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

#define HEADERS_MAX	8192
#define TIMEOUT_S	10
#define CONNECTIONS_MAX 16
#define FULL_MS		100
#define AGE_MS		60000  /* of a connection that gets no file */
#define SLOWEST		8      /* octets of a file in a millisecond */
#define SEND_BUFFER	262144 /* what may be read from the disk at once */
#define WATCH_MS	1000

/* libevent tells of a new connection (it asks for its bufferevent) but not of
 * the end of one. We hold a reference to each: after bufferevent_free it has no
 * callbacks any more. Its descriptor stays open until we let go of it, for its
 * events are still there: another socket of the same number would get none. */
struct http {
	struct http_cfg cfg;
	struct evhttp *evhttp;
	struct evconnlistener *listener;
	struct place {
		struct bufferevent *b;
		uint64_t until_ms;
	} * open;
	size_t max;
	struct timer full, watch;
};

static bool is_over(struct bufferevent *b)
{
	bufferevent_data_cb read = NULL, written = NULL;
	bufferevent_event_cb event = NULL;
	void *user;

	bufferevent_getcb(b, &read, &written, &event, &user);
	return !event;
}

/* Forgets the connections that are over; returns how many are not. */
static size_t sweep(struct http *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->max; i++) {
		struct place *p = &h->open[i];

		if (p->b && is_over(p->b)) {
			bufferevent_decref(p->b);
			p->b = NULL;
		}
		n += p->b != NULL;
	}
	return n;
}

/* Who asks or reads in drops takes a place from others: he is done with. */
static void on_watch(void *user)
{
	struct http *h = user;
	uint64_t now = loop_now_ms(h->cfg.loop);

	for (size_t i = 0; i < h->max; i++) {
		struct place *p = &h->open[i];

		if (p->b && !is_over(p->b) && now >= p->until_ms)
			bufferevent_trigger_event(
			    p->b, BEV_EVENT_TIMEOUT | BEV_EVENT_WRITING, 0);
	}
	if (sweep(h))
		timer_set(h->cfg.loop, &h->watch, WATCH_MS, on_watch, h);
}

static void on_full(void *user)
{
	struct http *h = user;

	if (sweep(h) < h->max)
		evconnlistener_enable(h->listener);
	else
		timer_set(h->cfg.loop, &h->full, FULL_MS, on_full, h);
}

/* Others wait in the listener's backlog while there is no place. */
static struct bufferevent *on_connection(struct event_base *base, void *user)
{
	struct http *h = user;
	struct bufferevent *b =
	    bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	size_t i = 0, n = sweep(h);

	while (h->open[i].b)
		i++;
	h->open[i].b = b;
	h->open[i].until_ms = loop_now_ms(h->cfg.loop) + AGE_MS;
	bufferevent_incref(b);
	if (!timer_pending(&h->watch))
		timer_set(h->cfg.loop, &h->watch, WATCH_MS, on_watch, h);
	if (n + 1 == h->max) {
		evconnlistener_disable(h->listener);
		timer_set(h->cfg.loop, &h->full, FULL_MS, on_full, h);
	}
	return b;
}

static void on_request(struct evhttp_request *req, void *user)
{
	struct http *h = user;

	h->cfg.request(h->cfg.user, req);
}

struct http *http_new(const struct http_cfg *cfg)
{
	struct http *h = mem_new(sizeof(*h));
	struct evhttp_bound_socket *bound;

	h->cfg = *cfg;
	h->max = cfg->max_connections ? cfg->max_connections : CONNECTIONS_MAX;
	h->open = mem_new_array(h->max, sizeof(*h->open));
	h->evhttp = evhttp_new(loop_base(cfg->loop));
	bound = h->evhttp ? evhttp_accept_socket_with_handle(h->evhttp, cfg->fd)
			  : NULL;
	if (!bound)
		abort(); /* memory */
	h->listener = evhttp_bound_socket_get_listener(bound);
	evhttp_set_allowed_methods(h->evhttp, cfg->methods);
	evhttp_set_max_headers_size(h->evhttp, HEADERS_MAX);
	evhttp_set_max_body_size(h->evhttp, (ev_ssize_t)cfg->max_body);
	evhttp_set_timeout(h->evhttp, TIMEOUT_S);
	evhttp_set_bevcb(h->evhttp, on_connection, h);
	evhttp_set_gencb(h->evhttp, on_request, h);
	return h;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	timer_cancel(h->cfg.loop, &h->full);
	timer_cancel(h->cfg.loop, &h->watch);
	evhttp_free(h->evhttp);
	for (size_t i = 0; i < h->max; i++)
		if (h->open[i].b)
			bufferevent_decref(h->open[i].b);
	free(h->open);
	free(h);
}

static void add_headers(struct evkeyvalq *out, const char *const *headers)
{
	evhttp_add_header(out, "Connection", "close");
	for (; headers && *headers; headers += 2)
		evhttp_add_header(out, headers[0], headers[1]);
}

void http_answer(struct evhttp_request *req, int status, const char *type,
		 struct str body, const char *const *headers)
{
	struct evkeyvalq *out = evhttp_request_get_output_headers(req);
	struct evbuffer *b = evbuffer_new();

	add_headers(out, headers);
	if (body.n)
		evhttp_add_header(out, "Content-Type", type);
	evbuffer_add(b, body.p, body.n);
	evhttp_send_reply(req, status, NULL, b);
	evbuffer_free(b);
}

void http_answer_later(struct evhttp_request *req)
{
	/* libevent goes on waiting for octets, and its patience would end */
	bufferevent_disable(evhttp_connection_get_bufferevent(
				evhttp_request_get_connection(req)),
			    EV_READ);
}

/* The connection has as long as a slow one needs. */
static void allow_time(struct http *h, struct evhttp_request *req, uint64_t n)
{
	struct bufferevent *b = evhttp_connection_get_bufferevent(
	    evhttp_request_get_connection(req));
	int size = SEND_BUFFER;

	for (size_t i = 0; i < h->max; i++)
		if (h->open[i].b == b)
			h->open[i].until_ms += n / SLOWEST;
	setsockopt(bufferevent_getfd(b), SOL_SOCKET, SO_SNDBUF, &size,
		   sizeof(size));
}

void http_answer_file(struct http *h, struct evhttp_request *req, int status,
		      int take_fd, uint64_t at, uint64_t n,
		      const char *const *headers)
{
	struct evkeyvalq *out = evhttp_request_get_output_headers(req);
	bool head = evhttp_request_get_command(req) == EVHTTP_REQ_HEAD;
	struct evbuffer *b = evbuffer_new();
	char length[24];

	add_headers(out, headers);
	snprintf(length, sizeof(length), "%" PRIu64, n);
	evhttp_add_header(out, "Content-Length", length);
	allow_time(h, req, n);
	if (head || n == 0)
		close(take_fd);
	else if (evbuffer_add_file(b, take_fd, (ev_off_t)at, (ev_off_t)n) < 0)
		evhttp_remove_header(out, "Content-Length"); /* it is closed */
	evhttp_send_reply(req, status, NULL, b);
	evbuffer_free(b);
}
