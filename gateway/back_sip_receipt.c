/* Receipts of private messages to and from people in a conference: a wish for
 * one is MSRP's Success-Report, the receipt a REPORT (RFC 7573 §7, XEP-0184);
 * what they ask for may be CPIM's disposition notification, too (RFC 5438). */
#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/rfc3339.h"
#include "gateway/back_sip_priv.h"
#include "mapping/imdn.h"

#define RECEIPTS_MAX 32 /* the last ones, either way */
#define ID_MAX	     128
#define KEPT_MS	     600000 /* BODY-21 */

struct bs_receipt {
	uint64_t key;	/* how MSRP names the message; 0: none */
	uint64_t whose; /* the other one's, an occupant */
	uint64_t at_ms;
	struct blob *head; /* of one that asks for a notification, or NULL */
	size_t id_n;
	char id[ID_MAX]; /* how XMPP does */
};

struct bs_receipts {
	struct bs_receipt sent[RECEIPTS_MAX], heard[RECEIPTS_MAX];
	unsigned n_sent, n_heard;
};

static void note(struct bs_leg *l, struct bs_receipt *r, uint64_t key,
		 uint64_t whose, struct str id)
{
	blob_unref(r->head);
	r->head = NULL;
	r->key = key;
	r->whose = whose;
	r->at_ms = loop_now_ms(l->b->loop);
	r->id_n = id.n;
	memcpy(r->id, id.p, id.n);
}

static struct bs_receipts *receipts(struct bs_leg *l)
{
	if (!l->receipts)
		l->receipts = mem_new(sizeof(*l->receipts));
	return l->receipts;
}

static bool is_late(const struct bs_leg *l, const struct bs_receipt *r)
{
	return loop_now_ms(l->b->loop) - r->at_ms > KEPT_MS;
}

void bs_receipts_free(struct bs_leg *l)
{
	for (unsigned i = 0; l->receipts && i < RECEIPTS_MAX; i++)
		blob_unref(l->receipts->heard[i].head);
	free(l->receipts);
	l->receipts = NULL;
}

/* --- of what our users say --- */

bool bs_receipt_wanted(const struct message *m)
{
	return m->private && m->wants_receipt && m->client_id.n <= ID_MAX;
}

void bs_receipt_await(struct bs_leg *l, uint64_t cookie,
		      const struct message *m)
{
	struct bs_receipts *all = receipts(l);

	note(l, &all->sent[all->n_sent++ % RECEIPTS_MAX], cookie, m->to,
	     m->client_id);
}

static void tell(struct bs_leg *l, const struct bs_receipt *r)
{
	const struct occupant *by = leg_by_id(l->leg, r->whose);
	const struct occupant *self = leg_self(l->leg);
	struct message *m;

	if (!by || !self)
		return;
	m = message_new(65536);
	m->private = true;
	m->to = self->id;
	m->control = m->transient = m->no_store = true;
	m->receipt_of = arena_dup(m->arena, str_of(r->id, r->id_n));
	leg_message(l->leg, m, by->nick, 0, false, NULL);
	message_unref(m);
}

void bs_on_reported(void *leg, uint64_t cookie)
{
	struct bs_leg *l = leg;

	for (unsigned i = 0; l->receipts && i < RECEIPTS_MAX; i++) {
		struct bs_receipt was = l->receipts->sent[i];

		if (was.key != cookie)
			continue;
		l->receipts->sent[i].key = 0;
		if (!is_late(l, &was))
			tell(l, &was);
		return;
	}
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
	struct bs_receipts *all;
	struct bs_receipt *r;

	if (!tx || m->id.n > ID_MAX || l->ended)
		return;
	all = receipts(l);
	r = &all->heard[all->n_heard++ % RECEIPTS_MAX];
	note(l, r, tx, m->author, m->id);
	if (notified)
		r->head = blob_ref(m->form[WORLD_SIP]);
}

void bs_receipt_came(struct bs_leg *l, const struct message *m)
{
	for (unsigned i = 0; l->receipts && i < RECEIPTS_MAX; i++) {
		struct bs_receipt *r = &l->receipts->heard[i];

		if (!r->key || r->whose != m->to ||
		    !str_eq(str_of(r->id, r->id_n), m->receipt_of))
			continue;
		if (l->session && !is_late(l, r)) {
			msrp_session_report(l->session, r->key);
			if (r->head)
				notify(l, blob_str(r->head));
		}
		r->key = 0;
		return;
	}
}
