#include <stdlib.h>

#include "base/dns_priv.h"
#include "base/mem.h"

struct dns_result *dns_result_new(struct arena *take,
				  const struct dns_answer *answer)
{
	struct dns_result *r = mem_new(sizeof(*r));

	r->refs = 1;
	r->arena = take;
	r->answer = *answer;
	return r;
}

struct dns_result *dns_result_ref(struct dns_result *r)
{
	r->refs++;
	return r;
}

void dns_result_unref(struct dns_result *r)
{
	if (!r || --r->refs)
		return;
	arena_free(r->arena);
	free(r);
}

void dns_cache_init(struct dns_cache *c, const struct dns_limits *limits)
{
	c->by_key = table_new();
	TAILQ_INIT(&c->kept);
	c->limits = *limits;
}

static void forget(struct dns_cache *c, struct dns_kept *k)
{
	table_del_str(c->by_key, str_z(k->key));
	TAILQ_REMOVE(&c->kept, k, link);
	dns_result_unref(k->result);
	free(k);
}

void dns_cache_clear(struct dns_cache *c)
{
	while (!TAILQ_EMPTY(&c->kept))
		forget(c, TAILQ_FIRST(&c->kept));
}

void dns_cache_done(struct dns_cache *c)
{
	dns_cache_clear(c);
	table_free(c->by_key);
}

static void used(struct dns_cache *c, struct dns_kept *k)
{
	TAILQ_REMOVE(&c->kept, k, link);
	TAILQ_INSERT_TAIL(&c->kept, k, link);
}

struct dns_result *dns_cache_get(struct dns_cache *c, const char *key,
				 uint64_t now)
{
	struct dns_kept *k = table_get_str(c->by_key, str_z(key));

	if (!k)
		return NULL;
	if (now >= k->fresh_until) {
		if (now >= k->stale_until)
			forget(c, k);
		return NULL;
	}
	used(c, k);
	return k->result;
}

/* The entry under this key, at the end of the list; a new one has no result. */
static struct dns_kept *entry(struct dns_cache *c, const char *key)
{
	struct dns_kept *k = table_get_str(c->by_key, str_z(key));
	size_t n = strlen(key);

	if (k) {
		used(c, k);
		return k;
	}
	if (table_count(c->by_key) >= c->limits.entries)
		forget(c, TAILQ_FIRST(&c->kept));
	k = mem_new(sizeof(*k) + n + 1);
	memcpy(k->key, key, n);
	TAILQ_INSERT_TAIL(&c->kept, k, link);
	table_put_str(c->by_key, str_of(k->key, n), k);
	return k;
}

static void hold(struct dns_kept *k, struct dns_result *r)
{
	dns_result_ref(r);
	dns_result_unref(k->result);
	k->result = r;
}

void dns_cache_put(struct dns_cache *c, const char *key, struct dns_result *r,
		   uint64_t now)
{
	bool found = r->answer.status == DNS_FOUND;
	uint32_t most = found ? c->limits.max_ttl : c->limits.max_negative;
	uint32_t ttl = r->answer.ttl_s;
	struct dns_kept *k;

	if (!found && ttl == 0)
		return; /* RFC 2308 §5 */
	if (ttl < c->limits.min_ttl)
		ttl = c->limits.min_ttl;
	if (ttl > most)
		ttl = most;
	k = entry(c, key);
	hold(k, r);
	k->fresh_until = now + (uint64_t)ttl * 1000;
	k->stale_until = k->fresh_until;
	if (found)
		k->stale_until += (uint64_t)c->limits.max_stale * 1000;
}

struct dns_result *dns_cache_fail(struct dns_cache *c, const char *key,
				  struct dns_result *failed, uint64_t now)
{
	struct dns_kept *k = entry(c, key);

	if (!k->result || now >= k->stale_until) {
		hold(k, failed);
		k->stale_until = 0;
	}
	k->fresh_until = now + (uint64_t)c->limits.failure * 1000;
	return k->result;
}
