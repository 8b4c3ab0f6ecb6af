/* What the server says on a component stream (XEP-0114 §3). */
#include <openssl/evp.h>

#include "xmpp/stream_priv.h"

#define NS_STREAM_ERRORS "urn:ietf:params:xml:ns:xmpp-streams"

/* So short that a new connection takes it at once. */
static void say(struct xmpp_link *l, const struct buf *b)
{
	if (b->err || stream_write(l, buf_str(b)) != (ssize_t)b->n)
		stream_end(l, NULL, "connection lost");
}

void stream_connected(struct xmpp_link *l)
{
	struct buf b = BUF_INIT(4096);

	buf_addz(&b, "<?xml version='1.0'?><stream:stream "
		     "xmlns='jabber:component:accept' "
		     "xmlns:stream='" NS_STREAMS "'");
	x_put_attr(&b, "to", str_z(l->domain));
	buf_addc(&b, '>');
	say(l, &b);
	buf_done(&b);
}

static void put_hash(struct buf *b, const struct buf *text)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (!EVP_Digest(text->p, text->n, hash, &n, EVP_sha1(), NULL))
		n = 0;
	for (unsigned i = 0; i < n; i++)
		buf_addf(b, "%02x", hash[i]);
}

static void on_opened(struct xmpp_link *l, const struct xnode *header)
{
	struct buf text = BUF_INIT(65536), b = BUF_INIT(256);

	buf_add(&text, x_attr(header, "id"));
	buf_addz(&text, l->secret);
	buf_addz(&b, "<handshake>");
	put_hash(&b, &text);
	buf_addz(&b, "</handshake>");
	say(l, &b);
	buf_done(&b);
	buf_done(&text);
}

/* Is it one that only an administrator can mend (COMP-6)? */
static bool lasts(struct str condition)
{
	return str_eq(condition, STR("not-authorized")) ||
	       str_eq(condition, STR("host-unknown")) ||
	       str_eq(condition, STR("conflict"));
}

static void on_error(struct xmpp_link *l, const struct xnode *error)
{
	const struct xnode *c = x_child(error, NULL, NS_STREAM_ERRORS);
	struct str name = STR("undefined-condition"), text;
	struct arena *a = arena_new(65536);
	const char *hint = "";
	char why[sizeof(l->why)];

	while (c && x_is(c, "text", NULL))
		c = x_next(c, NULL, NS_STREAM_ERRORS);
	if (c)
		name = c->name;
	text = x_text(x_child(error, "text", NS_STREAM_ERRORS), a);
	l->lasting = lasts(name);
	if (str_eq(name, STR("conflict")))
		hint = " (the server takes no further connection of this "
		       "domain)";
	snprintf(why, sizeof(why), "%.*s%s%.*s%s", STR_ARG(name),
		 text.n ? ": " : "", STR_ARG(text), hint);
	arena_free(a);
	stream_end(l, NULL, why);
}

/* Ours, to see whether the stream lives (COMP-9). */
static bool is_our_ping(struct xmpp_link *l, const struct xnode *n)
{
	return x_is(n, "iq", NS_CLIENT) &&
	       str_eq(x_attr(n, "id"), str_z(l->ping_id)) &&
	       (!x_has_attr(n, "from") ||
		str_eq(x_attr(n, "from"), str_z(l->domain)));
}

static void heard(struct xmpp_link *l)
{
	l->heard_ms = loop_now_ms(l->loop);
	l->ping_sent = false;
	l->stats.stanzas_in++;
}

bool xmpp_link_is_sign(struct xmpp_link *l, const struct xnode *stanza)
{
	if (!*l->ping_id || !is_our_ping(l, stanza))
		return false;
	l->heard_ms = loop_now_ms(l->loop);
	l->ping_sent = false;
	return true;
}

static void on_stanza(struct xmpp_link *l, const struct xnode *n)
{
	if (x_is(n, "error", NS_STREAMS)) {
		on_error(l, n);
	} else if (l->phase == CONNECTING) {
		if (x_is(n, "handshake", NS_CLIENT))
			stream_up(l);
	} else if (l->phase == UP) {
		heard(l);
		if (!is_our_ping(l, n))
			l->cfg.ops->stanza(l->cfg.user, n);
	}
}

static bool is_answered(const struct xnode *n)
{
	struct str type = x_attr(n, "type");

	return (x_is(n, "message", NS_CLIENT) ||
		x_is(n, "presence", NS_CLIENT) || x_is(n, "iq", NS_CLIENT)) &&
	       x_has_attr(n, "from") && !str_eq(type, STR("error")) &&
	       !str_eq(type, STR("result"));
}

/* RFC 6120 §13.12; errors and results are never answered. */
static void on_refused(struct xmpp_link *l, const struct xnode *n)
{
	struct buf b = BUF_INIT(2 * l->cfg.max_stanza);
	char name[16];

	l->stats.stanzas_refused++;
	if (l->phase != UP)
		return;
	heard(l);
	if (!n || !is_answered(n))
		return;
	snprintf(name, sizeof(name), "%.*s", STR_ARG(n->name));
	x_open(&b, name, x_attr(n, "to"), x_attr(n, "from"), STR("error"),
	       x_attr(n, "id"));
	buf_addc(&b, '>');
	x_put_error(&b, (struct stanza_error){"modify", "policy-violation"},
		    STR_NONE, STR_NONE);
	buf_addf(&b, "</%s>", name);
	if (!b.err)
		xmpp_link_send(l, buf_str(&b));
	buf_done(&b);
}

static void on_bad(struct xmpp_link *l, const char *condition)
{
	char why[sizeof(l->why)];

	if (strcmp(condition, "policy-violation") == 0)
		l->stats.stanzas_refused++;
	snprintf(why, sizeof(why), "what the server sent: %s", condition);
	stream_end(l, condition, why);
}

static void on_event(struct xmpp_link *l, enum reader_event event)
{
	const struct xnode *n = reader_root(l->reader);

	switch (event) {
	case READER_OPENED:
		on_opened(l, n);
		break;
	case READER_STANZA:
		on_stanza(l, n);
		break;
	case READER_REFUSED:
		on_refused(l, n);
		break;
	case READER_CLOSED:
		stream_end(l, NULL, "closed by the server");
		break;
	case READER_BAD:
		on_bad(l, reader_condition(l->reader));
		break;
	case READER_MORE:
		break;
	}
}

void stream_received(struct xmpp_link *l, struct str in)
{
	enum reader_event event = READER_OPENED;

	if (log_on(l->log, LOG_TRACE))
		log_write(l->log, LOG_TRACE, "xmpp.wire",
			  "domain=%s dir=in text=%s", l->domain, LOGQ(in));
	while (!l->ended && !l->freed && event != READER_MORE) {
		event = reader_next(l->reader, &in);
		on_event(l, event);
	}
}
