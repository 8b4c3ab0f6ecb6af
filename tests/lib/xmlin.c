#include "tests/lib/xmlin.h"

#include <libxml/parser.h>

struct level {
	struct xnode *node, *last;
};

struct reader {
	xmlParserCtxtPtr parser;
	struct arena *arena;
	struct level open[X_DEPTH_MAX];
	size_t depth;
	struct xnode *root;
	bool failed;
};

static struct str xstr(const xmlChar *z)
{
	return str_z((const char *)z);
}

static void fail(struct reader *r)
{
	r->failed = true;
	xmlStopParser(r->parser);
}

static void add_child(struct reader *r, struct xnode *n)
{
	struct level *top = &r->open[r->depth - 1];

	x_add_child(top->node, top->last, n);
	top->last = n;
}

static int add_attr(struct reader *r, struct xnode *n, const xmlChar **a)
{
	struct str name = xstr(a[0]), ns = xstr(a[2]);
	struct str value = str_of((const char *)a[3], (size_t)((a[4] - a[3])));

	if (str_eq(ns, STR("http://www.w3.org/XML/1998/namespace")))
		name = arena_printf(r->arena, "xml:%.*s", STR_ARG(name));
	else if (ns.n)
		return 0;
	return x_add_attr(r->arena, n, name, value);
}

static void on_start(void *user, const xmlChar *name, const xmlChar *prefix,
		     const xmlChar *uri, int n_ns, const xmlChar **namespaces,
		     int n_attrs, int n_defaulted, const xmlChar **attrs)
{
	struct reader *r = user;
	struct str ns = xstr(uri);
	struct xnode *n;

	(void)prefix;
	(void)n_ns;
	(void)namespaces;
	(void)n_defaulted;
	if (!ns.n || str_eq(ns, STR("jabber:component:accept")))
		ns = STR(NS_CLIENT);
	n = x_new(r->arena, xstr(name), ns);
	if (!n || r->depth == X_DEPTH_MAX) {
		fail(r);
		return;
	}
	for (int i = n_attrs - 1; i >= 0; i--)
		if (add_attr(r, n, attrs + 5 * i) < 0) {
			fail(r);
			return;
		}
	if (r->depth)
		add_child(r, n);
	else
		r->root = n;
	r->open[r->depth++] = (struct level){n, NULL};
}

static void on_end(void *user, const xmlChar *name, const xmlChar *prefix,
		   const xmlChar *uri)
{
	struct reader *r = user;

	(void)name;
	(void)prefix;
	(void)uri;
	if (r->depth)
		r->depth--;
}

static void on_text(void *user, const xmlChar *p, int n)
{
	struct reader *r = user;
	struct xnode *text;

	if (!r->depth || n <= 0)
		return;
	text = x_new_text(r->arena, str_of((const char *)p, (size_t)n));
	if (text)
		add_child(r, text);
	else
		fail(r);
}

static void on_dtd(void *user, const xmlChar *name, const xmlChar *external,
		   const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	fail(user);
}

struct xnode *xmlin_parse(struct arena *a, struct str text)
{
	xmlSAXHandler sax = {
	    .initialized = XML_SAX2_MAGIC,
	    .internalSubset = on_dtd,
	    .startElementNs = on_start,
	    .endElementNs = on_end,
	    .characters = on_text,
	    .cdataBlock = on_text,
	};
	struct reader r = {.arena = a};
	bool fine;

	if (!text.n || text.n > INT32_MAX)
		return NULL;
	r.parser = xmlCreatePushParserCtxt(&sax, &r, NULL, 0, NULL);
	if (!r.parser)
		return NULL;
	/* Without NOENT an attribute's &amp; would read as "&#38;"; there are
	 * no other entities, since a DTD ends the parsing. */
	xmlCtxtUseOptions(r.parser, XML_PARSE_NONET | XML_PARSE_NOENT |
					XML_PARSE_NOERROR |
					XML_PARSE_NOWARNING);
	fine = xmlParseChunk(r.parser, text.p, (int)text.n, 1) == 0 &&
	       r.parser->nsWellFormed;
	if (r.parser->myDoc)
		xmlFreeDoc(r.parser->myDoc);
	xmlFreeParserCtxt(r.parser);
	return fine && !r.failed ? r.root : NULL;
}
