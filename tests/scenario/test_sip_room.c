/* SIP/MSRP users in a local room: joining, messages, nicknames, leaving. */
#include "scene.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>

#define ROOM "sip:r@chat.test"
#define DOMAIN                                                                 \
	"domain \"chat.test\" { secret = \"x\" rooms = local notify-interval " \
	"= 0 }\n"

static int with_config(void **state, const char *config)
{
	*state = scene_new(config);
	return 0;
}

static int setup(void **state)
{
	return with_config(state, DOMAIN);
}

static struct sip_user stranger(struct scene *s, const char *name)
{
	struct sip_user u = {.s = s, .name = name, .room = str_z(ROOM)};

	u.dlg = ++s->ids;
	buf_init(&u.in, 65536);
	snprintf(u.own_path, sizeof(u.own_path), "msrp://10.0.0.5:9/%s1;tcp",
		 name);
	return u;
}

/* V-SDP-1, V-FOCUS-1, FOCUS-1, SDP-6, SDP-9, SDP-15 */
static void test_invite_is_answered(void **state)
{
	struct scene *s = *state;
	struct sip_user u = stranger(s, "alice");
	struct port_msg m = port_msg(PORT_REQUEST), a;

	m.dlg = u.dlg;
	m.req = 77;
	m.cseq = 1;
	m.new_dialog = true;
	m.f[PORT_F_METHOD] = STR("INVITE");
	m.f[PORT_F_RURI] = STR("sip:r@chat.test");
	m.f[PORT_F_FROM] = STR("<sip:alice@sip.test>;tag=1");
	m.f[PORT_F_TO] = STR("<sip:r@chat.test>");
	m.f[PORT_F_CONTACT] = STR("sip:alice@10.0.0.5");
	m.f[PORT_F_PEER] = STR("127.0.0.1:5099");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&u, "");
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.req, 77);
	assert_int_equal(a.status, 200);
	assert_true(
	    str_starts(a.f[PORT_F_CONTACT], STR("<sip:r@chat.test>;isfocus")));
	assert_true(has(a.f[PORT_F_BODY], " TCP/MSRP *\r\n"));
	assert_true(has(a.f[PORT_F_BODY], "a=accept-types:message/cpim\r\n"));
	assert_true(has(a.f[PORT_F_BODY], "a=accept-wrapped-types:"));
	assert_true(has(a.f[PORT_F_BODY], "a=setup:passive\r\n"));
	assert_true(
	    has(a.f[PORT_F_BODY], "a=chatroom:nickname private-messages\r\n"));
	assert_true(has(a.f[PORT_F_BODY], "a=path:msrp://127.0.0.1:"));
}

/* V-SDP-2, SDP-2, SDP-5: 488; V-SDP-5, SDP-13: refused line by line */
static void test_offers(void **state)
{
	struct scene *s = *state;
	struct sip_user u = stranger(s, "alice");
	char sdp[1024];

	snprintf(
	    sdp, sizeof(sdp),
	    "v=0\r\nm=message 9 TCP/MSRP *\r\na=accept-types:text/plain\r\n"
	    "a=path:%s\r\n",
	    u.own_path);
	assert_int_equal(sip_user_invite(&u, str_z(sdp)), 488);
	u = stranger(s, "bob");
	assert_int_equal(
	    sip_user_invite(&u, STR("v=0\r\nm=message 9 TCP/MSRP *\r\n"
				    "a=accept-types:message/cpim\r\n")),
	    488);
	u = stranger(s, "carol");
	snprintf(
	    sdp, sizeof(sdp),
	    "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\n"
	    "m=audio 4000 RTP/AVP 0\r\n"
	    "m=message 9 TCP/MSRP *\r\na=accept-types:*\r\na=path:%s\r\n",
	    u.own_path);
	assert_int_equal(sip_user_invite(&u, str_z(sdp)), 200);
	ptrdiff_t audio = str_search(u.sdp, STR("m=audio 0 RTP/AVP 0"));
	assert_true(audio > 0);
	assert_true(str_search(u.sdp, STR("m=message ")) > audio);
	assert_false(has(u.sdp, "m=message 0 "));
}

/* FOCUS-2: domains and rooms that are not ours, peers that are not trusted */
static void test_refusals(void **state)
{
	struct scene *s = *state;
	struct sip_user u = stranger(s, "alice");
	struct port_msg m = port_msg(PORT_REQUEST), a;

	u.room = STR("sip:r@elsewhere.test");
	assert_int_equal(sip_user_invite(&u, sip_user_offer(&u, "")), 404);
	u = stranger(s, "alice");
	u.room = STR("sip:chat.test");
	assert_int_equal(sip_user_invite(&u, sip_user_offer(&u, "")), 404);
	m.dlg = ++s->ids;
	m.req = ++s->ids;
	m.new_dialog = true;
	m.f[PORT_F_METHOD] = STR("INVITE");
	m.f[PORT_F_RURI] = STR(ROOM);
	m.f[PORT_F_FROM] = STR("<sip:alice@sip.test>;tag=1");
	m.f[PORT_F_PEER] = STR("10.9.9.9:5060");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&u, "");
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.status, 401);
	/* a body that is no SDP */
	m.req = ++s->ids;
	m.f[PORT_F_PEER] = STR("127.0.0.1:5060");
	m.f[PORT_F_TYPE] = STR("text/plain");
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.status, 415);
	assert_true(has(a.f[PORT_F_HEADERS], "Accept: application/sdp"));
}

static int setup_no_create(void **state)
{
	return with_config(
	    state, "domain \"chat.test\" { rooms = local create = none }\n");
}

/* V-FOCUS-1, FOCUS-2 */
static void test_create_none(void **state)
{
	struct sip_user u = stranger(*state, "alice");

	assert_int_equal(sip_user_invite(&u, sip_user_offer(&u, "")), 404);
}

/* V-CHAT-1, CHAT-10, CPIM-12, MSRP-38: one copy each, the same octets, own ids
 */
static void test_message_fans_out(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	const char *cpim =
	    "From: <sip:alice@sip.test>\r\nTo: <" ROOM ">\r\n\r\n"
	    "Content-Type: text/plain\r\n\r\nhi";
	struct str copy;

	sip_user_join(&a, s, "alice", ROOM, NULL);
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:private-messages\r\n");
	assert_int_equal(msrp_take(&a).n > 0, true); /* the unaware are told */
	msrp_send_cpim(&a, "m500", "", str_z(cpim));
	assert_int_equal(msrp_status(&a), 200);
	copy = msrp_take(&b);
	assert_true(has(copy, cpim));
	assert_false(has(copy, "m500"));
	assert_false(has(copy, a.own_path));
	assert_true(has(copy, "Failure-Report: partial\r\n"));
	assert_false(has(copy, "Success-Report: yes"));
	assert_int_equal(msrp_take(&a).n, 0);
	assert_int_equal(msrp_take(&b).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* V-CHAT-2, V-CHAT-5, CHAT-12, CHAT-13, CPIM-8, CPIM-15 */
static void test_message_is_refused(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:private-messages\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:private-messages\r\n");
	msrp_request(&a, "SEND",
		     "Message-ID: m501\r\nContent-Type: message/cpim\r\n\r\n"
		     "From: <sip:bob@sip.test>\r\nTo: <" ROOM ">\r\n\r\n"
		     "Content-Type: text/plain\r\n\r\nhi\r\n");
	assert_int_equal(msrp_status(&a), 403);
	msrp_request(
	    &a, "SEND",
	    "Message-ID: m502\r\nContent-Type: text/plain\r\n\r\nhi\r\n");
	assert_int_equal(msrp_status(&a), 415);
	msrp_request(&a, "SEND",
		     "Message-ID: m503\r\nContent-Type: message/cpim\r\n\r\n"
		     "From: <sip:alice@sip.test>\r\n\r\n"
		     "Content-Type: text/plain\r\n\r\nhi\r\n");
	assert_int_equal(msrp_status(&a), 404);
	msrp_request(&a, "SEND",
		     "Message-ID: m504\r\nContent-Type: message/cpim\r\n\r\n"
		     "From: <sip:alice@sip.test>\r\nTo: <" ROOM
		     ">\r\nTo: <" ROOM
		     ">\r\n\r\nContent-Type: text/plain\r\n\r\nhi\r\n");
	assert_int_equal(msrp_status(&a), 403);
	msrp_request(&a, "SEND",
		     "Message-ID: m505\r\nContent-Type: message/cpim\r\n\r\n"
		     "From: <sip:alice@sip.test>\r\nTo: <" ROOM
		     ">\r\n\r\nno type\r\n");
	assert_int_equal(msrp_status(&a), 400);
	assert_int_equal(msrp_take(&b).n, 0);
	/* delivered, and no response asked for */
	msrp_request(&a, "SEND",
		     "Message-ID: m506\r\nFailure-Report: partial\r\n"
		     "Content-Type: message/cpim\r\n\r\n"
		     "From: <sip:alice@sip.test>\r\nTo: <" ROOM ">\r\n\r\n"
		     "Content-Type: text/plain\r\n\r\nquiet\r\n");
	assert_int_equal(msrp_take(&a).n, 0);
	assert_true(has(msrp_cpim(&b), "quiet"));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* V-CHAT-3, CHAT-15: a chunked message of up to 64 KB goes out when it is whole
 */
static void test_chunks(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:nickname\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:nickname\r\n");
	msrp_put(&a, arena_printf(
			 s->arena,
			 "MSRP tc1x SEND\r\nTo-Path: %.*s\r\nFrom-Path: %s\r\n"
			 "Message-ID: m600\r\nByte-Range: 1-*/%d\r\n"
			 "Content-Type: message/cpim\r\n\r\n"
			 "From: <sip:alice@sip.test>\r\nT\r\n-------tc1x+\r\n",
			 STR_ARG(a.path), a.own_path, 91));
	assert_int_equal(msrp_status(&a), 200);
	assert_int_equal(msrp_take(&b).n, 0);
	msrp_put(&a, arena_printf(
			 s->arena,
			 "MSRP tc2x SEND\r\nTo-Path: %.*s\r\nFrom-Path: %s\r\n"
			 "Message-ID: m600\r\nByte-Range: 30-91/91\r\n"
			 "Content-Type: message/cpim\r\n\r\n"
			 "o: <" ROOM ">\r\n\r\nContent-Type: "
			 "text/plain\r\n\r\nwhole\r\n-------tc2x$\r\n",
			 STR_ARG(a.path), a.own_path));
	assert_int_equal(msrp_status(&a), 200);
	assert_true(has(msrp_cpim(&b), "whole"));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* V-CHAT-4, CHAT-30, CHAT-31, CHAT-32 */
static void test_private_messages(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b, c;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:private-messages\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:private-messages\r\n");
	sip_user_join(&c, s, "carol", ROOM, "a=chatroom\r\n");
	assert_int_equal(msrp_say(&a, "sip:bob@sip.test", "secret"), 200);
	assert_true(has(msrp_cpim(&b), "secret"));
	assert_int_equal(msrp_take(&c).n, 0);
	assert_int_equal(msrp_say(&a, "sip:carol@sip.test", "secret"), 428);
	assert_int_equal(msrp_say(&a, "sip:zz@sip.test", "secret"), 404);
	assert_int_equal(msrp_take(&c).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
	sip_user_done(&c);
}

static int setup_no_private(void **state)
{
	return with_config(state, "domain \"chat.test\" { rooms = local "
				  "private-messages = no nicknames = no }\n");
}

/* CHAT-33, CHAT-41 and what the SDP says of both (SDP-15) */
static void test_switched_off(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:private-messages\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:private-messages\r\n");
	assert_true(has(a.sdp, "a=chatroom\r\n"));
	assert_int_equal(msrp_say(&a, "sip:bob@sip.test", "secret"), 403);
	assert_int_equal(msrp_nickname(&a, "\"Ann\""), 403);
	assert_int_equal(msrp_take(&b).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* V-CHAT-6, V-CHAT-7, CHAT-40, CHAT-42, CHAT-43, CHAT-45 */
static void test_nicknames(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:nickname\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:nickname\r\n");
	assert_int_equal(msrp_nickname(&a, "\"Ann\""), 200);
	assert_int_equal(msrp_nickname(&b, "\" ANN \""), 425);
	assert_int_equal(msrp_nickname(&b, "Ben Z"), 200);
	assert_int_equal(msrp_nickname(&b, "\"  \""), 424);
	assert_int_equal(msrp_nickname(&b, "\"open"), 424);
	assert_int_equal(msrp_nickname(&b, "\"\""), 200);
	msrp_request(&b, "NICKNAME", "");
	assert_int_equal(msrp_status(&b), 424);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* MSRP-39: a message sent again, even in a new session, is acknowledged and
 * told once; one that was refused may be tried again */
static void test_duplicates(void **state)
{
	static const char twice[] =
	    "Message-ID: twice\r\nContent-Type: message/cpim\r\n\r\n"
	    "From: <sip:alice@sip.test>\r\nTo: <sip:%s>\r\n\r\n"
	    "Content-Type: text/plain\r\n\r\nx\r\n";
	struct scene *s = *state;
	struct sip_user a, b;
	char more[512];

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	snprintf(more, sizeof(more), twice, "nobody@sip.test");
	msrp_request(&a, "SEND", more);
	assert_int_equal(msrp_status(&a), 404);
	snprintf(more, sizeof(more), twice, "r@chat.test");
	for (int i = 0; i < 3; i++) {
		msrp_request(&a, "SEND", more);
		assert_int_equal(msrp_status(&a), 200);
	}
	msrp_cpim(&b);
	assert_int_equal(msrp_take(&b).n, 0);
	sip_user_bye(&a);
	sip_user_done(&a);
	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	msrp_cpim(&a); /* history */
	msrp_request(&a, "SEND", more);
	assert_int_equal(msrp_status(&a), 200);
	assert_int_equal(msrp_take(&b).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* CHAT-35: a private message of a type that its addressee does not take */
static void test_private_type(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:private-messages\r\n");
	sip_user_join(&b, s, "bob", ROOM,
		      "a=chatroom:private-messages\r\n"
		      "a=accept-wrapped-types:text/plain\r\n");
	msrp_request(
	    &a, "SEND",
	    "Message-ID: png1\r\nContent-Type: message/cpim\r\n\r\n"
	    "From: <sip:alice@sip.test>\r\nTo: <sip:bob@sip.test>\r\n\r\n"
	    "Content-Type: image/png\r\n\r\nPNG\r\n");
	assert_int_equal(msrp_status(&a), 415);
	assert_int_equal(msrp_take(&b).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
}

#define PRIVATE_OFFER "a=chatroom:private-messages\r\n"

static void reoffer(struct sip_user *u, struct str sdp)
{
	assert_int_equal(sip_user_invite(u, sdp), 200);
	sip_user_ack(u);
}

/* SDP-19, SDP-20: what can't reach its addressee is no success */
static void test_private_on_hold(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b, b2;

	sip_user_join(&a, s, "alice", ROOM, PRIVATE_OFFER);
	sip_user_join(&b, s, "bob", ROOM, PRIVATE_OFFER);
	reoffer(&b, sip_user_offer(&b, PRIVATE_OFFER "a=sendonly\r\n"));
	assert_int_equal(msrp_say(&a, "sip:bob@sip.test", "lost?"), 403);
	assert_int_equal(msrp_take(&b).n, 0);
	sip_user_join(&b2, s, "bob", ROOM, PRIVATE_OFFER);
	assert_int_equal(msrp_say(&a, "sip:bob@sip.test", "here"), 200);
	assert_true(has(msrp_cpim(&b2), "here"));
	assert_int_equal(msrp_take(&b).n, 0);
	reoffer(&b2, STR("v=0\r\no=- 7 7 IN IP4 10.0.0.5\r\ns=-\r\n"
			 "c=IN IP4 10.0.0.5\r\nt=0 0\r\n"
			 "m=message 0 TCP/MSRP *\r\n"));
	assert_int_equal(msrp_say(&a, "sip:bob@sip.test", "lost?"), 403);
	reoffer(&b, sip_user_offer(&b, PRIVATE_OFFER));
	assert_int_equal(msrp_say(&a, "sip:bob@sip.test", "again"), 200);
	assert_true(has(msrp_cpim(&b), "again"));
	sip_user_done(&a);
	sip_user_done(&b);
	sip_user_done(&b2);
}

/* CPIM-19: needs neither the token nor a peer that takes content (SDP-19) */
static void test_imdn(void **state)
{
	static const char *const offers[] = {
	    "a=chatroom\r\na=accept-wrapped-types:*\r\n",
	    "a=chatroom\r\na=accept-wrapped-types:*\r\na=inactive\r\n",
	    "a=chatroom\r\na=accept-wrapped-types:text/plain\r\n"};
	struct scene *s = *state;
	struct sip_user a, b;
	char request[512];

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	for (int i = 0; i < 3; i++) {
		sip_user_join(&b, s, "bob", ROOM, offers[i]);
		while (msrp_take(&b).n)
			;
		snprintf(request, sizeof(request),
			 "Message-ID: imdn%d\r\nContent-Type: message/cpim"
			 "\r\n\r\nFrom: <sip:alice@sip.test>\r\n"
			 "To: <sip:bob@sip.test>\r\n\r\n"
			 "Content-Type: message/imdn+xml\r\n\r\n<imdn/>\r\n",
			 i);
		msrp_request(&a, "SEND", request);
		assert_int_equal(msrp_status(&a), i < 2 ? 200 : 415);
		if (i < 2)
			assert_true(has(msrp_cpim(&b), "<imdn/>"));
		assert_int_equal(msrp_take(&b).n, 0);
		sip_user_bye(&b);
		sip_user_done(&b);
	}
	sip_user_done(&a);
}

/* V-CHAT-8, CHAT-18: who does not take the type is skipped */
static void test_wrapped_types(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b, c;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM,
		      "a=chatroom\r\na=accept-wrapped-types:text/plain\r\n");
	sip_user_join(&c, s, "carol", ROOM,
		      "a=chatroom\r\na=accept-wrapped-types:*\r\n");
	msrp_request(&a, "SEND",
		     "Message-ID: m700\r\nContent-Type: message/cpim\r\n\r\n"
		     "From: <sip:alice@sip.test>\r\nTo: <" ROOM ">\r\n\r\n"
		     "Content-Type: image/png\r\n\r\nPNG\r\n");
	assert_int_equal(msrp_status(&a), 200);
	assert_int_equal(msrp_take(&b).n, 0);
	assert_true(has(msrp_cpim(&c), "PNG"));
	sip_user_done(&a);
	sip_user_done(&b);
	sip_user_done(&c);
}

/* CHAT-5 and history (a copy of the archive tells its time): nothing is lost to
 * a joiner who is slow to bind */
static void test_history_and_hold(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b = stranger(s, "bob");
	struct str first;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	assert_int_equal(msrp_say(&a, ROOM, "before"), 200);
	assert_int_equal(
	    sip_user_invite(&b, sip_user_offer(&b, "a=chatroom\r\n")), 200);
	sip_user_ack(&b);
	assert_int_equal(msrp_say(&a, ROOM, "between"), 200);
	sip_user_bind(&b);
	first = msrp_cpim(&b);
	assert_true(has(first, "before"));
	assert_true(has(first, "DateTime: 20"));
	assert_true(has(msrp_cpim(&b), "between"));
	assert_int_equal(msrp_take(&b).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* FOCUS-5, ABN-2, ABN-1: no ACK, no session, a lost session */
static void test_timeouts(void **state)
{
	struct scene *s = *state;
	struct sip_user a = stranger(s, "alice"), b = stranger(s, "bob"), c;
	struct port_msg m;

	assert_int_equal(sip_user_invite(&a, sip_user_offer(&a, "")), 200);
	scene_run(s, 31000);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	scene_run(s, 1000);
	m = scene_sip(s, PORT_SEND, "BYE");
	assert_int_equal(m.dlg, a.dlg);
	scene_sip_response(s, &m, 200);
	assert_int_equal(scene_sip(s, PORT_FORGET, NULL).dlg, a.dlg);

	assert_int_equal(sip_user_invite(&b, sip_user_offer(&b, "")), 200);
	sip_user_ack(&b);
	scene_run(s, 30000);
	assert_int_equal(scene_sip(s, PORT_SEND, "BYE").dlg, b.dlg);

	sip_user_join(&c, s, "carol", ROOM, "a=chatroom\r\n");
	bufferevent_flush(c.msrp, EV_WRITE, BEV_FINISHED);
	sip_user_done(&c);
	scene_run(s, 9000);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	scene_run(s, 1000);
	m = scene_sip(s, PORT_SEND, "BYE");
	assert_int_equal(m.dlg, c.dlg);
	assert_true(has(m.f[PORT_F_HEADERS], "Reason: SIP;cause="));
}

/* V-SDP-7, SDP-17, SDP-18, FOCUS-9: re-INVITE */
static void test_reinvite(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct str offer, first, path;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:private-messages\r\n");
	first = b.sdp;
	path = b.path;
	/* the same session with other tokens: a new version, the same path */
	offer = sip_user_offer(&b, "");
	assert_int_equal(sip_user_invite(&b, offer), 200);
	assert_true(str_eq(b.path, path));
	assert_false(str_eq(b.sdp, first));
	sip_user_ack(&b);
	assert_int_equal(msrp_say(&a, "sip:bob@sip.test", "x"), 428);
	/* the very same offer: the very same answer */
	first = b.sdp;
	assert_int_equal(sip_user_invite(&b, offer), 200);
	assert_true(str_eq(b.sdp, first));
	/* one that can't be accepted changes nothing */
	assert_int_equal(
	    sip_user_invite(&b, STR("v=0\r\no=- 9 9 IN IP4 1.1.1.1\r\n"
				    "m=message 9 TCP/MSRP *\r\n"
				    "a=accept-types:text/plain\r\n"
				    "a=path:msrp://1.1.1.1:9/x;tcp\r\n")),
	    488);
	assert_int_equal(msrp_say(&b, ROOM, "still here"), 200);
	assert_true(has(msrp_cpim(&a), "still here"));
	/* another path: another session */
	snprintf(b.own_path, sizeof(b.own_path), "msrp://10.0.0.5:9/bob2;tcp");
	assert_int_equal(
	    sip_user_invite(&b, sip_user_offer(&b, "a=chatroom\r\n")), 200);
	sip_user_ack(&b);
	assert_false(str_eq(b.path, path));
	sip_user_connect(&b);
	b.in.n = 0;
	msrp_request(&b, "SEND", "Message-ID: bind\r\n");
	assert_int_equal(msrp_status(&b), 200);
	assert_int_equal(msrp_say(&a, ROOM, "welcome back"), 200);
	assert_true(has(msrp_cpim(&b), "welcome back"));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* SDP-18: a re-INVITE that overtakes the connection leaves the session as it
 * is. */
static void test_reinvite_before_binding(void **state)
{
	struct scene *s = *state;
	struct sip_user a = stranger(s, "alice");
	struct str path;

	assert_int_equal(
	    sip_user_invite(&a, sip_user_offer(&a, "a=chatroom\r\n")), 200);
	sip_user_ack(&a);
	path = a.path;
	assert_int_equal(
	    sip_user_invite(&a, sip_user_offer(&a, "a=chatroom:nickname\r\n")),
	    200);
	sip_user_ack(&a);
	assert_true(str_eq(a.path, path));
	sip_user_bind(&a);
	sip_user_done(&a);
}

/* A retransmitted INVITE after the SIP process was replaced gets its old
 * answer. */
static void test_invite_again_after_restart(void **state)
{
	struct scene *s = *state;
	struct sip_user a = stranger(s, "alice");
	struct str offer = sip_user_offer(&a, "");
	struct str first;

	assert_int_equal(sip_user_invite(&a, offer), 200);
	first = a.sdp;
	a.cseq--; /* the same CSeq once more */
	assert_int_equal(sip_user_invite(&a, offer), 200);
	assert_true(str_eq(a.sdp, first));
}

/* The same INVITE under a new dialog: its answer died with a SIP process. And
 * no ACK at all (FOCUS-5). */
static void test_lost_answer(void **state)
{
	struct scene *s = *state;
	struct sip_user a = stranger(s, "alice"), b;
	struct port_msg m = port_msg(PORT_ACK);
	struct str offer = sip_user_offer(&a, "");

	assert_int_equal(sip_user_invite(&a, offer), 200);
	b = a;
	b.dlg = ++s->ids;
	b.cseq = 0;
	assert_int_equal(sip_user_invite(&b, offer), 200);
	assert_int_equal(scene_sip(s, PORT_FORGET, NULL).dlg, a.dlg);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	m.dlg = b.dlg;
	m.status = 408;
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_SEND, "BYE").dlg, b.dlg);
}

/* FOCUS-10: BYE ends the session; the dialog is forgotten */
static void test_bye(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	sip_user_bye(&a);
	assert_int_equal(scene_sip(s, PORT_FORGET, NULL).dlg, a.dlg);
	assert_int_equal(msrp_say(&b, ROOM, "alone"), 200);
	msrp_request(&a, "SEND", "Message-ID: late\r\n");
	assert_int_equal(msrp_status(&a), 481);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* OPTIONS of a room, of the server, of what we don't have (SIP-5) */
static void test_options(void **state)
{
	static const struct {
		const char *uri;
		int status;
	} rows[] = {{"sip:r@chat.test", 200},
		    {"sip:127.0.0.1:5060", 200},
		    {"sip:r@elsewhere.test", 404}};
	struct scene *s = *state;

	for (size_t i = 0; i < 3; i++) {
		struct port_msg m = port_msg(PORT_REQUEST), a;

		m.dlg = ++s->ids;
		m.req = ++s->ids;
		m.new_dialog = true;
		m.f[PORT_F_METHOD] = STR("OPTIONS");
		m.f[PORT_F_RURI] = str_z(rows[i].uri);
		m.f[PORT_F_PEER] = STR("127.0.0.1:5060");
		scene_sip_event(s, &m);
		a = scene_sip(s, PORT_ANSWER, NULL);
		assert_int_equal(a.status, rows[i].status);
	}
}

/* The clean end: BYE with a reason, then nothing is let in. */
static void test_shutdown(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct port_msg m;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	core_shutdown(&s->core);
	m = scene_sip(s, PORT_SEND, "BYE");
	assert_true(has(m.f[PORT_F_HEADERS], "cause=503"));
	assert_true(front_sip_busy(s->core.front_sip));
	scene_sip_response(s, &m, 200);
	assert_false(front_sip_busy(s->core.front_sip));
	sip_user_done(&a);
	a = stranger(s, "bob");
	assert_int_equal(sip_user_invite(&a, sip_user_offer(&a, "")), 503);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scene_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_invite_is_answered),
	    TEST(test_offers),
	    TEST(test_refusals),
	    cmocka_unit_test_setup_teardown(test_create_none, setup_no_create,
					    scene_teardown),
	    TEST(test_message_fans_out),
	    TEST(test_message_is_refused),
	    TEST(test_chunks),
	    TEST(test_private_messages),
	    cmocka_unit_test_setup_teardown(test_switched_off, setup_no_private,
					    scene_teardown),
	    TEST(test_nicknames),
	    TEST(test_wrapped_types),
	    TEST(test_duplicates),
	    TEST(test_private_type),
	    TEST(test_private_on_hold),
	    TEST(test_imdn),
	    TEST(test_history_and_hold),
	    TEST(test_timeouts),
	    TEST(test_reinvite),
	    TEST(test_reinvite_before_binding),
	    TEST(test_invite_again_after_restart),
	    TEST(test_lost_answer),
	    TEST(test_bye),
	    TEST(test_options),
	    TEST(test_shutdown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
