/* MSRP URIs and paths (RFC 4975 §6, §9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "msrp/uri.h"

static struct msrp_uri parsed(const char *z)
{
	struct msrp_uri u;

	assert_int_equal(msrp_uri_parse(str_z(z), &u), 0);
	return u;
}

static bool eq(const char *a, const char *b)
{
	struct msrp_uri x = parsed(a), y = parsed(b);

	assert_int_equal(msrp_uri_eq(&x, &y), msrp_uri_eq(&y, &x));
	return msrp_uri_eq(&x, &y);
}

static void is(struct str got, const char *want)
{
	assert_true(str_eq(got, str_z(want)));
}

static void test_parts(void **state)
{
	struct msrp_uri u =
	    parsed("msrps://al;ice:x@[2001:db8::1]:2855/k/j+8=~;tcp;a=b;c");

	(void)state;
	assert_true(u.secure);
	is(u.userinfo, "al;ice:x");
	is(u.host, "[2001:db8::1]");
	assert_int_equal(u.port, 2855);
	is(u.session_id, "k/j+8=~");
	is(u.transport, "tcp");
	is(u.params, "a=b;c");

	u = parsed("MSRP://relay.example;ws");
	assert_false(u.secure);
	assert_int_equal(u.port, 0);
	assert_int_equal(u.session_id.n, 0);
	is(u.transport, "ws");
}

static void test_malformed(void **state)
{
	static const char *const bad[] = {
	    "",
	    "msrp:",
	    "sip://h:1/s;tcp",
	    "msrp://h:1/s",
	    "msrp://h:1/s;",
	    "msrp://h:1/;tcp",
	    "msrp://:1/s;tcp",
	    "msrp://h:/s;tcp",
	    "msrp://h:0/s;tcp",
	    "msrp://h:65536/s;tcp",
	    "msrp://h:1/s;tcp;",
	    "msrp://h:1/s;tcp;a=",
	    "msrp://h:1/s;t cp",
	    "msrp://h:1/s;tcp ",
	    "msrp://h:1/s%41;tcp",
	    "msrp://[::1:1/s;tcp",
	    "msrp://h\r\n:1/s;tcp",
	    "msrp://h:1/s\x7f;tcp",
	};
	struct msrp_uri u;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(msrp_uri_parse(str_z(bad[i]), &u), ERR_SYNTAX);
	assert_int_equal(msrp_uri_parse(STR("msrp://h\0:1/s;tcp"), &u),
			 ERR_SYNTAX);
}

/* MSRP-65 */
static void test_equality(void **state)
{
	const char *s = "msrp://s.example:2855/kJ8s;tcp";

	(void)state;
	assert_true(eq(s, "msrp://S.EXAMPLE:2855/kJ8s;TCP"));
	assert_true(eq(s, "MSRP://u@s.example:2855/kJ8s;tcp;x=y"));
	assert_true(eq(s, "msrp://s%2Eexample:2855/kJ8s;tcp"));
	assert_false(eq(s, "msrp://s.example:2855/kj8s;tcp"));
	assert_false(eq(s, "msrps://s.example:2855/kJ8s;tcp"));
	assert_false(eq(s, "msrp://s.example/kJ8s;tcp"));
	assert_false(eq(s, "msrp://s.example:2856/kJ8s;tcp"));
	assert_false(eq(s, "msrp://s.example:2855;tcp"));
	assert_false(eq(s, "msrp://s.example:2855/kJ8s;ws"));
	assert_false(eq(s, "msrp://s.example.:2855/kJ8s;tcp"));
	assert_false(eq("msrp://h:1/a/../b;tcp", "msrp://h:1/b;tcp"));
	assert_true(eq("msrp://[2001:db8:0:0::1]:1/s;tcp",
		       "msrp://[2001:DB8::1]:1/s;tcp"));
	assert_false(eq("msrp://[::1]:1/s;tcp", "msrp://[::2]:1/s;tcp"));
	assert_false(
	    eq("msrp://127.0.0.1:1/s;tcp", "msrp://127.0.0.2:1/s;tcp"));
}

static void test_path(void **state)
{
	struct msrp_path p;

	(void)state;
	assert_int_equal(msrp_path_parse(STR("msrps://q.example:2855/k;tcp "
					     "msrps://x.invalid:2855/c;ws"),
					 &p),
			 0);
	assert_int_equal(p.n, 2);
	is(p.uri[1].host, "x.invalid");
	assert_int_equal(msrp_path_parse(STR(""), &p), ERR_SYNTAX);
	assert_int_equal(msrp_path_parse(STR("msrp://h:1/s;tcp x"), &p),
			 ERR_SYNTAX);
#define U "msrp://h:1/s;tcp "
	assert_int_equal(msrp_path_parse(STR(U U U U U U U U), &p), 0);
	assert_int_equal(p.n, MSRP_PATH_MAX);
	assert_int_equal(msrp_path_parse(STR(U U U U U U U U U), &p),
			 ERR_TOO_BIG);
#undef U
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parts),
	    cmocka_unit_test(test_malformed),
	    cmocka_unit_test(test_equality),
	    cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
