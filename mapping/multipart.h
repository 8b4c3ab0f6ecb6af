/* The parts of a MIME multipart body, as SIP carries several bodies in one (RFC
 * 3261 §7.4.1, RFC 2046 §5.1). Pure. */
#pragma once

#include "base/str.h"

#define MULTIPART_PARTS_MAX 16

struct multipart {
	struct str rest, boundary;
	bool ended;
	unsigned parts;
};

/* Slices of the body. */
struct body_part {
	struct str type;	/* Content-Type; "text/plain" if absent */
	struct str disposition; /* Content-Disposition, may be empty */
	struct str encoding;	/* Content-Transfer-Encoding, may be empty */
	struct str id;		/* Content-ID, may be empty */
	struct str body;
};

/* Goes to the first part: 0, or ERR_SYNTAX if this Content-Type or body is no
 * multipart. */
int multipart_begin(struct multipart *m, struct str content_type,
		    struct str body);
/* 1 with the next part, 0 at the end, ERR_SYNTAX, ERR_TOO_BIG (too many). */
int multipart_next(struct multipart *m, struct body_part *out);

/* May a body of this Content-Disposition be left aside (RFC 3261 §20.11)? */
bool body_is_optional(struct str disposition);
