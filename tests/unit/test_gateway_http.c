/* The HTTP server: what becomes of a connection that is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "gateway/http.h"

struct bed {
	struct log log;
	uint64_t mono;
	struct loop *loop;
	struct http *http;
	struct sockaddr_in at;
	unsigned heard;
};

static uint64_t clock_now(void *user)
{
	return ((struct bed *)user)->mono;
}

static void answer(void *user, struct evhttp_request *req)
{
	(void)user;
	http_answer(req, 200, "text/plain", STR("yes"), NULL);
}

static void start(struct bed *b)
{
	struct clock clock = {clock_now, clock_now, b};
	socklen_t n = sizeof(b->at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	*b = (struct bed){.mono = 5000};
	b->at = (struct sockaddr_in){.sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(fd, (struct sockaddr *)&b->at, n), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&b->at, &n), 0);
	log_init(&b->log, LOG_ERROR, "test");
	b->loop = loop_new(&b->log, &clock);
	b->http = http_new(&(struct http_cfg){
	    .loop = b->loop,
	    .fd = fd,
	    .methods = EVHTTP_REQ_GET,
	    .request = answer,
	    .user = b,
	});
}

/* A request and its whole answer. */
static void ask(struct bed *b)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
	char text[512];
	ssize_t n;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&b->at, sizeof(b->at)),
			 0);
	assert_int_equal(write(fd, get, sizeof(get) - 1), sizeof(get) - 1);
	do
		loop_settle(b->loop);
	while ((n = recv(fd, text, sizeof(text), MSG_DONTWAIT)) != 0);
	close(fd);
	loop_settle(b->loop);
}

static void on_read(evutil_socket_t fd, short what, void *user)
{
	struct bed *b = user;
	char c;

	(void)what;
	b->heard += recv(fd, &c, 1, 0) == 1;
}

/* The next sockets, whichever numbers they have, hear what comes. */
static void test_numbers(void **state)
{
	struct bed b;
	struct event *ev[8];
	int fd[8];

	(void)state;
	start(&b);
	ask(&b);
	ask(&b);
	for (int i = 0; i < 8; i += 2) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd + i),
				 0);
		for (int k = i; k < i + 2; k++) {
			ev[k] = event_new(loop_base(b.loop), fd[k],
					  EV_READ | EV_PERSIST, on_read, &b);
			event_add(ev[k], NULL);
			assert_int_equal(write(fd[k], "x", 1), 1);
		}
	}
	loop_settle(b.loop);
	assert_int_equal(b.heard, 8);
	for (int i = 0; i < 8; i++) {
		event_free(ev[i]);
		close(fd[i]);
	}
	http_free(b.http);
	loop_free(b.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers)};

	return cmocka_run_group_tests_name("gateway_http", tests, NULL, NULL);
}
