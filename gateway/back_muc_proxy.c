/* Proxies: how each is found, by its JID and by its user, and its beginning and
 * end (RFC 7702 §6.1). */
#include "gateway/back_muc_priv.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

#include <openssl/evp.h>

struct str muc_key(struct str room, struct str jid, struct buf *key)
{
	buf_add(key, room);
	buf_addc(key, '\0');
	buf_add(key, jid);
	return buf_str(key);
}

struct proxy *muc_proxy(const struct back_muc *b, struct str room,
			struct str jid)
{
	struct buf key = BUF_INIT(16384);
	struct proxy *p = table_get_str(b->proxies, muc_key(room, jid, &key));

	buf_done(&key);
	return p;
}

static struct str name_of(const struct proxy *p, unsigned by)
{
	if (by == BY_JID)
		return p->jid;
	return by == BY_USER ? leg_key(p->leg) : p->bare;
}

static struct str room_of(const struct proxy *p, unsigned by)
{
	return by == BY_JID ? STR_NONE : p->room;
}

static uint64_t hash_of(const struct back_muc *b, struct str room,
			struct str user)
{
	uint64_t h = str_hash(room, b->seed) ^ str_hash(user, b->seed + 1);

	return h ? h : 1;
}

static uint64_t own_hash(const struct proxy *p, unsigned by)
{
	return hash_of(p->b, room_of(p, by), name_of(p, by));
}

static void put_whose(struct proxy *p, unsigned by)
{
	p->same[by] = table_put(p->b->whose[by], own_hash(p, by), p);
}

static void take_whose(struct proxy *p, unsigned by)
{
	struct back_muc *b = p->b;
	uint64_t hash = own_hash(p, by);
	struct proxy *first = table_get(b->whose[by], hash), **at = &first;

	while (*at && *at != p)
		at = &(*at)->same[by];
	if (*at)
		*at = p->same[by];
	if (first)
		table_put(b->whose[by], hash, first);
	else
		table_del(b->whose[by], hash);
}

static bool is_whose(const struct proxy *p, unsigned by, struct str room,
		     struct str user)
{
	return str_eq(room_of(p, by), room) && str_eq(name_of(p, by), user);
}

static struct proxy *find(const struct back_muc *b, unsigned by,
			  struct str room, struct str user,
			  const struct proxy *but)
{
	struct proxy *p = table_get(b->whose[by], hash_of(b, room, user));

	while (p && (p == but || !is_whose(p, by, room, user)))
		p = p->same[by];
	return p;
}

struct proxy *muc_proxy_of(const struct back_muc *b, struct str room,
			   struct str user, const struct proxy *but)
{
	struct proxy *p = find(b, BY_USER, room, user, but);

	return p ? p : find(b, BY_BARE, room, user, but);
}

bool muc_is_proxy(const struct back_muc *b, struct str jid)
{
	return find(b, BY_JID, STR_NONE, jid, NULL);
}

struct proxy *muc_sibling(const struct proxy *p, const struct proxy *after)
{
	struct str user = leg_key(p->leg);
	struct proxy *next = after ? after->same[BY_USER]
				   : table_get(p->b->whose[BY_USER],
					       hash_of(p->b, p->room, user));

	while (next && (next == p || !is_whose(next, BY_USER, p->room, user)))
		next = next->same[BY_USER];
	return next;
}

/* The device's GRUU (ADDR-16); false: it has none, or a temporary one. */
static bool put_gruu(struct buf *out, struct str device)
{
	struct buf room = BUF_INIT(8192), gr = BUF_INIT(8192);
	size_t before = out->n;
	int status;
	bool has = map_sip_to_room(device, &room, &gr, &status) == 0 && gr.n &&
		   map_prep_resource(out, buf_str(&gr)) == 0 && !out->err;

	if (!has)
		buf_cut(out, before);
	buf_done(&room);
	buf_done(&gr);
	return has;
}

/* The same device has the same one after a restart, which the room takes for
 * the same occupant; and its address is nobody's business. */
static void put_resource(struct buf *out, const struct domain_config *d,
			 struct str device, unsigned number)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	struct buf text = BUF_INIT(16384);
	unsigned n = 0;

	if (number == 1 && put_gruu(out, device))
		return;
	buf_addf(&text, "%s%c%.*s%c%u", d->secret, 0, STR_ARG(device), 0,
		 number);
	if (!EVP_Digest(text.p, text.n, mac, &n, EVP_sha256(), NULL))
		abort(); /* nothing but memory can be missing */
	buf_addz(out, "sip-");
	for (unsigned i = 0; i < 8; i++)
		buf_addf(out, "%02x", mac[i]);
	buf_done(&text);
}

static bool is_taken(const struct back_muc *b, struct str room, struct str jid)
{
	struct buf text = BUF_INIT(16384);
	struct str key = muc_key(room, jid, &text);
	bool taken =
	    table_get_str(b->proxies, key) || gone_lately(b->gone, key);

	buf_done(&text);
	return taken;
}

const struct domain_config *
muc_make_jid(struct back_muc *b, const struct seat_join *join, struct buf *out)
{
	struct str uri = join->sip_uri.n ? join->sip_uri : join->user;
	const struct domain_config *d;
	struct jid jid;
	size_t bare;
	int status;

	if (map_sip_to_jid(b->cfg.domain_names(b->cfg.user), uri, out,
			   &status) < 0 ||
	    jid_split(buf_str(out), &jid) < 0 || !jid.node.n)
		return NULL;
	d = config_domain(b->cfg.config, jid.domain);
	if (!d || !config_names_users(d) || !*d->secret)
		return NULL;
	buf_cut(out, jid.bare.n);
	buf_addc(out, '/');
	bare = out->n;
	for (unsigned i = 1;
	     bare == out->n || is_taken(b, join->room, buf_str(out)); i++) {
		buf_cut(out, bare);
		put_resource(out, d, join->device, i);
	}
	return d;
}

struct proxy *proxy_new(struct back_muc *b, const struct seat_join *join,
			struct str jid)
{
	struct leg_cfg cfg = {
	    .loop = b->loop,
	    .ops = &muc_leg_ops,
	    .last_id = &b->last_id,
	    .values = b->values,
	    .bridged = b->cfg.bridged,
	    .max_occupants = b->cfg.config->limits.leg_occupants,
	    .max_octets = b->cfg.config->limits.leg_roster,
	};
	struct proxy *p = mem_new(sizeof(*p));
	struct jid parts;
	char *to;

	p->b = b;
	p->text = to = mem_new(join->room.n + 1 + jid.n);
	p->room = str_pack(&to, join->room);
	to++;
	p->jid = str_pack(&to, jid);
	p->key = str_of(p->text, (size_t)(to - p->text));
	if (jid_split(p->jid, &parts) < 0)
		abort(); /* it was put together from parts */
	p->bare = parts.bare;
	p->domain = parts.domain;
	buf_init(&p->nick, 4096);
	buf_init(&p->wanted, 4096);
	buf_init(&p->derived, 4096);
	buf_init(&p->presence, 16384);
	buf_init(&p->nick_wish.text, 4096);
	buf_init(&p->subject_wish.text, 65536);
	TAILQ_INIT(&p->sendings);
	TAILQ_INIT(&p->queries);
	cfg.user = p;
	p->leg = leg_new(&cfg, join);
	table_put_str(b->proxies, p->key, p);
	for (unsigned by = 0; by < BY_COUNT; by++)
		put_whose(p, by);
	TAILQ_INSERT_TAIL(&b->list, p, link);
	return p;
}

static void proxy_release(void *memory)
{
	struct proxy *p = memory;

	buf_done(&p->nick);
	buf_done(&p->wanted);
	buf_done(&p->derived);
	buf_done(&p->presence);
	buf_done(&p->nick_wish.text);
	buf_done(&p->subject_wish.text);
	seen_done(&p->seen);
	free(p->password);
	free(p->text);
	free(p);
}

/* Nobody finds it any more, and nothing comes of it. */
static void take_out(struct proxy *p)
{
	struct back_muc *b = p->b;

	if (p->ended)
		return;
	p->ended = true;
	if (p->phase != PROXY_ASKING)
		gone_note(b->gone, p->key);
	table_del_str(b->proxies, p->key);
	for (unsigned by = 0; by < BY_COUNT; by++)
		take_whose(p, by);
	TAILQ_REMOVE(&b->list, p, link);
	timer_cancel(b->loop, &p->limit);
	timer_cancel(b->loop, &p->due);
	timer_cancel(b->loop, &p->idle);
	timer_cancel(b->loop, &p->lost);
	proxy_leave_roll(p);
	proxy_leave_heard(p);
	proxy_drop_kept(p);
}

void proxy_free(struct proxy *p)
{
	take_out(p);
	proxy_drop_sendings(p);
	proxy_drop_queries(p);
	echoes_free(p->echoes);
	p->echoes = NULL;
	leg_free(p->leg);
	defer_free(p->b->loop, p, proxy_release);
}

void proxy_end(struct proxy *p, struct reason why)
{
	if (!p->joined)
		p->b->stats.refused++;
	log_info(p->b->log, "muc.end", "room=%s jid=%s why=\"%s\"",
		 LOGQ(p->room), LOGQ(p->jid), reason_text(why.code));
	proxy_unhold(p);
	proxy_fail_sendings(p);
	take_out(p);
	leg_ended(p->leg, why);
	proxy_free(p);
}

void proxy_goodbye(struct proxy *p, struct str text)
{
	struct buf *b;

	if (p->phase == PROXY_AWAY ||
	    (p->phase == PROXY_ASKING && !p->returning))
		return;
	b = muc_begin(p, "presence", buf_str(&p->nick), "unavailable", "");
	if (text.n)
		x_put_text(b, "status", text);
	buf_addz(b, "</presence>");
	muc_send_surely(p);
}

void proxy_notice(struct proxy *p, const char *text)
{
	struct message *m = message_new(strlen(text) + 256);

	m->no_store = true;
	if (message_add_part(m, STR("text/plain"), STR("en"), str_z(text)) == 0)
		leg_message(p->leg, m, STR_NONE, 0, false, NULL);
	message_unref(m);
}
