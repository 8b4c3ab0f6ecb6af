/* The string classes behind the profiles of base/precis.c: which code points a
 * string may hold (RFC 8264 §8), and in what order (RFC 5893 §2). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A string as code points. */
struct points {
	uint32_t *p;
	size_t n;
};

enum precis_class { PRECIS_IDENTIFIER, PRECIS_FREEFORM };

/* True if every code point is allowed in the class, contextual rules included
 * (RFC 8264 §4.2, §4.3; RFC 5892 §2.6 and Appendix A). */
bool precis_class_has(enum precis_class class, const struct points *s);
/* True if the string has no right-to-left code point or meets all six
 * conditions of the Bidi Rule (RFC 5893 §2). */
bool precis_bidi_ok(const struct points *s);
