/* Sessions: one full JID in one room, its seat, and the commands that it has
 * under way. */
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "gateway/front_xmpp_priv.h"

/* Commands of one client that wait for their outcome; flood limits come first.
 */
#define PENDING_MAX 256

static struct str make_key(struct buf *b, struct str room, struct str jid)
{
	buf_clear(b);
	buf_add(b, room);
	buf_addc(b, '\0');
	buf_add(b, jid);
	return buf_str(b);
}

struct fx_session *fx_find_any(struct front_xmpp *f, struct str room,
			       struct str jid)
{
	return table_get_str(f->sessions, make_key(&f->key, room, jid));
}

struct fx_session *fx_find(struct front_xmpp *f, struct str room,
			   struct str jid)
{
	struct fx_session *s = fx_find_any(f, room, jid);

	return s && s->joined ? s : NULL;
}

static void on_event(void *front, const struct seat_ev *ev)
{
	struct fx_session *s = front;

	assert(s->tag == FX_SESSION_TAG);
	switch (ev->type) {
	case SEAT_JOINED:
		s->joined = true;
		if (!s->silent)
			fx_roster_event(s, ev);
		break;
	case SEAT_OCCUPANT_JOINED:
	case SEAT_OCCUPANT_CHANGED:
	case SEAT_OCCUPANT_LEFT:
		if (!s->silent)
			fx_roster_event(s, ev);
		break;
	case SEAT_MESSAGE:
		if (!s->silent)
			fx_message_event(s, ev);
		break;
	case SEAT_SUBJECT_SET:
		if (!s->silent)
			fx_subject_event(s, ev);
		break;
	case SEAT_ROOM_CHANGED:
		if (!s->silent && ev->changed)
			fx_tell_settings(s, ev->changed);
		break;
	case SEAT_VOICE_ASKED:
		if (!s->silent)
			fx_voice_asked(s, ev->who);
		break;
	case SEAT_RESULT:
		fx_result(s, ev->own_op, ev->reason.code);
		break;
	case SEAT_UNDELIVERED:
		fx_message_failed(s,
				  &(struct pending){.kind = PENDING_MESSAGE,
						    .id = ev->client_id,
						    .to = ev->to_nick},
				  ev->reason.code);
		break;
	case SEAT_ENDED:
		if (!s->silent && s->joined)
			fx_roster_event(s, ev);
		else if (!s->silent)
			fx_join_failed(s, ev->reason);
		fx_session_end(s);
		break;
	}
}

static const struct seat_front_ops front_ops = {.event = on_event};

struct fx_session *fx_session_new(struct fx_domain *d, struct str room,
				  const struct jid *from)
{
	struct fx_session *s = mem_new(sizeof(*s));
	struct front_xmpp *f = d->f;
	struct str key = make_key(&f->key, room, from->full);
	char *at;

	s->tag = FX_SESSION_TAG;
	s->f = f;
	s->domain = d;
	buf_clear(&f->out);
	x_put_attr(&f->out, "to", from->full);
	s->text = at = mem_new(key.n + f->out.n);
	s->key = str_pack(&at, key);
	s->to = str_pack(&at, buf_str(&f->out));
	s->room = str_of(s->key.p, room.n);
	s->jid = str_of(s->key.p + room.n + 1, from->full.n);
	s->bare = str_of(s->jid.p, from->bare.n);
	s->affiliation = AFF_NONE;
	s->seat.front_ops = &front_ops;
	s->seat.front = s;
	TAILQ_INIT(&s->pending);
	TAILQ_INSERT_TAIL(&d->sessions, s, in_domain);
	TAILQ_INSERT_TAIL(&f->silent_longest, s, in_silence);
	fx_session_register(s);
	fx_exile_returns(f, s->key);
	fx_heard(s);
	return s;
}

void fx_session_register(struct fx_session *s)
{
	table_del_str(s->f->sessions, s->key);
	table_put_str(s->f->sessions, s->key, s);
}

void fx_session_name(struct fx_session *s, struct str nick,
		     struct str stable_id)
{
	char *old = s->self_text, *at = mem_new(nick.n + stable_id.n);

	s->self_text = at;
	s->nick = str_pack(&at, nick);
	s->stable_id = str_pack(&at, stable_id);
	free(old);
}

static void session_free(void *p)
{
	struct fx_session *s = p;

	fx_history_free(s);
	free(s->self_text);
	free(s->join_id);
	free(s->text);
	free(s);
}

static void settle(struct fx_session *s, struct pending *p,
		   enum reason_code code)
{
	TAILQ_REMOVE(&s->pending, p, link);
	s->n_pending--;
	switch (p->kind) {
	case PENDING_MESSAGE:
	case PENDING_SUBJECT:
		fx_message_failed(s, p, code);
		break;
	case PENDING_PRESENCE:
	case PENDING_NICK:
		fx_nick_done(s, p, code);
		break;
	case PENDING_IQ:
	case PENDING_DESTROY:
		fx_iq_done(s, p, code);
		break;
	}
	free(p);
}

void fx_session_end(struct fx_session *s)
{
	struct front_xmpp *f = s->f;
	struct pending *p;

	if (s->ended)
		return;
	s->ended = true;
	while ((p = TAILQ_FIRST(&s->pending)))
		settle(s, p, p->accepted ? REASON_OK : REASON_NOT_JOINED);
	if (table_get_str(f->sessions, s->key) == s) {
		table_del_str(f->sessions, s->key);
		fx_unkeep(s);
	}
	TAILQ_REMOVE(&s->domain->sessions, s, in_domain);
	TAILQ_REMOVE(&f->silent_longest, s, in_silence);
	/* maybe inside one of its own events */
	defer_free(f->loop, s, session_free);
}

const struct occupant *fx_self(struct fx_session *s)
{
	return seat_by_id(&s->seat, s->occupant);
}

static struct pending *pending_copy(const struct pending *like)
{
	const struct presence *pr = &like->presence;
	struct pending *p =
	    mem_new(sizeof(*p) + like->id.n + like->to.n + like->text.n +
		    pr->show.n + pr->status.n + pr->payload.n);
	char *to = (char *)(p + 1);

	*p = *like;
	p->id = str_pack(&to, like->id);
	p->to = str_pack(&to, like->to);
	p->text = str_pack(&to, like->text);
	p->presence.show = str_pack(&to, pr->show);
	p->presence.status = str_pack(&to, pr->status);
	p->presence.payload = str_pack(&to, pr->payload);
	return p;
}

bool fx_command(struct fx_session *s, struct seat_cmd *cmd,
		const struct pending *like)
{
	struct pending *p;

	if (s->n_pending == PENDING_MAX)
		return false;
	p = pending_copy(like);
	p->op = cmd->op = ++s->f->last_op;
	TAILQ_INSERT_TAIL(&s->pending, p, link);
	s->n_pending++;
	seat_command(&s->seat, cmd);
	return true;
}

struct pending *fx_pending(struct fx_session *s, uint64_t op)
{
	struct pending *p;

	TAILQ_FOREACH (p, &s->pending, link)
		if (p->op == op)
			return p;
	return NULL;
}

void fx_result(struct fx_session *s, uint64_t op, enum reason_code code)
{
	struct pending *p = op ? fx_pending(s, op) : NULL;

	if (!p)
		return;
	/* the one who closes a room hears of his own end first */
	if (p->kind == PENDING_DESTROY && code == REASON_OK)
		p->accepted = true;
	else
		settle(s, p, code);
}
