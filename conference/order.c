/* One order for everybody. A command runs whole: what it changes, then its
 * events to all seats, then the next command. A command that comes from inside
 * a handler waits until the events at hand are out. A join, or what an
 * administrator wants, cannot wait, since its caller needs the answer: it lets
 * the events at hand go out and what was waiting run first, inside the call,
 * and then takes its turn like any other command. So the room's order is that
 * of the calls, and a joiner hears of exactly what comes after his join.
 *
 * A leave takes the seat out of all deliveries at once, because its holder may
 * free it; the others hear of it in the leave's turn. */
#include <stdlib.h>

#include "base/mem.h"
#include "conference/affil_priv.h"
#include "conference/command_priv.h"
#include "conference/room_priv.h"
#include "conference/seat_cmd.h"

struct queued {
	STAILQ_ENTRY(queued) link;
	struct seat_rec *rec;
	struct seat_cmd_copy *cmd;
	struct task *task; /* or else rec and cmd */
};

static enum reason_code may_destroy(const struct seat_rec *rec)
{
	return rec->occ->pub.affiliation == AFF_OWNER ? REASON_OK
						      : REASON_FORBIDDEN;
}

static enum reason_code run_command(struct room *r, struct seat_rec *rec,
				    const struct seat_cmd *cmd)
{
	switch (cmd->type) {
	case SEAT_SAY:
		return room_say(r, rec, cmd);
	case SEAT_NICK:
		return room_nick(r, rec, cmd);
	case SEAT_SUBJECT:
		return room_subject(r, rec, cmd);
	case SEAT_PRESENCE:
		return room_presence(r, rec, cmd);
	case SEAT_DEVICE:
		return room_device(r, rec, cmd);
	case SEAT_UNLOCK:
		return room_unlock(r, rec);
	case SEAT_DESTROY:
		return may_destroy(rec);
	case SEAT_AFFILIATION:
		return room_affiliate(r, rec, cmd);
	case SEAT_ROLE:
		return room_role(r, rec, cmd);
	case SEAT_ASK_VOICE:
		return room_ask_voice(r, rec);
	case SEAT_MODERATE:
	case SEAT_CONFIGURE:
	case SEAT_KICK:
	case SEAT_LEAVE:
		break;
	case SEAT_INVITE: /* the back end's */
		return REASON_UNSUPPORTED;
	}
	return REASON_BAD_REQUEST;
}

static bool is_kick(const struct seat_cmd *cmd)
{
	return cmd->type == SEAT_KICK ||
	       (cmd->type == SEAT_ROLE && cmd->role == ROLE_NONE);
}

static void execute(struct room *r, struct seat_rec *rec,
		    const struct seat_cmd *cmd)
{
	enum reason_code code;

	if (r->gone || rec->ended)
		return;
	if (cmd->type == SEAT_LEAVE) {
		room_leave(r, rec, cmd);
		return;
	}
	if (is_kick(cmd) && rec->occ) {
		room_kick(r, rec, cmd);
		return;
	}
	if ((cmd->type == SEAT_MODERATE || cmd->type == SEAT_CONFIGURE) &&
	    rec->occ) {
		room_moderate(r, rec, cmd);
		return;
	}
	code = rec->occ ? run_command(r, rec, cmd) : REASON_NOT_JOINED;
	room_result(r, rec, cmd, code);
	/* after the result: nothing follows SEAT_ENDED */
	if (cmd->type == SEAT_DESTROY && code == REASON_OK)
		room_end(
		    r, (struct reason){.code = REASON_ROOM_GONE,
				       .text = cmd->text,
				       .venue = cmd->venue,
				       .venue_password = cmd->venue_password});
}

static void execute_task(struct room *r, struct task *task)
{
	task->ran = true;
	if (r->gone)
		return;
	task->done = true;
	task->reason = task->run(r, task->arg);
}

static void queued_free(struct queued *q)
{
	seat_cmd_free(q->cmd);
	free(q);
}

/* Until the queue is empty or, with a task, that has run: here or in a call
 * further down the stack. */
static void run_until(struct room *r, const struct task *task)
{
	struct queued *q;

	room_deliver(r);
	while (!(task && task->ran) && (q = STAILQ_FIRST(&r->queue))) {
		STAILQ_REMOVE_HEAD(&r->queue, link);
		if (q->task)
			execute_task(r, q->task);
		else
			execute(r, q->rec, seat_cmd_of(q->cmd));
		room_deliver(r);
		queued_free(q);
	}
}

void room_run(struct room *r)
{
	bool outer = r->running;

	r->running = true;
	run_until(r, NULL);
	r->running = outer;
}

void room_command(struct seat *s, const struct seat_cmd *cmd)
{
	struct seat_rec *rec = s->back_data;
	struct room *r = rec->room;

	if (cmd->type == SEAT_LEAVE)
		rec_detach(rec);
	if (r->running) {
		struct queued *q = mem_new(sizeof(*q));

		q->rec = rec;
		q->cmd = seat_cmd_copy(cmd);
		STAILQ_INSERT_TAIL(&r->queue, q, link);
		return;
	}
	r->running = true;
	execute(r, rec, cmd);
	run_until(r, NULL);
	r->running = false;
}

void room_run_task(struct room *r, struct task *task)
{
	struct queued *q;

	if (!r->running) {
		r->running = true;
		execute_task(r, task);
		run_until(r, NULL);
		r->running = false;
		return;
	}
	q = mem_new(sizeof(*q));
	q->task = task;
	STAILQ_INSERT_TAIL(&r->queue, q, link);
	run_until(r, task);
}

enum reason_code room_task(struct room *r,
			   enum reason_code (*run)(struct room *r, void *arg),
			   void *arg)
{
	struct task task = {.run = run, .arg = arg};

	room_run_task(r, &task);
	return task.done ? task.reason : REASON_NO_ROOM;
}
