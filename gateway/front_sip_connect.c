/* Where we connect to when the peer waits for us. */
#include <stdlib.h>

#include "gateway/front_sip_priv.h"

#include "base/err.h"
#include "base/mem.h"

/* A call whose host is being resolved, then the one of its c=. */
struct connecting {
	struct call *call;
	struct dns_lookup *lookup;
	uint16_t port;
	bool compare;
	struct addr addr[DNS_ADDRESSES_MAX];
	size_t n;
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

int call_destination(const struct sdp_media *m, struct destination *to)
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

void call_connect_cancel(struct call *c)
{
	if (!c->connecting)
		return;
	dns_lookup_cancel(c->connecting->lookup);
	free(c->connecting);
	c->connecting = NULL;
}

static void unresolved(struct call *c, enum dns_status status)
{
	struct buf why = BUF_INIT(128);

	buf_addf(&why, "host of the MSRP session: %s", dns_status_text(status));
	log_info(c->f->log, "sip.unresolved", "dlg=%llx path=%s why=\"%s\"",
		 (unsigned long long)c->dialog->id, LOGQ(c->peer.path),
		 dns_status_text(status));
	call_bye(c, REASON_LOST, buf_str(&why));
	buf_done(&why);
}

/* Each once, in their order (ABN-13). */
static void connect_to_all(struct connecting *g)
{
	struct call *c = g->call;

	for (size_t i = 0; i < g->n; i++)
		addr_set_port(&g->addr[i], g->port);
	msrp_session_connect_to(c->session, g->addr, g->n);
	call_connect_cancel(c);
}

/* The addresses of c=. */
static void on_connection(void *user, enum dns_status status,
			  const struct addr *addr, size_t n)
{
	struct connecting *g = user;

	g->lookup = NULL;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < g->n; k++)
			if (addr_same_host(&addr[i], &g->addr[k])) {
				connect_to_all(g);
				return;
			}
	if (status == DNS_FOUND)
		call_bye(g->call, REASON_UNSUPPORTED,
			 STR("c= does not name the host of the MSRP path"));
	else
		unresolved(g->call, status);
}

static void on_host(void *user, enum dns_status status, const struct addr *addr,
		    size_t n)
{
	struct connecting *g = user;
	struct call *c = g->call;

	g->lookup = NULL;
	for (size_t i = 0; i < n; i++)
		g->addr[g->n++] = addr[i];
	if (status != DNS_FOUND)
		unresolved(c, status);
	else if (g->compare)
		g->lookup = dns_lookup(c->f->cfg.dns, c->peer.connection,
				       on_connection, g);
	else
		connect_to_all(g);
}

void call_connect(struct call *c)
{
	struct destination to;
	struct connecting *g;
	struct addr addr;

	call_connect_cancel(c);
	if (call_destination(&c->peer, &to) < 0) {
		msrp_session_connect_to(c->session, NULL, 0);
		return;
	}
	if (!to.compare && addr_parse_host(to.host, to.port, &addr) == 0) {
		msrp_session_connect_to(c->session, &addr, 1);
		return;
	}
	g = mem_new(sizeof(*g));
	g->call = c;
	g->port = to.port;
	g->compare = to.compare;
	g->lookup = dns_lookup(c->f->cfg.dns, to.host, on_host, g);
	c->connecting = g;
}
