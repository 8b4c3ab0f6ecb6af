/* Rooms that live elsewhere: whom a domain's section lets go there, and which
 * domains "*" stands for. */
#include <string.h>

#include "base/err.h"
#include "gateway/config_priv.h"
#include "mapping/addr.h"

static const struct str any_below = {"*.", 2};

/* "example.net", or "*.example.net" for all below it; in the form in which
 * domains are compared. */
static int read_pattern(struct buf *out, const char *z)
{
	struct str text = str_z(z);

	if (str_starts(text, any_below)) {
		buf_add(out, any_below);
		text = str_from(text, any_below.n);
	}
	return map_prep_domain(out, text);
}

int config_check_pattern(cfg_t *cfg, cfg_opt_t *opt)
{
	unsigned n = cfg_opt_size(opt);
	const char *z = n ? cfg_opt_getnstr(opt, n - 1) : "x";
	struct buf name = BUF_INIT(1024);
	int err = read_pattern(&name, z);

	buf_done(&name);
	if (err < 0)
		cfg_error(cfg, "%s: '%s' is no domain name, nor *.DOMAIN",
			  opt->name, z);
	return err < 0 ? -1 : 0;
}

static struct str *read_patterns(struct arena *a, cfg_t *sec, const char *key,
				 size_t *n)
{
	unsigned size = cfg_size(sec, key);
	struct str *all = arena_alloc(a, (size + 1) * sizeof(*all));

	*n = 0;
	for (unsigned i = 0; i < size; i++) {
		struct buf name = BUF_INIT(1024);

		if (read_pattern(&name, cfg_getnstr(sec, key, i)) == 0)
			all[(*n)++] = arena_dup(a, buf_str(&name));
		buf_done(&name);
	}
	return all;
}

void config_read_remote(struct arena *a, cfg_t *sec, struct domain_config *d)
{
	d->visitors = config_word(config_create, cfg_getstr(sec, "visitors"));
	d->max_legs = (size_t)cfg_getint(sec, "max-legs");
	d->open = read_patterns(a, sec, "allow-domains", &d->n_open);
	d->closed = read_patterns(a, sec, "deny-domains", &d->n_closed);
}

static bool among(const struct str *list, size_t n, struct str domain)
{
	for (size_t i = 0; i < n; i++)
		if (str_starts(list[i], any_below)
			? str_ends(domain, str_from(list[i], 1))
			: str_eq(domain, list[i]))
			return true;
	return false;
}

bool config_opens(const struct domain_config *others, struct str domain)
{
	return !among(others->closed, others->n_closed, domain) &&
	       (!others->n_open || among(others->open, others->n_open, domain));
}

const struct domain_config *config_section(const struct config *c,
					   struct str domain)
{
	const struct domain_config *own = config_domain(c, domain);
	const struct domain_config *others = config_other_domains(c);

	if (own)
		return own;
	return others && config_opens(others, domain) ? others : NULL;
}
