#include "xmpp/stanza.h"

#include "base/err.h"
#include "base/xmltext.h"

#define JID_PART_MAX 1023

static const struct xattr *find_attr(const struct xnode *n, const char *name)
{
	for (const struct xattr *a = n->attrs; a; a = a->next)
		if (str_eq(a->name, str_z(name)))
			return a;
	return NULL;
}

struct str x_attr(const struct xnode *n, const char *name)
{
	const struct xattr *a = n ? find_attr(n, name) : NULL;

	return a ? a->value : STR_NONE;
}

bool x_has_attr(const struct xnode *n, const char *name)
{
	return n && find_attr(n, name);
}

bool x_is(const struct xnode *n, const char *name, const char *ns)
{
	return n && n->name.n && (!name || str_eq(n->name, str_z(name))) &&
	       (!ns || str_eq(n->ns, str_z(ns)));
}

static const struct xnode *first_of(const struct xnode *n, const char *name,
				    const char *ns)
{
	while (n && !x_is(n, name, ns))
		n = n->next;
	return n;
}

const struct xnode *x_child(const struct xnode *n, const char *name,
			    const char *ns)
{
	return n ? first_of(n->children, name, ns) : NULL;
}

const struct xnode *x_next(const struct xnode *n, const char *name,
			   const char *ns)
{
	return n ? first_of(n->next, name, ns) : NULL;
}

struct str x_text(const struct xnode *n, struct arena *a)
{
	size_t runs = 0, total = 0;
	struct str all = STR_NONE;
	char *p;

	for (const struct xnode *c = n ? n->children : NULL; c; c = c->next) {
		if (c->name.n || !c->text.n)
			continue;
		all = c->text;
		runs++;
		total += c->text.n;
	}
	if (runs < 2)
		return all;
	p = arena_alloc(a, total);
	if (!p)
		return STR_NONE;
	all = str_of(p, total);
	for (const struct xnode *c = n->children; c; c = c->next) {
		if (c->name.n || !c->text.n)
			continue;
		memcpy(p, c->text.p, c->text.n);
		p += c->text.n;
	}
	return all;
}

struct xnode *x_new_in(struct arena *a, struct str name, struct str ns)
{
	struct xnode *n = arena_alloc(a, sizeof(*n));

	if (!n || str_eq(ns, STR("http://www.w3.org/XML/1998/namespace")) ||
	    str_eq(ns, STR("http://www.w3.org/2000/xmlns/")))
		return NULL;
	n->name = arena_dup(a, name);
	n->ns = ns;
	return n->name.p ? n : NULL;
}

struct xnode *x_new(struct arena *a, struct str name, struct str ns)
{
	struct xnode *n = x_new_in(a, name, ns);

	if (!n)
		return NULL;
	n->ns = arena_dup(a, ns);
	return n->ns.p ? n : NULL;
}

struct xnode *x_new_text(struct arena *a, struct str text)
{
	struct xnode *n = arena_alloc(a, sizeof(*n));

	if (!n)
		return NULL;
	n->text = arena_dup(a, text);
	return n->text.p ? n : NULL;
}

int x_add_attr(struct arena *a, struct xnode *n, struct str name,
	       struct str value)
{
	struct xattr *attr = arena_alloc(a, sizeof(*attr));

	if (!attr)
		return ERR_TOO_BIG;
	attr->name = arena_dup(a, name);
	attr->value = arena_dup(a, value);
	if (!attr->name.p || !attr->value.p)
		return ERR_TOO_BIG;
	attr->next = n->attrs;
	n->attrs = attr;
	return 0;
}

void x_add_child(struct xnode *parent, struct xnode *last, struct xnode *child)
{
	if (last)
		last->next = child;
	else
		parent->children = child;
}

struct xnode *x_copy(struct arena *a, const struct xnode *n)
{
	struct xnode *to =
	    n->name.n ? x_new(a, n->name, n->ns) : x_new_text(a, n->text);
	struct xnode *last = NULL, *c;

	if (!to)
		return NULL;
	for (const struct xattr *at = n->attrs; at; at = at->next)
		if (x_add_attr(a, to, at->name, at->value) < 0)
			return NULL;
	for (const struct xnode *child = n->children; child;
	     child = child->next, last = c) {
		c = x_copy(a, child);
		if (!c)
			return NULL;
		x_add_child(to, last, c);
	}
	return to;
}

static void write_attr(struct buf *b, struct str name, struct str value)
{
	buf_addc(b, ' ');
	buf_add(b, name);
	buf_addz(b, "='");
	xml_add_attr(b, value);
	buf_addc(b, '\'');
}

void x_write(struct buf *b, const struct xnode *n, struct str around)
{
	if (b->err)
		return;
	if (!n->name.n) {
		xml_add_text(b, n->text);
		return;
	}
	buf_addc(b, '<');
	buf_add(b, n->name);
	if (!str_eq(n->ns, around))
		write_attr(b, STR("xmlns"), n->ns);
	for (const struct xattr *a = n->attrs; a; a = a->next)
		write_attr(b, a->name, a->value);
	if (!n->children) {
		buf_addz(b, "/>");
		return;
	}
	buf_addc(b, '>');
	for (const struct xnode *c = n->children; c; c = c->next)
		x_write(b, c, n->ns);
	buf_addz(b, "</");
	buf_add(b, n->name);
	buf_addc(b, '>');
}

void x_open(struct buf *b, const char *name, struct str from, struct str to,
	    struct str type, struct str id)
{
	buf_addc(b, '<');
	buf_addz(b, name);
	x_put_attr(b, "from", from);
	x_put_attr(b, "to", to);
	x_put_attr(b, "type", type);
	x_put_attr(b, "id", id);
}

void x_put_attr(struct buf *b, const char *name, struct str value)
{
	if (value.n)
		write_attr(b, str_z(name), value);
}

void x_put_text(struct buf *b, const char *name, struct str text)
{
	buf_addc(b, '<');
	buf_addz(b, name);
	buf_addc(b, '>');
	xml_add_text(b, text);
	buf_addz(b, "</");
	buf_addz(b, name);
	buf_addc(b, '>');
}

void x_put_mediated(struct buf *b, const char *what, const char *attr,
		    struct str whom, struct str reason)
{
	buf_addf(b, "<x xmlns='" NS_MUC_USER "'><%s", what);
	x_put_attr(b, attr, whom);
	buf_addc(b, '>');
	if (reason.n)
		x_put_text(b, "reason", reason);
	buf_addf(b, "</%s></x></message>", what);
}

void x_read_error(const struct xnode *stanza, struct arena *a,
		  struct stanza_error *out)
{
	const struct xnode *error = x_child(stanza, "error", NULL);
	const struct xnode *c = x_child(error, NULL, NS_STANZAS);

	while (c && x_is(c, "text", NULL))
		c = x_next(c, NULL, NS_STANZAS);
	out->type = arena_dup(a, x_attr(error, "type")).p;
	out->condition = c ? arena_dup(a, c->name).p : NULL;
	if (!out->type)
		out->type = "";
	if (!out->condition)
		out->condition = "";
}

void x_put_error(struct buf *b, struct stanza_error e, struct str by,
		 struct str text)
{
	x_put_error_at(b, e, by, text, STR_NONE);
}

void x_put_error_at(struct buf *b, struct stanza_error e, struct str by,
		    struct str text, struct str address)
{
	buf_addz(b, "<error");
	x_put_attr(b, "type", str_z(e.type));
	x_put_attr(b, "by", by);
	buf_addz(b, "><");
	buf_addz(b, e.condition);
	buf_addz(b, " xmlns='" NS_STANZAS "'");
	if (address.n) {
		buf_addc(b, '>');
		xml_add_text(b, address);
		buf_addf(b, "</%s>", e.condition);
	} else {
		buf_addz(b, "/>");
	}
	if (text.n) {
		buf_addz(b, "<text xmlns='" NS_STANZAS "' xml:lang='en'>");
		xml_add_text(b, text);
		buf_addz(b, "</text>");
	}
	buf_addz(b, "</error>");
}

int jid_split(struct str s, struct jid *out)
{
	struct jid j = {.full = s, .bare = s};
	ptrdiff_t slash = str_find(s, '/'), at;

	if (slash >= 0) {
		j.bare = str_of(s.p, (size_t)slash);
		j.resource = str_from(s, (size_t)slash + 1);
		if (!j.resource.n)
			return ERR_SYNTAX;
	}
	j.domain = j.bare;
	at = str_find(j.bare, '@');
	if (at >= 0) {
		j.node = str_of(j.bare.p, (size_t)at);
		j.domain = str_from(j.bare, (size_t)at + 1);
		if (!j.node.n)
			return ERR_SYNTAX;
	}
	if (!j.domain.n || j.node.n > JID_PART_MAX ||
	    j.domain.n > JID_PART_MAX || j.resource.n > JID_PART_MAX)
		return ERR_SYNTAX;
	*out = j;
	return 0;
}

int x_addresses(const struct xnode *stanza, struct jid *from, struct jid *to)
{
	int err = jid_split(x_attr(stanza, "from"), from);

	return err < 0 ? err : jid_split(x_attr(stanza, "to"), to);
}

static bool owes_error(const struct xnode *stanza)
{
	struct str type = x_attr(stanza, "type");

	if (x_is(stanza, "presence", NS_CLIENT))
		return type.n == 0;
	if (x_is(stanza, "iq", NS_CLIENT))
		return str_eq(type, STR("get")) || str_eq(type, STR("set"));
	return x_is(stanza, "message", NS_CLIENT) &&
	       !str_eq(type, STR("error"));
}

bool x_put_misaddressed(struct buf *out, const struct xnode *stanza,
			struct str domain)
{
	static const struct stanza_error malformed = {"modify",
						      "jid-malformed"};
	struct str from = x_attr(stanza, "from");
	struct jid jid;

	if (jid_split(x_attr(stanza, "to"), &jid) == 0)
		return false;
	if (!owes_error(stanza) || jid_split(from, &jid) < 0)
		return true;
	buf_addc(out, '<');
	buf_add(out, stanza->name);
	x_put_attr(out, "from", domain);
	x_put_attr(out, "to", from);
	x_put_attr(out, "type", STR("error"));
	x_put_attr(out, "id", x_attr(stanza, "id"));
	buf_addc(out, '>');
	x_put_error(out, malformed, STR_NONE, STR_NONE);
	buf_addf(out, "</%.*s>", STR_ARG(stanza->name));
	return true;
}
