#include "gateway/locate.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/uri.h"

#define TARGETS_MAX 8
#define HOST_MAX    256

struct target {
	char host[HOST_MAX];
	uint16_t port;
};

struct locate {
	struct dns *dns;
	locate_fn *fn;
	void *user;
	char host[HOST_MAX];
	bool may[2]; /* by udp, by tcp */
	bool im;     /* records of instant messaging are the last resort */
	int by;	     /* the one of the SRV records asked for; -1: the URI's */
	struct dns_query *query;
	struct dns_lookup *lookup;
	struct target target[TARGETS_MAX]; /* whose addresses are asked for */
	size_t n_targets, next_target;
	enum dns_status status; /* of the last one that had none */
	struct location location[LOCATE_MAX];
	size_t n;
};

static const char *const transports[] = {"udp", "tcp"};

static struct str host_of(const struct uri *u)
{
	struct str maddr;

	return uri_param(u->params, STR("maddr"), &maddr) && maddr.n ? maddr
								     : u->host;
}

bool locate_needed(struct str uri)
{
	struct str transport;
	struct addr addr;
	struct uri u;

	if (uri_parse(uri, &u) < 0 || !str_ieq(u.scheme, STR("sip")) ||
	    addr_parse_host(host_of(&u), 0, &addr) == 0)
		return false;
	return !uri_param(u.params, STR("transport"), &transport) ||
	       str_ieq(transport, STR("udp")) || str_ieq(transport, STR("tcp"));
}

static void next_target(struct locate *l);
static void add_target(struct locate *l, struct str host, uint16_t port);

static void add_targets(struct locate *l, const struct dns_answer *a)
{
	for (size_t i = 0; i < a->n && l->n_targets < TARGETS_MAX; i++)
		if (a->record[i].srv.target.n)
			add_target(l, a->record[i].srv.target,
				   a->record[i].srv.port);
}

static void on_im(void *user, const struct dns_answer *a)
{
	struct locate *l = user;

	l->query = NULL;
	l->by = l->may[1];
	l->n_targets = l->next_target = 0;
	add_targets(l, a);
	next_target(l);
}

/* The hosts of the domain's instant messaging (RFC 3861 §3, DNS-8). */
static void ask_im(struct locate *l)
{
	char name[HOST_MAX + 16];

	l->im = false;
	snprintf(name, sizeof(name), "_im._sip.%s", l->host);
	l->query = dns_ask(l->dns, str_z(name), DNS_SRV, on_im, l);
}

static void finish(struct locate *l, enum dns_status status)
{
	if (l->im && !l->n && status != DNS_FAILED) {
		ask_im(l);
		return;
	}
	l->fn(l->user, l->n ? DNS_FOUND : status, l->location, l->n);
	free(l);
}

static void on_addresses(void *user, enum dns_status status,
			 const struct addr *addr, size_t n)
{
	struct locate *l = user;

	l->lookup = NULL;
	for (size_t i = 0; i < n && l->n < LOCATE_MAX; i++) {
		struct location *to = &l->location[l->n++];

		to->addr = addr[i];
		addr_set_port(&to->addr, l->target[l->next_target - 1].port);
		to->transport = l->by < 0 ? "" : transports[l->by];
	}
	if (n == 0)
		l->status = status;
	next_target(l);
}

static void next_target(struct locate *l)
{
	const struct target *t;

	if (l->next_target == l->n_targets || l->n == LOCATE_MAX) {
		finish(l, l->status);
		return;
	}
	t = &l->target[l->next_target++];
	l->lookup = dns_lookup(l->dns, str_z(t->host), on_addresses, l);
}

static void add_target(struct locate *l, struct str host, uint16_t port)
{
	struct target *t = &l->target[l->n_targets++];

	t->port = port;
	snprintf(t->host, sizeof(t->host), "%.*s", STR_ARG(host));
}

static void next_service(struct locate *l);

/* Where there are such records, they alone tell (RFC 2782): nothing else is
 * tried if their hosts fail, and "." means that there is no such service. */
static void on_srv(void *user, const struct dns_answer *a)
{
	struct locate *l = user;

	l->query = NULL;
	add_targets(l, a);
	if (a->status == DNS_FAILED)
		finish(l, DNS_FAILED);
	else if (a->status != DNS_FOUND)
		next_service(l);
	else if (l->n_targets == 0)
		finish(l, DNS_NO_DATA);
	else
		next_target(l);
}

/* The SRV records of the next transport; after the last one the host itself. */
static void next_service(struct locate *l)
{
	char name[HOST_MAX + 16];

	for (l->by++; l->by < 2 && !l->may[l->by]; l->by++)
		;
	if (l->by == 2) {
		l->by = -1;
		l->im = true;
		add_target(l, str_z(l->host), 0);
		next_target(l);
		return;
	}
	snprintf(name, sizeof(name), "_sip._%s.%s", transports[l->by], l->host);
	l->query = dns_ask(l->dns, str_z(name), DNS_SRV, on_srv, l);
}

/* The transport of a NAPTR record (RFC 3263 §4.1), or -1. */
static int service_of(const struct locate *l, const struct dns_record *r)
{
	static const struct str services[] = {{"SIP+D2U", 7}, {"SIP+D2T", 7}};

	for (int by = 0; by < 2; by++)
		if (l->may[by] && str_ieq(r->naptr.flags, STR("s")) &&
		    str_ieq(r->naptr.service, services[by]) &&
		    r->naptr.replacement.n)
			return by;
	return -1;
}

static void on_naptr(void *user, const struct dns_answer *a)
{
	struct locate *l = user;

	l->query = NULL;
	for (size_t i = 0; i < a->n; i++) {
		l->by = service_of(l, &a->record[i]);
		if (l->by < 0)
			continue;
		/* the domain has said which one it prefers */
		l->may[!l->by] = false;
		l->query = dns_ask(l->dns, a->record[i].naptr.replacement,
				   DNS_SRV, on_srv, l);
		return;
	}
	next_service(l);
}

struct locate *locate(struct dns *dns, struct str uri, bool udp, bool tcp,
		      locate_fn *fn, void *user)
{
	struct locate *l = mem_new(sizeof(*l));
	struct str transport = STR_NONE;
	struct uri u;

	l->dns = dns;
	l->fn = fn;
	l->user = user;
	l->by = -1;
	l->status = DNS_NO_DATA;
	if (uri_parse(uri, &u) == 0)
		snprintf(l->host, sizeof(l->host), "%.*s",
			 STR_ARG(host_of(&u)));
	else
		u = (struct uri){0};
	uri_param(u.params, STR("transport"), &transport);
	l->may[0] = udp && !str_ieq(transport, STR("tcp"));
	l->may[1] = tcp && !str_ieq(transport, STR("udp"));
	if (u.port) {
		add_target(l, str_z(l->host), u.port);
		next_target(l);
	} else if (transport.n) {
		next_service(l);
	} else {
		l->query = dns_ask(dns, str_z(l->host), DNS_NAPTR, on_naptr, l);
	}
	return l;
}

void locate_cancel(struct locate *l)
{
	if (!l)
		return;
	dns_cancel(l->query);
	dns_lookup_cancel(l->lookup);
	free(l);
}
