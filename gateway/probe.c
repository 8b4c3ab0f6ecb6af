#include "gateway/probe.h"

void probe_write(struct buf *b, struct str from, struct str to, struct str id)
{
	x_open(b, "iq", from, to, STR("get"), id);
	buf_addz(b, "><query xmlns='" NS_DISCO_INFO "'/></iq>");
}

static bool is_conference(const struct xnode *query)
{
	const struct xnode *n = x_child(query, "identity", NS_DISCO_INFO);

	for (; n; n = x_next(n, "identity", NS_DISCO_INFO))
		if (str_eq(x_attr(n, "category"), STR("conference")) &&
		    str_eq(x_attr(n, "type"), STR("text")))
			return true;
	return false;
}

static bool has(const struct xnode *error, const char *condition)
{
	return x_child(error, condition, NS_STANZAS) != NULL;
}

bool probe_read(const struct xnode *iq, enum discover_reply *reply)
{
	struct str type = x_attr(iq, "type");
	const struct xnode *error = x_child(iq, "error", NS_CLIENT);

	if (!x_is(iq, "iq", NS_CLIENT))
		return false;
	if (str_eq(type, STR("result")))
		*reply = is_conference(x_child(iq, "query", NS_DISCO_INFO))
			     ? DISCOVER_CONFERENCE
			     : DISCOVER_OTHER;
	else if (!str_eq(type, STR("error")))
		return false;
	else if (has(error, "remote-server-not-found"))
		*reply = DISCOVER_ABSENT;
	else if (has(error, "remote-server-timeout") ||
		 has(error, "resource-constraint") ||
		 has(error, "internal-server-error"))
		*reply = DISCOVER_FAILED;
	else
		*reply = DISCOVER_OTHER;
	return true;
}
