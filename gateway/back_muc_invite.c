/* Invitations: what a SIP user's room sends to others at his wish, and what
 * rooms send to SIP users (S2X-39 to S2X-43, XEP-0045 §7.8, XEP-0249). */
#include "gateway/back_muc_priv.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "gateway/discover.h"
#include "mapping/addr.h"
#include "mapping/reason.h"

#define REPEAT_MS   60000    /* nobody is called twice within (X2S-59) */
#define PASSWORD_MS 3600000  /* as X2S-58 has it */
#define KEPT_MS	    86400000 /* so long it may be declined */
#define REASON_MAX  1024
#define JID_BYTES   4096
#define URI_BYTES   8192

/* One that came for a SIP user, or that a SIP user sent. */
struct invited {
	TAILQ_ENTRY(invited) link;
	bool out;
	uint64_t id, at_ms;
	char stanza_id[UUID_MAX];
	char *text;
	struct str room, bare; /* bare: the SIP user's JID */
	struct str other;      /* who invites; out: who is invited */
	struct str password;
};

/* A SIP URI that a user has invited, whose domain is being asked for what it
 * speaks (DNS-1). */
struct asking {
	TAILQ_ENTRY(asking) link;
	struct back_muc *b;
	struct discovery *discovery;
	char *text;
	struct str room, bare, uri, domain, reason;
};

struct invited_list {
	TAILQ_HEAD(, invited) oldest_first;
	size_t n;
	TAILQ_HEAD(, asking) asking;
};

struct invited_list *invited_new(void)
{
	struct invited_list *l = mem_new(sizeof(*l));

	TAILQ_INIT(&l->oldest_first);
	TAILQ_INIT(&l->asking);
	return l;
}

static void asking_free(struct asking *a)
{
	TAILQ_REMOVE(&a->b->invited->asking, a, link);
	discover_cancel(a->discovery);
	free(a->text);
	free(a);
}

static void forget(struct invited_list *l, struct invited *i)
{
	TAILQ_REMOVE(&l->oldest_first, i, link);
	l->n--;
	free(i->text);
	free(i);
}

void invited_free(struct invited_list *l)
{
	while (!TAILQ_EMPTY(&l->oldest_first))
		forget(l, TAILQ_FIRST(&l->oldest_first));
	while (!TAILQ_EMPTY(&l->asking))
		asking_free(TAILQ_FIRST(&l->asking));
	free(l);
}

static struct invited *remember(struct back_muc *b, const struct invited *like)
{
	struct invited_list *l = b->invited;
	struct invited *i = mem_new(sizeof(*i)), *old;
	char *to = mem_new(like->room.n + like->bare.n + like->other.n +
			   like->password.n);

	*i = *like;
	i->text = to;
	i->room = str_pack(&to, like->room);
	i->bare = str_pack(&to, like->bare);
	i->other = str_pack(&to, like->other);
	i->password = str_pack(&to, like->password);
	i->id = random_u64() & ~UINT64_C(1);
	i->at_ms = loop_now_ms(b->loop);
	muc_uuid(i->stanza_id);
	TAILQ_INSERT_TAIL(&l->oldest_first, i, link);
	l->n++;
	while ((old = TAILQ_FIRST(&l->oldest_first)) && old != i &&
	       (l->n > b->cfg.config->limits.invitations ||
		i->at_ms - old->at_ms >= KEPT_MS))
		forget(l, old);
	return i;
}

/* The last one of this sort. */
static struct invited *find(const struct back_muc *b, bool out, struct str room,
			    struct str bare, struct str other)
{
	struct invited *i, *last = NULL;

	TAILQ_FOREACH (i, &b->invited->oldest_first, link)
		if (i->out == out && str_eq(i->room, room) &&
		    str_eq(i->bare, bare) &&
		    (!other.n || str_eq(i->other, other)))
			last = i;
	return last;
}

struct str muc_invited_password(const struct back_muc *b, struct str room,
				struct str bare)
{
	const struct invited *i = find(b, false, room, bare, STR_NONE);

	if (!i || loop_now_ms(b->loop) - i->at_ms >= PASSWORD_MS)
		return STR_NONE;
	return i->password;
}

/* --- to a SIP user --- */

/* Rooms that our users can't reach are not worth a call. */
static bool is_reachable(const struct back_muc *b, struct str room)
{
	struct jid jid;

	return jid_split(room, &jid) == 0 && jid.node.n && !jid.resource.n &&
	       muc_reaches(b, room);
}

static void bare_of(struct str jid, struct str *out)
{
	struct jid j;

	*out = jid_split(jid, &j) == 0 ? j.bare : STR_NONE;
}

/* Who invites: by his bare JID, or as the room names him. */
static void inviter_of(const struct muc_said *in, struct str *out)
{
	bare_of(in->by, out);
	if (str_eq(*out, in->room))
		*out = in->by;
}

static void call_him(struct back_muc *b, const struct muc_said *in,
		     const struct invited *i)
{
	const struct map_domains *names = b->cfg.domain_names(b->cfg.user);
	struct buf to = BUF_INIT(URI_BYTES), by = BUF_INIT(URI_BYTES);
	struct occupant inviter = {.world = WORLD_SIP};
	struct invitation v = {
	    .room = i->room,
	    .by = &inviter,
	    .reason = utf8_cut(in->reason, REASON_MAX),
	    .continues = in->continues,
	    .thread = in->thread,
	    .id = i->id,
	};
	const char *condition;

	if (map_jid_to_sip(names, in->to.bare, &to, &condition) == 0) {
		v.to = buf_str(&to);
		if (!i->other.n ||
		    map_jid_to_sip(names, i->other, &by, &condition) < 0) {
			buf_clear(&by);
			map_room_to_sip(&by, i->room, STR_NONE);
		}
		inviter.sip_uri = buf_str(&by);
		inviter.jid = i->other;
		log_info(b->log, "muc.invited", "room=%s to=%s by=%s",
			 LOGQ(v.room), LOGQ(v.to), LOGQ(i->other));
		b->cfg.invite(b->cfg.user, &v);
	}
	buf_done(&to);
	buf_done(&by);
}

static void invite_here(struct back_muc *b, const struct muc_said *in,
			struct str room)
{
	struct invitation i = {
	    .room = room,
	    .to = in->to.bare,
	    .reason = in->reason,
	    .continues = in->continues,
	    .thread = in->thread,
	};
	struct stanza_error e;

	if (!in->direct || !b->cfg.invite_here)
		return;
	e = b->cfg.invite_here(b->cfg.user, in->from.full, &i);
	if (e.type)
		muc_error(b, in, "message", e);
}

void muc_on_invite(struct back_muc *b, const struct muc_said *in)
{
	struct invited like = {
	    .room = in->room, .bare = in->to.bare, .password = in->password};
	const struct invited *before;
	struct buf room = BUF_INIT(JID_BYTES);

	inviter_of(in, &like.other);
	if (map_prep_jid(&room, in->room) < 0) {
		buf_done(&room);
		return;
	}
	if (!is_reachable(b, buf_str(&room))) {
		invite_here(b, in, buf_str(&room));
	} else if (b->cfg.invite) {
		like.room = buf_str(&room);
		before = find(b, false, like.room, like.bare, STR_NONE);
		if (!muc_proxy_of(b, like.room, like.bare, NULL) &&
		    !(before &&
		      loop_now_ms(b->loop) - before->at_ms < REPEAT_MS))
			call_him(b, in, remember(b, &like));
	}
	buf_done(&room);
}

static void decline(struct back_muc *b, const struct invited *i,
		    struct str phrase)
{
	struct buf *out = &b->out;
	struct str domain = str_after(i->bare, '@');

	buf_clear(out);
	buf_addz(out, "<message");
	x_put_attr(out, "from", i->bare);
	x_put_attr(out, "to", i->room);
	buf_addc(out, '>');
	x_put_mediated(out, "decline", "to", i->other, phrase);
	if (!out->err)
		b->cfg.send(b->cfg.user, domain, buf_str(out));
}

/* S2X-42: the one who invited hears what came of it. */
static void tell(struct proxy *p, struct str whom, const char *what,
		 struct str reason)
{
	struct buf b = BUF_INIT(16384);

	buf_addf(&b, "%.*s %s", STR_ARG(whom), what);
	if (reason.n)
		buf_addf(&b, ": %.*s", STR_ARG(reason));
	buf_addc(&b, '.');
	if (!b.err)
		proxy_notice(p, buf_z(&b));
	buf_done(&b);
}

/* Was it this one of ours who had him invited, by what the room says of the
 * inviter? */
static bool is_inviter(const struct proxy *p, struct str inviter)
{
	struct jid jid;

	return str_eq(inviter, p->bare) ||
	       (jid_split(inviter, &jid) == 0 && str_eq(jid.bare, p->room) &&
		str_eq(jid.resource, buf_str(&p->nick)));
}

/* The room hears nothing of a call that failed (S2X-43), but if it was one of
 * our users who wanted it he need not wait. */
static void tell_inviter(struct back_muc *b, const struct invited *in,
			 int status, struct str phrase)
{
	const struct map_domains *names = b->cfg.domain_names(b->cfg.user);
	struct buf uri = BUF_INIT(URI_BYTES), why = BUF_INIT(256);
	const struct invited *out;
	const char *condition;
	struct proxy *p;

	buf_addf(&why, "%d ", status);
	map_phrase(&why, phrase);
	if (map_jid_to_sip(names, in->bare, &uri, &condition) < 0)
		buf_clear(&uri);
	TAILQ_FOREACH (out, &b->invited->oldest_first, link) {
		p = out->out && str_eq(out->room, in->room) &&
			    str_eq(out->other, in->bare)
			? muc_proxy_of(b, out->room, out->bare, NULL)
			: NULL;
		if (p && is_inviter(p, in->other)) {
			tell(p, uri.n ? buf_str(&uri) : in->bare,
			     "could not be invited", str_trim(buf_str(&why)));
			break;
		}
	}
	buf_done(&uri);
	buf_done(&why);
}

bool back_muc_invited(struct back_muc *b, uint64_t id, int status,
		      struct str phrase)
{
	struct invited *i;

	TAILQ_FOREACH (i, &b->invited->oldest_first, link)
		if (!i->out && i->id == id)
			break;
	if (!i)
		return false;
	/* S2X-43: who says no; all else is silence to the room */
	if ((status == 486 || status == 603) && i->other.n)
		decline(b, i, phrase);
	else if (status >= 300)
		tell_inviter(b, i, status, phrase);
	return true;
}

/* --- from a SIP user --- */

/* The bare JID of whom he means. */
static bool jid_of(const struct map_domains *names, struct str whom,
		   struct buf *out)
{
	struct jid jid;
	int status;

	if (str_find(whom, ':') > 0) {
		if (map_sip_to_jid(names, whom, out, &status) < 0)
			return false;
	} else if (map_prep_jid(out, whom) < 0) {
		return false;
	}
	if (jid_split(buf_str(out), &jid) < 0)
		return false;
	buf_cut(out, jid.bare.n);
	return true;
}

static void send_invitation(struct proxy *p, const struct invited *i,
			    struct str reason)
{
	struct buf *b = muc_begin(p, "message", STR_NONE, "", i->stanza_id);

	x_put_mediated(b, "invite", "to", i->other, reason);
	muc_send(p);
}

static bool invite_as(struct proxy *p, const struct map_domains *names,
		      struct str whom, struct str reason)
{
	struct buf jid = BUF_INIT(JID_BYTES);
	struct invited like = {.out = true, .room = p->room, .bare = p->bare};
	bool ok = jid_of(names, whom, &jid);

	if (ok) {
		like.other = buf_str(&jid);
		send_invitation(p, remember(p->b, &like), reason);
	}
	buf_done(&jid);
	return ok;
}

/* A user of an XMPP domain goes by his own address, any other by ours. */
static void on_discovered(void *user, enum speaks speaks,
			  const struct discovered *step, size_t n)
{
	struct asking *a = user;
	struct back_muc *b = a->b;
	const struct map_domains *names = b->cfg.domain_names(b->cfg.user);
	struct map_domain one = {a->domain, MAP_DOMAIN_NATIVE};
	struct map_domains native = {&one, 1, names->gateway_host};
	struct proxy *p = muc_proxy_of(b, a->room, a->bare, NULL);
	(void)step;
	(void)n;

	a->discovery = NULL; /* it is over */
	if (p && !invite_as(p, speaks == SPEAKS_XMPP ? &native : names, a->uri,
			    a->reason))
		tell(p, a->uri, "could not be invited",
		     STR("no XMPP address leads to him"));
	asking_free(a);
}

/* The domain of a SIP user that only discovery knows, as names are compared. */
static bool is_open(const struct back_muc *b, struct str whom,
		    struct buf *domain)
{
	const struct domain_config *d;
	struct addr addr;
	struct uri u;

	if (!b->cfg.discover || uri_parse(whom, &u) < 0 ||
	    !str_ieq(u.scheme, STR("sip")) ||
	    addr_parse_host(u.host, 0, &addr) == 0 ||
	    str_ieq(u.host, str_z(b->cfg.config->sip.host)) ||
	    map_prep_domain(domain, u.host) < 0)
		return false;
	d = config_section(b->cfg.config, buf_str(domain));
	return d && d->rooms == ROOMS_DISCOVER && !d->users;
}

static bool ask(struct proxy *p, struct str domain, const struct seat_cmd *cmd)
{
	struct back_muc *b = p->b;
	struct asking *a = mem_new(sizeof(*a));
	char *to = mem_new(p->room.n + p->bare.n + cmd->text.n + domain.n +
			   cmd->reason.n);

	a->b = b;
	a->text = to;
	a->room = str_pack(&to, p->room);
	a->bare = str_pack(&to, p->bare);
	a->uri = str_pack(&to, cmd->text);
	a->domain = str_pack(&to, domain);
	a->reason = str_pack(&to, cmd->reason);
	TAILQ_INSERT_TAIL(&b->invited->asking, a, link);
	a->discovery = discover(b->cfg.discover, a->domain, on_discovered, a);
	if (a->discovery)
		return true;
	asking_free(a);
	return false;
}

enum reason_code proxy_invite(struct proxy *p, const struct seat_cmd *cmd)
{
	struct buf domain = BUF_INIT(JID_BYTES);
	bool ok =
	    is_open(p->b, cmd->text, &domain) && ask(p, buf_str(&domain), cmd);

	if (!ok)
		ok = invite_as(p, p->b->cfg.domain_names(p->b->cfg.user),
			       cmd->text, cmd->reason);
	buf_done(&domain);
	return ok ? REASON_OK : REASON_BAD_REQUEST;
}

void proxy_on_decline(struct proxy *p, const struct muc_said *in)
{
	struct str by;

	bare_of(in->by, &by);
	if (find(p->b, true, p->room, p->bare, by))
		tell(p, by, "has declined your invitation", in->reason);
}

bool proxy_invite_bounced(struct proxy *p, const struct muc_said *in)
{
	struct invited *i;

	TAILQ_FOREACH (i, &p->b->invited->oldest_first, link)
		if (i->out && in->id.n && str_eq(str_z(i->stanza_id), in->id))
			break;
	if (!i)
		return false;
	tell(p, i->other, "could not be invited", str_z(in->error.condition));
	forget(p->b->invited, i);
	return true;
}
