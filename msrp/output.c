#include <errno.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "msrp/conn_priv.h"
#include "msrp/msrp_priv.h"
#include "msrp/send_priv.h"
#include "msrp/session_priv.h"

/* A fast reader of a long message may not hold up the turn longer than this. */
#define WRITES_PER_TURN 4

/* What the bufferevent still has of what it was given. */
static size_t behind(const struct msrp_conn *c)
{
	if (!c->spilled)
		return 0;
	return evbuffer_get_length(bufferevent_get_output(c->bev));
}

size_t conn_unsent(const struct msrp_conn *c)
{
	return c->out.n + c->due_bytes + behind(c);
}

uint64_t conn_put_off(const struct msrp_conn *c)
{
	return c->out_off + c->out.n + c->due_bytes;
}

uint64_t conn_taken_off(const struct msrp_conn *c)
{
	return c->out_off - behind(c);
}

void conn_kick(struct msrp_conn *c)
{
	if (!c->dead)
		defer(c->m->loop, &c->flush, conn_flush, c);
}

struct buf *conn_out(struct msrp_conn *c)
{
	struct msrp *m = c->m;

	if (!c->out.p && m->n_spare) {
		c->out = m->spare[--m->n_spare];
		m->spare_bytes -= c->out.room;
	}
	whole_put_out(c, &c->out);
	return &c->out;
}

/* What was written leaves no buffer behind in an idle connection. */
static void give_back(struct msrp_conn *c)
{
	struct msrp *m = c->m;

	if (m->n_spare == MSRP_SPARE_MAX ||
	    m->spare_bytes + c->out.room > MSRP_SPARE_BYTES) {
		buf_done(&c->out);
		return;
	}
	buf_clear(&c->out);
	m->spare_bytes += c->out.room;
	m->spare[m->n_spare++] = c->out;
	buf_init(&c->out, MSRP_OUT_MAX);
}

void conn_out_free(struct msrp *m)
{
	while (m->n_spare)
		buf_done(&m->spare[--m->n_spare]);
}

struct buf *conn_control(struct msrp_conn *c)
{
	if (!c->tx.message && c->ctl.n == 0)
		return conn_out(c);
	if (c->ctl.n == 0)
		c->ctl_ms = loop_now_ms(c->m->loop);
	return &c->ctl;
}

void conn_respond(struct msrp_conn *c, struct str tid, struct str to_path,
		  struct str from_path, unsigned status, struct str comment)
{
	struct buf *b = conn_control(c);
	struct msrp_frame f = {
	    .tid = tid,
	    .status = status,
	    .comment = comment,
	    .to_path = to_path,
	    .from_path = from_path,
	};

	msrp_put_head(b, &f);
	msrp_put_end(b, tid, false, '$');
	conn_kick(c);
}

void conn_report(struct msrp_conn *c, struct str to_path, struct str from_path,
		 struct str message_id, uint64_t size, unsigned status,
		 const struct blob *entity)
{
	struct buf *b = conn_control(c);
	char tid[MSRP_ID];
	struct msrp_frame f = {
	    .tid = {tid, sizeof(tid)},
	    .method = STR("REPORT"),
	    .to_path = to_path,
	    .from_path = from_path,
	    .message_id = message_id,
	    .range = {true, true, status == 200, 1, size, size},
	    .report_status = status,
	    .comment = status == 200 ? STR("OK") : STR_NONE,
	};

	if (entity && entity->n <= MSRP_REPORT_MAX)
		f.content_type = STR("message/cpim");
	chunk_tid(c->m, blob_str(entity), tid);
	msrp_put_head(b, &f);
	if (f.content_type.n)
		buf_add(b, blob_str(entity));
	msrp_put_end(b, f.tid, f.content_type.n != 0, '$');
	c->m->stats.requests_out++;
	conn_kick(c);
}

/* Octets that the socket takes right now, past the bufferevent; negative: it is
 * broken. */
static ssize_t write_now(struct msrp_conn *c)
{
	ssize_t n = send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL);

	if (n < 0 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return 0;
	return n;
}

/* Hands over what is in `out`: to the socket if it may be, the rest to the
 * bufferevent. False: the connection is gone. */
static bool write_out(struct msrp_conn *c, bool now)
{
	size_t n = 0;

	if (now && c->fd >= 0 && behind(c) == 0) {
		ssize_t sent = write_now(c);

		if (sent < 0) {
			conn_lost(c, MSRP_CLOSED_LOST);
			return false;
		}
		n = (size_t)sent;
		c->spilled = false;
	}
	if (n < c->out.n) {
		c->spilled = true;
		bufferevent_write(c->bev, c->out.p + n, c->out.n - n);
	}
	c->out_off += c->out.n;
	c->m->stats.bytes_out += c->out.n;
	give_back(c);
	return true;
}

static void resume(struct msrp_conn *c)
{
	if (!c->paused || conn_unsent(c) + c->ctl.n > MSRP_OUT_PAUSE / 2)
		return;
	c->paused = false;
	conn_read_or_wait(c);
}

/* A session with less than this to write is congested no more. */
static size_t enough(const struct msrp_session *s)
{
	return s->lagging ? MSRP_OUT_HIGH / 4 : s->m->limits.max_send_bytes / 2;
}

static void tell_writable(struct msrp_conn *c)
{
	struct msrp_session *s, *next;

	if (c->n_congested == 0)
		return;
	/* an owner may free sessions in here; their memory outlives the turn */
	for (s = TAILQ_FIRST(&c->sessions); s; s = next) {
		next = TAILQ_NEXT(s, link);
		if (s->conn != c || !s->congested ||
		    msrp_session_pending(s) >= enough(s) ||
		    s->n_transactions >= MSRP_TRANSACTIONS_MAX / 2)
			continue;
		s->congested = s->lagging = false;
		c->n_congested--;
		if (s->ops->writable)
			s->ops->writable(s->user);
	}
}

static void finish(struct msrp_conn *c)
{
	if (conn_unsent(c))
		return;
	if (c->fd >= 0) /* its own end, or the timer, closes it */
		(void)shutdown(c->fd, SHUT_WR);
	else
		conn_lost(c, MSRP_CLOSED_ABUSE);
}

void conn_flush(void *conn)
{
	struct msrp_conn *c = conn;

	if (c->dead || c->connecting)
		return;
	for (int writes = 0; writes <= WRITES_PER_TURN; writes++) {
		chunk_fill(c);
		if (c->n_due)
			conn_out(c);
		if (c->out.err || c->ctl.err) {
			conn_lost(c, MSRP_CLOSED_SLOW);
			return;
		}
		if (c->out.n == 0)
			break;
		if (!write_out(c, writes < WRITES_PER_TURN))
			return;
	}
	if (c->draining) {
		finish(c);
		return;
	}
	resume(c);
	tell_writable(c);
}
