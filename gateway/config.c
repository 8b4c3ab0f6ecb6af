#include "gateway/config.h"

#include <confuse.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define CONFIG_BYTES_MAX (1u << 20)

/* Fed to the parser after the file's last octet: libconfuse takes the end of
 * the file for the end of an open section, where this option is unknown. */
#define END_MARK "end-of-file"

/* libconfuse has no place for a pointer of ours in its error callback, so
 * errors go where the administrator looks anyway. */
__attribute__((format(printf, 2, 0))) static void
print_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char what[512];

	vsnprintf(what, sizeof(what), fmt, ap);
	if (strstr(what, END_MARK))
		snprintf(what, sizeof(what), "the file ends inside a section");
	fprintf(stderr, "%s:%d: %s\n",
		cfg && cfg->filename ? cfg->filename : "?", cfg ? cfg->line : 0,
		what);
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
	static const char *const sections[] = {"sip", "msrp", "xmpp",
					       "dns", "tls",  "limits"};

	cfg->filename = str_dup(str_z(file));
	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++)
		cfg_getsec(cfg, sections[i])->filename = str_dup(str_z(file));
}

struct word {
	const char *word;
	unsigned value;
};

static const struct word rooms_words[] = {
    {"", ROOMS_NONE},	  {"local", ROOMS_LOCAL},	{"sip", ROOMS_SIP},
    {"xmpp", ROOMS_XMPP}, {"discover", ROOMS_DISCOVER}, {NULL, 0}};
static const struct word users_words[] = {{"", USERS_NONE},
					  {"sip", USERS_SIP},
					  {"foreign", USERS_FOREIGN},
					  {NULL, 0}};
static const struct word create_words[] = {{"any", CREATE_SIP | CREATE_XMPP},
					   {"sip", CREATE_SIP},
					   {"xmpp", CREATE_XMPP},
					   {"none", 0},
					   {NULL, 0}};
static const struct word level_words[] = {
    {"error", LOG_ERROR}, {"warn", LOG_WARN},	{"info", LOG_INFO},
    {"debug", LOG_DEBUG}, {"trace", LOG_TRACE}, {NULL, 0}};

static bool find_word(const struct word *words, const char *z, unsigned *out)
{
	for (; words->word; words++)
		if (strcmp(words->word, z) == 0) {
			*out = words->value;
			return true;
		}
	return false;
}

static unsigned word_value(const struct word *words, const char *z)
{
	unsigned v = 0;

	find_word(words, z, &v);
	return v;
}

/* One of the words, or an error that lists them. */
static int check_word(cfg_t *cfg, cfg_opt_t *opt, const struct word *words)
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
	return check_word(cfg, opt, rooms_words);
}

static int check_users(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, users_words);
}

static int check_create(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, create_words);
}

static int check_level(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_word(cfg, opt, level_words);
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

static int check_count(cfg_t *cfg, cfg_opt_t *opt)
{
	long v = cfg_opt_getnint(opt, 0);

	if (v < 0 || v > 1000000000) {
		cfg_error(cfg, "%s: %ld is out of range", opt->name, v);
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

/* RFC 6120 §13.12: no limit below 10000 octets. */
static int check_stanza_size(cfg_t *cfg, cfg_opt_t *opt)
{
	if (cfg_opt_getnint(opt, 0) < 10000) {
		cfg_error(cfg, "%s: must be at least 10000", opt->name);
		return -1;
	}
	return check_count(cfg, opt);
}

static bool domain_char(unsigned char c)
{
	return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' ||
	       c == '[' || c == ']' || c == ':';
}

static int check_domain(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *sec = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	const char *name = cfg_title(sec);
	bool local = strcmp(cfg_getstr(sec, "rooms"), "local") == 0;

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
	if (!*name || strlen(name) > 253) {
		cfg_error(sec, "domain: '%s' is no domain name",
			  cfg_title(sec));
		return -1;
	}
	if (!*cfg_getstr(sec, "rooms") && !*cfg_getstr(sec, "users")) {
		cfg_error(sec, "domain \"%s\" has neither rooms nor users",
			  name);
		return -1;
	}
	return 0;
}

/* A listener for TLS needs a certificate with its key. */
static int check_tls(cfg_t *cfg)
{
	cfg_t *tls = cfg_getsec(cfg, "tls"), *msrp = cfg_getsec(cfg, "msrp");

	for (unsigned i = 0; i < cfg_size(msrp, "listen"); i++) {
		const char *z = cfg_getnstr(msrp, "listen", i);

		if (strncmp(z, "tls:", 4) == 0 &&
		    (!*cfg_getstr(tls, "certificate") ||
		     !*cfg_getstr(tls, "key"))) {
			cfg_error(msrp,
				  "listen: '%s' needs tls { certificate, key }",
				  z);
			return -1;
		}
	}
	return 0;
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

static void read_domain(cfg_t *sec, struct domain_config *d)
{
	char *name = take_str(cfg_title(sec));
	size_t n = strlen(name);

	for (char *p = name; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 'a' - 'A');
	if (n > 1 && name[n - 1] == '.')
		name[n - 1] = '\0';
	*d = (struct domain_config){
	    .name = name,
	    .title = cfg_getstr(sec, "name"),
	    .secret = cfg_getstr(sec, "secret"),
	    .rooms = (enum config_rooms)word_value(rooms_words,
						   cfg_getstr(sec, "rooms")),
	    .users = (enum config_users)word_value(users_words,
						   cfg_getstr(sec, "users")),
	    .create = word_value(create_words, cfg_getstr(sec, "create")),
	    .factory = cfg_getstr(sec, "factory"),
	    .route = cfg_getstr(sec, "route"),
	    .persistent = cfg_getbool(sec, "persistent"),
	    .public = cfg_getbool(sec, "public"),
	    .private_messages = cfg_getbool(sec, "private-messages"),
	    .nicknames = cfg_getbool(sec, "nicknames"),
	    .force_tls = cfg_getbool(sec, "force-tls"),
	    .anonymous = cfg_getbool(sec, "anonymous"),
	    .plain_clients = cfg_getbool(sec, "plain-clients"),
	    .lock = cfg_getbool(sec, "lock"),
	    .history = (unsigned)cfg_getint(sec, "history"),
	    .max_occupants = (unsigned)cfg_getint(sec, "max-occupants"),
	    .notify_interval_ms =
		(unsigned)cfg_getint(sec, "notify-interval") * 1000,
	    .min_expires = (unsigned)cfg_getint(sec, "min-expires"),
	};
}

static int read_all(cfg_t *cfg, struct config *c)
{
	cfg_t *sip = cfg_getsec(cfg, "sip"), *msrp = cfg_getsec(cfg, "msrp");
	cfg_t *xmpp = cfg_getsec(cfg, "xmpp"), *tls = cfg_getsec(cfg, "tls");
	cfg_t *limits = cfg_getsec(cfg, "limits");

	c->log_level = (enum log_level)word_value(level_words,
						  cfg_getstr(cfg, "log-level"));
	c->state_dir = cfg_getstr(cfg, "state-dir");
	c->control = cfg_getstr(cfg, "control");
	c->metrics = cfg_getstr(cfg, "metrics");
	c->sip.host = cfg_getstr(sip, "host");
	c->sip.realm = cfg_getstr(sip, "realm");
	c->msrp.host = cfg_getstr(msrp, "host");
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
	c->limits.rooms = (size_t)cfg_getint(limits, "rooms");
	c->limits.dialogs = (size_t)cfg_getint(limits, "dialogs");
	c->limits.subscriptions = (size_t)cfg_getint(limits, "subscriptions");
	if (read_listen(sip, &c->sip.listen, &c->sip.n_listen) < 0 ||
	    read_listen(msrp, &c->msrp.listen, &c->msrp.n_listen) < 0 ||
	    read_trust(sip, c) < 0 ||
	    addr_parse(str_z(cfg_getstr(xmpp, "server")), &c->xmpp.server) < 0)
		return ERR_SYNTAX;
	c->n_domains = cfg_size(cfg, "domain");
	c->domains = mem_new_array(c->n_domains + 1, sizeof(*c->domains));
	for (size_t i = 0; i < c->n_domains; i++)
		read_domain(cfg_getnsec(cfg, "domain", (unsigned)i),
			    &c->domains[i]);
	return 0;
}

static void set_checks(cfg_t *cfg)
{
	static const char *const counts[] = {"domain|history",
					     "domain|notify-interval", NULL};
	static const char *const positive[] = {"domain|max-occupants",
					       "domain|min-expires",
					       "domain|connections",
					       "msrp|max-message",
					       "msrp|max-send-queue",
					       "msrp|max-connections",
					       "xmpp|max-queue",
					       "limits|rooms",
					       "limits|dialogs",
					       "limits|subscriptions",
					       NULL};
	static const char *const files[] = {"tls|certificate", "tls|key",
					    "tls|ca", NULL};

	cfg_set_validate_func(cfg, "log-level", check_level);
	cfg_set_validate_func(cfg, "metrics", check_address);
	cfg_set_validate_func(cfg, "sip|listen", check_sip_listen);
	cfg_set_validate_func(cfg, "sip|trust", check_trust);
	cfg_set_validate_func(cfg, "msrp|listen", check_msrp_listen);
	cfg_set_validate_func(cfg, "msrp|port", check_port);
	cfg_set_validate_func(cfg, "msrp|tls-port", check_port);
	cfg_set_validate_func(cfg, "xmpp|server", check_address);
	cfg_set_validate_func(cfg, "xmpp|max-stanza", check_stanza_size);
	cfg_set_validate_func(cfg, "dns|servers", check_address);
	cfg_set_validate_func(cfg, "domain", check_domain);
	cfg_set_validate_func(cfg, "domain|rooms", check_rooms);
	cfg_set_validate_func(cfg, "domain|users", check_users);
	cfg_set_validate_func(cfg, "domain|create", check_create);
	for (const char *const *p = counts; *p; p++)
		cfg_set_validate_func(cfg, *p, check_count);
	for (const char *const *p = positive; *p; p++)
		cfg_set_validate_func(cfg, *p, check_positive);
	for (const char *const *p = files; *p; p++)
		cfg_set_validate_func(cfg, *p, check_file);
}

int config_load(const char *file, struct config **out)
{
	char no_list[] = "{}";
	cfg_opt_t sip[] = {CFG_STR_LIST("listen", no_list, CFGF_NONE),
			   CFG_STR_LIST("trust", no_list, CFGF_NONE),
			   CFG_STR("host", "", CFGF_NONE),
			   CFG_STR("realm", "", CFGF_NONE), CFG_END()};
	cfg_opt_t msrp[] = {CFG_STR_LIST("listen", no_list, CFGF_NONE),
			    CFG_STR("host", "", CFGF_NONE),
			    CFG_INT("port", 0, CFGF_NONE),
			    CFG_INT("tls-port", 0, CFGF_NONE),
			    CFG_INT("max-message", 10485760, CFGF_NONE),
			    CFG_INT("max-send-queue", 1048576, CFGF_NONE),
			    CFG_INT("max-connections", 20000, CFGF_NONE),
			    CFG_END()};
	cfg_opt_t xmpp[] = {CFG_STR("server", "127.0.0.1:5347", CFGF_NONE),
			    CFG_INT("max-stanza", 65536, CFGF_NONE),
			    CFG_INT("max-queue", 16777216, CFGF_NONE),
			    CFG_END()};
	cfg_opt_t dns[] = {CFG_STR_LIST("servers", no_list, CFGF_NONE),
			   CFG_END()};
	cfg_opt_t tls[] = {CFG_STR("certificate", "", CFGF_NONE),
			   CFG_STR("key", "", CFGF_NONE),
			   CFG_STR("ca", "", CFGF_NONE), CFG_END()};
	cfg_opt_t limits[] = {CFG_INT("rooms", 10000, CFGF_NONE),
			      CFG_INT("dialogs", 100000, CFGF_NONE),
			      CFG_INT("subscriptions", 100000, CFGF_NONE),
			      CFG_END()};
	cfg_opt_t domain[] = {CFG_STR("secret", "", CFGF_NONE),
			      CFG_STR("name", "", CFGF_NONE),
			      CFG_STR("rooms", "", CFGF_NONE),
			      CFG_STR("users", "", CFGF_NONE),
			      CFG_STR("create", "any", CFGF_NONE),
			      CFG_STR("factory", "", CFGF_NONE),
			      CFG_STR("route", "", CFGF_NONE),
			      CFG_INT("connections", 1, CFGF_NONE),
			      CFG_BOOL("persistent", cfg_false, CFGF_NONE),
			      CFG_BOOL("public", cfg_true, CFGF_NONE),
			      CFG_BOOL("private-messages", cfg_true, CFGF_NONE),
			      CFG_BOOL("nicknames", cfg_true, CFGF_NONE),
			      CFG_BOOL("force-tls", cfg_false, CFGF_NONE),
			      CFG_BOOL("anonymous", cfg_true, CFGF_NONE),
			      CFG_BOOL("plain-clients", cfg_false, CFGF_NONE),
			      CFG_BOOL("lock", cfg_true, CFGF_NONE),
			      CFG_INT("history", 50, CFGF_NONE),
			      CFG_INT("max-occupants", 10000, CFGF_NONE),
			      CFG_INT("notify-interval", 5, CFGF_NONE),
			      CFG_INT("min-expires", 60, CFGF_NONE),
			      CFG_END()};
	cfg_opt_t opts[] = {
	    CFG_STR("state-dir", "/var/lib/stoxd", CFGF_NONE),
	    CFG_STR("control", "/run/stoxd/control.sock", CFGF_NONE),
	    CFG_STR("metrics", "127.0.0.1:9190", CFGF_NONE),
	    CFG_STR("log-level", "info", CFGF_NONE),
	    CFG_SEC("sip", sip, CFGF_NONE),
	    CFG_SEC("msrp", msrp, CFGF_NONE),
	    CFG_SEC("xmpp", xmpp, CFGF_NONE),
	    CFG_SEC("dns", dns, CFGF_NONE),
	    CFG_SEC("tls", tls, CFGF_NONE),
	    CFG_SEC("limits", limits, CFGF_NONE),
	    CFG_SEC("domain", domain,
		    CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	    CFG_INT(END_MARK, 0, CFGF_NONE),
	    CFG_END()};
	cfg_t *cfg = cfg_init(opts, CFGF_NONE);
	struct config *c = mem_new(sizeof(*c));
	FILE *text = open_marked(file);
	int err = ERR_SYNTAX;

	c->parsed = cfg;
	c->file = take_str(file);
	cfg_set_error_function(cfg, print_error);
	set_checks(cfg);
	name_sections(cfg, file);
	if (!text)
		fprintf(stderr, "%s:0: %s\n", file, strerror(errno));
	else if (cfg_parse_fp(cfg, text) == CFG_SUCCESS &&
		 check_tls(cfg) == 0 && read_all(cfg, c) == 0)
		err = 0;
	if (text)
		fclose(text);
	if (err < 0)
		config_free(c);
	else
		*out = c;
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
	free(c->msrp.listen);
	free((void *)(uintptr_t)c->file);
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

bool config_trusts(const struct config *c, const struct addr *peer)
{
	for (size_t i = 0; i < c->sip.n_trust; i++)
		if (cidr_has(&c->sip.trust[i], peer))
			return true;
	return false;
}
