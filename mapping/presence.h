/* Roles, presence and their names in both worlds (ADM-1, ADM-2, RFC 8048 §6).
 * Pure. */
#pragma once

#include "conference/model.h"

const char *map_role_name(enum role r);		      /* XEP-0045 §5.1 */
const char *map_affiliation_name(enum affiliation a); /* XEP-0045 §5.2 */
/* False: it is no affiliation's name. */
bool map_affiliation_read(struct str name, enum affiliation *out);

/* Roles of conference-info (RFC 4575 §5.6.3) for a room's; returns how many
 * (ADM-1). */
size_t map_role_to_confinfo(enum role r, enum affiliation a,
			    struct str roles[4]);
/* And back (ADM-2). */
void map_role_from_confinfo(const struct str *roles, size_t n, enum role *r,
			    enum affiliation *a);
/* The show value as XMPP knows it: itself, or empty if it is none (X2S-28). */
struct str map_show(struct str show);
