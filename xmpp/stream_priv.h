/* What the files of the component stream share; nobody else sees libstrophe. */
#pragma once

#include <strophe.h>

#include "base/log.h"
#include "xmpp/stream.h"

enum phase { WAITING, CONNECTING, UP, CLOSING };

struct xmpp_link {
	struct xmpp_link_cfg cfg;
	struct loop *loop;
	struct log *log;
	char *domain, *secret;
	xmpp_log_t strophe_log;
	xmpp_ctx_t *ctx;
	xmpp_conn_t *conn; /* one for every attempt */
	enum phase phase;
	bool ended;   /* libstrophe has reported the end of conn */
	bool lasting; /* the last error was one that lasts */
	bool garbled; /* the peer's XML can't be read any more */
	bool freed;
	char why[128]; /* the end's cause */

	/* libstrophe's descriptor must be below FD_SETSIZE: one is held in
	 * reserve while there is no connection. libevent gets a copy of its
	 * own, since libstrophe closes first. */
	int reserve_fd, fd, watch_fd;
	struct event *readable, *writable;

	struct timer tick, retry, keepalive, close_timer;
	struct deferred flush, after;
	uint64_t backoff_ms;

	struct arena *arena;
	size_t unparsed;   /* octets read since the last stanza, at most */
	uint64_t heard_ms; /* when a stanza came last */
	bool ping_sent;
	char ping_id[25];

	struct buf out;	     /* not yet handed over */
	size_t handed;	     /* handed to libstrophe, maybe unsent */
	unsigned down_calls; /* kept for the reconnect */
	uint64_t down_ms;    /* when it went down */

	void (*done)(void *user);
	void *done_user;
	struct xmpp_link_stats stats;
};

/* --- stream.c --- */

/* Hands over what waits, as far as libstrophe is through with the last. */
void stream_flush(void *user);
/* Ends the stream at once; not inside libstrophe's callbacks. */
void stream_end(struct xmpp_link *l, const char *why);
void stream_event(xmpp_conn_t *conn, xmpp_conn_event_t event, int error,
		  xmpp_stream_error_t *stream_error, void *user);

/* --- stream_io.c --- */

/* Keeps a low descriptor for the next connection. */
void stream_hold_descriptor(struct xmpp_link *l);
/* Lets l->conn connect and watches its socket: 0, or negative. */
int stream_connect(struct xmpp_link *l);
void stream_close_watch(struct xmpp_link *l);
/* Runs libstrophe as long as there is something to read. */
void stream_pump(struct xmpp_link *l);

/* --- stream_guard.c, stream_tree.c --- */

/* More attributes on one element are nobody's honest stanza. */
#define STREAM_ATTRS_MAX 64

/* Has libstrophe been kept from mixing up attributes (stream_guard.c)? True
 * once a connection has a parser. */
bool stream_guard_ready(void);

/* Copies a stanza of libstrophe into the arena: the component's namespace reads
 * as "jabber:client", the attribute lang as "xml:lang". *size is the octets
 * that its text takes, but for escapes. NULL: deeper than X_DEPTH_MAX, too many
 * attributes, or over the arena's limit. */
struct xnode *stream_tree(struct arena *a, xmpp_stanza_t *stanza, size_t *size);

/* The condition of a stream error ("not-authorized"). */
const char *stream_error_name(const xmpp_stream_error_t *e);
/* Is it one that only an administrator can mend (COMP-6)? */
bool stream_error_lasts(const xmpp_stream_error_t *e);
