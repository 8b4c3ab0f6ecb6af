/* Text of a declared charset as UTF-8 (BODY-7). Pure. */
#pragma once

#include "base/arena.h"

/* charset: the parameter's value; empty and all spellings of UTF-8 check in and
 * give it back as it is, others are converted into the arena. 0, ERR_UTF8
 * (octets that the charset does not have), ERR_UNSUPPORTED (no such charset),
 * ERR_TOO_BIG. */
int map_charset(struct str charset, struct str in, struct arena *a,
		struct str *out);
