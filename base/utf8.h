/* UTF-8 as RFC 3629 has it: no surrogates, nothing over U+10FFFF, shortest
 * form. */
#pragma once

#include "base/str.h"

/* The code point at s.p[*i], with *i moved past it; -1 (and *i + 1) where the
 * octets are no UTF-8. s.n > *i. */
int32_t utf8_next(struct str s, size_t *i);
bool utf8_valid(struct str s);
/* At most max octets of UTF-8 from its beginning, no code point cut in two. */
struct str utf8_cut(struct str s, size_t max);
/* A text that comes in pieces: the octets of a character that is cut. Zeroed =
 * at its start. */
struct utf8_pieces {
	char cut[4];
	unsigned n;
};
/* Is it UTF-8 so far? Not asked again after false. The end must find n = 0. */
bool utf8_goes_on(struct utf8_pieces *u, struct str piece);
/* Writes 1 to 4 octets, returns how many. */
size_t utf8_put(char *p, uint32_t cp);
/* Columns that it takes on a terminal; controls take none. */
size_t utf8_width(struct str s);
/* True for the code points that XML 1.0 allows in a document. */
bool xml_char(uint32_t cp);
