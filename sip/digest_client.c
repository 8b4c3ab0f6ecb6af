/* What a client answers to a challenge (RFC 7616 §3.4). */
#include <stdio.h>

#include "sip/digest_priv.h"

static void put_response(struct buf *b, const struct digest_asked *c,
			 const struct digest_reply *r, const char *nc)
{
	char ha1[DIGEST_HEX_MAX], ha2[DIGEST_HEX_MAX], hex[DIGEST_HEX_MAX];
	struct digest_credentials known = {
	    .algorithm = c->algorithm,
	    .nonce = c->nonce,
	    .uri = r->uri,
	    .nc_text = str_z(nc),
	    .cnonce = r->cnonce,
	};

	digest_ha1(c->algorithm, r->username, c->realm, r->password, ha1);
	if (c->qop) {
		digest_response(&known, ha1, r->method, hex);
	} else { /* RFC 2069 */
		digest_hash(c->algorithm, (struct str[]){r->method, r->uri}, 2,
			    ha2);
		digest_hash(c->algorithm,
			    (struct str[]){str_z(ha1), c->nonce, str_z(ha2)}, 3,
			    hex);
	}
	buf_addf(b, ", response=\"%s\", algorithm=%s", hex,
		 digest_name(c->algorithm));
}

void digest_authorize(struct buf *b, const struct digest_asked *c,
		      const struct digest_reply *r)
{
	char nc[9];

	snprintf(nc, sizeof nc, "%08x", (unsigned)r->nc);
	buf_addz(b, "Digest username=");
	digest_put_quoted(b, r->username);
	buf_addz(b, ", realm=");
	digest_put_quoted(b, c->realm);
	buf_addz(b, ", nonce=");
	digest_put_quoted(b, c->nonce);
	buf_addz(b, ", uri=");
	digest_put_quoted(b, r->uri);
	put_response(b, c, r, nc);
	if (c->has_opaque) {
		buf_addz(b, ", opaque=");
		digest_put_quoted(b, c->opaque);
	}
	if (c->qop) {
		buf_addf(b, ", qop=auth, nc=%s, cnonce=", nc);
		digest_put_quoted(b, r->cnonce);
	}
}
