/* Strangers' HTML as a safe subset of XHTML and as plain text (BODY-10). Pure.
 */
#pragma once

#include "base/buf.h"

#define MAP_HTML_MAX (1u << 20)

/* Appends the elements for inside XHTML-IM's <body/> to xhtml (paragraphs,
 * lists, quotes, emphasis, links; no attribute but a harmless href) and the
 * text to text. in is UTF-8. 0, ERR_TOO_BIG, ERR_SYNTAX. */
int map_html(struct str in, struct buf *xhtml, struct buf *text);
