/* One room: its birth and end, and what is asked of it. */
#include "conference/room.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "conference/affil_priv.h"
#include "conference/nick_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

struct room *room_new(struct rooms *rs, struct str address,
		      const struct room_policy *policy)
{
	struct room *r = mem_new(sizeof(*r));

	r->rooms = rs;
	r->loop = rs->loop;
	r->address_z = str_dup(address);
	r->address = str_of(r->address_z, address.n);
	affils_init(&r->fixed);
	affils_init(&r->granted);
	policy_set(r, policy);
	TAILQ_INIT(&r->outbox);
	STAILQ_INIT(&r->queue);
	roster_init(r);
	quarantine_init(&r->quarantine);
	history_init(&r->history);
	table_put_str(rs->by_address, r->address, r);
	room_note(r, ROOM_SETTINGS | ROOM_SUBJECT);
	return r;
}

void room_free(void *room)
{
	struct room *r = room;

	history_done(&r->history);
	affils_done(&r->fixed);
	affils_done(&r->granted);
	reserved_done(r);
	free(r->policy_block);
	quarantine_done(&r->quarantine);
	roster_done(r);
	for (int kind = 0; kind < AUDIENCES; kind++)
		free(r->audience[kind].seats);
	free(r->subject_block);
	free(r->owner_z);
	free(r->address_z);
	free(r);
}

void room_retire(struct room *r, char *block)
{
	if (block)
		defer_free(r->loop, block, free);
}

void room_set_owner(struct room *r, struct str account)
{
	free(r->owner_z);
	r->owner_z = str_dup(account);
	r->owner = str_of(r->owner_z, account.n);
}

void room_founder_left(struct room *r, const struct occ *o)
{
	const struct str account = o->person.account;

	if (r->gone || !r->policy.end_with_owner || !r->owner.n ||
	    !str_eq(account, r->owner))
		return;
	for (size_t i = 0; i < r->n_places; i++)
		if (r->occs[i] && str_eq(r->occs[i]->person.account, account))
			return;
	room_end(r, (struct reason){.code = REASON_ROOM_GONE});
}

void room_drop(struct room *r)
{
	room_note_end(r);
	r->gone = true;
	for (size_t i = 0; i < r->n_places; i++)
		if (r->occs[i])
			scope_release(r, r->occs[i]);
	table_del_str(r->rooms->by_address, r->address);
	timer_cancel(r->loop, &r->lock_timer);
	timer_cancel(r->loop, &r->linger_timer);
	defer_cancel(r->loop, &r->tidy);
	defer_cancel(r->loop, &r->note);
	defer_free(r->loop, r, room_free);
}

void room_end(struct room *r, struct reason why)
{
	room_drop(r);
	room_tell_ended(r, why);
	log_info(loop_log(r->loop), "room.end", "room=%s reason=\"%s\"",
		 LOGQ(r->address), reason_text(why.code));
}

void room_end_now(struct room *r, enum reason_code code)
{
	room_end(r, (struct reason){.code = code});
	room_run(r);
}

static enum reason_code run_destroy(struct room *r, void *why)
{
	struct reason gone = *(const struct reason *)why;

	gone.code = REASON_ROOM_GONE;
	room_end(r, gone);
	return REASON_OK;
}

enum reason_code room_destroy(struct room *r, struct reason why)
{
	return room_task(r, run_destroy, &why);
}

static bool is_kept(const struct room *r)
{
	return r->n_occs > 0 || r->lingers || r->expected ||
	       (r->policy.persistent && !r->locked);
}

/* A room that is empty, and is not kept or was never opened, ends. */
static void tidy(void *user)
{
	struct room *r = user;

	audience_tidy(r);
	roster_tidy(r);
	if (!is_kept(r))
		room_end_now(r, REASON_ROOM_GONE);
}

void room_tidy_later(struct room *r)
{
	if (!r->gone)
		defer(r->loop, &r->tidy, tidy, r);
}

void room_info(const struct room *r, struct room_info *out)
{
	*out = (struct room_info){
	    .address = r->address,
	    .name = r->policy.title,
	    .locked = r->locked,
	    .persistent = r->policy.persistent,
	    .public = r->policy.public,
	    .moderated = r->policy.moderated,
	    .members_only = r->policy.members_only,
	    .subject_by_moderators = r->policy.subject_by_moderators,
	    .non_anonymous = r->policy.non_anonymous,
	    .logged = r->policy.logged,
	    .invites = r->policy.invites,
	    .description = r->policy.description,
	    .language = r->policy.language,
	    .max_history = r->policy.history,
	    .has_password = r->policy.password.n != 0,
	    .n_occupants = r->n_occs,
	    .max_occupants = r->policy.max_occupants,
	    .subject = r->subject,
	};
}

const struct occupant *room_roster(const struct room *r, size_t *it)
{
	while (*it < r->n_places) {
		const struct occ *o = r->occs[(*it)++];

		if (o)
			return &o->pub;
	}
	return NULL;
}

static const struct occupant *shown(const struct occ *o)
{
	return o ? &o->pub : NULL;
}

const struct occupant *room_by_nick(const struct room *r, struct str nick)
{
	struct nick made;
	const struct occ *o = NULL;

	if (nick_make(&made, nick)) {
		o = roster_by_key(r, made.key);
		nick_free(&made);
	}
	return shown(o);
}

static const struct occupant *seat_room_roster(struct seat *s, size_t *it)
{
	return room_roster(s->back, it);
}

static const struct occupant *seat_room_by_id(struct seat *s, uint64_t id)
{
	return shown(roster_by_id(s->back, id));
}

static const struct occupant *seat_room_by_nick(struct seat *s, struct str nick)
{
	return room_by_nick(s->back, nick);
}

static const struct occupant *seat_room_by_user(struct seat *s, struct str user)
{
	return shown(roster_by_user(s->back, user));
}

static void seat_room_info(struct seat *s, struct room_info *out)
{
	room_info(s->back, out);
}

const struct seat_back_ops room_seat_ops = {
    .command = room_command,
    .roster = seat_room_roster,
    .by_id = seat_room_by_id,
    .by_nick = seat_room_by_nick,
    .by_user = seat_room_by_user,
    .info = seat_room_info,
};
