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

/* m is a message of any of the rooms, all being as long; copy is one frame that
 * stoxd sent, body its body within it. */
void relay_start(struct relay *r, const struct message *m, struct str copy,
		 struct str body, unsigned receivers, unsigned rooms);

/* Once a connection is closed: waits for the process. */
void relay_wait(struct relay *r);
