/* Octets as hexadecimal digits. */
#pragma once

#include "base/str.h"

/* Of a digit in either case; -1: it is none. */
int hex_value(char c);
/* "A9:0F:.." of exactly n octets, as SDP writes hashes; false: something else.
 */
bool hex_octets(struct str s, unsigned char *out, size_t n);
