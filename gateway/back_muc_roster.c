/* Presence in the room: the roster, the user's own nickname, his end there
 * (S2X-14, S2X-17 to S2X-25). */
#include "gateway/back_muc_priv.h"

#include "base/log.h"
#include "mapping/presence.h"
#include "mapping/reason.h"

#define BOUNCE_MS 120000

static enum role role_of(struct str name)
{
	for (enum role r = ROLE_VISITOR; r <= ROLE_MODERATOR; r++)
		if (str_eq(name, str_z(map_role_name(r))))
			return r;
	return ROLE_NONE;
}

static bool is_own_jid(const struct proxy *p, const struct muc_said *in)
{
	return in->item_jid.n && str_eq(in->item_jid, p->jid);
}

/* 110, or a service that has not heard of it yet and shows his JID. The end of
 * a room comes to each without either (XEP-0045 §10.9). */
static bool is_self(const struct proxy *p, const struct muc_said *in)
{
	if (in->codes & SAID_SELF)
		return true;
	return str_eq(in->from.resource, buf_str(&p->nick)) &&
	       (is_own_jid(p, in) || in->destroyed);
}

static void put(struct proxy *p, const struct muc_said *in, bool self,
		const struct leg_cause *cause)
{
	struct jid real;
	bool known = jid_split(in->item_jid, &real) == 0;
	struct device device = {
	    .label = known ? real.full : STR_NONE,
	    .private_messages = true,
	};
	struct occupant o = {
	    .world = WORLD_XMPP,
	    .nick = in->from.resource,
	    .nick_chosen = true,
	    .user = self    ? leg_key(p->leg)
		    : known ? real.bare
			    : STR_NONE,
	    .jid = known ? real.bare : STR_NONE,
	    .stable_id = in->stable_id,
	    .role = role_of(in->role),
	    .presence = {.show = map_show(in->show), .status = in->status},
	    .devices = &device,
	    .n_devices = 1,
	};

	if (!map_affiliation_read(in->affiliation, &o.affiliation))
		o.affiliation = AFF_NONE;
	if (leg_put(p->leg, &o, cause) || p->crowded)
		return;
	p->crowded = true;
	log_info(p->b->log, "muc.roster_full", "room=%s", LOGQ(p->room));
}

static struct leg_cause cause_of(const struct wish *w)
{
	struct leg_cause cause = {0};

	if (w->open) {
		cause.seat = w->seat;
		cause.op = w->op;
	}
	return cause;
}

/* He is called new from now on. */
static void take_nick(struct proxy *p, struct str old, struct str new)
{
	struct leg_cause cause = cause_of(&p->nick_wish);

	p->nick_wish.seen = true;
	buf_clear(&p->nick);
	buf_add(&p->nick, new);
	leg_rename(p->leg, old, new, &cause);
}

/* A room that has not said 303 of the old name may mean that another device of
 * his has it still (ejabberd): who is there by it we know from that device. */
static void keep_sibling(struct proxy *p, struct str nick)
{
	static const struct device device = {.private_messages = true};
	const struct occupant *other;
	struct proxy *o = NULL;
	struct occupant like;

	while ((o = muc_sibling(p, o))) {
		other = o->phase == PROXY_IN ? leg_self(o->leg) : NULL;
		if (!other || !str_eq(other->nick, nick))
			continue;
		like = *other;
		like.user = other->jid;
		like.devices = &device;
		like.n_devices = 1;
		leg_put(p->leg, &like, NULL);
		return;
	}
}

/* The nickname that he asked for is his (S2X-17), or another that the room
 * prefers (S2X-19). */
static void own_presence_inside(struct proxy *p, const struct muc_said *in)
{
	struct wish *w = &p->nick_wish;
	const struct occupant *self = leg_self(p->leg);
	bool was_mute = self && self->role == ROLE_VISITOR;
	struct str old = self ? self->nick : STR_NONE;

	if (old.n && !str_eq(old, in->from.resource)) {
		take_nick(p, old, in->from.resource);
		keep_sibling(p, old);
	}
	put(p, in, true, NULL);
	if (was_mute && role_of(in->role) > ROLE_VISITOR) /* S2X-44 */
		proxy_notice(p, "You may speak in this room from now on.");
	if (w->open && (w->seen || in->codes & SAID_RENAMED ||
			str_eq(in->from.resource, buf_str(&w->text))))
		wish_done(p, w, REASON_OK);
}

static void own_presence(struct proxy *p, const struct muc_said *in)
{
	switch (p->phase) {
	case PROXY_JOINING:
		/* of one who has joined before the roster knows himself */
		if (p->joined && leg_self(p->leg))
			leg_rename(p->leg, leg_self(p->leg)->nick,
				   in->from.resource, NULL);
		put(p, in, true, NULL);
		proxy_arrived(p, in);
		break;
	case PROXY_IN:
		own_presence_inside(p, in);
		break;
	case PROXY_CREATING:
		put(p, in, true, NULL);
		break;
	case PROXY_ASKING:
	case PROXY_AWAY:
		break;
	}
}

static void on_available(struct proxy *p, const struct muc_said *in)
{
	struct leg_cause cause = {
	    .reason = {.text = in->reason, .actor = in->actor}};

	if (p->phase == PROXY_ASKING || p->phase == PROXY_AWAY)
		return;
	if (is_self(p, in))
		own_presence(p, in);
	else
		put(p, in, false, &cause);
}

/* --- who goes --- */

static struct reason why_gone(const struct muc_said *in)
{
	struct reason why = {
	    .code = REASON_LEFT, .text = in->reason, .actor = in->actor};

	if (in->destroyed) {
		why.code = REASON_ROOM_GONE;
		why.venue = in->venue;
		why.venue_password = in->password;
	} else if (in->codes & SAID_BANNED) {
		why.code = REASON_BANNED;
	} else if (in->codes & SAID_NOT_MEMBER) {
		why.code = REASON_NOT_MEMBER;
	} else if (in->codes & SAID_MEMBERS_ONLY) {
		why.code = REASON_MEMBERS_ONLY;
	} else if (in->codes & SAID_SHUTDOWN) {
		why.code = REASON_SHUTDOWN;
	} else if (in->codes & SAID_FAILED) {
		why.code = REASON_LOST;
	} else if (in->codes & SAID_KICKED) {
		why.code = REASON_KICKED;
	} else {
		why.text = in->status;
	}
	return why;
}

/* Nobody has removed him and he has not left: a service that throws him out
 * when an error comes back from his address, as it does while his stream is
 * down and some time after. */
static bool was_bounced(const struct proxy *p, const struct reason *why)
{
	return why->code == REASON_LEFT && p->broken_ms &&
	       loop_now_ms(p->b->loop) - p->broken_ms < BOUNCE_MS;
}

static void own_end(struct proxy *p, const struct muc_said *in)
{
	struct reason why = why_gone(in);

	if (p->phase == PROXY_AWAY || p->phase == PROXY_ASKING)
		return;
	if (p->phase == PROXY_JOINING && why.code == REASON_LEFT)
		return; /* the same device's last stay, just ended */
	if (p->phase != PROXY_IN && !p->joined) {
		/* in between, by somebody who was quick */
		if (why.code == REASON_LEFT)
			why.code = REASON_UNAVAILABLE;
		proxy_end(p, why);
	} else if (why.code == REASON_SHUTDOWN || why.code == REASON_LOST) {
		/* both mean 503 once that has failed (S2X-21) */
		proxy_come_again(p, REASON_SHUTDOWN, false);
	} else if (was_bounced(p, &why)) {
		proxy_come_again(p, REASON_LOST, false);
	} else {
		if (why.code == REASON_LEFT)
			why.code = REASON_LOST;
		proxy_end(p, why);
	}
}

static void on_new_nick(struct proxy *p, const struct muc_said *in, bool self)
{
	if (self && in->new_nick.n)
		take_nick(p, in->from.resource, in->new_nick);
	else if (in->new_nick.n)
		leg_rename(p->leg, in->from.resource, in->new_nick, NULL);
}

static void on_gone(struct proxy *p, const struct muc_said *in)
{
	bool self = is_self(p, in);
	struct leg_cause cause = {.reason = why_gone(in)};

	if (in->codes & SAID_NEW_NICK)
		on_new_nick(p, in, self);
	else if (self)
		own_end(p, in);
	else
		leg_remove(p->leg, in->from.resource, &cause);
}

/* --- errors --- */

static void on_refused(struct proxy *p, const struct muc_said *in)
{
	struct wish *w = &p->nick_wish;

	if (p->phase == PROXY_JOINING) {
		proxy_refused(p, in);
	} else if (w->open && (!in->id.n || str_eq(in->id, str_z(w->id)))) {
		/* NICK-12: by its id, from the old address or the new one */
		proxy_nick_refused(p, map_error_to_bad_nick(in->error));
	} else if (p->phase == PROXY_IN &&
		   !(in->id.n && str_eq(in->id, str_z(w->id)))) {
		/* S2X-25; an answer that comes too late is none */
		proxy_come_again(p, REASON_LOST, false);
	}
}

void proxy_on_presence(struct proxy *p, const struct muc_said *in)
{
	if (in->kind == SAID_REFUSED)
		on_refused(p, in);
	else if (!in->from.resource.n)
		return; /* the room's own */
	else if (in->kind == SAID_PRESENCE)
		on_available(p, in);
	else
		on_gone(p, in);
}
