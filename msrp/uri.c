#include "msrp/uri.h"

#include <arpa/inet.h>
#include <ctype.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/scan.h"

static bool alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/* What may stand in an authority: RFC 3986's unreserved, sub-delims, % and, in
 * the user's part, ':'. */
static bool authority_char(unsigned char c)
{
	return alnum(c) || (c && strchr("-._~%!$&'()*+,;=:", c));
}

static bool host_char(unsigned char c)
{
	return alnum(c) || (c && strchr("-._~%!$&'()*+,=", c));
}

static bool ipv6_char(unsigned char c)
{
	return isxdigit(c) || c == ':' || c == '.';
}

static bool session_char(unsigned char c)
{
	return alnum(c) || (c && strchr("-._~+=/", c));
}

static bool token_char(unsigned char c)
{
	return alnum(c) || (c && strchr("!#$%&'*+-.^_`{|}~", c));
}

static bool all(struct str s, bool (*ok)(unsigned char c))
{
	for (size_t i = 0; i < s.n; i++)
		if (!ok((unsigned char)s.p[i]))
			return false;
	return true;
}

static struct str host(struct scan *s)
{
	const char *start = s->p;

	if (!scan_skip(s, '['))
		return scan_while(s, host_char);
	scan_while(s, ipv6_char);
	scan_expect(s, ']');
	return s->err ? STR_NONE : str_of(start, (size_t)(s->p - start));
}

/* [user@]host[:port], up to the session-id or the transport */
static void authority(struct scan *s, struct msrp_uri *u)
{
	struct str rest = scan_rest(s);
	ptrdiff_t slash = str_find(rest, '/');
	ptrdiff_t at;

	if (slash >= 0)
		rest.n = (size_t)slash;
	at = str_find(rest, '@');
	if (at >= 0) {
		u->userinfo = scan_until(s, '@');
		if (!all(u->userinfo, authority_char))
			scan_fail(s, ERR_SYNTAX);
	}
	u->host = host(s);
	if (u->host.n == 0)
		scan_fail(s, ERR_SYNTAX);
	if (scan_skip(s, ':')) {
		u->port = (uint16_t)scan_u64(s, UINT16_MAX);
		if (u->port == 0)
			scan_fail(s, ERR_SYNTAX);
	}
}

static void params(struct scan *s, struct msrp_uri *u)
{
	const char *start = s->p;

	do {
		if (scan_while(s, token_char).n == 0)
			scan_fail(s, ERR_SYNTAX);
		if (scan_skip(s, '=') && scan_while(s, token_char).n == 0)
			scan_fail(s, ERR_SYNTAX);
	} while (scan_skip(s, ';'));
	if (!s->err)
		u->params = str_of(start, (size_t)(s->p - start));
}

int msrp_uri_parse(struct str in, struct msrp_uri *out)
{
	struct scan s = scan_of(in);
	struct msrp_uri u = {.raw = in};

	if (scan_skip_istr(&s, STR("msrps://")))
		u.secure = true;
	else if (!scan_skip_istr(&s, STR("msrp://")))
		return ERR_SYNTAX;
	authority(&s, &u);
	if (scan_skip(&s, '/')) {
		u.session_id = scan_while(&s, session_char);
		if (u.session_id.n == 0)
			scan_fail(&s, ERR_SYNTAX);
	}
	scan_expect(&s, ';');
	u.transport = scan_while(&s, alnum);
	if (u.transport.n == 0)
		scan_fail(&s, ERR_SYNTAX);
	if (scan_skip(&s, ';'))
		params(&s, &u);
	if (s.err || !scan_done(&s))
		return ERR_SYNTAX;
	*out = u;
	return 0;
}

/* A numeric host as octets: how many, 0 for a name. */
static size_t numeric(struct str h, unsigned char addr[16])
{
	char z[64];

	if (h.n >= 2 && h.p[0] == '[')
		h = str_of(h.p + 1, h.n - 2);
	if (h.n == 0 || h.n >= sizeof(z))
		return 0;
	memcpy(z, h.p, h.n);
	z[h.n] = 0;
	if (inet_pton(AF_INET, z, addr) == 1)
		return 4;
	return inet_pton(AF_INET6, z, addr) == 1 ? 16 : 0;
}

/* The next octet of a host, %XX decoded and letters in lower case. */
static int host_octet(struct str h, size_t *i)
{
	char c = h.p[(*i)++];

	if (c == '%' && *i + 1 < h.n && hex_value(h.p[*i]) >= 0 &&
	    hex_value(h.p[*i + 1]) >= 0) {
		c = (char)(hex_value(h.p[*i]) * 16 + hex_value(h.p[*i + 1]));
		*i += 2;
	}
	return tolower((unsigned char)c);
}

static bool host_eq(struct str a, struct str b)
{
	unsigned char x[16], y[16];
	size_t n = numeric(a, x), i = 0, j = 0;

	if (n)
		return numeric(b, y) == n && memcmp(x, y, n) == 0;
	while (i < a.n && j < b.n)
		if (host_octet(a, &i) != host_octet(b, &j))
			return false;
	return i == a.n && j == b.n;
}

bool msrp_uri_eq(const struct msrp_uri *a, const struct msrp_uri *b)
{
	return a->secure == b->secure && a->port == b->port &&
	       str_eq(a->session_id, b->session_id) &&
	       str_ieq(a->transport, b->transport) && host_eq(a->host, b->host);
}

int msrp_path_parse(struct str s, struct msrp_path *out)
{
	struct str rest = str_trim(s);

	out->n = 0;
	while (rest.n) {
		struct str one = str_split(&rest, ' ');
		int err;

		rest = str_trim(rest);
		if (out->n == MSRP_PATH_MAX)
			return ERR_TOO_BIG;
		err = msrp_uri_parse(one, &out->uri[out->n]);
		if (err)
			return err;
		out->n++;
	}
	return out->n ? 0 : ERR_SYNTAX;
}
