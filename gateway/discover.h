/* Which protocol a domain speaks (RFC 7247 §5): what its records say and, where
 * they leave it open, what the domain itself answers to disco#info. */
#pragma once

#include "base/dns.h"

struct discover;
struct discovery;

enum speaks {
	SPEAKS_SIP,
	SPEAKS_XMPP,
	SPEAKS_NEITHER, /* no such domain, or it wants no visits */
	SPEAKS_UNKNOWN, /* no server told: try again later */
};

/* One thing that was asked, and what came of it. */
struct discovered {
	const char *what; /* "SRV", "NAPTR", "A", "AAAA" or "disco#info" */
	char name[256 + 32];
	char records[256];	/* of the answer, for people; may be cut */
	enum dns_status status; /* of DNS; of a query DNS_FOUND: it fits */
	bool waits;		/* no answer yet */
	bool unasked;		/* our streams are down */
	bool refused;		/* records that say: no such service here */
	enum speaks proves;	/* SPEAKS_UNKNOWN: nothing */
};

#define SPEAKS_WORDS 4
/* "sip", "xmpp", "neither", "unknown" */
const char *speaks_word(enum speaks s);

/* What came of it, for people. */
const char *discovered_text(const struct discovered *s);

struct discover_cfg {
	struct loop *loop;
	struct dns *dns;
	/* Asks the domain (disco#info) through a component of ours; id names
	 * the answer, which goes to discover_answer. 0, ERR_UNSUPPORTED: we
	 * have no component, ERR_GONE: the streams of all are down. NULL:
	 * nobody is asked. */
	int (*ask)(void *user, struct str domain, struct str id);
	void *user;
	size_t max;	     /* domains that are asked about at a time [512] */
	unsigned timeout_ms; /* of the query [10000] */
};

struct discover *discover_new(const struct discover_cfg *cfg);
void discover_free(struct discover *d); /* all must have ended; NULL is fine */

/* step: all that was asked, in order; lives until fn returns. */
typedef void discover_fn(void *user, enum speaks speaks,
			 const struct discovered *step, size_t n);
/* domain: prepared (map_prep_domain). The handle is good until fn is called,
 * never from within; NULL: too many are under way. DNS keeps its answers, this
 * module those of the queries. */
struct discovery *discover(struct discover *d, struct str domain,
			   discover_fn *fn, void *user);
void discover_cancel(struct discovery *q); /* NULL is fine */
/* What was asked so far, as fn will have it. */
const struct discovered *discovery_steps(const struct discovery *q, size_t *n);
/* What came of a query of ours; from: the domain that answers. */
enum discover_reply {
	DISCOVER_CONFERENCE, /* an identity conference/text */
	DISCOVER_OTHER,	     /* some other service, or it won't tell */
	DISCOVER_ABSENT,     /* no such server */
	DISCOVER_FAILED,     /* it could not be reached now */
};
/* False: no query of this id is under way. */
bool discover_answer(struct discover *d, struct str id, struct str from,
		     enum discover_reply reply);

struct discover_stats {
	uint64_t ended[SPEAKS_WORDS]; /* by their outcome */
	uint64_t refused;	      /* too many were under way */
};
struct discover_stats discover_stats(const struct discover *d);
