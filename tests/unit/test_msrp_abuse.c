/* What is no MSRP, too much of it, or nothing at all. */
#include "tests/unit/msrp_world.h"

/* MSRP-81: an accepted connection that names no session */
static void test_idle_connection(void **state)
{
	struct world w;
	struct peer p;

	(void)state;
	world_init(&w);
	peer_init(&p, &w);
	world_wait(&w, 29000);
	assert_false(p.closed);
	world_wait(&w, 2000);
	assert_true(p.closed);
	peer_done(&p);
	world_done(&w);
}

#define NOBODY "msrp://s.example:1/nobody;tcp"

/* MSRP-81, ABN-14 */
static void test_three_bad(void **state)
{
	struct world w;
	struct peer p;

	(void)state;
	world_init(&w);
	peer_init(&p, &w);
	for (int i = 0; i < 3; i++) {
		assert_false(p.closed);
		peer_says(&p, NULL,
			  "MSRP t1 SEND\r\nTo-Path: " NOBODY "\r\n"
			  "From-Path: {A}\r\n-------t1$\r\n");
		peer_hears(&p, NULL,
			   "MSRP t1 481 No such session\r\n"
			   "To-Path: {A}\r\nFrom-Path: " NOBODY "\r\n"
			   "-------t1$\r\n");
	}
	world_wait(&w, 1000);
	assert_true(p.closed);
	peer_done(&p);
	world_done(&w);
}

/* ABN-6: 400 where somebody can be answered, then the end */
static void test_header_limits(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	room_says(&r, "MSRP t1 SEND\r\n{H}");
	for (int i = 0; i < 63; i++)
		room_says(&r, "X: 1\r\n");
	room_hears(&r, ERROR("t1", "400 Headers too long"));
	seat_told(&r.a, "closed abuse\n");
	world_wait(&r.w, 1000);
	assert_true(r.p.closed);
	room_done(&r);
}

/* V-ABN-1, ABN-5 */
static void test_no_msrp(void **state)
{
	static const struct str octets[] = {
	    {"GET / HTTP/1.1\r\n", 16},
	    {"\x16\x03\x01", 3},
	    {"\r\n", 2},
	};
	struct world w;

	(void)state;
	world_init(&w);
	for (int i = 0; i < 3; i++) {
		struct peer p;

		peer_init(&p, &w);
		peer_sends(&p, NULL, octets[i]);
		peer_hears(&p, NULL, "");
		assert_true(p.closed);
		peer_done(&p);
	}
	world_done(&w);
}

/* V-ABN-4, ABN-6, MSRP-14 */
static void test_odd_octets(void **state)
{
	struct room r;
	struct buf b = BUF_INIT(20000);

	(void)state;
	room_init(&r);
	peer_sends(&r.p, &r.a,
		   STR(SEND("t1", "Message-ID: m1\r\nX: a\0b\r\n", "x", "$")));
	room_hears(&r, ERROR("t1", "400 Control character in a header"));
	peer_sends(&r.p, &r.a,
		   STR(SEND("t2", "Message-ID: m2\r\n", "a\0b", "$")));
	room_hears(&r, OK("t2"));
	assert_true(
	    str_eq(buf_str(&r.a.told), STR("message m2 text/plain 3 a\0b\n")));
	buf_clear(&r.a.told);
	buf_addf(&b, "MSRP t3 SEND\r\n{H}X:%8998d\r\n-------t3$\r\n", 1);
	room_says(&r, buf_z(&b));
	room_hears(&r, ERROR("t3", "400 Headers too long"));
	seat_told(&r.a, "closed abuse\n");
	world_wait(&r.w, 1000);
	assert_true(r.p.closed);
	buf_done(&b);
	room_done(&r);
}

/* MSRP-19 */
static void test_body_of_other_methods(void **state)
{
	struct room r;
	struct buf b = BUF_INIT(65536);

	(void)state;
	room_init(&r);
	buf_addf(&b,
		 "MSRP t1 NICKNAME\r\n{H}Use-Nickname: x\r\n"
		 "Content-Type: a/b\r\n\r\n%10241d\r\n-------t1$\r\n",
		 1);
	room_says(&r, buf_z(&b));
	room_hears(&r, ERROR("t1", "413 Too long for this method"));
	buf_clear(&b);
	buf_addf(&b,
		 "MSRP t2 REPORT\r\n{H}Message-ID: x\r\nStatus: 000 200\r\n"
		 "Content-Type: a/b\r\n\r\n%10241d\r\n-------t2$\r\n",
		 1);
	room_says(&r, buf_z(&b));
	room_hears(&r, "");
	seat_told(&r.a, "");
	buf_done(&b);
	room_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_idle_connection),
	    cmocka_unit_test(test_three_bad),
	    cmocka_unit_test(test_header_limits),
	    cmocka_unit_test(test_no_msrp),
	    cmocka_unit_test(test_odd_octets),
	    cmocka_unit_test(test_body_of_other_methods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
