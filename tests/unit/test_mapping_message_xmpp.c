/* What XMPP users say, as SIP users get it (gateway §15.5). */
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
