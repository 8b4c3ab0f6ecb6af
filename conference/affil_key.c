/* Under which keys of the list a person may stand, the most exact first: his
 * identities, the same without their scheme, and their domains. */
#include <stdio.h>

#include "conference/affil_priv.h"

static bool scheme_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Octets of "scheme:", or 0. */
static size_t scheme_octets(struct str id)
{
	size_t n = 0;

	while (n < id.n && scheme_char(id.p[n]))
		n++;
	return n && n < id.n && id.p[n] == ':' ? n + 1 : 0;
}

/* Up to a port or parameters. */
static struct str host_only(struct str host)
{
	size_t n = 0;

	if (host.n && host.p[0] == '[')
		while (n < host.n && host.p[n] != ']')
			n++;
	while (n < host.n && host.p[n] != ':' && host.p[n] != ';')
		n++;
	return str_of(host.p, n);
}

struct str affil_plain(struct str id)
{
	struct str plain = str_from(id, scheme_octets(id));
	ptrdiff_t at = str_rfind(plain, '@');

	if (at >= 0)
		plain.n = (size_t)at + 1 +
			  host_only(str_from(plain, (size_t)at + 1)).n;
	return plain;
}

bool affil_is_domain(struct str key)
{
	return str_starts(affil_plain(key), STR("@"));
}

/* "@host" of an identity, or nothing. */
static struct str domain_of(struct str id)
{
	struct str plain = affil_plain(id);
	ptrdiff_t at = str_rfind(plain, '@');

	return at < 0 ? STR_NONE : str_from(plain, (size_t)at);
}

/* Entries for users of every kind are in lower case: a SIP user's name need not
 * be. */
struct str affil_plain_key(struct str id, char *space, size_t room)
{
	struct str plain = affil_plain(id);

	if (plain.n > room)
		return STR_NONE;
	for (size_t i = 0; i < plain.n; i++)
		space[i] = plain.p[i] >= 'A' && plain.p[i] <= 'Z'
			       ? (char)(plain.p[i] + 'a' - 'A')
			       : plain.p[i];
	return str_of(space, plain.n);
}

static struct str scheme_domain(struct str id, char *space, size_t room)
{
	struct str domain = domain_of(id);
	size_t scheme = scheme_octets(id);

	if (!scheme || !domain.n || scheme + domain.n > room)
		return STR_NONE;
	memcpy(space, id.p, scheme);
	memcpy(space + scheme, domain.p, domain.n);
	return str_of(space, scheme + domain.n);
}

struct str affil_key(const struct person *who, unsigned i, char *space,
		     size_t room)
{
	struct str id = i % 2 ? who->jid : who->account;

	switch (i / 2) {
	case 0:
		return id;
	case 1:
		return affil_plain_key(id, space, room);
	case 2:
		return scheme_domain(id, space, room);
	default:
		return domain_of(id);
	}
}
