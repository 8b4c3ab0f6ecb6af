/* Percent-encoding, and reading sip:, sips:, tel:, im:, pres: and xmpp: URIs as
 * far as a conference needs (RFC 3261 §19.1, RFC 3966). Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

/* Decodes %XX into out. ERR_SYNTAX for a % without two hex digits. */
int uri_unescape(struct buf *out, struct str in);
/* Encodes every octet for which keep(c) is false as %XX, upper-case hex. */
void uri_escape(struct buf *out, struct str in, bool (*keep)(unsigned char c));
/* RFC 3261's unreserved and user-unreserved: what may stand in a user part. */
bool uri_user_char(unsigned char c);
/* RFC 3261's paramchar: what may stand in a parameter's value. */
bool uri_param_char(unsigned char c);

/* A parsed URI: slices of the input, still percent-encoded. */
struct uri {
	struct str scheme; /* as written */
	struct str user;   /* before ':password' */
	struct str password;
	struct str host;   /* IPv6 with its brackets; tel: empty */
	uint16_t port;	   /* 0 = none */
	struct str params; /* after the first ';' up to '?', without that ';' */
	struct str headers; /* after '?' */
	bool sips;
	struct str resource; /* xmpp: after the first '/' up to '?' */
};
/* The user part ends at the first raw '@'. 0, ERR_SYNTAX (also for a scheme
 * that is none of those above). For tel: the number is in user. No length limit
 * of its own. */
int uri_parse(struct str in, struct uri *out);
/* The value of a parameter (name without case): true if it is there; *value is
 * empty for a parameter without '='. A quoted value keeps its quotes. */
bool uri_param(struct str params, struct str name, struct str *value);

/* "Name" <uri>;params, <uri> or a bare uri, as in From, To, Contact,
 * P-Asserted-Identity. name is unquoted into the arena. 0, ERR_SYNTAX. */
struct name_addr {
	struct str name;
	struct str uri;
	struct str params; /* the header's own, without the first ';' */
};
int name_addr_parse(struct str in, struct arena *a, struct name_addr *out);

/* A canonical key under which SIP URIs of one user compare equal (CHAT-11,
 * CHAT-12): user part decoded with case kept, host lower-case, scheme sip
 * whatever of sip, sips, im, pres it was; port kept unless 5060/5061;
 * parameters dropped but gr, which is kept decoded. "%" stays %25 and an
 * encoded '@' stays %40, so that no two users share a key. tel: "tel:+digits".
 * ERR_SYNTAX for anything else. */
int uri_key(struct buf *out, struct str in);
