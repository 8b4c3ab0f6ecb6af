/* The invitations that were sent, for a day. */
#include "gateway/front_xmpp_invite_priv.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "gateway/config.h"

#define KEPT_MS	  86400000 /* so long it may be declined (X2S-56) */
#define REPEAT_MS 60000	   /* nobody is called twice within (X2S-59) */

struct invites *invites_new(struct front_xmpp *f)
{
	struct invites *all = mem_new(sizeof(*all));

	all->f = f;
	TAILQ_INIT(&all->oldest_first);
	all->by_people = table_new();
	return all;
}

void fx_invite_forget(struct invites *all, struct invite *i)
{
	TAILQ_REMOVE(&all->oldest_first, i, link);
	table_del_str(all->by_people, i->people);
	free(i->text);
	free(i);
}

void invites_free(struct invites *all)
{
	struct invite *i;

	if (!all)
		return;
	while ((i = TAILQ_FIRST(&all->oldest_first)))
		fx_invite_forget(all, i);
	table_free(all->by_people);
	free(all);
}

void fx_invite_forget_old(struct invites *all)
{
	const struct config *c = all->f->cfg.config;
	size_t most = c ? c->limits.invitations : SIZE_MAX;
	uint64_t now_ms = loop_now_ms(all->f->loop);
	struct invite *i;

	while ((i = TAILQ_FIRST(&all->oldest_first)) &&
	       (table_count(all->by_people) > most ||
		i->at_ms + KEPT_MS <= now_ms))
		fx_invite_forget(all, i);
}

struct invite *fx_invite_remember(struct invites *all,
				  const struct invite *like)
{
	struct invite *i = mem_new(sizeof(*i)), *before;
	struct str gap = STR("\n"); /* none of them has one */
	char *at;

	*i = *like;
	at = i->text =
	    mem_new(like->room.n + like->to.n + like->by.n + 2 * gap.n +
		    like->nick.n + like->jid.n + like->asked_id.n + 1);
	i->room = str_pack(&at, like->room);
	str_pack(&at, gap);
	i->to = str_pack(&at, like->to);
	str_pack(&at, gap);
	i->by = str_pack(&at, like->by);
	i->people = str_of(i->text, (size_t)(at - i->text));
	i->nick = str_pack(&at, like->nick);
	i->jid = str_pack(&at, like->jid);
	i->asked_id = str_pack(&at, like->asked_id);
	i->id = random_u64() | 1;
	random_ident(i->stanza_id, sizeof(i->stanza_id) - 1);
	i->at_ms = loop_now_ms(all->f->loop);
	before = table_get_str(all->by_people, i->people);
	if (before)
		fx_invite_forget(all, before);
	TAILQ_INSERT_TAIL(&all->oldest_first, i, link);
	table_put_str(all->by_people, i->people, i);
	fx_invite_forget_old(all);
	return i;
}

bool fx_invited_just_now(const struct invites *all, struct str room,
			 struct str to)
{
	uint64_t now_ms = loop_now_ms(all->f->loop);
	const struct invite *i;

	TAILQ_FOREACH_REVERSE(i, &all->oldest_first, invite_list, link)
	{
		if (i->at_ms + REPEAT_MS <= now_ms)
			break;
		if (i->to_sip && str_eq(i->room, room) && str_eq(i->to, to))
			return true;
	}
	return false;
}
