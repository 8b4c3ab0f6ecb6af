/* Receipts of private messages to SIP users: the wish for one becomes MSRP's
 * success report, and that the receipt (RFC 7573 §7, XEP-0184). */
#include "gateway/front_sip_priv.h"

#include "base/mem.h"
#include "mapping/message.h"

uint64_t receipt_await(struct call *c, const struct message *m)
{
	struct receipt *r;

	if (!m->private || !m->wants_receipt || m->client_id.n > sizeof(r->id))
		return 0;
	if (!c->receipts)
		c->receipts = mem_new_array(CALL_RECEIPTS_MAX, sizeof(*r));
	r = &c->receipts[c->n_receipts++ % CALL_RECEIPTS_MAX];
	r->cookie = c->n_receipts;
	r->author = m->author;
	r->id_n = m->client_id.n;
	memcpy(r->id, m->client_id.p, r->id_n);
	r->at_ms = loop_now_ms(c->f->loop);
	return r->cookie;
}

void call_on_reported(void *user, uint64_t cookie)
{
	struct call *c = user;
	struct seat_cmd cmd = {.type = SEAT_SAY};
	const struct receipt *r;

	if (!c->receipts)
		return;
	r = &c->receipts[(cookie - 1) % CALL_RECEIPTS_MAX];
	if (r->cookie != cookie || !seat_in_room(&c->seat) ||
	    loop_now_ms(c->f->loop) - r->at_ms > RECEIPT_MS)
		return;
	cmd.msg = message_new(65536);
	cmd.msg->private = true;
	cmd.msg->to = r->author;
	cmd.msg->control = cmd.msg->transient = cmd.msg->no_store = true;
	cmd.msg->receipt_of = arena_dup(cmd.msg->arena, str_of(r->id, r->id_n));
	seat_command(&c->seat, &cmd);
	message_unref(cmd.msg);
}
