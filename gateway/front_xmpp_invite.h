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
/* Who has become a member of a room of members is invited (XEP-0045 §9.3), by
 * the one who did it, in his seat or (s NULL) from outside. to: a bare JID. */
void fx_invite_member(struct fx_domain *d, const struct muc_in *in,
		      struct fx_session *s, struct str to, struct str reason);
/* MUC_DECLINE */
void fx_on_decline(struct fx_domain *d, const struct muc_in *in);
/* MUC_BOUNCE: the invitation did not reach him. False: it was none of ours. */
bool fx_invite_bounced(struct fx_domain *d, const struct muc_in *in);
