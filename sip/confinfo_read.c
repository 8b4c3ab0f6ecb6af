/* What the elements of a document say; confinfo_parse.c finds them. */
#include <libxml/tree.h>

#include "base/err.h"
#include "sip/confinfo_priv.h"

static const xmlChar *xz(const char *z)
{
	return (const xmlChar *)z;
}

static bool is_element(const xmlNode *n, const char *ns, const char *name)
{
	return n->type == XML_ELEMENT_NODE && n->ns && n->ns->href &&
	       xmlStrEqual(n->ns->href, xz(ns)) &&
	       xmlStrEqual(n->name, xz(name));
}

static bool is_ours(const xmlNode *n, const char *name)
{
	return is_element(n, NS_CONFINFO, name);
}

/* Takes what libxml2 allocated into the arena; NULL is the empty slice. */
static struct str take(struct confinfo_reader *r, xmlChar *z)
{
	struct str s = STR_NONE;

	if (z) {
		s = str_trim_space(str_z((const char *)z));
		s = s.n ? arena_dup(r->arena, s) : STR_NONE;
		if (!s.p && str_trim_space(str_z((const char *)z)).n)
			r->err = ERR_TOO_BIG;
	}
	xmlFree(z);
	return s;
}

static struct str text_of(struct confinfo_reader *r, const xmlNode *n)
{
	return take(r, xmlNodeGetContent(n));
}

static struct str attr_of(struct confinfo_reader *r, const xmlNode *n,
			  const char *name)
{
	return take(r, xmlGetNoNsProp(n, xz(name)));
}

static enum confinfo_state state_of(struct confinfo_reader *r, const xmlNode *n)
{
	struct str s = attr_of(r, n, "state");

	if (s.n == 0 || str_eq(s, STR("full")))
		return CONFINFO_FULL;
	if (str_eq(s, STR("partial")))
		return CONFINFO_PARTIAL;
	if (!str_eq(s, STR("deleted")))
		r->err = ERR_SYNTAX;
	return CONFINFO_DELETED;
}

/* The text of the child of this name inside n, or the empty slice. */
static struct str child_text(struct confinfo_reader *r, const xmlNode *n,
			     const char *name)
{
	for (const xmlNode *c = n->children; c; c = c->next)
		if (is_ours(c, name))
			return text_of(r, c);
	return STR_NONE;
}

static struct confinfo_execution read_execution(struct confinfo_reader *r,
						const xmlNode *n)
{
	return (struct confinfo_execution){
	    .when = child_text(r, n, "when"),
	    .reason = child_text(r, n, "reason"),
	    .by = child_text(r, n, "by"),
	};
}

static void read_media(struct confinfo_reader *r, const xmlNode *n,
		       struct confinfo_endpoint *e)
{
	if (str_eq(child_text(r, n, "type"), STR("message")))
		e->media_status = child_text(r, n, "status");
}

static void read_endpoint(struct confinfo_reader *r, const xmlNode *n,
			  struct confinfo_user *u)
{
	struct str entity = attr_of(r, n, "entity");
	struct confinfo_endpoint *e;

	if (entity.n == 0)
		return;
	e = &u->endpoints[u->n_endpoints++];
	e->entity = entity;
	e->state = state_of(r, n);
	for (const xmlNode *c = n->children; c; c = c->next) {
		if (is_ours(c, "display-text")) {
			e->display_text = text_of(r, c);
		} else if (is_ours(c, "status")) {
			e->status = text_of(r, c);
		} else if (is_ours(c, "joining-method")) {
			e->joining_method = text_of(r, c);
		} else if (is_ours(c, "disconnection-method")) {
			e->disconnection_method = text_of(r, c);
		} else if (is_ours(c, "referred")) {
			e->referred = read_execution(r, c);
		} else if (is_ours(c, "joining-info")) {
			e->joined = read_execution(r, c);
		} else if (is_ours(c, "disconnection-info")) {
			e->left = read_execution(r, c);
		} else if (is_ours(c, "media")) {
			read_media(r, c, e);
		}
	}
}

static void read_aor(struct confinfo_reader *r, const xmlNode *n,
		     struct confinfo_user *u)
{
	for (const xmlNode *c = n->children; c && !u->associated_aor.n;
	     c = c->next)
		if (is_ours(c, "entry"))
			u->associated_aor = child_text(r, c, "uri");
}

static void read_roles(struct confinfo_reader *r, const xmlNode *n,
		       struct confinfo_user *u)
{
	const size_t max = sizeof(u->roles) / sizeof(u->roles[0]);

	for (const xmlNode *c = n->children; c && u->n_roles < max; c = c->next)
		if (is_ours(c, "entry")) {
			struct str role = text_of(r, c);

			if (role.n)
				u->roles[u->n_roles++] = role;
		}
}

/* Room for as many as there are. */
static void make_room(struct confinfo_reader *r, const xmlNode *n,
		      struct confinfo_user *u)
{
	size_t found = 0;

	for (const xmlNode *c = n->children; c; c = c->next)
		found += is_ours(c, "endpoint");
	if (found <= CONFINFO_ENDPOINTS_MAX)
		u->endpoints =
		    arena_alloc(r->arena, found * sizeof(*u->endpoints));
	if (!u->endpoints)
		r->err = ERR_TOO_BIG;
}

static void read_user(struct confinfo_reader *r, const xmlNode *n,
		      struct confinfo_user *u)
{
	make_room(r, n, u);
	u->state = state_of(r, n);
	u->nickname = take(r, xmlGetNsProp(n, xz("nickname"), xz(NS_XCON)));
	for (const xmlNode *c = n->children; c && !r->err; c = c->next) {
		if (is_ours(c, "display-text"))
			u->display_text = text_of(r, c);
		else if (is_ours(c, "associated-aors"))
			read_aor(r, c, u);
		else if (is_ours(c, "roles"))
			read_roles(r, c, u);
		else if (is_ours(c, "endpoint"))
			read_endpoint(r, c, u);
		else if (is_element(c, NS_CLIENT, "show"))
			u->show = text_of(r, c);
		else if (is_element(c, NS_CLIENT, "status"))
			u->status = text_of(r, c);
	}
}

void confinfo_read_user(struct confinfo_reader *r, const xmlNode *n)
{
	struct confinfo_user_node *node;
	struct str entity;

	if (!is_ours(n, "user"))
		return;
	entity = attr_of(r, n, "entity");
	if (entity.n == 0)
		return;
	node = arena_alloc(r->arena, sizeof(*node));
	if (!node) {
		r->err = ERR_TOO_BIG;
		return;
	}
	node->user.entity = entity;
	read_user(r, n, &node->user);
	*r->tail = node;
	r->tail = &node->next;
}

bool confinfo_is_users(const xmlNode *n)
{
	return is_ours(n, "users");
}

void confinfo_read_part(struct confinfo_reader *r, const xmlNode *n)
{
	struct confinfo_doc *doc = &r->doc;
	uint64_t count = 0;

	if (is_ours(n, "conference-description")) {
		doc->has_description = true;
		doc->display_text = child_text(r, n, "display-text");
		doc->subject = child_text(r, n, "subject");
	} else if (is_ours(n, "conference-state")) {
		/* an unreadable count is no count */
		str_u64(child_text(r, n, "user-count"), UINT32_MAX, &count);
		doc->user_count = (size_t)count;
	} else if (confinfo_is_users(n)) {
		doc->has_users = true;
		doc->users_state = state_of(r, n);
	}
}

void confinfo_read_root(struct confinfo_reader *r, const xmlNode *n)
{
	struct confinfo_doc *doc = &r->doc;
	struct str version = attr_of(r, n, "version");
	uint64_t number = 0;

	doc->entity = attr_of(r, n, "entity");
	doc->state = state_of(r, n);
	doc->has_version = version.n != 0;
	if (!is_ours(n, "conference-info") || doc->entity.n == 0 ||
	    (doc->has_version && str_u64(version, UINT32_MAX, &number) < 0))
		r->err = ERR_SYNTAX;
	doc->version = (uint32_t)number;
}
