#include "xmpp/stream_priv.h"

static struct str component_ns(const char *ns)
{
	if (!ns || strcmp(ns, "jabber:component:accept") == 0)
		return STR(NS_CLIENT);
	return str_z(ns);
}

/* 0, or negative over a limit. */
static int copy_attrs(struct arena *a, struct xnode *n, xmpp_stanza_t *stanza,
		      size_t *size)
{
	const char *attrs[2 * STREAM_ATTRS_MAX];
	int count = xmpp_stanza_get_attribute_count(stanza);

	if (count <= 0)
		return 0;
	if (count > STREAM_ATTRS_MAX)
		return -1;
	count = xmpp_stanza_get_attributes(stanza, attrs, 2 * STREAM_ATTRS_MAX);
	for (int i = 0; i + 1 < count; i += 2) {
		struct str name = str_z(attrs[i]), value = str_z(attrs[i + 1]);

		*size += name.n + value.n + 4;
		if (str_eq(name, STR("xmlns")))
			continue;
		if (str_eq(name, STR("lang")))
			name = STR("xml:lang");
		if (x_add_attr(a, n, name, value) < 0)
			return -1;
	}
	return 0;
}

static struct xnode *copy(struct arena *a, xmpp_stanza_t *stanza, size_t *size,
			  int depth)
{
	const char *name = xmpp_stanza_get_name(stanza);
	struct xnode *n, *last = NULL;
	xmpp_stanza_t *c;

	if (xmpp_stanza_is_text(stanza)) {
		struct str text = str_z(xmpp_stanza_get_text_ptr(stanza));

		*size += text.n;
		return x_new_text(a, text);
	}
	if (!name || depth == X_DEPTH_MAX)
		return NULL;
	*size += 2 * strlen(name) + 5;
	n = x_new(a, str_z(name), component_ns(xmpp_stanza_get_ns(stanza)));
	if (!n || copy_attrs(a, n, stanza, size) < 0)
		return NULL;
	for (c = xmpp_stanza_get_children(stanza); c;
	     c = xmpp_stanza_get_next(c)) {
		struct xnode *child = copy(a, c, size, depth + 1);

		if (!child)
			return NULL;
		x_add_child(n, last, child);
		last = child;
	}
	return n;
}

struct xnode *stream_tree(struct arena *a, xmpp_stanza_t *stanza, size_t *size)
{
	*size = 0;
	return copy(a, stanza, size, 0);
}

const char *stream_error_name(const xmpp_stream_error_t *e)
{
	switch (e->type) {
	case XMPP_SE_BAD_FORMAT:
		return "bad-format";
	case XMPP_SE_BAD_NS_PREFIX:
		return "bad-namespace-prefix";
	case XMPP_SE_CONFLICT:
		return "conflict";
	case XMPP_SE_CONN_TIMEOUT:
		return "connection-timeout";
	case XMPP_SE_HOST_GONE:
		return "host-gone";
	case XMPP_SE_HOST_UNKNOWN:
		return "host-unknown";
	case XMPP_SE_IMPROPER_ADDR:
		return "improper-addressing";
	case XMPP_SE_INTERNAL_SERVER_ERROR:
		return "internal-server-error";
	case XMPP_SE_INVALID_FROM:
		return "invalid-from";
	case XMPP_SE_INVALID_ID:
		return "invalid-id";
	case XMPP_SE_INVALID_NS:
		return "invalid-namespace";
	case XMPP_SE_INVALID_XML:
		return "invalid-xml";
	case XMPP_SE_NOT_AUTHORIZED:
		return "not-authorized";
	case XMPP_SE_POLICY_VIOLATION:
		return "policy-violation";
	case XMPP_SE_REMOTE_CONN_FAILED:
		return "remote-connection-failed";
	case XMPP_SE_RESOURCE_CONSTRAINT:
		return "resource-constraint";
	case XMPP_SE_RESTRICTED_XML:
		return "restricted-xml";
	case XMPP_SE_SEE_OTHER_HOST:
		return "see-other-host";
	case XMPP_SE_SYSTEM_SHUTDOWN:
		return "system-shutdown";
	case XMPP_SE_UNSUPPORTED_ENCODING:
		return "unsupported-encoding";
	case XMPP_SE_UNSUPPORTED_STANZA_TYPE:
		return "unsupported-stanza-type";
	case XMPP_SE_UNSUPPORTED_VERSION:
		return "unsupported-version";
	case XMPP_SE_XML_NOT_WELL_FORMED:
		return "not-well-formed";
	case XMPP_SE_UNDEFINED_CONDITION:
		break;
	}
	return "undefined-condition";
}

bool stream_error_lasts(const xmpp_stream_error_t *e)
{
	return e->type == XMPP_SE_NOT_AUTHORIZED ||
	       e->type == XMPP_SE_HOST_UNKNOWN || e->type == XMPP_SE_CONFLICT;
}
