/* The limit: a process that does nothing but copy. It reads what the sender
 * sent and writes, for each message and receiver, a frame as long as stoxd's
 * with a transaction id of its own; one write per receiver for everything that
 * one read brought, one 200 per message to the sender. It looks at no octet. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"
#include "tests/bench/message.h"

struct relay {
	pid_t pid;
	uint16_t port; /* room after room: the sender, then the receivers */
};

struct relay_plan {
	const struct message *message; /* of any of the rooms, all as long */
	struct str copy;	       /* one frame that stoxd sent */
	struct str body;	       /* its body within it */
	unsigned receivers, rooms;
	const char *certificate, *key; /* PEM files; NULL: without TLS */
};
void relay_start(struct relay *r, const struct relay_plan *plan);

/* Once a connection is closed: waits for the process. */
void relay_wait(struct relay *r);
