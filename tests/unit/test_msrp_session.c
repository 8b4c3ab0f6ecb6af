/* Whose a request is, how it is answered, and how a session ends (RFC 4975
 * §5.4, §7.3). */
#include "tests/unit/msrp_world.h"

/* V-MSRP-1, V-MSRP-12, MSRP-66, MSRP-67, MSRP-73 */
static void test_binding(void **state)
{
	struct room r;
	struct peer other;

	(void)state;
	room_init(&r);
	peer_init(&other, &r.w);
	peer_says(&other, &r.a, BIND);
	peer_hears(&other, &r.a,
		   ERROR("t1aa", "506 Session is on another connection"));
	room_says(&r, BIND);
	room_hears(&r, OK("t1aa"));
	seat_told(&r.a, "");
	peer_done(&other);
	room_done(&r);
}

/* MSRP-68: two sessions, one connection */
static void test_shared(void **state)
{
	struct room r;
	struct seat b;

	(void)state;
	room_init(&r);
	seat_init(&b, &r.w);
	peer_says(&r.p, &b, BIND);
	peer_hears(&r.p, &b, OK("t1aa"));
	seat_told(&b, "bound\n");
	peer_says(&r.p, &b, SEND("t1", "Message-ID: m1\r\n", "to b", "$"));
	peer_hears(&r.p, &b, OK("t1"));
	seat_told(&b, "message m1 text/plain 4 to b\n");
	seat_told(&r.a, "");
	msrp_session_free(b.s);
	world_wait(&r.w, 60000);
	b.s = NULL;
	room_says(&r, BIND);
	room_hears(&r, OK("t1aa"));
	seat_done(&b);
	room_done(&r);
}

/* V-MSRP-7, MSRP-46, MSRP-69 */
static void test_whose(void **state)
{
	struct world w;
	struct seat a;
	struct peer p;
	struct buf uri = BUF_INIT(256), in = BUF_INIT(4096);

	(void)state;
	world_init(&w);
	seat_init(&a, &w);
	peer_init(&p, &w);
	/* the last octet of the session-id in the other case, or another one */
	buf_add(&uri, msrp_session_uri(a.s));
	uri.p[uri.n - 5] = uri.p[uri.n - 5] == 'x' ? 'X' : 'x';
	buf_addf(&in,
		 "MSRP t7aa SEND\r\nTo-Path: %s\r\nFrom-Path: {A}\r\n"
		 "-------t7aa$\r\n",
		 buf_z(&uri));
	peer_says(&p, &a, buf_z(&in));
	buf_clear(&in);
	buf_addf(&in,
		 "MSRP t7aa 481 No such session\r\nTo-Path: {A}\r\n"
		 "From-Path: %s\r\n-------t7aa$\r\n",
		 buf_z(&uri));
	peer_hears(&p, &a, buf_z(&in));
	buf_clear(&in);
	buf_addf(&in,
		 "MSRP t7bb SEND\r\nTo-Path: %s\r\nFrom-Path: {A}\r\n"
		 "Failure-Report: no\r\n-------t7bb$\r\n",
		 buf_z(&uri));
	peer_says(&p, &a, buf_z(&in));
	peer_hears(&p, &a, "");
	seat_told(&a, "");
	/* scheme, host and transport know no case */
	buf_clear(&in);
	buf_addf(&in,
		 "MSRP t7cc SEND\r\nTo-Path: MSRP://S.EXAMPLE:%.*s;TCP\r\n"
		 "From-Path: {A}\r\n-------t7cc$\r\n",
		 (int)(uri.n - 17 - 4), msrp_session_uri(a.s).p + 17);
	peer_says(&p, &a, buf_z(&in));
	peer_hears(&p, &a, OK("t7cc"));
	seat_told(&a, "bound\n");
	buf_done(&uri);
	buf_done(&in);
	seat_done(&a);
	peer_done(&p);
	world_done(&w);
}

#define Q "msrps://q.example:2855/z;tcp"

/* V-MSRP-8, MSRP-49, MSRP-52, MSRP-70 */
static void test_relay_paths(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	room_says(&r,
		  "MSRP t8aa SEND\r\nTo-Path: {S}\r\nFrom-Path: " Q " {A}\r\n"
		  "Message-ID: m8\r\nSuccess-Report: yes\r\n"
		  "Content-Type: text/plain\r\n\r\nhi\r\n-------t8aa$\r\n");
	room_hears(&r,
		   "MSRP t8aa 200 OK\r\nTo-Path: " Q "\r\nFrom-Path: {S}\r\n"
		   "-------t8aa$\r\n"
		   "MSRP ~ REPORT\r\nTo-Path: " Q " {A}\r\nFrom-Path: {S}\r\n"
		   "Message-ID: m8\r\nByte-Range: 1-2/2\r\n"
		   "Status: 000 200 OK\r\n-------~$\r\n");
	room_says(&r, "MSRP t8bb NICKNAME\r\nTo-Path: {S}\r\nFrom-Path: " Q
		      " {A}\r\n"
		      "Use-Nickname: \"Ann\"\r\n-------t8bb$\r\n");
	room_hears(&r, "MSRP t8bb 200 OK\r\nTo-Path: " Q " {A}\r\n"
		       "From-Path: {S}\r\n-------t8bb$\r\n");
	room_done(&r);
}

/* V-MSRP-9, MSRP-61, MSRP-69 */
static void test_methods(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	room_says(&r, "MSRP t9zz FOO\r\n{H}-------t9zz$\r\n");
	room_hears(&r, ERROR("t9zz", "501 Unknown method"));
	room_says(&r, "MSRP t9aa AUTH\r\n{H}-------t9aa$\r\n");
	room_hears(&r, ERROR("t9aa", "501 Unknown method"));
	room_says(&r, "MSRP t9bb send\r\n{H}-------t9bb$\r\n");
	room_hears(&r, ERROR("t9bb", "400 Malformed start line"));
	room_says(&r, "MSRP t9cc SEND\r\nTo-Path: {S} {A}\r\nFrom-Path: {A}\r\n"
		      "-------t9cc$\r\n");
	room_hears(&r, ERROR("t9cc", "481 No such session"));
	room_says(&r, "msrp t9zz SEND\r\n");
	room_hears(&r, "");
	assert_true(r.p.closed);
	seat_told(&r.a, "closed abuse\n");
	room_done(&r);
}

/* V-MSRP-10, MSRP-17, MSRP-18, MSRP-21 */
static void test_bodies(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	r.a.reply = 415;
	room_says(&r, SEND("tAaa", "Message-ID: m1\r\n", "", "$"));
	room_hears(&r, ERROR("tAaa", "415"));
	seat_told(&r.a, "message m1 text/plain 0 \n");
	room_says(&r, "MSRP tAbb SEND\r\n{H}-------tAbb$\r\n");
	room_hears(&r, OK("tAbb"));
	room_says(
	    &r, "MSRP tAcc SEND\r\n{H}Message-ID: m2\r\n\r\n-------tAcc$\r\n");
	room_hears(&r, OK("tAcc"));
	room_says(&r, "MSRP tAdd SEND\r\n{H}Message-ID: m3\r\n\r\nx\r\n"
		      "-------tAdd$\r\n");
	room_hears(&r, ERROR("tAdd", "400 Content-Type is missing"));
	room_says(&r, SEND("tAee", "", "x", "$"));
	room_hears(&r, ERROR("tAee", "400 Message-ID is missing"));
	seat_told(&r.a, "");
	room_done(&r);
}

/* An answer may come later, once: MSRP-47 */
static void test_late_answer(void **state)
{
	struct room r;
	msrp_tx first;

	(void)state;
	room_init(&r);
	r.a.reply = 0;
	room_says(&r, SEND("t1", "Message-ID: m1\r\n", "x", "$"));
	first = r.a.tx;
	room_says(&r, SEND("t2", "Message-ID: m2\r\n", "y", "$"));
	room_hears(&r, "");
	msrp_session_reply(r.a.s, r.a.tx, 428, "No private messages");
	msrp_session_reply(r.a.s, first, 200, "");
	msrp_session_reply(r.a.s, first, 403, "");
	room_hears(&r, ERROR("t2", "428 No private messages") OK("t1"));
	room_done(&r);
}

/* SDP-19 */
static void test_sending_not_agreed(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	msrp_session_update(r.a.s, 0, false);
	room_says(&r, SEND("t1", "Message-ID: m1\r\n", "x", "$"));
	room_says(&r, "MSRP t2 SEND\r\n{H}-------t2$\r\n");
	room_hears(&r, ERROR("t1", "403 Not allowed to send") OK("t2"));
	seat_told(&r.a, "");
	room_done(&r);
}

/* ABN-4, MSRP-79: a lost session is not bound again */
static void test_lost(void **state)
{
	struct room r;
	struct peer other;

	(void)state;
	room_init(&r);
	bufferevent_flush(r.p.bev, EV_WRITE, BEV_FINISHED);
	loop_settle(r.w.loop);
	seat_told(&r.a, "closed lost\n");
	peer_init(&other, &r.w);
	peer_says(&other, &r.a, BIND);
	peer_hears(&other, &r.a, ERROR("t1aa", "481 No such session"));
	peer_done(&other);
	room_done(&r);
}

/* MSRP-80: a freed session is unknown, its connection lingers for 5 s */
static void test_linger(void **state)
{
	struct room r;
	struct buf in = BUF_INIT(4096), out = BUF_INIT(4096);

	(void)state;
	room_init(&r);
	expand(&in, &r.a, STR(BIND));
	expand(&out, &r.a, STR(ERROR("t1aa", "481 No such session")));
	msrp_session_free(r.a.s);
	r.a.s = NULL;
	world_wait(&r.w, 4000);
	assert_false(r.p.closed);
	peer_says(&r.p, NULL, buf_z(&in));
	peer_hears(&r.p, NULL, buf_z(&out));
	world_wait(&r.w, 1000);
	assert_true(r.p.closed);
	buf_done(&in);
	buf_done(&out);
	room_done(&r);
}

/* The owner may let go of the session inside any of its callbacks. */
static void test_free_in_callback(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	r.a.free_in_callback = true;
	room_says(&r, SEND("t1", "Message-ID: m1\r\n", "x", "$")
			  SEND("t2", "Message-ID: m2\r\n", "x", "$"));
	assert_null(r.a.s);
	seat_told(&r.a, "message m1 text/plain 1 x\n");
	room_done(&r);

	room_init(&r);
	r.a.free_in_callback = true;
	bufferevent_flush(r.p.bev, EV_WRITE, BEV_FINISHED);
	loop_settle(r.w.loop);
	seat_told(&r.a, "closed lost\n");
	room_done(&r);
}

/* A request still open when its session goes is answered 481. */
static void test_freed_mid_request(void **state)
{
	struct room r;
	struct buf want = BUF_INIT(4096);

	(void)state;
	room_init(&r);
	expand(&want, &r.a, STR(ERROR("t1", "481 No such session")));
	room_says(&r, "MSRP t1 SEND\r\n{H}Message-ID: m1\r\n"
		      "Content-Type: text/plain\r\n\r\nabc");
	msrp_session_free(r.a.s);
	r.a.s = NULL;
	room_says(&r, "def\r\n-------t1$\r\n");
	room_hears(&r, buf_z(&want));
	seat_told(&r.a, "");
	buf_done(&want);
	room_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_binding),
	    cmocka_unit_test(test_shared),
	    cmocka_unit_test(test_whose),
	    cmocka_unit_test(test_relay_paths),
	    cmocka_unit_test(test_methods),
	    cmocka_unit_test(test_bodies),
	    cmocka_unit_test(test_late_answer),
	    cmocka_unit_test(test_sending_not_agreed),
	    cmocka_unit_test(test_lost),
	    cmocka_unit_test(test_linger),
	    cmocka_unit_test(test_free_in_callback),
	    cmocka_unit_test(test_freed_mid_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
