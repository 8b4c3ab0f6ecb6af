#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/uri.h"

#define assert_str(s, z) assert_true(str_eq((s), str_z(z)))

static struct uri parse(const char *z)
{
	struct uri u = {0};

	assert_int_equal(uri_parse(str_z(z), &u), 0);
	return u;
}

/* RFC 3261 §19.1.3. */
static void sip_uris(void **state)
{
	struct uri u = parse("sip:alice@atlanta.com");

	(void)state;
	assert_str(u.scheme, "sip");
	assert_str(u.user, "alice");
	assert_str(u.host, "atlanta.com");
	assert_int_equal(u.port, 0);
	assert_false(u.sips);

	u = parse("sip:alice:secretword@atlanta.com;transport=tcp");
	assert_str(u.user, "alice");
	assert_str(u.password, "secretword");
	assert_str(u.params, "transport=tcp");

	u = parse("sips:alice@atlanta.com:5061?subject=project%20x&"
		  "priority=urgent");
	assert_true(u.sips);
	assert_int_equal(u.port, 5061);
	assert_str(u.headers, "subject=project%20x&priority=urgent");

	u = parse("sip:+1-212-555-1212:1234@gateway.com;user=phone");
	assert_str(u.user, "+1-212-555-1212");
	u = parse("sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com");
	assert_int_equal(u.user.n, 0);
	assert_str(u.params, "method=REGISTER");
	assert_str(u.headers, "to=alice%40atlanta.com");
	u = parse("sip:alice;day=tuesday@atlanta.com");
	assert_str(u.user, "alice;day=tuesday");
	u = parse("sip:a?b/c@[2001:db8::1]:5070;lr");
	assert_str(u.user, "a?b/c");
	assert_str(u.host, "[2001:db8::1]");
	assert_int_equal(u.port, 5070);
	assert_str(u.params, "lr");
}

static void other_uris(void **state)
{
	struct uri u = parse("tel:+1-201-555-0123;phone-context=x");

	(void)state;
	assert_str(u.user, "+1-201-555-0123");
	assert_int_equal(u.host.n, 0);
	assert_str(u.params, "phone-context=x");
	u = parse("im:alice@example.com");
	assert_str(u.scheme, "im");
	assert_str(u.host, "example.com");
	u = parse("xmpp:room@muc.example.com/n@ck;x?message;subject=a");
	assert_str(u.user, "room");
	assert_str(u.host, "muc.example.com");
	assert_str(u.resource, "n@ck;x");
	assert_str(u.headers, "message;subject=a");
	u = parse("xmpp:example.com/a@b");
	assert_int_equal(u.user.n, 0);
	assert_str(u.host, "example.com");
	u = parse("XMPP:example.com?x=a@b");
	assert_str(u.host, "example.com");
	assert_int_equal(u.user.n, 0);
}

static void bad_uris(void **state)
{
	static const char *const bad[] = {
	    "",
	    "sip",
	    "sip:",
	    ":a@b",
	    "1sip:a@b",
	    "http://example.com",
	    "sip:@host",
	    "sip::pw@host",
	    "sip:a@",
	    "sip:a@b@c",
	    "sip:a@host:",
	    "sip:a@host:0",
	    "sip:a@host:65536",
	    "sip:a@host:5060x",
	    "sip:a@ho st",
	    "sip:a b@host",
	    "sip:a@host;x=\r\ny",
	    "sip:<a>@host",
	    "sip:a@[::1",
	    "sip:a@[]",
	    "sip:a@[::g]",
	    "sip:a@ho%73t",
	    "sip:a@host/x",
	    "tel:",
	    "tel:xyz",
	    "tel:+1 2",
	    "xmpp:@host",
	    "xmpp:a@host;x",
	};
	struct uri u = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(uri_parse(str_z(bad[i]), &u), ERR_SYNTAX);
	assert_int_equal(uri_parse(STR("sip:a\0b@host"), &u), ERR_SYNTAX);
	assert_null(u.scheme.p);
}

static void parameters(void **state)
{
	struct str v = STR("untouched"),
		   all = STR("lr;Transport = TCP;q=\"a;\\\";b\";gr=x=y;;gr=2");

	(void)state;
	assert_false(uri_param(all, STR("absent"), &v));
	assert_false(uri_param(all, STR("b\""), &v));
	assert_str(v, "untouched");
	assert_true(uri_param(all, STR("transport"), &v));
	assert_str(v, "TCP");
	assert_true(uri_param(all, STR("q"), &v));
	assert_str(v, "\"a;\\\";b\"");
	assert_true(uri_param(all, STR("gr"), &v));
	assert_str(v, "x=y");
	assert_true(uri_param(all, STR("LR"), &v));
	assert_int_equal(v.n, 0);
	assert_false(uri_param(STR_NONE, STR("lr"), &v));
}

static bool alphanumeric(unsigned char c)
{
	return isalnum(c);
}

static void percent_encoding(void **state)
{
	struct buf b = BUF_INIT(100);

	(void)state;
	assert_int_equal(uri_unescape(&b, STR("a%20%c3%A9%00b")), 0);
	assert_true(str_eq(buf_str(&b), STR("a \xc3\xa9\0b")));
	assert_int_equal(uri_unescape(&b, STR("%")), ERR_SYNTAX);
	assert_int_equal(uri_unescape(&b, STR("%4")), ERR_SYNTAX);
	assert_int_equal(uri_unescape(&b, STR("%4g")), ERR_SYNTAX);
	buf_clear(&b);
	uri_escape(&b, STR("a \xc3\xa9@/b"), alphanumeric);
	assert_string_equal(buf_z(&b), "a%20%C3%A9%40%2Fb");
	buf_clear(&b);
	uri_escape(&b, STR("a-_.!~*'()&=+$,;?/%#@:[]\" "), uri_user_char);
	assert_string_equal(buf_z(&b),
			    "a-_.!~*'()&=+$,;?/%25%23%40%3A%5B%5D%22%20");
	buf_clear(&b);
	uri_escape(&b, STR("a[]/:&+$;=?@,"), uri_param_char);
	assert_string_equal(buf_z(&b), "a[]/:&+$%3B%3D%3F%40%2C");
	buf_done(&b);
	buf_init(&b, 2);
	assert_int_equal(uri_unescape(&b, STR("abc")), ERR_TOO_BIG);
	buf_done(&b);
}

static void check_name_addr(const char *in, const char *name, const char *uri,
			    const char *params)
{
	struct arena *a = arena_new(1000);
	struct name_addr na;

	assert_int_equal(name_addr_parse(str_z(in), a, &na), 0);
	assert_str(na.name, name);
	assert_str(na.uri, uri);
	assert_str(na.params, params);
	arena_free(a);
}

/* RFC 3261 §20.10. */
static void name_addrs(void **state)
{
	(void)state;
	check_name_addr("\"Mr. Watson\" <sip:watson@worcester.bell-telephone."
			"com>;q=0.7; expires=3600",
			"Mr. Watson", "sip:watson@worcester.bell-telephone.com",
			"q=0.7; expires=3600");
	check_name_addr("\"A \\\"B\\\\ <x>\"<sip:a@b;lr>", "A \"B\\ <x>",
			"sip:a@b;lr", "");
	check_name_addr("Anonymous <sip:c8oqz84zk7z@privacy.org> ;tag=hyh8",
			"Anonymous", "sip:c8oqz84zk7z@privacy.org", "tag=hyh8");
	check_name_addr("<sip:carol@chicago.com>", "", "sip:carol@chicago.com",
			"");
	check_name_addr(" sip:carol@chicago.com;tag=1?x ", "",
			"sip:carol@chicago.com", "tag=1?x");
	check_name_addr("\"\" <tel:+1>", "", "tel:+1", "");
	check_name_addr("J\u00fcrgen M <sip:a@b>", "J\u00fcrgen M", "sip:a@b",
			"");
	check_name_addr("<urn:service:sos>", "", "urn:service:sos", "");
	check_name_addr("\"x\"\r\n <sip:a@b>", "x", "sip:a@b", "");
}

static void bad_name_addrs(void **state)
{
	static const char *const bad[] = {
	    "",
	    "*",
	    "<>",
	    "<sip:>",
	    "alice",
	    "\"x",
	    "\"x\\\"",
	    "\"x\\",
	    "\"x\"",
	    "\"x\" sip:a@b",
	    "\"x\" y <sip:a@b>",
	    "<sip:a@b",
	    "<sip:a@b> x",
	    "<sip:a@b>, <sip:c@d>",
	    "<sip:a b@c>",
	    "sip:a b@c",
	    ";tag=1",
	};
	struct arena *a = arena_new(20);
	struct name_addr na;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(name_addr_parse(str_z(bad[i]), a, &na),
				 ERR_SYNTAX);
	assert_int_equal(
	    name_addr_parse(STR("\"a name too long for it\" <sip:a@b>"), a,
			    &na),
	    ERR_TOO_BIG);
	arena_free(a);
}

static void check_key(const char *in, const char *key)
{
	struct buf b = BUF_INIT(200);
	int err = uri_key(&b, str_z(in));

	if (key) {
		assert_int_equal(err, 0);
		assert_string_equal(buf_z(&b), key);
	} else {
		assert_int_equal(err, ERR_SYNTAX);
	}
	buf_done(&b);
}

/* CHAT-11: parameters and sip or sips do not matter, the user's case does, the
 * host's does not. CHAT-12 compares im: and pres: the same way. */
static void keys_of_one_user(void **state)
{
	(void)state;
	check_key("sip:Alice@Example.COM", "sip:Alice@example.com");
	check_key("sips:Alice@example.com:5061;transport=tcp?a=b",
		  "sip:Alice@example.com");
	check_key("im:Alice@example.com", "sip:Alice@example.com");
	check_key("PRES:Alice@example.com:5060", "sip:Alice@example.com");
	check_key("sip:%41lic%65:pw@example.com", "sip:Alice@example.com");
	check_key("sip:alice@example.com", "sip:alice@example.com");
	check_key("sip:j%C3%bcrgen@example.com:5070",
		  "sip:j\u00fcrgen@example.com:5070");
	check_key("sip:example.com", "sip:example.com");
	check_key("sip:a@[2001:DB8::1]", "sip:a@[2001:db8::1]");
	check_key("sip:a@b;x=1;gr=urn%3auuid:F8", "sip:a@b;gr=urn:uuid:F8");
	check_key("sip:a@b;gr", "sip:a@b;gr");
	check_key("tel:+1-(201).555-0123;isub=1", "tel:+12015550123");
}

static void other_users_have_other_keys(void **state)
{
	(void)state;
	/* an encoded '@' or '%' never makes somebody else's key */
	check_key("sip:a%40b@c", "sip:a%40b@c");
	check_key("sip:a%2540b@c", "sip:a%2540b@c");
	check_key("sip:a%40b%3Bgr=x@c", "sip:a%40b;gr=x@c");
	check_key("sip:a@b;gr=x%40c", "sip:a@b;gr=x%40c");
	check_key("sip:a%4@b", NULL);
	check_key("sip:a@b;gr=%", NULL);
	check_key("tel:5550123;phone-context=+1", NULL);
	check_key("tel:+", NULL);
	check_key("tel:+1a", NULL);
	check_key("xmpp:a@b", NULL);
	check_key("sip:", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sip_uris),
	    cmocka_unit_test(other_uris),
	    cmocka_unit_test(bad_uris),
	    cmocka_unit_test(parameters),
	    cmocka_unit_test(percent_encoding),
	    cmocka_unit_test(name_addrs),
	    cmocka_unit_test(bad_name_addrs),
	    cmocka_unit_test(keys_of_one_user),
	    cmocka_unit_test(other_users_have_other_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
