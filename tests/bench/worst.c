#include "tests/bench/worst.h"

#include <stdio.h>
#include <string.h>

/* A stanza of WORST_LIMIT octets: what goes before ('*': thirty thousand
 * octets), a piece as often as it fits ('%': its number), what closes each
 * piece, what goes behind. */
struct shape {
	const char *name, *before, *piece, *closing, *behind;
};

static const struct shape shapes[] = {
    {"long text", "<body>", "x", "", "</body>"},
    {"newlines", "<body>", "\n", "", "</body>"},
    {"entities", "<body>", "&lt;", "", "</body>"},
    {"character references", "<body>", "&#9;", "", "</body>"},
    {"CDATA sections", "<body>", "<![CDATA[]]>", "", "</body>"},
    {"empty children", "", "<a/>", "", ""},
    {"children with text", "", "<a>x</a>", "", ""},
    {"children of many names", "", "<a%/>", "", ""},
    {"children with xmlns", "", "<a xmlns='b'/>", "", ""},
    {"many attributes", "<x", " a%=''", "", "/>"},
    {"children with attributes", "", "<a a='' b='' c='' d=''/>", "", ""},
    {"entities in an attribute", "<x a='", "&lt;", "", "'/>"},
    {"newlines in an attribute", "<x a='", "\n", "", "'/>"},
    {"prefixes declared", "<x", " xmlns:a%='u'", "", "/>"},
    {"prefixed children", "<x xmlns:p='u'>", "<p:a/>", "", "</x>"},
    {"long namespace, children", "<x xmlns:p='*'>", "<p:a/>", "", "</x>"},
    {"long namespace, attributes", "<x xmlns:p='*'>", "<b p:a=''/>", "",
     "</x>"},
    {"long default namespace", "<x xmlns='*'>", "<a/>", "", "</x>"},
    {"deep", "", "<a>", "</a>", ""},
    {"deep with xmlns", "", "<a xmlns='%'>", "</a>", ""},
};

const size_t worst_count = sizeof(shapes) / sizeof(*shapes);

const char *worst_name(size_t i)
{
	return shapes[i].name;
}

static size_t put(char *out, const char *z, size_t number)
{
	size_t n = 0;

	for (; *z; z++) {
		if (*z == '%') {
			n += (size_t)sprintf(out + n, "%zu", number);
		} else if (*z == '*') {
			memset(out + n, 'u', 30000);
			n += 30000;
		} else {
			out[n++] = *z;
		}
	}
	return n;
}

size_t worst_build(size_t i, const char *head, const char *tail,
		   char out[2 * WORST_LIMIT])
{
	const struct shape *s = &shapes[i];
	size_t n = put(out, head, 0), pieces = 0, end;

	n += put(out + n, s->before, 0);
	end = WORST_LIMIT - strlen(s->behind) - strlen(tail) -
	      strlen(s->piece) - 8;
	while (n + (pieces + 1) * strlen(s->closing) < end)
		n += put(out + n, s->piece, pieces++);
	while (*s->closing && pieces--)
		n += put(out + n, s->closing, 0);
	n += put(out + n, s->behind, 0);
	n += put(out + n, tail, 0);
	out[n] = '\0';
	return n;
}
