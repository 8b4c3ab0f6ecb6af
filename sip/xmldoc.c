#include "sip/xmldoc.h"

#include <libxml/parser.h>

#include "base/err.h"
#include "base/utf8.h"

int xmldoc_read(struct str in, struct _xmlDoc **out)
{
	xmlDoc *doc;

	in = str_trim_space(in);
	/* before libxml2 sees it: entities in attributes are expanded while it
	 * parses. No other encoding can hide it: the declared one is ignored.
	 */
	if (str_search(in, STR("<!DOCTYPE")) >= 0)
		return ERR_UNSUPPORTED;
	/* a NUL makes it look like UTF-16 */
	if (in.n == 0 || !utf8_valid(in) || str_find(in, '\0') >= 0)
		return ERR_SYNTAX;
	doc = xmlReadMemory(in.p, (int)in.n, NULL, "UTF-8",
			    XML_PARSE_NONET | XML_PARSE_NOERROR |
				XML_PARSE_NOWARNING | XML_PARSE_IGNORE_ENC);
	if (!doc)
		return ERR_SYNTAX;
	if (doc->intSubset) {
		xmlFreeDoc(doc);
		return ERR_UNSUPPORTED;
	}
	*out = doc;
	return 0;
}
