/* An occupant as a user of conference-info and as a muc#user item. Pure. */
#pragma once

#include "conference/model.h"
#include "sip/confinfo.h"

/* The URI under which SIP users know and reach an occupant (PRIV-2): a SIP
 * user's own; an XMPP user's "sip:room@domain;gr=nick", or in a non-anonymous
 * room (shown) his own, if he has one. room: "name@domain". */
void map_occupant_entity(struct buf *out, struct str room,
			 const struct occupant *o, bool shown);

struct map_roster_cfg {
	struct str entity;    /* map_occupant_entity() */
	bool show_jid;	      /* in associated-aors */
	bool name_in_display; /* display-text is the nickname (EVENT-34) */
	bool show_contacts; /* endpoint entities are device labels (EVENT-25) */
	bool elsewhere;	    /* the room is: its occupants are endpoints
			       (RFC 7702 §6.2) */
};
/* The occupant as he is now, state full. What the arena holds and o itself are
 * referenced by u. 0, ERR_TOO_BIG (the arena is full). */
int map_occupant_to_confinfo(const struct occupant *o,
			     const struct map_roster_cfg *cfg, struct arena *a,
			     struct confinfo_user *u);

/* "<item affiliation=.. role=.. jid=.. nick=../>", with <actor nick=../> and
 * <reason/> inside; jid, nick, reason and actor may be empty. For someone who
 * leaves role is ROLE_NONE.
 */
void map_occupant_item(struct buf *out, enum affiliation affiliation,
		       enum role role, struct str jid, struct str nick,
		       struct str reason, struct str actor);
