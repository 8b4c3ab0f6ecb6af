#include "gateway/front_sip_turn.h"
#include "gateway/front_sip_message.h"

#include <stdlib.h>

#include "base/mem.h"
#include "gateway/front_sip_file.h"
#include "gateway/front_sip_long.h"

#define TURN_OCTETS	    4096 /* what each takes beside its content, about */
#define FILENAME_MAX_OCTETS 1024

static size_t weight(const struct turn *t)
{
	return TURN_OCTETS + (t->msg ? blob_str(t->msg->form[WORLD_SIP]).n : 0);
}

static struct turn *add(struct call *c, enum seat_cmd_type type, uint64_t op,
			struct message *m)
{
	struct turn *t = mem_new(sizeof(*t));

	t->call = c;
	t->type = type;
	t->op = op;
	t->msg = m ? message_ref(m) : NULL;
	buf_init(&t->name, FILENAME_MAX_OCTETS);
	TAILQ_INSERT_TAIL(&c->turns, t, link);
	c->turn_octets += weight(t);
	return t;
}

static void end(struct turn *t)
{
	struct call *c = t->call;

	TAILQ_REMOVE(&c->turns, t, link);
	c->turn_octets -= weight(t);
	filing_drop(t->filing);
	message_unref(t->msg);
	buf_done(&t->name);
	free(t);
}

static void say(struct call *c, const struct seat_cmd *cmd)
{
	struct seat_cmd full = *cmd;

	if (cmd->type == SEAT_SUBJECT)
		full.text = cmd->msg->subject;
	seat_command(&c->seat, &full);
}

static void run(struct turn *t)
{
	struct call *c = t->call;
	struct seat_cmd cmd = {.type = t->type, .op = t->op};
	bool linked = t->linked;

	if (!t->msg) {
		end(t);
		upload_go_on(c, cmd.op);
		return;
	}
	cmd.msg = message_ref(t->msg);
	end(t);
	say(c, &cmd);
	if (linked)
		file_unless_said(c, cmd.msg, cmd.msg->parts[0].body);
	message_unref(cmd.msg);
}

void turns_go_on(struct call *c)
{
	struct turn *t;

	while ((t = TAILQ_FIRST(&c->turns)) && !t->filing)
		run(t);
}

static bool is_full(const struct call *c)
{
	return c->turn_octets >= c->f->cfg.config->files.queue;
}

void turn_take(struct call *c, const struct seat_cmd *cmd)
{
	bool keeps = cmd->type == SEAT_SAY && file_is_due(c, cmd->msg);
	struct turn *t;

	if (is_full(c)) {
		call_on_result(c, &(struct seat_ev){
				      .type = SEAT_RESULT,
				      .own_op = cmd->op,
				      .reason.code = REASON_OVERLOAD,
				  });
		return;
	}
	if (!keeps && TAILQ_EMPTY(&c->turns)) {
		say(c, cmd);
		return;
	}
	t = add(c, cmd->type, cmd->op, cmd->msg);
	if (keeps)
		file_keep(t);
	turns_go_on(c);
}

bool turn_waits(struct call *c, uint64_t upload)
{
	if (TAILQ_EMPTY(&c->turns))
		return false;
	add(c, SEAT_SAY, upload, NULL);
	return true;
}

void turns_say_all(struct call *c)
{
	struct turn *t;

	TAILQ_FOREACH (t, &c->turns, link) {
		filing_drop(t->filing);
		t->filing = NULL;
	}
	turns_go_on(c);
}

void turns_drop(struct call *c)
{
	struct turn *t;

	while ((t = TAILQ_FIRST(&c->turns))) {
		if (t->linked)
			files_forget(c->f->cfg.files, t->msg->parts[0].body);
		end(t);
	}
}
