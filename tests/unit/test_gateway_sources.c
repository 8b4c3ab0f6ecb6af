/* Where strangers' requests come from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "gateway/sources.h"

static struct addr at(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(str_z(text), &a), 0);
	return a;
}

static bool one_more(struct sources *s, const char *from)
{
	struct addr a = at(from);

	return source_request(s, &a, 1, 1, 1000);
}

/* Ports don't count; an IPv6 network has as many addresses as it likes. */
static void test_same(void **state)
{
	struct sources *s = sources_new();

	(void)state;
	assert_true(one_more(s, "192.0.2.1:1"));
	assert_false(one_more(s, "192.0.2.1:2"));
	assert_false(one_more(s, "[::ffff:192.0.2.1]:3"));
	assert_true(one_more(s, "192.0.2.2:1"));
	assert_true(one_more(s, "[2001:db8::1]:1"));
	assert_false(one_more(s, "[2001:db8::ffff:1]:1"));
	assert_true(one_more(s, "[2001:db8:0:1::1]:1"));
	sources_free(s);
}

static void test_failures(void **state)
{
	struct sources *s = sources_new();
	struct addr a = at("192.0.2.1:1");
	uint64_t now = 1000;

	(void)state;
	assert_false(source_failed(s, &a, 3, now));
	assert_false(source_failed(s, &a, 3, now));
	now += SOURCE_WINDOW_MS + 1; /* they are forgotten */
	assert_false(source_failed(s, &a, 3, now));
	assert_false(source_failed(s, &a, 3, now));
	assert_int_equal(source_blocked(s, &a, now), 0);
	assert_true(source_failed(s, &a, 3, now));
	assert_int_equal(source_blocked(s, &a, now), SOURCE_BLOCK_MS);
	assert_int_equal(source_blocked(s, &a, now + SOURCE_BLOCK_MS), 0);
	for (int i = 0; i < 100; i++) /* no limit */
		assert_false(source_failed(s, &a, 0, now));
	sources_free(s);
}

/* The quiet ones are forgotten, not those that send. */
static void test_bounded(void **state)
{
	struct sources *s = sources_new();
	char text[ADDR_TEXT_MAX];

	(void)state;
	assert_true(one_more(s, "192.0.2.1:1"));
	assert_true(one_more(s, "192.0.2.2:1"));
	for (unsigned i = 0; i < SOURCES_MAX; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u:1", i >> 8, i & 255);
		assert_true(one_more(s, text));
		assert_false(one_more(s, "192.0.2.1:1"));
	}
	assert_true(one_more(s, "192.0.2.2:1"));
	sources_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_same),
	    cmocka_unit_test(test_failures),
	    cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
