/* The list of a room's affiliations (XEP-0045 §5.2): what the configuration
 * says, and what was granted since. */
#include <stdlib.h>

#include "base/mem.h"
#include "conference/affil_priv.h"
#include "conference/nick_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

/* room_affiliations: from here on *it walks what was granted */
#define GRANTED (SIZE_MAX / 2 + 1)

void affils_init(struct affils *l)
{
	l->by_user = table_new();
	l->by_nick = table_new();
	l->by_plain = table_new();
}

static void affil_free(struct affil *a)
{
	free(a->block);
	nick_free(&a->nick);
	free(a);
}

void affils_clear(struct affils *l)
{
	struct affil *a;

	TABLE_FOREACH (l->by_user, it, a)
		affils_drop(l, a);
}

void affils_done(struct affils *l)
{
	affils_clear(l);
	table_free(l->by_user);
	table_free(l->by_nick);
	table_free(l->by_plain);
}

/* --- entries for users of one kind --- */

struct affil *affil_particular(const struct affils *l, struct str user)
{
	char space[AFFIL_KEY_MAX];
	struct str key = affil_plain_key(user, space, sizeof(space));

	/* one of a kind himself stands for nobody else */
	return key.n == user.n ? table_get_str(l->by_plain, key) : NULL;
}

static void link_alike(struct affils *l, struct affil *a)
{
	struct affil *first;

	if (!a->plain.n)
		return;
	first = table_get_str(l->by_plain, a->plain);
	if (first) {
		a->alike = first->alike;
		first->alike = a;
	} else {
		table_put_str(l->by_plain, a->plain, a);
	}
}

static void unlink_alike(struct affils *l, struct affil *a)
{
	struct affil *first =
	    a->plain.n ? table_get_str(l->by_plain, a->plain) : NULL;

	if (first == a) {
		table_del_str(l->by_plain, a->plain);
		if (a->alike)
			table_put_str(l->by_plain, a->alike->plain, a->alike);
		return;
	}
	while (first && first->alike != a)
		first = first->alike;
	if (first)
		first->alike = a->alike;
}

/* --- the lists --- */

void affils_drop(struct affils *l, struct affil *a)
{
	unlink_alike(l, a);
	table_del_str(l->by_user, a->pub.user);
	if (a->nick.key.n && table_get_str(l->by_nick, a->nick.key) == a)
		table_del_str(l->by_nick, a->nick.key);
	affil_free(a);
}

void affils_put(struct affils *l, const struct room_affiliation *as,
		struct nick take_nick)
{
	struct affil *a = mem_new(sizeof(*a)),
		     *old = table_get_str(l->by_user, as->user);
	char space[AFFIL_KEY_MAX];
	struct str plain = affil_plain_key(as->user, space, sizeof(space));
	char *to;

	if (plain.n == as->user.n)
		plain = STR_NONE;
	to = mem_new(as->user.n + as->why.n + plain.n);

	a->block = to;
	a->pub = *as;
	a->pub.user = str_pack(&to, as->user);
	a->pub.why = str_pack(&to, as->why);
	a->plain = str_pack(&to, plain);
	a->nick = take_nick;
	a->pub.nick = a->nick.text;
	if (old)
		affils_drop(l, old);
	table_put_str(l->by_user, a->pub.user, a);
	link_alike(l, a);
	if (a->nick.key.n && !table_get_str(l->by_nick, a->nick.key))
		table_put_str(l->by_nick, a->nick.key, a);
}

void affils_set_fixed(struct room *r)
{
	affils_clear(&r->fixed);
	for (size_t i = 0; i < r->policy.n_fixed; i++) {
		struct room_affiliation a = r->policy.fixed[i];
		struct nick nick = {0};

		a.fixed = true;
		if (a.nick.n)
			nick_make(&nick, a.nick);
		affils_put(&r->fixed, &a, nick);
	}
}

const struct affil *affil_at(const struct room *r, struct str key)
{
	const struct affil *a = table_get_str(r->fixed.by_user, key);

	return a ? a : table_get_str(r->granted.by_user, key);
}

const struct affil *affil_find(const struct room *r, const struct person *who)
{
	const struct affil *a = NULL;
	char space[AFFIL_KEY_MAX];

	if (!table_count(r->fixed.by_user) && !table_count(r->granted.by_user))
		return NULL;
	for (unsigned i = 0; i < AFFIL_KEYS && !a; i++) {
		struct str key = affil_key(who, i, space, sizeof(space));

		if (key.n)
			a = affil_at(r, key);
	}
	return a;
}

enum affiliation affil_of(const struct room *r, const struct person *who)
{
	const struct affil *a = affil_find(r, who);

	return a ? a->pub.affiliation : AFF_NONE;
}

enum affiliation room_affiliation_of(const struct room *r, struct str user,
				     struct str *nick)
{
	struct person who = {user, user, user};
	const struct affil *a = affil_find(r, &who);

	if (nick)
		*nick = a ? a->pub.nick : STR_NONE;
	return a ? a->pub.affiliation : AFF_NONE;
}

bool room_policy_bans(const struct room_policy *policy,
		      const struct seat_join *join)
{
	struct person who = person_of(join);
	char space[AFFIL_KEY_MAX];

	for (unsigned i = 0; i < AFFIL_KEYS; i++) {
		struct str key = affil_key(&who, i, space, sizeof(space));

		for (size_t j = 0; key.n && j < policy->n_fixed; j++)
			if (str_eq(policy->fixed[j].user, key))
				return policy->fixed[j].affiliation ==
				       AFF_OUTCAST;
	}
	return false;
}

const struct affil *affil_by_nick(const struct room *r, struct str key)
{
	const struct affil *a = table_get_str(r->fixed.by_nick, key);

	return a ? a : table_get_str(r->granted.by_nick, key);
}

static bool is_among(struct str user, const struct person *who, unsigned keys)
{
	char space[AFFIL_KEY_MAX];

	for (unsigned i = 0; i < keys; i++)
		if (str_eq(affil_key(who, i, space, sizeof(space)), user))
			return true;
	return false;
}

bool affil_means(struct str key, const struct person *who)
{
	return is_among(key, who, AFFIL_KEYS);
}

bool affil_covers(const struct affil *a, const struct person *who)
{
	return affil_means(a->pub.user, who);
}

bool seat_join_is(const struct seat_join *join, struct str key)
{
	struct person who = person_of(join);

	return affil_means(key, &who);
}

bool affil_names(struct str user, const struct person *who)
{
	return is_among(user, who, AFFIL_NAMES);
}

const struct room_affiliation *room_affiliations(const struct room *r,
						 size_t *it)
{
	const struct affil *a;
	size_t granted;

	if (*it < GRANTED) {
		a = table_next(r->fixed.by_user, it);
		if (a)
			return &a->pub;
		*it = GRANTED;
	}
	granted = *it - GRANTED;
	do
		a = table_next(r->granted.by_user, &granted);
	while (a && table_get_str(r->fixed.by_user, a->pub.user));
	*it = granted + GRANTED;
	return a ? &a->pub : NULL;
}
