/* MIME multipart bodies (RFC 2046 §5.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "mapping/multipart.h"

#define MIXED STR("multipart/mixed;boundary=\"b 1\"")

static void assert_str(struct str have, const char *want)
{
	if (!str_eq(have, str_z(want)))
		fail_msg("'%.*s' is not '%s'", STR_ARG(have), want);
}

static void test_parts(void **state)
{
	struct multipart m;
	struct body_part p;

	(void)state;
	assert_int_equal(
	    multipart_begin(&m, MIXED,
			    STR("preamble\r\n--b 1 \r\n"
				"content-type: a/b;x=y\r\n"
				"Content-Disposition: render;handling=optional"
				"\r\nContent-ID: <1@x>\r\n"
				"Content-Transfer-Encoding: 8bit\r\n\r\n"
				"one\r\n--b 12\r\n\r\n--b 1\r\n\r\ntwo\r\n"
				"--b 1\r\nX: y\r\n--b 1--\r\nepilogue")),
	    0);
	assert_int_equal(multipart_next(&m, &p), 1);
	assert_str(p.type, "a/b;x=y");
	assert_str(p.disposition, "render;handling=optional");
	assert_true(body_is_optional(p.disposition));
	assert_str(p.id, "<1@x>");
	assert_str(p.encoding, "8bit");
	assert_str(p.body, "one\r\n--b 12\r\n");
	assert_int_equal(multipart_next(&m, &p), 1);
	assert_str(p.type, "text/plain");
	assert_false(body_is_optional(p.disposition));
	assert_str(p.body, "two");
	assert_int_equal(multipart_next(&m, &p), 1);
	assert_str(p.body, "");
	assert_int_equal(multipart_next(&m, &p), 0);
	assert_int_equal(multipart_next(&m, &p), 0);
}

static void test_no_multipart(void **state)
{
	struct multipart m;
	struct body_part p;

	(void)state;
	assert_int_equal(multipart_begin(&m, STR("text/plain;boundary=b"),
					 STR("--b\r\n\r\n--b--")),
			 ERR_SYNTAX);
	assert_int_equal(
	    multipart_begin(&m, STR("multipart/mixed"), STR("--\r\n----")),
	    ERR_SYNTAX);
	assert_int_equal(multipart_begin(&m, MIXED, STR_NONE), ERR_SYNTAX);
	assert_int_equal(multipart_begin(&m, MIXED, STR("--b 1\r\n\r\nx")), 0);
	assert_int_equal(multipart_next(&m, &p), ERR_SYNTAX);
}

static void test_too_many(void **state)
{
	char body[(MULTIPART_PARTS_MAX + 2) * 8 + 1] = "";
	struct multipart m;
	struct body_part p;
	int n = 0, more;

	(void)state;
	for (int i = 0; i < MULTIPART_PARTS_MAX + 2; i++)
		memcpy(body + (size_t)i * 8, "--b\r\n\r\n\r", 8);
	for (int i = 0; i < MULTIPART_PARTS_MAX + 2; i++)
		body[i * 8 + 7] = '\n';
	assert_int_equal(
	    multipart_begin(&m, STR("multipart/mixed;boundary=b"), str_z(body)),
	    0);
	while ((more = multipart_next(&m, &p)) > 0)
		n++;
	assert_int_equal(more, ERR_TOO_BIG);
	assert_int_equal(n, MULTIPART_PARTS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parts),
	    cmocka_unit_test(test_no_multipart),
	    cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
