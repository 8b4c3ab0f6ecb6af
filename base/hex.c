#include "base/hex.h"

int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool hex_octets(struct str s, unsigned char *out, size_t n)
{
	if (s.n + 1 != 3 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_value(s.p[3 * i]);
		int low = hex_value(s.p[3 * i + 1]);

		if (high < 0 || low < 0 || (i && s.p[3 * i - 1] != ':'))
			return false;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}
