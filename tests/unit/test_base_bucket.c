/* Token buckets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bucket.h"

static unsigned taken(struct bucket *b, unsigned rate, unsigned burst,
		      uint64_t now_ms)
{
	unsigned n = 0;

	while (n < 1000 && bucket_take(b, rate, burst, now_ms))
		n++;
	return n;
}

static void test_rate(void **state)
{
	struct bucket b = {0};
	uint64_t now = 5000000;

	(void)state;
	assert_int_equal(taken(&b, 10, 25, now), 25);
	assert_int_equal(taken(&b, 10, 25, now), 0);
	assert_int_equal(taken(&b, 10, 25, now += 99), 0);
	assert_int_equal(taken(&b, 10, 25, now += 1), 1);
	assert_int_equal(taken(&b, 10, 25, now += 1050), 10);
	assert_int_equal(taken(&b, 10, 25, now += 50), 1);
	assert_int_equal(taken(&b, 10, 25, now += 3600000), 25);
	assert_false(bucket_is_full(&b, 10, now + 2400));
	assert_true(bucket_is_full(&b, 10, now + 2501));
	assert_true(bucket_is_full(&b, 0, now));
}

static void test_extremes(void **state)
{
	struct bucket b = {0};

	(void)state;
	assert_int_equal(taken(&b, 1, 1, UINT64_MAX / 2), 1);
	assert_int_equal(taken(&b, 1, 1, UINT64_MAX / 2 + 999), 0);
	assert_int_equal(taken(&b, 1, 1, UINT64_MAX / 2 + 1000), 1);
	assert_int_equal(taken(&b, 1000000000, 1000000000, UINT64_MAX), 1000);
	assert_int_equal(taken(&b, 4000000000, 4000000000, UINT64_MAX), 1000);
	/* the limits may change in between */
	assert_int_equal(taken(&b, 1, 5, UINT64_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rate),
	    cmocka_unit_test(test_extremes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
