#include "gateway/back_local.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"
#include "gateway/inviters.h"
#include "xmpp/stanza.h"

struct back_local {
	const struct config *cfg;
	struct rooms *rooms;
	struct log *log;
	struct map_domain *domain;
	struct map_domains domains;
	struct inviters *inviters;
	/* fetched once: that loads OpenSSL's configuration and providers */
	EVP_MAC *hmac;
};

static enum map_domain_kind domain_kind(const struct domain_config *d)
{
	if (d->users == USERS_SIP)
		return MAP_DOMAIN_USERS;
	if (d->users == USERS_FOREIGN)
		return MAP_DOMAIN_FOREIGN;
	return d->rooms == ROOMS_XMPP ? MAP_DOMAIN_NATIVE : MAP_DOMAIN_ROOMS;
}

void back_local_reconfigure(struct back_local *b)
{
	const struct config *cfg = b->cfg;
	struct map_domain *d = mem_new_array(cfg->n_domains + 1, sizeof(*d));
	size_t n = 0;

	for (size_t i = 0; i < cfg->n_domains; i++) {
		const struct domain_config *dc = &cfg->domains[i];

		if (!str_eq(str_z(dc->name), STR("*")))
			d[n++] = (struct map_domain){str_z(dc->name),
						     domain_kind(dc)};
	}
	free(b->domain);
	b->domain = d;
	b->domains = (struct map_domains){d, n, str_z(cfg->sip.host)};
}

struct back_local *back_local_new(const struct config *cfg, struct rooms *rooms,
				  struct log *log)
{
	struct back_local *b = mem_new(sizeof(*b));

	b->cfg = cfg;
	b->rooms = rooms;
	b->log = log;
	b->inviters = inviters_new();
	b->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	back_local_reconfigure(b);
	return b;
}

void back_local_free(struct back_local *b)
{
	if (!b)
		return;
	EVP_MAC_free(b->hmac);
	inviters_free(b->inviters);
	free(b->domain);
	free(b);
}

const struct domain_config *back_local_domain(const struct back_local *b,
					      struct str domain)
{
	const struct domain_config *d = config_domain(b->cfg, domain);

	return d && d->rooms == ROOMS_LOCAL ? d : NULL;
}

bool back_local_may_create(const struct back_local *b, struct str domain,
			   enum world world)
{
	const struct domain_config *d = back_local_domain(b, domain);

	return d &&
	       (d->create & (world == WORLD_SIP ? CREATE_SIP : CREATE_XMPP));
}

/* '%' and an encoded '@' are kept for rooms that live elsewhere (ADDR-29). */
static bool local_name(struct str room)
{
	struct str name = str_split(&room, '@');

	return name.n > 0 && str_find(name, '%') < 0 &&
	       str_search(name, STR("\\40")) < 0;
}

bool back_local_is_factory(const struct back_local *b, struct str room)
{
	const struct domain_config *d =
	    back_local_domain(b, str_after(room, '@'));
	struct buf name = BUF_INIT(4096);
	bool same;

	if (!d || !*d->factory)
		return false;
	same = map_prep_local(&name, str_z(d->factory)) == 0 &&
	       str_eq(str_split(&room, '@'), buf_str(&name));
	buf_done(&name);
	return same;
}

struct str back_local_new_address(const struct back_local *b,
				  struct str factory, struct arena *a)
{
	struct str address;

	do
		address = arena_printf(a, "%016llx%016llx@%.*s",
				       (unsigned long long)random_u64(),
				       (unsigned long long)random_u64(),
				       STR_ARG(str_after(factory, '@')));
	while (rooms_find(b->rooms, address));
	return address;
}

const struct map_domains *back_local_domains(const struct back_local *b)
{
	return &b->domains;
}

bool back_local_policy(const struct back_local *b, struct str room,
		       struct room_policy *out)
{
	const struct room_policy *policy =
	    back_local_domain(b, str_after(room, '@'))
		? config_policy(b->cfg, room)
		: NULL;

	if (policy)
		*out = *policy;
	return policy;
}

/* May one who joins make it, apart from the domain's `create`? */
bool back_local_is_name(const struct back_local *b, struct str room)
{
	return local_name(room) && !back_local_is_factory(b, room);
}

enum reason_code back_local_reachable(const struct back_local *b,
				      struct str room, enum world world)
{
	struct str domain = str_after(room, '@');

	if (!back_local_domain(b, domain))
		return REASON_NO_ROOM;
	if (rooms_find(b->rooms, room))
		return REASON_OK;
	return back_local_is_name(b, room) &&
		       back_local_may_create(b, domain, world)
		   ? REASON_OK
		   : REASON_NO_ROOM;
}

const struct room_policy *back_local_settings(const struct back_local *b,
					      struct str room)
{
	const struct room *there = rooms_find(b->rooms, room);

	return there ? room_policy(there) : config_policy(b->cfg, room);
}

/* The key comes from the component's secret, so that it outlives a restart. */
struct str back_local_stable_id(const struct back_local *b,
				const struct domain_config *d, struct str room,
				struct str user, char hex[41])
{
	static const char digits[] = "0123456789abcdef";
	char sha1[] = OSSL_DIGEST_NAME_SHA1;
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha1, 0),
	    OSSL_PARAM_construct_end()};
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(b->hmac);
	unsigned char mac[20] = {0};
	size_t n;

	if (!ctx ||
	    !EVP_MAC_init(ctx, (const unsigned char *)d->secret,
			  strlen(d->secret), params) ||
	    !EVP_MAC_update(ctx, (const unsigned char *)room.p, room.n) ||
	    !EVP_MAC_update(ctx, (const unsigned char *)"", 1) ||
	    !EVP_MAC_update(ctx, (const unsigned char *)user.p, user.n) ||
	    !EVP_MAC_final(ctx, mac, &n, sizeof(mac)))
		abort(); /* nothing but memory can be missing */
	EVP_MAC_CTX_free(ctx);
	for (unsigned i = 0; i < sizeof(mac); i++) {
		hex[2 * i] = digits[mac[i] >> 4];
		hex[2 * i + 1] = digits[mac[i] & 15];
	}
	hex[40] = '\0';
	return str_of(hex, 40);
}

/* Who he is in the other world, into name and account. */
static void fill_identity(const struct back_local *b, struct seat_join *join,
			  struct buf *name, struct buf *account)
{
	struct str uri = join->observer ? join->user : join->sip_uri;
	const char *condition;
	int status;

	if (join->world == WORLD_XMPP && !join->observer &&
	    map_jid_to_sip(&b->domains, join->user, name, &condition) == 0)
		join->sip_uri = buf_str(name);
	if (join->world != WORLD_SIP)
		return;
	if (uri.n && map_sip_to_jid(&b->domains, uri, name, &status) >= 0)
		join->jid = buf_str(name);
	if (join->account.n &&
	    map_sip_to_jid(&b->domains, join->account, account, &status) >= 0)
		join->account_jid = buf_str(account);
}

static void tell_refused(const struct back_local *b,
			 const struct seat_join *join, const char *whose,
			 const char *why)
{
	log_info(b->log, "access.refused", "room=%s user=%s list=%s why=%s",
		 LOGQ(join->room),
		 LOGQ(join->account.n ? join->account : join->user), whose,
		 LOGQ(str_z(why)));
}

/* What the configuration says of who may come. */
static bool kept_out(const struct back_local *b, const struct seat_join *join)
{
	const struct domain_config *d =
	    back_local_domain(b, str_after(join->room, '@'));
	const struct room_config *room = config_room(b->cfg, join->room);
	const char *why = d ? access_refuses(&d->access, join) : NULL;
	const char *whose = "domain";

	if (!why && room) {
		why = access_refuses(&room->access, join);
		whose = "room";
	}
	if (!why || join->own)
		return false;
	tell_refused(b, join, whose, why);
	return true;
}

enum reason_code back_local_admits(const struct back_local *b,
				   struct seat_join *join)
{
	const struct room *there = rooms_find(b->rooms, join->room);
	const struct room_policy *policy = config_policy(b->cfg, join->room);
	struct buf jid = BUF_INIT(4096), account = BUF_INIT(4096);
	enum reason_code why = REASON_OK;

	fill_identity(b, join, &jid, &account);
	if (kept_out(b, join))
		why = REASON_FORBIDDEN;
	else if (there)
		why = room_admits(there, join);
	else if (policy && room_policy_bans(policy, join))
		why = REASON_BANNED;
	buf_done(&jid);
	buf_done(&account);
	join->jid = join->account_jid = STR_NONE;
	return why;
}

bool back_local_lets(const struct back_local *b, const struct access *a,
		     const struct seat_join *join)
{
	struct buf jid = BUF_INIT(4096), account = BUF_INIT(4096);
	struct seat_join known = *join;
	const char *why;

	fill_identity(b, &known, &jid, &account);
	why = access_refuses(a, &known);
	if (why)
		tell_refused(b, join, "domain", why);
	buf_done(&jid);
	buf_done(&account);
	return !why;
}

static enum reason_code join_room(struct back_local *b, struct seat_join *join,
				  struct seat *seat, bool founds)
{
	const struct domain_config *d =
	    back_local_domain(b, str_after(join->room, '@'));
	struct buf jid = BUF_INIT(4096), account = BUF_INIT(4096);
	enum reason_code why;
	char hex[41];

	if (!d)
		return REASON_NO_ROOM;
	fill_identity(b, join, &jid, &account);
	if (!join->observer)
		join->stable_id =
		    back_local_stable_id(b, d, join->room, join->user, hex);
	join->may_create =
	    founds || (back_local_is_name(b, join->room) &&
		       back_local_may_create(b, str_z(d->name), join->world));
	join->wants_lock = join->world == WORLD_XMPP && d->lock;
	why = kept_out(b, join)
		  ? REASON_FORBIDDEN
		  : rooms_join(b->rooms, config_policy(b->cfg, join->room),
			       join, seat);
	buf_done(&jid);
	buf_done(&account);
	return why;
}

enum reason_code back_local_join(struct back_local *b, struct seat_join *join,
				 struct seat *seat)
{
	return join_room(b, join, seat, false);
}

enum reason_code back_local_found(struct back_local *b, struct seat_join *join,
				  struct seat *seat)
{
	return join_room(b, join, seat, true);
}

/* --- whom people invite --- */

static const struct map_domain *domain_of_jid(const struct back_local *b,
					      const struct jid *jid)
{
	for (size_t i = 0; i < b->domains.n; i++)
		if (str_ieq(b->domains.domains[i].name, jid->domain))
			return &b->domains.domains[i];
	return NULL;
}

static bool is_of_sip(const struct map_domain *d)
{
	return d &&
	       (d->kind == MAP_DOMAIN_USERS || d->kind == MAP_DOMAIN_FOREIGN);
}

bool back_local_sip_user(const struct back_local *b, struct str jid,
			 struct buf *uri, const char **condition)
{
	struct jid j;

	*condition = NULL;
	if (jid_split(jid, &j) < 0 || !is_of_sip(domain_of_jid(b, &j)))
		return false;
	if (map_jid_to_sip(&b->domains, j.bare, uri, condition) == 0)
		*condition = NULL;
	return true;
}

/* The bare JID that a URI stands for. */
static bool jid_of_uri(const struct back_local *b, struct str uri,
		       struct buf *out)
{
	struct jid j;
	int status;

	if (map_sip_to_jid(&b->domains, uri, out, &status) < 0 ||
	    jid_split(buf_str(out), &j) < 0 || !j.node.n)
		return false;
	buf_cut(out, j.bare.n);
	return true;
}

bool back_local_sip_uri(const struct back_local *b, struct str uri,
			struct buf *out)
{
	struct buf jid = BUF_INIT(8192);
	const char *condition;
	bool is = str_istarts(uri, STR("xmpp:")) && jid_of_uri(b, uri, &jid) &&
		  back_local_sip_user(b, buf_str(&jid), out, &condition) &&
		  !condition;

	buf_done(&jid);
	return is;
}

bool back_local_jid(const struct back_local *b, struct str uri, struct buf *out)
{
	const struct map_domain *d;
	struct jid j;

	if (!jid_of_uri(b, uri, out) || jid_split(buf_str(out), &j) < 0)
		return false;
	d = domain_of_jid(b, &j);
	return !d || d->kind == MAP_DOMAIN_NATIVE;
}

enum reason_code back_local_may_invite(const struct back_local *b,
				       struct str room,
				       const struct occupant *by,
				       struct str key)
{
	const struct room *r = rooms_find(b->rooms, room);
	const struct room_policy *p = r ? room_policy(r) : NULL;

	if (!r)
		return REASON_NO_ROOM;
	if (p->members_only && !p->invites && by->affiliation < AFF_ADMIN)
		return REASON_FORBIDDEN;
	return room_affiliation_of(r, key, NULL) == AFF_OUTCAST ? REASON_BANNED
								: REASON_OK;
}

enum reason_code back_local_count_invite(struct back_local *b,
					 const struct occupant *by,
					 uint64_t now_ms)
{
	return inviter_may(b->inviters, by->user, b->cfg->limits.invite_rate,
			   b->cfg->limits.invite_burst, now_ms)
		   ? REASON_OK
		   : REASON_FLOOD;
}

enum reason_code back_local_invite(struct back_local *b, struct str room,
				   const struct occupant *by, struct str key,
				   uint64_t now_ms)
{
	struct room *r = rooms_find(b->rooms, room);
	enum reason_code why = back_local_may_invite(b, room, by, key);

	if (why == REASON_OK)
		why = back_local_count_invite(b, by, now_ms);
	if (why != REASON_OK || !room_policy(r)->members_only ||
	    room_affiliation_of(r, key, NULL) != AFF_NONE)
		return why;
	return room_set_affiliation(r, key, AFF_MEMBER, STR_NONE, STR_NONE);
}

/* --- the configuration's word for rooms that are there --- */

static void make_room(struct back_local *b, const struct room_config *rc)
{
	struct room_info info;
	struct room *r;

	if (!rooms_find(b->rooms, rc->address) &&
	    rooms_create(b->rooms, rc->address, &rc->policy) != REASON_OK)
		return;
	r = rooms_find(b->rooms, rc->address);
	room_follow(r, &rc->policy, true);
	room_info(r, &info);
	if (rc->subject.n && !info.subject.time_ms)
		room_set_subject(r, rc->subject);
}

static bool is_out(void *back, const struct seat_join *join)
{
	return kept_out(back, join);
}

/* Handlers may end rooms, but none comes in between. */
static void follow_all(struct back_local *b)
{
	size_t n = 0, max = rooms_count(b->rooms), it = 0;
	struct room **all = mem_new_array(max, sizeof(struct room *));
	struct room *r;

	while (n < max && (r = rooms_next(b->rooms, &it)))
		all[n++] = r;
	for (size_t i = 0; i < n; i++) {
		const struct room_policy *policy;
		struct room_info info;

		room_info(all[i], &info);
		policy = config_policy(b->cfg, info.address);
		if (policy && !config_room(b->cfg, info.address))
			room_follow(all[i], policy, false);
		room_sift(all[i], is_out, b, STR("no longer allowed here"));
	}
	free(all);
}

void back_local_apply(struct back_local *b)
{
	for (size_t i = 0; i < b->cfg->n_rooms; i++)
		if (!b->cfg->rooms[i].elsewhere)
			make_room(b, &b->cfg->rooms[i]);
	follow_all(b);
}
