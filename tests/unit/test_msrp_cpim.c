/* Message/CPIM (RFC 3862) and media types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/rfc3339.h"
#include "msrp/cpim.h"

#define FROM "From: <sip:a@c.example>\r\n"
#define TO   "To: <sip:r@c.example>\r\n"
#define TYPE "Content-Type: text/plain\r\n"
/* {C} of the test vectors */
#define C FROM TO "\r\n" TYPE "\r\nhi"

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

static void is(struct str got, struct str want)
{
	assert_int_equal(got.n, want.n);
	if (want.n)
		assert_memory_equal(got.p, want.p, want.n);
}

static struct cpim parsed(void **state, struct str in)
{
	struct cpim m;

	assert_int_equal(cpim_parse(in, *state, &m), 0);
	return m;
}

static int error_of(void **state, struct str in)
{
	struct cpim m;

	return cpim_parse(in, *state, &m);
}

/* V-CPIM-1, CPIM-1 */
static void test_plain(void **state)
{
	struct cpim m = parsed(state, STR(C));

	assert_int_equal(sizeof(C) - 1, 80);
	is(m.from.uri, STR("sip:a@c.example"));
	is(m.from.name, STR(""));
	is(m.to.uri, STR("sip:r@c.example"));
	is(m.content_type, STR("text/plain"));
	is(m.body, STR("hi"));
	assert_int_equal(m.n_from, 1);
	assert_int_equal(m.n_to, 1);
	assert_int_equal(m.n_cc, 0);
	assert_int_equal(m.cpim_end, sizeof(FROM TO) - 1);
}

/* V-CPIM-2, CPIM-2 */
static void test_one_block(void **state)
{
	struct cpim m = parsed(state, STR(FROM TO TYPE "\r\nhi"));

	assert_int_equal(sizeof(FROM TO TYPE "\r\nhi") - 1, 78);
	is(m.from.uri, STR("sip:a@c.example"));
	is(m.content_type, STR("text/plain"));
	is(m.body, STR("hi"));
	assert_int_equal(m.cpim_end, sizeof(FROM TO) - 1);
}

/* CPIM-2: SylkServer's MIME lines end in bare LF. */
static void test_bare_lf(void **state)
{
	struct cpim m =
	    parsed(state, STR(FROM TO "\r\nMIME-Version: 1.0\nContent-Type: "
				      "text/plain; charset=\"utf8\"\n\nhi\n"));

	is(m.content_type, STR("text/plain; charset=\"utf8\""));
	is(mime_type(m.content_type), STR("text/plain"));
	is(mime_param(m.content_type, STR("Charset")), STR("utf8"));
	is(m.body, STR("hi\n"));
	m = parsed(state, STR(FROM TO "Content-Type: text/plain\n\nhi"));
	is(m.body, STR("hi"));
}

/* V-CPIM-3, V-CPIM-4, CPIM-4, CPIM-6: the caller refuses by the counts. */
static void test_counts(void **state)
{
	struct cpim m = parsed(
	    state, STR("from: <sip:a@c.example>\r\n" TO "\r\n" TYPE "\r\nhi"));

	assert_int_equal(m.n_from, 0);
	assert_int_equal(error_of(state, STR("From: sip:a@c.example\r\n" TO
					     "\r\n" TYPE "\r\nhi")),
			 ERR_SYNTAX);
	m = parsed(state, STR(FROM TO TO "\r\n" TYPE "\r\nhi"));
	assert_int_equal(m.n_to, 2);
	m = parsed(state, STR(FROM "\r\n" TYPE "\r\nhi"));
	assert_int_equal(m.n_to, 0);
	m = parsed(state, STR(FROM TO "cc: <sip:x@y>\r\nCC: Z <sip:z@y>\r\n"
				      "\r\n" TYPE "\r\nhi"));
	assert_int_equal(m.n_cc, 2);
}

/* V-CPIM-5, CPIM-7 */
static void test_escapes(void **state)
{
	struct cpim m =
	    parsed(state, STR("From: \"A \\\"x\\\" \\u00e9\" "
			      "<sip:a@c.example>\r\nTo: A\\tB\\q "
			      "junk<sip:b>\r\nSubject: \\ud83d\\ude00 "
			      "\\ud800 \\u12 \\\r\n\r\n" TYPE "\r\nhi"));

	is(m.from.name, STR("A \"x\" \xc3\xa9"));
	is(m.to.name, STR("A\tBq junk"));
	is(m.to.uri, STR("sip:b"));
	is(m.subject, STR("\xf0\x9f\x98\x80 \xef\xbf\xbd u12"));
}

/* ADDR-17: as the examples of RFC 7702 have it */
static void test_gr_after_bracket(void **state)
{
	struct cpim m = parsed(
	    state,
	    STR("From: \"R\" <sip:r@c.example>;x=1;gr=d%20r;y=2\r\n"
		"To: <sip:room@c.example> ;gr=JuliC\r\n\r\n" TYPE "\r\nhi"));

	is(m.from.uri, STR("sip:r@c.example;gr=d%20r"));
	is(m.to.uri, STR("sip:room@c.example;gr=JuliC"));
	m = parsed(state, STR("From: <sip:r@c.example>;grey\r\n"
			      "To: <sip:room@c.example> x;gr=J\r\n\r\n" TYPE
			      "\r\nhi"));
	is(m.from.uri, STR("sip:r@c.example"));
	is(m.to.uri, STR("sip:room@c.example"));
}

/* V-CPIM-6, CPIM-10, CPIM-11, CPIM-19 */
static void test_namespaces(void **state)
{
	struct cpim m =
	    parsed(state, STR(FROM TO "NS: q <urn:ietf:params:imdn>\r\n"
				      "q.Message-ID: 77\r\nRequire: q.X\r\n"
				      "X-Foo: bar\r\n\r\n" TYPE "\r\nhi"));

	is(m.imdn_message_id, STR("77"));
	assert_false(m.imdn_delivery);
	m = parsed(state,
		   STR(FROM TO "imdn.Message-ID: 77\r\n\r\n" TYPE "\r\nhi"));
	is(m.imdn_message_id, STR(""));
	m = parsed(state, STR("NS: <urn:x>\r\n" FROM
			      "NS: c <urn:ietf:params:cpim-headers:>\r\n"
			      "c.To: <sip:r@c.example>\r\n\r\n" TYPE "\r\nhi"));
	assert_int_equal(m.n_from, 0);
	is(m.to.uri, STR("sip:r@c.example"));
}

/* V-CPIM-7, CPIM-3, CPIM-9 */
static void test_time_and_type(void **state)
{
	struct cpim m = parsed(
	    state, STR(FROM TO "DateTime: yesterday\r\n\r\n" TYPE "\r\nhi"));

	is(m.datetime, STR("yesterday"));
	assert_int_equal(error_of(state, STR(FROM TO "\r\n\r\nhi")),
			 ERR_SYNTAX);
	assert_int_equal(
	    error_of(state, STR(FROM TO "\r\nContent-ID: <1>\r\n\r\nhi")),
	    ERR_SYNTAX);
	assert_int_equal(error_of(state, STR(FROM TO "\r\nhi")), ERR_SYNTAX);
	assert_int_equal(error_of(state, STR("")), ERR_SYNTAX);
}

/* CPIM-5 */
static void test_line_rules(void **state)
{
	struct cpim m = parsed(
	    state, STR("From:<sip:a@c.example>\r\nTo:   <sip:r@c.example>\r\n"
		       "Subject:;lang=fr Objet\r\nSubject: Two\r\n\r\n" TYPE
		       "\r\nhi"));

	is(m.from.uri, STR("sip:a@c.example"));
	is(m.to.uri, STR("sip:r@c.example"));
	is(m.subject, STR("Objet"));
	is(m.subject_lang, STR("fr"));
#define BAD(line, err)                                                         \
	assert_int_equal(                                                      \
	    error_of(state, STR(FROM TO line "\r\n\r\n" TYPE "\r\nhi")), err)
	BAD("Subject: a\tb", ERR_SYNTAX);
	BAD("Subject: a\x01", ERR_SYNTAX);
	BAD("Subject: a\x7f", ERR_SYNTAX);
	BAD("Subject: a\nb", ERR_SYNTAX);
	BAD("Subject: a\r\n b", ERR_SYNTAX);
	BAD("Subject: \xff", ERR_UTF8);
	BAD("no colon", ERR_SYNTAX);
	BAD("To: <>", ERR_SYNTAX);
	BAD("To: \"a <sip:x>", ERR_SYNTAX);
#undef BAD
}

/* CPIM-20 */
static void test_limits(void **state)
{
	struct buf b = BUF_INIT(100000);

	buf_add(&b, STR(FROM TO));
	for (int i = 0; i < 62; i++)
		buf_add(&b, STR("X: 1\r\n"));
	buf_add(&b, STR("\r\n" TYPE "\r\n"));
	assert_int_equal(error_of(state, buf_str(&b)), 0);
	buf_clear(&b);
	for (int i = 0; i < 65; i++)
		buf_add(&b, STR("X: 1\r\n"));
	assert_int_equal(error_of(state, buf_str(&b)), ERR_TOO_BIG);
	buf_clear(&b);
	buf_addf(&b, "Subject: %8200d\r\n\r\n", 1);
	buf_add(&b, STR(TYPE "\r\n"));
	assert_int_equal(error_of(state, buf_str(&b)), ERR_TOO_BIG);
	buf_done(&b);
}

static void test_head_alone(void **state)
{
	const struct str in = STR(C);
	struct cpim m;

	for (size_t n = 0; n < 78; n++)
		assert_int_equal(cpim_parse_head(str_of(in.p, n), *state, &m),
				 0);
	assert_int_equal(cpim_parse_head(str_of(in.p, 78), *state, &m), 78);
	assert_int_equal(cpim_parse_head(in, *state, &m), 78);
	is(m.from.uri, STR("sip:a@c.example"));
}

static void test_mime_folding(void **state)
{
	struct cpim m = parsed(state, STR(FROM TO "\r\nContent-Type: "
						  "text/plain;\r\n\tcharset="
						  "utf-8\r\n\r\nhi"));

	is(m.content_type, STR("text/plain; charset=utf-8"));
	assert_int_equal(
	    error_of(state, STR(FROM TO "\r\nContent-Type: a\x01/b\r\n\r\nhi")),
	    ERR_SYNTAX);
}

/* CPIM-1, CPIM-7 */
static void test_written(void **state)
{
	struct buf b = BUF_INIT(4096);
	struct cpim_out out = {
	    .from = {STR("A \"b\" \\ 'c'\x01"), STR("sip:a@c.example")},
	    .to = {STR_NONE, STR("sip:r@c.example")},
	    .datetime = STR("2026-11-21T09:00:00.000Z"),
	    .subject = STR("say \"x\"\r\nFrom: <evil>"),
	    .subject_lang = STR("en"),
	    .content_type = STR("text/plain\r\nX: y"),
	    .body = STR("hi"),
	};
	struct cpim m;

	cpim_write(&b, &out);
	assert_string_equal(
	    buf_z(&b),
	    "From: \"A \\\"b\\\" \\\\ 'c'\\u0001\" <sip:a@c.example>\r\n"
	    "To: <sip:r@c.example>\r\n"
	    "DateTime: 2026-11-21T09:00:00.000Z\r\n"
	    "Subject:;lang=en say \"x\"\\r\\nFrom: <evil>\r\n"
	    "\r\n"
	    "Content-Type: text/plainX: y\r\n"
	    "\r\n"
	    "hi");
	m = parsed(state, buf_str(&b));
	is(m.from.name, out.from.name);
	is(m.subject, out.subject);
	assert_int_equal(m.n_from, 1);
	buf_done(&b);
}

static void time_is(const char *text, uint64_t want)
{
	uint64_t ms = 0;

	assert_int_equal(rfc3339_parse(str_z(text), &ms), 0);
	assert_int_equal(ms, want);
}

static void test_time(void **state)
{
	static const char *const bad[] = {
	    "yesterday",
	    "2026-02-30T00:00:00Z",
	    "2026-13-01T00:00:00Z",
	    "2026-01-01T00:00:00",
	    "1969-12-31T23:59:59Z",
	    "2026-01-01T00:00:00.Z",
	    "2026-01-01T25:00:00Z",
	    "2026-01-01T00:00:00Zx",
	};
	char z[RFC3339_MAX];
	uint64_t ms;

	(void)state;
	assert_string_equal(rfc3339_millis(0, z), "1970-01-01T00:00:00.000Z");
	assert_string_equal(rfc3339_millis(UINT64_C(1714979289012), z),
			    "2024-05-06T07:08:09.012Z");
	assert_string_equal(rfc3339_millis(UINT64_MAX, z) + 4,
			    "-12-31T23:59:59.615Z");
	time_is("2024-05-06T07:08:09Z", UINT64_C(1714979289000));
	time_is("2024-05-06T09:38:09+02:30", UINT64_C(1714979289000));
	time_is("2024-05-06T07:08:09.012345+00:00", UINT64_C(1714979289012));
	time_is("2024-05-06t06:08:09.5-01:00", UINT64_C(1714979289500));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(rfc3339_parse(str_z(bad[i]), &ms), ERR_SYNTAX);
}

static void test_media_types(void **state)
{
	(void)state;
	assert_true(str_eq(mime_param(STR("a/b; x=\"1;2\"; y = z "), STR("y")),
			   STR("z")));
	assert_true(
	    str_eq(mime_param(STR("a/b; x=\"1;2\"; y"), STR("x")), STR("1;2")));
	assert_int_equal(mime_param(STR("a/b; xx=1"), STR("x")).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_one_block, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_bare_lf, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_counts, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_escapes, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_gr_after_bracket, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(test_namespaces, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_time_and_type, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(test_line_rules, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_head_alone, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_mime_folding, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_written, setup, teardown),
	    cmocka_unit_test(test_time),
	    cmocka_unit_test(test_media_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
