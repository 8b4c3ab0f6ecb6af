#include "gateway/inviters.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/bucket.h"
#include "base/mem.h"
#include "base/table.h"

struct inviter {
	TAILQ_ENTRY(inviter) link; /* who was active last is the last */
	char *user;
	struct bucket sent;
};

struct inviters {
	struct table *by_user;
	TAILQ_HEAD(, inviter) order;
};

struct inviters *inviters_new(void)
{
	struct inviters *all = mem_new(sizeof(*all));

	all->by_user = table_new();
	TAILQ_INIT(&all->order);
	return all;
}

static void forget(struct inviters *all, struct inviter *i)
{
	TAILQ_REMOVE(&all->order, i, link);
	table_del_str(all->by_user, str_z(i->user));
	free(i->user);
	free(i);
}

void inviters_free(struct inviters *all)
{
	if (!all)
		return;
	while (!TAILQ_EMPTY(&all->order))
		forget(all, TAILQ_FIRST(&all->order));
	table_free(all->by_user);
	free(all);
}

static struct inviter *find(struct inviters *all, struct str user)
{
	struct inviter *i = table_get_str(all->by_user, user);

	if (i) {
		TAILQ_REMOVE(&all->order, i, link);
	} else {
		if (table_count(all->by_user) >= INVITERS_MAX)
			forget(all, TAILQ_FIRST(&all->order));
		i = mem_new(sizeof(*i));
		i->user = str_dup(user);
		table_put_str(all->by_user, str_z(i->user), i);
	}
	TAILQ_INSERT_TAIL(&all->order, i, link);
	return i;
}

bool inviter_may(struct inviters *all, struct str user, unsigned rate,
		 unsigned burst, uint64_t now_ms)
{
	/* the bucket counts in seconds */
	return rate == 0 ||
	       bucket_take(&find(all, user)->sent, rate, burst, now_ms / 60);
}
