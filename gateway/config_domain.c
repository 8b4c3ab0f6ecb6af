/* Domains of the configuration: what their names and keys may be, and reading
 * them. */
#include "gateway/config_priv.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/uri.h"
#include "mapping/addr.h"

/* "*", or content types with a blank between them. */
static int check_types(cfg_t *cfg, cfg_opt_t *opt)
{
	struct str types = str_z(cfg_opt_getnstr(opt, 0));
	size_t n = 0;

	while (types.n) {
		struct str type = str_split(&types, ' ');
		bool bad = !type.n;

		for (size_t i = 0; i < type.n; i++)
			if (type.p[i] <= ' ' || type.p[i] == 0x7f)
				bad = true;
		if (bad ||
		    (!str_eq(type, STR("*")) && str_find(type, '/') < 1)) {
			cfg_error(cfg, "types: '%.*s' is no content type",
				  STR_ARG(type));
			return -1;
		}
		n++;
	}
	if (!n) {
		cfg_error(cfg, "types: names no content type");
		return -1;
	}
	return 0;
}

/* Where requests may be sent: a SIP URI, or nothing. */
static int check_route(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *z = cfg_opt_getnstr(opt, 0);
	struct uri u;

	if (*z && (uri_parse(str_z(z), &u) < 0 || !u.host.n ||
		   (!str_ieq(u.scheme, STR("sip")) &&
		    !str_ieq(u.scheme, STR("sips"))))) {
		cfg_error(cfg, "route: '%s' is no SIP URI", z);
		return -1;
	}
	return 0;
}

static bool domain_char(unsigned char c)
{
	return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' ||
	       c == '[' || c == ']' || c == ':';
}

/* Keys for the section "*" alone. */
static bool says_domains(cfg_t *sec)
{
	return cfg_size(sec, "allow-domains") || cfg_size(sec, "deny-domains");
}

static int check_domain(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *sec = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	const char *name = cfg_title(sec);
	bool local = strcmp(cfg_getstr(sec, "rooms"), "local") == 0;
	struct buf prepared = BUF_INIT(1024);
	bool good;

	(void)cfg;
	if (strcmp(name, "*") == 0) {
		if (local || *cfg_getstr(sec, "secret")) {
			cfg_error(
			    sec,
			    "domain \"*\" has no secret and no local rooms");
			return -1;
		}
		return 0;
	}
	for (const char *p = name; *p; p++)
		if (!domain_char((unsigned char)*p))
			name = "";
	good = *name && strlen(name) <= 253 &&
	       map_prep_domain(&prepared, str_z(name)) == 0;
	buf_done(&prepared);
	if (!good) {
		cfg_error(sec, "domain: '%s' is no domain name",
			  cfg_title(sec));
		return -1;
	}
	if (says_domains(sec)) {
		cfg_error(sec,
			  "domain \"%s\": allow-domains and deny-domains "
			  "belong into domain \"*\"",
			  name);
		return -1;
	}
	if (!*cfg_getstr(sec, "rooms") && !*cfg_getstr(sec, "users")) {
		cfg_error(sec, "domain \"%s\" has neither rooms nor users",
			  name);
		return -1;
	}
	return 0;
}

void config_set_domain_checks(cfg_t *cfg)
{
	cfg_set_validate_func(cfg, "domain", check_domain);
	cfg_set_validate_func(cfg, "domain|allow-domains",
			      config_check_pattern);
	cfg_set_validate_func(cfg, "domain|deny-domains", config_check_pattern);
	cfg_set_validate_func(cfg, "domain|credentials", config_check_login);
	cfg_set_validate_func(cfg, "domain|route", check_route);
	cfg_set_validate_func(cfg, "domain|types", check_types);
}

void config_read_domain(struct arena *a, cfg_t *sec, struct domain_config *d)
{
	struct buf name = BUF_INIT(1024);

	if (map_prep_domain(&name, str_z(cfg_title(sec))) < 0) {
		buf_clear(&name);
		buf_addz(&name, cfg_title(sec)); /* "*" */
	}
	*d = (struct domain_config){
	    .name = buf_take(&name, NULL),
	    .title = cfg_getstr(sec, "name"),
	    .secret = cfg_getstr(sec, "secret"),
	    .rooms = (enum config_rooms)config_word(config_rooms,
						    cfg_getstr(sec, "rooms")),
	    .users = (enum config_users)config_word(config_users,
						    cfg_getstr(sec, "users")),
	    .create = config_word(config_create, cfg_getstr(sec, "create")),
	    .factory = cfg_getstr(sec, "factory"),
	    .route = cfg_getstr(sec, "route"),
	    .welcome = cfg_getstr(sec, "welcome"),
	    .types = cfg_getstr(sec, "types"),
	    .invite_by_refer =
		config_word(config_invite_by, cfg_getstr(sec, "invite-by")),
	    .own_copies = cfg_getbool(sec, "own-copies"),
	    .copies_confirmed =
		config_word(config_copies, cfg_getstr(sec, "copies")),
	    .policy = config_read_policy(a, sec),
	    .access = config_read_access(a, sec),
	    .outsiders = cfg_getbool(sec, "outsiders"),
	    .force_tls = cfg_getbool(sec, "force-tls"),
	    .anonymous = cfg_getbool(sec, "anonymous"),
	    .plain_clients = cfg_getbool(sec, "plain-clients"),
	    .lock = cfg_getbool(sec, "lock"),
	    .notify_interval_ms =
		(unsigned)cfg_getint(sec, "notify-interval") * 1000,
	    .min_expires = (unsigned)cfg_getint(sec, "min-expires"),
	    .connections = (unsigned)cfg_getint(sec, "connections"),
	    .bare_from = !cfg_getbool(sec, "from-resource"),
	    .rename_joiner = config_word(config_nick_conflict,
					 cfg_getstr(sec, "nick-conflict")),
	};
	config_read_logins(a, sec, d);
	config_read_remote(a, sec, d);
}

/* The parser sees only titles that are the same to the octet. */
int config_check_twice(cfg_t *cfg, const struct config *c)
{
	for (size_t i = 1; i < c->n_domains; i++)
		for (size_t j = 0; j < i; j++) {
			cfg_t *sec = cfg_getnsec(cfg, "domain", (unsigned)i);

			if (strcmp(c->domains[i].name, c->domains[j].name) != 0)
				continue;
			cfg_error(sec, "domain: '%s' has a section already",
				  cfg_title(sec));
			return ERR_SYNTAX;
		}
	return 0;
}

/* --- what is allowed but will disappoint --- */

/* Stanzas for local rooms and for a SIP conference's are the rooms'. */
bool config_names_users(const struct domain_config *d)
{
	return d->users != USERS_NONE && d->rooms != ROOMS_LOCAL &&
	       d->rooms != ROOMS_SIP;
}

bool config_names_any_users(const struct config *c)
{
	for (size_t i = 0; i < c->n_domains; i++)
		if (config_names_users(&c->domains[i]) && *c->domains[i].secret)
			return true;
	return false;
}

void config_warn_domains(const struct config *c)
{
	bool named = config_names_any_users(c);
	size_t n_foreign = 0;

	for (size_t i = 0; i < c->n_domains; i++) {
		const struct domain_config *d = &c->domains[i];
		cfg_t *sec = cfg_getnsec(c->parsed, "domain", (unsigned)i);
		const char *what = NULL;

		n_foreign += d->users == USERS_FOREIGN;
		if (d->users != USERS_NONE && !config_names_users(d))
			what = "its users cannot enter rooms of XMPP servers "
			       "while it has rooms itself";
		else if (d->users == USERS_FOREIGN && n_foreign > 1)
			what = "only the first domain with users = foreign "
			       "counts";
		else if (d->rooms == ROOMS_XMPP && !named &&
			 d->visitors & CREATE_SIP)
			what = "SIP users cannot enter its rooms: no domain "
			       "with users = sip or foreign and a secret "
			       "names them in XMPP";
		if (what)
			fprintf(stderr, "%s:%d: warning: domain \"%s\": %s\n",
				c->file, sec->line, d->name, what);
	}
}
