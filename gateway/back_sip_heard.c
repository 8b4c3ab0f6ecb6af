/* What the switch sends: messages of the others (RFC 7702 §5.5). */
#include <stdlib.h>

#include "base/mem.h"
#include "base/rfc3339.h"
#include "gateway/back_sip_priv.h"
#include "mapping/imdn.h"
#include "mapping/message.h"
#include "msrp/cpim.h"

/* Before the room is open, and within limits.leg_queue: what takes a record for
 * hardly an octet of content is bounded, too. */
#define HEARD_MAX 1000
/* BODY-30: what is said to be older was said before */
#define OLD_MS 60000

struct bs_heard {
	TAILQ_ENTRY(bs_heard) link;
	struct message *msg;
	size_t octets;	       /* that msg takes */
	struct cpim_addr from; /* slices of msg */
	uint64_t time_ms, mark;
	msrp_tx tx;    /* of one that wants a receipt, or 0 */
	bool notified; /* by CPIM */
	bool old;
};

static void heard_free(struct bs_leg *l, struct bs_heard *h)
{
	TAILQ_REMOVE(&l->heard, h, link);
	l->n_heard--;
	l->heard_octets -= h->octets;
	message_unref(h->msg);
	free(h);
}

void bs_drop_heard(struct bs_leg *l)
{
	while (!TAILQ_EMPTY(&l->heard))
		heard_free(l, TAILQ_FIRST(&l->heard));
}

/* The nickname that `room;gr=nick` names; false: it is another URI. *nick
 * empty: the room itself. */
static bool of_room(const struct bs_leg *l, struct str uri, struct buf *nick)
{
	struct buf room = BUF_INIT(8192);
	int status;
	bool is = map_sip_to_room(uri, &room, nick, &status) >= 0 &&
		  str_eq(buf_str(&room), l->room);

	buf_done(&room);
	return is;
}

/* Who it is from, as the leg calls him. Of a stranger (he may have just gone)
 * only what he calls himself is known. */
static void author(const struct bs_leg *l, struct cpim_addr from,
		   struct buf *nick)
{
	struct str known = bs_roster_nick(l, from.uri);

	if (known.n) {
		buf_add(nick, known);
		return;
	}
	if (of_room(l, from.uri, nick))
		return;
	buf_clear(nick);
	if (from.name.n && map_prep_resource(nick, from.name) == 0 &&
	    !leg_by_nick(l->leg, buf_str(nick)))
		return; /* else it would be another's name */
	buf_clear(nick);
	if (map_prep_resource(nick, from.uri) < 0)
		buf_clear(nick);
}

/* To a new session the conference says again what its user has heard by an
 * earlier one. */
static bool is_known(struct bs_leg *l, const struct bs_heard *h, struct str by)
{
	if (l->away.on && str_eq(by, str_z(l->nick)))
		return true;
	return bs_knows(l, h->mark);
}

static void tell(struct bs_leg *l, const struct bs_heard *h)
{
	struct message *m = h->msg;
	struct buf nick = BUF_INIT(8192);
	const struct occupant *self;

	author(l, h->from, &nick);
	if (m->private) {
		self = leg_self(l->leg);
		m->to = self ? self->id : 0;
	}
	if (!is_known(l, h, buf_str(&nick))) {
		bs_note_seen(l, h->mark);
		leg_message(l->leg, m, buf_str(&nick), h->time_ms, h->old,
			    NULL);
		bs_receipt_owed(l, h->tx, m, h->notified);
	}
	buf_done(&nick);
}

static void tell_some(struct bs_leg *l, bool old_only)
{
	struct bs_heard *h;

	while (!l->ended && (h = TAILQ_FIRST(&l->heard)) &&
	       (h->old || !old_only)) {
		struct bs_heard was = *h;

		message_ref(was.msg);
		heard_free(l, h);
		tell(l, &was);
		message_unref(was.msg);
	}
}

void bs_tell_old(struct bs_leg *l)
{
	tell_some(l, true);
}

void bs_tell_heard(struct bs_leg *l)
{
	tell_some(l, false);
}

/* Until the roster says who is who. False: too many. */
static bool hold(struct bs_leg *l, const struct bs_heard *like)
{
	size_t most = l->b->cfg.config->limits.leg_queue;
	struct bs_heard *h;

	if (l->n_heard == HEARD_MAX || l->heard_octets >= most)
		return false;
	h = mem_new(sizeof(*h));
	*h = *like;
	h->octets = arena_used(h->msg->arena) + h->msg->form[WORLD_SIP]->n;
	l->heard_octets += h->octets;
	message_ref(h->msg);
	TAILQ_INSERT_TAIL(&l->heard, h, link);
	l->n_heard++;
	return true;
}

static bool is_to_room(const struct bs_leg *l, struct str uri)
{
	struct buf nick = BUF_INIT(8192);
	bool room = of_room(l, uri, &nick) && !nick.n;

	buf_done(&nick);
	return room;
}

/* When it was said, as far as that is to be believed. */
static uint64_t said_at(const struct bs_leg *l, const struct cpim *c, bool *old)
{
	uint64_t now = loop_wall_ms(l->b->loop), then;

	*old = false;
	if (!c->datetime.n || rfc3339_parse(c->datetime, &then) < 0 ||
	    then > now)
		return now;
	*old = now - then > OLD_MS;
	return then;
}

/* BODY-21: the report of a private message is its receipt. */
static void want_receipt(struct bs_leg *l, struct bs_heard *h,
			 const struct cpim *c, msrp_tx tx, bool report)
{
	h->notified = map_wants_imdn(c);
	if (!h->msg->private || !(report || h->notified))
		return;
	h->msg->wants_receipt = true;
	h->tx = tx;
	if (report)
		msrp_session_hold_report(l->session, tx);
}

static int take(struct bs_leg *l, struct message *m, const struct cpim *c,
		msrp_tx tx, const struct msrp_message *in)
{
	const struct config *config = l->b->cfg.config;
	struct map_message_cfg map = {.room_elsewhere = true,
				      .stanza_max = config->xmpp.max_stanza};
	struct bs_heard h = {.msg = m, .from = c->from, .mark = bs_mark(c)};
	int status;

	m->private = c->n_to > 0 && !is_to_room(l, c->to.uri);
	status = map_cpim_to_message(c, &map, m);
	if (status != 200)
		return status;
	m->form_type[WORLD_SIP] = mime_type(c->content_type);
	h.time_ms = said_at(l, c, &h.old);
	want_receipt(l, &h, c, tx, in->success_report);
	if (l->state == BS_OPEN)
		tell(l, &h);
	else if (!hold(l, &h))
		status = 408; /* ERR-12 */
	return status;
}

/* 200, or the status owed. */
static int read_cpim(struct bs_leg *l, msrp_tx tx,
		     const struct msrp_message *in)
{
	struct message *m = message_new(in->body.n * 2 + 65536);
	struct cpim c;
	int status = 400;

	m->form[WORLD_SIP] = blob_new(in->body);
	if (cpim_parse(blob_str(m->form[WORLD_SIP]), m->arena, &c) == 0)
		status = take(l, m, &c, tx, in);
	message_unref(m);
	return status;
}

void bs_on_message(void *leg, msrp_tx tx, const struct msrp_message *in)
{
	struct bs_leg *l = leg;
	struct str type = mime_type(in->content_type);
	int status = 415;

	l->b->stats.messages_in++;
	if (str_ieq(type, STR("message/cpim")))
		status = read_cpim(l, tx, in);
	else if (str_ieq(type, STR("text/x-msrp-heartbeat")))
		status = 200;
	if (l->session && !l->ended)
		msrp_session_reply(l->session, tx, status, "");
}

void bs_on_flow(void *leg, struct msrp_incoming *in,
		const struct msrp_message *m)
{
	uint64_t octets = m->has_total ? m->total : m->body.n;

	if (octets > bs_max_size(leg))
		msrp_incoming_refuse(in, 413, "too long for XMPP");
}
