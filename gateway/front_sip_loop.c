/* Calls into rooms that live elsewhere: does somebody go round in circles, and
 * may the request be translated at all? (RFC 7247 §8) */
#include "gateway/front_sip_call.h"

#include "base/uri.h"
#include "gateway/sip_words.h"

/* An XMPP user's address as we write it ourselves: user%40domain at our own
 * host (ADDR-15). */
static bool is_of_ours(const struct call *c, struct str user)
{
	struct str host = str_z(c->f->cfg.config->sip.host);
	struct uri u;

	return host.n && uri_parse(user, &u) == 0 && str_ieq(u.host, host) &&
	       str_search(u.user, STR("%40")) > 0;
}

static bool is_secure(struct str uri)
{
	struct uri u;

	return uri_parse(uri, &u) == 0 && u.sips;
}

static bool is_translated_secure(struct call *c, const struct port_msg *m)
{
	struct name_addr to;

	return is_secure(m->f[PORT_F_RURI]) ||
	       (name_addr_parse(m->f[PORT_F_TO], c->arena, &to) == 0 &&
		is_secure(to.uri));
}

int call_way(struct call *c, const struct port_msg *m, const char **why)
{
	if (is_translated_secure(c, m)) { /* ADDR-22 */
		*why = "sips: ends here";
		return 480;
	}
	if (sip_max_forwards(m) == 0) {
		*why = "no hop is left";
		return 483;
	}
	for (size_t i = 0; i < c->n_identities; i++)
		if (is_of_ours(c, c->identity[i])) {
			*why = "this user comes from here";
			return 482;
		}
	return 200;
}
