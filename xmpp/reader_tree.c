/* The tree of one document. Namespaces are resolved here and not by expat,
 * which writes a namespace out for every attribute that has it. */
#include "xmpp/reader_priv.h"

#define NS_COMPONENT "jabber:component:accept"
#define NS_XML	     "http://www.w3.org/XML/1998/namespace"

/* A name without prefix has an empty one. */
struct qname {
	struct str prefix, local;
};

static void stop(struct reader *r)
{
	r->ended = true;
	XML_StopParser(r->parser, XML_FALSE);
}

static void fail(struct reader *r, const char *condition)
{
	if (!r->bad)
		r->bad = condition;
	stop(r);
}

void reader_refuse(struct reader *r)
{
	r->refused = true;
	if (r->root)
		r->root->children = NULL;
	buf_clear(&r->text);
}

/* Namespaces in XML 1.0 §4. */
static bool split(struct str name, struct qname *out)
{
	ptrdiff_t colon = str_find(name, ':');

	*out = (struct qname){STR_NONE, name};
	if (colon < 0)
		return true;
	out->prefix = str_of(name.p, (size_t)colon);
	out->local = str_from(name, (size_t)colon + 1);
	return out->prefix.n && out->local.n && str_find(out->local, ':') < 0;
}

static const struct binding *find_prefix(const struct scope *s,
					 struct str prefix)
{
	for (size_t i = s->n; i-- > 0;)
		if (str_eq(s->prefix[i].prefix, prefix))
			return &s->prefix[i];
	return NULL;
}

static bool is_xml(struct str prefix)
{
	return str_eq(prefix, STR("xml"));
}

static struct arena *arena_of(struct reader *r)
{
	return r->phase == AT_HEADER ? r->stream : r->stanza;
}

/* 0; negative where it is refused. */
static int declare(struct reader *r, struct str prefix, struct str ns)
{
	struct arena *a = arena_of(r);
	struct binding b = {arena_dup(a, prefix), arena_dup(a, ns)};

	/* Namespaces in XML 1.0 §3: what nobody can declare */
	if (!ns.n || str_eq(prefix, STR("xmlns")) ||
	    is_xml(prefix) != str_eq(ns, STR(NS_XML))) {
		fail(r, "not-well-formed");
		return -1;
	}
	if (!b.prefix.p || !b.ns.p || r->scope.n == READER_PREFIXES_MAX)
		return -1;
	r->scope.prefix[r->scope.n++] = b;
	return 0;
}

/* Takes the declarations of an element; *ns is the default namespace. */
static int declare_all(struct reader *r, const XML_Char **attrs, struct str *ns)
{
	size_t n = 0;

	for (; attrs[0]; attrs += 2) {
		struct str name = str_z(attrs[0]), value = str_z(attrs[1]);

		if (++n > READER_ATTRS_MAX)
			return -1;
		if (str_eq(name, STR("xmlns"))) {
			*ns = str_eq(value, STR(NS_COMPONENT))
				  ? STR(NS_CLIENT)
				  : arena_dup(arena_of(r), value);
			if (!ns->p)
				return -1;
		} else if (str_starts(name, STR("xmlns:")) &&
			   declare(r, str_from(name, 6), value) < 0) {
			return -1;
		}
	}
	return 0;
}

static int add_attr(struct reader *r, struct xnode *n, const XML_Char **attr)
{
	struct str name = str_z(attr[0]);
	struct qname q;

	if (str_eq(name, STR("xmlns")) || str_starts(name, STR("xmlns:")))
		return 0;
	if (!split(name, &q) || (q.prefix.n && !is_xml(q.prefix) &&
				 !find_prefix(&r->scope, q.prefix))) {
		fail(r, "not-well-formed");
		return -1;
	}
	if (q.prefix.n && !str_eq(name, STR("xml:lang")))
		return 0;
	return x_add_attr(arena_of(r), n, name, str_z(attr[1]));
}

/* From the last on, as they are put in front of each other. */
static int add_attrs(struct reader *r, struct xnode *n, const XML_Char **attrs)
{
	size_t count = 0;

	while (attrs[count])
		count += 2;
	for (; count; count -= 2)
		if (add_attr(r, n, attrs + count - 2) < 0)
			return -1;
	return 0;
}

static bool can_begin(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static struct xnode *new_element(struct reader *r, struct str name,
				 struct str ns, const XML_Char **attrs)
{
	const struct binding *b;
	struct xnode *n;
	struct qname q;

	if (!split(name, &q)) {
		fail(r, "not-well-formed");
		return NULL;
	}
	if (q.prefix.n) {
		b = find_prefix(&r->scope, q.prefix);
		if (!b) {
			fail(r, "not-well-formed");
			return NULL;
		}
		ns = str_eq(b->ns, STR(NS_COMPONENT)) ? STR(NS_CLIENT) : b->ns;
		/* "a:1" is a name, "1" is none: it could not be passed on */
		if (!can_begin(*q.local.p))
			return NULL;
	}
	n = x_new_in(arena_of(r), q.local, ns);
	return n && add_attrs(r, n, attrs) == 0 ? n : NULL;
}

static void add_child(struct reader *r, struct xnode *n)
{
	struct level *top = &r->open[r->depth - 1];

	x_add_child(top->node, top->last, n);
	top->last = n;
}

static void take_text(struct reader *r)
{
	struct xnode *n;

	if (!r->text.n)
		return;
	n = x_new_text(r->stanza, buf_str(&r->text));
	buf_clear(&r->text);
	if (n)
		add_child(r, n);
	else
		reader_refuse(r);
}

/* What is refused for its attributes is answered all the same. */
static void keep_address(struct reader *r, struct str name,
			 const XML_Char **attrs)
{
	static const char *const address[] = {"from", "to", "type", "id"};
	struct xnode *n = x_new_in(r->stanza, name, STR(NS_CLIENT));

	for (; n && attrs[0]; attrs += 2)
		for (size_t i = 0; i < 4; i++)
			if (strcmp(attrs[0], address[i]) == 0 &&
			    x_add_attr(r->stanza, n, str_z(attrs[0]),
				       str_z(attrs[1])) < 0)
				return;
	r->root = n;
}

/* Is the namespace of n written out too often? */
static bool spreads(struct reader *r, const struct xnode *n)
{
	if (!r->depth || !str_eq(n->ns, r->open[r->depth - 1].node->ns))
		r->spread += n->ns.n;
	return r->spread > READER_SPREAD * r->max;
}

static void open_element(struct reader *r, struct str name,
			 const XML_Char **attrs)
{
	struct level l = {.ns = r->depth ? r->open[r->depth - 1].ns
					 : r->stream_ns,
			  .prefixes = r->scope.n};

	if (r->depth == X_DEPTH_MAX || declare_all(r, attrs, &l.ns) < 0 ||
	    !(l.node = new_element(r, name, l.ns, attrs)) ||
	    spreads(r, l.node)) {
		reader_refuse(r);
		if (!r->depth && r->phase == AT_STANZAS)
			keep_address(r, name, attrs);
		return;
	}
	if (r->depth)
		add_child(r, l.node);
	else
		r->root = l.node;
	r->open[r->depth] = l;
}

static void on_start(void *user, const XML_Char *name, const XML_Char **attrs)
{
	struct reader *r = user;

	if (r->ended)
		return;
	if (!r->refused && r->depth)
		take_text(r);
	if (!r->refused)
		open_element(r, str_z(name), attrs);
	r->depth++;
	if (r->depth > r->deepest)
		r->deepest = r->depth;
	if (r->phase == AT_HEADER && !r->ended) {
		r->end = (size_t)XML_GetCurrentByteIndex(r->parser) +
			 (size_t)XML_GetCurrentByteCount(r->parser);
		stop(r);
	}
}

static void on_end(void *user, const XML_Char *name)
{
	struct reader *r = user;

	(void)name;
	if (r->ended)
		return;
	if (!r->refused)
		take_text(r);
	r->depth--;
	if (!r->refused)
		r->scope.n = r->open[r->depth].prefixes;
	if (r->depth)
		return;
	r->end = (size_t)XML_GetCurrentByteIndex(r->parser) +
		 (size_t)XML_GetCurrentByteCount(r->parser);
	stop(r);
}

static void on_text(void *user, const XML_Char *p, int n)
{
	struct reader *r = user;

	if (!r->ended && !r->refused)
		buf_add(&r->text, str_of(p, (size_t)n));
}

/* RFC 6120 §11.1: what no stream may have. */
static void on_comment(void *user, const XML_Char *text)
{
	(void)text;
	fail(user, "restricted-xml");
}

static void on_instruction(void *user, const XML_Char *target,
			   const XML_Char *data)
{
	(void)target;
	(void)data;
	fail(user, "restricted-xml");
}

static void on_doctype(void *user, const XML_Char *name, const XML_Char *system,
		       const XML_Char *public, int has_subset)
{
	(void)name;
	(void)system;
	(void)public;
	(void)has_subset;
	fail(user, "restricted-xml");
}

/* In front of the stream's header only (RFC 6120 §11.4). */
static void on_declaration(void *user, const XML_Char *version,
			   const XML_Char *encoding, int standalone)
{
	struct reader *r = user;

	(void)version;
	(void)standalone;
	if (r->phase != AT_HEADER)
		fail(r, "restricted-xml");
	else if (encoding && !str_ieq(str_z(encoding), STR("UTF-8")))
		fail(r, "unsupported-encoding");
}

void reader_set_handlers(struct reader *r)
{
	XML_Parser p = r->parser;

	XML_SetUserData(p, r);
	XML_SetElementHandler(p, on_start, on_end);
	XML_SetCharacterDataHandler(p, on_text);
	XML_SetCommentHandler(p, on_comment);
	XML_SetProcessingInstructionHandler(p, on_instruction);
	XML_SetStartDoctypeDeclHandler(p, on_doctype);
	XML_SetXmlDeclHandler(p, on_declaration);
#ifdef HAVE_REPARSE_DEFERRAL
	/* a stanza that is whole must not wait for the next one */
	XML_SetReparseDeferralEnabled(p, XML_FALSE);
#endif
}
