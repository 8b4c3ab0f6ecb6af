#include <stdio.h>

#include "base/err.h"
#include "tests/unit/xmpp_scratch.h"
#include "xmpp/stanza.h"

#define assert_str(s, z) assert_true(str_eq((s), str_z(z)))

static void test_reading(void **state)
{
	struct scratch *f = *state;
	const struct xnode *n = xmlin_parse(
	    f->a, STR("<message xmlns='jabber:component:accept' from='a@b/c' "
		      "xml:lang='de' empty=''><body>x<!-- c -->y</body>"
		      "<x xmlns='urn:one'/><x xmlns='urn:two'/></message>"));
	const struct xnode *x;

	assert_non_null(n);
	assert_true(x_is(n, "message", NS_CLIENT));
	assert_str(x_attr(n, "from"), "a@b/c");
	assert_str(x_attr(n, "xml:lang"), "de");
	assert_int_equal(x_attr(n, "to").n, 0);
	assert_true(x_has_attr(n, "empty"));
	assert_false(x_has_attr(n, "to"));
	assert_str(x_text(x_child(n, "body", NS_CLIENT), f->a), "xy");
	x = x_child(n, "x", NULL);
	assert_str(x->ns, "urn:one");
	x = x_next(x, "x", NULL);
	assert_str(x->ns, "urn:two");
	assert_null(x_next(x, NULL, NULL));
	assert_null(x_child(n, "x", "urn:three"));
	assert_ptr_equal(x_child(n, NULL, "urn:two"), x);
	assert_null(x_child(NULL, NULL, NULL));
	assert_int_equal(x_text(NULL, f->a).n, 0);
}

static void test_writing(void **state)
{
	struct scratch *f = *state;
	static const char text[] =
	    "<message to='a&apos;&quot;&#9;&lt;' xml:lang='en'>"
	    "<body>1 &lt; 2 &amp; 3</body><x xmlns='urn:x'><y/>"
	    "<z xmlns='jabber:client' e=''/></x></message>";
	const struct xnode *n = xmlin_parse(f->a, str_z(text));

	assert_non_null(n);
	x_write(&f->b, n, STR(NS_CLIENT));
	assert_string_equal(buf_z(&f->b), text);
	buf_clear(&f->b);
	x_write(&f->b, x_child(n, "x", NULL), STR_NONE);
	assert_string_equal(buf_z(&f->b),
			    "<x xmlns='urn:x'><y/><z xmlns='jabber:client' "
			    "e=''/></x>");
}

/* BODY-6: what no stream may carry becomes U+FFFD. */
static void test_text_is_cleaned(void **state)
{
	struct scratch *f = *state;

	x_put_text(&f->b, "body",
		   STR("A\x07"
		       "B\xff"));
	x_put_attr(&f->b, "a", STR("\x01"));
	x_put_attr(&f->b, "b", STR_NONE);
	assert_string_equal(buf_z(&f->b),
			    "<body>A\xef\xbf\xbd"
			    "B\xef\xbf\xbd</body> a='\xef\xbf\xbd'");
}

static void test_opening(void **state)
{
	struct scratch *f = *state;

	x_open(&f->b, "iq", STR("r@d/O'Neill"), STR("u@h"), STR("result"),
	       STR_NONE);
	assert_string_equal(
	    buf_z(&f->b), "<iq from='r@d/O&apos;Neill' to='u@h' type='result'");
}

static void test_error(void **state)
{
	struct scratch *f = *state;

	x_put_error(&f->b, (struct stanza_error){"cancel", "conflict"},
		    STR("r@d"), STR("in use"));
	assert_string_equal(
	    buf_z(&f->b),
	    "<error type='cancel' by='r@d'>"
	    "<conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
	    "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' "
	    "xml:lang='en'>in use</text></error>");
}

static void test_limits(void **state)
{
	struct arena *a = arena_new(64);
	struct xnode *n;
	struct buf b = BUF_INIT(4096);

	(void)state;
	assert_null(x_new(a, str_of("abcdefghij", 10), STR("urn:long")));
	arena_free(a);
	a = arena_new(sizeof(struct xnode) + 16);
	n = x_new(a, STR("a"), STR("b"));
	assert_non_null(n);
	assert_int_equal(x_add_attr(a, n, STR("name"), STR("value")),
			 ERR_TOO_BIG);
	assert_null(n->attrs);
	arena_free(a);

	a = arena_new(1 << 20);
	for (int i = 0; i < X_DEPTH_MAX; i++)
		buf_addz(&b, "<a>");
	for (int i = 0; i < X_DEPTH_MAX; i++)
		buf_addz(&b, "</a>");
	assert_non_null(xmlin_parse(a, buf_str(&b)));
	buf_clear(&b);
	for (int i = 0; i <= X_DEPTH_MAX; i++)
		buf_addz(&b, "<a>");
	for (int i = 0; i <= X_DEPTH_MAX; i++)
		buf_addz(&b, "</a>");
	assert_null(xmlin_parse(a, buf_str(&b)));
	buf_done(&b);
	arena_free(a);
}

static void test_no_dtd(void **state)
{
	struct scratch *f = *state;

	assert_null(
	    xmlin_parse(f->a, STR("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>")));
	assert_null(xmlin_parse(f->a, STR("<a>&e;</a>")));
	assert_null(xmlin_parse(f->a, STR("<a>")));
	assert_null(xmlin_parse(f->a, STR("<a/><b/>")));
	assert_null(xmlin_parse(f->a, STR_NONE));
}

static void test_undeclarable_namespaces(void **state)
{
	struct scratch *f = *state;

	assert_null(xmlin_parse(f->a, STR("<message><xml:x/></message>")));
	assert_null(
	    x_new(f->a, STR("x"), STR("http://www.w3.org/2000/xmlns/")));
}

static void test_jid(void **state)
{
	struct jid j;
	char long_node[1100];

	(void)state;
	assert_int_equal(jid_split(STR("room@d.test/a@b/c"), &j), 0);
	assert_str(j.node, "room");
	assert_str(j.domain, "d.test");
	assert_str(j.resource, "a@b/c");
	assert_str(j.bare, "room@d.test");
	assert_str(j.full, "room@d.test/a@b/c");
	assert_int_equal(jid_split(STR("d.test"), &j), 0);
	assert_str(j.bare, "d.test");
	assert_int_equal(j.node.n + j.resource.n, 0);
	assert_int_equal(jid_split(STR("d.test/r"), &j), 0);
	assert_str(j.bare, "d.test");
	assert_str(j.resource, "r");

	assert_int_equal(jid_split(STR_NONE, &j), ERR_SYNTAX);
	assert_int_equal(jid_split(STR("@d"), &j), ERR_SYNTAX);
	assert_int_equal(jid_split(STR("n@"), &j), ERR_SYNTAX);
	assert_int_equal(jid_split(STR("n@d/"), &j), ERR_SYNTAX);
	assert_int_equal(jid_split(STR("/r"), &j), ERR_SYNTAX);
	memset(long_node, 'a', sizeof(long_node));
	memcpy(long_node + 1024, "@d", 2);
	assert_int_equal(jid_split(str_of(long_node, 1026), &j), ERR_SYNTAX);
	assert_int_equal(jid_split(str_of(long_node + 1, 1025), &j), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_reading, scratch_setup,
					    scratch_teardown),
	    cmocka_unit_test_setup_teardown(test_writing, scratch_setup,
					    scratch_teardown),
	    cmocka_unit_test_setup_teardown(test_text_is_cleaned, scratch_setup,
					    scratch_teardown),
	    cmocka_unit_test_setup_teardown(test_opening, scratch_setup,
					    scratch_teardown),
	    cmocka_unit_test_setup_teardown(test_error, scratch_setup,
					    scratch_teardown),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test_setup_teardown(test_no_dtd, scratch_setup,
					    scratch_teardown),
	    cmocka_unit_test_setup_teardown(test_undeclarable_namespaces,
					    scratch_setup, scratch_teardown),
	    cmocka_unit_test(test_jid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
