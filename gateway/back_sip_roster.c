/* Who is in the conference, as its documents tell it (RFC 4575, RFC 7702 §5.4):
 * what they say of each user is merged and put into the leg. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/uri.h"
#include "gateway/back_sip_priv.h"
#include "mapping/nick.h"
#include "mapping/presence.h"
#include "msrp/cpim.h"

#define DOCUMENT_MAX (64u << 20)
#define SAME_NAME    99 /* users of one name, told apart by a number */

struct bs_endpoint {
	struct bs_endpoint *next;
	char *entity;
	bool inside;
};

struct bs_user {
	char *key, *entity;
	char *nickname, *display, *aor, *show, *status;
	enum role role;
	enum affiliation affiliation;
	struct bs_endpoint *endpoints;
	char *shown;	   /* his name in the leg; NULL: he is not there */
	struct reason why; /* he is going; slices of the document */
	bool fresh;
};

/* --- users --- */

static void set(char **to, struct str s)
{
	free(*to);
	*to = str_dup(s);
}

static void drop_endpoints(struct bs_user *u)
{
	struct bs_endpoint *e;

	while ((e = u->endpoints)) {
		u->endpoints = e->next;
		free(e->entity);
		free(e);
	}
}

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

static void user_free(struct bs_leg *l, struct bs_user *u)
{
	if (table_get_str(l->users, str_z(u->key)) == u)
		table_del_str(l->users, str_z(u->key));
	if (l->self == u)
		l->self = NULL;
	drop_endpoints(u);
	free(u->key);
	free(u->entity);
	free(u->nickname);
	free(u->display);
	free(u->aor);
	free(u->show);
	free(u->status);
	free(u->shown);
	free(u);
}

void bs_roster_free(struct bs_leg *l)
{
	struct bs_user *u;

	TABLE_FOREACH (l->users, it, u)
		user_free(l, u);
	table_free(l->users);
	table_free(l->by_shown);
}

/* URIs that can't be taken apart stand for themselves. */
static void key_of(struct str uri, struct buf *key)
{
	if (uri_key(key, uri) < 0) {
		buf_clear(key);
		buf_add(key, uri);
	}
}

static struct bs_user *find(const struct bs_leg *l, struct str uri)
{
	struct buf key = BUF_INIT(16384);
	struct bs_user *u;

	key_of(uri, &key);
	u = table_get_str(l->users, buf_str(&key));
	buf_done(&key);
	return u;
}

static struct bs_user *user_new(struct bs_leg *l, struct str entity)
{
	struct bs_user *u = mem_new(sizeof(*u));
	struct buf key = BUF_INIT(16384);

	key_of(entity, &key);
	u->key = str_dup(buf_str(&key));
	u->role = ROLE_PARTICIPANT;
	u->affiliation = AFF_NONE;
	buf_done(&key);
	table_put_str(l->users, str_z(u->key), u);
	return u;
}

/* --- what a document says of one --- */

/* RFC 4575 §5.7.2: who is being called, or gone, is not inside. */
static bool is_inside(struct str status)
{
	return !status.n || str_eq(status, STR("connected")) ||
	       str_eq(status, STR("on-hold")) ||
	       str_eq(status, STR("muted-via-focus"));
}

/* How somebody went (X2S-32). */
static struct reason departure(const struct confinfo_endpoint *e)
{
	struct reason why = {.code = REASON_LEFT, .text = e->left.reason};
	struct str text;

	if (sip_reason_read(e->left.reason, &text) && text.n)
		why.text = text;
	if (str_eq(e->disconnection_method, STR("booted")))
		why.code = REASON_KICKED;
	else if (str_eq(e->disconnection_method, STR("failed")) ||
		 str_eq(e->disconnection_method, STR("busy")))
		why.code = REASON_LOST;
	return why;
}

static void merge_endpoint(struct bs_user *u, const struct confinfo_endpoint *e)
{
	struct bs_endpoint **p = &u->endpoints, *gone;
	bool deleted = e->state == CONFINFO_DELETED;

	while (*p && !str_eq(str_z((*p)->entity), e->entity))
		p = &(*p)->next;
	if (deleted || str_eq(e->status, STR("disconnected")))
		u->why = departure(e);
	if (deleted && *p) {
		gone = *p;
		*p = gone->next;
		free(gone->entity);
		free(gone);
		return;
	}
	if (deleted)
		return;
	if (!*p) {
		*p = mem_new(sizeof(**p));
		(*p)->entity = str_dup(e->entity);
	}
	if (e->status.n || e->state == CONFINFO_FULL)
		(*p)->inside = is_inside(e->status);
}

static void merge(struct bs_user *u, const struct confinfo_user *in, bool full)
{
	set(&u->entity, in->entity);
	if (full || in->nickname.n)
		set(&u->nickname, in->nickname);
	if (full || in->display_text.n)
		set(&u->display, in->display_text);
	if (full || in->associated_aor.n)
		set(&u->aor, in->associated_aor);
	if (full || in->show.n)
		set(&u->show, map_show(in->show));
	if (full || in->status.n)
		set(&u->status, in->status);
	if (full || in->n_roles)
		map_role_from_confinfo(in->roles, in->n_roles, &u->role,
				       &u->affiliation);
	if (full)
		drop_endpoints(u);
	for (size_t i = 0; i < in->n_endpoints; i++)
		merge_endpoint(u, &in->endpoints[i]);
}

/* Somebody without endpoints is there by being listed. */
static bool is_there(const struct bs_user *u)
{
	const struct bs_endpoint *e = u->endpoints;

	if (!e)
		return u->why.code == REASON_OK;
	for (; e; e = e->next)
		if (e->inside)
			return true;
	return false;
}

/* --- names --- */

/* As an XMPP resource (NICK-13); empty: he has none. */
static void name_of(const struct bs_user *u, struct buf *out)
{
	struct confinfo_user like = {.entity = str_z(u->entity),
				     .nickname = str_z(u->nickname),
				     .display_text = str_z(u->display)};
	struct buf raw = BUF_INIT(8192);

	map_roster_name(&raw, &like);
	if (map_prep_resource(out, buf_str(&raw)) < 0 || out->err) {
		buf_clear(out);
		like.nickname = like.display_text = STR_NONE;
		buf_clear(&raw);
		map_roster_name(&raw, &like);
		if (map_prep_resource(out, buf_str(&raw)) < 0)
			buf_clear(out);
	}
	if (!out->n)
		map_prep_resource(out, str_z(u->key));
	buf_done(&raw);
}

static bool is_free(const struct bs_leg *l, const struct bs_user *u,
		    struct str name)
{
	const struct bs_user *other = table_get_str(l->by_shown, name);

	if (other)
		return other == u;
	return u == l->self || !str_eq(name, str_z(l->nick));
}

static bool choose_name(const struct bs_leg *l, const struct bs_user *u,
			struct buf *name)
{
	struct buf base = BUF_INIT(8192);
	bool found = false;

	name_of(u, &base);
	buf_add(name, buf_str(&base));
	for (unsigned i = 2; base.n && i <= SAME_NAME; i++) {
		found = is_free(l, u, buf_str(name));
		if (found)
			break;
		buf_clear(name);
		buf_addf(name, "%.*s %u", (int)base.n, base.p, i);
	}
	buf_done(&base);
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

/* Bare JID: what the conference says, else as we map him. */
static void jid_of(const struct bs_leg *l, const struct bs_user *u,
		   struct buf *out)
{
	struct str aor = str_z(u->aor), room = l->room;
	struct buf in_room = BUF_INIT(8192);
	int status;

	if (str_istarts(aor, STR("xmpp:"))) {
		aor = str_from(aor, 5);
		buf_add(out, str_split(&aor, '/'));
	} else if (map_sip_to_room(str_z(u->entity), &in_room, NULL, &status) <
		       0 ||
		   !str_eq(buf_str(&in_room), room)) {
		if (map_sip_to_jid(l->b->cfg.domain_names(l->b->cfg.user),
				   str_z(u->entity), out, &status) < 0)
			buf_clear(out);
		else if (str_find(buf_str(out), '/') >= 0)
			buf_cut(out, (size_t)str_find(buf_str(out), '/'));
	}
	buf_done(&in_room);
}

static void put(struct bs_leg *l, struct bs_user *u)
{
	struct buf jid = BUF_INIT(8192);
	struct occupant like = {
	    .world = WORLD_SIP,
	    .nick = str_z(u->shown),
	    .nick_chosen = *u->nickname != '\0',
	    .display = str_z(u->display),
	    .user = str_z(u->key),
	    .sip_uri = str_z(u->entity),
	    .role = u->role,
	    .affiliation = u->affiliation,
	    .presence = {.show = str_z(u->show), .status = str_z(u->status)},
	};

	jid_of(l, u, &jid);
	like.jid = buf_str(&jid);
	leg_put(l->leg, &like, NULL);
	buf_done(&jid);
}

void bs_roster_put_self(struct bs_leg *l, const struct leg_cause *cause)
{
	struct occupant like = {
	    .world = WORLD_XMPP,
	    .nick = str_z(l->nick),
	    .nick_chosen = true,
	    .user = l->user,
	    .jid = l->user,
	    .sip_uri = l->from,
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
	if ((!l->named || *u->nickname) && choose_name(l, u, &name) &&
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
	} else if (!is_there(u) || !choose_name(l, u, &name)) {
		hide(l, u);
	} else {
		if (u->shown && !str_eq(str_z(u->shown), buf_str(&name)))
			leg_rename(l->leg, str_z(u->shown), buf_str(&name),
				   NULL);
		show_as(l, u, buf_str(&name));
		put(l, u);
	}
	u->why = (struct reason){0};
	u->fresh = false;
	buf_done(&name);
}

/* --- which of them is our own user --- */

static bool has_nick(const struct bs_leg *l, const struct bs_user *u)
{
	struct buf name = BUF_INIT(8192);
	bool is;

	name_of(u, &name);
	is = str_eq(buf_str(&name), str_z(l->nick));
	buf_done(&name);
	return is;
}

static struct bs_user *by_uri(const struct bs_leg *l)
{
	struct bs_user *u = find(l, l->from);
	struct str bare = l->from, rest;

	if (u)
		return u;
	rest = bare;
	return find(l, str_split(&rest, ';'));
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
	l->self = by_uri(l);
}

struct str bs_roster_nick(const struct bs_leg *l, struct str uri)
{
	const struct bs_user *u = find(l, uri);

	if (!u || !u->shown)
		return STR_NONE;
	return str_z(u->shown);
}

/* --- documents --- */

static void take_texts(struct bs_leg *l, const struct confinfo_doc *doc)
{
	struct room_info info = {.name = doc->display_text, .persistent = true};
	struct subject s = {.text = doc->subject};

	if (!doc->has_description)
		return;
	if (!str_eq(str_z(l->title), doc->display_text)) {
		set(&l->title, doc->display_text);
		leg_info(l->leg, &info, 0);
	}
	if (!str_eq(str_z(l->subject), doc->subject)) {
		set(&l->subject, doc->subject);
		leg_subject(l->leg, &s, false, NULL);
	}
}

/* Users in the order of the document, so that a roster's is kept. */
static void take_users(struct bs_leg *l, const struct confinfo_doc *doc,
		       bool whole)
{
	size_t most = bs_domain(l) ? bs_domain(l)->policy.max_occupants : 10000;
	const struct confinfo_user_node *n;
	struct bs_user *u;

	for (n = doc->users; n; n = n->next) {
		bool full = n->user.state == CONFINFO_FULL;

		u = find(l, n->user.entity);
		if (!u && (n->user.state == CONFINFO_DELETED ||
			   table_count(l->users) >= most))
			continue;
		if (!u) {
			u = user_new(l, n->user.entity);
			full = true;
		}
		merge(u, &n->user, full || whole);
		if (n->user.state == CONFINFO_DELETED) {
			drop_endpoints(u);
			if (u->why.code == REASON_OK)
				u->why.code = REASON_LEFT;
		}
		u->fresh = true;
	}
}

/* What the whole list does not have any more is gone. */
static void drop_others(struct bs_leg *l)
{
	struct bs_user *u;

	TABLE_FOREACH (l->users, it, u)
		if (!u->fresh) {
			hide(l, u);
			user_free(l, u);
		}
}

static void show_users(struct bs_leg *l, const struct confinfo_doc *doc)
{
	const struct confinfo_user_node *n;
	struct bs_user *u;

	find_self(l);
	if (l->self)
		show(l, l->self);
	for (n = doc->users; n && !l->ended; n = n->next) {
		u = find(l, n->user.entity);
		if (!u || !u->fresh || u == l->self)
			continue;
		show(l, u);
		if (n->user.state == CONFINFO_DELETED)
			user_free(l, u);
	}
}

/* RFC 4575 §4.6: a part counts only if it follows what we have. */
static bool follows(struct bs_leg *l, const struct confinfo_doc *doc,
		    bool *stale)
{
	struct bs_watch *w = &l->watch;

	*stale = false;
	if (doc->state == CONFINFO_FULL)
		return true;
	if (w->has_version && doc->has_version && doc->version <= w->version) {
		*stale = true;
		return true;
	}
	return w->has_version && doc->has_version && !w->waits_full &&
	       doc->version == w->version + 1;
}

static void take(struct bs_leg *l, const struct confinfo_doc *doc)
{
	bool whole = doc->state == CONFINFO_FULL ||
		     (doc->has_users && doc->users_state == CONFINFO_FULL);

	take_texts(l, doc);
	take_users(l, doc, whole);
	if (whole && !l->ended)
		drop_others(l);
	if (!l->ended)
		show_users(l, doc);
}

bool bs_roster_take(struct bs_leg *l, struct str document)
{
	struct arena *a = arena_new(DOCUMENT_MAX);
	struct confinfo_doc doc;
	bool good = confinfo_parse(document, a, &doc) == 0, stale = false;

	if (good && doc.state == CONFINFO_DELETED) {
		bs_end_code(l, REASON_ROOM_GONE, "");
	} else if (good && (good = follows(l, &doc, &stale)) && !stale) {
		l->watch.has_version = doc.has_version;
		l->watch.version = doc.version;
		if (doc.state == CONFINFO_FULL)
			l->watch.waits_full = false;
		take(l, &doc);
		if (!l->ended && l->state == BS_WATCHING &&
		    doc.state == CONFINFO_FULL)
			bs_open(l);
	}
	arena_free(a);
	return good;
}
