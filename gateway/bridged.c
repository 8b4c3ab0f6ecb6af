#include "gateway/bridged.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/table.h"

struct bridged {
	size_t n;
	struct table *users, *domains;
};

struct count {
	size_t n;
	char *key;
};

struct bridged *bridged_new(void)
{
	struct bridged *b = mem_new(sizeof(*b));

	b->users = table_new();
	b->domains = table_new();
	return b;
}

static void drop(struct table *t, struct count *c)
{
	table_del_str(t, str_z(c->key));
	free(c->key);
	free(c);
}

static void drop_all(struct table *t)
{
	struct count *c;

	TABLE_FOREACH (t, it, c)
		drop(t, c);
	table_free(t);
}

void bridged_free(struct bridged *b)
{
	if (!b)
		return;
	drop_all(b->users);
	drop_all(b->domains);
	free(b);
}

static void up(struct table *t, struct str key)
{
	struct count *c = table_get_str(t, key);

	if (!c) {
		c = mem_new(sizeof(*c));
		c->key = str_dup(key);
		table_put_str(t, str_z(c->key), c);
	}
	c->n++;
}

static void down(struct table *t, struct str key)
{
	struct count *c = table_get_str(t, key);

	if (c && --c->n == 0)
		drop(t, c);
}

static size_t of(const struct table *t, struct str key)
{
	const struct count *c = table_get_str(t, key);

	return c ? c->n : 0;
}

static struct str domain_of(struct str room)
{
	return str_from(room, (size_t)(str_rfind(room, '@') + 1));
}

static struct str key_of(enum world world, struct str user)
{
	return world == WORLD_XMPP ? str_split(&user, '/') : user;
}

void bridged_add(struct bridged *b, enum world world, struct str user,
		 struct str room)
{
	b->n++;
	up(b->users, key_of(world, user));
	up(b->domains, domain_of(room));
}

void bridged_remove(struct bridged *b, enum world world, struct str user,
		    struct str room)
{
	b->n--;
	down(b->users, key_of(world, user));
	down(b->domains, domain_of(room));
}

size_t bridged_all(const struct bridged *b)
{
	return b->n;
}

size_t bridged_of_user(const struct bridged *b, enum world world,
		       struct str user)
{
	return of(b->users, key_of(world, user));
}

size_t bridged_of_domain(const struct bridged *b, struct str domain)
{
	return of(b->domains, domain);
}
