/* Kept files: what they are called and served as, and how (CHAT-20). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "gateway/files_http.h"

static void assert_name(const char *wanted, const char *type, const char *name)
{
	struct buf b = BUF_INIT(4096);

	file_name_clean(&b, str_z(wanted), str_z(type));
	assert_string_equal(buf_z(&b), name);
	buf_done(&b);
}

static void test_names(void **state)
{
	char longest[400] = "";
	struct buf b = BUF_INIT(4096);

	(void)state;
	assert_name("photo.png", "image/png", "photo.png");
	assert_name("../../etc/passwd", "text/plain", "passwd");
	assert_name("C:\\temp\\a b.txt", "text/plain", "a b.txt");
	assert_name("", "image/png", "file.png");
	assert_name("x/", "application/x-thing", "file");
	assert_name("..", "IMAGE/JPEG", "file.jpg");
	assert_name(".bashrc", "text/plain", "bashrc");
	assert_name("a\r\nb\x01\x7f", "text/plain", "a__b__");
	assert_name("a\"<b>", "text/plain", "a__b_");
	/* what turns writing around: "annexe" + "gnp.exe" */
	assert_name("x\xe2\x80\xaegnp.exe", "image/png", "x_gnp.exe");
	assert_name("na\xc3\xafve.txt", "text/plain", "na\xc3\xafve.txt");
	assert_name("bad\xff.txt", "text/plain", "bad_.txt");
	for (int i = 0; i < 100; i++)
		strcat(longest, "\xc3\xa9x");
	strcat(longest, ".png");
	file_name_clean(&b, str_z(longest), STR("image/png"));
	assert_true(b.n <= FILE_NAME_MAX && b.n > FILE_NAME_MAX - 4);
	assert_true(str_ends(buf_str(&b), STR(".png")));
	buf_done(&b);
}

static void assert_type(const char *type, const char *served, bool shown)
{
	bool is_shown;

	assert_string_equal(file_served_type(str_z(type), &is_shown), served);
	assert_int_equal(is_shown, shown);
}

/* What could run in a browser is only saved. */
static void test_types(void **state)
{
	(void)state;
	assert_type("image/png", "image/png", true);
	assert_type("Image/JPG", "image/jpeg", true);
	assert_type("text/plain", "text/plain; charset=utf-8", true);
	assert_type("application/pdf", "application/pdf", false);
	assert_type("text/html", "application/octet-stream", false);
	assert_type("image/svg+xml", "application/octet-stream", false);
	assert_type("application/javascript", "application/octet-stream",
		    false);
	assert_type("", "application/octet-stream", false);
	assert_type("image/png\r\nX: y", "application/octet-stream", false);
}

static void test_tokens(void **state)
{
	(void)state;
	assert_true(file_is_token(STR("abcdefghijklmnopqrstuvwxyzABCD09")));
	assert_false(file_is_token(STR("abcdefghijklmnopqrstuvwxyzABCD0")));
	assert_false(file_is_token(STR("../defghijklmnopqrstuvwxyzABCD09")));
}

static void assert_range(const char *value, uint64_t size, int status,
			 uint64_t at, uint64_t n)
{
	uint64_t got_at, got_n;

	assert_int_equal(file_range(str_z(value), size, &got_at, &got_n),
			 status);
	if (status == 416)
		return;
	assert_int_equal(got_at, at);
	assert_int_equal(got_n, n);
}

static void test_ranges(void **state)
{
	(void)state;
	assert_range("", 10, 200, 0, 10);
	assert_range("bytes=0-3", 10, 206, 0, 4);
	assert_range("bytes=4-", 10, 206, 4, 6);
	assert_range("bytes=4-99", 10, 206, 4, 6);
	assert_range("bytes=-3", 10, 206, 7, 3);
	assert_range("bytes=-99", 10, 206, 0, 10);
	assert_range("bytes=10-", 10, 416, 0, 0);
	assert_range("bytes=-0", 10, 416, 0, 0);
	assert_range("bytes=5-2", 10, 200, 0, 10);
	assert_range("bytes=0-1,4-5", 10, 200, 0, 10);
	assert_range("bytes=-", 10, 200, 0, 10);
	assert_range("lines=1-2", 10, 200, 0, 10);
	assert_range("bytes=99999999999999999999-", 10, 200, 0, 10);
	assert_range("bytes=0-", 0, 416, 0, 0);
}

static void test_head(void **state)
{
	struct file_head h = {
	    .room = STR("r@chat.test"),
	    .user = STR("sip:a\nb@sip.test"),
	    .type = STR("image/png"),
	    .name = STR("a b.png"),
	    .time_ms = 1792000000123,
	};
	struct file_head got;
	struct buf b = BUF_INIT(FILE_HEAD_MAX);
	size_t n;

	(void)state;
	file_head_write(&b, &h);
	n = b.n;
	buf_addz(&b, "content\n\n");
	assert_int_equal(file_head_read(buf_str(&b), &got), n);
	assert_true(str_eq(got.room, h.room));
	assert_true(str_eq(got.user, STR("sip:a b@sip.test")));
	assert_true(str_eq(got.type, h.type));
	assert_true(str_eq(got.name, h.name));
	assert_int_equal(got.time_ms, h.time_ms);
	for (size_t i = 0; i < n; i++)
		assert_true(file_head_read(str_of(b.p, i), &got) <= 0);
	buf_clear(&b);
	buf_addz(&b, "something else\n\n");
	assert_int_equal(file_head_read(buf_str(&b), &got), ERR_SYNTAX);
	buf_clear(&b);
	buf_addz(&b, "stoxd file 1\nroom=r\nname=n\ntime=soon\n\n");
	assert_int_equal(file_head_read(buf_str(&b), &got), ERR_SYNTAX);
	buf_done(&b);
}

/* --- served --- */

struct bed {
	struct log log;
	struct loop *loop;
	char dir[32];
	struct config config;
	struct files *files;
	struct files_http *http;
	uint64_t mono;
	char url[256];
	int err;
	bool told;
};

static uint64_t mono_ms(void *user)
{
	return ((struct bed *)user)->mono;
}

static uint64_t wall_ms(void *user)
{
	(void)user;
	return 1792000000000;
}

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	struct clock clock = {mono_ms, wall_ms, b};
	char why[256];

	strcpy(b->dir, "/tmp/stox-files.XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	log_init(&b->log, LOG_ERROR, "test");
	b->mono = 1000000;
	b->loop = loop_new(&b->log, &clock);
	b->config.state_dir = b->dir;
	b->config.files.listen = "127.0.0.1:0";
	b->config.files.base_url = "http://files.test/x";
	b->config.files.max_size = 10000000;
	b->config.files.quota = 10000000;
	b->config.files.room_quota = 9000000;
	b->config.files.user_quota = 8000000;
	b->config.files.max_connections = 4;
	assert_int_equal(files_open(b->loop, &b->config, &b->files, why), 0);
	assert_int_equal(
	    files_http_new(b->loop, &b->config, b->files, &b->http, why), 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;
	char command[64];

	files_http_free(b->http);
	files_close(b->files);
	loop_free(b->loop);
	snprintf(command, sizeof(command), "rm -r %s", b->dir);
	assert_int_equal(system(command), 0);
	free(b);
	return 0;
}

static void on_more(void *user)
{
	(void)user;
}

static void on_done(void *user, int err, struct str url)
{
	struct bed *b = user;

	b->told = true;
	b->err = err;
	snprintf(b->url, sizeof(b->url), "%.*s", STR_ARG(url));
}

static const struct file_ops ops = {on_more, on_done};

static int put(struct bed *b, const char *user, const char *name,
	       const char *type, struct str content)
{
	struct file_head about = {.room = STR("r@chat.test"),
				  .user = str_z(user),
				  .type = str_z(type),
				  .name = str_z(name)};
	struct file_in *in;
	int err = file_begin(b->files, &about, true, content.n, &ops, b, &in);

	if (err < 0)
		return err;
	if (content.n) {
		assert_int_equal(file_put(in, content), 0);
		files_settle(b->files);
	}
	b->told = false;
	file_finish(in);
	files_settle(b->files);
	assert_true(b->told);
	return b->err;
}

/* A connection to the server. */
static int dial(struct bed *b)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(files_http_port(b->http)),
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* What the server says to this request, whole. */
static struct str ask(struct bed *b, struct buf *out, const char *request)
{
	int fd = dial(b);
	ssize_t n;

	buf_init(out, 1u << 24);
	assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	for (int i = 0; i < 10000; i++) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		loop_settle(b->loop);
		if (poll(&p, 1, 1) <= 0)
			continue;
		n = read(fd, buf_space(out, 65536), 65536);
		if (n <= 0)
			break;
		out->n += (size_t)n;
	}
	close(fd);
	loop_settle(b->loop);
	return buf_str(out);
}

static bool has(struct str text, const char *what)
{
	return str_search(text, str_z(what)) >= 0;
}

static const char *request(char z[512], const char *method, const char *path,
			   const char *more)
{
	snprintf(z, 512, "%s %s HTTP/1.1\r\nHost: files.test\r\n%s\r\n", method,
		 path, more);
	return z;
}

static void test_get(void **state)
{
	struct bed *b = *state;
	char z[512], path[300];
	struct buf out;
	struct str got;

	assert_int_equal(put(b, "sip:a@t", "caf\xc3\xa9 1.png", "image/png",
			     STR("0123456789")),
			 0);
	assert_true(str_starts(str_z(b->url), STR("http://files.test/x/")));
	assert_true(str_ends(str_z(b->url), STR("/caf%C3%A9%201.png")));
	snprintf(path, sizeof(path), "%s",
		 b->url + strlen("http://files.test"));
	got = ask(b, &out, request(z, "GET", path, ""));
	assert_true(str_starts(got, STR("HTTP/1.1 200 ")));
	assert_true(has(got, "Content-Type: image/png\r\n"));
	assert_true(has(got, "Content-Length: 10\r\n"));
	assert_true(has(got, "X-Content-Type-Options: nosniff\r\n"));
	assert_true(has(got,
			"Content-Disposition: inline; filename=\"caf__ "
			"1.png\"; filename*=UTF-8''caf%C3%A9%201.png\r\n"));
	assert_true(str_ends(got, STR("\r\n\r\n0123456789")));
	buf_done(&out);
	/* a proxy may take our own path off */
	got = ask(b, &out, request(z, "GET", path + 2, ""));
	assert_true(str_ends(got, STR("\r\n\r\n0123456789")));
	buf_done(&out);
	got = ask(b, &out, request(z, "HEAD", path, ""));
	assert_true(str_starts(got, STR("HTTP/1.1 200 ")));
	assert_true(has(got, "Content-Length: 10\r\n"));
	assert_true(str_ends(got, STR("\r\n\r\n")));
	buf_done(&out);
	got = ask(b, &out, request(z, "GET", path, "Range: bytes=2-4\r\n"));
	assert_true(str_starts(got, STR("HTTP/1.1 206 ")));
	assert_true(has(got, "Content-Range: bytes 2-4/10\r\n"));
	assert_true(str_ends(got, STR("\r\n\r\n234")));
	buf_done(&out);
	got = ask(b, &out, request(z, "GET", path, "Range: bytes=10-\r\n"));
	assert_true(str_starts(got, STR("HTTP/1.1 416 ")));
	assert_true(has(got, "Content-Range: bytes */10\r\n"));
	buf_done(&out);
	assert_int_equal(files_stats(b->files).served, 4);
}

static void test_page_is_saved(void **state)
{
	struct bed *b = *state;
	char z[512];
	struct buf out;
	struct str got;

	assert_int_equal(put(b, "sip:a@t", "x.html", "text/html",
			     STR("<script>alert(1)</script>")),
			 0);
	got = ask(b, &out,
		  request(z, "GET", b->url + strlen("http://files.test"), ""));
	assert_true(has(got, "Content-Type: application/octet-stream\r\n"));
	assert_true(has(got, "Content-Disposition: attachment; "));
	buf_done(&out);
}

static void test_large(void **state)
{
	struct bed *b = *state;
	char *p = malloc(5000000);
	char z[512];
	struct buf out;
	struct str got;

	for (size_t i = 0; i < 5000000; i++)
		p[i] = (char)(i * 7 + i / 251);
	assert_int_equal(put(b, "sip:a@t", "f", "x/y", str_of(p, 5000000)), 0);
	got = ask(b, &out,
		  request(z, "GET", b->url + strlen("http://files.test"), ""));
	assert_true(str_ends(got, str_of(p, 5000000)));
	buf_done(&out);
	free(p);
}

static void assert_status(struct bed *b, const char *method, const char *path,
			  const char *status)
{
	char z[512], want[64];
	struct buf out;
	struct str got = ask(b, &out, request(z, method, path, ""));

	snprintf(want, sizeof(want), "HTTP/1.1 %s ", status);
	assert_true(str_starts(got, str_z(want)));
	assert_false(has(got, "0123456789"));
	buf_done(&out);
}

/* Lets the server see what has come to it. */
static void settle(struct bed *b)
{
	for (int i = 0; i < 20; i++) {
		poll(NULL, 0, 1);
		loop_settle(b->loop);
	}
}

/* Has the server closed it? */
static bool is_closed(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

/* Who takes a place and asks for nothing loses it, and others get theirs. */
static void test_slow_clients(void **state)
{
	struct bed *b = *state;
	struct buf out;
	int fd[5];
	char z[512];

	for (int i = 0; i < 5; i++) { /* one more than there are places */
		fd[i] = dial(b);
		assert_int_equal(write(fd[i], "GET /", 5), 5);
		settle(b);
	}
	b->mono += 55000;
	settle(b);
	assert_false(is_closed(fd[0]));
	b->mono += 10000;
	settle(b);
	for (int i = 0; i < 4; i++)
		assert_true(is_closed(fd[i]));
	assert_false(is_closed(fd[4]));
	b->mono += 1000;
	settle(b);
	assert_true(has(ask(b, &out, request(z, "GET", "/x", "")), " 404 "));
	buf_done(&out);
	for (int i = 0; i < 5; i++)
		close(fd[i]);
	settle(b);
}

/* Nothing but a known token with its name leads anywhere. */
static void test_strangers(void **state)
{
	struct bed *b = *state;
	char path[300], z[300];
	const char *token;

	assert_int_equal(
	    put(b, "sip:a@t", "a.png", "image/png", STR("0123456789")), 0);
	snprintf(path, sizeof(path), "%s",
		 b->url + strlen("http://files.test"));
	token = path + 3;
	assert_status(b, "GET", "/", "404");
	assert_status(b, "GET", "/x/", "404");
	assert_status(b, "GET", "/../../../etc/passwd", "404");
	assert_status(b, "GET", "/x/..%2f..%2fetc/passwd", "404");
	assert_status(b, "GET", "/x/abcdefghijklmnopqrstuvwxyzABCDEF/a.png",
		      "404");
	snprintf(z, sizeof(z), "/x/%.32s/b.png", token);
	assert_status(b, "GET", z, "404");
	snprintf(z, sizeof(z), "/x/%.32s/", token);
	assert_status(b, "GET", z, "404");
	snprintf(z, sizeof(z), "/x/%.32s", token);
	assert_status(b, "GET", z, "404");
	snprintf(z, sizeof(z), "/x/q%.32s/a.png", token);
	assert_status(b, "GET", z, "404");
	snprintf(z, sizeof(z), "/x/%.32s/a.png", token);
	assert_status(b, "POST", z, "501");
	assert_status(b, "PUT", z, "501");
	assert_status(b, "DELETE", z, "501");
}

static void test_quotas(void **state)
{
	struct bed *b = *state;
	char *p = calloc(1, 10000001);

	assert_int_equal(put(b, "sip:a@t", "f", "x/y", str_of(p, 10000001)),
			 ERR_TOO_BIG);
	assert_int_equal(put(b, "sip:a@t", "f", "x/y", str_of(p, 8000001)),
			 ERR_FULL);
	assert_int_equal(put(b, "sip:a@t", "f", "x/y", str_of(p, 6000000)), 0);
	assert_int_equal(put(b, "sip:a@t", "f", "x/y", str_of(p, 2000001)),
			 ERR_FULL);
	assert_int_equal(put(b, "sip:b@t", "f", "x/y", str_of(p, 3000001)),
			 ERR_FULL);
	assert_int_equal(put(b, "sip:b@t", "f", "x/y", str_of(p, 3000000)), 0);
	assert_int_equal(put(b, "sip:c@t", "f", "x/y", STR("x")), ERR_FULL);
	assert_int_equal(put(b, "sip:c@t", "f", "x/y", STR_NONE), 0);
	assert_int_equal(files_stats(b->files).bytes, 9000000);
	assert_int_equal(files_stats(b->files).files, 3);
	assert_int_equal(files_stats(b->files).refused, 5);
	free(p);
}

/* Who has been dropped in the middle leaves nothing, whatever the disk does. */
static void test_dropped(void **state)
{
	struct bed *b = *state;
	struct file_head about = {.room = STR("r@chat.test"),
				  .user = STR("sip:a@t"),
				  .name = STR("f")};
	struct file_in *in;

	for (int step = 0; step < 4; step++) {
		assert_int_equal(
		    file_begin(b->files, &about, false, 0, &ops, b, &in), 0);
		b->told = false;
		if (step > 0)
			assert_int_equal(file_put(in, STR("abc")), 0);
		if (step > 1)
			files_settle(b->files);
		if (step > 2)
			file_finish(in);
		file_drop(in);
		files_settle(b->files);
		assert_false(b->told);
		assert_int_equal(files_stats(b->files).coming, 0);
		assert_int_equal(files_stats(b->files).files, 0);
		assert_int_equal(files_stats(b->files).bytes, 0);
	}
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_types),
	    cmocka_unit_test(test_tokens),
	    cmocka_unit_test(test_ranges),
	    cmocka_unit_test(test_head),
	    CASE(test_get),
	    CASE(test_page_is_saved),
	    CASE(test_large),
	    CASE(test_strangers),
	    CASE(test_slow_clients),
	    CASE(test_quotas),
	    CASE(test_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
