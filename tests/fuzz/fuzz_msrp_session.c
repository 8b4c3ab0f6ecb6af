/* A peer's octets at a session: {S} and {A} in them stand for the session's URI
 * and the peer's, 0xff for time going on, 0xfe for the other one of two
 * connections, which the peer's relay has then, 0xfd for the end of one. The
 * owner answers, sends and goes as they tell. */
#include <assert.h>
#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/buf.h"
#include "msrp/msrp.h"

#define ECHOES_MAX 16

/* A long message that goes back as it comes. */
struct echo {
	struct msrp_incoming *in;
	struct msrp_outgoing *out;
	struct buf data;
	size_t taken;
};

struct owner {
	uint64_t now_ms;
	struct msrp_session *s;
	unsigned messages;
	struct echo echoes[ECHOES_MAX];
	unsigned n_echoes;
};

static uint64_t now(void *user)
{
	const struct owner *o = user;

	return o->now_ms;
}

static void send_back(struct owner *o, struct str body,
		      enum msrp_failure_report failure_report)
{
	struct msrp_out out = {
	    .content_type = STR("text/plain"),
	    .body = blob_new(body),
	    .failure_report = failure_report,
	    .cookie = o->messages,
	};

	msrp_session_send(o->s, &out);
	blob_unref(out.body);
}

static void on_message(void *user, msrp_tx tx, const struct msrp_message *m)
{
	struct owner *o = user;

	assert(m->body.n <= 200000);
	switch (o->messages++ % 4) {
	case 0:
		msrp_session_reply(o->s, tx, 200, "");
		send_back(o, m->body, MSRP_FAILURE_YES);
		break;
	case 1:
		msrp_session_reply(o->s, tx, 413, "no");
		break;
	case 2:
		send_back(o, m->body, MSRP_FAILURE_PARTIAL);
		break;
	default:
		if (m->body.n == 3) {
			msrp_session_free(o->s);
			o->s = NULL;
		}
	}
}

static struct str echo_peek(void *user, bool *hyphens)
{
	struct echo *e = user;

	*hyphens = true;
	return str_from(buf_str(&e->data), e->taken);
}

static void echo_took(void *user, size_t n)
{
	struct echo *e = user;

	e->taken += n;
	assert(e->taken <= e->data.n);
}

static void echo_done(void *user, bool whole)
{
	struct echo *e = user;

	assert(!whole || e->taken == e->data.n);
	e->out = NULL;
}

static const struct msrp_outgoing_ops echo_out = {
    .peek = echo_peek,
    .took = echo_took,
    .done = echo_done,
};

/* The octets tell what becomes of it. */
static void echo_data(void *user, struct str data)
{
	struct echo *e = user;
	struct msrp_incoming *in = e->in;

	assert(in && data.n);
	buf_add(&e->data, data);
	if (e->out)
		msrp_outgoing_more(e->out);
	switch (data.p[0]) {
	case 'H':
		msrp_incoming_hold(in, true);
		break;
	case 'G':
		msrp_incoming_hold(in, false);
		break;
	case 'A':
	case 'S':
		if (e->out)
			msrp_outgoing_abort(e->out, data.p[0] == 'S');
		e->out = NULL;
		break;
	case 'R':
		e->in = NULL;
		msrp_incoming_refuse(in, 400, "no");
		break;
	}
}

static int echo_end(void *user, msrp_tx tx)
{
	struct echo *e = user;

	(void)tx;
	e->in = NULL;
	if (e->out)
		msrp_outgoing_end(e->out);
	return e->data.n % 5 ? 200 : 400;
}

static void echo_lost(void *user)
{
	struct echo *e = user;

	assert(e->in);
	e->in = NULL;
	if (e->out)
		msrp_outgoing_abort(e->out, false);
	e->out = NULL;
}

static const struct msrp_incoming_ops echo_in = {
    .data = echo_data,
    .end = echo_end,
    .lost = echo_lost,
};

static void on_flow(void *user, struct msrp_incoming *in,
		    const struct msrp_message *m)
{
	struct owner *o = user;
	struct echo *e = &o->echoes[o->n_echoes];
	struct msrp_flow flow = {
	    .content_type = m->content_type,
	    .has_total = m->has_total && m->total % 2,
	    .total = m->total,
	    .failure_report = MSRP_FAILURE_PARTIAL,
	    .ops = &echo_out,
	    .user = e,
	};

	assert(m->body.n);
	if (m->body.n < 3)
		return;
	if (o->n_echoes == ECHOES_MAX || m->body.p[0] == 'N') {
		msrp_incoming_refuse(in, 403, "no");
		return;
	}
	o->n_echoes++;
	e->in = in;
	buf_init(&e->data, 1u << 21);
	buf_add(&e->data, m->body);
	msrp_incoming_take(in, &echo_in, e);
	if (msrp_session_flow(o->s, &flow, &e->out))
		e->out = NULL;
	if (e->out)
		msrp_outgoing_more(e->out);
}

static void on_nickname(void *user, msrp_tx tx, const struct msrp_nickname *n)
{
	struct owner *o = user;

	assert(n->text.n < 1024);
	msrp_session_reply(o->s, tx, n->bad ? 424 : 200, "");
}

static void on_sent(void *user, uint64_t cookie, int status)
{
	(void)user;
	assert(cookie && status >= 200);
}

static void on_closed(void *user, enum msrp_closed why)
{
	struct owner *o = user;

	(void)why;
	msrp_session_free(o->s);
	o->s = NULL;
}

static const struct msrp_session_ops ops = {
    .message = on_message,
    .nickname = on_nickname,
    .sent = on_sent,
    .closed = on_closed,
    .flow = on_flow,
};

static void wait_on(struct owner *o, struct loop *loop)
{
	uint64_t end = o->now_ms + 31000;

	while (loop_next_timer(loop) <= end) {
		if (loop_next_timer(loop) > o->now_ms)
			o->now_ms = loop_next_timer(loop);
		loop_settle(loop);
	}
	o->now_ms = end;
}

static struct bufferevent *call(struct loop *loop, struct msrp *m)
{
	struct bufferevent *pair[2];
	struct addr from;

	if (addr_parse(STR("192.0.2.7:9"), &from) ||
	    bufferevent_pair_new(loop_base(loop), 0, pair))
		abort();
	bufferevent_enable(pair[1], EV_READ | EV_WRITE);
	msrp_accept(m, pair[0], false, &from);
	return pair[1];
}

static void put(struct bufferevent *peer, struct str s)
{
	bufferevent_write(peer, s.p, s.n);
}

static void talk(struct owner *o, struct loop *loop,
		 struct bufferevent *peers[2], struct str path, struct str in)
{
	struct buf own = BUF_INIT(4096);
	unsigned at = 0;

	buf_add(&own, msrp_session_uri(o->s));
	while (in.n) {
		size_t n = 1;

		if (str_starts(in, STR("{S}")) || str_starts(in, STR("{A}"))) {
			put(peers[at], in.p[1] == 'S' ? buf_str(&own) : path);
			n = 3;
		} else if ((unsigned char)in.p[0] == 0xff) {
			loop_settle(loop);
			wait_on(o, loop);
		} else if ((unsigned char)in.p[0] == 0xfe) {
			loop_settle(loop);
			at = !at;
		} else if ((unsigned char)in.p[0] == 0xfd) {
			loop_settle(loop);
			bufferevent_flush(peers[at], EV_WRITE, BEV_FINISHED);
		} else {
			put(peers[at], str_of(in.p, 1));
		}
		in = str_from(in, n);
	}
	loop_settle(loop);
	buf_done(&own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct owner o = {.now_ms = 1000};
	struct clock clock = {now, now, &o};
	struct loop *loop = loop_new(NULL, &clock);
	struct msrp_cfg cfg = {
	    .loop = loop,
	    .n_listen = 1,
	    .limits = {.max_message = 200000, .max_send_bytes = 65536},
	};
	struct listen_spec spec;
	struct msrp_session_cfg session = {
	    .peer_path = STR("msrp://a.example:9/a;tcp"),
	    .peer_sends = true,
	    .ops = &ops,
	    .user = &o,
	};
	struct bufferevent *peers[2];
	struct msrp *m;
	char why[256];

	if (listen_spec_parse(STR("tcp:127.0.0.1:0"), &spec))
		abort();
	cfg.listen = &spec;
	if (size && memchr(data, 0xfe, size))
		session.peer_path = STR("msrp://192.0.2.7:2/r;tcp "
					"msrp://a.example:9/a;tcp");
	if (msrp_new(&cfg, &m, why) || msrp_session_new(m, &session, &o.s))
		abort();
	peers[0] = call(loop, m);
	peers[1] = call(loop, m);
	talk(&o, loop, peers, session.peer_path,
	     str_of((const char *)data, size));
	msrp_session_free(o.s);
	for (unsigned i = 0; i < o.n_echoes; i++) {
		assert(!o.echoes[i].in && !o.echoes[i].out);
		buf_done(&o.echoes[i].data);
	}
	bufferevent_free(peers[0]);
	bufferevent_free(peers[1]);
	msrp_free(m);
	loop_settle(loop);
	loop_free(loop);
	return 0;
}
