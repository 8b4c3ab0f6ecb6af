/* Who sends a request (RFC 3261 §22, RFC 8760, RFC 3325).
 *
 * What a trusted peer says of its users is believed. Everybody else proves by
 * digest who he is when a dialog begins, and is that account for as long as the
 * dialog lasts: later requests in it are his if they come from the same host,
 * as its tags are random and only its ends know them. From anywhere else they
 * have to prove the same account again, once. BYE, ACK and CANCEL are never
 * challenged: the SIP process has answered them. */
#include <stdlib.h>

#include "gateway/front_sip_call.h"
#include "gateway/front_sip_private.h"
#include "gateway/front_sip_subscription.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/uri.h"
#include "gateway/sources.h"
#include "gateway/users.h"
#include "sip/digest.h"
#include "sip/nonce.h"

#define NONCE_LIFE_MS 300000
#define NONCES_USED   16384 /* of which it is known how often */

struct auth {
	struct nonces *nonces;
	struct sources *sources;
};

struct auth *auth_new(void)
{
	struct auth *a = mem_new(sizeof(*a));
	unsigned char key[NONCE_KEY_BYTES];

	random_bytes(key, sizeof(key));
	a->nonces = nonces_new(key, NONCE_LIFE_MS, NONCES_USED);
	a->sources = sources_new();
	return a;
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	nonces_free(a->nonces);
	sources_free(a->sources);
	free(a);
}

/* --- whose a dialog is --- */

struct dialog *dialog_begin(struct front_sip *f, const struct port_msg *m)
{
	struct dialog *d = dialog_new(f, m->dlg);
	struct str who = m->f[PORT_F_IDENTITY];

	d->owner = str_dup(who.n ? who : m->f[PORT_F_FROM]);
	d->has_peer = addr_parse(m->f[PORT_F_PEER], &d->peer) == 0;
	return d;
}

/* His identity as a header value; empty: unknown. */
static struct str dialog_owner(const struct dialog *d, struct arena *a)
{
	struct subscription *s = TAILQ_FIRST(&d->subscriptions);
	struct str user = STR_NONE;

	if (d->owner)
		return arena_dup(a, str_z(d->owner));
	if (d->call) /* called by us, or restored */
		user = d->call->user;
	else if (s)
		user = str_z(s->user);
	return user.n ? arena_printf(a, "<%.*s>", STR_ARG(user)) : STR_NONE;
}

/* Whom we have called may answer from anywhere; where he does it first is where
 * he is. */
static bool from_its_peer(struct dialog *d, const struct addr *peer)
{
	if (!d->has_peer && d->call && d->call->invited) {
		d->peer = *peer;
		d->has_peer = true;
	}
	return d->has_peer && addr_same_host(&d->peer, peer);
}

/* --- credentials --- */

static struct str header_key(struct str value, struct arena *a)
{
	struct name_addr na;

	value = str_trim_space(str_split(&value, '\n'));
	return name_addr_parse(value, a, &na) == 0 ? user_key(a, na.uri)
						   : STR_NONE;
}

/* "user@domain" of a user's key; empty for a telephone number. */
static struct str address_of(struct str key)
{
	return str_starts(key, STR("sip:")) ? str_from(key, 4) : STR_NONE;
}

static bool is_user(struct str key, const struct user *u)
{
	return str_eq(address_of(key), u->address);
}

/* Which account a user name means: one without a domain that of From, if it is
 * its own, so that the users of several domains can share a realm. */
static const struct user *account(const struct users *all, struct str name,
				  struct str from, struct arena *a)
{
	const struct user *u = NULL;
	struct str address = address_of(from);
	ptrdiff_t at = str_find(address, '@');

	if (!all)
		return NULL;
	if (str_find(name, '@') >= 0)
		return users_find(all, name);
	if (at >= 0)
		u = users_find(
		    all, arena_printf(a, "%.*s%.*s", STR_ARG(name),
				      STR_ARG(str_from(address, (size_t)at))));
	return u ? u : users_named(all, name);
}

/* May the credentials be for something of ours? Proxies change Request-URIs, so
 * that need not be the one that they name (RFC 8760 §2.6). */
static bool is_ours(struct front_sip *f, struct str uri,
		    const struct port_msg *m)
{
	const struct config *cfg = f->cfg.config;
	struct uri u;

	if (str_eq(uri, m->f[PORT_F_RURI]))
		return true;
	if (uri_parse(uri, &u) < 0)
		return false;
	for (size_t i = 0; i < u.host.n; i++)
		if (!strchr("0123456789.:[]", u.host.p[i]))
			return config_domain(cfg, u.host) ||
			       str_ieq(u.host, str_z(cfg->sip.host));
	return true; /* an address of ours, as the peer sees it */
}

/* The credentials for our realm, if there are any: 0 or an error; *found. */
static int find_credentials(const struct config *cfg, struct str lines,
			    struct arena *a, struct digest_credentials *c,
			    bool *found)
{
	int worst = 0;

	*found = false;
	while (lines.n && !*found) {
		int err =
		    digest_credentials_parse(str_split(&lines, '\n'), a, c);

		*found = err == 0 && c->response.n &&
			 str_eq(c->realm, config_realm(cfg)) &&
			 (cfg->sip.digest & DIGEST_BIT(c->algorithm));
		if (err && err != ERR_UNSUPPORTED)
			worst = err;
	}
	return *found ? 0 : worst;
}

static bool right(const struct digest_credentials *c, const struct user *u,
		  struct str method)
{
	static const char nobody[DIGEST_HEX_MAX] = {0};
	enum user_name name = str_find(c->username, '@') >= 0
				  ? USER_NAME_ADDRESS
				  : USER_NAME_LOCAL;

	/* who does not exist takes as long as a wrong password */
	return digest_verify(c, u ? u->ha1[name][c->algorithm] : nobody,
			     method) &&
	       u;
}

/* --- answers --- */

static void challenge(struct front_sip *f, const struct port_msg *m, bool stale)
{
	struct str realm = config_realm(f->cfg.config);
	struct answer a = ANSWER(401);
	struct buf headers = BUF_INIT(4096);
	char nonce[NONCE_TEXT_MAX];

	nonce_write(f->auth->nonces, realm, loop_now_ms(f->loop), nonce);
	digest_challenge(&headers, f->cfg.config->sip.digest, realm,
			 str_z(nonce), stale);
	a.headers = buf_str(&headers);
	log_debug(f->log, "sip.auth.challenge",
		  "peer=%.*s method=%.*s stale=%d", STR_ARG(m->f[PORT_F_PEER]),
		  STR_ARG(m->f[PORT_F_METHOD]), stale);
	front_sip_answer(f, m, &a);
	buf_done(&headers);
}

static void wrong(struct front_sip *f, const struct port_msg *m,
		  const struct addr *peer, const struct digest_credentials *c)
{
	bool blocked = source_failed(f->auth->sources, peer,
				     f->cfg.config->limits.auth_failures,
				     loop_now_ms(f->loop));

	f->stats.refused++;
	log_warn(f->log, "sip.auth.failed", "peer=%.*s username=%s blocked=%d",
		 STR_ARG(m->f[PORT_F_PEER]), LOGQ(c->username), blocked);
	challenge(f, m, false);
}

/* --- the whole --- */

/* From may name the account or nobody (RFC 3323 §4.1.1.3), in a dialog the
 * account must be the dialog's. */
static bool may_be(const struct user *u, struct dialog *d,
		   const struct port_msg *m, struct arena *a)
{
	struct str uri;

	if (d)
		return is_user(header_key(dialog_owner(d, a), a), u);
	return is_user(header_key(m->f[PORT_F_FROM], a), u) ||
	       from_is_nobody(m->f[PORT_F_FROM], a, &uri);
}

/* True with the identity in m, or the request is answered. */
static bool authenticate(struct front_sip *f, struct dialog *d,
			 struct port_msg *m, const struct addr *peer,
			 struct arena *a)
{
	struct str realm = config_realm(f->cfg.config);
	struct digest_credentials c;
	const struct user *u;
	bool found;

	if (find_credentials(f->cfg.config, m->f[PORT_F_AUTHORIZATION], a, &c,
			     &found) < 0) {
		front_sip_refuse(f, m, 400, "malformed credentials");
		return false;
	}
	if (!found) {
		challenge(f, m, false);
		return false;
	}
	if (!is_ours(f, c.uri, m)) {
		front_sip_refuse(f, m, 400, "credentials for another server");
		return false;
	}
	u = account(f->cfg.users, c.username, header_key(m->f[PORT_F_FROM], a),
		    a);
	if (!right(&c, u, m->f[PORT_F_METHOD])) {
		wrong(f, m, peer, &c);
		return false;
	}
	if (!nonce_use(f->auth->nonces, realm, loop_now_ms(f->loop), c.nonce,
		       c.nc)) {
		challenge(f, m, true);
		return false;
	}
	if (!may_be(u, d, m, a)) {
		front_sip_refuse(f, m, 403,
				 d ? "another user's dialog"
				   : "From is not the user who logs in");
		return false;
	}
	m->f[PORT_F_IDENTITY] = arena_printf(a, "<%.*s>", STR_ARG(u->uri));
	return true;
}

/* OPTIONS to the server itself tells nothing that a stranger may not know. */
static bool needs_identity(const struct port_msg *m)
{
	static const char *const methods[] = {"INVITE", "SUBSCRIBE", "REFER",
					      "UPDATE"};
	struct uri u;

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (str_eq(m->f[PORT_F_METHOD], str_z(methods[i])))
			return true;
	return str_eq(m->f[PORT_F_METHOD], STR("OPTIONS")) &&
	       uri_parse(m->f[PORT_F_RURI], &u) == 0 && u.user.n;
}

/* Seconds until the source may try again; 0: now. */
static unsigned must_wait(struct front_sip *f, const struct addr *peer)
{
	const struct config *cfg = f->cfg.config;
	uint64_t now = loop_now_ms(f->loop), left_ms;

	left_ms = source_blocked(f->auth->sources, peer, now);
	if (left_ms)
		return (unsigned)(left_ms / 1000) + 1;
	return source_request(f->auth->sources, peer, cfg->limits.sip_rate,
			      cfg->limits.sip_burst, now)
		   ? 0
		   : 1;
}

static void busy(struct front_sip *f, const struct port_msg *m, unsigned wait_s)
{
	struct answer a = ANSWER(503);
	char header[64];

	snprintf(header, sizeof(header), "Retry-After: %u\r\n", wait_s);
	a.headers = str_z(header);
	f->stats.refused++;
	log_info(f->log, "sip.flood", "peer=%.*s method=%.*s wait=%u",
		 STR_ARG(m->f[PORT_F_PEER]), STR_ARG(m->f[PORT_F_METHOD]),
		 wait_s);
	front_sip_answer(f, m, &a);
}

bool auth_admit(struct front_sip *f, struct port_msg *m, struct arena *a)
{
	struct dialog *d = table_get(f->dialogs, m->dlg);
	struct addr peer = {0};
	struct str owner = d ? dialog_owner(d, a) : STR_NONE;
	bool known = addr_parse(m->f[PORT_F_PEER], &peer) == 0;
	unsigned wait_s;

	if (known && config_trusts(f->cfg.config, &peer)) {
		/* From may say anything in a dialog (RFC 4916) */
		if (owner.n)
			m->f[PORT_F_IDENTITY] = owner;
		return true;
	}
	m->f[PORT_F_IDENTITY] = STR_NONE; /* RFC 3325 §8 */
	wait_s = must_wait(f, &peer);
	if (wait_s) {
		busy(f, m, wait_s);
		return false;
	}
	if (!needs_identity(m))
		return true;
	if (d && owner.n && from_its_peer(d, &peer)) {
		m->f[PORT_F_IDENTITY] = owner;
		return true;
	}
	if (!authenticate(f, d, m, &peer, a))
		return false;
	if (d) { /* he has moved, or we have restarted */
		d->peer = peer;
		d->has_peer = known;
	}
	return true;
}
