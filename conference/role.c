/* Roles: what the affiliation and the settings give, and what moderators change
 * (XEP-0045 §5.1, §8.3, §8.4, §9.6, §9.7). */
#include "base/log.h"
#include "conference/affil_priv.h"
#include "conference/command_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

enum role role_given(const struct room *r, enum affiliation affiliation)
{
	if (affiliation >= AFF_ADMIN)
		return ROLE_MODERATOR;
	if (affiliation == AFF_NONE && r->policy.moderated)
		return ROLE_VISITOR;
	return ROLE_PARTICIPANT;
}

enum reason_code role_possible(const struct occ *o, enum role role)
{
	return o->pub.affiliation >= AFF_ADMIN && role != ROLE_MODERATOR
		   ? REASON_NOT_ALLOWED
		   : REASON_OK;
}

static void tell_role(struct room *r, struct occ *o, const struct reason *why)
{
	struct seat_ev ev = {
	    .type = SEAT_OCCUPANT_CHANGED,
	    .who = &o->pub,
	    .changed = CHANGED_ROLE,
	    .device = o->devices ? o->devices->device.seat : 0,
	    .reason = *why,
	};

	log_info(loop_log(r->loop), "room.role",
		 "room=%s occ=%llu affiliation=%d role=%d", LOGQ(r->address),
		 (unsigned long long)o->pub.id, (int)o->pub.affiliation,
		 (int)o->pub.role);
	room_tell(r, AUDIENCE_ROSTER, &ev, NULL, 0);
}

void role_set(struct room *r, struct occ *o, enum role role,
	      const struct reason *why)
{
	o->role_set = true;
	if (o->pub.role == role)
		return;
	o->pub.role = role;
	tell_role(r, o, why);
}

enum reason_code room_role(struct room *r, struct seat_rec *rec,
			   const struct seat_cmd *cmd)
{
	struct occ *o = roster_by_id(r, cmd->target);
	enum reason_code code = may_set_role(rec->occ, o, cmd->role);

	if (code == REASON_OK)
		role_set(r, o, cmd->role,
			 &(struct reason){.text = cmd->reason,
					  .actor = rec->occ->pub.nick});
	return code;
}

struct role_wish {
	uint64_t occupant;
	enum role role;
	struct str why;
};

static enum reason_code run_set_role(struct room *r, void *arg)
{
	const struct role_wish *w = arg;
	struct occ *o = roster_by_id(r, w->occupant);
	enum reason_code code;

	if (!o)
		return REASON_NO_OCCUPANT;
	if (w->role == ROLE_NONE) {
		room_expel(
		    r, o,
		    (struct reason){.code = REASON_KICKED, .text = w->why});
		return REASON_OK;
	}
	code = role_possible(o, w->role);
	if (code == REASON_OK)
		role_set(r, o, w->role, &(struct reason){.text = w->why});
	return code;
}

enum reason_code room_set_role(struct room *r, uint64_t occupant,
			       enum role role, struct str why)
{
	struct role_wish w = {occupant, role, why};

	return room_task(r, run_set_role, &w);
}

enum reason_code room_remove(struct room *r, uint64_t occupant, struct str why)
{
	return room_set_role(r, occupant, ROLE_NONE, why);
}

/* --- after the list or the settings have changed --- */

/* By whom, and what he said: of the change that means this person. */
static struct reason reason_for(const struct review *v, enum reason_code code,
				const struct person *who)
{
	struct reason why = {.code = code, .actor = v->actor};

	for (size_t i = 0; i < v->n; i++)
		if (!v->changes[i].of_role &&
		    affil_means(v->changes[i].want.user, who))
			why.text = v->changes[i].reason;
	return why;
}

static void review_occupant(struct room *r, struct occ *o,
			    const struct review *v)
{
	enum affiliation was = o->pub.affiliation;
	enum role had = o->pub.role;
	struct reason why;

	o->pub.affiliation = affil_of(r, &o->person);
	if (o->pub.affiliation == AFF_OUTCAST) {
		room_expel(r, o, reason_for(v, REASON_BANNED, &o->person));
		return;
	}
	if (o->pub.affiliation == AFF_NONE && r->policy.members_only) {
		room_expel(r, o, reason_for(v, v->not_member, &o->person));
		return;
	}
	if (o->pub.affiliation != was)
		o->role_set = false;
	if (!o->role_set)
		o->pub.role = role_given(r, o->pub.affiliation);
	if (o->pub.affiliation != was || o->pub.role != had) {
		why = reason_for(v, REASON_OK, &o->person);
		tell_role(r, o, &why);
	}
}

static void end_observer(struct room *r, struct seat_rec *rec,
			 struct reason why)
{
	rec->ended = true;
	r->n_observers--;
	room_tell_one_ended(r, rec, why);
	rec_remove(r, rec);
}

/* Observers watch under the same rule as they would come in. */
static void review_observers(struct room *r, const struct review *v)
{
	struct seat_rec *rec, *next;

	for (rec = TAILQ_FIRST(&r->recs); rec; rec = next) {
		enum reason_code code = REASON_OK;

		next = TAILQ_NEXT(rec, link);
		if (rec->occ || rec->ended || rec->own)
			continue;
		code = person_admitted(r, &rec->person);
		if (code == REASON_OK)
			continue;
		if (code == REASON_MEMBERS_ONLY)
			code = v->not_member;
		end_observer(r, rec, reason_for(v, code, &rec->person));
	}
}

void room_review(struct room *r, const struct review *v)
{
	for (size_t i = 0; i < r->n_places && !r->gone; i++)
		if (r->occs[i])
			review_occupant(r, r->occs[i], v);
	if (!r->gone)
		review_observers(r, v);
}

struct sift {
	room_out_fn *out;
	void *user;
	struct str why;
};

static bool is_out(const struct room *r, const struct sift *s,
		   const struct person *who)
{
	const struct seat_join join = {
	    .room = r->address,
	    .user = who->user,
	    .jid = who->jid,
	    .account = who->account,
	    .account_jid = who->jid,
	};

	return s->out(s->user, &join);
}

static enum reason_code run_sift(struct room *r, void *arg)
{
	const struct sift *s = arg;
	const struct reason why = {.code = REASON_BANNED, .text = s->why};
	struct seat_rec *rec, *next;

	for (size_t i = 0; i < r->n_places && !r->gone; i++) {
		struct occ *o = r->occs[i];

		if (o && is_out(r, s, &o->person)) {
			o->pub.affiliation = AFF_OUTCAST;
			room_expel(r, o, why);
		}
	}
	if (r->gone)
		return REASON_OK;
	for (rec = TAILQ_FIRST(&r->recs); rec; rec = next) {
		next = TAILQ_NEXT(rec, link);
		if (!rec->occ && !rec->ended && !rec->own &&
		    is_out(r, s, &rec->person))
			end_observer(r, rec, why);
	}
	return REASON_OK;
}

enum reason_code room_sift(struct room *r, room_out_fn *out, void *user,
			   struct str why)
{
	struct sift s = {out, user, why};

	return room_task(r, run_sift, &s);
}
