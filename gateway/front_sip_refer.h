/* What a REFER to the focus asks for: of one person, or of all on a list. */
#pragma once

#include "gateway/front_sip_priv.h"
#include "sip/lists.h"

#define REFERRAL_EXPIRES_S 200 /* longer than an INVITE may take */

/* The subscription that a REFER makes: its sender is told what came of it (RFC
 * 3515 §2.4.4). */
struct referral {
	struct front_sip *f;
	uint64_t id;
	struct dialog *dialog;
	TAILQ_ENTRY(referral) link;
	uint32_t cseq;	  /* of the REFER: the Event's id */
	int status, told; /* of what was asked for: now, and in a NOTIFY */
	char phrase[64];
	const char *ended; /* Subscription-State's reason; NULL: goes on */
	uint64_t request;  /* the NOTIFY that awaits its response, or 0 */
	uint64_t expires_at_ms, last_ms;
	struct timer pace, expiry;
};

/* Set in the operation ids of what a REFER asks of the room; the rest is the
 * referral's id. */
#define OP_REFER (1ull << 62)
/* ... an invitation that the REFER asked for: the rest is a referral's id */
#define OP_INVITE (1ull << 60)

/* front_sip_refer.c */
void refer_request(struct front_sip *f, struct dialog *d,
		   const struct port_msg *m);
/* SUBSCRIBE to the event package "refer": only a REFER makes a subscription. */
void refer_subscribe(struct front_sip *f, struct dialog *d,
		     const struct port_msg *m);

struct refer {
	struct str room;      /* "name@domain" */
	struct str requester; /* key of his address */
	struct str method;
	struct str uri;	 /* whom */
	struct str user; /* its key; empty: an occupant's address in the room */
	struct str jid;	 /* of an XMPP user, or empty */
	bool whole_room;
	struct str nick;    /* of an occupant's address, or empty */
	struct str history; /* resource-lists for those invited, or empty */
	bool silent;	    /* wants no subscription (RFC 4488) */
};

/* Whom, and what with him, of one Refer-To value: 200, or the status owed
 * (FOCUS-20, FOCUS-24). */
int refer_read_to(struct front_sip *f, struct refer *q, struct arena *a,
		  struct str value);
bool refer_invites(const struct refer *q);
/* A device with which the requester is in the room, or NULL. */
struct call *refer_call(struct front_sip *f, const struct refer *q);
/* May he? 200, or the status owed and why. by: refer_call(). */
int refer_check(struct front_sip *f, struct call *by, const struct refer *q,
		const char **why);
/* 200, and the subscription unless it is unwanted: its id. */
uint64_t refer_accept(struct front_sip *f, struct dialog *d,
		      const struct port_msg *m, const struct refer *q);
/* Does it. */
void refer_act(struct front_sip *f, struct call *by, const struct port_msg *m,
	       const struct refer *q, struct arena *a, uint64_t referral);

/* front_sip_referral.c */
/* later: its first NOTIFY waits for a referral_tell() or referral_end(). */
struct referral *referral_new(struct dialog *d, uint32_t cseq, bool later);
/* The one whose Event has this id, or NULL. */
struct referral *referral_find(struct dialog *d, struct str event_id);
/* What has come of it, by its id (0 or gone: nobody wants to know): a SIP
 * status; from 200 on it is the last. phrase empty: the status's own. */
void referral_tell(struct front_sip *f, uint64_t id, int status,
		   struct str phrase);
/* A SUBSCRIBE refreshes it, or ends it (0 seconds). */
void referral_refresh(struct referral *r, unsigned expires);
/* Ends with a last NOTIFY; why is the Subscription-State's reason. */
void referral_end(struct referral *r, const char *why);
/* If request was a NOTIFY of a referral of this dialog. */
void referral_response(struct dialog *d, uint64_t request,
		       const struct port_msg *m);
void referral_free(struct referral *r);

/* front_sip_refer_list.c */
/* Does Refer-To point to a list in the body (RFC 5368)? */
bool refer_is_list(const struct port_msg *m);
/* All of it, or nothing: 200 (it has been answered), or the status owed. */
int refer_list(struct front_sip *f, struct dialog *d, const struct port_msg *m,
	       struct arena *a, struct refer *q, const char **why);
