#include "gateway/config_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define CONFIG_BYTES_MAX (1u << 20)
#define STRINGS_MAX	 (1u << 30)

/* What sections of domains and of rooms have in common. */
#define POLICY_KEYS(no_list)                                                   \
	CFG_BOOL("persistent", cfg_false, CFGF_NONE),                          \
	    CFG_BOOL("public", cfg_true, CFGF_NONE),                           \
	    CFG_BOOL("private-messages", cfg_true, CFGF_NONE),                 \
	    CFG_BOOL("nicknames", cfg_true, CFGF_NONE),                        \
	    CFG_BOOL("moderated", cfg_false, CFGF_NONE),                       \
	    CFG_BOOL("members-only", cfg_false, CFGF_NONE),                    \
	    CFG_BOOL("one-device", cfg_false, CFGF_NONE),                      \
	    CFG_BOOL("end-with-owner", cfg_false, CFGF_NONE),                  \
	    CFG_BOOL("subject-by-moderators", cfg_false, CFGF_NONE),           \
	    CFG_BOOL("non-anonymous", cfg_false, CFGF_NONE),                   \
	    CFG_BOOL("logged", cfg_false, CFGF_NONE),                          \
	    CFG_BOOL("invites", cfg_true, CFGF_NONE),                          \
	    CFG_STR("language", "", CFGF_NONE),                                \
	    CFG_STR("nick-scope", "room", CFGF_NONE),                          \
	    CFG_STR("password", "", CFGF_NONE),                                \
	    CFG_INT("history", 50, CFGF_NONE),                                 \
	    CFG_INT("archive", 30, CFGF_NONE),                                 \
	    CFG_INT("archive-messages", 100000, CFGF_NONE),                    \
	    CFG_INT("max-occupants", 10000, CFGF_NONE),                        \
	    CFG_INT("quarantine", 60, CFGF_NONE),                              \
	    CFG_STR_LIST("reserved-nicks", no_list, CFGF_NONE),                \
	    CFG_STR_LIST("admins", no_list, CFGF_NONE),                        \
	    CFG_STR_LIST("members", no_list, CFGF_NONE),                       \
	    CFG_STR_LIST("outcasts", no_list, CFGF_NONE),                      \
	    CFG_STR_LIST("allow", no_list, CFGF_NONE),                         \
	    CFG_STR_LIST("deny", no_list, CFGF_NONE)

/* Fed to the parser after the file's last octet: libconfuse takes the end of
 * the file for the end of an open section, where this option is unknown. */
#define END_MARK "end-of-file"

/* Where an error goes. libconfuse's callback has no pointer of ours but the
 * section, so each section has an option that nobody can name, and this is its
 * value's place. */
struct errors {
	long unused;
	char why[CONFIG_WHY_MAX]; /* the first one */
};
#define ERRORS	       "where errors go"
#define SECTION_END(e) CFG_SIMPLE_INT(ERRORS, &(e)->unused), CFG_END()

static struct errors *errors_of(cfg_t *cfg)
{
	for (cfg_opt_t *o = cfg->opts; o->name; o++)
		if (strcmp(o->name, ERRORS) == 0)
			return (struct errors *)(void *)o->simple_value.number;
	return NULL;
}

__attribute__((format(printf, 2, 0))) static void
note_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	struct errors *e = errors_of(cfg);
	char what[512];

	if (!e || *e->why)
		return;
	vsnprintf(what, sizeof(what), fmt, ap);
	if (strstr(what, END_MARK))
		snprintf(what, sizeof(what), "the file ends inside a section");
	snprintf(e->why, sizeof(e->why), "%s:%d: %s",
		 cfg->filename ? cfg->filename : "?", cfg->line, what);
}

/* The whole file and the end mark, as a stream. NULL and errno. */
static FILE *open_marked(const char *file)
{
	struct buf text = BUF_INIT(CONFIG_BYTES_MAX);
	FILE *in = fopen(file, "r"), *out = NULL;
	char *p;
	size_t n;

	if (!in)
		return NULL;
	while ((p = buf_space(&text, 4096)) && (n = fread(p, 1, 4096, in)) > 0)
		text.n += n;
	if (text.err || ferror(in)) {
		errno = ferror(in) ? EISDIR : EFBIG;
	} else {
		buf_addz(&text, " " END_MARK " = 1\n");
		out = tmpfile();
		if (out && (fwrite(text.p, 1, text.n, out) != text.n ||
			    fseek(out, 0, SEEK_SET) < 0)) {
			fclose(out);
			out = NULL;
		}
	}
	fclose(in);
	buf_done(&text);
	return out;
}

/* Sections that occur once are made before the parser knows the file's name. */
static void name_sections(cfg_t *cfg, const char *file)
{
	static const char *const sections[] = {"sip", "msrp",  "xmpp",	"dns",
					       "tls", "files", "limits"};

	cfg->filename = str_dup(str_z(file));
	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++)
		cfg_getsec(cfg, sections[i])->filename = str_dup(str_z(file));
}

static char *take_str(const char *z)
{
	return str_dup(str_z(z));
}

static int read_listen(cfg_t *sec, struct listen_spec **out, size_t *n)
{
	*n = cfg_size(sec, "listen");
	*out = mem_new_array(*n, sizeof(**out));
	for (size_t i = 0; i < *n; i++)
		if (listen_spec_parse(
			str_z(cfg_getnstr(sec, "listen", (unsigned)i)),
			&(*out)[i]) < 0)
			return ERR_SYNTAX;
	return 0;
}

static int read_trust(cfg_t *sec, struct config *c)
{
	c->sip.n_trust = cfg_size(sec, "trust");
	c->sip.trust = mem_new_array(c->sip.n_trust + 1, sizeof(*c->sip.trust));
	for (size_t i = 0; i < c->sip.n_trust; i++)
		if (cidr_parse(str_z(cfg_getnstr(sec, "trust", (unsigned)i)),
			       &c->sip.trust[i]) < 0)
			return ERR_SYNTAX;
	return 0;
}

static int read_servers(cfg_t *sec, struct config *c)
{
	c->dns.n_servers = cfg_size(sec, "servers");
	c->dns.servers =
	    mem_new_array(c->dns.n_servers + 1, sizeof(*c->dns.servers));
	for (size_t i = 0; i < c->dns.n_servers; i++)
		if (addr_parse(str_z(cfg_getnstr(sec, "servers", (unsigned)i)),
			       &c->dns.servers[i]) < 0)
			return ERR_SYNTAX;
	return 0;
}

static void read_full_rosters(cfg_t *sec, struct config *c)
{
	size_t n = cfg_size(sec, "full-rosters");

	c->sip.n_full_rosters = n;
	c->sip.full_rosters =
	    mem_new_array(n + 1, sizeof(*c->sip.full_rosters));
	for (size_t i = 0; i < n; i++)
		c->sip.full_rosters[i] =
		    cfg_getnstr(sec, "full-rosters", (unsigned)i);
}

static int read_all(cfg_t *cfg, struct config *c)
{
	cfg_t *sip = cfg_getsec(cfg, "sip"), *msrp = cfg_getsec(cfg, "msrp");
	cfg_t *xmpp = cfg_getsec(cfg, "xmpp"), *tls = cfg_getsec(cfg, "tls");
	cfg_t *limits = cfg_getsec(cfg, "limits");

	c->log_level = (enum log_level)config_word(
	    config_level, cfg_getstr(cfg, "log-level"));
	c->state_dir = cfg_getstr(cfg, "state-dir");
	c->control = cfg_getstr(cfg, "control");
	c->metrics = cfg_getstr(cfg, "metrics");
	c->sip.host = cfg_getstr(sip, "host");
	c->sip.realm = cfg_getstr(sip, "realm");
	c->sip.digest = config_word(config_digest, cfg_getstr(sip, "digest"));
	c->sip.verify = (enum sip_verify)config_word(config_sip_verify,
						     cfg_getstr(sip, "verify"));
	c->msrp.host = cfg_getstr(msrp, "host");
	c->msrp.verify = (enum msrp_verify)config_word(
	    config_msrp_verify, cfg_getstr(msrp, "verify"));
	c->msrp.port = (uint16_t)cfg_getint(msrp, "port");
	c->msrp.tls_port = (uint16_t)cfg_getint(msrp, "tls-port");
	c->msrp.max_message = (size_t)cfg_getint(msrp, "max-message");
	c->msrp.max_send_queue = (size_t)cfg_getint(msrp, "max-send-queue");
	c->msrp.max_connections = (size_t)cfg_getint(msrp, "max-connections");
	c->xmpp.max_stanza = (size_t)cfg_getint(xmpp, "max-stanza");
	c->xmpp.max_queue = (size_t)cfg_getint(xmpp, "max-queue");
	c->tls.certificate = cfg_getstr(tls, "certificate");
	c->tls.key = cfg_getstr(tls, "key");
	c->tls.ca = cfg_getstr(tls, "ca");
	c->tls.ciphers = cfg_getstr(tls, "ciphers");
	c->limits.rooms = (size_t)cfg_getint(limits, "rooms");
	c->limits.dialogs = (size_t)cfg_getint(limits, "dialogs");
	c->limits.subscriptions = (size_t)cfg_getint(limits, "subscriptions");
	c->limits.store_queue = (size_t)cfg_getint(limits, "store-queue");
	c->limits.leg_occupants = (size_t)cfg_getint(limits, "leg-occupants");
	c->limits.legs = (size_t)cfg_getint(limits, "legs");
	c->limits.user_legs = (size_t)cfg_getint(limits, "user-legs");
	c->limits.leg_roster = (size_t)cfg_getint(limits, "leg-roster");
	c->limits.leg_document = (size_t)cfg_getint(limits, "leg-document");
	c->limits.leg_queue = (size_t)cfg_getint(limits, "leg-queue");
	c->limits.document_queue = (size_t)cfg_getint(limits, "document-queue");
	c->limits.catch_up = (size_t)cfg_getint(limits, "catch-up");
	c->limits.reports = (size_t)cfg_getint(limits, "reports");
	c->limits.invitations = (size_t)cfg_getint(limits, "invitations");
	c->limits.leg_away_s = (unsigned)cfg_getint(limits, "leg-away");
	c->limits.sip_rate = (unsigned)cfg_getint(limits, "sip-rate");
	c->limits.sip_burst = (unsigned)cfg_getint(limits, "sip-burst");
	c->limits.auth_failures = (unsigned)cfg_getint(limits, "auth-failures");
	c->limits.message_rate = (unsigned)cfg_getint(limits, "message-rate");
	c->limits.invite_rate = (unsigned)cfg_getint(limits, "invite-rate");
	c->limits.invite_burst = (unsigned)cfg_getint(limits, "invite-burst");
	c->limits.message_burst = (unsigned)cfg_getint(limits, "message-burst");
	c->limits.join_rate = (unsigned)cfg_getint(limits, "join-rate");
	c->limits.join_burst = (unsigned)cfg_getint(limits, "join-burst");
	if (read_listen(sip, &c->sip.listen, &c->sip.n_listen) < 0 ||
	    read_listen(msrp, &c->msrp.listen, &c->msrp.n_listen) < 0 ||
	    read_trust(sip, c) < 0 ||
	    read_servers(cfg_getsec(cfg, "dns"), c) < 0 ||
	    addr_parse(str_z(cfg_getstr(xmpp, "server")), &c->xmpp.server) < 0)
		return ERR_SYNTAX;
	read_full_rosters(sip, c);
	config_read_files(cfg, c);
	c->n_domains = cfg_size(cfg, "domain");
	c->domains = mem_new_array(c->n_domains + 1, sizeof(*c->domains));
	for (size_t i = 0; i < c->n_domains; i++)
		config_read_domain(c->strings,
				   cfg_getnsec(cfg, "domain", (unsigned)i),
				   &c->domains[i]);
	if (config_check_twice(cfg, c) < 0)
		return ERR_SYNTAX;
	return config_read_rooms(cfg, c);
}

int config_read(const char *file, struct config **out, char why[CONFIG_WHY_MAX])
{
	struct errors e = {0};
	char no_list[] = "{}";
	char full_rosters[] = "{Blink, sipsimple, SylkServer}";
	cfg_opt_t sip[] = {
	    CFG_STR_LIST("listen", no_list, CFGF_NONE),
	    CFG_STR_LIST("trust", no_list, CFGF_NONE),
	    CFG_STR_LIST("full-rosters", full_rosters, CFGF_NONE),
	    CFG_STR("host", "", CFGF_NONE),
	    CFG_STR("realm", "", CFGF_NONE),
	    CFG_STR("digest", "any", CFGF_NONE),
	    CFG_STR("verify", "strict", CFGF_NONE),
	    SECTION_END(&e)};
	cfg_opt_t msrp[] = {CFG_STR_LIST("listen", no_list, CFGF_NONE),
			    CFG_STR("host", "", CFGF_NONE),
			    CFG_INT("port", 0, CFGF_NONE),
			    CFG_INT("tls-port", 0, CFGF_NONE),
			    CFG_STR("verify", "strict", CFGF_NONE),
			    CFG_INT("max-message", 10485760, CFGF_NONE),
			    CFG_INT("max-send-queue", 1048576, CFGF_NONE),
			    CFG_INT("max-connections", 20000, CFGF_NONE),
			    SECTION_END(&e)};
	cfg_opt_t xmpp[] = {CFG_STR("server", "127.0.0.1:5347", CFGF_NONE),
			    CFG_INT("max-stanza", 65536, CFGF_NONE),
			    CFG_INT("max-queue", 67108864, CFGF_NONE),
			    SECTION_END(&e)};
	cfg_opt_t dns[] = {CFG_STR_LIST("servers", no_list, CFGF_NONE),
			   SECTION_END(&e)};
	cfg_opt_t tls[] = {CFG_STR("certificate", "", CFGF_NONE),
			   CFG_STR("key", "", CFGF_NONE),
			   CFG_STR("ca", "", CFGF_NONE),
			   CFG_STR("ciphers", "", CFGF_NONE), SECTION_END(&e)};
	cfg_opt_t files[] = {CFG_STR("listen", "", CFGF_NONE),
			     CFG_STR("base-url", "", CFGF_NONE),
			     CFG_INT("max-size", 52428800, CFGF_NONE),
			     CFG_INT("keep", 30, CFGF_NONE),
			     CFG_INT("quota", 10737418240, CFGF_NONE),
			     CFG_INT("room-quota", 2147483648, CFGF_NONE),
			     CFG_INT("user-quota", 1073741824, CFGF_NONE),
			     CFG_INT("max-connections", 200, CFGF_NONE),
			     CFG_INT("queue", 1048576, CFGF_NONE),
			     SECTION_END(&e)};
	cfg_opt_t limits[] = {CFG_INT("rooms", 10000, CFGF_NONE),
			      CFG_INT("dialogs", 100000, CFGF_NONE),
			      CFG_INT("subscriptions", 100000, CFGF_NONE),
			      CFG_INT("store-queue", 67108864, CFGF_NONE),
			      CFG_INT("leg-occupants", 10000, CFGF_NONE),
			      CFG_INT("leg-roster", 8388608, CFGF_NONE),
			      CFG_INT("leg-document", 4194304, CFGF_NONE),
			      CFG_INT("leg-queue", 1048576, CFGF_NONE),
			      CFG_INT("document-queue", 67108864, CFGF_NONE),
			      CFG_INT("catch-up", 5000, CFGF_NONE),
			      CFG_INT("reports", 64, CFGF_NONE),
			      CFG_INT("invitations", 5000, CFGF_NONE),
			      CFG_INT("leg-away", 60, CFGF_NONE),
			      CFG_INT("legs", 10000, CFGF_NONE),
			      CFG_INT("user-legs", 100, CFGF_NONE),
			      CFG_INT("sip-rate", 50, CFGF_NONE),
			      CFG_INT("sip-burst", 200, CFGF_NONE),
			      CFG_INT("auth-failures", 10, CFGF_NONE),
			      CFG_INT("message-rate", 100, CFGF_NONE),
			      CFG_INT("message-burst", 500, CFGF_NONE),
			      CFG_INT("invite-rate", 20, CFGF_NONE),
			      CFG_INT("invite-burst", 200, CFGF_NONE),
			      CFG_INT("join-rate", 10, CFGF_NONE),
			      CFG_INT("join-burst", 200, CFGF_NONE),
			      SECTION_END(&e)};
	cfg_opt_t domain[] = {CFG_STR("secret", "", CFGF_NONE),
			      CFG_STR("name", "", CFGF_NONE),
			      CFG_STR("rooms", "", CFGF_NONE),
			      CFG_STR("users", "", CFGF_NONE),
			      CFG_STR("create", "any", CFGF_NONE),
			      CFG_STR("factory", "", CFGF_NONE),
			      CFG_STR("route", "", CFGF_NONE),
			      CFG_STR("welcome", "", CFGF_NONE),
			      CFG_STR("types", "*", CFGF_NONE),
			      CFG_STR("invite-by", "invite", CFGF_NONE),
			      CFG_STR("copies", "partial", CFGF_NONE),
			      CFG_BOOL("own-copies", cfg_true, CFGF_NONE),
			      CFG_INT("connections", 1, CFGF_NONE),
			      CFG_BOOL("force-tls", cfg_false, CFGF_NONE),
			      CFG_BOOL("anonymous", cfg_true, CFGF_NONE),
			      CFG_BOOL("plain-clients", cfg_false, CFGF_NONE),
			      CFG_BOOL("lock", cfg_true, CFGF_NONE),
			      CFG_INT("notify-interval", 5, CFGF_NONE),
			      CFG_INT("min-expires", 60, CFGF_NONE),
			      CFG_BOOL("outsiders", cfg_true, CFGF_NONE),
			      CFG_STR_LIST("credentials", no_list, CFGF_NONE),
			      CFG_BOOL("from-resource", cfg_true, CFGF_NONE),
			      CFG_STR("nick-conflict", "error", CFGF_NONE),
			      CFG_STR("visitors", "any", CFGF_NONE),
			      CFG_INT("max-legs", 0, CFGF_NONE),
			      CFG_STR_LIST("allow-domains", no_list, CFGF_NONE),
			      CFG_STR_LIST("deny-domains", no_list, CFGF_NONE),
			      POLICY_KEYS(no_list),
			      SECTION_END(&e)};
	cfg_opt_t room[] = {CFG_STR("name", "", CFGF_NONE),
			    CFG_STR("description", "", CFGF_NONE),
			    CFG_STR("subject", "", CFGF_NONE),
			    CFG_STR_LIST("owners", no_list, CFGF_NONE),
			    POLICY_KEYS(no_list),
			    SECTION_END(&e)};
	cfg_opt_t opts[] = {
	    CFG_STR("state-dir", "/var/lib/stoxd", CFGF_NONE),
	    CFG_STR("control", CONFIG_CONTROL, CFGF_NONE),
	    CFG_STR("metrics", "127.0.0.1:9190", CFGF_NONE),
	    CFG_STR("log-level", "info", CFGF_NONE),
	    CFG_SEC("sip", sip, CFGF_NONE),
	    CFG_SEC("msrp", msrp, CFGF_NONE),
	    CFG_SEC("xmpp", xmpp, CFGF_NONE),
	    CFG_SEC("dns", dns, CFGF_NONE),
	    CFG_SEC("tls", tls, CFGF_NONE),
	    CFG_SEC("files", files, CFGF_NONE),
	    CFG_SEC("limits", limits, CFGF_NONE),
	    CFG_SEC("domain", domain,
		    CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	    CFG_SEC("room", room,
		    CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	    CFG_INT(END_MARK, 0, CFGF_NONE),
	    SECTION_END(&e)};
	cfg_t *cfg = cfg_init(opts, CFGF_NONE);
	struct config *c = mem_new(sizeof(*c));
	FILE *text = open_marked(file);
	int err = ERR_SYNTAX;

	c->parsed = cfg;
	c->strings = arena_new(STRINGS_MAX);
	c->file = take_str(file);
	cfg_set_error_function(cfg, note_error);
	config_set_checks(cfg);
	name_sections(cfg, file);
	if (!text)
		snprintf(e.why, sizeof(e.why), "%s:0: %s", file,
			 strerror(errno));
	else if (cfg_parse_fp(cfg, text) == CFG_SUCCESS &&
		 config_check_tls(cfg) == 0 && config_check_files(cfg) == 0 &&
		 read_all(cfg, c) == 0)
		err = 0;
	if (text)
		fclose(text);
	memcpy(why, e.why, sizeof(e.why));
	if (err < 0)
		config_free(c);
	else
		*out = c;
	return err;
}

int config_load(const char *file, struct config **out)
{
	char why[CONFIG_WHY_MAX];
	int err = config_read(file, out, why);

	if (err < 0) {
		fprintf(stderr, "%s\n", why);
	} else {
		config_warn_files(*out);
		config_warn_domains(*out);
	}
	return err;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_domains; i++)
		free((void *)(uintptr_t)c->domains[i].name);
	free(c->domains);
	free(c->sip.listen);
	free(c->sip.trust);
	free(c->sip.full_rosters);
	free(c->dns.servers);
	free(c->msrp.listen);
	free((void *)(uintptr_t)c->file);
	arena_free(c->strings);
	cfg_free(c->parsed);
	free(c);
}

const struct domain_config *config_domain(const struct config *c,
					  struct str name)
{
	if (name.n > 1 && name.p[name.n - 1] == '.')
		name.n--;
	for (size_t i = 0; i < c->n_domains; i++)
		if (str_ieq(name, str_z(c->domains[i].name)))
			return strcmp(c->domains[i].name, "*") ? &c->domains[i]
							       : NULL;
	return NULL;
}

const struct domain_config *config_other_domains(const struct config *c)
{
	for (size_t i = 0; i < c->n_domains; i++)
		if (strcmp(c->domains[i].name, "*") == 0)
			return &c->domains[i];
	return NULL;
}

struct str config_realm(const struct config *c)
{
	if (*c->sip.realm)
		return str_z(c->sip.realm);
	if (*c->sip.host)
		return str_z(c->sip.host);
	return str_z(c->n_domains ? c->domains[0].name : "stoxd");
}

bool config_trusts(const struct config *c, const struct addr *peer)
{
	for (size_t i = 0; i < c->sip.n_trust; i++)
		if (cidr_has(&c->sip.trust[i], peer))
			return true;
	return false;
}
