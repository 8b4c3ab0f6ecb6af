#include "base/err.h"
#include "base/log.h"
#include "msrp/conn_priv.h"
#include "msrp/receive_priv.h"
#include "msrp/send_priv.h"
#include "msrp/session_priv.h"

/* Requests that name no session of ours, before the connection is closed. */
#define BAD_MAX 3

static struct str leftmost(struct str path)
{
	return str_split(&path, ' ');
}

/* Where the answer goes: the leftmost URI for a SEND, else the whole path back
 * (RFC 4975 §7.2). False: no address can be read. */
static bool reply_path(const struct msrp_head *h, struct str *out)
{
	struct msrp_path path;
	struct msrp_uri uri;

	*out = leftmost(h->from_path);
	if (msrp_uri_parse(*out, &uri))
		return false;
	if (h->method != MSRP_SEND && msrp_path_parse(h->from_path, &path) == 0)
		*out = h->from_path;
	return true;
}

/* Whom the answer is from: the session, or whom the request was meant for. */
static bool own_uri(const struct msrp_conn *c, struct str *out)
{
	struct msrp_uri uri;

	if (c->rx.session) {
		*out = c->rx.session->uri.raw;
		return true;
	}
	*out = leftmost(c->parser.head.to_path);
	return msrp_uri_parse(*out, &uri) == 0;
}

static bool wants_errors(const struct msrp_head *h)
{
	if (h->method == MSRP_REPORT)
		return false;
	return h->failure_report != MSRP_FAILURE_NO ||
	       h->method == MSRP_NICKNAME;
}

void request_refuse(struct msrp_conn *c, unsigned status, const char *comment)
{
	const struct msrp_head *h = &c->parser.head;
	struct str to, from;

	c->rx.swallow = true;
	c->m->stats.refused++;
	if (!reply_path(h, &to) || !own_uri(c, &from)) {
		conn_lost(c, MSRP_CLOSED_ABUSE);
		return;
	}
	if (wants_errors(h))
		conn_respond(c, h->tid, to, from, status, str_z(comment));
	if (c->n_live == 0 && ++c->bad >= BAD_MAX) {
		c->m->stats.limits_hit++;
		conn_finish(c);
	}
}

void request_too_big(struct msrp_conn *c)
{
	if (c->parser.head.tid.n == 0) {
		conn_lost(c, MSRP_CLOSED_ABUSE);
		return;
	}
	c->rx = (struct receiving){0};
	request_refuse(c, 400, "Headers too long");
	conn_finish(c);
}

/* Its requests come on its connection, and not on two at the same time. */
static bool may_speak(const struct msrp_conn *c, const struct msrp_session *s)
{
	return s->conn == c ? !inlet_is_busy(s) : inlet_may(c, s);
}

/* The session must exist, be reached as securely as agreed, and be free or
 * bound to this connection (RFC 4975 §5.4, §7.3; conference MSRP-66 to -69,
 * MSRP-77); who binds it must have the certificate that was agreed (RFC 4975
 * §14.4). */
static struct msrp_session *addressee(struct msrp_conn *c,
				      const struct msrp_path *to)
{
	struct msrp_session *s = NULL;
	const char *why;

	if (to->n == 1)
		s = session_find(c->m, &to->uri[0]);
	if (!s || s->secure != c->secure || s->state == SESSION_CLOSED) {
		request_refuse(c, 481, "No such session");
		return NULL;
	}
	if (s->conn ? !may_speak(c, s) : s->state != SESSION_IDLE) {
		request_refuse(c, 506, "Session is on another connection");
		return NULL;
	}
	why = s->conn ? NULL : verify_peer(c, s);
	if (why) {
		request_refuse(c, 481, "Wrong certificate");
		verify_failed(c, s, why);
		return NULL;
	}
	return s;
}

/* The owner may send at once: his messages come after the response to a
 * bodiless request, but he has to know before he is given content. */
static void tell_bound(struct msrp_conn *c)
{
	struct msrp_session *s = c->rx.session;

	if (!s || !c->rx.bound)
		return;
	c->rx.bound = false;
	if (s->ops->bound)
		s->ops->bound(s->user);
}

static void bind_session(struct msrp_conn *c, struct msrp_session *s)
{
	const struct msrp_head *h = &c->parser.head;

	c->bad = 0;
	if (s->conn && s->conn != c)
		inlet_attach(c, s);
	if (s->conn)
		return;
	conn_attach(c, s);
	s->state = SESSION_BOUND;
	log_debug(loop_log(c->m->loop), "msrp.bind", "conn=%u", c->id);
	c->rx.bound = true;
	if (h->method != MSRP_SEND || h->content_type.n)
		tell_bound(c);
}

static void by_method(struct msrp_conn *c)
{
	const struct msrp_head *h = &c->parser.head;

	if (h->method == MSRP_OTHER)
		request_refuse(c, 501, "Unknown method");
	else if (h->bad_value)
		request_refuse(c, 400, h->bad_value);
	else if (h->method == MSRP_SEND)
		receive_head(c);
}

/* Conference MSRP-60 has the order of the checks. */
void request_head(struct msrp_conn *c)
{
	const struct msrp_head *h = &c->parser.head;
	struct msrp_path to, from;
	struct msrp_session *s;

	c->rx = (struct receiving){.open = true};
	if (h->method == MSRP_RESPONSE) {
		c->rx.swallow = true;
		if (!h->bad && msrp_path_parse(h->to_path, &to) == 0)
			transact_response(c, h, &to);
		return;
	}
	c->m->stats.requests_in++;
	if (h->bad) {
		request_refuse(c, 400, h->bad);
		return;
	}
	if (msrp_path_parse(h->to_path, &to) ||
	    msrp_path_parse(h->from_path, &from)) {
		request_refuse(c, 400, "Malformed path");
		return;
	}
	s = addressee(c, &to);
	if (!s)
		return;
	c->rx.session = s;
	bind_session(c, s);
	if (c->rx.session)
		by_method(c);
}

void request_body(struct msrp_conn *c, struct str data)
{
	if (c->rx.swallow || !c->rx.session)
		return;
	if (c->parser.head.method == MSRP_SEND) {
		receive_body(c, data);
		return;
	}
	c->rx.got += data.n;
	if (c->rx.got > MSRP_OTHER_BODY_MAX)
		request_refuse(c, 413, "Too long for this method");
}

static void complete(struct msrp_conn *c, char flag)
{
	const struct msrp_head *h = &c->parser.head;

	if (!c->rx.session)
		request_refuse(c, 481, "No such session"); /* ended meanwhile */
	else if (h->method == MSRP_SEND)
		receive_end(c, flag);
	else if (h->method == MSRP_REPORT)
		transact_report(c->rx.session, h);
	else if (h->method == MSRP_NICKNAME)
		receive_nickname(c);
}

void request_end(struct msrp_conn *c, char flag)
{
	if (!c->rx.swallow)
		complete(c, flag);
	else if (flag != '+')
		receive_forget(c);
	tell_bound(c);
	c->rx = (struct receiving){0};
}
