/* Receipts of private messages between the worlds: the wish for one is MSRP's
 * Success-Report or CPIM's disposition notification, the receipt a REPORT or
 * a message/imdn+xml (RFC 7573 §7, RFC 5438, XEP-0184). */
#include "gateway/front_sip_message.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/rfc3339.h"
#include "mapping/imdn.h"
#include "mapping/message.h"
#include "mapping/roster.h"
#include "msrp/cpim.h"

/* --- of an XMPP user's message --- */

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

/* --- of a SIP user's message --- */

/* Its CPIM headers; what they say lives in a. */
static bool read_head(const struct message *m, struct arena *a,
		      struct cpim *out)
{
	return m->form[WORLD_SIP] &&
	       cpim_parse_head(blob_str(m->form[WORLD_SIP]), a, out) > 0;
}

static bool wants_notification(const struct message *m)
{
	struct arena *a = arena_new(65536);
	struct cpim head;
	bool wants = read_head(m, a, &head) && map_wants_imdn(&head);

	arena_free(a);
	return wants;
}

static void drop(struct parcel *p)
{
	message_unref(p->msg);
	blob_unref(p->head);
	*p = (struct parcel){0};
}

void receipt_ask(struct call *c, msrp_tx tx, struct message *m, bool report)
{
	const struct occupant *to =
	    m->private ? seat_by_id(&c->seat, m->to) : NULL;
	struct parcel *p;

	if (!to || to->world != WORLD_XMPP || m->transient || m->control)
		return;
	m->wants_receipt = report || wants_notification(m);
	if (!m->wants_receipt)
		return;
	if (report)
		msrp_session_hold_report(c->session, tx);
	if (!c->parcels)
		c->parcels = mem_new_array(CALL_RECEIPTS_MAX, sizeof(*p));
	p = &c->parcels[c->n_parcels++ % CALL_RECEIPTS_MAX];
	drop(p);
	*p = (struct parcel){
	    .tx = tx,
	    .to = m->to,
	    .at_ms = loop_now_ms(c->f->loop),
	    .msg = message_ref(m),
	    .head = wants_notification(m) ? blob_ref(m->form[WORLD_SIP]) : NULL,
	};
}

void receipt_note(struct call *c, msrp_tx tx, enum reason_code code)
{
	struct parcel *p = NULL;

	for (size_t i = 0; c->parcels && i < CALL_RECEIPTS_MAX && !p; i++)
		if (c->parcels[i].tx == tx)
			p = &c->parcels[i];
	if (!p || !p->msg)
		return;
	if (code != REASON_OK || p->msg->id.n > sizeof(p->id)) {
		drop(p);
		return;
	}
	p->id_n = p->msg->id.n;
	memcpy(p->id, p->msg->id.p, p->id_n);
	message_unref(p->msg);
	p->msg = NULL;
}

static void write_notification(struct buf *b, const struct call *c,
			       const struct cpim *head)
{
	char time[RFC3339_MAX], id[17];

	random_ident(id, sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	map_imdn(b, head, str_z(id),
		 str_z(rfc3339_millis(loop_wall_ms(c->f->loop), time)));
}

static void notify(struct call *c, struct str entity)
{
	struct arena *a = arena_new(65536);
	struct buf b = BUF_INIT(65536);
	struct blob *blob;
	struct cpim head;

	if (cpim_parse_head(entity, a, &head) > 0)
		write_notification(&b, c, &head);
	if (b.n && !b.err) {
		blob = blob_new(buf_str(&b));
		call_send_control(c, STR(MAP_IMDN_TYPE), blob);
		blob_unref(blob);
	}
	buf_done(&b);
	arena_free(a);
}

/* It may come before the room has said that it took the message. */
static struct str id_of(const struct parcel *p)
{
	return p->msg ? p->msg->id : str_of(p->id, p->id_n);
}

void receipt_came(struct call *c, const struct message *m)
{
	for (size_t i = 0; c->parcels && i < CALL_RECEIPTS_MAX; i++) {
		struct parcel *p = &c->parcels[i];

		if (!p->tx || p->to != m->author ||
		    !str_eq(id_of(p), m->receipt_of))
			continue;
		if (loop_now_ms(c->f->loop) - p->at_ms <= RECEIPT_MS) {
			if (c->session)
				msrp_session_report(c->session, p->tx);
			if (p->head)
				notify(c, blob_str(p->head));
		}
		drop(p);
		return;
	}
}

void receipts_free(struct call *c)
{
	for (size_t i = 0; c->parcels && i < CALL_RECEIPTS_MAX; i++)
		drop(&c->parcels[i]);
	free(c->parcels);
	free(c->receipts);
}
