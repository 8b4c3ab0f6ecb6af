/* What the two directions of addr.h share. */
#pragma once

#include "mapping/addr.h"

/* Longer parts can't become a part of a JID, even where each octet is escaped.
 */
#define ADDR_WORK_MAX 4096

/* What a mapping works with; freed as one. */
struct work {
	struct buf local;  /* decoded, not yet escaped or prepared */
	struct buf domain; /* prepared */
	struct buf temp;
};

void addr_work_init(struct work *w);
void addr_work_done(struct work *w);

/* NULL: none of ours. */
const struct map_domain *addr_domain(const struct map_domains *d,
				     struct str name);

/* ":port", unless SIP takes it anyway (ADDR-13). */
void addr_put_port(struct buf *out, uint64_t port);
/* "+digits" without visual separators (RFC 3966 §5.1.1); false: something else.
 */
bool addr_add_global_number(struct buf *out, struct str s);
bool addr_local_number(struct str s);
/* RFC 3966 §3: a domain name or the start of a global number. */
bool addr_phone_context(struct str s);
