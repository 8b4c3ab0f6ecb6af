#include "mapping/composing.h"

#include <libxml/parser.h>

#include "base/err.h"
#include "sip/xmldoc.h"

#define NS_COMPOSING "urn:ietf:params:xml:ns:im-iscomposing"
#define BYTES_MAX    4096

static const xmlChar *xz(const char *z)
{
	return (const xmlChar *)z;
}

static bool is_ours(const xmlNode *n, const char *name)
{
	return n->type == XML_ELEMENT_NODE && n->ns &&
	       xmlStrEqual(n->ns->href, xz(NS_COMPOSING)) &&
	       xmlStrEqual(n->name, xz(name));
}

static int read_root(const xmlNode *root, bool *active)
{
	if (!root || !is_ours(root, "isComposing"))
		return ERR_SYNTAX;
	for (const xmlNode *c = root->children; c; c = c->next) {
		xmlChar *text;

		if (!is_ours(c, "state"))
			continue;
		text = xmlNodeGetContent(c);
		*active = str_eq(str_trim_space(str_z((const char *)text)),
				 STR("active"));
		xmlFree(text);
		return 0;
	}
	return ERR_SYNTAX;
}

int map_composing_read(struct str xml, bool *active)
{
	xmlDoc *doc;
	int err;

	if (str_trim_space(xml).n > BYTES_MAX)
		return ERR_SYNTAX;
	err = xmldoc_read(xml, &doc);
	if (err < 0)
		return err;
	err = read_root(xmlDocGetRootElement(doc), active);
	xmlFreeDoc(doc);
	return err;
}

void map_composing_write(struct buf *out, bool active)
{
	buf_addz(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
		      "<isComposing xmlns=\"" NS_COMPOSING "\"><state>");
	buf_addz(out, active ? "active" : "idle");
	buf_addz(out, "</state><contenttype>text/plain</contenttype>");
	if (active)
		buf_addf(out, "<refresh>%d</refresh>", MAP_COMPOSING_REFRESH_S);
	buf_addz(out, "</isComposing>");
}
