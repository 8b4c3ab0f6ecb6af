/* Joining: who may, under which name, and what everybody hears of it (RFC 7701
 * §5.2, XEP-0045 §7.2). */
#include "base/log.h"
#include "conference/affil_priv.h"
#include "conference/command_priv.h"
#include "conference/nick_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

/* Where a joiner goes: to an occupant who is there, or to a new one. */
struct seating {
	struct occ *occ; /* NULL: a new one named nick */
	struct nick nick;
	bool chosen;
	struct person person;
};

/* A wanted nickname, by the rules of both worlds. */
static enum reason_code seat_by_nick_wish(struct room *r,
					  const struct seat_join *join,
					  struct seating *out)
{
	const struct occ *holder;

	if (!nick_make(&out->nick, join->nick))
		return REASON_BAD_NICK;
	out->chosen = !join->nick_derived;
	holder = roster_by_key(r, out->nick.key);
	if (holder && join->world == WORLD_XMPP &&
	    holder->pub.world == WORLD_XMPP &&
	    str_eq(holder->pub.user, join->user)) {
		out->occ = roster_by_key(r, out->nick.key);
		return REASON_OK;
	}
	return nick_available(r, &out->nick, &out->person, NULL)
		   ? REASON_OK
		   : REASON_NICK_TAKEN;
}

static enum reason_code seat_sip(struct room *r, const struct seat_join *join,
				 struct seating *out)
{
	struct occ *o = roster_by_user(r, join->user);

	while (o && o->pub.world != WORLD_SIP)
		o = o->same_user;
	if (o) {
		out->occ = o;
		return REASON_OK;
	}
	if (join->nick.n)
		return r->policy.nicknames || join->returning
			   ? seat_by_nick_wish(r, join, out)
			   : REASON_NICK_OFF;
	nick_derive(&out->nick, r, join->display, join->sip_uri, &out->person,
		    NULL);
	return REASON_OK;
}

static enum reason_code
find_seating(struct room *r, const struct seat_join *join, struct seating *out)
{
	enum reason_code code = join->world == WORLD_SIP
				    ? seat_sip(r, join, out)
				    : seat_by_nick_wish(r, join, out);

	if (code != REASON_OK)
		return code;
	if (out->occ)
		return out->occ->pub.n_devices < DEVICES_MAX ? REASON_OK
							     : REASON_FULL;
	if (r->n_occs < r->policy.max_occupants ||
	    affil_of(r, &out->person) >= AFF_ADMIN)
		return REASON_OK;
	return REASON_FULL;
}

static void join_audiences(struct room *r, struct seat_rec *rec, unsigned wants)
{
	audience_add(r, AUDIENCE_ALL, rec);
	if (wants & SEAT_WANTS_ROSTER)
		audience_add(r, AUDIENCE_ROSTER, rec);
	if (wants & SEAT_WANTS_MESSAGES)
		audience_add(r, AUDIENCE_MESSAGES, rec);
	if (wants & SEAT_WANTS_SUBJECT)
		audience_add(r, AUDIENCE_SUBJECT, rec);
}

static enum reason_code observe(struct room *r, const struct join_task *task)
{
	struct seat_ev ev = {.type = SEAT_JOINED};
	struct seat_rec *rec;

	rec = rec_new(r, task->join, task->seat);
	r->n_observers++;
	join_audiences(r, rec, task->join->wants);
	ev.device = rec->device.seat;
	room_tell_one(r, rec, &ev, 0);
	return REASON_OK;
}

/* The seats that were there before. */
static void tell_others(struct room *r, const struct seat_rec *rec, bool newly,
			bool presence_changed)
{
	struct seat_ev ev = {
	    .type = newly ? SEAT_OCCUPANT_JOINED : SEAT_OCCUPANT_CHANGED,
	    .who = &rec->occ->pub,
	    .device = rec->device.seat,
	};

	if (!newly)
		ev.changed =
		    CHANGED_DEVICES | (presence_changed ? CHANGED_PRESENCE : 0);
	room_tell(r, AUDIENCE_ROSTER, &ev, NULL, 0);
}

static void tell_joiner(struct room *r, struct seat_rec *rec,
			const struct join_task *task)
{
	const struct seat_join *join = task->join;
	struct seat_ev ev = {
	    .type = SEAT_JOINED,
	    .who = &rec->occ->pub,
	    .device = rec->device.seat,
	    .created = task->created,
	    .renamed = join->nick.n && !str_eq(join->nick, rec->occ->pub.nick),
	};

	room_tell_one(r, rec, &ev, 0);
	if (join->wants & SEAT_WANTS_MESSAGES)
		history_tell(r, rec, &join->history);
	subject_tell(r, rec);
}

static void take_seat(struct room *r, const struct join_task *task,
		      struct seating *s)
{
	const struct seat_join *join = task->join;
	struct occupant like = {
	    .world = join->world,
	    .user = join->user,
	    .sip_uri = join->sip_uri,
	    .jid = join->jid,
	    .stable_id = join->stable_id,
	    .display = join->display,
	};
	bool newly = !s->occ, presence_changed;
	struct seat_rec *rec = rec_new(r, join, task->seat);

	if (newly) {
		s->occ = roster_add(r, &like, &s->person, s->nick, s->chosen);
		s->nick = (struct nick){0};
	}
	r->expected = false;
	occ_add_device(s->occ, rec);
	presence_changed = rec_set_presence(r, rec, &join->presence);
	tell_others(r, rec, newly, presence_changed);
	join_audiences(r, rec, join->wants);
	tell_joiner(r, rec, task);
	if (task->created)
		log_info(loop_log(r->loop), "room.create",
			 "room=%s owner=%s locked=%d", LOGQ(r->address),
			 LOGQ(r->owner), r->locked);
	log_info(loop_log(r->loop), "room.join",
		 "room=%s occ=%llu seat=%llu user=%s nick=%s", LOGQ(r->address),
		 (unsigned long long)s->occ->pub.id,
		 (unsigned long long)rec->device.seat, LOGQ(s->occ->pub.user),
		 LOGQ(s->occ->pub.nick));
}

enum reason_code room_join(struct room *r, void *join_task)
{
	struct join_task *task = join_task;
	const struct seat_join *join = task->join;
	struct seating s = {.person = person_of(join)};
	enum reason_code code = room_admits(r, join);

	if (code != REASON_OK)
		return code;
	if (join->observer)
		return observe(r, task);
	code = find_seating(r, join, &s);
	if (code == REASON_OK)
		take_seat(r, task, &s);
	nick_free(&s.nick);
	return code;
}
