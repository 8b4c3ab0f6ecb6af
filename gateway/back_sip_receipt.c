/* Receipts of private messages to and from people in a conference: a wish for
 * one is MSRP's Success-Report, the receipt a REPORT (RFC 7573 §7, XEP-0184);
 * what they ask for may be CPIM's disposition notification, too (RFC 5438). */
#include "base/random.h"
#include "base/rfc3339.h"
#include "gateway/back_sip_priv.h"
#include "mapping/imdn.h"

#define ID_MAX 128 /* octets; no client's are as long */

/* --- of what our users say --- */

bool bs_receipt_wanted(const struct message *m)
{
	return m->private && m->wants_receipt && m->client_id.n <= ID_MAX;
}

void bs_receipt_await(struct bs_leg *l, uint64_t cookie,
		      const struct message *m)
{
	bs_note_add(l, &l->awaited, cookie, m->to, m->client_id);
}

static void tell(struct bs_leg *l, const struct bs_note *was)
{
	const struct occupant *by = leg_by_id(l->leg, was->who);
	const struct occupant *self = leg_self(l->leg);
	struct message *m;

	if (!by || !self)
		return;
	m = message_new(65536);
	m->private = true;
	m->to = self->id;
	m->control = m->transient = m->no_store = true;
	m->receipt_of = arena_dup(m->arena, str_z(was->id));
	leg_message(l->leg, m, by->nick, 0, false, NULL);
	message_unref(m);
}

void bs_on_reported(void *leg, uint64_t cookie)
{
	struct bs_leg *l = leg;
	struct bs_note *was = bs_note_take(l, &l->awaited, cookie);

	if (!was)
		return;
	tell(l, was);
	bs_note_free(was);
}

/* --- of what they hear --- */

static void notify(struct bs_leg *l, struct str entity)
{
	struct arena *a = arena_new(65536);
	struct buf b = BUF_INIT(65536);
	char time[RFC3339_MAX], id[17];
	struct msrp_out out = {.content_type = STR("message/cpim"),
			       .failure_report = MSRP_FAILURE_NO};
	struct cpim head;

	random_ident(id, sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	if (cpim_parse_head(entity, a, &head) > 0)
		map_imdn(&b, &head, str_z(id),
			 str_z(rfc3339_millis(loop_wall_ms(l->b->loop), time)));
	if (b.n && !b.err) {
		out.body = blob_new(buf_str(&b));
		(void)msrp_session_send(l->session, &out); /* a courtesy */
		blob_unref(out.body);
	}
	buf_done(&b);
	arena_free(a);
}

void bs_receipt_owed(struct bs_leg *l, msrp_tx tx, const struct message *m,
		     bool notified)
{
	struct bs_note *x;

	if (!tx || m->id.n > ID_MAX || l->ended)
		return;
	x = bs_note_add(l, &l->owed, tx, m->author, m->id);
	if (notified)
		x->head = blob_ref(m->form[WORLD_SIP]);
}

void bs_receipt_came(struct bs_leg *l, const struct message *m)
{
	struct bs_note *was =
	    bs_note_take_id(l, &l->owed, m->to, m->receipt_of);

	if (!was)
		return;
	if (l->session) {
		msrp_session_report(l->session, was->key);
		if (was->head)
			notify(l, blob_str(was->head));
	}
	bs_note_free(was);
}
