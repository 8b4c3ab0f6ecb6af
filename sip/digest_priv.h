/* What the server's and the client's part of digest share. */
#pragma once

#include "sip/digest.h"

/* H of the parts joined by colons, in hex; "" where the library can't compute
 * it. */
void digest_hash(enum digest_algorithm a, const struct str *part, size_t n,
		 char hex[DIGEST_HEX_MAX]);
/* A quoted-string; controls become spaces. */
void digest_put_quoted(struct buf *b, struct str s);
