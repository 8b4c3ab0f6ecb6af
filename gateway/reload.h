/* The configuration in use, which can be read again.
 *
 * Everybody borrows the address of `now`, which stays the same for the whole
 * run; a reload puts other content there. So a pointer into it (a domain, a
 * string) is good until the loop's turn ends, and who needs one for longer
 * makes a copy or is told by core_reconfigure(). What is set up once, such as
 * listeners, keeps the value of the start, in `now` too. */
#pragma once

#include "base/buf.h"
#include "base/loop.h"
#include "gateway/config.h"

struct live_config {
	struct config now;
	const struct config *first; /* of the start; borrowed */
	struct config *latest;	    /* read last; NULL: still the first */
};

/* Borrows first, for its own life. */
void live_config_init(struct live_config *l, const struct config *first);
void live_config_done(struct live_config *l);
/* Reads the file again. 0: `now` has changed; said gets a line for each key
 * that can't change before a restart. ERR_SYNTAX: nothing has changed, said is
 * the one line `file:line: what is wrong`. */
int live_config_reload(struct live_config *l, struct loop *loop,
		       struct buf *said);
