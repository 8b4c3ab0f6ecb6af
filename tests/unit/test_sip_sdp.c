#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "sip/file_check.h"
#include "sip/sdp.h"

#define HEAD                                                                   \
	"v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\n"       \
	"t=0 0\r\n"
#define CHAT                                                                   \
	"m=message 9 TCP/MSRP *\r\n"                                           \
	"a=accept-types:Message/CPIM text/plain\r\n"                           \
	"a=path:msrp://10.0.0.5:9/u1;tcp\r\n"                                  \
	"a=setup:active\r\n"

static struct sdp parse(const char *z)
{
	struct sdp sdp;

	assert_int_equal(sdp_parse(str_z(z), &sdp), 0);
	return sdp;
}

static int choose(const char *z)
{
	struct sdp sdp = parse(z);

	return sdp_choose(&sdp, true, true, false);
}

static const struct sdp_local local = {
    .session_id = 7,
    .version = 8,
    .host = {"s.example", 9},
    .port = 2855,
    .path = {"msrp://s.example:2855/kJ8s;tcp", 30},
    .accept_wrapped = {"*", 1},
    .max_size = 10000,
    .nickname = true,
    .private_messages = true,
};

static void assert_slice(struct str s, const char *z)
{
	assert_int_equal(s.n, strlen(z));
	assert_memory_equal(s.n ? s.p : "", z, s.n);
}

static void assert_answer(const struct sdp *offer, int chosen,
			  const struct sdp_local *l, const char *want)
{
	struct buf b = BUF_INIT(SDP_BYTES_MAX);

	sdp_write_answer(&b, offer, chosen, l);
	assert_int_equal(b.err, 0);
	assert_string_equal(buf_z(&b), want);
	buf_done(&b);
}

static bool answer_has(const char *offer, const struct sdp_local *l,
		       const char *what)
{
	struct buf b = BUF_INIT(SDP_BYTES_MAX);
	struct sdp sdp = parse(offer);
	bool has;

	sdp_write_answer(&b, &sdp, sdp_choose(&sdp, true, true, true), l);
	has = str_search(buf_str(&b), str_z(what)) >= 0;
	buf_done(&b);
	return has;
}

/* V-SDP-1, SDP-1, SDP-6, SDP-15, SDP-22 */
static void test_answer(void **state)
{
	(void)state;
	struct sdp offer = parse(HEAD CHAT);

	assert_int_equal(sdp_choose(&offer, true, false, false), 0);
	assert_answer(&offer, 0, &local,
		      "v=0\r\n"
		      "o=- 7 8 IN IP4 s.example\r\n"
		      "s=-\r\n"
		      "c=IN IP4 s.example\r\n"
		      "t=0 0\r\n"
		      "m=message 2855 TCP/MSRP *\r\n"
		      "a=accept-types:message/cpim\r\n"
		      "a=accept-wrapped-types:*\r\n"
		      "a=max-size:10000\r\n"
		      "a=path:msrp://s.example:2855/kJ8s;tcp\r\n"
		      "a=setup:passive\r\n"
		      "a=chatroom:nickname private-messages\r\n"
		      "a=sendrecv\r\n");
}

static void test_answer_without_tokens(void **state)
{
	(void)state;
	struct sdp_local l = local;

	l.nickname = l.private_messages = false;
	assert_true(answer_has(HEAD CHAT, &l, "\r\na=chatroom\r\n"));
	l.private_messages = true;
	assert_true(
	    answer_has(HEAD CHAT, &l, "\r\na=chatroom:private-messages\r\n"));
}

static void test_ip6_host(void **state)
{
	(void)state;
	struct sdp_local l = local;

	l.host = STR("2001:db8::1");
	assert_true(answer_has(HEAD CHAT, &l, "c=IN IP6 2001:db8::1\r\n"));
}

#define WITH_TYPES(types)                                                      \
	HEAD "m=message 9 TCP/MSRP *\r\na=accept-types:" types "\r\n"          \
	     "a=path:msrp://10.0.0.5:9/u1;tcp\r\n"

/* V-SDP-2, SDP-5 */
static void test_needs_cpim(void **state)
{
	(void)state;

	assert_int_equal(choose(WITH_TYPES("text/plain")), -1);
	assert_int_equal(choose(WITH_TYPES("*")), 0);
	assert_int_equal(choose(WITH_TYPES("message/*")), 0);
	assert_int_equal(choose(WITH_TYPES("MESSAGE/cpim;a=b")), 0);
}

/* V-SDP-2, SDP-2 */
static void test_needs_path_and_types(void **state)
{
	(void)state;

	assert_int_equal(choose(HEAD "m=message 9 TCP/MSRP *\r\n"
				     "a=accept-types:message/cpim\r\n"),
			 -1);
	assert_int_equal(choose(HEAD "m=message 9 TCP/MSRP *\r\n"
				     "a=path:msrp://10.0.0.5:9/u1;tcp\r\n"),
			 -1);
	assert_int_equal(choose(WITH_TYPES("")), -1);
	assert_int_equal(choose(HEAD "m=message 9 TCP/MSRP *\r\n"
				     "a=accept-types:message/cpim\r\n"
				     "a=path:msrp://10.0.0.5/u1;tcp\r\n"),
			 -1);
}

/* */
static void test_plain_client(void **state)
{
	(void)state;
	struct sdp sdp = parse(WITH_TYPES("text/plain"));

	assert_int_equal(sdp_choose(&sdp, true, true, true), 0);
	assert_true(answer_has(WITH_TYPES("text/plain"), &local,
			       "\r\na=accept-types:text/plain\r\na=max-size"));
}

/* V-SDP-3, SDP-9 */
static void test_setup(void **state)
{
	(void)state;
	static const struct {
		const char *offered, *answered;
	} rows[] = {
	    {"a=setup:holdconn\r\n", "a=setup:passive\r\n"},
	    {"", "a=setup:passive\r\n"},
	    {"a=setup:actpass\r\n", "a=setup:passive\r\n"},
	    {"a=setup:active\r\n", "a=setup:passive\r\n"},
	    {"a=setup:passive\r\n", "a=setup:active\r\n"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char offer[1024];

		snprintf(offer, sizeof(offer), "%s%s",
			 WITH_TYPES("message/cpim"), rows[i].offered);
		assert_true(answer_has(offer, &local, rows[i].answered));
	}
	assert_int_equal(sdp_answer_setup(SDP_SETUP_PASSIVE), SDP_SETUP_ACTIVE);
	assert_int_equal(sdp_answer_setup(SDP_SETUP_ACTPASS),
			 SDP_SETUP_PASSIVE);
}

/* V-SDP-4, SDP-1, SDP-4 */
static void test_secure(void **state)
{
	(void)state;
	static const char offer[] = HEAD "m=message 2855 TCP/TLS/MSRP *\r\n"
					 "a=accept-types:message/cpim\r\n"
					 "a=path:msrps://q.example:2855/k;tcp "
					 "msrps://x.invalid:2855/c;ws\r\n";
	struct sdp sdp = parse(offer);
	struct sdp_local l = local;
	bool secure = false;

	assert_true(sdp_media_is_msrp(&sdp.media[0], &secure));
	assert_true(secure);
	assert_slice(sdp.media[0].path, "msrps://q.example:2855/k;tcp "
					"msrps://x.invalid:2855/c;ws");
	assert_int_equal(sdp_choose(&sdp, true, false, false), -1);
	assert_int_equal(sdp_choose(&sdp, false, true, false), 0);
	l.secure = true;
	assert_true(answer_has(offer, &l, "m=message 2855 TCP/TLS/MSRP *\r\n"));
	l.proto = STR("TLS/TCP/MSRP");
	assert_true(answer_has(offer, &l, "m=message 2855 TLS/TCP/MSRP *\r\n"));
}

/* SDP-1 */
static void test_seed_spelling(void **state)
{
	(void)state;

	assert_int_equal(choose(HEAD "m=message 9 TLS/TCP/MSRP *\r\n"
				     "a=accept-types:message/cpim\r\n"
				     "a=path:msrps://10.0.0.5:9/u;tcp\r\n"),
			 0);
}

/* SDP-4 */
static void test_scheme_against_proto(void **state)
{
	(void)state;

	assert_int_equal(choose(HEAD "m=message 9 TCP/TLS/MSRP *\r\n"
				     "a=accept-types:message/cpim\r\n"
				     "a=path:msrp://10.0.0.5:9/u;tcp\r\n"),
			 -1);
	assert_int_equal(choose(HEAD "m=message 9 TCP/MSRP *\r\n"
				     "a=accept-types:message/cpim\r\n"
				     "a=path:msrps://10.0.0.5:9/u;tcp\r\n"),
			 -1);
}

/* V-SDP-5, SDP-13 */
static void test_refuses_other_media(void **state)
{
	(void)state;
	struct sdp offer = parse(
	    HEAD
	    "m=audio 4000 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\n" CHAT CHAT);

	assert_int_equal(offer.n_media, 3);
	assert_int_equal(sdp_choose(&offer, true, true, false), 1);
	assert_answer(&offer, 1, &local,
		      "v=0\r\n"
		      "o=- 7 8 IN IP4 s.example\r\n"
		      "s=-\r\n"
		      "c=IN IP4 s.example\r\n"
		      "t=0 0\r\n"
		      "m=audio 0 RTP/AVP 0 8\r\n"
		      "m=message 2855 TCP/MSRP *\r\n"
		      "a=accept-types:message/cpim\r\n"
		      "a=accept-wrapped-types:*\r\n"
		      "a=max-size:10000\r\n"
		      "a=path:msrp://s.example:2855/kJ8s;tcp\r\n"
		      "a=setup:passive\r\n"
		      "a=chatroom:nickname private-messages\r\n"
		      "a=sendrecv\r\n"
		      "m=message 0 TCP/MSRP *\r\n");
}

/* V-SDP-6, SDP-14 */
static void test_refuses_file(void **state)
{
	(void)state;
	static const char file[] =
	    HEAD "m=message 9 TCP/MSRP *\r\n"
		 "a=accept-types:message/cpim\r\n"
		 "a=path:msrp://10.0.0.5:9/u2;tcp\r\n"
		 "a=file-selector:name:\"p.jpg\" type:image/jpeg size:5\r\n"
		 "a=file-transfer-id:Zx1\r\n" CHAT;

	assert_int_equal(choose(file), 1);
	assert_true(answer_has(
	    file, &local,
	    "m=message 0 TCP/MSRP *\r\n"
	    "a=file-selector:name:\"p.jpg\" type:image/jpeg size:5\r\n"
	    "a=file-transfer-id:Zx1\r\n"
	    "m=message 2855 "));
}

/* SDP-13: a line that the offerer has already switched off stays so */
static void test_port_zero(void **state)
{
	(void)state;

	assert_int_equal(choose(HEAD "m=message 0 TCP/MSRP *\r\n"
				     "a=accept-types:*\r\n"
				     "a=path:msrp://10.0.0.5:9/u;tcp\r\n"),
			 -1);
}

/* V-DRAFT-3, SDP-16 */
static void test_chatroom_tokens(void **state)
{
	(void)state;
	struct sdp sdp =
	    parse(HEAD CHAT "a=chatroom:nicknames x.y nickname\r\n" CHAT
			    "a=chatroom:private-messages\r\n" CHAT
			    "a=chatroom\r\n" CHAT);

	assert_true(sdp.media[0].chatroom && sdp.media[0].nickname);
	assert_false(sdp.media[0].private_messages);
	assert_true(sdp.media[1].private_messages);
	assert_false(sdp.media[1].nickname);
	assert_true(sdp.media[2].chatroom);
	assert_false(sdp.media[2].nickname || sdp.media[2].private_messages);
	assert_false(sdp.media[3].chatroom);
	/* NICK-15 */
	sdp = parse(HEAD CHAT "a=chatroom:nicknames\r\n");
	assert_true(sdp.media[0].nickname);
}

/* SDP-8 */
static void test_max_size(void **state)
{
	(void)state;
	struct sdp sdp =
	    parse(HEAD CHAT "a=max-size:4096\r\na=maxsize:1\r\n" CHAT
			    "a=maxsize:2048\r\n" CHAT
			    "a=max-size:99999999999999999999999\r\n");

	assert_int_equal(sdp.media[0].max_size, 4096);
	assert_int_equal(sdp.media[1].max_size, 2048);
	assert_true(sdp.media[2].max_size == SIZE_MAX);
}

/* SDP-7 */
static void test_takes(void **state)
{
	(void)state;
	struct sdp_media m = {.accept_types = STR("message/cpim")};

	assert_true(sdp_takes(&m, STR("image/png")));
	m.accept_wrapped = STR("text/plain");
	assert_true(sdp_takes(&m, STR("Text/PLAIN;charset=utf-8")));
	assert_false(sdp_takes(&m, STR("image/png")));
	m.accept_types = STR("message/cpim image/*");
	assert_true(sdp_takes(&m, STR("image/png")));
	assert_false(sdp_takes(&m, STR("text/html")));
	m.accept_wrapped = STR("text/html;level=1");
	assert_true(sdp_takes(&m, STR("text/html")));
	assert_true(sdp_takes(&m, STR("text/html; level=\"1\"")));
	assert_false(sdp_takes(&m, STR("text/html;level=2")));
	m.accept_wrapped = STR("*");
	assert_true(sdp_takes(&m, STR("application/x;y=z")));
}

/* SDP-19 */
static void test_direction(void **state)
{
	(void)state;
	struct sdp sdp = parse("v=0\no=- 1 1 IN IP4 h\na=sendonly\n" CHAT CHAT
			       "a=inactive\n");

	assert_int_equal(sdp.media[0].direction, SDP_SENDONLY);
	assert_int_equal(sdp.media[1].direction, SDP_INACTIVE);
	assert_int_equal(sdp_answer_direction(SDP_SENDONLY), SDP_RECVONLY);
	assert_int_equal(sdp_answer_direction(SDP_RECVONLY), SDP_SENDONLY);
	assert_int_equal(sdp_answer_direction(SDP_INACTIVE), SDP_INACTIVE);
	assert_int_equal(sdp_answer_direction(SDP_SENDRECV), SDP_SENDRECV);
}

/* SDP-22 */
static void test_lenient(void **state)
{
	(void)state;
	struct sdp sdp = parse("v=0\no=x 1 2 IN IP6 ::1\ns=\n"
			       "m=message 9/1 TCP/MSRP *\nc=IN IP6 ::2\n\n"
			       "a=bogus\na=\n");

	assert_slice(sdp.origin, "x 1 2 IN IP6 ::1");
	assert_slice(sdp.media[0].connection, "::2");
	assert_int_equal(sdp.media[0].port, 9);
	assert_false(sdp.media[0].has_accept_types);
}

/* RFC 8122 §5: of several the strongest, none with a broken one */
static void test_fingerprint(void **state)
{
	(void)state;
	struct sdp sdp = parse(
	    HEAD CHAT
	    "a=fingerprint:sha-1 "
	    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33\r\n"
	    "a=fingerprint:SHA-256 "
	    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
	    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
	    "a=fingerprint:md5 "
	    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
	    "a=fingerprint:sha-256 "
	    "FF:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
	    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n" CHAT
	    "a=fingerprint:sha-1 00:11\r\n");

	assert_int_equal(sdp.media[0].n_fingerprints, 2);
	assert_true(
	    str_starts(sdp.media[0].fingerprint[0], STR("SHA-256 00:11")));
	assert_true(
	    str_starts(sdp.media[0].fingerprint[1], STR("sha-256 FF:11")));
	assert_int_equal(sdp.media[1].n_fingerprints, 0);
}

static void test_refused_input(void **state)
{
	(void)state;
	struct sdp sdp = {.n_media = 3};
	struct buf b = BUF_INIT(2 * SDP_BYTES_MAX);

	assert_int_equal(sdp_parse(STR(""), &sdp), ERR_SYNTAX);
	assert_int_equal(sdp_parse(STR("hello"), &sdp), ERR_SYNTAX);
	assert_int_equal(sdp_parse(STR("v=0\nbad line\n"), &sdp), ERR_SYNTAX);
	assert_int_equal(sdp_parse(STR("v=0\nm=message x TCP/MSRP *\n"), &sdp),
			 ERR_SYNTAX);
	assert_int_equal(
	    sdp_parse(STR("v=0\nm=message 70000 TCP/MSRP *\n"), &sdp),
	    ERR_SYNTAX);
	assert_int_equal(sdp_parse(STR("v=0\ns=a\0b\n"), &sdp), ERR_SYNTAX);
	assert_int_equal(sdp.n_media, 3);

	buf_addz(&b, "v=0\n");
	for (int i = 0; i <= SDP_MEDIA_MAX; i++)
		buf_addz(&b, "m=audio 1 RTP/AVP 0\n");
	assert_int_equal(sdp_parse(buf_str(&b), &sdp), ERR_TOO_BIG);
	while (b.n <= SDP_BYTES_MAX)
		buf_addz(&b, "a=x\n");
	assert_int_equal(sdp_parse(buf_str(&b), &sdp), ERR_TOO_BIG);
	buf_done(&b);
}

/* SDP-9: our offer says actpass */
static void test_offer(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(SDP_BYTES_MAX);
	struct sdp sdp;

	sdp_write_offer(&b, &local);
	sdp = parse(buf_z(&b));
	assert_int_equal(sdp.n_media, 1);
	assert_int_equal(sdp.media[0].setup, SDP_SETUP_ACTPASS);
	assert_int_equal(sdp.media[0].max_size, 10000);
	assert_slice(sdp.media[0].path, "msrp://s.example:2855/kJ8s;tcp");
	assert_slice(sdp.media[0].accept_types, "message/cpim");
	assert_true(sdp.media[0].nickname && sdp.media[0].private_messages);
	assert_int_equal(sdp_choose(&sdp, true, false, false), 0);
	buf_done(&b);
}

/* RFC 5547 §6 */
static void test_file_selector(void **state)
{
	static const struct {
		const char *selector, *name, *type;
		int64_t size; /* -1: none */
	} rows[] = {
	    {"name:\"My cool picture.jpg\" type:image/jpeg size:32349 "
	     "hash:sha-1:72:24",
	     "My cool picture.jpg", "image/jpeg", 32349},
	    {"size:5 name:\"a%22b%0d%zz\"", "a\"b\r%zz", "", 5},
	    {"type:text/plain;charset=\"utf-8\"", "", "text/plain", -1},
	    {"name:\"open", "open", "", -1},
	    {"name:plain size:x", "", "", -1},
	    {"hash:sha-1:00", "", "", -1},
	    {"name:\"", "", "", -1},
	};
	struct buf name = BUF_INIT(1024);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sdp_media m = {.file_selector = str_z(rows[i].selector)};
		struct sdp_file file;

		buf_clear(&name);
		sdp_read_file(&m, &name, &file);
		assert_string_equal(buf_z(&name), rows[i].name);
		assert_true(str_eq(file.type, str_z(rows[i].type)));
		assert_int_equal(file.has_size, rows[i].size >= 0);
		if (file.has_size)
			assert_int_equal(file.size, rows[i].size);
	}
	buf_done(&name);
}

#define SHA1 "A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D"
#define SHA256                                                                 \
	"BA:78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:"                     \
	"b0:03:61:a3:96:17:7a:9c:b4:10:ff:61:f2:00:15:ad"

static const char *difference(const char *selector, const char *content)
{
	struct sdp_media m = {.file_selector = str_z(selector)};
	struct buf name = BUF_INIT(1024);
	struct sdp_file file;
	struct file_check *c;
	const char *what;

	sdp_read_file(&m, &name, &file);
	buf_done(&name);
	c = file_check_new(&file);
	for (; *content; content++)
		file_check_add(c, str_of(content, 1));
	what = file_check_end(c);
	file_check_free(c);
	return what ? what : "";
}

/* RFC 5547 §8.3.1; RFC 3174 §7.3 */
static void test_file_check(void **state)
{
	(void)state;
	assert_string_equal(difference("hash:sha-1:" SHA1 " size:3", "abc"),
			    "");
	assert_string_equal(difference("hash:sha-1:" SHA1, "abd"), "hash");
	assert_string_equal(difference("size:4", "abc"), "size");
	assert_string_equal(difference("hash:sha-256:" SHA256, "abc"), "");
	assert_string_equal(difference("hash:sha-256:" SHA256, "ab"), "hash");
	/* both count */
	assert_string_equal(
	    difference("hash:sha-1:" SHA1 " hash:sha-256:00" SHA256, "abc"),
	    "");
	assert_string_equal(
	    difference("hash:sha-256:" SHA256 " hash:sha-1:" SHA1, "abc"), "");
	assert_string_equal(
	    difference("hash:SHA-256:00:" /* and 31 more */
		       "78:16:BF:8F:01:CF:EA:41:41:40:DE:5D:AE:22:23:"
		       "b0:03:61:a3:96:17:7a:9c:b4:10:ff:61:f2:00:15:ad "
		       "hash:sha-1:" SHA1,
		       "abc"),
	    "hash");
	/* what is unknown or can't be read is not checked */
	assert_string_equal(difference("hash:sha-1:72:24 hash:md5:00", "abc"),
			    "");
	assert_string_equal(difference("hash:sha-1", "abc"), "");
}

/* RFC 5547 §6: a part of a file is no file */
static void test_file_range(void **state)
{
	struct sdp_media m = {.type = STR("message"),
			      .port = 9,
			      .proto = STR("TCP/MSRP"),
			      .accept_types = STR("*"),
			      .path = STR("msrp://a.example:9/x;tcp"),
			      .file_selector = STR("size:3"),
			      .direction = SDP_SENDONLY};
	bool secure;

	(void)state;
	assert_true(sdp_media_is_push(&m, &secure));
	m.file_range = STR("1-*");
	assert_true(sdp_media_is_push(&m, &secure));
	m.file_range = STR("2-*");
	assert_false(sdp_media_is_push(&m, &secure));
	m.file_range = STR("1-2");
	assert_false(sdp_media_is_push(&m, &secure));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_file_selector),
	    cmocka_unit_test(test_file_check),
	    cmocka_unit_test(test_file_range),
	    cmocka_unit_test(test_answer),
	    cmocka_unit_test(test_answer_without_tokens),
	    cmocka_unit_test(test_ip6_host),
	    cmocka_unit_test(test_needs_cpim),
	    cmocka_unit_test(test_needs_path_and_types),
	    cmocka_unit_test(test_plain_client),
	    cmocka_unit_test(test_setup),
	    cmocka_unit_test(test_secure),
	    cmocka_unit_test(test_seed_spelling),
	    cmocka_unit_test(test_scheme_against_proto),
	    cmocka_unit_test(test_refuses_other_media),
	    cmocka_unit_test(test_refuses_file),
	    cmocka_unit_test(test_port_zero),
	    cmocka_unit_test(test_chatroom_tokens),
	    cmocka_unit_test(test_max_size),
	    cmocka_unit_test(test_takes),
	    cmocka_unit_test(test_direction),
	    cmocka_unit_test(test_lenient),
	    cmocka_unit_test(test_fingerprint),
	    cmocka_unit_test(test_refused_input),
	    cmocka_unit_test(test_offer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
