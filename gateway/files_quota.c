#include "gateway/files_quota.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/table.h"

/* What one room, or one user, has here. */
struct share {
	uint64_t bytes;
	size_t files;
	size_t n;
	char key[];
};

void quotas_init(struct quotas *q, const struct config *config)
{
	*q = (struct quotas){
	    .config = config,
	    .rooms = table_new(),
	    .users = table_new(),
	};
}

void quotas_done(struct quotas *q)
{
	table_free(q->rooms);
	table_free(q->users);
}

static struct share *share_of(struct table *t, struct str key)
{
	struct share *s = table_get_str(t, key);

	if (s)
		return s;
	s = mem_new(sizeof(*s) + key.n);
	s->n = key.n;
	if (key.n)
		memcpy(s->key, key.p, key.n);
	table_put_str(t, str_of(s->key, s->n), s);
	return s;
}

void account_open(struct quotas *q, struct account *a,
		  const struct file_head *h)
{
	a->room = share_of(q->rooms, h->room);
	a->user = share_of(q->users, h->user);
	a->room->files++;
	a->user->files++;
}

static void leave_share(struct table *t, struct share *s, uint64_t bytes)
{
	s->bytes -= bytes;
	if (--s->files)
		return;
	table_del_str(t, str_of(s->key, s->n));
	free(s);
}

void account_close(struct quotas *q, struct account *a)
{
	q->bytes -= a->bytes;
	leave_share(q->rooms, a->room, a->bytes);
	leave_share(q->users, a->user, a->bytes);
}

void account_charge(struct quotas *q, struct account *a, uint64_t bytes)
{
	a->bytes += bytes;
	a->room->bytes += bytes;
	a->user->bytes += bytes;
	q->bytes += bytes;
}

void account_give_back(struct quotas *q, struct account *a, uint64_t bytes)
{
	a->bytes -= bytes;
	a->room->bytes -= bytes;
	a->user->bytes -= bytes;
	q->bytes -= bytes;
}

static bool has_room(uint64_t used, uint64_t more, uint64_t quota)
{
	return used <= quota && more <= quota - used;
}

int account_may_grow(const struct quotas *q, const struct account *a,
		     uint64_t more)
{
	const struct config *c = q->config;

	if (!has_room(a->bytes, more, c->files.max_size))
		return ERR_TOO_BIG;
	if (!has_room(q->bytes, more, c->files.quota) ||
	    !has_room(a->room->bytes, more, c->files.room_quota) ||
	    !has_room(a->user->bytes, more, c->files.user_quota))
		return ERR_FULL;
	return 0;
}
