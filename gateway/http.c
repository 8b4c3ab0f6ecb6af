#include "gateway/http.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdlib.h>

#include "base/mem.h"

#define HEADERS_MAX	8192
#define TIMEOUT_S	10
#define CONNECTIONS_MAX 16
#define FULL_MS		100

/* libevent tells of a new connection (it asks for its bufferevent) but not of
 * the end of one. We hold a reference to each: after bufferevent_free it has no
 * callbacks any more. */
struct http {
	struct http_cfg cfg;
	struct evhttp *evhttp;
	struct evconnlistener *listener;
	struct bufferevent *open[CONNECTIONS_MAX];
	struct timer full;
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

	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (h->open[i] && is_over(h->open[i])) {
			bufferevent_decref(h->open[i]);
			h->open[i] = NULL;
		}
		n += h->open[i] != NULL;
	}
	return n;
}

static void on_full(void *user)
{
	struct http *h = user;

	if (sweep(h) < CONNECTIONS_MAX)
		evconnlistener_enable(h->listener);
	else
		timer_set(h->cfg.loop, &h->full, FULL_MS, on_full, h);
}

/* Others wait in the listener's backlog while there is no place. */
static struct bufferevent *on_connection(struct event_base *base, void *user)
{
	struct http *h = user;
	struct bufferevent *b = bufferevent_socket_new(base, -1, 0);
	size_t i = 0, n = sweep(h);

	while (h->open[i])
		i++;
	h->open[i] = b;
	bufferevent_incref(b);
	if (n + 1 == CONNECTIONS_MAX) {
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
	evhttp_free(h->evhttp);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (h->open[i])
			bufferevent_decref(h->open[i]);
	free(h);
}

void http_answer(struct evhttp_request *req, int status, const char *type,
		 struct str body, const char *const *headers)
{
	struct evkeyvalq *out = evhttp_request_get_output_headers(req);
	struct evbuffer *b = evbuffer_new();

	evhttp_add_header(out, "Connection", "close");
	if (body.n)
		evhttp_add_header(out, "Content-Type", type);
	for (; headers && *headers; headers += 2)
		evhttp_add_header(out, headers[0], headers[1]);
	evbuffer_add(b, body.p, body.n);
	evhttp_send_reply(req, status, NULL, b);
	evbuffer_free(b);
}
