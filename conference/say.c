/* Messages to the room and to one occupant. */
#include "base/random.h"
#include "conference/command_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

#define ID_CHARS 24

bool message_stamp(struct room *r, const struct occupant *by, struct message *m)
{
	bool shown = by->world == WORLD_SIP || r->policy.non_anonymous;
	struct str uri = shown ? by->sip_uri : STR_NONE;
	char id[ID_CHARS + 1];

	random_ident(id, ID_CHARS);
	m->world = by->world;
	m->author = by->id;
	m->time_ms = loop_wall_ms(r->loop);
	m->nick = arena_dup(m->arena, by->nick);
	m->user = arena_dup(m->arena, by->user);
	m->sip_uri = arena_dup(m->arena, uri);
	m->stable_id = arena_dup(m->arena, by->stable_id);
	m->jid = arena_dup(m->arena, by->jid);
	m->id = arena_dup(m->arena, str_of(id, ID_CHARS));
	return m->nick.n && m->id.n && m->user.n == by->user.n &&
	       m->sip_uri.n == uri.n && m->stable_id.n == by->stable_id.n &&
	       m->jid.n == by->jid.n;
}

/* A moderator's deed is in the archive alone: newcomers don't get what it took
 * away. */
static void keep(struct room *r, struct message *m)
{
	if (!m->no_store && !m->stream && !m->moderates && history_add(r, m))
		room_note_message(r, m);
	if (!m->no_store || m->archive_only)
		room_note_said(r, m);
}

static enum reason_code say_to_all(struct room *r, struct seat_rec *rec,
				   const struct seat_cmd *cmd)
{
	struct seat_ev ev = {.type = SEAT_MESSAGE, .msg = cmd->msg};

	if (rec->occ->pub.role < ROLE_PARTICIPANT)
		return REASON_NO_VOICE;
	if (cmd->msg->moderates && rec->occ->pub.role < ROLE_MODERATOR)
		return REASON_FORBIDDEN;
	if (!message_stamp(r, &rec->occ->pub, cmd->msg))
		return REASON_TOO_BIG;
	cmd->msg->serial = ++r->serial;
	if (cmd->msg->retracts.n)
		room_retract(r, cmd->msg);
	if (!cmd->msg->transient)
		keep(r, cmd->msg);
	room_tell(r, AUDIENCE_MESSAGES, &ev, rec, cmd->op);
	return REASON_OK;
}

bool device_is_private(const struct seat_rec *rec, const struct message *m)
{
	return rec->seat && (rec->device.private_messages || m->control);
}

static bool takes_private(const struct occ *o, const struct message *m)
{
	for (const struct seat_rec *rec = o->devices; rec; rec = rec->next)
		if (device_is_private(rec, m))
			return true;
	return false;
}

static bool takes_type(const struct seat_rec *rec, const struct message *m)
{
	const struct seat *s = rec->seat;

	return device_is_private(rec, m) &&
	       (!s->front_ops->takes || s->front_ops->takes(s->front, m));
}

static bool any_takes_type(const struct occ *o, const struct message *m)
{
	for (const struct seat_rec *rec = o->devices; rec; rec = rec->next)
		if (takes_type(rec, m))
			return true;
	return false;
}

/* Those that take it receive nothing at present. */
static bool on_hold(const struct occ *o, const struct message *m)
{
	for (const struct seat_rec *rec = o->devices; rec; rec = rec->next)
		if (takes_type(rec, m) && (!rec->device.held || m->control))
			return false;
	return true;
}

/* The order of the checks is CHAT-13's. */
static enum reason_code say_to_one(struct room *r, struct seat_rec *rec,
				   const struct seat_cmd *cmd)
{
	struct seat_ev ev = {.type = SEAT_MESSAGE, .msg = cmd->msg};
	struct occ *to;

	if (!r->policy.private_messages)
		return REASON_PRIVATE_OFF;
	if (rec->occ->pub.role < r->policy.private_role)
		return REASON_FORBIDDEN;
	to = roster_by_id(r, cmd->msg->to);
	if (!to)
		return REASON_NO_OCCUPANT;
	if (!takes_private(to, cmd->msg))
		return REASON_NO_PRIVATE;
	if (!any_takes_type(to, cmd->msg))
		return REASON_BAD_TYPE;
	if (on_hold(to, cmd->msg))
		return REASON_ON_HOLD;
	if (!message_stamp(r, &rec->occ->pub, cmd->msg))
		return REASON_TOO_BIG;
	cmd->msg->author_seat = rec->device.seat;
	room_tell_private(r, to, &ev, rec, cmd->op);
	return REASON_OK;
}

enum reason_code room_say(struct room *r, struct seat_rec *rec,
			  const struct seat_cmd *cmd)
{
	struct message *m = cmd->msg;

	if (!m || m->author) /* a message is said once */
		return REASON_BAD_REQUEST;
	rec->occ->pub.active_ms = loop_wall_ms(r->loop);
	return m->private ? say_to_one(r, rec, cmd) : say_to_all(r, rec, cmd);
}
