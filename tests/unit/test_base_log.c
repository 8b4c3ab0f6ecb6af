#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/log.h"

struct seen {
	int lines;
	enum log_level level;
	char last[4096];
};

static void keep(void *user, enum log_level level, const char *line)
{
	struct seen *seen = user;

	seen->lines++;
	seen->level = level;
	snprintf(seen->last, sizeof(seen->last), "%s", line);
}

static struct log log_to(struct seen *seen, enum log_level level)
{
	struct log log;

	log_init(&log, level, "stoxd");
	log.sink = keep;
	log.user = seen;
	return log;
}

static void line_has_time_process_level_event(void **state)
{
	struct seen seen = {0};
	struct log log = log_to(&seen, LOG_INFO);
	static const char shape[] = "0000-00-00T00:00:00.000Z ";

	(void)state;
	log_info(&log, "msrp.accept", "conn=%d tls=%d", 7, 1);
	assert_int_equal(seen.lines, 1);
	assert_int_equal(seen.level, LOG_INFO);
	for (size_t i = 0; shape[i]; i++) {
		if (shape[i] == '0')
			assert_in_range(seen.last[i], '0', '9');
		else
			assert_int_equal(seen.last[i], shape[i]);
	}
	assert_string_equal(seen.last + sizeof(shape) - 1,
			    "stoxd info msrp.accept conn=7 tls=1");
	log_warn(&log, "core.stop", "%s", "");
	assert_string_equal(seen.last + sizeof(shape) - 1,
			    "stoxd warn core.stop");
}

static void levels_filter(void **state)
{
	struct seen seen = {0};
	struct log log = log_to(&seen, LOG_WARN);

	(void)state;
	log_info(&log, "a", "%d", 1);
	log_debug(&log, "a", "%d", 1);
	assert_int_equal(seen.lines, 0);
	log_error(&log, "a", "%d", 1);
	log_warn(&log, "a", "%d", 1);
	assert_int_equal(seen.lines, 2);
	log_error(NULL, "a", "%d", 1);
	log_write(NULL, LOG_ERROR, "a", "%d", 1);
}

static void event_stays_one_line(void **state)
{
	struct seen seen = {0};
	struct log log = log_to(&seen, LOG_INFO);
	static char big[3001];

	(void)state;
	log_info(&log, "x", "a=%s", "1\r\nforged");
	assert_non_null(strstr(seen.last, "x a=1??forged"));
	memset(big, 'b', sizeof(big) - 1);
	log_info(&log, "x", "%s", big);
	assert_non_null(strstr(seen.last, big));
}

static void writes_to_its_file(void **state)
{
	struct log log;
	char *text = NULL;
	size_t n = 0;

	(void)state;
	log_init(&log, LOG_INFO, "stoxd-sip");
	assert_ptr_equal(log.out, stderr);
	log.out = open_memstream(&text, &n);
	log_info(&log, "a", "n=%d", 1);
	log_info(&log, "b", "n=%d", 2);
	fclose(log.out);
	assert_non_null(strstr(text, "Z stoxd-sip info a n=1\n"));
	assert_non_null(strstr(text, "Z stoxd-sip info b n=2\n"));
	free(text);
}

static void quotes_what_peers_chose(void **state)
{
	char big[300];

	(void)state;
	assert_string_equal(LOGQ(STR("plain")), "\"plain\"");
	assert_string_equal(LOGQ(STR_NONE), "\"\"");
	assert_string_equal(LOGQ(STR("a\"b\\c\nd\re\tf")),
			    "\"a\\\"b\\\\c\\nd\\re\\tf\"");
	assert_string_equal(LOGQ(STR("\0\x1b\x7f")), "\"\\x00\\x1b\\x7f\"");
	assert_string_equal(LOGQ(STR("\u00e9 \xff \xc2\x9b")),
			    "\"\u00e9 \\xff \\xc2\\x9b\"");
	memset(big, 0, sizeof(big));
	assert_int_equal(strlen(LOGQ(str_of(big, 200))), 802);
	assert_int_equal(strlen(LOGQ(str_of(big, 201))), 805);
	/* the cut never halves a character */
	memset(big, 'a', sizeof(big));
	memcpy(big + 199, "\u00e9", 2);
	assert_string_equal(LOGQ(str_of(big, sizeof(big))) + 195, "aaaaa...\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(line_has_time_process_level_event),
	    cmocka_unit_test(levels_filter),
	    cmocka_unit_test(event_stays_one_line),
	    cmocka_unit_test(writes_to_its_file),
	    cmocka_unit_test(quotes_what_peers_chose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
