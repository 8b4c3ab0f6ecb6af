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

int xmldoc_check(struct str *in)
{
	*in = str_trim_space(*in);
	/* entities in attributes are expanded while libxml2 parses. No other
	 * encoding can hide it: the declared one is ignored. */
	if (str_search(*in, STR("<!DOCTYPE")) >= 0)
		return ERR_UNSUPPORTED;
	/* a NUL makes it look like UTF-16 */
	if (in->n == 0 || !utf8_valid(*in) || str_find(*in, '\0') >= 0)
		return ERR_SYNTAX;
	return has_few_attributes(*in) ? 0 : ERR_TOO_BIG;
}

int xmldoc_read(struct str in, struct _xmlDoc **out)
{
	int err = xmldoc_check(&in);
	xmlDoc *doc;

	if (err < 0)
		return err;
	doc = xmlReadMemory(in.p, (int)in.n, NULL, "UTF-8", XMLDOC_OPTIONS);
	if (!doc)
		return ERR_SYNTAX;
	if (doc->intSubset) {
		xmlFreeDoc(doc);
		return ERR_UNSUPPORTED;
	}
	*out = doc;
	return 0;
}
