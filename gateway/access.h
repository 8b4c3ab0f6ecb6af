/* Lists of who may come into a room and who may not, of a domain's rooms or of
 * one. Pure. */
#pragma once

#include "conference/room.h"

/* Entries as in struct room_affiliation: users, or all of a domain. */
struct access {
	const struct str *allow, *deny;
	size_t n_allow, n_deny;
};

/* Why he may not; NULL: he may. Who is denied is not let in by being allowed;
 * no entry in allow: everybody. */
const char *access_refuses(const struct access *a,
			   const struct seat_join *join);
