/* What a moderator or an owner wants at once: several changes of roles and
 * affiliations, and new settings. All of it is done, or nothing (XEP-0045 §9.2,
 * §10.2). */
#include <stdlib.h>

#include "base/mem.h"
#include "conference/affil_priv.h"
#include "conference/command_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

struct deed {
	const struct occ *by;
	bool configures;
	const struct room_policy *policy;
	const struct seat_change *changes;
	size_t n_changes;
};

/* --- whom it means --- */

static void mean_occupant(struct room *r, struct room_affiliation *want,
			  const struct occ *o)
{
	want->user = affil_key_of(r, o);
	want->hidden = !str_eq(o->person.account, o->pub.user);
}

/* One whose name is hidden is known by the one that he shows. */
static void mean_user(struct room *r, struct room_affiliation *want)
{
	for (size_t i = 0; i < r->n_places; i++) {
		const struct occ *o = r->occs[i];

		if (o && str_eq(o->pub.jid, want->user) &&
		    !str_eq(o->person.account, o->pub.user)) {
			mean_occupant(r, want, o);
			return;
		}
	}
}

static struct change read_change(struct room *r, const struct seat_change *from)
{
	struct occ *o = from->target ? roster_by_id(r, from->target) : NULL;
	struct change c = {
	    .of_role = from->of_role,
	    .occ = o,
	    .role = from->role,
	    .want = {.user = from->user,
		     .affiliation = from->affiliation,
		     .nick = from->nick,
		     .why = from->reason},
	    .reason = from->reason,
	};

	if (from->of_role)
		return c;
	if (c.want.user.n)
		mean_user(r, &c.want);
	else if (o)
		mean_occupant(r, &c.want, o);
	return c;
}

/* --- whether it may be --- */

static enum reason_code check_role(const struct deed *d, const struct change *c)
{
	if (!c->occ)
		return REASON_NO_OCCUPANT;
	if (c->role != ROLE_NONE)
		return may_set_role(d->by, c->occ, c->role);
	return occ_same_user(d->by, c->occ) ? REASON_CONFLICT
					    : may_kick(d->by, c->occ);
}

static enum reason_code check_one(const struct room *r, const struct deed *d,
				  const struct change *c)
{
	enum reason_code code;

	if (c->of_role)
		return check_role(d, c);
	if (!c->want.user.n)
		return REASON_NO_OCCUPANT;
	code = may_affiliate(r, d->by, c->want.user, c->want.affiliation);
	return code == REASON_OK ? affil_check(r, &c->want) : code;
}

static bool same_person(const struct change *a, const struct change *b)
{
	if (a->of_role != b->of_role)
		return false;
	return a->of_role ? a->occ == b->occ
			  : str_eq(a->want.user, b->want.user);
}

static bool same_nick(const struct change *a, const struct change *b)
{
	return !a->of_role && !b->of_role && a->want.nick.n &&
	       str_ieq(a->want.nick, b->want.nick);
}

/* Each was checked against the room as it is, not against the others. */
static enum reason_code check_together(const struct room *r,
				       const struct change *c, size_t n)
{
	size_t added = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (same_person(&c[i], &c[k]))
				return REASON_BAD_REQUEST;
			if (same_nick(&c[i], &c[k]))
				return REASON_NICK_TAKEN;
		}
		if (!c[i].of_role && !affil_at(r, c[i].want.user))
			added++;
	}
	if (table_count(r->granted.by_user) + added > AFFILIATIONS_MAX)
		return REASON_OVERLOAD;
	return owners_remain(r, c, n) ? REASON_OK : REASON_CONFLICT;
}

static enum reason_code check(const struct room *r, const struct deed *d,
			      const struct change *c)
{
	if (d->configures && d->by->pub.affiliation != AFF_OWNER)
		return REASON_FORBIDDEN;
	for (size_t i = 0; i < d->n_changes; i++) {
		enum reason_code code = check_one(r, d, &c[i]);

		if (code != REASON_OK)
			return code;
	}
	return check_together(r, c, d->n_changes);
}

/* --- doing it --- */

static void apply_roles(struct room *r, const struct change *c, size_t n,
			struct str actor)
{
	for (size_t i = 0; i < n && !r->gone; i++) {
		struct reason why = {.text = c[i].reason, .actor = actor};

		/* a ban beside it may have removed him */
		if (!c[i].of_role || roster_by_id(r, c[i].occ->pub.id) == NULL)
			continue;
		if (c[i].role == ROLE_NONE) {
			why.code = REASON_KICKED;
			room_expel(r, c[i].occ, why);
		} else if (role_possible(c[i].occ, c[i].role) == REASON_OK) {
			role_set(r, c[i].occ, c[i].role, &why);
		}
	}
}

static void apply(struct room *r, const struct deed *d, const struct change *c)
{
	struct review v = {REASON_NOT_MEMBER, d->by->pub.nick, c, d->n_changes};
	bool listed = false;

	for (size_t i = 0; i < d->n_changes; i++)
		if (!c[i].of_role) {
			affil_change(r, &c[i].want);
			listed = true;
		}
	if (listed)
		room_review(r, &v);
	apply_roles(r, c, d->n_changes, d->by->pub.nick);
	if (d->configures && !r->gone) {
		lock_open(r);
		room_set_own_policy(r, d->policy);
	}
}

static enum reason_code run(struct room *r, void *arg)
{
	const struct deed *d = arg;
	struct change *c;
	enum reason_code code;

	if (d->n_changes > SEAT_CHANGES_MAX || (d->configures && !d->policy))
		return REASON_BAD_REQUEST;
	c = mem_new_array(d->n_changes + 1, sizeof(*c));
	for (size_t i = 0; i < d->n_changes; i++)
		c[i] = read_change(r, &d->changes[i]);
	code = check(r, d, c);
	if (code == REASON_OK)
		apply(r, d, c);
	free(c);
	return code;
}

void room_moderate(struct room *r, struct seat_rec *rec,
		   const struct seat_cmd *cmd)
{
	struct deed d = {
	    .by = rec->occ,
	    .configures = cmd->type == SEAT_CONFIGURE,
	    .policy = cmd->policy,
	    .changes = cmd->changes,
	    .n_changes = cmd->n_changes,
	};
	enum reason_code code;
	struct held held;

	room_hold(r, &held);
	code = run(r, &d);
	room_release(r, rec, cmd, code);
}

enum reason_code room_moderate_as(struct room *r, struct str user,
				  const struct room_policy *policy,
				  const struct seat_change *changes,
				  size_t n_changes)
{
	struct occ by = {
	    .pub = {.world = WORLD_XMPP,
		    .user = user,
		    .jid = user,
		    .affiliation = room_affiliation_of(r, user, NULL)},
	    .person = {user, user, user},
	};
	struct deed d = {
	    .by = &by,
	    .configures = policy != NULL,
	    .policy = policy,
	    .changes = changes,
	    .n_changes = n_changes,
	};

	return room_task(r, run, &d);
}
