/* The text for Prometheus: every line of the format, every figure once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <regex.h>

#include "gateway/metrics.h"

static bool matches(struct str line, const char *pattern)
{
	char z[512];
	regex_t re;
	int r;

	assert_true(line.n < sizeof(z));
	memcpy(z, line.p, line.n);
	z[line.n] = '\0';
	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	r = regexec(&re, z, 0, NULL, 0);
	regfree(&re);
	return r == 0;
}

static bool has_line(const struct buf *b, const char *line)
{
	struct str rest = buf_str(b);

	while (rest.n)
		if (str_eq(str_split(&rest, '\n'), str_z(line)))
			return true;
	return false;
}

static void test_text(void **state)
{
	struct vitals v = {
	    .started_ms = 1792000000123,
	    .rooms = 3,
	    .occupants = {[WORLD_SIP] = 5, [WORLD_XMPP] = 7},
	    .sip = {.calls = 4, .messages_in = 11, .notifies = 12},
	    .xmpp = {.messages_in = 13},
	    .msrp_load = {.connections = 2, .sessions = 6, .queued_bytes = 99},
	    .core = {.pid = 1, .user_s = 1.25, .rss_bytes = 4096},
	    .lag_ms = 12,
	};
	struct buf b = BUF_INIT(1 << 20);
	struct str rest;

	(void)state;
	v.xmpp.refused_for[REASON_NO_ROOM] = 8;
	v.discover.ended[SPEAKS_XMPP] = 21;
	metrics_write(&b, &v);
	assert_int_equal(b.err, 0);
	assert_int_equal(b.p[b.n - 1], '\n');
	rest = buf_str(&b);
	rest.n--;
	while (rest.n) {
		struct str line = str_split(&rest, '\n');

		assert_true(
		    matches(line, "^# HELP stoxd_[a-z_]+ .+\\.$") ||
		    matches(line, "^# TYPE stoxd_[a-z_]+ (counter|gauge)$") ||
		    matches(line, "^stoxd_[a-z_]+(\\{[a-z]+=\"[^\"]*\"(,[a-z]+"
				  "=\"[^\"]*\")*\\})? [0-9]+(\\.[0-9]+)?$"));
	}
	assert_true(has_line(&b, "stoxd_start_time_seconds 1792000000.123"));
	assert_true(has_line(&b, "stoxd_rooms 3"));
	assert_true(has_line(&b, "stoxd_occupants{world=\"sip\"} 5"));
	assert_true(has_line(&b, "stoxd_occupants{world=\"xmpp\"} 7"));
	assert_true(has_line(&b, "stoxd_messages_in_total{world=\"sip\"} 11"));
	assert_true(has_line(&b, "stoxd_msrp_queue_bytes 99"));
	assert_true(
	    has_line(&b, "stoxd_xmpp_refused_total{reason=\"no-room\"} 8"));
	assert_true(has_line(&b, "stoxd_sip_process_up 0"));
	assert_true(
	    has_line(&b, "stoxd_discoveries_total{outcome=\"xmpp\"} 21"));
	assert_true(has_line(&b, "stoxd_cpu_seconds_total{process=\"stoxd\","
				 "mode=\"user\"} 1.25"));
	assert_true(has_line(&b, "stoxd_loop_lag_seconds 0.012"));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_text)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
