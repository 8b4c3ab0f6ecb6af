#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mapping/reason.h"

static void assert_error(struct stanza_error e, const char *type,
			 const char *condition, int status)
{
	if (!e.type || strcmp(e.type, type) || strcmp(e.condition, condition))
		fail_msg("%d: %s/%s, not %s/%s", status,
			 e.type ? e.type : "none",
			 e.condition ? e.condition : "none", type, condition);
}

/* ERR-1: table A of gateway §15.2 */
static void test_sip_to_error(void **state)
{
	(void)state;
	static const struct {
		const char *type, *condition;
		int status[20];
	} rows[] = {
	    {"modify", "redirect", {300, 302, 305, 399}},
	    {"cancel", "gone", {301, 410}},
	    {"modify",
	     "not-acceptable",
	     {380, 406, 415, 416, 421, 482, 483, 488, 505, 606}},
	    {"modify",
	     "bad-request",
	     {400, 402, 493, 412, 417, 422, 424, 428, 429, 433, 436, 437, 438,
	      469, 470, 494, 499}},
	    {"auth", "not-authorized", {401}},
	    {"auth", "forbidden", {403}},
	    {"cancel", "item-not-found", {404, 481, 484, 485, 604}},
	    {"cancel", "feature-not-implemented", {405, 420, 439, 501}},
	    {"auth", "registration-required", {407}},
	    {"wait", "remote-server-timeout", {408, 504}},
	    {"modify", "policy-violation", {413, 414, 440, 489, 513}},
	    {"wait", "resource-constraint", {423}},
	    {"wait", "recipient-unavailable", {430, 480, 486, 487, 600, 699}},
	    {"cancel", "recipient-unavailable", {603}},
	    {"wait", "unexpected-request", {491}},
	    {"cancel", "internal-server-error", {500, 503, 599}},
	    {"cancel", "remote-server-not-found", {502}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (const int *s = rows[i].status; *s; s++)
			assert_error(map_sip_to_error(*s, false), rows[i].type,
				     rows[i].condition, *s);
	assert_error(map_sip_to_error(0, false), "wait",
		     "remote-server-timeout", 0);
}

/* ERR-7 */
static void test_retry_after(void **state)
{
	(void)state;
	const struct stanza_error wait = {"wait", "recipient-unavailable"};
	const struct stanza_error cancel = {"cancel", "recipient-unavailable"};
	const struct stanza_error resource = {"wait", "resource-constraint"};

	assert_error(map_sip_to_error(503, true), "wait",
		     "internal-server-error", 503);
	assert_error(map_sip_to_error(404, true), "wait", "item-not-found",
		     404);
	assert_int_equal(map_retry_after(wait, 480), 60);
	assert_int_equal(map_retry_after(cancel, 480), 0);
	assert_int_equal(map_retry_after(resource, 500), 60);
	assert_int_equal(map_retry_after(wait, 486), 0);
}

static const struct map_error_context none;

/* ERR-2, ERR-3, ERR-4: table B of gateway §15.2 */
static void test_error_to_sip_and_msrp(void **state)
{
	(void)state;
	static const struct {
		struct stanza_error e;
		int sip, send, nickname;
	} rows[] = {
	    {{"modify", "bad-request"}, 400, 400, 424},
	    {{"cancel", "conflict"}, 480, 403, 425},
	    {{"cancel", "feature-not-implemented"}, 501, 403, 403},
	    {{"auth", "forbidden"}, 403, 403, 403},
	    {{"cancel", "gone"}, 410, 404, 403},
	    {{"cancel", "internal-server-error"}, 500, 408, 408},
	    {{"cancel", "item-not-found"}, 404, 404, 403},
	    {{"modify", "jid-malformed"}, 404, 404, 424},
	    {{"modify", "not-acceptable"}, 406, 481, 403},
	    {{"cancel", "not-allowed"}, 403, 403, 403},
	    {{"auth", "not-authorized"}, 403, 403, 403},
	    {{"modify", "policy-violation"}, 403, 403, 403},
	    {{"wait", "recipient-unavailable"}, 480, 404, 408},
	    {{"modify", "redirect"}, 480, 404, 403},
	    {{"auth", "registration-required"}, 403, 403, 403},
	    {{"cancel", "remote-server-not-found"}, 404, 408, 408},
	    {{"wait", "remote-server-timeout"}, 408, 408, 408},
	    {{"wait", "resource-constraint"}, 500, 408, 408},
	    {{"cancel", "service-unavailable"}, 403, 403, 403},
	    {{"wait", "service-unavailable"}, 486, 403, 403},
	    {{"auth", "subscription-required"}, 400, 403, 403},
	    {{"wait", "unexpected-request"}, 491, 400, 408},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (map_error_to_sip(rows[i].e, none) != rows[i].sip ||
		    map_error_to_send(rows[i].e, none) != rows[i].send ||
		    map_error_to_nickname(rows[i].e) != rows[i].nickname)
			fail_msg("%s", rows[i].e.condition);
		/* no INVITE is answered 491 for that */
		if (rows[i].sip != 491 &&
		    map_reason_to_sip(map_error_to_refusal(rows[i].e)) !=
			rows[i].sip)
			fail_msg("%s refused", rows[i].e.condition);
		if (map_reason_to_send(map_error_to_unsaid(rows[i].e, none)) !=
			rows[i].send ||
		    map_reason_to_nickname(map_error_to_bad_nick(rows[i].e)) !=
			rows[i].nickname)
			fail_msg("%s as a reason", rows[i].e.condition);
	}
}

/* Their statuses are one, but not what people are told. */
static void test_refusals(void **state)
{
	(void)state;
	static const struct {
		struct stanza_error e;
		enum reason_code reason;
	} rows[] = {
	    {{"cancel", "conflict"}, REASON_NICK_TAKEN},
	    {{"auth", "forbidden"}, REASON_BANNED},
	    {{"cancel", "not-allowed"}, REASON_NOT_ALLOWED},
	    {{"auth", "not-authorized"}, REASON_PASSWORD},
	    {{"auth", "registration-required"}, REASON_MEMBERS_ONLY},
	    {{"wait", "service-unavailable"}, REASON_FULL},
	    {{"auth", "undefined-condition"}, REASON_FORBIDDEN},
	    {{"wait", "x"}, REASON_UNAVAILABLE},
	    {{"", ""}, REASON_BAD_REQUEST},
	};
	const struct map_error_context private = {.private = true};
	const struct map_error_context lost = {.room_lost = true};
	const struct map_error_context size = {.size = true};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(map_error_to_refusal(rows[i].e),
				 rows[i].reason);
	assert_int_equal(
	    map_error_to_unsaid(
		(struct stanza_error){"cancel", "service-unavailable"},
		private),
	    REASON_NO_PRIVATE);
	assert_int_equal(
	    map_error_to_unsaid(
		(struct stanza_error){"cancel", "item-not-found"}, lost),
	    REASON_NOT_JOINED);
	assert_int_equal(
	    map_error_to_unsaid(
		(struct stanza_error){"modify", "policy-violation"}, size),
	    REASON_TOO_BIG);
}

/* The cells of table B with more than one value. */
static void test_error_in_context(void **state)
{
	(void)state;
	const struct map_error_context address = {.address = true};
	const struct map_error_context lost = {.room_lost = true};
	const struct map_error_context size = {.size = true};
	const struct map_error_context private = {.private = true};
	const struct map_error_context no_dialog = {.no_dialog = true};

#define E(type, condition) ((struct stanza_error){type, condition})
	assert_int_equal(map_error_to_sip(E("cancel", "gone"), address), 301);
	assert_int_equal(map_error_to_sip(E("modify", "redirect"), address),
			 302);
	assert_int_equal(map_error_to_send(E("cancel", "item-not-found"), lost),
			 481);
	assert_int_equal(
	    map_error_to_send(E("modify", "policy-violation"), size), 413);
	assert_int_equal(
	    map_error_to_send(E("cancel", "service-unavailable"), private),
	    428);
	assert_int_equal(
	    map_error_to_sip(E("wait", "unexpected-request"), no_dialog), 400);
}

/* ERR-8, and undefined-condition of table B */
static void test_error_by_type(void **state)
{
	(void)state;
	static const char *const conditions[] = {"undefined-condition",
						 "never-heard-of"};

	for (size_t i = 0; i < 2; i++) {
		const char *c = conditions[i];

		assert_int_equal(map_error_to_sip(E("auth", c), none), 403);
		assert_int_equal(map_error_to_sip(E("cancel", c), none), 400);
		assert_int_equal(map_error_to_sip(E("modify", c), none), 400);
		assert_int_equal(map_error_to_sip(E("wait", c), none), 480);
		assert_int_equal(map_error_to_sip(E("continue", c), none), 200);
		assert_int_equal(map_error_to_send(E("cancel", c), none), 403);
		assert_int_equal(map_error_to_send(E("wait", c), none), 408);
		assert_int_equal(map_error_to_nickname(E("cancel", c)), 403);
	}
	assert_int_equal(map_error_to_sip(E(NULL, NULL), none), 400);
}

/* NICK-9, ERR-9: table C of gateway §15.2 */
static void test_msrp_to_error(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *type, *condition;
	} rows[] = {
	    {400, "modify", "bad-request"},
	    {403, "auth", "forbidden"},
	    {404, "cancel", "item-not-found"},
	    {408, "wait", "remote-server-timeout"},
	    {0, "wait", "remote-server-timeout"},
	    {413, "modify", "policy-violation"},
	    {415, "modify", "not-acceptable"},
	    {423, "modify", "bad-request"},
	    {424, "modify", "jid-malformed"},
	    {425, "cancel", "conflict"},
	    {428, "cancel", "service-unavailable"},
	    {481, "wait", "recipient-unavailable"},
	    {499, "modify", "bad-request"},
	    {501, "cancel", "feature-not-implemented"},
	    {506, "cancel", "internal-server-error"},
	    {599, "cancel", "internal-server-error"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_error(map_msrp_to_error(rows[i].status, false),
			     rows[i].type, rows[i].condition, rows[i].status);
	assert_error(map_msrp_to_error(403, true), "cancel", "not-acceptable",
		     403);
	assert_null(map_msrp_to_error(200, false).type);
}

/* NICK-5, NICK-6, X2S-7, X2S-8, X2S-9, X2S-10, X2S-11, X2S-50 */
static void test_reason_to_error(void **state)
{
	(void)state;
	static const struct {
		enum reason_code r;
		const char *type, *condition;
	} rows[] = {
	    {REASON_BAD_NICK, "modify", "jid-malformed"},
	    {REASON_NICK_TAKEN, "cancel", "conflict"},
	    {REASON_PASSWORD, "auth", "not-authorized"},
	    {REASON_MEMBERS_ONLY, "auth", "registration-required"},
	    {REASON_BANNED, "auth", "forbidden"},
	    {REASON_NOT_ALLOWED, "cancel", "not-allowed"},
	    {REASON_CONFLICT, "cancel", "conflict"},
	    {REASON_ONE_DEVICE, "cancel", "not-allowed"},
	    {REASON_FULL, "wait", "service-unavailable"},
	    {REASON_LOCKED, "cancel", "item-not-found"},
	    {REASON_NO_ROOM, "cancel", "item-not-found"},
	    {REASON_MAY_NOT_CREATE, "cancel", "item-not-found"},
	    {REASON_NO_OCCUPANT, "cancel", "item-not-found"},
	    {REASON_NOT_JOINED, "cancel", "not-acceptable"},
	    {REASON_PRIVATE_OFF, "auth", "forbidden"},
	    {REASON_NO_PRIVATE, "cancel", "service-unavailable"},
	    {REASON_ON_HOLD, "wait", "recipient-unavailable"},
	    {REASON_NO_VOICE, "auth", "forbidden"},
	    {REASON_OVERLOAD, "wait", "resource-constraint"},
	    {REASON_FLOOD, "wait", "resource-constraint"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_error(map_reason_to_error(rows[i].r), rows[i].type,
			     rows[i].condition, (int)rows[i].r);
	assert_null(map_reason_to_error(REASON_OK).type);
}

/* CHAT-31, CHAT-32, CHAT-33, CHAT-35, CHAT-41, CHAT-45, ERR-12 */
static void test_reason_to_msrp(void **state)
{
	(void)state;
	assert_int_equal(map_reason_to_send(REASON_OK), 200);
	assert_int_equal(map_reason_to_send(REASON_NO_OCCUPANT), 404);
	assert_int_equal(map_reason_to_send(REASON_NO_PRIVATE), 428);
	assert_int_equal(map_reason_to_send(REASON_PRIVATE_OFF), 403);
	assert_int_equal(map_reason_to_send(REASON_ON_HOLD), 403);
	assert_int_equal(map_reason_to_send(REASON_BAD_TYPE), 415);
	assert_int_equal(map_reason_to_send(REASON_TOO_BIG), 413);
	assert_int_equal(map_reason_to_send(REASON_NO_VOICE), 403);
	assert_int_equal(map_reason_to_send(REASON_OVERLOAD), 403);
	assert_int_equal(map_reason_to_send(REASON_NOT_JOINED), 481);
	assert_int_equal(map_reason_to_nickname(REASON_OK), 200);
	assert_int_equal(map_reason_to_nickname(REASON_NICK_OFF), 403);
	assert_int_equal(map_reason_to_nickname(REASON_BAD_NICK), 424);
	assert_int_equal(map_reason_to_nickname(REASON_NICK_TAKEN), 425);
}

/* S2X-21's causes; EVENT-22 */
static void test_reason_of_end(void **state)
{
	(void)state;
	static const struct {
		enum reason_code r;
		int sip, muc;
		const char *disconnection;
	} rows[] = {
	    {REASON_LEFT, 200, 0, "departed"},
	    {REASON_KICKED, 403, 307, "booted"},
	    {REASON_BANNED, 403, 301, "booted"},
	    {REASON_MEMBERS_ONLY, 403, 322, "booted"},
	    {REASON_NOT_MEMBER, 403, 321, "booted"},
	    {REASON_LOST, 480, 333, "failed"},
	    {REASON_SLOW, 480, 333, "failed"},
	    {REASON_FLOOD, 403, 307, "booted"},
	    {REASON_SHUTDOWN, 503, 332, "booted"},
	    {REASON_ROOM_GONE, 410, 0, "booted"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(map_reason_to_sip(rows[i].r), rows[i].sip);
		assert_int_equal(map_reason_to_muc_status(rows[i].r),
				 rows[i].muc);
		assert_true(str_eq(map_reason_to_disconnection(rows[i].r),
				   str_z(rows[i].disconnection)));
	}
}

static bool same(struct stanza_error a, struct stanza_error b)
{
	return strcmp(a.type, b.type) == 0 &&
	       strcmp(a.condition, b.condition) == 0;
}

/* ERR-1: no refusal of another server loses its meaning on its way through the
 * neutral reasons. */
static void test_refused_elsewhere(void **state)
{
	(void)state;
	for (int status = 300; status < 700; status++)
		assert_true(same(map_reason_to_error(map_sip_to_reason(status)),
				 map_sip_to_error(status, false)));
	assert_int_equal(map_sip_to_reason(0), REASON_TIMEOUT);
	for (int status = 201; status < 600; status++)
		for (int nickname = 0; nickname < 2; nickname++)
			assert_true(same(map_reason_to_error(map_msrp_to_reason(
					     status, nickname)),
					 map_msrp_to_error(status, nickname)));
	assert_int_equal(map_msrp_to_reason(200, false), REASON_OK);
	assert_int_equal(map_msrp_to_reason(0, false), REASON_TIMEOUT);
}

/* X2S-31 */
static void test_bye(void **state)
{
	static const struct {
		int cause;
		int muc;
	} rows[] = {{0, 307},	{200, 307}, {403, 307}, {503, 332},
		    {408, 333}, {481, 333}, {480, 333}, {410, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		    map_reason_to_muc_status(map_bye_to_reason(rows[i].cause)),
		    rows[i].muc);
}

/* Every reason has words in every world. */
static void test_no_gap(void **state)
{
	(void)state;
	for (int r = REASON_OK; r < REASONS; r++) {
		assert_in_range(map_reason_to_sip(r), 200, 699);
		assert_in_range(map_reason_to_send(r), 200, 599);
		assert_in_range(map_reason_to_nickname(r), 200, 599);
		assert_true(map_reason_to_disconnection(r).n > 0);
		if (r != REASON_OK)
			assert_non_null(map_reason_to_error(r).condition);
	}
}

/* ERR-5 */
static void test_phrase(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(10000), in = BUF_INIT(10000);

	map_phrase(&b, STR(" No\r\nVia: x\x7f\xc2\x85\xc3\xa9\xff "));
	assert_string_equal(buf_z(&b), "No  Via: x  \xc3\xa9\xef\xbf\xbd");
	for (int i = 0; i < 300; i++)
		buf_addz(&in, "\xc3\xa9");
	buf_clear(&b);
	map_phrase(&b, buf_str(&in));
	assert_int_equal(b.n, 400);
	buf_done(&b);
	buf_done(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sip_to_error),
	    cmocka_unit_test(test_retry_after),
	    cmocka_unit_test(test_error_to_sip_and_msrp),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_error_in_context),
	    cmocka_unit_test(test_error_by_type),
	    cmocka_unit_test(test_msrp_to_error),
	    cmocka_unit_test(test_reason_to_error),
	    cmocka_unit_test(test_reason_to_msrp),
	    cmocka_unit_test(test_reason_of_end),
	    cmocka_unit_test(test_refused_elsewhere),
	    cmocka_unit_test(test_bye),
	    cmocka_unit_test(test_no_gap),
	    cmocka_unit_test(test_phrase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
