#include "base/scan.h"
#include "msrp/cpim.h"

struct str mime_type(struct str value)
{
	ptrdiff_t end = str_find(value, ';');

	if (end >= 0)
		value.n = (size_t)end;
	return str_trim(value);
}

static bool name_char(unsigned char c)
{
	return c > ' ' && c != '=' && c != ';';
}

static bool value_char(unsigned char c)
{
	return c != ';';
}

/* What stands between the quotes; escapes stay, which no parameter we read
 * uses. */
static struct str quoted(struct scan *s)
{
	const char *start = s->p;

	while (!scan_done(s) && *s->p != '"') {
		if (*s->p == '\\' && s->end - s->p > 1)
			s->p++;
		s->p++;
	}
	return str_of(start, (size_t)(s->p - start));
}

struct str mime_param(struct str value, struct str name)
{
	struct scan s = scan_of(value);

	scan_while(&s, value_char);
	while (scan_skip(&s, ';')) {
		struct str key, v = STR_NONE;

		scan_space(&s);
		key = scan_while(&s, name_char);
		scan_space(&s);
		if (scan_skip(&s, '=')) {
			scan_space(&s);
			if (scan_skip(&s, '"')) {
				v = quoted(&s);
				scan_while(&s, value_char);
			} else {
				v = str_trim(scan_while(&s, value_char));
			}
		} else {
			scan_while(&s, value_char);
		}
		if (str_ieq(key, name))
			return v;
	}
	return STR_NONE;
}
