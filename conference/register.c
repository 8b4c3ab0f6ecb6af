/* A user takes a nickname for himself and becomes a member by it (XEP-0045
 * §7.10). */
#include <stdlib.h>

#include "conference/affil_priv.h"
#include "conference/room_priv.h"

struct wish {
	struct str user, nick;
};

static void take_nick(struct room *r, const struct affil *a, struct str user)
{
	struct room_affiliation kept = a->pub;

	kept.nick = STR_NONE;
	affils_put(&r->granted, &kept, (struct nick){0});
	a = table_get_str(r->granted.by_user, user);
	room_note_affiliation(r, &a->pub);
}

static enum reason_code unregister(struct room *r, struct str user)
{
	const struct affil *a = affil_at(r, user);
	struct room_affiliation none = {.user = user, .affiliation = AFF_NONE};

	if (!a || !a->pub.nick.n)
		return REASON_OK;
	if (a->pub.fixed)
		return REASON_NOT_ALLOWED;
	if (a->pub.registered)
		return affil_set(r, &none);
	take_nick(r, a, user);
	return REASON_OK;
}

static enum reason_code run(struct room *r, void *arg)
{
	const struct wish *w = arg;
	const struct affil *old = affil_at(r, w->user);
	enum affiliation now = room_affiliation_of(r, w->user, NULL);
	/* the entry goes before its text has been told */
	char *why = str_dup(old ? old->pub.why : STR_NONE);
	struct room_affiliation want = {
	    .user = w->user,
	    .affiliation = now < AFF_MEMBER ? AFF_MEMBER : now,
	    .nick = w->nick,
	    .why = str_z(why),
	    .registered = now < AFF_MEMBER || (old && old->pub.registered),
	};

	enum reason_code code =
	    w->nick.n ? affil_set(r, &want) : unregister(r, w->user);

	free(why);
	return code;
}

enum reason_code room_register(struct room *r, struct str user, struct str nick)
{
	struct wish w = {user, nick};

	return room_task(r, run, &w);
}
