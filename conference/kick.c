/* An occupant is removed with all his devices, by a moderator or by himself, by
 * a ban or a new rule (RFC 4353 §5.3, XEP-0045 §8.2, §9.1). */
#include "base/log.h"
#include "conference/affil_priv.h"
#include "conference/command_priv.h"
#include "conference/nick_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

/* Out of the roster; the others are told. */
static void remove_occupant(struct room *r, struct occ *o, struct reason why)
{
	struct seat_ev ev = {
	    .type = SEAT_OCCUPANT_LEFT,
	    .who = &o->pub,
	    .device = o->devices->device.seat,
	    .reason = why,
	};

	log_info(loop_log(r->loop), "room.kick",
		 "room=%s occ=%llu reason=\"%s\"", LOGQ(r->address),
		 (unsigned long long)o->pub.id, reason_text(why.code));
	for (struct seat_rec *rec = o->devices; rec; rec = rec->next)
		audience_remove(r, rec);
	quarantine_add(r, &o->nick, o->pub.user);
	roster_remove(r, o);
	room_tell(r, AUDIENCE_ROSTER, &ev, NULL, 0);
}

static void end_seats(struct room *r, struct occ *o, struct reason why)
{
	for (struct seat_rec *rec = o->devices; rec; rec = rec->next) {
		rec->ended = true;
		room_tell_one_ended(r, rec, why);
		rec_remove(r, rec);
	}
	room_founder_left(r, o);
}

void room_expel(struct room *r, struct occ *o, struct reason why)
{
	remove_occupant(r, o, why);
	end_seats(r, o, why);
}

void room_kick(struct room *r, struct seat_rec *rec, const struct seat_cmd *cmd)
{
	struct occ *o = roster_by_id(r, cmd->target);
	enum reason_code code = may_kick(rec->occ, o);
	struct reason why = {REASON_KICKED,
			     cmd->text.n ? cmd->text : cmd->reason,
			     .actor = rec->occ->pub.nick, .by = cmd->by};

	if (code == REASON_OK) {
		if (occ_same_user(rec->occ, o))
			why = (struct reason){.code = REASON_LEFT,
					      .text = why.text};
		remove_occupant(r, o, why);
	}
	/* before SEAT_ENDED, which may be for the one who asked */
	room_result(r, rec, cmd, code);
	if (code == REASON_OK)
		end_seats(r, o, why);
}
