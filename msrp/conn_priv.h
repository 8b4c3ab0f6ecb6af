/* A connection: one stream, and the sessions that use it. */
#pragma once

#include "msrp/receive_priv.h"
#include "msrp/send_priv.h"

/* What stays unsent in a connection before further chunks wait in their
 * sessions. */
#define MSRP_OUT_HIGH 65536
/* A peer with this many octets of answers unread is not read any more. */
#define MSRP_OUT_PAUSE 262144
/* Beyond this nothing more can be queued at all. */
#define MSRP_OUT_MAX	4194304
#define MSRP_LINGER_MS	5000
#define MSRP_DRAIN_MS	1000
#define MSRP_STALL_MS	120000
#define MSRP_REPORT_MAX 8192 /* octets of the body of one of ours */

struct msrp_conn {
	/* what each message sent looks at stands together */
	struct msrp *m;
	bool dead;	 /* no more callbacks; memory goes when the turn ends */
	bool draining;	 /* closes when all is written */
	bool paused;	 /* not read: it does not read our answers */
	unsigned n_held; /* not read: messages that hold it */
	bool secure, outgoing, connecting;
	bool spilled; /* the bufferevent was given what the socket refused */
	unsigned n_due;
	size_t due_bytes;
	uint64_t out_off; /* octets ever flushed out of `out` */
	struct buf out;	  /* to be written at the end of the turn */
	struct sending tx;
	struct timer stalled; /* the open chunk has nothing to send */
	struct deferred flush;
	struct due due[MSRP_DUE_MAX]; /* to be written behind `out` */

	TAILQ_ENTRY(msrp_conn) link;
	unsigned id;
	int fd; /* for writing past the bufferevent; -1: it may not be */
	struct bufferevent *bev;
	struct addr peer;
	char *name; /* outgoing, TLS: the host that was asked for, or "" */
	struct msrp_parser parser;
	struct receiving rx;
	unsigned bad;	    /* refused requests while no session uses it */
	struct timer life;  /* first request, connecting, lingering, draining */
	struct timer chunk; /* an open request is silent */
	size_t unread;	    /* octets of the input seen but not yet used */
	uint64_t last_read_ms;
	struct timer stall; /* the peer does not read */
	uint64_t stall_off, stall_ms;
	struct sessions sessions;
	struct sessions inlets; /* that only hear here */
	unsigned n_live;	/* of both, not dying */
	unsigned n_congested;
	struct buf ctl;	       /* answers waiting for the open chunk's end */
	uint64_t ctl_ms;       /* since when */
	struct sessions ready; /* of sessions with a queue */
};

/* conn.c */
struct msrp_conn *conn_new(struct msrp *m, struct bufferevent *take_bev,
			   bool secure, const struct addr *peer);
/* Connects out, for at most `ms`, or gives the connection that already leads
 * there. NULL if that is impossible at once. */
struct msrp_conn *conn_to(struct msrp *m, const struct addr *peer, bool secure,
			  struct str name, unsigned ms);
/* Ends the connection; its sessions are closed. */
void conn_lost(struct msrp_conn *c, enum msrp_closed why);
/* Writes what is queued, reads nothing more, closes. */
void conn_finish(struct msrp_conn *c);
void conn_attach(struct msrp_conn *c, struct msrp_session *s);
/* s leaves its connection, which lingers if it was the last. */
void conn_detach(struct msrp_session *s);
/* The owner has let go of s, which may stay until its queue is written. */
void conn_forget(struct msrp_session *s);
/* One more session uses c, and one less. */
void conn_used(struct msrp_conn *c);
void conn_left(struct msrp_conn *c, const struct msrp_session *s);

/* The peer may have stopped reading: watches whether it goes on. */
void conn_watch(struct msrp_conn *c);
/* Reads or does not, as c->paused and c->n_held say now. */
void conn_read_or_wait(struct msrp_conn *c);
static inline bool conn_is_read(const struct msrp_conn *c)
{
	return !c->paused && !c->n_held;
}

/* output.c */
/* Octets given to this connection and not yet taken by the system. */
size_t conn_unsent(const struct msrp_conn *c);
/* What goes out at the end of the turn, the whole messages that are due in it;
 * with memory from those who need none now. */
struct buf *conn_out(struct msrp_conn *c);
void conn_out_free(struct msrp *m);
/* Where answers and reports go: behind an open chunk. Call conn_kick
 * afterwards. */
struct buf *conn_control(struct msrp_conn *c);
void conn_kick(struct msrp_conn *c);
/* At the end of a turn, and when the peer took something: writes what can be.
 */
void conn_flush(void *conn);
/* Where in all of the output the next octet goes, and how far the system took
 * it. */
uint64_t conn_put_off(const struct msrp_conn *c);
uint64_t conn_taken_off(const struct msrp_conn *c);
/* A response, with our URI (RFC 4975 §7.2). */
void conn_respond(struct msrp_conn *c, struct str tid, struct str to_path,
		  struct str from_path, unsigned status, struct str comment);
/* REPORT on the first `size` octets of a message (RFC 4975 §7.1.3), with a
 * message/cpim entity or NULL. */
void conn_report(struct msrp_conn *c, struct str to_path, struct str from_path,
		 struct str message_id, uint64_t size, unsigned status,
		 const struct blob *entity);

/* inlet.c */
/* May the request at hand on c, which is not the connection of s, be one of s?
 */
bool inlet_may(const struct msrp_conn *c, const struct msrp_session *s);
/* A request to s is coming in beside its own connection. */
bool inlet_is_busy(const struct msrp_session *s);
void inlet_attach(struct msrp_conn *c, struct msrp_session *s);
void inlet_detach(struct msrp_session *s);
