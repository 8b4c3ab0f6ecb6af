/* The store as the place where a core and its SIP process keep what is to
 * outlive them, and the way back at the next start. */
#pragma once

#include "gateway/core.h"
#include "gateway/store.h"

struct keep keep_in_store(struct store *s);

/* Dialogs of the run before, for sip_child_new. */
struct seeds {
	struct str *seed;
	size_t n;
};
/* Gives the core all that the run before has kept; core_restored is the
 * caller's. The store may be NULL. */
void restore_from_store(struct store *s, struct core *core, struct seeds *out);
void seeds_done(struct seeds *s);
