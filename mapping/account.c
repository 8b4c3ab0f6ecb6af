#include "mapping/account.h"

#include "base/err.h"
#include "base/uri.h"
#include "mapping/addr.h"

/* "@domain" behind a prefix. */
static int all_of(struct buf *out, struct str prefix, struct str domain,
		  bool ascii)
{
	struct buf name = BUF_INIT(1024);
	bool plain = str_find(domain, ' ') < 0 && str_find(domain, '/') < 0;
	int err = plain ? map_prep_domain(&name, domain) : ERR_SYNTAX;

	buf_add(out, prefix);
	if (err == 0 && ascii)
		err = map_domain_to_ascii(out, buf_str(&name));
	else if (err == 0)
		buf_add(out, buf_str(&name));
	buf_done(&name);
	return err;
}

static int name_at_domain(struct buf *out, struct str in)
{
	ptrdiff_t at = str_rfind(in, '@');
	int err;

	if (at <= 0)
		return ERR_SYNTAX;
	err = map_prep_local(out, str_of(in.p, (size_t)at));
	return err < 0
		   ? err
		   : all_of(out, STR("@"), str_from(in, (size_t)at + 1), false);
}

int map_account(struct buf *out, struct str in)
{
	ptrdiff_t colon, at;

	in = str_trim_space(in);
	colon = str_find(in, ':');
	at = str_find(in, '@');
	if (str_istarts(in, STR("sip:@")) || str_istarts(in, STR("sips:@")))
		return all_of(out, STR("sip:@"), str_from(in, (size_t)at + 1),
			      true);
	if (str_istarts(in, STR("xmpp:")))
		return ERR_SYNTAX;
	if (str_starts(in, STR("@")))
		return all_of(out, STR("@"), str_from(in, 1), false);
	if (colon >= 0 && (at < 0 || colon < at))
		return uri_key(out, in);
	return name_at_domain(out, in);
}
