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
	const struct config *first;    /* of the start; borrowed */
	struct config *latest;	       /* read last; NULL: still the first */
	struct domain_config *domains; /* of now, if some are older than that */
	struct config **kept;	       /* own the strings of such */
	size_t n_kept;
};

/* Borrows first, for its own life. */
void live_config_init(struct live_config *l, const struct config *first);
void live_config_done(struct live_config *l);
/* Reads the file again, and changes nothing: 0 and what it says now, or
 * ERR_SYNTAX and the one line `file:line: what is wrong` in said. */
int live_config_read(const struct live_config *l, struct config **fresh,
		     struct buf *said);
/* Makes it the content of `now`; said gets a line for each key that can't
 * change before a restart. A domain of local rooms that is no longer there
 * stays until then: people are in its rooms. */
void live_config_take(struct live_config *l, struct loop *loop,
		      struct config *take_fresh, struct buf *said);
