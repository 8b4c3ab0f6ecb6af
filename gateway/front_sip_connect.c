/* Where we connect to when the peer waits for us. */
#include "gateway/front_sip_priv.h"

#include "base/err.h"

static int numeric(struct str host, uint16_t port, struct addr *out)
{
	bool bare_v6 = str_find(host, ':') >= 0 && host.p[0] != '[';
	struct buf b = BUF_INIT(ADDR_TEXT_MAX);
	int err;

	buf_addf(&b, bare_v6 ? "[%.*s]:%u" : "%.*s:%u", STR_ARG(host), port);
	err = b.err ? b.err : addr_parse(buf_str(&b), out);
	buf_done(&b);
	return err;
}

static bool names(const struct msrp_uri *u, struct str host, uint16_t port)
{
	struct addr a, b;

	if (u->port != port)
		return false;
	if (numeric(u->host, u->port, &a) == 0 && numeric(host, port, &b) == 0)
		return addr_same_host(&a, &b);
	return str_ieq(u->host, host);
}

/* Something between us has changed c= and m= if no URI of the path names them;
 * then only a=msrp-cema tells what they mean (RFC 6714 §4.3). */
static bool address_in_path(const struct sdp_media *m)
{
	struct str path = m->path;

	while (path.n) {
		struct msrp_uri u;

		if (msrp_uri_parse(str_split(&path, ' '), &u) == 0 &&
		    names(&u, m->connection, m->port))
			return true;
	}
	return m->connection.n == 0;
}

int call_destination(const struct sdp_media *m, struct addr *to)
{
	struct str path = m->path;
	struct msrp_uri first;

	if (m->cema)
		return numeric(m->connection, m->port, to);
	if (!address_in_path(m))
		return ERR_UNSUPPORTED;
	if (msrp_uri_parse(str_split(&path, ' '), &first) < 0 ||
	    !str_ieq(first.transport, STR("tcp")) || first.port == 0)
		return ERR_UNSUPPORTED;
	return numeric(first.host, first.port, to);
}

void call_connect(struct call *c)
{
	struct addr to;

	if (call_destination(&c->peer, &to) == 0)
		msrp_session_connect_to(c->session, &to);
	else
		msrp_session_connect_to(c->session, NULL);
}
