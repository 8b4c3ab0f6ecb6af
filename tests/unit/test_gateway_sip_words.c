/* What single SIP headers say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "gateway/sip_words.h"

static void test_reason(void **state)
{
	static const struct {
		const char *value;
		int cause;
		const char *text;
	} tests[] = {
	    {"SIP;cause=200;text=\"Bye all\"", 200, "Bye all"},
	    {"sip ; cause=486", 486, ""},
	    {"Q.850;cause=16;text=\"x\"", 0, "x"},
	    {"SIP;cause=abc", 0, ""},
	    {"SIP;cause=9999", 0, ""},
	    {"SIP", 0, ""},
	    {"", 0, ""},
	};
	struct buf b = BUF_INIT(1000);
	struct str text;

	(void)state;
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		assert_int_equal(sip_reason_read(str_z(tests[i].value), &text),
				 tests[i].cause);
		assert_true(str_eq(text, str_z(tests[i].text)));
	}
	sip_reason(&b, 603, STR("a \"b\"\r\nc"));
	assert_string_equal(buf_z(&b), "SIP;cause=603;text=\"a \\\"b\\\"  c\"");
	buf_done(&b);
}

static void test_headers(void **state)
{
	struct port_msg m = port_msg(PORT_RESPONSE);
	bool update = false;

	(void)state;
	m.f[PORT_F_HEADERS] = STR("Allow: INVITE, ACK\r\nAllow: UPDATE\r\n"
				  "Retry-After: 120 (soon);duration=3600\r\n");
	assert_int_equal(sip_retry_after(&m), 120);
	assert_true(str_eq(sip_header(m.f[PORT_F_HEADERS], STR("allow")),
			   STR("INVITE, ACK")));
	sip_note_update(&m, &update);
	assert_true(update);
	m.f[PORT_F_HEADERS] = STR("X: y\r\n");
	sip_note_update(&m, &update); /* nothing is said of it */
	assert_true(update);
	assert_int_equal(sip_retry_after(&m), 0);
	m.f[PORT_F_HEADERS] = STR("Allow: INVITE\r\nRetry-After: "
				  "99999999999999\r\n");
	sip_note_update(&m, &update);
	assert_false(update);
	assert_int_equal(sip_retry_after(&m), 86400);
	assert_false(sip_list_has(STR("a, bc"), STR("b")));
	assert_true(sip_list_has(STR("a, BC "), STR("bc")));
}

static void test_timer(void **state)
{
	struct port_msg m = port_msg(PORT_RESPONSE);
	enum refresher who;
	uint32_t seconds;

	(void)state;
	assert_false(sip_session_expires(&m, &seconds, &who));
	assert_int_equal(sip_min_se(&m), SIP_MIN_SE_S);
	m.f[PORT_F_SESSION_EXPIRES] = STR("1800 ; Refresher=UAS");
	m.f[PORT_F_MIN_SE] = STR("200");
	m.f[PORT_F_SUPPORTED] = STR("replaces, timer");
	assert_true(sip_session_expires(&m, &seconds, &who));
	assert_int_equal(seconds, 1800);
	assert_int_equal(who, REFRESHER_UAS);
	assert_int_equal(sip_min_se(&m), 200);
	assert_true(sip_supports_timer(&m));
	m.f[PORT_F_SESSION_EXPIRES] = STR("soon");
	assert_false(sip_session_expires(&m, &seconds, &who));
}

static void test_put_timer(void **state)
{
	struct buf b = BUF_INIT(1024);

	(void)state;
	sip_put_timer_wish(&b, 1800, REFRESHER_NONE, 90);
	sip_put_timer_wish(&b, 1800, REFRESHER_UAC, 90);
	sip_put_timer(&b, 600, REFRESHER_UAS);
	sip_put_timer(&b, 600, REFRESHER_UAC);
	assert_true(
	    str_eq(buf_str(&b), STR("Session-Expires: 1800\r\nMin-SE: 90\r\n"
				    "Session-Expires: 1800;refresher=uac\r\n"
				    "Min-SE: 90\r\n"
				    "Session-Expires: 600;refresher=uas\r\n"
				    "Session-Expires: 600;refresher=uac\r\n"
				    "Require: timer\r\n")));
	buf_done(&b);
	assert_int_equal(sip_timer_ms(90), 60000);
	assert_int_equal(sip_timer_ms(1800), 1768000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reason),
	    cmocka_unit_test(test_headers),
	    cmocka_unit_test(test_timer),
	    cmocka_unit_test(test_put_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
