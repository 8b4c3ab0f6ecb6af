/* Calls into rooms that live elsewhere: an INVITE is answered when its sender
 * is in the room, or won't be, so that every failure is a SIP status (S2X-8).
 */
#include "gateway/front_sip_call.h"

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
		call_kept_out(c, &(struct reason){.code = why});
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

void call_kept_out(struct call *c, const struct reason *why)
{
	struct answer a = ANSWER(map_reason_to_sip(why->code));
	struct buf phrase = BUF_INIT(1024);
	struct port_msg m;
	char header[64];

	if (!waiting(c, &m))
		return;
	c->waits = false;
	map_phrase(&phrase,
		   why->text.n ? why->text : str_z(reason_text(why->code)));
	a.phrase = buf_z(&phrase); /* ERR-5 */
	if (why->retry_s) {	   /* ERR-7 */
		snprintf(header, sizeof(header), "Retry-After: %u\r\n",
			 why->retry_s);
		a.headers = str_z(header);
	} else if (a.status == 503) {
		a.headers = STR(BUSY_RETRY);
	}
	front_sip_refuse_with(c->f, &m, &a, a.phrase);
	buf_done(&phrase);
	buf_done(&c->waiting);
	call_ended(c, why->code, why->text);
}
