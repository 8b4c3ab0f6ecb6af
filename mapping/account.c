#include "mapping/account.h"

#include "base/err.h"
#include "base/uri.h"
#include "xmpp/stanza.h"

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

static bool is_kind(const struct map_domains *d, struct str domain,
		    enum map_domain_kind kind)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->domains[i].kind == kind &&
		    str_eq(d->domains[i].name, domain))
			return true;
	return false;
}

int map_jid_to_account(const struct map_domains *d, struct str jid,
		       struct buf *out)
{
	struct buf name = BUF_INIT(4096), uri = BUF_INIT(4096);
	const char *condition;
	struct jid j;
	int err = jid_split(jid, &j);

	if (err == 0 && j.node.n)
		err = map_prep_local(&name, j.node);
	buf_addc(&name, '@');
	if (err == 0)
		err = map_prep_domain(&name, j.domain);
	if (err == 0 && j.node.n && is_kind(d, j.domain, MAP_DOMAIN_FOREIGN) &&
	    map_jid_to_sip(d, buf_str(&name), &uri, &condition) >= 0)
		err = uri_key(out, buf_str(&uri));
	else if (err == 0)
		buf_add(out, buf_str(&name));
	buf_done(&name);
	buf_done(&uri);
	return err;
}

int map_account_to_jid(const struct map_domains *d, struct str key,
		       struct buf *out)
{
	ptrdiff_t colon = str_find(key, ':');
	struct str plain = str_from(key, (size_t)(colon + 1));
	struct buf jid = BUF_INIT(4096);
	int status, err = 0;

	if (str_starts(plain, STR("@")))
		err = map_prep_domain(out, str_from(plain, 1));
	else if (colon >= 0 && map_sip_to_jid(d, key, &jid, &status) >= 0)
		buf_add(out, buf_str(&jid));
	else
		err = str_find(plain, '@') > 0 ? map_prep_jid(out, plain)
					       : ERR_SYNTAX;
	buf_done(&jid);
	return err;
}

bool map_is_sip_user(const struct map_domains *d, struct str key)
{
	struct str domain = str_from(key, (size_t)(str_rfind(key, '@') + 1));

	return str_find(key, ':') >= 0 ||
	       is_kind(d, domain, MAP_DOMAIN_USERS) ||
	       is_kind(d, domain, MAP_DOMAIN_FOREIGN);
}
