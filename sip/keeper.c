#include "sip/keeper.h"

#include <assert.h>
#include <stdlib.h>

#include "base/blob.h"
#include "base/err.h"
#include "base/mem.h"

#define TOMBSTONE_MS 32000 /* 64*T1 */
/* How far the stored local CSeq is ahead, and when it is moved on: a store that
 * is a second behind is still above what reached the wire. */
#define CSEQ_AHEAD 1000
#define CSEQ_NEAR  500
#define CSEQ_MAX   0x7fff0000u
/* How far a stored one jumps on, in each tick since it was stored: more than a
 * dialog's requests (RFC 3261 §12.2.1.1), and 31 bits last more than a year. */
#define TICK_MS 20

struct keeper_dialog {
	TAILQ_ENTRY(keeper_dialog) link; /* in dead */
	uint64_t dlg;
	struct blob *state; /* an encoded PORT_DIALOG */
	size_t sends;	    /* requests of it without an outcome */
	uint32_t stored;    /* the local CSeq in the store; 0: not there */
	bool forgotten;
	uint64_t until_ms; /* of a forgotten one */
};

struct keeper_send {
	TAILQ_ENTRY(keeper_send) link;
	uint64_t req;
	uint64_t dlg;
	bool dial;	     /* makes its dialog */
	struct blob *msg;    /* an encoded PORT_SEND or PORT_DIAL */
	struct blob *shared; /* of its body, or NULL */
};

void keeper_init(struct keeper *k, struct loop *loop)
{
	*k = (struct keeper){.loop = loop};
	k->dialogs = table_new();
	k->sends = table_new();
	TAILQ_INIT(&k->order);
	TAILQ_INIT(&k->dead);
}

static void dialog_free(struct keeper *k, struct keeper_dialog *d)
{
	if (d->forgotten) {
		TAILQ_REMOVE(&k->dead, d, link);
		k->n_dead--;
	}
	table_del(k->dialogs, d->dlg);
	blob_unref(d->state);
	free(d);
}

static void send_free(struct keeper *k, struct keeper_send *s)
{
	TAILQ_REMOVE(&k->order, s, link);
	table_del(k->sends, s->req);
	blob_unref(s->msg);
	blob_unref(s->shared);
	free(s);
}

void keeper_done(struct keeper *k)
{
	struct keeper_dialog *d;

	timer_cancel(k->loop, &k->sweep);
	while (!TAILQ_EMPTY(&k->order))
		send_free(k, TAILQ_FIRST(&k->order));
	TABLE_FOREACH (k->dialogs, it, d)
		dialog_free(k, d);
	table_free(k->dialogs);
	table_free(k->sends);
}

/* Is the stored state good enough for what is reported now? */
static bool store_follows(const struct keeper_dialog *d,
			  const struct port_msg *m)
{
	struct port_msg old;

	if (!d->stored || m->number[0] + CSEQ_NEAR > d->stored ||
	    port_decode(blob_str(d->state), &old) < 0 ||
	    old.number[1] != m->number[1])
		return false;
	for (size_t i = 0; i < PORT_FIELDS; i++)
		if (!str_eq(old.f[i], m->f[i]))
			return false;
	return true;
}

/* Wall clock, modulo 2^32. */
static uint32_t ticks(struct keeper *k)
{
	return (uint32_t)(loop_wall_ms(k->loop) / TICK_MS);
}

/* Two runs that find the same state, since the first wrote nothing more, must
 * not send the same CSeqs: each goes on by the time at which it started. */
static void jump(struct keeper *k, struct port_msg *m)
{
	uint32_t since = ticks(k) - m->number[2];

	if (m->number[2] && since <= INT32_MAX && m->number[0] < CSEQ_MAX &&
	    since < CSEQ_MAX - m->number[0])
		m->number[0] += since;
	m->number[2] = 0;
}

static void put_into_store(struct keeper *k, struct keeper_dialog *d,
			   const struct port_msg *m)
{
	struct port_msg ahead = *m;
	struct blob *state;

	if (ahead.number[0] < CSEQ_MAX)
		ahead.number[0] += CSEQ_AHEAD;
	ahead.number[2] = ticks(k);
	state = port_encoded(&ahead);
	if (!state)
		return;
	d->stored = ahead.number[0];
	k->store.put(k->store.user, d->dlg, blob_str(state));
	blob_unref(state);
}

static struct keeper_dialog *dialog_add(struct keeper *k, uint64_t dlg)
{
	struct keeper_dialog *d = mem_new(sizeof(*d));

	d->dlg = dlg;
	table_put(k->dialogs, dlg, d);
	return d;
}

int keeper_add(struct keeper *k, struct str state)
{
	struct keeper_dialog *d;
	struct port_msg m;

	if (port_decode(state, &m) < 0 || m.type != PORT_DIALOG || !m.dlg ||
	    table_get(k->dialogs, m.dlg))
		return ERR_SYNTAX;
	d = dialog_add(k, m.dlg);
	d->stored = m.number[0];
	jump(k, &m);
	d->state = port_encoded(&m);
	return 0;
}

void keeper_clear_store(struct keeper *k)
{
	struct keeper_dialog *d;

	if (!k->store.put)
		return;
	TABLE_FOREACH (k->dialogs, it, d)
		if (!d->forgotten)
			k->store.drop(k->store.user, d->dlg);
	k->store.put = NULL;
}

uint32_t keeper_generation(const struct keeper *k)
{
	struct keeper_dialog *d;
	uint32_t highest = 0;

	TABLE_FOREACH (k->dialogs, it, d) {
		uint32_t generation = (uint32_t)(d->dlg >> 32) & 0x7fffffff;

		if (generation > highest)
			highest = generation;
	}
	return highest;
}

void keeper_dialog(struct keeper *k, const struct port_msg *m)
{
	struct keeper_dialog *d = table_get(k->dialogs, m->dlg);
	struct blob *state = port_encoded(m);

	if (!state)
		return;
	if (!d)
		d = dialog_add(k, m->dlg);
	if (k->store.put && !d->forgotten && !store_follows(d, m))
		put_into_store(k, d, m);
	blob_unref(d->state);
	d->state = state;
}

void keeper_send(struct keeper *k, const struct port_msg *m)
{
	struct keeper_dialog *d = table_get(k->dialogs, m->dlg);
	struct blob *msg = port_encoded(m);
	struct keeper_send *s;

	if (!msg)
		return;
	s = mem_new(sizeof(*s));
	s->req = m->req;
	s->dlg = m->dlg;
	s->dial = m->type == PORT_DIAL;
	s->msg = msg;
	s->shared = m->shared ? blob_ref(m->shared) : NULL;
	TAILQ_INSERT_TAIL(&k->order, s, link);
	table_put(k->sends, s->req, s);
	if (d)
		d->sends++;
}

bool keeper_answered(struct keeper *k, uint64_t req)
{
	struct keeper_send *s = table_get(k->sends, req);
	struct keeper_dialog *d;

	if (!s)
		return false;
	d = table_get(k->dialogs, s->dlg);
	if (d && d->sends && !s->dial)
		d->sends--;
	send_free(k, s);
	return true;
}

bool keeper_take_dial(struct keeper *k, uint64_t *dlg, uint64_t *req)
{
	struct keeper_send *s;

	TAILQ_FOREACH (s, &k->order, link)
		if (s->dial) {
			*dlg = s->dlg;
			*req = s->req;
			send_free(k, s);
			return true;
		}
	return false;
}

bool keeper_has(const struct keeper *k, uint64_t dlg)
{
	const struct keeper_dialog *d = table_get(k->dialogs, dlg);

	return d && !d->forgotten;
}

static void sweep(void *user)
{
	struct keeper *k = user;
	uint64_t now = loop_now_ms(k->loop);
	struct keeper_dialog *d;

	while ((d = TAILQ_FIRST(&k->dead)) && d->until_ms <= now)
		dialog_free(k, d);
	if (d)
		timer_set(k->loop, &k->sweep, d->until_ms - now, sweep, k);
}

void keeper_forget(struct keeper *k, uint64_t dlg)
{
	struct keeper_dialog *d = table_get(k->dialogs, dlg);

	if (!d || d->forgotten)
		return;
	if (k->store.put)
		k->store.drop(k->store.user, dlg);
	d->forgotten = true;
	d->until_ms = loop_now_ms(k->loop) + TOMBSTONE_MS;
	TAILQ_INSERT_TAIL(&k->dead, d, link);
	k->n_dead++;
	if (!timer_pending(&k->sweep))
		timer_set(k->loop, &k->sweep, TOMBSTONE_MS, sweep, k);
}

static void pass_on(struct port_end *e, struct blob *b, struct blob *shared,
		    enum port_type type)
{
	struct buf body = BUF_INIT(PORT_BODY_MAX);
	struct port_msg m;
	int r = port_decode(blob_str(b), &m);

	assert(r == 0);
	m.type = type;
	m.shared = shared;
	if (shared)
		port_join(&m, &body);
	port_end_send(e, &m);
	buf_done(&body);
}

void keeper_seed(struct keeper *k, struct port_end *e)
{
	struct keeper_dialog *d;

	/* An ended dialog whose BYE has no outcome yet lives until then. */
	TABLE_FOREACH (k->dialogs, it, d)
		pass_on(e, d->state, NULL,
			d->forgotten && !d->sends ? PORT_TOMBSTONE : PORT_SEED);
}

size_t keeper_resend(struct keeper *k, struct port_end *e)
{
	struct keeper_send *s;
	struct keeper_dialog *d;
	size_t n = 0;

	TAILQ_FOREACH (s, &k->order, link) {
		pass_on(e, s->msg, s->shared, s->dial ? PORT_DIAL : PORT_SEND);
		n++;
	}
	TAILQ_FOREACH (d, &k->dead, link) {
		struct port_msg m = port_msg(PORT_FORGET);
		m.dlg = d->dlg;
		if (d->sends)
			port_end_send(e, &m);
	}
	return n;
}

size_t keeper_dialogs(const struct keeper *k)
{
	return table_count(k->dialogs) - k->n_dead;
}

size_t keeper_tombstones(const struct keeper *k)
{
	return k->n_dead;
}
