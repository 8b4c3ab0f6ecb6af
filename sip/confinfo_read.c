#include <libxml/parser.h>

#include "base/err.h"
#include "sip/confinfo_priv.h"
#include "sip/xmldoc.h"

/* Reads one document; the first failure sticks in err. */
struct reader {
	struct arena *arena;
	int err;
};

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
static struct str take(struct reader *r, xmlChar *z)
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

static struct str text_of(struct reader *r, const xmlNode *n)
{
	return take(r, xmlNodeGetContent(n));
}

static struct str attr_of(struct reader *r, const xmlNode *n, const char *name)
{
	return take(r, xmlGetNoNsProp(n, xz(name)));
}

static enum confinfo_state state_of(struct reader *r, const xmlNode *n)
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
static struct str child_text(struct reader *r, const xmlNode *n,
			     const char *name)
{
	for (const xmlNode *c = n->children; c; c = c->next)
		if (is_ours(c, name))
			return text_of(r, c);
	return STR_NONE;
}

static struct confinfo_execution read_execution(struct reader *r,
						const xmlNode *n)
{
	return (struct confinfo_execution){
	    .when = child_text(r, n, "when"),
	    .reason = child_text(r, n, "reason"),
	    .by = child_text(r, n, "by"),
	};
}

static void read_media(struct reader *r, const xmlNode *n,
		       struct confinfo_endpoint *e)
{
	if (str_eq(child_text(r, n, "type"), STR("message")))
		e->media_status = child_text(r, n, "status");
}

static void read_endpoint(struct reader *r, const xmlNode *n,
			  struct confinfo_user *u)
{
	struct str entity = attr_of(r, n, "entity");
	struct confinfo_endpoint *e;

	if (entity.n == 0)
		return;
	if (u->n_endpoints == CONFINFO_ENDPOINTS_MAX) {
		r->err = ERR_TOO_BIG;
		return;
	}
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

static void read_aor(struct reader *r, const xmlNode *n,
		     struct confinfo_user *u)
{
	for (const xmlNode *c = n->children; c && !u->associated_aor.n;
	     c = c->next)
		if (is_ours(c, "entry"))
			u->associated_aor = child_text(r, c, "uri");
}

static void read_roles(struct reader *r, const xmlNode *n,
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

static void read_user(struct reader *r, const xmlNode *n,
		      struct confinfo_user *u)
{
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

static void read_users(struct reader *r, const xmlNode *n,
		       struct confinfo_doc *doc)
{
	struct confinfo_user_node **tail = &doc->users;

	doc->has_users = true;
	doc->users_state = state_of(r, n);
	while (*tail)
		tail = &(*tail)->next;
	for (const xmlNode *c = n->children; c && !r->err; c = c->next) {
		struct confinfo_user_node *node;
		struct str entity;

		if (!is_ours(c, "user"))
			continue;
		entity = attr_of(r, c, "entity");
		if (entity.n == 0)
			continue;
		node = arena_alloc(r->arena, sizeof(*node));
		if (!node) {
			r->err = ERR_TOO_BIG;
			return;
		}
		node->user.entity = entity;
		read_user(r, c, &node->user);
		*tail = node;
		tail = &node->next;
	}
}

static void read_root(struct reader *r, const xmlNode *root,
		      struct confinfo_doc *doc)
{
	struct str version = attr_of(r, root, "version");
	uint64_t n = 0;

	doc->entity = attr_of(r, root, "entity");
	doc->state = state_of(r, root);
	doc->has_version = version.n != 0;
	if (doc->entity.n == 0 ||
	    (doc->has_version && str_u64(version, UINT32_MAX, &n) < 0))
		r->err = ERR_SYNTAX;
	doc->version = (uint32_t)n;
	for (const xmlNode *c = root->children; c && !r->err; c = c->next) {
		if (is_ours(c, "conference-description")) {
			doc->has_description = true;
			doc->display_text = child_text(r, c, "display-text");
			doc->subject = child_text(r, c, "subject");
		} else if (is_ours(c, "conference-state")) {
			/* an unreadable count is no count */
			n = 0;
			str_u64(child_text(r, c, "user-count"), UINT32_MAX, &n);
			doc->user_count = (size_t)n;
		} else if (is_ours(c, "users")) {
			read_users(r, c, doc);
		}
	}
}

int confinfo_parse(struct str in, struct arena *a, struct confinfo_doc *out)
{
	struct reader r = {.arena = a};
	struct confinfo_doc result = {0};
	xmlDoc *doc;
	xmlNode *root;
	int err;

	if (in.n > CONFINFO_BYTES_MAX)
		return ERR_TOO_BIG;
	err = xmldoc_read(in, &doc);
	if (err < 0)
		return err;
	root = xmlDocGetRootElement(doc);
	if (!root || !is_ours(root, "conference-info"))
		r.err = ERR_SYNTAX;
	else
		read_root(&r, root, &result);
	xmlFreeDoc(doc);
	if (r.err)
		return r.err;
	*out = result;
	return 0;
}
