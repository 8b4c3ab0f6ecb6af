/* XMPP to SIP. The functions return NULL or the stanza error's condition. */
#include "base/err.h"
#include "base/uri.h"
#include "mapping/addr_priv.h"
#include "xmpp/stanza.h"

static const char malformed[] = "jid-malformed";
static const char not_found[] = "item-not-found";

static const char *put_host(struct buf *out, struct str domain)
{
	return map_domain_to_ascii(out, domain) < 0 ? malformed : NULL;
}

/* "host" or "host:port", as ADDR-13 wrote it into a localpart. */
static const char *put_host_port(struct work *w, struct str s, struct buf *out)
{
	struct str host = s;
	ptrdiff_t colon = str_rfind(s, ':'), bracket = str_rfind(s, ']');
	uint64_t port = 0;

	if (colon > bracket) {
		host = str_of(s.p, (size_t)colon);
		if (str_u64(str_from(s, (size_t)colon + 1), UINT16_MAX, &port) <
		    0)
			return not_found;
	}
	buf_clear(&w->domain);
	if (map_prep_domain(&w->domain, host) < 0)
		return not_found;
	if (put_host(out, buf_str(&w->domain)))
		return not_found;
	addr_put_port(out, port);
	return NULL;
}

/* number;phone-context=.. */
static bool is_local_tel(struct str s)
{
	static const struct str mark = {";phone-context=", 15};
	ptrdiff_t at = str_search(s, mark);

	return at > 0 && addr_local_number(str_of(s.p, (size_t)at)) &&
	       addr_phone_context(str_from(s, (size_t)at + mark.n));
}

/* The localpart of a foreign SIP user (ADDR-14, ADDR-20, ADDR-21). */
static const char *to_foreign(const struct map_domains *d, struct work *w,
			      struct buf *out)
{
	struct str local = buf_str(&w->local);
	ptrdiff_t at = str_rfind(local, '@');

	if (at > 0) {
		buf_addz(out, "sip:");
		uri_escape(out, str_of(local.p, (size_t)at), uri_user_char);
		buf_addc(out, '@');
		return put_host_port(w, str_from(local, (size_t)at + 1), out);
	}
	buf_clear(&w->temp);
	if (!addr_add_global_number(&w->temp, local) || d->gateway_host.n == 0)
		return not_found;
	buf_addz(out, "sip:");
	buf_add(out, buf_str(&w->temp));
	buf_addc(out, '@');
	if (put_host(out, d->gateway_host))
		return not_found;
	buf_addz(out, ";user=phone");
	return NULL;
}

static const char *to_native(struct work *w, struct buf *out)
{
	buf_addz(out, "sip:");
	uri_escape(out, buf_str(&w->local), uri_user_char);
	buf_addc(out, '@');
	return put_host(out, buf_str(&w->domain));
}

/* A domain for which SIP does not come to us: by way of our own name (ADDR-15).
 */
static const char *to_gateway(const struct map_domains *d, struct work *w,
			      struct buf *out)
{
	buf_addc(&w->local, '@');
	if (map_domain_to_ascii(&w->local, buf_str(&w->domain)) < 0)
		return malformed;
	buf_addz(out, "sip:");
	uri_escape(out, buf_str(&w->local), uri_user_char);
	buf_addc(out, '@');
	return put_host(out, d->gateway_host);
}

static const char *put_gr(struct work *w, struct str resource, struct buf *out)
{
	if (resource.n == 0)
		return NULL;
	buf_clear(&w->temp);
	if (map_prep_resource(&w->temp, resource) < 0)
		return malformed;
	buf_addz(out, ";gr=");
	uri_escape(out, buf_str(&w->temp), uri_param_char);
	return NULL;
}

/* Prepared, then unescaped (ADDR-7); a space at an end was never escaped by us.
 */
static const char *take_local(struct work *w, struct str node)
{
	struct str s;

	if (map_prep_local(&w->temp, node) < 0)
		return malformed;
	map_unescape(&w->local, buf_str(&w->temp));
	s = buf_str(&w->local);
	return s.p[0] == ' ' || s.p[s.n - 1] == ' ' ? malformed : NULL;
}

static const char *to_sip(const struct map_domains *d, struct str text,
			  struct work *w, struct buf *out)
{
	const struct map_domain *known;
	const char *condition;
	struct jid jid;

	if (jid_split(text, &jid) < 0 ||
	    map_prep_domain(&w->domain, jid.domain) < 0)
		return malformed;
	if (jid.node.n == 0)
		return not_found;
	condition = take_local(w, jid.node);
	if (condition)
		return condition;
	known = addr_domain(d, buf_str(&w->domain));
	if (known && known->kind == MAP_DOMAIN_FOREIGN &&
	    is_local_tel(buf_str(&w->local))) {
		/* a telephone has no devices: no gr */
		buf_addz(out, "tel:");
		uri_escape(out, buf_str(&w->local), uri_user_char);
		return NULL;
	}
	if (known && known->kind == MAP_DOMAIN_FOREIGN)
		condition = to_foreign(d, w, out);
	else if (known || d->gateway_host.n == 0)
		condition = to_native(w, out);
	else
		condition = to_gateway(d, w, out);
	return condition ? condition : put_gr(w, jid.resource, out);
}

int map_jid_to_sip(const struct map_domains *d, struct str jid, struct buf *out,
		   const char **condition)
{
	struct work w;

	addr_work_init(&w);
	*condition = to_sip(d, jid, &w, out);
	if (!*condition && out->err)
		*condition = malformed;
	addr_work_done(&w);
	return *condition ? ERR_PREPARE : 0;
}
