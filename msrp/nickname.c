#include "msrp/nickname.h"

#include "base/err.h"
#include "base/uri.h"
#include "base/utf8.h"

/* A quoted string, alone; or a value without quotes, as it is (CHAT-42, -43).
 */
static int use_nickname(struct str v, struct buf *b)
{
	if (v.n == 0 || v.p[0] != '"') {
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

int msrp_nickname_uri(struct str in, struct buf *nick, struct str *room)
{
	struct uri uri;
	size_t n, from;

	if (uri_parse(in, &uri) || !uri.user.n || !uri.host.n)
		return ERR_SYNTAX;
	n = uri.user.n;
	from = (size_t)(uri.host.p - uri.user.p);
	for (size_t i = n; i >= 3; i--) {
		if (str_eq(str_of(uri.user.p + i - 3, 3), STR("%40"))) {
			n = i - 3;
			from = i;
			break;
		}
	}
	*room = str_of(uri.user.p + from,
		       (size_t)(uri.host.p + uri.host.n - uri.user.p) - from);
	return uri_unescape(nick, str_of(uri.user.p, n));
}

/* The first of a list of ["name"] <uri>. */
static int set_nickname(struct str v, struct buf *b, struct str *room)
{
	ptrdiff_t open = str_find(v, '<'), close = str_find(v, '>');

	if (open >= 0 && close > open)
		v = str_of(v.p + open + 1, (size_t)(close - open) - 1);
	return msrp_nickname_uri(v, b, room);
}

int msrp_nickname_parse(const struct msrp_head *h, char text[MSRP_NICKNAME_MAX],
			struct msrp_nickname *out)
{
	struct msrp_nickname n = {0};
	struct buf b = BUF_INIT(MSRP_NICKNAME_MAX);
	int err = ERR_MISSING;

	if (h->has_use_nickname)
		err = use_nickname(h->use_nickname, &b);
	else if (h->has_set_nickname)
		err = set_nickname(h->set_nickname, &b, &n.room);
	if (!err)
		err = b.err;
	if (!err && !utf8_valid(buf_str(&b)))
		err = ERR_UTF8;
	if (!err) {
		memcpy(text, buf_z(&b), b.n);
		n.text = str_of(text, b.n);
		*out = n;
	}
	buf_done(&b);
	return err;
}
