/* The body of a long message on its way: one source, many listeners, none of
 * them holding it whole. All read from the same few pieces. What the slowest
 * has not read yet is kept up to `window` octets; then the source is held, and
 * who is alone in being slow is cut off after a while, so that nobody slows
 * the others for long and memory never grows (RFC 7701 §6.4). Pure but for the
 * loop's timers. */
#pragma once

#include <sys/queue.h>

#include "base/loop.h"
#include "base/str.h"

struct stream;
struct stream_piece;

/* Holds shorter than this are nobody's fault. */
#define STREAM_TICK_MS 100
/* How long the slower half may hold one message up, at a time and in all. Less
 * than a second at a time: after that the others' chunks would be ended, which
 * many clients do not take (conference MSRP-33, -34). */
#define STREAM_HOLD_MS	800
#define STREAM_GRACE_MS 2000
/* A listener who reads nothing at all while he holds the message up. */
#define STREAM_STALL_MS 30000
/* The same when all of it has come and nobody waits for him. */
#define STREAM_LINGER_MS 120000

struct stream_source {
	struct loop *loop;
	size_t window; /* octets kept for the slowest listener */
	/* Whether the source should pause. Not called by stream_listen nor
	 * after stream_finish and stream_abort. */
	void (*hold)(void *user, bool hold);
	void *user;
};

enum stream_end {
	STREAM_WHOLE,	/* all of it has come; the rest is still to be read */
	STREAM_ABORTED, /* there will be no more of it */
	STREAM_SLOW,	/* as above, for this listener, who was too slow */
};

struct stream_listener_ops {
	/* At first, and after a stream_peek that gave nothing: there is
	 * something now. Inside stream_put or stream_listen. */
	void (*more)(void *user);
	/* Told once. After STREAM_WHOLE the rest can be read; after the others
	 * the listener is out of the stream, and may be freed in here. */
	void (*ended)(void *user, enum stream_end how);
};

/* Embedded in its owner. */
struct stream_listener {
	struct stream *stream; /* NULL: none */
	TAILQ_ENTRY(stream_listener) link;
	struct stream_piece *piece; /* what it reads; NULL: nothing came yet */
	uint64_t at;		    /* octets it has read */
	uint64_t moved_ms;
	bool starving;
	const struct stream_listener_ops *ops;
	void *user;
};

/* A stream with one reference, that of its source. */
struct stream *stream_new(const struct stream_source *source);
struct stream *stream_ref(struct stream *s);
void stream_unref(struct stream *s); /* NULL is fine */

/* By the source: more of the body; its end, whole or not, after which the
 * source is not called again. */
void stream_put(struct stream *s, struct str data);
void stream_finish(struct stream *s);
void stream_abort(struct stream *s);

/* From the first octet on. 0; ERR_STATE: it is too late for that. */
int stream_listen(struct stream *s, struct stream_listener *l,
		  const struct stream_listener_ops *ops, void *user);
/* Not in a stream: nothing happens. */
void stream_leave(struct stream_listener *l);
/* What comes next, as much as there is in one piece; empty: nothing yet.
 * *hyphens: a run of seven may begin, go on or end in it. */
struct str stream_peek(struct stream_listener *l, bool *hyphens);
/* n octets of that have been read. */
void stream_took(struct stream_listener *l, size_t n);
/* Octets that are kept. */
size_t stream_kept(const struct stream *s);
