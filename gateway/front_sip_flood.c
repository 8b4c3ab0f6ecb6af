/* Who says too much at a time is refused, and who goes on is removed (ABN-9).
 * What counts is the user, on all his devices together. */
#include <stdlib.h>

#include "gateway/front_sip_message.h"

#include "base/bucket.h"
#include "base/mem.h"

struct talker {
	char *user;
	unsigned calls;
	struct bucket said, refused;
};

static struct talker *talker_of(struct call *c)
{
	struct table *all = c->f->talkers;

	if (c->talker)
		return c->talker;
	c->talker = table_get_str(all, c->user);
	if (!c->talker) {
		c->talker = mem_new(sizeof(*c->talker));
		c->talker->user = str_dup(c->user);
		table_put_str(all, str_z(c->talker->user), c->talker);
	}
	c->talker->calls++;
	return c->talker;
}

void talker_release(struct call *c)
{
	struct talker *t = c->talker;

	c->talker = NULL;
	if (!t || --t->calls)
		return;
	table_del_str(c->f->talkers, str_z(t->user));
	free(t->user);
	free(t);
}

static bool take(struct call *c, struct bucket *b)
{
	const struct config *cfg = c->f->cfg.config;

	return cfg->limits.message_rate == 0 ||
	       bucket_take(b, cfg->limits.message_rate,
			   cfg->limits.message_burst, loop_now_ms(c->f->loop));
}

bool call_may_say(struct call *c)
{
	return take(c, &talker_of(c)->said);
}

void call_said_too_much(struct call *c)
{
	if (take(c, &talker_of(c)->refused))
		return;
	log_warn(c->f->log, "sip.flood", "dlg=%llx room=%s user=%s",
		 (unsigned long long)c->dialog->id, LOGQ(c->room),
		 LOGQ(c->user));
	call_bye(c, REASON_FLOOD, STR_NONE);
}
