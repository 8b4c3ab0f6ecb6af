#include "base/utf8.h"

#include <uniwidth.h>

/* Octets in the sequence that starts with c; 0 where none can. */
static unsigned sequence(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	if (c >= 0xf0 && c <= 0xf4)
		return 4;
	return 0;
}

int32_t utf8_next(struct str s, size_t *i)
{
	static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)s.p + *i;
	unsigned n = sequence(p[0]);
	int32_t cp;

	if (n == 1) {
		(*i)++;
		return p[0];
	}
	if (n == 0 || n > s.n - *i) {
		(*i)++;
		return -1;
	}
	cp = p[0] & (0x7f >> n);
	for (unsigned k = 1; k < n; k++) {
		if ((p[k] & 0xc0) != 0x80) {
			(*i)++;
			return -1;
		}
		cp = cp << 6 | (p[k] & 0x3f);
	}
	if (cp < least[n] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff)) {
		(*i)++;
		return -1;
	}
	*i += n;
	return cp;
}

/* Eight octets of ASCII? Most text is. */
static bool is_ascii(const char *p)
{
	uint64_t octets;

	memcpy(&octets, p, sizeof(octets));
	return !(octets & 0x8080808080808080u);
}

bool utf8_valid(struct str s)
{
	for (size_t i = 0; i < s.n;)
		if (s.n - i >= 8 && is_ascii(s.p + i))
			i += 8;
		else if (utf8_next(s, &i) < 0)
			return false;
	return true;
}

struct str utf8_cut(struct str s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max > 0 && ((unsigned char)s.p[max] & 0xc0) == 0x80)
		max--;
	return str_of(s.p, max);
}

/* Takes the octets that the cut character lacks; false: it is none. */
static bool mend(struct utf8_pieces *u, struct str *piece)
{
	unsigned whole = sequence((unsigned char)u->cut[0]);

	while (u->n < whole && piece->n) {
		if (u->n && ((unsigned char)piece->p[0] & 0xc0) != 0x80)
			return false;
		u->cut[u->n++] = piece->p[0];
		*piece = str_from(*piece, 1);
	}
	if (u->n < whole)
		return true;
	u->n = 0;
	return utf8_valid(str_of(u->cut, whole));
}

/* Octets at the end of s that begin a character and do not end it. */
static size_t cut_off(struct str s)
{
	for (size_t n = 1; n <= 3 && n <= s.n; n++) {
		unsigned char c = (unsigned char)s.p[s.n - n];

		if ((c & 0xc0) != 0x80)
			return sequence(c) > n ? n : 0;
	}
	return 0;
}

bool utf8_goes_on(struct utf8_pieces *u, struct str piece)
{
	size_t cut;

	if (u->n && !mend(u, &piece))
		return false;
	if (piece.n == 0)
		return true;
	cut = cut_off(piece);
	piece.n -= cut;
	memcpy(u->cut, piece.p + piece.n, cut);
	u->n = (unsigned)cut;
	return utf8_valid(piece);
}

size_t utf8_put(char *p, uint32_t cp)
{
	if (cp < 0x80) {
		p[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		p[0] = (char)(0xc0 | cp >> 6);
		p[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		p[0] = (char)(0xe0 | cp >> 12);
		p[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		p[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	p[0] = (char)(0xf0 | cp >> 18);
	p[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	p[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	p[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

bool xml_char(uint32_t cp)
{
	return cp == '\t' || cp == '\n' || cp == '\r' ||
	       (cp >= 0x20 && cp <= 0xd7ff) || (cp >= 0xe000 && cp <= 0xfffd) ||
	       (cp >= 0x10000 && cp <= 0x10ffff);
}

size_t utf8_width(struct str s)
{
	int w = s.n ? u8_width((const uint8_t *)s.p, s.n, "UTF-8") : 0;

	return w > 0 ? (size_t)w : 0;
}
