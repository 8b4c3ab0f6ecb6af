#include "base/xmltext.h"

#include "base/utf8.h"

/* What stands for the code point; p NULL: itself. */
static struct str replacement(int32_t cp, bool attr)
{
	switch (cp) {
	case '&':
		return STR("&amp;");
	case '<':
		return STR("&lt;");
	case '>':
		return STR("&gt;");
	case '\'':
		return attr ? STR("&apos;") : STR_NONE;
	case '"':
		return attr ? STR("&quot;") : STR_NONE;
	case '\t':
		return attr ? STR("&#9;") : STR_NONE;
	case '\r': /* the caller drops the CR of a CR LF */
	case '\n':
		return attr ? STR("&#10;") : STR("\n");
	default:
		if (cp < 0 || !xml_char((uint32_t)cp))
			return STR("\xef\xbf\xbd"); /* U+FFFD */
		return STR_NONE;
	}
}

/* Stands for itself wherever it is; nearly all octets are of this kind. */
static bool is_plain(char c)
{
	switch (c) {
	case '&':
	case '<':
	case '>':
	case '\'':
	case '"':
		return false;
	default:
		return c >= ' ' && c < 0x7f;
	}
}

static void add(struct buf *b, struct str s, bool attr)
{
	size_t from = 0; /* what lies before i and is not added yet */

	for (size_t i = 0; i < s.n;) {
		size_t at = i;
		int32_t cp;
		struct str instead;

		if (is_plain(s.p[i])) {
			i++;
			continue;
		}
		cp = utf8_next(s, &i);
		instead = replacement(cp, attr);

		if (!instead.p)
			continue;
		buf_add(b, str_of(s.p + from, at - from));
		from = i;
		if (cp == '\r' && i < s.n && s.p[i] == '\n')
			continue;
		buf_add(b, instead);
	}
	buf_add(b, str_from(s, from));
}

void xml_add_text(struct buf *b, struct str s)
{
	add(b, s, false);
}

void xml_add_attr(struct buf *b, struct str s)
{
	add(b, s, true);
}
