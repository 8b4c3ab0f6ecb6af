/* Message/CPIM (RFC 3862), read leniently and written strictly. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#define CPIM_HEADERS_MAX_BYTES 8192
#define CPIM_HEADERS_MAX_LINES 64

/* One address of a From, To or cc header. */
struct cpim_addr {
	struct str name; /* unescaped; may be empty */
	struct str uri;	 /* between < and > */
};

/* A parsed entity: slices of the input, or of the arena where an escape had to
 * be undone. */
struct cpim {
	struct cpim_addr from, to; /* the first of each */
	unsigned n_from, n_to, n_cc;
	struct str datetime; /* as written; empty = none */
	struct str subject, subject_lang;
	struct str imdn_message_id; /* of namespace urn:ietf:params:imdn */
	bool imdn_delivery; /* its author wants to know of its delivery */
	bool has_subject;   /* may be empty: takes a subject back */
	/* the MIME part */
	struct str content_type; /* whole value with parameters */
	struct str content_language;
	struct str content_disposition;
	struct str body;
	size_t cpim_end; /* octets of the CPIM header lines, before the blank
			  * line (or before the first MIME header where no blank
			  * line divides) */
};

/* RFC 3862 §2, with conference CPIM-1 to -11 and -20: ERR_SYNTAX (400: no inner
 * Content-Type, a control, folding, no <>), ERR_UTF8 (400), ERR_TOO_BIG. Counts
 * of From, To and cc are left to the caller, who owes 403 or 404 for them. The
 * body runs to the end of the input. */
int cpim_parse(struct str in, struct arena *a, struct cpim *out);

/* The headers alone, of a message whose body is still on its way: octets used
 * up to the body, 0 = more needed, or negative as above. */
ptrdiff_t cpim_parse_head(struct str in, struct arena *a, struct cpim *out);

/* What we write: CPIM-1's form, CPIM-7's escapes; no other headers than these.
 */
struct cpim_out {
	struct cpim_addr from, to;
	struct str datetime; /* RFC 3339; empty = none */
	struct str subject, subject_lang;
	/* Of a notification: its own Message-ID (RFC 5438 §7.2.1.1); or empty.
	 */
	struct str imdn_message_id;
	struct str content_type, content_language;
	struct str body;
};
void cpim_write(struct buf *b, const struct cpim_out *m);

/* A media type's value: its "type/subtype" (slice) and the value of a parameter
 * (unquoted slice; empty if absent). Names without case. */
struct str mime_type(struct str value);
struct str mime_param(struct str value, struct str name);
