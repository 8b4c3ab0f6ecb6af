/* Messages taken back, by their authors or by a moderator: who comes later gets
 * them no more (XEP-0424 §5, XEP-0425 §5). */
#include <stdlib.h>

#include "conference/command_priv.h"
#include "conference/room_priv.h"

static struct past *find(const struct room *r, struct str id)
{
	struct past *p;

	TAILQ_FOREACH (p, &r->history.list, link)
		if (str_eq(p->msg->id, id))
			return p;
	return NULL;
}

const struct message *room_past(const struct room *r, struct str id)
{
	const struct past *p = find(r, id);

	return p ? p->msg : NULL;
}

static bool same_author(const struct message *a, const struct message *b)
{
	return a->world == b->world && str_eq(a->user, b->user);
}

void room_retract(struct room *r, struct message *by)
{
	struct past *p = find(r, by->retracts);
	uint64_t serial = 0;

	if (p && !by->moderates && !same_author(p->msg, by))
		return;
	if (p) {
		serial = p->msg->serial;
		history_remove(r, p);
	}
	room_note_retracted(r, by, serial);
}
