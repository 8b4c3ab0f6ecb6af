/* Files that SIP users offer to the room in an m-line of their own (RFC 5547):
 * kept, and told to all by a link. */
#pragma once

#include "gateway/front_sip_call.h"

/* Takes the offer's lines that push a file, drops those that are gone: 200, or
 * 403 if there is one but the user is not in the room. */
int transfers_offer(struct call *c, const struct sdp *offer);
/* What our description says of them. */
void transfers_describe(const struct call *c, struct sdp_local *local);
/* How many there are, or were and are still in the description. */
size_t transfers_count(const struct call *c);
/* The description is agreed on: connects where that is our part. */
void transfers_start(struct call *c);
void transfers_free(struct call *c);
