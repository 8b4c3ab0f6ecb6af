/* What goes on in a SIP conference elsewhere while XMPP users are in it (RFC
 * 7702 §5.4 to §5.8). */
#include "focus.h"

#include <stdlib.h>

#define CONFIG                                                                 \
	"domain \"conf.test\" { secret = \"x\" rooms = sip "                   \
	"route = \"sip:10.0.0.9:5060;transport=tcp\" }\n"

static int setup(void **state)
{
	*state = scene_new(CONFIG);
	return 0;
}

static int teardown(void **state)
{
	scene_free(*state);
	return 0;
}

/* --- looking at what she is told --- */

static const struct xnode *from(struct scene *s, const char *name,
				const char *who)
{
	const struct xnode *n = xmpp_take(s, JULIET);
	struct str want =
	    arena_printf(s->arena, "r@conf.test%s%s", *who ? "/" : "", who);

	if (!x_is(n, name, NS_CLIENT) || !str_eq(x_attr(n, "from"), want))
		fail_msg("no %s of %s but %.*s from %.*s", name, who,
			 STR_ARG(n->name), STR_ARG(x_attr(n, "from")));
	return n;
}

static const struct xnode *item_of(const struct xnode *n)
{
	return x_child(x_child(n, "x", NS_MUC_USER), "item", NULL);
}

static void say(struct scene *s, const char *to, const char *type,
		const char *id, const char *body)
{
	xmpp_put(s,
		 "<message from='" JULIET "' to='r@conf.test%s' type='%s' "
		 "id='%s'>%s</message>",
		 to, type, id, body);
}

#define PLAIN(text) "\r\nContent-Type: text/plain\r\n\r\n" text

/* --- messages --- */

static const char *stable_id(struct scene *s, const struct xnode *n)
{
	const struct xnode *id = x_child(n, "occupant-id", NULL);

	assert_non_null(id);
	return arena_dup(s->arena, x_attr(id, "id")).p;
}

/* X2S-39: all have ids that stay the same when they come again. */
static void test_stable_ids(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;
	const char *id;

	focus_joined(&f, s);
	assert_int_equal(
	    focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM, PLAIN("hi")),
	    200);
	id = stable_id(s, from(s, "message", "Romeo"));
	focus_notifies(&f, "full", "<users>" FOCUS_JULIET "</users>");
	assert_string_equal(stable_id(s, from(s, "presence", "Romeo")), id);
	focus_notifies(&f, "full",
		       "<users>" FOCUS_ROMEO FOCUS_JULIET "</users>");
	n = from(s, "presence", "Romeo");
	assert_string_equal(stable_id(s, n), id);
	say(s, "", "groupchat", "m1", "<body>x</body>");
	focus_replies(&f, focus_hears(&f, "SEND"), "200 OK");
	assert_string_not_equal(stable_id(s, from(s, "message", "JuliC")), id);
	focus_done(&f);
}

/* RFC 7702 examples 12 to 15; X2S-36, X2S-37, BODY-22: her own comes back after
 * the 200, not before, and once */
static void test_say(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;
	struct str frame;

	focus_joined(&f, s);
	say(s, "", "groupchat", "m1", "<body>Who knows?</body>");
	frame = focus_hears(&f, "Content-Type: message/cpim\r\n");
	assert_true(has(frame, "From: <sip:juliet@x.test;gr=balcony>\r\n"));
	assert_true(has(frame, "To: <" FOCUS_ROOM ">\r\n"));
	assert_true(has(frame, "DateTime: 2026-"));
	assert_true(has(frame, "\r\n\r\nWho knows?\r\n-------"));
	assert_false(has(frame, "Failure-Report"));
	assert_true(xmpp_none(s, JULIET));
	focus_replies(&f, frame, "200 OK");
	n = from(s, "message", "JuliC");
	assert_true(str_eq(x_attr(n, "id"), STR("m1")));
	assert_true(str_eq(x_attr(n, "type"), STR("groupchat")));
	assert_string_equal(xmpp_text(s, n, "body"), "Who knows?");
	assert_non_null(x_child(n, "stanza-id", NULL));
	assert_true(xmpp_none(s, JULIET));
	/* nothing of it is for SIP users: X2S-45 */
	say(s, "", "groupchat", "m2",
	    "<composing xmlns='http://jabber.org/protocol/chatstates'/>");
	n = from(s, "message", "JuliC");
	assert_true(str_eq(x_attr(n, "id"), STR("m2")));
	assert_int_equal(msrp_take(&f.u).n, 0);
	focus_done(&f);
}

/* X2S-40, table C; ERR-10: silence */
static void test_not_said(void **state)
{
	static const struct {
		const char *status, *error;
	} tests[] = {
	    {"403 No", "auth/forbidden"},
	    {"404 No", "cancel/item-not-found"},
	    {"408 No", "wait/remote-server-timeout"},
	    {"413 No", "modify/policy-violation"},
	    {"415 No", "modify/not-acceptable"},
	    {"423 No", "modify/bad-request"},
	    {"501 No", "cancel/feature-not-implemented"},
	};
	struct scene *s = *state;
	struct focus f;

	focus_joined(&f, s);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		say(s, "", "groupchat", "m1", "<body>x</body>");
		focus_replies(&f, focus_hears(&f, "SEND"), tests[i].status);
		assert_string_equal(focus_error(s, "m1"), tests[i].error);
		assert_true(xmpp_none(s, JULIET));
	}
	say(s, "", "groupchat", "m2", "<body>x</body>");
	focus_hears(&f, "SEND");
	scene_run(s, 30100);
	assert_string_equal(focus_error(s, "m2"), "wait/remote-server-timeout");
	focus_done(&f);
}

/* ERR-9: 481 ends the leg, too */
static void test_session_gone(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	say(s, "", "groupchat", "m1", "<body>x</body>");
	focus_replies(&f, focus_hears(&f, "SEND"), "481 No such session");
	assert_string_equal(focus_error(s, "m1"), "wait/recipient-unavailable");
	n = from(s, "presence", "JuliC");
	assert_true(focus_is_gone(n) && x_has_status(n, "333"));
	scene_sip(s, PORT_SEND, "BYE");
	focus_done(&f);
}

/* BODY-28: more than the conference takes */
static void test_too_long(void **state)
{
	struct scene *s = *state;
	struct focus f;
	struct str text;
	char *a = malloc(3000);

	memset(a, 'a', 2999);
	a[2999] = '\0';
	text = arena_printf(s->arena, "<body>%s</body>", a);
	free(a);
	focus_asked(&f, s, JULIET, "JuliC");
	focus_accepts(&f, FOCUS_SDP "a=max-size:1000\r\n");
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
	focus_subscribed(&f);
	focus_notifies(&f, "full", "<users>" FOCUS_JULIET "</users>");
	xmpp_drop(s);
	say(s, "", "groupchat", "m1", text.p);
	assert_string_equal(focus_error(s, "m1"), "modify/policy-violation");
	focus_done(&f);
}

/* What the switch sends: X2S-44; by whom is told by the roster. BODY-12: other
 * types are refused with 415. */
static void test_heard(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	assert_int_equal(focus_says(&f, "\"Anybody\" <sip:romeo@sip.test>",
				    FOCUS_ROOM, PLAIN("hi\r\nall")),
			 200);
	n = from(s, "message", "Romeo");
	assert_string_equal(xmpp_text(s, n, "body"), "hi\nall");
	assert_true(str_eq(x_attr(n, "type"), STR("groupchat")));
	assert_int_equal(focus_says(&f, "<" FOCUS_ROOM ";gr=Ben>", FOCUS_ROOM,
				    PLAIN("not listed")),
			 200);
	from(s, "message", "Ben");
	assert_int_equal(focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM,
				    "\r\nContent-Type: image/png\r\n\r\nxyz"),
			 415);
	assert_int_equal(focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM,
				    PLAIN("\xc3\x28")),
			 400);
	msrp_request(&f.u, "SEND",
		     "Message-ID: p\r\nByte-Range: 1-1/1\r\nContent-Type: "
		     "text/plain\r\n\r\nx\r\n");
	assert_int_equal(msrp_status(&f.u), 415);
	assert_true(xmpp_none(s, JULIET));
	/* BODY-30 */
	assert_int_equal(
	    focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM,
		       "DateTime: 2026-01-02T03:04:05Z\r\n" PLAIN("old")),
	    200);
	n = from(s, "message", "Romeo");
	assert_true(str_eq(x_attr(x_child(n, "delay", NS_DELAY), "stamp"),
			   STR("2026-01-02T03:04:05Z")));
	focus_done(&f);
}

/* BODY-27: what no stanza can hold is refused by the first chunk that tells; a
 * bit less is tried. */
static void test_no_stanza(void **state)
{
	struct scene *s = *state;
	struct focus f;
	char *a = malloc(70001);
	struct str text;

	focus_joined(&f, s);
	assert_true(has(f.invite.f[PORT_F_BODY], "a=max-size:61440\r\n"));
	memset(a, 'a', 70000);
	a[70000] = '\0';
	msrp_request(&f.u, "SEND",
		     arena_printf(s->arena,
				  "Message-ID: long\r\nByte-Range: "
				  "1-70000/99999\r\nContent-Type: "
				  "message/cpim\r\n\r\n%s\r\n",
				  a)
			 .p);
	assert_int_equal(msrp_status(&f.u), 413);
	memset(a, '&', 20000); /* five octets each in XML */
	a[20000] = '\0';
	text = arena_printf(s->arena, PLAIN("%s"), a);
	free(a);
	assert_int_equal(
	    focus_says(&f, "<sip:romeo@sip.test>", FOCUS_ROOM, text.p), 413);
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* RFC 7702 examples 16 to 18; X2S-49, X2S-50 */
static void test_private(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;
	struct str frame;

	focus_joined(&f, s);
	say(s, "/Romeo", "chat", "p1", "<body>Romeo!</body>");
	frame = focus_hears(&f, "To: <sip:romeo@sip.test>\r\n");
	assert_true(has(frame, "From: <sip:juliet@x.test;gr=balcony>\r\n"));
	focus_replies(&f, frame, "200 OK");
	assert_true(xmpp_none(s, JULIET));
	say(s, "/Nobody", "chat", "p2", "<body>?</body>");
	assert_string_equal(focus_error(s, "p2"), "cancel/item-not-found");
	say(s, "/Romeo", "chat", "p3", "<body>?</body>");
	focus_replies(&f, focus_hears(&f, "SEND"), "428 No");
	assert_string_equal(focus_error(s, "p3"), "cancel/service-unavailable");
	assert_int_equal(focus_says(&f, "<sip:romeo@sip.test>",
				    "sip:juliet@x.test;gr=balcony",
				    PLAIN("Juliet!")),
			 200);
	n = from(s, "message", "Romeo");
	assert_true(str_eq(x_attr(n, "type"), STR("chat")));
	assert_non_null(x_child(n, "x", NS_MUC_USER));
	focus_done(&f);
}

static void test_no_private(void **state)
{
	struct scene *s = *state;
	struct focus f;

	focus_asked(&f, s, JULIET, "JuliC");
	focus_accepts(&f, "a=setup:active\r\na=chatroom:nickname\r\n"
			  "a=accept-wrapped-types:*\r\n");
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
	focus_subscribed(&f);
	focus_notifies(&f, "full",
		       "<users>" FOCUS_ROMEO FOCUS_JULIET "</users>");
	xmpp_drop(s);
	say(s, "/Romeo", "chat", "p1", "<body>Romeo!</body>");
	assert_string_equal(focus_error(s, "p1"), "auth/forbidden");
	focus_done(&f);
}

/* X2S-47; ADM-19 */
static void test_not_hers(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	say(s, "", "groupchat", "s1", "<subject>New</subject>");
	n = xmpp_take(s, JULIET);
	assert_true(str_eq(x_attr(n, "type"), STR("error")));
	assert_string_equal(xmpp_text(s, n, "subject"), "New");
	assert_non_null(
	    x_child(x_child(n, "error", NS_CLIENT), "forbidden", NULL));
	xmpp_put(s, "<iq from='" JULIET "' to='r@conf.test' type='set' "
		    "id='k1'><query xmlns='" NS_MUC_ADMIN
		    "'><item nick='Romeo' role='none'/></query></iq>");
	assert_string_equal(focus_error(s, "k1"), "cancel/not-allowed");
	focus_done(&f);
}

/* Who is inside may ask what the room is; we know little of it. */
static void test_asked(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	xmpp_put(s, "<iq from='" JULIET "' to='r@conf.test' type='get' "
		    "id='d1'><query xmlns='" NS_DISCO_INFO "'/></iq>");
	n = xmpp_take(s, JULIET);
	assert_true(str_eq(x_attr(n, "type"), STR("result")));
	n = x_child(x_child(n, "query", NS_DISCO_INFO), "identity", NULL);
	assert_true(str_eq(x_attr(n, "category"), STR("conference")));
	focus_done(&f);
}

/* --- nickname and presence --- */

/* NICK-10, NICK-11; RFC 7702 §5.6 */
static void test_nick(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	xmpp_put(s, "<presence from='" JULIET
		    "' to='r@conf.test/CapuletGirl' id='n1'/>");
	focus_replies(&f, focus_hears(&f, "Use-Nickname: \"CapuletGirl\""),
		      "200 OK");
	n = from(s, "presence", "JuliC");
	assert_true(focus_is_gone(n) && x_has_status(n, "303"));
	assert_true(x_has_status(n, "110"));
	assert_true(str_eq(x_attr(item_of(n), "nick"), STR("CapuletGirl")));
	n = from(s, "presence", "CapuletGirl");
	assert_true(x_has_status(n, "110"));
	/* a NOTIFY that has the old name, then one with the new */
	focus_notifies(&f, "partial",
		       "<users state='partial'><user "
		       "entity='sip:juliet@x.test;gr=balcony' state='partial' "
		       "xcon:nickname='JuliC'/></users>");
	assert_true(xmpp_none(s, JULIET));
	focus_notifies(&f, "partial",
		       "<users state='partial'><user "
		       "entity='sip:juliet@x.test;gr=balcony' state='partial' "
		       "xcon:nickname='CapuletGirl'/></users>");
	assert_true(xmpp_none(s, JULIET));
	xmpp_put(s, "<presence from='" JULIET
		    "' to='r@conf.test/Romeo' id='n2'/>");
	focus_replies(&f, focus_hears(&f, "Use-Nickname: \"Romeo\""),
		      "425 Taken");
	n = xmpp_take(s, JULIET);
	assert_true(str_eq(x_attr(n, "from"), STR("r@conf.test/CapuletGirl")));
	assert_true(str_eq(x_attr(n, "id"), STR("n2")));
	assert_non_null(
	    x_child(x_child(n, "error", NS_CLIENT), "conflict", NULL));
	focus_done(&f);
}

/* A conference whose users are called by their nicknames tells the list before
 * it answers. */
static void test_nick_in_list_first(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	xmpp_put(s, "<presence from='" JULIET
		    "' to='r@conf.test/CapuletGirl' id='n1'/>");
	scene_run(s, 10);
	focus_notifies(&f, "partial",
		       "<users state='partial'><user "
		       "entity='sip:juliet@x.test;gr=balcony' state='deleted'/>"
		       "<user entity='sip:r@conf.test;gr=CapuletGirl' "
		       "state='full' xcon:nickname='CapuletGirl'/></users>");
	focus_replies(&f, focus_hears(&f, "Use-Nickname: \"CapuletGirl\""),
		      "200 OK");
	from(s, "presence", "CapuletGirl");
	assert_true(focus_is_gone(from(s, "presence", "CapuletGirl")));
	n = from(s, "presence", "JuliC");
	assert_true(focus_is_gone(n) && x_has_status(n, "303"));
	n = from(s, "presence", "CapuletGirl");
	assert_true(x_has_status(n, "110"));
	assert_true(xmpp_none(s, JULIET));
	/* and once more, the other way round */
	xmpp_put(s,
		 "<presence from='" JULIET "' to='r@conf.test/Ju' id='n2'/>");
	focus_replies(&f, focus_hears(&f, "Use-Nickname: \"Ju\""), "200 OK");
	assert_true(focus_is_gone(from(s, "presence", "CapuletGirl")));
	from(s, "presence", "Ju");
	focus_notifies(&f, "partial",
		       "<users state='partial'><user "
		       "entity='sip:r@conf.test;gr=CapuletGirl' "
		       "state='deleted'/><user entity='sip:r@conf.test;gr=Ju' "
		       "state='full' xcon:nickname='Ju'/></users>");
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* A name that the switch gives her, and somebody is shown by */
static void test_nick_of_another(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	xmpp_put(s, "<presence from='" JULIET
		    "' to='r@conf.test/Romeo' id='n1'/>");
	focus_replies(&f, focus_hears(&f, "Use-Nickname: \"Romeo\""), "200 OK");
	assert_true(focus_is_gone(from(s, "presence", "Romeo")));
	from(s, "presence", "Romeo 2");
	n = from(s, "presence", "JuliC");
	assert_true(focus_is_gone(n) && x_has_status(n, "303"));
	n = from(s, "presence", "Romeo");
	assert_true(x_has_status(n, "110"));
	focus_done(&f);
}

/* X2S-25, X2S-26: two clients under one nickname have one place there */
static void test_two_devices(void **state)
{
	static const char phone[] = "juliet@x.test/phone";
	struct scene *s = *state;
	struct focus f;

	focus_joined(&f, s);
	xmpp_put(s,
		 "<presence from='%s' to='r@conf.test/JuliC' id='j2'>"
		 "<x xmlns='" NS_MUC "'/></presence>",
		 phone);
	assert_true(scene_sip_none(s, PORT_DIAL, NULL));
	while (!x_child(xmpp_take(s, phone), "subject", NS_CLIENT))
		;
	xmpp_drop(s);
	say(s, "", "groupchat", "m1", "<body>both</body>");
	focus_replies(&f, focus_hears(&f, "SEND"), "200 OK");
	from(s, "message", "JuliC");
	assert_string_equal(xmpp_text(s, xmpp_take(s, phone), "body"), "both");
	xmpp_put(s,
		 "<presence from='%s' to='r@conf.test/JuliC' "
		 "type='unavailable'/>",
		 phone);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	xmpp_drop(s);
	xmpp_put(s, "<presence from='" JULIET "' to='r@conf.test/JuliC' "
		    "type='unavailable'><status>O, look!</status></presence>");
	assert_true(has(scene_sip(s, PORT_SEND, "BYE").f[PORT_F_HEADERS],
			"text=\"O, look!\""));
	focus_done(&f);
}

/* --- the roster --- */

/* X2S-18: partial documents, each by its version; a gap asks for all again */
static void test_roster(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct port_msg m;
	struct focus f;

	focus_joined(&f, s);
	focus_notifies(&f, "partial",
		       "<users state='partial'>" FOCUS_USER("sip:ben@sip.test",
							    "Ben") "</users>");
	n = from(s, "presence", "Ben");
	assert_false(focus_is_gone(n));
	focus_notifies(&f, "partial",
		       "<users state='partial'><user entity='sip:ben@sip.test' "
		       "state='partial'><roles><entry>moderator</entry>"
		       "</roles></user></users>");
	n = from(s, "presence", "Ben");
	assert_true(str_eq(x_attr(item_of(n), "role"), STR("moderator")));
	/* NICK-13, another name */
	focus_notifies(&f, "partial",
		       "<users state='partial'><user entity='sip:ben@sip.test' "
		       "state='partial' xcon:nickname='Benvolio'/></users>");
	n = from(s, "presence", "Ben");
	assert_true(focus_is_gone(n) && x_has_status(n, "303"));
	from(s, "presence", "Benvolio");
	/* old ones count for nothing */
	f.version -= 2;
	focus_notifies(&f, "partial",
		       "<users state='partial'>" FOCUS_USER("sip:x@sip.test",
							    "X") "</users>");
	f.version++;
	assert_true(xmpp_none(s, JULIET));
	/* X2S-32: how he went */
	focus_notifies(
	    &f, "partial",
	    "<users state='partial'><user entity='sip:ben@sip.test' "
	    "state='deleted'><endpoint entity='sip:ben@sip.test' "
	    "state='deleted'><status>disconnected</status>"
	    "<disconnection-method>booted</disconnection-method>"
	    "<disconnection-info><reason>rude</reason></disconnection-info>"
	    "</endpoint></user></users>");
	n = from(s, "presence", "Benvolio");
	assert_true(focus_is_gone(n) && x_has_status(n, "307"));
	/* a gap */
	f.version += 3;
	focus_notifies(&f, "partial",
		       "<users state='partial'>" FOCUS_USER("sip:y@sip.test",
							    "Y") "</users>");
	assert_true(xmpp_none(s, JULIET));
	m = scene_sip(s, PORT_SEND, "SUBSCRIBE");
	assert_true(m.dlg == f.watch);
	focus_answers(&f, &m, 200, STR_NONE, STR_NONE, "");
	focus_notifies(&f, "full",
		       "<users>" FOCUS_JULIET FOCUS_USER("sip:y@sip.test",
							 "Y") "</users>");
	n = from(s, "presence", "Romeo");
	assert_true(focus_is_gone(n));
	from(s, "presence", "Y");
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* Two of one name, one who is still being called, one who has gone, and a
 * document that is none. */
static void test_odd_roster(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	focus_notifies(&f, "full",
		       "<users>" FOCUS_ROMEO FOCUS_JULIET FOCUS_USER(
			   "sip:romeo@other.test",
			   "Romeo") "<user "
				    "entity='sip:z@sip.test'><display-text>Z</"
				    "display-text>"
				    "<endpoint "
				    "entity='sip:z'><status>dialing-out</"
				    "status></endpoint>"
				    "</user></users>");
	n = from(s, "presence", "Romeo 2");
	assert_false(focus_is_gone(n));
	assert_true(xmpp_none(s, JULIET));
	focus_notifies(&f, "partial",
		       "<users state='partial'><user entity='sip:z@sip.test' "
		       "state='partial'><endpoint entity='sip:z' "
		       "state='partial'><status>connected</status></endpoint>"
		       "</user></users>");
	from(s, "presence", "Z");
	focus_notifies(&f, "partial",
		       "<users state='partial'><user entity='sip:z@sip.test' "
		       "state='partial'><endpoint entity='sip:z' "
		       "state='partial'><status>disconnected</status>"
		       "</endpoint></user></users>");
	assert_true(focus_is_gone(from(s, "presence", "Z")));
	m.f[PORT_F_EVENT] = STR("conference");
	m.f[PORT_F_SUB_STATE] = STR("active");
	m.f[PORT_F_TYPE] = STR("application/conference-info+xml");
	m.f[PORT_F_BODY] = STR("<conference-info");
	assert_int_equal(focus_requests(&f, f.watch, &m, "NOTIFY"), 200);
	scene_sip(s, PORT_SEND, "SUBSCRIBE");
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* X2S-48 */
static void test_subject(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	focus_notifies(&f, "partial",
		       "<conference-description><subject>Swords</subject>"
		       "</conference-description>");
	n = from(s, "message", "");
	assert_string_equal(xmpp_text(s, n, "subject"), "Swords");
	assert_null(x_child(n, "body", NS_CLIENT));
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* RFC 6665 §4.1.2, §4.1.3: it is refreshed, made anew where it was lost, and
 * let go of where there is none. */
static void test_subscription(void **state)
{
	struct scene *s = *state;
	struct port_msg m, n = port_msg(PORT_REQUEST);
	struct focus f;

	focus_joined(&f, s);
	scene_run(s, 3541000);
	xmpp_drop(s); /* whether she is still there */
	m = scene_sip(s, PORT_SEND, "SUBSCRIBE");
	assert_true(m.dlg == f.watch && m.expires == 3600);
	focus_refuses(&f, &m, 481);
	focus_subscribed(&f);
	f.version = 0;
	focus_notifies(&f, "full",
		       "<users>" FOCUS_ROMEO FOCUS_JULIET "</users>");
	assert_true(xmpp_none(s, JULIET));
	n.f[PORT_F_EVENT] = STR("conference");
	n.f[PORT_F_SUB_STATE] = STR("terminated;reason=deactivated");
	assert_int_equal(focus_requests(&f, f.watch, &n, "NOTIFY"), 200);
	scene_run(s, 2100);
	focus_subscribed(&f);
	n.f[PORT_F_SUB_STATE] = STR("terminated;reason=rejected");
	assert_int_equal(focus_requests(&f, f.watch, &n, "NOTIFY"), 200);
	assert_true(xmpp_none(s, JULIET));
	scene_run(s, 100000);
	assert_true(scene_sip_none(s, PORT_DIAL, "SUBSCRIBE"));
	n.f[PORT_F_EVENT] = STR("presence");
	assert_int_equal(focus_requests(&f, f.invite.dlg, &n, "NOTIFY"), 489);
	focus_done(&f);
}

/* --- the end --- */

/* X2S-31 */
static void test_ended(void **state)
{
	static const struct {
		const char *reason, *status, *text;
	} tests[] = {
	    {"", "307", ""},
	    {"SIP;cause=403;text=\"rude\"", "307", "rude"},
	    {"SIP;cause=503;text=\"maintenance\"", "332", ""},
	    {"SIP;cause=481", "333", ""},
	    {"SIP;cause=408", "333", ""},
	};
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		struct port_msg m = port_msg(PORT_REQUEST);

		focus_joined(&f, s);
		m.dlg = f.invite.dlg;
		m.f[PORT_F_METHOD] = STR("BYE");
		m.f[PORT_F_SIP_REASON] = str_z(tests[i].reason);
		scene_sip_event(s, &m);
		n = from(s, "presence", "JuliC");
		assert_true(focus_is_gone(n) && x_has_status(n, "110"));
		assert_true(x_has_status(n, tests[i].status));
		if (*tests[i].text)
			assert_string_equal(xmpp_text(s, item_of(n), "reason"),
					    tests[i].text);
		assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
		focus_done(&f);
		scene_run(s, 100);
		xmpp_drop(s);
	}
}

/* X2S-31: 333 and no 307 */
static void test_lost(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct focus f;

	focus_joined(&f, s);
	say(s, "", "groupchat", "m1", "<body>x</body>");
	focus_drops(&f);
	assert_string_equal(focus_error(s, "m1"), "wait/recipient-unavailable");
	n = from(s, "presence", "JuliC");
	assert_true(focus_is_gone(n) && x_has_status(n, "333"));
	assert_false(x_has_status(n, "307"));
	assert_true(has(scene_sip(s, PORT_SEND, "BYE").f[PORT_F_HEADERS],
			"Reason: SIP;cause=480"));
	focus_done(&f);
}

/* RFC 7702 examples 25, 26; X2S-29: BYE, and the subscription ends */
static void test_leaves(void **state)
{
	struct scene *s = *state;
	struct port_msg m;
	struct focus f;

	focus_joined(&f, s);
	xmpp_put(s, "<presence from='" JULIET
		    "' to='r@conf.test/JuliC' type='unavailable'/>");
	assert_true(focus_is_gone(from(s, "presence", "JuliC")));
	m = scene_sip(s, PORT_SEND, "SUBSCRIBE");
	assert_true(m.dlg == f.watch && m.expires == 0);
	scene_sip_response(s, &m, 200);
	assert_true(scene_sip(s, PORT_FORGET, NULL).dlg == f.watch);
	m = scene_sip(s, PORT_SEND, "BYE");
	assert_true(m.dlg == f.invite.dlg);
	scene_sip_response(s, &m, 200);
	assert_true(scene_sip(s, PORT_FORGET, NULL).dlg == f.invite.dlg);
	say(s, "", "groupchat", "m1", "<body>x</body>");
	assert_string_equal(focus_error(s, "m1"), "cancel/not-acceptable");
	focus_done(&f);
}

/* --- requests of the focus --- */

/* RFC 4028: as the 200 says; it is refreshed, and its end ends the call. */
static void test_session_timer(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_RESPONSE), r;
	const struct xnode *n;
	struct focus f;

	focus_asked(&f, s, JULIET, "JuliC");
	assert_true(has(f.invite.f[PORT_F_HEADERS], "Session-Expires: 1800"));
	m.dlg = f.invite.dlg;
	m.req = f.invite.req;
	m.status = 422;
	m.f[PORT_F_MIN_SE] = STR("2000");
	scene_sip_event(s, &m);
	f.invite = scene_sip(s, PORT_DIAL, NULL);
	assert_true(has(f.invite.f[PORT_F_HEADERS], "Session-Expires: 2000"));
	m.req = f.invite.req;
	m.status = 200;
	m.f[PORT_F_SESSION_EXPIRES] = STR("2000;refresher=uac");
	m.f[PORT_F_CONTACT] = STR(FOCUS_DEVICE);
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_HEADERS] = STR("Allow: INVITE, UPDATE\r\n");
	m.f[PORT_F_BODY] = focus_sdp(&f, FOCUS_SDP);
	scene_sip_event(s, &m);
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
	focus_subscribed(&f);
	focus_notifies(&f, "full", "<users>" FOCUS_JULIET "</users>");
	xmpp_drop(s);
	scene_run(s, 1000100);
	xmpp_drop(s); /* whether she is still there */
	r = scene_sip(s, PORT_SEND, "UPDATE");
	assert_true(
	    has(r.f[PORT_F_HEADERS], "Session-Expires: 2000;refresher=uac"));
	scene_sip_response(s, &r, 405);
	r = scene_sip(s, PORT_SEND, "INVITE");
	assert_true(has(r.f[PORT_F_BODY], "a=chatroom:"));
	scene_sip_response(s, &r, 408);
	n = from(s, "presence", "JuliC");
	assert_true(focus_is_gone(n) && x_has_status(n, "333"));
	focus_done(&f);
}

/* A focus that has started again re-INVITEs with another path, and she stays.
 */
static void test_reinvite(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	struct port_msg a, ack = port_msg(PORT_ACK);
	struct focus f;
	struct str body;

	focus_joined(&f, s);
	/* the same session: nothing changes */
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = focus_sdp(&f, FOCUS_SDP);
	m.f[PORT_F_SESSION_EXPIRES] = STR("1800;refresher=uac");
	m.f[PORT_F_SUPPORTED] = STR("timer");
	assert_int_equal(focus_requests(&f, f.invite.dlg, &m, "INVITE"), 200);
	say(s, "", "groupchat", "m1", "<body>x</body>");
	focus_replies(&f, focus_hears(&f, "SEND"), "200 OK");
	from(s, "message", "JuliC");
	/* another one */
	snprintf(f.u.own_path, sizeof(f.u.own_path),
		 "msrp://10.0.0.5:9/again;tcp");
	m.type = PORT_REQUEST;
	m.req = ++s->ids;
	m.cseq++;
	m.f[PORT_F_BODY] = focus_sdp(&f, FOCUS_SDP);
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.status, 200);
	body = a.f[PORT_F_BODY];
	body = str_from(body, (size_t)str_search(body, STR("a=path:")) + 7);
	f.u.path = str_split(&body, '\r');
	ack.dlg = f.invite.dlg;
	scene_sip_event(s, &ack);
	focus_binds(&f);
	focus_replies(&f, focus_hears(&f, "NICKNAME"), "200 OK");
	say(s, "", "groupchat", "m2", "<body>y</body>");
	focus_replies(&f, focus_hears(&f, "SEND"), "200 OK");
	from(s, "message", "JuliC");
	m.f[PORT_F_BODY] = STR("v=0\r\nm=audio 1 RTP/AVP 0\r\n");
	assert_int_equal(focus_requests(&f, f.invite.dlg, &m, "INVITE"), 488);
	m.f[PORT_F_BODY] = m.f[PORT_F_TYPE] = STR_NONE;
	assert_int_equal(focus_requests(&f, f.invite.dlg, &m, "UPDATE"), 200);
	assert_int_equal(focus_requests(&f, f.invite.dlg, &m, "OPTIONS"), 200);
	assert_int_equal(focus_requests(&f, f.invite.dlg, &m, "REFER"), 603);
	assert_int_equal(focus_requests(&f, f.invite.dlg, &m, "INFO"), 405);
	assert_true(xmpp_none(s, JULIET));
	focus_done(&f);
}

/* Everybody is told, and every conference left. */
static void test_shutdown(void **state)
{
	struct scene *s = *state;
	struct focus f;
	struct port_msg m;

	focus_joined(&f, s);
	core_shutdown(&s->core);
	assert_true(x_has_status(from(s, "presence", "JuliC"), "332"));
	assert_true(core_sip_busy(&s->core));
	m = scene_sip(s, PORT_SEND, "SUBSCRIBE");
	scene_sip_response(s, &m, 200);
	m = scene_sip(s, PORT_SEND, "BYE");
	scene_sip_response(s, &m, 200);
	assert_false(core_sip_busy(&s->core));
	focus_done(&f);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_stable_ids),
	    TEST(test_say),
	    TEST(test_not_said),
	    TEST(test_session_gone),
	    TEST(test_too_long),
	    TEST(test_heard),
	    TEST(test_no_stanza),
	    TEST(test_private),
	    TEST(test_no_private),
	    TEST(test_not_hers),
	    TEST(test_asked),
	    TEST(test_nick),
	    TEST(test_nick_of_another),
	    TEST(test_nick_in_list_first),
	    TEST(test_two_devices),
	    TEST(test_roster),
	    TEST(test_odd_roster),
	    TEST(test_subject),
	    TEST(test_subscription),
	    TEST(test_ended),
	    TEST(test_lost),
	    TEST(test_leaves),
	    TEST(test_session_timer),
	    TEST(test_reinvite),
	    TEST(test_shutdown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
