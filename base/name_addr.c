/* name-addr and addr-spec (RFC 3261 §20.10, §25.1). */
#include "base/err.h"
#include "base/scan.h"
#include "base/uri.h"

/* The rest of a quoted string whose opening quote is gone, unquoted. */
static struct str scan_quoted(struct scan *s, struct arena *a)
{
	struct str raw = {s->p, 0};
	size_t n = 0;
	char *to;

	while (s->p < s->end && *s->p != '"')
		s->p += *s->p == '\\' && s->end - s->p > 1 ? 2 : 1;
	raw.n = (size_t)(s->p - raw.p);
	scan_expect(s, '"');
	if (s->err)
		return STR_NONE;
	to = arena_alloc(a, raw.n + 1);
	if (!to) {
		scan_fail(s, ERR_TOO_BIG);
		return STR_NONE;
	}
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] == '\\')
			i++; /* never the last: its octet was skipped above */
		to[n++] = raw.p[i];
	}
	return str_of(to, n);
}

static bool is_space(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* ";params" or nothing to the end. */
static struct str scan_params(struct scan *s)
{
	struct str rest = str_trim_space(scan_rest(s));

	if (rest.n == 0)
		return STR_NONE;
	if (rest.p[0] != ';')
		scan_fail(s, ERR_SYNTAX);
	return str_trim_space(str_from(rest, 1));
}

static bool scheme_char(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

/* Any scheme: a header may hold more kinds than uri_parse reads. */
static bool looks_like_uri(struct str s)
{
	struct scan scan = scan_of(s);

	if (scan_while(&scan, scheme_char).n == 0 || !scan_skip(&scan, ':') ||
	    scan_done(&scan))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '<' ||
		    s.p[i] == '"' || s.p[i] == 0x7f)
			return false;
	return true;
}

int name_addr_parse(struct str in, struct arena *a, struct name_addr *out)
{
	struct scan s = scan_of(str_trim_space(in));
	struct name_addr na = {0};

	if (scan_skip(&s, '"')) {
		na.name = scan_quoted(&s, a);
		scan_while(&s, is_space);
		scan_expect(&s, '<');
		na.uri = scan_until(&s, '>');
		na.params = scan_params(&s);
	} else if (str_find(scan_rest(&s), '<') >= 0) {
		na.name = str_trim_space(scan_until(&s, '<'));
		na.uri = scan_until(&s, '>');
		na.params = scan_params(&s);
	} else {
		/* without <> every ';' belongs to the header */
		struct str rest = scan_rest(&s);

		na.uri = str_trim_space(str_split(&rest, ';'));
		na.params = str_trim_space(rest);
	}
	if (s.err)
		return s.err;
	if (!looks_like_uri(na.uri))
		return ERR_SYNTAX;
	*out = na;
	return 0;
}
