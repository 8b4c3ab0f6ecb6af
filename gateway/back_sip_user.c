/* A user of the conference: what its documents say of him, merged (RFC 4575
 * §4.6, §5.6). */
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "base/uri.h"
#include "gateway/back_sip_priv.h"
#include "mapping/nick.h"
#include "mapping/presence.h"
#include "msrp/cpim.h"

#define TEXT_MAX    1023 /* octets of a name, or of words of his */
#define ADDRESS_MAX 3071

bool bs_keep(char **to, struct str s)
{
	if (*to && str_eq(str_z(*to), s))
		return false;
	free(*to);
	*to = s.n ? str_dup(s) : NULL;
	return true;
}

/* Nobody has such long names; in a stanza they would cost the stream. */
static struct str shortened(struct str s)
{
	return utf8_cut(s, TEXT_MAX);
}

static size_t octets_of(const struct bs_user *u)
{
	const char *const texts[] = {u->key, u->entity, u->nickname, u->display,
				     u->aor, u->status, u->name};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		n += texts[i] ? strlen(texts[i]) : 0;
	for (const struct bs_endpoint *e = u->endpoints; e; e = e->next)
		n += sizeof(*e) + strlen(e->entity);
	return n;
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

void bs_user_free(struct bs_leg *l, struct bs_user *u)
{
	if (table_get_str(l->users, str_z(u->key)) == u)
		table_del_str(l->users, str_z(u->key));
	if (l->self == u)
		l->self = NULL;
	TAILQ_REMOVE(&l->placed[u->place], u, link);
	l->octets -= octets_of(u);
	drop_endpoints(u);
	free(u->key);
	free(u->entity);
	free(u->nickname);
	free(u->display);
	free(u->aor);
	free(u->show);
	free(u->status);
	free(u->name);
	free(u->shown);
	free(u);
}

/* URIs that can't be taken apart stand for themselves. */
static void key_of(struct str uri, struct buf *key)
{
	if (uri_key(key, uri) < 0) {
		buf_clear(key);
		buf_add(key, uri);
	}
}

struct bs_user *bs_user_find(const struct bs_leg *l, struct str uri)
{
	struct buf key = BUF_INIT(16384);
	struct bs_user *u;

	key_of(uri, &key);
	u = table_get_str(l->users, buf_str(&key));
	buf_done(&key);
	return u;
}

struct bs_user *bs_user_new(struct bs_leg *l, struct str entity)
{
	struct bs_user *u = mem_new(sizeof(*u));
	struct buf key = BUF_INIT(16384);

	key_of(entity, &key);
	u->key = str_dup(buf_str(&key));
	u->role = ROLE_PARTICIPANT;
	u->affiliation = AFF_NONE;
	buf_done(&key);
	l->octets += octets_of(u);
	table_put_str(l->users, str_z(u->key), u);
	TAILQ_INSERT_TAIL(&l->placed[u->place], u, link);
	return u;
}

void bs_user_place(struct bs_leg *l, struct bs_user *u, enum bs_place to)
{
	TAILQ_REMOVE(&l->placed[u->place], u, link);
	u->place = to;
	TAILQ_INSERT_TAIL(&l->placed[to], u, link);
}

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
	struct reason why = {.code = REASON_LEFT,
			     .text = shortened(e->left.reason)};
	struct str text;

	if (sip_reason_read(e->left.reason, &text) && text.n)
		why.text = shortened(text);
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
	size_t n = 0;

	for (; *p && !str_eq(str_z((*p)->entity), e->entity); n++)
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
	if (deleted || n == CONFINFO_ENDPOINTS_MAX)
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
	bool renamed = bs_keep(&u->entity, in->entity);

	if (full || in->nickname.n)
		renamed |= bs_keep(&u->nickname, shortened(in->nickname));
	if (full || in->display_text.n)
		renamed |= bs_keep(&u->display, shortened(in->display_text));
	if (renamed) {
		free(u->name);
		u->name = NULL;
	}
	if (full || in->associated_aor.n)
		bs_keep(&u->aor, in->associated_aor);
	if (full || in->show.n)
		bs_keep(&u->show, map_show(in->show));
	if (full || in->status.n)
		bs_keep(&u->status, shortened(in->status));
	if (full || in->n_roles)
		map_role_from_confinfo(in->roles, in->n_roles, &u->role,
				       &u->affiliation);
	if (full)
		drop_endpoints(u);
	for (size_t i = 0; i < in->n_endpoints; i++)
		merge_endpoint(u, &in->endpoints[i]);
	u->deleted = in->state == CONFINFO_DELETED;
	if (!u->deleted)
		return;
	drop_endpoints(u);
	if (u->why.code == REASON_OK)
		u->why.code = REASON_LEFT;
}

/* At most what `in` adds. */
static size_t most_octets(const struct confinfo_user *in)
{
	size_t n = in->entity.n + in->nickname.n + in->display_text.n +
		   in->associated_aor.n + in->status.n;

	for (size_t i = 0; i < in->n_endpoints; i++)
		n += sizeof(struct bs_endpoint) + in->endpoints[i].entity.n;
	return n;
}

bool bs_user_fits(const struct bs_leg *l, const struct confinfo_user *in)
{
	size_t max = l->b->cfg.config->limits.leg_roster;

	if (in->entity.n > ADDRESS_MAX || in->associated_aor.n > ADDRESS_MAX)
		return false;
	return !max || l->octets + most_octets(in) <= max;
}

void bs_user_merge(struct bs_leg *l, struct bs_user *u,
		   const struct confinfo_user *in, bool full)
{
	l->octets -= octets_of(u);
	merge(u, in, full);
	l->octets += octets_of(u);
}

/* Without endpoints he is there by being listed. */
bool bs_user_is_there(const struct bs_user *u)
{
	const struct bs_endpoint *e = u->endpoints;

	if (!e)
		return u->why.code == REASON_OK;
	for (; e; e = e->next)
		if (e->inside)
			return true;
	return false;
}

static void prepare_name(const struct bs_user *u, struct buf *out)
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

/* Normal forms take long: of a thousand names, 20 ms. */
struct str bs_user_name(struct bs_leg *l, struct bs_user *u)
{
	struct buf name = BUF_INIT(8192);

	if (!u->name) {
		prepare_name(u, &name);
		u->name = str_dup(buf_str(&name));
		l->octets += strlen(u->name);
	}
	buf_done(&name);
	return str_z(u->name);
}

/* What the conference says, else as we map him. */
void bs_user_jid(const struct bs_leg *l, const struct bs_user *u,
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
