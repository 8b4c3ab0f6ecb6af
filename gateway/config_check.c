/* What a value of the configuration may be, told where it stands. */
#include "gateway/config_priv.h"

#include <errno.h>
#include <string.h>

#include <sys/un.h>

#include "base/dns.h"
#include "base/uri.h"
#include "mapping/account.h"
#include "mapping/addr.h"
#include "sip/digest.h"
#include "sip/port.h"
#include "xmpp/bundle.h"

const struct config_word config_rooms[] = {
    {"", ROOMS_NONE},	  {"local", ROOMS_LOCAL},	{"sip", ROOMS_SIP},
    {"xmpp", ROOMS_XMPP}, {"discover", ROOMS_DISCOVER}, {NULL, 0}};
const struct config_word config_users[] = {{"", USERS_NONE},
					   {"sip", USERS_SIP},
					   {"foreign", USERS_FOREIGN},
					   {NULL, 0}};
const struct config_word config_create[] = {{"any", CREATE_SIP | CREATE_XMPP},
					    {"sip", CREATE_SIP},
					    {"xmpp", CREATE_XMPP},
					    {"none", 0},
					    {NULL, 0}};
const struct config_word config_invite_by[] = {
    {"invite", 0}, {"refer", 1}, {NULL, 0}};
const struct config_word config_copies[] = {
    {"partial", 0}, {"yes", 1}, {NULL, 0}};
const struct config_word config_scope[] = {
    {"room", false}, {"domain", true}, {NULL, 0}};
const struct config_word config_nick_conflict[] = {
    {"error", 0}, {"rename", 1}, {NULL, 0}};
const struct config_word config_digest[] = {
    {"any", DIGEST_ANY},
    {"sha-256", DIGEST_BIT(DIGEST_SHA256)},
    {"md5", DIGEST_BIT(DIGEST_MD5)},
    {NULL, 0}};
const struct config_word config_level[] = {
    {"error", LOG_ERROR}, {"warn", LOG_WARN},	{"info", LOG_INFO},
    {"debug", LOG_DEBUG}, {"trace", LOG_TRACE}, {NULL, 0}};

const struct config_word config_msrp_verify[] = {
    {"strict", MSRP_VERIFY_STRICT},
    {"fingerprint", MSRP_VERIFY_FINGERPRINT},
    {"none", MSRP_VERIFY_NONE},
    {NULL, 0}};
const struct config_word config_sip_verify[] = {{"strict", SIP_VERIFY_STRICT},
						{"chain", SIP_VERIFY_CHAIN},
						{"none", SIP_VERIFY_NONE},
						{NULL, 0}};

static bool find_word(const struct config_word *words, const char *z,
		      unsigned *out)
{
	for (; words->word; words++)
		if (strcmp(words->word, z) == 0) {
			*out = words->value;
			return true;
		}
	return false;
}

unsigned config_word(const struct config_word *words, const char *z)
{
	unsigned v = 0;

	find_word(words, z, &v);
	return v;
}

/* One of the words, or an error that lists them. */
static int check_word(cfg_t *cfg, cfg_opt_t *opt,
		      const struct config_word *words)
{
	char list[128] = "";
	unsigned v;
	const char *z = cfg_opt_getnstr(opt, 0);

	if (find_word(words, z, &v))
		return 0;
	for (; words->word; words++)
		if (*words->word) {
			if (*list)
				strcat(list, ", ");
			strcat(list, words->word);
		}
	cfg_error(cfg, "%s: '%s' is none of %s", opt->name, z, list);
	return -1;
}

static int check_rooms(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_rooms);
}

static int check_users(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_users);
}

static int check_create(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_create);
}

static int check_invite_by(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_invite_by);
}

static int check_nick_conflict(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_nick_conflict);
}

static int check_copies(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_copies);
}

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

static int check_level(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_level);
}

static int check_msrp_verify(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_msrp_verify);
}

static int check_sip_verify(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_sip_verify);
}

/* The last value of a list: libconfuse validates after each. */
static const char *last_value(cfg_opt_t *opt)
{
	unsigned n = cfg_opt_size(opt);

	return n ? cfg_opt_getnstr(opt, n - 1) : "";
}

static int check_listen(cfg_t *cfg, cfg_opt_t *opt, bool udp)
{
	const char *z = last_value(opt);
	struct listen_spec spec;

	if (*z && (listen_spec_parse(str_z(z), &spec) < 0 ||
		   (spec.transport == TRANSPORT_UDP && !udp))) {
		cfg_error(cfg,
			  "listen: '%s' is not %stcp:ADDRESS:PORT or "
			  "tls:ADDRESS:PORT",
			  z, udp ? "udp:ADDRESS:PORT, " : "");
		return -1;
	}
	return 0;
}

static int check_sip_listen(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_listen(cfg, opt, true);
}

static int check_msrp_listen(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_listen(cfg, opt, false);
}

static int check_digest(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_digest);
}

static int check_trust(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *z = last_value(opt);
	struct cidr cidr;

	if (*z && cidr_parse(str_z(z), &cidr) < 0) {
		cfg_error(cfg, "trust: '%s' is no address or address block", z);
		return -1;
	}
	return 0;
}

static int check_address(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *z = last_value(opt);
	struct addr addr;

	if (*z && addr_parse(str_z(z), &addr) < 0) {
		cfg_error(cfg,
			  "%s: '%s' is not ADDRESS:PORT with a numeric address",
			  opt->name, z);
		return -1;
	}
	return 0;
}

static int check_servers(cfg_t *cfg, cfg_opt_t *opt)
{
	if (cfg_opt_size(opt) > DNS_SERVERS_MAX) {
		cfg_error(cfg, "%s: at most %d", opt->name, DNS_SERVERS_MAX);
		return -1;
	}
	return check_address(cfg, opt);
}

/* A socket's name has 107 octets at most (unix(7)). */
static int check_control(cfg_t *cfg, cfg_opt_t *opt)
{
	if (strlen(last_value(opt)) < sizeof((struct sockaddr_un){0}.sun_path))
		return 0;
	cfg_error(cfg, "control: the name is too long for a socket");
	return -1;
}

static int check_file(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *z = cfg_opt_getnstr(opt, 0);
	FILE *f = *z ? fopen(z, "r") : NULL;

	if (*z && !f) {
		cfg_error(cfg, "%s: %s: %s", opt->name, z, strerror(errno));
		return -1;
	}
	if (f)
		fclose(f);
	return 0;
}

/* It stands between quotes, and clients don't agree on escapes. */
static int check_realm(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *z = cfg_opt_getnstr(opt, 0);

	for (const char *p = z; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '"' ||
		    *p == '\\')
			goto bad;
	if (strlen(z) <= 255)
		return 0;
bad:
	cfg_error(cfg,
		  "realm: '%s' is too long, or has quotes, backslashes or "
		  "controls in it",
		  z);
	return -1;
}

static int check_count(cfg_t *cfg, cfg_opt_t *opt)
{
	long v = cfg_opt_getnint(opt, 0);

	if (v < 0 || v > 1000000000) {
		cfg_error(cfg, "%s: %ld is out of range", opt->name, v);
		return -1;
	}
	return 0;
}

static int check_days(cfg_t *cfg, cfg_opt_t *opt)
{
	long v = cfg_opt_getnint(opt, 0);

	if (v < 0 || v > 36500) {
		cfg_error(cfg, "%s: %ld is no number of days from 0 to 36500",
			  opt->name, v);
		return -1;
	}
	return 0;
}

static int check_port(cfg_t *cfg, cfg_opt_t *opt)
{
	long v = cfg_opt_getnint(opt, 0);

	if (v < 0 || v > 65535) {
		cfg_error(cfg, "%s: %ld is no port", opt->name, v);
		return -1;
	}
	return 0;
}

static int check_positive(cfg_t *cfg, cfg_opt_t *opt)
{
	if (cfg_opt_getnint(opt, 0) == 0) {
		cfg_error(cfg, "%s: must be at least 1", opt->name);
		return -1;
	}
	return check_count(cfg, opt);
}

static int check_connections(cfg_t *cfg, cfg_opt_t *opt)
{
	long v = cfg_opt_getnint(opt, 0);

	if (v < 1 || v > XMPP_BUNDLE_MAX) {
		cfg_error(cfg, "%s: must be 1 to %d", opt->name,
			  XMPP_BUNDLE_MAX);
		return -1;
	}
	return 0;
}

/* RFC 6120 §13.12: no limit below 10000 octets. */
static int check_stanza_size(cfg_t *cfg, cfg_opt_t *opt)
{
	if (cfg_opt_getnint(opt, 0) < 10000) {
		cfg_error(cfg, "%s: must be at least 10000", opt->name);
		return -1;
	}
	return check_count(cfg, opt);
}

/* Shorter ones any SIP request may have; the port takes none that is longer. */
static int check_document_size(cfg_t *cfg, cfg_opt_t *opt)
{
	long n = cfg_opt_getnint(opt, 0);

	if (n < 65536 || n > (long)PORT_NOTIFY_MAX) {
		cfg_error(cfg, "%s: must be 65536 to %u", opt->name,
			  PORT_NOTIFY_MAX);
		return -1;
	}
	return 0;
}

static int check_scope(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, config_scope);
}

static int check_account(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *z = last_value(opt);
	struct buf user = BUF_INIT(4096);
	int err = map_account(&user, str_z(z));

	buf_done(&user);
	if (err < 0) {
		cfg_error(cfg,
			  "%s: '%s' is not USER@DOMAIN, @DOMAIN or a SIP URI",
			  opt->name, z);
		return -1;
	}
	return 0;
}

/* As many as milliseconds fit. */
static int check_seconds(cfg_t *cfg, cfg_opt_t *opt)
{
	long v = cfg_opt_getnint(opt, 0);

	if (v < 0 || v > 1000000) {
		cfg_error(cfg, "%s: %ld is out of range", opt->name, v);
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

static bool has_tls_listener(cfg_t *sec, const char **which)
{
	for (unsigned i = 0; i < cfg_size(sec, "listen"); i++) {
		*which = cfg_getnstr(sec, "listen", i);
		if (strncmp(*which, "tls:", 4) == 0)
			return true;
	}
	return false;
}

/* A listener for TLS needs a certificate with its key. */
int config_check_tls(cfg_t *cfg)
{
	static const char *const sections[] = {"sip", "msrp"};
	cfg_t *tls = cfg_getsec(cfg, "tls");
	const char *which;

	if (*cfg_getstr(tls, "certificate") && *cfg_getstr(tls, "key"))
		return 0;
	for (int i = 0; i < 2; i++) {
		cfg_t *sec = cfg_getsec(cfg, sections[i]);

		if (!has_tls_listener(sec, &which))
			continue;
		cfg_error(sec, "listen: '%s' needs tls { certificate, key }",
			  which);
		return -1;
	}
	return 0;
}

/* What domains and rooms have in common. */
static void set_policy_checks(cfg_t *cfg)
{
	static const struct {
		const char *domain, *room;
		cfg_validate_callback_t check;
	} keys[] = {
	    {"domain|history", "room|history", check_count},
	    {"domain|archive", "room|archive", check_days},
	    {"domain|archive-messages", "room|archive-messages",
	     check_positive},
	    {"domain|max-occupants", "room|max-occupants", check_positive},
	    {"domain|quarantine", "room|quarantine", check_seconds},
	    {"domain|nick-scope", "room|nick-scope", check_scope},
	    {"domain|admins", "room|admins", check_account},
	    {"domain|members", "room|members", check_account},
	    {"domain|outcasts", "room|outcasts", check_account},
	    {"domain|allow", "room|allow", check_account},
	    {"domain|deny", "room|deny", check_account},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		cfg_set_validate_func(cfg, keys[i].domain, keys[i].check);
		cfg_set_validate_func(cfg, keys[i].room, keys[i].check);
	}
	cfg_set_validate_func(cfg, "room|owners", check_account);
}

void config_set_checks(cfg_t *cfg)
{
	static const char *const counts[] = {"domain|notify-interval",
					     "domain|max-legs",
					     "limits|legs",
					     "limits|user-legs",
					     "limits|sip-rate",
					     "limits|auth-failures",
					     "limits|message-rate",
					     "limits|invite-rate",
					     "limits|join-rate",
					     NULL};
	static const char *const positive[] = {
	    "domain|max-occupants", "domain|min-expires",
	    "msrp|max-message",	    "msrp|max-send-queue",
	    "msrp|max-connections", "xmpp|max-queue",
	    "limits|rooms",	    "limits|dialogs",
	    "limits|subscriptions", "limits|sip-burst",
	    "limits|message-burst", "limits|invite-burst",
	    "limits|join-burst",    "limits|store-queue",
	    "limits|leg-occupants", "limits|leg-roster",
	    "limits|leg-queue",	    NULL};
	static const char *const files[] = {"tls|certificate", "tls|key",
					    "tls|ca", NULL};

	set_policy_checks(cfg);
	config_set_file_checks(cfg);
	cfg_set_validate_func(cfg, "log-level", check_level);
	cfg_set_validate_func(cfg, "control", check_control);
	cfg_set_validate_func(cfg, "metrics", check_address);
	cfg_set_validate_func(cfg, "files|listen", check_address);
	cfg_set_validate_func(cfg, "files|keep", check_days);
	cfg_set_validate_func(cfg, "sip|listen", check_sip_listen);
	cfg_set_validate_func(cfg, "sip|trust", check_trust);
	cfg_set_validate_func(cfg, "sip|realm", check_realm);
	cfg_set_validate_func(cfg, "sip|digest", check_digest);
	cfg_set_validate_func(cfg, "msrp|listen", check_msrp_listen);
	cfg_set_validate_func(cfg, "sip|verify", check_sip_verify);
	cfg_set_validate_func(cfg, "msrp|verify", check_msrp_verify);
	cfg_set_validate_func(cfg, "msrp|port", check_port);
	cfg_set_validate_func(cfg, "msrp|tls-port", check_port);
	cfg_set_validate_func(cfg, "xmpp|server", check_address);
	cfg_set_validate_func(cfg, "xmpp|max-stanza", check_stanza_size);
	cfg_set_validate_func(cfg, "limits|leg-document", check_document_size);
	cfg_set_validate_func(cfg, "dns|servers", check_servers);
	cfg_set_validate_func(cfg, "domain", check_domain);
	cfg_set_validate_func(cfg, "domain|rooms", check_rooms);
	cfg_set_validate_func(cfg, "domain|connections", check_connections);
	cfg_set_validate_func(cfg, "domain|users", check_users);
	cfg_set_validate_func(cfg, "domain|create", check_create);
	cfg_set_validate_func(cfg, "domain|visitors", check_create);
	cfg_set_validate_func(cfg, "domain|allow-domains",
			      config_check_pattern);
	cfg_set_validate_func(cfg, "domain|deny-domains", config_check_pattern);
	cfg_set_validate_func(cfg, "domain|invite-by", check_invite_by);
	cfg_set_validate_func(cfg, "domain|copies", check_copies);
	cfg_set_validate_func(cfg, "domain|credentials", config_check_login);
	cfg_set_validate_func(cfg, "domain|nick-conflict", check_nick_conflict);
	cfg_set_validate_func(cfg, "domain|route", check_route);
	cfg_set_validate_func(cfg, "domain|types", check_types);
	for (const char *const *p = counts; *p; p++)
		cfg_set_validate_func(cfg, *p, check_count);
	for (const char *const *p = positive; *p; p++)
		cfg_set_validate_func(cfg, *p, check_positive);
	for (const char *const *p = files; *p; p++)
		cfg_set_validate_func(cfg, *p, check_file);
}
