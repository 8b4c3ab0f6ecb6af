/* MSRP framing, both ways (RFC 4975 §7, §9): every frame is also read with its
 * octets cut at every place, and one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "msrp/frame.h"
#include "tests/lib/drop.h"

#define PATHS                                                                  \
	"To-Path: msrp://s.example:2855/kJ8s;tcp\r\n"                          \
	"From-Path: msrp://192.0.2.7:9/a1;tcp\r\n"

/* What the parser told, as text: the events are equal if their texts are. */
struct told {
	struct buf text;
	struct buf body; /* of the last frame */
	struct msrp_parser parser;
	struct buf input;
	char flag;
	unsigned frames;
	ptrdiff_t err;
	size_t held; /* the most octets of a body held back */
};

static void told_init(struct told *t)
{
	*t = (struct told){0};
	buf_init(&t->text, SIZE_MAX / 2);
	buf_init(&t->body, SIZE_MAX / 2);
	buf_init(&t->input, SIZE_MAX / 2);
	msrp_parser_init(&t->parser);
}

static void told_done(struct told *t)
{
	buf_done(&t->text);
	buf_done(&t->body);
	buf_done(&t->input);
	msrp_parser_done(&t->parser);
}

static void note_head(struct told *t)
{
	const struct msrp_head *h = &t->parser.head;

	buf_addf(&t->text, "head tid=%.*s method=%d status=%u comment=%.*s ",
		 STR_ARG(h->tid), (int)h->method, h->status,
		 STR_ARG(h->comment));
	buf_addf(&t->text, "to=%.*s from=%.*s id=%.*s type=%.*s ",
		 STR_ARG(h->to_path), STR_ARG(h->from_path),
		 STR_ARG(h->message_id), STR_ARG(h->content_type));
	buf_addf(&t->text, "fail=%d ok=%d report=%u bad=%s/%s\n",
		 (int)h->failure_report, h->success_report, h->report_status,
		 h->bad ? h->bad : "", h->bad_value ? h->bad_value : "");
	buf_clear(&t->body);
}

static void note(struct told *t, const struct msrp_event *ev)
{
	switch (ev->type) {
	case MSRP_HEAD:
		note_head(t);
		break;
	case MSRP_BODY:
		assert_true(ev->data.n > 0);
		buf_add(&t->body, ev->data);
		break;
	case MSRP_END:
		buf_addf(&t->text, "body %zu ", t->body.n);
		buf_add(&t->text, buf_str(&t->body));
		buf_addf(&t->text, "\nend %c\n", ev->flag);
		t->flag = ev->flag;
		t->frames++;
		break;
	case MSRP_MORE:
		break;
	}
}

static void feed(struct told *t, struct str octets)
{
	struct msrp_event ev;

	buf_add(&t->input, octets);
	while (!t->err) {
		ptrdiff_t n =
		    msrp_parser_next(&t->parser, buf_str(&t->input), &ev);

		if (n < 0) {
			t->err = n;
			buf_addf(&t->text, "error %d\n", (int)n);
			return;
		}
		if (ev.type == MSRP_MORE)
			break;
		note(t, &ev);
		buf_drop(&t->input, (size_t)n);
	}
	if (t->parser.state != MSRP_IN_HEAD && t->input.n > t->held)
		t->held = t->input.n;
}

static void same(const struct told *a, const struct told *b)
{
	assert_int_equal(a->text.n, b->text.n);
	assert_memory_equal(a->text.p, b->text.p, a->text.n);
}

/* Reads the octets whole into *whole, then cut at every place and octet by
 * octet. */
static void read_all(struct str octets, struct told *whole)
{
	struct told t;

	told_init(whole);
	feed(whole, octets);
	for (size_t i = 0; i <= octets.n; i++) {
		told_init(&t);
		feed(&t, str_of(octets.p, i));
		feed(&t, str_from(octets, i));
		same(whole, &t);
		told_done(&t);
	}
	told_init(&t);
	for (size_t i = 0; i < octets.n; i++)
		feed(&t, str_of(octets.p + i, 1));
	same(whole, &t);
	/* no more than a possible end-line that is not decided yet */
	assert_true(t.held <= strlen("\r\n-------$\r") + t.parser.head.tid.n);
	told_done(&t);
}

static void body_is(const struct told *t, struct str want)
{
	assert_int_equal(t->body.n, want.n);
	if (want.n)
		assert_memory_equal(t->body.p, want.p, want.n);
}

/* MSRP-16 */
static void test_bodiless(void **state)
{
	struct told t;

	(void)state;
	read_all(STR("MSRP t1aa SEND\r\n" PATHS "Message-ID: m100\r\n"
		     "Byte-Range: 1-0/0\r\n-------t1aa$\r\n"),
		 &t);
	assert_int_equal(t.frames, 1);
	assert_int_equal(t.body.n, 0);
	assert_null(t.parser.head.bad);
	assert_null(t.parser.head.bad_value);
	assert_int_equal(t.parser.head.content_type.n, 0);
	assert_true(t.parser.head.range.present);
	told_done(&t);
}

/* V-MSRP-2, MSRP-12, MSRP-13 */
static void test_false_end_lines(void **state)
{
	static const struct str body = {"x\r\n-------t2bbb$\r\n-------t2bb!\r\n"
					"--------t2bb$\r\n-------t2bb$z",
					60};
	struct told t;

	(void)state;
	read_all(STR("MSRP t2bb SEND\r\n" PATHS "Message-ID: m200\r\n"
		     "Content-Type: text/plain\r\n\r\n"
		     "x\r\n-------t2bbb$\r\n-------t2bb!\r\n"
		     "--------t2bb$\r\n-------t2bb$z\r\n-------t2bb$\r\n"),
		 &t);
	assert_int_equal(t.frames, 1);
	body_is(&t, body);
	assert_int_equal(t.flag, '$');
	told_done(&t);
}

/* A whole message of another transaction is body data too: MSRP-12 */
static void test_message_in_body(void **state)
{
#define INNER "MSRP in11 SEND\r\n" PATHS "-------in11$"
	struct told t;

	(void)state;
	read_all(STR("MSRP ou11 SEND\r\n" PATHS "Message-ID: m\r\n"
		     "Content-Type: a/b\r\n\r\n" INNER
		     "\r\n\r\n-------ou11+\r\n"),
		 &t);
	assert_int_equal(t.frames, 1);
	body_is(&t, STR(INNER "\r\n"));
	assert_int_equal(t.flag, '+');
	told_done(&t);
#undef INNER
}

/* V-MSRP-3 */
static void test_split_end_line(void **state)
{
	static const struct str reads[] = {
	    {"MSRP t3cc SEND\r\n" PATHS "Message-ID: m300\r\n"
	     "Content-Type: text/plain\r\n\r\n..ab\r",
	     16 + sizeof(PATHS) - 1 + 18 + 28 + 5},
	    {"\n------", 7},
	    {"-t3cc", 5},
	    {"+\r", 2},
	    {"\n", 1},
	};
	struct told t;

	(void)state;
	told_init(&t);
	for (int i = 0; i < 5; i++)
		feed(&t, reads[i]);
	body_is(&t, STR("..ab"));
	assert_int_equal(t.frames, 1);
	assert_int_equal(t.flag, '+');
	told_done(&t);
}

/* MSRP-17: both forms of an empty body, which has a Content-Type */
static void test_empty_body(void **state)
{
	struct told t;

	(void)state;
	read_all(STR("MSRP tAaa SEND\r\n" PATHS "Message-ID: m\r\n"
		     "Content-Type: text/plain\r\n\r\n\r\n-------tAaa$\r\n"),
		 &t);
	assert_int_equal(t.frames, 1);
	assert_int_equal(t.body.n, 0);
	assert_true(str_eq(t.parser.head.content_type, STR("text/plain")));
	told_done(&t);
	read_all(STR("MSRP tAaa SEND\r\n" PATHS "Message-ID: m\r\n"
		     "Content-Type: text/plain\r\n\r\n-------tAaa$\r\n"),
		 &t);
	assert_int_equal(t.frames, 1);
	assert_int_equal(t.body.n, 0);
	told_done(&t);
}

/* MSRP-14 */
static void test_octets(void **state)
{
	static const struct str body = {"\0\r\r\n\n\xff\r\n------\r\n", 16};
	struct buf b = BUF_INIT(4096);
	struct told t;

	(void)state;
	buf_add(&b, STR("MSRP o1 SEND\r\n" PATHS "Message-ID: m\r\n"
			"Content-Type: x/y\r\n\r\n"));
	buf_add(&b, body);
	buf_add(&b, STR("\r\n-------o1#\r\n"));
	read_all(buf_str(&b), &t);
	body_is(&t, body);
	assert_int_equal(t.flag, '#');
	told_done(&t);
	buf_done(&b);
}

static void test_pipelined(void **state)
{
	struct told t;

	(void)state;
	read_all(STR("MSRP a1 SEND\r\n" PATHS "-------a1$\r\n"
		     "MSRP b2 200 OK\r\n" PATHS "-------b2$\r\n"
		     "MSRP c3 REPORT\r\n" PATHS "Message-ID: m9\r\n"
		     "Byte-Range: 1-5/5\r\nStatus: 000 413 too big\r\n"
		     "-------c3$\r\n"),
		 &t);
	assert_int_equal(t.frames, 3);
	assert_int_equal(t.parser.head.method, MSRP_REPORT);
	assert_int_equal(t.parser.head.report_status, 413);
	told_done(&t);
}

/* Reads one bodiless SEND with these further header lines. */
static void with_headers(const char *lines, struct told *t)
{
	struct buf b = BUF_INIT(65536);

	buf_addz(&b, "MSRP h1h1 SEND\r\n" PATHS);
	buf_addz(&b, lines);
	buf_addz(&b, "-------h1h1$\r\n");
	told_init(t);
	feed(t, buf_str(&b));
	assert_int_equal(t->err, 0);
	assert_int_equal(t->frames, 1);
	buf_done(&b);
}

static bool value_ok(const char *lines)
{
	struct told t;
	bool ok;

	with_headers(lines, &t);
	assert_null(t.parser.head.bad);
	ok = !t.parser.head.bad_value;
	told_done(&t);
	return ok;
}

static bool form_ok(const char *lines)
{
	struct told t;
	bool ok;

	with_headers(lines, &t);
	ok = !t.parser.head.bad;
	told_done(&t);
	return ok;
}

/* MSRP-10, MSRP-26, MSRP-32 */
static void test_header_values(void **state)
{
	(void)state;
	assert_true(value_ok("Byte-Range: 1-0/0\r\n"));
	assert_true(value_ok("Byte-Range: 1-*/*\r\n"));
	assert_true(value_ok("Byte-Range: 11-10/10\r\n"));
	assert_false(value_ok("Byte-Range: 0-5/5\r\n"));
	assert_false(value_ok("Byte-Range: 12-*/10\r\n"));
	assert_false(value_ok("Byte-Range: *-5/5\r\n"));
	assert_false(value_ok("Byte-Range: 1-5\r\n"));
	assert_false(value_ok("Byte-Range: 1-5/5x\r\n"));
	assert_false(value_ok("Byte-Range: 9007199254740993-*/*\r\n"));
	assert_false(value_ok("Byte-Range: 1-*/99999999999999999999\r\n"));
	assert_false(value_ok("Failure-Report: maybe\r\n"));
	assert_true(value_ok("Failure-Report: PARTIAL\r\n"));
	assert_false(value_ok("Success-Report: partial\r\n"));
	assert_false(value_ok("Message-ID: a/b\r\n"));
	assert_false(value_ok("Status: 0 200\r\n"));
	assert_true(value_ok("Status: 001 200\r\n"));
}

/* MSRP-7, MSRP-8, MSRP-9, MSRP-45 */
static void test_header_form(void **state)
{
	struct told t;

	(void)state;
	with_headers("MESSAGE-id:m1\r\nsuccess-report: \t Yes \r\n"
		     "X-Unknown: 1\r\nX-Unknown: 2\r\n",
		     &t);
	assert_null(t.parser.head.bad);
	assert_null(t.parser.head.bad_value);
	assert_true(str_eq(t.parser.head.message_id, STR("m1")));
	assert_true(t.parser.head.success_report);
	assert_int_equal(t.parser.head.failure_report, MSRP_FAILURE_YES);
	told_done(&t);
	assert_false(form_ok("Message-ID: m1\r\nmessage-id: m1\r\n"));
	assert_false(form_ok("X-Long: 1\r\n 2\r\n"));
	assert_false(form_ok("no colon\r\n"));
	assert_false(form_ok(": empty\r\n"));
	assert_false(form_ok("X: a\rb\r\n"));
	assert_false(form_ok("X: a\nb\r\n"));
}

static const char *bad_of(struct str octets)
{
	struct told t;
	const char *bad;

	told_init(&t);
	feed(&t, octets);
	assert_int_equal(t.err, 0);
	assert_int_equal(t.frames, 1);
	bad = t.parser.head.bad;
	told_done(&t);
	return bad;
}

/* MSRP-5 */
static void test_paths_first(void **state)
{
	(void)state;
	assert_null(bad_of(STR("MSRP p1 SEND\r\n" PATHS "-------p1$\r\n")));
	assert_non_null(bad_of(STR("MSRP p1 SEND\r\n"
				   "From-Path: msrp://a:1/a;tcp\r\n"
				   "To-Path: msrp://a:1/a;tcp\r\n"
				   "-------p1$\r\n")));
	assert_non_null(bad_of(STR("MSRP p1 SEND\r\n"
				   "To-Path: msrp://a:1/a;tcp\r\n"
				   "-------p1$\r\n")));
	assert_non_null(
	    bad_of(STR("MSRP p1 SEND\r\nX: 1\r\n" PATHS "-------p1$\r\n")));
}

static ptrdiff_t error_of(struct str octets)
{
	struct told t;
	ptrdiff_t err;

	told_init(&t);
	feed(&t, octets);
	err = t.err;
	told_done(&t);
	return err;
}

/* MSRP-1, MSRP-3 */
static void test_start_lines(void **state)
{
	(void)state;
	assert_non_null(bad_of(STR("MSRP p1 send\r\n" PATHS "-------p1$\r\n")));
	assert_non_null(bad_of(STR("MSRP p1 20\r\n" PATHS "-------p1$\r\n")));
	assert_non_null(bad_of(STR("MSRP p1\r\n" PATHS "-------p1$\r\n")));
	assert_null(bad_of(STR("MSRP p1 200\r\n" PATHS "-------p1$\r\n")));
	assert_null(bad_of(
	    STR("MSRP 0123456789-0123-4567-89ab-0123456789ab SEND\r\n" PATHS
		"-------0123456789-0123-4567-89ab-0123456789ab$\r\n")));
	assert_int_equal(error_of(STR("msrp t9zz SEND\r\n")), ERR_SYNTAX);
	assert_int_equal(error_of(STR("G")), ERR_SYNTAX);
	assert_int_equal(error_of(STR("MSRP a_b SEND\r\n")), ERR_SYNTAX);
	assert_int_equal(error_of(STR("MSRP  SEND\r\n")), ERR_SYNTAX);
	assert_int_equal(
	    error_of(STR("MSRP 01234567890123456789012345678901234567890123"
			 "45678901234567890123456789 SEND\r\n")),
	    ERR_SYNTAX);
}

/* The error of a head that repeats a line; whether its paths are readable. */
static ptrdiff_t repeated(const char *line, unsigned times, bool *readable)
{
	struct buf b = BUF_INIT(1 << 20);
	struct told t;
	ptrdiff_t err;

	buf_addz(&b, "MSRP r1 SEND\r\n" PATHS);
	for (unsigned i = 0; i < times; i++)
		buf_addz(&b, line);
	buf_addz(&b, "-------r1$\r\n");
	told_init(&t);
	for (size_t i = 0; i < b.n && !t.err; i++)
		feed(&t, str_of(b.p + i, 1));
	err = t.err;
	*readable = t.parser.head.from_path.n > 0;
	told_done(&t);
	told_init(&t);
	feed(&t, buf_str(&b));
	assert_int_equal(t.err, err);
	told_done(&t);
	buf_done(&b);
	return err;
}

/* ABN-6 */
static void test_limits(void **state)
{
	char line[9000];
	bool readable;

	(void)state;
	assert_int_equal(repeated("X: 1\r\n", 62, &readable), 0);
	assert_int_equal(repeated("X: 1\r\n", 63, &readable), ERR_TOO_BIG);
	assert_true(readable);
	snprintf(line, sizeof(line), "X:%8190d\r\n", 1);
	assert_int_equal(repeated(line, 1, &readable), 0);
	snprintf(line, sizeof(line), "X:%8191d\r\n", 1);
	assert_int_equal(repeated(line, 1, &readable), ERR_TOO_BIG);
	assert_true(readable);
	snprintf(line, sizeof(line), "X:%998d\r\n", 1);
	assert_int_equal(repeated(line, 16, &readable), 0);
	assert_int_equal(repeated(line, 17, &readable), ERR_TOO_BIG);
	snprintf(line, sizeof(line), "MSRP r1 %300s\r\n", "SEND");
	assert_int_equal(error_of(str_z(line)), ERR_TOO_BIG);
	line[270] = 0;
	assert_int_equal(error_of(str_z(line)), ERR_TOO_BIG);
}

static void test_written(void **state)
{
	struct buf b = BUF_INIT(4096);
	struct msrp_frame f = {
	    .tid = STR("w1w1"),
	    .method = STR("SEND"),
	    .to_path = STR("msrp://b.example:1/b;tcp"),
	    .from_path = STR("msrp://a.example:2/a;tcp"),
	    .message_id = STR("m1"),
	    .success_report = true,
	    .failure_report = MSRP_FAILURE_PARTIAL,
	    .range = {true, false, true, 1, 0, 5},
	    .content_type = STR("text/plain"),
	};

	(void)state;
	msrp_put_head(&b, &f);
	buf_add(&b, STR("hello"));
	msrp_put_end(&b, f.tid, true, '$');
	assert_string_equal(buf_z(&b), "MSRP w1w1 SEND\r\n"
				       "To-Path: msrp://b.example:1/b;tcp\r\n"
				       "From-Path: msrp://a.example:2/a;tcp\r\n"
				       "Message-ID: m1\r\n"
				       "Success-Report: yes\r\n"
				       "Failure-Report: partial\r\n"
				       "Byte-Range: 1-*/5\r\n"
				       "Content-Type: text/plain\r\n"
				       "\r\n"
				       "hello\r\n"
				       "-------w1w1$\r\n");
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bodiless),
	    cmocka_unit_test(test_false_end_lines),
	    cmocka_unit_test(test_message_in_body),
	    cmocka_unit_test(test_split_end_line),
	    cmocka_unit_test(test_empty_body),
	    cmocka_unit_test(test_octets),
	    cmocka_unit_test(test_pipelined),
	    cmocka_unit_test(test_header_values),
	    cmocka_unit_test(test_header_form),
	    cmocka_unit_test(test_paths_first),
	    cmocka_unit_test(test_start_lines),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
