/* The socket under a component stream. */
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/err.h"
#include "xmpp/stream_priv.h"

static bool would_wait(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static void lost(struct xmpp_link *l, int error)
{
	const char *what =
	    l->phase == CONNECTING ? "connection failed" : "connection lost";

	stream_end(l, NULL, error ? err_text(-error) : what);
}

static void on_readable(evutil_socket_t fd, short what, void *user)
{
	struct xmpp_link *l = user;
	ssize_t n = recv(fd, l->in, sizeof(l->in), 0);

	(void)what;
	if (n > 0)
		stream_received(l, str_of(l->in, (size_t)n));
	else if (n == 0)
		lost(l, 0);
	else if (!would_wait(errno))
		lost(l, errno);
}

static void on_writable(evutil_socket_t fd, short what, void *user)
{
	struct xmpp_link *l = user;
	socklen_t len = sizeof(int);
	int error = 0;

	(void)what;
	if (l->phase != CONNECTING ||
	    event_pending(l->readable, EV_READ, NULL)) {
		stream_flush(l);
		return;
	}
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error) {
		lost(l, error);
		return;
	}
	event_add(l->readable, NULL);
	stream_connected(l);
}

static void watch(struct xmpp_link *l)
{
	struct event_base *base = loop_base(l->loop);

	l->readable =
	    event_new(base, l->fd, EV_READ | EV_PERSIST, on_readable, l);
	l->writable = event_new(base, l->fd, EV_WRITE, on_writable, l);
	if (!l->readable || !l->writable)
		abort();
	event_add(l->writable, NULL);
}

int stream_connect(struct xmpp_link *l)
{
	const struct addr *a = &l->cfg.server;
	int on = 1;

	l->fd = socket(a->sa.sa_family,
		       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return -errno;
	setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(l->fd, &a->sa, a->len) < 0 && errno != EINPROGRESS) {
		int error = errno;

		stream_close(l);
		return -error;
	}
	watch(l);
	return 0;
}

void stream_close(struct xmpp_link *l)
{
	char rest[4096];

	if (l->readable)
		event_free(l->readable);
	if (l->writable)
		event_free(l->writable);
	l->readable = l->writable = NULL;
	if (l->fd < 0)
		return;
	/* what is unread would make it a reset, and that lose our last words */
	for (int i = 0; i < 64 && recv(l->fd, rest, sizeof(rest), 0) > 0; i++)
		;
	close(l->fd);
	l->fd = -1;
}

ssize_t stream_write(struct xmpp_link *l, struct str text)
{
	ssize_t n = send(l->fd, text.p, text.n, MSG_NOSIGNAL);

	if (n < 0)
		return would_wait(errno) ? 0 : -errno;
	return n;
}

void stream_await_room(struct xmpp_link *l)
{
	event_add(l->writable, NULL);
}
