#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <libxml/parser.h>

#include "base/err.h"
#include "mapping/html.h"

static void assert_html(const char *in, const char *xhtml, const char *text)
{
	struct buf x = BUF_INIT(65536), t = BUF_INIT(65536);

	assert_int_equal(map_html(str_z(in), &x, &t), 0);
	assert_string_equal(buf_z(&x), xhtml);
	assert_string_equal(buf_z(&t), text);
	buf_done(&x);
	buf_done(&t);
}

/* BODY-10 */
static void test_markup(void **state)
{
	(void)state;
	assert_html("<p>Hi <b>you</b></p>", "<p>Hi <strong>you</strong></p>",
		    "Hi you");
	assert_html("<h1>A</h1>b<br>c  <i> d </i> e",
		    "<p>A</p>b<br/>c <em>d</em> e", "A\nb\nc d e");
	assert_html("<ul><li>one<li>two</ul>",
		    "<ul><li>one</li><li>two</li></ul>", "- one\n- two");
	assert_html("<div>a</div><div>b</div>", "a<br/>b", "a\nb");
	assert_html("<pre>a\n  b</pre>", "<pre>a\n  b</pre>", "a\n  b");
	assert_html("", "", "");
}

static void test_links(void **state)
{
	(void)state;
	assert_html("<a href='https://c.example/?a&amp;b' onclick=x>go</a>",
		    "<a href=\"https://c.example/?a&amp;b\">go</a>",
		    "go (https://c.example/?a&b)");
	assert_html("<a href='sip:a@c.example'>sip:a@c.example</a>",
		    "<a href=\"sip:a@c.example\">sip:a@c.example</a>",
		    "sip:a@c.example");
	assert_html("<a href='javascript:alert(1)'>x</a>", "x", "x");
	assert_html("<a href=' JavaScript:alert(1)'>x</a>", "x", "x");
	assert_html("<a href='java&#10;script:alert(1)'>x</a>", "x", "x");
	assert_html("<a href='data:text/html,x'>x</a>", "x", "x");
	assert_html("<a href='http://a b'>x</a>", "x", "x");
	assert_html("<a href=\"http://a/'&quot;>\">x</a>",
		    "<a href=\"http://a/&apos;&quot;&gt;\">x</a>",
		    "x (http://a/'\">)");
}

static void test_hostile(void **state)
{
	(void)state;
	assert_html("<script>alert(1)</script>ok", "<p>ok</p>", "ok");
	assert_html("<p onload=x style='a:b' class=c id=d>ok</p>", "<p>ok</p>",
		    "ok");
	assert_html("<style>p{}</style><iframe src=x>no</iframe>"
		    "<object data=x>no</object><svg><script>no</script></svg>"
		    "<title>no</title><textarea>no</textarea>ok",
		    "ok", "ok");
	assert_html("<img src=http://c.example/track alt='a<b'>", "a&lt;b",
		    "a<b");
	assert_html("<!-- <b>x</b> --><?php x ?><b>ok", "<strong>ok</strong>",
		    "ok");
	assert_html("&lt;script&gt;", "<p>&lt;script&gt;</p>", "<script>");
	assert_html("<unknown><b>ok</b></unknown>", "<strong>ok</strong>",
		    "ok");
	assert_html("<!DOCTYPE html SYSTEM 'http://127.0.0.1/'>"
		    "<p>&e;</p>",
		    "<p>&amp;e;</p>", "&e;");
	assert_html("<meta charset=iso-8859-1><p>\xc3\xa9</p>",
		    "<p>\xc3\xa9</p>", "\xc3\xa9");
}

/* Whatever comes, what goes into the stanza is well-formed. */
static void test_always_well_formed(void **state)
{
	(void)state;
	static const char *const texts[] = {
	    "<b><i>x</b></i>",
	    "</p></b>x<p><p><p>",
	    "<a href=http://x><a href=http://y>z",
	    "<p>&#1;&#xFFFE;&#0;&#x110000;</p>",
	    "<ul>x<li><ol><li>",
	    "<table><tr><td>a<td>b<tr><td>c</table>",
	    "<<<>>>&&&\"'",
	    "]]><![CDATA[x]]>",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf x = BUF_INIT(65536), t = BUF_INIT(65536);
		xmlDoc *doc;

		buf_addz(&x, "<body>");
		assert_int_equal(map_html(str_z(texts[i]), &x, &t), 0);
		buf_addz(&x, "</body>");
		doc = xmlReadMemory(x.p, (int)x.n, NULL, "UTF-8",
				    XML_PARSE_NONET | XML_PARSE_NOERROR |
					XML_PARSE_NOWARNING);
		if (!doc)
			fail_msg("%s -> %s", texts[i], buf_z(&x));
		xmlFreeDoc(doc);
		buf_done(&x);
		buf_done(&t);
	}
}

static void test_limits(void **state)
{
	(void)state;
	struct buf in = BUF_INIT(2 * MAP_HTML_MAX);
	struct buf x = BUF_INIT(65536), t = BUF_INIT(65536);

	for (int i = 0; i < 20000; i++)
		buf_addz(&in, "<b><ul><li>");
	map_html(buf_str(&in), &x, &t); /* deep, but it comes back */
	while (in.n <= MAP_HTML_MAX)
		buf_addz(&in, "xxxxxxxxxxxxxxxx");
	assert_int_equal(map_html(buf_str(&in), &x, &t), ERR_TOO_BIG);
	buf_clear(&in);
	while (in.n < 70000)
		buf_addz(&in, "xxxxxxxxxxxxxxxx");
	assert_int_equal(map_html(buf_str(&in), &x, &t), ERR_TOO_BIG);
	buf_done(&in);
	buf_done(&x);
	buf_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_markup),
	    cmocka_unit_test(test_links),
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_always_well_formed),
	    cmocka_unit_test(test_limits),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	xmlCleanupParser();
	return failed;
}
