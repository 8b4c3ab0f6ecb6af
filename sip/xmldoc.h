/* Strangers' XML into libxml2's tree: the one door, so that no reader forgets a
 * bolt. */
#pragma once

#include "base/str.h"

struct _xmlDoc;

/* Parses a whole document of UTF-8, blanks around it aside: no network, no DTD,
 * no entities but XML's own, libxml2's limits on depth and names; the declared
 * encoding is ignored. How large it may be is the caller's to say before. 0
 * with *out for xmlFreeDoc(), ERR_SYNTAX, ERR_UNSUPPORTED (a DTD), ERR_TOO_BIG
 * (an element has more than a hundred attributes). */
int xmldoc_read(struct str in, struct _xmlDoc **out);
