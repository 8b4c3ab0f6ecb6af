/* How a proxy comes into its room, and comes again (S2X-4 to S2X-12, S2X-22,
 * XEP-0045 §7.2). */
#include "gateway/back_muc_priv.h"

#include "base/log.h"
#include "base/precis.h"
#include "base/random.h"
#include "base/rfc3339.h"
#include "mapping/nick.h"
#include "mapping/reason.h"

#define JOIN_MS 25000 /* an INVITE waits so long (S2X-8) */
#define HISTORY 20    /* messages, unless less is wanted */

static const uint64_t again_ms[] = {5000, 15000, 60000}; /* S2X-22 */
#define ATTEMPTS (sizeof(again_ms) / sizeof(again_ms[0]))

/* --- going in --- */

static void refuse(struct proxy *p, enum reason_code code, struct str text)
{
	if (p->phase == PROXY_ASKING)
		proxy_goodbye(p, STR_NONE);
	proxy_end(p, (struct reason){.code = code, .text = text});
}

static void on_limit(void *user)
{
	struct proxy *p = user;

	proxy_goodbye(p, STR_NONE);
	if (p->joined)
		proxy_come_again(p, REASON_NO_ANSWER, false);
	else
		refuse(p, REASON_NO_ANSWER, STR_NONE);
}

static bool may_create(const struct proxy *p)
{
	const struct domain_config *d =
	    config_section(p->b->cfg.config, str_after(p->room, '@'));

	return d && d->create & CREATE_SIP;
}

static void put_history(const struct proxy *p, struct buf *b)
{
	char time[RFC3339_MAX];

	if (p->last_ms) /* what he has missed */
		buf_addf(b, "<history since='%s'/>",
			 rfc3339_millis(p->last_ms - CLOCKS_MS, time));
	else if (p->no_history)
		buf_addz(b, "<history maxchars='0'/>");
	else
		buf_addf(b, "<history maxstanzas='%zu'/>", p->max_history);
}

static void send_presence(struct proxy *p)
{
	struct buf *b;

	muc_uuid(p->join_id);
	b = muc_begin(p, "presence", buf_str(&p->nick), "", p->join_id);
	buf_add(b, buf_str(&p->presence));
	buf_addz(b, "<x xmlns='" NS_MUC "'>");
	put_history(p, b);
	if (p->password)
		x_put_text(b, "password", str_z(p->password));
	buf_addz(b, "</x>");
	muc_put_caps(p->b, b);
	buf_addz(b, "</presence>");
	muc_send(p);
}

static void send_join(struct proxy *p)
{
	p->phase = PROXY_JOINING;
	p->created = false;
	send_presence(p);
}

void proxy_catch_up(struct proxy *p)
{
	/* to his old name it would take the new one back: wish_done() */
	if (p->nick_wish.open)
		return;
	proxy_hold(p);
	leg_roster_begin(p->leg);
	send_presence(p);
	proxy_ping(p, QUERY_CAUGHT_UP);
}

static bool needs_password(const struct proxy *p, const struct known_room *k)
{
	return k->password && !p->password;
}

static void go_in(struct proxy *p, const struct known_room *k)
{
	if (k && needs_password(p, k))
		refuse(p, REASON_PASSWORD, STR("Room password required"));
	else
		send_join(p);
}

void proxy_ask(struct proxy *p)
{
	struct query *q = query_new(p, QUERY_INFO);
	struct buf *b = muc_begin(p, "iq", STR_NONE, "get", q->id);

	p->phase = PROXY_ASKING;
	buf_addz(b, "<query xmlns='" NS_DISCO_INFO "'/></iq>");
	muc_send(p);
}

static bool is_error(const struct muc_said *in, const char *condition)
{
	return strcmp(in->error.condition, condition) == 0;
}

void proxy_info_answered(struct proxy *p, const struct muc_said *in)
{
	const struct known_room *k;

	if (p->phase != PROXY_ASKING)
		return;
	if (in->kind == SAID_RESULT) {
		k = muc_learn(p->b, p->room, in->payload);
		if (k)
			go_in(p, k);
		else
			refuse(p, REASON_NO_ROOM, STR_NONE);
	} else if (is_error(in, "item-not-found")) {
		if (may_create(p))
			go_in(p, NULL);
		else
			refuse(p, REASON_NO_ROOM, STR_NONE);
	} else if (is_error(in, "remote-server-not-found")) {
		refuse(p, REASON_NO_SERVER, STR_NONE);
	} else if (is_error(in, "remote-server-timeout")) {
		refuse(p, REASON_TIMEOUT, STR_NONE);
	} else {
		go_in(p, NULL); /* it tells strangers nothing */
	}
}

/* --- who he is there --- */

static void set_text(struct buf *b, struct str s)
{
	buf_clear(b);
	buf_add(b, s);
}

static void choose_nick(struct proxy *p, const struct seat_join *join)
{
	const struct proxy *other =
	    muc_proxy_of(p->b, p->room, leg_key(p->leg), p);
	struct str uri = join->sip_uri.n ? join->sip_uri : join->user;

	map_temp_nick(&p->derived, join->display, uri,
		      (unsigned)(random_u64() % 10000));
	if (!join->nick.n || precis_nickname(&p->wanted, join->nick) < 0)
		set_text(&p->wanted, buf_str(&p->derived));
	if (other && !join->nick.n) /* S2X-16 */
		set_text(&p->wanted, buf_str(&other->nick));
	set_text(&p->nick, buf_str(&p->wanted));
	p->variant = 1;
}

/* He says one, the configuration has one, an invitation brought one. */
static void find_password(struct proxy *p, const struct seat_join *join)
{
	const struct room_policy *policy =
	    config_policy(p->b->cfg.config, p->room);
	struct str password = join->password;

	if (!password.n && policy)
		password = policy->password;
	if (!password.n)
		password = muc_invited_password(p->b, p->room, p->bare);
	if (password.n)
		p->password = str_dup(password);
}

static void take_wishes(struct proxy *p, const struct seat_join *join)
{
	const struct history_wish *h = &join->history;

	p->no_history = h->none || !(join->wants & SEAT_WANTS_MESSAGES);
	p->max_history = h->has_max_messages && h->max_messages < HISTORY
			     ? h->max_messages
			     : HISTORY;
	if (join->presence.show.n)
		x_put_text(&p->presence, "show", join->presence.show);
	if (join->presence.status.n)
		x_put_text(&p->presence, "status", join->presence.status);
}

void proxy_start(struct proxy *p, const struct seat_join *join)
{
	const struct known_room *k = muc_known_lately(p->b, p->room);

	p->returning = join->returning;
	if (p->returning) /* our end was his stream's */
		p->broken_ms = loop_now_ms(p->b->loop);
	choose_nick(p, join);
	find_password(p, join);
	take_wishes(p, join);
	proxy_keep_heard(p, join);
	timer_set(p->b->loop, &p->limit, JOIN_MS, on_limit, p);
	/* who needs a password hears that after the seat is taken */
	if (k && !needs_password(p, k))
		send_join(p);
	else
		proxy_ask(p);
}

void proxy_repeat(struct proxy *p)
{
	if (p->phase == PROXY_ASKING)
		proxy_ask(p);
	else if (p->phase == PROXY_JOINING)
		send_join(p);
}

/* --- there --- */

static void on_again(void *user);

/* The room is open again: those of ours who found it locked come in now, before
 * anything is said there. */
static void fetch_others(struct proxy *p)
{
	struct proxy *o;

	TAILQ_FOREACH (o, &p->b->list, link)
		if (o != p && o->phase == PROXY_AWAY &&
		    str_eq(o->room, p->room))
			on_again(o);
}

static void settle_in(struct proxy *p)
{
	const struct occupant *self = leg_self(p->leg);
	bool again = p->joined, missed = p->last_ms;

	timer_cancel(p->b->loop, &p->limit);
	if (again) {
		if (self && !str_eq(self->nick, buf_str(&p->nick)))
			leg_rename(p->leg, self->nick, buf_str(&p->nick), NULL);
		leg_roster_end(p->leg, REASON_LOST, NULL, NULL);
	}
	p->phase = PROXY_IN;
	p->joined = true;
	p->doubt = p->catching_up = false;
	p->attempt = 0;
	p->subject_told = false;
	if (!p->entered_ms)
		p->entered_ms = loop_wall_ms(p->b->loop);
	if (!p->last_ms)
		p->last_ms = p->entered_ms;
	proxy_entered(p);
	if (p->created)
		fetch_others(p);
	proxy_tell_info(p, 0);
	log_info(p->b->log, "muc.join", "room=%s jid=%s nick=%s again=%d",
		 LOGQ(p->room), LOGQ(p->jid), LOGQ(buf_str(&p->nick)), again);
	leg_opened(p->leg, buf_str(&p->nick), p->created,
		   !str_eq(buf_str(&p->nick), buf_str(&p->wanted)));
	if (p->created)
		proxy_unhold(p); /* which came before */
	else if (missed)
		proxy_hold_history(p);
	else if (p->returning)
		proxy_notice_gap(p);
	proxy_send_held(p);
}

/* An empty form accepts what the service offers (XEP-0045 §10.1.2); or it gives
 * the room up (§10.1.3). */
static void send_form(struct proxy *p, bool accept)
{
	struct query *q = query_new(p, QUERY_UNLOCK);
	struct buf *b = muc_begin(p, "iq", STR_NONE, "set", q->id);

	buf_addf(b,
		 "<query xmlns='" NS_MUC_OWNER "'><x xmlns='" NS_XDATA
		 "' type='%s'/></query></iq>",
		 accept ? "submit" : "cancel");
	muc_send(p);
}

void proxy_arrived(struct proxy *p, const struct muc_said *in)
{
	set_text(&p->nick, in->from.resource);
	p->codes = in->codes;
	p->created = in->codes & SAID_CREATED;
	if (!p->created) {
		settle_in(p);
		return;
	}
	if (may_create(p)) {
		p->phase = PROXY_CREATING;
		proxy_hold(p);
		send_form(p, true);
		return;
	}
	send_form(p, false);
	proxy_goodbye(p, STR_NONE);
	if (p->joined) /* it has gone while he was away */
		refuse(p, REASON_ROOM_GONE, STR_NONE);
	else
		refuse(p, REASON_NO_ROOM, STR_NONE);
}

void proxy_unlocked(struct proxy *p, bool ok)
{
	if (p->phase != PROXY_CREATING)
		return;
	if (ok) {
		settle_in(p);
		return;
	}
	proxy_goodbye(p, STR_NONE);
	refuse(p, REASON_LOCKED, STR_NONE);
}

/* --- not there --- */

/* S2X-7: the next spelling of his nickname. */
static bool next_variant(struct proxy *p)
{
	if (p->variant > NICK_VARIANTS)
		return false;
	p->variant++;
	set_text(&p->nick, buf_str(p->plainer ? &p->derived : &p->wanted));
	buf_addf(&p->nick, " %u", p->variant);
	return true;
}

/* What his address begins with: alice of alice\40sip.example@gateway, too. */
static void add_user_part(struct buf *out, const struct proxy *p)
{
	struct jid jid;

	if (jid_split(p->bare, &jid) == 0)
		map_unescape(out, jid.node);
	if (str_find(buf_str(out), '@') >= 0)
		buf_cut(out, (size_t)str_find(buf_str(out), '@'));
}

/* A name that the server takes for no resource, or the room for no nickname: he
 * comes in by a plainer one (S2X-6). */
static bool next_plainer(struct proxy *p, const struct muc_said *in)
{
	struct buf user = BUF_INIT(4096);
	/* ejabberd says bad-request */
	bool may_be = is_error(in, "jid-malformed") ||
		      is_error(in, "not-acceptable") ||
		      is_error(in, "bad-request");

	if (!may_be || p->joined || p->plainer == NICK_PLAINER)
		return false;
	p->plainer++;
	p->variant = 1;
	add_user_part(&user, p);
	buf_clear(&p->derived);
	map_plain_nick(&p->derived, buf_str(&p->nick), buf_str(&user),
		       (unsigned)(random_u64() % 10000));
	set_text(&p->nick, buf_str(&p->derived));
	buf_done(&user);
	return true;
}

void proxy_refused(struct proxy *p, const struct muc_said *in)
{
	enum reason_code why = map_error_to_refusal(in->error);
	bool silent = is_error(in, "remote-server-timeout");
	struct reason end = {0};

	if (in->id.n && !str_eq(in->id, str_z(p->join_id)))
		return;
	if ((why == REASON_NICK_TAKEN && next_variant(p)) ||
	    next_plainer(p, in)) {
		send_join(p);
		return;
	}
	if (p->joined && (silent || is_error(in, "remote-server-not-found"))) {
		proxy_come_again(p, REASON_NO_ANSWER, false);
		return;
	}
	/* somebody else came first after a restart, and has not opened it yet
	 */
	if (p->joined && why == REASON_NO_ROOM) {
		proxy_come_again(p, REASON_ROOM_GONE, false);
		return;
	}
	if (silent)
		why = REASON_NO_ANSWER;
	end.code = why;
	end.text =
	    why == REASON_PASSWORD ? STR("Room password required") : in->reason;
	end.retry_s = map_retry_after(in->error, map_reason_to_sip(why));
	proxy_end(p, end);
}

static void on_again(void *user)
{
	struct proxy *p = user;

	set_text(&p->wanted, buf_str(&p->nick));
	p->variant = 1;
	p->b->stats.rejoins++;
	leg_roster_begin(p->leg);
	timer_set(p->b->loop, &p->limit, JOIN_MS, on_limit, p);
	send_join(p);
}

void proxy_come_again(struct proxy *p, enum reason_code why, bool at_once)
{
	if (p->attempt == ATTEMPTS) {
		proxy_end(p, (struct reason){.code = why});
		return;
	}
	log_info(p->b->log, "muc.away", "room=%s jid=%s attempt=%u",
		 LOGQ(p->room), LOGQ(p->jid), p->attempt + 1);
	p->phase = PROXY_AWAY;
	p->catching_up = false;
	timer_cancel(p->b->loop, &p->idle);
	proxy_suspect_all(p);
	if (at_once) {
		on_again(p);
		return;
	}
	proxy_unhold_out(p);
	timer_set(p->b->loop, &p->limit, again_ms[p->attempt++], on_again, p);
}
