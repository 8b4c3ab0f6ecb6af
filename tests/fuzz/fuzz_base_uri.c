/* URIs and name-addrs: parsed parts are slices of the input, and a key is a
 * function of what it names, so it survives being read again. */
#include <assert.h>
#include <stdint.h>

#include "base/uri.h"

static void inside(struct str part, struct str whole)
{
	if (part.n)
		assert(part.p >= whole.p &&
		       part.p + part.n <= whole.p + whole.n);
}

static void check_parse(struct str in)
{
	struct uri u;
	struct str v;

	if (uri_parse(in, &u))
		return;
	inside(u.scheme, in);
	inside(u.user, in);
	inside(u.password, in);
	inside(u.host, in);
	inside(u.params, in);
	inside(u.headers, in);
	inside(u.resource, in);
	if (uri_param(u.params, STR("gr"), &v))
		inside(v, u.params);
}

/* Escaped again, a decoded text decodes to the same. */
static void check_escape(struct str in)
{
	struct buf plain = BUF_INIT(1 << 20), coded = BUF_INIT(1 << 22),
		   again = BUF_INIT(1 << 20);

	if (uri_unescape(&plain, in) == 0) {
		uri_escape(&coded, buf_str(&plain), uri_user_char);
		assert(coded.err == 0);
		assert(uri_unescape(&again, buf_str(&coded)) == 0);
		assert(str_eq(buf_str(&plain), buf_str(&again)));
	}
	buf_done(&plain);
	buf_done(&coded);
	buf_done(&again);
}

/* Every octet that a key keeps decoded, encoded: the URI it was made from. */
static void uri_of_key(struct buf *out, struct str key)
{
	struct str rest = str_from(key, 4), user;

	buf_add(out, str_of(key.p, 4));
	if (str_find(rest, '@') >= 0) {
		user = str_split(&rest, '@');
		for (size_t i = 0; i < user.n; i++) {
			bool keep = user.p[i] == '%' ||
				    uri_user_char((unsigned char)user.p[i]);

			if (keep)
				buf_addc(out, user.p[i]);
			else
				buf_addf(out, "%%%02X",
					 (unsigned char)user.p[i]);
		}
		buf_addc(out, '@');
	}
	for (size_t i = 0; i < rest.n; i++) {
		unsigned char c = (unsigned char)rest.p[i];

		/* '=' of ";gr=" and a raw host's UTF-8 stay */
		if (c == '%' || c == ';' || c == '=' || c >= 0x80 ||
		    uri_param_char(c))
			buf_addc(out, (char)c);
		else
			buf_addf(out, "%%%02X", c);
	}
}

static void check_key(struct str in)
{
	struct buf key = BUF_INIT(1 << 20), uri = BUF_INIT(1 << 22),
		   again = BUF_INIT(1 << 20);

	if (uri_key(&key, in) == 0 && str_starts(buf_str(&key), STR("sip:"))) {
		uri_of_key(&uri, buf_str(&key));
		/* a decoded ';' in gr's value would end it */
		if (str_search(buf_str(&key), STR(";gr")) < 0) {
			assert(uri_key(&again, buf_str(&uri)) == 0);
			assert(str_eq(buf_str(&key), buf_str(&again)));
		}
	}
	buf_done(&key);
	buf_done(&uri);
	buf_done(&again);
}

static void check_name_addr(struct str in)
{
	struct arena *a = arena_new(1 << 16);
	struct name_addr na;

	if (name_addr_parse(in, a, &na) == 0) {
		assert(na.uri.n > 0);
		inside(na.uri, in);
		inside(na.params, in);
		check_parse(na.uri);
	}
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_of((const char *)data, size);

	check_parse(in);
	check_escape(in);
	check_key(in);
	check_name_addr(in);
	return 0;
}
