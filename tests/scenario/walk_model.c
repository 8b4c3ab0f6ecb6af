/* What the rooms of a walk should be like. */
#include "walk.h"

#include <ctype.h>
#include <stdio.h>

#include "mapping/reason.h"

/* Nicknames are the same if only their case differs (RFC 8266 §2.4). */
static void key_of(const char *nick, char key[WALK_NICK_MAX])
{
	size_t i = 0;

	for (; nick[i] && i + 1 < WALK_NICK_MAX; i++)
		key[i] = (char)tolower((unsigned char)nick[i]);
	key[i] = '\0';
}

static bool same_nick(const char *a, const char *b)
{
	char ka[WALK_NICK_MAX], kb[WALK_NICK_MAX];

	key_of(a, ka);
	key_of(b, kb);
	return strcmp(ka, kb) == 0;
}

/* --- people --- */

struct walk_occ *model_by_nick(struct walk_room *r, const char *nick)
{
	WALK_EACH_OCC(o, r)
	if (same_nick(o->nick, nick))
		return o;
	return NULL;
}

struct walk_occ *model_of_user(struct walk_room *r, int user)
{
	WALK_EACH_OCC(o, r)
	if (o->user == user)
		return o;
	return NULL;
}

size_t model_count(struct walk_room *r)
{
	size_t n = 0;

	WALK_EACH_OCC(o, r)
	n++;
	return n;
}

size_t model_devices(const struct walk_seat *any, const struct walk_occ *o)
{
	size_t n = 0;

	WALK_EACH_SEAT(t, any->w)
	n += t->occ == o;
	return n;
}

enum affiliation model_affiliation(const struct walk_seat *t)
{
	return walk_room(t)->affiliation[t->user];
}

/* --- nicknames --- */

/* V-CHAT-8: of one who has left it is nobody else's for a minute. */
bool model_nick_free(const struct walk_seat *t, const char *nick)
{
	struct walk_room *r = walk_room(t);
	const struct walk_occ *holder = model_by_nick(r, nick);

	if (holder)
		return holder == t->occ;
	for (size_t i = 0; i < r->n_kept; i++)
		if (same_nick(r->kept[i].nick, nick) &&
		    r->kept[i].user != t->user &&
		    r->kept[i].until_ms > t->w->s->mono)
			return false;
	return true;
}

static void release(struct walk_room *r, const char *nick)
{
	for (size_t i = 0; i < r->n_kept; i++)
		if (same_nick(r->kept[i].nick, nick))
			r->kept[i--] = r->kept[--r->n_kept];
}

static void keep(struct walk_room *r, const struct walk_occ *o, uint64_t now_ms)
{
	release(r, o->nick);
	assert_true(r->n_kept < WALK_KEPT_MAX);
	snprintf(r->kept[r->n_kept].nick, WALK_NICK_MAX, "%s", o->nick);
	r->kept[r->n_kept].user = o->user;
	r->kept[r->n_kept++].until_ms = now_ms + WALK_NICK_MS;
}

static void name(struct walk_room *r, struct walk_occ *o, const char *nick,
		 bool chosen)
{
	snprintf(o->nick, sizeof(o->nick), "%s", nick);
	o->nick_chosen = chosen;
	release(r, nick);
}

static void derive(const struct walk_seat *t, char nick[WALK_NICK_MAX])
{
	snprintf(nick, WALK_NICK_MAX, "%s", walk_name(t->user));
	for (unsigned i = 2; !model_nick_free(t, nick); i++)
		snprintf(nick, WALK_NICK_MAX, "%s %u", walk_name(t->user), i);
}

void model_derive(struct walk_seat *t)
{
	char nick[WALK_NICK_MAX];

	derive(t, nick);
	name(walk_room(t), t->occ, nick, false);
}

/* NICK-10: a device beside others takes an own place. */
bool model_may_rename(const struct walk_seat *t, const char *nick)
{
	struct walk_room *r = walk_room(t);
	const struct walk_occ *holder = model_by_nick(r, nick);
	bool alone = walk_is_sip(t->user) || model_devices(t, t->occ) == 1;

	if (holder && !(holder == t->occ && alone))
		return !walk_is_sip(t->user) && holder->user == t->user &&
		       (holder != t->occ || strcmp(holder->nick, nick) == 0);
	return model_nick_free(t, nick) &&
	       (alone || model_count(r) < r->rules.max_users);
}

static void tell_gone(struct walk_room *r, const struct walk_occ *o, int code)
{
	assert_true(r->n_gone < WALK_GONE_MAX);
	snprintf(r->gone[r->n_gone].nick, WALK_NICK_MAX, "%s", o->nick);
	r->gone[r->n_gone++].code = code;
}

static struct walk_occ *new_occ(struct walk_room *r)
{
	for (size_t i = 0; i < WALK_PEOPLE; i++)
		if (!r->occ[i].used)
			return &r->occ[i];
	fail_msg("more people than there are");
	return NULL;
}

/* To another place of his, which may be a new one; his role goes with him. */
static void move(struct walk_seat *t, const char *nick)
{
	struct walk_room *r = walk_room(t);
	struct walk_occ *from = t->occ, *to = model_by_nick(r, nick);

	if (!to) {
		to = new_occ(r);
		*to = *from;
		name(r, to, nick, true);
	}
	t->occ = to;
	if (to == from || model_devices(t, from))
		return;
	tell_gone(r, from, 0);
	from->used = false;
}

void model_rename(struct walk_seat *t, const char *nick)
{
	if (walk_is_sip(t->user) || model_devices(t, t->occ) == 1) {
		struct walk_occ *holder = model_by_nick(walk_room(t), nick);

		if (!holder || holder == t->occ) {
			name(walk_room(t), t->occ, nick, true);
			return;
		}
	}
	move(t, nick);
}

/* --- coming --- */

static enum role role_given(const struct walk_room *r, enum affiliation a)
{
	if (a >= AFF_ADMIN)
		return ROLE_MODERATOR;
	return a == AFF_NONE && r->rules.moderated ? ROLE_VISITOR
						   : ROLE_PARTICIPANT;
}

enum reason_code model_admits(const struct walk_seat *t, const char *nick,
			      const char *password)
{
	struct walk_room *r = walk_room(t);
	enum affiliation a = model_affiliation(t);
	bool inside = model_of_user(r, t->user) != NULL;
	bool full = model_count(r) >= r->rules.max_users && a < AFF_ADMIN;
	const struct walk_occ *holder = nick ? model_by_nick(r, nick) : NULL;

	if (!r->exists)
		return REASON_OK;
	if (a == AFF_OUTCAST)
		return REASON_BANNED;
	if (a == AFF_NONE && r->rules.members_only)
		return REASON_MEMBERS_ONLY;
	if (r->rules.password[0] && !inside && a != AFF_OWNER &&
	    strcmp(r->rules.password, password) != 0)
		return REASON_PASSWORD;
	if (full && !inside)
		return REASON_FULL;
	if (nick ? holder && holder->user == t->user : inside)
		return REASON_OK;
	if (nick && !model_nick_free(t, nick))
		return REASON_NICK_TAKEN;
	return full ? REASON_FULL : REASON_OK;
}

static void begin(struct walk_room *r, int owner)
{
	if (r->exists)
		return;
	r->exists = true;
	r->rules = (struct walk_rules){.max_users = WALK_MAX_USERS};
	r->affiliation[owner] = AFF_OWNER;
}

void model_listen(struct walk_seat *t, size_t history)
{
	const struct walk_room *r = walk_room(t);

	t->history = r->n_said;
	t->due = r->n_said > history ? r->n_said - history : 0;
}

void model_join(struct walk_seat *t, const char *nick)
{
	struct walk_room *r = walk_room(t);
	struct walk_occ *o =
	    nick ? model_by_nick(r, nick) : model_of_user(r, t->user);
	char derived[WALK_NICK_MAX];

	begin(r, t->user);
	if (!o) {
		derive(t, derived);
		o = new_occ(r);
		*o = (struct walk_occ){.used = true, .user = t->user};
		name(r, o, nick ? nick : derived, nick != NULL);
		o->affiliation = model_affiliation(t);
		o->role = role_given(r, o->affiliation);
	}
	t->occ = o;
	t->private.text[0] = '\0';
	t->asked = 0;
	model_listen(t, WALK_HISTORY);
}

/* --- going --- */

static void forget(struct walk_seat *t)
{
	t->occ = NULL;
	t->lost_until_ms = 0;
	t->private.text[0] = '\0';
}

static void take_away(struct walk_seat *any, struct walk_occ *o,
		      enum reason_code why, uint64_t now_ms)
{
	struct walk_room *r = walk_room(any);

	keep(r, o, now_ms);
	tell_gone(r, o, map_reason_to_muc_status(why));
	o->used = false;
	WALK_EACH_SEAT(t, any->w)
	if (t->occ == o)
		forget(t);
}

void model_expel(struct walk_seat *any, struct walk_occ *o,
		 enum reason_code why)
{
	take_away(any, o, why, any->w->s->mono);
}

static void leave_at(struct walk_seat *t, enum reason_code why, uint64_t now_ms)
{
	if (model_devices(t, t->occ) == 1)
		take_away(t, t->occ, why, now_ms);
	else
		tell_gone(walk_room(t), t->occ, map_reason_to_muc_status(why));
	forget(t);
}

void model_leave(struct walk_seat *t, enum reason_code why)
{
	leave_at(t, why, t->w->s->mono);
}

static void end(struct walk_room *r)
{
	r->exists = false;
	r->n_said = r->n_kept = 0;
	r->subject[0] = '\0';
	memset(r->occ, 0, sizeof(r->occ));
	for (int u = 0; u < WALK_USERS; u++)
		r->affiliation[u] = AFF_NONE;
}

void model_destroy(struct walk *w, int room)
{
	WALK_EACH_SEAT(t, w)
	{
		if (t->room != room || !t->occ)
			continue;
		tell_gone(walk_room(t), t->occ, WALK_DESTROYED);
		forget(t);
	}
	end(&w->room[room]);
}

/* The one who is gone first; NULL: nobody is. */
static struct walk_seat *next_lost(struct walk *w)
{
	struct walk_seat *first = NULL;

	WALK_EACH_SEAT(t, w)
	if (t->lost_until_ms && t->lost_until_ms <= w->s->mono &&
	    (!first || t->lost_until_ms < first->lost_until_ms))
		first = t;
	return first;
}

void model_tidy(struct walk *w)
{
	struct walk_seat *t;

	while ((t = next_lost(w)))
		leave_at(t, REASON_LOST, t->lost_until_ms);
	for (int i = 0; i < WALK_ROOMS; i++)
		if (w->room[i].exists && !w->room[i].rules.persistent &&
		    !model_count(&w->room[i]))
			end(&w->room[i]);
}

/* --- rules and rights --- */

void model_review(struct walk *w, int room, enum reason_code not_member)
{
	struct walk_seat *any = walk_seat(w, room, 0, 0);
	struct walk_room *r = &w->room[room];

	WALK_EACH_OCC(o, r)
	{
		enum affiliation a = r->affiliation[o->user];

		if (a == AFF_OUTCAST) {
			model_expel(any, o, REASON_BANNED);
			continue;
		}
		if (a == AFF_NONE && r->rules.members_only) {
			model_expel(any, o, not_member);
			continue;
		}
		o->role_set = o->role_set && a == o->affiliation;
		o->affiliation = a;
		if (!o->role_set)
			o->role = role_given(r, a);
	}
}

void model_configure(struct walk *w, int room, const struct walk_rules *rules)
{
	w->room[room].rules = *rules;
	model_review(w, room, REASON_MEMBERS_ONLY);
}

/* --- messages --- */

void model_said(struct walk_said *m, const struct walk_seat *t,
		const char *text)
{
	snprintf(m->text, sizeof(m->text), "%s", text);
	snprintf(m->nick, sizeof(m->nick), "%s", t->occ->nick);
	m->user = t->user;
	m->by = t;
}

void model_say(struct walk_seat *t, const char *text)
{
	struct walk_room *r = walk_room(t);

	assert_true(r->n_said < WALK_SAID_MAX);
	model_said(&r->said[r->n_said++], t, text);
}
