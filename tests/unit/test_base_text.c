/* Slices, scanning, buffers, arenas, blobs, UTF-8, XML text, identifiers. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/blob.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/random.h"
#include "base/scan.h"
#include "base/utf8.h"
#include "base/xmltext.h"

#define assert_str(s, z) assert_true(str_eq((s), str_z(z)))

static void errors_have_text_and_name(void **state)
{
	(void)state;
	assert_string_equal(err_text(ERR_SYNTAX), "malformed");
	assert_string_equal(err_name(ERR_TOO_BIG), "ERR_TOO_BIG");
	assert_string_equal(err_text(-EADDRINUSE), "Address already in use");
	assert_string_equal(err_name(-EADDRINUSE), "EADDRINUSE");
	assert_string_equal(err_name(-9999), "UNKNOWN");
	assert_string_equal(err_name(0), "OK");
}

static void str_compares(void **state)
{
	(void)state;
	assert_true(str_eq(STR(""), STR_NONE));
	assert_false(str_eq(STR("a"), STR("A")));
	assert_true(str_ieq(STR("Via-9"), STR("vIA-9")));
	assert_false(str_ieq(STR("@["), STR("`{"))); /* 32 apart, no letters */
	assert_true(str_cmp(STR("ab"), STR("abc")) < 0);
	assert_true(str_cmp(STR("b"), STR("abc")) > 0);
	assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
	assert_int_equal(str_cmp(STR_NONE, STR("")), 0);
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_true(str_starts(STR("abc"), STR_NONE));
	assert_false(str_starts(STR("a"), STR("ab")));
	assert_true(str_istarts(STR("SIP:x"), STR("sip:")));
	assert_true(str_ends(STR("abc"), STR("bc")));
	assert_true(str_ends(STR_NONE, STR("")));
	assert_false(str_ends(STR("c"), STR("bc")));
}

static void str_finds_and_cuts(void **state)
{
	struct str rest = STR("a;;b;");

	(void)state;
	assert_str(str_trim(STR(" \t a b\t")), "a b");
	assert_str(str_trim(STR("\r\n")), "\r\n");
	assert_str(str_trim_space(STR(" \r\na\n\t")), "a");
	assert_int_equal(str_trim(STR("  ")).n, 0);
	assert_int_equal(str_find(STR("abcb"), 'b'), 1);
	assert_int_equal(str_rfind(STR("abcb"), 'b'), 3);
	assert_int_equal(str_find(STR_NONE, 'b'), -1);
	assert_int_equal(str_search(STR("xaab"), STR("aab")), 1);
	assert_int_equal(str_search(STR("a"), STR("aab")), -1);
	assert_int_equal(str_search(STR("a"), STR("")), 0);
	assert_str(str_from(STR("abc"), 1), "bc");
	assert_null(str_from(STR("abc"), 3).p);
	assert_str(str_split(&rest, ';'), "a");
	assert_str(str_split(&rest, ';'), "");
	assert_str(str_split(&rest, ';'), "b");
	assert_non_null(rest.p); /* the last ';' was there: one more part */
	assert_str(str_split(&rest, ';'), "");
	assert_null(rest.p);
}

static void str_reads_numbers(void **state)
{
	uint64_t v = 7;

	(void)state;
	assert_int_equal(str_u64(STR("0"), 0, &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(str_u64(STR("18446744073709551615"), UINT64_MAX, &v),
			 0);
	assert_true(v == UINT64_MAX);
	v = 7;
	assert_int_equal(str_u64(STR("18446744073709551616"), UINT64_MAX, &v),
			 ERR_TOO_BIG);
	assert_int_equal(str_u64(STR("1"), 0, &v), ERR_TOO_BIG);
	assert_int_equal(str_u64(STR("256"), 255, &v), ERR_TOO_BIG);
	assert_int_equal(str_u64(STR(""), 255, &v), ERR_SYNTAX);
	assert_int_equal(str_u64(STR("+1"), 255, &v), ERR_SYNTAX);
	assert_int_equal(str_u64(STR("99999x"), 255, &v), ERR_SYNTAX);
	assert_int_equal(v, 7);
	assert_int_equal(str_u64(STR("0255"), 255, &v), 0);
	assert_int_equal(v, 255);
}

static void hex_reads_octets(void **state)
{
	unsigned char octets[2];

	(void)state;
	assert_int_equal(hex_value('9'), 9);
	assert_int_equal(hex_value('f'), 15);
	assert_int_equal(hex_value('A'), 10);
	assert_int_equal(hex_value('g'), -1);
	assert_int_equal(hex_value(0), -1);
	assert_true(hex_octets(STR("A9:0f"), octets, 2));
	assert_memory_equal(octets, "\xa9\x0f", 2);
	assert_false(hex_octets(STR("A9:0"), octets, 2));
	assert_false(hex_octets(STR("A9-0f"), octets, 2));
	assert_false(hex_octets(STR("A9:0g"), octets, 2));
	assert_false(hex_octets(STR("A9:0f:"), octets, 2));
	assert_false(hex_octets(STR_NONE, octets, 2));
}

static void str_hashes(void **state)
{
	char *copy = str_dup(STR("0123456789abcdef"));

	(void)state;
	assert_string_equal(copy, "0123456789abcdef");
	assert_true(str_hash(str_of(copy, 16), 1) ==
		    str_hash(STR("0123456789abcdef"), 1));
	assert_true(str_hash(STR("a"), 1) != str_hash(STR("a"), 2));
	assert_true(str_hash(STR("a"), 1) != str_hash(STR("b"), 1));
	assert_true(str_hash(STR(""), 1) != str_hash(STR("\0"), 1));
	free(copy);
}

static bool is_token(unsigned char c)
{
	return isalnum(c);
}

static void scan_reads_along(void **state)
{
	struct scan s = scan_of(STR("MSRP d93kswow 200 OK\r\nTo: x\nlast"));

	(void)state;
	scan_expect_str(&s, STR("MSRP"));
	assert_int_equal(scan_space(&s), 1);
	assert_str(scan_until(&s, ' '), "d93kswow");
	assert_int_equal(scan_u64(&s, 999), 200);
	assert_false(scan_skip(&s, 'x'));
	assert_str(scan_line(&s), " OK");
	assert_true(scan_skip_istr(&s, STR("tO")));
	assert_false(scan_skip_str(&s, STR("x")));
	scan_expect(&s, ':');
	assert_str(scan_line(&s), " x");
	assert_str(scan_while(&s, is_token), "last");
	assert_true(scan_done(&s));
	assert_str(scan_while(&s, is_token), "");
	assert_str(scan_line(&s), "");
	assert_int_equal(s.err, 0);
}

static void scan_error_sticks(void **state)
{
	struct scan s = scan_of(STR("ab12"));

	(void)state;
	scan_expect(&s, 'x');
	assert_int_equal(s.err, ERR_SYNTAX);
	scan_fail(&s, ERR_TOO_BIG);
	assert_int_equal(s.err, ERR_SYNTAX);
	assert_false(scan_skip(&s, 'a'));
	assert_null(scan_until(&s, 'b').p);
	assert_null(scan_line(&s).p);
	assert_null(scan_rest(&s).p);
	assert_int_equal(scan_u64(&s, 99), 0);
	assert_true(scan_done(&s));

	s = scan_of(STR("300"));
	assert_int_equal(scan_u64(&s, 255), 0);
	assert_int_equal(s.err, ERR_TOO_BIG);
	s = scan_of(STR("x"));
	scan_u64(&s, 255);
	assert_int_equal(s.err, ERR_SYNTAX);
	s = scan_of(STR_NONE);
	assert_null(scan_until(&s, ' ').p);
	assert_int_equal(s.err, ERR_SYNTAX);
}

static void buf_grows_to_its_limit(void **state)
{
	struct buf b = BUF_INIT(300);

	(void)state;
	assert_string_equal(buf_z(&b), "");
	buf_addz(&b, "ab");
	buf_addc(&b, 'c');
	buf_addu(&b, 0);
	buf_addu(&b, UINT64_MAX);
	buf_addf(&b, "<%d>", -5);
	buf_add(&b, STR_NONE);
	assert_string_equal(buf_z(&b), "abc018446744073709551615<-5>");
	while (b.n < 300)
		buf_addc(&b, 'x');
	assert_int_equal(b.err, 0);
	assert_int_equal(buf_z(&b)[300], 0);
	buf_addc(&b, 'y');
	assert_int_equal(b.err, ERR_TOO_BIG);
	assert_int_equal(b.n, 300);
	buf_cut(&b, 0);
	buf_addz(&b, "no more");
	buf_addf(&b, "%d", 1);
	assert_null(buf_space(&b, 1));
	assert_int_equal(b.n, 0);
	buf_clear(&b);
	buf_addz(&b, "again");
	assert_str(buf_str(&b), "again");
	buf_done(&b);
	assert_int_equal(b.max, 300);
	buf_addz(&b, "used again");
	buf_done(&b);
}

static void buf_cuts_and_gives_away(void **state)
{
	struct buf b;
	char *p;
	size_t n;

	(void)state;
	buf_init(&b, 100);
	memcpy(buf_space(&b, 4), "cdef", 4);
	b.n += 4;
	assert_str(buf_str(&b), "cdef");
	buf_cut(&b, 9);
	buf_cut(&b, 3);
	p = buf_take(&b, &n);
	assert_string_equal(p, "cde");
	assert_int_equal(n, 3);
	assert_int_equal(b.n, 0);
	free(p);
	p = buf_take(&b, NULL);
	assert_string_equal(p, "");
	free(p);
	buf_addz(&b, "x");
	buf_clear(&b);
	assert_int_equal(b.n, 0);
	buf_space(&b, 101);
	assert_null(buf_take(&b, &n));
	assert_int_equal(b.err, 0);
	assert_null(b.p);
}

static void arena_limits_and_aligns(void **state)
{
	struct arena *a = arena_new(20000);
	char *big, *p;

	(void)state;
	assert_str(arena_dup(a, STR("odd")), "odd");
	p = arena_alloc(a, 40);
	assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
	for (int i = 0; i < 40; i++)
		assert_int_equal(p[i], 0);
	big = arena_alloc(a, 9000); /* more than a block */
	memset(big, 1, 9000);
	assert_str(arena_printf(a, "%s-%d", "n", 4), "n-4");
	assert_int_equal(arena_dup(a, STR_NONE).n, 0);
	assert_non_null(arena_dup(a, STR_NONE).p);
	assert_true(arena_used(a) >= 9000 + 40 + 4 + 4);
	assert_null(arena_alloc(a, 20000));
	assert_null(arena_alloc(a, SIZE_MAX));
	arena_reset(a);
	assert_int_equal(arena_used(a), 0);
	p = arena_alloc(a, 16);
	for (int i = 0; i < 16; i++)
		assert_int_equal(p[i], 0);
	arena_free(a);

	a = arena_new(10);
	assert_non_null(arena_dup(a, STR("123456789")).p);
	assert_null(arena_dup(a, STR("")).p);
	assert_null(arena_printf(a, "x").p);
	arena_free(a);
	arena_free(NULL);
}

/* Many small pieces cost padding, which must not escape the limit; the first of
 * each block needs none. */
static void arena_counts_padding(void **state)
{
	struct arena *a = arena_new(1600);
	int pieces = 0;

	(void)state;
	while (arena_alloc(a, 1))
		pieces++;
	assert_in_range(pieces, 100, 103);
	arena_free(a);
}

static void blob_has_several_owners(void **state)
{
	struct blob *b = blob_new(STR("body"));

	(void)state;
	assert_ptr_equal(blob_ref(b), b);
	blob_unref(b);
	assert_str(blob_str(b), "body");
	blob_unref(b);
	blob_unref(NULL);
	assert_null(blob_str(NULL).p);
	b = blob_new(STR_NONE);
	assert_int_equal(blob_str(b).n, 0);
	blob_unref(b);
}

static void utf8_reads(void **state)
{
	static const struct {
		struct str in;
		int32_t cp;
		size_t used;
	} rows[] = {
	    {{"a", 1}, 'a', 1},
	    {{"\0", 1}, 0, 1},
	    {{"\xc2\x80", 2}, 0x80, 2},
	    {{"\xdf\xbf", 2}, 0x7ff, 2},
	    {{"\xe0\xa0\x80", 3}, 0x800, 3},
	    {{"\xef\xbf\xbf", 3}, 0xffff, 3},
	    {{"\xf0\x90\x80\x80", 4}, 0x10000, 4},
	    {{"\xf4\x8f\xbf\xbf", 4}, 0x10ffff, 4},
	    {{"\x80", 1}, -1, 1},
	    {{"\xc0\x80", 2}, -1, 1},	      /* not shortest */
	    {{"\xc1\xbf", 2}, -1, 1},	      /* not shortest */
	    {{"\xe0\x9f\xbf", 3}, -1, 1},     /* not shortest */
	    {{"\xf0\x8f\xbf\xbf", 4}, -1, 1}, /* not shortest */
	    {{"\xed\xa0\x80", 3}, -1, 1},     /* surrogate */
	    {{"\xed\xbf\xbf", 3}, -1, 1},     /* surrogate */
	    {{"\xf4\x90\x80\x80", 4}, -1, 1}, /* over U+10FFFF */
	    {{"\xf5\x80\x80\x80", 4}, -1, 1},
	    {{"\xff", 1}, -1, 1},
	    {{"\xc3(", 2}, -1, 1},
	    {{"\xe2\x82", 2}, -1, 1},
	    {{"\xe2\x82(", 3}, -1, 1},
	};

	(void)state;
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		size_t i = 0;
		char z[4];

		assert_int_equal(utf8_next(rows[k].in, &i), rows[k].cp);
		assert_int_equal(i, rows[k].used);
		assert_int_equal(utf8_valid(rows[k].in), rows[k].cp >= 0);
		if (rows[k].cp < 0)
			continue;
		assert_int_equal(utf8_put(z, (uint32_t)rows[k].cp), i);
		assert_memory_equal(z, rows[k].in.p, i);
	}
	assert_true(utf8_valid(STR_NONE));
	assert_false(utf8_valid(STR("ok\xc3")));
	assert_true(utf8_valid(STR("12345678\xc3\xa9")));
	assert_false(utf8_valid(STR("12345678\xc3")));
	assert_false(utf8_valid(STR("1234567\xa9")));
	assert_false(utf8_valid(STR("\xff"
				    "1234567")));
	assert_str(utf8_cut(STR("abc"), 3), "abc");
	assert_str(utf8_cut(STR("abcd"), 3), "abc");
	assert_str(utf8_cut(STR("ab\xc3\xa9"), 4), "ab\xc3\xa9");
	assert_str(utf8_cut(STR("ab\xc3\xa9"), 3), "ab");
	assert_str(utf8_cut(STR("\xf0\x9f\x98\x80"), 3), "");
}

static void check_xml(struct str in, const char *text, const char *attr)
{
	struct buf b = BUF_INIT(1000);

	xml_add_text(&b, in);
	assert_string_equal(buf_z(&b), text);
	buf_clear(&b);
	xml_add_attr(&b, in);
	assert_string_equal(buf_z(&b), attr);
	buf_done(&b);
}

static void xml_is_escaped_and_cleaned(void **state)
{
	(void)state;
	check_xml(STR("a<b & c"), "a&lt;b &amp; c", "a&lt;b &amp; c");
	check_xml(STR("]]>'\""), "]]&gt;'\"", "]]&gt;&apos;&quot;");
	check_xml(STR("x\r\ny\rz\n"), "x\ny\nz\n", "x&#10;y&#10;z&#10;");
	check_xml(STR("\r\r\n"), "\n\n", "&#10;&#10;");
	check_xml(STR("\t"), "\t", "&#9;");
	check_xml(STR("A\x07"
		      "B\0"),
		  "A\ufffdB\ufffd", "A\ufffdB\ufffd");
	check_xml(STR("\xc3(\xed\xa0\x80"), "\ufffd(\ufffd\ufffd\ufffd",
		  "\ufffd(\ufffd\ufffd\ufffd");
	check_xml(STR("\xef\xbf\xbe\xef\xbf\xbf"), "\ufffd\ufffd",
		  "\ufffd\ufffd");
	check_xml(STR("\u00e9\U0001f600"), "\u00e9\U0001f600",
		  "\u00e9\U0001f600");
	check_xml(STR_NONE, "", "");
}

static void xml_char_ranges(void **state)
{
	static const uint32_t yes[] = {9,      10,     13,	0x20,	 0xd7ff,
				       0xe000, 0xfffd, 0x10000, 0x10ffff};
	static const uint32_t no[] = {0,      8,      11,     12,     0x1f,
				      0xd800, 0xdfff, 0xfffe, 0xffff, 0x110000};

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(xml_char(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(xml_char(no[i]));
}

static void identifiers_are_alphanumeric(void **state)
{
	char a[65], b[65];

	(void)state;
	for (int round = 0; round < 50; round++) {
		random_ident(a, 64);
		assert_int_equal(strlen(a), 64);
		assert_true(isalpha((unsigned char)a[0]));
		for (int i = 0; i < 64; i++)
			assert_true(isalnum((unsigned char)a[i]));
	}
	random_ident(b, 64);
	assert_string_not_equal(a, b);
	random_ident(a, 0);
	assert_string_equal(a, "");
	assert_true(random_u64() != random_u64());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(errors_have_text_and_name),
	    cmocka_unit_test(str_compares),
	    cmocka_unit_test(str_finds_and_cuts),
	    cmocka_unit_test(str_reads_numbers),
	    cmocka_unit_test(hex_reads_octets),
	    cmocka_unit_test(str_hashes),
	    cmocka_unit_test(scan_reads_along),
	    cmocka_unit_test(scan_error_sticks),
	    cmocka_unit_test(buf_grows_to_its_limit),
	    cmocka_unit_test(buf_cuts_and_gives_away),
	    cmocka_unit_test(arena_limits_and_aligns),
	    cmocka_unit_test(arena_counts_padding),
	    cmocka_unit_test(blob_has_several_owners),
	    cmocka_unit_test(utf8_reads),
	    cmocka_unit_test(xml_is_escaped_and_cleaned),
	    cmocka_unit_test(xml_char_ranges),
	    cmocka_unit_test(identifiers_are_alphanumeric),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
