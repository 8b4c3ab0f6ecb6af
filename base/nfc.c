#include "base/nfc.h"

#include <stdlib.h>

#include <uninorm.h>

#include "base/utf8.h"

static bool is_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

void nfc_add(struct buf *out, struct str text)
{
	uint8_t *p;
	size_t n;

	if (is_ascii(text) || !utf8_valid(text)) {
		buf_add(out, text);
		return;
	}
	p = u8_normalize(UNINORM_NFC, (const uint8_t *)text.p, text.n, NULL,
			 &n);
	if (!p)
		abort(); /* memory alone can fail here */
	buf_add(out, str_of((const char *)p, n));
	free(p);
}
