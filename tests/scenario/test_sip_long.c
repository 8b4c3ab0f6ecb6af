/* Long messages from SIP users: told when their headers are there, passed on
 * as they come. */
#include "scene.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM "sip:r@chat.test"
#define DOMAIN                                                                 \
	"domain \"chat.test\" { secret = \"x\" rooms = local notify-interval " \
	"= 0 plain-clients = true }\n"
#define ANY                                                                    \
	"a=accept-types:message/cpim\r\na=accept-wrapped-types:*\r\n"          \
	"a=chatroom:nickname private-messages\r\n"
#define TEXTS                                                                  \
	"a=accept-types:message/cpim\r\na=accept-wrapped-types:text/plain\r\n" \
	"a=chatroom:nickname private-messages\r\n"

struct cast {
	struct scene *s;
	struct sip_user alice, bob, dave;
	const char *id;	 /* of Alice's message */
	const char *tid; /* of her last chunk */
};

/* An offer whose lists are these alone. */
static void enter(struct sip_user *u, struct scene *s, const char *name,
		  const char *lines)
{
	char sdp[1024];

	sip_user_init(u, s, name, ROOM);
	snprintf(sdp, sizeof(sdp),
		 "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5"
		 "\r\nt=0 0\r\nm=message 9 TCP/MSRP *\r\na=path:%s\r\n%s",
		 u->own_path, lines);
	assert_int_equal(sip_user_invite(u, str_z(sdp)), 200);
	sip_user_ack(u);
	sip_user_connect(u);
	msrp_request(u, "SEND", "Message-ID: bind1\r\nByte-Range: 1-0/0\r\n");
	assert_int_equal(msrp_status(u), 200);
	while (msrp_take(u).n)
		;
}

static int setup(void **state)
{
	struct cast *c = calloc(1, sizeof(*c));

	c->id = "m1";
	c->s = scene_new(DOMAIN);
	enter(&c->alice, c->s, "alice", ANY);
	enter(&c->bob, c->s, "bob", ANY);
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct cast *c = *state;

	sip_user_done(&c->alice);
	sip_user_done(&c->bob);
	scene_free(c->s);
	free(c);
	return 0;
}

/* A chunk of a message of `total` octets; its end-line only with a flag. */
static void chunk(struct cast *c, size_t start, const char *total,
		  const char *body, char flag)
{
	struct sip_user *u = &c->alice;

	c->tid = arena_printf(c->s->arena, "tx%u", ++u->ids).p;
	msrp_put(u, arena_printf(c->s->arena,
				 "MSRP %s SEND\r\nTo-Path: %.*s\r\nFrom-Path: "
				 "%s\r\nMessage-ID: %s\r\nSuccess-Report: yes"
				 "\r\nByte-Range: %zu-*/%s\r\nContent-Type: "
				 "message/cpim\r\n\r\n%s",
				 c->tid, STR_ARG(u->path), u->own_path, c->id,
				 start, total, body));
	if (flag)
		msrp_put(u, arena_printf(c->s->arena, "\r\n-------%s%c\r\n",
					 c->tid, flag));
}

#define HEADERS(from, to, type)                                                \
	"From: <" from ">\r\nTo: <" to ">\r\n\r\nContent-Type: " type "\r\n\r" \
	"\n"
#define FIRST "From: <sip:alice@sip.test>\r\nTo: <" ROOM
#define VIDEO HEADERS("sip:alice@sip.test", ROOM, "video/mp4")
#define TEXT  HEADERS("sip:alice@sip.test", ROOM, "text/plain")

/* What has come, as it stands: chunks may be open. */
static struct str raw(struct sip_user *u)
{
	loop_settle(u->s->loop);
	return buf_str(&u->in);
}

static void forget(struct sip_user *u)
{
	buf_clear(&u->in);
}

/* CHAT-14, CHAT-16, MSRP-53: begins when the headers are there, in whatever
 * chunk */
static void test_begins_with_headers(void **state)
{
	struct cast *c = *state;
	struct str got;

	chunk(c, 1, "70000", FIRST, '+');
	assert_int_equal(msrp_status(&c->alice), 200);
	assert_int_equal(raw(&c->bob).n, 0);
	chunk(c, sizeof(FIRST), "70000",
	      ">\r\n\r\nContent-Type: video/mp4\r\n\r\nabc", '+');
	assert_int_equal(msrp_status(&c->alice), 200);
	got = raw(&c->bob);
	assert_true(has(got, "Byte-Range: 1-*/70000\r\n"));
	assert_true(str_ends(got, STR("\r\n\r\n" VIDEO "abc")));
	assert_false(has(got, "Message-ID: m1\r\n"));
	/* the end */
	forget(&c->bob);
	chunk(c, sizeof(VIDEO) + 3, "*", "xyz", '$');
	assert_int_equal(msrp_status(&c->alice), 200);
	got = msrp_take(&c->alice);
	assert_true(has(got, " REPORT\r\n"));
	assert_true(has(got, "Status: 000 200"));
	assert_false(has(got, "Content-Type"));
	got = raw(&c->bob);
	assert_true(str_starts(got, STR("xyz\r\n-------")));
	assert_true(str_ends(got, STR("$\r\n")));
}

/* V-CHAT-9, CHAT-15 */
static void test_who_came_later(void **state)
{
	struct cast *c = *state;
	struct sip_user carol;

	chunk(c, 1, "70000", VIDEO "abc", '+');
	enter(&carol, c->s, "carol", ANY);
	chunk(c, sizeof(VIDEO) + 3, "70000", "def", '+');
	assert_true(has(raw(&c->bob), "abcdef"));
	assert_int_equal(raw(&carol).n, 0);
	/* collected: to all who are there at the end */
	scene_run(c->s, 1500);
	forget(&c->bob);
	sip_user_done(&carol);
}

/* CHAT-20: collected messages have their place when they are complete, long
 * ones when their headers are */
static void test_order(void **state)
{
	struct cast *c = *state;
	struct sip_user carol;
	struct str got;

	enter(&carol, c->s, "carol", ANY);
	chunk(c, 1, "*", TEXT "a", '+');
	assert_int_equal(msrp_say(&c->bob, ROOM, "first"), 200);
	chunk(c, sizeof(TEXT) + 1, "*", "fter", '$');
	assert_true(has(msrp_cpim(&carol), "first"));
	assert_true(has(msrp_cpim(&carol), "after"));
	c->id = "m2";
	chunk(c, 1, "70000", VIDEO "long", '+');
	forget(&c->alice);
	assert_int_equal(msrp_say(&c->alice, ROOM, "second"), 200);
	scene_run(c->s, 1500); /* the stalled chunk makes way */
	got = raw(&carol);
	assert_true(has(got, "\r\n\r\nlong\r\n-------"));
	assert_true(str_search(got, STR("long")) <
		    str_search(got, STR("second")));
	sip_user_done(&carol);
}

/* V-ABN-6, CHAT-21: who stops reading is skipped, the others get it all; at the
 * end he is told BYE */
static void test_reads_nothing(void **state)
{
	struct cast *c = *state;
	struct sip_user carol;
	size_t sent = sizeof(VIDEO) - 1, n = 100000;
	char *more = malloc(n + 1);

	memset(more, 'x', n);
	more[n] = '\0';
	enter(&carol, c->s, "carol", ANY);
	enter(&c->dave, c->s, "dave", ANY);
	bufferevent_disable(c->bob.msrp, EV_READ);
	bufferevent_setwatermark(c->bob.msrp, EV_READ, 0, 1);
	chunk(c, 1, "9000000", VIDEO, '+');
	for (int i = 0; i < 40; i++) {
		chunk(c, sent + 1, "9000000", more, '+');
		sent += n;
		scene_run(c->s, 300);
	}
	assert_true(raw(&carol).n > sent);
	assert_false(has(raw(&carol), "#\r\n"));
	assert_true(scene_sip_none(c->s, PORT_SEND, "BYE"));
	/* the sender is answered like before */
	forget(&c->alice);
	chunk(c, sent + 1, "9000000", more, '$');
	assert_int_equal(msrp_status(&c->alice), 200);
	scene_run(c->s, 140000);
	scene_sip(c->s, PORT_SEND, "BYE");
	free(more);
	sip_user_done(&carol);
	sip_user_done(&c->dave);
}

/* CHAT-18, CHAT-20: who does not take it, and XMPP users */
static void test_who_gets_it(void **state)
{
	struct cast *c = *state;
	struct sip_user texts, small, plain;
	const struct xnode *n;
	char notice[64];

	enter(&texts, c->s, "texts", TEXTS);
	enter(&small, c->s, "small", ANY "a=max-size:60000\r\n");
	enter(&plain, c->s, "plain", "a=accept-types:text/plain\r\n");
	xmpp_join(c->s, "romeo@xmpp.test/r", "Romeo");
	xmpp_drop(c->s);
	forget(&c->bob);
	forget(&texts);
	forget(&small);
	forget(&plain);
	chunk(c, 1, "70000", VIDEO "abc", '+');
	assert_true(has(raw(&c->bob), "abc"));
	assert_int_equal(raw(&texts).n, 0);
	assert_true(has(raw(&small), "more than your client takes"));
	assert_int_equal(raw(&plain).n, 0);
	n = xmpp_take(c->s, "romeo@xmpp.test/r");
	snprintf(notice, sizeof(notice), "[video/mp4, %zu octets]",
		 70001 - sizeof(VIDEO));
	assert_string_equal(xmpp_text(c->s, n, "body"), notice);
	assert_true(str_eq(x_attr(n, "from"), STR("r@chat.test/alice")));
	sip_user_done(&texts);
	sip_user_done(&small);
	sip_user_done(&plain);
}

/* A user whose session is not there yet is told what he missed; nothing of it
 * is history. */
static void test_not_bound(void **state)
{
	struct cast *c = *state;
	struct sip_user carol, dave;
	struct str got;

	sip_user_init(&carol, c->s, "carol", ROOM);
	assert_int_equal(sip_user_invite(&carol, sip_user_offer(&carol, "")),
			 200);
	sip_user_ack(&carol);
	chunk(c, 1, "*", TEXT, '+'); /* a short one so far */
	assert_int_equal(raw(&c->bob).n, 0);
	chunk(c, sizeof(TEXT), "70000", "abc", '+');
	assert_true(has(raw(&c->bob), "abc"));
	sip_user_connect(&carol);
	msrp_request(&carol, "SEND",
		     "Message-ID: bind1\r\nByte-Range: 1-0/0\r\n");
	got = raw(&carol);
	assert_true(has(got, "alice sent text/plain"));
	assert_false(has(got, "abc"));
	sip_user_join(&dave, c->s, "dave", ROOM, "");
	assert_false(has(raw(&dave), "alice sent"));
	sip_user_done(&carol);
	sip_user_done(&dave);
}

/* The status of a message with these headers, answered while it comes. */
static int refused(struct cast *c, const char *headers)
{
	int status;

	chunk(c, 1, "70000", arena_printf(c->s->arena, "%sx", headers).p, 0);
	status = msrp_status(&c->alice);
	msrp_put(&c->alice,
		 arena_printf(c->s->arena, "more\r\n-------%s#\r\n", c->tid));
	assert_int_equal(raw(&c->alice).n, 0);
	assert_int_equal(raw(&c->bob).n, 0);
	return status;
}

/* CHAT-13, MSRP-47, CPIM-3, CPIM-8 in a long message */
static void test_refused(void **state)
{
	struct cast *c = *state;
	struct sip_user texts;

	enter(&texts, c->s, "texts", TEXTS);
	forget(&c->bob);
	assert_int_equal(refused(c, "From: alice\r\nTo: <" ROOM ">\r\n\r\n"),
			 400);
	assert_int_equal(
	    refused(c, HEADERS("sip:bob@sip.test", ROOM, "video/mp4")), 403);
	assert_int_equal(
	    refused(c, "To: <" ROOM ">\r\n\r\nContent-Type: a/b\r\n\r\n"), 403);
	assert_int_equal(refused(c, HEADERS("sip:alice@sip.test",
					    "sip:zz@sip.test", "video/mp4")),
			 404);
	/* CHAT-35 */
	assert_int_equal(refused(c, HEADERS("sip:alice@sip.test",
					    "sip:texts@sip.test", "video/mp4")),
			 415);
	assert_int_equal(raw(&texts).n, 0);
	sip_user_done(&texts);
}

/* CHAT-30: to his sessions alone; CHAT-34: what the REPORT carries */
static void test_private(void **state)
{
	struct cast *c = *state;
	struct sip_user carol;
	struct str got;

	enter(&carol, c->s, "carol", ANY);
	forget(&c->bob);
	chunk(c, 1, "*",
	      HEADERS("sip:alice@sip.test", "sip:bob@sip.test", "text/plain"),
	      '+');
	assert_int_equal(msrp_status(&c->alice), 200);
	chunk(c,
	      sizeof(HEADERS("sip:alice@sip.test", "sip:bob@sip.test",
			     "text/plain")),
	      "70000", "psst", '+');
	assert_int_equal(msrp_status(&c->alice), 200);
	assert_true(has(raw(&c->bob), "\r\n\r\npsst"));
	chunk(c,
	      4 + sizeof(HEADERS("sip:alice@sip.test", "sip:bob@sip.test",
				 "text/plain")),
	      "*", "!", '$');
	assert_int_equal(msrp_status(&c->alice), 200);
	got = msrp_take(&c->alice);
	assert_true(has(got, " REPORT\r\n"));
	assert_true(has(got, "Content-Type: message/cpim\r\n\r\n"
			     "From: <sip:alice@sip.test>\r\n"
			     "To: <sip:bob@sip.test>\r\n"));
	assert_true(has(got, "\r\n\r\nContent-Type: text/plain\r\n\r\n\r\n"));
	assert_int_equal(raw(&carol).n, 0);
	/* the same of a short one */
	scene_run(c->s, 0);
	msrp_request(
	    &c->alice, "SEND",
	    "Message-ID: m2\r\nByte-Range: 1-80/80\r\n"
	    "Success-Report: yes\r\nContent-Type: message/cpim\r\n\r\n" HEADERS(
		"sip:alice@sip.test", "sip:bob@sip.test",
		"text/plain") "ho\r\n");
	assert_int_equal(msrp_status(&c->alice), 200);
	got = msrp_take(&c->alice);
	assert_true(has(got, " REPORT\r\n"));
	assert_true(has(got, "To: <sip:bob@sip.test>\r\n"));
	sip_user_done(&carol);
}

/* CPIM-14: over the whole message, wherever characters are cut */
static void test_not_utf8(void **state)
{
	struct cast *c = *state;

	chunk(c, 1, "70000", TEXT "na\xc3", '+');
	assert_int_equal(msrp_status(&c->alice), 200);
	chunk(c, sizeof(TEXT) + 3, "70000", "\xafve", '+');
	assert_int_equal(msrp_status(&c->alice), 200);
	assert_true(str_ends(raw(&c->bob), STR("na\xc3\xafve")));
	forget(&c->bob);
	chunk(c, sizeof(TEXT) + 6, "70000", "x\xff", 0);
	assert_int_equal(msrp_status(&c->alice), 400);
	assert_true(str_ends(raw(&c->bob), STR("#\r\n")));
	msrp_put(&c->alice,
		 arena_printf(c->s->arena, "y\r\n-------%s$\r\n", c->tid));
	assert_int_equal(raw(&c->alice).n, 0);
	/* one that ends within a character */
	msrp_request(&c->alice, "SEND",
		     "Message-ID: m9\r\nByte-Range: 1-0/0\r\n");
	assert_int_equal(msrp_status(&c->alice), 200);
}

/* V-ABN-3, CHAT-17: his connection is gone; and he is */
static void test_sender_gone(void **state)
{
	struct cast *c = *state;

	chunk(c, 1, "70000", VIDEO "abc", 0);
	assert_true(has(raw(&c->bob), "abc"));
	forget(&c->bob);
	bufferevent_flush(c->alice.msrp, EV_WRITE, BEV_FINISHED);
	assert_true(str_starts(raw(&c->bob), STR("\r\n-------")));
	assert_true(str_ends(raw(&c->bob), STR("#\r\n")));
	scene_run(c->s, 10001);
	scene_sip(c->s, PORT_SEND, "BYE");
}

/* MSRP-31; CHAT-17: silence */
static void test_given_up(void **state)
{
	struct cast *c = *state;

	chunk(c, 1, "70000", VIDEO "abc", '+');
	assert_int_equal(msrp_status(&c->alice), 200);
	chunk(c, sizeof(VIDEO) + 3, "70000", "def", '#');
	assert_int_equal(msrp_status(&c->alice), 200);
	assert_true(str_ends(raw(&c->bob), STR("#\r\n")));
	forget(&c->bob);
	chunk(c, 1, "70000", VIDEO "abc", '+');
	assert_int_equal(msrp_status(&c->alice), 200);
	scene_run(c->s, 1500); /* no chunk of his is open any more */
	assert_true(str_ends(raw(&c->bob), STR("+\r\n")));
	forget(&c->bob);
	scene_run(c->s, 539000);
	assert_true(has(raw(&c->alice), "Status: 000 413"));
	forget(&c->alice);
	chunk(c, sizeof(VIDEO) + 3, "70000", "def", '+');
	assert_int_equal(msrp_status(&c->alice), 413);
}

/* The receiver goes in the middle of it, by BYE or without a word. */
static void test_receiver_gone(void **state)
{
	struct cast *c = *state;

	chunk(c, 1, "70000", VIDEO "abc", '+');
	assert_int_equal(msrp_status(&c->alice), 200);
	sip_user_bye(&c->bob);
	chunk(c, sizeof(VIDEO) + 3, "70000", "def", '+');
	assert_int_equal(msrp_status(&c->alice), 200);
}

/* CHAT-19, MSRP-57: the receiver wants no more of it; nobody else hears that.
 */
static void test_receiver_refuses(void **state)
{
	struct cast *c = *state;
	struct sip_user carol;
	struct str tid;

	enter(&carol, c->s, "carol", ANY);
	chunk(c, 1, "70000", VIDEO "abc", '+');
	forget(&c->alice);
	tid = str_from(raw(&c->bob), 5);
	tid = str_split(&tid, ' ');
	msrp_put(&c->bob, arena_printf(c->s->arena,
				       "MSRP %.*s 413 no\r\nTo-Path: %.*s\r\n"
				       "From-Path: %s\r\n-------%.*s$\r\n",
				       STR_ARG(tid), STR_ARG(c->bob.path),
				       c->bob.own_path, STR_ARG(tid)));
	assert_true(str_ends(raw(&c->bob), STR("#\r\n")));
	forget(&c->bob);
	chunk(c, sizeof(VIDEO) + 3, "*", "def", '$');
	assert_int_equal(msrp_status(&c->alice), 200);
	assert_true(has(msrp_take(&c->alice), "Status: 000 200"));
	assert_int_equal(raw(&c->alice).n, 0);
	assert_int_equal(raw(&c->bob).n, 0);
	assert_true(has(raw(&carol), "abcdef\r\n"));
	/* the session goes on */
	forget(&carol);
	assert_int_equal(msrp_say(&carol, ROOM, "hi"), 200);
	assert_true(has(msrp_cpim(&c->bob), "hi"));
	sip_user_done(&carol);
}

/* ABN-9: a long message counts as one, whatever the number of its chunks */
static void test_flood(void **state)
{
	struct cast *c = *state;
	int refusals = 0;

	c->s->config->limits.message_rate = 1;
	c->s->config->limits.message_burst = 2;
	for (int i = 0; i < 4; i++) {
		c->id = arena_printf(c->s->arena, "mm%d", i).p;
		chunk(c, 1, "70000", FIRST, '+');
		forget(&c->alice);
		chunk(c, sizeof(FIRST), "70000",
		      ">\r\n\r\nContent-Type: video/mp4\r\n\r\nabc", '+');
		refusals += msrp_status(&c->alice) == 403;
		forget(&c->alice);
	}
	assert_int_equal(refusals, 2);
}

/* MSRP-39: acknowledged, not told again */
static void test_sent_again(void **state)
{
	struct cast *c = *state;

	for (int i = 0; i < 2; i++) {
		chunk(c, 1, "70000", VIDEO "abc", '+');
		assert_int_equal(msrp_status(&c->alice), 200);
		chunk(c, sizeof(VIDEO) + 3, "*", "d", '$');
		assert_int_equal(msrp_status(&c->alice), 200);
		assert_true(has(msrp_take(&c->alice), "REPORT"));
		assert_true(has(raw(&c->bob), "abcd") == (i == 0));
		forget(&c->bob);
	}
}

/* a client without CPIM says something long. */
static void test_plain_sender(void **state)
{
	struct cast *c = *state;
	struct sip_user u;
	struct str got;

	enter(&u, c->s, "plain", "a=accept-types:text/plain\r\n");
	forget(&c->bob);
	msrp_put(&u,
		 arena_printf(c->s->arena,
			      "MSRP tp SEND\r\nTo-Path: %.*s\r\nFrom-Path:"
			      " %s\r\nMessage-ID: m1\r\nByte-Range: 1-*/"
			      "70000\r\nContent-Type: text/plain\r\n\r\nabc",
			      STR_ARG(u.path), u.own_path));
	got = raw(&c->bob);
	assert_true(has(got, "From: \"plain\" <sip:plain@sip.test>\r\n") ||
		    has(got, "From: <sip:plain@sip.test>\r\n"));
	assert_true(str_ends(got, STR("\r\n\r\nabc")));
	sip_user_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    TEST(test_begins_with_headers),
	    TEST(test_who_came_later),
	    TEST(test_order),
	    TEST(test_reads_nothing),
	    TEST(test_who_gets_it),
	    TEST(test_not_bound),
	    TEST(test_refused),
	    TEST(test_private),
	    TEST(test_not_utf8),
	    TEST(test_sender_gone),
	    TEST(test_given_up),
	    TEST(test_receiver_gone),
	    TEST(test_receiver_refuses),
	    TEST(test_flood),
	    TEST(test_sent_again),
	    TEST(test_plain_sender),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
