/* Credentials as a client writes them (RFC 7616, RFC 8760, RFC 3261 §22). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "sip/digest.h"

static int setup(void **state)
{
	*state = arena_new(65536);
	return 0;
}

static int teardown(void **state)
{
	arena_free(*state);
	return 0;
}

static struct digest_asked asked(struct arena *a, const char *value)
{
	struct digest_asked c;

	assert_int_equal(digest_asked_parse(str_z(value), a, &c), 0);
	return c;
}

#define ASKED                                                                  \
	"qop=\"auth, auth-int\", "                                             \
	"nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "             \
	"realm=\"http-auth@example.org\", "                                    \
	"opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""

/* RFC 7616 §3.9.1 */
static void test_rfc7616(void **state)
{
	static const struct {
		const char *value, *response;
	} tests[] = {
	    {"Digest " ASKED ", algorithm=SHA-256",
	     "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf"
	     "8db5856cb6c1\", algorithm=SHA-256"},
	    {"Digest " ASKED ", algorithm=MD5",
	     "response=\"8ca523f5e9506fed4657c9700eebdbec\", algorithm=MD5"},
	    {"digest " ASKED,
	     "response=\"8ca523f5e9506fed4657c9700eebdbec\", algorithm=MD5"},
	};
	struct digest_reply r = {
	    .username = STR("Mufasa"),
	    .password = STR("Circle of Life"),
	    .method = STR("GET"),
	    .uri = STR("/dir/index.html"),
	    .cnonce = STR("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
	    .nc = 1,
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		struct digest_asked c = asked(*state, tests[i].value);
		struct buf b = BUF_INIT(4096);

		digest_authorize(&b, &c, &r);
		assert_true(str_search(buf_str(&b), str_z(tests[i].response)) >
			    0);
		assert_true(str_starts(
		    buf_str(&b),
		    STR("Digest username=\"Mufasa\", "
			"realm=\"http-auth@example.org\", nonce=\"7ypf")));
		assert_true(str_search(buf_str(&b),
				       STR("opaque=\"FQhe/qaU925kfnzjCev0ciny7"
					   "QMkPqMAFRtzCUYo5tdS\", qop=auth, "
					   "nc=00000001, cnonce=\"f2/")) > 0);
		buf_done(&b);
	}
}

/* RFC 3261 §22.4: servers may ask without qop. */
static void test_without_qop(void **state)
{
	struct digest_asked c =
	    asked(*state, "Digest realm=\"atlanta\", domain=\"sip:a\", "
			  "nonce=\"84a4cc6f3082121f32b42a2187831a9e\", "
			  "opaque=\"\", stale=TRUE");
	struct digest_reply r = {.username = STR("alice"),
				 .password = STR("secret"),
				 .method = STR("INVITE"),
				 .uri = STR("sip:bob@biloxi.com"),
				 .cnonce = STR("c"),
				 .nc = 1};
	struct buf b = BUF_INIT(4096);

	assert_true(c.stale && !c.qop && c.has_opaque);
	digest_authorize(&b, &c, &r);
	assert_string_equal(
	    buf_z(&b),
	    "Digest username=\"alice\", realm=\"atlanta\", "
	    "nonce=\"84a4cc6f3082121f32b42a2187831a9e\", "
	    "uri=\"sip:bob@biloxi.com\", "
	    "response=\"3811aa3576f84c08da65aae1c789b5bc\", algorithm=MD5, "
	    "opaque=\"\"");
	buf_done(&b);
}

static void test_quoted(void **state)
{
	struct digest_asked c =
	    asked(*state, "Digest realm=\"a\\\"b\\\\c\",nonce=\"n\"");
	struct digest_reply r = {.username = STR("x\"\r\nVia: y"),
				 .password = STR("p"),
				 .method = STR("BYE"),
				 .uri = STR("sip:b"),
				 .cnonce = STR("c"),
				 .nc = 1};
	struct buf b = BUF_INIT(4096);

	assert_true(str_eq(c.realm, STR("a\"b\\c")));
	digest_authorize(&b, &c, &r);
	assert_true(
	    str_starts(buf_str(&b), STR("Digest username=\"x\\\"  Via: y\", "
					"realm=\"a\\\"b\\\\c\", ")));
	buf_done(&b);
}

static void test_refused(void **state)
{
	static const struct {
		const char *value;
		int err;
	} tests[] = {
	    {"Basic realm=\"r\"", ERR_UNSUPPORTED},
	    {"Digest realm=\"r\"", ERR_MISSING},
	    {"Digest nonce=\"n\"", ERR_MISSING},
	    {"Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
	     ERR_UNSUPPORTED},
	    {"Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256",
	     ERR_UNSUPPORTED},
	    {"Digest realm=\"r\", nonce=\"n\", algorithm=MD5-sess",
	     ERR_UNSUPPORTED},
	    {"Digest realm=\"r\", realm=\"s\", nonce=\"n\"", ERR_REPEATED},
	    {"Digest realm=\"r\", nonce=\"n", ERR_SYNTAX},
	    {"Digest", ERR_SYNTAX},
	    {"", ERR_UNSUPPORTED},
	};
	struct digest_asked c;

	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		assert_int_equal(
		    digest_asked_parse(str_z(tests[i].value), *state, &c),
		    tests[i].err);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_rfc7616),
	    TEST(test_without_qop),
	    TEST(test_quoted),
	    TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
