#include "gateway/sources.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/bucket.h"
#include "base/mem.h"
#include "base/table.h"

#define KEY_MAX 8

struct source {
	TAILQ_ENTRY(source) link; /* the one that was active last is the last */
	char key[KEY_MAX];
	size_t n_key;
	struct bucket requests;
	unsigned failures;
	uint64_t window_ms; /* when the first of them was */
	uint64_t blocked_until_ms;
};

struct sources {
	struct table *by_key;
	TAILQ_HEAD(, source) order;
};

struct sources *sources_new(void)
{
	struct sources *s = mem_new(sizeof(*s));

	s->by_key = table_new();
	TAILQ_INIT(&s->order);
	return s;
}

static void forget(struct sources *s, struct source *e)
{
	TAILQ_REMOVE(&s->order, e, link);
	table_del_str(s->by_key, str_of(e->key, e->n_key));
	free(e);
}

void sources_free(struct sources *s)
{
	if (!s)
		return;
	while (!TAILQ_EMPTY(&s->order))
		forget(s, TAILQ_FIRST(&s->order));
	table_free(s->by_key);
	free(s);
}

static size_t key_of(const struct addr *a, char key[KEY_MAX])
{
	const unsigned char *six = a->in6.sin6_addr.s6_addr;

	if (a->sa.sa_family == AF_INET) {
		memcpy(key, &a->in.sin_addr, 4);
		return 4;
	}
	if (a->sa.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr)) {
		memcpy(key, six + 12, 4);
		return 4;
	}
	if (a->sa.sa_family == AF_INET6) {
		memcpy(key, six, 8);
		return 8;
	}
	return 0;
}

static struct source *find(struct sources *s, const struct addr *a)
{
	char key[KEY_MAX];
	size_t n = key_of(a, key);
	struct source *e = table_get_str(s->by_key, str_of(key, n));

	if (e) {
		TAILQ_REMOVE(&s->order, e, link);
		TAILQ_INSERT_TAIL(&s->order, e, link);
		return e;
	}
	if (table_count(s->by_key) >= SOURCES_MAX)
		forget(s, TAILQ_FIRST(&s->order));
	e = mem_new(sizeof(*e));
	memcpy(e->key, key, n);
	e->n_key = n;
	table_put_str(s->by_key, str_of(e->key, n), e);
	TAILQ_INSERT_TAIL(&s->order, e, link);
	return e;
}

bool source_request(struct sources *s, const struct addr *a, unsigned rate,
		    unsigned burst, uint64_t now_ms)
{
	return rate == 0 ||
	       bucket_take(&find(s, a)->requests, rate, burst, now_ms);
}

bool source_failed(struct sources *s, const struct addr *a, unsigned most,
		   uint64_t now_ms)
{
	struct source *e = find(s, a);

	if (most == 0)
		return false;
	if (!e->failures || now_ms - e->window_ms > SOURCE_WINDOW_MS) {
		e->failures = 0;
		e->window_ms = now_ms;
	}
	if (++e->failures < most)
		return false;
	e->failures = 0;
	e->blocked_until_ms = now_ms + SOURCE_BLOCK_MS;
	return true;
}

uint64_t source_blocked(struct sources *s, const struct addr *a,
			uint64_t now_ms)
{
	const struct source *e = find(s, a);

	return e->blocked_until_ms > now_ms ? e->blocked_until_ms - now_ms : 0;
}
