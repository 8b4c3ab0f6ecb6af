/* What a seat in a remote room commands, put into XEP-0045's words. */
#include "gateway/back_muc_priv.h"

#include "base/precis.h"
#include "mapping/presence.h"

#define SUBJECT_MAX 8192

static void result(struct proxy *p, uint64_t seat, uint64_t op,
		   enum reason_code why)
{
	leg_result(p->leg, seat, op, (struct reason){.code = why}, NULL);
}

static bool begin_wish(struct proxy *p, struct wish *w, uint64_t seat,
		       uint64_t op)
{
	if (w->open)
		return false;
	w->open = true;
	w->seen = false;
	w->seat = seat;
	w->op = op;
	w->at_ms = loop_now_ms(p->b->loop);
	w->variant = 0;
	muc_uuid(w->id);
	buf_clear(&w->text);
	return true;
}

void wish_done(struct proxy *p, struct wish *w, enum reason_code why)
{
	if (!w->open)
		return;
	w->open = false;
	result(p, w->seat, w->op, why);
	proxy_watch_due(p);
	if (w == &p->nick_wish && p->catching_up && !p->doubt)
		proxy_catch_up(p);
}

/* --- nickname --- */

/* As RFC 7702 §6.4 has it: presence at the new address. */
static void send_nick(struct proxy *p)
{
	struct wish *w = &p->nick_wish;
	struct buf *b;

	b = muc_begin(p, "presence", buf_str(&w->text), "", w->id);
	buf_add(b, buf_str(&p->presence));
	muc_put_caps(p->b, b);
	buf_addz(b, "</presence>");
	muc_send(p);
}

static void ask_nick(struct proxy *p, uint64_t seat, const struct seat_cmd *cmd,
		     struct str nick)
{
	struct wish *w = &p->nick_wish;

	if (!begin_wish(p, w, seat, cmd->op)) {
		result(p, seat, cmd->op, REASON_TIMEOUT);
		return;
	}
	w->variant = cmd->text.n ? 0 : 1;
	buf_add(&w->text, nick);
	send_nick(p);
	proxy_watch_due(p);
}

/* It is his already, which is told all the same. */
static void keep_nick(struct proxy *p, uint64_t seat, uint64_t op)
{
	struct leg_cause cause = {.seat = seat, .op = op};
	struct str nick = buf_str(&p->nick);

	leg_rename(p->leg, nick, nick, &cause);
}

void proxy_nick_refused(struct proxy *p, enum reason_code why)
{
	struct wish *w = &p->nick_wish;

	if (why != REASON_NICK_TAKEN || !w->variant ||
	    w->variant > NICK_VARIANTS) {
		wish_done(p, w, why);
		return;
	}
	buf_clear(&w->text);
	buf_addf(&w->text, "%.*s %u", STR_ARG(buf_str(&p->derived)),
		 ++w->variant);
	if (str_eq(buf_str(&w->text), buf_str(&p->nick))) {
		keep_nick(p, w->seat, w->op);
		wish_done(p, w, REASON_OK);
		return;
	}
	muc_uuid(w->id);
	send_nick(p);
}

static void on_nick(struct proxy *p, uint64_t seat, const struct seat_cmd *cmd)
{
	struct buf nick = BUF_INIT(4096);

	if (!cmd->text.n)
		buf_add(&nick, buf_str(&p->derived)); /* S2X-19 */
	else if (precis_nickname(&nick, cmd->text) < 0)
		buf_clear(&nick);
	if (!nick.n) {
		result(p, seat, cmd->op, REASON_BAD_NICK);
	} else if (str_eq(buf_str(&nick), buf_str(&p->nick))) {
		keep_nick(p, seat, cmd->op);
		result(p, seat, cmd->op, REASON_OK);
	} else {
		ask_nick(p, seat, cmd, buf_str(&nick));
	}
	buf_done(&nick);
}

/* --- subject, presence --- */

static void on_subject(struct proxy *p, uint64_t seat,
		       const struct seat_cmd *cmd)
{
	struct wish *w = &p->subject_wish;
	struct buf *b;

	if (cmd->text.n > SUBJECT_MAX) {
		result(p, seat, cmd->op, REASON_TOO_BIG);
		return;
	}
	if (!begin_wish(p, w, seat, cmd->op)) {
		result(p, seat, cmd->op, REASON_TIMEOUT);
		return;
	}
	buf_add(&w->text, cmd->text);
	b = muc_begin(p, "message", STR_NONE, "groupchat", w->id);
	x_put_text(b, "subject", cmd->text);
	buf_addz(b, "</message>");
	muc_send(p);
	proxy_watch_due(p);
}

static void on_presence(struct proxy *p, uint64_t seat,
			const struct seat_cmd *cmd)
{
	struct leg_cause cause = {.seat = seat, .op = cmd->op};
	const struct occupant *self = leg_self(p->leg);
	struct occupant shown;
	struct buf *b;

	buf_clear(&p->presence);
	if (cmd->presence.show.n)
		x_put_text(&p->presence, "show", cmd->presence.show);
	if (cmd->presence.status.n)
		x_put_text(&p->presence, "status", cmd->presence.status);
	b = muc_begin(p, "presence", buf_str(&p->nick), "", "");
	buf_add(b, buf_str(&p->presence));
	muc_put_caps(p->b, b);
	buf_addz(b, "</presence>");
	muc_send(p);
	if (self) { /* the room's echo is no news then */
		shown = *self;
		shown.presence = cmd->presence;
		leg_put(p->leg, &shown, &cause);
	}
	result(p, seat, cmd->op, REASON_OK);
}

/* --- moderation --- */

static struct buf *begin_set(struct proxy *p, uint64_t seat, uint64_t op,
			     const char *ns)
{
	struct query *q = query_new(p, QUERY_ADMIN);
	struct buf *b = muc_begin(p, "iq", STR_NONE, "set", q->id);

	q->seat = seat;
	q->op = op;
	buf_addf(b, "<query xmlns='%s'>", ns);
	return b;
}

static void put_item(struct buf *b, const char *attr, const char *value,
		     struct str nick, struct str jid, struct str reason)
{
	buf_addz(b, "<item");
	x_put_attr(b, attr, str_z(value));
	x_put_attr(b, "nick", nick);
	x_put_attr(b, "jid", jid);
	buf_addc(b, '>');
	if (reason.n)
		x_put_text(b, "reason", reason);
	buf_addz(b, "</item>");
}

static void end_set(struct proxy *p, struct buf *b)
{
	buf_addz(b, "</query></iq>");
	muc_send(p);
}

static void set_role(struct proxy *p, uint64_t seat, const struct seat_cmd *cmd,
		     enum role role, struct str reason)
{
	const struct occupant *who = leg_by_id(p->leg, cmd->target);
	struct buf *b;

	if (!who) {
		result(p, seat, cmd->op, REASON_NO_OCCUPANT);
		return;
	}
	b = begin_set(p, seat, cmd->op, NS_MUC_ADMIN);
	put_item(b, "role", map_role_name(role), who->nick, STR_NONE, reason);
	end_set(p, b);
}

/* Of somebody in the room whose JID is not told, by his nickname. */
static void set_affiliation(struct proxy *p, uint64_t seat,
			    const struct seat_cmd *cmd)
{
	const struct occupant *who = leg_by_id(p->leg, cmd->target);
	struct str jid = cmd->text, nick = cmd->nick;
	struct buf *b;

	if (!jid.n && who) {
		jid = who->jid;
		nick = jid.n ? cmd->nick : who->nick;
	}
	if (!jid.n && !nick.n) {
		result(p, seat, cmd->op, REASON_NO_OCCUPANT);
		return;
	}
	b = begin_set(p, seat, cmd->op, NS_MUC_ADMIN);
	put_item(b, "affiliation", map_affiliation_name(cmd->affiliation), nick,
		 jid, cmd->reason);
	end_set(p, b);
}

static void destroy(struct proxy *p, uint64_t seat, const struct seat_cmd *cmd)
{
	struct buf *b = begin_set(p, seat, cmd->op, NS_MUC_OWNER);

	buf_addz(b, "<destroy");
	x_put_attr(b, "jid", cmd->venue);
	buf_addc(b, '>');
	if (cmd->venue_password.n)
		x_put_text(b, "password", cmd->venue_password);
	if (cmd->text.n)
		x_put_text(b, "reason", cmd->text);
	buf_addz(b, "</destroy>");
	end_set(p, b);
}

/* --- */

static void run_inside(struct proxy *p, uint64_t seat,
		       const struct seat_cmd *cmd)
{
	switch (cmd->type) {
	case SEAT_NICK:
		on_nick(p, seat, cmd);
		break;
	case SEAT_SUBJECT:
		on_subject(p, seat, cmd);
		break;
	case SEAT_PRESENCE:
		on_presence(p, seat, cmd);
		break;
	case SEAT_KICK:
		set_role(p, seat, cmd, ROLE_NONE, cmd->text);
		break;
	case SEAT_ROLE:
		set_role(p, seat, cmd, cmd->role, cmd->reason);
		break;
	case SEAT_AFFILIATION:
		set_affiliation(p, seat, cmd);
		break;
	case SEAT_DESTROY:
		destroy(p, seat, cmd);
		break;
	case SEAT_INVITE:
		result(p, seat, cmd->op, proxy_invite(p, cmd));
		break;
	case SEAT_UNLOCK: /* it is, before anybody hears of it */
		result(p, seat, cmd->op, REASON_OK);
		break;
	case SEAT_MODERATE:
	case SEAT_CONFIGURE:
	case SEAT_ASK_VOICE:
		result(p, seat, cmd->op, REASON_UNSUPPORTED);
		break;
	case SEAT_SAY:
	case SEAT_DEVICE:
	case SEAT_LEAVE:
		break;
	}
}

static void on_command(struct leg *leg, uint64_t seat,
		       const struct seat_cmd *cmd)
{
	struct proxy *p = leg_user(leg);

	if (cmd->type == SEAT_SAY)
		proxy_say(p, seat, cmd);
	else if (p->phase == PROXY_IN)
		run_inside(p, seat, cmd);
	else /* on his way back into the room */
		result(p, seat, cmd->op, REASON_TIMEOUT);
}

static void on_left(struct leg *leg, const struct seat_cmd *cmd)
{
	struct proxy *p = leg_user(leg);
	bool lost = cmd->code == REASON_LOST || cmd->code == REASON_TIMEOUT;

	proxy_goodbye(p, !cmd->text.n && lost ? STR("connection lost")
					      : cmd->text);
	proxy_free(p);
}

const struct leg_ops muc_leg_ops = {.command = on_command, .left = on_left};
