/* Messages whose success REPORT is awaited, after their responses too
 * (RFC 4975 §7.1.4). The eldest is given up for a new one. */
#include <stdlib.h>

#include "base/mem.h"
#include "msrp/conn_priv.h"
#include "msrp/msrp_priv.h"
#include "msrp/send_priv.h"
#include "msrp/session_priv.h"

#define AWAITED_MAX 64

static void drop(struct msrp_session *s, struct awaited *a)
{
	TAILQ_REMOVE(&s->awaiteds, a, link);
	s->n_awaited--;
	free(a);
}

void awaited_clear(struct msrp_session *s)
{
	while (!TAILQ_EMPTY(&s->awaiteds))
		drop(s, TAILQ_FIRST(&s->awaiteds));
}

void awaited_add(struct msrp_session *s, const char message_id[MSRP_ID],
		 uint64_t cookie)
{
	struct awaited *a = mem_new(sizeof(*a));

	if (s->n_awaited == AWAITED_MAX)
		drop(s, TAILQ_FIRST(&s->awaiteds));
	memcpy(a->message_id, message_id, MSRP_ID);
	a->cookie = cookie;
	TAILQ_INSERT_TAIL(&s->awaiteds, a, link);
	s->n_awaited++;
}

void awaited_reported(struct msrp_session *s, struct str message_id)
{
	struct awaited *a;
	uint64_t cookie;

	TAILQ_FOREACH (a, &s->awaiteds, link)
		if (str_eq(str_of(a->message_id, MSRP_ID), message_id))
			break;
	if (!a)
		return;
	cookie = a->cookie;
	drop(s, a);
	if (s->ops->reported)
		s->ops->reported(s->user, cookie);
}
