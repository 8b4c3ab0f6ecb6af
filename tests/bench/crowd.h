/* One sender and many receivers, on sockets to stoxd or to the relay: sends
 * numbered messages and checks that every receiver gets every one once, in
 * order, octet by octet. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "tests/bench/measure.h"
#include "tests/bench/message.h"
#include "tests/bench/wire.h"

#define CROWD_WINDOW 64 /* the largest window */

struct member {
	struct wire wire;
	uint64_t last;	      /* number of the last message got */
	const char *own_path; /* borrowed */
	char *part;	      /* begin of a frame whose rest is to come */
	size_t part_n;
};

struct crowd {
	int ep;
	unsigned n;	       /* receivers */
	struct member *member; /* n + 1: 0 is the sender */
	struct message message;
	uint64_t sent, done;	    /* done: everybody has it */
	uint64_t answered;	    /* the sender's 200s */
	uint64_t delivered, octets; /* copies and their frames' length */
	uint64_t reads;		    /* of receivers, that brought copies */
	struct {
		uint64_t sent_ns;
		unsigned left; /* copies that have not come */
	} flight[CROWD_WINDOW];
	struct hist latency;
	char *in, *out;	      /* work space */
	char copy[2048];      /* the last copy seen */
	struct str copy_body; /* within copy */
	size_t copy_n;
};

void crowd_init(struct crowd *c, unsigned receivers);
void crowd_done(struct crowd *c);

/* The i-th member's stream (0: the sender), taken. own_path is borrowed. */
void crowd_add(struct crowd *c, unsigned i, struct wire wire,
	       const char *own_path);

/* Sends for so long with a window of that many messages, a message being in
 * flight until its last copy has come, then waits for the rest. Counters and
 * latencies are those of this run. A wrong, missing or doubled copy ends the
 * bench. */
void crowd_run(struct crowd *c, unsigned window, uint64_t ns);
