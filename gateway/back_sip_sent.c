/* What our users have said lately and the switch has taken: it may still report
 * that one of these has failed (RFC 4975 §7.1.2). */
#include <stdlib.h>

#include "base/mem.h"
#include "gateway/back_sip_priv.h"
#include "mapping/reason.h"

#define SENT_MAX 64
#define ID_MAX	 1024
#define KEPT_MS	 600000 /* as receipts are */

struct sent {
	uint64_t cookie; /* 0: none */
	uint64_t seat, at_ms;
	char *id;   /* its client_id */
	char *nick; /* whom a private one was for, or empty */
};

struct bs_sent {
	struct sent last[SENT_MAX];
	unsigned n;
};

static void drop(struct sent *x)
{
	free(x->id);
	free(x->nick);
	*x = (struct sent){0};
}

void bs_sent_free(struct bs_leg *l)
{
	for (unsigned i = 0; l->sent && i < SENT_MAX; i++)
		drop(&l->sent->last[i]);
	free(l->sent);
	l->sent = NULL;
}

void bs_sent_note(struct bs_leg *l, uint64_t cookie, uint64_t seat,
		  const struct message *m, const char *nick)
{
	struct sent *x;

	if (!seat || m->control || m->client_id.n > ID_MAX)
		return;
	if (!l->sent)
		l->sent = mem_new(sizeof(*l->sent));
	x = &l->sent->last[l->sent->n++ % SENT_MAX];
	drop(x);
	x->cookie = cookie;
	x->seat = seat;
	x->at_ms = loop_now_ms(l->b->loop);
	x->id = str_dup(m->client_id);
	x->nick = str_dup(str_z(nick));
}

/* A device that wanted another nickname has gone to another leg meanwhile. */
static struct bs_leg *leg_of(struct bs_leg *l, uint64_t seat)
{
	struct bs_leg *other;

	if (leg_device(l->leg, seat))
		return l;
	TAILQ_FOREACH (other, &l->b->legs, link)
		if (str_eq(other->user, l->user) && !other->ended &&
		    leg_device(other->leg, seat))
			return other;
	return NULL;
}

void bs_on_undelivered(void *leg, uint64_t cookie, int status)
{
	struct bs_leg *l = leg, *now;
	struct reason why = {.code = map_msrp_to_reason(status, false)};
	struct sent was;
	unsigned i = 0;

	while (l->sent && i < SENT_MAX && l->sent->last[i].cookie != cookie)
		i++;
	if (!l->sent || i == SENT_MAX)
		return;
	was = l->sent->last[i];
	l->sent->last[i] = (struct sent){0};
	now = leg_of(l, was.seat);
	if (now && loop_now_ms(l->b->loop) - was.at_ms <= KEPT_MS)
		leg_undelivered(now->leg, was.seat, str_z(was.id),
				str_z(was.nick), why);
	drop(&was);
}
