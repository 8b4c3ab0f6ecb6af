/* Memory that is freed all at once: parsed messages and events live in one. */
#pragma once

#include "base/str.h"

struct arena;

/* max: octets that may be handed out altogether (a peer's limit); those lost to
 * alignment count too. */
struct arena *arena_new(size_t max);
void arena_free(struct arena *a); /* NULL is fine */
/* Empty again; one block of memory is kept. */
void arena_reset(struct arena *a);
/* Zeroed, aligned for any type. NULL over the limit: only sizes that a peer
 * decides need the check, since a limit must leave room for our own. */
void *arena_alloc(struct arena *a, size_t n);
/* A copy, followed by a NUL that is not counted. {NULL, 0} over the limit. */
struct str arena_dup(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Octets handed out since the start or the last reset. */
size_t arena_used(const struct arena *a);
