/* What a domain needs elsewhere: its records, the lines of other servers. */
#include <string.h>

#include "gateway/explain.h"

static const struct domain_config *own(const struct explain *e)
{
	return config_domain(e->config, e->domain);
}

/* Do SIP users' requests for this domain belong to us? */
static bool takes_sip(const struct domain_config *d)
{
	return d && (d->rooms == ROOMS_LOCAL || d->rooms == ROOMS_XMPP ||
		     (d->rooms == ROOMS_DISCOVER && !*d->secret));
}

/* --- DNS --- */

/* The target of a record is a name. */
static const char *sip_host(const struct config *c)
{
	struct addr addr;

	return !*c->sip.host ||
		       addr_parse_host(str_z(c->sip.host), 0, &addr) == 0
		   ? "SIP-HOST"
		   : c->sip.host;
}

static bool is_loopback(const struct listen_spec *l)
{
	return strncmp(l->host, "127.", 4) == 0 || strcmp(l->host, "::1") == 0;
}

static const char *sip_service(enum transport t)
{
	return t == TRANSPORT_UDP   ? "_sip._udp"
	       : t == TRANSPORT_TLS ? "_sips._tcp"
				    : "_sip._tcp";
}

static void add_sip_records(const struct explain *e, const char *domain,
			    struct buf *b)
{
	const struct config *c = e->config;
	bool inside = false;

	for (size_t i = 0; i < c->sip.n_listen; i++) {
		const struct listen_spec *l = &c->sip.listen[i];

		buf_addf(b, "%s.%s. 3600 IN SRV 0 0 %u %s.\n",
			 sip_service(l->transport), domain, l->port,
			 sip_host(c));
		inside |= is_loopback(l);
	}
	if (inside)
		buf_addz(b, "; stoxd listens on the loopback: name the SIP "
			    "proxy in front of it, with its ports, instead\n");
}

static void dns(const struct explain *e, struct buf *b)
{
	const struct domain_config *d = own(e);
	struct buf name = BUF_INIT(512);

	if (d && map_domain_to_ascii(&name, e->domain) == 0) {
		if (takes_sip(d))
			add_sip_records(e, buf_z(&name), b);
		if (d->users == USERS_SIP)
			buf_addf(b,
				 "; _sip._udp, _sip._tcp, _sips._tcp of %s.: "
				 "the SIP proxy of its users\n",
				 buf_z(&name));
		if (*d->secret)
			buf_addf(b,
				 "_xmpp-server._tcp.%s. 3600 IN SRV 0 0 5269 "
				 "XMPP-HOST.\n",
				 buf_z(&name));
	}
	buf_done(&name);
}

/* --- XMPP servers --- */

static unsigned component_port(const struct explain *e)
{
	return addr_port(&e->config->xmpp.server);
}

static void prosody(const struct explain *e, struct buf *b)
{
	const struct domain_config *d = own(e);

	if (!d || !*d->secret || d->connections > 1) /* COMP-5 */
		return;
	buf_addf(b,
		 "component_ports = { %u } -- in the global part\n"
		 "Component \"%s\"\n"
		 "    component_secret = \"...\" -- the section's secret\n"
		 "    component_stanza_size_limit = %zu\n",
		 component_port(e), d->name, e->config->xmpp.max_stanza);
}

static void ejabberd(const struct explain *e, struct buf *b)
{
	const struct domain_config *d = own(e);

	if (!d || !*d->secret)
		return;
	buf_addf(b,
		 "listen:\n"
		 "  -\n"
		 "    port: %u\n"
		 "    module: ejabberd_service\n"
		 "    access: all\n"
		 "    max_stanza_size: %zu\n"
		 "    global_routes: false\n"
		 "    hosts:\n"
		 "      \"%s\":\n"
		 "        password: \"...\" # the section's secret\n",
		 component_port(e), e->config->xmpp.max_stanza, d->name);
	if (d->connections > 1)
		buf_addf(b,
			 "domain_balancing:\n"
			 "  \"%s\":\n"
			 "    type: bare_source\n"
			 "    component_number: %u\n",
			 d->name, d->connections);
}

/* --- SIP proxies --- */

/* TCP carries large requests. */
static const struct listen_spec *best_listener(const struct config *c)
{
	const struct listen_spec *best = NULL;

	for (size_t i = 0; i < c->sip.n_listen; i++)
		if (!best || c->sip.listen[i].transport == TRANSPORT_TCP)
			best = &c->sip.listen[i];
	return best;
}

static void add_du(const struct config *c, const struct listen_spec *l,
		   struct buf *b)
{
	bool six = strchr(l->host, ':') != NULL;
	bool any =
	    strcmp(l->host, "0.0.0.0") == 0 || strcmp(l->host, "::") == 0;
	const char *host = !any		  ? l->host
			   : *c->sip.host ? c->sip.host
					  : "STOXD-HOST";

	buf_addf(b, "        $du = \"sip:%s%s%s:%u;transport=%s\";\n",
		 six && !any ? "[" : "", host, six && !any ? "]" : "", l->port,
		 transport_name(l->transport));
}

static void kamailio(const struct explain *e, struct buf *b)
{
	const struct listen_spec *l = best_listener(e->config);
	struct buf name = BUF_INIT(512);

	if (l && takes_sip(own(e)) &&
	    map_domain_to_ascii(&name, e->domain) == 0) {
		buf_addf(b,
			 "if ($rd == \"%s\") {\n"
			 "    if (!has_totag()) {\n"
			 "        remove_hf(\"P-Asserted-Identity\");\n"
			 "        append_hf(\"P-Asserted-Identity: "
			 "<sip:$au@$ar>\\r\\n\");\n"
			 "        record_route();\n"
			 "    }\n"
			 "    if ($du == $null)\n",
			 buf_z(&name));
		add_du(e->config, l, b);
		buf_addz(b, "    if (!t_relay())\n        sl_reply_error();\n"
			    "    exit;\n}\n");
	}
	buf_done(&name);
}

/* --- our own configuration --- */

static void stoxd(const struct explain *e, struct buf *b)
{
	const struct domain_config *d = own(e);
	bool open = config_other_domains(e->config) != NULL;

	if (d && d->rooms == ROOMS_SIP && !*d->secret)
		buf_addf(b,
			 "# without a secret XMPP users write its rooms at "
			 "another domain\n"
			 "domain \"%s\" { secret = \"...\" rooms = sip }\n",
			 d->name);
	if (d || open || e->waits)
		return;
	if (e->speaks == SPEAKS_XMPP)
		buf_addf(b, "domain \"%.*s\" { rooms = xmpp }\n",
			 STR_ARG(e->domain));
	else if (e->speaks == SPEAKS_SIP)
		buf_addf(b, "domain \"%.*s\" { rooms = sip }\n",
			 STR_ARG(e->domain));
}

const struct advice explain_advice[] = {
    {"stoxd", "stoxd.conf", stoxd},
    {"dns", "Records in the DNS", dns},
    {"prosody", "Prosody", prosody},
    {"ejabberd", "ejabberd", ejabberd},
    {"kamailio",
     "Kamailio, in request_route behind the authentication, and for "
     "requests within dialogs behind loose_route()",
     kamailio},
    {NULL, NULL, NULL},
};
