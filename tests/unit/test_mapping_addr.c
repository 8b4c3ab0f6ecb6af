#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "mapping/addr.h"

/* As the requirements name them: rd = rooms, ud = foreign users, gh = gateway
 * host, s = SIP users on our stream, x and muc.x = XMPP; f and far are in no
 * list. */
static const struct map_domain known[] = {
    {{"rd.test", 7}, MAP_DOMAIN_ROOMS},
    {{"ud.test", 7}, MAP_DOMAIN_FOREIGN},
    {{"s.test", 6}, MAP_DOMAIN_USERS},
    {{"x.test", 6}, MAP_DOMAIN_NATIVE},
    {{"muc.x.test", 10}, MAP_DOMAIN_NATIVE},
    {{"b\xc3\xbc"
      "cher.test",
      12},
     MAP_DOMAIN_NATIVE}, /* last: not for the way from SIP */
};
#define N_KNOWN (sizeof(known) / sizeof(known[0]))
static const struct map_domains from_sip = {known, N_KNOWN - 1, {"gh.test", 7}};
static const struct map_domains to_sip = {known, N_KNOWN, {"gh.test", 7}};

static void assert_row(const char *in, int err, const struct buf *out,
		       const char *want)
{
	struct str got = buf_str(out);

	if (err < 0 || !str_eq(got, str_z(want)))
		fail_msg("%s -> %.*s (%s), not %s", in, STR_ARG(got),
			 err_name(err), want);
}

/* ADDR-1, ADDR-2, ADDR-3, ADDR-12, ADDR-13, ADDR-16, ADDR-19, ADDR-20, ADDR-21,
 * ADDR-23, ADDR-24: the rows of gateway §15.1 from SIP */
static void test_from_sip(void **state)
{
	(void)state;
	static const struct {
		const char *uri, *jid;
	} rows[] = {
	    {"sip:Romeo@S.test.", "romeo@s.test"},
	    {"sip:o'malley@s.test", "o\\27malley@s.test"},
	    {"sip:m&m@s.test", "m\\26m@s.test"},
	    {"sip:a%20b@s.test", "a\\20b@s.test"},
	    {"sip:%22joe%22@s.test", "\\22joe\\22@s.test"},
	    {"sip:a:secret@s.test", "a@s.test"},
	    {"sip:%3Cx%3E@s.test", "\\3cx\\3e@s.test"},
	    {"sip:a%40b@s.test", "a\\40b@s.test"},
	    {"sip:%5C27x@s.test", "\\5c27x@s.test"},
	    {"sip:%5C5commas@s.test", "\\5c5commas@s.test"},
	    {"sip:x%5C41y@s.test", "x\\41y@s.test"},
	    {"sip:x%5C2Fy@s.test", "x\\5c2fy@s.test"},
	    {"sip:100%25@s.test", "100%@s.test"},
	    {"sip:foo@s.test;gr=a%20b%2Fc;transport=tls", "foo@s.test/a b/c"},
	    {"sip:foo@s.test;gr=%C3%A9?Subject=x", "foo@s.test/\xc3\xa9"},
	    {"sip:room@rd.test;gr=Juli%20C", "room@rd.test/Juli C"},
	    /* ADDR-18: a temporary GRUU */
	    {"sip:8ffkas08af7fasklzi9@s.test;gr", "8ffkas08af7fasklzi9@s.test"},
	    {"sip:foo@s.test;gr=;x=y", "foo@s.test"},
	    {"sip:romeo@f.test", "romeo\\40f.test@ud.test"},
	    {"sip:a%40b@f.test", "a\\40b\\40f.test@ud.test"},
	    {"sip:romeo@f.test:5070", "romeo\\40f.test\\3a5070@ud.test"},
	    {"sip:x@xn--bcher-kva.test", "x\\40b\xc3\xbc"
					 "cher.test@ud.test"},
	    {"sip:u@[2001:db8::1]", "u\\40[2001\\3adb8\\3a\\3a1]@ud.test"},
	    {"sip:capulet@muc.x.test", "capulet@muc.x.test"},
	    {"sip:o'b%40far.test@gh.test", "o\\27b@far.test"},
	    {"tel:+1-555-123-4567", "+15551234567@ud.test"},
	    {"tel:7042;phone-context=f.test",
	     "7042;phone-context=f.test@ud.test"},
	    {"sip:+15551234567@gh.test;user=phone", "+15551234567@ud.test"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = BUF_INIT(8192);
		int status = -1;
		int err = map_sip_to_jid(&from_sip, str_z(rows[i].uri), &out,
					 &status);

		assert_row(rows[i].uri, err, &out, rows[i].jid);
		assert_int_equal(status, 0);
		buf_done(&out);
	}
}

/* ADDR-4, ADDR-5, ADDR-6: the refusals of gateway §15.1 */
static void test_from_sip_refused(void **state)
{
	(void)state;
	static const struct {
		const char *uri;
		int status;
	} rows[] = {
	    {"sip:%20ab@s.test", 404},
	    {"sip:a%EF%BC%A0b@s.test", 404},
	    {"sip:a%zy@s.test", 400},
	    {"sip:a%00b@s.test", 400},
	    {"sip:a%FFb@s.test", 400},
	    {"sip:%F0%9F%98%80@s.test", 404},
	    {"sips:romeo@s.test", 480},
	    /* and more of the same kinds */
	    {"sip:ab%20@s.test", 404},
	    {"sip:s.test", 404},
	    {"sip:f.test", 404},
	    {"sip:nobody@gh.test", 404},
	    {"sip:x@ud.test", 404},
	    {"sip:a@s.test;gr=%zz", 400},
	    {"sip:a@s.test;gr=%07", 400},
	    {"tel:7042", 404},
	    {"tel:+12x", 400},
	    {"tel:7042;phone-context=a%40b", 404},
	    {"http://s.test/", 400},
	    {"nonsense", 400},
	    {"sip:x@xn--a.test", 404},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = BUF_INIT(8192);
		int status = 0;

		if (map_sip_to_jid(&from_sip, str_z(rows[i].uri), &out,
				   &status) >= 0)
			fail_msg("%s -> %s", rows[i].uri, buf_z(&out));
		if (status != rows[i].status)
			fail_msg("%s: %d, not %d", rows[i].uri, status,
				 rows[i].status);
		buf_done(&out);
	}
}

/* ADDR-6: nothing over 1023 octets */
static void test_long_local(void **state)
{
	(void)state;
	struct buf uri = BUF_INIT(8192), out = BUF_INIT(8192);
	int status;

	buf_addz(&uri, "sip:");
	for (int i = 0; i < 1023; i++)
		buf_addc(&uri, 'a');
	buf_addz(&uri, "@s.test");
	assert_int_equal(
	    map_sip_to_jid(&from_sip, buf_str(&uri), &out, &status), 0);
	assert_int_equal(out.n, 1023 + 7);
	buf_clear(&uri);
	buf_addz(&uri, "sip:");
	for (int i = 0; i < 1024; i++)
		buf_addc(&uri, 'a');
	buf_addz(&uri, "@s.test");
	assert_true(map_sip_to_jid(&from_sip, buf_str(&uri), &out, &status) <
		    0);
	assert_int_equal(status, 404);
	buf_done(&uri);
	buf_done(&out);
}

/* ADDR-25, ADDR-26 */
static void test_other_schemes(void **state)
{
	(void)state;
	static const struct {
		const char *uri, *jid;
	} rows[] = {
	    {"im:Romeo@s.test", "romeo@s.test"},
	    {"pres:romeo@s.test", "romeo@s.test"},
	    {"xmpp:juliet@x.test/a%20b?join;password=x", "juliet@x.test/a b"},
	    {"xmpp://me@y.test/juliet@x.test#f", "juliet@x.test"},
	    {"xmpp:o%5C27b@x.test", "o\\27b@x.test"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = BUF_INIT(8192);
		int status;
		int err = map_sip_to_jid(&from_sip, str_z(rows[i].uri), &out,
					 &status);

		assert_row(rows[i].uri, err, &out, rows[i].jid);
		buf_done(&out);
	}
}

/* ADDR-7, ADDR-8, ADDR-14, ADDR-16, ADDR-19, ADDR-21: the rows of gateway §15.1
 * to SIP */
static void test_to_sip(void **state)
{
	(void)state;
	static const struct {
		const char *jid, *uri;
	} rows[] = {
	    {"m\\26m@x.test", "sip:m&m@x.test"},
	    {"a\\40b@x.test", "sip:a%40b@x.test"},
	    {"c\\3a\\5c5commas@x.test", "sip:c%3A%5C5commas@x.test"},
	    {"foo\\bar@x.test", "sip:foo%5Cbar@x.test"},
	    {"\\5c27x@x.test", "sip:%5C27x@x.test"},
	    {"a#b%c@x.test", "sip:a%23b%25c@x.test"},
	    {"a[b]^`{|}@x.test", "sip:a%5Bb%5D%5E%60%7B%7C%7D@x.test"},
	    {"tsch\xc3\xbcss@b\xc3\xbc"
	     "cher.test",
	     "sip:tsch%C3%BCss@xn--bcher-kva.test"},
	    {"juliet@x.test/b\xc3\xa4lcony 1",
	     "sip:juliet@x.test;gr=b%C3%A4lcony%201"},
	    {"juliet@x.test/a@b;c=d?e",
	     "sip:juliet@x.test;gr=a%40b%3Bc%3Dd%3Fe"},
	    {"juliet@x.test/[x]:y&z", "sip:juliet@x.test;gr=[x]:y&z"},
	    {"montague@rd.test/\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd",
	     "sip:montague@rd.test;gr=%D0%98%D0%B2%D0%B0%D0%BD"},
	    {"a\\40b\\40f.test@ud.test/dr4h", "sip:a%40b@f.test;gr=dr4h"},
	    {"romeo\\40f.test\\3a5070@ud.test", "sip:romeo@f.test:5070"},
	    {"+15551234567@ud.test", "sip:+15551234567@gh.test;user=phone"},
	    /* the way back of other rows */
	    {"u\\40[2001\\3adb8\\3a\\3a1]@ud.test", "sip:u@[2001:db8::1]"},
	    {"7042;phone-context=f.test@ud.test",
	     "tel:7042;phone-context=f.test"},
	    /* ADDR-15 */
	    {"o\\27b@far.test", "sip:o'b%40far.test@gh.test"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = BUF_INIT(8192);
		const char *condition = "unset";
		int err = map_jid_to_sip(&to_sip, str_z(rows[i].jid), &out,
					 &condition);

		assert_row(rows[i].jid, err, &out, rows[i].uri);
		assert_null(condition);
		buf_done(&out);
	}
}

/* ADDR-10, and the refusals of gateway §15.1 to SIP */
static void test_to_sip_refused(void **state)
{
	(void)state;
	static const struct {
		const char *jid, *condition;
	} rows[] = {
	    {"\\20ab@x.test", "jid-malformed"},
	    {"ab\\20@x.test", "jid-malformed"},
	    {"nobody@ud.test", "item-not-found"},
	    {"a\\40\\20@ud.test", "jid-malformed"},
	    {"a\\40b_!@ud.test", "item-not-found"},
	    {"a\\40f.test\\3a99999@ud.test", "item-not-found"},
	    {"x.test", "item-not-found"},
	    {"a b@x.test", "jid-malformed"},
	    {"a@\xff", "jid-malformed"},
	    {"@x.test", "jid-malformed"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = BUF_INIT(8192);
		const char *condition = NULL;

		if (map_jid_to_sip(&to_sip, str_z(rows[i].jid), &out,
				   &condition) >= 0)
			fail_msg("%s -> %s", rows[i].jid, buf_z(&out));
		assert_string_equal(condition, rows[i].condition);
		buf_done(&out);
	}
}

/* ADDR-3: once, left to right */
static void test_unescape(void **state)
{
	(void)state;
	struct buf out = BUF_INIT(100);

	map_unescape(&out, STR("\\5c27\\20\\2\\2F\\\\26"));
	assert_string_equal(buf_z(&out), "\\27 \\2/\\&");
	buf_done(&out);
}

static void test_escape_round_trip(void **state)
{
	(void)state;
	static const char *const texts[] = {
	    "\\", "\\20", "\\5c", "\\5C", "a \"&'/:<>@\\z", "\\\\26", "\\2",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf e = BUF_INIT(100), u = BUF_INIT(100);

		assert_int_equal(map_escape(&e, str_z(texts[i])), 0);
		map_unescape(&u, buf_str(&e));
		assert_string_equal(buf_z(&u), texts[i]);
		buf_done(&e);
		buf_done(&u);
	}
}

/* ADDR-19, ADDR-22 */
static void test_rooms(void **state)
{
	(void)state;
	struct buf room = BUF_INIT(8192), nick = BUF_INIT(8192);
	int status;

	assert_int_equal(map_sip_to_room(STR("sips:Tea%20Room@RD.test:5061;"
					     "transport=tls;gr=Juli%20C"),
					 &room, &nick, &status),
			 0);
	assert_string_equal(buf_z(&room), "tea\\20room@rd.test");
	assert_string_equal(buf_z(&nick), "Juli C");
	buf_clear(&nick);
	assert_int_equal(map_room_to_sip(&nick, buf_str(&room), STR("Juli C")),
			 0);
	assert_string_equal(buf_z(&nick), "sip:tea%20room@rd.test;gr=Juli%20C");
	buf_clear(&nick);
	assert_int_equal(map_room_to_sip(&nick, buf_str(&room), STR_NONE), 0);
	assert_string_equal(buf_z(&nick), "sip:tea%20room@rd.test");
	assert_int_equal(map_room_to_sip(&nick, STR("rd.test"), STR_NONE),
			 ERR_SYNTAX);
	buf_clear(&room);
	assert_true(map_sip_to_room(STR("tel:+1555"), &room, NULL, &status) <
		    0);
	assert_int_equal(status, 404);
	assert_true(
	    map_sip_to_room(STR("sip:a%FF@rd.test"), &room, NULL, &status) < 0);
	assert_int_equal(status, 400);
	buf_done(&room);
	buf_done(&nick);
}

/* ADDR-9, ADDR-23, ADDR-24 */
static void test_prepare(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out; /* NULL: refused */
	} rows[] = {
	    {"Juliet@X.Test./A b", "juliet@x.test/A b"},
	    {"X.test", "x.test"},
	    {"a@XN--BCHER-KVA.test", "a@b\xc3\xbc"
				     "cher.test"},
	    {"a@B\xc3\x9c"
	     "CHER.test",
	     "a@b\xc3\xbc"
	     "cher.test"},
	    {"a@[2001:DB8::1]", "a@[2001:db8::1]"},
	    {"a@x.test/b@c/d", "a@x.test/b@c/d"},
	    {"a@x.test/", NULL},
	    {"@x.test", NULL},
	    {"a@", NULL},
	    {"a@x..test", NULL},
	    {"a@x.test..", NULL},
	    {"a@x y.test", NULL},
	    {"a@[::1", NULL},
	    {"a@[nonsense]", NULL},
	    {"a&b@x.test", NULL},
	    {"a@\xff", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = BUF_INIT(8192);
		int err = map_prep_jid(&out, str_z(rows[i].in));

		if (rows[i].out)
			assert_row(rows[i].in, err, &out, rows[i].out);
		else if (err >= 0)
			fail_msg("%s is taken", rows[i].in);
		buf_done(&out);
	}
}

static void elsewhere(const char *room, int want, const char *native)
{
	struct buf out = BUF_INIT(4096);

	assert_int_equal(map_room_elsewhere(str_z(room), &out), want);
	if (want >= 0)
		assert_string_equal(buf_z(&out), native);
	buf_done(&out);
}

/* ADDR-29 */
static void test_rooms_elsewhere(void **state)
{
	(void)state;
	elsewhere("room@rd.test", 0, "");
	elsewhere("room%conf.test@rd.test", 1, "room@conf.test");
	elsewhere("room\\40conf.test@rd.test", 1, "room@conf.test");
	/* the last of either (ADDR-14) */
	elsewhere("a%b\\40conf.test@rd.test", 1, "a%b@conf.test");
	elsewhere("a\\40b%conf.test@rd.test", 1, "a\\40b@conf.test");
	/* an escaped backslash before "40" is none */
	elsewhere("a\\5c40b@rd.test", 0, "");
	elsewhere("%conf.test@rd.test", ERR_PREPARE, NULL);
	elsewhere("room%@rd.test", ERR_PREPARE, NULL);
	elsewhere("room%a b@rd.test", ERR_PREPARE, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_from_sip),
	    cmocka_unit_test(test_from_sip_refused),
	    cmocka_unit_test(test_long_local),
	    cmocka_unit_test(test_other_schemes),
	    cmocka_unit_test(test_to_sip),
	    cmocka_unit_test(test_to_sip_refused),
	    cmocka_unit_test(test_unescape),
	    cmocka_unit_test(test_escape_round_trip),
	    cmocka_unit_test(test_rooms),
	    cmocka_unit_test(test_prepare),
	    cmocka_unit_test(test_rooms_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
