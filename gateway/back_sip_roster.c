/* Who is in the conference, as its documents tell it (RFC 4575, RFC 7702 §5.4):
 * what they say of each user is merged and put into the leg. */
#include <stdlib.h>

#include "base/utf8.h"
#include "gateway/back_sip_priv.h"

#define TITLE_MAX 1023 /* octets of the room's name */
#define SAME_NAME 99   /* users of one name, told apart by a number */

/* --- users --- */

static void hide(struct bs_leg *l, struct bs_user *u)
{
	struct leg_cause cause = {.reason = u->why};
	char *shown = u->shown;

	if (!shown)
		return;
	u->shown = NULL;
	if (table_get_str(l->by_shown, str_z(shown)) == u)
		table_del_str(l->by_shown, str_z(shown));
	if (cause.reason.code == REASON_OK)
		cause.reason.code = REASON_LEFT;
	if (l->self != u)
		leg_remove(l->leg, str_z(shown), &cause);
	free(shown);
}

void bs_roster_free(struct bs_leg *l)
{
	struct bs_user *u;

	TABLE_FOREACH (l->users, it, u)
		bs_user_free(l, u);
	table_free(l->users);
	table_free(l->by_shown);
}

/* --- names --- */

static bool is_free(const struct bs_leg *l, const struct bs_user *u,
		    struct str name)
{
	const struct bs_user *other = table_get_str(l->by_shown, name);

	if (u != l->self && str_eq(name, str_z(l->nick)))
		return false;
	return !other || other == u;
}

static bool choose_name(struct bs_leg *l, struct bs_user *u, struct buf *name)
{
	struct str base = bs_user_name(l, u);
	bool found = false;

	buf_add(name, base);
	for (unsigned i = 2; base.n && i <= SAME_NAME; i++) {
		found = is_free(l, u, buf_str(name));
		if (found)
			break;
		buf_clear(name);
		buf_addf(name, "%.*s %u", STR_ARG(base), i);
	}
	return found;
}

static void show_as(struct bs_leg *l, struct bs_user *u, struct str name)
{
	if (u->shown && str_eq(str_z(u->shown), name))
		return;
	if (u->shown && table_get_str(l->by_shown, str_z(u->shown)) == u)
		table_del_str(l->by_shown, str_z(u->shown));
	free(u->shown);
	u->shown = str_dup(name);
	table_put_str(l->by_shown, str_z(u->shown), u);
}

/* --- into the leg --- */

static struct str stable_id(struct bs_leg *l, struct str user, char hex[41])
{
	const struct back_sip_cfg *cfg = &l->b->cfg;
	const struct domain_config *dom = bs_domain(l);

	if (!dom || !cfg->stable_id)
		return STR_NONE;
	return cfg->stable_id(cfg->user, dom, l->room, user, hex);
}

static void put(struct bs_leg *l, struct bs_user *u)
{
	static const struct device device = {.private_messages = true};
	char hex[41];
	struct buf jid = BUF_INIT(8192);
	struct occupant like = {
	    .devices = &device,
	    .n_devices = 1,
	    .world = WORLD_SIP,
	    .nick = str_z(u->shown),
	    .nick_chosen = u->nickname != NULL,
	    .display = str_z(u->display),
	    .user = str_z(u->key),
	    .sip_uri = str_z(u->entity),
	    .role = u->role,
	    .affiliation = u->affiliation,
	    .presence = {.show = str_z(u->show), .status = str_z(u->status)},
	};

	bs_user_jid(l, u, &jid);
	like.jid = buf_str(&jid);
	like.stable_id = stable_id(l, like.jid.n ? like.jid : like.user, hex);
	leg_put(l->leg, &like, NULL);
	buf_done(&jid);
}

void bs_roster_put_self(struct bs_leg *l, const struct leg_cause *cause)
{
	char hex[41];
	struct occupant like = {
	    .world = WORLD_XMPP,
	    .nick = str_z(l->nick),
	    .nick_chosen = true,
	    .user = l->user,
	    .jid = l->user,
	    .sip_uri = l->from,
	    .stable_id = stable_id(l, l->user, hex),
	    .role = l->role,
	    .affiliation = l->affiliation,
	    .presence = {.show = str_z(l->show), .status = str_z(l->status)},
	};

	leg_put(l->leg, &like, cause);
}

/* Our own name is what we were granted, unless the roster has another
 * nickname. */
static void put_self(struct bs_leg *l, struct bs_user *u)
{
	struct buf name = BUF_INIT(8192);
	char *old = str_dup(str_z(l->nick));

	l->role = u->role;
	l->affiliation = u->affiliation;
	if ((!l->named || u->nickname) && choose_name(l, u, &name) &&
	    !str_eq(buf_str(&name), str_z(old)) &&
	    !str_eq(buf_str(&name), str_z(l->old_nick))) {
		l->renamed = true;
		bs_set_nick(l, buf_str(&name));
		leg_rename(l->leg, str_z(old), str_z(l->nick), NULL);
	}
	show_as(l, u, str_z(l->nick));
	bs_roster_put_self(l, NULL);
	free(old);
	buf_done(&name);
}

static void show(struct bs_leg *l, struct bs_user *u)
{
	struct buf name = BUF_INIT(8192);

	if (u == l->self) {
		put_self(l, u);
	} else if (!bs_user_is_there(u) || !choose_name(l, u, &name)) {
		hide(l, u);
	} else {
		if (u->shown && !str_eq(str_z(u->shown), buf_str(&name)))
			leg_rename(l->leg, str_z(u->shown), buf_str(&name),
				   NULL);
		show_as(l, u, buf_str(&name));
		put(l, u);
	}
	u->why = (struct reason){0};
	buf_done(&name);
}

void bs_roster_make_room(struct bs_leg *l, struct str nick)
{
	struct bs_user *u = table_get_str(l->by_shown, nick);

	if (!u || u == l->self)
		return;
	hide(l, u);
	if (!u->nickname || !str_eq(str_z(u->nickname), nick)) {
		show(l, u);
		return;
	}
	/* our own user: the list had the new name before we had the answer */
	if (l->self) {
		hide(l, l->self);
		bs_user_free(l, l->self);
	}
	l->self = u;
}

/* --- which of them is our own user --- */

static bool has_nick(struct bs_leg *l, struct bs_user *u)
{
	return str_eq(bs_user_name(l, u), str_z(l->nick));
}

/* Many lists name people by their addresses of record, while what they say has
 * the URI of a client of theirs (gr). */
static struct bs_user *by_uri(const struct bs_leg *l, struct str uri)
{
	struct bs_user *u = bs_user_find(l, uri);
	struct str rest = uri;

	return u ? u : bs_user_find(l, str_split(&rest, ';'));
}

/* By the nickname that it has granted us, else by our URI; a conference may
 * show neither. */
static void find_self(struct bs_leg *l)
{
	struct bs_user *u;

	if (l->self)
		return;
	if (l->named)
		TABLE_FOREACH (l->users, it, u)
			if (has_nick(l, u)) {
				l->self = u;
				return;
			}
	l->self = by_uri(l, l->from);
}

struct str bs_roster_nick(const struct bs_leg *l, struct str uri)
{
	const struct bs_user *u = by_uri(l, uri);

	if (!u || !u->shown)
		return STR_NONE;
	return str_z(u->shown);
}

/* --- documents --- */

void bs_roster_texts(struct bs_leg *l, const struct confinfo_doc *doc)
{
	struct room_info info = {.name = utf8_cut(doc->display_text, TITLE_MAX),
				 .persistent = true};
	struct subject s = {.text = utf8_cut(doc->subject, bs_max_size(l))};

	if (!doc->has_description)
		return;
	if (!str_eq(str_z(l->title), info.name)) {
		bs_keep(&l->title, info.name);
		leg_info(l->leg, &info, 0);
	}
	if (!str_eq(str_z(l->subject), s.text)) {
		bs_keep(&l->subject, s.text);
		leg_subject(l->leg, &s, false, NULL);
	}
}

void bs_roster_doubt(struct bs_leg *l)
{
	struct bs_user *u;

	while ((u = TAILQ_FIRST(&l->placed[BS_KNOWN])))
		bs_user_place(l, u, BS_DOUBTED);
}

void bs_roster_stop(struct bs_leg *l)
{
	struct bs_user *u;

	for (int i = 0; i < BS_PLACES; i++)
		while (i != BS_KNOWN && (u = TAILQ_FIRST(&l->placed[i]))) {
			u->why = (struct reason){0};
			bs_user_place(l, u, BS_KNOWN);
		}
}

/* False: there is no room for what it says. */
static bool merge_one(struct bs_leg *l, const struct confinfo_user *in,
		      bool full)
{
	const struct config *c = l->b->cfg.config;
	struct bs_user *u = bs_user_find(l, in->entity);
	bool deleted = in->state == CONFINFO_DELETED;

	if (!deleted && !bs_user_fits(l, in)) {
		if (u)
			bs_user_place(l, u, BS_FRESH);
		return false;
	}
	if (!u && (deleted || table_count(l->users) >= c->limits.leg_occupants))
		return true;
	if (!u) {
		u = bs_user_new(l, in->entity);
		full = true;
	}
	bs_user_merge(l, u, in, full || in->state == CONFINFO_FULL);
	bs_user_place(l, u, BS_FRESH);
	return true;
}

bool bs_roster_merge(struct bs_leg *l, const struct confinfo_user_node **n,
		     bool whole, size_t most)
{
	bool crowded = false;

	for (; *n && most; *n = (*n)->next, most--)
		crowded |= !merge_one(l, &(*n)->user, whole);
	if (crowded)
		log_info(l->b->log, "back_sip.roster_full", "room=%s",
			 LOGQ(l->room));
	return *n != NULL;
}

bool bs_roster_drop(struct bs_leg *l, size_t most)
{
	struct bs_user *u;

	for (; (u = TAILQ_FIRST(&l->placed[BS_DOUBTED])) && most && !l->ended;
	     most--) {
		hide(l, u);
		bs_user_free(l, u);
	}
	return u != NULL;
}

bool bs_roster_name(struct bs_leg *l, size_t most)
{
	struct bs_user *u;

	for (; (u = TAILQ_FIRST(&l->placed[BS_FRESH])) && most; most--) {
		bs_user_name(l, u);
		bs_user_place(l, u, BS_NAMED);
	}
	return u != NULL;
}

void bs_roster_find_self(struct bs_leg *l)
{
	if (l->self && l->self->deleted) {
		hide(l, l->self); /* under a new entity from now on */
		bs_user_free(l, l->self);
	}
	find_self(l);
	if (!l->self || l->ended)
		return;
	show(l, l->self);
	bs_user_place(l, l->self, BS_KNOWN);
}

bool bs_roster_show(struct bs_leg *l, size_t most)
{
	struct bs_user *u;

	for (; (u = TAILQ_FIRST(&l->placed[BS_NAMED])) && most && !l->ended;
	     most--) {
		bs_user_place(l, u, BS_KNOWN);
		if (u->deleted) {
			hide(l, u);
			bs_user_free(l, u);
		} else {
			show(l, u);
		}
	}
	return u != NULL;
}
