#include "gateway/back_sip_note.h"

#include <stdlib.h>

#include "base/mem.h"
#include "gateway/back_sip_priv.h"

#define KEPT_MS 600000 /* BODY-21 */

void bs_notes_init(struct bs_notes *all)
{
	TAILQ_INIT(&all->eldest_first);
}

void bs_note_free(struct bs_note *note)
{
	blob_unref(note->head);
	free(note->nick);
	free(note->id);
	free(note);
}

static void take_out(struct bs_notes *all, struct bs_note *x)
{
	TAILQ_REMOVE(&all->eldest_first, x, link);
	all->n--;
}

static void drop_eldest(struct bs_notes *all)
{
	struct bs_note *x = TAILQ_FIRST(&all->eldest_first);

	take_out(all, x);
	bs_note_free(x);
}

void bs_notes_clear(struct bs_notes *all)
{
	while (all->n)
		drop_eldest(all);
}

static void expire(struct bs_leg *l, struct bs_notes *all)
{
	uint64_t now_ms = loop_now_ms(l->b->loop);

	while (all->n &&
	       now_ms - TAILQ_FIRST(&all->eldest_first)->at_ms > KEPT_MS)
		drop_eldest(all);
}

struct bs_note *bs_note_add(struct bs_leg *l, struct bs_notes *all,
			    uint64_t key, uint64_t who, struct str id)
{
	struct bs_note *x = mem_new(sizeof(*x));

	expire(l, all);
	while (all->n && all->n >= l->b->cfg.config->limits.reports)
		drop_eldest(all);
	x->key = key;
	x->who = who;
	x->at_ms = loop_now_ms(l->b->loop);
	x->id = str_dup(id);
	TAILQ_INSERT_TAIL(&all->eldest_first, x, link);
	all->n++;
	return x;
}

struct bs_note *bs_note_take(struct bs_leg *l, struct bs_notes *all,
			     uint64_t key)
{
	struct bs_note *x;

	expire(l, all);
	TAILQ_FOREACH (x, &all->eldest_first, link)
		if (x->key == key)
			break;
	if (x)
		take_out(all, x);
	return x;
}

struct bs_note *bs_note_take_id(struct bs_leg *l, struct bs_notes *all,
				uint64_t who, struct str id)
{
	struct bs_note *x;

	expire(l, all);
	TAILQ_FOREACH (x, &all->eldest_first, link)
		if (x->who == who && str_eq(str_z(x->id), id))
			break;
	if (x)
		take_out(all, x);
	return x;
}
