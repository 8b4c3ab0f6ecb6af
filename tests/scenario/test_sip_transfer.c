/* Files that a SIP user offers to the room in a line of their own (RFC 5547):
 * kept, and a link told to everybody. */
#include "callee.h"

#include <event2/bufferevent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/files.h"

#define ROOM "sip:r@chat.test"
#define DOMAIN                                                                 \
	"domain \"chat.test\" { secret = \"x\" rooms = local notify-interval " \
	"= 0 }\n"
#define FILES                                                                  \
	"files { listen = \"127.0.0.1:0\" max-size = 300000 base-url = "       \
	"\"https://chat.test/f\" }\n"
#define ROMEO "romeo@x.test/a"
#define ANY                                                                    \
	"a=accept-wrapped-types:*\r\na=chatroom:nickname private-messages\r\n"
#define SELECTOR(size)                                                         \
	"a=file-selector:name:\"my cat.png\" type:image/png size:" size        \
	" hash:sha-1:00:11\r\n"
#define FILE_LINE(size)                                                        \
	"m=message 9 TCP/MSRP *\r\na=sendonly\r\na=accept-types:*\r\n"         \
	"a=path:msrp://10.0.0.5:9/file1;tcp\r\na=setup:active\r\n" SELECTOR(   \
	    size) "a=file-transfer-id:vBnG916b\r\n"
#define SESSION                                                                \
	"v=0\r\no=- 7 7 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\n"       \
	"t=0 0\r\n"

struct cast {
	struct scene *s;
	struct sip_user alice, bob, file; /* Alice's second session */
};

static void begin(void **state, const char *config)
{
	struct cast *c = calloc(1, sizeof(*c));

	c->s = scene_new_stored(config);
	sip_user_join(&c->alice, c->s, "alice", ROOM, ANY);
	sip_user_join(&c->bob, c->s, "bob", ROOM, ANY);
	xmpp_join(c->s, ROMEO, "romeo");
	xmpp_drop(c->s);
	while (msrp_take(&c->alice).n || msrp_take(&c->bob).n)
		;
	sip_user_init(&c->file, c->s, "alice", ROOM);
	strcpy(c->file.own_path, "msrp://10.0.0.5:9/file1;tcp");
	*state = c;
}

static int setup(void **state)
{
	begin(state, DOMAIN FILES);
	return 0;
}

static int setup_off(void **state)
{
	begin(state, DOMAIN);
	return 0;
}

static int teardown(void **state)
{
	struct cast *c = *state;

	sip_user_done(&c->alice);
	sip_user_done(&c->bob);
	sip_user_done(&c->file);
	scene_free(c->s);
	free(c);
	return 0;
}

/* The transfer's session is bound. */
static void connect_file(struct cast *c)
{
	sip_user_bind(&c->file);
}

static struct str content(struct cast *c, size_t n)
{
	char *p = arena_alloc(c->s->arena, n);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)('a' + i % 23);
	return str_of(p, n);
}

static void send_file(struct cast *c, struct str body, char flag)
{
	struct sip_user *u = &c->file;

	msrp_put(u, arena_printf(
			c->s->arena,
			"MSRP tf%u SEND\r\nTo-Path: %.*s\r\nFrom-Path: %s\r\n"
			"Message-ID: f1\r\nSuccess-Report: yes\r\n"
			"Byte-Range: 1-%zu/%zu\r\n"
			"Content-Type: image/png\r\n\r\n%.*s"
			"\r\n-------tf%u%c\r\n",
			u->ids, STR_ARG(u->path), u->own_path, body.n, body.n,
			STR_ARG(body), u->ids, flag));
	u->ids++;
	scene_settle_files(c->s);
}

/* All are told, and the link leads to the file. */
static void assert_told(struct cast *c, struct str body)
{
	const struct xnode *m = xmpp_take(c->s, ROMEO);
	const char *url = xmpp_text(c->s, m, "body");
	const struct kept_file *k;
	char want[64];
	struct str got;
	int fd;

	assert_true(str_eq(x_attr(m, "from"), STR("r@chat.test/alice")));
	assert_true(str_starts(str_z(url), STR("https://chat.test/f/")));
	assert_true(str_ends(str_z(url), STR("/my%20cat.png")));
	snprintf(want, sizeof(want), "my cat.png (%zu octets)", body.n);
	assert_string_equal(xmpp_text(c->s, x_child(m, "x", NS_OOB), "desc"),
			    want);
	got = msrp_cpim(&c->bob);
	assert_true(has(got, "<sip:alice@sip.test>"));
	assert_true(has(got, arena_printf(c->s->arena, "%s: %s", want, url).p));
	k = files_find(c->s->files, str_of(url + 20, FILE_TOKEN));
	assert_non_null(k);
	assert_int_equal(k->size, body.n);
	fd = files_read(c->s->files, k, false);
	assert_true(fd >= 0);
	for (size_t at = 0; at < body.n; at += 4096) {
		size_t n = body.n - at < 4096 ? body.n - at : 4096;
		char p[4096];

		assert_int_equal(pread(fd, p, n, (off_t)(k->head_n + at)), n);
		assert_memory_equal(p, body.p + at, n);
	}
	close(fd);
	assert_true(xmpp_none(c->s, ROMEO));
	assert_int_equal(msrp_take(&c->bob).n, 0);
}

/* RFC 5547 §8.3: in a dialog of its own, which is no second seat */
static void test_own_dialog(void **state)
{
	struct cast *c = *state;
	struct sip_user *u = &c->file;
	struct str body = content(c, 5000);

	assert_int_equal(sip_user_invite(u, STR(SESSION FILE_LINE("5000"))),
			 200);
	assert_true(has(u->sdp, "a=recvonly\r\n"));
	assert_true(has(u->sdp, SELECTOR("5000")));
	assert_true(has(u->sdp, "a=file-transfer-id:vBnG916b\r\n"));
	assert_true(has(u->sdp, "a=max-size:300000\r\n"));
	assert_false(has(u->sdp, "chatroom"));
	sip_user_ack(u);
	connect_file(c);
	assert_true(xmpp_none(c->s, ROMEO)); /* nobody has come */
	send_file(c, body, '$');
	assert_int_equal(msrp_status(u), 200);
	assert_true(has(msrp_take(u), "Status: 000 200"));
	assert_told(c, body);
	sip_user_bye(u);
	assert_true(xmpp_none(c->s, ROMEO)); /* nor gone */
	while (msrp_take(&c->alice).n)
		;
	assert_int_equal(msrp_say(&c->alice, ROOM, "still here"), 200);
}

/* A long one comes through in pieces; who does not hang up is hung up on. */
static void test_long(void **state)
{
	struct cast *c = *state;
	struct sip_user *u = &c->file;
	struct str body = content(c, 300000);

	assert_int_equal(sip_user_invite(u, STR(SESSION FILE_LINE("300000"))),
			 200);
	sip_user_ack(u);
	connect_file(c);
	send_file(c, body, '$');
	assert_int_equal(msrp_status(u), 200);
	assert_true(has(msrp_take(u), "Status: 000 200"));
	assert_told(c, body);
	scene_run(c->s, 61000);
	scene_sip(c->s, PORT_SEND, "BYE");
}

/* RFC 5547 §8.2: as a further line of the chat's description, then refused
 * again when it is done */
static void test_second_line(void **state)
{
	struct cast *c = *state;
	struct str chat = arena_printf(
	    c->s->arena,
	    "m=message 9 TCP/MSRP *\r\na=accept-types:message/cpim text/plain"
	    "\r\na=path:%s\r\na=setup:active\r\n" ANY,
	    c->alice.own_path);
	struct str body = content(c, 70000), sdp;
	struct str chat_path = c->alice.path;

	assert_int_equal(
	    sip_user_invite(&c->alice,
			    arena_printf(c->s->arena,
					 SESSION "%.*s" FILE_LINE("70000"),
					 STR_ARG(chat))),
	    200);
	assert_true(str_eq(c->alice.path, chat_path)); /* the chat goes on */
	sip_user_ack(&c->alice);
	sdp = c->alice.sdp;
	sdp = str_from(sdp, (size_t)str_search(sdp, STR("a=path:")) + 7);
	sdp = str_from(sdp, (size_t)str_search(sdp, STR("a=path:")) + 7);
	c->file.path = str_split(&sdp, '\r');
	connect_file(c);
	send_file(c, body, '$');
	assert_int_equal(msrp_status(&c->file), 200);
	assert_told(c, body);
	while (msrp_take(&c->alice).n)
		;
	assert_int_equal(
	    sip_user_invite(
		&c->alice,
		arena_printf(c->s->arena,
			     "v=0\r\no=- 7 8 IN IP4 10.0.0.5\r\ns=-\r\nc=IN "
			     "IP4 10.0.0.5\r\nt=0 0\r\n%.*s"
			     "m=message 0 TCP/MSRP *\r\n" SELECTOR("70000"),
			     STR_ARG(chat))),
	    200);
	assert_true(has(c->alice.sdp, "m=message 0 TCP/MSRP"));
	sip_user_ack(&c->alice);
	assert_int_equal(msrp_say(&c->alice, ROOM, "done"), 200);
}

/* Who is not in the room has nobody to give it to. */
static void test_outside(void **state)
{
	struct cast *c = *state;
	struct sip_user carol;

	sip_user_init(&carol, c->s, "carol", ROOM);
	assert_int_equal(
	    sip_user_invite(&carol, STR(SESSION FILE_LINE("5000"))), 403);
	sip_user_done(&carol);
}

static void test_too_big(void **state)
{
	struct cast *c = *state;

	assert_int_equal(
	    sip_user_invite(&c->file, STR(SESSION FILE_LINE("300001"))), 488);
}

/* More than he said, and more than may be. */
static void test_grows(void **state)
{
	struct cast *c = *state;
	struct sip_user *u = &c->file;

	assert_int_equal(sip_user_invite(u, STR(SESSION FILE_LINE("5000"))),
			 200);
	sip_user_ack(u);
	connect_file(c);
	send_file(c, content(c, 300001), '$');
	assert_int_equal(msrp_status(u), 413);
	assert_true(xmpp_none(c->s, ROMEO));
	assert_int_equal(files_stats(c->s->files).bytes, 0);
}

/* RFC 5547 §8.3.1: what is not the file that the offer describes is refused,
 * kept nowhere, and its sender told */
static void assert_refused(struct cast *c, const char *offered, size_t n,
			   const char *what)
{
	struct sip_user *u = &c->file;

	assert_int_equal(sip_user_invite(u, str_z(offered)), 200);
	sip_user_ack(u);
	connect_file(c);
	send_file(c, content(c, n), '$');
	assert_int_equal(msrp_status(u), 400);
	assert_true(xmpp_none(c->s, ROMEO));
	assert_int_equal(files_stats(c->s->files).coming, 0);
	assert_int_equal(files_stats(c->s->files).bytes, 0);
	assert_true(has(msrp_cpim(&c->alice), what));
	scene_run(c->s, 61000);
	scene_sip(c->s, PORT_SEND, "BYE");
}

#define HASHED(hash)                                                           \
	SESSION "m=message 9 TCP/MSRP *\r\na=sendonly\r\na=accept-types:*\r\n" \
		"a=path:msrp://10.0.0.5:9/file1;tcp\r\na=setup:active\r\n"     \
		"a=file-selector:name:\"my cat.png\" hash:sha-1:" hash "\r\n"
/* of "abc" */
#define ABC "A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D"

static void test_other_hash(void **state)
{
	assert_refused(
	    *state, HASHED(ABC), 4,
	    "The file \"my cat.png\" was not passed on: its hash is");
}

static void test_other_hash_of_long(void **state)
{
	assert_refused(*state, HASHED(ABC), 200000, "its hash is not");
}

static void test_other_size(void **state)
{
	assert_refused(*state, SESSION FILE_LINE("70000"), 69999,
		       "its size is not");
}

static void test_hash(void **state)
{
	struct cast *c = *state;

	assert_int_equal(sip_user_invite(&c->file, STR(HASHED(ABC))), 200);
	sip_user_ack(&c->file);
	connect_file(c);
	send_file(c, STR("abc"), '$');
	assert_int_equal(msrp_status(&c->file), 200);
	assert_true(has(msrp_take(&c->file), "Status: 000 200"));
	assert_told(c, STR("abc"));
}

/* Who waits for us is found by his name. */
static void offer_at(struct cast *c, const char *host, unsigned port)
{
	struct str sdp = arena_printf(
	    c->s->arena,
	    SESSION "m=message %u TCP/MSRP *\r\nc=IN IP4 %s\r\na=sendonly\r\n"
		    "a=accept-types:*\r\na=path:msrp://%s:%u/file1;tcp\r\n"
		    "a=setup:passive\r\n" SELECTOR("5000"),
	    port, host, host, port);

	assert_int_equal(sip_user_invite(&c->file, sdp), 200);
	assert_true(has(c->file.sdp, "a=setup:active\r\n"));
	sip_user_ack(&c->file);
}

static void test_host_by_name(void **state)
{
	struct cast *c = *state;
	struct callee pusher;

	c->s->dns->knows_all = false;
	dns_server_host(c->s->dns, "files.test", "127.0.0.1");
	callee_listen(&pusher, &c->file);
	offer_at(c, "files.test", pusher.port);
	assert_true(callee_called(&pusher, c->s));
	callee_done(&pusher);
}

static void test_host_unknown(void **state)
{
	struct cast *c = *state;

	c->s->dns->knows_all = false;
	offer_at(c, "files.test", 2855);
	assert_true(has(msrp_cpim(&c->alice), "can't be reached"));
	scene_run(c->s, 61000);
	scene_sip(c->s, PORT_SEND, "BYE");
}

/* He has left the room meanwhile. */
static void test_left(void **state)
{
	struct cast *c = *state;
	struct sip_user *u = &c->file;

	assert_int_equal(sip_user_invite(u, STR(SESSION FILE_LINE("5000"))),
			 200);
	sip_user_ack(u);
	connect_file(c);
	sip_user_bye(&c->alice);
	xmpp_drop(c->s);
	send_file(c, content(c, 5000), '$');
	assert_int_equal(msrp_status(u), 403);
	assert_true(xmpp_none(c->s, ROMEO));
}

/* A dialog that ends in the middle leaves nothing; so does one that never
 * began. */
static void test_broken(void **state)
{
	struct cast *c = *state;
	struct sip_user *u = &c->file;

	assert_int_equal(sip_user_invite(u, STR(SESSION FILE_LINE("200000"))),
			 200);
	sip_user_ack(u);
	connect_file(c);
	send_file(c, content(c, 100000), '+');
	sip_user_bye(u);
	scene_settle_files(c->s);
	assert_int_equal(files_stats(c->s->files).coming, 0);
	assert_int_equal(files_stats(c->s->files).bytes, 0);
	assert_true(xmpp_none(c->s, ROMEO));
}

static void test_never_connected(void **state)
{
	struct cast *c = *state;
	struct sip_user *u = &c->file;

	assert_int_equal(sip_user_invite(u, STR(SESSION FILE_LINE("200000"))),
			 200);
	sip_user_ack(u);
	scene_run(c->s, 95000);
	scene_sip(c->s, PORT_SEND, "BYE");
}

/* SDP-14: files are off; a line to fetch one is never taken */
static void test_off(void **state)
{
	struct cast *c = *state;

	assert_int_equal(
	    sip_user_invite(&c->file, STR(SESSION FILE_LINE("5000"))), 488);
}

static void test_pull(void **state)
{
	struct cast *c = *state;

	assert_int_equal(
	    sip_user_invite(&c->file,
			    STR(SESSION
				"m=message 9 TCP/MSRP *\r\na=recvonly\r\n"
				"a=accept-types:*\r\na=path:msrp://10.0.0.5:9/"
				"file1;tcp\r\n" SELECTOR("5000"))),
	    488);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(test_own_dialog),
	    CASE(test_long),
	    CASE(test_second_line),
	    CASE(test_outside),
	    CASE(test_too_big),
	    CASE(test_grows),
	    CASE(test_hash),
	    CASE(test_other_hash),
	    CASE(test_other_hash_of_long),
	    CASE(test_other_size),
	    CASE(test_host_by_name),
	    CASE(test_host_unknown),
	    CASE(test_left),
	    CASE(test_broken),
	    CASE(test_never_connected),
	    CASE(test_pull),
	    cmocka_unit_test_setup_teardown(test_off, setup_off, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
