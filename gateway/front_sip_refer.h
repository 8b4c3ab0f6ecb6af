/* What a REFER to the focus asks for: of one person, or of all on a list. */
#pragma once

#include "gateway/front_sip_priv.h"
#include "sip/lists.h"

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

/* front_sip_refer_list.c */
/* Does Refer-To point to a list in the body (RFC 5368)? */
bool refer_is_list(const struct port_msg *m);
/* All of it, or nothing: 200 (it has been answered), or the status owed. */
int refer_list(struct front_sip *f, struct dialog *d, const struct port_msg *m,
	       struct arena *a, struct refer *q, const char **why);
