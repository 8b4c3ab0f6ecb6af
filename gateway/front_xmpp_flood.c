/* Who sends too much at a time is refused, and who goes on is removed, as SIP
 * users are (ABN-9). What counts is the user, on all his devices and in all
 * rooms together. Remembered is only who sent just now; bounded: the users who
 * were quiet for the longest time go first. */
#include <stdlib.h>

#include "base/bucket.h"
#include "base/log.h"
#include "base/mem.h"
#include "gateway/config.h"
#include "gateway/front_xmpp_priv.h"

/* Users that are known, of which the calm ones go first. */
#define SENDERS_MAX 65536
/* Queries are cheap, and clients ask for every occupant's picture at once. */
#define QUERIES_PER_MESSAGE 4

struct sender {
	TAILQ_ENTRY(sender) link; /* the one that was active last is the last */
	char *jid;
	struct bucket said, refused; /* what others hear, and what is too much
					of that */
	struct bucket asked;	     /* what only he is answered */
	struct bucket joined;
};

struct floods {
	struct table *by_jid;
	TAILQ_HEAD(, sender) order;
};

struct floods *floods_new(void)
{
	struct floods *fl = mem_new(sizeof(*fl));

	fl->by_jid = table_new();
	TAILQ_INIT(&fl->order);
	return fl;
}

static void forget(struct floods *fl, struct sender *e)
{
	TAILQ_REMOVE(&fl->order, e, link);
	table_del_str(fl->by_jid, str_z(e->jid));
	free(e->jid);
	free(e);
}

void floods_free(struct floods *fl)
{
	while (!TAILQ_EMPTY(&fl->order))
		forget(fl, TAILQ_FIRST(&fl->order));
	table_free(fl->by_jid);
	free(fl);
}

/* May he send as much as one who is not known? */
static bool is_calm(const struct sender *e, const struct config *c,
		    uint64_t now_ms)
{
	unsigned rate = c->limits.message_rate, joins = c->limits.join_rate;

	return bucket_is_full(&e->said, rate, now_ms) &&
	       bucket_is_full(&e->refused, rate, now_ms) &&
	       bucket_is_full(&e->asked, QUERIES_PER_MESSAGE * rate, now_ms) &&
	       bucket_is_full(&e->joined, joins, now_ms);
}

static void forget_calm(struct floods *fl, const struct config *c,
			uint64_t now_ms)
{
	struct sender *e;

	while (
	    (e = TAILQ_FIRST(&fl->order)) &&
	    (is_calm(e, c, now_ms) || table_count(fl->by_jid) >= SENDERS_MAX))
		forget(fl, e);
}

static struct sender *sender_of(struct floods *fl, struct str jid,
				const struct config *c, uint64_t now_ms)
{
	struct sender *e = table_get_str(fl->by_jid, jid);

	if (e) {
		TAILQ_REMOVE(&fl->order, e, link);
	} else {
		forget_calm(fl, c, now_ms);
		e = mem_new(sizeof(*e));
		e->jid = str_dup(jid);
		table_put_str(fl->by_jid, str_z(e->jid), e);
	}
	TAILQ_INSERT_TAIL(&fl->order, e, link);
	return e;
}

/* What a stanza costs others. */
enum cost { FREE, ANSWER, SPEECH, JOINING };

static enum cost cost_of(enum muc_kind kind)
{
	switch (kind) {
	case MUC_JOIN:
		return JOINING;
	case MUC_PRESENCE:
	case MUC_GROUPCHAT:
	case MUC_SUBJECT:
	case MUC_PRIVATE:
	case MUC_INVITE:
	case MUC_DECLINE:
	case MUC_VOICE_REQUEST:
		return SPEECH;
	case MUC_SUBSCRIBE:
	case MUC_PROBE:
	case MUC_BAD_MESSAGE:
	case MUC_IQ:
	case MUC_BAD_IQ:
		return ANSWER;
	case MUC_LEAVE:
	case MUC_BOUNCE:
	case MUC_IQ_REPLY:
	case MUC_IGNORE:
		break;
	}
	return FREE;
}

static bool take(struct bucket *b, unsigned rate, unsigned burst,
		 uint64_t now_ms)
{
	return rate == 0 || bucket_take(b, rate, burst, now_ms);
}

static bool may_send(const struct config *c, struct sender *e, enum cost cost,
		     uint64_t now_ms)
{
	if (cost == JOINING)
		return take(&e->joined, c->limits.join_rate,
			    c->limits.join_burst, now_ms);
	if (cost == ANSWER)
		return take(
		    &e->asked, QUERIES_PER_MESSAGE * c->limits.message_rate,
		    QUERIES_PER_MESSAGE * c->limits.message_burst, now_ms);
	return take(&e->said, c->limits.message_rate, c->limits.message_burst,
		    now_ms);
}

static void refuse(struct fx_domain *d, const struct muc_in *in,
		   struct fx_session *s)
{
	struct pending update = {.kind = PENDING_PRESENCE, .id = in->id};

	if (!s || in->kind != MUC_PRESENCE) {
		fx_refuse(d->f, str_z(d->name), in, REASON_FLOOD);
		return;
	}
	/* from the nickname he has, whatever he asked for (NICK-11) */
	d->f->stats.refused++;
	d->f->stats.refused_for[REASON_FLOOD]++;
	fx_nick_done(s, &update, REASON_FLOOD);
}

bool fx_floods(struct fx_domain *d, const struct muc_in *in,
	       struct fx_session *s)
{
	const struct config *c = d->f->cfg.config;
	enum cost cost = cost_of(in->kind);
	uint64_t now_ms = loop_now_ms(d->f->loop);
	struct sender *e;

	if (!c || cost == FREE)
		return false;
	e = sender_of(d->f->floods, in->from.bare, c, now_ms);
	if (may_send(c, e, cost, now_ms))
		return false;
	refuse(d, in, s);
	if (!s || cost != SPEECH ||
	    take(&e->refused, c->limits.message_rate, c->limits.message_burst,
		 now_ms))
		return true;
	log_warn(d->f->log, "xmpp.flood", "room=%s jid=%s", LOGQ(s->room),
		 LOGQ(s->jid));
	d->f->stats.flooders++;
	fx_leave(s, REASON_FLOOD, str_z(reason_text(REASON_FLOOD)));
	return true;
}
