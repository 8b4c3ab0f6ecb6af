/* The octets of a component stream, as trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "xmpp/reader.h"

#define LIMIT 10000
#define HEADER                                                                 \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' " \
	"xmlns:stream='" NS_STREAMS "' id='a&amp;b'>"

struct fixture {
	struct reader *r;
	struct buf seen;
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->r = reader_new(LIMIT);
	buf_init(&f->seen, 1 << 20);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	reader_free(f->r);
	buf_done(&f->seen);
	test_free(f);
	return 0;
}

/* Everything that comes of some octets, in one line. */
static void take(struct fixture *f, struct str in)
{
	enum reader_event e = READER_OPENED;

	while (e != READER_MORE) {
		const struct xnode *n;

		e = reader_next(f->r, &in);
		n = reader_root(f->r);
		if (e == READER_OPENED)
			buf_addf(&f->seen, "[%.*s]", STR_ARG(x_attr(n, "id")));
		if (e == READER_REFUSED)
			buf_addz(&f->seen, "(refused)");
		if ((e == READER_STANZA || e == READER_REFUSED) && n)
			x_write(&f->seen, n, STR(NS_CLIENT));
		if (e == READER_CLOSED)
			buf_addz(&f->seen, "(end)");
		if (e == READER_BAD)
			buf_addf(&f->seen, "(%s)", reader_condition(f->r));
	}
	assert_int_equal(in.n, 0);
}

static const char *read_all(struct fixture *f, const char *text)
{
	reader_restart(f->r);
	buf_clear(&f->seen);
	take(f, STR(HEADER));
	buf_clear(&f->seen);
	take(f, str_z(text));
	return buf_z(&f->seen);
}

/* The same, however the octets are split. */
static void test_splits(void **state)
{
	struct fixture *f = *state;
	static const char text[] = HEADER
	    " <handshake/>\n<message from='a@x.test' to='b'>"
	    "<body>1 &lt; 2 &#x1F600; <![CDATA[<]]></body>"
	    "<p:x xmlns:p='urn:p' p:y='z' q='&quot;'><p:y xmlns='urn:q'/>"
	    "</p:x></message> <iq/></stream:stream> ignored";
	static const char want[] =
	    "[a&b]<handshake/><message from='a@x.test' to='b'>"
	    "<body>1 &lt; 2 \xf0\x9f\x98\x80 &lt;</body>"
	    "<x xmlns='urn:p' q='&quot;'><y/></x></message><iq/>(end)";

	for (size_t i = 0; i <= sizeof(text) - 1; i++) {
		reader_restart(f->r);
		buf_clear(&f->seen);
		take(f, str_of(text, i));
		take(f, str_of(text + i, sizeof(text) - 1 - i));
		assert_string_equal(buf_z(&f->seen), want);
	}
	reader_restart(f->r);
	buf_clear(&f->seen);
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		take(f, str_of(text + i, 1));
	assert_string_equal(buf_z(&f->seen), want);
}

/* COMP-7: what no stream may have ends it. */
static void test_restricted(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"<!-- x --><iq/>", "(restricted-xml)"},
	    {"<iq><!-- x --></iq>", "(restricted-xml)"},
	    {"<iq><?x y?></iq>", "(restricted-xml)"},
	    {"<?x y?><iq/>", "(restricted-xml)"},
	    {"<?xml version='1.0'?><iq/>", "(restricted-xml)"},
	    {"<!DOCTYPE iq><iq/>", "(restricted-xml)"},
	    {"<!DOCTYPE iq [<!ENTITY a 'b'>]><iq>&a;</iq>", "(restricted-xml)"},
	    {"<iq>&nbsp;</iq>", "(restricted-xml)"},
	    {"<iq a='&evil;'/>", "(restricted-xml)"},
	    {"<iq><!DOCTYPE iq></iq>", "(not-well-formed)"},
	    {"<iq></oops>", "(not-well-formed)"},
	    {"<iq a='1' a='2'/>", "(not-well-formed)"},
	    {"<iq>&#1;</iq>", "(not-well-formed)"},
	    {"<iq>\x01</iq>", "(not-well-formed)"},
	    {"<iq>\xef\xbf\xbe</iq>", "(not-well-formed)"},
	    {"<iq>\xff</iq>", "(unsupported-encoding)"},
	    {"<iq a='\xc0\xaf'/>", "(unsupported-encoding)"},
	    {"<iq>\xed\xa0\x80</iq>", "(unsupported-encoding)"},
	    {"text<iq/>", "(not-well-formed)"},
	    {"<iq/>&amp;<iq/>", "<iq/>(not-well-formed)"},
	    {"<p:iq/>", "(not-well-formed)"},
	    {"<iq p:a='1'/>", "(not-well-formed)"},
	    {"<iq xmlns:p=''/>", "(not-well-formed)"},
	    {"<iq xmlns:xml='urn:x'/>", "(not-well-formed)"},
	    {"<iq xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
	     "(not-well-formed)"},
	    {"<iq><a:b:c xmlns:a='urn:a'/></iq>", "(not-well-formed)"},
	    {"<iq><:c/></iq>", "(not-well-formed)"},
	    {"\xff\xfe<\0", "(not-well-formed)"},
	    {"\xef\xbb\xbf<iq/>", "(not-well-formed)"},
	    /* of no harm beyond itself */
	    {"<iq xmlns:p='urn:p' id='1'><p:1/></iq><iq/>",
	     "(refused)<iq id='1'/><iq/>"},
	    {"<iq from='a' xmlns='http://www.w3.org/2000/xmlns/'/><iq/>",
	     "(refused)<iq from='a'/><iq/>"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(read_all(f, cases[i].in), cases[i].out);
}

static void test_namespaces(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"<message><a xmlns='urn:a'><b/><c xmlns=''/></a></message>",
	     "<message><a xmlns='urn:a'><b/><c xmlns=''/></a></message>"},
	    {"<message xmlns='jabber:client' xml:lang='de' xml:space='x'/>",
	     "<message xml:lang='de'/>"},
	    {"<stream:error xmlns:p='urn:p'><p:a/></stream:error>",
	     "<error xmlns='" NS_STREAMS "'><a xmlns='urn:p'/></error>"},
	    /* the prefix means another one within, and again what it meant */
	    {"<iq xmlns:p='urn:1'><x xmlns:p='urn:2'><p:a/></x><p:a/></iq>",
	     "<iq><x><a xmlns='urn:2'/></x><a xmlns='urn:1'/></iq>"},
	    {"<iq xmlns:p='urn:p'/><p:a/>", "<iq/>(not-well-formed)"},
	    {"<iq from='a' xmlns:p='urn:p' p:from='evil'/>", "<iq from='a'/>"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(read_all(f, cases[i].in), cases[i].out);
}

static void test_header(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"<?xml version='1.0' encoding='utf-8'?><s:stream id='1' "
	     "xmlns='jabber:component:accept' xmlns:s='" NS_STREAMS "'><iq/>",
	     "[1]<iq/>"},
	    {"<?xml version='1.0' encoding='latin1'?><s:stream/>",
	     "(unsupported-encoding)"},
	    {"<stream:stream xmlns:stream='" NS_STREAMS
	     "' xmlns='jabber:server'>",
	     "(invalid-namespace)"},
	    {"<stream xmlns='jabber:component:accept'>", "(invalid-namespace)"},
	    {"<!DOCTYPE x><stream/>", "(restricted-xml)"},
	    {"HTTP/1.1 400 Bad Request\r\n", "(not-well-formed)"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		reader_restart(f->r);
		buf_clear(&f->seen);
		take(f, str_z(cases[i].in));
		assert_string_equal(buf_z(&f->seen), cases[i].out);
	}
}

static char *stanza_of(size_t n)
{
	static const char head[] = "<message from='a' id='1'><body>",
			  tail[] = "</body></message>";
	char *text = test_malloc(n + 1);

	memset(text, 'x', n);
	memcpy(text, head, sizeof(head) - 1);
	strcpy(text + n - sizeof(tail) + 1, tail);
	return text;
}

/* COMP-8: to the octet; white space around it does not count. */
static void test_size(void **state)
{
	struct fixture *f = *state;
	char *text = stanza_of(LIMIT);

	assert_string_equal(read_all(f, text), text);
	read_all(f, " \r\n\t");
	take(f, str_z(text));
	assert_string_equal(buf_z(&f->seen), text);
	test_free(text);
	text = stanza_of(LIMIT + 1);
	assert_string_equal(read_all(f, text),
			    "(refused)<message from='a' id='1'/>");
	take(f, STR("<iq/>"));
	assert_string_equal(buf_z(&f->seen),
			    "(refused)<message from='a' id='1'/><iq/>");
	test_free(text);
}

/* COMP-8: one that does not end ends the stream. */
static void test_endless(void **state)
{
	struct fixture *f = *state;
	static char text[1 << 16];
	int i;

	memset(text, 'x', sizeof(text) - 1);
	read_all(f, "<message from='a'><body>");
	for (i = 0; i < 16; i++)
		take(f, str_z(text));
	assert_string_equal(buf_z(&f->seen), "");
	take(f, str_z(text));
	assert_string_equal(buf_z(&f->seen), "(policy-violation)");
	take(f, STR("<iq/>"));
	assert_string_equal(buf_z(&f->seen), "(policy-violation)");
}

/* '#' in the piece: its number */
static const char *repeated(struct fixture *f, const char *before,
			    const char *piece, size_t n, const char *behind)
{
	struct buf b = BUF_INIT(1 << 20);

	buf_addz(&b, before);
	for (size_t i = 0; i < n; i++)
		for (const char *p = piece; *p; p++)
			if (*p == '#')
				buf_addu(&b, i);
			else
				buf_addc(&b, *p);
	buf_addz(&b, behind);
	read_all(f, buf_z(&b));
	buf_done(&b);
	return buf_z(&f->seen);
}

static void test_limits(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(*repeated(f, "<iq from='b'", " a#='1'", 63, "/>"),
			 '<');
	assert_string_equal(
	    repeated(f, "<iq from='b'", " a#='1'", 64, "/><iq/>"),
	    "(refused)<iq from='b'/><iq/>");
	assert_string_equal(
	    repeated(f, "<iq from='b'><c", " a#='1'", 65, "/></iq>"),
	    "(refused)<iq from='b'/>");
	assert_int_equal(*repeated(f, "<iq id='2'", " xmlns:a#='u'", 31, "/>"),
			 '<');
	assert_string_equal(
	    repeated(f, "<iq id='2'", " xmlns:a#='u'", 32, "/><iq/>"),
	    "(refused)<iq id='2'/><iq/>");
}

/* A namespace that would have to be written at each of many elements. */
static void test_spread(void **state)
{
	struct fixture *f = *state;
	char head[4100];
	int n = snprintf(head, sizeof(head), "<iq id='4' xmlns:p='");

	memset(head + n, 'u', 4000);
	strcpy(head + n + 4000, "'>");
	repeated(f, head, "<p:a#/>", 7, "</iq>");
	assert_true(str_starts(buf_str(&f->seen), STR("<iq id='4'><a0 ")));
	assert_string_equal(repeated(f, head, "<p:a#/>", 8, "</iq><iq/>"),
			    "(refused)<iq id='4'/><iq/>");
}

static void test_depth(void **state)
{
	struct fixture *f = *state;

	for (size_t depth = 63; depth < 70; depth++) {
		read_all(f, "<iq id='3'>");
		for (size_t i = 0; i < depth; i++)
			take(f, STR("<a>"));
		for (size_t i = 0; i < depth; i++)
			take(f, STR("</a>"));
		take(f, STR("</iq><iq/>"));
		if (depth == 63)
			assert_true(str_starts(buf_str(&f->seen),
					       STR("<iq id='3'><a><a>")));
		else
			assert_string_equal(buf_z(&f->seen),
					    "(refused)<iq id='3'/><iq/>");
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_splits), TEST(test_restricted), TEST(test_namespaces),
	    TEST(test_header), TEST(test_size),	      TEST(test_endless),
	    TEST(test_limits), TEST(test_depth),      TEST(test_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
