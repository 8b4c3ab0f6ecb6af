#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mapping/nick.h"
#include "sip/confinfo.h"

static void assert_roster_name(struct confinfo_user *u, const char *want)
{
	struct buf b = BUF_INIT(4096);

	map_roster_name(&b, u);
	assert_string_equal(buf_z(&b), want);
	buf_done(&b);
}

/* NICK-13 */
static void test_roster_name(void **state)
{
	(void)state;
	struct confinfo_user u = {
	    .entity = STR("sip:r%C3%BCm@c.example;gr=Juli%20C"),
	    .display_text = STR("Display"),
	    .nickname = STR("Nick"),
	};

	assert_roster_name(&u, "Nick");
	u.nickname = STR_NONE;
	assert_roster_name(&u, "Display");
	u.display_text = STR_NONE;
	assert_roster_name(&u, "Juli C");
	u.entity = STR("sip:r%C3%BCm@c.example;gr");
	assert_roster_name(&u, "r\u00fcm");
	u.entity = STR("nonsense");
	assert_roster_name(&u, "");
}

/* NICK-14 */
static void test_use_nickname(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(4096);

	map_use_nickname(&b, STR("A \"B\" \\C"));
	assert_string_equal(buf_z(&b), "\"A \\\"B\\\" \\\\C\"");
	buf_clear(&b);
	map_use_nickname(&b, STR(""));
	assert_string_equal(buf_z(&b), "\"\"");
	buf_done(&b);
}

static void assert_temp(struct str display, struct str uri, const char *want)
{
	struct buf b = BUF_INIT(4096);

	map_temp_nick(&b, display, uri, 120042);
	assert_string_equal(buf_z(&b), want);
	buf_done(&b);
}

/* S2X-6 */
static void test_temp_nick(void **state)
{
	(void)state;
	const struct str uri = STR("sip:b%20o@c.example");

	assert_temp(STR(" Bob  B "), uri, "Bob B");
	assert_temp(STR("a\x01"
			"b"),
		    uri, "b o");
	assert_temp(STR_NONE, uri, "b o");
	assert_temp(STR_NONE, STR("sip:c.example"), "sip-0042");
	assert_temp(STR("  "), STR("nonsense"), "sip-0042");
	assert_temp(STR("\xff"), STR("sip:%FF@c.example"), "sip-0042");
}

static void assert_plain(struct str refused, struct str user, const char *want)
{
	struct buf b = BUF_INIT(4096);

	map_plain_nick(&b, refused, user, 120042);
	assert_string_equal(buf_z(&b), want);
	buf_done(&b);
}

/* S2X-6, for a room that takes less. */
static void test_plain_nick(void **state)
{
	(void)state;
	const struct str user = STR("bo");

	assert_plain(STR("Bo \U0001f600 B."), user, "Bo B.");
	assert_plain(STR("\u0416\u0443\u043b\u0438\u2764"), user,
		     "\u0416\u0443\u043b\u0438");
	assert_plain(STR("\u6771\u4eac\u2122"), user, "\u6771\u4eac");
	assert_plain(STR("\U0001f600"), user, "bo");
	assert_plain(STR("Bo"), user, "bo"); /* plain, and refused */
	assert_plain(STR("bo"), user, "sip-0042");
	assert_plain(STR("\U0001f600"), STR("\U0001f601"), "sip-0042");
	assert_plain(STR("\xff"), STR_NONE, "sip-0042");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_roster_name),
	    cmocka_unit_test(test_use_nickname),
	    cmocka_unit_test(test_temp_nick),
	    cmocka_unit_test(test_plain_nick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
