/* Which reports and answers the sender of a message wants (RFC 4975 §7.1.2,
 * §7.2). */
#include "tests/unit/msrp_world.h"

/* V-MSRP-6, MSRP-52, MSRP-53 */
static void test_success_report(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	room_says(&r, SEND("t6aa",
			   "Message-ID: m600\r\nByte-Range: 1-25/25\r\n"
			   "Success-Report: yes\r\n",
			   "12345678901234567890123", "$"));
	room_hears(&r,
		   OK("t6aa") "MSRP ~ REPORT\r\nTo-Path: {A}\r\n"
			      "From-Path: {S}\r\nMessage-ID: m600\r\n"
			      "Byte-Range: 1-23/23\r\nStatus: 000 200 OK\r\n"
			      "-------~$\r\n");
	room_says(&r, "MSRP t6bb SEND\r\n{H}Message-ID: m601\r\n"
		      "Success-Report: yes\r\n-------t6bb$\r\n");
	room_hears(&r, OK("t6bb") "MSRP ~ REPORT\r\nTo-Path: {A}\r\n"
				  "From-Path: {S}\r\nMessage-ID: m601\r\n"
				  "Byte-Range: 1-0/0\r\nStatus: 000 200 OK\r\n"
				  "-------~$\r\n");
	r.a.reply = 403;
	room_says(&r,
		  SEND("t6cc", "Message-ID: m602\r\nSuccess-Report: yes\r\n",
		       "x", "$"));
	room_hears(&r, ERROR("t6cc", "403"));
	room_done(&r);
}

static msrp_tx held(struct room *r, const char *tid, int status)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "MSRP %s SEND\r\n{H}Message-ID: %s\r\nSuccess-Report: yes\r\n"
		 "Content-Type: text/plain\r\n\r\nx\r\n-------%s$\r\n",
		 tid, tid, tid);
	r->a.reply = 0;
	room_says(r, text);
	msrp_session_hold_report(r->a.s, r->a.tx);
	if (status)
		msrp_session_reply(r->a.s, r->a.tx, status, "");
	return r->a.tx;
}

/* A report that is held goes out when the owner says so, once, and not before
 * the answer; of very many the first are forgotten. */
static void test_held_report(void **state)
{
	struct room r;
	msrp_tx tx, first = 0;
	char tid[16];

	(void)state;
	room_init(&r);
	tx = held(&r, "t7aa", 200);
	room_hears(&r, OK("t7aa"));
	msrp_session_report(r.a.s, tx);
	room_hears(&r, "MSRP ~ REPORT\r\nTo-Path: {A}\r\nFrom-Path: {S}\r\n"
		       "Message-ID: t7aa\r\nByte-Range: 1-1/1\r\n"
		       "Status: 000 200 OK\r\n-------~$\r\n");
	msrp_session_report(r.a.s, tx);
	room_hears(&r, "");
	tx = held(&r, "t7bb", 403);
	room_hears(&r, ERROR("t7bb", "403"));
	msrp_session_report(r.a.s, tx);
	room_hears(&r, "");
	tx = held(&r, "t7cc", 0);
	msrp_session_report(r.a.s, tx);
	room_hears(&r, "");
	msrp_session_reply(r.a.s, tx, 200, "");
	room_hears(&r, OK("t7cc") "MSRP ~ REPORT\r\nTo-Path: {A}\r\n"
				  "From-Path: {S}\r\nMessage-ID: t7cc\r\n"
				  "Byte-Range: 1-1/1\r\nStatus: 000 200 OK\r\n"
				  "-------~$\r\n");
	for (unsigned i = 0; i <= MSRP_HELD_REPORTS; i++) {
		snprintf(tid, sizeof(tid), "many%u", i);
		tx = held(&r, tid, 200);
		first = i ? first : tx;
		peer_got(&r.p);
		buf_clear(&r.p.got);
	}
	msrp_session_report(r.a.s, first);
	room_hears(&r, "");
	room_done(&r);
}

/* V-MSRP-11, MSRP-51 */
static void test_silent_drops(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	room_says(&r, "MSRP tBbb REPORT\r\n{H}Message-ID: nope\r\n"
		      "Status: 000 413 x\r\n-------tBbb$\r\n");
	room_says(&r, "MSRP tBcc 200 OK\r\n{H}-------tBcc$\r\n");
	room_says(&r, "MSRP tBdd 413 Big\r\n{H}-------tBdd$\r\n");
	room_says(&r, "MSRP tBee REPORT\r\n{H}Message-ID: nope\r\n"
		      "Status: 000 maybe\r\n-------tBee$\r\n");
	room_hears(&r, "");
	seat_told(&r.a, "");
	room_done(&r);
}

/* MSRP-46, MSRP-10, MSRP-60: with "no", no error either */
static void test_failure_report(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	room_says(&r,
		  SEND("t1", "Message-ID: m1\r\nFailure-Report: partial\r\n",
		       "x", "$"));
	room_says(&r, SEND("t2", "Message-ID: m2\r\nFailure-Report: no\r\n",
			   "x", "$"));
	room_hears(&r, "");
	r.a.reply = 403;
	room_says(&r,
		  SEND("t3", "Message-ID: m1\r\nFailure-Report: partial\r\n",
		       "x", "$"));
	room_hears(&r, ERROR("t3", "403"));
	room_says(&r, SEND("t4", "Message-ID: m2\r\nFailure-Report: no\r\n",
			   "x", "$"));
	room_hears(&r, "");
	room_says(&r, SEND("t5", "Message-ID: m2\r\nFailure-Report: maybe\r\n",
			   "x", "$"));
	room_hears(&r, ERROR("t5", "400 Bad header value"));
	room_says(&r, SEND("t6", "Message-ID: m2\r\nByte-Range: 0-5/5\r\n", "x",
			   "$"));
	room_hears(&r, ERROR("t6", "400 Bad header value"));
	room_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_success_report),
	    cmocka_unit_test(test_held_report),
	    cmocka_unit_test(test_failure_report),
	    cmocka_unit_test(test_silent_drops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
