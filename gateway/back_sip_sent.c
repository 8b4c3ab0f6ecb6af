/* What our users have said lately and the switch has taken: it may still report
 * that one of these has failed (RFC 4975 §7.1.2). */
#include "gateway/back_sip_priv.h"
#include "mapping/reason.h"

#define ID_MAX 1024 /* octets; no client's are as long */

void bs_sent_note(struct bs_leg *l, uint64_t cookie, uint64_t seat,
		  const struct message *m, const char *nick)
{
	struct bs_note *x;

	if (!seat || m->control || m->client_id.n > ID_MAX)
		return;
	x = bs_note_add(l, &l->sent, cookie, seat, m->client_id);
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
	struct bs_note *was = bs_note_take(l, &l->sent, cookie);
	struct reason why = {.code = map_msrp_to_reason(status, false)};

	if (!was)
		return;
	now = leg_of(l, was->who);
	if (now)
		leg_undelivered(now->leg, was->who, str_z(was->id),
				str_z(was->nick), why);
	bs_note_free(was);
}
