/* What both directions share, and rooms. */
#include "mapping/addr_priv.h"

#include "base/err.h"
#include "base/uri.h"

void addr_work_init(struct work *w)
{
	buf_init(&w->local, ADDR_WORK_MAX);
	buf_init(&w->domain, ADDR_WORK_MAX);
	buf_init(&w->temp, ADDR_WORK_MAX);
}

void addr_work_done(struct work *w)
{
	buf_done(&w->local);
	buf_done(&w->domain);
	buf_done(&w->temp);
}

const struct map_domain *addr_domain(const struct map_domains *d,
				     struct str name)
{
	for (size_t i = 0; i < d->n; i++)
		if (str_eq(d->domains[i].name, name))
			return &d->domains[i];
	return NULL;
}

void addr_put_port(struct buf *out, uint64_t port)
{
	if (port == 0 || port == 5060 || port == 5061)
		return;
	buf_addc(out, ':');
	buf_addu(out, port);
}

bool addr_add_global_number(struct buf *out, struct str s)
{
	if (s.n < 2 || s.p[0] != '+')
		return false;
	buf_addc(out, '+');
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] >= '0' && s.p[i] <= '9')
			buf_addc(out, s.p[i]);
		else if (!strchr("-.()", s.p[i]) || !s.p[i])
			return false;
	}
	return true;
}

bool addr_local_number(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!s.p[i] || !strchr("0123456789ABCDEFabcdef*#-.()", s.p[i]))
			return false;
	return s.n != 0;
}

bool addr_phone_context(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') && (!c || !strchr("+-.", c)))
			return false;
	}
	return s.n != 0;
}

int map_room_to_sip(struct buf *out, struct str room, struct str nick)
{
	ptrdiff_t at = str_find(room, '@');
	struct buf name = BUF_INIT(ADDR_WORK_MAX);
	int err;

	if (at <= 0)
		return ERR_SYNTAX;
	map_unescape(&name, str_of(room.p, (size_t)at));
	buf_addz(out, "sip:");
	uri_escape(out, buf_str(&name), uri_user_char);
	buf_done(&name);
	buf_addc(out, '@');
	err = map_domain_to_ascii(out, str_from(room, (size_t)at + 1));
	if (err < 0)
		return err;
	if (nick.n) {
		buf_addz(out, ";gr=");
		uri_escape(out, nick, uri_param_char);
	}
	return out->err;
}

int map_room_elsewhere(struct str room, struct buf *out)
{
	static const struct str at_sign = {"\\40", 3};
	struct str local = str_split(&room, '@'), domain;
	ptrdiff_t cut = str_rfind(local, '%');
	size_t skip = 1;

	/* the last of either (ADDR-14) */
	for (size_t i = 0; i + at_sign.n <= local.n; i++)
		if ((ptrdiff_t)i > cut &&
		    str_starts(str_from(local, i), at_sign)) {
			cut = (ptrdiff_t)i;
			skip = at_sign.n;
		}
	if (cut < 0)
		return 0;
	domain = str_from(local, (size_t)cut + skip);
	if (cut == 0 || domain.n == 0)
		return ERR_PREPARE;
	buf_add(out, str_of(local.p, (size_t)cut));
	buf_addc(out, '@');
	return map_prep_domain(out, domain) < 0 ? ERR_PREPARE : 1;
}
