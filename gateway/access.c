#include "gateway/access.h"

static bool listed(const struct str *list, size_t n,
		   const struct seat_join *join)
{
	for (size_t i = 0; i < n; i++)
		if (seat_join_is(join, list[i]))
			return true;
	return false;
}

const char *access_refuses(const struct access *a, const struct seat_join *join)
{
	if (listed(a->deny, a->n_deny, join))
		return "denied";
	if (a->n_allow && !listed(a->allow, a->n_allow, join))
		return "not among the allowed";
	return NULL;
}
