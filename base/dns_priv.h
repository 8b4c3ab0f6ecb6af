/* What the files of the resolver share:
 *
 *   dns.c         questions and who waits for their answers
 *   dns_ask.c     one question: servers, sockets, tries
 *   dns_cache.c   answers kept
 *   dns_lookup.c  all addresses of a host
 *   dns_order.c   which record is tried first
 *   dns_codec.c   octets
 *   dns_files.c   resolv.conf and hosts
 */
#pragma once

#include <sys/queue.h>

#include "base/dns_codec.h"
#include "base/dns_files.h"
#include "base/table.h"

struct bufferevent;
struct event;

#define DNS_KEY_MAX (DNS_NAME_MAX + 8)

/* An answer and its octets, shared by the cache and those who wait. */
struct dns_result {
	unsigned refs;
	struct arena *arena;
	struct dns_answer answer;
};
/* Takes the arena; a reference for the caller. */
struct dns_result *dns_result_new(struct arena *take,
				  const struct dns_answer *answer);
struct dns_result *dns_result_ref(struct dns_result *r);
void dns_result_unref(struct dns_result *r); /* NULL is fine */

struct dns_kept {
	TAILQ_ENTRY(dns_kept) link;
	struct dns_result *result;
	uint64_t fresh_until, stale_until; /* ms */
	char key[];
};

/* The answers kept, those used last at the end. */
struct dns_cache {
	struct table *by_key;
	TAILQ_HEAD(, dns_kept) kept;
	struct dns_limits limits;
};
void dns_cache_init(struct dns_cache *c, const struct dns_limits *limits);
void dns_cache_clear(struct dns_cache *c);
void dns_cache_done(struct dns_cache *c);
/* One that may be given out, or NULL; borrowed. */
struct dns_result *dns_cache_get(struct dns_cache *c, const char *key,
				 uint64_t now);
/* Keeps it for as long as it says, within the limits. */
void dns_cache_put(struct dns_cache *c, const char *key, struct dns_result *r,
		   uint64_t now);
/* No server has answered: what is given out for a while, the last answer if
 * it is not too old, else `failed`. Borrowed. */
struct dns_result *dns_cache_fail(struct dns_cache *c, const char *key,
				  struct dns_result *failed, uint64_t now);

TAILQ_HEAD(dns_queries, dns_query);

/* A question in flight. */
struct dns_flight {
	struct dns *dns;
	struct dns_queries waiters;
	enum dns_type type;
	char name[DNS_NAME_MAX + 1]; /* asked now; an alias may follow */
	char key[DNS_KEY_MAX + 1];
	unsigned tries, server, aliases;
	uint32_t alias_ttl_s;
	uint16_t id;
	struct event *udp;
	int fd; /* of udp */
	struct bufferevent *tcp;
	struct timer timer;
	struct arena *arena; /* of the reply being read */
};

struct dns_query {
	TAILQ_ENTRY(dns_query) link;
	struct dns *dns;
	enum dns_type type;
	struct dns_flight *flight; /* it waits for */
	struct dns_result *result; /* or has, to be told */
	struct deferred tell;
	dns_answer_fn *fn;
	void *user;
};

struct dns {
	struct loop *loop;
	struct addr servers[DNS_SERVERS_MAX];
	size_t n_servers;
	unsigned good_server; /* the last one that gave an answer */
	char *resolv_conf, *hosts_file;
	struct dns_hosts *hosts;
	struct dns_cache cache;
	struct table *flights;	 /* by key */
	struct dns_queries told; /* those whose result is there */
	size_t in_flight_max;
};

/* dns_ask.c */
void dns_flight_start(struct dns_flight *f);
void dns_flight_stop(struct dns_flight *f); /* closes what is open */

/* dns.c: the flight ends; its waiters are told at the end of the turn. answer
 * NULL: no server gave one. */
void dns_flight_done(struct dns_flight *f, const struct dns_answer *answer);

/* dns_order.c: SRV records by priority and weight (RFC 2782), NAPTR by order
 * and preference. */
void dns_order(enum dns_type type, struct dns_record *r, size_t n);
