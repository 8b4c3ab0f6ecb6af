/* Occupants who are gone without a word: bounced stanzas and pings (XEP-0045
 * §18.1.2, RFC 6121 §8.5.3.2). */
#include "base/log.h"
#include "base/random.h"
#include "gateway/front_xmpp_priv.h"

#include <string.h>

static void arm(struct front_xmpp *f)
{
	const struct fx_session *first = TAILQ_FIRST(&f->silent_longest);
	uint64_t now_ms = loop_now_ms(f->loop), due_ms;

	if (!first || timer_pending(&f->ping_timer))
		return;
	due_ms = first->heard_ms + f->cfg.ping_idle_ms;
	timer_set(f->loop, &f->ping_timer,
		  due_ms > now_ms ? due_ms - now_ms : 0, fx_on_ping_timer, f);
}

void fx_heard(struct fx_session *s)
{
	struct front_xmpp *f = s->f;

	s->heard_ms = loop_now_ms(f->loop);
	TAILQ_REMOVE(&f->silent_longest, s, in_silence);
	TAILQ_INSERT_TAIL(&f->silent_longest, s, in_silence);
	arm(f);
}

void fx_ping(struct fx_session *s)
{
	struct buf *b;

	random_ident(s->ping_id, sizeof(s->ping_id) - 1);
	b = fx_begin(s->f, "iq", s->jid, s->room, STR_NONE, "get",
		     str_z(s->ping_id));
	buf_addz(b, "><ping xmlns='" NS_PING "'/></iq>");
	fx_send(s->f, str_z(s->domain->name));
}

/* No answer decides nothing, for a client may hibernate: each is asked once in
 * a while. */
void fx_on_ping_timer(void *user)
{
	struct front_xmpp *f = user;
	uint64_t now_ms = loop_now_ms(f->loop);
	struct fx_session *s;

	while ((s = TAILQ_FIRST(&f->silent_longest)) &&
	       s->heard_ms + f->cfg.ping_idle_ms <= now_ms) {
		fx_heard(s);
		fx_ping(s);
	}
	arm(f);
}

static bool is_condition(struct stanza_error e, const char *condition)
{
	return strcmp(e.condition, condition) == 0;
}

static bool means_gone(struct stanza_error e)
{
	return is_condition(e, "gone") || is_condition(e, "item-not-found") ||
	       is_condition(e, "recipient-unavailable") ||
	       is_condition(e, "redirect") ||
	       is_condition(e, "remote-server-not-found") ||
	       is_condition(e, "remote-server-timeout");
}

static void remove_ghost(struct fx_session *s, struct stanza_error e)
{
	log_info(s->f->log, "xmpp.ghost", "room=%s jid=%s condition=%s",
		 LOGQ(s->room), LOGQ(s->jid), LOGQ(str_z(e.condition)));
	s->f->stats.ghosts++;
	fx_leave(s, REASON_LOST, STR_NONE);
}

/* service-unavailable is what servers answer for a full JID that is gone, and
 * what a client may answer to what it does not know: a ping tells. */
void fx_on_bounce(struct fx_session *s, const struct muc_in *in)
{
	bool doubtful = x_is(in->stanza, "message", NULL) &&
			is_condition(in->error, "service-unavailable");

	if (means_gone(in->error) || (doubtful && s->suspect)) {
		remove_ghost(s, in->error);
	} else if (doubtful) {
		s->suspect = true;
		fx_ping(s);
	}
}

void fx_on_iq_reply(struct fx_session *s, const struct muc_in *in)
{
	bool failed = str_eq(in->type, STR("error"));
	bool doubtful = is_condition(in->error, "service-unavailable");

	if (!in->id.n || !str_eq(in->id, str_z(s->ping_id)))
		return;
	s->ping_id[0] = '\0';
	if (failed && (means_gone(in->error) ||
		       (doubtful && (s->answers_pings || s->suspect)))) {
		remove_ghost(s, in->error);
		return;
	}
	if (!failed)
		s->answers_pings = true;
	s->suspect = false;
	fx_heard(s);
}
