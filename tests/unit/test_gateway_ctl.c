/* stoxctl without a daemon: its command line, tables, and what it takes for an
 * answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/ctl.h"
#include "gateway/ctl_priv.h"

#define ARGS_MAX 16

/* Runs a command line; what it says is in out and err. */
static int run_args(int argc, const char *const args[], char out[4096],
		    char err[4096])
{
	FILE *in = fmemopen((char[]){""}, 1, "r"), *o, *e;
	char *argv[ARGS_MAX + 1] = {NULL};
	int status;

	memcpy(argv, args, (size_t)argc * sizeof(*argv));
	memset(out, 0, 4096);
	memset(err, 0, 4096);
	o = fmemopen(out, 4095, "w");
	e = fmemopen(err, 4095, "w");
	status = ctl_run(argc, argv, in, o, e);
	fclose(in);
	fclose(o);
	fclose(e);
	return status;
}

static int run(const char *line, char out[4096], char err[4096])
{
	const char *argv[ARGS_MAX];
	char copy[1024], *save = NULL;
	int argc = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok_r(copy, " ", &save); w && argc < ARGS_MAX;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	return run_args(argc, argv, out, err);
}

static void test_usage(void **state)
{
	static const char *const wrong[] = {
	    "stoxctl",
	    "stoxctl frobnicate",
	    "stoxctl room",
	    "stoxctl room a@b c@d",
	    "stoxctl kick a@b",
	    "stoxctl role a@b Bob king",
	    "stoxctl affiliation a@b c@d",
	    "stoxctl affiliation a@b c@d emperor",
	    "stoxctl user",
	    "stoxctl user add",
	    "stoxctl user rename a@b",
	    "stoxctl -s x -c y rooms",
	    "stoxctl room \xff@b",
	};
	char out[4096], err[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(run(wrong[i], out, err), CTL_USAGE);
		assert_string_equal(out, "");
		assert_true(*err);
	}
	assert_int_equal(run("stoxctl user", out, err), CTL_USAGE);
	assert_non_null(strstr(err, "stoxctl user delete USER@DOMAIN\n"));
}

/* What would make the request another one, or go missing in it. */
static void test_empty_or_too_long(void **state)
{
	const char *kick[] = {"stoxctl", "kick", "a@b", ""};
	const char *domain[] = {"stoxctl", "domain", ""};
	const char *unban[] = {"stoxctl", "unban", "a@b", ""};
	const char *subject[] = {"stoxctl", "subject", "a@b", NULL};
	const char *ban[] = {"stoxctl", "ban", NULL, "a@b"};
	char big[CTL_ARGUMENTS_MAX + 1], out[4096], err[4096];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	subject[3] = ban[2] = big;
	assert_int_equal(run_args(4, kick, out, err), CTL_USAGE);
	assert_int_equal(run_args(3, domain, out, err), CTL_USAGE);
	assert_int_equal(run_args(4, unban, out, err), CTL_USAGE);
	assert_non_null(strstr(err, "an argument is empty or too long\n"));
	assert_int_equal(run_args(4, subject, out, err), CTL_USAGE);
	assert_string_equal(err, "stoxctl: the arguments are too long\n");
	big[8000] = '\0';
	assert_int_equal(run_args(4, ban, out, err), CTL_USAGE);
}

static void test_help(void **state)
{
	char out[4096], err[4096];

	(void)state;
	assert_int_equal(run("stoxctl -h", out, err), CTL_DONE);
	assert_non_null(strstr(out, "  kick ROOM NICK [REASON]  "));
	assert_string_equal(err, "");
	assert_int_equal(run("stoxctl help", out, err), CTL_DONE);
	assert_non_null(strstr(out, "  domain NAME  "));
	assert_string_equal(err, "");
	assert_int_equal(run("stoxctl halp", out, err), CTL_USAGE);
	assert_string_equal(err, "stoxctl: no such command: halp (stoxctl -h "
				 "lists them)\n");
	assert_int_equal(run("stoxctl -V", out, err), CTL_DONE);
	assert_string_equal(out, "stoxctl " STOX_VERSION "\n");
}

static void test_no_daemon(void **state)
{
	char out[4096], err[4096];

	(void)state;
	assert_int_equal(run("stoxctl -s /nonexistent/x rooms", out, err),
			 CTL_REFUSED);
	assert_string_equal(err,
			    "stoxctl: /nonexistent/x: stoxd is not running\n");
	assert_int_equal(run("stoxctl -c /nonexistent/x rooms", out, err),
			 CTL_REFUSED);
	assert_non_null(strstr(err, "stoxctl: /nonexistent/x:0: "));
}

static void print(struct ctl_table *t, char out[4096])
{
	FILE *f;

	memset(out, 0, 4096);
	f = fmemopen(out, 4095, "w");
	ctl_table_print(t, f);
	fclose(f);
}

static void test_table(void **state)
{
	static const char *const head[] = {"ROOM", "N", "SUBJECT", NULL};
	struct ctl_table *t = ctl_table_new(3, head);
	char out[4096];

	(void)state;
	ctl_table_cell(t, "tea@x.test");
	ctl_table_cellf(t, "%d", 12);
	ctl_table_cell(t, "");
	/* two columns each on a terminal */
	ctl_table_cell(t, "\xe8\x8c\xb6\xe5\xae\xa4");
	ctl_table_cellf(t, "%d", 3);
	ctl_table_cell(t, "a b");
	print(t, out);
	assert_string_equal(out, "ROOM        N   SUBJECT\n"
				 "tea@x.test  12  -\n"
				 "\xe8\x8c\xb6\xe5\xae\xa4        3   a b\n");
	print(ctl_table_new(2, NULL), out);
	assert_string_equal(out, "");
}

/* Names and subjects are strangers': none may write on the terminal as it
 * likes. */
static void test_clean(void **state)
{
	static const struct {
		const char *raw, *clean;
	} vectors[] = {
	    {"plain", "plain"},
	    {"two\nlines\there", "two lines here"},
	    {"\x1b[31mred\x07", "?[31mred?"},
	    {"c1 \xc2\x9b", "c1 ?"},
	    {"right \xe2\x80\xae to left", "right ? to left"},
	    {"\xff\xfe.", "??."},
	    {"sm\xc3\xb8rrebr\xc3\xb8"
	     "d",
	     "sm\xc3\xb8rrebr\xc3\xb8"
	     "d"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		struct buf b = BUF_INIT(1000);

		ctl_clean(&b, str_z(vectors[i].raw));
		assert_string_equal(buf_z(&b), vectors[i].clean);
		buf_done(&b);
	}
}

static void test_answer(void **state)
{
	struct str body;
	char why[256];

	(void)state;
	assert_int_equal(ctl_http_parse(STR("HTTP/1.1 404 Not Found\r\n"
					    "Content-Length: 3\r\n"
					    "\r\n{}\n"),
					&body, why),
			 404);
	assert_true(str_eq(body, STR("{}\n")));
	assert_int_equal(
	    ctl_http_parse(STR("HTTP/1.1 200 OK\r\n\r\n"), &body, why), 200);
	assert_int_equal(body.n, 0);
	assert_true(ctl_http_parse(STR(""), &body, why) < 0);
	assert_true(ctl_http_parse(STR("SSH-2.0-x\r\n"), &body, why) < 0);
	assert_true(ctl_http_parse(STR("HTTP/1.1 abc\r\n"), &body, why) < 0);
}

/* A room's answer as a person reads it. */
static void test_room(void **state)
{
	json_t *j = json_loads(
	    "{\"room\": \"r@x\", \"locked\": false, \"occupants\": {\"sip\": "
	    "1}, \"settings\": {\"title\": \"\", \"reserved-nicks\": [\"a\", "
	    "\"b\"]}, \"affiliations\": [{\"user\": \"u@x\", \"affiliation\": "
	    "\"owner\", \"nick\": \"U\", \"reason\": \"\", \"configured\": "
	    "true}], \"roster\": [{\"nick\": \"Al\", \"address\": \"sip:a@x\", "
	    "\"world\": \"sip\", \"role\": \"visitor\", \"affiliation\": "
	    "\"none\", \"devices\": [{}, {}], \"since\": "
	    "\"2026-01-01T00:00:00Z\", \"idle-seconds\": 7300}]}",
	    0, NULL);
	char out[4096] = "";
	FILE *f = fmemopen(out, sizeof(out) - 1, "w");

	(void)state;
	assert_non_null(j);
	ctl_show_room(j, f);
	fclose(f);
	json_decref(j);
	assert_string_equal(
	    out,
	    "room           r@x\n"
	    "locked         no\n"
	    "occupants sip  1\n"
	    "\n"
	    "title           -\n"
	    "reserved-nicks  a, b\n"
	    "\n"
	    "USER  AFFILIATION  NICK  FROM  REASON\n"
	    "u@x   owner        U     file  -\n"
	    "\n"
	    "NICK  ADDRESS  WORLD  ROLE     AFFILIATION  DEVICES  SINCE       "
	    "          IDLE\n"
	    "Al    sip:a@x  sip    visitor  none         2        "
	    "2026-01-01T00:00:00Z  2h\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_usage),
	    cmocka_unit_test(test_empty_or_too_long),
	    cmocka_unit_test(test_help),
	    cmocka_unit_test(test_no_daemon),
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_clean),
	    cmocka_unit_test(test_answer),
	    cmocka_unit_test(test_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
