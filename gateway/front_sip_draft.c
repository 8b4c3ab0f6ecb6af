#include "gateway/front_sip_draft.h"

#include "mapping/addr.h"
#include "msrp/nickname.h"

bool draft_room_ours(struct call *c, struct str room)
{
	struct buf uri = BUF_INIT(4096), name = BUF_INIT(4096);
	int status;
	bool ours;

	buf_addz(&uri, "sip:");
	buf_add(&uri, room);
	ours = !uri.err &&
	       map_sip_to_room(buf_str(&uri), &name, NULL, &status) >= 0 &&
	       str_eq(buf_str(&name), c->room);
	buf_done(&uri);
	buf_done(&name);
	return ours;
}

const struct occupant *draft_occupant(struct call *c, struct str uri)
{
	struct buf nick = BUF_INIT(4096);
	const struct occupant *o = NULL;
	struct str room;

	if (msrp_nickname_uri(uri, &nick, &room) == 0 &&
	    draft_room_ours(c, room))
		o = seat_by_nick(&c->seat, buf_str(&nick));
	buf_done(&nick);
	return o;
}
