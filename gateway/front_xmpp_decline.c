/* What comes of an invitation: it is declined, bounces, or the call fails; its
 * sender hears that. */
#include "gateway/front_xmpp_invite_priv.h"

static const struct stanza_error not_found = {"cancel", "item-not-found"};

/* The inviter where he is, or where he was. */
static struct str inviter(struct front_xmpp *f, const struct invite *i)
{
	struct jid jid;

	if (fx_find(f, i->room, i->jid) || jid_split(i->jid, &jid) < 0)
		return i->jid;
	return jid.bare;
}

static struct fx_domain *domain_of(struct front_xmpp *f, const struct invite *i)
{
	struct str room = i->room;

	str_split(&room, '@');
	return fx_domain_of(f, room);
}

static void send_decline(struct front_xmpp *f, const struct invite *i,
			 struct str reason)
{
	struct buf *b = fx_begin(f, "message", inviter(f, i), i->room, STR_NONE,
				 "", STR_NONE);

	buf_addc(b, '>');
	x_put_mediated(b, "decline", "from", i->to, reason);
	fx_send(f, str_z(domain_of(f, i)->name));
}

static void send_unknown(struct front_xmpp *f, const struct invite *i)
{
	struct buf *b = fx_begin(f, "message", inviter(f, i), i->room, STR_NONE,
				 "error", i->asked_id);

	buf_addc(b, '>');
	x_put_error(b, not_found, STR_NONE, STR_NONE);
	buf_addz(b, "</message>");
	fx_send(f, str_z(domain_of(f, i)->name));
}

/* And that was all of it. */
static void tell_inviter(struct front_xmpp *f, struct invite *i,
			 struct str reason, bool unknown)
{
	struct invitation_answer a = {
	    .id = i->sip_id,
	    .room = i->room,
	    .by = i->by,
	    .to = i->to,
	    .reason = reason,
	    .unknown = unknown,
	};

	if (!i->jid.n)
		f->cfg.answered(f->cfg.user, &a);
	else if (unknown && i->asked_id.n)
		send_unknown(f, i);
	else if (unknown)
		; /* he asked for something else */
	else
		send_decline(f, i, reason);
	fx_invite_forget(f->invites, i);
}

/* Does the address that the invitee has been shown mean the inviter? */
static bool is_inviter(const struct invite *i, struct str to)
{
	struct jid jid;

	if (!to.n)
		return true;
	if (jid_split(to, &jid) < 0)
		return false;
	return str_eq(jid.bare, i->room) ? str_eq(jid.resource, i->nick)
					 : str_eq(jid.bare, i->by);
}

void fx_on_decline(struct fx_domain *d, const struct muc_in *in)
{
	struct front_xmpp *f = d->f;
	const struct xnode *n = x_child(in->x, "decline", NS_MUC_USER);
	struct invite *i;

	fx_invite_forget_old(f->invites);
	TAILQ_FOREACH_REVERSE(i, &f->invites->oldest_first, invite_list, link)
	if (!i->to_sip && str_eq(i->room, in->to.bare) &&
	    str_eq(i->to, in->from.bare) && is_inviter(i, x_attr(n, "to")))
		break;
	if (i)
		tell_inviter(f, i, fx_invite_reason(n, f->arena), false);
	else
		fx_error(f, str_z(d->name), in, not_found, STR_NONE);
}

bool fx_invite_bounced(struct fx_domain *d, const struct muc_in *in)
{
	struct invites *all = d->f->invites;
	struct invite *i;

	if (!x_is(in->stanza, "message", NULL) || in->to.resource.n)
		return false;
	TAILQ_FOREACH (i, &all->oldest_first, link)
		if (!i->to_sip && str_eq(str_z(i->stanza_id), in->id) &&
		    str_eq(i->to, in->from.bare) &&
		    str_eq(i->room, in->to.bare))
			break;
	if (i)
		tell_inviter(d->f, i, STR_NONE, true);
	return i != NULL;
}

void front_xmpp_invited(struct front_xmpp *f, uint64_t id, int status,
			struct str phrase)
{
	struct invite *i;

	TAILQ_FOREACH (i, &f->invites->oldest_first, link)
		if (i->id == id && i->to_sip)
			break;
	if (i && status >= 300)
		tell_inviter(f, i, phrase, status == 404 || status == 604);
}
