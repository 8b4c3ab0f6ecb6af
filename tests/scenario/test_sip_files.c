/* Pictures and files of SIP users: SIP users get them as they are, XMPP users a
 * link to what the service keeps (CHAT-20). */
#include "scene.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/files.h"

#define ROOM "sip:r@chat.test"
#define DOMAIN                                                                 \
	"domain \"chat.test\" { secret = \"x\" rooms = local persistent = "    \
	"true notify-interval = 0 plain-clients = true }\n"
#define FILES(more)                                                            \
	"files { listen = \"127.0.0.1:0\" base-url = "                         \
	"\"https://chat.test/f/\" " more " }\n"
#define ROMEO  "romeo@x.test/a"
#define JULIET "juliet@x.test/b"
#define BASE   "https://chat.test/f/"
#define ANY                                                                    \
	"a=accept-wrapped-types:*\r\na=chatroom:nickname private-messages\r\n"
#define DAY_MS 86400000ull

struct cast {
	struct scene *s;
	struct sip_user alice, bob;
};

static struct cast *begin(void **state, const char *config)
{
	struct cast *c = calloc(1, sizeof(*c));

	c->s = scene_new_stored(config);
	sip_user_join(&c->alice, c->s, "alice", ROOM, ANY);
	sip_user_join(&c->bob, c->s, "bob", ROOM, ANY);
	xmpp_join(c->s, ROMEO, "romeo");
	xmpp_join(c->s, JULIET, "juliet");
	xmpp_drop(c->s);
	while (msrp_take(&c->alice).n || msrp_take(&c->bob).n)
		;
	*state = c;
	return c;
}

static int setup(void **state)
{
	begin(state, DOMAIN FILES(""));
	return 0;
}

static int setup_small(void **state)
{
	begin(state, DOMAIN FILES("max-size = 100000 user-quota = 150000"));
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
	scene_free(c->s);
	free(c);
	return 0;
}

static struct str repeat(struct scene *s, char what, size_t n)
{
	char *p = arena_alloc(s->arena, n + 1);

	memset(p, what, n);
	return str_of(p, n);
}

/* A CPIM message of Alice's with this content, from one octet of it on. */
static struct str entity(struct cast *c, const char *to, const char *head,
			 struct str body)
{
	return arena_printf(c->s->arena,
			    "From: <sip:alice@sip.test>\r\nTo: <%s>\r\n\r\n"
			    "%s\r\n\r\n%.*s",
			    to, head, STR_ARG(body));
}

static void send_part(struct cast *c, const char *id, struct str whole,
		      size_t at, size_t n, char flag)
{
	struct sip_user *u = &c->alice;
	const char *tid = arena_printf(c->s->arena, "ta%u", ++u->ids).p;

	msrp_put(
	    u, arena_printf(c->s->arena,
			    "MSRP %s SEND\r\nTo-Path: %.*s\r\nFrom-Path: %s\r\n"
			    "Message-ID: %s\r\nSuccess-Report: yes\r\n"
			    "Byte-Range: %zu-%zu/%zu\r\n"
			    "Content-Type: message/cpim\r\n\r\n%.*s"
			    "\r\n-------%s%c\r\n",
			    tid, STR_ARG(u->path), u->own_path, id, at + 1,
			    at + n, whole.n, (int)n, whole.p + at, tid, flag));
}

static void send_whole(struct cast *c, const char *id, struct str whole)
{
	send_part(c, id, whole, 0, whole.n, '$');
}

#define PNG                                                                    \
	"Content-Type: image/png\r\n"                                          \
	"Content-Disposition: attachment; filename=\"the cat.png\""

static const char *oob(struct scene *s, const struct xnode *m,
		       const char *child)
{
	return xmpp_text(s, x_child(m, "x", NS_OOB), child);
}

static struct str token_of(const char *url)
{
	assert_true(str_starts(str_z(url), STR(BASE)));
	return str_of(url + strlen(BASE), FILE_TOKEN);
}

/* The link leads to exactly these octets. */
static void assert_kept(struct cast *c, const char *url, struct str body)
{
	const struct kept_file *k = files_find(c->s->files, token_of(url));
	char *p = malloc(body.n + 2);
	int fd;

	assert_non_null(k);
	assert_int_equal(k->size, body.n);
	fd = files_read(c->s->files, k, false);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, p, body.n + 1, (off_t)k->head_n), body.n);
	assert_memory_equal(p, body.p, body.n);
	close(fd);
	free(p);
}

/* CHAT-20, BODY-12, BODY-24: a picture in one piece is one message to all, its
 * sender's answer is that it is kept */
static void test_picture(void **state)
{
	struct cast *c = *state;
	struct str body = repeat(c->s, 'p', 3000);
	struct str whole = entity(c, ROOM, PNG, body);
	const struct xnode *m;
	const char *url;

	send_whole(c, "m1", whole);
	scene_settle_files(c->s);
	assert_int_equal(msrp_status(&c->alice), 200);
	assert_true(has(msrp_take(&c->alice), " REPORT\r\n"));
	assert_true(str_eq(msrp_cpim(&c->bob), whole));
	m = xmpp_take(c->s, ROMEO);
	assert_true(str_eq(x_attr(m, "from"), STR("r@chat.test/alice")));
	url = xmpp_text(c->s, m, "body");
	assert_true(str_ends(str_z(url), STR("/the%20cat.png")));
	assert_string_equal(oob(c->s, m, "url"), url);
	assert_string_equal(oob(c->s, m, "desc"), "the cat.png (3000 octets)");
	assert_kept(c, url, body);
	assert_true(xmpp_none(c->s, ROMEO));
	assert_string_equal(xmpp_text(c->s, xmpp_take(c->s, JULIET), "body"),
			    url);
}

static void test_history(void **state)
{
	struct cast *c = *state;
	struct str whole = entity(c, ROOM, PNG, repeat(c->s, 'p', 3000));
	const struct xnode *m;
	struct sip_user carol;

	send_whole(c, "m1", whole);
	scene_settle_files(c->s);
	xmpp_put(c->s, "<presence from='tybalt@x.test/a' to='r@chat.test/t'>"
		       "<x xmlns='" NS_MUC "'/></presence>");
	do
		m = xmpp_take(c->s, "tybalt@x.test/a");
	while (!x_child(m, "body", NS_CLIENT));
	assert_true(str_starts(str_z(xmpp_text(c->s, m, "body")), STR(BASE)));
	assert_non_null(x_child(m, "delay", NULL));
	sip_user_join(&carol, c->s, "carol", ROOM, ANY);
	assert_true(has(msrp_cpim(&carol), "image/png"));
	sip_user_done(&carol);
}

/* CHAT-14, CHAT-20: SIP users get a long one as it comes, XMPP users its link
 * when it is whole; then its sender gets his answer */
static void test_long(void **state)
{
	struct cast *c = *state;
	struct str body = repeat(c->s, 'v', 200000);
	struct str whole = entity(c, ROOM, "Content-Type: video/mp4", body);
	const struct xnode *m;
	struct sip_user carol;
	const char *url;
	struct str got;

	send_part(c, "m1", whole, 0, 100000, '+');
	assert_int_equal(msrp_status(&c->alice), 200);
	scene_settle_files(c->s);
	assert_true(xmpp_none(c->s, ROMEO));
	assert_int_equal(files_stats(c->s->files).coming, 1);
	send_part(c, "m1", whole, 100000, whole.n - 100000, '$');
	scene_settle_files(c->s);
	assert_int_equal(msrp_status(&c->alice), 200);
	assert_true(has(msrp_take(&c->alice), "Status: 000 200"));
	m = xmpp_take(c->s, ROMEO);
	url = xmpp_text(c->s, m, "body");
	assert_true(str_ends(str_z(url), STR("/file.mp4")));
	assert_string_equal(oob(c->s, m, "desc"), "file.mp4 (200000 octets)");
	assert_true(xmpp_none(c->s, ROMEO));
	assert_kept(c, url, body);
	/* Bob has had it */
	for (size_t n = 0; n < body.n;) {
		got = msrp_take(&c->bob);
		assert_true(has(got, " SEND\r\n"));
		n += got.n;
	}
	assert_int_equal(msrp_take(&c->bob).n, 0);
	/* who comes later gets the link, of either world */
	sip_user_join(&carol, c->s, "carol", ROOM, ANY);
	got = msrp_cpim(&carol);
	assert_true(has(got, "From: <sip:alice@sip.test>"));
	assert_true(has(got, "file.mp4 (200000 octets): https://chat.test/f/"));
	sip_user_done(&carol);
}

/* What its sender gives up is nobody's business, and leaves nothing behind. */
static void test_given_up(void **state)
{
	struct cast *c = *state;
	struct str whole = entity(c, ROOM, "Content-Type: video/mp4",
				  repeat(c->s, 'v', 200000));

	send_part(c, "m1", whole, 0, 100000, '+');
	scene_settle_files(c->s);
	send_part(c, "m1", whole, 100000, 50000, '#');
	scene_settle_files(c->s);
	assert_true(xmpp_none(c->s, ROMEO));
	assert_int_equal(files_stats(c->s->files).coming, 0);
	assert_int_equal(files_stats(c->s->files).bytes, 0);
	/* likewise of one who goes */
	send_part(c, "m2", whole, 0, 100000, '+');
	sip_user_bye(&c->alice);
	scene_settle_files(c->s);
	assert_int_equal(files_stats(c->s->files).coming, 0);
	assert_int_equal(files_stats(c->s->files).bytes, 0);
}

/* He goes while the disk still writes: nothing is said, nobody told otherwise.
 */
static void test_gone_before_kept(void **state)
{
	struct cast *c = *state;

	send_whole(c, "m1", entity(c, ROOM, PNG, repeat(c->s, 'p', 3000)));
	sip_user_bye(&c->alice);
	xmpp_drop(c->s);
	scene_settle_files(c->s);
	assert_true(xmpp_none(c->s, ROMEO));
	assert_int_equal(files_stats(c->s->files).files, 0);
	assert_int_equal(files_stats(c->s->files).bytes, 0);
}

/* A file whose message the room refuses after all is not kept. */
static void test_refused_after(void **state)
{
	struct cast *c = *state;
	struct room *r = rooms_find(c->s->core.rooms, STR("r@chat.test"));
	struct room_policy p = *room_policy(r);

	send_whole(c, "m1",
		   entity(c, ROOM ";gr=romeo", PNG, repeat(c->s, 'p', 3000)));
	p.private_messages = false;
	assert_int_equal(room_configure(r, &p), REASON_OK);
	scene_settle_files(c->s);
	scene_settle_files(c->s);
	assert_int_equal(msrp_status(&c->alice), 403);
	assert_int_equal(files_stats(c->s->files).files, 0);
	assert_int_equal(files_stats(c->s->files).bytes, 0);
	xmpp_drop(c->s);
	/* and a long one, whose link is refused */
	p.private_messages = true;
	assert_int_equal(room_configure(r, &p), REASON_OK);
	send_whole(c, "m2",
		   entity(c, ROOM ";gr=romeo", PNG, repeat(c->s, 'p', 90000)));
	p.private_messages = false;
	assert_int_equal(room_configure(r, &p), REASON_OK);
	scene_settle_files(c->s);
	scene_settle_files(c->s);
	assert_int_equal(files_stats(c->s->files).files, 0);
	assert_int_equal(files_stats(c->s->files).bytes, 0);
}

/* To one XMPP user: his alone; between SIP users nothing is kept. */
static void test_private(void **state)
{
	struct cast *c = *state;
	const struct xnode *m;

	send_whole(c, "m1",
		   entity(c, ROOM ";gr=romeo", PNG, repeat(c->s, 'p', 3000)));
	scene_settle_files(c->s);
	assert_int_equal(msrp_status(&c->alice), 200);
	m = xmpp_take(c->s, ROMEO);
	assert_true(str_eq(x_attr(m, "type"), STR("chat")));
	assert_true(str_starts(str_z(xmpp_text(c->s, m, "body")), STR(BASE)));
	assert_true(xmpp_none(c->s, JULIET));
	assert_int_equal(msrp_take(&c->bob).n, 0);
	while (msrp_take(&c->alice).n)
		;
	/* a long one */
	send_whole(c, "m2",
		   entity(c, ROOM ";gr=romeo", PNG, repeat(c->s, 'p', 90000)));
	scene_settle_files(c->s);
	assert_int_equal(msrp_status(&c->alice), 200);
	m = xmpp_take(c->s, ROMEO);
	assert_true(str_eq(x_attr(m, "type"), STR("chat")));
	assert_string_equal(oob(c->s, m, "desc"), "the cat.png (90000 octets)");
	assert_true(xmpp_none(c->s, JULIET));
	assert_int_equal(msrp_take(&c->bob).n, 0);
	while (msrp_take(&c->alice).n)
		;
	assert_int_equal(files_stats(c->s->files).files, 2);
	send_whole(c, "m3",
		   entity(c, ROOM ";gr=bob", PNG, repeat(c->s, 'p', 3000)));
	scene_settle_files(c->s);
	assert_true(has(msrp_cpim(&c->bob), "image/png"));
	assert_int_equal(files_stats(c->s->files).files, 2);
}

/* What is too big, or over a quota: the notice, now or at the end. */
static void test_quota(void **state)
{
	struct cast *c = *state;
	struct str big = entity(c, ROOM, PNG, repeat(c->s, 'p', 100001));
	struct str fits = entity(c, ROOM, PNG, repeat(c->s, 'p', 100000));

	send_whole(c, "m1", big);
	scene_settle_files(c->s);
	assert_int_equal(msrp_status(&c->alice), 200);
	assert_string_equal(xmpp_text(c->s, xmpp_take(c->s, ROMEO), "body"),
			    "[image/png, 100001 octets]");
	while (msrp_take(&c->alice).n)
		;
	send_whole(c, "m2", fits);
	scene_settle_files(c->s);
	assert_true(str_starts(
	    str_z(xmpp_text(c->s, xmpp_take(c->s, ROMEO), "body")), STR(BASE)));
	send_whole(c, "m3", fits);
	scene_settle_files(c->s);
	assert_string_equal(xmpp_text(c->s, xmpp_take(c->s, ROMEO), "body"),
			    "[image/png, 100000 octets]");
	assert_int_equal(files_stats(c->s->files).bytes, 100000);
	assert_int_equal(files_stats(c->s->files).refused, 2);
}

/* The same where its size shows only as it comes: SIP users get all of it. */
static void test_unknown_size(void **state)
{
	struct cast *c = *state;
	struct sip_user *u = &c->alice;
	struct str whole = entity(c, ROOM, PNG, repeat(c->s, 'p', 120000));

	msrp_put(
	    u, arena_printf(c->s->arena,
			    "MSRP tz SEND\r\nTo-Path: %.*s\r\nFrom-Path: %s\r\n"
			    "Message-ID: m1\r\nByte-Range: 1-*/*\r\n"
			    "Content-Type: message/cpim\r\n\r\n%.*s"
			    "\r\n-------tz$\r\n",
			    STR_ARG(u->path), u->own_path, STR_ARG(whole)));
	scene_settle_files(c->s);
	assert_int_equal(msrp_status(&c->alice), 200);
	assert_string_equal(xmpp_text(c->s, xmpp_take(c->s, ROMEO), "body"),
			    "[image/png, 120000 octets]");
	assert_true(xmpp_none(c->s, ROMEO));
	assert_int_equal(files_stats(c->s->files).bytes, 0);
}

/* V-CHAT-20's notice, as without files */
static void test_off(void **state)
{
	struct cast *c = *state;

	send_whole(c, "m1", entity(c, ROOM, PNG, repeat(c->s, 'p', 3000)));
	assert_int_equal(msrp_status(&c->alice), 200);
	assert_string_equal(xmpp_text(c->s, xmpp_take(c->s, ROMEO), "body"),
			    "[image/png, 3000 octets]");
}

/* Files outlive the daemon, not their time; what was half there is gone. */
static void test_restart(void **state)
{
	struct cast *c = *state;
	struct str body = repeat(c->s, 'p', 3000);
	char path[128];
	const char *url;
	int fd;

	send_whole(c, "m1", entity(c, ROOM, PNG, body));
	scene_settle_files(c->s);
	url = xmpp_text(c->s, xmpp_take(c->s, ROMEO), "body");
	scene_kill(c->s);
	snprintf(path, sizeof(path), "%s/files/%s.part", c->s->state_dir,
		 "abcdefghijklmnopqrstuvwxyzABCDEF");
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
	scene_start(c->s, NULL, 0);
	assert_kept(c, url, body);
	assert_int_equal(files_stats(c->s->files).bytes, 3000);
	assert_int_equal(access(path, F_OK), -1);
	scene_run(c->s, 29 * DAY_MS);
	assert_non_null(files_find(c->s->files, token_of(url)));
	scene_run(c->s, DAY_MS + 3600000);
	assert_null(files_find(c->s->files, token_of(url)));
	scene_settle_files(c->s);
	snprintf(path, sizeof(path), "%s/files/%.*s", c->s->state_dir,
		 STR_ARG(token_of(url)));
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(files_stats(c->s->files).bytes, 0);
}

static void no_log(void *user, enum log_level level, const char *line)
{
	(void)user;
	(void)level;
	(void)line;
}

/* The disk takes nothing: the message is said all the same, with the notice. */
static void test_disk_fails(void **state)
{
	struct cast *c = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/files", c->s->state_dir);
	assert_int_equal(rmdir(path), 0);
	c->s->log.sink = no_log;
	send_whole(c, "m1", entity(c, ROOM, PNG, repeat(c->s, 'p', 3000)));
	scene_settle_files(c->s);
	assert_int_equal(msrp_status(&c->alice), 200);
	assert_string_equal(xmpp_text(c->s, xmpp_take(c->s, ROMEO), "body"),
			    "[image/png, 3000 octets]");
	send_whole(c, "m2", entity(c, ROOM, PNG, repeat(c->s, 'p', 90000)));
	scene_settle_files(c->s);
	assert_string_equal(xmpp_text(c->s, xmpp_take(c->s, ROMEO), "body"),
			    "[image/png, 90000 octets]");
	assert_int_equal(files_stats(c->s->files).failed, 2);
	assert_int_equal(files_stats(c->s->files).bytes, 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(test_picture),
	    CASE(test_history),
	    CASE(test_long),
	    CASE(test_given_up),
	    CASE(test_gone_before_kept),
	    CASE(test_refused_after),
	    CASE(test_private),
	    CASE(test_restart),
	    CASE(test_disk_fails),
	    cmocka_unit_test_setup_teardown(test_quota, setup_small, teardown),
	    cmocka_unit_test_setup_teardown(test_unknown_size, setup_small,
					    teardown),
	    cmocka_unit_test_setup_teardown(test_off, setup_off, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
