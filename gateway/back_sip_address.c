/* Whom the focus takes our users for: From and Contact (RFC 7702 §5.1, RFC
 * 5627). */
#include <string.h>

#include "base/uri.h"
#include "gateway/back_sip_priv.h"

static struct str transport_of(struct str uri)
{
	struct str value = STR_NONE;
	struct uri u;

	if (uri_parse(uri, &u) < 0)
		return STR_NONE;
	uri_param(u.params, STR("transport"), &value);
	return value;
}

/* The listener by which those are reached whom we get to by this URI. */
static const struct listen_spec *listener(const struct config *c,
					  struct str route)
{
	struct str wanted = transport_of(route);

	for (size_t i = 0; i < c->sip.n_listen; i++)
		if (str_ieq(str_z(transport_name(c->sip.listen[i].transport)),
			    wanted))
			return &c->sip.listen[i];
	return c->sip.n_listen ? &c->sip.listen[0] : NULL;
}

static bool is_anywhere(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0 ||
	       strcmp(host, "[::]") == 0;
}

/* Where the focus reaches this user's client (RFC 5627): our address, his name
 * and his resource. */
static struct str contact(struct bs_leg *l)
{
	const struct config *c = l->b->cfg.config;
	const struct domain_config *dom = bs_domain(l);
	const struct listen_spec *at =
	    listener(c, str_z(dom ? dom->route : ""));
	const char *host = c->sip.host;
	struct str gr = STR_NONE;
	struct buf where = BUF_INIT(512);
	struct uri u = {0};
	struct str out;

	uri_parse(l->from, &u);
	uri_param(u.params, STR("gr"), &gr);
	if (!*host && at && !is_anywhere(at->host))
		host = at->host;
	if (*host) {
		buf_addf(&where,
			 strchr(host, ':') && *host != '[' ? "[%s]" : "%s",
			 host);
		if (at && at->port)
			buf_addf(&where, ":%u", at->port);
		if (at && at->transport != TRANSPORT_UDP)
			buf_addf(&where, ";transport=%s",
				 transport_name(at->transport));
	} else {
		buf_add(&where, u.host);
	}
	out = arena_printf(l->arena, "<sip:%.*s@%.*s%s%.*s>", STR_ARG(u.user),
			   (int)where.n, where.p, gr.n ? ";gr=" : "",
			   STR_ARG(gr));
	buf_done(&where);
	return out;
}

enum reason_code bs_fill_addresses(struct bs_leg *l,
				   const struct seat_join *join)
{
	const struct domain_config *dom = bs_domain(l);
	struct str who =
	    dom && !dom->bare_from && join->device.n ? join->device : join->jid;
	struct buf uri = BUF_INIT(16384), room = BUF_INIT(16384);
	const char *condition = NULL;
	enum reason_code code = REASON_BAD_REQUEST;

	if (map_jid_to_sip(l->b->cfg.domain_names(l->b->cfg.user), who, &uri,
			   &condition) >= 0 &&
	    map_room_to_sip(&room, l->room, STR_NONE) == 0) {
		l->from = arena_dup(l->arena, buf_str(&uri));
		l->room_uri = arena_dup(l->arena, buf_str(&room));
		l->from_value =
		    arena_printf(l->arena, "<%.*s>", STR_ARG(l->from));
		l->to_value =
		    arena_printf(l->arena, "<%.*s>", STR_ARG(l->room_uri));
		l->contact = contact(l);
		code = REASON_OK;
	}
	if (condition && strcmp(condition, "jid-malformed") == 0) /* ADDR-10 */
		code = REASON_BAD_ADDRESS;
	buf_done(&uri);
	buf_done(&room);
	return code;
}
