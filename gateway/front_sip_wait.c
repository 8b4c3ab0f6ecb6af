/* Calls into rooms that live elsewhere: an INVITE is answered when its sender
 * is in the room, or won't be, so that every failure is a SIP status (S2X-8).
 */
#include "gateway/front_sip_priv.h"

#include "mapping/reason.h"

bool call_is_bridged(const struct call *c)
{
	return back_find(c->f->cfg.door, c->room, WORLD_SIP, NULL) !=
	       BACK_LOCAL;
}

/* The request that waits, or false. Its slices live as long as the call waits.
 */
static bool waiting(struct call *c, struct port_msg *m)
{
	return c->waits && port_decode(buf_str(&c->waiting), m) == 0;
}

void call_wait(struct call *c, const struct port_msg *m)
{
	struct seat_join join = call_join(c);
	enum reason_code why;

	buf_init(&c->waiting, PORT_BODY_MAX);
	port_encode(&c->waiting, m);
	c->waits = true;
	why = back_join(c->f->cfg.door, &join, &c->seat);
	if (why != REASON_OK)
		call_kept_out(c, why, STR_NONE);
}

void call_let_in(struct call *c)
{
	struct port_msg m;

	if (!waiting(c, &m))
		return;
	c->waits = false;
	call_accept(c, &m);
	buf_done(&c->waiting);
}

void call_kept_out(struct call *c, enum reason_code why, struct str text)
{
	char phrase[256];
	struct port_msg m;

	if (!waiting(c, &m))
		return;
	c->waits = false;
	snprintf(phrase, sizeof(phrase), "%s%s%.*s", reason_text(why),
		 text.n ? ": " : "", STR_ARG(text));
	front_sip_refuse(c->f, &m, map_reason_to_sip(why), phrase);
	buf_done(&c->waiting);
	call_ended(c, why, text);
}
