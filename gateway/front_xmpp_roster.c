/* What users are told of the roster: presence of occupants, from room/nick
 * (XEP-0045 §7). */
#include "base/xmltext.h"
#include "gateway/front_xmpp_priv.h"
#include "mapping/reason.h"
#include "mapping/roster.h"

/* One presence of an occupant, or of one who goes. */
struct show {
	struct str nick; /* under which he is seen */
	enum affiliation affiliation;
	enum role role;
	struct str jid; /* empty: hidden */
	struct str stable_id, id, new_nick;
	const struct presence *presence; /* NULL: unavailable */
	bool self, non_anonymous, logged, created, renamed;
	struct reason reason; /* of one who goes, or changes his role */
};

static void put_status(struct buf *b, int code)
{
	buf_addf(b, "<status code='%d'/>", code);
}

/* By somebody else, who may have said why (XEP-0045 §8.2, §9.1). */
static bool is_removed(const struct show *p)
{
	switch (p->reason.code) {
	case REASON_KICKED:
	case REASON_BANNED:
	case REASON_NOT_MEMBER:
	case REASON_MEMBERS_ONLY:
	case REASON_FLOOD:
		return !p->presence;
	default:
		return false;
	}
}

static void put_user(struct buf *b, const struct show *p)
{
	int code = p->presence ? 0 : map_reason_to_muc_status(p->reason.code);
	bool deed = is_removed(p) || p->presence;

	buf_addz(b, "<x xmlns='" NS_MUC_USER "'>");
	map_occupant_item(b, p->affiliation, p->role, p->jid, p->new_nick,
			  deed ? p->reason.text : STR_NONE,
			  deed ? p->reason.actor : STR_NONE);
	if (!p->presence && p->reason.code == REASON_ROOM_GONE) {
		buf_addz(b, "<destroy");
		x_put_attr(b, "jid", p->reason.venue);
		buf_addc(b, '>');
		if (p->reason.venue_password.n)
			x_put_text(b, "password", p->reason.venue_password);
		if (p->reason.text.n)
			x_put_text(b, "reason", p->reason.text);
		buf_addz(b, "</destroy>");
	}
	if (p->non_anonymous)
		put_status(b, 100);
	if (p->self)
		put_status(b, 110);
	if (p->logged)
		put_status(b, 170);
	if (p->created)
		put_status(b, 201);
	if (p->renamed)
		put_status(b, 210);
	if (p->new_nick.n)
		put_status(b, 303);
	if (code)
		put_status(b, code);
	buf_addz(b, "</x>");
}

/* All that follows the address. */
static void put_show(struct buf *b, struct str room, const struct show *p)
{
	const struct presence *pr = p->presence;

	buf_addz(b, " from='");
	xml_add_attr(b, room);
	if (p->nick.n) {
		buf_addc(b, '/');
		xml_add_attr(b, p->nick);
	}
	buf_addz(b, pr ? "'" : "' type='unavailable'");
	x_put_attr(b, "id", p->id);
	buf_addc(b, '>');
	if (pr && pr->show.n)
		x_put_text(b, "show", pr->show);
	if (pr && pr->status.n)
		x_put_text(b, "status", pr->status);
	if (pr)
		buf_add(b, pr->payload);
	else if (p->reason.text.n && !is_removed(p) &&
		 p->reason.code != REASON_ROOM_GONE)
		x_put_text(b, "status", p->reason.text);
	put_user(b, p);
	if (p->stable_id.n) {
		buf_addz(b, "<occupant-id xmlns='" NS_OCCUPANT "'");
		x_put_attr(b, "id", p->stable_id);
		buf_addz(b, "/>");
	}
	buf_addz(b, "</presence>");
}

static struct buf *begin_presence(struct front_xmpp *f)
{
	buf_clear(&f->out);
	buf_addz(&f->out, "<presence");
	return &f->out;
}

static void send_show(struct fx_session *s, const struct show *p)
{
	struct buf *b = begin_presence(s->f);

	buf_add(b, s->to);
	put_show(b, s->room, p);
	fx_send_to(s);
}

static const struct buf *shared(struct fx_session *s, const struct seat_ev *ev,
				bool second, const struct show *p)
{
	struct fx_shown *c = &s->f->shown;
	struct buf *b = &c->text[2 * second + (p->jid.n > 0)];

	if (c->event != ev->number) {
		for (int i = 0; i < FX_SHOWN; i++)
			buf_clear(&c->text[i]);
		c->event = ev->number;
	}
	if (!b->n)
		put_show(b, s->room, p);
	return b;
}

/* A stanza by which an event is told; second: not the first one. */
static void tell(struct fx_session *s, const struct seat_ev *ev, bool second,
		 const struct show *p)
{
	struct buf *b;

	if (!ev->number || p->self || p->renamed || p->id.n) {
		send_show(s, p);
		return;
	}
	b = begin_presence(s->f);
	buf_add(b, s->to);
	buf_add(b, buf_str(shared(s, ev, second, p)));
	fx_send_to(s);
}

static bool is_self(const struct fx_session *s, const struct occupant *who)
{
	return who->id == s->occupant;
}

/* Real addresses are for moderators and the user himself, unless the room shows
 * them to all (PRIV-1). */
static struct str shown_jid(struct fx_session *s, const struct occupant *who)
{
	struct room_info info;

	if (is_self(s, who))
		return s->jid;
	if (s->role != ROLE_MODERATOR) {
		seat_info(&s->seat, &info);
		if (!info.non_anonymous)
			return STR_NONE;
	}
	if (who->world == WORLD_XMPP && who->devices)
		return who->devices->label;
	return who->jid;
}

static struct show show_of(struct fx_session *s, const struct occupant *who)
{
	return (struct show){
	    .nick = who->nick,
	    .affiliation = who->affiliation,
	    .role = who->role,
	    .jid = shown_jid(s, who),
	    .stable_id = who->stable_id,
	    .presence = &who->presence,
	    .self = is_self(s, who),
	};
}

void fx_send_occupant(struct fx_session *s, const struct occupant *who)
{
	struct show p = show_of(s, who);

	send_show(s, &p);
}

/* What he is when he goes for this reason. */
static enum affiliation affiliation_then(const struct fx_session *s,
					 enum reason_code code)
{
	if (code == REASON_BANNED)
		return AFF_OUTCAST;
	return code == REASON_ROOM_GONE || code == REASON_NOT_MEMBER
		   ? AFF_NONE
		   : s->affiliation;
}

void fx_tell_settings(struct fx_session *s, unsigned changed)
{
	struct room_info info;
	struct buf *b = fx_begin(s->f, "message", s->jid, s->room, STR_NONE,
				 "groupchat", STR_NONE);

	seat_info(&s->seat, &info);
	buf_addz(b, "><x xmlns='" NS_MUC_USER "'>");
	if (changed & CHANGED_SETTINGS)
		put_status(b, 104);
	if (changed & CHANGED_LOGGED)
		put_status(b, info.logged ? 170 : 171);
	if (changed & CHANGED_ANONYMITY)
		put_status(b, info.non_anonymous ? 172 : 173);
	buf_addz(b, "</x></message>");
	fx_send_to(s);
}

void fx_tell_gone(struct fx_session *s, struct reason why)
{
	bool room_gone = why.code == REASON_ROOM_GONE;
	struct show p = {
	    .nick = s->nick,
	    .affiliation = affiliation_then(s, why.code),
	    .role = ROLE_NONE,
	    .jid = room_gone ? STR_NONE : s->jid,
	    .stable_id = s->stable_id,
	    .self = true,
	    .reason = why,
	};

	send_show(s, &p);
}

void fx_tell_restarted(struct fx_domain *d, const struct kept_occupant *o)
{
	struct buf *b = begin_presence(d->f);
	struct show p = {
	    .nick = o->nick,
	    .affiliation = o->affiliation,
	    .role = ROLE_NONE,
	    .stable_id = o->stable_id,
	    .self = true,
	    .reason = {.code = REASON_SHUTDOWN},
	};

	x_put_attr(b, "to", o->jid);
	put_show(b, o->room, &p);
	fx_send(d->f, str_z(d->name));
}

static void remember_self(struct fx_session *s, const struct occupant *who)
{
	bool same = s->kept && str_eq(s->nick, who->nick) &&
		    s->affiliation == who->affiliation;

	s->occupant = who->id;
	s->role = who->role;
	s->affiliation = who->affiliation;
	fx_session_name(s, who->nick, who->stable_id);
	if (!same)
		fx_keep(s);
}

/* Others first, himself last (XEP-0045 §7.1). */
static void on_joined(struct fx_session *s, const struct seat_ev *ev)
{
	const struct occupant *who;
	struct room_info info;
	struct show p;
	size_t it = 0;

	remember_self(s, ev->who);
	while ((who = seat_roster(&s->seat, &it)))
		if (!is_self(s, who))
			fx_send_occupant(s, who);
	p = show_of(s, ev->who);
	p.id = str_z(s->join_id);
	seat_info(&s->seat, &info);
	p.non_anonymous = info.non_anonymous;
	p.logged = info.logged;
	p.created = ev->created;
	p.renamed = ev->renamed;
	send_show(s, &p);
}

/* From old_nick to the one he has now (XEP-0045 §7.6). */
static void on_nick(struct fx_session *s, const struct seat_ev *ev)
{
	struct pending *asked = fx_pending(s, ev->own_op);
	struct show p = show_of(s, ev->who);
	struct show gone = p;

	gone.nick = ev->old_nick;
	gone.new_nick = ev->who->nick;
	gone.presence = NULL;
	tell(s, ev, false, &gone);
	if (asked) {
		p.id = asked->id;
		p.renamed = !str_eq(asked->text, ev->who->nick);
		asked->told = true;
	}
	tell(s, ev, true, &p);
}

static void on_changed(struct fx_session *s, const struct seat_ev *ev)
{
	const struct pending *asked = fx_pending(s, ev->own_op);
	struct show p;

	if (ev->changed & CHANGED_NICK) {
		if (!str_eq(ev->old_nick, ev->who->nick))
			on_nick(s, ev);
		return;
	}
	if (!(ev->changed & (CHANGED_PRESENCE | CHANGED_ROLE)))
		return;
	p = show_of(s, ev->who);
	p.reason = ev->reason;
	if (asked) {
		p.id = asked->id;
		p.renamed =
		    asked->text.n && !str_eq(asked->text, ev->who->nick);
	}
	tell(s, ev, false, &p);
}

static void on_left(struct fx_session *s, const struct seat_ev *ev)
{
	struct show p = show_of(s, ev->who);

	p.presence = NULL;
	p.role = ROLE_NONE;
	p.reason = ev->reason;
	tell(s, ev, false, &p);
}

/* Of several sessions under one nickname this one went to another. */
static bool is_own_move(const struct fx_session *s, const struct seat_ev *ev)
{
	return ev->device == s->seat.id && ev->old_nick.n &&
	       !(ev->changed & CHANGED_NICK);
}

/* ... and the nickname that it had stays with the user's other sessions. */
static bool is_left_behind(const struct fx_session *s, const struct seat_ev *ev)
{
	return ev->device == s->seat.id && (ev->changed & CHANGED_DEVICES);
}

/* He has been told that old_nick is gone: whom it belongs to now comes after
 * his own presence. */
static void on_own_move(struct fx_session *s, const struct seat_ev *ev)
{
	const struct occupant *holder = seat_by_nick(&s->seat, ev->old_nick);

	remember_self(s, ev->who);
	on_nick(s, ev);
	if (holder && !is_self(s, holder))
		fx_send_occupant(s, holder);
}

void fx_roster_event(struct fx_session *s, const struct seat_ev *ev)
{
	struct show p;

	if (is_own_move(s, ev)) {
		on_own_move(s, ev);
		return;
	}
	if (ev->who && ev->type != SEAT_JOINED && is_self(s, ev->who) &&
	    ev->type != SEAT_OCCUPANT_LEFT)
		remember_self(s, ev->who);
	switch (ev->type) {
	case SEAT_JOINED:
		on_joined(s, ev);
		break;
	case SEAT_OCCUPANT_JOINED:
		p = show_of(s, ev->who);
		tell(s, ev, false, &p);
		break;
	case SEAT_OCCUPANT_CHANGED:
		if (!is_left_behind(s, ev))
			on_changed(s, ev);
		break;
	case SEAT_OCCUPANT_LEFT:
		/* a move of its own: the next event tells the new name */
		if (ev->device != s->seat.id)
			on_left(s, ev);
		break;
	case SEAT_ENDED:
		fx_tell_gone(s, ev->reason);
		break;
	case SEAT_MESSAGE:
	case SEAT_SUBJECT_SET:
	case SEAT_ROOM_CHANGED:
	case SEAT_VOICE_ASKED:
	case SEAT_RESULT:
	case SEAT_UNDELIVERED:
		break;
	}
}
