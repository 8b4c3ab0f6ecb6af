/* Accounts of SIP users. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "gateway/store.h"
#include "gateway/users.h"

static size_t count(const struct users *u)
{
	size_t n = 0, it = 0;

	while (users_next(u, &it))
		n++;
	return n;
}

static void test_set_find_delete(void **state)
{
	struct users *u = users_new(NULL, STR("r"));
	const struct user *a, *b;
	char want[DIGEST_HEX_MAX];
	size_t it = 0;

	(void)state;
	assert_int_equal(users_set(u, STR("Al ice@x.test"), STR("p")),
			 ERR_SYNTAX);
	assert_int_equal(users_set(u, STR("Alice@X.Test"), STR("p")), 0);
	assert_int_equal(users_set(u, STR("b%c@x.test"), STR("p")), 0);
	assert_null(users_find(u, STR("alice@x.test")));
	a = users_find(u, STR("Alice@x.TEST"));
	assert_non_null(a);
	assert_true(str_eq(a->address, STR("Alice@x.test")));
	assert_true(str_eq(a->uri, STR("sip:Alice@x.test")));
	b = users_find(u, STR("b%c@x.test"));
	assert_true(str_eq(b->uri, STR("sip:b%25c@x.test")));
	digest_ha1(DIGEST_SHA256, STR("Alice"), STR("r"), STR("p"), want);
	assert_string_equal(a->ha1[USER_NAME_LOCAL][DIGEST_SHA256], want);
	digest_ha1(DIGEST_MD5, STR("Alice@x.test"), STR("r"), STR("p"), want);
	assert_string_equal(a->ha1[USER_NAME_ADDRESS][DIGEST_MD5], want);

	assert_int_equal(users_set(u, STR("Alice@x.test"), STR("q")), 0);
	assert_int_equal(count(u), 2);
	a = users_find(u, STR("Alice@x.test"));
	assert_string_not_equal(a->ha1[USER_NAME_ADDRESS][DIGEST_MD5], want);
	assert_non_null(users_next(u, &it));
	assert_non_null(users_next(u, &it));
	assert_null(users_next(u, &it));
	assert_int_equal(users_delete(u, STR("Alice@X.test")), 0);
	assert_int_equal(users_delete(u, STR("Alice@x.test")), ERR_GONE);
	assert_int_equal(count(u), 1);
	users_free(u);
}

/* A name without a domain means a user if no other has it. */
static void test_named(void **state)
{
	static const char *const all[] = {"a@x.test", "a@y.test", "a@z.test",
					  "b@x.test"};
	struct users *u = users_new(NULL, STR("r"));

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(users_set(u, str_z(all[i]), STR("p")), 0);
	assert_null(users_named(u, STR("c")));
	assert_null(users_named(u, STR("a")));
	assert_true(str_eq(users_named(u, STR("b"))->address, STR("b@x.test")));
	assert_int_equal(users_delete(u, STR("a@x.test")), 0);
	assert_int_equal(users_set(u, STR("a@z.test"), STR("q")), 0);
	assert_null(users_named(u, STR("a")));
	assert_int_equal(users_delete(u, STR("a@z.test")), 0);
	assert_true(str_eq(users_named(u, STR("a"))->address, STR("a@y.test")));
	assert_int_equal(users_delete(u, STR("a@y.test")), 0);
	assert_null(users_named(u, STR("a")));
	users_free(u);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
	    "",	       "alice",	     "@x.test",	   "alice@",
	    "a@b@c",   "a:b@x.test", "a\"@x.test", "a\\@x.test",
	    "a\n@x.t", "a@x.test/r", "<a@x.test>", "a@x.test;y=z",
	};
	struct users *u = users_new(NULL, STR("r"));
	char *big = calloc(1, 2000);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(users_set(u, str_z(bad[i]), STR("p")),
				 ERR_SYNTAX);
	assert_int_equal(users_set(u, STR("a@x.test"), STR("")), ERR_MISSING);
	memset(big, 'a', 1999);
	assert_int_equal(users_set(u, STR("a@x.test"), str_z(big)),
			 ERR_TOO_BIG);
	big[1000] = '@';
	assert_int_equal(users_set(u, str_z(big), STR("p")), ERR_TOO_BIG);
	assert_int_equal(count(u), 0);
	free(big);
	users_free(u);
}

/* What was set is there again after a restart, in its realm. */
static void test_stored(void **state)
{
	char dir[] = "/tmp/stox-users.XXXXXX", path[64], why[256];
	struct log log;
	struct loop *loop;
	struct store *store;
	struct users *u;
	struct user before;

	(void)state;
	log_init(&log, LOG_ERROR, "test");
	loop = loop_new(&log, NULL);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(store_open(dir, loop, &store, why), 0);
	u = users_new(store, STR("r"));
	assert_int_equal(users_set(u, STR("alice@x.test"), STR("p")), 0);
	assert_int_equal(users_set(u, STR("gone@x.test"), STR("p")), 0);
	assert_int_equal(users_delete(u, STR("gone@x.test")), 0);
	before = *users_find(u, STR("alice@x.test"));
	users_free(u);
	store_close(store);

	assert_int_equal(store_open(dir, loop, &store, why), 0);
	u = users_new(store, STR("r"));
	assert_int_equal(count(u), 1);
	assert_memory_equal(users_find(u, STR("alice@x.test"))->ha1, before.ha1,
			    sizeof(before.ha1));
	users_free(u);
	u = users_new(store, STR("another"));
	assert_int_equal(count(u), 0);
	users_free(u);
	store_close(store);
	loop_free(loop);
	snprintf(path, sizeof(path), "rm -r %s", dir);
	assert_int_equal(system(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_set_find_delete),
	    cmocka_unit_test(test_named),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
