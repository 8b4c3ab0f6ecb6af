#include "msrp/nickname.h"

#include "base/err.h"
#include "base/uri.h"
#include "base/utf8.h"

/* A quoted string, alone; or a value without quotes, as it is. */
static int use_nickname(struct str v, struct buf *b)
{
	if (v.n == 0)
		return ERR_SYNTAX;
	if (v.p[0] != '"') {
		buf_add(b, v);
		return 0;
	}
	for (size_t i = 1; i < v.n; i++) {
		if (v.p[i] == '"')
			return i + 1 == v.n ? 0 : ERR_SYNTAX;
		if (v.p[i] == '\\' && ++i == v.n)
			break;
		buf_addc(b, v.p[i]);
	}
	return ERR_SYNTAX; /* no closing quote */
}

/* The first of a list of ["name"] <sip:nick%40room@host>: the part of its user
 * before the last escaped @, or all of it. */
static int set_nickname(struct str v, struct buf *b)
{
	ptrdiff_t open = str_find(v, '<'), close = str_find(v, '>');
	struct uri uri;
	struct str user;

	if (open >= 0 && close > open)
		v = str_of(v.p + open + 1, (size_t)(close - open) - 1);
	if (uri_parse(v, &uri))
		return ERR_SYNTAX;
	user = uri.user;
	for (size_t i = user.n; i >= 3; i--) {
		if (str_eq(str_of(user.p + i - 3, 3), STR("%40"))) {
			user.n = i - 3;
			break;
		}
	}
	return uri_unescape(b, user);
}

int msrp_nickname_parse(const struct msrp_head *h, char text[MSRP_NICKNAME_MAX],
			struct str *out)
{
	struct buf b = BUF_INIT(MSRP_NICKNAME_MAX);
	int err = ERR_MISSING;

	if (h->has_use_nickname)
		err = use_nickname(h->use_nickname, &b);
	else if (h->has_set_nickname)
		err = set_nickname(h->set_nickname, &b);
	if (!err)
		err = b.err;
	if (!err && !utf8_valid(buf_str(&b)))
		err = ERR_UTF8;
	if (!err) {
		memcpy(text, buf_z(&b), b.n);
		*out = str_of(text, b.n);
	}
	buf_done(&b);
	return err;
}
