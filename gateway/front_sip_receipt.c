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
#include "mapping/reason.h"
#include "mapping/roster.h"
#include "msrp/cpim.h"

/* --- of an XMPP user's message --- */

/* A room elsewhere has seats of ours alone: it is told, and tells its author.
 */
static bool can_be_told(const struct call *c, uint64_t author_seat)
{
	return author_seat || call_is_bridged(c);
}

uint64_t receipt_await(struct call *c, const struct message *m)
{
	struct receipt *r;

	if (!m->private || m->world != WORLD_XMPP || m->control ||
	    m->transient || m->client_id.n > sizeof(r->id) ||
	    (!can_be_told(c, m->author_seat) && !m->wants_receipt))
		return 0;
	if (!c->receipts)
		c->receipts = mem_new_array(c->max_reports, sizeof(*r));
	r = &c->receipts[c->n_receipts++ % c->max_reports];
	r->cookie = c->n_receipts;
	r->author = m->author;
	r->author_seat = m->author_seat;
	r->wanted = m->wants_receipt;
	r->open = true;
	r->id_n = m->client_id.n;
	if (r->id_n) /* a message may have none */
		memcpy(r->id, m->client_id.p, r->id_n);
	r->at_ms = loop_now_ms(c->f->loop);
	return r->cookie;
}

static struct receipt *find(const struct call *c, uint64_t cookie)
{
	struct receipt *r;

	if (!c->receipts || !cookie)
		return NULL;
	r = &c->receipts[(cookie - 1) % c->max_reports];
	return r->cookie == cookie ? r : NULL;
}

bool receipt_wanted(const struct call *c, uint64_t cookie)
{
	const struct receipt *r = find(c, cookie);

	return r && r->wanted;
}

/* To its author: it has arrived, or (why) has not. */
static void tell(struct call *c, const struct receipt *r, enum reason_code why)
{
	struct seat_cmd cmd = {.type = SEAT_SAY};
	struct message *m;
	struct str id;

	if (!seat_in_room(&c->seat) ||
	    loop_now_ms(c->f->loop) - r->at_ms > RECEIPT_MS)
		return;
	cmd.msg = m = message_new(65536);
	id = arena_dup(m->arena, str_of(r->id, r->id_n));
	m->private = true;
	m->to = r->author;
	m->control = m->transient = m->no_store = true;
	if (why == REASON_OK) {
		m->receipt_of = id;
	} else {
		m->failed_id = id;
		m->failed_seat = r->author_seat;
		m->failed = why;
	}
	seat_command(&c->seat, &cmd);
	message_unref(m);
}

void call_on_reported(void *user, uint64_t cookie)
{
	struct call *c = user;
	const struct receipt *r = find(c, cookie);

	if (r && r->wanted)
		tell(c, r, REASON_OK);
}

/* Does another device of the same user have it, or may it still? */
static bool is_elsewhere(const struct call *c, const struct receipt *r)
{
	const struct call *o;

	TAILQ_FOREACH (o, &c->f->calls, link) {
		if (o == c || !o->receipts || !str_eq(o->room, c->room) ||
		    !str_eq(o->user, c->user))
			continue;
		for (size_t i = 0; i < o->max_reports; i++) {
			const struct receipt *x = &o->receipts[i];

			if (x->cookie && x->author_seat == r->author_seat &&
			    str_eq(str_of(x->id, x->id_n),
				   str_of(r->id, r->id_n)))
				return true;
		}
	}
	return false;
}

void receipt_failed(struct call *c, uint64_t cookie, enum reason_code why)
{
	struct receipt *r = find(c, cookie);

	if (!r)
		return;
	r->cookie = 0;
	r->open = false;
	if (can_be_told(c, r->author_seat) && !is_elsewhere(c, r))
		tell(c, r, why);
}

void receipts_lost(struct call *c)
{
	for (size_t i = 0; c->receipts && i < c->max_reports; i++)
		if (c->receipts[i].open)
			receipt_failed(c, c->receipts[i].cookie, REASON_LOST);
}

void call_on_sent(void *user, uint64_t cookie, int status)
{
	struct receipt *r = find(user, cookie);

	if (r && status == 200)
		r->open = false;
	else
		receipt_failed(user, cookie, map_msrp_to_reason(status, false));
}

void call_on_undelivered(void *user, uint64_t cookie, int status)
{
	receipt_failed(user, cookie, map_msrp_to_reason(status, false));
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
		c->parcels = mem_new_array(c->max_reports, sizeof(*p));
	p = &c->parcels[c->n_parcels++ % c->max_reports];
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

	for (size_t i = 0; c->parcels && i < c->max_reports && !p; i++)
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
	for (size_t i = 0; c->parcels && i < c->max_reports; i++) {
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
	for (size_t i = 0; c->parcels && i < c->max_reports; i++)
		drop(&c->parcels[i]);
	free(c->parcels);
	free(c->receipts);
}
