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

/* ADM-6, ADM-9: the JIDs of lists, in and out */
static void test_jids(void **state)
{
	static const struct map_domain names[] = {
	    {{"sip.example", 11}, MAP_DOMAIN_USERS},
	    {{"gw.example", 10}, MAP_DOMAIN_FOREIGN},
	};
	static const struct map_domains d = {.domains = names, .n = 2};
	static const struct {
		const char *jid, *key, *back; /* NULL: refused */
	} rows[] = {
	    {"Ann@Example.org/home", "ann@example.org", "ann@example.org"},
	    {"example.ORG", "@example.org", "example.org"},
	    {"bob@sip.example", "bob@sip.example", "bob@sip.example"},
	    {"bob\\40far.example@gw.example", "sip:bob@far.example",
	     "bob\\40far.example@gw.example"},
	    {"@example.org", NULL, NULL},
	    {"a b@example.org", NULL, NULL},
	    {"", NULL, NULL},
	};
	struct buf b = BUF_INIT(4096), back = BUF_INIT(4096);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int err;

		buf_clear(&b);
		buf_clear(&back);
		err = map_jid_to_account(&d, str_z(rows[i].jid), &b);
		assert_int_equal(err == 0, rows[i].key != NULL);
		if (!rows[i].key)
			continue;
		assert_string_equal(buf_z(&b), rows[i].key);
		assert_int_equal(map_account_to_jid(&d, buf_str(&b), &back), 0);
		assert_string_equal(buf_z(&back), rows[i].back);
	}
	buf_clear(&back);
	assert_int_equal(
	    map_account_to_jid(&d, STR("sip:@xn--bcher-kva.example"), &back),
	    0);
	assert_string_equal(buf_z(&back), "b\xc3\xbc"
					  "cher.example");
	assert_true(map_is_sip_user(&d, STR("bob@sip.example")));
	assert_true(map_is_sip_user(&d, STR("sip:bob@far.example")));
	assert_false(map_is_sip_user(&d, STR("ann@example.org")));
	buf_done(&b);
	buf_done(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_forms),
	    cmocka_unit_test(test_jids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
