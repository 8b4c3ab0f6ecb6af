/* Clients that know no Message/CPIM, where a domain lets them in: the
 * switch speaks for them. */
#include "gateway/front_sip_message.h"

#include "mapping/message.h"
#include "msrp/cpim.h"

void plain_wrap(const struct call *c, const struct msrp_message *in,
		struct buf *out)
{
	struct cpim_out m = {
	    .from = {c->display, c->uri},
	    .to = {STR_NONE, c->room_uri},
	    .content_type = in->content_type,
	    .body = in->body,
	};

	cpim_write(out, &m);
}

/* Lines end in CR LF on the wire (RFC 2046 §4.1.1). */
static void add_lines(struct buf *b, struct str text)
{
	while (text.n) {
		bool last = str_find(text, '\n') < 0;

		buf_add(b, str_split(&text, '\n'));
		if (!last)
			buf_addz(b, "\r\n");
	}
}

struct blob *plain_render(const struct message *m)
{
	const struct part *p = message_part(m, STR("text/plain"));
	struct blob *out = NULL;
	struct buf b;

	if (!p)
		p = message_part(m, STR(MAP_TYPE_LINK));
	if (!p || m->private)
		return NULL;
	buf_init(&b, m->nick.n + 2 * p->body.n + 3);
	buf_addf(&b, "<%.*s> ", STR_ARG(m->nick));
	add_lines(&b, p->body);
	if (!b.err)
		out = blob_new(buf_str(&b));
	buf_done(&b);
	return out;
}
