/* Who may change whom (XEP-0045 §5, §8, §9, §10). */
#include "conference/room_priv.h"

static size_t other_owners(const struct room *r, struct str user)
{
	const struct room_affiliation *a;
	size_t it = 0, n = 0;

	while ((a = room_affiliations(r, &it)))
		if (a->affiliation == AFF_OWNER && !str_eq(a->user, user) &&
		    !affil_stands_for(user, a->user))
			n++;
	return n;
}

/* What that user is, by his own entry or by one that stands for him. */
static enum affiliation affiliation_of_key(const struct room *r,
					   struct str user)
{
	struct person who = {.account = user};
	enum affiliation best = affil_of(r, &who);
	const struct room_affiliation *a;
	size_t it = 0;

	while ((a = room_affiliations(r, &it)))
		if (a->affiliation > best && affil_stands_for(user, a->user))
			best = a->affiliation;
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
	if (from == AFF_OWNER && to != AFF_OWNER && !other_owners(r, user))
		return REASON_CONFLICT;
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
	if (by->pub.role != ROLE_MODERATOR ||
	    (moderators && by->pub.affiliation < AFF_ADMIN))
		return REASON_FORBIDDEN;
	if (to < target->pub.role &&
	    target->pub.affiliation > by->pub.affiliation)
		return REASON_NOT_ALLOWED;
	return role_possible(target, to);
}
