/* What disco#info has told of rooms (S2X-4). */
#include "gateway/back_muc_priv.h"

#include <stdlib.h>

#include "base/mem.h"

#define KNOWN_MS  600000
#define KNOWN_MAX 10000 /* rooms */

static void forget_room(struct back_muc *b, struct known_room *k)
{
	table_del_str(b->rooms, str_z(k->room));
	free(k->room);
	free(k->name);
	free(k);
}

void muc_forget_rooms(struct back_muc *b)
{
	struct known_room *k;

	TABLE_FOREACH (b->rooms, it, k)
		forget_room(b, k);
}

struct known_room *muc_known(const struct back_muc *b, struct str room)
{
	return table_get_str(b->rooms, room);
}

static bool is_fresh(const struct back_muc *b, const struct known_room *k)
{
	return loop_now_ms(b->loop) - k->at_ms < KNOWN_MS;
}

const struct known_room *muc_known_lately(const struct back_muc *b,
					  struct str room)
{
	const struct known_room *k = muc_known(b, room);

	return k && is_fresh(b, k) ? k : NULL;
}

/* Old ones go when there are too many; if all are new, one does. */
static void make_room(struct back_muc *b)
{
	struct known_room *k, *last = NULL;

	if (table_count(b->rooms) < KNOWN_MAX)
		return;
	TABLE_FOREACH (b->rooms, it, k) {
		if (is_fresh(b, k))
			last = k;
		else
			forget_room(b, k);
	}
	if (table_count(b->rooms) >= KNOWN_MAX && last)
		forget_room(b, last);
}

static bool has_feature(const struct xnode *query, const char *var)
{
	const struct xnode *f = x_child(query, "feature", NS_DISCO_INFO);

	for (; f; f = x_next(f, "feature", NS_DISCO_INFO))
		if (str_eq(x_attr(f, "var"), str_z(var)))
			return true;
	return false;
}

static const struct xnode *room_identity(const struct xnode *query)
{
	const struct xnode *i = x_child(query, "identity", NS_DISCO_INFO);

	while (i && !str_eq(x_attr(i, "category"), STR("conference")))
		i = x_next(i, "identity", NS_DISCO_INFO);
	return i;
}

const struct known_room *muc_learn(struct back_muc *b, struct str room,
				   const struct xnode *query)
{
	const struct xnode *identity = room_identity(query);
	struct known_room *k = muc_known(b, room);

	if (!identity)
		return NULL;
	if (k)
		forget_room(b, k);
	make_room(b);
	k = mem_new(sizeof(*k));
	k->room = str_dup(room);
	k->name = str_dup(x_attr(identity, "name"));
	k->at_ms = loop_now_ms(b->loop);
	k->password = has_feature(query, "muc_passwordprotected");
	k->archive = has_feature(query, NS_MAM);
	k->stable_ids = has_feature(query, NS_MUC "#stable_id");
	k->info = (struct room_info){
	    .name = str_z(k->name),
	    .persistent = has_feature(query, "muc_persistent"),
	    .public = has_feature(query, "muc_public"),
	    .moderated = has_feature(query, "muc_moderated"),
	    .members_only = has_feature(query, "muc_membersonly"),
	    .has_password = k->password,
	    .non_anonymous = has_feature(query, "muc_nonanonymous"),
	    .max_history = SIZE_MAX,
	};
	table_put_str(b->rooms, str_z(k->room), k);
	return k;
}
