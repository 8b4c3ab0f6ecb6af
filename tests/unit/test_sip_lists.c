/* Lists of recipients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "sip/lists.h"

#define OPEN                                                                   \
	"<?xml version=\"1.0\"?>\n<resource-lists "                            \
	"xmlns=\"urn:ietf:params:xml:ns:resource-lists\" "                     \
	"xmlns:cp=\"urn:ietf:params:xml:ns:copycontrol\">"
#define CLOSE "</resource-lists>"

static int setup(void **state)
{
	*state = arena_new(1u << 20);
	return 0;
}

static int teardown(void **state)
{
	arena_free(*state);
	return 0;
}

static void history_is(const struct uri_list *l, const char *want)
{
	struct buf b = BUF_INIT(65536);
	ptrdiff_t at;

	assert_true(list_write_history(&b, l));
	at = str_search(buf_str(&b), STR("<list>"));
	assert_true(at > 0);
	assert_string_equal(buf_z(&b) + at, want);
	buf_done(&b);
}

/* FOCUS-44: the figures 3 and 4 of RFC 5364 */
static void test_figures(void **state)
{
	struct uri_list l;

	assert_int_equal(
	    list_parse(
		STR(OPEN
		    "<list>"
		    "<entry uri=\"sip:bill@example.com\" "
		    "cp:copyControl=\"to\" />"
		    "<entry uri=\"sip:randy@example.net\" "
		    "cp:copyControl=\"to\" cp:anonymize=\"true\"/>"
		    "<entry uri=\"sip:eddy@example.com\" "
		    "cp:copyControl=\"to\" cp:anonymize=\"true\"/>"
		    "<entry uri=\"sip:joe@example.org\" cp:copyControl=\"cc\"/>"
		    "<entry uri=\"sip:carol@example.net\" "
		    "cp:copyControl=\"cc\" cp:anonymize=\"true\"/>"
		    "<entry uri=\"sip:ted@example.net\" "
		    "cp:copyControl=\"bcc\" />"
		    "<entry uri=\"sip:andy@example.com\" "
		    "cp:copyControl=\"bcc\" />"
		    "</list>" CLOSE),
		*state, &l),
	    0);
	assert_int_equal(l.n, 7);
	assert_true(str_eq(l.entry[6].uri, STR("sip:andy@example.com")));
	history_is(
	    &l,
	    "<list><entry uri=\"sip:bill@example.com\" cp:copyControl=\"to\"/>"
	    "<entry uri=\"sip:anonymous@anonymous.invalid\" "
	    "cp:copyControl=\"to\" cp:count=\"2\"/>"
	    "<entry uri=\"sip:joe@example.org\" cp:copyControl=\"cc\"/>"
	    "<entry uri=\"sip:anonymous@anonymous.invalid\" "
	    "cp:copyControl=\"cc\" cp:count=\"1\"/></list></resource-lists>\n");
}

/* V-FOCUS-6, FOCUS-42, FOCUS-43: one entry per address, the strongest counts,
 * none means bcc, the sample's namespace is read, nested lists are not */
static void test_reading(void **state)
{
	struct buf b = BUF_INIT(65536);
	struct uri_list l;

	assert_int_equal(list_parse(STR(OPEN "<list>"
					     "<entry uri=\"sip:b@c.example\"/>"
					     "<entry uri=\"sip:b@c.example\"/>"
					     "</list>" CLOSE),
				    *state, &l),
			 0);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.entry[0].copy, LIST_BCC);
	assert_false(list_write_history(&b, &l));
	assert_int_equal(b.n, 0);
	assert_int_equal(
	    list_parse(
		STR(OPEN "<list xmlns:s=\"urn:ietf:params:xml:ns:copyControl\">"
			 "<entry uri=\"sip:b@c.example;x=1\"/>"
			 "<entry uri=\"sip:b@C.example\" s:copyControl=\"cc\"/>"
			 "<entry uri=\"sip:b@c.example:5060\" "
			 "cp:copyControl=\"to\"/>"
			 "<list><entry uri=\"sip:deep@x\"/></list>"
			 "<entry-ref ref=\"a/b\"/><external anchor=\"http:x\"/>"
			 "<entry uri=\"sip:&lt;c&gt;@x\" "
			 "cp:copyControl=\"cc\"/>"
			 "</list>" CLOSE),
		*state, &l),
	    0);
	assert_int_equal(l.n, 2);
	assert_true(str_eq(l.entry[0].uri, STR("sip:b@c.example;x=1")));
	assert_int_equal(l.entry[0].copy, LIST_TO);
	history_is(&l, "<list><entry uri=\"sip:b@c.example;x=1\" "
		       "cp:copyControl=\"to\"/>"
		       "<entry uri=\"sip:&lt;c&gt;@x\" cp:copyControl=\"cc\"/>"
		       "</list></resource-lists>\n");
	buf_done(&b);
}

/* FOCUS-42 */
static void test_refused(void **state)
{
	struct uri_list l;
	struct buf b = BUF_INIT(65536);

	assert_int_equal(list_parse(STR("<resource-lists>"), *state, &l),
			 ERR_SYNTAX);
	assert_int_equal(list_parse(STR("<resource-lists/>"), *state, &l),
			 ERR_SYNTAX);
	assert_int_equal(
	    list_parse(STR(OPEN "<list><entry/></list>" CLOSE), *state, &l),
	    ERR_SYNTAX);
	assert_int_equal(
	    list_parse(STR("<!DOCTYPE x [<!ENTITY a \"b\">]>" OPEN CLOSE),
		       *state, &l),
	    ERR_UNSUPPORTED);
	buf_addz(&b, OPEN "<list>");
	for (int i = 0; i < 100; i++)
		buf_addf(&b, "<entry uri=\"sip:u%d@x\"/>", i);
	for (int i = 0; i < 100; i++)
		buf_addf(&b, "<entry uri=\"sip:u%d@x\"/>", i);
	size_t n = b.n;
	buf_addz(&b, "</list>" CLOSE);
	assert_int_equal(list_parse(buf_str(&b), *state, &l), 0);
	assert_int_equal(l.n, 100);
	b.n = n;
	buf_addz(&b, "<entry uri=\"sip:one@more\"/></list>" CLOSE);
	assert_int_equal(list_parse(buf_str(&b), *state, &l), ERR_TOO_BIG);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_figures, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_reading, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
