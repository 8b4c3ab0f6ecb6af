/* Small rules of MSRP that no other test is about (RFC 4975 §7). */
#include "tests/unit/msrp_world.h"

static void send_hi(struct room *r, uint64_t cookie)
{
	struct msrp_out m = {
	    .content_type = STR("text/plain"),
	    .body = blob_new(STR("hi")),
	    .cookie = cookie,
	};

	assert_int_equal(msrp_session_send(r->a.s, &m), 0);
	blob_unref(m.body);
}

#define HI                                                                     \
	"MSRP ~ SEND\r\nTo-Path: {A}\r\nFrom-Path: {S}\r\nMessage-ID: ~\r\n"   \
	"Byte-Range: 1-2/2\r\nContent-Type: text/plain\r\n\r\nhi\r\n"          \
	"-------~$\r\n"

/* MSRP-2: ours are of ALPHANUM, 4 to 32 of them, and each is another */
static void test_idents(void **state)
{
	struct room r;
	struct buf seen = BUF_INIT(1 << 20);

	(void)state;
	room_init(&r);
	for (int i = 0; i < 200; i++) {
		struct str tid, id;

		send_hi(&r, 0);
		tid = wild(peer_got(&r.p), HI, &r.a, 0);
		id = wild(peer_got(&r.p), HI, &r.a, 1);
		assert_true(str_search(buf_str(&seen), tid) < 0);
		assert_true(str_search(buf_str(&seen), id) < 0);
		buf_addf(&seen, "%.*s %.*s ", STR_ARG(tid), STR_ARG(id));
		buf_clear(&r.p.got);
	}
	buf_done(&seen);
	room_done(&r);
}

/* MSRP-6: no header after From-Path is needed; one CRLF ends an unknown one */
static void test_lenient_head(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	room_says(&r, "MSRP t1 SEND\r\n{H}-------t1$\r\n");
	room_hears(&r, OK("t1"));
	room_says(&r, "MSRP t2 SEND\r\n{H}X-Of: theirs\r\nMessage-ID: m1\r\n"
		      "Content-Type: a/b\r\n\r\nx\r\n-------t2$\r\n");
	room_hears(&r, OK("t2"));
	seat_told(&r.a, "message m1 a/b 1 x\n");
	room_done(&r);
}

#define PART(tid, id, range, body, flag)                                       \
	"MSRP " tid " SEND\r\n{H}Message-ID: " id "\r\nByte-Range: " range     \
	"\r\nContent-Type: a/b\r\n\r\n" body "\r\n-------" tid flag "\r\n"

/* MSRP-11, MSRP-25: the three ends of a chunk */
static void test_flags(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	room_says(&r, PART("t1", "m1", "1-*/*", "a", "$"));
	seat_told(&r.a, "message m1 a/b 1 a\n");
	room_says(&r, PART("t2", "m2", "1-*/*", "a", "+"));
	seat_told(&r.a, "");
	room_says(&r, PART("t3", "m2", "2-*/*", "b", "$"));
	seat_told(&r.a, "message m2 a/b 2 ab\n");
	room_says(&r, PART("t4", "m3", "1-*/*", "a", "+"));
	room_says(&r, PART("t5", "m3", "2-*/*", "b", "#"));
	room_says(&r, PART("t6", "m3", "3-*/*", "c", "$"));
	seat_told(&r.a, "");
	room_hears(&r, OK("t1") OK("t2") OK("t3") OK("t4") OK("t5") OK("t6"));
	room_done(&r);
}

/* The peer's answer to the only SEND, with these lines and this flag. */
static void answer(struct room *r, const char *status, const char *lines,
		   char flag)
{
	struct str tid = wild(peer_got(&r->p), HI, &r->a, 0);
	struct buf b = BUF_INIT(4096);

	buf_addf(&b, "MSRP %.*s %s\r\n{H}%s-------%.*s%c\r\n", STR_ARG(tid),
		 status, lines, STR_ARG(tid), flag);
	buf_clear(&r->p.got);
	room_says(r, buf_z(&b));
	buf_done(&b);
}

/* MSRP-20: what is never chunked ends whatever its flag is; MSRP-50: some
 * peers' responses have headers of requests */
static void test_responses_end(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	send_hi(&r, 1);
	answer(&r, "200 OK", "", '+');
	seat_told(&r.a, "sent 1 200\n");
	send_hi(&r, 2);
	answer(&r, "413 x", "Message-ID: zz9\r\nByte-Range: 7-1/3\r\n", '#');
	seat_told(&r.a, "sent 2 413\n");
	room_says(&r, "MSRP t1 NICKNAME\r\n{H}Use-Nickname: \"Ann\"\r\n"
		      "-------t1+\r\n");
	seat_told(&r.a, "nick <Ann>\n");
	/* MSRP-48, MSRP-50: ours have none and end with `$` */
	room_hears(&r, OK("t1"));
	room_done(&r);
}

/* MSRP-48: where no session is, the answer is from whom the request named */
static void test_answer_for_nobody(void **state)
{
	struct world w;
	struct peer p;

	(void)state;
	world_init(&w);
	peer_init(&p, &w);
	peer_says(&p, NULL,
		  "MSRP t1 SEND\r\nTo-Path: msrp://s.example:1/no;tcp "
		  "msrp://x.example:2/y;tcp\r\nFrom-Path: {A}\r\n"
		  "-------t1$\r\n");
	peer_hears(&p, NULL,
		   "MSRP t1 481 No such session\r\nTo-Path: {A}\r\n"
		   "From-Path: msrp://s.example:1/no;tcp\r\n-------t1$\r\n");
	peer_done(&p);
	world_done(&w);
}

static struct str session_id(const struct seat *a)
{
	struct str uri = msrp_session_uri(a->s);
	ptrdiff_t slash = str_rfind(uri, '/');
	struct str id = str_from(uri, (size_t)slash + 1);

	return str_split(&id, ';');
}

/* MSRP-78: 22 of 62 characters are 131 bits, another for each session */
static void test_session_ids(void **state)
{
	struct world w;
	struct seat a, b;

	(void)state;
	world_init(&w);
	seat_init(&a, &w);
	seat_init(&b, &w);
	assert_int_equal(session_id(&a).n, 22);
	for (size_t i = 0; i < 22; i++)
		assert_true(isalnum((unsigned char)session_id(&a).p[i]));
	assert_false(str_eq(session_id(&a), session_id(&b)));
	seat_done(&a);
	seat_done(&b);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_idents),
	    cmocka_unit_test(test_lenient_head),
	    cmocka_unit_test(test_flags),
	    cmocka_unit_test(test_responses_end),
	    cmocka_unit_test(test_answer_for_nobody),
	    cmocka_unit_test(test_session_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
