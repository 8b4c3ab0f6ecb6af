/* Questions and answers as octets (RFC 1035 §4.1). Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/dns.h"

#define DNS_NAME_MAX  253
#define DNS_REPLY_MAX 16384 /* of a longer one nothing is believed */
/* Octets that a reply's records may take. */
#define DNS_RECORDS_BYTES 65536

/* The name in lower case without its last dot, in z; false: no host or domain
 * name in ASCII. */
bool dns_name(struct str name, char z[DNS_NAME_MAX + 1]);

/* A query for a name that dns_name made. edns: larger replies over UDP are
 * welcome (RFC 6891). */
void dns_put_query(struct buf *b, const char *name, enum dns_type type,
		   uint16_t id, bool edns);

enum dns_reply_kind {
	DNS_REPLY_ANSWER,
	DNS_REPLY_ALIAS,     /* only of another name, `alias`: ask for that */
	DNS_REPLY_TRUNCATED, /* ask over TCP */
	DNS_REPLY_REFUSED,   /* this server can't or won't tell */
};

struct dns_reply {
	enum dns_reply_kind kind;
	struct dns_answer answer; /* records are not in any order */
	char alias[DNS_NAME_MAX + 1];
	uint32_t alias_ttl_s;
};

/* The reply to that query, its records in the arena. 0; ERR_STATE: to another
 * question or none at all; ERR_SYNTAX. */
int dns_read_reply(struct str bytes, const char *name, enum dns_type type,
		   uint16_t id, struct arena *a, struct dns_reply *out);
