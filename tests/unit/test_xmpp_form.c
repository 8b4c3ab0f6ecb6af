/* Data forms (XEP-0004) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "tests/lib/xmlin.h"
#include "xmpp/form.h"

#define X(type, fields)                                                        \
	"<x xmlns='jabber:x:data' type='" type "'>" fields "</x>"
#define assert_str(s, z) assert_true(str_eq((s), str_z(z)))

static int setup(void **state)
{
	*state = arena_new(1 << 20);
	return 0;
}

static int teardown(void **state)
{
	arena_free(*state);
	return 0;
}

static int read_text(struct arena *a, struct str text, struct form *f)
{
	return form_read(xmlin_parse(a, text), a, f);
}

static void test_read(void **state)
{
	struct form f;
	bool on = false, off = true, same = true;

	assert_int_equal(
	    read_text(
		*state,
		STR(X("submit",
		      "<field var='FORM_TYPE'><value>urn:f</value></field>"
		      "<field type='fixed'><value>hello</value></field>"
		      "<field var='a'><value>x</value><value>y</value>"
		      "</field><field var='on'><value> true </value></field>"
		      "<field var='off'><value>0</value></field>"
		      "<field var='none'/>")),
		&f),
	    0);
	assert_str(f.type, "submit");
	assert_str(f.form_type, "urn:f");
	assert_int_equal(f.n_fields, 4);
	assert_int_equal(form_field(&f, "a")->n_values, 2);
	assert_str(form_field(&f, "a")->values[1], "y");
	assert_str(form_value(&f, "a"), "x");
	assert_str(form_value(&f, "none"), "");
	assert_str(form_value(&f, "b"), "");
	assert_null(form_field(&f, "b"));
	assert_int_equal(form_bool(&f, "on", &on), 0);
	assert_int_equal(form_bool(&f, "off", &off), 0);
	assert_int_equal(form_bool(&f, "b", &same), 0);
	assert_true(on && !off && same);
	assert_int_equal(form_bool(&f, "a", &same), ERR_SYNTAX);
	assert_int_equal(form_bool(&f, "none", &same), ERR_SYNTAX);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
	    "<x xmlns='urn:x' type='submit'/>",
	    X("sent", ""),
	    "<x xmlns='jabber:x:data'/>",
	    X("submit", "<field var='a'/><field var='a'/>"),
	};
	struct form f;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(read_text(*state, str_z(bad[i]), &f),
				 ERR_SYNTAX);
	assert_int_equal(form_read(NULL, *state, &f), ERR_SYNTAX);
}

static void put_many(struct buf *b, unsigned fields, unsigned values)
{
	buf_clear(b);
	form_begin(b, "submit", NULL);
	for (unsigned i = 0; i < fields; i++) {
		buf_addf(b, "<field var='%u'>", i);
		for (unsigned v = 0; v < values; v++)
			form_put_value(b, STR("v"));
		form_field_close(b);
	}
	form_end(b);
}

static void test_limits(void **state)
{
	struct buf b = BUF_INIT(1 << 20);
	struct arena *small = arena_new(64);
	struct form f;

	put_many(&b, FORM_FIELDS_MAX, FORM_VALUES_MAX / FORM_FIELDS_MAX);
	assert_int_equal(read_text(*state, buf_str(&b), &f), 0);
	assert_int_equal(f.n_fields, FORM_FIELDS_MAX);
	assert_int_equal(form_read(xmlin_parse(*state, buf_str(&b)), small, &f),
			 ERR_TOO_BIG);
	put_many(&b, FORM_FIELDS_MAX + 1, 0);
	assert_int_equal(read_text(*state, buf_str(&b), &f), ERR_TOO_BIG);
	put_many(&b, 1, FORM_VALUES_MAX + 1);
	assert_int_equal(read_text(*state, buf_str(&b), &f), ERR_TOO_BIG);
	buf_done(&b);
	arena_free(small);
}

static void test_write(void **state)
{
	struct buf b = BUF_INIT(4096);
	const struct xnode *x, *n;
	struct form f;

	form_begin(&b, "form", "urn:f");
	form_put(&b, "t", "text-single", "A <text>", STR("a&b"));
	form_put(&b, "empty", "text-private", NULL, STR_NONE);
	form_put_bool(&b, "b", "Yes?", true);
	form_put_number(&b, "n", NULL, NULL, 42);
	form_field_open(&b, "l", "list-single", "Which");
	form_put_value(&b, STR("two"));
	form_put_option(&b, "Two", STR("two"));
	form_field_close(&b);
	form_end(&b);
	x = xmlin_parse(*state, buf_str(&b));
	assert_int_equal(form_read(x, *state, &f), 0);
	assert_str(f.form_type, "urn:f");
	assert_str(form_value(&f, "t"), "a&b");
	assert_int_equal(form_field(&f, "empty")->n_values, 0);
	assert_str(form_value(&f, "b"), "1");
	assert_str(form_value(&f, "n"), "42");
	assert_str(form_value(&f, "l"), "two");
	n = x_child(x, "field", NS_XDATA);
	assert_str(x_attr(n, "type"), "hidden");
	n = x_next(n, "field", NS_XDATA);
	assert_str(x_attr(n, "label"), "A <text>");
	buf_done(&b);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_read),
	    TEST(test_refused),
	    TEST(test_limits),
	    TEST(test_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
