/* Digest authentication: headers, arithmetic, nonces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "sip/digest.h"
#include "sip/nonce.h"

#define REALM STR("http-auth@example.org")

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

/* RFC 7616 §3.9.1, with this algorithm and response */
#define MUFASA(more)                                                           \
	"Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "        \
	"uri=\"/dir/index.html\", "                                            \
	"nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "             \
	"nc=00000001, "                                                        \
	"cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "  \
	"opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"" more

static bool right(struct arena *a, const char *header, const char *password)
{
	struct digest_credentials c;
	char ha1[DIGEST_HEX_MAX];

	assert_int_equal(digest_credentials_parse(str_z(header), a, &c), 0);
	digest_ha1(c.algorithm, STR("Mufasa"), REALM, str_z(password), ha1);
	return digest_verify(&c, ha1, STR("GET"));
}

/* FOCUS-68: 64 digits of SHA-256, in lower case, and none other */
static void test_rfc7616(void **state)
{
	struct arena *a = *state;

	assert_true(
	    right(a,
		  MUFASA(", algorithm=SHA-256, response=\"753927fa0e85d155564e"
			 "2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""),
		  "Circle of Life"));
	assert_true(right(a,
			  MUFASA(", algorithm=MD5, response="
				 "\"8ca523f5e9506fed4657c9700eebdbec\""),
			  "Circle of Life"));
	assert_true(
	    right(a, MUFASA(", response=\"8ca523f5e9506fed4657c9700eebdbec\""),
		  "Circle of Life"));
	assert_false(
	    right(a, MUFASA(", response=\"8ca523f5e9506fed4657c9700eebdbec\""),
		  "circle of life"));
	assert_false(
	    right(a, MUFASA(", response=\"8CA523F5E9506FED4657C9700EEBDBEC\""),
		  "Circle of Life"));
	assert_false(right(a,
			   MUFASA(", algorithm=SHA-256, response="
				  "\"8ca523f5e9506fed4657c9700eebdbec\""),
			   "Circle of Life"));
	assert_false(
	    right(a, MUFASA(", response=\"8ca523f5e9506fed4657c9700eebdbe\""),
		  "Circle of Life"));
	assert_false(right(a, MUFASA(", response=\"\""), "Circle of Life"));
}

/* FOCUS-68: a method and a URI of SIP; the digest was computed by hand */
static void test_sip(void **state)
{
	struct digest_credentials c;
	char ha1[DIGEST_HEX_MAX], hex[DIGEST_HEX_MAX];

	assert_int_equal(
	    digest_credentials_parse(
		STR("digest USERNAME=bob,realm = \"biloxi.com\",nonce=\"dcd98b"
		    "7102dd2f0e8b11d0f600bfb0c093\",uri=sip:bob@biloxi.com,"
		    "qop=\"auth\",NC=0000000A,cnonce=\"0a4f113b\","
		    "response=\"x\",algorithm=md5,other=\"a,\\\"b\""),
		*state, &c),
	    0);
	assert_int_equal(c.nc, 10);
	assert_true(str_eq(c.uri, STR("sip:bob@biloxi.com")));
	digest_ha1(DIGEST_MD5, c.username, c.realm, STR("zanzibar"), ha1);
	assert_string_equal(ha1, "12af60467a33e8518da5c68bbff12b11");
	c.nc_text = STR("00000001");
	digest_response(&c, ha1, STR("INVITE"), hex);
	assert_string_equal(hex, "89eb0059246c02b2f6ee02c7961d5ea3");
}

static void test_quoting(void **state)
{
	struct digest_credentials c;

	assert_int_equal(
	    digest_credentials_parse(
		STR("Digest\tusername=\"a\\\"b\\\\c\",realm=\"\",nonce=\"n\","
		    "uri=\"u\",qop=auth,nc=00000001,cnonce=\"\","
		    "response=\"r\""),
		*state, &c),
	    0);
	assert_true(str_eq(c.username, STR("a\"b\\c")));
	assert_int_equal(c.cnonce.n, 0);
}

static void test_refused(void **state)
{
	static const struct {
		const char *header;
		int err;
	} cases[] = {
	    {"", ERR_UNSUPPORTED},
	    {"Digest", ERR_SYNTAX},
	    {"Digest ", ERR_SYNTAX},
	    {"Basic Zm9vOmJhcg==", ERR_UNSUPPORTED},
	    {MUFASA(""), ERR_MISSING},
	    {MUFASA(", response=\"x\", response=\"x\""), ERR_REPEATED},
	    {MUFASA(", response=\"x"), ERR_SYNTAX},
	    {MUFASA(", response=\"x\\"), ERR_SYNTAX},
	    {MUFASA(", response=\"x\","), ERR_SYNTAX},
	    {MUFASA(", response=\"x\" y"), ERR_SYNTAX},
	    {MUFASA(", response=\"x\", userhash=true"), ERR_UNSUPPORTED},
	    {MUFASA(", response=\"x\", algorithm=SHA-256-sess"),
	     ERR_UNSUPPORTED},
	    {MUFASA(", response=\"x\", algorithm=SHA-512-256"),
	     ERR_UNSUPPORTED},
	    {"Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"u\","
	     "response=\"r\"",
	     ERR_UNSUPPORTED}, /* as RFC 2069 had it */
	    {"Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"u\","
	     "response=\"r\",qop=auth-int,nc=00000001,cnonce=\"c\"",
	     ERR_UNSUPPORTED},
	    {"Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"u\","
	     "response=\"r\",qop=auth,nc=1,cnonce=\"c\"",
	     ERR_SYNTAX},
	    {"Digest username=\"u\",realm=\"r\",nonce=\"n\",uri=\"u\","
	     "response=\"r\",qop=auth,nc=0000000g,cnonce=\"c\"",
	     ERR_SYNTAX},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct digest_credentials c;

		arena_reset(*state);
		assert_int_equal(digest_credentials_parse(
				     str_z(cases[i].header), *state, &c),
				 cases[i].err);
	}
}

/* FOCUS-61, V-FOCUS-8: SHA-256 above MD5 */
static void test_challenge(void **state)
{
	struct buf b = BUF_INIT(4096);

	(void)state;
	digest_challenge(&b, DIGEST_ANY, STR("chat.example"), STR("n1"), false);
	assert_string_equal(
	    buf_z(&b),
	    "WWW-Authenticate: Digest realm=\"chat.example\", nonce=\"n1\", "
	    "algorithm=SHA-256, qop=\"auth\"\r\n"
	    "WWW-Authenticate: Digest realm=\"chat.example\", nonce=\"n1\", "
	    "algorithm=MD5, qop=\"auth\"\r\n");
	buf_clear(&b);
	digest_challenge(&b, DIGEST_ANY, STR("a \"b\"\r\n"), STR("n"), true);
	assert_true(
	    str_starts(buf_str(&b), STR("WWW-Authenticate: Digest "
					"realm=\"a \\\"b\\\"  \", nonce=\"n\", "
					"algorithm=SHA-256, qop=\"auth\", "
					"stale=true\r\n")));
	buf_clear(&b);
	digest_challenge(&b, DIGEST_BIT(DIGEST_MD5), STR("r"), STR("n"), false);
	assert_string_equal(
	    buf_z(&b), "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", "
		       "algorithm=MD5, qop=\"auth\"\r\n");
	buf_done(&b);
}

/* FOCUS-62: a nonce is good for a while, and each count of it once */
static void test_nonces(void **state)
{
	static const unsigned char key[NONCE_KEY_BYTES] = {1},
				   other[NONCE_KEY_BYTES] = {2};
	struct nonces *n = nonces_new(key, 1000, 4), *m;
	char z[NONCE_TEXT_MAX], y[NONCE_TEXT_MAX];

	(void)state;
	nonce_write(n, STR("r"), 5000, z);
	nonce_write(n, STR("r"), 5000, y);
	assert_string_not_equal(z, y);
	assert_false(nonce_use(n, STR("r"), 5000, str_z(z), 0));
	assert_true(nonce_use(n, STR("r"), 5000, str_z(z), 1));
	assert_false(nonce_use(n, STR("r"), 5000, str_z(z), 1));
	assert_true(nonce_use(n, STR("r"), 5500, str_z(z), 7));
	assert_false(nonce_use(n, STR("r"), 5500, str_z(z), 6));
	assert_true(nonce_use(n, STR("r"), 6000, str_z(y), 1));
	assert_false(nonce_use(n, STR("r"), 6001, str_z(y), 2));
	assert_false(nonce_use(n, STR("q"), 5600, str_z(z), 8));
	assert_false(nonce_use(n, STR("r"), 4000, str_z(z), 8));
	z[40] ^= 1;
	assert_false(nonce_use(n, STR("r"), 5600, str_z(z), 8));
	assert_false(nonce_use(n, STR("r"), 5600, STR(""), 8));
	assert_false(nonce_use(n, STR("r"), 5600, STR("n"), 8));

	m = nonces_new(other, 1000, 4); /* after a restart */
	assert_false(nonce_use(m, STR("r"), 5600, str_z(y), 8));
	nonces_free(m);
	nonces_free(n);
}

/* Of more nonces in use than are remembered the old ones become stale; those
 * that nobody used cost nothing. */
static void test_many_nonces(void **state)
{
	static const unsigned char key[NONCE_KEY_BYTES] = {1};
	struct nonces *n = nonces_new(key, 1000, 4);
	char old[NONCE_TEXT_MAX], z[NONCE_TEXT_MAX];

	(void)state;
	nonce_write(n, STR("r"), 1, old);
	for (int i = 0; i < 100; i++)
		nonce_write(n, STR("r"), 1, z);
	assert_true(nonce_use(n, STR("r"), 1, str_z(old), 1));
	for (int i = 0; i < 4; i++) {
		nonce_write(n, STR("r"), 1, z);
		assert_true(nonce_use(n, STR("r"), 1, str_z(z), 1));
	}
	assert_false(nonce_use(n, STR("r"), 1, str_z(old), 2));
	nonces_free(n);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_rfc7616),
	    TEST(test_sip),
	    TEST(test_quoting),
	    TEST(test_refused),
	    cmocka_unit_test(test_challenge),
	    cmocka_unit_test(test_nonces),
	    cmocka_unit_test(test_many_nonces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
