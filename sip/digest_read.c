/* The Authorization header, and what a server asks for. In a file of its own,
 * for OpenSSL has a name of our table of errors for itself. */
#include "base/err.h"
#include "base/scan.h"
#include "sip/digest.h"

enum param {
	USERNAME,
	REALM,
	NONCE,
	URI,
	RESPONSE,
	CNONCE,
	NC,
	QOP,
	ALGORITHM,
	USERHASH,
	OPAQUE,
	STALE,
	PARAMS
};

static const char *const params[PARAMS] = {
    "username", "realm", "nonce",     "uri",	  "response", "cnonce",
    "nc",	"qop",	 "algorithm", "userhash", "opaque",   "stale"};

static bool token_char(unsigned char c)
{
	return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?={}", c);
}

/* What may stand in a value without quotes: some clients leave them out around
 * a URI. */
static bool bare_char(unsigned char c)
{
	return c > ' ' && c != 0x7f && c != ',' && c != '"';
}

/* The rest of a quoted string, whose opening quote is read. */
static struct str quoted(struct scan *s, struct arena *a)
{
	const char *start = s->p;
	struct str raw;
	bool escaped = false;
	char *to;
	size_t n = 0;

	while (s->p < s->end && *s->p != '"') {
		if (*s->p == '\\') {
			escaped = true;
			s->p++;
		}
		if (s->p < s->end)
			s->p++;
	}
	raw = str_of(start, (size_t)(s->p - start));
	scan_expect(s, '"');
	if (s->err || !escaped)
		return raw;
	to = arena_alloc(a, raw.n);
	if (!to) {
		scan_fail(s, ERR_TOO_BIG);
		return STR_NONE;
	}
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] == '\\')
			i++;
		to[n++] = raw.p[i];
	}
	return str_of(to, n);
}

static void read_param(struct scan *s, struct arena *a,
		       struct str value[PARAMS], bool seen[PARAMS])
{
	struct str name = scan_while(s, token_char), v;

	scan_space(s);
	scan_expect(s, '=');
	scan_space(s);
	if (!name.n)
		scan_fail(s, ERR_SYNTAX);
	v = scan_skip(s, '"') ? quoted(s, a) : scan_while(s, bare_char);
	for (size_t i = 0; i < PARAMS && !s->err; i++) {
		if (!str_ieq(name, str_z(params[i])))
			continue;
		if (seen[i])
			scan_fail(s, ERR_REPEATED);
		seen[i] = true;
		value[i] = v;
	}
}

static int read_algorithm(struct str name, enum digest_algorithm *out)
{
	if (!name.n) { /* RFC 7616 §3.4 */
		*out = DIGEST_MD5;
		return 0;
	}
	for (int a = 0; a < DIGEST_ALGORITHMS; a++)
		if (str_ieq(name,
			    str_z(digest_name((enum digest_algorithm)a)))) {
			*out = (enum digest_algorithm)a;
			return 0;
		}
	return ERR_UNSUPPORTED;
}

/* Eight hex digits (RFC 7616 §3.4). */
static int read_nc(struct str text, uint32_t *out)
{
	uint32_t v = 0;

	if (text.n != 8)
		return ERR_SYNTAX;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		unsigned digit;

		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			digit = (unsigned)((c | 32) - 'a') + 10;
		else
			return ERR_SYNTAX;
		v = v << 4 | digit;
	}
	*out = v;
	return 0;
}

/* "Digest" and its parameters: 0, ERR_UNSUPPORTED (another scheme),
 * ERR_REPEATED, ERR_SYNTAX, ERR_TOO_BIG. */
static int read_params(struct str in, struct arena *a, struct str value[PARAMS],
		       bool seen[PARAMS])
{
	struct scan s = scan_of(str_trim_space(in));

	if (!str_ieq(scan_while(&s, token_char), STR("Digest")))
		return ERR_UNSUPPORTED;
	if (!scan_space(&s))
		return ERR_SYNTAX;
	do {
		scan_space(&s);
		read_param(&s, a, value, seen);
		scan_space(&s);
	} while (scan_skip(&s, ','));
	if (!scan_done(&s))
		scan_fail(&s, ERR_SYNTAX);
	return s.err;
}

int digest_credentials_parse(struct str in, struct arena *a,
			     struct digest_credentials *out)
{
	struct str value[PARAMS] = {{0}};
	bool seen[PARAMS] = {0};
	struct digest_credentials c;
	int err = read_params(in, a, value, seen);

	if (!err)
		err = read_algorithm(value[ALGORITHM], &c.algorithm);
	if (!err && (!str_ieq(value[QOP], STR("auth")) ||
		     str_ieq(value[USERHASH], STR("true"))))
		err = ERR_UNSUPPORTED;
	for (size_t i = USERNAME; i <= NC && !err; i++)
		if (!seen[i])
			err = ERR_MISSING;
	if (!err)
		err = read_nc(value[NC], &c.nc);
	if (err)
		return err;
	c.username = value[USERNAME];
	c.realm = value[REALM];
	c.nonce = value[NONCE];
	c.uri = value[URI];
	c.response = value[RESPONSE];
	c.cnonce = value[CNONCE];
	c.nc_text = value[NC];
	*out = c;
	return 0;
}

static bool list_has(struct str list, struct str word)
{
	while (list.n)
		if (str_ieq(str_trim_space(str_split(&list, ',')), word))
			return true;
	return false;
}

int digest_asked_parse(struct str in, struct arena *a, struct digest_asked *out)
{
	struct str value[PARAMS] = {{0}};
	bool seen[PARAMS] = {0};
	struct digest_asked c = {0};
	int err = read_params(in, a, value, seen);

	if (!err)
		err = read_algorithm(value[ALGORITHM], &c.algorithm);
	if (!err && (!seen[REALM] || !seen[NONCE]))
		err = ERR_MISSING;
	c.qop = list_has(value[QOP], STR("auth"));
	if (!err && seen[QOP] && !c.qop)
		err = ERR_UNSUPPORTED;
	if (err)
		return err;
	c.realm = value[REALM];
	c.nonce = value[NONCE];
	c.opaque = value[OPAQUE];
	c.has_opaque = seen[OPAQUE];
	c.stale = str_ieq(value[STALE], STR("true"));
	*out = c;
	return 0;
}
