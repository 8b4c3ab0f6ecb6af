/* The forms that draft-niemi-simple-chat-06 had before RFC 7701, and private
 * messages to oneself. */
#include "scene.h"

#include <stdio.h>

#define ROOM "sip:r@chat.test"
#define BOTH "a=chatroom:nickname private-messages\r\n"

static int setup(void **state)
{
	*state =
	    scene_new("domain \"chat.test\" { secret = \"x\" rooms = local "
		      "notify-interval = 0 }\n");
	return 0;
}

static int set_nickname(struct sip_user *u, const char *lines)
{
	msrp_request(u, "NICKNAME", lines);
	return msrp_status(u);
}

/* V-DRAFT-1, V-DRAFT-2, DRAFT-1, DRAFT-2 */
static void test_set_nickname(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, BOTH);
	sip_user_join(&b, s, "bob", ROOM, BOTH);
	assert_int_equal(set_nickname(&a, "Set-Nickname: \"Al\" "
					  "<sip:al%20x%40r@chat.test>\r\n"),
			 200);
	assert_int_equal(msrp_nickname(&b, "\"al x\""), 425);
	assert_int_equal(
	    set_nickname(&b, "Set-Nickname: <sip:AL%20x%40r@chat.test>\r\n"),
	    425);
	assert_int_equal(
	    set_nickname(&b, "Set-Nickname: <sip:b%40other@chat.test>\r\n"),
	    424);
	assert_int_equal(
	    set_nickname(&b, "Set-Nickname: <sip:b%40other@chat.test>\r\n"
			     "Use-Nickname: \"Ben\"\r\n"),
	    200);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* V-DRAFT-4, DRAFT-3, DRAFT-4, DRAFT-5 */
static void test_nickname_addresses(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, BOTH);
	sip_user_join(&b, s, "bob", ROOM, BOTH);
	assert_int_equal(msrp_nickname(&b, "\"Ben\""), 200);
	assert_int_equal(msrp_say(&a, "sip:ben%40r@chat.test", "one"), 200);
	assert_true(has(msrp_cpim(&b), "one"));
	assert_int_equal(msrp_say(&a, "sip:zz%40r@chat.test", "two"), 404);
	assert_int_equal(msrp_say(&a, "sip:ben%40q@chat.test", "two"), 404);
	assert_int_equal(msrp_say(&a, ROOM ">\r\nTo: <" ROOM, "two"), 403);
	assert_int_equal(msrp_take(&b).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
}

static int say_as(struct sip_user *u, const char *from)
{
	static unsigned n;
	char lines[512];

	snprintf(lines, sizeof(lines),
		 "Message-ID: draft%u\r\nContent-Type: message/cpim\r\n\r\n"
		 "From: <%s>\r\nTo: <" ROOM ">\r\n\r\n"
		 "Content-Type: text/plain\r\n\r\nhi\r\n",
		 ++n, from);
	msrp_request(u, "SEND", lines);
	return msrp_status(u);
}

/* DRAFT-3: the sender's own nickname in From, nobody else's. */
static void test_nickname_as_sender(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, BOTH);
	sip_user_join(&b, s, "bob", ROOM, BOTH);
	assert_int_equal(msrp_nickname(&a, "\"Ann\""), 200);
	assert_int_equal(say_as(&a, "sip:ann%40r@chat.test"), 200);
	assert_true(has(msrp_cpim(&b), "From: <sip:ann%40r@chat.test>"));
	assert_int_equal(say_as(&a, "sip:bob%40r@chat.test"), 403);
	assert_int_equal(say_as(&a, "sip:ann%40q@chat.test"), 403);
	assert_int_equal(msrp_take(&b).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* CHAT-36: who writes to himself gets it, and nobody else does. */
static void test_private_to_oneself(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, BOTH);
	sip_user_join(&b, s, "bob", ROOM, BOTH);
	msrp_request(&a, "SEND",
		     "Message-ID: self1\r\nContent-Type: message/cpim\r\n\r\n"
		     "From: <sip:alice@sip.test>\r\n"
		     "To: <sip:alice@sip.test>\r\n\r\n"
		     "Content-Type: text/plain\r\n\r\nremember\r\n");
	assert_true(has(msrp_cpim(&a), "remember"));
	assert_true(has(msrp_take(&a), " 200 OK\r\n"));
	assert_int_equal(msrp_take(&b).n, 0);
	sip_user_done(&a);
	sip_user_done(&b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_set_nickname),
	    TEST(test_nickname_addresses),
	    TEST(test_nickname_as_sender),
	    TEST(test_private_to_oneself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
