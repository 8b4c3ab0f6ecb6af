#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/rfc3339.h"
#include "tests/lib/xmlin.h"
#include "xmpp/muc.h"

#define NOW UINT64_C(1795251600000) /* 2026-11-21T09:00:00Z */

static int setup(void **state)
{
	*state = arena_new(1 << 20);
	return 0;
}

static int teardown(void **state)
{
	arena_free(*state);
	return 0;
}

static struct muc_in read_stanza(struct arena *a, const char *text)
{
	const struct xnode *n = xmlin_parse(a, str_z(text));
	struct muc_in in;

	assert_non_null(n);
	assert_int_equal(muc_classify(n, a, NOW, &in), 0);
	return in;
}

#define FROM_TO		 " from='u@x.test/a' to='r@rd.test' "
#define FROM_TO_NICK	 " from='u@x.test/a' to='r@rd.test/N' "
#define assert_str(s, z) assert_true(str_eq((s), str_z(z)))

static void assert_kind(struct arena *a, const char *text, enum muc_kind kind)
{
	assert_int_equal(read_stanza(a, text).kind, kind);
}

static void assert_refused(struct arena *a, const char *text,
			   enum muc_kind kind, const char *type,
			   const char *condition)
{
	struct muc_in in = read_stanza(a, text);

	assert_int_equal(in.kind, kind);
	assert_string_equal(in.error.type, type);
	assert_string_equal(in.error.condition, condition);
}

/* X2S-1 */
static void test_join(void **state)
{
	struct muc_in in = read_stanza(
	    *state,
	    "<presence" FROM_TO_NICK "id='i' xml:lang='fr'><x xmlns='" NS_MUC
	    "'><password>p&amp;w</password></x></presence>");

	assert_int_equal(in.kind, MUC_JOIN);
	assert_str(in.from.bare, "u@x.test");
	assert_str(in.to.node, "r");
	assert_str(in.to.resource, "N");
	assert_str(in.id, "i");
	assert_str(in.lang, "fr");
	assert_str(in.password, "p&w");
	assert_false(in.history_none || in.has_since || in.has_max_chars ||
		     in.has_max_stanzas);
	assert_kind(*state,
		    "<presence" FROM_TO_NICK "><x xmlns='" NS_MUC_USER
		    "'/></presence>",
		    MUC_PRESENCE);
}

#define HISTORY(attrs)                                                         \
	"<presence" FROM_TO_NICK "><x xmlns='" NS_MUC "'><history " attrs      \
	"/></x></presence>"

/* X2S-21: the wishes as read; unparsable ones are ignored. */
static void test_history(void **state)
{
	struct muc_in in;

	in = read_stanza(*state, HISTORY("maxchars='65000' maxstanzas='20'"));
	assert_true(in.has_max_chars && in.has_max_stanzas);
	assert_int_equal(in.max_chars, 65000);
	assert_int_equal(in.max_stanzas, 20);
	assert_false(in.history_none || in.has_since);
	assert_true(read_stanza(*state, HISTORY("maxchars='0'")).history_none);
	assert_true(
	    read_stanza(*state, HISTORY("maxstanzas='0'")).history_none);
	in = read_stanza(*state, HISTORY("seconds='180'"));
	assert_true(in.has_since);
	assert_true(in.since_ms == NOW - 180000);
	in = read_stanza(*state, HISTORY("since='2026-11-21T08:00:00Z'"));
	assert_true(in.since_ms == NOW - 3600000);
	in = read_stanza(*state, HISTORY("since='2026-11-21T08:00:00Z' "
					 "seconds='60'"));
	assert_true(in.since_ms == NOW - 60000);
	in = read_stanza(*state, HISTORY("seconds='99999999999999'"));
	assert_true(in.has_since && in.since_ms == 0);
	in = read_stanza(*state, HISTORY("maxchars='many' maxstanzas='-1' "
					 "seconds='' since='yesterday'"));
	assert_false(in.history_none || in.has_since || in.has_max_chars ||
		     in.has_max_stanzas);
}

static void test_presence(void **state)
{
	assert_kind(*state, "<presence" FROM_TO_NICK "type='unavailable'/>",
		    MUC_LEAVE);
	assert_kind(*state, "<presence" FROM_TO "type='subscribe'/>",
		    MUC_SUBSCRIBE);
	assert_kind(*state, "<presence" FROM_TO_NICK "type='probe'/>",
		    MUC_PROBE);
	assert_kind(*state, "<presence" FROM_TO_NICK "type='subscribed'/>",
		    MUC_IGNORE);
	assert_kind(*state, "<presence" FROM_TO_NICK "type='?'/>", MUC_IGNORE);
	assert_refused(
	    *state,
	    "<presence" FROM_TO_NICK
	    "type='error'><error type='cancel'><text xmlns='" NS_STANZAS
	    "'>t</text><gone xmlns='" NS_STANZAS "'/></error></presence>",
	    MUC_BOUNCE, "cancel", "gone");
	assert_refused(*state, "<presence" FROM_TO_NICK "type='error'/>",
		       MUC_BOUNCE, "", "");
}

/* X2S-46: a subject change has a subject and neither body nor thread. */
static void test_subject(void **state)
{
#define GROUPCHAT(inner)                                                       \
	"<message" FROM_TO "type='groupchat'>" inner "</message>"
	assert_kind(*state, GROUPCHAT("<subject>s</subject>"), MUC_SUBJECT);
	assert_kind(*state, GROUPCHAT("<subject/>"), MUC_SUBJECT);
	assert_kind(*state, GROUPCHAT("<subject>s</subject><body>b</body>"),
		    MUC_GROUPCHAT);
	assert_kind(*state, GROUPCHAT("<subject>s</subject><thread>b</thread>"),
		    MUC_GROUPCHAT);
	assert_kind(*state, GROUPCHAT("<subject xmlns='urn:x'>s</subject>"),
		    MUC_GROUPCHAT);
	assert_kind(*state, GROUPCHAT("<composing xmlns='urn:x'/>"),
		    MUC_GROUPCHAT);
}

/* X2S-42, X2S-43 */
static void test_bad_messages(void **state)
{
	assert_refused(*state,
		       "<message" FROM_TO_NICK
		       "type='groupchat'><body>b</body></message>",
		       MUC_BAD_MESSAGE, "modify", "bad-request");
	assert_refused(*state,
		       "<message" FROM_TO "type='chat'><body/></message>",
		       MUC_BAD_MESSAGE, "modify", "bad-request");
	assert_refused(*state, "<message" FROM_TO "><body/></message>",
		       MUC_BAD_MESSAGE, "modify", "bad-request");
	assert_kind(*state,
		    "<message" FROM_TO "type='headline'><body/></message>",
		    MUC_IGNORE);
	assert_kind(*state,
		    "<message" FROM_TO_NICK "type='headline'><body/></message>",
		    MUC_PRIVATE);
	assert_refused(*state,
		       "<message from='u@x.test' to='rd.test'><body/>"
		       "</message>",
		       MUC_BAD_MESSAGE, "cancel", "service-unavailable");
	assert_kind(*state, "<message" FROM_TO "type='error'/>", MUC_BOUNCE);
}

static void test_direct_messages(void **state)
{
	assert_kind(*state,
		    "<message" FROM_TO_NICK "type='chat'><body/></message>",
		    MUC_PRIVATE);
	assert_kind(*state, "<message" FROM_TO_NICK "><body/></message>",
		    MUC_PRIVATE);
	assert_kind(*state,
		    "<message" FROM_TO "><x xmlns='" NS_MUC_USER
		    "'><invite to='v@x.test'/></x></message>",
		    MUC_INVITE);
	assert_kind(*state,
		    "<message" FROM_TO "><x xmlns='" NS_MUC_USER
		    "'><decline to='v@x.test'/></x></message>",
		    MUC_DECLINE);
	assert_kind(*state,
		    "<message" FROM_TO "><x xmlns='" NS_XDATA
		    "' type='submit'><field var='FORM_TYPE'><value>" NS_MUC
		    "#request</value></field></x></message>",
		    MUC_VOICE_REQUEST);
}

/* IQ-9 */
static void test_iq(void **state)
{
	struct muc_in in = read_stanza(
	    *state,
	    "<iq" FROM_TO "type='set' id='1'>\n<q xmlns='urn:q'/>\n</iq>");

	assert_int_equal(in.kind, MUC_IQ);
	assert_true(in.set);
	assert_true(x_is(in.payload, "q", "urn:q"));
	assert_refused(*state, "<iq" FROM_TO "type='get' id='1'/>", MUC_BAD_IQ,
		       "modify", "bad-request");
	assert_refused(*state, "<iq" FROM_TO "type='get' id='1'><a/><b/></iq>",
		       MUC_BAD_IQ, "modify", "bad-request");
	assert_refused(*state, "<iq" FROM_TO "type='get'><a/></iq>", MUC_BAD_IQ,
		       "modify", "bad-request");
	assert_refused(*state, "<iq" FROM_TO "id='1'><a/></iq>", MUC_BAD_IQ,
		       "modify", "bad-request");
	assert_kind(*state, "<iq" FROM_TO "type='result' id='1'/>",
		    MUC_IQ_REPLY);
	assert_refused(*state,
		       "<iq" FROM_TO
		       "type='error' id='1'><a/><error type='cancel'>"
		       "<item-not-found xmlns='" NS_STANZAS "'/></error></iq>",
		       MUC_IQ_REPLY, "cancel", "item-not-found");
}

static void test_unusable(void **state)
{
	struct arena *a = *state;
	struct muc_in in;
	static const char *const texts[] = {
	    "<message to='r@rd.test'/>", "<message from='u@x.test'/>",
	    "<message from='u@x.test' to='@'/>",
	    "<message from='u@/' to='r@rd.test'/>"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(
		    muc_classify(xmlin_parse(a, str_z(texts[i])), a, NOW, &in),
		    ERR_SYNTAX);
	assert_kind(a, "<other" FROM_TO "/>", MUC_IGNORE);
	assert_kind(a, "<message xmlns='jabber:server'" FROM_TO "/>",
		    MUC_IGNORE);
}

/* XEP-0082 §3.2 */
static void test_time(void **state)
{
	char z[RFC3339_MAX];
	uint64_t ms = 7;

	(void)state;
	assert_string_equal(rfc3339_seconds(NOW, z), "2026-11-21T09:00:00Z");
	assert_string_equal(rfc3339_seconds(UINT64_MAX, z),
			    "9999-12-31T23:59:59Z");
	assert_int_equal(rfc3339_parse(STR("2026-11-21T09:00:00Z"), &ms), 0);
	assert_true(ms == NOW);
	assert_int_equal(
	    rfc3339_parse(STR("2026-11-21T11:30:00.1239+02:30"), &ms), 0);
	assert_true(ms == NOW + 123);
	assert_int_equal(rfc3339_parse(STR("2026-11-21T04:00:00-05:00"), &ms),
			 0);
	assert_true(ms == NOW);
	assert_int_equal(rfc3339_parse(STR("2026-11-21T09:00:00"), &ms),
			 ERR_SYNTAX);
	assert_int_equal(rfc3339_parse(STR("2026-13-21T09:00:00Z"), &ms),
			 ERR_SYNTAX);
	assert_int_equal(rfc3339_parse(STR("1970-01-01T00:00:00+01:00"), &ms),
			 ERR_SYNTAX);
	assert_int_equal(rfc3339_parse(STR("2026-11-21T09:00:00.Z"), &ms),
			 ERR_SYNTAX);
	assert_int_equal(rfc3339_parse(STR_NONE, &ms), ERR_SYNTAX);
	assert_true(ms == NOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_join),
	    cmocka_unit_test(test_history),
	    cmocka_unit_test(test_presence),
	    cmocka_unit_test(test_subject),
	    cmocka_unit_test(test_bad_messages),
	    cmocka_unit_test(test_direct_messages),
	    cmocka_unit_test(test_iq),
	    cmocka_unit_test(test_unusable),
	    cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
