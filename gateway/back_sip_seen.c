/* What a conference has said lately, so that it isn't told twice when it is
 * said again to a new session of the same user: as history, or because both
 * sessions were there. */
#include <stdlib.h>

#include "base/mem.h"
#include "gateway/back_sip_priv.h"
#include "msrp/cpim.h"

#define DATED 1ull /* a mark of what says when it was written */

uint64_t bs_mark(const struct cpim *c)
{
	uint64_t mark = str_hash(c->from.uri, 1) ^ str_hash(c->datetime, 2) ^
			str_hash(c->body, 3);

	return c->datetime.n ? mark | DATED : (mark & ~DATED) | 2;
}

void bs_note_seen(struct bs_leg *l, uint64_t mark)
{
	unsigned at;

	if (!mark)
		return;
	if (!l->seen)
		l->seen = mem_new(sizeof(*l->seen));
	at = l->seen->next++ % BS_SEEN;
	l->seen->mark[at] = mark;
	l->seen->at_ms[at] = loop_now_ms(l->b->loop);
}

void bs_know(struct bs_leg *l, const struct bs_seen *from, uint64_t until_ms)
{
	bs_know_nothing(l);
	if (!from)
		return;
	l->known = mem_new(sizeof(*l->known));
	*l->known = *from;
	l->known_until_ms = until_ms;
}

void bs_know_since(struct bs_leg *l, uint64_t since_ms)
{
	for (unsigned i = 0; l->known && i < BS_SEEN; i++)
		if (l->known->at_ms[i] < since_ms)
			l->known->mark[i] = 0;
}

void bs_know_dated(struct bs_leg *l)
{
	for (unsigned i = 0; l->known && i < BS_SEEN; i++)
		if (!(l->known->mark[i] & DATED))
			l->known->mark[i] = 0;
}

void bs_know_nothing(struct bs_leg *l)
{
	free(l->known);
	l->known = NULL;
}

bool bs_knows(struct bs_leg *l, uint64_t mark)
{
	if (l->known && loop_now_ms(l->b->loop) >= l->known_until_ms)
		bs_know_nothing(l);
	for (unsigned i = 0; l->known && mark && i < BS_SEEN; i++)
		if (l->known->mark[i] == mark) {
			l->known->mark[i] = 0;
			return true;
		}
	return false;
}
