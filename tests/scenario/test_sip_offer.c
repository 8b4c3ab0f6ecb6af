/* Who offers and who connects: INVITEs without SDP, connections that stoxd
 * makes. */
#include "callee.h"

#include <event2/bufferevent.h>
#include <event2/event.h>

#define ROOM   "sip:r@chat.test"
#define DOMAIN "domain \"chat.test\" { secret = \"x\" rooms = local }\n"

static int with_config(void **state, const char *config)
{
	*state = scene_new(config);
	return 0;
}

static int setup(void **state)
{
	return with_config(state, DOMAIN);
}

/* An offer or answer with this address in c= and m=. */
static struct str description(struct sip_user *u, const char *host,
			      unsigned port, const char *lines)
{
	return arena_printf(u->s->arena,
			    "v=0\r\no=- %u 1 IN IP4 10.0.0.5\r\ns=-\r\n"
			    "c=IN IP4 %s\r\nt=0 0\r\n"
			    "m=message %u TCP/MSRP *\r\n"
			    "a=accept-types:message/cpim\r\n"
			    "a=accept-wrapped-types:*\r\n"
			    "a=chatroom:nickname private-messages\r\n"
			    "a=path:%s\r\n%s",
			    ++u->ids, host, port, u->own_path, lines);
}

static struct str offer_with(struct sip_user *u, const char *lines)
{
	return description(u, "10.0.0.5", 9, lines);
}

static void bind_session(struct sip_user *u)
{
	sip_user_bind(u);
}

/* --- INVITE without SDP --- */

/* SDP-21, SDP-9, SDP-10: we offer actpass, the client answers active */
static void test_no_offer(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:nickname\r\n");
	sip_user_init(&a, s, "alice", ROOM);
	assert_int_equal(sip_user_invite(&a, STR_NONE), 200);
	assert_true(has(a.sdp, "a=setup:actpass\r\n"));
	assert_true(has(a.sdp, "a=accept-types:message/cpim\r\n"));
	assert_true(has(a.sdp, "a=chatroom:nickname private-messages\r\n"));
	assert_true(has(a.sdp, "a=sendrecv\r\n"));
	sip_user_ack_with(&a, offer_with(&a, "a=setup:active\r\n"));
	bind_session(&a);
	assert_int_equal(msrp_say(&a, ROOM, "from alice"), 200);
	assert_true(has(msrp_cpim(&b), "from alice"));
	assert_int_equal(msrp_say(&b, ROOM, "from bob"), 200);
	assert_true(has(msrp_cpim(&a), "from bob"));
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* A client that is faster than its ACK gets what was said when it is in. */
static void test_bound_before_answer(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:nickname\r\n");
	assert_int_equal(msrp_say(&b, ROOM, "history"), 200);
	sip_user_init(&a, s, "alice", ROOM);
	assert_int_equal(sip_user_invite(&a, STR_NONE), 200);
	bind_session(&a);
	assert_int_equal(msrp_take(&a).n, 0);
	sip_user_ack_with(&a, offer_with(&a, "a=setup:active\r\n"));
	assert_true(has(msrp_cpim(&a), "history"));
	assert_int_equal(msrp_say(&b, ROOM, "news"), 200);
	assert_true(has(msrp_cpim(&a), "news"));
	scene_run(s, 60000);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* SDP-21: answers that are none */
static void test_bad_answers(void **state)
{
	static const char *const answers[] = {
	    "",
	    "nonsense",
	    "v=0\r\nm=audio 9 RTP/AVP 0\r\n",
	    "v=0\r\nm=message 0 TCP/MSRP *\r\n",
	    "v=0\r\nm=message 9 TCP/MSRP *\r\na=accept-types:text/plain\r\n"
	    "a=path:msrp://10.0.0.5:9/x1;tcp\r\n",
	    "v=0\r\nm=message 9 TCP/TLS/MSRP *\r\n"
	    "a=accept-types:message/cpim\r\n"
	    "a=path:msrps://10.0.0.5:9/x1;tcp\r\n"};
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		struct sip_user a;

		sip_user_init(&a, s, "alice", ROOM);
		assert_int_equal(sip_user_invite(&a, STR_NONE), 200);
		sip_user_ack_with(&a, str_z(answers[i]));
		assert_int_equal(scene_sip(s, PORT_SEND, "BYE").dlg, a.dlg);
		sip_user_done(&a);
	}
}

/* SDP-21, SDP-17: a re-INVITE without SDP is offered what there is; a session
 * that was lost is offered anew */
static void test_reinvite_without_offer(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct str first, answer;

	sip_user_join(&a, s, "alice", ROOM,
		      "a=chatroom:nickname\r\nm=audio 4000 RTP/AVP 0\r\n");
	first = a.sdp;
	assert_int_equal(sip_user_invite(&a, STR_NONE), 200);
	assert_true(str_eq(a.sdp, first));
	answer = arena_printf(s->arena, "%.*sm=audio 0 RTP/AVP 0\r\n",
			      STR_ARG(offer_with(&a, "a=setup:active\r\n")));
	sip_user_ack_with(&a, answer);
	assert_int_equal(msrp_say(&a, ROOM, "still here"), 200);

	bufferevent_flush(a.msrp, EV_WRITE, BEV_FINISHED);
	scene_run(s, 1000);
	assert_int_equal(sip_user_invite(&a, STR_NONE), 200);
	assert_true(has(a.sdp, "a=setup:actpass\r\n"));
	assert_true(has(a.sdp, "m=audio 0 RTP/AVP 0\r\n"));
	snprintf(a.own_path, sizeof(a.own_path), "msrp://10.0.0.5:9/new;tcp");
	answer = arena_printf(s->arena, "%.*sm=audio 0 RTP/AVP 0\r\n",
			      STR_ARG(offer_with(&a, "a=setup:active\r\n")));
	sip_user_ack_with(&a, answer);
	bind_session(&a);
	assert_int_equal(msrp_say(&a, ROOM, "here again"), 200);
	scene_run(s, 60000);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	sip_user_done(&a);
}

/* --- we connect --- */

static void say_hello(struct callee *c, struct scene *s)
{
	struct sip_user b;
	struct str heard = callee_hears(c, s, "$\r\n");

	assert_true(has(heard, " SEND\r\n"));
	assert_true(has(heard, "Byte-Range: 1-0/0\r\n"));
	assert_false(has(heard, "Content-Type"));
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:nickname\r\n");
	assert_int_equal(msrp_say(&b, ROOM, "hello"), 200);
	assert_true(has(callee_hears(c, s, "hello"), "Content-Type: message/"));
	sip_user_done(&b);
}

/* V-SDP-8, SDP-10, MSRP-72: our offer is answered with setup:active, passive,
 * nothing */
static void answered_with(struct scene *s, const char *setup_line, bool calls)
{
	struct sip_user a;
	struct callee c;

	sip_user_init(&a, s, "alice", ROOM);
	callee_listen(&c, &a);
	assert_int_equal(sip_user_invite(&a, STR_NONE), 200);
	assert_false(callee_called(&c, s));
	sip_user_ack_with(&a, description(&a, "127.0.0.1", c.port, setup_line));
	assert_int_equal(callee_called(&c, s), calls);
	if (calls)
		say_hello(&c, s);
	callee_done(&c);
	sip_user_done(&a);
}

static void test_answer_active(void **state)
{
	answered_with(*state, "a=setup:active\r\n", false);
}

static void test_answer_passive(void **state)
{
	answered_with(*state, "a=setup:passive\r\n", true);
}

static void test_answer_without_setup(void **state)
{
	answered_with(*state, "", true);
}

/* MSRP-72, SDP-9: the offer is passive, so we connect once the ACK is there */
static void test_offer_passive(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct callee c;

	sip_user_init(&a, s, "alice", ROOM);
	callee_listen(&c, &a);
	assert_int_equal(
	    sip_user_invite(&a, description(&a, "127.0.0.1", c.port,
					    "a=setup:passive\r\n")),
	    200);
	assert_true(has(a.sdp, "a=setup:active\r\n"));
	assert_false(has(a.sdp, "msrp-cema"));
	assert_false(callee_called(&c, s));
	sip_user_ack(&a);
	assert_true(callee_called(&c, s));
	say_hello(&c, s);
	callee_done(&c);
	sip_user_done(&a);
}

/* --- middleboxes --- */

/* SDP-11: a=msrp-cema is answered, and we connect to c= and m=; the To-Path
 * stays */
static void test_cema(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct callee c;

	sip_user_init(&a, s, "alice", ROOM);
	callee_listen(&c, &a);
	snprintf(a.own_path, sizeof(a.own_path),
		 "msrp://198.51.100.7:7394/2s93i93idj;tcp");
	assert_int_equal(
	    sip_user_invite(&a, description(&a, "127.0.0.1", c.port,
					    "a=setup:passive\r\n"
					    "a=msrp-cema\r\n")),
	    200);
	assert_true(has(a.sdp, "a=msrp-cema\r\n"));
	sip_user_ack(&a);
	assert_true(callee_called(&c, s));
	assert_true(
	    has(callee_hears(&c, s, "$\r\n"),
		"To-Path: msrp://198.51.100.7:7394/2s93i93idj;tcp\r\n"));
	callee_done(&c);
	sip_user_done(&a);
}

/* SDP-11: not to an active client behind relays, who then comes by its path */
static void test_cema_and_relays(void **state)
{
	struct scene *s = *state;
	struct sip_user a;

	sip_user_init(&a, s, "alice", ROOM);
	assert_int_equal(sip_user_invite(&a, offer_with(&a, "a=setup:active\r\n"
							    "a=msrp-cema\r\n")),
			 200);
	assert_true(has(a.sdp, "a=msrp-cema\r\n"));
	sip_user_done(&a);
	sip_user_init(&a, s, "bob", ROOM);
	snprintf(a.own_path, sizeof(a.own_path),
		 "msrp://198.51.100.7:9/r;tcp msrp://10.0.0.5:9/b;tcp");
	assert_int_equal(sip_user_invite(&a, offer_with(&a, "a=setup:active\r\n"
							    "a=msrp-cema\r\n")),
			 200);
	assert_false(has(a.sdp, "msrp-cema"));
	sip_user_done(&a);
}

/* SDP-12: an address that no URI of the path names; also a first URI that
 * we can't connect to */
static void test_unlike_addresses(void **state)
{
	struct scene *s = *state;
	struct sip_user a;

	sip_user_init(&a, s, "alice", ROOM);
	assert_int_equal(sip_user_invite(&a, description(&a, "192.0.2.1", 2855,
							 "a=setup:active\r\n")),
			 200);
	sip_user_done(&a);
	sip_user_init(&a, s, "bob", ROOM);
	assert_int_equal(
	    sip_user_invite(
		&a, description(&a, "192.0.2.1", 2855, "a=setup:passive\r\n")),
	    488);
	snprintf(a.own_path, sizeof(a.own_path), "msrp://10.0.0.5:9/b;ws");
	assert_int_equal(
	    sip_user_invite(&a, offer_with(&a, "a=setup:passive\r\n")), 488);
	sip_user_done(&a);
}

static int setup_advertised(void **state)
{
	return with_config(state, "msrp { listen = {\"tcp:127.0.0.1:0\"} "
				  "host = \"192.0.2.80\" port = 12855 }\n"
				  "sip { trust = {\"127.0.0.0/8\"} }\n" DOMAIN);
}

/* SDP-3: behind a NAT the outer address is in c=, m= and path, and requests to
 * it are ours */
static void test_advertised(void **state)
{
	struct scene *s = *state;
	struct sip_user a;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:nickname\r\n");
	assert_true(has(a.sdp, "c=IN IP4 192.0.2.80\r\n"));
	assert_true(has(a.sdp, "m=message 12855 TCP/MSRP *\r\n"));
	assert_true(has(a.sdp, "a=path:msrp://192.0.2.80:12855/"));
	assert_int_equal(msrp_say(&a, ROOM, "through the NAT"), 200);
	sip_user_done(&a);
}

static int setup_force_tls(void **state)
{
	return with_config(state,
			   "domain \"chat.test\" { secret = \"x\" rooms = "
			   "local force-tls = true }\n");
}

/* SDP-23 */
static void test_force_tls(void **state)
{
	struct sip_user a;

	sip_user_init(&a, *state, "alice", ROOM);
	assert_int_equal(
	    sip_user_invite(&a, offer_with(&a, "a=setup:active\r\n")), 488);
	sip_user_done(&a);
}

/* --- hold --- */

static struct str roster(struct scene *s, struct sip_user *watcher)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	sip_user_init(watcher, s, "watcher", ROOM);
	m.new_dialog = true;
	sip_user_request(watcher, &m, "SUBSCRIBE");
	m.expires = 0;
	m.f[PORT_F_EVENT] = STR("conference");
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_ANSWER, NULL).status, 200);
	m = scene_sip(s, PORT_SEND, "NOTIFY");
	scene_sip_response(s, &m, 200);
	return m.f[PORT_F_BODY];
}

/* SDP-19, EVENT-21: on hold nothing is sent, the roster tells; what he asks for
 * is mirrored */
static void test_hold(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b, watcher;
	struct str doc;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom:nickname\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom:nickname\r\n");
	assert_false(has(roster(s, &watcher), "on-hold"));
	sip_user_done(&watcher);

	assert_int_equal(
	    sip_user_invite(&b, sip_user_offer(&b, "a=inactive\r\n"
						   "a=chatroom:nickname\r\n")),
	    200);
	assert_true(has(b.sdp, "a=inactive\r\n"));
	sip_user_ack(&b);
	doc = roster(s, &watcher);
	assert_true(has(doc, "<status>on-hold</status>"));
	assert_true(has(doc, "<status>inactive</status>"));
	sip_user_done(&watcher);
	assert_int_equal(msrp_say(&a, ROOM, "unheard"), 200);
	assert_int_equal(msrp_take(&b).n, 0);
	assert_int_equal(msrp_say(&b, ROOM, "refused"), 403);

	assert_int_equal(
	    sip_user_invite(&b, sip_user_offer(&b, "a=sendonly\r\n"
						   "a=chatroom:nickname\r\n")),
	    200);
	assert_true(has(b.sdp, "a=recvonly\r\n"));
	sip_user_ack(&b);
	assert_int_equal(msrp_say(&b, ROOM, "heard"), 200);
	assert_true(has(msrp_cpim(&a), "heard"));

	assert_int_equal(
	    sip_user_invite(&b, sip_user_offer(&b, "a=chatroom:nickname\r\n")),
	    200);
	sip_user_ack(&b);
	assert_false(has(roster(s, &watcher), "on-hold"));
	sip_user_done(&watcher);
	assert_int_equal(msrp_say(&a, ROOM, "again"), 200);
	assert_true(has(msrp_cpim(&b), "again"));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* --- bodies --- */

static int invite_with(struct scene *s, const char *type, struct str body,
		       const char *headers)
{
	struct port_msg m = port_msg(PORT_REQUEST), a;
	struct sip_user u;

	sip_user_init(&u, s, "alice", ROOM);
	m.new_dialog = true;
	sip_user_request(&u, &m, "INVITE");
	m.f[PORT_F_TYPE] = str_z(type);
	m.f[PORT_F_HEADERS] = str_z(headers);
	m.f[PORT_F_BODY] = body;
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	if (a.status == 200)
		assert_true(has(a.f[PORT_F_BODY], "a=setup:passive\r\n"));
	if (a.status == 415)
		assert_true(has(a.f[PORT_F_HEADERS],
				"Accept: application/sdp, multipart/mixed"));
	sip_user_done(&u);
	return a.status;
}

static struct str parts(struct scene *s, const char *headers)
{
	struct sip_user u = {.s = s, .own_path = "msrp://10.0.0.5:9/p;tcp"};

	return arena_printf(s->arena,
			    "--b1\r\n%s\r\n\r\n<x/>\r\n--b1\r\n"
			    "Content-Type: application/sdp\r\n\r\n%.*s\r\n"
			    "--b1--\r\n",
			    headers,
			    STR_ARG(offer_with(&u, "a=setup:active\r\n")));
}

/* SIP-4 */
static void test_bodies(void **state)
{
	struct scene *s = *state;
	const char *mixed = "multipart/mixed; boundary=\"b1\"";
	const char *unknown = "Content-Type: application/x-unknown";

	assert_int_equal(invite_with(s, mixed, parts(s, unknown), ""), 415);
	assert_int_equal(
	    invite_with(s, mixed,
			parts(s, "Content-Type: application/x-unknown\r\n"
				 "Content-Disposition: render;"
				 "handling=optional"),
			""),
	    200);
	assert_int_equal(
	    invite_with(s, mixed,
			parts(s, "content-disposition: x ; Handling=required"),
			""),
	    415);
	assert_int_equal(
	    invite_with(s, "multipart/mixed", parts(s, unknown), ""), 400);
	assert_int_equal(invite_with(s, "multipart/related; boundary=b1",
				     parts(s, unknown), ""),
			 415);
	assert_int_equal(invite_with(s, "application/x-unknown", STR("x"), ""),
			 415);
}

/* RFC 3261 §8.2.3: a body that may be ignored is, and then we offer */
static void test_optional_body(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST), a;
	struct sip_user u;

	sip_user_init(&u, s, "alice", ROOM);
	m.new_dialog = true;
	sip_user_request(&u, &m, "INVITE");
	m.f[PORT_F_TYPE] = STR("application/x-unknown");
	m.f[PORT_F_HEADERS] =
	    STR("Content-Disposition: session;handling=optional\r\n");
	m.f[PORT_F_BODY] = STR("x");
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.status, 200);
	assert_true(has(a.f[PORT_F_BODY], "a=setup:actpass\r\n"));
	sip_user_done(&u);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_no_offer),
	    TEST(test_bound_before_answer),
	    TEST(test_bad_answers),
	    TEST(test_reinvite_without_offer),
	    TEST(test_answer_active),
	    TEST(test_answer_passive),
	    TEST(test_answer_without_setup),
	    TEST(test_offer_passive),
	    TEST(test_cema),
	    TEST(test_cema_and_relays),
	    TEST(test_unlike_addresses),
	    cmocka_unit_test_setup_teardown(test_advertised, setup_advertised,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_force_tls, setup_force_tls,
					    scene_teardown),
	    TEST(test_hold),
	    TEST(test_bodies),
	    TEST(test_optional_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
