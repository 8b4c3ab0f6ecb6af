#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/table.h"

#define MANY 3000

static void ids(void **state)
{
	static int objs[MANY];
	struct table *t = table_new();
	int other;

	(void)state;
	assert_null(table_get(t, 1));
	assert_null(table_del(t, 1));
	for (uint64_t id = 1; id < MANY; id++)
		assert_null(table_put(t, id << 32, &objs[id]));
	assert_int_equal(table_count(t), MANY - 1);
	for (uint64_t id = 1; id < MANY; id++)
		assert_ptr_equal(table_get(t, id << 32), &objs[id]);
	assert_null(table_get(t, 7));
	assert_null(table_get(t, 0));
	assert_null(table_get(t, UINT64_MAX));
	assert_ptr_equal(table_put(t, UINT64_C(5) << 32, &other), &objs[5]);
	assert_int_equal(table_count(t), MANY - 1);
	assert_ptr_equal(table_del(t, UINT64_C(5) << 32), &other);
	assert_null(table_get(t, UINT64_C(5) << 32));
	assert_int_equal(table_count(t), MANY - 2);
	assert_null(table_put(t, UINT64_MAX, &other));
	assert_ptr_equal(table_del(t, UINT64_MAX), &other);
	table_free(t);
	table_free(NULL);
}

/* Ids come and go for ever: the dead must not fill the table. */
static void ids_come_and_go(void **state)
{
	struct table *t = table_new();
	int obj;

	(void)state;
	for (uint64_t id = 1; id < 100000; id++) {
		table_put(t, id, &obj);
		if (id > 10)
			assert_ptr_equal(table_del(t, id - 10), &obj);
	}
	assert_int_equal(table_count(t), 10);
	for (uint64_t id = 99990; id < 100000; id++)
		assert_ptr_equal(table_get(t, id), &obj);
	table_free(t);
}

static void strings(void **state)
{
	static char keys[MANY][8];
	struct table *t = table_new();
	char again[] = "k7";

	(void)state;
	assert_null(table_get_str(t, STR("k1")));
	for (int i = 0; i < MANY; i++) {
		snprintf(keys[i], sizeof(keys[i]), "k%d", i);
		assert_null(table_put_str(t, str_z(keys[i]), keys[i]));
	}
	for (int i = 0; i < MANY; i++)
		assert_ptr_equal(table_get_str(t, str_z(keys[i])), keys[i]);
	assert_null(table_get_str(t, STR("K1")));
	assert_null(table_get_str(t, STR("")));
	/* the entry's key is the new one: the old may go with its object */
	assert_ptr_equal(table_put_str(t, str_z(again), again), keys[7]);
	memset(keys[7], 'x', sizeof(keys[7]));
	assert_ptr_equal(table_get_str(t, STR("k7")), again);
	assert_ptr_equal(table_del_str(t, STR("k7")), again);
	assert_null(table_del_str(t, STR("k7")));
	assert_int_equal(table_count(t), MANY - 1);
	table_free(t);
}

static void walk_sees_each_once_and_may_delete(void **state)
{
	static uint64_t objs[MANY];
	static int seen[MANY];
	struct table *t = table_new();
	uint64_t *obj;

	(void)state;
	TABLE_FOREACH (t, it, obj) {
		fail();
	}
	for (uint64_t id = 1; id < MANY; id++) {
		objs[id] = id;
		table_put(t, id, &objs[id]);
	}
	TABLE_FOREACH (t, it, obj) {
		seen[*obj]++;
		if (*obj % 3)
			table_del(t, *obj);
	}
	for (uint64_t id = 1; id < MANY; id++) {
		assert_int_equal(seen[id], 1);
		assert_ptr_equal(table_get(t, id), id % 3 ? NULL : &objs[id]);
	}
	TABLE_FOREACH (t, it, obj) {
		table_del(t, *obj);
	}
	assert_int_equal(table_count(t), 0);
	table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ids),
	    cmocka_unit_test(ids_come_and_go),
	    cmocka_unit_test(strings),
	    cmocka_unit_test(walk_sees_each_once_and_may_delete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
