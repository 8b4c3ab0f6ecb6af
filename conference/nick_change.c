/* SEAT_NICK (RFC 7701 §7, XEP-0045 §7.6). A SIP user changes his name as a
 * whole; of an XMPP user only the session that asks moves, for RFC 7701 §7.1
 * forbids giving a nickname to the user's other sessions. */
#include "conference/affil_priv.h"
#include "conference/command_priv.h"
#include "conference/nick_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

static void tell_nick(struct room *r, struct seat_rec *rec, uint64_t op,
		      struct str old_nick)
{
	struct seat_ev ev = {
	    .type = SEAT_OCCUPANT_CHANGED,
	    .who = &rec->occ->pub,
	    .changed = CHANGED_NICK,
	    .old_nick = old_nick,
	    .device = rec->device.seat,
	};

	room_tell(r, AUDIENCE_ROSTER, &ev, rec, op);
}

static void rename_all(struct room *r, struct seat_rec *rec, uint64_t op,
		       struct nick take_nick, bool chosen)
{
	struct occ *o = rec->occ;
	struct str old_nick = o->pub.nick;

	roster_rename(r, o, take_nick);
	o->pub.nick_chosen = chosen;
	tell_nick(r, rec, op, old_nick);
}

/* Back to a derived nickname (RFC 7701 §7.3). */
static enum reason_code drop_nick(struct room *r, struct seat_rec *rec,
				  uint64_t op)
{
	const struct occupant *p = &rec->occ->pub;
	struct nick nick;

	if (p->world == WORLD_XMPP)
		return REASON_BAD_NICK;
	if (!p->nick_chosen)
		return REASON_OK;
	nick_derive(&nick, r, p->display, p->sip_uri, &rec->occ->person,
		    rec->occ);
	rename_all(r, rec, op, nick, false);
	return REASON_OK;
}

/* What the session leaves behind: an occupant with a device less, or nobody. */
static void tell_left_behind(struct room *r, struct seat_rec *rec, uint64_t op,
			     struct occ *from)
{
	struct seat_ev ev = {.who = &from->pub, .device = rec->device.seat};

	if (from->devices) {
		ev.type = SEAT_OCCUPANT_CHANGED;
		ev.changed = CHANGED_DEVICES;
		if (occ_update_presence(from))
			ev.changed |= CHANGED_PRESENCE;
	} else {
		ev.type = SEAT_OCCUPANT_LEFT;
		ev.reason.code = REASON_LEFT;
		roster_remove(r, from);
	}
	room_tell(r, AUDIENCE_ROSTER, &ev, rec, op);
}

/* A voice that somebody gave or took is the person's, whatever his name. */
static struct occ *add_beside(struct room *r, const struct occ *o,
			      struct nick take_nick)
{
	struct occ *beside =
	    roster_add(r, &o->pub, &o->person, take_nick, true);

	beside->pub.role = o->pub.role;
	beside->role_set = o->role_set;
	beside->asked_ms = o->asked_ms;
	return beside;
}

/* One session goes over to another occupant of its user. */
static void move(struct room *r, struct seat_rec *rec, uint64_t op,
		 struct occ *to)
{
	struct occ *from = rec->occ;
	struct seat_ev ev = {
	    .type = SEAT_OCCUPANT_JOINED,
	    .who = &to->pub,
	    .old_nick = from->pub.nick,
	    .device = rec->device.seat,
	};

	if (to->devices) {
		ev.type = SEAT_OCCUPANT_CHANGED;
		ev.changed = CHANGED_DEVICES;
	}
	occ_remove_device(from, rec);
	occ_add_device(to, rec);
	if (occ_update_presence(to) && ev.changed)
		ev.changed |= CHANGED_PRESENCE;
	tell_left_behind(r, rec, op, from);
	room_tell(r, AUDIENCE_ROSTER, &ev, rec, op);
}

static enum reason_code move_to_holder(struct room *r, struct seat_rec *rec,
				       uint64_t op, struct occ *holder)
{
	if (rec->occ->pub.world != WORLD_XMPP || holder == rec->occ ||
	    !occ_same_user(rec->occ, holder))
		return REASON_NICK_TAKEN;
	if (holder->pub.n_devices >= DEVICES_MAX)
		return REASON_FULL;
	move(r, rec, op, holder);
	return REASON_OK;
}

/* nick is freed unless it is given on. */
static enum reason_code change(struct room *r, struct seat_rec *rec,
			       uint64_t op, struct nick *nick)
{
	struct occ *o = rec->occ, *holder = roster_by_key(r, nick->key);
	bool alone = o->pub.world == WORLD_SIP || o->pub.n_devices == 1;

	if (holder && !(holder == o && alone))
		return move_to_holder(r, rec, op, holder);
	if (!nick_available(r, nick, &o->person, o))
		return REASON_NICK_TAKEN;
	if (!alone && r->n_occs >= r->policy.max_occupants)
		return REASON_FULL;
	if (alone)
		rename_all(r, rec, op, *nick, true);
	else
		move(r, rec, op, add_beside(r, o, *nick));
	*nick = (struct nick){0};
	return REASON_OK;
}

enum reason_code room_nick(struct room *r, struct seat_rec *rec,
			   const struct seat_cmd *cmd)
{
	struct occupant *p = &rec->occ->pub;
	enum reason_code code = REASON_OK;
	struct nick nick;

	if (!r->policy.nicknames)
		return REASON_NICK_OFF;
	if (cmd->text.n == 0)
		return drop_nick(r, rec, cmd->op);
	if (!nick_make(&nick, cmd->text))
		return REASON_BAD_NICK;
	if (!str_eq(nick.text, p->nick)) {
		code = change(r, rec, cmd->op, &nick);
	} else if (!p->nick_chosen) {
		/* a derived name claimed as it is: rosters show it as chosen */
		p->nick_chosen = true;
		tell_nick(r, rec, cmd->op, p->nick);
	}
	nick_free(&nick);
	return code;
}
