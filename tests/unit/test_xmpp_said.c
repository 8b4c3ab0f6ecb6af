/* What a room says to its occupants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "tests/lib/xmlin.h"
#include "xmpp/muc_said.h"

static int up(void **state)
{
	*state = arena_new(1 << 20);
	return 0;
}

static int down(void **state)
{
	arena_free(*state);
	return 0;
}

#define TEST(f)		 cmocka_unit_test_setup_teardown(f, up, down)
#define assert_str(s, z) assert_true(str_eq((s), str_z(z)))
#define OCC		 " from='r@muc.test/N' to='u@ud.test/p' "
#define ROOM		 " from='r@muc.test' to='u@ud.test/p' "

static struct muc_said said(struct arena *a, const char *text)
{
	const struct xnode *n = xmlin_parse(a, str_z(text));
	struct muc_said in;

	assert_non_null(n);
	assert_int_equal(muc_said_read(n, a, &in), 0);
	return in;
}

static void is(struct arena *a, const char *text, enum said_kind kind)
{
	assert_int_equal(said(a, text).kind, kind);
}

static void test_presence(void **state)
{
	struct muc_said in =
	    said(*state,
		 "<presence" OCC "><show>away</show><status>tea</status>"
		 "<x xmlns='http://jabber.org/protocol/muc#user'>"
		 "<item affiliation='owner' role='moderator' jid='n@x.test/1'/>"
		 "<status code='110'/><status code='100'/><status code='201'/>"
		 "<status code='999'/></x>"
		 "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='o1'/>"
		 "</presence>");

	assert_int_equal(in.kind, SAID_PRESENCE);
	assert_int_equal(in.codes,
			 SAID_SELF | SAID_NON_ANONYMOUS | SAID_CREATED);
	assert_str(in.affiliation, "owner");
	assert_str(in.role, "moderator");
	assert_str(in.item_jid, "n@x.test/1");
	assert_str(in.show, "away");
	assert_str(in.status, "tea");
	assert_str(in.stable_id, "o1");
	is(*state, "<presence" OCC "type='subscribe'/>", SAID_SUBSCRIBE);
	is(*state, "<presence" OCC "type='probe'/>", SAID_NOTHING);
}

static void test_gone(void **state)
{
	struct muc_said in =
	    said(*state, "<presence" OCC "type='unavailable'>"
			 "<x xmlns='http://jabber.org/protocol/muc#user'>"
			 "<item affiliation='none' role='none' nick='M'>"
			 "<actor nick='Ann'/><reason>flood</reason></item>"
			 "<status code='307'/></x></presence>");

	assert_int_equal(in.kind, SAID_GONE);
	assert_int_equal(in.codes, SAID_KICKED);
	assert_str(in.actor, "Ann");
	assert_str(in.reason, "flood");
	assert_str(in.new_nick, "M");
	in = said(*state, "<presence" OCC "type='unavailable'>"
			  "<x xmlns='http://jabber.org/protocol/muc#user'>"
			  "<destroy jid='new@muc.test'><password>pw</password>"
			  "<reason>moved</reason></destroy></x></presence>");
	assert_true(in.destroyed);
	assert_str(in.venue, "new@muc.test");
	assert_str(in.password, "pw");
	assert_str(in.reason, "moved");
	in = said(*state,
		  "<presence" OCC "type='error' id='j'><error type='cancel'>"
		  "<conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
		  "</error></presence>");
	assert_int_equal(in.kind, SAID_REFUSED);
	assert_string_equal(in.error.condition, "conflict");
	assert_string_equal(in.error.type, "cancel");
	assert_str(in.id, "j");
}

static void test_groupchat(void **state)
{
	struct muc_said in = said(
	    *state, "<message" OCC "type='groupchat' id='i'><body>hi</body>"
		    "<origin-id xmlns='urn:xmpp:sid:0' id='o'/>"
		    "<stanza-id xmlns='urn:xmpp:sid:0' id='f' by='evil.test'/>"
		    "<stanza-id xmlns='urn:xmpp:sid:0' id='s' by='r@muc.test'/>"
		    "</message>");

	assert_int_equal(in.kind, SAID_TO_ALL);
	assert_str(in.origin_id, "o");
	assert_str(in.stanza_id, "s");
	assert_false(in.delayed);
	in = said(*state, "<message" OCC "type='groupchat'><body>hi</body>"
			  "<delay xmlns='urn:xmpp:delay' from='r@muc.test' "
			  "stamp='2026-11-21T09:00:00Z'/></message>");
	assert_true(in.delayed);
	assert_int_equal(in.time_ms, UINT64_C(1795251600000));
	in = said(*state, "<message" OCC "type='groupchat'><body>hi</body>"
			  "<delay xmlns='urn:xmpp:delay' from='n@x.test/1' "
			  "stamp='2026-11-21T09:00:00Z'/></message>");
	assert_false(in.delayed);
	assert_int_equal(in.time_ms, UINT64_C(1795251600000));
	in = said(*state, "<message" OCC "type='groupchat'>"
			  "<subject>tea</subject></message>");
	assert_int_equal(in.kind, SAID_SUBJECT);
	assert_str(in.subject, "tea");
	is(*state, "<message" ROOM "type='groupchat'><subject/></message>",
	   SAID_SUBJECT);
	is(*state,
	   "<message" OCC "type='groupchat'><subject>tea</subject>"
	   "<body>x</body></message>",
	   SAID_TO_ALL);
	in = said(*state, "<message" ROOM "type='groupchat'>"
			  "<x xmlns='http://jabber.org/protocol/muc#user'>"
			  "<status code='104'/><status code='172'/></x>"
			  "</message>");
	assert_int_equal(in.kind, SAID_STATUS);
	assert_int_equal(in.codes, SAID_CONFIGURED | SAID_NON_ANONYMOUS);
}

static void test_other_messages(void **state)
{
	is(*state, "<message" OCC "type='chat'><body>hi</body></message>",
	   SAID_PRIVATE);
	is(*state, "<message" OCC "><body>hi</body></message>", SAID_PRIVATE);
	is(*state, "<message" OCC "type='headline'><body>hi</body></message>",
	   SAID_PRIVATE);
	is(*state, "<message" ROOM "type='headline'><body>hi</body></message>",
	   SAID_NOTICE);
	is(*state, "<message" ROOM "type='chat'><body>hi</body></message>",
	   SAID_PRIVATE);
	is(*state, "<message" ROOM "/>", SAID_NOTHING);
	is(*state,
	   "<message" ROOM "type='error' id='i'><error type='auth'>"
	   "<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
	   "</error></message>",
	   SAID_BOUNCE);
}

static void test_invitations(void **state)
{
	struct muc_said in =
	    said(*state, "<message" ROOM ">"
			 "<x xmlns='http://jabber.org/protocol/muc#user'>"
			 "<invite from='n@x.test/1'><reason>tea</reason>"
			 "<continue thread='t'/></invite>"
			 "<password>pw</password></x></message>");

	assert_int_equal(in.kind, SAID_INVITE);
	assert_false(in.direct);
	assert_str(in.room, "r@muc.test");
	assert_str(in.by, "n@x.test/1");
	assert_str(in.reason, "tea");
	assert_str(in.password, "pw");
	assert_true(in.continues);
	assert_str(in.thread, "t");
	in = said(*state, "<message" ROOM ">"
			  "<x xmlns='http://jabber.org/protocol/muc#user'>"
			  "<decline from='n@x.test'><reason>no</reason>"
			  "</decline></x></message>");
	assert_int_equal(in.kind, SAID_DECLINE);
	assert_str(in.by, "n@x.test");
	in = said(*state, "<message from='n@x.test/1' to='u@ud.test'>"
			  "<x xmlns='jabber:x:conference' jid='r@muc.test' "
			  "reason='tea' password='pw'/></message>");
	assert_int_equal(in.kind, SAID_INVITE);
	assert_true(in.direct);
	assert_str(in.room, "r@muc.test");
	assert_str(in.by, "n@x.test");
	/* an occupant cannot speak for his room */
	is(*state,
	   "<message" OCC "><x xmlns='http://jabber.org/protocol/muc#user'>"
	   "<invite from='n@x.test'/></x></message>",
	   SAID_PRIVATE);
}

static void test_iq(void **state)
{
	const struct xnode *n =
	    xmlin_parse(*state, STR("<iq type='get' id='1' from='a@x.test'/>"));
	struct muc_said in;

	assert_int_equal(muc_said_read(n, *state, &in), ERR_SYNTAX);
	is(*state,
	   "<iq" OCC "type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>",
	   SAID_IQ);
	is(*state, "<iq" OCC "type='get' id='1'/>", SAID_BAD_IQ);
	is(*state, "<iq" OCC "type='set'><a xmlns='b'/></iq>", SAID_BAD_IQ);
	is(*state, "<iq" OCC "type='result' id='1'/>", SAID_RESULT);
	in = said(*state,
		  "<iq" OCC "type='error' id='1'><error type='cancel'>"
		  "<item-not-found "
		  "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
	assert_int_equal(in.kind, SAID_IQ_ERROR);
	assert_string_equal(in.error.condition, "item-not-found");
}

#define RESULT(rest)                                                           \
	"<message" ROOM "><result xmlns='urn:xmpp:mam:2' queryid='q' id='s'>"  \
	"<forwarded xmlns='urn:xmpp:forward:0'>"                               \
	"<delay xmlns='urn:xmpp:delay' stamp='1970-01-01T00:00:01Z'/>" rest    \
	"</forwarded></result></message>"
#define INNER(from, type)                                                      \
	"<message xmlns='jabber:client' from='" from "' type='" type           \
	"' id='i'><body>b</body></message>"

/* XEP-0313 §4.2: read as the message that it holds, of this room alone. */
static void test_archived(void **state)
{
	struct muc_said in =
	    said(*state, RESULT(INNER("r@muc.test/N", "groupchat")));

	assert_int_equal(in.kind, SAID_ARCHIVED);
	assert_str(in.query, "q");
	assert_str(in.stanza_id, "s");
	assert_str(in.id, "i");
	assert_str(in.from.resource, "N");
	assert_true(in.delayed);
	assert_int_equal(in.time_ms, 1000);
	is(*state, RESULT(INNER("o@muc.test/N", "groupchat")), SAID_NOTHING);
	is(*state, RESULT(INNER("r@muc.test", "groupchat")), SAID_NOTHING);
	is(*state, RESULT(INNER("r@muc.test/N", "chat")), SAID_NOTHING);
	is(*state, RESULT(""), SAID_NOTHING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_presence),
	    TEST(test_archived),
	    TEST(test_gone),
	    TEST(test_groupchat),
	    TEST(test_other_messages),
	    TEST(test_invitations),
	    TEST(test_iq),
	};

	return cmocka_run_group_tests_name("xmpp_said", tests, NULL, NULL);
}
