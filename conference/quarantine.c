/* Nicknames of those who left: for a while nobody else may take them, so that
 * no one answers in the name of a person who just went (RFC 7701 §11). */
#include <limits.h>
#include <stdlib.h>

#include "base/mem.h"
#include "conference/nick_priv.h"
#include "conference/room_priv.h"

void quarantine_init(struct quarantine *q)
{
	TAILQ_INIT(&q->list);
	q->by_key = table_new();
}

static void drop(struct quarantine *q, struct kept_nick *k)
{
	TAILQ_REMOVE(&q->list, k, link);
	table_del_str(q->by_key, k->key);
	q->n--;
	free(k->block);
	free(k);
}

void quarantine_done(struct quarantine *q)
{
	struct kept_nick *k;

	while ((k = TAILQ_FIRST(&q->list)))
		drop(q, k);
	table_free(q->by_key);
}

static void drop_ended(struct room *r)
{
	struct quarantine *q = &r->quarantine;
	uint64_t now_ms = loop_now_ms(r->loop);
	struct kept_nick *k;

	while ((k = TAILQ_FIRST(&q->list)) && k->until_ms <= now_ms)
		drop(q, k);
}

/* All are kept equally long, unless the settings have changed. */
static void insert(struct quarantine *q, struct kept_nick *k)
{
	struct kept_nick *before = TAILQ_LAST(&q->list, kept_nick_list);

	while (before && before->until_ms > k->until_ms)
		before = TAILQ_PREV(before, kept_nick_list, link);
	if (before)
		TAILQ_INSERT_AFTER(&q->list, before, k, link);
	else
		TAILQ_INSERT_HEAD(&q->list, k, link);
}

void quarantine_put(struct room *r, struct str key, struct str user,
		    uint64_t until_ms)
{
	struct quarantine *q = &r->quarantine;
	struct kept_nick *k = mem_new(sizeof(*k));
	char *to = mem_new(key.n + user.n);

	drop_ended(r);
	quarantine_release(r, key);
	if (q->n == QUARANTINE_MAX)
		drop(q, TAILQ_FIRST(&q->list));
	k->block = to;
	k->key = str_pack(&to, key);
	k->user = str_pack(&to, user);
	k->until_ms = until_ms;
	insert(q, k);
	table_put_str(q->by_key, k->key, k);
	q->n++;
}

void quarantine_add(struct room *r, const struct nick *n, struct str user)
{
	if (r->policy.quarantine_ms == UINT_MAX)
		return;
	quarantine_put(r, n->key, user,
		       loop_now_ms(r->loop) + r->policy.quarantine_ms);
	room_note_nick(r, n->key, user,
		       loop_wall_ms(r->loop) + r->policy.quarantine_ms);
}

void quarantine_release(struct room *r, struct str key)
{
	struct kept_nick *k = table_get_str(r->quarantine.by_key, key);

	if (k)
		drop(&r->quarantine, k);
}

bool quarantine_blocks(struct room *r, struct str key, struct str user)
{
	const struct kept_nick *k;

	drop_ended(r);
	k = table_get_str(r->quarantine.by_key, key);
	return k && !str_eq(k->user, user);
}
