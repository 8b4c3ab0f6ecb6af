/* SIP and XMPP users in one room: each side sees the other as one of its own.
 */
#include "scene.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <string.h>

#define ROOM "sip:r@chat.test"
#define ANNA "anna@x.test/pc"
#define BEN  "ben@x.test/phone"

static int setup(void **state)
{
	*state = scene_new_local("");
	return 0;
}

static struct str item(const struct xnode *presence, const char *attr)
{
	const struct xnode *x = x_child(presence, "x", NS_MUC_USER);

	return x_attr(x_child(x, "item", NULL), attr);
}

/* X2S-44, X2S-36, X2S-37, X2S-38: both directions, the XMPP sender's reflection
 * under his id, no copy for the MSRP sender */
static void test_both_directions(void **state)
{
	struct scene *s = *state;
	const struct xnode *m;
	struct sip_user a;
	struct str cpim;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	xmpp_join(s, ANNA, "anna");
	assert_int_equal(msrp_say(&a, ROOM, "hello <all> & sundry"), 200);
	m = xmpp_take(s, ANNA);
	assert_true(x_is(m, "message", NS_CLIENT));
	assert_string_equal(xmpp_text(s, m, "body"), "hello <all> & sundry");
	assert_true(str_eq(x_attr(m, "type"), STR("groupchat")));
	assert_true(str_eq(x_attr(m, "from"), STR("r@chat.test/alice")));
	assert_non_null(x_child(m, "stanza-id", NS_SID));
	assert_int_equal(msrp_take(&a).n, 0);

	xmpp_put(s,
		 "<message from='" ANNA "' to='r@chat.test' type='groupchat' "
		 "id='x1'><body>hi alice</body></message>");
	m = xmpp_take(s, ANNA);
	assert_true(str_eq(x_attr(m, "id"), STR("x1")));
	assert_true(str_eq(x_attr(m, "from"), STR("r@chat.test/anna")));
	cpim = msrp_cpim(&a);
	assert_true(has(cpim, "From: anna <sip:r@chat.test;gr=anna>") ||
		    has(cpim, "From: \"anna\" <sip:r@chat.test;gr=anna>"));
	assert_true(has(cpim, "To: <" ROOM ">"));
	assert_true(has(cpim, "\r\n\r\nhi alice"));
	assert_true(xmpp_none(s, ANNA));
	sip_user_done(&a);
}

static void say_dated(struct sip_user *a, const char *date)
{
	msrp_send_cpim(a, NULL, "",
		       arena_printf(a->s->arena,
				    "From: <sip:alice@sip.test>\r\nTo: <" ROOM
				    ">\r\nDateTime: %s\r\n\r\n"
				    "Content-Type: text/plain\r\n\r\nhi",
				    date));
	assert_int_equal(msrp_status(a), 200);
}

static void say_delayed(struct scene *s, const char *stamp)
{
	xmpp_put(s,
		 "<message from='" ANNA "' to='r@chat.test' type='groupchat' "
		 "id='x'><body>hi</body><delay xmlns='" NS_DELAY
		 "' stamp='%s'/></message>",
		 stamp);
}

/* BODY-30: what was written earlier says so to the other side; nothing was
 * written in the future. It is 17:46:40. */
static void test_dates(void **state)
{
	static const char *const late[] = {"2026-10-14T17:45:00Z",
					   "2026-10-14T19:45:00+02:00"};
	static const char *const live[] = {"2026-10-14T17:45:45Z",
					   "2026-10-14T18:00:00Z", "yesterday"};
	struct scene *s = *state;
	const struct xnode *d;
	struct sip_user a;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	xmpp_join(s, ANNA, "anna");
	for (int i = 0; i < 2; i++) {
		say_dated(&a, late[i]);
		d = x_child(xmpp_take(s, ANNA), "delay", NS_DELAY);
		assert_true(str_eq(x_attr(d, "from"), STR("r@chat.test")));
		assert_true(
		    str_eq(x_attr(d, "stamp"), STR("2026-10-14T17:45:00Z")));
	}
	for (int i = 0; i < 3; i++) {
		say_dated(&a, live[i]);
		assert_null(x_child(xmpp_take(s, ANNA), "delay", NS_DELAY));
	}
	/* one who comes later is told once */
	xmpp_put(s, "<presence from='" BEN "' to='r@chat.test/ben'><x "
		    "xmlns='" NS_MUC "'><history maxstanzas='5'/></x>"
		    "</presence>");
	do
		d = xmpp_take(s, BEN);
	while (!x_is(d, "message", NULL));
	d = x_child(d, "delay", NS_DELAY);
	assert_non_null(d);
	assert_null(x_next(d, "delay", NS_DELAY));
	xmpp_drop(s);

	while (msrp_take(&a).n)
		;
	say_delayed(s, "2026-10-14T17:40:00Z");
	assert_true(
	    has(msrp_cpim(&a), "DateTime: 2026-10-14T17:40:00.000Z\r\n"));
	say_delayed(s, "2026-10-14T18:40:00Z");
	assert_true(
	    has(msrp_cpim(&a), "DateTime: 2026-10-14T17:46:40.000Z\r\n"));
	sip_user_done(&a);
}

/* PRIV-2, X2S-49, X2S-51: private messages by the roster's addresses */
static void test_private_both_ways(void **state)
{
	struct scene *s = *state;
	const struct xnode *m;
	struct sip_user a, b;
	struct str cpim;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:private-messages\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:private-messages\r\n");
	xmpp_join(s, ANNA, "anna");
	xmpp_join(s, BEN, "ben");
	xmpp_drop(s);
	assert_int_equal(msrp_say(&a, "sip:r@chat.test;gr=anna", "psst"), 200);
	m = xmpp_take(s, ANNA);
	assert_true(str_eq(x_attr(m, "type"), STR("chat")));
	assert_true(str_eq(x_attr(m, "from"), STR("r@chat.test/alice")));
	assert_non_null(x_child(m, "x", NS_MUC_USER));
	assert_string_equal(xmpp_text(s, m, "body"), "psst");
	assert_true(xmpp_none(s, BEN));
	assert_int_equal(msrp_take(&b).n, 0);

	xmpp_put(s, "<message from='" ANNA
		    "' to='r@chat.test/alice' type='chat' id='p1'>"
		    "<body>back</body></message>");
	cpim = msrp_cpim(&a);
	assert_true(has(cpim, "<sip:r@chat.test;gr=anna>"));
	assert_true(has(cpim, "To: <sip:alice@sip.test>"));
	assert_true(has(cpim, "back"));
	xmpp_put(s, "<message from='" ANNA
		    "' to='r@chat.test/alice' type='headline' id='p3'>"
		    "<body>news</body></message>");
	assert_true(has(msrp_cpim(&a), "news"));
	xmpp_put(s, "<message from='" ANNA
		    "' to='r@chat.test/alice' type='chat' id='p4'>"
		    "<subject>lunch?</subject></message>");
	cpim = msrp_cpim(&a);
	assert_true(has(cpim, "Subject: lunch?\r\n"));
	assert_true(has(cpim, "\r\n\r\nlunch?"));
	assert_int_equal(msrp_take(&b).n, 0);
	assert_true(xmpp_none(s, BEN));
	/* nobody of that name */
	xmpp_put(s, "<message from='" ANNA
		    "' to='r@chat.test/zoe' type='chat' id='p2'>"
		    "<body>back</body></message>");
	m = xmpp_take(s, ANNA);
	assert_true(str_eq(x_attr(m, "type"), STR("error")));
	assert_non_null(
	    x_child(x_child(m, "error", NULL), "item-not-found", NS_STANZAS));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* NICK-6, CHAT-45: one name space for both sides; X2S-24 and NICK-10 across
 * them */
static void test_nicknames_across(void **state)
{
	struct scene *s = *state;
	const struct xnode *p;
	struct sip_user a;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:nickname\r\n");
	xmpp_join(s, ANNA, "anna");
	assert_int_equal(msrp_nickname(&a, "\"ANNA\""), 425);
	assert_int_equal(msrp_nickname(&a, "\"Queen\""), 200);
	p = xmpp_take(s, ANNA);
	assert_true(str_eq(x_attr(p, "from"), STR("r@chat.test/alice")));
	assert_true(str_eq(x_attr(p, "type"), STR("unavailable")));
	assert_true(x_has_status(p, "303"));
	assert_true(str_eq(item(p, "nick"), STR("Queen")));
	p = xmpp_take(s, ANNA);
	assert_true(str_eq(x_attr(p, "from"), STR("r@chat.test/Queen")));
	assert_int_equal(x_attr(p, "type").n, 0);
	xmpp_put(s, "<presence from='" BEN
		    "' to='r@chat.test/queen' id='j9'><x xmlns='" NS_MUC
		    "'/></presence>");
	p = xmpp_take(s, BEN);
	assert_true(str_eq(x_attr(p, "type"), STR("error")));
	assert_non_null(
	    x_child(x_child(p, "error", NULL), "conflict", NS_STANZAS));
	assert_true(xmpp_none(s, ANNA));
	sip_user_done(&a);
}

/* X2S-22, X2S-23 and the same history for a SIP joiner */
static void test_history_for_both(void **state)
{
	struct scene *s = *state;
	const struct xnode *m;
	struct sip_user a, b;
	struct str cpim;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	xmpp_join(s, ANNA, "anna");
	assert_int_equal(msrp_say(&a, ROOM, "one"), 200);
	xmpp_put(s,
		 "<message from='" ANNA "' to='r@chat.test' type='groupchat' "
		 "id='x2'><body>two</body></message>");
	scene_run(s, 60000);
	xmpp_drop(s);
	xmpp_put(s,
		 "<presence from='" BEN
		 "' to='r@chat.test/ben'><x xmlns='" NS_MUC "'/></presence>");
	assert_true(x_is(xmpp_take(s, BEN), "presence", NULL));
	assert_true(x_is(xmpp_take(s, BEN), "presence", NULL));
	assert_true(x_has_status(xmpp_take(s, BEN), "110"));
	m = xmpp_take(s, BEN);
	assert_string_equal(xmpp_text(s, m, "body"), "one");
	assert_true(str_starts(x_attr(x_child(m, "delay", NS_DELAY), "stamp"),
			       STR("2026-10-14T")));
	m = xmpp_take(s, BEN);
	assert_string_equal(xmpp_text(s, m, "body"), "two");
	assert_true(str_eq(x_attr(m, "id"), STR("x2")));
	m = xmpp_take(s, BEN);
	assert_non_null(x_child(m, "subject", NULL));
	assert_null(x_child(m, "body", NULL));
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	cpim = msrp_cpim(&b);
	assert_true(has(cpim, "one") && has(cpim, "DateTime: 2026-10-14T"));
	cpim = msrp_cpim(&b);
	assert_true(has(cpim, "two") && has(cpim, "DateTime: 2026-10-14T"));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* X2S-32, X2S-29, X2S-33: however a user goes, the other side sees him gone */
static void test_leaving_is_seen(void **state)
{
	struct scene *s = *state;
	const struct xnode *p;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	xmpp_join(s, ANNA, "anna");
	xmpp_join(s, BEN, "ben");
	xmpp_drop(s);
	sip_user_bye(&a);
	p = xmpp_take(s, ANNA);
	assert_true(str_eq(x_attr(p, "from"), STR("r@chat.test/alice")));
	assert_true(str_eq(x_attr(p, "type"), STR("unavailable")));
	assert_true(str_eq(item(p, "role"), STR("none")));
	assert_false(x_has_status(p, "333"));
	/* a lost connection, ten seconds later */
	bufferevent_flush(b.msrp, EV_WRITE, BEV_FINISHED);
	sip_user_done(&b);
	scene_run(s, 10000);
	p = xmpp_take(s, ANNA);
	assert_true(str_eq(x_attr(p, "from"), STR("r@chat.test/bob")));
	assert_true(x_has_status(p, "333"));
	/* a bounced stanza */
	xmpp_drop(s);
	xmpp_put(s, "<message type='error' from='" BEN
		    "' to='r@chat.test' id='q'><error type='cancel'>"
		    "<recipient-unavailable xmlns='" NS_STANZAS
		    "'/></error></message>");
	p = xmpp_take(s, ANNA);
	assert_true(str_eq(x_attr(p, "from"), STR("r@chat.test/ben")));
	assert_true(str_eq(x_attr(p, "type"), STR("unavailable")));
	assert_true(x_has_status(p, "333"));
	sip_user_done(&a);
}

/* A subject set on either side is heard on both (X2S-47, X2S-48). */
static void test_subject(void **state)
{
	struct scene *s = *state;
	const struct xnode *m;
	struct sip_user a;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	xmpp_join(s, ANNA, "anna");
	xmpp_put(s,
		 "<message from='" ANNA "' to='r@chat.test' type='groupchat' "
		 "id='s1'><subject>Plans</subject></message>");
	m = xmpp_take(s, ANNA);
	assert_string_equal(xmpp_text(s, m, "subject"), "Plans");
	assert_true(str_eq(x_attr(m, "id"), STR("s1")));
	msrp_request(&a, "SEND",
		     "Message-ID: subj\r\nContent-Type: message/cpim\r\n\r\n"
		     "From: <sip:alice@sip.test>\r\nTo: <" ROOM
		     ">\r\nSubject: Other plans\r\n\r\n"
		     "Content-Type: text/plain\r\n\r\n\r\n");
	assert_int_equal(msrp_status(&a), 200);
	m = xmpp_take(s, ANNA);
	assert_string_equal(xmpp_text(s, m, "subject"), "Other plans");
	assert_null(x_child(m, "body", NULL));
	sip_user_done(&a);
}

/* The clean end of stoxd: 332 for XMPP occupants (COMP-13), BYE for SIP users.
 */
static void test_shutdown_of_both(void **state)
{
	struct scene *s = *state;
	const struct xnode *p;
	struct sip_user a;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	xmpp_join(s, ANNA, "anna");
	xmpp_drop(s);
	core_shutdown(&s->core);
	do
		p = xmpp_take(s, ANNA);
	while (!x_has_status(p, "332"));
	assert_true(str_eq(x_attr(p, "type"), STR("unavailable")));
	assert_true(x_has_status(p, "110"));
	scene_sip(s, PORT_SEND, "BYE");
	sip_user_done(&a);
}

/* ADM-12, X2S-11, X2S-16: what an XMPP user creates is closed until he has
 * accepted the default configuration */
static void test_locked_room(void **state)
{
	struct scene *s =
	    scene_new("domain \"chat.test\" { secret = \"x\" rooms "
		      "= local }\n");
	struct sip_user a = {.s = s, .name = "alice", .room = STR(ROOM)};
	const struct xnode *p;

	(void)state;
	xmpp_put(s,
		 "<presence from='" ANNA
		 "' to='r@chat.test/anna'><x xmlns='" NS_MUC "'/></presence>");
	p = xmpp_take(s, ANNA);
	assert_true(x_has_status(p, "110") && x_has_status(p, "201"));
	assert_true(str_eq(item(p, "affiliation"), STR("owner")));
	a.dlg = ++s->ids;
	strcpy(a.own_path, "msrp://10.0.0.5:9/a;tcp");
	assert_int_equal(sip_user_invite(&a, sip_user_offer(&a, "")), 403);
	xmpp_put(s,
		 "<presence from='" BEN
		 "' to='r@chat.test/ben'><x xmlns='" NS_MUC "'/></presence>");
	p = xmpp_take(s, BEN);
	assert_non_null(
	    x_child(x_child(p, "error", NULL), "item-not-found", NS_STANZAS));
	xmpp_drop(s);
	xmpp_put(s, "<iq type='set' id='o1' from='" ANNA
		    "' to='r@chat.test'><query xmlns='" NS_MUC_OWNER
		    "'><x xmlns='jabber:x:data' type='submit'/></query></iq>");
	p = xmpp_take(s, ANNA);
	assert_true(str_eq(x_attr(p, "type"), STR("result")));
	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	xmpp_join(s, BEN, "ben");
	sip_user_done(&a);
	scene_free(s);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scene_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_dates),
	    TEST(test_both_directions),
	    TEST(test_private_both_ways),
	    TEST(test_nicknames_across),
	    TEST(test_history_for_both),
	    TEST(test_leaving_is_seen),
	    TEST(test_subject),
	    TEST(test_shutdown_of_both),
	    cmocka_unit_test(test_locked_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
