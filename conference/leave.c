/* A device goes, and with the last one its occupant (RFC 4575 §5.7, XEP-0045
 * §7.14). */
#include "base/log.h"
#include "conference/command_priv.h"
#include "conference/nick_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

static void device_leaves(struct room *r, struct seat_rec *rec)
{
	struct occ *o = rec->occ;
	struct seat_ev ev = {
	    .type = SEAT_OCCUPANT_CHANGED,
	    .who = &o->pub,
	    .changed = CHANGED_DEVICES,
	    .device = rec->device.seat,
	};

	occ_remove_device(o, rec);
	if (occ_update_presence(o))
		ev.changed |= CHANGED_PRESENCE;
	room_tell(r, AUDIENCE_ROSTER, &ev, NULL, 0);
}

static void occupant_leaves(struct room *r, struct seat_rec *rec,
			    struct reason why)
{
	struct occ *o = rec->occ;
	struct seat_ev ev = {
	    .type = SEAT_OCCUPANT_LEFT,
	    .who = &o->pub,
	    .device = rec->device.seat,
	    .reason = why,
	};

	quarantine_add(r, &o->nick, o->pub.user);
	roster_remove(r, o);
	room_tell(r, AUDIENCE_ROSTER, &ev, NULL, 0);
	room_founder_left(r, o);
}

void room_leave(struct room *r, struct seat_rec *rec,
		const struct seat_cmd *cmd)
{
	struct reason why = {.code = cmd->code ? cmd->code : REASON_LEFT,
			     .text = cmd->text};

	if (!rec->occ) {
		r->n_observers--;
	} else {
		log_info(loop_log(r->loop), "room.leave",
			 "room=%s occ=%llu seat=%llu reason=\"%s\"",
			 LOGQ(r->address), (unsigned long long)rec->occ->pub.id,
			 (unsigned long long)rec->device.seat,
			 reason_text(why.code));
		if (rec->occ->pub.n_devices > 1)
			device_leaves(r, rec);
		else
			occupant_leaves(r, rec, why);
	}
	rec_remove(r, rec);
}
