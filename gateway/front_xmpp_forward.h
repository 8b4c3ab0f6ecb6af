/* Queries of one XMPP occupant to another: stoxd asks in the room's name and
 * gives the answer back, so that neither sees the other's address (XEP-0045
 * §17.4). */
#pragma once

#include "gateway/front_xmpp_priv.h"

struct forwards;

struct forwards *forwards_new(struct front_xmpp *f);
/* Nobody is answered. NULL is fine. */
void forwards_free(struct forwards *all);
/* in: a get or set of s, to this occupant of his room, in from XMPP. It is
 * answered by the occupant's latest active client, and with remote-server-
 * timeout if that says nothing for 30 s. */
void fx_forward(struct fx_session *s, const struct muc_in *in,
		const struct occupant *to);
/* in: a result or error. False: it answers nothing that was forwarded. */
bool fx_forward_answered(struct fx_domain *d, const struct muc_in *in);
