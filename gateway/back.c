#include "gateway/back.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "xmpp/stanza.h"

#define ADDRESS_MAX 8192
#define STRINGS_MAX (1u << 20) /* of one who joins */

struct back {
	struct back_cfg cfg;
	TAILQ_HEAD(, seeker) seekers;
};

/* Somebody whose room's domain is being asked about. */
struct seeker {
	TAILQ_ENTRY(seeker) link;
	struct back *b;
	struct seat *seat;
	struct seat_join join; /* its strings are the arena's */
	struct arena *arena;
	struct discovery *discovery;
};

struct back *back_new(const struct back_cfg *cfg)
{
	struct back *b = mem_new(sizeof(*b));

	b->cfg = *cfg;
	TAILQ_INIT(&b->seekers);
	return b;
}

/* His seat is free from now on. */
static void seeker_free(struct seeker *s)
{
	discover_cancel(s->discovery);
	TAILQ_REMOVE(&s->b->seekers, s, link);
	s->seat->back_ops = NULL;
	arena_free(s->arena);
	free(s);
}

void back_free(struct back *b)
{
	if (!b)
		return;
	while (!TAILQ_EMPTY(&b->seekers))
		seeker_free(TAILQ_FIRST(&b->seekers));
	free(b);
}

/* --- which room, and where --- */

static enum back_kind kind_of(const struct domain_config *d, enum world world)
{
	switch (d ? d->rooms : ROOMS_NONE) {
	case ROOMS_LOCAL:
		return BACK_LOCAL;
	case ROOMS_SIP: /* SIP users get there without us */
		return world == WORLD_XMPP ? BACK_SIP : BACK_NONE;
	case ROOMS_XMPP:
		return world == WORLD_SIP ? BACK_MUC : BACK_NONE;
	case ROOMS_DISCOVER:
		return BACK_ASK;
	case ROOMS_NONE:
		break;
	}
	return BACK_NONE;
}

/* The room's own address; false: there can't be such a room. */
static bool native_of(struct str room, struct buf *out)
{
	int elsewhere = map_room_elsewhere(room, out);

	if (elsewhere == 0)
		buf_add(out, room);
	return elsewhere >= 0 && !out->err;
}

static const struct domain_config *section(const struct config *cfg,
					   struct str native)
{
	return config_section(cfg, str_after(native, '@'));
}

enum back_kind back_find(const struct back *b, struct str room,
			 enum world world, struct buf *native)
{
	struct buf own = BUF_INIT(ADDRESS_MAX);
	enum back_kind kind = BACK_NONE;

	if (native_of(room, &own)) {
		kind = kind_of(section(b->cfg.config, buf_str(&own)), world);
		if (native)
			buf_add(native, buf_str(&own));
	}
	buf_done(&own);
	return kind;
}

const struct domain_config *back_domain(const struct back *b, struct str room)
{
	struct buf own = BUF_INIT(ADDRESS_MAX);
	const struct domain_config *d =
	    native_of(room, &own) ? section(b->cfg.config, buf_str(&own))
				  : NULL;

	buf_done(&own);
	return d;
}

/* --- joining --- */

/* May he go there, as his user or his world? */
static bool lets_go(struct back *b, const struct domain_config *d,
		    const struct seat_join *join)
{
	unsigned whose = join->world == WORLD_SIP ? CREATE_SIP : CREATE_XMPP;

	return d->visitors & whose &&
	       back_local_lets(b->cfg.local, &d->access, join);
}

bool back_is_full(const struct config *c, const struct bridged *all,
		  const struct seat_join *join)
{
	const struct domain_config *d = section(c, join->room);
	struct str domain = str_after(join->room, '@');

	if (!all || !d)
		return false;
	return (c->limits.legs && bridged_all(all) >= c->limits.legs) ||
	       (c->limits.user_legs &&
		bridged_of_user(all, join->world, join->user) >=
		    c->limits.user_legs) ||
	       (d->max_legs && bridged_of_domain(all, domain) >= d->max_legs);
}

/* A user of ours by the name that another gateway has given him, or one of our
 * proxies: he goes round in circles (RFC 7247 §8, ADDR-28). */
static bool comes_back(const struct back *b, const struct seat_join *join)
{
	const struct config *c = b->cfg.config;
	struct buf local = BUF_INIT(ADDRESS_MAX);
	const struct domain_config *d;
	ptrdiff_t at;
	struct jid jid;
	bool loop;

	if (join->world != WORLD_XMPP || jid_split(join->user, &jid) < 0)
		return false;
	d = config_domain(c, jid.domain);
	map_unescape(&local, jid.node);
	at = str_rfind(buf_str(&local), '@');
	loop = (d && d->users != USERS_NONE) ||
	       (at > 0 && *c->sip.host &&
		str_ieq(str_from(buf_str(&local), (size_t)at + 1),
			str_z(c->sip.host)));
	buf_done(&local);
	return loop;
}

static enum reason_code may_leave_for(struct back *b,
				      const struct seat_join *join)
{
	const struct domain_config *d = section(b->cfg.config, join->room);

	if (!d)
		return REASON_NO_ROOM; /* not any more */
	if (!lets_go(b, d, join))
		return REASON_FORBIDDEN;
	if (comes_back(b, join))
		return REASON_LOOP;
	if (!join->observer &&
	    back_is_full(b->cfg.config, b->cfg.bridged, join))
		return REASON_OVERLOAD;
	return REASON_OK;
}

static enum reason_code join_there(struct back *b, enum back_kind kind,
				   struct seat_join *join, struct seat *seat)
{
	enum reason_code why;

	if (kind == BACK_LOCAL)
		return back_local_join(b->cfg.local, join, seat);
	if (kind == BACK_NONE || !b->cfg.join)
		return REASON_NO_ROOM;
	why = may_leave_for(b, join);
	return why == REASON_OK ? b->cfg.join(b->cfg.user, kind, join, seat)
				: why;
}

static void refuse(struct seat *seat, enum reason_code why, struct str text)
{
	struct seat_ev ev = {
	    .type = SEAT_ENDED,
	    .reason = {.code = why, .text = text},
	};

	seat->front_ops->event(seat->front, &ev);
}

/* DNS-2, DNS-3, DNS-10 */
enum back_kind back_kind_found(enum speaks speaks, enum world world,
			       enum reason_code *why)
{
	*why = REASON_NO_ROOM;
	switch (speaks) {
	case SPEAKS_SIP:
		return world == WORLD_XMPP ? BACK_SIP : BACK_NONE;
	case SPEAKS_XMPP:
		return world == WORLD_SIP ? BACK_MUC : BACK_NONE;
	case SPEAKS_NEITHER:
		*why = REASON_NO_SERVER;
		return BACK_NONE;
	case SPEAKS_UNKNOWN:
		break;
	}
	*why = REASON_NO_ANSWER;
	return BACK_NONE;
}

static void on_discovered(void *user, enum speaks speaks,
			  const struct discovered *step, size_t n)
{
	struct seeker *s = user;
	struct arena *arena = s->arena;
	struct seat_join join = s->join;
	struct seat *seat = s->seat;
	struct back *b = s->b;
	enum reason_code why;
	enum back_kind kind = back_kind_found(speaks, join.world, &why);

	bool unasked = n && step[n - 1].unasked;

	s->discovery = NULL; /* it is over */
	s->arena = NULL;     /* the join's strings are needed */
	seeker_free(s);
	if (kind != BACK_NONE)
		why = join_there(b, kind, &join, seat);
	if (kind == BACK_NONE && unasked) /* with Retry-After (ERR-12) */
		refuse(seat, REASON_OVERLOAD,
		       STR("the XMPP server is away, try again"));
	else if (why != REASON_OK)
		refuse(seat, why, STR_NONE);
	arena_free(arena);
}

static void command(struct seat *seat, const struct seat_cmd *cmd)
{
	struct seat_ev ev = {
	    .type = SEAT_RESULT,
	    .own_op = cmd->op,
	    .msg = cmd->msg,
	    .reason = {.code = REASON_NOT_JOINED},
	};

	if (cmd->type == SEAT_LEAVE)
		seeker_free(seat->back_data);
	else if (cmd->op)
		seat->front_ops->event(seat->front, &ev);
}

static const struct occupant *nobody(struct seat *seat, size_t *it)
{
	(void)seat;
	(void)it;
	return NULL;
}

static const struct occupant *no_id(struct seat *seat, uint64_t id)
{
	(void)seat;
	(void)id;
	return NULL;
}

static const struct occupant *no_text(struct seat *seat, struct str text)
{
	(void)seat;
	(void)text;
	return NULL;
}

static void no_info(struct seat *seat, struct room_info *out)
{
	const struct seeker *s = seat->back_data;

	out->address = s->join.room;
}

static const struct seat_back_ops seeker_ops = {
    command, nobody, no_id, no_text, no_text, no_info,
};

static void copy(struct arena *a, struct str *s)
{
	*s = arena_dup(a, *s);
}

static void copy_join(struct seat_join *j, struct arena *a)
{
	copy(a, &j->room);
	copy(a, &j->user);
	copy(a, &j->sip_uri);
	copy(a, &j->jid);
	copy(a, &j->stable_id);
	copy(a, &j->display);
	copy(a, &j->device);
	copy(a, &j->account);
	copy(a, &j->account_jid);
	copy(a, &j->nick);
	copy(a, &j->password);
	copy(a, &j->presence.show);
	copy(a, &j->presence.status);
	copy(a, &j->presence.payload);
}

static enum reason_code seek(struct back *b, const struct seat_join *join,
			     struct seat *seat)
{
	enum reason_code why;
	struct seeker *s;

	if (!b->cfg.discover)
		return REASON_NO_ROOM;
	why = may_leave_for(b, join);
	if (why != REASON_OK)
		return why;
	s = mem_new(sizeof(*s));
	s->b = b;
	s->seat = seat;
	s->join = *join;
	s->arena = arena_new(STRINGS_MAX);
	copy_join(&s->join, s->arena);
	seat->back_ops = &seeker_ops;
	seat->back_data = s;
	TAILQ_INSERT_TAIL(&b->seekers, s, link);
	s->discovery = discover(b->cfg.discover, str_after(s->join.room, '@'),
				on_discovered, s);
	if (s->discovery)
		return REASON_OK;
	seeker_free(s);
	return REASON_OVERLOAD;
}

enum reason_code back_join(struct back *b, struct seat_join *join,
			   struct seat *seat)
{
	struct buf native = BUF_INIT(ADDRESS_MAX);
	struct seat_join there = *join;
	enum back_kind kind = back_find(b, join->room, join->world, &native);
	enum reason_code why;

	there.room = buf_str(&native);
	why = kind == BACK_ASK ? seek(b, &there, seat)
			       : join_there(b, kind, &there, seat);
	buf_done(&native);
	return why;
}
