/* Messages that a REPORT may still tell of, after their responses too (RFC 4975
 * §7.1.4): those whose success is to be reported, and those that were taken but
 * may have failed behind a relay or switch. Of either sort the eldest is given
 * up for a new one. */
#include <stdlib.h>

#include "base/mem.h"
#include "msrp/conn_priv.h"
#include "msrp/msrp_priv.h"
#include "msrp/send_priv.h"
#include "msrp/session_priv.h"

void awaiting_init(struct awaiting *w)
{
	TAILQ_INIT(&w->list);
}

static void drop(struct awaiting *w, struct awaited *a)
{
	TAILQ_REMOVE(&w->list, a, link);
	w->n--;
	free(a);
}

static void clear(struct awaiting *w)
{
	while (!TAILQ_EMPTY(&w->list))
		drop(w, TAILQ_FIRST(&w->list));
}

void awaited_clear(struct msrp_session *s)
{
	clear(&s->reports);
	clear(&s->taken);
}

void awaited_add(const struct msrp_session *s, struct awaiting *w,
		 const char message_id[MSRP_ID], uint64_t cookie)
{
	struct awaited *a = mem_new(sizeof(*a));

	if (w->n >= s->m->limits.max_reports)
		drop(w, TAILQ_FIRST(&w->list));
	memcpy(a->message_id, message_id, MSRP_ID);
	a->cookie = cookie;
	TAILQ_INSERT_TAIL(&w->list, a, link);
	w->n++;
}

/* Its cookie; 0: it is not there. */
static uint64_t take(struct awaiting *w, struct str message_id)
{
	struct awaited *a;
	uint64_t cookie = 0;

	TAILQ_FOREACH (a, &w->list, link)
		if (str_eq(str_of(a->message_id, MSRP_ID), message_id))
			break;
	if (a) {
		cookie = a->cookie;
		drop(w, a);
	}
	return cookie;
}

void awaited_reported(struct msrp_session *s, struct str message_id)
{
	uint64_t cookie = take(&s->reports, message_id);

	if (cookie && s->ops->reported)
		s->ops->reported(s->user, cookie);
}

bool awaited_failed(struct msrp_session *s, struct str message_id, int status)
{
	uint64_t cookie = take(&s->taken, message_id);

	take(&s->reports, message_id);
	if (cookie && s->ops->undelivered)
		s->ops->undelivered(s->user, cookie, status);
	return cookie != 0;
}
