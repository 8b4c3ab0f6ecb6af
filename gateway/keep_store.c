#include "gateway/keep_store.h"

#include <stdlib.h>

#include "base/mem.h"

#define SEEDS_STEP 1024

static enum store_table table_of(enum kept_kind kind)
{
	static const enum store_table table[KEPT_KINDS] = {
	    [KEPT_DIALOG] = STORE_DIALOGS,
	    [KEPT_CALL] = STORE_CALLS,
	    [KEPT_SUBSCRIPTION] = STORE_SUBSCRIPTIONS,
	    [KEPT_OCCUPANT] = STORE_OCCUPANTS,
	    [KEPT_HEARD] = STORE_HEARD,
	};

	return table[kind];
}

static void put(void *user, enum kept_kind kind, struct str key,
		struct str value)
{
	/* who has come into a room believes to be in it from this turn on, and
	 * only the next run could tell him otherwise (front_xmpp_keep.c,
	 * front_sip_restore.c); what waits of his dialog is written with it.
	 * What he has heard of a room elsewhere is not to come twice
	 * (back_muc_heard.c) */
	if (kind == KEPT_OCCUPANT || kind == KEPT_CALL || kind == KEPT_HEARD)
		store_put_soon(user, table_of(kind), key, value);
	else
		store_put(user, table_of(kind), key, value);
}

static void drop(void *user, enum kept_kind kind, struct str key)
{
	store_delete(user, table_of(kind), key);
}

struct keep keep_in_store(struct store *s)
{
	if (!s)
		return (struct keep){0};
	return (struct keep){put, drop, s};
}

struct reading {
	struct core *core;
	enum kept_kind kind;
	struct seeds *seeds;
};

static void restore(void *user, struct str key, struct str value)
{
	struct reading *r = user;
	struct seeds *s = r->seeds;

	core_restore(r->core, r->kind, key, value);
	if (r->kind != KEPT_DIALOG)
		return;
	if (s->n % SEEDS_STEP == 0)
		s->seed =
		    mem_resize(s->seed, (s->n + SEEDS_STEP) * sizeof(*s->seed));
	s->seed[s->n++] = str_of(str_dup(value), value.n);
}

void restore_from_store(struct store *s, struct core *core, struct seeds *out)
{
	struct reading r = {.core = core, .seeds = out};

	*out = (struct seeds){0};
	for (r.kind = KEPT_DIALOG; r.kind < KEPT_KINDS; r.kind++)
		store_each(s, table_of(r.kind), restore, &r);
}

void seeds_done(struct seeds *s)
{
	for (size_t i = 0; i < s->n; i++)
		free((char *)(uintptr_t)s->seed[i].p);
	free(s->seed);
	*s = (struct seeds){0};
}
