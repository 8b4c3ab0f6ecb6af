/* Nicknames that nobody may have, or only one (RFC 7701 §7.1, XEP-0045 §7.10).
 */
#include <stdlib.h>

#include "base/mem.h"
#include "conference/affil_priv.h"
#include "conference/nick_priv.h"
#include "conference/room_priv.h"

void reserved_done(struct room *r)
{
	for (size_t i = 0; i < r->n_reserved; i++)
		nick_free(&r->reserved[i]);
	free(r->reserved);
	table_free(r->reserved_by_key);
	r->reserved = NULL;
	r->reserved_by_key = NULL;
	r->n_reserved = 0;
}

/* Words that are no nickname anyway are left out. */
void reserved_set(struct room *r)
{
	const struct room_policy *p = &r->policy;

	reserved_done(r);
	if (!p->n_reserved_nicks)
		return;
	r->reserved = mem_new_array(p->n_reserved_nicks, sizeof(*r->reserved));
	r->reserved_by_key = table_new();
	for (size_t i = 0; i < p->n_reserved_nicks; i++) {
		struct nick *n = &r->reserved[r->n_reserved];

		if (!nick_make(n, p->reserved_nicks[i]))
			continue;
		r->n_reserved++;
		table_put_str(r->reserved_by_key, n->key, n);
	}
}

bool reserved_blocks(const struct room *r, struct str key,
		     const struct person *who)
{
	const struct affil *owner;

	if (r->reserved_by_key && table_get_str(r->reserved_by_key, key))
		return true;
	owner = affil_by_nick(r, key);
	return owner && !affil_covers(owner, who);
}

struct str reserved_nick_of(const struct room *r, const struct person *who)
{
	const struct affil *a = affil_find(r, who);

	return a ? a->pub.nick : STR_NONE;
}
