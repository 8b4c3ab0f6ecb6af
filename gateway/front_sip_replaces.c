/* INVITE with Replaces: a user's call moves to another device of his (RFC
 * 3891). */
#include "gateway/front_sip_dial.h"
#include "gateway/front_sip_name.h"
#include "gateway/front_sip_private.h"

#include "base/uri.h"

int replaces_read(struct call *c, const struct port_msg *m, const char **why)
{
	struct str params = m->f[PORT_F_REPLACES], flag;
	struct dialog_id id;
	struct dialog *d;
	bool ended;

	if (!params.n)
		return 200;
	*why = "unusable Replaces";
	if (!dialog_id_read(params, "to-tag", "from-tag", &id))
		return 400;
	d = dialog_named(c->f, &id, &ended);
	*why = "the call to replace is over";
	if (ended)
		return 603;
	*why = "no call to replace";
	if (!d || !d->call || !str_eq(d->call->room, c->room))
		return 481;
	*why = "not the user of the call to replace";
	if (!same_person(c, d->call))
		return 403;
	str_split(&params, ';');
	*why = "the call to replace has been answered";
	if (d->answered && uri_param(params, STR("early-only"), &flag))
		return 486;
	c->replaces = d->id;
	return 200;
}

void replaces_done(struct call *c)
{
	struct dialog *d =
	    c->replaces ? table_get(c->f->dialogs, c->replaces) : NULL;

	c->replaces = 0;
	if (!d || !d->call || d->call == c)
		return;
	log_info(c->f->log, "sip.replaced", "dlg=%llx by=%llx room=%s",
		 (unsigned long long)d->id, (unsigned long long)c->dialog->id,
		 LOGQ(c->room));
	if (d->dial) /* whoever asked for him has got him */
		dial_tell(d->call, 200, STR_NONE);
	call_bye(d->call, REASON_LEFT, STR("replaced"));
}
