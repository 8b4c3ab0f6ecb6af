/* The MSRP endpoint: listeners, connections and sessions (RFC 4975).
 *
 * One struct msrp per core owns everything below it. A session is made while
 * SDP is negotiated, gets bound to a connection by the first request that names
 * it (or by connecting out), carries messages both ways and ends by
 * msrp_session_free. All callbacks come from the loop, never from inside a call
 * of the session's owner, except that `message` and `nickname` may be answered
 * inside the callback. */
#pragma once

#include "base/blob.h"
#include "base/loop.h"
#include "base/net.h"
#include "msrp/uri.h"

struct bufferevent;
struct msrp;
struct msrp_session;
struct msrp_incoming;
struct msrp_outgoing;

/* Limits on what a peer sizes; 0 = the default in brackets. */
struct msrp_limits {
	size_t max_message;	   /* octets of one message [10485760] */
	size_t max_incomplete;	   /* open messages per session [8] */
	size_t max_connections;	   /* [20000] */
	size_t max_send_bytes;	   /* unsent octets per session [1048576] */
	size_t max_reports;	   /* awaited, of each sort, per session [64] */
	unsigned first_request_ms; /* accepted, nothing valid yet [30000] */
	unsigned open_chunk_ms;	   /* an open chunk is silent [60000] */
	unsigned chunk_timer_ms; /* an incomplete message is silent [540000] */
	unsigned response_ms;	 /* our request is unanswered [30000] */
};

/* What a peer has to prove whom we connect to by TLS (RFC 4975 §5.4, §14). */
enum msrp_verify {
	MSRP_VERIFY_STRICT,	 /* the name in his URI, or his a=fingerprint */
	MSRP_VERIFY_FINGERPRINT, /* his a=fingerprint, if he gave one */
	MSRP_VERIFY_NONE,	 /* nothing, nor has he who connects to us */
};

/* TLS, 1.2 and later. Files are PEM; "" and NULL are the same. */
struct msrp_tls {
	const char *certificate, /* ours, and those between it and its root */
	    *key;
	const char *ca; /* whom we believe; "": the system's */
	const char
	    *ciphers; /* of TLS 1.2, as OpenSSL lists them; "": our choice */
	enum msrp_verify verify;
};

struct msrp_cfg {
	struct loop *loop;
	const struct listen_spec *listen; /* TCP and TLS */
	size_t n_listen;
	struct str host; /* advertised in our URIs; empty: the listener's own */
	uint16_t port, tls_port; /* likewise, of either kind; 0 */
	struct msrp_tls tls;	 /* needed if a listener is TLS */
	struct msrp_limits limits;
};

/* Binds and listens. 0 with *out given, or negative with a line for the
 * administrator in why ("msrp listen tcp:127.0.0.1:2855: Address already in
 * use"). */
int msrp_new(const struct msrp_cfg *cfg, struct msrp **out, char why[256]);
/* Closes everything; sessions must have been freed. NULL is fine. */
void msrp_free(struct msrp *m);
/* Reads the files again, for connections made from now on; those that are there
 * stay as they are. 0, or negative with a line in why and nothing changed.
 * Without a TLS listener nothing is read. */
int msrp_reload_tls(struct msrp *m, const struct msrp_tls *tls, char why[256]);
/* The values of a=fingerprint for our certificate, one a line (RFC 8122 §5);
 * empty unless it is self-signed (MSRP-76). Lives until the next reload. */
struct str msrp_fingerprints(const struct msrp *m);
/* Is there a listener of this kind, and its real port (0: none)? */
uint16_t msrp_port(const struct msrp *m, bool secure);
/* For tests and for whoever accepts elsewhere: takes an accepted stream over.
 */
void msrp_accept(struct msrp *m, struct bufferevent *take_bev, bool secure,
		 const struct addr *peer);

/* Counters since the start, for metrics. */
struct msrp_stats {
	uint64_t connections, accepted, refused, requests_in, requests_out,
	    bytes_in, bytes_out, congested, limits_hit;
};
const struct msrp_stats *msrp_stats(const struct msrp *m);
/* What there is at this moment. Looks at every connection and session. */
struct msrp_load {
	size_t connections, sessions, queued_bytes;
};
struct msrp_load msrp_load(const struct msrp *m);

enum msrp_failure_report {
	MSRP_FAILURE_YES, /* the default */
	MSRP_FAILURE_PARTIAL,
	MSRP_FAILURE_NO,
};

/* A received message; slices live until the callback returns. A bodiless SEND
 * never gets here: the session answers it itself. */
struct msrp_message {
	struct str message_id;
	struct str content_type;
	struct str body;
	bool has_total; /* of one that is not complete: announced */
	uint64_t total;
	bool success_report;
	enum msrp_failure_report failure_report;
};

/* Names a received request that awaits its answer. Survives until answered or
 * until the session ends; answering twice or late is harmless. */
typedef uint64_t msrp_tx;

/* A message longer than this is not collected but passed on as it comes. */
#define MSRP_LONG 65536

/* Who takes a long message as it comes hears of it in octet order, up to
 * either `end` or `lost`, after which it is gone. */
struct msrp_incoming_ops {
	void (*data)(void *user, struct str data);
	/* All of it has come: 200, or the status of what is wrong after all; 0:
	 * told later, by msrp_session_reply. */
	int (*end)(void *user, msrp_tx tx);
	/* It will never be whole: given up by its sender, over a limit, silent
	 * for too long, or the session is closed or freed. */
	void (*lost)(void *user);
};

enum msrp_closed {
	MSRP_CLOSED_LOST, /* connection closed or reset by the peer, or dead */
	MSRP_CLOSED_UNBOUND, /* connecting out failed */
	MSRP_CLOSED_FAILED,  /* 481 or 506 from the peer, or a failure REPORT */
	MSRP_CLOSED_SLOW,    /* the peer does not read */
	MSRP_CLOSED_ABUSE,   /* it broke a limit or the framing */
	MSRP_CLOSED_UNTRUSTED, /* its certificate is not the peer's */
};

struct msrp_nickname {
	bool bad;	 /* the header is missing or malformed: owes 424 */
	struct str text; /* unquoted; empty to give the nickname up */
	/* From the draft's Set-Nickname: the room that it names, "room@host",
	 * percent-encoded (conference DRAFT-1); else empty. */
	struct str room;
};

/* Any of them may be NULL. In each the session may be freed, and anything be
 * called on it. */
struct msrp_session_ops {
	/* A connection has bound the session: sending is possible now. */
	void (*bound)(void *user);
	/* A message came in whole. Answer with msrp_session_reply, now or
	 * later; the session sends the response and the success REPORT that the
	 * sender asked for (RFC 4975 §7.1.2, §7.2). */
	void (*message)(void *user, msrp_tx tx, const struct msrp_message *m);
	/* NICKNAME (RFC 7701 §7.1). Answer with msrp_session_reply. NULL: it is
	 * answered 501. */
	void (*nickname)(void *user, msrp_tx tx, const struct msrp_nickname *n);
	/* A message sent with a cookie has its final outcome, told once: 200,
	 * an error status of the response or of a failure REPORT, 408 for
	 * silence. With MSRP_FAILURE_PARTIAL silence is success (200, after
	 * response_ms); with MSRP_FAILURE_NO nothing is ever told. What has no
	 * outcome when the session is closed gets none. May be NULL. */
	void (*sent)(void *user, uint64_t cookie, int status);
	/* A message whose outcome was 200 has failed after all, says a REPORT
	 * with this status (RFC 4975 §7.1.2): once, of the last 64 with a
	 * cookie. May be NULL. */
	void (*undelivered)(void *user, uint64_t cookie, int status);
	/* A message sent with success_report and a cookie has arrived, says a
	 * REPORT. May be NULL. */
	void (*reported)(void *user, uint64_t cookie);
	/* The send queue has drained after ERR_CONGESTED. May be NULL. */
	void (*writable)(void *user);
	/* The session has no connection any more. It stays in place (481 to
	 * late requests is given after free) until msrp_session_free. */
	void (*closed)(void *user, enum msrp_closed why);
	/* A message over MSRP_LONG octets has begun: m->body is what there is
	 * of it from its first octet on. Until the owner takes or refuses it
	 * (msrp_incoming_take, msrp_incoming_refuse) he is asked again as more
	 * comes; who takes it goes on from there. NULL: all messages are
	 * collected. */
	void (*flow)(void *user, struct msrp_incoming *in,
		     const struct msrp_message *m);
};

struct msrp_session_cfg {
	bool secure; /* msrps, over TLS */
	/* The SDP path, URIs separated by SP; copied. Empty: not known yet, see
	 * msrp_session_set_path. */
	struct str peer_path;
	/* The values of the peer's a=fingerprint, one a line: his certificate
	 * must match one of them, unless his path has relays, for then it is a
	 * relay's (RFC 6135 §4.3). Copied; what is no fingerprint is ignored.
	 */
	struct str peer_fingerprints;
	size_t peer_max_size; /* 0 = unknown */
	size_t max_message;   /* as of msrp_limits, of its own; 0 = theirs */
	bool peer_sends; /* false: its SEND with content gets 403 (SDP-19) */
	/* The peer is a switch, whose failure REPORTs tell of single messages:
	 * only 481 and 506 end the session (gateway ERR-9). */
	bool peer_is_switch;
	const struct msrp_session_ops *ops;
	void *user;
};

/* 0; ERR_SYNTAX for a bad path, ERR_UNSUPPORTED where no listener of that kind
 * exists, ERR_FULL where its peer could not connect: too many connections, or
 * no descriptor is left. */
int msrp_session_new(struct msrp *m, const struct msrp_session_cfg *cfg,
		     struct msrp_session **out);
/* The peer's path and fingerprints, where our offer came first; may be given
 * once. A connection may have bound the session before, but nothing could be
 * sent. 0, ERR_SYNTAX, ERR_STATE; -EACCES: it is not the peer's connection. */
int msrp_session_set_path(struct msrp_session *s, struct str peer_path,
			  struct str peer_fingerprints);
/* Ends callbacks at once. What is queued is still written, the message being
 * sent is finished or ended with `#`; the connection is closed when no session
 * uses it. */
void msrp_session_free(struct msrp_session *s);
/* Our URI for this session: goes into SDP. Lives as long as the session. */
struct str msrp_session_uri(const struct msrp_session *s);
/* Connects to these addresses of the leftmost URI of the peer's path (or of
 * what RFC 6714 §4.3 puts in its place), one after the other until one answers,
 * and sends a bodiless SEND; content goes after it (RFC 4975 §5.4, MSRP-72).
 * Failure, and n 0, comes as closed(MSRP_CLOSED_UNBOUND). */
void msrp_session_connect_to(struct msrp_session *s, const struct addr *to,
			     size_t n);
/* A re-offer changed what the peer takes or its direction. */
void msrp_session_update(struct msrp_session *s, size_t peer_max_size,
			 bool peer_sends);

/* Answers a received request: status 200..599, comment a short phrase or empty.
 * Nothing goes out where the request's Failure-Report forbids it. */
void msrp_session_reply(struct msrp_session *s, msrp_tx tx, int status,
			const char *comment);

/* The REPORT on this request carries a message/cpim entity (RFC 7701 §6.2). Not
 * after the reply; one over 8192 octets is left out. */
void msrp_session_report_with(struct msrp_session *s, msrp_tx tx,
			      struct blob *entity);

/* Not the reply but msrp_session_report sends the success report that this
 * request asks for, if it does (RFC 7573 §7: when the message has arrived in
 * another network). Not after the reply. Of the last MSRP_HELD_REPORTS. */
#define MSRP_HELD_REPORTS 256
void msrp_session_hold_report(struct msrp_session *s, msrp_tx tx);
/* Sends it, once, and not before the reply; harmless for any other request. */
void msrp_session_report(struct msrp_session *s, msrp_tx tx);

/* This request will be answered 200, but may be found undelivered later: the
 * sender then gets a failure report, unless he wants none (RFC 4975 §7.1.2).
 * Not after the reply; of the last MSRP_HELD_REPORTS. */
void msrp_session_watch(struct msrp_session *s, msrp_tx tx);
/* Sends that, once; harmless for any other Message-ID. */
void msrp_session_undelivered(struct msrp_session *s, struct str message_id,
			      int status);

struct msrp_out {
	struct str content_type;
	struct blob *body; /* borrowed for the call; referenced where needed */
	bool success_report;
	enum msrp_failure_report failure_report;
	uint64_t cookie; /* 0 = the outcome is of no interest */
};
/* Queues one message, chunked as conference MSRP-33 to -35 say. 0;
 * ERR_CONGESTED (nothing queued), ERR_TOO_BIG (over the peer's max-size),
 * ERR_STATE (not bound, or no path). */
int msrp_session_send(struct msrp_session *s, const struct msrp_out *m);

#define MSRP_NICKNAME_VALUE_MAX 2048
/* Sends NICKNAME (RFC 7701 §7.1); value: that of Use-Nickname, quoted. The
 * outcome is told by `sent`: 200, 425, ..., 408 for silence. 0; ERR_SYNTAX (a
 * control character), ERR_TOO_BIG, ERR_STATE, ERR_CONGESTED. */
int msrp_session_nickname(struct msrp_session *s, struct str value,
			  uint64_t cookie);

/* --- long messages, in --- */

/* Only inside `flow`. The session answers its chunks from now on. */
void msrp_incoming_take(struct msrp_incoming *in,
			const struct msrp_incoming_ops *ops, void *user);
/* Inside `flow`, or any time between take and end: an error response to the
 * chunk that is coming, else a REPORT, as its Failure-Report allows
 * (RFC 4975 §7.1.4). What still comes of it is discarded. `lost` does not
 * follow. */
void msrp_incoming_refuse(struct msrp_incoming *in, unsigned status,
			  const char *comment);
/* As msrp_session_report_with. */
void msrp_incoming_report_with(struct msrp_incoming *in, struct blob *entity);
/* Nothing more is read from its connection while any message holds it. */
void msrp_incoming_hold(struct msrp_incoming *in, bool hold);

/* --- long messages, out --- */

struct msrp_outgoing_ops {
	/* The octets that are next, as many as there are in one piece; empty:
	 * none at present. *hyphens: they may hold a part of a run of seven. */
	struct str (*peek)(void *user, bool *hyphens);
	void (*took)(void *user, size_t n); /* that many are written */
	/* It is written to its end, or was given up: the peer refused it, or
	 * the session is closed or freed. The message is gone. Not after
	 * msrp_outgoing_abort. */
	void (*done)(void *user, bool whole);
};

struct msrp_flow {
	struct str content_type;
	bool has_total;
	uint64_t total; /* for the peer; not judged */
	enum msrp_failure_report failure_report;
	const struct msrp_outgoing_ops *ops;
	void *user;
};
/* Sends a message whose octets come later, beside others: it is interrupted
 * for what waits (conference MSRP-33 to -35). Errors as below; too many such
 * messages are ERR_CONGESTED. */
int msrp_session_flow(struct msrp_session *s, const struct msrp_flow *m,
		      struct msrp_outgoing **out);
/* At first, and after an empty peek: there is something now. */
void msrp_outgoing_more(struct msrp_outgoing *o);
/* What peek has still to give is the rest. */
void msrp_outgoing_end(struct msrp_outgoing *o);
/* Ends it with `#`. slow: because its receiver lags behind; the session counts
 * as congested until what is queued has left (`writable`). */
void msrp_outgoing_abort(struct msrp_outgoing *o, bool slow);

/* Unsent octets of this session; of long messages what is in the output. */
size_t msrp_session_pending(const struct msrp_session *s);
