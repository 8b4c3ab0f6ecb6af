/* Where a SIP request goes: the addresses behind the host of a URI, in the
 * order in which they are to be tried (RFC 3263 §4). */
#pragma once

#include "base/dns.h"

struct locate;

#define LOCATE_MAX 16

struct location {
	struct addr addr;      /* port 0: the transport's own */
	const char *transport; /* "udp", "tcp"; "": as the URI says */
};

/* Is the host a name that we look up? Not where TLS checks that name: the SIP
 * process must know it then. */
bool locate_needed(struct str uri);

/* DNS_NO_NAME, DNS_NO_DATA: it leads nowhere; DNS_FAILED: try again later. */
typedef void locate_fn(void *user, enum dns_status status,
		       const struct location *location, size_t n);
/* udp, tcp: what can be sent by. The handle is good until fn is called, which
 * never happens from within. */
struct locate *locate(struct dns *dns, struct str uri, bool udp, bool tcp,
		      locate_fn *fn, void *user);
void locate_cancel(struct locate *l); /* NULL is fine */
