/* The room's subject (XEP-0045 §8.1, RFC 4575 §5.3). */
#include "base/mem.h"
#include "conference/command_priv.h"
#include "conference/room_priv.h"
#include "conference/roster_priv.h"

void subject_put(struct room *r, const struct subject *s)
{
	char *to = mem_new(s->text.n + s->nick.n + s->stable_id.n + s->id.n +
			   s->archive_id.n);

	room_retire(r, r->subject_block);
	r->subject_block = to;
	r->subject = (struct subject){
	    .text = str_pack(&to, s->text),
	    .nick = str_pack(&to, s->nick),
	    .stable_id = str_pack(&to, s->stable_id),
	    .id = str_pack(&to, s->id),
	    .archive_id = str_pack(&to, s->archive_id),
	    .time_ms = s->time_ms,
	};
}

enum reason_code room_subject(struct room *r, struct seat_rec *rec,
			      const struct seat_cmd *cmd)
{
	struct seat_ev ev = {
	    .type = SEAT_SUBJECT_SET,
	    .who = &rec->occ->pub,
	    .device = rec->device.seat,
	    .subject = &r->subject,
	};
	struct message *m = cmd->msg;
	struct str id = m ? m->client_id : STR_NONE;

	if (rec->occ->pub.role < (r->policy.subject_by_moderators
				      ? ROLE_MODERATOR
				      : ROLE_PARTICIPANT))
		return REASON_FORBIDDEN;
	if (cmd->text.n > SUBJECT_MAX || id.n > IDENTITY_MAX)
		return REASON_TOO_BIG;
	if (m && (m->author || !message_stamp(r, &rec->occ->pub, m)))
		return REASON_BAD_REQUEST;
	subject_put(r, &(struct subject){.text = cmd->text,
					 .nick = rec->occ->pub.nick,
					 .stable_id = rec->occ->pub.stable_id,
					 .time_ms = loop_wall_ms(r->loop),
					 .id = id,
					 .archive_id = m ? m->id : STR_NONE});
	room_note(r, ROOM_SUBJECT);
	if (m)
		room_note_said(r, m);
	room_tell(r, AUDIENCE_SUBJECT, &ev, rec, cmd->op);
	return REASON_OK;
}

static enum reason_code run_set_subject(struct room *r, void *text)
{
	struct seat_ev ev = {.type = SEAT_SUBJECT_SET, .subject = &r->subject};

	subject_put(r, &(struct subject){.text = *(const struct str *)text,
					 .time_ms = loop_wall_ms(r->loop)});
	room_note(r, ROOM_SUBJECT);
	room_tell(r, AUDIENCE_SUBJECT, &ev, NULL, 0);
	return REASON_OK;
}

enum reason_code room_set_subject(struct room *r, struct str text)
{
	return text.n > SUBJECT_MAX ? REASON_TOO_BIG
				    : room_task(r, run_set_subject, &text);
}

void subject_tell(struct room *r, struct seat_rec *rec)
{
	struct seat_ev ev = {
	    .type = SEAT_SUBJECT_SET,
	    .subject = &r->subject,
	    .delayed = true,
	};

	if (rec->place[AUDIENCE_SUBJECT])
		room_tell_one(r, rec, &ev, 0);
}
