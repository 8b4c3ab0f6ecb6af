/* Names to addresses and records, without blocking: queries over UDP and TCP on
 * the loop (RFC 1035), answers kept by their TTLs. No address is promised to be
 * the right one: who cares checks certificates. */
#pragma once

#include "base/loop.h"
#include "base/net.h"

struct dns;
struct dns_lookup;
struct dns_query;

enum dns_type { DNS_A = 1, DNS_AAAA = 28, DNS_SRV = 33, DNS_NAPTR = 35 };

enum dns_status {
	DNS_FOUND,
	DNS_NO_NAME, /* there is no such name (NXDOMAIN) */
	DNS_NO_DATA, /* the name has no such records */
	DNS_FAILED,  /* no server gave an answer */
};
const char *dns_status_text(enum dns_status s); /* a phrase for people */

/* Names are in lower case, of letters, digits, `-` and `_`, without the dot at
 * the end; the root is empty. */
struct dns_record {
	union {
		struct addr addr; /* A, AAAA; port 0 */
		struct {	  /* RFC 2782 */
			uint16_t priority, weight, port;
			struct str target; /* empty: no such service here */
		} srv;
		struct { /* RFC 3403 §4.1 */
			uint16_t order, preference;
			struct str flags, service, regexp, replacement;
		} naptr;
	};
};

struct dns_answer {
	enum dns_status status;
	struct dns_record *record; /* n > 0 only if found */
	size_t n;
	uint32_t ttl_s; /* 0: says nothing about later */
};

/* 0 = the default in brackets. */
struct dns_limits {
	size_t entries;		   /* answers kept (4096) */
	size_t in_flight;	   /* questions asked at the same time (512) */
	uint32_t min_ttl, max_ttl; /* seconds (30, 3600) */
	uint32_t max_negative, max_stale; /* likewise (300, 3600) */
	uint32_t failure; /* a failure is not tried again (30) */
};

#define DNS_SERVERS_MAX 8

struct dns_cfg {
	struct loop *loop;
	const struct addr *servers; /* at most DNS_SERVERS_MAX; none: those of
				       resolv.conf */
	size_t n_servers;
	const char *resolv_conf, *hosts; /* NULL: those in /etc */
	struct dns_limits limits;
};

/* Reads the files now. The servers are copied. */
struct dns *dns_new(const struct dns_cfg *cfg);
/* Lookups must have ended or been cancelled; queries are dropped. NULL is
 * fine. */
void dns_free(struct dns *d);
/* Reads the files again and forgets all answers. */
void dns_reload(struct dns *d, const struct addr *servers, size_t n_servers);

/* The answer lives until fn returns. Never called from within dns_ask. */
typedef void dns_answer_fn(void *user, const struct dns_answer *answer);
/* Asks for the records of an ASCII name (A-labels: the caller's). A and AAAA
 * may come from the hosts file. The handle is good until fn is called; never
 * NULL. Equal questions share their answers; SRV records come in the order in
 * which they are to be tried (RFC 2782). */
struct dns_query *dns_ask(struct dns *d, struct str name, enum dns_type type,
			  dns_answer_fn *fn, void *user);
void dns_cancel(struct dns_query *q); /* NULL is fine */

#define DNS_ADDRESSES_MAX 16

/* addr: ports 0, in the order in which they are to be tried. */
typedef void dns_addresses_fn(void *user, enum dns_status status,
			      const struct addr *addr, size_t n);
/* All addresses of a host, which may be numeric already (IPv6 with brackets or
 * without). As dns_ask otherwise. */
struct dns_lookup *dns_lookup(struct dns *d, struct str host,
			      dns_addresses_fn *fn, void *user);
void dns_lookup_cancel(struct dns_lookup *l); /* NULL is fine */
