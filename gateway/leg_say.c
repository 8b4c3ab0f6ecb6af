/* What is said in a leg's room: messages, the subject, its properties. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "gateway/leg_priv.h"

#define ID_CHARS 24

/* Says who the author is and when it was, as a room does. */
static bool stamp(struct leg *l, struct message *m, const struct occupant *by,
		  uint64_t time_ms)
{
	char id[ID_CHARS + 1];

	if (!m->id.n) {
		random_ident(id, ID_CHARS);
		m->id = arena_dup(m->arena, str_of(id, ID_CHARS));
	}
	m->world = by->world;
	m->author = by->id;
	m->time_ms = time_ms ? time_ms : loop_wall_ms(l->cfg.loop);
	m->nick = arena_dup(m->arena, by->nick);
	m->user = arena_dup(m->arena, by->user);
	m->sip_uri = arena_dup(m->arena, by->sip_uri);
	m->stable_id = arena_dup(m->arena, by->stable_id);
	m->jid = arena_dup(m->arena, by->jid);
	if (!m->private)
		m->serial = ++l->serial;
	return m->id.n && m->nick.n == by->nick.n && m->user.n == by->user.n &&
	       m->sip_uri.n == by->sip_uri.n &&
	       m->stable_id.n == by->stable_id.n && m->jid.n == by->jid.n;
}

bool leg_message(struct leg *l, struct message *m, struct str nick,
		 uint64_t time_ms, bool delayed, const struct leg_cause *cause)
{
	struct seat_ev ev = {
	    .type = SEAT_MESSAGE, .msg = m, .delayed = delayed};
	/* of whom only the name is known: the other world's */
	struct occupant absent = {
	    .world = l->world == WORLD_SIP ? WORLD_XMPP : WORLD_SIP,
	    .nick = nick,
	};
	struct leg_occ *o;

	leg_settle(l);
	o = leg_occ_by_nick(l, nick);
	if (!stamp(l, m, o ? &o->value->pub : &absent, time_ms))
		return false;
	if (o && !delayed)
		o->value->pub.active_ms = m->time_ms;
	message_ref(m);
	leg_tell(l, SEAT_WANTS_MESSAGES, &ev, cause);
	message_unref(m);
	return true;
}

static void retire(struct leg *l, char **text)
{
	if (*text)
		defer_free(l->cfg.loop, *text, free);
	*text = NULL;
}

void leg_subject(struct leg *l, const struct subject *s, bool delayed,
		 const struct leg_cause *cause)
{
	char *to = mem_new(s->text.n + s->nick.n + s->stable_id.n + s->id.n);
	struct seat_ev ev = {
	    .type = SEAT_SUBJECT_SET,
	    .subject = &l->subject,
	    .delayed = delayed,
	};

	leg_settle(l);
	retire(l, &l->subject_text);
	l->subject_text = to;
	l->subject = (struct subject){
	    .text = str_pack(&to, s->text),
	    .nick = str_pack(&to, s->nick),
	    .stable_id = str_pack(&to, s->stable_id),
	    .time_ms = s->time_ms,
	    .id = str_pack(&to, s->id),
	};
	if (!delayed)
		ev.who = leg_by_nick(l, l->subject.nick);
	leg_tell(l, SEAT_WANTS_SUBJECT, &ev, cause);
}

const struct subject *leg_topic(const struct leg *l)
{
	return &l->subject;
}

void leg_info(struct leg *l, const struct room_info *info, unsigned changed)
{
	char *to =
	    mem_new(info->name.n + info->description.n + info->language.n);
	struct seat_ev ev = {.type = SEAT_ROOM_CHANGED, .changed = changed};

	leg_settle(l);
	retire(l, &l->info_text);
	l->info_text = to;
	l->info = *info;
	l->info.name = str_pack(&to, info->name);
	l->info.description = str_pack(&to, info->description);
	l->info.language = str_pack(&to, info->language);
	if (changed)
		leg_tell(l, 0, &ev, NULL);
}
