/* Who offers and who connects: INVITEs without SDP, connections that stoxd
 * makes. */
#include "scene.h"

#include <arpa/inet.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM   "sip:r@chat.test"
#define DOMAIN "domain \"chat.test\" { secret = \"x\" rooms = local }\n"

static int setup(void **state)
{
	*state = scene_new(DOMAIN);
	return 0;
}

static int teardown(void **state)
{
	scene_free(*state);
	return 0;
}

/* --- an MSRP client that is connected to --- */

struct callee {
	int listener, fd;
	char bytes[8192];
	size_t n;
};

static void callee_listen(struct callee *c, struct sip_user *u)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t n = sizeof(in);

	*c = (struct callee){.fd = -1};
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(c->listener, (struct sockaddr *)&in, n), 0);
	assert_int_equal(listen(c->listener, 4), 0);
	getsockname(c->listener, (struct sockaddr *)&in, &n);
	snprintf(u->own_path, sizeof(u->own_path),
		 "msrp://127.0.0.1:%u/%s1;tcp", ntohs(in.sin_port), u->name);
}

static bool callee_called(struct callee *c, struct scene *s)
{
	struct pollfd p = {.fd = c->listener, .events = POLLIN};

	loop_settle(s->loop);
	if (poll(&p, 1, 0) != 1)
		return false;
	c->fd = accept(c->listener, NULL, NULL);
	assert_true(c->fd >= 0);
	return true;
}

/* Everything up to this word has come. */
static struct str callee_hears(struct callee *c, struct scene *s,
			       const char *word)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	loop_settle(s->loop);
	while (!has(str_of(c->bytes, c->n), word)) {
		ssize_t n;

		assert_int_equal(poll(&p, 1, 2000), 1);
		n = read(c->fd, c->bytes + c->n, sizeof(c->bytes) - c->n);
		assert_true(n > 0);
		c->n += (size_t)n;
		loop_settle(s->loop);
	}
	return str_of(c->bytes, c->n);
}

static void callee_done(struct callee *c)
{
	if (c->fd >= 0)
		close(c->fd);
	close(c->listener);
}

static struct str offer_with(struct sip_user *u, const char *lines)
{
	return arena_printf(u->s->arena,
			    "v=0\r\no=- %u 1 IN IP4 10.0.0.5\r\ns=-\r\n"
			    "c=IN IP4 10.0.0.5\r\nt=0 0\r\n"
			    "m=message 9 TCP/MSRP *\r\n"
			    "a=accept-types:message/cpim\r\n"
			    "a=accept-wrapped-types:*\r\n"
			    "a=chatroom:nickname private-messages\r\n"
			    "a=path:%s\r\n%s",
			    ++u->ids, u->own_path, lines);
}

static void bind_session(struct sip_user *u)
{
	sip_user_connect(u);
	msrp_request(u, "SEND", "Message-ID: bind\r\nByte-Range: 1-0/0\r\n");
	assert_int_equal(msrp_status(u), 200);
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
	sip_user_ack_with(&a, offer_with(&a, setup_line));
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
	    sip_user_invite(&a, offer_with(&a, "a=setup:passive\r\n")), 200);
	assert_true(has(a.sdp, "a=setup:active\r\n"));
	assert_false(callee_called(&c, s));
	sip_user_ack(&a);
	assert_true(callee_called(&c, s));
	say_hello(&c, s);
	callee_done(&c);
	sip_user_done(&a);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
