#include "msrp/cpim.h"

#include "base/err.h"
#include "base/hex.h"
#include "base/scan.h"
#include "base/utf8.h"

#define NS_CPIM "urn:ietf:params:cpim-headers:"
#define NS_IMDN "urn:ietf:params:imdn"

/* A prefix bound by an NS header; the later binding is found first. */
struct ns {
	struct ns *next;
	struct str prefix, uri;
};

struct reader {
	struct arena *a;
	struct cpim *m;
	struct ns *ns;
	struct str *folds; /* the MIME value that a folded line continues */
};

/* One header: prefix.name:;lang=tag value */
struct header {
	struct str ns; /* the namespace, empty for an undeclared prefix */
	struct str name, lang, value;
};

/* XXXX of \uXXXX, or -1 */
static int32_t hex4(struct str s)
{
	int32_t v = 0;

	if (s.n < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int d = hex_value(s.p[i]);

		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

static bool surrogate(int32_t cp, int32_t base)
{
	return cp >= base && cp < base + 0x400;
}

/* The code point of an escape whose 'u' is at *i, a surrogate pair being one.
 */
static uint32_t unicode(struct str s, size_t *i)
{
	int32_t cp = hex4(str_from(s, *i + 1)), low;

	if (cp < 0) {
		*i += 1;
		return 'u';
	}
	*i += 5;
	if (surrogate(cp, 0xd800) && str_starts(str_from(s, *i), STR("\\u"))) {
		low = hex4(str_from(s, *i + 2));
		if (surrogate(low, 0xdc00)) {
			*i += 6;
			return 0x10000 + ((uint32_t)(cp - 0xd800) << 10) +
			       (uint32_t)(low - 0xdc00);
		}
	}
	if (surrogate(cp, 0xd800) || surrogate(cp, 0xdc00))
		return 0xfffd;
	return (uint32_t)cp;
}

static char control(char c)
{
	switch (c) {
	case 'b':
		return '\b';
	case 't':
		return '\t';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	default:
		return c;
	}
}

/* RFC 3862 §2.3.1: undoes the escapes; the result is never longer than \uXXXX.
 */
static int unescape(struct arena *a, struct str s, struct str *out)
{
	char *p;
	size_t n = 0;

	*out = s;
	if (str_find(s, '\\') < 0)
		return 0;
	p = arena_alloc(a, s.n);
	if (!p)
		return ERR_TOO_BIG;
	for (size_t i = 0; i < s.n;) {
		if (s.p[i] != '\\') {
			p[n++] = s.p[i++];
		} else if (++i == s.n) {
			break; /* a lone backslash at the end is ignored */
		} else if (s.p[i] == 'u') {
			n += utf8_put(p + n, unicode(s, &i));
		} else {
			p[n++] = control(s.p[i++]);
		}
	}
	*out = str_of(p, n);
	return 0;
}

/* The end of a quoted string whose content begins s: its closing quote's index.
 */
static ptrdiff_t closing_quote(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			return (ptrdiff_t)i;
		if (s.p[i] == '\\')
			i++;
	}
	return -1;
}

/* A GRUU's parameter that stands after the bracket, as the examples of RFC 7702
 * have it (36 among them), belongs to the URI: without it a private message
 * would be one for all.
 */
static int take_gr(struct arena *a, struct str rest, struct str *uri)
{
	ptrdiff_t at = str_search(rest, STR(";gr=")), end;

	if (at < 0 || !str_starts(str_trim(rest), STR(";")))
		return 0;
	rest = str_from(rest, (size_t)at);
	end = str_find(str_from(rest, 1), ';');
	if (end >= 0)
		rest.n = (size_t)end + 1;
	*uri =
	    arena_printf(a, "%.*s%.*s", STR_ARG(*uri), STR_ARG(str_trim(rest)));
	return uri->p ? 0 : ERR_TOO_BIG;
}

/* [name] <URI> (RFC 3862 §4.1), whatever stands between the two. */
static int address(struct arena *a, struct str v, struct cpim_addr *out)
{
	struct str name = STR_NONE, uri, rest;
	bool quoted = false;
	ptrdiff_t open, close;
	int err;

	if (v.n && v.p[0] == '"') {
		close = closing_quote(str_from(v, 1));
		if (close < 0)
			return ERR_SYNTAX;
		name = str_of(v.p + 1, (size_t)close);
		v = str_from(v, (size_t)close + 2);
		quoted = true;
	}
	open = str_find(v, '<');
	if (open < 0)
		return ERR_SYNTAX;
	if (!quoted)
		name = str_of(v.p, (size_t)open);
	uri = str_from(v, (size_t)open + 1);
	close = str_find(uri, '>');
	if (close <= 0)
		return ERR_SYNTAX;
	rest = str_from(uri, (size_t)close + 1);
	uri.n = (size_t)close;
	err = take_gr(a, rest, &uri);
	if (!err)
		err = unescape(a, uri, &out->uri);
	if (!err)
		err = unescape(a, name, &out->name);
	if (err)
		return err;
	if (!quoted)
		out->name = str_trim(out->name);
	if (str_find(out->uri, '<') >= 0 || str_find(out->uri, '>') >= 0)
		return ERR_SYNTAX; /* an escaped bracket */
	return 0;
}

static int first_address(struct reader *r, struct str v, unsigned *count,
			 struct cpim_addr *out)
{
	struct cpim_addr one;
	int err = address(r->a, v, &one);

	if (!err && (*count)++ == 0)
		*out = one;
	return err;
}

/* NS: [prefix] <uri> */
static int namespace(struct reader *r, struct str v)
{
	ptrdiff_t open = str_find(v, '<');
	struct ns *ns;

	if (open < 0 || !str_ends(v, STR(">")))
		return ERR_SYNTAX;
	ns = arena_alloc(r->a, sizeof(*ns));
	if (!ns)
		return ERR_TOO_BIG;
	ns->prefix = str_trim(str_of(v.p, (size_t)open));
	ns->uri = str_of(v.p + open + 1, v.n - (size_t)open - 2);
	ns->next = r->ns;
	r->ns = ns;
	return 0;
}

static struct str namespace_of(const struct reader *r, struct str prefix)
{
	for (const struct ns *ns = r->ns; ns; ns = ns->next)
		if (str_eq(ns->prefix, prefix))
			return ns->uri;
	return prefix.n ? STR_NONE : STR(NS_CPIM);
}

static int subject(struct reader *r, const struct header *h)
{
	int err;

	if (r->m->has_subject)
		return 0;
	r->m->has_subject = true;
	err = unescape(r->a, h->value, &r->m->subject);
	r->m->subject = str_trim(r->m->subject);
	r->m->subject_lang = h->lang;
	return err;
}

static int core_header(struct reader *r, const struct header *h)
{
	struct cpim *m = r->m;
	struct cpim_addr cc;

	if (str_eq(h->name, STR("From")))
		return first_address(r, h->value, &m->n_from, &m->from);
	if (str_eq(h->name, STR("To")))
		return first_address(r, h->value, &m->n_to, &m->to);
	if (str_ieq(h->name, STR("cc")))
		return first_address(r, h->value, &m->n_cc, &cc);
	if (str_eq(h->name, STR("Subject")))
		return subject(r, h);
	if (str_eq(h->name, STR("DateTime")) && m->datetime.n == 0)
		m->datetime = h->value;
	return 0;
}

static bool name_char(unsigned char c)
{
	return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?={}", c);
}

static bool param_char(unsigned char c)
{
	return c != ' ' && c != ';';
}

static int split_header(const struct reader *r, struct str line,
			struct header *h)
{
	struct scan s = scan_of(line);
	struct str name = scan_while(&s, name_char);
	ptrdiff_t dot = str_find(name, '.');
	struct str prefix = STR_NONE;

	scan_expect(&s, ':');
	if (s.err || name.n == 0)
		return ERR_SYNTAX;
	if (dot >= 0) {
		prefix = str_of(name.p, (size_t)dot);
		name = str_from(name, (size_t)dot + 1);
	}
	*h = (struct header){.ns = namespace_of(r, prefix), .name = name};
	while (scan_skip(&s, ';')) {
		struct str param = scan_while(&s, param_char);

		if (str_starts(param, STR("lang=")))
			h->lang = str_from(param, 5);
	}
	h->value = str_trim(scan_rest(&s));
	return prefix.n || dot != 0 ? 0 : ERR_SYNTAX;
}

/* A control in the line; MIME's lines may have HTAB. */
static bool has_control(struct str line, bool mime)
{
	for (size_t i = 0; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];

		if ((c < 0x20 && !(mime && c == '\t')) || c == 0x7f)
			return true;
	}
	return false;
}

static int cpim_line(struct reader *r, struct str line)
{
	struct header h;
	int err;

	if (has_control(line, false))
		return ERR_SYNTAX;
	if (!utf8_valid(line))
		return ERR_UTF8;
	err = split_header(r, line, &h);
	if (err)
		return err;
	if (str_starts(line, STR("NS:")))
		return namespace(r, h.value);
	if (str_eq(h.ns, STR(NS_CPIM)))
		return core_header(r, &h);
	if (str_eq(h.ns, STR(NS_IMDN)) && str_eq(h.name, STR("Message-ID")) &&
	    r->m->imdn_message_id.n == 0)
		r->m->imdn_message_id = h.value;
	if (str_eq(h.ns, STR(NS_IMDN)) &&
	    str_eq(h.name, STR("Disposition-Notification")))
		r->m->imdn_delivery =
		    str_search(h.value, STR("positive-delivery")) >= 0;
	return 0;
}

/* Appends a folded line to the MIME value that it continues. */
static int unfold(struct reader *r, struct str line)
{
	struct str whole;

	if (!r->folds)
		return 0;
	whole = arena_printf(r->a, "%.*s %.*s", STR_ARG(*r->folds),
			     STR_ARG(str_trim(line)));
	*r->folds = str_trim(whole);
	return whole.p ? 0 : ERR_TOO_BIG;
}

static int mime_line(struct reader *r, struct str line)
{
	static const struct str names[] = {
	    {"Content-Type", 12},
	    {"Content-Language", 16},
	    {"Content-Disposition", 19},
	};
	struct str *fields[] = {
	    &r->m->content_type,
	    &r->m->content_language,
	    &r->m->content_disposition,
	};
	ptrdiff_t colon = str_find(line, ':');
	struct str name;

	if (has_control(line, true))
		return ERR_SYNTAX;
	if (line.p[0] == ' ' || line.p[0] == '\t')
		return unfold(r, line);
	if (colon <= 0)
		return ERR_SYNTAX;
	name = str_trim(str_of(line.p, (size_t)colon));
	r->folds = NULL;
	for (int i = 0; i < 3; i++) {
		if (!str_ieq(name, names[i]) || fields[i]->n)
			continue;
		*fields[i] = str_trim(str_from(line, (size_t)colon + 1));
		r->folds = fields[i];
	}
	return 0;
}

/* The line at octet *at, *at moved past its ending; false: it is not there yet.
 * CPIM's own lines end in CRLF, MIME's may end in LF alone (conference CPIM-2).
 */
static bool line_at(struct str in, bool mime, size_t *at, struct str *line)
{
	struct str rest = str_from(in, *at);
	ptrdiff_t end =
	    mime ? str_find(rest, '\n') : str_search(rest, STR("\r\n"));

	if (end < 0)
		return false;
	*line = str_of(rest.p, (size_t)end);
	*at += (size_t)end + (mime ? 1 : 2);
	if (mime && line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

static int over_limit(size_t octets, unsigned lines)
{
	return octets > CPIM_HEADERS_MAX_BYTES || lines > CPIM_HEADERS_MAX_LINES
		   ? ERR_TOO_BIG
		   : 0;
}

/* The MIME headers from octet `at` on: octets up to the body, 0, or negative.
 */
static ptrdiff_t mime_part(struct reader *r, struct str in, size_t at)
{
	size_t start = at;
	unsigned lines = 0;
	struct str line;
	int err;

	while (line_at(in, true, &at, &line)) {
		if (line.n == 0)
			return r->m->content_type.n ? (ptrdiff_t)at
						    : ERR_SYNTAX;
		err = over_limit(at - start, ++lines);
		if (!err)
			err = mime_line(r, line);
		if (err)
			return err;
	}
	return over_limit(in.n - start, lines);
}

ptrdiff_t cpim_parse_head(struct str in, struct arena *a, struct cpim *out)
{
	struct reader r = {.a = a, .m = out};
	unsigned lines = 0;
	size_t at = 0;

	*out = (struct cpim){0};
	for (;;) {
		struct str line;
		int err;

		out->cpim_end = at;
		if (str_istarts(str_from(in, at), STR("Content-")))
			return mime_part(&r, in, at);
		if (!line_at(in, false, &at, &line))
			return over_limit(in.n, lines);
		if (line.n == 0)
			return mime_part(&r, in, at);
		err = over_limit(at, ++lines);
		if (!err)
			err = cpim_line(&r, line);
		if (err)
			return err;
	}
}

int cpim_parse(struct str in, struct arena *a, struct cpim *out)
{
	ptrdiff_t used = cpim_parse_head(in, a, out);

	if (used < 0)
		return (int)used;
	if (used == 0)
		return ERR_SYNTAX;
	out->body = str_from(in, (size_t)used);
	return 0;
}
