/* Long messages that an MSRP session sends while they still come. */
#include "tests/unit/msrp_world.h"

/* What supplies one. */
struct source {
	struct seat *seat;
	struct buf data;
	size_t taken;
	struct msrp_outgoing *out; /* NULL: done */
	bool whole;
};

static struct str on_peek(void *user, bool *hyphens)
{
	struct source *s = user;

	*hyphens = true;
	return str_from(buf_str(&s->data), s->taken);
}

static void on_took(void *user, size_t n)
{
	struct source *s = user;

	s->taken += n;
}

static void on_done(void *user, bool whole)
{
	struct source *s = user;

	s->out = NULL;
	s->whole = whole;
}

static const struct msrp_outgoing_ops out_ops = {
    .peek = on_peek,
    .took = on_took,
    .done = on_done,
};

static int begin(struct source *s, struct seat *seat, uint64_t total)
{
	struct msrp_flow flow = {
	    .content_type = STR("message/cpim"),
	    .has_total = total != 0,
	    .total = total,
	    .failure_report = MSRP_FAILURE_PARTIAL,
	    .ops = &out_ops,
	    .user = s,
	};

	*s = (struct source){.seat = seat};
	buf_init(&s->data, SIZE_MAX / 2);
	return msrp_session_flow(seat->s, &flow, &s->out);
}

/* A room whose seat has begun a message. */
static void room_begin(struct room *r, struct source *s, uint64_t total)
{
	room_init(r);
	assert_int_equal(begin(s, &r->a, total), 0);
}

static void more(struct source *s, struct str data)
{
	buf_add(&s->data, data);
	if (s->out)
		msrp_outgoing_more(s->out);
	loop_settle(s->seat->w->loop);
}

static void more_digits(struct source *s, size_t n)
{
	char *p = malloc(n);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)('0' + i % 10);
	more(s, str_of(p, n));
	free(p);
}

static void end(struct source *s)
{
	msrp_outgoing_end(s->out);
	loop_settle(s->seat->w->loop);
}

static void source_done(struct source *s)
{
	if (s->out)
		msrp_outgoing_abort(s->out, false);
	buf_done(&s->data);
}

static void send_text(struct seat *seat, const char *text)
{
	struct msrp_out m = {
	    .content_type = STR("text/plain"),
	    .body = blob_new(str_z(text)),
	    .failure_report = MSRP_FAILURE_NO,
	};

	assert_int_equal(msrp_session_send(seat->s, &m), 0);
	blob_unref(m.body);
	loop_settle(seat->w->loop);
}

/* How much of the output is there; the rest of the test does not care which
 * octets. */
static struct str heard(struct room *r)
{
	return peer_got(&r->p);
}

static bool has(struct str s, const char *what)
{
	return str_search(s, str_z(what)) >= 0;
}

static bool ends(struct str s, const char *what)
{
	return str_ends(s, str_z(what));
}

#define PATHS "To-Path: {A}\r\nFrom-Path: {S}\r\n"
#define HEAD(range)                                                            \
	"MSRP ~ SEND\r\n" PATHS "Message-ID: ~\r\nFailure-Report: partial\r\n" \
	"Byte-Range: " range "\r\nContent-Type: message/cpim\r\n\r\n"
#define HI                                                                     \
	"MSRP ~ SEND\r\n" PATHS "Message-ID: ~\r\nFailure-Report: no\r\n"      \
	"Byte-Range: 1-2/2\r\nContent-Type: text/plain\r\n\r\nhi\r\n"          \
	"-------~$\r\n"

/* CHAT-16, CHAT-19, MSRP-33 */
static void test_as_it_comes(void **state)
{
	struct room r;
	struct source s;

	(void)state;
	room_begin(&r, &s, 8);
	room_hears(&r, "");
	more(&s, STR("abc"));
	room_hears(&r, HEAD("1-*/8") "abc");
	more(&s, STR("defgh"));
	room_hears(&r, "defgh");
	end(&s);
	room_hears(&r, "\r\n-------~$\r\n");
	assert_null(s.out);
	assert_true(s.whole);
	source_done(&s);

	assert_int_equal(begin(&s, &r.a, 0), 0);
	more(&s, STR("abc"));
	end(&s);
	room_hears(&r, HEAD("1-*/*") "abc\r\n-------~$\r\n");
	source_done(&s);
	room_done(&r);
}

/* MSRP-34, MSRP-35: a source that stands still holds no connection */
static void test_stalled(void **state)
{
	struct room r;
	struct source s;
	struct str first;
	struct buf again = BUF_INIT(4096);

	(void)state;
	room_begin(&r, &s, 8);
	more(&s, STR("abc"));
	world_wait(&r.w, 999);
	first = wild(heard(&r), HEAD("1-*/8") "abc", &r.a, 1);
	buf_addf(&again, "Message-ID: %.*s\r\n", STR_ARG(first));
	buf_clear(&r.p.got);
	world_wait(&r.w, 2);
	room_hears(&r, "\r\n-------~+\r\n");
	send_text(&r.a, "hi");
	room_hears(&r, HI);
	more(&s, STR("def"));
	assert_true(has(heard(&r), buf_z(&again)));
	room_hears(&r, HEAD("4-*/8") "def");
	world_wait(&r.w, 1001);
	room_hears(&r, "\r\n-------~+\r\n");
	/* its end comes with nothing more */
	end(&s);
	room_hears(&r, HEAD("7-6/8") "\r\n-------~$\r\n");
	source_done(&s);
	buf_done(&again);
	room_done(&r);
}

/* MSRP-15: whoever knows the transaction id can't end the chunk with it */
static void test_end_line_inside(void **state)
{
	struct room r;
	struct source s;
	char mark[24] = "--------";

	(void)state;
	for (size_t cut = 0; cut <= 24; cut++) {
		struct buf want = BUF_INIT(4096);

		room_init(&r);
		assert_int_equal(begin(&s, &r.a, 0), 0);
		more(&s, STR("x\r\n-"));
		memcpy(mark + 8,
		       wild(heard(&r), HEAD("1-*/*") "x\r\n-", &r.a, 0).p, 16);
		buf_clear(&r.p.got);
		more(&s, str_of(mark, cut));
		more(&s, str_of(mark + cut, 24 - cut));
		more(&s, STR("$\r\nrest"));
		end(&s);
		/* eight hyphens after the first one: the last seven count */
		buf_addf(&want, "%.23s\r\n-------~+\r\n" HEAD("28-*/*"), mark);
		buf_addf(&want, "%c$\r\nrest\r\n-------~$\r\n", mark[23]);
		room_hears(&r, buf_z(&want));
		source_done(&s);
		buf_done(&want);
		room_done(&r);
	}
}

/* Hyphens and parts of the mark are let pass. */
static void test_nearly_end_line(void **state)
{
	struct room r;
	struct source s;
	struct buf body = BUF_INIT(4096);

	(void)state;
	room_begin(&r, &s, 0);
	more(&s, STR("x"));
	buf_addz(&body, "\r\n-------");
	buf_add(&body,
		str_of(wild(heard(&r), HEAD("1-*/*") "x", &r.a, 0).p, 15));
	buf_addz(&body, "-$\r\n----------------------");
	buf_clear(&r.p.got);
	more(&s, buf_str(&body));
	room_hears(&r, buf_z(&body));
	source_done(&s);
	loop_settle(r.w.loop);
	buf_done(&body);
	room_done(&r);
}

/* MSRP-34: what is short does not wait for what is long, but many clients end
 * the session when a chunk is followed by another: it waits a second. */
static void test_short_ones_between(void **state)
{
	struct room r;
	struct source s;

	(void)state;
	room_begin(&r, &s, 0);
	more_digits(&s, 3000);
	send_text(&r.a, "hi");
	more_digits(&s, 3000);
	assert_false(has(heard(&r), "text/plain"));
	world_wait(&r.w, 900);
	more_digits(&s, 3000);
	assert_false(has(heard(&r), "text/plain"));
	world_wait(&r.w, 200);
	buf_clear(&r.p.got);
	more_digits(&s, 3000);
	assert_true(str_starts(heard(&r), STR("\r\n-------")) ||
		    str_starts(heard(&r), STR("MSRP ")));
	assert_true(has(heard(&r), "\r\n\r\nhi\r\n"));
	assert_true(has(heard(&r), "Byte-Range: 9001-*/*"));
	source_done(&s);
	room_done(&r);
}

/* MSRP-34: nor may one who brings his few octets just before each second is
 * over keep everybody else from talking */
static void test_dribble(void **state)
{
	struct room r;
	struct source s;

	(void)state;
	room_begin(&r, &s, 0);
	more_digits(&s, 10);
	send_text(&r.a, "hi");
	for (int i = 0; i < 3; i++) {
		world_wait(&r.w, 300);
		more_digits(&s, 10);
		assert_false(has(heard(&r), "\r\n\r\nhi\r\n"));
	}
	world_wait(&r.w, 300);
	buf_clear(&r.p.got);
	more_digits(&s, 10);
	assert_true(str_starts(heard(&r), STR("\r\n-------")));
	assert_true(has(heard(&r), "\r\n\r\nhi\r\n"));
	assert_true(has(heard(&r), "Byte-Range: 41-*/*"));
	source_done(&s);
	room_done(&r);
}

/* MSRP-34: others on the same connection do not wait */
static void test_shared(void **state)
{
	struct room r;
	struct source s;
	struct seat b;

	(void)state;
	room_init(&r);
	seat_init(&b, &r.w);
	peer_says(&r.p, &b,
		  "MSRP t2aa SEND\r\n{H}Message-ID: m200\r\nByte-Range: 1-0/0"
		  "\r\n-------t2aa$\r\n");
	heard(&r);
	buf_clear(&r.p.got);
	assert_int_equal(begin(&s, &r.a, 0), 0);
	more_digits(&s, 3000);
	send_text(&b, "hi");
	assert_true(has(heard(&r), "\r\n\r\nhi\r\n"));
	/* not even for a short chunk, if its octets come too slowly */
	buf_clear(&r.p.got);
	more_digits(&s, 10);
	send_text(&b, "hm");
	world_wait(&r.w, 900);
	more_digits(&s, 10);
	assert_false(has(heard(&r), "\r\n\r\nhm\r\n"));
	world_wait(&r.w, 200);
	more_digits(&s, 10);
	assert_true(has(heard(&r), "\r\n\r\nhm\r\n"));
	/* nor does its own session's short message */
	buf_clear(&r.p.got);
	more_digits(&s, 3000);
	send_text(&r.a, "ho");
	assert_true(has(heard(&r), "\r\n\r\nho\r\n"));
	source_done(&s);
	seat_done(&b);
	room_done(&r);
}

/* Two at a time take turns. */
static void test_two(void **state)
{
	struct room r;
	struct source s, t;

	(void)state;
	room_begin(&r, &s, 0);
	assert_int_equal(begin(&t, &r.a, 0), 0);
	more_digits(&s, 3000);
	more_digits(&t, 3000);
	assert_int_equal(t.taken, 0);
	world_wait(&r.w, 500);
	more_digits(&s, 3000);
	world_wait(&r.w, 600);
	more_digits(&s, 3000);
	assert_int_equal(t.taken, 3000);
	end(&s);
	end(&t);
	world_wait(&r.w, 1000);
	assert_true(s.whole && t.whole);
	source_done(&s);
	source_done(&t);
	room_done(&r);
}

/* MSRP-31, CHAT-17: who has had a part of it is told */
static void test_aborted(void **state)
{
	struct room r;
	struct source s;

	(void)state;
	room_begin(&r, &s, 0);
	more(&s, STR("abc"));
	buf_clear(&r.p.got);
	msrp_outgoing_abort(s.out, false);
	s.out = NULL;
	assert_true(ends(heard(&r), "#\r\n"));
	buf_clear(&r.p.got);
	source_done(&s);
	/* between two chunks */
	assert_int_equal(begin(&s, &r.a, 8), 0);
	more(&s, STR("abc"));
	world_wait(&r.w, 1001);
	assert_true(ends(heard(&r), "+\r\n"));
	buf_clear(&r.p.got);
	source_done(&s);
	room_hears(&r, HEAD("4-*/8") "\r\n-------~#\r\n");
	/* nothing of it was out */
	assert_int_equal(begin(&s, &r.a, 0), 0);
	source_done(&s);
	send_text(&r.a, "hi");
	room_hears(&r, HI);
	room_done(&r);
}

/* MSRP-57: a 413 for the chunk that is being written, and a REPORT */
static void test_refused(void **state)
{
	struct room r;
	struct source s;
	struct buf b = BUF_INIT(4096);
	struct str id;

	(void)state;
	for (int how = 0; how < 2; how++) {
		room_init(&r);
		assert_int_equal(begin(&s, &r.a, 0), 0);
		more(&s, STR("abc"));
		id = wild(heard(&r), HEAD("1-*/*") "abc", &r.a, how ? 1 : 0);
		buf_clear(&b);
		if (how)
			buf_addf(&b,
				 "MSRP r1 REPORT\r\n{H}Message-ID: %.*s\r\n"
				 "Status: 000 413\r\n-------r1$\r\n",
				 STR_ARG(id));
		else
			buf_addf(&b, "MSRP %.*s 413 x\r\n{H}-------%.*s$\r\n",
				 STR_ARG(id), STR_ARG(id));
		buf_clear(&r.p.got);
		peer_says(&r.p, &r.a, buf_z(&b));
		room_hears(&r, "\r\n-------~#\r\n");
		assert_null(s.out);
		assert_false(s.whole);
		send_text(&r.a, "hi");
		room_hears(&r, HI);
		source_done(&s);
		room_done(&r);
	}
	buf_done(&b);
}

/* MSRP-33: relays take no more than 10240 octets at a time */
static void test_relayed(void **state)
{
	struct room r;
	struct source s;

	(void)state;
	world_init(&r.w);
	seat_init_path(&r.a, &r.w, "msrp://relay.example:9/r;tcp " PEER_PATH);
	peer_init(&r.p, &r.w);
	peer_says(&r.p, &r.a, BIND);
	heard(&r);
	buf_clear(&r.p.got);
	assert_int_equal(begin(&s, &r.a, 25000), 0);
	more_digits(&s, 25000);
	end(&s);
	assert_true(has(heard(&r), "Byte-Range: 1-*/25000"));
	assert_true(has(heard(&r), "Byte-Range: 10001-*/25000"));
	assert_true(has(heard(&r), "Byte-Range: 20001-*/25000"));
	assert_true(ends(heard(&r), "$\r\n"));
	source_done(&s);
	room_done(&r);
}

/* SDP-8: the peer's max-size, announced and found out */
static void test_too_big(void **state)
{
	struct room r;
	struct source s;

	(void)state;
	room_init(&r);
	msrp_session_update(r.a.s, 1000, true);
	assert_int_equal(begin(&s, &r.a, 1001), ERR_TOO_BIG);
	assert_int_equal(begin(&s, &r.a, 0), 0);
	more_digits(&s, 900);
	assert_non_null(s.out);
	more_digits(&s, 900);
	assert_null(s.out);
	assert_true(ends(heard(&r), "#\r\n"));
	source_done(&s);
	room_done(&r);
}

static void test_gone(void **state)
{
	struct room r;
	struct source s;

	(void)state;
	room_begin(&r, &s, 0);
	more(&s, STR("abc"));
	msrp_session_free(r.a.s);
	r.a.s = NULL;
	assert_null(s.out);
	assert_true(ends(heard(&r), "#\r\n"));
	source_done(&s);
	room_done(&r);

	room_begin(&r, &s, 0);
	more(&s, STR("abc"));
	bufferevent_flush(r.p.bev, EV_WRITE, BEV_FINISHED);
	loop_settle(r.w.loop);
	assert_null(s.out);
	assert_false(s.whole);
	source_done(&s);
	assert_int_equal(begin(&s, &r.a, 0), ERR_STATE);
	source_done(&s);
	room_done(&r);
}

/* CHAT-21: who lags behind counts as congested until he has caught up; for
 * 120 s: he is lost */
static void test_lagging(void **state)
{
	struct room r;
	struct source s;

	(void)state;
	for (int reads = 0; reads < 2; reads++) {
		room_init(&r);
		bufferevent_disable(r.p.bev, EV_READ);
		bufferevent_setwatermark(r.p.bev, EV_READ, 0, 4096);
		assert_int_equal(begin(&s, &r.a, 0), 0);
		more_digits(&s, 200000);
		assert_true(s.taken < 200000);
		msrp_outgoing_abort(s.out, true);
		s.out = NULL;
		source_done(&s);
		seat_told(&r.a, "");
		assert_int_equal(begin(&s, &r.a, 0), ERR_CONGESTED);
		source_done(&s);
		world_wait(&r.w, 100000);
		if (reads) {
			bufferevent_setwatermark(r.p.bev, EV_READ, 0, 0);
			bufferevent_enable(r.p.bev, EV_READ);
			assert_true(ends(heard(&r), "#\r\n"));
			seat_told(&r.a, "writable\n");
		}
		world_wait(&r.w, 40000);
		if (!reads)
			seat_told(&r.a, "closed slow\n");
		room_done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_as_it_comes),
	    cmocka_unit_test(test_stalled),
	    cmocka_unit_test(test_end_line_inside),
	    cmocka_unit_test(test_nearly_end_line),
	    cmocka_unit_test(test_short_ones_between),
	    cmocka_unit_test(test_dribble),
	    cmocka_unit_test(test_shared),
	    cmocka_unit_test(test_two),
	    cmocka_unit_test(test_aborted),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_relayed),
	    cmocka_unit_test(test_too_big),
	    cmocka_unit_test(test_gone),
	    cmocka_unit_test(test_lagging),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
