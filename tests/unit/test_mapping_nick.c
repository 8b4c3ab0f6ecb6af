#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/precis.h"
#include "mapping/nick.h"
#include "sip/confinfo.h"

/* NICK-1, NICK-2, CHAT-44: the rows of gateway §15.3 that are nicknames */
static void test_profiles(void **state)
{
	(void)state;
	static const struct {
		const char *in, *shown, *key;
	} rows[] = {
	    {"JuliC", "JuliC", "julic"},
	    {" Juli  C ", "Juli C", "juli c"},
	    {"Juli\u00a0C", "Juli C", "juli c"},
	    {"\uff2a\uff55", "Ju", "ju"},
	    {"Richard \u2163", "Richard IV", "richard iv"},
	    {"Stra\u00dfe", "Stra\u00dfe", "stra\u00dfe"},
	    {"STRASSE", "STRASSE", "strasse"},
	    {"\u03a3", "\u03a3", "\u03c3"},
	    {"\u03c2", "\u03c2", "\u03c2"},
	    {"\u03d4", "\u03ab", "\u03cb"},
	    {"e\u0301", "\u00e9", "\u00e9"},
	    {"\ufb01n", "fin", "fin"},
	    {"\u00b2nd", "2nd", "2nd"},
	    {"\u212aim", "Kim", "kim"},
	    {"\u0130", "\u0130", "i\u0307"},
	    {"\U0001f600", "\U0001f600", "\U0001f600"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf shown = BUF_INIT(4096), key = BUF_INIT(4096);

		assert_int_equal(precis_nickname(&shown, str_z(rows[i].in)), 0);
		assert_string_equal(buf_z(&shown), rows[i].shown);
		assert_int_equal(precis_nickname_key(&key, str_z(rows[i].in)),
				 0);
		assert_string_equal(buf_z(&key), rows[i].key);
		buf_done(&shown);
		buf_done(&key);
	}
}

/* NICK-1: the refusals of gateway §15.3 */
static void test_profiles_refuse(void **state)
{
	(void)state;
	static const char *const rows[] = {"a\tb", "a\u200bb", "   "};
	struct buf b = BUF_INIT(4096), long_nick = BUF_INIT(4096);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(precis_nickname(&b, str_z(rows[i])),
				 ERR_PREPARE);
		buf_clear(&b);
	}
	for (int i = 0; i < 1024; i++)
		buf_addc(&long_nick, 'a');
	assert_int_equal(precis_nickname(&b, buf_str(&long_nick)), ERR_PREPARE);
	buf_clear(&b);
	buf_cut(&long_nick, 1023);
	assert_int_equal(precis_nickname(&b, buf_str(&long_nick)), 0);
	buf_done(&b);
	buf_done(&long_nick);
}

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
	    cmocka_unit_test(test_profiles),
	    cmocka_unit_test(test_profiles_refuse),
	    cmocka_unit_test(test_roster_name),
	    cmocka_unit_test(test_use_nickname),
	    cmocka_unit_test(test_temp_nick),
	    cmocka_unit_test(test_plain_nick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
