/* Messages that leave in one frame each, many in a turn, many alike. */
#include "tests/unit/msrp_world.h"

#define TO_PEER "To-Path: {A}\r\nFrom-Path: {S}\r\n"

static void send_out(struct seat *seat, struct blob *body, const char *type,
		     bool success_report,
		     enum msrp_failure_report failure_report)
{
	struct msrp_out m = {
	    .content_type = str_z(type),
	    .body = body,
	    .success_report = success_report,
	    .failure_report = failure_report,
	};

	assert_int_equal(msrp_session_send(seat->s, &m), 0);
}

static void send_quietly(struct seat *seat, const char *text)
{
	struct blob *body = blob_new(str_z(text));

	send_out(seat, body, "text/plain", false, MSRP_FAILURE_NO);
	blob_unref(body);
}

/* One body, whatever else differs. */
static void test_options(void **state)
{
	struct room r;
	struct blob *body = blob_new(STR("hi"));

	(void)state;
	room_init(&r);
	send_out(&r.a, body, "text/plain", false, MSRP_FAILURE_NO);
	send_out(&r.a, body, "text/plain", false, MSRP_FAILURE_PARTIAL);
	send_out(&r.a, body, "text/plain", true, MSRP_FAILURE_PARTIAL);
	send_out(&r.a, body, "text/html", true, MSRP_FAILURE_PARTIAL);
	blob_unref(body);
#define FRAME(reports, type)                                                   \
	"MSRP ~ SEND\r\n" TO_PEER "Message-ID: ~\r\n" reports                  \
	"Byte-Range: 1-2/2\r\nContent-Type: " type "\r\n\r\nhi\r\n"            \
	"-------~$\r\n"
	peer_hears(&r.p, &r.a,
		   FRAME("Failure-Report: no\r\n", "text/plain")
		       FRAME("Failure-Report: partial\r\n", "text/plain")
			   FRAME("Success-Report: yes\r\n"
				 "Failure-Report: partial\r\n",
				 "text/plain")
			       FRAME("Success-Report: yes\r\n"
				     "Failure-Report: partial\r\n",
				     "text/html"));
	room_done(&r);
}

/* The numbers of the bodies "<n>" and of the answers that came, in order. */
static void order_of(struct str got, struct buf *out)
{
	while (got.n) {
		ptrdiff_t at = str_search(got, STR("\r\n<"));
		ptrdiff_t answer = str_search(got, STR(" 200 OK"));
		bool is_answer = answer >= 0 && (at < 0 || answer < at);

		if (at < 0 && answer < 0)
			break;
		if (is_answer) {
			buf_addc(out, 'A');
			got = str_from(got, (size_t)answer + 7);
		} else {
			got = str_from(got, (size_t)at + 3);
			buf_add(out, str_of(got.p, 2));
		}
		buf_addc(out, ' ');
	}
}

/* More than wait as they are, with other requests and answers between them. */
static void test_order(void **state)
{
	struct room r;
	struct buf order = BUF_INIT(4096), want = BUF_INIT(4096);

	(void)state;
	room_init(&r);
	r.a.reply = 0;
	peer_says(&r.p, &r.a,
		  "MSRP t2bb SEND\r\n{H}Message-ID: m1\r\n"
		  "Content-Type: text/plain\r\n\r\nx\r\n-------t2bb$\r\n");
	for (int i = 10; i < 60; i++) {
		struct blob *body;
		char text[8];

		snprintf(text, sizeof(text), "<%d>", i);
		body = blob_new(str_z(text));
		send_out(&r.a, body, "text/plain", false,
			 i == 20 ? MSRP_FAILURE_YES : MSRP_FAILURE_NO);
		blob_unref(body);
		buf_addf(&want, "%d ", i);
		if (i == 33) {
			msrp_session_reply(r.a.s, r.a.tx, 200, "");
			buf_addz(&want, "A ");
		}
	}
	assert_true(msrp_session_pending(r.a.s) > 50 * 100);
	order_of(peer_got(&r.p), &order);
	assert_string_equal(buf_z(&order), buf_z(&want));
	assert_int_equal(msrp_session_pending(r.a.s), 0);
	buf_done(&order);
	buf_done(&want);
	room_done(&r);
}

/* What is queued when its session is freed is still written. */
static void test_freed(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	send_quietly(&r.a, "<10>");
	send_quietly(&r.a, "<11>");
	msrp_session_free(r.a.s);
	r.a.s = NULL;
	assert_true(str_search(peer_got(&r.p), STR("\r\n<10>\r\n")) > 0);
	assert_true(str_search(peer_got(&r.p), STR("\r\n<11>\r\n")) > 0);
	room_done(&r);
}

/* What is queued when its connection goes is forgotten. */
static void test_lost(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	send_quietly(&r.a, "<10>");
	bufferevent_flush(r.p.bev, EV_WRITE, BEV_FINISHED);
	loop_settle(r.w.loop);
	seat_told(&r.a, "closed lost\n");
	room_done(&r);
}

/* The fields of the frame that starts here; *rest goes on behind it. */
static void read_ids(struct str *rest, struct str *tid, struct str *id)
{
	ptrdiff_t at = str_search(*rest, STR("Message-ID: "));

	assert_true(str_starts(*rest, STR("MSRP ")) && at > 0);
	*tid = str_of(rest->p + 5, 16);
	*id = str_of(rest->p + at + 12, 16);
	at = str_search(*rest, STR("$\r\n"));
	assert_true(at > 0);
	*rest = str_from(*rest, (size_t)at + 3);
}

static int by_text(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static void all_differ(char (*ids)[16], size_t n)
{
	qsort(ids, n, sizeof(*ids), by_text);
	for (size_t i = 1; i < n; i++)
		assert_memory_not_equal(ids[i - 1], ids[i], sizeof(*ids));
}

/* MSRP-4: unique; more than one random start is counted on from. */
static void test_ids(void **state)
{
	enum { N = 9000 };
	char(*tids)[16] = malloc(N * sizeof(*tids));
	char(*ids)[16] = malloc(N * sizeof(*ids));
	struct room r;
	struct str got;

	(void)state;
	room_init(&r);
	for (size_t i = 0; i < N; i++) {
		send_quietly(&r.a, "hi");
		if (i % 100 == 0)
			loop_settle(r.w.loop);
	}
	got = peer_got(&r.p);
	for (size_t i = 0; i < N; i++) {
		struct str tid, id;

		read_ids(&got, &tid, &id);
		memcpy(tids[i], tid.p, 16);
		memcpy(ids[i], id.p, 16);
	}
	assert_int_equal(got.n, 0);
	/* the counting octets are the last two */
	assert_memory_not_equal(tids[0], tids[N - 1], 14);
	all_differ(tids, N);
	all_differ(ids, N);
	free(tids);
	free(ids);
	room_done(&r);
}

/* RFC 4975 §7.1: no body ends early, whatever hyphens it has. */
static void test_hyphens(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	send_quietly(&r.a, "a\r\n-------\r\n-------abc$\r\n");
	peer_hears(&r.p, &r.a,
		   "MSRP ~ SEND\r\n" TO_PEER "Message-ID: ~\r\n"
		   "Failure-Report: no\r\nByte-Range: 1-25/25\r\n"
		   "Content-Type: text/plain\r\n\r\n"
		   "a\r\n-------\r\n-------abc$\r\n\r\n-------~$\r\n");
	room_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_options), cmocka_unit_test(test_order),
	    cmocka_unit_test(test_freed),   cmocka_unit_test(test_lost),
	    cmocka_unit_test(test_ids),	    cmocka_unit_test(test_hyphens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
