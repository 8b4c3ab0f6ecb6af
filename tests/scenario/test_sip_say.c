/* What SIP users say in a local room, and who gets it. */
#include "sip_room.h"

#include <stdio.h>

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

/* MSRP-39: the same Message-ID in another room is another message. */
static void test_same_id_elsewhere(void **state)
{
	static const char more[] =
	    "Message-ID: twice\r\nContent-Type: message/cpim\r\n\r\n"
	    "From: <sip:alice@sip.test>\r\nTo: <sip:%s@chat.test>\r\n\r\n"
	    "Content-Type: text/plain\r\n\r\nx\r\n";
	static const char *const rooms[] = {"r", "q"};
	struct scene *s = *state;
	char in[512], uri[64];

	for (int i = 0; i < 2; i++) {
		struct sip_user a, b;

		snprintf(uri, sizeof(uri), "sip:%s@chat.test", rooms[i]);
		snprintf(in, sizeof(in), more, rooms[i]);
		sip_user_join(&a, s, "alice", uri, "a=chatroom\r\n");
		sip_user_join(&b, s, "bob", uri, "a=chatroom\r\n");
		msrp_request(&a, "SEND", in);
		assert_int_equal(msrp_status(&a), 200);
		msrp_cpim(&b);
		sip_user_done(&a);
		sip_user_done(&b);
	}
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_message_fans_out),
	    TEST(test_message_is_refused),
	    TEST(test_chunks),
	    TEST(test_private_messages),
	    TEST(test_private_type),
	    TEST(test_private_on_hold),
	    TEST(test_duplicates),
	    TEST(test_same_id_elsewhere),
	    TEST(test_imdn),
	    TEST(test_wrapped_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
