/* What a value of the configuration may be, told where it stands. */
#include "gateway/config_priv.h"

#include <errno.h>
#include <string.h>

#include <sys/un.h>

#include "base/dns.h"
#include "mapping/account.h"
#include "sip/port.h"
#include "xmpp/bundle.h"

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

static int check_range(cfg_t *cfg, cfg_opt_t *opt, long least, long most)
{
	long v = cfg_opt_getnint(opt, 0);

	if (v < least || v > most) {
		cfg_error(cfg, "%s: must be %ld to %ld", opt->name, least,
			  most);
		return -1;
	}
	return 0;
}

static int check_connections(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_range(cfg, opt, 1, XMPP_BUNDLE_MAX);
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
	return check_range(cfg, opt, 65536, PORT_NOTIFY_MAX);
}

/* Of each call and of each connection: they are looked through one by one. */
static int check_reports(cfg_t *cfg, cfg_opt_t *opt)
{
	return check_range(cfg, opt, 1, 10000);
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
	static const char *const positive[] = {"domain|max-occupants",
					       "domain|min-expires",
					       "msrp|max-message",
					       "msrp|max-send-queue",
					       "msrp|max-connections",
					       "xmpp|max-queue",
					       "limits|rooms",
					       "limits|dialogs",
					       "limits|subscriptions",
					       "limits|sip-burst",
					       "limits|message-burst",
					       "limits|invite-burst",
					       "limits|join-burst",
					       "limits|store-queue",
					       "limits|leg-occupants",
					       "limits|leg-roster",
					       "limits|leg-queue",
					       "limits|document-queue",
					       "limits|catch-up",
					       "limits|invitations",
					       NULL};
	static const char *const files[] = {"tls|certificate", "tls|key",
					    "tls|ca", NULL};

	set_policy_checks(cfg);
	config_set_word_checks(cfg);
	config_set_domain_checks(cfg);
	config_set_file_checks(cfg);
	cfg_set_validate_func(cfg, "control", check_control);
	cfg_set_validate_func(cfg, "metrics", check_address);
	cfg_set_validate_func(cfg, "files|listen", check_address);
	cfg_set_validate_func(cfg, "files|keep", check_days);
	cfg_set_validate_func(cfg, "sip|listen", check_sip_listen);
	cfg_set_validate_func(cfg, "sip|trust", check_trust);
	cfg_set_validate_func(cfg, "sip|realm", check_realm);
	cfg_set_validate_func(cfg, "msrp|listen", check_msrp_listen);
	cfg_set_validate_func(cfg, "msrp|port", check_port);
	cfg_set_validate_func(cfg, "msrp|tls-port", check_port);
	cfg_set_validate_func(cfg, "xmpp|server", check_address);
	cfg_set_validate_func(cfg, "xmpp|max-stanza", check_stanza_size);
	cfg_set_validate_func(cfg, "limits|leg-document", check_document_size);
	cfg_set_validate_func(cfg, "limits|reports", check_reports);
	cfg_set_validate_func(cfg, "limits|leg-away", check_seconds);
	cfg_set_validate_func(cfg, "dns|servers", check_servers);
	cfg_set_validate_func(cfg, "domain|connections", check_connections);
	for (const char *const *p = counts; *p; p++)
		cfg_set_validate_func(cfg, *p, check_count);
	for (const char *const *p = positive; *p; p++)
		cfg_set_validate_func(cfg, *p, check_positive);
	for (const char *const *p = files; *p; p++)
		cfg_set_validate_func(cfg, *p, check_file);
}
