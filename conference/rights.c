/* Who may change whom (XEP-0045 §5, §8, §9, §10). */
#include "conference/affil_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

static bool is_changed(struct str user, const struct change *changes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!changes[i].of_role &&
		    (str_eq(changes[i].want.user, user) ||
		     affil_stands_for(changes[i].want.user, user)))
			return true;
	return false;
}

bool owners_remain(const struct room *r, const struct change *changes, size_t n)
{
	const struct room_affiliation *a;
	bool had = false;
	size_t it = 0;

	for (size_t i = 0; i < n; i++)
		if (!changes[i].of_role &&
		    changes[i].want.affiliation == AFF_OWNER)
			return true;
	while ((a = room_affiliations(r, &it))) {
		if (a->affiliation != AFF_OWNER)
			continue;
		if (!is_changed(a->user, changes, n))
			return true;
		had = true;
	}
	return !had;
}

/* What that user is, by his own entry or by one that stands for him. */
static enum affiliation affiliation_of_key(const struct room *r,
					   struct str user)
{
	struct person who = {.account = user};
	enum affiliation best = affil_of(r, &who);
	const struct affils *const lists[] = {&r->fixed, &r->granted};

	for (int i = 0; i < 2; i++) {
		const struct affil *a = affil_particular(lists[i], user);

		for (; a; a = a->alike)
			if (a->pub.affiliation > best &&
			    affil_stands_for(user, a->pub.user) &&
			    affil_at(r, a->pub.user) == a)
				best = a->pub.affiliation;
	}
	return best;
}

enum reason_code may_affiliate(const struct room *r, const struct occ *by,
			       struct str user, enum affiliation to)
{
	enum affiliation own = by->pub.affiliation;
	enum affiliation from = affiliation_of_key(r, user);

	if (own < AFF_ADMIN || (own == AFF_ADMIN && to >= AFF_ADMIN))
		return REASON_FORBIDDEN;
	if (to == AFF_OUTCAST && affil_names(user, &by->person))
		return REASON_CONFLICT;
	if (own == AFF_ADMIN && from >= AFF_ADMIN)
		return to == AFF_OUTCAST ? REASON_NOT_ALLOWED
					 : REASON_FORBIDDEN;
	return REASON_OK;
}

enum reason_code may_kick(const struct occ *by, const struct occ *target)
{
	if (!target)
		return REASON_NO_OCCUPANT;
	if (occ_same_user(by, target))
		return REASON_OK;
	if (by->pub.role != ROLE_MODERATOR)
		return REASON_FORBIDDEN;
	return target->pub.affiliation > by->pub.affiliation
		   ? REASON_NOT_ALLOWED
		   : REASON_OK;
}

enum reason_code may_set_role(const struct occ *by, const struct occ *target,
			      enum role to)
{
	bool moderators = to == ROLE_MODERATOR ||
			  (target && target->pub.role == ROLE_MODERATOR);

	if (!target)
		return REASON_NO_OCCUPANT;
	if (by->pub.role != ROLE_MODERATOR)
		return REASON_FORBIDDEN;
	if (role_possible(target, to) != REASON_OK)
		return REASON_NOT_ALLOWED;
	if (moderators && by->pub.affiliation < AFF_ADMIN)
		return REASON_FORBIDDEN;
	if (to < target->pub.role &&
	    target->pub.affiliation > by->pub.affiliation)
		return REASON_NOT_ALLOWED;
	return REASON_OK;
}
