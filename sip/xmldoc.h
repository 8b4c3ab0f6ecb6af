/* Strangers' XML into libxml2's tree: the one door, so that no reader forgets a
 * bolt. */
#pragma once

#include "base/str.h"

struct _xmlDoc;

/* How libxml2 is to read what xmldoc_check() has let pass. */
#define XMLDOC_OPTIONS                                                         \
	(XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |           \
	 XML_PARSE_IGNORE_ENC)

/* Parses a whole document of UTF-8, blanks around it aside: no network, no DTD,
 * no entities but XML's own, libxml2's limits on depth and names; the declared
 * encoding is ignored. How large it may be is the caller's to say before. 0
 * with *out for xmlFreeDoc(), ERR_SYNTAX, ERR_UNSUPPORTED (a DTD), ERR_TOO_BIG
 * (an element has more than a hundred attributes). */
int xmldoc_read(struct str in, struct _xmlDoc **out);
/* The part of it that comes before libxml2 sees anything, for who parses by
 * himself: blanks around the document are cut off. */
int xmldoc_check(struct str *in);
