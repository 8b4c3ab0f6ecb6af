/* Delivery notifications (RFC 5438), which tell of a message that it has
 * arrived in the other world. */
#pragma once

#include "base/buf.h"
#include "msrp/cpim.h"

#define MAP_IMDN_TYPE "message/imdn+xml"

/* Does a message with this head ask for one? */
bool map_wants_imdn(const struct cpim *head);
/* The entity that says "delivered" of it, from whom it was for to its author
 * (RFC 5438 §7.2.1.1). id: of the notification; now: as in RFC 3339, for one
 * that does not say when it was written. */
void map_imdn(struct buf *b, const struct cpim *head, struct str id,
	      struct str now);
