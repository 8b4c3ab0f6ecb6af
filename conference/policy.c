/* A room's settings: its own copy, and what follows when they change (RFC 7701
 * §4.1, XEP-0045 §10.2). */
#include <limits.h>
#include <stdlib.h>

#include "base/mem.h"
#include "conference/affil_priv.h"
#include "conference/nick_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

static size_t policy_octets(const struct room_policy *p)
{
	size_t n =
	    p->title.n + p->description.n + p->language.n + p->password.n;

	for (size_t i = 0; i < p->n_reserved_nicks; i++)
		n += p->reserved_nicks[i].n;
	for (size_t i = 0; i < p->n_fixed; i++)
		n +=
		    p->fixed[i].user.n + p->fixed[i].nick.n + p->fixed[i].why.n;
	return n;
}

struct room_policy *policy_copy(const struct room_policy *from)
{
	size_t fixed = from->n_fixed * sizeof(struct room_affiliation);
	size_t words = from->n_reserved_nicks * sizeof(struct str);
	struct room_policy *p =
	    mem_new(sizeof(*p) + fixed + words + policy_octets(from));
	struct room_affiliation *list = (struct room_affiliation *)(p + 1);
	struct str *word = (struct str *)(list + from->n_fixed);
	char *to = (char *)(word + from->n_reserved_nicks);

	*p = *from;
	p->title = str_pack(&to, from->title);
	p->description = str_pack(&to, from->description);
	p->language = str_pack(&to, from->language);
	p->password = str_pack(&to, from->password);
	p->reserved_nicks = word;
	for (size_t i = 0; i < from->n_reserved_nicks; i++)
		word[i] = str_pack(&to, from->reserved_nicks[i]);
	p->fixed = list;
	for (size_t i = 0; i < from->n_fixed; i++) {
		list[i] = from->fixed[i];
		list[i].user = str_pack(&to, from->fixed[i].user);
		list[i].nick = str_pack(&to, from->fixed[i].nick);
		list[i].why = str_pack(&to, from->fixed[i].why);
	}
	return p;
}

static void fill_in(struct room_policy *p)
{
	if (p->max_occupants == 0)
		p->max_occupants = MAX_OCCUPANTS;
	if (p->history == 0)
		p->history = HISTORY_MESSAGES;
	if (p->history_bytes == 0)
		p->history_bytes = HISTORY_BYTES;
	if (p->archive_days == 0)
		p->archive_days = ARCHIVE_DAYS;
	if (p->archive_messages == 0)
		p->archive_messages = ARCHIVE_MESSAGES;
	if (p->lock_ms == 0)
		p->lock_ms = LOCK_MS;
	if (p->quarantine_ms == 0)
		p->quarantine_ms = QUARANTINE_MS;
}

void policy_set(struct room *r, const struct room_policy *policy)
{
	struct room_policy *old = r->policy_block;

	r->policy_block = policy_copy(policy);
	r->policy = *r->policy_block;
	fill_in(&r->policy);
	reserved_set(r);
	affils_set_fixed(r);
	room_retire(r, (char *)old);
}

static bool same_words(const struct room_policy *a, const struct room_policy *b)
{
	if (a->n_reserved_nicks != b->n_reserved_nicks)
		return false;
	for (size_t i = 0; i < a->n_reserved_nicks; i++)
		if (!str_eq(a->reserved_nicks[i], b->reserved_nicks[i]))
			return false;
	return str_eq(a->title, b->title) &&
	       str_eq(a->description, b->description) &&
	       str_eq(a->language, b->language) &&
	       str_eq(a->password, b->password);
}

static bool same_fixed(const struct room_policy *a, const struct room_policy *b)
{
	if (a->n_fixed != b->n_fixed)
		return false;
	for (size_t i = 0; i < a->n_fixed; i++)
		if (!str_eq(a->fixed[i].user, b->fixed[i].user) ||
		    a->fixed[i].affiliation != b->fixed[i].affiliation ||
		    !str_eq(a->fixed[i].nick, b->fixed[i].nick) ||
		    !str_eq(a->fixed[i].why, b->fixed[i].why))
			return false;
	return true;
}

static bool same_switches(const struct room_policy *a,
			  const struct room_policy *b)
{
	return a->persistent == b->persistent && a->public == b->public &&
	       a->private_messages == b->private_messages &&
	       a->nicknames == b->nicknames && a->moderated == b->moderated &&
	       a->members_only == b->members_only &&
	       a->one_device == b->one_device &&
	       a->end_with_owner == b->end_with_owner &&
	       a->subject_by_moderators == b->subject_by_moderators &&
	       a->nicks_of_domain == b->nicks_of_domain &&
	       a->invites == b->invites && a->private_role == b->private_role;
}

/* But for what has flags of its own. */
static bool same_policy(const struct room_policy *a,
			const struct room_policy *b)
{
	return same_switches(a, b) && a->max_occupants == b->max_occupants &&
	       a->history == b->history &&
	       a->history_bytes == b->history_bytes &&
	       a->archive_days == b->archive_days &&
	       a->archive_messages == b->archive_messages &&
	       a->lock_ms == b->lock_ms &&
	       a->quarantine_ms == b->quarantine_ms && same_words(a, b) &&
	       same_fixed(a, b);
}

/* CHANGED_* */
static unsigned differences(const struct room_policy *a,
			    const struct room_policy *b)
{
	return (same_policy(a, b) ? 0 : CHANGED_SETTINGS) |
	       (a->logged == b->logged ? 0 : CHANGED_LOGGED) |
	       (a->non_anonymous == b->non_anonymous ? 0 : CHANGED_ANONYMITY);
}

/* Those whose role nobody has set take the one that the settings give them. */
static void configure(struct room *r, const struct room_policy *policy)
{
	struct seat_ev ev = {.type = SEAT_ROOM_CHANGED};
	struct room_policy before = r->policy;

	policy_set(r, policy);
	ev.changed = differences(&before, &r->policy);
	if (!ev.changed)
		return;
	if (before.nicks_of_domain != r->policy.nicks_of_domain)
		scope_changed(r);
	room_note(r, ROOM_SETTINGS);
	room_tell(r, AUDIENCE_ALL, &ev, NULL, 0);
	room_review(r, &(struct review){.not_member = REASON_MEMBERS_ONLY});
	if (before.persistent && !r->policy.persistent)
		r->expected = false;
	if (!r->policy.persistent)
		room_tidy_later(r);
}

void room_set_own_policy(struct room *r, const struct room_policy *policy)
{
	struct room_policy p = *policy;

	p.fixed = r->policy.fixed;
	p.n_fixed = r->policy.n_fixed;
	r->configured = true;
	room_note(r, ROOM_SETTINGS);
	configure(r, &p);
}

static enum reason_code run_configure(struct room *r, void *policy)
{
	room_set_own_policy(r, policy);
	return REASON_OK;
}

enum reason_code room_configure(struct room *r,
				const struct room_policy *policy)
{
	struct room_policy copy = *policy;

	return room_task(r, run_configure, &copy);
}

struct follow {
	struct room_policy policy;
	bool always;
};

static enum reason_code run_follow(struct room *r, void *arg)
{
	struct follow *f = arg;

	if (!r->configured || f->always) {
		r->configured = false;
		configure(r, &f->policy);
	} else {
		struct room_policy own = r->policy;

		own.fixed = f->policy.fixed;
		own.n_fixed = f->policy.n_fixed;
		configure(r, &own);
	}
	return REASON_OK;
}

enum reason_code room_follow(struct room *r, const struct room_policy *policy,
			     bool always)
{
	struct follow f = {*policy, always};

	return room_task(r, run_follow, &f);
}

const struct room_policy *room_policy(const struct room *r)
{
	return &r->policy;
}
