/* A stoxd of the bench's own: its configuration in a temporary folder, its
 * ports free ones on the loopback, its end awaited. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define BENCH_ROOM   "bench" /* and a number */
#define BENCH_DOMAIN "chat.bench.example"

struct daemon {
	pid_t pid;
	uint16_t sip_port, msrp_port;
	const char *domains;	 /* the sections; NULL: one with local rooms */
	const char *domain_more; /* keys of the rooms' domain, or NULL */
	uint16_t component_port; /* of the XMPP server; 0: none */
	const char *secret;	 /* ... and what it is told */
	/* PEM files for MSRP over TLS; NULL: without */
	const char *certificate, *key;
	bool keeps; /* what it needs after a crash, in its folder */
	char dir[64];
};

/* Starts the program (the strings are set, the rest is not) and returns when it
 * says that it is ready (sd_notify).
 * Ends the bench with a message, and stoxd's log, when that does not come. */
void daemon_start(struct daemon *d, const char *program, unsigned seats);

/* SIGTERM, and waits. Returns its exit status (0 is right), -1 when a signal
 * ended it. The folder is removed when it was 0, else named and kept. */
int daemon_stop(struct daemon *d);

/* CPU nanoseconds of stoxd and its SIP process together. */
uint64_t daemon_cpu_ns(const struct daemon *d);
uint64_t daemon_user_ns(const struct daemon *d);

/* Resident octets: of stoxd, and of its SIP process. */
void daemon_rss(const struct daemon *d, uint64_t *core, uint64_t *sip);
