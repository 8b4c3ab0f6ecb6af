/* Text of a declared charset as UTF-8 (BODY-7). Pure. */
#pragma once

#include "base/buf.h"

/* charset: the parameter's value; empty and all spellings of UTF-8 check in and
 * give it back as it is, others are converted into work, whose limit counts.
 * *out is in or work's content. 0, ERR_UTF8 (octets that the charset does not
 * have), ERR_UNSUPPORTED (no charset that we read), ERR_TOO_BIG. */
int map_charset(struct str charset, struct str in, struct buf *work,
		struct str *out);
