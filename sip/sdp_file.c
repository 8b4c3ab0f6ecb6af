/* File transfers (RFC 5547). */
#include "base/hex.h"
#include "sip/sdp.h"

/* What can't stand between quotes is %HH there. */
static void add_name(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		int high = -1, low = -1;

		if (s.p[i] == '%' && i + 2 < s.n) {
			high = hex_value(s.p[i + 1]);
			low = hex_value(s.p[i + 2]);
		}
		if (high < 0 || low < 0) {
			buf_addc(b, s.p[i]);
		} else {
			buf_addc(b, (char)(high * 16 + low));
			i += 2;
		}
	}
}

/* The next selector; a name may have blanks in it. */
static struct str next_selector(struct str *rest)
{
	struct str s = *rest = str_trim(*rest), quoted;
	ptrdiff_t quote;

	if (!str_istarts(s, STR("name:\"")))
		return str_split(rest, ' ');
	quoted = str_from(s, 6);
	quote = str_find(quoted, '"');
	if (quote < 0) {
		*rest = STR_NONE;
		return s;
	}
	*rest = str_from(quoted, (size_t)quote + 1);
	return str_of(s.p, 6 + (size_t)quote);
}

static void read_hash(struct str s, struct sdp_file *out)
{
	struct str algorithm = str_split(&s, ':');

	if (str_ieq(algorithm, STR("sha-1")))
		out->has_sha1 = hex_octets(s, out->sha1, sizeof(out->sha1));
	else if (str_ieq(algorithm, STR("sha-256")))
		out->has_sha256 =
		    hex_octets(s, out->sha256, sizeof(out->sha256));
}

void sdp_read_file(const struct sdp_media *m, struct buf *name,
		   struct sdp_file *out)
{
	struct str rest = m->file_selector;

	buf_clear(name);
	*out = (struct sdp_file){.size = 0};
	while (rest.n) {
		struct str s = next_selector(&rest);

		if (str_istarts(s, STR("name:\""))) {
			buf_clear(name);
			add_name(name, str_from(s, 6));
		} else if (str_istarts(s, STR("type:"))) {
			out->type =
			    str_split(&(struct str){s.p + 5, s.n - 5}, ';');
		} else if (str_istarts(s, STR("size:"))) {
			out->has_size =
			    str_u64(str_from(s, 5), INT64_MAX, &out->size) == 0;
		} else if (str_istarts(s, STR("hash:"))) {
			read_hash(str_from(s, 5), out);
		}
	}
}
