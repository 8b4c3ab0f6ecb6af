#include "gateway/core.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "gateway/archive.h"
#include "gateway/back_muc.h"
#include "gateway/back_sip.h"
#include "gateway/persist.h"
#include "gateway/probe.h"

static enum reason_code join(void *user, struct seat_join *j, struct seat *seat)
{
	struct core *c = user;

	return back_join(c->door, j, seat);
}

static enum reason_code join_elsewhere(void *user, enum back_kind kind,
				       struct seat_join *j, struct seat *seat)
{
	struct core *c = user;

	if (kind == BACK_MUC)
		return back_muc_join(c->back_muc, j, seat);
	return kind == BACK_SIP ? back_sip_join(c->back_sip, j, seat)
				: REASON_NO_ROOM;
}

static bool elsewhere(void *user, struct str room)
{
	struct core *c = user;
	enum back_kind kind = back_find(c->door, room, WORLD_XMPP, NULL);

	return kind != BACK_LOCAL && kind != BACK_NONE;
}

static bool may_create(void *user, struct str domain)
{
	struct core *c = user;

	return back_local_may_create(c->back, domain, WORLD_XMPP);
}

static bool sip_user(void *user, struct str jid, struct buf *uri,
		     const char **condition)
{
	struct core *c = user;

	return back_local_sip_user(c->back, jid, uri, condition);
}

static enum reason_code let_in(void *user, struct str room,
			       const struct occupant *by, struct str key)
{
	struct core *c = user;
	uint64_t now_ms = loop_now_ms(c->loop);

	if (elsewhere(c, room))
		return back_local_count_invite(c->back, by, now_ms);
	return back_local_invite(c->back, room, by, key, now_ms);
}

static void invite_sip(void *user, const struct invitation *i)
{
	struct core *c = user;

	front_sip_invite(c->front_sip, i);
}

static struct stanza_error invite_here(void *user, struct str by,
				       const struct invitation *i)
{
	struct core *c = user;

	return front_xmpp_direct_invite(c->front_xmpp, by, i);
}

static void sip_invited(void *user, uint64_t id, int status, struct str phrase)
{
	struct core *c = user;

	if (!back_muc_invited(c->back_muc, id, status, phrase))
		front_xmpp_invited(c->front_xmpp, id, status, phrase);
}

static enum reason_code invite_xmpp(void *user, const struct invitation *i)
{
	struct core *c = user;

	return front_xmpp_invite(c->front_xmpp, i);
}

static void xmpp_answered(void *user, const struct invitation_answer *a)
{
	struct core *c = user;

	front_sip_answered(c->front_sip, a);
}

static enum reason_code admits(void *user, struct seat_join *j)
{
	struct core *c = user;

	return back_local_admits(c->back, j);
}

static bool policy(void *user, struct str room, struct room_policy *out)
{
	struct core *c = user;

	return back_local_policy(c->back, room, out);
}

static struct str stable_id(void *user, const struct domain_config *d,
			    struct str room, struct str of, char hex[41])
{
	struct core *c = user;

	return back_local_stable_id(c->back, d, room, of, hex);
}

static const struct map_domains *domain_names(void *user)
{
	struct core *c = user;

	return back_local_domains(c->back);
}

static int xmpp_send(void *user, struct str domain, struct str text)
{
	struct core *c = user;

	return c->io.xmpp_send(c->io.user, domain, text);
}

/* By the first of our components whose stream takes it. */
static int ask_domain(void *user, struct str domain, struct str id)
{
	struct core *c = user;
	struct buf b = BUF_INIT(4096);
	int err = ERR_UNSUPPORTED;

	for (size_t i = 0; i < c->config->n_domains && err < 0; i++) {
		const struct domain_config *d = &c->config->domains[i];

		if (!*d->secret)
			continue;
		err = ERR_GONE;
		if (back_muc_is_down(c->back_muc, str_z(d->name)))
			continue;
		buf_clear(&b);
		probe_write(&b, str_z(d->name), domain, id);
		err = b.err ? b.err : xmpp_send(c, str_z(d->name), buf_str(&b));
	}
	buf_done(&b);
	return err;
}

static bool is_probe_answer(struct core *c, const struct xnode *stanza)
{
	enum discover_reply reply;

	return probe_read(stanza, &reply) &&
	       discover_answer(c->discover, x_attr(stanza, "id"),
			       x_attr(stanza, "from"), reply);
}

static void sip_send(void *user, const struct port_msg *m)
{
	struct core *c = user;

	c->io.sip_send(c->io.user, m);
}

static uint64_t sip_request_id(void *user)
{
	struct core *c = user;

	return c->io.sip_request_id(c->io.user);
}

/* What the administrator calls his room domains; returns how many have a name.
 */
static size_t read_titles(struct core *c)
{
	size_t n = 0;

	c->titles = mem_new_array(c->config->n_domains, sizeof(*c->titles));
	for (size_t i = 0; i < c->config->n_domains; i++) {
		const struct domain_config *d = &c->config->domains[i];

		if (*d->title)
			c->titles[n++] =
			    (struct front_xmpp_domain){d->name, d->title};
	}
	return n;
}

struct msrp_tls core_tls(const struct config *config)
{
	return (struct msrp_tls){
	    .certificate = config->tls.certificate,
	    .key = config->tls.key,
	    .ca = config->tls.ca,
	    .ciphers = config->tls.ciphers,
	    .verify = config->msrp.verify,
	};
}

struct sip_tls core_sip_tls(const struct config *config)
{
	return (struct sip_tls){
	    .certificate = config->tls.certificate,
	    .key = config->tls.key,
	    .ca = config->tls.ca,
	    .verify = config->sip.verify,
	};
}

static void tell_lax(struct loop *loop, const char *event, const char *verify)
{
	log_warn(loop_log(loop), event,
		 "verify=%s what=\"peers that we connect to by TLS need not "
		 "prove their names\"",
		 verify);
}

/* Administrators should know what they gave up. */
static void tell_verify(struct loop *loop, const struct config *c)
{
	if (c->sip.verify != SIP_VERIFY_STRICT)
		tell_lax(loop, "sip.verify",
			 c->sip.verify == SIP_VERIFY_NONE ? "none" : "chain");
	if (c->msrp.verify != MSRP_VERIFY_STRICT)
		tell_lax(loop, "msrp.verify",
			 c->msrp.verify == MSRP_VERIFY_NONE ? "none"
							    : "fingerprint");
}

int core_init(struct core *c, struct loop *loop, const struct config *config,
	      const struct core_io *io, char why[256])
{
	struct msrp_cfg msrp = {
	    .loop = loop,
	    .listen = config->msrp.listen,
	    .n_listen = config->msrp.n_listen,
	    .host = str_z(config->msrp.host),
	    .port = config->msrp.port,
	    .tls_port = config->msrp.tls_port,
	    .tls = core_tls(config),
	    .limits = {.max_message = config->msrp.max_message,
		       .max_send_bytes = config->msrp.max_send_queue,
		       .max_connections = config->msrp.max_connections,
		       .max_reports = config->limits.reports},
	};
	size_t n_titles;
	int err;

	*c = (struct core){.loop = loop, .config = config, .io = *io};
	err = msrp_new(&msrp, &c->msrp, why);
	if (err < 0)
		return err;
	tell_verify(loop, config);
	c->dns = dns_new(&(struct dns_cfg){
	    .loop = loop,
	    .servers = config->dns.servers,
	    .n_servers = config->dns.n_servers,
	});
	c->rooms = rooms_new(loop, config->limits.rooms);
	c->back = back_local_new(config, c->rooms, loop_log(loop));
	c->discover = discover_new(&(struct discover_cfg){
	    .loop = loop,
	    .dns = c->dns,
	    .ask = ask_domain,
	    .user = c,
	});
	c->bridged = bridged_new();
	c->door = back_new(&(struct back_cfg){
	    .loop = loop,
	    .config = config,
	    .local = c->back,
	    .discover = c->discover,
	    .bridged = c->bridged,
	    .join = join_elsewhere,
	    .user = c,
	});
	c->back_sip = back_sip_new(&(struct back_sip_cfg){
	    .loop = loop,
	    .config = config,
	    .msrp = c->msrp,
	    .dns = c->dns,
	    .stable_id = stable_id,
	    .domain_names = domain_names,
	    .bridged = c->bridged,
	    .send = sip_send,
	    .request_id = sip_request_id,
	    .invited = sip_invited,
	    .user = c,
	});
	c->back_muc = back_muc_new(&(struct back_muc_cfg){
	    .loop = loop,
	    .config = config,
	    .domain_names = domain_names,
	    .bridged = c->bridged,
	    .discover = c->discover,
	    .send = xmpp_send,
	    .invite = invite_sip,
	    .invite_here = invite_here,
	    .user = c,
	    .keep = io->keep,
	});
	c->archive = archive_new(&(struct archive_cfg){
	    .loop = loop,
	    .store = io->store,
	    .rooms = c->rooms,
	});
	c->persist = persist_new(&(struct persist_cfg){
	    .loop = loop,
	    .store = io->store,
	    .rooms = c->rooms,
	    .archive = c->archive,
	    .policy = policy,
	    .user = c,
	});
	back_local_apply(c->back);
	n_titles = read_titles(c);
	c->front_sip = front_sip_new(&(struct front_sip_cfg){
	    .loop = loop,
	    .config = config,
	    .door = c->door,
	    .back = c->back,
	    .msrp = c->msrp,
	    .dns = c->dns,
	    .users = io->users,
	    .files = io->files,
	    .send = sip_send,
	    .request_id = sip_request_id,
	    .invite = invite_xmpp,
	    .invited = sip_invited,
	    .user = c,
	    .keep = io->keep,
	});
	c->front_xmpp = front_xmpp_new(&(struct front_xmpp_cfg){
	    .loop = loop,
	    .config = config,
	    .rooms = c->rooms,
	    .domains = c->titles,
	    .n_domains = n_titles,
	    .join = join,
	    .may_create = may_create,
	    .elsewhere = elsewhere,
	    .sip_user = sip_user,
	    .let_in = let_in,
	    .invite = invite_sip,
	    .answered = xmpp_answered,
	    .policy = policy,
	    .domain_names = domain_names,
	    .max_answer = config->xmpp.max_stanza,
	    .admits = admits,
	    .archive = c->archive,
	    .send = xmpp_send,
	    .user = c,
	    .keep = io->keep,
	});
	return 0;
}

void core_restore(struct core *c, enum kept_kind kind, struct str key,
		  struct str value)
{
	if (kind == KEPT_OCCUPANT)
		front_xmpp_restore(c->front_xmpp, key, value);
	else if (kind == KEPT_HEARD)
		back_muc_restore(c->back_muc, key, value);
	else
		front_sip_restore(c->front_sip, kind, key, value);
}

void core_restored(struct core *c)
{
	front_sip_restored(c->front_sip);
}

void core_sip_event(struct core *c, const struct port_msg *m)
{
	if (!back_sip_event(c->back_sip, m))
		front_sip_event(c->front_sip, m);
}

bool core_sip_busy(const struct core *c)
{
	return front_sip_busy(c->front_sip) || back_sip_busy(c->back_sip);
}

/* SIP users' own names are here; what else is on a domain are rooms. */
static bool is_of_users(const struct core *c, struct str domain)
{
	const struct domain_config *d = config_domain(c->config, domain);

	return d && config_names_users(d);
}

static bool is_misaddressed(struct core *c, struct str domain,
			    const struct xnode *stanza)
{
	struct buf b = BUF_INIT(8192);
	bool is = x_put_misaddressed(&b, stanza, domain);

	if (b.n && !b.err)
		(void)xmpp_send(c, domain, buf_str(&b));
	buf_done(&b);
	return is;
}

void core_stanza(struct core *c, struct str domain, const struct xnode *stanza)
{
	if (is_probe_answer(c, stanza) || is_misaddressed(c, domain, stanza))
		return;
	if (is_of_users(c, domain))
		back_muc_stanza(c->back_muc, domain, stanza);
	else
		front_xmpp_stanza(c->front_xmpp, domain, stanza);
}

void core_link_up(struct core *c, struct str domain, bool again)
{
	front_xmpp_link_up(c->front_xmpp, domain, again);
	back_muc_link_up(c->back_muc, domain);
}

void core_link_down(struct core *c, struct str domain)
{
	front_xmpp_link_down(c->front_xmpp, domain);
	back_muc_link_down(c->back_muc, domain);
}

void core_reconfigure(struct core *c)
{
	struct front_xmpp_domain *old = c->titles;
	size_t n_titles;

	back_local_reconfigure(c->back);
	back_local_apply(c->back);
	n_titles = read_titles(c);
	front_xmpp_set_domains(c->front_xmpp, c->titles, n_titles);
	free(old);
	rooms_limit(c->rooms, c->config->limits.rooms);
	back_muc_reconfigure(c->back_muc);
	dns_reload(c->dns, c->config->dns.servers, c->config->dns.n_servers);
}

void core_shutdown(struct core *c)
{
	persist_stop(c->persist);
	front_xmpp_shutdown(c->front_xmpp);
	back_muc_shutdown(c->back_muc);
	front_sip_shutdown(c->front_sip);
	back_sip_shutdown(c->back_sip);
}

void core_done(struct core *c)
{
	persist_stop(c->persist);
	back_muc_keep_no_more(c->back_muc);
	front_xmpp_free(c->front_xmpp);
	front_sip_free(c->front_sip);
	back_sip_free(c->back_sip);
	back_muc_free(c->back_muc);
	bridged_free(c->bridged);
	archive_free(c->archive);
	rooms_free(c->rooms);
	persist_free(c->persist);
	back_free(c->door);
	discover_free(c->discover);
	back_local_free(c->back);
	msrp_free(c->msrp);
	dns_free(c->dns);
	free(c->titles);
}
