/* RFC 7702 section 5, example by example: Juliet, an XMPP user, in a SIP
 * conference. What the SIP process adds (Via, tags, Call-ID, CSeq, the ACK of
 * example 4, whose CSeq number is that of its INVITE) is tested with it:
 * tests/unit/test_sip_uac.c. */
#include "rfc7702.h"

#include <stdio.h>

#define ROOM	   "sip:montague@chat.example.org"
#define MUC_ROOM   "montague@chat.example.org"
#define JULIET	   "juliet@example.com/yn0cl4bnw0yr3vym"
#define JULIET_SIP "sip:juliet@example.com;gr=yn0cl4bnw0yr3vym"
#define SWITCH	   "msrp://chat.example.org:12763/kjhd37s2s20w2a;tcp"

static int setup(void **state)
{
	*state = scene_new("domain \"chat.example.org\" { rooms = sip "
			   "route = \"sip:10.0.0.9:5060;transport=tcp\" "
			   "secret = \"x\" }\n");
	return 0;
}

/* The room of section 5, here. */
static int setup_local(void **state)
{
	*state = scene_new("domain \"chat.example.org\" { rooms = local "
			   "lock = no secret = \"x\" }\n");
	return 0;
}

struct focus {
	struct scene *s;
	struct sip_user msrp; /* the switch */
	struct port_msg invite, subscribe;
	uint32_t cseq;
};

static void juliet_says(struct scene *s, const char *example)
{
	example_put(s, "chat.example.org", example);
}

static void answer(struct focus *f, const struct port_msg *to, int status,
		   struct str sdp)
{
	struct port_msg m = port_msg(PORT_RESPONSE);

	m.dlg = to->dlg;
	m.req = to->req;
	m.status = status;
	m.cseq = 1;
	m.expires = to->expires > 0 ? 600 : -1;
	m.f[PORT_F_CALL_ID] = STR("BC466C1C-E01D-4FD1-B766-9AD174BAF2E7");
	m.f[PORT_F_FROM] = STR("\"Juliet\" <" JULIET_SIP ">;tag=786");
	m.f[PORT_F_FROM_TAG] = STR("786");
	m.f[PORT_F_TO_TAG] = STR("087js");
	m.f[PORT_F_CONTACT] = STR(ROOM ";transport=tcp");
	m.f[PORT_F_TYPE] = sdp.n ? STR("application/sdp") : STR_NONE;
	m.f[PORT_F_BODY] = sdp;
	scene_sip_event(f->s, &m);
}

static int request(struct focus *f, uint64_t dlg, struct port_msg *m,
		   const char *method)
{
	m->type = PORT_REQUEST;
	m->dlg = dlg;
	m->req = ++f->s->ids;
	m->cseq = ++f->cseq;
	m->f[PORT_F_METHOD] = str_z(method);
	scene_sip_event(f->s, m);
	return scene_sip(f->s, PORT_ANSWER, NULL).status;
}

/* The response of examples 6, 14 and 20 to a frame. */
static void reply(struct focus *f, struct str frame, const char *status)
{
	struct str tid = frame_tid(frame);

	msrp_put(&f->msrp, arena_printf(f->s->arena,
					"MSRP %.*s %s\r\n"
					"To-Path: %.*s\r\n"
					"From-Path: " SWITCH "\r\n"
					"-------%.*s$\r\n",
					STR_ARG(tid), status,
					STR_ARG(f->msrp.path), STR_ARG(tid)));
}

/* A frame of ours is the example's, with its own transaction id and with the
 * paths that the descriptions have. */
static void assert_frame(struct focus *f, struct str frame, const char *method,
			 const char *rest)
{
	struct str tid = frame_tid(frame);

	assert_string_equal(arena_dup(f->s->arena, frame).p,
			    arena_printf(f->s->arena,
					 "MSRP %.*s %s\r\n"
					 "To-Path: " SWITCH "\r\n"
					 "From-Path: %.*s\r\n"
					 "%s"
					 "-------%.*s$\r\n",
					 STR_ARG(tid), method,
					 STR_ARG(f->msrp.path), rest,
					 STR_ARG(tid))
				.p);
}

/* Example 1 */
static void enter(struct focus *f, struct scene *s)
{
	*f = (struct focus){.s = s, .cseq = 3};
	juliet_says(s, "<presence from='juliet@example.com/yn0cl4bnw0yr3vym'"
		       "          to='montague@chat.example.org/JuliC'>"
		       "  <x xmlns='http://jabber.org/protocol/muc'/>"
		       "</presence>");
	f->invite = scene_sip(s, PORT_DIAL, NULL);
	sip_user_init(&f->msrp, s, "switch", ROOM);
	snprintf(f->msrp.own_path, sizeof(f->msrp.own_path), SWITCH);
	f->msrp.path = scene_path(f->invite.f[PORT_F_BODY]);
}

/* Example 3, with the lines that SDP asks for; the switch connects, so that no
 * host chat.example.org is needed. */
static void accept_call(struct focus *f)
{
	answer(f, &f->invite, 200,
	       STR("v=0\r\n"
		   "o=- 1 1 IN IP4 example.org\r\n"
		   "s=-\r\n"
		   "c=IN IP4 example.org\r\n"
		   "t=0 0\r\n"
		   "m=message 12763 TCP/MSRP *\r\n"
		   "a=accept-types:message/cpim\r\n"
		   "a=accept-wrapped-types:text/plain text/html\r\n"
		   "a=path:" SWITCH "\r\n"
		   "a=chatroom:nickname private-messages\r\n"
		   "a=setup:active\r\n"));
	sip_user_bind(&f->msrp);
}

#define USER(nick, aors)                                                       \
	"<user entity='sip:montague@chat.example.org;gr=" nick "'"             \
	"      state='full'>"                                                  \
	"  <display-text>" nick "</display-text>"                              \
	"  <roles>"                                                            \
	"    <entry>participant</entry>"                                       \
	"  </roles>" aors                                                      \
	"  <endpoint entity='sip:montague@chat.example.org;gr=" nick "'"       \
	"            state='full'>"                                            \
	"    <status>connected</status>"                                       \
	"    <media id='211835820'>"                                           \
	"      <type>message</type>"                                           \
	"    </media>"                                                         \
	"  </endpoint>"                                                        \
	"</user>"

/* Examples 8 and 9; the document has the namespace that RFC 4575 gives it. */
static void notify(struct focus *f)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	answer(f, &f->subscribe, 200, STR_NONE);
	m.f[PORT_F_EVENT] = STR("conference");
	m.f[PORT_F_SUB_STATE] = STR("active;expires=3600");
	m.f[PORT_F_TYPE] = STR("application/conference-info+xml");
	m.f[PORT_F_BODY] =
	    STR("<conference-info version='0' state='full'"
		"    xmlns='urn:ietf:params:xml:ns:conference-info'"
		"    entity='sip:3402934234@chat.example.org'>"
		"  <conference-description>"
		"    <subject>Today in Verona</subject>"
		"    <conf-uris>"
		"      <entry>"
		"        <uri>tel:+18882934234</uri>"
		"      </entry>"
		"    </conf-uris>"
		"  </conference-description>"
		"  <users>" USER(
		    "Romeo",
		    "  <associated-aors>"
		    "    <entry>"
		    "      <uri>xmpp:romeo@example.org/dr4hcr0st3lup4c</uri>"
		    "    </entry>"
		    "  </associated-aors>") USER("Ben", "")
		    USER("JuliC", "") "  </users>"
				      "</conference-info>");
	assert_int_equal(request(f, f->subscribe.dlg, &m, "NOTIFY"), 200);
}

static void join(struct focus *f, struct scene *s)
{
	enter(f, s);
	accept_call(f);
	reply(f, msrp_take(&f->msrp), "200 OK");
	f->subscribe = scene_sip(s, PORT_DIAL, "SUBSCRIBE");
	notify(f);
	xmpp_drop(s);
}

/* --- coming in --- */

/* Examples 1 to 3; X2S-5. Slips: gr belongs inside <>, text/cpim is none. */
static void test_1_2_3_invite(void **state)
{
	struct scene *s = *state;
	struct focus f;
	struct str sdp;

	enter(&f, s);
	assert_true(str_eq(f.invite.f[PORT_F_RURI], STR(ROOM)));
	assert_true(str_eq(f.invite.f[PORT_F_TO], STR("<" ROOM ">")));
	assert_true(str_eq(f.invite.f[PORT_F_FROM], STR("<" JULIET_SIP ">")));
	assert_true(
	    str_starts(f.invite.f[PORT_F_CONTACT], STR("<sip:juliet@")));
	assert_true(
	    str_ends(f.invite.f[PORT_F_CONTACT], STR(";gr=yn0cl4bnw0yr3vym>")));
	assert_true(str_eq(f.invite.f[PORT_F_TYPE], STR("application/sdp")));
	sdp = f.invite.f[PORT_F_BODY];
	assert_true(has(sdp, " TCP/MSRP *\r\n"));
	assert_true(has(sdp, "a=accept-types:message/cpim\r\n"));
	assert_true(has(sdp, "a=accept-wrapped-types:text/plain text/html "));
	assert_true(has(sdp, "a=path:msrp://127.0.0.1:"));
	assert_true(has(sdp, "a=chatroom:nickname private-messages\r\n"));
	accept_call(&f);
	assert_true(has(msrp_take(&f.msrp), " NICKNAME\r\n"));
	sip_user_done(&f.msrp);
}

/* Examples 5 and 6; the path is the one of the 200, without a user */
static void test_5_6_nickname(void **state)
{
	struct scene *s = *state;
	struct str frame;
	struct focus f;

	enter(&f, s);
	accept_call(&f);
	frame = msrp_take(&f.msrp);
	assert_frame(&f, frame, "NICKNAME", "Use-Nickname: \"JuliC\"\r\n");
	assert_true(scene_sip_none(s, PORT_DIAL, "SUBSCRIBE"));
	reply(&f, frame, "200 OK");
	assert_false(scene_sip_none(s, PORT_DIAL, "SUBSCRIBE"));
	sip_user_done(&f.msrp);
}

/* Examples 7 and 8; X2S-6: in a dialog of its own, to the focus' Contact
 * (RFC 6665 §4.5.1). Nobody subscribes to a subscriber: no Allow-Events. */
static void test_7_8_subscribe(void **state)
{
	struct scene *s = *state;
	struct focus f;

	enter(&f, s);
	accept_call(&f);
	reply(&f, msrp_take(&f.msrp), "200 OK");
	f.subscribe = scene_sip(s, PORT_DIAL, "SUBSCRIBE");
	assert_true(f.subscribe.dlg != f.invite.dlg);
	assert_true(
	    str_eq(f.subscribe.f[PORT_F_RURI], STR(ROOM ";transport=tcp")));
	assert_true(str_eq(f.subscribe.f[PORT_F_TO], STR("<" ROOM ">")));
	assert_true(
	    str_eq(f.subscribe.f[PORT_F_FROM], STR("<" JULIET_SIP ">")));
	assert_true(
	    str_eq(f.subscribe.f[PORT_F_CONTACT], f.invite.f[PORT_F_CONTACT]));
	assert_true(str_eq(f.subscribe.f[PORT_F_EVENT], STR("conference")));
	assert_true(f.subscribe.expires > 0);
	assert_example_lines(f.subscribe.f[PORT_F_HEADERS],
			     "Accept: application/conference-info+xml", "");
	assert_int_equal(f.subscribe.f[PORT_F_BODY].n, 0);
	sip_user_done(&f.msrp);
}

/* Examples 9 to 11; X2S-14, X2S-17, X2S-48. Presence of others first, of
 * herself with 110 last. The subject has its type, which example 11 lacks, and
 * is the room's own: the document does not say who set it. */
static void test_9_10_11_roster(void **state)
{
	struct scene *s = *state;
	struct focus f;

	enter(&f, s);
	accept_call(&f);
	reply(&f, msrp_take(&f.msrp), "200 OK");
	f.subscribe = scene_sip(s, PORT_DIAL, "SUBSCRIBE");
	assert_true(xmpp_none(s, JULIET));
	notify(&f);
	assert_example(s, xmpp_take(s, JULIET),
		       "<presence from='montague@chat.example.org/Romeo'"
		       "          to='juliet@example.com/yn0cl4bnw0yr3vym'>"
		       "  <x xmlns='http://jabber.org/protocol/muc#user'>"
		       "    <item affiliation='none' role='participant'/>"
		       "  </x>"
		       "</presence>",
		       "occupant-id");
	assert_example(s, xmpp_take(s, JULIET),
		       "<presence from='montague@chat.example.org/Ben'"
		       "          to='juliet@example.com/yn0cl4bnw0yr3vym'>"
		       "  <x xmlns='http://jabber.org/protocol/muc#user'>"
		       "    <item affiliation='none' role='participant'/>"
		       "  </x>"
		       "</presence>",
		       "occupant-id");
	assert_example(s, xmpp_take(s, JULIET),
		       "<presence from='montague@chat.example.org/JuliC'"
		       "          to='juliet@example.com/yn0cl4bnw0yr3vym'>"
		       "  <x xmlns='http://jabber.org/protocol/muc#user'>"
		       "    <item affiliation='none' role='participant'/>"
		       "    <status code='110'/>"
		       "  </x>"
		       "</presence>",
		       "occupant-id jid");
	assert_example(s, xmpp_take(s, JULIET),
		       "<message from='montague@chat.example.org'"
		       "         to='juliet@example.com/yn0cl4bnw0yr3vym'"
		       "         type='groupchat'"
		       "         id='mbh2vd68'>"
		       "  <subject>Today in Verona</subject>"
		       "</message>",
		       "id delay stanza-id occupant-id");
	assert_true(xmpp_none(s, JULIET));
	sip_user_done(&f.msrp);
}

/* --- messages --- */

/* A SEND of ours, as in examples 13 and 17, which lack the empty line between
 * the CPIM header and that of its content (RFC 3862 §2). */
static struct str assert_send(struct focus *f, const char *to, const char *text)
{
	struct str frame = msrp_take(&f->msrp), rest = frame, line;
	const char *want[] = {
	    "From: <" JULIET_SIP ">\r",
	    arena_printf(f->s->arena, "To: <%s>\r", to).p,
	};
	ptrdiff_t at = str_search(frame, STR("\r\n\r\n"));
	struct str head = str_of(frame.p, at < 0 ? 0 : (size_t)at + 2);

	assert_true(has(frame, " SEND\r\n"));
	assert_true(has(head, "\r\nTo-Path: " SWITCH "\r\n"));
	assert_true(
	    has(head, arena_printf(f->s->arena, "\r\nFrom-Path: %.*s\r\n",
				   STR_ARG(f->msrp.path))
			  .p));
	assert_true(has(head, "\r\nMessage-ID: "));
	assert_true(has(head, "\r\nByte-Range: 1-"));
	assert_true(has(head, "\r\nContent-Type: message/cpim\r\n"));
	assert_false(has(head, "Failure-Report"));
	rest = str_from(frame, head.n + 2);
	for (size_t n = 0; n < 2; n++) {
		line = str_split(&rest, '\n');
		if (!str_eq(line, str_z(want[0])) &&
		    !str_eq(line, str_z(want[1])))
			fail_msg("not in the example: %.*s", STR_ARG(line));
	}
	line = str_split(&rest, '\n');
	assert_true(str_starts(line, STR("DateTime: 20")));
	assert_true(str_starts(rest, STR("\r\nContent-Type: text/plain")));
	assert_true(has(
	    rest, arena_printf(f->s->arena, "\r\n\r\n%s\r\n-------", text).p));
	return frame;
}

/* Examples 12 to 15; X2S-36, X2S-37. The copy has the id of the message (a slip
 * of example 15, whose id is new). */
static void test_12_13_14_15_public(void **state)
{
	struct scene *s = *state;
	struct str frame;
	struct focus f;

	join(&f, s);
	juliet_says(s, "<message from='juliet@example.com/yn0cl4bnw0yr3vym'"
		       "         to='montague@chat.example.org'"
		       "         type='groupchat'"
		       "         id='lzfed24s'>"
		       "  <body>Who knows where Romeo is?</body>"
		       "</message>");
	frame = assert_send(&f, ROOM, "Who knows where Romeo is?");
	assert_true(xmpp_none(s, JULIET));
	reply(&f, frame, "200 OK");
	assert_example(s, xmpp_take(s, JULIET),
		       "<message from='montague@chat.example.org/JuliC'"
		       "         to='juliet@example.com/yn0cl4bnw0yr3vym'"
		       "         type='groupchat'"
		       "         id='lzfed24s'>"
		       "  <body>Who knows where Romeo is?</body>"
		       "</message>",
		       "stanza-id occupant-id");
	sip_user_done(&f.msrp);
}

static const char WHEREFORE[] =
    "<message from='juliet@example.com/yn0cl4bnw0yr3vym'"
    "         to='montague@chat.example.org/Romeo'"
    "         type='chat'"
    "         id='6sfln45q'>"
    "  <body>O Romeo, Romeo! wherefore art thou Romeo?</body>"
    "</message>";

/* Examples 16 and 17; X2S-49. Her URI is of example.com (a slip of 17). */
static void test_16_17_private(void **state)
{
	struct scene *s = *state;
	struct focus f;

	join(&f, s);
	juliet_says(s, WHEREFORE);
	reply(&f,
	      assert_send(&f, ROOM ";gr=Romeo",
			  "O Romeo, Romeo! wherefore art thou Romeo?"),
	      "200 OK");
	assert_true(xmpp_none(s, JULIET));
	sip_user_done(&f.msrp);
}

/* Example 18 is the switch's: in a room of ours that is what a SIP user gets of
 * a private message, by the name that he has there (PRIV-2). */
static void test_18_switch(void **state)
{
	struct scene *s = *state;
	struct sip_user romeo;
	struct str cpim;

	sip_user_join(&romeo, s, "romeo", ROOM,
		      "a=chatroom:nickname private-messages\r\n");
	assert_int_equal(msrp_nickname(&romeo, "\"Romeo\""), 200);
	juliet_says(s, "<presence from='juliet@example.com/yn0cl4bnw0yr3vym'"
		       "          to='montague@chat.example.org/JuliC'>"
		       "  <x xmlns='http://jabber.org/protocol/muc'/>"
		       "</presence>");
	juliet_says(s, WHEREFORE);
	cpim = msrp_cpim(&romeo);
	assert_true(has(cpim, "To: <sip:romeo@sip.test>\r\n") ||
		    has(cpim, "To: \"Romeo\" <sip:romeo@sip.test>\r\n"));
	assert_true(has(cpim, "From: \"JuliC\" <" ROOM ";gr=JuliC>\r\n"));
	assert_true(has(cpim, "DateTime: 20"));
	assert_true(has(cpim, "Content-Type: text/plain"));
	assert_true(
	    str_ends(cpim, STR("O Romeo, Romeo! wherefore art thou Romeo?")));
	sip_user_done(&romeo);
}

/* --- nickname --- */

/* Examples 19 to 21; NICK-6, NICK-11 */
static void test_19_20_21_nickname(void **state)
{
	struct scene *s = *state;
	struct str frame;
	struct focus f;

	join(&f, s);
	juliet_says(s,
		    "<presence from='juliet@example.com/yn0cl4bnw0yr3vym'"
		    "          to='montague@chat.example.org/CapuletGirl'/>");
	frame = msrp_take(&f.msrp);
	assert_frame(&f, frame, "NICKNAME",
		     "Use-Nickname: \"CapuletGirl\"\r\n");
	reply(&f, frame, "425 Nickname usage failed");
	assert_example(s, xmpp_take(s, JULIET),
		       "<presence from='montague@chat.example.org/JuliC'"
		       "          to='juliet@example.com/yn0cl4bnw0yr3vym'"
		       "          type='error'>"
		       "  <x xmlns='http://jabber.org/protocol/muc'/>"
		       "  <error type='cancel' by='montague@chat.example.org'>"
		       "    <conflict xmlns='urn:ietf:params:xml:ns:"
		       "xmpp-stanzas'/>"
		       "  </error>"
		       "</presence>",
		       "text");
	assert_true(xmpp_none(s, JULIET));
	sip_user_done(&f.msrp);
}

/* --- inviting --- */

/* Examples 22 to 24; X2S-52: outside the dialog of the call, which it names
 * (RFC 7647 §4, RFC 4538) */
static void test_22_23_24_invite(void **state)
{
	struct scene *s = *state;
	struct port_msg refer, m = port_msg(PORT_REQUEST);
	struct focus f;

	join(&f, s);
	juliet_says(s, "<message from='juliet@example.com/yn0cl4bnw0yr3vym'"
		       "         id='nzd143v8'"
		       "         to='montague@chat.example.org'>"
		       "  <x xmlns='http://jabber.org/protocol/muc#user'>"
		       "    <invite to='benvolio@example.com'/>"
		       "  </x>"
		       "</message>");
	refer = scene_sip(s, PORT_DIAL, "REFER");
	assert_true(str_eq(refer.f[PORT_F_RURI], STR(ROOM ";transport=tcp")));
	assert_true(str_eq(refer.f[PORT_F_TO], STR("<" ROOM ">")));
	assert_true(str_eq(refer.f[PORT_F_FROM], STR("<" JULIET_SIP ">")));
	assert_true(
	    str_eq(refer.f[PORT_F_CONTACT], f.invite.f[PORT_F_CONTACT]));
	assert_example_lines(refer.f[PORT_F_HEADERS],
			     "Refer-To: <sip:benvolio@example.com>\n"
			     "Accept: message/sipfrag",
			     "Referred-By Target-Dialog Require Supported");
	assert_int_equal(refer.f[PORT_F_BODY].n, 0);
	answer(&f, &refer, 200, STR_NONE);
	/* 24, with the fragment that belongs to it */
	m.f[PORT_F_EVENT] = STR("refer");
	m.f[PORT_F_SUB_STATE] = STR("active;expires=60");
	m.f[PORT_F_TYPE] = STR("message/sipfrag;version=2.0");
	m.f[PORT_F_BODY] = STR("SIP/2.0 100 Trying\r\n");
	assert_int_equal(request(&f, refer.dlg, &m, "NOTIFY"), 200);
	assert_true(xmpp_none(s, JULIET)); /* X2S-55: progress is silent */
	sip_user_done(&f.msrp);
}

/* --- leaving --- */

static void exits(struct scene *s, const char *example, const char *text)
{
	struct port_msg bye;
	struct focus f;

	join(&f, s);
	juliet_says(s, example);
	bye = scene_sip(s, PORT_SEND, "BYE");
	assert_true(bye.dlg == f.invite.dlg);
	assert_true(str_eq(bye.f[PORT_F_RURI], STR(ROOM ";transport=tcp")));
	assert_true(has(bye.f[PORT_F_HEADERS], text));
	/* F34 */
	assert_example(s, xmpp_take(s, JULIET),
		       "<presence from='montague@chat.example.org/JuliC'"
		       "          to='juliet@example.com/yn0cl4bnw0yr3vym'"
		       "          type='unavailable'>"
		       "  <x xmlns='http://jabber.org/protocol/muc#user'>"
		       "    <item affiliation='none' role='none'/>"
		       "    <status code='110'/>"
		       "  </x>"
		       "</presence>",
		       "status occupant-id jid");
	scene_sip_response(s, &bye, 200);
	sip_user_done(&f.msrp);
}

/* Example 25; X2S-29 */
static void test_25_exit(void **state)
{
	exits(*state,
	      "<presence from='juliet@example.com/yn0cl4bnw0yr3vym'"
	      "          to='montague@chat.example.org/JuliC'"
	      "          type='unavailable'/>",
	      "");
}

/* Example 26: the focus hears her last words, too. */
static void test_26_exit_with_message(void **state)
{
	exits(*state,
	      "<presence from='juliet@example.com/yn0cl4bnw0yr3vym'"
	      "          to='montague@chat.example.org/JuliC'"
	      "          type='unavailable'>"
	      "  <status>O, look! methinks I see my cousin's ghost</status>"
	      "</presence>",
	      "text=\"O, look! methinks I see my cousin's ghost\"");
}

#define TEST(f)	 cmocka_unit_test_setup_teardown(f, setup, scene_teardown)
#define LOCAL(f) cmocka_unit_test_setup_teardown(f, setup_local, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_1_2_3_invite),	     TEST(test_5_6_nickname),
	    TEST(test_7_8_subscribe),	     TEST(test_9_10_11_roster),
	    TEST(test_12_13_14_15_public),   TEST(test_16_17_private),
	    LOCAL(test_18_switch),	     TEST(test_19_20_21_nickname),
	    TEST(test_22_23_24_invite),	     TEST(test_25_exit),
	    TEST(test_26_exit_with_message),
	};

	return cmocka_run_group_tests_name("rfc7702 section 5", tests, NULL,
					   NULL);
}
