/* NICKNAME as a participant sends it and as a switch takes it (RFC 7701 §7.1),
 * and how a switch's reports are taken. */
#include "tests/unit/msrp_world.h"

#define TO_PEER "To-Path: {A}\r\nFrom-Path: {S}\r\n"
#define NICK(value)                                                            \
	"MSRP ~ NICKNAME\r\n" TO_PEER "Use-Nickname: " value "\r\n-------~$"   \
	"\r\n"

static void answers(struct room *r, const char *pattern, const char *status)
{
	struct str tid = wild(peer_got(&r->p), pattern, &r->a, 0);
	struct buf b = BUF_INIT(4096);

	buf_addf(&b, "MSRP %.*s %s\r\n{H}-------%.*s$\r\n", STR_ARG(tid),
		 status, STR_ARG(tid));
	buf_clear(&r->p.got);
	peer_says(&r->p, &r->a, buf_z(&b));
	buf_done(&b);
}

static int ask(struct room *r, const char *value, uint64_t cookie)
{
	return msrp_session_nickname(r->a.s, str_z(value), cookie);
}

/* NICK-14 */
static void test_outcomes(void **state)
{
	struct room r;

	(void)state;
	room_init(&r);
	assert_int_equal(ask(&r, "\"Juli C\"", 1), 0);
	answers(&r, NICK("\"Juli C\""), "200 OK");
	seat_told(&r.a, "sent 1 200\n");
	assert_int_equal(ask(&r, "\"R\\\"o\"", 2), 0);
	answers(&r, NICK("\"R\\\"o\""), "425 Nickname usage failed");
	seat_told(&r.a, "sent 2 425\n");
	assert_int_equal(ask(&r, "\"a\"", 3), 0);
	assert_int_equal(ask(&r, "\"b\"", 4), 0);
	answers(&r, NICK("\"a\"") NICK("\"b\""), "425 Nickname usage failed");
	seat_told(&r.a, "sent 3 425\n");
	world_wait(&r.w, 30001);
	seat_told(&r.a, "sent 4 408\n");
	assert_int_equal(ask(&r, "\"a\"", 5), 0);
	answers(&r, NICK("\"a\""), "481 No such session");
	seat_told(&r.a, "sent 5 481\nclosed failed\n");
	room_done(&r);
}

static void test_refused(void **state)
{
	char long_value[MSRP_NICKNAME_VALUE_MAX + 2];
	struct world w;
	struct seat a;
	struct room r;

	(void)state;
	world_init(&w);
	seat_init(&a, &w);
	assert_int_equal(msrp_session_nickname(a.s, STR("\"a\""), 1),
			 ERR_STATE);
	seat_done(&a);
	world_done(&w);
	room_init(&r);
	assert_int_equal(ask(&r, "\"a\r\nFrom-Path: x\"", 1), ERR_SYNTAX);
	memset(long_value, 'x', sizeof long_value - 1);
	long_value[sizeof long_value - 1] = '\0';
	assert_int_equal(ask(&r, long_value, 1), ERR_TOO_BIG);
	peer_hears(&r.p, &r.a, "");
	room_done(&r);
}

/* ERR-9: what a switch reports of one message is of that message. */
static void test_switch_reports(void **state)
{
	struct msrp_session_cfg cfg = {.peer_path = STR(PEER_PATH),
				       .peer_sends = true,
				       .peer_is_switch = true,
				       .ops = &seat_ops};
	static const char send[] =
	    "MSRP ~ SEND\r\n" TO_PEER "Message-ID: ~\r\nByte-Range: 1-2/2\r\n"
	    "Content-Type: text/plain\r\n\r\nhi\r\n-------~$\r\n";
	static const int statuses[] = {403, 408, 481};
	struct msrp_out m = {.content_type = STR("text/plain")};
	struct room r;

	(void)state;
	room_init(&r);
	msrp_session_free(r.a.s);
	cfg.user = &r.a;
	assert_int_equal(msrp_session_new(r.w.msrp, &cfg, &r.a.s), 0);
	peer_says(&r.p, &r.a, BIND);
	peer_hears(&r.p, &r.a, OK("t1aa"));
	seat_told(&r.a, "bound\n");
	for (unsigned i = 0; i < 3; i++) {
		struct buf b = BUF_INIT(4096);
		struct str id;

		m.body = blob_new(STR("hi"));
		m.cookie = i + 1;
		assert_int_equal(msrp_session_send(r.a.s, &m), 0);
		blob_unref(m.body);
		id = wild(peer_got(&r.p), send, &r.a, 1);
		buf_addf(&b,
			 "MSRP r%u00 REPORT\r\n{H}Message-ID: %.*s\r\n"
			 "Byte-Range: 1-2/2\r\nStatus: 000 %d\r\n"
			 "-------r%u00$\r\n",
			 i, STR_ARG(id), statuses[i], i);
		buf_clear(&r.p.got);
		peer_says(&r.p, &r.a, buf_z(&b));
		buf_done(&b);
	}
	seat_told(&r.a, "sent 1 403\nsent 2 408\nsent 3 481\nclosed failed\n");
	room_done(&r);
}

static void nick(struct room *r, const char *header, const char *told)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "MSRP n1aa NICKNAME\r\n{H}%s-------n1aa$\r\n", header);
	room_says(r, text);
	seat_told(&r->a, told);
	room_hears(r, strcmp(told, "nick bad\n") ? OK("n1aa")
						 : ERROR("n1aa", "424"));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_outcomes),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_switch_reports),
	    cmocka_unit_test(test_nicknames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
