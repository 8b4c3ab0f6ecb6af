/* Users for whom a stream that was full, or down for too long, did not take
 * all: the roster that they see is wrong and messages are missing. They are
 * taken out of the room and told so (XEP-0045 §11.1, status 333), for their
 * clients then come back and are told everything. A few at a time, and only
 * while nothing more is lost, so that this is no second flood. */
#include "base/log.h"
#include "gateway/front_xmpp_priv.h"

#define AT_A_TIME 5
#define TICK_MS	  1000
#define PAUSE_MS  2000

static struct fx_session *next_incomplete(struct fx_domain *d)
{
	struct fx_session *s;

	TAILQ_FOREACH (s, &d->sessions, in_domain)
		if (s->incomplete && s->joined && !s->ended)
			return s;
	return NULL;
}

static void on_mend(void *user)
{
	struct fx_domain *d = user;
	struct fx_session *s;

	if (d->down || d->f->stopped) /* when it is up again */
		return;
	for (int i = 0; i < AT_A_TIME && (s = next_incomplete(d)); i++) {
		s->incomplete = false;
		fx_leave(s, REASON_LOST, STR_NONE);
	}
	if (next_incomplete(d) && !timer_pending(&d->mend))
		timer_set(d->f->loop, &d->mend, TICK_MS, on_mend, d);
}

void fx_mend_later(struct fx_domain *d)
{
	timer_set(d->f->loop, &d->mend, PAUSE_MS, on_mend, d);
}

void fx_send_to(struct fx_session *s)
{
	struct fx_domain *d = s->domain;

	if (fx_send(s->f, str_z(d->name)))
		return;
	if (!timer_pending(&d->mend))
		log_warn(d->f->log, "xmpp.lost", "domain=%s", d->name);
	s->incomplete = true;
	fx_mend_later(d);
}
