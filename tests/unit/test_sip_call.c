/* Calls and subscriptions through the SIP process, as a peer and the core see
 * them. */
#include <poll.h>

#include "tests/unit/sip_bed.h"

/* SIP-1: UDP and TCP. FOCUS-10: BYE is answered 200. */
static void invites_and_ends(struct bed *b, bool tcp)
{
	struct peer p;
	struct call c = {&p, "basic", "ft1", ""};
	const struct port_msg *m;
	const char *z;
	char self[ADDR_TEXT_MAX];

	peer_open(&p, b, tcp);
	call_say(
	    &c, "INVITE", 7,
	    "Contact: <sip:a@10.1.2.3:5>\r\nContent-Type: application/sdp\r\n"
	    "Supported: timer, replaces\r\nP-Asserted-Identity: <sip:b@x>\r\n"
	    "X-Other: y\r\nUser-Agent: T 1\r\nSubject: hello\r\n",
	    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n");
	m = core_asked(b, "INVITE");
	assert_true(m->new_dialog);
	assert_int_equal(m->cseq, 7);
	assert_true(str_eq(m->f[PORT_F_RURI], STR("sip:room@127.0.0.1")));
	assert_true(str_eq(m->f[PORT_F_FROM],
			   STR("\"A\" <sip:a@example.org>;tag=ft1")));
	assert_true(str_eq(m->f[PORT_F_TO], STR("<sip:room@127.0.0.1>")));
	assert_true(str_eq(m->f[PORT_F_FROM_TAG], STR("ft1")));
	assert_true(str_eq(m->f[PORT_F_TO_TAG], STR_NONE));
	assert_true(str_eq(m->f[PORT_F_CALL_ID], STR("basic")));
	assert_true(str_eq(m->f[PORT_F_CONTACT], STR("sip:a@10.1.2.3:5")));
	assert_true(str_eq(m->f[PORT_F_PEER], str_z(addr_text(&p.self, self))));
	assert_true(str_eq(m->f[PORT_F_TRANSPORT], str_z(tcp ? "tcp" : "udp")));
	assert_true(str_eq(m->f[PORT_F_IDENTITY], STR("<sip:b@x>")));
	assert_true(str_search(m->f[PORT_F_HEADERS], STR("X-Other: y\r\n")) >=
		    0);
	assert_true(str_eq(m->f[PORT_F_USER_AGENT], STR("T 1")));
	assert_true(str_eq(m->f[PORT_F_SUBJECT], STR("hello")));
	assert_true(str_eq(m->f[PORT_F_SUPPORTED], STR("timer, replaces")));
	assert_true(str_eq(m->f[PORT_F_TYPE], STR("application/sdp")));
	assert_true(str_eq(m->f[PORT_F_BODY],
			   STR("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n")));
	core_answer(b, m, 180, NULL, NULL);
	peer_hears_start(&p, "SIP/2.0 180");
	core_answer(b, m, 200, "X-Ours: 1\r\n", "v=0\r\n");
	z = peer_hears_start(&p, "SIP/2.0 200");
	assert_string_equal(header(z, "Contact"),
			    "<sip:room@127.0.0.1>;isfocus");
	assert_string_equal(header(z, "Server"), "stoxd/test");
	assert_non_null(strstr(header(z, "Allow"), "INVITE"));
	assert_non_null(strstr(header(z, "Allow-Events"), "conference"));
	assert_string_equal(header(z, "X-Ours"), "1");
	assert_non_null(strstr(z, "\r\n\r\nv=0\r\n"));
	call_learn_tag(&c, z);
	call_say(&c, "ACK", 7, NULL, "late answer");
	m = core_told(b, PORT_ACK);
	assert_int_equal(m->cseq, 7);
	assert_true(str_eq(m->f[PORT_F_BODY], STR("late answer")));
	assert_int_equal(sip_child_stats(b->child).dialogs, 1);

	call_say(&c, "BYE", 8, "Reason: SIP;cause=200\r\n", NULL);
	peer_hears_start(&p, "SIP/2.0 200");
	m = core_asked(b, "BYE");
	assert_false(m->new_dialog);
	assert_true(str_eq(m->f[PORT_F_SIP_REASON], STR("SIP;cause=200")));
	core_forget(b, m->dlg);
	assert_int_equal(sip_child_stats(b->child).dialogs, 0);
	assert_int_equal(sip_child_stats(b->child).tombstones, 1);
	call_say(&c, "INFO", 9, NULL, NULL);
	peer_hears_start(&p, "SIP/2.0 481");
	peer_close(&p);
}

static void udp_call(void **state)
{
	invites_and_ends(*state, false);
}

static void tcp_call(void **state)
{
	invites_and_ends(*state, true);
}

static void reinvites(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "reinvite", "ft", ""};
	const struct port_msg *m, *second;
	const char *z;
	uint64_t dlg, req;

	peer_open(&p, b, false);
	dlg = call_establish(&c, "");
	call_say_as(&c, "INVITE", 2, "refused",
		    "Contact: <sip:moved@127.0.0.1:9>\r\n", NULL);
	m = core_asked(b, "INVITE");
	assert_true(m->dlg == dlg);
	assert_false(m->new_dialog);

	/* FOCUS-8: a second INVITE while the first is open, and a lower CSeq */
	call_say_as(&c, "INVITE", 3, "second", call_contact(&c), NULL);
	z = peer_hears_start(&p, "SIP/2.0 500");
	assert_true(atoi(header(z, "Retry-After")) <= 10);
	assert_string_not_equal(header(z, "Retry-After"), "");
	call_say_as(&c, "ACK", 3, "second", NULL, NULL);
	call_say(&c, "INFO", 1, NULL, NULL);
	peer_hears_start(&p, "SIP/2.0 500");

	core_answer(b, m, 488, NULL, NULL);
	peer_hears_start(&p, "SIP/2.0 488");
	call_say_as(&c, "ACK", 2, "refused", NULL, NULL);

	/* refused: the target is still the old one */
	req = core_send(b, dlg, "INVITE", NULL, "offer");
	z = peer_hears_start(&p, "INVITE sip:a@127.0.0.1");
	assert_non_null(strstr(z, "\r\n\r\noffer"));
	assert_string_equal(header(z, "User-Agent"), "stoxd/test");
	assert_string_equal(header(z, "Contact"),
			    "<sip:room@127.0.0.1>;isfocus");

	/* FOCUS-8: ours is open: 491 */
	call_say_as(&c, "INVITE", 4, "crossing", call_contact(&c), NULL);
	peer_hears_start(&p, "SIP/2.0 491");
	call_say_as(&c, "ACK", 4, "crossing", NULL, NULL);

	peer_answer(&p, z, 200, call_contact(&c), "answer");
	second = core_outcome(b, req, 200);
	assert_true(str_eq(second->f[PORT_F_BODY], STR("answer")));
	z = peer_hears_start(&p, "ACK sip:a@127.0.0.1");
	assert_string_equal(header(z, "CSeq"), "2 ACK");
	peer_close(&p);
}

/* RFC 4028 on the wire: what the core decides of timers goes out as it is, what
 * the peer says of them comes in. FOCUS-52 */
static void carries_session_timers(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "timers", "ft", ""};
	const struct port_msg *m;
	const char *z;
	char extra[512];
	uint64_t dlg, req;

	peer_open(&p, b, true);
	snprintf(extra, sizeof extra,
		 "%sx: 1800;refresher=uac\r\nMin-SE: 100\r\nk: timer\r\n"
		 "Require: timer\r\nAllow: INVITE, UPDATE\r\n",
		 call_contact(&c));
	call_say(&c, "INVITE", 1, extra, NULL);
	m = core_asked(b, "INVITE");
	assert_true(
	    str_eq(m->f[PORT_F_SESSION_EXPIRES], STR("1800;refresher=uac")));
	assert_true(str_eq(m->f[PORT_F_MIN_SE], STR("100")));
	assert_true(str_eq(m->f[PORT_F_SUPPORTED], STR("timer")));
	assert_true(str_eq(m->f[PORT_F_REQUIRE], STR("timer")));
	assert_true(str_search(m->f[PORT_F_HEADERS],
			       STR("Allow: INVITE, UPDATE\r\n")) >= 0);
	dlg = m->dlg;
	core_answer(b, m, 200,
		    "Session-Expires: 1800;refresher=uac\r\n"
		    "Require: timer\r\n",
		    "v=0\r\n");
	z = peer_hears_start(&p, "SIP/2.0 200");
	assert_string_equal(header(z, "Session-Expires"), "1800;refresher=uac");
	assert_string_equal(header(z, "Require"), "timer");
	assert_non_null(strstr(header(z, "Supported"), "timer"));
	call_learn_tag(&c, z);
	call_say(&c, "ACK", 1, NULL, NULL);
	core_told(b, PORT_ACK);

	req = core_send(b, dlg, "UPDATE",
			"Session-Expires: 1800;refresher=uac\r\n"
			"Min-SE: 100\r\n",
			NULL);
	z = peer_hears_start(&p, "UPDATE sip:a@127.0.0.1");
	assert_string_equal(header(z, "Session-Expires"), "1800;refresher=uac");
	assert_string_equal(header(z, "Min-SE"), "100");
	assert_non_null(strstr(header(z, "Supported"), "timer"));
	assert_string_equal(header(z, "Content-Length"), "0");
	peer_answer(&p, z, 422, "Min-SE: 3600\r\n", NULL);
	m = core_outcome(b, req, 422);
	assert_true(str_eq(m->f[PORT_F_MIN_SE], STR("3600")));

	req = core_send(b, dlg, "UPDATE",
			"Session-Expires: 3600;refresher=uac\r\n", NULL);
	z = peer_hears_start(&p, "UPDATE sip:a@127.0.0.1");
	snprintf(extra, sizeof extra,
		 "%sSession-Expires: 3600;refresher=uas\r\n", call_contact(&c));
	peer_answer(&p, z, 200, extra, NULL);
	m = core_outcome(b, req, 200);
	assert_true(
	    str_eq(m->f[PORT_F_SESSION_EXPIRES], STR("3600;refresher=uas")));

	snprintf(extra, sizeof extra, "%sSession-Expires: 3600\r\n",
		 call_contact(&c));
	call_say(&c, "UPDATE", 2, extra, NULL);
	m = core_asked(b, "UPDATE");
	assert_true(str_eq(m->f[PORT_F_SESSION_EXPIRES], STR("3600")));
	core_answer(b, m, 200, "Session-Expires: 3600;refresher=uac\r\n", NULL);
	z = peer_hears_start(&p, "SIP/2.0 200");
	assert_string_equal(header(z, "Session-Expires"), "3600;refresher=uac");
	peer_close(&p);
}

static void cancels(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "cancel", "ft", ""};
	const struct port_msg *m;
	const char *z;

	peer_open(&p, b, false);
	call_say_as(&c, "INVITE", 1, "cancelled", call_contact(&c), NULL);
	m = core_asked(b, "INVITE");
	/* SIP-3: CANCEL gets 200, its INVITE 487 */
	call_say_as(&c, "CANCEL", 1, "cancelled", NULL, NULL);
	z = peer_hears_start(&p, "SIP/2.0 200");
	assert_string_equal(header(z, "CSeq"), "1 CANCEL");
	z = peer_hears_start(&p, "SIP/2.0 487");
	assert_string_equal(header(z, "CSeq"), "1 INVITE");
	assert_true(core_told(b, PORT_CANCEL)->req == m->req);
	core_answer(b, m, 200, NULL, NULL); /* too late: no dialog */
	call_learn_tag(&c, z);
	call_say_as(&c, "ACK", 1, "cancelled", NULL, NULL);
	call_say(&c, "BYE", 2, NULL, NULL);
	peer_hears_start(&p, "SIP/2.0 481");
	assert_int_equal(sip_child_stats(b->child).dialogs, 0);
	peer_close(&p);
}

static void subscribes(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "subscribe", "ft", ""};
	const struct port_msg *m, *again;
	struct port_msg answer = port_msg(PORT_ANSWER);
	const char *z;
	char extra[512];
	uint64_t req;

	peer_open(&p, b, true);
	snprintf(extra, sizeof extra,
		 "%sEvent: conference;id=4\r\nExpires: 600\r\n"
		 "Accept: application/conference-info+xml\r\n",
		 call_contact(&c));
	call_say(&c, "SUBSCRIBE", 1, extra, NULL);
	m = core_asked(b, "SUBSCRIBE");
	assert_true(m->new_dialog);
	assert_int_equal(m->expires, 600);
	assert_true(str_eq(m->f[PORT_F_EVENT], STR("conference;id=4")));
	assert_true(str_eq(m->f[PORT_F_ACCEPT],
			   STR("application/conference-info+xml")));
	answer.req = m->req;
	answer.status = 200;
	answer.expires = 300;
	answer.f[PORT_F_CONTACT] = STR("<sip:room@127.0.0.1>;isfocus");
	sip_child_send(b->child, &answer);
	req = core_send(b, m->dlg, "NOTIFY",
			"Event: conference;id=4\r\n"
			"Subscription-State: active;expires=300\r\n",
			"state");
	z = peer_hears_start(&p, "SIP/2.0 200");
	assert_string_equal(header(z, "Expires"), "300");
	call_learn_tag(&c, z);
	z = peer_hears_start(&p, "NOTIFY sip:a@127.0.0.1");
	assert_non_null(strstr(header(z, "Supported"), "timer")); /* FOCUS-52 */
	assert_string_equal(header(z, "Event"), "conference;id=4");
	assert_string_equal(header(z, "Subscription-State"),
			    "active;expires=300");
	peer_answer(&p, z, 200, NULL, NULL);
	core_outcome(b, req, 200);

	/* a session in the same dialog: one leg, two usages */
	call_say(&c, "INVITE", 2, call_contact(&c), NULL);
	again = core_asked(b, "INVITE");
	assert_true(again->dlg == m->dlg);
	core_answer(b, again, 488, NULL, NULL);
	peer_hears_start(&p, "SIP/2.0 488");
	peer_close(&p);
}

static void answers_options(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "options", "ft", ""};
	const char *z;

	peer_open(&p, b, false);
	call_say(&c, "OPTIONS", 1, NULL, NULL);
	core_answer(b, core_asked(b, "OPTIONS"), 200, NULL, NULL);
	z = peer_hears_start(&p, "SIP/2.0 200");
	assert_non_null(strstr(header(z, "Allow"), "SUBSCRIBE"));
	assert_string_not_equal(header(z, "Supported"), "");
	peer_close(&p);
}

/* SIP-7 */
static void repeats_its_last_response(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "repeat", "ft", ""};
	char first[2048];

	peer_open(&p, b, false);
	call_say_as(&c, "OPTIONS", 1, "same", NULL, NULL);
	core_answer(b, core_asked(b, "OPTIONS"), 404, NULL, NULL);
	snprintf(first, sizeof first, "%s", peer_hears(&p));
	call_say_as(&c, "OPTIONS", 1, "same", NULL, NULL);
	assert_string_equal(peer_hears(&p), first);
	assert_true(TAILQ_EMPTY(&b->told));
	peer_close(&p);
}

/* A TCP client that listens nowhere gets requests on its own connection. */
static void reaches_a_client_that_does_not_listen(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "nat", "ft", ""};
	const char *z;
	uint64_t req;
	const struct port_msg *m;

	peer_open(&p, b, true);
	call_say(&c, "INVITE", 1,
		 "Contact: <sip:a@127.0.0.1:9;transport=tcp>\r\n", NULL);
	m = core_asked(b, "INVITE");
	core_answer(b, m, 200, NULL, NULL);
	call_learn_tag(&c, peer_hears_start(&p, "SIP/2.0 200"));
	call_say(&c, "ACK", 1, NULL, NULL);
	core_told(b, PORT_ACK);
	req = core_send(b, m->dlg, "INVITE", NULL, "offer");
	z = peer_hears_start(&p, "INVITE sip:a@127.0.0.1:9;transport=tcp");
	peer_answer(&p, z, 200,
		    "Contact: <sip:a@127.0.0.1:9;transport=tcp>\r\n", "x");
	core_outcome(b, req, 200);
	peer_hears_start(&p, "ACK sip:a@127.0.0.1:9;transport=tcp");
	req = core_send(b, m->dlg, "BYE", NULL, NULL);
	core_forget_now(b, m->dlg);
	z = peer_hears_start(&p, "BYE sip:a@127.0.0.1:9;transport=tcp");
	peer_answer(&p, z, 200, NULL, NULL);
	core_outcome(b, req, 200);
	peer_close(&p);
}

/* That connection gone, the target is tried: here nobody is there. */
static void falls_back_to_the_target(void **state)
{
	struct bed *b = *state;
	struct peer p, udp;
	struct call c = {&p, "gone", "ft", ""};
	const struct port_msg *m;
	char contact[128], self[ADDR_TEXT_MAX];
	const char *z;
	uint64_t req;

	peer_open(&p, b, true);
	peer_open(&udp, b, false);
	snprintf(contact, sizeof contact,
		 "Contact: <sip:a@%s;transport=udp>\r\n",
		 addr_text(&udp.self, self));
	call_say(&c, "INVITE", 1, contact, NULL);
	m = core_asked(b, "INVITE");
	core_answer(b, m, 200, NULL, NULL);
	call_learn_tag(&c, peer_hears_start(&p, "SIP/2.0 200"));
	call_say(&c, "ACK", 1, NULL, NULL);
	core_told(b, PORT_ACK);
	peer_close(&p);
	req = core_send(b, m->dlg, "BYE", NULL, NULL);
	z = peer_hears_start(&udp, "BYE sip:a@127.0.0.1");
	peer_answer(&udp, z, 200, NULL, NULL);
	core_outcome(b, req, 200);
	peer_close(&udp);
}

static void follows_a_route_set(void **state)
{
	struct bed *b = *state;
	struct peer p, proxy;
	struct call c = {&p, "routed", "ft", ""};
	char routes[256], self[ADDR_TEXT_MAX], want[256];
	const char *z;
	uint64_t dlg, req;

	peer_open(&p, b, false);
	peer_open(&proxy, b, false);
	snprintf(
	    routes, sizeof routes,
	    "Record-Route: <sip:%s;lr>\r\nRecord-Route: <sip:far@h;lr>\r\n",
	    addr_text(&proxy.self, self));
	dlg = call_establish(&c, routes);
	for (int i = 0; i < 2; i++) {
		req = core_send(b, dlg, "MESSAGE", NULL, "hi");
		z = peer_hears_start(&proxy, "MESSAGE sip:a@127.0.0.1");
		snprintf(want, sizeof want, "<sip:%s;lr>", self);
		assert_non_null(strstr(header(z, "Route"), want));
		assert_non_null(strstr(z, "<sip:far@h;lr>"));
		peer_answer(&proxy, z, 200, NULL, NULL);
		core_outcome(b, req, 200);
		if (i == 0)
			bed_kill(b); /* the order survives it */
	}
	peer_close(&p);
	peer_close(&proxy);
}

static uint64_t send_large(struct bed *b, uint64_t dlg)
{
	static char body[5001];
	memset(body, 'x', 5000);
	return core_send(b, dlg, "NOTIFY", NULL, body);
}

/* SIP-1: over 1300 octets by TCP, ... */
static void sends_large_requests_by_tcp(void **state)
{
	struct bed *b = *state;
	struct peer p, tcp;
	struct call c = {&p, "large", "ft", ""};
	struct sockaddr_in any;
	socklen_t n;
	const char *z;
	uint64_t dlg, req;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	/* a port that is free for both */
	for (int tries = 0;; tries++) {
		peer_open(&p, b, false);
		n = sizeof any;
		getsockname(p.fd, (struct sockaddr *)&any, &n);
		if (bind(listener, (struct sockaddr *)&any, n) == 0)
			break;
		assert_true(tries < 50);
		peer_close(&p);
	}
	assert_int_equal(listen(listener, 1), 0);
	dlg = call_establish(&c, "");
	req = send_large(b, dlg);
	peer_accept(&tcp, b, listener);
	z = peer_hears_start(&tcp, "NOTIFY");
	assert_string_equal(header(z, "Content-Length"), "5000");
	assert_int_equal(strncmp(header(z, "Via"), "SIP/2.0/TCP", 11), 0);
	peer_answer(&tcp, z, 200, NULL, NULL);
	core_outcome(b, req, 200);
	close(listener);
	peer_close(&tcp);
	peer_close(&p);
}

/* ... but by UDP to a peer without TCP. */
static void sends_large_requests_by_udp(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "large", "ft", ""};
	const char *z;
	uint64_t dlg, req;

	peer_open(&p, b, false);
	dlg = call_establish(&c, "");
	req = send_large(b, dlg);
	z = peer_hears_start(&p, "NOTIFY");
	assert_int_equal(strncmp(header(z, "Via"), "SIP/2.0/UDP", 11), 0);
	peer_answer(&p, z, 200, NULL, NULL);
	core_outcome(b, req, 200);
	peer_close(&p);
}

/* RFC 5626 §4.4.1 */
static void answers_keepalives(void **state)
{
	struct bed *b = *state;
	struct peer p;
	char z[8] = "";

	peer_open(&p, b, true);
	event_del(p.ev);
	evutil_make_socket_nonblocking(p.fd);
	peer_say(&p, STR("\r\n\r\n"));
	struct pollfd poller = {p.fd, POLLIN, 0};
	assert_int_equal(poll(&poller, 1, BED_PATIENCE_MS), 1);
	assert_int_equal(recv(p.fd, z, sizeof z, 0), 2);
	assert_string_equal(z, "\r\n");
	peer_close(&p);
}

static void listens_on_ipv6(void **state)
{
	struct bed b;
	struct peer p;
	struct call c = {&p, "six", "ft", ""};
	struct addr to;
	const char *z;
	uint64_t dlg, req;
	(void)state;

	bed_start(&b, bed_program(), "udp:[::1]:0 tcp:[::1]:0 udp:127.0.0.1:0");
	assert_int_equal(b.ready, 1);
	z = strstr(sip_child_listen(b.child), "udp:[::1]:");
	assert_non_null(z);
	assert_int_equal(addr_parse(str_of(z + 4, strcspn(z + 4, " ")), &to),
			 0);
	peer_open_at(&p, &b, false, to);
	dlg = call_establish(&c, "");
	req = core_send(&b, dlg, "BYE", NULL, NULL);
	z = peer_hears_start(&p, "BYE sip:a@[::1]:");
	peer_answer(&p, z, 200, NULL, NULL);
	core_outcome(&b, req, 200);
	peer_close(&p);
	bed_done(&b);
}

#define IN_BED(f) cmocka_unit_test_setup_teardown(f, bed_setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_BED(udp_call),
	    IN_BED(tcp_call),
	    IN_BED(reinvites),
	    IN_BED(carries_session_timers),
	    IN_BED(cancels),
	    IN_BED(subscribes),
	    IN_BED(answers_options),
	    IN_BED(repeats_its_last_response),
	    IN_BED(reaches_a_client_that_does_not_listen),
	    IN_BED(falls_back_to_the_target),
	    IN_BED(follows_a_route_set),
	    IN_BED(sends_large_requests_by_tcp),
	    IN_BED(sends_large_requests_by_udp),
	    IN_BED(answers_keepalives),
	    cmocka_unit_test(listens_on_ipv6),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
