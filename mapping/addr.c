#include "mapping/addr.h"

#include "base/err.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "xmpp/stanza.h"

/* Longer parts can't become a part of a JID, even where each octet is escaped.
 */
#define WORK_MAX 4096

/* What a mapping works with; freed as one. */
struct work {
	struct buf local;  /* decoded, not yet escaped or prepared */
	struct buf domain; /* prepared */
	struct buf temp;
};

static void work_init(struct work *w)
{
	buf_init(&w->local, WORK_MAX);
	buf_init(&w->domain, WORK_MAX);
	buf_init(&w->temp, WORK_MAX);
}

static void work_done(struct work *w)
{
	buf_done(&w->local);
	buf_done(&w->domain);
	buf_done(&w->temp);
}

static const struct map_domain *find(const struct map_domains *d,
				     struct str name)
{
	for (size_t i = 0; i < d->n; i++)
		if (str_eq(d->domains[i].name, name))
			return &d->domains[i];
	return NULL;
}

/* ADDR-13 */
static void put_port(struct buf *out, uint64_t port)
{
	if (port == 0 || port == 5060 || port == 5061)
		return;
	buf_addc(out, ':');
	buf_addu(out, port);
}

static struct str foreign_domain(const struct map_domains *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->domains[i].kind == MAP_DOMAIN_FOREIGN)
			return d->domains[i].name;
	return STR_NONE;
}

/* ---- SIP to XMPP; the functions return 0 or the SIP status owed ---- */

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

/* "+digits" without visual separators (RFC 3966 §5.1.1); false: something else.
 */
static bool add_global_number(struct buf *out, struct str s)
{
	if (s.n < 2 || s.p[0] != '+')
		return false;
	buf_addc(out, '+');
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] >= '0' && s.p[i] <= '9')
			buf_addc(out, s.p[i]);
		else if (!strchr("-.()", s.p[i]) || !s.p[i])
			return false;
	}
	return true;
}

static bool local_number(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!s.p[i] || !strchr("0123456789ABCDEFabcdef*#-.()", s.p[i]))
			return false;
	return s.n != 0;
}

/* RFC 3966 §3: a domain name or the start of a global number. */
static bool phone_context(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') && (!c || !strchr("+-.", c)))
			return false;
	}
	return s.n != 0;
}

static int from_tel(const struct map_domains *d, const struct uri *u,
		    struct work *w, struct buf *out)
{
	struct str context;
	int status = set_foreign(d, w);

	if (status)
		return status;
	if (u->user.n && u->user.p[0] == '+') {
		if (!add_global_number(&w->local, u->user))
			return 404;
		return put_jid(w, STR_NONE, out);
	}
	if (!local_number(u->user) ||
	    !uri_param(u->params, STR("phone-context"), &context) ||
	    !phone_context(context))
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
		if (!add_global_number(&w->temp, user))
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
	put_port(&w->local, u->port);
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
	known = find(d, buf_str(&w->domain));
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

	work_init(&w);
	if (str_istarts(uri, xmpp))
		s = from_xmpp(str_from(uri, xmpp.n), &w, out);
	else
		s = from_sip(d, uri, &w, out);
	if (s == 0 && out->err)
		s = 404;
	work_done(&w);
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

	work_init(&w);
	s = room_from_sip(uri, &w, room, nick);
	work_done(&w);
	return refused(s, status);
}

/* ---- XMPP to SIP; the functions return NULL or the condition owed ---- */

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
	put_port(out, port);
	return NULL;
}

/* number;phone-context=.. */
static bool is_local_tel(struct str s)
{
	static const struct str mark = {";phone-context=", 15};
	ptrdiff_t at = str_search(s, mark);

	return at > 0 && local_number(str_of(s.p, (size_t)at)) &&
	       phone_context(str_from(s, (size_t)at + mark.n));
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
	if (!add_global_number(&w->temp, local) || d->gateway_host.n == 0)
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
	known = find(d, buf_str(&w->domain));
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

	work_init(&w);
	*condition = to_sip(d, jid, &w, out);
	if (!*condition && out->err)
		*condition = malformed;
	work_done(&w);
	return *condition ? ERR_PREPARE : 0;
}

int map_room_to_sip(struct buf *out, struct str room, struct str nick)
{
	ptrdiff_t at = str_find(room, '@');
	struct buf name = BUF_INIT(WORK_MAX);
	int err;

	if (at <= 0)
		return ERR_SYNTAX;
	map_unescape(&name, str_of(room.p, (size_t)at));
	buf_addz(out, "sip:");
	uri_escape(out, buf_str(&name), uri_user_char);
	buf_done(&name);
	buf_addc(out, '@');
	err = map_domain_to_ascii(out, str_from(room, (size_t)at + 1));
	if (err < 0)
		return err;
	if (nick.n) {
		buf_addz(out, ";gr=");
		uri_escape(out, nick, uri_param_char);
	}
	return out->err;
}

int map_room_elsewhere(struct str room, struct buf *out)
{
	static const struct str at_sign = {"\\40", 3};
	struct str local = str_split(&room, '@'), domain;
	ptrdiff_t cut = str_rfind(local, '%');
	size_t skip = 1;

	/* the last of either (ADDR-14) */
	for (size_t i = 0; i + at_sign.n <= local.n; i++)
		if ((ptrdiff_t)i > cut &&
		    str_starts(str_from(local, i), at_sign)) {
			cut = (ptrdiff_t)i;
			skip = at_sign.n;
		}
	if (cut < 0)
		return 0;
	domain = str_from(local, (size_t)cut + skip);
	if (cut == 0 || domain.n == 0)
		return ERR_PREPARE;
	buf_add(out, str_of(local.p, (size_t)cut));
	buf_addc(out, '@');
	return map_prep_domain(out, domain) < 0 ? ERR_PREPARE : 1;
}
