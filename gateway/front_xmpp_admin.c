/* Lists of roles and affiliations: reading and changing them (XEP-0045 §8, §9,
 * §10). */
#include "base/err.h"
#include "gateway/front_xmpp_invite.h"
#include "mapping/account.h"
#include "mapping/presence.h"
#include "mapping/reason.h"
#include "mapping/roster.h"

#define NAME_MAX_OCTETS 8192

static const struct stanza_error bad_request = {"modify", "bad-request"};
static const struct stanza_error malformed = {"modify", "jid-malformed"};
static const struct stanza_error forbidden = {"auth", "forbidden"};
static const struct stanza_error policy = {"modify", "policy-violation"};
static const struct stanza_error resources = {"wait", "resource-constraint"};

struct fx_asker fx_asker(struct fx_session *s, const struct muc_in *in,
			 const struct room *r)
{
	const struct occupant *self = s ? fx_self(s) : NULL;

	if (self)
		return (struct fx_asker){self->affiliation, self->role};
	return (struct fx_asker){room_affiliation_of(r, in->from.bare, NULL),
				 ROLE_NONE};
}

static bool read_role(struct str name, enum role *out)
{
	for (enum role i = ROLE_NONE; i <= ROLE_MODERATOR; i++)
		if (str_eq(name, str_z(map_role_name(i)))) {
			*out = i;
			return true;
		}
	return false;
}

/* What an item is about; false: not of one thing. */
static bool read_subject(const struct xnode *item, struct seat_change *out)
{
	out->of_role = x_has_attr(item, "role");
	if (out->of_role == x_has_attr(item, "affiliation"))
		return false;
	return out->of_role ? read_role(x_attr(item, "role"), &out->role)
			    : map_affiliation_read(x_attr(item, "affiliation"),
						   &out->affiliation);
}

/* --- lists --- */

static void put_member(struct fx_domain *d, struct buf *b,
		       const struct room_affiliation *a)
{
	struct buf jid = BUF_INIT(NAME_MAX_OCTETS);

	if (map_account_to_jid(fx_domains(d->f), a->user, &jid) == 0) {
		buf_addz(b, "<item");
		x_put_attr(b, "affiliation",
			   str_z(map_affiliation_name(a->affiliation)));
		x_put_attr(b, "jid", buf_str(&jid));
		x_put_attr(b, "nick", a->nick);
		buf_addc(b, '>');
		if (a->why.n)
			x_put_text(b, "reason", a->why);
		buf_addz(b, "</item>");
	}
	buf_done(&jid);
}

static void put_members(struct fx_domain *d, struct buf *b,
			const struct room *r, enum affiliation which)
{
	const struct room_affiliation *a;
	size_t it = 0;

	while ((a = room_affiliations(r, &it)))
		if (a->affiliation == which && !a->hidden)
			put_member(d, b, a);
}

static void put_occupants(struct buf *b, const struct room *r, enum role which)
{
	const struct occupant *o;
	size_t it = 0;

	while ((o = room_roster(r, &it))) {
		bool has_device = o->world == WORLD_XMPP && o->devices;

		if (o->role == which)
			map_occupant_item(b, o->affiliation, o->role,
					  has_device ? o->devices->label
						     : o->jid,
					  o->nick, STR_NONE, STR_NONE);
	}
}

static bool may_read(const struct fx_asker *asker, const struct room *r,
		     const struct seat_change *what)
{
	if (what->of_role)
		return what->role == ROLE_MODERATOR
			   ? asker->affiliation >= AFF_ADMIN
			   : asker->role == ROLE_MODERATOR;
	if (what->affiliation >= AFF_ADMIN)
		return asker->affiliation == AFF_OWNER;
	if (what->affiliation == AFF_MEMBER && room_policy(r)->non_anonymous &&
	    asker->affiliation == AFF_MEMBER)
		return true;
	return asker->affiliation >= AFF_ADMIN;
}

/* ADM-8, ADM-9 */
static void list(struct fx_domain *d, const struct muc_in *in,
		 const struct fx_asker *asker, const struct room *r)
{
	const struct xnode *item = x_child(in->payload, "item", NS_MUC_ADMIN);
	struct seat_change what = {0};
	struct buf *b;

	if (!item || x_next(item, "item", NS_MUC_ADMIN) ||
	    !read_subject(item, &what) ||
	    (what.of_role ? what.role == ROLE_NONE
			  : what.affiliation == AFF_NONE)) {
		fx_iq_error(d, in, bad_request);
		return;
	}
	if (!may_read(asker, r, &what)) {
		fx_iq_error(d, in, forbidden);
		return;
	}
	b = fx_iq_begin(d, in);
	buf_addz(b, "<query xmlns='" NS_MUC_ADMIN "'>");
	if (what.of_role)
		put_occupants(b, r, what.role);
	else
		put_members(d, b, r, what.affiliation);
	buf_addz(b, "</query>");
	if (b->n > d->f->cfg.max_answer)
		fx_iq_error(d, in, resources);
	else
		fx_iq_end(d);
}

/* --- changes --- */

/* Whom the item means; a nickname beside the address of a new member is to be
 * reserved for him (XEP-0045 §9.3). */
static const struct stanza_error *read_target(struct front_xmpp *f,
					      const struct xnode *item,
					      const struct room *r,
					      struct seat_change *c)
{
	struct str jid = x_attr(item, "jid"), nick = x_attr(item, "nick");
	struct buf key = BUF_INIT(NAME_MAX_OCTETS);
	const struct occupant *o;

	if (!c->of_role && jid.n) {
		if (map_jid_to_account(fx_domains(f), jid, &key) == 0)
			c->user = arena_dup(f->arena, buf_str(&key));
		buf_done(&key);
		if (c->affiliation == AFF_MEMBER)
			c->nick = nick;
		return c->user.n ? NULL : &malformed;
	}
	if (!nick.n)
		return &bad_request;
	o = room_by_nick(r, nick);
	if (o)
		c->target = o->id;
	return NULL;
}

static const struct stanza_error *read_items(struct front_xmpp *f,
					     const struct muc_in *in,
					     const struct room *r,
					     struct seat_cmd *cmd)
{
	const struct xnode *item = x_child(in->payload, "item", NS_MUC_ADMIN);
	struct seat_change *list =
	    arena_alloc(f->arena, SEAT_CHANGES_MAX * sizeof(*list));
	const struct stanza_error *e;

	if (!item || !list)
		return &bad_request;
	for (; item; item = x_next(item, "item", NS_MUC_ADMIN)) {
		struct seat_change *c = &list[cmd->n_changes];

		if (cmd->n_changes++ == SEAT_CHANGES_MAX)
			return &policy;
		if (!read_subject(item, c))
			return &bad_request;
		e = read_target(f, item, r, c);
		if (e)
			return e;
		c->reason =
		    x_text(x_child(item, "reason", NS_MUC_ADMIN), f->arena);
	}
	cmd->changes = list;
	return NULL;
}

void fx_moderate(struct fx_domain *d, const struct muc_in *in,
		 struct fx_session *s, struct room *r, struct seat_cmd *cmd)
{
	struct pending p = {.kind = PENDING_IQ, .id = in->id};
	enum reason_code code;

	if (s) {
		if (!fx_command(s, cmd, &p))
			fx_refuse(d->f, str_z(d->name), in, REASON_OVERLOAD);
		return;
	}
	code = room_moderate_as(r, in->from.bare, cmd->policy, cmd->changes,
				cmd->n_changes);
	if (code == REASON_OK)
		fx_iq_empty(d, in);
	else
		fx_refuse(d->f, str_z(d->name), in, code);
}

static bool is_in(const struct room *r, struct str jid)
{
	const struct occupant *o;
	size_t it = 0;

	while ((o = room_roster(r, &it)))
		if (str_eq(o->jid, jid))
			return true;
	return false;
}

/* Those who are none yet and can be written to. */
static bool is_newcomer(struct front_xmpp *f, const struct room *r,
			const struct seat_change *c)
{
	return !c->of_role && c->affiliation >= AFF_MEMBER &&
	       str_find(c->user, '@') > 0 && str_find(c->user, ':') < 0 &&
	       room_affiliation_of(r, c->user, NULL) < AFF_MEMBER &&
	       !is_in(r, c->user) && !map_is_sip_user(fx_domains(f), c->user);
}

static void change(struct fx_domain *d, const struct muc_in *in,
		   struct fx_session *s, struct room *r)
{
	struct seat_cmd cmd = {.type = SEAT_MODERATE};
	const struct stanza_error *e = read_items(d->f, in, r, &cmd);
	bool newcomer[SEAT_CHANGES_MAX] = {false};

	if (e) {
		fx_iq_error(d, in, *e);
		return;
	}
	for (size_t i = 0; i < cmd.n_changes; i++)
		newcomer[i] = room_policy(r)->members_only &&
			      is_newcomer(d->f, r, &cmd.changes[i]);
	fx_moderate(d, in, s, r, &cmd);
	for (size_t i = 0; i < cmd.n_changes; i++)
		if (newcomer[i] && room_affiliation_of(r, cmd.changes[i].user,
						       NULL) >= AFF_MEMBER)
			fx_invite_member(d, in, s, cmd.changes[i].user,
					 cmd.changes[i].reason);
}

void fx_on_admin_iq(struct fx_domain *d, const struct muc_in *in,
		    struct fx_session *s, struct room *r)
{
	struct fx_asker asker = fx_asker(s, in, r);

	if (in->set)
		change(d, in, s, r);
	else
		list(d, in, &asker, r);
}
