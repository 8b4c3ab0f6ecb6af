/* SIP to XMPP. The functions return 0 or the SIP status owed. */
#include "base/err.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "mapping/addr_priv.h"

static struct str foreign_domain(const struct map_domains *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->domains[i].kind == MAP_DOMAIN_FOREIGN)
			return d->domains[i].name;
	return STR_NONE;
}

/* Percent-decodes; no controls, valid UTF-8 (ADDR-5). */
static int decode(struct buf *out, struct str in)
{
	size_t start = out->n;
	struct str text;

	if (uri_unescape(out, in) < 0)
		return out->err == ERR_TOO_BIG ? 404 : 400;
	text = str_from(buf_str(out), start);
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f)
			return 400;
	return utf8_valid(text) ? 0 : 400;
}

/* escape(local)@domain and /resource from w and the URI's parameters. */
static int put_jid(struct work *w, struct str params, struct buf *out)
{
	struct str gr;
	int status;

	if (w->local.err || map_escape(&w->temp, buf_str(&w->local)) < 0 ||
	    map_prep_local(out, buf_str(&w->temp)) < 0)
		return 404;
	buf_addc(out, '@');
	buf_add(out, buf_str(&w->domain));
	if (!uri_param(params, STR("gr"), &gr) || gr.n == 0)
		return 0;
	buf_clear(&w->temp);
	status = decode(&w->temp, gr);
	if (status)
		return status;
	buf_addc(out, '/');
	return map_prep_resource(out, buf_str(&w->temp)) < 0 ? 404 : 0;
}

static int set_foreign(const struct map_domains *d, struct work *w)
{
	struct str ud = foreign_domain(d);

	buf_clear(&w->domain);
	buf_add(&w->domain, ud);
	return ud.n ? 0 : 404;
}

static int from_tel(const struct map_domains *d, const struct uri *u,
		    struct work *w, struct buf *out)
{
	struct str context;
	int status = set_foreign(d, w);

	if (status)
		return status;
	if (u->user.n && u->user.p[0] == '+') {
		if (!addr_add_global_number(&w->local, u->user))
			return 404;
		return put_jid(w, STR_NONE, out);
	}
	if (!addr_local_number(u->user) ||
	    !uri_param(u->params, STR("phone-context"), &context) ||
	    !addr_phone_context(context))
		return 404;
	buf_add(&w->local, u->user);
	buf_addz(&w->local, ";phone-context=");
	buf_add(&w->local, context);
	return put_jid(w, STR_NONE, out);
}

/* A user part at our own gateway host: a telephone number or local@domain. */
static int from_gateway(const struct map_domains *d, const struct uri *u,
			struct work *w, struct buf *out)
{
	struct str user = buf_str(&w->local);
	ptrdiff_t at = str_rfind(user, '@');
	int status;

	if (at < 0) {
		status = set_foreign(d, w);
		if (status)
			return status;
		if (!addr_add_global_number(&w->temp, user))
			return 404;
		buf_clear(&w->local);
		buf_add(&w->local, buf_str(&w->temp));
		buf_clear(&w->temp);
		return put_jid(w, u->params, out);
	}
	buf_clear(&w->domain);
	if (map_prep_domain(&w->domain, str_from(user, (size_t)at + 1)) < 0)
		return 404;
	buf_cut(&w->local, (size_t)at);
	return put_jid(w, u->params, out);
}

static int from_foreign(const struct map_domains *d, const struct uri *u,
			struct work *w, struct buf *out)
{
	int status;

	if (w->local.n == 0)
		return 404;
	buf_addc(&w->local, '@');
	buf_add(&w->local, buf_str(&w->domain));
	addr_put_port(&w->local, u->port);
	status = set_foreign(d, w);
	return status ? status : put_jid(w, u->params, out);
}

static bool is_sip_like(struct str scheme)
{
	return str_ieq(scheme, STR("sip")) || str_ieq(scheme, STR("im")) ||
	       str_ieq(scheme, STR("pres"));
}

/* user and host of a URI into w. */
static int take_address(const struct uri *u, struct work *w)
{
	int status = decode(&w->local, u->user);

	if (status)
		return status;
	return map_prep_domain(&w->domain, u->host) < 0 ? 404 : 0;
}

static int from_sip(const struct map_domains *d, struct str text,
		    struct work *w, struct buf *out)
{
	const struct map_domain *known;
	struct uri u;
	int status;

	if (uri_parse(text, &u) < 0)
		return 400;
	if (str_ieq(u.scheme, STR("tel")))
		return from_tel(d, &u, w, out);
	if (u.sips)
		return 480;
	if (!is_sip_like(u.scheme))
		return 404;
	status = take_address(&u, w);
	if (status)
		return status;
	if (d->gateway_host.n && str_eq(buf_str(&w->domain), d->gateway_host))
		return from_gateway(d, &u, w, out);
	known = addr_domain(d, buf_str(&w->domain));
	if (!known)
		return from_foreign(d, &u, w, out);
	/* names there say whose user they mean; without that they are nobody's
	 */
	if (known->kind == MAP_DOMAIN_FOREIGN)
		return 404;
	return put_jid(w, u.params, out);
}

/* xmpp: (RFC 5122): the path alone, percent-decoded. */
static int from_xmpp(struct str path, struct work *w, struct buf *out)
{
	struct str rest = path;
	int status;

	if (str_starts(rest, STR("//"))) {
		rest = str_from(rest, 2);
		str_split(&rest, '/');
	}
	rest = str_split(&rest, '#');
	rest = str_split(&rest, '?');
	status = decode(&w->temp, rest);
	if (status)
		return status;
	return map_prep_jid(out, buf_str(&w->temp)) < 0 ? 404 : 0;
}

static int refused(int s, int *status)
{
	*status = s;
	return s ? ERR_PREPARE : 0;
}

int map_sip_to_jid(const struct map_domains *d, struct str uri, struct buf *out,
		   int *status)
{
	static const struct str xmpp = {"xmpp:", 5};
	struct work w;
	int s;

	addr_work_init(&w);
	if (str_istarts(uri, xmpp))
		s = from_xmpp(str_from(uri, xmpp.n), &w, out);
	else
		s = from_sip(d, uri, &w, out);
	if (s == 0 && out->err)
		s = 404;
	addr_work_done(&w);
	return refused(s, status);
}

static int room_from_sip(struct str text, struct work *w, struct buf *room,
			 struct buf *nick)
{
	struct uri u;
	struct str gr;
	int status;

	if (uri_parse(text, &u) < 0)
		return 400;
	if (!is_sip_like(u.scheme) && !u.sips)
		return 404;
	status = take_address(&u, w);
	if (!status)
		status = put_jid(w, STR_NONE, room);
	if (!status && nick && uri_param(u.params, STR("gr"), &gr))
		status = decode(nick, gr);
	if (room->err || (nick && nick->err))
		return 404;
	return status;
}

int map_sip_to_room(struct str uri, struct buf *room, struct buf *nick,
		    int *status)
{
	struct work w;
	int s;

	addr_work_init(&w);
	s = room_from_sip(uri, &w, room, nick);
	addr_work_done(&w);
	return refused(s, status);
}
