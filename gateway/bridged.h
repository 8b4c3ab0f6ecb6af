/* How many rooms that live elsewhere people are in, or are about to enter: of
 * all, of each user, of each domain. A leg counts as one. Pure. */
#pragma once

#include "conference/model.h"

struct bridged;

struct bridged *bridged_new(void);
void bridged_free(struct bridged *b); /* NULL is fine */
/* user: as in struct seat_join, all clients of an XMPP user are one; room:
 * "name@domain". */
void bridged_add(struct bridged *b, enum world world, struct str user,
		 struct str room);
void bridged_remove(struct bridged *b, enum world world, struct str user,
		    struct str room);
size_t bridged_all(const struct bridged *b);
size_t bridged_of_user(const struct bridged *b, enum world world,
		       struct str user);
size_t bridged_of_domain(const struct bridged *b, struct str domain);
