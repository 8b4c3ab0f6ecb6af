/* Where an MSRP session is connected to when its peer waits for us: the
 * leftmost URI of his path, or what c= and m= say (RFC 4975 §5.4, RFC 6714
 * §4.3). */
#pragma once

#include "base/dns.h"
#include "sip/sdp.h"

struct reach;

/* Can it be connected to at all? ERR_UNSUPPORTED, ERR_SYNTAX: not by us
 * (MSRP-74, SDP-12). */
int reach_check(const struct sdp_media *m);

enum reach_result {
	REACH_FOUND,
	REACH_NO_ADDRESS, /* status tells why */
	REACH_OTHER_HOST, /* c= does not name the path's host */
};
typedef void reach_fn(void *user, enum reach_result result,
		      enum dns_status status, const struct addr *addr,
		      size_t n);
/* Finds the addresses, each once, in the order in which they are to be tried
 * (ABN-13), with their port. fn is called at once, and NULL returned, where
 * nothing has to be looked up; else the handle is good until then. */
struct reach *reach(struct dns *dns, const struct sdp_media *m, reach_fn *fn,
		    void *user);
void reach_cancel(struct reach *r); /* NULL is fine */
