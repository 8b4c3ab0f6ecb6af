#include "sip/xmldoc.h"

#include <libxml/parser.h>

#include "base/err.h"
#include "base/utf8.h"

/* An element's attributes cost libxml2 time squared. */
#define ATTRIBUTES_MAX 100

static bool skip(struct str *s, struct str open, struct str close)
{
	ptrdiff_t end;

	if (!str_starts(*s, open))
		return false;
	*s = str_from(*s, open.n);
	end = str_search(*s, close);
	*s = end < 0 ? STR_NONE : str_from(*s, (size_t)end + close.n);
	return true;
}

/* Takes a tag, whose '<' has been taken; false: too many attributes. */
static bool take_tag(struct str *s)
{
	unsigned n = 0;
	char quote = 0;

	for (; s->n; *s = str_from(*s, 1)) {
		char c = *s->p;

		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '\'' || c == '"')
			quote = c;
		else if (c == '>')
			return true;
		else if (c == '=' && ++n > ATTRIBUTES_MAX)
			return false;
	}
	return true;
}

static bool has_few_attributes(struct str s)
{
	ptrdiff_t at;

	while ((at = str_find(s, '<')) >= 0) {
		s = str_from(s, (size_t)at + 1);
		if (!skip(&s, STR("!--"), STR("-->")) &&
		    !skip(&s, STR("![CDATA["), STR("]]>")) &&
		    !skip(&s, STR("?"), STR("?>")) && !take_tag(&s))
			return false;
	}
	return true;
}

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
	if (!has_few_attributes(in))
		return ERR_TOO_BIG;
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
