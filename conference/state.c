/* What of a room outlives the process: telling that it changed, reading it, and
 * making the room again. */
#include "base/err.h"
#include "conference/affil_priv.h"
#include "conference/command_priv.h"
#include "conference/nick_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

void rooms_watch(struct rooms *rs, const struct rooms_watch *ops, void *user)
{
	rs->watch = ops;
	rs->watch_user = user;
}

static void tell(void *user)
{
	struct room *r = user;
	unsigned what = r->noted;

	r->noted = 0;
	if (what && r->rooms->watch)
		r->rooms->watch->changed(r->rooms->watch_user, r, what);
}

void room_note(struct room *r, unsigned what)
{
	if (r->gone)
		return;
	r->noted |= what;
	defer(r->loop, &r->note, tell, r);
}

void room_note_affiliation(struct room *r, const struct room_affiliation *entry)
{
	if (r->rooms->watch && !r->gone)
		r->rooms->watch->affiliation(r->rooms->watch_user, r, entry);
}

void room_note_nick(struct room *r, struct str key, struct str user,
		    uint64_t until_ms)
{
	struct room_kept_nick nick = {key, user, until_ms};

	if (r->rooms->watch && !r->gone)
		r->rooms->watch->nick(r->rooms->watch_user, r, &nick);
}

void room_note_message(struct room *r, struct message *m)
{
	if (r->rooms->watch)
		r->rooms->watch->message(r->rooms->watch_user, r, m);
}

void room_note_said(struct room *r, struct message *m)
{
	if (r->rooms->watch)
		r->rooms->watch->said(r->rooms->watch_user, r, m);
}

void room_note_retracted(struct room *r, struct message *by, uint64_t serial)
{
	if (r->rooms->watch)
		r->rooms->watch->retracted(r->rooms->watch_user, r, by, serial);
}

void room_note_end(struct room *r)
{
	if (r->rooms->closed)
		tell(r);
	else if (r->rooms->watch)
		r->rooms->watch->ended(r->rooms->watch_user, r);
}

/* --- reading --- */

static size_t count_granted(const struct room *r)
{
	return table_count(r->granted.by_user);
}

static int list_affiliations(const struct room *r, struct arena *a,
			     struct room_state *out)
{
	struct room_affiliation *list =
	    arena_alloc(a, (count_granted(r) + 1) * sizeof(*list));
	const struct affil *af;
	size_t n = 0;

	if (!list)
		return ERR_TOO_BIG;
	TABLE_FOREACH (r->granted.by_user, it, af)
		list[n++] = af->pub;
	out->affiliations = list;
	out->n_affiliations = n;
	return 0;
}

static int list_nicks(const struct room *r, struct arena *a,
		      struct room_state *out)
{
	struct room_kept_nick *list =
	    arena_alloc(a, (r->quarantine.n + 1) * sizeof(*list));
	uint64_t now_ms = loop_now_ms(r->loop);
	uint64_t wall_ms = loop_wall_ms(r->loop);
	const struct kept_nick *k;
	size_t n = 0;

	if (!list)
		return ERR_TOO_BIG;
	TAILQ_FOREACH (k, &r->quarantine.list, link)
		if (k->until_ms > now_ms)
			list[n++] = (struct room_kept_nick){
			    k->key, k->user, wall_ms + (k->until_ms - now_ms)};
	out->nicks = list;
	out->n_nicks = n;
	return 0;
}

int room_state(const struct room *r, struct arena *a, struct room_state *out)
{
	int err;

	*out = (struct room_state){
	    .address = r->address,
	    .policy = r->policy,
	    .configured = r->configured,
	    .owner = r->owner,
	    .locked = r->locked,
	    .subject = r->subject,
	    .serial = r->serial,
	};
	out->policy.fixed = NULL;
	out->policy.n_fixed = 0;
	err = a ? list_affiliations(r, a, out) : 0;
	return a && err == 0 ? list_nicks(r, a, out) : err;
}

/* --- making it again --- */

static void restore_affiliations(struct room *r, const struct room_state *state)
{
	for (size_t i = 0; i < state->n_affiliations; i++) {
		const struct room_affiliation *a = &state->affiliations[i];
		struct nick nick = {0};

		if (!a->user.n || a->user.n > IDENTITY_MAX ||
		    a->affiliation > AFF_OWNER)
			continue;
		if (a->nick.n)
			nick_make(&nick, a->nick);
		affils_put(&r->granted, a, nick);
	}
}

static void restore_nicks(struct room *r, const struct room_state *state)
{
	uint64_t now_ms = loop_now_ms(r->loop);
	uint64_t wall_ms = loop_wall_ms(r->loop);

	for (size_t i = 0; i < state->n_nicks; i++)
		if (state->nicks[i].until_ms > wall_ms)
			quarantine_put(
			    r, state->nicks[i].key, state->nicks[i].user,
			    now_ms + (state->nicks[i].until_ms - wall_ms));
}

static void lingered(void *user)
{
	struct room *r = user;

	r->lingers = false;
	room_tidy_later(r);
}

static void linger(struct room *r, unsigned linger_ms)
{
	r->lingers = true;
	timer_set(r->loop, &r->linger_timer, linger_ms, lingered, r);
}

enum reason_code rooms_restore(struct rooms *rs, const struct room_state *state,
			       unsigned linger_ms)
{
	struct room *r = rooms_find(rs, state->address);

	if (!r) {
		enum reason_code code =
		    rooms_create(rs, state->address, &state->policy);

		if (code != REASON_OK)
			return code;
		r = rooms_find(rs, state->address);
		r->configured = state->configured;
		r->expected = false;
		linger(r, linger_ms);
	}
	if (!r->owner.n && state->owner.n)
		room_set_owner(r, state->owner);
	if (state->subject.time_ms)
		subject_put(r, &state->subject);
	r->serial = state->serial;
	restore_affiliations(r, state);
	restore_nicks(r, state);
	if (state->locked)
		room_lock(r);
	r->noted = 0;
	defer_cancel(r->loop, &r->note);
	return REASON_OK;
}

void room_restore_message(struct room *r, struct message *m)
{
	history_add(r, m);
	if (m->serial > r->serial)
		r->serial = m->serial;
}
