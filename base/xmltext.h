/* Text into XML, escaped and cleaned once (RFC 6120 §11.1, XML 1.0 §2.2). */
#pragma once

#include "base/buf.h"

/* As element content: & < > escaped, CR as &#13; dropped (CR LF becomes LF, a
 * lone CR becomes LF), octets that are no UTF-8 and code points that XML 1.0
 * forbids become U+FFFD each. */
void xml_add_text(struct buf *b, struct str s);
/* As an attribute value inside single or double quotes: also ' " TAB LF are
 * escaped. */
void xml_add_attr(struct buf *b, struct str s);
