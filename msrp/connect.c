/* A session whose peer waits for us: each of his addresses is tried once. */
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "msrp/conn_priv.h"
#include "msrp/receive_priv.h"
#include "msrp/session_priv.h"

/* An address that does not answer holds up the next one no longer than this. */
#define NEXT_ADDRESS_MS 5000

/* The host to ask for: names only (RFC 6066 §3). */
static struct str server_name(const struct msrp_session *s)
{
	struct msrp_uri uri;
	struct addr numeric;

	if (!s->secure || msrp_uri_parse(s->peer_uri, &uri) ||
	    addr_parse_host(uri.host, 0, &numeric) == 0)
		return STR_NONE;
	return uri.host;
}

static void on_start(void *user)
{
	struct msrp_session *s = user;

	if (!s->conn)
		session_closed(s, MSRP_CLOSED_UNBOUND);
	else if (!s->conn->connecting)
		session_connected(s);
}

bool connect_next(struct msrp_session *s)
{
	struct msrp_conn *c = NULL;

	if (s->state != SESSION_CONNECTING)
		return false;
	/* a relay may have spoken already, on a connection of its own */
	receive_clear(s);
	conn_detach(s);
	while (!c && s->next_addr < s->n_addrs) {
		const struct addr *to = &s->addrs[s->next_addr++];
		unsigned most = s->m->limits.response_ms;

		if (s->next_addr < s->n_addrs && most > NEXT_ADDRESS_MS)
			most = NEXT_ADDRESS_MS;
		c = conn_to(s->m, to, s->secure, server_name(s), most);
	}
	if (!c)
		return false;
	conn_attach(c, s);
	/* it may be an old connection */
	defer(s->m->loop, &s->start, on_start, s);
	return true;
}

void msrp_session_connect_to(struct msrp_session *s, const struct addr *to,
			     size_t n)
{
	if (s->state != SESSION_IDLE)
		return;
	s->state = SESSION_CONNECTING;
	s->addrs = mem_new_array(n, sizeof(*s->addrs));
	for (size_t i = 0; i < n; i++)
		s->addrs[s->n_addrs++] = to[i];
	if (!connect_next(s)) /* the owner hears of it later */
		defer(s->m->loop, &s->start, on_start, s);
}
