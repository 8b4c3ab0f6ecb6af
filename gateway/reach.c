#include "gateway/reach.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "msrp/msrp.h"

struct destination {
	struct str host; /* a slice of the media description */
	uint16_t port;
	/* only their addresses tell whether c= names the path's host, too */
	bool compare;
};

/* A host that is being resolved, then the one of its c=. */
struct reach {
	struct dns *dns;
	struct dns_lookup *lookup;
	char *connection;
	uint16_t port;
	bool compare;
	struct addr addr[DNS_ADDRESSES_MAX];
	size_t n;
	reach_fn *fn;
	void *user;
};

enum sameness { DIFFERENT, MAYBE_SAME, SAME };

static bool numeric(struct str host, struct addr *out)
{
	return addr_parse_host(host, 0, out) == 0;
}

/* Does the URI name this host and port? Of a name only its addresses tell. */
static enum sameness names(const struct msrp_uri *u, struct str host,
			   uint16_t port)
{
	struct addr a, b;
	bool both_numeric = numeric(u->host, &a) && numeric(host, &b);

	if (u->port != port)
		return DIFFERENT;
	if (both_numeric)
		return addr_same_host(&a, &b) ? SAME : DIFFERENT;
	return str_ieq(u->host, host) ? SAME : MAYBE_SAME;
}

/* Something between us has changed c= and m= if no URI of the path names them;
 * then only a=msrp-cema tells what they mean (RFC 6714 §4.3). Of the path only
 * the leftmost host is ever resolved (MSRP-74). */
static enum sameness address_in_path(const struct sdp_media *m)
{
	enum sameness first = DIFFERENT;
	struct str path = m->path;

	if (m->connection.n == 0)
		return SAME;
	for (bool leftmost = true; path.n; leftmost = false) {
		struct msrp_uri u;
		enum sameness s = DIFFERENT;

		if (msrp_uri_parse(str_split(&path, ' '), &u) == 0)
			s = names(&u, m->connection, m->port);
		if (s == SAME)
			return SAME;
		if (leftmost)
			first = s;
	}
	return first;
}

static int destination(const struct sdp_media *m, struct destination *to)
{
	struct str path = m->path;
	enum sameness same;
	struct msrp_uri first;

	*to = (struct destination){.host = m->connection, .port = m->port};
	if (m->cema)
		return to->host.n && to->port ? 0 : ERR_UNSUPPORTED;
	same = address_in_path(m);
	if (same == DIFFERENT ||
	    msrp_uri_parse(str_split(&path, ' '), &first) < 0 ||
	    !str_ieq(first.transport, STR("tcp")) || first.port == 0)
		return ERR_UNSUPPORTED;
	to->host = first.host;
	to->port = first.port;
	to->compare = same == MAYBE_SAME;
	return 0;
}

int reach_check(const struct sdp_media *m)
{
	struct destination to;

	return destination(m, &to);
}

void reach_cancel(struct reach *r)
{
	if (!r)
		return;
	dns_lookup_cancel(r->lookup);
	free(r->connection);
	free(r);
}

/* r goes first: whom it tells may cancel what he holds. */
static void end(struct reach *r, enum reach_result result,
		enum dns_status status)
{
	struct reach was = *r;

	reach_cancel(r);
	for (size_t i = 0; i < was.n; i++)
		addr_set_port(&was.addr[i], was.port);
	was.fn(was.user, result, status, was.addr,
	       result == REACH_FOUND ? was.n : 0);
}

/* The addresses of c=. */
static void on_connection(void *user, enum dns_status status,
			  const struct addr *addr, size_t n)
{
	struct reach *r = user;

	r->lookup = NULL;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < r->n; k++)
			if (addr_same_host(&addr[i], &r->addr[k])) {
				end(r, REACH_FOUND, status);
				return;
			}
	end(r, status == DNS_FOUND ? REACH_OTHER_HOST : REACH_NO_ADDRESS,
	    status);
}

static void on_host(void *user, enum dns_status status, const struct addr *addr,
		    size_t n)
{
	struct reach *r = user;

	r->lookup = NULL;
	for (size_t i = 0; i < n; i++)
		r->addr[r->n++] = addr[i];
	if (status != DNS_FOUND)
		end(r, REACH_NO_ADDRESS, status);
	else if (r->compare)
		r->lookup =
		    dns_lookup(r->dns, str_z(r->connection), on_connection, r);
	else
		end(r, REACH_FOUND, status);
}

struct reach *reach(struct dns *dns, const struct sdp_media *m, reach_fn *fn,
		    void *user)
{
	struct destination to;
	struct reach *r;
	struct addr addr;

	if (destination(m, &to) < 0) {
		fn(user, REACH_FOUND, DNS_FOUND, NULL, 0);
		return NULL;
	}
	if (!to.compare && addr_parse_host(to.host, to.port, &addr) == 0) {
		fn(user, REACH_FOUND, DNS_FOUND, &addr, 1);
		return NULL;
	}
	r = mem_new(sizeof(*r));
	r->dns = dns;
	r->port = to.port;
	r->compare = to.compare;
	r->connection = str_dup(m->connection);
	r->fn = fn;
	r->user = user;
	r->lookup = dns_lookup(dns, to.host, on_host, r);
	return r;
}
