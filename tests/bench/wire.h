/* A stream of the bench: a TCP socket, bare or with TLS on it. Each function
 * ends the bench with a message when it fails. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ssl_st;

struct wire {
	int fd;
	struct ssl_st *tls; /* NULL: bare */
};

/* To 127.0.0.1:port. */
struct wire wire_connect(uint16_t port, bool tls);
/* A connection that came. certificate, key: PEM files; NULL: bare. */
struct wire wire_accept(int listener, const char *certificate, const char *key);
void wire_close(struct wire *w);
/* Writes all n octets, waiting where the stream is full. */
void wire_write(struct wire *w, const void *p, size_t n);
/* What has come, at most n octets: 0 at the end, -1 and EAGAIN if nothing is
 * there. */
ssize_t wire_read(struct wire *w, void *p, size_t n);
/* Likewise, waiting for it. */
ssize_t wire_await(struct wire *w, void *p, size_t n);
