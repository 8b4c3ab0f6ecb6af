/* The whole: stanzas out and in, which proxy one is for, streams that come and
 * go. */
#include "gateway/back_muc_priv.h"
#include "gateway/leg_value.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/xmltext.h"

#define READ_MAX  (1u << 20) /* what is made of one stanza while it is read */
#define WRITE_MAX (8u << 20)
#define LOST_MS	  60000 /* proxies outlive their stream for (COMP-10) */

struct back_muc *back_muc_new(const struct back_muc_cfg *cfg)
{
	struct back_muc *b = mem_new(sizeof(*b));

	b->cfg = *cfg;
	b->loop = cfg->loop;
	b->log = loop_log(cfg->loop);
	b->proxies = table_new();
	for (unsigned by = 0; by < BY_COUNT; by++)
		b->whose[by] = table_new();
	b->rooms = table_new();
	b->values = leg_values_new();
	b->rolls = table_new();
	b->down = table_new();
	b->heard = table_new();
	b->invited = invited_new();
	b->gone = gone_new(cfg->loop);
	TAILQ_INIT(&b->list);
	TAILQ_INIT(&b->farewells);
	b->seed = random_u64();
	b->mark_seed = random_u64();
	b->arena = arena_new(READ_MAX);
	buf_init(&b->out, WRITE_MAX);
	muc_caps(b->caps);
	return b;
}

static void farewell_free(struct back_muc *b, struct farewell *f)
{
	TAILQ_REMOVE(&b->farewells, f, link);
	free(f->domain);
	free(f->stanza);
	free(f);
}

void back_muc_free(struct back_muc *b)
{
	char *name;

	if (!b)
		return;
	back_muc_keep_no_more(b);
	while (!TAILQ_EMPTY(&b->list))
		proxy_free(TAILQ_FIRST(&b->list));
	while (!TAILQ_EMPTY(&b->farewells))
		farewell_free(b, TAILQ_FIRST(&b->farewells));
	muc_forget_rooms(b);
	TABLE_FOREACH (b->down, it, name)
		free(name);
	invited_free(b->invited);
	gone_free(b->gone);
	leg_values_free(b->values);
	table_free(b->rolls);
	table_free(b->down);
	table_free(b->heard);
	table_free(b->rooms);
	table_free(b->proxies);
	for (unsigned by = 0; by < BY_COUNT; by++)
		table_free(b->whose[by]);
	arena_free(b->arena);
	buf_done(&b->out);
	free(b);
}

void muc_uuid(char z[UUID_MAX])
{
	unsigned char r[16];

	random_bytes(r, sizeof(r));
	r[6] = (unsigned char)((r[6] & 0x0f) | 0x40); /* RFC 9562 §5.4 */
	r[8] = (unsigned char)((r[8] & 0x3f) | 0x80);
	snprintf(z, UUID_MAX,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
		 "%02x%02x%02x%02x%02x%02x",
		 r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9],
		 r[10], r[11], r[12], r[13], r[14], r[15]);
}

/* --- stanzas out --- */

struct buf *muc_begin(struct proxy *p, const char *name, struct str nick,
		      const char *type, const char *id)
{
	struct buf *b = &p->b->out;

	buf_clear(b);
	buf_addf(b, "<%s", name);
	x_put_attr(b, "from", p->jid);
	buf_addz(b, " to='");
	xml_add_attr(b, p->room);
	if (nick.n) {
		buf_addc(b, '/');
		xml_add_attr(b, nick);
	}
	buf_addc(b, '\'');
	x_put_attr(b, "type", str_z(type));
	x_put_attr(b, "id", str_z(id));
	buf_addc(b, '>');
	return b;
}

static bool send_out(struct back_muc *b, struct str domain)
{
	if (!b->out.err &&
	    b->cfg.send(b->cfg.user, domain, buf_str(&b->out)) >= 0)
		return true;
	log_info(b->log, "muc.unsent", "domain=%s", LOGQ(domain));
	return false;
}

void muc_send(struct proxy *p)
{
	send_out(p->b, p->domain);
}

void muc_send_surely(struct proxy *p)
{
	struct back_muc *b = p->b;
	struct farewell *f;

	if (!table_get_str(b->down, p->domain) && send_out(b, p->domain))
		return;
	f = mem_new(sizeof(*f));
	f->domain = str_dup(p->domain);
	f->stanza = str_dup(buf_str(&b->out));
	TAILQ_INSERT_TAIL(&b->farewells, f, link);
}

struct buf *muc_answer(struct back_muc *b, const struct muc_said *in,
		       const char *name, const char *type)
{
	buf_clear(&b->out);
	buf_addf(&b->out, "<%s", name);
	x_put_attr(&b->out, "from", in->to.full);
	x_put_attr(&b->out, "to", in->from.full);
	x_put_attr(&b->out, "type", str_z(type));
	x_put_attr(&b->out, "id", in->id);
	buf_addc(&b->out, '>');
	return &b->out;
}

void muc_answered(struct back_muc *b, const struct muc_said *in)
{
	send_out(b, in->to.domain);
}

void muc_error(struct back_muc *b, const struct muc_said *in, const char *name,
	       struct stanza_error e)
{
	struct buf *out;

	if (str_eq(in->type, STR("error")))
		return;
	out = muc_answer(b, in, name, "error");
	x_put_error(out, e, STR_NONE, STR_NONE);
	buf_addf(out, "</%s>", name);
	muc_answered(b, in);
}

/* --- joining --- */

static enum reason_code observe(struct back_muc *b,
				const struct seat_join *join, struct seat *seat)
{
	struct proxy *p = muc_proxy_of(b, join->room, join->user, NULL);

	if (!p)
		return REASON_NOT_JOINED;
	leg_attach(p->leg, join, seat);
	return REASON_OK;
}

enum reason_code back_muc_join(struct back_muc *b, const struct seat_join *join,
			       struct seat *seat)
{
	struct buf jid = BUF_INIT(8192);
	const struct domain_config *d;
	enum reason_code why = REASON_OK;
	struct proxy *p;

	if (b->stopping)
		return REASON_SHUTDOWN;
	if (join->observer)
		return observe(b, join, seat);
	d = muc_make_jid(b, join, &jid);
	if (!d || jid.err) {
		log_warn(b->log, "muc.no_component", "user=%s",
			 LOGQ(join->user));
		why = REASON_FORBIDDEN;
	} else if (table_get_str(b->down, str_z(d->name))) {
		why = REASON_OVERLOAD;
	} else {
		p = proxy_new(b, join, buf_str(&jid));
		p->echoes = echoes_new(b->seed, proxy_echo_lost, p);
		b->stats.joins++;
		leg_attach(p->leg, join, seat);
		proxy_start(p, join);
	}
	buf_done(&jid);
	return why;
}

/* --- stanzas in --- */

const struct stanza_error muc_unavailable = {"cancel", "service-unavailable"};
const struct stanza_error muc_not_taken = {"cancel", "feature-not-implemented"};
static const struct stanza_error bad_request = {"modify", "bad-request"};
static const struct stanza_error no_room = {"cancel", "item-not-found"};

static void unsubscribed(struct back_muc *b, const struct muc_said *in)
{
	struct buf *out = muc_answer(b, in, "presence", "unsubscribed");

	buf_addz(out, "</presence>");
	muc_answered(b, in);
}

static void goodbye_heard(struct back_muc *b, const struct muc_said *in)
{
	struct buf text = BUF_INIT(16384);

	gone_heard(b->gone, muc_key(in->from.bare, in->to.full, &text));
	buf_done(&text);
}

/* Something from outside of the rooms in which he is (S2X-26, S2X-36). */
static void route_stray(struct back_muc *b, const struct muc_said *in)
{
	switch (in->kind) {
	case SAID_SUBSCRIBE:
		unsubscribed(b, in);
		break;
	case SAID_INVITE:
		muc_on_invite(b, in);
		break;
	case SAID_IQ:
		muc_on_iq(b, in);
		break;
	case SAID_BAD_IQ:
		muc_error(b, in, "iq", bad_request);
		break;
	case SAID_TO_ALL:
	case SAID_SUBJECT:
	case SAID_PRIVATE:
		muc_error(b, in, "message", muc_unavailable);
		break;
	case SAID_GONE:
		/* of one who changes his name others follow */
		if (in->codes & SAID_SELF && !(in->codes & SAID_NEW_NICK))
			goodbye_heard(b, in);
		break;
	case SAID_PRESENCE: /* maybe of one who takes the user for a room */
		if (x_child(in->stanza, "x", NS_MUC))
			muc_error(b, in, "presence", no_room);
		break;
	case SAID_NOTICE:
	case SAID_ARCHIVED:
	case SAID_STATUS:
	case SAID_DECLINE:
		/* a room may write to who is not in it; to answer is no use */
	case SAID_REFUSED:
	case SAID_BOUNCE:
	case SAID_RESULT:
	case SAID_IQ_ERROR:
	case SAID_NOTHING:
		break;
	}
}

static void route(struct proxy *p, const struct muc_said *in)
{
	switch (in->kind) {
	case SAID_PRESENCE:
	case SAID_GONE:
	case SAID_REFUSED:
		proxy_on_presence(p, in);
		break;
	case SAID_TO_ALL:
	case SAID_SUBJECT:
	case SAID_ARCHIVED:
	case SAID_STATUS:
	case SAID_PRIVATE:
	case SAID_NOTICE:
	case SAID_BOUNCE:
		proxy_on_message(p, in);
		break;
	case SAID_DECLINE:
		proxy_on_decline(p, in);
		break;
	case SAID_RESULT:
	case SAID_IQ_ERROR:
		proxy_on_reply(p, in);
		break;
	case SAID_IQ:
		muc_on_iq(p->b, in);
		break;
	case SAID_SUBSCRIBE:
	case SAID_INVITE:
	case SAID_BAD_IQ:
	case SAID_NOTHING:
		route_stray(p->b, in);
		break;
	}
}

/* What a room says to a user may come to his bare JID. */
static struct proxy *proxy_for(struct back_muc *b, const struct muc_said *in)
{
	if (in->to.resource.n)
		return muc_proxy(b, in->from.bare, in->to.full);
	if (in->kind == SAID_NOTICE || in->kind == SAID_DECLINE ||
	    in->kind == SAID_STATUS || in->kind == SAID_BOUNCE)
		return muc_proxy_of(b, in->from.bare, in->to.bare, NULL);
	return NULL;
}

void back_muc_stanza(struct back_muc *b, struct str domain,
		     const struct xnode *stanza)
{
	struct muc_said in;
	struct proxy *p;

	arena_reset(b->arena);
	if (muc_said_read(stanza, b->arena, &in) < 0 ||
	    !str_ieq(in.to.domain, domain))
		return;
	p = proxy_for(b, &in);
	if (!p) {
		route_stray(b, &in);
		return;
	}
	if (p->phase == PROXY_IN)
		proxy_heard(p);
	route(p, &in);
}

/* --- streams --- */

static void on_lost(void *user)
{
	struct proxy *p = user;

	proxy_goodbye(p, STR("connection lost"));
	proxy_end(p, (struct reason){.code = REASON_NO_ANSWER});
}

bool back_muc_is_down(const struct back_muc *b, struct str domain)
{
	return table_get_str(b->down, domain) != NULL;
}

void back_muc_link_down(struct back_muc *b, struct str domain)
{
	struct proxy *p;
	char *name;

	if (table_get_str(b->down, domain))
		return;
	name = str_dup(domain);
	table_put_str(b->down, str_z(name), name);
	TAILQ_FOREACH (p, &b->list, link)
		if (str_eq(p->domain, domain)) {
			timer_set(b->loop, &p->lost, LOST_MS, on_lost, p);
			p->doubt = true;
			p->broken_ms = loop_now_ms(b->loop);
			proxy_suspect_all(p);
		}
}

static void send_farewells(struct back_muc *b, struct str domain)
{
	struct farewell *f, *next;

	for (f = TAILQ_FIRST(&b->farewells); f; f = next) {
		next = TAILQ_NEXT(f, link);
		if (!str_eq(str_z(f->domain), domain))
			continue;
		b->cfg.send(b->cfg.user, domain, str_z(f->stanza));
		farewell_free(b, f);
	}
}

void back_muc_link_up(struct back_muc *b, struct str domain)
{
	char *name = table_del_str(b->down, domain);
	struct proxy *p, *next;

	free(name);
	send_farewells(b, domain);
	for (p = TAILQ_FIRST(&b->list); p; p = next) {
		next = TAILQ_NEXT(p, link);
		if (!str_eq(p->domain, domain))
			continue;
		timer_cancel(b->loop, &p->lost);
		proxy_drop_pings(p);
		if (p->phase == PROXY_IN) {
			p->catching_up = p->doubt;
			if (p->doubt)
				proxy_hold(p);
			proxy_ping(p, QUERY_PING);
			proxy_send_held(p);
		} else if (p->phase == PROXY_AWAY) {
			proxy_come_again(p, REASON_LOST, true);
		} else {
			proxy_repeat(p);
		}
	}
}

bool muc_reaches(const struct back_muc *b, struct str room)
{
	const struct domain_config *d =
	    config_section(b->cfg.config, str_after(room, '@'));

	return d && (d->rooms == ROOMS_XMPP || d->rooms == ROOMS_DISCOVER);
}

static bool is_served(const struct back_muc *b, const struct proxy *p)
{
	const struct domain_config *d = config_domain(b->cfg.config, p->domain);

	return d && d->users != USERS_NONE && *d->secret &&
	       muc_reaches(b, p->room);
}

void back_muc_reconfigure(struct back_muc *b)
{
	struct proxy *p, *next;

	for (p = TAILQ_FIRST(&b->list); p; p = next) {
		next = TAILQ_NEXT(p, link);
		if (is_served(b, p))
			continue;
		proxy_goodbye(p, STR_NONE);
		proxy_end(p, (struct reason){.code = REASON_SHUTDOWN});
	}
}

void back_muc_shutdown(struct back_muc *b)
{
	struct proxy *p;

	b->stopping = true;
	while ((p = TAILQ_FIRST(&b->list))) {
		proxy_goodbye(p, STR("The gateway is shutting down."));
		proxy_end(p, (struct reason){.code = REASON_SHUTDOWN});
	}
}

struct back_muc_stats back_muc_stats(const struct back_muc *b)
{
	struct back_muc_stats st = b->stats;
	const struct proxy *p;

	TAILQ_FOREACH (p, &b->list, link) {
		st.legs++;
		st.open += p->phase == PROXY_IN;
	}
	return st;
}
