/* Long messages that an MSRP session passes on as they come. */
#include "tests/unit/msrp_world.h"

/* An owner who takes long messages, or refuses them. */
struct inbox {
	struct room r;
	struct buf got;	 /* the octets of the body */
	size_t need;	 /* it waits for so many */
	unsigned refuse; /* with this status */
	int verdict;	 /* on the whole */
	size_t offers;
	struct msrp_incoming *in;
};

static void on_data(void *user, struct str data)
{
	struct inbox *b = user;

	buf_add(&b->got, data);
}

static int on_end(void *user, msrp_tx tx)
{
	struct inbox *b = user;

	(void)tx;
	buf_addz(&b->r.a.told, "end\n");
	b->in = NULL;
	return b->verdict;
}

static void on_lost(void *user)
{
	struct inbox *b = user;

	buf_addz(&b->r.a.told, "lost\n");
	b->in = NULL;
}

static const struct msrp_incoming_ops in_ops = {
    .data = on_data,
    .end = on_end,
    .lost = on_lost,
};

static void on_flow(void *user, struct msrp_incoming *in,
		    const struct msrp_message *m)
{
	struct inbox *b = user;

	b->offers++;
	if (b->refuse) {
		msrp_incoming_refuse(in, b->refuse, "No");
		return;
	}
	if (m->body.n < b->need)
		return;
	if (m->has_total)
		buf_addf(&b->r.a.told, "flow %.*s of %llu\n",
			 STR_ARG(m->message_id), (unsigned long long)m->total);
	else
		buf_addf(&b->r.a.told, "flow %.*s\n", STR_ARG(m->message_id));
	b->in = in;
	buf_add(&b->got, m->body);
	msrp_incoming_take(in, &in_ops, b);
}

static void on_message(void *user, msrp_tx tx, const struct msrp_message *m)
{
	struct inbox *b = user;

	seat_message(&b->r.a, tx, m);
}

static void on_closed(void *user, enum msrp_closed why)
{
	struct inbox *b = user;

	seat_closed(&b->r.a, why);
}

static const struct msrp_session_ops inbox_ops = {
    .message = on_message,
    .closed = on_closed,
    .flow = on_flow,
};

static void inbox_init_limits(struct inbox *b, struct msrp_limits limits)
{
	struct msrp_session_cfg cfg = {
	    .peer_path = STR(PEER_PATH),
	    .peer_sends = true,
	    .ops = &inbox_ops,
	    .user = b,
	};

	*b = (struct inbox){.verdict = 200, .need = 1};
	buf_init(&b->got, SIZE_MAX / 2);
	world_init_limits(&b->r.w, limits);
	b->r.a = (struct seat){.w = &b->r.w, .reply = 200};
	buf_init(&b->r.a.told, SIZE_MAX / 2);
	assert_int_equal(msrp_session_new(b->r.w.msrp, &cfg, &b->r.a.s), 0);
	peer_init(&b->r.p, &b->r.w);
	peer_says(&b->r.p, &b->r.a, BIND);
	peer_hears(&b->r.p, &b->r.a, OK("t1aa"));
}

static void inbox_init(struct inbox *b)
{
	inbox_init_limits(b, (struct msrp_limits){0});
}

static void inbox_done(struct inbox *b)
{
	room_done(&b->r);
	buf_done(&b->got);
}

/* Octet i of every body here. */
static char octet(size_t i)
{
	return (char)('a' + i % 26 - i / 26 % 2 * 32);
}

static void put_chunk(struct buf *out, const char *tid, const char *more,
		      size_t start, size_t n, const char *total, char flag)
{
	buf_addf(out,
		 "MSRP %s SEND\r\n{H}Message-ID: m1\r\n%sByte-Range: "
		 "%zu-*/%s\r\nContent-Type: message/cpim\r\n\r\n",
		 tid, more, start, total);
	for (size_t i = 0; i < n; i++)
		buf_addc(out, octet(start - 1 + i));
	buf_addf(out, "\r\n-------%s%c\r\n", tid, flag);
}

static void chunk(struct inbox *b, const char *tid, const char *more,
		  size_t start, size_t n, const char *total, char flag)
{
	struct buf out = BUF_INIT(SIZE_MAX / 2);

	put_chunk(&out, tid, more, start, n, total, flag);
	peer_sends(&b->r.p, &b->r.a, buf_str(&out));
	buf_done(&out);
}

static void told(struct inbox *b, const char *want)
{
	seat_told(&b->r.a, want);
}

static void hears(struct inbox *b, const char *want)
{
	peer_hears(&b->r.p, &b->r.a, want);
}

static void got(struct inbox *b, size_t n)
{
	assert_int_equal(b->got.n, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(b->got.p[i], octet(i));
}

#define REPORT(range, status)                                                  \
	"MSRP ~ REPORT\r\nTo-Path: {A}\r\nFrom-Path: {S}\r\n"                  \
	"Message-ID: m1\r\nByte-Range: " range "\r\nStatus: 000 " status       \
	"\r\n-------~$\r\n"

/* CHAT-14, MSRP-46, MSRP-53 */
static void test_passed_on(void **state)
{
	struct inbox b;

	(void)state;
	inbox_init(&b);
	chunk(&b, "t1", "Success-Report: yes\r\n", 1, 10, "70000", '+');
	told(&b, "flow m1 of 70000\n");
	hears(&b, OK("t1"));
	got(&b, 10);
	chunk(&b, "t2", "", 11, 40000, "70000", '+');
	hears(&b, OK("t2"));
	got(&b, 40010);
	told(&b, "");
	chunk(&b, "t3", "Failure-Report: partial\r\n", 40011, 29990, "70000",
	      '$');
	got(&b, 70000);
	told(&b, "end\n");
	/* MSRP-36: the first chunk's wish for a report counts */
	hears(&b, REPORT("1-70000/70000", "200 OK"));
	inbox_done(&b);
}

/* SDP-19: who goes on hold has the rest of his message refused; it is over */
static void test_no_longer_sending(void **state)
{
	struct inbox b;

	(void)state;
	inbox_init(&b);
	chunk(&b, "t1", "", 1, 10, "70000", '+');
	told(&b, "flow m1 of 70000\n");
	msrp_session_update(b.r.a.s, 0, false);
	chunk(&b, "t2", "", 11, 69990, "70000", '$');
	hears(&b, OK("t1") ERROR("t2", "403 Not allowed to send"));
	got(&b, 10);
	told(&b, "lost\n");
	inbox_done(&b);
}

/* The owner waits for the end of his headers (CHAT-14). */
static void test_asked_again(void **state)
{
	struct inbox b;

	(void)state;
	inbox_init(&b);
	b.need = 20;
	chunk(&b, "t1", "", 1, 10, "70000", '+');
	chunk(&b, "t2", "", 11, 5, "70000", '+');
	told(&b, "");
	assert_int_equal(b.offers, 2);
	chunk(&b, "t3", "", 16, 69985, "70000", '$');
	told(&b, "flow m1 of 70000\nend\n");
	got(&b, 70000);
	hears(&b, OK("t1") OK("t2") OK("t3"));
	inbox_done(&b);
}

/* An unknown length shows when 64 KB have come; until then the message is
 * collected (CHAT-20). */
static void test_unknown_total(void **state)
{
	struct inbox b;

	(void)state;
	inbox_init(&b);
	chunk(&b, "t1", "", 1, 60000, "*", '+');
	told(&b, "");
	chunk(&b, "t2", "", 60001, 10000, "*", '+');
	told(&b, "flow m1\n");
	chunk(&b, "t3", "", 70001, 1, "*", '$');
	told(&b, "end\n");
	got(&b, 70001);
	/* one that turns out to be short */
	peer_got(&b.r.p);
	buf_clear(&b.r.p.got);
	chunk(&b, "t4", "", 1, 3, "*", '+');
	chunk(&b, "t5", "", 4, 1, "*", '$');
	told(&b, "message m1 message/cpim 4 abcd\n");
	inbox_done(&b);
}

/* Wherever the octets are cut. */
static void test_any_split(void **state)
{
	static const size_t steps[] = {13, 997, 4096, 50000};

	(void)state;
	for (size_t k = 0; k < 4; k++) {
		struct buf raw = BUF_INIT(SIZE_MAX / 2);
		struct buf bytes = BUF_INIT(SIZE_MAX / 2);
		struct inbox b;

		inbox_init(&b);
		put_chunk(&raw, "t1", "", 1, 33000, "*", '+');
		put_chunk(&raw, "t2", "", 33001, 37000, "70000", '$');
		expand(&bytes, &b.r.a, buf_str(&raw));
		for (size_t at = 0; at < bytes.n; at += steps[k]) {
			size_t n = bytes.n - at;

			bufferevent_write(b.r.p.bev, bytes.p + at,
					  n < steps[k] ? n : steps[k]);
			loop_settle(b.r.w.loop);
		}
		told(&b, "flow m1 of 70000\nend\n");
		got(&b, 70000);
		hears(&b, OK("t1") OK("t2"));
		inbox_done(&b);
		buf_done(&raw);
		buf_done(&bytes);
	}
}

/* MSRP-29: in any order, the last one first; what was passed on stays. */
static void test_any_order(void **state)
{
	struct inbox b;

	(void)state;
	inbox_init(&b);
	chunk(&b, "t1", "", 60001, 10000, "70000", '$');
	told(&b, "");
	chunk(&b, "t2", "", 1, 10, "70000", '+');
	told(&b, "flow m1 of 70000\n");
	chunk(&b, "t3", "", 30001, 30000, "70000", '+');
	got(&b, 10);
	chunk(&b, "t4", "", 1, 20, "70000", '+');
	got(&b, 20);
	chunk(&b, "t5", "", 15, 30000, "70000", '+');
	told(&b, "end\n");
	got(&b, 70000);
	hears(&b, OK("t1") OK("t2") OK("t3") OK("t4") OK("t5"));
	inbox_done(&b);
}

/* ABN-10: 4 MiB beyond gaps, in all of a session's messages */
static void test_gaps(void **state)
{
	struct inbox b;

	(void)state;
	inbox_init(&b);
	chunk(&b, "t1", "", 1, 10, "9000000", '+');
	chunk(&b, "t2", "", 100, 4000000, "9000000", '+');
	chunk(&b, "t3", "", 5000000, 200000, "9000000", '+');
	told(&b, "flow m1 of 9000000\nlost\n");
	hears(&b, OK("t1") OK("t2") ERROR("t3", "413 Message too big"));
	inbox_done(&b);
}

/* MSRP-31 */
static void test_abandoned(void **state)
{
	struct inbox b;

	(void)state;
	inbox_init(&b);
	chunk(&b, "t1", "", 1, 70000, "*", '#');
	told(&b, "flow m1\nlost\n");
	hears(&b, OK("t1"));
	inbox_done(&b);
}

/* CHAT-17, MSRP-54 */
static void test_silent(void **state)
{
	struct inbox b;

	(void)state;
	inbox_init(&b);
	chunk(&b, "t1", "", 1, 50, "70000", '+');
	world_wait(&b.r.w, 539000);
	told(&b, "flow m1 of 70000\n");
	chunk(&b, "t2", "", 51, 50, "70000", '+');
	world_wait(&b.r.w, 539000);
	told(&b, "");
	world_wait(&b.r.w, 2000);
	told(&b, "lost\n");
	hears(&b, OK("t1") OK("t2") REPORT("1-100/*", "413"));
	chunk(&b, "t3", "", 101, 50, "70000", '+');
	hears(&b, ERROR("t3", "413 Message was given up"));
	inbox_done(&b);
}

/* ABN-7: announced, and found out */
static void test_over_the_limit(void **state)
{
	struct inbox b;

	(void)state;
	inbox_init_limits(&b, (struct msrp_limits){.max_message = 100000});
	peer_says(&b.r.p, &b.r.a,
		  "MSRP t1 SEND\r\n{H}Message-ID: m1\r\nByte-Range: "
		  "1-*/100001\r\nContent-Type: message/cpim\r\n\r\nab");
	hears(&b, ERROR("t1", "413 Message too big"));
	peer_says(&b.r.p, &b.r.a, "cd\r\n-------t1$\r\n");
	hears(&b, "");
	told(&b, "");
	chunk(&b, "t2", "", 1, 99999, "*", '+');
	told(&b, "flow m1\n");
	chunk(&b, "t3", "", 100000, 5, "*", '+');
	told(&b, "lost\n");
	hears(&b, OK("t2") ERROR("t3", "413 Message too big"));
	inbox_done(&b);
}

/* MSRP-47: at once, while the chunk is still coming */
static void test_refused(void **state)
{
	struct inbox b;

	(void)state;
	inbox_init(&b);
	b.refuse = 403;
	peer_says(&b.r.p, &b.r.a,
		  "MSRP t1 SEND\r\n{H}Message-ID: m1\r\nByte-Range: "
		  "1-*/70000\r\nContent-Type: message/cpim\r\n\r\nab");
	hears(&b, ERROR("t1", "403 No"));
	peer_says(&b.r.p, &b.r.a, "cd\r\n-------t1+\r\n");
	hears(&b, "");
	chunk(&b, "t2", "", 5, 5, "70000", '+');
	hears(&b, ERROR("t2", "413 Message was given up"));
	told(&b, "");
	inbox_done(&b);
}

/* MSRP-54: found out later */
static void test_refused_later(void **state)
{
	struct inbox b;

	(void)state;
	inbox_init(&b);
	chunk(&b, "t1", "Failure-Report: partial\r\n", 1, 50, "70000", '+');
	msrp_incoming_refuse(b.in, 400, "");
	hears(&b, REPORT("1-50/*", "400"));
	chunk(&b, "t2", "", 51, 50, "70000", '+');
	hears(&b, ERROR("t2", "413 Message was given up"));
	inbox_done(&b);

	inbox_init(&b);
	chunk(&b, "t1", "Failure-Report: no\r\n", 1, 50, "70000", '+');
	msrp_incoming_refuse(b.in, 400, "");
	hears(&b, "");
	told(&b, "flow m1 of 70000\n");
	inbox_done(&b);

	inbox_init(&b);
	b.verdict = 400;
	chunk(&b, "t1", "Success-Report: yes\r\n", 1, 70000, "*", '$');
	told(&b, "flow m1\nend\n");
	hears(&b, ERROR("t1", "400"));
	inbox_done(&b);
}

/* A held connection is not read, and nobody counts as silent meanwhile. */
static void test_held(void **state)
{
	struct msrp_out out = {.content_type = STR("text/plain")};
	struct inbox b;

	(void)state;
	inbox_init(&b);
	chunk(&b, "t1", "", 1, 50, "70000", '+');
	peer_got(&b.r.p);
	buf_clear(&b.r.p.got);
	assert_int_equal(msrp_session_send(b.r.a.s, &out), 0);
	msrp_incoming_hold(b.in, true);
	chunk(&b, "t2", "", 51, 50, "70000", '+');
	chunk(&b, "t3", "", 101, 60, "70000", '+');
	got(&b, 50);
	/* ABN-3, ABN-8, CHAT-17 */
	world_wait(&b.r.w, 600000);
	told(&b, "flow m1 of 70000\n");
	msrp_incoming_hold(b.in, false);
	loop_settle(b.r.w.loop);
	got(&b, 160);
	assert_false(b.r.p.closed);
	inbox_done(&b);
}

static void test_gone(void **state)
{
	struct inbox b;

	(void)state;
	inbox_init(&b);
	chunk(&b, "t1", "", 1, 70000, "*", '+');
	msrp_incoming_hold(b.in, true);
	msrp_session_free(b.r.a.s);
	b.r.a.s = NULL;
	told(&b, "flow m1\nlost\n");
	inbox_done(&b);

	inbox_init(&b);
	peer_says(&b.r.p, &b.r.a,
		  "MSRP t1 SEND\r\n{H}Message-ID: m1\r\nByte-Range: "
		  "1-*/70000\r\nContent-Type: message/cpim\r\n\r\nab");
	bufferevent_flush(b.r.p.bev, EV_WRITE, BEV_FINISHED);
	loop_settle(b.r.w.loop);
	told(&b, "flow m1 of 70000\nlost\nclosed lost\n");
	inbox_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_passed_on),
	    cmocka_unit_test(test_no_longer_sending),
	    cmocka_unit_test(test_asked_again),
	    cmocka_unit_test(test_unknown_total),
	    cmocka_unit_test(test_any_split),
	    cmocka_unit_test(test_any_order),
	    cmocka_unit_test(test_gaps),
	    cmocka_unit_test(test_abandoned),
	    cmocka_unit_test(test_silent),
	    cmocka_unit_test(test_over_the_limit),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_refused_later),
	    cmocka_unit_test(test_held),
	    cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
