#include "base/table.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"

/* Open addressing, linear probing. A slot is live with an object, else free
 * (key 0) or dead: its entry was deleted and probes go on past it, so a walk
 * never meets an entry that moved. */
#define KEY_FREE  UINT64_C(0)
#define KEY_DEAD  UINT64_MAX
#define SLOTS_MIN 8

struct slot {
	uint64_t key; /* the id, or the string's hash */
	void *obj;
};

struct table {
	struct slot *slots;
	struct str *names; /* beside slots; NULL in a table by id */
	size_t mask;	   /* slots - 1 */
	unsigned shift;	   /* 64 - log2(slots) */
	size_t live, used; /* used: live and dead */
	uint64_t seed;
};

struct table *table_new(void)
{
	struct table *t = mem_new(sizeof(*t));

	t->seed = random_u64();
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	free(t->slots);
	free(t->names);
	free(t);
}

size_t table_count(const struct table *t)
{
	return t->live;
}

static size_t home(const struct table *t, uint64_t key)
{
	return (size_t)(((key ^ t->seed) * UINT64_C(0x9e3779b97f4a7c15)) >>
			t->shift);
}

/* The live slot of the key, or SIZE_MAX. name NULL: by id. */
static size_t find(const struct table *t, uint64_t key, const struct str *name)
{
	if (t->live == 0)
		return SIZE_MAX;
	for (size_t i = home(t, key);; i = (i + 1) & t->mask) {
		const struct slot *s = &t->slots[i];

		if (s->obj) {
			if (s->key == key &&
			    (!name || str_eq(t->names[i], *name)))
				return i;
		} else if (s->key == KEY_FREE) {
			return SIZE_MAX;
		}
	}
}

/* The first slot without an object on the key's way. */
static size_t find_room(const struct table *t, uint64_t key)
{
	size_t i = home(t, key);

	while (t->slots[i].obj)
		i = (i + 1) & t->mask;
	return i;
}

/* New slots for the live entries and as many again; the dead ones vanish. */
static void rehash(struct table *t, bool named)
{
	struct table old = *t;
	size_t slots = SLOTS_MIN;

	t->shift = 61;
	while (slots < (t->live + 1) * 2) {
		slots *= 2;
		t->shift--;
	}
	t->mask = slots - 1;
	t->slots = mem_new_array(slots, sizeof(*t->slots));
	t->names = named ? mem_new_array(slots, sizeof(*t->names)) : NULL;
	t->used = t->live;
	for (size_t i = 0; old.slots && i <= old.mask; i++) {
		size_t to;

		if (!old.slots[i].obj)
			continue;
		to = find_room(t, old.slots[i].key);
		t->slots[to] = old.slots[i];
		if (named)
			t->names[to] = old.names[i];
	}
	free(old.slots);
	free(old.names);
}

static void *put(struct table *t, uint64_t key, const struct str *name,
		 void *obj)
{
	size_t i = find(t, key, name);
	void *old = NULL;

	assert(obj);
	if (i != SIZE_MAX) {
		old = t->slots[i].obj;
	} else {
		/* at most 3/4 used, so every probe ends */
		if (!t->slots || t->used + 1 > (t->mask + 1) / 4 * 3)
			rehash(t, name != NULL);
		i = find_room(t, key);
		if (t->slots[i].key == KEY_FREE)
			t->used++;
		t->live++;
	}
	t->slots[i] = (struct slot){key, obj};
	if (name)
		t->names[i] = *name; /* the old key goes with its object */
	return old;
}

static void *del(struct table *t, uint64_t key, const struct str *name)
{
	size_t i = find(t, key, name);
	void *old;

	if (i == SIZE_MAX)
		return NULL;
	old = t->slots[i].obj;
	t->slots[i] = (struct slot){KEY_DEAD, NULL};
	t->live--;
	/* no probe goes on from here: it and the dead before it are free */
	if (t->slots[(i + 1) & t->mask].key == KEY_FREE) {
		while (!t->slots[i].obj && t->slots[i].key == KEY_DEAD) {
			t->slots[i].key = KEY_FREE;
			t->used--;
			i = (i - 1) & t->mask;
		}
	}
	return old;
}

static uint64_t hash(const struct table *t, struct str key)
{
	uint64_t h = str_hash(key, t->seed);

	return h == KEY_FREE ? 1 : h;
}

void *table_put(struct table *t, uint64_t id, void *obj)
{
	assert(id != 0 && !t->names);
	return put(t, id, NULL, obj);
}

void *table_get(const struct table *t, uint64_t id)
{
	size_t i = find(t, id, NULL);

	return i == SIZE_MAX ? NULL : t->slots[i].obj;
}

void *table_del(struct table *t, uint64_t id)
{
	return del(t, id, NULL);
}

void *table_put_str(struct table *t, struct str key, void *obj)
{
	assert(t->names || !t->slots);
	return put(t, hash(t, key), &key, obj);
}

void *table_get_str(const struct table *t, struct str key)
{
	size_t i = find(t, hash(t, key), &key);

	return i == SIZE_MAX ? NULL : t->slots[i].obj;
}

void *table_del_str(struct table *t, struct str key)
{
	return del(t, hash(t, key), &key);
}

void *table_next(const struct table *t, size_t *it)
{
	while (t->slots && *it <= t->mask) {
		void *obj = t->slots[(*it)++].obj;

		if (obj)
			return obj;
	}
	return NULL;
}
