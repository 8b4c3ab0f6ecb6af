/* The socket under a component stream: where libstrophe can take it, when it is
 * read, and how much of it. */
#include <assert.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <unistd.h>

#include <event2/event.h>

#include "xmpp/stream_priv.h"

/* libstrophe reads this much at a time. */
#define READ_BYTES 4096
/* What servers let through at most (Prosody: 512 KiB from another server) is
 * refused alone, when it is whole; beyond that the stream has to go. */
#define UNFINISHED_MAX (1u << 20)
/* Rounds of reading before others get their turn. */
#define PUMP_ROUNDS 64

/* libstrophe gives its socket callback no user pointer; set only while
 * xmpp_connect_component() runs. */
static _Thread_local struct xmpp_link *connecting;

void stream_hold_descriptor(struct xmpp_link *l)
{
	if (l->reserve_fd >= 0)
		return;
	l->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (l->reserve_fd >= FD_SETSIZE) {
		close(l->reserve_fd);
		l->reserve_fd = -1;
	}
}

static int refuse_socket(xmpp_conn_t *conn, void *sock)
{
	(void)conn;
	(void)sock;
	return -1;
}

/* Puts the socket where select() can take it (a higher one would end the
 * process), and remembers it. */
static int take_socket(xmpp_conn_t *conn, void *sock)
{
	struct xmpp_link *l = connecting;
	int *fd = sock, on = 1;

	(void)conn;
	if (l->reserve_fd >= 0 && *fd > l->reserve_fd &&
	    dup3(*fd, l->reserve_fd, O_CLOEXEC) >= 0) {
		close(*fd);
		*fd = l->reserve_fd;
		l->reserve_fd = -1;
	}
	if (*fd >= FD_SETSIZE)
		return -1;
	setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	l->fd = *fd;
	return 0;
}

void stream_close_watch(struct xmpp_link *l)
{
	if (l->readable)
		event_free(l->readable);
	if (l->writable)
		event_free(l->writable);
	l->readable = l->writable = NULL;
	if (l->watch_fd >= 0)
		close(l->watch_fd);
	l->watch_fd = l->fd = -1;
}

static int readable_octets(const struct xmpp_link *l)
{
	int n = 0;

	return l->fd >= 0 && ioctl(l->fd, FIONREAD, &n) == 0 ? n : 0;
}

/* An unfinished stanza over the limit can't be refused but with the stream. */
static void check_size(struct xmpp_link *l, int read)
{
	static const char error[] =
	    "<stream:error><policy-violation xmlns="
	    "'urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>";

	l->unparsed += (size_t)(read < READ_BYTES ? read : READ_BYTES);
	if (l->phase != UP || l->unparsed <= l->cfg.max_stanza + UNFINISHED_MAX)
		return;
	l->stats.stanzas_refused++;
	xmpp_send_raw(l->conn, error, sizeof(error) - 1);
	xmpp_run_once(l->ctx, 0);
	if (!l->ended)
		stream_end(l, "stanza over the limit");
}

void stream_pump(struct xmpp_link *l)
{
	for (int i = 0; i < PUMP_ROUNDS && !l->ended && !l->freed; i++) {
		bool was_garbled = l->garbled;
		int n = readable_octets(l);

		/* what libstrophe itself has to say waits for the next run */
		if (n == 0 && i > 1)
			break;
		check_size(l, n);
		if (l->ended)
			break;
		xmpp_run_once(l->ctx, 0);
		if (was_garbled && !l->ended)
			stream_end(l, "bad XML");
	}
	if (!l->ended && !l->freed && l->phase != CONNECTING)
		stream_flush(l);
}

static void on_readable(evutil_socket_t fd, short what, void *user)
{
	(void)fd;
	(void)what;
	stream_pump(user);
}

/* libstrophe 0.12 makes a part of a connection that components use as well only
 * when a client connects: an attempt that never gets a socket makes it. */
static void prepare_conn(struct xmpp_link *l)
{
	xmpp_conn_set_sockopt_callback(l->conn, refuse_socket);
	xmpp_connect_client(l->conn, "127.0.0.1", 9, stream_event, l);
	xmpp_conn_set_sockopt_callback(l->conn, take_socket);
}

static int connect_server(struct xmpp_link *l)
{
	char host[NI_MAXHOST];
	int err;

	if (getnameinfo(&l->cfg.server.sa, l->cfg.server.len, host,
			sizeof(host), NULL, 0, NI_NUMERICHOST))
		return -1;
	connecting = l;
	err = xmpp_connect_component(l->conn, host, addr_port(&l->cfg.server),
				     stream_event, l);
	connecting = NULL;
	return err == XMPP_EOK && l->fd >= 0 ? 0 : -1;
}

static void watch(struct xmpp_link *l)
{
	l->watch_fd = fcntl(l->fd, F_DUPFD_CLOEXEC, 100);
	if (l->watch_fd < 0)
		return; /* the tick drives it */
	l->readable = event_new(loop_base(l->loop), l->watch_fd,
				EV_READ | EV_PERSIST, on_readable, l);
	l->writable = event_new(loop_base(l->loop), l->watch_fd, EV_WRITE,
				on_readable, l);
	if (!l->readable || !l->writable)
		abort();
	event_add(l->readable, NULL);
	event_add(l->writable, NULL);
}

int stream_connect(struct xmpp_link *l)
{
	prepare_conn(l);
	/* a program that libstrophe can't be mended in may not talk to users */
	assert(stream_guard_ready());
	l->ended = false;
	stream_hold_descriptor(l);
	if (connect_server(l) < 0)
		return -1;
	watch(l);
	return 0;
}
