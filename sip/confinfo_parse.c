/* A document is parsed piece by piece, and each user goes out of libxml2's tree
 * as soon as he has been read: of a long one there is never much in memory. */
#include <stdlib.h>

#include <libxml/SAX2.h>
#include <libxml/parser.h>

#include "base/err.h"
#include "base/mem.h"
#include "sip/confinfo_priv.h"
#include "sip/xmldoc.h"

#define FIRST_OCTETS 4	   /* by which libxml2 guesses the encoding */
#define THINGS_MAX   20000 /* elements and attributes of one user */

static void fail(struct confinfo_reader *r, int err)
{
	r->err = err;
	xmlStopParser(r->xml);
}

static void on_start(void *ctxt, const xmlChar *name, const xmlChar *prefix,
		     const xmlChar *uri, int n_namespaces,
		     const xmlChar **namespaces, int n_attributes,
		     int n_defaulted, const xmlChar **attributes)
{
	struct confinfo_reader *r = ((xmlParserCtxt *)ctxt)->_private;

	r->depth++;
	r->things += 1 + (size_t)n_attributes + (size_t)n_namespaces;
	if (r->things > THINGS_MAX) {
		fail(r, ERR_TOO_BIG);
		return;
	}
	xmlSAX2StartElementNs(ctxt, name, prefix, uri, n_namespaces, namespaces,
			      n_attributes, n_defaulted, attributes);
}

static void drop(struct confinfo_reader *r, xmlNode *n)
{
	xmlUnlinkNode(n);
	xmlFreeNode(n);
	r->things = 0;
}

static void on_end(void *ctxt, const xmlChar *name, const xmlChar *prefix,
		   const xmlChar *uri)
{
	struct confinfo_reader *r = ((xmlParserCtxt *)ctxt)->_private;
	xmlNode *n = r->xml->node;

	xmlSAX2EndElementNs(ctxt, name, prefix, uri);
	r->depth--;
	if (r->depth == 0)
		confinfo_read_root(r, n);
	else if (r->depth == 1)
		confinfo_read_part(r, n);
	else if (r->depth == 2 && confinfo_is_users(n->parent))
		confinfo_read_user(r, n);
	if (r->depth == 1 || (r->depth == 2 && confinfo_is_users(n->parent)))
		drop(r, n);
	if (r->err)
		xmlStopParser(r->xml);
}

/* Between users there is nothing to be kept; what is there would make libxml2
 * take the text after a user who is gone for its end. */
static void on_text(void *ctxt, const xmlChar *text, int n)
{
	const struct confinfo_reader *r = ((xmlParserCtxt *)ctxt)->_private;

	if (r->depth > 2)
		xmlSAX2Characters(ctxt, text, n);
}

static int begin(struct confinfo_reader *r)
{
	xmlSAXHandler sax = {0};

	xmlSAXVersion(&sax, 2);
	sax.startElementNs = on_start;
	sax.endElementNs = on_end;
	sax.characters = sax.ignorableWhitespace = sax.cdataBlock = on_text;
	sax.comment = NULL;
	sax.processingInstruction = NULL;
	if (r->rest.n < FIRST_OCTETS)
		return ERR_SYNTAX;
	r->xml =
	    xmlCreatePushParserCtxt(&sax, NULL, r->rest.p, FIRST_OCTETS, NULL);
	if (!r->xml)
		return ERR_TOO_BIG;
	r->rest = str_from(r->rest, FIRST_OCTETS);
	r->xml->_private = r;
	xmlCtxtUseOptions(r->xml, XMLDOC_OPTIONS);
	return 0;
}

struct confinfo_reader *confinfo_reader_new(struct str in, struct arena *a)
{
	struct confinfo_reader *r = mem_new(sizeof(*r));

	r->arena = a;
	r->rest = in;
	r->tail = &r->doc.users;
	return r;
}

void confinfo_reader_free(struct confinfo_reader *r)
{
	if (r->xml) {
		xmlFreeDoc(r->xml->myDoc);
		xmlFreeParserCtxt(r->xml);
	}
	free(r);
}

static int finish(struct confinfo_reader *r, struct confinfo_doc *out)
{
	if (!r->err && !r->xml->wellFormed)
		r->err = ERR_SYNTAX;
	if (!r->err && r->xml->myDoc && r->xml->myDoc->intSubset)
		r->err = ERR_UNSUPPORTED;
	if (!r->err)
		*out = r->doc;
	return r->err;
}

int confinfo_reader_go(struct confinfo_reader *r, size_t octets,
		       struct confinfo_doc *out)
{
	size_t n;

	if (!r->xml) {
		r->err = r->rest.n > CONFINFO_BYTES_MAX
			     ? ERR_TOO_BIG
			     : xmldoc_check(&r->rest);
		if (!r->err)
			r->err = begin(r);
		if (r->err || r->rest.n > octets)
			return r->err ? r->err : 1;
	}
	n = r->rest.n < octets ? r->rest.n : octets;
	xmlParseChunk(r->xml, r->rest.p, (int)n, n == r->rest.n);
	r->rest = str_from(r->rest, n);
	if (r->rest.n && !r->err && r->xml->wellFormed)
		return 1;
	return finish(r, out);
}
