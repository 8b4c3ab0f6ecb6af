#include "gateway/front_xmpp_invite.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "base/xmltext.h"
#include "mapping/addr.h"
#include "mapping/reason.h"

#define KEPT_MS	   86400000 /* so long it may be declined (X2S-56) */
#define KEPT_MAX   5000
#define REPEAT_MS  60000 /* nobody is called twice within (X2S-59) */
#define REASON_MAX 4096
#define AT_ONCE	   50 /* people in one stanza */
#define JID_BYTES  4096
#define URI_BYTES  8192

static const struct stanza_error fine = {NULL, NULL};
static const struct stanza_error not_found = {"cancel", "item-not-found"};
static const struct stanza_error malformed = {"modify", "jid-malformed"};

/* One that was sent. */
struct invite {
	TAILQ_ENTRY(invite) link;
	uint64_t id, at_ms;
	char stanza_id[17];
	bool to_sip;
	uint64_t sip_id;     /* of the SIP front end, whose user invites */
	char *text;	     /* the next are parts */
	struct str room, to; /* to: bare JID */
	/* The inviter: occupant.user, nickname; of an XMPP user his full JID
	 * (else empty) and the id of his stanza. */
	struct str by, nick, jid, asked_id;
};

struct invites {
	struct front_xmpp *f;
	size_t n;
	TAILQ_HEAD(invite_list, invite) oldest_first;
};

struct invites *invites_new(struct front_xmpp *f)
{
	struct invites *all = mem_new(sizeof(*all));

	all->f = f;
	TAILQ_INIT(&all->oldest_first);
	return all;
}

static void forget(struct invites *all, struct invite *i)
{
	TAILQ_REMOVE(&all->oldest_first, i, link);
	all->n--;
	free(i->text);
	free(i);
}

void invites_free(struct invites *all)
{
	struct invite *i;

	if (!all)
		return;
	while ((i = TAILQ_FIRST(&all->oldest_first)))
		forget(all, i);
	free(all);
}

static void forget_old(struct invites *all)
{
	uint64_t now_ms = loop_now_ms(all->f->loop);
	struct invite *i;

	while ((i = TAILQ_FIRST(&all->oldest_first)) &&
	       (all->n > KEPT_MAX || i->at_ms + KEPT_MS <= now_ms))
		forget(all, i);
}

/* Of the same two people the last one counts. */
static void forget_repeated(struct invites *all, const struct invite *like)
{
	struct invite *i, *next;

	for (i = TAILQ_FIRST(&all->oldest_first); i; i = next) {
		next = TAILQ_NEXT(i, link);
		if (str_eq(i->room, like->room) && str_eq(i->to, like->to) &&
		    str_eq(i->by, like->by))
			forget(all, i);
	}
}

static struct invite *remember(struct invites *all, const struct invite *like)
{
	struct invite *i = mem_new(sizeof(*i));
	char *at;

	forget_repeated(all, like);
	*i = *like;
	at = i->text =
	    mem_new(like->room.n + like->to.n + like->by.n + like->nick.n +
		    like->jid.n + like->asked_id.n + 1);
	i->room = str_pack(&at, like->room);
	i->to = str_pack(&at, like->to);
	i->by = str_pack(&at, like->by);
	i->nick = str_pack(&at, like->nick);
	i->jid = str_pack(&at, like->jid);
	i->asked_id = str_pack(&at, like->asked_id);
	i->id = random_u64() | 1;
	random_ident(i->stanza_id, sizeof(i->stanza_id) - 1);
	i->at_ms = loop_now_ms(all->f->loop);
	TAILQ_INSERT_TAIL(&all->oldest_first, i, link);
	all->n++;
	forget_old(all);
	return i;
}

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
	send_invite(d, i,
		    remember(f->invites, &(struct invite){.room = i->room,
							  .to = to.bare,
							  .by = i->by->user,
							  .nick = i->by->nick,
							  .sip_id = i->id})
			->stanza_id);
	return REASON_OK;
}

/* --- an XMPP user invites --- */

static bool called_just_now(const struct invites *all, struct str room,
			    struct str to)
{
	uint64_t now_ms = loop_now_ms(all->f->loop);
	const struct invite *i;

	TAILQ_FOREACH (i, &all->oldest_first, link)
		if (i->to_sip && str_eq(i->room, room) && str_eq(i->to, to) &&
		    i->at_ms + REPEAT_MS > now_ms)
			return true;
	return false;
}

static struct str read_reason(const struct xnode *of, struct arena *a)
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
	    .reason = read_reason(invite, f->arena),
	    .continues = more != NULL,
	    .thread = x_attr(more, "thread"),
	};
	const struct invite *i;

	if (uri.n && called_just_now(f->invites, s->room, to->bare))
		return;
	i = remember(f->invites, &(struct invite){.to_sip = uri.n > 0,
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
	const struct invite *i =
	    remember(s->f->invites, &(struct invite){.to_sip = true,
						     .room = s->room,
						     .to = to->bare,
						     .by = fx_self(s)->user,
						     .nick = fx_self(s)->nick,
						     .jid = s->jid,
						     .asked_id = in->id});
	struct seat_cmd cmd = {
	    .type = SEAT_INVITE,
	    .text = uri.n ? uri : to->bare,
	    .reason = read_reason(invite, s->f->arena),
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

	send_invite(
	    d, &i,
	    remember(d->f->invites, &(struct invite){.room = i.room,
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

/* --- what is said to it --- */

/* The inviter where he is, or where he was. */
static struct str inviter(struct front_xmpp *f, const struct invite *i)
{
	struct jid jid;

	if (fx_find(f, i->room, i->jid) || jid_split(i->jid, &jid) < 0)
		return i->jid;
	return jid.bare;
}

static struct fx_domain *domain_of(struct front_xmpp *f, const struct invite *i)
{
	struct str room = i->room;

	str_split(&room, '@');
	return fx_domain_of(f, room);
}

static void send_decline(struct front_xmpp *f, const struct invite *i,
			 struct str reason)
{
	struct buf *b = fx_begin(f, "message", inviter(f, i), i->room, STR_NONE,
				 "", STR_NONE);

	buf_addz(b, "><x xmlns='" NS_MUC_USER "'><decline");
	x_put_attr(b, "from", i->to);
	buf_addc(b, '>');
	if (reason.n)
		x_put_text(b, "reason", reason);
	buf_addz(b, "</decline></x></message>");
	fx_send(f, str_z(domain_of(f, i)->name));
}

static void send_unknown(struct front_xmpp *f, const struct invite *i)
{
	struct buf *b = fx_begin(f, "message", inviter(f, i), i->room, STR_NONE,
				 "error", i->asked_id);

	buf_addc(b, '>');
	x_put_error(b, not_found, STR_NONE, STR_NONE);
	buf_addz(b, "</message>");
	fx_send(f, str_z(domain_of(f, i)->name));
}

/* And that was all of it. */
static void tell_inviter(struct front_xmpp *f, struct invite *i,
			 struct str reason, bool unknown)
{
	struct invitation_answer a = {
	    .id = i->sip_id,
	    .room = i->room,
	    .by = i->by,
	    .to = i->to,
	    .reason = reason,
	    .unknown = unknown,
	};

	if (!i->jid.n)
		f->cfg.answered(f->cfg.user, &a);
	else if (unknown && i->asked_id.n)
		send_unknown(f, i);
	else if (unknown)
		; /* he asked for something else */
	else
		send_decline(f, i, reason);
	forget(f->invites, i);
}

/* Does the address that the invitee has been shown mean the inviter? */
static bool is_inviter(const struct invite *i, struct str to)
{
	struct jid jid;

	if (!to.n)
		return true;
	if (jid_split(to, &jid) < 0)
		return false;
	return str_eq(jid.bare, i->room) ? str_eq(jid.resource, i->nick)
					 : str_eq(jid.bare, i->by);
}

void fx_on_decline(struct fx_domain *d, const struct muc_in *in)
{
	struct front_xmpp *f = d->f;
	const struct xnode *n = x_child(in->x, "decline", NS_MUC_USER);
	struct invite *i;

	forget_old(f->invites);
	TAILQ_FOREACH_REVERSE(i, &f->invites->oldest_first, invite_list, link)
	if (!i->to_sip && str_eq(i->room, in->to.bare) &&
	    str_eq(i->to, in->from.bare) && is_inviter(i, x_attr(n, "to")))
		break;
	if (i)
		tell_inviter(f, i, read_reason(n, f->arena), false);
	else
		fx_error(f, str_z(d->name), in, not_found, STR_NONE);
}

bool fx_invite_bounced(struct fx_domain *d, const struct muc_in *in)
{
	struct invites *all = d->f->invites;
	struct invite *i;

	if (!x_is(in->stanza, "message", NULL) || in->to.resource.n)
		return false;
	TAILQ_FOREACH (i, &all->oldest_first, link)
		if (!i->to_sip && str_eq(str_z(i->stanza_id), in->id) &&
		    str_eq(i->to, in->from.bare) &&
		    str_eq(i->room, in->to.bare))
			break;
	if (i)
		tell_inviter(d->f, i, STR_NONE, true);
	return i != NULL;
}

void front_xmpp_invited(struct front_xmpp *f, uint64_t id, int status,
			struct str phrase)
{
	struct invite *i;

	TAILQ_FOREACH (i, &f->invites->oldest_first, link)
		if (i->id == id && i->to_sip)
			break;
	if (i && status >= 300)
		tell_inviter(f, i, phrase, status == 404 || status == 604);
}
