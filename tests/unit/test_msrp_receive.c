/* How a message comes together, and when it is given up (RFC 4975 §5.1,
 * §7.3.1).
 */
#include "tests/unit/msrp_world.h"

/* V-MSRP-2 */
static void test_false_end_lines(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	room_says(&r,
		  SEND("t2bb", "Message-ID: m200\r\n",
		       "x\r\n-------t2bbb$\r\n-------t2bb!\r\n--------t2bb$\r\n"
		       "-------t2bb$z",
		       "$"));
	room_hears(&r, OK("t2bb"));
	seat_told(&r.a, "message m200 text/plain 60 x\r\n-------t2bbb$\r\n"
			"-------t2bb!\r\n--------t2bb$\r\n-------t2bb$z\n");
	room_done(&r);
}

/* A message cut at every octet is delivered alike: MSRP-13 */
static void test_any_split(void **state)
{
	const char *text = SEND("t3cc", "Message-ID: m3\r\n", "a\r\n---b", "$");
	struct buf b = BUF_INIT(4096);
	struct room r;

	(void)state;
	room_init(&r);
	expand(&b, &r.a, str_z(text));
	for (size_t i = 0; i < b.n; i++) {
		bufferevent_write(r.p.bev, b.p, i);
		loop_settle(r.w.loop);
		bufferevent_write(r.p.bev, b.p + i, b.n - i);
		room_hears(&r, OK("t3cc"));
		seat_told(&r.a, "message m3 text/plain 7 a\r\n---b\n");
	}
	buf_done(&b);
	room_done(&r);
}

/* V-MSRP-4, V-MSRP-5, MSRP-27, MSRP-28, MSRP-29, MSRP-35 */
static void test_chunks(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	room_says(&r, SEND("t4aa", "Message-ID: m400\r\nByte-Range: 5-8/8\r\n",
			   "EFGH", "$"));
	room_hears(&r, OK("t4aa"));
	seat_told(&r.a, "");
	room_says(&r, SEND("t4bb", "Message-ID: m400\r\nByte-Range: 1-4/8\r\n",
			   "abcd", "+"));
	room_hears(&r, OK("t4bb"));
	seat_told(&r.a, "message m400 text/plain 8 abcdEFGH\n");

	room_says(&r, SEND("t5aa", "Message-ID: m5\r\nByte-Range: 1-*/10\r\n",
			   "abcdef", "+"));
	room_says(&r, SEND("t5bb", "Message-ID: m5\r\nByte-Range: 7-10/10\r\n",
			   "ghij", "$"));
	seat_told(&r.a, "message m5 text/plain 10 abcdefghij\n");
	room_says(&r, SEND("t5cc", "Message-ID: m5\r\nByte-Range: 1-*/10\r\n",
			   "abcdef", "+"));
	room_says(&r, SEND("t5dd", "Message-ID: m5\r\nByte-Range: 7-10/*\r\n",
			   "ghij", "$"));
	seat_told(&r.a, "message m5 text/plain 10 abcdefghij\n");
	room_done(&r);
}

/* MSRP-30: the later data wins */
static void test_overlap(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	room_says(&r, SEND("t1", "Message-ID: m1\r\nByte-Range: 5-8/12\r\n",
			   "5678", "+"));
	room_says(&r, SEND("t2", "Message-ID: m1\r\nByte-Range: 1-6/12\r\n",
			   "abcdef", "+"));
	room_says(&r, SEND("t3", "Message-ID: m1\r\nByte-Range: 8-12/12\r\n",
			   "HIJKL", "$"));
	seat_told(&r.a, "message m1 text/plain 12 abcdef7HIJKL\n");
	room_done(&r);
}

/* MSRP-31 */
static void test_abandoned(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	room_says(&r, SEND("t1", "Message-ID: m1\r\nByte-Range: 1-*/9\r\n",
			   "abc", "+"));
	room_says(&r, SEND("t2", "Message-ID: m1\r\nByte-Range: 4-*/9\r\n", "d",
			   "#"));
	room_hears(&r, OK("t1") OK("t2"));
	room_says(&r, SEND("t3", "Message-ID: m1\r\nByte-Range: 1-*/*\r\n",
			   "new", "$"));
	room_hears(&r, OK("t3"));
	seat_told(&r.a, "message m1 text/plain 3 new\n");
	room_done(&r);
}

/* MSRP-26: a further chunk must say where it belongs */
static void test_chunk_without_range(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	room_says(&r, SEND("t1", "Message-ID: m1\r\nByte-Range: 1-*/9\r\n",
			   "abc", "+"));
	room_says(&r, SEND("t2", "Message-ID: m1\r\n", "d", "$"));
	room_hears(&r, OK("t1") ERROR("t2", "400 Byte-Range is missing"));
	seat_told(&r.a, "");
	room_done(&r);
}

/* ABN-7, MSRP-47: 413 as soon as the total is told or passed; the rest is
 * swallowed */
static void test_too_big(void **state)
{
	struct room r;

	(void)state;
	room_init_limits(&r, (struct msrp_limits){.max_message = 8});
	room_says(&r,
		  "MSRP t1 SEND\r\n{H}Message-ID: m1\r\nByte-Range: 1-*/9\r\n"
		  "Content-Type: text/plain\r\n\r\nabc");
	room_hears(&r, ERROR("t1", "413 Message too big"));
	room_says(&r, "defghi\r\n-------t1$\r\n");
	room_hears(&r, "");
	room_says(&r, "MSRP t2 SEND\r\n{H}Message-ID: m2\r\n"
		      "Content-Type: text/plain\r\n\r\nabcdefgh");
	room_hears(&r, "");
	room_says(&r, "i");
	room_hears(&r, ERROR("t2", "413 Message too big"));
	room_says(&r, "j\r\n-------t2+\r\n");
	room_says(&r, SEND("t3", "Message-ID: m2\r\nByte-Range: 11-*/*\r\n",
			   "k", "$"));
	room_hears(&r, ERROR("t3", "413 Message was given up"));
	room_says(&r, SEND("t4", "Message-ID: m4\r\n", "12345678", "$"));
	room_hears(&r, OK("t4"));
	seat_told(&r.a, "message m4 text/plain 8 12345678\n");
	room_done(&r);
}

/* ABN-10 */
static void test_many_incomplete(void **state)
{
	struct room r;
	char text[512];

	(void)state;
	room_init_limits(&r, (struct msrp_limits){.max_incomplete = 2});
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text),
			 SEND("t%d", "Message-ID: m%d\r\nByte-Range: 1-*/9\r\n",
			      "x", "+"),
			 i, i, i);
		room_says(&r, text);
	}
	room_hears(&r, OK("t0") OK("t1")
			   ERROR("t2", "413 Too many incomplete messages"));
	room_says(&r, SEND("t3", "Message-ID: m1\r\nByte-Range: 2-*/2\r\n", "y",
			   "$"));
	room_hears(&r, OK("t3"));
	seat_told(&r.a, "message m1 text/plain 2 xy\n");
	room_done(&r);
}

/* CHAT-17: the chunk timer, and 413 for what comes after it */
static void test_chunk_timer(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	room_says(&r, SEND("t1", "Message-ID: m1\r\nByte-Range: 1-*/2\r\n", "x",
			   "+"));
	world_wait(&r.w, 539000);
	room_says(&r, SEND("t2", "Message-ID: m2\r\nByte-Range: 1-*/2\r\n", "x",
			   "+"));
	world_wait(&r.w, 2000);
	/* MSRP-54: its sender has been told 200 */
	room_hears(&r,
		   OK("t1") OK("t2") "MSRP ~ REPORT\r\nTo-Path: {A}\r\n"
				     "From-Path: {S}\r\nMessage-ID: m1\r\n"
				     "Byte-Range: 1-1/*\r\nStatus: 000 413\r\n"
				     "-------~$\r\n");
	room_says(&r, SEND("t3", "Message-ID: m1\r\nByte-Range: 2-2/2\r\n", "y",
			   "$"));
	room_hears(&r, ERROR("t3", "413 Message was given up"));
	room_says(&r, SEND("t4", "Message-ID: m2\r\nByte-Range: 2-2/2\r\n", "y",
			   "$"));
	room_hears(&r, OK("t4"));
	seat_told(&r.a, "message m2 text/plain 2 xy\n");
	room_done(&r);
}

/* ABN-8 */
static void test_silent_chunk(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	room_says(&r, "MSRP t1 SEND\r\n{H}Message-ID: m1\r\n"
		      "Content-Type: text/plain\r\n\r\nabc");
	world_wait(&r.w, 50000);
	room_says(&r, "def");
	world_wait(&r.w, 59000);
	seat_told(&r.a, "");
	world_wait(&r.w, 2000);
	seat_told(&r.a, "closed lost\n");
	assert_true(r.p.closed);
	room_done(&r);
}

/* V-ABN-2, MSRP-32 */
static void test_absurd_range(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	room_says(&r, SEND("t1",
			   "Message-ID: m1\r\n"
			   "Byte-Range: 1-*/99999999999999999999\r\n",
			   "x", "$"));
	room_hears(&r, ERROR("t1", "400 Bad header value"));
	seat_told(&r.a, "");
	room_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_false_end_lines),
	    cmocka_unit_test(test_any_split),
	    cmocka_unit_test(test_chunks),
	    cmocka_unit_test(test_overlap),
	    cmocka_unit_test(test_abandoned),
	    cmocka_unit_test(test_chunk_without_range),
	    cmocka_unit_test(test_absurd_range),
	    cmocka_unit_test(test_too_big),
	    cmocka_unit_test(test_many_incomplete),
	    cmocka_unit_test(test_chunk_timer),
	    cmocka_unit_test(test_silent_chunk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
