/* A name server on the loop of those who ask it, over UDP and TCP: it knows
 * the records that it was given. */
#pragma once

#include "base/loop.h"
#include "base/net.h"

struct dns_server_record {
	struct dns_server_record *next;
	char name[256];
	unsigned type;
	uint32_t ttl;
	size_t n;
	unsigned char data[512];
};

struct dns_server {
	struct loop *loop;
	struct addr addr;
	int udp, tcp, stream;
	struct event *on_udp, *on_tcp, *on_stream;
	struct dns_server_record *records;
	/* as a test sets them */
	bool silent;	     /* answers nothing */
	bool truncates;	     /* over UDP */
	bool forgets_soa;    /* of what is not there */
	bool refers;	     /* names other servers instead of answering */
	bool plain;	     /* knows nothing of EDNS: FORMERR */
	bool forged_first;   /* others try to answer before it */
	uint32_t negative_s; /* how long what is not there stays so: 60 */
	unsigned status;     /* of all answers, if not 0 */
	bool knows_all;	     /* names without records are at 10.0.0.6 */
	/* what it was asked */
	unsigned n_udp, n_tcp;
};

struct dns_server *dns_server_new(struct loop *loop);
void dns_server_free(struct dns_server *s);
/* A record: A and AAAA from a numeric host, CNAME to a name, or any octets. */
void dns_server_host(struct dns_server *s, const char *name, const char *host);
void dns_server_alias(struct dns_server *s, const char *name, const char *to);
void dns_server_srv(struct dns_server *s, const char *name, unsigned priority,
		    unsigned weight, unsigned port, const char *target);
void dns_server_naptr(struct dns_server *s, const char *name, unsigned order,
		      unsigned preference, const char *flags,
		      const char *service, const char *replacement);
void dns_server_forget(struct dns_server *s); /* all records */
