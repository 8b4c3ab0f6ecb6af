/* What an MSRP session does with what it receives (RFC 4975 §5.4, §7.2, §7.3).
 */
#include "tests/unit/msrp_world.h"

static void says(struct room *r, const char *text)
{
	peer_says(&r->p, &r->a, text);
}

static void hears(struct room *r, const char *want)
{
	peer_hears(&r->p, &r->a, want);
}

#define SEND(tid, headers, body, flag)                                         \
	"MSRP " tid " SEND\r\n{H}" headers                                     \
	"Content-Type: text/plain\r\n\r\n" body "\r\n-------" tid flag "\r\n"
#define ERROR(tid, line)                                                       \
	"MSRP " tid " " line                                                   \
	"\r\nTo-Path: {A}\r\nFrom-Path: {S}\r\n-------" tid "$\r\n"

/* V-MSRP-1, V-MSRP-12, MSRP-66, MSRP-67, MSRP-73 */
static void test_binding(void **state)
{
	struct room r;
	struct peer other;

	(void)state;
	room_init(&r);
	assert_true(msrp_session_bound(r.a.s));
	peer_init(&other, &r.w);
	peer_says(&other, &r.a, BIND);
	peer_hears(&other, &r.a,
		   ERROR("t1aa", "506 Session is on another connection"));
	says(&r, BIND);
	hears(&r, OK("t1aa"));
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
	says(&r, BIND);
	hears(&r, OK("t1aa"));
	seat_done(&b);
	room_done(&r);
}

/* V-MSRP-2 */
static void test_false_end_lines(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	says(&r, SEND("t2bb", "Message-ID: m200\r\n",
		      "x\r\n-------t2bbb$\r\n-------t2bb!\r\n--------t2bb$\r\n"
		      "-------t2bb$z",
		      "$"));
	hears(&r, OK("t2bb"));
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
		hears(&r, OK("t3cc"));
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
	says(&r, SEND("t4aa", "Message-ID: m400\r\nByte-Range: 5-8/8\r\n",
		      "EFGH", "$"));
	hears(&r, OK("t4aa"));
	seat_told(&r.a, "");
	says(&r, SEND("t4bb", "Message-ID: m400\r\nByte-Range: 1-4/8\r\n",
		      "abcd", "+"));
	hears(&r, OK("t4bb"));
	seat_told(&r.a, "message m400 text/plain 8 abcdEFGH\n");

	says(&r, SEND("t5aa", "Message-ID: m5\r\nByte-Range: 1-*/10\r\n",
		      "abcdef", "+"));
	says(&r, SEND("t5bb", "Message-ID: m5\r\nByte-Range: 7-10/10\r\n",
		      "ghij", "$"));
	seat_told(&r.a, "message m5 text/plain 10 abcdefghij\n");
	says(&r, SEND("t5cc", "Message-ID: m5\r\nByte-Range: 1-*/10\r\n",
		      "abcdef", "+"));
	says(&r, SEND("t5dd", "Message-ID: m5\r\nByte-Range: 7-10/*\r\n",
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
	says(&r, SEND("t1", "Message-ID: m1\r\nByte-Range: 5-8/12\r\n", "5678",
		      "+"));
	says(&r, SEND("t2", "Message-ID: m1\r\nByte-Range: 1-6/12\r\n",
		      "abcdef", "+"));
	says(&r, SEND("t3", "Message-ID: m1\r\nByte-Range: 8-12/12\r\n",
		      "HIJKL", "$"));
	seat_told(&r.a, "message m1 text/plain 12 abcdef7HIJKL\n");
	room_done(&r);
}

/* V-MSRP-6, MSRP-52, MSRP-53 */
static void test_success_report(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	says(&r, SEND("t6aa",
		      "Message-ID: m600\r\nByte-Range: 1-25/25\r\n"
		      "Success-Report: yes\r\n",
		      "12345678901234567890123", "$"));
	hears(&r, OK("t6aa") "MSRP ~ REPORT\r\nTo-Path: {A}\r\n"
			     "From-Path: {S}\r\nMessage-ID: m600\r\n"
			     "Byte-Range: 1-23/23\r\nStatus: 000 200 OK\r\n"
			     "-------~$\r\n");
	says(&r, "MSRP t6bb SEND\r\n{H}Message-ID: m601\r\n"
		 "Success-Report: yes\r\n-------t6bb$\r\n");
	hears(&r, OK("t6bb") "MSRP ~ REPORT\r\nTo-Path: {A}\r\n"
			     "From-Path: {S}\r\nMessage-ID: m601\r\n"
			     "Byte-Range: 1-0/0\r\nStatus: 000 200 OK\r\n"
			     "-------~$\r\n");
	r.a.reply = 403;
	says(&r, SEND("t6cc", "Message-ID: m602\r\nSuccess-Report: yes\r\n",
		      "x", "$"));
	hears(&r, ERROR("t6cc", "403"));
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
	says(r, text);
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
	hears(&r, OK("t7aa"));
	msrp_session_report(r.a.s, tx);
	hears(&r, "MSRP ~ REPORT\r\nTo-Path: {A}\r\nFrom-Path: {S}\r\n"
		  "Message-ID: t7aa\r\nByte-Range: 1-1/1\r\n"
		  "Status: 000 200 OK\r\n-------~$\r\n");
	msrp_session_report(r.a.s, tx);
	hears(&r, "");
	tx = held(&r, "t7bb", 403);
	hears(&r, ERROR("t7bb", "403"));
	msrp_session_report(r.a.s, tx);
	hears(&r, "");
	tx = held(&r, "t7cc", 0);
	msrp_session_report(r.a.s, tx);
	hears(&r, "");
	msrp_session_reply(r.a.s, tx, 200, "");
	hears(&r, OK("t7cc") "MSRP ~ REPORT\r\nTo-Path: {A}\r\n"
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
	hears(&r, "");
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
	says(&r, "MSRP t8aa SEND\r\nTo-Path: {S}\r\nFrom-Path: " Q " {A}\r\n"
		 "Message-ID: m8\r\nSuccess-Report: yes\r\n"
		 "Content-Type: text/plain\r\n\r\nhi\r\n-------t8aa$\r\n");
	hears(&r, "MSRP t8aa 200 OK\r\nTo-Path: " Q "\r\nFrom-Path: {S}\r\n"
		  "-------t8aa$\r\n"
		  "MSRP ~ REPORT\r\nTo-Path: " Q " {A}\r\nFrom-Path: {S}\r\n"
		  "Message-ID: m8\r\nByte-Range: 1-2/2\r\n"
		  "Status: 000 200 OK\r\n-------~$\r\n");
	says(&r,
	     "MSRP t8bb NICKNAME\r\nTo-Path: {S}\r\nFrom-Path: " Q " {A}\r\n"
	     "Use-Nickname: \"Ann\"\r\n-------t8bb$\r\n");
	hears(&r, "MSRP t8bb 200 OK\r\nTo-Path: " Q " {A}\r\n"
		  "From-Path: {S}\r\n-------t8bb$\r\n");
	room_done(&r);
}

/* V-MSRP-9, MSRP-61, MSRP-69 */
static void test_methods(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	says(&r, "MSRP t9zz FOO\r\n{H}-------t9zz$\r\n");
	hears(&r, ERROR("t9zz", "501 Unknown method"));
	says(&r, "MSRP t9aa AUTH\r\n{H}-------t9aa$\r\n");
	hears(&r, ERROR("t9aa", "501 Unknown method"));
	says(&r, "MSRP t9bb send\r\n{H}-------t9bb$\r\n");
	hears(&r, ERROR("t9bb", "400 Malformed start line"));
	says(&r, "MSRP t9cc SEND\r\nTo-Path: {S} {A}\r\nFrom-Path: {A}\r\n"
		 "-------t9cc$\r\n");
	hears(&r, ERROR("t9cc", "481 No such session"));
	says(&r, "msrp t9zz SEND\r\n");
	hears(&r, "");
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
	says(&r, SEND("tAaa", "Message-ID: m1\r\n", "", "$"));
	hears(&r, ERROR("tAaa", "415"));
	seat_told(&r.a, "message m1 text/plain 0 \n");
	says(&r, "MSRP tAbb SEND\r\n{H}-------tAbb$\r\n");
	hears(&r, OK("tAbb"));
	says(&r, "MSRP tAcc SEND\r\n{H}Message-ID: m2\r\n\r\n-------tAcc$\r\n");
	hears(&r, OK("tAcc"));
	says(&r, "MSRP tAdd SEND\r\n{H}Message-ID: m3\r\n\r\nx\r\n"
		 "-------tAdd$\r\n");
	hears(&r, ERROR("tAdd", "400 Content-Type is missing"));
	says(&r, SEND("tAee", "", "x", "$"));
	hears(&r, ERROR("tAee", "400 Message-ID is missing"));
	seat_told(&r.a, "");
	room_done(&r);
}

/* V-MSRP-11, MSRP-51 */
static void test_silent_drops(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	says(&r, "MSRP tBbb REPORT\r\n{H}Message-ID: nope\r\n"
		 "Status: 000 413 x\r\n-------tBbb$\r\n");
	says(&r, "MSRP tBcc 200 OK\r\n{H}-------tBcc$\r\n");
	says(&r, "MSRP tBdd 413 Big\r\n{H}-------tBdd$\r\n");
	says(&r, "MSRP tBee REPORT\r\n{H}Message-ID: nope\r\n"
		 "Status: 000 maybe\r\n-------tBee$\r\n");
	hears(&r, "");
	seat_told(&r.a, "");
	room_done(&r);
}

/* MSRP-46, MSRP-10, MSRP-60: with "no", no error either */
static void test_failure_report(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	says(&r, SEND("t1", "Message-ID: m1\r\nFailure-Report: partial\r\n",
		      "x", "$"));
	says(&r,
	     SEND("t2", "Message-ID: m2\r\nFailure-Report: no\r\n", "x", "$"));
	hears(&r, "");
	r.a.reply = 403;
	says(&r, SEND("t3", "Message-ID: m1\r\nFailure-Report: partial\r\n",
		      "x", "$"));
	hears(&r, ERROR("t3", "403"));
	says(&r,
	     SEND("t4", "Message-ID: m2\r\nFailure-Report: no\r\n", "x", "$"));
	hears(&r, "");
	says(&r, SEND("t5", "Message-ID: m2\r\nFailure-Report: maybe\r\n", "x",
		      "$"));
	hears(&r, ERROR("t5", "400 Bad header value"));
	says(&r,
	     SEND("t6", "Message-ID: m2\r\nByte-Range: 0-5/5\r\n", "x", "$"));
	hears(&r, ERROR("t6", "400 Bad header value"));
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
	says(&r, SEND("t1", "Message-ID: m1\r\n", "x", "$"));
	first = r.a.tx;
	says(&r, SEND("t2", "Message-ID: m2\r\n", "y", "$"));
	hears(&r, "");
	msrp_session_reply(r.a.s, r.a.tx, 428, "No private messages");
	msrp_session_reply(r.a.s, first, 200, "");
	msrp_session_reply(r.a.s, first, 403, "");
	hears(&r, ERROR("t2", "428 No private messages") OK("t1"));
	room_done(&r);
}

/* MSRP-31 */
static void test_abandoned(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	says(&r,
	     SEND("t1", "Message-ID: m1\r\nByte-Range: 1-*/9\r\n", "abc", "+"));
	says(&r,
	     SEND("t2", "Message-ID: m1\r\nByte-Range: 4-*/9\r\n", "d", "#"));
	hears(&r, OK("t1") OK("t2"));
	says(&r,
	     SEND("t3", "Message-ID: m1\r\nByte-Range: 1-*/*\r\n", "new", "$"));
	hears(&r, OK("t3"));
	seat_told(&r.a, "message m1 text/plain 3 new\n");
	room_done(&r);
}

/* MSRP-26: a further chunk must say where it belongs */
static void test_chunk_without_range(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	says(&r,
	     SEND("t1", "Message-ID: m1\r\nByte-Range: 1-*/9\r\n", "abc", "+"));
	says(&r, SEND("t2", "Message-ID: m1\r\n", "d", "$"));
	hears(&r, OK("t1") ERROR("t2", "400 Byte-Range is missing"));
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
	says(&r, "MSRP t1 SEND\r\n{H}Message-ID: m1\r\nByte-Range: 1-*/9\r\n"
		 "Content-Type: text/plain\r\n\r\nabc");
	hears(&r, ERROR("t1", "413 Message too big"));
	says(&r, "defghi\r\n-------t1$\r\n");
	hears(&r, "");
	says(&r, "MSRP t2 SEND\r\n{H}Message-ID: m2\r\n"
		 "Content-Type: text/plain\r\n\r\nabcdefgh");
	hears(&r, "");
	says(&r, "i");
	hears(&r, ERROR("t2", "413 Message too big"));
	says(&r, "j\r\n-------t2+\r\n");
	says(&r,
	     SEND("t3", "Message-ID: m2\r\nByte-Range: 11-*/*\r\n", "k", "$"));
	hears(&r, ERROR("t3", "413 Message was given up"));
	says(&r, SEND("t4", "Message-ID: m4\r\n", "12345678", "$"));
	hears(&r, OK("t4"));
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
		says(&r, text);
	}
	hears(&r, OK("t0") OK("t1")
		      ERROR("t2", "413 Too many incomplete messages"));
	says(&r,
	     SEND("t3", "Message-ID: m1\r\nByte-Range: 2-*/2\r\n", "y", "$"));
	hears(&r, OK("t3"));
	seat_told(&r.a, "message m1 text/plain 2 xy\n");
	room_done(&r);
}

/* CHAT-17: the chunk timer, and 413 for what comes after it */
static void test_chunk_timer(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	says(&r,
	     SEND("t1", "Message-ID: m1\r\nByte-Range: 1-*/2\r\n", "x", "+"));
	world_wait(&r.w, 539000);
	says(&r,
	     SEND("t2", "Message-ID: m2\r\nByte-Range: 1-*/2\r\n", "x", "+"));
	world_wait(&r.w, 2000);
	/* MSRP-54: its sender has been told 200 */
	hears(&r, OK("t1") OK("t2") "MSRP ~ REPORT\r\nTo-Path: {A}\r\n"
				    "From-Path: {S}\r\nMessage-ID: m1\r\n"
				    "Byte-Range: 1-1/*\r\nStatus: 000 413\r\n"
				    "-------~$\r\n");
	says(&r,
	     SEND("t3", "Message-ID: m1\r\nByte-Range: 2-2/2\r\n", "y", "$"));
	hears(&r, ERROR("t3", "413 Message was given up"));
	says(&r,
	     SEND("t4", "Message-ID: m2\r\nByte-Range: 2-2/2\r\n", "y", "$"));
	hears(&r, OK("t4"));
	seat_told(&r.a, "message m2 text/plain 2 xy\n");
	room_done(&r);
}

/* ABN-8 */
static void test_silent_chunk(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	says(&r, "MSRP t1 SEND\r\n{H}Message-ID: m1\r\n"
		 "Content-Type: text/plain\r\n\r\nabc");
	world_wait(&r.w, 50000);
	says(&r, "def");
	world_wait(&r.w, 59000);
	seat_told(&r.a, "");
	world_wait(&r.w, 2000);
	seat_told(&r.a, "closed lost\n");
	assert_true(r.p.closed);
	room_done(&r);
}

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
	says(&r, "MSRP t1 SEND\r\n{H}");
	for (int i = 0; i < 63; i++)
		says(&r, "X: 1\r\n");
	hears(&r, ERROR("t1", "400 Headers too long"));
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

/* V-ABN-2, MSRP-32 */
static void test_absurd_range(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	says(&r, SEND("t1",
		      "Message-ID: m1\r\n"
		      "Byte-Range: 1-*/99999999999999999999\r\n",
		      "x", "$"));
	hears(&r, ERROR("t1", "400 Bad header value"));
	seat_told(&r.a, "");
	room_done(&r);
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
	hears(&r, ERROR("t1", "400 Control character in a header"));
	peer_sends(&r.p, &r.a,
		   STR(SEND("t2", "Message-ID: m2\r\n", "a\0b", "$")));
	hears(&r, OK("t2"));
	assert_true(
	    str_eq(buf_str(&r.a.told), STR("message m2 text/plain 3 a\0b\n")));
	buf_clear(&r.a.told);
	buf_addf(&b, "MSRP t3 SEND\r\n{H}X:%8998d\r\n-------t3$\r\n", 1);
	says(&r, buf_z(&b));
	hears(&r, ERROR("t3", "400 Headers too long"));
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
	says(&r, buf_z(&b));
	hears(&r, ERROR("t1", "413 Too long for this method"));
	buf_clear(&b);
	buf_addf(&b,
		 "MSRP t2 REPORT\r\n{H}Message-ID: x\r\nStatus: 000 200\r\n"
		 "Content-Type: a/b\r\n\r\n%10241d\r\n-------t2$\r\n",
		 1);
	says(&r, buf_z(&b));
	hears(&r, "");
	seat_told(&r.a, "");
	buf_done(&b);
	room_done(&r);
}

static void nick(struct room *r, const char *header, const char *told)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "MSRP n1aa NICKNAME\r\n{H}%s-------n1aa$\r\n", header);
	says(r, text);
	seat_told(&r->a, told);
	hears(r,
	      strcmp(told, "nick bad\n") ? OK("n1aa") : ERROR("n1aa", "424"));
}

/* RFC 7701 §7.1; unquoted is Blink's form; DRAFT-1 */
static void test_nicknames(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	nick(&r, "Use-Nickname: \"Ann\"\r\n", "nick <Ann>\n");
	nick(&r, "Use-Nickname: \"A \\\"b\\\" \\\\\"\r\n",
	     "nick <A \"b\" \\>\n");
	nick(&r, "Use-Nickname: Ben Z\r\n", "nick <Ben Z>\n");
	nick(&r, "Use-Nickname: \"\"\r\n", "nick <>\n");
	nick(&r, "Use-Nickname: \"open\r\n", "nick bad\n");
	nick(&r, "Use-Nickname: \"a\" b\r\n", "nick bad\n");
	nick(&r, "Use-Nickname: \"\xff\"\r\n", "nick bad\n");
	nick(&r, "Use-Nickname:\r\n", "nick <>\n");
	nick(&r, "", "nick bad\n");
	nick(&r, "Set-Nickname: \"x\" <sip:Al%20Ice%40room@c.example>\r\n",
	     "nick <Al Ice> in room@c.example\n");
	nick(&r, "Set-Nickname: <sip:a%40b%40r%2Fs@c.example:5070;x=y>\r\n",
	     "nick <a@b> in r%2Fs@c.example\n");
	nick(&r, "Set-Nickname: <sip:Al@c.example>\r\n",
	     "nick <Al> in c.example\n");
	nick(&r, "Set-Nickname: <sip:c.example>\r\n", "nick bad\n");
	nick(&r, "Set-Nickname: <sip:a%40r@c.example>\r\nUse-Nickname: b\r\n",
	     "nick <b>\n");
	room_done(&r);
}

/* SDP-19 */
static void test_sending_not_agreed(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	msrp_session_update(r.a.s, 0, false);
	says(&r, SEND("t1", "Message-ID: m1\r\n", "x", "$"));
	says(&r, "MSRP t2 SEND\r\n{H}-------t2$\r\n");
	hears(&r, ERROR("t1", "403 Not allowed to send") OK("t2"));
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
	assert_false(msrp_session_bound(r.a.s));
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
	says(&r, SEND("t1", "Message-ID: m1\r\n", "x", "$")
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
	says(&r, "MSRP t1 SEND\r\n{H}Message-ID: m1\r\n"
		 "Content-Type: text/plain\r\n\r\nabc");
	msrp_session_free(r.a.s);
	r.a.s = NULL;
	says(&r, "def\r\n-------t1$\r\n");
	hears(&r, buf_z(&want));
	seat_told(&r.a, "");
	buf_done(&want);
	room_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_binding),
	    cmocka_unit_test(test_shared),
	    cmocka_unit_test(test_false_end_lines),
	    cmocka_unit_test(test_any_split),
	    cmocka_unit_test(test_chunks),
	    cmocka_unit_test(test_overlap),
	    cmocka_unit_test(test_success_report),
	    cmocka_unit_test(test_held_report),
	    cmocka_unit_test(test_whose),
	    cmocka_unit_test(test_relay_paths),
	    cmocka_unit_test(test_methods),
	    cmocka_unit_test(test_bodies),
	    cmocka_unit_test(test_silent_drops),
	    cmocka_unit_test(test_failure_report),
	    cmocka_unit_test(test_late_answer),
	    cmocka_unit_test(test_abandoned),
	    cmocka_unit_test(test_chunk_without_range),
	    cmocka_unit_test(test_too_big),
	    cmocka_unit_test(test_many_incomplete),
	    cmocka_unit_test(test_chunk_timer),
	    cmocka_unit_test(test_silent_chunk),
	    cmocka_unit_test(test_idle_connection),
	    cmocka_unit_test(test_three_bad),
	    cmocka_unit_test(test_header_limits),
	    cmocka_unit_test(test_no_msrp),
	    cmocka_unit_test(test_absurd_range),
	    cmocka_unit_test(test_odd_octets),
	    cmocka_unit_test(test_body_of_other_methods),
	    cmocka_unit_test(test_nicknames),
	    cmocka_unit_test(test_sending_not_agreed),
	    cmocka_unit_test(test_lost),
	    cmocka_unit_test(test_linger),
	    cmocka_unit_test(test_free_in_callback),
	    cmocka_unit_test(test_freed_mid_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
