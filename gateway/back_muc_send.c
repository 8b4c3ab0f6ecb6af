/* What the user says, until he can be told what has become of it (S2X-27 to
 * S2X-33). A message to the room is accepted when its echo comes; when none
 * comes, it is after a while, and refused later if it must be. */
#include "gateway/back_muc_priv.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "mapping/message.h"
#include "mapping/reason.h"

#define ECHO_MS	   10000 /* S2X-28 */
#define PRIVATE_MS 1000	 /* S2X-33 */
#define WISH_MS	   10000 /* S2X-18 */
#define LATE_MS	   60000 /* an error may come so late */
#define HELD_MAX   1000	 /* messages (COMP-11) */

static const struct str sendable[] = {
    {"text/plain", 10},
    {"text/html", 9},
    {MAP_TYPE_COMPOSING, sizeof(MAP_TYPE_COMPOSING) - 1},
    {MAP_TYPE_LINK, sizeof(MAP_TYPE_LINK) - 1},
};

/* BODY-12 */
static bool is_sendable(const struct message *m)
{
	if (m->n_parts == 0)
		return true;
	for (size_t i = 0; i < sizeof(sendable) / sizeof(sendable[0]); i++)
		if (message_part(m, sendable[i]))
			return true;
	return false;
}

/* --- their list --- */

static void let_go(struct sending *x)
{
	x->proxy->queued -= x->octets;
	x->octets = 0;
	message_unref(x->msg);
	x->msg = NULL;
}

static void drop(struct sending *x)
{
	struct proxy *p = x->proxy;

	let_go(x);
	echo_close(p->echoes, x);
	TAILQ_REMOVE(&p->sendings, x, link);
	free(x->client_id);
	free(x);
}

void proxy_drop_sendings(struct proxy *p)
{
	while (!TAILQ_EMPTY(&p->sendings))
		drop(TAILQ_FIRST(&p->sendings));
}

/* Its sender's answer, the first time; later a report of failure (S2X-29). */
static void outcome(struct sending *x, enum reason_code code)
{
	struct reason why = {.code = code};
	struct proxy *p = x->proxy;
	uint64_t op = x->op;

	if (op) {
		x->op = 0;
		leg_result(p->leg, x->seat, op, why, x->msg);
	} else if (code != REASON_OK) {
		p->b->stats.undelivered++;
		leg_undelivered(p->leg, x->seat, str_z(x->client_id), STR_NONE,
				why);
	}
}

static void take_for_good(struct sending *x)
{
	uint64_t op = x->op;

	x->op = 0;
	leg_result_unsure(x->proxy->leg, x->seat, op, x->msg);
}

static void fail(struct sending *x, enum reason_code code)
{
	outcome(x, code);
	drop(x);
}

void proxy_fail_sendings(struct proxy *p)
{
	struct sending *x;

	while ((x = TAILQ_FIRST(&p->sendings)))
		if (x->private && !x->held && !x->op)
			drop(x);
		else
			fail(x, REASON_TIMEOUT);
}

void proxy_echo_lost(void *user, void *data)
{
	(void)user;
	fail(data, REASON_TIMEOUT);
}

/* --- out --- */

static struct str text_of(const struct message *m)
{
	const struct part *part = message_part(m, sendable[0]);

	if (!part)
		part = message_part(m, STR(MAP_TYPE_LINK));
	return part ? part->body : STR_NONE;
}

static struct map_message_cfg to_room(const struct proxy *p)
{
	return (struct map_message_cfg){
	    .room_elsewhere = true,
	    .stanza_max = p->b->cfg.config->xmpp.max_stanza,
	};
}

static void put_payload(struct proxy *p, struct buf *b, const struct message *m)
{
	struct map_message_cfg cfg = to_room(p);

	map_message_to_payload(b, m, &cfg);
}

static void transmit(struct sending *x)
{
	struct proxy *p = x->proxy;
	const struct occupant *to = NULL;
	struct buf *b;

	x->held = x->suspect = false;
	x->late_ms = loop_now_ms(p->b->loop) + LATE_MS;
	if (!x->private && !x->again)
		echo_add(p->echoes, str_z(x->id), buf_str(&p->nick),
			 text_of(x->msg), loop_now_ms(p->b->loop), x);
	if (x->private) {
		to = leg_by_id(p->leg, x->msg->to);
		if (!to) {
			fail(x, REASON_NO_OCCUPANT);
			return;
		}
	}
	b = muc_begin(p, "message", to ? to->nick : STR_NONE,
		      to ? "chat" : "groupchat", x->id);
	put_payload(p, b, x->msg);
	if (to)
		buf_addz(b, "<x xmlns='" NS_MUC_USER "'/>");
	buf_addf(b, "<origin-id xmlns='" NS_SID "' id='%s'/></message>", x->id);
	muc_send(p);
	p->b->stats.messages_out++;
}

static bool stream_is_down(const struct proxy *p)
{
	return table_get_str(p->b->down, p->domain);
}

static bool can_send(const struct proxy *p)
{
	return p->phase == PROXY_IN && !p->catching_up && !stream_is_down(p);
}

void proxy_send_held(struct proxy *p)
{
	struct sending *x, *next;

	for (x = TAILQ_FIRST(&p->sendings); x && can_send(p); x = next) {
		next = TAILQ_NEXT(x, link);
		if (x->held)
			transmit(x);
	}
	proxy_watch_due(p);
}

static size_t count(const struct proxy *p)
{
	const struct sending *x;
	size_t n = 0;

	TAILQ_FOREACH (x, &p->sendings, link)
		n += x->held;
	return n;
}

/* Why it can't be said, or REASON_OK. */
static enum reason_code check(struct proxy *p, const struct message *m)
{
	const struct occupant *self = leg_self(p->leg);
	size_t max = p->b->cfg.config->limits.leg_queue;
	struct map_message_cfg cfg = to_room(p);

	if (!m || m->author)
		return REASON_BAD_REQUEST;
	if (!is_sendable(m))
		return REASON_BAD_TYPE;
	if (m->stream || !map_fits_stanza(m, &cfg))
		return REASON_TOO_BIG; /* BODY-27 */
	if (m->private && !leg_by_id(p->leg, m->to))
		return REASON_NO_OCCUPANT;
	if (!m->private && self && self->role == ROLE_VISITOR)
		return REASON_NO_VOICE; /* S2X-44 */
	/* ERR-12: 408 where the room is elsewhere */
	if (p->queued + arena_used(m->arena) > max ||
	    (!can_send(p) && count(p) >= HELD_MAX))
		return REASON_TIMEOUT;
	return REASON_OK;
}

/* A typing notice, say, that rooms don't get. */
static bool is_empty(struct proxy *p, const struct message *m)
{
	struct buf b = BUF_INIT(SIZE_MAX / 2);
	bool empty;

	put_payload(p, &b, m);
	empty = b.n == 0;
	buf_done(&b);
	return empty;
}

/* His client has refused what somebody there said to him alone. */
static void say_failed(struct proxy *p, const struct message *m)
{
	const struct occupant *to = leg_by_id(p->leg, m->to);
	struct buf *b;

	if (!to || !m->failed_id.n || !can_send(p))
		return;
	b = muc_begin(p, "message", to->nick, "error",
		      arena_dup(m->arena, m->failed_id).p);
	x_put_error(b, muc_not_taken, STR_NONE, str_z(reason_text(m->failed)));
	buf_addz(b, "</message>");
	muc_send(p);
}

void proxy_say(struct proxy *p, uint64_t seat, const struct seat_cmd *cmd)
{
	struct message *m = cmd->msg;
	enum reason_code why = check(p, m);
	struct sending *x;

	if (m && m->failed) {
		say_failed(p, m);
		leg_result(p->leg, seat, cmd->op, (struct reason){0}, m);
		return;
	}
	if (why != REASON_OK || is_empty(p, m)) {
		leg_result(p->leg, seat, cmd->op, (struct reason){.code = why},
			   m);
		return;
	}
	x = mem_new(sizeof(*x));
	x->proxy = p;
	x->msg = message_ref(m);
	x->octets = arena_used(m->arena);
	p->queued += x->octets;
	x->seat = seat;
	x->op = cmd->op;
	x->at_ms = loop_now_ms(p->b->loop);
	x->late_ms = x->at_ms + LATE_MS;
	x->private = m->private;
	x->client_id = str_dup(m->client_id);
	x->held = true;
	muc_uuid(x->id);
	if (m->private) /* what a receipt names (XEP-0184) */
		m->id = arena_dup(m->arena, str_z(x->id));
	TAILQ_INSERT_TAIL(&p->sendings, x, link);
	if (can_send(p))
		transmit(x);
	proxy_watch_due(p);
}

/* --- what becomes of it --- */

/* To the user as the room has it: it has its place there now. */
static void reflect(struct proxy *p, struct sending *x,
		    const struct muc_said *in)
{
	struct leg_cause cause = {.seat = x->seat, .op = x->op};

	if (!x->op || !x->msg || x->msg->author)
		return;
	x->msg->id = arena_dup(x->msg->arena, in->stanza_id);
	leg_message(p->leg, x->msg, in->from.resource, in->time_ms, false,
		    &cause);
}

void proxy_echoed(struct proxy *p, struct sending *x, const struct muc_said *in)
{
	p->b->stats.echoes++;
	reflect(p, x, in);
	outcome(x, REASON_OK);
	drop(x);
	proxy_watch_due(p);
}

static struct sending *find(struct proxy *p, struct str id)
{
	struct sending *x;

	if (!id.n)
		return echo_failed(p->echoes, id, loop_now_ms(p->b->loop));
	TAILQ_FOREACH (x, &p->sendings, link)
		if (str_eq(str_z(x->id), id))
			return x;
	return NULL;
}

/* S2X-32; a service that has started again may not even know the room. */
static bool says_not_in(const struct muc_said *in)
{
	return strcmp(in->error.condition, "not-acceptable") == 0 ||
	       strcmp(in->error.condition, "item-not-found") == 0;
}

bool proxy_unsaid(struct proxy *p, const struct muc_said *in)
{
	struct sending *x = find(p, in->id);
	struct map_error_context c = {.size = true};

	if (!x || x->held)
		return x;
	c.private = x->private;
	if (!x->private && says_not_in(in) && !x->again && x->msg) {
		x->again = x->held = true;
		if (p->phase == PROXY_IN)
			proxy_come_again(p, REASON_NOT_JOINED, true);
		return true;
	}
	if (!x->private && says_not_in(in)) {
		fail(x, REASON_NOT_JOINED);
		proxy_goodbye(p, STR_NONE);
		proxy_end(p, (struct reason){.code = REASON_LOST});
		return true;
	}
	fail(x, map_error_to_unsaid(in->error, c));
	proxy_watch_due(p);
	return true;
}

void proxy_suspect_all(struct proxy *p)
{
	struct sending *x;

	TAILQ_FOREACH (x, &p->sendings, link)
		if (!x->held && (!x->private || x->op))
			x->suspect = true;
}

void proxy_lose_suspects(struct proxy *p)
{
	struct sending *x, *next;

	for (x = TAILQ_FIRST(&p->sendings); x; x = next) {
		next = TAILQ_NEXT(x, link);
		if (x->suspect && !x->held)
			fail(x, REASON_TIMEOUT);
	}
	proxy_watch_due(p);
}

/* --- time --- */

static bool is_due(const struct sending *x, uint64_t after_ms, uint64_t now)
{
	return now >= x->at_ms + after_ms;
}

/* A message to one is good when no error has come; one to the room is taken for
 * good after a while, and for lost when it has been too long. */
static void on_sending_due(struct sending *x, uint64_t now)
{
	if (x->op && is_due(x, x->private ? PRIVATE_MS : ECHO_MS, now))
		take_for_good(x);
	if (now < x->late_ms)
		return;
	if (x->private && !x->held)
		drop(x);
	else
		fail(x, REASON_TIMEOUT);
}

static void on_wish_due(struct proxy *p, struct wish *w, uint64_t now)
{
	if (w->open && now >= w->at_ms + WISH_MS)
		wish_done(p, w, REASON_TIMEOUT);
}

static void on_due(void *user)
{
	struct proxy *p = user;
	uint64_t now = loop_now_ms(p->b->loop);
	struct sending *x, *next;

	for (x = TAILQ_FIRST(&p->sendings); x; x = next) {
		next = TAILQ_NEXT(x, link);
		on_sending_due(x, now);
	}
	on_wish_due(p, &p->nick_wish, now);
	on_wish_due(p, &p->subject_wish, now);
	echo_expire(p->echoes, now);
	proxy_expire_queries(p, now);
	proxy_watch_due(p);
}

static void earlier(uint64_t *next, uint64_t at)
{
	if (at < *next)
		*next = at;
}

void proxy_watch_due(struct proxy *p)
{
	uint64_t now = loop_now_ms(p->b->loop), next = UINT64_MAX;
	const struct sending *x;

	TAILQ_FOREACH (x, &p->sendings, link) {
		if (x->op)
			earlier(&next,
				x->at_ms + (x->private ? PRIVATE_MS : ECHO_MS));
		earlier(&next, x->late_ms);
	}
	if (p->nick_wish.open)
		earlier(&next, p->nick_wish.at_ms + WISH_MS);
	if (p->subject_wish.open)
		earlier(&next, p->subject_wish.at_ms + WISH_MS);
	earlier(&next, proxy_queries_due(p));
	if (p->ended)
		return;
	if (next == UINT64_MAX)
		timer_cancel(p->b->loop, &p->due);
	else
		timer_set(p->b->loop, &p->due, next > now ? next - now : 0,
			  on_due, p);
}
