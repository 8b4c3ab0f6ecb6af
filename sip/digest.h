/* Digest authentication of SIP requests (RFC 8760, RFC 7616, RFC 3261 §22):
 * what its headers say, and the arithmetic, as a server and as a client. Pure.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

/* The better ones are the greater. */
enum digest_algorithm { DIGEST_MD5, DIGEST_SHA256 };
#define DIGEST_ALGORITHMS 2
const char *digest_name(enum digest_algorithm a); /* "MD5", "SHA-256" */

#define DIGEST_HEX_MAX 65 /* a digest in lower-case hex, with its NUL */

/* HA1, what stands for a password: H(username ":" realm ":" password) in hex.
 */
void digest_ha1(enum digest_algorithm a, struct str username, struct str realm,
		struct str password, char hex[DIGEST_HEX_MAX]);

#define DIGEST_BIT(algorithm) (1u << (algorithm))
#define DIGEST_ANY	      (DIGEST_BIT(DIGEST_ALGORITHMS) - 1)

/* Appends the header lines of a challenge: one WWW-Authenticate per algorithm
 * of these bits, the best one first (RFC 8760 §2.3), with qop="auth" (§2.6).
 * stale: the credentials were right but for their nonce. */
void digest_challenge(struct buf *b, unsigned algorithms, struct str realm,
		      struct str nonce, bool stale);

/* What an Authorization header says, its strings unquoted. */
struct digest_credentials {
	enum digest_algorithm algorithm;
	struct str username, realm, nonce, uri, response, cnonce;
	struct str nc_text; /* as it was sent */
	uint32_t nc;
};
/* Reads the header's value; strings are slices of it or live in the arena. 0,
 * ERR_UNSUPPORTED (another scheme or algorithm, a hashed user name, no
 * qop=auth), ERR_MISSING, ERR_REPEATED, ERR_SYNTAX. */
int digest_credentials_parse(struct str value, struct arena *a,
			     struct digest_credentials *out);

/* The response that a user with this HA1 gives to a request of this method. */
void digest_response(const struct digest_credentials *c, const char *ha1,
		     struct str method, char hex[DIGEST_HEX_MAX]);
/* Is the response right? Takes the same time wherever it is wrong. */
bool digest_verify(const struct digest_credentials *c, const char *ha1,
		   struct str method);

/* --- the client's part --- */

/* What a WWW-Authenticate or Proxy-Authenticate header asks for, its strings
 * unquoted. */
struct digest_asked {
	enum digest_algorithm algorithm;
	struct str realm, nonce, opaque;
	bool has_opaque, stale;
	bool qop; /* "auth"; else none, as RFC 2069 has it */
};
/* Reads the header's value; strings as above. 0, ERR_UNSUPPORTED (another
 * scheme or algorithm, no qop that we can do), ERR_MISSING, ERR_REPEATED,
 * ERR_SYNTAX. */
int digest_asked_parse(struct str value, struct arena *a,
		       struct digest_asked *out);

struct digest_reply {
	struct str username, password;
	struct str method, uri; /* of the request */
	struct str cnonce;	/* token */
	uint32_t nc;		/* how often this nonce was used, from 1 */
};
/* Appends the value of the Authorization or Proxy-Authorization header that
 * answers it. */
void digest_authorize(struct buf *b, const struct digest_asked *c,
		      const struct digest_reply *r);
