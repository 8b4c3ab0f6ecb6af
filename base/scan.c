#include "base/scan.h"

#include "base/err.h"

void scan_fail(struct scan *s, int err)
{
	if (!s->err)
		s->err = err;
}

bool scan_skip(struct scan *s, char c)
{
	if (s->err || s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

bool scan_skip_str(struct scan *s, struct str lit)
{
	if (s->err || !str_starts(scan_rest(s), lit))
		return false;
	s->p += lit.n;
	return true;
}

bool scan_skip_istr(struct scan *s, struct str lit)
{
	if (s->err || !str_istarts(scan_rest(s), lit))
		return false;
	s->p += lit.n;
	return true;
}

void scan_expect(struct scan *s, char c)
{
	if (!scan_skip(s, c))
		scan_fail(s, ERR_SYNTAX);
}

void scan_expect_str(struct scan *s, struct str lit)
{
	if (!scan_skip_str(s, lit))
		scan_fail(s, ERR_SYNTAX);
}

size_t scan_space(struct scan *s)
{
	size_t n = 0;

	while (scan_skip(s, ' ') || scan_skip(s, '\t'))
		n++;
	return n;
}

struct str scan_until(struct scan *s, char c)
{
	struct str rest = scan_rest(s);
	ptrdiff_t at = str_find(rest, c);

	if (at < 0) {
		scan_fail(s, ERR_SYNTAX);
		return STR_NONE;
	}
	s->p += at + 1;
	return str_of(rest.p, (size_t)at);
}

struct str scan_while(struct scan *s, bool (*ok)(unsigned char c))
{
	const char *from = s->p;

	if (s->err)
		return STR_NONE;
	while (s->p < s->end && ok((unsigned char)*s->p))
		s->p++;
	return str_of(from, (size_t)(s->p - from));
}

struct str scan_line(struct scan *s)
{
	struct str line = scan_rest(s);
	ptrdiff_t lf = str_find(line, '\n');

	if (s->err)
		return STR_NONE;
	if (lf < 0) {
		s->p = s->end;
		return line;
	}
	s->p += lf + 1;
	line.n = (size_t)lf;
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

uint64_t scan_u64(struct scan *s, uint64_t max)
{
	struct str digits = scan_while(s, is_digit);
	uint64_t v = 0;
	int err;

	if (s->err)
		return 0;
	err = str_u64(digits, max, &v);
	if (err)
		scan_fail(s, err);
	return v;
}
