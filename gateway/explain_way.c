/* Where the calls to a domain's conferences go, for people. */
#include <stdio.h>
#include <string.h>

#include "gateway/explain.h"

static bool is_called(const struct explain *e)
{
	struct buf why = BUF_INIT(65536);
	bool is = explain_rooms(e, WORLD_XMPP, &why) == BACK_SIP;

	buf_done(&why);
	return is;
}

bool explain_way(const struct explain *e, struct buf *uri)
{
	const struct domain_config *d = config_section(e->config, e->domain);

	if (!d || !is_called(e))
		return false;
	if (*d->route) {
		buf_addz(uri, d->route);
	} else {
		buf_addz(uri, "sip:");
		map_domain_to_ascii(uri, e->domain);
	}
	return !uri->err && locate_needed(buf_str(uri));
}

static bool is_our_own(const struct config *c, const struct addr *a)
{
	unsigned port = addr_port(a) ? addr_port(a) : 5060;

	for (size_t i = 0; i < c->sip.n_listen; i++)
		if (c->sip.listen[i].port == port &&
		    addr_same_host(&c->sip.listen[i].addr, a))
			return true;
	return false;
}

static void add_location(const struct config *c, const struct location *to,
			 struct buf *b)
{
	char text[ADDR_TEXT_MAX];

	addr_text(&to->addr, text);
	if (!addr_port(&to->addr)) /* the transport's own */
		*strrchr(text, ':') = '\0';
	buf_addf(b, "%s%s%s%s%s", b->n ? "; " : "", to->transport,
		 *to->transport ? " " : "", text,
		 is_our_own(c, &to->addr) ? " (stoxd itself: a loop)" : "");
}

void explain_way_found(const struct explain *e, enum dns_status status,
		       const struct location *location, size_t n,
		       struct discovered *s)
{
	struct buf b = BUF_INIT(65536);

	for (size_t i = 0; i < n; i++)
		add_location(e->config, &location[i], &b);
	s->waits = false;
	s->status = status;
	s->proves = SPEAKS_SIP;
	snprintf(s->records, sizeof(s->records), "%s", buf_z(&b));
	buf_done(&b);
}
