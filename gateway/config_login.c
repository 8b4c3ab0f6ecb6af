/* Whom the conferences of a domain know our users as: the key credentials. */
#include <string.h>

#include "base/err.h"
#include "gateway/config_priv.h"
#include "mapping/account.h"

/* "WHO USERNAME PASSWORD"; the password may hold spaces. */
static int split(struct str text, struct str *who, struct login *out)
{
	text = str_trim_space(text);
	*who = str_split(&text, ' ');
	text = str_trim_space(text);
	out->username = str_split(&text, ' ');
	out->password = str_trim_space(text);
	return out->username.n && out->password.n ? 0 : ERR_SYNTAX;
}

/* The key that WHO means; empty for "*". */
static int read_who(struct str who, struct buf *key)
{
	return str_eq(who, STR("*")) ? 0 : map_account(key, who);
}

/* The value itself is never shown. */
int config_check_login(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *z = cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1);
	struct buf key = BUF_INIT(4096);
	struct login login = {0};
	struct str who;
	bool good =
	    split(str_z(z), &who, &login) == 0 && read_who(who, &key) == 0;

	buf_done(&key);
	if (good)
		return 0;
	cfg_error(cfg,
		  "%s: entry %u is not \"WHO USERNAME PASSWORD\", with "
		  "USER@DOMAIN, @DOMAIN or * for WHO",
		  opt->name, cfg_opt_size(opt));
	return -1;
}

void config_read_logins(struct arena *a, cfg_t *sec, struct domain_config *d)
{
	unsigned n = cfg_size(sec, "credentials");
	struct login *all = arena_alloc(a, (n + 1) * sizeof(*all));

	d->n_logins = 0;
	for (unsigned i = 0; i < n; i++) {
		struct str text = str_z(cfg_getnstr(sec, "credentials", i));
		struct login *l = &all[d->n_logins];
		struct buf key = BUF_INIT(4096);
		struct str who;

		*l = (struct login){0};
		if (split(text, &who, l) == 0 && read_who(who, &key) == 0) {
			l->who = arena_dup(a, buf_str(&key));
			d->n_logins++;
		}
		buf_done(&key);
	}
	d->logins = all;
}

const struct login *config_login(const struct config *c, struct str domain,
				 struct str user)
{
	const struct seat_join him = {.user = user, .jid = user};
	const struct domain_config *d = config_section(c, domain);
	const struct login *l;

	for (size_t i = 0; d && i < d->n_logins; i++) {
		l = &d->logins[i];
		if (!l->who.n || seat_join_is(&him, l->who))
			return l;
	}
	return NULL;
}
