/* Where a SIP request goes: the addresses behind the host of a URI, in the
 * order in which they are to be tried (RFC 3263 §4). */
#pragma once

#include "base/dns.h"

struct locate;

/* Addresses of all its servers that are tried, each for seconds. */
#define LOCATE_MAX 16

struct location {
	struct addr addr;      /* port 0: the transport's own */
	const char *transport; /* "udp", "tcp", "tls"; "": as the URI says */
};

/* What we can send by. */
struct locate_by {
	bool udp, tcp, tls;
};

/* The host that is looked up, in whose name a TLS server has to have its
 * certificate wherever the records lead (RFC 5922 §7.1). Points into uri. */
struct str locate_host(struct str uri);

/* Is the host a name that we look up? Not where the URI itself wants TLS: the
 * SIP process does it then. */
bool locate_needed(struct str uri);

/* DNS_NO_NAME, DNS_NO_DATA: it leads nowhere; DNS_FAILED: try again later. */
typedef void locate_fn(void *user, enum dns_status status,
		       const struct location *location, size_t n);
/* Without NAPTR records "_sips" comes after "_sip", the service of the SIP URIs
 * that get here (RFC 3263 §4.1); a domain that only has "_sips" gets nothing in
 * clear. The handle is good until fn is called, which never happens from
 * within. */
struct locate *locate(struct dns *dns, struct str uri, struct locate_by by,
		      locate_fn *fn, void *user);
void locate_cancel(struct locate *l); /* NULL is fine */
