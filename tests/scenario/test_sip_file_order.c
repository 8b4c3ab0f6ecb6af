/* What a SIP user says behind a picture that is still being kept for XMPP users
 * stays behind it. */
#include "scene.h"

#include <stdlib.h>

#include "gateway/files.h"

#define ROOM "sip:r@chat.test"
#define CONFIG                                                                 \
	"domain \"chat.test\" { secret = \"x\" rooms = local persistent = "    \
	"true notify-interval = 0 }\n"                                         \
	"files { listen = \"127.0.0.1:0\" base-url = "                         \
	"\"https://chat.test/f/\" "
#define ROMEO "romeo@x.test/a"
#define BASE  "https://chat.test/f/"
#define ANY                                                                    \
	"a=accept-wrapped-types:*\r\na=chatroom:nickname private-messages\r\n"
#define FROM_TO "From: <sip:alice@sip.test>\r\nTo: <" ROOM ">\r\n"
#define PNG	"\r\nContent-Type: image/png\r\n\r\n"
#define TEXT	"\r\nContent-Type: text/plain\r\n\r\n"

struct cast {
	struct scene *s;
	struct sip_user alice, bob;
	struct buf out; /* what Alice sends at once */
};

static int with_config(void **state, const char *config)
{
	struct cast *c = calloc(1, sizeof(*c));

	c->s = scene_new_stored(config);
	buf_init(&c->out, 1 << 20);
	sip_user_join(&c->alice, c->s, "alice", ROOM, ANY);
	sip_user_join(&c->bob, c->s, "bob", ROOM, ANY);
	xmpp_join(c->s, ROMEO, "romeo");
	xmpp_drop(c->s);
	while (msrp_take(&c->alice).n || msrp_take(&c->bob).n)
		;
	*state = c;
	return 0;
}

static int setup(void **state)
{
	return with_config(state, CONFIG "}\n");
}

static int setup_small(void **state)
{
	return with_config(state, CONFIG "queue = 65536 }\n");
}

static int teardown(void **state)
{
	struct cast *c = *state;

	sip_user_done(&c->alice);
	sip_user_done(&c->bob);
	scene_free(c->s);
	buf_done(&c->out);
	free(c);
	return 0;
}

static void add(struct cast *c, const char *head, struct str body)
{
	struct sip_user *u = &c->alice;
	size_t n = strlen(FROM_TO) + strlen(head) + body.n;

	u->ids++;
	buf_addf(&c->out,
		 "MSRP tid%u SEND\r\nTo-Path: %.*s\r\nFrom-Path: %s\r\n"
		 "Message-ID: m%u\r\nByte-Range: 1-%zu/%zu\r\n"
		 "Content-Type: message/cpim\r\n\r\n" FROM_TO "%s",
		 u->ids, STR_ARG(u->path), u->own_path, u->ids, n, n, head);
	buf_add(&c->out, body);
	buf_addf(&c->out, "\r\n-------tid%u$\r\n", u->ids);
}

/* All in one turn of the loop: the disk can't be quicker. */
static void send_all(struct cast *c)
{
	msrp_put(&c->alice, buf_str(&c->out));
}

static void settle(struct cast *c)
{
	do
		scene_settle_files(c->s);
	while (files_stats(c->s->files).coming);
}

static void assert_told(struct cast *c, const char *child, const char *text)
{
	assert_string_equal(xmpp_text(c->s, xmpp_take(c->s, ROMEO), child),
			    text);
}

static void assert_told_link(struct cast *c)
{
	const char *text = xmpp_text(c->s, xmpp_take(c->s, ROMEO), "body");

	assert_true(str_starts(str_z(text), STR(BASE)));
}

static void test_behind_pictures(void **state)
{
	struct cast *c = *state;

	add(c, PNG, STR("picture"));
	add(c, TEXT, STR("caption"));
	add(c, PNG, STR("another"));
	add(c, "Subject: cats\r\n" TEXT, STR_NONE);
	add(c, TEXT, STR("end"));
	send_all(c);
	/* others need not wait */
	assert_int_equal(msrp_say(&c->bob, ROOM, "hi"), 200);
	assert_told(c, "body", "hi");
	settle(c);
	assert_true(has(msrp_cpim(&c->bob), "picture"));
	assert_true(has(msrp_cpim(&c->bob), "caption"));
	assert_true(has(msrp_cpim(&c->bob), "another"));
	assert_true(has(msrp_cpim(&c->bob), "end"));
	assert_told_link(c);
	assert_told(c, "body", "caption");
	assert_told_link(c);
	assert_told(c, "subject", "cats");
	assert_told(c, "body", "end");
	assert_true(has(msrp_cpim(&c->alice), "hi"));
	for (int i = 0; i < 5; i++)
		assert_true(has(msrp_take(&c->alice), " 200 "));
	/* nothing waits any more */
	assert_int_equal(msrp_say(&c->alice, ROOM, "now"), 200);
}

/* CHAT-14 */
static void test_long_behind_picture(void **state)
{
	struct cast *c = *state;
	char *video = malloc(100000);
	struct str all;

	memset(video, 'v', 100000);
	add(c, PNG, STR("picture"));
	add(c, "\r\nContent-Type: video/mp4\r\n\r\n", str_of(video, 100000));
	add(c, TEXT, STR("end"));
	send_all(c);
	settle(c);
	assert_true(has(msrp_cpim(&c->bob), "picture"));
	do
		all = msrp_take(&c->bob);
	while (all.n && !has(all, "end"));
	assert_true(all.n);
	assert_told_link(c);
	settle(c);
	for (int i = 0; i < 3; i++)
		assert_true(has(msrp_take(&c->alice), " 200 "));
	free(video);
}

/* He has said it all, though without a link if there was none yet. */
static void test_leaves(void **state)
{
	struct cast *c = *state;

	add(c, PNG, STR("picture"));
	add(c, TEXT, STR("bye"));
	send_all(c);
	sip_user_bye(&c->alice);
	assert_true(has(msrp_cpim(&c->bob), "picture"));
	assert_true(has(msrp_cpim(&c->bob), "bye"));
	assert_non_null(xmpp_text(c->s, xmpp_take(c->s, ROMEO), "body"));
	assert_told(c, "body", "bye");
	settle(c);
}

/* Taken of 300 messages behind a picture, and the picture. */
static int taken_of_many(struct cast *c)
{
	int taken = 0, refused = 0;
	struct str frame;

	add(c, PNG, STR("picture"));
	for (int i = 0; i < 300; i++)
		add(c, TEXT, STR("text"));
	send_all(c);
	settle(c);
	while ((frame = msrp_take(&c->alice)).n) {
		taken += has(frame, " 200 ");
		refused += has(frame, " 403 ");
	}
	assert_int_equal(taken + refused, 301);
	for (int i = 0; i < taken; i++)
		assert_true(msrp_cpim(&c->bob).n);
	assert_int_equal(msrp_take(&c->bob).n, 0);
	return taken;
}

static void test_limit(void **state)
{
	assert_in_range(taken_of_many(*state), 201, 300);
}

static void test_small_limit(void **state)
{
	assert_in_range(taken_of_many(*state), 12, 100);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_behind_pictures),
	    CASE(test_long_behind_picture),
	    CASE(test_leaves),
	    CASE(test_limit),
	    cmocka_unit_test_setup_teardown(test_small_limit, setup_small,
					    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
