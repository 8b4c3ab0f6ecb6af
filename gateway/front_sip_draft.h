/* Addresses of occupants as draft-niemi-simple-chat-06 had them before RFC
 * 7701, sip:nick%40room@domain: read, never written (conference DRAFT-1,
 * DRAFT-3). */
#pragma once

#include "gateway/front_sip_call.h"

/* Does "room@domain", percent-encoded, name the call's room? */
bool draft_room_ours(struct call *c, struct str room);
/* The occupant of the call's room with such an address, or NULL. */
const struct occupant *draft_occupant(struct call *c, struct str uri);
