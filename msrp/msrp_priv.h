/* The endpoint, which all the files of msrp/ know:
 *
 *   listen.c     the endpoint: listeners, accepting
 *   tls.c        TLS contexts and streams
 *   verify.c     is a TLS peer who he should be
 *   fingerprint.c  certificates' hashes in SDP
 *   conn.c       one stream: life, reading, the timers
 *   output.c     one stream: answers, reports, flushing
 *   whole.c      messages that go out in one piece
 *   outgoing.c   messages that wait for their chunks
 *   chunk.c      chunks that go out
 *   request.c    a received request: whose is it, may it be
 *   receive.c    a received SEND: its chunks, the whole message
 *   answer.c     what its owner answers to it, and reports of success
 *   inflow.c     received messages that are passed on as they come
 *   inlet.c      where a relay speaks to us on a connection of its own
 *   transact.c   what comes back for what we sent
 *   awaited.c    messages of which a report is to come
 *   connect.c    a session that connects to its peer
 *   session.c    the public face of a session
 *
 * What more they share stands in conn_priv.h, session_priv.h, receive_priv.h
 * and send_priv.h.
 */
#pragma once

#include <sys/queue.h>

#include "base/buf.h"
#include "msrp/msrp.h"

/* Output buffers that no connection needs now: how many are kept, and octets.
 */
#define MSRP_SPARE_MAX	 1024
#define MSRP_SPARE_BYTES 8388608

#define MSRP_ID 16 /* octets of a transaction or Message-ID of ours */

struct msrp_conn;
struct msrp_session;
struct ssl_ctx_st; /* OpenSSL's headers and base/err.h share a name */
TAILQ_HEAD(conns, msrp_conn);
TAILQ_HEAD(sessions, msrp_session);

struct listener {
	struct msrp *m;
	struct evconnlistener *ev;
	bool secure;
	uint16_t port;
	char host[72]; /* as in a URI */
};

struct msrp {
	struct loop *loop;
	struct msrp_limits limits;
	struct msrp_stats stats;
	struct listener *listeners;
	size_t n_listeners;
	struct timer accept_again;
	struct ssl_ctx_st *server_tls, *client_tls;
	enum msrp_verify verify;
	struct buf fingerprints; /* of our own certificate */
	struct table *sessions;	 /* by session-id */
	struct conns conns;
	size_t n_conns;
	unsigned next_conn;
	uint64_t next_tx;
	char host[256];	      /* advertised; empty: the listener's */
	uint16_t port[2];     /* likewise, plain and secure; 0 */
	char id[MSRP_ID + 1]; /* what the next ids begin with */
	unsigned id_left;
	struct whole *whole;		  /* the last one sent, or NULL */
	struct buf spare[MSRP_SPARE_MAX]; /* allocated, empty */
	size_t n_spare, spare_bytes;
};

/* 16 alphanumerics that no other id of this endpoint has, nearly all of them
 * random. */
void msrp_id(struct msrp *m, char id[MSRP_ID]);

/* listen.c */
/* Would a connection that is made now find no place (ABN-15)? */
bool listen_full(const struct msrp *m);

/* tls.c */
/* Also in place of what there is: 0, or negative and nothing changed. */
int tls_load(struct msrp *m, const struct msrp_tls *tls, char why[256]);
void tls_free(struct msrp *m);
struct bufferevent *tls_accept(struct msrp *m, int fd);
/* name: the host to ask for (SNI), empty: none. */
struct bufferevent *tls_connect(struct msrp *m, struct str name);
/* Sends the closing alert and empties OpenSSL's queue of errors. */
void tls_close(struct bufferevent *bev);
/* Why the stream failed, or NULL. Empties the queue, too. */
const char *tls_failure(struct bufferevent *bev);
