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

/* ---- from SIP (M) ---- */

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

/* ---- from XMPP (X) ---- */

struct xmpp {
	struct arena *arena;
	struct message *m;
};

static struct xmpp from_stanza(const struct map_message_cfg *cfg, bool private,
			       const char *attrs, const char *children)
{
	struct xmpp x = {arena_new(MAX), message_new(MAX)};
	struct buf b = BUF_INIT(MAX);
	const struct xnode *n;

	buf_addz(&b, "<message xmlns='jabber:client' id='i1'");
	buf_addz(&b, attrs);
	buf_addc(&b, '>');
	buf_addz(&b, children);
	buf_addz(&b, "</message>");
	n = xmlin_parse(x.arena, buf_str(&b));
	assert_non_null(n);
	x.m->private = private;
	assert_int_equal(map_stanza_to_message(n, cfg, x.m), 0);
	/* 2024-05-06T07:08:09Z */
	x.m->time_ms = UINT64_C(1714979289000);
	buf_done(&b);
	return x;
}

static struct xmpp from_xmpp(const struct map_message_cfg *cfg, bool private,
			     const char *children)
{
	return from_stanza(cfg, private, "", children);
}

static void xmpp_done(struct xmpp *x)
{
	message_unref(x->m);
	arena_free(x->arena);
}

static const struct cpim_addr ann = {{"Ann", 3},
				     {"sip:r@c.example;gr=Ann", 22}};
static const struct cpim_addr to_room = {{NULL, 0}, {"sip:r@c.example", 15}};

/* The body that a SIP user gets, "" for nothing. */
static void assert_xmpp_to_sip(const struct map_message_cfg *cfg, bool private,
			       const char *children, const char *body,
			       const char *language)
{
	struct xmpp x = from_xmpp(cfg, private, children);
	struct buf b = BUF_INIT(MAX);
	struct cpim c;

	if (!body[0]) {
		assert_false(map_message_to_cpim(&b, x.m, ann, to_room, cfg));
		assert_int_equal(b.n, 0);
		assert_int_equal(map_message_sip_type(x.m, cfg).n, 0);
	} else {
		assert_true(map_message_to_cpim(&b, x.m, ann, to_room, cfg));
		assert_int_equal(cpim_parse(buf_str(&b), x.arena, &c), 0);
		assert_true(
		    str_eq(c.content_type, STR("text/plain;charset=utf-8")));
		assert_true(
		    str_eq(map_message_sip_type(x.m, cfg), STR("text/plain")));
		if (!str_eq(c.body, str_z(body)))
			fail_msg("%.*s, not %s", STR_ARG(c.body), body);
		assert_true(str_eq(c.content_language, str_z(language)));
	}
	buf_done(&b);
	xmpp_done(&x);
}

static void assert_room(const char *children, const char *body)
{
	assert_xmpp_to_sip(&local, false, children, body, "");
}

/* BODY-1, BODY-11: row 15 of gateway §15.5; CPIM-1 */
static void test_text_to_sip(void **state)
{
	(void)state;
	struct xmpp x =
	    from_xmpp(&local, false, "<body>*hi* &lt;you&gt;\nAnn</body>");
	struct buf b = BUF_INIT(MAX);

	assert_true(map_message_to_cpim(&b, x.m, ann, to_room, &local));
	assert_string_equal(buf_z(&b),
			    "From: \"Ann\" <sip:r@c.example;gr=Ann>\r\n"
			    "To: <sip:r@c.example>\r\n"
			    "DateTime: 2024-05-06T07:08:09.000Z\r\n"
			    "\r\n"
			    "Content-Type: text/plain;charset=utf-8\r\n"
			    "\r\n"
			    "*hi* <you>\r\nAnn");
	assert_true(str_eq(x.m->client_id, STR("i1")));
	assert_false(x.m->no_store || x.m->transient);
	buf_done(&b);
	xmpp_done(&x);
	assert_room("<body>/me waves</body>", "/me waves");
}

/* Row 16 of gateway §15.5 */
static void test_subject_to_sip(void **state)
{
	(void)state;
	struct xmpp x = from_xmpp(&local, false, "<subject>T</subject>");
	struct buf b = BUF_INIT(MAX);

	assert_true(map_is_subject(x.m));
	assert_true(str_eq(x.m->subject, STR("T")));
	assert_false(map_message_to_cpim(&b, x.m, ann, to_room, &local));
	xmpp_done(&x);
	buf_done(&b);
}

/* A subject that changes no room's is a text, and shown as one. */
static void test_subject_as_text(void **state)
{
	(void)state;
	assert_xmpp_to_sip(&local, true, "<subject>T</subject>", "T", "");
	assert_xmpp_to_sip(&local, true, "<subject xml:lang='de'>T</subject>",
			   "T", "de");
	assert_room("<subject>T</subject><thread>x</thread>", "T");
	assert_xmpp_to_sip(&local, true, "<subject/>", "", "");
}

/* BODY-4, BODY-5 */
static void test_subject_with_body_to_sip(void **state)
{
	(void)state;
	struct xmpp x =
	    from_xmpp(&local, false,
		      "<subject>T</subject><body>b</body><thread>x</thread>");
	struct buf b = BUF_INIT(MAX);

	assert_true(map_message_to_cpim(&b, x.m, ann, to_room, &local));
	assert_true(str_search(buf_str(&b), STR("\r\nSubject: T\r\n")) > 0);
	assert_true(str_ends(buf_str(&b), STR("\r\n\r\nb")));
	xmpp_done(&x);
	buf_done(&b);
}

/* BODY-19: row 17 of gateway §15.5 */
static void test_reply_to_sip(void **state)
{
	(void)state;
	assert_room("<body>&gt; hi\nyes</body>"
		    "<reply xmlns='urn:xmpp:reply:0' id='x'/>"
		    "<fallback xmlns='urn:xmpp:fallback:0' "
		    "for='urn:xmpp:reply:0'><body start='0' end='5'/>"
		    "</fallback>",
		    "> hi\r\nyes");
}

/* BODY-16: row 18 of gateway §15.5 */
static void test_correction_to_sip(void **state)
{
	(void)state;
	assert_room("<body>fixed</body>"
		    "<replace xmlns='urn:xmpp:message-correct:0' id='x'/>",
		    "[corrected] fixed");
}

/* BODY-17: row 19 of gateway §15.5 */
static void test_retraction_to_sip(void **state)
{
	(void)state;
	static const char moderated[] =
	    "<retract xmlns='urn:xmpp:message-retract:1' id='x'>"
	    "<moderated xmlns='urn:xmpp:message-moderate:1'/>"
	    "<reason>spam</reason></retract>";

	assert_xmpp_to_sip(
	    &local, false,
	    "<retract xmlns='urn:xmpp:message-retract:1' id='x'/>"
	    "<body>This was retracted</body>"
	    "<fallback xmlns='urn:xmpp:fallback:0'/>",
	    "[message retracted]", "en");
	assert_xmpp_to_sip(&elsewhere, false, moderated,
			   "[message removed by a moderator: spam]", "en");
	assert_xmpp_to_sip(&elsewhere, false,
			   "<apply-to xmlns='urn:xmpp:fasten:0' id='x'>"
			   "<moderated xmlns='urn:xmpp:message-moderate:0'>"
			   "<retract xmlns='urn:xmpp:message-retract:0'/>"
			   "<reason>spam</reason></moderated></apply-to>",
			   "[message removed by a moderator: spam]", "en");
	/* nobody but the room may say that */
	assert_xmpp_to_sip(&local, false, moderated, "[message retracted]",
			   "en");
}

/* BODY-14, BODY-18: row 20 of gateway §15.5 */
static void test_nothing_to_sip(void **state)
{
	(void)state;
	assert_room("<reactions xmlns='urn:xmpp:reactions:0' id='x'>"
		    "<reaction>+</reaction></reactions>",
		    "");
	assert_room("<reactions xmlns='urn:xmpp:reactions:0' id='x'/>"
		    "<body>reacted</body><fallback "
		    "xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'/>",
		    "");
	assert_room(
	    "<composing xmlns='http://jabber.org/protocol/chatstates'/>", "");
	assert_room("<body/>", "");
	assert_room("<displayed xmlns='urn:xmpp:chat-markers:0' id='x'/>", "");
}

/* BODY-23: row 21 of gateway §15.5 */
static void test_oob_to_sip(void **state)
{
	(void)state;
	assert_room("<body>pic</body><x xmlns='jabber:x:oob'><url>u</url></x>",
		    "pic\r\nu");
	assert_room("<body>u</body><x xmlns='jabber:x:oob'><url>u</url></x>",
		    "u");
	assert_room("<x xmlns='jabber:x:oob'><url>u</url></x>", "u");
}

/* BODY-26: row 22 of gateway §15.5 */
static void test_encrypted_to_sip(void **state)
{
	(void)state;
	static const char *const kinds[] = {
	    "<encrypted xmlns='eu.siacs.conversations.axolotl'/>",
	    "<encrypted xmlns='urn:xmpp:omemo:2'/>",
	    "<openpgp xmlns='urn:xmpp:openpgp:0'/>",
	    "<x xmlns='jabber:x:encrypted'/>",
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		assert_xmpp_to_sip(&local, false, kinds[i],
				   "[encrypted message]", "en");
	assert_room("<encrypted xmlns='eu.siacs.conversations.axolotl'/>"
		    "<body>no OMEMO here</body>",
		    "no OMEMO here");
}

/* BODY-2, BODY-3: row 23 of gateway §15.5 */
static void test_language_to_sip(void **state)
{
	(void)state;
	static const char bodies[] = "<body xml:lang='en'>en text</body>"
				     "<body xml:lang='de'>de text</body>";
	static const char with_none[] = "<body xml:lang='en'>en text</body>"
					"<body>plain</body>";
	struct map_message_cfg cfg = {.language = STR("de")};

	assert_xmpp_to_sip(&cfg, false, bodies, "de text", "de");
	cfg.language = STR("DE-at");
	assert_xmpp_to_sip(&cfg, false, bodies, "de text", "de");
	cfg.language = STR("fr");
	assert_xmpp_to_sip(&cfg, false, bodies, "en text", "en");
	assert_xmpp_to_sip(&cfg, false, with_none, "plain", "");
	assert_xmpp_to_sip(&local, false, bodies, "en text", "en");
}

/* BODY-2: servers write the stream's language into each stanza, which makes it
 * no body's own. */
static void test_language_of_the_stanza(void **state)
{
	(void)state;
	struct xmpp x = from_stanza(&local, false, " xml:lang='en'",
				    "<body xml:lang='de'>de text</body>"
				    "<body>plain</body>");
	struct buf b = BUF_INIT(MAX);
	struct cpim c;

	assert_true(map_message_to_cpim(&b, x.m, ann, to_room, &local));
	assert_int_equal(cpim_parse(buf_str(&b), x.arena, &c), 0);
	assert_true(str_eq(c.body, STR("plain")));
	assert_true(str_eq(c.content_language, STR("en")));
	buf_done(&b);
	xmpp_done(&x);
}

/* BODY-2: more bodies than a message has places. Only those that find one are
 * looked at: each costs a walk over all children, and thousands fit into a
 * stanza. */
static void test_bodies_beyond_all_places(void **state)
{
	(void)state;
	struct buf in = BUF_INIT(MAX);
	struct xmpp x;

	for (int i = 0; i < MESSAGE_PARTS_MAX; i++)
		buf_addf(&in, "<body xml:lang='a%d'>t%d</body>", i, i);
	for (int i = 0; i < 500; i++)
		buf_addz(&in, "<body xml:lang='en'>1234567890</body>");
	buf_addc(&in, '\0');
	x = from_xmpp(&local, false, in.p);
	assert_int_equal(x.m->n_parts, MESSAGE_PARTS_MAX);
	assert_true(arena_used(x.m->arena) < 1000);
	buf_done(&in);
	xmpp_done(&x);
}

/* BODY-13, BODY-15 */
static void test_chat_states_to_sip(void **state)
{
	(void)state;
	static const struct {
		const char *name, *state; /* NULL: nothing */
	} rows[] = {
	    {"composing", "<state>active</state>"},
	    {"active", "<state>idle</state>"},
	    {"inactive", "<state>idle</state>"},
	    {"paused", "<state>idle</state>"},
	    {"gone", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = BUF_INIT(MAX), in = BUF_INIT(1000);
		struct xmpp x;

		buf_addf(&in,
			 "<%s xmlns='http://jabber.org/protocol/chatstates'/>",
			 rows[i].name);
		x = from_xmpp(&local, true, buf_z(&in));
		assert_true(x.m->transient && x.m->no_store);
		assert_int_equal(
		    map_message_to_cpim(&b, x.m, ann, to_room, &local),
		    rows[i].state != NULL);
		if (rows[i].state) {
			assert_true(
			    str_search(buf_str(&b), str_z(rows[i].state)) > 0);
			assert_true(str_eq(map_message_sip_type(x.m, &local),
					   STR(MAP_TYPE_COMPOSING)));
		}
		buf_done(&b);
		buf_done(&in);
		xmpp_done(&x);
	}
	/* beside a body a state says nothing of its own */
	assert_room("<body>hi</body>"
		    "<active xmlns='http://jabber.org/protocol/chatstates'/>",
		    "hi");
}

/* BODY-25 */
static void test_hints(void **state)
{
	(void)state;
	static const char *const hints[] = {"no-store", "no-copy",
					    "no-permanent-store"};

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		struct buf in = BUF_INIT(1000);
		struct xmpp x;

		buf_addf(&in, "<body>b</body><%s xmlns='urn:xmpp:hints'/>",
			 hints[i]);
		x = from_xmpp(&local, false, buf_z(&in));
		assert_true(x.m->no_store);
		assert_false(x.m->transient);
		buf_done(&in);
		xmpp_done(&x);
	}
}

/* BODY-9 */
static void test_no_header_injection(void **state)
{
	(void)state;
	struct xmpp x = from_xmpp(&local, false,
				  "<subject>s\r\nX: y</subject><body>b</body>");
	const struct cpim_addr evil = {STR("A\r\nTo: <sip:evil@c>\r\n\""),
				       STR("sip:r@c.example;gr=A")};
	struct buf b = BUF_INIT(MAX);
	struct cpim c;

	assert_true(map_message_to_cpim(&b, x.m, evil, to_room, &local));
	assert_int_equal(cpim_parse(buf_str(&b), x.arena, &c), 0);
	assert_int_equal(c.n_to, 1);
	assert_true(str_eq(c.to.uri, to_room.uri));
	assert_true(str_eq(c.from.name, evil.name));
	assert_true(str_eq(c.body, STR("b")));
	assert_int_equal(str_search(buf_str(&b), STR("\r\nX:")), -1);
	buf_done(&b);
	xmpp_done(&x);
}

/* X2S-37, X2S-38, PRIV-7 */
static void test_payload_of_stanza(void **state)
{
	(void)state;
	struct arena *a = arena_new(MAX);
	struct buf b = BUF_INIT(MAX);
	const struct xnode *n = xmlin_parse(
	    a, STR("<message xmlns='jabber:client'> "
		   "<body>a &amp; b</body>"
		   "<origin-id xmlns='urn:xmpp:sid:0' id='o'/>"
		   "<stanza-id xmlns='urn:xmpp:sid:0' id='s' by='R@c.example'/>"
		   "<stanza-id xmlns='urn:xmpp:sid:0' id='t' by='x@y'/>"
		   "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='z'/>"
		   "<x xmlns='http://jabber.org/protocol/muc#user'/>"
		   "<delay xmlns='urn:xmpp:delay' from='r@c.example'/>"
		   "<retract xmlns='urn:xmpp:message-retract:1'><moderated/>"
		   "</retract><thread>t</thread></message>"));

	assert_non_null(n);
	map_stanza_payload(&b, n, STR("r@c.example"));
	assert_string_equal(
	    buf_z(&b), "<body>a &amp; b</body>"
		       "<origin-id xmlns='urn:xmpp:sid:0' id='o'/>"
		       "<stanza-id xmlns='urn:xmpp:sid:0' id='t' by='x@y'/>"
		       "<thread>t</thread>");
	buf_done(&b);
	arena_free(a);
}

/* A message over the limit is refused, never cut. */
static void test_limits(void **state)
{
	(void)state;
	struct arena *a = arena_new(MAX);
	struct message *m = message_new(100);
	struct buf b = BUF_INIT(MAX);
	const struct xnode *n;

	buf_addz(&b, "<message xmlns='jabber:client'><body>");
	for (int i = 0; i < 200; i++)
		buf_addc(&b, 'x');
	buf_addz(&b, "</body></message>");
	n = xmlin_parse(a, buf_str(&b));
	assert_int_equal(map_stanza_to_message(n, &local, m), ERR_TOO_BIG);
	message_unref(m);
	buf_done(&b);
	arena_free(a);
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
	    cmocka_unit_test(test_text_to_sip),
	    cmocka_unit_test(test_subject_to_sip),
	    cmocka_unit_test(test_subject_as_text),
	    cmocka_unit_test(test_subject_with_body_to_sip),
	    cmocka_unit_test(test_reply_to_sip),
	    cmocka_unit_test(test_correction_to_sip),
	    cmocka_unit_test(test_retraction_to_sip),
	    cmocka_unit_test(test_nothing_to_sip),
	    cmocka_unit_test(test_oob_to_sip),
	    cmocka_unit_test(test_encrypted_to_sip),
	    cmocka_unit_test(test_language_to_sip),
	    cmocka_unit_test(test_language_of_the_stanza),
	    cmocka_unit_test(test_bodies_beyond_all_places),
	    cmocka_unit_test(test_chat_states_to_sip),
	    cmocka_unit_test(test_hints),
	    cmocka_unit_test(test_no_header_injection),
	    cmocka_unit_test(test_payload_of_stanza),
	    cmocka_unit_test(test_limits),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	xmlCleanupParser();
	return failed;
}
