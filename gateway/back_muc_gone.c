/* Who has left a room, or has been removed, for a while or until it says that
 * he is out. What it still says to his address is not for somebody who comes
 * back at once: he gets another one. */
#include "gateway/back_muc_priv.h"

#include <stdlib.h>

#include "base/mem.h"

#define GONE_MS	 30000 /* a room that says nothing has nothing to say */
#define GONE_MAX 10000

struct gone {
	TAILQ_ENTRY(gone) link;
	char *text;
	struct str key; /* as of struct proxy */
	uint64_t at_ms;
};

struct gone_list {
	struct loop *loop;
	struct table *by_key;
	TAILQ_HEAD(, gone) oldest_first;
};

struct gone_list *gone_new(struct loop *loop)
{
	struct gone_list *l = mem_new(sizeof(*l));

	l->loop = loop;
	l->by_key = table_new();
	TAILQ_INIT(&l->oldest_first);
	return l;
}

static void forget(struct gone_list *l, struct gone *g)
{
	table_del_str(l->by_key, g->key);
	TAILQ_REMOVE(&l->oldest_first, g, link);
	free(g->text);
	free(g);
}

void gone_free(struct gone_list *l)
{
	while (!TAILQ_EMPTY(&l->oldest_first))
		forget(l, TAILQ_FIRST(&l->oldest_first));
	table_free(l->by_key);
	free(l);
}

static void forget_old(struct gone_list *l, size_t max)
{
	uint64_t now = loop_now_ms(l->loop);
	struct gone *g;

	while ((g = TAILQ_FIRST(&l->oldest_first)) &&
	       (now - g->at_ms >= GONE_MS || table_count(l->by_key) > max))
		forget(l, g);
}

void gone_note(struct gone_list *l, struct str key)
{
	struct gone *g;

	gone_heard(l, key);
	forget_old(l, GONE_MAX - 1);
	g = mem_new(sizeof(*g));
	g->text = str_dup(key);
	g->key = str_of(g->text, key.n);
	g->at_ms = loop_now_ms(l->loop);
	table_put_str(l->by_key, g->key, g);
	TAILQ_INSERT_TAIL(&l->oldest_first, g, link);
}

bool gone_lately(struct gone_list *l, struct str key)
{
	forget_old(l, GONE_MAX);
	return table_get_str(l->by_key, key);
}

void gone_heard(struct gone_list *l, struct str key)
{
	struct gone *g = table_get_str(l->by_key, key);

	if (g)
		forget(l, g);
}
