/* What an MSRP session sends, and what it makes of the answers (RFC 4975 §7.1).
 */
#include "tests/unit/msrp_world.h"

/* A body of n octets, "0123456789..." */
static struct blob *digits(size_t n)
{
	struct blob *b;
	char *p = malloc(n ? n : 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)('0' + i % 10);
	b = blob_new(str_of(p, n));
	free(p);
	return b;
}

static int send_body(struct seat *seat, struct blob *take_body,
		     enum msrp_failure_report failure_report, uint64_t cookie)
{
	struct msrp_out m = {
	    .content_type = STR("text/plain"),
	    .body = take_body,
	    .failure_report = failure_report,
	    .cookie = cookie,
	};
	int err = msrp_session_send(seat->s, &m);

	blob_unref(take_body);
	return err;
}

static void send_text(struct seat *seat, const char *text,
		      enum msrp_failure_report failure_report, uint64_t cookie)
{
	assert_int_equal(
	    send_body(seat, blob_new(str_z(text)), failure_report, cookie), 0);
}

#define TO_PEER "To-Path: {A}\r\nFrom-Path: {S}\r\n"
#define HI                                                                     \
	"MSRP ~ SEND\r\n" TO_PEER "Message-ID: ~\r\nByte-Range: 1-2/2\r\n"     \
	"Content-Type: text/plain\r\n\r\nhi\r\n-------~$\r\n"

/* The peer answers the last SEND of the given pattern. */
static void answers(struct room *r, const char *pattern, const char *status)
{
	struct str tid = wild(peer_got(&r->p), pattern, &r->a, 0);
	struct buf b = BUF_INIT(4096);

	buf_addf(&b, "MSRP %.*s %s\r\n{H}-------%.*s$\r\n", STR_ARG(tid),
		 status, STR_ARG(tid));
	buf_clear(&r->p.got);
	room_says(r, buf_z(&b));
	buf_done(&b);
}

/* MSRP-4, MSRP-33, MSRP-71 */
static void test_small(void **state)
{
	struct room r;
	struct msrp_out m = {
	    .content_type = STR("message/cpim"),
	    .success_report = true,
	    .failure_report = MSRP_FAILURE_PARTIAL,
	};

	(void)state;
	room_init(&r);
	send_text(&r.a, "hi", MSRP_FAILURE_YES, 0);
	room_hears(&r, HI);
	assert_int_equal(msrp_session_send(r.a.s, &m), 0);
	room_hears(&r,
		   "MSRP ~ SEND\r\n" TO_PEER "Message-ID: ~\r\n"
		   "Success-Report: yes\r\nFailure-Report: partial\r\n"
		   "Byte-Range: 1-0/0\r\nContent-Type: message/cpim\r\n\r\n\r\n"
		   "-------~$\r\n");
	assert_int_equal(msrp_session_pending(r.a.s), 0);
	room_done(&r);
}

/* MSRP-72: nothing before the binding; SDP-8 */
static void test_refused(void **state)
{
	struct world w;
	struct room r;
	struct seat a;

	(void)state;
	world_init(&w);
	seat_init(&a, &w);
	assert_int_equal(send_body(&a, digits(2), MSRP_FAILURE_NO, 0),
			 ERR_STATE);
	seat_done(&a);
	world_done(&w);

	room_init(&r);
	msrp_session_update(r.a.s, 3, true);
	assert_int_equal(send_body(&r.a, digits(4), MSRP_FAILURE_NO, 0),
			 ERR_TOO_BIG);
	assert_int_equal(send_body(&r.a, digits(3), MSRP_FAILURE_NO, 0), 0);
	room_done(&r);
}

static void test_outcomes(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	send_text(&r.a, "hi", MSRP_FAILURE_YES, 1);
	answers(&r, HI, "200 OK");
	seat_told(&r.a, "sent 1 200\n");
	send_text(&r.a, "hi", MSRP_FAILURE_YES, 2);
	answers(&r, HI, "415 No");
	seat_told(&r.a, "sent 2 415\n");
	send_text(&r.a, "hi", MSRP_FAILURE_YES, 3);
	answers(&r, HI, "481 Gone");
	seat_told(&r.a, "sent 3 481\nclosed failed\n");
	room_done(&r);
}

/* MSRP-58: also where nothing is kept of the request */
static void test_unkept_request_fails(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	room_says(&r, "MSRP abcd 506 Elsewhere\r\n{H}-------abcd$\r\n");
	seat_told(&r.a, "closed failed\n");
	room_done(&r);
}

/* MSRP-55, ERR-10; ABN-3: three in a row and the session is lost */
static void test_silence(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	send_text(&r.a, "a", MSRP_FAILURE_YES, 1);
	world_wait(&r.w, 29000);
	seat_told(&r.a, "");
	world_wait(&r.w, 1000);
	seat_told(&r.a, "sent 1 408\n");
	send_text(&r.a, "b", MSRP_FAILURE_YES, 2);
	send_text(&r.a, "c", MSRP_FAILURE_YES, 3);
	world_wait(&r.w, 30000);
	seat_told(&r.a, "sent 2 408\nsent 3 408\nclosed lost\n");
	room_done(&r);
}

/* With partial reports silence is success. */
static void test_partial_silence(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	send_text(&r.a, "hi", MSRP_FAILURE_PARTIAL, 7);
	world_wait(&r.w, 30000);
	seat_told(&r.a, "sent 7 200\n");
	room_done(&r);
}

static void reports(struct room *r, const char *status)
{
	struct str id = wild(peer_got(&r->p), HI, &r->a, 1);
	struct buf b = BUF_INIT(4096);

	buf_addf(&b,
		 "MSRP r1r1 REPORT\r\n{H}Message-ID: %.*s\r\n"
		 "Byte-Range: 1-2/2\r\nStatus: %s\r\n-------r1r1$\r\n",
		 STR_ARG(id), status);
	buf_clear(&r->p.got);
	room_says(r, buf_z(&b));
	room_hears(r, "");
	buf_done(&b);
}

/* MSRP-51, MSRP-56 */
static void test_failure_reports(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	send_text(&r.a, "hi", MSRP_FAILURE_YES, 1);
	reports(&r, "000 200 OK");
	seat_told(&r.a, "");
	send_text(&r.a, "hi", MSRP_FAILURE_YES, 2);
	reports(&r, "001 408 x");
	seat_told(&r.a, "");
	send_text(&r.a, "hi", MSRP_FAILURE_YES, 3);
	reports(&r, "000 413 x");
	seat_told(&r.a, "sent 3 413\n");
	send_text(&r.a, "hi", MSRP_FAILURE_YES, 0);
	reports(&r, "000 408 x");
	seat_told(&r.a, "closed failed\n");
	room_done(&r);
}

/* MSRP-33: alone on its connection a message of up to 64 KB is one chunk */
static void test_one_chunk(void **state)
{
	struct room r;
	struct buf want = BUF_INIT(100000);
	struct blob *body = digits(60000);

	(void)state;
	room_init(&r);
	assert_int_equal(send_body(&r.a, blob_ref(body), MSRP_FAILURE_NO, 0),
			 0);
	buf_addz(&want, "MSRP ~ SEND\r\n" TO_PEER "Message-ID: ~\r\n"
			"Failure-Report: no\r\nByte-Range: 1-*/60000\r\n"
			"Content-Type: text/plain\r\n\r\n");
	buf_add(&want, blob_str(body));
	buf_addz(&want, "\r\n-------~$\r\n");
	room_hears(&r, buf_z(&want));
	buf_done(&want);
	blob_unref(body);
	room_done(&r);
}

struct chunk_seen {
	size_t start, n;
	char flag;
	struct str id, tid;
};

/* Takes the next SEND off *rest, every chunk's body being without CR. */
static struct chunk_seen next_chunk(struct str *rest)
{
	struct chunk_seen c = {0};
	ptrdiff_t at = str_search(*rest, STR("Message-ID: "));
	struct str body;

	assert_true(str_starts(*rest, STR("MSRP ")) && at > 0);
	c.tid = str_of(rest->p + 5, 16);
	c.id = str_of(rest->p + at + 12, 16);
	at = str_search(*rest, STR("Byte-Range: "));
	c.start = strtoul(rest->p + at + 12, NULL, 10);
	at = str_search(*rest, STR("\r\n\r\n"));
	body = str_from(*rest, (size_t)at + 4);
	c.n = (size_t)str_search(body, STR("\r\n-------"));
	c.flag = body.p[c.n + 9 + 16];
	*rest = str_from(body, c.n + 9 + 16 + 3);
	return c;
}

/* MSRP-33, MSRP-35: no chunk through a relay exceeds 10000 octets */
static void test_relay_chunks(void **state)
{
	struct world w;
	struct seat a;
	struct peer p;
	struct str got;
	struct chunk_seen first, c;

	(void)state;
	world_init(&w);
	seat_init_path(&a, &w, "msrp://relay.example:1/r;tcp " PEER_PATH);
	peer_init(&p, &w);
	peer_says(&p, &a, BIND);
	peer_got(&p);
	buf_clear(&p.got);
	assert_int_equal(send_body(&a, digits(25000), MSRP_FAILURE_NO, 0), 0);
	got = peer_got(&p);
	assert_true(
	    str_search(got,
		       STR("To-Path: msrp://relay.example:1/r;tcp " PEER_PATH
			   "\r\n")) > 0);
	first = c = next_chunk(&got);
	assert_int_equal(c.start, 1);
	assert_int_equal(c.n, 10000);
	assert_int_equal(c.flag, '+');
	c = next_chunk(&got);
	assert_int_equal(c.start, 10001);
	assert_true(str_eq(c.id, first.id));
	assert_false(str_eq(c.tid, first.tid));
	c = next_chunk(&got);
	assert_int_equal(c.start, 20001);
	assert_int_equal(c.n, 5000);
	assert_int_equal(c.flag, '$');
	assert_int_equal(got.n, 0);
	seat_done(&a);
	peer_done(&p);
	world_done(&w);
}

/* MSRP-34: sessions on one connection take turns with their long messages */
static void test_interruption(void **state)
{
	struct room r;
	struct seat b;
	struct str got;
	size_t a_n = 0, b_n = 0, chunks = 0;
	bool b_before_end_of_a = false;

	(void)state;
	room_init(&r);
	seat_init(&b, &r.w);
	peer_says(&r.p, &b, BIND);
	peer_got(&r.p);
	buf_clear(&r.p.got);
	assert_int_equal(send_body(&r.a, digits(300000), MSRP_FAILURE_NO, 0),
			 0);
	assert_int_equal(send_body(&b, digits(100000), MSRP_FAILURE_NO, 0), 0);
	for (got = peer_got(&r.p); got.n; chunks++) {
		bool of_a =
		    str_search(str_of(got.p, 200), msrp_session_uri(r.a.s)) > 0;
		struct chunk_seen c = next_chunk(&got);
		size_t *n = of_a ? &a_n : &b_n;

		assert_int_equal(c.start, *n + 1);
		*n += c.n;
		assert_true(c.n >= 2048 || c.flag == '$');
		if (!of_a && a_n < 300000)
			b_before_end_of_a = true;
	}
	assert_int_equal(a_n, 300000);
	assert_int_equal(b_n, 100000);
	assert_true(chunks > 4);
	assert_true(b_before_end_of_a);
	seat_done(&b);
	room_done(&r);
}

/* A peer that is not read: nothing is taken from the connection's output. */
static void stop_reading(struct room *r)
{
	bufferevent_setwatermark(r->p.bev, EV_READ, 0, 1);
	bufferevent_disable(r->p.bev, EV_READ);
	loop_settle(r->w.loop);
}

static void read_again(struct room *r)
{
	bufferevent_setwatermark(r->p.bev, EV_READ, 0, 0);
	bufferevent_enable(r->p.bev, EV_READ);
	peer_got(&r->p);
}

/* MSRP-57: the running chunk ends with `#`, no other follows */
static void test_aborted(void **state)
{
	struct room r;
	struct chunk_seen c;
	struct str got;
	struct buf b = BUF_INIT(4096);
	char head[400];

	(void)state;
	room_init(&r);
	stop_reading(&r);
	assert_int_equal(send_body(&r.a, digits(1000000), MSRP_FAILURE_YES, 9),
			 0);
	/* the peer sees the first 20000 octets and has enough */
	bufferevent_setwatermark(r.p.bev, EV_READ, 0, 20000);
	bufferevent_enable(r.p.bev, EV_READ);
	loop_settle(r.w.loop);
	evbuffer_copyout(bufferevent_get_input(r.p.bev), head, sizeof(head));
	got = str_of(head, sizeof(head));
	buf_addf(&b,
		 "MSRP r1 REPORT\r\n{H}Message-ID: %.16s\r\n"
		 "Status: 000 413 x\r\n-------r1$\r\n",
		 head + str_search(got, STR("Message-ID: ")) + 12);
	room_says(&r, buf_z(&b));
	seat_told(&r.a, "sent 9 413\n");
	read_again(&r);
	got = peer_got(&r.p);
	c = next_chunk(&got);
	assert_int_equal(c.start, 1);
	assert_true(c.n < 1000000);
	assert_int_equal(c.flag, '#');
	assert_int_equal(got.n, 0);
	buf_done(&b);
	room_done(&r);
}

/* CHAT-21's measure: over 80% of the limit the session is congested */
static void test_congestion(void **state)
{
	struct room r;
	int sent = 0;

	(void)state;
	room_init_limits(&r, (struct msrp_limits){.max_send_bytes = 100000});
	stop_reading(&r);
	while (send_body(&r.a, digits(1000), MSRP_FAILURE_NO, 0) == 0)
		sent++;
	assert_in_range(sent, 50, 80);
	assert_true(msrp_session_pending(r.a.s) <= 80000);
	assert_int_equal(msrp_stats(r.w.msrp)->congested, 1);
	assert_int_equal(send_body(&r.a, digits(1000), MSRP_FAILURE_NO, 0),
			 ERR_CONGESTED);
	loop_settle(r.w.loop);
	seat_told(&r.a, "");
	read_again(&r);
	seat_told(&r.a, "writable\n");
	assert_int_equal(msrp_session_pending(r.a.s), 0);
	assert_int_equal(send_body(&r.a, digits(1000), MSRP_FAILURE_NO, 0), 0);
	room_done(&r);
}

/* CHAT-21: who reads nothing for 120 s is disconnected */
static void test_slow(void **state)
{
	struct room r;

	(void)state;
	room_init_limits(&r, (struct msrp_limits){.max_send_bytes = 100000});
	stop_reading(&r);
	while (send_body(&r.a, digits(1000), MSRP_FAILURE_NO, 0) == 0)
		;
	world_wait(&r.w, 115000);
	seat_told(&r.a, "");
	world_wait(&r.w, 20000);
	seat_told(&r.a, "closed slow\n");
	room_done(&r);
}

/* A peer that asks and never reads the answers is not read either. */
static void test_unread_answers(void **state)
{
	struct room r;
	struct buf in = BUF_INIT(1 << 20);
	uint64_t before;

	(void)state;
	room_init(&r);
	stop_reading(&r);
	for (int i = 0; i < 1000; i++)
		expand(&in, &r.a, STR(BIND));
	before = msrp_stats(r.w.msrp)->requests_in;
	for (int i = 0; i < 5; i++) {
		bufferevent_write(r.p.bev, in.p, in.n);
		loop_settle(r.w.loop);
	}
	assert_true(msrp_stats(r.w.msrp)->requests_in - before < 5000);
	for (int i = 0; i < 100; i++)
		read_again(&r);
	assert_int_equal(msrp_stats(r.w.msrp)->requests_in - before, 5000);
	buf_done(&in);
	room_done(&r);
}

/* What was queued is still written after the session is freed. */
static void test_freed_with_queue(void **state)
{
	struct room r;
	struct str got;
	struct chunk_seen c;

	(void)state;
	room_init(&r);
	stop_reading(&r);
	assert_int_equal(send_body(&r.a, digits(200000), MSRP_FAILURE_NO, 0),
			 0);
	send_text(&r.a, "bye", MSRP_FAILURE_NO, 0);
	loop_settle(r.w.loop);
	msrp_session_free(r.a.s);
	r.a.s = NULL;
	read_again(&r);
	got = peer_got(&r.p);
	c = next_chunk(&got);
	assert_int_equal(c.n, 200000);
	assert_int_equal(c.flag, '$');
	c = next_chunk(&got);
	assert_int_equal(c.n, 3);
	assert_int_equal(got.n, 0);
	world_wait(&r.w, 5000);
	assert_true(r.p.closed);
	room_done(&r);
}

/* Transaction and Message-IDs never repeat: MSRP-4, MSRP-38 */
static void test_fresh_ids(void **state)
{
	struct room r;
	struct str got, id = STR_NONE, tid = STR_NONE;

	(void)state;
	room_init(&r);
	for (int i = 0; i < 100; i++)
		send_text(&r.a, "x", MSRP_FAILURE_NO, 0);
	for (got = peer_got(&r.p); got.n;) {
		struct chunk_seen c = next_chunk(&got);

		assert_false(str_eq(c.tid, tid));
		assert_false(str_eq(c.id, id));
		id = c.id;
		tid = c.tid;
	}
	room_done(&r);
}

/* The owner may let go of the session when told an outcome or of room to write.
 */
static void test_free_in_callback(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	r.a.free_in_callback = true;
	send_text(&r.a, "a", MSRP_FAILURE_YES, 1);
	send_text(&r.a, "b", MSRP_FAILURE_YES, 2);
	world_wait(&r.w, 30000);
	seat_told(&r.a, "sent 1 408\n");
	room_done(&r);

	room_init_limits(&r, (struct msrp_limits){.max_send_bytes = 100000});
	stop_reading(&r);
	while (send_body(&r.a, digits(1000), MSRP_FAILURE_NO, 0) == 0)
		;
	r.a.free_in_callback = true;
	read_again(&r);
	seat_told(&r.a, "writable\n");
	room_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_small),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_outcomes),
	    cmocka_unit_test(test_unkept_request_fails),
	    cmocka_unit_test(test_silence),
	    cmocka_unit_test(test_partial_silence),
	    cmocka_unit_test(test_failure_reports),
	    cmocka_unit_test(test_one_chunk),
	    cmocka_unit_test(test_relay_chunks),
	    cmocka_unit_test(test_interruption),
	    cmocka_unit_test(test_aborted),
	    cmocka_unit_test(test_congestion),
	    cmocka_unit_test(test_slow),
	    cmocka_unit_test(test_unread_answers),
	    cmocka_unit_test(test_freed_with_queue),
	    cmocka_unit_test(test_fresh_ids),
	    cmocka_unit_test(test_free_in_callback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
