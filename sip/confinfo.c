#include "sip/confinfo.h"

#include <libxml/parser.h>

#include "base/err.h"
#include "base/utf8.h"
#include "base/xmltext.h"
#include "sip/xmldoc.h"

#define NS_CONFINFO "urn:ietf:params:xml:ns:conference-info"
#define NS_XCON	    "urn:ietf:params:xml:ns:xcon-conference-info"
#define NS_CLIENT   "jabber:client"

/* ---- writing ---- */

/* Most texts need no escape at all: the whole slice is plain. */
static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c > 0x7e || c == '&' || c == '<' || c == '>' ||
		    c == '"' || c == '\'')
			return false;
	}
	return true;
}

/* Where the next code point that XML forbids starts, from i on; s.n: nowhere.
 * Its length goes to *n. */
static size_t find_forbidden(struct str s, size_t i, size_t *n)
{
	while (i < s.n) {
		size_t at = i;
		int32_t cp = utf8_next(s, &i);

		if (cp >= 0 && !xml_char((uint32_t)cp)) {
			*n = i - at;
			return at;
		}
	}
	*n = 0;
	return s.n;
}

static void add_escaped(struct buf *b, struct str s,
			void (*add)(struct buf *b, struct str s))
{
	if (is_plain(s)) {
		buf_add(b, s);
		return;
	}
	for (size_t i = 0; i < s.n;) {
		size_t n, end = find_forbidden(s, i, &n);

		add(b, str_of(s.p + i, end - i));
		i = end + n;
	}
}

static void add_text(struct buf *b, struct str s)
{
	add_escaped(b, s, xml_add_text);
}

/* name carries the space before it: attr(b, " entity", v). */
static void attr(struct buf *b, struct str name, struct str v)
{
	buf_add(b, name);
	buf_add(b, STR("=\""));
	add_escaped(b, v, xml_add_attr);
	buf_addc(b, '"');
}

/* An element of text, left out if it is empty. */
static void element(struct buf *b, struct str name, struct str text)
{
	if (text.n == 0)
		return;
	buf_addc(b, '<');
	buf_add(b, name);
	buf_addc(b, '>');
	add_text(b, text);
	buf_add(b, STR("</"));
	buf_add(b, name);
	buf_addc(b, '>');
}

static void number_element(struct buf *b, const char *name, size_t n)
{
	buf_addc(b, '<');
	buf_addz(b, name);
	buf_addc(b, '>');
	buf_addu(b, n);
	buf_addz(b, "</");
	buf_addz(b, name);
	buf_addc(b, '>');
}

static struct str state_name(enum confinfo_state s)
{
	switch (s) {
	case CONFINFO_PARTIAL:
		return STR("partial");
	case CONFINFO_DELETED:
		return STR("deleted");
	case CONFINFO_FULL:
		break;
	}
	return STR("full");
}

void confinfo_begin(struct buf *b, struct str entity, uint32_t version,
		    enum confinfo_state room_state)
{
	buf_add(b, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
		       "<conference-info xmlns=\"" NS_CONFINFO "\""
		       " xmlns:xcon=\"" NS_XCON "\""));
	attr(b, STR(" entity"), entity);
	attr(b, STR(" state"), state_name(room_state));
	buf_add(b, STR(" version=\""));
	buf_addu(b, version);
	buf_add(b, STR("\">"));
}

static void conf_uri(struct buf *b, struct str uri)
{
	if (uri.n == 0)
		return;
	buf_addz(b, "<entry>");
	element(b, STR("uri"), uri);
	buf_addz(b, "<purpose>participation</purpose></entry>");
}

void confinfo_description(struct buf *b, const struct confinfo_room *r)
{
	buf_addz(b, "<conference-description>");
	element(b, STR("display-text"), r->display_text);
	element(b, STR("subject"), r->subject);
	buf_addz(b, "<conf-uris>");
	conf_uri(b, r->entity);
	conf_uri(b, r->xmpp_uri);
	buf_addz(b, "</conf-uris>");
	if (r->max_users)
		number_element(b, "maximum-user-count", r->max_users);
	buf_addz(b, "</conference-description>");
}

void confinfo_conference_state(struct buf *b, const struct confinfo_room *r)
{
	buf_addz(b, "<conference-state>");
	number_element(b, "user-count", r->user_count);
	/* RFC 4575 §5.5.2: a call to the room would succeed */
	buf_addz(b, "<active>true</active>");
	element(b, STR("locked"), r->locked ? STR("true") : STR("false"));
	buf_addz(b, "</conference-state>");
}

void confinfo_users_begin(struct buf *b, enum confinfo_state state)
{
	buf_addz(b, "<users");
	attr(b, STR(" state"), state_name(state));
	buf_addc(b, '>');
}

static void write_disconnection(struct buf *b,
				const struct confinfo_endpoint *e)
{
	element(b, STR("disconnection-method"), e->disconnection_method);
	if (e->when.n == 0 && e->reason.n == 0)
		return;
	buf_add(b, STR("<disconnection-info>"));
	element(b, STR("when"), e->when);
	element(b, STR("reason"), e->reason);
	buf_add(b, STR("</disconnection-info>"));
}

/* RFC 4575 §6: the order of the schema. */
static void write_endpoint(struct buf *b, const struct confinfo_endpoint *e)
{
	buf_add(b, STR("<endpoint"));
	attr(b, STR(" entity"), e->entity);
	attr(b, STR(" state"), state_name(e->state));
	if (e->state == CONFINFO_DELETED) {
		buf_add(b, STR("/>"));
		return;
	}
	buf_addc(b, '>');
	element(b, STR("display-text"), e->display_text);
	element(b, STR("status"), e->status);
	element(b, STR("joining-method"), e->joining_method);
	write_disconnection(b, e);
	if (e->media_status.n) {
		buf_add(b, STR("<media id=\"1\"><type>message</type>"));
		element(b, STR("status"), e->media_status);
		buf_add(b, STR("</media>"));
	}
	buf_add(b, STR("</endpoint>"));
}

static void write_roles(struct buf *b, const struct confinfo_user *u)
{
	if (u->n_roles == 0)
		return;
	buf_add(b, STR("<roles>"));
	for (size_t i = 0; i < u->n_roles; i++)
		element(b, STR("entry"), u->roles[i]);
	buf_add(b, STR("</roles>"));
}

/* A child of another namespace (X2S-28). */
static void client_element(struct buf *b, struct str name, struct str text)
{
	if (text.n == 0)
		return;
	buf_addc(b, '<');
	buf_add(b, name);
	buf_add(b, STR(" xmlns=\"" NS_CLIENT "\">"));
	add_text(b, text);
	buf_add(b, STR("</"));
	buf_add(b, name);
	buf_addc(b, '>');
}

void confinfo_user(struct buf *b, const struct confinfo_user *u)
{
	buf_add(b, STR("<user"));
	attr(b, STR(" entity"), u->entity);
	attr(b, STR(" state"), state_name(u->state));
	if (u->state == CONFINFO_DELETED) {
		buf_add(b, STR("/>"));
		return;
	}
	if (u->nickname.n)
		attr(b, STR(" xcon:nickname"), u->nickname);
	buf_addc(b, '>');
	element(b, STR("display-text"), u->display_text);
	if (u->associated_aor.n) {
		buf_add(b, STR("<associated-aors><entry>"));
		element(b, STR("uri"), u->associated_aor);
		buf_add(b, STR("</entry></associated-aors>"));
	}
	write_roles(b, u);
	for (size_t i = 0; i < u->n_endpoints; i++)
		write_endpoint(b, &u->endpoints[i]);
	client_element(b, STR("show"), u->show);
	client_element(b, STR("status"), u->status);
	buf_add(b, STR("</user>"));
}

void confinfo_users_end(struct buf *b)
{
	buf_addz(b, "</users>");
}

void confinfo_end(struct buf *b)
{
	buf_addz(b, "</conference-info>");
}

/* ---- reading ---- */

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
		} else if (is_ours(c, "disconnection-info")) {
			e->when = child_text(r, c, "when");
			e->reason = child_text(r, c, "reason");
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
			doc->has_conference_state = true;
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
