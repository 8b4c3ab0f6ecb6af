/* Nicknames: what they are, and to whom they are free. */
#pragma once

#include <sys/queue.h>

#include "base/str.h"
#include "base/table.h"

#define QUARANTINE_MAX 1024 /* nicknames; the oldest goes first */

struct room;
struct occ;
struct person;

/* A nickname as shown and the key under which it is unique, in one block. */
struct nick {
	struct str text, key;
	char *block;
};

struct kept_nick {
	TAILQ_ENTRY(kept_nick) link;
	struct str key, user;
	char *block;
	uint64_t until_ms;
};
TAILQ_HEAD(kept_nick_list, kept_nick);

struct quarantine {
	struct kept_nick_list list; /* the next to end first */
	struct table *by_key;
	size_t n;
};

struct scoped_nick;
TAILQ_HEAD(scoped_nick_list, scoped_nick);

/* Nicknames of domains (nicks_of_domain): scope.c */
struct scope {
	struct table *by_key;
	struct scoped_nick_list idle; /* nobody has them now */
	size_t n_idle;
};

/* nick.c */
void nick_free(struct nick *n);
/* False: the profile does not allow it. */
bool nick_make(struct nick *out, struct str wanted);
/* Free for this person: not in use by another occupant than self (may be
 * NULL), nor reserved, nor in quarantine for another user. */
bool nick_available(struct room *r, const struct nick *n,
		    const struct person *who, const struct occ *self);
/* From his reserved nickname, else the display name, else the SIP user part,
 * else "guest"; made unique. */
void nick_derive(struct nick *out, struct room *r, struct str display,
		 struct str sip_uri, const struct person *who,
		 const struct occ *self);

/* quarantine.c */
void quarantine_init(struct quarantine *q);
void quarantine_done(struct quarantine *q);
void quarantine_add(struct room *r, const struct nick *n, struct str user);
void quarantine_release(struct room *r, struct str key);
bool quarantine_blocks(struct room *r, struct str key, struct str user);
/* As a room that is made again had it. */
void quarantine_put(struct room *r, struct str key, struct str user,
		    uint64_t until_ms);

/* scope.c */
void scope_init(struct scope *s);
void scope_done(struct scope *s);
/* The occupant has, or gives up, his nickname; nothing in a room whose
 * nicknames are its own. */
void scope_hold(struct room *r, struct occ *o);
void scope_release(struct room *r, struct occ *o);
bool scope_blocks(struct room *r, struct str key, struct str user);
/* nicks_of_domain was switched. */
void scope_changed(struct room *r);

/* reserved.c */
void reserved_set(struct room *r); /* from the policy */
void reserved_done(struct room *r);
bool reserved_blocks(const struct room *r, struct str key,
		     const struct person *who);
struct str reserved_nick_of(const struct room *r, const struct person *who);
