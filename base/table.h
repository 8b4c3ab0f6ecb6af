/* Hash tables: 64-bit id or string -> object. They own neither key bytes nor
 * objects: a string key must live as long as its entry. */
#pragma once

#include "base/str.h"

struct table;

struct table *table_new(void);
void table_free(struct table *t); /* NULL is fine; objects stay */
size_t table_count(const struct table *t);

/* By id; id 0 is no id. put replaces and returns the old object or NULL. */
void *table_put(struct table *t, uint64_t id, void *obj);
void *table_get(const struct table *t, uint64_t id);
void *table_del(struct table *t, uint64_t id); /* the object, or NULL */

/* By string (exact octets). One table holds either kind, never both. */
void *table_put_str(struct table *t, struct str key, void *obj);
void *table_get_str(const struct table *t, struct str key);
void *table_del_str(struct table *t, struct str key);

/* Walks all objects in no particular order: *it starts at 0; NULL at the end.
 * The entry just returned may be deleted during the walk; nothing may be added.
 */
void *table_next(const struct table *t, size_t *it);
#define TABLE_FOREACH(t, it, obj)                                              \
	for (size_t it = 0; ((obj) = table_next((t), &it)) != NULL;)
