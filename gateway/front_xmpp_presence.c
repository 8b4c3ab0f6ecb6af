/* Joining, presence, nicknames, leaving: what users send (XEP-0045 §7). */
#include <stdlib.h>

#include "base/log.h"
#include "gateway/front_xmpp_priv.h"
#include "mapping/presence.h"
#include "mapping/reason.h"

#define PAYLOAD_MAX 65536

/* What only a service may say of an occupant (PRIV-7). */
static bool is_service_word(const struct xnode *c)
{
	return str_starts(c->ns, STR(NS_MUC)) ||
	       str_eq(c->ns, STR(NS_OCCUPANT)) || str_eq(c->ns, STR(NS_SID));
}

/* XEP-0045 §7.7; payload is filled and holds what the result shows. */
static struct presence read_presence(struct front_xmpp *f,
				     const struct xnode *stanza,
				     struct buf *payload)
{
	const struct xnode *c = x_child(stanza, NULL, NULL);
	struct str show = x_text(x_child(stanza, "show", NS_CLIENT), f->arena);

	for (; c; c = x_next(c, NULL, NULL))
		if (!x_is(c, "show", NS_CLIENT) &&
		    !x_is(c, "status", NS_CLIENT) &&
		    !x_is(c, "error", NS_CLIENT) && !is_service_word(c))
			x_write(payload, c, STR(NS_CLIENT));
	return (struct presence){
	    .show = map_show(show),
	    .status = x_text(x_child(stanza, "status", NS_CLIENT), f->arena),
	    .payload = buf_str(payload),
	};
}

static struct history_wish history_of(const struct muc_in *in)
{
	return (struct history_wish){
	    .none = in->history_none,
	    .has_max_messages = in->has_max_stanzas,
	    .has_max_chars = in->has_max_chars,
	    .has_since = in->has_since,
	    .max_messages = in->max_stanzas,
	    .max_chars = in->max_chars,
	    .since_ms = in->since_ms,
	};
}

enum reason_code fx_take_seat(const struct fx_wish *w, struct fx_session *old)
{
	struct front_xmpp *f = w->domain->f;
	struct seat_join join = {
	    .room = w->room,
	    .world = WORLD_XMPP,
	    .wants =
		SEAT_WANTS_ROSTER | SEAT_WANTS_MESSAGES | SEAT_WANTS_SUBJECT,
	    .may_create =
		f->cfg.may_create(f->cfg.user, str_z(w->domain->name)) &&
		str_find(w->room, '%') < 0, /* rooms elsewhere: ADDR-29 */
	    .wants_lock = true,
	    .user = w->from.bare,
	    .jid = w->from.bare,
	    .device = w->from.full,
	    .private_messages = true,
	    .nick = w->nick,
	    .password = w->password,
	    .presence = w->presence,
	    .history = w->history,
	};
	struct fx_session *s;
	enum reason_code code;

	if (!old && table_count(f->sessions) >= f->cfg.max_sessions)
		return REASON_OVERLOAD;
	s = fx_session_new(w->domain, w->room, &w->from);
	s->join_id = str_dup(w->id);
	fx_session_name(s, w->nick, STR_NONE);
	if (w->history.has_max_chars)
		fx_hold_history(s, w->history.max_chars);
	code = f->cfg.join(f->cfg.user, &join, &s->seat);
	if (code != REASON_OK) {
		fx_session_end(s);
		return code;
	}
	f->stats.joins++;
	return REASON_OK;
}

/* The whole room once more, history included: a second seat takes the place of
 * the first, of which others hear at most that a device was exchanged. */
static enum reason_code resync(const struct fx_wish *w, struct fx_session *old)
{
	enum reason_code code;

	old->silent = true;
	code = fx_take_seat(w, old);
	if (code != REASON_OK) {
		old->silent = false;
		if (!old->ended)
			fx_session_register(old);
		return code;
	}
	if (!old->ended)
		fx_leave(old, REASON_LEFT, STR_NONE);
	return REASON_OK;
}

static void change_nick(struct fx_session *s, const struct muc_in *in,
			const struct presence *presence, bool and_resync)
{
	struct seat_cmd cmd = {.type = SEAT_NICK, .text = in->to.resource};
	struct pending p = {
	    .kind = PENDING_NICK,
	    .id = in->id,
	    .text = in->to.resource,
	    .presence = *presence,
	    .resync = and_resync,
	    .history = history_of(in),
	};

	if (!fx_command(s, &cmd, &p))
		fx_refuse(s->f, str_z(s->domain->name), in, REASON_OVERLOAD);
}

/* From the nickname he has (NICK-11). */
static void presence_refused(struct fx_session *s, const struct pending *p,
			     enum reason_code code)
{
	struct buf *b = fx_begin(s->f, "presence", s->jid, s->room, s->nick,
				 "error", p->id);

	buf_addz(b, "><x xmlns='" NS_MUC "'/>");
	x_put_error(b, map_reason_to_error(code), s->room,
		    str_z(reason_text(code)));
	buf_addz(b, "</presence>");
	fx_send(s->f, str_z(s->domain->name));
}

/* In the room under the nickname asked for: what else came with the request. */
static void nick_granted(struct fx_session *s, const struct pending *p)
{
	const struct occupant *self = fx_self(s);
	struct seat_cmd cmd = {.type = SEAT_PRESENCE, .presence = p->presence};
	struct pending update = {.kind = PENDING_PRESENCE};
	struct fx_wish w = {
	    .domain = s->domain,
	    .room = s->room,
	    .nick = p->text,
	    .id = p->id,
	    .presence = p->presence,
	    .history = p->history,
	};

	if (!self)
		return;
	if (p->resync && jid_split(s->jid, &w.from) == 0) {
		resync(&w, s);
		return;
	}
	if (p->told && presence_eq(&self->presence, &p->presence))
		return;
	if (!p->told) { /* it was another spelling of the one he has */
		update.id = p->id;
		update.text = p->text;
	}
	fx_command(s, &cmd, &update);
}

void fx_nick_done(struct fx_session *s, const struct pending *p,
		  enum reason_code code)
{
	if (s->silent || s->ended)
		return;
	if (code != REASON_OK)
		presence_refused(s, p, code);
	else if (p->kind == PENDING_NICK)
		nick_granted(s, p);
}

static void join_refused(struct fx_domain *d, const struct muc_in *in,
			 enum reason_code code)
{
	log_info(d->f->log, "xmpp.join_refused", "room=%s jid=%s why=\"%s\"",
		 LOGQ(in->to.bare), LOGQ(in->from.full), reason_text(code));
	fx_refuse(d->f, str_z(d->name), in, code);
}

void fx_join_failed(struct fx_session *s, struct reason why)
{
	struct buf *b = fx_begin(s->f, "presence", s->jid, s->room, s->nick,
				 "error", str_z(s->join_id));
	struct stanza_error e = map_reason_to_error(why.code);

	if (why.retry_s) /* ERR-7 */
		e.type = "wait";
	log_info(s->f->log, "xmpp.join_refused", "room=%s jid=%s why=\"%s\"",
		 LOGQ(s->room), LOGQ(s->jid), reason_text(why.code));
	s->f->stats.refused++;
	s->f->stats.refused_for[why.code]++;
	buf_addz(b, "><x xmlns='" NS_MUC "'/>");
	x_put_error_at(b, e, s->room,
		       why.text.n ? why.text : str_z(reason_text(why.code)),
		       why.venue);
	buf_addz(b, "</presence>");
	fx_send(s->f, str_z(s->domain->name));
}

/* He is on his way into the room: the same again is one join, another nickname
 * is a new one. */
static bool is_under_way(const struct fx_wish *w)
{
	struct fx_session *s = fx_find_any(w->domain->f, w->room, w->from.full);

	if (!s)
		return false;
	if (str_eq(s->nick, w->nick)) {
		free(s->join_id);
		s->join_id = str_dup(w->id);
		return true;
	}
	s->silent = true;
	fx_leave(s, REASON_LEFT, STR_NONE);
	return false;
}

/* No SIP address begins or ends with a space (ADDR-10). */
static bool is_room_name(struct str node)
{
	return node.n && !str_starts(node, STR("\\20")) &&
	       !str_ends(node, STR("\\20"));
}

void fx_on_join(struct fx_domain *d, const struct muc_in *in)
{
	struct fx_session *s = fx_find(d->f, in->to.bare, in->from.full);
	struct buf payload = BUF_INIT(PAYLOAD_MAX);
	struct fx_wish w = {
	    .domain = d,
	    .room = in->to.bare,
	    .nick = in->to.resource,
	    .id = in->id,
	    .password = in->password,
	    .from = in->from,
	    .presence = read_presence(d->f, in->stanza, &payload),
	    .history = history_of(in),
	};
	enum reason_code code;

	if (!is_room_name(in->to.node) || !in->to.resource.n)
		code = REASON_BAD_NICK;
	else if (payload.err)
		code = REASON_TOO_BIG;
	else if (!s && is_under_way(&w))
		code = REASON_OK;
	else if (!s)
		code = fx_take_seat(&w, NULL);
	else if (str_eq(s->nick, in->to.resource))
		code = resync(&w, s);
	else {
		change_nick(s, in, &w.presence, true);
		code = REASON_OK;
	}
	if (code != REASON_OK)
		join_refused(d, in, code);
	buf_done(&payload);
}

/* To a client that believes to be in the room (XEP-0045 §7.2.18). */
static void tell_not_in(struct fx_domain *d, const struct muc_in *in)
{
	struct buf *b = fx_begin(d->f, "presence", in->from.full, in->to.bare,
				 in->to.resource, "unavailable", in->id);

	buf_addz(b, "><x xmlns='" NS_MUC_USER "'><item affiliation='none' "
		    "role='none'/><status code='110'/><status code='307'/>"
		    "<status code='333'/></x></presence>");
	fx_send(d->f, str_z(d->name));
}

void fx_on_presence(struct fx_domain *d, const struct muc_in *in)
{
	struct fx_session *s = fx_find(d->f, in->to.bare, in->from.full);
	struct buf payload = BUF_INIT(PAYLOAD_MAX);
	struct pending p = {.kind = PENDING_PRESENCE, .id = in->id};
	struct seat_cmd cmd = {.type = SEAT_PRESENCE};

	cmd.presence = read_presence(d->f, in->stanza, &payload);
	if (!in->to.node.n || !in->to.resource.n)
		fx_refuse(d->f, str_z(d->name), in, REASON_BAD_NICK);
	else if (!s && fx_find_any(d->f, in->to.bare, in->from.full))
		; /* the room has what he said on joining */
	else if (!s)
		tell_not_in(d, in);
	else if (payload.err)
		fx_refuse(d->f, str_z(d->name), in, REASON_TOO_BIG);
	else if (!str_eq(s->nick, in->to.resource))
		change_nick(s, in, &cmd.presence, false);
	else if (!fx_command(s, &cmd, &p))
		fx_refuse(d->f, str_z(d->name), in, REASON_OVERLOAD);
	buf_done(&payload);
}

void fx_on_leave(struct fx_domain *d, const struct muc_in *in)
{
	struct fx_session *s = fx_find_any(d->f, in->to.bare, in->from.full);

	if (s)
		fx_leave(s, REASON_LEFT,
			 x_text(x_child(in->stanza, "status", NS_CLIENT),
				d->f->arena));
}

void fx_on_probe(struct fx_domain *d, const struct muc_in *in)
{
	struct fx_session *s = fx_find(d->f, in->to.bare, in->from.full);
	const struct occupant *who =
	    s && in->to.resource.n ? seat_by_nick(&s->seat, in->to.resource)
				   : NULL;

	if (who)
		fx_send_occupant(s, who);
}

void fx_leave(struct fx_session *s, enum reason_code code, struct str text)
{
	struct seat_cmd cmd = {.type = SEAT_LEAVE, .code = code, .text = text};

	if (!s->silent)
		fx_tell_gone(s, (struct reason){.code = code, .text = text});
	s->silent = true;
	if (seat_in_room(&s->seat))
		seat_command(&s->seat, &cmd);
	fx_session_end(s);
}
