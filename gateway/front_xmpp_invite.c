/* Invitations into our rooms, to users of either world. */
#include "gateway/front_xmpp_invite_priv.h"

#include "base/uri.h"
#include "base/utf8.h"
#include "base/xmltext.h"
#include "mapping/addr.h"
#include "mapping/reason.h"

#define REASON_MAX 4096
#define AT_ONCE	   50 /* people in one stanza */
#define JID_BYTES  4096
#define URI_BYTES  8192

static const struct stanza_error fine = {NULL, NULL};
static const struct stanza_error not_found = {"cancel", "item-not-found"};
static const struct stanza_error malformed = {"modify", "jid-malformed"};

/* --- to an XMPP user --- */

static void put_from(struct buf *b, const struct invitation *i, bool shown)
{
	buf_addz(b, " from='");
	if ((shown || !i->by->nick.n) && i->by->jid.n) {
		xml_add_attr(b, i->by->jid);
	} else {
		xml_add_attr(b, i->room);
		buf_addc(b, '/');
		xml_add_attr(b, i->by->nick);
	}
	buf_addc(b, '\'');
}

/* X2S-53: the inviter by his real address only where all may see it, as in a
 * SIP conference elsewhere. */
static void send_invite(struct fx_domain *d, const struct invitation *i,
			const char *id)
{
	const struct room *r = rooms_find(d->f->cfg.rooms, i->room);
	const struct room_policy *p = r ? room_policy(r) : NULL;
	struct buf *b =
	    fx_begin(d->f, "message", i->to, i->room, STR_NONE, "", str_z(id));

	buf_addz(b, "><x xmlns='" NS_MUC_USER "'><invite");
	put_from(b, i, !p || p->non_anonymous);
	buf_addc(b, '>');
	if (i->reason.n)
		x_put_text(b, "reason", i->reason);
	if (i->continues) {
		buf_addz(b, "<continue");
		x_put_attr(b, "thread", i->thread);
		buf_addz(b, "/>");
	}
	buf_addz(b, "</invite>");
	if (p && p->password.n)
		x_put_text(b, "password", p->password);
	buf_addz(b, "</x></message>");
	fx_send(d->f, str_z(d->name));
}

enum reason_code front_xmpp_invite(struct front_xmpp *f,
				   const struct invitation *i)
{
	struct str room = i->room;
	struct fx_domain *d;
	struct jid to;

	str_split(&room, '@');
	d = fx_domain_of(f, room);
	if (f->stopped || d->down)
		return REASON_OVERLOAD;
	if (jid_split(i->to, &to) < 0 || !rooms_find(f->cfg.rooms, i->room))
		return REASON_NO_ROOM;
	send_invite(
	    d, i,
	    fx_invite_remember(f->invites, &(struct invite){.room = i->room,
							    .to = to.bare,
							    .by = i->by->user,
							    .nick = i->by->nick,
							    .sip_id = i->id})
		->stanza_id);
	return REASON_OK;
}

/* --- an XMPP user invites --- */

struct str fx_invite_reason(const struct xnode *of, struct arena *a)
{
	struct str s = x_text(x_child(of, "reason", NS_MUC_USER), a);

	return utf8_cut(s, REASON_MAX);
}

/* to: bare JID; uri: his, if he is a SIP user. */
static void call_in(struct fx_session *s, const struct muc_in *in,
		    const struct xnode *invite, const struct jid *to,
		    struct str uri)
{
	struct front_xmpp *f = s->f;
	const struct xnode *more = x_child(invite, "continue", NS_MUC_USER);
	struct invitation wish = {
	    .room = s->room,
	    .to = uri.n ? uri : to->full,
	    .by = fx_self(s),
	    .reason = fx_invite_reason(invite, f->arena),
	    .continues = more != NULL,
	    .thread = x_attr(more, "thread"),
	};
	const struct invite *i;

	if (uri.n && fx_invited_just_now(f->invites, s->room, to->bare))
		return;
	i = fx_invite_remember(f->invites,
			       &(struct invite){.to_sip = uri.n > 0,
						.room = s->room,
						.to = to->bare,
						.by = wish.by->user,
						.nick = wish.by->nick,
						.jid = s->jid,
						.asked_id = in->id});
	wish.id = i->id;
	if (uri.n)
		f->cfg.invite(f->cfg.user, &wish);
	else
		send_invite(s->domain, &wish, i->stanza_id);
}

/* A room on another server is asked to invite him; what it refuses is told as
 * of a message. */
static struct stanza_error ask_room(struct fx_session *s,
				    const struct muc_in *in,
				    const struct xnode *invite,
				    const struct jid *to, struct str uri)
{
	struct pending p = {.kind = PENDING_MESSAGE, .id = in->id};
	const struct invite *i = fx_invite_remember(
	    s->f->invites, &(struct invite){.to_sip = true,
					    .room = s->room,
					    .to = to->bare,
					    .by = fx_self(s)->user,
					    .nick = fx_self(s)->nick,
					    .jid = s->jid,
					    .asked_id = in->id});
	struct seat_cmd cmd = {
	    .type = SEAT_INVITE,
	    .text = uri.n ? uri : to->bare,
	    .reason = fx_invite_reason(invite, s->f->arena),
	    .target = i->id,
	};

	return fx_command(s, &cmd, &p) ? fine
				       : map_reason_to_error(REASON_OVERLOAD);
}

void fx_invite_member(struct fx_domain *d, const struct muc_in *in,
		      struct fx_session *s, struct str to, struct str reason)
{
	const struct occupant outsider = {.user = in->from.bare,
					  .jid = in->from.bare};
	const struct occupant *self = s ? fx_self(s) : NULL;
	struct invitation i = {
	    .room = in->to.bare,
	    .to = to,
	    .by = self ? self : &outsider,
	    .reason = reason,
	};

	send_invite(d, &i,
		    fx_invite_remember(d->f->invites,
				       &(struct invite){.room = i.room,
							.to = to,
							.by = i.by->user,
							.nick = i.by->nick,
							.jid = in->from.full})
			->stanza_id);
}

/* The invitee's bare JID, or his SIP URI's key, as lists know him. */
static struct stanza_error find_invitee(struct fx_session *s, struct str to,
					struct buf *jid, struct buf *uri,
					struct buf *key)
{
	const struct front_xmpp_cfg *cfg = &s->f->cfg;
	const char *condition = NULL;
	struct jid j;

	if (map_prep_jid(jid, to) < 0 || jid_split(buf_str(jid), &j) < 0 ||
	    !j.node.n)
		return malformed;
	if (str_eq(j.domain, str_z(s->domain->name)))
		return not_found;
	if (!cfg->sip_user ||
	    !cfg->sip_user(cfg->user, j.bare, uri, &condition)) {
		buf_add(key, j.bare);
		return fine;
	}
	if (condition || uri_key(key, buf_str(uri)) < 0)
		return not_found;
	return fine;
}

/* Would a conference that calls him at his SIP address reach nobody but us
 * (ADDR-15)? */
static bool is_only_ours(struct fx_session *s, struct str jid)
{
	const struct map_domains *names = fx_domains(s->f);
	struct buf uri = BUF_INIT(URI_BYTES);
	const char *condition;
	struct uri u;
	bool is = names->gateway_host.n &&
		  map_jid_to_sip(names, jid, &uri, &condition) >= 0 &&
		  uri_parse(buf_str(&uri), &u) == 0 &&
		  str_ieq(u.host, names->gateway_host);

	buf_done(&uri);
	return is;
}

static struct stanza_error invite_one(struct fx_session *s,
				      const struct muc_in *in,
				      const struct xnode *invite)
{
	const struct front_xmpp_cfg *cfg = &s->f->cfg;
	struct buf jid = BUF_INIT(JID_BYTES), uri = BUF_INIT(URI_BYTES),
		   key = BUF_INIT(URI_BYTES);
	struct stanza_error e =
	    find_invitee(s, x_attr(invite, "to"), &jid, &uri, &key);
	bool elsewhere = cfg->elsewhere && cfg->elsewhere(cfg->user, s->room);
	enum reason_code code = REASON_OK;
	struct jid to;

	if (!e.type && cfg->let_in)
		code =
		    cfg->let_in(cfg->user, s->room, fx_self(s), buf_str(&key));
	if (code != REASON_OK)
		e = map_reason_to_error(code);
	if (!e.type && jid_split(buf_str(&jid), &to) == 0) {
		if (elsewhere && (uri.n || !is_only_ours(s, to.bare)))
			e = ask_room(s, in, invite, &to, buf_str(&uri));
		else
			call_in(s, in, invite, &to, buf_str(&uri));
	}
	buf_done(&jid);
	buf_done(&uri);
	buf_done(&key);
	return e;
}

void fx_on_invite(struct fx_domain *d, const struct muc_in *in,
		  struct fx_session *s)
{
	const struct xnode *first = x_child(in->x, "invite", NS_MUC_USER), *n;
	struct stanza_error owed = fine, e;
	unsigned many = 0;

	if (!s || !fx_self(s)) {
		fx_refuse(d->f, str_z(d->name), in,
			  fx_outside(d->f, in->to.bare));
		return;
	}
	for (n = first; n; n = x_next(n, "invite", NS_MUC_USER))
		many++;
	if (many > AT_ONCE) {
		fx_refuse(d->f, str_z(d->name), in, REASON_OVERLOAD);
		return;
	}
	for (n = first; n && !s->ended; n = x_next(n, "invite", NS_MUC_USER)) {
		e = invite_one(s, in, n);
		if (!owed.type)
			owed = e;
	}
	if (owed.type)
		fx_error(d->f, str_z(d->name), in, owed, STR_NONE);
}

/* A direct invitation as the mediated one that it stands for; NULL: too long.
 */
static const struct xnode *as_mediated(struct arena *a,
				       const struct invitation *i)
{
	struct str ns = STR(NS_MUC_USER);
	struct xnode *invite = x_new_in(a, STR("invite"), ns);
	struct xnode *reason = x_new_in(a, STR("reason"), ns);
	struct xnode *text = x_new_text(a, i->reason);
	struct xnode *more = x_new_in(a, STR("continue"), ns);

	if (!invite || !reason || !text || !more ||
	    x_add_attr(a, invite, STR("to"), i->to) < 0 ||
	    x_add_attr(a, more, STR("thread"), i->thread) < 0)
		return NULL;
	x_add_child(reason, NULL, text);
	x_add_child(invite, NULL, reason);
	if (i->continues)
		x_add_child(invite, reason, more);
	return invite;
}

struct stanza_error front_xmpp_direct_invite(struct front_xmpp *f,
					     struct str by,
					     const struct invitation *i)
{
	struct fx_session *s = fx_find(f, i->room, by);
	const struct muc_in in = {0};
	const struct xnode *invite;

	if (f->stopped)
		return map_reason_to_error(REASON_SHUTDOWN);
	if (!s || !fx_self(s))
		return map_reason_to_error(fx_outside(f, i->room));
	arena_reset(f->arena);
	invite = as_mediated(f->arena, i);
	return invite ? invite_one(s, &in, invite)
		      : map_reason_to_error(REASON_TOO_BIG);
}
