#include "conference/seat.h"

void seat_command(struct seat *s, const struct seat_cmd *cmd)
{
	struct seat_ev ev = {
	    .type = SEAT_RESULT,
	    .own_op = cmd->op,
	    .msg = cmd->msg,
	    .reason = {.code = REASON_NOT_JOINED},
	};

	if (s->back_ops)
		s->back_ops->command(s, cmd);
	else if (cmd->op && cmd->type != SEAT_LEAVE)
		s->front_ops->event(s->front, &ev);
}

void seat_info(struct seat *s, struct room_info *out)
{
	*out = (struct room_info){0};
	if (s->back_ops)
		s->back_ops->info(s, out);
}
