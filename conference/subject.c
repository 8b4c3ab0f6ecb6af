/* The room's subject (XEP-0045 §8.1, RFC 4575 §5.3). */
#include "base/mem.h"
#include "conference/room_priv.h"

static void set(struct room *r, const struct occupant *by, struct str text,
		struct str id)
{
	char *to = mem_new(text.n + by->nick.n + by->stable_id.n + id.n);

	room_retire(r, r->subject_block);
	r->subject_block = to;
	r->subject = (struct subject){
	    .text = pack(&to, text),
	    .nick = pack(&to, by->nick),
	    .stable_id = pack(&to, by->stable_id),
	    .id = pack(&to, id),
	    .time_ms = loop_wall_ms(r->loop),
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
	struct str id = cmd->msg ? cmd->msg->client_id : STR_NONE;

	if (rec->occ->pub.role < ROLE_PARTICIPANT)
		return REASON_FORBIDDEN;
	if (cmd->text.n > SUBJECT_MAX || id.n > IDENTITY_MAX)
		return REASON_TOO_BIG;
	set(r, &rec->occ->pub, cmd->text, id);
	room_tell(r, AUDIENCE_SUBJECT, &ev, rec, cmd->op);
	return REASON_OK;
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
