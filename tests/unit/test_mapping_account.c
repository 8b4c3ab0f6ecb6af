/* How administrators name users. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mapping/account.h"

static void test_forms(void **state)
{
	static const struct {
		const char *in, *key; /* NULL: refused */
	} rows[] = {
	    {"ann@example.org", "ann@example.org"},
	    {" Ann@Example.ORG. ", "ann@example.org"},
	    {"@Example.org", "@example.org"},
	    {"sip:Ann@Example.org;transport=tcp", "sip:Ann@example.org"},
	    {"sips:ann@example.org", "sip:ann@example.org"},
	    {"sip:@b\xc3\xbc"
	     "cher.example",
	     "sip:@xn--bcher-kva.example"},
	    {"@b\xc3\xbc"
	     "cher.example",
	     "@b\xc3\xbc"
	     "cher.example"},
	    {"tel:+1-201-555-0123", "tel:+12015550123"},
	    {"ann", NULL},
	    {"", NULL},
	    {"@", NULL},
	    {"ann@", NULL},
	    {"a b@example.org", NULL},
	    {"ann@exa mple.org", NULL},
	    {"ann@example.org/home", NULL},
	    {"xmpp:ann@example.org", NULL},
	    {"mailto:ann@example.org", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct buf b = BUF_INIT(4096);
		int err = map_account(&b, str_z(rows[i].in));

		if (rows[i].key)
			assert_string_equal(buf_z(&b), rows[i].key);
		assert_int_equal(err == 0, rows[i].key != NULL);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_forms)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
