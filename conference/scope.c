/* Nicknames that belong to one user in all rooms of a domain (RFC 7701 §4.1):
 * who has them in some room, or had them until a short while ago. */
#include <limits.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "conference/nick_priv.h"
#include "conference/room_priv.h"

#define IDLE_MAX 65536 /* nicknames in quarantine; the oldest goes first */

struct scoped_nick {
	TAILQ_ENTRY(scoped_nick) link; /* scope.idle, if nobody has it */
	struct str key;		       /* of the nickname, NUL, domain */
	struct str user;
	char *block, *user_z;
	size_t holders; /* rooms where he has it */
	uint64_t until_ms;
};

void scope_init(struct scope *s)
{
	s->by_key = table_new();
	TAILQ_INIT(&s->idle);
}

static void drop(struct scope *s, struct scoped_nick *n)
{
	TAILQ_REMOVE(&s->idle, n, link);
	s->n_idle--;
	table_del_str(s->by_key, n->key);
	free(n->block);
	free(n->user_z);
	free(n);
}

void scope_done(struct scope *s)
{
	struct scoped_nick *n;

	while ((n = TAILQ_FIRST(&s->idle)))
		drop(s, n);
	table_free(s->by_key);
}

static void make_key(const struct room *r, struct str key, struct buf *out)
{
	ptrdiff_t at = str_rfind(r->address, '@');

	buf_add(out, key);
	buf_addc(out, '\0');
	buf_add(out, str_from(r->address, (size_t)(at + 1)));
}

static struct scoped_nick *find(const struct room *r, struct str key)
{
	struct buf b = BUF_INIT(SIZE_MAX);
	struct scoped_nick *n;

	make_key(r, key, &b);
	n = table_get_str(r->rooms->scope.by_key, buf_str(&b));
	buf_done(&b);
	return n;
}

static void set_user(struct scoped_nick *n, struct str user)
{
	free(n->user_z);
	n->user_z = str_dup(user);
	n->user = str_of(n->user_z, user.n);
}

static struct scoped_nick *add(struct room *r, const struct occ *o)
{
	struct scoped_nick *n = mem_new(sizeof(*n));
	struct buf b = BUF_INIT(SIZE_MAX);

	make_key(r, o->nick.key, &b);
	n->block = str_dup(buf_str(&b));
	n->key = str_of(n->block, b.n);
	buf_done(&b);
	set_user(n, o->pub.user);
	table_put_str(r->rooms->scope.by_key, n->key, n);
	return n;
}

/* Two who have had it since before it was the domain's both keep it. */
void scope_hold(struct room *r, struct occ *o)
{
	struct scope *s = &r->rooms->scope;
	struct scoped_nick *n;

	if (!r->policy.nicks_of_domain)
		return;
	n = find(r, o->nick.key);
	if (!n)
		n = add(r, o);
	else if (n->holders && !str_eq(n->user, o->pub.user))
		return;
	if (n->holders == 0 && n->until_ms) {
		TAILQ_REMOVE(&s->idle, n, link);
		s->n_idle--;
		set_user(n, o->pub.user);
	}
	n->holders++;
	n->until_ms = 0;
	o->scoped = true;
}

/* Those whose time is over, as far as they stand in front. */
static void sweep(struct scope *s, uint64_t now_ms)
{
	struct scoped_nick *n;

	while ((n = TAILQ_FIRST(&s->idle)) &&
	       (n->until_ms <= now_ms || s->n_idle > IDLE_MAX))
		drop(s, n);
}

void scope_release(struct room *r, struct occ *o)
{
	struct scope *s = &r->rooms->scope;
	uint64_t now_ms = loop_now_ms(r->loop);
	unsigned quarantine_ms = r->policy.quarantine_ms;
	struct scoped_nick *n = o->scoped ? find(r, o->nick.key) : NULL;

	o->scoped = false;
	if (!n || --n->holders)
		return;
	n->until_ms = now_ms + (quarantine_ms == UINT_MAX ? 0 : quarantine_ms);
	TAILQ_INSERT_TAIL(&s->idle, n, link);
	s->n_idle++;
	sweep(s, now_ms);
}

bool scope_blocks(struct room *r, struct str key, struct str user)
{
	const struct scoped_nick *n;

	if (!r->policy.nicks_of_domain)
		return false;
	n = find(r, key);
	return n && !str_eq(n->user, user) &&
	       (n->holders || n->until_ms > loop_now_ms(r->loop));
}

void scope_changed(struct room *r)
{
	for (size_t i = 0; i < r->n_places; i++) {
		struct occ *o = r->occs[i];

		if (!o)
			continue;
		if (r->policy.nicks_of_domain)
			scope_hold(r, o);
		else
			scope_release(r, o);
	}
}
