#include "sip/lists.h"

#include <libxml/parser.h>

#include "base/err.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "base/xmltext.h"
#include "sip/xmldoc.h"

#define NS_LISTS       "urn:ietf:params:xml:ns:resource-lists"
#define NS_COPY	       "urn:ietf:params:xml:ns:copycontrol"
#define NS_COPY_SAMPLE "urn:ietf:params:xml:ns:copyControl" /* RFC 5366 §8 */
#define ANONYMOUS      "sip:anonymous@anonymous.invalid"

static const xmlChar *xz(const char *z)
{
	return (const xmlChar *)z;
}

static bool is_element(const xmlNode *n, const char *name)
{
	return n->type == XML_ELEMENT_NODE && n->ns && n->ns->href &&
	       xmlStrEqual(n->ns->href, xz(NS_LISTS)) &&
	       xmlStrEqual(n->name, xz(name));
}

static struct str take(struct arena *a, xmlChar *z)
{
	struct str s =
	    z ? arena_dup(a, str_trim_space(str_z((const char *)z))) : STR_NONE;

	xmlFree(z);
	return s;
}

static struct str copy_attr(struct arena *a, const xmlNode *n, const char *name)
{
	xmlChar *z = xmlGetNsProp(n, xz(name), xz(NS_COPY));

	if (!z)
		z = xmlGetNsProp(n, xz(name), xz(NS_COPY_SAMPLE));
	return take(a, z);
}

static enum list_copy copy_of(struct str s)
{
	if (str_eq(s, STR("to")))
		return LIST_TO;
	return str_eq(s, STR("cc")) ? LIST_CC : LIST_BCC;
}

static struct str key_of(struct arena *a, struct str uri)
{
	struct buf b = BUF_INIT(LIST_BYTES_MAX);
	struct str key =
	    uri_key(&b, uri) == 0 ? arena_dup(a, buf_str(&b)) : uri;

	buf_done(&b);
	return key;
}

static struct list_entry *same(struct uri_list *l, struct str key)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->entry[i].key, key))
			return &l->entry[i];
	return NULL;
}

static int add(struct uri_list *l, const struct list_entry *e)
{
	struct list_entry *old = same(l, e->key);

	if (old) {
		if (e->copy > old->copy)
			old->copy = e->copy;
		old->anonymize = old->anonymize || e->anonymize;
		return 0;
	}
	if (l->n == LIST_ENTRIES_MAX)
		return ERR_TOO_BIG;
	l->entry[l->n++] = *e;
	return 0;
}

static int read_entry(const xmlNode *n, struct arena *a, struct uri_list *out)
{
	struct list_entry e = {.count = 1};
	struct str flag;

	e.uri = take(a, xmlGetNoNsProp(n, xz("uri")));
	if (!e.uri.n)
		return ERR_SYNTAX;
	e.key = key_of(a, e.uri);
	e.copy = copy_of(copy_attr(a, n, "copyControl"));
	flag = copy_attr(a, n, "anonymize");
	e.anonymize = str_eq(flag, STR("true")) || str_eq(flag, STR("1"));
	return add(out, &e);
}

static int read_lists(const xmlNode *root, struct arena *a,
		      struct uri_list *out)
{
	int err = 0;

	if (!root || !is_element(root, "resource-lists"))
		return ERR_SYNTAX;
	for (const xmlNode *l = root->children; l; l = l->next) {
		if (!is_element(l, "list"))
			continue;
		for (const xmlNode *n = l->children; n && !err; n = n->next)
			if (is_element(n, "entry"))
				err = read_entry(n, a, out);
	}
	return err;
}

int list_parse(struct str in, struct arena *a, struct uri_list *out)
{
	xmlDoc *doc;
	int err;

	out->n = 0;
	if (in.n > LIST_BYTES_MAX)
		return ERR_TOO_BIG;
	err = xmldoc_read(in, &doc);
	if (err < 0)
		return err;
	err = read_lists(xmlDocGetRootElement(doc), a, out);
	xmlFreeDoc(doc);
	return err;
}

/* --- what others may know --- */

static const char *copy_name(enum list_copy copy)
{
	return copy == LIST_TO ? "to" : "cc";
}

static void put_entry(struct buf *b, struct str uri, enum list_copy copy,
		      unsigned count)
{
	buf_addz(b, "<entry uri=\"");
	xml_add_attr(b, uri);
	buf_addf(b, "\" cp:copyControl=\"%s\"", copy_name(copy));
	if (count)
		buf_addf(b, " cp:count=\"%u\"", count);
	buf_addz(b, "/>");
}

static void put_level(struct buf *b, const struct uri_list *l,
		      enum list_copy copy)
{
	unsigned hidden = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct list_entry *e = &l->entry[i];

		if (e->copy != copy)
			continue;
		if (e->anonymize)
			hidden += e->count;
		else
			put_entry(b, e->uri, copy, 0);
	}
	if (hidden)
		put_entry(b, STR(ANONYMOUS), copy, hidden);
}

bool list_write_history(struct buf *b, const struct uri_list *l)
{
	bool any = false;

	for (size_t i = 0; i < l->n; i++)
		any = any || l->entry[i].copy != LIST_BCC;
	if (!any)
		return false;
	buf_addz(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		    "<resource-lists xmlns=\"" NS_LISTS "\" xmlns:cp=\"" NS_COPY
		    "\"><list>");
	put_level(b, l, LIST_TO);
	put_level(b, l, LIST_CC);
	buf_addz(b, "</list></resource-lists>\n");
	return true;
}
