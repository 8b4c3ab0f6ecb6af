/* Granting, taking and banning (XEP-0045 §9, §10), and what it means for those
 * who are in the room. */
#include "base/log.h"
#include "conference/affil_priv.h"
#include "conference/nick_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

bool affil_stands_for(struct str user, struct str entry)
{
	/* an entry with a scheme is longer */
	return entry.n > user.n && str_find(entry, ':') >= 0 &&
	       str_eq(user, affil_plain(user)) &&
	       str_ieq(user, affil_plain(entry));
}

struct str affil_key_of(struct room *r, const struct occ *o)
{
	const struct person *who = &o->person;
	char space[AFFIL_KEY_MAX], *copy;

	if (!str_eq(who->account, o->pub.user))
		return who->account; /* others' entries tell who he is */
	for (unsigned i = 0; i < AFFIL_NAMES; i++) {
		struct str key = affil_key(who, i, space, sizeof(space));

		if (!key.n || !affil_at(r, key))
			continue;
		copy = str_dup(key); /* the entry may go with the change */
		room_retire(r, copy);
		return str_of(copy, key.n);
	}
	return who->account;
}

static void drop(struct room *r, struct affil *a)
{
	room_note_affiliation(r, &(struct room_affiliation){
				     .user = a->pub.user,
				     .affiliation = AFF_NONE,
				 });
	affils_drop(&r->granted, a);
}

static void put(struct room *r, const struct room_affiliation *want,
		struct nick take_nick)
{
	const struct affil *a;

	affils_put(&r->granted, want, take_nick);
	a = table_get_str(r->granted.by_user, want->user);
	room_note_affiliation(r, &a->pub);
}

/* An entry for users of every kind takes the place of those for users of one.
 */
static void drop_particular(struct room *r, struct str user)
{
	struct affil *a = affil_particular(&r->granted, user), *next;

	for (; a; a = next) {
		next = a->alike;
		if (affil_stands_for(user, a->pub.user))
			drop(r, a);
	}
}

static bool nick_is_others(const struct room *r, const struct nick *n,
			   struct str user)
{
	const struct affil *a = affil_by_nick(r, n->key);

	if (r->reserved_by_key && table_get_str(r->reserved_by_key, n->key))
		return true;
	return a && !str_eq(a->pub.user, user) &&
	       !affil_stands_for(user, a->pub.user);
}

/* The nickname that the entry is going to have. */
static enum reason_code choose_nick(const struct room *r,
				    const struct room_affiliation *want,
				    struct nick *out)
{
	const struct affil *old = table_get_str(r->granted.by_user, want->user);
	struct str text = want->nick;

	*out = (struct nick){0};
	if (!text.n && old && want->affiliation > AFF_NONE)
		text = old->pub.nick;
	if (!text.n)
		return REASON_OK;
	if (affil_is_domain(want->user) || !nick_make(out, text))
		return REASON_BAD_NICK;
	if (nick_is_others(r, out, want->user)) {
		nick_free(out);
		return REASON_NICK_TAKEN;
	}
	return REASON_OK;
}

enum reason_code affil_check(const struct room *r,
			     const struct room_affiliation *want)
{
	enum reason_code code;
	struct nick nick;

	if (!want->user.n || want->user.n > IDENTITY_MAX ||
	    want->why.n > IDENTITY_MAX || want->affiliation > AFF_OWNER)
		return REASON_BAD_REQUEST;
	if (table_get_str(r->fixed.by_user, want->user))
		return REASON_NOT_ALLOWED;
	if (!table_get_str(r->granted.by_user, want->user) &&
	    table_count(r->granted.by_user) >= AFFILIATIONS_MAX)
		return REASON_OVERLOAD;
	code = choose_nick(r, want, &nick);
	if (code == REASON_OK)
		nick_free(&nick);
	return code;
}

static void change_list(struct room *r, const struct room_affiliation *want)
{
	struct affil *old = table_get_str(r->granted.by_user, want->user);
	struct nick nick;

	choose_nick(r, want, &nick);
	drop_particular(r, want->user);
	if (want->affiliation == AFF_NONE && !nick.text.n) {
		if (old)
			drop(r, old);
	} else {
		put(r, want, nick);
	}
}

void affil_change(struct room *r, const struct room_affiliation *want)
{
	log_info(loop_log(r->loop), "room.affiliation",
		 "room=%s user=%s affiliation=%d", LOGQ(r->address),
		 LOGQ(want->user), (int)want->affiliation);
	change_list(r, want);
}

static enum reason_code
change_by(struct room *r, const struct room_affiliation *want, struct str actor)
{
	struct change c = {.want = *want, .reason = want->why};
	struct review v = {REASON_NOT_MEMBER, actor, &c, 1};
	enum reason_code code = affil_check(r, want);

	if (code != REASON_OK)
		return code;
	affil_change(r, want);
	room_review(r, &v);
	return REASON_OK;
}

enum reason_code affil_set(struct room *r, const struct room_affiliation *want)
{
	return change_by(r, want, STR_NONE);
}

void affil_founder(struct room *r, const struct seat_join *join)
{
	struct person who = person_of(join);
	struct room_affiliation a = {
	    .user = who.account,
	    .affiliation = AFF_OWNER,
	    .hidden = !str_eq(who.account, join->user),
	};

	enum affiliation now = affil_of(r, &who);

	if (now != AFF_OWNER && now != AFF_OUTCAST &&
	    affil_check(r, &a) == REASON_OK)
		change_list(r, &a);
}

enum reason_code room_affiliate(struct room *r, struct seat_rec *rec,
				const struct seat_cmd *cmd)
{
	const struct occ *target = roster_by_id(r, cmd->target);
	struct room_affiliation want = {
	    .user = cmd->text,
	    .affiliation = cmd->affiliation,
	    .nick = cmd->nick,
	    .why = cmd->reason,
	};
	enum reason_code code;

	if (!want.user.n) {
		if (!target)
			return REASON_NO_OCCUPANT;
		want.user = affil_key_of(r, target);
		want.hidden = !str_eq(target->person.account, target->pub.user);
	}
	code = may_affiliate(r, rec->occ, want.user, want.affiliation);
	if (code != REASON_OK)
		return code;
	if (!owners_remain(r, &(struct change){.want = want}, 1))
		return REASON_CONFLICT;
	return change_by(r, &want, rec->occ->pub.nick);
}

static enum reason_code run_change(struct room *r, void *want)
{
	return affil_set(r, want);
}

enum reason_code room_set_affiliation(struct room *r, struct str user,
				      enum affiliation affiliation,
				      struct str nick, struct str why)
{
	struct room_affiliation want = {
	    .user = user, .affiliation = affiliation, .nick = nick, .why = why};

	return room_task(r, run_change, &want);
}
