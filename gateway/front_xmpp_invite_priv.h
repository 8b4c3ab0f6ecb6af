/* What the files of invitations share:
 *   front_xmpp_invite.c       sends them, and takes XMPP users' wishes
 *   front_xmpp_invite_kept.c  remembers those that were sent
 *   front_xmpp_decline.c      hears what came of one */
#pragma once

#include "gateway/front_xmpp_invite.h"

/* One that was sent. */
struct invite {
	TAILQ_ENTRY(invite) link;
	uint64_t id, at_ms;
	char stanza_id[17];
	bool to_sip;
	uint64_t sip_id;     /* of the SIP front end, whose user invites */
	char *text;	     /* the next are parts */
	struct str people;   /* the next three */
	struct str room, to; /* to: bare JID */
	/* The inviter: occupant.user, nickname; of an XMPP user his full JID
	 * (else empty) and the id of his stanza. */
	struct str by, nick, jid, asked_id;
};

struct invites {
	struct front_xmpp *f;
	TAILQ_HEAD(invite_list, invite) oldest_first;
	struct table *by_people; /* all of them */
};

/* --- front_xmpp_invite_kept.c --- */

/* A copy, with an id and a stanza's; of the same two people the last counts. */
struct invite *fx_invite_remember(struct invites *all,
				  const struct invite *like);
void fx_invite_forget(struct invites *all, struct invite *i);
/* Those that can't be declined any more. */
void fx_invite_forget_old(struct invites *all);
/* Has this SIP user (by his bare JID) been called into the room lately? */
bool fx_invited_just_now(const struct invites *all, struct str room,
			 struct str to);

/* --- front_xmpp_invite.c --- */

/* The reason in an invitation or in its decline. */
struct str fx_invite_reason(const struct xnode *of, struct arena *a);
