/* An MSRP client that is connected to. */
#pragma once

#include "scene.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct callee {
	int listener, fd;
	unsigned port;
	char bytes[8192];
	size_t n;
};

static inline void callee_listen(struct callee *c, struct sip_user *u)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t n = sizeof(in);

	*c = (struct callee){.fd = -1};
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(c->listener, (struct sockaddr *)&in, n), 0);
	assert_int_equal(listen(c->listener, 4), 0);
	getsockname(c->listener, (struct sockaddr *)&in, &n);
	c->port = ntohs(in.sin_port);
	snprintf(u->own_path, sizeof(u->own_path),
		 "msrp://127.0.0.1:%u/%s1;tcp", c->port, u->name);
}

static inline bool callee_called(struct callee *c, struct scene *s)
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
static inline struct str callee_hears(struct callee *c, struct scene *s,
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

static inline void callee_done(struct callee *c)
{
	if (c->fd >= 0)
		close(c->fd);
	close(c->listener);
}
