#include "xmpp/muc.h"

#include "base/err.h"
#include "base/rfc3339.h"

static const struct stanza_error bad_request = {"modify", "bad-request"};
static const struct stanza_error unavailable = {"cancel",
						"service-unavailable"};

static bool is_type(const struct muc_in *in, const char *type)
{
	return str_eq(in->type, str_z(type));
}

static bool number(const struct xnode *n, const char *name, uint64_t max,
		   uint64_t *out)
{
	return str_u64(str_trim_space(x_attr(n, name)), max, out) == 0;
}

/* XEP-0045 §7.2.14; what can't be read is as if it were absent. */
static void read_history(struct muc_in *in, uint64_t now_ms)
{
	const struct xnode *h = x_child(in->x, "history", NS_MUC);
	uint64_t v;

	if (!h)
		return;
	if (number(h, "maxchars", SIZE_MAX, &v)) {
		in->has_max_chars = true;
		in->max_chars = (size_t)v;
	}
	if (number(h, "maxstanzas", SIZE_MAX, &v)) {
		in->has_max_stanzas = true;
		in->max_stanzas = (size_t)v;
	}
	in->history_none = (in->has_max_chars && in->max_chars == 0) ||
			   (in->has_max_stanzas && in->max_stanzas == 0);
	if (number(h, "seconds", UINT64_MAX / 1000, &v)) {
		in->has_since = true;
		in->since_ms = v * 1000 < now_ms ? now_ms - v * 1000 : 0;
	}
	if (rfc3339_parse(str_trim_space(x_attr(h, "since")), &v) == 0 &&
	    (!in->has_since || v > in->since_ms)) {
		in->has_since = true;
		in->since_ms = v;
	}
}

static void classify_presence(struct muc_in *in, struct arena *a,
			      uint64_t now_ms)
{
	if (is_type(in, "error")) {
		in->kind = MUC_BOUNCE;
		x_read_error(in->stanza, a, &in->error);
	} else if (is_type(in, "unavailable")) {
		in->kind = MUC_LEAVE;
	} else if (is_type(in, "subscribe")) {
		in->kind = MUC_SUBSCRIBE;
	} else if (is_type(in, "probe")) {
		in->kind = MUC_PROBE;
	} else if (in->type.n == 0) {
		in->x = x_child(in->stanza, "x", NS_MUC);
		in->kind = in->x ? MUC_JOIN : MUC_PRESENCE;
		in->password = x_text(x_child(in->x, "password", NS_MUC), a);
		read_history(in, now_ms);
	}
}

static void bad_message(struct muc_in *in, struct stanza_error e)
{
	in->kind = MUC_BAD_MESSAGE;
	in->error = e;
}

/* A form to the bare room is a request for voice (XEP-0045 §7.13). */
static bool is_voice_request(const struct xnode *stanza, struct arena *a)
{
	const struct xnode *x = x_child(stanza, "x", NS_XDATA);
	const struct xnode *f = x_child(x, "field", NS_XDATA);

	for (; f; f = x_next(f, "field", NS_XDATA))
		if (str_eq(x_attr(f, "var"), STR("FORM_TYPE")))
			return str_eq(x_text(x_child(f, "value", NULL), a),
				      STR("http://jabber.org/protocol/"
					  "muc#request"));
	return false;
}

/* Types chat, normal, headline and, as RFC 6121 §5.2.2 has it, all unknown
 * ones. */
static void classify_direct(struct muc_in *in, struct arena *a)
{
	in->x = x_child(in->stanza, "x", NS_MUC_USER);
	if (in->to.resource.n)
		in->kind = MUC_PRIVATE;
	else if (x_child(in->x, "invite", NS_MUC_USER))
		in->kind = MUC_INVITE;
	else if (x_child(in->x, "decline", NS_MUC_USER))
		in->kind = MUC_DECLINE;
	else if (is_voice_request(in->stanza, a))
		in->kind = MUC_VOICE_REQUEST;
	else
		bad_message(in, bad_request);
}

static void classify_message(struct muc_in *in, struct arena *a)
{
	const struct xnode *m = in->stanza;

	if (is_type(in, "error")) {
		in->kind = MUC_BOUNCE;
		x_read_error(m, a, &in->error);
	} else if (is_type(in, "headline") && !in->to.resource.n) {
		in->kind = MUC_IGNORE;
	} else if (!in->to.node.n) {
		bad_message(in, unavailable);
	} else if (!is_type(in, "groupchat")) {
		classify_direct(in, a);
	} else if (in->to.resource.n) {
		bad_message(in, bad_request);
	} else if (x_child(m, "subject", NS_CLIENT) &&
		   !x_child(m, "body", NS_CLIENT) &&
		   !x_child(m, "thread", NS_CLIENT)) {
		in->kind = MUC_SUBJECT;
	} else {
		in->kind = MUC_GROUPCHAT;
	}
}

static void classify_iq(struct muc_in *in, struct arena *a)
{
	const struct xnode *child = x_child(in->stanza, NULL, NULL);

	if (is_type(in, "result") || is_type(in, "error")) {
		in->kind = MUC_IQ_REPLY;
		if (is_type(in, "error"))
			x_read_error(in->stanza, a, &in->error);
		return;
	}
	in->set = is_type(in, "set");
	if ((in->set || is_type(in, "get")) && in->id.n && child &&
	    !x_next(child, NULL, NULL)) {
		in->kind = MUC_IQ;
		in->payload = child;
	} else {
		in->kind = MUC_BAD_IQ;
		in->error = bad_request;
	}
}

int muc_classify(const struct xnode *stanza, struct arena *a, uint64_t now_ms,
		 struct muc_in *out)
{
	struct muc_in in = {.kind = MUC_IGNORE, .stanza = stanza};

	in.error = (struct stanza_error){"", ""};
	if (x_addresses(stanza, &in.from, &in.to) < 0)
		return ERR_SYNTAX;
	in.id = x_attr(stanza, "id");
	in.type = x_attr(stanza, "type");
	in.lang = x_attr(stanza, "xml:lang");
	if (x_is(stanza, "presence", NS_CLIENT))
		classify_presence(&in, a, now_ms);
	else if (x_is(stanza, "message", NS_CLIENT))
		classify_message(&in, a);
	else if (x_is(stanza, "iq", NS_CLIENT))
		classify_iq(&in, a);
	*out = in;
	return 0;
}
