/* The second connection of a session whose peer is behind a relay. A relay
 * answers for itself and chooses the connection that it sends requests on:
 * where we connect to it, requests may all the same come on one that it makes
 * (RFC 4976 §5.2, §6.4.2), even before we are through. They are heard there,
 * and answered there; what we send stays on the session's own connection, where
 * the relay proves who it is. */
#include "base/log.h"
#include "msrp/conn_priv.h"
#include "msrp/receive_priv.h"
#include "msrp/session_priv.h"

static bool receives(const struct msrp_conn *c, const struct msrp_session *s)
{
	return c && c->rx.open && c->rx.session == s;
}

/* That somebody else has learnt the session's URI must not be enough to speak
 * in it (RFC 4975 §5.4): he would have to sit where the relay does, and know
 * the other path, too. */
bool inlet_may(const struct msrp_conn *c, const struct msrp_session *s)
{
	if (!s->relayed || s->state == SESSION_CLOSED ||
	    (s->inlet && s->inlet != c))
		return false;
	return addr_same_host(&c->peer, &s->conn->peer) &&
	       str_eq(c->parser.head.from_path, s->peer_path) &&
	       !receives(s->conn, s);
}

bool inlet_is_busy(const struct msrp_session *s)
{
	return receives(s->inlet, s);
}

void inlet_attach(struct msrp_conn *c, struct msrp_session *s)
{
	if (s->inlet)
		return;
	s->inlet = c;
	TAILQ_INSERT_TAIL(&c->inlets, s, inlet_link);
	conn_used(c);
	log_debug(loop_log(c->m->loop), "msrp.inlet", "conn=%u of=%u", c->id,
		  s->conn->id);
}

void inlet_detach(struct msrp_session *s)
{
	struct msrp_conn *c = s->inlet;

	if (!c)
		return;
	s->inlet = NULL;
	TAILQ_REMOVE(&c->inlets, s, inlet_link);
	receive_leave(s, c);
	conn_left(c, s);
}
