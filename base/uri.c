#include "base/uri.h"

#include "base/err.h"
#include "base/hex.h"
#include "base/scan.h"

static bool is_alpha(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool in_set(unsigned char c, const char *set)
{
	return c && strchr(set, c);
}

static bool unreserved(unsigned char c)
{
	return is_alpha(c) || is_digit(c) || in_set(c, "-_.!~*'()");
}

bool uri_user_char(unsigned char c)
{
	return unreserved(c) || in_set(c, "&=+$,;?/");
}

bool uri_param_char(unsigned char c)
{
	return unreserved(c) || in_set(c, "[]/:&+$");
}

/* The octet at s.p[*i], decoded, with *i moved past it; -1: a lone %. */
static int next_octet(struct str s, size_t *i)
{
	char c = s.p[(*i)++];
	int high, low;

	if (c != '%')
		return (unsigned char)c;
	if (s.n - *i < 2)
		return -1;
	high = hex_value(s.p[*i]);
	low = hex_value(s.p[*i + 1]);
	if (high < 0 || low < 0)
		return -1;
	*i += 2;
	return high << 4 | low;
}

static void add_escaped(struct buf *out, unsigned char c)
{
	static const char hex[] = "0123456789ABCDEF";

	buf_addc(out, '%');
	buf_addc(out, hex[c >> 4]);
	buf_addc(out, hex[c & 15]);
}

/* Decodes, then encodes again the octets for which keep does not hold. */
static int recode(struct buf *out, struct str in, bool (*keep)(unsigned char c))
{
	for (size_t i = 0; i < in.n;) {
		int c = next_octet(in, &i);

		if (c < 0)
			return ERR_SYNTAX;
		if (keep((unsigned char)c))
			buf_addc(out, (char)c);
		else
			add_escaped(out, (unsigned char)c);
	}
	return out->err;
}

static bool any(unsigned char c)
{
	(void)c;
	return true;
}

int uri_unescape(struct buf *out, struct str in)
{
	return recode(out, in, any);
}

void uri_escape(struct buf *out, struct str in, bool (*keep)(unsigned char c))
{
	for (size_t i = 0; i < in.n; i++) {
		if (keep((unsigned char)in.p[i]))
			buf_addc(out, in.p[i]);
		else
			add_escaped(out, (unsigned char)in.p[i]);
	}
}

static bool scheme_char(unsigned char c)
{
	return is_alpha(c) || is_digit(c) || in_set(c, "+-.");
}

/* "scheme:" off the front (RFC 3261 §25.1). */
static struct str scan_scheme(struct scan *s)
{
	struct str scheme = scan_while(s, scheme_char);

	if (scheme.n == 0 || !is_alpha((unsigned char)scheme.p[0]))
		scan_fail(s, ERR_SYNTAX);
	scan_expect(s, ':');
	return scheme;
}

/* What no part of a URI may hold, even where peers are lax about escaping. */
static bool has_forbidden(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= 0x20 || c == 0x7f || in_set(c, "<>\""))
			return true;
	}
	return false;
}

/* Octets over 0x7f: the host of an xmpp: or im: URI may be UTF-8. */
static bool host_char(unsigned char c)
{
	return is_alpha(c) || is_digit(c) || in_set(c, "-._") || c >= 0x80;
}

static bool ip6_char(unsigned char c)
{
	return hex_value((char)c) >= 0 || c == ':' || c == '.';
}

static struct str scan_host(struct scan *s)
{
	const char *from = s->p;

	if (scan_skip(s, '[')) {
		if (scan_while(s, ip6_char).n == 0)
			scan_fail(s, ERR_SYNTAX);
		scan_expect(s, ']');
	} else if (scan_while(s, host_char).n == 0) {
		scan_fail(s, ERR_SYNTAX);
	}
	return str_of(from, (size_t)(s->p - from));
}

static bool not_question(unsigned char c)
{
	return c != '?';
}

/* "user:password@", if it is there. */
static void scan_userinfo(struct scan *s, struct uri *u, bool with_password)
{
	struct str user = scan_until(s, '@');
	ptrdiff_t colon = with_password ? str_find(user, ':') : -1;

	if (colon >= 0) {
		u->password = str_from(user, (size_t)colon + 1);
		user.n = (size_t)colon;
	}
	if (user.n == 0)
		scan_fail(s, ERR_SYNTAX);
	u->user = user;
}

/* RFC 3261 §19.1.1; im: and pres: are the same without what they lack
 * (RFC 3860 §3, RFC 3859 §3). */
static void scan_sip(struct scan *s, struct uri *u)
{
	if (str_find(scan_rest(s), '@') >= 0)
		scan_userinfo(s, u, true);
	u->host = scan_host(s);
	if (scan_skip(s, ':')) {
		u->port = (uint16_t)scan_u64(s, UINT16_MAX);
		if (u->port == 0)
			scan_fail(s, ERR_SYNTAX);
	}
	if (scan_skip(s, ';'))
		u->params = scan_while(s, not_question);
	if (scan_skip(s, '?')) {
		u->headers = scan_rest(s);
		s->p = s->end;
	}
}

/* RFC 5122 §2.2 without an authority; a resource may hold a raw '@'. */
static void scan_xmpp(struct scan *s, struct uri *u)
{
	struct str rest = scan_rest(s);
	ptrdiff_t at = str_find(rest, '@');

	for (ptrdiff_t i = 0; i < at; i++)
		if (rest.p[i] == '/' || rest.p[i] == '?')
			at = -1;
	if (at >= 0)
		scan_userinfo(s, u, false);
	u->host = scan_host(s);
	if (scan_skip(s, '/'))
		u->resource = scan_while(s, not_question);
	if (scan_skip(s, '?')) {
		u->headers = scan_rest(s);
		s->p = s->end;
	}
}

static bool tel_char(unsigned char c)
{
	return hex_value((char)c) >= 0 || in_set(c, "+*#-.()");
}

/* RFC 3966 §3. */
static void scan_tel(struct scan *s, struct uri *u)
{
	u->user = scan_while(s, tel_char);
	if (u->user.n == 0)
		scan_fail(s, ERR_SYNTAX);
	if (scan_skip(s, ';')) {
		u->params = scan_rest(s);
		s->p = s->end;
	}
}

static bool is_sip_like(struct str scheme)
{
	return str_ieq(scheme, STR("sip")) || str_ieq(scheme, STR("sips")) ||
	       str_ieq(scheme, STR("im")) || str_ieq(scheme, STR("pres"));
}

int uri_parse(struct str in, struct uri *out)
{
	struct scan s = scan_of(in);
	struct uri u = {0};

	if (has_forbidden(in))
		return ERR_SYNTAX;
	u.scheme = scan_scheme(&s);
	u.sips = str_ieq(u.scheme, STR("sips"));
	if (is_sip_like(u.scheme))
		scan_sip(&s, &u);
	else if (str_ieq(u.scheme, STR("xmpp")))
		scan_xmpp(&s, &u);
	else if (str_ieq(u.scheme, STR("tel")))
		scan_tel(&s, &u);
	else
		return ERR_SYNTAX;
	if (s.err || !scan_done(&s))
		return ERR_SYNTAX;
	*out = u;
	return 0;
}

/* The next parameter off *rest; a ';' inside quotes does not end it. */
static struct str split_param(struct str *rest)
{
	bool quoted = false;
	size_t i = 0;
	struct str param;

	for (; i < rest->n && (quoted || rest->p[i] != ';'); i++) {
		if (rest->p[i] == '"')
			quoted = !quoted;
		else if (quoted && rest->p[i] == '\\' && i + 1 < rest->n)
			i++;
	}
	param = str_of(rest->p, i);
	*rest = str_from(*rest, i + 1);
	return param;
}

bool uri_param(struct str params, struct str name, struct str *value)
{
	while (params.n) {
		struct str v = split_param(&params);
		struct str k = str_split(&v, '=');

		if (!str_ieq(str_trim_space(k), name))
			continue;
		*value = str_trim_space(v);
		return true;
	}
	return false;
}

static bool key_octet(unsigned char c)
{
	return c != '%' && c != '@';
}

static int tel_key(struct buf *out, const struct uri *u)
{
	struct str rest = u->user;
	size_t digits = 0;

	/* a local number means something only within its context */
	if (rest.p[0] != '+')
		return ERR_SYNTAX;
	buf_add(out, STR("tel:+"));
	for (size_t i = 1; i < rest.n; i++) {
		unsigned char c = (unsigned char)rest.p[i];

		if (is_digit(c)) {
			buf_addc(out, (char)c);
			digits++;
		} else if (!in_set(c, "-.()")) {
			return ERR_SYNTAX;
		}
	}
	return digits ? out->err : ERR_SYNTAX;
}

static void add_lower(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_addc(out, s.p[i] >= 'A' && s.p[i] <= 'Z'
				  ? (char)(s.p[i] - 'A' + 'a')
				  : s.p[i]);
}

static int sip_key(struct buf *out, const struct uri *u)
{
	struct str gr;

	buf_add(out, STR("sip:"));
	if (u->user.n) {
		if (recode(out, u->user, key_octet))
			return out->err ? out->err : ERR_SYNTAX;
		buf_addc(out, '@');
	}
	add_lower(out, u->host);
	if (u->port && u->port != 5060 && u->port != 5061) {
		buf_addc(out, ':');
		buf_addu(out, u->port);
	}
	if (!uri_param(u->params, STR("gr"), &gr))
		return out->err;
	buf_add(out, STR(";gr"));
	if (gr.n == 0)
		return out->err;
	buf_addc(out, '=');
	return recode(out, gr, key_octet);
}

int uri_key(struct buf *out, struct str in)
{
	struct uri u;
	int err = uri_parse(in, &u);

	if (err)
		return err;
	if (is_sip_like(u.scheme))
		return sip_key(out, &u);
	if (str_ieq(u.scheme, STR("tel")))
		return tel_key(out, &u);
	return ERR_SYNTAX;
}
