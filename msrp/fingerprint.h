/* Fingerprints of certificates as SDP has them (RFC 8122 §5). Pure. */
#pragma once

#include "base/buf.h"

#define MSRP_FINGERPRINTS_MAX  4
#define MSRP_FINGERPRINT_BYTES 64 /* of the longest hash */

struct msrp_fingerprint {
	const char *hash; /* "sha-256": static storage */
	size_t n;
	uint8_t octets[MSRP_FINGERPRINT_BYTES];
};

/* The value of an a=fingerprint, "sha-256 AB:CD:...". MD2 and MD5 are not taken
 * (RFC 8122 §5). 0, ERR_SYNTAX, ERR_UNSUPPORTED for a hash that we don't know.
 */
int msrp_fingerprint_parse(struct str value, struct msrp_fingerprint *out);
void msrp_fingerprint_write(struct buf *b, const struct msrp_fingerprint *f);
bool msrp_fingerprint_eq(const struct msrp_fingerprint *a,
			 const struct msrp_fingerprint *b);
