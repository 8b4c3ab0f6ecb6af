/* Files that are offered by a link, in place of what XMPP users can't be given
 * (XEP-0066, RFC 4483). */
#include "mapping/message_priv.h"

/* The description stands in parameters of the part's type, which lives as long
 * as the link does. */
bool map_put_link(struct message *m, struct str url, struct str name,
		  uint64_t size)
{
	struct part *p = &m->parts[0];
	struct str type = arena_printf(
	    m->arena,
	    MAP_TYPE_LINK ";access-type=URL;name=\"%.*s\";size=\"%llu\"",
	    STR_ARG(name), (unsigned long long)size);
	struct str body = arena_dup(m->arena, url);

	if (!type.n || !body.n)
		return false;
	*p = (struct part){.type = type, .body = body};
	m->n_parts = 1;
	return true;
}

void map_add_file(struct buf *out, const struct part *p)
{
	struct str name = mime_param(p->type, STR("name"));
	struct str size = mime_param(p->type, STR("size"));

	if (!name.n)
		return;
	buf_add(out, name);
	buf_addz(out, " (");
	buf_add(out, size);
	buf_addz(out, str_eq(size, STR("1")) ? " octet)" : " octets)");
}
