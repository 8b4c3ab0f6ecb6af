/* Whom we call, and at whose wish. */
#pragma once

#include "gateway/front_sip_call.h"

/* At whose wish somebody is called: who is told of it, here or (invitation) by
 * the other front end; 0: nobody. */
struct dial_asker {
	struct dial_asker *next;
	uint64_t referral, invitation;
};

/* front_sip_dial.c */
struct dial_wish {
	struct str room; /* "name@domain" */
	struct str uri;	 /* whom to invite, and its user_key() */
	struct str user;
	struct str dialled; /* the room, as who asks for it has written it */
	struct str referred_by; /* header value, may be empty */
	struct str by; /* the URI of who asks, for rosters; may be empty */
	struct str subject;
	struct str history;  /* resource-lists: who else is invited, or empty */
	uint64_t referral;   /* who is told, or 0 */
	uint64_t invitation; /* of the other front end, which is told; or 0 */
	struct str jid;	     /* an XMPP user: he gets a message; else empty */
	/* how many hops the request may make for which this is done; 0: it was
	 * none of SIP's */
	unsigned hops;
};
/* Invites somebody into a room (RFC 4353 §5.2). Who is being called already is
 * not called again: what comes of it is told to all who have asked. */
void dial_out(struct front_sip *f, const struct dial_wish *w);
/* Asks somebody to come by himself (FOCUS-45). Of the wish: room, uri, dialled,
 * referred_by, and invitation, which hears how the REFER is answered. */
void dial_refer(struct front_sip *f, const struct dial_wish *w);
void dial_progress(struct front_sip *f, const struct port_msg *m);
/* Those at whose wish he is called are told: a SIP status. */
void dial_tell(struct call *c, int status, struct str phrase);
/* The outcome of d->dial. */
void dial_response(struct dialog *d, const struct port_msg *m);
/* Ends a call that is still being made. */
void dial_give_up(struct call *c, enum reason_code code);
/* Likewise all to this user for this room, since somebody (a URI, or empty)
 * wants it; false: there are none. */
bool dial_cancel(struct front_sip *f, struct str room, struct str user,
		 struct str by);

/* front_sip_invite.c */
/* Whom the URI means, in the arena: uri and user, of an XMPP user his jid.
 * False: nobody. */
bool invite_read(struct front_sip *f, struct arena *a, struct str uri,
		 struct dial_wish *out);
/* May the call's user invite him (w->user, w->jid) by the room's rules? */
bool invite_allowed(struct call *by, const struct dial_wish *w);
/* Lets him in where only members may come, then calls him, or sends an XMPP
 * user his invitation; by_refer: asks him to call. */
void invite_go(struct call *by, const struct dial_wish *w, bool by_refer);
/* A room elsewhere has been asked to invite somebody, or has refused. */
void invite_done(struct front_sip *f, uint64_t referral, enum reason_code why);

/* front_sip_list.c */
/* Keeps the INVITE's list of people to invite, if it has one: 200, or the
 * status owed. */
int invitees_read(struct call *c, const struct port_msg *m);
/* Invites them, once: their inviter is in the room. */
void invitees_dial(struct call *c);
void invitees_free(struct invitees *i);
