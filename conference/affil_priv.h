/* Affiliations and roles: who somebody is to a room, and what he may. */
#pragma once

#include "conference/roster_priv.h"

#define AFFILIATIONS_MAX 10000 /* of one room, but for the configuration's */

/* An entry of the list of affiliations; its strings are in block and nick. */
struct affil {
	struct room_affiliation pub;
	struct nick nick;
	/* of an entry for users of one kind: who it would be of every kind, and
	 * the next entry of which that is so */
	struct str plain;
	struct affil *alike;
	char *block;
};

struct affils {
	struct table *by_user, *by_nick;
	struct table *by_plain; /* the first of those alike */
};

/* One of seat_change, when it is clear whom it means. */
struct change {
	bool of_role;
	struct occ *occ; /* of a role; NULL: nobody of that id */
	enum role role;
	struct room_affiliation want; /* else */
	struct str reason;
};

/* affil_key.c */
#define AFFIL_KEYS    8
#define AFFIL_NAMES   4 /* of them, those that are of him alone */
#define AFFIL_KEY_MAX (IDENTITY_MAX + 16)
/* The i-th key, the most exact first; may be empty. space holds it if it is no
 * part of his identities. */
struct str affil_key(const struct person *who, unsigned i, char *space,
		     size_t room);
/* Without scheme, port and parameters. */
struct str affil_plain(struct str id);
/* The same in lower case, in space; empty: too long. */
struct str affil_plain_key(struct str id, char *space, size_t room);
bool affil_is_domain(struct str key);

/* affil.c */
void affils_init(struct affils *l);
void affils_clear(struct affils *l);
void affils_done(struct affils *l);
/* Copies all but nick, which is consumed; in the place of a former entry. */
void affils_put(struct affils *l, const struct room_affiliation *as,
		struct nick take_nick);
void affils_drop(struct affils *l, struct affil *a);
void affils_set_fixed(struct room *r); /* from the policy */
const struct affil *affil_at(const struct room *r, struct str key);
const struct affil *affil_find(const struct room *r, const struct person *who);
enum affiliation affil_of(const struct room *r, const struct person *who);
const struct affil *affil_by_nick(const struct room *r, struct str key);
/* The first entry for users of one kind whom user, if of every kind, stands
 * for; others follow as `alike`. */
struct affil *affil_particular(const struct affils *l, struct str user);
/* Does the key mean him, alone or with others? */
bool affil_means(struct str key, const struct person *who);
bool affil_covers(const struct affil *a, const struct person *who);
/* Is it he alone? */
bool affil_names(struct str user, const struct person *who);

/* affil_set.c */
/* Is user, of every kind, who entry is of one kind? */
bool affil_stands_for(struct str user, struct str entry);
/* The key under which the list has an occupant, or is going to have him: a
 * change of what he is replaces the entry that says so. Good until the end of
 * the turn. */
struct str affil_key_of(struct room *r, const struct occ *o);
void affil_founder(struct room *r, const struct seat_join *join);
/* Can the list be changed so? */
enum reason_code affil_check(const struct room *r,
			     const struct room_affiliation *want);
/* Both, and those whom it concerns are told. */
enum reason_code affil_set(struct room *r, const struct room_affiliation *want);
/* Of a change that was checked; those whom it concerns are not told. */
void affil_change(struct room *r, const struct room_affiliation *want);
enum reason_code room_affiliate(struct room *r, struct seat_rec *rec,
				const struct seat_cmd *cmd);

/* rights.c */
enum reason_code may_affiliate(const struct room *r, const struct occ *by,
			       struct str user, enum affiliation to);
/* Would there be an owner after all this, if there is one now? */
bool owners_remain(const struct room *r, const struct change *changes,
		   size_t n);
/* target NULL: nobody there. */
enum reason_code may_kick(const struct occ *by, const struct occ *target);
enum reason_code may_set_role(const struct occ *by, const struct occ *target,
			      enum role to);

/* role.c */
enum role role_given(const struct room *r, enum affiliation affiliation);
enum reason_code role_possible(const struct occ *o, enum role role);
enum reason_code room_role(struct room *r, struct seat_rec *rec,
			   const struct seat_cmd *cmd);
/* Why somebody is something else after a review. */
struct review {
	enum reason_code not_member; /* why those go who are no members */
	struct str actor;
	const struct change *changes; /* which have reasons of their own */
	size_t n;
};
/* Everybody's affiliation, role and place under the list and the settings as
 * they are now. */
void room_review(struct room *r, const struct review *v);
void role_set(struct room *r, struct occ *o, enum role role,
	      const struct reason *why);
