/* RFC 7702 section 6, example by example: Romeo, a SIP user, in a room of a MUC
 * service. The steps are in the order of the RFC but for the 200, which comes
 * when the room has let him in (S2X-8). */
#include "rfc7702.h"

#include <stdio.h>

#define ROOM	  "sip:capulet@rooms.example.com"
#define MUC_ROOM  "capulet@rooms.example.com"
#define ROMEO_JID "romeo@example.org/dr4hcr0st3lup4c"
#define JULIET	  "sip:capulet@rooms.example.com;gr=JuliC"

static int setup(void **state)
{
	*state = scene_new(
	    "domain \"example.org\" { users = sip secret = \"x\" }\n"
	    "domain \"example.com\" { rooms = xmpp }\n"
	    "domain \"rooms.example.com\" { rooms = xmpp create = none }\n");
	return 0;
}

/* --- Romeo --- */

/* The gr parameter stands inside <> (a slip of the examples; ADDR-17). */
static struct port_msg romeo_asks(struct sip_user *u, const char *method)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	sip_user_request(u, &m, method);
	m.f[PORT_F_FROM] =
	    STR("\"Romeo\" <sip:romeo@example.org>;tag=43524545");
	m.f[PORT_F_CONTACT] = STR("sip:romeo@example.org;gr=dr4hcr0st3lup4c");
	m.f[PORT_F_CALL_ID] = STR("08CFDAA4-FAED-4E83-9317-253691908CD2");
	return m;
}

static const char *room_says(struct scene *s, const char *to)
{
	const struct xnode *n = xmpp_take(s, to);

	return arena_dup(s->arena, x_attr(n, "id")).p;
}

/* Example 27, with the lines that SDP asks for (v=, o=, s=, t=). */
static void invite(struct sip_user *u, struct scene *s)
{
	struct port_msg m;
	const char *id;

	sip_user_init(u, s, "romeo", ROOM);
	snprintf(u->own_path, sizeof(u->own_path),
		 "msrp://chat.example.org:7313/ansp71weztas;tcp");
	m = romeo_asks(u, "INVITE");
	m.new_dialog = true;
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] =
	    STR("v=0\r\n"
		"o=- 1 1 IN IP4 s2x.example.org\r\n"
		"s=-\r\n"
		"c=IN IP4 s2x.example.org\r\n"
		"t=0 0\r\n"
		"m=message 7313 TCP/MSRP *\r\n"
		"a=accept-types:message/cpim text/plain text/html\r\n"
		"a=accept-wrapped-types:text/plain text/html\r\n"
		"a=path:msrp://chat.example.org:7313/ansp71weztas;tcp\r\n"
		"a=chatroom:nickname private-messages\r\n");
	u->invite = m.req;
	scene_sip_event(s, &m);
	/* S2X-4: what sort of room it is */
	id = room_says(s, MUC_ROOM);
	example_put(
	    s, "example.org",
	    arena_printf(s->arena,
			 "<iq from='" MUC_ROOM "' to='" ROMEO_JID
			 "' type='result' id='%s'><query xmlns='" NS_DISCO_INFO
			 "'><identity category='conference' type='text' "
			 "name='Capulet'/></query></iq>",
			 id)
		.p);
}

/* Example 30, of the room that he has called. */
static const char ENTERS[] =
    "<presence from='romeo@example.org/dr4hcr0st3lup4c'"
    "          to='capulet@rooms.example.com/Romeo'>"
    "  <x xmlns='http://jabber.org/protocol/muc'/>"
    "</presence>";

/* Example 31, in the order that XEP-0045 §7.1 has: the user himself last. */
static void admit(struct scene *s)
{
	example_put(s, "example.org",
		    "<presence from='capulet@rooms.example.com/Ben'"
		    "          to='romeo@example.org/dr4hcr0st3lup4c'>"
		    "  <x xmlns='http://jabber.org/protocol/muc#user'>"
		    "    <item affiliation='none' role='participant'/>"
		    "  </x>"
		    "</presence>");
	example_put(s, "example.org",
		    "<presence from='capulet@rooms.example.com/JuliC'"
		    "          to='romeo@example.org/dr4hcr0st3lup4c'>"
		    "  <x xmlns='http://jabber.org/protocol/muc#user'>"
		    "    <item affiliation='none' role='participant'/>"
		    "  </x>"
		    "</presence>");
	assert_true(scene_sip_none(s, PORT_ANSWER, NULL));
	example_put(s, "example.org",
		    "<presence from='capulet@rooms.example.com/Romeo'"
		    "          to='romeo@example.org/dr4hcr0st3lup4c'>"
		    "  <x xmlns='http://jabber.org/protocol/muc#user'>"
		    "    <item affiliation='none' role='participant'/>"
		    "    <status code='110'/>"
		    "  </x>"
		    "</presence>");
	example_put(s, "example.org",
		    "<message from='capulet@rooms.example.com/mayor'"
		    "         to='romeo@example.org/dr4hcr0st3lup4c'"
		    "         type='groupchat'>"
		    "  <subject>Today in Verona</subject>"
		    "</message>");
}

static void connect_to(struct sip_user *u)
{
	sip_user_ack(u);
	sip_user_bind(u);
}

static void join(struct sip_user *u, struct scene *s)
{
	invite(u, s);
	xmpp_take(s, MUC_ROOM "/Romeo");
	admit(s);
	assert_int_equal(sip_user_answer(u), 200);
	connect_to(u);
}

/* Examples 27, 28, 30 and 31; S2X-5, S2X-8, S2X-9 */
static void test_27_28_30_31_enter(void **state)
{
	struct scene *s = *state;
	struct port_msg a;
	struct sip_user u;

	invite(&u, s);
	/* what the example leaves out: an id, how much history is wanted, and
	 * the client's capabilities (XEP-0115); it has another room's name */
	assert_example(s, xmpp_take(s, MUC_ROOM "/Romeo"), ENTERS,
		       "id history c");
	admit(s);
	/* 28; its Contact lacks the room, which here is in it; its path is the
	 * switch's. All that is said there is wrapped (S2X-9), and more types
	 * than in the example can be. */
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.req, u.invite);
	assert_int_equal(a.status, 200);
	assert_true(str_eq(a.f[PORT_F_TYPE], STR("application/sdp")));
	assert_true(str_starts(a.f[PORT_F_CONTACT], STR("<" ROOM)));
	assert_true(has(a.f[PORT_F_CONTACT], ">;isfocus"));
	assert_true(has(a.f[PORT_F_BODY], "a=accept-types:message/cpim\r\n"));
	assert_true(has(a.f[PORT_F_BODY],
			"a=accept-wrapped-types:text/plain text/html "));
	assert_true(
	    has(a.f[PORT_F_BODY], "a=chatroom:nickname private-messages\r\n"));
	assert_true(has(a.f[PORT_F_BODY], " TCP/MSRP *\r\n"));
	assert_true(has(a.f[PORT_F_BODY], "a=path:msrp://127.0.0.1:"));
	sip_user_done(&u);
}

/* Examples 29 and 32; S2X-13, S2X-14 */
static void test_29_32_subscribe(void **state)
{
	struct scene *s = *state;
	struct port_msg m, n;
	struct sip_user u;

	join(&u, s);
	m = romeo_asks(&u, "SUBSCRIBE");
	m.f[PORT_F_EVENT] = STR("conference");
	m.expires = 600;
	m.f[PORT_F_ACCEPT] = STR("application/conference-info+xml");
	scene_sip_event(s, &m);
	n = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(n.status, 200);
	assert_int_equal(n.expires, 600);
	assert_true(has(n.f[PORT_F_CONTACT], "<" ROOM));

	/* 32: entries of one URI each, Romeo among the users; the expiry is
	 * the one that was granted */
	n = scene_sip(s, PORT_SEND, "NOTIFY");
	assert_true(n.dlg == u.dlg);
	assert_true(
	    str_eq(n.f[PORT_F_TYPE], STR("application/conference-info+xml")));
	assert_example_lines(n.f[PORT_F_HEADERS],
			     "Event: conference\n"
			     "Subscription-State: active;expires=600\n",
			     "Allow-Events");
#define USER(nick) USER_AT(nick, "sip:capulet@rooms.example.com;gr=" nick)
#define USER_AT(nick, device)                                                  \
	"<user entity='sip:capulet@rooms.example.com;gr=" nick "'"             \
	"      state='full'>"                                                  \
	"  <display-text>" nick "</display-text>"                              \
	"  <roles>"                                                            \
	"    <entry>participant</entry>"                                       \
	"  </roles>"                                                           \
	"  <endpoint entity='" device "'"                                      \
	"            state='full'>"                                            \
	"    <status>connected</status>"                                       \
	"    <media id='1'>"                                                   \
	"      <type>message</type>"                                           \
	"    </media>"                                                         \
	"  </endpoint>"                                                        \
	"</user>"
	assert_example_xml(
	    s, n.f[PORT_F_BODY],
	    "<conference-info xmlns='urn:ietf:params:xml:ns:conference-info'"
	    "    version='0' state='full'"
	    "    entity='sip:capulet@rooms.example.com'>"
	    "  <conference-description>"
	    "    <subject>Today in Verona</subject>"
	    "    <conf-uris>"
	    "      <entry>"
	    "        <uri>sip:capulet@rooms.example.com</uri>"
	    "      </entry>"
	    "    </conf-uris>"
	    "  </conference-description>"
	    "  <users state='full'>" USER("Ben") USER("JuliC")
		USER_AT("Romeo", "sip:romeo@example.org;gr="
				 "dr4hcr0st3lup4c") "  </users>"
						    "</conference-info>",
	    "id version conference-state display-text entry purpose "
	    "joining-method status");
	sip_user_done(&u);
}

/* --- messages --- */

/* A request of the switch (examples 33, 36) with the paths of this session. */
static void msrp_send(struct sip_user *u, const char *to, const char *text)
{
	struct scene *s = u->s;
	struct str cpim = arena_printf(
	    s->arena,
	    "To: %s\r\n"
	    "From: \"Romeo\" <sip:romeo@example.org;gr=dr4hcr0st3lup4c>\r\n"
	    "DateTime: 2008-10-15T15:02:31-03:00\r\n"
	    "\r\n"
	    "Content-Type: text/plain\r\n"
	    "\r\n"
	    "%s",
	    to, text);

	msrp_put(u, arena_printf(s->arena,
				 "MSRP a786hjs2 SEND\r\n"
				 "To-Path: %.*s\r\n"
				 "From-Path: %s\r\n"
				 "Message-ID: 87652492\r\n"
				 "Byte-Range: 1-*/*\r\n"
				 "Content-Type: message/cpim\r\n"
				 "\r\n"
				 "%.*s\r\n"
				 "-------a786hjs2$\r\n",
				 STR_ARG(u->path), u->own_path, STR_ARG(cpim)));
}

/* Examples 35 and 41: an answer to the request at hand; the words behind the
 * status are free. */
static void assert_response(struct sip_user *u, const char *status)
{
	struct str rest = msrp_take(u), line = str_split(&rest, '\n');

	assert_true(str_starts(
	    line, arena_printf(u->s->arena, "MSRP a786hjs2 %s", status)));
	assert_string_equal(arena_dup(u->s->arena, rest).p,
			    arena_printf(u->s->arena,
					 "To-Path: %s\r\n"
					 "From-Path: %.*s\r\n"
					 "-------a786hjs2$\r\n",
					 u->own_path, STR_ARG(u->path))
				.p);
}

/* Examples 33 to 35; S2X-27, S2X-28. The answer has the request's transaction
 * id, which example 35 has not. */
static void test_33_34_35_public(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct sip_user u;
	const char *id;

	join(&u, s);
	xmpp_drop(s);
	msrp_send(&u, "<" ROOM ">", "Romeo is here!");
	n = xmpp_take(s, MUC_ROOM);
	assert_example(s, n,
		       "<message from='romeo@example.org/dr4hcr0st3lup4c'"
		       "         to='capulet@rooms.example.com'"
		       "         type='groupchat'"
		       "         id='8gbx1g4p'>"
		       "  <body>Romeo is here!</body>"
		       "</message>",
		       "id origin-id delay");
	assert_int_equal(msrp_take(&u).n, 0); /* it waits for the room */
	id = arena_dup(s->arena, x_attr(n, "id")).p;
	example_put(s, "example.org",
		    arena_printf(s->arena,
				 "<message from='capulet@rooms.example.com/"
				 "Romeo' to='" ROMEO_JID "' type='groupchat' "
				 "id='%s'><body>Romeo is here!</body>"
				 "</message>",
				 id)
			.p);
	assert_response(&u, "200 OK\r");
	assert_int_equal(msrp_take(&u).n, 0); /* which is no message */
	sip_user_done(&u);
}

static void assert_private(struct sip_user *u)
{
	struct scene *s = u->s;

	assert_example(s, xmpp_take(s, MUC_ROOM "/JuliC"),
		       "<message from='romeo@example.org/dr4hcr0st3lup4c'"
		       "         to='capulet@rooms.example.com/JuliC'"
		       "         type='chat'"
		       "         id='rg2ca9k7'>"
		       "  <body>I am here!!!</body>"
		       "</message>",
		       "id x origin-id delay");
	scene_run(s, 1000);
	assert_response(u, "200 OK\r");
}

/* Examples 36 and 37; S2X-33. A client sends from its own JID (a slip of
 * example 37, which has the occupant's). */
static void test_36_37_private(void **state)
{
	struct scene *s = *state;
	struct sip_user u;

	join(&u, s);
	xmpp_drop(s);
	msrp_send(&u, "<" JULIET ">", "I am here!!!");
	assert_private(&u);
	sip_user_done(&u);
}

/* Example 36 to the letter: a message to one person is never one to all,
 * wherever the gr parameter stands; ADDR-17. */
static void test_36_as_printed(void **state)
{
	struct scene *s = *state;
	struct sip_user u;

	join(&u, s);
	xmpp_drop(s);
	msrp_send(&u, "<" ROOM ">;gr=JuliC", "I am here!!!");
	assert_private(&u);
	sip_user_done(&u);
}

/* Examples 38 to 41; S2X-17, S2X-18 */
static void test_38_39_40_41_nickname(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	struct sip_user u;

	join(&u, s);
	xmpp_drop(s);
	msrp_put(&u, arena_printf(s->arena,
				  "MSRP a786hjs2 NICKNAME\r\n"
				  "To-Path: %.*s\r\n"
				  "From-Path: %s\r\n"
				  "Use-Nickname: \"montecchi\"\r\n"
				  "-------a786hjs2$\r\n",
				  STR_ARG(u.path), u.own_path));
	n = xmpp_take(s, MUC_ROOM "/montecchi");
	assert_example(s, n,
		       "<presence from='romeo@example.org/dr4hcr0st3lup4c'"
		       "          to='capulet@rooms.example.com/montecchi'/>",
		       "id c");
	example_put(
	    s, "example.org",
	    arena_printf(s->arena,
			 "<presence from='capulet@rooms.example.com/Romeo'"
			 "          to='romeo@example.org/dr4hcr0st3lup4c'"
			 "          type='error' id='%.*s'>"
			 "  <x xmlns='http://jabber.org/protocol/muc'/>"
			 "  <error type='cancel' by='" MUC_ROOM "'>"
			 "    <conflict xmlns='" NS_STANZAS "'/>"
			 "  </error>"
			 "</presence>",
			 STR_ARG(x_attr(n, "id")))
		.p);
	assert_response(&u, "425 ");
	sip_user_done(&u);
}

/* Example 43: what is going on, 100 Trying. */
static void notified(struct sip_user *u, const char *state)
{
	struct port_msg n = scene_sip(u->s, PORT_SEND, "NOTIFY");

	assert_true(n.dlg == u->dlg);
	assert_true(
	    str_eq(n.f[PORT_F_TYPE], STR("message/sipfrag;version=2.0")));
	assert_true(has(n.f[PORT_F_HEADERS], "Event: refer"));
	assert_true(has(n.f[PORT_F_HEADERS], state));
	assert_true(str_starts(n.f[PORT_F_BODY], STR("SIP/2.0 100 Trying")));
	scene_sip_response(u->s, &n, 200);
}

/* Examples 42 and 43; S2X-39, S2X-40, S2X-41. RFC 7702 shows no stanza. The
 * subscription of a REFER names its request (id=); when the room has been asked
 * it ends, with nothing but 100 to tell. */
static void test_42_43_invite(void **state)
{
	struct scene *s = *state;
	struct port_msg m, n;
	struct sip_user u;

	join(&u, s);
	xmpp_drop(s);
	m = romeo_asks(&u, "REFER");
	m.f[PORT_F_ACCEPT] = STR("message/sipfrag");
	m.f[PORT_F_REFER_TO] = STR("<sip:benvolio@example.com>");
	m.f[PORT_F_SUPPORTED] = STR("replaces");
	scene_sip_event(s, &m);
	n = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(n.status, 200);
	assert_example(s, xmpp_take(s, MUC_ROOM),
		       "<message from='romeo@example.org/dr4hcr0st3lup4c'"
		       "         to='capulet@rooms.example.com'>"
		       "  <x xmlns='http://jabber.org/protocol/muc#user'>"
		       "    <invite to='benvolio@example.com'/>"
		       "  </x>"
		       "</message>",
		       "id");
	notified(&u, "Subscription-State: terminated;reason=noresource");
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	sip_user_done(&u);
}

/* Examples 44 and 45; S2X-20 */
static void test_44_45_exit(void **state)
{
	struct scene *s = *state;
	struct port_msg m;
	struct sip_user u;

	join(&u, s);
	xmpp_drop(s);
	m = romeo_asks(&u, "BYE");
	scene_sip_event(s, &m);
	assert_example(s, xmpp_take(s, MUC_ROOM "/Romeo"),
		       "<presence from='romeo@example.org/dr4hcr0st3lup4c'"
		       "          to='capulet@rooms.example.com/Romeo'"
		       "          type='unavailable'/>",
		       "id");
	sip_user_done(&u);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_27_28_30_31_enter), TEST(test_29_32_subscribe),
	    TEST(test_33_34_35_public),	  TEST(test_36_37_private),
	    TEST(test_36_as_printed),	  TEST(test_38_39_40_41_nickname),
	    TEST(test_42_43_invite),	  TEST(test_44_45_exit),
	};

	return cmocka_run_group_tests_name("rfc7702 section 6", tests, NULL,
					   NULL);
}
