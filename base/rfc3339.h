/* Times as RFC 3339 writes them: DateTime of CPIM, stamps of XEP-0082. Pure. */
#pragma once

#include "base/str.h"

#define RFC3339_MAX 32

/* Writes "2026-11-21T09:00:00Z"; returns z. Unix time in milliseconds; what
 * lies beyond year 9999 is written as its last second. */
const char *rfc3339_seconds(uint64_t wall_ms, char z[RFC3339_MAX]);
/* The same as "2026-11-21T09:00:00.123Z". */
const char *rfc3339_millis(uint64_t wall_ms, char z[RFC3339_MAX]);
/* Back: years 1970 to 9999, any fraction, any offset; blanks around it and a
 * blank in place of the T are let pass. 0, ERR_SYNTAX. */
int rfc3339_parse(struct str s, uint64_t *wall_ms);
