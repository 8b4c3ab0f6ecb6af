/* Who may come in at all (RFC 7701 §4.1, XEP-0045 §7.2). */
#include "conference/affil_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

struct person person_of(const struct seat_join *join)
{
	if (join->account.n)
		return (struct person){join->user, join->account,
				       join->account_jid};
	return (struct person){join->user, join->user, join->jid};
}

enum reason_code person_admitted(const struct room *r, const struct person *who)
{
	enum affiliation a = affil_of(r, who);

	if (a == AFF_OUTCAST)
		return REASON_BANNED;
	if (a == AFF_NONE && r->policy.members_only)
		return REASON_MEMBERS_ONLY;
	return REASON_OK;
}

static const struct occ *inside(const struct room *r,
				const struct seat_join *join)
{
	const struct occ *o = roster_by_user(r, join->user);

	while (o && (o->pub.world != join->world || !o->devices))
		o = o->same_user;
	return o;
}

/* The same in a time that does not depend on where they differ. */
static bool same_secret(struct str a, struct str b)
{
	unsigned char differs = a.n != b.n;

	for (size_t i = 0; i < a.n && i < b.n; i++)
		differs |= (unsigned char)(a.p[i] ^ b.p[i]);
	return !differs;
}

static enum reason_code password_admits(const struct room *r,
					const struct seat_join *join)
{
	struct person who = person_of(join);

	if (join->returning || !r->policy.password.n || inside(r, join) ||
	    affil_of(r, &who) == AFF_OWNER)
		return REASON_OK;
	return same_secret(r->policy.password, join->password)
		   ? REASON_OK
		   : REASON_PASSWORD;
}

/* The device that he has in the room may come anew. */
static bool has_other_device(const struct room *r, const struct seat_join *join)
{
	const struct occ *o = roster_by_user(r, join->user);

	for (; o; o = o->same_user)
		for (const struct seat_rec *rec = o->devices; rec;
		     rec = rec->next)
			if (o->pub.world == join->world &&
			    rec->device.seat != join->replaces &&
			    !str_eq(rec->device.label, join->device))
				return true;
	return false;
}

static bool has_place(const struct room *r, const struct seat_join *join,
		      const struct person *who)
{
	if (join->observer)
		return r->n_observers / OBSERVERS_PER_PLACE <
			   r->policy.max_occupants ||
		       inside(r, join);
	return r->n_occs < r->policy.max_occupants || inside(r, join) ||
	       affil_of(r, who) >= AFF_ADMIN;
}

enum reason_code room_admits(const struct room *r, const struct seat_join *join)
{
	struct person who = person_of(join);
	enum reason_code code;

	if (join->own)
		return REASON_OK;
	if (r->locked && affil_of(r, &who) != AFF_OWNER)
		return REASON_LOCKED;
	code = person_admitted(r, &who);
	if (code != REASON_OK)
		return code;
	code = password_admits(r, join);
	if (code != REASON_OK)
		return code;
	if (!join->observer && r->policy.one_device &&
	    has_other_device(r, join))
		return REASON_ONE_DEVICE;
	return has_place(r, join, &who) ? REASON_OK : REASON_FULL;
}
