#include "tests/lib/xmpp_line.h"

static void word(struct buf *out, const char *name, struct str value)
{
	if (value.n)
		buf_addf(out, " %s=%.*s", name, STR_ARG(value));
}

static void put_user(struct buf *out, const struct xnode *x)
{
	const struct xnode *item = x_child(x, "item", NULL);
	const struct xnode *destroy = x_child(x, "destroy", NULL);
	const struct xnode *c = x_child(x, "status", NULL);

	if (item)
		buf_addf(out, " %.*s/%.*s",
			 STR_ARG(x_attr(item, "affiliation")),
			 STR_ARG(x_attr(item, "role")));
	word(out, "jid", x_attr(item, "jid"));
	word(out, "nick", x_attr(item, "nick"));
	if (destroy)
		buf_addz(out, " destroy");
	if (c)
		buf_addz(out, " [");
	for (const char *sep = ""; c; c = x_next(c, "status", NULL), sep = " ")
		buf_addf(out, "%s%.*s", sep, STR_ARG(x_attr(c, "code")));
	if (x_child(x, "status", NULL))
		buf_addc(out, ']');
}

static void put_error(struct buf *out, const struct xnode *e)
{
	const struct xnode *condition = x_child(e, NULL, NS_STANZAS);

	buf_addf(out, " %.*s/%.*s", STR_ARG(x_attr(e, "type")),
		 STR_ARG(condition ? condition->name : STR_NONE));
	word(out, "by", x_attr(e, "by"));
}

static void put_text(struct buf *out, const struct xnode *c, struct arena *a)
{
	buf_addf(out, " %.*s='%.*s'", STR_ARG(c->name), STR_ARG(x_text(c, a)));
}

static bool is_text(const struct xnode *c)
{
	return x_is(c, "body", NS_CLIENT) || x_is(c, "subject", NS_CLIENT) ||
	       x_is(c, "status", NS_CLIENT);
}

static void put_child(struct buf *out, const struct xnode *stanza,
		      const struct xnode *c, struct arena *a)
{
	bool iq = x_is(stanza, "iq", NULL);

	if (x_is(c, "x", NS_MUC_USER) && x_is(stanza, "message", NULL))
		buf_addz(out, " user");
	else if (x_is(c, "x", NS_MUC_USER))
		put_user(out, c);
	else if (x_is(c, "error", NULL))
		put_error(out, c);
	else if (is_text(c))
		put_text(out, c, a);
	else if (x_is(c, "show", NULL))
		word(out, "show", x_text(c, a));
	else if (x_is(c, "delay", NS_DELAY))
		word(out, "delay", x_attr(c, "stamp"));
	else if (iq)
		buf_addf(out, " %.*s=%.*s", STR_ARG(c->name), STR_ARG(c->ns));
	else if (!x_is(c, NULL, NS_MUC) &&
		 !(x_is(c, NULL, NS_SID) &&
		   x_child(stanza, "stanza-id", NS_SID) == c) &&
		 !(x_is(c, NULL, NS_OCCUPANT) &&
		   x_child(stanza, NULL, NS_OCCUPANT) == c))
		buf_addf(out, " +%.*s", STR_ARG(c->name));
}

void xmpp_line(struct buf *out, const struct xnode *stanza, struct arena *a)
{
	struct str type = x_attr(stanza, "type");
	struct jid from = {0};

	jid_split(x_attr(stanza, "from"), &from);
	if (x_is(stanza, "message", NULL))
		buf_addf(out, "%.*s", STR_ARG(type));
	else
		buf_addf(out, "%.*s", STR_ARG(stanza->name));
	if (!x_is(stanza, "iq", NULL))
		buf_addf(out, " %.*s",
			 STR_ARG(from.resource.n ? from.resource : STR("-")));
	if (type.n && !x_is(stanza, "message", NULL))
		buf_addf(out, " %.*s", STR_ARG(type));
	for (const struct xnode *c = x_child(stanza, NULL, NULL); c;
	     c = x_next(c, NULL, NULL))
		put_child(out, stanza, c, a);
	word(out, "lang", x_attr(stanza, "xml:lang"));
	word(out, "id", x_attr(stanza, "id"));
	buf_addc(out, '\n');
}
