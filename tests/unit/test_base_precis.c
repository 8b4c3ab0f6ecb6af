/* PRECIS profiles: the vectors of the gateway requirements' section 15.3 and of
 * RFC 8265 and RFC 8266. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/precis.h"

typedef int profile_fn(struct buf *out, struct str in);

static void check_str(profile_fn *profile, struct str in, const char *expected)
{
	struct buf out = BUF_INIT(4096);
	int err = profile(&out, in);

	if (expected) {
		assert_int_equal(err, 0);
		assert_string_equal(buf_z(&out), expected);
	} else {
		assert_int_equal(err, ERR_PREPARE);
	}
	buf_done(&out);
}

static void check(profile_fn *profile, const char *in, const char *expected)
{
	check_str(profile, str_z(in), expected);
}

/* NICK-1, NICK-2, CHAT-44: section 15.3 row by row; NULL: refused, and then
 * there is no key either. */
static const struct {
	const char *in, *shown, *key;
} nicknames[] = {
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
    {"a\tb", NULL, NULL},
    {"a\u200bb", NULL, NULL},
    {"   ", NULL, NULL},
};

static void nickname_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(nicknames) / sizeof(nicknames[0]); i++) {
		check(precis_nickname, nicknames[i].in, nicknames[i].shown);
		check(precis_nickname_key, nicknames[i].in, nicknames[i].key);
	}
}

/* NICK-3 */
static void nickname_has_1_to_1023_octets(void **state)
{
	char z[1025];

	(void)state;
	memset(z, 'a', sizeof(z));
	check_str(precis_nickname, str_of(z, 1024), NULL);
	check_str(precis_nickname_key, str_of(z, 1024), NULL);
	z[1023] = '\0';
	check(precis_nickname, z, z);
	check_str(precis_nickname, STR(""), NULL);
	check_str(precis_nickname, STR_NONE, NULL);
}

/* U+023A grows from two octets to three: the key may pass the 1023. */
static void key_of_a_longest_nickname(void **state)
{
	char z[1023];
	struct buf out = BUF_INIT(4096);

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(z); i += 2)
		memcpy(z + i, "\u023a", 2);
	z[1022] = 'x';
	assert_int_equal(precis_nickname_key(&out, str_of(z, sizeof(z))), 0);
	assert_int_equal(out.n, 511 * 3 + 1);
	buf_done(&out);
}

/* RFC 8266 §3, table 1. */
static void nickname_rfc_examples(void **state)
{
	(void)state;
	check(precis_nickname_key, "Foo", "foo");
	check(precis_nickname_key, "Foo Bar", "foo bar");
	check(precis_nickname_key, " Foo Bar   ", "foo bar");
	check(precis_nickname_key, "\u265a", "\u265a");
	check(precis_nickname_key, "Richard \u2163", "richard iv");
}

static void nickname_refuses(void **state)
{
	(void)state;
	check(precis_nickname, "a\nb", NULL);
	check(precis_nickname,
	      "a\xc2\x85"
	      "b",
	      NULL);				      /* C1 control */
	check(precis_nickname, "a\u00adb", NULL);     /* soft hyphen */
	check(precis_nickname, "a\u202eb", NULL);     /* bidi override */
	check(precis_nickname, "a\u2028b", NULL);     /* line separator */
	check(precis_nickname, "\u1100\u1161", NULL); /* old Hangul jamo */
	check(precis_nickname, "\ufdd0", NULL);	      /* noncharacter */
	check(precis_nickname, "\u0378", NULL);	      /* unassigned */
	check(precis_nickname, "\ue000", NULL);	      /* private use */
	check(precis_nickname, "\u0640", NULL);	      /* RFC 5892 §2.6 */
	check_str(precis_nickname, STR("a\0b"), NULL);
	/* allowed as it is, an old jamo once normalized */
	check(precis_nickname, "\u314b", NULL);
}

static void bad_utf8_is_told_apart(void **state)
{
	profile_fn *const profiles[] = {precis_nickname, precis_nickname_key,
					precis_username, precis_opaque};
	struct buf out = BUF_INIT(64);

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(profiles[i](&out, STR("a\xc3(")), ERR_UTF8);
	buf_done(&out);
}

/* RFC 5892 Appendix A.1 to A.9. */
static void contextual_rules(void **state)
{
	(void)state;
	/* joiners after a virama, or between joining letters */
	check(precis_nickname, "\u0915\u094d\u200d\u0937",
	      "\u0915\u094d\u200d\u0937");
	check(precis_nickname, "\u0915\u094d\u200c\u0937",
	      "\u0915\u094d\u200c\u0937");
	check(precis_nickname, "\u0628\u200c\u0628", "\u0628\u200c\u0628");
	check(precis_nickname, "\u0628\u064e\u200c\u064e\u0628",
	      "\u0628\u064e\u200c\u064e\u0628");
	check(precis_nickname, "\u0628\u200d\u0628", NULL);
	check(precis_nickname, "a\u200cb", NULL);
	check(precis_nickname, "a\u200db", NULL);
	check(precis_nickname, "\u200c", NULL);
	check(precis_nickname, "\u0628\u200c", NULL);
	/* middle dot */
	check(precis_nickname, "l\u00b7l", "l\u00b7l");
	check(precis_nickname, "l\u00b7a", NULL);
	check(precis_nickname, "\u00b7l", NULL);
	/* keraia, geresh, gershayim */
	check(precis_nickname, "\u0375\u03b1", "\u0375\u03b1");
	check(precis_nickname, "\u0375a", NULL);
	check(precis_nickname, "\u05d0\u05f3", "\u05d0\u05f3");
	check(precis_nickname, "a\u05f4", NULL);
	/* Katakana middle dot */
	check(precis_nickname, "\u30ab\u30fb", "\u30ab\u30fb");
	check(precis_nickname, "a\u30fbb", NULL);
	/* the two kinds of Arabic-Indic digits do not mix */
	check(precis_nickname, "\u0661\u0662", "\u0661\u0662");
	check(precis_nickname, "\u06f1\u06f2", "\u06f1\u06f2");
	check(precis_nickname, "\u0661\u06f2", NULL);
}

/* RFC 8265 §3.6, tables 1 and 2. */
static void username_rfc_examples(void **state)
{
	(void)state;
	check(precis_username, "juliet@example.com", "juliet@example.com");
	check(precis_username, "fussball", "fussball");
	check(precis_username, "fu\u00dfball", "fu\u00dfball");
	check(precis_username, "\u03c0", "\u03c0");
	check(precis_username, "\u03a3", "\u03c3");
	check(precis_username, "\u03c3", "\u03c3");
	check(precis_username, "\u03c2", "\u03c2");
	check(precis_username, "foo bar", NULL);
	check_str(precis_username, STR(""), NULL);
	check(precis_username, "henry\u2163", NULL);
	check(precis_username, "\u221e", NULL);
}

static void username_mapping(void **state)
{
	(void)state;
	check(precis_username, "Juliet", "juliet");
	check(precis_username, "e\u0301", "\u00e9");
	check(precis_username, "\uff2a\uff55", "ju");
	check(precis_username, "\uff20", "@");	    /* the caller's to ban */
	check(precis_username, "\uff76", "\u30ab"); /* halfwidth */
	check(precis_username, "\u0130", "i\u0307");
	check(precis_username, "\U0001f600", NULL);
	check(precis_username, "\u3000", NULL);
	check(precis_username, "\ufb01n", NULL);
}

/* RFC 5893 §2. */
static void username_bidi_rule(void **state)
{
	(void)state;
	check(precis_username, "\u05d0\u05d1", "\u05d0\u05d1");
	check(precis_username, "\u05d01", "\u05d01");
	check(precis_username, "\u0628\u0661", "\u0628\u0661");
	check(precis_username, "\u05d0\u05b0", "\u05d0\u05b0");
	check(precis_username, "1\u05d0", NULL);
	check(precis_username, "a\u05d0", NULL);
	check(precis_username, "\u05d0a", NULL);
	check(precis_username, "\u05d0-", NULL);
	check(precis_username, "\u06281\u0661", NULL);
	check(precis_username, "\u0661", NULL);
}

/* RFC 8265 §4.3 and RFC 7622 §3.4. */
static void opaque_string(void **state)
{
	(void)state;
	check(precis_opaque, "correct horse battery staple",
	      "correct horse battery staple");
	check(precis_opaque, "Correct Horse Battery Staple",
	      "Correct Horse Battery Staple");
	check(precis_opaque, "\u03c0\u00df\u00e5", "\u03c0\u00df\u00e5");
	check(precis_opaque, "Jack of \u2666s", "Jack of \u2666s");
	check(precis_opaque, "foo\u1680bar", "foo bar");
	check(precis_opaque, "my cat is a \tby", NULL);
	check_str(precis_opaque, STR(""), NULL);
	check(precis_opaque, " a  b ", " a  b ");
	check(precis_opaque, "e\u0301", "\u00e9");
	check(precis_opaque, "\uff2a", "\uff2a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nickname_table),
	    cmocka_unit_test(nickname_has_1_to_1023_octets),
	    cmocka_unit_test(key_of_a_longest_nickname),
	    cmocka_unit_test(nickname_rfc_examples),
	    cmocka_unit_test(nickname_refuses),
	    cmocka_unit_test(bad_utf8_is_told_apart),
	    cmocka_unit_test(contextual_rules),
	    cmocka_unit_test(username_rfc_examples),
	    cmocka_unit_test(username_mapping),
	    cmocka_unit_test(username_bidi_rule),
	    cmocka_unit_test(opaque_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
