/* What an occupant shows of himself, and what his devices can do. */
#include "base/mem.h"
#include "conference/command_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

bool occ_update_presence(struct occ *o)
{
	const struct seat_rec *latest = o->devices;
	struct presence before = o->pub.presence;

	for (const struct seat_rec *rec = o->devices; rec; rec = rec->next)
		if (rec->presence_turn > latest->presence_turn)
			latest = rec;
	o->pub.presence = latest->presence;
	return !presence_eq(&before, &latest->presence);
}

bool rec_set_presence(struct room *r, struct seat_rec *rec,
		      const struct presence *p)
{
	char *to = mem_new(presence_size(p));

	room_retire(r, rec->presence_text);
	rec->presence_text = to;
	rec->presence.show = str_pack(&to, p->show);
	rec->presence.status = str_pack(&to, p->status);
	rec->presence.payload = str_pack(&to, p->payload);
	rec->presence_turn = ++r->presence_turn;
	return occ_update_presence(rec->occ);
}

enum reason_code room_presence(struct room *r, struct seat_rec *rec,
			       const struct seat_cmd *cmd)
{
	struct seat_ev ev = {
	    .type = SEAT_OCCUPANT_CHANGED,
	    .who = &rec->occ->pub,
	    .changed = CHANGED_PRESENCE,
	    .device = rec->device.seat,
	};

	if (presence_size(&cmd->presence) > PRESENCE_MAX)
		return REASON_TOO_BIG;
	/* told even if nothing is new: an XMPP client waits for its own */
	rec_set_presence(r, rec, &cmd->presence);
	room_tell(r, AUDIENCE_ROSTER, &ev, rec, cmd->op);
	return REASON_OK;
}

enum reason_code room_device(struct room *r, struct seat_rec *rec,
			     const struct seat_cmd *cmd)
{
	struct device *d = &rec->device;
	bool private_messages =
	    cmd->private_messages || rec->occ->pub.world == WORLD_XMPP;
	struct seat_ev ev = {
	    .type = SEAT_OCCUPANT_CHANGED,
	    .who = &rec->occ->pub,
	    .changed = CHANGED_DEVICES,
	    .device = d->seat,
	};

	if (d->private_messages == private_messages && d->muted == cmd->muted &&
	    d->held == cmd->held)
		return REASON_OK;
	d->private_messages = private_messages;
	d->muted = cmd->muted;
	d->held = cmd->held;
	room_tell(r, AUDIENCE_ROSTER, &ev, rec, cmd->op);
	return REASON_OK;
}
