/* Invitations into a room, and what those say who got them (XEP-0045 §7.8.2).
 */
#pragma once

#include "gateway/front_xmpp_priv.h"

struct invites;

struct invites *invites_new(struct front_xmpp *f);
void invites_free(struct invites *all); /* NULL is fine */
/* MUC_INVITE; s: its sender's, NULL: he is not in the room. */
void fx_on_invite(struct fx_domain *d, const struct muc_in *in,
		  struct fx_session *s);
/* MUC_DECLINE */
void fx_on_decline(struct fx_domain *d, const struct muc_in *in);
/* MUC_BOUNCE: the invitation did not reach him. False: it was none of ours. */
bool fx_invite_bounced(struct fx_domain *d, const struct muc_in *in);
