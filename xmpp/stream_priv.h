/* What the files of the component stream share. */
#pragma once

#include <sys/types.h>

#include "base/log.h"
#include "xmpp/reader.h"
#include "xmpp/stream.h"

struct event;

/* Text to be written: whole calls of xmpp_link_send, and where each ends. */
struct outbox {
	struct buf text;
	size_t *ends;
	size_t n, room;
};

enum phase { WAITING, CONNECTING, UP, CLOSING };

struct xmpp_link {
	struct xmpp_link_cfg cfg;
	struct loop *loop;
	struct log *log;
	char *domain, *secret;
	enum phase phase;
	bool ended;   /* the connection is over, or there is none */
	bool lasting; /* the last error was one that lasts */
	bool closed;  /* our end of the stream is written */
	bool freed;
	char why[256]; /* the end's cause */

	int fd;
	struct event *readable, *writable;
	struct reader *reader;
	char in[65536]; /* as read */

	struct timer retry, patience, keepalive;
	struct deferred flush, after;
	uint64_t backoff_ms;

	uint64_t heard_ms; /* when a stanza came last */
	bool ping_sent;
	char ping_id[25];

	struct outbox out;   /* collected in this turn, or for the reconnect */
	struct outbox wire;  /* being written */
	size_t written;	     /* of the wire's text */
	unsigned down_calls; /* kept for the reconnect */
	uint64_t down_ms;    /* when it went down */

	void (*done)(void *user);
	void *done_user;
	struct xmpp_link_stats stats;
};

/* --- stream.c --- */

/* Ends the connection: an error of the stream is told to the server if
 * condition is not NULL. */
void stream_end(struct xmpp_link *l, const char *condition, const char *why);
/* The server has accepted the handshake. */
void stream_up(struct xmpp_link *l);
/* Writes what waits, as far as the socket takes it. */
void stream_flush(void *user);

/* --- stream_in.c --- */

/* The socket is connected. */
void stream_connected(struct xmpp_link *l);
/* Octets from the server. */
void stream_received(struct xmpp_link *l, struct str in);

/* --- stream_queue.c --- */

void outbox_init(struct outbox *b, size_t max);
void outbox_done(struct outbox *b);
void outbox_clear(struct outbox *b);
void outbox_add(struct outbox *b, struct str text);
/* Octets not yet written. */
size_t stream_waiting(const struct xmpp_link *l);
/* What was not wholly written waits again, in front of what came since. */
void stream_take_back(struct xmpp_link *l);

/* --- stream_io.c --- */

/* Begins to connect: 0, or a negated errno value. */
int stream_connect(struct xmpp_link *l);
void stream_close(struct xmpp_link *l);
/* Octets that the socket takes now; negative: it is broken. */
ssize_t stream_write(struct xmpp_link *l, struct str text);
/* Tells when the socket takes more. */
void stream_await_room(struct xmpp_link *l);
