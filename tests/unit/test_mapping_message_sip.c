/* What SIP users say, as XMPP users get it (gateway §15.5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <libxml/parser.h>

#include "base/err.h"
#include "mapping/message.h"
#include "tests/lib/xmlin.h"

#define MAX 200000

static const struct map_message_cfg local = {.stanza_max = 0};
static const struct map_message_cfg elsewhere = {.room_elsewhere = true};

static const char wrapper[] = "From: <sip:a@c.example>\r\n"
			      "To: <sip:r@c.example>\r\n";

/* A CPIM entity with these further headers and this content as a message. */
static int from_sip(struct message *m, const struct map_message_cfg *cfg,
		    const char *cpim_headers, const char *mime_headers,
		    struct str body)
{
	struct buf b = BUF_INIT(MAX);
	struct cpim c;
	int status;

	buf_addz(&b, wrapper);
	buf_addz(&b, cpim_headers);
	buf_addz(&b, "\r\n");
	buf_addz(&b, mime_headers);
	buf_addz(&b, "\r\n");
	buf_add(&b, body);
	m->form[WORLD_SIP] = blob_new(buf_str(&b));
	assert_int_equal(cpim_parse(blob_str(m->form[WORLD_SIP]), m->arena, &c),
			 0);
	status = map_cpim_to_message(&c, cfg, m);
	buf_done(&b);
	return status;
}

static void assert_payload(const struct message *m,
			   const struct map_message_cfg *cfg, const char *want)
{
	struct buf b = BUF_INIT(MAX);

	assert_int_equal(map_message_to_payload(&b, m, cfg), want[0] != 0);
	assert_string_equal(buf_z(&b), want);
	buf_done(&b);
}

static void assert_status(const struct map_message_cfg *cfg, const char *mime,
			  struct str body, int status)
{
	struct message *m = message_new(MAX);

	assert_int_equal(from_sip(m, cfg, "", mime, body), status);
	message_unref(m);
}

static void assert_sip_to_xmpp(const char *cpim, const char *mime,
			       struct str body, const char *want)
{
	struct message *m = message_new(MAX);

	assert_int_equal(from_sip(m, &local, cpim, mime, body), 200);
	assert_payload(m, &local, want);
	message_unref(m);
}

#define PLAIN "Content-Type: text/plain\r\n"

/* BODY-1, BODY-6, BODY-7, BODY-8: rows 1 to 5 of gateway §15.5 */
static void test_text_from_sip(void **state)
{
	(void)state;
	assert_sip_to_xmpp("", PLAIN, STR("a<b & c"),
			   "<body>a&lt;b &amp; c</body>");
	assert_sip_to_xmpp("", PLAIN,
			   STR("A\x07"
			       "B"),
			   "<body>A\xef\xbf\xbd"
			   "B</body>");
	assert_sip_to_xmpp("", PLAIN, STR("x\r\ny"), "<body>x\ny</body>");
	assert_sip_to_xmpp("", PLAIN, STR("x\ry\r"), "<body>x\ny\n</body>");
	assert_status(&local, PLAIN, STR("\xc3\x28"), 400);
	assert_sip_to_xmpp("",
			   "Content-Type: text/plain;charset=iso-8859-1\r\n",
			   STR("\xe9"), "<body>\xc3\xa9</body>");
}

/* BODY-7 */
static void test_charsets(void **state)
{
	(void)state;
	assert_sip_to_xmpp("", "Content-Type: text/plain; charset=\"utf8\"\r\n",
			   STR("\xc3\xa9"), "<body>\xc3\xa9</body>");
	assert_sip_to_xmpp("", "Content-Type: text/plain;charset=UTF-16LE\r\n",
			   STR("h\0i\0"), "<body>hi</body>");
	assert_sip_to_xmpp("",
			   "Content-Type: text/plain;charset=windows-1252\r\n",
			   STR("\x80"), "<body>\xe2\x82\xac</body>");
	assert_status(&local, "Content-Type: text/plain;charset=nonsense\r\n",
		      STR("x"), 415);
	assert_status(&local,
		      "Content-Type: text/plain;charset=us-ascii//IGNORE\r\n",
		      STR("x"), 415);
	assert_status(&local, "Content-Type: text/plain;charset=us-ascii\r\n",
		      STR("\xe9"), 400);
	assert_status(&local, "Content-Type: text/plain;charset=utf-16le\r\n",
		      STR("x"), 400);
}

/* BODY-12: row 6 of gateway §15.5 */
static void test_unknown_type(void **state)
{
	(void)state;
	static const char png[] = "Content-Type: image/png;name=\"<a>\"\r\n";

	assert_status(&elsewhere, png, STR("\x89PNG"), 415);
	assert_status(&local, "Content-Type: ;x=y\r\n", STR("x"), 400);
	assert_sip_to_xmpp("", png, STR("\x89PNG"),
			   "<body>[image/png, 4 octets]</body>");
}

/* BODY-10: row 7 of gateway §15.5 */
static void test_html_from_sip(void **state)
{
	(void)state;
	assert_sip_to_xmpp("", "Content-Type: text/html\r\n",
			   STR("<p>Hi <b>you</b><script>q</script></p>"),
			   "<body>Hi you</body>"
			   "<html xmlns='http://jabber.org/protocol/xhtml-im'>"
			   "<body xmlns='http://www.w3.org/1999/xhtml'>"
			   "<p>Hi <strong>you</strong></p></body></html>");
}

/* BODY-12: what has no words is not lost in silence. */
static void test_html_without_words(void **state)
{
	(void)state;
	static const char html[] = "Content-Type: text/html\r\n";

	assert_sip_to_xmpp("", html, STR("<img src='x'>"),
			   "<body>[text/html, 13 octets]</body>");
	assert_status(&elsewhere, html, STR("<img src='x'>"), 415);
	assert_sip_to_xmpp("", html, STR(" \r\n"), "");
}

/* BODY-3, BODY-4: rows 8 to 10 of gateway §15.5 */
static void test_subject_and_language_from_sip(void **state)
{
	(void)state;
	struct message *m = message_new(MAX);

	assert_int_equal(from_sip(m, &local, "Subject: S\r\n", PLAIN, STR("")),
			 200);
	assert_payload(m, &local, "<subject>S</subject>");
	assert_true(map_is_subject(m));
	message_unref(m);

	m = message_new(MAX);
	assert_int_equal(from_sip(m, &local, "Subject: S\r\n", PLAIN, STR("t")),
			 200);
	assert_payload(m, &local, "<subject>S</subject><body>t</body>");
	assert_false(map_is_subject(m));
	message_unref(m);

	m = message_new(MAX); /* takes the room's subject back */
	assert_int_equal(from_sip(m, &local, "Subject: \r\n", PLAIN, STR("")),
			 200);
	assert_true(map_is_subject(m));
	assert_int_equal(m->subject.n, 0);
	message_unref(m);

	assert_sip_to_xmpp("", PLAIN "Content-Language: fr\r\n", STR("salut"),
			   "<body xml:lang='fr'>salut</body>");
	assert_sip_to_xmpp("", PLAIN "Content-Language: ' x='\r\n", STR("hi"),
			   "<body>hi</body>");
}

static void assert_composing(bool private, const struct map_message_cfg *cfg,
			     const char *state, const char *want)
{
	struct message *m = message_new(MAX);
	struct buf b = BUF_INIT(1000);

	m->private = private;
	buf_addz(&b, "<isComposing "
		     "xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>");
	buf_addz(&b, state);
	buf_addz(&b, "</state></isComposing>");
	assert_int_equal(
	    from_sip(m, cfg, "",
		     "Content-Type: application/im-iscomposing+xml\r\n",
		     buf_str(&b)),
	    200);
	assert_true(m->transient && m->no_store);
	assert_payload(m, cfg, want);
	buf_done(&b);
	message_unref(m);
}

/* BODY-13, BODY-14: row 11 of gateway §15.5 */
static void test_composing_from_sip(void **state)
{
	(void)state;
	static const char composing[] =
	    "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
	static const char active[] =
	    "<active xmlns='http://jabber.org/protocol/chatstates'/>";
	const struct map_message_cfg on = {.composing_in_rooms = true};

	assert_composing(true, &local, "active", composing);
	assert_composing(true, &local, "idle", active);
	assert_composing(false, &local, "active", "");
	assert_composing(false, &on, "active", composing);
}

static void test_broken_composing(void **state)
{
	(void)state;
	static const char type[] =
	    "Content-Type: application/im-iscomposing+xml\r\n";

	assert_sip_to_xmpp("", type, STR("<isComp"), "");
	assert_sip_to_xmpp("", type, STR("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"),
			   "");
	assert_sip_to_xmpp("", type, STR(""), "");
}

/* BODY-29: row 12 of gateway §15.5, a SEND whose content is empty */
static void test_empty_from_sip(void **state)
{
	(void)state;
	assert_sip_to_xmpp("", PLAIN, STR(""), "");
}

/* BODY-24: row 13 of gateway §15.5 */
static void test_link_from_sip(void **state)
{
	(void)state;
	assert_sip_to_xmpp("",
			   "Content-Type: message/external-body;"
			   "access-type=URL;URL=\"https://c.example/?a&b\"\r\n",
			   STR("Content-Type: image/png\r\n\r\n"),
			   "<body>https://c.example/?a&amp;b</body>"
			   "<x xmlns='jabber:x:oob'>"
			   "<url>https://c.example/?a&amp;b</url></x>");
	assert_status(&elsewhere,
		      "Content-Type: message/external-body;"
		      "access-type=URL;URL=\"javascript:x\"\r\n",
		      STR(""), 415);
}

/* BODY-27: row 14 of gateway §15.5; CHAT-20's notice in a room of ours */
static void test_too_big_for_stanza(void **state)
{
	(void)state;
	struct buf b = BUF_INIT(MAX);

	while (b.n < 70000)
		buf_addc(&b, 'x');
	assert_status(&elsewhere, PLAIN, buf_str(&b), 413);
	assert_sip_to_xmpp("", PLAIN, buf_str(&b),
			   "<body>[text/plain, 70000 octets]</body>");
	/* what counts is the size after escaping */
	buf_clear(&b);
	while (b.n < 20000)
		buf_addc(&b, '<');
	assert_status(&elsewhere, PLAIN, buf_str(&b), 413);
	buf_cut(&b, 10000);
	assert_status(&elsewhere, PLAIN, buf_str(&b), 200);
	buf_done(&b);
}

/* CPIM-19 */
static void test_imdn_stays_with_sip(void **state)
{
	(void)state;
	assert_sip_to_xmpp("", "Content-Type: message/imdn+xml\r\n",
			   STR("<imdn/>"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text_from_sip),
	    cmocka_unit_test(test_charsets),
	    cmocka_unit_test(test_unknown_type),
	    cmocka_unit_test(test_html_from_sip),
	    cmocka_unit_test(test_html_without_words),
	    cmocka_unit_test(test_subject_and_language_from_sip),
	    cmocka_unit_test(test_composing_from_sip),
	    cmocka_unit_test(test_broken_composing),
	    cmocka_unit_test(test_empty_from_sip),
	    cmocka_unit_test(test_link_from_sip),
	    cmocka_unit_test(test_too_big_for_stanza),
	    cmocka_unit_test(test_imdn_stays_with_sip),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	xmlCleanupParser();
	return failed;
}
