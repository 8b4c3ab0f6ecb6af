#include "gateway/locate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/uri.h"

/* Servers of a domain that are tried, the first ones by their priorities; who
 * has more serves the rest by others. */
#define TARGETS_MAX 8
#define HOST_MAX    256

enum by { BY_UDP, BY_TCP, BY_TLS, N_BY };

struct target {
	char host[HOST_MAX];
	uint16_t port;
};

struct locate {
	struct dns *dns;
	locate_fn *fn;
	void *user;
	char host[HOST_MAX];
	bool may[N_BY];	 /* what to ask for */
	bool speaks_tls; /* else "_sips" is only asked to send nothing */
	bool secure;	 /* a NAPTR record wants TLS */
	bool im;	 /* records of instant messaging are the last resort */
	int by; /* the one of the SRV records asked for; -1: the URI's */
	struct dns_query *query;
	struct dns_lookup *lookup;
	struct target target[TARGETS_MAX]; /* whose addresses are asked for */
	size_t n_targets, next_target;
	enum dns_status status; /* of the last one that had none */
	struct location location[LOCATE_MAX];
	size_t n;
};

static const struct service {
	const char *transport, *srv;
	struct str naptr;
} services[N_BY] = {
    [BY_UDP] = {"udp", "_sip._udp", {"SIP+D2U", 7}},
    [BY_TCP] = {"tcp", "_sip._tcp", {"SIP+D2T", 7}},
    [BY_TLS] = {"tls", "_sips._tcp", {"SIPS+D2T", 8}},
};

static struct str host_of(const struct uri *u)
{
	struct str maddr;

	return uri_param(u->params, STR("maddr"), &maddr) && maddr.n ? maddr
								     : u->host;
}

struct str locate_host(struct str uri)
{
	struct uri u;

	return uri_parse(uri, &u) == 0 ? host_of(&u) : STR_NONE;
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
	l->by = l->may[BY_TCP] ? BY_TCP : BY_UDP;
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
		to->transport = l->by < 0 ? "" : services[l->by].transport;
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
	else if (l->n_targets == 0 || (l->by == BY_TLS && !l->speaks_tls))
		finish(l, DNS_NO_DATA);
	else
		next_target(l);
}

/* The SRV records of the next transport; after the last one the host itself. */
static void next_service(struct locate *l)
{
	char name[HOST_MAX + 16];

	for (l->by++; l->by < N_BY && !l->may[l->by]; l->by++)
		;
	if (l->by == N_BY && l->secure) {
		finish(l, DNS_NO_DATA);
		return;
	}
	if (l->by == N_BY) {
		l->by = -1;
		l->im = true;
		add_target(l, str_z(l->host), 0);
		next_target(l);
		return;
	}
	snprintf(name, sizeof(name), "%s.%s", services[l->by].srv, l->host);
	l->query = dns_ask(l->dns, str_z(name), DNS_SRV, on_srv, l);
}

/* The transport of a NAPTR record (RFC 3263 §4.1), or -1. */
static int service_of(const struct locate *l, const struct dns_record *r)
{
	if (!str_ieq(r->naptr.flags, STR("s")) || !r->naptr.replacement.n)
		return -1;
	for (int by = 0; by < N_BY; by++)
		if (l->may[by] && str_ieq(r->naptr.service, services[by].naptr))
			return by;
	return -1;
}

static void on_naptr(void *user, const struct dns_answer *a)
{
	struct locate *l = user;

	l->query = NULL;
	for (size_t i = 0; i < a->n; i++) {
		int by = service_of(l, &a->record[i]);

		if (by < 0)
			continue;
		l->secure = by == BY_TLS;
		if (by == BY_TLS && !l->speaks_tls)
			continue;
		/* the domain has said which one it prefers */
		memset(l->may, 0, sizeof(l->may));
		l->by = by;
		l->query = dns_ask(l->dns, a->record[i].naptr.replacement,
				   DNS_SRV, on_srv, l);
		return;
	}
	next_service(l);
}

struct locate *locate(struct dns *dns, struct str uri, struct locate_by by,
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
	l->may[BY_UDP] = by.udp && !str_ieq(transport, STR("tcp"));
	l->may[BY_TCP] = by.tcp && !str_ieq(transport, STR("udp"));
	l->may[BY_TLS] = !transport.n;
	l->speaks_tls = by.tls;
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
