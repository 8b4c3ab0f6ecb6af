#include "mapping/charset.h"

#include <iconv.h>

#include "base/err.h"
#include "base/utf8.h"

/* What iconv is asked for, by the start of the name: a name of a stranger's
 * choice could load any of iconv's modules, in which bugs have been found
 * before. */
static const char *const readable[] = {
    "iso-8859-", "us-ascii", "ascii",	  "windows-125", "cp125",
    "koi8-",	 "utf-16",   "shift_jis", "euc-jp",	 "euc-kr",
    "gb2312",	 "gbk",	     "gb18030",	  "big5",	 "macintosh",
};

#define NAME_MAX_OCTETS 20

static bool is_utf8(struct str name)
{
	return name.n == 0 || str_ieq(name, STR("utf-8")) ||
	       str_ieq(name, STR("utf8"));
}

static bool is_readable(struct str name)
{
	if (name.n > NAME_MAX_OCTETS)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		/* a slash would start iconv's own options */
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') && c != '-' && c != '_')
			return false;
	}
	for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
		if (str_istarts(name, str_z(readable[i])))
			return true;
	return false;
}

/* iconv writes into pieces of the buffer until in is used up. */
static int convert(iconv_t cd, struct str in, struct buf *out)
{
	char *from = (char *)(uintptr_t)in.p; /* iconv does not write to it */
	size_t left = in.n;

	while (left) {
		char *to = buf_space(out, left + 16), *start = to;
		size_t room = left + 16;
		size_t r;

		if (!to)
			return ERR_TOO_BIG;
		r = iconv(cd, &from, &left, &to, &room);
		out->n += (size_t)(to - start);
		if (r == (size_t)-1 && errno != E2BIG)
			return ERR_UTF8;
	}
	return 0;
}

int map_charset(struct str charset, struct str in, struct buf *work,
		struct str *out)
{
	char name[NAME_MAX_OCTETS + 1];
	iconv_t cd;
	int err;

	if (is_utf8(charset)) {
		if (!utf8_valid(in))
			return ERR_UTF8;
		*out = in;
		return 0;
	}
	if (!is_readable(charset))
		return ERR_UNSUPPORTED;
	memcpy(name, charset.p, charset.n);
	name[charset.n] = '\0';
	cd = iconv_open("UTF-8", name);
	/* iconv_open's failure is -1 in the guise of a pointer */
	if ((intptr_t)cd == -1)
		return ERR_UNSUPPORTED;
	err = convert(cd, in, work);
	iconv_close(cd);
	if (err == 0)
		*out = buf_str(work);
	return err;
}
