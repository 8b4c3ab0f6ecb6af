/* Rooms full of members, on sockets to stoxd or to the relay: the first of each
 * room talks at a steady pace, the others listen and check that they get every
 * message once, in order, octet by octet. */
#pragma once

#include "tests/bench/measure.h"
#include "tests/bench/message.h"
#include "tests/bench/sip.h"

struct field_member;
struct field_room;

struct field {
	unsigned rooms, people, n; /* n: all members, room after room */
	const struct call *calls;  /* of them, borrowed */
	struct field_member *members;
	struct field_room *room;
	int ep;
	uint64_t sent, delivered; /* in the present run */
	double took_s;		  /* of it */
	struct hist latency;
	struct str copy, copy_body; /* one copy, and its body within it */
	char copy_text[2048];
	char in[64 * 1024];
};

/* n_calls = rooms * people. */
struct field *field_new(unsigned rooms, unsigned people,
			const struct call *calls);
void field_free(struct field *f); /* closes the sockets */
/* The i-th member's socket, taken. */
void field_add(struct field *f, unsigned i, int fd);
/* The message that a room's first member sends. */
const struct message *field_message(const struct field *f, unsigned room);
/* Sends so many messages a second for so long, into one room after the other,
 * whatever the answers do; then waits for the rest. every_minute may be NULL.
 */
void field_run(struct field *f, double rate, double seconds,
	       void (*every_minute)(void *user), void *user);
