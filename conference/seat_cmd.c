/* A command that has to wait, with all that it borrows. */
#include <stdlib.h>

#include "base/mem.h"
#include "conference/room_priv.h"
#include "conference/seat_cmd.h"

struct seat_cmd_copy {
	struct seat_cmd cmd;
	struct room_policy *policy; /* cmd's */
	struct seat_change *changes;
	char text[]; /* cmd's strings */
};

/* With their strings, in one block. */
static struct seat_change *changes_copy(const struct seat_change *from,
					size_t n)
{
	size_t octets = n * sizeof(*from);
	struct seat_change *list;
	char *to;

	for (size_t i = 0; i < n; i++)
		octets += from[i].user.n + from[i].nick.n + from[i].reason.n;
	list = mem_new(octets);
	to = (char *)(list + n);
	for (size_t i = 0; i < n; i++) {
		list[i] = from[i];
		list[i].user = str_pack(&to, from[i].user);
		list[i].nick = str_pack(&to, from[i].nick);
		list[i].reason = str_pack(&to, from[i].reason);
	}
	return list;
}

struct seat_cmd_copy *seat_cmd_copy(const struct seat_cmd *cmd)
{
	const struct presence *p = &cmd->presence;
	size_t n = cmd->text.n + cmd->nick.n + cmd->reason.n + cmd->venue.n +
		   cmd->venue_password.n + cmd->by.n + presence_size(p);
	struct seat_cmd_copy *c = mem_new(sizeof(*c) + n);
	char *to = c->text;

	c->cmd = *cmd;
	c->cmd.text = str_pack(&to, cmd->text);
	c->cmd.nick = str_pack(&to, cmd->nick);
	c->cmd.reason = str_pack(&to, cmd->reason);
	c->cmd.venue = str_pack(&to, cmd->venue);
	c->cmd.venue_password = str_pack(&to, cmd->venue_password);
	c->cmd.by = str_pack(&to, cmd->by);
	c->cmd.presence.show = str_pack(&to, p->show);
	c->cmd.presence.status = str_pack(&to, p->status);
	c->cmd.presence.payload = str_pack(&to, p->payload);
	if (cmd->policy)
		c->cmd.policy = c->policy = policy_copy(cmd->policy);
	if (cmd->n_changes)
		c->cmd.changes = c->changes =
		    changes_copy(cmd->changes, cmd->n_changes);
	if (cmd->msg)
		message_ref(cmd->msg);
	return c;
}

const struct seat_cmd *seat_cmd_of(const struct seat_cmd_copy *c)
{
	return &c->cmd;
}

void seat_cmd_free(struct seat_cmd_copy *c)
{
	if (!c)
		return;
	message_unref(c->cmd.msg);
	free(c->policy);
	free(c->changes);
	free(c);
}
