/* The other end of stoxd's component stream: either a server that speaks just
 * enough of XEP-0114 to be one, or a second component of a real server, at
 * which the users live. */
#pragma once

#include <stdint.h>

#include "base/str.h"

#define BENCH_USERS  "users.bench.example"
#define BENCH_SECRET "bench"

struct component {
	int fd;
	char *in;
	size_t n;
	uint64_t octets; /* read */
};

/* Waits for stoxd's stream on a listening socket, and accepts its handshake
 * whatever it is. */
void component_accept(struct component *c, int listener);

/* Attaches to a server on the loopback as BENCH_USERS. */
void component_connect(struct component *c, uint16_t port);

void component_close(struct component *c);

void component_send(struct component *c, const char *text, size_t n);

/* Waits up to 30 s for more and hands over whole stanzas; a message or presence
 * is expected to hold no other of its name. Silence ends the bench. */
void component_read(struct component *c,
		    void (*stanza)(void *user, struct str text), void *user);

/* The value of an attribute of the stanza itself, or empty. */
struct str component_attr(struct str stanza, const char *name);
